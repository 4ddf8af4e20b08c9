//! Network: what is open to the outside, and what stays closed.

use super::cidr::lies_inside;
use super::places::first_written;
use crate::diagnostic::{Severity, code, listed};
use crate::document::{Finding, Findings, Path, at};
use crate::model::{Body, Component, DatabaseCluster, EgressTo, External, Model, Service};
use crate::spec::{Feature, Kind, ServiceType, TrafficPolicy};

/// Services with the place where they are written.
fn services(model: &Model) -> impl Iterator<Item = (&Component, &Service, Path)> {
    model.components.values().filter_map(|component| {
        component.service.as_ref().map(|service| (component, service, at!["components", component.key, "service"]))
    })
}

/// A headless Service has no address that could be reached from outside. Source: `ValidateService`:
/// `clusterIP: None` only with the type `ClusterIP`.
pub(super) fn headless_services_stay_inside(model: &Model, findings: &mut Findings<'_>) {
    for (component, service, place) in services(model) {
        if service.headless && service.kind != ServiceType::ClusterIp {
            findings.push(
                Finding::error(
                    code::HEADLESS_OUTSIDE,
                    place.join("type"),
                    format!("the Service of `{}` is headless and of type {}", component.key, service.kind),
                )
                .label("needs an address")
                .also(place.join("headless"), "has none")
                .reason("Kubernetes takes `headless` only with the type ClusterIP")
                .help("take one of the two away"),
            );
        }
    }
}

/// What the outside reaches directly says who may come: without `sources` everyone may.
pub(super) fn services_are_not_open_to_everyone(model: &Model, findings: &mut Findings<'_>) {
    for (component, service, place) in services(model) {
        if service.kind != ServiceType::ClusterIp && !service.headless && service.sources.is_empty() {
            findings.push(
                Finding::warning(
                    code::OPEN_TO_ALL,
                    place.join("type"),
                    format!("everyone who reaches the cluster may reach `{}`", component.key),
                )
                .label("open to everyone")
                .reason(format!("a Service of type {} opens its ports in the network policy too", service.kind))
                .help("write `sources:` with the address ranges that may come, or use a route"),
            );
        }
    }
}

/// Where `sources` are written, something sees the client's address: behind a port of every node it is
/// lost. Source: `externalTrafficPolicy` of Kubernetes.
pub(super) fn sources_are_seen(model: &Model, findings: &mut Findings<'_>) {
    for (component, service, place) in services(model) {
        let hidden =
            service.kind == ServiceType::NodePort && service.external_traffic_policy != Some(TrafficPolicy::Local);
        let unused = service.kind == ServiceType::ClusterIp;
        if service.sources.is_empty() || !(hidden || unused) {
            continue;
        }
        let (label, help) = if unused {
            (
                "nobody comes from outside",
                "take `sources` away, or write `type: LoadBalancer`; inside the cluster the graph decides who may come",
            )
        } else {
            ("never compared", "write `externalTrafficPolicy: Local`, so that the client's address is kept")
        };
        findings.push(
            Finding::warning(
                code::SOURCES_UNSEEN,
                place.join("sources"),
                format!("`sources` of `{}` are not enforced", component.key),
            )
            .label(label)
            .also(place.join("type"), "the type")
            .reason(
                "`loadBalancerSourceRanges` holds for load balancers, and a policy sees the client only with `Local`",
            )
            .help(help),
        );
    }
}

