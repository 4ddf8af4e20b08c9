//! Argo CD: an Application or ApplicationSet, its project, and the waves and hooks of the objects.

use super::order::{Order, Turn, kept, refers_to};
use super::{labels, metadata, project};
use crate::kube::argocd::{
    ApplicationDestination, ApplicationSetSpec, ApplicationSource, ApplicationSpec, ApplicationTemplate, Automated,
    FINALIZER, Generator, HOOK, HOOK_DELETE_POLICY, IgnoredDifference, ListGenerator, Resource, STAYS, SYNC_OPTIONS,
    SYNC_WAVE, SyncPolicy, TemplateMetadata,
};
use crate::kube::{Object, Phase};
use crate::model::{ArgoCd, Component, Controller, Delivery, Destination, Driver, Model, Naming, Plan, Project, Split};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The wave of what nobody waits for, unless the graph needs it to be later: a number that stays the same.
const LAST_WAVE: i32 = 10;

pub(super) fn add(objects: &mut Vec<Object>, model: &Model, delivery: &ArgoCd, members: &[Model]) {
    mark(objects, model);
    if let Project::Own(name) = &delivery.project {
        let project = project::project(model, delivery, name, objects);
        objects.push(project);
    }
    if !delivery.in_set {
        objects.push(application(model, delivery));
    } else if members.first().is_some_and(|first| first.environment == model.environment) {
        objects.push(application_set(model, delivery, members));
    }
}

/// Waves, hooks, and what is kept, as annotations of the objects.
fn mark(objects: &mut [Object], model: &Model) {
    let order = Order::of(model, objects);
    let last = LAST_WAVE.max(order.latest().saturating_add(1));
    let removal = Removal::of(model, objects);
    let stays = kept(objects, !removal.components.is_empty());
    let turns: Vec<(Turn, bool)> =
        objects.iter().map(|object| (order.turn(object), order.is_release(object))).collect();
    for (object, (turn, is_release)) in objects.iter_mut().zip(turns) {
        if removal.is_of(object) {
            object.annotate(HOOK, "PostDelete");
            object.annotate(HOOK_DELETE_POLICY, "HookSucceeded");
            continue;
        }
        let wave = if let Turn::At(at) = turn { at } else { last };
        if wave != 0 {
            object.annotate(SYNC_WAVE, &wave.to_string());
        }
        if is_release && is_hashed(model, object) {
            // Its name follows its content: one that has succeeded stays, and is not run again by the next sync;
            // one that has failed makes room for another try.
            object.annotate(HOOK, "Sync");
            object.annotate(HOOK_DELETE_POLICY, "HookFailed");
        }
        if stays(object) {
            STAYS.iter().for_each(|(key, value)| object.annotate(key, value));
        } else if removal.needs(object) {
            object.annotate(SYNC_OPTIONS, "Delete=false");
        }
    }
}

/// True for a job whose name follows its content.
fn is_hashed(model: &Model, object: &Object) -> bool {
    let Some(component) = object.component.as_deref().and_then(|key| model.component(key)) else { return false };
    match component.workload().map(|workload| &workload.controller) {
        Some(Controller::Job(job)) => job.naming.is_hashed(),
        // Migrations.
        _ => true,
    }
}

/// Jobs at the removal of the system. All else is gone by then: they bring what is theirs, and what they refer to stays.
struct Removal {
    components: BTreeSet<String>,
    needed: BTreeSet<(String, String)>,
}

impl Removal {
    fn of(model: &Model, objects: &[Object]) -> Self {
        let runs = |component: &&Component| {
            let job = component.workload().and_then(|workload| workload.controller.job());
            job.is_some_and(|job| job.naming == Naming::Removal)
        };
        let components: BTreeSet<String> =
            model.components.values().filter(runs).map(|component| component.key.clone()).collect();
        let own: Vec<&Object> = objects.iter().filter(|object| is_of(&components, object)).collect();
        let shared = objects.iter().filter(|object| object.component.is_none() && object.phase == Phase::Configuration);
        let needed = shared.filter(|shared| own.iter().any(|own| refers_to(&own.content, &shared.identity.name)));
        let needed = needed.map(|object| (object.identity.kind.clone(), object.identity.name.clone())).collect();
        Self { components, needed }
    }

    fn is_of(&self, object: &Object) -> bool {
        is_of(&self.components, object)
    }

    fn needs(&self, object: &Object) -> bool {
        let (kind, name) = (&object.identity.kind, &object.identity.name);
        self.needed.contains(&(kind.clone(), name.clone()))
    }
}

/// A claim stays anyway, and with it what is on it.
fn is_of(components: &BTreeSet<String>, object: &Object) -> bool {
    object.phase != Phase::Volumes && object.component.as_ref().is_some_and(|key| components.contains(key))
}

fn application(model: &Model, delivery: &ArgoCd) -> Object {
    let mut metadata = metadata(model, &delivery.name, &delivery.namespace);
    metadata.finalizers = Some(vec![FINALIZER.into()]);
    let ignored = ignored(model);
    let spec = ApplicationSpec {
        project: delivery.project.name().into(),
        source: ApplicationSource {
            repo_url: delivery.repository.clone(),
            path: delivery.path.clone(),
            target_revision: delivery.revision.clone(),
        },
        destination: destination(delivery, &model.namespace.name),
        sync_policy: sync_policy(model, delivery, !ignored.is_empty()),
        ignore_differences: ignored.into_iter().collect(),
    };
    Object::new(&Resource::new(metadata, spec), Phase::Delivery, None)
}

