//! The merge: a system, the chain of environments, defaults and overrides become one document.
//!
//! Promises: the layers are those of the language, lowest first: `defaults.all`, `defaults.<kind>`, what
//! `like` names, the system's component, the environments from the root of the chain, `overrides.all`,
//! `overrides.<kind>`. The result is the merged system, with the environment's own keys under
//! `environment`; every value knows where it was set and what it replaced.

mod like;

use crate::diagnostic::{Diagnostic, Diagnostics, code, listed, nearest};
use crate::document::overlay::{overlay, settle_nulls};
use crate::document::shape::{Record, Shape};
use crate::document::{Entry, Map, Name, Node};
use crate::source::Span;
use crate::spec::{Component, Environment, Kind, Spec as _, System};

/// Keys of an environment that its descendants do not inherit.
const OWN: &[&str] = &["name", "extends", "abstract", "output", "apiVersion", "kind"];

/// Lays `chain` (root first) over `system`; all are in long form.
pub fn merge(system: &Node, chain: &[&Node], found: &mut Diagnostics) -> Node {
    let mut root = system.copy();
    let mut environment = Node::map(chain.last().map_or(system.span, |last| last.span), []);
    for (index, layer) in chain.iter().enumerate() {
        lay_environment(&mut root, &mut environment, layer, index + 1 == chain.len(), found);
    }
    lay_component_layers(&mut root, system, &environment, found);
    refuse_foreign_fields(&root, found);
    // Laid over the components by now; a `null` in them is for many, and needs nothing below it.
    take_away(&mut environment, "overrides");
    take_away(&mut root, "defaults");
    take_away(&mut root, "profiles");
    if let Some(map) = root.as_map_mut() {
        map.insert("environment".into(), Entry { key: environment.span, node: environment });
    }
    settle_nulls(&mut root, found);
    root
}

fn take_away(node: &mut Node, key: &str) {
    if let Some(map) = node.as_map_mut() {
        map.shift_remove(key);
    }
}

/// Lays one environment: its own keys over the environment, the system's keys over the system.
fn lay_environment(root: &mut Node, environment: &mut Node, layer: &Node, last: bool, found: &mut Diagnostics) {
    for (key, entry) in layer.as_map().into_iter().flatten() {
        if OWN.contains(&key.as_str()) && !last {
            continue;
        }
        let shared = System::record().field(key).filter(|_| !OWN.contains(&key.as_str()));
        match (key.as_str(), shared) {
            ("components", _) => lay_components(root, entry, found),
            (_, Some(field)) => lay_field(root, key, entry, &field.shape),
            (_, None) => {
                let shape = Environment::record().field(key).map_or(&Shape::Any, |field| &field.shape);
                lay_field(environment, key, entry, shape);
            }
        }
    }
}

fn lay_field(below: &mut Node, key: &str, entry: &Entry, shape: &Shape) {
    let Some(map) = below.as_map_mut() else { return };
    match map.get_mut(key) {
        Some(lower) => overlay(&mut lower.node, &entry.node, shape),
        None => {
            map.insert(key.into(), entry.clone());
        }
    }
}

/// Lays an environment's `components` over the system's.
fn lay_components(root: &mut Node, layer: &Entry, found: &mut Diagnostics) {
    let Some(components) = root.as_map_mut().and_then(|map| map.get_mut("components")) else { return };
    let Some(components) = components.node.as_map_mut() else { return };
    for (name, entry) in layer.node.as_map().into_iter().flatten() {
        match components.get_mut(name) {
            Some(lower) => {
                keep_shared_fields(&mut lower.node, &entry.node);
                overlay(&mut lower.node, &entry.node, &Component::shape());
            }
            None if entry.node.get("kind").is_some() || entry.node.get("like").is_some() => {
                components.insert(name.clone(), entry.clone());
            }
            None => found.push(overlay_of_nothing(name, entry.key, components)),
        }
    }
}

fn overlay_of_nothing(name: &str, span: Span, components: &Map) -> Diagnostic {
    let known = || components.keys().map(Name::as_str);
    let finding = Diagnostic::error(code::OVERLAY_OF_NOTHING, format!("the system has no component `{name}`"))
        .label(span, "an overlay of nothing")
        .reason("an environment changes components of the system; a new one gives its `kind`, or what it is `like`");
    match nearest(name, known()) {
        Some(near) => finding.help(format!("a similar component is `{near}`")).suggest(span, near, false),
        None => finding.help(format!("components are {}", listed(known()))),
    }
}

/// A change of kind keeps only the fields that both kinds have.
fn keep_shared_fields(lower: &mut Node, upper: &Node) {
    let kind = |node: &Node| node.get("kind").and_then(Node::as_text).and_then(Kind::from_text);
    let (Some(old), Some(new)) = (kind(lower), kind(upper)) else { return };
    if old == new {
        return;
    }
    if let Some(map) = lower.as_map_mut() {
        map.retain(|field, _| new.has(field) && old.has(field));
    }
}

