//! What GitOps Promoter expects of whoever renders: the branch that it proposes from, `hydrator.metadata`,
//! and a note on the commit, which also says that an unchanged branch belongs to a newer source.

use super::Source;
use super::error::PublishError;
use super::home::{Home, Push};
use crate::git::GitError;
use crate::git::program::complaint;
use serde_json::{Map, Value, json};

/// The file that names the source.
pub(super) const METADATA: &str = "hydrator.metadata";
const NOTES: &str = "refs/notes/hydrator.metadata";
/// The same in the repository that pushes, apart from notes of its user.
const OWN_NOTES: &str = "refs/notes/windlass-hydrator.metadata";

/// The branch from which changes of another are proposed.
pub(super) fn proposed(active: &str, path: &str) -> String {
    if path.is_empty() { format!("{active}-next") } else { format!("{active}-next/{path}") }
}

/// The text of `hydrator.metadata`.
pub(super) fn metadata(source: &Source) -> Vec<u8> {
    let mut metadata = json!({
        "drySha": source.commit,
        "author": source.author,
        "date": source.date,
        "subject": source.subject,
    });
    if let Some(repository) = &source.url {
        metadata["repoURL"] = json!(repository);
    }
    if !source.body.is_empty() {
        metadata["body"] = json!(source.body);
    }
    if let Some(commit) = reference(&source.body) {
        metadata["references"] = json!([{ "commit": commit }]);
    }
    (serde_json::to_string_pretty(&metadata).unwrap_or_default() + "\n").into_bytes()
}

/// The commit of the code that the source says it follows, in its trailers: a job that writes a new tag into a system
/// says so, and Argo CD and the promoter show it.
fn reference(body: &str) -> Option<Map<String, Value>> {
    const TRAILER: &str = "argocd-reference-commit-";
    let mut commit = Map::new();
    for (name, value) in body.lines().filter_map(|line| line.split_once(':')) {
        let name = name.trim().to_ascii_lowercase();
        let Some(part) = name.strip_prefix(TRAILER) else { continue };
        let value = value.trim();
        let (key, value) = match part {
            "author" | "sha" | "subject" | "date" => (part, Value::from(value)),
            "repourl" => ("repoURL", Value::from(value)),
            // A trailer is one line: a body is written as a JSON string.
            "body" => match serde_json::from_str(value) {
                Ok(Value::String(text)) => (part, Value::String(text)),
                _ => continue,
            },
            _ => continue,
        };
        commit.insert(key.to_owned(), value);
    }
    (!commit.is_empty()).then_some(commit)
}

/// Notes on a commit which source it was rendered from; others may write notes at the same time.
pub(super) fn note(
    home: &Home,
    commit: &str,
    source: &Source,
    attempts: u32,
    pause: &dyn Fn(u32),
) -> Result<(), PublishError> {
    let text = json!({ "drySha": source.commit }).to_string();
    let reference = format!("--ref={OWN_NOTES}");
    let add = ["notes", &reference, "add", "--force", "--message", &text, commit];
    for attempt in 0..attempts {
        home.copy(NOTES, OWN_NOTES)?;
        let output = home.program.run(&add, b"", &[])?;
        if !output.status.success() {
            return Err(GitError::Failed { doing: "note the source".into(), error: complaint(&output) }.into());
        }
        let tip = home.program.succeed(&["rev-parse", OWN_NOTES], b"", "read the note")?;
        if matches!(home.push(tip.trim(), NOTES)?, Push::Done { .. }) {
            return Ok(());
        }
        pause(attempt);
    }
    Err(PublishError::new(crate::diagnostic::code::PUSH_LOST, "others noted their sources first, each time")
        .help("run it again: the commit is published, and only the note is missing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trailers_name_the_commit_of_the_code() {
        let body = "Bump api.\n\nArgocd-reference-commit-sha: abc123\nArgocd-reference-commit-author: Ada <ada@example.com>\n\
                    argocd-reference-commit-repourl: https://git.example.com/api\nArgocd-reference-commit-body: \"a\\nb\"\n\
                    Argocd-reference-commit-mood: good\nSigned-off-by: Ada <ada@example.com>";
        let expected = json!({
            "sha": "abc123", "author": "Ada <ada@example.com>", "repoURL": "https://git.example.com/api", "body": "a\nb",
        });
        assert_eq!(reference(body).map(Value::Object), Some(expected));
        assert_eq!(reference("Argocd-reference-commit-body: no JSON\nsha: x"), None);
        let source = Source { commit: "f00".into(), body: body.into(), ..Source::default() };
        let metadata: Value = serde_json::from_slice(&metadata(&source)).unwrap();
        assert_eq!(metadata["references"][0]["commit"]["sha"], "abc123");
    }
}
