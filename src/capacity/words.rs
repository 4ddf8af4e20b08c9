//! Proofs in words.

use super::{Bound, Capacity, PODS, Pool, Proof};
use crate::model::{Amounts, Quantity};

/// Why the pods of a proof do not fit, as the end of a sentence about them.
pub fn arithmetic(proof: &Proof) -> String {
    let pods: u64 = proof.pods.iter().map(|(_, pods)| pods).sum();
    match &proof.bound {
        Bound::Sum { resource, need, have } if resource == PODS => {
            format!("they are {need}, and the nodes hold {have} pods")
        }
        Bound::Sum { resource, need, have } => {
            format!("{pods} of them ask for {need} of {resource}, and the nodes have {have}")
        }
        Bound::Slots { least, slots } => {
            format!("{pods} of them ask for {each}, and there is room for {slots}", each = each(least))
        }
        Bound::NoPool => "no pool takes them".into(),
        Bound::TooLarge => "no node is large enough for one".into(),
    }
}

/// `at least 3 of cpu and 2Gi of memory each`
fn each(least: &Amounts) -> String {
    let amounts: Vec<String> = without_pods(least).map(|(name, amount)| format!("{amount} of {name}")).collect();
    if amounts.is_empty() { "a place each".into() } else { format!("at least {} each", amounts.join(" and ")) }
}

fn without_pods(amounts: &Amounts) -> impl Iterator<Item = (&String, &Quantity)> {
    amounts.iter().filter(|(name, _)| *name != PODS)
}

/// What the nodes of the proof have.
pub fn room(capacity: &Capacity, proof: &Proof) -> String {
    let resources: Vec<&str> = match &proof.bound {
        Bound::Sum { resource, .. } => vec![resource],
        Bound::Slots { least, .. } => without_pods(least).map(|(name, _)| name.as_str()).collect(),
        Bound::TooLarge => {
            let asked = proof.pods.iter().flat_map(|(demand, _)| capacity.demands[*demand].request.keys());
            asked.map(String::as_str).filter(|name| *name != PODS).collect()
        }
        Bound::NoPool => Vec::new(),
    };
    let of_node = |pool: &Pool| -> Vec<String> {
        resources.iter().filter_map(|name| Some(format!("{} of {name}", pool.room(name)?))).collect()
    };
    let pools = proof.pools.iter().map(|pool| &capacity.pools[*pool]).map(|pool| {
        let each = of_node(pool).join(" and ");
        match pool.nodes {
            1 => format!("`{}` has one node at most, with {each} for pods", pool.name),
            nodes => format!("`{}` has {nodes} nodes at most, with {each} for pods on each", pool.name),
        }
    });
    pools.collect::<Vec<_>>().join("; ")
}
