//! `grafana.integreatly.org/v1beta1`: the operator of Grafana.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use serde::Serialize;

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GrafanaDashboard {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: GrafanaDashboardSpec,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct GrafanaDashboardSpec {
    instance_selector: LabelSelector,
    /// Grafana runs in another namespace.
    allow_cross_namespace_import: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<String>,
    json: String,
}

impl GrafanaDashboard {
    pub(crate) fn new(metadata: ObjectMeta, instances: LabelSelector, folder: Option<String>, json: String) -> Self {
        let spec =
            GrafanaDashboardSpec { instance_selector: instances, allow_cross_namespace_import: true, folder, json };
        Self { api_version: "grafana.integreatly.org/v1beta1", kind: "GrafanaDashboard", metadata, spec }
    }
}
