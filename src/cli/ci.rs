//! `windlass ci`

mod comment;
mod forge;
mod http;

use super::check::{Answer, Check};
use super::diff::{Diff, Outcome, class};
use super::project::folder;
use super::systems::{Systems, UNAFFECTED};
use super::terminal::Terminal;
use super::{Ending, Global};
use crate::diagnostic::{Diagnostic, Format, Severity, render as render_findings};
use crate::review::Class;
use crate::review::report::{COMMENT_LIMIT, MARKER, ReportOptions, render};
use crate::source::Sources;
use clap::Args;
use comment::Posted;
use forge::Forge;
use std::path::PathBuf;

/// So much of the findings stands in a comment.
const FINDINGS_LIMIT: usize = 4_000;
/// The size of a comment for a server that takes less than others.
const SHORT_LIMIT: usize = 20_000;

/// Check, compare and report, with the defaults of the CI it runs in
///
/// Compiles every system, compares those that the change affects with the base, writes annotations, the summary of the job
/// and a report for code scanning, and keeps one comment on the pull request or merge request up to date. Knows GitHub
/// Actions and GitLab CI by their variables; elsewhere it prints. A comment that cannot be written fails nothing.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  windlass ci                        in a job of GitHub or GitLab\n  \
                        windlass ci --base origin/main     in any other\n  \
                        windlass ci --fail-on data-loss")]
pub(super) struct Ci {
    /// System files; otherwise every one of the repository
    #[arg(value_name = "SYSTEM")]
    named: Vec<PathBuf>,
    /// Compare with the systems at this commit, branch or tag; otherwise with the base of the request
    #[arg(long, value_name = "REF")]
    base: Option<String>,
    /// Exit with 1 if there is a risk of this class that nobody acknowledged; may be repeated
    #[arg(long, value_name = "CLASS", value_parser = class, value_delimiter = ',')]
    fail_on: Vec<Class>,
    /// The report for code scanning: SARIF, or code quality of GitLab; otherwise `windlass.sarif` or
    /// `windlass-codequality.json` there
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Write no comment
    #[arg(long)]
    no_comment: bool,
    /// Where the whole report lies, for the end of a comment that was cut
    #[arg(long, value_name = "URL")]
    full_report: Option<String>,
}

