//! Weights: from where they lie to where the server reads them.
//!
//! | source | what is brought |
//! |---|---|
//! | `baked-in` | nothing |
//! | `volume://NAME/PATH` | the component's volume, read-only where it is mounted; or the system's volume, mounted read-only |
//! | `pvc://CLAIM/PATH` | the claim, mounted read-only |
//! | `oci://…` | an image volume; without that feature the init step `model`, which unpacks the image |
//! | `hf://…` | a place to keep what the server itself fetches, with `HF_TOKEN` of `credentials` |
//! | `s3://`, `gs://`, `https://` | the init step `model`, which copies into scratch space or the volume of `cache` |
//!
//! A server that has a program of its own to fetch models (Ollama) runs that in the step.

mod step;

use super::brought::{env_secret, env_text, mount, scratch};
use super::{Completion, object_store, shared};
use crate::diagnostic::{code, listed};
use crate::document::{Finding, at};
use crate::model::{EgressTo, Image};
use crate::runtime::Server;
use crate::spec::{
    Component, DnsName, Feature, ImageText, Kind, Model, ModelSource, Switch, System, Text, Vendor, Volume,
};
use crate::target::{Gate, Target};
use std::net::IpAddr;

/// The name of the volume with weights.
const VOLUME: &str = "weights";
/// Where the Hugging Face hub and its stores answer.
const HUB: [&str; 3] = ["huggingface.co", "*.huggingface.co", "*.hf.co"];
const HTTPS: u16 = 443;

/// Where a server finds weights.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Weights {
    /// The folder of the model.
    pub(super) folder: String,
    /// The folder of the revision to serve.
    pub(super) place: String,
    /// True where other revisions may lie beside the one to serve.
    pub(super) among_others: bool,
    /// The repository of the hub that the server fetches itself.
    pub(super) repository: Option<String>,
}

/// One model and the server that is to have it.
pub(super) struct Wanted<'a> {
    pub(super) key: &'a str,
    pub(super) model: &'a Model,
    pub(super) server: &'static dyn Server,
    /// The name in requests.
    pub(super) served: &'a str,
}

/// Brings the weights to the server.
pub(super) fn bring(wanted: &Wanted<'_>, component: &mut Component, cx: &mut Completion<'_, '_>) -> Weights {
    let model = wanted.model;
    let Some(folder) = wanted.server.folder(&model.name) else { return Weights::default() };
    match &model.source {
        ModelSource::BakedIn => wanted.at(folder, true),
        ModelSource::Volume { name, path } => {
            let place = Place { wanted, folder, name, path: wanted.within(path) };
            place.mounted(component, cx).unwrap_or_else(|| place.unknown(component, cx))
        }
        ModelSource::Claim { name, path } => {
            let claim = Volume { claim: Some(DnsName(name.clone())), ..mount("") };
            wanted.mount(component, folder, claim, wanted.within(path))
        }
        ModelSource::Image(_) if mounts_images(cx.target) => wanted.mount_image(component, folder, cx),
        _ => wanted.fetched(component, folder, cx),
    }
}

