//! One line of source as it is shown.
//!
//! Promises: nothing in it steers the terminal; tabs are spaces; it is no wider than there is room, and what
//! is marked stays in sight; every byte of the source line has its place in the shown one. The work depends
//! on the room, not on the length of the line.

use std::ops::Range;

use unicode_width::UnicodeWidthChar;

use crate::diagnostic::sanitize;

const TAB: usize = 4;
/// The least that is shown of each marked place, however many there are.
const LEAST: usize = 12;

/// The shown text, and where the bytes of the source went: pairs of source and shown offset, rising.
#[derive(Debug, Default)]
pub(super) struct Line {
    pub(super) text: String,
    places: Vec<(usize, usize)>,
    column: usize,
}

impl Line {
    /// Shows `source` in `room` columns, with `gap` where something is left out.
    pub(super) fn new(source: &str, marked: &[Range<usize>], room: usize, gap: &str) -> Self {
        let mut line = Self::default();
        let windows = windows(source, marked, room, gap);
        let mut shown_to = 0;
        for window in &windows {
            if window.start > shown_to {
                line.leave_out(shown_to, gap);
            }
            line.show(source, window.clone());
            shown_to = window.end;
        }
        line.places.push((shown_to, line.text.len()));
        if shown_to < source.len() {
            line.text.push_str(gap);
        }
        line
    }

    /// The shown offset of a source offset; what is left out lies at its gap.
    pub(super) fn offset(&self, source: usize) -> usize {
        let next = self.places.partition_point(|(from, _)| *from <= source);
        self.places.get(next.wrapping_sub(1)).map_or(0, |(_, shown)| *shown)
    }

    fn leave_out(&mut self, from: usize, gap: &str) {
        self.places.push((from, self.text.len()));
        self.text.push_str(gap);
        self.column += gap.chars().count();
    }

    fn show(&mut self, source: &str, window: Range<usize>) {
        for (at, character) in source[window.clone()].char_indices() {
            self.places.push((window.start + at, self.text.len()));
            let width = width(character, self.column);
            if character == '\t' {
                self.text.extend(std::iter::repeat_n(' ', width));
            } else {
                sanitize::push(&mut self.text, character);
            }
            self.column += width;
        }
    }
}

/// Columns that a character takes when it is shown at a column.
fn width(character: char, column: usize) -> usize {
    if character == '\t' {
        return TAB - column % TAB;
    }
    if !sanitize::is_hidden(character) {
        return character.width().unwrap_or(0);
    }
    let mut shown = String::new();
    sanitize::push(&mut shown, character);
    shown.chars().count()
}

/// The parts of the line that are shown: all of it where it fits, else what surrounds the marked places.
fn windows(source: &str, marked: &[Range<usize>], room: usize, gap: &str) -> Vec<Range<usize>> {
    let gap = gap.chars().count();
    let beginning = |room| std::iter::once(0..forward(source, 0, room)).collect();
    if forward(source, 0, room) == source.len() {
        return beginning(room);
    }
    if marked.is_empty() {
        return beginning(room.saturating_sub(gap));
    }
    let share = (room / marked.len()).max(LEAST).saturating_sub(2 * gap);
    let mut windows: Vec<_> = marked.iter().map(|mark| window(source, mark, share)).collect();
    windows.sort_by_key(|window| (window.start, window.end));
    windows.dedup_by(|next, window| {
        let touches = next.start <= window.end;
        if touches {
            window.end = window.end.max(next.end);
        }
        touches
    });
    windows
}

/// About `share` columns around a mark; a mark that takes more is cut at its end.
fn window(source: &str, mark: &Range<usize>, share: usize) -> Range<usize> {
    let inside = forward(source, mark.start, share * 3 / 4).min(mark.end.max(mark.start));
    let taken = columns(&source[mark.start..inside]);
    let start = backward(source, mark.start, share.saturating_sub(taken) / 2);
    let before = columns(&source[start..mark.start]);
    start..forward(source, inside, share.saturating_sub(taken + before))
}

/// The most columns that a text can take, wherever it is shown.
fn columns(text: &str) -> usize {
    text.chars().map(|character| width(character, 0)).sum()
}

/// The offset that `room` columns from `from` reach. Characters without width count after some patience.
fn forward(source: &str, from: usize, room: usize) -> usize {
    let (mut column, mut characters) = (0, 0);
    for (at, character) in source[from..].char_indices() {
        column += width(character, 0);
        characters += 1;
        if column > room || characters > patience(room) {
            return from + at;
        }
    }
    source.len()
}

fn backward(source: &str, from: usize, room: usize) -> usize {
    let (mut column, mut start) = (0, from);
    for (at, character) in source[..from].char_indices().rev().take(patience(room)) {
        column += width(character, 0);
        if column > room {
            break;
        }
        start = at;
    }
    start
}

/// How many characters are looked at to fill `room` columns.
fn patience(room: usize) -> usize {
    4 * room + 16
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use unicode_width::UnicodeWidthStr;

    fn shown(source: &str, mark: Range<usize>, room: usize) -> (String, String) {
        let line = Line::new(source, std::slice::from_ref(&mark), room, "…");
        let under = line.text[line.offset(mark.start)..line.offset(mark.end)].to_owned();
        (line.text, under)
    }

    #[test]
    fn a_line_that_fits_is_whole() {
        assert_eq!(shown("a: 三\tb", 3..6, 40), ("a: 三   b".into(), "三".into()));
        assert_eq!(shown("a: \u{1b}[1m", 3..4, 40), ("a: ␛[1m".into(), "␛".into()));
        assert_eq!(shown("", 0..0, 40), (String::new(), String::new()));
    }

    #[test]
    fn a_long_line_is_cut_around_the_mark() {
        let source = format!("{}key: value{}", "x".repeat(500), "y".repeat(500));
        let (text, under) = shown(&source, 500..503, 40);
        assert_eq!(under, "key");
        assert!(text.starts_with("…xxx") && text.ends_with("yyy…"), "{text}");
        assert!(text.width() <= 40, "{text}");
    }

    #[test]
    fn what_is_left_out_lies_at_its_gap() {
        let line = Line::new(&"z".repeat(300), &[10..12, 280..282], 60, "…");
        assert_eq!(line.text.matches('…').count(), 2, "{}", line.text);
        assert_eq!(&line.text[line.offset(150)..line.offset(150) + 3], "…");
    }

    proptest! {
        #[test]
        fn it_fits_and_keeps_its_order(source in "[ -~\t\u{301}三é🚀\u{1b}\u{202e}]{0,300}", at in 0usize..300, len in 0usize..40) {
            let start = source.floor_char_boundary(at.min(source.len()));
            let end = source.floor_char_boundary((start + len).min(source.len()));
            let line = Line::new(&source, std::slice::from_ref(&(start..end)), 60, "…");
            prop_assert!(line.text.width() <= 60, "{} columns: {}", line.text.width(), line.text);
            prop_assert!(line.places.is_sorted());
            prop_assert!(line.text.is_char_boundary(line.offset(start)));
            prop_assert!(line.offset(start) <= line.offset(end));
        }
    }
}
