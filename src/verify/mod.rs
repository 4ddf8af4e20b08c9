//! Verification: what was made is checked as an API server would, before it is printed.
//!
//! Promises: every object is checked against the schema of its kind in the target's version of
//! Kubernetes, or in the definition of its operator or of the user, and against the laws that no schema
//! says; a kind without a known schema is a warning, never a silent skip. A fault lies where it was
//! written: in the document of a hand-written object, at the patch that changed an emitted one. What
//! nobody wrote is a mistake of the compiler, and says so.

pub mod cel;
mod definitions;
mod laws;
mod place;
pub mod schema;

use crate::diagnostic::{Diagnostic, Severity, code, listed, nearest};
use crate::document::Findings;
use crate::kube::{Content, Identity, Object};
use crate::load::Manifests;
use crate::model::Model;
use definitions::Definitions;
use place::Places;
use rayon::prelude::*;
use schema::bundle::{self, KUBERNETES};
use schema::{Fault, Root, Schemas, Served, Walk};
use std::collections::BTreeMap;

/// Below this many objects, one core is as fast.
const MANY: usize = 32;

/// Reads the schemas of Kubernetes beside the work that goes on, so that they are there when objects are.
pub fn prepare() {
    rayon::spawn(|| {
        KUBERNETES.schemas();
    });
}

/// Checks all objects of a system.
pub fn verify(objects: &[Object], model: &Model, manifests: &Manifests, findings: &mut Findings<'_>) {
    let definitions = Definitions::collect(objects, model, manifests, findings);
    let minor = model.target.minor;
    let check = |object: &Object| faults(object, &definitions, minor);
    let checked: Vec<Checked> = if objects.len() < MANY {
        objects.iter().map(check).collect()
    } else {
        objects.par_iter().map(check).collect()
    };
    let places = Places { findings };
    places.report(objects, checked);
}

/// What checking an object gave.
#[derive(Default)]
struct Checked {
    faults: Vec<Fault>,
    /// True where nothing is known of its kind.
    unknown: bool,
}

fn faults(object: &Object, definitions: &Definitions, minor: u32) -> Checked {
    let identity = &object.identity;
    let opened = opened(object);
    let content = opened.as_ref().unwrap_or(&object.content);
    let mut walk = Walk::new(minor);
    let known = known(object, definitions, minor);
    // Schemas of Kubernetes itself have the metadata in them.
    let has_metadata = matches!(&known, Known::Schema(schemas, _) if std::ptr::eq(*schemas, KUBERNETES.schemas()));
    let unknown = match &known {
        Known::Schema(schemas, served) => {
            if let (true, Some(_)) = (served.of_cluster, &identity.namespace) {
                let fault = walk.key("metadata", |walk| walk.key("namespace", |walk| out_of_scope(identity, walk)));
                walk.push(fault);
            }
            schema::check(schemas, served.schema, content, &mut walk);
            false
        }
        Known::NotServed(versions) => {
            let fault = walk.key("apiVersion", |walk| not_served(identity, versions, walk));
            walk.push(fault);
            false
        }
        Known::NoSuchKind => {
            let fault = walk.key("kind", |walk| no_such_kind(identity, walk));
            walk.push(fault);
            false
        }
        Known::Nothing => true,
    };
    if !has_metadata {
        check_metadata(content, &mut walk);
    }
    // A value of the wrong shape says nothing to the laws.
    laws::check(identity, content, &mut walk);
    let mut faults = one_for_each_place(walk.faults);
    if let (Known::Schema(schemas, _), true) = (known, faults.iter().all(|fault| fault.severity != Severity::Error)) {
        faults.extend(broken_rules(object, schemas, minor));
    }
    Checked { faults, unknown }
}

/// The rules in CEL that an object does not keep. A rule may take the shape of its object for granted.
fn broken_rules(object: &Object, schemas: &Schemas, minor: u32) -> Vec<Fault> {
    let identity = &object.identity;
    let root = Root { api_version: identity.api_version.as_str().into(), kind: identity.kind.as_str().into() };
    let rules = schemas.rules.get(&root).and_then(schema::Expressions::rules);
    let verdicts = rules.map(|rules| rules.evaluate(&object.json())).unwrap_or_default();
    verdicts.into_iter().map(|verdict| place::broken(verdict, minor)).collect()
}

/// What SOPS encrypted, as far as it can be read: its values and its seal are for who has the key.
fn opened(object: &Object) -> Option<Content> {
    object.content.get("sops")?;
    let mut content = object.content.clone();
    content.remove("sops");
    if let Content::Map(fields) = &mut content {
        let encrypted = fields.iter_mut().filter(|(key, _)| matches!(key.as_str(), "data" | "stringData"));
        for (_, data) in encrypted {
            if let Content::Map(values) = data {
                values.iter_mut().for_each(|(_, value)| *value = Content::Text("".into()));
            }
        }
    }
    Some(content)
}

/// Where the schema finds fault with a value, the laws say the same in other words.
fn one_for_each_place(mut faults: Vec<Fault>) -> Vec<Fault> {
    if faults.len() > 1 {
        let mut kept: Vec<Fault> = Vec::with_capacity(faults.len());
        for fault in faults.drain(..) {
            let again = kept.iter().any(|known| known.place == fault.place && known.severity == fault.severity);
            // Fields that are missing stand at the same place.
            if !again || fault.code == code::OBJECT_REQUIRED {
                kept.push(fault);
            }
        }
        return kept;
    }
    faults
}