impl Wanted<'_> {
    /// The folder of the revision. A single file has none.
    fn revision_folder(&self, folder: &str) -> String {
        let is_digest = |revision: &&str| matches!(self.model.source, ModelSource::Image(_)) && revision.contains(':');
        let revision = self.model.revision.as_deref().filter(|revision| !is_digest(revision));
        match revision {
            Some(revision) if self.model.source.file().is_none() => self.server.revision_folder(folder, revision),
            _ => folder.to_owned(),
        }
    }

    fn at(&self, folder: String, among_others: bool) -> Weights {
        Weights { place: self.revision_folder(&folder), folder, among_others, repository: None }
    }

    /// The folder of a path, where the path is that of a single file.
    fn within<'p>(&self, path: &'p str) -> &'p str {
        if self.model.source.file().is_none() { path } else { path.rsplit_once('/').map_or("", |(folder, _)| folder) }
    }

    /// A volume with the weights, for reading only, where the server looks for the revision.
    fn mount(&self, component: &mut Component, folder: String, volume: Volume, path: &str) -> Weights {
        let weights = self.at(folder, false);
        let path = match &self.model.revision {
            Some(revision) if weights.place != weights.folder => join(path, revision),
            _ => path.to_owned(),
        };
        let volume = Volume {
            mount: mount(&weights.place).mount,
            read_only: Some(true),
            sub_path: (!path.is_empty()).then_some(Text(path)),
            ..volume
        };
        component.bring_volume(VOLUME, volume);
        weights
    }

    /// The files of the image, which the node pulls with the secrets of the pod.
    fn mount_image(&self, component: &mut Component, folder: String, cx: &mut Completion<'_, '_>) -> Weights {
        if let Some(secret) = step::credentials(self, component, cx) {
            component.pull_secrets.get_or_insert_default().push(DnsName(secret));
        }
        let weights = self.at(folder, false);
        let volume = Volume { image: self.image().map(ImageText), ..mount(&weights.place) };
        component.bring_volume(VOLUME, volume);
        weights
    }

    /// The image of an `oci://` source; a revision is its tag or digest.
    fn image(&self) -> Option<String> {
        let ModelSource::Image(reference) = &self.model.source else { return None };
        Some(match &self.model.revision {
            Some(revision) if revision.contains(':') => format!("{reference}@{}", &**revision),
            Some(revision) => format!("{reference}:{}", &**revision),
            None => reference.clone(),
        })
    }

    /// Weights that are fetched: by the server itself, or by a step before it.
    fn fetched(&self, component: &mut Component, folder: String, cx: &mut Completion<'_, '_>) -> Weights {
        let weights = self.keep(component, folder, cx);
        let own = self.server.pull(&self.model.source, self.model.revision.as_deref(), self.served);
        match &self.model.source {
            ModelSource::Hub { repository, .. } if own.is_none() => {
                self.bring_hub(component, cx);
                Weights { place: weights.folder.clone(), repository: Some(repository.clone()), ..weights }
            }
            _ => {
                let weights = match own {
                    // What a server fetches itself is kept in its own order.
                    Some(_) => Weights { place: weights.folder.clone(), ..weights },
                    None => weights,
                };
                step::bring(self, component, &weights, own, cx);
                weights
            }
        }
    }

    /// What the server needs to reach the hub.
    fn bring_hub(&self, component: &mut Component, cx: &mut Completion<'_, '_>) {
        if let Some(secret) = step::credentials(self, component, cx) {
            component.bring_env("HF_TOKEN", env_secret(&secret, step::TOKEN));
        }
        if let Some(endpoint) = &self.model.endpoint {
            component.bring_env("HF_ENDPOINT", env_text(&**endpoint));
        }
    }

    /// Where fetched weights are kept: scratch space that goes with the pod, a claim, or a volume.
    fn keep(&self, component: &mut Component, folder: String, cx: &mut Completion<'_, '_>) -> Weights {
        let cache = self.model.cache.as_ref();
        if let Some(name) = cache.and_then(|cache| cache.name.as_deref()) {
            if let Some(volume) = component.volumes.as_ref().and_then(|volumes| volumes.get(name)) {
                return self.at(join(volume.mount.trim_end_matches('/'), &self.model.name), true);
            }
            if component.is_enabled() {
                cx.findings.push(self.unknown_cache(name));
            }
        } else if let Some(cache) = cache.filter(|cache| cache.size.is_some()) {
            let claim = Volume { size: cache.size, class: cache.class.clone(), access: cache.access, ..mount(&folder) };
            component.bring_volume(VOLUME, claim);
            return self.at(folder, true);
        } else if cache.is_some() && component.is_enabled() {
            cx.findings.push(self.cache_without_size());
        }
        let alone = component.bring_volume(VOLUME, scratch(&folder));
        if let (true, Some(size)) = (alone, self.model.size) {
            component.bring_request("ephemeral-storage", size);
        }
        self.at(folder, !alone)
    }

    fn unknown_cache(&self, name: &str) -> Finding {
        let key = self.key;
        Finding::error(
            code::UNKNOWN_VOLUME,
            at!["components", key, "model", "cache"],
            format!("`{key}` has no volume `{name}`"),
        )
        .label("refers to nothing")
        .help(format!(
            "declare it: `volumes: {{{name}: {{mount: /cache, size: 50Gi}}}}`; or write `cache: {{size: 50Gi}}`"
        ))
    }

    fn cache_without_size(&self) -> Finding {
        Finding::error(
            code::NO_FORM,
            at!["components", self.key, "model", "cache"],
            "a cache needs a `size`, or the name of a volume",
        )
        .label("what it is stays open")
        .on_key()
        .help("write `cache: {size: 50Gi}`, or the name of a volume of the component")
    }
}

/// True where an image can be mounted as a volume.
pub(super) fn mounts_images(target: &Target) -> bool {
    target.has(Feature::ImageVolume) && target.allows(Gate::ImageVolume)
}

/// A folder of a volume.
struct Place<'a> {
    wanted: &'a Wanted<'a>,
    folder: String,
    name: &'a str,
    path: &'a str,
}

