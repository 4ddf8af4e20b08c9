//! `flagger.app/v1beta1`: Flagger.

use super::gateway::ParentRef;
use crate::model::Strings;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use std::collections::BTreeMap;

const API_VERSION: &str = "flagger.app/v1beta1";

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Canary {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: CanarySpec,
}

impl Canary {
    pub(crate) fn new(metadata: ObjectMeta, spec: CanarySpec) -> Self {
        Self { api_version: API_VERSION, kind: "Canary", metadata, spec }
    }
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CanarySpec {
    /// `gatewayapi:v1`, or `kubernetes` for Services alone.
    pub(crate) provider: &'static str,
    pub(crate) target_ref: Reference,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) autoscaler_ref: Option<AutoscalerRef>,
    pub(crate) progress_deadline_seconds: i32,
    pub(crate) service: CanaryService,
    pub(crate) analysis: CanaryAnalysis,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reference {
    pub(crate) api_version: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) name: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AutoscalerRef {
    pub(crate) api_version: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    /// The queries of the primary by the name of the trigger. Without them Flagger puts another name in
    /// wherever it finds that of the component.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) primary_scaler_queries: BTreeMap<String, String>,
}

/// The Services that Flagger makes, and the route to them.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CanaryService {
    pub(crate) port: u16,
    pub(crate) port_name: String,
    pub(crate) target_port: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) app_protocol: Option<String>,
    /// All other ports of the containers as well.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) port_discovery: bool,
    /// Labels and annotations of the Service that clients use, and of the route.
    pub(crate) apex: CustomMetadata,
    #[serde(flatten)]
    pub(crate) route: Option<CanaryRoute>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct CustomMetadata {
    pub(crate) labels: Strings,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) annotations: Strings,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CanaryRoute {
    pub(crate) gateway_refs: [ParentRef; 1],
    pub(crate) hosts: [String; 1],
    #[serde(rename = "match")]
    pub(crate) matches: Vec<Match>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) timeout: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rewrite: Option<Rewrite>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) headers: Option<Headers>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Match {
    uri: Prefix,
}

#[derive(Clone, Debug, Serialize)]
struct Prefix {
    prefix: String,
}

impl Match {
    pub(crate) fn prefix(path: &str) -> Self {
        Self { uri: Prefix { prefix: path.into() } }
    }
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Rewrite {
    uri: String,
    #[serde(rename = "type")]
    kind: &'static str,
}

impl Rewrite {
    /// Puts another prefix in the place of the one that matched.
    pub(crate) fn prefix(uri: &str) -> Self {
        Self { uri: uri.into(), kind: "ReplacePrefixMatch" }
    }
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Headers {
    request: SetHeaders,
}

#[derive(Clone, Debug, Serialize)]
struct SetHeaders {
    set: Strings,
}

impl Headers {
    pub(crate) fn set(set: Strings) -> Self {
        Self { request: SetHeaders { set } }
    }
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CanaryAnalysis {
    pub(crate) interval: String,
    /// Failed checks that undo the rollout.
    pub(crate) threshold: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) iterations: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) step_weights: Vec<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) metrics: Vec<CanaryMetric>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CanaryMetric {
    pub(crate) name: &'static str,
    pub(crate) interval: &'static str,
    pub(crate) template_ref: TemplateRef,
    pub(crate) threshold_range: ThresholdRange,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct TemplateRef {
    pub(crate) name: String,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ThresholdRange {
    Min(f64),
    Max(f64),
}

/// A question that a rollout asks.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MetricTemplate {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: MetricTemplateSpec,
}

#[derive(Clone, Debug, Serialize)]
struct MetricTemplateSpec {
    provider: Provider,
    query: String,
}

#[derive(Clone, Debug, Serialize)]
struct Provider {
    #[serde(rename = "type")]
    kind: &'static str,
    address: String,
}

impl MetricTemplate {
    /// A query of Prometheus.
    pub(crate) fn query(metadata: ObjectMeta, address: String, query: String) -> Self {
        let spec = MetricTemplateSpec { provider: Provider { kind: "prometheus", address }, query };
        Self { api_version: API_VERSION, kind: "MetricTemplate", metadata, spec }
    }
}
