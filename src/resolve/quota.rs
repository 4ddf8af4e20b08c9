//! The quota of the namespace.

use crate::model::{Amounts, Component, Quantity, Quota, QuotaBound};
use crate::spec;
use std::collections::BTreeSet;

/// What a container counts with that asks for nothing.
const DEFAULT_REQUEST: [(&str, Quantity); 2] =
    [("cpu", Quantity::from_milli(50)), ("memory", Quantity::from_bytes(64 << 20))];
/// The GPU that is meant where no component has one.
const GPU: &str = "nvidia.com/gpu";

/// The quota as written, on the sorts of GPU that the components have.
pub(super) fn resolve<'c>(written: &spec::Quota, components: impl Iterator<Item = &'c Component>) -> Quota {
    let bound = |field: &'static str, resource: &str, hard| QuotaBound { field, resource: resource.into(), hard };
    let amount = |field, hard: Option<Quantity>| hard.map(|hard| bound(field, field, hard));
    let count = |number: spec::Count| Quantity::from_units(number.0);
    let gpus = written
        .gpu
        .map(|number| gpus(components).into_iter().map(move |resource| bound("gpu", &resource, count(number))));
    let bounds: Vec<QuotaBound> = amount("cpu", written.cpu)
        .into_iter()
        .chain(amount("memory", written.memory))
        .chain(gpus.into_iter().flatten())
        .chain(amount("storage", written.storage))
        .chain(amount("pods", written.pods.map(count)))
        .collect();
    let counts = |resource: &str| bounds.iter().any(|bound| bound.resource == resource);
    let default_request: Amounts = DEFAULT_REQUEST
        .into_iter()
        .filter(|(resource, _)| counts(resource))
        .map(|(resource, amount)| (resource.to_owned(), amount))
        .collect();
    Quota { bounds, default_request }
}

fn gpus<'c>(components: impl Iterator<Item = &'c Component>) -> BTreeSet<String> {
    let own = components.filter_map(|component| component.workload()?.pod.gpu.as_ref());
    let mut resources: BTreeSet<String> = own.map(|gpu| gpu.resource.clone()).collect();
    if resources.is_empty() {
        resources.insert(GPU.into());
    }
    resources
}
