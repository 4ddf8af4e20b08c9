//! What a definition asks for in CEL, with what a rule needs of its schema.
//!
//! Promises: every rule is kept that says something about a new object, at its place, with the defaults and
//! formats of what it sees; the rest of the schema is left out, so that a bundle carries little. Rules are
//! compiled when the first object of the kind is met, once for a schema.

use crate::verify::cel::Rules;
use serde_json::{Map, Value, json};
use std::sync::OnceLock;

const RULES: &str = "x-kubernetes-validations";

/// The rules of a kind.
#[derive(Debug)]
pub struct Expressions {
    /// The part of the schema that has them.
    pub schema: Value,
    compiled: OnceLock<Option<Rules>>,
}

impl Expressions {
    pub fn new(schema: Value) -> Self {
        Self { schema, compiled: OnceLock::new() }
    }

    /// The rules of a schema; `None` where it has none.
    pub fn of(schema: &Value) -> Option<Self> {
        part(schema, false).filter(has_rules).map(Self::new)
    }

    pub fn rules(&self) -> Option<&Rules> {
        self.compiled.get_or_init(|| Rules::of(&self.schema)).as_ref()
    }
}

pub(crate) fn has_rules(schema: &Value) -> bool {
    match schema {
        Value::Object(fields) => fields.iter().any(|(key, value)| key == RULES || has_rules(value)),
        Value::Array(items) => items.iter().any(has_rules),
        _ => false,
    }
}

/// What rules need of a schema. What no rule sees is left out.
fn part(schema: &Value, is_seen: bool) -> Option<Value> {
    let rules = rules_of_new(schema);
    let is_seen = is_seen || !rules.is_empty();
    let mut kept = Map::new();
    if !rules.is_empty() {
        kept.insert(RULES.into(), Value::Array(rules));
    }
    if is_seen {
        kept.extend(seen(schema));
    }
    let properties: Map<String, Value> = schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(name, property)| Some((name.clone(), part(property, is_seen)?)))
        .collect();
    if !properties.is_empty() {
        kept.insert("properties".into(), Value::Object(properties));
    }
    if let Some(items) = schema.get("items").and_then(|items| part(items, is_seen)) {
        kept.insert("items".into(), items);
    }
    if let Some(of) = schema.get("additionalProperties").and_then(|of| values(of, is_seen)) {
        kept.insert("additionalProperties".into(), of);
    }
    (!kept.is_empty()).then_some(Value::Object(kept))
}

/// The values of a map. A rule tells the keys of a map from the fields of an object.
fn values(of: &Value, is_seen: bool) -> Option<Value> {
    let part = if of.is_object() { part(of, is_seen) } else { None };
    part.or_else(|| (is_seen && *of != false).then(|| json!({})))
}

/// What changes how a rule sees a value.
fn seen(schema: &Value) -> impl Iterator<Item = (String, Value)> {
    const ALWAYS: [&str; 4] = [
        "default",
        "x-kubernetes-int-or-string",
        "x-kubernetes-preserve-unknown-fields",
        "x-kubernetes-embedded-resource",
    ];
    let format =
        schema.get("format").filter(|format| matches!(format.as_str(), Some("date-time" | "duration" | "byte")));
    let format = format.map(|format| ("format".to_owned(), format.clone()));
    let always = ALWAYS.into_iter().filter_map(|key| Some((key.to_owned(), schema.get(key)?.clone())));
    always.chain(format)
}

/// The rules of a node, without those about a change, and with what an evaluation reads of them.
fn rules_of_new(schema: &Value) -> Vec<Value> {
    let rules = schema.get(RULES).and_then(Value::as_array).into_iter().flatten();
    let is_change = |rule: &&Value| {
        rule["optionalOldSelf"] != true && rule["rule"].as_str().is_some_and(|rule| rule.contains("oldSelf"))
    };
    rules
        .filter(|rule| !is_change(rule))
        .map(|rule| {
            let read = ["rule", "message", "messageExpression", "fieldPath", "optionalOldSelf"];
            let read = read.into_iter().filter_map(|key| Some((key.to_owned(), rule.get(key)?.clone())));
            Value::Object(read.collect())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_rule_sees_is_left_out() {
        let schema = json!({"type": "object", "description": "x", "properties": {
            "plain": {"type": "string", "default": "a"},
            "spec": {
                "type": "object",
                "properties": {
                    "min": {"type": "integer", "default": 1, "minimum": 1}, "max": {"type": "integer"},
                    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                    "since": {"type": "string", "format": "date-time"},
                },
                RULES: [
                    {"rule": "self.min <= self.max", "message": "it does not fit", "reason": "FieldValueInvalid"},
                    {"rule": "self.min == oldSelf.min"},
                ],
            },
        }});
        let kept = Expressions::of(&schema).expect("it has rules").schema;
        assert_eq!(
            kept,
            json!({"properties": {"spec": {
                RULES: [{"rule": "self.min <= self.max", "message": "it does not fit"}],
                "properties": {
                    "min": {"default": 1}, "labels": {"additionalProperties": {}}, "since": {"format": "date-time"},
                },
            }}})
        );
        assert!(Expressions::of(&json!({"type": "object", "default": {}})).is_none());
    }

    #[test]
    fn every_rule_of_a_bundle_can_be_read() {
        use crate::verify::schema::bundle::OPERATORS;
        fn rules<'s>(schema: &'s Value, all: &mut Vec<&'s str>) {
            match schema {
                Value::Object(fields) => {
                    let own = fields.get(RULES).and_then(Value::as_array).into_iter().flatten();
                    all.extend(own.filter_map(|rule| rule["rule"].as_str()));
                    fields.values().for_each(|below| rules(below, all));
                }
                Value::Array(items) => items.iter().for_each(|below| rules(below, all)),
                _ => {}
            }
        }
        let mut all = Vec::new();
        for (_, bundle) in OPERATORS {
            bundle.schemas().rules.values().for_each(|of| rules(&of.schema, &mut all));
        }
        assert!(all.len() > 100, "{}", all.len());
        for rule in all {
            assert!(crate::policy::About::Resource.misfit(rule).is_none(), "{rule}");
        }
    }
}
