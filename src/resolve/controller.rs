//! What runs the pods.

use super::{Resolver, redis};
use crate::diagnostic::code;
use crate::document::{Finding, at};
use crate::model::{Controller, Pod};
use crate::runtime;
use crate::spec::{self, Kind, Strategy};

impl Resolver<'_, '_> {
    pub(crate) fn controller(&mut self, key: &str, name: &str, component: &spec::Component, pod: &Pod) -> Controller {
        let replicas = replicas(component);
        match component.kind {
            Kind::Job => self.job(key, component),
            Kind::Redis if redis::keeps(component) => {
                Controller::StatefulSet { replicas, headless: format!("{name}-headless") }
            }
            Kind::Postgres | Kind::Store => Controller::StatefulSet { replicas, headless: format!("{name}-headless") },
            Kind::Model if pod.gpu.as_ref().is_some_and(|gpu| gpu.nodes > 1) => self.group(key, component, pod),
            // An external has no pods, and so no controller.
            Kind::Frontend | Kind::Backend | Kind::Agent | Kind::Model | Kind::Redis | Kind::External => {
                Controller::Deployment { replicas, rollout: self.rollout(key, component, pod) }
            }
        }
    }

    /// Replicas of several pods, of which the first one serves.
    fn group(&mut self, key: &str, component: &spec::Component, pod: &Pod) -> Controller {
        for field in ["deadline", "history"] {
            let path = at!["components", key, "rollout", field];
            if self.findings.is_written(&path) {
                self.findings.push(
                    Finding::error(code::FIELD_NOT_HONOURED, path, format!("`{field}` has no effect on several nodes"))
                        .label("would change nothing")
                        .on_key()
                        .also(at!["components", key, "gpu", "nodes"], "several nodes")
                        .reason("a LeaderWorkerSet has no such field")
                        .help("take it away"),
                );
            }
        }
        self.refuse_two_versions_of_groups(key, component);
        let generated = component.runtime_args != Some(false) && component.command.is_none();
        let more =
            component.runtime.filter(|_| generated).map_or(&[][..], |runtime| runtime::server(runtime).follower());
        Controller::LeaderWorkerSet {
            replicas: replicas(component),
            size: pod.gpu.as_ref().map_or(1, |gpu| gpu.nodes),
            rollout: self.rollout(key, component, pod),
            follower: pod.main.args.iter().cloned().chain(more.iter().map(ToString::to_string)).collect(),
        }
    }

    fn refuse_two_versions_of_groups(&mut self, key: &str, component: &spec::Component) {
        let strategy = component.rollout.as_ref().and_then(|rollout| rollout.strategy);
        let Some(strategy @ (Strategy::Canary | Strategy::BlueGreen)) = strategy else { return };
        let path = at!["components", key, "rollout", "strategy"];
        self.findings.push(
            Finding::error(code::FIELD_NOT_HONOURED, path, format!("there is no `{strategy}` on several nodes"))
                .label("nobody would do it")
                .also(at!["components", key, "gpu", "nodes"], "several nodes")
                .reason(
                    "a LeaderWorkerSet replaces its groups one after the other; no controller keeps two versions of it",
                )
                .help("write `strategy: rolling`, or a second model beside this one under a route with weights"),
        );
    }
}

/// Replicas as written; one where a scaler decides.
fn replicas(component: &spec::Component) -> u32 {
    if component.singleton == Some(true) { 1 } else { component.replicas.map_or(1, super::count) }
}
