//! What is refused because Kubernetes would refuse it, the server refuses; and what is not, it takes.

use crate::Figures;
use crate::accepted::prepare;
use crate::api::{Api, name};
use crate::cluster::Shared;
use crate::mutants;
use crate::systems::{documents, folders, root};
use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const SUITE: &str = "refused";
/// Codes of rules that are not the API server's: it would take the object.
const OWN: &[&str] = &[
    "WL0813", // a rule of the team
    "WL0921", // a secret in plain text
    "WL0922", // an object that is there already
    "WL0937", // an object of the cluster in a namespace, which the server takes out of it
];
/// One mutant of so many is asked again.
const SAMPLE: u64 = 8;

pub(crate) fn trials(cluster: &Shared, figures: &Figures) -> Vec<Trial> {
    let has_manifests = |case: &std::path::PathBuf| case.join("extra").is_dir();
    let trial = |case: std::path::PathBuf| {
        let name = format!("{SUITE}/{}", case.file_name().unwrap_or_default().to_string_lossy());
        let (cluster, figures) = (cluster.clone(), figures.clone());
        Trial::test(name, move || manifests(&cluster.get()?.api, &case, &figures))
    };
    let mut trials: Vec<Trial> = folders("tests/cases/reject").into_iter().filter(has_manifests).map(trial).collect();
    let (cluster, figures) = (cluster.clone(), figures.clone());
    trials.push(Trial::test(format!("{SUITE}/mutants"), move || judge_mutants(&cluster.get()?.api, &figures)));
    trials
}

/// The manifests of a case as they are, past Windlass: each document is refused if an error is in it.
fn manifests(api: &Api, case: &Path, figures: &Figures) -> Result<(), Failed> {
    let read = |path: &Path| std::fs::read_to_string(path).map_err(|error| error.to_string());
    let errors = errors(&read(&case.join("expected.txt"))?);
    let mut definitions = Vec::new();
    for file in files(&case.join("crds")) {
        let text = read(&file)?;
        api.define(&text)?;
        definitions.extend(documents(&text)?);
    }
    api.serve_definitions()?;
    let mut wrong = Vec::new();
    for file in files(&case.join("extra")) {
        let path = format!("extra/{}", file.file_name().unwrap_or_default().to_string_lossy());
        let mut line = 1;
        for text in read(&file)?.split("\n---\n") {
            let lines = line..line + text.lines().count();
            line = lines.end + 1;
            let codes: BTreeSet<&str> = errors
                .iter()
                .filter(|(_, file, line)| *file == path && lines.contains(line))
                .map(|(code, ..)| code.as_str())
                .collect();
            for document in documents(text)? {
                wrong.extend(judge(api, &document, &codes, figures)?);
            }
        }
    }
    crate::accepted::clear(api, &definitions)?;
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

fn judge(api: &Api, document: &Value, codes: &BTreeSet<&str>, figures: &Figures) -> Result<Option<String>, String> {
    let answer = if api.serves(document) {
        prepare(api, document)?;
        let answer = api.apply_dry(document)?;
        if answer.is_accepted() { None } else { Some(answer.message()) }
    } else {
        Some("no such kind is served".into())
    };
    let said = match (answer, codes.is_empty()) {
        (Some(_), false) => "manifests that both refuse".into(),
        (None, true) => "manifests that both accept".into(),
        (None, false) if codes.iter().all(|code| OWN.contains(code)) => {
            format!("manifests that only Windlass refuses ({})", codes.iter().copied().collect::<Vec<_>>().join(", "))
        }
        (None, false) => return Ok(Some(format!("{}: accepted, though {codes:?}", name(document)))),
        (Some(answer), true) => return Ok(Some(format!("{}: refused: {answer}", name(document)))),
    };
    figures.add(SUITE, said, 1);
    Ok(None)
}

/// The errors of a report: code, file and line.
fn errors(report: &str) -> Vec<(String, String, usize)> {
    let mut code = None;
    let mut found = Vec::new();
    for line in report.lines() {
        if let Some(rest) = line.strip_prefix("error[") {
            code = rest.split(']').next().map(str::to_owned);
        } else if line.starts_with("warning[") || line.starts_with("note[") {
            code = None;
        } else if let Some((_, place)) = line.split_once("─[") {
            let mut parts = place.split([':', ']']);
            let (file, line) = (parts.next().unwrap_or_default(), parts.next().and_then(|line| line.parse().ok()));
            found.extend(code.clone().zip(line).map(|(code, line)| (code, file.to_owned(), line)));
        }
    }
    found
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.path()).collect();
    files.sort();
    files
}

/// A sample of the mutants, judged anew: the verdicts that are written down are this server's.
fn judge_mutants(api: &Api, figures: &Figures) -> Result<(), Failed> {
    let text = std::fs::read_to_string(root().join("tests/mutants/verdicts.txt")).map_err(|error| error.to_string())?;
    let known = mutants::verdicts(&text);
    let mut asked = Vec::new();
    mutants::visit(|_, all| {
        let recorded = all.iter().filter_map(|mutant| {
            let verdict = *known.get(&mutant.place())?.get(mutant.mutation)?;
            Some((format!("{} {}", mutant.place(), mutant.mutation), verdict, mutant.value.clone()))
        });
        asked.extend(recorded.filter(|(name, ..)| is_of_sample(name)));
    });
    let mut table: BTreeMap<(char, char), usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (name, recorded, object) in asked {
        let live = verdict(api, &object, name.rsplit(' ').next().unwrap_or_default())?;
        *table.entry((recorded, live.0)).or_default() += 1;
        if recorded != live.0 && recorded != 'U' {
            wrong.push(format!("{name}: {recorded} is written down, the server says {} {}", live.0, live.1));
        }
    }
    for ((recorded, live), count) in table {
        figures.add(SUITE, format!("mutants, {recorded} written down and {live} now"), count);
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

/// The same mutants in every run.
fn is_of_sample(name: &str) -> bool {
    name.bytes().fold(7_u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(u64::from(byte))).is_multiple_of(SAMPLE)
}

/// `R` refused, `A` accepted, `U` of a kind that is not served; and what the server says.
fn verdict(api: &Api, object: &Value, mutation: &str) -> Result<(char, String), String> {
    if !api.serves(object) {
        return Ok(('U', String::new()));
    }
    prepare(api, object)?;
    // A number over 32 bits is refused as an object is created, and cut as it is applied.
    let answer = if mutation == "overflow" { api.create_dry(object)? } else { api.apply_dry(object)? };
    Ok((if answer.is_accepted() { 'A' } else { 'R' }, answer.message()))
}
