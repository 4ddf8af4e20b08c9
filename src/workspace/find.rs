//! Finding files: the system, its environments, and what a pattern names.

use super::{Obstacle, join, read::FOLDER};
use super::{ReadError, Workspace, WriteError};
use crate::diagnostic::{Diagnostic, code, listed};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The name under which a system is found.
const SYSTEM_FILE: &str = "system.yaml";
/// The folder of environments beside a system.
const ENVIRONMENTS: &str = "environments";

impl Workspace {
    /// The system: the file given, else the nearest `system.yaml` in `from` or above.
    ///
    /// Both are as on the command line; a relative `given` is relative to `from`.
    pub fn find_system(&self, given: Option<&Path>, from: &Path) -> Result<String, Diagnostic> {
        if let Some(given) = given {
            return self.given_system(&from.join(given));
        }
        let mut looked: Vec<String> = Vec::new();
        let start = self.path_of_folder(from)?;
        let mut folder = Some(start.as_str());
        while let Some(here) = folder {
            let path = inside(here, SYSTEM_FILE);
            if fs::symlink_metadata(self.root().join(&path)).is_ok() {
                return Ok(path);
            }
            looked.push(path);
            folder = parent(here);
        }
        Err(Diagnostic::error(code::SYSTEM_NOT_FOUND, "no system file was found")
            .reason(format!("looked for {}", listed(looked.iter().map(String::as_str))))
            .help(
                "name the file, as in `windlass check path/to/system.yaml`, or write a first one with `windlass init`",
            ))
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

    /// The environments of a system, in the order of their names: the YAML files in `environments`
    /// beside it, or in the folder given on the command line. There is at least one.
    pub fn environments(&self, system: &str, given: Option<&Path>) -> Result<Vec<String>, Diagnostic> {
        let folder = match given {
            Some(given) => self.path_of_folder(given)?,
            None => join(system, ENVIRONMENTS)?,
        };
        let is_default_missing = given.is_none() && fs::symlink_metadata(self.root().join(&folder)).is_err();
        let names = if is_default_missing { Vec::new() } else { self.entries(&folder)? };
        let found: Vec<String> = names.iter().filter(|name| is_yaml(name)).map(|name| inside(&folder, name)).collect();
        if !found.is_empty() {
            return Ok(found);
        }
        let files = listed([format!("{folder}/*.yaml").as_str(), format!("{folder}/*.yml").as_str()]);
        Err(Diagnostic::error(code::ENVIRONMENT_NOT_FOUND, format!("`{system}` has no environment"))
            .reason(format!("an environment is a file of its own, and none matches {files}"))
            .help("add one, or name another folder with `--environments`"))
    }

    /// The files that a pattern names, in the order of their paths. `*` stands for any part of one
    /// name; a path without it names itself, whether it exists or not.
    pub fn expand(&self, pattern: &str) -> Result<Vec<String>, ReadError> {
        let pattern = join("", pattern)?;
        if pattern.contains("**") {
            return Err(ReadError::DoubleStar { pattern });
        }
        let mut paths = vec![String::new()];
        for name in pattern.split('/') {
            let is_pattern = name.contains('*');
            let step =
                |path: &String| if is_pattern { self.matching(path, name) } else { Ok(vec![inside(path, name)]) };
            paths = paths.iter().map(step).collect::<Result<Vec<_>, _>>()?.concat();
        }
        if paths.is_empty() { Err(ReadError::NoMatch { pattern }) } else { Ok(paths) }
    }

    fn matching(&self, folder: &str, pattern: &str) -> Result<Vec<String>, ReadError> {
        if fs::metadata(self.root().join(folder)).is_ok_and(|metadata| metadata.is_file()) {
            return Ok(Vec::new());
        }
        let names = self.entries(folder)?;
        Ok(names.iter().filter(|name| matches(pattern, name)).map(|name| inside(folder, name)).collect())
    }

    /// The names in a folder, in order, without hidden ones.
    fn entries(&self, folder: &str) -> Result<Vec<String>, ReadError> {
        let failed = |error| ReadError::io(folder, &error);
        let place = self.resolve(folder)?;
        if !fs::metadata(&place).map_err(failed)?.is_dir() {
            return Err(ReadError::NotRegular { path: folder.into(), what: "not a folder" });
        }
        let mut names = Vec::new();
        for entry in fs::read_dir(place).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let name = name
                .into_string()
                .map_err(|name| ReadError::NameNotUtf8 { path: inside(folder, &name.to_string_lossy()) })?;
            names.push(name);
        }
        names.retain(|name| !name.starts_with('.'));
        names.sort();
        Ok(names)
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

fn inside(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.into() } else { format!("{folder}/{name}") }
}

fn parent(folder: &str) -> Option<&str> {
    match folder.rsplit_once('/') {
        Some((parent, _)) => Some(parent),
        None if folder.is_empty() => None,
        None => Some(""),
    }
}

fn is_yaml(name: &str) -> bool {
    let extension = Path::new(name).extension();
    extension.is_some_and(|extension| extension == "yaml" || extension == "yml")
}

/// Whether a name is the pattern with something in place of every `*`.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|head| name.strip_prefix(head)) else { return false };
    let Some(tail) = parts.next_back() else { return rest.is_empty() };
    // The first place is always good enough: what comes later only needs room behind it.
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_part_of_a_name() {
        assert!(matches("*.yaml", "api.yaml"));
        assert!(matches("*", ""));
        assert!(matches("a*b*c", "a-b-b-c"));
        assert!(!matches("a*b*c", "a-c-b"));
        assert!(!matches("*.yaml", "api.yml"));
        assert!(matches("é*", "éü"));
    }

    #[test]
    fn the_parent_of_the_root_is_nothing() {
        assert_eq!((parent("a/b"), parent("a"), parent("")), (Some("a"), Some(""), None));
    }
}
