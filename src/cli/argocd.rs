//! `windlass argocd`

mod doctor;
mod generate;
mod plugin;

use super::project::{Located, Project, Unusable, folder, located, located_in};
use super::terminal::Terminal;
use super::{Ending, Global};
use crate::deliver::plugin::{ENVIRONMENT_VARIABLE, Request, announcement, say};
use crate::diagnostic::{Diagnostic, Diagnostics, code, listed};
use crate::source::Sources;
use crate::workspace::{Workspace, inside};
use clap::{Args, Subcommand};
use std::path::{Path, PathBuf};

/// The config management plugin of Argo CD, and its wiring
#[derive(Debug, Args)]
pub(super) struct Argocd {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Generate(generate::Generate),
    Parameters(Parameters),
    Plugin(plugin::Plugin),
    Doctor(doctor::Doctor),
}

impl Argocd {
    pub(super) fn run(&self, global: &Global, terminal: &mut Terminal) -> Ending {
        match &self.command {
            Command::Generate(generate) => generate.run(global, terminal),
            Command::Parameters(parameters) => parameters.run(global, terminal),
            Command::Plugin(plugin) => plugin.run(global, terminal),
            Command::Doctor(doctor) => doctor.run(global, terminal),
        }
    }
}

/// Announce the parameters of an Application, as Argo CD asks for them
#[derive(Debug, Args)]
struct Parameters {}

impl Parameters {
    #[expect(clippy::unused_self, reason = "a command has its options, also where there are none")]
    fn run(&self, global: &Global, terminal: &mut Terminal) -> Ending {
        let request = match request() {
            Ok(request) => request,
            Err(finding) => return refuse(&Sources::new(), finding, Ending::Findings, terminal),
        };
        let project = match open(global, &request) {
            Ok(project) => project,
            Err(unusable) => return tell(&unusable.sources, unusable.found, unusable.ending, terminal),
        };
        let names: Vec<&str> = match project.environments(&[]) {
            Ok(environments) => environments.iter().map(|environment| environment.name.as_str()).collect(),
            Err(finding) => return refuse(&project.sources, finding, Ending::Findings, terminal),
        };
        let chosen = request.environment.as_deref().filter(|name| names.contains(name));
        let only = names.first().copied().filter(|_| names.len() == 1);
        let system = request.system.as_deref().unwrap_or("system.yaml");
        terminal.out(&announcement(system, &names, chosen.or(only)));
        Ending::Clean
    }
}

/// What the Application asks for.
fn request() -> Result<Request, Diagnostic> {
    let of = |name: &str| std::env::var(name).ok();
    Request::read(of("ARGOCD_APP_PARAMETERS").as_deref(), of(ENVIRONMENT_VARIABLE).as_deref())
}

/// The system of the Application. What was unpacked may be a part of the repository, without `.git`.
fn open(global: &Global, request: &Request) -> Result<Project, Box<Unusable>> {
    let system = request.system.as_ref().map(PathBuf::from);
    let here = folder(global);
    let whole = Workspace::open(&here).is_ok_and(|workspace| workspace.root().join(".git").exists());
    let source = std::env::var("ARGOCD_APP_SOURCE_PATH").unwrap_or_default();
    if whole || source.is_empty() {
        return Project::open_located(global, located(global, system.as_ref()));
    }
    let (root, before) = unpacked(&here, &source);
    let workspace = Workspace::at(&root).map_err(|error| (Box::new(error.into()), Ending::Machine));
    let located: Result<Located, _> = workspace.and_then(|workspace| located_in(global, system.as_ref(), workspace));
    let mut project = Project::open_located(global, located)?;
    // What is written into manifests are paths of the repository.
    for environment in &mut project.loaded.environments {
        environment.output = inside(&before, &environment.output);
    }
    Ok(project)
}

/// The folder into which Argo CD unpacked, given where the command runs and the path of the Application; and what the
/// path has before it, where only a part of the repository was sent.
fn unpacked(here: &Path, source: &str) -> (PathBuf, String) {
    let mut names: Vec<&str> = source.split('/').filter(|name| !matches!(*name, "" | ".")).collect();
    let mut root = here.to_path_buf();
    while let Some(name) = names.last() {
        if root.file_name().is_none_or(|last| last != *name) {
            break;
        }
        names.pop();
        root.pop();
    }
    (root, names.join("/"))
}

/// Findings in the form that Argo CD shows best.
fn tell(sources: &Sources, found: Diagnostics, ending: Ending, terminal: &mut Terminal) -> Ending {
    terminal.err(&say(sources, &found.sorted()));
    ending
}

fn refuse(sources: &Sources, finding: Diagnostic, ending: Ending, terminal: &mut Terminal) -> Ending {
    let mut found = Diagnostics::new();
    found.push(finding);
    tell(sources, found, ending, terminal)
}

/// The one environment that is rendered.
fn environment<'a>(
    project: &'a Project,
    wanted: Option<&str>,
) -> Result<&'a crate::load::LoadedEnvironment, Diagnostic> {
    if let Some(name) = wanted {
        let found = project.environments(&[name.to_owned()])?;
        return found.first().copied().ok_or_else(|| project.unknown(name));
    }
    let all = project.environments(&[])?;
    match all.as_slice() {
        [one] => Ok(one),
        _ => Err(Diagnostic::error(code::ENVIRONMENT_NOT_FOUND, "the Application does not say which environment")
            .help(format!(
                "set the parameter `environment`, or `WINDLASS_ENV` in `plugin.env`, to {}",
                listed(all.iter().map(|environment| environment.name.as_str()))
            ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_found_without_git() {
        let of = |here: &str, source: &str| {
            let (root, before) = unpacked(Path::new(here), source);
            (root.display().to_string(), before)
        };
        assert_eq!(of("/tmp/u/systems/shop", "systems/shop"), ("/tmp/u".into(), String::new()));
        assert_eq!(of("/tmp/u/shop", "teams/ai/shop"), ("/tmp/u".into(), "teams/ai".into()));
        assert_eq!(of("/tmp/u", "."), ("/tmp/u".into(), String::new()));
    }
}
