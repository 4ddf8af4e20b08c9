//! `inert`: accepted by the API server, and never arriving at what runs.

use super::workload::{Workload, entries, items};
use super::{Class, Comparison, Risk, number};
use crate::diff::path::{at, shown, text_at};
use crate::diff::{Change, How};
use crate::kube::{Content, Object};

pub(super) fn find(comparison: &Comparison<'_>, risks: &mut Vec<Risk>) {
    for change in comparison.changes.iter().filter(|change| change.how == How::Changed) {
        let Some(after) = comparison.after.of(change) else { continue };
        risks.extend(held_back(change, after));
        risks.extend(paused(change, after));
        match (change.identity.group(), change.identity.kind.as_str()) {
            ("postgresql.cnpg.io", "Cluster") => risks.extend(database(change)),
            ("", "ConfigMap" | "Secret") => risks.extend(stale(comparison, change)),
            _ => {}
        }
    }
}

/// Whether a change of the pods' template reaches the pods by itself.
pub(super) fn arrives(workload: &Workload<'_>) -> bool {
    hold(workload).is_none()
}

/// What keeps new pods from coming: the field and its value.
fn hold(workload: &Workload<'_>) -> Option<(&'static str, String)> {
    let spec = workload.spec;
    if matches!(workload.kind(), "StatefulSet" | "DaemonSet")
        && text_at(spec, &["updateStrategy", "type"]) == Some("OnDelete")
    {
        return Some(("spec.updateStrategy.type", "OnDelete".into()));
    }
    let partition = number(spec, &["updateStrategy", "rollingUpdate", "partition"]).unwrap_or(0);
    if workload.kind() == "StatefulSet" && partition > 0 && partition >= number(spec, &["replicas"]).unwrap_or(1) {
        return Some(("spec.updateStrategy.rollingUpdate.partition", partition.to_string()));
    }
    (workload.kind() == "Deployment" && spec.get("paused") == Some(&Content::Bool(true)))
        .then(|| ("spec.paused", "true".into()))
}

fn held_back(change: &Change, after: &Object) -> Option<Risk> {
    if super::restart::causes(change).is_empty() {
        return None;
    }
    let workload = Workload::of(after)?;
    let spec = workload.spec;
    let partition = number(spec, &["updateStrategy", "rollingUpdate", "partition"]).unwrap_or(0);
    let (field, value) = match hold(&workload) {
        Some(hold) => hold,
        None if workload.kind() == "StatefulSet" && partition > 0 => {
            ("spec.updateStrategy.rollingUpdate.partition", partition.to_string())
        }
        None => return None,
    };
    let what = match field {
        "spec.paused" => "the Deployment is paused: its pods stay as they are".to_owned(),
        "spec.updateStrategy.type" => "the pods stay as they are until someone deletes them".to_owned(),
        _ => format!("only the pods from number {value} on are replaced"),
    };
    Some(
        Risk::of(Class::Inert, "held-back", change, what)
            .at(field, None, Some(value))
            .reason("with `OnDelete`, a `partition` or `paused`, the controller leaves the old pods")
            .help("lower the partition, delete the pods one by one, or take the pause away, when the change is wanted"),
    )
}

/// Annotations and fields that tell a controller to look away.
const PAUSES: &[(&str, &[&str])] = &[
    ("kustomize.toolkit.fluxcd.io/reconcile", &["disabled"]),
    ("kustomize.toolkit.fluxcd.io/ssa", &["Ignore", "IfNotPresent"]),
    ("autoscaling.keda.sh/paused", &["true"]),
    ("argocd.argoproj.io/skip-reconcile", &["true"]),
    ("cnpg.io/reconciliationLoop", &["disabled"]),
];

fn paused(change: &Change, after: &Object) -> Option<Risk> {
    let annotations = entries(at(&after.content, &["metadata", "annotations"]));
    let pause = annotations.into_iter().find(|(key, value)| {
        PAUSES.iter().any(|(name, values)| name == key && value.as_str().is_some_and(|value| values.contains(&value)))
    });
    let suspended = at(&after.content, &["spec", "suspend"]) == Some(&Content::Bool(true))
        && matches!(after.identity.group(), "kustomize.toolkit.fluxcd.io" | "source.toolkit.fluxcd.io");
    let (field, value) = match pause {
        Some((key, value)) => (format!("metadata.annotations[{key}]"), shown(value)),
        None if suspended => ("spec.suspend".to_owned(), "true".to_owned()),
        None => return None,
    };
    Some(
        Risk::of(Class::Inert, "paused", change, "the controller looks away: the change does not arrive")
            .at(field, None, Some(value))
            .reason("this annotation or field switches reconciliation off")
            .help("take it away when the change is wanted"),
    )
}

