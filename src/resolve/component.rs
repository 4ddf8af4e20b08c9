//! A component as a whole: completed with what its kind brings, then resolved part by part.

use super::container::Built;
use super::files::FileSet;
use super::placement::add_gpu;
use super::{Completion, Components, Resolver, job, model_server, postgres, redis, scale, service, strings};
use crate::document::{Findings, at};
use crate::model::{
    Body, Component, Container, Controller, Identity, Output, Pod, Release, Role, RoleRule, Volume, Workload,
};
use crate::spec::{self, Feature, Kind, MigrateForm, Switch, System};
use crate::target::Target;
use indexmap::IndexMap;
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Seconds between SIGTERM and SIGKILL unless written.
const GRACE: i64 = 30;

/// All components as written, completed with what their kind or runtime brings.
pub(super) fn complete<'a>(system: &'a System, target: &Target, findings: &mut Findings<'_>) -> Components<'a> {
    let mut cx = Completion { system, target, findings };
    #[expect(clippy::borrowed_box, reason = "a `Cow` of the box borrows the box")]
    let one = |(key, component): (&String, &'a Box<spec::Component>)| {
        let completed = match component.kind {
            Kind::Model => Cow::Owned(Box::new(model_server::complete(key, component.as_ref().clone(), &mut cx))),
            Kind::Redis => Cow::Owned(Box::new(redis::complete(key, component.as_ref().clone(), &mut cx))),
            Kind::Postgres => Cow::Owned(Box::new(postgres::complete(key, component.as_ref().clone(), &mut cx))),
            Kind::Store => {
                if component.is_enabled() && component.ports.is_none() {
                    cx.missing(key, "ports", "ports: {http: 9200}");
                }
                Cow::Borrowed(component)
            }
            Kind::Frontend | Kind::Backend | Kind::Agent | Kind::Job | Kind::External => Cow::Borrowed(component),
        };
        (key.clone(), completed)
    };
    system.components.iter().map(one).collect()
}

/// All enabled components, on all cores; what they find is kept in their order.
pub(super) fn all(cx: &mut Resolver<'_, '_>) -> IndexMap<String, Box<Component>> {
    let root = cx.findings.root();
    let resolve = |(key, component): (&String, &Cow<'_, Box<spec::Component>>)| {
        let mut findings = Findings::new(root);
        let mut own = cx.beside(key, &mut findings);
        let resolved = own.component(key, component).map(Box::new);
        let edges = own.edges;
        (key.clone(), resolved, edges, findings.found)
    };
    let enabled = cx.components.par_iter().filter(|(_, component)| component.enabled != Some(false));
    let resolved: Vec<_> = enabled.map(resolve).collect();
    let mut all: IndexMap<String, Box<Component>> = IndexMap::new();
    for (key, component, edges, found) in resolved {
        cx.findings.found.extend(found);
        cx.edges.extend(edges);
        all.extend(component.map(|component| (key, component)));
    }
    all
}

impl<'a> Resolver<'a, '_> {
    /// The same knowledge for one component, with the edges that start there and findings of its own.
    fn beside<'f, 'r>(&self, key: &str, findings: &'f mut Findings<'r>) -> Resolver<'f, 'r>
    where
        'a: 'f,
    {
        let edges = self.edges.get(key).map(|edges| (key.to_owned(), edges.clone()));
        Resolver {
            findings,
            edges: edges.into_iter().collect(),
            namespace: self.namespace.clone(),
            outputs: self.outputs.clone(),
            secrets: self.secrets.clone(),
            configs: self.configs.clone(),
            ..*self
        }
    }
}

