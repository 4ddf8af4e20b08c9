//! How long it takes until all pods of a workload are replaced.
//!
//! Promises: an upper bound from what the object says: the size of a batch, the time that a pod may take to
//! start, the time that it must be ready, and the grace that the old one has.

use super::number;
use super::workload::{Workload, items};
use crate::diff::path::{at, text_at};
use crate::kube::Content;

/// How pods are replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pace {
    /// New pods that start before an old one goes.
    pub surge: i64,
    /// Old pods that may be gone before a new one is ready.
    pub unavailable: i64,
    /// All go before one comes.
    pub recreates: bool,
}

/// The pace of a workload with so many pods; `None` where nothing replaces them by itself.
pub(super) fn pace(workload: &Workload<'_>, replicas: i64) -> Option<Pace> {
    let spec = workload.spec;
    match workload.kind() {
        "Deployment" => {
            let strategy = spec.get("strategy");
            if strategy.and_then(|strategy| text_at(strategy, &["type"])) == Some("Recreate") {
                return Some(Pace { surge: 0, unavailable: replicas, recreates: true });
            }
            let of = |key: &str, up: bool| {
                share(strategy.and_then(|strategy| at(strategy, &["rollingUpdate", key])), replicas, up)
            };
            let (surge, unavailable) = (of("maxSurge", true), of("maxUnavailable", false));
            // Kubernetes takes one away where both round to nothing.
            let unavailable = if surge == 0 && unavailable == 0 { 1 } else { unavailable };
            Some(Pace { surge, unavailable, recreates: false })
        }
        "StatefulSet" => {
            let update = spec.get("updateStrategy");
            if update.and_then(|update| text_at(update, &["type"])) == Some("OnDelete") {
                return None;
            }
            let unavailable = update
                .and_then(|update| at(update, &["rollingUpdate", "maxUnavailable"]))
                .map_or(1, |value| share(Some(value), replicas, true).max(1));
            Some(Pace { surge: 0, unavailable, recreates: false })
        }
        "DaemonSet" | "Cluster" | "LeaderWorkerSet" | "Rollout" | "ReplicaSet" => {
            Some(Pace { surge: 0, unavailable: 1, recreates: false })
        }
        _ => None,
    }
}

/// A number, or a percentage of the pods; 25 % where nothing is written.
fn share(value: Option<&Content>, replicas: i64, up: bool) -> i64 {
    let percent = |percent: i64| if up { (replicas * percent + 99) / 100 } else { replicas * percent / 100 };
    match value {
        None => percent(25),
        Some(Content::Integer(number)) => *number,
        Some(Content::Text(text)) => match text.strip_suffix('%') {
            Some(number) => percent(number.parse().unwrap_or(25)),
            None => text.parse().unwrap_or_default(),
        },
        Some(_) => 0,
    }
}

/// The seconds that a new pod may take until it counts as available, as far as its probes say.
pub(super) fn start_seconds(workload: &Workload<'_>) -> Option<i64> {
    let pod = workload.pod()?;
    let of_probe = |probe: &Content| {
        let value = |key, default| number(probe, &[key]).unwrap_or(default);
        value("initialDelaySeconds", 0) + value("periodSeconds", 10) * value("failureThreshold", 3)
    };
    let of_container =
        |container: &Content| container.get("startupProbe").or_else(|| container.get("readinessProbe")).map(of_probe);
    let slowest = items(pod.get("containers")).filter_map(of_container).max()?;
    Some(slowest + number(workload.spec, &["minReadySeconds"]).unwrap_or(0))
}

/// The seconds until all pods are new, at most; `None` where the pods do not say how long they take.
pub(super) fn seconds(workload: &Workload<'_>, replicas: i64) -> Option<i64> {
    let pace = pace(workload, replicas)?;
    let start = start_seconds(workload)?;
    let grace = workload.pod().and_then(|pod| number(pod, &["terminationGracePeriodSeconds"])).unwrap_or(30);
    let batch = (pace.surge + pace.unavailable).max(1);
    let rounds = (replicas + batch - 1) / batch;
    // Where pods start beside the old ones, the grace of the old is no wait for the new.
    let one = if pace.surge > 0 { start } else { start + grace };
    Some(rounds * one)
}

/// Seconds as a person says them: `2 min 30 s`.
pub(super) fn spoken(seconds: i64) -> String {
    let (hours, minutes, rest) = (seconds / 3600, seconds % 3600 / 60, seconds % 60);
    let parts = [(hours, "h"), (minutes, "min"), (rest, "s")];
    let words: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count} {unit}")).collect();
    if words.is_empty() { "0 s".into() } else { words.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kube::{Object, Phase};
    use serde_json::{Value, json};

    fn object(strategy: &Value) -> Object {
        let value = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api"}, "spec": {
            "strategy": strategy, "minReadySeconds": 5, "template": {"spec": {"containers": [
                {"name": "api", "startupProbe": {"periodSeconds": 5, "failureThreshold": 6}}]}}}});
        Object::read(Content::of(&value).expect("a tree"), None, Phase::Backends)
    }

    #[test]
    fn a_rollout_takes_as_many_rounds_as_its_batch_asks() {
        let one_by_one = object(&json!({"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}));
        let workload = Workload::of(&one_by_one).expect("a workload");
        assert_eq!(seconds(&workload, 4), Some(4 * 35));
        let in_place = object(&json!({"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "50%"}}));
        let workload = Workload::of(&in_place).expect("a workload");
        assert_eq!(seconds(&workload, 4), Some(2 * 65));
        assert_eq!(pace(&workload, 1), Some(Pace { surge: 0, unavailable: 1, recreates: false }));
    }

    #[test]
    fn seconds_are_spoken() {
        assert_eq!(spoken(3750), "1 h 2 min 30 s");
        assert_eq!(spoken(0), "0 s");
    }
}
