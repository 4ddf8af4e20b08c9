//! `windlass ci` against a local server that plays the APIs of GitHub and GitLab; the hook of `windlass init --hook`;
//! the plugin of Argo CD by its variables.
#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "the tests run the binary in folders of their own")]

use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

/// A request that the server got.
#[derive(Clone, Debug)]
struct Got {
    method: String,
    path: String,
    credential: String,
    body: Value,
}

/// Answers requests with a status, headers and a body.
type Play = dyn Fn(usize, &Got) -> (u16, &'static str, Value) + Send + Sync;

struct Server {
    address: String,
    got: Arc<Mutex<Vec<Got>>>,
}

impl Server {
    fn play(play: impl Fn(usize, &Got) -> (u16, &'static str, Value) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let got = Arc::new(Mutex::new(Vec::new()));
        let (known, play): (_, Box<Play>) = (Arc::clone(&got), Box::new(play));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                answer(stream, &known, &*play);
            }
        });
        Self { address, got }
    }

    fn got(&self) -> Vec<Got> {
        self.got.lock().expect("no panic").clone()
    }

    fn methods(&self) -> Vec<String> {
        self.got().into_iter().map(|got| got.method).collect()
    }
}

fn answer(mut stream: TcpStream, known: &Mutex<Vec<Got>>, play: &Play) {
    let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
    let mut line = String::new();
    let (mut length, mut credential) = (0, String::new());
    reader.read_line(&mut line).expect("a request");
    let first = line.clone();
    loop {
        line.clear();
        reader.read_line(&mut line).expect("a header");
        let Some((name, value)) = line.split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().expect("a number"),
            "authorization" | "private-token" => value.trim().clone_into(&mut credential),
            "expect" => stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").expect("written"),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    let mut words = first.split(' ').map(str::to_owned);
    let got = Got {
        method: words.next().unwrap_or_default(),
        path: words.next().unwrap_or_default(),
        credential,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    let count = {
        let mut list = known.lock().expect("no panic");
        list.push(got.clone());
        list.len() - 1
    };
    let (status, headers, body) = play(count, &got);
    let body = body.to_string();
    let head = format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    stream.write_all((head + &body).as_bytes()).expect("written");
}

fn git(folder: &Path, arguments: &[&str]) -> Output {
    Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com"])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("PATH", path_with_windlass())
        .output()
        .expect("git runs")
}

fn path_with_windlass() -> String {
    let folder = Path::new(env!("CARGO_BIN_EXE_windlass")).parent().expect("a folder").display().to_string();
    format!("{folder}:{}", std::env::var("PATH").unwrap_or_default())
}

/// A repository whose working tree has a change since its one commit.
fn changed() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    git(folder.path(), &["init", "--quiet", "--initial-branch=main"]);
    run(folder.path(), &["init", "--name", "shop"], &[]);
    run(folder.path(), &["build"], &[]);
    git(folder.path(), &["add", "--all"]);
    git(folder.path(), &["commit", "--quiet", "--message", "x"]);
    replace(folder.path(), "replicas: 2", "replicas: 3");
    folder
}

fn replace(folder: &Path, from: &str, to: &str) {
    let path = folder.join("environments/production.yaml");
    let text = fs::read_to_string(&path).expect("a file");
    assert!(text.contains(from), "{text}");
    fs::write(path, text.replace(from, to)).expect("written");
}

fn run(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_windlass"));
    command.current_dir(folder).args(arguments).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let output = command.env("NO_COLOR", "1").envs(variables.iter().copied()).output().expect("the binary runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().expect("it exits"), text(&output.stdout), text(&output.stderr))
}

/// A run in a job of GitHub.
fn github(folder: &Path, server: &Server, more: &[(&str, &str)]) -> (i32, String, String) {
    let summary = folder.join("summary.md").display().to_string();
    let job = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_API_URL", server.address.as_str()),
        ("GITHUB_REPOSITORY", "acme/shop"),
        ("GITHUB_REF", "refs/pull/7/merge"),
        ("GITHUB_TOKEN", "ghs_secret"),
        ("GITHUB_STEP_SUMMARY", summary.as_str()),
    ];
    run(folder, &["ci", "--base", "HEAD"], &[&job[..], more].concat())
}

fn comments(bodies: &[&str]) -> Value {
    bodies.iter().enumerate().map(|(at, body)| json!({"id": 100 + at, "body": body})).collect()
}

#[test]
fn a_comment_is_created_and_the_job_summarised() {
    let server = Server::play(|_, got| match got.method.as_str() {
        "GET" => (200, "", comments(&["hello", "> <!-- windlass:review --> quoted"])),
        _ => (201, "", json!({"id": 1})),
    });
    let folder = changed();
    let (code, out, err) = github(folder.path(), &server, &[]);
    assert_eq!(code, 0, "{out}{err}");
    let got = server.got();
    assert_eq!(server.methods(), ["GET", "POST"]);
    assert_eq!(got[1].path, "/repos/acme/shop/issues/7/comments");
    assert_eq!(got[1].credential, "Bearer ghs_secret");
    let body = got[1].body["body"].as_str().expect("a text");
    assert!(body.starts_with("<!-- windlass:review -->") && body.contains("production"), "{body}");
    assert!(fs::read_to_string(folder.path().join("summary.md")).expect("a summary").contains("production"));
    let sarif: Value =
        serde_json::from_slice(&fs::read(folder.path().join("windlass.sarif")).expect("a report")).expect("JSON");
    assert_eq!(sarif["version"], "2.1.0");
    assert!(!out.contains("ghs_secret") && !err.contains("ghs_secret"));
}

#[test]
fn one_comment_is_kept() {
    let server = Server::play(|_, got| match got.method.as_str() {
        "GET" => {
            (200, "", comments(&["x", "<!-- windlass:review -->\nold", "<!-- windlass:review -->\nof a run at once"]))
        }
        _ => (200, "", json!({})),
    });
    let folder = changed();
    assert_eq!(github(folder.path(), &server, &[]).0, 0);
    let requests: Vec<String> = server.got().iter().map(|got| format!("{} {}", got.method, got.path)).collect();
    assert_eq!(
        requests[1..],
        ["PATCH /repos/acme/shop/issues/comments/101", "DELETE /repos/acme/shop/issues/comments/102"]
    );
}

#[test]
fn a_comment_on_a_later_page_is_found() {
    let server = Server::play(|count, got| match (got.method.as_str(), count) {
        ("GET", 0) => (200, "", comments(&vec!["x"; 100])),
        ("GET", _) => (200, "", comments(&["<!-- windlass:review -->"])),
        _ => (200, "", json!({})),
    });
    github(changed().path(), &server, &[]);
    assert_eq!(server.methods(), ["GET", "GET", "PATCH"]);
}

#[test]
fn a_comment_that_is_too_large_is_shortened() {
    let server = Server::play(|count, got| match (got.method.as_str(), count) {
        ("GET", _) => (200, "", json!([])),
        (_, 1) => (422, "", json!({"message": "Validation Failed"})),
        _ => (201, "", json!({})),
    });
    assert_eq!(github(changed().path(), &server, &[]).0, 0);
    assert_eq!(server.methods(), ["GET", "POST", "POST"]);
}

#[test]
fn a_busy_or_broken_server_is_asked_again() {
    let server = Server::play(|count, got| match (got.method.as_str(), count) {
        (_, 0) => (502, "", json!("<html>")),
        ("GET", 1) => (403, "Retry-After: 0\r\nX-RateLimit-Remaining: 0\r\n", json!({"message": "rate limit"})),
        ("GET", _) => (200, "", json!([])),
        (_, 3) => (429, "Retry-After: 0\r\n", json!({})),
        _ => (201, "", json!({})),
    });
    assert_eq!(github(changed().path(), &server, &[]).0, 0);
    assert_eq!(server.methods(), ["GET", "GET", "GET", "POST", "POST"]);
}

#[test]
fn without_rights_the_summary_has_it() {
    let server = Server::play(|_, got| match got.method.as_str() {
        "GET" => (200, "", json!([])),
        _ => (403, "", json!({"message": "Resource not accessible by integration"})),
    });
    let folder = changed();
    let (code, out, err) = github(folder.path(), &server, &[]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(err.contains("WL0848") && out.contains("::warning"), "{out}{err}");
    assert!(fs::read_to_string(folder.path().join("summary.md")).expect("a summary").contains("production"));
    let (code, _, err) = github(folder.path(), &server, &[("GITHUB_TOKEN", "")]);
    assert!(code == 0 && err.contains("there is no token"), "{err}");
}

#[test]
fn a_server_that_stays_away_fails_nothing() {
    let server = Server::play(|_, _| (503, "", json!({})));
    let (code, _, err) = github(changed().path(), &server, &[]);
    assert!(code == 0 && err.contains("answered 503"), "{err}");
    assert_eq!(server.methods().len(), 4);
}

#[test]
fn what_does_not_compile_fails_and_is_told() {
    let server = Server::play(|_, got| if got.method == "GET" { (200, "", json!([])) } else { (201, "", json!({})) });
    let folder = changed();
    replace(folder.path(), "replicas: 3", "replcias: 3");
    let (code, out, err) = github(folder.path(), &server, &[]);
    assert_eq!(code, 1, "{out}{err}");
    assert!(out.contains("::error file=environments/production.yaml"), "{out}");
    let body = server.got().last().expect("a comment").body["body"].to_string();
    assert!(body.contains("It does not compile") && body.contains("replcias"), "{body}");
}

#[test]
fn gitlab_has_notes_and_a_code_quality_report() {
    let server = Server::play(|_, got| match got.method.as_str() {
        "GET" => (200, "", comments(&["<!-- windlass:review -->"])),
        _ => (200, "", json!({})),
    });
    let folder = changed();
    let job = [
        ("GITLAB_CI", "true"),
        ("CI_API_V4_URL", server.address.as_str()),
        ("CI_PROJECT_ID", "42"),
        ("CI_MERGE_REQUEST_IID", "3"),
        ("CI_MERGE_REQUEST_DIFF_BASE_SHA", "HEAD"),
        ("WINDLASS_TOKEN", "glpat"),
    ];
    let (code, out, err) = run(folder.path(), &["ci"], &job);
    assert_eq!(code, 0, "{out}{err}");
    let got = server.got();
    assert_eq!((got[1].method.as_str(), got[1].path.as_str()), ("PUT", "/projects/42/merge_requests/3/notes/100"));
    assert_eq!(got[1].credential, "glpat");
    let report = fs::read(folder.path().join("windlass-codequality.json")).expect("a report");
    assert!(serde_json::from_slice::<Value>(&report).expect("JSON").is_array());
}

#[test]
fn a_change_that_no_system_reads_gets_no_comment() {
    let server = Server::play(|_, _| (200, "", json!([])));
    let folder = changed();
    replace(folder.path(), "replicas: 3", "replicas: 2");
    fs::write(folder.path().join("README.md"), "x").expect("written");
    let (code, out, err) = github(folder.path(), &server, &[]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("nothing changed that a system reads"), "{out}");
    assert_eq!(server.methods(), ["GET"]);
}

#[test]
fn in_any_other_ci_it_prints() {
    let folder = changed();
    let (code, out, err) = run(folder.path(), &["ci", "--base", "HEAD"], &[]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("production") && !out.contains("::"), "{out}");
    let (code, _, err) = run(folder.path(), &["ci"], &[]);
    assert!(code == 0 && err.contains("no base"), "{err}");
    let (code, _, err) = run(folder.path(), &["ci", "--base", "nowhere"], &[]);
    assert!(code == 1 && err.contains("WL0861"), "{err}");
}

#[test]
fn the_hook_of_git_checks_what_is_staged() {
    let folder = changed();
    let (code, _, err) = run(folder.path(), &["init", "--hook"], &[]);
    assert!(code == 0 && err.contains("pre-commit"), "{err}");
    assert_eq!(run(folder.path(), &["init", "--hook"], &[]).0, 1, "nothing is overwritten");
    let commit = |message: &str| {
        let output = git(folder.path(), &["commit", "--message", message]);
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    git(folder.path(), &["add", "environments"]);
    let (passed, said) = commit("without manifests");
    assert!(!passed && said.contains("WL0844"), "{said}");
    run(folder.path(), &["build"], &[]);
    git(folder.path(), &["add", "--all"]);
    // What is on disk alone does not matter.
    replace(folder.path(), "replicas: 3", "replcias: 3");
    let (passed, said) = commit("with manifests");
    assert!(passed, "{said}");
    git(folder.path(), &["add", "--all"]);
    let (passed, said) = commit("broken");
    assert!(!passed && said.contains("replcias"), "{said}");
    // A commit of one file has an index of its own.
    replace(folder.path(), "replcias: 3", "replicas: 3");
    fs::write(folder.path().join("README.md"), "x").expect("written");
    git(folder.path(), &["add", "--all"]);
    let output = git(folder.path(), &["commit", "--message", "one", "README.md"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_plugin_prints_what_build_prints() {
    let folder = changed();
    let (_, expected, _) = run(folder.path(), &["build", "--env", "production", "--stdout"], &[]);
    let generate = |variables: &[(&str, &str)]| run(folder.path(), &["argocd", "generate"], variables);
    let by_variable = generate(&[("ARGOCD_ENV_WINDLASS_ENV", "production")]);
    assert_eq!((by_variable.0, &by_variable.1), (0, &expected));
    let parameter = r#"[{"name":"environment","string":"production"}]"#;
    let by_parameter = generate(&[("ARGOCD_ENV_WINDLASS_ENV", "development"), ("ARGOCD_APP_PARAMETERS", parameter)]);
    assert_eq!((by_parameter.0, &by_parameter.1), (0, &expected));
}

#[test]
fn the_plugin_never_succeeds_with_nothing() {
    let folder = changed();
    let generate = |variables: &[(&str, &str)]| {
        let (code, out, err) = run(folder.path(), &["argocd", "generate"], variables);
        assert!(code != 0 && out.is_empty(), "{out}");
        err.lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(generate(&[]), "error[WL0006] the Application does not say which environment");
    assert_eq!(generate(&[("ARGOCD_ENV_WINDLASS_ENV", "prod")]), "error[WL0006] there is no environment `prod`");
    let replicas = r#"[{"name":"replicas","string":"3"}]"#;
    assert_eq!(generate(&[("ARGOCD_APP_PARAMETERS", replicas)]), "error[WL0845] there is no parameter `replicas`");
    replace(folder.path(), "replicas: 3", "replcias: 3");
    let first = generate(&[("ARGOCD_ENV_WINDLASS_ENV", "production")]);
    assert!(first.starts_with("error[WL0110] environments/production.yaml:"), "{first}");
    let off = "apiVersion: windlass/v1\nkind: Environment\ntarget: {kubernetes: \"1.35\"}\nnamespace: {name: shop, create: \
               false}\nnetwork: {default: allow, because: nothing runs here}\ncomponents: {web: {enabled: false}, api: \
               {enabled: false}, cache: {enabled: false}}\n";
    fs::write(folder.path().join("environments/production.yaml"), off).expect("written");
    assert_eq!(generate(&[("ARGOCD_ENV_WINDLASS_ENV", "production")]), "error[WL0846] `production` has no object");
}

#[test]
fn a_part_of_a_repository_without_git_is_rendered_the_same() {
    let folder = changed();
    let (_, expected, _) = run(folder.path(), &["build", "--env", "production", "--stdout"], &[]);
    let unpacked = tempfile::tempdir().expect("a folder");
    let app = unpacked.path().join("shop");
    fs::create_dir_all(app.join("environments")).expect("made");
    for file in ["system.yaml", "environments/development.yaml", "environments/production.yaml"] {
        fs::copy(folder.path().join(file), app.join(file)).expect("copied");
    }
    let variables = [("ARGOCD_ENV_WINDLASS_ENV", "production"), ("ARGOCD_APP_SOURCE_PATH", "teams/ai/shop")];
    let (code, out, err) = run(&app, &["argocd", "generate"], &variables);
    assert_eq!((code, out), (0, expected), "{err}");
}

#[test]
fn shells_and_manual_pages_know_the_commands() {
    let folder = tempfile::tempdir().expect("a folder");
    let (code, out, _) = run(folder.path(), &["completions", "bash"], &[]);
    assert!(code == 0 && out.contains("changed-since"));
    let (code, out, _) = run(folder.path(), &["man"], &[]);
    assert!(code == 0 && out.contains(".TH windlass"), "{out}");
    assert_eq!(run(folder.path(), &["man", "--out", "pages"], &[]).0, 0);
    assert!(folder.path().join("pages/windlass-argocd-generate.1").is_file());
}
