//! Findings for scripts: one document, described by `schemas/findings.schema.json`.
//!
//! Promises: within a version members are only added; every member is always there, `null` where there is
//! nothing to say; the text is safe to print.

use serde::Serialize;

use super::fingerprint::fingerprints;
use super::place::Place;
use super::{Diagnostic, Severity, sanitize};
use crate::source::Sources;

/// Raised when a member changes its meaning or goes away.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Report<'a> {
    version: u32,
    findings: Vec<Finding<'a>>,
    summary: Summary,
}

#[derive(Serialize)]
struct Finding<'a> {
    code: &'a str,
    name: &'a str,
    severity: &'a str,
    message: &'a str,
    location: Option<Place<'a>>,
    path: Option<&'a str>,
    environment: Option<&'a str>,
    labels: Vec<Label<'a>>,
    reason: Option<&'a str>,
    help: Option<&'a str>,
    suggestion: Option<Suggestion<'a>>,
    fingerprint: String,
}

#[derive(Serialize)]
struct Label<'a> {
    location: Place<'a>,
    text: &'a str,
}

#[derive(Serialize)]
struct Suggestion<'a> {
    location: Place<'a>,
    replacement: &'a str,
    certain: bool,
}

#[derive(Serialize)]
struct Summary {
    errors: usize,
    warnings: usize,
    notes: usize,
}

pub(super) fn render(sources: &Sources, findings: &[Diagnostic]) -> String {
    let prints = fingerprints(sources, findings);
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    document(&Report {
        version: VERSION,
        findings: findings.iter().zip(prints).map(|(found, print)| finding(sources, found, print)).collect(),
        summary: Summary {
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            notes: count(Severity::Note),
        },
    })
}

fn finding<'a>(sources: &'a Sources, found: &'a Diagnostic, fingerprint: String) -> Finding<'a> {
    Finding {
        code: found.code.id,
        name: found.code.name,
        severity: found.severity.word(),
        message: &found.message,
        location: Place::of(sources, found),
        path: found.path.as_deref(),
        environment: found.environment.as_deref(),
        labels: found
            .labels
            .iter()
            .map(|label| Label { location: Place::new(sources, label.span), text: &label.text })
            .collect(),
        reason: found.reason.as_deref(),
        help: found.help.as_deref(),
        suggestion: found.suggestion.as_ref().map(|change| Suggestion {
            location: Place::new(sources, change.span),
            replacement: &change.replacement,
            certain: change.certain,
        }),
        fingerprint,
    }
}

/// A JSON document as every machine format ends it: indented, printable, with a last line break.
pub(crate) fn document(value: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(value).expect("strings and numbers under string keys always serialise");
    let mut text = sanitize::json(&text);
    text.push('\n');
    text
}

/// A JSON document on one line, for a place within something else.
pub(crate) fn line(value: &impl Serialize) -> String {
    sanitize::json(&serde_json::to_string(value).expect("strings and numbers under string keys always serialise"))
}
