//! Publishing: a rendered tree becomes a commit on a branch that a controller follows.
//!
//! Promises: the branch stands at its old commit or at the new one, whatever happens; a push is never
//! forced and no commit of anybody is lost: who comes second starts again from the new tip. Only files
//! that the lock in the folder names are rewritten or removed. Nothing to do makes no commit.

mod error;
mod home;
mod message;
mod objects;
mod plan;
mod promoter;

pub use error::PublishError;
pub use message::Summary;

use super::program::complaint;
use super::{GitError, Repository, Snapshot, without_credentials};
use crate::diagnostic::{Diagnostic, code};
use crate::tree::{Tree, check_path};
use crate::workspace::{inside, join};
use git2::Oid;
use home::{Home, Push};
use message::Message;
use plan::Plan;
use std::collections::BTreeMap;
use std::path::Path;

/// Looks at the old and the new tree of an environment: lines for the message of the commit, or why it may
/// not be published.
pub type Review<'a> = dyn Fn(&str, &Tree, &Tree) -> Result<Vec<String>, Vec<Diagnostic>> + 'a;

/// Where to publish: a folder or URL, and a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    pub place: String,
    /// `None` for the usual one.
    pub branch: Option<String>,
}

impl Destination {
    /// Reads `PLACE` or `PLACE#BRANCH`.
    pub fn parse(text: &str) -> Result<Self, PublishError> {
        let (place, branch) = match text.split_once('#') {
            Some((place, branch)) => (place, Some(branch)),
            None => (text, None),
        };
        if place.is_empty() || place.starts_with('-') {
            return Err(PublishError::target(format!("`{text}` names no repository"))
                .help("write a folder or a URL, and the branch behind `#`"));
        }
        if place.starts_with("oci://") {
            return Err(PublishError::target(format!("`{place}` is in a registry, and publishing is to Git")).help(
                "push the folder that `windlass build` writes with the tool of the registry: `flux push artifact`",
            ));
        }
        branch.map(check_branch).transpose()?;
        Ok(Self { place: place.into(), branch: branch.map(str::to_owned) })
    }
}

fn check_branch(branch: &str) -> Result<(), PublishError> {
    let is_name = git2::Reference::is_valid_name(&format!("refs/heads/{branch}"));
    if is_name && !branch.starts_with('-') && !branch.starts_with("refs/") {
        return Ok(());
    }
    Err(PublishError::target(format!("`{branch}` cannot be the name of a branch"))
        .help("write it without `refs/heads/`, such as `environment/production`"))
}

/// The folder of a branch that `--path` means; empty for its root.
pub fn folder_in_branch(path: &str) -> Result<String, PublishError> {
    let folder = join("", path)?;
    if folder.is_empty() {
        return Ok(folder);
    }
    check_path(&folder).map_err(|problem| {
        PublishError::target(format!("nothing can be published to the path `{path}`: {problem}"))
            .help("write a path from the root of the branch, such as `deploy/production`")
    })?;
    Ok(folder)
}

/// The rendered tree of one environment.
#[derive(Clone, Debug)]
pub struct Output<'a> {
    pub environment: &'a str,
    /// From the root of the branch.
    pub path: String,
    pub tree: &'a Tree,
}

/// The commit that the trees were rendered from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// Where it is cloned from, without credentials.
    pub url: Option<String>,
    /// The name of the clone's folder.
    pub name: String,
    pub commit: String,
    pub author: String,
    pub date: String,
    pub subject: String,
    pub body: String,
}

impl Source {
    /// The commit that is checked out, and what is known about it.
    pub fn of(repository: &Repository, head: &Snapshot) -> Result<Self, GitError> {
        let root = repository.root();
        let name = root.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let url = repository.inner.lock().config().and_then(|config| config.get_string("remote.origin.url")).ok();
        // A path of this machine tells nobody else anything.
        let url = url.filter(|url| url.contains("://") && !url.starts_with("file:") || url.contains('@'));
        let program = super::Program::new(repository.folder(), root);
        let format = "--format=%an <%ae>%x00%aI%x00%s%x00%b";
        let shown = program.succeed(&["show", "--no-patch", format, &head.id()], b"", "read the commit")?;
        let mut parts = shown.split('\0').map(|part| part.trim().to_owned());
        let mut part = || parts.next().unwrap_or_default();
        let (author, date, subject, body) = (part(), part(), part(), part());
        let url = url.map(|url| without_credentials(&url));
        Ok(Self { url, name, commit: head.id(), author, date, subject, body })
    }

    fn trailer(&self) -> String {
        format!("{}@{}", self.url.as_ref().unwrap_or(&self.name), self.commit)
    }
}

