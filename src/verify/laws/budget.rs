//! Disruption budgets. Source: the validation of `policy`.

use super::rollout::amount;
use super::{Subject, at, has};
use crate::diagnostic::code;
use crate::verify::schema::Walk;

pub(super) fn budgets_say_one_thing<'a>(subject: Subject<'a>, walk: &mut Walk<'a>) {
    if !subject.is("policy", &["PodDisruptionBudget"]) {
        return;
    }
    at(walk, subject.content, &["spec"], |walk, spec| {
        if has(spec, "minAvailable") && has(spec, "maxUnavailable") {
            super::on(walk, spec, "maxUnavailable", |walk| {
                walk.fault(code::OBJECT_BUDGET, "`minAvailable` and `maxUnavailable` are both written")
                    .label("one or the other")
                    .reason("the API server refuses a budget with both")
                    .help("keep `maxUnavailable`, which also holds when the workload is scaled")
            });
        }
        amount(walk, spec, "minAvailable");
        amount(walk, spec, "maxUnavailable");
    });
}

#[cfg(test)]
mod tests {
    use crate::verify::laws::tests::found;
    use serde_json::{Value, json};

    fn with(spec: &Value) -> usize {
        found(
            &json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "a"}, "spec": spec}),
        )
        .len()
    }

    #[test]
    fn a_budget_says_one_thing() {
        assert_eq!(with(&json!({"maxUnavailable": 1})), 0);
        assert_eq!(with(&json!({"maxUnavailable": 1, "minAvailable": 1})), 1);
        assert_eq!(with(&json!({"minAvailable": "120%"})), 1);
        assert_eq!(with(&json!({"minAvailable": -1})), 1);
    }
}
