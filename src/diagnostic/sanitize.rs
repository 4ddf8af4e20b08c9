//! What may be sent to a terminal or a log.
//!
//! Promises: text that has passed through here holds no character that moves the cursor, rings, turns the
//! direction of writing or takes part unseen; each is shown by its sign (`␛`) or its number (`<U+202E>`).

use std::fmt::Write as _;

/// True for a character that steers a terminal or that a reader cannot see.
pub fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{200b}'..='\u{200f}' // zero width, and marks of direction
            | '\u{2028}'..='\u{202e}' // separators, embeddings and overrides
            | '\u{2060}'..='\u{206f}' // word joiner, isolates
            | '\u{fff9}'..='\u{fffb}' // annotations
            | '\u{e0000}'..='\u{e007f}') // tags
}

/// Appends a character as it may be shown.
pub(super) fn push(out: &mut String, character: char) {
    let sign = match u32::from(character) {
        code @ 0..=0x1f => char::from_u32(0x2400 + code),
        0x7f => Some('\u{2421}'),
        _ if is_hidden(character) => None,
        _ => Some(character),
    };
    match sign {
        Some(sign) => out.push(sign),
        // Writing to a string cannot fail.
        None => _ = write!(out, "<U+{:04X}>", u32::from(character)),
    }
}

/// The text on one line.
pub fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|character| push(&mut out, character));
    out
}

/// The text with its own line breaks.
pub fn lines(text: &str) -> String {
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Serialised JSON in which what is hidden is written as an escape: the same data, safe to print.
pub(super) fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 1);
    for character in text.chars() {
        if character == '\n' || !is_hidden(character) {
            out.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            _ = write!(out, "\\u{unit:04x}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_steers_a_terminal_is_named() {
        assert_eq!(line("\u{1b}[31mred\u{7}\r\n"), "␛[31mred␇␍␊");
        assert_eq!(line("\u{1b}]8;;x\u{1b}\\"), "␛]8;;x␛\\");
        assert_eq!(line("a\u{202e}b\u{9b}c\u{7f}"), "a<U+202E>b<U+009B>c␡");
        assert_eq!(line("zero\u{200b}width\u{e0041}"), "zero<U+200B>width<U+E0041>");
        assert_eq!(lines("one\r\ntwo\u{8}"), "one\ntwo␈");
    }

    #[test]
    fn what_is_only_foreign_stays() {
        assert_eq!(line("naïve 三 e\u{301} 🚀"), "naïve 三 e\u{301} 🚀");
    }

    proptest! {
        #[test]
        fn nothing_hidden_passes(text in any::<String>()) {
            prop_assert!(!line(&text).chars().any(is_hidden));
            prop_assert!(!lines(&text).chars().any(|c| c != '\n' && is_hidden(c)));
        }

        #[test]
        fn json_stays_the_same_data(text in "(\\PC|\\pC)*") {
            let written = json(&serde_json::to_string(&text).unwrap());
            prop_assert!(!written.chars().any(is_hidden));
            prop_assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
        }
    }
}
