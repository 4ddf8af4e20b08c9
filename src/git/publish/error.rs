//! Why nothing was published, as findings.

use crate::diagnostic::{Code, Diagnostic, code};
use crate::git::GitError;
use crate::workspace::{ReadError, Refusal, WriteError};

/// Why nothing was published; the branch is as it was.
#[derive(Debug)]
pub struct PublishError {
    pub findings: Vec<Diagnostic>,
    /// Whether the machine is at fault, and not what was asked for.
    pub is_machine_fault: bool,
}

impl PublishError {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Diagnostic::error(code, message).into()
    }

    pub(super) fn reason(self, text: impl Into<String>) -> Self {
        self.each(|finding| finding.reason(text))
    }

    pub(super) fn help(self, text: impl Into<String>) -> Self {
        self.each(|finding| finding.help(text))
    }

    fn each(mut self, change: impl FnOnce(Diagnostic) -> Diagnostic) -> Self {
        if let Some(finding) = self.findings.pop() {
            self.findings.push(change(finding));
        }
        self
    }

    /// A place that nothing can be published to.
    pub(super) fn target(message: impl Into<String>) -> Self {
        Self::new(code::PUBLISH_TARGET, message)
    }

    /// The rules of the output folder, told of a branch.
    pub(super) fn refused(refusals: Vec<Refusal>, place: &str) -> Self {
        let mut findings = WriteError::Refused(refusals).diagnostics(place);
        for finding in findings.iter_mut().filter(|finding| finding.code == code::OUTPUT_EDITED) {
            finding.help =
                Some("move the change into the system or its environment, and revert it in the branch".into());
        }
        Self { findings, is_machine_fault: false }
    }

    pub(super) fn lock(error: crate::tree::LockError, place: &str) -> Self {
        Self { findings: WriteError::Lock(error).diagnostics(place), is_machine_fault: false }
    }
}

impl From<Diagnostic> for PublishError {
    fn from(finding: Diagnostic) -> Self {
        Self { findings: vec![finding], is_machine_fault: false }
    }
}

impl From<GitError> for PublishError {
    fn from(error: GitError) -> Self {
        Self { is_machine_fault: error.is_machine_fault(), findings: vec![error.into()] }
    }
}

impl From<ReadError> for PublishError {
    fn from(error: ReadError) -> Self {
        Self { is_machine_fault: error.is_machine_fault(), findings: vec![error.into()] }
    }
}

impl From<git2::Error> for PublishError {
    fn from(error: git2::Error) -> Self {
        GitError::failed("work with the objects of Git", &error).into()
    }
}
