//! The lines around a place in a text.

use super::report::Report;
use crate::source::Span;
use std::ops::Range;

/// The place where the parser noticed the error.
pub(super) struct Site<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    pub(super) report: &'a Report<'a>,
}

impl Site<'_> {
    pub(super) fn span(&self, range: Range<usize>) -> Span {
        self.report.span(range)
    }

    /// The span of one character.
    pub(super) fn character(&self, at: usize) -> Span {
        let length = self.text[at..].chars().next().map_or(0, char::len_utf8);
        self.span(at..at + length)
    }

    /// The line of a byte, without its break.
    pub(super) fn line(&self, at: usize) -> Range<usize> {
        let start = self.text[..at].rfind('\n').map_or(0, |end| end + 1);
        let end = self.text[at..].find('\n').map_or(self.text.len(), |end| at + end);
        start..start + self.text[start..end].trim_end().len()
    }

    /// What a line holds after its indentation.
    pub(super) fn content(&self, line: Range<usize>) -> Range<usize> {
        let indent = line.len() - self.text[line.clone()].trim_start().len();
        line.start + indent..line.end
    }

    /// From the place to the end of its line.
    pub(super) fn rest(&self) -> Range<usize> {
        self.at..self.line(self.at).end.max(self.at)
    }

    /// What the nearest line above holds that is neither blank nor a comment, without `- ` before it.
    pub(super) fn above(&self) -> Option<Range<usize>> {
        let mut start = self.line(self.at).start;
        while start > 0 {
            let line = self.line(start - 1);
            start = line.start;
            let mut content = self.content(line);
            if !content.is_empty() && !self.text[content.clone()].starts_with('#') {
                while self.text[content.clone()].starts_with("- ") {
                    content = self.content(content.start + 2..content.end);
                }
                return Some(content);
            }
        }
        None
    }

    pub(super) fn column(&self, at: usize) -> usize {
        self.text[self.line(at).start..at].chars().count()
    }

    pub(super) fn is_first_on_line(&self) -> bool {
        self.content(self.line(self.at)).start == self.at
    }
}
