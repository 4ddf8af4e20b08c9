//! Volumes of a component and of its steps.

use super::{Resolver, strings};
use crate::diagnostic::{code, listed, nearest};
use crate::document::{Finding, Path, at};
use crate::model::{Claim, Mount, Volume, VolumeSource};
use crate::spec::{self, Access, Named, PartKey};
use crate::target::Gate;

impl Resolver<'_, '_> {
    /// The pod's volumes and the container's mounts.
    pub(crate) fn volumes(
        &mut self,
        volumes: Option<&Named<PartKey, spec::Volume>>,
        path: &Path,
    ) -> (Vec<Volume>, Vec<Mount>) {
        let mut list = Vec::new();
        let mut mounts = Vec::new();
        for (name, volume) in volumes.into_iter().flatten() {
            let Some(source) = self.volume_source(volume, &path.join(name)) else { continue };
            mounts.push(Mount {
                volume: name.clone(),
                path: trimmed(&volume.mount),
                sub_path: volume.sub_path.as_ref().map(ToString::to_string),
                read_only: volume.read_only == Some(true) || always_read_only(&source),
            });
            list.push(Volume { name: name.clone(), source });
        }
        (list, mounts)
    }

    /// Volumes of a sidecar: its own, and those of the component that it names without a form.
    pub(crate) fn sidecar_volumes(
        &mut self,
        volumes: Option<&Named<PartKey, spec::Volume>>,
        component: Option<&Named<PartKey, spec::Volume>>,
        path: &Path,
    ) -> (Vec<Volume>, Vec<Mount>) {
        let known = |name: &str| component.is_some_and(|component| component.contains_key(name));
        let (shared, own): (Vec<_>, Vec<_>) = volumes
            .into_iter()
            .flatten()
            .map(|(name, volume)| (name.clone(), volume.clone()))
            .partition(|(name, volume)| known(name) && !volume.has_form());
        for (name, _) in own.iter().filter(|(name, _)| known(name)) {
            self.findings.push(
                Finding::error(code::VOLUME_TWICE, path.join(name), format!("the component has a volume `{name}` too"))
                    .label("says again what it is")
                    .on_key()
                    .reason("the containers of a pod share its volumes, each under one name")
                    .help("write `mount:` alone to share the component's, or another name"),
            );
        }
        let own: Named<PartKey, spec::Volume> = own.into_iter().collect();
        let (list, mut mounts) = self.volumes(Some(&own), path);
        mounts.extend(shared.into_iter().map(|(name, volume)| Mount {
            volume: name,
            path: trimmed(&volume.mount),
            sub_path: volume.sub_path.as_ref().map(ToString::to_string),
            read_only: volume.read_only == Some(true),
        }));
        (list, mounts)
    }

    fn volume_source(&mut self, volume: &spec::Volume, path: &Path) -> Option<VolumeSource> {
        if let Some(size) = volume.size {
            let class = self.storage_class(volume.class.as_ref());
            return Some(VolumeSource::Own(Claim { size, class, access: volume.access.unwrap_or(Access::Rwo) }));
        }
        if let Some(shared) = &volume.volume {
            return self.shared_volume(shared, volume, path);
        }
        if let Some(claim) = &volume.claim {
            return Some(VolumeSource::Claim { name: claim.to_string(), read_only: volume.read_only == Some(true) });
        }
        if let Some(scratch) = volume.scratch {
            return Some(VolumeSource::Scratch { limit: scratch.0 });
        }
        if let Some(limit) = volume.memory {
            return Some(VolumeSource::Memory { limit });
        }
        if let Some(config) = &volume.config {
            let name = self.require_config(config, None, &path.join("config"))?;
            return Some(VolumeSource::Config { name, items: Vec::new() });
        }
        if let Some(secret) = &volume.secret {
            self.require_secret(secret, None, &path.join("secret"));
            return Some(VolumeSource::Secret { name: secret.to_string(), items: Vec::new() });
        }
        self.outside_source(volume, path).or_else(|| {
            let forms =
                "`size`, `volume`, `claim`, `scratch`, `memory`, `config`, `secret`, `image`, `csi`, `nfs` or `hostPath`";
            self.no_form(path, "a volume", forms);
            None
        })
    }

