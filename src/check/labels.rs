//! Labels and annotations: what Kubernetes takes, and which are the compiler's own.

use super::places::{first_written, workloads};
use crate::diagnostic::code;
use crate::document::{Finding, Findings, Path, at};
use crate::model::{Component, Model, Strings};
use crate::spec::label_value;

/// What all annotations of one object may take, in bytes. Source: `TotalAnnotationSizeLimitB`.
const ANNOTATIONS: usize = 256 * 1024;
/// Labels by which pods are selected and objects are found.
const STANDARD: &[&str] = &[
    "app.kubernetes.io/name",
    "app.kubernetes.io/component",
    "app.kubernetes.io/part-of",
    "app.kubernetes.io/managed-by",
];

/// The value of a label has at most 63 letters, digits, `-`, `_` and `.`. Source: `IsValidLabelValue`.
pub(super) fn label_values_are_valid(model: &Model, findings: &mut Findings<'_>) {
    for (name, value, place) in all_labels(model, findings) {
        if label_value(value).is_ok() {
            continue;
        }
        let message = if value.len() > 63 {
            format!("the value of the label `{name}` has {} characters, and 63 are the limit", value.len())
        } else {
            format!("`{value}` is not the value of a label")
        };
        findings.push(
            Finding::error(code::LABEL_VALUE, place, message)
                .label("not the value of a label")
                .reason(
                    "a label holds at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends",
                )
                .help("shorten it, or write it as an annotation, which holds any text"),
        );
    }
}

/// Every label with its value and place.
fn all_labels<'m>(model: &'m Model, findings: &Findings<'_>) -> Vec<(&'m String, &'m String, Path)> {
    let mut sets = author_labels(model);
    sets.push((&model.namespace.labels, at!["environment", "namespace", "labels"]));
    for component in model.components.values() {
        let place = at!["components", component.key];
        sets.extend(component.service.iter().map(|service| (&service.labels, place.join("service").join("labels"))));
        sets.extend(component.metrics.iter().map(|metrics| (&metrics.labels, place.join("metrics").join("labels"))));
    }
    let labels = sets
        .into_iter()
        .flat_map(|(labels, place)| labels.iter().map(move |(name, value)| (name, value, place.join(name))));
    labels.chain(selectors(model, findings)).collect()
}

/// Labels that nodes are selected by: written, or those of the pool.
fn selectors<'m>(model: &'m Model, findings: &Findings<'_>) -> Vec<(&'m String, &'m String, Path)> {
    let mut all = Vec::new();
    for (component, pod) in workloads(model) {
        let pool = pod.placement.pool.as_deref().unwrap_or_default();
        all.extend(pod.placement.node_selector.iter().map(|(name, value)| {
            let own = at!["components", component.key, "placement", "nodeSelector", name];
            let of_pool = at!["environment", "target", "nodePools", pool, "labels", name];
            (name, value, first_written(findings, [own, of_pool]))
        }));
    }
    all
}

/// Labels of the system, of components and of their pods.
fn author_labels(model: &Model) -> Vec<(&Strings, Path)> {
    let mut all = vec![(&model.labels, at!["labels"])];
    all.extend(
        model.components.values().map(|component| (&component.labels, at!["components", component.key, "labels"])),
    );
    all.extend(workloads(model).map(|(component, pod)| (&pod.labels, at!["components", component.key, "podLabels"])));
    all
}

/// The labels that selectors use are set by the compiler alone: a selector never changes.
pub(super) fn standard_labels_are_not_written(model: &Model, findings: &mut Findings<'_>) {
    for (labels, place) in author_labels(model) {
        for name in labels.keys().filter(|name| STANDARD.contains(&name.as_str())) {
            findings.push(
                Finding::error(
                    code::LABEL_RESERVED,
                    place.join(name),
                    format!("the label `{name}` is set by the compiler"),
                )
                .label("would have no effect")
                .on_key()
                .reason("selectors use these labels, and the selector of a workload cannot change")
                .help("take it away; `name:` of the component and of the system give its value"),
            );
        }
    }
}

/// The annotations of one object have at most 256 KiB in total. Source: `ValidateAnnotationsSize`.
pub(super) fn annotations_fit_one_object(model: &Model, findings: &mut Findings<'_>) {
    for component in model.components.values() {
        let base = size(&model.annotations) + size(&component.annotations);
        let largest = own_annotations(component).into_iter().max_by_key(|(annotations, _)| size(annotations));
        let Some((own, place)) = largest else { continue };
        let total = base + size(own);
        if total > ANNOTATIONS {
            let place = if own.is_empty() { at!["components", component.key, "annotations"] } else { place };
            findings.push(
                Finding::error(
                    code::ANNOTATIONS_TOO_LARGE,
                    place,
                    format!("an object of `{}` would have {total} bytes of annotations", component.key),
                )
                .label(format!("{} bytes over the limit", total - ANNOTATIONS))
                .on_key()
                .reason("all annotations of one object, names and values, have at most 262144 bytes")
                .help("put large texts into `config` or `files`"),
            );
        }
    }
}

/// Annotations that only one object of the component has; the empty set stands for all others.
fn own_annotations(component: &Component) -> Vec<(&Strings, Path)> {
    let place = at!["components", component.key];
    let mut all = Vec::new();
    if let Some(workload) = component.workload() {
        all.push((&workload.pod.annotations, place.join("podAnnotations")));
        all.push((&workload.pod.identity.annotations, place.join("serviceAccount").join("annotations")));
    }
    all.extend(
        component.service.iter().map(|service| (&service.annotations, place.join("service").join("annotations"))),
    );
    all.extend(
        component
            .routes
            .iter()
            .map(|route| (&route.annotations, place.join("routes").join(&route.name).join("annotations"))),
    );
    all
}

fn size(annotations: &Strings) -> usize {
    annotations.iter().map(|(name, value)| name.len() + value.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{api, law, pod, strings};
    use super::*;

    #[test]
    fn a_label_holds_no_sentence() {
        law(label_values_are_valid)
            .with(|model| api(model).labels = strings(&[("team", "the learning platform")]))
            .breaks(code::LABEL_VALUE, "components.api.labels.team");
        law(label_values_are_valid)
            .with(|model| pod(model).labels = strings(&[("team", &"a".repeat(64))]))
            .breaks(code::LABEL_VALUE, "components.api.podLabels.team");
        law(label_values_are_valid)
            .with(|model| model.labels = strings(&[("team", "learning-1.0"), ("empty", "")]))
            .keeps();
    }

    #[test]
    fn standard_labels_are_the_compilers() {
        law(standard_labels_are_not_written)
            .with(|model| pod(model).labels = strings(&[("app.kubernetes.io/name", "web")]))
            .breaks(code::LABEL_RESERVED, "components.api.podLabels[app.kubernetes.io/name]");
        law(standard_labels_are_not_written)
            .with(|model| model.labels = strings(&[("app.kubernetes.io/version", "1")]))
            .keeps();
    }

    #[test]
    fn annotations_are_counted_per_object() {
        let annotate = |model: &mut Model, own: usize| {
            model.annotations = strings(&[("a", &"x".repeat(100 * 1024))]);
            api(model).service.as_mut().unwrap().annotations = strings(&[("b", &"x".repeat(own * 1024))]);
        };
        law(annotations_fit_one_object)
            .with(|model| annotate(model, 200))
            .breaks(code::ANNOTATIONS_TOO_LARGE, "components.api.service.annotations");
        law(annotations_fit_one_object).with(|model| annotate(model, 100)).keeps();
    }
}
