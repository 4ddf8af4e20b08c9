//! JSON Schemas for editors, from the shapes of the language.
//!
//! Promises: draft-07 (what every editor reads), every key with its description, nothing that the
//! compiler would take is refused.

use super::{Component, Kind, environment_shape, system_shape};
use crate::document::shape::{Field, MapShape, Record, Shape, TextShape, Word};
use serde_json::{Map, Value, json};

/// The two kinds of document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    System,
    Environment,
}

/// The schema of a document.
pub fn schema(document: Document) -> Value {
    let (shape, title) = match document {
        Document::System => (system_shape(), "Windlass System"),
        Document::Environment => (environment_shape(), "Windlass Environment"),
    };
    let mut writer = Writer { definitions: Map::new(), partial: document == Document::Environment };
    let Shape::Record(record) = shape else { return Value::Null };
    let mut root = writer.record(record, true);
    root.insert("$schema".into(), "http://json-schema.org/draft-07/schema#".into());
    root.insert("title".into(), title.into());
    root.insert("definitions".into(), Value::Object(writer.definitions));
    Value::Object(root)
}

struct Writer {
    definitions: Map<String, Value>,
    /// True in an overlay, where any subset of a component may stand.
    partial: bool,
}

impl Writer {
    fn value(&mut self, shape: &Shape) -> Value {
        match shape {
            Shape::Any => json!({}),
            Shape::Scalar => json!({ "type": ["string", "number", "boolean"] }),
            Shape::Bool => json!({ "type": "boolean" }),
            Shape::Integer { least, most } => json!({ "type": "integer", "minimum": least, "maximum": most }),
            Shape::Text(text) => text_schema(text),
            Shape::Word(words) => words_schema(words),
            Shape::List(of) => json!({ "type": "array", "items": self.value(of) }),
            Shape::OneOrMore(of) => {
                let one = self.value(of);
                json!({ "anyOf": [one.clone(), { "type": "array", "items": one }] })
            }
            Shape::Map(map) => self.map(map),
            Shape::Names(of) => {
                let names = json!({ "type": "array", "items": { "type": "string" } });
                json!({ "anyOf": [names, self.value(of)] })
            }
            Shape::Record(record) => self.reference(record),
            Shape::Short { key, record } => self.short(key, record),
            Shape::Switch(of) => json!({ "anyOf": [{ "const": false }, self.value(of)] }),
            Shape::Toggle(of) => json!({ "anyOf": [{ "const": true }, self.value(of)] }),
        }
    }

    fn short(&mut self, key: &str, record: &Shape) -> Value {
        let Shape::Record(long) = record else { return self.value(record) };
        let short = long.field(key).map_or_else(|| json!({}), |field| self.value(&field.shape));
        json!({ "anyOf": [short, self.reference(long)] })
    }

    fn map(&mut self, map: &MapShape) -> Value {
        let value = nullable(self.value(&map.value));
        match &map.folder {
            None => json!({ "type": "object", "additionalProperties": value }),
            Some(folder) => json!({
                "type": "object",
                "patternProperties": { "/$": nullable(self.value(folder)), "[^/]$": value },
                "additionalProperties": false,
            }),
        }
    }

    /// Each record is written once and referred to by name.
    fn reference(&mut self, record: &'static Record) -> Value {
        if !self.definitions.contains_key(record.name) {
            self.definitions.insert(record.name.into(), Value::Null);
            let required = !(self.partial || record.name == Component::record().name);
            let written = self.record(record, required);
            self.definitions.insert(record.name.into(), Value::Object(written));
        }
        json!({ "$ref": format!("#/definitions/{}", record.name.replace(' ', "%20")) })
    }

    fn record(&mut self, record: &'static Record, required: bool) -> Map<String, Value> {
        let properties: Map<String, Value> =
            record.fields.iter().map(|field| (field.key.to_owned(), self.field(field))).collect();
        let mut schema = Map::new();
        schema.insert("type".into(), "object".into());
        schema.insert("description".into(), sentence(record.doc).into());
        schema.insert("properties".into(), Value::Object(properties));
        schema.insert("additionalProperties".into(), false.into());
        // The components may stand in the files that a system includes.
        let elsewhere = |key: &str| record.field("include").is_some() && key == "components";
        let needed: Vec<&str> = record
            .fields
            .iter()
            .filter(|field| field.required && !elsewhere(field.key))
            .map(|field| field.key)
            .collect();
        if required && !needed.is_empty() {
            schema.insert("required".into(), needed.into());
        }
        if record.name == Component::record().name {
            schema.insert("allOf".into(), Kind::ALL.iter().map(|kind| fields_of(*kind, record)).collect());
        }
        schema
    }

    fn field(&mut self, field: &Field) -> Value {
        let value = nullable(self.value(&field.shape));
        let description = sentence(field.doc);
        match value {
            // Draft-07 ignores what stands beside a `$ref`.
            Value::Object(object) if object.contains_key("$ref") => {
                json!({ "description": description, "allOf": [object] })
            }
            Value::Object(mut object) => {
                object.insert("description".into(), description.into());
                Value::Object(object)
            }
            other => other,
        }
    }
}

/// `null` takes away what a lower layer wrote, so it may stand anywhere.
fn nullable(schema: Value) -> Value {
    match &schema {
        Value::Object(object) if object.is_empty() => schema,
        Value::Object(object) => match object.get("anyOf") {
            Some(Value::Array(forms)) => {
                let mut forms = forms.clone();
                forms.push(json!({ "type": "null" }));
                json!({ "anyOf": forms })
            }
            _ => json!({ "anyOf": [schema, { "type": "null" }] }),
        },
        _ => schema,
    }
}

fn text_schema(text: &TextShape) -> Value {
    let kinds = if text.number { json!(["string", "number", "boolean"]) } else { json!(["string", "number"]) };
    let mut schema = json!({ "type": kinds, "examples": [text.example] });
    if let (Some(pattern), Some(object)) = (text.pattern, schema.as_object_mut()) {
        object.insert("pattern".into(), pattern.into());
    }
    schema
}

fn words_schema(words: &[Word]) -> Value {
    let one = |word: &Word| json!({ "const": word.text, "description": sentence(word.doc) });
    json!({ "oneOf": words.iter().map(one).collect::<Vec<_>>() })
}

/// A component of this kind has none of the other kinds' fields.
fn fields_of(kind: Kind, record: &Record) -> Value {
    let foreign: Map<String, Value> =
        record.keys().filter(|key| !kind.has(key)).map(|key| (key.to_owned(), false.into())).collect();
    json!({
        "if": { "properties": { "kind": { "const": kind.text() } }, "required": ["kind"] },
        "then": { "properties": foreign },
    })
}

/// A doc comment as one paragraph.
pub(crate) fn sentence(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
}
