//! What an environment makes of a change, and what was said about it.

use super::{ApiVersion, DnsLabel, Text, record, words};

words! {
    /// What a change does to the cluster, the gravest first.
    pub enum RiskClass {
        /// The cluster refuses the update, and the sync stops there.
        Rejected = "rejected",
        /// Stored data is deleted, orphaned, out of reach or no longer backed up.
        DataLoss = "data-loss",
        /// Requests fail for some time, or a name that clients use goes away.
        Downtime = "downtime",
        /// Someone may do or reach more than before, or a protection is off.
        Security = "security",
        /// The worst case asks for more than before, or does not fit.
        Capacity = "capacity",
        /// Accepted, and never arrives.
        Inert = "inert",
        /// Pods are replaced.
        Restart = "restart",
        /// Bounds, targets or behaviour of a scaler.
        Scaling = "scaling",
        /// The monthly cost moves.
        Cost = "cost",
        /// Values that a running process reads.
        Config = "config",
        /// Labels and annotations that nothing selects or reads.
        Metadata = "metadata",
    }
}

record! {
    /// What stops a change of an environment.
    pub struct ReviewPolicy as "review policy" {
        /// Classes that never pass.
        opt deny "deny": Vec<RiskClass>,
        /// Classes that pass only when somebody has acknowledged the risk, in `windlass.ack.yaml`.
        opt acknowledge "acknowledge": Vec<RiskClass>,
    }
}

words! {
    /// The kind of the document.
    pub enum AcknowledgementsKind {
        /// What was said about risks.
        Acknowledgements = "Acknowledgements",
    }
}

record! {
    /// What was said about risks: `windlass.ack.yaml` beside the system.
    pub struct Acknowledgements as "acknowledgements" {
        /// The version of the language.
        req api_version "apiVersion": ApiVersion,
        /// `Acknowledgements`
        req kind "kind": AcknowledgementsKind,
        /// The risks, each with the reason.
        req acknowledge "acknowledge": Vec<Acknowledgement>,
    }
}

record! {
    /// One risk that may come to the cluster.
    pub struct Acknowledgement as "acknowledgement" {
        /// The risk, as the review names it: class, rule, object and field.
        req finding "finding": Text,
        /// Why it may.
        req because "because": Text,
        /// Only in these environments.
        opt environments "environments": Vec<DnsLabel>,
        /// When it ends; never, unless written.
        opt until "until": Expiry,
    }
}

record! {
    /// When an acknowledgement ends.
    pub struct Expiry as "end of an acknowledgement" {
        /// With the commit that the change is compared with, once that has this commit in its history.
        opt commit "commit": Text,
        /// With the version of the component's image, once that is above this one.
        opt version "version": Text,
    }
    exclusive [["commit", "version"]]
}
