//! Findings as Argo CD shows them: after a long prefix, in one condition of the Application, without line breaks
//! in most places.
//!
//! Promises: the first line is complete by itself, and is the first error; no frames, no colours, nothing under a
//! label; few lines, so that the condition is not cut.

use crate::diagnostic::{Diagnostic, Severity, sanitize};
use crate::source::Sources;
use std::fmt::Write as _;

/// So many findings are told; the others are counted.
const TOLD: usize = 5;

/// Findings as lines: errors first.
pub fn say(sources: &Sources, found: &[Diagnostic]) -> String {
    let mut list: Vec<&Diagnostic> = found.iter().filter(|finding| finding.severity != Severity::Note).collect();
    list.sort_by_key(|finding| finding.severity);
    let mut text = String::new();
    for (index, finding) in list.iter().take(TOLD).enumerate() {
        let place = finding.labels.first().map_or(String::new(), |label| {
            let position = sources.position(label.span);
            format!("{}:{}:{}: ", sources.file(label.span.file).path, position.line, position.column)
        });
        let word = finding.severity.word();
        let message = sanitize::line(&format!("{place}{}", finding.message));
        let _ = writeln!(text, "{word}[{}] {message}", finding.code.id);
        // The first is what everybody reads: what to do about it belongs to it.
        if let Some(help) = finding.help.as_ref().filter(|_| index == 0) {
            let _ = writeln!(text, "help: {}", sanitize::line(help));
        }
    }
    if list.len() > TOLD {
        let _ = writeln!(text, "and {} more: run `windlass check`", list.len() - TOLD);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::code;
    use crate::source::Span;

    #[test]
    fn the_first_line_is_the_first_error() {
        let mut sources = Sources::new();
        let file = sources.add("a/system.yaml", "x:\n  y: 1\n");
        let found = [
            Diagnostic::warning(code::REPLICA_SINGLE, "a warning"),
            Diagnostic::note(code::GPU_ROLLOUT, "a note"),
            Diagnostic::error(code::UNKNOWN_KEY, "unknown key `y`\n")
                .label(Span::new(file, 5, 6), "")
                .help("write `z`"),
        ];
        let text = say(&sources, &found);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("error[WL0110] a/system.yaml:2:3: unknown key `y`"), "{text}");
        assert_eq!(&lines[1..], ["help: write `z`", "warning[WL0430] a warning"]);
    }

    #[test]
    fn many_findings_are_counted() {
        let found: Vec<Diagnostic> = (0..9).map(|n| Diagnostic::error(code::UNKNOWN_KEY, format!("key {n}"))).collect();
        let text = say(&Sources::new(), &found);
        assert!(text.ends_with("and 4 more: run `windlass check`\n"), "{text}");
    }
}
