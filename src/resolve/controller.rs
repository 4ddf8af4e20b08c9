//! What runs the pods.

use super::{Resolver, job, redis};
use crate::model::{Controller, Pod};
use crate::spec::{self, Kind};

impl Resolver<'_, '_> {
    pub(crate) fn controller(&mut self, key: &str, name: &str, component: &spec::Component, pod: &Pod) -> Controller {
        let replicas = replicas(component);
        match component.kind {
            Kind::Job => job::controller(key, component, self.findings),
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
}

/// Replicas as written; one where a scaler decides.
fn replicas(component: &spec::Component) -> u32 {
    if component.singleton == Some(true) { 1 } else { component.replicas.map_or(1, super::count) }
}
