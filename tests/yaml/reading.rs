//! The tree and its places.

use super::{Read, SYSTEM, read};
use serde_json::json;
use windlass::document::{Node, Scalar, Value};

fn texts<'a>(read: &'a Read, node: &Node, into: &mut Vec<(String, &'a str)>, path: &str) {
    into.push((path.to_owned(), read.sources.text(node.span)));
    match &node.value {
        Value::List(items) => {
            items.iter().enumerate().for_each(|(at, item)| texts(read, item, into, &format!("{path}[{at}]")));
        }
        Value::Map(map) => {
            for (key, entry) in map {
                into.push((format!("{path}.{key} (key)"), read.sources.text(entry.key)));
                texts(read, &entry.node, into, &format!("{path}.{key}"));
            }
        }
        _ => {}
    }
}

/// The text under the span of every key and value, by path.
fn spans(text: &str) -> Vec<(String, String)> {
    let read = read(text);
    assert!(read.found.is_empty(), "{:?}", read.findings());
    let mut into = Vec::new();
    texts(&read, read.root(), &mut into, "");
    into.into_iter().map(|(path, text)| (path, text.to_owned())).collect()
}

fn span(text: &str, path: &str) -> String {
    spans(text).into_iter().find(|(known, _)| known == path).expect("a known path").1
}

#[test]
fn a_system_is_read_whole() {
    let read = read(SYSTEM);
    assert_eq!(read.findings(), [""; 0]);
    let root = read.root().to_json();
    assert_eq!(root["description"], "Courses, live classes and AI exercises");
    assert_eq!(root["components"]["portal"]["ports"], json!({"http": {"port": 80, "target": 8080}}));
    assert_eq!(root["components"]["portal"]["command"][2], "set -e\nexec nginx -g 'daemon off;'\n");
    assert_eq!(root["components"]["api"]["env"]["GREETING"], "it's “fine” – é 三 👍");
    assert_eq!(root["components"]["api"]["env"]["TAB"], "a\tbé");
    assert_eq!(
        root["components"]["api"]["steps"],
        json!([["nested", "list"], {"name": "first", "run": "alembic"}, null])
    );
    assert_eq!(root["components"]["db"]["extensions"], json!([]));
    let comments: Vec<_> = read.document.iter().flat_map(|document| &document.comments).collect();
    assert_eq!(comments.len(), 2);
    assert_eq!(comments[1].text, "the product");
    assert_eq!(read.sources.text(comments[1].span), "# the product");
}

#[test]
fn every_key_and_value_knows_its_bytes() {
    assert_eq!(span(SYSTEM, ".components.api.image"), "\"registry.example.com/api:v2.8.0\"");
    assert_eq!(span(SYSTEM, ".components.portal.ports"), "{http: {port: 80, target: 8080}}");
    assert_eq!(span(SYSTEM, ".components.portal.ports.http (key)"), "http");
    assert_eq!(span(SYSTEM, ".description"), ">-\n  Courses, live classes\n  and AI exercises");
    assert_eq!(span(SYSTEM, ".components.api.scale"), "min: 2\n      max: 20\n      cpu: 60");
    assert_eq!(span(SYSTEM, ".components.api.steps[2]"), "");
    assert_eq!(
        span(SYSTEM, ".components.portal.command"),
        "- /bin/sh\n    - -c\n    - |\n      set -e\n      exec nginx -g 'daemon off;'"
    );
    assert!(span(SYSTEM, ".components").ends_with("extensions: []}"));
}

#[test]
fn spans_of_what_is_easy_to_get_wrong() {
    let cases = [
        ("a: # one | two\n  # three\n  |\n  text\n\n\nb: 1\n", ".a", "|\n  text"),
        ("a: |  # a comment\n\n  text", ".a", "|  # a comment\n\n  text"),
        ("a: |\nb: 1", ".a", "|"),
        ("- >-\n  x\n- |+\n  y\n\n- z", "[1]", "|+\n  y"),
        ("'|': |\n  x", ".|", "|\n  x"),
        ("a:\n- - x\n  - y\nb: 1", ".a", "- - x\n  - y"),
        ("a:\n- - x\n  - y\nb: 1", ".a[0]", "- x\n  - y"),
        ("a:\n# - no\n- x\n# more\nb: 1", ".a", "- x"),
        ("a:\nb: 1", ".a", ""),
        ("\u{feff}é: 三 \nb: 👍", ".é", "三"),
        ("\u{feff}é: 三 \nb: 👍", ".b", "👍"),
        ("a: 1\r\nb:\r\n  - x\r\n  - y\r\n", ".b", "- x\r\n  - y"),
        ("? a\n: b", ".a (key)", "a"),
        ("[a: 1, b]", "[0]", "a: 1"),
        ("a: plain\n  text\nb: 1", ".a", "plain\n  text"),
    ];
    for (text, path, expected) in cases {
        assert_eq!(span(text, path), expected, "{path} in {text}");
    }
}

#[test]
fn plain_scalars_keep_their_text() {
    for text in ["no", "0777", "1:30", "1.10", "1e3", "NULL", "2024-01-01", "=", "0x1F", "+1"] {
        let value = Value::Scalar(Scalar { text: text.into(), quoted: false });
        assert_eq!(read(&format!("a: {text}")).root().get("a").map(|node| &node.value), Some(&value));
    }
    for text in ["~", "null", ""] {
        assert!(read(&format!("a: {text}")).root().get("a").is_some_and(Node::is_null), "{text}");
    }
    for text in ["'null'", "\"~\"", "|\n  null"] {
        assert!(!read(&format!("a: {text}")).root().get("a").is_some_and(Node::is_null), "{text}");
    }
}
