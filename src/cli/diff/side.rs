//! The old side of a comparison: a rendered tree, a commit, or objects that were given.

use super::{Outcome, show_base};
use crate::Whole;
use crate::cli::Ending;
use crate::cli::project::{Project, Unusable};
use crate::cli::terminal::Terminal;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::diff::{live, read};
use crate::document::Node;
use crate::git::Snapshot;
use crate::kube::Object;
use crate::load::{Loaded, LoadedEnvironment};
use crate::model::Model;
use crate::source::Sources;
use crate::workspace::{ReadError, list};
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

/// Where the old side comes from.
pub(super) enum Origin<'a> {
    /// The rendered tree on disk.
    Tree,
    /// A commit: what it compiles to, or the tree that was rendered in it.
    Commit { label: &'a str, snapshot: &'a Snapshot, project: Option<Box<Project>> },
    /// Objects of a file, a folder or a cluster.
    Given(&'a [Object]),
}

impl Origin<'_> {
    /// The texts of the old documents.
    pub(super) fn sources(&self) -> Option<&Sources> {
        if let Self::Commit { project: Some(project), .. } = self { Some(&project.sources) } else { None }
    }

    /// The old documents.
    pub(super) fn loaded(&self) -> Option<&Loaded> {
        if let Self::Commit { project: Some(project), .. } = self { Some(&project.loaded) } else { None }
    }
}

/// An environment on both sides.
pub(super) struct Environment<'a> {
    pub(super) name: String,
    /// None where the change takes it away.
    pub(super) head: Option<&'a LoadedEnvironment>,
    /// None where the change brings it, or the old side is no commit.
    pub(super) base: Option<&'a LoadedEnvironment>,
}

/// The old objects, with what they were made of where that is known.
pub(super) struct Old {
    pub(super) objects: Vec<Object>,
    pub(super) model: Option<Model>,
    pub(super) root: Option<Node>,
}

impl Old {
    fn bare(objects: Vec<Object>) -> Self {
        Self { objects, model: None, root: None }
    }
}

/// The system at the base; where it cannot be loaded, that is said, and its rendered tree stands for it.
pub(super) fn base_project(
    loaded: Result<Project, Box<Unusable>>,
    outcome: &mut Outcome,
    terminal: &mut Terminal,
) -> Option<Box<Project>> {
    match loaded {
        Ok(project) => Some(Box::new(project)),
        Err(unusable) => {
            let label = outcome.report.before.clone();
            if unusable.is_missing() {
                outcome.report.notes.push(format!("the system is not in {label}: everything is new"));
            } else {
                outcome
                    .report
                    .notes
                    .push(format!("{label} does not compile: compared with the tree that was rendered there"));
                show_base(terminal, &unusable.sources, unusable.found, &label);
            }
            None
        }
    }
}

/// The environments of both sides: those named, else all. One that is in one side alone is paired with one of
/// the other that goes to the same namespace or the same folder.
pub(super) fn environments<'a>(
    head: &'a Project,
    origin: &'a Origin<'_>,
    named: &[String],
) -> Result<Vec<Environment<'a>>, Diagnostic> {
    let of_base: Vec<&LoadedEnvironment> = match origin {
        Origin::Commit { project: Some(project), .. } => project.environments(&[]).unwrap_or_default(),
        _ => Vec::new(),
    };
    let is_in_base = |name: &String| of_base.iter().any(|environment| environment.name == *name);
    let (of_head, gone): (Vec<String>, Vec<String>) = named.iter().cloned().partition(|name| {
        !is_in_base(name) || head.loaded.environments.iter().any(|environment| environment.name == *name)
    });
    let of_head = if named.is_empty() || !of_head.is_empty() { head.environments(&of_head)? } else { Vec::new() };
    let mut left: Vec<&LoadedEnvironment> = of_base;
    let mut all: Vec<Environment<'a>> = Vec::new();
    for environment in &of_head {
        let at = left.iter().position(|base| base.name == environment.name);
        all.push(Environment {
            name: environment.name.clone(),
            head: Some(environment),
            base: at.map(|at| left.remove(at)),
        });
    }
    // A new name for the same place.
    left.retain(|base| !head.loaded.environments.iter().any(|environment| environment.name == base.name));
    for environment in all.iter_mut().filter(|environment| environment.base.is_none()) {
        let place = |loaded: &LoadedEnvironment| loaded.output.clone();
        let at = environment.head.and_then(|head| left.iter().position(|base| place(base) == place(head)));
        environment.base = at.map(|at| left.remove(at));
    }
    let wanted = |base: &&LoadedEnvironment| named.is_empty() || gone.contains(&base.name);
    all.extend(left.into_iter().filter(wanted).map(|base| Environment {
        name: base.name.clone(),
        head: None,
        base: Some(base),
    }));
    Ok(all)
}

