//! The pace of scaling: windows, periods, tolerances, `below`.

use super::places::{first_written, text};
use super::scaling::scaled;
use crate::autoscale::{Reading, SYNC, Scaler};
use crate::diagnostic::code;
use crate::document::{Finding, Findings, Path, at};
use crate::model::{Behaviour, Component, MetricSource, Model, Scale};
use crate::spec::{Duration, Select};
use crate::target::Gate;

/// The longest stabilisation window, in seconds.
const WINDOW: i32 = 3_600;
/// The longest period of a pace, in seconds.
const PERIOD: i32 = 1_800;
/// Seconds of a day.
const DAY: u32 = 86_400;

/// The two directions of a component that scales, each with its place.
fn paces(model: &Model) -> impl Iterator<Item = (&Component, &Behaviour, Path)> {
    scaled(model).flat_map(|(component, scale, place)| {
        let directions = [("up", &scale.up), ("down", &scale.down)];
        directions
            .into_iter()
            .filter_map(move |(name, pace)| pace.as_ref().map(|pace| (component, pace, place.join(name))))
    })
}

/// A stabilisation window is at most one hour. Source: `validateScalingRules`: 0 to 3600 seconds.
pub(super) fn windows_are_within_an_hour(model: &Model, findings: &mut Findings<'_>) {
    for (component, pace, place) in paces(model) {
        if let Some(window) = pace.window.filter(|window| *window > WINDOW) {
            findings.push(
                Finding::error(
                    code::SCALE_WINDOW,
                    place.join("window"),
                    format!("a window of {window}s is too long for `{}`", component.key),
                )
                .label("longer than one hour")
                .reason("a stabilisation window has 0 to 3600 seconds")
                .help("write at most `1h`"),
            );
        }
    }
}

/// The period of a pace has 1 to 1800 seconds. Source: `validateScalingPolicy`.
pub(super) fn periods_are_within_half_an_hour(model: &Model, findings: &mut Findings<'_>) {
    for (component, pace, place) in paces(model) {
        for (name, policy) in [("percent", pace.percent), ("pods", pace.pods)] {
            let Some((_, every)) = policy.filter(|(_, every)| !(1..=PERIOD).contains(every)) else { continue };
            let place = first_written(findings, [place.join(name).join("every"), place.join("every")]);
            findings.push(
                Finding::error(
                    code::SCALE_PERIOD,
                    place,
                    format!("a pace of every {every}s is not one for `{}`", component.key),
                )
                .label("outside 1s to 30m")
                .reason("the period of a pace has 1 to 1800 seconds")
                .help("write at most `30m`"),
            );
        }
    }
}

/// A tolerance of one's own needs Kubernetes 1.35. Source: KEP-4951; older versions drop the field.
pub(super) fn tolerances_are_supported(model: &Model, findings: &mut Findings<'_>) {
    if model.target.allows(Gate::HpaTolerance) {
        return;
    }
    for (component, _, place) in paces(model).filter(|(_, pace, _)| pace.tolerance.is_some()) {
        let place = first_written(findings, [place.join("tolerance"), place.join("below")]);
        let since = Gate::HpaTolerance.since();
        findings.push(
            Finding::error(
                code::SCALE_TOLERANCE,
                place,
                format!(
                    "`{}` has a tolerance of its own, and Kubernetes {} has none",
                    component.key,
                    model.target.version()
                ),
            )
            .label("would be dropped")
            .also(at!["environment", "target", "kubernetes"], "the version of this target")
            .reason(format!("`tolerance`, and `below` by it, came with Kubernetes 1.{since}"))
            .help("take it away here, or raise the target's version"),
        );
    }
}

