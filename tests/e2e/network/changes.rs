//! The policies with one thing changed. What they allow is then another, so that what is compared with it can differ.

use crate::api::items;
use serde_json::{Value, json};

const DIRECTIONS: [&str; 2] = ["ingress", "egress"];

/// Without one policy, without one rule, with one rule for everyone, or with one port by one higher; and what was
/// changed.
pub(super) fn changes(policies: &[Value]) -> Vec<(String, Vec<Value>)> {
    let mut sets = Vec::new();
    for (index, policy) in policies.iter().enumerate() {
        let name = policy["metadata"]["name"].as_str().unwrap_or_default();
        // Pods are closed by the policy for all of them already.
        if opens(policy) || policy["spec"]["podSelector"]["matchLabels"]["app.kubernetes.io/name"].is_null() {
            let mut without = policies.to_vec();
            without.remove(index);
            sets.push((name.to_owned(), without));
        }
        for (direction, rule) in places(policy) {
            let of_rule = [without(policy, direction, rule), for_everyone(policy, direction, rule)];
            let of_rule = of_rule.into_iter().flatten().chain(other_ports(policy, direction, rule));
            sets.extend(of_rule.map(|(what, changed)| {
                let mut set = policies.to_vec();
                set[index] = changed;
                (format!("{name}: {direction} {rule}{what}"), set)
            }));
        }
    }
    sets
}

fn opens(policy: &Value) -> bool {
    places(policy).next().is_some()
}

/// The rules that open something which no rule for everyone opens.
fn places(policy: &Value) -> impl Iterator<Item = (&'static str, usize)> {
    DIRECTIONS.into_iter().flat_map(move |direction| {
        let count = items(&policy["spec"][direction]).count();
        (0..count).filter(move |rule| !is_covered(policy, direction, *rule)).map(move |rule| (direction, rule))
    })
}

fn is_covered(policy: &Value, direction: &str, rule: usize) -> bool {
    let rules = &policy["spec"][direction];
    let has_peers = |rule: &Value| rule.get("from").or_else(|| rule.get("to")).is_some();
    let ports = |rule: &Value| items(&rule["ports"]).cloned().collect::<Vec<Value>>();
    let own = ports(&rules[rule]);
    let covers = |other: &Value| !has_peers(other) && own.iter().all(|port| ports(other).contains(port));
    !own.is_empty() && has_peers(&rules[rule]) && items(rules).any(covers)
}

fn without(policy: &Value, direction: &str, rule: usize) -> Option<(String, Value)> {
    let mut changed = policy.clone();
    changed["spec"][direction].as_array_mut()?.remove(rule);
    Some((String::new(), changed))
}

fn for_everyone(policy: &Value, direction: &str, rule: usize) -> Option<(String, Value)> {
    let mut changed = policy.clone();
    let peers = if direction == "ingress" { "from" } else { "to" };
    changed["spec"][direction][rule].as_object_mut()?.remove(peers)?;
    Some((", for everyone".into(), changed))
}

fn other_ports(policy: &Value, direction: &str, rule: usize) -> Vec<(String, Value)> {
    let ports = items(&policy["spec"][direction][rule]["ports"]).enumerate();
    let other = |(index, port): (usize, &Value)| {
        let number = port["port"].as_u64()?;
        let mut changed = policy.clone();
        changed["spec"][direction][rule]["ports"][index]["port"] = json!(number + 1);
        Some((format!(", port {number}"), changed))
    };
    ports.filter_map(other).collect()
}
