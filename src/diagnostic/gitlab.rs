//! Findings for GitLab: a code quality report.
//!
//! Promises: every finding has a fingerprint of its own (GitLab drops the second of two) and a place.

use serde::Serialize;

use super::fingerprint::fingerprints;
use super::place::Place;
use super::{Diagnostic, Severity, json};
use crate::source::Sources;

#[derive(Serialize)]
struct Issue<'a> {
    description: String,
    check_name: &'a str,
    fingerprint: String,
    severity: &'a str,
    location: Location<'a>,
}

#[derive(Serialize)]
struct Location<'a> {
    path: &'a str,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
    end: usize,
}

pub(super) fn render(sources: &Sources, findings: &[Diagnostic]) -> String {
    let prints = fingerprints(sources, findings);
    json::document(&findings.iter().zip(prints).map(|(found, print)| issue(sources, found, print)).collect::<Vec<_>>())
}

fn issue<'a>(sources: &'a Sources, found: &'a Diagnostic, fingerprint: String) -> Issue<'a> {
    Issue {
        description: description(found),
        check_name: found.code.name,
        fingerprint,
        severity: match found.severity {
            Severity::Error => "critical",
            Severity::Warning => "major",
            Severity::Note => "info",
        },
        location: location(Place::of_or_first(sources, found)),
    }
}

/// The widget of a merge request shows this and nothing else of the finding.
fn description(found: &Diagnostic) -> String {
    match &found.help {
        Some(help) => format!("{}: {} ({help})", found.code.id, found.message),
        None => format!("{}: {}", found.code.id, found.message),
    }
}

/// GitLab drops a finding without a path, so one without any file is put on the folder.
fn location(place: Option<Place<'_>>) -> Location<'_> {
    match place {
        Some(place) => Location { path: place.file, lines: Lines { begin: place.start.line, end: place.last_line() } },
        None => Location { path: ".", lines: Lines { begin: 1, end: 1 } },
    }
}
