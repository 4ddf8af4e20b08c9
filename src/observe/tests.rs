//! Presets over components that have everything, and the dashboard that they give.

use super::*;
use crate::lower::fixture::model;
use crate::model::{Dashboard, Line, Model, Panel};
use crate::runtime;
use crate::spec::{AlertPreset, Feature, PanelPreset, Runtime};
use proptest::prelude::*;
use serde_json::Value;

fn subject<'m>(model: &'m Model, key: &str) -> Subject<'m> {
    let server = (key == "api").then(|| runtime::server(Runtime::TensorflowServing));
    Subject { component: &model.components[key], server, target: &model.target, namespace: &model.namespace.name }
}

/// Every alert and panel that some component of the model has.
fn queries(model: &Model) -> Vec<String> {
    let keys = model.components.keys();
    keys.flat_map(|key| {
        let subject = subject(model, key);
        let alerts = AlertPreset::ALL.iter().filter_map(|preset| Some(alert(*preset, &subject).ok()?.query));
        let panels = PanelPreset::ALL.iter().filter_map(|preset| panel(*preset, &subject).ok());
        let lines = panels.flat_map(|panel| panel.lines.into_iter().map(|line| line.query).chain([panel.whole]));
        alerts.chain(lines).collect::<Vec<_>>()
    })
    .collect()
}

#[test]
fn every_series_is_that_of_the_namespace() {
    let model = model();
    let queries = queries(&model);
    assert!(queries.len() > 20, "{queries:#?}");
    for query in queries {
        let selectors = query.matches('{').count() - query.matches("{5}").count();
        assert_eq!(query.matches("namespace=\"shop-prod\"").count(), selectors, "{query}");
        assert!(!query.contains("$namespace") && !query.contains("$component") && !query.contains("$pods"), "{query}");
    }
}

#[test]
fn labels_of_gpus_follow_the_scrape() {
    let mut model = model();
    model.target.features.insert(Feature::Dcgm);
    let of = |model: &Model| alert(AlertPreset::GpuIdle, &subject(model, "api")).map(|alert| alert.query);
    assert!(of(&model).is_err());
    crate::lower::fixture::workload(&mut model, "api").pod.gpu = Some(crate::model::Gpu {
        count: 1,
        resource: "nvidia.com/gpu".into(),
        form: crate::model::GpuForm::Whole,
        product: None,
        label: "nvidia.com/gpu.product".into(),
        memory: None,
        nodes: 1,
        pool: None,
    });
    assert!(of(&model).unwrap().contains("exported_namespace=\"shop-prod\",exported_pod=~\"api-"));
    model.target.prometheus.honor_labels = true;
    assert!(of(&model).unwrap().contains("{namespace=\"shop-prod\",pod=~\"api-"));
}

#[test]
fn what_is_missing_says_so() {
    let model = model();
    let why = |preset, key| alert(preset, &subject(&model, key)).map(|alert| alert.query).unwrap_err();
    assert_eq!(why(AlertPreset::Down, "nightly"), "it runs to completion");
    assert_eq!(why(AlertPreset::Failed, "api"), "it is no job");
    assert_eq!(why(AlertPreset::Ceiling, "cache"), "it has no `scale`");
    assert_eq!(why(AlertPreset::Backup, "db"), "it has no `backup`");
    assert_eq!(why(AlertPreset::ReplicationLag, "api"), "it is no database that an operator runs");
}

fn dashboard(panels: Vec<Panel>) -> Value {
    let dashboard = Dashboard { name: "api-dashboard".into(), key: "api".into(), title: "t \u{2028}".into(), panels };
    let text = json(&dashboard, DashboardContext { system: "shop", environment: "prod" });
    assert!(text.ends_with("}\n") && !text.contains('\u{2028}') && !text.lines().any(|line| line.ends_with(' ')));
    serde_json::from_str(&text).expect("a dashboard is JSON")
}

proptest! {
    /// Whatever is written, panels have numbers of their own and do not lie on each other, and what is written is
    /// read back.
    #[test]
    fn panels_do_not_overlap(queries in proptest::collection::vec(".*", 0..30)) {
        let line = |query: &String| Line { query: query.clone(), legend: None };
        let panels = queries.iter().map(|query| Panel { title: query.clone(), unit: None, lines: vec![line(query)] });
        let read = dashboard(panels.collect());
        let read = read["panels"].as_array().unwrap();
        let mut cells = std::collections::BTreeSet::new();
        for (index, panel) in read.iter().enumerate() {
            prop_assert_eq!(&panel["id"], &Value::from(index + 1));
            prop_assert_eq!(panel["targets"][0]["expr"].as_str(), Some(queries[index].as_str()));
            let at = |key: &str| panel["gridPos"][key].as_u64().unwrap();
            prop_assert!(at("x") + at("w") <= 24);
            for x in at("x")..at("x") + at("w") {
                for y in at("y")..at("y") + at("h") {
                    prop_assert!(cells.insert((x, y)));
                }
            }
        }
    }
}

#[test]
fn the_identifier_follows_from_where_it_stands() {
    let read = dashboard(Vec::new());
    let uid = read["uid"].as_str().unwrap();
    assert!(uid.len() <= 40 && uid.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{uid}");
    let other = Dashboard { name: "web-dashboard".into(), key: "web".into(), title: "t".into(), panels: Vec::new() };
    assert!(!json(&other, DashboardContext { system: "shop", environment: "prod" }).contains(uid));
}
