//! The text of the printer: lines, indentation, and the forms of a scalar.

use super::print::PrintError;
use super::style::{is_block, is_escaped, is_plain};
use serde::Serialize;
use std::fmt::{self, Display, Write as _};

/// The longest key, as written: some readers give up on a key after 1,024 characters.
pub(super) const LONGEST_KEY: usize = 1_000;
/// How far the content of a map or list stands to the right of its parent.
const STEP: usize = 2;

/// What stands on the line before the value that comes next.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    Nothing,
    Colon,
    Dash,
}

/// Writes one value. Each value ends its last line.
pub(super) struct Printer<'o> {
    out: &'o mut String,
    /// The column of the entries, or of the lines, of the next value.
    indent: usize,
    after: After,
}

impl<'o> Printer<'o> {
    pub(super) fn new(out: &'o mut String) -> Self {
        Self { out, indent: 0, after: After::Nothing }
    }

    /// A value that stays on the line.
    pub(super) fn inline(&mut self, write: impl FnOnce(&mut String)) {
        self.separate();
        write(self.out);
        self.out.push('\n');
    }

    fn separate(&mut self) {
        if self.after != After::Nothing {
            self.out.push(' ');
        }
    }

    pub(super) fn text(&mut self, text: &str) {
        if is_plain(text) {
            self.inline(|out| out.push_str(text));
        } else if is_block(text) {
            self.block(text);
        } else {
            self.inline(|out| push_quoted(out, text));
        }
    }

    /// A literal block. The header says how many line feeds end it: none, one, or as many as there are.
    fn block(&mut self, text: &str) {
        let body = text.trim_end_matches('\n');
        let header = match text.len() - body.len() {
            0 => "|-",
            1 => "|",
            _ => "|+",
        };
        self.inline(|out| out.push_str(header));
        let indent = self.indent.max(STEP);
        for line in body.split('\n') {
            if !line.is_empty() {
                push_spaces(self.out, indent);
                self.out.push_str(line);
            }
            self.out.push('\n');
        }
        for _ in body.len() + 1..text.len() {
            self.out.push('\n');
        }
    }

    pub(super) fn number(&mut self, number: impl Display) {
        self.inline(|out| push_display(out, number));
    }

    pub(super) fn float(&mut self, finite: bool, number: impl fmt::Debug) -> Result<(), PrintError> {
        if !finite {
            return Err(PrintError::NotFinite);
        }
        self.inline(|out| push_float(out, number));
        Ok(())
    }
}

fn push_spaces(out: &mut String, mut count: usize) {
    const SPACES: &str = "                                                                ";
    while count > SPACES.len() {
        out.push_str(SPACES);
        count -= SPACES.len();
    }
    out.push_str(&SPACES[..count]);
}

fn push_display(out: &mut String, value: impl Display) {
    // Writing to a string cannot fail.
    let _ = write!(out, "{value}");
}

/// The shortest form that reads back the same, as `1.0e+21` where it has an exponent: YAML 1.1 takes
/// no exponent without a point and a sign.
fn push_float(out: &mut String, number: impl fmt::Debug) {
    let start = out.len();
    let _ = write!(out, "{number:?}");
    let Some(exponent) = out[start..].find('e').map(|at| start + at) else { return };
    if !out[exponent..].starts_with("e-") {
        out.insert(exponent + 1, '+');
    }
    if !out[start..exponent].contains('.') {
        out.insert_str(exponent, ".0");
    }
}

/// In double quotes: what is visible stays as it is, all else becomes an escape.
fn push_quoted(out: &mut String, text: &str) {
    out.push('"');
    let mut done = 0;
    for (at, c) in text.char_indices() {
        if matches!(c, '"' | '\\') || is_escaped(c) {
            out.push_str(&text[done..at]);
            push_escape(out, c);
            done = at + c.len_utf8();
        }
    }
    out.push_str(&text[done..]);
    out.push('"');
}

fn push_escape(out: &mut String, c: char) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        _ if u32::from(c) <= 0xffff => push_display(out, format_args!("\\u{:04X}", u32::from(c))),
        _ => push_display(out, format_args!("\\U{:08X}", u32::from(c))),
    }
}

pub(super) fn push_key(out: &mut String, key: &str) -> Result<(), PrintError> {
    let start = out.len();
    if is_plain(key) {
        out.push_str(key);
    } else {
        push_quoted(out, key);
    }
    let bytes = out.len() - start;
    if bytes > LONGEST_KEY { Err(PrintError::KeyTooLong { bytes }) } else { Ok(()) }
}

/// A map or list that is being written. Nothing of it is written before its first entry, since an
/// empty one looks different.
pub(super) struct Block<'p, 'o> {
    printer: &'p mut Printer<'o>,
    indent: usize,
    after: After,
    empty: bool,
}

impl<'p, 'o> Block<'p, 'o> {
    pub(super) fn open(printer: &'p mut Printer<'o>) -> Self {
        let (indent, after) = (printer.indent, printer.after);
        Self { printer, indent, after, empty: true }
    }

    pub(super) fn out(&mut self) -> &mut String {
        self.printer.out
    }

    /// The start of an entry. The first one of a list item stands on the line of the dash.
    pub(super) fn entry(&mut self) {
        match (self.empty, self.after) {
            (true, After::Nothing) => {}
            (true, After::Dash) => self.printer.out.push(' '),
            (true, After::Colon) => {
                self.printer.out.push('\n');
                push_spaces(self.printer.out, self.indent);
            }
            (false, _) => push_spaces(self.printer.out, self.indent),
        }
        self.empty = false;
    }

    pub(super) fn value<T: Serialize + ?Sized>(
        &mut self,
        mark: char,
        after: After,
        value: &T,
    ) -> Result<(), PrintError> {
        self.mark(mark, after);
        value.serialize(&mut *self.printer)
    }

    fn mark(&mut self, mark: char, after: After) {
        self.printer.out.push(mark);
        self.printer.indent = self.indent + STEP;
        self.printer.after = after;
    }

    pub(super) fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), PrintError> {
        self.entry();
        self.value('-', After::Dash, value)
    }

    pub(super) fn field<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result<(), PrintError> {
        self.entry();
        push_key(self.printer.out, key)?;
        self.value(':', After::Colon, value)
    }

    /// Opens the map of one entry that an enum variant with content is.
    pub(super) fn variant(printer: &'p mut Printer<'o>, name: &str) -> Result<Self, PrintError> {
        let mut outer = Self::open(printer);
        outer.entry();
        push_key(outer.printer.out, name)?;
        outer.mark(':', After::Colon);
        Ok(Self::open(outer.printer))
    }

    pub(super) fn close(self, empty: &str) {
        if self.empty {
            self.printer.after = self.after;
            self.printer.inline(|out| out.push_str(empty));
        }
    }
}
