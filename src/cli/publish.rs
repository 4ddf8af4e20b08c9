//! `windlass publish`

use super::gate;
use super::project::{Project, folder};
use super::terminal::Terminal;
use super::{Ending, Global};
use crate::diagnostic::{Diagnostic, Diagnostics, code};
use crate::diff::{diff, read};
use crate::git::publish::{Destination, Output, PublishError, Published, Request, Source, folder_in_branch, publish};
use crate::git::{GitError, Repository};
use crate::kube::Object;
use crate::load::LoadedEnvironment;
use crate::review::{Acknowledgements, Comparison, Documents, Gate, Merged, Review, Side};
use crate::source::Sources;
use crate::tree::Tree;
use crate::workspace::inside;
use crate::{Whole, compile_whole, render};
use clap::Args;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::path::PathBuf;
use std::time::Duration;

/// Commit the manifests of environments to a branch that a controller follows, and push
///
/// The branch needs no checkout. Only files that Windlass wrote there are changed or removed; a file edited
/// by hand stops it. Nothing to do makes no commit. If others push first, it starts again from their
/// commit; it never pushes by force. Credentials, signing and hooks are those of `git push`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  windlass publish --env production --to https://git.example.com/deploy.git#main\n  windlass publish --env production --to ../deploy --path shop/production --dry-run\n  windlass publish --env staging --to https://git.example.com/deploy.git#environment/staging --promoter"
)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(super) struct Publish {
    /// The system file; otherwise the one that is found
    #[arg(value_name = "SYSTEM")]
    system: Option<PathBuf>,
    /// The environment; may be repeated
    #[arg(long, short, value_name = "ENVIRONMENT", required = true)]
    env: Vec<String>,
    /// A clone, whose remote is meant, a bare repository, or a URL; without a branch, the usual one
    #[arg(long, value_name = "DIR|URL[#BRANCH]")]
    to: String,
    /// The folder in the branch, `.` for its root; with several environments, a folder for each in it;
    /// otherwise that of `windlass build`, or the root with `--promoter`
    #[arg(long, value_name = "PATH")]
    path: Option<String>,
    /// Say what would change, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// The first lines of the commit message
    #[arg(long, short, value_name = "TEXT")]
    message: Option<String>,
    /// Who wrote the commit, as in `Name <address>`; otherwise the user of Git
    #[arg(long, value_name = "AUTHOR")]
    author: Option<String>,
    /// Sign the commit, as `git commit -S` does
    #[arg(long)]
    sign: bool,
    /// Push to this branch instead, for a pull request
    #[arg(long, value_name = "BRANCH")]
    pr_branch: Option<String>,
    /// Push to the branch that GitOps Promoter proposes from, with its metadata and note
    #[arg(long, conflicts_with = "pr_branch")]
    promoter: bool,
    /// Start the branch if the repository does not have it
    #[arg(long)]
    create: bool,
    /// Publish a system that differs from its commit, without naming a source
    #[arg(long)]
    allow_dirty: bool,
    /// Allow the output to become empty or suddenly small
    #[arg(long)]
    allow_prune: bool,
    /// How often to start again when others push first
    #[arg(long, value_name = "NUMBER", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    attempts: u32,
}

impl Publish {
    pub(super) fn run(&self, global: &Global, terminal: &mut Terminal) -> Ending {
        let mut project = match Project::open(global, self.system.as_ref()) {
            Ok(project) => project,
            Err(unusable) => return unusable.show(terminal, false),
        };
        let said = RefCell::new(gate::acknowledgements(&mut project, None));
        let mut found = std::mem::take(&mut project.found);
        let environments = match project.environments(&self.env) {
            Ok(environments) => environments,
            Err(finding) => {
                found.push(finding);
                terminal.findings(&project.sources, found, false);
                return Ending::Usage;
            }
        };
        let trees = trees(&project, &environments, &mut found);
        let is_complete = trees.len() == environments.len() && !found.has_errors();
        terminal.findings(&project.sources, found, false);
        if !is_complete {
            return Ending::Findings;
        }
        match self.publish(global, &project, &trees, &said) {
            Ok(published) => self.report(&published, terminal),
            Err(error) => refuse(error, terminal),
        }
    }

