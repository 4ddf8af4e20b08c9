//! Finding files on disk: the system, its environments, and what a pattern names.

use super::folders::{self, Folders, SYSTEM_FILE, inside, is_ours, is_output};
use super::{Obstacle, join, read::FOLDER};
use super::{ReadError, Workspace, WriteError};
use crate::diagnostic::Diagnostic;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

impl Folders for Workspace {
    fn names(&self, folder: &str) -> Result<Vec<String>, ReadError> {
        let failed = |error| ReadError::io(folder, &error);
        let place = self.resolve(folder)?;
        if !fs::metadata(&place).map_err(failed)?.is_dir() {
            return Err(ReadError::NotRegular { path: folder.into(), what: "not a folder" });
        }
        let name = |entry: std::io::Result<fs::DirEntry>| {
            let name = entry.map_err(failed)?.file_name().into_string();
            name.map_err(|name| ReadError::NameNotUtf8 { path: inside(folder, &name.to_string_lossy()) })
        };
        fs::read_dir(place).map_err(failed)?.map(name).collect()
    }

    fn is_file(&self, path: &str) -> bool {
        fs::metadata(self.root().join(path)).is_ok_and(|metadata| metadata.is_file())
    }

    fn is_there(&self, path: &str) -> bool {
        fs::symlink_metadata(self.root().join(path)).is_ok()
    }
}

impl Workspace {
    /// The system: the file given, else the nearest `system.yaml` in `from` or above.
    ///
    /// Both are as on the command line; a relative `given` is relative to `from`.
    pub fn find_system(&self, given: Option<&Path>, from: &Path) -> Result<String, Diagnostic> {
        match given {
            Some(given) => self.given_system(&from.join(given)),
            None => folders::nearest_system(self, &self.path_of_folder(from)?),
        }
    }

    fn given_system(&self, given: &Path) -> Result<String, Diagnostic> {
        let path = self.path_of(given)?;
        match self.locate(&path) {
            Ok(_) => Ok(path),
            Err(error @ ReadError::NotRegular { what: FOLDER, .. }) => {
                Err(Diagnostic::from(error).help(format!("name the file, such as `{}`", inside(&path, SYSTEM_FILE))))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The systems in all folders, in the order of their paths: without hidden folders, those of output, links, and
    /// those that are skipped.
    pub fn systems(&self, skip: &dyn Fn(&str) -> bool) -> Result<Vec<String>, ReadError> {
        let mut found = Vec::new();
        self.systems_in("", skip, &mut found)?;
        found.sort();
        Ok(found)
    }

    fn systems_in(&self, folder: &str, skip: &dyn Fn(&str) -> bool, found: &mut Vec<String>) -> Result<(), ReadError> {
        let failed = |error: std::io::Error| ReadError::io(folder, &error);
        let mut names = Vec::new();
        for entry in fs::read_dir(self.root().join(folder)).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            // A name that is not UTF-8 is none that anybody could write.
            let Ok(name) = entry.file_name().into_string() else { continue };
            names.push((name, entry.file_type().map_err(failed)?));
        }
        if is_output(names.iter().map(|(name, _)| name.as_str())) {
            return Ok(());
        }
        for (name, kind) in names {
            let path = inside(folder, &name);
            if kind.is_dir() && !name.starts_with('.') && !skip(&path) {
                self.systems_in(&path, skip, found)?;
            } else if name == SYSTEM_FILE
                && !kind.is_dir()
                && is_ours(&fs::read(self.root().join(&path)).unwrap_or_default())
            {
                found.push(path);
            }
        }
        Ok(())
    }

    /// The environments of a system, in the order of their names: the YAML files in `environments`
    /// beside it, or in the folder given on the command line. There is at least one.
    pub fn environments(&self, system: &str, given: Option<&Path>) -> Result<Vec<String>, Diagnostic> {
        let given = given.map(|given| self.path_of_folder(given)).transpose()?;
        folders::environments(self, system, given)
    }

    /// The files that a pattern names, in the order of their paths. `*` stands for any part of one
    /// name; a path without it names itself, whether it exists or not.
    pub fn expand(&self, pattern: &str) -> Result<Vec<String>, ReadError> {
        folders::expand(self, pattern)
    }

    /// A file of the command line as a path of the repository. Links in the folders above are followed.
    pub fn path_of(&self, file: &Path) -> Result<String, ReadError> {
        let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else {
            return self.path_of_folder(file);
        };
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let folder = self.path_of_folder(folder).map_err(|error| error.of(file))?;
        let name = name.to_str().ok_or_else(|| ReadError::NameNotUtf8 { path: file.display().to_string() })?;
        Ok(inside(&folder, name))
    }

    /// A folder of the command line as a path of the repository; all links are followed.
    pub fn path_of_folder(&self, folder: &Path) -> Result<String, ReadError> {
        let shown = || folder.display().to_string();
        let place = fs::canonicalize(folder).map_err(|error| match error.kind() {
            ErrorKind::NotFound => ReadError::NotFound { path: shown(), missing: shown(), near: None },
            _ => ReadError::io(shown(), &error),
        })?;
        let inside = place.strip_prefix(self.root()).map_err(|_| ReadError::Outside { path: shown() })?;
        let names = inside.iter().map(|name| name.to_str());
        let names = names.collect::<Option<Vec<_>>>().ok_or_else(|| ReadError::NameNotUtf8 { path: shown() })?;
        Ok(names.join("/"))
    }

    /// The output folder that a file of the repository names: inside, and not behind a link.
    pub fn output_folder(&self, path: &str) -> Result<PathBuf, Diagnostic> {
        let path = join("", path)?;
        let mut place = self.root().to_path_buf();
        for name in path.split('/') {
            if name.eq_ignore_ascii_case(".git") {
                return Err(ReadError::Git { path: path.clone() }.into());
            }
            place.push(name);
            let link = fs::symlink_metadata(&place).is_ok_and(|metadata| metadata.is_symlink());
            if link {
                let shown = place.strip_prefix(self.root()).unwrap_or(&place).display().to_string();
                return Err(WriteError::obstructed_diagnostic(&shown, Obstacle::Link));
            }
        }
        Ok(place)
    }
}
