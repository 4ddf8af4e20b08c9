//! What the nodes cost a month.

use super::{Comparison, Risk};
use crate::model::Quantity;

/// The monthly cost of the nodes, from the least that must run to the most that can.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    pub least: Quantity,
    pub most: Quantity,
    /// The word behind the numbers, as the environment writes it.
    pub currency: String,
}

pub(super) fn find(_: &Comparison<'_>, _: &mut Vec<Risk>) {}

pub(super) fn ranges(_: &Comparison<'_>) -> Option<(Range, Range)> {
    None
}
