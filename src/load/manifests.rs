//! Hand-written objects: the files that `manifests` names, each with any number of documents; and in the
//! same way the definitions that `schemas` names, and the files of encrypted secrets.
//!
//! Promises: a pattern becomes one from the root of the repository; its files are read once, in the
//! order of their paths. What the objects must be is for [`crate::manifest`] to say.

use super::Loader;
use crate::document::{Node, Value};
use crate::policy;
use crate::source::Span;
use crate::yaml;
use std::sync::Arc;

impl Loader<'_> {
    /// Reads what the patterns of one document name.
    pub(super) fn manifests(&mut self, path: &str, patterns: &mut Node) {
        let Value::List(patterns) = &mut patterns.value else { return };
        for pattern in patterns {
            self.pattern(path, pattern);
        }
    }

    /// Reads admission policies that a pattern names, and their expressions.
    pub(super) fn rules(&mut self, path: &str, pattern: &mut Node) {
        let Some(joined) = self.pattern(path, pattern) else { return };
        for document in self.manifests.get(&joined).into_iter().flatten() {
            policy::check_admission(document, &self.sources.file(document.span.file).text, self.found);
        }
    }

    fn pattern(&mut self, path: &str, pattern: &mut Node) -> Option<String> {
        let span = pattern.span;
        let Value::Scalar(text) = &mut pattern.value else { return None };
        let joined = self.joined(path, &text.text, span)?;
        text.text = joined.as_str().into();
        if !self.manifests.contains_key(&joined) {
            let objects = self.manifest_files(&joined, span);
            self.manifests.insert(joined.clone(), objects);
        }
        Some(joined)
    }

    /// Reads the file of an encrypted secret.
    pub(super) fn encrypted(&mut self, node: &Node) {
        let Some(path) = node.as_text().filter(|path| !self.manifests.contains_key(*path)) else { return };
        let objects = self.manifest_file(path, node.span);
        self.manifests.insert(path.into(), objects.into_iter().map(Arc::new).collect());
    }

    fn manifest_files(&mut self, pattern: &str, span: Span) -> Vec<Arc<Node>> {
        match (self.files.expand)(pattern) {
            Ok(files) => files.iter().flat_map(|file| self.manifest_file(file, span)).map(Arc::new).collect(),
            Err(finding) => {
                self.push_named(finding, Some(span));
                Vec::new()
            }
        }
    }

    fn manifest_file(&mut self, path: &str, span: Span) -> Vec<Node> {
        let bytes = match (self.files.read)(path) {
            Ok(bytes) => bytes,
            Err(finding) => {
                self.push_named(finding, Some(span));
                return Vec::new();
            }
        };
        let Some((file, text)) = self.text(path, &bytes) else { return Vec::new() };
        let Some((documents, comments)) = yaml::parse_all(file, &text, self.found) else { return Vec::new() };
        self.allowances.extend(policy::allowances(&comments, &text, self.found));
        documents
    }
}
