//! The layer of the language that a place belongs to, and the page that says what stands where nothing is written.

use crate::document::{Node, Value};
use crate::kube::{Object, Phase};
use crate::load::{Loaded, LoadedEnvironment};
use crate::source::Span;

/// A layer of the merge, in the words of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// What the system itself writes.
    System,
    /// An environment that this one extends.
    Base,
    Environment,
    Defaults,
    Profile,
    /// Another component that this one is `like`.
    Like,
    Overrides,
}

impl Layer {
    pub fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Base => "base",
            Self::Environment => "environment",
            Self::Defaults => "defaults",
            Self::Profile => "profile",
            Self::Like => "like",
            Self::Overrides => "overrides",
        }
    }

    /// The layer of a place, for a value of a component or of the whole.
    pub(super) fn of(span: Span, component: Option<&str>, loaded: &Loaded, environment: &LoadedEnvironment) -> Self {
        let last = environment.chain.last().map(AsRef::as_ref);
        let bases = environment.chain.iter().rev().skip(1).map(AsRef::as_ref);
        let documents = last.into_iter().map(|own| (own, Self::Environment));
        let documents = documents.chain(bases.map(|base| (base, Self::Base)));
        for (document, layer) in documents.chain([(&loaded.system, Self::System)]) {
            for (key, entry) in document.as_map().into_iter().flatten() {
                if entry.key == span || has(&entry.node, span) {
                    return match key.as_str() {
                        "overrides" => Self::Overrides,
                        "defaults" => Self::Defaults,
                        "profiles" => Self::Profile,
                        "components" if is_of_another(&entry.node, span, component) => Self::Like,
                        _ => layer,
                    };
                }
            }
        }
        Self::System
    }
}

fn is_of_another(components: &Node, span: Span, component: Option<&str>) -> bool {
    let others = |key: &str| component.is_some_and(|component| component != key);
    components.as_map().into_iter().flatten().any(|(key, entry)| others(key) && has(&entry.node, span))
}

fn has(node: &Node, span: Span) -> bool {
    node.span == span
        || match &node.value {
            Value::Map(map) => map.values().any(|entry| entry.key == span || has(&entry.node, span)),
            Value::List(items) => items.iter().any(|item| has(item, span)),
            Value::Null | Value::Scalar(_) => false,
        }
}

/// The page that says what Windlass puts at a field by itself.
pub(super) fn page(object: &Object, field: &[String], root: &Node) -> String {
    let kind = object.component.as_deref().and_then(|key| root.get("components")?.get(key)?.get("kind")?.as_text());
    match (object.phase, kind) {
        (Phase::Delivery, _) => "docs/delivery.md".into(),
        (_, Some("model" | "redis" | "postgres")) if is_of_server(field) => "docs/servers.md".into(),
        (_, Some(kind)) => format!("docs/kinds/{kind}.md"),
        (_, None) => of_the_whole(&object.identity.kind).into(),
    }
}

/// What a known server brings: its container, its user and its volumes.
fn is_of_server(field: &[String]) -> bool {
    const SAME_FOR_ALL: [&str; 6] =
        ["imagePullPolicy", "allowPrivilegeEscalation", "capabilities", "privileged", "runAsNonRoot", "seccompProfile"];
    let of_pod =
        |step: &String| matches!(step.as_str(), "containers" | "initContainers" | "securityContext" | "volumes");
    field.iter().any(of_pod) && !field.iter().any(|step| SAME_FOR_ALL.contains(&step.as_str()))
}

fn of_the_whole(kind: &str) -> &'static str {
    match kind {
        "ExternalSecret" | "SealedSecret" | "Secret" => "docs/secrets.md",
        "PrometheusRule" | "GrafanaDashboard" => "docs/observability.md",
        "AIModel" | "ModelVersion" | "ModelRegistry" | "CustomResourceDefinition" => "docs/catalogue.md",
        "LocalQueue" => "docs/jobs.md",
        _ => "docs/output.md",
    }
}
