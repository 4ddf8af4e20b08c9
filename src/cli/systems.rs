//! Which systems a command works on, and in which of their environments.

use super::project::{Project, Unusable, folder, located, located_at};
use super::{Ending, Global};
use crate::diagnostic::{Diagnostic, code};
use crate::git::{GitError, Repository, Snapshot};
use crate::load::{Affected, Files, LoadedEnvironment, affected};
use crate::workspace::{FILE_LIMIT, ReadError, Workspace};
use crate::{Compiled, compile};
use clap::Args;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What pre-commit says when it runs for a push: the commits between which files changed.
const PUSHED: [&str; 2] = ["PRE_COMMIT_FROM_REF", "PRE_COMMIT_TO_REF"];

/// What is said where no system has to be looked at.
pub(super) const UNAFFECTED: &str = "nothing changed that a system reads";

/// The systems of the command line.
#[derive(Debug, Args)]
pub(super) struct Systems {
    /// System files; otherwise the one that is found
    #[arg(value_name = "SYSTEM")]
    pub(super) named: Vec<PathBuf>,
    /// Every `system.yaml` of the repository, without those that Git ignores
    #[arg(long, conflicts_with = "named")]
    pub(super) all: bool,
    /// Only what files affect that changed since this commit, branch or tag; `a...b` is where the two parted.
    /// Of every system unless some are named
    #[arg(long, value_name = "REF")]
    pub(super) changed_since: Option<String>,
    /// What is staged instead of the working tree, and only what the staged files affect; where nothing is
    /// staged, all of it. Of every system unless some are named
    #[arg(long, conflicts_with = "changed_since")]
    pub(super) staged: bool,
}

/// Why there are no systems to work on.
pub(super) type Stop = (Box<Diagnostic>, Ending);

/// The systems that were chosen, and where they are read.
pub(super) struct Chosen {
    pub(super) systems: Vec<Choice>,
    /// A commit, or what is staged; otherwise the disk.
    pub(super) commit: Option<(Repository, Snapshot)>,
    /// Whether there may be more than one.
    pub(super) several: bool,
    /// Systems were found, and none of them is affected by what changed.
    pub(super) unaffected: bool,
}

/// One system.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    /// The file; `None` for the one that is found here.
    pub(super) system: Option<PathBuf>,
    /// The environments, by the paths of their files; `None` for all.
    pub(super) only: Option<BTreeSet<String>>,
}

impl Choice {
    pub(super) fn whole(system: Option<PathBuf>) -> Self {
        Self { system, only: None }
    }
}

impl Systems {
    /// Whether one system is worked on, without a search.
    fn is_one(&self) -> bool {
        !self.all && !self.staged && self.changed_since.is_none() && self.named.len() < 2
    }

    /// The systems to work on, as they are on disk or staged.
    pub(super) fn choose(&self, global: &Global) -> Result<Chosen, Stop> {
        let commit = if self.staged { Some(staged(global)?) } else { None };
        self.choose_at(global, commit, None)
    }

    /// The same in a commit, if one is given; `base` is what they are compared with, so that only what changed
    /// since then can differ.
    pub(super) fn choose_at(
        &self,
        global: &Global,
        commit: Option<(Repository, Snapshot)>,
        base: Option<&Snapshot>,
    ) -> Result<Chosen, Stop> {
        if self.is_one() {
            let systems = vec![Choice::whole(self.named.first().cloned())];
            return Ok(Chosen { systems, commit, several: false, unaffected: false });
        }
        let systems = self.list(global, commit.as_ref())?;
        let changed = self.changed(global, commit.as_ref(), base)?;
        let Some(changed) = changed else {
            let systems = systems.into_iter().map(|system| Choice::whole(Some(system))).collect();
            return Ok(Chosen { systems, commit, several: true, unaffected: false });
        };
        let some = !systems.is_empty();
        let systems = narrowed(global, systems, commit.as_ref(), &changed);
        Ok(Chosen { unaffected: some && systems.is_empty(), several: true, systems, commit })
    }

