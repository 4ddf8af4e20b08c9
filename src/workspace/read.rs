//! Reading one file of the repository.

use super::{ReadError, Workspace};
use crate::diagnostic::nearest;
use std::fs::{self, File, Metadata};
use std::io::{ErrorKind, Read as _};
use std::path::{Component, Path, PathBuf};

/// The most that an input file may have: 1 MiB.
pub const FILE_LIMIT: u64 = 1 << 20;

/// The path that `reference` means in a file: relative to the folder of that file, both `/`-separated.
///
/// ```
/// # use windlass::workspace::join;
/// assert_eq!(join("systems/ai/environments/prod.yaml", "../../base.yaml").unwrap(), "systems/base.yaml");
/// ```
pub fn join(file: &str, reference: &str) -> Result<String, ReadError> {
    let outside = || ReadError::Outside { path: reference.into() };
    let names = names(reference)?;
    let mut path: Vec<&str> = file.split('/').collect();
    path.pop();
    for name in names {
        match name {
            ".." => drop(path.pop().ok_or_else(outside)?),
            _ => path.push(name),
        }
    }
    Ok(path.join("/"))
}

/// The names in a relative path as a user writes it.
fn names(path: &str) -> Result<Vec<&str>, ReadError> {
    let drive = |first: &str| first.len() == 2 && first.ends_with(':');
    let path_is = |error: fn(String) -> ReadError| Err(error(path.into()));
    if path.contains('\\') {
        return path_is(|path| ReadError::Backslash { path });
    }
    if path.starts_with('/') || path.split('/').next().is_some_and(drive) {
        return path_is(|path| ReadError::Absolute { path });
    }
    Ok(path.split('/').filter(|name| !matches!(*name, "" | ".")).collect())
}

pub(crate) const FOLDER: &str = "a folder";

/// What lies at a place, where it is not a file.
pub(super) fn kind(metadata: &Metadata) -> &'static str {
    if metadata.is_dir() { FOLDER } else { special_kind(metadata) }
}

#[cfg(unix)]
fn special_kind(metadata: &Metadata) -> &'static str {
    use std::os::unix::fs::FileTypeExt as _;
    let kind = metadata.file_type();
    match () {
        () if kind.is_fifo() => "a pipe",
        () if kind.is_socket() => "a socket",
        () if kind.is_block_device() || kind.is_char_device() => "a device",
        () => "not a regular file",
    }
}

#[cfg(not(unix))]
fn special_kind(_: &Metadata) -> &'static str {
    "not a regular file"
}

impl Workspace {
    /// The bytes of a file of at most `limit` bytes.
    pub fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, ReadError> {
        let failed = |error| ReadError::io(path, &error);
        let too_large = |size| ReadError::TooLarge { path: path.into(), size, limit };
        let (place, metadata) = self.locate(path)?;
        if metadata.len() > limit {
            return Err(too_large(metadata.len()));
        }
        let file = File::open(place).map_err(failed)?;
        let mut bytes = Vec::new();
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
        // The file may have grown, or be one of those whose size the system does not say.
        let size = bytes.len() as u64;
        if size > limit { Err(too_large(size)) } else { Ok(bytes) }
    }

    /// The text of a file of at most [`FILE_LIMIT`] bytes.
    pub fn read_text(&self, path: &str) -> Result<String, ReadError> {
        let bytes = self.read(path, FILE_LIMIT)?;
        String::from_utf8(bytes)
            .map_err(|error| ReadError::NotUtf8 { path: path.into(), offset: error.utf8_error().valid_up_to() })
    }

    /// The regular file at a path, after all links: nothing is opened for this, so nothing blocks.
    pub(super) fn locate(&self, path: &str) -> Result<(PathBuf, Metadata), ReadError> {
        let place = self.resolve(path)?;
        let metadata = fs::metadata(&place).map_err(|error| ReadError::io(path, &error))?;
        if metadata.is_file() {
            return Ok((place, metadata));
        }
        Err(ReadError::NotRegular { path: path.into(), what: kind(&metadata) })
    }

    /// Where a path leads, after all links; inside the repository and outside Git's folder.
    pub(super) fn resolve(&self, path: &str) -> Result<PathBuf, ReadError> {
        let path = join("", path)?;
        let place = fs::canonicalize(self.root.join(&path)).map_err(|error| match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => self.not_found(&path),
            _ => ReadError::io(path.as_str(), &error),
        })?;
        let Ok(inside) = place.strip_prefix(&self.root) else {
            return Err(ReadError::LinkOutside { path });
        };
        if inside.components().any(is_git) {
            return Err(ReadError::Git { path });
        }
        Ok(place)
    }

    /// Says which name of a path is missing, and what is like it.
    fn not_found(&self, path: &str) -> ReadError {
        let mut folder = self.root.clone();
        let mut before = String::new();
        for name in path.split('/') {
            let next = folder.join(name);
            if fs::metadata(&next).is_err() {
                let rest = &path[before.len() + name.len()..];
                let is_link = fs::symlink_metadata(&next).is_ok_and(|metadata| metadata.is_symlink());
                let near = nearest_entry(&folder, name).map(|near| format!("{before}{near}{rest}"));
                let near = near.filter(|near| fs::metadata(self.root.join(near)).is_ok());
                let missing = format!("{before}{name}");
                let path = path.into();
                return if is_link {
                    ReadError::DanglingLink { path, link: missing }
                } else {
                    ReadError::NotFound { path, missing, near }
                };
            }
            folder = next;
            before = format!("{before}{name}/");
        }
        ReadError::NotFound { path: path.into(), missing: path.into(), near: None }
    }
}

fn is_git(component: Component<'_>) -> bool {
    component.as_os_str().eq_ignore_ascii_case(".git")
}

fn nearest_entry(folder: &Path, name: &str) -> Option<String> {
    let entries = fs::read_dir(folder).ok()?;
    let mut names: Vec<String> =
        entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).filter(|n| n != name).collect();
    names.sort();
    nearest(name, names.iter().map(String::as_str)).map(String::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn references_are_relative_to_the_file() {
        let ok = |file, reference| join(file, reference).expect("inside");
        assert_eq!(ok("system.yaml", "components/api.yaml"), "components/api.yaml");
        assert_eq!(ok("a/b/prod.yaml", "./../base.yaml"), "a/base.yaml");
        assert_eq!(ok("a/prod.yaml", "x//y/../z.yaml"), "a/x/z.yaml");
        assert_eq!(ok("a/prod.yaml", ".."), "");
    }

    #[test]
    fn references_do_not_leave_the_repository() {
        assert!(matches!(join("a/x.yaml", "../../y"), Err(ReadError::Outside { .. })));
        assert!(matches!(join("a/x.yaml", "/etc/passwd"), Err(ReadError::Absolute { .. })));
        assert!(matches!(join("a/x.yaml", "C:/x"), Err(ReadError::Absolute { .. })));
        assert!(matches!(join("a/x.yaml", "..\\x"), Err(ReadError::Backslash { .. })));
    }

    proptest! {
        #[test]
        fn a_joined_path_is_plain(file in "[a-b./]{0,8}", reference in "[a-b./\\\\:]{0,12}") {
            if let Ok(path) = join(&file.replace("..", "x"), &reference) {
                prop_assert!(path.split('/').all(|name| name != ".."));
            }
        }
    }
}
