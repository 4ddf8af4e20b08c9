//! A few runs of the binary: help, exit codes, writing, and what a user sees when something is wrong.
#![expect(clippy::disallowed_methods, reason = "the tests run the binary in folders of their own")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn windlass(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_windlass"))
        .current_dir(folder)
        .args(arguments)
        .env("NO_COLOR", "1")
        .output()
        .expect("the binary runs")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("the binary exits")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A folder with a new system in it.
fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let output = windlass(folder.path(), &["init", "--name", "shop"]);
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    folder
}

fn change(folder: &Path, file: &str, from: &str, to: &str) {
    let path = folder.join(file);
    let before = fs::read_to_string(&path).expect("the file is there");
    assert!(before.contains(from), "{file} has no `{from}`");
    fs::write(&path, before.replace(from, to)).expect("the file can be written");
}

#[test]
fn the_help_is_as_written_down() {
    let mut help = String::new();
    for arguments in [
        &["--help"][..],
        &["init", "--help"],
        &["check", "--help"],
        &["build", "--help"],
        &["diff", "--help"],
        &["publish", "--help"],
        &["promote", "--help"],
        &["capacity", "--help"],
        &["simulate", "--help"],
        &["ci", "--help"],
        &["argocd", "--help"],
        &["argocd", "generate", "--help"],
        &["argocd", "plugin", "--help"],
        &["argocd", "doctor", "--help"],
        &["schema", "--help"],
        &["explain", "--help"],
        &["completions", "--help"],
        &["man", "--help"],
    ] {
        let output = windlass(Path::new("."), arguments);
        assert_eq!(code(&output), 0);
        writeln!(help, "$ windlass {}\n{}", arguments.join(" "), text(&output.stdout)).expect("text");
    }
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/help.txt");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&golden, &help).expect("the golden file can be written");
    }
    assert!(
        fs::read_to_string(golden).unwrap_or_default() == help,
        "run `BLESS=1 cargo test --test cli`, then read the diff"
    );
}

#[test]
fn the_number_of_threads_says_nothing() {
    let folder = project();
    let mut components = String::from("components:\n");
    for number in 0..100 {
        // Every fifth has a warning of its own.
        let health = if number % 5 == 0 { "" } else { "    health: {ready: /ready}\n" };
        let peer =
            if number == 0 { String::new() } else { format!("    env: {{PEER: {{from: s{}.url}}}}\n", number - 1) };
        write!(
            components,
            "  s{number}:\n    kind: backend\n    image: registry.example.com/s{number}:1.0.0\n    ports: {{http: 8000}}\n\
             {health}{peer}    resources: {{requests: {{cpu: 100m, memory: 128Mi}}}}\n"
        )
        .expect("text");
    }
    let system = format!("apiVersion: windlass/v1\nkind: System\nname: many\n{components}");
    fs::write(folder.path().join("system.yaml"), system).expect("the file can be written");
    let with = |threads: &str| {
        let mut said = Vec::new();
        for arguments in [&["build", "--env", "development", "--stdout"][..], &["check"]] {
            let output = Command::new(env!("CARGO_BIN_EXE_windlass"))
                .current_dir(folder.path())
                .args(arguments)
                .env("RAYON_NUM_THREADS", threads)
                .output()
                .expect("the binary runs");
            said.push((code(&output), text(&output.stdout), text(&output.stderr)));
        }
        said
    };
    let alone = with("1");
    assert!(alone[0].1.contains("name: s99"), "{}", alone[0].2);
    assert!(alone[1].2.contains("warning") || alone[1].1.contains("warning"), "{}", alone[1].1);
    for threads in ["2", "8"] {
        assert!(with(threads) == alone, "{threads} threads give something else");
    }
}

#[test]
fn a_new_system_compiles_and_builds_without_a_finding() {
    let folder = project();
    let checked = windlass(folder.path(), &["check"]);
    assert_eq!((code(&checked), text(&checked.stdout)), (0, String::new()));
    let built = windlass(folder.path(), &["build"]);
    assert_eq!(code(&built), 0, "{}", text(&built.stderr));
    assert!(folder.path().join("rendered/production/api/deployment-api.yaml").is_file());
    assert_eq!(code(&windlass(folder.path(), &["build", "--check"])), 0);
}

