//! Schemas out of definitions of custom resources.
//!
//! Promises: what a structural schema says is kept whole, as the API server reads it: fields that it does
//! not name are unknown, a default makes a field that is required optional, and the parts of `allOf`,
//! `anyOf`, `oneOf` and `not` say what values may be without closing anything. Descriptions are left out.

use super::{
    Expressions, Field, Format, Keys, Kind, ListType, More, Pattern, RecordType, Root, Schemas, Served, TextType, Type,
    TypeId,
};
use compact_str::CompactString;
use serde_json::{Map, Value};

/// The kind of a definition, one root for each version that is served.
pub struct Definition {
    pub schemas: Schemas,
    pub roots: Vec<Root>,
}

/// Reads a definition into types of its own; `None` where it is none.
pub fn read(definition: &Value) -> Option<Definition> {
    let mut schemas = Schemas::default();
    let roots = add(&mut schemas, definition)?;
    Some(Definition { schemas, roots })
}

/// Adds the kind of a definition; `None` where it is none.
pub fn add(schemas: &mut Schemas, definition: &Value) -> Option<Vec<Root>> {
    let spec = definition.get("spec")?;
    let group = spec.get("group")?.as_str()?;
    let kind: CompactString = spec.get("names")?.get("kind")?.as_str()?.into();
    let of_cluster = spec.get("scope").and_then(Value::as_str) == Some("Cluster");
    let mut roots = Vec::new();
    for version in spec.get("versions")?.as_array()? {
        if version.get("served").and_then(Value::as_bool) != Some(true) {
            continue;
        }
        let name = version.get("name")?.as_str()?;
        let written = version.get("schema").and_then(|schema| schema.get("openAPIV3Schema"));
        let schema = match written {
            Some(schema) => root(schemas, schema),
            None => schemas.push(Type::default()),
        };
        let root = Root { api_version: format!("{group}/{name}").into(), kind: kind.clone() };
        if let Some(rules) = written.and_then(Expressions::of) {
            schemas.rules.insert(root.clone(), rules);
        }
        schemas.roots.insert(root.clone(), vec![Served { since: 0, until: u8::MAX, schema, of_cluster }]);
        roots.push(root);
    }
    Some(roots)
}

/// What every object has stands beside what the schema names; its metadata are for the schema of Kubernetes.
fn root(schemas: &mut Schemas, schema: &Value) -> TypeId {
    let mut schema = schema.clone();
    let metadata = schema.pointer("/properties/metadata").cloned().unwrap_or_else(|| Value::Object(Map::new()));
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        for name in ["apiVersion", "kind"] {
            properties.entry(name).or_insert_with(|| serde_json::json!({"type": "string"}));
        }
        properties.remove("metadata");
    }
    let of = structural(schemas, &schema);
    let metadata = loose(schemas, &metadata);
    if let Kind::Record(record) = &mut schemas.types[of as usize].kind {
        let mut fields = record.fields.to_vec();
        fields.push(Field::new("metadata", metadata, false));
        record.fields = sorted(fields);
    }
    of
}

fn structural(schemas: &mut Schemas, schema: &Value) -> TypeId {
    let kind = if is_set(schema, "x-kubernetes-int-or-string") {
        int_or_string(schema)
    } else {
        match text(schema, "type") {
            Some("object") => object(schemas, schema),
            Some("array") => list(schemas, schema, structural),
            Some("string") => Kind::Text(text_type(schema)),
            Some("integer") => integer(schema),
            Some("number") => number(schema),
            Some("boolean") => Kind::Bool,
            _ => Kind::Any,
        }
    };
    let more = more(schemas, schema, &kind);
    let nullable = is_set(schema, "nullable") || schema.get("default").is_some();
    schemas.push(Type { kind, nullable, more })
}

/// The pattern with which tools write down a quantity names its suffixes.
fn int_or_string(schema: &Value) -> Kind {
    match text(schema, "pattern") {
        Some(pattern) if pattern.contains("numkMGTPE") => Kind::Quantity,
        _ => Kind::IntOrString,
    }
}

fn object(schemas: &mut Schemas, schema: &Value) -> Kind {
    let (min, max) = (size(schema, "minProperties").unwrap_or_default(), size(schema, "maxProperties"));
    let open = is_set(schema, "x-kubernetes-preserve-unknown-fields")
        || is_set(schema, "x-kubernetes-embedded-resource")
        || schema.get("additionalProperties").and_then(Value::as_bool) == Some(true);
    match schema.get("additionalProperties") {
        Some(of) if of.is_object() => {
            let of = structural(schemas, of);
            Kind::Map { of, min, max: max.unwrap_or(u32::MAX) }
        }
        _ => Kind::Record(RecordType { fields: fields(schemas, schema, structural), open, min, max }),
    }
}