/// What is known of a kind.
enum Known<'a> {
    Schema(&'a Schemas, Served),
    /// Kubernetes has it in other versions.
    NotServed(&'a [Served]),
    /// A group of Kubernetes itself has no such kind.
    NoSuchKind,
    Nothing,
}

fn known<'a>(object: &Object, definitions: &'a Definitions, minor: u32) -> Known<'a> {
    let identity = &object.identity;
    let (api_version, kind) = (identity.api_version.as_str(), identity.kind.as_str());
    if let Some((schemas, served)) = definitions.find(object) {
        return Known::Schema(schemas, served);
    }
    if let Some(bundle) = bundle::of_group(identity.group()) {
        let schemas = bundle.schemas();
        return schemas.find(api_version, kind, minor).map_or(Known::Nothing, |served| Known::Schema(schemas, served));
    }
    let schemas = KUBERNETES.schemas();
    match schemas.versions(api_version, kind) {
        Some(versions) => match versions.iter().find(|served| served.has(minor)) {
            Some(served) => Known::Schema(schemas, *served),
            None => Known::NotServed(versions),
        },
        None if is_of_kubernetes(identity.group(), schemas) => Known::NoSuchKind,
        None => Known::Nothing,
    }
}

fn is_of_kubernetes(group: &str, schemas: &Schemas) -> bool {
    let of = |root: &Root| root.api_version.split_once('/').map_or("", |(group, _)| group) == group;
    schemas.roots.keys().any(of)
}

/// The metadata of every kind are those of Kubernetes.
fn check_metadata<'a>(content: &'a Content, walk: &mut Walk<'a>) {
    let schemas = KUBERNETES.schemas();
    let minor = walk.minor;
    let versions = schemas.links.get("ObjectMeta").map(Vec::as_slice).unwrap_or_default();
    let served = versions.iter().find(|served| served.has(minor));
    if let (Some(served), Some(metadata)) = (served, content.get("metadata")) {
        walk.key("metadata", |walk| schema::check(schemas, served.schema, metadata, walk));
    }
}

fn out_of_scope(identity: &Identity, walk: &Walk<'_>) -> Fault {
    walk.fault(code::OBJECT_SCOPE, format!("a {} belongs to no namespace", identity.kind))
        .label("not on this kind")
        .reason("objects of the whole cluster have none; the API server refuses it")
        .help("take `namespace` away")
}

fn not_served(identity: &Identity, versions: &[Served], walk: &Walk<'_>) -> Fault {
    let (since, until) =
        versions.iter().fold((u8::MAX, 0), |(since, until), served| (since.min(served.since), until.max(served.until)));
    let when = if u32::from(since) > walk.minor { format!("from 1.{since} on") } else { format!("up to 1.{until}") };
    walk.fault(
        code::KIND_NOT_SERVED,
        format!("Kubernetes 1.{} does not serve `{}` {}", walk.minor, identity.api_version, identity.kind),
    )
    .label(format!("served {when}"))
    .reason("the API server refuses an object of a version that it does not serve")
    .help("write the version that the target's Kubernetes serves")
}

fn no_such_kind(identity: &Identity, walk: &Walk<'_>) -> Fault {
    let roots = || KUBERNETES.schemas().roots.keys();
    let beside = || roots().filter(|root| root.api_version == identity.api_version).map(|root| root.kind.as_str());
    let served = |root: &&Root| KUBERNETES.schemas().find(&root.api_version, &root.kind, walk.minor).is_some();
    let elsewhere = roots().rev().filter(served).find(|root| root.kind == identity.kind);
    let message = format!("Kubernetes 1.{} has no kind `{}` in `{}`", walk.minor, identity.kind, identity.api_version);
    let fault = walk
        .fault(code::KIND_NOT_SERVED, message)
        .label("no such kind")
        .reason("the group is of Kubernetes itself, and nothing else adds kinds to it");
    match (elsewhere, nearest(&identity.kind, beside())) {
        (Some(root), _) => fault.help(format!("it is of `apiVersion: {}`", root.api_version)),
        (None, Some(near)) => fault.help(format!("did you mean `{near}`?")).suggest(Some(near)),
        (None, None) => fault,
    }
}

/// One warning for each kind that nothing is known of.
fn unknown_kinds<'a>(unknown: impl Iterator<Item = &'a Object>) -> Vec<Diagnostic> {
    let mut kinds: BTreeMap<(&str, &str), Vec<&Object>> = BTreeMap::new();
    for object in unknown {
        kinds.entry((&object.identity.api_version, &object.identity.kind)).or_default().push(object);
    }
    kinds
        .into_iter()
        .map(|((api_version, kind), objects)| {
            let finding = Diagnostic::warning(
                code::KIND_UNKNOWN,
                format!("no schema of `{api_version}` {kind} is known: {} not checked", unchecked(&objects)),
            )
            .reason("its fields could have any name and value, and only the cluster would tell")
            .help("add the CustomResourceDefinition of the kind to `schemas` of the environment");
            let written = objects[0].written.as_ref().and_then(|document| document.get("kind"));
            written.map(|kind| kind.span).into_iter().fold(finding, |finding, span| finding.label(span, "unknown kind"))
        })
        .collect()
}

/// The names of a few objects, and how many there are beside them.
fn unchecked(objects: &[&Object]) -> String {
    const SHOWN: usize = 5;
    let names = listed(objects.iter().take(SHOWN).map(|object| object.identity.name.as_str()));
    match objects.len() {
        1 => format!("{names} is"),
        many if many > SHOWN => format!("{names} and {} more are", many - SHOWN),
        _ => format!("{names} are"),
    }
}

/// True where a kind may hold values that are secret.
fn is_secret(identity: &Identity) -> bool {
    identity.group().is_empty() && identity.kind == "Secret"
}

#[cfg(test)]
mod tests;
