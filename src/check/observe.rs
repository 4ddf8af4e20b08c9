//! Alerts and dashboards: somebody reads them, and each can be told from the others.

use super::risk;
use crate::diagnostic::{code, listed};
use crate::document::{Finding, Findings, Path, at};
use crate::model::{Dashboard, Model};
use crate::observe::{DashboardContext, json};
use crate::spec::Feature;
use std::collections::BTreeMap;

/// The most bytes that the data of a ConfigMap may have.
const CONFIG_MAP: usize = 1 << 20;

/// Alerts reach Prometheus through its operator. One finding for all of them.
pub(super) fn somebody_reads_the_alerts(model: &Model, findings: &mut Findings<'_>) {
    if model.target.has(Feature::PrometheusOperator) {
        return;
    }
    let watched = || model.components.values().filter(|component| !component.alerts.is_empty());
    let Some(first) = watched().next() else { return };
    let keys = listed(watched().map(|component| component.key.as_str()));
    findings.push(
        Finding::judged(
            risk(model),
            code::FEATURE_MISSING,
            at!["components", first.key, "alerts"],
            format!("the alerts of {keys} need `prometheus-operator`"),
        )
        .label("nobody would be told")
        .on_key()
        .also(at!["environment", "target", "features"], "`prometheus-operator` is not among the features")
        .reason("without it there is no object through which rules reach Prometheus")
        .help("add the feature if the cluster has it, or write `overrides: {all: {alerts: false}}` here"),
    );
}

/// Dashboards reach Grafana through its sidecar or operator. One note for all of them.
pub(super) fn somebody_shows_the_dashboards(model: &Model, findings: &mut Findings<'_>) {
    if model.target.has(Feature::GrafanaSidecar) || model.target.has(Feature::GrafanaOperator) {
        return;
    }
    let all = dashboards(model);
    let Some((first, _)) = all.first() else { return };
    let what = match all.len() {
        1 => "a dashboard is".to_owned(),
        more => format!("{more} dashboards are"),
    };
    findings.push(
        Finding::note(code::DASHBOARD_UNSEEN, first.clone(), format!("{what} not emitted: nothing here shows them"))
            .label("not emitted")
            .on_key()
            .also(
                at!["environment", "target", "features"],
                "neither `grafana-sidecar` nor `grafana-operator` is among the features",
            )
            .help("add `grafana-sidecar` or `grafana-operator` to `target.features` if the cluster has it"),
    );
}

/// Source: the provisioning of Grafana refuses two dashboards of one title in one folder.
pub(super) fn dashboard_titles_are_unique(model: &Model, findings: &mut Findings<'_>) {
    let mut known: BTreeMap<&str, Path> = BTreeMap::new();
    for (place, dashboard) in dashboards(model) {
        let Some(first) = known.get(dashboard.title.as_str()) else {
            known.insert(&dashboard.title, place);
            continue;
        };
        findings.push(
            Finding::error(code::DASHBOARD_TITLE, place, format!("two dashboards are called `{}`", dashboard.title))
                .label("the second one")
                .on_key()
                .also(first.clone(), "the first one")
                .reason("Grafana takes one dashboard of a title in a folder")
                .help("give one of them another `title`"),
        );
    }
}

/// A dashboard shows something.
pub(super) fn dashboards_have_panels(model: &Model, findings: &mut Findings<'_>) {
    for (place, dashboard) in dashboards(model) {
        // Panels that are written and not here were refused one by one.
        let written = place.join("panels").locate(findings.root());
        let refused = written.exact && written.node.as_map().is_some_and(|panels| !panels.is_empty());
        if refused || !dashboard.panels.is_empty() {
            continue;
        }
        findings.push(
            Finding::error(code::NOTHING_TO_WATCH, place, format!("the dashboard `{}` has no panel", dashboard.title))
                .label("shows nothing")
                .on_key()
                .help("write `panels:`, or take the dashboard away"),
        );
    }
}

