//! `barmancloud.cnpg.io/v1`: the plugin by which CloudNativePG keeps backups.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

/// Where base backups and the write-ahead log are kept, and for how long.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ObjectStore {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: ObjectStoreSpec,
}

impl ObjectStore {
    pub(crate) fn new(metadata: ObjectMeta, spec: ObjectStoreSpec) -> Self {
        Self { api_version: "barmancloud.cnpg.io/v1", kind: "ObjectStore", metadata, spec }
    }
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ObjectStoreSpec {
    /// Such as `30d`.
    pub(crate) retention_policy: String,
    pub(crate) configuration: Configuration,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Configuration {
    pub(crate) destination_path: String,
    #[serde(rename = "endpointURL", skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) s3_credentials: Option<S3Credentials>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) google_credentials: Option<GoogleCredentials>,
    pub(crate) wal: Wal,
}

#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum S3Credentials {
    #[serde(rename_all = "camelCase")]
    Keys { access_key_id: KeyRef, secret_access_key: KeyRef },
    /// The identity of the pod.
    Role {
        #[serde(rename = "inheritFromIAMRole")]
        inherit: bool,
    },
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum GoogleCredentials {
    /// The key of a service account, as JSON.
    ApplicationCredentials(KeyRef),
    /// The identity of the pod.
    GkeEnvironment(bool),
}

/// A key of a secret.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct KeyRef {
    name: String,
    key: &'static str,
}

impl KeyRef {
    pub(crate) fn new(name: &str, key: &'static str) -> Self {
        Self { name: name.into(), key }
    }
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Wal {
    pub(crate) compression: &'static str,
}
