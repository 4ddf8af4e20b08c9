//! Presets of alerts: what is asked for, the bound, and how urgent it is.

use super::subject::{Missing, Runner, Subject};
use crate::model::{Alert, Body, Component};
use crate::spec::{AlertPreset, AlertSeverity};

/// What a preset says, whatever the component.
#[derive(Clone, Copy, Debug)]
pub struct AlertFacts {
    /// What it is for, in a few words.
    pub of: &'static str,
    /// The series that it asks for.
    pub series: &'static str,
    /// True above the threshold; else below it.
    pub above: bool,
    pub threshold: &'static str,
    /// Seconds.
    pub lasts: u64,
    pub severity: AlertSeverity,
    /// After the name of the component.
    summary: &'static str,
}

/// The facts of a preset.
pub fn alert_facts(preset: AlertPreset) -> AlertFacts {
    use AlertSeverity::{Critical, Info, Warning};
    let facts = |of, series, (above, threshold), lasts, severity, summary| AlertFacts {
        of,
        series,
        above,
        threshold,
        lasts,
        severity,
        summary,
    };
    let (above, below) = (|threshold| (true, threshold), |threshold| (false, threshold));
    match preset {
        AlertPreset::Down => facts(
            "what serves",
            "`kube_deployment_status_replicas_available`, `kube_statefulset_status_replicas_ready`; of an operated \
             database `kube_pod_status_ready`",
            below("1"),
            300,
            Critical,
            "has no replica that serves",
        ),
        AlertPreset::Degraded => facts(
            "what serves",
            "the same, and `kube_deployment_spec_replicas`, `kube_statefulset_replicas`",
            above("0"),
            900,
            Warning,
            "has fewer replicas than wanted",
        ),
        AlertPreset::Restarts => facts(
            "all",
            "`kube_pod_container_status_restarts_total`",
            above("3"),
            300,
            Warning,
            "has containers that start again and again",
        ),
        AlertPreset::Memory => facts(
            "with a memory limit",
            "`container_memory_working_set_bytes`, `kube_pod_container_resource_limits`",
            above("90"),
            900,
            Warning,
            "is near its memory limit",
        ),
        AlertPreset::Throttled => facts(
            "with a CPU limit",
            "`container_cpu_cfs_throttled_periods_total`, `container_cpu_cfs_periods_total`",
            above("25"),
            900,
            Info,
            "is held back by its CPU limit",
        ),
        AlertPreset::Ceiling => facts(
            "with `scale`",
            "`kube_horizontalpodautoscaler_status_current_replicas`, `kube_horizontalpodautoscaler_spec_max_replicas`",
            above("99"),
            900,
            Warning,
            "has as many replicas as it may have",
        ),
        AlertPreset::Disk => facts(
            "with a claim",
            "`kubelet_volume_stats_available_bytes`, `kubelet_volume_stats_capacity_bytes`",
            above("85"),
            900,
            Warning,
            "has a volume that is nearly full",
        ),
        AlertPreset::Latency => {
            facts("a model", "the server's histogram of requests", above("1"), 600, Warning, "answers slowly")
        }
        AlertPreset::Errors => {
            facts("a model", "the server's counters of requests", above("5"), 300, Critical, "fails to answer")
        }
        AlertPreset::Waiting => {
            facts("a model", "the server's queue", above("10"), 600, Warning, "has requests that wait")
        }
        AlertPreset::GpuIdle => facts(
            "with a GPU, on `dcgm`",
            "`DCGM_FI_DEV_GPU_UTIL`",
            below("5"),
            3_600,
            Info,
            "holds GPUs that do nothing",
        ),
        AlertPreset::GpuFault => facts(
            "with a GPU, on `dcgm`",
            "`DCGM_FI_DEV_XID_ERRORS`",
            above("0"),
            60,
            Critical,
            "has a GPU that reports an error",
        ),
        AlertPreset::Failed => facts("a job", "`kube_job_failed`", above("0"), 60, Warning, "has a run that failed"),
        AlertPreset::Missed => facts(
            "a job with a schedule",
            "`kube_cronjob_next_schedule_time`",
            above("3600"),
            60,
            Warning,
            "has a run that is overdue",
        ),
        AlertPreset::ReplicationLag => facts(
            "an operated database with standbys",
            "`cnpg_pg_replication_lag`",
            above("30"),
            300,
            Warning,
            "has a standby that is behind",
        ),
        AlertPreset::Backup => facts(
            "an operated database with `backup`",
            "`barman_cloud_cloudnative_pg_io_last_available_backup_timestamp`",
            above("172800"),
            600,
            Critical,
            "has no recent backup",
        ),
    }
}

