//! The identity of a finding across edits, for baselines and for the comparison of two reports.
//!
//! Promises: a finding keeps its fingerprint when lines move, numbers in its message change, environments are
//! added or other findings come and go; no two findings of one report share one.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::Diagnostic;
use crate::source::Sources;

/// One fingerprint a finding, in the same order.
pub(super) fn fingerprints(sources: &Sources, findings: &[Diagnostic]) -> Vec<String> {
    let mut seen = BTreeMap::<String, usize>::new();
    findings
        .iter()
        .map(|finding| {
            let subject = subject(sources, finding);
            let occurrence = seen.entry(subject.clone()).or_default();
            *occurrence += 1;
            digest(&format!("{subject}\0{occurrence}"))
        })
        .collect()
}

/// What the finding is about: the law, the file, and the place in the document or else the message.
fn subject(sources: &Sources, finding: &Diagnostic) -> String {
    let file = finding.labels.first().map_or("", |label| &sources.file(label.span.file).path);
    let what = finding.path.clone().unwrap_or_else(|| without_numbers(&finding.message));
    [finding.code.id, file, &what].join("\0")
}

fn without_numbers(message: &str) -> String {
    let mut parts = message.split(|character: char| character.is_ascii_digit()).filter(|part| !part.is_empty());
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + "#" + part)
}

fn digest(text: &str) -> String {
    Sha256::digest(text).iter().take(16).fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::code;
    use crate::source::Span;

    fn report(text: &str, messages: &[&str]) -> Vec<String> {
        let mut sources = Sources::new();
        let file = sources.add("system.yaml", text);
        let at = text.find("key").unwrap();
        let finding =
            |message: &&str| Diagnostic::error(code::UNKNOWN_KEY, *message).label(Span::new(file, at, at + 3), "");
        fingerprints(&sources, &messages.iter().map(finding).collect::<Vec<_>>())
    }

    #[test]
    fn moved_lines_and_other_numbers_change_nothing() {
        assert_eq!(report("key", &["58 characters, limit 52"]), report("\n\n# more\nkey", &["60 characters, limit 5"]));
        assert_ne!(report("key", &["one"]), report("key", &["other"]));
    }

    #[test]
    fn equal_findings_are_counted() {
        let found = report("key", &["a", "a", "b"]);
        assert_ne!(found[0], found[1]);
        assert_eq!(found[0], report("key", &["a"])[0]);
        assert_eq!(found[2], report("key", &["b"])[0]);
    }
}
