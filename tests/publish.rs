//! Publishing into real repositories: on disk, from clones, and over HTTP on the loopback.
//!
//! `WINDLASS_E2E=1` runs the race and the kills at their full counts.
#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "the tests run Git and the binary in folders of their own")]

#[path = "git/http.rs"]
mod http;

use http::Server;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A small count, or the full one.
fn count(small: usize, full: usize) -> usize {
    if std::env::var_os("WINDLASS_E2E").is_some() { full } else { small }
}

/// Folders with a system in a repository, and a bare repository that a controller would follow.
struct Ground {
    folder: TempDir,
}

impl Ground {
    fn new() -> Self {
        let ground = Self { folder: TempDir::new().expect("a folder") };
        fs::write(ground.path("config"), "[user]\nname = Ada\nemail = ada@example.com\n[init]\ndefaultBranch = main\n[protocol \"file\"]\nallow = always\n")
            .expect("written");
        fs::create_dir(ground.path("shop")).expect("made");
        let made = ground.run("shop", &["init", "--name", "shop"]);
        assert!(made.status.success(), "{}", said(&made));
        ground.git("shop", &["init", "--quiet"]);
        ground.commit("shop", "first");
        ground.git(".", &["init", "--quiet", "--bare", "deploy.git"]);
        ground.git("deploy.git", &["config", "uploadpack.allowFilter", "true"]);
        ground.git("deploy.git", &["config", "http.receivepack", "true"]);
        ground.git(".", &["clone", "--quiet", "deploy.git", "work"]);
        ground.write("work/README.md", "deployments\n");
        ground.write("work/tenant/mine.yaml", "mine\n");
        ground.push("start");
        ground
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, path: &str, text: &str) {
        let place = self.path(path);
        fs::create_dir_all(place.parent().expect("a folder")).expect("made");
        fs::write(place, text).expect("written");
    }

    fn command(&self, program: &str, folder: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.path(folder)).env("GIT_CONFIG_GLOBAL", self.path("config"));
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("NO_COLOR", "1").stdin(Stdio::null());
        command
    }

    fn run(&self, folder: &str, arguments: &[&str]) -> Output {
        self.command(env!("CARGO_BIN_EXE_windlass"), folder).args(arguments).output().expect("the binary runs")
    }

    /// Publishes production; `to` comes behind `--to`.
    fn publish(&self, to: &str, arguments: &[&str]) -> Output {
        self.run("shop", &[&["publish", "--env", "production", "--to", to], arguments].concat())
    }

    fn published(&self, to: &str, arguments: &[&str]) -> String {
        let output = self.publish(to, arguments);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        said(&output)
    }

    /// Publishes what must not be published: the code, and nothing changed.
    fn refused(&self, to: &str, arguments: &[&str], code: &str) -> String {
        let before = self.refs();
        let output = self.publish(to, arguments);
        let text = said(&output);
        let expected = if code == "WL0863" { 3 } else { 1 };
        assert!(output.status.code() == Some(expected) && text.contains(code), "{:?}: {text}", output.status);
        assert_eq!(self.refs(), before, "{text}");
        text
    }

    fn git(&self, folder: &str, arguments: &[&str]) -> String {
        let output = self.command("git", folder).args(arguments).output().expect("git runs");
        assert!(output.status.success(), "git {arguments:?}: {}", said(&output));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn commit(&self, folder: &str, message: &str) {
        self.git(folder, &["add", "--all"]);
        self.git(folder, &["commit", "--quiet", "--message", message]);
    }

    /// Commits and pushes what is in the work tree of somebody else.
    fn push(&self, message: &str) {
        self.commit("work", message);
        self.git("work", &["push", "--quiet", "origin", "HEAD:main"]);
    }

    fn pull(&self) {
        self.git("work", &["pull", "--quiet", "--ff-only", "origin", "main"]);
    }

    /// Everything that the bare repository has to say.
    fn refs(&self) -> String {
        self.git("deploy.git", &["for-each-ref", "--format=%(refname) %(objectname)"])
    }

    fn fsck(&self) {
        let output =
            self.command("git", "deploy.git").args(["fsck", "--strict", "--no-dangling"]).output().expect("runs");
        assert!(output.status.success(), "{}", said(&output));
    }

    fn change(&self, file: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(file)).expect("there");
        assert!(text.contains(from), "{file} has no `{from}`");
        self.write(file, &text.replace(from, to));
    }

    fn file(&self, branch: &str, path: &str) -> String {
        self.git("deploy.git", &["show", &format!("{branch}:{path}")])
    }

    fn log(&self, branch: &str) -> String {
        self.git("deploy.git", &["log", "-1", "--format=%an|%cn|%B", branch])
    }
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

