//! Writing an output folder: what is to be done, and what speaks against it.

use super::disk::{Disk, Turn};
use super::lock::Ownership;
use super::staging::{Change, Staging};
use super::survey::{Entry, Found, Survey};
use super::{Obstacle, Refusal, WriteError};
use crate::tree::{Lock, STAGING_FOLDER, Tree};
use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// From so many objects on, losing more than half of them at once is suspicious.
const MANY_OBJECTS: usize = 10;

/// What the user allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriteOptions {
    /// Replace files that were edited by hand, and take over both sides of a merged lock.
    pub force: bool,
    /// Remove however many objects.
    pub allow_prune: bool,
}

/// What was done. Paths are relative to the output folder, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteReport {
    pub written: Vec<String>,
    pub removed: Vec<String>,
    pub unchanged: usize,
}

/// Makes an output folder hold exactly this tree, its lock, and whatever Windlass does not own.
pub fn write(out: &Path, tree: &Tree, options: WriteOptions) -> Result<WriteReport, WriteError> {
    write_on(&Disk::real(), out, tree, options)
}

fn write_on(disk: &Disk<'_>, out: &Path, tree: &Tree, options: WriteOptions) -> Result<WriteReport, WriteError> {
    let mut made = Vec::new();
    let result = make_output(disk, out, "", &mut made).and_then(|()| write_into(disk, out, tree, options));
    if result.is_err() {
        made.iter().rev().for_each(|folder| drop(disk.remove_folder(folder)));
    }
    result
}

/// Makes a folder with those above, and collects what was not there before. `name` is its path from
/// the output folder.
fn make_output(disk: &Disk<'_>, folder: &Path, name: &str, made: &mut Vec<PathBuf>) -> Result<(), WriteError> {
    check_output(folder, name)?;
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        make_output(disk, parent, &format!("../{name}"), made)?;
    }
    match disk.make_folder(folder) {
        Ok(()) => made.push(folder.into()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => check_output(folder, name)?,
        Err(error) => return Err(WriteError::Io { path: name.into(), doing: "make the folder", error, left: None }),
    }
    Ok(())
}

/// Refuses a folder that is something else; one that does not exist is fine.
pub(super) fn check_output(folder: &Path, name: &str) -> Result<(), WriteError> {
    match fs::metadata(folder) {
        Ok(metadata) if metadata.is_dir() => Ok(()),
        Ok(_) => Err(WriteError::obstructed(name, Obstacle::NotAFolder)),
        Err(_) if fs::symlink_metadata(folder).is_ok() => Err(WriteError::obstructed(name, Obstacle::Link)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(()),
        Err(error) => Err(WriteError::Io { path: name.into(), doing: "read", error, left: None }),
    }
}

fn write_into(disk: &Disk<'_>, out: &Path, tree: &Tree, options: WriteOptions) -> Result<WriteReport, WriteError> {
    let _turn = Turn::take(out);
    let owned = Ownership::read(out, options.force)?;
    let Survey { entries, obstacles } = Survey::take(out, tree, &owned)?;
    check(&entries, obstacles, &owned, tree, options)?;

    let changes: Vec<Change<'_>> = entries.iter().filter_map(change).collect();
    let next = Lock::of(tree);
    if !changes.is_empty() || owned.lock.as_ref() != Some(&next) {
        let stale: Vec<&str> = entries.iter().filter(|entry| entry.wanted.is_none()).map(|entry| entry.path).collect();
        Staging::new(disk, out, owned.unfinished).run(&changes, &stale, &next)?;
    } else if owned.unfinished.is_some() {
        // A run was killed when all was done but this.
        let _ = disk.remove_all(&out.join(STAGING_FOLDER));
    }
    Ok(report(&entries, &changes))
}

/// Everything that speaks against writing, at once.
fn check(
    entries: &[Entry<'_>],
    obstacles: Vec<Refusal>,
    owned: &Ownership,
    tree: &Tree,
    options: WriteOptions,
) -> Result<(), WriteError> {
    let mut refusals = obstacles;
    refusals.extend(entries.iter().filter_map(|entry| refusal(entry, options)));
    refusals.extend(sudden_loss(owned.objects(), tree).filter(|_| !options.allow_prune));
    if refusals.is_empty() { Ok(()) } else { Err(WriteError::Refused(refusals)) }
}

fn refusal(entry: &Entry<'_>, options: WriteOptions) -> Option<Refusal> {
    let path = entry.path.into();
    match entry.found {
        Found::Edited(_) if !options.force => Some(Refusal::Edited { path }),
        Found::Foreign(_) => Some(Refusal::Foreign { path }),
        _ => None,
    }
}

/// Whether the tree lacks all objects that the last run left, or more than half of many.
pub(crate) fn sudden_loss(owned: &BTreeSet<String>, tree: &Tree) -> Option<Refusal> {
    let objects = tree.objects();
    let removed = owned.iter().filter(|object| !objects.contains(object.as_str())).count();
    let is_empty = objects.is_empty() && !owned.is_empty();
    let is_small = owned.len() >= MANY_OBJECTS && removed * 2 > owned.len();
    (is_empty || is_small).then_some(Refusal::Prune { removed, owned: owned.len() })
}

fn change<'a>(entry: &Entry<'a>) -> Option<Change<'a>> {
    let exists = entry.found != Found::Missing;
    let is_needed = match entry.wanted {
        Some(_) => entry.found != Found::Same,
        None => exists,
    };
    is_needed.then_some(Change { path: entry.path, bytes: entry.wanted.map(|file| file.bytes.as_slice()), exists })
}

