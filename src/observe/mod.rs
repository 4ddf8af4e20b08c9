//! What Prometheus knows about a component, and what of it is worth an alert or a panel.
//!
//! Promises: a preset asks only for series that something in the target exports: cAdvisor and the kubelet,
//! kube-state-metrics, the exporter of GPUs (`dcgm`), CloudNativePG and its plugin for backups, and the servers of
//! models under their own names. Where there is nothing to ask, the answer says why. Nothing here is emitted.

mod alerts;
mod grafana;
mod panels;
mod query;
mod subject;
#[cfg(test)]
mod tests;

pub use alerts::{AlertFacts, alert, alert_facts};
pub use grafana::{DashboardContext, json};
pub use panels::{PanelFacts, PanelLines, panel, panel_facts};
pub use query::{check, fill, operand};
pub use subject::Subject;
