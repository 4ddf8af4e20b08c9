//! Bytes to text: UTF-8 only, with a finding that names what it is instead.

use crate::diagnostic::{Diagnostic, code};
use crate::source::{FileId, Span};

/// Why bytes are not UTF-8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotUtf8 {
    /// The offset of the first byte that is not UTF-8; 0 for another encoding.
    pub at: usize,
    /// The encoding that the file seems to have.
    pub encoding: &'static str,
    /// The byte at `at`.
    byte: Option<u8>,
}

/// The text of a file.
pub fn decode_utf8(bytes: &[u8]) -> Result<String, NotUtf8> {
    if let Some(encoding) = wide_encoding(bytes) {
        return Err(NotUtf8 { at: 0, encoding, byte: None });
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => {
            let at = error.valid_up_to();
            Err(NotUtf8 { at, encoding: "Windows-1252 or ISO 8859-1", byte: bytes.get(at).copied() })
        }
    }
}

/// UTF-16 or UTF-32, by its byte order mark, or by a zero in the first two bytes (ASCII in UTF-16).
fn wide_encoding(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Some("UTF-32"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("UTF-16"),
        [first, 0, ..] | [0, first, ..] if *first != 0 && bytes.len().is_multiple_of(2) => Some("UTF-16"),
        _ => None,
    }
}

impl NotUtf8 {
    /// The finding. `file` must hold the lossy text of the same bytes, so that the place can be shown.
    pub fn finding(&self, file: FileId) -> Diagnostic {
        let replaced = char::REPLACEMENT_CHARACTER.len_utf8();
        let span = Span::new(file, self.at, self.at + self.byte.map_or(0, |_| replaced));
        let what = match self.byte {
            Some(byte) => format!("byte 0x{byte:02X} at offset {} is not UTF-8", self.at),
            None => format!("the file is {}, not UTF-8", self.encoding),
        };
        Diagnostic::error(code::NOT_UTF8, what)
            .label(span, "")
            .reason("Windlass reads UTF-8 only, so that a file means the same on every machine")
            .help(format!("save the file as UTF-8; it seems to be {}", self.encoding))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf8_with_and_without_a_byte_order_mark_is_text() {
        assert_eq!(decode_utf8("name: é".as_bytes()).as_deref(), Ok("name: é"));
        assert_eq!(decode_utf8("\u{feff}a: 1".as_bytes()).as_deref(), Ok("\u{feff}a: 1"));
        assert_eq!(decode_utf8(b"").as_deref(), Ok(""));
    }

    #[test]
    fn other_encodings_are_named() {
        let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        assert_eq!(decode_utf8(&utf16("\u{feff}a: 1")).unwrap_err().encoding, "UTF-16");
        assert_eq!(decode_utf8(&utf16("a: 1")).unwrap_err().encoding, "UTF-16");
        let latin = decode_utf8(b"name: caf\xe9\n").unwrap_err();
        assert_eq!(latin.at, 9);
        let mut sources = crate::source::Sources::new();
        let file = sources.add("a.yaml", String::from_utf8_lossy(b"name: caf\xe9\n"));
        let finding = latin.finding(file);
        assert_eq!(finding.message, "byte 0xE9 at offset 9 is not UTF-8");
        assert_eq!(sources.text(finding.labels[0].span), "\u{fffd}");
    }
}
