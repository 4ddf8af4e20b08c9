//! Autoscalers. Source: the validation of `autoscaling`.

use super::{Subject, at, each, has, integer, items, text};
use crate::diagnostic::code;
use crate::kube::Content;
use crate::model::quantity::Quantity;
use crate::target::Gate;
use crate::verify::schema::Walk;

/// The types of metrics and the field of each.
const METRICS: &[(&str, &str)] = &[
    ("Resource", "resource"),
    ("ContainerResource", "containerResource"),
    ("Pods", "pods"),
    ("Object", "object"),
    ("External", "external"),
];

pub(super) fn scalers_are_valid<'a>(subject: Subject<'a>, walk: &mut Walk<'a>) {
    if !subject.is("autoscaling", &["HorizontalPodAutoscaler"]) {
        return;
    }
    at(walk, subject.content, &["spec"], |walk, spec| {
        let least = integer(spec, "minReplicas");
        let most = integer(spec, "maxReplicas");
        if let (Some(least), Some(most)) = (least, most)
            && least > most
        {
            super::on(walk, spec, "maxReplicas", |walk| {
                wrong(walk, &format!("at most {most}, but at least {least}"), "less than `minReplicas`")
            });
        }
        if least == Some(0) {
            to_zero(spec, walk);
        }
        each(walk, spec, "metrics", metric);
        for direction in ["scaleUp", "scaleDown"] {
            at(walk, spec, &["behavior", direction], |walk, rules| {
                if rules
                    .get("policies")
                    .is_some_and(|policies| matches!(policies, Content::List(all) if all.is_empty()))
                {
                    super::on(walk, rules, "policies", |walk| {
                        wrong(walk, "the list of policies is empty", "at least one is needed")
                    });
                }
                if rules.get("tolerance").and_then(super::resources::quantity).is_some_and(Quantity::is_negative) {
                    super::on(walk, rules, "tolerance", |walk| {
                        wrong(walk, "the tolerance is less than 0", "must be at least 0")
                    });
                }
            });
        }
        at(walk, spec, &["scaleTargetRef"], target);
    });
}

/// What is scaled has a group. Source: `ValidateAPIVersion`, since 1.34.
fn target<'a>(walk: &mut Walk<'a>, target: &'a Content) {
    let written = text(target, "apiVersion").unwrap_or_default();
    if matches!(written.split_once('/'), Some((group, version)) if !group.is_empty() && !version.contains('/')) {
        return;
    }
    super::on(walk, target, "apiVersion", |walk| {
        let fault = wrong(walk, "what is scaled has no group", "a group and a version, such as `apps/v1`")
            .help("write the `apiVersion` of the object that is scaled");
        if walk.minor < 34 { fault.reason("the controller finds nothing to scale").warning() } else { fault }
    });
}

fn to_zero<'a>(spec: &'a Content, walk: &mut Walk<'a>) {
    let measured = spec.get("metrics").map(items).unwrap_or_default();
    let outside = measured.iter().any(|metric| matches!(text(metric, "type"), Some("Object" | "External")));
    if walk.minor < Gate::HpaScaleToZero.since() {
        super::on(walk, spec, "minReplicas", |walk| {
            wrong(walk, "this Kubernetes does not scale to 0", "at least 1 before 1.37")
        });
    } else if !outside {
        super::on(walk, spec, "minReplicas", |walk| {
            wrong(walk, "with no pod left, nothing is measured", "0 needs an `Object` or `External` metric")
        });
    }
}

fn metric<'a>(walk: &mut Walk<'a>, metric: &'a Content) {
    let Some(of) = text(metric, "type") else { return };
    for (known, field) in METRICS.iter().copied() {
        if known == of && !has(metric, field) {
            super::on(walk, metric, field, |walk| {
                wrong(walk, &format!("a metric of type {of} says which in `{field}`"), &format!("has no `{field}`"))
            });
        } else if known != of && has(metric, field) {
            super::on(walk, metric, field, |walk| {
                wrong(walk, &format!("`{field}` stands in a metric of type {of}"), "of another type").on_key()
            });
        }
        at(walk, metric, &[field, "target"], |walk, target| goal(walk, target, known));
    }
}

/// The goal of a metric: one, and over 0.
fn goal<'a>(walk: &mut Walk<'a>, target: &'a Content, of: &str) {
    let goals: &[&str] = match of {
        "Resource" | "ContainerResource" => &["averageUtilization", "averageValue"],
        "Pods" => &["averageValue"],
        _ => &["value", "averageValue"],
    };
    super::one_of(walk, target, goals, code::OBJECT_SCALER, "the goal");
    for amount in ["value", "averageValue"] {
        at(walk, target, &[amount], |walk, amount| {
            if super::resources::quantity(amount).is_some_and(|amount| amount <= Quantity::ZERO) {
                walk.push(wrong(walk, "the goal is not over 0", "must be over 0"));
            }
        });
    }
}

fn wrong(walk: &Walk<'_>, message: &str, label: &str) -> crate::verify::schema::Fault {
    walk.fault(code::OBJECT_SCALER, message).label(label).reason("the API server refuses such an autoscaler")
}

#[cfg(test)]
mod tests {
    use crate::verify::laws::tests::found;
    use serde_json::{Value, json};

    fn with(spec: &Value) -> Vec<String> {
        found(
            &json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "a"}, "spec": spec}),
        )
    }

    #[test]
    fn bounds_and_goals_fit() {
        let cpu = |target: Value| json!({"maxReplicas": 3, "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]});
        assert!(with(&cpu(json!({"type": "Utilization", "averageUtilization": 70}))).is_empty());
        assert_eq!(with(&cpu(json!({"type": "AverageValue", "averageValue": "0"}))).len(), 1);
        assert_eq!(with(&cpu(json!({"type": "Utilization"}))).len(), 1);
        assert_eq!(with(&json!({"minReplicas": 4, "maxReplicas": 3})).len(), 1);
        assert_eq!(with(&json!({"minReplicas": 0, "maxReplicas": 3})).len(), 1);
        assert_eq!(with(&json!({"maxReplicas": 3, "metrics": [{"type": "Pods"}]})).len(), 1);
        assert_eq!(with(&json!({"maxReplicas": 3, "behavior": {"scaleUp": {"policies": []}}})).len(), 1);
        assert_eq!(with(&json!({"maxReplicas": 3, "behavior": {"scaleUp": {"tolerance": "-1"}}})).len(), 1);
        assert_eq!(with(&json!({"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment"}})).len(), 0);
        assert_eq!(with(&json!({"scaleTargetRef": {"kind": "Deployment"}})).len(), 1);
    }
}
