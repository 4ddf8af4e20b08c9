//! Canary and blue-green rollouts: what is written belongs together, and somebody can do it.

use super::availability::{always, always_place};
use super::rollout::rollouts;
use crate::diagnostic::{code, listed};
use crate::document::{Finding, Findings, Path, at};
use crate::model::{Component, Driver, Model, Plan, Progressive, Rollout, RolloutStrategy, Split, Versions};
use crate::spec::{Kind, Promotion};

/// Fields of each strategy; the others are those of every strategy.
const FIELDS: &[(&str, &[&str])] = &[
    ("rolling", &["surge", "unavailable"]),
    ("recreate", &[]),
    ("canary", &["steps", "pause", "success", "stable", "step"]),
    ("blue-green", &["promote", "preview", "keep", "stable", "step"]),
];

/// Components with a canary or blue-green rollout.
pub(super) fn progressives(model: &Model) -> impl Iterator<Item = (&Component, &Progressive, Path)> {
    rollouts(model).filter_map(|(component, rollout, place)| Some((component, rollout.progressive()?, place)))
}

fn word(rollout: &Rollout) -> &'static str {
    match &rollout.strategy {
        RolloutStrategy::Rolling { .. } => "rolling",
        RolloutStrategy::Recreate => "recreate",
        RolloutStrategy::Progressive(progressive) if progressive.is_canary() => "canary",
        RolloutStrategy::Progressive(_) => "blue-green",
    }
}

/// A field belongs to the strategy: another one would have no effect, and one that is missing leaves open
/// what is meant.
pub(super) fn fields_belong_to_the_strategy(model: &Model, findings: &mut Findings<'_>) {
    for (component, rollout, place) in rollouts(model) {
        if !findings.is_written(&place) {
            continue;
        }
        let strategy = word(rollout);
        let own = FIELDS.iter().find(|(word, _)| *word == strategy).map_or(&[][..], |(_, own)| own);
        let mut seen: Vec<&str> = Vec::new();
        for field in FIELDS.iter().flat_map(|(_, fields)| *fields) {
            if !own.contains(field) && !seen.contains(field) && findings.is_written(&place.join(field)) {
                seen.push(field);
                findings.push(of_another(component, strategy, field, &place, own));
            }
        }
        let required = match strategy {
            "canary" => "steps",
            "blue-green" => "promote",
            _ => continue,
        };
        if !findings.is_written(&place.join(required)) {
            findings.push(missing(strategy, required, place));
        }
    }
}

fn of_another(component: &Component, strategy: &str, field: &str, place: &Path, own: &[&str]) -> Finding {
    let words = FIELDS.iter().filter(|(_, fields)| fields.contains(&field)).map(|(word, _)| *word);
    let message = format!("the strategy `{strategy}` of `{}` has no `{field}`", component.key);
    let help = if own.is_empty() {
        format!("take it away, or write another `strategy`; `{field}` belongs to {}", listed(words))
    } else {
        format!("`{strategy}` takes {}; `{field}` belongs to {}", listed(own.iter().copied()), listed(words))
    };
    Finding::error(code::ROLLOUT_FIELD, place.join(field), message).label("would have no effect").on_key().help(help)
}

fn missing(strategy: &str, required: &str, place: Path) -> Finding {
    let help = match required {
        "steps" => "write the shares of the new version in percent, such as `steps: [20, 50]`",
        _ => "write `promote: manual`, or `auto` for as soon as the pods are ready",
    };
    Finding::error(code::MISSING_FIELD, place, format!("`{required}` is missing in the strategy `{strategy}`"))
        .label(format!("`{required}` must be written here"))
        .on_key()
        .help(help)
}

