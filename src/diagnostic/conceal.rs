//! Secrets in the source: what stands under a finding about one is never shown.
//!
//! Promises: the concealed texts have the length of the real ones, byte for byte and line for line, so that
//! every span still fits; where nothing is to be concealed nothing is copied.

use super::place::clamped;
use super::{Diagnostic, code};
use crate::source::{Sources, Span};

/// The sources with stars in the place of secrets; `None` where no finding is about one.
///
/// Other findings may show the same lines, so it is the source that is concealed, not a label.
pub(super) fn sources(sources: &Sources, findings: &[Diagnostic]) -> Option<Sources> {
    let about = findings.iter().filter(|finding| code::CONCEALED.contains(&finding.code));
    let spans: Vec<Span> = about.flat_map(|finding| &finding.labels).map(|label| label.span).collect();
    if spans.is_empty() {
        return None;
    }
    let mut concealed = Sources::new();
    for file in sources.files() {
        let own = spans.iter().filter(|span| std::ptr::eq(sources.file(span.file), file));
        concealed.add(file.path.clone(), own.fold(file.text.clone(), |text, span| starred(&text, *span)));
    }
    Some(concealed)
}

fn starred(text: &str, span: Span) -> String {
    let range = clamped(text, span.range());
    let mut starred = String::with_capacity(text.len());
    starred.push_str(&text[..range.start]);
    for character in text[range.clone()].chars() {
        if character.is_whitespace() {
            starred.push(character);
        } else {
            starred.extend(std::iter::repeat_n('*', character.len_utf8()));
        }
    }
    starred.push_str(&text[range.end..]);
    starred
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Format, Options, render};
    use proptest::prelude::*;

    #[test]
    fn no_finding_shows_a_secret() {
        let text = "env: {PASSWORD: hunter2, URL: x}\nkey: |\n  héllo\n  w\n";
        let mut sources = Sources::new();
        let file = sources.add("system.yaml", text);
        let at = |part: &str| {
            let start = text.find(part).unwrap();
            Span::new(file, start, start + part.len())
        };
        let secret = |span| Diagnostic::error(code::CREDENTIAL_NAMED, "a secret").label(span, "here");
        let findings = [
            secret(at("hunter2")),
            secret(at("héllo\n  w")),
            Diagnostic::warning(code::VARIABLE_UNKNOWN, "on the same line").label(at("x"), "there"),
        ];
        let shown = render(Format::Text, &sources, &findings, &Options::default());
        assert!(shown.contains("PASSWORD: *******, URL: x"), "{shown}");
        assert!(!shown.contains("hunter2") && !shown.contains("llo"), "{shown}");
    }

    #[test]
    fn without_secrets_nothing_is_copied() {
        let mut sources = Sources::new();
        let file = sources.add("system.yaml", "a: b");
        let finding = Diagnostic::error(code::UNKNOWN_KEY, "x").label(Span::new(file, 0, 1), "");
        assert!(super::sources(&sources, &[finding]).is_none());
    }

    proptest! {
        #[test]
        fn every_span_still_fits(text in "[ -~é三\n]{0,40}", start in 0usize..50, len in 0usize..50) {
            let mut sources = Sources::new();
            let file = sources.add("a", text.clone());
            let concealed = starred(&text, Span::new(file, start, start + len));
            prop_assert_eq!(concealed.len(), text.len());
            prop_assert_eq!(concealed.lines().count(), text.lines().count());
        }
    }
}
