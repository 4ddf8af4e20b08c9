//! `postgresql.cnpg.io/v1`: CloudNativePG.
//!
//! Defaults of the API inside lists are written out: a tool that compares Git with the cluster without
//! the schema of the resource would else report them as differences for ever.

use crate::model::Strings;
use k8s_openapi::api::core::v1::{
    NodeAffinity, PodAffinity, PodAntiAffinity, ResourceRequirements, Toleration, TopologySpreadConstraint,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

const API_VERSION: &str = "postgresql.cnpg.io/v1";

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

#[derive(Clone, Debug, Serialize)]
pub(crate) struct NameRef {
    name: String,
}

impl NameRef {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.into() }
    }
}

/// Instances of PostgreSQL, one of them the primary.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClusterSpec {
    pub(crate) instances: u32,
    pub(crate) image_name: String,
    pub(crate) bootstrap: Bootstrap,
    pub(crate) enable_superuser_access: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) superuser_secret: Option<NameRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) postgresql: Option<Postgresql>,
    pub(crate) storage: Storage,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) wal_storage: Option<Storage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resources: Option<ResourceRequirements>,
    pub(crate) affinity: AffinityConfiguration,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) topology_spread_constraints: Vec<TopologySpreadConstraint>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) priority_class_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scheduler_name: Option<String>,
    #[serde(rename = "enablePDB")]
    pub(crate) enable_pdb: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) plugins: Vec<Plugin>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) service_account_template: Option<ServiceAccountTemplate>,
}

impl Spec for ClusterSpec {
    const KIND: &'static str = "Cluster";
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Bootstrap {
    pub(crate) initdb: InitDb,
}

/// The database that is created with the cluster.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct InitDb {
    pub(crate) database: String,
    pub(crate) owner: String,
    /// The login of the owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) secret: Option<NameRef>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Postgresql {
    #[serde(skip_serializing_if = "Strings::is_empty")]
    pub(crate) parameters: Strings,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) synchronous: Option<Synchronous>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Synchronous {
    method: &'static str,
    number: u32,
    data_durability: &'static str,
}

impl Synchronous {
    /// So many standbys, whichever answer first, before a write counts.
    pub(crate) fn any(number: u32) -> Self {
        Self { method: "any", number, data_durability: "required" }
    }
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Storage {
    pub(crate) size: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) storage_class: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AffinityConfiguration {
    pub(crate) enable_pod_anti_affinity: bool,
    /// `preferred` or `required`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pod_anti_affinity_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) topology_key: Option<&'static str>,
    #[serde(skip_serializing_if = "Strings::is_empty")]
    pub(crate) node_selector: Strings,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) tolerations: Vec<Toleration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) node_affinity: Option<NodeAffinity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) additional_pod_affinity: Option<PodAffinity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) additional_pod_anti_affinity: Option<PodAntiAffinity>,
}

/// A plugin of the operator.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Plugin {
    pub(crate) name: &'static str,
    pub(crate) enabled: bool,
    #[serde(rename = "isWALArchiver")]
    pub(crate) is_wal_archiver: bool,
    pub(crate) parameters: PluginParameters,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PluginParameters {
    pub(crate) barman_object_name: String,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct ServiceAccountTemplate {
    pub(crate) metadata: TemplateMetadata,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct TemplateMetadata {
    pub(crate) annotations: Strings,
}

/// What a database of a cluster holds.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct DatabaseSpec {
    pub(crate) cluster: NameRef,
    pub(crate) name: String,
    pub(crate) owner: String,
    pub(crate) extensions: Vec<Extension>,
}

impl Spec for DatabaseSpec {
    const KIND: &'static str = "Database";
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Extension {
    name: String,
    ensure: &'static str,
}

impl Extension {
    pub(crate) fn present(name: &str) -> Self {
        Self { name: name.into(), ensure: "present" }
    }
}

/// Base backups by the clock.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScheduledBackupSpec {
    pub(crate) cluster: NameRef,
    /// Six fields, the first of them the second.
    pub(crate) schedule: String,
    pub(crate) method: &'static str,
    pub(crate) plugin_configuration: PluginConfiguration,
    pub(crate) backup_owner_reference: &'static str,
}

impl Spec for ScheduledBackupSpec {
    const KIND: &'static str = "ScheduledBackup";
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct PluginConfiguration {
    pub(crate) name: &'static str,
}

/// `PgBouncer` in front of a cluster.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PoolerSpec {
    pub(crate) cluster: NameRef,
    pub(crate) instances: u32,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) pgbouncer: PgBouncer,
}

impl Spec for PoolerSpec {
    const KIND: &'static str = "Pooler";
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PgBouncer {
    pub(crate) pool_mode: &'static str,
}
