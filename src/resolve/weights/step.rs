//! The init step `model`: what fetches weights before the server starts.
//!
//! The step runs `rclone copy`: what is there already in full is left alone, so that a restart on a
//! `cache` costs a listing; a file appears under its name only when it is complete. The files of an image
//! are unpacked with `crane`.

use super::super::Completion;
use super::super::brought::{env_secret, env_text, named};
use super::super::shared::placed;
use super::{Wanted, Weights};
use crate::diagnostic::code;
use crate::document::at;
use crate::model::{Image, Quantity};
use crate::spec::{
    Component, EnvKey, EnvValue, FileEntry, FileSource, Files, ImageText, InitStep, Literal, Model, ModelSource, Named,
    Resources, SecretKey,
};

/// Runs as any user, on a read-only root, on every architecture.
const COPY: &str = "rclone/rclone:1.75.1";
/// The same, with a shell and `tar` beside it.
const UNPACK: &str = "gcr.io/go-containerregistry/crane/debug:v0.22.1";
/// The name of the step.
const STEP: &str = "model";
/// Keys of the secret of an object store.
const KEYS: [&str; 2] = ["access-key-id", "secret-access-key"];
/// The key of the secret of a hub or web server.
pub(super) const TOKEN: &str = "token";
/// The key of the secret of a registry, as Kubernetes has it.
const REGISTRY: &str = ".dockerconfigjson";
const REGISTRY_FOLDER: &str = "/var/run/registry";

/// The secret that opens the source, where it is declared with the keys that the source takes.
pub(super) fn credentials(wanted: &Wanted<'_>, component: &Component, cx: &mut Completion<'_, '_>) -> Option<String> {
    let secret = wanted.model.credentials.as_ref()?;
    let keys: &[&str] = match wanted.model.source {
        ModelSource::ObjectStore { .. } => &KEYS,
        ModelSource::Image(_) => &[REGISTRY],
        _ => &[TOKEN],
    };
    let path = at!["components", wanted.key, "model", "credentials"];
    let declared = !component.is_enabled() || cx.declares(secret, keys, code::UNKNOWN_SECRET, path);
    declared.then(|| secret.to_string())
}

/// Brings the step that fetches the weights: the server's own script, or a copy.
pub(super) fn bring(
    wanted: &Wanted<'_>,
    component: &mut Component,
    weights: &Weights,
    script: Option<String>,
    cx: &mut Completion<'_, '_>,
) {
    let step = match (&wanted.model.source, script) {
        (_, Some(script)) => pulled(&script),
        (ModelSource::ObjectStore { scheme, path }, None) => {
            let credentials = credentials(wanted, component, cx);
            let store = Store { scheme, path, model: wanted.model, credentials };
            store.step(weights)
        }
        (ModelSource::Web(url), None) => from_web(url, credentials(wanted, component, cx), weights),
        (ModelSource::Image(_), None) => {
            let Some(image) = wanted.image().and_then(|image| Image::parse(&image).ok()) else { return };
            let image = placed(image, cx.system.images.as_ref()).to_string();
            unpacked(&image, credentials(wanted, component, cx), weights)
        }
        _ => return,
    };
    place(component, step);
}

/// A script in the server's own image; its server of the moment is reached by nobody.
fn pulled(script: &str) -> InitStep {
    let own = [("OLLAMA_HOST", env_text("127.0.0.1:11434"))];
    InitStep { command: Some(literals(["/bin/sh", "-c", script])), env: Some(named(own)), ..InitStep::default() }
}

fn literals<'a>(words: impl IntoIterator<Item = &'a str>) -> Vec<Literal> {
    words.into_iter().map(|word| Literal(word.to_owned())).collect()
}

fn copy(from: &str, to: &str, env: Named<EnvKey, EnvValue>) -> InitStep {
    InitStep {
        image: Some(ImageText(COPY.into())),
        args: Some(literals(["copy", from, to, "--size-only", "--transfers=8"])),
        env: Some(env),
        resources: Some(resources()),
        ..InitStep::default()
    }
}

/// A file of a web server, or a folder that it lists.
fn from_web(url: &str, credentials: Option<String>, weights: &Weights) -> InitStep {
    let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut env =
        vec![("RCLONE_CONFIG", env_text("/notfound")), ("RCLONE_HTTP_URL", env_text(format!("{scheme}://{host}/")))];
    if let Some(secret) = credentials {
        env.push(("MODEL_TOKEN", env_secret(&secret, TOKEN)));
        env.push(("RCLONE_HTTP_HEADERS", env_text("Authorization,Bearer $(MODEL_TOKEN)")));
    }
    copy(&format!(":http:{path}"), &weights.place, named(env))
}

/// The files of an image, for a target that cannot mount it.
fn unpacked(image: &str, credentials: Option<String>, weights: &Weights) -> InitStep {
    let place = &weights.place;
    // Image and folder are words of their own, whatever is in them.
    let script = r#"set -eo pipefail; mkdir -p "$2"; crane export "$1" - | tar -xf - -C "$2""#;
    let mut step = InitStep {
        image: Some(ImageText(UNPACK.into())),
        command: Some(literals(["/busybox/sh", "-c", script, STEP, image, place])),
        resources: Some(resources()),
        ..InitStep::default()
    };
    if let Some(secret) = credentials {
        let key = SecretKey(format!("{secret}/{REGISTRY}"));
        let file = FileSource { secret: Some(key), ..FileSource::default() };
        let path = format!("{REGISTRY_FOLDER}/config.json");
        step.files = Some(Files(std::iter::once((path, FileEntry::File(file))).collect()));
        step.env = Some(named([("DOCKER_CONFIG", env_text(REGISTRY_FOLDER))]));
    }
    step
}

fn resources() -> Resources {
    let requests = named([("cpu", Quantity::from_milli(250)), ("memory", Quantity::from_bytes(512 << 20))]);
    Resources { requests: Some(requests), limits: None }
}

/// An object store as rclone is told of it: by variables alone, since there is no file of settings.
struct Store<'a> {
    scheme: &'a str,
    path: &'a str,
    model: &'a Model,
    credentials: Option<String>,
}

impl Store<'_> {
    /// The step that copies the weights into the model's folder.
    fn step(&self, weights: &Weights) -> InitStep {
        let from = match &self.model.revision {
            Some(revision) if weights.place != weights.folder => super::join(self.path, revision),
            _ => self.path.to_owned(),
        };
        copy(&format!(":{}:{from}", self.backend()), &weights.place, self.environment())
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
        if let Some(secret) = &self.credentials {
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
fn place(component: &mut Component, step: InitStep) {
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
    // A program belongs to its image.
    if own.image.is_none() {
        own.image = step.image;
        own.command = step.command;
    }
    own.args = own.args.take().or(step.args);
    own.resources = own.resources.take().or(step.resources);
    if let Some(files) = step.files {
        let own = own.files.get_or_insert_default();
        for (path, file) in files.0 {
            own.0.entry(path).or_insert(file);
        }
    }
    let env = own.env.get_or_insert_default();
    for (name, value) in step.env.iter().flatten() {
        env.entry(name.clone()).or_insert_with(|| value.clone());
    }
}
