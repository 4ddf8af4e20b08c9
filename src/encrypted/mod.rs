//! Secrets that lie encrypted in the repository: SealedSecrets, and Secrets of SOPS.
//!
//! Promises: what is emitted can be opened in this namespace under this name, and gives the keys that the
//! system declares; nothing that encryption covers is changed; no value in plain text comes through.

mod sealed;
mod sops;

use crate::diagnostic::{Diagnostic, Severity, code};
use crate::document::{Findings, Node, Path, at};
use crate::kube::Object;
use crate::load::Manifests;
use crate::model::{Model, Secret, SecretOrigin};
use crate::source::Span;
use std::sync::Arc;

pub(crate) use sops::{as_it_is, is_encrypted, plain_values};

/// Adds the encrypted secrets of the model, before all others that configure.
pub fn add(objects: &mut Vec<Object>, model: &Model, manifests: &Manifests, findings: &mut Findings<'_>) {
    let mut added = Vec::new();
    for secret in model.secrets.values() {
        let (file, emit): (&str, Emit) = match &secret.origin {
            SecretOrigin::Sealed(file) => (file, sealed::object),
            SecretOrigin::Sops(file) => (file, sops::object),
            SecretOrigin::Store { .. } | SecretOrigin::Existing => continue,
        };
        let documents = manifests.get(file).map(Vec::as_slice).unwrap_or_default();
        let mut site = Site { secret, file, model, root: findings.root(), found: Vec::new() };
        added.extend(site.only(documents).and_then(|document| emit(&mut site, document)));
        findings.found.extend(site.found);
    }
    if !added.is_empty() {
        objects.splice(0..0, added);
        objects.sort_by_key(|object| object.phase);
    }
}

/// Makes the object of a document, or says why it cannot.
type Emit = fn(&mut Site<'_>, &Arc<Node>) -> Option<Object>;

/// A secret, what it must be here, and what was found about it.
struct Site<'a> {
    secret: &'a Secret,
    /// From the root of the repository.
    file: &'a str,
    model: &'a Model,
    root: &'a Node,
    found: Vec<Diagnostic>,
}

