//! What runs the pods, and how a new version comes.

use super::{Resolver, number_or_percent, redis};
use crate::diagnostic::code;
use crate::document::{Finding, at};
use crate::model::{Controller, NumberOrPercent, Pod, Rollout, RolloutStrategy, VolumeSource};
use crate::spec::{self, Access, Kind, Strategy};

/// The least deadline of a rollout, in seconds: that of Kubernetes.
const DEADLINE: i64 = 600;
/// What a rollout may take on top of the start of its pods: scheduling, pulling the image.
const MARGIN: i64 = 300;
const HISTORY: i32 = 10;

impl Resolver<'_, '_> {
    pub(crate) fn controller(&mut self, key: &str, name: &str, component: &spec::Component, pod: &Pod) -> Controller {
        let replicas = replicas(component);
        match component.kind {
            Kind::Job => self.job(key, component),
            Kind::Redis if redis::keeps(component) => {
                Controller::StatefulSet { replicas, headless: format!("{name}-headless") }
            }
            Kind::Postgres | Kind::Store => Controller::StatefulSet { replicas, headless: format!("{name}-headless") },
            // An external has no pods, and so no controller.
            Kind::Frontend | Kind::Backend | Kind::Agent | Kind::Model | Kind::Redis | Kind::External => {
                Controller::Deployment { replicas, rollout: self.rollout(key, component, pod) }
            }
        }
    }

    fn rollout(&mut self, key: &str, component: &spec::Component, pod: &Pod) -> Rollout {
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
        let written = component.rollout.as_ref();
        let surge = written.and_then(|rollout| rollout.surge.as_ref()).map(number_or_percent);
        let unavailable = written.and_then(|rollout| rollout.unavailable.as_ref()).map(number_or_percent);
        let strategy = written.and_then(|rollout| rollout.strategy);
        let alone = component.singleton == Some(true) || holds_a_disk_alone(pod);
        match strategy {
            Some(Strategy::Recreate) => RolloutStrategy::Recreate,
            None if alone && surge.is_none() && unavailable.is_none() => RolloutStrategy::Recreate,
            _ if pod.gpu.is_some() && surge.is_none() && unavailable.is_none() => self.gpu_rollout(key),
            _ => RolloutStrategy::Rolling {
                surge: surge.unwrap_or(NumberOrPercent::Percent(25)),
                unavailable: unavailable.unwrap_or(NumberOrPercent::Number(0)),
            },
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
}

/// Replicas as written; one where a scaler decides.
fn replicas(component: &spec::Component) -> u32 {
    if component.singleton == Some(true) { 1 } else { component.replicas.map_or(1, super::count) }
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
