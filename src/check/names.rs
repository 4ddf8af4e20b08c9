//! Names of objects: long enough for people, short enough for Kubernetes, and no two alike.

use super::places::first_written;
use crate::diagnostic::code;
use crate::document::{Finding, Findings, Path, at};
use crate::model::{
    Body, Component, Controller, Driver, Identity, Job, JobSet, Model, RouteTls, VolumeSource, Workload,
};
use std::collections::BTreeMap;

/// The most that a DNS label and the value of a label hold.
const LABEL: usize = 63;
/// The longest name of most objects.
const SUBDOMAIN: usize = 253;
/// `-` and ten digits: what the name of a release job ends with.
const HASH: usize = 11;
/// The longest name of a Deployment whose pods keep it whole.
const WHOLE_IN_PODS: usize = 46;

/// No two components give their objects the same name: a name is the identity of an object.
pub(super) fn component_names_are_unique(model: &Model, findings: &mut Findings<'_>) {
    let mut known: BTreeMap<&str, &Component> = BTreeMap::new();
    for component in model.components.values() {
        if let Some(first) = known.insert(&component.name, component) {
            let finding = Finding::error(
                code::NAME_TWICE,
                name_place(findings, component),
                format!("`{}` and `{}` are both called `{}`", first.key, component.key, component.name),
            )
            .label("the second of that name")
            .also(name_place(findings, first), "the first")
            .reason("workload, Service, service account and labels bear the name, and an object exists once")
            .help("give one of them another `name:`, or take `name:` away so that its key counts");
            findings.push(finding);
        }
    }
}

/// Where the name of a component comes from: `name`, else its key.
fn name_place(findings: &Findings<'_>, component: &Component) -> Path {
    first_written(findings, [at!["components", component.key, "name"], at!["components", component.key]])
}

/// How long a name may be, for what, and why.
struct Room {
    limit: usize,
    of: &'static str,
    reason: String,
}

/// A name is short enough for what Kubernetes and operators append to it. Sources: kubernetes#64023
/// (StatefulSet), `ValidateCronJobCreate` and `ValidateJob` of Kubernetes, the webhook of CloudNativePG.
pub(super) fn names_leave_room_for_what_kubernetes_appends(model: &Model, findings: &mut Findings<'_>) {
    for component in model.components.values() {
        let length = component.name.len();
        match rooms(component).into_iter().min_by_key(|room| room.limit).filter(|room| length > room.limit) {
            Some(room) => findings.push(too_long(&component.name, room, at!["components", component.key, "name"])),
            None => releases_fit(component, findings),
        }
    }
}

fn releases_fit(component: &Component, findings: &mut Findings<'_>) {
    for release in &component.releases {
        let room = job_room(&release.job);
        if release.name.len() > room.limit {
            findings.push(too_long(&release.name, room, at!["components", component.key, "migrate"]).on_key());
        }
    }
}

fn too_long(name: &str, room: Room, place: Path) -> Finding {
    let message =
        format!("the name `{name}` has {} characters, and {} are the limit of {}", name.len(), room.limit, room.of);
    Finding::error(code::NAME_TOO_LONG, place, message)
        .label(format!("{} too many", name.len() - room.limit))
        .reason(room.reason)
        .help("give the component a shorter `name:`")
}

fn rooms(component: &Component) -> Vec<Room> {
    let mut rooms = Vec::new();
    match &component.body {
        Body::Cluster(_) => rooms.push(Room {
            limit: 50,
            of: "a PostgreSQL cluster",
            reason: "CloudNativePG appends suffixes such as `-superuser` and refuses longer names".into(),
        }),
        Body::External(_) => {}
        Body::Workload(workload) => rooms.extend(controller_room(&workload.controller)),
    }
    if component.service.as_ref().is_some_and(|service| service.companion) {
        rooms.push(Room {
            limit: LABEL - "-headless".len(),
            of: "a component with a headless Service beside it",
            reason: "that Service is called `<name>-headless`, and a Service has at most 63 characters".into(),
        });
    }
    if let Some(suffix) = beside(component).into_iter().max_by_key(|suffix| suffix.len()) {
        rooms.push(Room {
            limit: LABEL - 1 - suffix.len(),
            of: "a component with a Service for its new version",
            reason: format!("that Service is called `<name>-{suffix}`, and a Service has at most 63 characters"),
        });
    }
    rooms
}