#[test]
fn init_overwrites_nothing() {
    let folder = project();
    let again = windlass(folder.path(), &["init", "--name", "other"]);
    assert_eq!(code(&again), 1);
    assert!(fs::read_to_string(folder.path().join("system.yaml")).expect("there").contains("name: shop"));
}

#[test]
fn a_stale_tree_fails_the_check_and_shows_the_line() {
    let folder = project();
    assert_eq!(code(&windlass(folder.path(), &["build"])), 0);
    change(folder.path(), "environments/production.yaml", "max: 10", "max: 20");
    let stale = windlass(folder.path(), &["build", "--check"]);
    assert_eq!(code(&stale), 1);
    let shown = text(&stale.stdout);
    assert!(shown.contains("-  maxReplicas: 10") && shown.contains("+  maxReplicas: 20"), "{shown}");
    let built = windlass(folder.path(), &["build"]);
    assert!(text(&built.stderr).contains("rendered/production: 1 written"), "{}", text(&built.stderr));
}

#[test]
fn a_finding_writes_nothing() {
    let folder = project();
    assert_eq!(code(&windlass(folder.path(), &["build"])), 0);
    let before = windlass(folder.path(), &["build", "--env", "production", "--stdout"]).stdout;
    change(folder.path(), "system.yaml", "uses: [api]", "uses: [apl]");
    let refused = windlass(folder.path(), &["build"]);
    assert_eq!(code(&refused), 1);
    assert!(text(&refused.stderr).contains("a similar component is `api`"), "{}", text(&refused.stderr));
    change(folder.path(), "system.yaml", "uses: [apl]", "uses: [api]");
    assert_eq!(windlass(folder.path(), &["build", "--env", "production", "--stdout"]).stdout, before);
    assert_eq!(code(&windlass(folder.path(), &["build", "--check"])), 0);
}

#[test]
fn a_file_edited_by_hand_is_kept_and_reported() {
    let folder = project();
    assert_eq!(code(&windlass(folder.path(), &["build"])), 0);
    let edited = "rendered/production/api/deployment-api.yaml";
    change(folder.path(), edited, "progressDeadlineSeconds", "progressDeadlineSecond");
    let refused = windlass(folder.path(), &["build"]);
    assert_eq!(code(&refused), 1);
    assert!(text(&refused.stderr).contains("was edited by hand"), "{}", text(&refused.stderr));
    assert_eq!(code(&windlass(folder.path(), &["build", "--force"])), 0);
    assert_eq!(code(&windlass(folder.path(), &["build", "--check"])), 0);
}

#[test]
fn a_file_that_some_file_system_cannot_hold_is_said() {
    let folder = project();
    let component = "components:\n  aux: {kind: backend, image: \"registry.example.com/aux:1.0.0\"}\n";
    change(folder.path(), "system.yaml", "components:\n", component);
    let output = windlass(folder.path(), &["build"]);
    assert_eq!(code(&output), 1);
    let said = text(&output.stderr);
    assert!(said.contains("error[WL0901]") && said.contains("rename the component"), "{said}");
    assert!(!said.contains("WL0999"), "{said}");
}

#[test]
fn output_that_cannot_be_written_is_said() {
    let folder = project();
    fs::write(folder.path().join("taken"), "a file").expect("written");
    let refused = windlass(folder.path(), &["build", "--env", "production", "--out", "taken"]);
    assert_eq!(code(&refused), 1, "{}", text(&refused.stderr));
    assert_eq!(fs::read_to_string(folder.path().join("taken")).expect("there"), "a file");
    let below = windlass(folder.path(), &["build", "--env", "production", "--out", "/proc/windlass/out"]);
    assert_eq!(code(&below), 3, "{}", text(&below.stderr));
}

#[test]
fn wrong_usage_is_told_apart_from_findings() {
    let folder = project();
    assert_eq!(code(&windlass(folder.path(), &["bild"])), 2);
    assert_eq!(code(&windlass(folder.path(), &["build", "--env", "prodution"])), 2);
    let several = windlass(folder.path(), &["build", "--stdout"]);
    assert_eq!(code(&several), 2);
    assert!(several.stdout.is_empty());
    let nowhere = tempfile::tempdir().expect("a folder");
    let missing = windlass(nowhere.path(), &["check"]);
    assert_eq!(code(&missing), 1);
    assert!(text(&missing.stdout).contains("system.yaml"), "{}", text(&missing.stdout));
}