fn fields(schemas: &mut Schemas, schema: &Value, read: fn(&mut Schemas, &Value) -> TypeId) -> Box<[Field]> {
    let empty = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    let required: Vec<&str> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let mut fields: Vec<Field> = properties
        .iter()
        .map(|(name, property)| {
            let required = required.contains(&name.as_str()) && property.get("default").is_none();
            Field::new(name.as_str(), read(schemas, property), required)
        })
        .collect();
    for name in required.iter().filter(|name| !properties.contains_key(**name)) {
        fields.push(Field::new(*name, schemas.push(Type::default()), true));
    }
    sorted(fields)
}

fn sorted(mut fields: Vec<Field>) -> Box<[Field]> {
    fields.sort_by(|one, other| one.name.cmp(&other.name));
    fields.into_boxed_slice()
}

fn list(schemas: &mut Schemas, schema: &Value, read: fn(&mut Schemas, &Value) -> TypeId) -> Kind {
    let of = match schema.get("items") {
        Some(items) => read(schemas, items),
        None => schemas.push(Type::default()),
    };
    let strings = |field: &str| schema.get(field).and_then(Value::as_array).into_iter().flatten();
    let keys = match text(schema, "x-kubernetes-list-type") {
        Some("set") => Keys::Items,
        Some("map") => Keys::Fields(
            strings("x-kubernetes-list-map-keys").filter_map(Value::as_str).map(CompactString::from).collect(),
        ),
        _ if is_set(schema, "uniqueItems") => Keys::Items,
        _ => Keys::None,
    };
    let (min, max) = (size(schema, "minItems").unwrap_or_default(), size(schema, "maxItems").unwrap_or(u32::MAX));
    Kind::List(ListType { of, keys, min, max })
}

fn text_type(schema: &Value) -> TextType {
    let words = schema.get("enum").and_then(Value::as_array);
    TextType {
        words: words.into_iter().flatten().filter_map(Value::as_str).map(CompactString::from).collect(),
        pattern: text(schema, "pattern").map(Pattern::new),
        format: text(schema, "format").map(Format::named).unwrap_or_default(),
        min: size(schema, "minLength").unwrap_or_default(),
        max: size(schema, "maxLength").unwrap_or(u32::MAX),
    }
}

fn integer(schema: &Value) -> Kind {
    let bound = |field: &str| schema.get(field).and_then(Value::as_f64);
    let (least, most) = match text(schema, "format") {
        Some("int32") => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => (i64::MIN, i64::MAX),
    };
    #[expect(clippy::cast_possible_truncation, reason = "what does not fit saturates")]
    let min = bound("minimum").map_or(least, |min| min.ceil() as i64 + i64::from(is_set(schema, "exclusiveMinimum")));
    #[expect(clippy::cast_possible_truncation, reason = "what does not fit saturates")]
    let max = bound("maximum").map_or(most, |max| max.floor() as i64 - i64::from(is_set(schema, "exclusiveMaximum")));
    Kind::Integer { min: min.max(least), max: max.min(most) }
}

fn number(schema: &Value) -> Kind {
    let bound = |field: &str| schema.get(field).and_then(Value::as_f64);
    let min = bound("minimum")
        .map_or(f64::NEG_INFINITY, |min| if is_set(schema, "exclusiveMinimum") { min.next_up() } else { min });
    let max = bound("maximum")
        .map_or(f64::INFINITY, |max| if is_set(schema, "exclusiveMaximum") { max.next_down() } else { max });
    Kind::Number { min, max }
}

/// What stands beside the shape.
fn more(schemas: &mut Schemas, schema: &Value, kind: &Kind) -> Option<Box<More>> {
    let is_either = matches!(kind, Kind::IntOrString | Kind::Quantity);
    let mut parts = |field: &str| -> Vec<TypeId> {
        let parts = schema.get(field).and_then(Value::as_array);
        // That it is a number or text is said by the kind.
        let says =
            |part: &&Value| !(is_either && part.as_object().is_some_and(|part| part.keys().all(|key| key == "type")));
        let parts: Vec<&Value> = parts.into_iter().flatten().filter(says).collect();
        parts.into_iter().map(|part| loose(schemas, part)).collect()
    };
    let (mut all_of, any_of, one_of) = (parts("allOf"), parts("anyOf"), parts("oneOf"));
    all_of.retain(|id| !is_anything(schemas, *id));
    let not = schema.get("not").map(|part| loose(schemas, part));
    let more =
        More { all_of, any_of, one_of, not, values: values(schema, kind), multiple_of: bound(schema, "multipleOf") };
    (more != More::default()).then(|| Box::new(more))
}

fn is_anything(schemas: &Schemas, id: TypeId) -> bool {
    let of = schemas.get(id);
    matches!(of.kind, Kind::Any) && of.more.is_none()
}

fn values(schema: &Value, kind: &Kind) -> Vec<CompactString> {
    let values = schema.get("enum").and_then(Value::as_array).filter(|_| !matches!(kind, Kind::Text(_)));
    values.into_iter().flatten().map(|value| value.to_string().into()).collect()
}

