//! What runs in a container: command, ports, environment, files, volumes, resources, probes, security.

use super::{
    ConfigKey, DataKey, DnsName, Duration, EnvKey, FieldKey, FileKey, HeaderKey, ImageText, Int, Key as _, Literal,
    Named, OutputText, PartKey, PortKey, PortNumber, PortText, Positive, Reader, RepositoryPath, ResourceKey,
    SecretKey, Spec, Switch, Text, UrlPath, Volume, record, words,
};
use crate::diagnostic::code;
use crate::document::Node;
use crate::document::shape::{Refusal, Shape};
use crate::model::quantity::Quantity;
use indexmap::IndexMap;

record! {
    /// A port of the container, and of the Service in front of it.
    pub struct Port as "port" {
        /// The port of the Service; also that of the container unless `target` is written.
        req port "port": PortNumber,
        /// The port on which the container listens.
        opt target "target": PortNumber,
        /// The port on every node, for a Service of type NodePort or LoadBalancer.
        opt node_port "nodePort": Int<30_000, 32_767>,
        /// `tcp` unless written.
        opt protocol "protocol": Protocol,
        /// The application protocol of the Service port, such as `kubernetes.io/h2c`.
        opt app_protocol "appProtocol": Text,
    }
    short "port"
}

words! {
    /// The transport of a port.
    pub enum Protocol {
        /// The default.
        Tcp = "tcp",
        /// Datagrams.
        Udp = "udp",
        /// Streams of messages.
        Sctp = "sctp",
    }
}

record! {
    /// The value of an environment variable: text, or where the value comes from.
    #[derive(Default)]
    pub struct EnvValue as "environment variable" {
        /// The value itself; `${component.output}` is resolved, `$(NAME)` is expanded by Kubernetes.
        opt value "value": Literal,
        /// A typed output of a component, such as `db.url`; adds the edge.
        opt from "from": OutputText,
        /// A key of a secret.
        opt secret "secret": SecretKey,
        /// A key of a config.
        opt config "config": ConfigKey,
        /// A field of the pod, such as `metadata.name`.
        opt field "field": Text,
        /// A resource of the container, such as `limits.memory`.
        opt resource "resource": Text,
    }
    forms ["value", "from", "secret", "config", "field", "resource"]
    short "value"
}

record! {
    /// All keys of a secret or config as environment variables.
    pub struct EnvSource as "environment source" {
        /// The secret whose keys become variables.
        opt secret "secret": DnsName,
        /// The config whose keys become variables.
        opt config "config": DnsName,
        /// Put before each name.
        opt prefix "prefix": Text,
    }
    forms ["secret", "config"]
}

record! {
    /// The content of a file in the container.
    #[derive(Default)]
    pub struct FileSource as "file" {
        /// A file of the repository.
        opt path "path": RepositoryPath,
        /// The text itself.
        opt text "text": Literal,
        /// A key of a secret.
        opt secret "secret": SecretKey,
        /// The permission bits in octal, as text: "0444".
        opt mode "mode": FileMode,
        /// `true`: `${component.output}` in the content is resolved. Otherwise nothing in it is interpreted.
        opt template "template": bool,
    }
    forms ["path", "text", "secret"]
}

/// Permission bits, written in octal as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileMode(pub i32);

impl FileMode {
    fn parse(text: &str) -> Result<Self, Refusal> {
        i32::from_str_radix(text, 8)
            .ok()
            .filter(|mode| (0..=0o777).contains(mode) && text.len() <= 4)
            .map(Self)
            .ok_or_else(|| {
                Refusal::new(
                    code::WRONG_TYPE,
                    format!("`{text}` are not permission bits"),
                    "write three or four octal digits as text, such as \"0444\"",
                )
            })
    }
}

impl Spec for FileMode {
    fn shape() -> Shape {
        static TEXT: crate::document::shape::TextShape = crate::document::shape::TextShape {
            what: "permission bits in octal, as text",
            example: "\"0444\"",
            check: |text| FileMode::parse(text).map(|_| ()),
            pattern: Some("^[0-7]{3,4}$"),
            number: false,
        };
        Shape::Text(&TEXT)
    }

    fn decode(node: &Node, _: &mut Reader<'_>) -> Option<Self> {
        Self::parse(node.as_text()?).ok()
    }
}

/// A file, or a folder of files where the path ends with `/`.
#[derive(Clone, Debug, PartialEq)]
pub enum FileEntry {
    File(FileSource),
    Folder(Named<DataKey, FileSource>),
}

/// Files by their path in the container.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Files(pub IndexMap<String, FileEntry>);

