//! How a text is written: plain, as a block, or in double quotes.
//!
//! Plain only when no reader of YAML 1.1 or 1.2 could take it for anything but this text. The rules
//! go further than both specifications, since readers do: whatever looks like a number, a date or a
//! reserved word in any case is quoted. What is not ASCII is never plain.

/// May stand inside a plain text.
const INNER: u8 = 1;
/// May start a plain text.
const FIRST: u8 = 2;
/// Occurs in numbers, dates and times.
const NUMBER: u8 = 4;
const DIGIT: u8 = 8;
const LETTER: u8 = 16;
/// Harmless or not by its neighbours: a space, `:` and `#`.
const NEIGHBOUR: u8 = 32;

const CLASS: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut classes = [0; 256];
    let mut byte = 0_u8;
    while byte < 0x7f {
        classes[byte as usize] = class(byte);
        byte += 1;
    }
    classes
}

const fn class(byte: u8) -> u8 {
    let inner = match byte {
        b'a'..=b'z' | b'A'..=b'Z' => INNER | FIRST | LETTER,
        b'0'..=b'9' => INNER | FIRST | DIGIT,
        b'_' | b'/' | b'.' | b'$' | b'(' | b'-' => INNER | FIRST,
        b' ' | b':' | b'#' => INNER | NEIGHBOUR,
        b'!'..=b'~' => INNER,
        _ => 0,
    };
    let number = matches!(
        byte,
        b'0'..=b'9' | b'+' | b'-' | b'_' | b'.' | b',' | b':' | b' ' | b'e' | b'E' | b't' | b'T' | b'z' | b'Z'
    );
    if number { inner | NUMBER } else { inner }
}

/// True where every reader takes the text, written as it is, for this text.
pub(super) fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (Some(&first), Some(&last)) = (bytes.first(), bytes.last()) else { return false };
    let (mut every, mut any) = (u8::MAX, 0);
    for &byte in bytes {
        let class = CLASS[usize::from(byte)];
        every &= class;
        any |= class;
    }
    let looks_like_number = every & NUMBER != 0 && (any & DIGIT != 0 || any & LETTER == 0);
    every & INNER != 0
        && CLASS[usize::from(first)] & FIRST != 0
        && !matches!(last, b' ' | b':')
        && !looks_like_number
        && (any & NEIGHBOUR == 0 || !bytes.windows(2).any(|pair| pair == b": " || pair == b" #"))
        && !has_bad_start(bytes)
        && !is_reserved(text)
}

/// Starts that end a document, begin a list item, or announce a number that is not decimal.
fn has_bad_start(bytes: &[u8]) -> bool {
    match bytes {
        [b'-', b'-', next, ..] | [b'-', next, ..] => !next.is_ascii_alphabetic(),
        [b'.', b'.', b'.', ..] => true,
        [b'0', radix, ..] => matches!(radix.to_ascii_lowercase(), b'x' | b'o' | b'b'),
        _ => false,
    }
}

/// The words that some reader takes for null, a boolean or a number, in any case.
fn is_reserved(text: &str) -> bool {
    const WORDS: [&str; 12] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf", "infinity"];
    const LONGEST: usize = "-.infinity".len();
    if text.len() > LONGEST {
        return false;
    }
    let word = text.trim_start_matches(['-', '+', '.']);
    // Nearly every short text comes here, and few start like one of the words.
    let first = word.bytes().next().map(|byte| byte.to_ascii_lowercase());
    matches!(first, Some(b'n' | b't' | b'f' | b'y' | b'o' | b'i'))
        && WORDS.iter().any(|reserved| word.eq_ignore_ascii_case(reserved))
}

/// True for a text of several lines that a literal block (`|`) holds unchanged for every reader.
pub(super) fn is_block(text: &str) -> bool {
    text.contains('\n')
        && !text.starts_with([' ', '\t', '\n'])
        && !text.ends_with([' ', '\t'])
        && text.chars().all(|c| matches!(c, '\n' | '\t') || !is_escaped(c))
        && !text.as_bytes().windows(2).any(|pair| matches!(pair, [b' ' | b'\t', b'\n']))
}

/// Characters that only an escape carries safely through every reader: those that are no text in
/// YAML, breaks of YAML 1.1, and those that nobody sees.
pub(crate) fn is_escaped(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    c.is_control()
        || c.is_whitespace()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_is_what_nobody_takes_for_something_else() {
        for text in [
            "api",
            "http",
            "a b",
            "100m",
            "16Gi",
            "30d",
            "v1.4.2",
            "apps/v1",
            "registry.example.com/api:v1.4.2",
            "--port=8080",
            "-x",
            "$(DATABASE_URL)",
            "${HOME}/x",
            "/healthz",
            "./run.sh",
            ".env",
            "10.0.0.0/8",
            "s3://models/x",
            "sum(rate(x{pod=\"a\"}[5m])) by (pod)",
            "a#b",
            "a:b",
            "nope",
            "tee",
            "key=value, other=value",
            "it's",
            "25%",
        ] {
            assert!(is_plain(text), "{text}");
        }
    }

    #[test]
    fn everything_doubtful_is_quoted() {
        for text in [
            "",
            " a",
            "a ",
            "~",
            "null",
            "Null",
            "yes",
            "NO",
            "on",
            "oFF",
            "y",
            "N",
            "true",
            ".inf",
            "-.INF",
            ".nan",
            "inf",
            "NaN",
            "-Infinity",
            "0777",
            "0o14",
            "1:30",
            "1_000",
            "1e3",
            "e1",
            "E28",
            "-e1",
            ".5",
            "1.",
            "+1",
            "1,000",
            "0x1F",
            "0xZ",
            "0b1",
            "2024-01-01",
            "2001-12-14t21:59:43.10-05:00",
            "1.35",
            "10.0.0.1",
            "=",
            "<<",
            "_",
            ".",
            "..",
            "...",
            "... a",
            "-",
            "--",
            "---",
            "--- a",
            "- a",
            "-1x",
            "? a",
            "a: b",
            "a:",
            "a #b",
            "# a",
            "%x",
            "@x",
            "`x`",
            "!x",
            "&x",
            "*x",
            "[a",
            "{a",
            "\"a",
            "'a",
            "|",
            "> a",
            ",a",
            "é",
            "a\tb",
            "a\nb",
            "\u{7f}",
            "a\u{85}b",
        ] {
            assert!(!is_plain(text), "{text:?}");
        }
    }

    #[test]
    fn blocks_hold_ordinary_lines_only() {
        for text in ["a\n", "a\nb", "#!/bin/sh\nset -e\n", "a\n\n", "a\n  b\n\tc\n", "é 👍\n- x\n---\n"] {
            assert!(is_block(text), "{text:?}");
        }
        for text in [
            "a",
            "\n",
            "\na",
            " a\n",
            "\ta\n",
            "a \nb",
            "a\n ",
            "a\t\n",
            "a\r\nb",
            "a\n\u{2028}",
            "a\n\u{85}",
            "a\n\u{feff}",
        ] {
            assert!(!is_block(text), "{text:?}");
        }
    }
}
