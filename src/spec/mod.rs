//! What the author wrote: one file per noun, nothing defaulted, nothing looked up.
//!
//! Promises: each type is declared once, by `record!` or `words!`, and that one declaration gives
//! the struct, its [`Shape`] (and so the check, the merge, the JSON Schema and the reference) and its
//! decoder. Decoding reports only what a merge can bring about: a required field that no layer wrote.

mod affinity;
mod catalogue;
mod component;
mod container;
mod data;
mod delivery;
mod environment;
mod gpu;
mod graph;
mod image;
mod job;
mod key;
mod kind;
mod model_server;
mod observe;
mod patch;
mod policy;
mod review;
mod rollout;
mod scale;
mod schema;
mod system;
pub(crate) mod text;
mod vertical;
mod volume;
pub(crate) mod zone;

use crate::diagnostic::{Diagnostic, Diagnostics, code};
use crate::document::shape::{Record, Refusal, Shape};
use crate::document::{Entry, MANY, Map, Name, Node, Path, Value};
use crate::source::Span;
use indexmap::IndexMap;
use rayon::prelude::*;

pub use affinity::*;
pub use catalogue::*;
pub use component::*;
pub use container::*;
pub use data::*;
pub use delivery::*;
pub use environment::*;
pub use gpu::*;
pub use graph::*;
pub use image::*;
pub use job::*;
pub use key::*;
pub use kind::*;
pub use model_server::*;
pub use observe::*;
pub use patch::*;
pub use policy::*;
pub use review::*;
pub use rollout::*;
pub use scale::*;
pub use schema::{Document, schema};
pub use system::*;
pub use text::*;
pub use vertical::*;
pub use volume::*;

/// A type that can be written in a document.
pub trait Spec: Sized + Send {
    /// What may be written for it.
    fn shape() -> Shape;
    /// Reads a value in its long form; `None` after a finding.
    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Self>;
}

/// Where decoding is, and what it found.
pub struct Reader<'a> {
    found: &'a mut Diagnostics,
    path: Path,
}

/// Reads a merged tree.
pub fn decode<T: Spec>(node: &Node, path: Path, found: &mut Diagnostics) -> Option<T> {
    T::decode(node, &mut Reader { found, path })
}

impl Reader<'_> {
    /// Decodes the value of `key`, if it is written.
    fn field<T: Spec>(&mut self, node: &Node, key: &str) -> Option<T> {
        let value = node.get(key)?;
        self.path.push(key);
        let decoded = T::decode(value, self);
        self.path.pop();
        decoded
    }

    /// Decodes the entries of a large map on all cores; what they find is kept in their order.
    fn all_at_once<T: Spec>(&mut self, map: &Map) -> impl Iterator<Item = (String, T)> {
        let decode = |(name, entry): (&Name, &Entry)| {
            let mut found = Diagnostics::new();
            let value = decode(&entry.node, self.path.join(name), &mut found);
            (name.to_string(), value, found)
        };
        let decoded: Vec<(String, Option<T>, Diagnostics)> = map.par_iter().map(decode).collect();
        decoded.into_iter().filter_map(|(name, value, found)| {
            self.found.extend(found);
            Some((name, value?))
        })
    }

    fn missing(&mut self, node: &Node, record: &Record, key: &'static str) {
        if node.get(key).is_some() {
            // It is there and was refused: that is one finding already.
            return;
        }
        let example = record.field(key).map(|field| field.shape.describe()).unwrap_or_default();
        let finding = Diagnostic::error(code::MISSING_FIELD, format!("`{key}` is missing in {}", record.name))
            .label(head(node), format!("`{key}` must be written here"))
            .help(format!("write `{key}:` with {example}"))
            .path(self.path.join(key).to_string());
        self.found.push(finding);
    }
}

/// The first key of a map, so that a label does not cover all of it.
fn head(node: &Node) -> Span {
    node.as_map().and_then(|map| map.values().next()).map_or(node.span, |entry| entry.key)
}

