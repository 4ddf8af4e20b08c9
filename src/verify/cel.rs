//! Expressions in CEL, with the functions that Kubernetes adds.
//!
//! Promises: rules are compiled once for a schema; defaults of the schema are filled in before a rule sees
//! an object, as in an API server; rules about a change from an older object say nothing about a new one.
//! What cannot be evaluated here is said, and is not taken for kept. The same object gives the same verdicts, in the
//! same order and words: the keys of a map have no order here, so that no message is made of going through them.

use super::schema::rules::has_rules;
use kube_cel::{CompiledSchema, ErrorKind, RootContext, Validator, apply_defaults, compile_schema};
use serde_json::Value;

/// The rules of a schema.
pub struct Rules {
    schema: Value,
    compiled: CompiledSchema,
    validator: Validator,
}

/// A rule that an object does not keep, or that says nothing about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Keys, and indices in digits.
    pub place: Vec<String>,
    pub rule: String,
    pub message: String,
    pub outcome: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is false.
    Broken,
    /// It failed on this object.
    Failed,
    /// It cannot be evaluated here.
    Unread,
}

impl std::fmt::Debug for Rules {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Rules").field(&self.schema).finish()
    }
}

impl Rules {
    /// The rules of a schema; `None` where it has none.
    pub fn of(schema: &Value) -> Option<Self> {
        has_rules(schema).then(|| {
            let mut schema = schema.clone();
            fix_messages(&mut schema);
            Self { compiled: compile_schema(&schema), schema, validator: Validator::new() }
        })
    }

    /// Evaluates all rules on an object.
    pub fn evaluate(&self, object: &Value) -> Vec<Verdict> {
        let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let api_version = text("apiVersion");
        let api_group = api_version.split_once('/').map(|(group, _)| group.to_owned()).unwrap_or_default();
        let root = RootContext { api_version, api_group, kind: text("kind") };
        let whole = apply_defaults(&self.schema, object);
        let result = self.validator.validate_compiled_with_context(&self.compiled, &whole, None, Some(&root));
        let errors = result.err().map(kube_cel::ValidationErrors::into_vec).unwrap_or_default();
        let mut verdicts: Vec<Verdict> = errors
            .into_iter()
            .map(|error| Verdict {
                place: steps(&error.field_path),
                rule: error.rule,
                message: error.message,
                outcome: match error.kind {
                    ErrorKind::ValidationFailure => Outcome::Broken,
                    ErrorKind::EvaluationError | ErrorKind::InvalidResult => Outcome::Failed,
                    _ => Outcome::Unread,
                },
            })
            .collect();
        // The fields of an object are met in any order; the rules of one of them in that of the schema.
        verdicts.sort_by(|one, other| one.place.cmp(&other.place));
        verdicts
    }
}

/// Takes away the messages that depend on the order of the keys of a map.
fn fix_messages(schema: &mut Value) {
    let has_maps = has_maps(schema);
    let Value::Object(fields) = schema else { return };
    if has_maps {
        let rules = fields.get_mut("x-kubernetes-validations").and_then(Value::as_array_mut);
        for rule in rules.into_iter().flatten().filter_map(Value::as_object_mut) {
            let goes_through =
                |text: &str| [".map(", ".filter(", ".transformList("].iter().any(|call| text.contains(call));
            if rule.get("messageExpression").and_then(Value::as_str).is_some_and(goes_through) {
                rule.remove("messageExpression");
            }
        }
    }
    for (key, below) in fields {
        match below {
            Value::Object(properties) if key == "properties" => properties.values_mut().for_each(fix_messages),
            below if matches!(key.as_str(), "items" | "additionalProperties") => fix_messages(below),
            _ => {}
        }
    }
}

/// True where a value may be, or hold, a map or what no schema says anything about.
fn has_maps(schema: &Value) -> bool {
    let is_set = |key: &str| schema.get(key).is_some_and(|value| *value != false);
    let below = |key: &str| schema.get(key).and_then(Value::as_object).into_iter().flatten();
    is_set("additionalProperties")
        || is_set("x-kubernetes-preserve-unknown-fields")
        || below("properties").any(|(_, property)| has_maps(property))
        || schema.get("items").is_some_and(has_maps)
}

/// `spec.ports[0].name` as steps.
fn steps(path: &str) -> Vec<String> {
    path.split(['.', '[', ']']).filter(|step| !step.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn verdicts(rule: &str, spec: &Value) -> Vec<Verdict> {
        let schema = json!({"type": "object", "properties": {"spec": {
            "type": "object",
            "properties": {
                "min": {"type": "integer", "default": 1}, "max": {"type": "integer"},
                "names": {"type": "array", "items": {"type": "string"}}, "cpu": {"type": "string"},
            },
            "x-kubernetes-validations": [{"rule": rule, "message": "it does not fit"}],
        }}});
        Rules::of(&schema).expect("it has rules").evaluate(&json!({"apiVersion": "a.b/v1", "kind": "K", "spec": spec}))
    }

    #[test]
    fn a_rule_sees_defaults() {
        assert!(verdicts("self.min <= self.max", &json!({"max": 2})).is_empty());
        let broken = verdicts("self.min <= self.max", &json!({"max": 0}));
        assert_eq!(broken[0].outcome, Outcome::Broken);
        assert_eq!((broken[0].place.join("."), broken[0].message.as_str()), ("spec".into(), "it does not fit"));
    }

    #[test]
    fn the_functions_of_kubernetes_are_there() {
        assert!(verdicts("quantity(self.cpu).isLessThan(quantity('1'))", &json!({"cpu": "100m"})).is_empty());
        assert!(verdicts("self.names.isSorted()", &json!({"names": ["a", "b"]})).is_empty());
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let unread = verdicts("self.min <", &json!({}));
        assert_eq!(unread.iter().map(|verdict| verdict.outcome).collect::<Vec<_>>(), [Outcome::Unread]);
        let failed = verdicts("self.max > 1", &json!({}));
        assert_eq!(failed.iter().map(|verdict| verdict.outcome).collect::<Vec<_>>(), [Outcome::Failed]);
    }

    #[test]
    fn a_rule_of_a_change_says_nothing_about_a_new_object() {
        assert!(verdicts("self.max == oldSelf.max", &json!({"max": 1})).is_empty());
        assert!(Rules::of(&json!({"type": "object"})).is_none());
    }

    #[test]
    fn a_message_does_not_depend_on_the_order_of_keys() {
        let rule = json!({"rule": "self.names.all(k, k == 'x')", "message": "only x",
            "messageExpression": "'unknown: ' + self.names.map(k, k).join(', ')"});
        let schema = |names: Value| json!({"type": "object", "properties": {"names": names}, "x-kubernetes-validations": [rule]});
        let said = |schema: &Value, names: Value| {
            Rules::of(schema).expect("it has rules").evaluate(&json!({"names": names}))[0].message.clone()
        };
        let map = schema(json!({"type": "object", "additionalProperties": {"type": "string"}}));
        assert_eq!(said(&map, json!({"a": "", "b": "", "c": ""})), "only x");
        let list = schema(json!({"type": "array", "items": {"type": "string"}}));
        assert_eq!(said(&list, json!(["a", "b"])), "unknown: a, b");
    }
}
