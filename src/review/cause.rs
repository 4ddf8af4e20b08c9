//! Which place in the system or the environment caused a change.

use super::{Cause, Risk};
use crate::document::Node;
use crate::source::Sources;

/// A merged document, and the texts that it came from.
#[derive(Clone, Copy)]
pub struct Merged<'a> {
    pub root: &'a Node,
    pub sources: &'a Sources,
}

/// The documents of both sides, where they are known.
pub struct Documents<'a> {
    pub before: Option<Merged<'a>>,
    pub after: Option<Merged<'a>>,
}

impl Documents<'_> {
    pub(super) fn cause(&self, _: &Risk) -> Option<Cause> {
        let _ = (self.before, self.after);
        None
    }
}
