//! A PostgreSQL cluster that CloudNativePG runs.

use super::{Claim, Image, Placement, Port, Resources, Strings};
use crate::spec::PoolMode;

#[derive(Clone, Debug, PartialEq)]
pub struct DatabaseCluster {
    pub image: Image,
    pub instances: u32,
    pub database: String,
    pub owner: String,
    /// The secret with the owner's login; `None`: the operator makes `<cluster>-app`.
    pub auth: Option<Login>,
    /// The secret of the superuser, who is off without it.
    pub superuser: Option<String>,
    pub storage: Claim,
    pub wal: Option<Claim>,
    pub extensions: Vec<String>,
    pub parameters: Strings,
    /// Standbys that must have each write.
    pub synchronous: Option<u32>,
    pub resources: Resources,
    pub placement: Placement,
    pub backup: Option<Backup>,
    pub pooler: Option<Pooler>,
    /// `postgres` on 5432, as the Service of the component's name offers it.
    pub ports: Vec<Port>,
    pub identity_annotations: Strings,
}

/// A secret with a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    pub secret: String,
    /// Keys of the user's name and of the password.
    pub username: String,
    pub password: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Backup {
    /// With `/<system>/<environment>` appended.
    pub destination: String,
    /// Five fields, as written.
    pub schedule: String,
    pub keep_days: u64,
    /// The secret with `access-key-id` and `secret-access-key`, or `service-account.json` of Google; `None`: the pod's own identity.
    pub credentials: Option<String>,
    pub endpoint: Option<String>,
    /// Where the store answers, as host names.
    pub hosts: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pooler {
    pub instances: u32,
    pub mode: PoolMode,
}
