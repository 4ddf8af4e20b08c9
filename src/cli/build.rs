//! `windlass build`

use super::project::{Project, folder};
use super::systems::{Systems, UNAFFECTED, compile_all, environments};
use super::terminal::Terminal;
use super::{Ending, Global};
use crate::diagnostic::{Diagnostic, Diagnostics, Joined, code, listed};
use crate::git::{Repository, Snapshot};
use crate::load::LoadedEnvironment;
use crate::tree::Tree;
use crate::workspace::{Comparison, WriteError, WriteOptions, compare, write};
use crate::{Compiled, render, stream};
use clap::Args;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Write the manifests of each environment
///
/// Each environment has a folder of its own: `rendered/<environment>` beside the system, one object a
/// file. Only files that Windlass wrote are changed or removed; a file edited by hand is reported and
/// kept. If anything is wrong in any of the systems, nothing is written.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  windlass build                          every environment\n  windlass build --env production --stdout | kubectl diff -f -\n  windlass build --check                  fail if the tree is not up to date\n  windlass build --all                    every system of the repository"
)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(super) struct Build {
    #[command(flatten)]
    systems: Systems,
    /// Only this environment; may be repeated
    #[arg(long, short, value_name = "ENVIRONMENT")]
    env: Vec<String>,
    /// Write here; with several environments, to a folder for each in it. Of one system
    #[arg(long, short, value_name = "DIR", conflicts_with_all = ["stdout", "staged"])]
    out: Option<PathBuf>,
    /// Print one stream in delivery order, and write nothing. Of one environment
    #[arg(long)]
    stdout: bool,
    /// Fail if what is on disk, or staged, is not what would be written; write nothing
    #[arg(long, conflicts_with = "stdout")]
    check: bool,
    /// Overwrite files that were edited by hand
    #[arg(long, conflicts_with_all = ["check", "stdout"])]
    force: bool,
    /// Allow the output to become empty or suddenly small
    #[arg(long, conflicts_with_all = ["check", "stdout"])]
    allow_prune: bool,
}

/// What one environment gives, and where it goes.
struct Output {
    /// Which of the projects.
    project: usize,
    environment: String,
    /// From the root of the repository.
    folder: String,
    made: Made,
}

enum Made {
    Tree(Tree),
    Stream(Vec<String>),
}

/// The systems that were compiled, and where they came from.
struct Compiling<'a> {
    global: &'a Global,
    projects: &'a [Project],
    commit: Option<&'a (Repository, Snapshot)>,
}

impl Build {
    pub(super) fn run(&self, global: &Global, terminal: &mut Terminal) -> Ending {
        let chosen = match self.systems.choose(global) {
            Ok(chosen) => chosen,
            Err((finding, ending)) => return terminal.findings_stop(*finding, ending),
        };
        let (mut projects, unusable) = chosen.open_all(global);
        let environments = match self.environments(&projects, !unusable.is_empty()) {
            Ok(environments) => environments,
            Err(finding) => return terminal.findings_stop(finding, Ending::Usage),
        };
        let compiled = compile_all(&projects, &environments, |environment, compiled| self.make(environment, compiled));
        let (mut outputs, mut found) = (Vec::new(), Vec::new());
        for (at, made) in compiled.into_iter().enumerate() {
            let mut of_project = Diagnostics::new();
            for (output, own) in made {
                of_project.extend(own);
                outputs.extend(output.map(|output| Output { project: at, ..output }));
            }
            found.push(of_project);
        }
        let mut ending = Ending::Clean;
        let mut joined = Joined::default();
        for (project, found) in projects.iter_mut().zip(found) {
            let mut all = std::mem::take(&mut project.found);
            all.extend(found);
            joined.add(std::mem::take(&mut project.sources), all);
        }
        for one in unusable {
            ending = ending.max(one.ending);
            joined.add(one.sources, one.found);
        }
        let errors = joined.found.has_errors();
        terminal.findings(&joined.sources, joined.found, false);
        if errors {
            return ending.max(Ending::Findings);
        }
        if chosen.unaffected {
            terminal.report(UNAFFECTED);
        }
        let compiling = Compiling { global, projects: &projects, commit: chosen.commit.as_ref() };
        for output in &outputs {
            ending = ending.max(match &output.made {
                Made::Stream(parts) => {
                    parts.iter().for_each(|part| terminal.out(part));
                    Ending::Clean
                }
                Made::Tree(tree) => self.deliver(&compiling, output, tree, outputs.len(), terminal),
            });
        }
        // The process ends here: the system takes all memory back at once, faster than piece by piece.
        std::mem::forget((outputs, projects));
        ending
    }

