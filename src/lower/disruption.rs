//! How many pods a drain may take at once.

use super::meta::{Lowering, is_operated, phase};
use super::workload::int_or_percent;
use crate::kube::Object;
use crate::model::{Component, Disruption};
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};

/// The budget of a component, one for all its versions; an operator makes those of its databases itself.
pub(super) fn budget(cx: &Lowering<'_>, component: &Component) -> Vec<Object> {
    let Some(disruption) = component.disruption.filter(|_| !is_operated(component)) else { return Vec::new() };
    let (max_unavailable, min_available) = match disruption {
        Disruption::MaxUnavailable(count) => (Some(int_or_percent(count)), None),
        Disruption::MinAvailable(count) => (None, Some(int_or_percent(count))),
    };
    let spec = PodDisruptionBudgetSpec {
        max_unavailable,
        min_available,
        selector: Some(cx.all_pods(component)),
        // A pod that never gets ready would hold up every drain of its node.
        unhealthy_pod_eviction_policy: Some("AlwaysAllow".into()),
    };
    let metadata = cx.component_meta(component, &component.name);
    let budget = PodDisruptionBudget { metadata, spec: Some(spec), status: None };
    vec![Object::new(&budget, phase(component), Some(&component.key))]
}

#[cfg(test)]
mod tests {
    use super::budget;
    use crate::lower::fixture::{assert_facts, model, names, part};

    #[test]
    fn a_budget_never_holds_up_a_drain_for_a_broken_pod() {
        assert_facts(
            &part(&model(), budget, "api")[0],
            r#"
            /spec/maxUnavailable = 1
            /spec/minAvailable is absent
            /spec/unhealthyPodEvictionPolicy = "AlwaysAllow"
            /spec/selector/matchLabels = {"app.kubernetes.io/name": "api", "app.kubernetes.io/part-of": "shop"}
            "#,
        );
        assert_facts(&part(&model(), budget, "cache")[0], r#"/spec/minAvailable = "50%""#);
    }

    #[test]
    fn an_operator_makes_the_budgets_of_its_databases() {
        assert!(model().components["db"].disruption.is_some());
        assert_eq!(names(&part(&model(), budget, "db")), [""; 0]);
    }
}
