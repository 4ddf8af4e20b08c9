//! The control: with Kubernetes's plain default the rollout of a model server on a full GPU pool never ends; with what
//! Windlass writes it does.

use super::SUITE;
use super::room::Room;
use super::version::{complete, of_version, release};
use crate::Figures;
use crate::api::items;
use crate::pools::{Occupied, is_placed, refused, settles};
use serde_json::{Value, json};

/// How long a rollout has to stand still, in seconds, until its controller says that it does.
const STILL: u32 = 10;
/// So many pods the default rounds down to none that may be away.
const FEW: u64 = 3;

/// How many rollouts got stuck, and ended when they were allowed to.
pub(super) fn judge(occupied: &mut Occupied<'_>, room: &mut Room<'_>, figures: &Figures) -> Result<usize, String> {
    let concerned = occupied.objects.iter().filter_map(|object| Some((of_version(object, "stuck"), device(object)?)));
    let concerned: Vec<(Value, String)> = concerned.collect();
    concerned.iter().try_for_each(|(workload, _)| release_plainly(occupied, workload))?;
    concerned.iter().try_for_each(|(workload, device)| stands_still(occupied, workload, device))?;
    figures.add(SUITE, "plain rollouts stuck on a full GPU pool, as they have to be", concerned.len());
    concerned.iter().try_for_each(|(workload, _)| release(occupied, workload))?;
    complete(occupied, room)?;
    figures.add(SUITE, "plain rollouts ended once they had the strategy that Windlass writes", concerned.len());
    Ok(concerned.len())
}

/// Releases a version with the strategy that Kubernetes takes where none is written.
fn release_plainly(occupied: &Occupied<'_>, workload: &Value) -> Result<(), String> {
    let template = &workload["spec"]["template"];
    let plain = json!({"spec": {"strategy": null, "progressDeadlineSeconds": STILL, "template": template}});
    let live = occupied.api.merge(workload, "", &plain)?.accepted()?.body;
    let strategy = &live["spec"]["strategy"];
    let is_plain = strategy["rollingUpdate"] == json!({"maxSurge": "25%", "maxUnavailable": "25%"});
    if is_plain { Ok(()) } else { Err(format!("{strategy} is not the default")) }
}

/// The device that each pod of a Deployment takes, where an old one goes first for it and there are few.
fn device(object: &Value) -> Option<String> {
    let spec = &object["spec"];
    let first_goes = spec["strategy"]["rollingUpdate"] == json!({"maxSurge": 0, "maxUnavailable": 1});
    let is_few = spec["replicas"].as_u64().is_some_and(|replicas| (1..=FEW).contains(&replicas));
    let mut limits = items(&spec["template"]["spec"]["containers"])
        .filter_map(|container| container["resources"]["limits"].as_object())
        .flat_map(|limits| limits.keys());
    limits.find(|name| name.contains('/')).filter(|_| first_goes && is_few).cloned()
}

/// Waits until the controller says that there is no progress; the new pod then waits for a device, and none has one.
fn stands_still(occupied: &Occupied<'_>, workload: &Value, device: &str) -> Result<(), String> {
    let path = occupied.api.path(workload)?;
    settles(|| {
        let live = occupied.api.get(&path)?.accepted()?.body;
        let is_still = items(&live["status"]["conditions"]).any(|it| it["reason"] == "ProgressDeadlineExceeded");
        Ok((!is_still).then(|| format!("the plain rollout goes on: {}", live["status"])))
    })?;
    let new = &workload["spec"]["template"]["spec"]["containers"][0]["image"];
    let pods = occupied.pods()?;
    let new: Vec<&Value> = pods.iter().filter(|pod| pod["spec"]["containers"][0]["image"] == *new).collect();
    let lacks = |pod: &&Value| refused(pod).is_some_and(|why| why.contains(&format!("Insufficient {device}")));
    match new.iter().find(|pod| is_placed(pod)) {
        Some(pod) => Err(format!("{} has a node", pod["metadata"]["name"])),
        None if new.iter().any(lacks) => Ok(()),
        None => Err(format!("no pod of {} waits for {device}", workload["metadata"]["name"])),
    }
}
