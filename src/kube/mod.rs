//! Kubernetes objects as trees: identity, place in the delivery order, and the API groups that no
//! crate covers, each a file of exactly the fields that are emitted.

pub(crate) mod argo_rollouts;
pub(crate) mod argocd;
pub(crate) mod barman;
pub(crate) mod catalogue;
pub(crate) mod cilium;
pub(crate) mod cnpg;
mod content;
pub(crate) mod definition;
pub(crate) mod external_secrets;
pub(crate) mod flagger;
pub(crate) mod flux;
pub(crate) mod gateway;
pub(crate) mod grafana;
pub(crate) mod jobset;
pub(crate) mod keda;
pub(crate) mod kueue;
pub(crate) mod lws;
pub(crate) mod prometheus;
pub(crate) mod resource;
pub(crate) mod vpa;

use crate::document::{Node, Path};
pub use content::{Content, ContentError, Key};
use serde::Serialize;
use std::fmt;
use std::sync::Arc;

/// The identity of an object in a cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// `group/version`, or `v1`.
    pub api_version: String,
    pub kind: String,
    /// `None` for objects of the whole cluster.
    pub namespace: Option<String>,
    pub name: String,
}

impl Identity {
    /// The identity that an object states.
    fn of(content: &Content) -> Self {
        let text = |value: Option<&Content>| value.and_then(Content::as_str).unwrap_or_default().to_owned();
        let of_meta = |key: &str| text(content.get("metadata").and_then(|metadata| metadata.get(key)));
        Self {
            api_version: text(content.get("apiVersion")),
            kind: text(content.get("kind")),
            namespace: Some(of_meta("namespace")).filter(|namespace| !namespace.is_empty()),
            name: of_meta("name"),
        }
    }

    /// What makes it this object in a cluster, whatever version it is written in: group, kind, namespace, name.
    pub fn key(&self) -> (&str, &str, Option<&str>, &str) {
        (self.group(), &self.kind, self.namespace.as_deref(), &self.name)
    }

    /// The API group, empty for the core group.
    pub fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }
}

impl fmt::Display for Identity {
    /// `apps/v1/Deployment ai/api`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} ", self.api_version, self.kind)?;
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}/")?;
        }
        f.write_str(&self.name)
    }
}

/// When an object is delivered: the order within one apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    Definitions,
    Namespace,
    Configuration,
    Volumes,
    Stores,
    Releases,
    Models,
    Backends,
    Agents,
    Frontends,
    Routes,
    /// What brings all others to the cluster: outside the kustomization that lists them.
    Delivery,
}

/// An emitted object.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    pub identity: Identity,
    pub phase: Phase,
    /// The key of the component that it belongs to; `None` for the system as a whole.
    pub component: Option<String>,
    /// The object itself.
    pub content: Content,
    /// The document that it comes from, where it was written by hand.
    pub written: Option<Arc<Node>>,
    /// The patches that changed it, in their order.
    pub patched: Vec<Path>,
    /// The step of a delivery in several steps, each a list of its own.
    pub step: Option<Arc<str>>,
}

impl Object {
    /// Makes an object of a typed resource. A `status` that the type adds is left out.
    ///
    /// # Panics
    /// Never for resources with string keys, which all of ours are.
    pub fn new(resource: &impl Serialize, phase: Phase, component: Option<&str>) -> Self {
        let mut content = Content::of(resource).expect("resources have keys of text and numbers within 64 bits");
        content.remove("status");
        Self::read(content, component, phase)
    }

    /// The object that a document holds.
    pub fn written(document: Arc<Node>, content: Content, phase: Phase) -> Self {
        Self { written: Some(document), ..Self::read(content, None, phase) }
    }

    /// Adds an annotation, unless the author wrote it. What SOPS signed as a whole stays as it is.
    pub fn annotate(&mut self, key: &str, text: &str) {
        if self.content.get("sops").is_some() {
            return;
        }
        let metadata = self.content.get_or_insert_map("metadata");
        if let Some(annotations) = metadata.and_then(|metadata| metadata.get_or_insert_map("annotations")) {
            annotations.add_text(key, text);
        }
    }

    /// An annotation.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.content.get("metadata")?.get("annotations")?.get(key)?.as_str()
    }

    /// An object that was emitted before, or that a cluster returned.
    pub fn read(content: Content, component: Option<&str>, phase: Phase) -> Self {
        let identity = Identity::of(&content);
        Self {
            identity,
            phase,
            component: component.map(Into::into),
            content,
            written: None,
            patched: Vec::new(),
            step: None,
        }
    }

    /// The object as JSON.
    ///
    /// # Panics
    /// Never: the keys are text, and the numbers finite.
    pub fn json(&self) -> serde_json::Value {
        serde_json::to_value(&self.content).expect("keys are text")
    }
}
