//! `windlass simulate`

use super::project::Project;
use super::table::{Table, folded};
use super::terminal::Terminal;
use super::{Ending, Global};
use crate::autoscale::{Held, Reading, SYNC, Scaler, Step};
use crate::diagnostic::{Format, Severity, listed, nearest};
use crate::model::{Component, Goal, Metric, MetricSource, Model, Quantity, Queried, Scale};
use crate::spec::Duration;
use crate::target::Gate;
use clap::Args;
use serde_json::{Value, json};

/// Show what the autoscaler of a component would do, step by step
///
/// The load stays as it is and is shared by all replicas: CPU, memory and GPU fall as replicas come. The
/// value of a metric of pods (`cpu`, `memory`, `gpu`, `pods`, `runtime`) is what each replica has at the
/// start; that of a query, a queue or something outside is the whole; that of a time window `on` or `off`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  windlass simulate production api --at cpu=80 --from 10\n  windlass simulate production codegen --at gpu=95 --at day=on --for 30m"
)]
pub(super) struct Simulate {
    /// The environment
    #[arg(value_name = "ENVIRONMENT")]
    environment: String,
    /// The component
    #[arg(value_name = "COMPONENT")]
    component: String,
    /// What a metric says; may be repeated
    #[arg(long, value_name = "METRIC=VALUE", required = true)]
    at: Vec<String>,
    /// Replicas at the start; the fewest unless given
    #[arg(long, value_name = "REPLICAS")]
    from: Option<u32>,
    /// How long to go on
    #[arg(long = "for", value_name = "TIME", default_value = "10m", value_parser = time)]
    duration: u64,
}

/// The longest time that is simulated, in seconds.
const LONGEST: u64 = 86_400;

fn time(text: &str) -> Result<u64, String> {
    match Duration::parse(text) {
        Ok(Duration(seconds)) if seconds <= LONGEST => Ok(seconds),
        Ok(_) => Err("write at most 24h".into()),
        Err(refusal) => Err(refusal.help),
    }
}

/// A metric with its value.
struct Signal<'m> {
    metric: &'m Metric,
    /// For all replicas together; whether it is on, for a time window.
    total: Quantity,
    target: Quantity,
}

/// What was simulated.
struct Run<'m> {
    model: &'m Model,
    component: &'m Component,
    scale: &'m Scale,
    signals: Vec<Signal<'m>>,
    steps: Vec<Step>,
}

impl Simulate {
    pub(super) fn run(&self, global: &Global, terminal: &mut Terminal) -> Ending {
        let project = match Project::open(global, None) {
            Ok(project) => project,
            Err(unusable) => return unusable.show(terminal, false),
        };
        let mut found = project.found.clone();
        let environment = match project.environments(std::slice::from_ref(&self.environment)) {
            Ok(environments) => environments[0],
            Err(finding) => {
                found.push(finding);
                terminal.findings(&project.sources, found, false);
                return Ending::Usage;
            }
        };
        let (model, of_model) = crate::model(&project.loaded, environment);
        found.extend(of_model.into_iter().filter(|finding| finding.severity == Severity::Error));
        let Some(model) = model else {
            terminal.findings(&project.sources, found, false);
            return Ending::Findings;
        };
        match self.simulated(&model) {
            Ok(run) if global.format == Format::Json => terminal.out(&run.json()),
            Ok(run) => terminal.out(&run.text()),
            Err(message) => {
                terminal.err(&format!("error: {message}\n"));
                return Ending::Usage;
            }
        }
        if !found.has_errors() {
            return Ending::Clean;
        }
        // What is wrong beside is said as well.
        terminal.findings_beside(&project.sources, found);
        Ending::Findings
    }

