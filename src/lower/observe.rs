//! What watches: rules of Prometheus and dashboards of Grafana.

use super::meta::{Lowering, phase};
use crate::kube::grafana::GrafanaDashboard;
use crate::kube::prometheus::{AlertingRule, PrometheusRule};
use crate::kube::{Object, Phase};
use crate::model::{Alert, Component, Dashboard};
use crate::observe::{DashboardContext, json, operand};
use crate::spec::{Duration, Feature};
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use std::collections::BTreeMap;

/// The label by which Grafana's sidecar finds dashboards.
const DASHBOARD_LABEL: &str = "grafana_dashboard";
/// The annotation with the folder, where the sidecar is told to look at it.
const FOLDER: &str = "grafana_folder";

/// The alerts of a component: one group, named for it.
pub(super) fn alerts(cx: &Lowering<'_>, component: &Component) -> Vec<Object> {
    if component.alerts.is_empty() || !cx.model.target.has(Feature::PrometheusOperator) {
        return Vec::new();
    }
    let mut metadata = cx.component_meta(component, &component.name);
    metadata.labels.get_or_insert_default().extend(cx.model.target.prometheus.labels.clone());
    let rules = component.alerts.iter().map(|alert| rule(cx, component, alert)).collect();
    let group = format!("{}.{}", cx.model.system, component.name);
    vec![Object::new(&PrometheusRule::new(metadata, group, rules), phase(component), Some(&component.key))]
}

/// A query may lose all labels, so the alert says itself where it comes from.
fn rule(cx: &Lowering<'_>, component: &Component, alert: &Alert) -> AlertingRule {
    let labels = BTreeMap::from([
        ("severity", alert.severity.text().to_owned()),
        ("namespace", cx.namespace().to_owned()),
        ("system", cx.model.system.clone()),
        ("component", component.name.clone()),
    ]);
    let sign = if alert.above { '>' } else { '<' };
    AlertingRule {
        alert: format!("{}{}", pascal(&component.name), pascal(&alert.key)),
        expr: format!("{} {sign} {}", operand(&alert.query), alert.threshold),
        lasts: (alert.lasts > 0).then(|| Duration(alert.lasts).to_string()),
        labels,
        annotations: BTreeMap::from([("summary", alert.summary.clone())]),
    }
}

/// `api-errors` is `ApiErrors`.
fn pascal(name: &str) -> String {
    let word = |word: &str| {
        let mut rest = word.chars();
        rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
    };
    name.split(['-', '.']).map(word).collect()
}

/// The dashboard of a component.
pub(super) fn dashboard(cx: &Lowering<'_>, component: &Component) -> Vec<Object> {
    let Some(dashboard) = &component.dashboard else { return Vec::new() };
    let metadata = cx.component_meta(component, &dashboard.name);
    shown(cx, dashboard, metadata, phase(component), Some(&component.key)).into_iter().collect()
}

/// The dashboards of the system.
pub(super) fn dashboards(cx: &Lowering<'_>) -> Vec<Object> {
    let one = |dashboard: &Dashboard| shown(cx, dashboard, cx.system_meta(&dashboard.name), Phase::Configuration, None);
    cx.model.dashboards.iter().filter_map(one).collect()
}

/// For Grafana's operator where the target has it, else for its sidecar.
fn shown(
    cx: &Lowering<'_>,
    dashboard: &Dashboard,
    mut metadata: ObjectMeta,
    phase: Phase,
    component: Option<&str>,
) -> Option<Object> {
    let target = &cx.model.target;
    let of = DashboardContext { system: &cx.model.system, environment: &cx.model.environment };
    let json = json(dashboard, of);
    if target.has(Feature::GrafanaOperator) {
        let instances =
            LabelSelector { match_labels: Some(target.grafana.instance.clone()), ..LabelSelector::default() };
        let folder = target.grafana.folder.clone();
        return Some(Object::new(&GrafanaDashboard::new(metadata, instances, folder, json), phase, component));
    }
    if !target.has(Feature::GrafanaSidecar) {
        return None;
    }
    metadata.labels.get_or_insert_default().insert(DASHBOARD_LABEL.into(), "1".into());
    if let Some(folder) = &target.grafana.folder {
        metadata.annotations.get_or_insert_default().insert(FOLDER.into(), folder.clone());
    }
    // The sidecar puts the files of all namespaces into one folder.
    let file = format!("{}-{}.json", cx.namespace(), dashboard.name);
    let map = ConfigMap { metadata, data: Some(BTreeMap::from([(file, json)])), ..ConfigMap::default() };
    Some(Object::new(&map, phase, component))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_are_called_by_component_and_name() {
        assert_eq!(pascal("health-api") + &pascal("gpu-idle"), "HealthApiGpuIdle");
    }
}