/// Source: `ValidateConfigMap` of Kubernetes; the object of the operator lies in the same store.
pub(super) fn dashboards_fit_one_object(model: &Model, findings: &mut Findings<'_>) {
    let of = DashboardContext { system: &model.system, environment: &model.environment };
    for (place, dashboard) in dashboards(model) {
        let bytes = json(dashboard, of).len();
        if bytes <= CONFIG_MAP {
            continue;
        }
        findings.push(
            Finding::error(
                code::CONFIG_TOO_LARGE,
                place,
                format!("the dashboard `{}` would have {bytes} bytes in one object", dashboard.title),
            )
            .label(format!("{} bytes over the limit", bytes - CONFIG_MAP))
            .on_key()
            .reason("the data of a ConfigMap have at most 1048576 bytes")
            .help("make two dashboards of it"),
        );
    }
}

/// All dashboards with their places: those of components, then those of the system.
fn dashboards(model: &Model) -> Vec<(Path, &Dashboard)> {
    let own = model
        .components
        .values()
        .filter_map(|component| Some((at!["components", component.key, "dashboard"], component.dashboard.as_ref()?)));
    own.chain(model.dashboards.iter().map(|dashboard| (at!["dashboards", dashboard.key], dashboard))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{api, law, second};
    use super::*;
    use crate::diagnostic::Severity;
    use crate::model::{Alert, Line, Panel};
    use crate::spec::{AlertSeverity, Tier};

    fn alert() -> Alert {
        Alert {
            key: "errors".into(),
            query: "x".into(),
            above: true,
            threshold: "1".into(),
            lasts: 300,
            severity: AlertSeverity::Warning,
            summary: "s".into(),
        }
    }

    fn dashboard(title: &str, query: String) -> Dashboard {
        let lines = vec![Line { query, legend: None }];
        let panels = vec![Panel { title: "p".into(), unit: None, lines }];
        Dashboard { name: "api-dashboard".into(), key: "api".into(), title: title.into(), panels }
    }

    #[test]
    fn alerts_need_the_operator() {
        let found = |tier| {
            law(somebody_reads_the_alerts).with(move |model| {
                model.tier = tier;
                model.target.features.remove(&Feature::PrometheusOperator);
                api(model).alerts.push(alert());
            })
        };
        let weight = |tier| found(tier).breaks(code::FEATURE_MISSING, "components.api.alerts").severity;
        assert_eq!((weight(Tier::Production), weight(Tier::Staging)), (Severity::Error, Severity::Warning));
        law(somebody_reads_the_alerts).with(|model| api(model).alerts.push(alert())).keeps();
    }

    #[test]
    fn one_note_says_that_no_dashboard_is_shown() {
        let with = |features: &'static [Feature]| {
            law(somebody_shows_the_dashboards).with(move |model| {
                model.target.features = features.iter().copied().collect();
                api(model).dashboard = Some(dashboard("a", "x".into()));
                model.dashboards.push(dashboard("b", "x".into()));
            })
        };
        let found = with(&[]).breaks(code::DASHBOARD_UNSEEN, "components.api.dashboard");
        assert_eq!(found.message, "2 dashboards are not emitted: nothing here shows them");
        with(&[Feature::GrafanaSidecar]).keeps();
        with(&[Feature::GrafanaOperator]).keeps();
    }

    #[test]
    fn titles_are_unique_and_panels_there() {
        let called = |title: &'static str| {
            law(dashboard_titles_are_unique).with(move |model| {
                api(model).dashboard = Some(dashboard("a", "x".into()));
                second(model, "web").dashboard = Some(dashboard(title, "x".into()));
            })
        };
        called("a").breaks(code::DASHBOARD_TITLE, "components.web.dashboard");
        called("b").keeps();
        law(dashboards_have_panels)
            .with(|model| model.dashboards.push(Dashboard { panels: Vec::new(), ..dashboard("a", String::new()) }))
            .breaks(code::NOTHING_TO_WATCH, "dashboards.api");
    }

    #[test]
    fn a_dashboard_fits_one_object() {
        let of = |length| {
            law(dashboards_fit_one_object)
                .with(move |model| api(model).dashboard = Some(dashboard("a", "x".repeat(length))))
        };
        of(1 << 20).breaks(code::CONFIG_TOO_LARGE, "components.api.dashboard");
        of(1 << 19).keeps();
    }
}
