//! Git: the only module that reads repositories or runs `git`.
//!
//! Promises, reading: a commit is read as it is, without a work tree; what a path leads to follows the
//! rules of [`Workspace`](crate::workspace::Workspace), and nothing outside the commit is looked at.
//! Promises, writing: see [`publish`].
#![expect(clippy::disallowed_methods, reason = "this is the module that touches repositories")]

mod changes;
mod error;
mod program;
pub mod publish;
mod snapshot;

pub use error::GitError;
pub use program::without_credentials;
pub use snapshot::Snapshot;

use program::Program;

use crate::diagnostic::nearest;
use crate::workspace::ReadError;
use git2::{ErrorCode, ObjectType, Oid};
use parking_lot::ReentrantMutex;
use std::fmt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// A repository of Git: a clone, a linked work tree, or one without a work tree.
#[derive(Clone)]
pub struct Repository {
    inner: Shared,
    work_tree: Option<PathBuf>,
    folder: PathBuf,
}

/// Threads take turns at a repository; nothing that runs in parallel is waited for in a turn.
type Shared = Arc<ReentrantMutex<git2::Repository>>;

impl fmt::Debug for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Repository").field(&self.folder).finish()
    }
}

impl Repository {
    /// The repository around a folder.
    pub fn discover(start: &Path) -> Result<Self, GitError> {
        // As Git itself: hashing all that is read again would take most of the time.
        git2::opts::strict_hash_verification(false);
        let opened = git2::Repository::discover(start);
        let inner = opened.map_err(|error| GitError::of_opening(start, &error))?;
        let (work_tree, folder) = (inner.workdir().map(Path::to_path_buf), inner.commondir().to_path_buf());
        Ok(Self { inner: Arc::new(ReentrantMutex::new(inner)), work_tree, folder })
    }

    /// The folder from which Git runs hooks.
    pub fn hooks(&self) -> PathBuf {
        let set = self.inner.lock().config().and_then(|config| config.get_path("core.hooksPath"));
        set.map_or_else(|_| self.folder().join("hooks"), |path| self.root().join(path))
    }

    /// Where the remote `origin` is.
    pub fn origin(&self) -> Option<String> {
        self.inner.lock().find_remote("origin").ok()?.url().ok().map(str::to_owned)
    }

    /// The folder of the work tree, if there is one.
    pub fn work_tree(&self) -> Option<&Path> {
        self.work_tree.as_deref()
    }

    /// The folder from which paths are counted: the work tree, or Git's own folder where there is none.
    pub fn root(&self) -> &Path {
        self.work_tree().unwrap_or(&self.folder)
    }

    /// Git's own folder, in which all its work trees share what they share.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A file of the command line as a path of the repository, whether it exists or not. Links in the
    /// part that exists are followed.
    pub fn path_of(&self, file: &Path) -> Result<String, ReadError> {
        let shown = || file.display().to_string();
        let root = self.root().canonicalize().map_err(|error| ReadError::io(shown(), &error))?;
        let place = canonical_part(&plain(file));
        let inside = place.strip_prefix(root).map_err(|_| ReadError::Outside { path: shown() })?;
        let names = inside.iter().map(|name| name.to_str()).collect::<Option<Vec<_>>>();
        Ok(names.ok_or_else(|| ReadError::NameNotUtf8 { path: shown() })?.join("/"))
    }

    /// A commit by branch, tag or id, as in `HEAD~1` or `origin/main`; `a...b` is where the two parted.
    pub fn commit(&self, reference: &str) -> Result<Snapshot, GitError> {
        let id = match reference.split_once("...") {
            Some((left, right)) => self.merge_base(left, right)?,
            None => self.resolve(reference)?,
        };
        Snapshot::of(Arc::clone(&self.inner), id)
    }

    /// The commit that is checked out.
    pub fn head(&self) -> Result<Snapshot, GitError> {
        self.commit("HEAD")
    }

    fn merge_base(&self, left: &str, right: &str) -> Result<Oid, GitError> {
        let or_head = |reference| if str::is_empty(reference) { "HEAD" } else { reference };
        let (left, right) = (or_head(left), or_head(right));
        let (one, two) = (self.resolve(left)?, self.resolve(right)?);
        self.inner.lock().merge_base(one, two).map_err(|error| match error.code() {
            ErrorCode::NotFound => {
                GitError::NothingShared { left: left.into(), right: right.into(), shallow: self.is_shallow() }
            }
            _ => GitError::failed(format!("find where `{left}` and `{right}` parted"), &error),
        })
    }

    fn is_shallow(&self) -> bool {
        self.inner.lock().is_shallow()
    }

    fn resolve(&self, reference: &str) -> Result<Oid, GitError> {
        let repository = self.inner.lock();
        let object = repository.revparse_single(reference).map_err(|error| self.unresolved(reference, &error))?;
        let what = object.kind();
        let commit = object.peel(ObjectType::Commit).map_err(|_| GitError::NotACommit {
            reference: reference.into(),
            what: what.map_or("something else", |kind| kind.str()),
        })?;
        Ok(commit.id())
    }

    /// Says why nothing bears a name.
    fn unresolved(&self, reference: &str, error: &git2::Error) -> GitError {
        if let Some(branch) = self.unborn_branch().filter(|_| is_of_head(reference)) {
            return GitError::Unborn { branch };
        }
        match error.code() {
            ErrorCode::NotFound | ErrorCode::InvalidSpec | ErrorCode::UnbornBranch => GitError::MissingReference {
                reference: reference.into(),
                near: self.near(reference),
                shallow: self.is_shallow(),
            },
            ErrorCode::Ambiguous => GitError::Ambiguous { reference: reference.into() },
            _ => GitError::failed(format!("find `{reference}`"), error),
        }
    }

    /// The branch that is checked out, if it has no commit yet.
    fn unborn_branch(&self) -> Option<String> {
        let repository = self.inner.lock();
        let head = repository.find_reference("HEAD").ok()?;
        let branch = head.symbolic_target().ok()??.to_owned();
        let is_born = repository.find_reference(&branch).is_ok();
        (!is_born).then(|| branch.trim_start_matches("refs/heads/").to_owned())
    }

    /// A branch or tag with a similar name, whatever is asked of it, as in `mian~1`.
    fn near(&self, reference: &str) -> Option<String> {
        let end = reference.find(['~', '^', '@', ':']).unwrap_or(reference.len());
        let (name, rest) = reference.split_at(end);
        let repository = self.inner.lock();
        let references = repository.references().ok()?;
        let mut known: Vec<String> =
            references.filter_map(|known| Some(known.ok()?.shorthand().ok()?.to_owned())).collect();
        known.sort();
        let near = nearest(name, known.iter().map(String::as_str)).filter(|near| *near != name)?;
        Some(format!("{near}{rest}"))
    }
}

fn is_of_head(reference: &str) -> bool {
    let name = reference.split(['~', '^']).next().unwrap_or_default();
    matches!(name, "HEAD" | "@")
}

/// A path without `.` and `..`, by its names alone.
fn plain(path: &Path) -> PathBuf {
    let mut place = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => drop(place.pop()),
            other => place.push(other),
        }
    }
    place
}

/// The path with the links of its existing part followed.
fn canonical_part(path: &Path) -> PathBuf {
    for above in path.ancestors() {
        if let (Ok(place), Ok(rest)) = (above.canonicalize(), path.strip_prefix(above)) {
            return if rest.as_os_str().is_empty() { place } else { place.join(rest) };
        }
    }
    path.into()
}

#[cfg(test)]
pub(crate) mod tests;
