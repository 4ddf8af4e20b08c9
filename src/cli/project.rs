//! Finding a system and its environments, and loading them.

use super::terminal::Terminal;
use super::{Ending, Global};
use crate::diagnostic::{Diagnostic, Diagnostics, code, listed, nearest};
use crate::git::{Repository, Snapshot};
use crate::load::{Files, Loaded, LoadedEnvironment, load};
use crate::source::Sources;
use crate::workspace::{FILE_LIMIT, ReadError, Workspace};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Gives the bytes of a file, from disk or from a commit.
type Read<'a> = dyn Fn(&str) -> Result<Vec<u8>, ReadError> + 'a;
/// Gives the files that a pattern names there.
type Expand<'a> = dyn Fn(&str) -> Result<Vec<String>, ReadError> + 'a;

/// A system in memory, and where it came from.
pub(super) struct Project {
    pub(super) workspace: Workspace,
    pub(super) sources: Sources,
    pub(super) loaded: Loaded,
    pub(super) found: Diagnostics,
    /// Comments that silenced something.
    pub(super) allowed: BTreeSet<usize>,
    /// The environments that are worked on, by the paths of their files; `None` for all.
    pub(super) only: Option<BTreeSet<String>>,
}

/// A system that cannot be used, with what was found on the way.
pub(super) struct Unusable {
    /// `None` where not even the repository was found.
    pub(super) workspace: Option<Workspace>,
    pub(super) sources: Sources,
    pub(super) found: Diagnostics,
    pub(super) ending: Ending,
}

impl Unusable {
    /// Shows why, and how the command ends.
    pub(super) fn show(self, terminal: &mut Terminal, answer: bool) -> Ending {
        terminal.findings(&self.sources, self.found, answer);
        self.ending
    }

    /// Shows why as text, beside an answer in another form.
    pub(super) fn show_beside(self, terminal: &mut Terminal) -> Ending {
        terminal.findings_beside(&self.sources, self.found);
        self.ending
    }

    /// Whether there is no system at all.
    pub(super) fn is_missing(&self) -> bool {
        self.workspace.is_none()
    }
}

impl Project {
    /// Finds and loads the system.
    pub(super) fn open(global: &Global, named: Option<&PathBuf>) -> Result<Self, Box<Unusable>> {
        Self::open_located(global, located(global, named))
    }

    /// Loads the system from where it was found.
    pub(super) fn open_located(
        global: &Global,
        located: Result<Located, (Box<Diagnostic>, Ending)>,
    ) -> Result<Self, Box<Unusable>> {
        let mut found = Diagnostics::new();
        let (workspace, system, environments) = match located {
            Ok(located) => located,
            Err((finding, ending)) => {
                found.push(*finding);
                return Err(Box::new(Unusable { workspace: None, sources: Sources::new(), found, ending }));
            }
        };
        let read = |path: &str| workspace.read(path, FILE_LIMIT);
        let expand = |pattern: &str| workspace.expand(pattern);
        let located = (workspace.clone(), system, environments);
        Self::load(global, located, (&read, &expand), found)
    }

    /// Finds and loads the system as it was in a commit; what is on disk does not matter, nor whether it is there.
    pub(super) fn at(
        global: &Global,
        named: Option<&PathBuf>,
        repository: &Repository,
        snapshot: &Snapshot,
    ) -> Result<Self, Box<Unusable>> {
        let mut found = Diagnostics::new();
        let (workspace, system, environments) = match located_at(global, named, repository, snapshot) {
            Ok(located) => located,
            Err(finding) => {
                found.push(*finding);
                let ending = Ending::Findings;
                return Err(Box::new(Unusable { workspace: None, sources: Sources::new(), found, ending }));
            }
        };
        let read = |path: &str| snapshot.read(path, FILE_LIMIT);
        let expand = |pattern: &str| snapshot.expand(pattern);
        Self::load(global, (workspace, system, environments), (&read, &expand), found)
    }

    fn load(
        global: &Global,
        (workspace, system, environments): Located,
        (read, expand): (&Read<'_>, &Expand<'_>),
        mut found: Diagnostics,
    ) -> Result<Self, Box<Unusable>> {
        crate::verify::prepare();
        let machine = std::cell::Cell::new(false);
        let finding = |error: ReadError| {
            machine.set(machine.get() || error.is_machine_fault());
            Diagnostic::from(error)
        };
        let read = |path: &str| read(path).map_err(finding);
        let expand = |pattern: &str| expand(pattern).map_err(finding);
        let (sources, loaded) = load(Files { read: &read, expand: &expand }, &system, &environments, &mut found);
        if let Some(mut loaded) = loaded {
            loaded.denied.clone_from(&global.deny);
            let allowed = loaded.settle(&mut found);
            return Ok(Self { workspace, sources, loaded, found, allowed, only: None });
        }
        let ending = if machine.get() { Ending::Machine } else { Ending::Findings };
        Err(Box::new(Unusable { workspace: Some(workspace), sources, found, ending }))
    }

    /// The environments to compile: those named, else all that are not abstract; of these, those worked on.
    pub(super) fn environments(&self, named: &[String]) -> Result<Vec<&LoadedEnvironment>, Diagnostic> {
        let concrete = || self.loaded.environments.iter().filter(|environment| !environment.is_abstract);
        let of_name =
            |name: &String| concrete().find(|environment| environment.name == *name).ok_or_else(|| self.unknown(name));
        let mut chosen: Vec<&LoadedEnvironment> = if named.is_empty() {
            concrete().collect()
        } else {
            named.iter().map(of_name).collect::<Result<_, _>>()?
        };
        let is_worked_on = |path: &String| self.only.as_ref().is_none_or(|only| only.contains(path));
        // A base is not compiled: what changes in it is in those that extend it.
        chosen.retain(|environment| is_worked_on(&environment.path));
        Ok(chosen)
    }

