//! A Rollout in the place of the Deployment.

use super::super::meta::{Lowering, pod_name};
use super::super::pod::{Maker, template};
use super::super::route::route_name;
use super::super::workload::{fixed_replicas, int_or_percent};
use super::object;
use crate::kube::argo_rollouts::{
    Analysis, AnalysisTemplate, BlueGreen, Canary, NEW_PODS, Pause, Rollout as Object_, RolloutSpec, Split as Dividing,
    Step, Strategy, TrafficRouting,
};
use crate::kube::{Object, Phase};
use crate::model::{Bound, Component, Plan, Pod, Progressive, Rollout, Split, Success};
use crate::observe;
use crate::spec::Promotion;

pub(super) fn rollout(
    cx: &Lowering<'_>,
    component: &Component,
    pod: &Pod,
    replicas: u32,
    rollout: &Rollout,
    progressive: &Progressive,
) -> Vec<Object> {
    let name = pod_name(component);
    let spec = RolloutSpec {
        replicas: fixed_replicas(component, replicas),
        revision_history_limit: rollout.history,
        progress_deadline_seconds: rollout.deadline,
        strategy: strategy(cx, component, progressive),
        selector: cx.selector(name),
        template: template(cx, component, name, pod, Maker::Rollout),
    };
    let rollout = object(component, &Object_::new(cx.component_meta(component, &component.name), spec));
    progressive.success().map(|success| analysis(cx, component, success)).into_iter().chain([rollout]).collect()
}

fn strategy(cx: &Lowering<'_>, component: &Component, progressive: &Progressive) -> Strategy {
    let second = format!("{}-{}", component.name, progressive.service_suffix());
    match &progressive.plan {
        Plan::Canary { steps, pause, success, split } => Strategy::Canary(Canary {
            split: match split {
                Split::Weights => Dividing::Weights {
                    stable_service: component.name.clone(),
                    canary_service: second,
                    traffic_routing: TrafficRouting::http_routes(
                        cx.namespace(),
                        component.routes.iter().map(|route| route_name(component, route)),
                    ),
                },
                Split::Replicas => Dividing::Replicas {
                    max_surge: int_or_percent(progressive.surge),
                    max_unavailable: int_or_percent(progressive.unavailable),
                },
            },
            steps: Plan::partial(steps)
                .flat_map(|step| step_of(cx, component, step, *pause, success.as_ref()))
                .collect(),
        }),
        Plan::BlueGreen { promote, preview, keep } => Strategy::BlueGreen(BlueGreen {
            active_service: component.name.clone(),
            preview_service: second,
            auto_promotion_enabled: *promote == Promotion::Auto,
            preview_replica_count: *preview,
            scale_down_delay_seconds: *keep,
        }),
    }
}

/// A step lasts its time, and then the question is asked.
fn step_of(
    cx: &Lowering<'_>,
    component: &Component,
    step: u32,
    pause: Option<i64>,
    success: Option<&Success>,
) -> Vec<Step> {
    let pause = Pause { duration: pause.map(|seconds| format!("{seconds}s")) };
    let asked = success.map(|success| {
        let query = success_query(cx, component, success);
        Step::Analysis(Analysis::of(analysis_name(component), &query))
    });
    [Step::SetWeight(step), Step::Pause(pause)].into_iter().chain(asked).collect()
}

/// `<component>-success`
fn analysis_name(component: &Component) -> String {
    format!("{}-success", component.name)
}

fn analysis(cx: &Lowering<'_>, component: &Component, success: &Success) -> Object {
    let address = cx.model.target.prometheus.address.clone().unwrap_or_default();
    let comparison = match &success.bound {
        Bound::AtLeast(bound) => format!(">= {bound}"),
        Bound::AtMost(bound) => format!("<= {bound}"),
    };
    let metadata = cx.component_meta(component, &analysis_name(component));
    let query = success_query(cx, component, success);
    let template = AnalysisTemplate::query(metadata, address, query, &comparison);
    Object::new(&template, Phase::Configuration, Some(&component.key))
}

/// `$pods` are those of the new version: both versions bear the name of the component.
fn success_query(cx: &Lowering<'_>, component: &Component, success: &Success) -> String {
    let pods = format!("{}-{NEW_PODS}-[a-z0-9]{{5}}", component.name);
    observe::fill(&success.query, cx.namespace(), Some((&component.name, &pods)))
}
