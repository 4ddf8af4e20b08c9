//! Secrets, configuration and volumes that components share.

use super::Resolver;
pub(super) use super::images::{placed, placed_as_written};
use crate::diagnostic::{code, listed, nearest};
use crate::digest;
use crate::document::{Finding, Path, at};
use crate::model::{Config, Secret, SecretOrigin, SharedVolume, Strings};
use crate::spec::{self, Feature};
use std::collections::BTreeMap;

/// All declared secrets.
pub(super) fn secrets(cx: &mut Resolver<'_, '_>) -> BTreeMap<String, Secret> {
    let system = cx.system;
    system.secrets.iter().flatten().map(|(name, secret)| (name.clone(), resolve_secret(cx, name, secret))).collect()
}

fn resolve_secret(cx: &mut Resolver<'_, '_>, name: &str, secret: &spec::Secret) -> Secret {
    let store = cx.target.secret_store.as_ref().filter(|_| cx.target.has(Feature::ExternalSecrets));
    refuse_foreign_fields(cx, name, secret);
    let origin = match (secret.from, store) {
        (Some(spec::SecretOrigin::Existing), _) | (None, None) => SecretOrigin::Existing,
        (Some(spec::SecretOrigin::Sealed), _) => SecretOrigin::Sealed(encrypted_file(cx, name, secret)),
        (Some(spec::SecretOrigin::Sops), _) => SecretOrigin::Sops(encrypted_file(cx, name, secret)),
        (_, Some(store)) => SecretOrigin::Store {
            remote: secret.remote.as_ref().map_or_else(|| cx.fill_path(&store.path, name), ToString::to_string),
            properties: properties(secret),
        },
        (Some(spec::SecretOrigin::Store), None) => {
            store_missing(cx, name);
            SecretOrigin::Existing
        }
    };
    let keys: Vec<String> = secret.keys.iter().map(ToString::to_string).collect();
    Secret { name: name.into(), kind: kind_of(&keys), keys, origin }
}

/// Each origin has fields of its own.
fn refuse_foreign_fields(cx: &mut Resolver<'_, '_>, name: &str, secret: &spec::Secret) {
    use spec::SecretOrigin::{Sealed, Sops, Store};
    let written = [
        ("file", secret.file.is_some(), matches!(secret.from, Some(Sealed | Sops)), "`from: sealed` or `from: sops`"),
        ("remote", secret.remote.is_some(), matches!(secret.from, None | Some(Store)), "`from: store`"),
        ("remoteKeys", secret.remote_keys.is_some(), matches!(secret.from, None | Some(Store)), "`from: store`"),
    ];
    for (field, _, _, owner) in written.into_iter().filter(|(_, written, fits, _)| *written && !fits) {
        let origin = secret.from.map_or("that names no origin".into(), |from| format!("with `from: {from}`"));
        cx.findings.push(
            Finding::error(
                code::SECRET_FIELD,
                at!["secrets", name, field],
                format!("the secret `{name}` {origin} has no field `{field}`"),
            )
            .label("of another origin")
            .on_key()
            .also(at!["secrets", name, "from"], "the origin")
            .help(format!("write {owner}, or take `{field}` away")),
        );
    }
}

/// The file of an encrypted secret.
fn encrypted_file(cx: &mut Resolver<'_, '_>, name: &str, secret: &spec::Secret) -> String {
    if let Some(file) = &secret.file {
        return file.to_string();
    }
    cx.findings.push(
        Finding::error(
            code::MISSING_FIELD,
            at!["secrets", name, "from"],
            format!("the secret `{name}` lies encrypted in the repository, and no `file` says where"),
        )
        .label("needs a file")
        .help(format!("write `file:` with its path, such as `secrets/{}/{name}.yaml`", cx.environment)),
    );
    String::new()
}

fn store_missing(cx: &mut Resolver<'_, '_>, name: &str) {
    cx.findings.push(
        Finding::error(
            code::FEATURE_MISSING,
            at!["secrets", name, "from"],
            format!("the secret `{name}` comes from a store, and the target has none"),
        )
        .label("from a store")
        .also(at!["environment", "target", "features"], "`external-secrets` is not among the features")
        .help("add the feature `external-secrets` and `target.secretStore`, or write `from: existing`"),
    );
}

/// The property in the store of each key.
fn properties(secret: &spec::Secret) -> Strings {
    let renamed = |key: &str| secret.remote_keys.as_ref().and_then(|keys| keys.get(key)).map(ToString::to_string);
    secret.keys.iter().map(|key| (key.to_string(), renamed(key).unwrap_or_else(|| key.to_string()))).collect()
}

