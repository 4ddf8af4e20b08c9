//! `keda.sh/v1alpha1`: KEDA.

use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscalerBehavior;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScaledObject {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: ScaledObjectSpec,
}

impl ScaledObject {
    pub(crate) fn new(metadata: ObjectMeta, spec: ScaledObjectSpec) -> Self {
        Self { api_version: "keda.sh/v1alpha1", kind: "ScaledObject", metadata, spec }
    }
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScaledObjectSpec {
    pub(crate) scale_target_ref: ScaleTargetRef,
    /// Seconds between two looks at the metrics.
    pub(crate) polling_interval: i32,
    /// Seconds without activity before the last replica goes.
    pub(crate) cooldown_period: i32,
    pub(crate) min_replica_count: u32,
    pub(crate) max_replica_count: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fallback: Option<Fallback>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) advanced: Option<Advanced>,
    pub(crate) triggers: Vec<Trigger>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScaleTargetRef {
    pub(crate) api_version: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) name: String,
}

/// How many replicas while a metric cannot be read.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Fallback {
    pub(crate) failure_threshold: i32,
    pub(crate) replicas: u32,
    pub(crate) behavior: &'static str,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Advanced {
    pub(crate) horizontal_pod_autoscaler_config: AutoscalerConfig,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct AutoscalerConfig {
    pub(crate) behavior: HorizontalPodAutoscalerBehavior,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Trigger {
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) metric_type: Option<&'static str>,
    /// Values are strings, numbers too.
    pub(crate) metadata: BTreeMap<&'static str, String>,
    /// The `TriggerAuthentication` of this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    authentication_ref: Option<NameRef>,
}

impl Trigger {
    pub(crate) fn new(
        kind: &'static str,
        metric_type: Option<&'static str>,
        metadata: BTreeMap<&'static str, String>,
    ) -> Self {
        Self { kind, name: None, metric_type, metadata, authentication_ref: None }
    }

    pub(crate) fn named(mut self, name: Option<String>) -> Self {
        self.name = name;
        self
    }

    pub(crate) fn authenticated_by(mut self, name: Option<String>) -> Self {
        self.authentication_ref = name.map(|name| NameRef { name });
        self
    }
}

#[derive(Clone, Debug, Serialize)]
struct NameRef {
    name: String,
}

/// Credentials that triggers read from secrets.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TriggerAuthentication {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: TriggerAuthenticationSpec,
}

impl TriggerAuthentication {
    /// One parameter of a trigger from a key of a secret.
    pub(crate) fn new(metadata: ObjectMeta, parameter: &'static str, name: String, key: String) -> Self {
        let spec = TriggerAuthenticationSpec { secret_target_ref: vec![SecretTargetRef { parameter, name, key }] };
        Self { api_version: "keda.sh/v1alpha1", kind: "TriggerAuthentication", metadata, spec }
    }
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct TriggerAuthenticationSpec {
    secret_target_ref: Vec<SecretTargetRef>,
}

#[derive(Clone, Debug, Serialize)]
struct SecretTargetRef {
    parameter: &'static str,
    name: String,
    key: String,
}
