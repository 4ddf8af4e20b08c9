//! Proofs that pods do not fit: sums and floors that every packing would have to keep.
//!
//! Promises: a proof holds for every packing on the pools, however many of their nodes there are, and
//! names the smallest set of pods that was found to prove it.

use super::demand::Spread;
use super::instance::{Instance, fits};
use crate::model::{Amounts, Quantity};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// Why some pods do not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// (position of the demand, pods of it): these alone do not fit.
    pub pods: Vec<(usize, u64)>,
    /// The positions of the pools that they may run on.
    pub pools: Vec<usize>,
    pub bound: Bound,
}

/// The arithmetic of a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bound {
    /// No pool takes the pod.
    NoPool,
    /// The pod is larger than every node that takes it.
    TooLarge,
    /// Together they take more than all nodes have.
    Sum { resource: String, need: Quantity, have: Quantity },
    /// Each takes at least `least`, and the nodes have no more than `slots` times that, node by node. Only
    /// the amounts that matter stand there.
    Slots { least: Amounts, slots: u64 },
}

/// Sets of pools are tried in all their unions, up to so many different ones.
const SETS: usize = 10;

/// The proof with the fewest pods; `None` where none was found.
pub(super) fn find(instance: &Instance<'_>) -> Option<Proof> {
    let mut proofs: Vec<Proof> = (0..instance.demands.len()).filter_map(|demand| alone(instance, demand)).collect();
    for pools in pool_sets(instance) {
        proofs.extend(together(instance, &pools));
    }
    proofs.into_iter().min_by_key(weight)
}

/// A pod that nowhere fits says most; then few components, few pods, few pools, and the plainer arithmetic.
fn weight(proof: &Proof) -> (bool, usize, u64, usize, bool) {
    let crowd = matches!(proof.bound, Bound::Sum { .. } | Bound::Slots { .. });
    let pods = sum(proof.pods.iter().map(|(_, pods)| *pods));
    (crowd, proof.pods.len(), pods, proof.pools.len(), matches!(proof.bound, Bound::Slots { .. }))
}

/// What the pods of one demand prove by themselves.
fn alone(instance: &Instance<'_>, demand: usize) -> Option<Proof> {
    let proof = |pods, pools, bound| Some(Proof { pods: vec![(demand, pods)], pools, bound });
    let pods = u64::from(instance.demands[demand].pods);
    let taken = &instance.taken[demand];
    if pods == 0 {
        return None;
    }
    if taken.is_empty() {
        return proof(1, Vec::new(), Bound::NoPool);
    }
    let homes = instance.homes(demand);
    if homes.is_empty() {
        return proof(1, taken.clone(), Bound::TooLarge);
    }
    let slots = slots_of(instance, demand, &homes);
    let least = limiting(instance, &instance.needs[demand], &homes);
    if pods > slots { proof(slots + 1, homes, Bound::Slots { least, slots }) } else { None }
}

/// Pods of one demand that its nodes hold at most.
fn slots_of(instance: &Instance<'_>, demand: usize, homes: &[usize]) -> u64 {
    let nodes: Vec<(u64, u64)> =
        homes.iter().map(|pool| (instance.nodes(*pool), instance.slots(demand, *pool))).collect();
    let at_most = |level: u64| sum(nodes.iter().map(|(nodes, slots)| nodes.saturating_mul((*slots).min(level))));
    if instance.demands[demand].spread != Spread::Even {
        return at_most(u64::MAX);
    }
    // With `level` on the fullest node, one that holds less than `level - 1` can only be there unused
    // while it does not exist.
    let full = |level: u64| {
        let there = nodes.iter().filter(|(_, slots)| slots.saturating_add(1) >= level);
        sum(there.map(|(nodes, slots)| nodes.saturating_mul((*slots).min(level))))
    };
    let levels = nodes.iter().flat_map(|(_, slots)| [*slots, slots.saturating_add(1)]);
    levels.map(full).max().unwrap_or(0)
}

/// Sets of pools within which some pods must stay: the homes of a demand, and their unions.
fn pool_sets(instance: &Instance<'_>) -> BTreeSet<BTreeSet<usize>> {
    let demands = (0..instance.demands.len()).filter(|demand| instance.demands[*demand].pods > 0);
    let homes: BTreeSet<BTreeSet<usize>> = demands
        .map(|demand| instance.homes(demand).into_iter().collect())
        .filter(|set: &BTreeSet<_>| !set.is_empty())
        .collect();
    let mut sets = homes.clone();
    if homes.len() <= SETS {
        for home in &homes {
            let more: Vec<BTreeSet<usize>> = sets.iter().map(|set| set | home).collect();
            sets.extend(more);
        }
    }
    sets.insert(homes.iter().flatten().copied().collect());
    sets
}