    fn publish(
        &self,
        global: &Global,
        project: &Project,
        trees: &[(&LoadedEnvironment, Whole, Tree)],
        said: &RefCell<Acknowledgements>,
    ) -> Result<Published, PublishError> {
        let from = folder(global);
        let outputs = trees.iter().map(|(environment, _, tree)| {
            let path = self.path_of(environment, trees.len())?;
            Ok(Output { environment: &environment.name, path, tree })
        });
        let request = Request {
            destination: Destination::parse(&self.to)?,
            from: &from,
            system: project.loaded.system.get("name").and_then(crate::document::Node::as_text).unwrap_or_default(),
            outputs: outputs.collect::<Result<_, PublishError>>()?,
            source: self.source(global, project)?,
            subject: self.message.as_deref(),
            author: self.author.as_deref(),
            sign: self.sign,
            pr_branch: self.pr_branch.as_deref(),
            promoter: self.promoter,
            create: self.create,
            allow_prune: self.allow_prune,
            dry_run: self.dry_run,
            attempts: self.attempts,
        };
        if self.promoter && request.outputs.len() > 1 {
            return Err(wrong("`--promoter` publishes one environment to its own branch, and there are several").into());
        }
        let review = |name: &str, old: &Tree, _: &Tree| {
            let whole = trees.iter().find(|(environment, ..)| environment.name == name).map(|(_, whole, _)| whole);
            whole.map_or(Ok(Vec::new()), |whole| review(name, old, whole, project, &mut said.borrow_mut()))
        };
        publish(&request, &review, &pause)
    }

    fn path_of(&self, environment: &LoadedEnvironment, count: usize) -> Result<String, PublishError> {
        match &self.path {
            Some(path) if count > 1 => Ok(inside(&folder_in_branch(path)?, &environment.name)),
            Some(path) => folder_in_branch(path),
            None if self.promoter => Ok(String::new()),
            None => folder_in_branch(&environment.output),
        }
    }

    /// The commit that was rendered: the files must be as they are there.
    fn source(&self, global: &Global, project: &Project) -> Result<Option<Source>, PublishError> {
        let repository = match Repository::discover(project.workspace.root()) {
            Err(GitError::NotARepository { .. }) if !self.promoter => return Ok(None),
            other => other?,
        };
        let head = match repository.head() {
            Err(GitError::Unborn { .. }) if self.allow_dirty => return Ok(None),
            other => other?,
        };
        let committed = Project::at(global, self.system.as_ref(), &repository, &head);
        let differs = match &committed {
            Ok(committed) => difference(project, committed),
            Err(_) => Some(project.loaded.path.clone()),
        };
        match differs {
            None => Ok(Some(Source::of(&repository, &head)?)),
            Some(_) if self.allow_dirty && !self.promoter => Ok(None),
            Some(path) => Err(Diagnostic::error(code::SOURCE_DIRTY, format!("`{path}` is not as it is committed"))
                .reason("the commit that is published names the one that it was rendered from")
                .help("commit first, or publish without naming a source with `--allow-dirty`")
                .into()),
        }
    }

    fn report(&self, published: &Published, terminal: &mut Terminal) -> Ending {
        let Published { branch, commit, environments, files, remarks } = published;
        for (name, summary) in environments {
            if self.dry_run {
                terminal.out(&format!("{name}: {}\n{}", summary.counts(), summary.lines()));
            } else {
                terminal.report(&format!("{name}: {}", summary.counts()));
            }
        }
        remarks.iter().for_each(|line| terminal.report(&format!("remote: {line}")));
        terminal.report(&match commit {
            Some(commit) => format!("{branch}: {} files in commit {commit}", files.len()),
            None if self.dry_run && !files.is_empty() => format!("{branch}: {} files would change", files.len()),
            None => format!("{branch}: up to date"),
        });
        Ending::Clean
    }
}

