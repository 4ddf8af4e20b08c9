//! What goes wrong on the disk, as findings: what is the case, why it matters, and what to do.

use crate::diagnostic::{Code, Diagnostic, code};
use crate::tree::{LOCK_FILE, LockError};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::{error, fmt};

/// Why a file of the repository cannot be used.
///
/// Becomes a [`Diagnostic`] without a place: where the file was named in a document, the caller adds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// Starts at the root of the file system or names a drive.
    Absolute { path: String },
    /// Has `\` between names.
    Backslash { path: String },
    /// `..` leads out of the repository.
    Outside { path: String },
    /// A link leads out of the repository.
    LinkOutside { path: String },
    /// A link leads to nothing.
    DanglingLink { path: String, link: String },
    /// Lies in Git's own folder.
    Git { path: String },
    /// `missing` is the part of the path up to the first name that does not exist; `near` is a path that does.
    NotFound { path: String, missing: String, near: Option<String> },
    /// No file matches a pattern.
    NoMatch { pattern: String },
    /// A pattern with `**`.
    DoubleStar { pattern: String },
    /// A folder, pipe, device or socket.
    NotRegular { path: String, what: &'static str },
    /// More bytes than allowed.
    TooLarge { path: String, size: u64, limit: u64 },
    /// The first byte that is not UTF-8.
    NotUtf8 { path: String, offset: usize },
    /// The name of a file is not UTF-8; as well as it can be shown.
    NameNotUtf8 { path: String },
    /// `at` is a submodule, whose files lie in another repository.
    Submodule { path: String, at: String },
    /// A commit holds only a pointer of Git LFS.
    Pointer { path: String },
    /// A commit names the file, and the clone does not hold it.
    NotFetched { path: String },
    /// The machine's fault.
    Io { path: String, error: String },
}

impl ReadError {
    pub(crate) fn io(path: impl Into<String>, error: &io::Error) -> Self {
        Self::Io { path: path.into(), error: plain(error) }
    }

    /// The same of a file, where it was found of the folder above.
    pub(super) fn of(self, file: &Path) -> Self {
        match self {
            Self::Outside { .. } => Self::Outside { path: file.display().to_string() },
            other => other,
        }
    }

    /// Whether the machine is at fault, and not what was written or asked for.
    pub fn is_machine_fault(&self) -> bool {
        matches!(self, Self::Io { .. } | Self::NotFetched { .. })
    }

    fn code(&self) -> Code {
        match self {
            Self::Absolute { .. } | Self::Outside { .. } | Self::LinkOutside { .. } | Self::Git { .. } => {
                code::FILE_OUTSIDE
            }
            Self::TooLarge { .. } => code::FILE_TOO_LARGE,
            Self::NotUtf8 { .. } => code::NOT_UTF8,
            _ => code::FILE_UNREADABLE,
        }
    }

    fn reason(&self) -> Option<String> {
        let text = match self {
            Self::Absolute { .. } | Self::Outside { .. } | Self::LinkOutside { .. } => {
                "only files of the repository are read, so that one commit gives the same output everywhere"
            }
            Self::Git { .. } => "Git's own files differ between machines and may hold credentials",
            Self::DanglingLink { link, .. } => {
                return Some(format!("`{link}` is a link to something that does not exist"));
            }
            Self::NotFound { path, missing, .. } if path != missing => {
                return Some(format!("there is no `{missing}`"));
            }
            Self::TooLarge { .. } => "the limit keeps a wrong file from stopping the compiler",
            Self::Submodule { .. } => "its files lie in another repository, and one commit must say everything",
            Self::Pointer { .. } => "its content lies outside the commits, on a server",
            Self::NotFetched { .. } => "the clone is partial or damaged",
            _ => return None,
        };
        Some(text.into())
    }

