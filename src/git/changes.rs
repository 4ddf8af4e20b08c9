//! Which files differ: between a commit and what is on disk, between two commits, and in what is staged.

use super::{GitError, Repository, Snapshot};
use git2::{Diff, DiffOptions, Oid, Tree};
use parking_lot::ReentrantMutex;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

impl Repository {
    /// The paths of all files that are not as they were in a commit: changed, new and gone, on disk or, where one
    /// is given, in another commit. What Git ignores is left out.
    pub fn changed_since(&self, base: &Snapshot, head: Option<&Snapshot>) -> Result<BTreeSet<String>, GitError> {
        // What is staged is known to its own repository alone.
        let repository = head.map_or(&self.inner, |head| &head.repository).lock();
        let changes = || {
            let old = repository.find_tree(base.tree())?;
            match head {
                Some(head) => repository.diff_tree_to_tree(Some(&old), Some(&repository.find_tree(head.tree())?), None),
                None => changed_on_disk(&repository, &old),
            }
        };
        changes().map(|diff| paths(&diff)).map_err(|error| GitError::failed("list what changed", &error))
    }

    /// Everything that is staged: the index of this command, which in a hook is the one of the commit that is made.
    ///
    /// Nothing is written for it, so that it works where the repository can only be read.
    pub fn staged(&self) -> Result<Snapshot, GitError> {
        let failed = |error: git2::Error| GitError::failed("read what is staged", &error);
        let mut index = self.index().map_err(failed)?;
        if index.has_conflicts() {
            return Err(GitError::Conflicts);
        }
        drop_intentions(&mut index).map_err(failed)?;
        // A repository of its own, whose new objects stay in memory.
        let apart = git2::Repository::open(self.inner.lock().path()).map_err(failed)?;
        let tree = {
            let objects = apart.odb().map_err(failed)?;
            let _memory = objects.add_new_mempack_backend(i32::MAX).map_err(failed)?;
            index.write_tree_to(&apart).map_err(failed)?
        };
        Ok(Snapshot::of_tree(Arc::new(ReentrantMutex::new(apart)), tree))
    }

    /// The paths that differ between what is staged and the commit that is checked out; before the first commit,
    /// everything that is staged.
    pub fn staged_changes(&self, staged: &Snapshot) -> Result<BTreeSet<String>, GitError> {
        let head = match self.head() {
            Ok(head) => Some(head.tree()),
            Err(GitError::Unborn { .. }) => None,
            Err(error) => return Err(error),
        };
        staged.differs_from(head).map_err(|error| GitError::failed("list what is staged", &error))
    }

    /// Whether Git ignores a path.
    pub fn ignores(&self, path: &str) -> bool {
        self.inner.lock().is_path_ignored(path).unwrap_or(false)
    }

    fn index(&self) -> Result<git2::Index, git2::Error> {
        // `git commit FILE` runs its hooks with an index of its own; the path is relative to the work tree.
        let Some(given) = std::env::var_os("GIT_INDEX_FILE") else { return self.inner.lock().index() };
        git2::Index::open(&self.root().join(given))
    }
}

fn changed_on_disk<'a>(repository: &'a git2::Repository, old: &Tree<'a>) -> Result<Diff<'a>, git2::Error> {
    let mut options = DiffOptions::new();
    options.include_untracked(true).recurse_untracked_dirs(true).include_typechange(true);
    // Submodules are not looked into.
    options.ignore_submodules(true);
    repository.diff_tree_to_workdir_with_index(Some(old), Some(&mut options))
}

/// What `git add --intent-to-add` names is not staged yet.
fn drop_intentions(index: &mut git2::Index) -> Result<(), git2::Error> {
    const INTENT_TO_ADD: u16 = 1 << 13;
    let intended: Vec<_> =
        index.iter().filter(|entry| entry.flags_extended & INTENT_TO_ADD != 0).map(|entry| entry.path).collect();
    intended.iter().try_for_each(|path| index.remove(Path::new(&*String::from_utf8_lossy(path)), 0))
}

