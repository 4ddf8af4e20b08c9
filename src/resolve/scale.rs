//! Scaling and disruption: metrics in a fixed order, the scaler that they need, paces with their periods.

mod metric;
mod queue;

use super::{Resolver, count, number_or_percent};
use crate::diagnostic::code;
use crate::document::{Finding, at};
use crate::model::{Behaviour, Disruption, Metric, MetricSource, NumberOrPercent, Quantity, Scale};
use crate::spec::{self, Switch};
use metric::Scaled;

/// The period of a pace unless written, in seconds.
const EVERY: i32 = 60;

impl Resolver<'_, '_> {
    /// The scaling of a component; `None` where it does not scale.
    pub(crate) fn scale(&mut self, key: &str, name: &str, component: &spec::Component) -> Option<Scale> {
        let scale = component.scale.as_ref()?.on()?;
        let path = at!["components", key, "scale"];
        let scaler = self.scaler(scale);
        let metrics = self.metrics(&Scaled { key, name, component, scaler }, scale, &path);
        if metrics.is_empty() && scale.metrics.as_ref().is_none_or(|written| written.is_empty()) {
            self.findings.push(
                Finding::error(code::NO_METRIC, path.clone(), format!("`{key}` scales without a metric"))
                    .label("by what?")
                    .on_key()
                    .help("write `cpu`, `memory`, `gpu` or an entry of `metrics`"),
            );
        }
        let target = lone_utilisation(&metrics);
        Some(Scale {
            min: scale.min.map_or(1, count),
            max: scale.max.as_i32().unsigned_abs(),
            scaler,
            up: scale.up.as_ref().map(|up| behaviour(up, None)),
            down: scale.down.as_ref().map(|down| behaviour(down, target)),
            metrics,
        })
    }
}

/// The percentage of the only metric, where it is one of use.
fn lone_utilisation(metrics: &[Metric]) -> Option<i32> {
    match metrics {
        [Metric { source: MetricSource::Utilisation { percent, .. }, .. }] => Some(*percent),
        _ => None,
    }
}

/// `below` is a tolerance: at 60 % with `below: 30`, a ratio down to 0.5 changes nothing.
fn behaviour(written: &spec::Behaviour, target: Option<i32>) -> Behaviour {
    let every = written.every.map_or(EVERY, spec::Duration::seconds_i32);
    let pace = |pace: &spec::Pace| (pace.value.as_i32(), pace.every.map_or(every, spec::Duration::seconds_i32));
    let below = written.below.zip(target).map(|(below, target)| 1_000 - below.0 * 1_000 / i64::from(target.max(1)));
    let tolerance = written.tolerance.map(|percent| percent.0 * 10).or(below.map(|milli| milli.max(0)));
    Behaviour {
        window: written.window.map(spec::Duration::seconds_i32),
        percent: written.percent.as_ref().map(pace),
        pods: written.pods.as_ref().map(pace),
        select: written.select,
        tolerance: tolerance.map(Quantity::from_milli),
        off: written.off == Some(true),
    }
}

/// A drain takes one pod at a time, where at least two always run.
pub(super) fn disruption(component: &spec::Component, always: u32) -> Option<Disruption> {
    if component.singleton == Some(true) {
        return None;
    }
    match &component.disruption {
        Some(Switch::Off) => None,
        Some(Switch::On(written)) => {
            let max =
                written.max_unavailable.as_ref().map(|number| Disruption::MaxUnavailable(number_or_percent(number)));
            max.or(written.min_available.as_ref().map(|number| Disruption::MinAvailable(number_or_percent(number))))
        }
        None => (always >= 2).then_some(Disruption::MaxUnavailable(NumberOrPercent::Number(1))),
    }
}
