//! Many systems in one repository: all of them, those that a change affects, and what is staged.
#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "the tests run the binary in folders of their own")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const SYSTEM: &str = "apiVersion: windlass/v1\nkind: System\nname: NAME\ncomponents:\n  api:\n    kind: backend\n    \
                      image: registry.example.com/api:1.0.0\n    ports: {http: 8000}\n    health: {ready: /ready, live: \
                      /live}\n    resources: {requests: {cpu: 100m, memory: 64Mi}}\n";
const BASE: &str = "apiVersion: windlass/v1\nkind: Environment\nabstract: true\ntarget: {kubernetes: \"1.35\", features: \
                    [metrics-server]}\n";
const ENVIRONMENT: &str =
    "apiVersion: windlass/v1\nkind: Environment\nextends: ../../../shared/base.yaml\ntier: development\n";
const OWN: &str = "apiVersion: windlass/v1\nkind: Environment\ntarget: {kubernetes: \"1.35\"}\ntier: development\n";

/// A repository of three systems: `a` and `b` extend a shared environment, `c` stands alone.
struct Repository {
    folder: tempfile::TempDir,
}

impl Repository {
    fn new() -> Self {
        let repository = Self { folder: tempfile::tempdir().expect("a folder") };
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository.write("shared/base.yaml", BASE);
        for name in ["a", "b", "c"] {
            repository.write(&format!("systems/{name}/system.yaml"), &SYSTEM.replace("NAME", name));
            let staging = if name == "c" { OWN } else { ENVIRONMENT };
            repository.write(&format!("systems/{name}/environments/staging.yaml"), staging);
            repository.write(&format!("systems/{name}/environments/testing.yaml"), OWN);
        }
        repository.write("systems/catalogue/system.yaml", "apiVersion: backstage.io/v1alpha1\nkind: System\n");
        repository.write("vendored/x/system.yaml", "broken: [");
        repository.write(".gitignore", "vendored/\n");
        let built = repository.run(&["build", "--all"]);
        assert_eq!(built.0, 0, "{}", built.2);
        repository.commit();
        repository
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, path: &str, text: &str) {
        let place = self.path().join(path);
        fs::create_dir_all(place.parent().expect("a folder")).expect("made");
        fs::write(place, text).expect("written");
    }

    fn change(&self, path: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path().join(path)).expect("a file");
        assert!(text.contains(from), "{path} has no `{from}`");
        self.write(path, &text.replace(from, to));
    }

    fn git(&self, arguments: &[&str]) -> Output {
        let output = Command::new("git")
            .current_dir(self.path())
            .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com"])
            .args(arguments)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .expect("git runs");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", "x"]);
    }

    /// The exit code, standard output and standard error.
    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        self.run_on("4", arguments)
    }

    /// The same on a number of threads.
    fn run_on(&self, threads: &str, arguments: &[&str]) -> (i32, String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_windlass"))
            .env("RAYON_NUM_THREADS", threads)
            .current_dir(self.path())
            .args(arguments)
            .env("NO_COLOR", "1")
            .env_remove("PRE_COMMIT_FROM_REF")
            .env_remove("PRE_COMMIT_TO_REF")
            .env_remove("GIT_INDEX_FILE")
            .output()
            .expect("the binary runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code().expect("it exits"), text(&output.stdout), text(&output.stderr))
    }

    /// What `check` says that it compiled.
    fn checked(&self, arguments: &[&str]) -> String {
        let (code, out, err) = self.run(&[&["check"], arguments].concat());
        assert_eq!(code, 0, "{out}{err}");
        err
    }
}

#[test]
fn all_systems_are_found_and_told_in_order() {
    let repository = Repository::new();
    let expected = ["a", "b", "c"].map(|name| format!("systems/{name}/system.yaml compiles for staging, testing\n"));
    assert_eq!(repository.checked(&["--all"]), expected.concat());
    repository.write("new/system.yaml", "kind: System\ncomponents: [");
    repository.write("systems/a/system.yaml", "kind: Nothing\n");
    let (code, out, _) = repository.run(&["check", "--all", "--format", "json"]);
    let answer: serde_json::Value = serde_json::from_str(&out).expect("one document");
    assert_eq!(code, 1, "{out}");
    let told = answer["findings"].to_string();
    assert!(told.contains("systems/a/system.yaml") && told.contains("new/system.yaml"), "{told}");
}

