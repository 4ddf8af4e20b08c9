//! Findings about meaning: they name a path of the merged document; the place is looked up last.
//!
//! Promises: a finding's label lies on the value that its path names, or on the nearest key above it;
//! where the value replaced others, those are labelled too.

use super::{Node, Path};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::policy::{Policy, Silenced};
use crate::source::Span;

/// A finding before its place is known.
#[derive(Clone, Debug)]
pub struct Finding {
    diagnostic: Diagnostic,
    path: Path,
    label: String,
    on_key: bool,
    also: Vec<(Path, String)>,
    replacement: Option<(String, bool)>,
}

impl Finding {
    pub fn new(severity: Severity, code: Code, path: Path, message: impl Into<String>) -> Self {
        let diagnostic = Diagnostic::new(severity, code, message);
        Self { diagnostic, path, label: String::new(), on_key: false, also: Vec::new(), replacement: None }
    }

    /// A finding whose weight is a judgement: a policy may see it otherwise.
    pub fn judged(severity: Severity, code: Code, path: Path, message: impl Into<String>) -> Self {
        let mut finding = Self::new(severity, code, path, message);
        finding.diagnostic.judged = true;
        finding
    }

    pub fn error(code: Code, path: Path, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, path, message)
    }

    pub fn warning(code: Code, path: Path, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, path, message)
    }

    pub fn note(code: Code, path: Path, message: impl Into<String>) -> Self {
        Self::new(Severity::Note, code, path, message)
    }

    /// A remark at the place.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.label = text.into();
        self
    }

    /// Another path.
    #[must_use]
    pub(crate) fn at(mut self, path: Path) -> Self {
        self.path = path;
        self
    }

    /// The finding at a place outside the merged document.
    pub(crate) fn on(self, span: Span, label: impl Into<String>) -> Diagnostic {
        self.diagnostic.label(span, label)
    }

    /// Labels the key in the place of the value.
    #[must_use]
    pub fn on_key(mut self) -> Self {
        self.on_key = true;
        self
    }

    /// Another place that takes part; left out where nothing is written there.
    #[must_use]
    pub fn also(mut self, path: Path, text: impl Into<String>) -> Self {
        self.also.push((path, text.into()));
        self
    }

    #[must_use]
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.diagnostic = self.diagnostic.reason(reason);
        self
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.diagnostic = self.diagnostic.help(help);
        self
    }

    /// Text that should take the place of the value (or key); `certain` where a tool may do it.
    #[must_use]
    pub fn suggest(mut self, text: impl Into<String>, certain: bool) -> Self {
        self.replacement = Some((text.into(), certain));
        self
    }

    /// Looks the place up.
    pub fn place(self, root: &Node) -> Diagnostic {
        let place = self.path.locate(root);
        let on_key = self.on_key || !place.exact || matches!(place.node.value, super::Value::Map(_));
        let span = if on_key { place.key.unwrap_or_else(|| first_key(place.node)) } else { place.node.span };
        let mut diagnostic = self.diagnostic.label(span, self.label).path(self.path.to_string());
        if place.exact {
            for replaced in &place.node.replaced {
                diagnostic = diagnostic.label(*replaced, "replaces this value");
            }
        }
        for (path, text) in self.also {
            let other = path.locate(root);
            if other.exact {
                let span =
                    if other.node.as_map().is_some() { other.key.unwrap_or(other.node.span) } else { other.node.span };
                diagnostic = diagnostic.label(span, text);
            }
        }
        match self.replacement {
            Some((text, certain)) if place.exact || self.on_key => diagnostic.suggest(span, text, certain),
            _ => diagnostic,
        }
    }
}

fn first_key(node: &Node) -> Span {
    node.as_map().and_then(|map| map.values().next()).map_or(node.span, |entry| entry.key)
}

/// Collects findings about one merged document.
#[derive(Debug)]
pub struct Findings<'a> {
    root: &'a Node,
    pub found: Diagnostics,
    /// Where something is laid over a part of the document, and what: its fields are looked for there first.
    laid: Option<(Path, Path)>,
    policy: Option<&'a Policy>,
    pub silenced: Silenced,
}

impl<'a> Findings<'a> {
    pub fn new(root: &'a Node) -> Self {
        Self { root, found: Diagnostics::new(), laid: None, policy: None, silenced: Silenced::default() }
    }

    pub fn push_all(&mut self, findings: impl IntoIterator<Item = Finding>) {
        findings.into_iter().for_each(|finding| self.push(finding));
    }

    /// Findings that are settled by a policy.
    pub fn under(root: &'a Node, policy: &'a Policy) -> Self {
        Self { policy: Some(policy), ..Self::new(root) }
    }

    /// Applies the policy to what was found so far.
    pub fn settle(&mut self) {
        if let Some(policy) = self.policy {
            policy.settle(&mut self.found, &mut self.silenced);
        }
    }

    /// From here on, fields of `below` are looked for in `above` first; nowhere else with `None`.
    pub fn lay(&mut self, below: Path, above: Option<Path>) {
        self.laid = above.map(|above| (below, above));
    }

    pub fn push(&mut self, mut finding: Finding) {
        let above = self.laid.as_ref().and_then(|(below, above)| finding.path.moved(below, above));
        if let Some(above) = above.filter(|above| self.is_written(above)) {
            finding.path = above;
        }
        let placed = finding.place(self.root);
        self.found.push(placed);
    }

    /// The merged document, for what only the text can tell.
    pub fn root(&self) -> &'a Node {
        self.root
    }

    /// True where something is written at the path.
    pub fn is_written(&self, path: &Path) -> bool {
        path.locate(self.root).exact
    }
}
