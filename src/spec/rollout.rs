//! How a new version comes.

use super::{Count, Decimal, Duration, ImageText, Int, Literal, NumberOrPercent, Positive, QueryText, record, words};

record! {
    /// How a new version takes the place of the old one.
    #[derive(Default)]
    pub struct Rollout as "rollout" {
        /// `rolling` unless written, or what a full GPU pool needs.
        opt strategy "strategy": Strategy,
        /// `rolling`: pods above the number of replicas, as a number or percentage.
        opt surge "surge": NumberOrPercent,
        /// `rolling`: pods that may be away, as a number or percentage.
        opt unavailable "unavailable": NumberOrPercent,
        /// `canary`: the share of the new version, in percent, step by step; 100 is implied at the end.
        opt steps "steps": Vec<Int<1, 100>>,
        /// `canary`: how long each step lasts; without it, until a person goes on.
        opt pause "pause": Duration,
        /// `canary`: what must hold at the end of each step; otherwise the old version comes back.
        opt success "success": Success,
        /// `blue-green`: who lets clients in to the new version.
        opt promote "promote": Promotion,
        /// `blue-green`: pods of the new version before it is promoted; all of them unless written.
        opt preview "preview": Positive,
        /// `blue-green`: how long the old version stays after that: 30s unless written.
        opt keep "keep": Duration,
        /// `canary`, `blue-green` without a controller: the version that answers now; `image` is the new one.
        opt stable "stable": StableVersion,
        /// `canary`, `blue-green` without a controller: the share of the new version now, in percent: one of `steps`; 0 or
        /// 100 in `blue-green`. The first step, or 0, unless written.
        opt step "step": Int<0, 100>,
        /// Time after which a rollout without progress has failed.
        opt deadline "deadline": Duration,
        /// Old versions kept for a rollback: 10 unless written.
        opt history "history": Count,
    }
    choice "strategy" beside ["deadline", "history"]
}

words! {
    /// The way of a rollout.
    pub enum Strategy {
        /// Pod by pod.
        Rolling = "rolling" elsewhere { "RollingUpdate": "Kubernetes calls it `RollingUpdate`" },
        /// All old pods go before the new ones come.
        Recreate = "recreate",
        /// The new version takes a growing share of the requests.
        Canary = "canary",
        /// The new version stands beside the old one until all clients are led to it at once.
        BlueGreen = "blue-green",
    }
}

record! {
    /// What must hold of a new version: a query that gives one number, and its bound.
    pub struct Success as "success" {
        /// A PromQL query that gives one number. `$namespace`, `$component` and `$pods` (a pattern of the pods of the
        /// new version) stand for this component's.
        req query "query": QueryText,
        /// The least value.
        opt at_least "atLeast": Decimal,
        /// The greatest value.
        opt at_most "atMost": Decimal,
    }
    forms ["atLeast", "atMost"]
}

words! {
    /// Who lets clients in to the new version.
    pub enum Promotion {
        /// A person.
        Manual = "manual",
        /// The controller, as soon as the pods are ready.
        Auto = "auto",
    }
}

record! {
    /// The version that answers now, as far as it differs from the new one.
    pub struct StableVersion as "stable version" {
        /// Its image.
        opt image "image": ImageText,
        /// model: the revision of its weights.
        opt revision "revision": Literal,
    }
    short "image"
}
