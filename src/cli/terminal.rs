//! Standard output and standard error.

use super::{Color, Ending, Global};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::diagnostic::{Format, Options, render};
use crate::source::Sources;
use std::io::{self, ErrorKind, IsTerminal as _, Write as _};

/// Where a command writes. The first failed write is kept, and decides the exit code.
pub(super) struct Terminal {
    format: Format,
    quiet: bool,
    color: Color,
    limit: usize,
    failure: Option<ErrorKind>,
    /// What stands beside the answer, where it is not its turn yet.
    held: Option<String>,
}

impl Terminal {
    pub(super) fn new(global: &Global) -> Self {
        Self {
            format: global.format,
            quiet: global.quiet,
            color: global.color,
            limit: global.max_diagnostics,
            failure: None,
            held: None,
        }
    }

    /// One for work that runs beside other work: it holds what it has to say until its turn.
    pub(super) fn apart(global: &Global) -> Self {
        Self { held: Some(String::new()), ..Self::new(global) }
    }

    /// Says what another one held.
    pub(super) fn say(&mut self, other: Self) {
        if let Some(held) = other.held.filter(|held| !held.is_empty()) {
            self.err(&held);
        }
    }

    /// Writes what was asked for.
    pub(super) fn out(&mut self, text: &str) {
        let written = io::stdout().lock().write_all(text.as_bytes()).and_then(|()| io::stdout().flush());
        self.keep(&written);
    }

    /// Writes beside it.
    pub(super) fn err(&mut self, text: &str) {
        if let Some(held) = &mut self.held {
            held.push_str(text);
            return;
        }
        let written = io::stderr().lock().write_all(text.as_bytes());
        self.keep(&written);
    }

    /// A line about what was done, unless quiet.
    pub(super) fn report(&mut self, line: &str) {
        if !self.quiet && self.format == Format::Text {
            self.err(&format!("{line}\n"));
        }
    }

    /// The findings: on standard output where they are the answer, else beside it.
    pub(super) fn findings(&mut self, sources: &Sources, found: Diagnostics, answer: bool) {
        let quiet = self.quiet;
        let shown = |finding: &Diagnostic| !quiet || finding.severity != Severity::Note;
        let list: Vec<Diagnostic> = found.sorted().into_iter().filter(shown).collect();
        if list.is_empty() && self.format == Format::Text {
            return;
        }
        let on_terminal = if answer { io::stdout().is_terminal() } else { io::stderr().is_terminal() };
        let text = render(self.format, sources, &list, &self.options(on_terminal));
        if answer || self.format != Format::Text { self.out(&text) } else { self.err(&text) }
    }

    /// Findings about an answer in another form: as text, beside it.
    pub(super) fn findings_beside(&mut self, sources: &Sources, found: Diagnostics) {
        let format = std::mem::replace(&mut self.format, Format::Text);
        self.findings(sources, found, false);
        self.format = format;
    }

    /// Says why a command ends.
    pub(super) fn stop(&mut self, finding: Diagnostic, ending: Ending) -> Ending {
        let mut found = Diagnostics::new();
        found.push(finding);
        self.findings_beside(&Sources::new(), found);
        ending
    }

    /// The same where findings are the answer.
    pub(super) fn answer_stop(&mut self, finding: Diagnostic, ending: Ending) -> Ending {
        let mut found = Diagnostics::new();
        found.push(finding);
        self.findings(&Sources::new(), found, true);
        ending
    }

    /// The same where findings stand beside the answer, in the format that was asked for.
    pub(super) fn findings_stop(&mut self, finding: Diagnostic, ending: Ending) -> Ending {
        let mut found = Diagnostics::new();
        found.push(finding);
        self.findings(&Sources::new(), found, false);
        ending
    }

    /// Whether the answer has colours.
    pub(super) fn colours(&self) -> bool {
        self.options(io::stdout().is_terminal()).color
    }

    /// The columns of the terminal; 100 where there is none.
    pub(super) fn width() -> usize {
        let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        columns.unwrap_or(100).clamp(40, 160)
    }

    fn options(&self, on_terminal: bool) -> Options {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Options {
            limit: Some(self.limit),
            color: match self.color {
                Color::Always => true,
                Color::Never => false,
                Color::Auto => on_terminal && !no_color,
            },
            ..Options::default()
        }
    }

    fn keep(&mut self, written: &io::Result<()>) {
        if let Err(error) = written {
            self.failure.get_or_insert(error.kind());
        }
    }

    /// How findings look where no terminal shows them.
    pub(super) fn plain(&self) -> Options {
        self.options(false)
    }

    /// Whether something could not be written.
    pub(super) fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// The exit code: a closed pipe is success, since the reader had enough.
    pub(super) fn close(self, ending: Ending) -> Ending {
        match (self.failure, ending) {
            (None, ending) => ending,
            (Some(ErrorKind::BrokenPipe), Ending::Findings | Ending::Usage | Ending::Machine) => ending,
            (Some(ErrorKind::BrokenPipe), Ending::Clean) => Ending::Clean,
            (Some(_), _) => Ending::Machine,
        }
    }
}
