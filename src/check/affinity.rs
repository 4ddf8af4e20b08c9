//! Affinity: requirements that Kubernetes takes.

use super::places::pods;
use crate::diagnostic::code;
use crate::document::{Finding, Findings, Path, at};
use crate::model::{Body, Component, Model, Placement};
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";
/// The only field of a node by which it can be selected.
const NODE_NAME: &str = "metadata.name";

/// Each requirement has the values that its operator takes. Sources: `ValidateNodeSelectorRequirement`,
/// `ValidateLabelSelectorRequirement`, `ValidateNodeSelector` of Kubernetes.
pub(super) fn affinity_has_values_for_its_operators(model: &Model, findings: &mut Findings<'_>) {
    for (component, affinity, place) in affinities(model, findings) {
        let mut broken = Vec::new();
        nodes(affinity, &place, &mut broken);
        pods_of(affinity, &place, &mut broken);
        for Broken { path, what, help, never } in broken {
            findings.push(
                Finding::error(code::BAD_AFFINITY, path, format!("the affinity of `{}` {what}", component.key))
                    .label(if never { "matches nothing" } else { "Kubernetes refuses this" })
                    .help(help),
            );
        }
    }
}

/// The affinity of every pod, once for each place.
fn affinities<'m>(model: &'m Model, findings: &Findings<'_>) -> Vec<(&'m Component, &'m core::Affinity, Path)> {
    let own = pods(model).into_iter().map(|(site, pod)| {
        let place = site.at(findings, &["placement", "affinity"]);
        (site.component, &pod.placement, place)
    });
    let clusters = model.components.values().filter_map(|component| match &component.body {
        Body::Cluster(cluster) => {
            Some((component, &cluster.placement, at!["components", component.key, "placement", "affinity"]))
        }
        _ => None,
    });
    let mut all: Vec<(&Component, &core::Affinity, Path)> = Vec::new();
    for (component, placement, place) in own.chain(clusters) {
        let Placement { affinity: Some(affinity), .. } = placement else { continue };
        if !all.iter().any(|(_, _, known)| *known == place) {
            all.push((component, affinity, place));
        }
    }
    all
}

struct Broken {
    path: Path,
    /// What the affinity does there.
    what: String,
    help: String,
    /// Taken by Kubernetes, and never met.
    never: bool,
}

impl Broken {
    fn refused(path: Path, what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { path, what: what.into(), help: help.into(), never: false }
    }
}

fn nodes(affinity: &core::Affinity, place: &Path, broken: &mut Vec<Broken>) {
    let Some(nodes) = &affinity.node_affinity else { return };
    let place = place.join("nodeAffinity");
    if let Some(selector) = &nodes.required_during_scheduling_ignored_during_execution {
        let terms = place.join(REQUIRED).join("nodeSelectorTerms");
        if selector.node_selector_terms.is_empty() {
            let help = "write at least one term, or take the field away";
            broken.push(Broken::refused(terms.clone(), "requires one of no terms", help));
        }
        for (at, term) in selector.node_selector_terms.iter().enumerate() {
            node_term(term, &terms.join(&at), broken);
        }
    }
    let preferred = nodes.preferred_during_scheduling_ignored_during_execution.iter().flatten();
    for (at, preference) in preferred.enumerate() {
        node_term(&preference.preference, &place.join(PREFERRED).join(&at).join("preference"), broken);
    }
}

