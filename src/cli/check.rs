//! `windlass check`

use super::project::Project;
use super::terminal::Terminal;
use super::{Ending, Global};
use crate::compile;
use crate::diagnostic::Diagnostics;
use crate::fix::fixed;
use crate::source::Sources;
use crate::workspace::Workspace;
use clap::Args;
use rayon::prelude::*;
use std::path::PathBuf;

/// Compile every environment and show what is wrong; write nothing
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  windlass check\n  windlass check --env production --format github")]
pub(super) struct Check {
    /// System files; otherwise the one that is found
    #[arg(value_name = "SYSTEM")]
    systems: Vec<PathBuf>,
    /// Only this environment; may be repeated
    #[arg(long, short, value_name = "ENVIRONMENT")]
    env: Vec<String>,
    /// Make the changes that are certain, in place; comments and layout stay
    #[arg(long)]
    fix: bool,
}

impl Check {
    pub(super) fn run(&self, global: &Global, terminal: &mut Terminal) -> Ending {
        let named: Vec<Option<&PathBuf>> =
            if self.systems.is_empty() { vec![None] } else { self.systems.iter().map(Some).collect() };
        named
            .into_iter()
            .map(|system| self.one(global, system, terminal))
            .max_by_key(|ending| *ending as u8)
            .unwrap_or(Ending::Clean)
    }

    fn one(&self, global: &Global, system: Option<&PathBuf>, terminal: &mut Terminal) -> Ending {
        if self.fix
            && let Err(ending) = fix(global, system, terminal)
        {
            return ending;
        }
        let mut project = match Project::open(global, system) {
            Ok(project) => project,
            Err(unusable) => return unusable.show(terminal, true),
        };
        let mut found = std::mem::take(&mut project.found);
        let mut allowed = std::mem::take(&mut project.allowed);
        let environments = match project.environments(&self.env) {
            Ok(environments) => environments,
            Err(finding) => {
                found.push(finding);
                terminal.findings(&project.sources, found, true);
                return Ending::Usage;
            }
        };
        let compiled: Vec<_> =
            environments.par_iter().map(|environment| compile(&project.loaded, environment)).collect();
        for compiled in compiled {
            found.extend(compiled.found);
            allowed.extend(compiled.allowed);
        }
        // What one environment does not need another may.
        if self.env.is_empty() && !found.has_errors() {
            found.extend(project.loaded.unused_allowances(&allowed));
            project.loaded.settle(&mut found);
        }
        let errors = found.has_errors();
        terminal.findings(&project.sources, found, true);
        if !errors {
            let names: Vec<&str> = environments.iter().map(|environment| environment.name.as_str()).collect();
            terminal.report(&format!("{} compiles for {}", project.loaded.path, names.join(", ")));
        }
        if errors { Ending::Findings } else { Ending::Clean }
    }
}

/// Makes the certain changes, pass by pass: some mistakes show only when others are mended.
fn fix(global: &Global, system: Option<&PathBuf>, terminal: &mut Terminal) -> Result<(), Ending> {
    const PASSES: usize = 10;
    for _ in 0..PASSES {
        let (workspace, sources, found) = survey(global, system);
        let (texts, mended) = fixed(&sources, &found);
        let Some(workspace) = workspace.filter(|_| mended > 0) else { return Ok(()) };
        for (path, text) in &texts {
            if let Err(error) = workspace.replace(path, text) {
                let mut found = Diagnostics::new();
                found.push(error.into());
                terminal.findings(&sources, found, true);
                return Err(Ending::Machine);
            }
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
