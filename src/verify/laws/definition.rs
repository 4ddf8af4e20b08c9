//! Definitions of custom resources. Source: the validation of structural schemas in `apiextensions`.

use super::{Subject, at, each, entries, has, is_true, items, on, text};
use crate::diagnostic::{code, listed};
use crate::kube::Content;
use crate::verify::schema::{Fault, Walk};

const TYPES: &[&str] = &["array", "boolean", "integer", "number", "object", "string"];

/// Where a schema stands in another.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// It says what a value is.
    Structure,
    /// It only narrows what the structure around it says: under `anyOf`, `not` and the like.
    Condition,
}

pub(super) fn definitions_are_structural<'a>(subject: Subject<'a>, walk: &mut Walk<'a>) {
    if !subject.is("apiextensions.k8s.io", &["CustomResourceDefinition"]) {
        return;
    }
    at(walk, subject.content, &["spec"], |walk, spec| {
        named_by_group(subject.content, spec, walk);
        each(walk, spec, "versions", |walk, version| {
            at(walk, version, &["schema", "openAPIV3Schema"], |walk, whole| schema(walk, whole, Part::Structure));
        });
    });
}

fn named_by_group(definition: &Content, spec: &Content, walk: &mut Walk<'_>) {
    let name = definition.get("metadata").and_then(|metadata| text(metadata, "name"));
    let plural = spec.get("names").and_then(|names| text(names, "plural"));
    let (Some(name), Some(plural), Some(group)) = (name, plural, text(spec, "group")) else { return };
    let wanted = format!("{plural}.{group}");
    if name != wanted {
        walk.push(
            wrong(walk, &format!("the definition is called `{name}`, and its kind `{wanted}`"))
                .label(format!("`metadata.name` must be `{wanted}`"))
                .help("write both alike")
                .on_key(),
        );
    }
}

fn schema<'a>(walk: &mut Walk<'a>, of: &'a Content, part: Part) {
    if !matches!(of, Content::Map(_)) {
        return;
    }
    match part {
        Part::Structure => has_type(walk, of),
        Part::Condition => has_no_type(walk, of),
    }
    rules(walk, of);
    keys(walk, of);
    at(walk, of, &["properties"], |walk, properties| {
        for (key, property) in entries(properties) {
            walk.key(key, |walk| schema(walk, property, part));
        }
    });
    for field in ["items", "additionalProperties"] {
        at(walk, of, &[field], |walk, below| schema(walk, below, part));
    }
    at(walk, of, &["not"], |walk, below| schema(walk, below, Part::Condition));
    for field in ["allOf", "anyOf", "oneOf"] {
        let free = is_true(of, "x-kubernetes-int-or-string");
        each(walk, of, field, |walk, below| {
            if !free {
                schema(walk, below, Part::Condition);
            }
        });
    }
}

fn has_type<'a>(walk: &mut Walk<'a>, of: &'a Content) {
    let free =
        ["x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields"].iter().any(|key| is_true(of, key));
    match text(of, "type") {
        Some(written) if TYPES.contains(&written) => {}
        None if free => {}
        None | Some("") => walk.push(
            wrong(walk, "a schema does not say what type its values have")
                .label("`type` must be written here")
                .help(format!("write one of {}", listed(TYPES.iter().copied())))
                .on_key(),
        ),
        Some(written) => on(walk, of, "type", |walk| {
            wrong(walk, &format!("`{written}` is no type of a schema"))
                .label("no such type")
                .help(format!("write one of {}", listed(TYPES.iter().copied())))
        }),
    }
}

fn has_no_type<'a>(walk: &mut Walk<'a>, of: &'a Content) {
    for field in ["type", "default", "description", "title", "additionalProperties"] {
        if has(of, field) {
            on(walk, of, field, |walk| {
                wrong(walk, &format!("`{field}` stands in a condition of a schema"))
                    .label("not here")
                    .help("write it in the schema around the condition")
            });
        }
    }
}

