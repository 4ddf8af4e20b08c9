//! What holds for every text, valid or not.

use super::{SYSTEM, read};
use proptest::prelude::*;
use windlass::diagnostic::Severity;
use windlass::document::{Node, Value};
use windlass::source::{Sources, Span};
use windlass::yaml;

/// What holds for every text.
pub(crate) fn check_laws(text: &str) {
    let read = read(text);
    let refused = read.found.iter().any(|finding| finding.severity == Severity::Error);
    assert!(refused || read.document.is_some(), "neither a document nor a word about it: {text:?}");
    for finding in &read.found {
        assert!(finding.reason.is_some() && finding.help.is_some(), "{}", finding.message);
        assert!(!finding.message.contains(['\n', '\u{1b}', '\0']), "{}", finding.message);
        assert!(!finding.labels.is_empty());
        finding.labels.iter().for_each(|label| assert_inside(text, label.span));
        finding.suggestion.iter().for_each(|suggestion| assert_inside(text, suggestion.span));
    }
    if let Some(document) = &read.document {
        assert_nested(text, &document.root, &(0..text.len()));
        document.comments.iter().for_each(|comment| assert!(read.sources.text(comment.span).starts_with('#')));
        assert!(document.comments.is_sorted_by_key(|comment| comment.span));
    }
}

fn assert_inside(text: &str, span: Span) {
    assert!(text.get(span.range()).is_some(), "{span:?} in {text:?}");
}

fn assert_nested(text: &str, node: &Node, outer: &std::ops::Range<usize>) {
    let range = node.span.range();
    assert_inside(text, node.span);
    assert!(outer.start <= range.start && range.end <= outer.end, "{range:?} leaves {outer:?} in {text:?}");
    match &node.value {
        Value::List(items) => items.iter().for_each(|item| assert_nested(text, item, &range)),
        Value::Map(map) => {
            for entry in map.values() {
                assert_inside(text, entry.key);
                assert_nested(text, &entry.node, &range);
            }
        }
        _ => {}
    }
}

/// Pieces that mean something to a reader of YAML.
pub(crate) const FRAGMENTS: &[&str] = &[
    "a", "b: ", ":", "- ", "-", "\n", "\n  ", "\n    ", " ", "\t", "#", " # c", "\"", "'", "[", "]", "{", "}", ",",
    "|", ">", "|\n  ", "&x ", "*x", "!t ", "? ", "<<: ", "~", "%", "@", "---\n", "...\n", "\r\n", "\u{feff}", "\0",
    "\\", "\\e", "é", "👍", "\u{202e}", "\u{85}", "\u{2028}", "|2\n", ">+\n", "null", "1", "{{", "}}",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        check_laws(&text);
    }

    #[test]
    fn any_bytes_are_decoded_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        match yaml::decode_utf8(&bytes) {
            Ok(text) => check_laws(&text),
            Err(error) => {
                let mut sources = Sources::new();
                let file = sources.add("a.yaml", String::from_utf8_lossy(&bytes));
                assert_inside(&sources.file(file).text, error.finding(file).labels[0].span);
            }
        }
    }

    #[test]
    fn any_mixture_of_yaml_is_read_or_refused(parts in proptest::collection::vec(proptest::sample::select(FRAGMENTS), 0..40)) {
        check_laws(&parts.concat());
    }

    #[test]
    fn any_broken_system_is_read_or_refused(
        edits in proptest::collection::vec((any::<proptest::sample::Index>(), 0_usize..4, proptest::sample::select(FRAGMENTS)), 1..5),
    ) {
        let mut text = SYSTEM.to_owned();
        for (at, cut, part) in edits {
            let start = text.floor_char_boundary(at.index(text.len()));
            let end = text.floor_char_boundary((start + cut).min(text.len())).max(start);
            text.replace_range(start..end, part);
        }
        check_laws(&text);
    }
}
