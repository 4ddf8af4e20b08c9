//! `external-secrets.io/v1`: External Secrets.
//!
//! Defaults of the API are written out: a tool that compares Git with the cluster without the schema of
//! the resource would else report them as differences for ever.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExternalSecret {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: ExternalSecretSpec,
}

impl ExternalSecret {
    pub(crate) fn new(metadata: ObjectMeta, spec: ExternalSecretSpec) -> Self {
        Self { api_version: "external-secrets.io/v1", kind: "ExternalSecret", metadata, spec }
    }
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExternalSecretSpec {
    /// In Go's own form, see [`go_duration`].
    pub(crate) refresh_interval: String,
    pub(crate) secret_store_ref: SecretStoreRef,
    pub(crate) target: Target,
    pub(crate) data: Vec<ExternalSecretData>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SecretStoreRef {
    pub(crate) kind: &'static str,
    pub(crate) name: String,
}

/// The Secret that is made.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Target {
    name: String,
    creation_policy: &'static str,
    deletion_policy: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<Template>,
}

impl Target {
    /// Removed with its `ExternalSecret`, and kept where the store loses the value.
    pub(crate) fn new(name: &str, template: Option<Template>) -> Self {
        Self { name: name.into(), creation_policy: "Owner", deletion_policy: "Retain", template }
    }
}

/// The form of the Secret. Without data of its own, all keys are taken as they are.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Template {
    #[serde(rename = "type")]
    kind: String,
    engine_version: &'static str,
    merge_policy: &'static str,
}

impl Template {
    pub(crate) fn of_type(kind: &str) -> Self {
        Self { kind: kind.into(), engine_version: "v2", merge_policy: "Replace" }
    }
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExternalSecretData {
    pub(crate) secret_key: String,
    pub(crate) remote_ref: RemoteRef,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RemoteRef {
    key: String,
    property: String,
    conversion_strategy: &'static str,
    decoding_strategy: &'static str,
    metadata_policy: &'static str,
}

impl RemoteRef {
    pub(crate) fn new(key: &str, property: &str) -> Self {
        Self {
            key: key.into(),
            property: property.into(),
            conversion_strategy: "Default",
            decoding_strategy: "None",
            metadata_policy: "None",
        }
    }
}

/// Seconds as Go prints a duration, which is how the operator gives them back: `1h0m0s`, `15m0s`, `30s`.
pub(crate) fn go_duration(seconds: u64) -> String {
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{rest}s"),
        (0, _) => format!("{minutes}m{rest}s"),
        _ => format!("{hours}h{minutes}m{rest}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_go_prints_them() {
        for (seconds, text) in
            [(0, "0s"), (30, "30s"), (60, "1m0s"), (905, "15m5s"), (3600, "1h0m0s"), (90_061, "25h1m1s")]
        {
            assert_eq!(go_duration(seconds), text);
        }
    }
}
