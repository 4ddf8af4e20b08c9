//! Affinity of pods to nodes and to one another, in the words of Kubernetes.

use super::{DnsLabel, Int, LabelKey, LabelName, Literal, Named, Text, record, words};

record! {
    /// Where pods may or would rather run, as in Kubernetes.
    pub struct Affinity as "affinity" {
        /// By labels of nodes.
        opt node "nodeAffinity": NodeAffinity,
        /// Near pods that are there already.
        opt pod "podAffinity": PodAffinity,
        /// Away from pods that are there already.
        opt pod_anti "podAntiAffinity": PodAffinity,
    }
}

record! {
    /// By labels of nodes.
    pub struct NodeAffinity as "node affinity" {
        /// A pod stays pending where no node matches.
        opt required "requiredDuringSchedulingIgnoredDuringExecution": NodeSelector,
        /// Nodes that match are taken first.
        opt preferred "preferredDuringSchedulingIgnoredDuringExecution": Vec<PreferredNodes>,
    }
}

record! {
    /// Nodes by terms.
    pub struct NodeSelector as "node selector" {
        /// One of them must match.
        req terms "nodeSelectorTerms": Vec<NodeTerm>,
    }
}

record! {
    /// Nodes that match all of these.
    pub struct NodeTerm as "node selector term" {
        /// By labels.
        opt expressions "matchExpressions": Vec<NodeRequirement>,
        /// By fields: `metadata.name`.
        opt fields "matchFields": Vec<NodeRequirement>,
    }
}

record! {
    /// What a label of a node must be.
    pub struct NodeRequirement as "node requirement" {
        /// The label.
        req key "key": LabelName,
        /// How it is compared.
        req operator "operator": NodeOperator,
        /// With what.
        opt values "values": Vec<Literal>,
    }
}

words! {
    /// How a label of a node is compared.
    pub enum NodeOperator {
        /// It is one of the values.
        In = "In",
        /// It is none of the values, or not there.
        NotIn = "NotIn",
        /// It is there.
        Exists = "Exists",
        /// It is not there.
        DoesNotExist = "DoesNotExist",
        /// It is a whole number greater than the value.
        Gt = "Gt",
        /// It is a whole number less than the value.
        Lt = "Lt",
    }
}

/// How much a preference weighs.
pub type Weight = Int<1, 100>;

record! {
    /// Nodes that are taken first.
    pub struct PreferredNodes as "preferred nodes" {
        /// How much it weighs against others.
        req weight "weight": Weight,
        /// The nodes.
        req preference "preference": NodeTerm,
    }
}

record! {
    /// Near or away from pods.
    pub struct PodAffinity as "pod affinity" {
        /// A pod stays pending where one of them does not hold.
        opt required "requiredDuringSchedulingIgnoredDuringExecution": Vec<PodTerm>,
        /// Taken into account.
        opt preferred "preferredDuringSchedulingIgnoredDuringExecution": Vec<PreferredPods>,
    }
}

record! {
    /// Pods that are taken into account.
    pub struct PreferredPods as "preferred pods" {
        /// How much it weighs against others.
        req weight "weight": Weight,
        /// The pods.
        req term "podAffinityTerm": PodTerm,
    }
}

record! {
    /// Pods in a domain of nodes.
    pub struct PodTerm as "pod affinity term" {
        /// The pods; none unless written.
        opt selector "labelSelector": LabelSelector,
        /// The label of nodes that makes up the domain.
        req topology_key "topologyKey": LabelName,
        /// Namespaces of the pods; this one unless written.
        opt namespaces "namespaces": Vec<DnsLabel>,
        /// Namespaces of the pods, by their labels.
        opt namespace_selector "namespaceSelector": LabelSelector,
        /// Labels whose values must be those of the pod that is placed.
        opt match_label_keys "matchLabelKeys": Vec<LabelName>,
        /// Labels whose values must not be those of the pod that is placed.
        opt mismatch_label_keys "mismatchLabelKeys": Vec<LabelName>,
    }
}

record! {
    /// Objects by their labels; all of them where it is empty.
    pub struct LabelSelector as "label selector" {
        /// Labels with their values.
        opt labels "matchLabels": Named<LabelKey, Literal>,
        /// What labels must be.
        opt expressions "matchExpressions": Vec<LabelRequirement>,
    }
}

record! {
    /// What a label must be.
    pub struct LabelRequirement as "label requirement" {
        /// The label.
        req key "key": LabelName,
        /// How it is compared.
        req operator "operator": LabelOperator,
        /// With what.
        opt values "values": Vec<Text>,
    }
}

words! {
    /// How a label is compared.
    pub enum LabelOperator {
        /// It is one of the values.
        In = "In",
        /// It is none of the values, or not there.
        NotIn = "NotIn",
        /// It is there.
        Exists = "Exists",
        /// It is not there.
        DoesNotExist = "DoesNotExist",
    }
}
