//! Work that ends: jobs by schedule, jobs of a release, migrations.

use super::Resolver;
use super::brought::number;
use crate::diagnostic::{code, listed, nearest};
use crate::document::{Finding, Findings, at};
use crate::model::{Controller, Delivery, FailureCause, FailureRule, Job, Naming};
use crate::spec::{
    self, Component, Concurrency, Duration, ExitOperator, Feature, InitStep, Migrate, Positive, Resources, Restart,
    When,
};
use std::collections::BTreeSet;

/// How often a failed run is tried again unless written.
const RETRIES: i32 = 3;
/// The schedule of a job that is started by hand: a CronJob has one, and this one is suspended.
const NEVER: &str = "0 0 1 1 *";
/// How many finished runs are kept unless written.
const KEEP: i32 = 3;
/// Seconds after which a migration has failed unless written: the rollout waits for it.
const MIGRATION_TIMEOUT: i64 = 600;

impl Resolver<'_, '_> {
    /// A job by its schedule or by hand, one before the rollout of what uses it, or one that runs once.
    pub(super) fn job(&mut self, key: &str, component: &Component) -> Controller {
        self.refuse_other_modes(key, component);
        let queue = component.queue.as_ref().map(|queue| self.queue(key, queue));
        let job = Job { queue, ..job(key, component, self.findings) };
        controller(component, job)
    }

    /// A queue that the target has.
    fn queue(&mut self, key: &str, queue: &str) -> String {
        let path = at!["components", key, "queue"];
        if !self.target.has(Feature::Kueue) {
            self.findings.push(
                Finding::error(code::FEATURE_MISSING, path, format!("the queue of `{key}` needs `kueue`"))
                    .label("nobody would let the job start in its turn")
                    .also(at!["environment", "target", "features"], "`kueue` is not among the features")
                    .help("add `kueue` to `target.features` if the cluster has it, or write `queue: null` here"),
            );
        } else if !self.target.queues.contains_key(queue) {
            let known = || self.target.queues.keys().map(String::as_str);
            let finding = Finding::error(code::UNKNOWN_QUEUE, path, format!("the target has no queue `{queue}`"))
                .label("no such queue")
                .also(at!["environment", "target", "kueue", "queues"], "the queues of this target");
            self.findings.push(match nearest(queue, known()) {
                Some(near) => finding.help(format!("a similar queue is `{near}`")).suggest(near, false),
                None if self.target.queues.is_empty() => {
                    finding.help(format!("write `target.kueue: {{queues: {{{queue}: <ClusterQueue>}}}}`"))
                }
                None => finding.help(format!("queues are {}", listed(known()))),
            });
        }
        queue.to_owned()
    }

    fn refuse_other_modes(&mut self, key: &str, component: &Component) {
        match component.when {
            None if component.schedule.is_none() => self.findings.push(
                Finding::error(
                    code::NO_FORM,
                    at!["components", key],
                    format!("the job `{key}` does not say when it runs"),
                )
                .label("neither `schedule` nor `when`")
                .on_key()
                .help("write `schedule: \"0 2 * * *\"`, or `when: release` for a run before each rollout"),
            ),
            Some(When::Removal) => self.require_removal_hook(key),
            _ => {}
        }
        refuse_fields_of_schedules(key, component, self.findings);
    }

    /// Kubernetes runs every job as soon as it is there.
    fn require_removal_hook(&mut self, key: &str) {
        let label = match self.delivery {
            Some(Delivery::ArgoCd(_)) => return,
            Some(Delivery::Flux(_)) => "Flux has no such hook",
            None => "no delivery with such a hook",
        };
        self.findings.push(
            Finding::error(
                code::NO_REMOVAL_HOOK,
                at!["components", key, "when"],
                format!("nothing would run the job `{key}` when the system is removed"),
            )
            .label(label)
            .also(at!["environment", "delivery", "flux"], "what delivers")
            .reason(
                "only Argo CD runs a job at a removal; applied by anything else, the job would run at once, while \
                 the system is in use",
            )
            .help(
                "deliver with `delivery.argocd`, or write `when: manual`, and start the job by hand before the system \
                 is removed",
            ),
        );
    }
}

fn controller(component: &Component, job: Job) -> Controller {
    let suspended = component.when == Some(When::Manual);
    let schedule = component.schedule.as_ref().map(ToString::to_string);
    if let Some(schedule) = schedule.or_else(|| suspended.then(|| NEVER.into())) {
        return Controller::CronJob {
            job,
            suspended,
            schedule,
            timezone: component.timezone.as_ref().map(ToString::to_string),
            concurrency: component.concurrency.unwrap_or(Concurrency::Forbid),
            keep: number(component.keep, KEEP),
        };
    }
    Controller::Job(job)
}