/// A preset for a component, or why there is nothing to ask.
pub fn alert(preset: AlertPreset, subject: &Subject<'_>) -> Result<Alert, Missing> {
    let facts = alert_facts(preset);
    Ok(Alert {
        key: preset.text().into(),
        query: subject.fill(&query(preset, subject)?),
        above: facts.above,
        threshold: facts.threshold.into(),
        lasts: facts.lasts,
        severity: facts.severity,
        summary: format!("{} {}", subject.component.name, facts.summary),
    })
}

fn query(preset: AlertPreset, of: &Subject<'_>) -> Result<String, Missing> {
    let pods = of.of_pods();
    Ok(match preset {
        AlertPreset::Down => available(of)?,
        AlertPreset::Degraded => degraded(of)?,
        AlertPreset::Restarts => {
            of.runner()?;
            format!("sum(increase(kube_pod_container_status_restarts_total{{{pods}}}[1h]))")
        }
        AlertPreset::Memory => memory(of)?,
        AlertPreset::Throttled => throttled(of)?,
        AlertPreset::Ceiling => {
            let scaler = of.autoscaler()?;
            format!(
                "100 * max(kube_horizontalpodautoscaler_status_current_replicas{{{scaler}}}) / \
                 max(kube_horizontalpodautoscaler_spec_max_replicas{{{scaler}}})"
            )
        }
        AlertPreset::Disk => {
            let claims = of.claims()?;
            format!(
                "max(100 - 100 * kubelet_volume_stats_available_bytes{{{claims}}} / \
                 kubelet_volume_stats_capacity_bytes{{{claims}}})"
            )
        }
        AlertPreset::Latency => super::panels::quantile(of, "0.95", "5m")?,
        AlertPreset::Errors => format!("100 * {}", super::panels::failing(of, "5m")?),
        AlertPreset::Waiting => format!("sum({})", of.select(of.exported("waiting")?)),
        AlertPreset::GpuIdle => format!("avg({})", of.select_gpus("DCGM_FI_DEV_GPU_UTIL")?),
        AlertPreset::GpuFault => format!("max({})", of.select_gpus("DCGM_FI_DEV_XID_ERRORS")?),
        AlertPreset::Failed => format!("max(kube_job_failed{{{},condition=\"true\"}})", of.runs()?),
        AlertPreset::Missed => match of.runner()? {
            Runner::CronJob => {
                r#"time() - max(kube_cronjob_next_schedule_time{namespace="$namespace",cronjob="$component"})"#.into()
            }
            _ => return Err("it is no job with a schedule"),
        },
        AlertPreset::ReplicationLag => {
            standbys(of.component)?;
            format!("max(cnpg_pg_replication_lag{{{pods}}})")
        }
        AlertPreset::Backup => backup(of)?,
    })
}

