//! Placement: some node takes the pod, and is large enough for it.

use super::gpu::{has_product, holds};
use super::places::{Site, pods};
use crate::capacity::{self, Obstacle};
use crate::diagnostic::{Severity, code, listed};
use crate::document::{Finding, Findings, at};
use crate::model::{Amounts, Body, Component, DEVICES, Gpu, Model, Placement, Pod, Quantity};
use crate::target::NodePool;
use std::collections::{BTreeMap, BTreeSet};

/// What has to be placed: a pod, or an instance that an operator runs.
struct Load<'m> {
    site: Site<'m>,
    placement: &'m Placement,
    gpu: Option<&'m Gpu>,
    /// What it asks for in all.
    asks: Amounts,
}

/// Everything that has to be placed; what another finding about its GPU explains is left out.
fn loads(model: &Model) -> Vec<Load<'_>> {
    let explained = |pod: &Pod| {
        let pools = model.target.node_pools.values();
        pod.gpu.as_ref().is_some_and(|gpu| !has_product(model, pod, gpu) || !pools.clone().any(|pool| holds(pool, gpu)))
    };
    let mut loads: Vec<_> = pods(model)
        .into_iter()
        .filter(|(_, pod)| !explained(pod))
        .map(|(site, pod)| Load {
            site,
            placement: &pod.placement,
            gpu: pod.gpu.as_ref(),
            asks: capacity::pod_request(pod, &model.default_request()),
        })
        .collect();
    for component in model.components.values() {
        if let Body::Cluster(cluster) = &component.body {
            let asks = capacity::requests(&cluster.resources);
            loads.push(Load { site: Site::main(component), placement: &cluster.placement, gpu: None, asks });
        }
    }
    loads
}

/// Why a pool does not take a pod; `None` where it does.
fn obstacle(pool: &NodePool, load: &Load<'_>) -> Option<String> {
    if let Some(gpu) = load.gpu.filter(|gpu| !holds(pool, gpu)) {
        return Some(format!("has no {} `{}` on a node", gpu.count, gpu.resource));
    }
    Some(match capacity::obstacle(&pool.labels, &pool.taints, load.placement)? {
        Obstacle::Label { label, value } => format!("lacks the label `{label}: {value}`"),
        Obstacle::Affinity => "meets no term of the required node affinity".into(),
        Obstacle::Taint(taint) => format!("has the taint `{}`", taint.key),
    })
}

/// The pools that take the pods of a component.
pub(super) fn pools_for<'m>(model: &'m Model, component: &'m Component) -> Vec<(&'m String, &'m NodePool)> {
    let Some(pod) = component.workload().map(|workload| &workload.pod) else { return Vec::new() };
    let load =
        Load { site: Site::main(component), placement: &pod.placement, gpu: pod.gpu.as_ref(), asks: Amounts::new() };
    model.target.node_pools.iter().filter(|(_, pool)| obstacle(pool, &load).is_none()).collect()
}

/// Some node pool takes the pods: it has the labels that they select, and they tolerate its taints.
pub(super) fn some_pool_takes_the_pods(model: &Model, findings: &mut Findings<'_>) {
    let pools = &model.target.node_pools;
    let mut reported: BTreeSet<&str> = BTreeSet::new();
    for load in loads(model).iter().filter(|_| !pools.is_empty()) {
        let obstacles: BTreeMap<&String, Option<String>> =
            pools.iter().map(|(name, pool)| (name, obstacle(pool, load))).collect();
        // The jobs of a component are placed as it is.
        if obstacles.values().any(Option::is_none) || !reported.insert(&load.site.component.key) {
            continue;
        }
        // Without a selector the pods may go to nodes that the target does not describe.
        let requires = load.placement.affinity.as_ref().is_some_and(|affinity| affinity.node_affinity.is_some());
        let selects = requires || !load.placement.node_selector.is_empty();
        let severity = if selects { Severity::Error } else { Severity::Warning };
        let place = load.site.at(findings, &["placement"]);
        let why = obstacles.iter().map(|(name, why)| format!("`{name}` {}", why.as_deref().unwrap_or_default()));
        findings.push(
            Finding::new(
                severity,
                code::NODE_NONE,
                place,
                format!("no node pool takes the pods of `{}`", load.site.component.key),
            )
            .label("would stay pending")
            .on_key()
            .also(at!["environment", "target", "nodePools"], "the pools of this target")
            .reason(why.collect::<Vec<_>>().join("; "))
            .help(if requires {
                "let a term of the affinity match the labels of a pool, as they stand under `target.nodePools`"
            } else {
                "write `placement: {pool: …}`, which selects the pool's labels and tolerates its taints"
            }),
        );
    }
}

