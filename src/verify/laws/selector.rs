//! Selectors of labels. Source: `ValidateLabelSelector` of apimachinery, the validation of `apps`.

use super::metadata::{label_key, label_value, labels};
use super::{Subject, at, each, entries, get, items, text};
use crate::diagnostic::code;
use crate::kube::Content;
use crate::verify::schema::{Step, Walk};

/// Wherever one stands in an object of Kubernetes itself.
pub(super) fn selectors_are_valid<'a>(subject: Subject<'a>, walk: &mut Walk<'a>) {
    if !subject.group.contains('.') || subject.group.ends_with(".k8s.io") {
        search(subject.content, walk);
    }
}

fn search<'a>(content: &'a Content, walk: &mut Walk<'a>) {
    match content {
        Content::Map(fields) => {
            for (key, value) in fields.iter().filter(|(_, value)| has_parts(value)) {
                match (key.as_str(), value) {
                    ("metadata" | "data" | "status", _) => {}
                    ("matchLabels", _) => walk.key(key, |walk| labels(walk, value)),
                    ("matchExpressions", Content::List(all)) => {
                        walk.enter(Step::Key(key));
                        for (index, one) in all.iter().enumerate() {
                            walk.item(index, |walk| requirement(walk, one));
                        }
                        walk.leave();
                    }
                    _ => walk.key(key, |walk| search(value, walk)),
                }
            }
        }
        Content::List(all) => {
            for (index, item) in all.iter().enumerate() {
                if matches!(item, Content::Map(_)) {
                    walk.item(index, |walk| search(item, walk));
                }
            }
        }
        _ => {}
    }
}

fn has_parts(value: &Content) -> bool {
    matches!(value, Content::Map(_) | Content::List(_))
}

fn requirement<'a>(walk: &mut Walk<'a>, one: &'a Content) {
    at(walk, one, &["key"], |walk, key| {
        if let Some(key) = key.as_str() {
            label_key(walk, key);
        }
    });
    let operator = text(one, "operator").unwrap_or_default();
    let values = one.get("values").map(items).unwrap_or_default().len();
    let wrong = match operator {
        "In" | "NotIn" if values == 0 => Some("needs `values`"),
        "Exists" | "DoesNotExist" if values > 0 => Some("takes no `values`"),
        "Gt" | "Lt" if values != 1 => Some("takes one value, a whole number"),
        _ => None,
    };
    if let Some(wrong) = wrong {
        super::on(walk, one, "values", |walk| {
            walk.fault(code::OBJECT_SELECTOR, format!("`operator: {operator}` {wrong}"))
                .label("does not fit the operator")
                .reason("the API server refuses such a requirement")
        });
    }
    if matches!(operator, "In" | "NotIn") {
        each(walk, one, "values", |walk, value| {
            if let Some(value) = value.as_str() {
                label_value(walk, value);
            }
        });
    }
}

pub(super) fn selectors_match_their_pods<'a>(subject: Subject<'a>, walk: &mut Walk<'a>) {
    if !subject.is("apps", &["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"]) {
        return;
    }
    let pods = get(subject.content, &["spec", "template", "metadata", "labels"]);
    at(walk, subject.content, &["spec", "selector"], |walk, selector| {
        let of_labels = selector.get("matchLabels").map(entries).unwrap_or_default();
        let of_expressions = selector.get("matchExpressions").map(items).unwrap_or_default();
        if of_labels.is_empty() && of_expressions.is_empty() {
            walk.push(
                walk.fault(code::OBJECT_SELECTOR, "the selector is empty")
                    .label("selects every pod")
                    .reason(format!("the API server refuses a {} that would take all pods for its own", subject.kind))
                    .help("write the labels of its template that no other workload has")
                    .on_key(),
            );
        }
        let differs = of_labels.iter().find(|(key, value)| pods.and_then(|pods| pods.get(key)) != Some(value));
        if let Some((key, value)) = differs {
            walk.enter(Step::Key("matchLabels"));
            walk.key(key, |walk| walk.push(no_match(walk, key, value.as_str().unwrap_or_default(), pods)));
            walk.leave();
        } else if let Some(index) = of_expressions.iter().position(|one| !fits(one, pods)) {
            walk.enter(Step::Key("matchExpressions"));
            walk.item(index, |walk| {
                let key = text(&of_expressions[index], "key").unwrap_or_default();
                walk.push(no_match(walk, key, "", pods));
            });
            walk.leave();
        }
    });
}

fn no_match(walk: &Walk<'_>, key: &str, value: &str, pods: Option<&Content>) -> crate::verify::schema::Fault {
    let has = match pods.and_then(|pods| text(pods, key)) {
        Some(has) => format!("its pods have `{key}: {has}`"),
        None => format!("its pods have no label `{key}`"),
    };
    let wanted = if value.is_empty() { format!("`{key}`") } else { format!("`{key}: {value}`") };
    walk.fault(code::OBJECT_SELECTOR, format!("the selector asks for {wanted}, but {has}"))
        .label("does not match the template")
        .reason("a workload that does not select its own pods is refused")
        .help("give the labels of `spec.template.metadata` what the selector asks for")
}

/// True where the labels of pods keep to a requirement.
fn fits(one: &Content, pods: Option<&Content>) -> bool {
    let value = text(one, "key").and_then(|key| text(pods?, key));
    let values = one.get("values").map(items).unwrap_or_default();
    let listed = || value.is_some_and(|value| values.iter().any(|known| known.as_str() == Some(value)));
    match text(one, "operator") {
        Some("In") => listed(),
        Some("NotIn") => !listed(),
        Some("Exists") => value.is_some(),
        Some("DoesNotExist") => value.is_none(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use crate::verify::laws::tests::found;
    use serde_json::{Value, json};

    fn with(selector: &Value) -> Vec<String> {
        found(&json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api"},
            "spec": {"selector": selector, "template": {
                "metadata": {"labels": {"app": "api"}}, "spec": {"containers": [{"name": "api", "image": "api:1"}]}}},
        }))
    }

    #[test]
    fn a_workload_selects_its_own_pods() {
        assert!(with(&json!({"matchLabels": {"app": "api"}})).is_empty());
        assert_eq!(
            with(&json!({"matchLabels": {"app": "web"}})),
            ["spec.selector.matchLabels.app: the selector asks for `app: web`, but its pods have `app: api`"]
        );
        assert_eq!(with(&json!({})).len(), 1);
        assert!(
            with(&json!({"matchExpressions": [{"key": "app", "operator": "In", "values": ["api", "web"]}]})).is_empty()
        );
        assert_eq!(with(&json!({"matchExpressions": [{"key": "tier", "operator": "Exists"}]})).len(), 1);
    }

    #[test]
    fn requirements_have_the_values_of_their_operator() {
        let of = |one: &Value| {
            found(&json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "p"},
                "spec": {"podSelector": {"matchExpressions": [one]}}}))
        };
        assert_eq!(of(&json!({"key": "a", "operator": "In"})).len(), 1);
        assert_eq!(of(&json!({"key": "a", "operator": "Exists", "values": ["x"]})).len(), 1);
        assert!(of(&json!({"key": "a", "operator": "NotIn", "values": ["x"]})).is_empty());
    }
}
