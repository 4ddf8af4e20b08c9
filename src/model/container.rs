//! A container: what runs, with what, and how it is watched.

use super::{Amounts, Image};
use crate::spec::{Protocol, Scheme};

#[derive(Clone, Debug, PartialEq)]
pub struct Container {
    pub name: String,
    pub image: Image,
    pub command: Vec<String>,
    pub args: Vec<String>,
    pub workdir: Option<String>,
    /// In the order of writing.
    pub ports: Vec<Port>,
    /// In the order of emission: a variable stands before those that refer to it.
    pub env: Vec<EnvVar>,
    pub env_from: Vec<EnvFrom>,
    pub mounts: Vec<Mount>,
    pub resources: Resources,
    pub probes: Probes,
    /// What happens before SIGTERM.
    pub pre_stop: Option<PreStop>,
    pub security: ContainerSecurity,
    /// The job that it waits for, whose name is its last argument.
    pub awaits: Option<Awaited>,
}

/// A job that a step waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Awaited {
    /// The key of the job's component.
    pub component: String,
    /// Seconds that one attempt takes at most.
    pub timeout: i64,
}

/// A port: where the container listens, and where the Service offers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    pub name: String,
    /// The Service's port.
    pub port: u16,
    /// The container's port.
    pub target: u16,
    pub node_port: Option<u16>,
    pub protocol: Protocol,
    pub app_protocol: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvVar {
    pub name: String,
    pub value: EnvValue,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvValue {
    /// Text; `$(NAME)` in it is expanded by Kubernetes.
    Text(String),
    Secret {
        name: String,
        key: String,
    },
    /// A key of a ConfigMap, by the object's name (with its hash).
    Config {
        name: String,
        key: String,
    },
    /// A field of the pod, such as `metadata.name`.
    Field(String),
    /// A resource of this container, such as `limits.memory`.
    Resource(String),
}

/// All keys of a secret or config as variables; the name of the object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvFrom {
    pub source: EnvFromSource,
    pub prefix: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvFromSource {
    Secret(String),
    Config(String),
}

/// A volume of the pod in the container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// The name of the pod's volume.
    pub volume: String,
    pub path: String,
    pub sub_path: Option<String>,
    pub read_only: bool,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resources {
    pub requests: Amounts,
    pub limits: Amounts,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Probes {
    pub startup: Option<Probe>,
    pub ready: Option<Probe>,
    pub live: Option<Probe>,
}

/// A probe; times in seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    pub check: ProbeCheck,
    pub delay: i32,
    pub period: i32,
    pub timeout: i32,
    pub failures: i32,
    pub successes: i32,
}

impl Probe {
    /// The longest time, in seconds, that a container may take before this probe gives it up.
    pub fn budget(&self) -> i64 {
        i64::from(self.delay) + i64::from(self.period) * i64::from(self.failures)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum ProbeCheck {
    Http {
        path: String,
        port: PortRef,
        scheme: Scheme,
        headers: Vec<(String, String)>,
    },
    Tcp(PortRef),
    Exec(Vec<String>),
    /// The port is a number: the API takes no name here.
    Grpc {
        port: u16,
        service: Option<String>,
    },
}

/// A port of the container by name or number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortRef {
    Name(String),
    Number(u16),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PreStop {
    /// The kubelet sleeps, in seconds.
    Sleep(i64),
    Exec(Vec<String>),
}

/// What a container may do; every field is emitted.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "they are the fields of Kubernetes")]
pub struct ContainerSecurity {
    /// `None` leaves it to the image.
    pub run_as_user: Option<i64>,
    pub run_as_group: Option<i64>,
    pub run_as_non_root: bool,
    pub read_only_root: bool,
    pub allow_privilege_escalation: bool,
    pub privileged: bool,
    pub add: Vec<String>,
    pub drop: Vec<String>,
    pub seccomp: Seccomp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seccomp {
    RuntimeDefault,
    Unconfined,
    Localhost(String),
}

/// User and group of containers unless written: above 10,000, so that no user of the node is met.
pub const DEFAULT_USER: i64 = 10_001;

impl ContainerSecurity {
    /// Hardened: what Pod Security `restricted` asks for, and a read-only root.
    pub fn hardened(user: Option<i64>) -> Self {
        Self {
            run_as_user: user,
            run_as_group: user,
            run_as_non_root: true,
            read_only_root: true,
            allow_privilege_escalation: false,
            privileged: false,
            add: Vec::new(),
            drop: vec!["ALL".into()],
            seccomp: Seccomp::RuntimeDefault,
        }
    }
}