    /// Whether it has an environment of this name to compile.
    pub(super) fn has(&self, name: &str) -> bool {
        self.loaded.environments.iter().any(|environment| !environment.is_abstract && environment.name == name)
    }

    pub(super) fn unknown(&self, name: &str) -> Diagnostic {
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

pub(super) type Located = (Workspace, String, Vec<String>);

pub(super) fn located(global: &Global, named: Option<&PathBuf>) -> Result<Located, (Box<Diagnostic>, Ending)> {
    let wrong = |finding: Diagnostic| (Box::new(finding), Ending::Findings);
    let from = folder(global);
    let given = named.or(global.system.as_ref()).map(|path| from.join(path));
    // A system that is named may lie in another repository than the one here.
    let home = given.as_deref().and_then(Path::parent).filter(|folder| folder.is_dir()).unwrap_or(&from);
    let workspace = Workspace::open(home).map_err(|error| wrong(error.into()))?;
    located_in(global, named, workspace)
}

/// The same where the root is known.
pub(super) fn located_in(
    global: &Global,
    named: Option<&PathBuf>,
    workspace: Workspace,
) -> Result<Located, (Box<Diagnostic>, Ending)> {
    let wrong = |finding: Diagnostic| (Box::new(finding), Ending::Findings);
    let from = folder(global);
    let given = named.or(global.system.as_ref()).map(|path| from.join(path));
    let system = workspace.find_system(given.as_deref(), &from).map_err(wrong)?;
    let environments = global.environments.as_ref().map(|path| from.join(path));
    let environments = workspace.environments(&system, environments.as_deref()).map_err(wrong)?;
    Ok((workspace, system, environments))
}

/// The same in a commit: paths of the command line are taken by their names, since nothing has to be on disk.
pub(super) fn located_at(
    global: &Global,
    named: Option<&PathBuf>,
    repository: &Repository,
    snapshot: &Snapshot,
) -> Result<Located, Box<Diagnostic>> {
    let from = folder(global);
    let workspace = Workspace::at(repository.root()).map_err(|error| Box::new(error.into()))?;
    let path_of = |path: &PathBuf| repository.path_of(&from.join(path)).map_err(|error| Box::new(error.into()));
    let given = named.or(global.system.as_ref()).map(path_of).transpose()?;
    let system = snapshot.find_system(given.as_deref(), &path_of(&from)?)?;
    let given = global.environments.as_ref().map(path_of).transpose()?;
    let environments = snapshot.environments(&system, given.as_deref())?;
    Ok((workspace, system, environments))
}

/// The folder in which the command runs.
pub(super) fn folder(global: &Global) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    global.directory.as_ref().map_or(here.clone(), |directory| here.join(directory))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::git::tests::Ground;
    use clap::Parser;

    const SYSTEM: &str = "apiVersion: windlass/v1\nkind: System\nname: shop\ncomponents: {}\n";
    const ENVIRONMENT: &str = "apiVersion: windlass/v1\nkind: Environment\ntarget: {kubernetes: \"1.35\"}\n";

    #[derive(Parser)]
    struct Arguments {
        #[command(flatten)]
        global: Global,
    }

    fn global(folder: &Path) -> Global {
        Arguments::parse_from(["windlass".as_ref(), "-C".as_ref(), folder.as_os_str()]).global
    }

    #[test]
    fn a_commit_is_loaded_as_it_was() {
        let ground = Ground::new();
        ground.write("apps/shop/system.yaml", SYSTEM);
        ground.write("apps/shop/environments/production.yaml", ENVIRONMENT);
        ground.commit("x");
        ground.git(&["mv", "apps/shop/environments/production.yaml", "apps/shop/environments/staging.yaml"]);
        let repository = Repository::discover(ground.path()).expect("a repository");
        let global = global(&ground.path().join("apps/shop"));
        let snapshot = repository.head().expect("a commit");
        let Ok(project) = Project::at(&global, None, &repository, &snapshot) else { panic!("it loads") };
        assert_eq!(project.loaded.path, "apps/shop/system.yaml");
        assert_eq!(project.loaded.environments[0].path, "apps/shop/environments/production.yaml");
        assert!(project.sources.files().iter().any(|source| source.path == "apps/shop/system.yaml"));
        let Ok(project) = Project::open(&global, None) else { panic!("it loads") };
        assert_eq!(project.loaded.environments[0].name, "staging");
    }

    #[test]
    fn what_a_commit_lacks_is_a_finding() {
        let ground = Ground::new();
        ground.write("system.yaml", SYSTEM);
        ground.commit("x");
        ground.write("environments/production.yaml", ENVIRONMENT);
        let repository = Repository::discover(ground.path()).expect("a repository");
        let (global, snapshot) = (global(ground.path()), repository.head().expect("a commit"));
        let at = |named: Option<&PathBuf>| Project::at(&global, named, &repository, &snapshot);
        let messages = |named| match at(named) {
            Ok(_) => panic!("it loads"),
            Err(unusable) => unusable.found.sorted().into_iter().map(|finding| finding.message).collect::<Vec<_>>(),
        };
        assert_eq!(messages(None), ["`system.yaml` has no environment"]);
        assert_eq!(messages(Some(&"other.yaml".into())), ["`other.yaml` does not exist"]);
    }
}
