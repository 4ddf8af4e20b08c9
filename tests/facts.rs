//! The facts of each reference system, as a table of fields of the emitted objects; see `facts/README.md`.
#![expect(clippy::disallowed_methods, reason = "the tests read the tables")]

use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use windlass::diagnostic::{Diagnostic, Diagnostics};
use windlass::kube::Object;
use windlass::load::{Files, load};
use windlass::workspace::{FILE_LIMIT, Workspace};

fn main() {
    let arguments = Arguments::from_args();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut tables: Vec<PathBuf> = fs::read_dir(root.join("tests/facts"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    tables.sort();
    let trials = tables.into_iter().map(|table| {
        let name = table.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Trial::test(name.clone(), move || holds(root, &name, &table))
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

/// Every line of the table holds; all that do not are named at once.
fn holds(root: &Path, example: &str, table: &Path) -> Result<(), Failed> {
    let environments = compile(root, example)?;
    let text = fs::read_to_string(table)?;
    let (mut environment, mut object) = (String::new(), String::new());
    let mut wrong = Vec::new();
    let mut facts = 0;
    for (number, line) in text.lines().enumerate().map(|(index, line)| (index + 1, line.trim())) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            name.clone_into(&mut environment);
        } else if let Some(name) = line.strip_suffix(':') {
            name.clone_into(&mut object);
        } else {
            facts += 1;
            let of = environment.split_whitespace();
            for environment in of {
                let objects = environments.get(environment).ok_or(format!("line {number}: no `{environment}`"))?;
                if let Err(why) = fact(objects, &object, line) {
                    wrong.push(format!("line {number}, {environment}, {object}: {why}"));
                }
            }
        }
    }
    if facts == 0 {
        return Err("the table has no facts".into());
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

type Environments = BTreeMap<String, Vec<Object>>;

fn compile(root: &Path, example: &str) -> Result<Environments, Failed> {
    let workspace = Workspace::at(root).map_err(|error| format!("{error:?}"))?;
    let system = format!("examples/{example}/system.yaml");
    let environments = workspace.environments(&system, None).map_err(|finding| finding.message)?;
    let mut found = Diagnostics::new();
    let read = |path: &str| workspace.read(path, FILE_LIMIT).map_err(Diagnostic::from);
    let expand = |pattern: &str| workspace.expand(pattern).map_err(Diagnostic::from);
    let (_, loaded) = load(Files { read: &read, expand: &expand }, &system, &environments, &mut found);
    let loaded = loaded.ok_or_else(|| format!("{found:?}"))?;
    let mut compiled = Environments::new();
    for environment in loaded.environments.iter().filter(|environment| !environment.is_abstract) {
        let result = windlass::compile(&loaded, environment);
        compiled.insert(environment.name.clone(), result.objects.ok_or_else(|| format!("{:?}", result.found))?);
    }
    Ok(compiled)
}

/// One line: `path = value`, `path absent`, `path has value`, or `absent` for the object as a whole.
fn fact(objects: &[Object], named: &str, line: &str) -> Result<(), String> {
    let (kind, name) = named.split_once(' ').ok_or("an object is `Kind name:`")?;
    let mut of = objects.iter().filter(|object| object.identity.kind == kind && object.identity.name == name);
    if line == "absent" {
        return if of.next().is_none() { Ok(()) } else { Err("it is there".into()) };
    }
    let value = of.next().ok_or("there is no such object")?.json();
    if line == "present" {
        return Ok(());
    }
    let wanted = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
    if let Some(path) = line.strip_suffix(" absent") {
        return at(&value, path).map_or(Ok(()), |found| Err(format!("{path} is {found}")));
    }
    if let Some((path, text)) = line.split_once(" has ") {
        let found = at(&value, path.trim()).ok_or(format!("{path} is not there"))?;
        let has = match found {
            Value::String(all) => all.contains(text.trim()),
            Value::Array(items) => items.contains(&wanted(text.trim())),
            _ => false,
        };
        return if has { Ok(()) } else { Err(format!("{path} is {found}, without {text}")) };
    }
    let (path, text) = line.split_once(" = ").ok_or("a fact is `path = value`")?;
    match at(&value, path.trim()) {
        None => Err(format!("{path} is not there, wanted {text}")),
        Some(found) if *found == wanted(text.trim()) => Ok(()),
        Some(found) => Err(format!("{path} is {found}, wanted {text}")),
    }
}

/// `spec.containers[api].ports[0]`: an item by its index, or by its `name` (`type`, `metric.name`, `mountPath`).
fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    let mut rest = path;
    let mut value = value;
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let (key, after) = inner.split_once(']')?;
            value = item(value, key)?;
            rest = after.strip_prefix('.').unwrap_or(after);
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (key, after) = rest.split_at(end);
            value = value.get(key)?;
            rest = after.strip_prefix('.').unwrap_or(after);
        }
    }
    Some(value)
}

/// An item of a list, or the key of a map that has dots in it.
fn item<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    let Value::Array(items) = value else { return value.get(key) };
    if let Ok(index) = key.parse::<usize>() {
        return items.get(index);
    }
    let named = |item: &&Value| {
        [
            "/name",
            "/type",
            "/metric/name",
            "/resource/name",
            "/pods/metric/name",
            "/mountPath",
            "/alert",
            "/containerName",
        ]
        .iter()
        .any(|pointer| item.pointer(pointer).and_then(Value::as_str) == Some(key))
    };
    items.iter().find(named)
}
