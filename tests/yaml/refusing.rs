//! What is refused, where, and in which words.

use super::{assert_findings, read};
use serde_json::json;

#[test]
fn features_that_the_language_does_not_have() {
    assert_findings("a: &x 1", &["WL0102 the anchor `&x` is not allowed @ &x"]);
    assert_findings("a: *x", &["WL0102 the alias `*x` is not allowed @ *x"]);
    assert_findings("<<: *x\na: 1", &["WL0102 the merge key `<<` is not allowed @ <<"]);
    assert_findings("<<: {b: 1}", &["WL0102 the merge key `<<` is not allowed @ <<"]);
    assert_findings("'<<': 1", &[]);
    assert_findings("a: !!str 1", &["WL0102 the tag `!!str` is not allowed @ !!str"]);
    assert_findings("a: !Ref {b: 1}", &["WL0102 the tag `!Ref` is not allowed @ !Ref"]);
    assert_findings("a: !<tag:x> [1]", &["WL0102 the tag `!<tag:x>` is not allowed @ !<tag:x>"]);
    assert_findings("? [a, b]\n: 1", &["WL0102 a list stands where a key belongs @ [a, b]"]);
    assert_findings("? {a: b}\n: 1", &["WL0102 a map stands where a key belongs @ {a: b}"]);
    assert_findings("a: {{ .Values.b }}", &["WL0102 a map stands where a key belongs @ { .Values.b }"]);
    assert_findings("~: 1", &["WL0102 a key is missing or null @ ~"]);
    assert_findings("null: 1\n: 2", &["WL0102 a key is missing or null @ null", "WL0102 a key is missing or null @ :"]);
    assert_findings("a: 1\n---\nb: 2", &["WL0102 the file holds more than one document @ ---"]);
    assert_findings("%FOO\n---\na: 1", &["WL0102 the directive `%FOO` is not allowed @ %FOO"]);
    assert_findings("%YAML 1.1\n---\na: 1", &["WL0102 the directive `%YAML 1.1` is not allowed @ %YAML 1.1"]);
    assert_findings("%TAG ! x\n---\na: 1", &["WL0102 the directive `%TAG ! x` is not allowed @ %TAG ! x"]);
    assert_findings("%YAML 1.2 # ours\n---\na: 1", &[]);
    assert_findings("- a\n - b", &["WL0102 a line that starts with `- ` continues the text above it @ - b"]);
}

#[test]
fn an_empty_file_says_so() {
    for text in ["", "\n\n", "# only a comment\n", "---\n", "--- ~\n", "null\n", "\u{feff}", "---\n...\n"] {
        let read = read(text);
        assert_eq!(read.findings().len(), 1, "{text:?} {:?}", read.findings());
        assert_eq!(read.found[0].message, "the file holds no document");
    }
}

#[test]
fn a_key_written_twice_shows_both_places_and_keeps_the_first() {
    let read = read("a:\n  x: 1\n  \"x\": 2\n");
    assert_eq!(read.findings(), ["WL0104 the key `x` stands twice in one map @ \"x\""]);
    let first = read.found[0].labels[1].span;
    assert_eq!((read.sources.text(first), read.sources.position(first).line), ("x", 2));
    assert_eq!(read.root().to_json(), json!({"a": {"x": 1}}));
}

