//! The `git` of the machine: transport, credentials, signing and hooks are its matter.
//!
//! Promises: fixed arguments, no shell, no question at a terminal, messages in English; nothing that a
//! surrounding hook says about its own repository reaches another one; no password in an error.

use super::GitError;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What Git says about the repository in which a hook runs.
const OF_A_REPOSITORY: &[&str] = &[
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_QUARANTINE_PATH",
    "GIT_SHALLOW_FILE",
    "GIT_GRAFT_FILE",
    "GIT_REPLACE_REF_BASE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INTERNAL_SUPER_PREFIX",
];

/// Runs `git` for one repository.
#[derive(Clone, Debug)]
pub(super) struct Program {
    /// Git's own folder of the repository.
    pub(super) repository: PathBuf,
    /// Where it runs, so that relative paths in its settings mean what they mean to the user.
    pub(super) from: PathBuf,
}

impl Program {
    pub(super) fn new(repository: &Path, from: &Path) -> Self {
        Self { repository: repository.into(), from: from.into() }
    }

    /// Runs one command to its end, whatever it says.
    pub(super) fn run(&self, arguments: &[&str], input: &[u8], variables: &[(&str, &str)]) -> Result<Output, GitError> {
        let failed = |error: std::io::Error| GitError::Failed {
            doing: format!("run `git {}`", arguments.first().unwrap_or(&"")),
            error: error.to_string(),
        };
        let mut command = Command::new("git");
        command.arg("--git-dir").arg(&self.repository).args(["-c", "gc.auto=0", "-c", "maintenance.auto=false"]);
        command.args(arguments).current_dir(&self.from);
        for name in OF_A_REPOSITORY {
            command.env_remove(name);
        }
        command.env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C").envs(variables.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(failed)?;
        // What a command does not read is no error: its own words say why it ended.
        drop(child.stdin.take().map(|mut pipe| pipe.write_all(input)));
        child.wait_with_output().map_err(failed)
    }

    /// The output of a command that has to succeed.
    pub(super) fn succeed(&self, arguments: &[&str], input: &[u8], doing: &str) -> Result<String, GitError> {
        let output = self.run(arguments, input, &[])?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(GitError::Failed { doing: doing.into(), error: complaint(&output) })
    }
}

/// Why a command failed, in its own words and one line, without passwords.
pub(super) fn complaint(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let told = |line: &&str| line.starts_with("fatal: ") || line.starts_with("error: ") || line.starts_with("remote: ");
    let mut lines: Vec<&str> = said.lines().map(str::trim).filter(told).collect();
    if lines.is_empty() {
        lines = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    }
    let plain = |line: &&str| {
        let line = line.trim_start_matches("fatal: ").trim_start_matches("error: ").trim();
        line.trim_end_matches('.').to_owned()
    };
    let text = lines.iter().take(5).map(plain).collect::<Vec<_>>().join("; ");
    if text.is_empty() { format!("it ended with {}", output.status) } else { without_credentials(&text) }
}

/// A text in which no URL has a user or password.
pub fn without_credentials(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end = after.find(|c: char| matches!(c, '/' | '?' | '#' | '\'' | '"') || c.is_whitespace());
        let authority = &after[..end.unwrap_or(after.len())];
        rest = authority.rfind('@').map_or(after, |at| &after[at + 1..]);
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_lose_users_and_passwords() {
        assert_eq!(without_credentials("https://u:p@h/x.git"), "https://h/x.git");
        assert_eq!(without_credentials("at 'https://tok@h:8/x' and ssh://git@h"), "at 'https://h:8/x' and ssh://h");
        assert_eq!(without_credentials("git@h:x.git"), "git@h:x.git");
        assert_eq!(without_credentials("https://h/x@y"), "https://h/x@y");
        assert_eq!(without_credentials("https://u:p@ss@h/x"), "https://h/x");
    }
}
