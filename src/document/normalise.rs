//! Checks one file against its shape and writes every short form in its long form.
//!
//! Promises: each file is checked once, whatever number of environments it takes part in; after a
//! pass without errors the tree has only known keys, values of the right type, and no short form.

use super::at;
use super::shape::{MapShape, Record, Refusal, Shape, TextShape, Word};
use super::{Entry, MANY, Map, Name, Node, Path, Scalar, Value};
use crate::diagnostic::{Diagnostic, Diagnostics, code, listed, nearest};
use crate::source::Span;
use rayon::prelude::*;

/// Checks `node` against `shape` and brings it into its long form.
pub fn normalise(node: &mut Node, shape: &Shape, found: &mut Diagnostics) {
    Normaliser { found, path: at![] }.value(node, shape, None);
}

struct Normaliser<'a> {
    found: &'a mut Diagnostics,
    path: Path,
}

impl Normaliser<'_> {
    fn value(&mut self, node: &mut Node, shape: &Shape, key: Option<Span>) {
        if node.is_null() {
            return;
        }
        match shape {
            Shape::Any => keep_nulls(node),
            Shape::Scalar => self.scalar(node, shape),
            Shape::Bool => self.boolean(node, shape),
            Shape::Integer { least, most } => self.integer(node, shape, *least, *most),
            Shape::Text(text) => self.text(node, shape, text),
            Shape::Word(words) => self.word(node, shape, words),
            Shape::List(of) => self.list(node, shape, of),
            Shape::OneOrMore(of) => self.one_or_more(node, shape, of),
            Shape::Map(map) => self.map(node, shape, map),
            Shape::Names(of) => self.names(node, of, key),
            Shape::Record(record) => self.record(node, shape, record),
            Shape::Short { key: field, record } => self.short(node, field, record, key),
            Shape::Switch(of) => self.switch(node, shape, of, key),
            Shape::Toggle(of) => self.toggle(node, of, key),
        }
    }

    fn push(&mut self, finding: Diagnostic) {
        self.found.push(finding.path(self.path.to_string()));
    }

    fn wrong(&mut self, node: &Node, shape: &Shape) {
        let expected = shape.describe();
        let mut finding =
            Diagnostic::error(code::WRONG_TYPE, format!("expected {expected}, found {}", node.describe()))
                .label(node.span, "of the wrong type");
        if let (Shape::List(_) | Shape::Names(_), Some(text)) = (shape, node.as_text()) {
            finding = finding.help(format!("write a list: `[{text}]`")).suggest(node.span, format!("[{text}]"), true);
        }
        self.push(finding);
    }

    fn refuse(&mut self, span: Span, refusal: Refusal) {
        let mut finding = Diagnostic::error(refusal.code, refusal.message).label(span, "").help(refusal.help);
        finding.reason = refusal.reason;
        if let Some((text, certain)) = refusal.instead {
            finding = finding.suggest(span, text, certain);
        }
        self.push(finding);
    }

    fn scalar(&mut self, node: &Node, shape: &Shape) {
        match &node.value {
            Value::Scalar(scalar) => self.warn_ambiguous(node.span, scalar),
            _ => self.wrong(node, shape),
        }
    }

    fn warn_ambiguous(&mut self, span: Span, scalar: &Scalar) {
        if let Some(finding) = ambiguous(span, scalar) {
            self.push(finding);
        }
    }

    fn boolean(&mut self, node: &Node, shape: &Shape) {
        match &node.value {
            Value::Scalar(Scalar { text, quoted: false }) if text == "true" || text == "false" => {}
            _ => self.wrong(node, shape),
        }
    }

    fn integer(&mut self, node: &Node, shape: &Shape, least: i64, most: i64) {
        let Value::Scalar(scalar) = &node.value else { return self.wrong(node, shape) };
        let Ok(number) = scalar.text.parse::<i64>() else { return self.wrong(node, shape) };
        if scalar.quoted {
            return self.push(
                Diagnostic::error(code::WRONG_TYPE, format!("expected a number, found the text \"{}\"", scalar.text))
                    .label(node.span, "quoted, so it is text")
                    .help("take the quotes away")
                    .suggest(node.span, scalar.text.clone(), true),
            );
        }
        if scalar.text != number.to_string() {
            return self.push(
                Diagnostic::error(
                    code::YAML_AMBIGUOUS,
                    format!("`{}` is a different number to different YAML readers", scalar.text),
                )
                .label(node.span, "")
                .reason("YAML 1.1 reads a leading zero as octal, YAML 1.2 does not")
                .help(format!("write {number}"))
                .suggest(node.span, number.to_string(), false),
            );
        }
        if number < least || number > most {
            let limit = if number < least { format!("at least {least}") } else { format!("at most {most}") };
            self.push(
                Diagnostic::error(code::OUT_OF_RANGE, format!("{number} is out of range: it must be {limit}"))
                    .label(node.span, limit)
                    .help(format!("write a number from {least} to {most}")),
            );
        }
    }

    fn text(&mut self, node: &Node, shape: &Shape, text: &TextShape) {
        let Value::Scalar(scalar) = &node.value else { return self.wrong(node, shape) };
        if !text.number {
            self.warn_ambiguous(node.span, scalar);
        }
        if let Err(refusal) = (text.check)(&scalar.text) {
            self.refuse(node.span, refusal);
        }
    }

    fn word(&mut self, node: &Node, shape: &Shape, words: &'static [Word]) {
        let Some(text) = node.as_text() else { return self.wrong(node, shape) };
        if words.iter().any(|word| word.text == text) {
            return;
        }
        let known = || words.iter().map(|word| word.text);
        let mut finding = Diagnostic::error(code::UNKNOWN_WORD, format!("`{text}` is not one of {}", listed(known())))
            .label(node.span, "not known here");
        let foreign = |word: &'static Word| Some((word, word.elsewhere.iter().find(|(name, _)| *name == text)?.1));
        if let Some((word, why)) = words.iter().find_map(foreign) {
            finding = finding
                .reason(why)
                .help(format!("write `{}`: {}", word.text, clause(word.doc)))
                .suggest(node.span, word.text, false);
        } else if let Some(near) = nearest(text, known()) {
            finding = finding.help(format!("a similar word is `{near}`")).suggest(node.span, near, false);
        }
        self.push(finding);
    }

    fn list(&mut self, node: &mut Node, shape: &Shape, of: &Shape) {
        let Value::List(items) = &mut node.value else { return self.wrong(node, shape) };
        for (index, item) in items.iter_mut().enumerate() {
            self.path.push(&index);
            if item.is_null() {
                self.push(
                    Diagnostic::error(code::WRONG_TYPE, "an item of a list is empty")
                        .label(item.span, "nothing is written here")
                        .help("write a value, or take the `-` away"),
                );
            }
            self.value(item, of, None);
            self.path.pop();
        }
    }

    fn one_or_more(&mut self, node: &mut Node, shape: &Shape, of: &Shape) {
        if let Value::Scalar(_) = node.value {
            let one = Node { replaced: Vec::new(), ..node.clone() };
            node.value = Value::List(vec![one]);
        }
        self.list(node, shape, of);
    }

    fn map(&mut self, node: &mut Node, shape: &Shape, map: &MapShape) {
        let Value::Map(entries) = &mut node.value else { return self.wrong(node, shape) };
        if entries.len() >= MANY {
            return self.all_at_once(entries, map);
        }
        for (name, entry) in entries.iter_mut() {
            self.path.push(name);
            self.named(name, entry, map);
            self.path.pop();
        }
    }

    fn named(&mut self, name: &str, entry: &mut Entry, map: &MapShape) {
        if let Err(refusal) = (map.check)(name) {
            self.refuse(entry.key, refusal);
        }
        let value = map.folder.as_ref().filter(|_| name.ends_with('/')).unwrap_or(&map.value);
        self.value(&mut entry.node, value, Some(entry.key));
    }

    /// The entries of a large map on all cores; what they find is kept in their order.
    fn all_at_once(&mut self, entries: &mut Map, map: &MapShape) {
        let check = |(name, entry): (&Name, &mut Entry)| {
            let mut found = Diagnostics::new();
            Normaliser { found: &mut found, path: self.path.join(name) }.named(name, entry, map);
            found
        };
        let found: Vec<Diagnostics> = entries.par_iter_mut().map(check).collect();
        found.into_iter().for_each(|found| self.found.extend(found));
    }

    /// `[db, cache]` is `{db: {}, cache: {}}`.
    fn names(&mut self, node: &mut Node, of: &Shape, key: Option<Span>) {
        if let Value::Scalar(_) = node.value {
            return self.wrong(node, &Shape::Names(Box::new(of.clone())));
        }
        if let Value::List(items) = &node.value {
            let mut map = Map::default();
            for item in items {
                match item.as_text() {
                    Some(name) => {
                        let empty = Node::map(item.span, []);
                        map.insert(name.into(), Entry { key: item.span, node: empty });
                    }
                    None => self.wrong(item, &Shape::Scalar),
                }
            }
            node.value = Value::Map(map);
        }
        self.value(node, of, key);
    }

    fn record(&mut self, node: &mut Node, shape: &Shape, record: &Record) {
        let Value::Map(entries) = &mut node.value else { return self.wrong(node, shape) };
        for (key, entry) in entries.iter_mut() {
            self.path.push(key);
            match record.field(key) {
                Some(field) => self.value(&mut entry.node, &field.shape, Some(entry.key)),
                None => self.unknown(key, entry.key, record),
            }
            self.path.pop();
        }
        self.refuse_two_forms(entries, record);
        for (short, field, name) in record.moves {
            move_entry(entries, short, field, name);
        }
    }

    fn unknown(&mut self, key: &str, span: Span, record: &Record) {
        let mut finding = Diagnostic::error(code::UNKNOWN_KEY, format!("unknown key `{key}` in {}", record.name))
            .label(span, "not known here");
        if let Some(near) = nearest(key, record.keys()) {
            finding = finding.help(format!("a similar key is `{near}`")).suggest(span, near, false);
        } else {
            finding = finding.help(format!("known keys are {}", listed(record.keys())));
        }
        self.push(finding);
    }

    /// Two forms of one choice, or two keys of an exclusive group, in one layer.
    fn refuse_two_forms(&mut self, entries: &Map, record: &Record) {
        let groups = record.exclusive.iter().copied().chain([record.forms]);
        for group in groups {
            let written: Vec<(&str, &Entry)> = group
                .iter()
                .filter_map(|key| entries.get(*key).map(|entry| (*key, entry)))
                .filter(|(_, entry)| !entry.node.is_null() && !entry.node.is_false())
                .collect();
            let [(first, one), (second, two), ..] = written.as_slice() else { continue };
            self.push(
                Diagnostic::error(code::TWO_FORMS, format!("`{first}` and `{second}` exclude each other"))
                    .label(two.key, "one of the two has to go")
                    .label(one.key, "the other one")
                    .help(format!("keep one of {}", listed(group.iter().copied()))),
            );
        }
    }

    fn short(&mut self, node: &mut Node, field: &'static str, record: &Shape, key: Option<Span>) {
        if !matches!(node.value, Value::Map(_)) {
            let inner = Node { replaced: Vec::new(), ..node.clone() };
            let entry = Entry { key: key.unwrap_or(node.span), node: inner };
            node.value = Value::Map(Map::from_iter([(field.into(), entry)]));
        }
        self.value(node, record, key);
    }

    fn switch(&mut self, node: &mut Node, shape: &Shape, of: &Shape, key: Option<Span>) {
        if node.is_false() {
            return;
        }
        match &node.value {
            Value::Scalar(Scalar { text, quoted: false }) if text == "true" && !accepts_true(of) => {
                self.wrong(node, shape);
            }
            _ => self.value(node, of, key),
        }
    }

    fn toggle(&mut self, node: &mut Node, of: &Shape, key: Option<Span>) {
        if matches!(&node.value, Value::Scalar(Scalar { text, quoted: false }) if text == "true") {
            node.value = Value::Map(Map::default());
        }
        self.value(node, of, key);
    }
}

