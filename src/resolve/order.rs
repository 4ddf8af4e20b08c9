//! The order of components: what is used comes before what uses it, otherwise by name.
//!
//! Promises: the order of writing does not matter. In a circle of plain uses the name decides.

use crate::model::Edge;
use std::collections::{BTreeMap, BTreeSet};

/// The keys in delivery order.
pub(super) fn delivery(keys: impl IntoIterator<Item = String>, edges: &[Edge]) -> Vec<String> {
    let mut waiting: BTreeMap<String, BTreeSet<&str>> = keys.into_iter().map(|key| (key, BTreeSet::new())).collect();
    let mut users: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for edge in edges.iter().filter(|edge| edge.from != edge.to) {
        if !waiting.contains_key(&edge.to) {
            continue;
        }
        if let Some(uses) = waiting.get_mut(&edge.from) {
            uses.insert(&edge.to);
            users.entry(&edge.to).or_default().push(&edge.from);
        }
    }
    let mut ready: BTreeSet<String> =
        waiting.iter().filter(|(_, uses)| uses.is_empty()).map(|(key, _)| key.clone()).collect();
    let mut order = Vec::with_capacity(waiting.len());
    while let Some(next) = ready.pop_first().or_else(|| waiting.keys().next().cloned()) {
        waiting.remove(&next);
        for user in users.get(next.as_str()).into_iter().flatten() {
            if let Some(uses) = waiting.get_mut(*user) {
                uses.remove(next.as_str());
                if uses.is_empty() {
                    ready.insert((*user).to_owned());
                }
            }
        }
        order.push(next);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(keys: &[&str], edges: &[(&str, &str)]) -> Vec<String> {
        let edges: Vec<Edge> = edges
            .iter()
            .map(|(from, to)| Edge { from: (*from).into(), to: (*to).into(), ports: vec![], wait: false })
            .collect();
        delivery(keys.iter().map(ToString::to_string), &edges)
    }

    #[test]
    fn what_is_used_comes_first() {
        assert_eq!(order(&["web", "db", "api"], &[("web", "api"), ("api", "db")]), ["db", "api", "web"]);
    }

    #[test]
    fn the_order_of_writing_does_not_matter() {
        let edges = [("b", "a"), ("c", "a"), ("gone", "a"), ("c", "elsewhere")];
        assert_eq!(order(&["c", "b", "a"], &edges), order(&["a", "b", "c"], &edges));
    }

    #[test]
    fn a_circle_falls_back_to_names() {
        assert_eq!(order(&["b", "a", "c"], &[("a", "b"), ("b", "a"), ("c", "b")]), ["a", "b", "c"]);
    }
}
