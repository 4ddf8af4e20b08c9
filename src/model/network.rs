//! Who speaks to whom, and what is open.

use super::Strings;
use crate::spec::{ServiceType, SessionAffinity, TrafficPolicy};

/// An edge of the graph: `from` uses `to`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Key of the component that uses.
    pub from: String,
    /// Key of the component that is used.
    pub to: String,
    /// Names of the ports that are opened; empty orders only.
    pub ports: Vec<String>,
    /// An init step of `from` waits for `to`.
    pub wait: bool,
}

/// The Service in front of a component; its ports are those of the component.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
pub struct Service {
    pub kind: ServiceType,
    /// This Service itself has no virtual address.
    pub headless: bool,
    /// A headless Service `<component>-headless` stands beside it, for a StatefulSet.
    pub companion: bool,
    /// The name of a pod resolves also before it is ready: the pods meet one another by it.
    pub unready: bool,
    /// Only the first pod of the StatefulSet takes writes: clients are led there.
    pub primary: bool,
    pub annotations: Strings,
    pub labels: Strings,
    pub session_affinity: Option<SessionAffinity>,
    pub sources: Vec<String>,
    pub external_traffic_policy: Option<TrafficPolicy>,
    pub class: Option<String>,
}

/// A route from outside.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// `main` for the one of `expose`.
    pub name: String,
    pub host: String,
    pub paths: Vec<String>,
    /// The name of the component's port.
    pub port: String,
    pub tls: RouteTls,
    /// Seconds for a whole request.
    pub timeout: Option<i64>,
    pub annotations: Strings,
    pub rewrite: Option<String>,
    pub headers: Vec<(String, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouteTls {
    /// Plain text.
    Off,
    /// The gateway's listener ends TLS.
    Gateway,
    /// A certificate in this secret of the namespace; `issued` where the target's issuer makes it.
    Secret { name: String, issued: bool },
}

/// Something outside the graph that a component may reach.
#[derive(Clone, Debug, PartialEq)]
pub struct Egress {
    pub name: String,
    pub to: EgressTo,
    /// All where empty.
    pub ports: Vec<u16>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum EgressTo {
    /// Address ranges; host names beside them are for the reader.
    Cidrs {
        cidrs: Vec<String>,
        except: Vec<String>,
        hosts: Vec<String>,
    },
    /// Host names without addresses: closed, and reported.
    Hosts(Vec<String>),
    Pods {
        namespace: Option<String>,
        labels: Strings,
    },
    /// The API server: any address on its ports, since its address is not known.
    KubernetesApi,
    Any {
        except: Vec<String>,
    },
    /// The target's object stores: `target.objectStore.cidrs`, else these hosts on the internet, of which
    /// only some policies know.
    ObjectStore {
        hosts: Vec<String>,
    },
    /// Hosts on the internet, of which no address is known: all public addresses.
    Public {
        hosts: Vec<String>,
    },
    /// The DNS name resolution and nothing else is always open; this opens the target's Prometheus.
    Prometheus,
}

/// Where Prometheus finds metrics.
#[derive(Clone, Debug, PartialEq)]
pub struct Metrics {
    /// The name of a port of the component (of the Service, and of the container).
    pub port: String,
    pub path: String,
    /// Seconds between two scrapes.
    pub interval: u64,
    pub labels: Strings,
}

/// The policy of the namespace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NetworkRules {
    /// False: everything is open where nothing says otherwise.
    pub deny: bool,
    pub openings: Vec<Opening>,
}

/// An opening in the policy of the namespace.
#[derive(Clone, Debug, PartialEq)]
pub struct Opening {
    pub name: String,
    pub namespace: Option<String>,
    pub labels: Strings,
    /// Keys of components; all where empty.
    pub to: Vec<String>,
    /// Ports of containers; all where empty.
    pub ports: Vec<u16>,
}
