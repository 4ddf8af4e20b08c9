//! Where the findings of one file go.

use super::characters::is_refused;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::{FileId, Span};
use std::ops::Range;

/// Beyond this many findings, a file is not what its author thinks it is; more would not help.
const MAX_FINDINGS: usize = 100;

/// The longest name that a message repeats in full, in characters.
const MAX_SHOWN: usize = 60;

/// Collects the findings of one file, up to [`MAX_FINDINGS`].
pub(super) struct Report<'a> {
    file: FileId,
    found: &'a mut Diagnostics,
    left: usize,
}

impl<'a> Report<'a> {
    pub(super) fn new(file: FileId, found: &'a mut Diagnostics) -> Self {
        Self { file, found, left: MAX_FINDINGS }
    }

    pub(super) fn push(&mut self, finding: Diagnostic) {
        if self.left > 0 {
            self.left -= 1;
            self.found.push(finding);
        }
    }

    pub(super) fn span(&self, range: Range<usize>) -> Span {
        Span::new(self.file, range.start, range.end)
    }
}

/// A name as a message repeats it: one line, not too long, nothing that acts on a terminal.
pub(super) fn shown(name: &str) -> String {
    let line = name.split(['\n', '\r']).next().unwrap_or_default();
    let visible = |c| if is_refused(c) { char::REPLACEMENT_CHARACTER } else { c };
    let mut short: String = line.chars().take(MAX_SHOWN).map(visible).collect();
    if line.len() < name.len() || line.chars().nth(MAX_SHOWN).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_name_is_one_short_line() {
        assert_eq!(shown("api"), "api");
        assert_eq!(shown("one\ntwo"), "one…");
        assert_eq!(shown("a\u{1b}[31m"), "a\u{fffd}[31m");
        assert_eq!(shown(&"é".repeat(200)).chars().count(), MAX_SHOWN + 1);
    }
}
