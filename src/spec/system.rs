//! A system: what the product is made of.

use super::{
    Access, Catalogue, Component, ComponentKey, Count, DataKey, DnsLabel, DnsName, Images, Kind, LabelKey, Literal,
    Named, ObjectKey, PartKey, Patches, PodPeer, Policies, PortNumber, Reader, Registry, RepositoryPath,
    RepositoryPattern, Spec, Switch, SystemDashboard, Text, record, words,
};
use crate::document::Node;
use crate::document::shape::{Record, Shape};
use crate::model::quantity::Quantity;

record! {
    /// A system: what the product is made of.
    pub struct System as "system" {
        /// `windlass/v1`.
        req api_version "apiVersion": ApiVersion,
        /// `System`.
        req kind "kind": SystemKind,
        /// The name of the system: the value of `app.kubernetes.io/part-of`.
        req name "name": DnsLabel,
        /// Who answers for it.
        opt owner "owner": Text,
        /// For people.
        opt description "description": Text,
        /// Files with more of the system: top-level maps, such as `components`. `*` stands for any part of a name.
        opt include "include": Vec<RepositoryPattern>,
        /// Labels on all objects.
        opt labels "labels": Named<LabelKey, Literal>,
        /// Annotations on all objects.
        opt annotations "annotations": Named<LabelKey, Literal>,
        /// The parts of the system, by name.
        req components "components": Named<ComponentKey, Box<Component>>,
        /// Fields that components have unless they write them: `all`, or by kind.
        opt defaults "defaults": Defaults,
        /// Parts of components by name, for those that are `like` them.
        opt profiles "profiles": Named<PartKey, Component>,
        /// Secrets by name. A secret is only ever a name here: no file holds a value.
        opt secrets "secrets": Named<ObjectKey, Secret>,
        /// Configuration by name: keys and values that several components read.
        opt config "config": Named<ObjectKey, Named<DataKey, Literal>>,
        /// Volumes that several components share.
        opt volumes "volumes": Named<ObjectKey, SharedVolume>,
        /// The policy of the namespace.
        opt network "network": Network,
        /// Where images come from.
        opt images "images": Images,
        /// What the namespace may ask for in all.
        opt quota "quota": Quota,
        /// Files with hand-written objects, which get the namespace, the labels and the checks of all others.
        opt manifests "manifests": Vec<RepositoryPattern>,
        /// Changes to emitted objects, hand-written ones included.
        opt patches "patches": Patches,
        /// Rules of the team's own, by name: conditions in CEL over the objects, or over the system.
        opt policies "policies": Policies,
        /// The models of the system as objects of the cluster; `false` for none.
        opt catalogue "catalogue": Switch<Catalogue>,
        /// Registries that models come from.
        opt registries "registries": Named<ObjectKey, Registry>,
        /// Dashboards over several components.
        opt dashboards "dashboards": Named<PartKey, SystemDashboard>,
    }
}

words! {
    /// The version of the language.
    pub enum ApiVersion {
        /// The first one.
        V1 = "windlass/v1",
    }
}

words! {
    /// What the document is.
    pub enum SystemKind {
        /// What the product is made of.
        System = "System",
    }
}

/// Fields below those of components. `all` and every kind hold the fields of a component.
#[derive(Clone, Debug, PartialEq)]
pub struct Defaults;

impl Defaults {
    fn record() -> &'static Record {
        static RECORD: std::sync::LazyLock<Record> = std::sync::LazyLock::new(|| Record {
            name: "defaults",
            doc: "Fields of a component, for all of them or by kind.",
            fields: std::iter::once(("all", "For every component that has the field."))
                .chain(Kind::ALL.iter().map(|kind| (kind.text(), "For components of this kind.")))
                .map(|(key, doc)| crate::document::shape::Field {
                    key,
                    doc,
                    shape: Component::shape(),
                    required: false,
                })
                .collect(),
            forms: &[],
            exclusive: &[],
            choice: &[],
            moves: &[],
        });
        &RECORD
    }
}

impl Spec for Defaults {
    fn shape() -> Shape {
        Shape::Record(Self::record())
    }

    /// Layers are read by the overlay, as trees.
    fn decode(_: &Node, _: &mut Reader<'_>) -> Option<Self> {
        Some(Self)
    }
}

record! {
    /// A secret: its keys, and where the values come from.
    pub struct Secret as "secret" {
        /// Its keys.
        req keys "keys": Vec<Text>,
        /// `store` where the target has a secret store, else `existing`.
        opt from "from": SecretOrigin,
        /// The encrypted file, for `sealed` and `sops`.
        opt file "file": RepositoryPath,
        /// Its path in the store; `{system}/{environment}/{secret}` unless written.
        opt remote "remote": Text,
        /// The property in the store, for keys that are called otherwise there.
        opt remote_keys "remoteKeys": Named<DataKey, Text>,
    }
    choice "from" beside ["keys"]
}

words! {
    /// Where the values of a secret come from.
    pub enum SecretOrigin {
        /// From the target's secret store, through an ExternalSecret.
        Store = "store",
        /// Somebody else puts it into the namespace.
        Existing = "existing",
        /// A SealedSecret in the repository, which its controller opens in the cluster.
        Sealed = "sealed",
        /// A Secret in the repository, encrypted by SOPS, which the delivery opens.
        Sops = "sops",
    }
}

record! {
    /// A volume that several components mount.
    pub struct SharedVolume as "shared volume" {
        /// How much.
        req size "size": Quantity,
        /// The storage class: a key of `target.storageClasses`, or a class as it is.
        opt class "class": DnsName,
        /// Who may mount it.
        req access "access": Access,
    }
}

record! {
    /// What the namespace may ask for in all: a ResourceQuota on requests.
    pub struct Quota as "quota" {
        /// CPU that all pods may ask for.
        opt cpu "cpu": Quantity,
        /// Memory that all pods may ask for.
        opt memory "memory": Quantity,
        /// GPUs that all pods may have, of each sort that the components have.
        opt gpu "gpu": Count,
        /// The size of all volumes together.
        opt storage "storage": Quantity,
        /// Pods at one time.
        opt pods "pods": Count,
    }
}

record! {
    /// The policy of the namespace.
    pub struct Network as "network" {
        /// `deny` unless written: only the edges of the graph are open.
        opt default "default": NetworkDefault,
        /// Why the namespace is open.
        opt because "because": Text,
        /// Further openings, by name.
        opt allow "allow": Named<PartKey, Opening>,
    }
}

words! {
    /// What is open where nothing says so.
    pub enum NetworkDefault {
        /// Nothing.
        Deny = "deny",
        /// Everything; needs a reason.
        Allow = "allow",
    }
}

record! {
    /// An opening in the policy of the namespace.
    pub struct Opening as "opening" {
        /// Who may come in; pods of another namespace.
        req from "from": PodPeer,
        /// Components that are opened; all unless written.
        opt to "to": Vec<Text>,
        /// Ports of the containers; all unless written.
        opt ports "ports": Vec<PortNumber>,
    }
}
