//! Hand-written objects: each gets the namespace, the labels and the place in the order of all others.
//!
//! Promises: what is in a document stays as it is written, but for the namespace it does not give and
//! the labels that it does not set; no secret value comes through; an object that is emitted already,
//! or written twice, is a finding.

use crate::diagnostic::{Diagnostic, code, nearest};
use crate::document::normalise::ambiguous;
use crate::document::{Findings, Node, Value, at};
use crate::encrypted;
use crate::kube::{Content, Object, Phase};
use crate::load::Manifests;
use crate::model::Model;
use crate::source::Span;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Adds the objects that the model's manifests name, and keeps the order of delivery.
pub fn add(objects: &mut Vec<Object>, model: &Model, manifests: &Manifests, findings: &mut Findings<'_>) {
    let mut added = Vec::new();
    let of_cluster = kinds_of_cluster(model, manifests);
    for (index, pattern) in model.manifests.iter().enumerate() {
        let documents = manifests.get(pattern).map(Vec::as_slice).unwrap_or_default();
        if documents.is_empty() {
            findings.push(names_nothing(pattern, index));
        }
        for document in documents.iter().flat_map(items) {
            match object(&document, model, &of_cluster) {
                Ok((object, notes)) => {
                    findings.found.extend(notes);
                    added.push(object);
                }
                Err(finding) => findings.found.push(*finding),
            }
        }
    }
    if added.is_empty() {
        return;
    }
    refuse_twice(objects, &added, findings);
    objects.extend(added);
    objects.sort_by_key(|object| object.phase);
}

/// The items of a `List`; otherwise the document itself.
fn items(document: &Arc<Node>) -> Vec<Arc<Node>> {
    let kind = document.get("kind").and_then(Node::as_text);
    match document.get("items").map(|items| &items.value) {
        Some(Value::List(items)) if kind.is_some_and(|kind| kind.ends_with("List")) => {
            items.iter().cloned().map(Arc::new).collect()
        }
        _ => vec![document.clone()],
    }
}

/// The kinds without a namespace that hand-written definitions bring.
fn kinds_of_cluster(model: &Model, manifests: &Manifests) -> Vec<String> {
    let documents = model.manifests.iter().filter_map(|pattern| manifests.get(pattern)).flatten().flat_map(items);
    let kind = |document: Arc<Node>| {
        let spec = document.get("spec")?;
        let is_of_cluster = spec.get("scope").and_then(Node::as_text) == Some("Cluster");
        spec.get("names").filter(|_| is_of_cluster)?.get("kind")?.as_text().map(str::to_owned)
    };
    documents.filter_map(kind).collect()
}

fn object(
    document: &Arc<Node>,
    model: &Model,
    of_cluster: &[String],
) -> Result<(Object, Vec<Diagnostic>), Box<Diagnostic>> {
    for field in ["apiVersion", "kind"] {
        require(document, document, field)?;
    }
    let metadata = document.get("metadata").filter(|metadata| metadata.as_map().is_some());
    let metadata = metadata.ok_or_else(|| Box::new(lacks(document, document, "metadata")))?;
    require(metadata, document, "name")?;
    refuse_values(document)?;
    if is_secret(document) && encrypted::is_encrypted(document) {
        return as_encrypted(document, metadata);
    }
    let Json::Object(mut value) = document.to_json() else { return Err(Box::new(lacks(document, document, "kind"))) };
    let kind = document.get("kind").and_then(Node::as_text).unwrap_or_default();
    adopt(&mut value, model, is_of_cluster(kind) || of_cluster.iter().any(|known| known == kind));
    let content = Content::of(&value).map_err(|error| {
        Box::new(Diagnostic::error(code::MANIFEST_SHAPE, error.to_string()).label(document.span, "not an object"))
    })?;
    let mut notes: Vec<_> =
        metadata.get("namespace").and_then(|namespace| elsewhere(namespace, model)).into_iter().collect();
    warn_ambiguous(document, &mut notes);
    Ok((Object::written(document.clone(), content, phase(kind)), notes))
}

/// Plain scalars that the readers of Kubernetes take for something else than is emitted.
pub(crate) fn warn_ambiguous(node: &Node, found: &mut Vec<Diagnostic>) {
    match &node.value {
        Value::Null => {}
        Value::Scalar(scalar) => found.extend(ambiguous(node.span, scalar)),
        Value::List(items) => items.iter().for_each(|item| warn_ambiguous(item, found)),
        Value::Map(entries) => entries.values().for_each(|entry| warn_ambiguous(&entry.node, found)),
    }
}