impl Spec for Files {
    fn shape() -> Shape {
        Shape::Map(Box::new(crate::document::shape::MapShape {
            key: FileKey::WHAT,
            check: FileKey::check,
            value: FileSource::shape(),
            folder: Some(Named::<DataKey, FileSource>::shape()),
        }))
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let mut files = IndexMap::new();
        for (path, entry) in node.as_map()? {
            reader.path.push(path);
            let decoded = if path.ends_with('/') {
                Named::decode(&entry.node, reader).map(FileEntry::Folder)
            } else {
                FileSource::decode(&entry.node, reader).map(FileEntry::File)
            };
            files.extend(decoded.map(|file| (path.to_string(), file)));
            reader.path.pop();
        }
        Some(Self(files))
    }
}

record! {
    /// What the container asks for, and what it may take at most.
    #[derive(Default)]
    pub struct Resources as "resources" {
        /// What the scheduler sets aside: `cpu`, `memory`, `ephemeral-storage`, any extended resource.
        opt requests "requests": Named<ResourceKey, Quantity>,
        /// What the container may take at most; `false` lifts a limit. Memory is limited to its request unless written.
        opt limits "limits": Named<ResourceKey, Switch<Quantity>>,
    }
}

record! {
    /// When the container is up, ready and alive. Keys beside the probes are shared by those written.
    #[derive(Default)]
    pub struct Health as "health" {
        /// Until it succeeds the other probes wait: the budget of the start.
        opt startup "startup": Switch<Probe>,
        /// While it fails, no request is sent here.
        opt ready "ready": Switch<Probe>,
        /// When it fails, the container is started again.
        opt live "live": Switch<Probe>,
        /// GET on this path.
        opt path "path": UrlPath,
        /// A TCP connection opens.
        opt tcp "tcp": bool,
        /// A command succeeds.
        opt exec "exec": Vec<Literal>,
        /// The gRPC health service answers; its name, or `true` for the server as a whole.
        opt grpc "grpc": Literal,
        /// A port of the container, by name or number; the first one unless written.
        opt port "port": PortText,
        /// Time between two probes: 10s unless written.
        opt period "period": Duration,
        /// Time after which a probe has failed: 1s unless written.
        opt timeout "timeout": Duration,
        /// Failures in a row that count: 3 unless written.
        opt failures "failures": Positive,
        /// Successes in a row that count (readiness only): 1 unless written.
        opt successes "successes": Positive,
        /// Time before the first probe.
        opt delay "delay": Duration,
        /// Headers of the request.
        opt headers "headers": Named<HeaderKey, Literal>,
        /// `http` unless written.
        opt scheme "scheme": Scheme,
        /// A budget in place of `failures`: failures = within / period, rounded up.
        opt within "within": Duration,
    }
    forms ["path", "tcp", "exec", "grpc"]
    exclusive [["failures", "within"]]
}

record! {
    /// One probe.
    #[derive(Default)]
    pub struct Probe as "probe" {
        /// GET on this path.
        opt path "path": UrlPath,
        /// A TCP connection opens.
        opt tcp "tcp": bool,
        /// A command succeeds.
        opt exec "exec": Vec<Literal>,
        /// The gRPC health service answers; its name, or `true` for the server as a whole.
        opt grpc "grpc": Literal,
        /// A port of the container, by name or number; the first one unless written.
        opt port "port": PortText,
        /// Time between two probes: 10s unless written.
        opt period "period": Duration,
        /// Time after which a probe has failed: 1s unless written.
        opt timeout "timeout": Duration,
        /// Failures in a row that count: 3 unless written.
        opt failures "failures": Positive,
        /// Successes in a row that count (readiness only): 1 unless written.
        opt successes "successes": Positive,
        /// Time before the first probe.
        opt delay "delay": Duration,
        /// Headers of the request.
        opt headers "headers": Named<HeaderKey, Literal>,
        /// `http` unless written.
        opt scheme "scheme": Scheme,
        /// A budget in place of `failures`: failures = within / period, rounded up.
        opt within "within": Duration,
    }
    forms ["path", "tcp", "exec", "grpc"]
    exclusive [["failures", "within"]]
    short "path"
}

words! {
    /// How a probe speaks.
    pub enum Scheme {
        /// Plain.
        Http = "http",
        /// Over TLS; the certificate is not checked.
        Https = "https",
    }
}

record! {
    /// A container that runs to its end before the component starts.
    #[derive(Default)]
    pub struct InitStep as "init step" {
        /// The component's image unless written.
        opt image "image": ImageText,
        /// The program, in place of the image's entry point.
        opt command "command": Vec<Literal>,
        /// Its arguments.
        opt args "args": Vec<Literal>,
        /// Environment variables, beside the component's own.
        opt env "env": Named<EnvKey, EnvValue>,
        /// All keys of secrets and configs as variables.
        opt env_from "envFrom": Named<PartKey, EnvSource>,
        /// Files in this container.
        opt files "files": Files,
        /// Volumes, beside the component's own.
        opt volumes "volumes": Named<PartKey, Volume>,
        /// What it asks for and may take.
        opt resources "resources": Resources,
        /// Who it runs as and what it may do.
        opt security "security": Security,
        /// `false`: environment and volumes of the component do not come along.
        opt inherit "inherit": bool,
    }
}

