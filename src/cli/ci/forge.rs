//! Where a job runs, from its variables.

use super::http::trouble;
use crate::diagnostic::Diagnostic;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;

/// GitHub takes no more for the summary of a step, and drops all of it otherwise.
const SUMMARY_LIMIT: u64 = 1 << 20;

/// The forge whose CI runs the command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Forge {
    Github(Github),
    Gitlab(Gitlab),
    Neither,
}

/// A job of GitHub Actions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Github {
    pub(super) api: String,
    pub(super) repository: String,
    pub(super) pull: Option<u64>,
    pub(super) token: Option<String>,
    base: Option<String>,
    summary: Option<PathBuf>,
}

/// A job of GitLab CI.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Gitlab {
    pub(super) api: String,
    pub(super) project: String,
    pub(super) request: Option<u64>,
    pub(super) token: Option<String>,
    base: Option<String>,
}

impl Forge {
    pub(super) fn detect(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        if variable("GITHUB_ACTIONS").is_some() {
            return Self::Github(Github::of(variable));
        }
        if variable("GITLAB_CI").is_some() {
            return Self::Gitlab(Gitlab {
                api: variable("CI_API_V4_URL").unwrap_or_else(|| "https://gitlab.com/api/v4".into()),
                project: variable("CI_PROJECT_ID").unwrap_or_default(),
                request: variable("CI_MERGE_REQUEST_IID").and_then(|id| id.parse().ok()),
                // The token of the job may not write notes.
                token: variable("WINDLASS_TOKEN").or_else(|| variable("GITLAB_TOKEN")),
                base: variable("CI_MERGE_REQUEST_DIFF_BASE_SHA"),
            });
        }
        Self::Neither
    }

    /// What the change is compared with.
    pub(super) fn base(&self) -> Option<String> {
        match self {
            Self::Github(github) => github.base.clone(),
            Self::Gitlab(gitlab) => gitlab.base.clone(),
            Self::Neither => None,
        }
    }

    /// Adds a text to the summary of the job, where there is one.
    pub(super) fn summarise(&self, text: &str) -> Result<(), Diagnostic> {
        let Self::Github(Github { summary: Some(path), .. }) = self else { return Ok(()) };
        let there = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        if there + text.len() as u64 > SUMMARY_LIMIT {
            return Err(trouble("the summary of the job is full"));
        }
        let mut file =
            OpenOptions::new().append(true).create(true).open(path).map_err(|error| trouble(&error.to_string()))?;
        file.write_all(text.as_bytes())
            .map_err(|error| trouble(&format!("cannot write the summary of the job: {error}")))
    }
}

impl Github {
    fn of(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let event = variable("GITHUB_EVENT_PATH").and_then(|path| std::fs::read(path).ok());
        let event: Option<serde_json::Value> = event.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let of_event = event.as_ref().and_then(|event| event["pull_request"]["number"].as_u64());
        let of_ref = || variable("GITHUB_REF")?.strip_prefix("refs/pull/")?.split('/').next()?.parse().ok();
        // A push says which commit was there before it; a new branch has none.
        let before = event.as_ref().and_then(|event| event["before"].as_str());
        let before = before.filter(|id| id.chars().any(|c| c != '0')).map(str::to_owned);
        Self {
            api: variable("GITHUB_API_URL").unwrap_or_else(|| "https://api.github.com".into()),
            repository: variable("GITHUB_REPOSITORY").unwrap_or_default(),
            pull: of_event.or_else(of_ref),
            token: variable("GITHUB_TOKEN").or_else(|| variable("GH_TOKEN")),
            base: variable("GITHUB_BASE_REF").map(|branch| format!("origin/{branch}...HEAD")).or(before),
            summary: variable("GITHUB_STEP_SUMMARY").map(PathBuf::from),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(variables: &[(&str, &str)]) -> Forge {
        let find =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Forge::detect(&find)
    }

    #[test]
    fn forges_are_known_by_their_variables() {
        assert_eq!(detect(&[("CI", "true")]), Forge::Neither);
        let github =
            detect(&[("GITHUB_ACTIONS", "true"), ("GITHUB_REF", "refs/pull/7/merge"), ("GITHUB_BASE_REF", "main")]);
        assert_eq!(github.base().as_deref(), Some("origin/main...HEAD"));
        assert!(matches!(github, Forge::Github(Github { pull: Some(7), token: None, .. })));
        let gitlab = detect(&[("GITLAB_CI", "true"), ("CI_MERGE_REQUEST_IID", "3"), ("GITLAB_TOKEN", "t")]);
        assert!(matches!(gitlab, Forge::Gitlab(Gitlab { request: Some(3), token: Some(_), .. })));
    }
}
