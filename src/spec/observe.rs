//! What is watched: alerts and dashboards.

use super::text::{Checked, refuse, text};
use super::{Decimal, DnsLabel, Duration, Named, PartKey, Switch, Text, record, words};
use crate::diagnostic::code;

record! {
    /// When somebody is told: a preset, or a query of one's own with a bound.
    pub struct Alert as "alert" {
        /// A condition that the compiler knows how to ask for.
        opt preset "preset": AlertPreset,
        /// A PromQL query. `$namespace`, `$component` and `$pods` (a pattern of its pods) stand for this component's.
        opt query "query": QueryText,
        /// True above this.
        opt above "above": Decimal,
        /// True below this.
        opt below "below": Decimal,
        /// How long it must be true: 5m unless written, or what the preset says.
        opt lasts "for": Duration,
        /// `warning` unless written, or what the preset says.
        opt severity "severity": AlertSeverity,
        /// What is wrong, for whoever is told.
        opt summary "summary": Text,
    }
    forms ["preset", "query"]
    exclusive [["above", "below"]]
    short "preset"
}

words! {
    /// How urgent an alert is.
    pub enum AlertSeverity {
        /// Somebody has to act now.
        Critical = "critical",
        /// Somebody has to look today.
        Warning = "warning",
        /// Good to know.
        Info = "info",
    }
}

words! {
    /// A condition that the compiler knows how to ask for.
    pub enum AlertPreset {
        /// Nothing serves, though something should.
        Down = "down",
        /// Fewer replicas are available than wanted.
        Degraded = "degraded",
        /// Containers start again and again.
        Restarts = "restarts",
        /// A container is near its memory limit, in percent.
        Memory = "memory",
        /// A container is held back by its CPU limit, in percent of the time.
        Throttled = "throttled",
        /// The autoscaler can add no more replicas.
        Ceiling = "ceiling",
        /// A volume is nearly full, in percent.
        Disk = "disk",
        /// Requests are slow: the 95th percentile in seconds.
        Latency = "latency",
        /// Requests fail, in percent.
        Errors = "errors",
        /// Requests wait.
        Waiting = "waiting",
        /// A GPU does nothing: its use in percent.
        GpuIdle = "gpu-idle",
        /// A GPU reports an error of its own.
        GpuFault = "gpu-fault",
        /// A run has failed.
        Failed = "failed",
        /// A run is overdue, in seconds.
        Missed = "missed",
        /// A standby is behind, in seconds.
        ReplicationLag = "replication-lag",
        /// The last backup is old, in seconds.
        Backup = "backup",
    }
}

record! {
    /// A dashboard of Grafana: every panel that the component has something to show in, or those written.
    pub struct Dashboard as "dashboard" {
        /// Its title; the environment follows in brackets.
        opt title "title": Text,
        /// Its panels, in this order.
        opt panels "panels": Named<PartKey, Panel>,
    }
    toggle "true"
}

record! {
    /// A dashboard over several components: a preset shows one line for each of them.
    pub struct SystemDashboard as "system dashboard" {
        /// Its title; the environment follows in brackets.
        opt title "title": Text,
        /// The components; all unless written.
        opt components "components": Vec<DnsLabel>,
        /// Its panels, in this order; every preset that some component has unless written.
        opt panels "panels": Named<PartKey, Panel>,
    }
    toggle "true"
}

record! {
    /// A panel: a preset, or a query of one's own.
    pub struct Panel as "panel" {
        /// What the compiler knows how to show.
        opt preset "preset": PanelPreset,
        /// A PromQL query. `$namespace`, `$component` and `$pods` (a pattern of its pods) stand for this component's.
        opt query "query": QueryText,
        /// The unit, as Grafana calls it: `s`, `percent`, `percentunit`, `bytes`, `reqps`…
        opt unit "unit": UnitText,
    }
    forms ["preset", "query"]
    short "preset"
}

words! {
    /// What the compiler knows how to show.
    pub enum PanelPreset {
        /// CPU that is used, asked for and allowed.
        Cpu = "cpu",
        /// Memory that is used, asked for and allowed.
        Memory = "memory",
        /// Replicas that are wanted and available.
        Replicas = "replicas",
        /// What the autoscaler wants, between which bounds.
        Scaling = "scaling",
        /// How often containers started again in the last hour.
        Restarts = "restarts",
        /// Bytes received and sent.
        Network = "network",
        /// How full volumes are.
        Disk = "disk",
        /// Requests a second.
        Requests = "requests",
        /// How long requests take: the median, the 95th and the 99th percentile.
        Latency = "latency",
        /// The share of requests that fail.
        Errors = "errors",
        /// Requests that wait.
        Waiting = "waiting",
        /// Requests that are worked on.
        Running = "running",
        /// How full the cache of the model server is.
        Cache = "cache",
        /// The use of GPUs.
        Gpu = "gpu",
        /// Memory of GPUs that is used.
        GpuMemory = "gpu-memory",
        /// Connections by their state.
        Connections = "connections",
        /// How far standbys are behind.
        ReplicationLag = "replication-lag",
        /// Runs that are active, and that failed.
        Runs = "runs",
    }
}

text! {
    /// A query of Prometheus.
    QueryText { "a PromQL query", "sum(rate(http_requests_total[5m]))", query, None }
    /// A unit of Grafana.
    UnitText { "a unit of Grafana", "percent", unit, Some("^[^\\s]+$") }
}

/// As far as it can be told without the grammar.
fn query(text: &str) -> Checked {
    crate::observe::check(text).or_else(|wrong| refuse(code::BAD_QUERY, wrong, "write an expression of PromQL"))
}

fn unit(text: &str) -> Checked {
    if !text.is_empty() && text.len() <= 63 && !text.contains(char::is_whitespace) {
        return Ok(());
    }
    refuse(
        code::BAD_NAME,
        format!("`{text}` is not a unit"),
        "write the identifier of Grafana, such as `s`, `percent`, `bytes` or `reqps`",
    )
}

/// `alerts: false` takes all away.
pub type Alerts = Switch<Named<PartKey, Alert>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_and_units_are_checked() {
        assert!(query("sum(x)").is_ok() && query("sum(x").is_err());
        assert!(unit("percentunit").is_ok() && unit("per cent").is_err());
    }
}
