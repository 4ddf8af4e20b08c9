//! The schemas in definitions of custom resources. Source: the validation of structural schemas in `apiextensions`.

use super::{Subject, at, each, entries, has, is_true, items, on, text};
use crate::diagnostic::{code, listed};
use crate::kube::Content;
use crate::policy::About;
use crate::verify::schema::{Fault, Walk};

const TYPES: &[&str] = &["array", "boolean", "integer", "number", "object", "string"];
/// How the items of a list are told apart: not at all, by their value, by their keys.
const LISTS: &[&str] = &["atomic", "set", "map"];

/// Where a schema stands in another.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// It says what a value is.
    Structure,
    /// It only narrows what the structure around it says: under `anyOf`, `not` and the like.
    Condition,
}

pub(super) fn schemas_are_structural<'a>(subject: Subject<'a>, walk: &mut Walk<'a>) {
    if !subject.is("apiextensions.k8s.io", &["CustomResourceDefinition"]) {
        return;
    }
    at(walk, subject.content, &["spec"], |walk, spec| {
        each(walk, spec, "versions", |walk, version| {
            at(walk, version, &["schema", "openAPIV3Schema"], |walk, whole| schema(walk, whole, Part::Structure));
        });
    });
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
    if part == Part::Structure {
        list(walk, of);
    }
    at(walk, of, &["properties"], |walk, properties| {
        for (key, property) in entries(properties) {
            walk.key(key, |walk| schema(walk, property, part));
        }
    });
    for field in ["items", "additionalProperties"] {
        at(walk, of, &[field], |walk, below| schema(walk, below, part));
    }
    at(walk, of, &["not"], |walk, below| schema(walk, below, Part::Condition));
    let either = is_true(of, "x-kubernetes-int-or-string");
    for field in ["allOf", "anyOf", "oneOf"] {
        if either && field == "anyOf" {
            at(walk, of, &["anyOf"], number_or_text);
        } else if !(either && field == "allOf") {
            each(walk, of, field, |walk, below| schema(walk, below, Part::Condition));
        }
    }
}

/// What is a number or a text may say so, in this one way.
fn number_or_text<'a>(walk: &mut Walk<'a>, any_of: &'a Content) {
    let wrong = |walk: &Walk<'_>| {
        wrong(walk, "a number or a text is not described as the API server takes it")
            .label("not one of the two")
            .help("write `anyOf: [{type: integer}, {type: string}]`, or leave it out")
    };
    let parts = items(any_of);
    if !matches!(parts.len(), 0 | 2) {
        walk.push(wrong(walk).on_key());
    }
    // An empty list says nothing.
    let is_so = |(part, of): (&Content, &str)| {
        matches!(part, Content::Map(fields) if fields.len() == 1) && text(part, "type") == Some(of)
    };
    if let Some(index) = parts.iter().zip(["integer", "string"]).position(|pair| !is_so(pair)) {
        walk.item(index, |walk| walk.push(wrong(walk)));
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
        } else if let Some(misfit) = text(rule, "rule").and_then(|rule| About::Resource.misfit(rule)) {
            on(walk, rule, "rule", |walk| {
                super::condition(wrong(walk, &misfit.message), &misfit, "a rule is a condition in CEL about `self`")
            });
        }
    });
}