/// The cluster as Argo CD knows it, and a namespace in it.
pub(super) fn destination(delivery: &ArgoCd, namespace: &str) -> ApplicationDestination {
    let (server, name) = match &delivery.destination {
        Destination::Server(server) => (Some(server.clone()), None),
        Destination::Cluster(name) => (None, Some(name.clone())),
    };
    ApplicationDestination { server, name, namespace: namespace.into() }
}

fn sync_policy(model: &Model, delivery: &ArgoCd, ignores: bool) -> SyncPolicy {
    let automated = Automated { prune: delivery.prune, self_heal: delivery.self_heal };
    SyncPolicy {
        automated: delivery.auto.then_some(automated),
        sync_options: sync_options(model.namespace.create, delivery.prune, ignores),
    }
}

/// `PruneLast`: pods of the old version may start again while the new one comes, and need their configuration.
fn sync_options(owns_namespace: bool, prunes: bool, ignores: bool) -> Vec<&'static str> {
    let options = [
        ("ServerSideApply=true", true),
        ("PruneLast=true", prunes),
        // Without it a sync sets the ignored fields back.
        ("RespectIgnoreDifferences=true", ignores),
        // In a namespace of others, what they deliver is never taken over.
        ("FailOnSharedResource=true", !owns_namespace),
    ];
    options.into_iter().filter(|(_, is_needed)| *is_needed).map(|(option, _)| option).collect()
}

/// What Argo Rollouts changes while a rollout lasts. Replicas are not among it: what is scaled has none in Git.
fn ignored(model: &Model) -> BTreeSet<IgnoredDifference> {
    model.components.values().flat_map(changed_by_rollouts).collect()
}

fn changed_by_rollouts(component: &Component) -> Vec<IgnoredDifference> {
    let Some(progressive) = component.progressive().filter(|plan| plan.driver == Driver::ArgoRollouts) else {
        return Vec::new();
    };
    let second = format!("{}-{}", component.name, progressive.service_suffix());
    let weighted = matches!(progressive.plan, Plan::Canary { split: Split::Weights, .. });
    let has_services = weighted || matches!(progressive.plan, Plan::BlueGreen { .. });
    let selector = |name: &str| IgnoredDifference {
        group: None,
        kind: "Service",
        name: name.into(),
        json_pointers: vec!["/spec/selector/rollouts-pod-template-hash"],
        jq_path_expressions: Vec::new(),
    };
    let weights = |name: String| IgnoredDifference {
        group: Some("gateway.networking.k8s.io"),
        kind: "HTTPRoute",
        name,
        json_pointers: Vec::new(),
        jq_path_expressions: vec![".spec.rules[].backendRefs[].weight"],
    };
    let routes = component.routes.iter().filter(|_| weighted);
    let services = [component.name.as_str(), &second].into_iter().filter(|_| has_services);
    services.map(selector).chain(routes.map(|route| weights(crate::lower::route_name(component, route)))).collect()
}

/// One for all environments that say so; it lies in the output of the first of them.
fn application_set(model: &Model, delivery: &ArgoCd, members: &[Model]) -> Object {
    let all_ignored: BTreeSet<IgnoredDifference> = members.iter().flat_map(ignored).collect();
    let owns_all = members.iter().all(|member| member.namespace.create);
    let automated = Automated { prune: delivery.prune, self_heal: delivery.self_heal };
    let (server, name) = match &delivery.destination {
        Destination::Server(_) => (Some("{{ .server }}".to_owned()), None),
        Destination::Cluster(_) => (None, Some("{{ .cluster }}".to_owned())),
    };
    let spec = ApplicationSpec {
        project: "{{ .project }}".into(),
        source: ApplicationSource {
            repo_url: delivery.repository.clone(),
            path: "{{ .path }}".into(),
            target_revision: Some("{{ .revision }}".into()),
        },
        destination: ApplicationDestination { server, name, namespace: "{{ .namespace }}".into() },
        sync_policy: SyncPolicy {
            automated: delivery.auto.then_some(automated),
            sync_options: sync_options(owns_all, delivery.prune, !all_ignored.is_empty()),
        },
        ignore_differences: all_ignored.into_iter().collect(),
    };
    let template = ApplicationTemplate {
        metadata: TemplateMetadata {
            name: "{{ .application }}",
            labels: labels(model),
            annotations: model.annotations.clone(),
            finalizers: [FINALIZER],
        },
        spec,
    };
    let elements = members.iter().filter_map(element).collect();
    let spec = ApplicationSetSpec {
        go_template: true,
        go_template_options: ["missingkey=error"],
        generators: [Generator { list: ListGenerator { elements } }],
        template,
    };
    Object::new(&Resource::new(metadata(model, &model.system, &delivery.namespace), spec), Phase::Delivery, None)
}

/// What differs between the environments of a set.
fn element(member: &Model) -> Option<Value> {
    let Some(Delivery::ArgoCd(delivery)) = &member.delivery else { return None };
    let mut element = json!({
        "application": delivery.name,
        "namespace": member.namespace.name,
        "path": delivery.path,
        "project": delivery.project.name(),
        "revision": delivery.revision.as_deref().unwrap_or("HEAD"),
    });
    let (key, cluster) = match &delivery.destination {
        Destination::Server(server) => ("server", server),
        Destination::Cluster(name) => ("cluster", name),
    };
    element[key] = cluster.as_str().into();
    Some(element)
}