    /// What is neither of the system nor of the pod: an image, a driver, a server, the node.
    fn outside_source(&mut self, volume: &spec::Volume, path: &Path) -> Option<VolumeSource> {
        let read_only = volume.read_only == Some(true);
        if volume.image.is_some() {
            self.require_image_volumes(path);
            return self.image(volume.image.as_ref(), path).map(VolumeSource::Image);
        }
        if let Some(csi) = &volume.csi {
            if let Some(secret) = &csi.secret {
                self.require_secret(secret, None, &path.join("csi").join("secret"));
            }
            return Some(VolumeSource::Csi {
                driver: csi.driver.to_string(),
                attributes: strings(csi.attributes.as_ref()),
                read_only: csi.read_only == Some(true),
                secret: csi.secret.as_ref().map(ToString::to_string),
            });
        }
        if let Some(nfs) = &volume.nfs {
            let (server, path) = (nfs.server.to_string(), nfs.path.to_string());
            return Some(VolumeSource::Nfs { server, path, read_only });
        }
        let node = volume.host_path.as_ref()?;
        if volume.because.as_ref().is_none_or(|because| because.trim().is_empty()) {
            self.node_without_reason(path);
        }
        Some(VolumeSource::HostPath(node.to_string()))
    }

    fn require_image_volumes(&mut self, path: &Path) {
        if self.target.allows(Gate::ImageVolume) {
            return;
        }
        self.findings.push(
            Finding::error(
                code::FEATURE_MISSING,
                path.join("image"),
                format!("Kubernetes {} does not mount images", self.target.version()),
            )
            .label("an image as a volume")
            .also(at!["environment", "target", "kubernetes"], "the target")
            .reason(format!("image volumes are on by default from 1.{}", Gate::ImageVolume.since()))
            .help("copy the files in a step of `init:` to a volume with `scratch: true`"),
        );
    }

    fn node_without_reason(&mut self, path: &Path) {
        self.findings.push(
            Finding::error(code::MISSING_REASON, path.join("hostPath"), "`hostPath` opens the node without a reason")
                .label("takes a protection off")
                .reason(
                    "a pod that sees files of the node can reach its other pods; the namespace becomes `privileged`",
                )
                .help("write `because:` beside it, or use a volume that is not of the node"),
        );
    }

    fn shared_volume(&mut self, shared: &str, volume: &spec::Volume, path: &Path) -> Option<VolumeSource> {
        let known: Vec<&str> = self.system.volumes.iter().flatten().map(|(name, _)| name.as_str()).collect();
        if known.contains(&shared) {
            return Some(VolumeSource::Claim { name: shared.into(), read_only: volume.read_only == Some(true) });
        }
        let help = match nearest(shared, known.iter().copied()) {
            Some(near) => format!("a similar one is `{near}`"),
            None => format!("shared volumes are {}; declare it under `volumes:` of the system", listed(known)),
        };
        self.findings.push(
            Finding::error(code::UNKNOWN_VOLUME, path.join("volume"), format!("there is no shared volume `{shared}`"))
                .label("refers to nothing")
                .help(help),
        );
        None
    }

    /// A value of several forms of which none is written.
    pub(crate) fn no_form(&mut self, path: &Path, what: &str, forms: &str) {
        self.findings.push(
            Finding::error(code::NO_FORM, path.clone(), format!("{what} needs one of {forms}"))
                .label("what it is stays open")
                .on_key()
                .help(format!("write one of {forms}")),
        );
    }
}

/// ConfigMaps, secrets and images are mounted for reading, whatever is written.
fn always_read_only(source: &VolumeSource) -> bool {
    matches!(source, VolumeSource::Config { .. } | VolumeSource::Secret { .. } | VolumeSource::Image(_))
}

fn trimmed(path: &str) -> String {
    if path.len() > 1 { path.trim_end_matches('/').to_owned() } else { path.to_owned() }
}
