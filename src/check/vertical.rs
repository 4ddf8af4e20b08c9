//! Vertical scaling: bounds that mean something, and nothing that two scalers pull at.

use super::placement::pools_for;
use super::places::first_written;
use crate::diagnostic::{code, listed};
use crate::document::{Finding, Findings, Path, at};
use crate::model::{Component, ContainerPolicy, MetricSource, Model, Quantity, UtilisedResource, Vertical};
use crate::spec::VerticalMode;
use crate::target::NodePool;

/// What a vertical autoscaler acts on.
const KNOWN: [&str; 2] = ["cpu", "memory"];

/// Components that scale vertically, with the place of it.
fn scaled(model: &Model) -> impl Iterator<Item = (&Component, &Vertical, Path)> {
    model.components.values().filter_map(|component| {
        component.vertical.as_ref().map(|vertical| (component, vertical, at!["components", component.key, "vertical"]))
    })
}

/// The place of a bound: in the container's own part where it is written there.
fn bound(findings: &Findings<'_>, place: &Path, policy: &ContainerPolicy, side: &str, resource: &str) -> Path {
    let all = place.join(side).join(resource);
    match &policy.container {
        Some(container) => {
            first_written(findings, [place.join("containers").join(container).join(side).join(resource), all])
        }
        None => all,
    }
}

/// Every bound that is written, once: the policy it belongs to, its side and its resource.
fn bounds<'m>(
    findings: &Findings<'_>,
    vertical: &'m Vertical,
    place: &Path,
) -> Vec<(Path, &'static str, &'m str, Quantity)> {
    let mut all: Vec<(Path, &'static str, &'m str, Quantity)> = Vec::new();
    for policy in &vertical.policies {
        for (side, amounts) in [("min", &policy.min), ("max", &policy.max)] {
            for (resource, amount) in amounts {
                let path = bound(findings, place, policy, side, resource);
                if !all.iter().any(|(known, ..)| *known == path) {
                    all.push((path, side, resource, *amount));
                }
            }
        }
    }
    all
}

/// Bounds are of CPU and memory: the autoscaler knows nothing else. Source: `containerPolicies` of the VPA.
pub(super) fn vertical_bounds_are_of_cpu_and_memory(model: &Model, findings: &mut Findings<'_>) {
    for (component, vertical, place) in scaled(model) {
        for (path, _, resource, _) in bounds(findings, vertical, &place) {
            if KNOWN.contains(&resource) {
                continue;
            }
            let help = if resource.contains("gpu") {
                "take it away: the number of GPUs is `gpu.count`, and `scale` changes how many pods have them"
            } else {
                "take it away, and write a request of it under `resources`"
            };
            findings.push(
                Finding::error(
                    code::VERTICAL_RESOURCE,
                    path,
                    format!("`{resource}` of `{}` has no vertical scaling", component.key),
                )
                .label("neither CPU nor memory")
                .on_key()
                .reason("a pod keeps the devices that it started with; only CPU and memory follow their use")
                .help(help),
            );
        }
    }
}

/// What changes pods has no bounds on a resource by which replicas are counted: as one scaler raises the
/// request, the use in percent of it falls, and the other takes replicas away. Source: the known
/// limitations of the VPA.
pub(super) fn vertical_and_horizontal_scaling_share_nothing(model: &Model, findings: &mut Findings<'_>) {
    for (component, vertical, place) in
        scaled(model).filter(|(_, vertical, _)| vertical.mode != VerticalMode::Recommend)
    {
        let mut shared: Vec<&str> = Vec::new();
        for (path, _, resource, _) in bounds(findings, vertical, &place) {
            let counted = KNOWN.contains(&resource) && !vertical.resources.contains(&resource);
            if counted && !shared.contains(&resource) {
                shared.push(resource);
                findings.push(overlap(component, vertical, path, resource));
            }
        }
        if vertical.resources.is_empty() && shared.is_empty() {
            findings.push(
                Finding::error(
                    code::VERTICAL_OVERLAP,
                    place.join("mode"),
                    format!("nothing is left that the vertical scaling of `{}` may change", component.key),
                )
                .label(format!("`{}` changes pods", vertical.mode))
                .also(at!["components", component.key, "scale"], "counts replicas by CPU and memory")
                .reason("two scalers on one resource chase each other's numbers")
                .help("write `mode: recommend`, or scale horizontally by something else than CPU and memory"),
            );
        }
    }
}

