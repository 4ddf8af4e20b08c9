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
use ground::Ground;
use serde_json::{Value, json};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};
use windlass::kube::{Object, Phase};

const WITHIN: Duration = Duration::from_mins(2);

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
fn start(
    cluster: &Cluster,
    program: &str,
    folder: &Path,
    variables: &[String],
    flags: &[String],
) -> Result<Guarded, String> {
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
    let condition = |kind: &str, reason: &str| json!({"type": kind, "status": "True", "reason": reason, "message": "", "lastTransitionTime": now(api)});
    let secret = json!({"status": {"conditions": [condition("Ready", "SecretSynced")]}});
    let scaler = json!({"status": {
        "currentReplicas": 2, "desiredReplicas": 2, "currentMetrics": null,
        "conditions": [condition("AbleToScale", "ReadyForNewScale"), condition("ScalingActive", "ValidMetricFound")],
    }});
    for (group, kind, status) in
        [("external-secrets.io/v1", "ExternalSecret", secret), ("autoscaling/v2", "HorizontalPodAutoscaler", scaler)]
    {
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

/// A new image of `api` has taken the place of the old one, and its migration had ended before.
fn rolled_out(api: &Api, namespace: &str, image: &str) -> Result<(), String> {
    let image_of = |object: &Value| object["spec"]["template"]["spec"]["containers"][0]["image"] == image;
    let sets = live::list(api, "apps/v1", "ReplicaSet", namespace)?;
    let of_api = || sets.iter().filter(|set| set["metadata"]["labels"]["app.kubernetes.io/name"] == "api");
    let mut old = of_api().filter(|set| !image_of(set));
    must(old.all(|set| set["spec"]["replicas"] == 0), || "old pods stay".into())?;
    let new = of_api().find(|set| image_of(set)).ok_or("the new image is not there")?;
    let jobs = live::list(api, "batch/v1", "Job", namespace)?;
    let is_migration = |job: &Value| {
        image_of(job) && job["metadata"]["name"].as_str().is_some_and(|name| name.starts_with("api-migrate"))
    };
    let migration = jobs.iter().find(|job| is_migration(job)).ok_or("no migration of the new image")?;
    let (ended, made) = (&migration["status"]["completionTime"], &new["metadata"]["creationTimestamp"]);
    let is_before = ended.is_string() && ended.as_str() <= made.as_str();
    must(is_before, || format!("the migration ended at {ended}, pods came at {made}"))
}

/// How many objects went with what is no longer compiled; the claims among them have to stay.
fn pruned(api: &Api, before: &[Object], after: &[Object]) -> Result<usize, String> {
    let gone = before.iter().filter(|old| !after.iter().any(|new| new.identity == old.identity));
    let (claims, others): (Vec<_>, Vec<_>) = gone.partition(|object| stays(object));
    for object in &others {
        until("what is removed is pruned", WITHIN, || {
            must(live::read(api, object)?.is_none(), || format!("{} is there", object.identity))
        })?;
    }
    must(claims.len() == 1 && !others.is_empty(), || "not a component with a claim was removed".into())?;
    must(is_there(api, claims[0])?, || format!("{} is gone", claims[0].identity))?;
    Ok(others.len())
}

fn stays(object: &Object) -> bool {
    matches!(object.identity.kind.as_str(), "Namespace" | "PersistentVolumeClaim")
}

fn is_there(api: &Api, object: &Object) -> Result<bool, String> {
    Ok(live::read(api, object)?.is_some_and(|live| live["metadata"]["deletionTimestamp"].is_null()))
}

/// How many objects stay when the delivery is gone: the data, and their namespace. These go at last, by hand.
fn kept(api: &Api, objects: &[Object], namespace: &Value) -> Result<usize, String> {
    let delivered = || objects.iter().filter(|object| object.phase != Phase::Delivery);
    for object in delivered() {
        until("what was delivered goes, but for data", WITHIN, || {
            let is_there = is_there(api, object)?;
            must(is_there == stays(object), || format!("{} is there: {is_there}", object.identity))
        })?;
    }
    api.remove(namespace)?;
    until("the namespace goes", WITHIN, || must(live::get(api, namespace)?.is_none(), || "it is there".into()))?;
    Ok(delivered().filter(|object| stays(object)).count())
}

/// The last errors that a program wrote.
fn errors(ground: &Ground, program: &str) -> String {
    let text = std::fs::read_to_string(ground.path(&format!("{program}.log"))).unwrap_or_default();
    let is_error = |line: &&str| ["error", "fatal", "panic"].iter().any(|word| line.contains(word));
    let lines: Vec<&str> = text.lines().filter(is_error).collect();
    format!("{program}: {}", lines[lines.len().saturating_sub(5)..].join("\n"))
}
