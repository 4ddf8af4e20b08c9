//! Definitions of custom resources: their names and versions. Source: `validateCustomResourceDefinitionSpec` in
//! `apiextensions`. What their schemas say is in `structural`.

use super::{Subject, at, each, entries, has, is_true, items, on, text};
use crate::diagnostic::{code, listed};
use crate::kube::Content;
use crate::spec::text as rules;
use crate::verify::schema::{Fault, Walk};

/// What a column of `kubectl get` may show.
const COLUMNS: &[&str] = &["boolean", "date", "integer", "number", "string"];

pub(super) fn definitions_are_valid<'a>(subject: Subject<'a>, walk: &mut Walk<'a>) {
    if !subject.is("apiextensions.k8s.io", &["CustomResourceDefinition"]) {
        return;
    }
    at(walk, subject.content, &["spec"], |walk, spec| {
        named_by_group(subject.content, spec, walk);
        if text(spec, "group").is_some_and(|group| !group.contains('.') || rules::dns_name(group).is_err()) {
            on(walk, spec, "group", |walk| wrong(walk, "this is no group of kinds", "a DNS name with a dot"));
        }
        at(walk, spec, &["names"], names);
        versions(spec, walk);
    });
}

fn named_by_group(definition: &Content, spec: &Content, walk: &mut Walk<'_>) {
    let name = definition.get("metadata").and_then(|metadata| text(metadata, "name"));
    let plural = spec.get("names").and_then(|names| text(names, "plural"));
    let (Some(name), Some(plural), Some(group)) = (name, plural, text(spec, "group")) else { return };
    let wanted = format!("{plural}.{group}");
    if name != wanted {
        walk.push(
            wrong(
                walk,
                &format!("the definition is called `{name}`, and its kind `{wanted}`"),
                &format!("`metadata.name` must be `{wanted}`"),
            )
            .help("write both alike")
            .on_key(),
        );
    }
}

/// What a kind is called. Capitals are for the kind itself.
fn names<'a>(walk: &mut Walk<'a>, names: &'a Content) {
    for field in ["plural", "singular"] {
        let wrong = |name: &str| !name.is_empty() && rules::service_name(name).is_err();
        if text(names, field).is_some_and(wrong) {
            on(walk, names, field, |walk| no_name(walk));
        }
    }
    for field in ["kind", "listKind"] {
        // The kind of lists has a default.
        let wrong = |name: &str| {
            if name.is_empty() { field == "kind" } else { rules::service_name(&name.to_lowercase()).is_err() }
        };
        if text(names, field).is_some_and(wrong) {
            on(walk, names, field, |walk| no_name(walk));
        }
    }
    if text(names, "kind").is_some() && text(names, "kind") == text(names, "listKind") {
        on(walk, names, "listKind", |walk| wrong(walk, "a kind and its lists are called alike", "must differ"));
    }
    for field in ["shortNames", "categories"] {
        each(walk, names, field, |walk, name| {
            // Nothing is read as an empty name.
            if rules::service_name(name.as_str().unwrap_or_default()).is_err() {
                walk.push(no_name(walk));
            }
        });
    }
}

fn no_name(walk: &Walk<'_>) -> Fault {
    wrong(walk, "this is no name of a kind", "not a DNS label")
        .help("use letters, digits and `-`, at most 63, from a letter on; capitals only in `kind` and `listKind`")
}

fn versions<'a>(spec: &'a Content, walk: &mut Walk<'a>) {
    let all = spec.get("versions").map(items).unwrap_or_default();
    let stored = all.iter().filter(|version| is_true(version, "storage")).count();
    if stored != 1 {
        on(walk, spec, "versions", |walk| {
            wrong(
                walk,
                &format!("objects are stored in one version, and {stored} say that they are it"),
                "one of these",
            )
            .help("write `storage: true` in one version, and `storage: false` in the others")
        });
    }
    let mut known: Vec<&str> = Vec::new();
    each(walk, spec, "versions", |walk, version| {
        let name = text(version, "name").unwrap_or_default();
        if rules::service_name(name).is_err() {
            on(walk, version, "name", |walk| wrong(walk, "this is no name of a version", "such as `v1`"));
        } else if known.contains(&name) {
            on(walk, version, "name", |walk| wrong(walk, &format!("there are two versions `{name}`"), "again"));
        }
        known.push(name);
        one_version(walk, version);
    });
}

