//! Variables of containers. Source: `ValidateEnv` and `ValidateEnvFrom`.

use super::metadata::reference;
use super::{at, each, one_of, text};
use crate::diagnostic::code;
use crate::kube::Content;
use crate::verify::schema::Walk;

const SOURCES: &[&str] = &["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"];

pub(super) fn variables_are_valid<'a>(container: &'a Content, walk: &mut Walk<'a>) {
    each(walk, container, "env", |walk, variable| {
        if text(variable, "name").is_some_and(|name| !is_name(name)) {
            super::on(walk, variable, "name", |walk| {
                walk.fault(code::OBJECT_CONTAINER, "this is no name of a variable")
                    .label("not a name")
                    .reason("a variable is named by printable ASCII without `=`")
            });
        }
        at(walk, variable, &["valueFrom"], |walk, from| {
            one_of(walk, from, SOURCES, code::OBJECT_CONTAINER, "the source of this variable");
            at(walk, from, &["fieldRef"], field);
            for (of, what) in [("configMapKeyRef", "a ConfigMap"), ("secretKeyRef", "a Secret")] {
                at(walk, from, &[of], |walk, of| {
                    reference(walk, of, "name", what);
                    key(walk, of);
                });
            }
        });
        if super::has(variable, "valueFrom") && text(variable, "value").is_some_and(|value| !value.is_empty()) {
            super::on(walk, variable, "valueFrom", |walk| {
                walk.fault(code::OBJECT_CONTAINER, "the variable has a value and a source of one")
                    .label("beside `value`")
                    .reason("the API server refuses the two together")
                    .help("keep one of them")
                    .on_key()
            });
        }
    });
    each(walk, container, "envFrom", |walk, from| {
        one_of(walk, from, &["configMapRef", "secretRef"], code::OBJECT_CONTAINER, "this source of variables");
        at(walk, from, &["configMapRef"], |walk, of| reference(walk, of, "name", "a ConfigMap"));
        at(walk, from, &["secretRef"], |walk, of| reference(walk, of, "name", "a Secret"));
    });
}

fn key<'a>(walk: &mut Walk<'a>, of: &'a Content) {
    if let Some(Err(refusal)) = text(of, "key").map(crate::spec::text::data_key) {
        super::on(walk, of, "key", |walk| {
            walk.fault(code::OBJECT_CONTAINER, refusal.message)
                .label("not a key")
                .reason("the API server refuses it")
                .help(refusal.help)
        });
    }
}

/// What a pod knows of itself. Source: `validateObjectFieldSelector`.
fn field<'a>(walk: &mut Walk<'a>, of: &'a Content) {
    const FIELDS: &[&str] = &[
        "metadata.name",
        "metadata.namespace",
        "metadata.uid",
        "spec.nodeName",
        "spec.serviceAccountName",
        "status.hostIP",
        "status.hostIPs",
        "status.podIP",
        "status.podIPs",
    ];
    let Some(path) = text(of, "fieldPath") else { return };
    let of_map = ["metadata.labels['", "metadata.annotations['"]
        .into_iter()
        .any(|map| path.starts_with(map) && path.ends_with("']"));
    if !of_map && !FIELDS.contains(&path) {
        super::on(walk, of, "fieldPath", |walk| {
            walk.fault(code::OBJECT_CONTAINER, format!("a variable cannot have the value of `{path}`"))
                .label("not a field that is given")
                .reason("the API server takes few fields of a pod")
                .suggest(crate::diagnostic::nearest(path, FIELDS.iter().copied()))
                .help(format!(
                    "its fields are {}, and one label or annotation such as `metadata.labels['app']`",
                    crate::diagnostic::listed(FIELDS.iter().copied())
                ))
        });
    }
}

/// Printable ASCII: stable since 1.34 (KEP-4369), on by default since 1.32.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| (b' '..=b'~').contains(&b) && b != b'=')
}

#[cfg(test)]
mod tests {
    use crate::verify::laws::tests::in_container;
    use serde_json::json;

    #[test]
    fn a_variable_has_one_source() {
        assert!(in_container(&json!({"env": [{"name": "A", "value": "x"}, {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]})).is_empty());
        assert_eq!(in_container(&json!({"env": [{"name": "A", "valueFrom": {}}]})).len(), 1);
        assert_eq!(
            in_container(
                &json!({"env": [{"name": "A", "value": "x", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]})
            )
            .len(),
            1
        );
        assert_eq!(in_container(&json!({"env": [{"name": "A=B", "value": "x"}]})).len(), 1);
        assert_eq!(in_container(&json!({"envFrom": [{"prefix": "A"}]})).len(), 1);
    }
}