const BARE: &str = "../deploy.git#main";

#[test]
fn a_branch_gets_the_tree_and_keeps_the_rest() {
    let ground = Ground::new();
    ground.published(BARE, &[]);
    assert_eq!(ground.file("main", "tenant/mine.yaml"), "mine");
    let deployment = ground.file("main", "rendered/production/api/deployment-api.yaml");
    ground.run("shop", &["build", "--env", "production"]);
    let built = ground.path("shop/rendered/production/api/deployment-api.yaml");
    assert_eq!(deployment, fs::read_to_string(built).expect("built").trim_end());
    let log = ground.log("main");
    let head = ground.git("shop", &["rev-parse", "HEAD"]);
    for part in [
        "Ada|Ada|Publish shop to production: ",
        "added: apps/v1/Deployment",
        "Windlass-System: shop\nWindlass-Environment: production\n",
        &format!("Windlass-Source: shop@{head}\nWindlass-Version: "),
    ] {
        assert!(log.contains(part), "{part} in {log}");
    }
    let trailers =
        ground.git("deploy.git", &["log", "-1", "--format=%(trailers:key=Windlass-System,valueonly)", "main"]);
    assert_eq!(trailers, "shop");
    ground.fsck();
    let before = ground.refs();
    assert!(ground.published(BARE, &[]).contains("main: up to date"));
    assert_eq!(ground.refs(), before);
    assert_eq!(ground.git("deploy.git", &["rev-list", "--count", "--no-merges", "main"]), "2");
}

#[test]
fn a_change_is_told_by_the_objects_that_change() {
    let ground = Ground::new();
    ground.published(BARE, &[]);
    ground.change("shop/environments/production.yaml", "max: 10", "max: 20");
    ground.commit("shop", "more");
    let before = ground.refs();
    let told = ground.published(BARE, &["--dry-run"]);
    assert!(told.contains("production: 1 changed\nchanged: autoscaling/v2/HorizontalPodAutoscaler"), "{told}");
    assert!(told.contains("main: 2 files would change"), "{told}");
    assert_eq!(ground.refs(), before);
    ground.published(BARE, &["--message", "Scale up", "--author", "Bob <bob@example.com>"]);
    let log = ground.log("main");
    assert!(log.starts_with("Bob|Ada|Scale up\n\nproduction: 1 changed\nchanged: autoscaling"), "{log}");
    assert_eq!(ground.git("deploy.git", &["diff", "--name-only", "main~1", "main"]).lines().count(), 2);
    ground.fsck();
}

#[test]
fn every_transport_leads_to_the_same_tree() {
    let ground = Ground::new();
    let server = Server::start(ground.folder.path());
    let file = format!("file://{}#main", ground.path("deploy.git").display());
    let http = format!("http://user:secret@127.0.0.1:{}/deploy.git#main", server.port);
    ground.git(".", &["clone", "--quiet", "--depth=1", &file[..file.len() - 5], "shallow"]);
    ground.git(".", &["clone", "--quiet", "--filter=blob:none", &file[..file.len() - 5], "partial"]);
    let head = ground.git("work", &["rev-parse", "HEAD"]);
    let mut max = 10;
    for to in [&file, &http, "../work", "../shallow", "../partial", "../deploy.git", "../work#main"] {
        let next = max + 1;
        ground.change("shop/environments/production.yaml", &format!("max: {max}"), &format!("max: {next}"));
        ground.commit("shop", "more");
        max = next;
        ground.published(to, &[]);
        let scaler = ground.git("deploy.git", &["grep", "maxReplicas", "main"]);
        assert!(scaler.contains(&format!("maxReplicas: {max}")), "{to}: {scaler}");
        assert!(ground.published(to, &[]).contains("up to date"), "{to}");
    }
    ground.fsck();
    // The clone is as it was: no file, no branch moved.
    assert_eq!(ground.git("work", &["rev-parse", "HEAD"]), head);
    assert_eq!(ground.git("work", &["status", "--porcelain"]), "");
    assert_eq!(ground.git("deploy.git", &["rev-list", "--count", "main"]), "8");
}

