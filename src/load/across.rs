//! Environments beside each other: what each of them may say alone, and not all of them together.
//!
//! Promises: environments are compared as they are merged; two that are not known to meet are not compared. Merging
//! costs something, so it happens only where two environments have a cluster or a delivery.

use super::LoadedEnvironment;
use crate::diagnostic::{Diagnostic, Diagnostics, code};
use crate::document::Node;
use crate::layers;
use crate::source::Span;
use std::collections::BTreeMap;

/// A finding for each thing that two environments have in common and must not.
pub(super) fn collisions(system: &Node, environments: &[LoadedEnvironment]) -> Vec<Diagnostic> {
    let meets = |one: &&LoadedEnvironment| {
        let writes = |document: &Node| {
            let has_cluster = document.get("target").is_some_and(|target| target.get("cluster").is_some());
            has_cluster || document.get("delivery").is_some()
        };
        !one.is_abstract && one.chain.iter().any(|document| writes(document))
    };
    let meeting: Vec<&LoadedEnvironment> = environments.iter().filter(meets).collect();
    if meeting.len() < 2 {
        return Vec::new();
    }
    let merged: Vec<Merged<'_>> = meeting.into_iter().map(|one| Merged::of(system, one)).collect();
    [same_routes, same_deliveries, uneven_sets].iter().flat_map(|law| law(&merged)).collect()
}

/// An environment with its system, as it is merged.
struct Merged<'a> {
    environment: &'a LoadedEnvironment,
    root: Node,
}

impl<'a> Merged<'a> {
    /// What is wrong with the merge is found when the environment is compiled.
    fn of(system: &Node, environment: &'a LoadedEnvironment) -> Self {
        let chain: Vec<&Node> = environment.chain.iter().map(AsRef::as_ref).collect();
        Self { environment, root: layers::merge(system, &chain, &mut Diagnostics::new()) }
    }

    fn name(&self) -> &str {
        &self.environment.name
    }

    fn own(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self.root.get("environment")?, |node, key| node.get(key))
    }

    fn text(&self, path: &[&str]) -> Option<&str> {
        self.own(path)?.as_text()
    }

    fn cluster(&self) -> Option<&str> {
        self.text(&["target", "cluster"])
    }

    /// Hosts and paths of its routes, with the place of the host.
    fn routes(&self) -> Vec<(&str, &str, Span)> {
        let components = self.root.get("components").and_then(Node::as_map).into_iter().flatten();
        let enabled =
            components.filter(|(_, entry)| entry.node.get("enabled").and_then(Node::as_text) != Some("false"));
        let routes = enabled.filter_map(|(_, entry)| entry.node.get("routes")?.as_map()).flatten();
        routes.flat_map(|(_, entry)| route(&entry.node)).collect()
    }

    fn delivery(&self) -> Option<Delivered<'_>> {
        let (tool, fields) = ["argocd", "flux"].into_iter().find_map(|tool| {
            Some((tool, self.own(&["delivery", tool])?)).filter(|(_, fields)| fields.as_map().is_some())
        })?;
        Some(Delivered { merged: self, tool, fields })
    }
}

fn route(route: &Node) -> Vec<(&str, &str, Span)> {
    let Some(host) = route.get("host") else { return Vec::new() };
    let Some(name) = host.as_text() else { return Vec::new() };
    let paths = match route.get("paths").map(|paths| &paths.value) {
        Some(crate::document::Value::List(paths)) => paths.iter().filter_map(Node::as_text).collect(),
        _ => vec!["/"],
    };
    // `/a` and `/a/` match the same requests.
    paths.into_iter().map(|path| (name, path.trim_end_matches('/'), host.span)).collect()
}

/// One gateway or ingress controller serves all namespaces of a cluster.
fn same_routes(merged: &[Merged<'_>]) -> Vec<Diagnostic> {
    let mut taken: BTreeMap<(&str, &str, &str), (&Merged<'_>, Span)> = BTreeMap::new();
    let mut found = Vec::new();
    for one in merged {
        let Some(cluster) = one.cluster() else { continue };
        for (host, path, span) in one.routes() {
            let (first, place) = *taken.entry((cluster, host, path)).or_insert((one, span));
            if first.name() != one.name() {
                found.push(same_route(one.name(), span, first.name(), place, (cluster, host, path)));
            }
        }
    }
    found
}

fn same_route(
    one: &str,
    span: Span,
    first: &str,
    place: Span,
    (cluster, host, path): (&str, &str, &str),
) -> Diagnostic {
    let message = format!(
        "`{first}` and `{one}` both answer at `{host}{}` in the cluster `{cluster}`",
        if path.is_empty() { "/" } else { path }
    );
    let mut finding = Diagnostic::error(code::ROUTE_ACROSS, message).label(span, format!("the host in `{one}`"));
    if place != span {
        finding = finding.label(place, format!("the host in `{first}`"));
    }
    finding
        .reason("one gateway or ingress controller serves all namespaces: the older route wins, or both in turns")
        .help(format!("give `{one}` a host of its own, or `target.cluster` another name where it is another cluster"))
}

/// A delivery as it is merged.
struct Delivered<'a> {
    merged: &'a Merged<'a>,
    tool: &'static str,
    fields: &'a Node,
}

impl<'a> Delivered<'a> {
    fn text(&self, key: &str) -> Option<&'a str> {
        self.fields.get(key)?.as_text()
    }

    fn span(&self, key: &str) -> Span {
        self.fields.get(key).map_or(self.fields.span, |node| node.span)
    }

    /// The names of its objects that the author wrote: others hold the name of the environment.
    fn names(&self) -> Vec<(&'static str, &'a str, Span)> {
        let what = if self.tool == "argocd" { "the Application" } else { "the Kustomization" };
        let name = self.text("name").filter(|_| !self.is_in_set() || self.tool == "argocd");
        let project = self.fields.get("project").and_then(|project| project.get("name"));
        let project = project.and_then(Node::as_text).filter(|name| *name != "default").zip(project);
        name.map(|name| (what, name, self.span("name")))
            .into_iter()
            .chain(project.map(|(name, node)| ("the AppProject", name, node.span)))
            .collect()
    }

    fn is_in_set(&self) -> bool {
        self.text("set") == Some("true")
    }

    /// False where the tools of both run in clusters that are known to be others.
    fn may_meet(&self, other: &Self) -> bool {
        let here = |one: &Self| one.text("server").is_none() && one.text("cluster").is_none();
        let apart = match (self.merged.cluster(), other.merged.cluster()) {
            (Some(one), Some(other)) => one != other,
            _ => false,
        };
        let namespace = |one: &Self| one.text("namespace").map(str::to_owned);
        self.tool == other.tool && namespace(self) == namespace(other) && !(here(self) && here(other) && apart)
    }

    /// The repository, the state of it and the folder that are delivered.
    fn origin(&self) -> (Option<&'a str>, [Option<&'a str>; 6], &'a str) {
        let repository = self.text("repository").or(self.text("url"));
        let state = ["revision", "branch", "tag", "semver", "commit", "digest"].map(|key| self.text(key));
        let usual = if self.text("source") == Some("oci") { "" } else { self.merged.environment.output.as_str() };
        (repository, state, self.text("path").unwrap_or(usual))
    }
}

