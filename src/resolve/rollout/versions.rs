//! The versions that a commit tells of, where no controller does the steps.

use super::super::files::FileSet;
use super::super::{Completion, Resolver, model_server, shared};
use crate::diagnostic::Diagnostics;
use crate::digest;
use crate::model::{FileMap, Image, Plan, Pod, Stable, Versions};
use crate::spec::{self, Kind, Text};

impl Resolver<'_, '_> {
    pub(super) fn versions(&mut self, key: &str, component: &spec::Component, pod: &Pod, plan: &Plan) -> Versions {
        let written = component.rollout.clone().unwrap_or_default();
        let own = version(pod, component);
        let stable = written.stable.as_ref().and_then(|stable| self.stable(key, component, stable));
        let first = match plan {
            Plan::Canary { steps, .. } => steps.first().copied().unwrap_or(100),
            Plan::BlueGreen { .. } => 0,
        };
        Versions {
            stable: stable.filter(|stable| stable.version != own).map(Box::new),
            weight: written.step.map_or(first, |step| u32::try_from(step.0).unwrap_or(100)),
            own,
        }
    }

    /// The version that answers now: the component as it is, but for its image and the revision of its weights.
    fn stable(&mut self, key: &str, component: &spec::Component, stable: &spec::StableVersion) -> Option<Stable> {
        let before = self.before(key, stable)?;
        let name = component.name.as_ref().map_or_else(|| key.to_owned(), ToString::to_string);
        let (mut pod, files) = self.without_findings(|cx| cx.pod_with_files(key, &name, &before))?;
        if let Some(image) = stable.image.as_ref().and_then(|image| Image::parse(image).ok()) {
            take_image(&mut pod, &shared::placed_as_written(image, self.system.images.as_ref()));
        }
        Some(Stable { version: version(&pod, &before), pod, files })
    }

    /// The component as the stable version has it, completed.
    fn before(&mut self, key: &str, stable: &spec::StableVersion) -> Option<spec::Component> {
        let mut before = self.system.components.get(key)?.as_ref().clone();
        before.image = stable.image.clone().or(before.image);
        if let (Some(model), Some(revision)) = (&mut before.model, &stable.revision) {
            model.revision = Some(Text(revision.0.clone()));
        }
        if before.kind != Kind::Model {
            return Some(before);
        }
        let mut unheard = crate::document::Findings::new(self.findings.root());
        let mut cx = Completion { system: self.system, target: self.target, findings: &mut unheard };
        Some(model_server::complete(key, before, &mut cx))
    }

    /// What is wrong in the stable version is wrong in the new one, and is said there.
    fn without_findings<T>(&mut self, build: impl FnOnce(&mut Self) -> T) -> T {
        let heard = std::mem::replace(&mut self.findings.found, Diagnostics::new());
        let built = build(self);
        self.findings.found = heard;
        built
    }

    fn pod_with_files(&mut self, key: &str, name: &str, component: &spec::Component) -> Option<(Pod, Vec<FileMap>)> {
        let mut set = FileSet::default();
        let mut pod = self.pod(key, name, component, &mut set)?;
        let (files, volumes) = set.finish(name);
        pod.volumes.extend(volumes);
        Some((pod, files.into_iter().collect()))
    }
}

/// Gives the component's own image to all containers that have it.
fn take_image(pod: &mut Pod, image: &Image) {
    let pinned = pod.main.image.clone();
    let containers = pod.init.iter_mut().chain(&mut pod.sidecars).chain(std::iter::once(&mut pod.main));
    containers.filter(|container| container.image == pinned).for_each(|container| container.image = image.clone());
}

/// What tells a version from another: tag, digest, and the revision of the weights. The registry is no part
/// of it, so that a mirror is not a new version.
fn version(pod: &Pod, component: &spec::Component) -> String {
    let image = &pod.main.image;
    let revision = component.model.as_ref().and_then(|model| model.revision.as_ref());
    let parts = [
        ("tag", image.tag.as_deref().unwrap_or_default()),
        ("digest", image.digest.as_deref().unwrap_or_default()),
        ("revision", revision.map_or("", |revision| &**revision)),
    ];
    digest::short(parts.map(|(name, text)| (name, text.as_bytes())))
}