#[test]
fn a_finding_in_a_shared_file_is_told_once() {
    let repository = Repository::new();
    repository.change("shared/base.yaml", "target:", "targte: {}\ntarget:");
    let (code, out, _) = repository.run(&["check", "--all"]);
    assert_eq!((code, out.matches("unknown key `targte`").count()), (1, 1), "{out}");
}

#[test]
fn a_change_narrows_systems_and_environments() {
    let repository = Repository::new();
    let since = &["--changed-since", "HEAD"];
    assert_eq!(repository.checked(since), "nothing changed that a system reads\n");
    repository.change("shared/base.yaml", "metrics-server", "metrics-server, prometheus-operator");
    let shared = "systems/a/system.yaml compiles for staging\nsystems/b/system.yaml compiles for staging\n";
    assert_eq!(repository.checked(since), shared);
    repository.change("systems/c/system.yaml", "64Mi", "65Mi");
    assert_eq!(repository.checked(since), format!("{shared}systems/c/system.yaml compiles for staging, testing\n"));
    assert_eq!(repository.checked(&["--changed-since", "HEAD", "systems/a/system.yaml"]), &shared[..shared.len() / 2]);
    let (code, out, _) = repository.run(&["check", "--changed-since", "nowhere"]);
    assert_eq!(code, 1);
    assert!(out.contains("WL0861"), "{out}");
}

#[test]
fn environments_are_named_for_all_systems_at_once() {
    let repository = Repository::new();
    repository.write("systems/a/environments/production.yaml", OWN);
    assert_eq!(
        repository.checked(&["--all", "--env", "production"]),
        "systems/a/system.yaml compiles for production\n"
    );
    let (code, out, _) = repository.run(&["check", "--all", "--env", "prodution"]);
    assert_eq!(code, 2, "{out}");
    let (code, _, err) = repository.run(&["diff", "--all", "--env", "prodution"]);
    assert_eq!(code, 2, "{err}");
}

#[test]
fn nothing_is_written_where_one_system_is_wrong() {
    let repository = Repository::new();
    repository.change("systems/a/system.yaml", "64Mi", "66Mi");
    repository.change("systems/c/system.yaml", "64Mi", "lots");
    let (code, _, err) = repository.run(&["build", "--all"]);
    assert_eq!(code, 1, "{err}");
    assert_eq!(repository.git(&["status", "--porcelain", "--", "*/rendered"]).stdout, b"");
    assert_eq!(repository.run(&["build", "--all", "--stdout", "--env", "staging"]).0, 2);
}

