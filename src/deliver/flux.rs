//! Flux: a source, and a Kustomization for each step of the delivery.
//!
//! A Kustomization waits for all that it applies, so what must be there before something else is a step of its
//! own: a list of files in `delivery/<step>/`. What may never come to rest stands in a last one that waits for nothing.

use super::health::checks;
use super::metadata;
use super::order::{DEFINITIONS, FIRST_RELEASES, Order, Turn, kept};
use crate::kube::flux::{
    DISABLED, Decryption, GitReference as GitRef, GitRepositorySpec, IgnoreRule, IgnoreTarget, KustomizationSpec,
    NameRef, OciReference as OciRef, OciRepositorySpec, PRUNE, Resource, SUBSTITUTE, SourceRef,
};
use crate::kube::{Content, Object, Phase};
use crate::model::{
    Body, Component, Controller, Delivery, Driver, Flux, GitReference, Model, OciReference, Plan, Source, Split,
};
use crate::spec::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Seconds that a step may take where nothing in it says more.
const TIMEOUT: i64 = 300;
/// Seconds that a job may take that has no bound of its own.
const UNBOUNDED_JOB: i64 = 3600;
/// The time before a step that failed is tried again.
const RETRY: &str = "2m";

pub(super) fn add(objects: &mut Vec<Object>, model: &Model, delivery: &Flux) {
    let steps = steps(model, objects);
    let stays = kept(objects, false);
    for object in objects.iter_mut() {
        if stays(object) {
            object.annotate(PRUNE, DISABLED);
        }
    }
    let several = steps.len() > 1;
    let mut added = vec![source(model, delivery)];
    let mut before: Option<String> = None;
    for (step, indices) in &steps {
        let name = kustomization_name(delivery, step, several);
        let of_step: Vec<&Object> = indices.iter().map(|index| &objects[*index]).collect();
        let spec = kustomization(model, delivery, step, &of_step, several, before.take());
        added.push(Object::new(
            &Resource::new(metadata(model, &name, &delivery.namespace), spec),
            Phase::Delivery,
            None,
        ));
        before = Some(name);
    }
    if several {
        for (step, indices) in &steps {
            let folder: Arc<str> = step.folder().into();
            indices.iter().for_each(|index| objects[*index].step = Some(folder.clone()));
        }
    }
    objects.extend(added);
}

/// A step of the delivery, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Definitions,
    /// What must be there before the jobs of the round: the namespace, configuration, volumes, stores.
    Base(usize),
    /// Jobs before the rollout of what uses them.
    Releases(usize),
    Rest,
    /// Nobody waits for it.
    Unwatched,
}

impl Step {
    fn folder(self) -> String {
        let numbered =
            |name: &str, round: usize| if round == 0 { name.into() } else { format!("{name}-{}", round + 1) };
        match self {
            Self::Definitions => "definitions".into(),
            Self::Base(round) => numbered("base", round),
            Self::Releases(round) => numbered("releases", round),
            Self::Rest => "rest".into(),
            Self::Unwatched => "unwatched".into(),
        }
    }
}

/// The objects of each step, by their place.
fn steps(model: &Model, objects: &[Object]) -> BTreeMap<Step, Vec<usize>> {
    let order = Order::of(model, objects);
    let released = objects.iter().filter(|object| order.is_release(object)).map(|object| order.turn(object));
    // The first round is there without jobs too: Flux removes, and makes anew, what moves to a later step.
    let rounds: Vec<Turn> = released.chain([FIRST_RELEASES]).collect::<BTreeSet<Turn>>().into_iter().collect();
    let step = |object: &Object| {
        let turn = order.turn(object);
        if turn == DEFINITIONS {
            return Step::Definitions;
        }
        if turn == Turn::Unwatched {
            return Step::Unwatched;
        }
        match rounds.iter().position(|round| turn <= *round) {
            Some(round) if order.is_release(object) || order.is_bound_by_release(object) => Step::Releases(round),
            Some(round) => Step::Base(round),
            None => Step::Rest,
        }
    };
    let mut steps: BTreeMap<Step, Vec<usize>> = BTreeMap::new();
    for (index, object) in objects.iter().enumerate() {
        steps.entry(step(object)).or_default().push(index);
    }
    steps
}

