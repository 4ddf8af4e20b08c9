//! A block of YAML is compiled: as a whole document, or at its place in the small system under `shop/`.

use crate::page::{Block, Note, Page};
use libtest_mimic::Failed;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use windlass::diagnostic::{Diagnostic, Diagnostics, Format, Options, Severity, render};
use windlass::kube::Object;
use windlass::load::{Files, load};
use windlass::review::Acknowledgements;
use windlass::source::Sources;
use windlass::workspace::{FILE_LIMIT, Workspace};

const SYSTEM: &str = "shop/system.yaml";
const REST: &str = "shop/rest.yaml";
const ENVIRONMENT: &str = "shop/environments/production.yaml";
const WITH: &str = "shop/environments/with.yaml";
/// Fields of a component: an environment beside the system, since the files that they name lie there.
const OVERLAY: &str = "shop/production.yaml";
/// Top-level maps of a system whose names stand in one file only.
const MAPS: &[&str] = &["components", "secrets", "config", "volumes", "profiles"];

/// The files that a block becomes, by path; all others are those of the folder.
type Texts = BTreeMap<&'static str, String>;

pub(crate) fn test(page: &Page, index: usize) -> Result<(), Failed> {
    let note = page.blocks[index].note.as_ref().map_err(Clone::clone)?;
    if note.not_compiled.is_some() {
        return Ok(());
    }
    let block = &page.blocks[index];
    if block.text.contains("kind: Acknowledgements\n") {
        return acknowledgements(&block.text);
    }
    let objects = objects(page, index)?;
    block.after.strip_prefix("Emitted").map_or(Ok(()), |said| emitted(block, said, &objects))
}

/// A block of its own kind of document is read as such.
fn acknowledgements(text: &str) -> Result<(), Failed> {
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let _ = Acknowledgements::read("windlass.ack.yaml", text, &mut sources, &mut found);
    let list: Vec<Diagnostic> = found.sorted().into_iter().collect();
    if list.is_empty() { Ok(()) } else { Err(render(Format::Text, &sources, &list, &Options::default()).into()) }
}

/// What a block compiles to, with just the warnings that it names.
pub(crate) fn objects(page: &Page, index: usize) -> Result<Vec<Object>, Failed> {
    let note = page.blocks[index].note.as_ref().map_err(Clone::clone)?;
    compile(&files(page, index)?, &note.warns)
}

/// What a page says about the first component of a block: the kinds of all its objects.
fn emitted(block: &Block, said: &str, objects: &[Object]) -> Result<(), Failed> {
    let content: Value = serde_yaml::from_str(&block.text).map_err(|error| error.to_string())?;
    let first = content["components"].as_object().and_then(|components| components.keys().next());
    let kinds: BTreeSet<String> = objects
        .iter()
        .filter(|object| object.component.as_ref() == first)
        .map(|object| object.identity.kind.clone())
        .collect();
    let said: BTreeSet<String> = said.split('`').skip(1).step_by(2).map(Into::into).collect();
    if said == kinds { Ok(()) } else { Err(format!("emitted: {}", list(&kinds)).into()) }
}

fn list(kinds: &BTreeSet<String>) -> String {
    kinds.iter().map(|kind| format!("`{kind}`")).collect::<Vec<_>>().join(", ")
}

/// A system, an environment and what they leave to the base.
fn files(page: &Page, index: usize) -> Result<Texts, Failed> {
    let block = &page.blocks[index];
    let note = block.note.as_ref().map_err(Clone::clone)?;
    let content: Value = serde_yaml::from_str(&block.text).map_err(|error| error.to_string())?;
    let mut texts = Texts::from([
        (WITH, document("Environment", &json!({"extends": "all.yaml", "abstract": true}), &note.environment)),
        (ENVIRONMENT, document("Environment", &json!({"extends": "with.yaml"}), &Value::Null)),
    ]);
    match (content["kind"].as_str(), note.place.as_deref()) {
        (Some("System"), None) => {
            let rest = rest(&mut texts, &note.with);
            texts.insert(SYSTEM, block.text.clone() + &rest);
        }
        (Some("Environment"), None) => environment(page, note, &block.text, &mut texts)?,
        (_, Some("environment")) => {
            let header = header("Environment", &content, &[("extends", "with.yaml")]);
            environment(page, note, &(header + &block.text), &mut texts)?;
        }
        (_, Some(place)) => fragment(block, note, &content, place, &mut texts)?,
        (_, None) => return Err("neither a System nor an Environment: say where it belongs, `<!-- in: … -->`".into()),
    }
    Ok(texts)
}

fn environment(page: &Page, note: &Note, text: &str, texts: &mut Texts) -> Result<(), Failed> {
    if let Some(called) = &note.system {
        let of = page
            .blocks
            .iter()
            .position(|block| matches!(&block.note, Ok(note) if note.called.as_ref() == Some(called)));
        let of = of.ok_or_else(|| format!("no block of the page is called `{called}`"))?;
        texts.extend(files(page, of)?.into_iter().filter(|(path, _)| [SYSTEM, REST].contains(path)));
    } else {
        texts.insert(SYSTEM, text_of(&base(note)?));
    }
    texts.insert(ENVIRONMENT, text.into());
    Ok(())
}

/// Whole components and top-level maps are a system of their own, with what they leave to the base. Fields
/// of a component, or of something in it, are laid over that of the base.
fn fragment(block: &Block, note: &Note, content: &Value, place: &str, texts: &mut Texts) -> Result<(), Failed> {
    let (text, levels) = nested(&block.text, if place == "system" { "" } else { place });
    let nested_content: Value = serde_yaml::from_str(&text).map_err(|error| error.to_string())?;
    if levels < 2 || content["kind"].is_string() {
        let header = header("System", content, &[("name", "shop")]);
        let rest = rest(texts, &without(base(note)?, &nested_content));
        let rest = if content.get("include").is_some() { String::new() } else { rest };
        texts.insert(SYSTEM, header + &text + &rest);
    } else {
        texts.insert(SYSTEM, text_of(&base(note)?));
        texts.insert(OVERLAY, header("Environment", &Value::Null, &[("extends", "environments/with.yaml")]) + &text);
    }
    Ok(())
}

