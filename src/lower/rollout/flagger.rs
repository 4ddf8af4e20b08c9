//! A Canary beside the Deployment: Flagger copies the Deployment to `<name>-primary`, which answers, and makes
//! the Services `<name>-primary` and `<name>-canary`, and the route.
//!
//! It would make the Service of the component's name as well, but only once the primary is ready and its
//! next turn has come. That Service is emitted, just as Flagger would write it, so that there is one from
//! the start, and it is of the type that the author wants.

use super::super::meta::Lowering;
use super::{deployment, object};
use crate::kube::flagger::{
    AutoscalerRef, Canary, CanaryAnalysis, CanaryMetric, CanaryRoute, CanaryService, CanarySpec, CustomMetadata,
    Headers, Match, MetricTemplate, Reference, Rewrite, TemplateRef, ThresholdRange,
};
use crate::kube::gateway::{ParentRef, duration};
use crate::kube::{Object, Phase};
use crate::model::{Bound, Component, MetricSource, Plan, Pod, Progressive, Rollout, Route, Scale, Scaler, Success};
use crate::observe;
use crate::spec::Feature;
use crate::target::Gateway;
use std::collections::BTreeMap;

/// Failed checks that undo a rollout: the first one.
const THRESHOLD: u32 = 1;
/// Over what time Flagger says that it measures.
const MEASURED: &str = "1m";

/// The Deployment has no number of replicas: Flagger takes its pods away when none of them is tried.
pub(super) fn canary(
    cx: &Lowering<'_>,
    component: &Component,
    pod: &Pod,
    rollout: &Rollout,
    progressive: &Progressive,
) -> Vec<Object> {
    let deployment = object(component, &deployment(cx, component, pod, None, rollout));
    let template = progressive.success().map(|success| template(cx, component, success));
    let route = component.weighted_route();
    let gateway = cx.model.target.gateway.as_ref().filter(|_| cx.model.target.has(Feature::GatewayApi));
    let shifted = route.zip(gateway);
    let Some(service) = service(cx, component, shifted) else { return vec![deployment] };
    let spec = CanarySpec {
        provider: if shifted.is_some() { "gatewayapi:v1" } else { "kubernetes" },
        target_ref: Reference { api_version: "apps/v1", kind: "Deployment", name: component.name.clone() },
        autoscaler_ref: component.scale.as_ref().map(|scale| autoscaler(component, scale)),
        progress_deadline_seconds: rollout.deadline,
        service,
        analysis: analysis(component, progressive),
    };
    let canary = object(component, &Canary::new(cx.component_meta(component, &component.name), spec));
    template.into_iter().chain([deployment, canary]).collect()
}

/// Both versions see what is asked of the component as a whole: the queries stay as they are.
fn autoscaler(component: &Component, scale: &Scale) -> AutoscalerRef {
    let (api_version, kind) = match scale.scaler {
        Scaler::Hpa => ("autoscaling/v2", "HorizontalPodAutoscaler"),
        Scaler::Keda => ("keda.sh/v1alpha1", "ScaledObject"),
    };
    let query = |metric: &crate::model::Metric| match &metric.source {
        MetricSource::Prometheus { query, .. } => Some((metric.name.clone(), query.clone())),
        _ => None,
    };
    let primary_scaler_queries: BTreeMap<String, String> = scale.metrics.iter().filter_map(query).collect();
    AutoscalerRef { api_version, kind, name: component.name.clone(), primary_scaler_queries }
}

fn service(cx: &Lowering<'_>, component: &Component, shifted: Option<(&Route, &Gateway)>) -> Option<CanaryService> {
    let port = component.main_port()?;
    let mut labels = cx.component_meta(component, &component.name).labels.unwrap_or_default();
    let mut annotations = component.annotations.clone();
    if let Some(service) = &component.service {
        labels.extend(service.labels.clone());
        labels.extend(cx.standard_labels(component));
        annotations.extend(service.annotations.clone());
    }
    if let Some((route, _)) = shifted {
        annotations.extend(route.annotations.clone());
    }
    Some(CanaryService {
        port: port.port,
        port_name: port.name.clone(),
        target_port: port.name.clone(),
        app_protocol: port.app_protocol.clone(),
        port_discovery: component.ports().len() > 1,
        apex: CustomMetadata { labels, annotations },
        route: shifted.map(|(route, gateway)| canary_route(route, gateway)),
    })
}

fn canary_route(route: &Route, gateway: &Gateway) -> CanaryRoute {
    CanaryRoute {
        gateway_refs: [ParentRef::gateway(&gateway.namespace, &gateway.name, gateway.section.clone())],
        hosts: [route.host.clone()],
        matches: route.paths.iter().map(|path| Match::prefix(path)).collect(),
        timeout: route.timeout.map(duration),
        rewrite: route.rewrite.as_deref().map(Rewrite::prefix),
        headers: (!route.headers.is_empty()).then(|| Headers::set(route.headers.iter().cloned().collect())),
    }
}

/// The last step is the promotion, which Flagger does itself.
fn analysis(component: &Component, progressive: &Progressive) -> CanaryAnalysis {
    match &progressive.plan {
        Plan::Canary { steps, pause, success, .. } => CanaryAnalysis {
            interval: interval(pause.unwrap_or(60)),
            threshold: THRESHOLD,
            iterations: None,
            step_weights: Plan::partial(steps).collect(),
            metrics: success.iter().map(|success| metric(component, success)).collect(),
        },
        Plan::BlueGreen { .. } => CanaryAnalysis {
            interval: interval(60),
            threshold: THRESHOLD,
            iterations: Some(1),
            step_weights: Vec::new(),
            metrics: Vec::new(),
        },
    }
}

/// Flagger's own resource takes minutes and seconds.
fn interval(seconds: i64) -> String {
    if seconds % 60 == 0 { format!("{}m", seconds / 60) } else { format!("{seconds}s") }
}

fn metric(component: &Component, success: &Success) -> CanaryMetric {
    let number = |text: &str| text.parse().unwrap_or_default();
    CanaryMetric {
        name: "success",
        interval: MEASURED,
        template_ref: TemplateRef { name: template_name(component) },
        threshold_range: match &success.bound {
            Bound::AtLeast(bound) => ThresholdRange::Min(number(bound)),
            Bound::AtMost(bound) => ThresholdRange::Max(number(bound)),
        },
    }
}

/// `<component>-success`
fn template_name(component: &Component) -> String {
    format!("{}-success", component.name)
}

fn template(cx: &Lowering<'_>, component: &Component, success: &Success) -> Object {
    let address = cx.model.target.prometheus.address.clone().unwrap_or_default();
    let metadata = cx.component_meta(component, &template_name(component));
    // The new version runs in the Deployment itself, the old one in that of Flagger, `<component>-primary`.
    let pods = format!("{}-[a-z0-9]+-[a-z0-9]{{5}}", component.name);
    let query = observe::fill(&success.query, cx.namespace(), Some((&component.name, &pods)));
    let template = MetricTemplate::query(metadata, address, query);
    Object::new(&template, Phase::Configuration, Some(&component.key))
}
