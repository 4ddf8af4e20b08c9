//! 2,000 changed files into a branch of 100,000, in a bare repository on disk.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "it makes a repository with Git, and tells its own memory"
)]

use divan::Bencher;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use windlass::git::publish::{Destination, Output, Request, publish};
use windlass::tree::{Lock, Tree, TreeFile};

const FILES: usize = 100_000;
const CHANGED: usize = 2_000;

fn main() {
    divan::main();
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM"));
    println!("{}", peak.unwrap_or("the peak of memory is not known here"));
}

fn content(file: usize, round: usize) -> String {
    let mut text =
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c{file}\ndata:\n  round: \"{round}\"\n");
    (0..20).for_each(|line| writeln!(text, "  key-{line}: value {file} of {line}").expect("text"));
    text
}

fn tree(round: usize) -> Tree {
    let mut tree = Tree::new();
    for file in 0..CHANGED {
        let object = Some(format!("v1/ConfigMap shop/c{file}"));
        let path = format!("part-{}/configmap-c{file}.yaml", file / 100);
        tree.insert(path, TreeFile { bytes: content(file, round).into_bytes(), object }).expect("it fits");
    }
    tree
}

/// A bare repository whose branch holds the output of one environment among those of many others.
fn repository(folder: &Path) {
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.current_dir(folder).args(arguments).stdin(Stdio::piped());
        command
    };
    assert!(git(&["init", "--quiet", "--bare", "."]).status().expect("git runs").success());
    let mut import = git(&["fast-import", "--quiet"]).spawn().expect("git runs");
    let mut pipe = import.stdin.take().expect("a pipe");
    let mut text = "commit refs/heads/main\ncommitter A <a@b.c> 0 +0000\ndata 5\nstart\n".to_owned();
    let mut add = |path: &str, content: &str| {
        write!(text, "M 100644 inline {path}\ndata {}\n{content}\n", content.len()).expect("text");
    };
    for file in CHANGED..FILES {
        add(&format!("tenants/t{}/part-{}/c{file}.yaml", file / 5_000, file / 100), &content(file, 0));
    }
    let tree = tree(0);
    for (path, file) in tree.iter() {
        add(&format!("shop/production/{path}"), &String::from_utf8_lossy(&file.bytes));
    }
    add("shop/production/windlass.lock.json", &String::from_utf8_lossy(&Lock::of(&tree).to_bytes()));
    pipe.write_all(text.as_bytes()).expect("written");
    drop(pipe);
    assert!(import.wait().expect("it ends").success());
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn two_thousand_of_a_hundred_thousand(bencher: Bencher<'_, '_>) {
    let folder = tempfile::tempdir().expect("a folder");
    repository(folder.path());
    let mut round = 0;
    bencher
        .with_inputs(|| {
            round += 1;
            tree(round)
        })
        .bench_local_values(|tree| {
            let request = Request {
                destination: Destination::parse(&format!("{}#main", folder.path().display())).expect("a place"),
                from: folder.path(),
                system: "shop",
                outputs: vec![Output { environment: "production", path: "shop/production".into(), tree: &tree }],
                source: None,
                subject: None,
                author: Some("Ada <ada@example.com>"),
                sign: false,
                pr_branch: None,
                promoter: false,
                create: false,
                allow_prune: false,
                dry_run: false,
                attempts: 1,
            };
            let published = publish(&request, &|_, _, _| Ok(Vec::new()), &|_| ()).expect("published");
            assert_eq!(published.files.len(), CHANGED + 1);
        });
}
