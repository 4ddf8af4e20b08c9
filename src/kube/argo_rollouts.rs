//! `argoproj.io/v1alpha1`: Argo Rollouts.

use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde::Serialize;
use std::collections::BTreeMap;

pub(crate) const API_VERSION: &str = "argoproj.io/v1alpha1";

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rollout {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: RolloutSpec,
}

impl Rollout {
    pub(crate) fn new(metadata: ObjectMeta, spec: RolloutSpec) -> Self {
        Self { api_version: API_VERSION, kind: "Rollout", metadata, spec }
    }
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RolloutSpec {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) replicas: Option<i32>,
    pub(crate) revision_history_limit: i32,
    pub(crate) progress_deadline_seconds: i32,
    pub(crate) strategy: Strategy,
    pub(crate) selector: LabelSelector,
    pub(crate) template: PodTemplateSpec,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Strategy {
    Canary(Canary),
    BlueGreen(BlueGreen),
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Canary {
    #[serde(flatten)]
    pub(crate) split: Split,
    pub(crate) steps: Vec<Step>,
}

/// What divides the requests.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Split {
    #[serde(rename_all = "camelCase")]
    Weights { stable_service: String, canary_service: String, traffic_routing: TrafficRouting },
    #[serde(rename_all = "camelCase")]
    Replicas { max_surge: IntOrString, max_unavailable: IntOrString },
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct TrafficRouting {
    plugins: BTreeMap<&'static str, GatewayApi>,
}

/// What the plugin for the Gateway API takes.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct GatewayApi {
    namespace: String,
    http_routes: Vec<RouteRef>,
    /// The label would be a difference to Git for as long as the rollout lasts.
    disable_in_progress_label: bool,
}

#[derive(Clone, Debug, Serialize)]
struct RouteRef {
    name: String,
}

impl TrafficRouting {
    /// The weights of these routes.
    pub(crate) fn http_routes(namespace: &str, routes: impl Iterator<Item = String>) -> Self {
        let routes = routes.map(|name| RouteRef { name }).collect();
        let plugin = GatewayApi { namespace: namespace.into(), http_routes: routes, disable_in_progress_label: true };
        Self { plugins: BTreeMap::from([("argoproj-labs/gatewayAPI", plugin)]) }
    }
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Step {
    SetWeight(u32),
    Pause(Pause),
    Analysis(Analysis),
}

/// Without a duration, until a person goes on.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Pause {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) duration: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Analysis {
    templates: [TemplateRef; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<[Argument; 1]>,
}

/// The hash of the pods of the new version, in a query.
pub(crate) const NEW_PODS: &str = "{{args.latest-hash}}";

/// What an analysis is told.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Argument {
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_from: Option<ValueFrom>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ValueFrom {
    pod_template_hash_value: &'static str,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct TemplateRef {
    template_name: String,
}

impl Analysis {
    pub(crate) fn of(template_name: String, query: &str) -> Self {
        let value_from = Some(ValueFrom { pod_template_hash_value: "Latest" });
        let args = query.contains(NEW_PODS).then_some([Argument { name: "latest-hash", value_from }]);
        Self { templates: [TemplateRef { template_name }], args }
    }
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BlueGreen {
    pub(crate) active_service: String,
    pub(crate) preview_service: String,
    pub(crate) auto_promotion_enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) preview_replica_count: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scale_down_delay_seconds: Option<i64>,
}

/// A question that a rollout asks.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AnalysisTemplate {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: AnalysisTemplateSpec,
}

#[derive(Clone, Debug, Serialize)]
struct AnalysisTemplateSpec {
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<[Argument; 1]>,
    metrics: [Metric; 1],
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Metric {
    name: &'static str,
    success_condition: String,
    provider: Provider,
}

#[derive(Clone, Debug, Serialize)]
struct Provider {
    prometheus: Prometheus,
}

#[derive(Clone, Debug, Serialize)]
struct Prometheus {
    address: String,
    query: String,
}

impl AnalysisTemplate {
    /// One query of Prometheus; an empty answer is a failure.
    pub(crate) fn query(metadata: ObjectMeta, address: String, query: String, comparison: &str) -> Self {
        let success_condition = format!("len(result) > 0 && result[0] {comparison}");
        let args = query.contains(NEW_PODS).then_some([Argument { name: "latest-hash", value_from: None }]);
        let provider = Provider { prometheus: Prometheus { address, query } };
        let metrics = [Metric { name: "success", success_condition, provider }];
        let spec = AnalysisTemplateSpec { args, metrics };
        Self { api_version: API_VERSION, kind: "AnalysisTemplate", metadata, spec }
    }
}
