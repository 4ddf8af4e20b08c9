//! What the answer takes for granted, in words.

use super::affinity::required_labels;
use super::pool::{HOST_PORT, is_set_by_the_cluster};
use super::{Capacity, Demand, ESSENTIAL, PODS_DEFAULT, Pool, Role, demands};
use crate::model::{Body, ContainerPolicy, Controller, Model, Pod, Vertical, VolumeSource, Workload};
use crate::spec::{Concurrency, VerticalMode};
use std::collections::BTreeSet;

/// What must hold beside the numbers, most important first.
pub fn assumptions(model: &Model, capacity: &Capacity) -> Vec<String> {
    let mut all = vec![
        "nothing else runs on these nodes than what the pools reserve, and this system".to_owned(),
        "the pools may grow to their greatest size".to_owned(),
        "the scheduler finds a packing: it places one pod at a time and spreads them, so leave a margin".to_owned(),
    ];
    all.extend(capacity.pools.iter().filter(|pool| pool.pods_assumed).map(|pool| {
        format!("a node of `{}` holds {PODS_DEFAULT} pods, since the pool does not say how many", pool.name)
    }));
    all.extend(unsaid(capacity));
    all.extend(labels(capacity));
    all.extend(
        model
            .components
            .values()
            .filter(|component| overlaps(&component.body))
            .map(|component| format!("no more than two runs of `{}` overlap", component.key)),
    );
    all.extend(demands(model).iter().filter_map(|demand| {
        let queue = demand.queue.as_ref()?;
        Some(format!("`{}` waits in the queue `{queue}` until there is room, and is not counted", demand.component))
    }));
    all.extend(
        capacity
            .demands
            .iter()
            .filter(|demand| demand.role == Role::Pooler)
            .map(|demand| format!("the pooler of `{}` asks for nothing", demand.component)),
    );
    let unbounded = model.components.values().filter(|component| component.vertical.as_ref().is_some_and(is_unbounded));
    all.extend(
        unbounded.map(|component| format!("vertical scaling of `{}` raises nothing that has no `max`", component.key)),
    );
    all.extend(of_pods(model));
    all
}

fn overlaps(body: &Body) -> bool {
    let controller = match body {
        Body::Workload(workload) => &workload.controller,
        Body::Cluster(_) | Body::External(_) => return false,
    };
    matches!(controller, Controller::CronJob { concurrency: Concurrency::Allow, .. })
}

/// Something that vertical scaling acts on has no upper bound.
fn is_unbounded(vertical: &Vertical) -> bool {
    let open = |policy: &ContainerPolicy| {
        policy.on && vertical.resources.iter().any(|resource| !policy.max.contains_key(*resource))
    };
    vertical.mode != VerticalMode::Recommend && vertical.policies.iter().any(open)
}

/// Resources beside CPU and memory that a pool does not name.
fn unsaid(capacity: &Capacity) -> BTreeSet<String> {
    let asks = |demand: &&Demand, pool: &Pool| pool.takes(&demand.placement);
    let missing = |pool: &Pool| -> Vec<String> {
        let taken = capacity.demands.iter().filter(|demand| asks(demand, pool));
        let names: BTreeSet<&String> = taken.flat_map(|demand| demand.request.keys()).collect();
        let unknown = names.into_iter().filter(|name| {
            pool.room(name).is_none() && !ESSENTIAL.contains(&name.as_str()) && !name.starts_with(HOST_PORT)
        });
        unknown
            .map(|name| format!("a node of `{}` has enough {name}, since the pool does not say how much", pool.name))
            .collect()
    };
    capacity.pools.iter().flat_map(missing).collect()
}

/// Labels that are selected and that no pool writes, since the cluster sets them.
fn labels(capacity: &Capacity) -> BTreeSet<String> {
    let selected = capacity.demands.iter().flat_map(|demand| &demand.placement.node_selector);
    let open = selected.filter(|(label, _)| {
        is_set_by_the_cluster(label) && capacity.pools.iter().any(|pool| !pool.labels.contains_key(*label))
    });
    let named = |(label, value)| format!("nodes have the label `{label}: {value}` where their pool does not write it");
    let required = capacity.demands.iter().flat_map(|demand| required_labels(&demand.placement));
    let required = required.filter(|label| {
        is_set_by_the_cluster(label) && capacity.pools.iter().any(|pool| !pool.labels.contains_key(*label))
    });
    let met =
        |label| format!("nodes have a label `{label}` as node affinity requires it where their pool does not write it");
    open.map(named).chain(required.map(met)).collect()
}

fn of_pods(model: &Model) -> Vec<String> {
    let workloads = || model.components.values().filter_map(|component| component.workload());
    let pods = || workloads().flat_map(Workload::pods);
    let mut all = Vec::new();
    if pods().any(has_disk) || model.components.values().any(|component| matches!(component.body, Body::Cluster(_))) {
        all.push("disks can be reached from every node".to_owned());
    }
    let classes: BTreeSet<&String> = pods().filter_map(|pod| pod.placement.runtime_class.as_ref()).collect();
    all.extend(
        classes.iter().map(|class| format!("the runtime class `{class}` adds nothing to what its pods ask for")),
    );
    all
}

fn has_disk(pod: &Pod) -> bool {
    pod.volumes.iter().any(|volume| matches!(volume.source, VolumeSource::Own(_) | VolumeSource::Claim { .. }))
}
