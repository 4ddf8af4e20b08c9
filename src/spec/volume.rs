//! Volumes of a component: where they are mounted, and what they are.

use super::{DnsName, ImageText, Literal, MountPath, Named, ParameterKey, Reader, Spec, Text, record, words};
use crate::document::Node;
use crate::document::shape::{Refusal, Shape};
use crate::model::quantity::Quantity;

record! {
    /// A volume of the component: where it is mounted, and what it is.
    pub struct Volume as "volume" {
        /// Where it is mounted.
        req mount "mount": MountPath,
        /// Mounted for reading only.
        opt read_only "readOnly": bool,
        /// A folder of the volume in the place of its root.
        opt sub_path "subPath": Text,
        /// A claim of the component's own, of this size.
        opt size "size": Quantity,
        /// The storage class: a key of `target.storageClasses`, or a class as it is.
        opt class "class": DnsName,
        /// Who may mount it: `rwo` unless written.
        opt access "access": Access,
        /// A shared volume of the system, by its name in `volumes`.
        opt volume "volume": DnsName,
        /// A claim that exists already.
        opt claim "claim": DnsName,
        /// Scratch space on the node: `true`, or at most so much.
        opt scratch "scratch": Scratch,
        /// Scratch space in memory, at most so much; it counts as memory of the container.
        opt memory "memory": Quantity,
        /// A config of the system, one file a key.
        opt config "config": DnsName,
        /// A secret, one file a key.
        opt secret "secret": DnsName,
        /// The files of an image, for reading only; from Kubernetes 1.35.
        opt image "image": ImageText,
        /// A volume that a driver of the cluster makes for the pod.
        opt csi "csi": CsiVolume,
        /// A folder of an NFS server.
        opt nfs "nfs": NfsVolume,
        /// A path of the node; needs `because`.
        opt host_path "hostPath": MountPath,
        /// Why the pod sees a path of the node.
        opt because "because": Text,
    }
    forms ["size", "volume", "claim", "scratch", "memory", "config", "secret", "image", "csi", "nfs", "hostPath"]
}

record! {
    /// A volume that a driver of the cluster makes for the pod, and that goes with it.
    pub struct CsiVolume as "csi volume" {
        /// The driver, such as `secrets-store.csi.k8s.io`.
        req driver "driver": DnsName,
        /// What the driver wants to know.
        opt attributes "attributes": Named<ParameterKey, Literal>,
        /// The driver mounts it for reading only.
        opt read_only "readOnly": bool,
        /// The secret that the driver uses.
        opt secret "secret": DnsName,
    }
}

record! {
    /// A folder of an NFS server. The node mounts it, so no network policy holds it.
    pub struct NfsVolume as "nfs volume" {
        /// The server's host name or address.
        req server "server": Text,
        /// The folder that it exports.
        req path "path": MountPath,
    }
}

/// Scratch space, with or without a limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scratch(pub Option<Quantity>);

impl Scratch {
    fn parse(text: &str) -> Result<Self, Refusal> {
        if text == "true" { Ok(Self(None)) } else { Quantity::parse(text).map(|size| Self(Some(size))) }
    }
}

impl Spec for Scratch {
    fn shape() -> Shape {
        static TEXT: crate::document::shape::TextShape = crate::document::shape::TextShape {
            what: "true, or a quantity",
            example: "2Gi",
            check: |text| Scratch::parse(text).map(|_| ()),
            pattern: None,
            number: true,
        };
        Shape::Text(&TEXT)
    }

    fn decode(node: &Node, _: &mut Reader<'_>) -> Option<Self> {
        Self::parse(node.as_text()?).ok()
    }
}

words! {
    /// Who may mount a volume.
    pub enum Access {
        /// One node reads and writes.
        Rwo = "rwo" elsewhere { "ReadWriteOnce": "Kubernetes calls it `ReadWriteOnce`" },
        /// Many nodes read.
        Rox = "rox" elsewhere { "ReadOnlyMany": "Kubernetes calls it `ReadOnlyMany`" },
        /// Many nodes read and write.
        Rwx = "rwx" elsewhere { "ReadWriteMany": "Kubernetes calls it `ReadWriteMany`" },
        /// One pod reads and writes.
        Rwop = "rwop" elsewhere { "ReadWriteOncePod": "Kubernetes calls it `ReadWriteOncePod`" },
    }
}

impl Volume {
    /// True where it says what it is, and not only where it is mounted.
    pub fn has_form(&self) -> bool {
        let outside = self.image.is_some() || self.csi.is_some() || self.nfs.is_some() || self.host_path.is_some();
        let kept = self.size.is_some() || self.volume.is_some() || self.claim.is_some();
        let passing = self.scratch.is_some() || self.memory.is_some();
        outside || kept || passing || self.config.is_some() || self.secret.is_some()
    }
}
