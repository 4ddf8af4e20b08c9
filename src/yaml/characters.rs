//! Characters that no text may hold: they act on terminals, end strings early, or make a line look
//! like another one. They are refused where they stand, in comments too, and where an escape makes
//! them.

use super::report::Report;
use crate::diagnostic::{Diagnostic, code};
use std::ops::Range;

const BYTE_ORDER_MARK: char = '\u{feff}';

/// Tab, line feed and carriage return are text; all other control characters are not.
pub(super) fn is_refused(c: char) -> bool {
    is_control(c) || is_bidirectional(c) || matches!(c, BYTE_ORDER_MARK | '\u{fffe}' | '\u{ffff}')
}

fn is_control(c: char) -> bool {
    c.is_control() && !matches!(c, '\t' | '\n' | '\r')
}

pub(super) fn is_bidirectional(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text after a byte order mark at its start, and where it starts.
pub(super) fn after_mark(text: &str) -> (usize, &str) {
    match text.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) => (BYTE_ORDER_MARK.len_utf8(), rest),
        None => (0, text),
    }
}

/// Reports the refused characters of a whole file, neighbours as one; returns where the first stands.
pub(super) fn check_raw(text: &str, report: &mut Report<'_>) -> Option<usize> {
    let (start, rest) = after_mark(text);
    let mut first = None;
    let mut run: Option<(char, Range<usize>)> = None;
    for (at, c) in rest.char_indices().filter(|(_, c)| is_refused(*c)) {
        let range = start + at..start + at + c.len_utf8();
        first = first.or(Some(range.start));
        match &mut run {
            Some((_, known)) if known.end == range.start => known.end = range.end,
            _ => {
                if let Some((c, range)) = run.replace((c, range)) {
                    report.push(raw_finding(c, range, report));
                }
            }
        }
    }
    if let Some((c, range)) = run {
        report.push(raw_finding(c, range, report));
    }
    first
}

fn raw_finding(c: char, range: Range<usize>, report: &Report<'_>) -> Diagnostic {
    let span = report.span(range);
    finding(c, format!("{} in the text", named(c))).label(span, "not visible").help("delete it").suggest(
        span,
        "",
        c == BYTE_ORDER_MARK,
    )
}

/// Reports the escapes of a double-quoted scalar that make refused characters. `source` is the
/// scalar as written, which starts at `start`.
pub(super) fn check_escapes(source: &str, start: usize, report: &mut Report<'_>) {
    let mut at = 0;
    while let Some(found) = source[at..].find('\\') {
        let escape = &source[at + found..];
        let (length, made) = unescape(escape);
        if let Some(c) = made.filter(|c| is_refused(*c)) {
            let place = start + at + found;
            let written = &escape[..length];
            let span = report.span(place..place + length);
            report.push(finding(c, format!("`{written}` stands for {}", named(c))).label(span, "").help(
                "take the escape away; a value that needs such a character belongs in a file of its own, as base64",
            ));
        }
        at += found + length;
    }
}

/// The length of the escape at the start of `text`, and the character that it stands for.
fn unescape(text: &str) -> (usize, Option<char>) {
    let Some(letter) = text[1..].chars().next() else { return (1, None) };
    let hex = |digits: usize| {
        let made = text.get(2..2 + digits).and_then(|hex| u32::from_str_radix(hex, 16).ok()).and_then(char::from_u32);
        (if made.is_some() { 2 + digits } else { 2 }, made)
    };
    match letter {
        'x' => hex(2),
        'u' => hex(4),
        'U' => hex(8),
        '0' => (2, Some('\0')),
        'a' => (2, Some('\u{7}')),
        'b' => (2, Some('\u{8}')),
        'v' => (2, Some('\u{b}')),
        'f' => (2, Some('\u{c}')),
        'e' => (2, Some('\u{1b}')),
        'N' => (2, Some('\u{85}')),
        _ => (1 + letter.len_utf8(), None),
    }
}

fn finding(c: char, message: String) -> Diagnostic {
    Diagnostic::error(code::YAML_CONTROL_CHARACTER, message).reason(if is_bidirectional(c) {
        "a bidirectional character makes text look different from what it is (CVE-2021-42574)"
    } else if c == BYTE_ORDER_MARK {
        "a byte order mark is allowed only as the very first character of a file"
    } else {
        "YAML allows no such character, and terminals act on it"
    })
}

fn named(c: char) -> String {
    let kind = match c {
        BYTE_ORDER_MARK => "byte order mark",
        '\u{fffe}' | '\u{ffff}' => "noncharacter",
        _ if is_bidirectional(c) => "bidirectional character",
        _ => "control character",
    };
    format!("{kind} U+{:04X}", u32::from(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnostics;
    use crate::source::Sources;

    fn findings(check: impl FnOnce(&mut Report<'_>)) -> Vec<(String, Range<usize>)> {
        let file = Sources::new().add("a.yaml", "");
        let mut found = Diagnostics::new();
        check(&mut Report::new(file, &mut found));
        found.into_iter().map(|finding| (finding.message.clone(), finding.labels[0].span.range())).collect()
    }

    #[test]
    fn neighbours_are_one_finding() {
        let found = findings(|report| {
            assert_eq!(check_raw("\u{feff}a: \u{0}\u{1}b \u{202e}\u{feff}", report), Some(6));
        });
        assert_eq!(
            found,
            [
                ("control character U+0000 in the text".to_owned(), 6..8),
                ("bidirectional character U+202E in the text".to_owned(), 10..16),
            ]
        );
        assert!(findings(|report| assert_eq!(check_raw("a\tb\r\né 👍\u{200d}", report), None)).is_empty());
    }

    #[test]
    fn escapes_are_found_where_they_stand() {
        let found = findings(|report| check_escapes(r#""\\e \n \e \x07 \u202E é\""#, 10, report));
        assert_eq!(
            found,
            [
                (r"`\e` stands for control character U+001B".to_owned(), 18..20),
                (r"`\x07` stands for control character U+0007".to_owned(), 21..25),
                (r"`\u202E` stands for bidirectional character U+202E".to_owned(), 26..32),
            ]
        );
    }

    #[test]
    fn a_broken_escape_is_no_panic() {
        for source in [r#""\"#, r#""\x"#, r#""\x1"#, r#""\u12é4""#, r#""\é""#, r#""\UFFFFFFFF""#] {
            findings(|report| check_escapes(source, 0, report));
        }
    }
}
