//! Waiting: what waits for what, and whether it ever ends.

use super::places::first_written;
use crate::diagnostic::code;
use crate::document::{Finding, Findings, Path, at};
use crate::model::{Component, Controller, Edge, Model};
use crate::spec::{Kind, Protocol};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Nothing waits in a circle: in a circle no component comes first. A circle of plain uses is worth a
/// note, since the order of delivery then falls back to kinds.
pub(super) fn waits_do_not_go_in_circles(model: &Model, findings: &mut Findings<'_>) {
    let edges = edges_in_circles(model);
    let graph = Graph::new(&edges);
    let mut reported: Vec<BTreeSet<&str>> = Vec::new();
    let waits = edges.iter().filter(|edge| edge.wait);
    for edge in waits.chain(edges.iter().filter(|edge| !edge.wait)) {
        let known =
            reported.iter().any(|circle| circle.contains(edge.from.as_str()) && circle.contains(edge.to.as_str()));
        let Some(circle) = graph.circle(edge).filter(|_| !known) else { continue };
        reported.push(circle.iter().map(|edge| edge.from.as_str()).collect());
        findings.push(if edge.wait { wait_circle(findings, &circle) } else { use_circle(findings, &circle) });
    }
}

fn wait_circle(findings: &Findings<'_>, circle: &[&Edge]) -> Finding {
    let message = match circle {
        [edge] => format!("`{}` waits for itself", edge.from),
        _ => format!("components wait in a circle: {}", told(circle)),
    };
    labelled(findings, circle, |place| Finding::error(code::WAIT_CYCLE, place, message))
        .reason("a component that waits starts after the one that it waits for, so nothing in the circle starts first")
        .help("take `wait: true` away at one of them and let it try again until the other answers")
}

fn use_circle(findings: &Findings<'_>, circle: &[&Edge]) -> Finding {
    let message = format!("components use each other in a circle: {}", told(circle));
    labelled(findings, circle, |place| Finding::note(code::USE_CYCLE, place, message))
        .reason("the order of delivery follows the uses, and falls back to the kinds of component where they go in a circle")
        .help("nothing has to be done where each of them starts without the other")
}

/// The finding with a label on every edge of the circle.
fn labelled(findings: &Findings<'_>, circle: &[&Edge], finding: impl FnOnce(Path) -> Finding) -> Finding {
    let place = |edge: &Edge| edge_place(findings, edge);
    let first = circle.first().map(|edge| place(edge)).unwrap_or_default();
    let label = circle.first().map(|edge| step(edge)).unwrap_or_default();
    let others = circle.iter().skip(1);
    others.fold(finding(first).label(label), |finding, edge| finding.also(place(edge), step(edge)))
}

fn step(edge: &Edge) -> String {
    let verb = if edge.wait { "waits for" } else { "uses" };
    format!("`{}` {verb} `{}`", edge.from, edge.to)
}

/// `a` waits for `b`, which uses `a`.
fn told(circle: &[&Edge]) -> String {
    let steps = circle.iter().enumerate().map(|(at, edge)| match at {
        0 => step(edge),
        _ => format!("which {} `{}`", if edge.wait { "waits for" } else { "uses" }, edge.to),
    });
    steps.collect::<Vec<_>>().join(", ")
}

/// Where an edge comes from: `uses`, or a variable that refers to the other component.
fn edge_place(findings: &Findings<'_>, edge: &Edge) -> Path {
    let uses = at!["components", edge.from, "uses", edge.to];
    let wait = if edge.wait { uses.join("wait") } else { uses.clone() };
    let by_use = first_written(findings, [wait, uses]);
    if findings.is_written(&by_use) {
        return by_use;
    }
    referring_variable(findings, edge).unwrap_or(by_use)
}

fn referring_variable(findings: &Findings<'_>, edge: &Edge) -> Option<Path> {
    let env = at!["components", edge.from, "env"];
    let place = env.locate(findings.root());
    let variables = place.node.as_map().filter(|_| place.exact)?;
    let output = format!("{}.", edge.to);
    variables.iter().find_map(|(name, entry)| {
        let refers = |key: &str, test: &dyn Fn(&str) -> bool| {
            let text = entry.node.get(key).and_then(crate::document::Node::as_text)?;
            test(text).then(|| env.join(name).join(key))
        };
        refers("from", &|text| text.starts_with(&output))
            .or_else(|| refers("value", &|text| text.contains(&format!("${{{output}"))))
    })
}

