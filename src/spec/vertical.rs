//! How large: vertical scaling.

use super::{Named, PartKey, ResourceKey, Switch, record, words};
use crate::model::quantity::Quantity;

record! {
    /// Vertical scaling: what containers ask for follows what they use.
    pub struct Vertical as "vertical" {
        /// What is done with a recommendation.
        req mode "mode": VerticalMode,
        /// The least that a container asks for: `cpu`, `memory`.
        opt min "min": Named<ResourceKey, Quantity>,
        /// The most that a container asks for: `cpu`, `memory`.
        opt max "max": Named<ResourceKey, Quantity>,
        /// Bounds of single containers by name; `false` leaves a container alone.
        opt containers "containers": Named<PartKey, Switch<VerticalBounds>>,
    }
}

record! {
    /// Bounds of one container, laid over those of all.
    pub struct VerticalBounds as "vertical bounds" {
        /// The least that it asks for.
        opt min "min": Named<ResourceKey, Quantity>,
        /// The most that it asks for.
        opt max "max": Named<ResourceKey, Quantity>,
    }
}

words! {
    /// What is done with a recommendation.
    pub enum VerticalMode {
        /// It is written down for people; no pod changes.
        Recommend = "recommend" elsewhere {
            "Off": "the vertical autoscaler calls it `Off`",
            "Auto": "the vertical autoscaler has deprecated `Auto`, which replaces pods whenever it wants other numbers; \
                     beside `scale.cpu` it changes the request by which replicas are counted, and each undoes the other. \
                     There `in-place` and `recreate` may follow memory alone"
        },
        /// New pods start with it.
        Initial = "initial",
        /// Pods are replaced when it moves away from what they ask for.
        Recreate = "recreate",
        /// Pods are resized where they run, and replaced where that cannot be.
        InPlace = "in-place" elsewhere { "InPlaceOrRecreate": "the vertical autoscaler calls it `InPlaceOrRecreate`" },
    }
}
