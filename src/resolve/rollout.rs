//! How a new version comes.

mod versions;

use super::{Resolver, number_or_percent};
use crate::diagnostic::code;
use crate::document::{Finding, at};
use crate::model::{
    Bound, Driver, NumberOrPercent, Plan, Pod, Progressive, Rollout, RolloutStrategy, Split, Success, VolumeSource,
};
use crate::spec::{self, Access, Feature, Promotion, Strategy, Switch};

/// The least deadline of a rollout, in seconds: that of Kubernetes.
const DEADLINE: i64 = 600;
/// What a rollout may take on top of the start of its pods: scheduling, pulling the image.
const MARGIN: i64 = 300;
const HISTORY: i32 = 10;

impl Resolver<'_, '_> {
    pub(super) fn rollout(&mut self, key: &str, component: &spec::Component, pod: &Pod) -> Rollout {
        let written = component.rollout.as_ref();
        let deadline = written.and_then(|rollout| rollout.deadline).map(spec::Duration::seconds_i64);
        Rollout {
            strategy: self.strategy(key, component, pod),
            deadline: i32::try_from(deadline.unwrap_or_else(|| start_budget(pod) + MARGIN).max(1)).unwrap_or(i32::MAX),
            history: written.and_then(|rollout| rollout.history).map_or(HISTORY, spec::Count::as_i32),
        }
    }

    /// The strategy written, else one that cannot get stuck.
    fn strategy(&mut self, key: &str, component: &spec::Component, pod: &Pod) -> RolloutStrategy {
        let written = component.rollout.clone().unwrap_or_default();
        let surge = written.surge.as_ref().map(number_or_percent);
        let unavailable = written.unavailable.as_ref().map(number_or_percent);
        let alone = component.singleton == Some(true) || holds_a_disk_alone(pod);
        match written.strategy {
            Some(Strategy::Recreate) => RolloutStrategy::Recreate,
            Some(Strategy::Canary) => self.progressive(key, component, pod, self.canary(component, &written)),
            Some(Strategy::BlueGreen) => self.progressive(key, component, pod, blue_green(&written)),
            None if alone && surge.is_none() && unavailable.is_none() => RolloutStrategy::Recreate,
            _ if pod.gpu.is_some() && surge.is_none() && unavailable.is_none() => self.gpu_rollout(key),
            _ => {
                let (usual, none) = in_place(None);
                RolloutStrategy::Rolling { surge: surge.unwrap_or(usual), unavailable: unavailable.unwrap_or(none) }
            }
        }
    }

    /// A new pod waits for a GPU that only an old pod can free: so an old one goes first.
    fn gpu_rollout(&mut self, key: &str) -> RolloutStrategy {
        self.findings.push(
            Finding::note(
                code::GPU_ROLLOUT,
                at!["components", key, "gpu"],
                format!("`{key}` is rolled out one pod at a time, the old pod first"),
            )
            .label("every GPU of the pool may be taken")
            .reason(
                "with the usual surge the new pod waits for a GPU that no old pod gives up, and the rollout never ends",
            )
            .help("where GPUs are spare, write `rollout: {strategy: rolling, surge: 1, unavailable: 0}`"),
        );
        RolloutStrategy::Rolling { surge: NumberOrPercent::Number(0), unavailable: NumberOrPercent::Number(1) }
    }

    fn canary(&self, component: &spec::Component, written: &spec::Rollout) -> Plan {
        let routed = component.routes.as_ref().and_then(Switch::on);
        let routed = routed.is_some_and(|routes| routes.values().any(|route| route.on().is_some()));
        let weights = routed && self.target.has(Feature::GatewayApi);
        Plan::Canary {
            steps: written.steps.iter().flatten().map(|step| u32::try_from(step.0).unwrap_or(100)).collect(),
            pause: written.pause.map(spec::Duration::seconds_i64),
            success: written.success.as_ref().and_then(success),
            split: if weights { Split::Weights } else { Split::Replicas },
        }
    }

    /// A controller does the steps where the target has one; else commits do.
    fn progressive(&mut self, key: &str, component: &spec::Component, pod: &Pod, plan: Plan) -> RolloutStrategy {
        let driver = if self.target.has(Feature::ArgoRollouts) {
            Driver::ArgoRollouts
        } else if self.target.has(Feature::Flagger) {
            Driver::Flagger
        } else {
            Driver::Commits(self.versions(key, component, pod, &plan))
        };
        let (surge, unavailable) = in_place(pod.gpu.as_ref());
        RolloutStrategy::Progressive(Box::new(Progressive { plan, driver, surge, unavailable }))
    }
}

/// One pod more while all others stay; with GPUs the old pod goes first, since none may be spare.
fn in_place(gpu: Option<&crate::model::Gpu>) -> (NumberOrPercent, NumberOrPercent) {
    match gpu {
        Some(_) => (NumberOrPercent::Number(0), NumberOrPercent::Number(1)),
        None => (NumberOrPercent::Percent(25), NumberOrPercent::Number(0)),
    }
}

fn blue_green(written: &spec::Rollout) -> Plan {
    Plan::BlueGreen {
        promote: written.promote.unwrap_or(Promotion::Manual),
        preview: written.preview.map(pods),
        keep: written.keep.map(spec::Duration::seconds_i64),
    }
}

fn pods(count: spec::Positive) -> u32 {
    count.as_i32().unsigned_abs()
}

fn success(written: &spec::Success) -> Option<Success> {
    let least = written.at_least.as_ref().map(|bound| Bound::AtLeast(bound.to_string()));
    let bound = least.or_else(|| written.at_most.as_ref().map(|bound| Bound::AtMost(bound.to_string())))?;
    Some(Success { query: written.query.to_string(), bound })
}

/// A disk that one node (or pod) mounts cannot be handed over while the old pod holds it.
fn holds_a_disk_alone(pod: &Pod) -> bool {
    pod.volumes.iter().any(|volume| matches!(&volume.source, VolumeSource::Own(claim) if matches!(claim.access, Access::Rwo | Access::Rwop)))
}

/// The longest time, in seconds, that a pod may take to become ready.
fn start_budget(pod: &Pod) -> i64 {
    let probes = &pod.main.probes;
    let probe = probes.startup.as_ref().or(probes.ready.as_ref());
    let waits = pod.init.iter().filter_map(|step| step.awaits.as_ref()).map(|awaited| awaited.timeout).sum::<i64>();
    waits + probe.map_or(0, crate::model::Probe::budget).max(DEADLINE - MARGIN)
}
