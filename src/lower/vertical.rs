//! How large pods are: a `VerticalPodAutoscaler`.

use super::container::quantity;
use super::meta::{Lowering, phase};
use super::present;
use super::rollout::tracks;
use super::scaling::runner;
use crate::kube::Object;
use crate::kube::vpa::{self, ResourcePolicy, UpdatePolicy, VerticalPodAutoscaler, VerticalPodAutoscalerSpec};
use crate::model::{Amounts, Component, ContainerPolicy, Vertical};
use crate::spec::VerticalMode;
use k8s_openapi::api::autoscaling::v1::CrossVersionObjectReference;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use std::collections::BTreeMap;

pub(super) fn vertical(cx: &Lowering<'_>, component: &Component) -> Vec<Object> {
    let (Some(vertical), Some((api_version, kind))) = (&component.vertical, runner(component)) else {
        return Vec::new();
    };
    let of = |name: String| {
        let metadata = cx.component_meta(component, &name);
        let spec = spec(component, vertical, api_version, kind, name);
        Object::new(&VerticalPodAutoscaler::new(metadata, spec), phase(component), Some(&component.key))
    };
    names(component).into_iter().map(of).collect()
}

/// What runs the pods: of each version where they have workloads of their own. Flagger's primary is the one
/// that has pods all the time.
fn names(component: &Component) -> Vec<String> {
    let versions: Vec<String> = tracks(component).into_iter().map(|track| track.name).collect();
    match versions.is_empty() {
        true if component.is_by_flagger() => vec![format!("{}-primary", component.name)],
        true => vec![component.name.clone()],
        false => versions,
    }
}

fn spec(
    component: &Component,
    vertical: &Vertical,
    api_version: &str,
    kind: &str,
    name: String,
) -> VerticalPodAutoscalerSpec {
    VerticalPodAutoscalerSpec {
        target_ref: CrossVersionObjectReference { api_version: Some(api_version.into()), kind: kind.into(), name },
        update_policy: UpdatePolicy {
            update_mode: update_mode(vertical.mode),
            min_replicas: least_pods(component, vertical.mode),
        },
        resource_policy: ResourcePolicy {
            container_policies: vertical.policies.iter().map(|one| policy(component, vertical, one)).collect(),
        },
    }
}

/// `Auto` is deprecated, and was another word for `Recreate`.
fn update_mode(mode: VerticalMode) -> &'static str {
    match mode {
        VerticalMode::Recommend => "Off",
        VerticalMode::Initial => "Initial",
        VerticalMode::Recreate => "Recreate",
        VerticalMode::InPlace => "InPlaceOrRecreate",
    }
}

/// The updater leaves a lone pod alone unless it is told that one is enough.
fn least_pods(component: &Component, mode: VerticalMode) -> Option<i32> {
    let replaces = matches!(mode, VerticalMode::Recreate | VerticalMode::InPlace);
    let written = || component.workload().map_or(1, |workload| workload.controller.replicas());
    let always = component.scale.as_ref().map_or_else(written, |scale| scale.min);
    (replaces && always < 2).then_some(1)
}

/// With a GPU limits stay as they are: a server's memory is sized by its model.
fn policy(component: &Component, vertical: &Vertical, policy: &ContainerPolicy) -> vpa::ContainerPolicy {
    let has_gpu = component.workload().is_some_and(|workload| workload.pod.gpu.is_some());
    let values = if has_gpu { "RequestsOnly" } else { "RequestsAndLimits" };
    vpa::ContainerPolicy {
        container_name: policy.container.clone().unwrap_or_else(|| "*".into()),
        mode: if policy.on { "Auto" } else { "Off" },
        min_allowed: amounts(&policy.min),
        max_allowed: amounts(&policy.max),
        controlled_resources: policy.on.then(|| vertical.resources.clone()),
        controlled_values: policy.on.then_some(values),
    }
}

fn amounts(amounts: &Amounts) -> Option<BTreeMap<String, Quantity>> {
    present(amounts.iter().map(|(name, amount)| (name.clone(), quantity(*amount))).collect())
}

#[cfg(test)]
mod tests {
    use super::vertical;
    use crate::lower::fixture::{assert_facts, names, part, quantity};
    use crate::lower::sample::model;
    use crate::model::{Amounts, ContainerPolicy, Model, Vertical};
    use crate::spec::VerticalMode;

    fn edited(mode: VerticalMode, edit: impl FnOnce(&mut Model)) -> Model {
        let mut model = model();
        let max = Amounts::from([("memory".into(), quantity("2Gi"))]);
        let policies = vec![
            ContainerPolicy { container: Some("proxy".into()), on: false, min: Amounts::new(), max: Amounts::new() },
            ContainerPolicy { container: None, on: true, min: Amounts::new(), max },
        ];
        model.components["api"].vertical = Some(Vertical { mode, resources: vec!["memory"], policies });
        edit(&mut model);
        model
    }

    #[test]
    fn bounds_are_policies_of_containers() {
        let objects = part(&edited(VerticalMode::InPlace, |_| ()), vertical, "api");
        assert_eq!(names(&objects), ["VerticalPodAutoscaler api"]);
        assert_facts(
            &objects[0],
            r#"
            /apiVersion = "autoscaling.k8s.io/v1"
            /spec/targetRef = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "api"}
            /spec/updatePolicy = {"updateMode": "InPlaceOrRecreate"}
            /spec/resourcePolicy/containerPolicies/0 = {"containerName": "proxy", "mode": "Off"}
            /spec/resourcePolicy/containerPolicies/1 = {"containerName": "*", "mode": "Auto", "maxAllowed": {"memory": "2Gi"}, "controlledResources": ["memory"], "controlledValues": "RequestsAndLimits"}
            "#,
        );
    }

    #[test]
    fn a_lone_pod_may_be_replaced_where_that_is_asked_for() {
        let lone = |mode| edited(mode, |model| model.components["api"].scale.as_mut().unwrap().min = 1);
        let object = |model: &Model| part(model, vertical, "api").remove(0);
        assert_facts(
            &object(&lone(VerticalMode::Recreate)),
            r#"/spec/updatePolicy = {"updateMode": "Recreate", "minReplicas": 1}"#,
        );
        assert_facts(&object(&lone(VerticalMode::Recommend)), r#"/spec/updatePolicy = {"updateMode": "Off"}"#);
        assert_facts(&object(&lone(VerticalMode::Initial)), r#"/spec/updatePolicy = {"updateMode": "Initial"}"#);
    }
}
