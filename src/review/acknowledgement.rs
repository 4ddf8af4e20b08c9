//! What a team has said about the risks of a change, and what its policy makes of them.
//!
//! Promises: a risk of a denied class stops the change, whatever was said; one of a class that asks for it
//! stops the change until it is acknowledged. An acknowledgement that no risk needs, or whose time is over,
//! is a finding. Time is counted in commits and versions, never by a clock.

use super::{Class, Review, Risk, Verdict};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, code, nearest};
use crate::document::normalise::normalise;
use crate::document::{Node, Path};
use crate::model::image::parts;
use crate::source::{FileId, Sources, Span};
use crate::spec::{self, Spec as _};
use crate::yaml;

/// The name of the file, beside the system.
pub const FILE: &str = "windlass.ack.yaml";

/// What was said about the risks of a system.
#[derive(Debug, Default)]
pub struct Acknowledgements {
    all: Vec<Said>,
}

/// One acknowledgement, and whether some risk needed it.
#[derive(Debug)]
struct Said {
    written: spec::Acknowledgement,
    span: Span,
    used: bool,
}

/// Which classes stop a change.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    deny: Vec<Class>,
    acknowledge: Vec<Class>,
}

impl Gate {
    /// What an environment says in `policy.review`, and the command line with `--fail-on`.
    pub fn new(policy: Option<&spec::ReviewPolicy>, fail_on: &[Class]) -> Self {
        let of = |list: Option<&Vec<Class>>| list.cloned().unwrap_or_default();
        let mut acknowledge = of(policy.and_then(|policy| policy.acknowledge.as_ref()));
        acknowledge.extend(fail_on);
        Self { deny: of(policy.and_then(|policy| policy.deny.as_ref())), acknowledge }
    }
}

impl Acknowledgements {
    /// Reads the file.
    pub fn read(path: &str, text: &str, sources: &mut Sources, found: &mut Diagnostics) -> Self {
        let file = sources.add(path, text);
        let all = read(file, text, found).unwrap_or_default();
        Self { all }
    }

    /// Decides what each risk of a review may do. `is_over` says whether the old side has a commit in its history.
    pub fn judge(&mut self, review: &mut Review, gate: &Gate, is_over: &dyn Fn(&str) -> bool) {
        let environment = review.environment.clone();
        for risk in &mut review.risks {
            risk.verdict = if gate.deny.contains(&risk.class) {
                Verdict::Denied
            } else if let Some(reason) = self.reason(risk, &environment, is_over) {
                Verdict::Acknowledged(reason)
            } else if gate.acknowledge.contains(&risk.class) {
                Verdict::Unacknowledged
            } else {
                Verdict::Shown
            };
        }
    }

    fn reason(&mut self, risk: &Risk, environment: &str, is_over: &dyn Fn(&str) -> bool) -> Option<String> {
        let id = risk.id();
        let said = self.all.iter_mut().find(|said| {
            let written = &said.written;
            *written.finding == *id
                && written.environments.as_ref().is_none_or(|names| names.iter().any(|name| **name == *environment))
                && !ended(written.until.as_ref(), risk, is_over)
        })?;
        said.used = true;
        Some(said.written.because.to_string())
    }

    /// Those that nothing needed, given every risk that was found.
    pub fn unused(&self, risks: &[String]) -> impl Iterator<Item = Diagnostic> {
        self.all.iter().filter(|said| !said.used).map(move |said| unused(said, risks))
    }
}

/// Whether the time of an acknowledgement is over.
fn ended(until: Option<&spec::Expiry>, risk: &Risk, is_over: &dyn Fn(&str) -> bool) -> bool {
    let Some(until) = until else { return false };
    let by_commit = until.commit.as_ref().is_some_and(|commit| is_over(commit));
    let image = risk.after.as_deref().filter(|after| after.contains(':'));
    let by_version = match (until.version.as_deref().and_then(version), image.and_then(tag).and_then(version)) {
        (Some(last), Some(now)) => now > last,
        _ => false,
    };
    by_commit || by_version
}

fn tag(image: &str) -> Option<&str> {
    parts(image).1
}

/// The numbers of a version.
fn version(text: &str) -> Option<Vec<u64>> {
    let digits = text.trim_start_matches('v');
    let end = digits.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(digits.len());
    digits[..end].split('.').map(|part| part.parse().ok()).collect()
}

fn read(file: FileId, text: &str, found: &mut Diagnostics) -> Option<Vec<Said>> {
    let mut root = yaml::parse(file, text, found)?.root;
    let before = found.count(Severity::Error);
    normalise(&mut root, &spec::Acknowledgements::shape(), found);
    if found.count(Severity::Error) > before {
        return None;
    }
    let written: spec::Acknowledgements = spec::decode(&root, Path::default(), found)?;
    let span = |at: usize| {
        let item = root.get("acknowledge").and_then(|list| list.item(at));
        item.and_then(|item| item.get("finding")).map_or(root.span, |node: &Node| node.span)
    };
    let said =
        written.acknowledge.into_iter().enumerate().map(|(at, written)| Said { written, span: span(at), used: false });
    Some(said.collect())
}

fn unused(said: &Said, risks: &[String]) -> Diagnostic {
    let finding =
        Diagnostic::warning(code::ACKNOWLEDGEMENT_UNUSED, "this acknowledgement stands for no risk of the change")
            .label(said.span, "nothing in this change is called so, or its time is over")
            .reason("what was acknowledged once would be let through again, unseen");
    match nearest(&said.written.finding, risks.iter().map(String::as_str)) {
        Some(near) => {
            finding.help("a risk with a similar name is there; the reports name each").suggest(said.span, near, false)
        }
        None => finding.help("take it away"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "apiVersion: windlass/v1\nkind: Acknowledgements\nacknowledge:\n\
                        - {finding: restart pods-replaced apps/Deployment ai/api spec.template, because: at night}\n";

    #[test]
    fn a_file_is_read_and_what_it_does_not_serve_is_told() {
        let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
        let said = Acknowledgements::read(FILE, TEXT, &mut sources, &mut found);
        assert!(!found.has_errors());
        let risks = ["restart pods-replaced apps/Deployment ai/api spec.templates".to_owned()];
        let unused: Vec<Diagnostic> = said.unused(&risks).collect();
        assert_eq!(unused.len(), 1);
        assert!(unused[0].suggestion.is_some());
    }

    #[test]
    fn versions_are_compared_by_their_numbers() {
        assert!(version("v2.10.0") > version("2.9"));
        assert_eq!(tag("registry:5000/app:2.1@sha256:00"), Some("2.1"));
        assert_eq!(version("latest"), None);
    }
}
