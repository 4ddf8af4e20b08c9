//! Presets of panels: one line for each thing that a component shows, and one for it as a whole.

use super::alerts::standbys;
use super::subject::{Missing, PODS, Runner, Subject, select};
use crate::model::{Body, Line};
use crate::spec::PanelPreset;

/// What a preset says, whatever the component.
#[derive(Clone, Copy, Debug)]
pub struct PanelFacts {
    pub title: &'static str,
    /// As Grafana calls it.
    pub unit: &'static str,
    /// What it is for, in a few words.
    pub of: &'static str,
    /// The series that it asks for.
    pub series: &'static str,
}

/// A preset for a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PanelLines {
    /// For a dashboard of the component.
    pub lines: Vec<Line>,
    /// One number, for a dashboard of several.
    pub whole: String,
}

/// Over what time a rate is taken: Grafana knows how far apart samples are.
const WINDOW: &str = "$__rate_interval";

/// The facts of a preset.
pub fn panel_facts(preset: PanelPreset) -> PanelFacts {
    let facts = |title, unit, of, series| PanelFacts { title, unit, of, series };
    match preset {
        PanelPreset::Cpu => facts(
            "CPU cores",
            "short",
            "all",
            "`container_cpu_usage_seconds_total`, `kube_pod_container_resource_requests`",
        ),
        PanelPreset::Memory => facts(
            "Memory",
            "bytes",
            "all",
            "`container_memory_working_set_bytes`, `kube_pod_container_resource_requests`",
        ),
        PanelPreset::Replicas => facts(
            "Replicas",
            "short",
            "what serves",
            "`kube_deployment_…`, `kube_statefulset_…`; of an operated database, and of two versions side by side, `kube_pod_status_ready`",
        ),
        PanelPreset::Scaling => facts(
            "Scaling",
            "short",
            "with `scale`",
            "`kube_horizontalpodautoscaler_…`: current and desired replicas, and the bounds",
        ),
        PanelPreset::Restarts => {
            facts("Restarts in an hour", "short", "all", "`kube_pod_container_status_restarts_total`")
        }
        PanelPreset::Network => facts(
            "Network",
            "Bps",
            "all",
            "`container_network_receive_bytes_total`, `container_network_transmit_bytes_total`",
        ),
        PanelPreset::Disk => facts(
            "Volumes in use",
            "percentunit",
            "with a claim",
            "`kubelet_volume_stats_available_bytes`, `kubelet_volume_stats_capacity_bytes`",
        ),
        PanelPreset::Requests => facts("Requests", "reqps", "a model", "the server's histogram of requests"),
        PanelPreset::Latency => facts("Latency", "s", "a model", "the server's histogram of requests"),
        PanelPreset::Errors => facts("Failed requests", "percentunit", "a model", "the server's counters of requests"),
        PanelPreset::Waiting => facts("Waiting requests", "short", "a model", "the server's queue"),
        PanelPreset::Running => facts("Running requests", "short", "a model", "what the server works on"),
        PanelPreset::Cache => facts("Model cache in use", "percentunit", "a model", "the server's cache"),
        PanelPreset::Gpu => facts("GPU use", "percent", "with a GPU, on `dcgm`", "`DCGM_FI_DEV_GPU_UTIL`"),
        PanelPreset::GpuMemory => facts("GPU memory", "mbytes", "with a GPU, on `dcgm`", "`DCGM_FI_DEV_FB_USED`"),
        PanelPreset::Connections => facts("Connections", "short", "an operated database", "`cnpg_backends_total`"),
        PanelPreset::ReplicationLag => {
            facts("Replication lag", "s", "an operated database with standbys", "`cnpg_pg_replication_lag`")
        }
        PanelPreset::Runs => facts("Runs", "short", "a job", "`kube_job_status_active`, `kube_job_failed`"),
    }
}

/// A preset for a component, or why there is nothing to show.
pub fn panel(preset: PanelPreset, subject: &Subject<'_>) -> Result<PanelLines, Missing> {
    let (lines, whole) = lines(preset, subject)?;
    let line = |(query, legend): (String, &str)| Line { query: subject.fill(&query), legend: Some(legend.into()) };
    Ok(PanelLines { lines: lines.into_iter().map(line).collect(), whole: subject.fill(&whole) })
}