/// Replicas that serve, but for what is meant to have none.
fn available(of: &Subject<'_>) -> Result<String, Missing> {
    Ok(match of.runner()? {
        Runner::Deployment => {
            let own = r#"{namespace="$namespace",deployment="$component"}"#;
            format!("kube_deployment_status_replicas_available{own} unless kube_deployment_spec_replicas{own} == 0")
        }
        Runner::StatefulSet => {
            let own = r#"{namespace="$namespace",statefulset="$component"}"#;
            format!("kube_statefulset_status_replicas_ready{own} unless kube_statefulset_replicas{own} == 0")
        }
        // Without a pod there is no series of one.
        Runner::Cluster => {
            format!("sum(kube_pod_status_ready{{{},condition=\"true\"}}) or vector(0)", of.of_pods())
        }
        Runner::Job | Runner::CronJob => return Err("it runs to completion"),
    })
}

fn degraded(of: &Subject<'_>) -> Result<String, Missing> {
    Ok(match of.runner()? {
        Runner::Deployment => {
            let own = r#"{namespace="$namespace",deployment="$component"}"#;
            format!("kube_deployment_spec_replicas{own} - kube_deployment_status_replicas_available{own}")
        }
        Runner::StatefulSet => {
            let own = r#"{namespace="$namespace",statefulset="$component"}"#;
            format!("kube_statefulset_replicas{own} - kube_statefulset_status_replicas_ready{own}")
        }
        Runner::Cluster => {
            let Body::Cluster(cluster) = &of.component.body else { return Err("it has no instances") };
            let pods = of.of_pods();
            format!("{} - sum(kube_pod_status_ready{{{pods},condition=\"true\"}})", cluster.instances)
        }
        Runner::Job | Runner::CronJob => return Err("it runs to completion"),
    })
}

/// The fullest container. Several series of one container are one after it has started again.
fn memory(of: &Subject<'_>) -> Result<String, Missing> {
    limited(of.component, "memory").then_some(()).ok_or("it has no memory limit")?;
    let pods = of.of_pods();
    Ok(format!(
        "max(100 * max by (pod, container) (container_memory_working_set_bytes{{{pods},container!=\"\"}}) / \
         max by (pod, container) (kube_pod_container_resource_limits{{{pods},resource=\"memory\"}}))"
    ))
}

fn throttled(of: &Subject<'_>) -> Result<String, Missing> {
    limited(of.component, "cpu").then_some(()).ok_or("it has no CPU limit")?;
    let sum = |series: &str| format!("sum(increase({series}{{{},container!=\"\"}}[5m]))", of.of_pods());
    let (held, all) = (sum("container_cpu_cfs_throttled_periods_total"), sum("container_cpu_cfs_periods_total"));
    Ok(format!("100 * {held} / {all}"))
}

fn limited(component: &Component, resource: &str) -> bool {
    match &component.body {
        Body::Workload(workload) => {
            workload.pod.running().any(|container| container.resources.limits.contains_key(resource))
        }
        Body::Cluster(cluster) => cluster.resources.limits.contains_key(resource),
        Body::External(_) => false,
    }
}

/// The operator's own exporter has it, where somebody reads it.
pub(super) fn standbys(component: &Component) -> Result<(), Missing> {
    match &component.body {
        Body::Cluster(_) if component.metrics.is_none() => Err("nobody scrapes it: write `metrics: {}`"),
        Body::Cluster(cluster) if cluster.instances > 1 => Ok(()),
        Body::Cluster(_) => Err("it has no standby"),
        Body::Workload(_) | Body::External(_) => Err("it is no database that an operator runs"),
    }
}

fn backup(of: &Subject<'_>) -> Result<String, Missing> {
    match &of.component.body {
        Body::Cluster(cluster) if cluster.backup.is_none() => Err("it has no `backup`"),
        Body::Cluster(_) if of.component.metrics.is_none() => Err("nobody scrapes it: write `metrics: {}`"),
        Body::Cluster(_) => Ok(format!(
            "time() - max(barman_cloud_cloudnative_pg_io_last_available_backup_timestamp{{{}}})",
            of.of_pods()
        )),
        Body::Workload(_) | Body::External(_) => Err("it is no database that an operator runs"),
    }
}
