//! Names, labels and annotations. Source: `ValidateObjectMeta` of apimachinery.

use super::{Subject, at, entries, text};
use crate::diagnostic::code;
use crate::kube::Content;
use crate::spec::text as rules;
use crate::verify::schema::Walk;

/// Bytes of all annotations of one object.
const ANNOTATIONS: usize = 256 * 1024;

pub(super) fn names_fit_their_kind<'a>(subject: Subject<'a>, walk: &mut Walk<'a>) {
    at(walk, subject.content, &["metadata", "name"], |walk, name| {
        let Some(name) = name.as_str() else { return };
        if let Some((rule, help)) = wrong_name(subject, name, walk.minor) {
            walk.push(
                walk.fault(code::OBJECT_NAME, format!("`{name}` cannot be the name of a {}", subject.kind))
                    .label(rule)
                    .reason("the API server refuses an object with such a name")
                    .help(help),
            );
        }
    });
    at(walk, subject.content, &["metadata", "namespace"], |walk, namespace| {
        if namespace.as_str().is_some_and(|name| rules::dns_label(name).is_err()) {
            walk.push(
                walk.fault(code::OBJECT_NAME, "this is no name of a namespace")
                    .label("not a DNS label")
                    .reason("a namespace is named by a DNS label: lower-case letters, digits and `-`, at most 63"),
            );
        }
    });
}

/// What is wrong with a name, and what to do.
fn wrong_name(subject: Subject<'_>, name: &str, minor: u32) -> Option<(&'static str, &'static str)> {
    const LABEL: (&str, &str) = ("not a DNS label", "use lower-case letters, digits and `-`, at most 63");
    match (subject.group, subject.kind) {
        ("rbac.authorization.k8s.io", _) => {
            let wrong = matches!(name, "." | "..") || name.contains(['/', '%']);
            wrong.then_some(("not part of a path", "leave `/` and `%` out"))
        }
        ("", "Namespace") if rules::dns_label(name).is_err() => Some(LABEL),
        // Names that start with a digit: on by default since 1.36 (KEP-5311).
        ("", "Service") if minor >= 36 => rules::dns_label(name).is_err().then_some(LABEL),
        ("", "Service") if rules::service_name(name).is_err() => {
            Some(("not a DNS label that starts with a letter", "use lower-case letters, digits and `-`, at most 63"))
        }
        ("batch", "CronJob") if name.len() > 52 => {
            Some(("more than 52 characters", "the name of each of its Jobs has 11 more, and 63 are the limit"))
        }
        ("batch", "Job") if name.len() > 63 => {
            Some(("more than 63 characters", "the name is the value of a label of its pods"))
        }
        _ if rules::dns_name(name).is_err() => {
            Some(("not a DNS subdomain", "use lower-case letters, digits, `-` and `.`, at most 253"))
        }
        _ => None,
    }
}

pub(super) fn labels_and_annotations_are_valid<'a>(subject: Subject<'a>, walk: &mut Walk<'a>) {
    metadata(subject.content, walk);
    if let Some((way, template)) = subject.template().filter(|(way, _)| !way.is_empty()) {
        let _ = template;
        at(walk, subject.content, way, |walk, template| metadata(template, walk));
    }
}

fn metadata<'a>(content: &'a Content, walk: &mut Walk<'a>) {
    at(walk, content, &["metadata", "labels"], labels);
    at(walk, content, &["metadata", "annotations"], annotations);
    at(walk, content, &["metadata"], |walk, metadata| super::each(walk, metadata, "finalizers", finalizer));
}

/// A finalizer has a domain, but for those of Kubernetes itself.
fn finalizer<'a>(walk: &mut Walk<'a>, name: &'a Content) {
    let name = name.as_str().unwrap_or_default();
    let standard = matches!(name, "orphan" | "foregroundDeletion" | "kubernetes");
    if !standard && (!name.contains('/') || rules::label_name(name).is_err()) {
        walk.push(
            walk.fault(code::OBJECT_LABEL, format!("`{name}` is no finalizer"))
                .label("needs a domain")
                .reason("the API server takes `domain/name` only"),
        );
    }
}