#[test]
fn a_format_of_reviews_is_refused_elsewhere() {
    let folder = project();
    for format in ["markdown", "html"] {
        let output = windlass(folder.path(), &["check", "--format", format]);
        assert_eq!(code(&output), 2);
        let said = text(&output.stderr);
        assert!(said.contains(&format!("`--format {format}` is for the reviews of `windlass diff`")), "{said}");
        assert!(output.stdout.is_empty());
    }
    for arguments in [&["capacity"][..], &["simulate", "production", "api", "--at", "cpu=80"]] {
        let output = windlass(folder.path(), &[arguments, &["--format", "sarif"]].concat());
        assert_eq!(code(&output), 2);
        assert!(text(&output.stderr).contains("write `text` or `json`"), "{}", text(&output.stderr));
    }
}

#[test]
fn place_and_locale_and_time_zone_do_not_matter() {
    let (one, two) = (project(), project());
    let plain = windlass(one.path(), &["build", "--env", "production", "--stdout"]);
    let moved = Command::new(env!("CARGO_BIN_EXE_windlass"))
        .args(["-C", &two.path().display().to_string(), "build", "--env", "production", "--stdout"])
        .current_dir("/")
        .env("LC_ALL", "tr_TR.UTF-8")
        .env("TZ", "Pacific/Kiritimati")
        .output()
        .expect("the binary runs");
    assert_eq!(plain.stdout, moved.stdout);
    assert!(!plain.stdout.is_empty());
}

#[test]
fn a_system_may_lie_outside_the_folder_of_the_command() {
    let (project, elsewhere) = (project(), tempfile::tempdir().expect("a folder"));
    fs::create_dir(elsewhere.path().join(".git")).expect("a repository of its own");
    let system = project.path().join("system.yaml");
    let arguments = ["build", system.to_str().expect("a path"), "--env", "production", "--stdout"];
    let output = windlass(elsewhere.path(), &arguments);
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    assert_eq!(output.stdout, windlass(project.path(), &["build", "--env", "production", "--stdout"]).stdout);
}

#[test]
fn a_finding_is_explained_by_its_code_or_name() {
    let output = windlass(Path::new("."), &["explain", "WL0430"]);
    assert_eq!(code(&output), 0);
    assert!(text(&output.stdout).starts_with("# WL0430: "));
    assert_eq!(output.stdout, windlass(Path::new("."), &["explain", "single-replica"]).stdout);
    let json = windlass(Path::new("."), &["explain", "WL0430", "--format", "json"]);
    let described: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!((&described["version"], &described["name"]), (&1.into(), &"single-replica".into()));
    assert_eq!(described["page"], text(&output.stdout));
    let unknown = windlass(Path::new("."), &["explain", "single-replika"]);
    assert_eq!(code(&unknown), 2);
    assert!(text(&unknown.stderr).contains("single-replica"));
}

#[test]
fn a_catalogue_alone_says_where_the_schemas_are() {
    let at = ["--at", "https://schemas.example.com"];
    let catalogue = windlass(Path::new("."), &[&["schema", "catalogue"], &at[..]].concat());
    assert!(text(&catalogue.stdout).contains("https://schemas.example.com/system.schema.json"));
    let system = windlass(Path::new("."), &[&["schema", "system"], &at[..]].concat());
    assert_eq!((code(&system), text(&system.stdout).as_str()), (2, ""));
    assert!(text(&system.stderr).contains("`windlass schema catalogue --at URL`"), "{}", text(&system.stderr));
    assert_eq!(code(&windlass(Path::new("."), &["schema", "catalogue"])), 2);
}