    fn simulated<'m>(&self, model: &'m Model) -> Result<Run<'m>, String> {
        let component = model.component(&self.component).ok_or_else(|| self.unknown(model))?;
        let scale = component
            .scale
            .as_ref()
            .ok_or_else(|| format!("`{}` does not scale in {}", component.key, model.environment))?;
        let from = self.from.unwrap_or(scale.min).max(1);
        let signals = self.at.iter().map(|text| signal(text, scale, from)).collect::<Result<Vec<_>, _>>()?;
        let mut scaler = Scaler::new(scale, model.target.allows(Gate::HpaTolerance));
        let mut replicas = from;
        let looks = (0..=self.duration).step_by(SYNC as usize).filter_map(|at| u32::try_from(at).ok());
        let steps = looks.map(|at| {
            let step = scaler.step(at, replicas, &signals.iter().map(Signal::reading).collect::<Vec<_>>());
            replicas = step.next;
            step
        });
        let steps = steps.collect();
        Ok(Run { model, component, scale, signals, steps })
    }

    fn unknown(&self, model: &Model) -> String {
        let known = || model.components.keys().map(String::as_str);
        match nearest(&self.component, known()) {
            Some(near) => format!("there is no component `{}`; a similar one is `{near}`", self.component),
            None => format!("there is no component `{}`; components are {}", self.component, listed(known())),
        }
    }
}

/// Reads `cpu=80`.
fn signal<'m>(text: &str, scale: &'m Scale, from: u32) -> Result<Signal<'m>, String> {
    let (name, value) =
        text.split_once('=').ok_or_else(|| format!("`{text}` is no metric with a value; write `cpu=80`"))?;
    let metric = scale.metrics.iter().find(|metric| metric.name == name).ok_or_else(|| {
        let known = scale.metrics.iter().map(|metric| metric.name.as_str());
        format!("it does not scale by `{name}`, but by {}", listed(known))
    })?;
    let number = || {
        let text = value.strip_suffix('%').unwrap_or(value);
        let number = Quantity::parse(text).ok().filter(|number| !number.is_negative());
        number.ok_or_else(|| format!("`{value}` is no value of `{name}`; write a number such as 80"))
    };
    let (per_replica, target) = match &metric.source {
        MetricSource::Utilisation { percent, .. } => (true, Quantity::from_units((*percent).into())),
        MetricSource::Pods { average, .. } => (true, *average),
        MetricSource::Object { goal, .. } | MetricSource::External { goal, .. } => match goal {
            Goal::Average(average) => (false, *average),
            Goal::Value(value) => (true, *value),
        },
        MetricSource::Prometheus { threshold, of, .. } => {
            (*of != Queried::Own, Quantity::parse(threshold).map_err(|refusal| refusal.message)?)
        }
        MetricSource::RedisStream { lag: each, .. } | MetricSource::RedisList { length: each, .. } => {
            (false, Quantity::from_units((*each).into()))
        }
        MetricSource::Cron { replicas, .. } => {
            let on = match value {
                "on" => Quantity::from_units(1),
                "off" => Quantity::ZERO,
                _ => return Err(format!("`{name}` is a time window: write `{name}=on` or `{name}=off`")),
            };
            return Ok(Signal { metric, total: on, target: Quantity::from_units((*replicas).into()) });
        }
    };
    let total = if per_replica { number()?.times(from.into()) } else { number()? };
    Ok(Signal { metric, total, target })
}

impl Signal<'_> {
    fn is_window(&self) -> bool {
        matches!(self.metric.source, MetricSource::Cron { .. })
    }

    fn head(&self) -> String {
        let name = &self.metric.name;
        if self.is_window() { name.clone() } else { format!("{name} of {}", self.target) }
    }

    fn reading(&self) -> Reading {
        if self.is_window() {
            let floor = if self.total > Quantity::ZERO { self.target.units() } else { 1 };
            return Reading::Floor(u32::try_from(floor).unwrap_or(u32::MAX));
        }
        Reading::Total { current: self.total, target: self.target }
    }

    /// On each replica.
    fn shown(&self, replicas: u32) -> String {
        if self.is_window() {
            return if self.total > Quantity::ZERO { "on".into() } else { "off".into() };
        }
        // What is kept per replica is shown per replica, as the autoscaler sees it.
        let tenths = self.total.milli() / 100 / i64::from(replicas.max(1));
        if tenths % 10 == 0 { (tenths / 10).to_string() } else { format!("{}.{}", tenths / 10, tenths % 10) }
    }
}