/// Declares a record: struct, shape and decoder.
///
/// A field is `req` or `opt`, then its Rust name, its key and its type; its doc comment is its
/// description in the schema and the docs. A record that the compiler itself fills in derives `Default`.
macro_rules! record {
    (
        $(#[doc = $doc:literal])+
        $(#[derive($derive:ident)])?
        pub struct $name:ident as $title:literal {
            $($(#[doc = $field_doc:literal])+ $presence:ident $field:ident $key:literal : $type:ty,)*
        }
        $(forms [$($form:literal),* $(,)?])?
        $(exclusive [$([$($member:literal),* $(,)?]),* $(,)?])?
        $(choice $choice:literal beside [$($beside:literal),* $(,)?])?
        $(moves [$($move:tt),* $(,)?])?
        $(short $short:literal)?
        $(toggle $toggle:literal)?
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq $(, $derive)?)]
        pub struct $name {
            $($(#[doc = $field_doc])+ pub $field: $crate::spec::record!(@type $presence $type),)*
        }

        impl $name {
            /// The record as data.
            pub fn record() -> &'static $crate::document::shape::Record {
                static RECORD: std::sync::LazyLock<$crate::document::shape::Record> =
                    std::sync::LazyLock::new(|| $crate::document::shape::Record {
                        name: $title,
                        doc: concat!($($doc, "\n"),+),
                        fields: vec![$($crate::document::shape::Field {
                            key: $key,
                            doc: concat!($($field_doc, "\n"),+),
                            shape: <$type as $crate::spec::Spec>::shape(),
                            required: $crate::spec::record!(@required $presence),
                        }),*],
                        forms: &[$($($form),*)?],
                        exclusive: &[$($(&[$($member),*]),*)?],
                        choice: &[$(($choice, &[$($beside),*]))?],
                        moves: &[$($($move),*)?],
                    });
                &RECORD
            }
        }

        impl $crate::spec::Spec for $name {
            fn shape() -> $crate::document::shape::Shape {
                let shape = $crate::document::shape::Shape::Record(Self::record());
                $(let shape = $crate::document::shape::Shape::short($short, shape);)?
                $(let shape = { let _ = $toggle; $crate::document::shape::Shape::Toggle(Box::new(shape)) };)?
                shape
            }

            fn decode(node: &$crate::document::Node, reader: &mut $crate::spec::Reader<'_>) -> Option<Self> {
                $(let $field = reader.field::<$type>(node, $key);)*
                $($crate::spec::record!(@check $presence $field $key node reader);)*
                Some(Self { $($field: $crate::spec::record!(@take $presence $field),)* })
            }
        }
    };
    (@type req $type:ty) => { $type };
    (@type opt $type:ty) => { Option<$type> };
    (@required req) => { true };
    (@required opt) => { false };
    (@check req $field:ident $key:literal $node:ident $reader:ident) => {
        if $field.is_none() {
            $reader.missing($node, Self::record(), $key);
        }
    };
    (@check opt $field:ident $key:literal $node:ident $reader:ident) => {};
    (@take req $field:ident) => { $field? };
    (@take opt $field:ident) => { $field };
}
pub(crate) use record;

/// Declares a closed list of words.
macro_rules! words {
    (
        $(#[doc = $doc:literal])+
        pub enum $name:ident { $(
            $(#[doc = $word_doc:literal])+
            $variant:ident = $text:literal $(elsewhere { $($foreign:literal: $why:literal),+ })?,
        )+ }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[doc = $word_doc])+ $variant,)+ }

        impl $name {
            /// Every word, in the order of the docs.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// As it is written.
            pub fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            pub fn from_text(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|word| word.text() == text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.text())
            }
        }

        impl $crate::spec::Spec for $name {
            fn shape() -> $crate::document::shape::Shape {
                const WORDS: &[$crate::document::shape::Word] = &[$($crate::document::shape::Word {
                    text: $text,
                    doc: concat!($($word_doc, "\n"),+),
                    elsewhere: &[$($(($foreign, $why)),+)?],
                }),+];
                $crate::document::shape::Shape::Word(WORDS)
            }

            fn decode(node: &$crate::document::Node, _: &mut $crate::spec::Reader<'_>) -> Option<Self> {
                Self::from_text(node.as_text()?)
            }
        }
    };
}
pub(crate) use words;

/// A part that `false` switches off.
#[derive(Clone, Debug, PartialEq)]
pub enum Switch<T> {
    Off,
    On(T),
}

impl<T> Switch<T> {
    pub fn on(&self) -> Option<&T> {
        match self {
            Self::Off => None,
            Self::On(value) => Some(value),
        }
    }

    pub fn is_off(&self) -> bool {
        matches!(self, Self::Off)
    }
}

impl<T: Spec> Spec for Switch<T> {
    fn shape() -> Shape {
        Shape::switch(T::shape())
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        if node.is_false() { Some(Self::Off) } else { T::decode(node, reader).map(Self::On) }
    }
}

/// Values by names of the author's own, in the order of writing. `K` says what a name may be.
#[derive(Clone, Debug, PartialEq)]
pub struct Named<K, T> {
    entries: IndexMap<String, T>,
    key: std::marker::PhantomData<K>,
}

/// What a name may be.
pub trait Key: Send {
    /// With its article: "a component".
    const WHAT: &'static str;
    fn check(name: &str) -> Result<(), Refusal>;
}

impl<K, T> std::ops::Deref for Named<K, T> {
    type Target = IndexMap<String, T>;
    fn deref(&self) -> &Self::Target {
        &self.entries
    }
}

impl<K, T> std::ops::DerefMut for Named<K, T> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.entries
    }
}

