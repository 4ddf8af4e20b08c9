//! One named test for each code block of the pages; see README.md in `tests/`.
#![expect(clippy::disallowed_methods, reason = "the tests read the pages and run the binary")]

mod commands;
mod compile;
mod page;

use libtest_mimic::{Arguments, Failed, Trial};
use page::{Block, Page};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use windlass::document::shape::Shape;
use windlass::spec::{Component, Feature, Kind, Spec as _};

/// Blocks of YAML that say why they are not compiled, and of commands why they are not run: change the
/// numbers together with the pages.
const NOT_COMPILED: usize = 1;
const NOT_RUN: usize = 1;

fn main() {
    let arguments = Arguments::from_args();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut trials = Vec::new();
    let mut excused = (0, 0);
    for path in pages(root) {
        let page = Arc::new(Page::read(root, &path));
        for (index, block) in page.blocks.iter().enumerate() {
            excused.0 += usize::from(matches!(&block.note, Ok(note) if note.not_compiled.is_some()));
            excused.1 += usize::from(matches!(&block.note, Ok(note) if note.not_run.is_some()));
            if let Some(test) = test_of(block) {
                let shared = Arc::clone(&page);
                trials.push(Trial::test(page.name_of(block), move || test(&shared, index)));
            }
        }
        let shared = Arc::clone(&page);
        trials.push(Trial::test(format!("{path}: commands in the text"), move || commands::in_text(&shared)));
        trials.push(Trial::test(format!("{path}: links"), move || page.links()));
    }
    for kind in Kind::ALL {
        let path = format!("docs/kinds/{}.md", kind.text());
        let test = move || shows_every_field(&Page::read(root, &path), *kind);
        trials.push(Trial::test(format!("docs/kinds/{}.md: every field", kind.text()), test));
    }
    let targets = Page::read(root, "docs/targets.md");
    trials.push(Trial::test("docs/targets.md: every feature", move || names_every_feature(&targets)));
    trials.push(Trial::test("blocks that are not compiled or run are counted", move || counted(excused)));
    libtest_mimic::run(&arguments, trials).exit();
}

fn pages(root: &Path) -> Vec<String> {
    let markdown = |folder: &str| -> Vec<String> {
        let entries = std::fs::read_dir(root.join(folder)).expect("the folder is there");
        let paths = entries.flatten().map(|entry| entry.path());
        let pages = paths.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
        pages.map(|path| from_root(root, &path)).collect()
    };
    let mut pages: Vec<String> = [markdown("docs"), markdown("docs/kinds"), vec!["README.md".into()]].concat();
    pages.sort();
    pages
}

/// The page of a kind shows every field of that kind, but for those that all kinds have.
fn shows_every_field(page: &Page, kind: Kind) -> Result<(), Failed> {
    let mut shown = BTreeSet::new();
    for block in page.blocks.iter().filter(|block| block.language == "yaml") {
        let content: serde_json::Value = serde_yaml::from_str(&block.text).map_err(|error| error.to_string())?;
        let is_map = matches!(&block.note, Ok(note) if note.place.as_deref() == Some("components"));
        let components = if is_map { &content } else { &content["components"] };
        let components = components.as_object().into_iter().flat_map(|components| components.values());
        let of_kind = components.filter(|component| component["kind"] == kind.text());
        shown.extend(of_kind.filter_map(|component| component.as_object()).flat_map(|fields| fields.keys().cloned()));
    }
    let Shape::Record(component) = Component::shape() else { return Err("a component is a record".into()) };
    let fields = component.fields.iter().map(|field| field.key).filter(|field| kind.has(field));
    let missing: Vec<&str> = fields
        .filter(|field| !shown.contains(*field))
        .filter(|field| kind == Kind::Backend || !Kind::ALL.iter().all(|kind| kind.has(field)))
        .collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("the page shows no {missing:?}").into()) }
}

/// The table of features has a row for each feature, and none for another.
fn names_every_feature(page: &Page) -> Result<(), Failed> {
    let table = page.prose.split("| feature |").nth(1).and_then(|rest| rest.split("\n\n").next()).unwrap_or_default();
    let rows: BTreeSet<&str> = table.lines().filter_map(|row| row.strip_prefix("| `")?.split('`').next()).collect();
    let features: BTreeSet<&str> = Feature::ALL.iter().map(|feature| feature.text()).collect();
    let differing: Vec<_> = rows.symmetric_difference(&features).collect();
    if differing.is_empty() { Ok(()) } else { Err(format!("the table differs by {differing:?}").into()) }
}

fn from_root(root: &Path, path: &Path) -> String {
    let relative: PathBuf = path.strip_prefix(root).unwrap_or(path).into();
    relative.to_string_lossy().replace('\\', "/")
}

/// Tests a block of a page, by its index.
type Test = fn(&Page, usize) -> Result<(), Failed>;

fn test_of(block: &Block) -> Option<Test> {
    match block.language.as_str() {
        "yaml" | "yml" => Some(compile::test),
        "console" | "sh" => Some(commands::test),
        _ => None,
    }
}

fn counted(excused: (usize, usize)) -> Result<(), Failed> {
    if excused == (NOT_COMPILED, NOT_RUN) {
        return Ok(());
    }
    Err(format!("{} blocks say that they are not compiled, {} that they are not run", excused.0, excused.1).into())
}
