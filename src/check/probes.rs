//! Probes: they say what they are meant to say, in time.

use super::availability::serves;
use super::places::{first_written, text, workloads};
use crate::diagnostic::code;
use crate::document::{Finding, Findings, Path, at};
use crate::model::{Component, Container, Model, PortRef, Probe, ProbeCheck, Quantity};
use crate::spec::Kind;

/// No storage reads weights faster than this, in bytes a second.
const FASTEST_READ: i64 = 1 << 30;

/// The probes of a container that are there, by name.
fn probes(container: &Container) -> impl Iterator<Item = (&'static str, &Probe)> {
    let probes = &container.probes;
    let all = [("startup", &probes.startup), ("ready", &probes.ready), ("live", &probes.live)];
    all.into_iter().filter_map(|(name, probe)| Some((name, probe.as_ref()?)))
}

/// The place of a probe's field: its own, or the one beside the probes.
fn place(findings: &Findings<'_>, component: &Component, probe: &str, field: &str) -> Path {
    let health = at!["components", component.key, "health"];
    first_written(findings, [health.join(probe).join(field), health.join(field), health.join(probe)])
}

/// What serves says when it is ready: without, requests go to pods that still start.
pub(super) fn what_serves_says_when_it_is_ready(model: &Model, findings: &mut Findings<'_>) {
    for (component, pod) in workloads(model) {
        if pod.main.probes.ready.is_some() || !serves(component) {
            continue;
        }
        findings.push(
            Finding::warning(
                code::PROBE_READY_MISSING,
                at!["components", component.key, "health", "ready"],
                format!("`{}` does not say when it is ready", component.key),
            )
            .label("no readiness probe")
            .reason("a pod without one counts as ready when its process starts, so requests fail at every rollout")
            .help("write `health: {ready: /ready}`, or `{ready: {tcp: true}}` where it speaks no HTTP"),
        );
    }
}

/// Liveness asks something else than readiness: a pod that waits for its database is not ready, and
/// starting it again does not help. What a runtime brings is left alone.
pub(super) fn liveness_is_not_readiness(model: &Model, findings: &mut Findings<'_>) {
    for (component, pod) in workloads(model) {
        let place = at!["components", component.key, "health", "live"];
        let (Some(ready), Some(live)) = (&pod.main.probes.ready, &pod.main.probes.live) else { continue };
        let asks = matches!(live.check, ProbeCheck::Http { .. }) && live.check == ready.check;
        if !asks || !findings.is_written(&place) {
            continue;
        }
        findings.push(
            Finding::warning(
                code::PROBE_LIVE_IS_READY,
                place,
                format!("`{}` asks the same for liveness as for readiness", component.key),
            )
            .label("starts the container again")
            .also(at!["components", component.key, "health", "ready"], "only takes it out of the Service")
            .reason("where the answer depends on something else, such as a database, its failure starts all pods again")
            .help("let liveness ask only whether the process itself answers, or write `live: false`"),
        );
    }
}

/// Startup and liveness count one success. Source: `validateLivenessProbe`, `validateStartupProbe`.
pub(super) fn only_readiness_counts_successes(model: &Model, findings: &mut Findings<'_>) {
    for (component, pod) in workloads(model) {
        for (name, probe) in probes(&pod.main).filter(|(name, probe)| *name != "ready" && probe.successes != 1) {
            findings.push(
                Finding::error(
                    code::PROBE_SUCCESSES,
                    place(findings, component, name, "successes"),
                    format!("the {name} probe of `{}` counts {} successes", component.key, probe.successes),
                )
                .label("must be 1 here")
                .reason("only readiness counts several successes in a row")
                .help("write `successes` under `ready`, or take it away"),
            );
        }
    }
}

