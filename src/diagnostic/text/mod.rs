//! Findings for people.
//!
//! Promises: a finding is its fact, the lines of every file that takes part, the reason and the way out, in that
//! order and without more; the last line counts them. Nothing from a file or a name steers the terminal.

mod change;
mod excerpt;
mod frame;
mod line;
mod theme;

use textwrap::{WordSeparator, WordSplitter};

use self::frame::Frame;
use self::theme::{Theme, paint};
use super::{Diagnostic, Options, Severity, conceal, sanitize};
use crate::source::Sources;

/// Narrower and wider terminals are treated as these.
const NARROWEST: usize = 40;
const WIDEST: usize = 400;
/// The column in which reasons, help and fixes begin.
const INDENT: usize = 8;

pub(super) fn render(sources: &Sources, findings: &[Diagnostic], options: &Options) -> String {
    if findings.is_empty() {
        return String::new();
    }
    let concealed = conceal::sources(sources, findings);
    let sources = concealed.as_ref().unwrap_or(sources);
    let theme = Theme::new(options);
    let width = options.width.clamp(NARROWEST, WIDEST);
    let shown = chosen(findings, options.limit);
    let mut out: String = shown.iter().map(|finding| block(sources, finding, width, &theme) + "\n").collect();
    out += &summary(findings, shown.len(), &theme);
    out.push('\n');
    out
}

/// The findings within the limit, the gravest first to get in, in the order given.
fn chosen(findings: &[Diagnostic], limit: Option<usize>) -> Vec<&Diagnostic> {
    let mut ranked: Vec<(usize, &Diagnostic)> = findings.iter().enumerate().collect();
    if let Some(limit) = limit.filter(|limit| *limit < findings.len()) {
        ranked.sort_by_key(|(_, finding)| finding.severity);
        ranked.truncate(limit);
        ranked.sort_by_key(|(index, _)| *index);
    }
    ranked.into_iter().map(|(_, finding)| finding).collect()
}

/// One finding, from its headline to its fix.
fn block(sources: &Sources, finding: &Diagnostic, width: usize, theme: &Theme) -> String {
    let mut out = headline(finding, width, theme);
    let frames = frame::frames(sources, finding);
    out += &framed(finding, &frames, width, theme);
    let mut part = |key: &str, lines: Vec<String>| out += &footer(key, &lines, theme);
    if frames.is_empty() {
        part("at", context(finding).into_iter().collect());
    }
    part("why", folded(finding.reason.as_deref(), width));
    part("help", folded(finding.help.as_deref(), width));
    if let Some(change) = &finding.suggestion {
        let key = if change.certain { "fix" } else { "try" };
        part(key, change::lines(sources, finding, change, width - INDENT, theme));
    }
    out
}

/// `error[WL0110]: unknown key …`
fn headline(finding: &Diagnostic, width: usize, theme: &Theme) -> String {
    let severity = format!("{}[{}]", finding.severity.word(), finding.code.id);
    let message = format!("{severity}: {}", sanitize::line(&finding.message));
    let lines = fold(&message, width, "  ");
    let style = theme.headline(finding.severity);
    let mut out = String::new();
    for (index, line) in lines.iter().enumerate() {
        match line.strip_prefix(&severity) {
            Some(rest) if index == 0 => out += &(paint(&severity, style) + &paint(rest, theme.strong)),
            _ => out += &paint(line, theme.strong),
        }
        out.push('\n');
    }
    out
}

/// All frames of a finding as one block: one gutter, one closing line.
fn framed(finding: &Diagnostic, frames: &[Frame], width: usize, theme: &Theme) -> String {
    let digits = |frame: &Frame| frame.last_line.to_string().len();
    let widest = frames.iter().map(digits).max().unwrap_or_default();
    let own = theme.severity(finding.severity);
    let mut out = String::new();
    for (index, frame) in frames.iter().enumerate() {
        let shift = widest - digits(frame);
        let drawn = excerpt::draw(frame, index == 0, own, width.saturating_sub(shift), theme);
        for (number, line) in drawn.lines().enumerate() {
            let context = context(finding).filter(|_| index == 0 && number == 0);
            let context = context.map(|context| format!(" {}", paint(&context, theme.faint))).unwrap_or_default();
            out += format!("{}{line}{context}", " ".repeat(shift)).trim_end();
            out.push('\n');
        }
    }
    if !out.is_empty() {
        out += &[" ".repeat(widest + 2), theme.closing(), "\n".into()].concat();
    }
    out
}

/// What the lines do not say: where in the document this is, and in which environment.
fn context(finding: &Diagnostic) -> Option<String> {
    let path = finding.path.as_deref().filter(|path| !path.is_empty()).map(sanitize::line);
    let environment = finding.environment.as_deref().map(|name| format!("in {}", sanitize::line(name)));
    let parts: Vec<String> = path.into_iter().chain(environment).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

fn folded(text: Option<&str>, width: usize) -> Vec<String> {
    let text = text.map(sanitize::lines).unwrap_or_default();
    fold(&text, width - INDENT, "")
}

/// Lines of at most `width` columns, broken at spaces only, so that paths and links stay whole.
fn fold(text: &str, width: usize, indent: &str) -> Vec<String> {
    let options = textwrap::Options::new(width)
        .subsequent_indent(indent)
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation);
    textwrap::wrap(text, options).into_iter().map(|line| line.trim_end().to_owned()).collect()
}

/// `   why: …`, with the lines after the first below it.
fn footer(key: &str, lines: &[String], theme: &Theme) -> String {
    if lines.iter().all(String::is_empty) {
        return String::new();
    }
    let key = format!("{key:>width$}: ", width = INDENT - 2);
    let indent = " ".repeat(INDENT);
    let mut out = paint(&key, theme.key);
    out += lines.join(&format!("\n{indent}")).trim_end();
    out.push('\n');
    out
}

/// `2 errors, 1 warning`, and what was not shown or can be mended by itself.
fn summary(findings: &[Diagnostic], shown: usize, theme: &Theme) -> String {
    let counts: Vec<String> = [Severity::Error, Severity::Warning, Severity::Note]
        .into_iter()
        .filter_map(|severity| {
            let count = findings.iter().filter(|finding| finding.severity == severity).count();
            (count > 0).then(|| paint(&counted(count, severity.word()), theme.headline(severity)))
        })
        .collect();
    let mut parts = vec![counts.join(", ")];
    let rest = findings.len() - shown;
    if rest > 0 {
        parts.push(format!("{rest} of them not shown (`--max-diagnostics`)"));
    }
    let certain = findings.iter().filter(|finding| finding.suggestion.as_ref().is_some_and(|change| change.certain));
    match certain.count() {
        0 => {}
        count => parts.push(format!("`windlass check --fix` mends {count}")),
    }
    parts.join("; ")
}

fn counted(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}
