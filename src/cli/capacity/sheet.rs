//! The worst case as text: a table for each pool, the sums, the verdict, what it takes for granted.

use super::Assessed;
use crate::capacity::{
    Capacity, Demand, Doubt, Nodes, PODS, Pool, Role, Verdict, arithmetic, assumptions, offered, room, sum, used,
};
use crate::cli::table::{HARD, Table, folded};
use crate::diagnostic::listed;
use crate::model::{Amounts, Quantity};
use std::collections::BTreeSet;

/// The columns of the resources that something asks for: CPU and memory, the others, then pods.
fn resources(capacity: &Capacity) -> Vec<String> {
    let asked: BTreeSet<&String> = capacity.demands.iter().flat_map(|demand| demand.request.keys()).collect();
    let others = asked.into_iter().filter(|name| !["cpu", "memory", PODS].contains(&name.as_str()));
    // A port of the node is no amount.
    let others = others.filter(|name| !name.contains(' ')).cloned();
    ["cpu", "memory"].map(String::from).into_iter().chain(others).chain([PODS.to_owned()]).collect()
}

pub(super) fn text(assessed: &Assessed) -> String {
    let model = &assessed.model;
    let Some(capacity) = &assessed.capacity else {
        let said = "the target describes no nodes; write `target.nodePools`";
        return folded(&format!("{}: ", model.environment), said);
    };
    let resources = resources(capacity);
    let mut text = format!("{} in {}: {}\n", model.system, model.environment, headline(capacity));
    for at in 0..capacity.pools.len() {
        text.push_str(&pool(capacity, at, &resources));
    }
    text.push_str(&sums(capacity, &resources));
    text.push_str(&verdict(capacity));
    text.push_str("\ntaken for granted\n");
    assumptions(model, capacity).iter().for_each(|one| text.push_str(&folded("  - ", one)));
    text
}

fn headline(capacity: &Capacity) -> &'static str {
    match (&capacity.steady, &capacity.whole.verdict) {
        (Verdict::DoesNotFit(_), _) => "the worst case does not fit",
        (_, Verdict::DoesNotFit(_)) => "the worst case fits, but not while all is rolled out",
        (Verdict::Fits, Verdict::Fits) => "the worst case fits",
        (Verdict::Fits, Verdict::Unknown(_)) => "the worst case fits, unless all is rolled out at once",
        (Verdict::Unknown(_), _) => "whether the worst case fits is not known",
    }
}

fn pool(capacity: &Capacity, at: usize, resources: &[String]) -> String {
    let pool = &capacity.pools[at];
    let packing = || capacity.whole.packing.nodes.iter().filter(|nodes| nodes.pool == at);
    let all_used = packing().flat_map(|nodes| used(&capacity.demands, nodes).into_keys()).collect::<BTreeSet<_>>();
    let has = |name: &String| pool.room(name).is_some_and(|room| room > Quantity::ZERO) || all_used.contains(name);
    let resources: Vec<&String> = resources.iter().filter(|name| has(name)).collect();
    let mut table = Table::indented(2);
    let head = std::iter::once("nodes").chain(resources.iter().map(|name| column(name))).chain(["on it"]);
    table.row(head);
    let mut first = 1;
    for nodes in packing() {
        let last = first + nodes.count - 1;
        let range = if first == last { first.to_string() } else { format!("{first}–{last}") };
        let used = used(&capacity.demands, nodes);
        let cells = resources.iter().map(|name| share(name, &used, pool));
        table.row(std::iter::once(range).chain(cells).chain([content(capacity, nodes)]));
        first = last + 1;
    }
    let nodes = if pool.nodes == 1 { "1 node" } else { &format!("at most {} nodes", pool.nodes) };
    format!("\npool {}: {nodes}\n{}", pool.name, table.text())
}

/// `14.5/15`, or what is used alone where the pool does not say what there is.
fn share(name: &str, used: &Amounts, pool: &Pool) -> String {
    let used = shown(name, used.get(name).copied().unwrap_or(Quantity::ZERO));
    match pool.room(name) {
        Some(room) => format!("{used}/{}", shown(name, room)),
        None => format!("{used}/?"),
    }
}

fn content(capacity: &Capacity, nodes: &Nodes) -> String {
    if nodes.pods.is_empty() {
        return "nothing".into();
    }
    let part = |(demand, pods): &(usize, u64)| {
        let demand = &capacity.demands[*demand];
        let times = if *pods == 1 { String::new() } else { format!("{pods}{HARD}×{HARD}") };
        format!("{times}{}", named(demand).replace(' ', HARD))
    };
    nodes.pods.iter().map(part).collect::<Vec<_>>().join(", ")
}

