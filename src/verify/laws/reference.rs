//! Names that refer to another object, or to a part of one: an empty one names nothing.

use super::{Subject, entries, get, on};
use crate::diagnostic::code;
use crate::kube::Content;
use crate::verify::schema::{Step, Walk};

/// The fields that an empty text leaves without a meaning, by the field that holds them.
const FIELDS: &[(&str, &[&str])] = &[
    ("configMapKeyRef", &["name"]),
    ("secretKeyRef", &["name"]),
    ("configMapRef", &["name"]),
    ("secretRef", &["name"]),
    ("configMap", &["name"]),
    ("items", &["key", "path"]),
    ("topologySpreadConstraints", &["topologyKey"]),
    ("scaleTargetRef", &["kind", "name"]),
    ("resource", &["name"]),
    ("metric", &["name"]),
];

/// Kinds that hold such names.
const HOLDERS: &[(&str, &[&str])] = &[
    ("", &["Pod"]),
    ("apps", &["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"]),
    ("batch", &["Job", "CronJob"]),
    ("autoscaling", &["HorizontalPodAutoscaler"]),
];

pub(super) fn references_have_names<'a>(subject: Subject<'a>, walk: &mut Walk<'a>) {
    if !HOLDERS.iter().any(|(group, kinds)| subject.is(group, kinds)) {
        return;
    }
    if let Some(spec) = get(subject.content, &["spec"]) {
        walk.key("spec", |walk| below(walk, spec, "spec"));
    }
}

fn below<'a>(walk: &mut Walk<'a>, content: &'a Content, field: &str) {
    match content {
        Content::Map(_) => {
            let known = FIELDS.iter().find(|(known, _)| *known == field);
            for name in known.map(|(_, names)| *names).unwrap_or_default() {
                empty(walk, content, name);
            }
            for (key, value) in entries(content) {
                walk.key(key, |walk| below(walk, value, key));
            }
        }
        Content::List(items) => {
            for (at, item) in items.iter().enumerate() {
                walk.within(Step::Item(at), |walk| below(walk, item, field));
            }
        }
        _ => {}
    }
}

fn empty<'a>(walk: &mut Walk<'a>, content: &'a Content, name: &'static str) {
    if content.get(name).and_then(Content::as_str) == Some("") {
        on(walk, content, name, |walk| {
            walk.fault(code::OBJECT_REFERENCE, format!("`{name}` is empty"))
                .label("names nothing")
                .reason("the API server refuses a reference to nothing")
                .help("write the name of what is meant")
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::in_container;
    use serde_json::json;

    #[test]
    fn a_reference_names_something() {
        let from =
            |name: &str| json!({"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": name, "key": "a"}}}]});
        assert_eq!(in_container(&from("db")), Vec::<String>::new());
        assert_eq!(in_container(&from("")), ["env.0.valueFrom.secretKeyRef.name: `name` is empty"]);
    }
}