/// What only means something where the runs of a job follow each other.
fn refuse_fields_of_schedules(key: &str, component: &Component, findings: &mut Findings<'_>) {
    let (scheduled, manual) = (component.schedule.is_some(), component.when == Some(When::Manual));
    let fields = [
        ("timezone", component.timezone.is_some(), scheduled),
        ("concurrency", component.concurrency.is_some(), scheduled),
        ("keep", component.keep.is_some(), scheduled || manual),
    ];
    for (field, _, _) in fields.into_iter().filter(|(_, written, has_effect)| *written && !has_effect) {
        let with = if field == "keep" { "`schedule` or `when: manual`" } else { "`schedule`" };
        findings.push(
            Finding::error(
                code::FIELD_OF_SCHEDULE,
                at!["components", key, field],
                format!("`{field}` of `{key}` has no effect without {with}"),
            )
            .label("not a job with runs that follow each other")
            .on_key()
            .reason(format!("`{field}` is a field of a CronJob, and this job becomes a Job: one run"))
            .help(format!("take `{field}` away, or give the job a `schedule`")),
        );
    }
}

fn job(key: &str, component: &Component, findings: &mut Findings<'_>) -> Job {
    let indexed = component.indexed == Some(true);
    let parallelism = component.parallelism.map(Positive::as_i32);
    let completions = component.completions.map(Positive::as_i32);
    Job {
        naming: naming(component),
        queue: None,
        failure: failure(key, component, findings),
        timeout: component.timeout.map(Duration::seconds_i64),
        retries: number(component.retries, RETRIES),
        restart: component.restart.unwrap_or(Restart::Never),
        parallelism,
        completions: if indexed { completions.or(Some(parallelism.unwrap_or(1))) } else { completions },
        indexed,
    }
}

fn naming(component: &Component) -> Naming {
    // Others refer to an indexed job's pods by its name, so that name cannot follow the content.
    let referred_to =
        component.indexed == Some(true) && component.ports.as_ref().is_some_and(|ports| !ports.is_empty());
    match component.when {
        Some(When::Release) if !referred_to => Naming::Users,
        Some(When::Once) if !referred_to => Naming::Content,
        Some(When::Removal) => Naming::Removal,
        _ => Naming::Fixed,
    }
}

fn failure(key: &str, component: &Component, findings: &mut Findings<'_>) -> Vec<FailureRule> {
    let mut rules = Vec::new();
    for (name, rule) in component.failure_policy.iter().flatten() {
        match cause(rule) {
            Some(cause) => rules.push(FailureRule { name: name.clone(), action: rule.action, cause }),
            None => findings.push(
                Finding::error(
                    code::NO_FORM,
                    at!["components", key, "failurePolicy", name],
                    format!("the failure rule `{name}` matches nothing"),
                )
                .label("neither `onExitCodes` nor `onPodConditions`")
                .on_key()
                .help("write `onExitCodes: {values: [42]}`, or `onPodConditions: [DisruptionTarget]`"),
            ),
        }
    }
    rules
}

/// Kubernetes takes exit codes in rising order, each once.
fn cause(rule: &spec::FailureRule) -> Option<FailureCause> {
    if let Some(codes) = &rule.on_exit_codes {
        let values: BTreeSet<i32> = codes.values.iter().map(|code| code.as_i32()).collect();
        return Some(FailureCause::ExitCodes {
            container: codes.container.as_ref().map(ToString::to_string),
            within: codes.operator != Some(ExitOperator::NotIn),
            values: values.into_iter().collect(),
        });
    }
    let conditions = rule.on_pod_conditions.as_ref()?;
    Some(FailureCause::Conditions(conditions.iter().map(ToString::to_string).collect()))
}

/// The component of a migration's pod: everything of its backend but ports, probes and GPUs.
pub(super) fn migration(component: &Component, migrate: &Migrate) -> Component {
    Component {
        command: Some(migrate.command.clone()),
        args: migrate.args.clone(),
        resources: migrate.resources.clone().or_else(|| component.resources.as_ref().map(plain)),
        ports: None,
        health: None,
        shutdown: None,
        gpu: None,
        migrate: None,
        ..component.clone()
    }
}

/// Without GPUs and other devices: a migration uses none.
fn plain(resources: &Resources) -> Resources {
    let mut resources = resources.clone();
    if let Some(requests) = &mut resources.requests {
        requests.retain(|name, _| !name.contains('/'));
    }
    if let Some(limits) = &mut resources.limits {
        limits.retain(|name, _| !name.contains('/'));
    }
    resources
}

/// The migration as the last step before the start of every pod.
pub(super) fn init_step(component: &Component, migrate: &Migrate) -> InitStep {
    InitStep {
        command: Some(migrate.command.clone()),
        args: migrate.args.clone(),
        env_from: component.env_from.clone(),
        resources: migrate.resources.clone(),
        ..InitStep::default()
    }
}