/// `api`, or `api (surge)`
fn named(demand: &Demand) -> String {
    match demand.role {
        Role::Replicas | Role::Instances => demand.component.clone(),
        role => format!("{} ({})", demand.component, role.text()),
    }
}

/// What each sort of pods takes in all, and what the nodes have.
fn sums(capacity: &Capacity, resources: &[String]) -> String {
    let mut table = Table::indented(2);
    table.row(std::iter::once("").chain(resources.iter().map(|name| column(name))));
    let mut row = |head: String, amounts: &Amounts| {
        let amount = |name: &String| amounts.get(name).map_or_else(|| "–".into(), |amount| shown(name, *amount));
        table.row(std::iter::once(head).chain(resources.iter().map(amount)));
    };
    capacity.demands.iter().for_each(|demand| row(named(demand), &sum([demand])));
    row("all".into(), &sum(&capacity.demands));
    row("without rollouts".into(), &sum(capacity.demands.iter().filter(|demand| !demand.role.is_passing())));
    row("all nodes".into(), &offered(&capacity.pools));
    format!("\nworst case\n{}", table.text())
}

fn verdict(capacity: &Capacity) -> String {
    let mut text = String::from("\n");
    let steady = &capacity.steady;
    let whole = &capacity.whole.verdict;
    if *steady != *whole {
        text.push_str(&folded("without rollouts: ", &said(capacity, steady)));
    }
    let head = if *steady == *whole { "" } else { "with rollouts: " };
    text.push_str(&folded(head, &said(capacity, whole)));
    let left = capacity.whole.packing.left.iter().zip(&capacity.demands).filter(|(left, _)| **left > 0);
    let left: Vec<String> = left.map(|(left, demand)| format!("{left} × {}", named(demand))).collect();
    if !left.is_empty() {
        text.push_str(&folded("found no place above: ", &left.join(", ")));
    }
    text
}

fn said(capacity: &Capacity, verdict: &Verdict) -> String {
    match verdict {
        Verdict::Fits => "fits: every pod has a place".into(),
        Verdict::DoesNotFit(proof) => {
            let keys: BTreeSet<&str> =
                proof.pods.iter().map(|(demand, _)| capacity.demands[*demand].component.as_str()).collect();
            let why = room(capacity, proof);
            let why = if why.is_empty() { String::new() } else { format!("; {why}") };
            format!("does not fit: the pods of {}: {}{why}", listed(keys), arithmetic(proof))
        }
        Verdict::Unknown(doubts) => {
            let doubts: Vec<String> = doubts.iter().map(|doubt| doubted(capacity, doubt)).collect();
            format!("not known: {}", doubts.join("; "))
        }
    }
}

pub(super) fn doubted(capacity: &Capacity, doubt: &Doubt) -> String {
    match doubt {
        Doubt::NotFound { left } => {
            format!("{left} pods found no place, and no proof was found that there is none")
        }
        Doubt::NotSaid { pool, resource } => {
            format!("the pool `{}` does not say how much {resource} a node has", capacity.pools[*pool].name)
        }
        Doubt::Company { demand } => {
            format!("`{}` must lie near or away from other pods", capacity.demands[*demand].component)
        }
        Doubt::Zones { demand } => {
            format!("`{}` must be spread over zones, which no pool names", capacity.demands[*demand].component)
        }
    }
}

/// The last part of a device's name: `gpu` of `nvidia.com/gpu`.
fn column(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// CPU in cores, bytes with one digit after the point, counts as they are.
fn shown(name: &str, amount: Quantity) -> String {
    let bytes = ["memory", "ephemeral-storage"].contains(&name) || name.starts_with("hugepages-");
    if !bytes {
        let milli = amount.milli();
        let text = format!("{}.{:03}", milli / 1_000, milli % 1_000);
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    let units = [("Ti", 40), ("Gi", 30), ("Mi", 20), ("Ki", 10)];
    let bytes = amount.units();
    let Some((suffix, bits)) = units.into_iter().find(|(_, bits)| bytes >= 1_i64 << bits) else {
        return bytes.to_string();
    };
    let tenths = i128::from(bytes) * 10 / (1_i128 << bits);
    if tenths % 10 == 0 {
        format!("{}{suffix}", tenths / 10)
    } else {
        format!("{}.{}{suffix}", tenths / 10, tenths % 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_short() {
        let shown = |name, text| shown(name, Quantity::parse(text).unwrap());
        assert_eq!(shown("cpu", "14500m"), "14.5");
        assert_eq!(shown("cpu", "100m"), "0.1");
        assert_eq!(shown("cpu", "10"), "10");
        assert_eq!(shown("memory", "20992Mi"), "20.5Gi");
        assert_eq!(shown("memory", "128Mi"), "128Mi");
        assert_eq!(shown("memory", "0"), "0");
        assert_eq!(shown("pods", "110"), "110");
    }
}
