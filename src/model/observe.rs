//! What is watched: alerts and dashboards.

use crate::spec::AlertSeverity;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// The author's name for it.
    pub key: String,
    pub query: String,
    /// True above the threshold; else below it.
    pub above: bool,
    pub threshold: String,
    /// Seconds.
    pub lasts: u64,
    pub severity: AlertSeverity,
    pub summary: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dashboard {
    /// The name of its object.
    pub name: String,
    /// The key of the component, or of the dashboard of the system.
    pub key: String,
    pub title: String,
    pub panels: Vec<Panel>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panel {
    pub title: String,
    pub unit: Option<String>,
    pub lines: Vec<Line>,
}

/// A query, and what its series are called; `None` leaves that to Grafana.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub query: String,
    pub legend: Option<String>,
}