/// Queries with their legends, and the one of the whole.
type Lines = (Vec<(String, &'static str)>, String);

fn lines(preset: PanelPreset, of: &Subject<'_>) -> Result<Lines, Missing> {
    match preset {
        PanelPreset::Cpu => {
            let used = format!("rate(container_cpu_usage_seconds_total{{{PODS},container!=\"\"}}[{WINDOW}])");
            resource(of, &used, "cpu")
        }
        PanelPreset::Memory => {
            resource(of, &format!("container_memory_working_set_bytes{{{PODS},container!=\"\"}}"), "memory")
        }
        PanelPreset::Replicas => replicas(of),
        PanelPreset::Scaling => scaling(of),
        PanelPreset::Restarts => {
            of.runner()?;
            let restarts = format!("increase(kube_pod_container_status_restarts_total{{{PODS}}}[1h])");
            Ok((
                vec![(format!("sum by (pod, container) ({restarts})"), "{{pod}} {{container}}")],
                format!("sum({restarts})"),
            ))
        }
        PanelPreset::Network => network(of),
        PanelPreset::Disk => disk(of),
        PanelPreset::Requests => {
            let requests = format!("sum(rate({}[{WINDOW}]))", select(&format!("{}_count", of.exported("latency")?)));
            Ok((vec![(requests.clone(), "requests")], requests))
        }
        PanelPreset::Latency => {
            let at = |share| quantile(of, share, WINDOW);
            Ok((vec![(at("0.5")?, "median"), (at("0.95")?, "95 %"), (at("0.99")?, "99 %")], at("0.95")?))
        }
        PanelPreset::Errors => {
            let failing = failing(of, WINDOW)?;
            Ok((vec![(failing.clone(), "failed")], failing))
        }
        PanelPreset::Waiting => Ok(by("pod", "sum", &select(of.exported("waiting")?), "{{pod}}")),
        PanelPreset::Running => Ok(by("pod", "sum", &select(of.exported("running")?), "{{pod}}")),
        PanelPreset::Cache => Ok(by("pod", "avg", &select(of.exported("cache")?), "{{pod}}")),
        PanelPreset::Gpu => Ok(by_gpu("avg", &of.select_gpus("DCGM_FI_DEV_GPU_UTIL")?, of)),
        PanelPreset::GpuMemory => Ok(by_gpu("sum", &of.select_gpus("DCGM_FI_DEV_FB_USED")?, of)),
        PanelPreset::Connections => {
            exporter(of)?;
            Ok(by("state", "sum", &format!("cnpg_backends_total{{{PODS}}}"), "{{state}}"))
        }
        PanelPreset::ReplicationLag => {
            standbys(of.component)?;
            Ok(by("pod", "max", &format!("cnpg_pg_replication_lag{{{PODS}}}"), "{{pod}}"))
        }
        PanelPreset::Runs => runs(of),
    }
}

fn by(label: &str, how: &str, series: &str, legend: &'static str) -> Lines {
    (vec![(format!("{how} by ({label}) ({series})"), legend)], format!("{how}({series})"))
}

fn by_gpu(how: &str, series: &str, of: &Subject<'_>) -> Lines {
    let prefixed = !of.gpu_labels().is_empty();
    let (label, legend) =
        if prefixed { ("exported_pod, gpu", "{{exported_pod}} {{gpu}}") } else { ("pod, gpu", "{{pod}} {{gpu}}") };
    by(label, how, series, legend)
}

/// What each pod uses, and what one asks for and may take.
fn resource(of: &Subject<'_>, used: &str, resource: &str) -> Result<Lines, Missing> {
    of.runner()?;
    let bound = |what: &str| {
        format!("max(sum by (pod) (kube_pod_container_resource_{what}{{{PODS},resource=\"{resource}\"}}))")
    };
    let lines = vec![
        (format!("sum by (pod) ({used})"), "{{pod}}"),
        (bound("requests"), "request of one pod"),
        (bound("limits"), "limit of one pod"),
    ];
    Ok((lines, format!("sum({used})")))
}

fn replicas(of: &Subject<'_>) -> Result<Lines, Missing> {
    let (wanted, available) = match of.runner()? {
        Runner::Deployment => (
            r#"max(kube_deployment_spec_replicas{namespace="$namespace",deployment="$component"})"#.to_owned(),
            r#"max(kube_deployment_status_replicas_available{namespace="$namespace",deployment="$component"})"#
                .to_owned(),
        ),
        Runner::StatefulSet => (
            r#"max(kube_statefulset_replicas{namespace="$namespace",statefulset="$component"})"#.to_owned(),
            r#"max(kube_statefulset_status_replicas_ready{namespace="$namespace",statefulset="$component"})"#
                .to_owned(),
        ),
        Runner::Cluster | Runner::Versions | Runner::Groups => (
            format!("count(kube_pod_info{{{PODS}}})"),
            format!("sum(kube_pod_status_ready{{{PODS},condition=\"true\"}})"),
        ),
        Runner::Job | Runner::CronJob => return Err("it runs to completion"),
    };
    Ok((vec![(wanted, "wanted"), (available.clone(), "available")], available))
}

fn scaling(of: &Subject<'_>) -> Result<Lines, Missing> {
    let own = of.autoscaler()?;
    let about = |what: &str| format!("max(kube_horizontalpodautoscaler_{what}{{{own}}})");
    let lines = vec![
        (about("status_current_replicas"), "current"),
        (about("status_desired_replicas"), "desired"),
        (about("spec_min_replicas"), "least"),
        (about("spec_max_replicas"), "most"),
    ];
    Ok((lines, about("status_desired_replicas")))
}

fn network(of: &Subject<'_>) -> Result<Lines, Missing> {
    of.runner()?;
    let rate = |way: &str| format!("sum(rate(container_network_{way}_bytes_total{{{PODS}}}[{WINDOW}]))");
    let (received, sent) = (rate("receive"), rate("transmit"));
    let whole = format!("{received} + {sent}");
    Ok((vec![(received, "received"), (sent, "sent")], whole))
}

fn disk(of: &Subject<'_>) -> Result<Lines, Missing> {
    let own = of.claims()?;
    let full =
        format!("1 - kubelet_volume_stats_available_bytes{{{own}}} / kubelet_volume_stats_capacity_bytes{{{own}}}");
    Ok((
        vec![(format!("max by (persistentvolumeclaim) ({full})"), "{{persistentvolumeclaim}}")],
        format!("max({full})"),
    ))
}

fn runs(of: &Subject<'_>) -> Result<Lines, Missing> {
    let own = of.runs()?;
    let active = format!("sum(kube_job_status_active{{{own}}})");
    let failed = format!("sum(kube_job_failed{{{own},condition=\"true\"}})");
    Ok((vec![(active, "active"), (failed.clone(), "failed")], failed))
}

/// The operator's own exporter, where somebody reads it.
fn exporter(of: &Subject<'_>) -> Result<(), Missing> {
    match (&of.component.body, &of.component.metrics) {
        (Body::Cluster(_), Some(_)) => Ok(()),
        (Body::Cluster(_), None) => Err("nobody scrapes it: write `metrics: {}`"),
        _ => Err("it is no database that an operator runs"),
    }
}

/// A quantile of how long requests take, in seconds.
pub(super) fn quantile(of: &Subject<'_>, share: &str, window: &str) -> Result<String, Missing> {
    let series = select(&format!("{}_bucket", of.exported("latency")?));
    let quantile = format!("histogram_quantile({share}, sum by (le) (rate({series}[{window}])))");
    Ok(match of.scraped_server()?.latency_units() {
        1 => quantile,
        units => format!("{quantile} / {units}"),
    })
}

/// The share of requests that fail; nothing where there are no requests.
pub(super) fn failing(of: &Subject<'_>, window: &str) -> Result<String, Missing> {
    let (failed, all) = of.scraped_server()?.outcomes().ok_or("the server of its model does not export it")?;
    let sum = |series: &[&str]| {
        let each: Vec<String> =
            series.iter().map(|series| format!("sum(rate({}[{window}]))", select(series))).collect();
        if let [one] = each.as_slice() { one.clone() } else { format!("({})", each.join(" + ")) }
    };
    Ok(format!("{} / {}", sum(failed), sum(all)))
}
