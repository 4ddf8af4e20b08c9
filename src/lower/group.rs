//! One model over several nodes: a `LeaderWorkerSet`. The leader serves, the others follow it.
//!
//! Each group has a headless Service of its own, which the controller makes: under the usual policy it would
//! bear the name of the set, which is that of the Service for clients.

use super::meta::{Lowering, pod_name};
use super::pod::{Maker, template};
use super::workload::int_or_percent;
use crate::kube::lws::{
    LeaderWorkerSet, LeaderWorkerSetSpec, LeaderWorkerTemplate, NetworkConfig, RollingUpdate, RolloutStrategy,
};
use crate::model::{Component, Container, NumberOrPercent, Pod, Probes, Rollout};

/// The label that the controller puts on each pod: its number in the group, 0 for the leader.
pub(super) const WORKER_INDEX: &str = "leaderworkerset.sigs.k8s.io/worker-index";

/// What the model says about the groups of a component.
pub(super) struct Group<'a> {
    pub(super) replicas: Option<i32>,
    pub(super) size: u32,
    pub(super) rollout: &'a Rollout,
    pub(super) follower: &'a [String],
}

pub(super) fn leader_worker_set(
    cx: &Lowering<'_>,
    component: &Component,
    pod: &Pod,
    group: &Group<'_>,
) -> LeaderWorkerSet {
    let name = pod_name(component);
    let spec = LeaderWorkerSetSpec {
        replicas: group.replicas,
        startup_policy: "LeaderCreated",
        rollout_strategy: strategy(group.rollout),
        network_config: NetworkConfig { subdomain_policy: "UniquePerReplica" },
        leader_worker_template: LeaderWorkerTemplate {
            size: i32::try_from(group.size).unwrap_or(i32::MAX),
            // The processes of a group have one state: without one of them the others only wait.
            restart_policy: "RecreateGroupOnPodRestart",
            leader_template: template(cx, component, name, pod, Maker::Leader),
            worker_template: template(cx, component, name, &follower(pod, group.follower), Maker::Follower),
        },
    };
    LeaderWorkerSet::new(cx.component_meta(component, &component.name), spec)
}

/// There is no recreating: all groups may be away at once instead.
fn strategy(rollout: &Rollout) -> RolloutStrategy {
    let all_away = (NumberOrPercent::Number(0), NumberOrPercent::Percent(100));
    let (surge, unavailable) = rollout.pace().unwrap_or(all_away);
    RolloutStrategy {
        kind: "RollingUpdate",
        rolling_update_configuration: RollingUpdate {
            max_unavailable: int_or_percent(unavailable),
            max_surge: int_or_percent(surge),
        },
    }
}

/// A pod beside the leader: it serves nobody, so nobody asks it.
fn follower(pod: &Pod, args: &[String]) -> Pod {
    let main = Container {
        args: args.to_vec(),
        ports: Vec::new(),
        probes: Probes::default(),
        pre_stop: None,
        ..pod.main.clone()
    };
    Pod { main, ..pod.clone() }
}

#[cfg(test)]
mod tests {
    use super::super::scaling::scaler;
    use super::super::service::services;
    use super::super::workload::workload as part_of_workload;
    use crate::lower::fixture::{assert_facts, model, part, scale, workload};
    use crate::model::{Controller, Model, NumberOrPercent, Rollout, RolloutStrategy};

    fn grouped(strategy: RolloutStrategy) -> Model {
        let mut model = model();
        let pod = &workload(&mut model, "api").pod;
        let follower = pod.main.args.iter().cloned().chain(["--headless".to_owned()]).collect();
        workload(&mut model, "api").controller = Controller::LeaderWorkerSet {
            replicas: 2,
            size: 3,
            rollout: Rollout { strategy, deadline: 600, history: 10 },
            follower,
        };
        model
    }

    fn rolling() -> RolloutStrategy {
        RolloutStrategy::Rolling { surge: NumberOrPercent::Number(0), unavailable: NumberOrPercent::Number(1) }
    }

    #[test]
    fn the_leader_serves_and_the_others_follow() {
        assert_facts(
            &part(&grouped(rolling()), part_of_workload, "api")[0],
            r#"
            /apiVersion = "leaderworkerset.x-k8s.io/v1"
            /kind = "LeaderWorkerSet"
            /spec/replicas = 2
            /spec/networkConfig/subdomainPolicy = "UniquePerReplica"
            /spec/rolloutStrategy/rollingUpdateConfiguration = {"maxUnavailable": 1, "maxSurge": 0}
            /spec/leaderWorkerTemplate/size = 3
            /spec/leaderWorkerTemplate/restartPolicy = "RecreateGroupOnPodRestart"
            /spec/leaderWorkerTemplate/leaderTemplate/spec/containers/0/ports/0/name = "http"
            /spec/leaderWorkerTemplate/workerTemplate/spec/containers/0/ports is absent
            /spec/leaderWorkerTemplate/workerTemplate/spec/containers/0/readinessProbe is absent
            /spec/leaderWorkerTemplate/workerTemplate/spec/containers/0/lifecycle is absent
            "#,
        );
        assert_facts(
            &part(&grouped(RolloutStrategy::Recreate), part_of_workload, "api")[0],
            r#"/spec/rolloutStrategy/rollingUpdateConfiguration = {"maxUnavailable": "100%", "maxSurge": 0}"#,
        );
    }

    #[test]
    fn clients_are_led_to_leaders_and_groups_are_scaled() {
        let mut model = grouped(rolling());
        assert_facts(
            &part(&model, services, "api")[0],
            r#"/spec/selector/leaderworkerset.sigs.k8s.io~1worker-index = "0""#,
        );
        model.components["api"].scale = Some(scale(1, 4));
        assert_facts(
            &part(&model, scaler, "api")[0],
            r#"/spec/scaleTargetRef = {"apiVersion": "leaderworkerset.x-k8s.io/v1", "kind": "LeaderWorkerSet", "name": "api"}"#,
        );
        assert_facts(&part(&model, part_of_workload, "api")[0], "/spec/replicas is absent");
    }
}
