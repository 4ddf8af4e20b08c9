//! Where a branch lives: what its tip is, and how a commit gets there.
//!
//! A clone is asked for its own remote, with its own settings; its work tree, index and branches are
//! left alone. Everything else is reached from a temporary repository without a work tree: one that
//! borrows the objects of a bare repository on disk, or one that fetches a single commit of a URL,
//! without content.

use super::error::PublishError;
use crate::diagnostic::{code, listed, nearest};
use crate::git::program::{Program, complaint, without_credentials};
use crate::git::{GitError, Repository};
use git2::{ErrorCode, OdbLookupFlags, Oid};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Where the tip is fetched to in a temporary repository.
const TIP: &str = "refs/windlass/tip";
/// The remote of a temporary repository.
const REMOTE: &str = "origin";

/// How the tip of a branch is found.
enum Reach {
    /// A bare repository on disk, read at once.
    Bare(git2::Repository),
    /// The remote of a clone.
    Clone,
    Url,
}

/// The repository of a branch, and one to work in.
pub(super) struct Home {
    pub(super) repository: git2::Repository,
    pub(super) program: Program,
    remote: String,
    reach: Reach,
    _temporary: Option<TempDir>,
}

/// What became of a push.
pub(super) enum Push {
    Done {
        said: Vec<String>,
    },
    /// Somebody else was faster; with what Git says.
    Lost(String),
}

impl Home {
    /// `place` is a URL or a folder, relative to `from`.
    pub(super) fn open(place: &str, from: &Path) -> Result<Self, PublishError> {
        let folder = from.join(place);
        if is_url(place) && !folder.is_dir() {
            return Self::temporary(place, from, Reach::Url);
        }
        if !folder.is_dir() {
            return Err(PublishError::target(format!("`{place}` is neither a folder nor a URL"))
                .help("name a clone, a bare repository, or a URL as `git push` takes it; a branch stands behind `#`"));
        }
        let repository = Repository::discover(&folder)?;
        match repository.work_tree() {
            Some(root) => Self::of_clone(repository.folder(), root, place),
            None => Self::of_bare(repository.folder(), from),
        }
    }

    fn of_clone(folder: &Path, root: &Path, place: &str) -> Result<Self, PublishError> {
        let repository = git2::Repository::open(root)?;
        let remote = remote_of(&repository, place)?;
        // A linked work tree shares its objects and settings, and has a head of its own.
        let program = Program::new(folder, root);
        Ok(Self { repository, program, remote, reach: Reach::Clone, _temporary: None })
    }

    fn of_bare(folder: &Path, from: &Path) -> Result<Self, PublishError> {
        let there = git2::Repository::open_bare(folder)?;
        let place = folder.display().to_string();
        let home = Self::temporary(&place, from, Reach::Bare(there))?;
        let borrowed = folder.join("objects").display().to_string();
        let alternates = home.program.repository.join("objects/info/alternates");
        fs::write(&alternates, format!("{borrowed}\n")).map_err(|error| unwritable(&error))?;
        Ok(home)
    }

    fn temporary(url: &str, from: &Path, reach: Reach) -> Result<Self, PublishError> {
        let folder = TempDir::with_prefix("windlass-").map_err(|error| unwritable(&error))?;
        let place = folder.path().canonicalize().map_err(|error| unwritable(&error))?;
        let repository = git2::Repository::init_bare(&place)?;
        fs::create_dir_all(place.join("objects/info")).map_err(|error| unwritable(&error))?;
        repository.config()?.set_str(&format!("remote.{REMOTE}.url"), url)?;
        let program = Program::new(&place, from);
        Ok(Self { repository, program, remote: REMOTE.into(), reach, _temporary: Some(folder) })
    }

    /// The branch that is meant where none is named.
    pub(super) fn usual_branch(&self) -> Result<String, PublishError> {
        match &self.reach {
            Reach::Clone => self.checked_out(),
            Reach::Bare(_) | Reach::Url => {
                let heads = self.program.succeed(
                    &["ls-remote", "--symref", &self.remote, "HEAD"],
                    b"",
                    "ask for the branches",
                )?;
                let branch = heads.lines().find_map(|line| line.strip_prefix("ref: refs/heads/")?.split('\t').next());
                branch.map(str::to_owned).ok_or_else(|| {
                    PublishError::new(code::HISTORY_MISSING, "the repository has no branch to publish to")
                        .reason("it is empty, or its head is not on a branch")
                        .help("name the branch, as in `--to URL#main`, and start it with `--create`")
                })
            }
        }
    }

