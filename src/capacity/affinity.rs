//! What node affinity says about the nodes of a pool, and pod affinity about an answer.

use super::pool::is_set_by_the_cluster;
use crate::model::{Placement, Strings};
use k8s_openapi::api::core::v1::{Affinity, NodeSelectorRequirement, NodeSelectorTerm};

/// Whether nodes with these labels meet what the node affinity of a pod requires. What is not known of
/// a node, such as its name and the labels that the cluster sets, is no obstacle.
/// Source: `nodeaffinity.NodeSelector` of Kubernetes.
pub fn admits(labels: &Strings, placement: &Placement) -> bool {
    let required = placement.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
    let required = required.and_then(|nodes| nodes.required_during_scheduling_ignored_during_execution.as_ref());
    required.is_none_or(|selector| selector.node_selector_terms.iter().any(|term| meets_term(labels, term)))
}

/// A term without any requirement matches no node.
fn meets_term(labels: &Strings, term: &NodeSelectorTerm) -> bool {
    let expressions = term.match_expressions.as_deref().unwrap_or_default();
    let named = term.match_fields.as_deref().unwrap_or_default();
    !(expressions.is_empty() && named.is_empty()) && expressions.iter().all(|one| meets(labels, one))
}

fn meets(labels: &Strings, requirement: &NodeSelectorRequirement) -> bool {
    let values = requirement.values.as_deref().unwrap_or_default();
    let Some(label) = labels.get(&requirement.key) else {
        let absent = matches!(requirement.operator.as_str(), "NotIn" | "DoesNotExist");
        return absent || is_set_by_the_cluster(&requirement.key);
    };
    let number = |text: &str| text.parse::<i64>().ok();
    let bound = values.first().and_then(|value| number(value));
    match requirement.operator.as_str() {
        "In" => values.contains(label),
        "NotIn" => !values.contains(label),
        "DoesNotExist" => false,
        "Gt" => number(label).zip(bound).is_some_and(|(label, bound)| label > bound),
        "Lt" => number(label).zip(bound).is_some_and(|(label, bound)| label < bound),
        // `Exists`
        _ => true,
    }
}

/// The labels that node affinity requires something of.
pub(super) fn required_labels(placement: &Placement) -> impl Iterator<Item = &str> {
    let required = placement.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
    let required = required.and_then(|nodes| nodes.required_during_scheduling_ignored_during_execution.as_ref());
    let terms = required.into_iter().flat_map(|selector| &selector.node_selector_terms);
    terms.flat_map(|term| term.match_expressions.iter().flatten()).map(|requirement| requirement.key.as_str())
}

/// Whether pods must lie near or away from others, which the packing does not see to.
pub(super) fn needs_company(affinity: &Affinity) -> bool {
    let near = affinity.pod_affinity.as_ref();
    let away = affinity.pod_anti_affinity.as_ref();
    near.is_some_and(|pods| pods.required_during_scheduling_ignored_during_execution.is_some())
        || away.is_some_and(|pods| pods.required_during_scheduling_ignored_during_execution.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::{NodeAffinity, NodeSelector};

    fn requiring(terms: &[&[(&str, &str, &[&str])]]) -> Placement {
        let requirement = |(key, operator, values): &(&str, &str, &[&str])| NodeSelectorRequirement {
            key: (*key).into(),
            operator: (*operator).into(),
            values: Some(values.iter().map(|value| (*value).to_owned()).collect()),
        };
        let term = |term: &&[(&str, &str, &[&str])]| NodeSelectorTerm {
            match_expressions: Some(term.iter().map(requirement).collect()),
            match_fields: None,
        };
        let selector = NodeSelector { node_selector_terms: terms.iter().map(term).collect() };
        let nodes = NodeAffinity {
            required_during_scheduling_ignored_during_execution: Some(selector),
            ..NodeAffinity::default()
        };
        Placement {
            affinity: Some(Box::new(Affinity { node_affinity: Some(nodes), ..Affinity::default() })),
            ..Placement::default()
        }
    }

    #[test]
    fn one_term_is_met_as_a_whole() {
        let labels: Strings = [("gpu", "l4"), ("cores", "16")].map(|(key, value)| (key.into(), value.into())).into();
        let taken = |terms: &[&[(&str, &str, &[&str])]]| admits(&labels, &requiring(terms));
        assert!(taken(&[&[("gpu", "In", &["l4", "h100"]), ("cores", "Gt", &["8"])]]));
        assert!(!taken(&[&[("gpu", "In", &["l4"]), ("cores", "Lt", &["16"])]]));
        assert!(taken(&[&[("gpu", "NotIn", &["l4"])], &[("spot", "DoesNotExist", &[])]]));
        assert!(!taken(&[&[("spot", "Exists", &[])]]));
        assert!(!taken(&[&[]]) && !taken(&[]));
        assert!(taken(&[&[("topology.kubernetes.io/zone", "In", &["a"])]]));
        assert!(admits(&labels, &Placement::default()));
    }
}
