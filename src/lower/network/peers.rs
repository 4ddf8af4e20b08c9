//! The ends of an opening: pods, address ranges, ports; and the rules that they make up.

use super::super::container::protocol;
use super::super::meta::{CNPG_CLUSTER, Lowering};
use super::super::present;
use super::addresses;
use super::named::Named;
use crate::model::{Body, Component, Port, Strings};
use crate::spec::Protocol;
use crate::target::Peer;
use k8s_openapi::api::networking::v1 as net;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

/// The label by which a namespace is known by its name.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// What is opened: all ports, or these.
#[derive(Clone)]
pub(super) enum Ports {
    All,
    Only(Vec<net::NetworkPolicyPort>),
}

impl Ports {
    pub(super) fn tcp(numbers: impl IntoIterator<Item = u16>) -> Self {
        Self::Only(numbers.into_iter().map(|number| port(number, Protocol::Tcp)).collect())
    }

    /// Ports as the author wrote them: TCP, or all where none is written.
    pub(super) fn written(numbers: &[u16]) -> Self {
        if numbers.is_empty() { Self::All } else { Self::tcp(numbers.iter().copied()) }
    }

    /// The container ports of a component that have one of the names.
    pub(super) fn named(component: &Component, names: &[impl AsRef<str>]) -> Self {
        let is_named = |port: &&Port| names.iter().any(|name| name.as_ref() == port.name);
        Self::of(component.ports().into_iter().filter(is_named))
    }

    /// All container ports of a component.
    pub(super) fn offered(component: &Component) -> Self {
        Self::of(component.ports())
    }

    fn of<'a>(ports: impl IntoIterator<Item = &'a Port>) -> Self {
        let mut list = Vec::new();
        for listening in ports {
            let port = port(listening.target, listening.protocol);
            if !list.contains(&port) {
                list.push(port);
            }
        }
        Self::Only(list)
    }
}

pub(super) fn port(number: u16, with: Protocol) -> net::NetworkPolicyPort {
    net::NetworkPolicyPort {
        port: Some(IntOrString::Int(number.into())),
        protocol: Some(protocol(with).into()),
        end_port: None,
    }
}

/// Openings in one direction. Those of the same ports are one rule.
#[derive(Default)]
pub(super) struct Rules {
    by_address: Vec<Rule>,
    /// What stands in a policy of Cilium.
    pub(super) by_name: Named,
}

struct Rule {
    /// All where empty.
    ports: Vec<net::NetworkPolicyPort>,
    /// Everyone where empty.
    peers: Vec<net::NetworkPolicyPeer>,
}

impl Rules {
    /// Opens the ports to the peers. Without a port or without a peer nothing is opened: in a policy an
    /// empty list would mean all of them.
    pub(super) fn open(&mut self, ports: Ports, peers: impl IntoIterator<Item = net::NetworkPolicyPeer>) {
        let mut peers = peers.into_iter().peekable();
        let Some(ports) = listed(ports) else { return };
        if peers.peek().is_none() {
            return;
        }
        let known = self.by_address.iter_mut().find(|rule| rule.ports == ports && !rule.peers.is_empty());
        let rule = match known {
            Some(rule) => rule,
            None => self.push(Rule { ports, peers: Vec::new() }),
        };
        for peer in peers {
            if !rule.peers.contains(&peer) {
                rule.peers.push(peer);
            }
        }
    }

    /// Opens the ports to whoever it may be.
    pub(super) fn open_to_everyone(&mut self, ports: Ports) {
        let Some(ports) = listed(ports) else { return };
        if !self.by_address.iter().any(|rule| rule.ports == ports && rule.peers.is_empty()) {
            self.push(Rule { ports, peers: Vec::new() });
        }
    }

    fn push(&mut self, rule: Rule) -> &mut Rule {
        let at = self.by_address.len();
        self.by_address.push(rule);
        &mut self.by_address[at]
    }

    pub(super) fn into_ingress(self) -> Option<Vec<net::NetworkPolicyIngressRule>> {
        let rule =
            |Rule { ports, peers }| net::NetworkPolicyIngressRule { from: present(peers), ports: present(ports) };
        present(self.by_address.into_iter().map(rule).collect())
    }

    pub(super) fn into_egress(self) -> Option<Vec<net::NetworkPolicyEgressRule>> {
        let rule = |Rule { ports, peers }| net::NetworkPolicyEgressRule { to: present(peers), ports: present(ports) };
        present(self.by_address.into_iter().map(rule).collect())
    }
}

/// The ports as a list, empty for all of them; `None` where none is meant.
pub(super) fn listed(ports: Ports) -> Option<Vec<net::NetworkPolicyPort>> {
    match ports {
        Ports::All => Some(Vec::new()),
        Ports::Only(ports) => present(ports),
    }
}

pub(super) fn selector(labels: Strings) -> LabelSelector {
    LabelSelector { match_labels: present(labels), ..LabelSelector::default() }
}

/// The component's pods; the labels of those of an operated database are its operator's.
pub(super) fn own_pods(cx: &Lowering<'_>, component: &Component) -> LabelSelector {
    match component.body {
        // No pod bears the name of an external.
        Body::Workload(_) | Body::External(_) => cx.all_pods(component),
        Body::Cluster(_) => selector(Strings::from([(CNPG_CLUSTER.into(), component.name.clone())])),
    }
}

fn selected(pods: LabelSelector) -> net::NetworkPolicyPeer {
    net::NetworkPolicyPeer { pod_selector: Some(pods), ..net::NetworkPolicyPeer::default() }
}

/// Pods of this namespace.
pub(super) fn pods(labels: Strings) -> net::NetworkPolicyPeer {
    selected(selector(labels))
}

/// The pods of a component, without those of its release jobs.
pub(super) fn replicas(cx: &Lowering<'_>, component: &Component) -> net::NetworkPolicyPeer {
    selected(own_pods(cx, component))
}

/// The pods of a component that use others: its own, and those of its release jobs.
pub(super) fn users(cx: &Lowering<'_>, component: &Component) -> Vec<net::NetworkPolicyPeer> {
    let releases = component.releases.iter().map(|release| pods(cx.selector_labels(&release.name)));
    std::iter::once(replicas(cx, component)).chain(releases).collect()
}

/// Pods of a namespace, all of them without labels.
pub(super) fn pods_in(namespace: &str, labels: &Strings) -> net::NetworkPolicyPeer {
    net::NetworkPolicyPeer {
        namespace_selector: Some(selector(Strings::from([(NAMESPACE_NAME.into(), namespace.into())]))),
        pod_selector: Some(selector(labels.clone())).filter(|_| !labels.is_empty()),
        ip_block: None,
    }
}

/// A part of the cluster.
pub(super) fn peer(peer: &Peer) -> net::NetworkPolicyPeer {
    pods_in(&peer.namespace, &peer.labels)
}

/// A range of addresses, without the ranges inside it that stay closed. The others of `except` are left
/// out: the API refuses a range that is not inside.
pub(super) fn range(cidr: &str, except: &[&str]) -> net::NetworkPolicyPeer {
    let mut inside: Vec<String> = Vec::new();
    for closed in except.iter().filter(|closed| addresses::is_inside(closed, cidr)) {
        if !inside.iter().any(|known| known == closed) {
            inside.push((*closed).to_owned());
        }
    }
    let ip_block = net::IPBlock { cidr: cidr.into(), except: present(inside) };
    net::NetworkPolicyPeer { ip_block: Some(ip_block), ..net::NetworkPolicyPeer::default() }
}