    /// Every system that may be worked on: those named, else all there are.
    fn list(&self, global: &Global, commit: Option<&(Repository, Snapshot)>) -> Result<Vec<PathBuf>, Stop> {
        if !self.named.is_empty() {
            return Ok(self.named.clone());
        }
        if let Some(system) = global.system.as_ref().filter(|_| !self.all) {
            return Ok(vec![system.clone()]);
        }
        let (root, found) = match commit {
            Some((repository, snapshot)) => (repository.root().to_path_buf(), snapshot.systems()),
            None => on_disk(&folder(global))?,
        };
        let found = found.map_err(of_reading)?;
        if found.is_empty() {
            return Err((Box::new(none_found()), Ending::Findings));
        }
        Ok(found.iter().map(|path| root.join(path)).collect())
    }

    /// The files that changed; `None` where everything counts.
    fn changed(
        &self,
        global: &Global,
        commit: Option<&(Repository, Snapshot)>,
        base: Option<&Snapshot>,
    ) -> Result<Option<BTreeSet<String>>, Stop> {
        let of_git = |error| of_git(error);
        if let Some(reference) = &self.changed_since {
            let repository = Repository::discover(&folder(global)).map_err(of_git)?;
            let since = repository.commit(reference).map_err(of_git)?;
            let head = commit.map(|(_, snapshot)| snapshot);
            return repository.changed_since(&since, head).map(Some).map_err(of_git);
        }
        if let Some(base) = base.filter(|_| self.all) {
            let repository = Repository::discover(&folder(global)).map_err(of_git)?;
            let head = commit.map(|(_, snapshot)| snapshot);
            return repository.changed_since(base, head).map(Some).map_err(of_git);
        }
        let Some((repository, snapshot)) = commit.filter(|_| self.staged) else { return Ok(None) };
        let mut changed = repository.staged_changes(snapshot).map_err(of_git)?;
        if let [Some(from), Some(to)] = PUSHED.map(|name| std::env::var(name).ok().filter(|value| !value.is_empty())) {
            let (from, to) = (repository.commit(&from).map_err(of_git)?, repository.commit(&to).map_err(of_git)?);
            changed.extend(repository.changed_since(&from, Some(&to)).map_err(of_git)?);
        }
        Ok(Some(changed).filter(|changed| !changed.is_empty()))
    }
}

impl Chosen {
    /// Loads all of them, in their order; apart from those that cannot be used.
    pub(super) fn open_all(&self, global: &Global) -> (Vec<Project>, Vec<Unusable>) {
        let (mut projects, mut unusable) = (Vec::new(), Vec::new());
        for opened in self.open(global) {
            match opened {
                Ok(project) => projects.push(project),
                Err(one) => unusable.push(*one),
            }
        }
        (projects, unusable)
    }

    fn open(&self, global: &Global) -> Vec<Result<Project, Box<Unusable>>> {
        let narrow = |opened: Result<Project, Box<Unusable>>, choice: &Choice| {
            opened.map(|project| Project { only: choice.only.clone(), ..project })
        };
        match &self.commit {
            None => {
                let open = |choice: &Choice| narrow(Project::open(global, choice.system.as_ref()), choice);
                self.systems.par_iter().map(open).collect()
            }
            Some((repository, snapshot)) => {
                let open =
                    |choice: &Choice| narrow(Project::at(global, choice.system.as_ref(), repository, snapshot), choice);
                self.systems.par_iter().map(open).collect()
            }
        }
    }
}

/// The environments of each system: those named, else all that are not abstract. A name has to be known in one of
/// the systems; `partial` where some of them could not be loaded, and may know it.
pub(super) fn environments<'a>(
    projects: &'a [Project],
    named: &[String],
    partial: bool,
) -> Result<Vec<Vec<&'a LoadedEnvironment>>, Diagnostic> {
    if let Some(first) = projects.first().filter(|_| !partial) {
        let is_known = |name: &String| projects.iter().any(|project| project.has(name));
        if let Some(unknown) = named.iter().find(|name| !is_known(name)) {
            return Err(first.unknown(unknown));
        }
    }
    let of = |project: &'a Project| {
        let own: Vec<String> = named.iter().filter(|name| project.has(name)).cloned().collect();
        if own.is_empty() && !named.is_empty() { Ok(Vec::new()) } else { project.environments(&own) }
    };
    projects.iter().map(of).collect()
}

