//! What runs the pods.

use super::{Pod, Rollout, Strings};
use crate::spec::{Concurrency, FailureAction, Restart};
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    pub controller: Controller,
    pub pod: Pod,
    /// Files of the component, as ConfigMaps with their content.
    pub files: Vec<FileMap>,
}

impl Workload {
    /// The pod, and the one of workers that differ from it.
    pub fn pods(&self) -> impl Iterator<Item = &Pod> {
        std::iter::once(&self.pod).chain(self.workers().map(|workers| &*workers.pod))
    }

    /// The pods of a set of jobs that differ from the workload's own.
    pub fn workers(&self) -> Option<&Workers> {
        if let Controller::JobSet(JobSet { workers, .. }) = &self.controller { workers.as_ref() } else { None }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum Controller {
    Deployment {
        replicas: u32,
        rollout: Rollout,
    },
    /// `headless` is the name of the headless Service.
    StatefulSet {
        replicas: u32,
        headless: String,
    },
    /// Replicas of several pods each: a leader, which serves, and those that follow it.
    LeaderWorkerSet {
        replicas: u32,
        /// Pods of one replica.
        size: u32,
        rollout: Rollout,
        /// The arguments of those that follow.
        follower: Vec<String>,
    },
    Job(Job),
    JobSet(JobSet),
    CronJob {
        job: Job,
        /// Never due by itself: runs are started by hand.
        suspended: bool,
        schedule: String,
        timezone: Option<String>,
        concurrency: Concurrency,
        keep: i32,
    },
}

impl Controller {
    /// The work that ends, where it is one.
    pub fn job(&self) -> Option<&Job> {
        match self {
            Self::Job(job) | Self::JobSet(JobSet { job, .. }) | Self::CronJob { job, .. } => Some(job),
            Self::Deployment { .. } | Self::StatefulSet { .. } | Self::LeaderWorkerSet { .. } => None,
        }
    }

    /// Replicas as written; 1 for what runs to completion.
    pub fn replicas(&self) -> u32 {
        match self {
            Self::Deployment { replicas, .. }
            | Self::StatefulSet { replicas, .. }
            | Self::LeaderWorkerSet { replicas, .. } => *replicas,
            Self::Job(_) | Self::JobSet(_) | Self::CronJob { .. } => 1,
        }
    }

    /// Pods of one replica.
    pub fn pods_of_replica(&self) -> u32 {
        if let Self::LeaderWorkerSet { size, .. } = self { *size } else { 1 }
    }
}

/// Work that ends.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    pub naming: Naming,
    /// Seconds after which it has failed.
    pub timeout: Option<i64>,
    pub retries: i32,
    pub restart: Restart,
    pub parallelism: Option<i32>,
    pub completions: Option<i32>,
    pub indexed: bool,
    /// What a failed pod means; the first rule that matches counts.
    pub failure: Vec<FailureRule>,
    /// The queue in which it waits for its turn.
    pub queue: Option<String>,
}

/// How a job is called: a Job cannot change, so a changed one is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// The name of its component alone.
    Fixed,
    /// With a hash of its content.
    Content,
    /// With a hash of its content and of the pods that use it.
    Users,
    /// The name of its component alone: it runs when all else is removed.
    Removal,
}

impl Naming {
    pub fn is_hashed(self) -> bool {
        matches!(self, Self::Content | Self::Users)
    }
}

/// What a failed pod means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureRule {
    pub name: String,
    pub action: FailureAction,
    pub cause: FailureCause,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FailureCause {
    /// An exit code of a container, of any without one. `within`: it is one of `values`, else none of them.
    ExitCodes { container: Option<String>, within: bool, values: Vec<i32> },
    /// A condition of the pod is true.
    Conditions(Vec<String>),
}

/// Jobs that run together: one fails, and all of them start again.
#[derive(Clone, Debug, PartialEq)]
pub struct JobSet {
    /// What holds for all of them; `retries` counts starts of the whole.
    pub job: Job,
    /// The part of the workload's own pod.
    pub part: &'static str,
    /// How many pods that part has.
    pub count: i32,
    /// The part whose pods differ from the workload's own.
    pub workers: Option<Workers>,
}

impl JobSet {
    /// All pods, which run at the same time.
    pub fn pods(&self) -> i32 {
        self.count.saturating_add(self.workers.as_ref().map_or(0, |workers| workers.count))
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Workers {
    pub count: i32,
    pub pod: Box<Pod>,
}

/// A ConfigMap made of the files of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileMap {
    /// `<component>-files-<hash>`
    pub name: String,
    /// Content by key; text only.
    pub data: Strings,
    /// Content that is not UTF-8, by key.
    pub binary: BTreeMap<String, Vec<u8>>,
}
