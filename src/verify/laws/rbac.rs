//! Roles. Source: `ValidatePolicyRule`.

use super::{Subject, each, has, items};
use crate::diagnostic::code;
use crate::verify::schema::Walk;

pub(super) fn rules_say_what_and_on_what<'a>(subject: Subject<'a>, walk: &mut Walk<'a>) {
    if !subject.is("rbac.authorization.k8s.io", &["Role", "ClusterRole"]) {
        return;
    }
    each(walk, subject.content, "rules", |walk, rule| {
        let empty = |field: &str| rule.get(field).is_none_or(|list| items(list).is_empty());
        if empty("verbs") {
            super::on(walk, rule, "verbs", |walk| {
                wrong(walk, "the rule allows nothing", "at least one verb is needed")
            });
        }
        if has(rule, "nonResourceURLs") {
            if subject.kind == "Role" {
                super::on(walk, rule, "nonResourceURLs", |walk| {
                    wrong(walk, "a Role knows only what has a namespace", "for a ClusterRole").on_key()
                });
            }
            return;
        }
        for field in ["apiGroups", "resources"] {
            if empty(field) {
                super::on(walk, rule, field, |walk| {
                    wrong(walk, &format!("the rule names no `{field}`"), "at least one is needed")
                });
            }
        }
    });
}

fn wrong(walk: &Walk<'_>, message: &str, label: &str) -> crate::verify::schema::Fault {
    walk.fault(code::OBJECT_ROLE, message).label(label).reason("the API server refuses such a rule")
}

#[cfg(test)]
mod tests {
    use crate::verify::laws::tests::found;
    use serde_json::{Value, json};

    fn with(rule: &Value) -> usize {
        found(&json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "r"}, "rules": [rule]})).len()
    }

    #[test]
    fn a_rule_has_verbs_and_resources() {
        assert_eq!(with(&json!({"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]})), 0);
        assert_eq!(with(&json!({"apiGroups": [""], "resources": ["pods"]})), 1);
        assert_eq!(with(&json!({"apiGroups": [""], "verbs": ["get"]})), 1);
        assert_eq!(with(&json!({"nonResourceURLs": ["/healthz"], "verbs": ["get"]})), 1);
    }
}
