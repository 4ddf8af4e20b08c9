//! Weights: from where they lie to where the server reads them.
//!
//! | source | what is brought |
//! |---|---|
//! | `baked-in` | nothing |
//! | `volume://NAME/PATH` | the component's volume, read-only where it is mounted; or the system's volume, mounted read-only |
//! | `s3://`, `gs://` | the init step `model`, which copies `<source>/<revision>/` into scratch space or the volume of `cache` |
//!
//! The step runs `rclone copy`: what is there already in full is left alone, so that a restart on a
//! `cache` costs a listing; a file appears under its name only when it is complete.

use super::Completion;
use super::brought::{env_secret, env_text, mount, named, scratch};
use crate::diagnostic::{code, listed};
use crate::document::{Finding, at};
use crate::model::Quantity;
use crate::runtime::Server;
use crate::spec::{
    Component, DnsName, EnvKey, EnvValue, ImageText, InitStep, Literal, Model, ModelSource, Named, Resources, Text,
    Volume,
};

/// Runs as any user, on a read-only root, on every architecture.
const IMAGE: &str = "rclone/rclone:1.75.1";
/// The name of the step and of its volume.
const STEP: &str = "model";
const VOLUME: &str = "weights";
const KEYS: [&str; 2] = ["access-key-id", "secret-access-key"];

/// Where a server finds weights.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Weights {
    /// The folder of the model.
    pub(super) folder: String,
    /// True where other revisions may lie beside the one to serve.
    pub(super) among_others: bool,
}

/// Brings the weights to the server.
pub(super) fn bring(
    key: &str,
    component: &mut Component,
    model: &Model,
    server: &dyn Server,
    cx: &mut Completion<'_, '_>,
) -> Weights {
    let Some(folder) = server.folder(&model.name) else { return Weights::default() };
    match &model.source {
        ModelSource::BakedIn => Weights { folder, among_others: true },
        ModelSource::Volume { name, path } => {
            let place = Place { folder, name, path };
            place.mounted(component, model, server, cx).unwrap_or_else(|| place.unknown(key, component, cx))
        }
        ModelSource::ObjectStore { scheme, path } => {
            let weights = keep(key, component, model, folder, cx);
            let store = Store { scheme, path, model, credentials: credentials(key, component, model, cx) };
            bring_step(component, store.step(server, &weights.folder));
            weights
        }
    }
}

/// A folder of a volume.
struct Place<'a> {
    folder: String,
    name: &'a str,
    path: &'a str,
}

impl Place<'_> {
    /// The component's own volume where it is mounted, else the system's, mounted in the model's folder.
    fn mounted(
        &self,
        component: &mut Component,
        model: &Model,
        server: &dyn Server,
        cx: &Completion<'_, '_>,
    ) -> Option<Weights> {
        if let Some(own) = component.volumes.as_mut().and_then(|volumes| volumes.get_mut(self.name)) {
            own.read_only.get_or_insert(true);
            let folder = join(own.mount.trim_end_matches('/'), self.path);
            return Some(Weights { folder, among_others: true });
        }
        cx.system.volumes.as_ref()?.get(self.name)?;
        let (place, path) = match &model.revision {
            Some(revision) => (server.revision_folder(&self.folder, revision), join(self.path, revision)),
            None => (self.folder.clone(), self.path.to_owned()),
        };
        let volume = Volume {
            volume: Some(DnsName(self.name.into())),
            read_only: Some(true),
            sub_path: (!path.is_empty()).then_some(Text(path)),
            ..mount(&place)
        };
        component.bring_volume(VOLUME, volume);
        Some(Weights { folder: self.folder.clone(), among_others: false })
    }

    fn unknown(&self, key: &str, component: &Component, cx: &mut Completion<'_, '_>) -> Weights {
        if component.is_enabled() {
            let own = component.volumes.iter().flatten().map(|(name, _)| name.as_str());
            let shared = cx.system.volumes.iter().flatten().map(|(name, _)| name.as_str());
            let known = listed(own.chain(shared));
            cx.findings.push(
                Finding::error(
                    code::UNKNOWN_VOLUME,
                    at!["components", key, "model", "source"],
                    format!("there is no volume `{}`", self.name),
                )
                .label("refers to nothing")
                .reason(format!("volumes of the component and of the system are {known}"))
                .help("declare it under `volumes:` of the component, or of the system"),
            );
        }
        Weights { folder: self.folder.clone(), among_others: false }
    }
}

fn join(folder: &str, path: &str) -> String {
    match (folder.is_empty(), path.is_empty()) {
        (_, true) => folder.to_owned(),
        (true, _) => path.to_owned(),
        _ => format!("{folder}/{path}"),
    }
}

