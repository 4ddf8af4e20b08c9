//! Availability: enough replicas, and drains that neither block nor take all of them.

use super::places::first_written;
use super::risk;
use crate::diagnostic::code;
use crate::document::{Finding, Findings, Path, at};
use crate::model::{Body, Component, Controller, Disruption, Model, NumberOrPercent};
use crate::spec::{Kind, Tier};

/// The replicas that always run.
pub(super) fn always(component: &Component) -> u32 {
    match (&component.scale, &component.body) {
        (Some(scale), _) => scale.min,
        (None, Body::Workload(workload)) => workload.controller.replicas(),
        (None, Body::Cluster(cluster)) => cluster.instances,
        (None, Body::External(_)) => 0,
    }
}

/// Where the number of replicas that always run is written.
pub(super) fn always_place(component: &Component) -> Path {
    let place = at!["components", component.key];
    match (&component.scale, &component.body) {
        (Some(_), _) => place.join("scale").join("min"),
        (None, Body::Workload(_)) => place.join("replicas"),
        (None, Body::Cluster(_)) => place.join("instances"),
        (None, Body::External(_)) => place,
    }
}

/// What answers requests all the time: it has ports, and a controller that keeps its pods.
pub(super) fn serves(component: &Component) -> bool {
    let stays = component.workload().is_some_and(|workload| {
        matches!(
            workload.controller,
            Controller::Deployment { .. } | Controller::StatefulSet { .. } | Controller::LeaderWorkerSet { .. }
        )
    });
    stays && !component.ports().is_empty()
}

/// In production, what serves has at least two replicas: one is away with its node.
pub(super) fn production_serves_from_two_replicas(model: &Model, findings: &mut Findings<'_>) {
    if model.tier != Tier::Production {
        return;
    }
    for component in model.components.values() {
        let stateless =
            matches!(component.kind, Kind::Frontend | Kind::Backend | Kind::Agent | Kind::Model) && serves(component);
        let intended = findings.is_written(&at!["components", component.key, "singleton"]);
        if always(component) != 1 || intended || !(stateless || matches!(component.body, Body::Cluster(_))) {
            continue;
        }
        let place = always_place(component);
        let help = match component.body {
            Body::Cluster(_) => "write `instances: 3`, so that a standby takes over",
            Body::Workload(_) | Body::External(_) => {
                "write at least 2, or `singleton: true` where there must be one and never two"
            }
        };
        findings.push(
            Finding::warning(
                code::REPLICA_SINGLE,
                place,
                format!("`{}` serves in production from one replica", component.key),
            )
            .label("one replica")
            .reason("while its node is drained or fails, nobody answers")
            .help(help),
        );
    }
}

/// A disruption budget lets at least one pod go: otherwise no node drains, and no node is upgraded.
pub(super) fn drains_can_go_on(model: &Model, findings: &mut Findings<'_>) {
    for component in model.components.values() {
        let Some(disruption) = component.disruption else { continue };
        let replicas = always(component).max(1);
        let place = at!["components", component.key, "disruption"];
        let (place, kept, label) = match disruption {
            Disruption::MaxUnavailable(number) if number.is_zero() => (
                place.join("maxUnavailable"),
                format!("at most {number} of {replicas} may be away"),
                "none may ever go",
            ),
            // Kubernetes rounds a percentage up.
            Disruption::MinAvailable(number) if number.of(replicas, true) >= replicas => {
                (place.join("minAvailable"), format!("at least {number} of {replicas} must stay"), "all must stay")
            }
            _ => continue,
        };
        findings.push(
            Finding::error(
                code::DRAIN_BLOCKED,
                place,
                format!("no node with a pod of `{}` can be drained: {kept}", component.key),
            )
            .label(label)
            .also(always_place(component), format!("{replicas} at least"))
            .reason("the eviction of a pod is refused while the budget does not allow it, so the drain waits for ever")
            .help("write `disruption: {maxUnavailable: 1}`"),
        );
    }
}

