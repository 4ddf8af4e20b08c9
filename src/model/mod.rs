//! What a system means in one environment: complete and typed.
//!
//! Promises: made only by [`crate::resolve`]; every reference is resolved, every default is filled in
//! and every short form is gone; what is `None` or empty here is absent in the output. Enabled
//! components only. Maps are ordered. A component's place in the document is
//! `components.<key>`, so that a finding can name any part of it.

pub mod catalogue;
pub mod component;
pub mod components;
pub mod container;
pub mod database;
pub mod delivery;
pub mod image;
pub mod network;
pub mod observe;
pub mod patch;
pub mod pod;
pub mod policy;
pub mod quantity;
pub mod quota;
pub mod rollout;
pub mod scale;
pub mod shared;
pub mod vertical;
pub mod workload;

use crate::spec::Tier;
use crate::target::Target;
use std::collections::BTreeMap;

pub use catalogue::*;
pub use component::*;
pub use components::Components;
pub use container::*;
pub use database::*;
pub use delivery::*;
pub use image::Image;
pub use network::*;
pub use observe::*;
pub use patch::*;
pub use pod::*;
pub use policy::*;
pub use quantity::Quantity;
pub use quota::*;
pub use rollout::*;
pub use scale::*;
pub use shared::*;
pub use vertical::*;
pub use workload::*;

/// Labels or annotations.
pub type Strings = BTreeMap<String, String>;
/// Amounts by the name of the resource.
pub type Amounts = BTreeMap<String, Quantity>;

/// A system in one environment.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// The name of the system, value of `app.kubernetes.io/part-of`.
    pub system: String,
    pub owner: Option<String>,
    /// The name of the environment.
    pub environment: String,
    pub tier: Tier,
    pub namespace: Namespace,
    pub target: Target,
    /// Labels on all objects.
    pub labels: Strings,
    /// Annotations on all objects.
    pub annotations: Strings,
    /// Enabled components by key, in delivery order: what is used stands before what uses it.
    pub components: Components,
    /// Who speaks to whom, in the order of components and of writing.
    pub edges: Vec<Edge>,
    pub secrets: BTreeMap<String, Secret>,
    pub configs: BTreeMap<String, Config>,
    pub volumes: BTreeMap<String, SharedVolume>,
    pub network: NetworkRules,
    /// What the namespace may ask for in all.
    pub quota: Option<Quota>,
    /// Patterns of files with hand-written objects, from the root of the repository.
    pub manifests: Vec<String>,
    /// Patterns of files with definitions of custom resources, from the root of the repository.
    pub schemas: Vec<String>,
    pub patches: Vec<Patch>,
    /// Rules of the team's own, in the order of writing.
    pub rules: Vec<Rule>,
    pub catalogue: Option<Catalogue>,
    /// Dashboards over several components.
    pub dashboards: Vec<Dashboard>,
    /// Versions that the environment gives to images.
    pub pins: Vec<PinnedImage>,
    /// The folder of the output, from the root of the repository.
    pub output: String,
    /// What brings the output to the cluster.
    pub delivery: Option<Delivery>,
}

/// A pin of an image, as it shows in what is emitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinnedImage {
    /// Its key under `images.pins`.
    pub key: String,
    /// The repository, rewritten, with its registry.
    pub repository: String,
    pub tag: Option<String>,
    pub digest: Option<String>,
}

/// The namespace of all objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    pub name: String,
    /// False where somebody else owns it: no Namespace object, no Pod Security label, and the default
    /// deny selects only this system's pods.
    pub create: bool,
    pub labels: Strings,
    pub annotations: Strings,
}

impl Model {
    /// What a container counts with that asks for nothing.
    pub fn default_request(&self) -> Amounts {
        self.quota.as_ref().map(|quota| quota.default_request.clone()).unwrap_or_default()
    }

    /// The component of an edge.
    pub fn component(&self, key: &str) -> Option<&Component> {
        self.components.get(key)
    }
}