fn require(node: &Node, document: &Node, field: &str) -> Result<(), Box<Diagnostic>> {
    match node.get(field).and_then(Node::as_text) {
        Some(text) if !text.is_empty() => Ok(()),
        _ => Err(Box::new(lacks(node, document, field))),
    }
}

fn lacks(node: &Node, document: &Node, field: &str) -> Diagnostic {
    let at = node.as_map().and_then(|map| map.values().next()).map_or(node.span, |entry| entry.key);
    let field = match field {
        "name" => "metadata.name",
        "namespace" => "metadata.namespace",
        other => other,
    };
    let finding = Diagnostic::error(code::MANIFEST_SHAPE, format!("this document has no `{field}`"))
        .label(at, format!("`{field}` must be written here"))
        .reason("a Kubernetes object says its `apiVersion`, its `kind` and, in `metadata`, its `name`");
    let generated = document.get("metadata").and_then(|metadata| metadata.get("generateName"));
    match generated {
        Some(generated) if field == "metadata.name" => finding
            .label(generated.span, "another name at each sync")
            .help("write `name` in the place of `generateName`"),
        _ => match misspelt(node, field) {
            Some((key, place)) => finding
                .label(place, "probably meant")
                .help(format!("write `{field}` in the place of `{key}`"))
                .suggest(place, field, false),
            None => finding.help(format!("write `{field}`, or keep the file out of `manifests`")),
        },
    }
}

/// A key that is probably the field, such as `meta` for `metadata`.
fn misspelt<'n>(node: &'n Node, field: &str) -> Option<(&'n str, Span)> {
    let mut keys = node.as_map().into_iter().flatten();
    keys.find(|(key, _)| nearest(key, [field]).is_some()).map(|(key, entry)| (key.as_str(), entry.key))
}

/// No secret value stands in a file: a Secret comes encrypted, or without its values.
fn refuse_values(document: &Node) -> Result<(), Box<Diagnostic>> {
    let values = ["data", "stringData"].into_iter().find_map(|field| document.as_map()?.get(field));
    match values {
        Some(entry) if is_secret(document) && !encrypted::is_encrypted(document) => Err(Box::new(
            Diagnostic::error(code::MANIFEST_SECRET, "a Secret with its values stands in the repository")
                .label(entry.key, "the values")
                .reason("who can read the repository can read it, and history keeps it; base64 hides nothing")
                .help(
                    "declare it under `secrets:`, or encrypt the file (SealedSecret, SOPS); if it was real, change it",
                ),
        )),
        _ => Ok(()),
    }
}

fn is_secret(document: &Node) -> bool {
    document.get("kind").and_then(Node::as_text) == Some("Secret")
}

/// A Secret that SOPS signed as a whole gets nothing, so it says itself where it goes.
fn as_encrypted(document: &Arc<Node>, metadata: &Node) -> Result<(Object, Vec<Diagnostic>), Box<Diagnostic>> {
    require(metadata, document, "namespace").map_err(|finding| {
        let reason = "SOPS signs the whole document, so the namespace cannot be added where it is emitted";
        Box::new(finding.reason(reason).help("write it with `sops edit`, which signs the document again"))
    })?;
    Ok((encrypted::as_it_is(document), encrypted::plain_values(document)))
}

/// Gives the namespace, the labels and the annotations that all objects of the system have.
pub(crate) fn adopt(value: &mut Map<String, Json>, model: &Model, of_cluster: bool) {
    let Some(Json::Object(metadata)) = value.get_mut("metadata") else { return };
    if !of_cluster && !metadata.contains_key("namespace") {
        metadata.insert("namespace".into(), model.namespace.name.clone().into());
    }
    let mut labels: BTreeMap<&str, &str> =
        model.labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    labels.insert(crate::lower::PART_OF, &model.system);
    labels.insert(crate::lower::MANAGED_BY, "windlass");
    let annotations = model.annotations.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    lay_under(metadata, "labels", labels.into_iter());
    lay_under(metadata, "annotations", annotations);
}