    fn help(&self) -> Option<String> {
        let text = match self {
            Self::Absolute { .. } => "write the path relative to the file that names it",
            Self::Outside { .. } | Self::LinkOutside { .. } => "move the file into the repository",
            Self::Backslash { path } => return Some(format!("write `{}`", path.replace('\\', "/"))),
            Self::NotFound { near: Some(near), .. } => return Some(format!("a similar file is `{near}`")),
            Self::DoubleStar { .. } => "`*` stands for a part of one name; write one pattern for each folder",
            Self::NotUtf8 { .. } => "save the file as UTF-8",
            Self::NameNotUtf8 { .. } => "rename the file",
            Self::TooLarge { .. } => "split the file",
            Self::Submodule { .. } => "copy the file into this repository",
            Self::Pointer { .. } => "keep the file in Git itself: take it out of `.gitattributes` and add it again",
            Self::NotFetched { .. } => {
                "fetch everything with `git fetch --refetch --no-filter`, or clone without `--filter`"
            }
            _ => return None,
        };
        Some(text.into())
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absolute { path } => write!(f, "`{path}` is an absolute path"),
            Self::Backslash { path } => write!(f, "`{path}` has a backslash in it"),
            Self::Outside { path } => write!(f, "`{path}` lies outside the repository"),
            Self::LinkOutside { path } => write!(f, "`{path}` is behind a link that leads out of the repository"),
            Self::Git { path } => write!(f, "`{path}` lies in Git's own folder"),
            Self::NotFound { path, .. } | Self::DanglingLink { path, .. } => write!(f, "`{path}` does not exist"),
            Self::NoMatch { pattern } => write!(f, "no file matches `{pattern}`"),
            Self::DoubleStar { pattern } => write!(f, "`{pattern}` has `**` in it"),
            Self::NotRegular { path, what } => write!(f, "`{path}` is {what}"),
            Self::TooLarge { path, size, limit } => {
                write!(f, "`{path}` is too large: {size} bytes, and the limit is {limit}")
            }
            Self::NotUtf8 { path, offset } => write!(f, "`{path}` is not UTF-8 text, from byte {offset} on"),
            Self::NameNotUtf8 { path } => write!(f, "the name of `{path}` is not UTF-8"),
            Self::Submodule { path, at } if path == at => write!(f, "`{path}` is a submodule"),
            Self::Submodule { path, at } => write!(f, "`{path}` lies in the submodule `{at}`"),
            Self::Pointer { path } => write!(f, "`{path}` is a pointer of Git LFS"),
            Self::NotFetched { path } => write!(f, "the content of `{path}` is not in this clone"),
            Self::Io { path, error } => write!(f, "cannot read `{path}`: {error}"),
        }
    }
}

impl error::Error for ReadError {}

impl From<ReadError> for Diagnostic {
    fn from(error: ReadError) -> Self {
        let mut finding = Self::error(error.code(), error.to_string());
        finding.reason = error.reason();
        finding.help = error.help();
        finding
    }
}

/// What stands where a file or folder of the output belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    Link,
    /// A folder, pipe, device or socket where a file belongs.
    NotAFile(&'static str),
    /// A file where a folder belongs.
    NotAFolder,
    /// A file that should be new.
    Exists,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link => f.write_str("a symbolic link"),
            Self::NotAFile(what) => write!(f, "{what} where a file belongs"),
            Self::NotAFolder => f.write_str("a file where a folder belongs"),
            Self::Exists => f.write_str("there already"),
        }
    }
}

/// A reason not to write. Paths are relative to the output folder: empty for itself, `../` for the one above.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Something that is not a plain file or folder is in the way.
    Obstructed { path: String, by: Obstacle },
    /// A file that Windlass wrote has other content now.
    Edited { path: String },
    /// A file that Windlass did not write is in the way.
    Foreign { path: String },
    /// The result is empty or suddenly small.
    Prune { removed: usize, owned: usize },
}

/// Why the output was not written; nothing of it has changed.
#[derive(Debug)]
pub enum WriteError {
    /// Everything that speaks against it.
    Refused(Vec<Refusal>),
    /// The lock cannot be used, so that nobody knows what Windlass owns.
    Lock(LockError),
    /// The machine's fault.
    Io {
        /// Relative to the output folder, as in a [`Refusal`].
        path: String,
        /// What was tried, as in "cannot … the file".
        doing: &'static str,
        error: io::Error,
        /// Why not everything could be put back as it was, if so.
        left: Option<io::Error>,
    },
}

impl WriteError {
    pub(super) fn obstructed(path: impl Into<String>, by: Obstacle) -> Self {
        Self::Refused(vec![Refusal::Obstructed { path: path.into(), by }])
    }

    pub(super) fn obstructed_diagnostic(path: &str, by: Obstacle) -> Diagnostic {
        let finding = Diagnostic::error(code::OUTPUT_OBSTRUCTED, format!("`{path}` is {by}"));
        let finding = match by {
            Obstacle::Link => finding.reason("output is never written through a link, which could lead anywhere"),
            Obstacle::NotAFile(_) | Obstacle::NotAFolder | Obstacle::Exists => finding,
        };
        finding.help("move it away, or choose another output folder")
    }

    /// Whether the machine is at fault, and not what was asked for.
    pub fn is_machine_fault(&self) -> bool {
        matches!(self, Self::Io { .. })
    }

