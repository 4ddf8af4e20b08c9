//! Everything is loaded first: the system, the environments with what they extend, and every file that
//! they name. After this nothing is read any more.
//!
//! Promises: each file is read, parsed and checked once, however many environments use it; a file that
//! cannot be used is a finding where it was named.

use crate::diagnostic::{Diagnostic, Diagnostics, code};
use crate::document::normalise::normalise;
use crate::document::shape::Shape;
use crate::document::{Node, Value};
use crate::policy::{self, Allowance, Policy, Silenced};
use crate::resolve::FileContents;
use crate::source::{FileId, Sources, Span};
use crate::spec::{RepositoryPath, Spec, environment_shape, system_shape};
use crate::workspace::join;
use crate::yaml;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

mod across;
mod affected;
mod collide;
mod include;
mod manifests;

pub use affected::{Affected, affected};

/// Gives the bytes of a file of the repository, by its path from the root.
pub type Read<'a> = dyn Fn(&str) -> Result<Vec<u8>, Diagnostic> + 'a;

/// Gives the files that a pattern names, in the order of their paths, both from the root.
pub type Expand<'a> = dyn Fn(&str) -> Result<Vec<String>, Diagnostic> + 'a;

/// The repository, as far as loading sees it.
#[derive(Clone, Copy)]
pub struct Files<'a> {
    pub read: &'a Read<'a>,
    pub expand: &'a Expand<'a>,
}

/// A system with all its environments, in memory.
#[derive(Debug)]
pub struct Loaded {
    /// The path of the system file.
    pub path: String,
    pub system: Node,
    /// In the order of their files.
    pub environments: Vec<LoadedEnvironment>,
    /// Content of the files that the documents name, by path from the root.
    pub contents: FileContents,
    /// What comments allow, in the order of the files.
    pub allowances: Vec<Allowance>,
    /// Codes that are errors here whatever an environment says, from the command line; `warnings` for all.
    pub denied: Vec<String>,
    /// The documents of hand-written objects, of definitions and of encrypted secrets, by the pattern or path
    /// that names their files, from the root.
    pub manifests: Manifests,
}

impl Loaded {
    /// Applies the comments of the files, and what the command line denies, to findings of no environment.
    pub fn settle(&self, found: &mut Diagnostics) -> BTreeSet<usize> {
        let mut silenced = Silenced::default();
        Policy::of_files(&self.denied, &self.allowances).settle(found, &mut silenced);
        silenced.comments
    }

    /// Findings about comments that silence nothing, given those that did in some environment.
    pub fn unused_allowances(&self, used: &BTreeSet<usize>) -> impl Iterator<Item = Diagnostic> {
        let unused = self.allowances.iter().enumerate().filter(|(index, _)| !used.contains(index));
        unused.map(|(_, allowance)| allowance.unused())
    }
}

/// Hand-written objects by pattern, in the order of their files and documents.
pub type Manifests = BTreeMap<String, Vec<Arc<Node>>>;

/// An environment and those that it extends.
#[derive(Debug)]
pub struct LoadedEnvironment {
    pub name: String,
    pub path: String,
    /// A base, never compiled by itself.
    pub is_abstract: bool,
    /// Where the output goes, from the root of the repository.
    pub output: String,
    /// The documents, root of the chain first, itself last.
    pub chain: Vec<Arc<Node>>,
}

/// Loads a system and its environments; `None` when something in them cannot be used. The texts come
/// back in either case, since the findings point into them.
pub fn load(
    files: Files<'_>,
    system: &str,
    environments: &[String],
    found: &mut Diagnostics,
) -> (Sources, Option<Loaded>) {
    let mut loader = Loader {
        files,
        sources: Sources::new(),
        documents: BTreeMap::new(),
        contents: FileContents::new(),
        allowances: Vec::new(),
        manifests: Manifests::new(),
        circles: BTreeSet::new(),
        found,
    };
    let root = loader.read(system, &system_shape(), None).map(|root| loader.included(system, root));
    let loaded: Vec<Option<LoadedEnvironment>> =
        environments.iter().map(|path| loader.environment(path, system)).collect();
    let Loader { sources, contents, allowances, manifests, found, .. } = loader;
    let loaded: Option<Vec<LoadedEnvironment>> = loaded.into_iter().collect();
    if let Some((root, loaded)) = root.as_ref().zip(loaded.as_ref()) {
        found.extend(collide::collisions(root, loaded));
        found.extend(across::collisions(root, loaded));
    }
    let complete = root.zip(loaded).filter(|_| !found.has_errors());
    let loaded = complete.map(|(system_root, environments)| Loaded {
        path: system.into(),
        system: system_root,
        environments,
        contents,
        allowances,
        denied: Vec::new(),
        manifests,
    });
    (sources, loaded)
}