/// The steps of a canary rise, and the first one leaves most clients where they are.
pub(super) fn steps_rise(model: &Model, findings: &mut Findings<'_>) {
    for (component, progressive, place) in progressives(model) {
        let Plan::Canary { steps, .. } = &progressive.plan else { continue };
        let place = place.join("steps");
        if let Some(at) = steps.windows(2).position(|pair| pair[1] <= pair[0]) {
            let (before, after) = (steps[at], steps[at + 1]);
            findings.push(
                Finding::error(
                    code::ROLLOUT_STEPS,
                    place.join(&(at + 1)),
                    format!("the canary of `{}` goes from {before}% to {after}%", component.key),
                )
                .label("not more than the step before")
                .reason("a step is the share of the new version, which grows until it has everything")
                .help("write rising numbers from 1 to 100; 100 at the end is implied"),
            );
        } else if findings.is_written(&place) && Plan::partial(steps).next().is_none() {
            findings.push(
                Finding::error(
                    code::ROLLOUT_STEPS,
                    place,
                    format!("the canary of `{}` gives the new version everything at once", component.key),
                )
                .label("no step below 100")
                .reason("100 at the end is implied; a canary tries the new version with less before")
                .help("write `steps: [20, 50]`, or `strategy: rolling`"),
            );
        }
    }
}

/// What is judged by a query has a Prometheus that can be asked.
pub(super) fn success_can_be_asked_for(model: &Model, findings: &mut Findings<'_>) {
    for (component, progressive, place) in progressives(model) {
        if progressive.success().is_none() && findings.is_written(&place.join("success").join("query")) {
            findings.push(
                Finding::error(code::NO_FORM, place.join("success"), "a success has a bound: `atLeast` or `atMost`")
                    .label("no bound")
                    .on_key()
                    .help("write `atLeast:` or `atMost:` beside `query`"),
            );
            continue;
        }
        let asks = progressive.success().is_some() && progressive.versions().is_none();
        if asks && model.target.prometheus.address.is_none() {
            findings.push(
                Finding::error(
                    code::ROLLOUT_SUCCESS,
                    place.join("success"),
                    format!("nobody can ask whether the canary of `{}` succeeds", component.key),
                )
                .label("asks Prometheus")
                .on_key()
                .also(at!["environment", "target"], "`prometheus.address` is not written")
                .reason("the controller sends the query to an address, and undoes a rollout that gets no answer")
                .help("write `target.prometheus.address`, such as \"http://prometheus.monitoring:9090\""),
            );
        }
    }
}

/// Two versions answer side by side, so there may be two.
pub(super) fn two_versions_may_be_there(model: &Model, findings: &mut Findings<'_>) {
    for (component, progressive, place) in progressives(model) {
        let singleton = at!["components", component.key, "singleton"];
        if findings.is_written(&singleton) {
            findings.push(
                Finding::error(
                    code::ROLLOUT_TWO_VERSIONS,
                    place.join("strategy"),
                    format!("of `{}` there must never be two, and this rollout runs two versions", component.key),
                )
                .label("both versions at once")
                .also(singleton, "one and never two")
                .help("write `strategy: recreate`, or take `singleton` away"),
            );
        }
        if !progressive.is_canary() && component.service.is_none() {
            findings.push(
                Finding::error(
                    code::ROLLOUT_TWO_VERSIONS,
                    place.join("strategy"),
                    format!("nothing leads clients of `{}` from one version to the other", component.key),
                )
                .label("has no Service")
                .reason(
                    "blue-green switches the Service from the old pods to the new ones; without one both work at once",
                )
                .help("write `strategy: rolling`; or give it a port, where it has clients"),
            );
        }
    }
}

/// Without a route a canary is the share of its pods: what that share really is, is said.
pub(super) fn canaries_by_pods_are_told(model: &Model, findings: &mut Findings<'_>) {
    for (component, progressive, place) in progressives(model) {
        let Plan::Canary { steps, split: Split::Replicas, .. } = &progressive.plan else { continue };
        if progressive.driver == Driver::Flagger {
            continue;
        }
        let pods = always(component).max(1);
        let shares = Plan::partial(steps).map(|step| format!("{step}% is {}", shared(pods, step)));
        findings.push(
            Finding::note(
                code::ROLLOUT_RATIO,
                place.join("strategy"),
                format!("the canary of `{}` is by number of pods: {}", component.key, listed_plain(shares)),
            )
            .label("no route with weights")
            .also(always_place(component), format!("{pods} always run"))
            .reason(if component.routes.is_empty() {
                "a Service spreads connections over all pods alike, and knows no weights"
            } else {
                "an Ingress has no weights; only annotations of some controllers do"
            })
            .help(
                "for shares of requests give it a route on a target with `gateway-api`; for finer steps more replicas",
            ),
        );
    }
}

