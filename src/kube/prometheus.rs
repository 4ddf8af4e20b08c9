//! `monitoring.coreos.com/v1`: the Prometheus operator.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use serde::Serialize;
use std::collections::BTreeMap;

/// Scrapes the pods behind Services.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServiceMonitor {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: ServiceMonitorSpec,
}

impl ServiceMonitor {
    pub(crate) fn new(metadata: ObjectMeta, selector: LabelSelector, endpoint: Endpoint) -> Self {
        let spec = ServiceMonitorSpec { selector, endpoints: vec![endpoint] };
        Self { api_version: "monitoring.coreos.com/v1", kind: "ServiceMonitor", metadata, spec }
    }
}

#[derive(Clone, Debug, Serialize)]
struct ServiceMonitorSpec {
    selector: LabelSelector,
    endpoints: Vec<Endpoint>,
}

/// Scrapes pods.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PodMonitor {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: PodMonitorSpec,
}

impl PodMonitor {
    pub(crate) fn new(metadata: ObjectMeta, selector: LabelSelector, endpoint: Endpoint) -> Self {
        let spec = PodMonitorSpec { selector, pod_metrics_endpoints: vec![endpoint] };
        Self { api_version: "monitoring.coreos.com/v1", kind: "PodMonitor", metadata, spec }
    }
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PodMonitorSpec {
    selector: LabelSelector,
    pod_metrics_endpoints: Vec<Endpoint>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Endpoint {
    /// By name: of the Service's port, or of the container's.
    pub(crate) port: String,
    pub(crate) path: String,
    /// Such as `30s`.
    pub(crate) interval: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) relabelings: Vec<Relabeling>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Relabeling {
    action: &'static str,
    source_labels: [&'static str; 1],
    regex: String,
}

impl Relabeling {
    /// Drops what comes from a Service of another name.
    pub(crate) fn keep_service(name: &str) -> Self {
        Self { action: "keep", source_labels: ["__meta_kubernetes_service_name"], regex: name.into() }
    }
}

/// Conditions that Prometheus looks at again and again.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PrometheusRule {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: PrometheusRuleSpec,
}

#[derive(Clone, Debug, Serialize)]
struct PrometheusRuleSpec {
    groups: [RuleGroup; 1],
}

#[derive(Clone, Debug, Serialize)]
struct RuleGroup {
    name: String,
    rules: Vec<AlertingRule>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct AlertingRule {
    pub(crate) alert: String,
    pub(crate) expr: String,
    /// Such as `5m`.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub(crate) lasts: Option<String>,
    pub(crate) labels: BTreeMap<&'static str, String>,
    pub(crate) annotations: BTreeMap<&'static str, String>,
}

impl PrometheusRule {
    pub(crate) fn new(metadata: ObjectMeta, group: String, rules: Vec<AlertingRule>) -> Self {
        let spec = PrometheusRuleSpec { groups: [RuleGroup { name: group, rules }] };
        Self { api_version: "monitoring.coreos.com/v1", kind: "PrometheusRule", metadata, spec }
    }
}
