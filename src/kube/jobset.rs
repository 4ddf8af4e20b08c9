//! `jobset.x-k8s.io/v1alpha2`: jobs that run together.

use k8s_openapi::api::batch::v1::JobTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JobSet {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: JobSetSpec,
}

impl JobSet {
    pub(crate) fn new(metadata: ObjectMeta, spec: JobSetSpec) -> Self {
        Self { api_version: "jobset.x-k8s.io/v1alpha2", kind: "JobSet", metadata, spec }
    }
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JobSetSpec {
    pub(crate) network: Network,
    pub(crate) failure_policy: FailurePolicy,
    pub(crate) replicated_jobs: Vec<ReplicatedJob>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Network {
    #[serde(rename = "enableDNSHostnames")]
    pub(crate) enable_dns_hostnames: bool,
    /// The headless Service; the controller makes one only where none of this name is.
    pub(crate) subdomain: String,
    pub(crate) publish_not_ready_addresses: bool,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FailurePolicy {
    pub(crate) max_restarts: i32,
    pub(crate) rules: Vec<FailureRule>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FailureRule {
    pub(crate) name: &'static str,
    pub(crate) action: &'static str,
    pub(crate) on_job_failure_reasons: Vec<&'static str>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReplicatedJob {
    pub(crate) name: &'static str,
    pub(crate) replicas: i32,
    pub(crate) template: JobTemplateSpec,
}
