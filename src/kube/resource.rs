//! `resource.k8s.io/v1`: claims of devices. The typed crate has this version only from a later target on.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResourceClaimTemplate {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: ResourceClaimTemplateSpec,
}

impl ResourceClaimTemplate {
    pub(crate) fn new(metadata: ObjectMeta, requests: Vec<DeviceRequest>) -> Self {
        let spec = ResourceClaimTemplateSpec { spec: ResourceClaimSpec { devices: DeviceClaim { requests } } };
        Self { api_version: "resource.k8s.io/v1", kind: "ResourceClaimTemplate", metadata, spec }
    }
}

#[derive(Clone, Debug, Serialize)]
struct ResourceClaimTemplateSpec {
    spec: ResourceClaimSpec,
}

#[derive(Clone, Debug, Serialize)]
struct ResourceClaimSpec {
    devices: DeviceClaim,
}

#[derive(Clone, Debug, Serialize)]
struct DeviceClaim {
    requests: Vec<DeviceRequest>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct DeviceRequest {
    pub(crate) name: &'static str,
    pub(crate) exactly: ExactDeviceRequest,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExactDeviceRequest {
    pub(crate) device_class_name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) selectors: Vec<DeviceSelector>,
    pub(crate) allocation_mode: &'static str,
    pub(crate) count: i64,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct DeviceSelector {
    pub(crate) cel: CelDeviceSelector,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct CelDeviceSelector {
    pub(crate) expression: String,
}
