//! The everyday part of YAML, read in one pass: maps and lists in block style, flow style on one line,
//! plain and quoted texts on one line, comments.
//!
//! Promises: what it reads, the full parser reads in the same way, to the byte of every span. At the first
//! sign of anything else (an escape, an anchor, a text of several lines, a key without a value, a mistake) it
//! says `None`, and the full parser takes over: it alone has findings to report.

use super::limits::{MAX_BYTES, MAX_DEPTH, MAX_NODES};
use super::write::LONGEST_KEY;
use super::{Comment, Document};
use crate::document::{Entry, Map, Name, Node, Scalar, Value};
use crate::source::{FileId, Span};

/// Reads a document that has nothing special in it.
pub(super) fn read(file: FileId, text: &str) -> Option<Document> {
    let is_everyday = |byte: &u8| matches!(byte, b'\n' | b' '..=b'~');
    if text.len() > MAX_BYTES || !text.as_bytes().iter().all(is_everyday) {
        return None;
    }
    let mut reader = Reader {
        file,
        text,
        bytes: text.as_bytes(),
        at: 0,
        line: 0,
        column: None,
        depth: 0,
        nodes: 0,
        comments: Vec::new(),
    };
    reader.content();
    let root = if reader.column == Some(0) { reader.block_map(0)? } else { return None };
    let whole = reader.column.is_none() && reader.nodes <= MAX_NODES;
    whole.then_some(Document { root, comments: reader.comments })
}

struct Reader<'a> {
    file: FileId,
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// Where the line starts.
    line: usize,
    /// The column of the content that comes next, on a line of its own; `None` at the end.
    column: Option<usize>,
    depth: usize,
    nodes: usize,
    comments: Vec<Comment>,
}

