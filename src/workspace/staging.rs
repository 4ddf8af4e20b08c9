//! Putting a tree in place, all or nothing.
//!
//! New content is first written to a staging folder inside the output folder, so that it lies on the
//! same file system whatever is mounted where. Then the next lock is put beside it, and from there on
//! whatever a killed run leaves is known to be Windlass's own. Only then files move: the old ones
//! into the staging folder, the new ones to their places, and at last the next lock over the old one.
//! An error on the way moves everything back. The staging folder of a killed run stays until a run
//! finishes; it ignores itself, so that nobody commits it.

use super::WriteError;
use super::disk::Disk;
use super::lock::unfinished_lock;
use crate::tree::{LOCK_FILE, Lock, STAGING_FOLDER};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// So many files lie together in the staging folder.
const OF_A_GROUP: usize = 100;

/// One file to put in place or to take away.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change<'a> {
    pub(super) path: &'a str,
    /// None to take it away.
    pub(super) bytes: Option<&'a [u8]>,
    /// Whether there is an old file.
    pub(super) exists: bool,
}

/// How to undo one step.
enum Undo {
    Rename { from: PathBuf, to: PathBuf },
    RemoveFile(PathBuf),
    RemoveFolder(PathBuf),
    MakeFolder(PathBuf),
}

/// The staging folder of this run.
pub(super) struct Staging<'a> {
    disk: &'a Disk<'a>,
    out: &'a Path,
    folder: PathBuf,
    /// How many locks of runs that did not finish lie there already.
    earlier: usize,
    undo: Vec<Undo>,
}

impl<'a> Staging<'a> {
    pub(super) fn new(disk: &'a Disk<'a>, out: &'a Path, unfinished: Option<usize>) -> Self {
        let earlier = unfinished.unwrap_or(0);
        Self { disk, out, folder: out.join(STAGING_FOLDER), earlier, undo: Vec::new() }
    }

