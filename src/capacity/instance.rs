//! One packing problem in numbers: what each pod needs, what each node has, which pods may lie where.

use super::demand::{Demand, Spread};
use super::pool::{PODS, Pool};
use crate::model::Quantity;
use std::collections::BTreeSet;

/// A problem. Resources, demands and pools are known by their positions.
pub(super) struct Instance<'a> {
    pub(super) demands: &'a [Demand],
    pub(super) pools: &'a [Pool],
    /// Every resource that is asked for; `pods` first.
    pub(super) resources: Vec<&'a str>,
    /// What one pod of each demand takes.
    pub(super) needs: Vec<Vec<Quantity>>,
    /// What one node of each pool has; `None` where the pool does not say.
    pub(super) rooms: Vec<Vec<Option<Quantity>>>,
    /// The pools that take each demand by labels and taints.
    pub(super) taken: Vec<Vec<usize>>,
}

impl<'a> Instance<'a> {
    pub(super) fn new(demands: &'a [Demand], pools: &'a [Pool]) -> Self {
        let asked: BTreeSet<&str> =
            demands.iter().flat_map(|demand| demand.request.keys().map(String::as_str)).collect();
        let resources: Vec<&str> =
            std::iter::once(PODS).chain(asked.into_iter().filter(|name| *name != PODS)).collect();
        let needs = demands.iter().map(|demand| resources.iter().map(|name| need(demand, name)).collect()).collect();
        let rooms = pools.iter().map(|pool| resources.iter().map(|name| pool.room(name)).collect()).collect();
        let taken = demands.iter().map(|demand| taking(demand, pools)).collect();
        Self { demands, pools, resources, needs, rooms, taken }
    }

    /// The pools with nodes that hold at least one pod of the demand.
    pub(super) fn homes(&self, demand: usize) -> Vec<usize> {
        let holds = |pool: &usize| fits(&self.needs[demand], &self.rooms[*pool]) > 0;
        self.taken[demand].iter().copied().filter(holds).collect()
    }

    /// How many pods of a demand one empty node of the pool holds.
    pub(super) fn slots(&self, demand: usize, pool: usize) -> u64 {
        capped(self.demands[demand].spread, fits(&self.needs[demand], &self.rooms[pool]))
    }

    pub(super) fn nodes(&self, pool: usize) -> u64 {
        u64::from(self.pools[pool].nodes)
    }
}

fn need(demand: &Demand, resource: &str) -> Quantity {
    if resource == PODS {
        return Quantity::from_units(1);
    }
    demand.request.get(resource).copied().unwrap_or(Quantity::ZERO)
}

fn taking(demand: &Demand, pools: &[Pool]) -> Vec<usize> {
    (0..pools.len()).filter(|pool| pools[*pool].nodes > 0 && pools[*pool].takes(&demand.placement)).collect()
}

/// How often `need` goes into `room`; what is not known is no limit.
pub(super) fn fits(need: &[Quantity], room: &[Option<Quantity>]) -> u64 {
    let times = need.iter().zip(room).filter_map(|(need, room)| Some(need.times_in((*room)?)));
    times.min().unwrap_or(u64::MAX)
}

pub(super) fn capped(spread: Spread, slots: u64) -> u64 {
    if spread == Spread::Apart { slots.min(1) } else { slots }
}