/// The last step that is waited for bears the name of the delivery.
fn kustomization_name(delivery: &Flux, step: &Step, several: bool) -> String {
    match step {
        Step::Rest => delivery.name.clone(),
        _ if !several => delivery.name.clone(),
        step => format!("{}-{}", delivery.name, step.folder()),
    }
}

fn source(model: &Model, delivery: &Flux) -> Object {
    let metadata = metadata(model, &delivery.name, &delivery.namespace);
    let (url, interval) = (delivery.url.clone(), time(delivery.interval));
    let secret_ref = delivery.secret.as_ref().map(NameRef::new);
    match &delivery.source {
        Source::Git(reference) => {
            let reference = match reference.clone() {
                GitReference::Branch(branch) => GitRef::Branch(branch),
                GitReference::Tag(tag) => GitRef::Tag(tag),
                GitReference::Semver(range) => GitRef::Semver(range),
                GitReference::Commit(commit) => GitRef::Commit(commit),
            };
            let spec = GitRepositorySpec { url: as_url(&url), reference, interval, secret_ref };
            Object::new(&Resource::new(metadata, spec), Phase::Delivery, None)
        }
        Source::Oci(reference) => {
            let reference = match reference.clone() {
                OciReference::Tag(tag) => OciRef::Tag(tag),
                OciReference::Semver(range) => OciRef::Semver(range),
                OciReference::Digest(digest) => OciRef::Digest(digest),
            };
            let spec = OciRepositorySpec { url, reference, interval, secret_ref };
            Object::new(&Resource::new(metadata, spec), Phase::Delivery, None)
        }
    }
}

/// Flux takes no `git@host:path`.
fn as_url(url: &str) -> String {
    match url.split_once(':') {
        Some((host, path)) if !path.starts_with("//") => format!("ssh://{host}/{}", path.trim_start_matches('/')),
        _ => url.into(),
    }
}

fn kustomization(
    model: &Model,
    delivery: &Flux,
    step: &Step,
    objects: &[&Object],
    several: bool,
    before: Option<String>,
) -> KustomizationSpec {
    let waits = *step != Step::Unwatched;
    KustomizationSpec {
        source_ref: SourceRef {
            kind: if matches!(delivery.source, Source::Git(_)) { "GitRepository" } else { "OCIRepository" },
            name: delivery.name.clone(),
        },
        path: folder(delivery, several.then(|| step.folder())),
        depends_on: before.into_iter().map(NameRef::new).collect(),
        interval: time(delivery.interval),
        retry_interval: RETRY,
        timeout: time(timeout(model, objects).unsigned_abs()),
        prune: delivery.prune,
        wait: waits,
        health_check_exprs: if waits { checks(objects.iter().copied()) } else { Vec::new() },
        ignore: model.components.values().flat_map(|component| weights(component, objects)).collect(),
        service_account_name: delivery.service_account.clone(),
        decryption: delivery
            .decryption
            .as_ref()
            .filter(|_| objects.iter().any(|object| object.content.get("sops").is_some()))
            .map(|secret| Decryption { provider: "sops", secret_ref: NameRef::new(secret) }),
    }
}

fn folder(delivery: &Flux, step: Option<String>) -> String {
    let parts =
        [Some(delivery.path.clone()).filter(|path| !path.is_empty()), step.map(|step| format!("delivery/{step}"))];
    parts.into_iter().flatten().fold(".".to_owned(), |path, part| format!("{path}/{part}"))
}

fn time(seconds: u64) -> String {
    Duration(seconds).to_string()
}

