//! What may be reached: used components, what the author opened, and what an operator needs.

use super::super::meta::Lowering;
use super::super::pod::awaited;
use super::addresses::{EVERYTHING, METADATA, NOT_PUBLIC};
use super::ingress::replicas_meet;
use super::peers::{self, Ports, Rules};
use crate::model::{Body, Component, DatabaseCluster, Egress, EgressTo};
use crate::spec::{Feature, Protocol};
use k8s_openapi::api::networking::v1::NetworkPolicyPeer;

const DNS_PORT: u16 = 53;
const HTTPS: u16 = 443;
/// The API server behind its Service, and where it listens itself: some networks look after the
/// translation of addresses, some before.
const API_SERVER: [u16; 2] = [HTTPS, 6443];
const PROMETHEUS: u16 = 9090;

pub(super) fn rules(cx: &Lowering<'_>, component: &Component) -> Rules {
    let mut rules = outward(cx, component);
    if replicas_meet(component) {
        rules.open(Ports::All, [peers::replicas(cx, component)]);
    }
    if let Body::Cluster(cluster) = &component.body {
        operated(cx, cluster, &mut rules);
    }
    rules
}

/// What the component reaches outside itself: its release jobs reach the same.
pub(super) fn outward(cx: &Lowering<'_>, component: &Component) -> Rules {
    let mut rules = Rules::default();
    for edge in cx.edges_from(&component.key) {
        let Some(to) = cx.model.component(&edge.to) else { continue };
        match &to.body {
            Body::External(external) => {
                let ports = if external.ports.is_empty() { Ports::All } else { Ports::named(to, &edge.ports) };
                if external.alias.is_some() && cx.model.target.has(Feature::Cilium) {
                    rules.by_name.open(ports.clone(), [&alias(cx, to)]);
                }
                open(cx, &external.to, ports, &mut rules);
            }
            Body::Workload(_) | Body::Cluster(_) => {
                rules.open(Ports::named(to, &edge.ports), [peers::replicas(cx, to)]);
            }
        }
    }
    for egress in &component.egress {
        opened(cx, egress, &mut rules);
    }
    // A step that waits for a job asks the API server.
    if !awaited(component).is_empty() {
        rules.open_to_everyone(Ports::tcp(API_SERVER));
    }
    rules
}

/// The name that clients of an alias ask for: addresses belong to the name in the question.
fn alias(cx: &Lowering<'_>, external: &Component) -> String {
    format!("{}.{}.svc.cluster.local", external.name, cx.namespace())
}

/// The cluster's DNS, over UDP and, for long answers, TCP.
pub(super) fn dns(cx: &Lowering<'_>, rules: &mut Rules) {
    let ports = [Protocol::Udp, Protocol::Tcp].map(|protocol| peers::port(DNS_PORT, protocol));
    rules.open(Ports::Only(ports.into()), [peers::peer(&cx.model.target.peers.dns)]);
}

/// What the instances of a database need under their operator: the state of the cluster, and the store
/// of the backups. Their labels are the operator's, so a policy for the pods of this system alone does
/// not let them resolve names.
fn operated(cx: &Lowering<'_>, cluster: &DatabaseCluster, rules: &mut Rules) {
    if !cx.model.namespace.create {
        dns(cx, rules);
    }
    api_server(cx, Ports::tcp(API_SERVER), rules);
    if let Some(backup) = &cluster.backup {
        object_store(cx, &backup.hosts, &[], rules);
    }
}

fn opened(cx: &Lowering<'_>, egress: &Egress, rules: &mut Rules) {
    match &egress.to {
        EgressTo::KubernetesApi => api_server(cx, written_or(&egress.ports, &API_SERVER), rules),
        EgressTo::ObjectStore { hosts } => object_store(cx, hosts, &egress.ports, rules),
        EgressTo::Prometheus => open(cx, &egress.to, written_or(&egress.ports, &[PROMETHEUS]), rules),
        to => open(cx, to, Ports::written(&egress.ports), rules),
    }
}

/// Opens ports to an end that is known; the API server and object stores have ports of their own.
fn open(cx: &Lowering<'_>, to: &EgressTo, ports: Ports, rules: &mut Rules) {
    match to {
        EgressTo::Cidrs { cidrs, except, hosts } => {
            if cx.model.target.has(Feature::Cilium) {
                rules.by_name.open(ports.clone(), hosts);
            }
            rules.open(ports, ranges(cidrs, except));
        }
        EgressTo::Any { except } => rules.open(ports, ranges(&EVERYTHING, except)),
        EgressTo::Pods { namespace: Some(namespace), labels } => {
            rules.open(ports, [peers::pods_in(namespace, labels)]);
        }
        EgressTo::Pods { namespace: None, labels } => rules.open(ports, [peers::pods(labels.clone())]),
        EgressTo::Prometheus => rules.open(ports, [peers::peer(&cx.model.target.peers.prometheus)]),
        EgressTo::KubernetesApi => api_server(cx, ports, rules),
        EgressTo::ObjectStore { hosts } => object_store(cx, hosts, &[], rules),
        EgressTo::Public { hosts } => public(cx, hosts, ports, rules),
        EgressTo::Hosts(hosts) if cx.model.target.has(Feature::Cilium) => rules.by_name.open(ports, hosts),
        // A policy of Kubernetes knows no host names.
        EgressTo::Hosts(_) => {}
    }
}

/// Only Cilium knows where the API server is.
fn api_server(cx: &Lowering<'_>, ports: Ports, rules: &mut Rules) {
    if cx.model.target.has(Feature::Cilium) {
        rules.by_name.open_api_server(ports);
    } else {
        rules.open_to_everyone(ports);
    }
}

/// Hosts on the internet by their names, else all public addresses.
fn public(cx: &Lowering<'_>, hosts: &[String], ports: Ports, rules: &mut Rules) {
    if cx.model.target.has(Feature::Cilium) {
        rules.by_name.open(ports, hosts);
    } else {
        rules.open(ports, EVERYTHING.map(|cidr| peers::range(cidr, &NOT_PUBLIC)));
    }
}

fn written_or(written: &[u16], usual: &[u16]) -> Ports {
    Ports::written(if written.is_empty() { usual } else { written })
}

/// Ranges without those that stay closed, and never with the credentials of the node.
fn ranges(cidrs: &[impl AsRef<str>], except: &[String]) -> Vec<NetworkPolicyPeer> {
    let closed: Vec<&str> = except.iter().map(String::as_str).chain(METADATA).collect();
    cidrs.iter().map(|cidr| peers::range(cidr.as_ref(), &closed)).collect()
}

/// The target's object stores; where it names none, these hosts on the internet.
fn object_store(cx: &Lowering<'_>, hosts: &[String], ports: &[u16], rules: &mut Rules) {
    let stores = &cx.model.target.object_store;
    if stores.is_empty() {
        public(cx, hosts, written_or(ports, &[HTTPS]), rules);
    } else {
        rules.open(Ports::written(ports), ranges(stores, &[]));
    }
}
