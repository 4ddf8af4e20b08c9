//! Accelerators and where pods run.

use super::{
    Affinity, DnsLabel, DnsName, LabelKey, Literal, Named, Positive, Reader, ResourceName, Spec, Switch, Text, record,
    words,
};
use crate::diagnostic::code;
use crate::document::Node;
use crate::document::shape::{Refusal, Shape};
use crate::model::quantity::Quantity;

record! {
    /// The GPUs of one pod. They are whole: Kubernetes gives no fractions.
    pub struct Gpu as "gpu" {
        /// How many: 1 unless written.
        opt count "count": GpuCount,
        /// `nvidia` unless written.
        opt vendor "vendor": Vendor,
        /// The extended resource, where it is not the vendor's usual one.
        opt resource "resource": ResourceName,
        /// The product as the nodes' label has it, such as `NVIDIA-L4`.
        opt product "product": Text,
        /// The least memory of one GPU.
        opt memory "memory": Quantity,
        /// A slice of an NVIDIA GPU instead of a whole one, such as `1g.10gb`.
        opt slice "slice": GpuSlice,
        /// `true`: a turn on an NVIDIA GPU that several pods share, without memory of its own.
        opt shared "shared": bool,
        /// How many pods serve one copy of the model together, each with `count` GPUs on its own node.
        opt nodes "nodes": Positive,
        /// Devices by a claim (dynamic resource allocation) instead of a count.
        opt claim "claim": DeviceClaim,
    }
    exclusive [["slice", "shared", "resource", "claim"], ["count", "claim"]]
    short "count"
}

record! {
    /// Devices that the scheduler finds for each pod.
    pub struct DeviceClaim as "device claim" {
        /// The DeviceClass, such as `gpu.nvidia.com`.
        req device_class "deviceClass": DnsName,
        /// How many: 1 unless written.
        opt count "count": Positive,
        /// What a device must be like: expressions in CEL, all of which hold.
        opt selectors "selectors": Vec<Text>,
    }
}

/// The profile of a slice as NVIDIA names it: `1g.10gb`, `1g.10gb.me`, `2c.3g.40gb`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GpuSlice(pub String);

impl GpuSlice {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let name = text.strip_prefix("mig-").unwrap_or(text).replace('+', ".");
        let number = |text: &str, unit: &str| {
            text.strip_suffix(unit).and_then(|digits| digits.parse::<u16>().ok()).is_some_and(|number| number > 0)
        };
        let parts: Vec<&str> = name.split('.').collect();
        let parts = if parts.first().is_some_and(|part| number(part, "c")) { &parts[1..] } else { &parts[..] };
        let plain = parts.len() == 2 || parts.len() == 3 && parts[2].starts_with("me");
        if plain && number(parts[0], "g") && number(parts[1], "gb") && name == text {
            return Ok(Self(name));
        }
        let refusal = Refusal::new(
            code::GPU_SLICE,
            format!("`{text}` is not a slice of a GPU"),
            "write a profile of NVIDIA's MIG, such as `1g.10gb`: compute units, then memory",
        );
        Err(if plain && name != text { refusal.instead(name, true) } else { refusal })
    }

    /// The memory in the name.
    pub(crate) fn memory(&self) -> Option<Quantity> {
        let gigabytes = self.0.split('.').find_map(|part| part.strip_suffix("gb")?.parse::<i64>().ok())?;
        Some(Quantity::from_bytes(gigabytes << 30))
    }
}

impl Spec for GpuSlice {
    fn shape() -> Shape {
        static TEXT: crate::document::shape::TextShape = crate::document::shape::TextShape {
            what: "a slice of a GPU",
            example: "1g.10gb",
            check: |text| GpuSlice::parse(text).map(|_| ()),
            pattern: Some("^([1-9][0-9]*c\\.)?[1-9][0-9]*g\\.[1-9][0-9]*gb(\\.me.*)?$"),
            number: false,
        };
        Shape::Text(&TEXT)
    }

    fn decode(node: &Node, _: &mut Reader<'_>) -> Option<Self> {
        Self::parse(node.as_text()?).ok()
    }
}

words! {
    /// Who made the GPU; gives the name of the resource.
    pub enum Vendor {
        /// `nvidia.com/gpu`.
        Nvidia = "nvidia",
        /// `amd.com/gpu`.
        Amd = "amd",
        /// `gpu.intel.com/i915`.
        Intel = "intel",
    }
}

/// A whole number of GPUs, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GpuCount(pub i64);

impl GpuCount {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let whole = || {
            Refusal::new(
                code::GPU_NOT_WHOLE,
                format!("`{text}` GPUs cannot be asked for"),
                "write a whole number; for a part of a GPU `gpu: {slice: 1g.10gb}` (memory of its own), \
                 `gpu: {shared: true}` (turns on a whole one), or `gpu: {claim: {deviceClass: …}}`",
            )
        };
        match text.parse::<i64>() {
            Ok(0) => Err(Refusal { help: "write `gpu: false`".into(), ..whole() }
                .reason("a component without a GPU says so by `gpu: false`")),
            Ok(count @ 1..=1024) => Ok(Self(count)),
            Err(_) if text.parse::<f64>().is_ok() => Err(whole()
                .reason("the API server refuses a fraction of an extended resource, and a GPU belongs to one container")
                .instead("1", false)),
            _ => Err(whole()),
        }
    }
}

impl Spec for GpuCount {
    fn shape() -> Shape {
        static TEXT: crate::document::shape::TextShape = crate::document::shape::TextShape {
            what: "a whole number of GPUs",
            example: "1",
            check: |text| GpuCount::parse(text).map(|_| ()),
            pattern: Some("^[1-9][0-9]*$"),
            number: true,
        };
        Shape::Text(&TEXT)
    }

    fn decode(node: &Node, _: &mut Reader<'_>) -> Option<Self> {
        Self::parse(node.as_text()?).ok()
    }
}

record! {
    /// Where the pods run.
    pub struct Placement as "placement" {
        /// A node pool of the target: its labels are selected and its taints tolerated.
        opt pool "pool": DnsLabel,
        /// Labels that a node must have.
        opt node_selector "nodeSelector": Named<LabelKey, Literal>,
        /// Taints to tolerate, as `key=value:effect`, `key:effect` or `key`.
        opt tolerations "tolerations": Vec<Text>,
        /// Affinity to nodes and pods, as in Kubernetes.
        opt affinity "affinity": Affinity,
        /// How pods are spread over zones and nodes.
        opt spread "spread": Spread,
        /// A PriorityClass.
        opt priority "priority": DnsName,
        /// A RuntimeClass.
        opt runtime_class "runtimeClass": DnsName,
        /// The scheduler that places them; that of the cluster unless written.
        opt scheduler "scheduler": DnsName,
    }
}

record! {
    /// Spreading of the pods; soft over both unless written.
    pub struct Spread as "spread" {
        /// Over zones.
        opt zone "zone": Switch<Firmness>,
        /// Over nodes.
        opt node "node": Switch<Firmness>,
    }
}

words! {
    /// How much a spread binds.
    pub enum Firmness {
        /// A pod that would break it stays pending.
        Hard = "hard",
        /// It is preferred.
        Soft = "soft",
    }
}
