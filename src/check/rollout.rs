//! Rollouts: a new version can come, and somebody answers meanwhile.

use super::availability::{always, always_place, serves};
use super::risk;
use crate::diagnostic::code;
use crate::document::{Finding, Findings, Path, at};
use crate::model::{Component, Model, NumberOrPercent, Rollout};

/// Deployments and groups with their rollouts.
pub(super) fn rollouts(model: &Model) -> impl Iterator<Item = (&Component, &Rollout, Path)> {
    model
        .components
        .values()
        .filter_map(|component| Some((component, component.rollout()?, at!["components", component.key, "rollout"])))
}

/// Components that are rolled out pod by pod: pods above the number, and pods that may be away.
pub(super) fn rolling(model: &Model) -> impl Iterator<Item = (&Component, NumberOrPercent, NumberOrPercent, Path)> {
    rollouts(model).filter_map(|(component, rollout, place)| {
        let (surge, unavailable) = rollout.pace()?;
        Some((component, surge, unavailable, place))
    })
}

/// Where it is written how many pods more a rollout brings.
pub(super) fn surge_place(component: &Component) -> Path {
    let field = if component.progressive().is_some() { "strategy" } else { "surge" };
    at!["components", component.key, "rollout", field]
}

/// A rolling update adds a pod or takes one away. Source: `ValidateRollingUpdateDeployment` refuses
/// zero for both.
pub(super) fn rollouts_can_move(model: &Model, findings: &mut Findings<'_>) {
    for (component, surge, unavailable, place) in rolling(model) {
        if surge.is_zero() && unavailable.is_zero() {
            findings.push(
                Finding::error(
                    code::ROLLOUT_STUCK,
                    place.join("surge"),
                    format!("a rollout of `{}` can neither add nor take away a pod", component.key),
                )
                .label("no pod more")
                .also(place.join("unavailable"), "no pod less")
                .reason("Kubernetes refuses a rolling update with both at zero")
                .help("write `surge: 1`, or `unavailable: 1` where there is no room for another pod"),
            );
        }
    }
}

/// A rollout leaves a replica that answers, where there are several.
pub(super) fn rollouts_leave_replicas(model: &Model, findings: &mut Findings<'_>) {
    for (component, _, unavailable, place) in rolling(model) {
        let replicas = always(component);
        // One replica is a finding of its own.
        if replicas < 2 || !serves(component) || unavailable.of(replicas, false) < replicas {
            continue;
        }
        findings.push(
            Finding::judged(
                risk(model),
                code::ROLLOUT_OUTAGE,
                place.join("unavailable"),
                format!("a rollout may take all {replicas} replicas of `{}` at once", component.key),
            )
            .label(format!("{unavailable} of {replicas}"))
            .also(always_place(component), format!("{replicas} always run"))
            .reason("until the first new pod is ready, nobody answers")
            .help("write a smaller number, such as `unavailable: 1`"),
        );
    }
}

/// A rollout does not count as failed while its pods may still start.
pub(super) fn deadlines_cover_the_start(model: &Model, findings: &mut Findings<'_>) {
    for (component, rollout, place) in rollouts(model) {
        let startup = component.workload().and_then(|workload| workload.pod.main.probes.startup.as_ref());
        let Some(budget) = startup.map(crate::model::Probe::budget) else { continue };
        if i64::from(rollout.deadline) <= budget {
            findings.push(
                Finding::warning(
                    code::ROLLOUT_DEADLINE,
                    place.join("deadline"),
                    format!(
                        "a rollout of `{}` fails after {}s, and a pod may take {budget}s to start",
                        component.key, rollout.deadline
                    ),
                )
                .label(format!("{}s", rollout.deadline))
                .also(at!["components", component.key, "health", "startup"], format!("up to {budget}s"))
                .reason("`progressDeadlineSeconds` runs from the last progress, and a starting pod is none")
                .help("take `deadline` away: by default it covers the start with a margin"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{self, law, main, probe, replicas};
    use super::*;
    use crate::diagnostic::Severity;
    use crate::model::Probe;
    use crate::spec::Tier;

    #[test]
    fn zero_and_zero_cannot_move() {
        let both = |surge: &'static str, unavailable: &'static str| {
            law(rollouts_can_move).with(move |model| fixture::rolling(model, surge, unavailable))
        };
        both("0", "0%").breaks(code::ROLLOUT_STUCK, "components.api.rollout.surge");
        both("0", "25%").keeps();
        both("1", "0").keeps();
    }

    #[test]
    fn taking_all_replicas_is_an_outage() {
        let taking = |unavailable: &'static str, count| {
            law(rollouts_leave_replicas).with(move |model| {
                fixture::rolling(model, "0", unavailable);
                replicas(model, count);
            })
        };
        let found = taking("2", 2).breaks(code::ROLLOUT_OUTAGE, "components.api.rollout.unavailable");
        assert_eq!(found.severity, Severity::Error);
        taking("100%", 4).breaks(code::ROLLOUT_OUTAGE, "components.api.rollout.unavailable");
        taking("1", 2).keeps();
        taking("1", 1).keeps();
        let found = taking("2", 2)
            .with(|model| model.tier = Tier::Development)
            .breaks(code::ROLLOUT_OUTAGE, "components.api.rollout.unavailable");
        assert_eq!(found.severity, Severity::Warning);
    }

    #[test]
    fn a_deadline_covers_the_start() {
        let starting = |failures| {
            law(deadlines_cover_the_start).with(move |model| {
                main(model).probes.startup = Some(Probe { failures, ..probe("/healthz") });
            })
        };
        starting(60).breaks(code::ROLLOUT_DEADLINE, "components.api.rollout.deadline");
        starting(30).keeps();
    }
}
