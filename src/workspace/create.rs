//! Making new files where nothing may be lost.

use super::error::Obstacle;
use super::{ReadError, Workspace, WriteError};
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::Path;

/// Makes files that do not exist yet, with their folders; nothing is written when one of them exists.
pub fn create_new(folder: &Path, files: &[(&str, String)]) -> Result<(), WriteError> {
    if let Some((path, _)) = files.iter().find(|(path, _)| fs::symlink_metadata(folder.join(path)).is_ok()) {
        return Err(WriteError::obstructed(*path, Obstacle::Exists));
    }
    files.iter().try_for_each(|(path, text)| create(folder, path, text))
}

/// Makes a file that can be run, as [`create_new`] makes one.
pub fn create_program(folder: &Path, name: &str, text: &str) -> Result<(), WriteError> {
    create_new(folder, &[(name, text.to_owned())])?;
    let failed = |error| WriteError::Io { path: name.into(), doing: "make", error, left: None };
    runnable(&folder.join(name)).map_err(failed)
}

#[cfg(unix)]
fn runnable(place: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(place, fs::Permissions::from_mode(0o755))
}

/// Git for Windows runs a hook by its first line.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same signature as elsewhere")]
fn runnable(_: &Path) -> std::io::Result<()> {
    Ok(())
}

fn create(folder: &Path, path: &str, text: &str) -> Result<(), WriteError> {
    let failed = |error| WriteError::Io { path: path.into(), doing: "make", error, left: None };
    let place = folder.join(path);
    place.parent().map_or(Ok(()), fs::create_dir_all).map_err(failed)?;
    match OpenOptions::new().write(true).create_new(true).open(&place) {
        Ok(mut file) => file.write_all(text.as_bytes()).map_err(failed),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(WriteError::obstructed(path, Obstacle::Exists)),
        Err(error) => Err(failed(error)),
    }
}

impl Workspace {
    /// Puts another text in the place of a file that was read, by a rename, so that it is never half written.
    pub fn replace(&self, path: &str, text: &str) -> Result<(), ReadError> {
        let failed = |error| ReadError::io(path, &error);
        let (place, metadata) = self.locate(path)?;
        let folder = place.parent().unwrap_or(&place);
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
        file.write_all(text.as_bytes()).map_err(failed)?;
        file.as_file().set_permissions(metadata.permissions()).map_err(failed)?;
        file.persist(&place).map(drop).map_err(|error| failed(error.error))
    }
}