/// `below` stands with exactly one metric of use: with several, the highest wish counts, and a metric
/// inside its tolerance holds the count. Source: `replica_calculator.go`.
pub(super) fn below_stands_with_one_utilisation(model: &Model, findings: &mut Findings<'_>) {
    for (component, scale, place) in scaled(model) {
        let up = place.join("up").join("below");
        let down = place.join("down").join("below");
        let alone =
            matches!(scale.metrics.as_slice(), [metric] if matches!(metric.source, MetricSource::Utilisation { .. }));
        let (place, label) = if findings.is_written(&up) {
            (up, "there is no falling under a percentage on the way up")
        } else if findings.is_written(&down) && !alone {
            (down, "under which of the metrics?")
        } else {
            continue;
        };
        findings.push(
            Finding::error(
                code::SCALE_BELOW_METRIC,
                place,
                format!("`below` of `{}` has no single metric to fall under", component.key),
            )
            .label(label)
            .reason("it becomes a tolerance for scaling down, and of several metrics the highest wish counts")
            .help("keep only `cpu` or `memory`, or take `below` away and choose the pace by `window` and `percent`"),
        );
    }
}

/// `below` is under the target of its metric: scaling down begins where scaling up has ended.
pub(super) fn below_is_under_its_target(model: &Model, findings: &mut Findings<'_>) {
    for (component, scale, place) in scaled(model) {
        let below = place.join("down").join("below");
        let Some(percent) = text(findings, &below).and_then(|text| text.parse::<i32>().ok()) else { continue };
        let [metric] = scale.metrics.as_slice() else { continue };
        let MetricSource::Utilisation { percent: target, .. } = metric.source else { continue };
        if percent >= target {
            findings.push(
                Finding::error(
                    code::SCALE_BELOW_TARGET,
                    below,
                    format!("`{}` would scale down below {percent}% and up above {target}%", component.key),
                )
                .label(format!("not under {target}%"))
                .also(place.join(&metric.name), format!("{target}%"))
                .reason("the share between both is the tolerance within which nothing changes")
                .help(format!("write less than {target}")),
            );
        }
    }
}

/// Who lets the replicas double at once is told how soon they are all there: nodes, GPUs and the stores behind them
/// have to follow.
pub(super) fn doubling_is_told(model: &Model, findings: &mut Findings<'_>) {
    for (component, scale, place) in scaled(model) {
        let told = scale.up.as_ref().and_then(doubles).and_then(|every| Some((every, soonest(scale)?)));
        let Some((every, soonest)) = told else { continue };
        let (every, least) = (Duration(u64::from(every)), scale.min.max(1));
        findings.push(
            Finding::note(
                code::SCALE_DOUBLES,
                first_written(findings, [place.join("up").join("percent"), place.join("up")]),
                format!(
                    "`{}` may double every {every}: from {least} to {} replicas in {soonest}",
                    component.key, scale.max
                ),
            )
            .label("the most that a period adds")
            .reason(
                "the percentage is the pace, of the replicas at the start of a period; how many are wanted is \
                 `ceil(replicas × value / target)`",
            )
            .help(format!(
                "`windlass simulate {} {} --at {}=…` shows what a load does; less than 100 percent never doubles",
                model.environment,
                component.key,
                scale.metrics.first().map_or("cpu", |metric| &metric.name),
            )),
        );
    }
}

/// The period in which the replicas may double, where the pace that is written lets them.
fn doubles(pace: &Behaviour) -> Option<u32> {
    let (percent, every) = pace.percent?;
    let is_held = pace.off || pace.pods.is_some() && pace.select == Some(Select::Min);
    (percent >= 100 && !is_held).then(|| every.unsigned_abs())
}

