//! Secrets of SOPS: the values are encrypted, each for its place in the document, and a code over the
//! whole document (its MAC) tells when anything in it was changed.
//!
//! Promises: the object has the keys, the values and the order of its file, and nothing else. So it must
//! say itself what any other object is given: its name and its namespace.

use super::{Holder, Site, head, key_span, of_metadata};
use crate::diagnostic::{Diagnostic, code};
use crate::document::{Entry, Name, Node, Value};
use crate::kube::{Content, Object, Phase};
use std::sync::Arc;

const KIND: (&str, &str) = ("v1", "Secret");
const HOLDERS: [&str; 2] = ["data", "stringData"];
/// How values, and nothing else, are encrypted.
const ENCRYPT: &str = "sops encrypt --encrypted-regex '^(data|stringData)$' --in-place";

pub(super) fn object(site: &mut Site<'_>, document: &Arc<Node>) -> Option<Object> {
    if is_ciphertext(document.get("kind")) {
        site.push_named(encrypted_whole(site.file, document), "file", "named here");
        return None;
    }
    let help = format!("encrypt a Secret: `{ENCRYPT} {}`; or write `from: sealed`", site.file);
    if !site.require_kind(document, KIND, help) {
        return None;
    }
    if !is_encrypted(document) {
        site.push(not_encrypted(site.file, document));
        return None;
    }
    check_place(site, document);
    site.push_all(plain_values(document));
    site.compare_keys(&Holder {
        what: "Secret",
        keys: keys(document),
        place: HOLDERS
            .iter()
            .find_map(|holder| Some(document.as_map()?.get(*holder)?.key))
            .unwrap_or_else(|| head(document)),
        add: format!("add it: `sops edit {}`", site.file),
    });
    site.compare_type(document.get("type"), document, &format!("with `sops edit {}`", site.file));
    Some(as_it_is(document))
}

impl Site<'_> {
    fn push_all(&mut self, findings: Vec<Diagnostic>) {
        self.found.extend(findings);
    }
}

/// True for a document that SOPS wrote.
pub(crate) fn is_encrypted(document: &Node) -> bool {
    document.get("sops").is_some_and(|sops| sops.as_map().is_some())
}

/// The object, each key and value as it is written and where it is written.
pub(crate) fn as_it_is(document: &Arc<Node>) -> Object {
    Object::written(document.clone(), content(document), Phase::Configuration)
}

fn content(node: &Node) -> Content {
    match &node.value {
        Value::Map(map) => Content::Map(map.iter().map(|(key, entry)| (key.clone(), content(&entry.node))).collect()),
        Value::List(items) => Content::List(items.iter().map(content).collect()),
        Value::Null => Content::Null,
        // A number over 64 bits stays the text that it is.
        Value::Scalar(scalar) => Content::of(&node.to_json()).unwrap_or_else(|_| Content::Text(scalar.text.clone())),
    }
}

/// Values of `data` and `stringData` that are not encrypted.
pub(crate) fn plain_values(document: &Node) -> Vec<Diagnostic> {
    let plain = |(key, entry): (&Name, &Entry)| {
        // SOPS leaves what is empty as it is.
        let is_safe = is_ciphertext(Some(&entry.node)) || entry.node.as_text().is_none_or(str::is_empty);
        let finding = Diagnostic::error(code::SECRET_PLAIN, format!("the value of `{key}` is not encrypted"))
            .label(entry.node.span, "plain text")
            .reason("who can read the repository can read it, and history keeps it; base64 hides nothing")
            .help(format!("encrypt the values: `{ENCRYPT} FILE`; if it was real, change it"));
        (!is_safe).then_some(finding)
    };
    entries(document).filter_map(plain).collect()
}

fn entries(document: &Node) -> impl Iterator<Item = (&Name, &Entry)> {
    HOLDERS.iter().filter_map(|holder| document.get(holder)?.as_map()).flatten()
}

fn keys(document: &Node) -> Vec<(String, crate::source::Span)> {
    entries(document).map(|(key, entry)| (key.to_string(), entry.key)).collect()
}

/// True for what SOPS writes in the place of a value: `ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]`.
fn is_ciphertext(node: Option<&Node>) -> bool {
    let text = node.and_then(Node::as_text).unwrap_or_default();
    let inner = text.strip_prefix("ENC[AES256_GCM,").and_then(|text| text.strip_suffix(']'));
    let names = ["data:", "iv:", "tag:", "type:"];
    inner.is_some_and(|inner| {
        let mut parts = inner.split(',');
        names.iter().all(|name| parts.next().is_some_and(|part| part.starts_with(name) && part.len() > name.len()))
            && parts.next().is_none()
    })
}

