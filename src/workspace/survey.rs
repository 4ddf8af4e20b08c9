//! An output folder compared with the tree that belongs there. Changes nothing.

use super::lock::{Ownership, read_file, same_text};
use super::write::check_output;
use super::{Obstacle, Refusal, WriteError};
use crate::digest::sha256;
use crate::tree::{LOCK_FILE, Lock, Tree, TreeFile};
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::num::NonZero;
use std::panic::resume_unwind;
use std::path::Path;
use std::thread;

/// So many files a thread looks at, at least: fewer are not worth it.
const LEAST_SHARE: usize = 500;

/// What lies at a path of the output folder.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    Missing,
    /// What belongs there.
    Same,
    /// Something else that Windlass wrote.
    Ours(Vec<u8>),
    /// Something else, at a path that Windlass owns.
    Edited(Vec<u8>),
    /// Something else, at a path that Windlass does not own.
    Foreign(Vec<u8>),
}

/// A path that is in the tree, or that Windlass owns.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) path: &'a str,
    /// None for a file that is no longer produced.
    pub(super) wanted: Option<&'a TreeFile>,
    pub(super) found: Found,
}

/// All that there is to know before anything is written.
#[derive(Debug, Default)]
pub(super) struct Survey<'a> {
    /// First the files of the tree, then those no longer produced; each in the order of the paths.
    pub(super) entries: Vec<Entry<'a>>,
    /// What makes writing impossible, whoever owns it.
    pub(super) obstacles: Vec<Refusal>,
}

impl<'a> Survey<'a> {
    pub(super) fn take(out: &Path, tree: &'a Tree, owned: &'a Ownership) -> Result<Self, WriteError> {
        let mut survey = Self::default();
        let mut folders = Folders { out, known: BTreeMap::new() };
        let mut in_folders = Vec::new();
        let wanted = tree.iter().map(|(path, file)| (path, Some(file)));
        let stale = owned.paths().filter(|path| tree.get(path).is_none()).map(|path| (path, None));
        for (path, wanted) in wanted.chain(stale) {
            let found = Found::Missing;
            match folders.above(path) {
                Ok(true) => in_folders.push((path, wanted)),
                Ok(false) => survey.entries.push(Entry { path, wanted, found }),
                Err(error) => survey.add_obstacle(error)?,
            }
        }
        for result in in_parallel(&in_folders, |(path, wanted)| entry(out, path, *wanted, owned)) {
            match result {
                Ok(entry) => survey.entries.push(entry),
                Err(error) => survey.add_obstacle(error)?,
            }
        }
        survey.entries.sort_by_key(|entry| (entry.wanted.is_none(), entry.path));
        Ok(survey)
    }

    /// One folder is in the way of many files.
    fn add_obstacle(&mut self, error: WriteError) -> Result<(), WriteError> {
        let WriteError::Refused(refusals) = error else { return Err(error) };
        for refusal in refusals {
            if !self.obstacles.contains(&refusal) {
                self.obstacles.push(refusal);
            }
        }
        Ok(())
    }
}

/// Does the same to many things on all processors; the results are in the order of the things.
fn in_parallel<T: Sync, R: Send>(things: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    let share = things.len().div_ceil(workers).max(LEAST_SHARE);
    let work = |share: &[T]| share.iter().map(&work).collect::<Vec<R>>();
    if things.len() <= share {
        return work(things);
    }
    thread::scope(|scope| {
        let work = &work;
        let running: Vec<_> = things.chunks(share).map(|share| scope.spawn(move || work(share))).collect();
        running.into_iter().flat_map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}

fn entry<'a>(
    out: &Path,
    path: &'a str,
    wanted: Option<&'a TreeFile>,
    owned: &Ownership,
) -> Result<Entry<'a>, WriteError> {
    let found = match read_file(out, path)? {
        None => Found::Missing,
        Some(bytes) if wanted.is_some_and(|file| same_text(&bytes, &file.bytes)) => Found::Same,
        Some(bytes) if owned.wrote(path, &bytes) => Found::Ours(bytes),
        Some(bytes) if owned.has(path) => Found::Edited(bytes),
        Some(bytes) => Found::Foreign(bytes),
    };
    Ok(Entry { path, wanted, found })
}

/// The folders of an output folder, each looked at once.
struct Folders<'a> {
    out: &'a Path,
    known: BTreeMap<String, Result<bool, Obstacle>>,
}

impl Folders<'_> {
    /// Whether the folder above a path exists, as a plain folder in plain folders.
    fn above(&mut self, path: &str) -> Result<bool, WriteError> {
        let Some((folder, _)) = path.rsplit_once('/') else { return Ok(true) };
        let state = if let Some(state) = self.known.get(folder) {
            *state
        } else {
            let state = if self.above(folder)? { self.look(folder)? } else { Ok(false) };
            self.known.insert(folder.into(), state);
            state
        };
        state.map_err(|by| WriteError::obstructed(folder, by))
    }

    fn look(&self, folder: &str) -> Result<Result<bool, Obstacle>, WriteError> {
        match fs::symlink_metadata(self.out.join(folder)) {
            Ok(metadata) if metadata.is_dir() => Ok(Ok(true)),
            Ok(metadata) if metadata.is_symlink() => Ok(Err(Obstacle::Link)),
            Ok(_) => Ok(Err(Obstacle::NotAFolder)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Ok(false)),
            Err(error) => Err(WriteError::Io { path: folder.into(), doing: "read", error, left: None }),
        }
    }
}