/// Puts the defaults, and what it is like, under each component and the overrides over it.
fn lay_component_layers(root: &mut Node, system: &Node, environment: &Node, found: &mut Diagnostics) {
    let defaults = root.get("defaults").cloned();
    let likes = like::all(root, system, found);
    let overrides = environment.get("overrides");
    let Some(components) = root.as_map_mut().and_then(|map| map.get_mut("components")) else { return };
    for (name, entry) in components.node.as_map_mut().into_iter().flatten() {
        let likes = likes.get(name).map(Vec::as_slice).unwrap_or_default();
        like::settle_kind(&mut entry.node, likes);
        let Some(kind) = entry.node.get("kind").and_then(Node::as_text).and_then(Kind::from_text) else { continue };
        let own = std::mem::replace(&mut entry.node, Node::map(entry.key, []));
        lay_layers(&mut entry.node, defaults.as_ref(), kind, found);
        likes.iter().for_each(|like| lay_for_all(&mut entry.node, like.clone()));
        if entry.node.as_map().is_none_or(Map::is_empty) {
            entry.node = own;
        } else {
            overlay(&mut entry.node, &own, &Component::shape());
            entry.node.span = own.span;
            entry.node.replaced.clear();
        }
        lay_layers(&mut entry.node, overrides, kind, found);
    }
}

/// Lays `all` and then `<kind>` of a set of layers.
fn lay_layers(component: &mut Node, layers: Option<&Node>, kind: Kind, found: &mut Diagnostics) {
    let Some(layers) = layers else { return };
    if let Some(all) = layers.get("all") {
        lay_for_all(component, only_fields_of(kind, all));
    }
    if let Some(by_kind) = layers.get(kind.text()) {
        foreign_fields(by_kind, kind).for_each(|finding| found.push(finding));
        lay_for_all(component, only_fields_of(kind, by_kind));
    }
}

/// Lays what is meant for many components: a `null` in it takes away only where something is.
fn lay_for_all(component: &mut Node, mut layer: Node) {
    drop_idle_nulls(&mut layer, component);
    overlay(component, &layer, &Component::shape());
}

fn drop_idle_nulls(layer: &mut Node, below: &Node) {
    let Some(map) = layer.as_map_mut() else { return };
    map.retain(|key, entry| !entry.node.is_null() || below.get(key).is_some());
    for (key, entry) in map {
        if let Some(lower) = below.get(key) {
            drop_idle_nulls(&mut entry.node, lower);
        }
    }
}

fn only_fields_of(kind: Kind, layer: &Node) -> Node {
    let mut layer = layer.clone();
    if let Some(map) = layer.as_map_mut() {
        map.retain(|field, _| kind.has(field));
    }
    layer
}

/// A component has only the fields of its kind.
fn refuse_foreign_fields(root: &Node, found: &mut Diagnostics) {
    let components = root.get("components").and_then(Node::as_map);
    for entry in components.into_iter().flat_map(Map::values) {
        if let Some(kind) = entry.node.get("kind").and_then(Node::as_text).and_then(Kind::from_text) {
            foreign_fields(&entry.node, kind).for_each(|finding| found.push(finding));
        }
    }
}

fn foreign_fields(layer: &Node, kind: Kind) -> impl Iterator<Item = Diagnostic> {
    let record: &'static Record = Component::record();
    layer
        .as_map()
        .into_iter()
        .flatten()
        .filter(move |(field, _)| record.field(field).is_some() && !kind.has(field))
        .map(move |(field, entry)| {
            Diagnostic::error(code::FIELD_OF_OTHER_KIND, format!("a `{kind}` has no field `{field}`"))
                .label(entry.key, format!("not a field of a `{kind}`"))
                .reason(reason(kind, field))
                .help("take the field away, or change the component's kind")
        })
}

/// Why a kind does not have the field, where it is worth more than who has it.
fn reason(kind: Kind, field: &str) -> String {
    let owners = format!("`{field}` is a field of {}", listed(Kind::that_have(field)));
    let why = match (kind, field) {
        (Kind::Store | Kind::Redis, "rollout") => {
            "the pods of a StatefulSet are replaced in their place, each with its volume: two versions would need two sets of data"
        }
        (Kind::Postgres, "rollout") => {
            "a database has one primary: its pods are replaced one by one with their volumes, and two versions would need two sets of data"
        }
        (Kind::Job, "rollout") => "a job runs to completion, so there is no old version to take requests from",
        _ => return owners,
    };
    format!("{why}; {owners}")
}