/// The text below the keys of a path, and how many they are.
fn nested(text: &str, place: &str) -> (String, usize) {
    let keys: Vec<&str> = place.split('.').filter(|key| !key.is_empty()).collect();
    let mut result = String::new();
    for (level, key) in keys.iter().enumerate() {
        let _ = writeln!(result, "{:1$}{key}:", "", level * 2);
    }
    for line in text.lines() {
        let _ = writeln!(result, "{:1$}{line}", "", if line.is_empty() { 0 } else { keys.len() * 2 });
    }
    (result, keys.len())
}

/// The first lines of a document, as far as the block does not write them itself.
fn header(kind: &str, content: &Value, others: &[(&str, &str)]) -> String {
    let lines = [("apiVersion", "windlass/v1"), ("kind", kind)].into_iter().chain(others.iter().copied());
    lines
        .filter(|(key, _)| content.get(key).is_none())
        .fold(String::new(), |text, (key, value)| text + &format!("{key}: {value}\n"))
}

/// The base of systems, with what the comment adds.
fn base(note: &Note) -> Result<Value, Failed> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/docs/shop/system.yaml");
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    let mut system: Value = serde_yaml::from_str(&text).map_err(|error| error.to_string())?;
    lay_over(&mut system, &note.with);
    Ok(system)
}

fn lay_over(below: &mut Value, above: &Value) {
    match (below, above) {
        (_, Value::Null) => {}
        (Value::Object(below), Value::Object(above)) => {
            above.iter().for_each(|(key, value)| lay_over(below.entry(key).or_insert(Value::Null), value));
        }
        (below, above) => *below = above.clone(),
    }
}

/// The maps of a system without the names that a block writes.
fn without(system: Value, block: &Value) -> Value {
    let Value::Object(system) = system else { return system };
    let maps = system.into_iter().filter(|(key, _)| MAPS.contains(&key.as_str()) || block.get(key).is_none());
    let maps = maps.filter(|(key, _)| !["apiVersion", "kind", "name"].contains(&key.as_str()));
    maps.map(|(key, mut value)| {
        let written = block[&key].as_object().into_iter().flat_map(Map::keys);
        written.for_each(|name| _ = value.as_object_mut().and_then(|map| map.shift_remove(name)));
        (key, value)
    })
    .collect()
}

/// Puts the rest of a system into a file of its own; the line that includes it.
fn rest(texts: &mut Texts, rest: &Value) -> String {
    if rest.as_object().is_none_or(Map::is_empty) {
        return String::new();
    }
    texts.insert(REST, text_of(rest));
    "include: [rest.yaml]\n".into()
}

fn document(kind: &str, fields: &Value, more: &Value) -> String {
    let mut document = json!({"apiVersion": "windlass/v1", "kind": kind});
    lay_over(&mut document, fields);
    lay_over(&mut document, more);
    text_of(&document)
}

fn text_of(value: &Value) -> String {
    serde_yaml::to_string(value).expect("a tree can be printed")
}

/// Compiles without an error, and with just the warnings that are named.
fn compile(texts: &Texts, warns: &[String]) -> Result<Vec<Object>, Failed> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (repository, shop) = (workspace(root)?, workspace(&root.join("tests/docs"))?);
    let read = |path: &str| match texts.get(path) {
        Some(text) => Ok(text.clone().into_bytes()),
        None if path.starts_with("environments/") => repository.read(path, FILE_LIMIT).map_err(Diagnostic::from),
        None => shop.read(path, FILE_LIMIT).map_err(Diagnostic::from),
    };
    let expand = |pattern: &str| {
        if texts.contains_key(pattern) {
            return Ok(vec![pattern.into()]);
        }
        shop.expand(pattern).map_err(Diagnostic::from)
    };
    let mut found = Diagnostics::new();
    let environment = if texts.contains_key(OVERLAY) { OVERLAY } else { ENVIRONMENT };
    let (sources, loaded) = load(Files { read: &read, expand: &expand }, SYSTEM, &[environment.into()], &mut found);
    let compiled = loaded.map(|loaded| windlass::compile(&loaded, &loaded.environments[0]));
    let objects = compiled.and_then(|compiled| {
        found.extend(compiled.found);
        compiled.objects
    });
    judge(&sources, found, warns)?;
    let objects = objects.unwrap_or_default();
    windlass::stream(&objects).map_err(|bug| bug.message)?;
    Ok(objects)
}

fn workspace(root: &Path) -> Result<Workspace, Failed> {
    Workspace::at(root).map_err(|error| format!("{error:?}").into())
}

fn judge(sources: &Sources, found: Diagnostics, warns: &[String]) -> Result<(), Failed> {
    let list: Vec<Diagnostic> =
        found.sorted().into_iter().filter(|finding| finding.severity != Severity::Note).collect();
    let mut expected = warns.to_vec();
    let unexpected = list.iter().filter(|finding| {
        let code = finding.code.id.to_owned();
        expected.retain(|expected| *expected != code);
        finding.severity == Severity::Error || !warns.contains(&code)
    });
    if unexpected.count() > 0 {
        return Err(render(Format::Text, sources, &list, &Options { limit: None, ..Options::default() }).into());
    }
    if expected.is_empty() { Ok(()) } else { Err(format!("no finding {expected:?}").into()) }
}
