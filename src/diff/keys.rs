//! How the items of a list are told apart.
//!
//! Promises: a list that Kubernetes merges by a key is matched by it, sets by their values, and all others
//! by what they hold; the order counts only where it means something.
//!
//! Source: `listMapKey` and `listType` of the types in `k8s.io/api`, and of the operators' definitions.

use crate::kube::{Content, Key};
use std::collections::BTreeSet;

/// What a list is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listing {
    /// Items with these keys, each alone or together; the order says nothing.
    Keyed(&'static [&'static str]),
    /// Items with keys, whose order is a meaning of its own.
    Ordered(&'static [&'static str]),
    /// Scalars in any order.
    Set,
    /// One value, like the arguments of a command.
    Whole,
}

/// What the list under `key` of a `kind` is.
pub(super) fn listing(key: &str, kind: &str) -> Listing {
    use Listing::{Keyed, Ordered, Set, Whole};
    match (key, kind) {
        ("initContainers" | "env", _) => Ordered(&["name"]),
        ("ports", "Service") => Keyed(&["name", "port", "protocol"]),
        ("envFrom" | "command" | "args" | "steps", _)
        | ("rules", "HTTPRoute" | "GRPCRoute" | "Ingress" | "Role" | "ClusterRole")
        | ("ports", "NetworkPolicy" | "CiliumNetworkPolicy") => Whole,
        ("ports", _) => Keyed(&["containerPort", "protocol"]),
        ("subjects", _) => Keyed(&["kind", "namespace", "name"]),
        ("ownerReferences", _) => Keyed(&["uid"]),
        ("volumeClaimTemplates", _) => Keyed(&["metadata"]),
        (
            "accessModes"
            | "finalizers"
            | "hosts"
            | "hostnames"
            | "verbs"
            | "resources"
            | "apiGroups"
            | "policyTypes"
            | "add"
            | "drop"
            | "loadBalancerSourceRanges"
            | "ipFamilies"
            | "sourceRepos"
            | "syncOptions",
            _,
        ) => Set,
        _ => ITEMS.iter().find(|(list, _)| *list == key).map_or(Whole, |(_, keys)| Keyed(keys)),
    }
}

/// Lists that have the same keys in every kind.
const ITEMS: &[(&str, &[&str])] = &[
    ("containers", &["name"]),
    ("ephemeralContainers", &["name"]),
    ("volumes", &["name"]),
    ("volumeMounts", &["mountPath"]),
    ("volumeDevices", &["devicePath"]),
    ("imagePullSecrets", &["name"]),
    ("resourceClaims", &["name"]),
    ("schedulingGates", &["name"]),
    ("secrets", &["name"]),
    ("hostAliases", &["ip"]),
    ("topologySpreadConstraints", &["topologyKey", "whenUnsatisfiable"]),
    ("tolerations", &["key", "operator", "value", "effect"]),
    ("conditions", &["type"]),
    ("webhooks", &["name"]),
    ("validations", &["name"]),
    ("versions", &["name"]),
    ("listeners", &["name"]),
    ("parentRefs", &["name", "namespace", "sectionName"]),
    ("tls", &["secretName"]),
    ("data", &["secretKey"]),
    ("groups", &["name"]),
    ("triggers", &["type", "name", "metricType", "metadata"]),
    ("metrics", &["type", "resource", "pods", "object", "external", "containerResource"]),
    ("replicatedJobs", &["name"]),
    ("plugins", &["name"]),
    ("tablespaces", &["name"]),
    ("parameters", &["name"]),
    ("destinations", &["server", "name", "namespace"]),
    ("resourceGroups", &["coveredResources"]),
    ("flavors", &["name"]),
];

/// The name of an item among its neighbours, such as `http/80/TCP`; none where it has none of the keys.
fn name(item: &Content, keys: &[&str]) -> Option<Key> {
    let words: Vec<String> = keys.iter().filter_map(|key| word(key, item.get(key)?)).collect();
    if words.is_empty() { None } else { Some(Key::from(words.join("/"))) }
}

fn word(key: &str, value: &Content) -> Option<String> {
    match value {
        Content::Text(text) => Some(text.to_string()),
        Content::Integer(number) => Some(number.to_string()),
        // The name of a template of claims, of the resource of a metric, of a trigger's metric.
        Content::Map(_) if key == "metadata" => {
            value.get("name").or_else(|| value.get("metricName"))?.as_str().map(Into::into)
        }
        Content::Map(_) => value.get("name").or_else(|| value.get("metric")?.get("name"))?.as_str().map(Into::into),
        _ => None,
    }
}

/// The names of all items, where each has one and none has another's.
///
/// A port is known by its name alone where it has one: moving it to another number is a change of the port.
pub(super) fn names(items: &[Content], keys: &[&str]) -> Option<Vec<Key>> {
    let unique = |names: Option<Vec<Key>>| {
        let names = names?;
        (names.iter().collect::<BTreeSet<_>>().len() == names.len()).then_some(names)
    };
    (1..=keys.len())
        .filter(|count| *count == 1 || *count == keys.len())
        .find_map(|count| unique(items.iter().map(|item| name(item, &keys[..count])).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn items_are_named_by_the_shortest_key_that_tells_them_apart() {
        let of = |value| match Content::of(&value) {
            Ok(Content::List(items)) => items,
            _ => Vec::new(),
        };
        let ports = of(json!([{"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "dns-tcp", "port": 53}]));
        assert_eq!(names(&ports, &["name", "port", "protocol"]), Some(vec!["dns".into(), "dns-tcp".into()]));
        let bare = of(json!([{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]));
        let shown = names(&bare, &["name", "port", "protocol"]);
        assert_eq!(shown, Some(vec!["53/UDP".into(), "53/TCP".into()]));
        assert_eq!(names(&of(json!([{"a": 1}])), &["name"]), None);
    }
}
