//! `leaderworkerset.x-k8s.io/v1`: groups of pods that serve one model together.

use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde::Serialize;

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LeaderWorkerSet {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: LeaderWorkerSetSpec,
}

impl LeaderWorkerSet {
    pub(crate) fn new(metadata: ObjectMeta, spec: LeaderWorkerSetSpec) -> Self {
        Self { api_version: "leaderworkerset.x-k8s.io/v1", kind: "LeaderWorkerSet", metadata, spec }
    }
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LeaderWorkerSetSpec {
    /// Groups; `None` where a scaler decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) replicas: Option<i32>,
    pub(crate) startup_policy: &'static str,
    pub(crate) rollout_strategy: RolloutStrategy,
    pub(crate) network_config: NetworkConfig,
    pub(crate) leader_worker_template: LeaderWorkerTemplate,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RolloutStrategy {
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) rolling_update_configuration: RollingUpdate,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RollingUpdate {
    pub(crate) max_unavailable: IntOrString,
    pub(crate) max_surge: IntOrString,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NetworkConfig {
    pub(crate) subdomain_policy: &'static str,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LeaderWorkerTemplate {
    /// Pods of a group, the leader among them.
    pub(crate) size: i32,
    pub(crate) restart_policy: &'static str,
    pub(crate) leader_template: PodTemplateSpec,
    pub(crate) worker_template: PodTemplateSpec,
}
