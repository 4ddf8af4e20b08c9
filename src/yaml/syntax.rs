//! Syntax errors in our words.
//!
//! The parser says which rule of the grammar broke and where it noticed. What the author did is often
//! a line above: a missing space after a colon, a quote or bracket left open, a tab. The usual slips
//! are told apart here by the text around the place; the rest keeps the parser's words.

use super::limits;
use super::report::{Report, shown};
use super::site::Site;
use crate::diagnostic::{Diagnostic, code};
use granit_parser::ErrorKind;
use std::ops::Range;

const LONGEST_KEY: usize = 1024;

/// The finding for an error noticed at byte `at`. `bracket` is where the innermost open flow
/// collection starts.
pub(super) fn finding(
    kind: &ErrorKind,
    text: &str,
    at: usize,
    bracket: Option<usize>,
    report: &Report<'_>,
) -> Diagnostic {
    let above_tab = matches!(kind, ErrorKind::TabAtBlockScalarStart | ErrorKind::TabInPlainScalar);
    let at = if above_tab { next_tab(text, at) } else { at };
    let site = Site { text, at, report };
    if is_structural(kind)
        && let Some(tab) = site.tab()
    {
        return tab;
    }
    known(kind, &site, bracket).unwrap_or_else(|| site.generic(kind))
}

fn known(kind: &ErrorKind, site: &Site<'_>, bracket: Option<usize>) -> Option<Diagnostic> {
    use ErrorKind as Kind;
    match kind {
        Kind::MappingValueNotAllowed => site.colon(),
        Kind::ExpectedBlockMappingKey => site.among_keys(),
        Kind::ExpectedBlockSequenceEntry => site.among_items(),
        Kind::ExpectedDocumentStart | Kind::InvalidIndentation => site.unaligned(),
        Kind::UnclosedQuotedScalar | Kind::DocumentIndicatorInQuotedScalar => site.open_quote(),
        Kind::InvalidTrailingSingleQuotedScalar | Kind::InvalidTrailingDoubleQuotedScalar => Some(site.after_quote()),
        Kind::UnknownQuotedScalarEscape => site.escape(),
        Kind::InvalidQuotedScalarHexEscape
        | Kind::InvalidLowSurrogateHexEscape
        | Kind::InvalidLowSurrogate
        | Kind::MissingLowSurrogate
        | Kind::UnpairedLowSurrogate
        | Kind::InvalidUnicodeEscape => Some(site.no_character()),
        Kind::UnclosedFlowCollection { .. } => site.open_bracket(site.at),
        Kind::MismatchedFlowCollectionEnd { open, close } => Some(site.wrong_bracket(*open, *close)),
        Kind::MisplacedFlowCollectionEnd => site.lone_bracket(),
        Kind::ExpectedFlowMappingSeparator
        | Kind::ExpectedFlowSequenceSeparator
        | Kind::InvalidColonPlacement
        | Kind::UnexpectedEofFlowMapping
        | Kind::UnexpectedEofFlowSequence
        | Kind::UnexpectedEofImplicitFlowMapping => site.in_bracket(bracket?),
        Kind::UnexpectedCharacter { .. }
        | Kind::MissingAnchorOrAliasName
        | Kind::MissingTagUri
        | Kind::InvalidTagTerminator
        | Kind::InvalidTagEscape
        | Kind::UnclosedVerbatimTag => site.indicator(),
        Kind::BlockEntryInFlowCollection => Some(site.dash_in_bracket()),
        Kind::BlockSequenceEntryNotAllowed => Some(site.list_beside_key()),
        Kind::CommentInterceptedScalar => Some(site.comment_in_value()),
        Kind::InvalidBlockScalarHeader => site.block_header(),
        Kind::InvalidSimpleKey | Kind::SimpleKeyExpected => site.long_key().or_else(|| Some(site.no_key(site.rest()))),
        Kind::RecursionLimitExceeded => Some(limits::too_deep(site.character(site.at))),
        _ => None,
    }
}

/// The parser notices a tab in the lines of a text where the text starts.
fn next_tab(text: &str, at: usize) -> usize {
    text[at..].find('\t').map_or(at, |tab| at + tab)
}

