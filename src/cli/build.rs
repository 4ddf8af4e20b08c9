//! `windlass build`

use super::project::{Project, folder};
use super::terminal::Terminal;
use super::{Ending, Global};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::kube::Object;
use crate::load::LoadedEnvironment;
use crate::tree::Tree;
use crate::workspace::{Comparison, WriteError, WriteOptions, compare, write};
use crate::{compile, render, stream};
use clap::Args;
use rayon::prelude::*;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Write the manifests of each environment
///
/// Each environment has a folder of its own: `rendered/<environment>` beside the system, one object a
/// file. Only files that Windlass wrote are changed or removed; a file edited by hand is reported and
/// kept. If anything is wrong, nothing is written.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  windlass build                          every environment\n  windlass build --env production --stdout | kubectl diff -f -\n  windlass build --check                  fail if the tree is not up to date"
)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(super) struct Build {
    /// The system file; otherwise the one that is found
    #[arg(value_name = "SYSTEM")]
    system: Option<PathBuf>,
    /// Only this environment; may be repeated
    #[arg(long, short, value_name = "ENVIRONMENT")]
    env: Vec<String>,
    /// Write here; with several environments, to a folder for each in it
    #[arg(long, short, value_name = "DIR", conflicts_with = "stdout")]
    out: Option<PathBuf>,
    /// Print one stream in delivery order, and write nothing
    #[arg(long)]
    stdout: bool,
    /// Fail if what is on disk is not what would be written; write nothing
    #[arg(long, conflicts_with = "stdout")]
    check: bool,
    /// Overwrite files that were edited by hand
    #[arg(long, conflicts_with_all = ["check", "stdout"])]
    force: bool,
    /// Allow the output to become empty or suddenly small
    #[arg(long, conflicts_with_all = ["check", "stdout"])]
    allow_prune: bool,
}

/// The objects of one environment, and where they go.
struct Output<'a> {
    environment: &'a LoadedEnvironment,
    objects: Vec<Object>,
}

impl Build {
    pub(super) fn run(&self, global: &Global, terminal: &mut Terminal) -> Ending {
        let mut project = match Project::open(global, self.system.as_ref()) {
            Ok(project) => project,
            Err(unusable) => return unusable.show(terminal, false),
        };
        let mut found = std::mem::take(&mut project.found);
        let environments = match self.environments(&project) {
            Ok(environments) => environments,
            Err(finding) => {
                found.push(finding);
                terminal.findings(&project.sources, found, false);
                return Ending::Usage;
            }
        };
        let Some(outputs) = compile_all(&project, &environments, &mut found) else {
            terminal.findings(&project.sources, found, false);
            return Ending::Findings;
        };
        terminal.findings(&project.sources, found, false);
        let ending = if self.stdout {
            print(&project, &outputs, terminal)
        } else {
            self.deliver(global, &project, &outputs, terminal)
        };
        // The process ends here: the system takes all memory back at once, faster than piece by piece.
        std::mem::forget(outputs);
        ending
    }

    fn environments<'a>(&self, project: &'a Project) -> Result<Vec<&'a LoadedEnvironment>, Diagnostic> {
        let environments = project.environments(&self.env)?;
        if self.stdout && environments.len() > 1 {
            let names = environments.iter().map(|environment| environment.name.as_str());
            return Err(Diagnostic::error(
                crate::diagnostic::code::ENVIRONMENT_NOT_FOUND,
                "`--stdout` prints one environment, and there are several",
            )
            .help(format!("name one with `--env`: {}", crate::diagnostic::listed(names))));
        }
        Ok(environments)
    }

    /// Compares or writes every tree; nothing is written unless all of them compiled.
    fn deliver(&self, global: &Global, project: &Project, outputs: &[Output<'_>], terminal: &mut Terminal) -> Ending {
        let mut ending = Ending::Clean;
        for output in outputs {
            let result = render(&output.objects).and_then(|tree| {
                let shown = self.shown(output, outputs.len());
                let folder = self.folder(global, project, &shown)?;
                Ok(self.deliver_one(&folder, &shown, &tree, terminal))
            });
            let one = result.unwrap_or_else(|finding| {
                let mut found = Diagnostics::new();
                found.push(finding);
                terminal.findings(&project.sources, found, false);
                Ending::Findings
            });
            ending = if one as u8 > ending as u8 { one } else { ending };
        }
        ending
    }

    /// Where an environment's output goes, as the user would write it.
    fn shown(&self, output: &Output<'_>, count: usize) -> String {
        match &self.out {
            None => output.environment.output.clone(),
            Some(out) if count == 1 => out.display().to_string(),
            Some(out) => out.join(&output.environment.name).display().to_string(),
        }
    }

    fn folder(&self, global: &Global, project: &Project, shown: &str) -> Result<PathBuf, Diagnostic> {
        match &self.out {
            Some(_) => Ok(folder(global).join(shown)),
            None => project.workspace.output_folder(shown),
        }
    }

    fn deliver_one(&self, folder: &Path, shown: &str, tree: &Tree, terminal: &mut Terminal) -> Ending {
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

/// Prints the one environment that was asked for.
fn print(project: &Project, outputs: &[Output<'_>], terminal: &mut Terminal) -> Ending {
    for output in outputs {
        match stream(&output.objects) {
            Ok(text) => terminal.out(&text),
            Err(finding) => {
                let mut found = Diagnostics::new();
                found.push(finding);
                terminal.findings(&project.sources, found, false);
                return Ending::Findings;
            }
        }
    }
    Ending::Clean
}

fn compile_all<'a>(
    project: &Project,
    environments: &[&'a LoadedEnvironment],
    found: &mut Diagnostics,
) -> Option<Vec<Output<'a>>> {
    let mut outputs = Vec::new();
    let compiled: Vec<_> = environments.par_iter().map(|environment| compile(&project.loaded, environment)).collect();
    for (environment, compiled) in environments.iter().zip(compiled) {
        found.extend(compiled.found);
        outputs.extend(compiled.objects.map(|objects| Output { environment, objects }));
    }
    (outputs.len() == environments.len() && !found.has_errors()).then_some(outputs)
}

fn refuse(error: &WriteError, shown: &str, terminal: &mut Terminal) -> Ending {
    let mut found = Diagnostics::new();
    found.extend(error.diagnostics(shown));
    terminal.findings(&crate::source::Sources::new(), found, false);
    if error.is_machine_fault() { Ending::Machine } else { Ending::Findings }
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
