//! Delivery: the objects by which Argo CD or Flux bring the output to the cluster, and what they need to be told by
//! the output itself.
//!
//! Promises: without `delivery` nothing changes. The objects are `Phase::Delivery`, so that they stand outside what they
//! deliver; an annotation that the author wrote is kept.

mod argocd;
mod flux;
mod health;
mod order;
pub mod plugin;
mod project;

use crate::diagnostic::code;
use crate::document::{Finding, at};
use crate::kube::Object;
use crate::lower::{MANAGED_BY, PART_OF};
use crate::model::{Delivery, Model, Strings};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

pub use flux::protect_text;

/// Adds the objects of the delivery. `members` are the environments of the ApplicationSet, where this is one of them.
pub fn add(objects: &mut Vec<Object>, model: &Model, members: &[Model]) {
    match &model.delivery {
        None => {}
        Some(Delivery::ArgoCd(delivery)) => argocd::add(objects, model, delivery, members),
        Some(Delivery::Flux(delivery)) => flux::add(objects, model, delivery),
    }
}

/// True for an environment whose Application an ApplicationSet makes.
pub fn is_in_set(model: &Model) -> bool {
    matches!(&model.delivery, Some(Delivery::ArgoCd(delivery)) if delivery.in_set)
}

/// An ApplicationSet without an environment would remove it.
pub fn unresolved<'a>(environments: impl Iterator<Item = &'a str>) -> Vec<Finding> {
    let finding = |environment: &str| {
        Finding::error(
            code::DELIVERY_SET,
            at!["environment", "delivery", "argocd", "set"],
            format!("`{environment}` cannot be compiled, and may belong to the same ApplicationSet"),
        )
        .label("one ApplicationSet for all environments")
        .reason("without an element for it, Argo CD would remove its Application and all that is in it")
        .help(format!("repair `{environment}` first"))
    };
    environments.map(finding).collect()
}

/// Metadata of an object of the delivery, in the namespace of its tool.
fn metadata(model: &Model, name: &str, namespace: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.into()),
        namespace: Some(namespace.into()),
        labels: Some(labels(model)),
        annotations: Some(model.annotations.clone()).filter(|annotations| !annotations.is_empty()),
        ..ObjectMeta::default()
    }
}

fn labels(model: &Model) -> Strings {
    let mut labels = model.labels.clone();
    labels.insert(PART_OF.into(), model.system.clone());
    labels.insert(MANAGED_BY.into(), "windlass".into());
    labels
}

#[cfg(test)]
mod tests;
