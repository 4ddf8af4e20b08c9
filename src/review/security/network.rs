//! Who may talk to whom, inside the cluster and from outside.

use super::{Opening, opening};
use crate::diff::path::{at, shown, text_at};
use crate::kube::Content;
use crate::review::workload::{entries, items};

/// Each allowed peer with its ports, by direction.
pub(super) fn policy(content: &Content) -> Vec<Opening> {
    let mut found = Vec::new();
    for (direction, peers, word) in [("ingress", "from", "may be reached by"), ("egress", "to", "may reach")] {
        let types: Vec<&str> = items(at(content, &["spec", "policyTypes"])).filter_map(Content::as_str).collect();
        let is_closed = types.iter().any(|kind| kind.eq_ignore_ascii_case(direction));
        if !is_closed {
            found.push(opening(
                "network-open",
                format!("spec.policyTypes[{direction}]"),
                "open",
                format!("nothing holds back {direction} here"),
                "a policy closes only the directions that it names",
            ));
        }
        for rule in items(at(content, &["spec", direction])) {
            let ports: Vec<String> = items(rule.get("ports")).map(port).collect();
            let ports = if ports.is_empty() { "all ports".to_owned() } else { ports.join(", ") };
            let mut whom: Vec<String> = items(rule.get(peers)).map(peer).collect();
            if whom.is_empty() {
                whom.push("everyone".into());
            }
            for peer in whom {
                let value = format!("{peer}: {ports}");
                found.push(opening(
                    "network-open",
                    format!("spec.{direction}[{value}]"),
                    value.clone(),
                    format!("{word} {peer} ({ports})"),
                    "network policies add up: each rule opens what it names",
                ));
            }
        }
    }
    found
}

fn port(port: &Content) -> String {
    let end = at(port, &["endPort"]).map_or(String::new(), |end| format!("-{}", shown(end)));
    let number = port.get("port").map_or("all".into(), shown);
    format!("{number}{end}/{}", text_at(port, &["protocol"]).unwrap_or("TCP"))
}

/// Labels in one line: `app=api,tier=back`; empty where there are none.
pub(super) fn labels_of(labels: Option<&Content>) -> String {
    entries(labels).map(|(key, value)| format!("{key}={}", shown(value))).collect::<Vec<_>>().join(",")
}

fn peer(peer: &Content) -> String {
    if let Some(cidr) = text_at(peer, &["ipBlock", "cidr"]) {
        let except: Vec<&str> = items(at(peer, &["ipBlock", "except"])).filter_map(Content::as_str).collect();
        return if except.is_empty() { cidr.into() } else { format!("{cidr} but {}", except.join(", ")) };
    }
    let labels = |key| {
        let selector = peer.get(key)?;
        Some(match (labels_of(selector.get("matchLabels")), selector.get("matchExpressions")) {
            (words, _) if !words.is_empty() => words,
            (_, None) => "all".into(),
            (_, Some(_)) => shown(selector),
        })
    };
    match (labels("namespaceSelector"), labels("podSelector")) {
        (Some(namespace), Some(pods)) => format!("pods {pods} in namespaces {namespace}"),
        (Some(namespace), None) => format!("namespaces {namespace}"),
        (None, Some(pods)) => format!("pods {pods}"),
        (None, None) => "everyone".into(),
    }
}

pub(super) fn names(content: &Content) -> Vec<Opening> {
    let rules = items(at(content, &["spec", "egress"]));
    let names = rules
        .flat_map(|rule| items(rule.get("toFQDNs")))
        .filter_map(|name| text_at(name, &["matchName"]).or_else(|| text_at(name, &["matchPattern"])));
    names
        .map(|name| {
            opening(
                "network-open",
                format!("spec.egress[{name}]"),
                name,
                format!("may reach `{name}`"),
                "the policy opens this name",
            )
        })
        .collect()
}

pub(super) fn service(content: &Content) -> Vec<Opening> {
    let mut found = Vec::new();
    let kind = text_at(content, &["spec", "type"]).unwrap_or("ClusterIP");
    if matches!(kind, "LoadBalancer" | "NodePort") {
        found.push(opening(
            "service-exposed",
            "spec.type",
            kind,
            "reachable from outside the cluster",
            "the cloud or every node gives it an address",
        ));
        if kind == "LoadBalancer" && items(at(content, &["spec", "loadBalancerSourceRanges"])).next().is_none() {
            found.push(opening(
                "service-exposed",
                "spec.loadBalancerSourceRanges",
                "everyone",
                "reachable from every address",
                "without ranges the load balancer lets everyone in",
            ));
        }
    }
    for range in items(at(content, &["spec", "loadBalancerSourceRanges"])).filter_map(Content::as_str) {
        found.push(opening(
            "service-exposed",
            format!("spec.loadBalancerSourceRanges[{range}]"),
            range,
            format!("reachable from {range}"),
            "the load balancer lets this range in",
        ));
    }
    for address in items(at(content, &["spec", "externalIPs"])).filter_map(Content::as_str) {
        found.push(opening(
            "service-exposed",
            "spec.externalIPs",
            address,
            format!("reachable at {address}"),
            "nodes answer at this address",
        ));
    }
    found
}

pub(super) fn route(content: &Content) -> Vec<Opening> {
    let of_gateway = items(at(content, &["spec", "hostnames"])).filter_map(Content::as_str);
    let of_ingress = items(at(content, &["spec", "rules"])).filter_map(|rule| text_at(rule, &["host"]));
    let hosts = of_gateway.chain(of_ingress).map(|host| {
        opening(
            "route-opened",
            format!("spec.hostnames[{host}]"),
            host,
            format!("reachable from outside as `{host}`"),
            "the gateway or ingress controller serves this name to whoever can reach it",
        )
    });
    let mut found: Vec<Opening> = hosts.collect();
    let is_ingress = at(content, &["spec", "rules"]).is_some() && at(content, &["spec", "parentRefs"]).is_none();
    if is_ingress && items(at(content, &["spec", "tls"])).next().is_none() {
        found.push(opening(
            "route-without-tls",
            "spec.tls",
            "none",
            "served without TLS",
            "what is sent can be read on the way",
        ));
    }
    found
}
