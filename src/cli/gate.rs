//! What stops a change: the policy of an environment, and what was said about its risks.

use super::project::Project;
use crate::diagnostic::{Diagnostic, Diagnostics, code};
use crate::document::{Node, at};
use crate::git::Snapshot;
use crate::review::{ACKNOWLEDGEMENTS_FILE, Acknowledgements, Risk, Verdict};
use crate::spec;
use crate::workspace::{FILE_LIMIT, ReadError, join};

/// What the merged environment says of risks.
pub(super) fn policy(root: &Node) -> Option<spec::ReviewPolicy> {
    let policy = root.get("environment")?.get("policy")?;
    let policy: spec::Policy = spec::decode(policy, at!["environment", "policy"], &mut Diagnostics::new())?;
    policy.review
}

/// What was said about risks: the file beside the system, in a commit or on disk.
pub(super) fn acknowledgements(project: &mut Project, commit: Option<&Snapshot>) -> Acknowledgements {
    let Ok(path) = join(&project.loaded.path, ACKNOWLEDGEMENTS_FILE) else { return Acknowledgements::default() };
    let bytes = match commit {
        Some(snapshot) => snapshot.read(&path, FILE_LIMIT),
        None => project.workspace.read(&path, FILE_LIMIT),
    };
    match bytes {
        Err(ReadError::NotFound { .. }) => Acknowledgements::default(),
        Err(error) => {
            project.found.push(error.into());
            Acknowledgements::default()
        }
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            Acknowledgements::read(&path, &text, &mut project.sources, &mut project.found)
        }
    }
}

/// A risk that stops a change, as a finding.
pub(super) fn finding(risk: &Risk) -> Diagnostic {
    let finding = Diagnostic::error(code::RISK_STOPS, format!("{}: {} ({})", risk.class, risk.what, risk.identity))
        .reason(risk.reason.clone());
    let place =
        risk.cause.as_ref().map_or(String::new(), |cause| format!(" {}:{} caused it.", cause.file, cause.at.line));
    match risk.verdict {
        Verdict::Denied => finding.help(format!("`policy.review.deny` lets no such change pass.{place}")),
        _ => finding
            .help(format!("change it, or acknowledge it in `{ACKNOWLEDGEMENTS_FILE}` as `{}`.{place}", risk.id())),
    }
}
