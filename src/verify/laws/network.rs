//! Network policies. Source: `ValidateNetworkPolicy`.

use super::{Subject, at, each, has, integer, items};
use crate::diagnostic::code;
use crate::kube::Content;
use crate::verify::schema::{Walk, is_cidr};
use std::net::IpAddr;

pub(super) fn policies_are_valid<'a>(subject: Subject<'a>, walk: &mut Walk<'a>) {
    if !subject.is("networking.k8s.io", &["NetworkPolicy"]) {
        return;
    }
    at(walk, subject.content, &["spec"], |walk, spec| {
        for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
            each(walk, spec, direction, |walk, rule| {
                each(walk, rule, "ports", port);
                each(walk, rule, peers, peer);
            });
        }
        kinds(spec, walk);
    });
}

/// What a policy is about: each direction once. Nothing is read as a direction without a name.
fn kinds<'a>(spec: &'a Content, walk: &mut Walk<'a>) {
    let all = spec.get("policyTypes").map(items).unwrap_or_default();
    each(walk, spec, "policyTypes", |walk, kind| {
        if matches!(kind, Content::Null) {
            walk.push(wrong(walk, "this is no direction", "`Ingress` or `Egress`"));
        }
    });
    if all.len() > 2 {
        super::on(walk, spec, "policyTypes", |walk| {
            wrong(walk, "a policy is about two directions at most", "one is named again").on_key()
        });
    }
}

fn port<'a>(walk: &mut Walk<'a>, port: &'a Content) {
    match port.get("port") {
        Some(Content::Integer(number)) if !(1..=65_535).contains(number) => {
            super::on(walk, port, "port", |walk| wrong(walk, "this is no port", "from 1 to 65535"));
        }
        Some(Content::Text(name)) if crate::spec::text::port_name(name).is_err() => {
            super::on(walk, port, "port", |walk| wrong(walk, "this is no name of a port", "not a name of a port"));
        }
        _ => {}
    }
    let Some(end) = integer(port, "endPort") else { return };
    if integer(port, "port").is_none_or(|start| end < start) {
        super::on(walk, port, "endPort", |walk| {
            wrong(
                walk,
                "a range of ports starts at a number that is not over its end",
                "needs a `port` of at most this",
            )
        });
    }
}

fn peer<'a>(walk: &mut Walk<'a>, peer: &'a Content) {
    let selects = has(peer, "podSelector") || has(peer, "namespaceSelector");
    if has(peer, "ipBlock") == selects {
        let message =
            if selects { "a peer is pods or addresses, not both" } else { "this peer says nothing of what it is" };
        walk.push(wrong(walk, message, "`ipBlock`, or selectors").on_key());
    }
    at(walk, peer, &["ipBlock"], |walk, block| {
        at(walk, block, &["cidr"], |walk, cidr| {
            if cidr.as_str().is_some_and(|cidr| !is_cidr(cidr)) {
                walk.push(wrong(walk, "this is no range of addresses", "such as `10.0.0.0/8`"));
            }
        });
        let whole = block.get("cidr").and_then(Content::as_str);
        each(walk, block, "except", |walk, part| {
            let part = part.as_str().unwrap_or_default();
            if !is_cidr(part) || whole.is_some_and(|whole| is_cidr(whole) && !is_inside(part, whole)) {
                walk.push(wrong(walk, &format!("`{part}` is no part of the range"), "must lie strictly inside `cidr`"));
            }
        });
    });
}

/// True where a range lies strictly inside another.
fn is_inside(part: &str, whole: &str) -> bool {
    let range = |text: &str| {
        let (address, bits) = text.split_once('/')?;
        let address = match address.parse().ok()? {
            IpAddr::V4(address) => u128::from(u32::from(address)) << 96,
            IpAddr::V6(address) => u128::from(address),
        };
        Some((address, bits.parse::<u32>().ok()?, text.contains(':')))
    };
    let (Some((part, part_bits, part_six)), Some((whole, whole_bits, whole_six))) = (range(part), range(whole)) else {
        return false;
    };
    let mask = u128::MAX.checked_shl(128 - whole_bits).unwrap_or_default();
    part_six == whole_six && part_bits > whole_bits && part & mask == whole & mask
}

fn wrong(walk: &Walk<'_>, message: &str, label: &str) -> crate::verify::schema::Fault {
    walk.fault(code::OBJECT_NETWORK, message).label(label).reason("the API server refuses such a policy")
}

#[cfg(test)]
mod tests {
    use crate::verify::laws::tests::found;
    use serde_json::{Value, json};

    fn with(rule: &Value) -> usize {
        found(&json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "a"}, "spec": {"podSelector": {}, "egress": [rule]}})).len()
    }

    #[test]
    fn peers_and_ports() {
        assert_eq!(with(&json!({"to": [{"podSelector": {}}], "ports": [{"port": 80, "endPort": 90}]})), 0);
        assert_eq!(with(&json!({"to": [{}]})), 1);
        assert_eq!(with(&json!({"to": [{"podSelector": {}, "ipBlock": {"cidr": "10.0.0.0/8"}}]})), 1);
        assert_eq!(with(&json!({"ports": [{"port": 80, "endPort": 79}]})), 1);
        assert_eq!(with(&json!({"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}]})), 0);
        assert_eq!(with(&json!({"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["11.1.0.0/16"]}}]})), 1);
        assert_eq!(with(&json!({"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["11.1.0.0/16"]}}]})), 0);
        assert_eq!(with(&json!({"to": [{"ipBlock": {"cidr": "10.0.0.0"}}]})), 1);
    }
}
