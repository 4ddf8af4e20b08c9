//! What is printed is read back as the same value by every reader.

use super::readers::{assert_reads_back, read_by_saphyr};
use super::{is_free_of_refused, read};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::LazyLock;
use windlass::document::Scalar;
use windlass::yaml::{self, to_yaml};

/// Texts that some reader of YAML, or some printer, is known to get wrong.
static TRICKY: LazyLock<Vec<String>> = LazyLock::new(|| texts(include_str!("tricky.json")));

/// Texts that our own reader refuses, since no author may write them.
static REFUSED: LazyLock<Vec<String>> = LazyLock::new(|| texts(include_str!("refused.json")));

fn texts(json: &str) -> Vec<String> {
    serde_json::from_str(json).expect("a list of texts")
}

/// A text as value, list item, nested list item and key.
fn places(text: &str) -> Value {
    json!({
        "value": text, "after": 1, "list": [text, text], "nested": [[text, [text]], {"in": [text], "last": text}],
        "keys": {text: text, "k": {text: [{text: text}]}}, "end": text,
    })
}

#[test]
fn tricky_texts_are_read_back_by_every_reader() {
    for text in TRICKY.iter().map(String::as_str).chain([&*"x".repeat(900), &*"é ".repeat(300)]) {
        assert_reads_back(&places(text));
        assert_reads_back(&json!(text));
    }
    let long = "long text ".repeat(500);
    for text in [
        &*long,
        long.trim_end(),
        &*format!("{}\n", long.trim_end()),
        &*"x".repeat(5000),
        &*format!("{}: x", "y".repeat(5000)),
    ] {
        assert_reads_back(&json!({"value": text, "list": [text, [text]]}));
    }
}

#[test]
fn texts_that_nobody_may_write_are_read_back_by_the_other_readers() {
    for text in REFUSED.iter() {
        let value = places(text);
        let printed = to_yaml(&value).expect("a printable value");
        assert!(is_free_of_refused(&printed), "{printed:?}");
        assert_eq!(serde_yaml::from_str::<Value>(&printed).ok().as_ref(), Some(&value), "{printed}");
        assert_eq!(read_by_saphyr(&printed), value, "{printed}");
        assert!(read(&printed).found.iter().all(|finding| finding.code.id == "WL0105"));
    }
}

fn is_quoted(text: &str) -> bool {
    to_yaml(text).is_ok_and(|printed| printed.starts_with('"'))
}

fn is_ambiguous(text: &str) -> bool {
    yaml::ambiguous(&Scalar { text: text.into(), quoted: false }).is_some()
}

#[test]
fn what_readers_disagree_on_is_quoted() {
    for text in TRICKY.iter().filter(|text| is_ambiguous(text)) {
        assert!(is_quoted(text), "{text}");
    }
    for text in [
        "no",
        "YES",
        "on",
        "y",
        "0777",
        "1:30",
        "1e3",
        "=",
        "<<",
        "2024-01-01",
        "0x1F",
        "1_000",
        "~",
        "0o14",
        "1.10",
        "012",
        "8080",
        "true",
    ] {
        assert!(is_quoted(text), "{text}");
    }
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::sample::select(TRICKY.clone()),
        any::<String>(),
        "[a\\-:#, \t\n'\"\\[{|>%&*!?~]{0,10}",
        "[0-9_.:,eExXoObtTzZ+\\- ]{1,10}",
        "[a-zA-Z./=$(){}\" -]{1,20}",
        "([a-z:#-]{0,5}[ \t]{0,2}\n){1,5}",
    ]
    .prop_filter("our own reader refuses it", |text| is_free_of_refused(text))
}

fn any_tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => any_text().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    let key = any_text().prop_filter("short", |text| text.len() < 100).boxed();
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn any_text_is_read_back_everywhere(text in any_text()) {
        prop_assume!(text.len() < 100);
        assert_reads_back(&places(&text));
    }

    #[test]
    fn any_ambiguous_text_is_quoted(text in any_text()) {
        prop_assert!(!is_ambiguous(&text) || is_quoted(&text));
    }

    #[test]
    fn any_tree_is_read_back_by_every_reader(tree in any_tree()) {
        assert_reads_back(&tree);
    }

    #[test]
    fn printing_is_a_fixed_point(tree in any_tree()) {
        let text = to_yaml(&tree).expect("a printable value");
        if let Some(document) = read(&text).document {
            prop_assert_eq!(to_yaml(&document.root.to_json()), Ok(text));
        }
    }
}
