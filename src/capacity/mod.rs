//! Does the worst case fit the node pools?
//!
//! Promises: three answers. *Fits* comes with a packing that anyone can check; *does not fit* with a proof
//! that no packing exists; *unknown* says why there is neither. The same model gives the same answer. The
//! scheduler places one pod at a time and may not find a packing that exists: see `docs/capacity.md`.
//!
//! The packing is of the worst case: every scaler at its highest, every job running, every rollout under
//! way, every pool at its greatest size.

mod affinity;
mod assumption;
mod demand;
mod instance;
mod packing;
mod pool;
mod proof;
mod storage;
#[cfg(test)]
mod tests;
mod words;

use crate::model::{Amounts, Model, Quantity};
use affinity::needs_company;
use instance::Instance;

pub use affinity::admits;
pub use assumption::assumptions;
pub use demand::{Demand, Role, Spread, demands, pod_request, requests};
pub use packing::{Nodes, Packing};
pub use pool::{Obstacle, PODS, PODS_DEFAULT, Pool, obstacle};
pub use proof::{Bound, Proof};
pub use storage::{Disks, disks};
pub use words::{arithmetic, room};

/// The answer for one set of pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The packing holds every pod.
    Fits,
    DoesNotFit(Proof),
    Unknown(Vec<Doubt>),
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Neither a packing nor a proof was found; so many pods are left.
    NotFound { left: u64 },
    /// A pool that pods lie on does not say how much of a resource its nodes have.
    NotSaid { pool: usize, resource: &'static str },
    /// Pods must be spread over zones, and the zones of nodes are not known.
    Zones { demand: usize },
    /// Pods must lie near or away from others, which the packing does not see to.
    Company { demand: usize },
}

/// The answer, and the best packing that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub packing: Packing,
    pub verdict: Verdict,
}

/// Resources that every node has: a pool that does not say how much leaves the answer open.
const ESSENTIAL: [&str; 2] = ["cpu", "memory"];

/// Packs pods on pools at their greatest size.
pub fn pack(demands: &[Demand], pools: &[Pool]) -> Answer {
    let instance = Instance::new(demands, pools);
    let packing = packing::pack(&instance);
    let verdict = match proof::find(&instance) {
        Some(proof) => Verdict::DoesNotFit(proof),
        None => judge(&instance, &packing),
    };
    Answer { packing, verdict }
}

fn judge(instance: &Instance<'_>, packing: &Packing) -> Verdict {
    if !packing.is_complete() {
        return Verdict::Unknown(vec![Doubt::NotFound { left: packing.left.iter().sum() }]);
    }
    let mut doubts = unsaid(instance, packing);
    let zoned = instance.demands.iter().enumerate().filter(|(_, demand)| demand.zones && demand.pods > 0);
    doubts.extend(zoned.map(|(demand, _)| Doubt::Zones { demand }));
    let bound = |demand: &Demand| demand.placement.affinity.as_deref().is_some_and(needs_company);
    let bound = instance.demands.iter().enumerate().filter(|(_, demand)| demand.pods > 0 && bound(demand));
    doubts.extend(bound.map(|(demand, _)| Doubt::Company { demand }));
    if doubts.is_empty() { Verdict::Fits } else { Verdict::Unknown(doubts) }
}

fn unsaid(instance: &Instance<'_>, packing: &Packing) -> Vec<Doubt> {
    let asks = |nodes: &Nodes, resource: &str| {
        nodes.pods.iter().any(|(demand, _)| instance.demands[*demand].request.contains_key(resource))
    };
    let mut doubts = Vec::new();
    for resource in ESSENTIAL {
        for nodes in &packing.nodes {
            let doubt = Doubt::NotSaid { pool: nodes.pool, resource };
            let known = instance.pools[nodes.pool].room(resource).is_some();
            if !known && asks(nodes, resource) && !doubts.contains(&doubt) {
                doubts.push(doubt);
            }
        }
    }
    doubts
}

