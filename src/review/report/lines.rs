//! What changed in a text, line by line and word by word.
//!
//! Promises: the lines that are not new, in their order, are the old text, and those that are not old the
//! new one; the work is bounded for texts that have nothing in common.

use similar::{Algorithm, DiffOp, DiffTag, TextDiff, capture_diff_slices};
use std::ops::Range;

/// Neighbouring lines that changed, with some around them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Hunk {
    /// The number of its first line in the old text, from 1.
    pub(super) old: usize,
    /// The same in the new text.
    pub(super) new: usize,
    pub(super) lines: Vec<Line>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// ` `, `-` or `+`
    pub(super) sign: char,
    pub(super) parts: Vec<Part>,
}

/// Some characters of a line or a value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) text: String,
    /// True where it is not the same on the other side.
    pub(super) differs: bool,
}

impl Line {
    fn plain(sign: char, text: &str) -> Self {
        Self { sign, parts: vec![Part { text: text.to_owned(), differs: false }] }
    }

    pub(super) fn text(&self) -> String {
        self.parts.iter().map(|part| part.text.as_str()).collect()
    }
}

/// Texts with more lines than this are not searched for what they share.
const MOST_LINES: usize = 20_000;

/// The changes between two texts, with so many lines around each.
pub(super) fn hunks(before: &str, after: &str, around: usize) -> Vec<Hunk> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    if old.is_empty() || new.is_empty() || old.len() + new.len() > MOST_LINES {
        return whole(&old, &new);
    }
    let ops = TextDiff::from_slices(&old, &new).grouped_ops(around);
    ops.iter().map(|ops| hunk(ops, &old, &new)).collect()
}

/// All lines of one, then all of the other.
fn whole(old: &[&str], new: &[&str]) -> Vec<Hunk> {
    let gone = old.iter().map(|text| Line::plain('-', text));
    let lines: Vec<Line> = gone.chain(new.iter().map(|text| Line::plain('+', text))).collect();
    if lines.is_empty() { Vec::new() } else { vec![Hunk { old: 1, new: 1, lines }] }
}

fn hunk(ops: &[DiffOp], old: &[&str], new: &[&str]) -> Hunk {
    let first = ops.first().map_or((0, 0), |op| (op.old_range().start, op.new_range().start));
    let mut lines = Vec::new();
    for op in ops {
        match op.as_tag_tuple() {
            (DiffTag::Equal, range, _) => lines.extend(old[range].iter().map(|text| Line::plain(' ', text))),
            (_, gone, come) => replaced(&old[gone], &new[come], &mut lines),
        }
    }
    Hunk { old: first.0 + 1, new: first.1 + 1, lines }
}

/// Old lines, then new ones; where they stand opposite each other, with the words that differ.
fn replaced(gone: &[&str], come: &[&str], lines: &mut Vec<Line>) {
    if gone.len() != come.len() {
        lines.extend(gone.iter().map(|text| Line::plain('-', text)));
        lines.extend(come.iter().map(|text| Line::plain('+', text)));
        return;
    }
    let mut new_lines = Vec::with_capacity(come.len());
    for (old, new) in gone.iter().zip(come) {
        let (old, new) = words(old, new);
        lines.push(Line { sign: '-', parts: old });
        new_lines.push(Line { sign: '+', parts: new });
    }
    lines.append(&mut new_lines);
}

/// Values with more words than this are shown as wholly different.
const MOST_WORDS: usize = 2_000;

/// Two values, each in parts that the other has as well and parts that it does not have.
pub(super) fn words(before: &str, after: &str) -> (Vec<Part>, Vec<Part>) {
    let (old, new) = (tokens(before), tokens(after));
    if old.len() + new.len() > MOST_WORDS {
        return apart(before, after);
    }
    let ops = capture_diff_slices(Algorithm::Myers, &old, &new);
    let shared: usize =
        ops.iter().filter(|op| op.tag() == DiffTag::Equal).map(|op| letters(&old[op.old_range()])).sum();
    // Two values that share little are easier to read as two values.
    if shared * 3 < letters(&old).max(letters(&new)) {
        return apart(before, after);
    }
    (parts(&ops, &old, DiffOp::old_range), parts(&ops, &new, DiffOp::new_range))
}

/// Two values that have nothing in common but the blanks that they begin with.
fn apart(before: &str, after: &str) -> (Vec<Part>, Vec<Part>) {
    let blank = |text: &str| text.len() - text.trim_start_matches(' ').len();
    let at = blank(before).min(blank(after));
    let parts = |text: &str| {
        let parts = [(&text[..at], false), (&text[at..], true)];
        parts
            .into_iter()
            .filter(|(text, _)| !text.is_empty())
            .map(|(text, differs)| Part { text: text.into(), differs })
            .collect()
    };
    (parts(before), parts(after))
}

fn letters(words: &[&str]) -> usize {
    words.iter().filter(|word| word.chars().all(char::is_alphanumeric)).map(|word| word.chars().count()).sum()
}

fn parts(ops: &[DiffOp], words: &[&str], range: fn(&DiffOp) -> Range<usize>) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for op in ops {
        let (text, differs) = (words[range(op)].concat(), op.tag() != DiffTag::Equal);
        match parts.last_mut() {
            _ if text.is_empty() => {}
            Some(last) if last.differs == differs => last.text.push_str(&text),
            _ => parts.push(Part { text, differs }),
        }
    }
    parts
}

/// Runs of letters and digits, and every other character by itself.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut start = 0;
    for (at, character) in text.char_indices() {
        if character.is_alphanumeric() {
            continue;
        }
        if start < at {
            tokens.push(&text[start..at]);
        }
        start = at + character.len_utf8();
        tokens.push(&text[at..start]);
    }
    if start < text.len() {
        tokens.push(&text[start..]);
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn marked(parts: &[Part]) -> String {
        parts.iter().map(|part| if part.differs { format!("[{}]", part.text) } else { part.text.clone() }).collect()
    }

    #[test]
    fn words_that_differ_are_told_apart() {
        let (old, new) = words("registry.example.com/api:v1.0.0", "registry.example.com/api:v1.1.0");
        assert_eq!(marked(&old), "registry.example.com/api:v1.[0].0");
        assert_eq!(marked(&new), "registry.example.com/api:v1.[1].0");
    }

    #[test]
    fn values_with_little_in_common_differ_as_a_whole() {
        assert_eq!(marked(&words("a-b", "c-d").0), "[a-b]");
    }

    #[test]
    fn a_hunk_knows_its_lines() {
        let before: String = (1..=20).fold(String::new(), |text, line| format!("{text}line {line}\n"));
        let hunks = hunks(&before, &before.replace("line 10\n", "line ten\n"), 1);
        let shown: Vec<String> = hunks[0].lines.iter().map(|line| format!("{}{}", line.sign, line.text())).collect();
        assert_eq!((hunks[0].old, hunks[0].new), (9, 9));
        assert_eq!(shown, [" line 9", "-line 10", "+line ten", " line 11"]);
    }

    proptest! {
        #[test]
        fn both_texts_stand_in_the_lines(before in "([ab]{0,2}\n){0,8}", after in "([ab]{0,2}\n){0,8}") {
            let side = |sign: char| -> Vec<String> {
                let hunks = hunks(&before, &after, 100);
                hunks.iter().flat_map(|hunk| &hunk.lines).filter(|line| line.sign != sign).map(Line::text).collect()
            };
            if before != after {
                prop_assert_eq!(side('+'), before.lines().collect::<Vec<_>>());
                prop_assert_eq!(side('-'), after.lines().collect::<Vec<_>>());
            }
        }
    }
}