/// A part that closes nothing: its shape follows from what it says.
fn loose(schemas: &mut Schemas, schema: &Value) -> TypeId {
    let has = |names: &[&str]| names.iter().any(|name| schema.get(name).is_some());
    let strings =
        |field: &str| schema.get(field).and_then(Value::as_array).is_some_and(|all| all.iter().all(Value::is_string));
    let kind = match text(schema, "type") {
        Some("string") => Kind::Text(text_type(schema)),
        Some("integer") => integer(schema),
        Some("number") => number(schema),
        Some("boolean") => Kind::Bool,
        Some("array") => list(schemas, schema, loose),
        _ if has(&["properties", "required", "minProperties", "maxProperties"]) => loose_object(schemas, schema),
        Some("object") => loose_object(schemas, schema),
        _ if has(&["items", "minItems", "maxItems", "uniqueItems"]) => list(schemas, schema, loose),
        _ if has(&["pattern", "minLength", "maxLength", "format"]) || strings("enum") => Kind::Text(text_type(schema)),
        _ if has(&["minimum", "maximum"]) => number(schema),
        _ => Kind::Any,
    };
    let more = more(schemas, schema, &kind);
    let nullable = is_set(schema, "nullable");
    schemas.push(Type { kind, nullable, more })
}

fn loose_object(schemas: &mut Schemas, schema: &Value) -> Kind {
    Kind::Record(RecordType {
        fields: fields(schemas, schema, loose),
        open: true,
        min: size(schema, "minProperties").unwrap_or_default(),
        max: size(schema, "maxProperties"),
    })
}

fn text<'a>(schema: &'a Value, field: &str) -> Option<&'a str> {
    schema.get(field).and_then(Value::as_str)
}

fn is_set(schema: &Value, field: &str) -> bool {
    schema.get(field).and_then(Value::as_bool) == Some(true)
}

fn size(schema: &Value, field: &str) -> Option<u32> {
    schema.get(field).and_then(Value::as_u64).map(|size| u32::try_from(size).unwrap_or(u32::MAX))
}

fn bound(schema: &Value, field: &str) -> Option<f64> {
    schema.get(field).and_then(Value::as_f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kube::Content;
    use crate::verify::schema::{Walk, check};
    use serde_json::json;

    fn faults(schema: &Value, object: &Value) -> Vec<String> {
        let definition = json!({"spec": {
            "group": "example.com", "names": {"kind": "Widget"},
            "versions": [{"name": "v1", "served": true, "schema": {"openAPIV3Schema": {
                "type": "object", "properties": {"spec": schema},
            }}}],
        }});
        let Definition { schemas, .. } = read(&definition).expect("a definition");
        let served = schemas.find("example.com/v1", "Widget", 35).expect("served");
        let content = Content::of(
            &json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": object}),
        )
        .expect("a tree");
        let mut walk = Walk::new(35);
        check(&schemas, served.schema, &content, &mut walk);
        walk.faults.into_iter().map(|fault| format!("{}: {}", fault.place.join("."), fault.message)).collect()
    }

    #[test]
    fn unknown_fields_are_closed_unless_they_are_kept() {
        let closed = json!({"type": "object", "properties": {"size": {"type": "integer"}}});
        assert_eq!(faults(&closed, &json!({"sise": 1})), ["spec.sise: `sise` is not a field here"]);
        let open = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
        assert!(faults(&open, &json!({"sise": 1})).is_empty());
    }

    #[test]
    fn bounds_words_and_patterns_are_kept() {
        let schema = json!({"type": "object", "required": ["mode"], "properties": {
            "size": {"type": "integer", "minimum": 1, "maximum": 3},
            "mode": {"type": "string", "enum": ["Fast", "Slow"]},
            "name": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 3},
            "cpu": {"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}], "pattern": "^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$"},
        }});
        assert!(faults(&schema, &json!({"size": 1, "mode": "Fast", "name": "abc", "cpu": "100m"})).is_empty());
        let found = faults(&schema, &json!({"size": 4, "mode": "Fats", "name": "abcD", "cpu": "1x"}));
        assert_eq!(found.len(), 5, "{found:#?}");
        assert_eq!(faults(&schema, &json!({})), ["spec: `mode` is missing"]);
    }

    #[test]
    fn a_default_makes_a_required_field_optional() {
        let schema = json!({"type": "object", "required": ["mode"], "properties": {"mode": {"type": "string", "default": "Fast"}}});
        assert!(faults(&schema, &json!({})).is_empty());
    }

    #[test]
    fn one_form_of_several() {
        let schema = json!({"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
            "oneOf": [{"required": ["a"]}, {"required": ["b"]}]});
        assert!(faults(&schema, &json!({"a": "x"})).is_empty());
        assert_eq!(faults(&schema, &json!({})).len(), 1);
        assert_eq!(faults(&schema, &json!({"a": "x", "b": "y"})).len(), 1);
    }

    #[test]
    fn items_differ_by_their_keys() {
        let schema = json!({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
            "items": {"type": "object", "properties": {"name": {"type": "string"}}}});
        assert_eq!(faults(&schema, &json!([{"name": "a"}, {"name": "a"}])).len(), 1);
    }
}