/// A probe has ended before the next one is due.
pub(super) fn probes_end_before_the_next_is_due(model: &Model, findings: &mut Findings<'_>) {
    for (component, pod) in workloads(model) {
        for (name, probe) in probes(&pod.main).filter(|(_, probe)| probe.timeout > probe.period) {
            findings.push(
                Finding::warning(
                    code::PROBE_TIMEOUT,
                    place(findings, component, name, "timeout"),
                    format!(
                        "the {name} probe of `{}` may take {}s and is due every {}s",
                        component.key, probe.timeout, probe.period
                    ),
                )
                .label(format!("up to {}s", probe.timeout))
                .also(place(findings, component, name, "period"), format!("every {}s", probe.period))
                .reason(
                    "a probe is not asked again before it has ended, so the period is not kept and failures count late",
                )
                .help("raise `period`, or lower `timeout`"),
            );
        }
    }
}

/// A probe goes to a port that the container declares: another one is mostly a slip.
pub(super) fn probed_ports_are_declared(model: &Model, findings: &mut Findings<'_>) {
    for (component, pod) in workloads(model) {
        let declared: Vec<u16> = pod.ports().map(|port| port.target).collect();
        for (name, probe) in probes(&pod.main) {
            let Some(port) = number(&probe.check).filter(|port| !declared.contains(port)) else { continue };
            let ports: Vec<String> =
                pod.main.ports.iter().map(|port| format!("`{}` ({})", port.name, port.target)).collect();
            let help = match ports.as_slice() {
                [] => "declare it under `ports`".to_owned(),
                _ => format!("its ports are {}; write one of them, or declare this one", ports.join(", ")),
            };
            findings.push(
                Finding::warning(
                    code::PROBE_PORT,
                    place(findings, component, name, "port"),
                    format!("the {name} probe of `{}` asks port {port}, which it does not declare", component.key),
                )
                .label("not among its ports")
                .reason("a probe asks the port of the container, not that of the Service")
                .help(help),
            );
        }
    }
}

fn number(check: &ProbeCheck) -> Option<u16> {
    match check {
        ProbeCheck::Http { port: PortRef::Number(port), .. }
        | ProbeCheck::Tcp(PortRef::Number(port))
        | ProbeCheck::Grpc { port, .. } => Some(*port),
        _ => None,
    }
}

/// A model server with liveness has a startup probe: until the weights are loaded it does not answer,
/// and liveness would start it again for ever.
pub(super) fn model_servers_have_a_startup_probe(model: &Model, findings: &mut Findings<'_>) {
    for (component, pod) in workloads(model).filter(|(component, _)| component.kind == Kind::Model) {
        if pod.main.probes.live.is_some() && pod.main.probes.startup.is_none() {
            findings.push(
                Finding::warning(
                    code::MODEL_STARTUP_MISSING,
                    at!["components", component.key, "health", "startup"],
                    format!("liveness of `{}` counts while it loads the model", component.key),
                )
                .label("no startup probe")
                .also(at!["components", component.key, "health", "live"], "counts from the start")
                .reason("a load that takes longer than liveness allows is broken off and begins again, without end")
                .help("write `health: {startup: {path: …, within: 20m}}`"),
            );
        }
    }
}