fn lay_under<'a>(metadata: &mut Map<String, Json>, field: &str, entries: impl Iterator<Item = (&'a str, &'a str)>) {
    for (key, value) in entries {
        let Json::Object(written) = metadata.entry(field).or_insert_with(|| json!({})) else { return };
        written.entry(key).or_insert_with(|| value.into());
    }
}

fn elsewhere(namespace: &Node, model: &Model) -> Option<Diagnostic> {
    let text = namespace.as_text()?;
    (text != model.namespace.name).then(|| {
        Diagnostic::note(code::MANIFEST_NAMESPACE, format!("this object goes to the namespace `{text}`"))
            .label(namespace.span, "not the environment's")
            .reason(format!("all others of this environment go to `{}`", model.namespace.name))
            .help("take `namespace` away if it should go there too")
    })
}

fn names_nothing(pattern: &str, index: usize) -> crate::document::Finding {
    crate::document::Finding::error(
        code::MANIFEST_NONE,
        at!["manifests", index],
        format!("`{pattern}` names no file with an object"),
    )
    .label("nothing here")
    .reason("an object that is not there would be missed only in the cluster")
    .help("write the path from the file that this stands in; `*` stands for any part of a name")
}

fn refuse_twice(emitted: &[Object], added: &[Object], findings: &mut Findings<'_>) {
    let mut seen: BTreeMap<String, &Object> = BTreeMap::new();
    for object in emitted.iter().chain(added) {
        let identity = object.identity.to_string();
        if let (Some(first), Some(document)) = (seen.get(&identity), &object.written) {
            findings.found.push(twice(object, document, first));
        }
        seen.entry(identity).or_insert(object);
    }
}

fn twice(object: &Object, document: &Node, first: &Object) -> Diagnostic {
    let name = |document: &Node| {
        document.get("metadata").and_then(|meta| meta.get("name")).map_or(document.span, |name| name.span)
    };
    let what = format!("{} `{}`", object.identity.kind, object.identity.name);
    let finding = Diagnostic::error(code::MANIFEST_TWICE, format!("the {what} is there already"))
        .label(name(document), "the second one")
        .reason("two objects of one kind and name overwrite each other at every sync");
    match (&first.written, &first.component) {
        (Some(first), _) => finding.label(name(first), "the first one").help("keep one of the two"),
        (None, Some(component)) => finding.help(format!("`{component}` emits it; change it there, or by `patches`")),
        (None, None) => finding.help("the system emits it; change it there, or by `patches`"),
    }
}

/// When a hand-written object is delivered: with the emitted ones of its sort.
pub(crate) fn phase(kind: &str) -> Phase {
    match kind {
        "CustomResourceDefinition" => Phase::Definitions,
        "Namespace" => Phase::Namespace,
        "PersistentVolumeClaim" | "PersistentVolume" | "StorageClass" => Phase::Volumes,
        "StatefulSet" | "Cluster" => Phase::Stores,
        "Job" => Phase::Releases,
        "Deployment" | "DaemonSet" | "CronJob" | "Pod" | "ReplicaSet" | "Rollout" => Phase::Backends,
        "HTTPRoute" | "GRPCRoute" | "Ingress" | "Gateway" => Phase::Routes,
        _ => Phase::Configuration,
    }
}

/// True for kinds that belong to no namespace. Source: `kubectl api-resources --namespaced=false`, and the
/// definitions of cert-manager, External Secrets and the Gateway API.
fn is_of_cluster(kind: &str) -> bool {
    const KINDS: &[&str] = &[
        "APIService",
        "CSIDriver",
        "CSINode",
        "CertificateSigningRequest",
        "ClusterIssuer",
        "ClusterRole",
        "ClusterRoleBinding",
        "ClusterSecretStore",
        "ClusterExternalSecret",
        "ComponentStatus",
        "CustomResourceDefinition",
        "DeviceClass",
        "FlowSchema",
        "GatewayClass",
        "IngressClass",
        "MutatingAdmissionPolicy",
        "MutatingAdmissionPolicyBinding",
        "MutatingWebhookConfiguration",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PriorityClass",
        "PriorityLevelConfiguration",
        "ResourceSlice",
        "RuntimeClass",
        "StorageClass",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
        "VolumeAttachment",
        "VolumeAttributesClass",
        "CiliumClusterwideNetworkPolicy",
        "ClusterQueue",
        "ResourceFlavor",
        "ClusterTriggerAuthentication",
    ];
    KINDS.contains(&kind)
}