/// The names and values of labels.
pub(super) fn labels<'a>(walk: &mut Walk<'a>, labels: &'a Content) {
    for (key, value) in entries(labels) {
        walk.key(key, |walk| {
            label_key(walk, key);
            if let Some(value) = value.as_str() {
                label_value(walk, value);
            }
        });
    }
}

pub(super) fn label_key(walk: &mut Walk<'_>, key: &str) {
    if let Err(refusal) = rules::label_name(key) {
        walk.push(
            walk.fault(code::OBJECT_LABEL, refusal.message)
                .label("not a name")
                .reason("the API server refuses it")
                .help(refusal.help)
                .on_key(),
        );
    }
}

pub(super) fn label_value(walk: &mut Walk<'_>, value: &str) {
    if let Err(refusal) = rules::label_value(value) {
        walk.push(
            walk.fault(code::OBJECT_LABEL, refusal.message)
                .label("not a value of a label")
                .reason("the API server refuses it")
                .help(refusal.help),
        );
    }
}

fn annotations<'a>(walk: &mut Walk<'a>, annotations: &'a Content) {
    let mut size = 0;
    for (key, value) in entries(annotations) {
        size += key.len() + value.as_str().map_or(0, str::len);
        // Their names may have capitals in the prefix.
        walk.key(key, |walk| {
            if rules::label_name(key).is_err() {
                label_key(walk, &key.to_lowercase());
            }
        });
    }
    if size > ANNOTATIONS {
        walk.push(
            walk.fault(
                code::OBJECT_LABEL,
                format!("the annotations have {size} bytes, and {ANNOTATIONS} are the limit"),
            )
            .label("too many bytes")
            .reason("names and values of all annotations of an object count together"),
        );
    }
}

/// A reference by name, where it cannot be the name of anything.
pub(super) fn reference<'a>(walk: &mut Walk<'a>, content: &'a Content, key: &'static str, what: &str) {
    let Some(name) = text(content, key).filter(|name| !name.is_empty()) else { return };
    if rules::dns_name(name).is_err() {
        super::on(walk, content, key, |walk| {
            walk.fault(code::OBJECT_NAME, format!("`{name}` cannot be the name of {what}"))
                .label("not a DNS subdomain")
                .reason("the API server refuses it")
                .help("use lower-case letters, digits, `-` and `.`, at most 253")
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::verify::laws::tests::found;
    use serde_json::json;

    #[test]
    fn each_kind_has_its_names() {
        let named = |version: &str, kind: &str, name: &str| {
            found(&json!({"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": {"ports": [{"port": 80}]}}))
                .iter()
                .any(|line| line.starts_with("metadata.name"))
        };
        assert!(!named("v1", "ConfigMap", "a.b"));
        assert!(named("v1", "ConfigMap", "A"));
        assert!(named("v1", "Namespace", "a.b"));
        assert!(named("v1", "Service", "1a"));
        assert!(!named("rbac.authorization.k8s.io/v1", "Role", "system:a"));
        assert!(named("rbac.authorization.k8s.io/v1", "Role", "a/b"));
        assert!(named("batch/v1", "CronJob", &"a".repeat(53)));
    }

    #[test]
    fn labels_follow_their_grammar() {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a",
            "labels": {"a_b/c": "x", "ok": "not ok", "fine": "v1.2"}, "annotations": {"A.B/c": "anything goes", "!": ""}}});
        assert_eq!(
            found(&object),
            [
                "metadata.labels.a_b/c: `a_b/c` is not the name of a label or annotation",
                "metadata.labels.ok: `not ok` is not the value of a label",
                "metadata.annotations.!: `!` is not the name of a label or annotation",
            ]
        );
    }

    #[test]
    fn annotations_have_a_limit() {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "annotations": {"a": "x".repeat(262_144)}}});
        assert_eq!(found(&object).len(), 1);
    }
}