fn overlap(component: &Component, vertical: &Vertical, path: Path, resource: &str) -> Finding {
    let other = if resource == "cpu" { "memory" } else { "cpu" };
    let message = format!("two scalers of `{}` would pull at its {resource}", component.key);
    let finding = Finding::error(code::VERTICAL_OVERLAP, path, message)
        .label(format!("`{}` would change the request of {resource}", vertical.mode))
        .also(at!["components", component.key, "scale", resource], "counts replicas by use in percent of that request")
        .reason("a larger request makes the same use a smaller percentage, so the one scaler undoes the other");
    if uses(component, other) {
        finding.help("write `mode: recommend`, or scale horizontally by a metric of your own")
    } else {
        finding.help(format!("keep only the bounds of {other}, or write `mode: recommend`"))
    }
}

fn uses(component: &Component, resource: &str) -> bool {
    let kind = if resource == "cpu" { UtilisedResource::Cpu } else { UtilisedResource::Memory };
    component
        .scale
        .iter()
        .flat_map(|scale| &scale.metrics)
        .any(|metric| matches!(metric.source, MetricSource::Utilisation { resource: known, .. } if known == kind))
}

/// A container asks for at most as much as at least, or more.
pub(super) fn vertical_min_is_at_most_max(model: &Model, findings: &mut Findings<'_>) {
    for (component, vertical, place) in scaled(model) {
        let mut reported: Vec<Path> = Vec::new();
        for policy in &vertical.policies {
            for (resource, min) in &policy.min {
                let Some(max) = policy.max.get(resource).filter(|max| min > *max) else { continue };
                let path = bound(findings, &place, policy, "max", resource);
                if reported.contains(&path) {
                    continue;
                }
                reported.push(path.clone());
                findings.push(
                    Finding::error(
                        code::VERTICAL_BOUNDS,
                        path,
                        format!("`{}` asks for at least {min} and at most {max} of {resource}", component.key),
                    )
                    .label(format!("at most {max}"))
                    .also(bound(findings, &place, policy, "min", resource), format!("at least {min}"))
                    .help("raise `max`, or lower `min`"),
                );
            }
        }
    }
}

/// The containers with bounds of their own are in the pod.
pub(super) fn vertically_scaled_containers_exist(model: &Model, findings: &mut Findings<'_>) {
    for (component, vertical, place) in scaled(model) {
        let Some(workload) = component.workload() else { continue };
        for container in vertical.policies.iter().filter_map(|policy| policy.container.as_ref()) {
            if workload.pod.running().any(|known| known.name == *container) {
                continue;
            }
            let known = workload.pod.running().map(|known| known.name.as_str());
            findings.push(
                Finding::error(
                    code::SCALE_CONTAINER,
                    place.join("containers").join(container),
                    format!("the pods of `{}` have no container `{container}`", component.key),
                )
                .label("no such container")
                .on_key()
                .reason("steps before the start are not measured")
                .help(format!("the containers of `{}` are {}", component.key, listed(known))),
            );
        }
    }
}

/// What a container may come to ask for fits on a node: a recommendation above it leaves the pod pending.
pub(super) fn vertical_bounds_fit_a_node(model: &Model, findings: &mut Findings<'_>) {
    for (component, vertical, place) in scaled(model) {
        let pools = pools_for(model, component);
        for (path, _, resource, max) in
            bounds(findings, vertical, &place).into_iter().filter(|(_, side, ..)| *side == "max")
        {
            let largest = pools.iter().filter_map(|(name, pool)| Some((free(pool, resource)?, *name))).max();
            let Some((most, pool)) = largest.filter(|(most, _)| max > *most) else { continue };
            findings.push(
                Finding::warning(
                    code::VERTICAL_OVER_NODE,
                    path,
                    format!("`{}` may come to ask for more {resource} than any node has", component.key),
                )
                .label(format!("up to {max}"))
                .also(at!["environment", "target", "nodePools", pool], format!("the largest: {most} for pods"))
                .reason("a recommendation does not look at nodes; a pod that asks for more stays pending")
                .help(format!("write at most {most}, less what else runs there")),
            );
        }
    }
}

