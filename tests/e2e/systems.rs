//! What is compiled and then judged: the examples, the build cases, the blocks of the pages.

use crate::compile;
use crate::page::Page;
use crate::pools::Sized;
use serde::Deserialize as _;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use windlass::Whole;
use windlass::diagnostic::{Diagnostic, Diagnostics, Format, Options, Severity, render};
use windlass::kube::Object;
use windlass::load::{Files, Loaded, LoadedEnvironment, load};
use windlass::source::Sources;
use windlass::target::VERSIONS;
use windlass::workspace::{FILE_LIMIT, Workspace, list};

/// A system for one environment, by the name of its test.
pub(crate) type Compiled = (String, Vec<Object>);

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folders of a folder, in order.
pub(crate) fn folders(parent: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join(parent)).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// A system that lies in files.
pub(crate) struct InFiles {
    /// `examples/ai-training`, `build/jobs`
    pub(crate) name: String,
    pub(crate) workspace: PathBuf,
    /// Of the system, in the workspace.
    pub(crate) path: String,
}

impl InFiles {
    pub(crate) fn is_example(&self) -> bool {
        self.name.starts_with("examples/")
    }

    /// The last part of the name.
    pub(crate) fn short(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or_default()
    }
}

/// The examples and the build cases.
pub(crate) fn in_files() -> Vec<InFiles> {
    let of = |folder: &Path| folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let examples = folders("examples").into_iter().map(|folder| {
        let name = format!("examples/{}", of(&folder));
        InFiles { path: format!("{name}/system.yaml"), workspace: root().to_owned(), name }
    });
    let cases = folders("tests/cases/build").into_iter().map(|folder| {
        let name = format!("build/{}", of(&folder));
        InFiles { path: "system.yaml".into(), workspace: folder, name }
    });
    examples.chain(cases).collect()
}

/// A system with its environments: the workspace, and the path of the system in it.
fn loaded(workspace: &Path, system: &str) -> Result<(Sources, Loaded), String> {
    loaded_as(workspace, system, |bytes| bytes)
}

/// The same, of what becomes of its files.
fn loaded_as(workspace: &Path, system: &str, change: impl Fn(Vec<u8>) -> Vec<u8>) -> Result<(Sources, Loaded), String> {
    let workspace = Workspace::at(workspace).map_err(|error| format!("{error:?}"))?;
    let environments = workspace.environments(system, None).map_err(|finding| finding.message)?;
    let mut found = Diagnostics::new();
    let read = |path: &str| workspace.read(path, FILE_LIMIT).map(&change).map_err(Diagnostic::from);
    let expand = |pattern: &str| workspace.expand(pattern).map_err(Diagnostic::from);
    let (sources, loaded) = load(Files { read: &read, expand: &expand }, system, &environments, &mut found);
    let Some(loaded) = loaded else { return Err(shown(&sources, found)) };
    Ok((sources, loaded))
}

/// Every environment of a system.
pub(crate) fn environments(workspace: &Path, system: &str) -> Result<Vec<Compiled>, String> {
    let (sources, loaded) = loaded(workspace, system)?;
    compiled(&loaded).map_err(|found| shown(&sources, found))
}

/// The objects of a system; else the codes of its errors, and their text.
type Made = Result<Vec<Object>, (Vec<&'static str>, String)>;

/// Every environment of a system, for the oldest version that is a target.
pub(crate) fn for_oldest(workspace: &Path, system: &str) -> Result<Vec<(String, Made)>, String> {
    let (sources, loaded) = loaded_as(workspace, system, for_oldest_version)?;
    let concrete = loaded.environments.iter().filter(|environment| !environment.is_abstract);
    let one = |environment: &LoadedEnvironment| {
        let (whole, found) = windlass::compile_whole(&loaded, environment);
        let made = match whole {
            Some(whole) if whole.model.target.minor == VERSIONS[0] => Ok(whole.objects),
            Some(_) => Err((vec!["no version"], "the environment names no version".to_owned())),
            None => Err((error_codes(&found), shown(&sources, found))),
        };
        (environment.name.clone(), made)
    };
    Ok(concrete.map(one).collect())
}

fn error_codes(found: &Diagnostics) -> Vec<&'static str> {
    let errors = found.iter().filter(|finding| finding.severity == Severity::Error);
    errors.map(|finding| finding.code.id).collect::<BTreeSet<_>>().into_iter().collect()
}

/// A file that names the oldest version where it names another.
fn for_oldest_version(bytes: Vec<u8>) -> Vec<u8> {
    let Ok(mut text) = String::from_utf8(bytes.clone()) else { return bytes };
    let named = |minor: u32| format!("kubernetes: \"1.{minor}\"");
    for version in VERSIONS {
        text = text.replace(&named(*version), &named(VERSIONS[0]));
    }
    text.into_bytes()
}

