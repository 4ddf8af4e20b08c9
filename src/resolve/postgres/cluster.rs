//! A cluster that CloudNativePG runs.

use super::login;
use crate::diagnostic::code;
use crate::document::{Finding, at};
use crate::model::{Backup, Claim, DatabaseCluster, Image, Login, Pooler, Strings};
use crate::resolve::object_store;
use crate::resolve::{Completion, Resolver, container, shared, strings};
use crate::spec::{self, Access, Component, Feature, PoolMode, Switch};

/// The key of a secret with a service account of Google.
pub(crate) const GOOGLE_KEY: &str = "service-account.json";
/// Instances of a pooler unless written.
const POOLERS: u32 = 2;
/// Backups are kept for whole days; a law reports what is none.
const DAY: u64 = 86_400;

/// Fields of the component for which the operator has no place, and what does their work there.
const NOT_HONOURED: &[(&[&str], &str)] = &[
    (&["volumes"], "the operator makes the volumes, from `storage` and `wal`"),
    (&["env"], "the operator starts the server; settings are `parameters`"),
    (&["args"], "the operator starts the server; settings are `parameters`"),
    (&["health"], "the operator probes the instances itself"),
    (&["shutdown"], "the operator takes the instances down itself"),
    (&["security"], "the operator hardens the instances itself"),
    (&["pullSecrets"], "the instances take those of their service account"),
    (&["podLabels"], "the operator labels the pods"),
    (&["podAnnotations"], "the operator annotates the pods"),
    (&["placement", "runtimeClass"], "the operator sets no runtime class"),
    (&["serviceAccount", "name"], "the operator makes an account with the name of the cluster"),
    (&["serviceAccount", "existing"], "the operator makes an account with the name of the cluster"),
    (&["serviceAccount", "token"], "the instances always have their token"),
    (&["serviceAccount", "roles"], "the operator gives its account the rights it needs"),
];

/// What the operator cannot honour, and what it needs beside it.
pub(super) fn report(key: &str, component: &Component, cx: &mut Completion<'_, '_>) {
    for (field, reason) in NOT_HONOURED {
        let path = field.iter().fold(at!["components", key], |path, part| path.join(part));
        if cx.findings.is_written(&path) {
            cx.findings.push(not_honoured(key, field, path, reason));
        }
    }
    if component.disruption.as_ref().is_some_and(|disruption| !disruption.is_off()) {
        let path = at!["components", key, "disruption"];
        cx.findings.push(not_honoured(key, &["disruption"], path, "the operator makes the disruption budgets itself"));
    }
    if let Some(auth) = component.auth.as_ref().and_then(Switch::on) {
        report_keys(key, auth, cx);
    }
    if component.backup.as_ref().and_then(Switch::on).is_some() && !cx.target.has(Feature::BarmanCloud) {
        cx.findings.push(
            Finding::error(
                code::FEATURE_MISSING,
                at!["components", key, "backup"],
                format!("the backup of `{key}` needs `barman-cloud`"),
            )
            .label("nobody would make it")
            .on_key()
            .also(at!["environment", "target", "features"], "`barman-cloud` is not among the features")
            .help("add `barman-cloud` to `target.features`, or write `backup: false` in this environment"),
        );
    }
}

fn not_honoured(key: &str, field: &[&str], path: crate::document::Path, reason: &str) -> Finding {
    let field = field.join(".");
    Finding::error(code::FIELD_NOT_HONOURED, path, format!("`{field}` of `{key}` has no meaning under CloudNativePG"))
        .label("cannot be honoured")
        .on_key()
        .also(at!["environment", "target", "features"], "`cloudnative-pg` is on")
        .reason(reason)
        .help(format!(
            "take `{field}` away; where it comes from `defaults.all`, write it as `null` in `defaults.postgres`"
        ))
}

/// The operator reads the two keys of a `kubernetes.io/basic-auth` secret and no others.
fn report_keys(key: &str, auth: &spec::Auth, cx: &mut Completion<'_, '_>) {
    for (field, written) in [("username", &auth.username), ("password", &auth.password)] {
        if written.as_ref().is_some_and(|name| &**name != field) {
            cx.findings.push(
                Finding::error(
                    code::FIELD_NOT_HONOURED,
                    at!["components", key, "auth", field],
                    format!("CloudNativePG reads the key `{field}` only"),
                )
                .label("another key")
                .reason("it takes secrets of the type `kubernetes.io/basic-auth`")
                .help(format!(
                    "call the key `{field}`; where the store calls it otherwise, say so in `remoteKeys` of the secret"
                )),
            );
        }
    }
}

