//! Parser events to the spanned tree.
//!
//! The parser is asked one event at a time and a stack holds what is still open, so neither depth
//! nor size of the text costs more than the limits allow. What is refused but leaves the structure
//! readable (a second key, an anchor, a control character) does not stop the reading: all such
//! findings of a file come in one run.

use super::limits::{self, MAX_BYTES, MAX_DEPTH, MAX_NODES};
use super::report::Report;
use super::{Comment, Document, characters, plain, refuse, syntax};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::document::{Entry, Map, Name, Node, Scalar, Value};
use crate::source::{FileId, Span};
use granit_parser::{Event, Parser, ScalarStyle, ScanError, StructureStyle};
use std::borrow::Cow;
use std::ops::{ControlFlow, Range};

/// Reads one document. `None` when its structure cannot be known; `found` then says why. A document
/// with findings about details (such as a key written twice, of which the first counts) is returned.
pub fn parse(file: FileId, text: &str, found: &mut Diagnostics) -> Option<Document> {
    plain::read(file, text).or_else(|| by_events(file, text, found))
}

/// Reads whatever is YAML.
pub(super) fn by_events(file: FileId, text: &str, found: &mut Diagnostics) -> Option<Document> {
    build(text, Report::new(file, found), false)?.finish()
}

/// Reads a file of several documents, such as Kubernetes objects; those that hold nothing are left out.
/// `None` after a finding.
pub fn parse_all(file: FileId, text: &str, found: &mut Diagnostics) -> Option<(Vec<Node>, Vec<Comment>)> {
    let builder = build(text, Report::new(file, found), true)?;
    if !builder.whole {
        return None;
    }
    Some((builder.roots.into_iter().filter(|root| !root.is_null()).collect(), builder.comments))
}

fn build<'a>(text: &'a str, mut report: Report<'a>, many: bool) -> Option<Builder<'a>> {
    let start = report.span(0..0);
    if text.len() > MAX_BYTES {
        report.push(limits::too_large(start, text.len()));
        return None;
    }
    let refused = [characters::check_raw(text, &mut report), refuse::check_directives(text, &mut report)];
    let mut builder = Builder::new(text, report, many);
    if let Some(first) = refused.into_iter().flatten().min() {
        builder.broken = first;
    }
    for event in Parser::new_from_str_with_options(text, options()) {
        let flow = match event {
            Ok((event, span)) => builder.event(event, bytes(span)),
            Err(error) => {
                builder.syntax_error(&error);
                ControlFlow::Break(())
            }
        };
        if flow.is_break() {
            break;
        }
    }
    Some(builder)
}

fn options() -> granit_parser::Options {
    granit_parser::options! {
        emit_anchor_events: true,
        emit_unresolved_aliases: true,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
        // The size of the file is the limit.
        max_buffered_comment_events: MAX_BYTES,
    }
}

/// The bytes of an event, and those of its tag.
struct Bytes {
    node: Range<usize>,
    tag: Option<Range<usize>>,
}

fn bytes(span: granit_parser::Span) -> Bytes {
    // A text always has byte offsets; an iterator, which is not used here, would not.
    let range = |span: granit_parser::Span| span.byte_range().unwrap_or_default();
    Bytes { node: range(span), tag: span.tag_span().map(range) }
}

/// A map or list that is not closed yet.
struct Open {
    flow: bool,
    start: usize,
    /// Where its last part ends so far.
    end: usize,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map(Map, Key),
}

/// The key that waits for its value.
enum Key {
    None,
    Text(Name, Span),
    /// `<<`: what it would merge needs no finding of its own.
    Merge,
    /// Not a text: its value is read and dropped.
    Refused,
}

/// A value as it comes from the parser. An alias stands for nothing, but it takes a place.
enum Item {
    Node(Node),
    Alias(Span),
}

