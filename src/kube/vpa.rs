//! `autoscaling.k8s.io/v1`: the vertical autoscaler.

use k8s_openapi::api::autoscaling::v1::CrossVersionObjectReference;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VerticalPodAutoscaler {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: VerticalPodAutoscalerSpec,
}

impl VerticalPodAutoscaler {
    pub(crate) fn new(metadata: ObjectMeta, spec: VerticalPodAutoscalerSpec) -> Self {
        Self { api_version: "autoscaling.k8s.io/v1", kind: "VerticalPodAutoscaler", metadata, spec }
    }
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VerticalPodAutoscalerSpec {
    pub(crate) target_ref: CrossVersionObjectReference,
    pub(crate) update_policy: UpdatePolicy,
    pub(crate) resource_policy: ResourcePolicy,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdatePolicy {
    pub(crate) update_mode: &'static str,
    /// Pods that must be there before one is taken; the updater's own flag holds unless written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) min_replicas: Option<i32>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResourcePolicy {
    pub(crate) container_policies: Vec<ContainerPolicy>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ContainerPolicy {
    /// `*` for all that no other policy names.
    pub(crate) container_name: String,
    pub(crate) mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) min_allowed: Option<BTreeMap<String, Quantity>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_allowed: Option<BTreeMap<String, Quantity>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) controlled_resources: Option<Vec<&'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) controlled_values: Option<&'static str>,
}
