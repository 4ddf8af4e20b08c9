//! What stands on the cluster, and in which order it came.

use crate::api::{Api, items, name};
use serde_json::{Value, json};
use windlass::kube::{Object, Phase};

/// Objects of a kind in a namespace.
pub(super) fn list(api: &Api, version: &str, kind: &str, namespace: &str) -> Result<Vec<Value>, String> {
    let any = json!({"apiVersion": version, "kind": kind, "metadata": {"namespace": namespace, "name": ""}});
    let list = api.get(&api.path(&any)?)?.accepted()?.body;
    Ok(items(&list["items"]).cloned().collect())
}

/// What a compiled object is on the cluster; nothing where it is not there.
pub(super) fn read(api: &Api, object: &Object) -> Result<Option<Value>, String> {
    let identity = &object.identity;
    let metadata = json!({"namespace": identity.namespace, "name": identity.name});
    get(api, &json!({"apiVersion": identity.api_version, "kind": identity.kind, "metadata": metadata}))
}

/// What an object is now; nothing where it is not there.
pub(super) fn get(api: &Api, object: &Value) -> Result<Option<Value>, String> {
    let answer = api.get(&api.path(object)?)?;
    if answer.status == 404 { Ok(None) } else { Ok(Some(answer.accepted()?.body)) }
}

/// All that is delivered, as it is on the cluster; an error where something is missing.
pub(super) fn all(api: &Api, objects: &[Object]) -> Result<Vec<Value>, String> {
    let delivered = objects.iter().filter(|object| object.phase != Phase::Delivery);
    delivered.map(|object| read(api, object)?.ok_or_else(|| format!("{} is not there", object.identity))).collect()
}

/// Objects without what the server and the controllers write into them.
pub(super) fn written(mut objects: Vec<Value>) -> Vec<Value> {
    for object in &mut objects {
        let Some(map) = object.as_object_mut() else { continue };
        map.remove("status");
        if let Some(metadata) = map.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.retain(|key, _| !["managedFields", "resourceVersion"].contains(&key.as_str()));
        }
    }
    objects
}

/// Objects without what differs between two that were made of the same text.
pub(super) fn made(objects: Vec<Value>) -> Vec<Value> {
    let mut objects = written(objects);
    for object in &mut objects {
        for path in [
            "/metadata",
            "/metadata/labels",
            "/metadata/annotations",
            "/spec",
            "/spec/selector/matchLabels",
            "/spec/template/metadata/labels",
        ] {
            if let Some(map) = object.pointer_mut(path).and_then(Value::as_object_mut) {
                map.retain(|key, _| !GIVEN.contains(&key.as_str()));
            }
        }
    }
    objects
}

/// What the server or a controller gives to one object only.
const GIVEN: &[&str] = &[
    "uid",
    "creationTimestamp",
    "generation",
    "clusterIP",
    "clusterIPs",
    "volumeName",
    "controller-uid",
    "batch.kubernetes.io/controller-uid",
    "pv.kubernetes.io/bind-completed",
    "pv.kubernetes.io/bound-by-controller",
    "deployment.kubernetes.io/revision",
];

/// When an object was as it should be: at the end of a job, when a workload or a secret was ready, else when it was made.
fn settled(object: &Value) -> Option<&str> {
    let status = &object["status"];
    let condition = |kind: &str| {
        let mut found = items(&status["conditions"]).filter(|it| it["type"] == kind && it["status"] == "True");
        found.next().and_then(|it| it["lastTransitionTime"].as_str())
    };
    match object["kind"].as_str() {
        Some("Job") => status["completionTime"].as_str(),
        Some("Deployment") => condition("Available"),
        Some("ExternalSecret") => condition("Ready"),
        _ => made_at(object),
    }
}

fn made_at(object: &Value) -> Option<&str> {
    object["metadata"]["creationTimestamp"].as_str()
}

/// How many pairs of objects came in their order: what has a lower turn was ready before what has a higher one was made.
pub(super) fn in_order(objects: &[(usize, Value)]) -> Result<usize, String> {
    let mut pairs = 0;
    for (turn, before) in objects {
        for (_, after) in objects.iter().filter(|(later, _)| later > turn) {
            match (settled(before), made_at(after)) {
                (Some(ready), Some(made)) if ready <= made => pairs += 1,
                (ready, made) => {
                    return Err(format!("{} was made at {made:?}, {} ready at {ready:?}", name(after), name(before)));
                }
            }
        }
    }
    Ok(pairs)
}

/// The difference between two lists of the same objects.
pub(super) fn differ(before: &[Value], after: &[Value]) -> Option<String> {
    let change = |(before, after): (&Value, &Value)| format!("{before}\n is now\n{after}");
    let changed = before.iter().zip(after).filter(|(before, after)| before != after).map(change);
    let mut found: Vec<String> = changed.collect();
    if before.len() != after.len() {
        found.push(format!("{} objects, and {}", before.len(), after.len()));
    }
    (!found.is_empty()).then(|| found.join("\n"))
}