    fn checked_out(&self) -> Result<String, PublishError> {
        let head = self.repository.find_reference("HEAD")?;
        let branch = head.symbolic_target().ok().flatten().and_then(|name| name.strip_prefix("refs/heads/"));
        let Some(branch) = branch else {
            return Err(PublishError::target("no branch is checked out there")
                .reason("its head is detached: on a commit, as continuous integration leaves it")
                .help("name the branch, as in `--to DIR#main`"));
        };
        if self.repository.head().is_err_and(|error| error.code() == ErrorCode::UnbornBranch) {
            return Err(GitError::Unborn { branch: branch.into() }.into());
        }
        Ok(branch.into())
    }

    /// The commit at which a branch stands now, with its folders at hand; `None` without the branch.
    pub(super) fn tip(&self, branch: &str) -> Result<Option<Oid>, PublishError> {
        let name = format!("refs/heads/{branch}");
        match &self.reach {
            Reach::Bare(there) => match there.refname_to_id(&name) {
                Ok(id) => Ok(Some(id)),
                Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
                Err(error) => Err(GitError::failed(format!("read `{branch}`"), &error).into()),
            },
            Reach::Clone => self.tip_of_remote(&name, branch),
            Reach::Url => self.fetched_tip(&name, branch),
        }
    }

    fn tip_of_remote(&self, name: &str, branch: &str) -> Result<Option<Oid>, PublishError> {
        let doing = format!("ask for `{branch}`");
        let listed = self.program.succeed(&["ls-remote", &self.remote, name], b"", &doing)?;
        let Some(id) = listed.split_whitespace().next().and_then(|id| Oid::from_str(id).ok()) else { return Ok(None) };
        if !self.repository.odb()?.exists(id) {
            let fetch = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", &self.remote, name];
            self.program.succeed(&fetch, b"", &format!("fetch `{branch}`"))?;
            self.repository.odb()?.refresh()?;
        }
        Ok(Some(id))
    }

    fn fetched_tip(&self, name: &str, branch: &str) -> Result<Option<Oid>, PublishError> {
        let to = format!("+{name}:{TIP}");
        let fetch = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--depth=1", "--filter=blob:none"];
        let output = self.program.run(&[&fetch[..], &[&self.remote, &to]].concat(), b"", &[])?;
        if output.status.success() {
            self.repository.odb()?.refresh()?;
            return Ok(Some(self.repository.refname_to_id(TIP)?));
        }
        let error = complaint(&output);
        if error.contains("couldn't find remote ref") {
            return Ok(None);
        }
        Err(GitError::Failed { doing: format!("fetch `{branch}`"), error }.into())
    }

    /// A branch that is not there.
    pub(super) fn missing(&self, branch: &str) -> PublishError {
        let heads = self.program.succeed(&["ls-remote", "--heads", &self.remote], b"", "ask for the branches");
        let heads = heads.unwrap_or_default();
        let known: Vec<&str> =
            heads.lines().filter_map(|line| line.split_once("refs/heads/")).map(|(_, n)| n).collect();
        let error = PublishError::new(code::REFERENCE_UNKNOWN, format!("there is no branch `{branch}` to publish to"));
        match nearest(branch, known.iter().copied()) {
            Some(near) => error.help(format!("a similar one is `{near}`; `--create` starts a new branch")),
            None if known.is_empty() => {
                error.reason("the repository is empty").help("start the branch with `--create`")
            }
            None => error
                .help(format!("branches are {}; `--create` starts a new one", listed(known.iter().take(10).copied()))),
        }
    }

    /// Makes sure that the content of files is at hand.
    pub(super) fn obtain(&self, blobs: &[Oid]) -> Result<(), PublishError> {
        let objects = self.repository.odb()?;
        let is_missing = |id: &&Oid| !objects.exists_ext(**id, OdbLookupFlags::NO_REFRESH);
        let wanted: Vec<String> = blobs.iter().filter(is_missing).map(ToString::to_string).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let fetch = ["-c", "fetch.negotiationAlgorithm=noop", "fetch", "--quiet", "--no-tags", "--no-write-fetch-head"];
        let rest = ["--recurse-submodules=no", "--filter=blob:none", "--stdin", &self.remote];
        let input = wanted.join("\n") + "\n";
        self.program.succeed(&[&fetch[..], &rest].concat(), input.as_bytes(), "fetch the files to compare with")?;
        objects.refresh()?;
        Ok(())
    }

