//! Accelerators and where pods run.

use super::{
    Affinity, DnsLabel, DnsName, LabelKey, Literal, Named, Reader, ResourceName, Spec, Switch, Text, record, words,
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
    }
    short "count"
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
        let whole =
            || Refusal::new(code::GPU_NOT_WHOLE, format!("`{text}` GPUs cannot be asked for"), "write a whole number");
        match text.parse::<i64>() {
            Ok(0) => Err(Refusal { help: "write `gpu: false`".into(), ..whole() }
                .reason("a component without a GPU says so by `gpu: false`")),
            Ok(count @ 1..=1024) => Ok(Self(count)),
            Err(_) if text.parse::<f64>().is_ok() => Err(whole()
                .reason("an extended resource is counted in whole units, and a GPU belongs to one container")
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