impl Place<'_> {
    /// The component's own volume where it is mounted, else the system's, mounted in the model's folder.
    fn mounted(&self, component: &mut Component, cx: &Completion<'_, '_>) -> Option<Weights> {
        if let Some(own) = component.volumes.as_mut().and_then(|volumes| volumes.get_mut(self.name)) {
            own.read_only.get_or_insert(true);
            return Some(self.wanted.at(join(own.mount.trim_end_matches('/'), self.path), true));
        }
        cx.system.volumes.as_ref()?.get(self.name)?;
        let volume = Volume { volume: Some(DnsName(self.name.into())), ..mount("") };
        Some(self.wanted.mount(component, self.folder.clone(), volume, self.path))
    }

    fn unknown(&self, component: &Component, cx: &mut Completion<'_, '_>) -> Weights {
        if component.is_enabled() {
            let own = component.volumes.iter().flatten().map(|(name, _)| name.as_str());
            let shared = cx.system.volumes.iter().flatten().map(|(name, _)| name.as_str());
            let known = listed(own.chain(shared));
            cx.findings.push(
                Finding::error(
                    code::UNKNOWN_VOLUME,
                    at!["components", self.wanted.key, "model", "source"],
                    format!("there is no volume `{}`", self.name),
                )
                .label("refers to nothing")
                .reason(format!("volumes of the component and of the system are {known}"))
                .help("declare it under `volumes:` of the component, or of the system; a claim that exists already is `pvc://`"),
            );
        }
        self.wanted.at(self.folder.clone(), false)
    }
}

fn join(folder: &str, path: &str) -> String {
    match (folder.is_empty(), path.is_empty()) {
        (_, true) => folder.to_owned(),
        (true, _) => path.to_owned(),
        _ => format!("{folder}/{path}"),
    }
}

/// What the pods of a model must reach to fetch its weights, and on which ports.
pub(crate) fn reached(component: &Component, system: &System, target: &Target) -> Option<(EgressTo, Vec<u16>)> {
    let model = component.model.as_ref().filter(|_| component.kind == Kind::Model)?;
    let hosts = match &model.source {
        ModelSource::ObjectStore { scheme, .. } => return Some(store(scheme, model.endpoint.as_deref())),
        ModelSource::Hub { .. } => match &model.endpoint {
            Some(endpoint) => return Some(address(endpoint)),
            None => HUB.map(str::to_owned).to_vec(),
        },
        ModelSource::Web(url) => return Some(address(url)),
        ModelSource::Image(reference) if !mounts_images(target) => {
            let host = shared::placed(Image::parse(reference).ok()?, system.images.as_ref()).to_string();
            return Some(address(host.split('/').next().unwrap_or_default()));
        }
        ModelSource::BakedIn | ModelSource::Claim { .. } | ModelSource::Volume { .. } | ModelSource::Image(_) => {
            return None;
        }
    };
    Some((EgressTo::Public { hosts }, vec![HTTPS]))
}

/// A store of the cloud that the scheme names, or the one at an address.
fn store(scheme: &str, endpoint: Option<&str>) -> (EgressTo, Vec<u16>) {
    match endpoint.map(object_store::address) {
        Some((host, port)) => (EgressTo::ObjectStore { hosts: vec![host] }, vec![port]),
        None => (EgressTo::ObjectStore { hosts: object_store::hosts(scheme) }, Vec::new()),
    }
}

/// A host on the internet, by its name or by its address.
fn address(url: &str) -> (EgressTo, Vec<u16>) {
    let (host, port) = object_store::address(url);
    let to = match host.parse() {
        Ok(IpAddr::V4(_)) => {
            EgressTo::Cidrs { cidrs: vec![format!("{host}/32")], except: Vec::new(), hosts: Vec::new() }
        }
        _ => EgressTo::Public { hosts: vec![host] },
    };
    (to, vec![port])
}

/// Who made the GPU of a component, by its resource where nothing else says so; `None` without a GPU.
pub(super) fn vendor(component: &Component) -> Option<Vendor> {
    let gpu = component.gpu.as_ref().and_then(Switch::on)?;
    Some(gpu.vendor.or_else(|| maker(gpu.resource.as_deref()?)).unwrap_or(Vendor::Nvidia))
}

/// Who makes what is offered under this name.
pub(super) fn maker(resource: &str) -> Option<Vendor> {
    match resource.split('/').next()? {
        "nvidia.com" => Some(Vendor::Nvidia),
        "amd.com" => Some(Vendor::Amd),
        "gpu.intel.com" => Some(Vendor::Intel),
        _ => None,
    }
}
