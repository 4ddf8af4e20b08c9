//! Containers: the main one, and the steps before it.

use super::files::FileSet;
use super::{Resolver, texts};
use crate::document::{Name, Path, at};
use crate::model::{
    Container, Image, Mount, Port, PortRef, PreStop, ProbeCheck, Probes, Quantity, Resources, Volume, VolumeSource,
};
use crate::spec::{self, Duration, Named, PortKey, Protocol, ResourceKey, Switch};

/// Writable space that every container of the author's own has, unless something lies there.
const TMP: &str = "/tmp";

/// A container and the volumes that the pod must have for it.
pub(crate) struct Built {
    pub(crate) container: Container,
    pub(crate) volumes: Vec<Volume>,
}

impl Resolver<'_, '_> {
    /// The main container of a component.
    pub(crate) fn main_container(
        &mut self,
        key: &str,
        name: &str,
        component: &spec::Component,
        set: &mut FileSet,
    ) -> Option<Built> {
        let path = at!["components", key];
        let image = self.image(component.image.as_ref(), &path)?;
        let ports = ports(component.ports.as_ref());
        let (mut volumes, mut mounts) = self.volumes(component.volumes.as_ref(), &path.join("volumes"));
        mounts.extend(self.files(key, component.files.as_ref(), &path.join("files"), set));
        let security = self.security(component.security.as_ref(), &path.join("security"));
        if security.read_only_root {
            add_tmp(&mut volumes, &mut mounts);
        }
        let all = all_ports(component);
        let probes = numbered(self.probes(component.health.as_ref(), &all, &path.join("health")), &ports, &all);
        let container = Container {
            name: name.into(),
            image,
            command: self.expanded(key, component.command.as_ref(), &path.join("command")),
            args: self.expanded(key, component.args.as_ref(), &path.join("args")),
            workdir: component.workdir.as_ref().map(ToString::to_string),
            ports,
            env: self.component_env(key, component),
            env_from: self.env_from(component.env_from.as_ref(), &path.join("envFrom")),
            mounts,
            resources: resources(component.resources.as_ref()),
            probes,
            pre_stop: pre_stop(component.shutdown.as_ref()),
            security,
            awaits: None,
        };
        Some(Built { container, volumes })
    }

    /// A step before the start. Environment and volumes of the component come along unless `inherit: false`.
    pub(crate) fn init_container(
        &mut self,
        key: &str,
        name: &str,
        step: &spec::InitStep,
        main: &Container,
        set: &mut FileSet,
    ) -> Option<Built> {
        let path = at!["components", key, "init", name];
        let image = match &step.image {
            Some(_) => self.image(step.image.as_ref(), &path)?,
            None => main.image.clone(),
        };
        let (mut volumes, mut mounts) = self.volumes(step.volumes.as_ref(), &path.join("volumes"));
        mounts.extend(self.files(key, step.files.as_ref(), &path.join("files"), set));
        let mut env = self.env(key, step.env.as_ref(), &path.join("env"));
        if step.inherit != Some(false) {
            inherit(main, &mut env, &mut mounts);
        }
        let security = match &step.security {
            Some(security) => self.security(Some(security), &path.join("security")),
            None => main.security.clone(),
        };
        if security.read_only_root {
            add_tmp(&mut volumes, &mut mounts);
        }
        let container = Container {
            name: name.into(),
            image,
            command: self.expanded(key, step.command.as_ref(), &path.join("command")),
            args: self.expanded(key, step.args.as_ref(), &path.join("args")),
            workdir: None,
            ports: Vec::new(),
            env,
            env_from: self.env_from(step.env_from.as_ref(), &path.join("envFrom")),
            mounts,
            resources: if step.resources.is_some() {
                resources(step.resources.as_ref())
            } else {
                without_extended(&main.resources)
            },
            probes: Probes::default(),
            pre_stop: None,
            security,
            awaits: None,
        };
        Some(Built { container, volumes })
    }

    /// A container beside the main one. Nothing of the component comes along but the volumes that it names.
    pub(crate) fn sidecar(
        &mut self,
        key: &str,
        name: &str,
        sidecar: &spec::Sidecar,
        component: &spec::Component,
        set: &mut FileSet,
    ) -> Option<Built> {
        let path = at!["components", key, "sidecars", name];
        let image = self.image(Some(&sidecar.image), &path)?;
        let ports = ports(sidecar.ports.as_ref());
        let shared = component.volumes.as_ref();
        let (mut volumes, mut mounts) = self.sidecar_volumes(sidecar.volumes.as_ref(), shared, &path.join("volumes"));
        mounts.extend(self.files(key, sidecar.files.as_ref(), &path.join("files"), set));
        let security = self.security(sidecar.security.as_ref(), &path.join("security"));
        if security.read_only_root {
            add_scratch(&format!("{name}-tmp"), &mut volumes, &mut mounts);
        }
        let container = Container {
            name: name.into(),
            image,
            command: self.expanded(key, sidecar.command.as_ref(), &path.join("command")),
            args: self.expanded(key, sidecar.args.as_ref(), &path.join("args")),
            workdir: None,
            probes: self.probes(sidecar.health.as_ref(), &ports, &path.join("health")),
            ports,
            env: self.env(key, sidecar.env.as_ref(), &path.join("env")),
            env_from: self.env_from(sidecar.env_from.as_ref(), &path.join("envFrom")),
            mounts,
            resources: resources(sidecar.resources.as_ref()),
            pre_stop: None,
            security,
            awaits: None,
        };
        Some(Built { container, volumes })
    }

