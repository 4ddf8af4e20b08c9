//! The catalogue of models.

use super::Strings;
use crate::spec::AttributeType;

/// The group of the kinds, and what an AIModel has beside its own fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalogue {
    pub group: String,
    pub version: String,
    /// The definitions are emitted too.
    pub emit_crds: bool,
    /// In the order of writing.
    pub attributes: Vec<Attribute>,
    pub registries: Vec<Registry>,
}

impl Catalogue {
    /// `group/version`
    pub fn api_version(&self) -> String {
        format!("{}/{}", self.group, self.version)
    }

    /// The words that a field of AIModel may be; empty: any.
    pub fn words(&self, field: &str) -> &[String] {
        let found = self.attributes.iter().find(|attribute| attribute.name == field);
        found.map(|attribute| attribute.values.as_slice()).unwrap_or_default()
    }

    /// The fields of the author's own.
    pub fn own_attributes(&self) -> impl Iterator<Item = &Attribute> {
        self.attributes.iter().filter(|attribute| !WORD_FIELDS.contains(&attribute.name.as_str()))
    }
}

/// The fields of AIModel whose words a catalogue may name.
pub const WORD_FIELDS: &[&str] = &["agentType", "modelType", "framework"];
/// The other fields of AIModel.
pub const MODEL_FIELDS: &[&str] = &["modelName", "version", "repository", "deployment", "validation", "monitoring"];

/// A field of AIModel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    pub name: String,
    pub of_type: AttributeType,
    /// Any where empty.
    pub values: Vec<String>,
    pub required: bool,
    pub description: Option<String>,
}

/// The version of a model that a component serves. Times in seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelRelease {
    /// The name of the AIModel.
    pub name: String,
    /// The name of the ModelVersion.
    pub version_name: String,
    /// The model's own name.
    pub model: String,
    pub version: String,
    pub agent: Option<String>,
    pub of_type: Option<String>,
    pub framework: Option<String>,
    pub repository: Option<ModelRepository>,
    pub changelog: Option<String>,
    pub previous: Option<String>,
    pub rollback: bool,
    pub validation: Option<ModelValidation>,
    pub promotion: Option<ModelPromotion>,
    pub canary: Option<ModelCanary>,
    pub monitoring: Option<ModelMonitoring>,
    /// Values of attributes, in the order of the catalogue, as they are written.
    pub attributes: Vec<(String, AttributeType, String)>,
    /// The container that serves it.
    pub container: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelRepository {
    pub url: String,
    pub branch: Option<String>,
    pub commit: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelValidation {
    pub dataset: String,
    /// Numbers, as they are written.
    pub metrics: Strings,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelPromotion {
    pub auto: bool,
    pub at_least: Strings,
    pub at_most: Strings,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelCanary {
    pub percent: u8,
    pub lasts: u64,
}

/// Where a model is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelMonitoring {
    /// False where it is switched off.
    pub on: bool,
    pub port: Option<u16>,
    pub path: Option<String>,
}

/// A registry that models come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registry {
    pub name: String,
    pub endpoint: String,
    /// Secret and key.
    pub token: Option<(String, String)>,
    pub storage: Option<RegistryStorage>,
    pub sync: Option<RegistrySync>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryStorage {
    /// `s3` or `gcs`.
    pub of_type: &'static str,
    pub bucket: String,
    pub region: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrySync {
    pub every: u64,
    pub retries: Option<i64>,
    /// A number, as it is written.
    pub backoff: Option<String>,
}
