//! Distributed training: a master and workers that start together and know one another by name.
//!
//! With `jobset` they are a set of jobs. Without it they are one indexed job, which has one template: so
//! master and workers must be alike.

use super::Resolver;
use super::files::FileSet;
use crate::diagnostic::code;
use crate::document::{Finding, at};
use crate::model::{Controller, Job, JobSet, Naming, Output, Workers};
use crate::spec::{self, Component, Feature, Named, Positive, TrainingPart, When};
use crate::target::Target;
use std::collections::BTreeMap;

/// A master and workers, completed with what they have from their component.
pub(super) struct Team {
    /// The workload's own pod: of the master, or of all where they are alike.
    pub(super) own: Component,
    /// The others, where they differ.
    workers: Option<Component>,
    master_count: i32,
    worker_count: i32,
}

impl Resolver<'_, '_> {
    /// The team of a job; `None` without one, or after a finding.
    pub(super) fn team(&mut self, key: &str, component: &Component) -> Option<Team> {
        if component.master.is_none() && component.workers.is_none() {
            return None;
        }
        self.refuse_half_teams(key, component);
        let (master, workers) = (component.master.as_ref()?, component.workers.as_ref()?);
        let alike = are_alike(master, workers);
        if !alike && !self.target.has(Feature::Jobset) {
            self.findings.push(
                Finding::error(
                    code::FEATURE_MISSING,
                    at!["components", key, "workers"],
                    format!("the master and the workers of `{key}` differ, which needs `jobset`"),
                )
                .label("not as the master")
                .on_key()
                .also(at!["components", key, "master"], "the master")
                .also(at!["environment", "target", "features"], "`jobset` is not among the features")
                .reason("without it they are one indexed job, whose pods all have one template")
                .help("add `jobset` to `target.features` if the cluster has it, or write the same in both"),
            );
        }
        Some(Team {
            own: with_part(component, master),
            workers: (!alike).then(|| with_part(component, workers)),
            master_count: count(master),
            worker_count: count(workers),
        })
    }

    fn refuse_half_teams(&mut self, key: &str, component: &Component) {
        let place = at!["components", key];
        let error = |path, message: String| Finding::error(code::TRAINING, path, message).on_key();
        for (field, other, missing) in
            [("master", "workers", component.workers.is_none()), ("workers", "master", component.master.is_none())]
        {
            if missing {
                let message = format!("`{key}` has `{field}` and no `{other}`");
                let help =
                    format!("write `{other}: {{…}}`, or `indexed: true` with `parallelism` for pods that are alike");
                self.findings.push(error(place.join(field), message).label("half a training").help(help));
            }
        }
        let field = if component.workers.is_some() { "workers" } else { "master" };
        if component.ports.as_ref().is_none_or(|ports| ports.is_empty()) {
            let message = format!("the pods of `{key}` have no port by which they could meet");
            let help = "write `ports:`, such as `ports: {rendezvous: 29500}`";
            self.findings.push(error(place.join(field), message).label("speak to one another").help(help));
        }
        if !matches!(component.when, Some(When::Release | When::Once)) {
            let message = format!("each run of `{key}` has another name, so its pods cannot know one another");
            let finding = error(place.join(field), message).label("reach the leader by its name").reason(
                "the host name of a pod starts with the name of its job, and the runs of a CronJob are numbered",
            );
            self.findings.push(finding.help("write `when: once` or `when: release`"));
        }
        let counts = [
            ("parallelism", component.parallelism.is_some()),
            ("completions", component.completions.is_some()),
            ("indexed", component.indexed.is_some()),
        ];
        for (name, _) in counts.into_iter().filter(|(_, written)| *written) {
            let message = format!("`{name}` of `{key}` says again how many pods there are");
            let finding = error(place.join(name), message)
                .label("beside `master` and `workers`")
                .also(place.join(field), "counted here");
            self.findings.push(finding.help(format!("take `{name}` away; the numbers are `replicas` of each part")));
        }
    }

    /// The job of a team: a set of jobs where the target has them, one indexed job otherwise.
    pub(super) fn train(&mut self, key: &str, name: &str, controller: Controller, team: Team) -> Controller {
        let Controller::Job(job) = controller else { return controller };
        let all = team.master_count.saturating_add(team.worker_count);
        let naming = if job.naming == Naming::Removal { Naming::Removal } else { Naming::Fixed };
        let job = Job { naming, ..job };
        if !self.target.has(Feature::Jobset) {
            return Controller::Job(Job { parallelism: Some(all), completions: Some(all), indexed: true, ..job });
        }
        let workers = team.workers.and_then(|workers| {
            let mut set = FileSet::default();
            let place = at!["components", key];
            self.findings.lay(place.clone(), Some(place.join(WORKERS)));
            let pod = self.pod(key, name, &workers, &mut set);
            self.findings.lay(place, None);
            let mut pod = pod?;
            // The files are those of the component: the ConfigMap is the same.
            pod.volumes.extend(set.finish(name).1);
            Some(Workers { count: team.worker_count, pod: Box::new(pod) })
        });
        let (part, count) = if workers.is_some() { ("master", team.master_count) } else { (WORKERS, all) };
        Controller::JobSet(JobSet { job, part, count, workers })
    }
}