/// A Deployment needs none: a name has at most 63 characters to begin with.
fn controller_room(controller: &Controller) -> Option<Room> {
    match controller {
        Controller::Deployment { .. } => None,
        Controller::StatefulSet { .. } => Some(Room {
            limit: 52,
            of: "a StatefulSet",
            reason: "its pods bear the label `controller-revision-hash`: the name, `-` and 10 characters, at most 63"
                .into(),
        }),
        Controller::LeaderWorkerSet { .. } => Some(Room {
            limit: 48,
            of: "a model on several nodes",
            reason: "the pods of a group are those of a StatefulSet `<name>-<number>`, whose label \
                     `controller-revision-hash` has 11 characters more, at most 63"
                .into(),
        }),
        Controller::CronJob { .. } => Some(Room {
            limit: 52,
            of: "a CronJob",
            reason: "each run is a Job whose name has 11 characters more, at most 63".into(),
        }),
        Controller::Job(job) => Some(job_room(job)),
        Controller::JobSet(set) => Some(set_room(set)),
    }
}

/// Source: the webhook of JobSet.
fn set_room(set: &JobSet) -> Room {
    let most = set.workers.as_ref().map_or(set.count, |workers| workers.count.max(set.count));
    Room {
        limit: LABEL - "-workers-0-".len() - (most - 1).to_string().len() - "-abcde".len(),
        of: "a distributed training",
        reason: "its pods are called `<name>-workers-0-<index>` with 6 characters more, at most 63".into(),
    }
}

fn job_room(job: &Job) -> Room {
    let hash = if job.naming.is_hashed() { HASH } else { 0 };
    let pods = job.completions.or(job.parallelism).unwrap_or(1).max(1);
    let index = if job.indexed { 1 + (pods - 1).to_string().len() } else { 0 };
    Room {
        limit: LABEL - hash - index,
        of: if job.naming.is_hashed() { "a release job" } else { "a job" },
        reason: match (job.naming.is_hashed(), job.indexed) {
            (true, _) => {
                "the name ends with `-` and 10 digits of its content, and the label `job-name` holds at most 63".into()
            }
            (false, true) => "the host name of an indexed pod is `<name>-<index>`, at most 63".into(),
            (false, false) => "the label `job-name` holds at most 63".into(),
        },
    }
}

/// A Deployment's name is whole in the names of its pods. Source: `SimpleNameGenerator` of the API
/// server cuts the base of a generated name at 58 characters.
pub(super) fn deployment_names_leave_room_for_pod_names(model: &Model, findings: &mut Findings<'_>) {
    for component in model.components.values() {
        let deployed = component.workload().is_some_and(|w| matches!(w.controller, Controller::Deployment { .. }));
        let length = component.name.len();
        let room = if component.progressive().is_some_and(|progressive| progressive.driver != Driver::ArgoRollouts) {
            // `-primary` of Flagger is shorter than the version.
            WHOLE_IN_PODS - HASH
        } else {
            WHOLE_IN_PODS
        };
        if deployed && length > room {
            findings.push(
                Finding::warning(
                    code::POD_NAME_CUT,
                    at!["components", component.key, "name"],
                    format!("the pods of `{}` get a name that is cut", component.key),
                )
                .label(format!("{length} characters, and {room} are kept whole"))
                .reason("a pod is called after its Deployment with up to 17 characters more, and a name ends at 63")
                .help("give the component a shorter `name:`"),
            );
        }
    }
}

/// Who has a name, and the place that causes it.
struct Taken<'m> {
    owner: &'m Component,
    place: Path,
}

/// Services of different components have different names: they share one namespace of DNS.
pub(super) fn service_names_are_unique(model: &Model, findings: &mut Findings<'_>) {
    let mut known: BTreeMap<String, Taken<'_>> = BTreeMap::new();
    for component in model.components.values() {
        for name in service_names(component) {
            let place = name_place(findings, component);
            let Some(first) = known.get(&name) else {
                known.insert(name, Taken { owner: component, place });
                continue;
            };
            // Components of the same name are another finding.
            if first.owner.name != component.name {
                findings.push(
                    Finding::error(
                        code::SERVICE_NAME_TWICE,
                        place,
                        format!("`{}` and `{}` both have a Service `{name}`", first.owner.key, component.key),
                    )
                    .label(format!("gives a Service `{name}`"))
                    .also(first.place.clone(), "so does this")
                    .reason("a stateful component has Services of its own beside that of its name: `-headless`, and `-rw`, `-ro`, `-r`, `-pooler` of a database, and `-canary`, `-preview`, `-primary` while a new version comes")
                    .help("give one of them another `name:`"),
                );
            }
        }
    }
}

