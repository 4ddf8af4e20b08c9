//! The definitions of custom resources that the user brings: those of `schemas`, and those among the objects.

use super::schema::{Root, Schemas, Served, definition};
use crate::diagnostic::{Diagnostic, code};
use crate::document::{Finding, Findings, Node, at};
use crate::kube::Object;
use crate::load::Manifests;
use crate::model::Model;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Kinds by version and name.
#[derive(Default)]
pub(super) struct Definitions {
    known: BTreeMap<Root, Known>,
}

struct Known {
    schemas: Arc<Schemas>,
    served: Served,
    /// True where it says what is emitted, and the cluster's own may have more.
    as_emitted: bool,
}

impl Definitions {
    pub(super) fn collect(
        objects: &[Object],
        model: &Model,
        manifests: &Manifests,
        findings: &mut Findings<'_>,
    ) -> Self {
        let mut definitions = Self::default();
        for definition in model.catalogue.iter().flat_map(crate::lower::catalogue::kinds_as_emitted) {
            definitions.add(&serde_json::to_value(definition).unwrap_or_default(), true);
        }
        for (index, pattern) in model.schemas.iter().enumerate() {
            let documents = manifests.get(pattern).map(Vec::as_slice).unwrap_or_default();
            if documents.is_empty() {
                findings.push(names_nothing(pattern, index));
            }
            for document in documents {
                if !is_definition(document) || !definitions.add(&document.to_json(), false) {
                    findings.found.push(not_a_definition(document));
                }
            }
        }
        // What stands among the objects is what the cluster will have.
        for object in objects.iter().filter(|object| object.identity.kind == "CustomResourceDefinition") {
            definitions.add(&object.json(), false);
        }
        definitions
    }

    fn add(&mut self, written: &Value, as_emitted: bool) -> bool {
        let Some(read) = definition::read(written) else { return false };
        let schemas = Arc::new(read.schemas);
        for root in read.roots {
            let Some(served) = schemas.find(&root.api_version, &root.kind, 0) else { continue };
            self.known.insert(root, Known { schemas: schemas.clone(), served, as_emitted });
        }
        true
    }

    fn get(&self, object: &Object) -> Option<&Known> {
        if self.known.is_empty() {
            return None;
        }
        let identity = &object.identity;
        let is_emitted = object.written.is_none() && object.patched.is_empty();
        let root = Root { api_version: identity.api_version.as_str().into(), kind: identity.kind.as_str().into() };
        self.known.get(&root).filter(|known| is_emitted || !known.as_emitted)
    }

    pub(super) fn find(&self, object: &Object) -> Option<(&Schemas, Served)> {
        self.get(object).map(|known| (&*known.schemas, known.served))
    }
}

fn is_definition(document: &Node) -> bool {
    let text = |key: &str| document.get(key).and_then(Node::as_text);
    text("kind") == Some("CustomResourceDefinition") && text("apiVersion") == Some("apiextensions.k8s.io/v1")
}

fn names_nothing(pattern: &str, index: usize) -> Finding {
    Finding::error(
        code::DEFINITION_NONE,
        at!["environment", "schemas", index],
        format!("`{pattern}` names no file with a definition"),
    )
    .label("nothing here")
    .reason("objects of its kind would go unchecked")
    .help("write the path from the file that this stands in; `*` stands for any part of a name")
}

fn not_a_definition(document: &Node) -> Diagnostic {
    let first = document.as_map().and_then(|map| map.values().next()).map_or(document.span, |entry| entry.key);
    let at = document.get("kind").map_or(first, |kind| kind.span);
    Diagnostic::error(code::DEFINITION_SHAPE, "this document is not a CustomResourceDefinition")
        .label(at, "no definition of a kind")
        .reason("`schemas` names the definitions that objects are checked against: `apiextensions.k8s.io/v1`, with `spec.group`, `spec.names.kind` and `spec.versions`")
        .help("an object that should be delivered goes into `manifests`")
}