/// What serves from several replicas has a disruption budget: without it a drain may take all at once.
pub(super) fn drains_leave_replicas(model: &Model, findings: &mut Findings<'_>) {
    for component in model.components.values().filter(|component| serves(component)) {
        if component.disruption.is_none() && always(component) >= 2 {
            findings.push(
                Finding::judged(
                    risk(model),
                    code::DRAIN_UNBOUNDED,
                    at!["components", component.key, "disruption"],
                    format!("a drain may take all replicas of `{}` at once", component.key),
                )
                .label("no disruption budget")
                .reason("pods of one component may share nodes, and nodes are drained together")
                .help("take `disruption: false` away: the default lets one pod go at a time"),
            );
        } else if let Some(Disruption::MaxUnavailable(number)) = component.disruption {
            takes_all(model, component, number, findings);
        }
    }
}

fn takes_all(model: &Model, component: &Component, number: NumberOrPercent, findings: &mut Findings<'_>) {
    let replicas = always(component);
    if replicas < 2 || number.of(replicas, true) < replicas {
        return;
    }
    let place = first_written(findings, [at!["components", component.key, "disruption", "maxUnavailable"]]);
    findings.push(
        Finding::judged(
            risk(model),
            code::DRAIN_UNBOUNDED,
            place,
            format!("a drain may take all {replicas} replicas of `{}` at once", component.key),
        )
        .label(format!("{number} of {replicas}"))
        .also(always_place(component), format!("{replicas} always run"))
        .help("write `maxUnavailable: 1`"),
    );
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{api, cluster, law, replicas, scale};
    use super::*;
    use crate::diagnostic::Severity;
    use serde_json::json;

    #[test]
    fn one_replica_in_production_is_a_warning() {
        let found = law(production_serves_from_two_replicas)
            .with(|model| replicas(model, 1))
            .breaks(code::REPLICA_SINGLE, "components.api.replicas");
        assert_eq!(found.severity, Severity::Warning);
        law(production_serves_from_two_replicas)
            .with(|model| {
                replicas(model, 1);
                model.tier = Tier::Staging;
            })
            .keeps();
        law(production_serves_from_two_replicas)
            .written(&json!({"components": {"api": {"singleton": true}}}))
            .with(|model| replicas(model, 1))
            .keeps();
        law(production_serves_from_two_replicas)
            .with(|model| scale(model).min = 1)
            .breaks(code::REPLICA_SINGLE, "components.api.scale.min");
        law(production_serves_from_two_replicas)
            .with(|model| cluster(model).instances = 1)
            .breaks(code::REPLICA_SINGLE, "components.db.instances");
    }

    #[test]
    fn a_budget_that_keeps_all_blocks_every_drain() {
        use NumberOrPercent::{Number, Percent};
        let budget = |disruption| law(drains_can_go_on).with(move |model| api(model).disruption = Some(disruption));
        for number in [Number(2), Number(3), Percent(100), Percent(51)] {
            budget(Disruption::MinAvailable(number))
                .breaks(code::DRAIN_BLOCKED, "components.api.disruption.minAvailable");
        }
        for number in [Number(0), Percent(0)] {
            budget(Disruption::MaxUnavailable(number))
                .breaks(code::DRAIN_BLOCKED, "components.api.disruption.maxUnavailable");
        }
        budget(Disruption::MinAvailable(Number(1))).keeps();
        budget(Disruption::MinAvailable(Percent(50))).keeps();
        budget(Disruption::MaxUnavailable(Percent(1))).keeps();
    }

    #[test]
    fn the_least_number_of_a_scaler_counts() {
        law(drains_can_go_on)
            .with(|model| {
                scale(model).min = 2;
                api(model).disruption = Some(Disruption::MinAvailable(NumberOrPercent::Number(2)));
            })
            .breaks(code::DRAIN_BLOCKED, "components.api.disruption.minAvailable");
    }

    #[test]
    fn without_a_budget_a_drain_takes_all() {
        let off = |tier| {
            law(drains_leave_replicas)
                .with(move |model| {
                    model.tier = tier;
                    api(model).disruption = None;
                })
                .breaks(code::DRAIN_UNBOUNDED, "components.api.disruption")
                .severity
        };
        assert_eq!((off(Tier::Production), off(Tier::Staging)), (Severity::Error, Severity::Warning));
        law(drains_leave_replicas)
            .with(|model| api(model).disruption = Some(Disruption::MaxUnavailable(NumberOrPercent::Percent(100))))
            .breaks(code::DRAIN_UNBOUNDED, "components.api.disruption.maxUnavailable");
        law(drains_leave_replicas)
            .with(|model| {
                api(model).disruption = None;
                replicas(model, 1);
            })
            .keeps();
    }
}
