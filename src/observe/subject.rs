//! A component as the series of Prometheus name it.

use crate::model::{Body, Component, Controller, Driver, Scaler, VolumeSource};
use crate::runtime::Server;
use crate::spec::Feature;
use crate::target::Target;

/// The matchers of the pods of a component.
pub(super) const PODS: &str = r#"namespace="$namespace",pod=~"$pods""#;

/// Why there is nothing to ask.
pub(super) type Missing = &'static str;

/// A series of the pods of a component, other matchers kept.
pub(super) fn select(series: &str) -> String {
    match series.split_once('{') {
        Some((name, matchers)) => format!("{name}{{{PODS},{matchers}"),
        None => format!("{series}{{{PODS}}}"),
    }
}

/// A component and where its series come from.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    pub component: &'a Component,
    /// The server of its model.
    pub server: Option<&'static dyn Server>,
    pub target: &'a Target,
    pub namespace: &'a str,
}

/// What runs the pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Runner {
    Deployment,
    /// Two versions side by side while a new one comes.
    Versions,
    /// Replicas of several pods each.
    Groups,
    StatefulSet,
    /// A cluster of CloudNativePG.
    Cluster,
    Job,
    CronJob,
}

impl Subject<'_> {
    pub(super) fn runner(&self) -> Result<Runner, Missing> {
        match &self.component.body {
            Body::External(_) => Err("it has no pods of this system"),
            Body::Cluster(_) => Ok(Runner::Cluster),
            Body::Workload(_) if self.component.progressive().is_some() => Ok(Runner::Versions),
            Body::Workload(workload) => Ok(match workload.controller {
                Controller::Deployment { .. } => Runner::Deployment,
                Controller::StatefulSet { .. } => Runner::StatefulSet,
                Controller::LeaderWorkerSet { .. } => Runner::Groups,
                Controller::Job(_) | Controller::JobSet(_) => Runner::Job,
                Controller::CronJob { .. } => Runner::CronJob,
            }),
        }
    }

    /// A pattern of the names of its pods, which matches no pod of a component whose name is longer.
    pub fn pods(&self) -> Option<String> {
        let name = &self.component.name;
        Some(match self.runner().ok()? {
            Runner::Deployment => format!("{name}-[a-z0-9]+-[a-z0-9]{{5}}"),
            Runner::Versions => format!("{name}{}-[a-z0-9]+-[a-z0-9]{{5}}", self.version_suffix()),
            Runner::Groups => format!("{name}-[0-9]+(-[0-9]+)?"),
            Runner::StatefulSet | Runner::Cluster => format!("{name}-[0-9]+"),
            Runner::Job | Runner::CronJob => {
                format!("{name}{}(-[0-9]+)?-[a-z0-9]{{5}}", self.run_suffix().unwrap_or_default())
            }
        })
    }

    /// The names of the workloads of its versions, as a pattern after the name of the component.
    fn version_suffix(&self) -> &'static str {
        match self.component.progressive().map(|progressive| &progressive.driver) {
            Some(Driver::Flagger) => "(-primary)?",
            Some(Driver::Commits(_)) => "-[0-9a-f]+",
            Some(Driver::ArgoRollouts) | None => "",
        }
    }

    /// The names of its Jobs, as a pattern after the name of the component: a CronJob appends the minute, and a
    /// release job ends with its hash.
    fn run_suffix(&self) -> Result<&'static str, Missing> {
        match self.component.workload().map(|workload| &workload.controller) {
            Some(Controller::CronJob { .. }) => Ok("-[0-9]+"),
            Some(Controller::Job(job)) => Ok(if job.naming.is_hashed() { "-[0-9a-f]+" } else { "" }),
            // The part of the set, and its number.
            Some(Controller::JobSet(_)) => Ok("-[a-z]+-[0-9]+"),
            _ => Err("it is no job"),
        }
    }

    /// The matchers of its Jobs.
    pub(super) fn runs(&self) -> Result<String, Missing> {
        Ok(format!(r#"namespace="$namespace",job_name=~"$component{}""#, self.run_suffix()?))
    }

    /// A series of the exporter of GPUs. Without `honorLabels` Prometheus keeps the labels of the workload under
    /// other names.
    pub(super) fn select_gpus(&self, series: &str) -> Result<String, Missing> {
        if self.component.workload().is_none_or(|workload| workload.pod.gpu.is_none()) {
            return Err("it has no GPU");
        }
        if !self.target.has(Feature::Dcgm) {
            return Err("the target has no `dcgm`, which exports what GPUs do");
        }
        let prefix = self.gpu_labels();
        Ok(format!(r#"{series}{{{prefix}namespace="$namespace",{prefix}pod=~"$pods"}}"#))
    }

    pub(super) fn gpu_labels(&self) -> &'static str {
        if self.target.prometheus.honor_labels { "" } else { "exported_" }
    }

    /// What the server of a model exports under this word.
    pub(super) fn exported(&self, word: &str) -> Result<&'static str, Missing> {
        let server = self.scraped_server()?;
        let found = server.scaling().iter().find(|(known, _)| *known == word);
        found.map(|(_, series)| *series).ok_or("the server of its model does not export it")
    }

    /// The server of its model, where somebody reads its metrics.
    pub(super) fn scraped_server(&self) -> Result<&'static dyn Server, Missing> {
        let server = self.server.ok_or("only known servers of models export it under a name that is known here")?;
        if self.component.metrics.is_some() { Ok(server) } else { Err("nobody scrapes it: `metrics` is off") }
    }

    /// The matchers of its autoscaler.
    pub(super) fn autoscaler(&self) -> Result<String, Missing> {
        let scale = self.component.scale.as_ref().ok_or("it has no `scale`")?;
        let prefix = if scale.scaler == Scaler::Keda { "keda-hpa-" } else { "" };
        Ok(match self.version_suffix() {
            "" => format!(r#"namespace="$namespace",horizontalpodautoscaler="{prefix}$component""#),
            suffix => format!(r#"namespace="$namespace",horizontalpodautoscaler=~"{prefix}$component{suffix}""#),
        })
    }

    /// The matchers of its claims.
    pub(super) fn claims(&self) -> Result<String, Missing> {
        let none = Err("it has no claim of its own");
        let pattern = match &self.component.body {
            Body::Cluster(cluster) => {
                if cluster.wal.is_some() { "$component-[0-9]+(-wal)?" } else { "$component-[0-9]+" }.to_owned()
            }
            Body::External(_) => return none,
            Body::Workload(workload) => {
                let own = workload.pod.volumes.iter().filter(|volume| matches!(volume.source, VolumeSource::Own(_)));
                let names: Vec<&str> = own.map(|volume| volume.name.as_str()).collect();
                if names.is_empty() {
                    return none;
                }
                let names = names.join("|");
                match workload.controller {
                    Controller::StatefulSet { .. } => format!("({names})-$component-[0-9]+"),
                    _ => format!("$component-({names})"),
                }
            }
        };
        Ok(format!(r#"namespace="$namespace",persistentvolumeclaim=~"{pattern}""#))
    }

    /// A query with the names of this component in it.
    pub fn fill(&self, query: &str) -> String {
        let pods = self.pods().unwrap_or_default();
        super::fill(query, self.namespace, Some((&self.component.name, &pods)))
    }
}
