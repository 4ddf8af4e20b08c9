//! Node pools as the packing sees them: how many nodes, what each has left for pods, and who may run there.

use super::affinity::admits;
use crate::model::{Amounts, DEVICES, Placement, Quantity, Strings, Toleration};
use crate::target::{NodePool, Taint};
use std::collections::BTreeMap;

/// The resource of which every pod takes one.
pub const PODS: &str = "pods";
/// Pods on one node where the pool does not say: the kubelet's default.
pub const PODS_DEFAULT: i64 = 110;
/// A port of the node, as a resource of which every node has one.
pub(super) const HOST_PORT: &str = "port of the node ";

/// A pool of like nodes at its greatest size.
#[derive(Clone, Debug, PartialEq)]
pub struct Pool {
    pub name: String,
    pub nodes: u32,
    /// What one node offers to pods, less what is reserved. What does not stand here is not known.
    pub room: Amounts,
    /// True where the pods of a node are limited by the kubelet's default alone.
    pub pods_assumed: bool,
    pub labels: Strings,
    pub taints: Vec<Taint>,
}

impl Pool {
    pub fn new(name: &str, pool: &NodePool) -> Self {
        let mut room = pool.allocatable.clone();
        let pods_assumed = !room.contains_key(PODS);
        room.entry(PODS.into()).or_insert(Quantity::from_units(PODS_DEFAULT));
        for (resource, amount) in &mut room {
            let reserved = pool.reserved.get(resource).copied().unwrap_or(Quantity::ZERO);
            *amount = (*amount - reserved).max(Quantity::ZERO);
        }
        let (labels, taints) = (pool.labels.clone(), pool.taints.clone());
        Self { name: name.into(), nodes: pool.max, room, pods_assumed, labels, taints }
    }

    /// All pools of a target.
    pub fn all(pools: &BTreeMap<String, NodePool>) -> Vec<Self> {
        pools.iter().map(|(name, pool)| Self::new(name, pool)).collect()
    }

    /// What a node offers of a resource; `None` where the pool does not say. A device that it does not
    /// name, no node has.
    pub fn room(&self, resource: &str) -> Option<Quantity> {
        match self.room.get(resource) {
            Some(amount) => Some(*amount),
            None if resource.starts_with(HOST_PORT) => Some(Quantity::from_units(1)),
            None if resource.ends_with(DEVICES) => None,
            None => resource.contains('/').then_some(Quantity::ZERO),
        }
    }

    pub fn takes(&self, placement: &Placement) -> bool {
        obstacle(&self.labels, &self.taints, placement).is_none()
    }
}

/// Why nodes do not take a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle<'a> {
    /// The pod selects a label that they do not have.
    Label { label: &'a str, value: &'a str },
    /// They have a taint that the pod does not tolerate.
    Taint(&'a Taint),
    /// They meet nothing that the pod's node affinity requires.
    Affinity,
}

/// Why nodes of these labels and taints do not take a pod; `None` where they do.
pub fn obstacle<'a>(labels: &Strings, taints: &'a [Taint], placement: &'a Placement) -> Option<Obstacle<'a>> {
    let missing = placement.node_selector.iter().find(|(label, value)| match labels.get(*label) {
        Some(known) => known != *value,
        None => !is_set_by_the_cluster(label),
    });
    if let Some((label, value)) = missing {
        return Some(Obstacle::Label { label, value });
    }
    if !admits(labels, placement) {
        return Some(Obstacle::Affinity);
    }
    let keeps_off = |taint: &&Taint| taint.effect != "PreferNoSchedule" && !is_tolerated(taint, placement);
    taints.iter().find(keeps_off).map(Obstacle::Taint)
}

/// Labels that the kubelet or the cloud sets on every node, whether or not a pool lists them.
pub(super) fn is_set_by_the_cluster(label: &str) -> bool {
    let known = ["kubernetes.io/", "topology.kubernetes.io/", "node.kubernetes.io/", "beta.kubernetes.io/"];
    known.iter().any(|prefix| label.starts_with(prefix))
}

fn is_tolerated(taint: &Taint, placement: &Placement) -> bool {
    let tolerates = |toleration: &Toleration| {
        toleration.key == taint.key
            && toleration.value.as_ref().is_none_or(|value| taint.value.as_ref() == Some(value))
            && toleration.effect.as_ref().is_none_or(|effect| *effect == taint.effect)
    };
    placement.tolerations.iter().any(tolerates)
}
