//! `source.toolkit.fluxcd.io/v1` and `kustomize.toolkit.fluxcd.io/v1`: Flux.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

/// `disabled`: variables in the object are left alone.
pub(crate) const SUBSTITUTE: &str = "kustomize.toolkit.fluxcd.io/substitute";
/// `disabled`: the object stays when it is no longer in the source.
pub(crate) const PRUNE: &str = "kustomize.toolkit.fluxcd.io/prune";
pub(crate) const DISABLED: &str = "disabled";

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Resource<S> {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: S,
}

impl<S: Spec> Resource<S> {
    pub(crate) fn new(metadata: ObjectMeta, spec: S) -> Self {
        Self { api_version: S::API_VERSION, kind: S::KIND, metadata, spec }
    }
}

/// The content of a resource of these groups.
pub(crate) trait Spec: Serialize {
    const API_VERSION: &'static str;
    const KIND: &'static str;
}

impl Spec for GitRepositorySpec {
    const API_VERSION: &'static str = "source.toolkit.fluxcd.io/v1";
    const KIND: &'static str = "GitRepository";
}

impl Spec for OciRepositorySpec {
    const API_VERSION: &'static str = "source.toolkit.fluxcd.io/v1";
    const KIND: &'static str = "OCIRepository";
}

impl Spec for KustomizationSpec {
    const API_VERSION: &'static str = "kustomize.toolkit.fluxcd.io/v1";
    const KIND: &'static str = "Kustomization";
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct NameRef {
    name: String,
}

impl NameRef {
    pub(crate) fn new(name: impl Into<String>) -> Self {
        Self { name: name.into() }
    }
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GitRepositorySpec {
    pub(crate) url: String,
    #[serde(rename = "ref")]
    pub(crate) reference: GitReference,
    pub(crate) interval: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) secret_ref: Option<NameRef>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum GitReference {
    Branch(String),
    Tag(String),
    Semver(String),
    Commit(String),
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OciRepositorySpec {
    pub(crate) url: String,
    #[serde(rename = "ref")]
    pub(crate) reference: OciReference,
    pub(crate) interval: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) secret_ref: Option<NameRef>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum OciReference {
    Tag(String),
    Semver(String),
    Digest(String),
}

/// A folder of a source that is applied, and waited for.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KustomizationSpec {
    pub(crate) source_ref: SourceRef,
    pub(crate) path: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) depends_on: Vec<NameRef>,
    pub(crate) interval: String,
    pub(crate) retry_interval: &'static str,
    pub(crate) timeout: String,
    pub(crate) prune: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) wait: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) health_check_exprs: Vec<HealthCheck>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) ignore: Vec<IgnoreRule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) service_account_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) decryption: Option<Decryption>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct SourceRef {
    pub(crate) kind: &'static str,
    pub(crate) name: String,
}

/// When an object of a kind is as it should be, in CEL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HealthCheck {
    pub(crate) api_version: &'static str,
    pub(crate) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) in_progress: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) failed: Option<&'static str>,
    pub(crate) current: &'static str,
}

/// Fields that something in the cluster changes.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct IgnoreRule {
    pub(crate) paths: Vec<String>,
    pub(crate) target: IgnoreTarget,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct IgnoreTarget {
    pub(crate) kind: &'static str,
    pub(crate) name: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Decryption {
    pub(crate) provider: &'static str,
    pub(crate) secret_ref: NameRef,
}