/// Fields that only count when a database is created.
fn database(change: &Change) -> Vec<Risk> {
    let of_creation = change.fields.iter().filter(|field| field.path.is_under(&["spec", "bootstrap"])).map(|field| {
        Risk::of_field(
            Class::Inert,
            "database-bootstrap",
            change,
            field,
            "only a new database is made like this; the one that runs stays as it is",
        )
        .reason("CloudNativePG reads `bootstrap` once, when the cluster is created")
        .help("change it in the database by SQL, or as a Database object; or restore into a new cluster")
    });
    let of_disks = change.fields.iter().filter(|field| {
        field.path.is_under(&["spec", "storage", "storageClass"])
            || field.path.is_under(&["spec", "walStorage", "storageClass"])
    });
    let of_disks = of_disks.map(|field| {
        Risk::of_field(
            Class::Inert,
            "database-storage-class",
            change,
            field,
            "only new instances get disks of this class",
        )
        .reason("the class of a claim cannot be changed, and the operator leaves the claims that exist")
        .help("replace the instances one by one: delete the claim and the pod of a replica, and wait until it is back")
    });
    of_creation.chain(of_disks).collect()
}

/// A ConfigMap or Secret that changes under the same name: pods do not see all of it.
fn stale(comparison: &Comparison<'_>, change: &Change) -> Vec<Risk> {
    let is_data = |field: &&crate::diff::Field| {
        ["data", "stringData", "binaryData"].iter().any(|key| field.path.is_under(&[key]))
    };
    let Some(field) = change.fields.iter().find(is_data) else { return Vec::new() };
    let readers =
        comparison.after.objects().iter().filter(|object| object.identity.namespace == change.identity.namespace);
    let risk = |(object, how): (&Object, Reading)| {
        let (what, reason) = match how {
            Reading::Variables => (
                "keeps the old values in its environment until it is restarted",
                "variables are set when a container starts",
            ),
            Reading::SubPath => {
                ("keeps the old file until it is restarted", "a file that is mounted by `subPath` is never updated")
            }
        };
        Risk::of_field(
            Class::Inert,
            "stale-configuration",
            change,
            field,
            format!("{} {what}", super::workload::said(&object.identity)),
        )
        .reason(format!("the name stays the same, so that no pod is replaced; {reason}"))
        .help("write it as `config` or `files`, whose names follow their content, or restart its readers")
    };
    readers.filter_map(|object| Some((object, reading(object, change)?))).map(risk).collect()
}

/// How a pod reads what does not reach it later.
enum Reading {
    Variables,
    SubPath,
}

fn reading(object: &Object, change: &Change) -> Option<Reading> {
    let workload = Workload::of(object)?;
    // The pods of a CronJob and a Job start anew by themselves.
    if matches!(workload.kind(), "Job" | "CronJob") || is_restarted(&workload) {
        return None;
    }
    let name = change.identity.name.as_str();
    let (key, source, by) = if change.identity.kind == "Secret" {
        ("secretKeyRef", "secretRef", "secretName")
    } else {
        ("configMapKeyRef", "configMapRef", "name")
    };
    let volume = if change.identity.kind == "Secret" { "secret" } else { "configMap" };
    let in_variables = workload.containers().any(|container| {
        items(container.get("env")).any(|variable| text_at(variable, &["valueFrom", key, "name"]) == Some(name))
            || items(container.get("envFrom")).any(|from| text_at(from, &[source, "name"]) == Some(name))
    });
    if in_variables {
        return Some(Reading::Variables);
    }
    let volumes: Vec<&str> = items(workload.pod()?.get("volumes"))
        .filter(|item| text_at(item, &[volume, by]) == Some(name))
        .filter_map(|item| text_at(item, &["name"]))
        .collect();
    let by_path = workload.containers().any(|container| {
        items(container.get("volumeMounts")).any(|mount| {
            mount.get("subPath").is_some() && text_at(mount, &["name"]).is_some_and(|name| volumes.contains(&name))
        })
    });
    by_path.then_some(Reading::SubPath)
}

/// Whether a controller restarts its pods when what they read changes.
fn is_restarted(workload: &Workload<'_>) -> bool {
    let of = |content: &Content| {
        entries(at(content, &["metadata", "annotations"])).any(|(key, value)| {
            (key.contains("checksum") || key.starts_with("reloader.stakater.com/")) && value.as_str() != Some("false")
        })
    };
    of(&workload.object.content) || workload.template().is_some_and(of)
}
