//! What only Cilium can open: host names, and the API server as such.
//!
//! Promises: a policy of Cilium stands beside the NetworkPolicy of the same pods and adds to it: what one
//! of them opens is open. It selects only pods whose egress is closed already, since selecting them for
//! egress closes the rest.

use super::super::meta::Lowering;
use super::peers::{Ports, listed};
use crate::kube::cilium::{
    CiliumNetworkPolicy, EgressRule, FqdnSelector, KUBE_APISERVER, L7Rules, POD_NAMESPACE, PortProtocol, PortRule,
};
use crate::model::Strings;
use crate::target::Peer;
use k8s_openapi::api::networking::v1::NetworkPolicyPort;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

const DNS_PORT: &str = "53";
/// UDP and TCP.
const ANY: &str = "ANY";

/// Openings by name. Those of the same ports are one rule.
#[derive(Default)]
pub(super) struct Named {
    hosts: Vec<(Vec<NetworkPolicyPort>, Vec<FqdnSelector>)>,
    /// All ports where a list is empty.
    api_server: Vec<Vec<NetworkPolicyPort>>,
}

impl Named {
    pub(super) fn open<'h>(&mut self, ports: Ports, hosts: impl IntoIterator<Item = &'h String>) {
        let mut hosts = hosts.into_iter().map(|host| FqdnSelector::of(host)).peekable();
        let Some(ports) = listed(ports).filter(|_| hosts.peek().is_some()) else { return };
        let at = self.hosts.iter().position(|(known, _)| *known == ports).unwrap_or_else(|| {
            self.hosts.push((ports, Vec::new()));
            self.hosts.len() - 1
        });
        for host in hosts {
            if !self.hosts[at].1.contains(&host) {
                self.hosts[at].1.push(host);
            }
        }
    }

    pub(super) fn open_api_server(&mut self, ports: Ports) {
        let Some(ports) = listed(ports) else { return };
        if !self.api_server.contains(&ports) {
            self.api_server.push(ports);
        }
    }

    /// The policy for these pods; `None` where nothing is opened by name.
    pub(super) fn policy(
        self,
        cx: &Lowering<'_>,
        metadata: ObjectMeta,
        pods: LabelSelector,
    ) -> Option<CiliumNetworkPolicy> {
        let mut rules = Vec::new();
        if !self.hosts.is_empty() {
            rules.push(asked_dns(&cx.model.target.peers.dns));
        }
        rules.extend(self.hosts.into_iter().map(|(ports, to_fqdns)| EgressRule {
            to_fqdns,
            to_ports: port_rules(&ports),
            ..EgressRule::default()
        }));
        rules.extend(self.api_server.iter().map(|ports| EgressRule {
            to_entities: vec![KUBE_APISERVER],
            to_ports: port_rules(ports),
            ..EgressRule::default()
        }));
        (!rules.is_empty()).then(|| CiliumNetworkPolicy::new(metadata, pods, rules))
    }
}

/// Questions to the DNS pass through Cilium, which learns the addresses of names from the answers; every
/// name may be asked for, since those of the cluster and of its search domains are.
fn asked_dns(dns: &Peer) -> EgressRule {
    let mut labels: Strings = dns.labels.clone();
    labels.insert(POD_NAMESPACE.into(), dns.namespace.clone());
    let ports = vec![PortProtocol { port: DNS_PORT.into(), protocol: ANY.into() }];
    let rules = Some(L7Rules { dns: vec![FqdnSelector::of("*")] });
    EgressRule {
        to_endpoints: vec![LabelSelector { match_labels: Some(labels), ..LabelSelector::default() }],
        to_ports: vec![PortRule { ports, rules }],
        ..EgressRule::default()
    }
}

fn port_rules(ports: &[NetworkPolicyPort]) -> Vec<PortRule> {
    let one = |port: &NetworkPolicyPort| {
        let number = match port.port.as_ref()? {
            IntOrString::Int(number) => number.to_string(),
            IntOrString::String(name) => name.clone(),
        };
        Some(PortProtocol { port: number, protocol: port.protocol.clone().unwrap_or_else(|| ANY.into()) })
    };
    let ports: Vec<PortProtocol> = ports.iter().filter_map(one).collect();
    if ports.is_empty() { Vec::new() } else { vec![PortRule { ports, rules: None }] }
}
