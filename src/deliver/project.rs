//! The project of an Application: the least rights with which its output can be delivered and seen.

use super::metadata;
use crate::kube::argocd::{AppProjectSpec, ApplicationDestination, GroupKind, GroupKindName, Resource};
use crate::kube::{Object, Phase};
use crate::model::{ArgoCd, Model};
use std::collections::BTreeSet;

/// A group and a kind.
type Kind = (&'static str, &'static str);

/// Kinds that others make: Argo CD shows no pod and no log of a project that may not have them. Who may have a
/// Deployment may have its pods, so they are no further right.
const MADE: &[(Kind, &[Kind])] = &[
    (("apps", "Deployment"), &[("apps", "ReplicaSet"), ("", "Pod")]),
    (("argoproj.io", "Rollout"), &[("apps", "ReplicaSet"), ("argoproj.io", "AnalysisRun"), ("", "Pod")]),
    (("apps", "StatefulSet"), &[("apps", "ControllerRevision"), ("", "PersistentVolumeClaim"), ("", "Pod")]),
    (("apps", "DaemonSet"), &[("apps", "ControllerRevision"), ("", "Pod")]),
    (("batch", "CronJob"), &[("batch", "Job"), ("", "Pod")]),
    (("batch", "Job"), &[("", "Pod")]),
    (("jobset.x-k8s.io", "JobSet"), &[("batch", "Job"), ("", "Pod")]),
    (("leaderworkerset.x-k8s.io", "LeaderWorkerSet"), &[("apps", "StatefulSet"), ("", "Pod")]),
    (("postgresql.cnpg.io", "Cluster"), &[("", "Pod"), ("", "PersistentVolumeClaim"), ("", "Service")]),
    (("postgresql.cnpg.io", "Pooler"), &[("apps", "Deployment"), ("apps", "ReplicaSet"), ("", "Pod")]),
    (("keda.sh", "ScaledObject"), &[("autoscaling", "HorizontalPodAutoscaler")]),
    (("external-secrets.io", "ExternalSecret"), &[("", "Secret")]),
    (("bitnami.com", "SealedSecret"), &[("", "Secret")]),
    (("cert-manager.io", "Certificate"), &[("", "Secret")]),
];

pub(super) fn project(model: &Model, delivery: &ArgoCd, name: &str, objects: &[Object]) -> Object {
    let delivered = || objects.iter().filter(|object| object.phase != Phase::Delivery);
    let kind_of = |object: &Object| GroupKind::new(object.identity.group(), &object.identity.kind);
    let of_cluster = delivered().filter(|object| object.identity.namespace.is_none());
    let of_cluster = of_cluster.map(|object| GroupKindName {
        group: object.identity.group().into(),
        kind: object.identity.kind.clone(),
        name: object.identity.name.clone(),
    });
    let namespaced: BTreeSet<GroupKind> =
        delivered().filter(|object| object.identity.namespace.is_some()).map(kind_of).collect();
    let spec = AppProjectSpec {
        description: format!("What {} needs in {}", model.system, model.environment),
        source_repos: vec![delivery.repository.clone()],
        destinations: destinations(model, delivery, objects),
        cluster_resource_whitelist: of_cluster.collect(),
        namespace_resource_whitelist: with_made(namespaced),
    };
    Object::new(&Resource::new(metadata(model, name, &delivery.namespace), spec), Phase::Delivery, None)
}

/// The namespace of the environment, and those that hand-written objects name.
fn destinations(model: &Model, delivery: &ArgoCd, objects: &[Object]) -> Vec<ApplicationDestination> {
    let others = objects.iter().filter(|object| object.phase != Phase::Delivery);
    let mut namespaces: BTreeSet<&str> = others.filter_map(|object| object.identity.namespace.as_deref()).collect();
    namespaces.insert(&model.namespace.name);
    namespaces.into_iter().map(|namespace| super::argocd::destination(delivery, namespace)).collect()
}

fn with_made(mut kinds: BTreeSet<GroupKind>) -> BTreeSet<GroupKind> {
    let held = |kinds: &BTreeSet<GroupKind>, (group, kind): (&str, &str)| kinds.contains(&GroupKind::new(group, kind));
    let made: Vec<GroupKind> = MADE
        .iter()
        .filter(|(maker, _)| held(&kinds, *maker))
        .flat_map(|(_, made)| made.iter().map(|(group, kind)| GroupKind::new(group, kind)))
        .collect();
    kinds.extend(made);
    kinds
}