impl Resolver<'_, '_> {
    fn component(&mut self, key: &str, component: &spec::Component) -> Option<Component> {
        let name = component.name.as_ref().map_or_else(|| key.to_owned(), ToString::to_string);
        let operated = component.kind == Kind::Postgres && self.target.has(Feature::CloudnativePg);
        let body = match component.kind {
            Kind::External => Body::External(self.external(key, component)?),
            _ if operated => Body::Cluster(postgres::cluster(key, component, self)?),
            _ => Body::Workload(self.workload(key, &name, component)?),
        };
        let ports = match &body {
            Body::Workload(workload) => workload.pod.ports().cloned().collect(),
            Body::Cluster(cluster) => cluster.ports.clone(),
            // No Service of ours, and no route, stands before it.
            Body::External(_) => Vec::new(),
        };
        let scale = self.scale(key, &name, component);
        let always = scale.as_ref().map_or_else(|| body.replicas(), |scale| scale.min);
        let stateful = matches!(body.controller(), Some(Controller::StatefulSet { .. }));
        let runs_on = !matches!(component.kind, Kind::Job | Kind::External) && !operated;
        Some(Component {
            key: key.into(),
            kind: component.kind,
            description: component.description.as_ref().map(ToString::to_string),
            labels: strings(component.labels.as_ref()),
            annotations: strings(component.annotations.as_ref()),
            releases: self.releases(key, &name, component),
            // Told from the component itself, once it is there.
            release: None,
            alerts: Vec::new(),
            dashboard: None,
            service: service::service(component, &ports, stateful),
            routes: self.routes(key, &name, component, &ports),
            egress: self.egress(key, component),
            metrics: self.metrics_of(key, component, &ports),
            disruption: if runs_on { scale::disruption(component, always) } else { None },
            outputs: self.outputs.get(key).cloned().unwrap_or_else(BTreeMap::<String, Output>::new),
            vertical: self.vertical(key, component, scale.as_ref()),
            scale,
            body,
            name,
        })
    }

    fn workload(&mut self, key: &str, name: &str, component: &spec::Component) -> Option<Workload> {
        let mut set = FileSet::default();
        let team = self.team(key, component);
        let own = team.as_ref().map_or(component, |team| &team.own);
        let place = at!["components", key];
        self.findings.lay(place.clone(), team.is_some().then(|| place.join("master")));
        let pod = self.pod(key, name, own, &mut set);
        self.findings.lay(place, None);
        let mut pod = pod?;
        let mut controller = self.controller(key, name, component, &pod);
        if let Some(team) = team {
            controller = self.train(key, name, controller, team);
        }
        let (files, volumes) = set.finish(name);
        pod.volumes.extend(volumes);
        Some(Workload { controller, pod, files: files.into_iter().collect() })
    }

    /// The pod of a component. The volumes of its files are added by the caller, who knows their name.
    pub(super) fn pod(&mut self, key: &str, name: &str, component: &spec::Component, set: &mut FileSet) -> Option<Pod> {
        let Built { mut container, volumes } = self.main_container(key, name, component, set)?;
        let (placement, gpu) = self.placement(key, component);
        let mut pod_volumes = Volumes(volumes);
        let init = self.init(key, component, &container, set, &mut pod_volumes);
        let sidecars = self.sidecars(key, component, set, &mut pod_volumes);
        if let Some(gpu) = &gpu {
            add_gpu(&mut container.resources, gpu);
        }
        let security = component.security.as_ref();
        Some(Pod {
            labels: strings(component.pod_labels.as_ref()),
            annotations: strings(component.pod_annotations.as_ref()),
            fs_group: fs_group(security, &container),
            main: container,
            init,
            sidecars,
            volumes: pod_volumes.0,
            host_network: security.and_then(|security| security.host_network) == Some(true),
            host_pid: security.and_then(|security| security.host_pid) == Some(true),
            identity: identity(name, component.service_account.as_ref()),
            pull_secrets: self.pull_secrets(key, component),
            grace: component
                .shutdown
                .as_ref()
                .and_then(|shutdown| shutdown.grace)
                .map_or(GRACE, spec::Duration::seconds_i64),
            placement,
            gpu,
        })
    }

    /// Steps before the start: waits first, then those written, then a migration that is a step.
    fn init(
        &mut self,
        key: &str,
        component: &spec::Component,
        main: &Container,
        set: &mut FileSet,
        volumes: &mut Volumes,
    ) -> Vec<Container> {
        let mut init = self.waits(key, volumes);
        let migration =
            component.migrate.as_ref().and_then(Switch::on).filter(|migrate| migrate.form == Some(MigrateForm::Init));
        let migration = migration.map(|migrate| ("migrate".to_owned(), job::init_step(component, migrate)));
        let written = component.init.iter().flatten().map(|(name, step)| (name.clone(), step.clone()));
        for (name, step) in written.chain(migration) {
            if let Some(built) = self.init_container(key, &name, &step, main, set) {
                volumes.add(built.volumes);
                init.push(built.container);
            }
        }
        init
    }

