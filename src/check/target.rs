//! The target: node pools that can hold something.

use crate::diagnostic::code;
use crate::document::{Finding, Findings, at};
use crate::model::{Model, Quantity};

/// A node pool has at most as many nodes as at least, or more.
pub(super) fn pools_have_bounds(model: &Model, findings: &mut Findings<'_>) {
    for (name, pool) in model.target.node_pools.iter().filter(|(_, pool)| pool.min > pool.max) {
        let nodes = at!["environment", "target", "nodePools", name, "nodes"];
        findings.push(
            Finding::error(
                code::POOL_BOUNDS,
                nodes.join("max"),
                format!("the node pool `{name}` has at least {} nodes and at most {}", pool.min, pool.max),
            )
            .label(format!("at most {}", pool.max))
            .also(nodes.join("min"), format!("at least {}", pool.min))
            .help("raise `max`, or lower `min`"),
        );
    }
}

/// What the daemons of each node reserve leaves something to pods.
pub(super) fn pools_leave_something_to_pods(model: &Model, findings: &mut Findings<'_>) {
    for (name, pool) in &model.target.node_pools {
        for (resource, reserved) in &pool.reserved {
            let amount = pool.allocatable.get(resource).copied().unwrap_or(Quantity::ZERO);
            if *reserved < amount {
                continue;
            }
            let place = at!["environment", "target", "nodePools", name];
            findings.push(
                Finding::error(
                    code::POOL_RESERVED,
                    place.join("reserved").join(resource),
                    format!("the nodes of `{name}` reserve {reserved} of {resource}, and have {amount}"),
                )
                .label("nothing is left")
                .also(place.join("allocatable").join(resource), format!("{amount} on each node"))
                .reason("`allocatable` is what a node offers, and `reserved` the part of it that DaemonSets take")
                .help("write what `kubectl describe node` shows as allocatable, and what the DaemonSets there ask for"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{amounts, law, pool};
    use super::*;

    #[test]
    fn a_pool_has_bounds() {
        let from = |min| law(pools_have_bounds).with(move |model| pool(model, "general", 3, &[("cpu", "4")]).min = min);
        from(4).breaks(code::POOL_BOUNDS, "target.nodePools.general.nodes.max");
        from(3).keeps();
    }

    #[test]
    fn something_is_left_to_pods() {
        let reserving = |cpu: &'static str| {
            law(pools_leave_something_to_pods)
                .with(move |model| pool(model, "general", 3, &[("cpu", "4")]).reserved = amounts(&[("cpu", cpu)]))
        };
        reserving("4").breaks(code::POOL_RESERVED, "target.nodePools.general.reserved.cpu");
        reserving("500m").keeps();
    }
}
