//! How many: scaling, disruption.

use super::{
    Amount, Count, Cron, Decimal, DnsLabel, DnsName, Duration, Int, LabelKey, Literal, MetricText, Named,
    NumberOrPercent, PartKey, Percent, Positive, QueryText, Text, TimeZone, record, words,
};

record! {
    /// Horizontal scaling: between `min` and `max` replicas, as the metrics ask.
    pub struct Scale as "scale" {
        /// The least number of replicas: 1 unless written.
        opt min "min": Count,
        /// The greatest number of replicas.
        req max "max": Positive,
        /// CPU use in percent of the request.
        opt cpu "cpu": Percent,
        /// Memory use in percent of the request.
        opt memory "memory": Percent,
        /// GPU use in percent, per pod.
        opt gpu "gpu": Int<1, 100>,
        /// The container whose CPU and memory count; the whole pod unless written.
        opt container "container": DnsLabel,
        /// How fast replicas are added.
        opt up "up": Behaviour,
        /// How fast replicas are taken away.
        opt down "down": Behaviour,
        /// Further metrics.
        opt metrics "metrics": Named<PartKey, ScaleMetric>,
    }
}

record! {
    /// The pace of scaling in one direction.
    pub struct Behaviour as "behaviour" {
        /// The highest (down) or lowest (up) wish within this time counts.
        opt window "window": Duration,
        /// At most so many percent of the replicas in each period.
        opt percent "percent": Pace,
        /// At most so many pods in each period.
        opt pods "pods": Pace,
        /// The period of `percent` and `pods`: 60s unless written.
        opt every "every": Duration,
        /// Which of `percent` and `pods` counts: `max` unless written.
        opt select "select": Select,
        /// Deviation of the metric, in percent of its target, that changes nothing.
        opt tolerance "tolerance": Int<0, 100>,
        /// Scale down only when the metric falls under this percentage; needs a single utilisation metric.
        opt below "below": Int<1, 100>,
        /// Never in this direction.
        opt off "off": bool,
    }
}

record! {
    /// How much in one period.
    pub struct Pace as "pace" {
        /// The number.
        req value "value": Positive,
        /// A period of its own.
        opt every "every": Duration,
    }
    short "value"
}

words! {
    /// Which policy counts where two give a number.
    pub enum Select {
        /// The one that changes most.
        Max = "max",
        /// The one that changes least.
        Min = "min",
    }
}

record! {
    /// A metric of the author's own: one of `pods`, `object`, `external`, `prometheus`, `runtime`, `redisStream`,
    /// `redisList` and `cron`.
    pub struct ScaleMetric as "scaling metric" {
        /// A metric that each pod exports; `average` is over the pods.
        opt pods "pods": MetricText,
        /// The object that `metric` describes.
        opt object "object": DescribedObject,
        /// `object`: the name of the metric.
        opt metric "metric": MetricText,
        /// A metric of something outside of the cluster.
        opt external "external": MetricText,
        /// `external`: labels that the metric must have.
        opt labels "match": Named<LabelKey, Literal>,
        /// A PromQL query that gives one number. `$namespace`, `$component` and `$pods` (a pattern of its pods) stand for
        /// this component's.
        opt prometheus "prometheus": QueryText,
        /// `prometheus`: what one replica takes of it.
        opt threshold "threshold": Decimal,
        /// `prometheus`: above this the scaler wakes up from zero.
        opt activation "activation": Decimal,
        /// A metric of the model's own server, in the server's unit.
        opt runtime "runtime": RuntimeMetric,
        /// `pods`, `object`, `external`, `runtime`: what one replica takes of it.
        opt average "average": Amount,
        /// `object`, `external`: the value to keep, however many replicas there are.
        opt value "value": Amount,
        /// A stream in a redis that a consumer group works off.
        opt redis_stream "redisStream": RedisStream,
        /// `redisStream`: how many entries that no consumer has read yet one replica takes.
        opt lag "lag": Positive,
        /// A list in a redis that serves as a queue.
        opt redis_list "redisList": RedisList,
        /// `redisList`: how many of its elements one replica takes.
        opt length "length": Positive,
        /// A floor by the clock.
        opt cron "cron": CronWindow,
        /// `cron`: the number of replicas in that time.
        opt replicas "replicas": Positive,
    }
    forms ["pods", "object", "external", "prometheus", "runtime", "redisStream", "redisList", "cron"]
    exclusive [["average", "value"]]
}

record! {
    /// The object that a metric describes: one of the forms.
    pub struct DescribedObject as "described object" {
        /// What runs the pods of this component.
        opt component "component": DnsLabel,
        /// The Service of this name.
        opt service "service": DnsLabel,
        /// Any other object: its API version, with `kind` and `name`.
        opt api_version "apiVersion": Text,
        /// With `apiVersion`: the kind of the object.
        opt kind "kind": Text,
        /// With `apiVersion`: the name of the object.
        opt name "name": DnsName,
    }
    forms ["component", "service", "apiVersion"]
}

words! {
    /// What a model server says about itself, under one word for all servers.
    pub enum RuntimeMetric {
        /// Requests that wait.
        Waiting = "waiting",
        /// Requests that are worked on.
        Running = "running",
        /// How full the cache of the server is, in all of its pods.
        Cache = "cache",
        /// The mean time of a request over the last two minutes, in the server's own unit.
        Latency = "latency",
    }
}

record! {
    /// A stream in a redis of the system, and who works it off.
    pub struct RedisStream as "redis stream" {
        /// The redis.
        req component "component": DnsLabel,
        /// The key of the stream.
        req stream "stream": Text,
        /// The consumer group.
        req group "group": Text,
    }
}

record! {
    /// A list in a redis of the system.
    pub struct RedisList as "redis list" {
        /// The redis.
        req component "component": DnsLabel,
        /// The key of the list.
        req list "list": Text,
    }
}

record! {
    /// A time that comes again and again.
    pub struct CronWindow as "time window" {
        /// When it starts, as a cron schedule.
        req start "start": Cron,
        /// When it ends, as a cron schedule.
        req end "end": Cron,
        /// The time zone of both.
        req timezone "timezone": TimeZone,
    }
}

record! {
    /// How many pods a drain may take at once. One of the two.
    pub struct Disruption as "disruption" {
        /// At most so many pods are away.
        opt max_unavailable "maxUnavailable": NumberOrPercent,
        /// At least so many pods stay.
        opt min_available "minAvailable": NumberOrPercent,
    }
    forms ["maxUnavailable", "minAvailable"]
}
