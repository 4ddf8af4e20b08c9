//! In which order a change arrives, and what it means when it stops halfway.

use super::Comparison;
use crate::kube::{Identity, Phase};

/// What is delivered at one time.
#[derive(Clone, Debug, PartialEq)]
pub struct Wave {
    pub phase: Phase,
    /// The objects that change in it, in their order.
    pub objects: Vec<Identity>,
    /// What must be there before: `Deployment ai/api waits for Job ai/migrate`.
    pub waits: Vec<String>,
    /// What breaks if the delivery stops after this wave.
    pub halfway: Option<String>,
}

pub(super) fn waves(_: &Comparison<'_>) -> Vec<Wave> {
    Vec::new()
}