/// The type of a Secret, by its keys. Source: the Secret types of Kubernetes.
fn kind_of(keys: &[String]) -> String {
    let mut sorted: Vec<&str> = keys.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    match sorted.as_slice() {
        ["password", "username"] => "kubernetes.io/basic-auth",
        ["tls.crt", "tls.key"] => "kubernetes.io/tls",
        [".dockerconfigjson"] => "kubernetes.io/dockerconfigjson",
        _ => "Opaque",
    }
    .into()
}

/// All configs, with their references resolved. A reference here adds no edge.
pub(super) fn configs(cx: &mut Resolver<'_, '_>) -> BTreeMap<String, Config> {
    let system = cx.system;
    system.config.iter().flatten().map(|(key, values)| (key.clone(), config(cx, key, values))).collect()
}

fn config(cx: &mut Resolver<'_, '_>, key: &str, values: &spec::Named<spec::DataKey, spec::Literal>) -> Config {
    let data: Strings =
        values.iter().map(|(name, value)| (name.clone(), cx.expand("", &value.0, &at!["config", key, name]))).collect();
    // Nobody reads it yet, so nobody gets an edge.
    cx.edges.remove("");
    let hash = digest::short(data.iter().map(|(name, value)| (name.as_str(), value.as_bytes())));
    Config { key: key.into(), name: format!("{key}-{hash}"), data }
}

/// All shared volumes.
pub(super) fn volumes(cx: &mut Resolver<'_, '_>) -> BTreeMap<String, SharedVolume> {
    let system = cx.system;
    let one = |(name, volume): (&String, &spec::SharedVolume)| {
        let class = cx.storage_class(volume.class.as_ref());
        (name.clone(), SharedVolume { name: name.clone(), size: volume.size, class, access: volume.access })
    };
    system.volumes.iter().flatten().map(one).collect()
}

impl Resolver<'_, '_> {
    /// A path in the secret store with its placeholders filled in.
    fn fill_path(&self, path: &str, secret: &str) -> String {
        path.replace("{system}", &self.system.name)
            .replace("{environment}", self.environment)
            .replace("{secret}", secret)
    }

    /// A class as the target calls it: a key of `storageClasses`, a class as it is, or the default.
    pub(crate) fn storage_class(&self, class: Option<&spec::DnsName>) -> Option<String> {
        let classes = &self.target.storage_classes;
        match class {
            Some(class) => Some(classes.get(&**class).cloned().unwrap_or_else(|| class.to_string())),
            None => classes.get("default").cloned(),
        }
    }

    /// Checks that a secret is declared with this key.
    pub(crate) fn require_secret(&mut self, name: &str, key: Option<&str>, path: &Path) {
        let Some(secret) = self.secrets.get(name) else {
            let known: Vec<&str> = self.secrets.keys().map(String::as_str).collect();
            let finding =
                undeclared(code::UNKNOWN_SECRET, path, &format!("the secret `{name}` is not declared"), name, &known)
                    .help(format!("declare it: `secrets: {{{name}: {{keys: [{}]}}}}`", key.unwrap_or("…")));
            return self.findings.push(finding);
        };
        let Some(key) = key.filter(|key| !secret.keys.iter().any(|known| known == key)) else { return };
        let known: Vec<&str> = secret.keys.iter().map(String::as_str).collect();
        let finding =
            undeclared(code::UNKNOWN_SECRET, path, &format!("the secret `{name}` has no key `{key}`"), key, &known)
                .also(at!["secrets", name, "keys"], "its keys");
        self.findings.push(finding);
    }

    /// The ConfigMap of a config, with a check of the key.
    pub(crate) fn require_config(&mut self, name: &str, key: Option<&str>, path: &Path) -> Option<String> {
        let Some(config) = self.configs.get(name) else {
            let known: Vec<&str> = self.configs.keys().map(String::as_str).collect();
            let finding =
                undeclared(code::UNKNOWN_CONFIG, path, &format!("the config `{name}` is not declared"), name, &known);
            self.findings.push(finding);
            return None;
        };
        let object = config.name.clone();
        if let Some(key) = key.filter(|key| !config.data.contains_key(*key)) {
            let known: Vec<&str> = config.data.keys().map(String::as_str).collect();
            let finding =
                undeclared(code::UNKNOWN_CONFIG, path, &format!("the config `{name}` has no key `{key}`"), key, &known);
            self.findings.push(finding);
        }
        Some(object)
    }
}

fn undeclared(code: crate::diagnostic::Code, path: &Path, message: &str, given: &str, known: &[&str]) -> Finding {
    let finding = Finding::error(code, path.clone(), message).label("refers to nothing");
    match nearest(given, known.iter().copied()) {
        Some(near) => finding.help(format!("a similar one is `{near}`")),
        None if known.is_empty() => finding.help("none are declared"),
        None => finding.help(format!("there are {}", listed(known.iter().copied()))),
    }
}
