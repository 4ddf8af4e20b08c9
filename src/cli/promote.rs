//! `windlass promote`

use super::project::Project;
use super::terminal::Terminal;
use super::{Ending, Global};
use crate::diagnostic::{Diagnostic, Diagnostics, code};
use crate::layers::merge;
use crate::load::LoadedEnvironment;
use crate::promote::{Promotion, Side, images, promote};
use crate::source::Sources;
use crate::yaml;
use clap::Args;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Carry versions of images from one environment file to the next, for a pull request
///
/// Pins of images, and images and versions of components that both files write, move to the file of the
/// second environment. Its comments and layout stay.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  windlass promote --from staging --to production --dry-run")]
pub(super) struct Promote {
    /// The system file; otherwise the one that is found
    #[arg(value_name = "SYSTEM")]
    system: Option<PathBuf>,
    /// The environment whose versions have proven themselves
    #[arg(long, value_name = "ENVIRONMENT")]
    from: String,
    /// The environment that gets them
    #[arg(long, value_name = "ENVIRONMENT")]
    to: String,
    /// Print the difference, and write nothing
    #[arg(long)]
    dry_run: bool,
}

impl Promote {
    pub(super) fn run(&self, global: &Global, terminal: &mut Terminal) -> Ending {
        let mut project = match Project::open(global, self.system.as_ref()) {
            Ok(project) => project,
            Err(unusable) => return unusable.show(terminal, false),
        };
        let mut found = std::mem::take(&mut project.found);
        let names = [self.from.clone(), self.to.clone()];
        let (from, to) = match project.environments(&names).as_deref() {
            Ok([from, to]) if from.path != to.path => (*from, *to),
            Ok(_) => {
                found.push(same(&self.from));
                terminal.findings(&project.sources, found, false);
                return Ending::Usage;
            }
            Err(finding) => {
                found.push(finding.clone());
                terminal.findings(&project.sources, found, false);
                return Ending::Usage;
            }
        };
        let promotion = carry(&project, from, to);
        self.deliver(&project, to, &promotion, terminal)
    }

    fn deliver(
        &self,
        project: &Project,
        to: &LoadedEnvironment,
        promotion: &Promotion,
        terminal: &mut Terminal,
    ) -> Ending {
        promotion.left.iter().for_each(|line| terminal.report(&format!("not carried: {line}")));
        if promotion.moves.is_empty() {
            terminal.report(&format!("{}: up to date with `{}`", to.path, self.from));
            return Ending::Clean;
        }
        if self.dry_run {
            terminal.out(&difference(&to.path, text(project, to), &promotion.text));
            return Ending::Clean;
        }
        if let Err(finding) = check(&promotion.text)
            .and_then(|()| project.workspace.replace(&to.path, &promotion.text).map_err(Diagnostic::from))
        {
            let mut found = Diagnostics::new();
            found.push(finding);
            terminal.findings(&Sources::new(), found, false);
            return Ending::Machine;
        }
        for moved in &promotion.moves {
            let old = moved.old.as_deref().unwrap_or("nothing");
            terminal.report(&format!("{}: {old} → {}", moved.what, moved.new));
        }
        terminal.report(&format!("{}: {} carried from `{}`", to.path, promotion.moves.len(), self.from));
        Ending::Clean
    }
}

fn carry(project: &Project, from: &LoadedEnvironment, to: &LoadedEnvironment) -> Promotion {
    let (one, other) = (running(project, from), running(project, to));
    let empty = crate::document::Node::map(project.loaded.system.span, []);
    let own = |environment: &LoadedEnvironment| environment.chain.last().map_or(empty.clone(), |node| (**node).clone());
    let (from_own, to_own) = (own(from), own(to));
    promote(
        Side { name: &from.name, own: &from_own, images: &one },
        Side { name: &to.name, own: &to_own, images: &other },
        text(project, to),
    )
}

/// The images that run in an environment.
fn running(project: &Project, environment: &LoadedEnvironment) -> BTreeSet<String> {
    let chain: Vec<_> = environment.chain.iter().map(AsRef::as_ref).collect();
    images(&merge(&project.loaded.system, &chain, &mut Diagnostics::new()))
}

fn text<'a>(project: &'a Project, environment: &LoadedEnvironment) -> &'a str {
    let file = project.sources.files().iter().find(|file| file.path == environment.path);
    file.map_or("", |file| file.text.as_str())
}

fn same(name: &str) -> Diagnostic {
    Diagnostic::error(code::ENVIRONMENT_NOT_FOUND, format!("versions cannot be carried from `{name}` to itself"))
        .help("name two environments, as in `--from staging --to production`")
}

/// An edit that does not give YAML is a mistake of the compiler, and is not written.
fn check(text: &str) -> Result<(), Diagnostic> {
    let mut found = Diagnostics::new();
    let file = Sources::new().add("promoted", text);
    match yaml::parse(file, text, &mut found) {
        Some(_) if !found.has_errors() => Ok(()),
        _ => Err(Diagnostic::error(code::BUG, "the edited environment would not be YAML")
            .reason("this is a bug in Windlass, not in what was written")
            .help("carry the versions by hand, and report it with both files")),
    }
}

fn difference(path: &str, old: &str, new: &str) -> String {
    let diff = similar::TextDiff::from_lines(old, new);
    diff.unified_diff().context_radius(2).header(path, path).to_string()
}