/// A pod is no larger than the largest node that it may run on, less what is reserved there.
pub(super) fn pods_fit_a_node(model: &Model, findings: &mut Findings<'_>) {
    for load in loads(model) {
        let pools: Vec<_> =
            model.target.node_pools.iter().filter(|(_, pool)| obstacle(pool, &load).is_none()).collect();
        if pools.is_empty() || pools.iter().any(|(_, pool)| lacking(pool, &load).is_empty()) {
            continue;
        }
        let everywhere =
            load.asks.keys().find(|name| pools.iter().all(|(_, pool)| lacking(pool, &load).contains(name)));
        findings.push(match everywhere {
            Some(name) => too_large(findings, &load, name, &pools),
            None => nowhere_all(findings, &load, &pools),
        });
    }
}

/// What a node of the pool has too little of.
fn lacking<'l>(pool: &NodePool, load: &'l Load<'_>) -> Vec<&'l String> {
    let own = load.gpu.map(|gpu| gpu.resource.as_str());
    let too_little = |(name, amount): &(&String, &Quantity)| {
        Some(name.as_str()) != own && offered(pool, name).is_some_and(|offered| **amount > offered)
    };
    load.asks.iter().filter(too_little).map(|(name, _)| name).collect()
}

/// What a node offers to pods; `None` where the pool does not say.
fn offered(pool: &NodePool, name: &str) -> Option<Quantity> {
    let reserved = pool.reserved.get(name).copied().unwrap_or(Quantity::ZERO);
    match pool.allocatable.get(name) {
        Some(amount) => Some((*amount - reserved).max(Quantity::ZERO)),
        None if name.ends_with(DEVICES) => None,
        None => name.contains('/').then_some(Quantity::ZERO),
    }
}

fn too_large(findings: &Findings<'_>, load: &Load<'_>, name: &str, pools: &[(&String, &NodePool)]) -> Finding {
    let asks = load.asks.get(name).copied().unwrap_or(Quantity::ZERO);
    let room = |pool: &NodePool| offered(pool, name).unwrap_or(Quantity::ZERO);
    let largest = pools.iter().map(|(_, pool)| room(pool)).max().unwrap_or(Quantity::ZERO);
    let component = &load.site.component.key;
    let place = load.site.at(findings, &["resources", "requests", name]);
    let message = format!(
        "a pod of `{component}` asks for {asks} of {name}, and no node it may run on offers more than {largest}"
    );
    let finding = Finding::error(code::NODE_TOO_SMALL, place, message)
        .label(format!("{asks} on one node"))
        .reason("a pod runs on one node, within what that offers less what is reserved for DaemonSets")
        .help("ask for less, or describe a pool with larger nodes under `target.nodePools`");
    pools.iter().fold(finding, |finding, (pool, nodes)| {
        finding.also(
            at!["environment", "target", "nodePools", pool, "allocatable", name],
            format!("{} left for pods", room(nodes)),
        )
    })
}

