//! The kinds of component, and which fields each of them has.

use super::words;

words! {
    /// What a component is.
    pub enum Kind {
        /// Serves people: Deployment, Service, route, autoscaler, disruption budget, network policy.
        Frontend = "frontend",
        /// Serves other components, or works off a queue when it has no port.
        Backend = "backend",
        /// An AI agent: a backend that calls models, tools and hosts, closed to the outside but for what it names.
        Agent = "agent",
        /// Serves a model on a known runtime: weights, GPU, probes and metrics of that runtime.
        Model = "model",
        /// A PostgreSQL database: a CloudNativePG cluster, or a StatefulSet of one instance.
        Postgres = "postgres",
        /// A cache, a queue or state, on Valkey or Redis.
        Redis = "redis",
        /// Any other stateful server, by image: a StatefulSet whose pods keep their volumes.
        Store = "store",
        /// Runs to completion: a CronJob or a Job.
        Job = "job",
        /// Something that is not of this system: an opening for those that use it, and outputs.
        External = "external",
    }
}

/// Fields that every kind has.
const COMMON: &[&str] = &["kind", "name", "enabled", "like", "description", "labels", "annotations", "patches"];
/// Fields of the kinds that run something.
const RUNNING: &[&str] = &[
    "podLabels",
    "podAnnotations",
    "image",
    "pullSecrets",
    "resources",
    "placement",
    "security",
    "egress",
    "uses",
    "serviceAccount",
    "disruption",
    "metrics",
    "alerts",
    "dashboard",
];
/// Fields of the kinds whose containers are the author's own.
const OWN_CONTAINER: &[&str] = &[
    "command", "args", "workdir", "ports", "env", "envFrom", "files", "volumes", "health", "init", "sidecars",
    "shutdown", "gpu",
];
/// Fields of the kinds that serve.
const SERVING: &[&str] = &["service", "expose", "routes", "replicas", "singleton", "scale", "vertical", "rollout"];
/// A store is a StatefulSet: its pods are replaced in their place, one volume each.
const STORE: &[&str] = &["service", "expose", "routes", "replicas", "vertical"];
const BACKEND: &[&str] = &["migrate"];
/// Kinds that may serve a model of the catalogue.
const RELEASED: &[&str] = &["release"];
const MODEL: &[&str] = &["runtime", "model", "runtimeArgs"];
const POSTGRES: &[&str] = &[
    "version",
    "database",
    "owner",
    "instances",
    "storage",
    "wal",
    "parameters",
    "backup",
    "auth",
    "superuser",
    "extensions",
    "synchronous",
    "pooler",
    "service",
    "volumes",
    "env",
    "args",
    "shutdown",
    "health",
];
const REDIS: &[&str] = &[
    "version", "mode", "engine", "memory", "policy", "auth", "args", "storage", "replicas", "service", "shutdown",
    "health",
];
const EXTERNAL: &[&str] = &["host", "hosts", "cidrs", "pods", "ports", "outputs", "alias"];
const JOB: &[&str] = &[
    "schedule",
    "timezone",
    "when",
    "timeout",
    "retries",
    "restart",
    "concurrency",
    "keep",
    "parallelism",
    "completions",
    "indexed",
    "failurePolicy",
    "queue",
    "master",
    "workers",
];

impl Kind {
    /// True where a component of this kind may have the field.
    pub fn has(self, field: &str) -> bool {
        let groups: &[&[&str]] = match self {
            Self::Frontend => &[OWN_CONTAINER, SERVING],
            Self::Backend => &[OWN_CONTAINER, SERVING, BACKEND],
            Self::Agent => &[OWN_CONTAINER, SERVING, BACKEND, RELEASED],
            Self::Model => &[OWN_CONTAINER, SERVING, MODEL, RELEASED],
            Self::Postgres => &[POSTGRES],
            Self::Redis => &[REDIS],
            Self::Store => &[OWN_CONTAINER, STORE],
            Self::Job => &[OWN_CONTAINER, JOB],
            Self::External => return COMMON.contains(&field) || EXTERNAL.contains(&field),
        };
        COMMON.contains(&field) || RUNNING.contains(&field) || groups.iter().any(|group| group.contains(&field))
    }

    /// The kinds that have the field, for a message.
    pub fn that_have(field: &str) -> impl Iterator<Item = &'static str> {
        Self::ALL.iter().filter(move |kind| kind.has(field)).map(|kind| kind.text())
    }
}