    /// Makes all changes, or none: then the error says so.
    pub(super) fn run(mut self, changes: &[Change<'_>], stale: &[&str], next: &Lock) -> Result<(), WriteError> {
        match self.stage(changes, next).and_then(|lock| self.commit(changes, stale, &lock)) {
            Ok(()) => {
                // The work is done; a rest that cannot be removed goes with the next run.
                let _ = self.disk.remove_all(&self.folder);
                Ok(())
            }
            Err(error) => Err(self.abandon(error)),
        }
    }

    fn stage(&self, changes: &[Change<'_>], next: &Lock) -> Result<File, WriteError> {
        self.open(changes.len()).map_err(failed(STAGING_FOLDER, "write"))?;
        for (number, change) in changes.iter().enumerate() {
            if let Some(bytes) = change.bytes {
                self.disk.write_new(&self.new_file(number), bytes).map_err(failed(change.path, "write"))?;
            }
        }
        let lock = unfinished_lock(self.out, self.earlier);
        self.disk.write_new(&lock, &next.to_bytes()).map_err(failed(LOCK_FILE, "write"))
    }

    fn open(&self, changes: usize) -> io::Result<()> {
        existing(self.disk.make_folder(&self.folder))?;
        existing(self.disk.write_new(&self.folder.join(".gitignore"), b"*\n").map(drop))?;
        for folder in ["new", "old"].map(|name| self.folder.join(name)) {
            self.disk.remove_all(&folder)?;
            self.disk.make_folder(&folder)?;
        }
        for number in (0..changes).step_by(OF_A_GROUP) {
            self.disk.make_folder(&self.group("new", number))?;
            self.disk.make_folder(&self.group("old", number))?;
        }
        Ok(())
    }

    fn commit(&mut self, changes: &[Change<'_>], stale: &[&str], lock: &File) -> Result<(), WriteError> {
        let numbered = || changes.iter().enumerate();
        for (number, change) in numbered().filter(|(_, change)| change.bytes.is_none()) {
            self.take_away(number, change.path).map_err(failed(change.path, "remove"))?;
        }
        for (number, change) in numbered().filter(|(_, change)| change.bytes.is_some()) {
            self.put(number, change).map_err(failed(change.path, "write"))?;
        }
        self.remove_emptied(stale);
        self.disk.sync(lock).map_err(failed(LOCK_FILE, "write"))?;
        let next = unfinished_lock(self.out, self.earlier);
        self.disk.rename(&next, &self.out.join(LOCK_FILE)).map_err(failed(LOCK_FILE, "replace"))?;
        // From here on nothing can fail. That the name is safe too is worth a try.
        let _ = File::open(self.out).and_then(|folder| folder.sync_all());
        Ok(())
    }

    fn take_away(&mut self, number: usize, path: &str) -> io::Result<()> {
        let (from, to) = (self.out.join(path), self.old_file(number));
        self.disk.rename(&from, &to)?;
        self.undo.push(Undo::Rename { from: to, to: from });
        Ok(())
    }

    fn put(&mut self, number: usize, change: &Change<'_>) -> io::Result<()> {
        let place = self.out.join(change.path);
        if change.exists {
            let old = self.old_file(number);
            self.disk.link(&place, &old)?;
            self.undo.push(Undo::Rename { from: old, to: place.clone() });
            return self.disk.rename(&self.new_file(number), &place);
        }
        self.make_folders(place.parent().unwrap_or(self.out))?;
        self.disk.rename(&self.new_file(number), &place)?;
        self.undo.push(Undo::RemoveFile(place));
        Ok(())
    }

    /// Makes a folder of the output folder, with those above.
    fn make_folders(&mut self, folder: &Path) -> io::Result<()> {
        if folder == self.out || folder.is_dir() {
            return Ok(());
        }
        self.make_folders(folder.parent().unwrap_or(self.out))?;
        self.disk.make_folder(folder)?;
        self.undo.push(Undo::RemoveFolder(folder.into()));
        Ok(())
    }

    /// Removes the folders of files that are gone, where nothing else is in them.
    fn remove_emptied(&mut self, stale: &[&str]) {
        let above = |path: &&'_ str| Path::new(*path).ancestors().skip(1).map(PathBuf::from).collect::<Vec<_>>();
        let folders: BTreeSet<PathBuf> = stale.iter().flat_map(above).collect();
        // A folder stands before those in it, and the output folder, which stays, before all.
        for folder in folders.into_iter().skip(1).rev().map(|folder| self.out.join(folder)) {
            if self.disk.remove_folder(&folder).is_ok() {
                self.undo.push(Undo::MakeFolder(folder));
            }
        }
    }

    /// Puts everything back as it was, and says in the error what could not be.
    fn abandon(mut self, error: WriteError) -> WriteError {
        let result = self.put_back();
        match error {
            WriteError::Io { path, doing, error, .. } => WriteError::Io { path, doing, error, left: result.err() },
            other => other,
        }
    }

    /// As far as possible; what staged files tell stays where something could not be put back.
    fn put_back(&mut self) -> io::Result<()> {
        let disk = self.disk;
        let put_back = |undo| match undo {
            Undo::Rename { from, to } => disk.rename(&from, &to),
            Undo::RemoveFile(place) => disk.remove_file(&place),
            Undo::RemoveFolder(place) => disk.remove_folder(&place),
            Undo::MakeFolder(place) => disk.make_folder(&place),
        };
        let results: Vec<io::Result<()>> = self.undo.drain(..).rev().map(put_back).collect();
        results.into_iter().collect::<io::Result<()>>()?;
        self.remove_own()
    }

    /// Removes what this run staged, but not what tells of earlier ones.
    fn remove_own(&self) -> io::Result<()> {
        if self.earlier == 0 {
            return self.disk.remove_all(&self.folder);
        }
        self.disk.remove_all(&self.folder.join("new"))?;
        self.disk.remove_all(&self.folder.join("old"))?;
        match self.disk.remove_file(&unfinished_lock(self.out, self.earlier)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    fn new_file(&self, number: usize) -> PathBuf {
        self.group("new", number).join(number.to_string())
    }

    fn old_file(&self, number: usize) -> PathBuf {
        self.group("old", number).join(number.to_string())
    }

    /// Where a file of this number stands: some file systems look for a place in a folder from its start, so that many
    /// files in one cost the square of their number.
    fn group(&self, folder: &str, number: usize) -> PathBuf {
        self.folder.join(folder).join((number / OF_A_GROUP).to_string())
    }
}

/// Something that exists already is as good as something just made.
fn existing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

fn failed(path: &str, doing: &'static str) -> impl FnOnce(io::Error) -> WriteError {
    move |error| WriteError::Io { path: path.into(), doing, error, left: None }
}
