//! SealedSecrets: each value is encrypted for the controller of one cluster, and bound to a namespace and
//! a name unless an annotation says otherwise.
//!
//! Source: `EncryptionLabel` and `Unseal` of sealed-secrets, which take the annotation, the namespace and
//! the name from the metadata of the SealedSecret.

use super::{Holder, Site, head, key_span, of_metadata};
use crate::diagnostic::{Diagnostic, code};
use crate::document::{Node, Value};
use crate::kube::{Content, Object, Phase};
use crate::manifest;
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

const KIND: (&str, &str) = ("bitnami.com/v1alpha1", "SealedSecret");
const CLUSTER_WIDE: &str = "sealedsecrets.bitnami.com/cluster-wide";
const NAMESPACE_WIDE: &str = "sealedsecrets.bitnami.com/namespace-wide";

/// What the values are bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// The namespace and the name.
    Strict,
    /// The namespace.
    Namespace,
    /// Nothing.
    Cluster,
}

pub(super) fn object(site: &mut Site<'_>, document: &Arc<Node>) -> Option<Object> {
    if !site.require_kind(document, KIND, format!("seal a Secret: `{}`; or write `from: sops`", seal(site))) {
        return None;
    }
    check_bounds(site, document);
    let spec = document.get("spec");
    let Some(data) = spec.and_then(|spec| spec.get("encryptedData")).filter(|data| data.as_map().is_some()) else {
        site.push_named(lacks_data(site, document), "file", "named here");
        return None;
    };
    refuse_plain(site, data);
    site.compare_keys(&Holder {
        what: KIND.1,
        keys: keys(data, spec),
        place: key_span(spec, "encryptedData", document),
        add: format!("seal it too: `{}`", seal(site)),
    });
    let written = template(document).and_then(|template| template.get("type"));
    if written.is_some() {
        site.compare_type(written, document, "in `spec.template`; the values need not be sealed again");
    }
    let mut notes = Vec::new();
    manifest::warn_ambiguous(document, &mut notes);
    site.found.extend(notes);
    emitted(site, document)
}

/// How such a file is made.
fn seal(site: &Site<'_>) -> String {
    format!("kubeseal --name {} --namespace {} --format yaml", site.name(), site.namespace())
}

fn template(document: &Node) -> Option<&Node> {
    document.get("spec")?.get("template")
}

fn scope(document: &Node) -> Scope {
    let annotations = of_metadata(document, "annotations");
    let is_set = |name: &str| annotations.and_then(|all| all.get(name)).and_then(Node::as_text) == Some("true");
    match (is_set(CLUSTER_WIDE), is_set(NAMESPACE_WIDE)) {
        (true, _) => Scope::Cluster,
        (false, true) => Scope::Namespace,
        (false, false) => Scope::Strict,
    }
}

/// The controller opens a value only under the namespace and the name that it was sealed for.
fn check_bounds(site: &mut Site<'_>, document: &Node) {
    let scope = scope(document);
    let place = |field: &str| of_metadata(document, field).map_or_else(|| head(document), |node| node.span);
    let text = |field: &str| of_metadata(document, field).and_then(Node::as_text);
    let (name, namespace) = (site.name().to_owned(), site.namespace().to_owned());
    if scope == Scope::Strict && text("name") != Some(&name) {
        let message = match text("name") {
            Some(other) => format!("`{other}` is sealed under that name, and the secret is `{name}`"),
            None => format!("the SealedSecret of `{name}` has no name"),
        };
        let finding = bound(message, place("name"), "the name it is sealed for", "its namespace and its name", site);
        site.push_named(finding, "file", "named here");
    }
    if scope != Scope::Cluster && text("namespace").is_some_and(|other| other != namespace) {
        let message = format!(
            "`{name}` is sealed for the namespace `{}`, and this environment goes to `{namespace}`",
            text("namespace").unwrap_or_default()
        );
        let to = if scope == Scope::Strict { "its namespace and its name" } else { "its namespace" };
        let finding = bound(message, place("namespace"), "the namespace it is sealed for", to, site);
        site.push_named(finding, "file", "named here");
    }
}

fn bound(message: String, span: crate::source::Span, label: &str, to: &str, site: &Site<'_>) -> Diagnostic {
    Diagnostic::error(code::SECRET_BOUND, message)
        .label(span, label)
        .reason(format!(
            "each value is sealed together with {to}: anywhere else the controller reports `no key could decrypt \
             secret` and makes no Secret; editing the metadata does not change what was sealed"
        ))
        .help(format!(
            "seal it again for here: `{}`; each environment names its own `file` under `secrets.{}`",
            seal(site),
            site.name()
        ))
}

fn lacks_data(site: &Site<'_>, document: &Node) -> Diagnostic {
    let old = document.get("spec").and_then(|spec| spec.as_map()?.get("data"));
    let finding = Diagnostic::error(code::SECRET_FILE, format!("`{}` has no `spec.encryptedData`", site.file));
    match old {
        Some(entry) => finding
            .label(entry.key, "the old form, all values in one")
            .reason("the controller no longer opens `spec.data`, and it does not show its keys"),
        None => finding.label(key_span(Some(document), "spec", document), "no sealed values"),
    }
    .help(format!("seal it again: `{}`", seal(site)))
}

