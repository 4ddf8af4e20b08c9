//! Findings for GitHub Actions: workflow commands that become annotations.
//!
//! Promises: one command a line; nothing in a finding can end a command or begin another.

use super::place::Place;
use super::{Diagnostic, Severity, sanitize};
use crate::source::Sources;

pub(super) fn render(sources: &Sources, findings: &[Diagnostic]) -> String {
    findings.iter().map(|finding| command(sources, finding)).collect()
}

fn command(sources: &Sources, finding: &Diagnostic) -> String {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let mut properties: Vec<(&str, String)> = Place::of(sources, finding).map(place).unwrap_or_default();
    properties.push(("title", format!("{} {}", finding.code.id, finding.code.name)));
    let properties: Vec<String> =
        properties.iter().map(|(name, value)| format!("{name}={}", property(value))).collect();
    format!("::{level} {}::{}\n", properties.join(","), data(&message(sources, finding)))
}

/// Columns go only with a place on one line; GitHub refuses them otherwise.
fn place(place: Place<'_>) -> Vec<(&'static str, String)> {
    let mut properties = vec![
        ("file", place.file.to_owned()),
        ("line", place.start.line.to_string()),
        ("endLine", place.last_line().to_string()),
    ];
    if place.start.line == place.end.line {
        properties.push(("col", place.start.column.to_string()));
        properties.push(("endColumn", place.end.column.to_string()));
    }
    properties
}

/// An annotation shows one place; the others are told in the text.
fn message(sources: &Sources, finding: &Diagnostic) -> String {
    let mut lines = vec![finding.message.clone()];
    for (index, label) in finding.labels.iter().enumerate().filter(|(_, label)| !label.text.is_empty()) {
        let Place { file, start, .. } = Place::new(sources, label.span);
        lines.push(match index {
            0 => label.text.clone(),
            _ => format!("{file}:{}:{}: {}", start.line, start.column, label.text),
        });
    }
    lines.extend(finding.reason.as_ref().map(|reason| format!("why: {reason}")));
    lines.extend(finding.help.as_ref().map(|help| format!("help: {help}")));
    lines.join("\n")
}

fn data(text: &str) -> String {
    sanitize::lines(text).replace('%', "%25").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    sanitize::line(text).replace('%', "%25").replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::code;
    use crate::source::Span;

    #[test]
    fn nothing_leaves_its_command() {
        let mut sources = Sources::new();
        let file = sources.add("a,b:c%.yaml", "x: 1\ny: 2\n");
        let finding =
            Diagnostic::warning(code::UNKNOWN_KEY, "100% bad\r\n::error::fake").label(Span::new(file, 0, 1), "");
        assert_eq!(
            render(&sources, &[finding]),
            "::warning file=a%2Cb%3Ac%25.yaml,line=1,endLine=1,col=1,endColumn=2,title=WL0110 unknown-key::\
             100%25 bad%0A::error::fake\n"
        );
    }

    #[test]
    fn columns_go_only_with_one_line() {
        let mut sources = Sources::new();
        let file = sources.add("a.yaml", "x: 1\ny: 2\n");
        let finding = Diagnostic::note(code::UNKNOWN_KEY, "m").label(Span::new(file, 0, 7), "");
        assert_eq!(render(&sources, &[finding]), "::notice file=a.yaml,line=1,endLine=2,title=WL0110 unknown-key::m\n");
    }
}
