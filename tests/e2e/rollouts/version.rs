//! A new version of every workload at once, which comes to its end.

use super::SUITE;
use super::room::Room;
use crate::Figures;
use crate::pools::{Occupied, is_placed, is_true, refused, settles};
use serde_json::Value;

/// The workloads whose controllers run here.
const KINDS: [&str; 2] = ["Deployment", "StatefulSet"];

/// Releases a new version of all, and waits for the end.
pub(super) fn judge(occupied: &mut Occupied<'_>, room: &mut Room<'_>, figures: &Figures) -> Result<(), String> {
    let workloads: Vec<Value> = occupied.objects.iter().filter(|object| has_strategy(object)).cloned().collect();
    workloads.iter().try_for_each(|workload| release(occupied, &of_version(workload, "next")))?;
    complete(occupied, room)?;
    for kind in workloads.iter().filter_map(|workload| workload["kind"].as_str()) {
        figures.add(SUITE, format!("{kind}s rolled out at full pools"), 1);
    }
    figures.add(SUITE, "pods rolled out at full pools", workloads.iter().filter_map(replicas).sum());
    Ok(())
}

fn replicas(workload: &Value) -> Option<usize> {
    usize::try_from(workload["spec"]["replicas"].as_u64()?).ok()
}

/// What stands for a Rollout has none: its new versions are for Argo Rollouts.
fn has_strategy(object: &Value) -> bool {
    ["strategy", "updateStrategy"].iter().any(|strategy| object["spec"][strategy].is_object())
}

pub(super) fn is_workload(object: &Value) -> bool {
    KINDS.iter().any(|kind| object["kind"] == *kind)
}

/// The same workload with other images, as a release makes it.
pub(super) fn of_version(workload: &Value, version: &str) -> Value {
    let mut workload = workload.clone();
    let spec = &mut workload["spec"]["template"]["spec"];
    for part in ["initContainers", "containers"] {
        for container in spec[part].as_array_mut().into_iter().flatten() {
            let image = container["image"].as_str().unwrap_or_default();
            let name = image.split('@').next().unwrap_or_default();
            let (path, last) = name.rsplit_once('/').unwrap_or(("", name));
            let last = last.split(':').next().unwrap_or_default();
            container["image"] = format!("{path}/{last}:{version}").into();
        }
    }
    workload
}

pub(super) fn release(occupied: &Occupied<'_>, workload: &Value) -> Result<(), String> {
    occupied.api.apply(workload, &workload.to_string())?.accepted().map(drop)
}

/// Waits until every workload has all its pods, of its last version alone, ready, and no pod is without a node.
pub(super) fn complete(occupied: &mut Occupied<'_>, room: &mut Room<'_>) -> Result<(), String> {
    settles(|| {
        let open = open(occupied)?;
        room.relieve(occupied, &open)?;
        Ok((!open.is_empty()).then_some(open))
    })
}

fn open(occupied: &Occupied<'_>) -> Result<String, String> {
    let mut open = Vec::new();
    for workload in occupied.objects.iter().filter(|object| is_workload(object)) {
        open.extend(unfinished(&occupied.api.get(&occupied.api.path(workload)?)?.accepted()?.body));
    }
    let pods = occupied.pods()?;
    open.extend(pods.iter().filter_map(refused));
    let waiting = pods.iter().filter(|pod| !is_placed(pod) || !is_true(pod, "Ready")).count();
    open.extend((waiting > 0).then(|| format!("{waiting} pods are not ready")));
    Ok(open.join("\n"))
}

/// What a rollout waits for; nothing when it is at its end.
fn unfinished(live: &Value) -> Option<String> {
    let status = &live["status"];
    let count = |counted: &str| status[counted].as_u64().unwrap_or_default();
    let is_seen = status["observedGeneration"] == live["metadata"]["generation"];
    let (wanted, counted) =
        (live["spec"]["replicas"].as_u64(), ["replicas", "updatedReplicas", "availableReplicas"].map(count));
    let is_complete = is_seen && counted.iter().all(|counted| Some(*counted) == wanted);
    (!is_complete).then(|| {
        let [all, new, available] = counted;
        format!("{}: {all} pods, {new} of them new, {available} available", live["metadata"]["name"])
    })
}