/// What a component may reach has an address: a network policy of Kubernetes knows no host names.
pub(super) fn egress_has_addresses(model: &Model, findings: &mut Findings<'_>) {
    if model.target.has(Feature::Cilium) {
        return;
    }
    for component in model.components.values() {
        for egress in &component.egress {
            let EgressTo::Hosts(hosts) = &egress.to else { continue };
            if !model.network.deny && component.kind != Kind::Agent {
                continue;
            }
            let stay = if hosts.len() == 1 { "stays" } else { "stay" };
            findings.push(
                Finding::warning(
                    code::EGRESS_CLOSED,
                    at!["components", component.key, "egress", egress.name, "hosts"],
                    format!("{} {stay} closed to `{}`", listed(hosts.iter().map(String::as_str)), component.key),
                )
                .label("no address is known")
                .reason("a network policy of Kubernetes takes address ranges, no host names")
                .help(
                    "write the addresses beside them as `cidrs`, or `any: true` with a reason in `because`; with the \
                     feature `cilium` names are enough",
                ),
            );
        }
    }
}

/// Weights come from known addresses: what has none is opened to the whole internet.
pub(super) fn weights_come_from_known_addresses(model: &Model, findings: &mut Findings<'_>) {
    if model.target.has(Feature::Cilium) {
        return;
    }
    let kept = model.components.values().filter(|component| model.network.deny || component.kind == Kind::Agent);
    for (component, egress) in kept.flat_map(|component| component.egress.iter().map(move |egress| (component, egress)))
    {
        let (from, severity, help) = match &egress.to {
            EgressTo::ObjectStore { .. } if model.target.object_store.is_empty() => (
                "the object store".to_owned(),
                Severity::Warning,
                "write the ranges of the store as `target.objectStore: {cidrs: […]}`; with the feature `cilium` its name \
                 is enough",
            ),
            EgressTo::Public { hosts } => (
                listed(hosts.iter().map(String::as_str)),
                Severity::Note,
                "take weights from a volume, an image or your own object store where nothing may leave the cluster",
            ),
            _ => continue,
        };
        let ports = if egress.ports.is_empty() {
            vec!["443".to_owned()]
        } else {
            egress.ports.iter().map(ToString::to_string).collect()
        };
        findings.push(
            Finding::new(
                severity,
                code::WEIGHTS_OPEN,
                at!["components", component.key, "model", "source"],
                format!("`{}` may reach every public address on port {}", component.key, ports.join(", ")),
            )
            .label(format!("to fetch weights from {from}"))
            .reason("a network policy of Kubernetes takes address ranges, no host names")
            .help(help),
        );
    }
}

/// Backups go to known addresses, for the same reason.
pub(super) fn backups_go_to_known_addresses(model: &Model, findings: &mut Findings<'_>) {
    let known = !model.target.object_store.is_empty() || model.target.has(Feature::Cilium);
    if known || !model.network.deny {
        return;
    }
    for component in model.components.values() {
        let Body::Cluster(DatabaseCluster { backup: Some(backup), .. }) = &component.body else { continue };
        findings.push(
            Finding::warning(
                code::BACKUPS_OPEN,
                at!["components", component.key, "backup", "to"],
                format!("`{}` may reach every public address on port 443", component.key),
            )
            .label(format!("to write backups to `{}`", backup.destination))
            .reason("a network policy of Kubernetes takes address ranges, no host names")
            .help(
                "write the ranges of the store as `target.objectStore: {cidrs: […]}`; with the feature `cilium` its name \
                 is enough",
            ),
        );
    }
}

/// An external that somebody uses has an address, for the same reason.
pub(super) fn externals_have_addresses(model: &Model, findings: &mut Findings<'_>) {
    if model.target.has(Feature::Cilium) {
        return;
    }
    for (component, hosts) in model.components.values().filter_map(|component| Some((component, names(component)?))) {
        let kept = |user: &Component| model.network.deny || user.kind == Kind::Agent;
        let mut users = model.edges.iter().filter(|edge| edge.to == component.key);
        let Some(user) = users.find(|edge| model.component(&edge.from).is_some_and(kept)) else { continue };
        let place = at!["components", component.key];
        let stay = if hosts.len() == 1 { "stays" } else { "stay" };
        findings.push(
            Finding::warning(
                code::EXTERNAL_CLOSED,
                first_written(findings, [place.join("host"), place.join("hosts")]),
                format!("{} {stay} closed to `{}`", listed(hosts.iter().map(String::as_str)), user.from),
            )
            .label("no address is known")
            .also(at!["components", user.from, "uses", component.key], "used here")
            .reason("a network policy of Kubernetes takes address ranges, no host names")
            .help(
                "write the addresses beside it as `cidrs`, or `pods` where it runs in this cluster; with the feature \
                 `cilium` a name is enough",
            ),
        );
    }
}

