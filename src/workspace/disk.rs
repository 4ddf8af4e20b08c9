//! Every operation that changes the disk, in one place, so that a test can make any of them fail or
//! be the last one before the process is killed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// The disk, as far as it is changed.
#[derive(Clone, Copy)]
pub(super) struct Disk<'a> {
    /// Asked before every operation; its error is that of the operation.
    before: &'a dyn Fn() -> io::Result<()>,
}

impl Disk<'_> {
    pub(super) fn real() -> Disk<'static> {
        Disk { before: &|| Ok(()) }
    }

    #[cfg(test)]
    pub(super) fn with(before: &dyn Fn() -> io::Result<()>) -> Disk<'_> {
        Disk { before }
    }

    pub(super) fn make_folder(&self, path: &Path) -> io::Result<()> {
        (self.before)()?;
        fs::create_dir(path)
    }

    /// Writes a file where nothing is, so that nothing is ever followed or cut short.
    pub(super) fn write_new(&self, path: &Path, bytes: &[u8]) -> io::Result<File> {
        (self.before)()?;
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        file.write_all(bytes)?;
        Ok(file)
    }

    /// Moves a file, over another if there is one: at once, for whoever looks.
    pub(super) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        (self.before)()?;
        fs::rename(from, to)
    }

    /// Gives a file a second name; where the file system has no links, the file moves.
    pub(super) fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        (self.before)()?;
        fs::hard_link(from, to).or_else(|_| fs::rename(from, to))
    }

    pub(super) fn remove_file(&self, path: &Path) -> io::Result<()> {
        (self.before)()?;
        fs::remove_file(path)
    }

    /// Removes a folder, if it is empty.
    pub(super) fn remove_folder(&self, path: &Path) -> io::Result<()> {
        (self.before)()?;
        fs::remove_dir(path)
    }

    /// Removes a folder with all that is in it, if it exists; links in it are not followed.
    pub(super) fn remove_all(&self, path: &Path) -> io::Result<()> {
        (self.before)()?;
        match fs::remove_dir_all(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    /// Waits until a file is safe from a loss of power.
    pub(super) fn sync(&self, file: &File) -> io::Result<()> {
        (self.before)()?;
        file.sync_all()
    }
}

/// The turn of one process to write a folder; others wait until it is dropped or the process ends.
///
/// Best effort: where a folder cannot be locked (Windows, some network file systems), nobody waits.
pub(super) struct Turn {
    _folder: Option<File>,
}

impl Turn {
    pub(super) fn take(folder: &Path) -> Self {
        let lock = |folder: File| folder.lock().map(|()| folder);
        Self { _folder: File::open(folder).and_then(lock).ok() }
    }
}
