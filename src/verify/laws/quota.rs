//! Quotas and limits of a namespace. Source: `ValidateResourceQuotaSpec` and `ValidateLimitRange`.

use super::resources::quantity;
use super::{Subject, at, each, entries, items, text};
use crate::diagnostic::{code, nearest};
use crate::kube::Content;
use crate::model::quantity::Quantity;
use crate::verify::schema::{Fault, Walk};

/// What a quota counts by a name without a domain.
const COUNTED: &[&str] = &[
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.storage",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "services.nodeports",
    "services.loadbalancers",
    "replicationcontrollers",
    "secrets",
    "persistentvolumeclaims",
    "configmaps",
];
/// What a container, a pod or a claim is limited in by a name without a domain.
const LIMITED: &[&str] = &["cpu", "memory", "ephemeral-storage", "storage"];

pub(super) fn quotas_and_limits_are_valid<'a>(subject: Subject<'a>, walk: &mut Walk<'a>) {
    match (subject.group, subject.kind) {
        ("", "ResourceQuota") => at(walk, subject.content, &["spec", "hard"], |walk, hard| {
            names(walk, hard, COUNTED);
            least(walk, hard);
        }),
        ("", "LimitRange") => at(walk, subject.content, &["spec"], limits),
        _ => {}
    }
}

fn limits<'a>(walk: &mut Walk<'a>, spec: &'a Content) {
    let all = spec.get("limits").map(items).unwrap_or_default();
    let mut known: Vec<Option<&str>> = Vec::with_capacity(all.len());
    each(walk, spec, "limits", |walk, limit| {
        let of = text(limit, "type");
        if known.contains(&of) {
            super::on(walk, limit, "type", |walk| {
                wrong(walk, "the limits of one type stand in two places", "again").help("put them together")
            });
        }
        known.push(of);
        for field in ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] {
            at(walk, limit, &[field], |walk, of| names(walk, of, LIMITED));
        }
    });
}

/// Names with a domain are anyone's own.
fn names<'a>(walk: &mut Walk<'a>, amounts: &'a Content, known: &[&str]) {
    for (name, _) in entries(amounts) {
        let is_page = name.trim_start_matches("requests.").starts_with("hugepages-");
        if name.contains('/') || is_page || known.contains(&name.as_str()) {
            continue;
        }
        let help = nearest(name, known.iter().copied()).map_or_else(
            || "write a name with a domain for a resource of your own".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        walk.key(name, |walk| {
            walk.push(
                wrong(walk, &format!("`{name}` is nothing that is counted"), "no such resource").help(help).on_key(),
            );
        });
    }
}

/// A quota lets at least nothing pass.
fn least<'a>(walk: &mut Walk<'a>, hard: &'a Content) {
    for (name, amount) in entries(hard) {
        if quantity(amount).is_some_and(Quantity::is_negative) {
            walk.key(name, |walk| {
                walk.push(wrong(walk, &format!("the amount of `{name}` is less than 0"), "must be at least 0"));
            });
        }
    }
}

fn wrong(walk: &Walk<'_>, message: &str, label: &str) -> Fault {
    walk.fault(code::OBJECT_QUOTA, message).label(label).reason("the API server refuses it")
}

#[cfg(test)]
mod tests {
    use crate::verify::laws::tests::found;
    use serde_json::{Value, json};

    fn with(kind: &str, spec: &Value) -> usize {
        found(&json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "a"}, "spec": spec})).len()
    }

    #[test]
    fn a_quota_counts_what_there_is() {
        let hard = |hard: Value| with("ResourceQuota", &json!({"hard": hard}));
        assert_eq!(hard(json!({"pods": 10, "requests.cpu": "4", "requests.nvidia.com/gpu": 2})), 0);
        assert_eq!(hard(json!({"count/jobs.batch": 10, "hugepages-2Mi": "1Gi"})), 0);
        assert_eq!(hard(json!({"pod": 10})), 1);
        assert_eq!(hard(json!({"pods": -1})), 1);
    }

    #[test]
    fn limits_of_a_type_stand_together() {
        let limits = |limits: Value| with("LimitRange", &json!({"limits": limits}));
        assert_eq!(limits(json!([{"type": "Container", "default": {"cpu": 1}}, {"type": "Pod"}])), 0);
        assert_eq!(limits(json!([{"type": "Container"}, {"type": "Container"}])), 1);
        assert_eq!(limits(json!([{"type": "Container", "defaultRequest": {"cpus": 1}}])), 1);
    }
}