/// The longest time that something in the step may take to be there.
fn timeout(model: &Model, objects: &[&Object]) -> i64 {
    let keys: BTreeSet<&str> = objects.iter().filter_map(|object| object.component.as_deref()).collect();
    let components = keys.into_iter().filter_map(|key| model.component(key));
    components.map(|component| longest(component, objects)).fold(TIMEOUT, i64::max)
}

fn longest(component: &Component, objects: &[&Object]) -> i64 {
    let is_here = |kind: &str| {
        let own = objects.iter().filter(|object| object.component.as_deref() == Some(component.key.as_str()));
        own.into_iter().any(|object| object.identity.kind == kind)
    };
    let of_job = |timeout: Option<i64>| timeout.unwrap_or(UNBOUNDED_JOB) + TIMEOUT;
    let migrations = component.releases.iter().filter(|_| is_here("Job")).map(|release| of_job(release.job.timeout));
    let own = match &component.body {
        // Instances are made one after the other, each from a copy of the first.
        Body::Cluster(cluster) if is_here("Cluster") => TIMEOUT * i64::from(cluster.instances.saturating_add(1)),
        Body::External(_) | Body::Cluster(_) => 0,
        Body::Workload(workload) => match &workload.controller {
            Controller::Deployment { rollout, .. } if is_here("Deployment") => i64::from(rollout.deadline),
            Controller::Deployment { rollout, .. } if is_here("Rollout") => i64::from(rollout.deadline),
            Controller::LeaderWorkerSet { rollout, .. } => i64::from(rollout.deadline),
            Controller::StatefulSet { replicas, .. } if is_here("StatefulSet") => {
                let probes = &workload.pod.main.probes;
                let start = probes.startup.as_ref().or(probes.ready.as_ref()).map_or(0, crate::model::Probe::budget);
                (start + TIMEOUT) * i64::from(*replicas)
            }
            Controller::Job(job) if is_here("Job") => of_job(job.timeout),
            _ => 0,
        },
    };
    migrations.fold(own, i64::max)
}

/// Argo Rollouts moves the weights of the routes while a rollout lasts; Flux would set them back.
fn weights(component: &Component, objects: &[&Object]) -> Vec<IgnoreRule> {
    let is_weighted = component.progressive().is_some_and(|progressive| {
        progressive.driver == Driver::ArgoRollouts
            && matches!(progressive.plan, Plan::Canary { split: Split::Weights, .. })
    });
    let routes = objects.iter().filter(|object| {
        is_weighted
            && object.identity.kind == "HTTPRoute"
            && object.component.as_deref() == Some(component.key.as_str())
    });
    let rule = |object: &&&Object| IgnoreRule {
        paths: weight_paths(&object.content),
        target: IgnoreTarget { kind: "HTTPRoute", name: object.identity.name.clone() },
    };
    routes.map(|object| rule(&object)).filter(|rule| !rule.paths.is_empty()).collect()
}

fn weight_paths(route: &Content) -> Vec<String> {
    let items = |content: Option<&Content>| match content {
        Some(Content::List(items)) => items.clone(),
        _ => Vec::new(),
    };
    let rules = items(route.get("spec").and_then(|spec| spec.get("rules")));
    let of_rule = |(rule, content): (usize, &Content)| {
        let weighted = items(content.get("backendRefs")).into_iter().enumerate();
        let weighted = weighted.filter(|(_, backend)| backend.get("weight").is_some());
        weighted.map(move |(backend, _)| format!("/spec/rules/{rule}/backendRefs/{backend}/weight")).collect::<Vec<_>>()
    };
    rules.iter().enumerate().flat_map(of_rule).collect()
}

/// Keeps `${…}` in objects from the substitution of a Kustomization above; after all patches.
pub fn protect_text(objects: &mut [Object], model: &Model) {
    if !matches!(model.delivery, Some(Delivery::Flux(_))) {
        return;
    }
    for object in objects {
        if object.content.any_text(&mut |_, text| text.contains("${")) {
            object.annotate(SUBSTITUTE, DISABLED);
        }
    }
}
