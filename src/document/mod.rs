//! The spanned tree: what was written, and where.
//!
//! Promises: every key and value knows its bytes; the order of writing is kept; a plain scalar keeps
//! its text, so that the type that reads it decides what it is. After [`overlay`], a value also
//! knows what it replaced.

pub mod path;

use crate::source::Span;
use indexmap::IndexMap;
pub(crate) use path::at;
pub use path::{Path, Place};

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
    pub text: String,
    pub quoted: bool,
}

/// Entries in the order of writing.
pub type Map = IndexMap<String, Entry>;

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
    pub fn scalar(span: Span, text: impl Into<String>) -> Self {
        Self::new(span, Value::Scalar(Scalar { text: text.into(), quoted: false }))
    }

    pub fn map(span: Span, entries: impl IntoIterator<Item = (String, Entry)>) -> Self {
        Self::new(span, Value::Map(entries.into_iter().collect()))
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

    /// What a person would call this value: "a map", "a list", "text", "nothing".
    pub fn describe(&self) -> &'static str {
        match &self.value {
            Value::Null => "nothing",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
            Value::Scalar(scalar) if scalar.quoted => "text",
            Value::Scalar(scalar) => match scalar.text.as_str() {
                "true" | "false" => "true or false",
                text if text.parse::<f64>().is_ok() => "a number",
                _ => "text",
            },
        }
    }
}