/// The names by which alone an external is known.
fn names(component: &Component) -> Option<&[String]> {
    match &component.body {
        Body::External(External { to: EgressTo::Hosts(hosts), .. }) => Some(hosts),
        _ => None,
    }
}

/// An exception lies inside the range that it is taken from. Source: `ValidateIPBlock` of Kubernetes.
pub(super) fn exceptions_lie_inside_their_range(model: &Model, findings: &mut Findings<'_>) {
    for component in model.components.values() {
        for egress in &component.egress {
            let EgressTo::Cidrs { cidrs, except, .. } = &egress.to else { continue };
            let place = at!["components", component.key, "egress", egress.name];
            let outside = |range: &&String| !cidrs.iter().any(|cidr| lies_inside(range, cidr));
            for (index, range) in except.iter().enumerate().filter(|(_, range)| outside(range)) {
                findings.push(
                    Finding::error(
                        code::EXCEPT_OUTSIDE,
                        place.join("except").join(&index),
                        format!("`{range}` lies in no range that `{}` may reach", component.key),
                    )
                    .label("nothing to except")
                    .also(place.join("cidrs"), "the ranges")
                    .reason("an exception must be a true part of its range")
                    .help("take it away, or write the range that it belongs to"),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{api, cluster, edge, law, second, texts};
    use super::*;
    use crate::model::{Backup, Egress};

    fn service(model: &mut Model, kind: ServiceType) -> &mut Service {
        let service = api(model).service.as_mut().unwrap();
        service.kind = kind;
        service
    }

    fn egress(model: &mut Model, to: EgressTo) {
        api(model).egress.push(Egress { name: "out".into(), to, ports: vec![443] });
    }

    #[test]
    fn weights_from_the_internet_are_said() {
        let fetched =
            |to: EgressTo| law(weights_come_from_known_addresses).with(move |model| egress(model, to.clone()));
        let place = "components.api.model.source";
        let store = fetched(EgressTo::ObjectStore { hosts: Vec::new() }).breaks(code::WEIGHTS_OPEN, place);
        assert_eq!(store.severity, Severity::Warning);
        let hub = fetched(EgressTo::Public { hosts: texts(&["huggingface.co"]) }).breaks(code::WEIGHTS_OPEN, place);
        assert_eq!(hub.severity, Severity::Note);
        fetched(EgressTo::ObjectStore { hosts: Vec::new() })
            .with(|model| model.target.object_store = texts(&["10.0.0.0/8"]))
            .keeps();
    }

    #[test]
    fn headless_is_for_the_inside() {
        let headless =
            |kind| law(headless_services_stay_inside).with(move |model| service(model, kind).headless = true);
        headless(ServiceType::LoadBalancer).breaks(code::HEADLESS_OUTSIDE, "components.api.service.type");
        headless(ServiceType::ClusterIp).keeps();
    }

    #[test]
    fn an_open_service_says_to_whom() {
        law(services_are_not_open_to_everyone)
            .with(|model| _ = service(model, ServiceType::NodePort))
            .breaks(code::OPEN_TO_ALL, "components.api.service.type");
        law(services_are_not_open_to_everyone)
            .with(|model| service(model, ServiceType::LoadBalancer).sources = texts(&["10.0.0.0/8"]))
            .keeps();
        law(services_are_not_open_to_everyone).keeps();
    }

    #[test]
    fn sources_are_compared_with_somebody() {
        let sources = |kind, policy| {
            law(sources_are_seen).with(move |model| {
                let service = service(model, kind);
                service.sources = texts(&["10.0.0.0/8"]);
                service.external_traffic_policy = policy;
            })
        };
        let place = "components.api.service.sources";
        sources(ServiceType::NodePort, None).breaks(code::SOURCES_UNSEEN, place);
        sources(ServiceType::ClusterIp, None).breaks(code::SOURCES_UNSEEN, place);
        sources(ServiceType::NodePort, Some(TrafficPolicy::Local)).keeps();
        sources(ServiceType::LoadBalancer, Some(TrafficPolicy::Local)).keeps();
    }

    #[test]
    fn hosts_without_addresses_stay_closed() {
        let hosts = EgressTo::Hosts(texts(&["api.example.com"]));
        let found = law(egress_has_addresses)
            .with(|model| egress(model, hosts.clone()))
            .breaks(code::EGRESS_CLOSED, "components.api.egress.out.hosts");
        assert_eq!(found.message, "`api.example.com` stays closed to `api`");
        law(egress_has_addresses)
            .with(|model| {
                egress(model, hosts);
                model.network.deny = false;
            })
            .keeps();
    }

    #[test]
    fn backups_have_a_known_place() {
        let backup = || {
            law(backups_go_to_known_addresses).with(|model| {
                cluster(model).backup = Some(Backup {
                    destination: "s3://backups/shop/prod".into(),
                    schedule: "0 2 * * *".into(),
                    keep_days: 30,
                    credentials: None,
                    endpoint: None,
                    hosts: Vec::new(),
                });
            })
        };
        backup().breaks(code::BACKUPS_OPEN, "components.db.backup.to");
        backup().with(|model| model.target.object_store = texts(&["10.0.0.0/8"])).keeps();
        backup().with(|model| _ = model.target.features.insert(Feature::Cilium)).keeps();
        backup().with(|model| model.network.deny = false).keeps();
        law(backups_go_to_known_addresses).keeps();
    }

    #[test]
    fn cilium_needs_no_addresses() {
        let hosts = || EgressTo::Hosts(texts(&["api.example.com"]));
        for check in [egress_has_addresses, weights_come_from_known_addresses] {
            law(check)
                .with(move |model| {
                    egress(model, hosts());
                    egress(model, EgressTo::ObjectStore { hosts: texts(&["store.example.com"]) });
                    model.target.features.insert(Feature::Cilium);
                })
                .keeps();
        }
    }

    #[test]
    fn an_external_has_an_address() {
        let external = |to: EgressTo| {
            law(externals_have_addresses).with(move |model| {
                let mail = second(model, "mail");
                mail.kind = Kind::External;
                mail.body = Body::External(External { to, ports: Vec::new(), alias: None });
                edge(model, "api", "mail", false);
            })
        };
        let hosts = || EgressTo::Hosts(texts(&["smtp.example.com"]));
        external(hosts()).breaks(code::EXTERNAL_CLOSED, "components.mail.host");
        external(hosts()).with(|model| model.network.deny = false).keeps();
        external(hosts()).with(|model| model.edges.clear()).keeps();
        let cidrs = texts(&["203.0.113.0/24"]);
        external(EgressTo::Cidrs { cidrs, except: Vec::new(), hosts: Vec::new() }).keeps();
    }

    #[test]
    fn an_exception_is_part_of_a_range() {
        let except = |range: &'static str| {
            law(exceptions_lie_inside_their_range).with(move |model| {
                egress(
                    model,
                    EgressTo::Cidrs { cidrs: texts(&["10.0.0.0/8"]), except: texts(&[range]), hosts: Vec::new() },
                );
            })
        };
        except("192.168.0.0/16").breaks(code::EXCEPT_OUTSIDE, "components.api.egress.out.except.0");
        except("10.1.0.0/16").keeps();
    }
}
