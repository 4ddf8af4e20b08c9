//! Disruption budgets, and whether they were kept: every moment is looked at again, out of the events that the server
//! keeps.

use super::room::Room;
use super::version::{complete, is_workload};
use crate::api::items;
use crate::pools::{Occupied, is_true, settles};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// How many pods of a selection have to be healthy.
pub(super) struct Budget {
    name: String,
    labels: Map<String, Value>,
    least: u64,
}

impl Budget {
    /// An error where too few of these pods are healthy.
    fn holds(&self, pods: &BTreeMap<String, Value>) -> Result<(), String> {
        let is_own = |pod: &Value| self.labels.iter().all(|(label, value)| pod["metadata"]["labels"][label] == *value);
        let healthy = pods.values().filter(|pod| is_own(pod) && is_healthy(pod)).count();
        if healthy as u64 >= self.least {
            return Ok(());
        }
        Err(format!("{}: {healthy} pods were healthy, {} have to be", self.name, self.least))
    }
}

fn is_healthy(pod: &Value) -> bool {
    is_true(pod, "Ready") && pod["metadata"]["deletionTimestamp"].is_null()
}

/// The budgets of workloads that stand here, each in the state in which a drain can go on.
pub(super) fn all(occupied: &Occupied<'_>) -> Result<Vec<Budget>, String> {
    let path = occupied.collection("apis/policy/v1", "poddisruptionbudgets");
    let mut budgets = Vec::new();
    settles(|| {
        let list = occupied.api.get(&path)?.accepted()?.body;
        let blocked = |budget: &&Value| budget["status"]["disruptionsAllowed"].as_u64().unwrap_or_default() == 0;
        let open = items(&list["items"])
            .find(blocked)
            .map(|it| format!("{} lets no pod go: {}", it["metadata"]["name"], it["status"]));
        budgets = items(&list["items"]).map(budget).collect();
        Ok(open)
    })?;
    Ok(budgets)
}

fn budget(live: &Value) -> Budget {
    Budget {
        name: live["metadata"]["name"].as_str().unwrap_or_default().into(),
        labels: live["spec"]["selector"]["matchLabels"].as_object().cloned().unwrap_or_default(),
        least: live["status"]["desiredHealthy"].as_u64().unwrap_or_default(),
    }
}

/// The pods at a moment, by their identity.
pub(super) struct Moment {
    version: String,
    pods: BTreeMap<String, Value>,
}

pub(super) fn now(occupied: &Occupied<'_>) -> Result<Moment, String> {
    let list = occupied.api.get(&occupied.collection("api/v1", "pods"))?.accepted()?.body;
    let version = list["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned();
    Ok(Moment { version, pods: items(&list["items"]).map(|pod| (uid(pod), pod.clone())).collect() })
}

fn uid(pod: &Value) -> String {
    pod["metadata"]["uid"].as_str().unwrap_or_default().to_owned()
}

/// An error where a budget had too few healthy pods at some moment since then.
pub(super) fn kept(occupied: &Occupied<'_>, budgets: &[Budget], since: &Moment) -> Result<(), String> {
    let path = occupied.collection("api/v1", "pods");
    // A server with much to do needs longer.
    for seconds in [1, 5, 20] {
        let events = occupied.api.events(&path, &since.version, seconds)?;
        if replay(since, &events, budgets)? == now(occupied)?.pods.into_keys().collect() {
            return Ok(());
        }
    }
    Err("the server does not tell all that happened".into())
}

/// The pods at the end.
fn replay(since: &Moment, events: &[Value], budgets: &[Budget]) -> Result<BTreeSet<String>, String> {
    let mut pods = since.pods.clone();
    for event in events {
        let pod = &event["object"];
        match event["type"].as_str() {
            Some("ADDED" | "MODIFIED") => drop(pods.insert(uid(pod), pod.clone())),
            Some("DELETED") => drop(pods.remove(&uid(pod))),
            _ => return Err(format!("the server does not know what happened: {event}")),
        }
        budgets.iter().try_for_each(|budget| budget.holds(&pods))?;
    }
    Ok(pods.into_keys().collect())
}

/// Takes all pods away without asking, which has to be seen of every budget.
pub(super) fn can_be_broken(occupied: &mut Occupied<'_>, room: &mut Room<'_>) -> Result<(), String> {
    let (budgets, since) = (all(occupied)?, now(occupied)?);
    for workload in occupied.objects.iter().filter(|object| is_workload(object)) {
        occupied.api.merge(workload, "", &json!({"spec": {"replicas": 0}}))?.accepted()?;
    }
    complete(occupied, room)?;
    for budget in &budgets {
        match kept(occupied, std::slice::from_ref(budget), &since) {
            Err(seen) if seen.contains("were healthy") => {}
            other => return Err(format!("{}: all pods were taken, and that is not seen: {other:?}", budget.name)),
        }
    }
    Ok(())
}
