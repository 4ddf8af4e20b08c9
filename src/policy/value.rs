//! Objects and documents as values of CEL.

use crate::kube::Content;
use kube_cel::cel::Value;
use kube_cel::cel::objects::{Key, Map};
use std::sync::Arc;

/// An object.
pub(super) fn of_content(content: &Content) -> Value {
    match content {
        Content::Null => Value::Null,
        Content::Bool(value) => Value::Bool(*value),
        Content::Integer(value) => Value::Int(*value),
        Content::Float(value) => Value::Float(*value),
        Content::Text(text) => text_value(text),
        Content::List(items) => Value::List(Arc::new(items.iter().map(of_content).collect())),
        Content::Map(entries) => map(entries.iter().map(|(key, value)| (key.as_str(), of_content(value)))),
    }
}

/// A document.
pub(super) fn of_json(value: &serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match value {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => number
            .as_i64()
            .map(Value::Int)
            .or_else(|| number.as_u64().map(Value::UInt))
            .unwrap_or_else(|| Value::Float(number.as_f64().unwrap_or_default())),
        Json::String(text) => text_value(text),
        Json::Array(items) => Value::List(Arc::new(items.iter().map(of_json).collect())),
        Json::Object(entries) => map(entries.iter().map(|(key, value)| (key.as_str(), of_json(value)))),
    }
}

/// A map with keys of text.
pub(super) fn map<'k>(entries: impl Iterator<Item = (&'k str, Value)>) -> Value {
    let entries = entries.map(|(key, value)| (Key::String(Arc::new(key.to_owned())), value));
    Value::Map(Map { map: Arc::new(entries.collect()) })
}

pub(super) fn text_value(text: &str) -> Value {
    Value::String(Arc::new(text.to_owned()))
}
