//! From the model to Kubernetes objects: one file a part; a part knows the target and returns objects.
//!
//! Promises: takes only a checked model and cannot fail; the order of the result is the delivery order;
//! the same model gives the same objects. Parts never look at each other's objects.

pub(crate) mod catalogue;
mod cluster;
mod config;
mod container;
mod devices;
mod disruption;
#[cfg(test)]
pub(crate) mod fixture;
mod group;
mod identity;
mod job;
mod job_set;
mod meta;
mod monitoring;
mod namespace;
mod network;
mod observe;
mod pod;
mod queue;
mod quota;
mod rollout;
mod route;
#[cfg(test)]
mod sample;
mod scaling;
mod secrets;
mod service;
mod storage;
mod vertical;
mod workload;

use crate::check::Valid;
use crate::kube::Object;
use crate::model::{Component, Model};
use meta::Lowering;
pub(crate) use meta::{MANAGED_BY, PART_OF, phase};
use rayon::prelude::*;
pub(crate) use route::route_name;

pub use namespace::{Level, Lowered, pod_security_level};

/// All objects of the system in this environment, in delivery order.
pub fn lower(model: &Valid<Model>) -> Vec<Object> {
    objects(model)
}

fn objects(model: &Model) -> Vec<Object> {
    let cx = Lowering::new(model);
    let mut objects: Vec<Object> = SYSTEM_PARTS.iter().flat_map(|part| part(&cx)).collect();
    // Components are independent of each other; their order is kept.
    let components: Vec<&Component> = model.components.values().collect();
    let of_component = |component: &&Component| COMPONENT_PARTS.iter().flat_map(|part| part(&cx, component)).collect();
    let lowered: Vec<Vec<Object>> = components.par_iter().map(of_component).collect();
    objects.reserve(lowered.iter().map(Vec::len).sum());
    lowered.into_iter().for_each(|of_component| objects.extend(of_component));
    // Objects are wide: each is moved once.
    objects.sort_by_cached_key(|object| object.phase);
    objects
}

/// Parts of the system as a whole.
type SystemPart = fn(&Lowering<'_>) -> Vec<Object>;
const SYSTEM_PARTS: &[SystemPart] = &[
    catalogue::definitions,
    namespace::namespace,
    quota::quota,
    network::of_system,
    config::shared,
    secrets::external_secrets,
    storage::shared_claims,
    catalogue::registries,
    observe::dashboards,
    queue::queues,
];

/// Parts of one component, in the order of delivery within it.
type ComponentPart = fn(&Lowering<'_>, &Component) -> Vec<Object>;
const COMPONENT_PARTS: &[ComponentPart] = &[
    network::of_component,
    identity::accounts,
    identity::roles,
    identity::waiting,
    config::files,
    storage::own_claims,
    devices::claims,
    service::services,
    job::releases,
    workload::workload,
    cluster::cluster,
    disruption::budget,
    scaling::authentication,
    scaling::scaler,
    vertical::vertical,
    monitoring::monitor,
    observe::alerts,
    observe::dashboard,
    catalogue::release,
    route::routes,
];

/// `None` where it is empty: empty lists and maps are left out of objects.
fn present<C>(collection: C) -> Option<C>
where
    for<'a> &'a C: IntoIterator,
{
    let filled = (&collection).into_iter().next().is_some();
    filled.then_some(collection)
}