impl<K, T> FromIterator<(String, T)> for Named<K, T> {
    fn from_iter<I: IntoIterator<Item = (String, T)>>(entries: I) -> Self {
        Self { entries: entries.into_iter().collect(), key: std::marker::PhantomData }
    }
}

impl<K, T> Default for Named<K, T> {
    fn default() -> Self {
        Self { entries: IndexMap::new(), key: std::marker::PhantomData }
    }
}

impl<'a, K, T> IntoIterator for &'a Named<K, T> {
    type Item = (&'a String, &'a T);
    type IntoIter = indexmap::map::Iter<'a, String, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.entries.iter()
    }
}

impl<K: Key, T: Spec> Spec for Named<K, T> {
    fn shape() -> Shape {
        Shape::map(K::WHAT, K::check, T::shape())
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let map = node.as_map()?;
        if map.len() >= MANY {
            return Some(reader.all_at_once(map).collect());
        }
        let mut entries = IndexMap::new();
        for (name, entry) in map {
            reader.path.push(name);
            if let Some(value) = T::decode(&entry.node, reader) {
                entries.insert(name.to_string(), value);
            }
            reader.path.pop();
        }
        Some(Self { entries, key: std::marker::PhantomData })
    }
}

/// Large records are kept beside the maps that hold them, which then grow and move cheaply.
impl<T: Spec> Spec for Box<T> {
    fn shape() -> Shape {
        T::shape()
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        T::decode(node, reader).map(Self::new)
    }
}

/// A list of names, or a map from names to records.
#[derive(Clone, Debug, PartialEq)]
pub struct Names<K, T>(Named<K, T>);

impl<K, T> std::ops::Deref for Names<K, T> {
    type Target = IndexMap<String, T>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<K: Key, T: Spec> Spec for Names<K, T> {
    fn shape() -> Shape {
        Shape::Names(Box::new(Named::<K, T>::shape()))
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        Named::decode(node, reader).map(Self)
    }
}

impl<T: Spec> Spec for Vec<T> {
    fn shape() -> Shape {
        Shape::list(T::shape())
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let Value::List(items) = &node.value else { return None };
        let mut list = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            reader.path.push(&index);
            list.extend(T::decode(item, reader));
            reader.path.pop();
        }
        Some(list)
    }
}

/// A list, of which one value may stand alone.
#[derive(Clone, Debug, PartialEq)]
pub struct OneOrMore<T>(pub Vec<T>);

impl<T: Spec> Spec for OneOrMore<T> {
    fn shape() -> Shape {
        Shape::OneOrMore(Box::new(T::shape()))
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        Vec::decode(node, reader).map(Self)
    }
}

impl Spec for bool {
    fn shape() -> Shape {
        Shape::Bool
    }

    fn decode(node: &Node, _: &mut Reader<'_>) -> Option<Self> {
        node.as_text()?.parse().ok()
    }
}

/// A whole number from `LEAST` to `MOST`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Int<const LEAST: i64, const MOST: i64>(pub i64);

impl<const LEAST: i64, const MOST: i64> Int<LEAST, MOST> {
    /// As the 32-bit number of most Kubernetes fields.
    pub fn as_i32(self) -> i32 {
        i32::try_from(self.0).unwrap_or(i32::MAX)
    }
}

impl<const LEAST: i64, const MOST: i64> Spec for Int<LEAST, MOST> {
    fn shape() -> Shape {
        Shape::Integer { least: LEAST, most: MOST }
    }

    fn decode(node: &Node, _: &mut Reader<'_>) -> Option<Self> {
        node.as_text()?.parse().ok().map(Self)
    }
}

const I32_MAX: i64 = i32::MAX as i64;
/// Zero or more.
pub type Count = Int<0, I32_MAX>;
/// One or more.
pub type Positive = Int<1, I32_MAX>;
/// A TCP, UDP or SCTP port.
pub type PortNumber = Int<1, 65_535>;
/// A percentage as a bare number; of a request it may pass 100.
pub type Percent = Int<1, 10_000>;

/// Any scalar, kept as its text: what an environment variable holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Literal(pub String);

impl Spec for Literal {
    fn shape() -> Shape {
        Shape::Scalar
    }

    fn decode(node: &Node, _: &mut Reader<'_>) -> Option<Self> {
        node.as_text().map(|text| Self(text.to_owned()))
    }
}

/// A tree that is passed on as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Free(pub serde_json::Value);

impl Spec for Free {
    fn shape() -> Shape {
        Shape::Any
    }

    fn decode(node: &Node, _: &mut Reader<'_>) -> Option<Self> {
        Some(Self(node.to_json()))
    }
}

/// The shape of a whole system file.
pub fn system_shape() -> Shape {
    System::shape()
}

/// The shape of a whole environment file.
pub fn environment_shape() -> Shape {
    Environment::shape()
}
