//! How a new version comes.

use super::{FileMap, Pod};
use crate::spec::Promotion;

/// How a new version takes the place of the old one.
#[derive(Clone, Debug, PartialEq)]
pub struct Rollout {
    pub strategy: RolloutStrategy,
    /// Seconds without progress after which it has failed.
    pub deadline: i32,
    /// Old versions kept.
    pub history: i32,
}

#[derive(Clone, Debug, PartialEq)]
pub enum RolloutStrategy {
    Rolling { surge: NumberOrPercent, unavailable: NumberOrPercent },
    Recreate,
    Progressive(Box<Progressive>),
}

/// Two versions answer side by side until the new one has proved itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Progressive {
    pub plan: Plan,
    pub driver: Driver,
    /// How the pods of one version are replaced among themselves: pods above the number, and pods that may
    /// be away.
    pub surge: NumberOrPercent,
    pub unavailable: NumberOrPercent,
}

/// Who leads clients from one version to the other.
#[derive(Clone, Debug, PartialEq)]
pub enum Driver {
    ArgoRollouts,
    Flagger,
    /// Nobody in the cluster: each step is a commit.
    Commits(Versions),
}

/// What the commit says about the versions.
#[derive(Clone, Debug, PartialEq)]
pub struct Versions {
    /// The version of the workload's own pod.
    pub own: String,
    /// The version that it is to replace; `None` where there is only one.
    pub stable: Option<Box<Stable>>,
    /// The share of the own version in percent, where there are two.
    pub weight: u32,
}

/// The version that answers until the new one has proved itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Stable {
    pub version: String,
    pub pod: Pod,
    pub files: Vec<FileMap>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Plan {
    Canary {
        /// The share of the new version in percent; 100 at the end is implied.
        steps: Vec<u32>,
        /// Seconds that a step lasts; `None`: until a person goes on.
        pause: Option<i64>,
        success: Option<Success>,
        split: Split,
    },
    BlueGreen {
        promote: Promotion,
        /// Pods of the new version before it is promoted; `None`: all.
        preview: Option<u32>,
        /// Seconds that the old version stays.
        keep: Option<i64>,
    },
}

/// What divides the requests of a canary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// The weights of a route.
    Weights,
    /// The numbers of pods behind one Service.
    Replicas,
}

/// What must hold of a new version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Success {
    pub query: String,
    pub bound: Bound,
}

/// A bound, as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bound {
    AtLeast(String),
    AtMost(String),
}

impl Rollout {
    /// Pods above the number of replicas, and pods that may be away, while a new version comes; `None` where
    /// all old pods go first.
    pub fn pace(&self) -> Option<(NumberOrPercent, NumberOrPercent)> {
        match &self.strategy {
            RolloutStrategy::Rolling { surge, unavailable } => Some((*surge, *unavailable)),
            RolloutStrategy::Recreate => None,
            RolloutStrategy::Progressive(progressive) => Some(progressive.pace()),
        }
    }

    pub fn progressive(&self) -> Option<&Progressive> {
        match &self.strategy {
            RolloutStrategy::Progressive(progressive) => Some(progressive),
            RolloutStrategy::Rolling { .. } | RolloutStrategy::Recreate => None,
        }
    }
}

impl Progressive {
    /// True where both versions have all their pods at once, at least at the end.
    pub fn doubles(&self) -> bool {
        !matches!(self.plan, Plan::Canary { split: Split::Replicas, .. })
    }

    fn pace(&self) -> (NumberOrPercent, NumberOrPercent) {
        if !self.doubles() {
            // Of one pod there is one of each version.
            let lone = self.surge.is_zero() && self.driver != Driver::ArgoRollouts;
            return (if lone { NumberOrPercent::Number(1) } else { self.surge }, self.unavailable);
        }
        // Where each version has a Deployment of its own, its pods are replaced beside the other version.
        let all = match (&self.driver, self.surge) {
            (Driver::ArgoRollouts, _) | (_, NumberOrPercent::Number(_)) => 100,
            (Driver::Flagger | Driver::Commits(_), NumberOrPercent::Percent(surge)) => 100 + surge,
        };
        (NumberOrPercent::Percent(all), NumberOrPercent::Number(0))
    }

    /// The version that the commits replace, where there are two.
    pub fn stable(&self) -> Option<&Stable> {
        self.versions()?.stable.as_deref()
    }

    /// What the commits say, where nobody in the cluster does the steps.
    pub fn versions(&self) -> Option<&Versions> {
        match &self.driver {
            Driver::Commits(versions) => Some(versions),
            Driver::ArgoRollouts | Driver::Flagger => None,
        }
    }

    pub fn is_canary(&self) -> bool {
        matches!(self.plan, Plan::Canary { .. })
    }

    pub fn success(&self) -> Option<&Success> {
        match &self.plan {
            Plan::Canary { success, .. } => success.as_ref(),
            Plan::BlueGreen { .. } => None,
        }
    }

    /// True where a Service of its own leads to the new version.
    pub fn has_service_of_its_own(&self) -> bool {
        self.doubles() && self.driver != Driver::Flagger
    }

    /// What the name of that Service ends with.
    pub fn service_suffix(&self) -> &'static str {
        if self.is_canary() { "canary" } else { "preview" }
    }
}

impl Plan {
    /// The steps before the last one, which is always 100.
    pub fn partial(steps: &[u32]) -> impl Iterator<Item = u32> {
        steps.iter().copied().filter(|step| *step < 100)
    }
}

/// A number, or a percentage, as Kubernetes takes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberOrPercent {
    Number(u32),
    Percent(u32),
}

impl NumberOrPercent {
    /// Reads `1` or `25%`; the text has been checked.
    pub fn parse(text: &str) -> Option<Self> {
        match text.strip_suffix('%') {
            Some(digits) => digits.parse().ok().map(Self::Percent),
            None => text.parse().ok().map(Self::Number),
        }
    }

    /// The number of pods out of `of`; a percentage is rounded up or down.
    pub fn of(self, of: u32, up: bool) -> u32 {
        match self {
            Self::Number(number) => number,
            Self::Percent(percent) => {
                let hundredths = u64::from(percent) * u64::from(of);
                let pods = if up { hundredths.div_ceil(100) } else { hundredths / 100 };
                u32::try_from(pods).unwrap_or(u32::MAX)
            }
        }
    }

    pub fn is_zero(self) -> bool {
        matches!(self, Self::Number(0) | Self::Percent(0))
    }
}

impl std::fmt::Display for NumberOrPercent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}
