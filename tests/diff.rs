//! One named test for each folder under `cases/diff/`: what a change does, as text, Markdown and JSON.
#![expect(clippy::disallowed_methods, reason = "the tests read and bless the folders")]

use libtest_mimic::{Arguments, Failed, Trial};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use windlass::diagnostic::{Diagnostic, Diagnostics, Format, Options};
use windlass::diff::diff;
use windlass::document::Node;
use windlass::kube::Object;
use windlass::load::{Files, load};
use windlass::model::Model;
use windlass::review::report::{Report, ReportOptions, render};
use windlass::review::{Comparison, Documents, Merged, Review, Side};
use windlass::source::Sources;
use windlass::workspace::{FILE_LIMIT, Workspace, list};

fn main() {
    let arguments = Arguments::from_args();
    let parent = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/diff");
    let mut cases: Vec<PathBuf> =
        fs::read_dir(parent).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    cases.sort();
    let trial = |case: PathBuf| {
        let name = case.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Trial::test(name, move || check(&case))
    };
    libtest_mimic::run(&arguments, cases.into_iter().map(trial).collect()).exit();
}

/// One side of a case: a system with one environment, or plain objects.
struct Half {
    objects: Vec<Object>,
    model: Option<Model>,
    root: Option<Node>,
    sources: Sources,
}

fn half(folder: &Path) -> Result<Half, Failed> {
    if folder.join("system.yaml").exists() { system(folder) } else { plain(folder) }
}

fn plain(folder: &Path) -> Result<Half, Failed> {
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let files = list(folder).map_err(|error| format!("{error:?}"))?;
    let read =
        |(path, bytes): (&String, &Vec<u8>)| windlass::diff::read::objects(path, bytes, &mut sources, &mut found);
    let objects = files.iter().flat_map(read).collect();
    if found.has_errors() {
        return Err(shown(&sources, found).into());
    }
    Ok(Half { objects, model: None, root: None, sources })
}

fn system(folder: &Path) -> Result<Half, Failed> {
    let workspace = Workspace::at(folder).map_err(|error| format!("{error:?}"))?;
    let environments = workspace.environments("system.yaml", None).map_err(|finding| finding.message)?;
    let mut found = Diagnostics::new();
    let read = |path: &str| workspace.read(path, FILE_LIMIT).map_err(Diagnostic::from);
    let expand = |pattern: &str| workspace.expand(pattern).map_err(Diagnostic::from);
    let (sources, loaded) = load(Files { read: &read, expand: &expand }, "system.yaml", &environments, &mut found);
    let Some(loaded) = loaded else { return Err(shown(&sources, found).into()) };
    let (whole, found) = windlass::compile_whole(&loaded, &loaded.environments[0]);
    let Some(whole) = whole else { return Err(shown(&sources, found).into()) };
    Ok(Half { objects: whole.objects, model: Some(whole.model), root: Some(whole.root), sources })
}

fn shown(sources: &Sources, found: Diagnostics) -> String {
    let list: Vec<Diagnostic> = found.sorted().into_iter().collect();
    windlass::diagnostic::render(Format::Text, sources, &list, &Options { limit: None, ..Options::default() })
}

fn merged(half: &Half) -> Option<Merged<'_>> {
    half.root.as_ref().map(|root| Merged { root, sources: &half.sources })
}

fn review(before: &Half, after: &Half) -> Review {
    let changes = diff(&before.objects, &after.objects);
    let comparison = Comparison {
        before: Side::new(&before.objects, before.model.as_ref()),
        after: Side::new(&after.objects, after.model.as_ref()),
        changes: &changes,
    };
    Review::of("case", "production", &comparison, &Documents::new(merged(before), merged(after)))
}

fn check(case: &Path) -> Result<(), Failed> {
    let (before, after) = (half(&case.join("before"))?, half(&case.join("after"))?);
    let review = review(&before, &after);
    keeps_the_laws(&before, &after, &review)?;
    let report = Report { reviews: vec![review], before: "before".into(), after: "after".into(), notes: Vec::new() };
    for (format, file) in
        [(Format::Text, "expected.txt"), (Format::Markdown, "expected.md"), (Format::Json, "expected.json")]
    {
        expect(&case.join(file), &render(&report, format, &ReportOptions::default()))?;
    }
    Ok(())
}

/// What holds for any two sides.
fn keeps_the_laws(before: &Half, after: &Half, review: &Review) -> Result<(), Failed> {
    let same = |half: &Half| diff(&half.objects, &half.objects).is_empty();
    if !same(before) || !same(after) {
        return Err("a side differs from itself".into());
    }
    let mut turned = before.objects.clone();
    turned.reverse();
    let names = |changes: &[windlass::diff::Change]| -> BTreeSet<String> {
        changes.iter().map(|change| format!("{:?} {} {:?}", change.how, change.identity, change.fields)).collect()
    };
    if names(&diff(&turned, &after.objects)) != names(&review.changes) {
        return Err("the order of the objects matters".into());
    }
    let silent = review.changes.iter().find(|change| !review.risks.iter().any(|risk| risk.identity == change.identity));
    match silent {
        Some(change) => Err(format!("{} changes, and no risk says so", change.identity).into()),
        None => Ok(()),
    }
}

/// Compares with the file beside the case.
fn expect(path: &Path, actual: &str) -> Result<(), Failed> {
    if std::env::var_os("BLESS").is_some() {
        return fs::write(path, actual).map_err(|error| format!("{}: {error}", path.display()).into());
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    if expected == actual {
        return Ok(());
    }
    let difference = similar::TextDiff::from_lines(expected.as_str(), actual);
    let difference = difference.unified_diff().context_radius(3).header("expected", "actual").to_string();
    Err(format!("{} differs; run with BLESS=1, then read the diff\n{difference}", path.display()).into())
}
