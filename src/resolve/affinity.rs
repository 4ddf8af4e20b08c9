//! Affinity as written, in the types of Kubernetes: nothing is added, and nothing left out.

use super::strings;
use crate::spec;
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::apis::meta::v1 as meta;

pub(super) fn affinity(written: &spec::Affinity) -> core::Affinity {
    core::Affinity {
        node_affinity: written.node.as_ref().map(nodes),
        pod_affinity: written.pod.as_ref().map(|pods| core::PodAffinity {
            required_during_scheduling_ignored_during_execution: required(pods),
            preferred_during_scheduling_ignored_during_execution: preferred(pods),
        }),
        pod_anti_affinity: written.pod_anti.as_ref().map(|pods| core::PodAntiAffinity {
            required_during_scheduling_ignored_during_execution: required(pods),
            preferred_during_scheduling_ignored_during_execution: preferred(pods),
        }),
    }
}

fn nodes(written: &spec::NodeAffinity) -> core::NodeAffinity {
    let preference = |nodes: &spec::PreferredNodes| core::PreferredSchedulingTerm {
        weight: nodes.weight.as_i32(),
        preference: node_term(&nodes.preference),
    };
    core::NodeAffinity {
        required_during_scheduling_ignored_during_execution: written
            .required
            .as_ref()
            .map(|selector| core::NodeSelector { node_selector_terms: selector.terms.iter().map(node_term).collect() }),
        preferred_during_scheduling_ignored_during_execution: all(written.preferred.as_ref(), preference),
    }
}

fn node_term(term: &spec::NodeTerm) -> core::NodeSelectorTerm {
    let requirement = |one: &spec::NodeRequirement| core::NodeSelectorRequirement {
        key: one.key.to_string(),
        operator: one.operator.text().into(),
        values: all(one.values.as_ref(), |value| value.0.clone()),
    };
    core::NodeSelectorTerm {
        match_expressions: all(term.expressions.as_ref(), requirement),
        match_fields: all(term.fields.as_ref(), requirement),
    }
}

fn required(pods: &spec::PodAffinity) -> Option<Vec<core::PodAffinityTerm>> {
    all(pods.required.as_ref(), pod_term)
}

fn preferred(pods: &spec::PodAffinity) -> Option<Vec<core::WeightedPodAffinityTerm>> {
    all(pods.preferred.as_ref(), |one| core::WeightedPodAffinityTerm {
        weight: one.weight.as_i32(),
        pod_affinity_term: pod_term(&one.term),
    })
}

fn pod_term(term: &spec::PodTerm) -> core::PodAffinityTerm {
    core::PodAffinityTerm {
        label_selector: term.selector.as_ref().map(selector),
        topology_key: term.topology_key.to_string(),
        namespaces: all(term.namespaces.as_ref(), ToString::to_string),
        namespace_selector: term.namespace_selector.as_ref().map(selector),
        match_label_keys: all(term.match_label_keys.as_ref(), ToString::to_string),
        mismatch_label_keys: all(term.mismatch_label_keys.as_ref(), ToString::to_string),
    }
}

fn selector(written: &spec::LabelSelector) -> meta::LabelSelector {
    let requirement = |one: &spec::LabelRequirement| meta::LabelSelectorRequirement {
        key: one.key.to_string(),
        operator: one.operator.text().into(),
        values: all(one.values.as_ref(), ToString::to_string),
    };
    meta::LabelSelector {
        match_labels: written.labels.as_ref().map(|labels| strings(Some(labels))),
        match_expressions: all(written.expressions.as_ref(), requirement),
    }
}

/// `None` where nothing is written, so that nothing is.
fn all<T, U>(list: Option<&Vec<T>>, of: impl Fn(&T) -> U) -> Option<Vec<U>> {
    list.filter(|list| !list.is_empty()).map(|list| list.iter().map(of).collect())
}
