//! Findings: what is wrong, where in every file that takes part, why, and what to do.
//!
//! Promises: a pass collects into [`Diagnostics`] and never stops at the first finding; the caller
//! places the checkpoints. A finding is stored once, however often it is reported. Nothing here
//! prints: each renderer returns text.

pub mod code;
mod conceal;
pub mod explain;
mod fingerprint;
mod github;
mod gitlab;
mod joined;
mod json;
mod place;
mod render;
pub mod sanitize;
mod sarif;
mod text;

use crate::source::Span;
pub use code::Code;
use foldhash::fast::FixedState;
pub use joined::Joined;
pub(crate) use json::{document as json_document, line as json_line};
pub use render::{Format, Options, render};
use std::collections::HashMap;
use std::hash::BuildHasher as _;

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The cluster would refuse it, or it cannot roll out. Stops the output.
    Error,
    /// It works, and is a known outage or security risk.
    Warning,
    /// Worth knowing: a choice that the compiler made, and why.
    Note,
}

impl Severity {
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// A place with a remark. The first label of a finding is where it is; the others are the cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    pub span: Span,
    pub text: String,
}

/// A change of the text that would resolve the finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    pub span: Span,
    pub replacement: String,
    /// True where the change is certainly what was meant, so that a tool may apply it.
    pub certain: bool,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub code: Code,
    pub severity: Severity,
    /// The fact, in one short line that makes sense without the source.
    pub message: String,
    /// First the place itself, then every other place that takes part, in any file.
    pub labels: Vec<Label>,
    /// Why: the rule or limit, with its source.
    pub reason: Option<String>,
    /// What to do.
    pub help: Option<String>,
    pub suggestion: Option<Suggestion>,
    /// The place in the merged document, such as `components.api.scale.max`.
    pub path: Option<String>,
    /// The environment in which it was found, where that matters.
    pub environment: Option<String>,
    /// An error by judgement, which a policy may see otherwise: nothing would refuse it.
    pub judged: bool,
}

impl Diagnostic {
    pub fn new(severity: Severity, code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity,
            message: message.into(),
            labels: Vec::new(),
            reason: None,
            help: None,
            suggestion: None,
            path: None,
            environment: None,
            judged: false,
        }
    }

    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message)
    }

    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message)
    }

    pub fn note(code: Code, message: impl Into<String>) -> Self {
        Self::new(Severity::Note, code, message)
    }

    fn says_the_same(&self, other: &Self) -> bool {
        self.code == other.code && self.message == other.message && self.labels == other.labels
    }

    /// Equal for findings that say the same.
    fn digest(&self) -> u64 {
        let place = self.labels.first().map(|label| label.span);
        FixedState::default().hash_one((self.code.id, &self.message, place))
    }

    /// True where a policy may silence it: warnings, notes, and errors by judgement.
    pub fn is_judgement(&self) -> bool {
        self.severity != Severity::Error || self.judged
    }

    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    #[must_use]
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    #[must_use]
    pub fn suggest(mut self, span: Span, replacement: impl Into<String>, certain: bool) -> Self {
        self.suggestion = Some(Suggestion { span, replacement: replacement.into(), certain });
        self
    }

    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }
}

/// The findings of a run.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    /// Where the list has findings of a digest: one that says the same is known without a search.
    known: HashMap<u64, Vec<usize>, FixedState>,
}

impl Diagnostics {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a finding; one that says the same at the same place is dropped.
    pub fn push(&mut self, finding: Diagnostic) {
        let alike = self.known.entry(finding.digest()).or_default();
        if !alike.iter().any(|at| self.list[*at].says_the_same(&finding)) {
            alike.push(self.list.len());
            self.list.push(finding);
        }
    }

    pub fn extend(&mut self, findings: impl IntoIterator<Item = Diagnostic>) {
        findings.into_iter().for_each(|finding| self.push(finding));
    }

    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    pub fn count(&self, severity: Severity) -> usize {
        self.list.iter().filter(|finding| finding.severity == severity).count()
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub fn as_slice(&self) -> &[Diagnostic] {
        &self.list
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// The findings by file, place, severity and code.
    #[must_use]
    pub fn sorted(self) -> Vec<Diagnostic> {
        let mut list = self.list;
        list.sort_by(|a, b| {
            let key = |d: &Diagnostic| (d.labels.first().map(|label| label.span), d.severity, d.code.id);
            key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message))
        });
        list
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

/// The known name nearest to `given`, if one is near enough to be a slip of the hand.
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |name: &str| strsim::damerau_levenshtein(&given.to_lowercase(), &name.to_lowercase());
    let limit = (given.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|name| (distance(name), name))
        .filter(|(far, name)| *far <= limit || (given.len() >= 3 && name.starts_with(given)))
        .min()
        .map(|(_, name)| name)
}

/// `a`, `b` and `c`: names in backticks, joined for a sentence.
pub fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => "nothing".into(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_forgives_slips_only() {
        assert_eq!(nearest("replcias", ["replicas", "rollout"]), Some("replicas"));
        assert_eq!(nearest("maxUnavailble", ["maxUnavailable"]), Some("maxUnavailable"));
        assert_eq!(nearest("colour", ["replicas", "rollout"]), None);
    }

    #[test]
    fn the_same_finding_is_kept_once() {
        let mut found = Diagnostics::new();
        found.push(Diagnostic::error(code::UNKNOWN_KEY, "x"));
        found.push(Diagnostic::error(code::UNKNOWN_KEY, "x"));
        assert_eq!(found.count(Severity::Error), 1);
    }
}