impl Ci {
    pub(super) fn run(&self, global: &Global, terminal: &mut Terminal) -> Ending {
        let forge = Forge::detect(&|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
        let base = self.base.clone().or_else(|| forge.base());
        let systems =
            || Systems { named: self.named.clone(), all: self.named.is_empty(), changed_since: None, staged: false };
        // Everything is compiled: what was wrong before the change is wrong still.
        let answer = match Check::of(systems()).answer(global, terminal) {
            Ok(answer) => answer,
            Err((finding, ending)) => return self.stopped(&finding, ending, &forge, terminal),
        };
        let mut ending = answer.ending;
        self.findings(global, &forge, &answer, terminal);
        let Some(base) = base else {
            terminal.report("no base to compare with: name one with `--base`");
            return self.told(ending, &forge, terminal, &summary_of(&answer));
        };
        let diff = Diff::of(systems(), base, self.fail_on.clone(), self.full_report.clone());
        let outcome = match diff.review(global, terminal) {
            Ok(outcome) => outcome,
            Err(stop) => {
                let text = format!("{MARKER}\nThe change could not be compared: the log says why.\n");
                return self.told(ending.max(stop), &forge, terminal, &text);
            }
        };
        if outcome.fails() {
            ending = ending.max(Ending::Findings);
        }
        terminal.out(&render(
            &outcome.report,
            Format::Text,
            &ReportOptions { width: Terminal::width(), ..ReportOptions::default() },
        ));
        if matches!(forge, Forge::Github(_)) {
            terminal.out(&render(&outcome.report, Format::Github, &ReportOptions::default()));
        }
        self.deliver(&forge, &answer, &outcome, terminal);
        ending
    }

    /// What is said where not even the systems were found.
    fn stopped(&self, finding: &Diagnostic, ending: Ending, forge: &Forge, terminal: &mut Terminal) -> Ending {
        if matches!(forge, Forge::Github(_)) {
            terminal.out(&render_findings(
                Format::Github,
                &Sources::new(),
                std::slice::from_ref(finding),
                &terminal.plain(),
            ));
        }
        let text = format!("{MARKER}\nWindlass could not run: {}\n", finding.message);
        let ending = terminal.stop(finding.clone(), ending);
        self.told(ending, forge, terminal, &text)
    }

    /// Puts a text into the summary of the job.
    #[expect(clippy::unused_self, reason = "reads as the step of the command that it is")]
    fn told(&self, ending: Ending, forge: &Forge, terminal: &mut Terminal, text: &str) -> Ending {
        if let Err(finding) = forge.summarise(text) {
            terminal.stop(finding, Ending::Clean);
        }
        ending
    }

    /// The findings of all systems: in the log, on the lines of the change, and as a report.
    fn findings(&self, global: &Global, forge: &Forge, answer: &Answer, terminal: &mut Terminal) {
        let list = answer.joined.found.clone().sorted();
        let sources = &answer.joined.sources;
        if !list.is_empty() {
            terminal.out(&render_findings(Format::Text, sources, &list, &terminal.plain()));
        }
        if matches!(forge, Forge::Github(_)) {
            terminal.out(&render_findings(Format::Github, sources, &list, &terminal.plain()));
        }
        let (format, usual) = match forge {
            Forge::Gitlab(_) => (Format::Gitlab, Some("windlass-codequality.json")),
            Forge::Github(_) => (Format::Sarif, Some("windlass.sarif")),
            Forge::Neither => (Format::Sarif, None),
        };
        let Some(path) = self.report.clone().or_else(|| usual.map(PathBuf::from)) else { return };
        let text = render_findings(format, sources, &list, &terminal.plain());
        if let Err(error) = std::fs::write(folder(global).join(&path), text) {
            terminal.stop(http::trouble(&format!("cannot write `{}`: {error}", path.display())), Ending::Machine);
        }
    }

    /// The comment, and the summary of the job.
    fn deliver(&self, forge: &Forge, answer: &Answer, outcome: &Outcome, terminal: &mut Terminal) {
        let body = |limit: usize| {
            let options = ReportOptions {
                limit_bytes: limit - FINDINGS_LIMIT,
                full_report: self.full_report.clone(),
                ..ReportOptions::default()
            };
            format!("{}{}", render(&outcome.report, Format::Markdown, &options), findings_of(answer))
        };
        if let Err(finding) = forge.summarise(&body(COMMENT_LIMIT)) {
            terminal.stop(finding, Ending::Clean);
        }
        if self.no_comment {
            return;
        }
        let says_something = outcome.report.reviews.iter().any(|review| !review.changes.is_empty())
            || outcome.report.notes.iter().any(|note| note != UNAFFECTED)
            || answer.joined.found.has_errors();
        match comment::keep(forge, MARKER.trim(), &[body(COMMENT_LIMIT), body(SHORT_LIMIT)], says_something) {
            Posted::Written(what) => terminal.report(&format!("comment {what}")),
            Posted::Nowhere => {}
            Posted::Failed(finding) => {
                if matches!(forge, Forge::Github(_)) {
                    terminal.out(&render_findings(
                        Format::Github,
                        &Sources::new(),
                        &[*finding.clone()],
                        &terminal.plain(),
                    ));
                }
                terminal.stop(*finding, Ending::Clean);
            }
        }
    }
}

fn summary_of(answer: &Answer) -> String {
    let findings = findings_of(answer);
    if findings.is_empty() { format!("{MARKER}\nEvery system compiles.\n") } else { format!("{MARKER}{findings}") }
}

/// Errors for a comment, in a fence that nothing in them can close.
fn findings_of(answer: &Answer) -> String {
    let errors: Vec<Diagnostic> = answer
        .joined
        .found
        .clone()
        .sorted()
        .into_iter()
        .filter(|finding| finding.severity == Severity::Error)
        .collect();
    if errors.is_empty() {
        return String::new();
    }
    let mut text = crate::deliver::plugin::say(&answer.joined.sources, &errors);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    text.truncate(text.floor_char_boundary(FINDINGS_LIMIT - 200 - 2 * fence.len().min(800)));
    format!("\n**It does not compile.**\n\n{fence}text\n{}\n{fence}\n", text.trim_end())
}