    /// Moves a branch on to a commit, if it still stands where the commit begins; never by force.
    pub(super) fn push(&self, commit: &str, name: &str) -> Result<Push, PublishError> {
        let to = format!("{commit}:{name}");
        let output = self.program.run(&["push", "--porcelain", &self.remote, &to], b"", &[])?;
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(Push::Done { said: remarks(&output.stderr) });
        }
        let verdict = told.lines().find_map(|line| line.strip_prefix("!\t")?.split('\t').nth(1));
        let branch = name.trim_start_matches("refs/heads/");
        match verdict {
            Some(verdict) if is_lost(verdict) => Ok(Push::Lost(complaint(&output))),
            Some(verdict) => Err(push_refused(branch, verdict, &remarks(&output.stderr))),
            None => Err(GitError::Failed { doing: format!("push to `{branch}`"), error: complaint(&output) }.into()),
        }
    }

    /// Brings a reference of the other side to this one, if it is there.
    pub(super) fn copy(&self, from: &str, to: &str) -> Result<(), PublishError> {
        let spec = format!("+{from}:{to}");
        let fetch = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-filter", &self.remote, &spec];
        let output = self.program.run(&fetch, b"", &[])?;
        let error = complaint(&output);
        if output.status.success() || error.contains("couldn't find remote ref") {
            return Ok(());
        }
        Err(GitError::Failed { doing: format!("fetch `{from}`"), error }.into())
    }
}

fn unwritable(error: &std::io::Error) -> PublishError {
    GitError::Failed { doing: "make a temporary repository".into(), error: error.to_string() }.into()
}

/// `scheme://…`, or `user@host:path` as Git takes it.
fn is_url(place: &str) -> bool {
    let head = place.split('/').next().unwrap_or_default();
    place.contains("://") || (head.contains(':') && head.len() > 2 && !place.starts_with('.'))
}

/// The remote of the branch that is checked out, else the only one, else `origin`.
fn remote_of(repository: &git2::Repository, place: &str) -> Result<String, PublishError> {
    let remotes = repository.remotes()?;
    let known: Vec<&str> = remotes.iter().filter_map(|name| name.ok().flatten()).collect();
    let head = repository.find_reference("HEAD").ok();
    let branch = head.as_ref().and_then(|head| head.symbolic_target().ok().flatten());
    let of_branch = branch.and_then(|branch| repository.branch_upstream_remote(branch).ok());
    let of_branch = of_branch.and_then(|name| name.as_str().ok().map(str::to_owned));
    if let Some(name) = of_branch.filter(|name| known.contains(&name.as_str())) {
        return Ok(name);
    }
    match known.as_slice() {
        [only] => Ok((*only).to_owned()),
        [] => Err(PublishError::target(format!("the clone at `{place}` has no remote"))
            .reason("a controller follows the repository that a clone pushes to, not the clone")
            .help("add one with `git remote add origin URL`, or publish to the URL")),
        known if known.contains(&"origin") => Ok("origin".into()),
        known => Err(PublishError::target(format!(
            "the clone at `{place}` has several remotes: {}",
            listed(known.iter().copied())
        ))
        .help("publish to the URL of one")),
    }
}

/// Whether a verdict of Git means that the branch moved meanwhile.
fn is_lost(verdict: &str) -> bool {
    const MOVED: &[&str] = &[
        "fetch first",
        "non-fast-forward",
        "stale info",
        "already exists",
        "cannot lock ref",
        "failed to update ref",
        "failed to lock",
        "incorrect old value",
        "reference already exists",
        "needs force",
    ];
    MOVED.iter().any(|moved| verdict.contains(moved))
}

fn push_refused(branch: &str, verdict: &str, said: &[String]) -> PublishError {
    let why = verdict.split_once('(').map_or(verdict, |(_, why)| why.trim_end_matches(')'));
    let error = PublishError::new(code::PUSH_REFUSED, format!("the server refuses the push to `{branch}`: {why}"));
    let error = if said.is_empty() { error } else { error.reason(said.join("; ")) };
    error.help("allow it on the server, or propose the change with `--pr-branch`")
}

/// What the server has to say, such as where to open a pull request.
fn remarks(stderr: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(stderr);
    let remark = |line: &str| Some(without_credentials(line.strip_prefix("remote:")?.trim()));
    text.lines().filter_map(remark).filter(|line| !line.is_empty()).take(20).collect()
}

/// Where the objects of a repository are packed.
pub(super) fn packs(repository: &git2::Repository) -> PathBuf {
    repository.commondir().join("objects/pack")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_told_from_folders() {
        for url in ["https://h/x.git", "file:///srv/x", "git@h:x.git", "host:x"] {
            assert!(is_url(url), "{url}");
        }
        for folder in ["x", "../x.git", "/srv/x:y", "./a:b", "C:/x"] {
            assert!(!is_url(folder), "{folder}");
        }
    }

    #[test]
    fn a_branch_that_moved_is_told_from_one_that_is_closed() {
        for lost in ["[rejected] (fetch first)", "[remote rejected] (cannot lock ref 'refs/heads/main': is at …)"] {
            assert!(is_lost(lost), "{lost}");
        }
        for refused in ["[remote rejected] (pre-receive hook declined)", "[remote rejected] (unpacker error)"] {
            assert!(!is_lost(refused), "{refused}");
        }
    }
}