/// What the names of Services beside the component's own end with, while a new version comes.
fn beside(component: &Component) -> Vec<&'static str> {
    match component.progressive() {
        Some(progressive) if progressive.driver == Driver::Flagger => vec!["primary", "canary"],
        Some(progressive) if progressive.doubles() => vec![progressive.service_suffix()],
        _ => Vec::new(),
    }
}

fn service_names(component: &Component) -> Vec<String> {
    let name = &component.name;
    let mut names = Vec::new();
    if let Some(service) = &component.service {
        names.push(name.clone());
        names.extend(service.companion.then(|| format!("{name}-headless")));
        names.extend(beside(component).into_iter().map(|suffix| format!("{name}-{suffix}")));
    }
    if matches!(&component.body, Body::External(external) if external.alias.is_some()) {
        names.push(name.clone());
    }
    if let Body::Cluster(cluster) = &component.body {
        let pooler = cluster.pooler.as_ref().map(|_| "pooler");
        names.extend(["rw", "ro", "r"].into_iter().chain(pooler).map(|suffix| format!("{name}-{suffix}")));
    }
    names
}

/// Objects of one kind have different names, those that are composed of two parts included:
/// `a` with `b-c` and `a-b` with `c` are one name.
pub(super) fn composed_names_are_unique(model: &Model, findings: &mut Findings<'_>) {
    let mut known: BTreeMap<(&str, String), Path> = BTreeMap::new();
    for Named { kind, name, place } in composed_names(model) {
        let Some(first) = known.get(&(kind, name.clone())) else {
            known.insert((kind, name), place);
            continue;
        };
        let finding = Finding::error(code::OBJECT_NAME_TWICE, place, format!("two {kind}s are called `{name}`"))
            .label(format!("gives the {kind} `{name}`"))
            .also(first.clone(), "so does this")
            .reason("a name is the identity of an object; that of a part is `<component>-<part>`")
            .help("give one of them another name");
        findings.push(finding);
    }
}

/// An object with the place that gives its name.
struct Named {
    kind: &'static str,
    name: String,
    place: Path,
}

fn composed_names(model: &Model) -> Vec<Named> {
    let mut names: Vec<Named> = Vec::new();
    let mut push = |kind, name: String, place| names.push(Named { kind, name, place });
    for name in model.volumes.keys() {
        push("claim", name.clone(), at!["volumes", name]);
    }
    for name in model.secrets.keys() {
        push("secret", name.clone(), at!["secrets", name]);
    }
    for dashboard in &model.dashboards {
        push("dashboard", dashboard.name.clone(), at!["dashboards", dashboard.key]);
    }
    for component in model.components.values() {
        let place = at!["components", component.key];
        claims(component, &mut push);
        for route in &component.routes {
            let place = place.join("routes").join(&route.name);
            push("route", composed(&component.name, &route.name), place.clone());
            if let RouteTls::Secret { name, issued: true } = &route.tls {
                push("secret", name.clone(), place);
            }
        }
        if waits_for_jobs(component) {
            push("role", format!("{}-wait", component.name), place.join("uses"));
        }
        for role in component.workload().iter().flat_map(|workload| &workload.pod.identity.roles) {
            let part = role.name.strip_prefix(&format!("{}-", component.name)).unwrap_or(&role.name);
            push("role", role.name.clone(), place.join("serviceAccount").join("roles").join(part));
        }
        if let Some(dashboard) = &component.dashboard {
            push("dashboard", dashboard.name.clone(), place.join("dashboard"));
        }
        if let Some(release) = &component.release {
            let place = place.join("release");
            push("AIModel", release.name.clone(), place.clone());
            push("ModelVersion", release.version_name.clone(), place);
        }
        if matches!(&component.body, Body::Cluster(cluster) if cluster.auth.is_none()) {
            push("secret", format!("{}-app", component.name), place);
        }
    }
    names
}

