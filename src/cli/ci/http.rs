//! Requests to the API of a forge, by the `curl` of the machine: proxies and certificates of a company are its matter,
//! and every runner has it.
//!
//! Promises: no token in the arguments of a process or in a message; a server that is busy or broken is asked again,
//! a few times and not for long.

use crate::diagnostic::{Diagnostic, code};
use serde_json::Value;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

/// So often a request is made.
const ATTEMPTS: u64 = 4;
/// The longest time that a server may ask to wait for.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// What a server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) body: Value,
    /// The server asked to come back after so many seconds.
    retry_after: Option<u64>,
    /// Nothing is left of what the server lets one ask.
    exhausted: bool,
}

impl Response {
    fn of(status: u16, headers: &str, body: &str) -> Self {
        // Only the last answer counts: a proxy has one of its own before it.
        let start = headers.rfind("HTTP/").unwrap_or_default();
        let header = |name: &str| {
            let lines = headers[start..].lines().filter_map(|line| line.split_once(':'));
            lines.filter(|(known, _)| known.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
        };
        Self {
            status,
            body: serde_json::from_str(body).unwrap_or_default(),
            retry_after: header("retry-after").and_then(|seconds| seconds.parse().ok()),
            exhausted: header("x-ratelimit-remaining") == Some("0"),
        }
    }

    fn is_temporary(&self) -> bool {
        let limited = self.status == 403 && (self.exhausted || self.retry_after.is_some());
        self.status == 429 || self.status >= 500 || limited
    }
}

/// Something about a forge that fails nothing.
pub(super) fn trouble(message: &str) -> Diagnostic {
    Diagnostic::warning(code::FORGE_FAILED, message)
}

/// Why there is no answer.
enum Failure {
    /// There is no `curl`.
    Missing(String),
    /// It did not reach the server.
    Transport(String),
}

/// Makes a request, again where that may help. `credential` is a whole header.
pub(super) fn request(method: &str, url: &str, credential: &str, body: Option<&Value>) -> Result<Response, Diagnostic> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        let answer = once(method, url, credential, body);
        let wait = match &answer {
            Ok(response) if response.is_temporary() => response.retry_after.map(Duration::from_secs),
            Err(Failure::Transport(_)) => None,
            _ => Some(Duration::MAX),
        };
        let wait = wait.unwrap_or(Duration::from_millis(300 * attempt));
        if attempt == ATTEMPTS || wait > LONGEST_WAIT {
            return answer.map_err(|failure| match failure {
                Failure::Missing(text) => trouble(&format!("`curl` cannot be run: {text}"))
                    .help("install it in the image of the job: comments are written with it"),
                Failure::Transport(text) => trouble(&format!("the server was not reached: {text}")),
            });
        }
        std::thread::sleep(wait);
    }
}

fn once(method: &str, url: &str, credential: &str, body: Option<&Value>) -> Result<Response, Failure> {
    let failed = |error: std::io::Error| Failure::Transport(error.to_string());
    let headers = tempfile::NamedTempFile::new().map_err(failed)?;
    let mut content = tempfile::NamedTempFile::new().map_err(failed)?;
    let mut settings = format!(
        "url = {}\nrequest = {method}\nheader = {}\nheader = \"Content-Type: application/json\"\n\
         header = \"User-Agent: windlass\"\ndump-header = {}\n",
        quoted(url),
        quoted(credential),
        quoted(&headers.path().display().to_string()),
    );
    if let Some(body) = body {
        content.write_all(body.to_string().as_bytes()).and_then(|()| content.flush()).map_err(failed)?;
        let _ = writeln!(settings, "data-binary = {}", quoted(&format!("@{}", content.path().display())));
    }
    let mut child = Command::new("curl")
        .args([
            "--disable",
            "--silent",
            "--show-error",
            "--max-time",
            "30",
            "--write-out",
            "%{http_code}",
            "--config",
            "-",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| Failure::Missing(error.to_string()))?;
    drop(child.stdin.take().map(|mut pipe| pipe.write_all(settings.as_bytes())));
    let output = child.wait_with_output().map_err(failed)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::Transport(
            said.lines().next().unwrap_or("curl failed").trim_start_matches("curl: ").to_owned(),
        ));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let (text, status) = text.split_at(text.floor_char_boundary(text.len().saturating_sub(3)));
    let headers = std::fs::read_to_string(headers.path()).unwrap_or_default();
    Ok(Response::of(status.parse().unwrap_or(0), &headers, text))
}

/// A value as curl reads it in its settings.
fn quoted(text: &str) -> String {
    let plain: String = text.chars().filter(|c| !c.is_control()).collect();
    format!("\"{}\"", plain.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_say_when_to_come_back() {
        let busy = Response::of(403, "HTTP/2 200\r\n\r\nHTTP/2 403\r\nRetry-After: 7\r\n", "{}");
        assert_eq!((busy.retry_after, busy.is_temporary()), (Some(7), true));
        let limited = Response::of(403, "HTTP/2 403\r\nX-RateLimit-Remaining: 0\r\n", "");
        assert!(limited.is_temporary() && limited.body.is_null());
        assert!(!Response::of(403, "HTTP/2 403\r\nx-ratelimit-remaining: 12\r\n", "").is_temporary());
        assert!(Response::of(502, "", "<html>").is_temporary());
    }

    #[test]
    fn nothing_leaves_a_value_of_curl() {
        assert_eq!(quoted("a\"b\\c\nurl = x"), "\"a\\\"b\\\\curl = x\"");
    }
}