struct Loader<'a> {
    files: Files<'a>,
    sources: Sources,
    /// Documents by path: read once, `None` where they cannot be used.
    documents: BTreeMap<String, Option<Arc<Node>>>,
    contents: FileContents,
    allowances: Vec<Allowance>,
    manifests: Manifests,
    /// Circles of `extends` that were reported, by their sorted paths.
    circles: BTreeSet<Vec<String>>,
    found: &'a mut Diagnostics,
}

impl Loader<'_> {
    /// A document that several environments may start from: read once.
    fn document(&mut self, path: &str, shape: &Shape, named: Option<Span>) -> Option<Arc<Node>> {
        if let Some(known) = self.documents.get(path) {
            return known.clone();
        }
        let node = self.read(path, shape, named).map(Arc::new);
        self.documents.insert(path.into(), node.clone());
        node
    }

    /// A document in long form, with paths of files from the root of the repository.
    fn read(&mut self, path: &str, shape: &Shape, named: Option<Span>) -> Option<Node> {
        self.parse(path, named).and_then(|(file, node)| self.check(path, file, node, shape))
    }

    fn parse(&mut self, path: &str, named: Option<Span>) -> Option<(FileId, Node)> {
        let bytes = match (self.files.read)(path) {
            Ok(bytes) => bytes,
            Err(finding) => {
                self.push_named(finding, named);
                return None;
            }
        };
        let (file, text) = self.text(path, &bytes)?;
        let document = yaml::parse(file, &text, self.found)?;
        self.allowances.extend(policy::allowances(&document.comments, &text, self.found));
        Some((file, document.root))
    }

    /// Keeps a text, so that findings can point into it.
    fn text(&mut self, path: &str, bytes: &[u8]) -> Option<(FileId, String)> {
        match yaml::decode_utf8(bytes) {
            Ok(text) => {
                let file = self.sources.add(path, text);
                Some((file, self.sources.file(file).text.clone()))
            }
            Err(error) => {
                let file = self.sources.add(path, String::from_utf8_lossy(bytes));
                self.found.push(error.finding(file));
                None
            }
        }
    }

    fn check(&mut self, path: &str, file: FileId, mut node: Node, shape: &Shape) -> Option<Node> {
        if !self.is_expected_kind(file, &node, shape) {
            return None;
        }
        let errors = self.found.count(crate::diagnostic::Severity::Error);
        normalise(&mut node, shape, self.found);
        let text = &self.sources.file(file).text;
        policy::check_rules(&node, text, self.found);
        policy::check_selectors(&node, text, self.found);
        self.anchor(path, &mut node, shape);
        (self.found.count(crate::diagnostic::Severity::Error) == errors).then_some(node)
    }

    /// An environment in the place of a system gives one finding, not one for each of its keys.
    fn is_expected_kind(&mut self, file: FileId, node: &Node, shape: &Shape) -> bool {
        let Shape::Record(record) = shape else { return true };
        let expected = match record.name {
            "system" => "System",
            "environment" => "Environment",
            // A part of a system says nothing about itself.
            _ => return true,
        };
        let written = node.get("kind").and_then(Node::as_text);
        if written == Some(expected) || (written.is_none() && node.as_map().is_some()) {
            return true;
        }
        let span = node.get("kind").map_or(Span::new(file, 0, 0), |kind| kind.span);
        let is = written.map_or_else(|| node.describe().to_owned(), |kind| format!("`kind: {kind}`"));
        self.found.push(
            Diagnostic::error(code::WRONG_KIND, format!("expected a document with `kind: {expected}`, found {is}"))
                .label(span, format!("should be `{expected}`"))
                .help(format!("start the file with `apiVersion: windlass/v1` and `kind: {expected}`")),
        );
        false
    }

    /// Makes paths of files relative to the root of the repository, and reads what they name.
    fn anchor(&mut self, path: &str, node: &mut Node, shape: &Shape) {
        match (&mut node.value, shape.long()) {
            (Value::Scalar(scalar), Shape::Text(text)) if is_repository_path(text) => {
                let span = node.span;
                if let Some(joined) = self.joined(path, &scalar.text, span) {
                    scalar.text = joined.into();
                }
            }
            (Value::Map(map), Shape::Record(record)) => {
                for (key, entry) in map {
                    let Some(field) = record.field(key) else { continue };
                    if matches!(key.as_str(), "manifests" | "schemas") && record.name != "component" {
                        self.manifests(path, &mut entry.node);
                        continue;
                    }
                    self.anchor(path, &mut entry.node, &field.shape);
                    match (record.name, key.as_str()) {
                        ("file", "path") => self.content(&entry.node),
                        ("secret", "file") => self.encrypted(&entry.node),
                        ("policy rule", "file") => self.rules(path, &mut entry.node),
                        _ => {}
                    }
                }
            }
            (Value::Map(map), Shape::Map(shape)) => {
                for (key, entry) in map {
                    let value = shape.folder.as_ref().filter(|_| key.ends_with('/')).unwrap_or(&shape.value);
                    self.anchor(path, &mut entry.node, value);
                }
            }
            (Value::List(items), Shape::List(of)) => items.iter_mut().for_each(|item| self.anchor(path, item, of)),
            _ => {}
        }
    }

    fn joined(&mut self, path: &str, reference: &str, span: Span) -> Option<String> {
        match join(path, reference) {
            Ok(joined) => Some(joined),
            Err(error) => {
                self.push_named(error.into(), Some(span));
                None
            }
        }
    }

    fn content(&mut self, node: &Node) {
        let Some(path) = node.as_text() else { return };
        if self.contents.contains_key(path) {
            return;
        }
        match (self.files.read)(path) {
            Ok(bytes) => {
                self.contents.insert(path.into(), bytes);
            }
            Err(finding) => self.push_named(finding, Some(node.span)),
        }
    }

    /// A finding about a file, at the place that named it.
    fn push_named(&mut self, finding: Diagnostic, named: Option<Span>) {
        self.found.push(match named {
            Some(span) => finding.label(span, "named here"),
            None => finding,
        });
    }

    fn environment(&mut self, path: &str, system: &str) -> Option<LoadedEnvironment> {
        let chain = self.chain(path)?;
        let own = chain.last()?;
        let text = |key: &str| own.get(key).and_then(Node::as_text).map(str::to_owned);
        let name = text("name").unwrap_or_else(|| stem(path).to_owned());
        let beside = system.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        Some(LoadedEnvironment {
            output: text("output").unwrap_or_else(|| format!("{beside}rendered/{name}")),
            is_abstract: text("abstract").as_deref() == Some("true"),
            path: path.into(),
            name,
            chain,
        })
    }

    /// An environment and what it extends, root first.
    fn chain(&mut self, path: &str) -> Option<Vec<Arc<Node>>> {
        let mut chain: Vec<Arc<Node>> = Vec::new();
        // Each path with the place that named it.
        let mut seen: Vec<(String, Option<Span>)> = vec![(path.to_owned(), None)];
        while let Some((path, named)) = seen.last().cloned() {
            let node = self.document(&path, &environment_shape(), named)?;
            let extends = node.get("extends").filter(|extends| !extends.is_null()).cloned();
            chain.push(node);
            let Some(extends) = extends else { break };
            let next = self.joined(&path, extends.as_text()?, extends.span)?;
            if seen.iter().any(|(known, _)| *known == next) {
                self.refuse_cycle(&next, extends.span, &seen);
                return None;
            }
            seen.push((next, Some(extends.span)));
        }
        chain.reverse();
        Some(chain)
    }

    /// Each environment of a circle leads to the same one: it is reported once.
    fn refuse_cycle(&mut self, again: &str, closes: Span, seen: &[(String, Option<Span>)]) {
        let start = seen.iter().position(|(path, _)| path == again).unwrap_or_default();
        let mut circle: Vec<String> = seen[start..].iter().map(|(path, _)| path.clone()).collect();
        circle.sort_unstable();
        if !self.circles.insert(circle) {
            return;
        }
        let mut finding = Diagnostic::error(
            code::EXTENDS_CYCLE,
            format!("environments extend each other in a circle, back to `{again}`"),
        )
        .label(closes, "closes the circle");
        for (path, span) in seen {
            if let Some(span) = span {
                finding = finding.label(*span, format!("extends `{path}`"));
            }
        }
        self.found.push(finding.help("take one `extends` away; a chain ends at an environment that extends nothing"));
    }
}

fn is_repository_path(text: &'static crate::document::shape::TextShape) -> bool {
    matches!(RepositoryPath::shape(), Shape::Text(shape) if std::ptr::eq(shape, text))
}

/// The name of a file without its folder and ending.
fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}
