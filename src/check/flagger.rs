//! Rollouts by Flagger: what it cannot express is refused.

use super::availability::{always, always_place};
use super::progressive::progressives;
use crate::diagnostic::code;
use crate::document::{Finding, Findings, Path, at};
use crate::model::{Component, Driver, Model, Plan, Progressive, Split};
use crate::spec::{Feature, Promotion, Protocol};

/// The longest step, in seconds, after which Flagger still comes often enough for all else that it does.
const OFTEN: i64 = 600;

/// Flagger makes Services, primary and route by its own rules: what it cannot express is refused.
pub(super) fn flagger_can_do_it(model: &Model, findings: &mut Findings<'_>) {
    for (component, progressive, place) in progressives(model) {
        if progressive.driver != Driver::Flagger {
            continue;
        }
        let refusals = strategy_refused(progressive, component, &place)
            .into_iter()
            .chain(ports_refused(component))
            .chain(routes_refused(model, component, progressive))
            .chain(replicas_refused(component));
        for (place, message, reason, help) in refusals {
            findings.push(
                Finding::error(code::ROLLOUT_UNSUPPORTED, place, message)
                    .label("not with Flagger")
                    .also(at!["environment", "target", "features"], "`flagger` is among the features")
                    .reason(reason)
                    .help(help),
            );
        }
    }
}

/// Flagger makes each of its moves once in the time of a step: also the first route, and the last clean-up.
pub(super) fn flagger_moves_often_enough(model: &Model, findings: &mut Findings<'_>) {
    for (component, progressive, place) in progressives(model) {
        let Plan::Canary { pause: Some(pause), .. } = progressive.plan else { continue };
        if progressive.driver != Driver::Flagger || pause <= OFTEN {
            continue;
        }
        findings.push(
            Finding::warning(
                code::ROLLOUT_SLOW,
                place.join("pause"),
                format!("Flagger looks at `{}` once in {}", component.key, spoken(pause)),
            )
            .label("the time of a step is that of every move")
            .reason("a new route is there only at its second look, and the old version goes at the third one after the last step")
            .help(format!("write at most {} and more steps, such as `steps: [5, 10, 20, 30, 50]`", spoken(OFTEN))),
        );
    }
}

fn spoken(seconds: i64) -> String {
    match seconds {
        _ if seconds % 3600 == 0 => format!("{}h", seconds / 3600),
        _ if seconds % 60 == 0 => format!("{}m", seconds / 60),
        _ => format!("{seconds}s"),
    }
}

/// Place, message, reason and help.
type Refusal = (Path, String, &'static str, &'static str);

fn strategy_refused(progressive: &Progressive, component: &Component, place: &Path) -> Vec<Refusal> {
    let key = &component.key;
    match &progressive.plan {
        Plan::Canary { split: Split::Replicas, .. } => vec![(
            place.join("strategy"),
            format!("nothing divides the requests of `{key}` between two versions"),
            "Flagger moves the weights of a route of the Gateway API; a Service has none, and Flagger has no canary by number of pods",
            "give it a route on a target with `gateway-api`, or write `strategy: blue-green`",
        )],
        Plan::Canary { pause: None, .. } => vec![(
            place.join("pause"),
            format!("the canary of `{key}` does not say how long a step lasts"),
            "Flagger goes on by itself after a time; it does not wait for a person",
            "write `pause:`, such as `pause: 10m`",
        )],
        Plan::Canary { .. } => Vec::new(),
        Plan::BlueGreen { promote, preview, keep } => {
            let manual = (*promote == Promotion::Manual).then_some((
                "promote",
                "Flagger promotes as soon as the pods are ready; a gate for a person needs a server of its own",
                "write `promote: auto`",
            ));
            let preview =
                preview.map(|_| ("preview", "Flagger starts as many pods as the component has", "take `preview` away"));
            let keep =
                keep.map(|_| ("keep", "Flagger takes the pods away as soon as they are promoted", "take `keep` away"));
            let refused = [manual, preview, keep].into_iter().flatten();
            refused
                .map(|(field, reason, help)| {
                    (place.join(field), format!("`{field}` of `{key}` has no effect here"), reason, help)
                })
                .collect()
        }
    }
}

