//! Finding files by name, in whatever holds the folders: the disk or a commit.

use super::{ReadError, join};
use crate::diagnostic::{Diagnostic, code, listed};
use crate::tree::LOCK_FILE;
use std::path::Path;

/// The name under which a system is found.
pub(crate) const SYSTEM_FILE: &str = "system.yaml";
/// The folder of environments beside a system.
const ENVIRONMENTS: &str = "environments";

/// The folders of a repository. Paths are from the root, with `/` between names.
pub(crate) trait Folders {
    /// The names in a folder, in any order.
    fn names(&self, folder: &str) -> Result<Vec<String>, ReadError>;
    /// Whether a file lies there, after all links.
    fn is_file(&self, path: &str) -> bool;
    /// Whether anything lies there; a link is something.
    fn is_there(&self, path: &str) -> bool;
}

/// The nearest system in a folder or above.
pub(crate) fn nearest_system(folders: &dyn Folders, start: &str) -> Result<String, Diagnostic> {
    let mut looked: Vec<String> = Vec::new();
    let mut folder = Some(start);
    while let Some(here) = folder {
        let path = inside(here, SYSTEM_FILE);
        if folders.is_there(&path) {
            return Ok(path);
        }
        looked.push(path);
        folder = parent(here);
    }
    Err(Diagnostic::error(code::SYSTEM_NOT_FOUND, "no system file was found")
        .reason(format!("looked for {}", listed(looked.iter().map(String::as_str))))
        .help("name the file, as in `windlass check path/to/system.yaml`, or write a first one with `windlass init`"))
}

/// The environments of a system, in the order of their names: the YAML files in `environments` beside
/// it, or in the folder given. There is at least one.
pub(crate) fn environments(
    folders: &dyn Folders,
    system: &str,
    given: Option<String>,
) -> Result<Vec<String>, Diagnostic> {
    let is_default = given.is_none();
    let folder = given.map_or_else(|| join(system, ENVIRONMENTS), Ok)?;
    let names = if is_default && !folders.is_there(&folder) { Vec::new() } else { entries(folders, &folder)? };
    let found: Vec<String> = names.iter().filter(|name| is_yaml(name)).map(|name| inside(&folder, name)).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let files = listed([format!("{folder}/*.yaml").as_str(), format!("{folder}/*.yml").as_str()]);
    Err(Diagnostic::error(code::ENVIRONMENT_NOT_FOUND, format!("`{system}` has no environment"))
        .reason(format!("an environment is a file of its own, and none matches {files}"))
        .help("add one, or name another folder with `--environments`"))
}

/// The files that a pattern names, in the order of their paths. `*` stands for any part of one name; a
/// path without it names itself, whether it exists or not.
pub(crate) fn expand(folders: &dyn Folders, pattern: &str) -> Result<Vec<String>, ReadError> {
    let pattern = join("", pattern)?;
    if pattern.contains("**") {
        return Err(ReadError::DoubleStar { pattern });
    }
    let mut paths = vec![String::new()];
    for name in pattern.split('/') {
        let is_pattern = name.contains('*');
        let step =
            |path: &String| if is_pattern { matching(folders, path, name) } else { Ok(vec![inside(path, name)]) };
        paths = paths.iter().map(step).collect::<Result<Vec<_>, _>>()?.concat();
    }
    if paths.is_empty() { Err(ReadError::NoMatch { pattern }) } else { Ok(paths) }
}

fn matching(folders: &dyn Folders, folder: &str, pattern: &str) -> Result<Vec<String>, ReadError> {
    if folders.is_file(folder) {
        return Ok(Vec::new());
    }
    let names = entries(folders, folder)?;
    Ok(names.iter().filter(|name| matches(pattern, name)).map(|name| inside(folder, name)).collect())
}

/// The names in a folder, in order, without hidden ones.
fn entries(folders: &dyn Folders, folder: &str) -> Result<Vec<String>, ReadError> {
    let mut names = folders.names(folder)?;
    names.retain(|name| !name.starts_with('.'));
    names.sort();
    Ok(names)
}

pub(crate) fn inside(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.into() } else { format!("{folder}/{name}") }
}

/// Whether the names are those of an output folder, in which no system lies.
pub(crate) fn is_output<'a>(mut names: impl Iterator<Item = &'a str>) -> bool {
    names.any(|name| name == LOCK_FILE)
}

/// Whether a `system.yaml` may be one of Windlass: other tools have files of this name, with an `apiVersion` of theirs.
pub(crate) fn is_ours(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let version = text.lines().find_map(|line| line.strip_prefix("apiVersion:"));
    version.is_none_or(|version| version.trim().trim_matches(['"', '\'']).starts_with("windlass/"))
}

fn parent(folder: &str) -> Option<&str> {
    match folder.rsplit_once('/') {
        Some((parent, _)) => Some(parent),
        None if folder.is_empty() => None,
        None => Some(""),
    }
}

pub(crate) fn is_yaml(name: &str) -> bool {
    let extension = Path::new(name).extension();
    extension.is_some_and(|extension| extension == "yaml" || extension == "yml")
}

/// Whether a name is the pattern with something in place of every `*`.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
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
    fn files_of_other_tools_are_told_apart() {
        assert!(is_ours(b"apiVersion: windlass/v1\nkind: System\n"));
        assert!(is_ours(b"components: {"), "one that is not whole is still ours");
        assert!(!is_ours(b"# x\napiVersion: backstage.io/v1alpha1\nkind: System\n"));
    }

    #[test]
    fn the_parent_of_the_root_is_nothing() {
        assert_eq!((parent("a/b"), parent("a"), parent("")), (Some("a"), Some(""), None));
    }
}