impl Run<'_> {
    fn text(&self) -> String {
        let (key, environment) = (&self.component.key, &self.model.environment);
        let mut text = format!("{key} in {environment}: {} to {} replicas\n\n", self.scale.min, self.scale.max);
        let mut table = Table::indented(2);
        let metrics = self.signals.iter().map(Signal::head);
        let head = ["time", "replicas"].map(String::from).into_iter().chain(metrics);
        table.row(head.chain(["wanted", "next", "why"].map(String::from)));
        let mut last: Option<&Step> = None;
        for step in &self.steps {
            let same = |last: &Step| {
                (last.next, last.wanted, last.held, last.replicas) == (step.next, step.wanted, step.held, step.replicas)
            };
            if !last.is_some_and(same) {
                table.row(self.row(step));
            }
            last = Some(step);
        }
        text.push_str(&table.text());
        text.push_str(&self.end());
        text
    }

    fn row(&self, step: &Step) -> Vec<String> {
        let metrics = self.signals.iter().map(|signal| signal.shown(step.replicas));
        let first = [clock(step.at), step.replicas.to_string()];
        let rest = [step.wanted.to_string(), step.next.to_string(), self.why(step)];
        first.into_iter().chain(metrics).chain(rest).collect()
    }

    fn why(&self, step: &Step) -> String {
        let up = step.wanted > step.replicas;
        match step.held {
            Held::No => "as the metrics ask".into(),
            Held::Steady => "nothing to change".into(),
            Held::Window if up => "a lower wish counts within the window of the way up".into(),
            Held::Window => "a higher wish counts within the window of the way down".into(),
            Held::Pace if up => "the pace of the way up".into(),
            Held::Pace => "the pace of the way down".into(),
            Held::Bound if step.next == self.scale.max => "max".into(),
            Held::Bound => "min".into(),
            Held::Off if up => "the way up is off".into(),
            Held::Off => "the way down is off".into(),
        }
    }

    /// What the steps take for granted.
    fn end(&self) -> String {
        let mut text = String::new();
        let given: Vec<&str> = self.signals.iter().map(|signal| signal.metric.name.as_str()).collect();
        let silent = self.scale.metrics.iter().map(|metric| metric.name.as_str());
        let silent: Vec<&str> = silent.filter(|name| !given.contains(name)).collect();
        if let Some(last) = self.steps.last() {
            let after = format!("after {}: ", clock(last.at));
            text.push('\n');
            text.push_str(&folded(&after, &format!("{} replicas", last.next)));
        }
        let mut line = |said: &str| text.push_str(&folded("  - ", said));
        line("the load stays as it is, and all replicas share it");
        line(&format!("pods are ready at once, and measured at every look, {SYNC}s apart"));
        if !silent.is_empty() {
            line(&format!("no value was given for {}, which take no part", listed(silent)));
        }
        if self.scale.min == 0 {
            line("KEDA alone decides between none and one replica; shown is what comes after");
        }
        text
    }

    fn json(&self) -> String {
        let steps: Vec<Value> = self
            .steps
            .iter()
            .map(|step| {
                json!({
                    "at": step.at,
                    "replicas": step.replicas,
                    "wanted": step.wanted,
                    "next": step.next,
                    "why": self.why(step),
                })
            })
            .collect();
        let report = json!({
            "version": 1,
            "system": self.model.system,
            "environment": self.model.environment,
            "component": self.component.key,
            "min": self.scale.min,
            "max": self.scale.max,
            "steps": steps,
        });
        format!("{}\n", serde_json::to_string_pretty(&report).unwrap_or_default())
    }
}

/// `90s` as `1m30s`
fn clock(seconds: u32) -> String {
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds}s"),
        (minutes, 0) => format!("{minutes}m"),
        (minutes, seconds) => format!("{minutes}m{seconds}s"),
    }
}