fn encrypted_whole(file: &str, document: &Node) -> Diagnostic {
    Diagnostic::error(code::SECRET_FILE, format!("all of `{file}` is encrypted, what object it is included"))
        .label(document.get("kind").map_or_else(|| head(document), |kind| kind.span), "encrypted")
        .reason(
            "Kubernetes, Flux and Kustomize must see the kind, the name and the namespace before anything is opened",
        )
        .help(format!("encrypt only the values: `sops decrypt --in-place {file}`, then `{ENCRYPT} {file}`"))
}

fn not_encrypted(file: &str, document: &Node) -> Diagnostic {
    let holder = HOLDERS.iter().find_map(|holder| Some(document.as_map()?.get(*holder)?.key));
    Diagnostic::error(code::SECRET_FILE, format!("the Secret in `{file}` is not encrypted"))
        .label(holder.unwrap_or_else(|| head(document)), "no `sops` beside it")
        .reason("who can read the repository can read it, and history keeps it; base64 hides nothing")
        .help(format!("encrypt it: `{ENCRYPT} {file}`; if the values were real, change them"))
}

/// The name and the namespace are in the document, since nothing can be added to it.
fn check_place(site: &mut Site<'_>, document: &Node) {
    let (name, namespace) = (site.name().to_owned(), site.namespace().to_owned());
    for (field, wanted) in [("name", name), ("namespace", namespace)] {
        let written = of_metadata(document, field);
        if written.and_then(Node::as_text) == Some(&wanted) {
            continue;
        }
        let message = match written.and_then(Node::as_text) {
            Some(other) => format!("the {field} of the Secret in `{}` is `{other}`, and must be `{wanted}`", site.file),
            None => format!("the Secret in `{}` has no {field}, and must have `{wanted}`", site.file),
        };
        let place = written.map_or_else(|| key_span(Some(document), "metadata", document), |node| node.span);
        let finding = Diagnostic::error(code::SECRET_BOUND, message)
            .label(place, format!("should be `{wanted}`"))
            .reason(
                "SOPS signs the whole document: a name, namespace or label that is changed after it was encrypted \
                 breaks its MAC, and nothing opens it any more",
            )
            .help(format!(
                "write it with `sops edit {}`, which signs the document again; each environment names its own `file`",
                site.file
            ));
        site.push_named(finding, "file", "named here");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnostics;
    use crate::source::Sources;

    fn document(text: &str) -> Arc<Node> {
        let mut sources = Sources::new();
        let file = sources.add("s.yaml", text);
        Arc::new(crate::yaml::parse(file, text, &mut Diagnostics::new()).expect("valid YAML").root)
    }

    #[test]
    fn nothing_moves() {
        let text = "kind: Secret\napiVersion: v1\nmetadata:\n  namespace: shop\n  name: s\ndata:\n  z: ENC[AES256_GCM,data:a=,iv:b=,tag:c=,type:str]\n  a: \"\"\ntype: Opaque\nsops:\n  shamir_threshold: 1\n  version: \"3.9.4\"\n";
        let printed = crate::yaml::to_yaml(&as_it_is(&document(text)).content).unwrap();
        assert_eq!(printed, text);
    }

    #[test]
    fn ciphertext_is_known_by_all_its_parts() {
        let is = |text: &str| {
            is_ciphertext(Some(&Node::scalar(crate::source::Span::new(document("a: 1").span.file, 0, 0), text)))
        };
        assert!(is("ENC[AES256_GCM,data:Zm9v,iv:YmFy,tag:YmF6,type:str]"));
        for plain in
            ["ENC[secret]", "ENC[AES256_GCM,data:,iv:a,tag:b,type:str]", "hunter2", "ENC[AES256_GCM,data:a,iv:b,tag:c]"]
        {
            assert!(!is(plain), "{plain}");
        }
    }

    #[test]
    fn a_value_in_plain_text_is_found_wherever_it_stands() {
        let found = plain_values(&document("data: {a: aHVudGVyMg==}\nstringData: {b: hunter2, c: \"\"}\n"));
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|finding| finding.code == code::SECRET_PLAIN));
    }
}
