//! Work that ends: `Job`, `CronJob`, and the release jobs of a component.

use super::meta::{Lowering, pod_name};
use super::pod::{Maker, template};
use super::present;
use crate::digest;
use crate::kube::kueue::QUEUE_NAME;
use crate::kube::{Object, Phase};
use crate::model::{Component, Controller, FailureCause, FailureRule, Job, Naming, Pod, Release};
use crate::spec::Concurrency;
use k8s_openapi::api::batch::v1 as batch;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

/// The work that goes before the rollout.
pub(super) fn releases(cx: &Lowering<'_>, component: &Component) -> Vec<Object> {
    let job = |release: &Release| {
        let spec = job_spec(cx, component, &release.name, &release.job, &release.pod);
        let name = hashed(&release.name, &spec, &[]);
        let job = batch::Job { metadata: cx.component_meta(component, &name), spec: Some(spec), status: None };
        Object::new(&job, Phase::Releases, Some(&component.key))
    };
    component.releases.iter().map(job).collect()
}

pub(super) fn component_job(cx: &Lowering<'_>, component: &Component, job: &Job, pod: &Pod) -> batch::Job {
    let name = pod_name(component);
    let spec = job_spec(cx, component, name, job, pod);
    let users = match job.naming {
        Naming::Fixed | Naming::Removal => {
            return batch::Job { metadata: job_meta(cx, component, job, name), spec: Some(spec), status: None };
        }
        Naming::Content => Vec::new(),
        Naming::Users => users(cx, component),
    };
    let name = hashed(name, &spec, &users);
    batch::Job { metadata: job_meta(cx, component, job, &name), spec: Some(spec), status: None }
}

/// The pods that use a component, by their names: without the names of jobs that they wait for, of which
/// this may be one.
fn users(cx: &Lowering<'_>, component: &Component) -> Vec<(String, Vec<u8>)> {
    let users = cx.edges_to(&component.key).filter_map(|edge| cx.model.component(&edge.from));
    let mut contents = Vec::new();
    for user in users.filter(|user| user.key != component.key) {
        let Some(workload) = user.workload() else { continue };
        for mut pod in workload.pods().cloned() {
            pod.init.iter_mut().for_each(|step| step.awaits = None);
            let template = template(cx, user, &user.name, &pod, Maker::Deployment);
            contents.push((user.key.clone(), content(&template)));
        }
    }
    contents
}

fn content(part: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(part).expect("objects have string keys and finite numbers")
}

/// The name with a hash of the content: a Job cannot change, so a changed one is another.
fn hashed(name: &str, spec: &batch::JobSpec, users: &[(String, Vec<u8>)]) -> String {
    let own = content(spec);
    let users = users.iter().map(|(user, content)| (user.as_str(), content.as_slice()));
    format!("{name}-{}", digest::short(std::iter::once((name, own.as_slice())).chain(users)))
}

/// A job waits in its queue by a label. It is not suspended here, but by Kueue when it is made: written down, it would
/// be undone at the start and done again at the next sync.
pub(super) fn job_meta(cx: &Lowering<'_>, component: &Component, job: &Job, name: &str) -> ObjectMeta {
    let mut metadata = cx.component_meta(component, name);
    metadata.labels.get_or_insert_default().extend(queue_label(job));
    metadata
}

fn queue_label(job: &Job) -> Option<(String, String)> {
    job.queue.clone().map(|queue| (QUEUE_NAME.to_owned(), queue))
}

/// A job as others refer to it.
pub(crate) struct JobReference {
    pub(crate) group: &'static str,
    pub(crate) resource: &'static str,
    pub(crate) name: String,
    /// The condition that says that it has completed.
    pub(crate) condition: &'static str,
}

impl JobReference {
    /// `jobs.batch/seed-0a1b2c3d4e`, as kubectl takes it.
    pub(crate) fn argument(&self) -> String {
        format!("{}.{}/{}", self.resource, self.group, self.name)
    }
}