#[test]
fn hand_edits_and_files_of_others_stop_it() {
    let ground = Ground::new();
    ground.write("work/rendered/production/kustomization.yaml", "foreign\n");
    ground.push("in the way");
    ground.refused(BARE, &[], "WL0903");
    fs::remove_file(ground.path("work/rendered/production/kustomization.yaml")).expect("removed");
    ground.push("out of the way");
    ground.published(BARE, &[]);
    ground.pull();
    ground.change("work/rendered/production/api/deployment-api.yaml", "progressDeadlineSeconds", "progressDeadline");
    ground.push("by hand");
    let text = ground.refused(BARE, &[], "WL0902");
    assert!(text.contains("`main:rendered/production/api/deployment-api.yaml`") && text.contains("revert"), "{text}");
    let file = format!("file://{}#main", ground.path("deploy.git").display());
    ground.refused(&file, &[], "WL0902");
}

#[test]
fn a_result_that_is_suddenly_empty_is_not_published() {
    let ground = Ground::new();
    ground.published(BARE, &[]);
    ground.write("shop/system.yaml", "apiVersion: windlass/v1\nkind: System\nname: shop\ncomponents: {}\n");
    ground.write(
        "shop/environments/production.yaml",
        "apiVersion: windlass/v1\nkind: Environment\ntarget: {kubernetes: \"1.35\"}\nnamespace: {create: false}\n",
    );
    ground.commit("shop", "nothing left");
    ground.refused(BARE, &[], "WL0905");
    ground.published(BARE, &["--allow-prune"]);
    assert!(ground.log("main").contains("removed: apps/v1/Deployment"));
    ground.fsck();
}

#[test]
fn links_submodules_and_case_are_in_the_way() {
    let ground = Ground::new();
    std::os::unix::fs::symlink("tenant", ground.path("work/rendered")).expect("a link");
    ground.git("work", &["submodule", "--quiet", "add", &ground.path("shop").display().to_string(), "module"]);
    ground.write("work/Deploy/x", "x");
    ground.write("work/plain", "x");
    ground.push("obstacles");
    assert!(ground.refused(BARE, &[], "WL0904").contains("symbolic link"));
    assert!(ground.refused(BARE, &["--path", "module/x"], "WL0904").contains("submodule"));
    assert!(ground.refused(BARE, &["--path", "plain/x"], "WL0904").contains("a file where a folder belongs"));
    assert!(ground.refused(BARE, &["--path", "deploy"], "WL0867").contains("`Deploy`"));
}

#[test]
fn places_that_are_none_are_refused() {
    let ground = Ground::new();
    ground.git(".", &["init", "--quiet", "alone"]);
    ground.refused("../alone", &[], "WL0864");
    ground.refused("../nowhere", &[], "WL0864");
    assert!(ground.refused("oci://registry.example.com/deploy", &[], "WL0864").contains("is in a registry"));
    ground.refused("../deploy.git#bad..name", &[], "WL0864");
    ground.refused(BARE, &["--path", "../x"], "WL0002");
    ground.refused(BARE, &["--path", "/x"], "WL0002");
    ground.refused(BARE, &["--path", ".git/x"], "WL0864");
    ground.refused("..", &[], "WL0860");
    assert!(ground.refused("../deploy.git#mian", &[], "WL0861").contains("`main`"));
    ground.refused("http://127.0.0.1:1/x.git#main", &[], "WL0863");
    ground.refused("file:///nowhere/x.git#main", &[], "WL0863");
    ground.refused(BARE, &["--author", "Bob"], "WL0869");
}

#[test]
fn heads_that_are_no_branch_are_refused_until_one_is_named() {
    let ground = Ground::new();
    ground.git("work", &["checkout", "--quiet", "--detach"]);
    ground.refused("../work", &[], "WL0864");
    ground.published("../work#main", &[]);
    ground.git(".", &["init", "--quiet", "--bare", "empty.git"]);
    ground.refused("../empty.git", &[], "WL0862");
    ground.refused("../empty.git#main", &[], "WL0861");
    ground.git(".", &["clone", "--quiet", "empty.git", "unborn"]);
    ground.refused("../unborn", &[], "WL0862");
    ground.published("../empty.git#main", &["--create"]);
    ground.published("../deploy.git#environment/production", &["--create", "--path", "."]);
    assert_eq!(ground.git("deploy.git", &["rev-list", "--count", "environment/production"]), "1");
    assert!(ground.file("environment/production", "windlass.lock.json").contains("deployment-api"));
}