fn one_version<'a>(walk: &mut Walk<'a>, version: &'a Content) {
    if !has(version, "schema") {
        on(walk, version, "schema", no_schema);
    }
    at(walk, version, &["schema"], |walk, schema| {
        if !has(schema, "openAPIV3Schema") {
            on(walk, schema, "openAPIV3Schema", no_schema);
        }
    });
    at(walk, version, &["subresources", "status"], |walk, status| {
        if !matches!(status, Content::Map(_)) || !entries(status).is_empty() {
            walk.push(wrong(walk, "what says that there is a status says nothing else", "must be `{}`").on_key());
        }
    });
    each(walk, version, "additionalPrinterColumns", column);
}

fn no_schema(walk: &Walk<'_>) -> Fault {
    wrong(walk, "a version has no schema", "needs `schema.openAPIV3Schema`")
        .help("write one; `type: object` with `x-kubernetes-preserve-unknown-fields: true` takes anything")
}

fn column<'a>(walk: &mut Walk<'a>, column: &'a Content) {
    if text(column, "name") == Some("") {
        on(walk, column, "name", |walk| wrong(walk, "a column has no name", "write what stands above it"));
    }
    if text(column, "type").is_some_and(|of| !COLUMNS.contains(&of)) {
        on(walk, column, "type", |walk| {
            wrong(walk, "a column does not show such a thing", "no such type")
                .help(format!("write one of {}", listed(COLUMNS.iter().copied())))
        });
    }
    if text(column, "jsonPath").is_some_and(|path| !path.starts_with('.')) {
        on(walk, column, "jsonPath", |walk| {
            wrong(walk, "this is no path to a field", "must start with `.`").help("such as `.status.phase`")
        });
    }
}

fn wrong(walk: &Walk<'_>, message: &str, label: &str) -> Fault {
    walk.fault(code::OBJECT_DEFINITION, message).label(label).reason("the API server refuses such a definition")
}

#[cfg(test)]
mod tests {
    use super::super::tests::found;
    use serde_json::{Value, json};

    fn with(layer: &Value) -> Vec<String> {
        let mut whole = json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "queues.example.com"},
            "spec": {
                "group": "example.com", "names": {"plural": "queues", "kind": "Queue"}, "scope": "Namespaced",
                "versions": [version(&json!({}))],
            },
        });
        json_patch::merge(&mut whole, &json!({"spec": layer}));
        found(&whole)
    }

    fn version(layer: &Value) -> Value {
        let mut whole = json!({
            "name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}},
        });
        json_patch::merge(&mut whole, layer);
        whole
    }

    #[test]
    fn names_are_labels() {
        assert_eq!(with(&json!({})), Vec::<String>::new());
        assert_eq!(with(&json!({"names": {"kind": "My Queue"}})).len(), 1);
        assert_eq!(with(&json!({"names": {"listKind": "Queue"}})).len(), 1);
        assert_eq!(with(&json!({"names": {"singular": "Queue"}})).len(), 1);
        assert_eq!(with(&json!({"names": {"shortNames": ["q", "Q", null]}})).len(), 2);
        assert_eq!(
            with(&json!({"group": "example"})),
            [
                "spec: the definition is called `queues.example.com`, and its kind `queues.example`",
                "spec.group: this is no group of kinds",
            ]
        );
    }

    #[test]
    fn one_version_is_stored() {
        let versions = |all: &[Value]| with(&json!({"versions": all})).len();
        assert_eq!(versions(&[]), 1);
        assert_eq!(versions(&[version(&json!({"storage": false}))]), 1);
        assert_eq!(versions(&[version(&json!({})), version(&json!({"storage": false}))]), 1);
        assert_eq!(versions(&[version(&json!({})), version(&json!({"name": "v2", "storage": false}))]), 0);
        assert_eq!(versions(&[version(&json!({"name": "1"}))]), 1);
    }

    #[test]
    fn a_version_has_a_schema_and_columns() {
        let one = |layer: &Value| with(&json!({"versions": [version(layer)]})).len();
        assert_eq!(one(&json!({"schema": null})), 1);
        assert_eq!(one(&json!({"schema": {"openAPIV3Schema": null}})), 1);
        assert_eq!(one(&json!({"subresources": {"status": {}}})), 0);
        assert_eq!(one(&json!({"subresources": {"status": {"phase": true}}})), 1);
        let column = |name: &str, of: &str, path: &str| {
            one(&json!({"additionalPrinterColumns": [{"name": name, "type": of, "jsonPath": path}]}))
        };
        assert_eq!(column("Phase", "string", ".status.phase"), 0);
        assert_eq!(column("", "text", "status.phase"), 3);
    }
}
