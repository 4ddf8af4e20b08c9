//! What a review says, in the form that its reader wants. One file a format.
//!
//! Promises: pure; the same report gives the same bytes. Nothing that stands in an object, a name or a
//! message can steer a terminal, leave its cell, its fence, its command or its script, or call somebody.
//! The same change in several environments is told once, and names them. A format for machines is complete;
//! those for people say what they leave out.

mod annotations;
mod html;
mod json;
mod lines;
mod markdown;
mod outline;
mod stat;
mod text;
mod words;

pub use markdown::MARKER;

use super::Review;
use crate::diagnostic::Format;

/// What was compared, and what came of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// One for each environment of each system, also where nothing changes.
    pub reviews: Vec<Review>,
    /// What the old side is: `main (1a2b3c4)`, `the rendered tree`.
    pub before: String,
    /// What the new side is: `the working tree`.
    pub after: String,
    /// What a reader must know about the comparison: `the base does not compile`.
    pub notes: Vec<String>,
}

/// The most bytes of a comment: every forge takes this many.
pub const COMMENT_LIMIT: usize = 60_000;

/// How a report looks. Each format takes what it has a use for.
#[derive(Clone, Debug)]
pub struct ReportOptions {
    /// Text: with colours.
    pub color: bool,
    /// Text: the columns of the terminal.
    pub width: usize,
    /// Text: only how much changes in each object.
    pub stat: bool,
    /// Text: only which objects change.
    pub name_only: bool,
    /// Markdown: the most bytes.
    pub limit_bytes: usize,
    /// Markdown: where the whole report lies.
    pub full_report: Option<String>,
}

impl Default for ReportOptions {
    fn default() -> Self {
        Self { color: false, width: 100, stat: false, name_only: false, limit_bytes: COMMENT_LIMIT, full_report: None }
    }
}

/// The report in one format.
pub fn render(report: &Report, format: Format, options: &ReportOptions) -> String {
    match format {
        Format::Text if options.name_only => stat::names(report),
        Format::Text if options.stat => stat::render(report, options),
        Format::Text => text::render(report, options),
        Format::Json => json::render(report),
        Format::Markdown => markdown::render(report, options),
        Format::Html => html::render(report),
        Format::Sarif | Format::Github | Format::Gitlab => annotations::render(report, format),
    }
}
