//! How large: what a vertical autoscaler may do.

use super::Amounts;
use crate::spec::VerticalMode;

/// Vertical scaling.
#[derive(Clone, Debug, PartialEq)]
pub struct Vertical {
    pub mode: VerticalMode,
    /// What it acts on: `cpu`, `memory`, without what horizontal scaling uses where pods change.
    pub resources: Vec<&'static str>,
    /// Containers with bounds of their own, in the order of writing, then all others.
    pub policies: Vec<ContainerPolicy>,
}

/// What holds for a container.
#[derive(Clone, Debug, PartialEq)]
pub struct ContainerPolicy {
    /// `None`: all others.
    pub container: Option<String>,
    /// False where it is left alone.
    pub on: bool,
    pub min: Amounts,
    pub max: Amounts,
}
