//! A frame drawn by miette.
//!
//! Promises: miette sees only the lines that it is to show, already harmless and narrow, so that neither the
//! length of a file nor of a line, nor a character in it, nor labels that overlap can disturb the drawing; the
//! place in the header is that of the file, in characters.

use std::fmt;
use std::ops::Range;

use miette::{
    Diagnostic, GraphicalReportHandler, LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan,
    SpanContents,
};
use owo_colors::Style;
use unicode_width::UnicodeWidthStr;

use super::fold;
use super::frame::Frame;
use super::line::Line;
use super::theme::Theme;
use crate::diagnostic::sanitize;
use crate::source::Position;

/// The columns between a mark and its label.
const ARM: usize = 5;
/// A label is not broken into lines shorter than this.
const LEAST_LABEL: usize = 24;

/// A label in the text of an excerpt.
#[derive(Clone, Debug)]
struct Mark {
    rank: usize,
    range: Range<usize>,
    position: Position,
    text: String,
}

/// The lines of a frame as they are shown.
#[derive(Debug)]
struct Excerpt {
    path: String,
    first_line: usize,
    text: String,
    marks: Vec<Mark>,
}

/// Draws a frame without its closing line. `first` where it opens the block of a finding.
pub(super) fn draw(frame: &Frame, first: bool, own: Style, width: usize, theme: &Theme) -> String {
    let excerpt = Excerpt::new(frame, width, theme);
    let highlights = excerpt.marks.iter().map(|mark| if mark.rank == 0 { own } else { theme.other }).collect();
    let handler = GraphicalReportHandler::new_themed(theme.frame(highlights, first)).with_width(width);
    let mut drawn = String::new();
    // It fails only where the excerpt has no such span; then the finding is shown without this frame.
    if handler.render_report(&mut drawn, &excerpt).is_err() {
        return String::new();
    }
    let lines: Vec<&str> = drawn.lines().skip(1).collect();
    lines.split_last().map(|(_closing, lines)| lines.join("\n")).unwrap_or_default()
}

impl Excerpt {
    fn new(frame: &Frame, width: usize, theme: &Theme) -> Self {
        let room = width.saturating_sub(gutter(frame)).max(20);
        let mut excerpt = Self {
            path: sanitize::line(&frame.file.path),
            first_line: frame.first_line,
            text: String::new(),
            marks: Vec::new(),
        };
        let lines: Vec<(usize, usize, Line)> = (frame.first_line..=frame.last_line)
            .map(|number| {
                let (start, line) = excerpt_line(frame, number, room, theme);
                let base = excerpt.text.len();
                excerpt.text += &line.text;
                excerpt.text.push('\n');
                (start, base, line)
            })
            .collect();
        let shown = |offset: usize| {
            let line = lines.partition_point(|(start, ..)| *start <= offset).saturating_sub(1);
            lines.get(line).map_or(0, |(start, base, line)| base + line.offset(offset.saturating_sub(*start)))
        };
        excerpt.marks = separate(
            &excerpt.text,
            frame.marks.iter().map(|mark| Mark {
                rank: mark.rank,
                range: shown(mark.range.start)..shown(mark.range.end),
                position: mark.position,
                text: mark.text.clone(),
            }),
        );
        excerpt.fold_labels(room);
        excerpt
    }

    /// Breaks each label where the room right of its mark ends.
    fn fold_labels(&mut self, room: usize) {
        for mark in &mut self.marks {
            let start = self.text[..mark.range.start].rfind('\n').map_or(0, |at| at + 1);
            let end = mark.range.end.max(mark.range.start);
            let middle = self.text[start..mark.range.start].width() + self.text[mark.range.start..end].width() / 2;
            let room = room.saturating_sub(middle + ARM).max(LEAST_LABEL);
            mark.text = fold(&mark.text, room, "").join("\n");
        }
    }
}

/// Line numbers, their bar, and the arrows of labels over several lines.
fn gutter(frame: &Frame) -> usize {
    let arrows = if frame.first_line == frame.last_line { 0 } else { frame.marks.len() + 3 };
    frame.last_line.to_string().len() + 4 + arrows
}

/// Where a line starts in its file, and how it is shown.
fn excerpt_line(frame: &Frame, number: usize, room: usize, theme: &Theme) -> (usize, Line) {
    let source = frame.file.line(number);
    let start = frame.file.line_starts().get(number - 1).copied().unwrap_or(frame.file.text.len());
    let order_mark = if number == 1 && source.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let (start, source) = (start + order_mark, &source[order_mark..]);
    let inside = |offset: usize| offset.saturating_sub(start).min(source.len());
    let touches = |range: &Range<usize>| range.start <= start + source.len() && range.end >= start;
    let ranges = frame.marks.iter().map(|mark| &mark.range).filter(|range| touches(range));
    let marked: Vec<Range<usize>> = ranges.map(|range| inside(range.start)..inside(range.end)).collect();
    (start, Line::new(source, &marked, room, theme.gap()))
}

/// The marks by place, none of them over another: labels of one place become one, an outer one ends where an
/// inner one begins.
fn separate(text: &str, marks: impl Iterator<Item = Mark>) -> Vec<Mark> {
    let mut marks: Vec<Mark> = marks.collect();
    marks.sort_by_key(|mark| (mark.range.start, mark.range.end, mark.rank));
    marks.dedup_by(|next, mark| {
        let same = next.range == mark.range;
        if same && !next.text.is_empty() {
            let joint = if mark.text.is_empty() { "" } else { "; " };
            mark.text = [&mark.text, joint, &next.text].concat();
        }
        same
    });
    for index in 1..marks.len() {
        let (before, after) = marks.split_at_mut(index);
        let (Some(outer), Some(inner)) = (before.last_mut(), after.first_mut()) else { continue };
        if inner.range.start >= outer.range.end {
            continue;
        }
        if outer.range.start < inner.range.start {
            let left = &text[outer.range.start..inner.range.start];
            let solid = if left.trim().is_empty() { left } else { left.trim_end() };
            outer.range.end = outer.range.start + solid.len();
        } else {
            inner.range.start = outer.range.end.min(inner.range.end);
        }
    }
    marks
}

impl Diagnostic for Excerpt {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let first = self.marks.iter().map(|mark| mark.rank).min();
        Some(Box::new(self.marks.iter().map(move |mark| {
            let text = Some(mark.text.clone()).filter(|text| !text.is_empty());
            let span = (mark.range.start, mark.range.len());
            if Some(mark.rank) == first {
                LabeledSpan::new_primary_with_span(text, span)
            } else {
                LabeledSpan::new_with_span(text, span)
            }
        })))
    }
}

impl SourceCode for Excerpt {
    /// Asked without context, it is for the place in a header; otherwise for the lines to draw, which are all.
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        _after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let place = self.marks.iter().find(|mark| mark.range.start == span.offset()).map(|mark| mark.position);
        let (line, column) = match place {
            Some(place) if before == 0 => (place.line, place.column),
            _ => (self.first_line, 1),
        };
        let whole = SourceSpan::from((0, self.text.len()));
        let lines = self.text.matches('\n').count();
        let (path, data) = (self.path.clone(), self.text.as_bytes());
        Ok(Box::new(MietteSpanContents::new_named(path, data, whole, line - 1, column - 1, lines)))
    }
}

impl std::error::Error for Excerpt {}

impl fmt::Display for Excerpt {
    /// Nothing: the message stands above the frames.
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}