fn report(entries: &[Entry<'_>], changes: &[Change<'_>]) -> WriteReport {
    let paths = |put: bool| {
        changes.iter().filter(|change| change.bytes.is_some() == put).map(|change| change.path.into()).collect()
    };
    let unchanged = entries.iter().filter(|entry| entry.found == Found::Same).count();
    WriteReport { written: paths(true), removed: paths(false), unchanged }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{LOCK_FILE, TreeFile};
    use std::cell::Cell;
    use std::collections::BTreeMap;
    use std::io;
    use std::time::SystemTime;
    use tempfile::TempDir;

    fn tree(files: &[(&str, &str)]) -> Tree {
        let mut tree = Tree::new();
        for (path, text) in files {
            let object = Some(format!("v1/ConfigMap ai/{path}"));
            tree.insert(*path, TreeFile { bytes: text.as_bytes().into(), object }).expect("fits");
        }
        tree
    }

    /// The old tree, and one that keeps, replaces, adds and removes files and folders.
    fn old() -> Tree {
        tree(&[("kept.yaml", "k"), ("a/changed.yaml", "1"), ("a/b/gone.yaml", "g"), ("gone/c/gone.yaml", "g")])
    }

    fn new() -> Tree {
        tree(&[("kept.yaml", "k"), ("a/changed.yaml", "2"), ("new/d/new.yaml", "n"), ("new/new.yaml", "n")])
    }

    fn third() -> Tree {
        tree(&[("kept.yaml", "K"), ("a/changed.yaml", "3"), ("new/new.yaml", "N"), ("gone/c/gone.yaml", "G")])
    }

    /// Every folder and file with its bytes and its time.
    fn snapshot(folder: &Path) -> BTreeMap<PathBuf, Option<(Vec<u8>, SystemTime)>> {
        let mut found = BTreeMap::new();
        for entry in walkdir::WalkDir::new(folder).min_depth(1) {
            let entry = entry.expect("readable");
            let time = || entry.metadata().expect("metadata").modified().expect("time");
            let content = entry.file_type().is_file().then(|| (fs::read(entry.path()).expect("bytes"), time()));
            found.insert(entry.path().strip_prefix(folder).expect("below").into(), content);
        }
        found
    }

    /// Exactly the files of the tree, its lock, and what is not Windlass's.
    fn assert_holds(folder: &Path, tree: &Tree) {
        let found = snapshot(folder);
        let files: BTreeMap<String, Vec<u8>> = found
            .iter()
            .filter_map(|(path, content)| Some((path.to_string_lossy().into_owned(), content.clone()?.0)))
            .collect();
        let mut wanted: BTreeMap<String, Vec<u8>> =
            tree.iter().map(|(path, file)| (path.into(), file.bytes.clone())).collect();
        wanted.insert(LOCK_FILE.into(), Lock::of(tree).to_bytes());
        wanted.insert("a/mine.txt".into(), b"mine".into());
        assert_eq!(files, wanted);
        let is_empty = |folder: &&PathBuf| !files.keys().any(|file| Path::new(file).starts_with(folder));
        let folders = found.iter().filter(|(_, content)| content.is_none()).map(|(folder, _)| folder);
        assert_eq!(folders.filter(is_empty).collect::<Vec<_>>(), Vec::<&PathBuf>::new(), "folders left empty");
    }

    fn start(temp: &TempDir) -> PathBuf {
        let out = temp.path().join("out");
        write(&out, &old(), WriteOptions::default()).expect("written");
        fs::write(out.join("a/mine.txt"), "mine").expect("written");
        out
    }

    fn broken() -> io::Error {
        io::Error::other("broken")
    }

    #[test]
    fn a_failure_at_any_point_leaves_the_old_tree() {
        for point in 0.. {
            let temp = TempDir::new().expect("folder");
            let out = start(&temp);
            let before = snapshot(&out);
            let done = Cell::new(0);
            let once = || {
                done.set(done.get() + 1);
                if done.get() == point + 1 { Err(broken()) } else { Ok(()) }
            };
            match write_on(&Disk::with(&once), &out, &new(), WriteOptions::default()) {
                // Such as a folder that is not empty after all.
                Ok(_) if done.get() > point => assert_holds_loosely(&out, &new()),
                Ok(_) => return assert!(point > 20, "only {point} points"),
                Err(WriteError::Io { left: None, .. }) => assert_eq!(snapshot(&out), before, "point {point}"),
                Err(error) => panic!("point {point}: {error:?}"),
            }
            write(&out, &new(), WriteOptions::default()).expect("written");
            assert_holds_loosely(&out, &new());
        }
    }

    /// An empty folder or the staging folder may stay where removing it failed.
    fn assert_holds_loosely(out: &Path, tree: &Tree) {
        for (path, file) in tree.iter() {
            assert_eq!(fs::read(out.join(path)).expect("there"), file.bytes);
        }
        assert!(!out.join("a/b/gone.yaml").exists() && !out.join("gone/c/gone.yaml").exists());
        assert_eq!(fs::read(out.join(LOCK_FILE)).expect("there"), Lock::of(tree).to_bytes());
    }

    /// Writes `tree` in a process that is killed before the operation number `point`; false if it was done before.
    fn killed(out: &Path, tree: &Tree, point: usize) -> bool {
        let done = Cell::new(0);
        let dead = || {
            done.set(done.get() + 1);
            if done.get() > point { Err(broken()) } else { Ok(()) }
        };
        let _ = write_on(&Disk::with(&dead), out, tree, WriteOptions::default());
        done.get() > point
    }

    #[test]
    fn the_next_run_finishes_one_that_was_killed() {
        for next in [old(), new(), third()] {
            for point in 0.. {
                let temp = TempDir::new().expect("folder");
                let out = start(&temp);
                let was_killed = killed(&out, &new(), point);
                write(&out, &next, WriteOptions::default()).unwrap_or_else(|error| panic!("point {point}: {error:?}"));
                assert_holds(&out, &next);
                if !was_killed {
                    break;
                }
            }
        }
    }

    #[test]
    fn runs_may_be_killed_one_after_the_other() {
        for (first, second) in
            (0..40).step_by(3).flat_map(|first| (1..40).step_by(9).map(move |second| (first, second)))
        {
            let temp = TempDir::new().expect("folder");
            let out = start(&temp);
            killed(&out, &new(), first);
            killed(&out, &third(), second);
            write(&out, &old(), WriteOptions::default())
                .unwrap_or_else(|error| panic!("points {first} and {second}: {error:?}"));
            assert_holds(&out, &old());
        }
    }

    #[test]
    fn a_failure_after_a_killed_run_forgets_nothing() {
        for first in 0..40 {
            let temp = TempDir::new().expect("folder");
            let out = start(&temp);
            killed(&out, &new(), first);
            let done = Cell::new(0);
            let once = || {
                done.set(done.get() + 1);
                if done.get() == 10 { Err(broken()) } else { Ok(()) }
            };
            let _ = write_on(&Disk::with(&once), &out, &third(), WriteOptions::default());
            write(&out, &old(), WriteOptions::default()).unwrap_or_else(|error| panic!("point {first}: {error:?}"));
            assert_holds(&out, &old());
        }
    }

    #[test]
    fn a_first_write_that_fails_leaves_no_folder() {
        for point in 0.. {
            let temp = TempDir::new().expect("folder");
            let done = Cell::new(0);
            let once = || {
                done.set(done.get() + 1);
                if done.get() == point + 1 { Err(broken()) } else { Ok(()) }
            };
            let result = write_on(&Disk::with(&once), &temp.path().join("x/y"), &new(), WriteOptions::default());
            if result.is_ok() {
                return assert!(point > 10, "only {point} points");
            }
            assert_eq!(snapshot(temp.path()), BTreeMap::new(), "point {point}");
        }
    }

    #[test]
    fn half_a_lock_of_a_killed_run_tells_nothing() {
        let temp = TempDir::new().expect("folder");
        let out = start(&temp);
        fs::create_dir(out.join(STAGING_FOLDER)).expect("made");
        fs::write(out.join(STAGING_FOLDER).join("lock-0.json"), "{\"version\": 1, \"fi").expect("written");
        write(&out, &new(), WriteOptions::default()).expect("written");
        assert_holds(&out, &new());
    }

    #[test]
    fn what_could_not_be_put_back_is_said() {
        let temp = TempDir::new().expect("folder");
        let out = start(&temp);
        let done = Cell::new(0);
        let dead = || {
            done.set(done.get() + 1);
            if done.get() > 15 { Err(broken()) } else { Ok(()) }
        };
        let error = write_on(&Disk::with(&dead), &out, &new(), WriteOptions::default()).expect_err("dead");
        let reason = error.diagnostics("out").remove(0).reason.expect("said");
        assert!(reason.starts_with("not everything could be put back"), "{reason}");
    }
}
