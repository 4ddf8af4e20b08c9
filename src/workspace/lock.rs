//! What Windlass owns in an output folder, as the disk tells it.

use super::read::kind;
use super::{Obstacle, WriteError};
use crate::digest::sha256;
use crate::tree::{LOCK_FILE, Lock, LockError, STAGING_FOLDER};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What a run that did not finish has left in the staging folder: the locks that it and others like
/// it were about to put in place, by number.
pub(super) fn unfinished_lock(out: &Path, number: usize) -> PathBuf {
    out.join(STAGING_FOLDER).join(format!("lock-{number}.json"))
}

/// Who owns which file of an output folder.
#[derive(Debug, Default)]
pub(super) struct Ownership {
    /// The digests under which each path was written, or was about to be.
    digests: BTreeMap<String, Vec<String>>,
    /// The objects of the last run that finished.
    objects: BTreeSet<String>,
    /// The lock as it is on disk, if it is one.
    pub(super) lock: Option<Lock>,
    /// The staging folder is there, with so many locks in it: a run did not finish.
    pub(super) unfinished: Option<usize>,
}

impl Ownership {
    /// Reads the lock; with `force`, both sides of a conflict in it count.
    pub(super) fn read(out: &Path, force: bool) -> Result<Self, WriteError> {
        let mut owned = Self::default();
        let Some(bytes) = read_file(out, LOCK_FILE)? else { return owned.with_unfinished(out) };
        let locks = if force { Lock::parse_sides(&bytes) } else { Lock::parse(&bytes).map(|lock| vec![lock]) };
        let mut locks = locks.map_err(WriteError::Lock)?;
        for lock in &locks {
            owned.add(lock);
            owned.objects.extend(lock.files.iter().filter_map(|file| file.object.clone()));
        }
        owned.lock = locks.pop().filter(|_| locks.is_empty());
        owned.with_unfinished(out)
    }

    fn with_unfinished(mut self, out: &Path) -> Result<Self, WriteError> {
        let folder = out.join(STAGING_FOLDER);
        let Ok(metadata) = fs::symlink_metadata(&folder) else { return Ok(self) };
        if !metadata.is_dir() {
            let by = if metadata.is_symlink() { Obstacle::Link } else { Obstacle::NotAFolder };
            return Err(WriteError::obstructed(STAGING_FOLDER, by));
        }
        let mut count = 0;
        while let Ok(metadata) = fs::symlink_metadata(unfinished_lock(out, count)) {
            // One that cannot be read was not complete when its run was killed: nothing was in place yet.
            let bytes = if metadata.is_file() { fs::read(unfinished_lock(out, count)).ok() } else { None };
            if let Some(lock) = bytes.and_then(|bytes| Lock::parse(&bytes).ok()) {
                self.add(&lock);
            }
            count += 1;
        }
        self.unfinished = Some(count);
        Ok(self)
    }

    fn add(&mut self, lock: &Lock) {
        for file in &lock.files {
            self.digests.entry(file.path.clone()).or_default().push(file.sha256.clone());
        }
    }

    /// All paths, in order.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.digests.keys().map(String::as_str)
    }

    pub(super) fn objects(&self) -> &BTreeSet<String> {
        &self.objects
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.digests.contains_key(path)
    }

    /// Whether the content is one that Windlass wrote at this path.
    pub(super) fn wrote(&self, path: &str, bytes: &[u8]) -> bool {
        let Some(known) = self.digests.get(path) else { return false };
        let is_known = |bytes: &[u8]| known.contains(&sha256(bytes));
        is_known(bytes) || matches!(unix_lines(bytes), Cow::Owned(bytes) if is_known(&bytes))
    }
}

/// The same text, as far as Git is concerned: a checkout may have given it the line ends of Windows.
pub(super) fn same_text(on_disk: &[u8], wanted: &[u8]) -> bool {
    on_disk == wanted || (on_disk.len() > wanted.len() && *unix_lines(on_disk) == *wanted)
}

fn unix_lines(bytes: &[u8]) -> Cow<'_, [u8]> {
    if !bytes.windows(2).any(|pair| pair == b"\r\n") {
        return Cow::Borrowed(bytes);
    }
    let ends_line = |at: usize| bytes.get(at + 1) == Some(&b'\n');
    let kept = bytes.iter().enumerate().filter(|(at, byte)| **byte != b'\r' || !ends_line(*at));
    Cow::Owned(kept.map(|(_, byte)| *byte).collect())
}

/// The bytes of a plain file of the output folder, if there is one.
pub(super) fn read_file(out: &Path, path: &str) -> Result<Option<Vec<u8>>, WriteError> {
    let place = out.join(path);
    let failed = |error| WriteError::Io { path: path.into(), doing: "read", error, left: None };
    let metadata = match fs::symlink_metadata(&place) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => return Err(failed(error)),
        Ok(metadata) => metadata,
    };
    if metadata.is_file() {
        return fs::read(&place).map(Some).map_err(failed);
    }
    let by = if metadata.is_symlink() { Obstacle::Link } else { Obstacle::NotAFile(kind(&metadata)) };
    Err(WriteError::obstructed(path, by))
}

impl From<LockError> for WriteError {
    fn from(error: LockError) -> Self {
        Self::Lock(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_of_windows_are_the_same_text() {
        assert!(same_text(b"a\r\nb\r\n", b"a\nb\n"));
        assert!(same_text(b"a\nb\n", b"a\nb\n"));
        assert!(!same_text(b"a\rb\n", b"ab\n"));
        assert!(!same_text(b"a\r\nc\r\n", b"a\nb\n"));
    }
}
