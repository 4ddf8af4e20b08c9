//! Who decides how many replicas: a `HorizontalPodAutoscaler`, or a `ScaledObject` of KEDA where some metric
//! needs it. Never both.

mod queue;

use super::container::quantity;
use super::meta::{Lowering, phase};
use super::present;
use super::rollout::{Track, answering, tracks};
use crate::kube::keda::{
    Advanced, AutoscalerConfig, Fallback, ScaleTargetRef, ScaledObject, ScaledObjectSpec, Trigger,
};
use crate::kube::{Object, argo_rollouts};
use crate::model::{
    Behaviour, Body, Component, Controller, DescribedObject, Driver, Goal, Metric, MetricSource, Progressive, Queried,
    Scale, Scaler, UtilisedResource,
};
use crate::spec::Select;
use crate::target::{Gate, Target};
use k8s_openapi::api::autoscaling::v2 as hpa;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use std::collections::BTreeMap;

/// How often KEDA looks, in seconds.
const POLLING: i32 = 30;
/// How long KEDA waits before the last replica goes, in seconds, unless the way down has a window.
const COOLDOWN: i32 = 300;
/// How often in a row a metric may fail before the fallback holds.
const FAILURES: i32 = 3;

pub(super) use queue::authentication;

pub(super) fn scaler(cx: &Lowering<'_>, component: &Component) -> Vec<Object> {
    let (phase, key) = (phase(component), Some(component.key.as_str()));
    let of_target = |target: Scaled| {
        let metadata = cx.component_meta(component, &target.name);
        match target.scale.scaler {
            Scaler::Hpa => Object::new(&autoscaler(cx, metadata, &target), phase, key),
            Scaler::Keda => Object::new(&scaled_object(cx, metadata, component, &target), phase, key),
        }
    };
    scaled(component).into_iter().map(of_target).collect()
}

/// What is scaled, and how.
struct Scaled {
    api_version: &'static str,
    kind: &'static str,
    name: String,
    scale: Scale,
}

/// What runs the pods, for each version where they have workloads of their own; what runs to completion and
/// what an operator runs is not scaled.
fn scaled(component: &Component) -> Vec<Scaled> {
    let (Some(scale), Some((api_version, kind))) = (&component.scale, runner(component)) else { return Vec::new() };
    if !matches!(kind, "Deployment" | "StatefulSet" | "Rollout" | "LeaderWorkerSet") {
        return Vec::new();
    }
    let of_track = |track: Track<'_>| Some(Scaled { api_version, kind, scale: track.scale?, name: track.name });
    match component.progressive().and_then(Progressive::versions) {
        Some(_) => tracks(component).into_iter().filter_map(of_track).collect(),
        None => vec![Scaled { api_version, kind, name: component.name.clone(), scale: scale.clone() }],
    }
}

fn autoscaler(cx: &Lowering<'_>, metadata: ObjectMeta, target: &Scaled) -> hpa::HorizontalPodAutoscaler {
    let scale = &target.scale;
    let spec = hpa::HorizontalPodAutoscalerSpec {
        scale_target_ref: hpa::CrossVersionObjectReference {
            api_version: Some(target.api_version.into()),
            kind: target.kind.into(),
            name: target.name.clone(),
        },
        min_replicas: Some(number(scale.min)),
        max_replicas: number(scale.max),
        metrics: Some(scale.metrics.iter().filter_map(|metric| metric_spec(cx, metric)).collect()),
        behavior: behaviour(scale, &cx.model.target),
    };
    hpa::HorizontalPodAutoscaler { metadata, spec: Some(spec), status: None }
}

fn number(replicas: u32) -> i32 {
    i32::try_from(replicas).unwrap_or(i32::MAX)
}

