//! A component: what it becomes, and everything around it.

use super::{
    Alert, Controller, Dashboard, DatabaseCluster, Disruption, Driver, Egress, EgressTo, FileMap, Job, Metrics,
    ModelRelease, Pod, Port, Progressive, Rollout, Route, Scale, Service, Strings, Vertical, Workload,
};
use crate::spec::Kind;
use std::collections::BTreeMap;

/// An enabled component.
#[derive(Clone, Debug, PartialEq)]
pub struct Component {
    /// Its key in the system.
    pub key: String,
    /// The name of its objects: the key unless `name` is written.
    pub name: String,
    pub kind: Kind,
    pub description: Option<String>,
    /// Labels on all its objects, without the standard ones.
    pub labels: Strings,
    /// Annotations on all its objects.
    pub annotations: Strings,
    pub body: Body,
    /// Work that goes before its rollout: migrations. Jobs with a pod each.
    pub releases: Vec<Release>,
    /// What it serves of the catalogue of models.
    pub release: Option<ModelRelease>,
    pub alerts: Vec<Alert>,
    pub dashboard: Option<Dashboard>,
    /// `None`: nothing to reach, or `service: false`.
    pub service: Option<Service>,
    pub routes: Vec<Route>,
    pub egress: Vec<Egress>,
    pub metrics: Option<Metrics>,
    pub scale: Option<Scale>,
    pub vertical: Option<Vertical>,
    pub disruption: Option<Disruption>,
    /// What other components may refer to, as `component.output`.
    pub outputs: BTreeMap<String, Output>,
}

/// What a component becomes.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "nearly every component is a workload")]
pub enum Body {
    Workload(Workload),
    /// A database that an operator runs.
    Cluster(DatabaseCluster),
    /// Something that is not of this system: no pods of ours.
    External(External),
}

/// What is not of this system, and how it is reached.
#[derive(Clone, Debug, PartialEq)]
pub struct External {
    /// Where those that use it are let to.
    pub to: EgressTo,
    /// All ports are open where it names none.
    pub ports: Vec<Port>,
    /// The host that a Service of the component's name stands for.
    pub alias: Option<String>,
}

impl Component {
    pub fn workload(&self) -> Option<&Workload> {
        match &self.body {
            Body::Workload(workload) => Some(workload),
            Body::Cluster(_) | Body::External(_) => None,
        }
    }

    /// How a new version of what runs all the time comes.
    pub fn rollout(&self) -> Option<&Rollout> {
        match &self.workload()?.controller {
            Controller::Deployment { rollout, .. } | Controller::LeaderWorkerSet { rollout, .. } => Some(rollout),
            Controller::StatefulSet { .. }
            | Controller::Job(_)
            | Controller::JobSet(_)
            | Controller::CronJob { .. } => None,
        }
    }

    /// Its canary or blue-green rollout.
    pub fn progressive(&self) -> Option<&Progressive> {
        self.rollout()?.progressive()
    }

    /// True where Flagger makes a primary of its Deployment, and the Services.
    pub fn is_by_flagger(&self) -> bool {
        self.progressive().is_some_and(|progressive| progressive.driver == Driver::Flagger)
    }

    /// The route whose weights divide its requests, where only one can: `main`, else the first.
    pub fn weighted_route(&self) -> Option<&Route> {
        self.routes.iter().find(|route| route.name == "main").or_else(|| self.routes.first())
    }

    /// The port by which its versions are told apart: that of the route, else `http`, else the first.
    pub fn main_port(&self) -> Option<&Port> {
        let ports = self.ports();
        let routed = self.weighted_route().map_or("http", |route| route.port.as_str());
        ports.iter().find(|port| port.name == routed).or_else(|| ports.first()).copied()
    }

    /// The ports that its pods, or the external system, listen on, as a Service offers them.
    pub fn ports(&self) -> Vec<&Port> {
        match &self.body {
            Body::Workload(workload) => workload.pod.ports().collect(),
            Body::Cluster(cluster) => cluster.ports.iter().collect(),
            Body::External(external) => external.ports.iter().collect(),
        }
    }
}

/// A job that runs before the rollout of its component, once a change.
#[derive(Clone, Debug, PartialEq)]
pub struct Release {
    /// `<component>-migrate`; the object's name ends with a hash of its content.
    pub name: String,
    pub job: Job,
    pub pod: Pod,
    /// Its files; the same ConfigMap as the component's where the content is the same.
    pub files: Vec<FileMap>,
}

/// A typed output of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Plain text that is known while compiling.
    Plain(String),
    /// A key of a secret.
    Secret { name: String, key: String },
    /// Text with `$(NAME)` in it, and the variables from secrets that must be emitted before it, as
    /// (name of the variable, secret, key).
    Composed { text: String, needs: Vec<(String, String, String)> },
}
