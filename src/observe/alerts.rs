//! Presets of alerts: what is asked for, the bound, and how urgent it is.

use super::subject::{Missing, PODS, Runner, Subject, select};
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

/// One row a preset, in their order.
const FACTS: &[(AlertPreset, AlertFacts)] = &[
    (
        AlertPreset::Down,
        AlertFacts {
            of: "what serves",
            series: "`kube_deployment_status_replicas_available`, `kube_statefulset_status_replicas_ready`; of an operated \
             database `kube_pod_status_ready`",
            above: false,
            threshold: "1",
            lasts: 300,
            severity: AlertSeverity::Critical,
            summary: "has no replica that serves",
        },
    ),
    (
        AlertPreset::Degraded,
        AlertFacts {
            of: "what serves",
            series: "the same, and `kube_deployment_spec_replicas`, `kube_statefulset_replicas`",
            above: true,
            threshold: "0",
            lasts: 900,
            severity: AlertSeverity::Warning,
            summary: "has fewer replicas than wanted",
        },
    ),
    (
        AlertPreset::Restarts,
        AlertFacts {
            of: "all",
            series: "`kube_pod_container_status_restarts_total`",
            above: true,
            threshold: "3",
            lasts: 300,
            severity: AlertSeverity::Warning,
            summary: "has containers that start again and again",
        },
    ),
    (
        AlertPreset::Memory,
        AlertFacts {
            of: "with a memory limit",
            series: "`container_memory_working_set_bytes`, `kube_pod_container_resource_limits`",
            above: true,
            threshold: "90",
            lasts: 900,
            severity: AlertSeverity::Warning,
            summary: "is near its memory limit",
        },
    ),
    (
        AlertPreset::Throttled,
        AlertFacts {
            of: "with a CPU limit",
            series: "`container_cpu_cfs_throttled_periods_total`, `container_cpu_cfs_periods_total`",
            above: true,
            threshold: "25",
            lasts: 900,
            severity: AlertSeverity::Info,
            summary: "is held back by its CPU limit",
        },
    ),
    (
        AlertPreset::Ceiling,
        AlertFacts {
            of: "with `scale`",
            series: "`kube_horizontalpodautoscaler_status_current_replicas`, `kube_horizontalpodautoscaler_spec_max_replicas`",
            above: true,
            threshold: "99",
            lasts: 900,
            severity: AlertSeverity::Warning,
            summary: "has as many replicas as it may have",
        },
    ),
    (
        AlertPreset::Disk,
        AlertFacts {
            of: "with a claim",
            series: "`kubelet_volume_stats_available_bytes`, `kubelet_volume_stats_capacity_bytes`",
            above: true,
            threshold: "85",
            lasts: 900,
            severity: AlertSeverity::Warning,
            summary: "has a volume that is nearly full",
        },
    ),
    (
        AlertPreset::Latency,
        AlertFacts {
            of: "a model",
            series: "the server's histogram of requests",
            above: true,
            threshold: "1",
            lasts: 600,
            severity: AlertSeverity::Warning,
            summary: "answers slowly",
        },
    ),
    (
        AlertPreset::Errors,
        AlertFacts {
            of: "a model",
            series: "the server's counters of requests",
            above: true,
            threshold: "5",
            lasts: 300,
            severity: AlertSeverity::Critical,
            summary: "fails to answer",
        },
    ),
    (
        AlertPreset::Waiting,
        AlertFacts {
            of: "a model",
            series: "the server's queue",
            above: true,
            threshold: "10",
            lasts: 600,
            severity: AlertSeverity::Warning,
            summary: "has requests that wait",
        },
    ),
    (
        AlertPreset::GpuIdle,
        AlertFacts {
            of: "with a GPU, on `dcgm`",
            series: "`DCGM_FI_DEV_GPU_UTIL`",
            above: false,
            threshold: "5",
            lasts: 3_600,
            severity: AlertSeverity::Info,
            summary: "holds GPUs that do nothing",
        },
    ),
    (
        AlertPreset::GpuFault,
        AlertFacts {
            of: "with a GPU, on `dcgm`",
            series: "`DCGM_FI_DEV_XID_ERRORS`",
            above: true,
            threshold: "0",
            lasts: 60,
            severity: AlertSeverity::Critical,
            summary: "has a GPU that reports an error",
        },
    ),
    (
        AlertPreset::Failed,
        AlertFacts {
            of: "a job",
            series: "`kube_job_failed`",
            above: true,
            threshold: "0",
            lasts: 60,
            severity: AlertSeverity::Warning,
            summary: "has a run that failed",
        },
    ),
    (
        AlertPreset::Missed,
        AlertFacts {
            of: "a job with a schedule",
            series: "`kube_cronjob_next_schedule_time`",
            above: true,
            threshold: "3600",
            lasts: 60,
            severity: AlertSeverity::Warning,
            summary: "has a run that is overdue",
        },
    ),
    (
        AlertPreset::ReplicationLag,
        AlertFacts {
            of: "an operated database with standbys",
            series: "`cnpg_pg_replication_lag`",
            above: true,
            threshold: "30",
            lasts: 300,
            severity: AlertSeverity::Warning,
            summary: "has a standby that is behind",
        },
    ),
    (
        AlertPreset::Backup,
        AlertFacts {
            of: "an operated database with `backup`",
            series: "`barman_cloud_cloudnative_pg_io_last_available_backup_timestamp`",
            above: true,
            threshold: "172800",
            lasts: 600,
            severity: AlertSeverity::Critical,
            summary: "has no recent backup",
        },
    ),
];

