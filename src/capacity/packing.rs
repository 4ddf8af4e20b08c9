//! Packing by first fit, the largest pods first: a packing that holds every pod is a witness that they fit.
//!
//! Promises: like pods and like nodes are counted, never listed, so that the time depends on the number of
//! components and pools alone; the same problem gives the same packing.

use super::demand::Spread;
use super::instance::{Instance, capped, fits};
use crate::model::Quantity;
use std::cmp::Reverse;

/// Pods on nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packing {
    /// In the order of pools; nodes with like content stand together.
    pub nodes: Vec<Nodes>,
    /// Pods of each demand that found no place.
    pub left: Vec<u64>,
}

/// Nodes of one pool with the same pods on them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nodes {
    /// The position of the pool.
    pub pool: usize,
    pub count: u64,
    /// (position of the demand, pods of it on each of these nodes)
    pub pods: Vec<(usize, u64)>,
}

impl Packing {
    pub fn is_complete(&self) -> bool {
        self.left.iter().all(|left| *left == 0)
    }

    fn missing(&self) -> u64 {
        self.left.iter().sum()
    }
}

/// The best packing that any of the orders gives: the first complete one, else the one with the fewest
/// pods left.
pub(super) fn pack(instance: &Instance<'_>) -> Packing {
    let mut best: Option<Packing> = None;
    for demands in demand_orders(instance) {
        for pools in pool_orders(instance) {
            let packing = Shelf::new(instance, &pools).fill(&demands);
            if packing.is_complete() {
                return packing;
            }
            if best.as_ref().is_none_or(|best| packing.missing() < best.missing()) {
                best = Some(packing);
            }
        }
    }
    best.unwrap_or(Packing { nodes: Vec::new(), left: Vec::new() })
}

/// Large pods first; by the resource of which they take the largest share of a node, by all their shares,
/// and by those with the fewest homes.
fn demand_orders(instance: &Instance<'_>) -> [Vec<usize>; 3] {
    let shares: Vec<Vec<u64>> = (0..instance.demands.len()).map(|demand| shares(instance, demand)).collect();
    let largest = |demand: &usize| shares[*demand].iter().copied().max().unwrap_or(0);
    let summed = |demand: &usize| shares[*demand].iter().fold(0u64, |sum, share| sum.saturating_add(*share));
    let homes: Vec<usize> = (0..instance.demands.len()).map(|demand| instance.homes(demand).len()).collect();
    // A spread is the hardest to keep on nodes that are half full.
    let free = |demand: &usize| instance.demands[*demand].spread == Spread::Free;
    let all: Vec<usize> = (0..instance.demands.len()).collect();
    let mut orders = [all.clone(), all.clone(), all];
    orders[0].sort_by_key(|demand| (homes[*demand], free(demand), Reverse(largest(demand)), Reverse(summed(demand))));
    orders[1].sort_by_key(|demand| (free(demand), Reverse(largest(demand)), Reverse(summed(demand))));
    orders[2].sort_by_key(|demand| (Reverse(summed(demand)), Reverse(largest(demand))));
    orders
}

/// The share of the largest node that a pod takes, in millionths, by resource.
fn shares(instance: &Instance<'_>, demand: usize) -> Vec<u64> {
    let largest = |resource: usize| instance.rooms.iter().filter_map(|room| room[resource]).max();
    let share = |(resource, need): (usize, &Quantity)| Some(largest(resource)?.times_in(need.times(1_000_000)));
    instance.needs[demand].iter().enumerate().filter_map(share).collect()
}

/// Pools that few depend on first: a node with a GPU is kept for those that need it. Then by size.
fn pool_orders(instance: &Instance<'_>) -> [Vec<usize>; 3] {
    let mut owed = vec![0usize; instance.pools.len()];
    for demand in 0..instance.demands.len() {
        if let [only] = instance.homes(demand)[..] {
            owed[only] += 1;
        }
    }
    let all: Vec<usize> = (0..instance.pools.len()).collect();
    let size = |pool: &usize| instance.rooms[*pool].iter().copied().flatten().collect::<Vec<_>>();
    let mut orders = [all.clone(), all.clone(), all];
    orders[0].sort_by_key(|pool| owed[*pool]);
    orders[1].sort_by_key(|pool| (owed[*pool], Reverse(size(pool))));
    orders[2].sort_by_key(size);
    orders
}

/// Like nodes while they are being filled.
#[derive(Clone)]
struct Like {
    nodes: Nodes,
    free: Vec<Option<Quantity>>,
}

