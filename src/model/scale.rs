//! How many replicas, and who decides.

use super::{NumberOrPercent, Quantity, Strings};
use crate::spec::Select;

/// Horizontal scaling.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    pub min: u32,
    pub max: u32,
    /// In the order cpu, memory, gpu, then as written.
    pub metrics: Vec<Metric>,
    pub up: Option<Behaviour>,
    pub down: Option<Behaviour>,
    pub scaler: Scaler,
}

/// Who scales: a plain HorizontalPodAutoscaler, or KEDA where some metric needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scaler {
    Hpa,
    Keda,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// `cpu`, `memory`, `gpu`, or the author's name.
    pub name: String,
    pub source: MetricSource,
}

#[derive(Clone, Debug, PartialEq)]
pub enum MetricSource {
    /// Use in percent of the request; of one container, or of the whole pod.
    Utilisation { resource: UtilisedResource, percent: i32, container: Option<String> },
    /// What each pod exports; the average over the pods.
    Pods { metric: String, average: Quantity },
    /// What is known about one object.
    Object { of: DescribedObject, metric: String, goal: Goal },
    /// Something outside of the cluster.
    External { metric: String, labels: Strings, goal: Goal },
    /// A query that gives one number; `threshold` is what one replica takes.
    Prometheus { query: String, threshold: String, activation: Option<String>, of: Queried },
    /// Entries of a stream that no consumer of the group has read yet; `lag` is what one replica takes.
    RedisStream { redis: RedisQueue, stream: String, group: String, lag: u32 },
    /// Elements of a list; `length` is what one replica takes.
    RedisList { redis: RedisQueue, list: String, length: u32 },
    /// A floor by the clock.
    Cron { start: String, end: String, timezone: String, replicas: u32 },
}

/// The object that a metric describes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DescribedObject {
    /// What runs the pods of the component of this key.
    Component(String),
    Service(String),
    Other {
        api_version: String,
        kind: String,
        name: String,
    },
}

/// What the scaler keeps a metric at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Goal {
    /// For each replica.
    Average(Quantity),
    /// As a whole.
    Value(Quantity),
}

/// What a query asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queried {
    /// Whatever the author wrote, summed over the replicas; it may be there without a pod.
    Own,
    /// The sum of what the pods export.
    Pods,
    /// A mean over the pods, which no number of replicas divides.
    Mean,
    /// The use of GPUs, which their exporter gives for the pods.
    Gpus,
}

/// A redis of the system with a queue in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisQueue {
    /// The key of its component.
    pub component: String,
    /// The name of its Service, and its port.
    pub host: String,
    pub port: String,
    /// Secret and key of its password.
    pub password: Option<(String, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UtilisedResource {
    Cpu,
    Memory,
}

/// The pace in one direction; times in seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Behaviour {
    pub window: Option<i32>,
    /// (value, period)
    pub percent: Option<(i32, i32)>,
    /// (value, period)
    pub pods: Option<(i32, i32)>,
    pub select: Option<Select>,
    /// A share such as 0.05, as a quantity.
    pub tolerance: Option<Quantity>,
    /// Never in this direction.
    pub off: bool,
}

/// How many pods a drain may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disruption {
    MaxUnavailable(NumberOrPercent),
    MinAvailable(NumberOrPercent),
}