#[test]
fn a_server_that_refuses_is_not_asked_again() {
    use std::os::unix::fs::PermissionsExt as _;
    let ground = Ground::new();
    let hook = ground.path("deploy.git/hooks/pre-receive");
    ground.write("deploy.git/hooks/pre-receive", "#!/bin/sh\necho 'main is protected' >&2\nexit 1\n");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).expect("set");
    let text = ground.refused(BARE, &[], "WL0865");
    assert!(text.contains("pre-receive hook declined") && text.contains("main is protected"), "{text}");
    fs::remove_file(hook).expect("removed");
    ground.write("deploy.git/refs/heads/main.lock", "");
    ground.refused(BARE, &["--attempts", "2"], "WL0866");
    fs::remove_file(ground.path("deploy.git/refs/heads/main.lock")).expect("removed");
    ground.published(BARE, &[]);
    let server = Server::start(ground.folder.path());
    ground.git("deploy.git", &["config", "http.receivepack", "false"]);
    ground.change("shop/environments/production.yaml", "max: 10", "max: 20");
    ground.commit("shop", "more");
    let text = ground.refused(&format!("http://127.0.0.1:{}/deploy.git#main", server.port), &[], "WL0863");
    assert!(text.contains("403"), "{text}");
}

#[test]
fn a_full_disk_changes_nothing() {
    let ground = Ground::new();
    let before = ground.refs();
    let script = format!(
        "trap '' XFSZ; ulimit -f 1; exec {} publish --env production --to {BARE}",
        env!("CARGO_BIN_EXE_windlass")
    );
    let output = ground.command("sh", "shop").args(["-c", &script]).output().expect("runs");
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert_eq!(ground.refs(), before);
    ground.fsck();
}

#[test]
fn a_system_that_differs_from_its_commit_is_refused() {
    let ground = Ground::new();
    ground.change("shop/environments/production.yaml", "max: 10", "max: 20");
    assert!(ground.refused(BARE, &[], "WL0868").contains("environments/production.yaml"));
    ground.git("shop", &["add", "--all"]);
    ground.refused(BARE, &[], "WL0868");
    ground.published(BARE, &["--allow-dirty"]);
    assert!(!ground.log("main").contains("Windlass-Source"));
    ground.change("shop/system.yaml", "uses: [api]", "uses: [apl]");
    ground.refused(BARE, &["--allow-dirty"], "WL0220");
}

#[test]
fn a_pull_request_has_a_branch_of_its_own() {
    let ground = Ground::new();
    let main = ground.git("deploy.git", &["rev-parse", "main"]);
    ground.published(BARE, &["--pr-branch", "windlass/production"]);
    assert_eq!(ground.git("deploy.git", &["rev-parse", "main", "windlass/production~1"]), format!("{main}\n{main}"));
    assert!(ground.published(BARE, &["--pr-branch", "windlass/production"]).contains("up to date"));
}

#[test]
fn the_contract_of_the_promoter_is_kept() {
    let ground = Ground::new();
    let to = "../deploy.git#environment/production";
    ground.refused(to, &["--promoter"], "WL0861");
    ground.published(to, &["--promoter", "--create"]);
    let next = "environment/production-next";
    let head = ground.git("shop", &["rev-parse", "HEAD"]);
    let metadata: serde_json::Value = serde_json::from_str(&ground.file(next, "hydrator.metadata")).expect("JSON");
    assert_eq!(metadata["drySha"], head.as_str());
    assert_eq!(metadata["author"], "Ada <ada@example.com>");
    assert_eq!(metadata.get("references"), None);
    let note = || ground.git("deploy.git", &["notes", "--ref=refs/notes/hydrator.metadata", "show", next]);
    assert_eq!(note(), format!("{{\"drySha\":\"{head}\"}}"));
    // A source that renders the same makes no commit: the note says that it was looked at.
    ground.write("shop/README.md", "more words");
    ground.commit("shop", "words");
    let tip = ground.git("deploy.git", &["rev-parse", next]);
    ground.published(to, &["--promoter"]);
    assert_eq!(ground.git("deploy.git", &["rev-parse", next]), tip);
    assert_eq!(note(), format!("{{\"drySha\":\"{}\"}}", ground.git("shop", &["rev-parse", "HEAD"])));
    // A commit that names the commit of the code behind it.
    ground.change("shop/environments/production.yaml", "max: 10", "max: 12");
    ground.commit("shop", "more\n\nArgocd-reference-commit-sha: abc123");
    ground.published(to, &["--promoter"]);
    let metadata: serde_json::Value = serde_json::from_str(&ground.file(next, "hydrator.metadata")).expect("JSON");
    assert_eq!(metadata["references"], serde_json::json!([{"commit": {"sha": "abc123"}}]));
    ground.fsck();
}

