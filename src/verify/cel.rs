//! Expressions in CEL, with the functions that Kubernetes adds.
//!
//! Promises: rules are compiled once for a schema; defaults of the schema are filled in before a rule sees
//! an object, as in an API server; rules about a change from an older object say nothing about a new one.
//! What cannot be evaluated here is said, and is not taken for kept.

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

impl Rules {
    /// The rules of a schema; `None` where it has none.
    pub fn of(schema: &Value) -> Option<Self> {
        has_rules(schema).then(|| Self {
            compiled: compile_schema(schema),
            schema: schema.clone(),
            validator: Validator::new(),
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
        errors
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
            .collect()
    }
}

/// What is wrong with a rule of a definition, if it cannot be read.
pub(crate) fn flaw(rule: &str) -> Option<String> {
    crate::policy::flaw_of_rule(rule)
}

fn has_rules(schema: &Value) -> bool {
    match schema {
        Value::Object(fields) => {
            fields.iter().any(|(key, value)| key == "x-kubernetes-validations" || has_rules(value))
        }
        Value::Array(items) => items.iter().any(has_rules),
        _ => false,
    }
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
}