/// The worst case of an environment on its node pools.
#[derive(Clone, Debug, PartialEq)]
pub struct Capacity {
    pub pools: Vec<Pool>,
    pub demands: Vec<Demand>,
    /// Everything at once, rollouts included.
    pub whole: Answer,
    /// Without what is only there during a rollout.
    pub steady: Verdict,
}

/// The worst case of an environment; `None` where the target describes no nodes.
pub fn assess(model: &Model) -> Option<Capacity> {
    assess_of(model, |_| true)
}

/// The worst case of those pods that `counts` lets through.
pub fn assess_of(model: &Model, counts: impl Fn(&Demand) -> bool) -> Option<Capacity> {
    // What waits in a queue starts where room is left: it takes nothing from the others.
    let at_once = |demand: &Demand| demand.queue.is_none() && counts(demand);
    let demands: Vec<Demand> = demands(model).into_iter().filter(at_once).collect();
    of_demands(model, demands)
}

/// Each job that waits in a queue, on nodes with nothing else: where it does not fit those, it waits for ever.
pub fn assess_queued(model: &Model, counts: impl Fn(&Demand) -> bool) -> Vec<Capacity> {
    let mut jobs: Vec<Vec<Demand>> = Vec::new();
    for demand in demands(model).into_iter().filter(|demand| demand.queue.is_some() && counts(demand)) {
        match jobs.iter_mut().find(|job| job[0].component == demand.component) {
            Some(job) => job.push(demand),
            None => jobs.push(vec![demand]),
        }
    }
    jobs.into_iter().filter_map(|job| of_demands(model, job)).collect()
}

fn of_demands(model: &Model, demands: Vec<Demand>) -> Option<Capacity> {
    let pools = Pool::all(&model.target.node_pools);
    if pools.is_empty() {
        return None;
    }
    let whole = pack(&demands, &pools);
    let steady =
        if matches!(whole.verdict, Verdict::Fits) { Verdict::Fits } else { pack(&lasting(&demands), &pools).verdict };
    Some(Capacity { pools, demands, whole, steady })
}

/// The same demands at the same positions, without the pods of rollouts.
fn lasting(demands: &[Demand]) -> Vec<Demand> {
    let still = |demand: &Demand| if demand.role.is_passing() { 0 } else { demand.pods };
    demands.iter().map(|demand| Demand { pods: still(demand), ..demand.clone() }).collect()
}

/// What one of these nodes has on it.
pub fn used(demands: &[Demand], nodes: &Nodes) -> Amounts {
    let on_it = nodes.pods.iter().map(|(demand, pods)| {
        let pods = u32::try_from(*pods).unwrap_or(u32::MAX);
        Demand { pods, ..demands[*demand].clone() }
    });
    sum(&on_it.collect::<Vec<_>>())
}

/// What all nodes offer; without a resource that some pool does not name.
pub fn offered(pools: &[Pool]) -> Amounts {
    let names = pools.iter().flat_map(|pool| pool.room.keys());
    let total = |name: &String| {
        let of_pools = pools.iter().map(|pool| Some(pool.room(name)?.times(u64::from(pool.nodes))));
        Some((name.clone(), of_pools.sum::<Option<Quantity>>()?))
    };
    names.filter_map(total).collect()
}

/// What pods take in all.
pub fn sum<'a>(demands: impl IntoIterator<Item = &'a Demand>) -> Amounts {
    let mut total = Amounts::new();
    for demand in demands {
        let pods = Quantity::from_units(1).times(u64::from(demand.pods));
        add(&mut total, PODS, pods);
        for (resource, amount) in demand.request.iter().filter(|(resource, _)| *resource != PODS) {
            add(&mut total, resource, amount.times(u64::from(demand.pods)));
        }
    }
    total
}

fn add(total: &mut Amounts, resource: &str, amount: Quantity) {
    let sum = total.entry(resource.into()).or_insert(Quantity::ZERO);
    *sum = *sum + amount;
}
