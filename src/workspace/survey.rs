//! An output folder compared with the tree that belongs there. Changes nothing.

use super::lock::{Ownership, read_file, same_text};
use super::write::check_output;
use super::{Obstacle, Refusal, WriteError};
use crate::tree::{Lock, Tree, TreeFile};
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