/// A file with other content than it should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differing {
    pub path: String,
    /// What is on disk.
    pub old: Vec<u8>,
}

/// How an output folder differs from the tree that belongs there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    pub missing: Vec<String>,
    /// Written by Windlass, for another tree.
    pub changed: Vec<Differing>,
    /// Written by Windlass, and no longer produced.
    pub stale: Vec<String>,
    /// Written by Windlass, and edited by hand since, whether still produced or not.
    pub edited: Vec<Differing>,
    /// In the way, and not written by Windlass.
    pub foreign: Vec<Differing>,
    /// The lock does not name exactly the files of the tree. Another compiler version is no difference.
    pub lock_differs: bool,
}

impl Comparison {
    pub fn is_clean(&self) -> bool {
        *self == Self::default()
    }

    /// Compares the files of a folder that is not on disk, by their paths in it.
    pub fn of_files(files: &BTreeMap<String, Vec<u8>>, tree: &Tree) -> Self {
        let lock = files.get(LOCK_FILE).and_then(|bytes| Lock::parse(bytes).ok());
        let owned: BTreeMap<&str, &str> =
            lock.iter().flat_map(|lock| &lock.files).map(|file| (&*file.path, &*file.sha256)).collect();
        let mut comparison = Self::default();
        let wanted = tree.iter().map(|(path, file)| (path, Some(file)));
        let stale = owned.keys().filter(|path| tree.get(path).is_none()).map(|path| (*path, None));
        for (path, wanted) in wanted.chain(stale) {
            let found = match (files.get(path), owned.get(path)) {
                (None, _) => Found::Missing,
                (Some(bytes), _) if wanted.is_some_and(|file| same_text(bytes, &file.bytes)) => Found::Same,
                (Some(bytes), Some(digest)) if sha256(bytes) == **digest => Found::Ours(bytes.clone()),
                (Some(bytes), Some(_)) => Found::Edited(bytes.clone()),
                (Some(bytes), None) => Found::Foreign(bytes.clone()),
            };
            comparison.add(Entry { path, wanted, found });
        }
        comparison.lock_differs = lock.map(|lock| lock.files) != Some(Lock::of(tree).files);
        comparison
    }

    /// How many files differ in which way: `1 missing, 2 changed`.
    pub fn summary(&self) -> String {
        let counts = [
            (self.missing.len(), "missing"),
            (self.changed.len(), "changed"),
            (self.stale.len(), "no longer produced"),
            (self.edited.len(), "edited by hand"),
            (self.foreign.len(), "not written by Windlass"),
        ];
        let told: Vec<String> =
            counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        if told.is_empty() { format!("{LOCK_FILE} does not name these files") } else { told.join(", ") }
    }

    fn add(&mut self, entry: Entry<'_>) {
        let path = String::from(entry.path);
        match (entry.found, entry.wanted) {
            (Found::Missing, Some(_)) => self.missing.push(path),
            (Found::Missing, None) | (Found::Same, _) => {}
            (Found::Ours(old), Some(_)) => self.changed.push(Differing { path, old }),
            (Found::Ours(_), None) => self.stale.push(path),
            (Found::Edited(old), _) => self.edited.push(Differing { path, old }),
            (Found::Foreign(old), _) => self.foreign.push(Differing { path, old }),
        }
    }
}

/// Compares an output folder with the tree that belongs there, and writes nothing.
pub fn compare(out: &Path, tree: &Tree) -> Result<Comparison, WriteError> {
    check_output(out, "")?;
    let owned = Ownership::read(out, false)?;
    let survey = Survey::take(out, tree, &owned)?;
    if !survey.obstacles.is_empty() {
        return Err(WriteError::Refused(survey.obstacles));
    }
    let mut comparison = Comparison::default();
    survey.entries.into_iter().for_each(|entry| comparison.add(entry));
    let files = owned.lock.as_ref().map(|lock| &lock.files);
    comparison.lock_differs = files != Some(&Lock::of(tree).files);
    Ok(comparison)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> Tree {
        let mut tree = Tree::new();
        for (path, text) in files {
            let file = TreeFile { bytes: text.as_bytes().to_vec(), object: None };
            tree.insert(*path, file).expect("a path");
        }
        tree
    }

    fn files(tree: &Tree) -> BTreeMap<String, Vec<u8>> {
        let lock = (LOCK_FILE.to_owned(), Lock::of(tree).to_bytes());
        tree.iter().map(|(path, file)| (path.to_owned(), file.bytes.clone())).chain([lock]).collect()
    }

    #[test]
    fn files_that_are_not_on_disk_are_told_apart() {
        let old = tree(&[("a.yaml", "a: 1\n"), ("b.yaml", "b: 1\n"), ("c.yaml", "c: 1\n")]);
        assert!(Comparison::of_files(&files(&old), &old).is_clean());
        let new = tree(&[("a.yaml", "a: 2\n"), ("b.yaml", "b: 2\n"), ("d.yaml", "d: 1\n"), ("e.yaml", "e: 1\n")]);
        let mut there = files(&old);
        there.insert("b.yaml".into(), b"by hand".to_vec());
        there.insert("e.yaml".into(), b"of somebody".to_vec());
        let comparison = Comparison::of_files(&there, &new);
        assert_eq!(
            comparison.summary(),
            "1 missing, 1 changed, 1 no longer produced, 1 edited by hand, 1 not written by Windlass"
        );
        assert_eq!((comparison.missing, comparison.stale), (vec!["d.yaml".into()], vec!["c.yaml".into()]));
        assert!(comparison.lock_differs);
    }
}