/// Every environment of a system, with what its objects were made of.
pub(crate) fn wholes(workspace: &Path, system: &str) -> Result<Vec<Whole>, String> {
    let (sources, loaded) = loaded(workspace, system)?;
    let concrete = loaded.environments.iter().filter(|environment| !environment.is_abstract);
    let one = |environment| {
        let (whole, found) = windlass::compile_whole(&loaded, environment);
        whole.ok_or_else(|| shown(&sources, found))
    };
    concrete.map(one).collect()
}

/// Every environment of a system that describes its nodes, with the answer of capacity.
pub(crate) fn sized(workspace: &Path, system: &str) -> Result<Vec<Sized>, String> {
    let (sources, loaded) = loaded(workspace, system)?;
    let objects = compiled(&loaded).map_err(|found| shown(&sources, found))?;
    let one = |(name, objects): Compiled| {
        let environment = loaded.environments.iter().find(|environment| environment.name == name)?;
        let capacity = windlass::capacity::assess(&windlass::model(&loaded, environment).0?)?;
        Some(Sized { environment: name, objects, capacity })
    };
    Ok(objects.into_iter().filter_map(one).collect())
}

fn compiled(loaded: &Loaded) -> Result<Vec<Compiled>, Diagnostics> {
    let concrete = loaded.environments.iter().filter(|environment| !environment.is_abstract);
    let one = |environment| {
        let compiled = windlass::compile(loaded, environment);
        compiled.objects.map(|objects| (environment.name.clone(), objects)).ok_or(compiled.found)
    };
    concrete.map(one).collect()
}

/// The blocks of a page that are compiled, by line.
pub(crate) fn blocks(path: &str) -> Result<Vec<Compiled>, String> {
    let page = Page::read(root(), path);
    let mut list = Vec::new();
    for (index, block) in page.blocks.iter().enumerate() {
        let is_compiled = matches!(&block.note, Ok(note) if note.not_compiled.is_none())
            && !block.text.contains("kind: Acknowledgements\n");
        if is_compiled && matches!(block.language.as_str(), "yaml" | "yml") {
            let objects =
                compile::objects(&page, index).map_err(|failed| failed.message().unwrap_or_default().to_owned())?;
            list.push((block.line.to_string(), objects));
        }
    }
    Ok(list)
}

/// The pages, from the root of the repository.
pub(crate) fn pages() -> Vec<String> {
    let mut pages = vec!["README.md".to_owned()];
    for folder in ["docs", "docs/kinds"] {
        let entries = std::fs::read_dir(root().join(folder)).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        pages.extend(
            names
                .filter(|name| Path::new(name).extension().is_some_and(|end| end == "md"))
                .map(|name| format!("{folder}/{name}")),
        );
    }
    pages.sort();
    pages
}

/// The documents of a stream, by an independent reader.
pub(crate) fn documents(stream: &str) -> Result<Vec<Value>, String> {
    serde_yaml::Deserializer::from_str(stream)
        .map(|document| Value::deserialize(document).map_err(|error| error.to_string()))
        .filter(|document| !matches!(document, Ok(Value::Null)))
        .collect()
}

/// The definitions that a bundle of our own gives, each with what the server wants besides.
pub(crate) fn own_definitions(text: &str) -> Result<Vec<Value>, String> {
    if !text.lines().any(|line| line == "definitions:") {
        return Ok(Vec::new());
    }
    let bundle = documents(text)?.pop().unwrap_or_default();
    let definition = |mut definition: Value| {
        let spec = &mut definition["spec"];
        let plural = format!("{}s", spec["names"]["kind"].as_str().unwrap_or_default().to_lowercase());
        let name = format!("{plural}.{}", spec["group"].as_str().unwrap_or_default());
        spec["names"]["plural"] = plural.into();
        spec["versions"][0]["storage"] = true.into();
        json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": name}, "spec": spec})
    };
    Ok(bundle["definitions"].as_array().into_iter().flatten().cloned().map(definition).collect())
}

/// An object as it is printed, and as an independent reader reads it.
pub(crate) fn printed(object: &Object) -> Result<(String, Value), String> {
    let text = windlass::yaml::to_yaml(&object.content).map_err(|bug| bug.to_string())?;
    let mut documents = documents(&text)?;
    match (documents.pop(), documents.is_empty()) {
        (Some(document), true) => Ok((text, document)),
        _ => Err(format!("{} is not one document", object.identity)),
    }
}

fn shown(sources: &Sources, found: Diagnostics) -> String {
    let list: Vec<Diagnostic> = found.sorted().into_iter().collect();
    render(Format::Text, sources, &list, &Options { limit: None, ..Options::default() })
}

/// One side of a change: a system for its first environment, or plain objects.
pub(crate) fn half(folder: &Path) -> Result<Vec<Object>, String> {
    if folder.join("system.yaml").exists() {
        return Ok(environments(folder, "system.yaml")?.swap_remove(0).1);
    }
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let files = list(folder).map_err(|error| format!("{error:?}"))?;
    let read =
        |(path, bytes): (&String, &Vec<u8>)| windlass::diff::read::objects(path, bytes, &mut sources, &mut found);
    let objects = files.iter().flat_map(read).collect();
    if found.has_errors() { Err(shown(&sources, found)) } else { Ok(objects) }
}