/// Where downloaded weights are kept: scratch space that goes with the pod, or the volume of `cache`.
fn keep(key: &str, component: &mut Component, model: &Model, folder: String, cx: &mut Completion<'_, '_>) -> Weights {
    if let Some(cache) = &model.cache {
        if let Some(volume) = component.volumes.as_ref().and_then(|volumes| volumes.get(&**cache)) {
            let folder = join(volume.mount.trim_end_matches('/'), &model.name);
            return Weights { folder, among_others: true };
        }
        if component.is_enabled() {
            cx.findings.push(
                Finding::error(
                    code::UNKNOWN_VOLUME,
                    at!["components", key, "model", "cache"],
                    format!("`{key}` has no volume `{}`", &**cache),
                )
                .label("refers to nothing")
                .help(format!("declare it: `volumes: {{{}: {{mount: /cache, size: 50Gi}}}}`", &**cache)),
            );
        }
    }
    let alone = component.bring_volume(VOLUME, scratch(&folder));
    if let (true, Some(size)) = (alone, model.size) {
        component.bring_request("ephemeral-storage", size);
    }
    Weights { folder, among_others: !alone }
}

fn resources() -> Resources {
    let requests = named([("cpu", Quantity::from_milli(250)), ("memory", Quantity::from_bytes(512 << 20))]);
    Resources { requests: Some(requests), limits: None }
}

/// The secret with the keys of the store, where it is declared.
fn credentials<'a>(key: &str, component: &Component, model: &'a Model, cx: &mut Completion<'_, '_>) -> Option<&'a str> {
    let secret = model.credentials.as_ref()?;
    let path = at!["components", key, "model", "credentials"];
    let declared = !component.is_enabled() || cx.declares(secret, &KEYS, code::UNKNOWN_SECRET, path);
    declared.then_some(&**secret)
}

/// An object store as rclone is told of it: by variables alone, since there is no file of settings.
struct Store<'a> {
    scheme: &'a str,
    path: &'a str,
    model: &'a Model,
    credentials: Option<&'a str>,
}

impl Store<'_> {
    /// The step that copies the weights into the model's folder.
    fn step(&self, server: &dyn Server, folder: &str) -> InitStep {
        let (from, to) = match &self.model.revision {
            Some(revision) => (join(self.path, revision), server.revision_folder(folder, revision)),
            None => (self.path.to_owned(), folder.to_owned()),
        };
        let source = format!(":{}:{from}", self.backend());
        let words = ["copy".to_owned(), source, to, "--size-only".into(), "--transfers=8".into()];
        InitStep {
            image: Some(ImageText(IMAGE.into())),
            args: Some(words.into_iter().map(Literal).collect()),
            env: Some(self.environment()),
            resources: Some(resources()),
            ..InitStep::default()
        }
    }

    /// Google's store speaks the protocol of S3 with a key pair, and its own with the pod's identity.
    fn backend(&self) -> &'static str {
        if self.scheme == "gs" && self.credentials.is_none() { "gcs" } else { "s3" }
    }

    fn environment(&self) -> Named<EnvKey, EnvValue> {
        let mut variables = vec![("RCLONE_CONFIG", env_text("/notfound"))];
        if self.backend() == "gcs" {
            variables.push(("RCLONE_GCS_ENV_AUTH", env_text("true")));
            return named(variables);
        }
        let endpoint = self.endpoint();
        variables.push(("RCLONE_S3_PROVIDER", env_text(self.provider())));
        if let Some(secret) = self.credentials {
            variables.push(("RCLONE_S3_ACCESS_KEY_ID", env_secret(secret, KEYS[0])));
            variables.push(("RCLONE_S3_SECRET_ACCESS_KEY", env_secret(secret, KEYS[1])));
        } else {
            variables.push(("RCLONE_S3_ENV_AUTH", env_text("true")));
        }
        variables.extend(endpoint.map(|endpoint| ("RCLONE_S3_ENDPOINT", env_text(endpoint))));
        variables.extend(self.model.region.as_ref().map(|region| ("RCLONE_S3_REGION", env_text(&**region))));
        named(variables)
    }

    fn provider(&self) -> &'static str {
        match (self.scheme, &self.model.endpoint) {
            ("gs", _) => "GCS",
            (_, Some(_)) => "Other",
            (_, None) => "AWS",
        }
    }

    fn endpoint(&self) -> Option<&str> {
        let written = self.model.endpoint.as_deref();
        written.or((self.scheme == "gs").then_some("https://storage.googleapis.com"))
    }
}

/// Puts the step before those of the author's own, or under the author's step of its name: a program of
/// the author's own takes all of it over.
fn bring_step(component: &mut Component, step: InitStep) {
    let steps = component.init.get_or_insert_default();
    match steps.get_mut(STEP) {
        None => {
            steps.shift_insert(0, STEP.into(), step);
        }
        Some(own) if own.command.is_some() => {}
        Some(own) => lay_under(own, step),
    }
}

fn lay_under(own: &mut InitStep, step: InitStep) {
    own.image = own.image.take().or(step.image);
    own.args = own.args.take().or(step.args);
    own.resources = own.resources.take().or(step.resources);
    let env = own.env.get_or_insert_default();
    for (name, value) in step.env.iter().flatten() {
        env.entry(name.clone()).or_insert_with(|| value.clone());
    }
}
