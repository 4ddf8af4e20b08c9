//! What runs the pods of a component that stays, by how its new versions come: a Deployment, a Deployment
//! for each of two versions, or what a controller of rollouts takes.

mod argo_rollouts;
mod flagger;
mod versions;

use super::meta::{Lowering, phase, pod_name};
use super::pod::{Maker, template};
use super::workload::{fixed_replicas, int_or_percent};
use crate::kube::Object;
use crate::model::{Component, Driver, Pod, Rollout, RolloutStrategy, Workload};
use k8s_openapi::api::apps::v1 as apps;

pub(super) use versions::{Track, VERSION, answering, tracks};

pub(super) fn objects(
    cx: &Lowering<'_>,
    component: &Component,
    workload: &Workload,
    replicas: u32,
    rollout: &Rollout,
) -> Vec<Object> {
    let Some(progressive) = rollout.progressive() else {
        let fixed = fixed_replicas(component, replicas);
        return vec![object(component, &deployment(cx, component, &workload.pod, fixed, rollout))];
    };
    match &progressive.driver {
        Driver::ArgoRollouts => argo_rollouts::rollout(cx, component, &workload.pod, replicas, rollout, progressive),
        Driver::Flagger => flagger::canary(cx, component, &workload.pod, rollout, progressive),
        Driver::Commits(_) => versions::deployments(cx, component, rollout),
    }
}

fn object(component: &Component, of: &impl serde::Serialize) -> Object {
    Object::new(of, phase(component), Some(&component.key))
}

fn deployment(
    cx: &Lowering<'_>,
    component: &Component,
    pod: &Pod,
    replicas: Option<i32>,
    rollout: &Rollout,
) -> apps::Deployment {
    let name = pod_name(component);
    let spec = apps::DeploymentSpec {
        replicas,
        revision_history_limit: Some(rollout.history),
        progress_deadline_seconds: Some(rollout.deadline),
        strategy: Some(strategy(&rollout.strategy)),
        selector: cx.selector(name),
        template: template(cx, component, name, pod, Maker::Deployment),
        ..apps::DeploymentSpec::default()
    };
    apps::Deployment { metadata: cx.component_meta(component, &component.name), spec: Some(spec), status: None }
}

/// How the pods of one Deployment are replaced.
fn strategy(strategy: &RolloutStrategy) -> apps::DeploymentStrategy {
    let (surge, unavailable) = match strategy {
        RolloutStrategy::Recreate => {
            return apps::DeploymentStrategy { type_: Some("Recreate".into()), rolling_update: None };
        }
        RolloutStrategy::Rolling { surge, unavailable } => (*surge, *unavailable),
        RolloutStrategy::Progressive(progressive) => (progressive.surge, progressive.unavailable),
    };
    apps::DeploymentStrategy {
        type_: Some("RollingUpdate".into()),
        rolling_update: Some(apps::RollingUpdateDeployment {
            max_surge: Some(int_or_percent(surge)),
            max_unavailable: Some(int_or_percent(unavailable)),
        }),
    }
}
