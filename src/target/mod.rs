//! What a target is and can do: the version of Kubernetes, features, node pools, peers.
//!
//! Promises: the output depends on a cluster only through this.

use crate::model::{Amounts, Quantity, Strings};
use crate::spec::{Feature, IssuerKind, SecretStoreKind};
use std::collections::{BTreeMap, BTreeSet};

/// The minor versions of Kubernetes 1 that are targets, oldest first.
pub const VERSIONS: &[u32] = &[33, 34, 35, 36, 37];

/// A field or behaviour that came with a version of Kubernetes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// `behavior.scaleUp.tolerance` of an autoscaler: on by default since 1.35 (KEP-4951).
    HpaTolerance,
    /// `minReplicas: 0` of an autoscaler: on by default since 1.37 (KEP-2021).
    HpaScaleToZero,
    /// Image volumes: on by default since 1.35 (KEP-4639).
    ImageVolume,
    /// `resource.k8s.io/v1`: since 1.34 (KEP-4381).
    DeviceClaims,
}

impl Gate {
    /// The first minor version that has it.
    pub fn since(self) -> u32 {
        match self {
            Self::HpaTolerance | Self::ImageVolume => 35,
            Self::HpaScaleToZero => 37,
            Self::DeviceClaims => 34,
        }
    }
}

/// The compile target, with every default filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    pub cluster: Option<String>,
    /// The minor version of Kubernetes 1.
    pub minor: u32,
    pub features: BTreeSet<Feature>,
    pub gateway: Option<Gateway>,
    pub ingress_class: Option<String>,
    pub issuer: Option<Issuer>,
    pub secret_store: Option<SecretStore>,
    pub prometheus: Prometheus,
    pub grafana: Grafana,
    /// Storage classes by the name used in systems.
    pub storage_classes: BTreeMap<String, String>,
    /// The label of nodes with the GPU's product, where it is not the vendor's usual one.
    pub product_label: Option<String>,
    pub node_pools: BTreeMap<String, NodePool>,
    /// The word behind the prices of nodes.
    pub currency: Option<String>,
    pub peers: Peers,
    /// Where object stores live; empty: on the internet.
    pub object_store: Vec<String>,
    /// The cluster queue of Kueue behind each queue of jobs, by the name used in systems.
    pub queues: BTreeMap<String, String>,
}

impl Target {
    pub fn has(&self, feature: Feature) -> bool {
        self.features.contains(&feature)
    }

    pub fn allows(&self, gate: Gate) -> bool {
        self.minor >= gate.since()
    }

    /// `1.35`
    pub fn version(&self) -> String {
        format!("1.{}", self.minor)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    pub name: String,
    pub namespace: String,
    pub section: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    pub kind: IssuerKind,
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretStore {
    pub kind: SecretStoreKind,
    pub name: String,
    /// With `{system}`, `{environment}` and `{secret}`.
    pub path: String,
    /// Seconds between two fetches.
    pub refresh: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prometheus {
    pub address: Option<String>,
    /// Whether the GPU exporter's scrape keeps the workload's own labels.
    pub honor_labels: bool,
    pub labels: Strings,
}

/// Where dashboards go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grafana {
    /// Labels of the operator's instances.
    pub instance: Strings,
    pub folder: Option<String>,
}

/// A pool of like nodes.
#[derive(Clone, Debug, PartialEq)]
pub struct NodePool {
    pub min: u32,
    pub max: u32,
    pub allocatable: Amounts,
    pub labels: Strings,
    pub taints: Vec<Taint>,
    pub reserved: Amounts,
    /// What one node costs a month.
    pub price: Option<Quantity>,
}

impl NodePool {
    /// The memory of one GPU, where a label says it as NVIDIA's feature discovery does, in MiB.
    pub fn gpu_memory(&self) -> Option<Quantity> {
        let mebibytes = self.labels.get("nvidia.com/gpu.memory")?.parse::<i64>().ok()?;
        Some(Quantity::from_bytes(mebibytes.checked_mul(1 << 20)?))
    }

    /// Whether a GPU has at least this memory; where the pool does not say, it has. A GPU of "80 GB" shows
    /// some mebibytes less.
    pub fn has_gpu_memory(&self, least: Quantity) -> bool {
        self.gpu_memory().is_none_or(|has| has.units() >= least.units() / 10 * 9)
    }
}

/// A taint of nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taint {
    pub key: String,
    pub value: Option<String>,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    pub effect: String,
}

impl Taint {
    /// Reads `key=value:effect` or `key:effect`; the text has been checked.
    pub fn parse(text: &str) -> Option<Self> {
        let (rest, effect) = text.rsplit_once(':')?;
        let (key, value) = match rest.split_once('=') {
            Some((key, value)) => (key, Some(value.to_owned())),
            None => (rest, None),
        };
        Some(Self { key: key.into(), value, effect: effect.into() })
    }
}

/// Where the cluster's own parts run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peers {
    pub dns: Peer,
    pub ingress: Peer,
    pub gateway: Peer,
    pub prometheus: Peer,
    pub keda: Peer,
    pub cnpg: Peer,
}

/// Pods of a namespace; all of them without labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    pub namespace: String,
    pub labels: Strings,
}
