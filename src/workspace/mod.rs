//! The disk: the only module that reads files or writes them.
//!
//! Promises, reading: a path is relative to the root of the repository, with `/` between names, and
//! what it leads to stays inside the repository whatever links say; only regular files are opened, so
//! nothing blocks; nothing of Git's own is read.
//! Promises, writing: all or nothing. Only files that the lock of the output folder names are
//! rewritten or removed, one edited by hand is kept, an unchanged one is not touched, and a run that
//! is killed at any point is finished by the next.
#![expect(clippy::disallowed_methods, reason = "this is the module that touches the file system")]

mod create;
mod disk;
mod error;
mod find;
mod folders;
mod list;
mod lock;
mod read;
mod staging;
mod survey;
mod write;

pub use create::{create_new, create_program};
pub use error::{Obstacle, ReadError, Refusal, WriteError};
pub(crate) use folders::{
    Folders, SYSTEM_FILE, environments, expand, inside, is_ours, is_output, is_yaml, matches, nearest_system,
};
pub use list::{list, size};
pub(crate) use read::FOLDER;
pub use read::{FILE_LIMIT, join};
pub use survey::{Comparison, Differing, compare};
pub(crate) use write::sudden_loss;
pub use write::{WriteOptions, WriteReport, write};

use std::fs;
use std::path::{Path, PathBuf};

/// A repository on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    /// Without links.
    root: PathBuf,
}

impl Workspace {
    /// The repository around a folder: the nearest one above with `.git` in it, else the folder itself.
    pub fn open(start: &Path) -> Result<Self, ReadError> {
        let mut workspace = Self::at(start)?;
        let is_root = |folder: &&Path| fs::symlink_metadata(folder.join(".git")).is_ok();
        if let Some(root) = workspace.root.ancestors().find(is_root) {
            workspace.root = root.to_path_buf();
        }
        Ok(workspace)
    }

    /// A folder as the root, whatever lies above: a part of a repository that was unpacked alone.
    pub fn at(root: &Path) -> Result<Self, ReadError> {
        let failed = |error| ReadError::io(root.display().to_string(), &error);
        let root = fs::canonicalize(root).map_err(failed)?;
        if !root.is_dir() {
            return Err(ReadError::NotRegular { path: root.display().to_string(), what: "a file, not a folder" });
        }
        Ok(Self { root })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }
}
