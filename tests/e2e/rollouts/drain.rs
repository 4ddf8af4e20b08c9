//! Drains, as `kubectl drain` does them: the node takes no new pods, and each of its pods is asked to go until it may.

use super::room::{Room, has_devices};
use super::version::complete;
use super::{SUITE, budgets};
use crate::Figures;
use crate::api::name;
use crate::pools::{Occupied, settles};
use serde_json::{Value, json};

/// How often the pods of nodes were asked to go.
#[derive(Default)]
struct Asked {
    went: usize,
    refused: usize,
    /// What was said the last time.
    why: String,
}

/// Drains the fullest node of each pool, with one to spare.
pub(super) fn fullest(occupied: &mut Occupied<'_>, room: &mut Room<'_>, figures: &Figures) -> Result<(), String> {
    for pool in (0..room.pools.len()).filter(|pool| room.pools[*pool].nodes > 0).collect::<Vec<_>>() {
        room.add(occupied, pool, 1)?;
        let old = fullest_of(occupied, &room.pools[pool].name)?;
        drain(occupied, room, &[old], figures)?;
    }
    Ok(())
}

fn fullest_of(occupied: &Occupied<'_>, pool: &str) -> Result<Value, String> {
    let pods = occupied.pods()?;
    let on = |node: &&Value| pods.iter().filter(|pod| pod["spec"]["nodeName"] == node["metadata"]["name"]).count();
    let pool_of = |node: &Value| Some(node["metadata"]["name"].as_str()?.rsplit_once('-')?.0.to_owned());
    let of_pool = occupied.nodes.iter().filter(|node| pool_of(node).as_deref() == Some(pool));
    of_pool.max_by_key(on).cloned().ok_or_else(|| format!("{pool} has no node"))
}

/// Drains all nodes at once, with as many new ones beside; of those without devices twice as many, since the scheduler
/// need not find the packing that there is. How often a budget refused.
pub(super) fn all(occupied: &mut Occupied<'_>, room: &mut Room<'_>, figures: &Figures) -> Result<usize, String> {
    let old: Vec<Value> = occupied.nodes.clone();
    for pool in 0..room.pools.len() {
        let nodes = room.pools[pool].nodes;
        let new = if has_devices(&room.pools[pool]) { nodes } else { 2 * nodes };
        room.add(occupied, pool, new)?;
    }
    drain(occupied, room, &old, figures)
}

/// Empties nodes, takes them away, and holds what happened against every budget. How often one refused.
fn drain(
    occupied: &mut Occupied<'_>,
    room: &mut Room<'_>,
    nodes: &[Value],
    figures: &Figures,
) -> Result<usize, String> {
    let budgets = budgets::all(occupied)?;
    let since = budgets::now(occupied)?;
    nodes.iter().try_for_each(|node| cordon(occupied, node))?;
    let mut asked = Asked::default();
    settles(|| {
        let left = on_nodes(occupied, nodes)?;
        let mut stay = left.iter().filter(|pod| pod["metadata"]["deletionTimestamp"].is_null());
        stay.try_for_each(|pod| evict(occupied, pod, &mut asked))?;
        Ok((!left.is_empty()).then(|| format!("{} pods do not go, {} went; {}", left.len(), asked.went, asked.why)))
    })?;
    complete(occupied, room)?;
    budgets::kept(occupied, &budgets, &since)?;
    for node in nodes {
        occupied.api.delete(node)?;
        occupied.nodes.retain(|kept| kept != node);
    }
    figures.add(SUITE, "nodes drained", nodes.len());
    figures.add(SUITE, "pods evicted", asked.went);
    figures.add(SUITE, "evictions refused by a budget until they were due", asked.refused);
    Ok(asked.refused)
}

/// Keeps new pods away, as `kubectl` and the controller of nodes do.
fn cordon(occupied: &Occupied<'_>, node: &Value) -> Result<(), String> {
    let mut taints = node["spec"]["taints"].as_array().cloned().unwrap_or_default();
    taints.push(json!({"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}));
    let patch = json!({"spec": {"unschedulable": true, "taints": taints}});
    occupied.api.merge(node, "", &patch)?.accepted().map(drop)
}

fn on_nodes(occupied: &Occupied<'_>, nodes: &[Value]) -> Result<Vec<Value>, String> {
    let is_on = |pod: &Value| nodes.iter().any(|node| pod["spec"]["nodeName"] == node["metadata"]["name"]);
    Ok(occupied.pods()?.into_iter().filter(is_on).collect())
}

fn evict(occupied: &mut Occupied<'_>, pod: &Value, asked: &mut Asked) -> Result<(), String> {
    let answer = occupied.api.evict(pod)?;
    match answer.status {
        404 => Ok(()),
        429 => {
            asked.why = format!("{}: {}", name(pod), answer.body);
            asked.refused += usize::from(asked.why.contains("healthy pods and has"));
            Ok(())
        }
        _ => {
            answer.accepted().map_err(|error| format!("{}: {error}", name(pod)))?;
            asked.went += 1;
            again(occupied, pod)
        }
    }
}

/// Makes the pod anew that stands for one of another controller, as that would do.
fn again(occupied: &mut Occupied<'_>, pod: &Value) -> Result<(), String> {
    let is_it = |object: &Value| object["kind"] == "Pod" && object["metadata"]["name"] == pod["metadata"]["name"];
    let Some(index) = occupied.objects.iter().position(is_it) else { return Ok(()) };
    let mut pod = occupied.objects.swap_remove(index);
    pod["metadata"]["name"] = format!("{}-again", pod["metadata"]["name"].as_str().unwrap_or_default()).into();
    occupied.add(pod)
}
