//! A pod: containers, volumes, and where it may run.

use super::{Container, Image, Port, Quantity, Strings};
use crate::spec::Firmness;
use k8s_openapi::api::core::v1::Affinity;

#[derive(Clone, Debug, PartialEq)]
pub struct Pod {
    /// Labels of the author's own on the pods, without the standard ones.
    pub labels: Strings,
    pub annotations: Strings,
    pub main: Container,
    /// In the order of running.
    pub init: Vec<Container>,
    /// Beside the main container: up before the steps, in the order of writing.
    pub sidecars: Vec<Container>,
    pub volumes: Vec<Volume>,
    /// The group that owns the volumes.
    pub fs_group: Option<i64>,
    pub host_network: bool,
    pub host_pid: bool,
    pub identity: Identity,
    pub pull_secrets: Vec<String>,
    /// Seconds between SIGTERM and SIGKILL, the delay included.
    pub grace: i64,
    pub placement: Placement,
    pub gpu: Option<Gpu>,
}

impl Pod {
    /// All containers: init steps, sidecars, then the main one.
    pub fn containers(&self) -> impl Iterator<Item = &Container> {
        self.init.iter().chain(&self.sidecars).chain(std::iter::once(&self.main))
    }

    /// The containers that run as long as the pod: the main one, then its sidecars.
    pub fn running(&self) -> impl Iterator<Item = &Container> {
        std::iter::once(&self.main).chain(&self.sidecars)
    }

    /// The ports of the pod: those of the main container, then of its sidecars.
    pub fn ports(&self) -> impl Iterator<Item = &Port> {
        self.running().flat_map(|container| &container.ports)
    }
}

/// What a quota calls the devices of a class: this behind its name.
pub const DEVICES: &str = ".deviceclass.resource.k8s.io/devices";

/// The GPUs of a pod; the amount itself stands in the limits of the main container.
#[derive(Clone, Debug, PartialEq)]
pub struct Gpu {
    pub count: i64,
    /// The extended resource, such as `nvidia.com/gpu`; for a claim the name by which a quota counts.
    pub resource: String,
    pub form: GpuForm,
    pub product: Option<String>,
    /// The label of nodes with the product.
    pub label: String,
    /// The least memory of one, where it is written or in the name of the slice.
    pub memory: Option<Quantity>,
    /// Pods that serve together, each with `count` on its own node.
    pub nodes: u32,
    /// The node pool that was chosen for it, where the target has one.
    pub pool: Option<String>,
}

impl Gpu {
    /// What it is called in a sentence.
    pub fn name(&self) -> &str {
        match &self.form {
            GpuForm::Claim(claim) => &claim.class,
            GpuForm::Whole | GpuForm::Slice | GpuForm::Share => &self.resource,
        }
    }

    pub fn claim(&self) -> Option<&DeviceClaim> {
        if let GpuForm::Claim(claim) = &self.form { Some(claim) } else { None }
    }

    /// GPUs of one replica: of all its pods.
    pub fn of_replica(&self) -> i64 {
        self.count * i64::from(self.nodes)
    }
}

/// What a pod has of a GPU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GpuForm {
    Whole,
    /// A part with compute units and memory of its own.
    Slice,
    /// Turns on a whole one.
    Share,
    /// Whatever the scheduler finds for a claim.
    Claim(DeviceClaim),
}

/// Devices that the scheduler finds for each pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceClaim {
    /// `<component>-gpu`, the name of the template.
    pub template: String,
    pub class: String,
    /// Expressions in CEL.
    pub selectors: Vec<String>,
}

/// The service account of a pod.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    pub account: String,
    /// False where the account exists already.
    pub create: bool,
    pub annotations: Strings,
    /// Whether the token is mounted.
    pub token: bool,
    pub roles: Vec<Role>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// `<component>-<name>`
    pub name: String,
    pub cluster: bool,
    pub rules: Vec<RoleRule>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleRule {
    pub api_groups: Vec<String>,
    pub resources: Vec<String>,
    pub resource_names: Vec<String>,
    pub verbs: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Placement {
    /// The labels of the pool, then those written.
    pub node_selector: Strings,
    pub tolerations: Vec<Toleration>,
    /// `None`: not spread over that domain.
    pub spread_zone: Option<Firmness>,
    pub spread_node: Option<Firmness>,
    pub priority: Option<String>,
    pub runtime_class: Option<String>,
    /// As Kubernetes has it.
    pub affinity: Option<Box<Affinity>>,
    pub scheduler: Option<String>,
    /// The node pool that `placement.pool` or the GPU named.
    pub pool: Option<String>,
}

/// A taint that is tolerated. `value: None` tolerates any value, `effect: None` any effect.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Toleration {
    pub key: String,
    pub value: Option<String>,
    pub effect: Option<String>,
}

/// A volume of the pod.
#[derive(Clone, Debug, PartialEq)]
pub struct Volume {
    pub name: String,
    pub source: VolumeSource,
}

#[derive(Clone, Debug, PartialEq)]
pub enum VolumeSource {
    /// A claim of the component's own: `<component>-<volume>` of a Deployment, a template of a StatefulSet.
    Own(Claim),
    /// A claim by its name: shared, or one that exists already.
    Claim { name: String, read_only: bool },
    /// Scratch space on the node.
    Scratch { limit: Option<Quantity> },
    /// Scratch space in memory.
    Memory { limit: Quantity },
    /// Keys of a ConfigMap as files: the object's name and, where it is not all of them, (key, path).
    Config { name: String, items: Vec<Item> },
    /// Keys of a secret as files.
    Secret { name: String, items: Vec<Item> },
    /// Keys of several sources in one folder.
    Projected(Vec<Projection>),
    /// The files of an image.
    Image(Image),
    /// A volume that a driver makes for the pod.
    Csi { driver: String, attributes: Strings, read_only: bool, secret: Option<String> },
    /// A folder of an NFS server.
    Nfs { server: String, path: String, read_only: bool },
    /// A path of the node.
    HostPath(String),
    /// What a client of the API needs: the token of the pod's account, for an hour, and the certificate
    /// of the server.
    Token,
}

/// Keys of one source in a folder of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Projection {
    /// A secret, or else a ConfigMap.
    pub is_secret: bool,
    pub name: String,
    pub items: Vec<Item>,
}

/// One key of a ConfigMap or secret as a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub key: String,
    pub path: String,
    pub mode: Option<i32>,
}

/// A claim of storage.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    pub size: Quantity,
    /// The storage class; `None` is the cluster's default.
    pub class: Option<String>,
    pub access: crate::spec::Access,
}
