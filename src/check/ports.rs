//! Ports: of Services, of containers, of nodes.

use super::places::{first_written, workloads};
use crate::diagnostic::code;
use crate::document::{Finding, Findings, Path, at};
use crate::model::{Component, Model, Port};
use crate::spec::{Protocol, ServiceType};

/// Ports under this belong to root, unless the node says otherwise.
const UNPRIVILEGED: u16 = 1024;

/// Where a port is written: at the component, or at the sidecar that has it.
fn place(component: &Component, port: &Port) -> Path {
    let mut sidecars = component.workload().into_iter().flat_map(|workload| &workload.pod.sidecars);
    let owner = sidecars.find(|sidecar| sidecar.ports.iter().any(|own| std::ptr::eq(own, port)));
    match owner {
        Some(sidecar) => at!["components", component.key, "sidecars", sidecar.name, "ports", port.name],
        None => at!["components", component.key, "ports", port.name],
    }
}

/// The second of two ports that the same is true for, and the first.
fn twice<'p, T: PartialEq>(ports: &[&'p Port], of: impl Fn(&Port) -> T) -> Vec<(&'p Port, &'p Port)> {
    let first = |at: usize| ports[..at].iter().copied().find(|earlier| of(earlier) == of(ports[at]));
    (0..ports.len()).filter_map(|at| Some((ports[at], first(at)?))).collect()
}

/// The containers of a pod call their ports differently: the Service leads to them by name.
pub(super) fn port_names_are_unique(model: &Model, findings: &mut Findings<'_>) {
    for component in model.components.values() {
        for (port, first) in twice(&component.ports(), |port| port.name.clone()) {
            findings.push(
                Finding::error(
                    code::PORT_TWICE,
                    place(component, port),
                    format!("two ports of `{}` are called `{}`", component.key, port.name),
                )
                .label("taken already")
                .on_key()
                .also(place(component, first), "the first")
                .reason("the Service offers the ports of all containers, each by its name")
                .help("give one of them another name"),
            );
        }
    }
}

/// A Service has each port once for each protocol. Source: `ValidateService` of Kubernetes.
pub(super) fn service_ports_are_unique(model: &Model, findings: &mut Findings<'_>) {
    for component in model.components.values().filter(|component| component.service.is_some()) {
        for (port, first) in twice(&component.ports(), |port| (port.port, port.protocol)) {
            findings.push(
                Finding::error(
                    code::PORT_TWICE,
                    place(component, port).join("port"),
                    format!(
                        "`{}` and `{}` of `{}` are both port {} of its Service",
                        first.name, port.name, component.key, port.port
                    ),
                )
                .label("taken already")
                .also(place(component, first).join("port"), "the first")
                .reason("a Service has each port and protocol once")
                .help("give one of them another `port`; `target` stays that of the container"),
            );
        }
    }
}

/// A container declares each port once for each protocol: it is the key by which the API server merges
/// the list. Source: the list-map keys of `Container.ports`.
pub(super) fn container_ports_are_unique(model: &Model, findings: &mut Findings<'_>) {
    for (component, pod) in workloads(model) {
        for (port, first) in twice(&pod.ports().collect::<Vec<_>>(), |port| (port.target, port.protocol)) {
            // The same port of the Service too: reported already.
            if component.service.is_some() && port.port == first.port {
                continue;
            }
            findings.push(
                Finding::error(
                    code::PORT_TWICE,
                    first_written(
                        findings,
                        [place(component, port).join("target"), place(component, port).join("port")],
                    ),
                    format!(
                        "`{}` and `{}` of `{}` are both port {} of its container",
                        first.name, port.name, component.key, port.target
                    ),
                )
                .label("taken already")
                .also(
                    first_written(
                        findings,
                        [place(component, first).join("target"), place(component, first).join("port")],
                    ),
                    "the first",
                )
                .reason("server-side apply takes each port and protocol of a container once")
                .help("keep one of them; a Service port leads to one port of the container"),
            );
        }
    }
}

/// A port of the nodes belongs to one Service port of the cluster.
pub(super) fn node_ports_are_unique(model: &Model, findings: &mut Findings<'_>) {
    let mut known: Vec<(u16, Protocol, Path)> = Vec::new();
    for component in model.components.values() {
        for port in component.ports() {
            let Some(number) = port.node_port else { continue };
            let place = place(component, port).join("nodePort");
            match known.iter().find(|(other, protocol, _)| (*other, *protocol) == (number, port.protocol)) {
                Some((_, _, first)) => findings.push(
                    Finding::error(code::NODE_PORT_TWICE, place, format!("port {number} of the nodes is taken twice"))
                        .label("taken already")
                        .also(first.clone(), "the first")
                        .reason("a port of the nodes leads to one Service of the whole cluster")
                        .help("write another number from 30000 to 32767, or none: the cluster chooses one"),
                ),
                None => known.push((number, port.protocol, place)),
            }
        }
    }
}