fn rules<'a>(walk: &mut Walk<'a>, of: &'a Content) {
    each(walk, of, "x-kubernetes-validations", |walk, rule| {
        if text(rule, "rule").is_none_or(|rule| rule.trim().is_empty()) {
            on(walk, rule, "rule", |walk| {
                wrong(walk, "a rule is empty").label("nothing to check").help("write an expression in CEL")
            });
        } else if let Some(flaw) = text(rule, "rule").and_then(crate::verify::cel::flaw) {
            on(walk, rule, "rule", |walk| {
                wrong(walk, &flaw).label("cannot be read").help("a rule is an expression in CEL about `self`")
            });
        }
    });
}

/// The keys of a list must be there in each item.
fn keys<'a>(walk: &mut Walk<'a>, of: &'a Content) {
    let Some(written) = of.get("x-kubernetes-list-map-keys") else { return };
    let Some(below) = of.get("items") else { return };
    let required = below.get("required").map(items).unwrap_or_default();
    let properties = below.get("properties");
    at(walk, of, &["x-kubernetes-list-map-keys"], |walk, keys| {
        for (index, key) in items(keys).iter().enumerate() {
            let Some(key) = key.as_str() else { continue };
            let property = properties.and_then(|properties| properties.get(key));
            let is_required = required.iter().any(|one| one.as_str() == Some(key));
            let fault = match property {
                None => format!("the items have no field `{key}`"),
                Some(property) if !is_required && !has(property, "default") => {
                    format!("an item may lack its key `{key}`")
                }
                Some(_) => continue,
            };
            walk.item(index, |walk| {
                let fault = wrong(walk, &fault)
                    .label("a key of the items")
                    .help("name a field that `required` names too, or that has a default");
                walk.push(fault);
            });
        }
    });
    let twice = items(written).iter().enumerate().find(|(at, key)| items(written)[..*at].contains(key));
    if twice.is_some() {
        on(walk, of, "x-kubernetes-list-map-keys", |walk| {
            wrong(walk, "a key of the items is named twice").label("twice").help("take one away")
        });
    }
}

fn wrong(walk: &Walk<'_>, message: &str) -> Fault {
    walk.fault(code::OBJECT_DEFINITION, message).reason(
        "the API server takes a definition only with a structural schema: what a value is, it says for each field",
    )
}

#[cfg(test)]
mod tests {
    use super::super::tests::found;
    use serde_json::{Value, json};

    fn of(schema: &Value) -> Vec<String> {
        let found = found(&json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "queues.example.com"},
            "spec": {
                "group": "example.com", "names": {"plural": "queues", "kind": "Queue"}, "scope": "Namespaced",
                "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}],
            },
        }));
        found.into_iter().map(|line| line.replace("spec.versions.0.schema.openAPIV3Schema", "")).collect()
    }

    #[test]
    fn a_schema_says_what_its_values_are() {
        assert_eq!(of(&json!({"type": "object", "properties": {"a": {"type": "string"}}})), Vec::<String>::new());
        assert_eq!(
            of(&json!({"type": "object", "properties": {"a": {"x-kubernetes-int-or-string": true}}})),
            Vec::<String>::new()
        );
        let found = of(&json!({"type": "object", "properties": {"a": {}, "b": {"type": "text"}}}));
        assert_eq!(
            found,
            [
                ".properties.a: a schema does not say what type its values have",
                ".properties.b.type: `text` is no type of a schema"
            ]
        );
        let found = of(&json!({"type": "object", "anyOf": [{"type": "object"}]}));
        assert_eq!(found, [".anyOf.0.type: `type` stands in a condition of a schema"]);
    }

    #[test]
    fn the_keys_of_a_list_are_there() {
        let list = |required: Value| {
            json!({"type": "object", "properties": {"a": {
                "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
                "items": {"type": "object", "properties": {"name": {"type": "string"}}, "required": required},
            }}})
        };
        assert_eq!(of(&list(json!(["name"]))), Vec::<String>::new());
        assert_eq!(
            of(&list(json!([]))),
            [".properties.a.x-kubernetes-list-map-keys.0: an item may lack its key `name`"]
        );
    }

    #[test]
    fn a_rule_is_an_expression() {
        let rule = |rule: &str| of(&json!({"type": "object", "x-kubernetes-validations": [{"rule": rule}]}));
        assert_eq!(rule("self.a == self.b"), Vec::<String>::new());
        assert_eq!(rule("").len(), 1);
        assert_eq!(rule("self.a ==").len(), 1);
    }
}
