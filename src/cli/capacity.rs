//! `windlass capacity`

mod report;
mod sheet;

use super::project::Project;
use super::terminal::Terminal;
use super::{Ending, Global};
use crate::capacity::{Capacity, Verdict, assess};
use crate::diagnostic::{Diagnostics, Format, Severity, code};
use crate::load::LoadedEnvironment;
use crate::model::Model;
use clap::Args;
use std::path::PathBuf;

/// Pack the worst case of each environment on its node pools
///
/// Every scaler at its highest, every job running, every rollout under way, every pool at its greatest
/// size. Shows what lies on each node, whether all of it fits, and what that takes for granted.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  windlass capacity --env production\n  windlass capacity --format json")]
pub(super) struct Command {
    /// The system file; otherwise the one that is found
    #[arg(value_name = "SYSTEM")]
    system: Option<PathBuf>,
    /// Only this environment; may be repeated
    #[arg(long, short, value_name = "ENVIRONMENT")]
    env: Vec<String>,
}

/// The worst case of one environment; `None` where its target describes no nodes.
struct Assessed {
    model: Model,
    capacity: Option<Capacity>,
}

impl Command {
    pub(super) fn run(&self, global: &Global, terminal: &mut Terminal) -> Ending {
        let mut project = match Project::open(global, self.system.as_ref()) {
            Ok(project) => project,
            Err(unusable) => return unusable.show(terminal, false),
        };
        let mut found = std::mem::take(&mut project.found);
        let environments = match project.environments(&self.env) {
            Ok(environments) => environments,
            Err(finding) => {
                found.push(finding);
                terminal.findings(&project.sources, found, false);
                return Ending::Usage;
            }
        };
        let all: Vec<Option<Assessed>> =
            environments.iter().map(|environment| assessed(&project, environment, &mut found)).collect();
        let has_errors = found.has_errors();
        if all.iter().all(Option::is_none) {
            terminal.findings(&project.sources, found, false);
        } else if has_errors {
            // In JSON the answer is the only document.
            terminal.findings_beside(&project.sources, found);
        }
        let all: Vec<Assessed> = all.into_iter().flatten().collect();
        if global.format == Format::Json && !all.is_empty() {
            terminal.out(&report::json(&all));
        } else if global.format == Format::Text {
            terminal.out(&all.iter().map(sheet::text).collect::<Vec<_>>().join("\n"));
        }
        if has_errors || all.iter().any(is_short) { Ending::Findings } else { Ending::Clean }
    }
}

/// What is wrong with the environment beside its capacity is said as well.
fn assessed(project: &Project, environment: &LoadedEnvironment, found: &mut Diagnostics) -> Option<Assessed> {
    let (model, of_model) = crate::model(&project.loaded, environment);
    let other = |code| code != code::CAPACITY_SHORT && code != code::CAPACITY_UNKNOWN;
    found.extend(of_model.into_iter().filter(|finding| finding.severity == Severity::Error && other(finding.code)));
    let model = model?;
    Some(Assessed { capacity: assess(&model), model })
}

fn is_short(assessed: &Assessed) -> bool {
    assessed.capacity.as_ref().is_some_and(|capacity| matches!(capacity.steady, Verdict::DoesNotFit(_)))
}