#[test]
fn a_value_is_explained_by_where_it_is_written() {
    let folder = project();
    let asked = ["explain", "production", "deployment/web.spec.template.spec.containers[web].image"];
    let output = windlass(folder.path(), &asked);
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    let shown = text(&output.stdout);
    assert!(shown.contains("components.web.image") && shown.contains("(system)"), "{shown}");
    let json = windlass(folder.path(), &[&asked[..], &["--format", "json"]].concat());
    let report: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!(report["version"], 1);
    let value = &report["values"][0];
    assert_eq!((&value["origin"], &value["causes"][0]["path"]), (&"written".into(), &"components.web.image".into()));
    let place = &value["causes"][0]["place"];
    assert_eq!((&place["file"], &place["layer"]), (&"system.yaml".into(), &"system".into()));
    assert!(place["line"].is_u64() && place["column"].is_u64() && place["text"].is_string(), "{place}");

    let asked = ["explain", "production", "deployment/web.spec.template.spec.enableServiceLinks", "--format", "json"];
    let report: serde_json::Value = serde_json::from_slice(&windlass(folder.path(), &asked).stdout).expect("JSON");
    assert_eq!(report["values"][0]["origin"], "default");
    let page = report["values"][0]["page"].as_str().expect("a page");
    assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(page).is_file(), "{page}");

    let unknown = windlass(folder.path(), &["explain", "production", "deployment/web.spec.replcas"]);
    assert_eq!(code(&unknown), 2);
    assert!(text(&unknown.stderr).contains("`replicas`"), "{}", text(&unknown.stderr));
}