/// A port of the nodes stands at a Service that has one. Source: `ValidateService`: not with
/// `ClusterIP`.
pub(super) fn node_ports_have_their_type(model: &Model, findings: &mut Findings<'_>) {
    for component in model.components.values() {
        if component.service.as_ref().is_none_or(|service| service.kind != ServiceType::ClusterIp) {
            continue;
        }
        for port in component.ports().into_iter().filter(|port| port.node_port.is_some()) {
            findings.push(
                Finding::error(
                    code::NODE_PORT_TYPE,
                    place(component, port).join("nodePort"),
                    format!(
                        "`{}` of `{}` has a port of the nodes, and its Service is of type ClusterIP",
                        port.name, component.key
                    ),
                )
                .label("for NodePort and LoadBalancer only")
                .also(at!["components", component.key, "service", "type"], "the type")
                .help("write `service: {type: NodePort}`, or take `nodePort` away"),
            );
        }
    }
}

/// A container without root listens above 1024: below, the kernel asks for `CAP_NET_BIND_SERVICE`.
pub(super) fn unprivileged_containers_listen_above_1024(model: &Model, findings: &mut Findings<'_>) {
    for (component, pod) in workloads(model) {
        let held = pod.running().filter(|one| one.security.run_as_non_root && !one.security.privileged);
        for port in held.flat_map(|one| &one.ports).filter(|port| port.target < UNPRIVILEGED) {
            let above = if port.target == 443 { 8443 } else { 8000 + port.target };
            findings.push(
                Finding::error(
                    code::PORT_PRIVILEGED,
                    first_written(findings, [place(component, port).join("target"), place(component, port).join("port")]),
                    format!("`{}` listens on port {} and does not run as root", component.key, port.target),
                )
                .label("a port of root")
                .reason(
                    "below 1024 the kernel asks for CAP_NET_BIND_SERVICE, unless the node's container runtime opens these ports; \
                     adding the capability does not reach a process without root where privilege escalation is off",
                )
                .help(format!(
                    "let the program listen above 1024 and keep the port of the Service: `ports: {{{}: {{port: {}, target: {above}}}}}`",
                    port.name, port.port
                )),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{api, law, main, port, second, workload};
    use super::*;

    #[test]
    fn a_service_port_is_one() {
        law(service_ports_are_unique)
            .with(|model| main(model).ports.push(Port { target: 9090, ..port("metrics", 8080) }))
            .breaks(code::PORT_TWICE, "components.api.ports.metrics.port");
        law(service_ports_are_unique)
            .with(|model| main(model).ports.push(Port { protocol: Protocol::Udp, ..port("quic", 8080) }))
            .keeps();
    }

    #[test]
    fn a_container_port_is_one() {
        let with = |number| {
            law(container_ports_are_unique)
                .with(move |model| main(model).ports.push(Port { target: number, ..port("other", 80) }))
        };
        with(8080).breaks(code::PORT_TWICE, "components.api.ports.other.target");
        with(8081).keeps();
        law(container_ports_are_unique).with(|model| main(model).ports.push(port("again", 8080))).keeps();
    }

    #[test]
    fn a_node_port_is_one_in_the_cluster() {
        let taken = |number| {
            law(node_ports_are_unique).with(move |model| {
                second(model, "web");
                main(model).ports[0].node_port = Some(30_080);
                workload(model, "web").pod.main.ports[0].node_port = Some(number);
            })
        };
        taken(30_080).breaks(code::NODE_PORT_TWICE, "components.web.ports.http.nodePort");
        taken(30_081).keeps();
    }

    #[test]
    fn a_node_port_needs_its_type() {
        let with = |kind| {
            law(node_ports_have_their_type).with(move |model| {
                main(model).ports[0].node_port = Some(30_080);
                api(model).service.as_mut().unwrap().kind = kind;
            })
        };
        with(ServiceType::ClusterIp).breaks(code::NODE_PORT_TYPE, "components.api.ports.http.nodePort");
        with(ServiceType::NodePort).keeps();
    }

    #[test]
    fn port_80_is_roots() {
        let found = law(unprivileged_containers_listen_above_1024)
            .with(|model| main(model).ports = vec![port("http", 80)])
            .breaks(code::PORT_PRIVILEGED, "components.api.ports.http.target");
        assert!(found.help.unwrap().ends_with("`ports: {http: {port: 80, target: 8080}}`"));
        law(unprivileged_containers_listen_above_1024)
            .with(|model| main(model).ports = vec![Port { target: 8080, ..port("http", 80) }])
            .keeps();
        law(unprivileged_containers_listen_above_1024)
            .with(|model| {
                main(model).ports = vec![port("http", 80)];
                main(model).security.run_as_non_root = false;
            })
            .keeps();
    }
}
