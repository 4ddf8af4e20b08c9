//! Sidecars: names of their own, and requests where a scaler counts them.

use super::places::{Site, workloads};
use super::resources::request;
use crate::diagnostic::code;
use crate::document::{Finding, Findings, Path, at};
use crate::model::{Component, Metric, MetricSource, Model};
use std::collections::BTreeSet;

/// The containers of a pod have different names. Source: `validateContainers` of Kubernetes.
pub(super) fn container_names_are_unique(model: &Model, findings: &mut Findings<'_>) {
    for (component, pod) in workloads(model) {
        let others = pod.init.iter().chain(std::iter::once(&pod.main));
        let mut known: BTreeSet<&str> = others.map(|container| container.name.as_str()).collect();
        for sidecar in &pod.sidecars {
            if known.insert(&sidecar.name) {
                continue;
            }
            findings.push(
                Finding::error(
                    code::CONTAINER_TWICE,
                    at!["components", component.key, "sidecars", sidecar.name],
                    format!("two containers of `{}` are called `{}`", component.key, sidecar.name),
                )
                .label("taken already")
                .on_key()
                .also(at!["components", component.key, "init", sidecar.name], "the other one")
                .reason("the main container bears the name of the component, and a name stands once in a pod")
                .help("give the sidecar another name"),
            );
        }
    }
}

/// A percentage of use is one of the requests of every container, unless it is of one alone.
pub(super) fn ask_for(
    component: &Component,
    resource: &str,
    metric: &Metric,
    scale: &Path,
    findings: &mut Findings<'_>,
) {
    let alone = matches!(&metric.source, MetricSource::Utilisation { container: Some(_), .. });
    let sidecars = component.workload().filter(|_| !alone).into_iter().flat_map(|workload| &workload.pod.sidecars);
    for sidecar in sidecars.filter(|sidecar| request(&sidecar.resources, resource).is_none()) {
        let site = Site::sidecar(component, &sidecar.name);
        findings.push(
            Finding::error(
                code::SCALE_NO_REQUEST,
                site.at(findings, &["resources", "requests", resource]),
                format!(
                    "`{}` scales by {resource} use, and its sidecar `{}` asks for no {resource}",
                    component.key, sidecar.name
                ),
            )
            .label(format!("no request of {resource}"))
            .on_key()
            .also(scale.join(resource), "a share of the requests of all containers")
            .reason("where one container has no request, the autoscaler has no percentage and does nothing")
            .help(format!(
                "write `resources: {{requests: {{{resource}: …}}}}`, or `scale: {{container: {}}}`",
                component.name
            )),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{container, law, pod, scale};
    use super::super::scaling::utilisation_has_a_request;
    use super::*;

    #[test]
    fn a_sidecar_has_a_name_of_its_own() {
        let named = |name: &'static str| {
            law(container_names_are_unique).with(move |model| pod(model).sidecars.push(container(name)))
        };
        named("api").breaks(code::CONTAINER_TWICE, "components.api.sidecars.api");
        named("proxy").keeps();
    }

    #[test]
    fn a_scaled_pod_asks_in_every_container() {
        let scaled = || {
            law(utilisation_has_a_request).with(|model| {
                scale(model);
                let mut proxy = container("proxy");
                proxy.resources.requests.clear();
                proxy.resources.limits.clear();
                pod(model).sidecars.push(proxy);
            })
        };
        scaled().breaks(code::SCALE_NO_REQUEST, "components.api.sidecars.proxy.resources.requests.cpu");
        scaled()
            .with(|model| {
                for metric in &mut scale(model).metrics {
                    if let MetricSource::Utilisation { container, .. } = &mut metric.source {
                        *container = Some("api".into());
                    }
                }
            })
            .keeps();
    }
}
