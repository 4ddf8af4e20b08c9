//! From objects to the files of a tree.
//!
//! Promises: one object a file; the same
//! objects give the same bytes. `kustomization.yaml` lists every file in delivery order, but those of the delivery: they
//! stand outside what they deliver, with a list of their own. A delivery in several steps has a list for each.

use crate::kube::{Object, Phase};
use crate::tree::{PathError, Tree, TreeFile};
use crate::yaml::{self, PrintError};
use rayon::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;

/// The file that lists the others, for `kubectl apply -k` and for Flux.
const KUSTOMIZATION: &str = "kustomization.yaml";
/// The folder of what delivers the others.
const DELIVERY: &str = "delivery";
/// Starts a document of a stream.
const SEPARATOR: &str = "---\n";
/// So many objects are printed together into a part of a stream.
const OF_A_PART: usize = 64;

/// Why objects cannot be written down. Keys and numbers are checked before: what the printer refuses is a fault of ours.
#[derive(Debug)]
pub enum RenderError {
    /// Two objects would share a file, or the file's path is not one.
    Path(PathError),
    /// The printer refuses something in an object.
    Print { object: String, error: PrintError },
}

impl std::fmt::Display for RenderError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Path(error) => error.fmt(f),
            Self::Print { object, error } => write!(f, "`{object}` cannot be written as YAML: {error}"),
        }
    }
}

/// The tree of an environment.
pub fn render(objects: &[Object]) -> Result<Tree, RenderError> {
    let mut tree = Tree::new();
    let mut listed = Vec::with_capacity(objects.len());
    let mut delivery: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (object, text) in objects.iter().zip(documents(objects)?) {
        let path = path(object);
        let bytes = text.into_bytes();
        tree.insert(path.as_str(), TreeFile { bytes, object: Some(object.identity.to_string()) })
            .map_err(RenderError::Path)?;
        if let Some(step) = &object.step {
            delivery.entry(format!("{DELIVERY}/{step}")).or_default().push(format!("../../{path}"));
        }
        match path.strip_prefix(DELIVERY).and_then(|path| path.strip_prefix('/')) {
            Some(below) => delivery.entry(DELIVERY.into()).or_default().push(below.into()),
            None => listed.push(path),
        }
    }
    insert_list(&mut tree, KUSTOMIZATION, &listed)?;
    for (folder, listed) in &delivery {
        insert_list(&mut tree, &format!("{folder}/{KUSTOMIZATION}"), listed)?;
    }
    Ok(tree)
}

/// Adds a list of files, for `kubectl apply -k` and for Flux.
fn insert_list(tree: &mut Tree, path: &str, listed: &[String]) -> Result<(), RenderError> {
    let kustomization = print(
        &path,
        &json!({
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "sortOptions": { "order": "fifo" },
            "resources": listed,
        }),
    )?;
    tree.insert(path, TreeFile { bytes: kustomization.into_bytes(), object: None }).map_err(RenderError::Path)
}

/// All objects as one stream, in delivery order; without those that deliver them. The stream is in parts, to be written
/// one after the other: joining them would take as long as printing them.
pub fn stream(objects: &[Object]) -> Result<Vec<String>, RenderError> {
    objects.par_chunks(OF_A_PART).map(part).collect()
}

fn part(objects: &[Object]) -> Result<String, RenderError> {
    let mut out = String::new();
    for object in objects.iter().filter(|object| object.phase != Phase::Delivery) {
        out.push_str(SEPARATOR);
        out.push_str(&document(object)?);
    }
    Ok(out)
}

/// The text of each object, in their order.
fn documents(objects: &[Object]) -> Result<Vec<String>, RenderError> {
    objects.par_iter().map(document).collect()
}

/// `<component>/<kind>-<name>.yaml`; what belongs to no component lies in `crds/`, `namespace/` or `shared/`.
fn path(object: &Object) -> String {
    let folder = match (&object.component, object.identity.kind.as_str()) {
        _ if object.phase == Phase::Delivery => DELIVERY,
        (Some(component), _) => component.as_str(),
        (None, "CustomResourceDefinition") => "crds",
        (None, "Namespace" | "NetworkPolicy" | "ResourceQuota" | "LimitRange") => "namespace",
        (None, _) => "shared",
    };
    format!("{folder}/{}-{}.yaml", object.identity.kind.to_lowercase(), object.identity.name.replace(':', "-"))
}

fn document(object: &Object) -> Result<String, RenderError> {
    print(&object.identity, &object.content)
}

fn print(object: &impl ToString, content: &impl serde::Serialize) -> Result<String, RenderError> {
    yaml::to_yaml(content).map_err(|error| RenderError::Print { object: object.to_string(), error })
}