/// The job of a migration.
pub(super) fn release(migrate: &Migrate) -> Job {
    Job {
        naming: Naming::Content,
        failure: Vec::new(),
        queue: None,
        timeout: Some(migrate.timeout.map_or(MIGRATION_TIMEOUT, Duration::seconds_i64)),
        retries: number(migrate.retries, RETRIES),
        restart: Restart::Never,
        parallelism: None,
        completions: None,
        indexed: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Controller, EnvFromSource, EnvValue};
    use crate::resolve::sample::{Sample, sample};

    fn job(rest: &str) -> Sample {
        sample(&format!("components:\n  train: {{kind: job, image: \"example.com/train:1\"{rest}}}\n"), "")
    }

    #[test]
    fn a_schedule_makes_a_cron_job_that_never_overlaps() {
        let nightly = job(", schedule: \"0 2 * * *\", timezone: Europe/Madrid, timeout: 2h").clean();
        let Controller::CronJob { job, suspended: false, schedule, timezone, concurrency, keep } =
            &nightly.workload("train").controller
        else {
            panic!("no cron job")
        };
        assert_eq!(
            (schedule.as_str(), timezone.as_deref(), *concurrency, *keep),
            ("0 2 * * *", Some("Europe/Madrid"), Concurrency::Forbid, 3)
        );
        assert_eq!(
            (job.timeout, job.retries, job.restart, job.naming),
            (Some(7_200), 3, Restart::Never, Naming::Fixed)
        );
    }

    #[test]
    fn a_release_is_a_job_named_by_its_content() {
        let release = job(", when: release, indexed: true, parallelism: 4, retries: 0, restart: on-failure").clean();
        let Controller::Job(job) = &release.workload("train").controller else { panic!("no job") };
        assert_eq!((job.parallelism, job.completions, job.indexed), (Some(4), Some(4), true));
        assert_eq!((job.retries, job.restart, job.naming), (0, Restart::OnFailure, Naming::Users));
        let led = self::job(", when: release, indexed: true, ports: {nccl: 29500}");
        let Controller::Job(job) = &led.workload("train").controller else { panic!("no job") };
        assert_eq!((job.completions, job.naming), (Some(1), Naming::Fixed));
        assert_eq!(self::job("").at(code::NO_FORM), ["components.train"]);
    }

    fn backend(migrate: &str) -> Sample {
        let base = "kind: backend, image: \"example.com/api:1\", ports: {http: 80}, health: {ready: /ready}, gpu: 1, shutdown: {delay: 5s}, \
                    env: {LOG: info}, envFrom: {limits: {config: limits}}, files: {/etc/app.toml: {text: x}}, \
                    resources: {requests: {cpu: 1, memory: 1Gi}}";
        sample(&format!("components:\n  api: {{{base}, migrate: {{{migrate}}}}}\nconfig:\n  limits: {{MAX: 5}}\n"), "")
    }

    #[test]
    fn a_migration_has_everything_of_its_backend_but_ports_probes_and_gpus() {
        let sample = backend("command: [alembic, upgrade, head]");
        let [release] = sample.component("api").releases.as_slice() else { panic!("no release") };
        let main = &release.pod.main;
        assert_eq!((release.name.as_str(), release.job.timeout, release.job.retries), ("api-migrate", Some(600), 3));
        assert_eq!(
            (main.command.join(" ").as_str(), main.image.to_string().as_str()),
            ("alembic upgrade head", "example.com/api:1")
        );
        assert!(
            main.ports.is_empty()
                && main.probes.ready.is_none()
                && release.pod.gpu.is_none()
                && main.pre_stop.is_none()
        );
        assert!(main.env.iter().any(|variable| variable.value == EnvValue::Text("info".into())));
        assert!(main.mounts.iter().any(|mount| mount.path == "/etc/app.toml"));
        assert_eq!(main.resources.requests.keys().collect::<Vec<_>>(), ["cpu", "memory"]);
        assert!(sample.workload("api").pod.init.is_empty());
    }

    #[test]
    fn a_migration_may_be_a_step_of_every_pod() {
        let sample = backend("command: [migrate], as: init, resources: {requests: {cpu: 100m}}");
        assert!(sample.component("api").releases.is_empty());
        let [step] = sample.workload("api").pod.init.as_slice() else { panic!("no step") };
        assert_eq!((step.name.as_str(), step.command[0].as_str()), ("migrate", "migrate"));
        assert!(
            step.env_from
                .iter()
                .any(|from| matches!(&from.source, EnvFromSource::Config(name) if name.starts_with("limits")))
        );
        assert!(step.env.iter().any(|variable| variable.name == "LOG"));
        assert_eq!(step.resources.requests.keys().collect::<Vec<_>>(), ["cpu"]);
    }
}
