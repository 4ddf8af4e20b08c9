//! The trees that are written: kustomize builds each to all of its objects, and kubeconform, strictly, against the schemas
//! of the server, finds nothing invalid and skips nothing; kube-score has nothing to say that is not documented.

use crate::Figures;
use crate::accepted::WITHOUT_DEFINITION;
use crate::api::{Api, items};
use crate::cluster::{Cluster, Shared};
use crate::score::{self, Subject};
use crate::systems::{self, InFiles, documents, in_files};
use libtest_mimic::{Failed, Trial};
use serde_json::{Map, Value, json};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, OnceLock};
use tempfile::TempDir;
use windlass::kube::{Object, Phase};

const SUITE: &str = "trees";

/// Kinds that a case defines itself, in the tree that has objects of them.
const DEFINED: &[&str] = &["Widget"];

/// The folder of the schemas, written by the first test that asks for it.
type Schemas = Arc<OnceLock<Result<TempDir, String>>>;

pub(crate) fn trials(cluster: &Shared, figures: &Figures) -> Vec<Trial> {
    let schemas = Schemas::default();
    let trial = |system: InFiles| {
        let (cluster, figures, schemas) = (cluster.clone(), figures.clone(), Arc::clone(&schemas));
        Trial::test(format!("{SUITE}/{}", system.name), move || judge(cluster.get()?, &schemas, &system, &figures))
    };
    in_files().into_iter().map(trial).collect()
}