fn node_term(term: &core::NodeSelectorTerm, place: &Path, broken: &mut Vec<Broken>) {
    let requirements = |list: &Option<Vec<core::NodeSelectorRequirement>>| list.clone().unwrap_or_default();
    let (expressions, by_field) = (requirements(&term.match_expressions), requirements(&term.match_fields));
    if expressions.is_empty() && by_field.is_empty() {
        let help = "write `matchExpressions` or `matchFields`";
        let empty = Broken::refused(place.clone(), "has a term that matches no node", help);
        broken.push(Broken { never: true, ..empty });
    }
    for (at, one) in expressions.iter().enumerate() {
        let values = one.values.as_deref().unwrap_or_default();
        requirement(&one.key, &one.operator, values, &place.join("matchExpressions").join(&at), broken);
    }
    for (at, one) in by_field.iter().enumerate() {
        let single = one.values.as_ref().is_some_and(|values| values.len() == 1);
        if one.key != NODE_NAME || !single || !matches!(one.operator.as_str(), "In" | "NotIn") {
            broken.push(Broken::refused(
                place.join("matchFields").join(&at),
                format!("selects nodes by a field other than one `{NODE_NAME}`"),
                format!(
                    "write `{{key: {NODE_NAME}, operator: In, values: [NODE]}}`, or match labels by `matchExpressions`"
                ),
            ));
        }
    }
}

fn pods_of(affinity: &core::Affinity, place: &Path, broken: &mut Vec<Broken>) {
    let near = affinity.pod_affinity.as_ref().map(|pods| {
        (
            "podAffinity",
            &pods.required_during_scheduling_ignored_during_execution,
            &pods.preferred_during_scheduling_ignored_during_execution,
        )
    });
    let away = affinity.pod_anti_affinity.as_ref().map(|pods| {
        (
            "podAntiAffinity",
            &pods.required_during_scheduling_ignored_during_execution,
            &pods.preferred_during_scheduling_ignored_during_execution,
        )
    });
    for (field, required, preferred) in near.into_iter().chain(away) {
        for (at, term) in required.iter().flatten().enumerate() {
            pod_term(term, &place.join(field).join(REQUIRED).join(&at), broken);
        }
        for (at, weighted) in preferred.iter().flatten().enumerate() {
            let place = place.join(field).join(PREFERRED).join(&at).join("podAffinityTerm");
            pod_term(&weighted.pod_affinity_term, &place, broken);
        }
    }
}

fn pod_term(term: &core::PodAffinityTerm, place: &Path, broken: &mut Vec<Broken>) {
    selector(term.label_selector.as_ref(), &place.join("labelSelector"), broken);
    selector(term.namespace_selector.as_ref(), &place.join("namespaceSelector"), broken);
    for (field, keys) in [("matchLabelKeys", &term.match_label_keys), ("mismatchLabelKeys", &term.mismatch_label_keys)]
    {
        if keys.is_some() && term.label_selector.is_none() {
            let help = "write `labelSelector` beside it";
            broken.push(Broken::refused(place.join(field), format!("has `{field}` without `labelSelector`"), help));
        }
    }
}

fn selector(selector: Option<&LabelSelector>, place: &Path, broken: &mut Vec<Broken>) {
    let expressions = selector.into_iter().flat_map(|selector| selector.match_expressions.iter().flatten());
    for (at, one) in expressions.enumerate() {
        let values = one.values.as_deref().unwrap_or_default();
        requirement(&one.key, &one.operator, values, &place.join("matchExpressions").join(&at), broken);
    }
}

fn requirement(key: &str, operator: &str, values: &[String], place: &Path, broken: &mut Vec<Broken>) {
    let whole = |value: &String| value.parse::<i64>().is_ok();
    let (holds, needs) = match operator {
        "In" | "NotIn" => (!values.is_empty(), "at least one value"),
        "Exists" | "DoesNotExist" => (values.is_empty(), "no values"),
        _ => (values.len() == 1 && values.iter().all(whole), "exactly one value, a whole number"),
    };
    if !holds {
        let given = match values {
            [] => "nothing".to_owned(),
            [one] => format!("`{one}`"),
            _ => format!("{} values", values.len()),
        };
        let what = format!("compares `{key}` by `{operator}` with {given}");
        broken.push(Broken::refused(place.clone(), what, format!("`{operator}` takes {needs}")));
    }
}
