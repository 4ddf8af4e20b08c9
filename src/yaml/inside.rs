//! Places inside a scalar: a text that is read again, such as an expression, has places of its own.
//!
//! Promises: an offset in the text of a scalar leads to where its character is written, in any of the
//! styles of YAML; what cannot be followed leads to the whole scalar.

use crate::source::Span;

/// The place of a range of the text of a scalar, given the text of its file.
pub fn inside(scalar: Span, file: &str, text: &str, range: std::ops::Range<usize>) -> Span {
    let Some(written) = file.get(scalar.range()) else { return scalar };
    let end = range.end.max(range.start + 1).min(text.len());
    let Some(from) = follow(written, text, range.start) else { return scalar };
    let last = text[..end].char_indices().next_back().map_or(0, |(at, _)| at);
    let to = match follow(written, text, last) {
        Some(at) if at >= from => at + written[at..].chars().next().map_or(0, char::len_utf8),
        _ => from + 1,
    };
    let start = scalar.range().start;
    Span::new(scalar.file, start + from, start + to.min(written.len()))
}

/// Where the character at an offset of the text is written. At the end of the text, its last character.
fn follow(written: &str, text: &str, offset: usize) -> Option<usize> {
    let (mut at, quote) = opening(written);
    let offset = offset.min(text.char_indices().next_back().map_or(0, |(at, _)| at));
    for (place, wanted) in text.char_indices() {
        at += skipped(&written[at..], wanted, quote);
        if place >= offset {
            return (at < written.len()).then_some(at);
        }
        at += taken(&written[at..], wanted, quote);
        at = at.min(written.len());
    }
    None
}

/// Where the text begins, and the quote around it.
fn opening(written: &str) -> (usize, Option<char>) {
    match written.chars().next() {
        Some(quote @ ('"' | '\'')) => (1, Some(quote)),
        Some('|' | '>') => (written.find('\n').map_or(written.len(), |end| end + 1), None),
        _ => (0, None),
    }
}

/// What is written before a character and is not of the text: indentation, and the breaks that are folded.
fn skipped(rest: &str, wanted: char, quote: Option<char>) -> usize {
    if wanted.is_whitespace() && rest.starts_with(wanted) {
        return 0;
    }
    let blank = rest.len() - rest.trim_start().len();
    match rest.chars().next() {
        // A break that is folded to a blank.
        Some(first) if wanted == ' ' && first.is_whitespace() => 0,
        _ if quote == Some('"') && rest[blank..].starts_with("\\\n") => {
            let folded = &rest[blank + 2..];
            blank + 2 + (folded.len() - folded.trim_start().len())
        }
        _ => blank,
    }
}

/// How many bytes a character of the text takes where it is written.
fn taken(rest: &str, wanted: char, quote: Option<char>) -> usize {
    let of = |count: usize| rest.chars().take(count).map(char::len_utf8).sum();
    match (quote, rest.chars().next()) {
        (Some('\''), Some('\'')) => 2,
        (Some('"'), Some('\\')) => match rest.chars().nth(1) {
            Some('x') => of(4),
            Some('u') => of(6),
            Some('U') => of(10),
            _ => of(2),
        },
        (_, Some(first)) if wanted == ' ' && first != ' ' && first.is_whitespace() => {
            rest.len() - rest.trim_start().len()
        }
        (_, Some(_)) => of(1),
        (_, None) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnostics;
    use crate::source::Sources;

    /// What is written at the place of `wanted` in the scalar under `a`.
    fn written(yaml: &str, wanted: &str) -> String {
        let mut sources = Sources::new();
        let file = sources.add("a.yaml", yaml);
        let root = crate::yaml::parse(file, yaml, &mut Diagnostics::new()).expect("YAML").root;
        let node = root.get("a").expect("it has `a`");
        let text = node.as_text().expect("a scalar");
        let at = text.find(wanted).expect("it is in the text");
        sources.text(inside(node.span, yaml, text, at..at + wanted.len())).to_owned()
    }

    #[test]
    fn a_place_is_found_in_every_style() {
        for yaml in [
            "a: object.spec.x == 1\n",
            "a: 'object.spec.x == ''1'''\n",
            "a: \"object\\t.spec.x == \\\"1\\\"\"\n",
            "a: |\n  object.spec\n    .spec.x == 1\n",
            "a: >-\n  object\n  .spec.x == 1\n",
            "a: object\n  .spec.x == 1\n",
            "a: \"object\\\n  .spec.x == 1\"\n",
        ] {
            assert_eq!(written(yaml, "x =="), "x ==", "{yaml}");
        }
    }

    #[test]
    fn the_end_is_its_last_character() {
        let mut sources = Sources::new();
        let file = sources.add("a.yaml", "(1");
        let span = Span::new(file, 0, 2);
        assert_eq!(inside(span, "(1", "(1", 2..2).range(), 1..2);
        assert_eq!(inside(span, "(1", "", 0..0), span);
    }
}
