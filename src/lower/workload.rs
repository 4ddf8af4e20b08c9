//! What runs the pods: `Deployment` and `StatefulSet` here, what ends in [`super::job`].

use super::group::{Group, leader_worker_set};
use super::job::{component_job, cron_job};
use super::job_set::job_set;
use super::meta::{Lowering, phase, pod_name};
use super::pod::{Maker, template};
use super::present;
use super::rollout;
use super::storage::claim_template;
use crate::kube::Object;
use crate::model::{Component, Controller, NumberOrPercent, Pod};
use k8s_openapi::api::apps::v1 as apps;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

pub(super) fn workload(cx: &Lowering<'_>, component: &Component) -> Vec<Object> {
    let Some(workload) = component.workload() else { return Vec::new() };
    let (phase, key) = (phase(component), Some(component.key.as_str()));
    let pod = &workload.pod;
    vec![match &workload.controller {
        Controller::Deployment { replicas, rollout } => {
            return rollout::objects(cx, component, workload, *replicas, rollout);
        }
        Controller::StatefulSet { replicas, headless } => {
            Object::new(&stateful_set(cx, component, pod, *replicas, headless), phase, key)
        }
        Controller::LeaderWorkerSet { replicas, size, rollout, follower } => {
            let group = Group { replicas: fixed_replicas(component, *replicas), size: *size, rollout, follower };
            Object::new(&leader_worker_set(cx, component, pod, &group), phase, key)
        }
        Controller::Job(job) => Object::new(&component_job(cx, component, job, pod), phase, key),
        Controller::JobSet(set) => Object::new(&job_set(cx, component, set, pod), phase, key),
        Controller::CronJob { job, .. } => {
            Object::new(&cron_job(cx, component, &workload.controller, job, pod), phase, key)
        }
    }]
}

/// `None` where a scaler decides: a number in Git would undo its work at every sync.
pub(super) fn fixed_replicas(component: &Component, replicas: u32) -> Option<i32> {
    component.scale.is_none().then(|| number(replicas))
}

fn number(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

pub(crate) fn int_or_percent(value: NumberOrPercent) -> IntOrString {
    match value {
        NumberOrPercent::Number(count) => IntOrString::Int(number(count)),
        NumberOrPercent::Percent(_) => IntOrString::String(value.to_string()),
    }
}

/// Its pods start together: with one after the other, a server that is ready only with its peers, or a
/// broken version of the first pod, would hold all others back for good. The field cannot change later.
fn stateful_set(
    cx: &Lowering<'_>,
    component: &Component,
    pod: &Pod,
    replicas: u32,
    headless: &str,
) -> apps::StatefulSet {
    let name = pod_name(component);
    let keep = || Some("Retain".to_owned());
    let spec = apps::StatefulSetSpec {
        replicas: fixed_replicas(component, replicas),
        service_name: Some(headless.into()),
        pod_management_policy: Some("Parallel".into()),
        update_strategy: Some(apps::StatefulSetUpdateStrategy {
            type_: Some("RollingUpdate".into()),
            rolling_update: None,
        }),
        persistent_volume_claim_retention_policy: Some(apps::StatefulSetPersistentVolumeClaimRetentionPolicy {
            when_deleted: keep(),
            when_scaled: keep(),
        }),
        selector: cx.selector(name),
        template: template(cx, component, name, pod, Maker::StatefulSet),
        volume_claim_templates: present(pod.volumes.iter().filter_map(claim_template).collect()),
        ..apps::StatefulSetSpec::default()
    };
    apps::StatefulSet { metadata: cx.component_meta(component, &component.name), spec: Some(spec), status: None }
}

#[cfg(test)]
mod tests {
    use crate::lower::fixture::{assert_facts, find, lowered, model, part, scale, workload};
    use crate::model::{Controller, RolloutStrategy};
    use proptest::prelude::*;

    proptest! {
        /// Whatever labels the author writes on the pods, the controller finds them.
        #[test]
        fn a_selector_selects_its_pods(
            labels in prop::collection::btree_map("app.kubernetes.io/(name|part-of|component)|[a-z]{1,5}", "[a-z]{1,5}", 0..4)
        ) {
            let mut model = model();
            workload(&mut model, "api").pod.labels = labels;
            let object = &part(&model, super::workload, "api")[0].json();
            let selector = object.pointer("/spec/selector/matchLabels").and_then(|labels| labels.as_object()).unwrap();
            let pods = object.pointer("/spec/template/metadata/labels").unwrap();
            prop_assert!(selector.iter().all(|(label, value)| pods.get(label) == Some(value)));
        }
    }

    #[test]
    fn a_deployment_rolls_as_the_model_says() {
        let objects = lowered(&model());
        assert_facts(
            find(&objects, "Deployment", "api"),
            r#"
            /apiVersion = "apps/v1"
            /metadata/namespace = "shop-prod"
            /spec/replicas = 2
            /spec/selector/matchLabels = {"app.kubernetes.io/name": "api", "app.kubernetes.io/part-of": "shop"}
            /spec/strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}}
            /spec/progressDeadlineSeconds = 600
            /spec/revisionHistoryLimit = 3
            "#,
        );
    }

    #[test]
    fn recreate_has_no_bounds() {
        let mut model = model();
        if let Controller::Deployment { rollout, .. } = &mut workload(&mut model, "api").controller {
            rollout.strategy = RolloutStrategy::Recreate;
        }
        assert_facts(find(&lowered(&model), "Deployment", "api"), r#"/spec/strategy = {"type": "Recreate"}"#);
    }

    #[test]
    fn what_scales_has_no_replicas() {
        let mut model = model();
        for key in ["api", "cache"] {
            model.components[key].scale = Some(scale(1, 4));
        }
        let objects = lowered(&model);
        assert_facts(find(&objects, "Deployment", "api"), "/spec/replicas is absent");
        assert_facts(find(&objects, "StatefulSet", "cache"), "/spec/replicas is absent");
    }

    #[test]
    fn a_stateful_set_keeps_its_claims() {
        let objects = lowered(&model());
        assert_facts(
            find(&objects, "StatefulSet", "cache"),
            r#"
            /spec/replicas = 3
            /spec/serviceName = "cache-headless"
            /spec/podManagementPolicy = "Parallel"
            /spec/updateStrategy = {"type": "RollingUpdate"}
            /spec/persistentVolumeClaimRetentionPolicy = {"whenDeleted": "Retain", "whenScaled": "Retain"}
            /spec/volumeClaimTemplates/0/apiVersion = "v1"
            /spec/volumeClaimTemplates/0/kind = "PersistentVolumeClaim"
            /spec/volumeClaimTemplates/0/metadata = {"name": "data"}
            /spec/volumeClaimTemplates/0/spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}}, "storageClassName": "gp3"}
            "#,
        );
    }
}
