//! `windlass diff` in repositories of every state: what the old side is, and what is said where there is none.
#![expect(clippy::disallowed_methods, reason = "the tests make repositories")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

const SYSTEM: &str = "\
apiVersion: windlass/v1
kind: System
name: shop
components:
  api:
    kind: backend
    image: registry.example.com/api:v1.2.0
    ports: {http: 8080}
    health: {ready: /ready}
    resources: {requests: {cpu: 100m, memory: 128Mi}}
    replicas: 2
";
const ENVIRONMENT: &str = "\
apiVersion: windlass/v1
kind: Environment
target: {kubernetes: \"1.35\"}
";

/// A repository with one system, built and committed.
struct Ground {
    folder: TempDir,
}

impl Ground {
    fn new() -> Self {
        let ground = Self { folder: TempDir::new().expect("a folder") };
        ground.git(&["init", "--quiet", "--initial-branch=main"]);
        ground.write("system.yaml", SYSTEM);
        ground.write("environments/production.yaml", ENVIRONMENT);
        ground.windlass(&["build", "--quiet"]);
        ground.commit("one");
        ground
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, path: &str, text: &str) {
        let file = self.path().join(path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(file, text).expect("a file");
    }

    /// Writes another text in the place of one in the system.
    fn change(&self, path: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path().join(path)).expect("a text");
        assert!(text.contains(from), "{path} has `{from}`");
        self.write(path, &text.replace(from, to));
    }

    fn git(&self, arguments: &[&str]) {
        let status = Command::new("git")
            .current_dir(self.path())
            .args(["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"])
            .args(arguments)
            .stdout(std::process::Stdio::null())
            .status();
        assert!(status.expect("git runs").success(), "git {arguments:?}");
    }

    fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
    }

    fn windlass(&self, arguments: &[&str]) -> Output {
        windlass(self.path(), arguments)
    }
}

