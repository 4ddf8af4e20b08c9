//! `windlass check`

use super::project::Project;
use super::systems::{Stop, Systems, UNAFFECTED, compile_all, environments};
use super::terminal::Terminal;
use super::{Ending, Global};
use crate::compile;
use crate::diagnostic::{Diagnostics, Joined};
use crate::fix::fixed;
use crate::source::Sources;
use crate::workspace::Workspace;
use clap::Args;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Compile every environment and show what is wrong; write nothing
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  windlass check\n  windlass check --env production --format github\n  \
                  windlass check --changed-since origin/main   every system that the branch affects")]
pub(super) struct Check {
    #[command(flatten)]
    systems: Systems,
    /// Only this environment; may be repeated
    #[arg(long, short, value_name = "ENVIRONMENT")]
    env: Vec<String>,
    /// Make the changes that are certain, in place; comments and layout stay
    #[arg(long, conflicts_with = "staged")]
    fix: bool,
}

impl Check {
    /// A check of systems as they are.
    pub(super) fn of(systems: Systems) -> Self {
        Self { systems, env: Vec::new(), fix: false }
    }

    pub(super) fn run(&self, global: &Global, terminal: &mut Terminal) -> Ending {
        match self.answer(global, terminal) {
            Ok(answer) => answer.tell(terminal),
            Err((finding, ending)) => terminal.answer_stop(*finding, ending),
        }
    }

    /// What is found in all systems.
    pub(super) fn answer(&self, global: &Global, terminal: &mut Terminal) -> Result<Answer, Stop> {
        let chosen = self.systems.choose(global)?;
        for choice in chosen.systems.iter().filter(|_| self.fix) {
            fix(global, choice.system.as_ref(), terminal)?;
        }
        let (projects, unusable) = chosen.open_all(global);
        let environments = environments(&projects, &self.env, !unusable.is_empty())
            .map_err(|finding| (Box::new(finding), Ending::Usage))?;
        let compiled = compile_all(&projects, &environments, |_, compiled| (compiled.found, compiled.allowed));
        let names: Vec<Vec<String>> =
            environments.iter().map(|list| list.iter().map(|environment| environment.name.clone()).collect()).collect();
        let mut answer = Answer {
            joined: Joined::default(),
            ending: Ending::Clean,
            compiles: Vec::new(),
            unaffected: chosen.unaffected,
        };
        for ((project, compiled), names) in projects.into_iter().zip(compiled).zip(names) {
            self.add(project, compiled, names, &mut answer);
        }
        for one in unusable {
            answer.ending = answer.ending.max(one.ending);
            answer.joined.add(one.sources, one.found);
        }
        Ok(answer)
    }

    fn add(
        &self,
        mut project: Project,
        compiled: Vec<(Diagnostics, BTreeSet<usize>)>,
        names: Vec<String>,
        answer: &mut Answer,
    ) {
        let mut found = std::mem::take(&mut project.found);
        let mut allowed = std::mem::take(&mut project.allowed);
        for (own, silenced) in compiled {
            found.extend(own);
            allowed.extend(silenced);
        }
        // What one environment does not need another may.
        if self.env.is_empty() && project.only.is_none() && !found.has_errors() {
            found.extend(project.loaded.unused_allowances(&allowed));
            project.loaded.settle(&mut found);
        }
        if found.has_errors() {
            answer.ending = answer.ending.max(Ending::Findings);
        } else if !names.is_empty() {
            answer.compiles.push((project.loaded.path, names));
        }
        answer.joined.add(project.sources, found);
    }
}

/// So many systems are told one by one.
const TOLD: usize = 10;

/// What came of all systems.
pub(super) struct Answer {
    pub(super) joined: Joined,
    pub(super) ending: Ending,
    /// No system had to be looked at.
    unaffected: bool,
    /// The systems that compile, with their environments.
    compiles: Vec<(String, Vec<String>)>,
}

impl Answer {
    fn tell(self, terminal: &mut Terminal) -> Ending {
        terminal.findings(&self.joined.sources, self.joined.found, true);
        if self.unaffected {
            terminal.report(UNAFFECTED);
        } else if self.compiles.len() > TOLD {
            let count: usize = self.compiles.iter().map(|(_, names)| names.len()).sum();
            terminal.report(&format!("{} systems compile for {count} environments", self.compiles.len()));
        } else {
            for (path, names) in &self.compiles {
                terminal.report(&format!("{path} compiles for {}", names.join(", ")));
            }
        }
        self.ending
    }
}

/// Makes the certain changes, pass by pass: some mistakes show only when others are mended.
fn fix(global: &Global, system: Option<&PathBuf>, terminal: &mut Terminal) -> Result<(), Stop> {
    const PASSES: usize = 10;
    for _ in 0..PASSES {
        let (workspace, sources, found) = survey(global, system);
        let (texts, mended) = fixed(&sources, &found);
        let Some(workspace) = workspace.filter(|_| mended > 0) else { return Ok(()) };
        for (path, text) in &texts {
            workspace.replace(path, text).map_err(|error| (Box::new(error.into()), Ending::Machine))?;
            terminal.report(&format!("mended {path}"));
        }
    }
    Ok(())
}

/// Everything that is found in all environments, whether the system can be used or not.
fn survey(global: &Global, system: Option<&PathBuf>) -> (Option<Workspace>, Sources, Diagnostics) {
    match Project::open(global, system) {
        Err(unusable) => (unusable.workspace, unusable.sources, unusable.found),
        Ok(mut project) => {
            let mut found = std::mem::take(&mut project.found);
            for environment in project.loaded.environments.iter().filter(|environment| !environment.is_abstract) {
                found.extend(compile(&project.loaded, environment).found);
            }
            (Some(project.workspace), project.sources, found)
        }
    }
}