/// The part of pods that are all alike.
const WORKERS: &str = "workers";

fn count(part: &TrainingPart) -> i32 {
    part.replicas.map_or(1, Positive::as_i32)
}

fn are_alike(master: &TrainingPart, workers: &TrainingPart) -> bool {
    let bare = |part: &TrainingPart| TrainingPart { replicas: None, ..part.clone() };
    bare(master) == bare(workers)
}

/// The component with what a part lays over it.
fn with_part(component: &Component, part: &TrainingPart) -> Component {
    let part = part.clone();
    let own = component.clone();
    Component {
        image: part.image.or(own.image),
        command: part.command.or(own.command),
        args: part.args.or(own.args),
        env: laid(own.env, part.env),
        resources: match (own.resources, part.resources) {
            (Some(below), Some(above)) => Some(spec::Resources {
                requests: laid(below.requests, above.requests),
                limits: laid(below.limits, above.limits),
            }),
            (below, above) => above.or(below),
        },
        gpu: part.gpu.or(own.gpu),
        placement: part.placement.or(own.placement),
        ..own
    }
}

fn laid<K, T>(below: Option<Named<K, T>>, above: Option<Named<K, T>>) -> Option<Named<K, T>>
where
    T: Clone,
{
    let (Some(mut laid), Some(above)) = (below.as_ref().map(copy), above.as_ref()) else { return above.or(below) };
    for (name, value) in above {
        laid.insert(name.clone(), value.clone());
    }
    Some(laid)
}

fn copy<K, T: Clone>(named: &Named<K, T>) -> Named<K, T> {
    named.into_iter().map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// `leader`, the host of the pod with index 0; `workers`, how many there are; `size`, how many pods there are in all.
pub(super) fn outputs(name: &str, component: &Component, target: &Target) -> BTreeMap<String, Output> {
    let mut outputs = BTreeMap::new();
    let ports = component.ports.as_ref().is_some_and(|ports| !ports.is_empty());
    if !ports || !matches!(component.when, Some(When::Release | When::Once)) {
        return outputs;
    }
    let mut put = |output: &str, text: String| outputs.insert(output.to_owned(), Output::Plain(text));
    match (&component.master, &component.workers) {
        (Some(master), Some(workers)) => {
            let part = if are_alike(master, workers) { WORKERS } else { "master" };
            let leader = if target.has(Feature::Jobset) { format!("{name}-{part}-0-0") } else { format!("{name}-0") };
            put("leader", format!("{leader}.{name}"));
            put("workers", count(workers).to_string());
            put("size", count(master).saturating_add(count(workers)).to_string());
        }
        _ if component.indexed == Some(true) => {
            let pods = component.completions.or(component.parallelism).map_or(1, Positive::as_i32);
            put("leader", format!("{name}-0.{name}"));
            put("workers", pods.to_string());
            put("size", pods.to_string());
        }
        _ => {}
    }
    outputs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::sample::{Sample, sample};

    fn train(parts: &str, features: &str) -> Sample {
        let job = "kind: job, image: \"example.com/train:1\", when: once, ports: {meet: 29500}, env: {LOG: info, LEADER: \"${self.leader}\"}";
        sample(&format!("components:\n  train: {{{job}, {parts}}}\n"), features)
    }

    fn output(sample: &Sample, name: &str) -> String {
        match &sample.component("train").outputs[name] {
            Output::Plain(text) => text.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn parts_that_are_alike_are_one_job_or_one_set() {
        let parts = "master: {}, workers: {replicas: 3}";
        let plain = train(parts, "").clean();
        let Controller::Job(job) = &plain.workload("train").controller else { panic!("no job") };
        assert_eq!((job.completions, job.indexed, job.naming), (Some(4), true, Naming::Fixed));
        assert_eq!(
            [output(&plain, "leader"), output(&plain, "workers"), output(&plain, "size")],
            ["train-0.train", "3", "4"]
        );
        let set = train(parts, "jobset").clean();
        let Controller::JobSet(JobSet { part, count, workers, .. }) = &set.workload("train").controller else {
            panic!("no set")
        };
        assert_eq!((*part, *count, workers.is_none()), ("workers", 4, true));
        assert_eq!(output(&set, "leader"), "train-workers-0-0.train");
    }

    #[test]
    fn parts_that_differ_are_laid_over_the_component() {
        let parts = "master: {command: [lead]}, workers: {replicas: 2, env: {LOG: debug}}";
        let set = train(parts, "jobset").clean();
        assert_eq!(output(&set, "leader"), "train-master-0-0.train");
        let workload = set.workload("train");
        assert_eq!(workload.pod.main.command, ["lead"]);
        let workers = workload.workers().expect("workers");
        let variable = |name: &str| workers.pod.main.env.iter().find(|variable| variable.name == name);
        let said = |text: &str| Some(crate::model::EnvValue::Text(text.into()));
        assert_eq!(variable("LOG").map(|variable| variable.value.clone()), said("debug"));
        assert_eq!(variable("LEADER").map(|variable| variable.value.clone()), said("train-master-0-0.train"));
        assert!(workers.pod.main.command.is_empty() && workers.count == 2);
        assert_eq!(train(parts, "").at(code::FEATURE_MISSING), ["components.train.workers"]);
    }
}