impl Snapshot {
    fn differs_from(&self, old: Option<Oid>) -> Result<BTreeSet<String>, git2::Error> {
        let repository = self.repository.lock();
        let old = old.map(|id| repository.find_tree(id)).transpose()?;
        let new = repository.find_tree(self.tree())?;
        Ok(paths(&repository.diff_tree_to_tree(old.as_ref(), Some(&new), None)?))
    }
}

/// The paths of both sides. One that is not UTF-8 names nothing that a document could name.
fn paths(diff: &Diff<'_>) -> BTreeSet<String> {
    let of = |file: git2::DiffFile<'_>| Some(file.path()?.to_str()?.replace('\\', "/"));
    diff.deltas().flat_map(|delta| [of(delta.old_file()), of(delta.new_file())]).flatten().collect()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::git::tests::Ground;
    use crate::workspace::FILE_LIMIT;

    fn open(ground: &Ground) -> Repository {
        Repository::discover(ground.path()).expect("a repository")
    }

    fn list(paths: &BTreeSet<String>) -> Vec<&str> {
        paths.iter().map(String::as_str).collect()
    }

    #[test]
    fn changes_are_those_of_disk_index_and_commits() {
        let ground = Ground::new();
        ground.write("a/one.yaml", "1");
        ground.write("a/two.yaml", "2");
        ground.write(".gitignore", "ignored/\n");
        ground.commit("x");
        ground.write("a/one.yaml", "3");
        ground.write("b/new.yaml", "4");
        ground.write("ignored/x.yaml", "5");
        ground.git(&["rm", "--quiet", "a/two.yaml"]);
        let repository = open(&ground);
        let base = repository.head().expect("a commit");
        let changed = repository.changed_since(&base, None).expect("listed");
        assert_eq!(list(&changed), ["a/one.yaml", "a/two.yaml", "b/new.yaml"]);
        ground.commit("y");
        let head = repository.head().expect("a commit");
        assert_eq!(repository.changed_since(&base, Some(&head)).expect("listed"), changed);
        assert!(repository.changed_since(&head, None).expect("listed").is_empty());
        assert!(repository.ignores("ignored/x.yaml") && !repository.ignores("a/one.yaml"));
    }

    #[test]
    fn what_is_staged_is_read_and_nothing_is_written() {
        let ground = Ground::new();
        ground.write("a.yaml", "committed");
        ground.write("deep/b.yaml", "committed");
        ground.commit("x");
        ground.write("a.yaml", "staged");
        ground.write("intended.yaml", "not yet");
        ground.git(&["add", "a.yaml"]);
        ground.git(&["add", "--intent-to-add", "intended.yaml"]);
        ground.git(&["rm", "--quiet", "--cached", "deep/b.yaml"]);
        ground.write("a.yaml", "on disk");
        let before = ground.git(&["count-objects"]);
        let repository = open(&ground);
        let staged = repository.staged().expect("an index");
        assert_eq!(staged.read("a.yaml", FILE_LIMIT).expect("read"), b"staged");
        assert!(staged.read("deep/b.yaml", FILE_LIMIT).is_err());
        assert!(staged.read("intended.yaml", FILE_LIMIT).is_err());
        assert_eq!(list(&repository.staged_changes(&staged).expect("listed")), ["a.yaml", "deep/b.yaml"]);
        assert_eq!(ground.git(&["count-objects"]), before);
    }

    #[test]
    fn before_the_first_commit_everything_staged_is_new() {
        let ground = Ground::new();
        ground.write("a.yaml", "1");
        ground.git(&["add", "."]);
        let repository = open(&ground);
        let staged = repository.staged().expect("an index");
        assert_eq!(list(&repository.staged_changes(&staged).expect("listed")), ["a.yaml"]);
    }

    #[test]
    fn conflicts_are_not_staged() {
        let ground = Ground::new();
        ground.write("a.yaml", "1");
        ground.commit("x");
        ground.git(&["checkout", "--quiet", "-b", "other"]);
        ground.write("a.yaml", "2");
        ground.commit("y");
        ground.git(&["checkout", "--quiet", "main"]);
        ground.write("a.yaml", "3");
        ground.commit("z");
        let mut merge = std::process::Command::new("git");
        merge.current_dir(ground.path()).args(["merge", "--quiet", "other"]).output().expect("git runs");
        assert!(matches!(open(&ground).staged(), Err(GitError::Conflicts)));
    }
}