impl Site<'_> {
    /// The one document of the file.
    fn only<'d>(&mut self, documents: &'d [Arc<Node>]) -> Option<&'d Arc<Node>> {
        match documents {
            [one] => Some(one),
            // What could not be read has been reported.
            [] => None,
            [_, second, ..] => {
                let finding = Diagnostic::error(code::SECRET_FILE, format!("`{}` holds several objects", self.file))
                    .label(head(second), "the second one")
                    .reason("a secret is one object, and the others would be lost")
                    .help("give each secret a file of its own; other objects belong under `manifests`");
                self.push_named(finding, "file", "should hold the one secret");
                None
            }
        }
    }

    fn name(&self) -> &str {
        &self.secret.name
    }

    fn namespace(&self) -> &str {
        &self.model.namespace.name
    }

    /// A finding that has its places in the file.
    fn push(&mut self, finding: Diagnostic) {
        self.found.push(finding);
    }

    /// A finding in the file that the system's own declaration takes part in.
    fn push_named(&mut self, finding: Diagnostic, field: &str, label: &str) {
        let place = self.path(field);
        let finding = match span_of(&place, self.root) {
            Some(span) => finding.label(span, label),
            None => finding,
        };
        self.found.push(finding.path(place.to_string()));
    }

    fn path(&self, field: &str) -> Path {
        at!["secrets", self.secret.name, field]
    }

    /// The keys that are there against those that are declared: both must be the same.
    fn compare_keys(&mut self, holder: &Holder<'_>) {
        let declared = self.path("keys");
        for (index, key) in self.secret.keys.iter().enumerate() {
            if !holder.keys.iter().any(|(known, _)| known == key) {
                let message = format!("the {} `{}` has no key `{key}`", holder.what, self.secret.name);
                let mut finding = Diagnostic::error(code::SECRET_KEYS, message);
                if let Some(span) = span_of(&declared.join(&index), self.root) {
                    finding = finding.label(span, "declared here");
                }
                let finding = finding
                    .label(holder.place, "not among these")
                    .reason("a container that reads a key that its Secret does not have does not start")
                    .help(format!("{}, or take it from `keys`", holder.add));
                self.push(finding.path(declared.join(&index).to_string()));
            }
        }
        for (key, span) in &holder.keys {
            if !self.secret.keys.iter().any(|known| known == key) {
                let message =
                    format!("the {} `{}` has the key `{key}`, which is not declared", holder.what, self.name());
                let finding = Diagnostic::error(code::SECRET_KEYS, message)
                    .label(*span, "not declared")
                    .reason("`keys` are all keys of the secret: who reads the system must see what is in it")
                    .help(format!("add `{key}` to `keys`, or take it out of `{}`", self.file));
                self.push_named(finding, "keys", "the declared keys");
            }
        }
    }

    /// The type that is written against the one that the keys make.
    fn compare_type(&mut self, written: Option<&Node>, document: &Node, how: &str) {
        let wanted = self.secret.kind.as_str();
        let is = written.and_then(Node::as_text).unwrap_or("Opaque");
        if wanted == is || wanted == "Opaque" {
            return;
        }
        // The kubelet and routes look at the type; who reads a login mostly does not.
        let severity = if wanted == "kubernetes.io/basic-auth" { Severity::Warning } else { Severity::Error };
        let message = format!("the secret `{}` is of type `{is}`, and its keys make it `{wanted}`", self.secret.name);
        let finding = Diagnostic::new(severity, code::SECRET_TYPE, message)
            .label(
                written.map_or_else(|| head(document), |written| written.span),
                if written.is_some() { "the type" } else { "no `type` is written" },
            )
            .reason("pull secrets, certificates and logins are known by their type")
            .help(format!("write `type: {wanted}` {how}"));
        self.push_named(finding, "keys", "these keys");
    }

    /// The document is the object of this kind, or a finding says what it is.
    fn require_kind(&mut self, document: &Node, wanted: (&str, &str), help: String) -> bool {
        let text = |field: &str| document.get(field).and_then(Node::as_text).unwrap_or_default();
        let (api_version, kind) = wanted;
        if text("kind") == kind && text("apiVersion") == api_version {
            return true;
        }
        let span = document.get("kind").map_or_else(|| head(document), |kind| kind.span);
        let is = match text("kind") {
            "" => "no object".to_owned(),
            other => format!("`{}` of `{}`", other, text("apiVersion")),
        };
        let message = format!("`{}` holds {is}, no `{kind}` of `{api_version}`", self.file);
        let finding = Diagnostic::error(code::SECRET_FILE, message).label(span, "not the secret").help(help);
        self.push_named(finding, "file", "named here");
        false
    }
}

/// Where the keys of an encrypted secret stand.
struct Holder<'a> {
    /// For a sentence: "SealedSecret".
    what: &'a str,
    keys: Vec<(String, Span)>,
    place: Span,
    /// How a key is added.
    add: String,
}

/// A text in the metadata of a document.
fn of_metadata<'a>(document: &'a Node, field: &str) -> Option<&'a Node> {
    document.get("metadata")?.get(field).filter(|node| !node.is_null())
}

/// Where something about a whole document is said: at its first key.
fn head(document: &Node) -> Span {
    document.as_map().and_then(|map| map.values().next()).map_or(document.span, |entry| entry.key)
}

/// The key of an entry, else where the document begins.
fn key_span(node: Option<&Node>, key: &str, document: &Node) -> Span {
    node.and_then(|node| node.as_map()?.get(key)).map_or_else(|| head(document), |entry| entry.key)
}

fn span_of(path: &Path, root: &Node) -> Option<Span> {
    let place = path.locate(root);
    place
        .exact
        .then(|| if place.node.as_map().is_some() { place.key.unwrap_or(place.node.span) } else { place.node.span })
}