/// What a node of the pool has for pods.
fn free(pool: &NodePool, resource: &str) -> Option<Quantity> {
    let all = *pool.allocatable.get(resource)?;
    Some(pool.reserved.get(resource).map_or(all, |reserved| all - *reserved))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{amounts, api, law, pool, scale};
    use super::*;
    use crate::model::Amounts;

    type Bounds = &'static [(&'static str, &'static str)];

    fn vertical(model: &mut Model, mode: VerticalMode, resources: &[&'static str], min: Bounds, max: Bounds) {
        let all = ContainerPolicy { container: None, on: true, min: amounts(min), max: amounts(max) };
        api(model).vertical = Some(Vertical { mode, resources: resources.to_vec(), policies: vec![all] });
    }

    #[test]
    fn a_gpu_has_no_vertical_scaling() {
        let found = law(vertical_bounds_are_of_cpu_and_memory)
            .with(|model| {
                vertical(model, VerticalMode::Recommend, &KNOWN, &[], &[("cpu", "2"), ("nvidia.com/gpu", "1")]);
            })
            .breaks(code::VERTICAL_RESOURCE, "components.api.vertical.max[nvidia.com/gpu]");
        assert!(found.message.contains("nvidia.com/gpu"));
    }

    #[test]
    fn two_scalers_do_not_pull_at_one_resource() {
        let share = |mode, resources: &'static [&'static str], max| {
            law(vertical_and_horizontal_scaling_share_nothing).with(move |model| {
                scale(model);
                vertical(model, mode, resources, &[], max);
            })
        };
        share(VerticalMode::Recreate, &["memory"], &[("cpu", "2")])
            .breaks(code::VERTICAL_OVERLAP, "components.api.vertical.max.cpu");
        share(VerticalMode::Recreate, &["memory"], &[("memory", "2Gi")]).keeps();
        share(VerticalMode::Recommend, &KNOWN, &[("cpu", "2")]).keeps();
        share(VerticalMode::InPlace, &[], &[]).breaks(code::VERTICAL_OVERLAP, "components.api.vertical.mode");
    }

    #[test]
    fn bounds_do_not_cross() {
        law(vertical_min_is_at_most_max)
            .with(|model| vertical(model, VerticalMode::Initial, &KNOWN, &[("cpu", "2")], &[("cpu", "1500m")]))
            .breaks(code::VERTICAL_BOUNDS, "components.api.vertical.max.cpu");
        law(vertical_min_is_at_most_max)
            .with(|model| vertical(model, VerticalMode::Initial, &KNOWN, &[("cpu", "2")], &[("cpu", "2000m")]))
            .keeps();
    }

    #[test]
    fn bounded_containers_are_in_the_pod() {
        let named = |name: &'static str| {
            law(vertically_scaled_containers_exist).with(move |model| {
                vertical(model, VerticalMode::Initial, &KNOWN, &[], &[]);
                let policy = ContainerPolicy {
                    container: Some(name.into()),
                    on: false,
                    min: Amounts::new(),
                    max: Amounts::new(),
                };
                api(model).vertical.as_mut().unwrap().policies.insert(0, policy);
            })
        };
        named("proxy").breaks(code::SCALE_CONTAINER, "components.api.vertical.containers.proxy");
        named("api").keeps();
    }

    #[test]
    fn a_bound_above_the_largest_node_leaves_the_pod_pending() {
        let up_to = |cpu: Bounds| {
            law(vertical_bounds_fit_a_node).with(move |model| {
                pool(model, "small", 3, &[("cpu", "2"), ("memory", "4Gi")]);
                let large = pool(model, "large", 3, &[("cpu", "8"), ("memory", "4Gi")]);
                large.reserved = amounts(&[("cpu", "500m")]);
                vertical(model, VerticalMode::Initial, &KNOWN, &[], cpu);
            })
        };
        up_to(&[("cpu", "8")]).breaks(code::VERTICAL_OVER_NODE, "components.api.vertical.max.cpu");
        up_to(&[("cpu", "7500m")]).keeps();
    }
}