/// What the pods that must stay within a set of pools prove together.
fn together(instance: &Instance<'_>, pools: &BTreeSet<usize>) -> Vec<Proof> {
    let inside = |demand: &usize| {
        let homes = instance.homes(*demand);
        instance.demands[*demand].pods > 0 && !homes.is_empty() && homes.iter().all(|home| pools.contains(home))
    };
    let demands: Vec<usize> = (0..instance.demands.len()).filter(inside).collect();
    let pools: Vec<usize> = pools.iter().copied().collect();
    let mut proofs = Vec::new();
    for resource in 0..instance.resources.len() {
        proofs.extend(by_sum(instance, &demands, &pools, resource));
        proofs.extend(by_floor(instance, &demands, &pools, resource));
    }
    proofs
}

/// Together they take more of a resource than all nodes have: the largest of them, as many as prove it.
fn by_sum(instance: &Instance<'_>, demands: &[usize], pools: &[usize], resource: usize) -> Option<Proof> {
    let mut have = Quantity::ZERO;
    for pool in pools {
        have = have + instance.rooms[*pool][resource]?.times(instance.nodes(*pool));
    }
    let mut by_size: Vec<usize> = demands.to_vec();
    by_size.sort_by_key(|demand| Reverse(instance.needs[*demand][resource]));
    let (mut need, mut pods) = (Quantity::ZERO, Vec::new());
    for demand in by_size {
        let one = instance.needs[demand][resource];
        let enough = one.times_in(have - need).saturating_add(1);
        let taken = enough.min(u64::from(instance.demands[demand].pods));
        pods.push((demand, taken));
        need = need + one.times(taken);
        if need > have {
            pods.sort_unstable();
            let resource = instance.resources[resource].to_owned();
            return Some(Proof { pods, pools: pools.to_vec(), bound: Bound::Sum { resource, need, have } });
        }
    }
    None
}

/// Pods that each take at least so much of a resource: a node holds a whole number of them.
fn by_floor(instance: &Instance<'_>, demands: &[usize], pools: &[usize], resource: usize) -> Option<Proof> {
    let sizes: BTreeSet<Quantity> = demands.iter().map(|demand| instance.needs[*demand][resource]).collect();
    let proof = |size: &Quantity| {
        let large = |demand: &&usize| instance.needs[**demand][resource] >= *size;
        floor(instance, demands.iter().filter(large).copied().collect(), pools)
    };
    sizes.iter().filter_map(proof).min_by_key(weight)
}

/// More pods than there are places for the least that each of them takes.
fn floor(instance: &Instance<'_>, mut demands: Vec<usize>, pools: &[usize]) -> Option<Proof> {
    let least = |resource: usize| demands.iter().map(|demand| instance.needs[*demand][resource]).min();
    let least: Vec<Quantity> = (0..instance.resources.len()).filter_map(least).collect();
    let slots = places(instance, &least, pools);
    let count = |demand: &usize| u64::from(instance.demands[*demand].pods);
    if sum(demands.iter().map(count)) <= slots {
        return None;
    }
    demands.sort_by_key(|demand| Reverse(count(demand)));
    let (mut missing, mut pods) = (slots + 1, Vec::new());
    for demand in &demands {
        if missing == 0 {
            break;
        }
        let taken = count(demand).min(missing);
        pods.push((*demand, taken));
        missing -= taken;
    }
    pods.sort_unstable();
    Some(Proof { pods, pools: pools.to_vec(), bound: Bound::Slots { least: limiting(instance, &least, pools), slots } })
}

fn sum(numbers: impl Iterator<Item = u64>) -> u64 {
    numbers.fold(0, u64::saturating_add)
}

/// How many pods of one size the nodes hold, each node by itself.
fn places(instance: &Instance<'_>, need: &[Quantity], pools: &[usize]) -> u64 {
    sum(pools.iter().map(|pool| instance.nodes(*pool).saturating_mul(fits(need, &instance.rooms[*pool]))))
}

/// The amounts, by name, without which more pods would fit.
fn limiting(instance: &Instance<'_>, need: &[Quantity], pools: &[usize]) -> Amounts {
    let slots = places(instance, need, pools);
    let mut kept = need.to_vec();
    for resource in (0..kept.len()).rev() {
        let amount = std::mem::replace(&mut kept[resource], Quantity::ZERO);
        if places(instance, &kept, pools) != slots {
            kept[resource] = amount;
        }
    }
    let named = instance.resources.iter().zip(&kept).filter(|(_, need)| **need > Quantity::ZERO);
    named.map(|(name, need)| ((*name).to_owned(), *need)).collect()
}
