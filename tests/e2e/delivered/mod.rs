//! A system that is published, and what Flux and Argo CD make of it: their own controllers, at work on the cluster with
//! controllers.

mod argocd;
mod flux;
mod ground;
mod live;

pub(crate) use argocd::trials as argocd;
pub(crate) use flux::trials as flux;

use crate::api::Api;
use crate::cluster::{Cluster, Guarded};
use serde_json::{Value, json};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Waits until what is asked is so; an error says what it still was at the end.
fn until(what: &str, within: Duration, mut is_so: impl FnMut() -> Result<(), String>) -> Result<(), String> {
    let started = Instant::now();
    loop {
        match is_so() {
            Ok(()) => return Ok(()),
            Err(why) if started.elapsed() > within => return Err(format!("not within {within:?}: {what}: {why}")),
            Err(_) => sleep(Duration::from_millis(250)),
        }
    }
}

/// An error with what it means, unless it is so.
fn must(is_so: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if is_so { Ok(()) } else { Err(otherwise()) }
}

/// Starts a program that was built, with variables of its own.
fn start(cluster: &Cluster, program: &str, folder: &Path, variables: &[String], flags: &[String]) -> Result<Guarded, String> {
    let path = cluster.built.join("bin").join(program).display().to_string();
    let flags: Vec<String> = variables.iter().cloned().chain([path]).chain(flags.iter().cloned()).collect();
    Guarded::start(Path::new("env"), &flags, &folder.join(format!("{program}.log")))
}

/// A node with room, and whatever else stands on any cluster.
fn prepare(api: &Api, namespaces: &[&str]) -> Result<(), String> {
    let room = json!({"cpu": "32", "memory": "64Gi", "pods": "110"});
    let node = json!({
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": "delivered"},
        "status": {"allocatable": room, "capacity": room},
    });
    let mut objects = vec![node];
    objects.extend(namespaces.iter().map(|name| namespace(name)));
    for object in objects {
        let answer = api.create(&object)?;
        must(answer.is_accepted() || answer.status == 409, || answer.message())?;
    }
    Ok(())
}

fn namespace(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
}

/// What External Secrets and the autoscaler would say of their objects in a namespace. Neither runs: the one has no
/// store, the other no metrics.
fn operate(api: &Api, namespace: &str) -> Result<(), String> {
    let condition = |kind: &str, reason: &str| {
        json!({"type": kind, "status": "True", "reason": reason, "message": "", "lastTransitionTime": now(api)})
    };
    let secret = json!({"status": {"conditions": [condition("Ready", "SecretSynced")]}});
    let scaler = json!({"status": {
        "currentReplicas": 2, "desiredReplicas": 2, "currentMetrics": null,
        "conditions": [condition("AbleToScale", "ReadyForNewScale"), condition("ScalingActive", "ValidMetricFound")],
    }});
    for (group, kind, status) in [
        ("external-secrets.io/v1", "ExternalSecret", secret),
        ("autoscaling/v2", "HorizontalPodAutoscaler", scaler),
    ] {
        for mut object in live::list(api, group, kind, namespace)? {
            if object["status"]["conditions"].is_null() {
                object["apiVersion"] = group.into();
                object["kind"] = kind.into();
                api.merge(&object, "/status", &status)?.accepted()?;
            }
        }
    }
    Ok(())
}

/// The time, as the server writes it into an object.
fn now(api: &Api) -> String {
    let any = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "now", "namespace": "default"}});
    let answer = api.create_dry(&any).map(|mut answer| answer.body["metadata"]["creationTimestamp"].take());
    answer.ok().and_then(|time| time.as_str().map(str::to_owned)).unwrap_or_default()
}