fn windlass(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_windlass"));
    command.current_dir(folder).args(arguments).output().expect("windlass runs")
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_rendered_tree_is_the_old_side() {
    let ground = Ground::new();
    let clean = ground.windlass(&["diff", "--exit-code"]);
    assert!(clean.status.success() && out(&clean).contains("no change"), "{}", out(&clean));
    ground.change("system.yaml", "api:v1.2.0", "api:v1.3.0");
    let changed = ground.windlass(&["diff", "--exit-code"]);
    assert_eq!(changed.status.code(), Some(1));
    assert!(
        out(&changed).contains("2 pods are replaced") && out(&changed).contains("system.yaml:7:"),
        "{}",
        out(&changed)
    );
    assert_eq!(out(&ground.windlass(&["diff", "--name-only"])).trim(), "apps/v1/Deployment shop-production/api");
}

#[test]
fn a_commit_is_the_old_side() {
    let ground = Ground::new();
    ground.change("system.yaml", "replicas: 2", "replicas: 3");
    ground.windlass(&["build", "--quiet"]);
    ground.commit("two");
    assert!(out(&ground.windlass(&["diff"])).contains("no change"));
    let against = ground.windlass(&["diff", "--base", "HEAD~1"]);
    assert!(out(&against).contains("spec.replicas: 2 → 3"), "{}", out(&against));
    // Both sides from commits: what is on disk does not matter.
    ground.change("system.yaml", "replicas: 3", "replicas: 9");
    let between = ground.windlass(&["diff", "--base", "HEAD~1", "--head", "HEAD"]);
    assert!(out(&between).contains("spec.replicas: 2 → 3") && !out(&between).contains("→ 9"), "{}", out(&between));
    ground.git(&["checkout", "--quiet", "--force", "--detach", "HEAD~1"]);
    assert!(out(&ground.windlass(&["diff", "--base", "main"])).contains("spec.replicas: 3 → 2"));
}

#[test]
fn a_bare_repository_has_commits_to_compare() {
    let ground = Ground::new();
    ground.change("system.yaml", "replicas: 2", "replicas: 3");
    ground.commit("two");
    let bare = TempDir::new().expect("a folder");
    ground.git(&["clone", "--quiet", "--bare", ".", &bare.path().display().to_string()]);
    let between = windlass(bare.path(), &["diff", "--base", "main~1", "--head", "main"]);
    assert!(out(&between).contains("spec.replicas: 2 → 3"), "{}{}", out(&between), err(&between));
}

#[test]
fn a_reference_that_is_missing_is_told() {
    let ground = Ground::new();
    let missing = ground.windlass(&["diff", "--base", "mian"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(err(&missing).contains("WL0861") && err(&missing).contains("main"), "{}", err(&missing));
    let shallow = TempDir::new().expect("a folder");
    ground.change("system.yaml", "replicas: 2", "replicas: 3");
    ground.commit("two");
    let url = format!("file://{}", ground.path().display());
    ground.git(&["clone", "--quiet", "--depth", "1", &url, &shallow.path().display().to_string()]);
    let cut = windlass(shallow.path(), &["diff", "--base", "HEAD~1"]);
    assert!(err(&cut).contains("shallow"), "{}", err(&cut));
    let nowhere = TempDir::new().expect("a folder");
    let none = windlass(nowhere.path(), &["diff", "--base", "main"]);
    assert!(err(&none).contains("WL0860"), "{}", err(&none));
}

#[test]
fn a_base_that_does_not_compile_is_told_and_the_rendered_tree_stands_for_it() {
    let ground = Ground::new();
    ground.change("system.yaml", "kind: backend", "kind: backnd");
    ground.commit("broken");
    ground.change("system.yaml", "kind: backnd", "kind: backend");
    ground.change("system.yaml", "replicas: 2", "replicas: 3");
    let mended = ground.windlass(&["diff", "--base", "HEAD"]);
    assert!(mended.status.success(), "{}", err(&mended));
    assert!(out(&mended).contains("spec.replicas: 2 → 3"), "{}", out(&mended));
    assert!(out(&mended).contains("does not compile") && err(&mended).contains("at HEAD"), "{}", err(&mended));
}

#[test]
fn an_environment_with_another_name_and_the_same_output_is_the_same() {
    let ground = Ground::new();
    ground.write(
        "environments/live.yaml",
        &format!("{ENVIRONMENT}output: ../rendered/production\nnamespace: shop-production\n"),
    );
    ground.git(&["rm", "--quiet", "environments/production.yaml"]);
    let renamed = ground.windlass(&["diff", "--base", "HEAD"]);
    assert!(out(&renamed).contains("no change"), "{}{}", out(&renamed), err(&renamed));
}

#[test]
fn an_environment_that_goes_is_removed_as_a_whole() {
    let ground = Ground::new();
    ground.write("environments/staging.yaml", ENVIRONMENT);
    ground.commit("two");
    ground.git(&["rm", "--quiet", "environments/staging.yaml"]);
    let gone = ground.windlass(&["diff", "--base", "HEAD", "--env", "staging"]);
    assert!(out(&gone).contains("removed") && out(&gone).contains("data-loss"), "{}{}", out(&gone), err(&gone));
    let policy = format!("{ENVIRONMENT}policy: {{review: {{deny: [data-loss]}}}}\n");
    ground.write("environments/staging.yaml", &policy);
    ground.commit("three");
    ground.git(&["rm", "--quiet", "environments/staging.yaml"]);
    assert_eq!(ground.windlass(&["diff", "--base", "HEAD"]).status.code(), Some(1), "its own policy still holds");
    let unknown = ground.windlass(&["diff", "--env", "stging"]);
    assert_eq!(unknown.status.code(), Some(2));
}

#[test]
fn a_policy_stops_a_change_until_it_is_acknowledged() {
    let ground = Ground::new();
    ground.write(
        "environments/production.yaml",
        &format!("{ENVIRONMENT}policy: {{review: {{acknowledge: [restart]}}}}\n"),
    );
    ground.change("system.yaml", "api:v1.2.0", "api:v1.3.0");
    let stopped = ground.windlass(&["diff"]);
    assert_eq!(stopped.status.code(), Some(1));
    let say = |finding: &str| {
        ground.write(
            "windlass.ack.yaml",
            &format!("apiVersion: windlass/v1\nkind: Acknowledgements\nacknowledge:\n- {{finding: \"{finding}\", because: at night}}\n"),
        );
    };
    let field = "spec.template.spec.containers[api].image";
    say(&format!("restart pods-replaced apps/Deployment shop-production/api {field}"));
    let passed = ground.windlass(&["diff"]);
    assert!(passed.status.success(), "{}{}", out(&passed), err(&passed));
    assert!(out(&passed).contains("at night"), "{}", out(&passed));
    say("restart pods-replaced apps/Deployment shop-production/apis");
    let unused = ground.windlass(&["diff"]);
    assert!(err(&unused).contains("WL0881"), "{}", err(&unused));
    assert_eq!(ground.windlass(&["diff", "--fail-on", "downtime"]).status.code(), Some(1));
    let denied = ground.windlass(&["diff", "--fail-on", "nothing"]);
    assert_eq!(denied.status.code(), Some(2));
}

#[test]
fn objects_of_a_cluster_are_compared_with_what_is_written() {
    let ground = Ground::new();
    let stream = out(&ground.windlass(&["build", "--stdout", "--env", "production"]));
    ground.write("live.yaml", &stream);
    let same = ground.windlass(&["diff", "--against", "live.yaml", "--exit-code"]);
    assert!(same.status.success(), "{}{}", out(&same), err(&same));
    ground.write("live.yaml", "just text\n");
    assert!(err(&ground.windlass(&["diff", "--against", "live.yaml"])).contains("WL0880"));
    let nothing = ground.windlass(&["diff", "--against", "nothing.yaml"]);
    assert!(!nothing.status.success() && err(&nothing).contains("nothing.yaml"), "{}", err(&nothing));
}
