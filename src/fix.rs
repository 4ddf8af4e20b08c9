//! Applying the changes that findings are certain of, without touching anything else in the text.

use crate::diagnostic::{Diagnostic, Suggestion};
use crate::source::{FileId, Sources};
use std::collections::BTreeMap;

/// The texts that change, by path, and how many findings that mends.
///
/// Where two changes overlap, the first one is made; the other shows up again in the next run.
pub fn fixed<'a>(
    sources: &Sources,
    findings: impl IntoIterator<Item = &'a Diagnostic>,
) -> (BTreeMap<String, String>, usize) {
    let mut by_file: BTreeMap<FileId, Vec<&Suggestion>> = BTreeMap::new();
    let suggestions = findings.into_iter().filter_map(|finding| finding.suggestion.as_ref());
    for suggestion in suggestions.filter(|suggestion| suggestion.certain) {
        by_file.entry(suggestion.span.file).or_default().push(suggestion);
    }
    let mut mended = 0;
    let texts = by_file.into_iter().map(|(file, suggestions)| {
        let source = sources.file(file);
        let (text, count) = rewritten(&source.text, suggestions);
        mended += count;
        (source.path.clone(), text)
    });
    (texts.collect(), mended)
}

fn rewritten(text: &str, mut suggestions: Vec<&Suggestion>) -> (String, usize) {
    suggestions.sort_by_key(|suggestion| (suggestion.span.start, suggestion.span.end));
    suggestions.dedup();
    let mut out = String::with_capacity(text.len());
    let (mut copied, mut count) = (0, 0);
    for suggestion in suggestions {
        let range = suggestion.span.range();
        let Some(between) = text.get(copied..range.start) else { continue };
        if text.get(range.clone()).is_none() {
            continue;
        }
        out.push_str(between);
        out.push_str(&suggestion.replacement);
        copied = range.end;
        count += 1;
    }
    out.push_str(&text[copied..]);
    (out, count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::code;
    use crate::source::Span;

    #[test]
    fn certain_changes_are_made_and_the_rest_of_the_text_stays() {
        let mut sources = Sources::new();
        let file = sources.add("a.yaml", "a: no   # kept\nb: \"5\"\nc: x\n");
        let at = |start, end, text: &str, certain| {
            Diagnostic::error(code::WRONG_TYPE, "x").suggest(Span::new(file, start, end), text, certain)
        };
        let findings =
            [at(18, 21, "5", true), at(3, 5, "\"no\"", true), at(3, 5, "\"no\"", true), at(25, 26, "y", false)];
        let (texts, mended) = fixed(&sources, &findings);
        assert_eq!(texts["a.yaml"], "a: \"no\"   # kept\nb: 5\nc: x\n");
        assert_eq!(mended, 2);
    }
}