fn nowhere_all(findings: &Findings<'_>, load: &Load<'_>, pools: &[(&String, &NodePool)]) -> Finding {
    let component = &load.site.component.key;
    let place = load.site.at(findings, &["resources", "requests"]);
    let why = pools.iter().map(|(name, pool)| {
        format!("`{name}` has too little {}", listed(lacking(pool, load).into_iter().map(String::as_str)))
    });
    Finding::error(
        code::NODE_TOO_SMALL,
        place,
        format!("no node has room for all that a pod of `{component}` asks for"),
    )
    .label("all on one node")
    .on_key()
    .reason(why.collect::<Vec<_>>().join("; "))
    .help("ask for less, or describe a pool with larger nodes under `target.nodePools`")
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{amounts, cluster, container, gpu, law, main, pod, pool, quantity, strings};
    use super::*;
    use crate::model::Toleration;
    use crate::target::Taint;

    fn general(model: &mut Model) -> &mut NodePool {
        pool(model, "general", 3, &[("cpu", "4"), ("memory", "16Gi")])
    }

    #[test]
    fn a_selector_matches_some_pool() {
        let selecting = |label: &'static str, value: &'static str| {
            law(some_pool_takes_the_pods).with(move |model| {
                general(model).labels = strings(&[("disk", "ssd")]);
                pod(model).placement.node_selector = strings(&[(label, value)]);
            })
        };
        let found = selecting("disk", "hdd").breaks(code::NODE_NONE, "components.api.placement");
        assert_eq!(
            (found.severity, found.reason.as_deref()),
            (Severity::Error, Some("`general` lacks the label `disk: hdd`"))
        );
        selecting("disk", "ssd").keeps();
        selecting("kubernetes.io/arch", "arm64").keeps();
    }

    #[test]
    fn taints_are_tolerated() {
        let taint = Taint { key: "gpu".into(), value: Some("yes".into()), effect: "NoSchedule".into() };
        let tainted = |value: Option<&'static str>| {
            let taint = taint.clone();
            law(some_pool_takes_the_pods).with(move |model| {
                general(model).taints = vec![taint];
                let toleration = Toleration { key: "gpu".into(), value: value.map(Into::into), effect: None };
                pod(model).placement.tolerations = vec![toleration];
            })
        };
        assert_eq!(tainted(Some("no")).breaks(code::NODE_NONE, "components.api.placement").severity, Severity::Warning);
        tainted(Some("yes")).keeps();
        tainted(None).keeps();
    }

    #[test]
    fn a_pod_is_no_larger_than_a_node() {
        let asking = |cpu: &'static str| {
            law(pods_fit_a_node).with(move |model| {
                general(model).reserved = amounts(&[("cpu", "500m")]);
                main(model).resources.requests.insert("cpu".into(), quantity(cpu));
            })
        };
        let found = asking("3501m").breaks(code::NODE_TOO_SMALL, "components.api.resources.requests.cpu");
        assert_eq!(
            found.message,
            "a pod of `api` asks for 3501m of cpu, and no node it may run on offers more than 3500m"
        );
        asking("3500m").keeps();
        law(pods_fit_a_node)
            .with(|model| _ = main(model).resources.requests.insert("cpu".into(), quantity("500")))
            .keeps();
    }

    #[test]
    fn the_largest_step_counts() {
        law(pods_fit_a_node)
            .with(|model| {
                general(model);
                let mut step = container("unpack");
                step.resources.requests = amounts(&[("memory", "32Gi")]);
                pod(model).init.push(step);
            })
            .breaks(code::NODE_TOO_SMALL, "components.api.resources.requests.memory");
    }

    #[test]
    fn one_node_holds_everything() {
        law(pods_fit_a_node)
            .with(|model| {
                pool(model, "cpus", 3, &[("cpu", "64"), ("memory", "8Gi")]);
                pool(model, "memories", 3, &[("cpu", "4"), ("memory", "256Gi")]);
                main(model).resources.requests = amounts(&[("cpu", "32"), ("memory", "64Gi")]);
            })
            .breaks(code::NODE_TOO_SMALL, "components.api.resources.requests");
    }

    #[test]
    fn instances_of_operators_are_placed_too() {
        law(pods_fit_a_node)
            .with(|model| {
                general(model);
                cluster(model).resources.requests = amounts(&[("memory", "64Gi")]);
            })
            .breaks(code::NODE_TOO_SMALL, "components.db.resources.requests.memory");
    }

    #[test]
    fn a_pod_with_a_gpu_runs_where_the_gpu_is() {
        let asking = |cpu: &'static str| {
            law(pods_fit_a_node).with(move |model| {
                general(model);
                pool(model, "l4", 2, &[("cpu", "2"), ("memory", "16Gi"), ("nvidia.com/gpu", "1")]);
                gpu(model);
                main(model).resources.requests.insert("cpu".into(), quantity(cpu));
            })
        };
        asking("3").breaks(code::NODE_TOO_SMALL, "components.api.resources.requests.cpu");
        asking("2").keeps();
    }

    #[test]
    fn a_gpu_that_no_node_has_is_another_finding() {
        law(pods_fit_a_node)
            .with(|model| {
                general(model);
                gpu(model);
            })
            .keeps();
    }
}