#[test]
fn commits_are_signed_by_the_keys_of_git() {
    let ground = Ground::new();
    let key = ground.path("key").display().to_string();
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f", &key]).status();
    if !made.is_ok_and(|status| status.success()) {
        return;
    }
    let missing = ground.publish(BARE, &["--sign"]);
    assert_eq!(missing.status.code(), Some(3), "{}", said(&missing));
    let config = fs::read_to_string(ground.path("config")).expect("there");
    ground.write(
        "config",
        &format!("{config}signingkey = x\n[gpg]\nformat = ssh\n[user]\nsigningkey = {key}\n")
            .replace("signingkey = x\n", ""),
    );
    ground.published(BARE, &["--sign"]);
    assert!(ground.git("deploy.git", &["cat-file", "commit", "main"]).contains("-----BEGIN SSH SIGNATURE-----"));
}

#[test]
fn without_a_name_nobody_commits() {
    let ground = Ground::new();
    ground.write("config", "[user]\nuseConfigOnly = true\n");
    ground.refused(BARE, &[], "WL0869");
    ground.published(BARE, &["--author", "Bob <bob@example.com>"]);
    assert!(ground.log("main").starts_with("Bob|Bob|"));
}

#[test]
fn everybody_who_publishes_at_once_succeeds() {
    let ground = Ground::new();
    let (publishers, commits) = (count(4, 8), count(3, 20));
    let server = Server::start(ground.folder.path());
    for number in 0..publishers {
        ground.git(".", &["clone", "--quiet", "shop", &format!("shop-{number}")]);
    }
    let work = |number: usize| {
        for round in 0..commits {
            let folder = format!("shop-{number}");
            let (from, to) = (format!("max: {}", 10 + round), format!("max: {}", 11 + round));
            ground.change(&format!("{folder}/environments/production.yaml"), &from, &to);
            let path = format!("team-{number}");
            let to = match number % 2 {
                0 => format!("http://127.0.0.1:{}/deploy.git#main", server.port),
                _ => BARE.to_owned(),
            };
            let base = ["publish", "--env", "production", "--allow-dirty", "--attempts", "200"];
            let output = ground.run(&folder, &[&base[..], &["--path", &path, "--to", &to]].concat());
            assert_eq!(output.status.code(), Some(0), "{number}, {round}: {}", said(&output));
        }
    };
    thread::scope(|scope| {
        let work = &work;
        let all: Vec<_> = (0..publishers).map(|number| scope.spawn(move || work(number))).collect();
        all.into_iter().for_each(|one| one.join().expect("it publishes"));
    });
    ground.fsck();
    let total = ground.git("deploy.git", &["rev-list", "--count", "--no-merges", "main"]);
    assert_eq!(total, (publishers * commits + 1).to_string());
    for number in 0..publishers {
        let own = ground.git("deploy.git", &["rev-list", "--count", "main", "--", &format!("team-{number}")]);
        assert_eq!(own, commits.to_string());
        let scaler = ground.git("deploy.git", &["grep", "-h", "maxReplicas", "main", "--", &format!("team-{number}")]);
        assert!(scaler.contains(&format!("maxReplicas: {}", 10 + commits)), "{scaler}");
    }
}

/// Starts a command and kills it after a part of the time that it takes.
fn kill_after(mut command: Command, pause: Duration) {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    thread::sleep(pause);
    let _ = child.kill();
    let _ = child.wait();
}