/// What is to be published, and how.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct Request<'a> {
    pub destination: Destination,
    /// Where relative folders begin.
    pub from: &'a Path,
    pub system: &'a str,
    pub outputs: Vec<Output<'a>>,
    pub source: Option<Source>,
    pub subject: Option<&'a str>,
    /// As in `Name <address>`.
    pub author: Option<&'a str>,
    pub sign: bool,
    /// Push here instead, starting at the branch.
    pub pr_branch: Option<&'a str>,
    pub promoter: bool,
    /// Start the branch if the repository does not have it.
    pub create: bool,
    pub allow_prune: bool,
    pub dry_run: bool,
    /// How often to start again when others push first.
    pub attempts: u32,
}

/// What was published, or would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The branch that was pushed to.
    pub branch: String,
    /// `None` when nothing had to change, or nothing was to be written.
    pub commit: Option<String>,
    /// Each environment with the objects that change.
    pub environments: Vec<(String, Summary)>,
    /// Files that change, by path from the root of the branch.
    pub files: Vec<String>,
    /// What the server said.
    pub remarks: Vec<String>,
}

/// Publishes, starting again from the new tip as long as others push first; `pause` waits before that.
pub fn publish(request: &Request<'_>, review: &Review<'_>, pause: &dyn Fn(u32)) -> Result<Published, PublishError> {
    let author = request.author.map(split_author).transpose()?;
    let home = Home::open(&request.destination.place, request.from)?;
    let branches = Branches::of(request, &home)?;
    let mut last = String::new();
    for attempt in 0..request.attempts {
        let (start, tip) = branches.start(request, &home)?;
        let step = Step::plan(request, &home, start, &branches.to, review)?;
        let is_new = tip.is_none();
        if request.dry_run || (step.changes.is_empty() && !is_new) || step.is_void(start) {
            return finish(request, &home, branches.to, step, (tip, None, Vec::new()), pause);
        }
        let commit = step.commit(request, &home, start, author)?;
        match home.push(&commit, &format!("refs/heads/{}", branches.to))? {
            Push::Done { said } => return finish(request, &home, branches.to, step, (tip, Some(commit), said), pause),
            Push::Lost(why) => last = why,
        }
        pause(attempt);
    }
    Err(PublishError::new(
        code::PUSH_LOST,
        format!("others pushed to `{}` first, {} times", branches.to, request.attempts),
    )
    .reason(last)
    .help("run it again, or let one job at a time publish to this branch"))
}

fn finish(
    request: &Request<'_>,
    home: &Home,
    branch: String,
    step: Step,
    (tip, commit, remarks): (Option<Oid>, Option<String>, Vec<String>),
    pause: &dyn Fn(u32),
) -> Result<Published, PublishError> {
    let noted = commit.clone().or_else(|| tip.map(|tip| tip.to_string()));
    if let (true, false, Some(source), Some(noted)) = (request.promoter, request.dry_run, &request.source, noted) {
        promoter::note(home, &noted, source, request.attempts, pause)?;
    }
    let files = step.changes.into_keys().collect();
    Ok(Published {
        branch,
        commit,
        environments: step.environments.into_iter().map(|(n, s, _)| (n, s)).collect(),
        files,
        remarks,
    })
}

/// The branch that is followed, and the one that is pushed to.
struct Branches {
    base: String,
    to: String,
}

impl Branches {
    fn of(request: &Request<'_>, home: &Home) -> Result<Self, PublishError> {
        let base = request.destination.branch.clone().map_or_else(|| home.usual_branch(), Ok)?;
        let to = match (request.pr_branch, request.promoter) {
            (Some(branch), _) => {
                check_branch(branch)?;
                branch.to_owned()
            }
            (None, true) => {
                let path = request.outputs.first().map_or("", |output| output.path.as_str());
                promoter::proposed(&base, path)
            }
            (None, false) => base.clone(),
        };
        Ok(Self { base, to })
    }

    /// The commit to start from, and the tip of the branch that is pushed to: `None` where there is none.
    fn start(&self, request: &Request<'_>, home: &Home) -> Result<(Option<Oid>, Option<Oid>), PublishError> {
        let tip = home.tip(&self.to)?;
        let start = if tip.is_none() && self.to != self.base { home.tip(&self.base)? } else { tip };
        match start {
            None if !request.create => Err(home.missing(&self.base)),
            start => Ok((start, tip)),
        }
    }
}

/// One attempt: what changes on top of one commit.
struct Step {
    root: Option<Oid>,
    changes: BTreeMap<String, Option<Vec<u8>>>,
    environments: Vec<(String, Summary, Vec<String>)>,
}