#[test]
fn characters_that_deceive_are_refused_everywhere() {
    assert_findings("a: x\u{202e}y", &["WL0105 bidirectional character U+202E in the text @ \u{202e}"]);
    assert_findings("a: 1 # \u{2066}", &["WL0105 bidirectional character U+2066 in the text @ \u{2066}"]);
    assert_findings("a: x\u{feff}", &["WL0105 byte order mark U+FEFF in the text @ \u{feff}"]);
    assert_findings("a: \0", &["WL0105 control character U+0000 in the text @ \0"]);
    assert_findings("a: \u{85}b", &["WL0105 control character U+0085 in the text @ \u{85}"]);
    assert_findings("a: \u{1b}[31m", &["WL0105 control character U+001B in the text @ \u{1b}"]);
    assert_findings(r#"a: "x\e""#, &[r"WL0105 `\e` stands for control character U+001B @ \e"]);
    assert_findings(r#"a: "x\0""#, &[r"WL0105 `\0` stands for control character U+0000 @ \0"]);
    assert_findings(r#"a: "\u202e\t""#, &[r"WL0105 `\u202e` stands for bidirectional character U+202E @ \u202e"]);
    assert_findings(r#""\x07": 1"#, &[r"WL0105 `\x07` stands for control character U+0007 @ \x07"]);
    assert_findings("a: \"x\ty\\n\\r\\u00e9\"\r\nb: |\n\tc: 👨\u{200d}👩", &["WL0101 a tab in the indentation @ \t"]);
    assert_findings("a: \"x\ty\\n\\r\\u00e9\"\r\nb: 👨\u{200d}👩", &[]);
}

#[test]
fn independent_findings_come_in_one_run() {
    assert_findings(
        "a: &x 1\nb: !t 2\na: 3\nc: *y\nd: \"\\e\"\ne: \u{7}",
        &[
            "WL0105 control character U+0007 in the text @ \u{7}",
            "WL0102 the anchor `&x` is not allowed @ &x",
            "WL0102 the tag `!t` is not allowed @ !t",
            "WL0104 the key `a` stands twice in one map @ a",
            "WL0102 the alias `*y` is not allowed @ *y",
            r"WL0105 `\e` stands for control character U+001B @ \e",
        ],
    );
}

#[test]
fn slips_of_the_hand_are_told_apart() {
    let cases = [
        ("a:\n\tb: 1", "a tab in the indentation @ \t"),
        ("a: 1\n \tb: 2", "a tab in the indentation @ \t"),
        ("a:\n  b:1\n  c: 2", "a space is missing after `:` @ :"),
        ("ports:\n  - http:80\n    target: 1", "a space is missing after `:` @ :"),
        ("a:\n  - b: 1\n  -c: 2", "a space is missing after `-` @ -"),
        ("a: 1\n  b: 2", "`b` is indented deeper than the key above it @ b"),
        ("a:\n    b: 1\n  c: 2", "`c: 2` starts in column 3, where nothing above it starts @ c: 2"),
        ("  a: 1\nb: 2", "`b: 2` starts in column 1, where nothing above it starts @ b: 2"),
        ("- - a\n - b", "`- b` starts in column 2, where nothing above it starts @ - b"),
        ("foo\nb: 1", "expected `key: value`, found `foo` @ foo"),
        ("a: 1\nfoo\nb: 1", "expected `key: value`, found `foo` @ foo"),
        ("a: b: c", "a value holds `: `, which starts another key @ b: c"),
        ("- a\nb: 1", "a key stands among the items of a list @ b: 1"),
        ("a: 1\n- b", "a list item stands among the keys of a map @ - b"),
        ("a: - b", "a list item stands where none can start @ - b"),
        ("a: \"x\nb: 1", "the quote `\"` is never closed @ \"x"),
        ("a: 'it's'", "text follows a closing quote @ s'"),
        ("a: \"\\d\"", "`\\d` is not an escape of YAML @ \\d"),
        ("a: \"\\u12\"", "an escape in a quoted text stands for no character @ \"\\u12\""),
        ("a: [1, 2\n", "`[` is never closed @ ["),
        ("a: [1, 2\nb: 1", "a `,` or `]` is missing in the list that `[` starts @ :"),
        ("a: {x: 1\n  y: 2}", "a `,` or `}` is missing in the map that `{` starts @ :"),
        ("a: {x: 1,, y: 2}", "a part is missing in the map that `{` starts @ ,"),
        ("a: [1, 2}", "`[` is closed by `}` @ ["),
        ("a: 1\n}", "`}` closes nothing @ }"),
        ("a: @daily", "a plain value cannot start with `@` @ @daily"),
        ("a: `x`", "a plain value cannot start with a backtick @ `x`"),
        ("a: * * * * *", "a plain value cannot start with `*` @ * * * * *"),
        ("a: [- x, - y]", "a `-` stands in front of a value in brackets @ -"),
        ("a: [|, x]", "a plain value cannot start with `|` @ |, x]"),
        ("a: !<x", "a plain value cannot start with `!` @ !<x"),
        ("a: x\n\tb", "a tab in the indentation @ \t"),
        ("a: |x\n  y", "text follows `|` on its line @ |x"),
        ("a: x # c\n  y", "a comment stands inside a value of several lines @ # c"),
    ];
    for (text, expected) in cases {
        assert_findings(text, &[&format!("WL0101 {expected}")]);
    }
    let long = "k".repeat(2000);
    assert_findings(&format!("a: 1\n{long}: 2"), &["WL0101 a key is longer than 1024 characters @ k"]);
}

#[test]
fn a_certain_suggestion_repairs_the_text() {
    for text in ["a:1\nb: 2", "a:\n  - b: 1\n  -c: 2", "a: @daily", "a: * * * * *", "a: \u{feff}1"] {
        let read = read(text);
        let suggestion = read.found[0].suggestion.clone().expect("a suggestion");
        assert!(suggestion.certain, "{text}");
        let mut repaired = text.to_owned();
        repaired.replace_range(suggestion.span.range(), &suggestion.replacement);
        assert_eq!(super::read(&repaired).findings(), [""; 0], "{repaired}");
    }
}

#[test]
fn a_text_that_looks_like_an_alias_is_offered_quotes() {
    for (text, quoted) in [("a: */5 * * * *", "\"*/5 * * * *\""), ("a: *.example.com", "\"*.example.com\"")] {
        let read = read(text);
        assert_eq!(read.found.len(), 1, "{:?}", read.findings());
        assert_eq!(read.found[0].suggestion.as_ref().map(|fix| fix.replacement.as_str()), Some(quoted));
    }
    assert_eq!(read("a: *defaults").found[0].suggestion, None);
    assert_eq!(read("a: *x\u{2028} \u{2028}").found[0].message, "the alias `*x\u{2028}` is not allowed");
}
