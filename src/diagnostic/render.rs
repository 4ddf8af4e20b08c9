//! The findings as text, in the format that somebody asked for.
//!
//! Promises: a renderer returns text and prints nothing; the order of the findings is the caller's; the same
//! findings give the same bytes; no span, however wrong, makes one fail. One file a format.

use clap::ValueEnum;

use super::{Diagnostic, github, gitlab, json, sarif, text};
use crate::source::Sources;

/// Who reads the findings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people: frames of source, reasons and fixes
    #[default]
    Text,
    /// For scripts: one versioned document, see schemas/findings.schema.json
    Json,
    /// For code scanning: SARIF 2.1.0
    Sarif,
    /// For GitHub Actions: annotations on the lines of a pull request
    Github,
    /// For GitLab CI: a code quality report
    Gitlab,
    /// For a pull request: a comment (of a review only)
    Markdown,
    /// For a browser: one page in one file (of a review only)
    Html,
}

impl Format {
    /// Whether findings can be told in it, and not only reviews.
    pub fn is_of_findings(self) -> bool {
        !matches!(self, Self::Markdown | Self::Html)
    }
}

/// How the text for people looks. The formats for machines ignore all of it and are always complete.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The most findings shown; `None` shows all. Errors are shown before the others are.
    pub limit: Option<usize>,
    /// Columns of the terminal.
    pub width: usize,
    pub color: bool,
    /// Draw frames with box characters instead of ASCII.
    pub unicode: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { limit: Some(50), width: 100, color: false, unicode: true }
    }
}

/// The findings in one format.
pub fn render(format: Format, sources: &Sources, findings: &[Diagnostic], options: &Options) -> String {
    match format {
        // A review that cannot be made has findings instead; its reader gets them as text.
        Format::Text | Format::Markdown | Format::Html => text::render(sources, findings, options),
        Format::Json => json::render(sources, findings),
        Format::Sarif => sarif::render(sources, findings),
        Format::Github => github::render(sources, findings),
        Format::Gitlab => gitlab::render(sources, findings),
    }
}
