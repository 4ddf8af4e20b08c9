//! Where a finding is, in the form that all machine formats share.
//!
//! Promises: every place lies in its file, on character boundaries, whatever the span says.

use std::ops::Range;

use serde::Serialize;

use super::Diagnostic;
use crate::source::{SourceFile, Sources, Span};

/// One end of a place: line and column from 1, columns in characters, the byte from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Point {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) byte: usize,
}

/// A range of one file; the end is exclusive.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Place<'a> {
    pub(super) file: &'a str,
    pub(super) start: Point,
    pub(super) end: Point,
}

impl<'a> Place<'a> {
    pub(super) fn new(sources: &'a Sources, span: Span) -> Self {
        let file = sources.file(span.file);
        let range = clamped(&file.text, span.range());
        Self { file: &file.path, start: point(file, range.start), end: point(file, range.end) }
    }

    /// The place of a finding: its first label.
    pub(super) fn of(sources: &'a Sources, finding: &Diagnostic) -> Option<Self> {
        finding.labels.first().map(|label| Self::new(sources, label.span))
    }

    /// The same, for readers that refuse a finding without a place: the start of the first file.
    pub(super) fn of_or_first(sources: &'a Sources, finding: &Diagnostic) -> Option<Self> {
        let first = |file: &'a SourceFile| Self { file: &file.path, start: point(file, 0), end: point(file, 0) };
        Self::of(sources, finding).or_else(|| sources.first().map(first))
    }

    /// The last line that holds something of it.
    pub(super) fn last_line(&self) -> usize {
        let begins_a_line = self.end.column == 1 && self.end.line > self.start.line;
        self.end.line - usize::from(begins_a_line)
    }
}

fn point(file: &SourceFile, byte: usize) -> Point {
    let position = file.position(byte);
    Point { line: position.line, column: position.column, byte }
}

/// The part of a range that lies in the text, widened to whole characters.
pub(super) fn clamped(text: &str, range: Range<usize>) -> Range<usize> {
    let end = text.len().min(range.end.max(range.start));
    let mut range = range.start.min(end)..end;
    while !text.is_char_boundary(range.start) {
        range.start -= 1;
    }
    while !text.is_char_boundary(range.end) {
        range.end += 1;
    }
    range
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_cut_to_the_text_and_to_characters() {
        assert_eq!(clamped("aé三", 2..4), 1..6);
        assert_eq!(clamped("abc", 2..99), 2..3);
        assert_eq!(clamped("abc", 98..99), 3..3);
        assert_eq!(clamped("", 0..1), 0..0);
    }
}