struct Builder<'a> {
    text: &'a str,
    report: Report<'a>,
    open: Vec<Open>,
    /// One for each document.
    roots: Vec<Node>,
    /// True where several documents may stand in the file.
    many: bool,
    comments: Vec<Comment>,
    documents: usize,
    nodes: usize,
    /// Up to where scalars and openings have been read.
    read: usize,
    /// From where on a syntax error may only be what a character or directive before it leads to.
    broken: usize,
    /// The same for the rest of a line on which a feature was refused.
    explained: Range<usize>,
    /// False once the tree lacks a part that the text has: what is missing would be reported again.
    whole: bool,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str, report: Report<'a>, many: bool) -> Self {
        Self {
            text,
            report,
            open: Vec::new(),
            roots: Vec::new(),
            many,
            comments: Vec::new(),
            documents: 0,
            nodes: 0,
            read: 0,
            broken: usize::MAX,
            explained: 0..0,
            whole: true,
        }
    }

    fn event(&mut self, event: Event<'_>, bytes: Bytes) -> ControlFlow<()> {
        if event.is_node() {
            self.count(bytes.node.start)?;
        }
        if let (Some(_), Some(tag)) = (event.tag(), bytes.tag) {
            self.tag(tag);
        }
        let range = bytes.node;
        match event {
            Event::DocumentStart(..) => self.document(range)?,
            Event::Comment(text, _) => self.comment(&text, range),
            Event::Anchor(_, name) => self.refuse(refuse::anchor(&name, self.report.span(range))),
            Event::Alias(_) | Event::UnresolvedAlias(_) => self.alias(range),
            Event::Scalar(text, style, ..) => self.scalar(text, style, range),
            Event::SequenceStart(style, ..) => self.begin(style, range, Content::List(Vec::new()))?,
            Event::MappingStart(style, ..) => self.begin(style, range, Content::Map(Map::default(), Key::None))?,
            Event::SequenceEnd | Event::MappingEnd => self.end(range.end),
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn stop(&mut self, finding: Diagnostic) -> ControlFlow<()> {
        self.report.push(finding);
        self.whole = false;
        ControlFlow::Break(())
    }

    fn count(&mut self, at: usize) -> ControlFlow<()> {
        self.nodes += 1;
        if self.nodes <= MAX_NODES {
            return ControlFlow::Continue(());
        }
        self.stop(limits::too_many_nodes(self.report.span(at..at)))
    }

    /// A second document ends the reading; the first one is kept.
    fn document(&mut self, range: Range<usize>) -> ControlFlow<()> {
        self.documents += 1;
        self.read = range.end;
        if self.documents == 1 || self.many {
            return ControlFlow::Continue(());
        }
        self.report.push(refuse::second_document(self.report.span(range)));
        ControlFlow::Break(())
    }

    fn comment(&mut self, text: &str, range: Range<usize>) {
        self.comments.push(Comment { span: self.report.span(range), text: text.trim().to_owned() });
    }

    /// Reports a feature. What is wrong on the rest of its line comes from it: a text that starts with
    /// `*`, `&` or `!` has a meaning that was not meant.
    fn refuse(&mut self, finding: Diagnostic) {
        let start = finding.labels.first().map_or(0, |label| label.span.range().start);
        if !self.explained.contains(&start) {
            self.explained = start..self.line_end(start);
        }
        self.report.push(finding);
    }

    fn line_end(&self, at: usize) -> usize {
        self.text[at..].find('\n').map_or(self.text.len(), |end| at + end)
    }

    fn tag(&mut self, range: Range<usize>) {
        let written = &self.text[range.clone()];
        self.refuse(refuse::tag(written, self.report.span(range)));
        self.whole = false;
    }

    fn alias(&mut self, range: Range<usize>) {
        self.read = range.end;
        self.whole = false;
        let span = self.report.span(range.clone());
        if !matches!(self.open.last(), Some(Open { content: Content::Map(_, Key::Merge), .. })) {
            let (written, rest) = self.text[range.start..self.line_end(range.start)].split_at(range.len());
            self.refuse(refuse::alias(written, rest.trim_end(), span));
        }
        self.place(Item::Alias(span));
    }

    fn scalar(&mut self, text: Cow<'_, str>, style: ScalarStyle, range: Range<usize>) {
        let range = match style {
            ScalarStyle::Plain if range.is_empty() => self.nothing(range.start),
            ScalarStyle::Literal | ScalarStyle::Folded => self.block_scalar(range),
            _ => range,
        };
        if style == ScalarStyle::Plain {
            self.swallowed_items(range.clone());
        }
        if style == ScalarStyle::DoubleQuoted && text.contains(characters::is_refused) {
            characters::check_escapes(&self.text[range.clone()], range.start, &mut self.report);
        }
        self.read = range.end;
        let quoted = style != ScalarStyle::Plain;
        let value = match text.as_ref() {
            "" | "~" | "null" if !quoted => Value::Null,
            _ => Value::Scalar(Scalar { text: text.into(), quoted }),
        };
        self.place(Item::Node(Node::new(self.report.span(range), value)));
    }

    /// Lines after the first of a plain text that look like list items.
    fn swallowed_items(&mut self, range: Range<usize>) {
        let mut at = range.start;
        for (number, line) in self.text[range].split_inclusive('\n').enumerate() {
            let body = line.trim();
            if number > 0 && body.starts_with("- ") {
                let start = at + line.len() - line.trim_start().len();
                self.report.push(refuse::swallowed_item(self.report.span(start..start + body.len())));
            }
            at += line.len();
        }
    }

    /// The place of what is not written: the colon for a key, behind the colon for a value.
    fn nothing(&self, at: usize) -> Range<usize> {
        let colon = usize::from(self.text[at..].starts_with(':'));
        let is_key = matches!(self.open.last(), Some(Open { content: Content::Map(_, Key::None), .. }));
        if is_key { at..at + colon } else { at + colon..at + colon }
    }

    /// From the `|` or `>` to the last character that is not blank; the parser gives the lines only.
    fn block_scalar(&self, lines: Range<usize>) -> Range<usize> {
        let start = self.indicator(&['|', '>'], lines.end).unwrap_or(lines.start);
        start..start + self.text[start..lines.end].trim_end().len()
    }

    /// The first dash of a list under a key; the parser gives what follows it where the dash stands
    /// in the column of the key.
    fn first_dash(&self, start: usize) -> usize {
        match self.open.last() {
            Some(Open { content: Content::Map(..), .. }) => self.indicator(&['-'], start).unwrap_or(start),
            _ => start,
        }
    }

    /// The next indicator after what has been read, behind comments and properties.
    fn indicator(&self, indicators: &[char], end: usize) -> Option<usize> {
        let mut at = self.read;
        while at < end {
            let rest = &self.text[at..end];
            at += match rest.chars().next()? {
                found if indicators.contains(&found) => return Some(at),
                '#' => rest.find('\n')?,
                '!' | '&' => rest.find(char::is_whitespace)?,
                other => other.len_utf8(),
            };
        }
        None
    }

    fn begin(&mut self, style: StructureStyle, range: Range<usize>, content: Content) -> ControlFlow<()> {
        if self.open.len() == MAX_DEPTH {
            return self.stop(limits::too_deep(self.report.span(range)));
        }
        let flow = style == StructureStyle::Flow;
        let is_block_list = !flow && matches!(content, Content::List(_));
        let start = if is_block_list { self.first_dash(range.start) } else { range.start };
        self.read = range.end;
        self.open.push(Open { flow, start, end: range.end, content });
        ControlFlow::Continue(())
    }

    /// Closes the innermost map or list. In block style it ends with its last part.
    fn end(&mut self, bracket: usize) {
        let Some(open) = self.open.pop() else { return };
        let end = if open.flow { bracket } else { open.end };
        let value = match open.content {
            Content::List(items) => Value::List(items),
            Content::Map(entries, _) => Value::Map(entries),
        };
        self.read = self.read.max(end);
        self.place(Item::Node(Node::new(self.report.span(open.start..end), value)));
    }

    /// Puts a value where the text has it: as a key, a value, an item or the root.
    fn place(&mut self, item: Item) {
        let Some(mut open) = self.open.pop() else {
            if let Item::Node(node) = item {
                self.roots.push(node);
            }
            return;
        };
        let span = match &item {
            Item::Node(node) => node.span,
            Item::Alias(span) => *span,
        };
        open.end = open.end.max(span.range().end);
        match &mut open.content {
            Content::List(items) => items.extend(item.node()),
            Content::Map(entries, key) => match std::mem::replace(key, Key::None) {
                Key::None => *key = self.key(item),
                Key::Text(name, place) => self.entry(entries, name, place, item),
                Key::Merge | Key::Refused => {}
            },
        }
        self.open.push(open);
    }

    fn key(&mut self, item: Item) -> Key {
        let Item::Node(Node { span, value, .. }) = item else { return Key::Refused };
        let (key, refusal) = match value {
            Value::Scalar(Scalar { text, quoted }) if quoted || text != "<<" => return Key::Text(text, span),
            Value::Scalar(_) => (Key::Merge, refuse::merge_key(span)),
            Value::Null => (Key::Refused, refuse::null_key(span)),
            Value::List(_) | Value::Map(_) => (Key::Refused, refuse::complex_key(&self.text[span.range()], span)),
        };
        self.refuse(refusal);
        self.whole = false;
        key
    }

    fn entry(&mut self, entries: &mut Map, name: Name, key: Span, item: Item) {
        if let Some(first) = entries.get(&name) {
            return self.report.push(refuse::duplicate_key(&name, key, first.key));
        }
        if let Item::Node(node) = item {
            entries.insert(name, Entry { key, node });
        }
    }

    /// A syntax error, unless something that was refused before explains it.
    fn syntax_error(&mut self, error: &ScanError) {
        self.whole = false;
        let at = self.text.floor_char_boundary(error.marker().byte_offset().unwrap_or_default());
        if at >= self.broken || self.explained.contains(&at) {
            return;
        }
        let bracket = self.open.iter().rev().find(|open| open.flow).map(|open| open.start);
        let finding = syntax::finding(error.kind(), self.text, at, bracket, &self.report);
        self.report.push(finding);
    }

    fn finish(mut self) -> Option<Document> {
        if !self.whole {
            return None;
        }
        let Some(root) = self.roots.pop().filter(|root| !root.is_null()) else {
            if self.documents <= 1 {
                self.report.push(refuse::empty_document(self.report.span(0..0)));
            }
            return None;
        };
        self.comments.sort_by_key(|comment| comment.span);
        Some(Document { root, comments: self.comments })
    }
}

impl Item {
    fn node(self) -> Option<Node> {
        if let Self::Node(node) = self { Some(node) } else { None }
    }
}
