//! Ports of containers. Source: `validateContainerPorts`, `validateHostNetwork`.

use super::{each, integer, is_true, text};
use crate::diagnostic::code;
use crate::kube::Content;
use crate::spec::text as rules;
use crate::verify::schema::Walk;
use std::collections::BTreeSet;

pub(super) fn ports_of_containers_are_valid<'a>(pod: &'a Content, walk: &mut Walk<'a>) {
    let of_host = is_true(pod, "hostNetwork");
    let mut taken: BTreeSet<(i64, &str, &str)> = BTreeSet::new();
    for list in super::container::LISTS {
        each(walk, pod, list, |walk, container| {
            let mut names: BTreeSet<&str> = BTreeSet::new();
            each(walk, container, "ports", |walk, port| {
                name(port, &mut names, walk);
                let host = integer(port, "hostPort").filter(|host| *host > 0);
                if let (Some(host), Some(own), true) = (host, integer(port, "containerPort"), of_host)
                    && host != own
                {
                    super::on(walk, port, "hostPort", |walk| {
                        wrong(
                            walk,
                            "with `hostNetwork`, the port of the node is that of the container",
                            &format!("must be {own}"),
                        )
                    });
                }
                let Some(host) = host else { return };
                let place = (host, text(port, "protocol").unwrap_or("TCP"), text(port, "hostIP").unwrap_or_default());
                if !taken.insert(place) {
                    super::on(walk, port, "hostPort", |walk| {
                        wrong(walk, &format!("the port {host} of the node is taken twice"), "the second one")
                    });
                }
            });
        });
    }
}

fn name<'a>(port: &'a Content, names: &mut BTreeSet<&'a str>, walk: &mut Walk<'a>) {
    let Some(name) = text(port, "name").filter(|name| !name.is_empty()) else { return };
    if let Err(refusal) = rules::port_name(name) {
        super::on(walk, port, "name", |walk| {
            let fault = wrong(walk, &refusal.message, "not a name of a port").help(refusal.help);
            fault.reason("the name of a port has lower-case letters, digits and single `-`, at most 15, and a letter")
        });
    } else if !names.insert(name) {
        super::on(walk, port, "name", |walk| {
            wrong(walk, &format!("two ports of the container are called `{name}`"), "the second one")
        });
    }
}

fn wrong(walk: &Walk<'_>, message: &str, label: &str) -> crate::verify::schema::Fault {
    walk.fault(code::OBJECT_PORT, message).label(label).reason("the API server refuses it")
}

#[cfg(test)]
mod tests {
    use crate::verify::laws::tests::in_container;
    use serde_json::json;

    #[test]
    fn ports_have_names_of_their_own() {
        assert!(
            in_container(&json!({"ports": [{"name": "http", "containerPort": 80}, {"containerPort": 81}]})).is_empty()
        );
        assert_eq!(
            in_container(
                &json!({"ports": [{"name": "http", "containerPort": 80}, {"name": "http", "containerPort": 81}]})
            )
            .len(),
            1
        );
        assert_eq!(in_container(&json!({"ports": [{"name": "a-name-that-is-long", "containerPort": 80}]})).len(), 1);
        assert_eq!(
            in_container(
                &json!({"ports": [{"hostPort": 80, "containerPort": 80}, {"hostPort": 80, "containerPort": 81}]})
            )
            .len(),
            1
        );
    }
}
