//! Risks as findings, for the formats that put findings on lines: SARIF, GitHub and GitLab.
//!
//! Promises: a risk is on the line that caused it; what the policy denies is an error, what merely changes
//! a note.

use super::super::{Cause, Class, Risk, Verdict};
use super::outline::{Outline, Told};
use super::text::subjects;
use super::{Report, words};
use crate::diagnostic::{self, Code, Diagnostic, Format, Options, Severity};
use crate::source::{FileId, Position, Sources, Span};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn render(report: &Report, format: Format) -> String {
    let outline = Outline::of(report);
    let ground = Ground::of(&outline);
    let findings: Vec<Diagnostic> = outline.risks.iter().map(|told| finding(told, &outline, &ground)).collect();
    diagnostic::render(format, &ground.sources, &findings, &Options::default())
}

/// The rule of a class, as a finding has its law.
fn rule(class: Class) -> Code {
    let id = match class {
        Class::Rejected => "windlass/review/rejected",
        Class::DataLoss => "windlass/review/data-loss",
        Class::Downtime => "windlass/review/downtime",
        Class::Security => "windlass/review/security",
        Class::Capacity => "windlass/review/capacity",
        Class::Inert => "windlass/review/inert",
        Class::Restart => "windlass/review/restart",
        Class::Scaling => "windlass/review/scaling",
        Class::Cost => "windlass/review/cost",
        Class::Config => "windlass/review/config",
        Class::Metadata => "windlass/review/metadata",
    };
    Code { id, name: class.text(), summary: class.meaning() }
}

fn severity(risk: &Risk) -> Severity {
    match (&risk.verdict, risk.class) {
        (Verdict::Denied | Verdict::Unacknowledged, _) => Severity::Error,
        (_, Class::Restart | Class::Scaling | Class::Cost | Class::Config | Class::Metadata) => Severity::Note,
        _ => Severity::Warning,
    }
}

fn finding(told: &Told<'_>, outline: &Outline<'_>, ground: &Ground<'_>) -> Diagnostic {
    let risk = told.risk;
    let named = outline.named(&told.environments).join(", ");
    let named = if named.is_empty() { named } else { format!(" in {named}") };
    let message = format!("{}{named}: {}{}", subjects(&told.objects), risk.what, sides(risk));
    let mut finding = Diagnostic::new(severity(risk), rule(risk.class), message).path(risk.id());
    for cause in &told.causes {
        let text = if cause.is_old {
            format!("`{}` stood at line {} before, and is gone", cause.path, cause.at.line)
        } else {
            format!("`{}`", cause.path)
        };
        finding = finding.label(ground.span(cause), text);
    }
    let environments: Vec<&str> = told.environments.iter().map(|at| outline.environments[*at].as_str()).collect();
    finding.environment = Some(environments.join(", "));
    finding.reason = Some(risk.reason.clone()).filter(|reason| !reason.is_empty());
    let verdict = words::verdict(&risk.verdict).map(|verdict| format!("policy: {verdict}"));
    let help: Vec<String> = risk.help.clone().into_iter().chain(verdict).collect();
    finding.help = Some(help.join("; ")).filter(|help| !help.is_empty());
    finding
}

/// ` (spec.replicas: 3 → 2)`
fn sides(risk: &Risk) -> String {
    let field = &risk.field;
    match (&risk.before, &risk.after) {
        (Some(before), Some(after)) => format!(" ({field}: {before} → {after})"),
        (Some(before), None) => format!(" ({field}: was {before})"),
        (None, Some(after)) => format!(" ({field}: {after})"),
        (None, None) if field.is_empty() => String::new(),
        (None, None) => format!(" ({field})"),
    }
}

/// Texts that have a character at each place that caused something: the places are known, and the texts
/// may be those of another commit.
struct Ground<'a> {
    sources: Sources,
    files: BTreeMap<&'a str, FileId>,
}

impl<'a> Ground<'a> {
    fn of(outline: &Outline<'a>) -> Self {
        let mut places: BTreeMap<&str, BTreeSet<(usize, usize)>> = BTreeMap::new();
        for cause in outline.risks.iter().flat_map(|told| &told.causes) {
            let Position { line, column } = here(cause);
            places.entry(&cause.file).or_default().insert((line, column));
        }
        let mut sources = Sources::new();
        let files = places.into_iter().map(|(file, places)| (file, sources.add(file, text(&places)))).collect();
        Self { sources, files }
    }

    fn span(&self, cause: &Cause) -> Span {
        let file = self.files[cause.file.as_str()];
        let Position { line, column } = here(cause);
        let start = self.sources.file(file).line_starts().get(line - 1).map_or(0, |start| start + column - 1);
        Span::new(file, start, start + 1)
    }
}

/// Where a remark about a cause stands: what is gone has no line any more.
fn here(cause: &Cause) -> Position {
    if cause.is_old {
        Position { line: 1, column: 1 }
    } else {
        Position { line: cause.at.line.max(1), column: cause.at.column.max(1) }
    }
}

fn text(places: &BTreeSet<(usize, usize)>) -> String {
    let mut text = String::new();
    let mut line = 1;
    let mut written = 0;
    for (at, column) in places {
        if *at > line {
            text.push_str(&"\n".repeat(at - line));
            (line, written) = (*at, 0);
        }
        text.push_str(&" ".repeat(column.saturating_sub(written)));
        written = *column;
    }
    text.push('\n');
    text
}
