//! Distributed training: a `JobSet`, whose jobs start together and start again together.

use super::job::{job_meta, job_spec};
use super::meta::{Lowering, pod_name};
use crate::kube::jobset::{FailurePolicy, FailureRule, JobSet, JobSetSpec, Network, ReplicatedJob};
use crate::model::{self, Component, Job, Naming, Pod};
use crate::spec::FailureAction;
use k8s_openapi::api::batch::v1::{JobSpec, JobTemplateSpec};

pub(super) fn job_set(cx: &Lowering<'_>, component: &Component, set: &model::JobSet, pod: &Pod) -> JobSet {
    let part = |name: &'static str, count: i32, pod: &Pod| {
        let spec = part_spec(cx, component, &set.job, count, pod);
        ReplicatedJob { name, replicas: 1, template: JobTemplateSpec { metadata: None, spec: Some(spec) } }
    };
    let own = part(set.part, set.count, pod);
    let workers = set.workers.as_ref().map(|workers| part("workers", workers.count, &workers.pod));
    let spec = JobSetSpec {
        network: Network {
            enable_dns_hostnames: true,
            subdomain: component.name.clone(),
            publish_not_ready_addresses: true,
        },
        failure_policy: FailurePolicy { max_restarts: set.job.retries, rules: vec![final_failures(&set.job)] },
        replicated_jobs: std::iter::once(own).chain(workers).collect(),
    };
    JobSet::new(job_meta(cx, component, &set.job, &component.name), spec)
}

/// A pod that fails takes its job down at once, and with it the others: they all start again, since none can
/// go on without the others.
fn part_spec(cx: &Lowering<'_>, component: &Component, job: &Job, count: i32, pod: &Pod) -> JobSpec {
    let job = Job {
        naming: Naming::Fixed,
        retries: 0,
        parallelism: Some(count),
        completions: Some(count),
        indexed: true,
        ..job.clone()
    };
    job_spec(cx, component, pod_name(component), &job, pod)
}

/// What no further start would mend: the time is over, or a rule of the author's own says so.
fn final_failures(job: &Job) -> FailureRule {
    let by_rule = job.failure.iter().any(|rule| rule.action == FailureAction::FailJob);
    let reasons = std::iter::once("DeadlineExceeded").chain(by_rule.then_some("PodFailurePolicy"));
    FailureRule { name: "final", action: "FailJobSet", on_job_failure_reasons: reasons.collect() }
}
