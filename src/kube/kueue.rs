//! `kueue.x-k8s.io/v1beta2`: the queues of a namespace.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

/// The label by which a job waits in a queue.
pub(crate) const QUEUE_NAME: &str = "kueue.x-k8s.io/queue-name";

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LocalQueue {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: LocalQueueSpec,
}

impl LocalQueue {
    pub(crate) fn new(metadata: ObjectMeta, cluster_queue: &str) -> Self {
        let spec = LocalQueueSpec { cluster_queue: cluster_queue.into() };
        Self { api_version: "kueue.x-k8s.io/v1beta2", kind: "LocalQueue", metadata, spec }
    }
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct LocalQueueSpec {
    cluster_queue: String,
}
