//! A large system in several files: each holds top-level maps of a System.
//!
//! Promises: a name is defined once, whatever file it stands in; the files are read in the order of
//! `include`, and those of one pattern in the order of their paths.

use super::Loader;
use crate::diagnostic::{Diagnostic, code};
use crate::document::shape::{Field, Record, Shape};
use crate::document::{Entry, Map, Node, Value};
use crate::source::Span;
use crate::spec::System;
use crate::workspace::join;
use std::sync::LazyLock;

/// Keys that say what the document is, and where its other files are.
const MAIN: &[&str] = &["apiVersion", "kind", "name", "include"];

/// A file of a system: the maps of one, without the keys of its main file.
static PART: LazyLock<Record> = LazyLock::new(|| Record {
    name: "part of a system",
    doc: "Top-level maps of a system, in a file of their own.",
    fields: System::record().fields.iter().filter(|field| !MAIN.contains(&field.key)).map(part).collect(),
    forms: &[],
    exclusive: &[],
    choice: &[],
    moves: &[],
});

fn part(field: &Field) -> Field {
    Field { key: field.key, doc: field.doc, shape: field.shape.clone(), required: false }
}

impl Loader<'_> {
    /// The system with the files that it includes.
    pub(super) fn included(&mut self, path: &str, mut root: Node) -> Node {
        let patterns = root.get("include").cloned();
        for (file, named) in patterns.iter().flat_map(|patterns| self.files_of(path, patterns)).collect::<Vec<_>>() {
            if let Some(part) = self.part(&file, named) {
                self.join_part(&mut root, part);
            }
        }
        root
    }

    /// The files of all patterns, each once, with the place that names it.
    fn files_of(&mut self, path: &str, patterns: &Node) -> Vec<(String, Span)> {
        let mut files: Vec<(String, Span)> = Vec::new();
        let Value::List(patterns) = &patterns.value else { return files };
        for pattern in patterns {
            let Some(text) = pattern.as_text() else { continue };
            let found = join(path, text).map_err(Diagnostic::from).and_then(|pattern| (self.files.expand)(&pattern));
            match found {
                Ok(found) => {
                    for file in found {
                        if file != path && !files.iter().any(|(known, _)| *known == file) {
                            files.push((file, pattern.span));
                        }
                    }
                }
                Err(finding) => self.push_named(finding, Some(pattern.span)),
            }
        }
        files
    }

    fn part(&mut self, path: &str, named: Span) -> Option<Node> {
        let (file, node) = self.parse(path, Some(named))?;
        self.refuse_main_keys(&node);
        self.check(path, file, without_main_keys(node), &Shape::Record(LazyLock::force(&PART)))
    }

    fn refuse_main_keys(&mut self, node: &Node) {
        for (key, entry) in node.as_map().into_iter().flatten().filter(|(key, _)| MAIN.contains(&key.as_str())) {
            self.found.push(
                Diagnostic::error(code::INCLUDE_KEY, format!("`{key}` stands in the main file of a system only"))
                    .label(entry.key, "in an included file")
                    .reason("an included file holds top-level maps of the system, such as `components`")
                    .help("take the key away here"),
            );
        }
    }

    /// Adds the maps of a part; what is defined already is a finding at both places.
    fn join_part(&mut self, root: &mut Node, part: Node) {
        let (Some(root), Value::Map(part)) = (root.as_map_mut(), part.value) else { return };
        for (key, entry) in part {
            match root.get_mut(&key) {
                None => {
                    root.insert(key, entry);
                }
                Some(known) => self.join_entry(&key, known, entry),
            }
        }
    }

    fn join_entry(&mut self, key: &str, known: &mut Entry, entry: Entry) {
        let named = System::record().field(key).is_some_and(|field| matches!(field.shape.long(), Shape::Map(_)));
        let Entry { key: span, node } = entry;
        match (known.node.as_map_mut(), node.value) {
            (Some(known), Value::Map(more)) if named => self.join_names(known, more),
            _ => self.defined_twice(key, known.key, span),
        }
    }

    fn join_names(&mut self, known: &mut Map, more: Map) {
        for (name, entry) in more {
            match known.get(&name) {
                Some(first) => self.defined_twice(&name, first.key, entry.key),
                None => {
                    known.insert(name, entry);
                }
            }
        }
    }

    fn defined_twice(&mut self, name: &str, first: Span, second: Span) {
        self.found.push(
            Diagnostic::error(code::DEFINED_TWICE, format!("`{name}` is defined twice in this system"))
                .label(second, "defined again")
                .label(first, "defined here already")
                .reason("the files of a system are one document, in which a name stands once")
                .help("keep one of the two, or give them different names"),
        );
    }
}

fn without_main_keys(mut node: Node) -> Node {
    if let Some(map) = node.as_map_mut() {
        map.retain(|key, _| !MAIN.contains(&key.as_str()));
    }
    node
}