/// How a text ends: where it is the key of an entry, or a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Key,
    Value,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn next(&self) -> Option<u8> {
        self.bytes.get(self.at + 1).copied()
    }

    fn span(&self, start: usize) -> Span {
        Span::new(self.file, start, self.at)
    }

    fn spaces(&mut self) {
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
    }

    /// Goes to the next line that has content.
    fn content(&mut self) {
        loop {
            self.line = self.at;
            self.spaces();
            match self.peek() {
                None => return self.column = None,
                Some(b'\n') => self.at += 1,
                Some(b'#') => self.comment(),
                Some(_) => return self.column = Some(self.at - self.line),
            }
        }
    }

    fn comment(&mut self) {
        let start = self.at;
        self.at = self.text[start..].find('\n').map_or(self.text.len(), |end| start + end);
        self.comments.push(Comment { span: self.span(start), text: self.text[start + 1..self.at].trim().to_owned() });
        self.at += usize::from(self.peek().is_some());
    }

    /// Ends a line on which nothing but a comment may follow, and goes to the next content.
    fn line_end(&mut self) -> Option<()> {
        let behind = self.at;
        self.spaces();
        match self.peek() {
            None => {}
            Some(b'\n') => self.at += 1,
            Some(b'#') if self.at > behind => self.comment(),
            Some(_) => return None,
        }
        self.content();
        Some(())
    }

    fn open(&mut self) -> Option<()> {
        self.depth += 1;
        self.nodes += 1;
        (self.depth <= MAX_DEPTH).then_some(())
    }

    fn is_item(&self) -> bool {
        self.peek() == Some(b'-') && matches!(self.next(), Some(b' ' | b'\n') | None)
    }

    /// A map whose keys stand in a column.
    fn block_map(&mut self, column: usize) -> Option<Node> {
        self.open()?;
        let mut map = Map::default();
        let start = self.at;
        let mut end = start;
        loop {
            // A dash or three dots may start a list or end a document.
            if matches!(self.peek(), Some(b'-' | b'.')) {
                return None;
            }
            let (name, key) = self.key(false)?;
            let node = self.block_value(column)?;
            end = end.max(node.span.end as usize);
            if map.insert(name, Entry { key, node }).is_some() {
                return None;
            }
            match self.column {
                Some(next) if next == column => {}
                Some(next) if next > column => return None,
                _ => break,
            }
        }
        self.depth -= 1;
        Some(Node::new(Span::new(self.file, start, end), Value::Map(map)))
    }

    /// What stands behind the colon of a key, and below it.
    fn block_value(&mut self, column: usize) -> Option<Node> {
        let colon = self.at;
        self.spaces();
        if !matches!(self.peek(), None | Some(b'\n' | b'#')) {
            let node = self.inline()?;
            self.line_end()?;
            return Some(node);
        }
        self.at = colon;
        self.line_end()?;
        match self.column? {
            next if next >= column && self.is_item() => self.block_list(next),
            next if next > column => self.block_map(next),
            _ => None,
        }
    }

    /// A list whose dashes stand in a column.
    fn block_list(&mut self, column: usize) -> Option<Node> {
        self.open()?;
        let start = self.at;
        let mut end = start;
        let mut items = Vec::new();
        while self.column == Some(column) && self.is_item() {
            self.at += 1;
            self.spaces();
            let node = self.item()?;
            end = end.max(node.span.end as usize);
            items.push(node);
        }
        self.depth -= 1;
        if self.column.is_some_and(|next| next > column) {
            return None;
        }
        Some(Node::new(Span::new(self.file, start, end), Value::List(items)))
    }

    fn item(&mut self) -> Option<Node> {
        if matches!(self.peek(), None | Some(b'\n' | b'#')) || self.is_item() {
            return None;
        }
        if self.starts_map() {
            return self.block_map(self.at - self.line);
        }
        let node = self.inline()?;
        self.line_end()?;
        Some(node)
    }

    /// Whether an item is a map: its first key stands on the line of the dash.
    fn starts_map(&self) -> bool {
        let rest = &self.text[self.at..];
        let line = rest.split('\n').next().unwrap_or_default();
        let is_plain = self.peek().is_some_and(|first| first.is_ascii_alphanumeric());
        is_plain && (line.contains(": ") || line.trim_end().ends_with(':'))
    }

    /// A value on one line of block style.
    fn inline(&mut self) -> Option<Node> {
        match self.peek()? {
            b'{' | b'[' => self.flow(),
            _ => self.scalar(false, Role::Value).map(|(node, _)| node),
        }
    }

    fn flow(&mut self) -> Option<Node> {
        self.open()?;
        let start = self.at;
        let is_map = self.peek() == Some(b'{');
        self.at += 1;
        self.spaces();
        let value = if is_map { Value::Map(self.flow_map()?) } else { Value::List(self.flow_list()?) };
        self.at += 1;
        self.depth -= 1;
        Some(Node::new(self.span(start), value))
    }

    /// Up to the bracket that closes it.
    fn flow_map(&mut self) -> Option<Map> {
        let mut map = Map::default();
        if self.peek() == Some(b'}') {
            return Some(map);
        }
        loop {
            let (name, key) = self.key(true)?;
            self.spaces();
            let node = self.flow_value()?;
            if map.insert(name, Entry { key, node }).is_some() {
                return None;
            }
            if !self.goes_on(b'}')? {
                return Some(map);
            }
        }
    }

    fn flow_list(&mut self) -> Option<Vec<Node>> {
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            return Some(items);
        }
        loop {
            items.push(self.flow_value()?);
            if !self.goes_on(b']')? {
                return Some(items);
            }
        }
    }

    fn flow_value(&mut self) -> Option<Node> {
        match self.peek()? {
            b'{' | b'[' => self.flow(),
            _ => self.scalar(true, Role::Value).map(|(node, _)| node),
        }
    }

    /// Whether a comma comes, or the bracket that closes.
    fn goes_on(&mut self, bracket: u8) -> Option<bool> {
        self.spaces();
        match self.peek()? {
            b',' => {
                self.at += 1;
                self.spaces();
                Some(true)
            }
            byte if byte == bracket => Some(false),
            _ => None,
        }
    }

    /// A key with its colon, and where it stands.
    fn key(&mut self, in_flow: bool) -> Option<(Name, Span)> {
        let (node, quoted) = self.scalar(in_flow, Role::Key)?;
        let is_end = |byte| matches!(byte, Some(b' ')) || (!in_flow && matches!(byte, Some(b'\n') | None));
        if self.peek() != Some(b':') || !is_end(self.next()) || node.span.range().len() > LONGEST_KEY {
            return None;
        }
        self.at += 1;
        match node.value {
            Value::Scalar(Scalar { text, .. }) if quoted || text != "<<" => Some((text, node.span)),
            _ => None,
        }
    }

    /// A text on one line, and whether it is quoted.
    fn scalar(&mut self, in_flow: bool, role: Role) -> Option<(Node, bool)> {
        self.nodes += 1;
        let start = self.at;
        let first = self.peek()?;
        let quoted = matches!(first, b'"' | b'\'');
        let text = if quoted { self.quoted(first)? } else { self.plain(in_flow, role)? };
        let value = match text {
            "~" | "null" if !quoted => Value::Null,
            _ => Value::Scalar(Scalar { text: text.into(), quoted }),
        };
        Some((Node::new(self.span(start), value), quoted))
    }

    /// Without escapes.
    fn quoted(&mut self, quote: u8) -> Option<&str> {
        let start = self.at + 1;
        let length = self.bytes[start..].iter().position(|byte| *byte == quote || matches!(byte, b'\\' | b'\n'))?;
        self.at = start + length + 1;
        let is_closed = self.bytes[start + length] == quote && self.peek() != Some(quote);
        is_closed.then(|| &self.text[start..start + length])
    }

    fn plain(&mut self, in_flow: bool, role: Role) -> Option<&str> {
        let start = self.at;
        let starts = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'/' | b'.' | b'$' | b'(' | b'~');
        // An argument, or a number below zero; any other dash may start a list.
        let dashes = self.bytes[start..].iter().take_while(|byte| **byte == b'-').count();
        let is_first = |byte: u8| if dashes > 0 { byte.is_ascii_alphanumeric() } else { starts(byte) };
        if dashes > 2 || !self.bytes.get(start + dashes).copied().is_some_and(is_first) {
            return None;
        }
        while let Some(byte) = self.peek() {
            match byte {
                b'\n' => break,
                b',' | b'[' | b']' | b'{' | b'}' if in_flow => break,
                b'#' if self.bytes[self.at - 1] == b' ' => break,
                b':' if matches!(self.next(), None | Some(b' ' | b'\n' | b',' | b'[' | b']' | b'{' | b'}')) => {
                    // Only the colon of a key is the end of a text.
                    return (role == Role::Key && self.bytes[self.at - 1] != b' ').then(|| &self.text[start..self.at]);
                }
                _ => self.at += 1,
            }
        }
        while self.bytes[self.at - 1] == b' ' {
            self.at -= 1;
        }
        Some(&self.text[start..self.at])
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::diagnostic::Diagnostics;
    use crate::source::Sources;
    use crate::yaml::parse::by_events;
    use proptest::prelude::*;

    /// Whether it was read; then it was read as the full parser does.
    fn is_read(text: &str) -> bool {
        let file = Sources::new().add("a.yaml", text);
        let Some(document) = read(file, text) else { return false };
        let mut found = Diagnostics::new();
        assert_eq!(Some(document), by_events(file, text, &mut found), "{text:?}");
        assert!(found.is_empty(), "{text:?}");
        true
    }

    #[test]
    fn the_everyday_is_read() {
        for text in [
            "a: b\n",
            "a: b",
            "# c\na: 1 # d\n\n  # e\nb:\n  c: {d: e, f: [1, 2], g: {}}\n",
            "a:\n- b\n- c: d\n  e: f\n\nb:\n  - [x, \"y z\"]\n  - 'q'\nc: null\n",
            "image: registry.example.com/a:1.0\nargs: [--port=1, -x]\npath: /a b\n",
            "a: # c\n  b: c # d\n",
            "a:   \n    b: c\n    d:\n        e: f   \n",
            "\"a b\": c\n'd': \"e: f # g\"\n",
        ] {
            assert!(is_read(text), "{text:?}");
        }
    }

    #[test]
    fn all_else_is_left_to_the_full_parser() {
        for text in [
            "",
            "a",
            "- a\n",
            "a:\n",
            "a: b: c\n",
            "a: b\n  c\n",
            "a: |\n  b\n",
            "a: &b c\n",
            "a: *b\n",
            "<<: b\n",
            "a: \"\\n\"\n",
            "a: 1\na: 2\n",
            "a:\tb\n",
            "a: é\n",
            "---\na: b\n",
            "a: b\n---\n",
            "a: [b\n",
            "a: [b: c]\n",
            "a: {b}\n",
            " a: b\n",
            "a:\n  b: c\n d: e\n",
            "~: a\n",
            "a: b\n...\n",
            "? a\n",
            "a: !t b\n",
            "a: {b: }\n",
        ] {
            assert!(!is_read(text), "{text:?}");
        }
    }

    const PIECES: &[&str] = &[
        "a", "b: ", ":", ": ", "- ", "-", "\n", "\n  ", "\n    ", "\na: ", "\n  b: ", "\n- ", "\n  - ", " ", "#",
        " # c", "\"", "'", "\"x\"", "[", "]", "{", "}", ",", ", ", "{c: d}", "[e, f]", "null", "~", "1", "x:y", "<<: ",
        ".", "$(A)", "/p", "?", "|", ">", "&x ", "*x", "!t ", "---\n", "...\n", "\\", "\r\n", "\t", "é",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn whatever_is_read_is_read_as_the_full_parser_does(
            parts in proptest::collection::vec(proptest::sample::select(PIECES), 0..24)
        ) {
            is_read(&parts.concat());
            is_read(&format!("a: {}", parts.concat()));
            is_read(&format!("a:\n  b: {}\nc: d\n", parts.concat()));
        }
    }
}
