//! How a workload rolls out. Source: the validation of `apps`.

use super::{Subject, at, get, integer, text};
use crate::diagnostic::code;
use crate::kube::Content;
use crate::verify::schema::Walk;

pub(super) fn rollouts_can_move<'a>(subject: Subject<'a>, walk: &mut Walk<'a>) {
    let strategy = match (subject.group, subject.kind) {
        ("argoproj.io", "Rollout") => return replicas(subject, walk),
        ("apps", "Deployment") => "strategy",
        ("apps", "DaemonSet" | "StatefulSet") => "updateStrategy",
        _ => return,
    };
    at(walk, subject.content, &["spec", strategy], |walk, strategy| {
        if matches!(text(strategy, "type"), Some("Recreate" | "OnDelete")) && super::has(strategy, "rollingUpdate") {
            super::on(walk, strategy, "rollingUpdate", |walk| {
                walk.fault(code::OBJECT_ROLLOUT, "`rollingUpdate` stands beside a strategy that does not roll")
                    .label("not with this `type`")
                    .reason("the API server refuses the two together")
                    .help("take it away, or write `type: RollingUpdate`")
            });
        }
        at(walk, strategy, &["rollingUpdate"], bounds);
    });
    deadline(subject, walk);
    at(walk, subject.content, &["spec", "serviceName"], |walk, name| {
        let wrong = |name: &str| !name.is_empty() && crate::spec::text::dns_label(name).is_err();
        if subject.kind == "StatefulSet" && name.as_str().is_some_and(wrong) {
            walk.push(
                walk.fault(code::OBJECT_NAME, "this is no name of a Service")
                    .label("not a DNS label")
                    .reason("the API server refuses it")
                    .help("use lower-case letters, digits and `-`, at most 63"),
            );
        }
    });
}

/// The definition of Rollouts lets less than 0 pass, and their subresource `scale` does not.
fn replicas<'a>(subject: Subject<'a>, walk: &mut Walk<'a>) {
    at(walk, subject.content, &["spec"], |walk, spec| {
        if integer(spec, "replicas").is_some_and(|replicas| replicas < 0) {
            super::on(walk, spec, "replicas", |walk| {
                walk.fault(code::OBJECT_ROLLOUT, "there are fewer than 0 replicas")
                    .label("must be at least 0")
                    .reason("the API server refuses it")
            });
        }
    });
}

fn bounds<'a>(walk: &mut Walk<'a>, rolling: &'a Content) {
    for key in ["maxSurge", "maxUnavailable"] {
        amount(walk, rolling, key);
    }
    let zero = |key| is_zero(rolling.get(key));
    if zero("maxUnavailable") && zero("maxSurge") {
        super::on(walk, rolling, "maxUnavailable", |walk| {
            walk.fault(code::OBJECT_ROLLOUT, "`maxSurge` and `maxUnavailable` are both 0")
                .label("nothing may come before something goes")
                .reason("no pod could ever be replaced; the API server refuses it")
                .help("let one of them be at least 1")
        });
    }
}

fn is_zero(value: Option<&Content>) -> bool {
    match value {
        Some(Content::Integer(number)) => *number == 0,
        Some(Content::Text(text)) => text.strip_suffix('%').is_some_and(|number| number.parse() == Ok(0)),
        _ => false,
    }
}

/// A number of pods, or a part of all of them.
pub(super) fn amount<'a>(walk: &mut Walk<'a>, content: &'a Content, key: &'static str) {
    let wrong = match content.get(key) {
        Some(Content::Integer(number)) if i32::try_from(*number).is_err() => Some("is out of all bounds"),
        Some(Content::Integer(number)) => (*number < 0).then_some("is less than 0"),
        Some(Content::Text(text)) => match text.strip_suffix('%').and_then(|number| number.parse::<u32>().ok()) {
            None => Some("is neither a number nor a percentage"),
            Some(101..) if matches!(key, "maxUnavailable" | "minAvailable") => Some("is more than 100%"),
            Some(_) => None,
        },
        _ => None,
    };
    if let Some(wrong) = wrong {
        super::on(walk, content, key, |walk| {
            walk.fault(code::OBJECT_ROLLOUT, format!("`{key}` {wrong}"))
                .label("not an amount of pods")
                .reason("the API server takes a whole number, or a percentage in quotes")
                .help("write a number such as `1`, or a percentage such as `25%`")
        });
    }
}

fn deadline<'a>(subject: Subject<'a>, walk: &mut Walk<'a>) {
    let Some(spec) = get(subject.content, &["spec"]).filter(|_| subject.kind == "Deployment") else { return };
    let ready = integer(spec, "minReadySeconds").unwrap_or_default();
    let deadline = integer(spec, "progressDeadlineSeconds").unwrap_or(600);
    if deadline > ready {
        return;
    }
    let at = if super::has(spec, "progressDeadlineSeconds") { "progressDeadlineSeconds" } else { "minReadySeconds" };
    walk.key("spec", |walk| {
        super::on(walk, spec, at, |walk| {
            walk.fault(
                code::OBJECT_ROLLOUT,
                format!("the deadline of {deadline} s passes before a pod counts as ready"),
            )
            .label(format!("must be more than the {ready} s of `minReadySeconds`"))
            .reason("every rollout would fail; the API server refuses it")
        });
    });
}

#[cfg(test)]
mod tests {
    use crate::verify::laws::tests::{deployment, found};
    use serde_json::{Value, json};

    fn with(spec: &Value) -> Vec<String> {
        let mut object = deployment(&json!({"containers": [{"name": "api", "image": "api:1"}]}));
        json_patch::merge(&mut object, &json!({"spec": spec}));
        found(&object)
    }

    #[test]
    fn a_rollout_can_move() {
        assert_eq!(with(&json!({"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "0%"}}})).len(), 1);
        assert!(with(&json!({"strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}})).is_empty());
        assert_eq!(with(&json!({"strategy": {"rollingUpdate": {"maxSurge": "some"}}})).len(), 1);
        assert_eq!(with(&json!({"strategy": {"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}})).len(), 1);
        assert_eq!(with(&json!({"minReadySeconds": 60, "progressDeadlineSeconds": 60})).len(), 1);
        assert_eq!(with(&json!({"strategy": {"rollingUpdate": {"maxSurge": 99_999_999_999_i64}}})).len(), 1);
    }

    #[test]
    fn a_set_names_its_service_and_a_rollout_has_replicas() {
        let of = |api: &str, kind: &str, spec: Value| {
            let mut object = deployment(&json!({"containers": [{"name": "api", "image": "api:1"}]}));
            json_patch::merge(&mut object, &json!({"apiVersion": api, "kind": kind, "spec": spec}));
            found(&object).len()
        };
        assert_eq!(of("apps/v1", "StatefulSet", json!({"serviceName": "api"})), 0);
        assert_eq!(of("apps/v1", "StatefulSet", json!({"serviceName": "a.b"})), 1);
        assert_eq!(of("argoproj.io/v1alpha1", "Rollout", json!({"replicas": -1})), 1);
    }
}
