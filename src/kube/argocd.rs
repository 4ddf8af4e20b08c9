//! `argoproj.io/v1alpha1`: Argo CD.
//!
//! Nothing that is empty or the default is written: Argo CD compares Applications as they stand in Git.

use crate::model::Strings;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;

const API_VERSION: &str = "argoproj.io/v1alpha1";

/// Where the application stands among others: lowest first, 0 without it.
pub(crate) const SYNC_WAVE: &str = "argocd.argoproj.io/sync-wave";
/// Makes an object a step of the sync, or of the removal.
pub(crate) const HOOK: &str = "argocd.argoproj.io/hook";
/// When the object of a hook is removed.
pub(crate) const HOOK_DELETE_POLICY: &str = "argocd.argoproj.io/hook-delete-policy";
/// What holds for one object alone.
pub(crate) const SYNC_OPTIONS: &str = "argocd.argoproj.io/sync-options";
/// How one object is compared.
pub(crate) const COMPARE_OPTIONS: &str = "argocd.argoproj.io/compare-options";
/// The options of what no delivery removes: neither when the system has it no more nor with the Application; and then
/// it does not count as out of sync, which would have Argo CD try to heal it again and again.
pub(crate) const STAYS: [(&str, &str); 2] =
    [(COMPARE_OPTIONS, "IgnoreExtraneous"), (SYNC_OPTIONS, "Prune=false,Delete=false")];
/// Removes what the Application delivered before the Application itself goes.
pub(crate) const FINALIZER: &str = "resources-finalizer.argocd.argoproj.io/foreground";

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
        Self { api_version: API_VERSION, kind: S::KIND, metadata, spec }
    }
}

/// The content of a resource of this group.
pub(crate) trait Spec: Serialize {
    const KIND: &'static str;
}

impl Spec for ApplicationSpec {
    const KIND: &'static str = "Application";
}

impl Spec for AppProjectSpec {
    const KIND: &'static str = "AppProject";
}

impl Spec for ApplicationSetSpec {
    const KIND: &'static str = "ApplicationSet";
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApplicationSpec {
    pub(crate) project: String,
    pub(crate) source: ApplicationSource,
    pub(crate) destination: ApplicationDestination,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) ignore_differences: Vec<IgnoredDifference>,
    pub(crate) sync_policy: SyncPolicy,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApplicationSource {
    #[serde(rename = "repoURL")]
    pub(crate) repo_url: String,
    pub(crate) path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) target_revision: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApplicationDestination {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) server: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    pub(crate) namespace: String,
}

/// A field that something in the cluster changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IgnoredDifference {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) group: Option<&'static str>,
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) json_pointers: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) jq_path_expressions: Vec<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SyncPolicy {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) automated: Option<Automated>,
    pub(crate) sync_options: Vec<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Automated {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) prune: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) self_heal: bool,
}

/// What Applications may do: nothing but what stands here.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppProjectSpec {
    pub(crate) description: String,
    pub(crate) source_repos: Vec<String>,
    pub(crate) destinations: Vec<ApplicationDestination>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) cluster_resource_whitelist: BTreeSet<GroupKindName>,
    pub(crate) namespace_resource_whitelist: BTreeSet<GroupKind>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct GroupKind {
    pub(crate) group: String,
    pub(crate) kind: String,
}

/// One object of the whole cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct GroupKindName {
    pub(crate) group: String,
    pub(crate) kind: String,
    pub(crate) name: String,
}

impl GroupKind {
    pub(crate) fn new(group: &str, kind: &str) -> Self {
        Self { group: group.into(), kind: kind.into() }
    }
}

/// An Application for each element of its list.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApplicationSetSpec {
    pub(crate) go_template: bool,
    pub(crate) go_template_options: [&'static str; 1],
    pub(crate) generators: [Generator; 1],
    pub(crate) template: ApplicationTemplate,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Generator {
    pub(crate) list: ListGenerator,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct ListGenerator {
    pub(crate) elements: Vec<Value>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct ApplicationTemplate {
    pub(crate) metadata: TemplateMetadata,
    pub(crate) spec: ApplicationSpec,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct TemplateMetadata {
    pub(crate) name: &'static str,
    pub(crate) labels: Strings,
    #[serde(skip_serializing_if = "Strings::is_empty")]
    pub(crate) annotations: Strings,
    pub(crate) finalizers: [&'static str; 1],
}