impl Step {
    fn plan(
        request: &Request<'_>,
        home: &Home,
        start: Option<Oid>,
        branch: &str,
        review: &Review<'_>,
    ) -> Result<Self, PublishError> {
        let root = start.map(|id| home.repository.find_commit(id).map(|commit| commit.tree_id())).transpose()?;
        let mut step = Self { root, changes: BTreeMap::new(), environments: Vec::new() };
        for output in &request.outputs {
            let shown = if output.path.is_empty() { branch.to_owned() } else { format!("{branch}:{}", output.path) };
            let Plan { changes, old } = plan::plan(home, root, output, &shown, request.allow_prune)?;
            let lines =
                if changes.is_empty() { Vec::new() } else { reviewed(review, output.environment, &old, output.tree)? };
            step.environments.push((output.environment.into(), Summary::of(&old, output.tree), lines));
            step.changes.extend(changes);
        }
        if let (true, false, Some(source)) = (request.promoter, step.changes.is_empty(), &request.source) {
            let path = request.outputs.first().map_or("", |output| output.path.as_str());
            step.changes.insert(inside(path, promoter::METADATA), Some(promoter::metadata(source)));
        }
        Ok(step)
    }

    /// Whether there is not even a commit to point a new branch at.
    fn is_void(&self, start: Option<Oid>) -> bool {
        self.changes.is_empty() && start.is_none()
    }

    /// Writes the commit; a new branch without a change begins at the commit that is there.
    fn commit(
        &self,
        request: &Request<'_>,
        home: &Home,
        start: Option<Oid>,
        author: Option<(&str, &str)>,
    ) -> Result<String, PublishError> {
        if let (true, Some(start)) = (self.changes.is_empty(), start) {
            return Ok(start.to_string());
        }
        let tree = objects::write(&home.repository, self.root, &self.changes)?;
        let message = Message {
            subject: request.subject,
            system: request.system,
            environments: self
                .environments
                .iter()
                .map(|(name, summary, lines)| (name.as_str(), summary.clone(), lines.clone()))
                .collect(),
            source: request.source.as_ref().map(Source::trailer),
        };
        commit(request, home, (tree, start), &message.text(), author)
    }
}

fn reviewed(review: &Review<'_>, environment: &str, old: &Tree, new: &Tree) -> Result<Vec<String>, PublishError> {
    review(environment, old, new).map_err(|findings| PublishError { findings, is_machine_fault: false })
}

/// Through Git itself, so that who commits, when, and how it is signed is as for every other commit.
fn commit(
    request: &Request<'_>,
    home: &Home,
    (tree, parent): (Oid, Option<Oid>),
    message: &str,
    author: Option<(&str, &str)>,
) -> Result<String, PublishError> {
    let (tree, parent) = (tree.to_string(), parent.map(|parent| parent.to_string()));
    let config = home.repository.config()?.snapshot()?;
    let mut arguments = vec!["commit-tree", &tree, "-F", "-"];
    parent.iter().for_each(|parent| arguments.extend(["-p", parent]));
    if request.sign || config.get_bool("commit.gpgsign").unwrap_or_default() {
        arguments.push("-S");
    }
    let author = author.map(|(name, email)| [("GIT_AUTHOR_NAME", name), ("GIT_AUTHOR_EMAIL", email)]);
    let mut variables: Vec<(&str, &str)> = author.into_iter().flatten().collect();
    let mut output = home.program.run(&arguments, message.as_bytes(), &variables)?;
    if let (false, Some([(_, name), (_, email)])) = (output.status.success(), author)
        && is_anonymous(&complaint(&output))
    {
        variables.extend([("GIT_COMMITTER_NAME", name), ("GIT_COMMITTER_EMAIL", email)]);
        output = home.program.run(&arguments, message.as_bytes(), &variables)?;
    }
    match complaint(&output) {
        _ if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        why if is_anonymous(&why) => Err(PublishError::new(code::IDENTITY_MISSING, "Git does not know who commits")
            .reason(why)
            .help("set `user.name` and `user.email` with `git config --global`, or write `--author 'Name <address>'`")),
        error => Err(GitError::Failed { doing: "make the commit".into(), error }.into()),
    }
}

fn is_anonymous(complaint: &str) -> bool {
    ["empty ident name", "unable to auto-detect", "tell me who you are", "no email was given", "no name was given"]
        .iter()
        .any(|sign| complaint.contains(sign))
}

fn split_author(text: &str) -> Result<(&str, &str), PublishError> {
    let parts = text.trim().strip_suffix('>').and_then(|text| text.split_once('<'));
    match parts.map(|(name, address)| (name.trim(), address.trim())) {
        Some((name, address)) if !name.is_empty() && !address.is_empty() => Ok((name, address)),
        _ => Err(PublishError::new(code::IDENTITY_MISSING, format!("`{text}` is not an author"))
            .help("write a name and an address, as in `Ada Lovelace <ada@example.com>`")),
    }
}
