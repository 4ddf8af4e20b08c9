//! Claims of storage: the own ones of a component, and those that components share.
//!
//! Promises: a claim's name does not depend on what it asks for, so that a change resizes it and never
//! makes an empty one beside it.

use super::container::quantity;
use super::meta::Lowering;
use super::pod::pods;
use crate::kube::{Object, Phase};
use crate::model::{Claim, Component, Controller, Quantity, SharedVolume, Volume, VolumeSource};
use crate::spec::Access;
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use std::collections::{BTreeMap, BTreeSet};

/// The claims that components share.
pub(super) fn shared_claims(cx: &Lowering<'_>) -> Vec<Object> {
    let claim = |volume: &SharedVolume| {
        let spec = claim_spec(volume.size, volume.class.as_deref(), volume.access);
        Object::new(&claim_object(cx.system_meta(&volume.name), spec), Phase::Volumes, None)
    };
    cx.model.volumes.values().map(claim).collect()
}

/// The claims of a component's own volumes, but for those that a StatefulSet makes from templates.
pub(super) fn own_claims(cx: &Lowering<'_>, component: &Component) -> Vec<Object> {
    let controller = component.workload().map(|workload| &workload.controller);
    if matches!(controller, Some(Controller::StatefulSet { .. })) {
        return Vec::new();
    }
    let mut seen = BTreeSet::new();
    let mut objects = Vec::new();
    for volume in pods(component).flat_map(|pod| &pod.volumes) {
        let VolumeSource::Own(claim) = &volume.source else { continue };
        let name = claim_name(component, volume);
        if seen.insert(&volume.name) {
            let object = claim_object(cx.component_meta(component, &name), own_spec(claim));
            objects.push(Object::new(&object, Phase::Volumes, Some(&component.key)));
        }
    }
    objects
}

/// `<component>-<volume>`
pub(crate) fn claim_name(component: &Component, volume: &Volume) -> String {
    format!("{}-{}", component.name, volume.name)
}

/// The template of an own volume in a StatefulSet. It can never change, so it bears no labels of the
/// author's; the claims get those of the selector.
pub(crate) fn claim_template(volume: &Volume) -> Option<core::PersistentVolumeClaim> {
    let VolumeSource::Own(claim) = &volume.source else { return None };
    let metadata = ObjectMeta { name: Some(volume.name.clone()), ..ObjectMeta::default() };
    Some(claim_object(metadata, own_spec(claim)))
}

fn claim_object(metadata: ObjectMeta, spec: core::PersistentVolumeClaimSpec) -> core::PersistentVolumeClaim {
    core::PersistentVolumeClaim { metadata, spec: Some(spec), status: None }
}

fn own_spec(claim: &Claim) -> core::PersistentVolumeClaimSpec {
    claim_spec(claim.size, claim.class.as_deref(), claim.access)
}

fn claim_spec(size: Quantity, class: Option<&str>, access: Access) -> core::PersistentVolumeClaimSpec {
    let requests = BTreeMap::from([("storage".into(), quantity(size))]);
    core::PersistentVolumeClaimSpec {
        access_modes: Some(vec![access_mode(access).into()]),
        storage_class_name: class.map(Into::into),
        resources: Some(core::VolumeResourceRequirements { requests: Some(requests), limits: None }),
        ..core::PersistentVolumeClaimSpec::default()
    }
}

fn access_mode(access: Access) -> &'static str {
    match access {
        Access::Rwo => "ReadWriteOnce",
        Access::Rox => "ReadOnlyMany",
        Access::Rwx => "ReadWriteMany",
        Access::Rwop => "ReadWriteOncePod",
    }
}

#[cfg(test)]
mod tests {
    use crate::kube::Phase;
    use crate::lower::fixture::{assert_facts, find, lowered, model, names};

    #[test]
    fn claims_are_made_for_deployments_and_shared_volumes() {
        let objects = lowered(&model());
        let claims: Vec<_> = objects.iter().filter(|object| object.phase == Phase::Volumes).cloned().collect();
        assert_eq!(names(&claims), ["PersistentVolumeClaim media", "PersistentVolumeClaim api-data"]);
        assert_facts(
            find(&objects, "PersistentVolumeClaim", "media"),
            r#"
            /spec/accessModes = ["ReadWriteMany"]
            /spec/storageClassName = "efs"
            /spec/resources = {"requests": {"storage": "1Ti"}}
            /metadata/labels/app.kubernetes.io~1name is absent
            "#,
        );
        assert_facts(
            find(&objects, "PersistentVolumeClaim", "api-data"),
            r#"
            /spec/accessModes = ["ReadWriteOnce"]
            /metadata/labels/app.kubernetes.io~1name = "api"
            "#,
        );
    }
}