    fn environments<'a>(
        &self,
        projects: &'a [Project],
        partial: bool,
    ) -> Result<Vec<Vec<&'a LoadedEnvironment>>, Diagnostic> {
        let environments = environments(projects, &self.env, partial)?;
        let wrong = |message: &str| Err(Diagnostic::error(code::ENVIRONMENT_NOT_FOUND, message));
        if self.out.is_some() && projects.len() > 1 {
            return wrong("`--out` is the folder of one system, and there are several")
                .map_err(|finding| finding.help("leave it out: each system has its folder; or name one system"));
        }
        if self.stdout && projects.len() > 1 {
            return wrong("`--stdout` prints one environment, and there are several systems")
                .map_err(|finding| finding.help("name the file of one system"));
        }
        let all: Vec<&str> = environments.iter().flatten().map(|environment| environment.name.as_str()).collect();
        if self.stdout && all.len() > 1 {
            return wrong("`--stdout` prints one environment, and there are several")
                .map_err(|finding| finding.help(format!("name one with `--env`: {}", listed(all))));
        }
        Ok(environments)
    }

    /// The bytes of one environment.
    fn make(&self, environment: &LoadedEnvironment, compiled: Compiled) -> (Option<Output>, Diagnostics) {
        let mut found = compiled.found;
        let Some(objects) = compiled.objects else { return (None, found) };
        let made = if self.stdout { stream(&objects).map(Made::Stream) } else { render(&objects).map(Made::Tree) };
        // See the end of `run`.
        std::mem::forget(objects);
        let output = |made| Output {
            project: 0,
            environment: environment.name.clone(),
            folder: environment.output.clone(),
            made,
        };
        (made.map_err(|finding| found.push(finding)).ok().map(output), found)
    }

    /// Compares or writes one tree.
    fn deliver(
        &self,
        compiling: &Compiling<'_>,
        output: &Output,
        tree: &Tree,
        count: usize,
        terminal: &mut Terminal,
    ) -> Ending {
        let shown = self.shown(output, count);
        let place = match &self.out {
            Some(_) => Ok(folder(compiling.global).join(&shown)),
            None => compiling.projects[output.project].workspace.output_folder(&shown),
        };
        match (place, compiling.commit) {
            (Err(finding), _) => terminal.findings_stop(finding, Ending::Findings),
            (Ok(place), None) => self.deliver_to(&place, &shown, tree, terminal),
            (Ok(place), Some((repository, staged))) => {
                let written = if self.check { Ending::Clean } else { self.deliver_to(&place, &shown, tree, terminal) };
                // Output that Git ignores is published elsewhere.
                if written != Ending::Clean || repository.ignores(&format!("{shown}/")) {
                    return written;
                }
                compare_staged(staged, &shown, tree, self.check, terminal)
            }
        }
    }

    /// Where an environment's output goes, as the user would write it.
    fn shown(&self, output: &Output, count: usize) -> String {
        match &self.out {
            None => output.folder.clone(),
            Some(out) if count == 1 => out.display().to_string(),
            Some(out) => out.join(&output.environment).display().to_string(),
        }
    }

    fn deliver_to(&self, folder: &Path, shown: &str, tree: &Tree, terminal: &mut Terminal) -> Ending {
        if self.check {
            return match compare(folder, tree) {
                Ok(comparison) => report_comparison(&comparison, tree, shown, terminal),
                Err(error) => refuse(&error, shown, terminal),
            };
        }
        match write(folder, tree, WriteOptions { force: self.force, allow_prune: self.allow_prune }) {
            Ok(report) => {
                let (written, unchanged, removed) = (report.written.len(), report.unchanged, report.removed.len());
                terminal.report(&format!("{shown}: {written} written, {unchanged} unchanged, {removed} removed"));
                Ending::Clean
            }
            Err(error) => refuse(&error, shown, terminal),
        }
    }
}

/// Fails where what is staged in a folder is not what the staged system gives.
fn compare_staged(staged: &Snapshot, shown: &str, tree: &Tree, check: bool, terminal: &mut Terminal) -> Ending {
    let files = match staged.list(shown) {
        Ok(files) => files,
        Err(error) => {
            let ending = Ending::of_fault(error.is_machine_fault());
            return terminal.findings_stop(error.into(), ending);
        }
    };
    let comparison = Comparison::of_files(&files, tree);
    if comparison.is_clean() {
        terminal.report(&format!("{shown}: up to date, and staged"));
        return Ending::Clean;
    }
    let write = if check { format!("`windlass build` and `git add {shown}`") } else { format!("`git add {shown}`") };
    let finding = Diagnostic::error(
        code::STAGED_STALE,
        format!("`{shown}` is not staged as the staged system gives it: {}", comparison.summary()),
    )
    .reason("the commit would hold a system and manifests that do not belong together")
    .help(if check { format!("run {write}") } else { format!("it is written now; run {write}") });
    terminal.findings_stop(finding, Ending::Findings)
}

fn refuse(error: &WriteError, shown: &str, terminal: &mut Terminal) -> Ending {
    let mut found = Diagnostics::new();
    found.extend(error.diagnostics(shown));
    terminal.findings(&crate::source::Sources::new(), found, false);
    Ending::of_fault(error.is_machine_fault())
}

/// What differs between disk and compiler: the files, and the lines that would change.
fn report_comparison(comparison: &Comparison, tree: &Tree, shown: &str, terminal: &mut Terminal) -> Ending {
    if comparison.is_clean() {
        terminal.report(&format!("{shown}: up to date"));
        return Ending::Clean;
    }
    terminal.out(&describe(comparison, tree, shown));
    terminal.report(&format!("{shown}: not up to date; run `windlass build`"));
    Ending::Findings
}

/// A line for each file that differs, and the changed lines of those that exist.
pub(super) fn describe(comparison: &Comparison, tree: &Tree, shown: &str) -> String {
    let mut text = String::new();
    let mut line = |what: &str, path: &str| {
        let _ = writeln!(text, "{what}: {shown}/{path}");
    };
    comparison.missing.iter().for_each(|path| line("missing", path));
    comparison.stale.iter().for_each(|path| line("no longer produced", path));
    comparison.foreign.iter().for_each(|file| line("not written by Windlass", &file.path));
    comparison.edited.iter().for_each(|file| line("edited by hand", &file.path));
    if comparison.lock_differs {
        line("does not name these files", crate::tree::LOCK_FILE);
    }
    for file in comparison.changed.iter().chain(&comparison.edited) {
        let old = String::from_utf8_lossy(&file.old);
        let new = tree.get(&file.path).map(|file| String::from_utf8_lossy(&file.bytes)).unwrap_or_default();
        let diff = similar::TextDiff::from_lines(&old, &new);
        let header = format!("{shown}/{}", file.path);
        text.push_str(&diff.unified_diff().context_radius(2).header(&header, &header).to_string());
    }
    text
}