    fn sidecars(
        &mut self,
        key: &str,
        component: &spec::Component,
        set: &mut FileSet,
        volumes: &mut Volumes,
    ) -> Vec<Container> {
        let mut sidecars = Vec::new();
        for (name, written) in component.sidecars.iter().flatten() {
            if let Some(built) = self.sidecar(key, name, written, component, set) {
                volumes.add(built.volumes);
                sidecars.push(built.container);
            }
        }
        sidecars
    }

    fn pull_secrets(&mut self, key: &str, component: &spec::Component) -> Vec<String> {
        let names: Vec<String> = component.pull_secrets.iter().flatten().map(ToString::to_string).collect();
        for (index, name) in names.iter().enumerate() {
            self.require_secret(name, None, &at!["components", key, "pullSecrets", index]);
        }
        names
    }

    /// A migration as a job before the rollout.
    fn releases(&mut self, key: &str, name: &str, component: &spec::Component) -> Vec<Release> {
        let Some(migrate) =
            component.migrate.as_ref().and_then(Switch::on).filter(|migrate| migrate.form != Some(MigrateForm::Init))
        else {
            return Vec::new();
        };
        let owner = name;
        let name = format!("{owner}-migrate");
        let spec = job::migration(component, migrate);
        let mut set = FileSet::default();
        let Some(mut pod) = self.pod(key, &name, &spec, &mut set) else { return Vec::new() };
        let (files, volumes) = set.finish(owner);
        pod.volumes.extend(volumes);
        pod.identity = identity(component.name.as_ref().map_or(key, |name| name), component.service_account.as_ref());
        vec![Release { name, job: job::release(migrate), pod, files: files.into_iter().collect() }]
    }
}

/// The volumes of a pod by name; one that is there already stays.
pub(super) struct Volumes(Vec<Volume>);

impl Volumes {
    pub(super) fn add(&mut self, volumes: Vec<Volume>) {
        for volume in volumes {
            if !self.0.iter().any(|known| known.name == volume.name) {
                self.0.push(volume);
            }
        }
    }
}

impl Body {
    fn controller(&self) -> Option<&Controller> {
        match self {
            Self::Workload(workload) => Some(&workload.controller),
            Self::Cluster(_) | Self::External(_) => None,
        }
    }

    fn replicas(&self) -> u32 {
        match self {
            Self::Workload(workload) => workload.controller.replicas(),
            Self::Cluster(cluster) => cluster.instances,
            Self::External(_) => 0,
        }
    }
}

fn fs_group(security: Option<&spec::Security>, main: &Container) -> Option<i64> {
    let written = security.and_then(|security| security.fs_group).map(|group| group.0);
    written.or(main.security.run_as_group)
}

fn identity(name: &str, account: Option<&spec::ServiceAccount>) -> Identity {
    let existing = account.and_then(|account| account.existing.as_ref());
    let own = account.and_then(|account| account.name.as_ref());
    let roles = account.and_then(|account| account.roles.as_ref());
    Identity {
        account: existing.or(own).map_or_else(|| name.into(), ToString::to_string),
        create: existing.is_none(),
        annotations: strings(account.and_then(|account| account.annotations.as_ref())),
        token: account.and_then(|account| account.token) == Some(true),
        roles: roles.into_iter().flatten().map(|(role, written)| self::role(name, role, written)).collect(),
    }
}

fn role(name: &str, role: &str, written: &spec::Role) -> Role {
    let texts = |list: &[spec::Text]| list.iter().map(ToString::to_string).collect();
    Role {
        name: format!("{name}-{role}"),
        cluster: written.cluster == Some(true),
        rules: written
            .rules
            .iter()
            .map(|rule| RoleRule {
                api_groups: rule.api_groups.iter().map(|group| group.0.clone()).collect(),
                resources: texts(&rule.resources),
                resource_names: rule.resource_names.as_deref().map(texts).unwrap_or_default(),
                verbs: texts(&rule.verbs),
            })
            .collect(),
    }
}