impl Like {
    fn with(&self, count: u64, demand: usize, pods: u64, need: &[Quantity]) -> Self {
        let mut like = self.clone();
        like.nodes.count = count;
        match like.nodes.pods.iter_mut().find(|(placed, _)| *placed == demand) {
            Some((_, placed)) => *placed += pods,
            None if pods > 0 => like.nodes.pods.push((demand, pods)),
            None => {}
        }
        for (free, need) in like.free.iter_mut().zip(need) {
            *free = free.map(|free| free - need.times(pods));
        }
        like
    }
}

/// The nodes, in the order in which they are filled.
struct Shelf<'i, 'a> {
    instance: &'i Instance<'a>,
    likes: Vec<Like>,
}

impl<'i, 'a> Shelf<'i, 'a> {
    fn new(instance: &'i Instance<'a>, pools: &[usize]) -> Self {
        let like = |pool: &usize| Like {
            nodes: Nodes { pool: *pool, count: instance.nodes(*pool), pods: Vec::new() },
            free: instance.rooms[*pool].clone(),
        };
        Self { instance, likes: pools.iter().map(like).filter(|like| like.nodes.count > 0).collect() }
    }

    fn fill(mut self, demands: &[usize]) -> Packing {
        let mut left = vec![0; demands.len()];
        for &demand in demands {
            let pods = u64::from(self.instance.demands[demand].pods);
            left[demand] = match self.instance.demands[demand].spread {
                Spread::Even => self.place_evenly(demand, pods),
                Spread::Free | Spread::Apart => self.place(demand, pods, u64::MAX),
            };
        }
        Packing { nodes: gathered(self.likes.into_iter().map(|like| like.nodes).collect()), left }
    }

    /// Fills node after node, with at most `most` pods on each; returns how many pods are left.
    fn place(&mut self, demand: usize, pods: u64, most: u64) -> u64 {
        let need = self.instance.needs[demand].clone();
        let mut left = pods;
        let mut filled = Vec::with_capacity(self.likes.len() + 1);
        for like in std::mem::take(&mut self.likes) {
            let slots = self.slots(demand, &like).min(most);
            if slots == 0 || left == 0 {
                filled.push(like);
                continue;
            }
            let full = like.nodes.count.min(left / slots);
            left -= full * slots;
            let rest = if full < like.nodes.count { left } else { 0 };
            left -= rest;
            let untouched = like.nodes.count - full - u64::from(rest > 0);
            let parts = [(full, slots), (u64::from(rest > 0), rest), (untouched, 0)];
            filled.extend(
                parts
                    .into_iter()
                    .filter(|(count, _)| *count > 0)
                    .map(|(count, pods)| like.with(count, demand, pods, &need)),
            );
        }
        self.likes = filled;
        left
    }

    /// As many on every node as the fullest allows, then one more where there is room: no node then has
    /// two more than another.
    fn place_evenly(&mut self, demand: usize, pods: u64) -> u64 {
        let domain: Vec<&Like> = self.likes.iter().filter(|like| self.is_taken(demand, like)).collect();
        let nodes: u64 = domain.iter().map(|like| like.nodes.count).sum();
        let least = domain.iter().map(|like| self.slots(demand, like)).min().unwrap_or(0);
        let each = pods.checked_div(nodes).unwrap_or(0).min(least);
        let left = if each > 0 { self.place(demand, each * nodes, each) + pods - each * nodes } else { pods };
        self.place(demand, left, 1)
    }

    fn is_taken(&self, demand: usize, like: &Like) -> bool {
        self.instance.taken[demand].contains(&like.nodes.pool)
    }

    fn slots(&self, demand: usize, like: &Like) -> u64 {
        if !self.is_taken(demand, like) {
            return 0;
        }
        capped(self.instance.demands[demand].spread, fits(&self.instance.needs[demand], &like.free))
    }
}

/// By pool, nodes with the same pods together.
fn gathered(mut nodes: Vec<Nodes>) -> Vec<Nodes> {
    nodes.iter_mut().for_each(|nodes| nodes.pods.sort_unstable());
    nodes.sort_by_key(|nodes| nodes.pool);
    let mut together: Vec<Nodes> = Vec::with_capacity(nodes.len());
    for next in nodes {
        match together.iter_mut().find(|known| known.pool == next.pool && known.pods == next.pods) {
            Some(known) => known.count += next.count,
            None => together.push(next),
        }
    }
    together
}
