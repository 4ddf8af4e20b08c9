//! What goes wrong with a repository, as findings.

use crate::diagnostic::{Code, Diagnostic, code};
use git2::ErrorCode;
use std::path::Path;
use std::{error, fmt};

/// Why a repository or a commit cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GitError {
    /// No repository around a folder.
    NotARepository { place: String },
    /// It belongs to another user, and Git was not told to trust it.
    Untrusted { place: String },
    /// Made with an extension of Git that cannot be read.
    Unsupported { place: String, extension: String },
    /// Neither a branch nor a tag nor a commit; `near` is like it.
    MissingReference { reference: String, near: Option<String>, shallow: bool },
    /// The beginning of more than one id.
    Ambiguous { reference: String },
    /// A file or folder where a commit is expected.
    NotACommit { reference: String, what: &'static str },
    /// The branch that is checked out has no commit.
    Unborn { branch: String },
    /// Two histories without a common commit, as far as is known here.
    NothingShared { left: String, right: String, shallow: bool },
    /// Files in the index on which a merge did not agree.
    Conflicts,
    /// The machine's fault.
    Failed { doing: String, error: String },
}

impl GitError {
    pub(super) fn failed(doing: impl Into<String>, error: &git2::Error) -> Self {
        Self::Failed { doing: doing.into(), error: error.message().into() }
    }

    pub(super) fn of_opening(start: &Path, error: &git2::Error) -> Self {
        let place = start.display().to_string();
        let extension = || {
            let after = error.message().split_once("unsupported extension name ").map(|(_, name)| name);
            after.or_else(|| error.message().contains("object format").then_some("extensions.objectformat"))
        };
        match (error.code(), extension()) {
            (_, Some(name)) => {
                Self::Unsupported { place, extension: name.trim_start_matches("extensions.").to_lowercase() }
            }
            (ErrorCode::NotFound, _) => Self::NotARepository { place },
            (ErrorCode::Owner, _) => Self::Untrusted { place },
            _ => Self::failed(format!("open the repository at `{place}`"), error),
        }
    }

    /// Whether the machine is at fault, and not what was asked for.
    pub fn is_machine_fault(&self) -> bool {
        matches!(self, Self::Failed { .. })
    }

    fn code(&self) -> Code {
        match self {
            Self::NotARepository { .. } | Self::Untrusted { .. } | Self::Unsupported { .. } => code::NO_REPOSITORY,
            Self::MissingReference { shallow: false, .. } | Self::Ambiguous { .. } | Self::NotACommit { .. } => {
                code::REFERENCE_UNKNOWN
            }
            Self::MissingReference { .. } | Self::Unborn { .. } | Self::NothingShared { .. } => code::HISTORY_MISSING,
            Self::Conflicts => code::INDEX_CONFLICT,
            Self::Failed { .. } => code::GIT_FAILED,
        }
    }

    fn reason(&self) -> Option<String> {
        match self {
            Self::Untrusted { .. } => Some("it belongs to another user, whose settings Git would follow".into()),
            Self::Unsupported { extension, .. } => Some(extension_reason(extension)),
            Self::MissingReference { shallow: true, .. } | Self::NothingShared { shallow: true, .. } => {
                Some("this clone is shallow: older commits and other branches were not fetched".into())
            }
            Self::Unborn { .. } => Some("the repository has no commit there to compare with".into()),
            _ => None,
        }
    }

    fn help(&self) -> Option<String> {
        let text = match self {
            Self::NotARepository { .. } => "name a folder inside a clone, or make one with `git init`",
            Self::Untrusted { place } => {
                return Some(format!("trust it with `git config --global --add safe.directory {place}`"));
            }
            Self::Unsupported { extension, .. } if extension == "partialclone" => "clone without `--filter`",
            Self::Unsupported { .. } => "use a clone in Git's usual format",
            Self::MissingReference { near: Some(near), .. } => return Some(format!("a similar one is `{near}`")),
            Self::MissingReference { shallow: true, .. } | Self::NothingShared { shallow: true, .. } => {
                "fetch more with `git fetch --deepen=100` or `git fetch --unshallow`; in CI, check out with `fetch-depth: 0`"
            }
            Self::MissingReference { .. } => "fetch it with `git fetch`, or name a branch, tag or commit that exists",
            Self::Ambiguous { .. } => "write more of it",
            Self::Unborn { .. } => "commit first",
            Self::NothingShared { .. } => "name two commits of one history",
            Self::Conflicts => "settle them and stage the files: `git status` names them",
            Self::NotACommit { .. } | Self::Failed { .. } => return None,
        };
        Some(text.into())
    }
}

fn extension_reason(extension: &str) -> String {
    match extension {
        "partialclone" => "it is a partial clone, in which content is missing until Git fetches it".into(),
        "objectformat" => "its ids are SHA-256".into(),
        other => format!("it uses the extension `{other}` of Git"),
    }
}

impl fmt::Display for GitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotARepository { place } => write!(f, "`{place}` is not in a Git repository"),
            Self::Untrusted { place } => write!(f, "Git does not trust the repository at `{place}`"),
            Self::Unsupported { place, .. } => write!(f, "the repository at `{place}` cannot be read"),
            Self::MissingReference { reference, .. } => {
                write!(f, "there is no branch, tag or commit `{reference}`")
            }
            Self::Ambiguous { reference } => write!(f, "several commits begin with `{reference}`"),
            Self::NotACommit { reference, what } => write!(f, "`{reference}` is a {what}, not a commit"),
            Self::Unborn { branch } => write!(f, "the branch `{branch}` has no commit yet"),
            Self::NothingShared { left, right, .. } => {
                write!(f, "`{left}` and `{right}` have no commit in common")
            }
            Self::Conflicts => f.write_str("what is staged has conflicts of a merge"),
            Self::Failed { doing, error } => write!(f, "cannot {doing}: {error}"),
        }
    }
}

impl error::Error for GitError {}

impl From<GitError> for Diagnostic {
    fn from(error: GitError) -> Self {
        let mut finding = Self::error(error.code(), error.to_string());
        finding.reason = error.reason();
        finding.help = error.help();
        finding
    }
}