fn same_deliveries(merged: &[Merged<'_>]) -> Vec<Diagnostic> {
    let delivered: Vec<Delivered<'_>> = merged.iter().filter_map(Merged::delivery).collect();
    let mut found = Vec::new();
    for (index, one) in delivered.iter().enumerate() {
        let before = || delivered[..index].iter();
        if let Some(first) = before().find(|first| first.origin() == one.origin()) {
            found.push(same_folder(one, first));
        }
        for (what, name, span) in one.names() {
            let same = |first: &Delivered<'_>| {
                let names = first.names();
                let known =
                    names.iter().find(|(known, other, _)| *known == what && *other == name).map(|known| known.2);
                known.filter(|_| first.may_meet(one)).map(|place| (first.merged.name().to_owned(), place))
            };
            if let Some((first, place)) = before().find_map(same) {
                found.push(same_name(one.merged.name(), span, &first, place, what, name));
            }
        }
    }
    found
}

fn same_folder(one: &Delivered<'_>, first: &Delivered<'_>) -> Diagnostic {
    let (name, other) = (one.merged.name(), first.merged.name());
    let (_, _, path) = one.origin();
    let shown = if path.is_empty() { "the root of one artifact".to_owned() } else { format!("the folder `{path}`") };
    let mut finding =
        Diagnostic::error(code::DELIVERY_PATH, format!("`{other}` and `{name}` are both delivered from {shown}"))
            .label(one.span("path"), format!("from here `{name}` is delivered"));
    if first.span("path") != one.span("path") {
        finding = finding.label(first.span("path"), format!("and `{other}`"));
    }
    finding
        .reason("a folder holds the output of one environment, so one of the two gets that of the other")
        .help("take `path` away: it is the folder of the output then; or give each a branch or tag of its own")
}

fn same_name(one: &str, span: Span, first: &str, place: Span, what: &str, name: &str) -> Diagnostic {
    let mut finding =
        Diagnostic::error(code::DELIVERY_TWICE, format!("{what} of `{first}` and of `{one}` is `{name}`"))
            .label(span, format!("in `{one}`"));
    if place != span {
        finding = finding.label(place, format!("in `{first}`"));
    }
    let help = if what == "the AppProject" {
        "take `project` away, so that each has its own; or keep one for both yourself, and name it `{existing: NAME}`"
    } else {
        "take `name` away: it is `<system>-<environment>` then"
    };
    finding.reason("they are one object, and each environment would write its own over that of the other").help(help)
}

/// Environments of one ApplicationSet share its template.
fn uneven_sets(merged: &[Merged<'_>]) -> Vec<Diagnostic> {
    let delivered: Vec<Delivered<'_>> =
        merged.iter().filter_map(Merged::delivery).filter(Delivered::is_in_set).collect();
    let Some((first, others)) = delivered.split_first() else { return Vec::new() };
    others.iter().filter_map(|other| uneven(first, other)).collect()
}

fn uneven(first: &Delivered<'_>, other: &Delivered<'_>) -> Option<Diagnostic> {
    let flag = |one: &Delivered<'_>, key: &str| {
        one.fields.get("sync").and_then(|sync| sync.get(key)).and_then(Node::as_text) != Some("false")
    };
    let differs = ["repository", "namespace"]
        .into_iter()
        .find(|key| first.text(key) != other.text(key))
        .or_else(|| {
            (["auto", "prune", "selfHeal"].iter().any(|key| flag(first, key) != flag(other, key))).then_some("sync")
        })
        .or_else(|| (first.text("cluster").is_some() != other.text("cluster").is_some()).then_some("cluster"))?;
    let (one, of) = (other.merged.name(), first.merged.name());
    let message = format!("`{of}` and `{one}` are of one ApplicationSet, and differ in `{differs}`");
    let mut finding = Diagnostic::error(code::DELIVERY_SET, message).label(other.span(differs), format!("in `{one}`"));
    if first.span(differs) != other.span(differs) {
        finding = finding.label(first.span(differs), format!("in `{of}`"));
    }
    Some(
        finding
            .reason(
                "an ApplicationSet has one template; only folder, revision, project, cluster and namespace are of each",
            )
            .help("write the same, or take `set` away from one of them: it has an Application of its own then"),
    )
}