#[test]
fn a_comparison_covers_what_comes_and_goes() {
    let repository = Repository::new();
    repository.change("systems/b/system.yaml", "64Mi", "128Mi");
    repository.git(&["rm", "-r", "--quiet", "systems/c"]);
    let (code, out, err) = repository.run(&["diff", "--all", "--base", "HEAD", "--name-only"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("Deployment") && !out.contains("cannot"), "{out}");
    let (_, json, _) = repository.run(&["diff", "--all", "--base", "HEAD", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&json).expect("one document");
    let told = report.to_string();
    assert!(!told.contains("systems/a") && !told.contains("ns/a"), "{told}");
    assert!(json.contains("\"c\""), "{json}");
    repository.git(&["reset", "--quiet", "--hard"]);
    let (code, out, _) = repository.run(&["diff", "--all", "--base", "HEAD"]);
    assert_eq!(code, 0);
    assert!(out.contains("nothing changed that a system reads"), "{out}");
}

#[test]
fn systems_compared_side_by_side_are_told_in_order() {
    let repository = Repository::new();
    for number in 0..30 {
        repository.write(&format!("systems/n{number:02}/system.yaml"), &SYSTEM.replace("NAME", &format!("n{number}")));
        repository.write(&format!("systems/n{number:02}/environments/testing.yaml"), OWN);
    }
    repository.commit();
    for number in 0..30 {
        let place = format!("systems/n{number:02}/system.yaml");
        let to = if number % 7 == 3 { "memory: wrong" } else { "memory: 128Mi" };
        repository.change(&place, "memory: 64Mi", to);
    }
    repository.git(&["add", "--all"]);
    for side in [&["diff", "--all", "--base", "HEAD"][..], &["diff", "--all", "--base", "HEAD", "--staged"]] {
        let alone = repository.run_on("1", side);
        assert_eq!(alone.0, 1, "{}", alone.2);
        assert!(alone.1.contains("n29") && alone.2.contains("systems/n24/system.yaml"), "{}{}", alone.1, alone.2);
        for threads in ["2", "8"] {
            assert!(repository.run_on(threads, side) == alone, "{threads} threads give something else");
        }
    }
}

#[test]
fn what_is_staged_is_what_is_checked() {
    let repository = Repository::new();
    repository.change("systems/a/system.yaml", "64Mi", "lots");
    repository.git(&["add", "systems/a/system.yaml"]);
    repository.change("systems/a/system.yaml", "lots", "64Mi");
    assert_eq!(repository.run(&["check", "--all"]).0, 0, "the working tree is right");
    let (code, out, _) = repository.run(&["check", "--staged"]);
    assert_eq!(code, 1);
    assert!(out.contains("lots"), "{out}");
    repository.git(&["add", "systems/a/system.yaml"]);
    repository.change("systems/b/system.yaml", "64Mi", "lots");
    repository.git(&["rm", "--quiet", "systems/c/environments/testing.yaml"]);
    assert_eq!(repository.checked(&["--staged"]), "systems/c/system.yaml compiles for staging\n");
}

#[test]
fn where_nothing_is_staged_everything_is_checked() {
    let repository = Repository::new();
    assert_eq!(repository.checked(&["--staged"]).lines().count(), 3);
}

#[test]
fn staged_output_belongs_to_the_staged_system() {
    let repository = Repository::new();
    repository.change("systems/a/system.yaml", "64Mi", "80Mi");
    repository.git(&["add", "--all"]);
    let stale = repository.run(&["build", "--check", "--staged"]);
    assert_eq!(stale.0, 1);
    assert!(stale.2.contains("WL0844"), "{}", stale.2);
    let written = repository.run(&["build", "--staged"]);
    assert_eq!(written.0, 1, "written, and not staged yet: {}", written.2);
    assert!(written.2.contains("git add systems/a/rendered/staging"), "{}", written.2);
    repository.git(&["add", "--all"]);
    assert_eq!(repository.run(&["build", "--staged"]).0, 0);
    assert_eq!(repository.run(&["build", "--check", "--staged"]).0, 0);
}

#[test]
fn a_new_file_that_nobody_staged_is_missing() {
    let repository = Repository::new();
    repository.change(
        "systems/a/system.yaml",
        "components:",
        "components:\n  cache: {kind: redis, mode: cache, memory: 64Mi}",
    );
    repository.run(&["build", "systems/a/system.yaml"]);
    repository.git(&["add", "--update"]);
    let (code, _, err) = repository.run(&["build", "--staged"]);
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("missing"), "{err}");
}

#[test]
fn output_that_git_ignores_is_not_asked_for() {
    let repository = Repository::new();
    repository.git(&[
        "rm",
        "-r",
        "--quiet",
        "--cached",
        "systems/a/rendered",
        "systems/b/rendered",
        "systems/c/rendered",
    ]);
    repository.write(".gitignore", "vendored/\nrendered/\n");
    repository.git(&["add", "--all"]);
    assert_eq!(repository.run(&["build", "--check", "--staged"]).0, 0);
}
