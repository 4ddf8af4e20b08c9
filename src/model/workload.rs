//! What runs the pods.

use super::{Pod, Rollout, Strings};
use crate::spec::{Concurrency, Restart};
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    pub controller: Controller,
    pub pod: Pod,
    /// Files of the component, as ConfigMaps with their content.
    pub files: Vec<FileMap>,
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
    CronJob {
        job: Job,
        schedule: String,
        timezone: Option<String>,
        concurrency: Concurrency,
        keep: i32,
    },
}

impl Controller {
    /// Replicas as written; 1 for what runs to completion.
    pub fn replicas(&self) -> u32 {
        match self {
            Self::Deployment { replicas, .. }
            | Self::StatefulSet { replicas, .. }
            | Self::LeaderWorkerSet { replicas, .. } => *replicas,
            Self::Job(_) | Self::CronJob { .. } => 1,
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
    /// A release job's name ends with a hash of its content, since a Job cannot change.
    pub hashed: bool,
    /// Seconds after which it has failed.
    pub timeout: Option<i64>,
    pub retries: i32,
    pub restart: Restart,
    pub parallelism: Option<i32>,
    pub completions: Option<i32>,
    pub indexed: bool,
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
