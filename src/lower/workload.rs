//! What runs the pods: `Deployment`, `StatefulSet`, `Job`, `CronJob`, and the release jobs of a component.

use super::meta::{Lowering, phase, pod_name};
use super::pod::{Maker, template};
use super::present;
use super::storage::claim_template;
use crate::digest;
use crate::kube::{Object, Phase};
use crate::model::{Component, Controller, Job, NumberOrPercent, Pod, Release, Rollout, RolloutStrategy};
use crate::spec::Concurrency;
use k8s_openapi::api::apps::v1 as apps;
use k8s_openapi::api::batch::v1 as batch;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

/// The work that goes before the rollout.
pub(super) fn releases(cx: &Lowering<'_>, component: &Component) -> Vec<Object> {
    let job = |release: &Release| {
        let spec = job_spec(cx, component, &release.name, &release.job, &release.pod);
        let job = hashed_job(cx, component, &release.name, spec);
        Object::new(&job, Phase::Releases, Some(&component.key))
    };
    component.releases.iter().map(job).collect()
}

pub(super) fn workload(cx: &Lowering<'_>, component: &Component) -> Vec<Object> {
    let Some(workload) = component.workload() else { return Vec::new() };
    let (phase, key) = (phase(component), Some(component.key.as_str()));
    let pod = &workload.pod;
    vec![match &workload.controller {
        Controller::Deployment { replicas, rollout } => {
            Object::new(&deployment(cx, component, pod, *replicas, rollout), phase, key)
        }
        Controller::StatefulSet { replicas, headless } => {
            Object::new(&stateful_set(cx, component, pod, *replicas, headless), phase, key)
        }
        Controller::Job(job) => Object::new(&component_job(cx, component, job, pod), phase, key),
        Controller::CronJob { job, schedule, timezone, concurrency, keep } => {
            let spec = batch::CronJobSpec {
                schedule: schedule.clone(),
                time_zone: timezone.clone(),
                concurrency_policy: Some(concurrency_policy(*concurrency).into()),
                successful_jobs_history_limit: Some(*keep),
                failed_jobs_history_limit: Some(*keep),
                ..repeated(cx, component, job, pod)
            };
            let metadata = cx.component_meta(component, &component.name);
            Object::new(&batch::CronJob { metadata, spec: Some(spec), status: None }, phase, key)
        }
    }]
}

fn deployment(
    cx: &Lowering<'_>,
    component: &Component,
    pod: &Pod,
    replicas: u32,
    rollout: &Rollout,
) -> apps::Deployment {
    let name = pod_name(component);
    let spec = apps::DeploymentSpec {
        replicas: fixed_replicas(component, replicas),
        revision_history_limit: Some(rollout.history),
        progress_deadline_seconds: Some(rollout.deadline),
        strategy: Some(strategy(&rollout.strategy)),
        selector: cx.selector(name),
        template: template(cx, component, name, pod, Maker::Deployment),
        ..apps::DeploymentSpec::default()
    };
    apps::Deployment { metadata: cx.component_meta(component, &component.name), spec: Some(spec), status: None }
}

/// `None` where a scaler decides: a number in Git would undo its work at every sync.
fn fixed_replicas(component: &Component, replicas: u32) -> Option<i32> {
    component.scale.is_none().then(|| number(replicas))
}