/// The startup budget of a model server is long enough to read the weights at all.
pub(super) fn startup_budgets_cover_the_weights(model: &Model, findings: &mut Findings<'_>) {
    for (component, pod) in workloads(model).filter(|(component, _)| component.kind == Kind::Model) {
        let size_place = at!["components", component.key, "model", "size"];
        let Some(startup) = &pod.main.probes.startup else { continue };
        let Some(size) = text(findings, &size_place).and_then(|text| Quantity::parse(text).ok()) else { continue };
        let least = size.units() / FASTEST_READ;
        if startup.budget() >= least {
            continue;
        }
        findings.push(
            Finding::warning(
                code::MODEL_STARTUP_SHORT,
                first_written(findings, [place(findings, component, "startup", "within"), place(findings, component, "startup", "failures")]),
                format!("`{}` has {}s to start, and reading {size} takes at least {least}s", component.key, startup.budget()),
            )
            .label(format!("{}s in all", startup.budget()))
            .also(size_place, "to be read")
            .reason("even at 1 GiB a second the weights are not read in that time, and the container starts again and again")
            .help("raise `within` of the startup probe, or leave the probe to the compiler"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{api, cron_job, law, main, probe};
    use super::*;
    use serde_json::json;

    #[test]
    fn what_serves_has_readiness() {
        law(what_serves_says_when_it_is_ready)
            .with(|model| main(model).probes.ready = None)
            .breaks(code::PROBE_READY_MISSING, "components.api.health.ready");
        law(what_serves_says_when_it_is_ready)
            .with(|model| {
                main(model).probes.ready = None;
                cron_job(model, "0 2 * * *");
            })
            .keeps();
        law(what_serves_says_when_it_is_ready)
            .with(|model| {
                main(model).probes.ready = None;
                main(model).ports.clear();
            })
            .keeps();
    }

    #[test]
    fn liveness_asks_something_else() {
        let same = |model: &mut Model| main(model).probes.live = Some(probe("/ready"));
        let written =
            json!({"components": {"api": {"health": {"ready": {"path": "/ready"}, "live": {"path": "/ready"}}}}});
        law(liveness_is_not_readiness)
            .written(&written)
            .with(same)
            .breaks(code::PROBE_LIVE_IS_READY, "components.api.health.live");
        law(liveness_is_not_readiness).with(same).keeps();
        law(liveness_is_not_readiness).written(&written).keeps();
    }

    #[test]
    fn liveness_counts_one_success() {
        let written = json!({"components": {"api": {"health": {"successes": 2, "ready": {}, "live": {}}}}});
        law(only_readiness_counts_successes)
            .written(&written)
            .with(|model| main(model).probes.live = Some(Probe { successes: 2, ..probe("/healthz") }))
            .breaks(code::PROBE_SUCCESSES, "components.api.health.successes");
        law(only_readiness_counts_successes)
            .with(|model| main(model).probes.ready = Some(Probe { successes: 2, ..probe("/ready") }))
            .keeps();
    }

    #[test]
    fn a_probe_ends_in_its_period() {
        let lasting = |timeout| {
            law(probes_end_before_the_next_is_due)
                .with(move |model| main(model).probes.ready = Some(Probe { timeout, ..probe("/ready") }))
        };
        lasting(11).breaks(code::PROBE_TIMEOUT, "components.api.health.ready.timeout");
        lasting(10).keeps();
    }

    #[test]
    fn a_probe_asks_a_declared_port() {
        let asking = |port| {
            law(probed_ports_are_declared).with(move |model| {
                main(model).probes.ready = Some(Probe { check: ProbeCheck::Tcp(PortRef::Number(port)), ..probe("/") });
            })
        };
        asking(80).breaks(code::PROBE_PORT, "components.api.health.ready.port");
        asking(8080).keeps();
    }

    #[test]
    fn a_model_server_starts_under_a_startup_probe() {
        law(model_servers_have_a_startup_probe)
            .with(|model| api(model).kind = Kind::Model)
            .breaks(code::MODEL_STARTUP_MISSING, "components.api.health.startup");
        law(model_servers_have_a_startup_probe).keeps();
        law(model_servers_have_a_startup_probe)
            .with(|model| {
                api(model).kind = Kind::Model;
                main(model).probes.startup = Some(probe("/healthz"));
            })
            .keeps();
    }

    #[test]
    fn the_weights_are_read_in_time() {
        let starting = |size: &str| {
            law(startup_budgets_cover_the_weights)
                .written(&json!({"components": {"api": {"model": {"size": size}, "health": {"startup": {"within": "30s"}}}}}))
                .with(|model| {
                    api(model).kind = Kind::Model;
                    main(model).probes.startup = Some(probe("/healthz"));
                })
        };
        starting("31Gi").breaks(code::MODEL_STARTUP_SHORT, "components.api.health.startup.within");
        starting("30Gi").keeps();
    }
}