/// What the policy of an environment says of a change: lines for the message of the commit, or what stops it.
fn review(
    name: &str,
    old: &Tree,
    new: &Whole,
    project: &Project,
    said: &mut Acknowledgements,
) -> Result<Vec<String>, Vec<Diagnostic>> {
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let manifests = old.iter().filter(|(_, file)| file.object.is_some());
    let before: Vec<Object> =
        manifests.flat_map(|(path, file)| read::objects(path, &file.bytes, &mut sources, &mut found)).collect();
    let changes = diff(&before, &new.objects);
    let comparison = Comparison {
        before: Side::new(&before, None),
        after: Side::new(&new.objects, Some(&new.model)),
        changes: &changes,
    };
    let documents = Documents::new(None, Some(Merged { root: &new.root, sources: &project.sources }));
    let mut review = Review::of(&new.model.system, name, &comparison, &documents);
    let gate = Gate::new(gate::policy(&new.root).as_ref(), &[]);
    said.judge(&mut review, &gate, &|_| false);
    let stops: Vec<Diagnostic> = review.stops().map(gate::finding).collect();
    if !stops.is_empty() {
        return Err(stops);
    }
    let counts: Vec<String> = review.by_class().iter().map(|(class, count)| format!("{count} {class}")).collect();
    Ok(if counts.is_empty() { Vec::new() } else { vec![format!("Risks: {}", counts.join(", "))] })
}

/// Waits before another attempt: longer each time, and not as long as others do.
fn pause(attempt: u32) {
    const FIRST: u64 = 50;
    const LONGEST: u64 = 5_000;
    let longest = FIRST.saturating_mul(1 << attempt.min(10)).min(LONGEST);
    // The keys of a hasher are the machine's own random numbers.
    let jitter = RandomState::new().hash_one(attempt) % longest;
    std::thread::sleep(Duration::from_millis(longest / 2 + jitter / 2));
}

fn trees<'a>(
    project: &Project,
    environments: &[&'a LoadedEnvironment],
    found: &mut Diagnostics,
) -> Vec<(&'a LoadedEnvironment, Whole, Tree)> {
    let mut trees = Vec::new();
    for environment in environments {
        let (whole, of_environment) = compile_whole(&project.loaded, environment);
        found.extend(of_environment);
        let Some(whole) = whole else { continue };
        match render(&whole.objects) {
            Ok(tree) => trees.push((*environment, whole, tree)),
            Err(finding) => found.push(finding),
        }
    }
    trees
}

/// A file that differs between two states of a system.
fn difference(one: &Project, other: &Project) -> Option<String> {
    let texts = |project: &Project| -> BTreeMap<String, Vec<u8>> {
        let sources = project.sources.files().iter().map(|file| (file.path.clone(), file.text.as_bytes()));
        let contents = project.loaded.contents.iter().map(|(path, bytes)| (path.clone(), bytes.as_slice()));
        sources.chain(contents).map(|(path, bytes)| (path, without_returns(bytes))).collect()
    };
    let (one, other) = (texts(one), texts(other));
    let paths = one.keys().chain(other.keys());
    paths.into_iter().find(|path| one.get(*path) != other.get(*path)).cloned()
}

/// A checkout on Windows may have its own ends of lines.
fn without_returns(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().filter(|byte| *byte != b'\r').collect()
}

fn wrong(message: &str) -> Diagnostic {
    Diagnostic::error(code::PUBLISH_TARGET, message).help("publish them one by one")
}

fn refuse(error: PublishError, terminal: &mut Terminal) -> Ending {
    let ending = Ending::of_fault(error.is_machine_fault);
    let mut found = Diagnostics::new();
    found.extend(error.findings);
    terminal.findings(&Sources::new(), found, false);
    ending
}