/// Flagger is told one port, and takes further ones as the containers listen.
fn ports_refused(component: &Component) -> Option<Refusal> {
    let ports = component.ports();
    let place = at!["components", component.key, "ports"];
    let told = component.main_port()?;
    let pod = component.workload().map(|workload| &workload.pod);
    let beside = |name: &str| pod.is_some_and(|pod| !pod.main.ports.iter().any(|port| port.name == name));
    let odd = ports.iter().find(|port| {
        let further = port.name != told.name;
        let renumbered = further && (port.port != port.target || port.app_protocol.is_some());
        port.protocol != Protocol::Tcp || beside(&port.name) || renumbered
    })?;
    Some((
        place.join(&odd.name),
        format!("the Service of `{}` would not have the port `{}` as it is written", component.key, odd.name),
        "Flagger writes the ports of the Services: one as it is told, the other TCP ports of the main container by their own numbers alone",
        "give it the number that the container listens on, over TCP, or write `strategy: rolling`",
    ))
}

/// One route, of one rule, is moved.
fn routes_refused(model: &Model, component: &Component, progressive: &Progressive) -> Vec<Refusal> {
    if !model.target.has(Feature::GatewayApi) {
        return Vec::new();
    }
    let Some(moved) = component.weighted_route() else { return Vec::new() };
    let place = at!["components", component.key, "routes"];
    let mut refused = Vec::new();
    if moved.rewrite.is_some() && moved.paths.len() > 1 {
        refused.push((
            place.join(&moved.name).join("rewrite"),
            format!("the route of `{}` would rewrite several paths in one rule", component.key),
            "Flagger makes one rule of a route, and a rule that replaces a prefix matches one prefix",
            "give each path a route of its own",
        ));
    }
    // In blue-green the others follow the promotion.
    let others = component.routes.iter().filter(|route| progressive.is_canary() && route.name != moved.name);
    refused.extend(others.map(|route| {
        (
            place.join(&route.name),
            format!("the route `{}` of `{}` would lead to the old version alone", route.name, component.key),
            "Flagger moves the weights of one route",
            "keep one route; with `argo-rollouts` the weights of all routes move",
        )
    }));
    refused
}

/// A number in Git would bring back the pods that Flagger takes away.
fn replicas_refused(component: &Component) -> Option<Refusal> {
    (component.scale.is_none() && always(component) != 1).then(|| {
        (
            always_place(component),
            format!("nobody would keep {} replicas of `{}`", always(component), component.key),
            "Flagger takes the pods of the Deployment away while no version is tried, and a number in Git brings them back; the number comes from an autoscaler",
            "write `scale: {min: …, max: …, cpu: …}`",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{law, main, port, replicas};
    use super::super::progressive::tests::{blue_green, canary, set};
    use super::*;
    use crate::model::Port;

    #[test]
    fn flagger_has_no_canary_by_pods_and_no_gate() {
        let with = |plan| {
            law(flagger_can_do_it).with(|model| {
                set(model, plan, Driver::Flagger);
                replicas(model, 1);
            })
        };
        with(canary(&[20], Split::Replicas)).breaks(code::ROLLOUT_UNSUPPORTED, "components.api.rollout.strategy");
        with(canary(&[20], Split::Weights)).keeps();
        with(blue_green(Promotion::Manual)).breaks(code::ROLLOUT_UNSUPPORTED, "components.api.rollout.promote");
        with(blue_green(Promotion::Auto)).keeps();
        with(blue_green(Promotion::Auto))
            .with(|model| replicas(model, 3))
            .breaks(code::ROLLOUT_UNSUPPORTED, "components.api.replicas");
        with(blue_green(Promotion::Auto))
            .with(|model| main(model).ports.push(Port { target: 8001, ..port("admin", 81) }))
            .breaks(code::ROLLOUT_UNSUPPORTED, "components.api.ports.admin");
    }

    #[test]
    fn a_long_step_makes_flagger_slow() {
        let pausing = |seconds| {
            law(flagger_moves_often_enough).with(move |model| {
                let plan = Plan::Canary { steps: vec![20], pause: Some(seconds), success: None, split: Split::Weights };
                set(model, plan, Driver::Flagger);
            })
        };
        pausing(OFTEN).keeps();
        pausing(7200).breaks(code::ROLLOUT_SLOW, "components.api.rollout.pause");
    }
}
