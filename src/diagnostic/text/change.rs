//! A suggestion as the text that it leads to.

use owo_colors::Style;

use super::frame::line_end;
use super::line::Line;
use super::theme::{Theme, paint};
use crate::diagnostic::place::clamped;
use crate::diagnostic::{Diagnostic, Suggestion, sanitize};
use crate::source::{SourceFile, Sources};

/// A longer replacement is cut.
const MOST_LINES: usize = 8;

/// The lines after the change, with what is new set off; the place where it is not that of the finding.
pub(super) fn lines(
    sources: &Sources,
    finding: &Diagnostic,
    change: &Suggestion,
    room: usize,
    theme: &Theme,
) -> Vec<String> {
    let file = sources.file(change.span.file);
    let mut lines = if change.replacement.trim().is_empty() {
        removal(file, change, room, theme).into_iter().collect()
    } else {
        replacement(file, change, room, theme)
    };
    if let (Some(place), Some(first)) = (elsewhere(sources, finding, change), lines.first_mut()) {
        *first = format!("{first}  {}", paint(&place, theme.faint));
    }
    lines
}

/// `path:line` of a change on another line than the finding.
fn elsewhere(sources: &Sources, finding: &Diagnostic, change: &Suggestion) -> Option<String> {
    let line = sources.position(change.span).line;
    let here = finding.labels.first().map(|label| (label.span.file, sources.position(label.span).line));
    let path = sanitize::line(&sources.file(change.span.file).path);
    (here != Some((change.span.file, line))).then(|| format!("({path}:{line})"))
}

/// Nothing where nothing goes.
fn removal(file: &SourceFile, change: &Suggestion, room: usize, theme: &Theme) -> Option<String> {
    let range = clamped(&file.text, change.span.range());
    let mut gone = file.text[range].trim().lines();
    let first = gone.next()?;
    let more = if gone.next().is_some() { theme.gap() } else { "" };
    let room = room.saturating_sub("remove ``".len() + more.len());
    Some(format!("remove `{}{more}`", Line::new(first, &[], room, theme.gap()).text))
}

fn replacement(file: &SourceFile, change: &Suggestion, room: usize, theme: &Theme) -> Vec<String> {
    let range = clamped(&file.text, change.span.range());
    let start = file.text[..range.start].rfind('\n').map_or(0, |at| at + 1);
    let before = file.text[start..range.start].trim_start_matches('\u{feff}');
    let after = &file.text[range.end..line_end(file, range.end)];
    let text = format!("{before}{}{after}", change.replacement);
    let new = before.len()..before.len() + change.replacement.len();
    let indent = text.lines().filter(|line| !line.trim().is_empty()).map(indent).min().unwrap_or_default();
    let mut at = 0;
    let mut shown = Vec::new();
    for whole in text.split_inclusive('\n') {
        let line = whole.trim_end();
        let cut = indent.min(line.len());
        let inside = |offset: usize| offset.saturating_sub(at + cut).min(line.len() - cut);
        if shown.len() == MOST_LINES {
            shown.push(theme.gap().to_owned());
            break;
        }
        shown.push(set_off(&line[cut..], inside(new.start)..inside(new.end), room, theme));
        at += whole.len();
    }
    shown
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn set_off(text: &str, new: std::ops::Range<usize>, room: usize, theme: &Theme) -> String {
    let new = clamped(text, new);
    let line = Line::new(text, std::slice::from_ref(&new), room, theme.gap());
    let (start, end) = (line.offset(new.start), line.offset(new.end));
    let plain = Style::new();
    [paint(&line.text[..start], plain), paint(&line.text[start..end], theme.added), paint(&line.text[end..], plain)]
        .concat()
}