/// True where a tab in the indentation of the line is the likely cause.
fn is_structural(kind: &ErrorKind) -> bool {
    use ErrorKind as Kind;
    matches!(
        kind,
        Kind::TabNotAllowed
            | Kind::TabInBlockIndentation
            | Kind::TabInIndentation
            | Kind::TabAtBlockScalarStart
            | Kind::TabInPlainScalar
            | Kind::InvalidIndentation
            | Kind::InvalidBlockScalarIndent
            | Kind::MappingValueNotAllowed
            | Kind::ExpectedBlockMappingKey
            | Kind::ExpectedBlockSequenceEntry
    )
}

fn error(message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(code::YAML_SYNTAX, message)
}

impl Site<'_> {
    fn tab(&self) -> Option<Diagnostic> {
        let line = self.line(self.at);
        let indent = line.start..self.content(line).start;
        let tabs = self.text[indent.clone()].find('\t').map(|tab| indent.start + tab)?;
        let end = tabs + self.text[tabs..indent.end].bytes().take_while(|&byte| byte == b'\t').count();
        let spaces = "  ".repeat(end - tabs);
        Some(
            error("a tab in the indentation")
                .label(self.span(tabs..end), "tab")
                .reason("YAML indents with spaces only: the width of a tab is not the same everywhere")
                .help("indent with spaces, two for each level")
                .suggest(self.span(tabs..end), spaces, false),
        )
    }

    /// A `:` where no key can end: the text before it belongs to something else.
    fn colon(&self) -> Option<Diagnostic> {
        let key = self.content(self.line(self.at)).start..self.at;
        if let Some(inner) = self.text.get(key.clone())?.find(": ") {
            return Some(self.colon_in_value(key.start + inner + 2));
        }
        let above = self.above()?;
        let written = &self.text[above.clone()];
        if let Some(colon) = glued_colon(written) {
            return Some(self.missing_space(above.start + colon));
        }
        let key_above = written.contains(": ") || written.ends_with(':');
        if key_above && self.column(key.start) > self.column(above.start) {
            return Some(self.too_deep(key, self.column(above.start)));
        }
        if key_above {
            return self.long_key();
        }
        Some(self.no_key(above).label(self.character(self.at), "the next key ends here"))
    }

    fn colon_in_value(&self, value: usize) -> Diagnostic {
        error("a value holds `: `, which starts another key")
            .label(self.span(value..self.rest().end), "")
            .label(self.character(self.at), "this colon and the space after it")
            .reason("a colon followed by a space ends a key, in the middle of a line too")
            .help("quote the value if it is text; if it is a map, write it on the next lines, indented")
    }

    /// `mark` is where a colon or a dash stands.
    fn missing_space(&self, mark: usize) -> Diagnostic {
        let (name, without) = match self.text.as_bytes().get(mark) {
            Some(b'-') => ("`-`", "without the space, it starts a text and not an item of a list"),
            _ => ("`:`", "without the space, the line is one text and not a key with a value"),
        };
        let behind = self.span(mark + 1..mark + 1);
        error(format!("a space is missing after {name}"))
            .label(self.character(mark), "")
            .reason(without)
            .help("write the space, or quote the text if it is one")
            .suggest(behind, " ", true)
    }

    fn too_deep(&self, key: Range<usize>, column: usize) -> Diagnostic {
        let indent = self.span(self.line(self.at).start..key.start);
        error(format!("`{}` is indented deeper than the key above it", shown(&self.text[key.clone()])))
            .label(self.span(key), "")
            .reason("the key above has its value on its own line already, so nothing can stand under it")
            .help(format!("start it in column {}, or take the value of the key above away", column + 1))
            .suggest(indent, " ".repeat(column), false)
    }

    fn no_key(&self, line: Range<usize>) -> Diagnostic {
        error(format!("expected `key: value`, found `{}`", shown(&self.text[line.clone()])))
            .label(self.span(line), "no key")
            .reason("a map holds keys with their values, and nothing else")
            .help("write it as `key: value`, or remove it")
    }

    /// Something in a block map that is not one of its keys.
    fn among_keys(&self) -> Option<Diagnostic> {
        let line = self.content(self.line(self.at));
        let before = self.text.get(line.start..self.at)?;
        if !before.is_empty() && before.bytes().all(|byte| matches!(byte, b'-' | b' ')) {
            return Some(self.among(
                "a list item stands among the keys of a map",
                line,
                "indent it under the key that it belongs to",
            ));
        }
        self.unaligned()
    }

    /// Something in a block list that is not one of its items.
    fn among_items(&self) -> Option<Diagnostic> {
        let line = self.content(self.line(self.at));
        match self.text[line.clone()].as_bytes() {
            [b'-', b' ', ..] | [b'-'] => return self.unaligned(),
            [b'-', ..] => return Some(self.missing_space(line.start)),
            _ => {}
        }
        let help = "start it with `- ` if it is an item; indent it less if it comes after the list";
        self.is_first_on_line().then(|| self.among("a key stands among the items of a list", line, help))
    }

    fn among(&self, message: &str, place: Range<usize>, help: &str) -> Diagnostic {
        error(message)
            .label(self.span(place), "")
            .reason("what stands in one column is one map or one list, never both")
            .help(help)
    }

    /// A line whose indentation fits nothing above it.
    fn unaligned(&self) -> Option<Diagnostic> {
        let place = self.rest();
        (self.is_first_on_line() && !place.is_empty() && self.above().is_some()).then(|| {
            let column = self.column(self.at) + 1;
            error(format!(
                "`{}` starts in column {column}, where nothing above it starts",
                shown(&self.text[place.clone()])
            ))
            .label(self.span(place), "")
            .reason("keys of one map, and items of one list, start in the same column")
            .help("give it the indentation of the line that it belongs beside")
        })
    }

    fn open_quote(&self) -> Option<Diagnostic> {
        let quote = self.text[self.at..].chars().next().filter(|c| matches!(c, '"' | '\''))?;
        Some(
            error(format!("the quote `{quote}` is never closed"))
                .label(self.span(self.rest()), "the text starts here")
                .reason("all that follows would be part of the text")
                .help(format!("close it with `{quote}`, or quote a text that holds one with the other kind of quote")),
        )
    }

    fn after_quote(&self) -> Diagnostic {
        error("text follows a closing quote")
            .label(self.span(self.rest()), "")
            .reason("a value is quoted as a whole or not at all")
            .help("quote the whole value; inside, write `''` in single quotes or `\\\"` in double quotes")
    }

    fn escape(&self) -> Option<Diagnostic> {
        const KNOWN: &str = "0abt\tnvfre \"/\\N_LPxuU\n\r";
        let mut at = self.at;
        loop {
            at += self.text[at..].find('\\')?;
            let escaped = self.text[at + 1..].chars().next()?;
            let end = at + 1 + escaped.len_utf8();
            if !KNOWN.contains(escaped) {
                let written = &self.text[at..end];
                return Some(
                    error(format!("`{}` is not an escape of YAML", shown(written)))
                        .label(self.span(at..end), "")
                        .reason("in double quotes, a backslash starts an escape such as `\\n` or `\\u00e9`")
                        .help(format!("write `\\{written}`, or use single quotes, in which a backslash is itself")),
                );
            }
            at = end;
        }
    }

    fn no_character(&self) -> Diagnostic {
        error("an escape in a quoted text stands for no character")
            .label(self.span(self.rest()), "")
            .reason("`\\x` takes 2 hexadecimal digits, `\\u` takes 4 and `\\U` takes 8; surrogates come in pairs")
            .help("write the character itself, or its escape in full")
    }

    fn open_bracket(&self, bracket: usize) -> Option<Diagnostic> {
        let (open, close, what) = self.bracket(bracket)?;
        Some(
            error(format!("`{open}` is never closed"))
                .label(self.character(bracket), format!("the {what} starts here"))
                .reason("all that follows would be part of it")
                .help(format!("close it with `{close}`; quote a text that starts with `{open}`")),
        )
    }

    fn in_bracket(&self, bracket: usize) -> Option<Diagnostic> {
        let (open, close, what) = self.bracket(bracket)?;
        if self.at >= self.text.trim_end().len() {
            return self.open_bracket(bracket);
        }
        let comma = self.text[self.at..].starts_with(',');
        let missing = if comma { "a part".to_owned() } else { format!("a `,` or `{close}`") };
        Some(
            error(format!("{missing} is missing in the {what} that `{open}` starts"))
                .label(self.character(self.at), "noticed here")
                .label(self.character(bracket), format!("the {what} starts here"))
                .reason(format!("parts of a {what} in brackets are separated by commas, on lines of their own too"))
                .help(format!("separate its parts by `,` and close it with `{close}`")),
        )
    }

    fn bracket(&self, at: usize) -> Option<(char, char, &'static str)> {
        match self.text[at..].chars().next()? {
            '[' => Some(('[', ']', "list")),
            '{' => Some(('{', '}', "map")),
            _ => None,
        }
    }

    fn wrong_bracket(&self, open: char, close: char) -> Diagnostic {
        let right = if open == '[' { ']' } else { '}' };
        error(format!("`{open}` is closed by `{close}`"))
            .label(self.character(self.at), "opened here")
            .reason("a list stands in `[…]`, a map in `{…}`")
            .help(format!("close it with `{right}`"))
    }

    fn lone_bracket(&self) -> Option<Diagnostic> {
        let bracket = self.text[self.at..].chars().next()?;
        Some(
            error(format!("`{bracket}` closes nothing"))
                .label(self.character(self.at), "")
                .reason("no bracket of its kind is open here")
                .help("remove it, or quote the text that it belongs to"),
        )
    }

    /// A plain value that starts with a character that YAML has reserved.
    fn indicator(&self) -> Option<Diagnostic> {
        let first = self.text[self.at..].chars().next().filter(|c| "@`%*&!|>".contains(*c))?;
        let place = self.rest();
        let written = &self.text[place.clone()];
        let name = if first == '`' { "a backtick".to_owned() } else { format!("`{first}`") };
        let finding = error(format!("a plain value cannot start with {name}"))
            .label(self.span(place.clone()), "")
            .reason("YAML keeps the character for itself")
            .help("quote the value");
        let simple = !written.contains(['"', '\\', '#', ',', ']', '}']) && !written.contains(": ");
        Some(if simple { finding.suggest(self.span(place), format!("\"{written}\""), true) } else { finding })
    }

    fn list_beside_key(&self) -> Diagnostic {
        error("a list item stands where none can start")
            .label(self.span(self.rest()), "")
            .reason("a list written with `-` starts on a line of its own")
            .help("put it on the next line, or write the list as `[…]`; quote a text that starts with `- `")
    }

    fn dash_in_bracket(&self) -> Diagnostic {
        error("a `-` stands in front of a value in brackets")
            .label(self.character(self.at), "")
            .reason("a list is written with `-` on lines of its own, or in brackets with commas, not both ways at once")
            .help("take the `-` away; quote a text that is only a `-`")
    }

    fn comment_in_value(&self) -> Diagnostic {
        error("a comment stands inside a value of several lines")
            .label(self.span(self.rest()), "")
            .reason("a comment ends a value that is not quoted")
            .help("put the value on one line, or quote it, and the comment above it")
    }

    fn block_header(&self) -> Option<Diagnostic> {
        let indicator = self.text[self.at..].chars().next().filter(|c| matches!(c, '|' | '>'))?;
        Some(
            error(format!("text follows `{indicator}` on its line"))
                .label(self.span(self.rest()), "")
                .reason(format!("`{indicator}` starts a text on the next line; only `+`, `-` or a digit may follow it"))
                .help(format!(
                    "start the text on the next line, indented; quote a text that starts with `{indicator}`"
                )),
        )
    }

    fn long_key(&self) -> Option<Diagnostic> {
        let line = self.content(self.line(self.at));
        let length = self.text[line.clone()].chars().count();
        (length > LONGEST_KEY).then(|| {
            error(format!("a key is longer than {LONGEST_KEY} characters"))
                .label(self.character(line.start), "it starts here")
                .reason(format!("YAML ends the search for the colon of a key after {LONGEST_KEY} characters"))
                .help("use a shorter key; quote the line if it is text")
        })
    }

    fn generic(&self, kind: &ErrorKind) -> Diagnostic {
        let end = self.text[self.at..].find(char::is_whitespace).unwrap_or(self.text.len() - self.at);
        error("the text is not valid YAML")
            .label(self.span(self.at..self.at + end), "noticed here")
            .reason(format!("the parser says: {kind}"))
            .help("look at the indentation, the quotes and the brackets before this place; quote a value that is text")
    }
}

/// The colon of `key:value`, where a space is missing; not that of `http://…`.
fn glued_colon(line: &str) -> Option<usize> {
    let colon = line.find(':')?;
    let (key, rest) = (&line[..colon], &line[colon + 1..]);
    let is_word = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'));
    (is_word && !rest.starts_with([' ', '/']) && !rest.is_empty()).then_some(colon)
}