/// The keys of the Secret: those that are sealed, and those that the template adds or takes away.
fn keys(data: &Node, spec: Option<&Node>) -> Vec<(String, crate::source::Span)> {
    let mut keys: Vec<_> = entries(data).map(|(key, entry)| (key.to_string(), entry.key)).collect();
    let added = spec.and_then(|spec| spec.get("template")?.get("data"));
    for (key, entry) in added.into_iter().flat_map(entries) {
        keys.retain(|(known, _)| known != key.as_str());
        if !entry.node.is_null() {
            keys.push((key.to_string(), entry.key));
        }
    }
    keys
}

fn entries(node: &Node) -> impl Iterator<Item = (&crate::document::Name, &crate::document::Entry)> {
    node.as_map().into_iter().flatten()
}

fn refuse_plain(site: &mut Site<'_>, data: &Node) {
    for (key, entry) in entries(data) {
        let sealed = matches!(&entry.node.value, Value::Scalar(scalar) if is_sealed(&scalar.text));
        if !sealed {
            let message = format!("the value of `{key}` in `{}` is not sealed", site.file);
            let finding = Diagnostic::error(code::SECRET_PLAIN, message)
                .label(entry.node.span, "no sealed value")
                .reason("a sealed value is base64 of a key of RSA and what it encrypts; who can read the repository can read any other")
                .help(format!("seal it: `{}`; if it was a real value, change it", seal(site)));
            site.push(finding);
        }
    }
}

/// True for what `kubeseal` writes: base64 of two bytes with a length, a session key of that length, and
/// at least the tag of what it encrypts.
fn is_sealed(text: &str) -> bool {
    /// The tag of AES-GCM.
    const TAG: usize = 16;
    /// A session key under RSA of 1024 bits, which no certificate is below.
    const SHORTEST: usize = 128;
    let text: String = text.split_whitespace().collect();
    let value = |c: char| "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".find(c);
    let digits = text.trim_end_matches('=');
    if !text.len().is_multiple_of(4)
        || text.len() - digits.len() > 2
        || digits.len() < 3
        || !digits.chars().all(|c| value(c).is_some())
    {
        return false;
    }
    let start = digits.chars().take(3).filter_map(value).fold(0, |bits, digit| bits << 6 | digit);
    let length = start >> 2;
    length >= SHORTEST && digits.len() * 3 / 4 >= 2 + length + TAG
}

/// The object with the namespace, the labels and the name that it has here.
fn emitted(site: &Site<'_>, document: &Arc<Node>) -> Option<Object> {
    let Json::Object(mut value) = document.to_json() else { return None };
    let metadata = value.entry("metadata").or_insert_with(|| json!({}));
    place(metadata, site);
    // `kubeseal` writes what was there before it was sealed: `null` where it was nothing.
    drop_nulls(metadata);
    manifest::adopt(&mut value, site.model, false);
    if let Some(Json::Object(spec)) = value.get_mut("spec") {
        complete_template(spec, site);
    }
    let content = Content::of(&value).ok()?;
    Some(Object::written(document.clone(), content, Phase::Configuration))
}

fn place(metadata: &mut Json, site: &Site<'_>) {
    if let Json::Object(metadata) = metadata {
        metadata.insert("name".into(), site.name().into());
        metadata.insert("namespace".into(), site.namespace().into());
    }
}

fn drop_nulls(metadata: &mut Json) {
    if let Json::Object(metadata) = metadata {
        metadata.retain(|_, value| !value.is_null());
    }
}

/// The template of the Secret: the type that its keys make, and no other name than it gets.
fn complete_template(spec: &mut Map<String, Json>, site: &Site<'_>) {
    if let Some(metadata) = spec.get_mut("template").and_then(|template| template.get_mut("metadata")) {
        drop_nulls(metadata);
        for (field, text) in [("name", site.name()), ("namespace", site.namespace())] {
            if let Some(written) = metadata.get_mut(field) {
                *written = text.into();
            }
        }
    }
    if site.secret.kind != "Opaque"
        && let Json::Object(template) = spec.entry("template").or_insert_with(|| json!({}))
    {
        template.entry("type").or_insert_with(|| site.secret.kind.as_str().into());
    }
}

#[cfg(test)]
mod tests {
    use super::is_sealed;
    use proptest::prelude::*;

    /// 2 bytes of length 512, 512 bytes of key, and the rest.
    fn sealed(rest: usize) -> String {
        let digits = (2 + 512 + rest).div_ceil(3) * 4;
        format!("AgA{}", "x".repeat(digits - 3))
    }

    #[test]
    fn what_kubeseal_writes_is_sealed() {
        assert!(is_sealed(&sealed(16)));
        assert!(is_sealed(&sealed(300)));
        assert!(!is_sealed(&sealed(16)[..600]));
        for plain in ["", "hunter2", "aHVudGVyMg==", "AgA=", "null", "Ag\u{e4}x"] {
            assert!(!is_sealed(plain), "{plain}");
        }
    }

    proptest! {
        #[test]
        fn no_short_text_is_sealed(text in "\\PC{0,180}") {
            prop_assert!(!is_sealed(&text));
        }
    }
}
