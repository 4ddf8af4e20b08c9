//! Three readers: two that are not ours, and our own.

use super::read;
use saphyr::LoadableYamlNode;
use serde_json::{Value, json};
use windlass::yaml::to_yaml;

/// What a reader makes of a printed text.
fn readings(text: &str) -> Vec<(&'static str, Value)> {
    let mut all = vec![
        ("serde_yaml", serde_yaml::from_str(text).unwrap_or_else(|error| json!(format!("{error}")))),
        ("saphyr", read_by_saphyr(text)),
    ];
    let own = read(text);
    match own.document {
        Some(document) => all.push(("windlass", document.root.to_json())),
        None => assert_eq!(own.found[0].code.id, "WL0107", "{:?}\n{text}", own.found),
    }
    all
}

pub(crate) fn read_by_saphyr(text: &str) -> Value {
    match saphyr::Yaml::load_from_str(text).as_deref() {
        Ok([document]) => from_saphyr(document),
        other => json!(format!("{other:?}")),
    }
}

fn from_saphyr(yaml: &saphyr::Yaml<'_>) -> Value {
    use saphyr::{Scalar, Yaml};
    match yaml {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(value)) => json!(value),
        Yaml::Value(Scalar::Integer(value)) => json!(value),
        Yaml::Value(Scalar::FloatingPoint(value)) => json!(value.into_inner()),
        Yaml::Value(Scalar::String(text)) => json!(text),
        Yaml::Sequence(items) => items.iter().map(from_saphyr).collect(),
        Yaml::Mapping(map) => {
            let key = |key: &Yaml<'_>| {
                from_saphyr(key).as_str().map_or_else(|| format!("not a text: {key:?}"), str::to_owned)
            };
            Value::Object(map.iter().map(|(name, value)| (key(name), from_saphyr(value))).collect())
        }
        other => json!(format!("{other:?}")),
    }
}

pub(crate) fn assert_reads_back(value: &Value) {
    let text = to_yaml(value).expect("a printable value");
    for (reader, read) in readings(&text) {
        assert_eq!(&read, value, "{reader} reads\n{text}");
    }
}