/// `1 of 5 pods`
fn shared(pods: u32, step: u32) -> String {
    let all = u64::from(pods).max(2);
    let new = ((u64::from(pods) * u64::from(step) + 50) / 100).clamp(1, all - 1);
    format!("{new} of {all} pods")
}

fn listed_plain(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

/// Where commits do the steps, they say which version answers now; where a controller does, it knows.
pub(super) fn versions_are_told_where_commits_do_the_steps(model: &Model, findings: &mut Findings<'_>) {
    for (component, progressive, place) in progressives(model) {
        match &progressive.driver {
            Driver::Commits(versions) => told(component, progressive, versions, &place, findings),
            Driver::ArgoRollouts | Driver::Flagger => untold(component, &place, findings),
        }
    }
}

fn told(
    component: &Component,
    progressive: &Progressive,
    versions: &Versions,
    place: &Path,
    findings: &mut Findings<'_>,
) {
    if !findings.is_written(&place.join("stable")) {
        findings.push(
            Finding::error(
                code::ROLLOUT_VERSION,
                place.join("strategy"),
                format!("which version of `{}` answers now is not told", component.key),
            )
            .label("no controller does the steps here: each step is a commit")
            .also(at!["environment", "target", "features"], "neither `argo-rollouts` nor `flagger`")
            .reason("the new version stands in `image`; without the old one it would take its place at once")
            .help("write `stable:` with the image that runs now; at the end give it the new one. Elsewhere: `overrides: {all: {rollout: {strategy: rolling}}}`"),
        );
        return;
    }
    stable_is_a_version(component, versions, place, findings);
    let step = place.join("step");
    if !findings.is_written(&step) {
        return;
    }
    if versions.stable.is_none() {
        findings.push(no_new_version(component, progressive, step, place));
    } else if !is_step(progressive, versions.weight) {
        findings.push(no_step(component, progressive, versions.weight, step, place));
    }
}

/// The version that answers is told by what it may differ in.
fn stable_is_a_version(component: &Component, versions: &Versions, place: &Path, findings: &mut Findings<'_>) {
    let place = place.join("stable");
    let revision = place.join("revision");
    let named =
        |findings: &Findings<'_>| [place.join("image"), revision.clone()].iter().any(|one| findings.is_written(one));
    let (at, message, help) = if component.kind != Kind::Model && findings.is_written(&revision) {
        let message = format!("`{}` is no model, and has no revision", component.key);
        (revision, message, "write the image that runs now: `stable: registry.example.com/api:v1.4.2`")
    } else if versions.stable.as_ref().is_some_and(|stable| stable.pod.main.image.is_floating()) {
        let message = format!("the stable version of `{}` may change under its name", component.key);
        (place.join("image"), message, "write the tag or digest that runs now")
    } else if named(findings) {
        return;
    } else {
        let message = format!("what the stable version of `{}` is, is not told", component.key);
        (place.clone(), message, "write its image, and of a model its `revision`")
    };
    findings.push(
        Finding::error(code::ROLLOUT_VERSION, at, message)
            .label("does not tell a version")
            .reason("the versions differ by image and, of a model, by the revision of its weights")
            .help(help),
    );
}

fn is_step(progressive: &Progressive, weight: u32) -> bool {
    match &progressive.plan {
        Plan::Canary { steps, .. } => steps.contains(&weight) || matches!(weight, 0 | 100),
        Plan::BlueGreen { .. } => matches!(weight, 0 | 100),
    }
}

fn no_step(component: &Component, progressive: &Progressive, weight: u32, step: Path, place: &Path) -> Finding {
    let message = format!("{weight}% is no step of the rollout of `{}`", component.key);
    let finding = Finding::error(code::ROLLOUT_VERSION, step, message)
        .label("no such step")
        .also(place.join("steps"), "the steps");
    finding.help(match &progressive.plan {
        Plan::Canary { steps, .. } => {
            let steps = std::iter::once(0).chain(Plan::partial(steps)).chain([100]).map(|step| step.to_string());
            format!("write one of {}; 0 takes the new version back", steps.collect::<Vec<_>>().join(", "))
        }
        Plan::BlueGreen { .. } => "write 100 to lead all clients to the new version, or 0 to lead them back".to_owned(),
    })
}

/// A step that is left behind would hold for the next version from its first second.
fn no_new_version(component: &Component, progressive: &Progressive, step: Path, place: &Path) -> Finding {
    let first = if progressive.is_canary() { "its first step" } else { "nobody" };
    Finding::error(code::ROLLOUT_VERSION, step, format!("`{}` has one version, and a step", component.key))
        .label("left behind")
        .on_key()
        .also(place.join("stable"), "the same version as `image`")
        .reason(format!("the next version would begin with this share, and not with {first}"))
        .help("take `step` away, or give the component its new `image`")
}

fn untold(component: &Component, place: &Path, findings: &mut Findings<'_>) {
    for field in ["stable", "step"] {
        if findings.is_written(&place.join(field)) {
            findings.push(
                Finding::error(
                    code::ROLLOUT_VERSION,
                    place.join(field),
                    format!("a controller does the steps of `{}`, and knows its versions itself", component.key),
                )
                .label("for targets without a controller")
                .on_key()
                .also(at!["environment", "target", "features"], "has a controller of rollouts")
                .help("write it in the environments without one, or take it away there by `null`"),
            );
        }
    }
}

/// What waits or asks is a controller: where there is none, a person does.
pub(super) fn parts_of_controllers_are_told(model: &Model, findings: &mut Findings<'_>) {
    for (component, progressive, place) in progressives(model) {
        let Some(_) = progressive.versions() else { continue };
        if matches!(progressive.plan, Plan::BlueGreen { promote: Promotion::Auto, .. }) {
            findings.push(
                Finding::error(
                    code::ROLLOUT_UNSUPPORTED,
                    place.join("promote"),
                    format!("nobody promotes `{}` here but a commit", component.key),
                )
                .label("by itself")
                .also(at!["environment", "target", "features"], "neither `argo-rollouts` nor `flagger`")
                .help("write `promote: manual`: the commit with `step: 100` promotes it"),
            );
        }
        let written = |field: &&&str| findings.is_written(&place.join(field));
        let unheeded: Vec<&str> = ["pause", "success", "keep"].iter().filter(written).copied().collect();
        let Some(first) = unheeded.first() else { continue };
        let verb = if unheeded.len() > 1 { "are" } else { "is" };
        let message = format!(
            "{} of `{}` {verb} up to whoever commits the next step",
            listed(unheeded.iter().copied()),
            component.key
        );
        let finding = Finding::note(code::ROLLOUT_BY_COMMIT, place.join(first), message)
            .label("no controller heeds it here")
            .on_key()
            .also(at!["environment", "target", "features"], "neither `argo-rollouts` nor `flagger`");
        findings
            .push(unheeded.iter().skip(1).fold(finding, |finding, field| finding.also(place.join(field), "nor this")));
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::fixture::{self, law};
    use super::*;
    use crate::model::{Bound, NumberOrPercent, Success};
    use serde_json::{Value, json};

    pub(in super::super) fn canary(steps: &[u32], split: Split) -> Plan {
        Plan::Canary { steps: steps.to_vec(), pause: Some(600), success: None, split }
    }

    pub(in super::super) fn blue_green(promote: Promotion) -> Plan {
        Plan::BlueGreen { promote, preview: None, keep: None }
    }

    fn commits(weight: u32) -> Driver {
        let stable = crate::model::Stable { version: "1".into(), pod: fixture::pod_of("api"), files: Vec::new() };
        Driver::Commits(Versions { own: "2".into(), stable: Some(Box::new(stable)), weight })
    }

    pub(in super::super) fn set(model: &mut Model, plan: Plan, driver: Driver) {
        let (surge, unavailable) = (NumberOrPercent::Percent(25), NumberOrPercent::Number(0));
        let progressive = Progressive { plan, driver, surge, unavailable };
        fixture::rollout(model).strategy = RolloutStrategy::Progressive(Box::new(progressive));
    }

    fn rollout(fields: &Value) -> Value {
        json!({"components": {"api": {"rollout": fields}}})
    }

    #[test]
    fn a_canary_has_steps_and_no_surge() {
        let with = |fields| {
            law(fields_belong_to_the_strategy)
                .written(&rollout(&fields))
                .with(|model| set(model, canary(&[20], Split::Weights), Driver::ArgoRollouts))
        };
        with(json!({"strategy": "canary", "steps": [20], "deadline": "5m"})).keeps();
        with(json!({"strategy": "canary"})).breaks(code::MISSING_FIELD, "components.api.rollout");
        with(json!({"steps": [20], "surge": "1"})).breaks(code::ROLLOUT_FIELD, "components.api.rollout.surge");
        law(fields_belong_to_the_strategy)
            .written(&rollout(&json!({"steps": [20]})))
            .breaks(code::ROLLOUT_FIELD, "components.api.rollout.steps");
    }

    #[test]
    fn steps_rise_and_begin_below_everything() {
        let with = |steps: &[u32]| {
            let plan = canary(steps, Split::Weights);
            law(steps_rise)
                .written(&rollout(&json!({"steps": steps})))
                .with(|model| set(model, plan, Driver::ArgoRollouts))
        };
        with(&[20, 50, 100]).keeps();
        with(&[20]).keeps();
        with(&[20, 10]).breaks(code::ROLLOUT_STEPS, "components.api.rollout.steps.1");
        with(&[100]).breaks(code::ROLLOUT_STEPS, "components.api.rollout.steps");
        with(&[]).breaks(code::ROLLOUT_STEPS, "components.api.rollout.steps");
    }

    #[test]
    fn a_controller_needs_somebody_to_ask() {
        let success = Success { query: "sum(up)".into(), bound: Bound::AtLeast("1".into()) };
        let plan = Plan::Canary { steps: vec![20], pause: None, success: Some(success), split: Split::Weights };
        let by = |driver| law(success_can_be_asked_for).with(|model| set(model, plan.clone(), driver));
        by(Driver::Flagger).breaks(code::ROLLOUT_SUCCESS, "components.api.rollout.success");
        by(commits(20)).keeps();
        by(Driver::Flagger)
            .with(|model| model.target.prometheus.address = Some("http://prometheus.monitoring:9090".into()))
            .keeps();
    }

    #[test]
    fn commits_tell_the_version_that_answers() {
        let with = |fields, weight| {
            law(versions_are_told_where_commits_do_the_steps)
                .written(&rollout(&fields))
                .with(move |model| set(model, canary(&[20, 50], Split::Weights), commits(weight)))
        };
        let stable = json!({"image": "registry.example.com/api:v0"});
        with(json!({"strategy": "canary"}), 20).breaks(code::ROLLOUT_VERSION, "components.api.rollout.strategy");
        with(json!({"stable": stable}), 20).keeps();
        for (step, known) in [(0, true), (20, true), (30, false), (50, true), (100, true)] {
            let case = with(json!({"stable": stable, "step": step}), step);
            if known {
                case.keeps();
            } else {
                case.breaks(code::ROLLOUT_VERSION, "components.api.rollout.step");
            }
        }
    }

    #[test]
    fn a_share_of_pods_is_told() {
        let found = law(canaries_by_pods_are_told)
            .with(|model| set(model, canary(&[20, 50], Split::Replicas), Driver::ArgoRollouts))
            .breaks(code::ROLLOUT_RATIO, "components.api.rollout.strategy");
        assert_eq!(found.message, "the canary of `api` is by number of pods: 20% is 1 of 2 pods, 50% is 1 of 2 pods");
    }
}