fn waits_for_jobs(component: &Component) -> bool {
    let pods = component.workload().into_iter().flat_map(Workload::pods);
    pods.flat_map(|pod| &pod.init).any(|step| step.awaits.is_some())
}

/// The route `main` bears the name of its component.
fn composed(component: &str, route: &str) -> String {
    if route == "main" { component.to_owned() } else { format!("{component}-{route}") }
}

fn claims(component: &Component, push: &mut impl FnMut(&'static str, String, Path)) {
    let Some(workload) = component.workload() else { return };
    for volume in workload.pod.volumes.iter().filter(|volume| matches!(volume.source, VolumeSource::Own(_))) {
        let place = at!["components", component.key, "volumes", volume.name];
        match &workload.controller {
            Controller::StatefulSet { replicas, .. } => (0..*replicas).for_each(|number| {
                push("claim", format!("{}-{}-{number}", volume.name, component.name), place.clone());
            }),
            _ => push("claim", format!("{}-{}", component.name, volume.name), place),
        }
    }
}

/// Namespaces of the cluster itself.
const CLUSTER_NAMESPACES: &[&str] = &["default", "kube-system", "kube-public", "kube-node-lease"];

/// The namespace is a label of at most 63 characters, also where it is composed of system and
/// environment. Source: `ValidateNamespaceName` of Kubernetes.
pub(super) fn the_namespace_fits_a_label(model: &Model, findings: &mut Findings<'_>) {
    let name = &model.namespace.name;
    if name.len() <= LABEL {
        return;
    }
    let message = format!("the namespace `{name}` has {} characters, and {LABEL} are the limit", name.len());
    findings.push(
        Finding::error(code::NAME_TOO_LONG, at!["name"], message)
            .label(format!("{} characters", model.system.len()))
            .also(at!["environment", "name"], format!("{} characters", model.environment.len()))
            .reason("a namespace is called `<system>-<environment>` unless it is written")
            .help("write `namespace:` in the environment"),
    );
}

/// The namespace is the system's own: policies, quotas and Pod Security hold for all of it.
pub(super) fn the_namespace_is_not_the_clusters(model: &Model, findings: &mut Findings<'_>) {
    let name = &model.namespace.name;
    if CLUSTER_NAMESPACES.contains(&name.as_str()) {
        findings.push(
            Finding::warning(
                code::NAMESPACE_OF_CLUSTER,
                at!["environment", "namespace", "name"],
                format!("the namespace `{name}` belongs to the cluster"),
            )
            .label("not the system's own")
            .reason("network policies and Pod Security of a namespace hold for everything in it")
            .help("write another namespace, or leave it out: the default is `<system>-<environment>`"),
        );
    }
}

/// Labels and annotations stand on a Namespace, which is not emitted where somebody else owns it.
pub(super) fn namespaces_of_others_are_left_alone(model: &Model, findings: &mut Findings<'_>) {
    let namespace = &model.namespace;
    if namespace.create {
        return;
    }
    for (field, written) in [("labels", &namespace.labels), ("annotations", &namespace.annotations)] {
        if !written.is_empty() {
            findings.push(
                Finding::error(
                    code::NAMESPACE_FOREIGN,
                    at!["environment", "namespace", field],
                    format!("`{field}` of the namespace `{}` would be lost", namespace.name),
                )
                .label("on nothing that is emitted")
                .on_key()
                .also(at!["environment", "namespace", "create"], "somebody else owns it")
                .reason("they stand on the Namespace, and `create: false` emits none")
                .help(format!("take `{field}` away and have its owner write them, or take `create: false` away")),
            );
        }
    }
}

/// The name of a ConfigMap has at most 253 characters with its hash. Source: `IsDNS1123Subdomain`.
pub(super) fn config_names_leave_room_for_their_hash(model: &Model, findings: &mut Findings<'_>) {
    for config in model.configs.values().filter(|config| config.name.len() > SUBDOMAIN) {
        let message =
            format!("the name `{}` has {} characters, and {SUBDOMAIN} are the limit", config.name, config.name.len());
        findings.push(
            Finding::error(code::NAME_TOO_LONG, at!["config", config.key], message)
                .label(format!("{} too many", config.name.len() - SUBDOMAIN))
                .on_key()
                .reason("a ConfigMap is called `<config>-<hash>`, so that its readers start again when it changes")
                .help("give the config a shorter name"),
        );
    }
}

/// Components that share a service account agree on what it is, since it exists once.
pub(super) fn shared_accounts_are_equal(model: &Model, findings: &mut Findings<'_>) {
    let mut known: BTreeMap<&str, (&Component, &Identity)> = BTreeMap::new();
    for component in model.components.values() {
        let Some(identity) = component.workload().map(|workload| &workload.pod.identity) else { continue };
        if !identity.create {
            continue;
        }
        let Some((first, shared)) = known.get(identity.account.as_str()) else {
            known.insert(&identity.account, (component, identity));
            continue;
        };
        if !is_same(identity, shared) && first.name != component.name {
            findings.push(
                Finding::error(
                    code::ACCOUNT_DIFFERS,
                    at!["components", component.key, "serviceAccount"],
                    format!(
                        "`{}` and `{}` describe the service account `{}` differently",
                        first.key, component.key, identity.account
                    ),
                )
                .label(format!("differs from that of `{}`", first.key))
                .also(at!["components", first.key, "serviceAccount"], "the other description")
                .reason("a service account exists once, with one set of annotations and rights")
                .help("write the same annotations, token and roles at both, or give each its own `name`"),
            );
        }
    }
}

fn is_same(one: &Identity, other: &Identity) -> bool {
    let rights =
        |identity: &Identity| identity.roles.iter().map(|role| (role.cluster, role.rules.clone())).collect::<Vec<_>>();
    one.annotations == other.annotations && one.token == other.token && rights(one) == rights(other)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{api, claim, cluster, cron_job, job, law, quantity, route, second, strings, workload};
    use super::*;
    use crate::diagnostic::Severity;
    use crate::model::{Config, Release, Secret, SecretOrigin, SharedVolume};
    use crate::spec::Access;
    use serde_json::json;

    #[test]
    fn two_components_of_one_name_are_refused() {
        law(component_names_are_unique)
            .with(|model| second(model, "web").name = "api".into())
            .breaks(code::NAME_TWICE, "components.web.name");
        law(component_names_are_unique)
            .written(&json!({"components": {"api": {"name": "web"}, "web": {}}}))
            .with(|model| {
                api(model).name = "web".into();
                second(model, "web");
            })
            .breaks(code::NAME_TWICE, "components.web");
        law(component_names_are_unique).with(|model| _ = second(model, "web")).keeps();
    }

    #[test]
    fn each_kind_of_object_has_its_limit() {
        let statefully = |model: &mut Model, length: usize| {
            api(model).name = "a".repeat(length);
            workload(model, "api").controller = Controller::StatefulSet { replicas: 1, headless: String::new() };
        };
        let lawful = || law(names_leave_room_for_what_kubernetes_appends);
        lawful().with(|model| statefully(model, 52)).keeps();
        lawful().with(|model| statefully(model, 53)).breaks(code::NAME_TOO_LONG, "components.api.name");
        let scheduled = |model: &mut Model| {
            cron_job(model, "0 2 * * *");
            api(model).name = "a".repeat(53);
        };
        let found = lawful().with(scheduled).breaks(code::NAME_TOO_LONG, "components.api.name");
        assert_eq!(
            found.message,
            format!("the name `{}` has 53 characters, and 52 are the limit of a CronJob", "a".repeat(53))
        );
        lawful()
            .with(|model| {
                cluster(model);
                model.components["db"].name = "d".repeat(51);
            })
            .breaks(code::NAME_TOO_LONG, "components.db.name");
    }

    #[test]
    fn a_release_job_keeps_room_for_its_hash() {
        let migrate = |model: &mut Model, length: usize| {
            let pod = workload(model, "api").pod.clone();
            api(model).releases.push(Release { name: "m".repeat(length), job: job(), pod, files: Vec::new() });
        };
        let lawful = || law(names_leave_room_for_what_kubernetes_appends);
        lawful().with(|model| migrate(model, 52)).keeps();
        lawful().with(|model| migrate(model, 53)).breaks(code::NAME_TOO_LONG, "components.api.migrate");
    }

    #[test]
    fn an_indexed_job_keeps_room_for_its_indices() {
        let room = |completions| {
            job_room(&Job {
                naming: crate::model::Naming::Fixed,
                indexed: true,
                completions: Some(completions),
                ..job()
            })
            .limit
        };
        assert_eq!((room(1), room(10), room(11), room(100)), (61, 61, 60, 60));
    }

    #[test]
    fn cut_pod_names_are_a_warning() {
        let named = |length: usize| {
            law(deployment_names_leave_room_for_pod_names).with(move |model| api(model).name = "a".repeat(length))
        };
        let found = named(47).breaks(code::POD_NAME_CUT, "components.api.name");
        assert_eq!(found.severity, Severity::Warning);
        named(46).keeps();
    }

    #[test]
    fn a_service_of_a_database_is_not_that_of_a_component() {
        law(service_names_are_unique)
            .with(|model| {
                cluster(model);
                second(model, "db-rw");
            })
            .breaks(code::SERVICE_NAME_TWICE, "components.db-rw.name");
        law(service_names_are_unique).with(|model| _ = cluster(model)).keeps();
    }

    #[test]
    fn a_claim_is_not_a_shared_volume() {
        let shared = |name: &'static str| {
            law(composed_names_are_unique).with(move |model| {
                claim(model, Access::Rwo);
                let volume =
                    SharedVolume { name: name.into(), size: quantity("1Gi"), class: None, access: Access::Rwx };
                model.volumes.insert(name.into(), volume);
            })
        };
        shared("api-data").breaks(code::OBJECT_NAME_TWICE, "components.api.volumes.data");
        shared("data").keeps();
    }

    #[test]
    fn a_route_is_not_that_of_another_component() {
        let other = |key: &'static str| {
            law(composed_names_are_unique).with(move |model| {
                let main = route(model, "main", "a.example.com").clone();
                route(model, "admin", "b.example.com");
                second(model, key).routes = vec![main];
            })
        };
        let found = other("api-admin").breaks(code::OBJECT_NAME_TWICE, "components.api-admin.routes.main");
        assert_eq!(found.message, "two routes are called `api-admin`");
        other("web").keeps();
    }

    #[test]
    fn an_issued_certificate_is_not_a_declared_secret() {
        law(composed_names_are_unique)
            .with(|model| {
                let secret = Secret {
                    name: "api-tls".into(),
                    keys: Vec::new(),
                    origin: SecretOrigin::Existing,
                    kind: "Opaque".into(),
                };
                model.secrets.insert("api-tls".into(), secret);
                route(model, "main", "a.example.com").tls = RouteTls::Secret { name: "api-tls".into(), issued: true };
            })
            .breaks(code::OBJECT_NAME_TWICE, "components.api.routes.main");
    }

    #[test]
    fn a_namespace_is_a_label() {
        let called = |name: String| law(the_namespace_fits_a_label).with(move |model| model.namespace.name = name);
        called("n".repeat(64)).breaks(code::NAME_TOO_LONG, "name");
        called("n".repeat(63)).keeps();
    }

    #[test]
    fn a_namespace_is_the_systems_own() {
        law(the_namespace_is_not_the_clusters)
            .with(|model| model.namespace.name = "default".into())
            .breaks(code::NAMESPACE_OF_CLUSTER, "namespace.name");
        law(the_namespace_is_not_the_clusters).keeps();
    }

    #[test]
    fn a_namespace_of_others_gets_nothing() {
        let labelled = |create| {
            law(namespaces_of_others_are_left_alone).with(move |model| {
                model.namespace.create = create;
                model.namespace.labels.insert("team".into(), "shop".into());
            })
        };
        labelled(false).breaks(code::NAMESPACE_FOREIGN, "namespace.labels");
        labelled(true).keeps();
    }

    #[test]
    fn the_hash_of_a_config_has_room() {
        let called = |length: usize| {
            law(config_names_leave_room_for_their_hash).with(move |model| {
                let config = Config { key: "c".into(), name: "c".repeat(length), data: strings(&[]) };
                model.configs.insert("c".into(), config);
            })
        };
        called(254).breaks(code::NAME_TOO_LONG, "config.c");
        called(253).keeps();
    }

    #[test]
    fn a_shared_account_is_described_once() {
        let share = |model: &mut Model| {
            second(model, "web");
            workload(model, "web").pod.identity.account = "api".into();
        };
        law(shared_accounts_are_equal).with(share).keeps();
        law(shared_accounts_are_equal)
            .with(|model| {
                share(model);
                workload(model, "web").pod.identity.annotations = strings(&[("role", "reader")]);
            })
            .breaks(code::ACCOUNT_DIFFERS, "components.web.serviceAccount");
    }
}
