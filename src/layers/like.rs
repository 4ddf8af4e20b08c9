//! What a component is `like`: profiles and other components, in the order of naming.
//!
//! Promises: a component takes neither name nor presence from another; what it takes is what stands in
//! the system, so that an overlay of one component in an environment changes that one alone. Profiles
//! may be like others. A circle is told once, as a whole.

use crate::diagnostic::{Diagnostic, Diagnostics, code, listed, nearest};
use crate::document::{Entry, Map, Name, Node, Value};
use crate::source::Span;
use std::collections::{BTreeMap, BTreeSet};

/// What stays with the component that it was written for.
const OWN: &[&str] = &["name", "enabled", "like"];

/// The layers that each component starts from, lowest first.
pub(super) fn all(root: &Node, system: &Node, found: &mut Diagnostics) -> BTreeMap<Name, Vec<Node>> {
    let mut likes = Likes { root, system, circles: BTreeSet::new(), found };
    for (name, profile) in root.get("profiles").and_then(Node::as_map).into_iter().flatten() {
        likes.refuse_kind(name, profile);
        likes.layers(&profile.node, None, &mut vec![Step::of(name, Source::Profile, profile.key)]);
    }
    let components = root.get("components").and_then(Node::as_map).into_iter().flatten();
    components
        .map(|(name, entry)| {
            let kind = likes.kind(&entry.node, &mut BTreeSet::new());
            let mut way = vec![Step::of(name, Source::Component, entry.key)];
            (name.clone(), likes.layers(&entry.node, kind, &mut way))
        })
        .collect()
}

/// A component without a kind of its own has that of what it is like.
pub(super) fn settle_kind(component: &mut Node, likes: &[Node]) {
    let kind = likes.iter().rev().find_map(|like| like.as_map()?.get("kind"));
    let (Some(kind), Some(map)) = (kind, component.as_map_mut()) else { return };
    map.entry("kind".into()).or_insert_with(|| kind.clone());
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Profile,
    Component,
}

/// A name on the way from a component to what it is like, and where that name stands.
#[derive(Clone, Debug)]
struct Step {
    name: String,
    source: Source,
    named: Span,
}

impl Step {
    fn of(name: &str, source: Source, named: Span) -> Self {
        Self { name: name.into(), source, named }
    }

    fn is(&self, other: &Self) -> bool {
        self.source == other.source && self.name == other.name
    }
}

struct Likes<'a> {
    root: &'a Node,
    system: &'a Node,
    /// Circles that were told, by their sorted names.
    circles: BTreeSet<Vec<String>>,
    found: &'a mut Diagnostics,
}

impl<'a> Likes<'a> {
    /// What `node` is like, each after what that is like itself. `way` leads to `node`.
    fn layers(&mut self, node: &Node, kind: Option<&Node>, way: &mut Vec<Step>) -> Vec<Node> {
        let mut layers = Vec::new();
        for item in list(node.get("like")) {
            let Some(name) = item.as_text() else { continue };
            let Some((source, entry)) = self.find(name) else {
                self.refuse_unknown(name, item.span);
                continue;
            };
            let step = Step::of(name, source, item.span);
            if let Some(start) = way.iter().position(|earlier| earlier.is(&step)) {
                self.refuse_circle(&way[start..], &step);
                continue;
            }
            if source == Source::Component && !self.is_of_kind(kind, entry, &step) {
                continue;
            }
            way.push(step);
            layers.extend(self.layers(&entry.node, kind, way));
            way.pop();
            layers.push(taken(entry));
        }
        layers
    }

    /// The kind of a component: its own, or that of the first one that it is like.
    fn kind(&self, node: &'a Node, seen: &mut BTreeSet<String>) -> Option<&'a Node> {
        node.get("kind").or_else(|| {
            let names = list(node.get("like")).iter().filter_map(Node::as_text);
            let fresh: Vec<&str> = names.filter(|name| seen.insert((*name).to_owned())).collect();
            fresh.into_iter().find_map(|name| self.kind(&self.find(name)?.1.node, seen))
        })
    }

    /// A profile, else a component as the system has it, else one that an environment adds.
    fn find(&self, name: &str) -> Option<(Source, &'a Entry)> {
        let at = |root: &'a Node, group: &str| root.get(group).and_then(Node::as_map).and_then(|map| map.get(name));
        let profile = at(self.root, "profiles");
        profile.map(|entry| (Source::Profile, entry)).or_else(|| {
            let component = at(self.system, "components").or_else(|| at(self.root, "components"));
            component.map(|entry| (Source::Component, entry))
        })
    }

    fn is_of_kind(&mut self, kind: Option<&Node>, entry: &Entry, step: &Step) -> bool {
        let text = |node: Option<&Node>| node.and_then(Node::as_text).map(str::to_owned);
        let (Some(own), Some(other)) = (text(kind), text(entry.node.get("kind"))) else { return true };
        if own == other {
            return true;
        }
        let mut finding = Diagnostic::error(code::LIKE_KIND, format!("`{}` is a `{other}`, not a `{own}`", step.name))
            .label(step.named, format!("a `{other}`"))
            .reason("kinds have different fields, and the same field may mean something else")
            .help("put what both have in common into `profiles:`, which have no kind");
        if let Some(kind) = kind {
            finding = finding.label(kind.span, format!("a `{own}`"));
        }
        self.found.push(finding);
        false
    }

    fn refuse_kind(&mut self, name: &str, profile: &Entry) {
        let Some(kind) = profile.node.as_map().and_then(|map| map.get("kind")) else { return };
        self.found.push(
            Diagnostic::error(code::LIKE_KIND, format!("the profile `{name}` has a kind"))
                .label(kind.key, "a profile is part of a component of any kind")
                .help("take `kind` away; the component that is like the profile gives it"),
        );
    }

    fn refuse_unknown(&mut self, name: &str, span: Span) {
        let keys = |group: &str| self.root.get(group).and_then(Node::as_map).into_iter().flat_map(Map::keys);
        let known: Vec<&str> = keys("profiles").chain(keys("components")).map(Name::as_str).collect();
        let finding = Diagnostic::error(code::LIKE_UNKNOWN, format!("there is no profile or component `{name}`"))
            .label(span, "like nothing");
        self.found.push(match nearest(name, known.iter().copied()) {
            Some(near) => finding.help(format!("a similar one is `{near}`")).suggest(span, near, false),
            None => finding.help(format!("profiles and components are {}", listed(known))),
        });
    }

    fn refuse_circle(&mut self, circle: &[Step], closes: &Step) {
        let mut names: Vec<String> = circle.iter().map(|step| step.name.clone()).collect();
        names.sort_unstable();
        if !self.circles.insert(names) {
            return;
        }
        let mut told: Vec<String> = circle.iter().map(|step| format!("`{}`", step.name)).collect();
        told.push(format!("`{}`", closes.name));
        let mut finding =
            Diagnostic::error(code::LIKE_CYCLE, format!("{} are like each other in a circle", told.join(" → ")))
                .label(closes.named, "closes the circle");
        for step in circle.iter().skip(1) {
            finding = finding.label(step.named, "leads on");
        }
        self.found.push(finding.help("take one `like` away, and put what they share into a profile"));
    }
}

fn list(node: Option<&Node>) -> &[Node] {
    match node.map(|node| &node.value) {
        Some(Value::List(items)) => items,
        _ => &[],
    }
}

/// Without what stays with the component that it was written for.
fn taken(entry: &Entry) -> Node {
    let mut node = entry.node.clone();
    if let Some(map) = node.as_map_mut() {
        map.retain(|key, _| !OWN.contains(&key.as_str()));
    }
    node
}
