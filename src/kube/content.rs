//! An object as a tree.
//!
//! Promises: names of fields and short texts take no memory of their own; the keys of a map stand in the order in which Kubernetes users
//! write them: what an object is, then its name, then what runs, then the rest as its type has it.

use compact_str::CompactString;
use serde::ser::{self, Serialize, Serializer};
use std::fmt;

/// A value of an object.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(CompactString),
    List(Vec<Content>),
    Map(Vec<(Key, Content)>),
}

/// The name of a field, or a key of the author's own.
pub type Key = CompactString;

impl Content {
    /// The tree of a typed resource.
    pub fn of(resource: &impl Serialize) -> Result<Self, ContentError> {
        resource.serialize(Writer)
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Self::Map(entries) = self else { return None };
        entries.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    pub fn as_str(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The value of a key, an empty map where there is none; `None` where this is no map.
    pub fn get_or_insert_map(&mut self, key: &str) -> Option<&mut Self> {
        let Self::Map(entries) = self else { return None };
        let at = entries.iter().position(|(name, _)| name == key).unwrap_or_else(|| {
            let at = entries.iter().position(|(name, _)| rank(name) > rank(key)).unwrap_or(entries.len());
            entries.insert(at, (key.into(), Self::Map(Vec::new())));
            at
        });
        Some(&mut entries[at].1)
    }

    /// Puts a text in its place among sorted keys, unless the key is there.
    pub fn add_text(&mut self, key: &str, text: &str) {
        let Self::Map(entries) = self else { return };
        if entries.iter().any(|(name, _)| name == key) {
            return;
        }
        let at = entries.iter().position(|(name, _)| name.as_str() > key).unwrap_or(entries.len());
        entries.insert(at, (key.into(), Self::Text(text.into())));
    }

    /// True where some text in the tree is of the kind that is looked for, under its nearest key.
    pub fn any_text(&self, test: &mut impl FnMut(&str, &str) -> bool) -> bool {
        self.any_text_under("", test)
    }

    fn any_text_under(&self, key: &str, test: &mut impl FnMut(&str, &str) -> bool) -> bool {
        match self {
            Self::Text(text) => test(key, text),
            Self::List(items) => items.iter().any(|item| item.any_text_under(key, test)),
            Self::Map(entries) => entries.iter().any(|(key, value)| value.any_text_under(key, test)),
            Self::Null | Self::Bool(_) | Self::Integer(_) | Self::Float(_) => false,
        }
    }

    /// Takes a key away.
    pub fn remove(&mut self, key: &str) {
        if let Self::Map(entries) = self {
            entries.retain(|(name, _)| name != key);
        }
    }
}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Integer(value) => serializer.serialize_i64(*value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items),
            Self::Map(entries) => serializer.collect_map(entries.iter().map(|(key, value)| (key.as_str(), value))),
        }
    }
}

/// Why a resource is no tree of Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentError(String);

impl fmt::Display for ContentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ContentError {}

impl ser::Error for ContentError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// Where a key stands among its neighbours.
fn rank(key: &str) -> u8 {
    match key {
        "apiVersion" => 0,
        "kind" => 1,
        "metadata" => 2,
        "type" | "alert" => 3,
        "name" | "expr" => 4,
        "namespace" | "for" => 5,
        "labels" => 6,
        "annotations" => 7,
        "image" => 8,
        "command" => 9,
        "args" => 10,
        _ => u8::MAX,
    }
}

fn map(mut entries: Vec<(Key, Content)>) -> Content {
    if !entries.is_sorted_by_key(|(key, _)| rank(key)) {
        entries.sort_by_key(|(key, _)| rank(key));
    }
    Content::Map(entries)
}

/// Makes a tree of what is serialised.
struct Writer;

macro_rules! integers {
    ($($method:ident: $type:ty,)*) => {
        $(fn $method(self, value: $type) -> Result<Content, ContentError> {
            Ok(Content::Integer(value.into()))
        })*
    };
}

impl Serializer for Writer {
    type Ok = Content;
    type Error = ContentError;
    type SerializeSeq = Items;
    type SerializeTuple = Items;
    type SerializeTupleStruct = Items;
    type SerializeTupleVariant = Variant<Items>;
    type SerializeMap = Entries;
    type SerializeStruct = Entries;
    type SerializeStructVariant = Variant<Entries>;

    integers! {
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32,
    }

    fn serialize_u64(self, value: u64) -> Result<Content, ContentError> {
        i64::try_from(value).map(Content::Integer).map_err(ser::Error::custom)
    }

    fn serialize_bool(self, value: bool) -> Result<Content, ContentError> {
        Ok(Content::Bool(value))
    }

    fn serialize_f32(self, value: f32) -> Result<Content, ContentError> {
        Ok(Content::Float(value.into()))
    }

    fn serialize_f64(self, value: f64) -> Result<Content, ContentError> {
        Ok(Content::Float(value))
    }

