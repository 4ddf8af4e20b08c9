//! What linters ask for by default, and what the output is: `docs/linters.md`, held to every golden manifest.
//!
//! Each row of the page that says *kept* has one law in `kept.rs`, which every object of the examples and of the
//! build cases keeps. Where a system itself weakens something, or brings an object of its own, the object stands
//! in `exceptions.txt` with the reason. `checks.txt` lists the checks that the page has to name.
#![expect(clippy::print_stdout, reason = "the counts are what it is run for")]
#![expect(clippy::disallowed_methods, reason = "the tests read the folders")]

mod kept;
mod tree;

use kept::KEPT;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use tree::{Tree, trees};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    let path: PathBuf = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The rows of the page: the key, and what Windlass does.
fn rows(page: &str) -> Vec<(String, String)> {
    let cells = |line: &str| line.trim().trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect();
    page.lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let cells: Vec<String> = cells(line);
            assert!(cells.len() == 4, "a row has a key, what is asked, the checks, and what is done: {line}");
            (cells[0].trim_matches('`').to_owned(), cells[3].clone())
        })
        .collect()
}

#[test]
fn every_row_that_is_kept_has_a_law() {
    let page = text("docs/linters.md");
    let rows = rows(&page);
    let keys: BTreeSet<&str> = rows.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys.len(), rows.len(), "a key stands twice");
    let kept: BTreeSet<&str> =
        rows.iter().filter(|(_, here)| here.starts_with("**kept**")).map(|(key, _)| key.as_str()).collect();
    let laws: BTreeSet<&str> = KEPT.iter().map(|(key, _)| *key).collect();
    let (no_law, no_row): (Vec<_>, Vec<_>) = (kept.difference(&laws).collect(), laws.difference(&kept).collect());
    assert!(no_law.is_empty() && no_row.is_empty(), "without a law: {no_law:?}; without a row: {no_row:?}");
    let words = ["**kept**", "**law**", "**not kept**"];
    let other: Vec<_> = rows.iter().filter(|(_, here)| !words.iter().any(|word| here.starts_with(word))).collect();
    assert!(other.is_empty(), "neither kept, a law nor left: {other:?}");
}

#[test]
fn a_row_that_is_a_law_names_its_finding() {
    let known: BTreeSet<&str> = windlass::diagnostic::code::ALL.iter().map(|code| code.id).collect();
    for (key, here) in rows(&text("docs/linters.md")) {
        let named: Vec<&str> = here.split('`').filter(|word| word.starts_with("WL")).collect();
        assert!(!here.starts_with("**law**") || !named.is_empty(), "{key} names no finding");
        assert!(named.iter().all(|code| known.contains(code)), "{key}: no such finding in {named:?}");
    }
}

#[test]
fn every_default_check_is_named() {
    let page = text("docs/linters.md");
    let words: BTreeSet<&str> = page.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))).collect();
    let checks = text("tests/linters/checks.txt");
    let missing: Vec<&str> = checks
        .lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(|line| line.split_whitespace().skip(1))
        .filter(|check| !words.contains(check))
        .collect();
    assert!(missing.is_empty(), "the page does not say what becomes of {missing:?}");
}

/// The exceptions: law, tree, object.
fn exceptions() -> BTreeMap<(String, String, String), bool> {
    let lines = text("tests/linters/exceptions.txt");
    let mut all = BTreeMap::new();
    for line in lines.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (place, reason) = line.split_once(": ").unwrap_or_else(|| panic!("an exception needs a reason: {line}"));
        let words: Vec<&str> = place.split_whitespace().collect();
        let [law, tree, object] = words[..] else { panic!("law, tree, object: {line}") };
        assert!(!reason.trim().is_empty(), "an exception needs a reason: {line}");
        all.insert((law.to_owned(), tree.to_owned(), object.to_owned()), false);
    }
    all
}

#[test]
fn every_golden_manifest_keeps_them() {
    let mut exceptions = exceptions();
    let mut broken = Vec::new();
    let mut asked: BTreeMap<&str, usize> = BTreeMap::new();
    for tree in trees(root()) {
        for object in &tree.objects {
            for (key, law) in KEPT {
                let (count, faults) = law.faults(&tree, object);
                *asked.entry(key).or_default() += count;
                if faults.is_empty() {
                    continue;
                }
                let place = ((*key).to_owned(), tree.name.clone(), Tree::name_of(object));
                match exceptions.get_mut(&place) {
                    Some(used) => *used = true,
                    None => broken.push(format!("{} {} {}: {}", place.0, place.1, place.2, faults.join(", "))),
                }
            }
        }
    }
    assert!(broken.is_empty(), "{} objects break what the page says\n{}", broken.len(), broken.join("\n"));
    let unused: Vec<_> = exceptions.iter().filter(|(_, used)| !**used).map(|(place, _)| place).collect();
    assert!(unused.is_empty(), "exceptions that nothing needs: {unused:#?}");
    let silent: Vec<_> = asked.iter().filter(|(_, count)| **count == 0).map(|(key, _)| key).collect();
    assert!(silent.is_empty(), "no golden manifest says anything about {silent:?}");
    for (key, count) in asked {
        println!("{key}: {count}");
    }
}