/// What a plain autoscaler reads; queries, queues and the clock belong to KEDA.
fn metric_spec(cx: &Lowering<'_>, metric: &Metric) -> Option<hpa::MetricSpec> {
    match &metric.source {
        MetricSource::Utilisation { resource, percent, container } => {
            Some(utilisation(*resource, *percent, container.clone()))
        }
        MetricSource::Pods { metric, average } => {
            let pods = hpa::PodsMetricSource { metric: named(metric), target: target(Goal::Average(*average)) };
            Some(hpa::MetricSpec { type_: "Pods".into(), pods: Some(pods), ..hpa::MetricSpec::default() })
        }
        MetricSource::Object { of, metric, goal } => {
            let described_object = described(cx, of)?;
            let object = hpa::ObjectMetricSource { described_object, metric: named(metric), target: target(*goal) };
            Some(hpa::MetricSpec { type_: "Object".into(), object: Some(object), ..hpa::MetricSpec::default() })
        }
        MetricSource::External { metric, labels, goal } => {
            let selector = present(labels.clone())
                .map(|labels| LabelSelector { match_labels: Some(labels), ..LabelSelector::default() });
            let metric = hpa::MetricIdentifier { name: metric.clone(), selector };
            let external = hpa::ExternalMetricSource { metric, target: target(*goal) };
            Some(hpa::MetricSpec { type_: "External".into(), external: Some(external), ..hpa::MetricSpec::default() })
        }
        MetricSource::Prometheus { .. }
        | MetricSource::RedisStream { .. }
        | MetricSource::RedisList { .. }
        | MetricSource::Cron { .. } => None,
    }
}

/// Use of the whole pod, or of one container of it.
fn utilisation(resource: UtilisedResource, percent: i32, container: Option<String>) -> hpa::MetricSpec {
    let name = resource_name(resource).to_owned();
    let target = hpa::MetricTarget {
        type_: "Utilization".into(),
        average_utilization: Some(percent),
        ..hpa::MetricTarget::default()
    };
    match container {
        Some(container) => hpa::MetricSpec {
            type_: "ContainerResource".into(),
            container_resource: Some(hpa::ContainerResourceMetricSource { container, name, target }),
            ..hpa::MetricSpec::default()
        },
        None => hpa::MetricSpec {
            type_: "Resource".into(),
            resource: Some(hpa::ResourceMetricSource { name, target }),
            ..hpa::MetricSpec::default()
        },
    }
}

fn named(metric: &str) -> hpa::MetricIdentifier {
    hpa::MetricIdentifier { name: metric.to_owned(), selector: None }
}

fn target(goal: Goal) -> hpa::MetricTarget {
    let (type_, average_value, value) = match goal {
        Goal::Average(average) => ("AverageValue", Some(quantity(average)), None),
        Goal::Value(value) => ("Value", None, Some(quantity(value))),
    };
    hpa::MetricTarget { type_: type_.into(), average_value, value, average_utilization: None }
}

fn described(cx: &Lowering<'_>, object: &DescribedObject) -> Option<hpa::CrossVersionObjectReference> {
    let (api_version, kind, name) = match object {
        DescribedObject::Component(key) => {
            let component = cx.model.component(key)?;
            let (api_version, kind) = runner(component)?;
            (api_version.to_owned(), kind.to_owned(), run_by(component))
        }
        DescribedObject::Service(name) => ("v1".into(), "Service".into(), name.clone()),
        DescribedObject::Other { api_version, kind, name } => (api_version.clone(), kind.clone(), name.clone()),
    };
    Some(hpa::CrossVersionObjectReference { api_version: Some(api_version), kind, name })
}

/// The API version and kind of what runs the pods of a component, where it has pods.
pub(super) fn runner(component: &Component) -> Option<(&'static str, &'static str)> {
    Some(match &component.body {
        Body::External(_) => return None,
        Body::Cluster(_) => ("postgresql.cnpg.io/v1", "Cluster"),
        Body::Workload(workload) => match workload.controller {
            Controller::Deployment { .. } if is_by_argo_rollouts(component) => (argo_rollouts::API_VERSION, "Rollout"),
            Controller::Deployment { .. } => ("apps/v1", "Deployment"),
            Controller::StatefulSet { .. } => ("apps/v1", "StatefulSet"),
            Controller::LeaderWorkerSet { .. } => ("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet"),
            Controller::Job(_) => ("batch/v1", "Job"),
            Controller::JobSet(_) => ("jobset.x-k8s.io/v1alpha2", "JobSet"),
            Controller::CronJob { .. } => ("batch/v1", "CronJob"),
        },
    })
}

