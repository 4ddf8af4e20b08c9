//! One comment on a pull request or merge request, kept up to date.
//!
//! Promises: a comment of somebody else is never touched: ours begins with the marker. There is one, also after two
//! runs at once: the next one removes what is too much.

use super::forge::{Forge, Github, Gitlab};
use super::http::{Response, request, trouble};
use crate::diagnostic::Diagnostic;
use serde_json::json;

/// Pages of comments that are looked through.
const PAGES: usize = 30;
const PER_PAGE: usize = 100;

/// What came of it.
pub(super) enum Posted {
    Written(&'static str),
    /// There is no request to comment on, or nothing to say.
    Nowhere,
    Failed(Box<Diagnostic>),
}

/// The comments of one request: where they are, and with which right.
struct Thread {
    /// Of all comments.
    list: String,
    /// Of one, without its id.
    one: String,
    /// The method that changes one.
    change: &'static str,
    credential: String,
}

/// Keeps the comment: the first of the bodies that the server takes. One is begun only where there is something to say.
pub(super) fn keep(forge: &Forge, marker: &str, bodies: &[String], says_something: bool) -> Posted {
    let thread = match Thread::of(forge) {
        Ok(Some(thread)) => thread,
        Ok(None) => return Posted::Nowhere,
        Err(finding) => return Posted::Failed(finding),
    };
    match thread.keep(marker, bodies, says_something) {
        Ok(Some(what)) => Posted::Written(what),
        Ok(None) => Posted::Nowhere,
        Err(finding) => Posted::Failed(finding),
    }
}

impl Thread {
    fn of(forge: &Forge) -> Result<Option<Self>, Box<Diagnostic>> {
        match forge {
            Forge::Github(Github { pull: Some(number), token: Some(token), api, repository, .. }) => Ok(Some(Self {
                list: format!("{api}/repos/{repository}/issues/{number}/comments"),
                one: format!("{api}/repos/{repository}/issues/comments"),
                change: "PATCH",
                credential: format!("Authorization: Bearer {token}"),
            })),
            Forge::Gitlab(Gitlab { request: Some(number), token: Some(token), api, project, .. }) => {
                let notes = format!("{api}/projects/{project}/merge_requests/{number}/notes");
                Ok(Some(Self {
                    list: notes.clone(),
                    one: notes,
                    change: "PUT",
                    credential: format!("PRIVATE-TOKEN: {token}"),
                }))
            }
            Forge::Github(Github { pull: Some(_), token: None, .. }) => Err(Box::new(
                trouble("no comment: there is no token")
                    .help("give the step `GITHUB_TOKEN`, and the job `pull-requests: write`"),
            )),
            Forge::Gitlab(Gitlab { request: Some(_), token: None, .. }) => Err(Box::new(
                trouble("no comment: there is no token")
                    .reason("the token of a job may not write notes")
                    .help("give the job `WINDLASS_TOKEN`, a project access token with the scope `api`"),
            )),
            _ => Ok(None),
        }
    }

    fn keep(
        &self,
        marker: &str,
        bodies: &[String],
        says_something: bool,
    ) -> Result<Option<&'static str>, Box<Diagnostic>> {
        let ours = self.find(marker)?;
        let Some((first, others)) = ours.split_first() else {
            if !says_something {
                return Ok(None);
            }
            self.write("POST", &self.list, bodies)?;
            return Ok(Some("created"));
        };
        self.write(self.change, &format!("{}/{first}", self.one), bodies)?;
        for other in others {
            request("DELETE", &format!("{}/{other}", self.one), &self.credential, None)?;
        }
        Ok(Some("updated"))
    }

    /// The ids of the comments that begin with the marker.
    fn find(&self, marker: &str) -> Result<Vec<u64>, Box<Diagnostic>> {
        let mut ours = Vec::new();
        for page in 1..=PAGES {
            let url = format!("{}?per_page={PER_PAGE}&page={page}", self.list);
            let response = accepted(request("GET", &url, &self.credential, None)?)?;
            let comments = response.body.as_array().cloned().unwrap_or_default();
            let is_ours = |comment: &&serde_json::Value| {
                comment["body"].as_str().is_some_and(|body| body.trim_start().starts_with(marker))
            };
            ours.extend(comments.iter().filter(is_ours).filter_map(|comment| comment["id"].as_u64()));
            if comments.len() < PER_PAGE {
                break;
            }
        }
        ours.sort_unstable();
        Ok(ours)
    }

    fn write(&self, method: &str, url: &str, bodies: &[String]) -> Result<(), Box<Diagnostic>> {
        let mut last = None;
        for body in bodies {
            let response = request(method, url, &self.credential, Some(&json!({"body": body})))?;
            // Too large for this server: a shorter one may pass.
            if !matches!(response.status, 400 | 413 | 422) {
                return accepted(response).map(drop);
            }
            last = Some(response);
        }
        last.map_or(Ok(()), |response| accepted(response).map(drop))
    }
}

fn accepted(response: Response) -> Result<Response, Box<Diagnostic>> {
    let said = response.body["message"].as_str().map_or(String::new(), |text| format!(": {text}"));
    let finding = match response.status {
        200..=299 => return Ok(response),
        401 | 403 | 404 => trouble(&format!("no comment: the token may not write it{said}"))
            .reason("a job of a fork has a token that only reads")
            .help("the summary of the job has the same text; otherwise give the job the right to write comments"),
        429 => trouble(&format!("no comment: the server takes no more requests for now{said}")),
        400 | 413 | 422 => trouble(&format!("no comment: the server does not take it{said}")),
        status => trouble(&format!("no comment: the server answered {status}{said}")),
    };
    Err(Box::new(finding))
}