record! {
    /// A container beside the main one, as long as the pod lives. Nothing of the component comes along.
    pub struct Sidecar as "sidecar" {
        /// Its image.
        req image "image": ImageText,
        /// The program, in place of the image's entry point.
        opt command "command": Vec<Literal>,
        /// Its arguments.
        opt args "args": Vec<Literal>,
        /// Environment variables.
        opt env "env": Named<EnvKey, EnvValue>,
        /// All keys of secrets and configs as variables.
        opt env_from "envFrom": Named<PartKey, EnvSource>,
        /// Files in this container.
        opt files "files": Files,
        /// Volumes; one without a form is the component's of that name.
        opt volumes "volumes": Named<PartKey, Volume>,
        /// Ports by name, unlike those of the component; the Service offers them too.
        opt ports "ports": Named<PortKey, Port>,
        /// Probes.
        opt health "health": Switch<Health>,
        /// What it asks for and may take.
        opt resources "resources": Resources,
        /// Who it runs as and what it may do.
        opt security "security": Security,
    }
}

record! {
    /// How the pod goes down.
    #[derive(Default)]
    pub struct Shutdown as "shutdown" {
        /// Time between SIGTERM and SIGKILL, delay included: 30s unless written.
        opt grace "grace": Duration,
        /// Time during which the pod still serves while it leaves the Service: a `preStop` sleep.
        opt delay "delay": Duration,
        /// A command run before SIGTERM, in place of `delay`.
        opt command "command": Vec<Literal>,
    }
    exclusive [["delay", "command"]]
}

record! {
    /// Who the containers run as and what they may do. Hardened unless written; each field that weakens
    /// needs a reason in `because`.
    #[derive(Default)]
    pub struct Security as "security" {
        /// The user's number, or `image` for the user that the image names; 10001 unless written.
        opt run_as_user "runAsUser": User,
        /// The group's number.
        opt run_as_group "runAsGroup": Int<0, 2_147_483_647>,
        /// The group that owns the volumes.
        opt fs_group "fsGroup": Int<0, 2_147_483_647>,
        /// `true` unless written.
        opt run_as_non_root "runAsNonRoot": bool,
        /// `true` unless written: nothing is writable but what is mounted.
        opt read_only_root_filesystem "readOnlyRootFilesystem": bool,
        /// `false` unless written.
        opt allow_privilege_escalation "allowPrivilegeEscalation": bool,
        /// Capabilities added and dropped; all are dropped unless written.
        opt capabilities "capabilities": Capabilities,
        /// `false` unless written.
        opt privileged "privileged": bool,
        /// `RuntimeDefault` unless written; `Unconfined` or `Localhost/…`.
        opt seccomp_profile "seccompProfile": Text,
        /// The pod shares the node's network.
        opt host_network "hostNetwork": bool,
        /// The pod sees the node's processes.
        opt host_pid "hostPID": bool,
        /// Why, for each field that weakens a protection.
        opt because "because": Named<FieldKey, Text>,
    }
}

record! {
    /// Linux capabilities.
    pub struct Capabilities as "capabilities" {
        /// Given to the container.
        opt add "add": Vec<Text>,
        /// Taken from it; `[ALL]` unless written.
        opt drop "drop": Vec<Text>,
    }
}

/// The user that containers run as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum User {
    Number(i64),
    /// The user that the image names.
    Image,
}

impl User {
    fn parse(text: &str) -> Result<Self, Refusal> {
        match text.parse::<i64>() {
            _ if text == "image" => Ok(Self::Image),
            Ok(number @ 0..=2_147_483_647) => Ok(Self::Number(number)),
            _ => Err(Refusal::new(
                code::WRONG_TYPE,
                format!("`{text}` is not a user"),
                "write the user's number, or `image`",
            )),
        }
    }
}

impl Spec for User {
    fn shape() -> Shape {
        static TEXT: crate::document::shape::TextShape = crate::document::shape::TextShape {
            what: "the number of a user, or `image`",
            example: "10001",
            check: |text| User::parse(text).map(|_| ()),
            pattern: Some("^([0-9]+|image)$"),
            number: true,
        };
        Shape::Text(&TEXT)
    }

    fn decode(node: &Node, _: &mut Reader<'_>) -> Option<Self> {
        Self::parse(node.as_text()?).ok()
    }
}