/// Makes the reference; [`Lowering::job`] keeps it.
pub(super) fn job_reference(cx: &Lowering<'_>, key: &str) -> Option<JobReference> {
    let component = cx.model.component(key)?;
    let workload = component.workload()?;
    match &workload.controller {
        Controller::Job(job) => {
            let name = component_job(cx, component, job, &workload.pod).metadata.name?;
            Some(JobReference { group: "batch", resource: "jobs", name, condition: "complete" })
        }
        Controller::JobSet(_) => {
            let name = component.name.clone();
            Some(JobReference { group: "jobset.x-k8s.io", resource: "jobsets", name, condition: "Completed" })
        }
        _ => None,
    }
}

/// It is never removed by time: a tool that delivers from Git would make it, and run it, again.
pub(super) fn job_spec(cx: &Lowering<'_>, component: &Component, name: &str, job: &Job, pod: &Pod) -> batch::JobSpec {
    batch::JobSpec {
        backoff_limit: Some(job.retries),
        active_deadline_seconds: job.timeout,
        parallelism: job.parallelism,
        completions: job.completions,
        completion_mode: job.indexed.then(|| "Indexed".into()),
        pod_failure_policy: present(job.failure.iter().map(failure_rule).collect())
            .map(|rules| batch::PodFailurePolicy { rules }),
        template: template(cx, component, name, pod, Maker::Job(job.restart)),
        ..batch::JobSpec::default()
    }
}

/// Seconds that a run may be late, after an outage of the control plane say: an hour. With a run a minute
/// that is 60 missed ones, below the 100 at which the controller gives up.
const LATEST_START: i64 = 3600;

/// A job that is started by hand is a suspended `CronJob`, from which runs are made.
pub(super) fn cron_job(
    cx: &Lowering<'_>,
    component: &Component,
    controller: &Controller,
    job: &Job,
    pod: &Pod,
) -> batch::CronJob {
    let mut labels = cx.standard_labels(component);
    labels.extend(queue_label(job));
    let metadata = ObjectMeta { labels: Some(labels), ..ObjectMeta::default() };
    let job = job_spec(cx, component, pod_name(component), job, pod);
    let mut spec = batch::CronJobSpec {
        job_template: batch::JobTemplateSpec { metadata: Some(metadata), spec: Some(job) },
        ..batch::CronJobSpec::default()
    };
    if let Controller::CronJob { suspended, schedule, timezone, concurrency, keep, .. } = controller {
        spec.schedule.clone_from(schedule);
        spec.time_zone.clone_from(timezone);
        spec.suspend = suspended.then_some(true);
        spec.starting_deadline_seconds = Some(LATEST_START);
        spec.concurrency_policy = Some(concurrency_policy(*concurrency).into());
        spec.successful_jobs_history_limit = Some(*keep);
        spec.failed_jobs_history_limit = Some(*keep);
    }
    batch::CronJob { metadata: cx.component_meta(component, &component.name), spec: Some(spec), status: None }
}

fn concurrency_policy(concurrency: Concurrency) -> &'static str {
    match concurrency {
        Concurrency::Forbid => "Forbid",
        Concurrency::Replace => "Replace",
        Concurrency::Allow => "Allow",
    }
}