fn is_by_argo_rollouts(component: &Component) -> bool {
    component.progressive().is_some_and(|progressive| progressive.driver == Driver::ArgoRollouts)
}

/// The name of what runs the pods that answer.
pub(super) fn run_by(component: &Component) -> String {
    match component.progressive().and_then(Progressive::versions) {
        Some(versions) => format!("{}-{}", component.name, answering(versions)),
        None => component.name.clone(),
    }
}

fn resource_name(resource: UtilisedResource) -> &'static str {
    match resource {
        UtilisedResource::Cpu => "cpu",
        UtilisedResource::Memory => "memory",
    }
}

/// The paces that are written; Kubernetes' own hold in the other direction.
fn behaviour(scale: &Scale, target: &Target) -> Option<hpa::HorizontalPodAutoscalerBehavior> {
    let rules = |pace: &Option<Behaviour>| pace.as_ref().map(|pace| scaling_rules(pace, target));
    let (scale_up, scale_down) = (rules(&scale.up), rules(&scale.down));
    (scale_up.is_some() || scale_down.is_some())
        .then_some(hpa::HorizontalPodAutoscalerBehavior { scale_up, scale_down })
}

fn scaling_rules(pace: &Behaviour, target: &Target) -> hpa::HPAScalingRules {
    let policy = |kind: &str, (value, period_seconds): (i32, i32)| hpa::HPAScalingPolicy {
        type_: kind.into(),
        value,
        period_seconds,
    };
    let percent = pace.percent.map(|limit| policy("Percent", limit));
    let pods = pace.pods.map(|limit| policy("Pods", limit));
    let policies: Vec<hpa::HPAScalingPolicy> = percent.into_iter().chain(pods).filter(|_| !pace.off).collect();
    let tolerance = pace.tolerance.filter(|_| target.allows(Gate::HpaTolerance));
    hpa::HPAScalingRules {
        stabilization_window_seconds: pace.window,
        select_policy: Some(select(pace).into()),
        policies: present(policies),
        tolerance: tolerance.map(quantity),
    }
}

fn select(pace: &Behaviour) -> &'static str {
    match (pace.off, pace.select) {
        (true, _) => "Disabled",
        (false, Some(Select::Min)) => "Min",
        (false, Some(Select::Max) | None) => "Max",
    }
}

fn scaled_object(cx: &Lowering<'_>, metadata: ObjectMeta, component: &Component, target: &Scaled) -> ScaledObject {
    let scale = &target.scale;
    let behaviour = behaviour(scale, &cx.model.target);
    let window = scale.down.as_ref().and_then(|down| down.window);
    let spec = ScaledObjectSpec {
        scale_target_ref: ScaleTargetRef {
            api_version: target.api_version,
            kind: target.kind,
            name: target.name.clone(),
        },
        polling_interval: POLLING,
        cooldown_period: window.unwrap_or(COOLDOWN),
        min_replica_count: scale.min,
        max_replica_count: scale.max,
        fallback: fallback(scale),
        advanced: behaviour
            .map(|behavior| Advanced { horizontal_pod_autoscaler_config: AutoscalerConfig { behavior } }),
        triggers: scale
            .metrics
            .iter()
            // Flagger finds the triggers of its primary by their names.
            .filter_map(|metric| Some((metric, trigger(cx, metric)?)))
            .map(|(metric, trigger)| trigger.named(component.is_by_flagger().then(|| metric.name.clone())))
            .collect(),
    };
    ScaledObject::new(metadata, spec)
}