/// The edges that may lie on a circle: what nothing leads to is taken away, again and again.
fn edges_in_circles(model: &Model) -> Vec<&Edge> {
    let all: Vec<&Edge> = model.edges.iter().collect();
    let graph = Graph::new(&all);
    let mut entries: BTreeMap<&str, usize> = BTreeMap::new();
    for edge in &all {
        entries.entry(&edge.from).or_default();
        *entries.entry(&edge.to).or_default() += 1;
    }
    let mut queue: Vec<&str> = entries.iter().filter(|(_, count)| **count == 0).map(|(name, _)| *name).collect();
    while let Some(name) = queue.pop() {
        for edge in graph.from.get(name).into_iter().flatten() {
            let Some(count) = entries.get_mut(edge.to.as_str()) else { continue };
            *count -= 1;
            if *count == 0 {
                queue.push(&edge.to);
            }
        }
    }
    let stays = |name: &str| entries.get(name).is_some_and(|count| *count > 0);
    all.into_iter().filter(|edge| stays(&edge.from) && stays(&edge.to)).collect()
}

/// The edges by where they start.
struct Graph<'m> {
    from: BTreeMap<&'m str, Vec<&'m Edge>>,
}

impl<'m> Graph<'m> {
    fn new(edges: &[&'m Edge]) -> Self {
        let mut from: BTreeMap<&str, Vec<&Edge>> = BTreeMap::new();
        for edge in edges {
            from.entry(&edge.from).or_default().push(edge);
        }
        Self { from }
    }

    /// The shortest circle that starts with this edge.
    fn circle(&self, first: &'m Edge) -> Option<Vec<&'m Edge>> {
        let mut reached: BTreeMap<&str, &Edge> = BTreeMap::from([(first.to.as_str(), first)]);
        let mut queue = VecDeque::from([first.to.as_str()]);
        while let Some(at) = queue.pop_front() {
            if at == first.from {
                return Some(way(first, &reached));
            }
            for edge in self.from.get(at).into_iter().flatten() {
                if !reached.contains_key(edge.to.as_str()) {
                    reached.insert(&edge.to, edge);
                    queue.push_back(&edge.to);
                }
            }
        }
        None
    }
}

/// The edges from `first` back to where it starts.
fn way<'m>(first: &'m Edge, reached: &BTreeMap<&str, &'m Edge>) -> Vec<&'m Edge> {
    let mut way = Vec::new();
    let mut at = first.from.as_str();
    while let Some(edge) = reached.get(at) {
        way.push(*edge);
        if std::ptr::eq(*edge, first) {
            break;
        }
        at = &edge.from;
    }
    way.reverse();
    way
}

/// What is waited for opens a TCP port that the edge reaches, or is a job that completes by itself.
pub(super) fn waits_come_to_an_end(model: &Model, findings: &mut Findings<'_>) {
    for edge in model.edges.iter().filter(|edge| edge.wait) {
        let Some(to) = model.component(&edge.to) else { continue };
        if let Some((why, help)) = never_ends(edge, to) {
            let message = format!("`{}` waits for `{}`, {why}", edge.from, edge.to);
            findings.push(
                Finding::error(code::WAIT_ENDLESS, edge_place(findings, edge), message)
                    .label("never comes to an end")
                    .also(at!["components", edge.to], "waited for")
                    .reason("`wait` holds the pod until a TCP port opens or a job completes")
                    .help(help),
            );
        }
    }
}

fn never_ends(edge: &Edge, to: &Component) -> Option<(&'static str, &'static str)> {
    match to.workload().map(|workload| &workload.controller) {
        Some(Controller::CronJob { suspended: true, .. }) => {
            return Some(("which somebody starts by hand", "take `wait: true` away, or give the job `when: release`"));
        }
        Some(Controller::CronJob { .. }) => {
            return Some(("which runs by a schedule", "take `wait: true` away, or give the job `when: release`"));
        }
        Some(Controller::Job(_) | Controller::JobSet(_)) => return None,
        _ => {}
    }
    if to.kind == Kind::External && !(to.outputs.contains_key("host") && to.outputs.contains_key("port")) {
        return Some((
            "whose host and port are not known",
            "write `host:` and `ports:` of it, or take `wait: true` away",
        ));
    }
    let ports = to.ports();
    let reached = |port: &&crate::model::Port| edge.ports.contains(&port.name);
    if ports.is_empty() {
        Some(("which has no port", "take `wait: true` away, or give the component `ports:`"))
    } else if to.service.is_none() && to.kind != Kind::External {
        Some(("whose Service is switched off", "take `wait: true` away, or give the component its Service back"))
    } else if edge.ports.is_empty() {
        Some(("and opens none of its ports", "take `ports: []` away, so that the port can be reached"))
    } else if ports.iter().copied().filter(reached).all(|port| port.protocol != Protocol::Tcp) {
        Some(("which has no TCP port", "take `wait: true` away: only TCP says whether somebody listens"))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{api, cron_job, edge, job, law, main, second, workload};
    use super::*;
    use crate::diagnostic::Severity;
    use serde_json::json;

    fn three(model: &mut Model, waits: [bool; 3]) {
        second(model, "b");
        second(model, "c");
        edge(model, "api", "b", waits[0]);
        edge(model, "b", "c", waits[1]);
        edge(model, "c", "api", waits[2]);
    }

    #[test]
    fn a_circle_of_waits_is_told_as_a_whole() {
        let written = json!({"components": {
            "api": {"uses": {"b": {"wait": true}}},
            "b": {"env": {"C_URL": {"from": "c.url"}}},
            "c": {"uses": {"api": {"wait": true}}},
        }});
        let found = law(waits_do_not_go_in_circles)
            .written(&written)
            .with(|model| three(model, [true, false, true]))
            .breaks(code::WAIT_CYCLE, "components.api.uses.b.wait");
        assert_eq!(
            found.message,
            "components wait in a circle: `api` waits for `b`, which uses `c`, which waits for `api`"
        );
        let labels: Vec<_> = found.labels.iter().map(|label| label.text.as_str()).collect();
        assert_eq!(labels, ["`api` waits for `b`", "`b` uses `c`", "`c` waits for `api`"]);
    }

    #[test]
    fn a_circle_of_uses_is_a_note() {
        let found = law(waits_do_not_go_in_circles)
            .with(|model| three(model, [false; 3]))
            .breaks(code::USE_CYCLE, "components.api.uses.b");
        assert_eq!(found.severity, Severity::Note);
    }

    #[test]
    fn no_circle_no_finding() {
        law(waits_do_not_go_in_circles)
            .with(|model| {
                second(model, "b");
                second(model, "c");
                edge(model, "api", "b", true);
                edge(model, "api", "c", true);
                edge(model, "b", "c", true);
            })
            .keeps();
    }

    #[test]
    fn who_waits_for_itself_never_starts() {
        law(waits_do_not_go_in_circles)
            .with(|model| edge(model, "api", "api", true))
            .breaks(code::WAIT_CYCLE, "components.api.uses.api.wait");
    }

    #[test]
    fn a_wait_has_something_to_wait_for() {
        let wait_for = |change: fn(&mut Model)| {
            law(waits_come_to_an_end).with(|model| {
                second(model, "web");
                edge(model, "web", "api", true);
                change(model);
            })
        };
        wait_for(|_| {}).keeps();
        wait_for(|model| workload(model, "api").controller = Controller::Job(job())).keeps();
        for change in [
            (|model| main(model).ports.clear()) as fn(&mut Model),
            |model| cron_job(model, "0 2 * * *"),
            |model| model.edges[0].ports.clear(),
            |model| api(model).service = None,
            |model| main(model).ports[0].protocol = Protocol::Udp,
        ] {
            wait_for(change).breaks(code::WAIT_ENDLESS, "components.web.uses.api.wait");
        }
    }
}