    /// The findings, with `folder` as the name of the output folder.
    pub fn diagnostics(&self, folder: &str) -> Vec<Diagnostic> {
        let folder = folder.trim_end_matches('/');
        match self {
            Self::Refused(refusals) => refusals.iter().map(|refusal| refusal.diagnostic(folder)).collect(),
            Self::Lock(error) => vec![lock_diagnostic(folder, error)],
            Self::Io { path, doing, error, left } => {
                let message = format!("cannot {doing} `{}`: {}", under(folder, path), plain(error));
                let mut finding = Diagnostic::error(code::OUTPUT_UNWRITABLE, message);
                finding.reason = Some(state_after(folder, left.as_ref()));
                finding.help = advice(error.kind()).map(String::from);
                vec![finding]
            }
        }
    }
}

impl Refusal {
    fn diagnostic(&self, folder: &str) -> Diagnostic {
        match self {
            Self::Obstructed { path, by } => WriteError::obstructed_diagnostic(&under(folder, path), *by),
            Self::Edited { path } => {
                let message = format!("`{}` was edited by hand", under(folder, path));
                Diagnostic::error(code::OUTPUT_EDITED, message)
                    .reason("its content is not what was written there last, and would be lost")
                    .help("move the change into the system or its environment, or drop it with `--force`")
            }
            Self::Foreign { path } => {
                let message = format!("`{}` is in the way and was not written by Windlass", under(folder, path));
                Diagnostic::error(code::OUTPUT_FOREIGN, message)
                    .reason(format!("`{LOCK_FILE}` does not name it, and only files named there are replaced"))
                    .help("move or remove it, or choose another output folder")
            }
            Self::Prune { removed, owned } => {
                let message = format!("this would remove {removed} of the {owned} objects in `{folder}`");
                Diagnostic::error(code::OUTPUT_PRUNE, message)
                    .reason("a result that is suddenly small is rarely meant, and what prunes by it deletes from the cluster")
                    .help("if it is meant, say so with `--allow-prune`")
            }
        }
    }
}

fn lock_diagnostic(folder: &str, error: &LockError) -> Diagnostic {
    let finding = Diagnostic::error(code::OUTPUT_LOCK, format!("`{}`: {error}", under(folder, LOCK_FILE)))
        .reason("the lock says which files may be replaced or removed");
    finding.help(match error {
        LockError::Conflict => "build with `--force`: what either side of the merge owns is written anew",
        LockError::Version(_) => "use the version of Windlass that wrote it, or a newer one",
        _ => "restore it from Git; without it, files that differ from the result have to be removed by hand",
    })
}

fn state_after(folder: &str, left: Option<&io::Error>) -> String {
    match left {
        None => format!("nothing in `{folder}` was changed"),
        Some(error) => {
            format!("not everything could be put back ({}); the next build that succeeds completes it", plain(error))
        }
    }
}

fn advice(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::PermissionDenied => Some("allow writing there, or choose another output folder"),
        ErrorKind::ReadOnlyFilesystem => Some("choose an output folder on a file system that can be written"),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Some("free some space and build again"),
        ErrorKind::InvalidFilename => Some("choose an output folder with a shorter path"),
        _ => None,
    }
}

/// An error of the system in words, without its number.
fn plain(error: &io::Error) -> String {
    let text = match error.kind() {
        ErrorKind::PermissionDenied => "permission denied",
        ErrorKind::ReadOnlyFilesystem => "the file system is read-only",
        ErrorKind::StorageFull => "no space is left on the device",
        ErrorKind::QuotaExceeded => "the disk quota is used up",
        ErrorKind::NotADirectory => "a file where a folder belongs",
        ErrorKind::InvalidFilename => "the name is too long",
        _ => return error.to_string(),
    };
    text.into()
}

/// A path relative to the output folder, as the user would write it.
fn under(folder: &str, path: &str) -> String {
    match path.strip_prefix("../") {
        Some(rest) => under(folder.rsplit_once('/').map_or("", |(above, _)| above), rest),
        None if path.is_empty() => folder.into(),
        None => format!("{folder}/{path}"),
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let messages: Vec<String> = self.diagnostics(".").into_iter().map(|finding| finding.message).collect();
        f.write_str(&messages.join("; "))
    }
}

impl error::Error for WriteError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Refused(_) => None,
            Self::Lock(error) => Some(error),
            Self::Io { error, .. } => Some(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_shown_from_the_folder_that_the_user_named() {
        assert_eq!(under("rendered/prod", "api/x.yaml"), "rendered/prod/api/x.yaml");
        assert_eq!(under("rendered/prod", ""), "rendered/prod");
        assert_eq!(under("rendered/prod", "../"), "rendered");
        assert_eq!(under("/srv/rendered/prod", "../../"), "/srv");
    }
}
