//! Objects from text: a rendered tree, a file of anybody's, or what a cluster returned.
//!
//! Promises: YAML of several documents, JSON, and lists of either are read; what is no object is a finding
//! at its place; what lists or locks the objects of a tree is no object of it.

use crate::diagnostic::{Diagnostic, Diagnostics, code};
use crate::kube::{Content, Object};
use crate::manifest::phase;
use crate::source::{Sources, Span};
use crate::yaml;

/// Folders of a rendered tree that are of no component.
const SHARED: &[&str] = &["crds", "namespace", "shared", "delivery"];

/// The objects of a file, in their order. The folder of a rendered tree names the component.
pub fn objects(path: &str, bytes: &[u8], sources: &mut Sources, found: &mut Diagnostics) -> Vec<Object> {
    let documents = documents(path, bytes, sources, found);
    let component = path.split_once('/').map(|(folder, _)| folder).filter(|folder| !SHARED.contains(folder));
    let mut objects = Vec::new();
    for (content, span) in documents {
        add(content, span, component, &mut objects, found);
    }
    objects
}

/// The documents of a file, with their places.
fn documents(path: &str, bytes: &[u8], sources: &mut Sources, found: &mut Diagnostics) -> Vec<(Content, Span)> {
    let text = match yaml::decode_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let file = sources.add(path, String::from_utf8_lossy(bytes));
            found.push(error.finding(file));
            return Vec::new();
        }
    };
    let file = sources.add(path, text.clone());
    let start = Span::new(file, 0, 0);
    // What a cluster returns is large: JSON has no need of the limits that hold for YAML.
    if text.trim_start().starts_with('{') {
        let stream = serde_json::Deserializer::from_str(&text).into_iter::<serde_json::Value>();
        let values: Result<Vec<_>, _> = stream.collect();
        return match values {
            Ok(values) => values.iter().filter_map(|value| Some((content(value, start, found)?, start))).collect(),
            Err(error) => {
                found.push(unreadable(start, &error.to_string()));
                Vec::new()
            }
        };
    }
    let Some((nodes, _)) = yaml::parse_all(file, &text, found) else { return Vec::new() };
    nodes.iter().filter_map(|node| Some((content(&node.to_json(), node.span, found)?, node.span))).collect()
}

fn content(value: &serde_json::Value, span: Span, found: &mut Diagnostics) -> Option<Content> {
    Content::of(value).map_err(|error| found.push(unreadable(span, &error.to_string()))).ok()
}

fn unreadable(span: Span, why: &str) -> Diagnostic {
    Diagnostic::error(code::OBJECTS_UNREADABLE, format!("the objects cannot be read: {why}"))
        .label(span, "here")
        .help("give a file or folder of Kubernetes YAML, or what `kubectl get -o yaml` or `-o json` prints")
}

/// Adds an object, or those of a list.
fn add(content: Content, span: Span, component: Option<&str>, objects: &mut Vec<Object>, found: &mut Diagnostics) {
    let kind = content.get("kind").and_then(Content::as_str).unwrap_or_default().to_owned();
    let version = content.get("apiVersion").and_then(Content::as_str).unwrap_or_default().to_owned();
    if version.starts_with("kustomize.config.k8s.io/") {
        return;
    }
    if let (true, Some(Content::List(items))) = (kind.ends_with("List"), content.get("items")) {
        items.iter().for_each(|item| add(item.clone(), span, component, objects, found));
        return;
    }
    if kind.is_empty() || version.is_empty() {
        found.push(unreadable(span, "a document has no `apiVersion` or no `kind`"));
        return;
    }
    objects.push(Object::read(content, component, phase(&kind)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str, text: &str) -> (Vec<String>, usize) {
        let mut found = Diagnostics::new();
        let objects = objects(path, text.as_bytes(), &mut Sources::new(), &mut found);
        (objects.iter().map(|object| object.identity.to_string()).collect(), found.into_iter().count())
    }

    #[test]
    fn streams_lists_and_json_are_read() {
        let one = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n";
        assert_eq!(read("api/a.yaml", &format!("{one}---\n{one}")).0.len(), 2);
        let list = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Service\n  metadata: {name: a}\n";
        assert_eq!(read("-", list), (vec!["v1/Service a".to_owned()], 0));
        assert_eq!(read("-", r#"{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}}"#).0.len(), 1);
        let index = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";
        assert_eq!(read("kustomization.yaml", index), (Vec::new(), 0));
    }

    #[test]
    fn what_is_no_object_is_a_finding() {
        assert_eq!(read("-", "just text\n").1, 1);
        assert_eq!(read("-", "{\"a\": \n").1, 1);
    }
}
