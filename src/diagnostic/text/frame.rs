//! Which lines are shown together.
//!
//! Promises: every label is in exactly one frame, and the frame of the finding's own place comes first; labels
//! of one file that lie next to each other share a frame.

use std::ops::Range;

use crate::diagnostic::place::clamped;
use crate::diagnostic::{Diagnostic, Label, sanitize};
use crate::source::{FileId, Position, SourceFile, Sources};

/// A place that takes more lines is shown by its first.
const MOST_LINES: usize = 6;
/// Lines shown between two labels, so that they share a frame.
const BETWEEN: usize = 1;

/// A label, cut to its file and to what is worth showing.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    /// Its number among the labels of the finding; 0 is the place itself.
    pub(super) rank: usize,
    pub(super) range: Range<usize>,
    pub(super) position: Position,
    pub(super) text: String,
    file: FileId,
    last_line: usize,
}

/// Neighbouring lines of one file, from 1, both ends included.
pub(super) struct Frame<'a> {
    pub(super) file: &'a SourceFile,
    pub(super) first_line: usize,
    pub(super) last_line: usize,
    pub(super) marks: Vec<Mark>,
}

/// The frames of a finding, in the order in which a reader wants them.
pub(super) fn frames<'a>(sources: &'a Sources, finding: &Diagnostic) -> Vec<Frame<'a>> {
    let mut marks: Vec<Mark> =
        finding.labels.iter().enumerate().map(|(rank, label)| mark(sources, rank, label)).collect();
    marks.sort_by_key(|mark| (mark.file, mark.range.start, mark.range.end));
    let mut frames = Vec::<(FileId, Frame)>::new();
    for mark in marks {
        match frames.last_mut() {
            Some((file, frame)) if *file == mark.file && mark.position.line <= frame.last_line + BETWEEN + 1 => {
                frame.last_line = frame.last_line.max(mark.last_line);
                frame.marks.push(mark);
            }
            _ => frames.push((mark.file, Frame::new(sources.file(mark.file), mark))),
        }
    }
    frames.sort_by_key(|(_, frame)| frame.marks.iter().map(|mark| mark.rank).min());
    frames.into_iter().map(|(_, frame)| frame).collect()
}

impl<'a> Frame<'a> {
    fn new(file: &'a SourceFile, mark: Mark) -> Self {
        Self { file, first_line: mark.position.line, last_line: mark.last_line, marks: vec![mark] }
    }
}

fn mark(sources: &Sources, rank: usize, label: &Label) -> Mark {
    let file = sources.file(label.span.file);
    let mut range = clamped(&file.text, label.span.range());
    let position = file.position(range.start);
    range.end = range.start + worth_showing(&file.text[range.clone()]).len();
    let mut text = sanitize::line(&label.text);
    let mut last_line = line_of(file, range.end);
    if last_line >= position.line + MOST_LINES {
        let to = format!("to line {last_line}");
        text = if text.is_empty() { to } else { format!("{text} ({to})") };
        range.end = line_end(file, range.start);
        last_line = position.line;
    }
    Mark { rank, range, position, text, file: label.span.file, last_line }
}

/// Without the blank lines at its end, which a span of a block scalar includes.
fn worth_showing(text: &str) -> &str {
    match text.trim_end() {
        "" => text.lines().next().unwrap_or_default(),
        trimmed => trimmed,
    }
}

fn line_of(file: &SourceFile, offset: usize) -> usize {
    file.line_starts().partition_point(|&start| start <= offset)
}

/// The end of the line that holds `offset`, without its line break.
pub(super) fn line_end(file: &SourceFile, offset: usize) -> usize {
    let rest = &file.text[offset..];
    offset + rest.lines().next().map_or(0, str::len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::code;
    use crate::source::Span;

    /// The lines of the frames of a finding whose labels are single letters of one file.
    fn lines(text: &str, labels: &[&str]) -> Vec<(usize, usize)> {
        let mut sources = Sources::new();
        let file = sources.add("a.yaml", text);
        let finding = labels.iter().fold(Diagnostic::error(code::UNKNOWN_KEY, ""), |finding, label| {
            let at = text.find(label).unwrap();
            finding.label(Span::new(file, at, at + label.len()), "")
        });
        frames(&sources, &finding).iter().map(|frame| (frame.first_line, frame.last_line)).collect()
    }

    #[test]
    fn neighbours_share_a_frame_and_the_own_place_comes_first() {
        let text = "a\nb\nc\nd\ne\nf\ng\n";
        assert_eq!(lines(text, &["a", "c"]), [(1, 3)]);
        assert_eq!(lines(text, &["f", "a", "c"]), [(6, 6), (1, 3)]);
        assert_eq!(lines(text, &["a", "d"]), [(1, 1), (4, 4)]);
    }

    #[test]
    fn a_place_of_many_lines_is_shown_by_its_first() {
        let text = "a\nb\nc\nd\ne\nf\ng\n";
        assert_eq!(lines(text, &["a\nb\nc\n"]), [(1, 3)]);
        assert_eq!(lines(text, &[text]), [(1, 1)]);
    }
}
