//! Values in Markdown, whoever wrote them.
//!
//! Promises: a value shows as it is, on one line, and is never read as Markdown, HTML, a link, a mention or
//! a reference; a fence is longer than any run of backticks in it.

use crate::diagnostic::sanitize;

/// A value as code.
pub(super) fn code(text: &str) -> String {
    let text = sanitize::line(text);
    let fence = "`".repeat(longest_run(&text) + 1);
    // A space that is stripped keeps a backtick, or a space, at an end from being lost.
    let needs_space = |c: Option<char>| matches!(c, Some('`' | ' '));
    let space =
        if text.is_empty() || needs_space(text.chars().next()) || needs_space(text.chars().last()) { " " } else { "" };
    // A span of spaces alone is not stripped.
    let space = if !text.is_empty() && text.chars().all(|c| c == ' ') { "" } else { space };
    format!("{fence}{space}{text}{space}{fence}")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// A sentence of ours, in which names stand in backticks.
pub(super) fn prose(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    // An odd backtick is a character of some value: nothing is taken for code then.
    if parts.len().is_multiple_of(2) {
        return plain(text);
    }
    let part = |(at, part): (usize, &&str)| match at % 2 {
        1 if !part.is_empty() => code(part),
        1 => "\\`\\`".to_owned(),
        _ => plain(part),
    };
    parts.iter().enumerate().map(part).collect()
}

/// Text without any meaning in Markdown.
fn plain(text: &str) -> String {
    let text = sanitize::line(text);
    let mut out = String::with_capacity(text.len() + 16);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let is_safe = !character.is_ascii_punctuation() || matches!(character, ',' | ';' | '\'' | '"' | '(' | ')');
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            _ if is_safe => out.push(character),
            _ => out.extend(['\\', character]),
        }
        // A forge looks for mentions and references in what is shown, where a backslash is gone.
        let calls = matches!(character, '@' | '#' | '!' | '%' | '~' | '$' | '&' | '-' | '^');
        if calls && characters.peek().is_some_and(|next| next.is_alphanumeric() || *next == '_') {
            out.push_str(if character == '-' { "" } else { "&#8203;" });
        }
    }
    out
}

/// A value within HTML: shown as it is, and no mention, for it has no words of its own.
pub(super) fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for character in sanitize::line(text).chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '@' | '#' => out.extend([character, '\u{200b}']),
            _ => out.push(character),
        }
    }
    out
}

/// Markdown in the cell of a table.
pub(super) fn cell(markdown: &str) -> String {
    // Every bar that is not yet escaped would end the cell, in code as well.
    let mut out = String::with_capacity(markdown.len() + 8);
    let mut before = ' ';
    for character in markdown.chars() {
        if character == '|' && before != '\\' {
            out.push('\\');
        }
        out.push(character);
        before = character;
    }
    out
}

/// An address between angle brackets.
pub(super) fn address(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_graphic() && !matches!(c, '<' | '>' | '\\' | '`' | '"')).collect()
}

/// A line within a fence.
pub(super) fn fenced(text: &str) -> String {
    sanitize::line(text)
}

/// Lines between fences.
pub(super) fn block(language: &str, text: &str) -> String {
    let fence = "`".repeat((longest_run(text) + 1).max(3));
    format!("{fence}{language}\n{text}{fence}\n")
}