/// The warning about a scalar that YAML readers take for different things.
pub fn ambiguous(span: Span, scalar: &Scalar) -> Option<Diagnostic> {
    let readings = crate::yaml::ambiguous(scalar)?;
    let quoted = format!("\"{}\"", scalar.text);
    Some(
        Diagnostic::warning(code::YAML_AMBIGUOUS, format!("`{}` is not text to every YAML reader", scalar.text))
            .label(span, "taken as text here")
            .reason(readings.to_string())
            .help(format!("write {quoted}"))
            .suggest(span, quoted, true),
    )
}

/// In a tree that is passed on as it is, `null` is a value.
fn keep_nulls(node: &mut Node) {
    match &mut node.value {
        Value::Null => node.value = Value::Scalar(Scalar { text: "null".into(), quoted: false }),
        Value::List(items) => items.iter_mut().for_each(keep_nulls),
        Value::Map(entries) => entries.values_mut().for_each(|entry| keep_nulls(&mut entry.node)),
        Value::Scalar(_) => {}
    }
}

fn accepts_true(shape: &Shape) -> bool {
    matches!(shape, Shape::Toggle(_) | Shape::Bool | Shape::Scalar)
}

/// Moves the entry `short` to `field.name`; one that stands there already stays.
fn move_entry(entries: &mut Map, short: &str, field: &str, name: &str) {
    let Some(moved) = entries.shift_remove(short) else { return };
    let span = moved.key;
    let home = entries.entry(field.into()).or_insert_with(|| Entry { key: span, node: Node::map(moved.node.span, []) });
    if moved.node.is_null() || moved.node.is_false() {
        // Taken away or switched off: that goes for the whole field.
        home.node = moved.node;
    } else if let Some(map) = home.node.as_map_mut() {
        map.entry(name.into()).or_insert(moved);
    }
}
/// A sentence of the docs as part of another one.
fn clause(doc: &str) -> String {
    let mut letters = doc.trim().trim_end_matches('.').chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
