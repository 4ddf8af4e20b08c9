//! The spanned tree: what was written, and where.
//!
//! Promises: every key and value knows its bytes; the order of writing is kept; a plain scalar keeps
//! its text, so that the type that reads it decides what it is. After [`overlay`], a value also
//! knows what it replaced.

pub mod finding;
pub mod normalise;
pub mod overlay;
pub mod path;
pub mod shape;

use crate::source::Span;
pub use finding::{Finding, Findings};
use indexmap::IndexMap;
pub(crate) use path::at;
pub use path::{Path, Place};
use rayon::prelude::*;

/// A value with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub span: Span,
    pub value: Value,
    /// Where the values stood that this one replaced, nearest layer first.
    pub replaced: Vec<Span>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing written, `null` or `~`.
    Null,
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Map),
}

/// A scalar as its text. `quoted` is true for quoted and block scalars, which are always strings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    pub text: Name,
    pub quoted: bool,
}

/// A key or a scalar: up to 24 bytes of it lie in place.
pub type Name = compact_str::CompactString;

/// Entries in the order of writing. Nothing depends on how keys are hashed.
pub type Map = IndexMap<Name, Entry, foldhash::fast::RandomState>;

/// From this many entries on, those of a map are worked on by all cores.
pub const MANY: usize = 32;

/// The value of a key, and where the key stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub key: Span,
    pub node: Node,
}

impl Node {
    pub fn new(span: Span, value: Value) -> Self {
        Self { span, value, replaced: Vec::new() }
    }

    /// A scalar that the compiler writes in the place of something else, such as a short form.
    pub fn scalar(span: Span, text: impl Into<Name>) -> Self {
        Self::new(span, Value::Scalar(Scalar { text: text.into(), quoted: false }))
    }

    pub fn map(span: Span, entries: impl IntoIterator<Item = (Name, Entry)>) -> Self {
        Self::new(span, Value::Map(entries.into_iter().collect()))
    }

    /// A clone; the entries of a map of many are cloned on all cores.
    #[must_use]
    pub fn copy(&self) -> Self {
        let Value::Map(map) = &self.value else { return self.clone() };
        let one = |(key, entry): (&Name, &Entry)| (key.clone(), Entry { key: entry.key, node: entry.node.copy() });
        let copied = if map.len() < MANY { map.iter().map(one).collect() } else { map.par_iter().map(one).collect() };
        Self { span: self.span, value: Value::Map(copied), replaced: self.replaced.clone() }
    }

    pub fn as_map(&self) -> Option<&Map> {
        if let Value::Map(map) = &self.value { Some(map) } else { None }
    }

    pub fn as_map_mut(&mut self) -> Option<&mut Map> {
        if let Value::Map(map) = &mut self.value { Some(map) } else { None }
    }

    pub fn as_text(&self) -> Option<&str> {
        if let Value::Scalar(scalar) = &self.value { Some(&scalar.text) } else { None }
    }

    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// True for the plain scalar `false`: the word that switches a part off.
    pub fn is_false(&self) -> bool {
        matches!(&self.value, Value::Scalar(scalar) if !scalar.quoted && scalar.text == "false")
    }

    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?.get(key).map(|entry| &entry.node)
    }

    /// The item at a place of a list.
    pub fn item(&self, at: usize) -> Option<&Node> {
        if let Value::List(items) = &self.value { items.get(at) } else { None }
    }

    /// What a person would call this value: "a map", "a list", "text", "nothing".
    pub fn describe(&self) -> &'static str {
        match &self.value {
            Value::Null => "nothing",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
            Value::Scalar(scalar) if scalar.quoted => "text",
            Value::Scalar(scalar) => match scalar.text.as_str() {
                "true" | "false" => "true or false",
                text if decimal(text).is_some() => "a number",
                _ => "text",
            },
        }
    }
}

impl Node {
    /// The tree as JSON; plain scalars become what YAML 1.2's core schema takes them for.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.value {
            Value::Null => Json::Null,
            Value::List(items) => Json::Array(items.iter().map(Node::to_json).collect()),
            Value::Map(map) => {
                Json::Object(map.iter().map(|(key, entry)| (key.to_string(), entry.node.to_json())).collect())
            }
            Value::Scalar(scalar) => scalar.to_json(),
        }
    }
}

impl Scalar {
    fn to_json(&self) -> serde_json::Value {
        let text = self.text.as_str();
        if self.quoted {
            return text.into();
        }
        match text {
            // Of a tree in which `null` is a value.
            "null" => serde_json::Value::Null,
            "true" => true.into(),
            "false" => false.into(),
            _ => text
                .parse::<i64>()
                .map(serde_json::Value::from)
                .or_else(|_| text.parse::<u64>().map(Into::into))
                .or_else(|_| decimal(text).map(Into::into).ok_or(()))
                .unwrap_or_else(|()| text.into()),
        }
    }
}

/// A number in digits; words such as `inf` and `nan` are text.
fn decimal(text: &str) -> Option<f64> {
    let digits = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'))
        && text.contains(|c: char| c.is_ascii_digit());
    text.parse().ok().filter(|number: &f64| digits && number.is_finite())
}
