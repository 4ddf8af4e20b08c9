//! The worst case for scripts: exact amounts, as Kubernetes writes them.

use super::Assessed;
use super::sheet::doubted;
use crate::capacity::{Capacity, Nodes, Pool, Verdict, arithmetic, assumptions, offered, room, sum, used};
use crate::model::Amounts;
use serde_json::{Value, json};

/// Raised when a member changes its meaning or goes away.
const VERSION: u32 = 1;

pub(super) fn json(all: &[Assessed]) -> String {
    let environments: Vec<Value> = all.iter().map(environment).collect();
    let report = json!({ "version": VERSION, "environments": environments });
    format!("{}\n", serde_json::to_string_pretty(&report).unwrap_or_default())
}

fn environment(assessed: &Assessed) -> Value {
    let model = &assessed.model;
    let capacity = assessed.capacity.as_ref();
    json!({
        "system": model.system,
        "environment": model.environment,
        "verdict": capacity.map(|capacity| verdict(capacity, &capacity.steady)),
        "withRollouts": capacity.map(|capacity| verdict(capacity, &capacity.whole.verdict)),
        "pools": capacity.map(pools),
        "pods": capacity.map(pods),
        "asked": capacity.map(|capacity| amounts(&sum(&capacity.demands))),
        "offered": capacity.map(|capacity| amounts(&offered(&capacity.pools))),
        "assumptions": capacity.map(|capacity| assumptions(model, capacity)),
    })
}

fn verdict(capacity: &Capacity, verdict: &Verdict) -> Value {
    match verdict {
        Verdict::Fits => json!({ "answer": "fits", "why": null, "pods": null }),
        Verdict::DoesNotFit(proof) => {
            let why = [arithmetic(proof), room(capacity, proof)].join("; ");
            json!({ "answer": "does-not-fit", "why": why, "pods": placed(capacity, &proof.pods) })
        }
        Verdict::Unknown(doubts) => {
            let why: Vec<String> = doubts.iter().map(|doubt| doubted(capacity, doubt)).collect();
            json!({ "answer": "unknown", "why": why.join("; "), "pods": null })
        }
    }
}

fn pools(capacity: &Capacity) -> Vec<Value> {
    capacity.pools.iter().enumerate().map(|(at, pool)| one_pool(capacity, at, pool)).collect()
}

fn one_pool(capacity: &Capacity, at: usize, pool: &Pool) -> Value {
    let own = capacity.whole.packing.nodes.iter().filter(|nodes| nodes.pool == at);
    let nodes: Vec<Value> = own.map(|nodes| of_nodes(capacity, nodes)).collect();
    json!({ "name": pool.name, "nodes": pool.nodes, "room": amounts(&pool.room), "packing": nodes })
}

fn of_nodes(capacity: &Capacity, nodes: &Nodes) -> Value {
    json!({
        "count": nodes.count,
        "used": amounts(&used(&capacity.demands, nodes)),
        "pods": placed(capacity, &nodes.pods),
    })
}

fn placed(capacity: &Capacity, pods: &[(usize, u64)]) -> Vec<Value> {
    let one = |(demand, pods): &(usize, u64)| {
        let demand = &capacity.demands[*demand];
        json!({ "component": demand.component, "role": demand.role.text(), "count": pods })
    };
    pods.iter().map(one).collect()
}

fn pods(capacity: &Capacity) -> Vec<Value> {
    let left = &capacity.whole.packing.left;
    let one = |(at, demand): (usize, &crate::capacity::Demand)| {
        json!({
            "component": demand.component,
            "role": demand.role.text(),
            "count": demand.pods,
            "withoutPlace": left.get(at).copied().unwrap_or(0),
            "request": amounts(&demand.request),
        })
    };
    capacity.demands.iter().enumerate().map(one).collect()
}

fn amounts(amounts: &Amounts) -> Value {
    amounts
        .iter()
        .map(|(name, amount)| (name.clone(), Value::String(amount.to_string())))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
