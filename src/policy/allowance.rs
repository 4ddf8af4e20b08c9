//! `# windlass: allow(WL0123) because …`: a comment that silences one finding where it stands.
//!
//! Promises: it silences findings of its code at the line that it ends, or at the next line with
//! content where it stands alone. Without a reason it is a finding itself, and so is one that
//! silences nothing.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, code, nearest};
use crate::source::Span;
use crate::yaml::Comment;

/// What a comment allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    pub code: Code,
    /// The comment.
    pub span: Span,
    /// The line whose findings it silences.
    line: Span,
}

impl Allowance {
    /// True for a finding of the code at the line.
    pub(super) fn covers(&self, finding: &Diagnostic) -> bool {
        let place = finding.labels.first().map(|label| label.span);
        finding.code == self.code
            && place
                .is_some_and(|place| place.file == self.line.file && self.line.range().contains(&place.range().start))
    }

    /// The finding about one that silences nothing.
    pub(crate) fn unused(&self) -> Diagnostic {
        Diagnostic::warning(code::ALLOWANCE_UNUSED, format!("there is no `{}` here to allow", self.code.id))
            .label(self.span, "silences nothing")
            .reason("an allowance that outlives its finding would hide the next one; what Kubernetes refuses cannot be allowed")
            .help("take the comment away, or put it on the line that the finding points at, or above it")
    }
}

/// The allowances among the comments of a file.
pub fn allowances(comments: &[Comment], text: &str, found: &mut Diagnostics) -> Vec<Allowance> {
    let mut all = Vec::new();
    for comment in comments {
        let Some(words) = comment.text.trim_start().strip_prefix("windlass:") else { continue };
        match parse(words.trim()) {
            Ok(codes) => {
                let line = line_of(comment.span, text);
                all.extend(codes.into_iter().map(|code| Allowance { code, span: comment.span, line }));
            }
            Err(refusal) => found.push(refusal(comment.span)),
        }
    }
    all
}

type Refusal = Box<dyn Fn(Span) -> Diagnostic>;

fn parse(words: &str) -> Result<Vec<Code>, Refusal> {
    let form = || -> Refusal {
        Box::new(|span| {
            Diagnostic::error(
                code::ALLOWANCE_SHAPE,
                "this comment is addressed to Windlass and says nothing that it knows",
            )
            .label(span, "not understood")
            .help("write `# windlass: allow(WL0430) because …`")
        })
    };
    let rest = words.strip_prefix("allow(").ok_or_else(form)?;
    let (codes, reason) = rest.split_once(')').ok_or_else(form)?;
    let codes: Vec<Code> = codes.split(',').map(|id| known(id.trim())).collect::<Result<_, _>>()?;
    let reason = reason.trim().strip_prefix("because").map(str::trim).unwrap_or_default();
    if reason.is_empty() {
        return Err(Box::new(|span| {
            Diagnostic::error(code::ALLOWANCE_REASON, "an allowance says why")
                .label(span, "without a reason")
                .reason("whoever reads it next must be able to tell whether it still holds")
                .help("end it with `because` and the reason")
        }));
    }
    Ok(codes)
}

fn known(id: &str) -> Result<Code, Refusal> {
    code::ALL.iter().copied().find(|code| code.id == id).ok_or_else(|| {
        let id = id.to_owned();
        let refusal: Refusal = Box::new(move |span| unknown(&id, span));
        refusal
    })
}

/// The finding about a code that there is not.
pub(super) fn unknown(id: &str, span: Span) -> Diagnostic {
    let finding = Diagnostic::error(code::CODE_UNKNOWN, format!("there is no finding with the code `{id}`"))
        .label(span, "no such code");
    match nearest(id, code::ALL.iter().map(|code| code.id)) {
        Some(near) => finding.help(format!("a similar code is `{near}`")),
        None => finding.help("every finding begins with its code, such as `WL0430`"),
    }
}

/// The line that a comment ends, or the next one with content.
fn line_of(comment: Span, text: &str) -> Span {
    let start = comment.range().start.min(text.len());
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let own = text[line_start..start].trim();
    let mut at = if own.is_empty() { next_line(text, start) } else { line_start };
    while own.is_empty() && at < text.len() && is_idle(&text[at..next_line(text, at)]) {
        at = next_line(text, at);
    }
    Span::new(comment.file, at, next_line(text, at))
}

fn next_line(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |end| at + end + 1)
}

/// Nothing, or a comment.
fn is_idle(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Sources;

    /// The codes and lines that a text allows, and the codes of what was found.
    fn read(text: &str) -> (Vec<(&'static str, String)>, Vec<&'static str>) {
        let mut sources = Sources::new();
        let file = sources.add("a.yaml", text);
        let mut found = Diagnostics::new();
        let document = crate::yaml::parse(file, text, &mut found).expect("YAML");
        let allowances = allowances(&document.comments, text, &mut found);
        let lines = allowances.iter().map(|one| (one.code.id, sources.text(one.line).trim().to_owned())).collect();
        (lines, found.iter().map(|finding| finding.code.id).collect())
    }

    #[test]
    fn a_comment_covers_its_line_or_the_next_one() {
        let text = "# windlass: allow(WL0430) because one is enough\n# more\n\na: 1\nb: 2  # windlass: allow(WL0310, WL0311) because it is pinned\n";
        let (lines, found) = read(text);
        assert!(found.is_empty(), "{found:?}");
        let b = "b: 2  # windlass: allow(WL0310, WL0311) because it is pinned".to_owned();
        assert_eq!(lines, [("WL0430", "a: 1".to_owned()), ("WL0310", b.clone()), ("WL0311", b)]);
    }

    #[test]
    fn a_reason_and_a_known_code_are_asked_for() {
        assert_eq!(read("a: 1  # windlass: allow(WL0430)\n").1, [code::ALLOWANCE_REASON.id]);
        assert_eq!(read("a: 1  # windlass: allow(WL9430) because\n").1, [code::CODE_UNKNOWN.id]);
        assert_eq!(read("a: 1  # windlass: ignore this\n").1, [code::ALLOWANCE_SHAPE.id]);
        assert_eq!(read("a: 1  # windlass is nice\n").1, [""; 0]);
    }
}
