//! Texts that are too much for a reader, or made to be.

use super::laws::{FRAGMENTS, check_laws};
use super::read;
use windlass::yaml::{MAX_BYTES, MAX_DEPTH, MAX_NODES};

fn codes(text: &str) -> Vec<&'static str> {
    let read = read(text);
    assert!(read.document.is_none());
    read.found.iter().map(|finding| finding.code.id).collect()
}

#[test]
fn size() {
    assert_eq!(codes(&"a".repeat(MAX_BYTES + 1)), ["WL0003"]);
    assert_eq!(read(&format!("a: {}", "b".repeat(MAX_BYTES - 3))).findings(), [""; 0]);
}

#[test]
fn depth() {
    let nested = |depth: usize| format!("{}x{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(read(&nested(MAX_DEPTH)).findings(), [""; 0]);
    assert_eq!(codes(&nested(MAX_DEPTH + 1)), ["WL0103"]);
    let block = |depth: usize| (0..depth).map(|level| " ".repeat(level) + "a:\n").collect::<String>();
    assert_eq!(read(&block(MAX_DEPTH)).findings(), [""; 0]);
    assert_eq!(codes(&block(MAX_DEPTH + 1)), ["WL0103"]);
}

#[test]
fn nodes() {
    let list = |items: usize| "- x\n".repeat(items);
    assert_eq!(read(&list(MAX_NODES - 1)).findings(), [""; 0]);
    assert_eq!(codes(&list(MAX_NODES)), ["WL0103"]);
}

#[test]
fn hostile_texts_end_in_findings() {
    let fill = |part: &str| part.repeat((MAX_BYTES >> 4) / part.len());
    for part in
        FRAGMENTS.iter().chain(&["{a: ", "- - - ", "a: [", "[[[]", "&a [*a, ", "- a\n - b\n", "a: 1\n", "#\n", "|\n"])
    {
        check_laws(&fill(part));
    }
    codes(&"{a: ".repeat(100_000));
    codes(&"[".repeat(MAX_BYTES));
    codes(&"- ".repeat(100_000));
    codes(&format!("a: &a [x, x]\n{}", "b: *a\n".repeat(10_000)));
    let laughs: Vec<String> =
        (1..9).map(|at| format!("a{at}: &a{at} [{}]\n", format!("*a{}, ", at - 1).repeat(9))).collect();
    codes(&laughs.concat());
    codes(&format!("{}: 1", "k".repeat(1_000_000)));
    check_laws(&format!("\"{}\"", "\\e".repeat(100_000)));
    check_laws(&format!("a:\n{}", "# x\n".repeat(200_000)));
    check_laws(&format!("{}a: 1", "%YAML 1.2\n".repeat(10_000)));
    check_laws(&format!("a: \"{}\"", "\\n\n".repeat(100_000)));
}

#[test]
fn a_file_gives_a_bounded_number_of_findings() {
    assert_eq!(read(&"a: 1\n".repeat(20_000)).found.len(), 100);
    assert_eq!(read(&"a\0".repeat(20_000)).found.len(), 100);
}