/// A list says what its items are, and how one is told from another.
fn list<'a>(walk: &mut Walk<'a>, of: &'a Content) {
    if text(of, "type") == Some("array") && !has(of, "items") {
        walk.push(
            wrong(walk, "the schema of a list does not say what its items are")
                .label("needs `items`")
                .help("write the schema of one item under `items`")
                .on_key(),
        );
    }
    let kind = text(of, "x-kubernetes-list-type");
    if kind.is_some_and(|kind| !LISTS.contains(&kind)) {
        on(walk, of, "x-kubernetes-list-type", |walk| {
            wrong(walk, "this is no kind of list")
                .label("no such kind")
                .help(format!("write one of {}", listed(LISTS.iter().copied())))
        });
    }
    let has_keys = of.get("x-kubernetes-list-map-keys").is_some_and(|keys| !items(keys).is_empty());
    if kind == Some("map") && !has_keys {
        on(walk, of, "x-kubernetes-list-map-keys", |walk| {
            wrong(walk, "the items of a list are told apart by their keys, and none is named")
                .label("no key")
                .help("name the fields of an item that no other one has alike: `[name]`")
        });
    }
    if matches!(kind, None | Some("atomic" | "set")) && has_keys {
        on(walk, of, "x-kubernetes-list-map-keys", |walk| {
            wrong(walk, "only a list whose items are told apart by their keys has keys")
                .label("of no use here")
                .help("write `x-kubernetes-list-type: map` beside it")
                .on_key()
        });
    }
    keys(walk, of);
}

/// The keys of a list must be there in each item.
fn keys<'a>(walk: &mut Walk<'a>, of: &'a Content) {
    let Some(below) = of.get("items") else { return };
    let required = below.get("required").map(items).unwrap_or_default();
    let properties = below.get("properties");
    at(walk, of, &["x-kubernetes-list-map-keys"], |walk, keys| {
        for (index, written) in items(keys).iter().enumerate() {
            let key = written.as_str().unwrap_or_default();
            let property = properties.and_then(|properties| properties.get(key));
            let is_required = required.iter().any(|one| one.as_str() == Some(key));
            let fault = match property {
                None => format!("the items have no field `{key}`"),
                Some(property) if !is_required && !has(property, "default") => {
                    format!("an item may lack its key `{key}`")
                }
                Some(_) if items(keys)[..index].contains(written) => format!("the key `{key}` is named twice"),
                Some(_) => continue,
            };
            walk.item(index, |walk| {
                let fault = wrong(walk, &fault)
                    .label("a key of the items")
                    .help("name a field that `required` names too, or that has a default, once");
                walk.push(fault);
            });
        }
    });
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
    fn a_list_says_how_its_items_differ() {
        let list = |layer: &Value| {
            let mut whole = json!({"type": "array", "items": {"type": "string"}});
            json_patch::merge(&mut whole, layer);
            of(&json!({"type": "object", "properties": {"a": whole}})).len()
        };
        assert_eq!(list(&json!({})), 0);
        assert_eq!(list(&json!({"items": null})), 1);
        assert_eq!(list(&json!({"x-kubernetes-list-type": "set"})), 0);
        assert_eq!(list(&json!({"x-kubernetes-list-type": "sorted"})), 1);
        assert_eq!(list(&json!({"x-kubernetes-list-type": "map"})), 1);
        assert_eq!(list(&json!({"x-kubernetes-list-map-keys": ["name"]})), 2);
    }

    #[test]
    fn a_number_or_a_text_is_described_in_one_way() {
        let either = |any_of: &Value| {
            of(&json!({"type": "object", "properties": {"a": {"x-kubernetes-int-or-string": true, "anyOf": any_of}}}))
                .len()
        };
        assert_eq!(either(&json!([{"type": "integer"}, {"type": "string"}])), 0);
        assert_eq!(either(&json!([{"type": "integer"}])), 1);
        assert_eq!(either(&json!([{"type": "integer"}, {"type": "text"}])), 1);
        assert_eq!(either(&json!([{"type": "integer"}, {"type": "string"}, {"type": "string"}])), 1);
    }

    #[test]
    fn a_rule_is_an_expression_about_self() {
        let rule = |rule: &str| of(&json!({"type": "object", "x-kubernetes-validations": [{"rule": rule}]}));
        assert_eq!(rule("self.a == self.b && self.all(x, x == oldSelf)"), Vec::<String>::new());
        assert_eq!(rule("").len(), 1);
        assert_eq!(rule("self.a ==").len(), 1);
        assert_eq!(rule("object.a == 1").len(), 1);
        assert_eq!(rule("self.longest() == 1").len(), 1);
    }
}