/// Points of time, spread over what a run takes and in no order.
fn moments(points: usize, whole: Duration) -> impl Iterator<Item = Duration> {
    let points = u32::try_from(points).expect("few");
    (0..points).map(move |point| whole * ((point * 7919) % points) / points)
}

#[test]
fn a_killed_publisher_leaves_the_old_commit_or_the_new_one() {
    let ground = Ground::new();
    ground.published(BARE, &[]);
    let publish = ["publish", "--env", "production", "--allow-dirty", "--to", BARE];
    let start = Instant::now();
    ground.change("shop/environments/production.yaml", "max: 10", "max: 1000");
    assert!(ground.run("shop", &publish).status.success());
    let whole = start.elapsed();
    for (round, pause) in moments(count(15, 200), whole).enumerate() {
        let (from, to) = (format!("max: {}", 1000 + round), format!("max: {}", 1001 + round));
        let old = ground.git("deploy.git", &["rev-parse", "main"]);
        ground.change("shop/environments/production.yaml", &from, &to);
        let mut command = ground.command(env!("CARGO_BIN_EXE_windlass"), "shop");
        command.args(publish);
        kill_after(command, pause);
        let now = ground.git("deploy.git", &["rev-parse", "main"]);
        assert!(now == old || ground.git("deploy.git", &["rev-parse", "main~1"]) == old);
        let output = ground.run("shop", &publish);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        let scaler = ground.git("deploy.git", &["grep", "-h", "maxReplicas", "main"]);
        assert!(scaler.contains(&format!("maxReplicas: {}", 1001 + round)), "{scaler}");
        if round % 10 == 0 {
            ground.fsck();
        }
    }
    ground.fsck();
}

#[test]
fn a_killed_build_is_finished_by_the_next() {
    let ground = Ground::new();
    let start = Instant::now();
    assert!(ground.run("shop", &["build"]).status.success());
    let whole = start.elapsed();
    for (round, pause) in moments(count(15, 200), whole).enumerate() {
        let (from, to) = (format!("max: {}", 10 + round), format!("max: {}", 11 + round));
        ground.change("shop/environments/production.yaml", &from, &to);
        let mut command = ground.command(env!("CARGO_BIN_EXE_windlass"), "shop");
        command.arg("build");
        kill_after(command, pause);
        let output = ground.run("shop", &["build"]);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert_eq!(ground.run("shop", &["build", "--check"]).status.code(), Some(0));
        assert!(!ground.path("shop/rendered/production/.windlass").exists());
    }
}

#[test]
fn versions_are_promoted_as_an_edit() {
    let ground = Ground::new();
    let image = |text: &str| text.lines().find_map(|line| line.trim().strip_prefix("image: ")).expect("one").to_owned();
    let system = fs::read_to_string(ground.path("shop/system.yaml")).expect("there");
    let image = image(&system);
    let (repository, _) = image.trim_matches('"').rsplit_once(':').expect("a tag");
    let files = ["development", "production"].map(|name| format!("shop/environments/{name}.yaml"));
    for file in &files {
        let text = fs::read_to_string(ground.path(file)).expect("there");
        let tag = if file.contains("development") { "v7.0.0" } else { "v6.0.0 # proven" };
        ground.write(file, &format!("{text}\nimages:\n  pins:\n    {repository}:\n      tag: {tag}\n"));
    }
    let promote = ["promote", "--from", "development", "--to", "production"];
    let before = fs::read_to_string(ground.path(&files[1])).expect("there");
    let shown = ground.run("shop", &[&promote[..], &["--dry-run"]].concat());
    assert!(said(&shown).contains("+      tag: v7.0.0 # proven"), "{}", said(&shown));
    assert_eq!(fs::read_to_string(ground.path(&files[1])).expect("there"), before);
    let done = ground.run("shop", &promote);
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    assert!(said(&done).contains("{tag: v6.0.0} → {tag: v7.0.0}"), "{}", said(&done));
    let after = fs::read_to_string(ground.path(&files[1])).expect("there");
    assert_eq!(after, before.replace("v6.0.0", "v7.0.0"));
    assert!(said(&ground.run("shop", &promote)).contains("up to date"));
    assert_eq!(ground.run("shop", &["check"]).status.code(), Some(0));
    assert_eq!(ground.run("shop", &["promote", "--from", "production", "--to", "production"]).status.code(), Some(2));
}