fn judge(cluster: &Cluster, schemas: &Schemas, system: &InFiles, figures: &Figures) -> Result<(), Failed> {
    let schemas = schemas.get_or_init(|| write_schemas(&cluster.api)).as_ref().map_err(Clone::clone)?;
    for (environment, objects) in &systems::environments(&system.workspace, &system.path)? {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let tree = windlass::render(objects).map_err(|bug| bug.message)?;
        for (path, file) in tree.iter() {
            write(&folder.path().join(path), &file.bytes)?;
        }
        let built = kustomize(cluster, folder.path(), objects).map_err(|error| format!("{environment}: {error}"))?;
        let checked = kubeconform(cluster, schemas.path(), folder.path(), &built)?;
        let built = &folder.path().join("built.yaml");
        let subject =
            Subject { name: format!("{}/{environment}", system.short()), is_example: system.is_example(), built };
        score::judge(cluster, SUITE, &subject, figures).map_err(|error| format!("{environment}: {error}"))?;
        figures.add(SUITE, "built by kustomize", 1);
        figures.add(SUITE, "objects valid to kubeconform", checked);
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let parent = path.parent().expect("a file lies in a folder");
    std::fs::create_dir_all(parent).and_then(|()| std::fs::write(path, bytes)).map_err(|error| error.to_string())
}

/// What kustomize makes of the tree: all that is delivered, in its order.
fn kustomize(cluster: &Cluster, folder: &Path, objects: &[Object]) -> Result<String, String> {
    let output = Command::new(cluster.built.join("bin/kustomize")).arg("build").arg(folder).output();
    let output = output.map_err(|error| error.to_string())?;
    let stream = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let built: Vec<(String, String)> =
        documents(&stream)?.iter().map(|object| (text(&object["kind"]), text(&object["metadata"]["name"]))).collect();
    let delivered = objects.iter().filter(|object| object.phase != Phase::Delivery);
    let emitted: Vec<(String, String)> =
        delivered.map(|object| (object.identity.kind.clone(), object.identity.name.clone())).collect();
    if built == emitted { Ok(stream) } else { Err(format!("kustomize builds {built:?}, not {emitted:?}")) }
}

/// How many objects are valid; an error where one is not, or has no schema.
fn kubeconform(cluster: &Cluster, schemas: &Path, folder: &Path, built: &str) -> Result<usize, String> {
    let stream = folder.join("built.yaml");
    std::fs::write(&stream, decrypted(built)?).map_err(|error| error.to_string())?;
    let location =
        format!("{}/{{{{.Group}}}}/{{{{.ResourceKind}}}}-{{{{.ResourceAPIVersion}}}}.json", schemas.display());
    let mut command = Command::new(cluster.built.join("bin/kubeconform"));
    command.args(["-strict", "-output", "json", "-summary", "-schema-location", &location]);
    command.args(["-skip", &[WITHOUT_DEFINITION, DEFINED].concat().join(",")]).arg(&stream);
    let delivery = folder.join("delivery");
    let files = std::fs::read_dir(delivery).into_iter().flatten().flatten().map(|entry| entry.path());
    command
        .args(files.filter(|path| path.is_file() && path.file_name().is_some_and(|name| name != "kustomization.yaml")));
    let output = command.output().map_err(|error| error.to_string())?;
    let report: Value = serde_json::from_slice(&output.stdout).map_err(|error| {
        format!("{error}: {}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    })?;
    let wrong: Vec<String> = items(&report["resources"])
        .filter(|resource| resource["status"] != "statusSkipped")
        .map(|resource| format!("{} {}: {}", resource["kind"], resource["name"], resource["msg"]))
        .collect();
    let count = usize::try_from(report["summary"]["valid"].as_u64().unwrap_or_default()).unwrap_or_default();
    if wrong.is_empty() && output.status.success() { Ok(count) } else { Err(wrong.join("\n")) }
}

/// What the delivery tool makes of secrets that SOPS encrypts, as far as a schema sees it.
fn decrypted(stream: &str) -> Result<String, String> {
    let mut text = String::new();
    for mut object in documents(stream)? {
        object.as_object_mut().map(|object| object.remove("sops"));
        text.push_str("---\n");
        text.push_str(&object.to_string());
        text.push('\n');
    }
    Ok(text)
}

/// Writes a schema for each kind that the server serves, closed to fields that it does not know.
fn write_schemas(api: &Api) -> Result<TempDir, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut definitions = api.get("/openapi/v2")?.accepted()?.body["definitions"].take();
    for (name, definition) in definitions.as_object_mut().into_iter().flatten() {
        close(definition);
        if name == "io.k8s.apimachinery.pkg.api.resource.Quantity" || name.ends_with("util.intstr.IntOrString") {
            *definition = json!({"type": ["string", "integer", "number"]});
        }
    }
    let kinds: Vec<(String, Value)> = definitions
        .as_object()
        .into_iter()
        .flatten()
        .flat_map(|(name, definition)| {
            items(&definition["x-kubernetes-group-version-kind"]).map(move |kind| (name.clone(), kind.clone()))
        })
        .collect();
    for (name, kind) in kinds {
        let text = |key: &str| kind[key].as_str().unwrap_or_default().to_owned();
        let group = if text("group").is_empty() { text("version") } else { text("group") };
        let file = format!("{group}/{}-{}.json", text("kind").to_lowercase(), text("version"));
        let mut used = Map::new();
        add_definition(&name, &definitions, &mut used);
        let schema = json!({"$ref": format!("#/definitions/{name}"), "definitions": used});
        write(&folder.path().join(file), schema.to_string().as_bytes())?;
    }
    Ok(folder)
}

/// Adds a definition, and all that it refers to.
fn add_definition(name: &str, all: &Value, used: &mut Map<String, Value>) {
    if used.contains_key(name) {
        return;
    }
    used.insert(name.into(), all[name].clone());
    let mut referred = Vec::new();
    references(&all[name], &mut referred);
    referred.iter().for_each(|name| add_definition(name, all, used));
}

fn references<'v>(schema: &'v Value, found: &mut Vec<&'v str>) {
    match schema {
        Value::Object(map) => map.iter().for_each(|(key, value)| match value.as_str() {
            Some(target) if key == "$ref" => found.extend(target.strip_prefix("#/definitions/")),
            _ => references(value, found),
        }),
        Value::Array(list) => list.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

/// Closes a schema: what it does not name is refused, unless it says that it keeps such fields.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if map.get("x-kubernetes-int-or-string") == Some(&true.into())
                || map.get("format") == Some(&"int-or-string".into())
            {
                *map = Map::from_iter([("type".into(), json!(["string", "integer", "number"]))]);
            }
            // Formats of Go, which JSON Schema has none of; a field may be called so too.
            if map.get("format").is_some_and(Value::is_string) {
                map.remove("format");
            }
            let keeps = map.get("x-kubernetes-preserve-unknown-fields") == Some(&true.into());
            if map.get("properties").is_some_and(Value::is_object)
                && !map.contains_key("additionalProperties")
                && !keeps
            {
                map.insert("additionalProperties".into(), false.into());
            }
            map.values_mut().for_each(close);
        }
        Value::Array(list) => list.iter_mut().for_each(close),
        _ => {}
    }
}
