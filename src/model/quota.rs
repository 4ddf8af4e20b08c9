//! What the namespace may ask for in all.

use super::{Amounts, DEVICES, Quantity};

/// The quota of the namespace.
#[derive(Clone, Debug, PartialEq)]
pub struct Quota {
    /// In the order cpu, memory, gpu, storage, pods.
    pub bounds: Vec<QuotaBound>,
    /// What a container counts with that asks for nothing: under a quota on CPU or memory, a pod with such a
    /// container is refused. Pods of operators have them.
    pub default_request: Amounts,
}

/// A bound on one resource.
#[derive(Clone, Debug, PartialEq)]
pub struct QuotaBound {
    /// The key under `quota`.
    pub field: &'static str,
    /// `cpu`, `memory`, `storage`, `pods`, or the resource of a GPU.
    pub resource: String,
    pub hard: Quantity,
}

impl QuotaBound {
    /// The resource as a `ResourceQuota` calls it. Source: of an extended resource, only requests are counted.
    pub fn counted(&self) -> String {
        if self.resource == "pods" || self.resource.ends_with(DEVICES) {
            return self.resource.clone();
        }
        format!("requests.{}", self.resource)
    }
}