/// What holds while a query or queue gives no answer: at least `min`, and no fewer than there are, so that
/// an outage of Prometheus under load takes no replicas away.
fn fallback(scale: &Scale) -> Option<Fallback> {
    let asks = |metric: &Metric| {
        matches!(
            metric.source,
            MetricSource::Prometheus { .. } | MetricSource::RedisStream { .. } | MetricSource::RedisList { .. }
        )
    };
    scale.metrics.iter().any(asks).then_some(Fallback {
        failure_threshold: FAILURES,
        replicas: scale.min,
        behavior: "currentReplicasIfHigher",
    })
}

/// `None` for what only a plain autoscaler reads.
fn trigger(cx: &Lowering<'_>, metric: &Metric) -> Option<Trigger> {
    Some(match &metric.source {
        MetricSource::Utilisation { resource, percent, container } => {
            let container = container.iter().map(|container| ("containerName", container.clone()));
            let metadata = std::iter::once(("value", percent.to_string())).chain(container).collect();
            Trigger::new(resource_name(*resource), Some("Utilization"), metadata)
        }
        MetricSource::Prometheus { query, threshold, activation, of } => {
            let address = cx.model.target.prometheus.address.clone().unwrap_or_default();
            // An empty answer is a failure: counted as zero it would take all replicas away.
            let always = [
                ("serverAddress", address),
                ("query", query.clone()),
                ("threshold", threshold.clone()),
                ("ignoreNullValues", "false".into()),
            ];
            let activation = activation.iter().map(|least| ("activationThreshold", least.clone()));
            let metadata = always.into_iter().chain(activation).collect();
            // A mean is not what one replica takes of a sum.
            let metric_type = if *of == Queried::Mean { "Value" } else { "AverageValue" };
            Trigger::new("prometheus", Some(metric_type), metadata)
        }
        MetricSource::Cron { start, end, timezone, replicas } => {
            let metadata = BTreeMap::from([
                ("start", start.clone()),
                ("end", end.clone()),
                ("timezone", timezone.clone()),
                ("desiredReplicas", replicas.to_string()),
            ]);
            Trigger::new("cron", None, metadata)
        }
        MetricSource::RedisStream { redis, stream, group, lag } => queue::stream(cx, redis, stream, group, *lag),
        MetricSource::RedisList { redis, list, length } => queue::list(cx, redis, list, *length),
        MetricSource::Pods { .. } | MetricSource::Object { .. } | MetricSource::External { .. } => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::scaler;
    use crate::lower::fixture::{assert_facts, lowered, names, part, workload};
    use crate::lower::sample::model;
    use crate::model::{Behaviour, Controller, MetricSource, Model, Quantity, Scale};
    use crate::spec::Select;

    fn edited(component: &str, edit: impl FnOnce(&mut Scale)) -> Model {
        let mut model = model();
        edit(model.components[component].scale.as_mut().unwrap());
        model
    }

    #[test]
    fn cpu_and_memory_are_a_plain_autoscaler() {
        let objects = part(&model(), scaler, "api");
        assert_eq!(names(&objects), ["HorizontalPodAutoscaler api"]);
        assert_facts(
            &objects[0],
            r#"
            /apiVersion = "autoscaling/v2"
            /spec/scaleTargetRef = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "api"}
            /spec/minReplicas = 2
            /spec/maxReplicas = 20
            /spec/metrics/0 = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}}}
            /spec/metrics/1 = {"type": "ContainerResource", "containerResource": {"name": "memory", "container": "api", "target": {"type": "Utilization", "averageUtilization": 80}}}
            /spec/behavior is absent
            /status is absent
            "#,
        );
    }

    #[test]
    fn paces_are_policies() {
        let model = edited("api", |scale| {
            scale.up = Some(Behaviour {
                window: Some(0),
                percent: Some((100, 60)),
                pods: Some((4, 15)),
                select: Some(Select::Min),
                tolerance: Some(Quantity::from_milli(50)),
                off: false,
            });
            scale.down = Some(Behaviour { off: true, percent: Some((10, 60)), ..Behaviour::default() });
        });
        let mut older = model.clone();
        older.target.minor = 34;
        assert_facts(
            &part(&model, scaler, "api")[0],
            r#"
            /spec/behavior/scaleUp/stabilizationWindowSeconds = 0
            /spec/behavior/scaleUp/selectPolicy = "Min"
            /spec/behavior/scaleUp/policies = [{"type": "Percent", "value": 100, "periodSeconds": 60}, {"type": "Pods", "value": 4, "periodSeconds": 15}]
            /spec/behavior/scaleUp/tolerance = "50m"
            /spec/behavior/scaleDown = {"selectPolicy": "Disabled"}
            "#,
        );
        assert_facts(&part(&older, scaler, "api")[0], "/spec/behavior/scaleUp/tolerance is absent");
    }

    #[test]
    fn queries_and_schedules_are_one_scaled_object() {
        let objects = part(&model(), scaler, "codegen");
        assert_eq!(names(&objects), ["ScaledObject codegen"]);
        assert_facts(
            &objects[0],
            r#"
            /apiVersion = "keda.sh/v1alpha1"
            /spec/scaleTargetRef = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "codegen"}
            /spec/minReplicaCount = 1
            /spec/maxReplicaCount = 8
            /spec/pollingInterval = 30
            /spec/cooldownPeriod = 600
            /spec/fallback = {"failureThreshold": 3, "replicas": 1, "behavior": "currentReplicasIfHigher"}
            /spec/advanced/horizontalPodAutoscalerConfig/behavior/scaleUp/policies = [{"type": "Percent", "value": 100, "periodSeconds": 60}]
            /spec/advanced/horizontalPodAutoscalerConfig/behavior/scaleDown/stabilizationWindowSeconds = 600
            /spec/triggers/0 = {"type": "cpu", "metricType": "Utilization", "metadata": {"value": "70", "containerName": "codegen"}}
            /spec/triggers/1/metricType = "AverageValue"
            /spec/triggers/1/metadata/serverAddress = "http://prometheus.monitoring:9090"
            /spec/triggers/1/metadata/threshold = "80"
            /spec/triggers/1/metadata/activationThreshold = "0.5"
            /spec/triggers/1/metadata/ignoreNullValues = "false"
            /spec/triggers/2 = {"type": "cron", "metadata": {"start": "0 8 * * 1-5", "end": "0 20 * * 1-5", "timezone": "Europe/Madrid", "desiredReplicas": "4"}}
            "#,
        );
    }

    #[test]
    fn without_a_query_nothing_falls_back() {
        let model = edited("codegen", |scale| {
            scale.metrics.retain(|metric| !matches!(metric.source, MetricSource::Prometheus { .. }));
            (scale.up, scale.down) = (None, None);
        });
        assert_facts(
            &part(&model, scaler, "codegen")[0],
            "
            /spec/fallback is absent
            /spec/advanced is absent
            /spec/cooldownPeriod = 300
            ",
        );
    }

    #[test]
    fn a_scaler_follows_what_it_scales() {
        let order = names(&lowered(&model()));
        let at = |name: &str| order.iter().position(|known| known == name).unwrap();
        assert!(at("Deployment codegen") < at("ScaledObject codegen"));
        assert!(at("Deployment api") < at("HorizontalPodAutoscaler api"));
    }

    #[test]
    fn the_scaler_names_what_it_scales() {
        let mut model = model();
        workload(&mut model, "api").controller =
            Controller::StatefulSet { replicas: 1, headless: "api-headless".into() };
        assert_facts(&part(&model, scaler, "api")[0], r#"/spec/scaleTargetRef/kind = "StatefulSet""#);
        assert_eq!(names(&part(&model, scaler, "db")), [""; 0]);
    }
}
