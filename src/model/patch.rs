//! Patches on emitted objects.

use crate::document::Path;
use serde_json::Value;

/// A change to emitted objects.
#[derive(Clone, Debug, PartialEq)]
pub struct Patch {
    /// Where it is written.
    pub place: Path,
    /// The component whose objects it changes; `None` for all objects.
    pub component: Option<String>,
    pub kind: String,
    /// `None` for all objects of the kind.
    pub name: Option<String>,
    /// True where the object depends on the target.
    pub optional: bool,
    pub change: PatchChange,
}

/// How a patch changes an object.
#[derive(Clone, Debug, PartialEq)]
pub enum PatchChange {
    /// A partial object.
    Merge(Value),
    /// Operations of RFC 6902.
    Operations(Value),
}
