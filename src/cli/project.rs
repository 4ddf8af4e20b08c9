//! Finding a system and its environments, and loading them.

use super::terminal::Terminal;
use super::{Ending, Global};
use crate::diagnostic::{Diagnostic, Diagnostics, code, listed, nearest};
use crate::load::{Files, Loaded, LoadedEnvironment, load};
use crate::source::Sources;
use crate::workspace::{FILE_LIMIT, Workspace};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A system in memory, and where it came from.
pub(super) struct Project {
    pub(super) workspace: Workspace,
    pub(super) sources: Sources,
    pub(super) loaded: Loaded,
    pub(super) found: Diagnostics,
    /// Comments that silenced something.
    pub(super) allowed: BTreeSet<usize>,
}

/// A system that cannot be used, with what was found on the way.
pub(super) struct Unusable {
    /// `None` where not even the repository was found.
    pub(super) workspace: Option<Workspace>,
    pub(super) sources: Sources,
    pub(super) found: Diagnostics,
    ending: Ending,
}

impl Unusable {
    /// Shows why, and how the command ends.
    pub(super) fn show(self, terminal: &mut Terminal, answer: bool) -> Ending {
        terminal.findings(&self.sources, self.found, answer);
        self.ending
    }
}

impl Project {
    /// Finds and loads the system.
    pub(super) fn open(global: &Global, named: Option<&PathBuf>) -> Result<Self, Box<Unusable>> {
        let mut found = Diagnostics::new();
        let (workspace, system, environments) = match locate(global, named) {
            Ok(located) => located,
            Err((finding, ending)) => {
                found.push(*finding);
                return Err(Box::new(Unusable { workspace: None, sources: Sources::new(), found, ending }));
            }
        };
        let machine = std::cell::Cell::new(false);
        let read = |path: &str| {
            workspace.read(path, FILE_LIMIT).map_err(|error| {
                machine.set(machine.get() || error.is_machine_fault());
                Diagnostic::from(error)
            })
        };
        let expand = |pattern: &str| {
            workspace.expand(pattern).map_err(|error| {
                machine.set(machine.get() || error.is_machine_fault());
                Diagnostic::from(error)
            })
        };
        let (sources, loaded) = load(Files { read: &read, expand: &expand }, &system, &environments, &mut found);
        if let Some(mut loaded) = loaded {
            loaded.denied.clone_from(&global.deny);
            let allowed = loaded.settle(&mut found);
            return Ok(Self { workspace, sources, loaded, found, allowed });
        }
        let ending = if machine.get() { Ending::Machine } else { Ending::Findings };
        Err(Box::new(Unusable { workspace: Some(workspace), sources, found, ending }))
    }

    /// The environments to compile: those named, else all that are not abstract.
    pub(super) fn environments(&self, named: &[String]) -> Result<Vec<&LoadedEnvironment>, Diagnostic> {
        let concrete = || self.loaded.environments.iter().filter(|environment| !environment.is_abstract);
        if named.is_empty() {
            return Ok(concrete().collect());
        }
        named
            .iter()
            .map(|name| concrete().find(|environment| environment.name == *name).ok_or_else(|| self.unknown(name)))
            .collect()
    }

    fn unknown(&self, name: &str) -> Diagnostic {
        let known: Vec<&str> = self.loaded.environments.iter().map(|environment| environment.name.as_str()).collect();
        let finding = Diagnostic::error(code::ENVIRONMENT_NOT_FOUND, format!("there is no environment `{name}`"));
        match nearest(name, known.iter().copied()) {
            Some(near) if near != name => finding.help(format!("a similar one is `{near}`")),
            Some(_) => finding
                .reason("it is `abstract: true`: a base, never compiled by itself")
                .help("name an environment that extends it"),
            None => finding.help(format!("environments are {}", listed(known))),
        }
    }
}

type Located = (Workspace, String, Vec<String>);

fn locate(global: &Global, named: Option<&PathBuf>) -> Result<Located, (Box<Diagnostic>, Ending)> {
    let wrong = |finding: Diagnostic| (Box::new(finding), Ending::Findings);
    let from = folder(global);
    let given = named.or(global.system.as_ref()).map(|path| from.join(path));
    // A system that is named may lie in another repository than the one here.
    let home = given.as_deref().and_then(Path::parent).filter(|folder| folder.is_dir()).unwrap_or(&from);
    let workspace = Workspace::open(home).map_err(|error| wrong(error.into()))?;
    let system = workspace.find_system(given.as_deref(), &from).map_err(wrong)?;
    let environments = global.environments.as_ref().map(|path| from.join(path));
    let environments = workspace.environments(&system, environments.as_deref()).map_err(wrong)?;
    Ok((workspace, system, environments))
}

/// The folder in which the command runs.
pub(super) fn folder(global: &Global) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    global.directory.as_ref().map_or(here.clone(), |directory| here.join(directory))
}