    fn serialize_char(self, value: char) -> Result<Content, ContentError> {
        Ok(Content::Text(Key::from_iter([value])))
    }

    fn serialize_str(self, value: &str) -> Result<Content, ContentError> {
        Ok(Content::Text(value.into()))
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<Content, ContentError> {
        Err(ser::Error::custom("bytes are no value of an object"))
    }

    fn serialize_none(self) -> Result<Content, ContentError> {
        Ok(Content::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Content, ContentError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Content, ContentError> {
        Ok(Content::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Content, ContentError> {
        Ok(Content::Null)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<Content, ContentError> {
        Ok(Content::Text(Key::const_new(variant)))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Content, ContentError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Content, ContentError> {
        Ok(map(vec![(Key::const_new(variant), value.serialize(self)?)]))
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Items, ContentError> {
        Ok(Items(Vec::with_capacity(length.unwrap_or_default())))
    }

    fn serialize_tuple(self, length: usize) -> Result<Items, ContentError> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<Items, ContentError> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Variant<Items>, ContentError> {
        Ok(Variant { variant, inner: self.serialize_seq(Some(length))? })
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Entries, ContentError> {
        Ok(Entries { entries: Vec::with_capacity(length.unwrap_or_default()), key: None })
    }

    fn serialize_struct(self, _: &'static str, length: usize) -> Result<Entries, ContentError> {
        self.serialize_map(Some(length))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Variant<Entries>, ContentError> {
        Ok(Variant { variant, inner: self.serialize_map(Some(length))? })
    }
}

/// The items of a list on its way.
struct Items(Vec<Content>);

/// The entries of a map on its way, and the key whose value comes next.
struct Entries {
    entries: Vec<(Key, Content)>,
    key: Option<Key>,
}

/// What stands under the name of a variant.
struct Variant<T> {
    variant: &'static str,
    inner: T,
}

impl Items {
    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ContentError> {
        self.0.push(value.serialize(Writer)?);
        Ok(())
    }
}

impl Entries {
    fn push<T: Serialize + ?Sized>(&mut self, key: Key, value: &T) -> Result<(), ContentError> {
        self.entries.push((key, value.serialize(Writer)?));
        Ok(())
    }
}

macro_rules! lists {
    ($($of:ident::$method:ident,)*) => {
        $(impl ser::$of for Items {
            type Ok = Content;
            type Error = ContentError;
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ContentError> {
                self.push(value)
            }
            fn end(self) -> Result<Content, ContentError> {
                Ok(Content::List(self.0))
            }
        })*
    };
}

lists! { SerializeSeq::serialize_element, SerializeTuple::serialize_element, SerializeTupleStruct::serialize_field, }

impl ser::SerializeTupleVariant for Variant<Items> {
    type Ok = Content;
    type Error = ContentError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ContentError> {
        self.inner.push(value)
    }

    fn end(self) -> Result<Content, ContentError> {
        Ok(map(vec![(Key::const_new(self.variant), Content::List(self.inner.0))]))
    }
}

impl ser::SerializeMap for Entries {
    type Ok = Content;
    type Error = ContentError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), ContentError> {
        match key.serialize(Writer)? {
            Content::Text(text) => self.key = Some(text),
            _ => return Err(ser::Error::custom("a key of an object is text")),
        }
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ContentError> {
        let key = self.key.take().unwrap_or_default();
        self.push(key, value)
    }

    fn end(self) -> Result<Content, ContentError> {
        Ok(map(self.entries))
    }
}

impl ser::SerializeStruct for Entries {
    type Ok = Content;
    type Error = ContentError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), ContentError> {
        self.push(Key::const_new(key), value)
    }

    fn end(self) -> Result<Content, ContentError> {
        Ok(map(self.entries))
    }
}

impl ser::SerializeStructVariant for Variant<Entries> {
    type Ok = Content;
    type Error = ContentError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), ContentError> {
        self.inner.push(Key::const_new(key), value)
    }

    fn end(self) -> Result<Content, ContentError> {
        Ok(map(vec![(Key::const_new(self.variant), map(self.inner.entries))]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_tree_holds_what_was_serialised_in_the_usual_order() {
        let value =
            json!({"spec": {"b": [1, -2, 0.5, null], "name": "x"}, "kind": "K", "apiVersion": "v1", "on": true});
        let content = Content::of(&value).expect("a tree");
        assert_eq!(serde_json::to_value(&content).expect("JSON"), value);
        let Content::Map(entries) = &content else { panic!("a map") };
        let keys: Vec<&str> = entries.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["apiVersion", "kind", "spec", "on"]);
        assert_eq!(content.get("kind").and_then(Content::as_str), Some("K"));
    }

    #[test]
    fn a_key_is_text() {
        assert!(Content::of(&std::collections::BTreeMap::from([(1, 2)])).is_err());
    }
}
