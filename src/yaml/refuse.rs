//! The findings for features of YAML that the language does not have.

use super::characters::after_mark;
use super::report::{Report, shown};
use crate::diagnostic::{Diagnostic, code};
use crate::source::Span;

const SHARING: &str = "share values with `defaults`, `profiles` or `like`";

fn refused(message: impl Into<String>, span: Span, reason: &str, help: impl Into<String>) -> Diagnostic {
    Diagnostic::error(code::YAML_REFUSED, message).label(span, "").reason(reason).help(help)
}

pub(super) fn anchor(name: &str, span: Span) -> Diagnostic {
    refused(
        format!("the anchor `&{}` is not allowed", shown(name)),
        span,
        "a shared value would have two places, and no finding or overlay could tell which one is meant",
        format!("{SHARING}; quote a text that starts with `&`"),
    )
}

/// `written` is the alias with its `*`, `rest` what follows it on its line.
pub(super) fn alias(written: &str, rest: &str, span: Span) -> Diagnostic {
    let finding = refused(
        format!("the alias `{}` is not allowed", shown(written)),
        span,
        "a shared value would have two places, and no finding or overlay could tell which one is meant",
        format!("{SHARING}; quote a text that starts with `*`"),
    );
    let is_name = written[1..].chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
    let is_value = !rest.contains(['"', '\\', '#', ',', ']', '}']) && !rest.contains(": ");
    if is_value && !(is_name && rest.is_empty()) {
        return finding.suggest(Span { end: span.end + len(rest), ..span }, format!("\"{written}{rest}\""), false);
    }
    finding
}

fn len(text: &str) -> u32 {
    u32::try_from(text.len()).unwrap_or(u32::MAX)
}

/// A line that was meant as a list item, but is indented like more of the text above it.
pub(super) fn swallowed_item(line: Span) -> Diagnostic {
    refused(
        "a line that starts with `- ` continues the text above it",
        line,
        "it is indented deeper than the item above, so YAML reads both lines as one text",
        "start the `-` in the column of the one above; quote the text if it is one",
    )
}

pub(super) fn merge_key(span: Span) -> Diagnostic {
    refused(
        "the merge key `<<` is not allowed",
        span,
        "YAML 1.2 has no merge keys, and readers disagree on what wins in a merge",
        SHARING,
    )
}

pub(super) fn tag(written: &str, span: Span) -> Diagnostic {
    refused(
        format!("the tag `{}` is not allowed", shown(written)),
        span,
        "the language gives every field its type; a tag could only disagree with it",
        "take the tag away; quote a value to make it text, or a text that starts with `!`",
    )
}

/// A map or list in the place of a key; `{{ … }}` is read as one.
pub(super) fn complex_key(written: &str, span: Span) -> Diagnostic {
    if written.starts_with('{') {
        return refused(
            "a map stands where a key belongs",
            span,
            "a key is one text; braces in plain text start a map, as do those of a template (`{{ … }}`)",
            "quote the value if it is text; the language has no templates, values that differ go into the environment",
        );
    }
    refused("a list stands where a key belongs", span, "a key is one text", "write each key on its own")
}

pub(super) fn null_key(span: Span) -> Diagnostic {
    refused(
        "a key is missing or null",
        span,
        "a key is one text",
        "write a name before the colon; quote it if it is `null` or `~`",
    )
}

pub(super) fn second_document(span: Span) -> Diagnostic {
    refused(
        "the file holds more than one document",
        span,
        "a file is one system, one environment or one part of a system",
        "put each document into a file of its own, or take the `---` away",
    )
}

pub(super) fn empty_document(start: Span) -> Diagnostic {
    Diagnostic::error(code::YAML_EMPTY, "the file holds no document")
        .label(start, "nothing but blanks, comments or `null`")
        .reason("an empty file is more often a mistake than an empty system")
        .help("write the document, or remove the file")
}

pub(super) fn duplicate_key(key: &str, second: Span, first: Span) -> Diagnostic {
    Diagnostic::error(code::YAML_DUPLICATE_KEY, format!("the key `{}` stands twice in one map", shown(key)))
        .label(second, "the second time")
        .label(first, "the first time")
        .reason("YAML allows a key once; readers disagree on which value counts")
        .help("remove one of them, or put their values together under one key")
}

/// Reports every directive in front of the document but `%YAML 1.2`; returns where the first stands.
pub(super) fn check_directives(text: &str, report: &mut Report<'_>) -> Option<usize> {
    let (mut at, rest) = after_mark(text);
    let mut first = None;
    for line in rest.split_inclusive('\n') {
        let body = line.trim_end();
        match body.trim_start().chars().next() {
            Some('%') if body.starts_with('%') => {
                if !is_version(body) {
                    first = first.or(Some(at));
                    report.push(directive(body, report.span(at..at + body.len())));
                }
            }
            None | Some('#') => {}
            Some(_) if body == "..." => {}
            Some(_) => break,
        }
        at += line.len();
    }
    first
}

fn is_version(line: &str) -> bool {
    let mut words = line.split_whitespace();
    (words.next(), words.next()) == (Some("%YAML"), Some("1.2"))
        && words.next().is_none_or(|word| word.starts_with('#'))
}

fn directive(line: &str, span: Span) -> Diagnostic {
    refused(
        format!("the directive `{}` is not allowed", shown(line)),
        span,
        "the language is YAML 1.2 without tags, so the only directive with a meaning is `%YAML 1.2`",
        "remove the line; quote a text that starts with `%`",
    )
}
