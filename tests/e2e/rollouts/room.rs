//! The nodes that an environment gets: the fewest that all fits on, and more only where the scheduler needs them.

use crate::pools::{Occupied, node};
use std::time::{Duration, Instant};
use windlass::capacity::{Demand, Pool, Verdict, pack};

/// How long nothing may change until what the scheduler says is its last word.
const PATIENCE: Duration = Duration::from_secs(5);

/// Pools, each with as many nodes as were made of it so far.
pub(super) struct Room<'a> {
    pub(super) pools: Vec<Pool>,
    /// As they are described.
    most: &'a [Pool],
    /// Nodes that were added for the scheduler.
    pub(super) more: usize,
    open: String,
    since: Instant,
}

impl<'a> Room<'a> {
    /// The pools with nodes taken away, one by one, as long as `capacity` says that all fits.
    pub(super) fn tightest(demands: &[Demand], most: &'a [Pool]) -> Self {
        let mut pools = most.to_vec();
        for index in 0..pools.len() {
            while pools[index].nodes > 0 {
                pools[index].nodes -= 1;
                if !matches!(pack(demands, &pools).verdict, Verdict::Fits) {
                    pools[index].nodes += 1;
                    break;
                }
            }
        }
        Self { pools, most, more: 0, open: String::new(), since: Instant::now() }
    }

    /// Adds a node where pods wait for CPU or memory and nothing goes on: the scheduler places one pod at a time and
    /// need not find the packing that there is. Of devices there are never more.
    pub(super) fn relieve(&mut self, occupied: &mut Occupied<'_>, open: &str) -> Result<(), String> {
        if self.open != open {
            (self.open, self.since) = (open.into(), Instant::now());
        }
        let is_short = ["cpu", "memory"].iter().any(|resource| open.contains(&format!("Insufficient {resource}")));
        if !is_short || self.since.elapsed() < PATIENCE {
            return Ok(());
        }
        let spare = |pool: usize| self.most[pool].nodes.saturating_sub(self.pools[pool].nodes);
        let plain = (0..self.pools.len()).filter(|pool| !has_devices(&self.pools[*pool]) && spare(*pool) > 0);
        let Some(pool) = plain.max_by_key(|pool| spare(*pool)) else { return Ok(()) };
        self.since = Instant::now();
        self.more += 1;
        self.add(occupied, pool, 1)
    }

    pub(super) fn add(&mut self, occupied: &mut Occupied<'_>, pool: usize, nodes: u32) -> Result<(), String> {
        let pool = &mut self.pools[pool];
        let first = pool.nodes;
        pool.nodes += nodes;
        occupied.add_nodes((first..pool.nodes).map(|index| node(pool, index)).collect())
    }
}

pub(super) fn has_devices(pool: &Pool) -> bool {
    pool.room.keys().any(|resource| resource.contains('/'))
}
