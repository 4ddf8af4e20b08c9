//! `cost`: what the nodes cost a month, where the environment says what a node costs.
//!
//! Promises: from the nodes that the least load needs to those of the worst case, as the packing fills them,
//! and never below what a pool keeps running; in whole units of the currency.

use super::{Class, Comparison, Risk};
use crate::capacity::{Demand, Packing, Pool, Role, demands, pack};
use crate::model::{Model, Quantity};
use std::fmt;

/// The monthly cost of the nodes, from the least that must run to the most that can.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    pub least: Quantity,
    pub most: Quantity,
    /// The word behind the numbers, as the environment writes it; may be empty.
    pub currency: String,
}

impl fmt::Display for Range {
    /// `1200 to 4800 EUR`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (least, most) = (self.least.units(), self.most.units());
        match (least == most, self.currency.as_str()) {
            (true, "") => write!(f, "{most}"),
            (true, currency) => write!(f, "{most} {currency}"),
            (false, "") => write!(f, "{least} to {most}"),
            (false, currency) => write!(f, "{least} to {most} {currency}"),
        }
    }
}

pub(super) fn find(comparison: &Comparison<'_>, risks: &mut Vec<Risk>) {
    let Some((before, after)) = ranges(comparison).filter(|(before, after)| before != after) else { return };
    // The price or the pools may be what changed, and no object.
    let of_change = comparison.changes.first().map(|change| (&change.identity, change.component.as_ref()));
    let of_objects = || comparison.after.objects().first().map(|object| (&object.identity, object.component.as_ref()));
    let Some(subject) = of_change.or_else(of_objects) else { return };
    risks.push(
        Risk::about(Class::Cost, "monthly-cost", subject, format!("the nodes cost {after} a month"))
            .at("target.nodePools", Some(before.to_string()), Some(after.to_string()))
            .reason("the price of each pool times the nodes that the least load and the worst case need"),
    );
}

/// What both sides cost; none where an environment has no price.
pub(super) fn ranges(comparison: &Comparison<'_>) -> Option<(Range, Range)> {
    Some((range(comparison.before.model?)?, range(comparison.after.model?)?))
}

fn range(model: &Model) -> Option<Range> {
    let pools = Pool::all(&model.target.node_pools);
    model.target.node_pools.values().find_map(|pool| pool.price)?;
    let most = demands(model);
    let least: Vec<Demand> = most.iter().cloned().map(|demand| at_least(demand, model)).collect();
    Some(Range {
        least: price(model, &pack(&least, &pools).packing),
        most: price(model, &pack(&most, &pools).packing),
        currency: model.target.currency.clone().unwrap_or_default(),
    })
}

/// The same pods with every scaler at its lowest, and nothing passing.
fn at_least(demand: Demand, model: &Model) -> Demand {
    let scale = model.components.get(&demand.component).and_then(|component| component.scale.as_ref());
    let pods = match demand.role {
        Role::Replicas => scale.map_or(demand.pods, |scale| scale.min.min(demand.pods)),
        Role::Instances | Role::Pooler => demand.pods,
        Role::Job | Role::Surge | Role::Release => 0,
    };
    Demand { pods, ..demand }
}

/// The price of the nodes of a packing, in whole units.
fn price(model: &Model, packing: &Packing) -> Quantity {
    let of_pool = |(at, pool): (usize, &crate::target::NodePool)| {
        let used: u64 = packing.nodes.iter().filter(|nodes| nodes.pool == at).map(|nodes| nodes.count).sum();
        pool.price.unwrap_or(Quantity::ZERO).times(used.max(u64::from(pool.min)))
    };
    let total: Quantity = model.target.node_pools.values().enumerate().map(of_pool).sum();
    Quantity::from_units(total.units())
}
