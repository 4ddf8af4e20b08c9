//! Services. Source: `ValidateService`.

use super::{Subject, at, each, has, integer, items, text};
use crate::diagnostic::code;
use crate::kube::Content;
use crate::spec::text as rules;
use crate::verify::schema::Walk;
use std::collections::BTreeSet;

pub(super) fn services_are_valid<'a>(subject: Subject<'a>, walk: &mut Walk<'a>) {
    if !subject.is("", &["Service"]) {
        return;
    }
    at(walk, subject.content, &["spec"], |walk, spec| {
        let of = text(spec, "type").filter(|of| !of.is_empty()).unwrap_or("ClusterIP");
        let headless = text(spec, "clusterIP") == Some("None");
        let ports = spec.get("ports").map(items).unwrap_or_default();
        if ports.is_empty() && !headless && of != "ExternalName" {
            super::on(walk, spec, "ports", |walk| wrong(walk, "the Service has no port", "at least one is needed"));
        }
        if of == "ExternalName" && text(spec, "externalName").is_none_or(|name| rules::dns_name(name).is_err()) {
            super::on(walk, spec, "externalName", |walk| {
                wrong(walk, "a Service of this type names a host", "needs `externalName`")
            });
        }
        if headless && matches!(of, "NodePort" | "LoadBalancer") {
            super::on(walk, spec, "clusterIP", |walk| {
                wrong(walk, &format!("a {of} has an address of the cluster"), "cannot be `None`")
            });
        }
        if has(spec, "externalTrafficPolicy") && of == "ClusterIP" && !has(spec, "externalIPs") {
            super::on(walk, spec, "externalTrafficPolicy", |walk| {
                wrong(walk, "`externalTrafficPolicy` is for what comes from outside", "not with `type: ClusterIP`")
                    .on_key()
            });
        }
        addresses(spec, of, walk);
        all_ports(spec, ports.len() > 1, of, walk);
        at(walk, spec, &["selector"], super::metadata::labels);
    });
}

fn addresses<'a>(spec: &'a Content, of: &str, walk: &mut Walk<'a>) {
    let is_address = |address: &str| address.parse::<std::net::IpAddr>().is_ok();
    if text(spec, "clusterIP").is_some_and(|address| !matches!(address, "" | "None") && !is_address(address)) {
        super::on(walk, spec, "clusterIP", |walk| wrong(walk, "this is no IP address", "an address, or `None`"));
    }
    if text(spec, "loadBalancerClass").is_some_and(|class| rules::label_name(class).is_err()) {
        super::on(walk, spec, "loadBalancerClass", |walk| {
            wrong(walk, "this is no class of load balancers", "neither a name nor `domain/name`")
        });
    }
    each(walk, spec, "externalIPs", |walk, address| {
        if address.as_str().is_some_and(|address| !is_address(address)) {
            walk.push(wrong(walk, "this is no IP address", "not an address"));
        }
    });
    if has(spec, "loadBalancerSourceRanges") && of != "LoadBalancer" {
        super::on(walk, spec, "loadBalancerSourceRanges", |walk| {
            wrong(walk, "only a LoadBalancer has ranges of sources", "not with this type").on_key()
        });
    }
    each(walk, spec, "loadBalancerSourceRanges", |walk, range| {
        if !crate::verify::schema::is_cidr(range.as_str().unwrap_or_default().trim()) {
            walk.push(wrong(walk, "this is no range of addresses", "such as `10.0.0.0/8`"));
        }
    });
}

fn all_ports<'a>(spec: &'a Content, several: bool, of: &str, walk: &mut Walk<'a>) {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    each(walk, spec, "ports", |walk, port| {
        let name = text(port, "name").unwrap_or_default();
        if name.is_empty() {
            if several {
                super::on(walk, port, "name", |walk| {
                    wrong(walk, "this port has no name", "needs `name`: there are several")
                });
            }
        } else if let Err(refusal) = rules::dns_label(name) {
            super::on(walk, port, "name", |walk| {
                wrong(walk, &refusal.message, "not a name of a port").help(refusal.help)
            });
        } else if !names.insert(name) {
            super::on(walk, port, "name", |walk| {
                wrong(walk, &format!("two ports are called `{name}`"), "the second one")
            });
        }
        let target = match port.get("targetPort") {
            // 0 stands for `port`.
            Some(Content::Integer(number)) => !(0..=65_535).contains(number),
            Some(Content::Text(name)) => rules::port_name(name).is_err(),
            _ => false,
        };
        if target {
            super::on(walk, port, "targetPort", |walk| {
                wrong(walk, "this is no port of a pod", "neither a number from 1 to 65535 nor the name of a port")
            });
        }
        if integer(port, "nodePort").is_some_and(|number| number > 0) && matches!(of, "ClusterIP" | "ExternalName") {
            super::on(walk, port, "nodePort", |walk| {
                wrong(walk, "only a NodePort or LoadBalancer has a port of the nodes", "not with this type").on_key()
            });
        }
    });
}

fn wrong(walk: &Walk<'_>, message: &str, label: &str) -> crate::verify::schema::Fault {
    walk.fault(code::OBJECT_PORT, message).label(label).reason("the API server refuses such a Service")
}

#[cfg(test)]
mod tests {
    use crate::verify::laws::tests::found;
    use serde_json::{Value, json};

    fn with(spec: &Value) -> Vec<String> {
        found(&json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "api"}, "spec": spec}))
    }

    #[test]
    fn a_service_has_ports_with_names() {
        assert!(with(&json!({"ports": [{"port": 80}]})).is_empty());
        assert!(with(&json!({"clusterIP": "None"})).is_empty());
        assert_eq!(with(&json!({})).len(), 1);
        assert_eq!(with(&json!({"ports": [{"port": 80}, {"port": 81}]})).len(), 2);
        assert_eq!(with(&json!({"ports": [{"name": "a", "port": 80}, {"name": "a", "port": 81}]})).len(), 1);
        assert_eq!(with(&json!({"ports": [{"port": 80, "nodePort": 30000}]})).len(), 1);
        assert_eq!(with(&json!({"ports": [{"port": 80, "targetPort": "Web"}]})).len(), 1);
        assert_eq!(with(&json!({"type": "ExternalName"})).len(), 1);
    }
}