/// The facts of a preset.
pub fn alert_facts(preset: AlertPreset) -> AlertFacts {
    FACTS[preset as usize].1
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
    Ok(match preset {
        AlertPreset::Down => available(of)?,
        AlertPreset::Degraded => degraded(of)?,
        AlertPreset::Restarts => {
            of.runner()?;
            format!("sum(increase(kube_pod_container_status_restarts_total{{{PODS}}}[1h]))")
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
        AlertPreset::Waiting => format!("sum({})", select(of.exported("waiting")?)),
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
            format!("max(cnpg_pg_replication_lag{{{PODS}}})")
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
        Runner::Cluster | Runner::Versions | Runner::Groups => {
            format!("sum(kube_pod_status_ready{{{PODS},condition=\"true\"}}) or vector(0)")
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
        Runner::Versions | Runner::Groups => {
            format!("count(kube_pod_info{{{PODS}}}) - sum(kube_pod_status_ready{{{PODS},condition=\"true\"}})")
        }
        Runner::Cluster => {
            let Body::Cluster(cluster) = &of.component.body else { return Err("it has no instances") };
            format!("{} - sum(kube_pod_status_ready{{{PODS},condition=\"true\"}})", cluster.instances)
        }
        Runner::Job | Runner::CronJob => return Err("it runs to completion"),
    })
}

/// The fullest container. Several series of one container are one after it has started again.
fn memory(of: &Subject<'_>) -> Result<String, Missing> {
    limited(of.component, "memory").then_some(()).ok_or("it has no memory limit")?;
    Ok(format!(
        "max(100 * max by (pod, container) (container_memory_working_set_bytes{{{PODS},container!=\"\"}}) / \
         max by (pod, container) (kube_pod_container_resource_limits{{{PODS},resource=\"memory\"}}))"
    ))
}

fn throttled(of: &Subject<'_>) -> Result<String, Missing> {
    limited(of.component, "cpu").then_some(()).ok_or("it has no CPU limit")?;
    let sum = |series: &str| format!("sum(increase({series}{{{PODS},container!=\"\"}}[5m]))");
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
        Body::Cluster(_) => {
            Ok(format!("time() - max(barman_cloud_cloudnative_pg_io_last_available_backup_timestamp{{{PODS}}})"))
        }
        Body::Workload(_) | Body::External(_) => Err("it is no database that an operator runs"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_has_its_row() {
        assert!(FACTS.iter().map(|(preset, _)| *preset).eq(AlertPreset::ALL.iter().copied()));
    }
}