/// Compiles the environments of all systems side by side; what is made of each comes back in their order.
pub(super) fn compile_all<'a, T: Send>(
    projects: &'a [Project],
    environments: &[Vec<&'a LoadedEnvironment>],
    then: impl Fn(&'a LoadedEnvironment, Compiled) -> T + Sync,
) -> Vec<Vec<T>> {
    let pairs = projects.iter().zip(environments);
    let work: Vec<_> = pairs.flat_map(|(project, list)| list.iter().map(move |one| (&project.loaded, *one))).collect();
    let made: Vec<T> =
        work.into_par_iter().map(|(loaded, environment)| then(environment, compile(loaded, environment))).collect();
    let mut made = made.into_iter();
    environments.iter().map(|list| made.by_ref().take(list.len()).collect()).collect()
}

/// What is staged in the repository around the command.
pub(super) fn staged(global: &Global) -> Result<(Repository, Snapshot), Stop> {
    let repository = Repository::discover(&folder(global)).map_err(of_git)?;
    let snapshot = repository.staged().map_err(of_git)?;
    Ok((repository, snapshot))
}

type Found = (PathBuf, Result<Vec<String>, ReadError>);

fn on_disk(here: &Path) -> Result<Found, Stop> {
    let workspace = Workspace::open(here).map_err(of_reading)?;
    let repository = Repository::discover(workspace.root()).ok();
    let skip = |path: &str| repository.as_ref().is_some_and(|repository| repository.ignores(&format!("{path}/")));
    let found = workspace.systems(&skip);
    Ok((workspace.root().to_path_buf(), found))
}

/// The systems that files affect. One that cannot be found stays: opening it says why.
fn narrowed(
    global: &Global,
    systems: Vec<PathBuf>,
    commit: Option<&(Repository, Snapshot)>,
    changed: &BTreeSet<String>,
) -> Vec<Choice> {
    if let Some((repository, snapshot)) = commit {
        let of = |system: PathBuf| {
            let Ok(located) = located_at(global, Some(&system), repository, snapshot) else {
                return Some(Choice::whole(Some(system)));
            };
            let (read, expand) =
                (|path: &str| snapshot.read(path, FILE_LIMIT), |pattern: &str| snapshot.expand(pattern));
            choice(system, &located.1, &located.2, (&read, &expand), changed)
        };
        return systems.into_par_iter().filter_map(of).collect();
    }
    let of = |system: PathBuf| {
        let Ok((workspace, path, environments)) = located(global, Some(&system)) else {
            return Some(Choice::whole(Some(system)));
        };
        let (read, expand) = (|path: &str| workspace.read(path, FILE_LIMIT), |pattern: &str| workspace.expand(pattern));
        choice(system, &path, &environments, (&read, &expand), changed)
    };
    systems.into_par_iter().filter_map(of).collect()
}

type Read<'a> = dyn Fn(&str) -> Result<Vec<u8>, ReadError> + 'a;
type Expand<'a> = dyn Fn(&str) -> Result<Vec<String>, ReadError> + 'a;

fn choice(
    system: PathBuf,
    path: &str,
    environments: &[String],
    (read, expand): (&Read<'_>, &Expand<'_>),
    changed: &BTreeSet<String>,
) -> Option<Choice> {
    let read = |path: &str| read(path).map_err(Diagnostic::from);
    let expand = |pattern: &str| expand(pattern).map_err(Diagnostic::from);
    let beside = environments.first().and_then(|path| path.rsplit_once('/')).map_or("", |(folder, _)| folder);
    match affected(Files { read: &read, expand: &expand }, path, (beside, environments), changed) {
        Affected::Nothing => None,
        Affected::Environments(only) => Some(Choice { system: Some(system), only: Some(only) }),
        Affected::Everything => Some(Choice::whole(Some(system))),
    }
}

fn none_found() -> Diagnostic {
    Diagnostic::error(code::SYSTEM_NOT_FOUND, "no folder of the repository has a `system.yaml`")
        .help("name the file, as in `windlass check path/to/system.yaml`, or write a first one with `windlass init`")
}

fn of_git(error: GitError) -> Stop {
    let ending = Ending::of_fault(error.is_machine_fault());
    (Box::new(error.into()), ending)
}

fn of_reading(error: ReadError) -> Stop {
    let ending = Ending::of_fault(error.is_machine_fault());
    (Box::new(error.into()), ending)
}