#[test]
fn a_closed_pipe_is_success() {
    let folder = project();
    let mut child = Command::new(env!("CARGO_BIN_EXE_windlass"))
        .args(["schema", "system"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    drop(child.stdout.take());
    assert!(child.wait().expect("the binary exits").success());
}

#[test]
fn findings_for_machines_go_to_standard_output() {
    let folder = project();
    change(folder.path(), "system.yaml", "kind: frontend", "kind: fronted");
    let output = windlass(folder.path(), &["check", "--format", "json"]);
    assert_eq!(code(&output), 1);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["findings"][0]["code"], "WL0113");
}

#[test]
fn certain_mistakes_are_mended_in_place() {
    let folder = project();
    change(folder.path(), "system.yaml", "uses: [api]", "uses: api    # the edge");
    change(folder.path(), "system.yaml", "{http: 8000}", "{http: \"8000\"}");
    assert_eq!(code(&windlass(folder.path(), &["check"])), 1);
    let fixed = windlass(folder.path(), &["check", "--fix"]);
    assert_eq!(code(&fixed), 0, "{}", text(&fixed.stdout));
    let system = fs::read_to_string(folder.path().join("system.yaml")).expect("there");
    assert!(system.contains("uses: [api]    # the edge") && system.contains("{http: 8000}"), "{system}");
}

#[test]
fn capacity_shows_every_node_and_says_whether_all_fits() {
    let folder = project();
    let none = windlass(folder.path(), &["capacity", "--env", "production"]);
    assert_eq!(code(&none), 0, "{}", text(&none.stderr));
    assert!(text(&none.stdout).contains("describes no nodes"), "{}", text(&none.stdout));
    let pool = "target:\n  nodePools: {general: {nodes: {max: 2}, allocatable: {cpu: 3900m, memory: 14Gi}}}";
    change(folder.path(), "environments/production.yaml", "target:", pool);
    let fits = windlass(folder.path(), &["capacity", "--env", "production"]);
    let shown = text(&fits.stdout);
    assert_eq!(code(&fits), 0, "{shown}{}", text(&fits.stderr));
    assert!(shown.starts_with("shop in production: the worst case fits\n"), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    change(folder.path(), "environments/production.yaml", "max: 10", "max: 200");
    let full = windlass(folder.path(), &["capacity", "--env", "production", "--format", "json"]);
    assert_eq!(code(&full), 1);
    let report: serde_json::Value = serde_json::from_slice(&full.stdout).expect("JSON");
    assert_eq!(report["environments"][0]["verdict"]["answer"], "does-not-fit");
}

#[test]
fn simulate_shows_what_the_autoscaler_would_do() {
    let folder = project();
    let doubled = windlass(folder.path(), &["simulate", "production", "api", "--at", "cpu=140", "--from", "3"]);
    let shown = text(&doubled.stdout);
    assert_eq!(code(&doubled), 0, "{}", text(&doubled.stderr));
    assert!(shown.contains("after 10m: 6 replicas"), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    let json = windlass(folder.path(), &["simulate", "production", "api", "--at", "cpu=140", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!((&report["steps"][0]["replicas"], &report["steps"][0]["next"]), (&2.into(), &4.into()));
    for wrong in [
        &["simulate", "production", "apl", "--at", "cpu=80"][..],
        &["simulate", "production", "api", "--at", "gpu=80"],
        &["simulate", "production", "api", "--at", "cpu=much"],
        &["simulate", "production", "cache", "--at", "cpu=80"],
        &["simulate", "prodution", "api", "--at", "cpu=80"],
        &["simulate", "production", "api", "--at", "cpu=80", "--for", "10"],
    ] {
        let output = windlass(folder.path(), wrong);
        assert_eq!(code(&output), 2, "{wrong:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty());
    }
}

/// What is wrong beside the answer is said beside it, and decides how the command ends.
#[test]
fn an_answer_about_a_system_with_errors_says_them() {
    let folder = project();
    change(folder.path(), "system.yaml", "cache.url", "cache.nope");
    for arguments in [&["capacity", "--env", "production"][..], &["simulate", "production", "api", "--at", "cpu=80"]] {
        let output = windlass(folder.path(), &[arguments, &["--format", "json"]].concat());
        assert_eq!(code(&output), 1, "{}", text(&output.stdout));
        serde_json::from_slice::<serde_json::Value>(&output.stdout).expect("one document in JSON");
        assert!(text(&output.stderr).contains("1 error"), "{}", text(&output.stderr));
    }
}

/// What the command says of an example, as JSON.
fn of_platform(arguments: &[&str]) -> serde_json::Value {
    let system = ["--system", "examples/ai-platform/system.yaml", "--format", "json"];
    let output = windlass(Path::new(env!("CARGO_MANIFEST_DIR")), &[arguments, &system].concat());
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Nodes of (4 CPU, 8 GiB), (2, 4) and (1, 2); pods of (1 CPU, 2 GiB), (1, 1), (1, 1), (1, 2) and (1, 2).
#[test]
fn the_worked_case_of_capacity_fits() {
    let report = of_platform(&["capacity", "--env", "development"]);
    let environment = &report["environments"][0];
    assert_eq!(
        (&environment["verdict"]["answer"], &environment["withRollouts"]["answer"]),
        (&"fits".into(), &"fits".into())
    );
    let amounts = |value: &serde_json::Value| format!("{} {}", value["cpu"], value["memory"]).replace('"', "");
    let listed = |list: &serde_json::Value, of: &str| {
        let mut found: Vec<String> = list.as_array().expect("a list").iter().map(|item| amounts(&item[of])).collect();
        found.sort();
        found
    };
    assert_eq!(listed(&environment["pools"], "room"), ["1 2Gi", "2 4Gi", "4 8Gi"]);
    assert_eq!(listed(&environment["pods"], "request"), ["1 1Gi", "1 1Gi", "1 2Gi", "1 2Gi", "1 2Gi"]);
    assert!(environment["pods"].as_array().expect("a list").iter().all(|pods| pods["count"] == 1));
}

/// ceil(10 × 80 / 50), and not upside down; within 0.2 of the target nothing changes.
#[test]
fn the_worked_case_of_scaling_is_sixteen() {
    let after = |load: &str| {
        let report = of_platform(&["simulate", "production", "collector", "--at", load, "--from", "10"]);
        report["steps"][0]["next"].as_u64().expect("a number")
    };
    assert_eq!([after("cpu=80"), after("cpu=60"), after("cpu=61"), after("cpu=40")], [16, 10, 13, 10]);
}

#[test]
fn a_folder_and_a_file_are_taken_as_they_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = windlass(folder.path(), &["init", "shop"]);
    assert_eq!(code(&made), 0, "{}", text(&made.stderr));
    assert!(folder.path().join("shop/system.yaml").is_file());
    assert_eq!(code(&windlass(folder.path(), &["build", "-C", "shop"])), 0);
    assert_eq!(code(&windlass(folder.path(), &["build", "--check", "shop/system.yaml"])), 0);
    assert_eq!(code(&windlass(folder.path(), &["check", "--system", "shop/system.yaml"])), 0);
    assert_eq!(code(&windlass(folder.path(), &["check", "shop/none.yaml"])), 1);
}