/// The time from the fewest replicas to the most, where every metric asks for all of them from now on.
fn soonest(scale: &Scale) -> Option<Duration> {
    let (mut scaler, mut replicas) = (Scaler::new(scale, true), scale.min.max(1));
    // A pace is at least one replica in half an hour; nobody waits for more than a day.
    for at in (0..=DAY).step_by(SYNC as usize).take_while(|_| scale.min < scale.max) {
        replicas = scaler.step(at, replicas, &[Reading::Floor(scale.max)]).next;
        if replicas >= scale.max {
            return Some(Duration(u64::from(at)));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{law, model, quantity, query_metric, scale};
    use super::*;
    use serde_json::json;

    fn down(model: &mut Model, pace: Behaviour) {
        scale(model).down = Some(pace);
    }

    #[test]
    fn a_window_has_at_most_one_hour() {
        let window = |seconds| {
            law(windows_are_within_an_hour)
                .with(move |model| down(model, Behaviour { window: Some(seconds), ..Behaviour::default() }))
        };
        window(3_601).breaks(code::SCALE_WINDOW, "components.api.scale.down.window");
        window(3_600).keeps();
    }

    #[test]
    fn a_period_has_at_most_half_an_hour() {
        let every = |seconds, written: serde_json::Value| {
            law(periods_are_within_half_an_hour)
                .written(&json!({"components": {"api": {"scale": {"down": written}}}}))
                .with(move |model| down(model, Behaviour { pods: Some((1, seconds)), ..Behaviour::default() }))
        };
        every(1_801, json!({"every": "1801s"})).breaks(code::SCALE_PERIOD, "components.api.scale.down.every");
        every(0, json!({"pods": {"every": "0s"}})).breaks(code::SCALE_PERIOD, "components.api.scale.down.pods.every");
        every(1_800, json!({})).keeps();
    }

    #[test]
    fn a_tolerance_needs_its_version() {
        let on = |minor| {
            law(tolerances_are_supported)
                .written(&json!({"components": {"api": {"scale": {"down": {"below": 30}}}}}))
                .with(move |model| {
                    model.target.minor = minor;
                    down(model, Behaviour { tolerance: Some(quantity("0.5")), ..Behaviour::default() });
                })
        };
        on(34).breaks(code::SCALE_TOLERANCE, "components.api.scale.down.below");
        on(35).keeps();
    }

    #[test]
    fn below_falls_under_one_metric() {
        let written = json!({"components": {"api": {"scale": {"cpu": 60, "down": {"below": 30}}}}});
        law(below_stands_with_one_utilisation)
            .written(&written)
            .with(|model| scale(model).metrics.push(query_metric("queue")))
            .breaks(code::SCALE_BELOW_METRIC, "components.api.scale.down.below");
        law(below_stands_with_one_utilisation).written(&written).with(|model| _ = scale(model)).keeps();
        law(below_stands_with_one_utilisation)
            .written(&json!({"components": {"api": {"scale": {"up": {"below": 30}}}}}))
            .with(|model| _ = scale(model))
            .breaks(code::SCALE_BELOW_METRIC, "components.api.scale.up.below");
    }

    #[test]
    fn who_may_double_is_told() {
        let up = |pace: Behaviour| {
            law(doubling_is_told)
                .written(&json!({"components": {"api": {"scale": {"up": {"percent": 100}}}}}))
                .with(move |model| scale(model).up = Some(pace.clone()))
        };
        let pace =
            |percent, pods, select| Behaviour { percent: Some((percent, 60)), pods, select, ..Behaviour::default() };
        up(pace(100, None, None)).breaks(code::SCALE_DOUBLES, "components.api.scale.up.percent");
        up(pace(99, None, None)).keeps();
        up(pace(100, Some((1, 60)), Some(Select::Min))).keeps();
        up(Behaviour { off: true, ..pace(100, None, None) }).keeps();
    }

    #[test]
    fn it_is_told_how_soon_all_are_there() {
        let within = |max, window| {
            let mut model = model();
            let scale = scale(&mut model);
            scale.max = max;
            scale.up = Some(Behaviour { percent: Some((100, 60)), window, ..Behaviour::default() });
            soonest(scale)
        };
        // From 2: 4 at once, 8 and 16 after a minute each.
        assert_eq!(within(16, None), Some(Duration(120)));
        assert_eq!(within(4, Some(60)), Some(Duration(60)));
        assert_eq!(within(2, None), None);
    }

    #[test]
    fn below_is_less_than_the_target() {
        let below = |percent: i32| {
            law(below_is_under_its_target)
                .written(&json!({"components": {"api": {"scale": {"cpu": 70, "down": {"below": percent}}}}}))
                .with(|model| _ = scale(model))
        };
        below(70).breaks(code::SCALE_BELOW_TARGET, "components.api.scale.down.below");
        below(69).keeps();
    }
}
