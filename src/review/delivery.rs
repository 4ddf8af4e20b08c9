//! In which order a change arrives, and what it means when it stops halfway.
//!
//! Promises: the waves of the delivery order that the change touches, in their order; what goes comes last,
//! since every tool prunes after it has applied.

use super::Comparison;
use super::workload::{LASTING, said};
use crate::diff::{Change, How};
use crate::kube::{Identity, Phase};
use std::collections::BTreeMap;

/// What is delivered at one time.
#[derive(Clone, Debug, PartialEq)]
pub struct Wave {
    /// What it brings: `configuration`, `backends`; `pruning` for what goes.
    pub name: &'static str,
    /// The objects that change in it, in their order.
    pub objects: Vec<Identity>,
    /// What in it waits for something else, such as `api waits for db`.
    pub waits: Vec<String>,
    /// What it means if the delivery stops after this wave; none after the last.
    pub halfway: Option<String>,
}

pub(super) fn waves(comparison: &Comparison<'_>) -> Vec<Wave> {
    let mut applied: BTreeMap<Phase, Vec<&Change>> = BTreeMap::new();
    for change in comparison.changes {
        if let Some(object) = comparison.after.of(change) {
            applied.entry(object.phase).or_default().push(change);
        }
    }
    let is_pruned = |change: &&Change| {
        change.how == How::Removed || matches!(change.how, How::Renamed { .. } | How::Renewed { .. })
    };
    let pruned: Vec<Identity> = comparison.changes.iter().filter(is_pruned).map(old_identity).collect();
    let count = applied.len() + usize::from(!pruned.is_empty());
    let mut waves: Vec<Wave> = applied
        .iter()
        .enumerate()
        .map(|(at, (phase, changes))| Wave {
            name: word(*phase),
            objects: changes.iter().map(|change| change.identity.clone()).collect(),
            waits: waits(comparison, changes),
            halfway: (at + 1 < count).then(|| halfway(*phase, changes)),
        })
        .collect();
    if !pruned.is_empty() {
        waves.push(Wave { name: "pruning", objects: pruned, waits: Vec::new(), halfway: None });
    }
    waves
}

/// What goes when something comes under another name.
fn old_identity(change: &Change) -> Identity {
    match &change.how {
        How::Renamed { from } => from.clone(),
        How::Renewed { from } => Identity { name: from.clone(), ..change.identity.clone() },
        _ => change.identity.clone(),
    }
}

fn waits(comparison: &Comparison<'_>, changes: &[&Change]) -> Vec<String> {
    let edges = comparison.after.model.map_or(&[][..], |model| model.edges.as_slice());
    let mut waits: Vec<String> = Vec::new();
    for change in changes {
        let Some(component) = &change.component else { continue };
        for edge in edges.iter().filter(|edge| edge.wait && edge.from == *component) {
            let line = format!("{} waits for {}", edge.from, edge.to);
            if !waits.contains(&line) {
                waits.push(line);
            }
        }
    }
    waits
}

fn word(phase: Phase) -> &'static str {
    match phase {
        Phase::Definitions => "definitions",
        Phase::Namespace => "namespace",
        Phase::Configuration => "configuration",
        Phase::Volumes => "volumes",
        Phase::Stores => "stores",
        Phase::Releases => "release jobs",
        Phase::Models => "models",
        Phase::Backends => "backends",
        Phase::Agents => "agents",
        Phase::Frontends => "frontends",
        Phase::Routes => "routes",
        Phase::Delivery => "the delivery itself",
    }
}

fn halfway(phase: Phase, changes: &[&Change]) -> String {
    let opens = |kind: &str| changes.iter().any(|change| change.identity.kind == kind);
    match phase {
        Phase::Definitions => "new definitions are there and nothing uses them yet".into(),
        Phase::Namespace if opens("NetworkPolicy") => "the new rules of the network hold for the pods of before".into(),
        Phase::Namespace => "the namespace is as it will be, and nothing in it has changed".into(),
        Phase::Configuration if opens("Service") || opens("NetworkPolicy") => {
            "Services and network rules are new and lead to the pods of before".into()
        }
        Phase::Configuration => "the pods of before run on with what they have read".into(),
        Phase::Volumes => "new volumes wait for the pods that use them".into(),
        Phase::Stores => "the stores are new, and the clients of before use them".into(),
        Phase::Releases => {
            "what the release jobs changed, a migration for instance, is done, and the version of before runs on it"
                .into()
        }
        Phase::Models | Phase::Backends | Phase::Agents | Phase::Frontends => {
            let running: Vec<String> = changes
                .iter()
                .filter(|change| LASTING.contains(&change.identity.kind.as_str()))
                .map(|change| said(&change.identity))
                .collect();
            match running.as_slice() {
                [] => "bounds and budgets are new, and what they stand for runs on".into(),
                [one] => format!("{one} is new, and what calls it is not"),
                [one, others @ ..] => format!("{one} and {} more are new, and what calls them is not", others.len()),
            }
        }
        Phase::Routes => "the routes are new; what goes is still there".into(),
        Phase::Delivery => "whatever applies the delivery has done so; the objects follow from then on".into(),
    }
}