    fn expanded(&mut self, key: &str, list: Option<&Vec<spec::Literal>>, path: &Path) -> Vec<String> {
        texts(list).iter().enumerate().map(|(index, text)| self.expand(key, text, &path.join(&index))).collect()
    }

    /// An image with the rewrites and pins of the system and environment.
    pub(crate) fn image(&mut self, image: Option<&spec::ImageText>, path: &Path) -> Option<Image> {
        let Some(image) = image else {
            self.findings.push(
                crate::document::Finding::error(
                    crate::diagnostic::code::MISSING_FIELD,
                    path.clone(),
                    format!("`image` is missing in `{}`", path.segments().last().map_or("", Name::as_str)),
                )
                .label("a container needs an image")
                .on_key()
                .help("write `image:` with a reference such as `registry.example.com/api:v1.4.2`"),
            );
            return None;
        };
        let image = Image::parse(image).ok()?;
        Some(super::shared::placed(image, self.system.images.as_ref()))
    }
}

/// Ports in the order of writing.
pub(super) fn ports(ports: Option<&Named<PortKey, spec::Port>>) -> Vec<Port> {
    let number = |port: spec::PortNumber| u16::try_from(port.0).unwrap_or_default();
    ports
        .into_iter()
        .flatten()
        .map(|(name, port)| Port {
            name: name.clone(),
            port: number(port.port),
            target: number(port.target.unwrap_or(port.port)),
            node_port: port.node_port.and_then(|port| u16::try_from(port.0).ok()),
            protocol: port.protocol.unwrap_or(Protocol::Tcp),
            app_protocol: port.app_protocol.as_ref().map(ToString::to_string),
        })
        .collect()
}

/// Requests as written; memory is limited to its request unless written or lifted, CPU is not.
pub(super) fn resources(written: Option<&spec::Resources>) -> Resources {
    let mut resources = Resources::default();
    let Some(written) = written else { return resources };
    let requests = written.requests.iter().flatten();
    resources.requests.extend(requests.map(|(name, amount): (&String, &Quantity)| (name.clone(), *amount)));
    let limits: Option<&Named<ResourceKey, Switch<Quantity>>> = written.limits.as_ref();
    for (name, limit) in limits.into_iter().flatten() {
        if let Switch::On(amount) = limit {
            resources.limits.insert(name.clone(), *amount);
        }
    }
    let memory_written = limits.is_some_and(|limits| limits.contains_key("memory"));
    if let (Some(memory), false) = (resources.requests.get("memory"), memory_written) {
        resources.limits.insert("memory".into(), *memory);
    }
    for (name, amount) in &resources.limits.clone() {
        // What is limited and extended is asked for alike.
        if name.contains('/') {
            resources.requests.entry(name.clone()).or_insert(*amount);
        }
    }
    resources
}

/// A step needs no GPU of its own.
fn without_extended(resources: &Resources) -> Resources {
    let plain = |amounts: &crate::model::Amounts| {
        amounts.iter().filter(|(name, _)| !name.contains('/')).map(|(name, amount)| (name.clone(), *amount)).collect()
    };
    Resources { requests: plain(&resources.requests), limits: plain(&resources.limits) }
}

fn pre_stop(shutdown: Option<&spec::Shutdown>) -> Option<PreStop> {
    let shutdown = shutdown?;
    match (&shutdown.command, shutdown.delay) {
        (Some(command), _) => Some(PreStop::Exec(texts(Some(command)))),
        (None, Some(delay)) if delay > Duration(0) => Some(PreStop::Sleep(delay.seconds_i64())),
        (None, _) => None,
    }
}

/// The step's own variables and mounts go before those of the component.
fn inherit(main: &Container, env: &mut Vec<crate::model::EnvVar>, mounts: &mut Vec<Mount>) {
    let own: Vec<String> = env.iter().map(|variable| variable.name.clone()).collect();
    let mut inherited: Vec<_> = main.env.iter().filter(|variable| !own.contains(&variable.name)).cloned().collect();
    inherited.append(env);
    *env = inherited;
    for mount in &main.mounts {
        if !mounts.iter().any(|own| own.path == mount.path) {
            mounts.push(mount.clone());
        }
    }
}

/// The ports of a component: its own, then those of its sidecars.
pub(super) fn all_ports(component: &spec::Component) -> Vec<Port> {
    let sidecars = component.sidecars.iter().flatten().flat_map(|(_, sidecar)| ports(sidecar.ports.as_ref()));
    ports(component.ports.as_ref()).into_iter().chain(sidecars).collect()
}

/// The kubelet knows a port by name only in the container that it probes: one of a sidecar by its number.
fn numbered(mut probes: Probes, own: &[Port], all: &[Port]) -> Probes {
    for probe in [&mut probes.startup, &mut probes.ready, &mut probes.live].into_iter().flatten() {
        let (ProbeCheck::Http { port, .. } | ProbeCheck::Tcp(port)) = &mut probe.check else { continue };
        let PortRef::Name(name) = &*port else { continue };
        if own.iter().any(|own| own.name == *name) {
            continue;
        }
        if let Some(other) = all.iter().find(|other| other.name == *name) {
            *port = PortRef::Number(other.target);
        }
    }
    probes
}

fn add_tmp(volumes: &mut Vec<Volume>, mounts: &mut Vec<Mount>) {
    add_scratch("tmp", volumes, mounts);
}

fn add_scratch(name: &str, volumes: &mut Vec<Volume>, mounts: &mut Vec<Mount>) {
    if mounts.iter().any(|mount| mount.path == TMP) {
        return;
    }
    volumes.push(Volume { name: name.into(), source: VolumeSource::Scratch { limit: None } });
    mounts.push(Mount { volume: name.into(), path: TMP.into(), sub_path: None, read_only: false });
}