fn failure_rule(rule: &FailureRule) -> batch::PodFailurePolicyRule {
    let mut written =
        batch::PodFailurePolicyRule { action: rule.action.text().into(), ..batch::PodFailurePolicyRule::default() };
    match &rule.cause {
        FailureCause::ExitCodes { container, within, values } => {
            written.on_exit_codes = Some(batch::PodFailurePolicyOnExitCodesRequirement {
                container_name: container.clone(),
                operator: if *within { "In" } else { "NotIn" }.into(),
                values: values.clone(),
            });
        }
        FailureCause::Conditions(types) => {
            let pattern = |of: &String| batch::PodFailurePolicyOnPodConditionsPattern {
                type_: of.clone(),
                status: "True".into(),
            };
            written.on_pod_conditions = Some(types.iter().map(pattern).collect());
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::releases;
    use crate::kube::Phase;
    use crate::lower::fixture::{assert_facts, container, find, lowered, model, part, workload};
    use crate::lower::workload::workload as workload_part;
    use crate::model::{Awaited, Controller, Edge, Model, Naming};

    #[test]
    fn a_cron_job_keeps_time_and_history() {
        let objects = lowered(&model());
        assert_facts(
            find(&objects, "CronJob", "nightly"),
            r#"
            /spec/schedule = "0 2 * * *"
            /spec/timeZone = "Europe/Madrid"
            /spec/concurrencyPolicy = "Forbid"
            /spec/startingDeadlineSeconds = 3600
            /spec/successfulJobsHistoryLimit = 3
            /spec/failedJobsHistoryLimit = 3
            /spec/jobTemplate/spec/backoffLimit = 2
            /spec/jobTemplate/spec/activeDeadlineSeconds = 7200
            /spec/jobTemplate/spec/parallelism = 4
            /spec/jobTemplate/spec/completions = 4
            /spec/jobTemplate/spec/completionMode = "Indexed"
            /spec/jobTemplate/spec/template/spec/restartPolicy = "OnFailure"
            /spec/jobTemplate/spec/template/metadata/labels/app.kubernetes.io~1name = "nightly"
            "#,
        );
    }

    #[test]
    fn a_migration_goes_first_and_no_service_selects_it() {
        let objects = part(&model(), releases, "api");
        let [job] = objects.as_slice() else { panic!("{objects:?}") };
        assert_eq!(job.phase, Phase::Releases);
        assert!(job.identity.name.starts_with("api-migrate-") && job.identity.name.len() == 22, "{}", job.identity);
        assert_facts(
            job,
            r#"
            /metadata/labels/app.kubernetes.io~1name = "api"
            /spec/template/metadata/labels/app.kubernetes.io~1name = "api-migrate"
            /spec/template/spec/restartPolicy = "Never"
            /spec/template/spec/serviceAccountName = "api"
            /spec/backoffLimit = 3
            /spec/activeDeadlineSeconds = 600
            /spec/ttlSecondsAfterFinished is absent
            /spec/selector is absent
            "#,
        );
    }

    #[test]
    fn a_release_jobs_name_follows_its_content_and_nothing_else() {
        let name = |model: &Model| part(model, workload_part, "seed")[0].identity.name.clone();
        let first = model();
        let mut relabelled = first.clone();
        relabelled.labels.insert("cost".into(), "43".into());
        relabelled.components["seed"].labels.insert("tier".into(), "low".into());
        assert_eq!(name(&first), name(&relabelled));

        let mut changed = first.clone();
        workload(&mut changed, "seed").pod.main.args.push("--all".into());
        assert_ne!(name(&first), name(&changed));
        assert!(name(&first).starts_with("seed-"));
    }

    #[test]
    fn a_job_that_is_not_hashed_has_the_components_name() {
        let mut model = model();
        if let Controller::Job(job) = &mut workload(&mut model, "seed").controller {
            job.naming = Naming::Fixed;
        }
        assert_facts(find(&lowered(&model), "Job", "seed"), "/spec/backoffLimit = 6");
    }

    #[test]
    fn a_release_job_runs_again_when_what_uses_it_changes() {
        let name = |model: &Model| part(model, workload_part, "seed")[0].identity.name.clone();
        let mut first = model();
        first.edges.push(Edge { from: "api".into(), to: "seed".into(), ports: Vec::new(), wait: true });
        let mut step = container("wait-for-seed", "registry.k8s.io/kubectl:v1.35.0");
        step.awaits = Some(Awaited { component: "seed".into(), timeout: 60 });
        workload(&mut first, "api").pod.init.push(step);
        let naming = |model: &mut Model, naming| {
            if let Controller::Job(job) = &mut workload(model, "seed").controller {
                job.naming = naming;
            }
        };
        naming(&mut first, Naming::Users);
        let mut changed = first.clone();
        workload(&mut changed, "api").pod.main.args.push("--new".into());
        assert_ne!(name(&first), name(&changed));
        naming(&mut first, Naming::Content);
        naming(&mut changed, Naming::Content);
        assert_eq!(name(&first), name(&changed));
    }
}
