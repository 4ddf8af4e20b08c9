//! What the pods ask for: at the least and at the most, before and after, and whether the nodes hold it.

use super::{Comparison, Risk};
use crate::model::Quantity;
use std::collections::BTreeMap;

/// What all pods ask for together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals {
    /// With every scaler at its lowest.
    pub least: BTreeMap<String, Quantity>,
    /// With every scaler at its highest.
    pub most: BTreeMap<String, Quantity>,
}

pub(super) fn find(_: &Comparison<'_>, _: &mut Vec<Risk>) {}

pub(super) fn totals(_: &Comparison<'_>) -> Option<(Totals, Totals)> {
    None
}
