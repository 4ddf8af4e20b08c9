//! `cilium.io/v2`: network policies that know host names and the API server.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use serde::Serialize;

/// The API server, wherever it runs.
pub(crate) const KUBE_APISERVER: &str = "kube-apiserver";
/// The namespace of a pod, as Cilium labels it.
pub(crate) const POD_NAMESPACE: &str = "k8s:io.kubernetes.pod.namespace";

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CiliumNetworkPolicy {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: CiliumNetworkPolicySpec,
}

impl CiliumNetworkPolicy {
    /// What these pods may reach beside what other policies open to them.
    pub(crate) fn new(metadata: ObjectMeta, pods: LabelSelector, egress: Vec<EgressRule>) -> Self {
        let spec = CiliumNetworkPolicySpec { endpoint_selector: pods, egress };
        Self { api_version: "cilium.io/v2", kind: "CiliumNetworkPolicy", metadata, spec }
    }
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CiliumNetworkPolicySpec {
    endpoint_selector: LabelSelector,
    egress: Vec<EgressRule>,
}

/// Ends of one sort, and the ports that are open to them: all where none is given.
#[expect(clippy::struct_field_names, reason = "as Cilium calls them")]
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EgressRule {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) to_endpoints: Vec<LabelSelector>,
    #[serde(rename = "toFQDNs", skip_serializing_if = "Vec::is_empty")]
    pub(crate) to_fqdns: Vec<FqdnSelector>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) to_entities: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) to_ports: Vec<PortRule>,
}

/// A host name, or many of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum FqdnSelector {
    MatchName(String),
    /// `*` stands for any part of one label.
    MatchPattern(String),
}

impl FqdnSelector {
    pub(crate) fn of(host: &str) -> Self {
        if host.contains('*') { Self::MatchPattern(host.into()) } else { Self::MatchName(host.into()) }
    }
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct PortRule {
    pub(crate) ports: Vec<PortProtocol>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rules: Option<L7Rules>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct PortProtocol {
    pub(crate) port: String,
    /// `TCP`, `UDP`, `SCTP` or `ANY`.
    pub(crate) protocol: String,
}

/// What may be asked of the DNS: an answer that passes here is how Cilium learns the addresses of a name.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct L7Rules {
    pub(crate) dns: Vec<FqdnSelector>,
}