/// What the operator is told. `None` after a finding.
pub(crate) fn cluster(key: &str, component: &Component, cx: &mut Resolver<'_, '_>) -> Option<DatabaseCluster> {
    let storage = component.storage.as_ref()?;
    let image = Image::parse(component.image.as_ref()?).ok()?;
    let (placement, _) = cx.placement(key, component);
    let pooler = component.pooler.as_ref().and_then(Switch::on);
    Some(DatabaseCluster {
        image: shared::placed(image, cx.system.images.as_ref()),
        instances: component.instances.map_or(1, |instances| instances.as_i32().unsigned_abs()),
        database: component.database.as_ref()?.to_string(),
        owner: login::owner(component)?.to_owned(),
        auth: auth(key, component, cx),
        superuser: superuser(key, component, cx),
        storage: claim(storage, cx),
        wal: component.wal.as_ref().map(|wal| claim(wal, cx)),
        extensions: component.extensions.iter().flatten().map(ToString::to_string).collect(),
        parameters: strings(component.parameters.as_ref()),
        synchronous: component.synchronous.map(super::super::count).filter(|number| *number > 0),
        resources: container::resources(component.resources.as_ref()),
        placement,
        backup: component.backup.as_ref().and_then(Switch::on).and_then(|written| backup(key, written, cx)),
        pooler: pooler.map(pooling),
        ports: container::ports(component.ports.as_ref()),
        identity_annotations: identity_annotations(component),
    })
}

fn identity_annotations(component: &Component) -> Strings {
    strings(component.service_account.as_ref().and_then(|account| account.annotations.as_ref()))
}

fn claim(storage: &spec::Storage, cx: &Resolver<'_, '_>) -> Claim {
    Claim { size: storage.size, class: cx.storage_class(storage.class.as_ref()), access: Access::Rwo }
}

fn pooling(pooler: &spec::Pooler) -> Pooler {
    Pooler {
        instances: pooler.instances.map_or(POOLERS, |instances| instances.as_i32().unsigned_abs()),
        mode: pooler.mode.unwrap_or(PoolMode::Transaction),
    }
}

fn auth(key: &str, component: &Component, cx: &mut Resolver<'_, '_>) -> Option<Login> {
    let login = login::written(component)?;
    for name in [&login.username, &login.password] {
        cx.require_secret(&login.secret, Some(name), &at!["components", key, "auth"]);
    }
    Some(login)
}

fn superuser(key: &str, component: &Component, cx: &mut Resolver<'_, '_>) -> Option<String> {
    let secret = component.superuser.as_ref()?;
    for name in ["username", "password"] {
        cx.require_secret(secret, Some(name), &at!["components", key, "superuser"]);
    }
    Some(secret.to_string())
}

/// What the plugin logs in with, by the scheme of the store.
fn credential_keys(scheme: &str) -> &'static [&'static str] {
    if scheme == "gs" { &[GOOGLE_KEY] } else { &["access-key-id", "secret-access-key"] }
}

fn backup(key: &str, backup: &spec::Backup, cx: &mut Resolver<'_, '_>) -> Option<Backup> {
    let path = at!["components", key, "backup"];
    let credentials = backup.credentials.as_ref().map(ToString::to_string);
    let store = backup.to.split_once("://").map(|(scheme, rest)| (scheme, rest.trim_matches('/')));
    let store = store.filter(|(scheme, rest)| matches!(*scheme, "s3" | "gs") && !rest.is_empty());
    for name in credential_keys(store.map_or("s3", |(scheme, _)| scheme)) {
        if let Some(secret) = &credentials {
            cx.require_secret(secret, Some(name), &path.join("credentials"));
        }
    }
    let Some((scheme, bucket)) = store else {
        cx.findings.push(
            Finding::error(
                code::BACKUP_DESTINATION,
                path.join("to"),
                format!("`{}` is not a place for backups", &*backup.to),
            )
            .label("not a path of an object store")
            .help("write `s3://bucket/path` or `gs://bucket/path`; for a store of S3 that is not AWS also `endpoint:`"),
        );
        return None;
    };
    if scheme == "gs" && backup.endpoint.is_some() {
        cx.findings.push(
            Finding::error(code::BACKUP_DESTINATION, path.join("endpoint"), "a store of Google has no other endpoint")
                .label("for stores that speak S3")
                .also(path.join("to"), "a store of Google")
                .help("take `endpoint` away, or write `to: s3://…`"),
        );
    }
    Some(Backup {
        destination: format!("{scheme}://{bucket}/{}/{}", &*cx.system.name, cx.environment),
        schedule: backup.schedule.to_string(),
        keep_days: backup.keep.0.div_ceil(DAY),
        credentials,
        endpoint: backup.endpoint.as_ref().map(ToString::to_string),
        hosts: match &backup.endpoint {
            Some(endpoint) => vec![object_store::address(endpoint).0],
            None => object_store::hosts(scheme),
        },
    })
}
