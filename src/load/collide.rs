//! Environments of one cluster: each has a namespace of its own.
//!
//! Promises: two environments that say the same cluster and come to the same namespace are an error, since
//! they emit objects of the same names. A cluster that is not written is not known to be the same.

use super::LoadedEnvironment;
use crate::diagnostic::{Diagnostic, code};
use crate::document::Node;
use crate::source::Span;
use std::collections::BTreeMap;

/// A finding for each environment that comes to a place where another one is.
pub(super) fn collisions(system: &Node, environments: &[LoadedEnvironment]) -> Vec<Diagnostic> {
    let mut taken: BTreeMap<(String, String), Place<'_>> = BTreeMap::new();
    let mut found = Vec::new();
    for place in environments.iter().filter(|one| !one.is_abstract).filter_map(|one| Place::of(system, one)) {
        match taken.get(&place.key()) {
            Some(first) => found.push(place.collides_with(first)),
            None => _ = taken.insert(place.key(), place),
        }
    }
    found
}

/// Where an environment goes.
struct Place<'a> {
    environment: &'a LoadedEnvironment,
    cluster: &'a Node,
    namespace: String,
    /// Where the namespace is written; where the environment begins, if it is not.
    written: Span,
}

impl<'a> Place<'a> {
    /// `None` where the cluster is not known.
    fn of(system: &Node, environment: &'a LoadedEnvironment) -> Option<Self> {
        let cluster = lookup(environment, "target", "cluster")?;
        let name = lookup(environment, "namespace", "name");
        let usual =
            || format!("{}-{}", system.get("name").and_then(Node::as_text).unwrap_or_default(), environment.name);
        Some(Self {
            environment,
            cluster,
            namespace: name.and_then(Node::as_text).map_or_else(usual, str::to_owned),
            written: name.map_or(cluster.span, |name| name.span),
        })
    }

    fn key(&self) -> (String, String) {
        (self.cluster.as_text().unwrap_or_default().into(), self.namespace.clone())
    }

    fn collides_with(&self, first: &Self) -> Diagnostic {
        let (cluster, namespace) = self.key();
        let message = format!(
            "`{}` and `{}` both go to the namespace `{namespace}` of the cluster `{cluster}`",
            first.environment.name, self.environment.name
        );
        let mut finding = Diagnostic::error(code::ENVIRONMENTS_COLLIDE, message)
            .label(self.written, format!("the namespace of `{}`", self.environment.name));
        if first.written != self.written {
            finding = finding.label(first.written, format!("the namespace of `{}`", first.environment.name));
        }
        finding
            .reason(
                "objects of one kind and name overwrite each other at every sync, and each prunes those of the other",
            )
            .help("give each a `namespace` of its own, or another `target.cluster` where they are not the same")
    }
}

/// A field as the nearest document of the chain writes it.
fn lookup<'a>(environment: &'a LoadedEnvironment, record: &str, field: &str) -> Option<&'a Node> {
    let mut written = environment.chain.iter().rev().filter_map(|document| {
        let record = document.get(record)?;
        if record.is_null() { Some(record) } else { record.get(field) }
    });
    written.next().filter(|node| !node.is_null())
}
