//! Who speaks to whom: uses, the Service, routes, egress, metrics.

use super::{
    Cidr, DnsLabel, DnsName, Duration, Host, LabelKey, Literal, Named, PortNumber, PortText, QualifiedName,
    RouteHeaderKey, Switch, Text, UrlPath, record, words,
};

record! {
    /// An edge to another component: its ports are opened to this one, and it is delivered first.
    pub struct Use as "use" {
        /// An init step waits for its port, or for the completion of a job.
        opt wait "wait": bool,
        /// Where the other component is not enabled, the edge goes and its outputs still resolve.
        opt optional "optional": bool,
        /// The ports to open, by name; all unless written, none with `[]`.
        opt ports "ports": Vec<PortText>,
    }
}

record! {
    /// The Service in front of the component.
    pub struct Service as "service" {
        /// `ClusterIP` unless written.
        opt kind "type": ServiceType,
        /// `true`: the name resolves to the pods, without a virtual address.
        opt headless "headless": bool,
        /// Annotations of the Service alone.
        opt annotations "annotations": Named<LabelKey, Literal>,
        /// Labels of the Service alone.
        opt labels "labels": Named<LabelKey, Literal>,
        /// `ClientIP`: one client stays with one pod.
        opt session_affinity "sessionAffinity": SessionAffinity,
        /// Who may come in through a load balancer or node port; everyone unless written.
        opt sources "sources": Vec<Cidr>,
        /// `Local` keeps the client's address and the traffic on its node.
        opt external_traffic_policy "externalTrafficPolicy": TrafficPolicy,
        /// The class of load balancer.
        opt class "class": QualifiedName,
    }
}

words! {
    /// How a Service is reached.
    pub enum ServiceType {
        /// From inside the cluster.
        ClusterIp = "ClusterIP",
        /// On a port of every node.
        NodePort = "NodePort",
        /// Through a load balancer of the cloud.
        LoadBalancer = "LoadBalancer",
    }
}

words! {
    /// Whether a client stays with a pod.
    pub enum SessionAffinity {
        /// Any pod.
        None = "None",
        /// The same pod for the same address.
        ClientIp = "ClientIP",
    }
}

words! {
    /// Where traffic from outside may go.
    pub enum TrafficPolicy {
        /// To any node; the client's address is lost.
        Cluster = "Cluster",
        /// Only to pods of the node it came to.
        Local = "Local",
    }
}

record! {
    /// A route from outside to the component.
    pub struct Route as "route" {
        /// The host name.
        req host "host": Host,
        /// Path prefixes: `[/]` unless written.
        opt paths "paths": Vec<UrlPath>,
        /// A port of the component; `http`, else the first one, unless written.
        opt port "port": PortText,
        /// `true` unless written; `{secret}` names the secret with the certificate.
        opt tls "tls": Switch<Tls>,
        /// Time for a whole request, for gateways that end long ones early.
        opt timeout "timeout": Duration,
        /// Annotations of the route alone.
        opt annotations "annotations": Named<LabelKey, Literal>,
        /// The prefix that takes the place of the matched one.
        opt rewrite "rewrite": UrlPath,
        /// Request headers that the route sets.
        opt headers "headers": Named<RouteHeaderKey, Literal>,
    }
}

record! {
    /// Where the certificate of a route lies.
    pub struct Tls as "certificate" {
        /// A secret of type `kubernetes.io/tls`.
        opt secret "secret": DnsName,
    }
    toggle "true"
}

record! {
    /// Something outside the graph that the component may reach.
    pub struct Egress as "egress" {
        /// Host names; they need `cilium`, or `cidrs` in the same entry.
        opt hosts "hosts": Vec<Host>,
        /// Address ranges.
        opt cidrs "cidrs": Vec<Cidr>,
        /// Ranges inside `cidrs` that stay closed.
        opt except "except": Vec<Cidr>,
        /// Ports; all unless written.
        opt ports "ports": Vec<PortNumber>,
        /// Pods of another namespace.
        opt pods "pods": PodPeer,
        /// The API server of the cluster.
        opt kubernetes_api "kubernetesApi": bool,
        /// Everything; needs `because`.
        opt any "any": bool,
        /// Why everything is open.
        opt because "because": Text,
    }
}

record! {
    /// Pods by namespace and labels.
    pub struct PodPeer as "pods" {
        /// Their namespace; this one unless written.
        opt namespace "namespace": DnsLabel,
        /// Their labels.
        opt labels "labels": Named<LabelKey, Literal>,
    }
}

record! {
    /// Where Prometheus finds the component's metrics.
    #[derive(Default)]
    pub struct Metrics as "metrics" {
        /// A port by name; `metrics`, else `http`, else the first one.
        opt port "port": PortText,
        /// `/metrics` unless written.
        opt path "path": UrlPath,
        /// Time between two scrapes: 30s unless written.
        opt interval "interval": Duration,
        /// Labels of the monitor alone.
        opt labels "labels": Named<LabelKey, Literal>,
    }
}