fn number(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

fn strategy(strategy: &RolloutStrategy) -> apps::DeploymentStrategy {
    match strategy {
        RolloutStrategy::Recreate => apps::DeploymentStrategy { type_: Some("Recreate".into()), rolling_update: None },
        RolloutStrategy::Rolling { surge, unavailable } => apps::DeploymentStrategy {
            type_: Some("RollingUpdate".into()),
            rolling_update: Some(apps::RollingUpdateDeployment {
                max_surge: Some(int_or_percent(*surge)),
                max_unavailable: Some(int_or_percent(*unavailable)),
            }),
        },
    }
}

pub(crate) fn int_or_percent(value: NumberOrPercent) -> IntOrString {
    match value {
        NumberOrPercent::Number(count) => IntOrString::Int(number(count)),
        NumberOrPercent::Percent(_) => IntOrString::String(value.to_string()),
    }
}

/// Its pods start together: with one after the other, a server that is ready only with its peers, or a
/// broken version of the first pod, would hold all others back for good. The field cannot change later.
fn stateful_set(
    cx: &Lowering<'_>,
    component: &Component,
    pod: &Pod,
    replicas: u32,
    headless: &str,
) -> apps::StatefulSet {
    let name = pod_name(component);
    let keep = || Some("Retain".to_owned());
    let spec = apps::StatefulSetSpec {
        replicas: fixed_replicas(component, replicas),
        service_name: Some(headless.into()),
        pod_management_policy: Some("Parallel".into()),
        update_strategy: Some(apps::StatefulSetUpdateStrategy {
            type_: Some("RollingUpdate".into()),
            rolling_update: None,
        }),
        persistent_volume_claim_retention_policy: Some(apps::StatefulSetPersistentVolumeClaimRetentionPolicy {
            when_deleted: keep(),
            when_scaled: keep(),
        }),
        selector: cx.selector(name),
        template: template(cx, component, name, pod, Maker::StatefulSet),
        volume_claim_templates: present(pod.volumes.iter().filter_map(claim_template).collect()),
        ..apps::StatefulSetSpec::default()
    };
    apps::StatefulSet { metadata: cx.component_meta(component, &component.name), spec: Some(spec), status: None }
}

fn component_job(cx: &Lowering<'_>, component: &Component, job: &Job, pod: &Pod) -> batch::Job {
    let name = pod_name(component);
    let spec = job_spec(cx, component, name, job, pod);
    if job.hashed {
        return hashed_job(cx, component, name, spec);
    }
    batch::Job { metadata: cx.component_meta(component, name), spec: Some(spec), status: None }
}

/// A Job whose name ends with a hash of its content: a Job cannot change, so a changed one is another.
fn hashed_job(cx: &Lowering<'_>, component: &Component, name: &str, spec: batch::JobSpec) -> batch::Job {
    let content = serde_json::to_vec(&spec).expect("a spec has string keys and finite numbers");
    let name = format!("{name}-{}", digest::short([(name, content.as_slice())]));
    batch::Job { metadata: cx.component_meta(component, &name), spec: Some(spec), status: None }
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

/// The job of a component under the name that it is emitted with; `None` where no job bears one.
pub(crate) fn job_reference(cx: &Lowering<'_>, key: &str) -> Option<JobReference> {
    let component = cx.model.component(key)?;
    let workload = component.workload()?;
    let Controller::Job(job) = &workload.controller else { return None };
    let name = component_job(cx, component, job, &workload.pod).metadata.name?;
    Some(JobReference { group: "batch", resource: "jobs", name, condition: "complete" })
}

/// It is never removed by time: a tool that delivers from Git would make it, and run it, again.
fn job_spec(cx: &Lowering<'_>, component: &Component, name: &str, job: &Job, pod: &Pod) -> batch::JobSpec {
    batch::JobSpec {
        backoff_limit: Some(job.retries),
        active_deadline_seconds: job.timeout,
        parallelism: job.parallelism,
        completions: job.completions,
        completion_mode: job.indexed.then(|| "Indexed".into()),
        template: template(cx, component, name, pod, Maker::Job(job.restart)),
        ..batch::JobSpec::default()
    }
}

/// Seconds that a run may be late, after an outage of the control plane say: an hour. With a run a minute
/// that is 60 missed ones, below the 100 at which the controller gives up.
const LATEST_START: i64 = 3600;

/// What a `CronJob` repeats.
fn repeated(cx: &Lowering<'_>, component: &Component, job: &Job, pod: &Pod) -> batch::CronJobSpec {
    let metadata = ObjectMeta { labels: Some(cx.standard_labels(component)), ..ObjectMeta::default() };
    let spec = job_spec(cx, component, pod_name(component), job, pod);
    batch::CronJobSpec {
        starting_deadline_seconds: Some(LATEST_START),
        job_template: batch::JobTemplateSpec { metadata: Some(metadata), spec: Some(spec) },
        ..batch::CronJobSpec::default()
    }
}

fn concurrency_policy(concurrency: Concurrency) -> &'static str {
    match concurrency {
        Concurrency::Forbid => "Forbid",
        Concurrency::Replace => "Replace",
        Concurrency::Allow => "Allow",
    }
}

#[cfg(test)]
mod tests {
    use super::releases;
    use crate::kube::Phase;
    use crate::lower::fixture::{assert_facts, find, lowered, model, part, scale, workload};
    use crate::model::{Controller, RolloutStrategy};
    use proptest::prelude::*;

    proptest! {
        /// Whatever labels the author writes on the pods, the controller finds them.
        #[test]
        fn a_selector_selects_its_pods(
            labels in prop::collection::btree_map("app.kubernetes.io/(name|part-of|component)|[a-z]{1,5}", "[a-z]{1,5}", 0..4)
        ) {
            let mut model = model();
            workload(&mut model, "api").pod.labels = labels;
            let object = &part(&model, super::workload, "api")[0].json();
            let selector = object.pointer("/spec/selector/matchLabels").and_then(|labels| labels.as_object()).unwrap();
            let pods = object.pointer("/spec/template/metadata/labels").unwrap();
            prop_assert!(selector.iter().all(|(label, value)| pods.get(label) == Some(value)));
        }
    }

    #[test]
    fn a_deployment_rolls_as_the_model_says() {
        let objects = lowered(&model());
        assert_facts(
            find(&objects, "Deployment", "api"),
            r#"
            /apiVersion = "apps/v1"
            /metadata/namespace = "shop-prod"
            /spec/replicas = 2
            /spec/selector/matchLabels = {"app.kubernetes.io/name": "api", "app.kubernetes.io/part-of": "shop"}
            /spec/strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}}
            /spec/progressDeadlineSeconds = 600
            /spec/revisionHistoryLimit = 3
            "#,
        );
    }

    #[test]
    fn recreate_has_no_bounds() {
        let mut model = model();
        if let Controller::Deployment { rollout, .. } = &mut workload(&mut model, "api").controller {
            rollout.strategy = RolloutStrategy::Recreate;
        }
        assert_facts(find(&lowered(&model), "Deployment", "api"), r#"/spec/strategy = {"type": "Recreate"}"#);
    }

    #[test]
    fn what_scales_has_no_replicas() {
        let mut model = model();
        for key in ["api", "cache"] {
            model.components[key].scale = Some(scale(1, 4));
        }
        let objects = lowered(&model);
        assert_facts(find(&objects, "Deployment", "api"), "/spec/replicas is absent");
        assert_facts(find(&objects, "StatefulSet", "cache"), "/spec/replicas is absent");
    }

    #[test]
    fn a_stateful_set_keeps_its_claims() {
        let objects = lowered(&model());
        assert_facts(
            find(&objects, "StatefulSet", "cache"),
            r#"
            /spec/replicas = 3
            /spec/serviceName = "cache-headless"
            /spec/podManagementPolicy = "Parallel"
            /spec/updateStrategy = {"type": "RollingUpdate"}
            /spec/persistentVolumeClaimRetentionPolicy = {"whenDeleted": "Retain", "whenScaled": "Retain"}
            /spec/volumeClaimTemplates/0/apiVersion = "v1"
            /spec/volumeClaimTemplates/0/kind = "PersistentVolumeClaim"
            /spec/volumeClaimTemplates/0/metadata = {"name": "data"}
            /spec/volumeClaimTemplates/0/spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}}, "storageClassName": "gp3"}
            "#,
        );
    }

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
        let name = |model: &_| part(model, super::workload, "seed")[0].identity.name.clone();
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
            job.hashed = false;
        }
        assert_facts(find(&lowered(&model), "Job", "seed"), "/spec/backoffLimit = 6");
    }
}