/// The old side of one environment.
pub(super) fn old(
    origin: &Origin<'_>,
    environment: &Environment<'_>,
    head: &Project,
    compiled: Option<(Option<Whole>, Diagnostics)>,
    written: &[Object],
    outcome: &mut Outcome,
    terminal: &mut Terminal,
) -> Result<Old, Ending> {
    match (origin, compiled) {
        (_, Some((Some(whole), _))) => {
            Ok(Old { objects: whole.objects, model: Some(whole.model), root: Some(whole.root) })
        }
        (Origin::Commit { label, snapshot, project: Some(project) }, Some((None, found))) => {
            outcome.report.notes.push(format!(
                "`{}` does not compile in {label}: compared with the tree that was rendered there",
                environment.name
            ));
            show_base(terminal, &project.sources, found, label);
            of_commit(snapshot, environment, terminal)
        }
        (Origin::Commit { project: None, snapshot, .. }, _) => of_commit(snapshot, environment, terminal),
        (Origin::Commit { .. }, None) => Ok(Old::bare(Vec::new())),
        (Origin::Tree, _) => of_disk(head, environment, terminal),
        (Origin::Given(objects), _) => {
            let mut ours = live::ours(objects, written);
            live::settle(&mut ours, written);
            Ok(Old::bare(ours))
        }
    }
}

fn of_commit(snapshot: &Snapshot, environment: &Environment<'_>, terminal: &mut Terminal) -> Result<Old, Ending> {
    let output = environment.head.or(environment.base).map_or("", |loaded| loaded.output.as_str());
    objects(snapshot.list(output), terminal)
}

fn of_disk(head: &Project, environment: &Environment<'_>, terminal: &mut Terminal) -> Result<Old, Ending> {
    let output = environment.head.map_or("", |loaded| loaded.output.as_str());
    let folder = head.workspace.output_folder(output).map_err(|finding| terminal.stop(finding, Ending::Findings))?;
    objects(list(&folder), terminal)
}

/// The objects of a rendered tree.
fn objects(files: Result<BTreeMap<String, Vec<u8>>, ReadError>, terminal: &mut Terminal) -> Result<Old, Ending> {
    let files = files.map_err(|error| {
        let ending = Ending::of_fault(error.is_machine_fault());
        terminal.stop(error.into(), ending)
    })?;
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let all = parsed(&files, &mut sources, &mut found);
    if found.has_errors() {
        terminal.findings_beside(&sources, found);
        return Err(Ending::Findings);
    }
    Ok(Old::bare(all))
}

fn parsed(files: &BTreeMap<String, Vec<u8>>, sources: &mut Sources, found: &mut Diagnostics) -> Vec<Object> {
    let is_manifest = |path: &&String| {
        let path = Path::new(path.as_str());
        ["yaml", "yml", "json"]
            .iter()
            .any(|ending| path.extension().is_some_and(|own| own.eq_ignore_ascii_case(ending)))
            && path.file_name().is_some_and(|name| name != crate::tree::LOCK_FILE)
    };
    let manifests = files.iter().filter(|(path, _)| is_manifest(path));
    manifests.flat_map(|(path, bytes)| read::objects(path, bytes, sources, found)).collect()
}

/// The objects of `--against`.
pub(super) fn given(here: &Path, path: &Path) -> Result<Vec<Object>, (Sources, Diagnostics, Ending)> {
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let files = if path.as_os_str() == "-" { stdin() } else { on_disk(&here.join(path), path) };
    let files = match files {
        Ok(files) => files,
        Err((finding, ending)) => {
            found.push(*finding);
            return Err((sources, found, ending));
        }
    };
    let objects = parsed(&files, &mut sources, &mut found);
    if found.has_errors() { Err((sources, found, Ending::Findings)) } else { Ok(objects) }
}

type Files = Result<BTreeMap<String, Vec<u8>>, (Box<Diagnostic>, Ending)>;

fn stdin() -> Files {
    let mut bytes = Vec::new();
    match std::io::stdin().lock().read_to_end(&mut bytes) {
        Ok(_) => Ok(BTreeMap::from([("standard-input.yaml".to_owned(), bytes)])),
        Err(error) => {
            let error = ReadError::io("standard input", &error);
            Err((Box::new(error.into()), Ending::Machine))
        }
    }
}

fn on_disk(place: &Path, shown: &Path) -> Files {
    if !place.exists() {
        let shown = shown.display().to_string();
        let error = ReadError::NotFound { path: shown.clone(), missing: shown, near: None };
        return Err((Box::new(error.into()), Ending::Usage));
    }
    list(place).map_err(|error| {
        let ending = Ending::of_fault(error.is_machine_fault());
        (Box::new(error.into()), ending)
    })
}
