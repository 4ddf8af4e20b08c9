//! What components share: secrets, configuration, volumes.

use super::{Quantity, Strings};
use crate::spec::Access;

/// A secret by its name and keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    pub name: String,
    pub keys: Vec<String>,
    pub origin: SecretOrigin,
    /// The type of the Secret: `Opaque`, `kubernetes.io/basic-auth`, `kubernetes.io/dockerconfigjson`.
    pub kind: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretOrigin {
    /// From the target's store: its path there, and the property of each key.
    Store { remote: String, properties: Strings },
    /// Somebody else puts it into the namespace.
    Existing,
    /// A SealedSecret in this file of the repository.
    Sealed(String),
    /// A Secret in this file of the repository, encrypted by SOPS.
    Sops(String),
}

/// Configuration that several components read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Its key in the system.
    pub key: String,
    /// `<key>-<hash>`: the ConfigMap's name.
    pub name: String,
    /// With `${…}` resolved.
    pub data: Strings,
}

#[derive(Clone, Debug, PartialEq)]
pub struct SharedVolume {
    pub name: String,
    pub size: Quantity,
    pub class: Option<String>,
    pub access: Access,
}
