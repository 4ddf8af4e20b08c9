//! The golden manifests, as the trees of environments.

use serde::Deserialize as _;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// All objects of an environment.
pub(crate) struct Tree {
    /// `ai-training/production`
    pub(crate) name: String,
    pub(crate) objects: Vec<Value>,
}

impl Tree {
    /// `Deployment/api`
    pub(crate) fn name_of(object: &Value) -> String {
        format!("{}/{}", text(object, "/kind"), text(object, "/metadata/name"))
    }

    pub(crate) fn of_kind<'t>(&'t self, kind: &'t str) -> impl Iterator<Item = &'t Value> {
        self.objects.iter().filter(move |object| object["kind"] == kind)
    }

    pub(crate) fn has(&self, kind: &str, name: &str) -> bool {
        self.of_kind(kind).any(|object| text(object, "/metadata/name") == name)
    }

    /// The templates of pods of all workloads.
    pub(crate) fn templates(&self) -> impl Iterator<Item = &Value> {
        self.objects.iter().flat_map(templates)
    }

    /// What counts the replicas of a workload.
    pub(crate) fn scaler(&self, workload: &Value) -> Option<&Value> {
        let (kind, name) = (text(workload, "/kind"), text(workload, "/metadata/name"));
        let of = |scaler: &&Value| {
            let target = &scaler["spec"]["scaleTargetRef"];
            target["name"] == name && target["kind"].as_str().unwrap_or("Deployment") == kind
        };
        self.of_kind("HorizontalPodAutoscaler").chain(self.of_kind("ScaledObject")).find(of)
    }

    /// The fewest and the most replicas of a workload.
    pub(crate) fn replicas(&self, workload: &Value) -> (u64, u64) {
        let number = |value: &Value, otherwise: u64| value.as_u64().unwrap_or(otherwise);
        match self.scaler(workload).map(|scaler| &scaler["spec"]) {
            Some(spec) if spec["metrics"].is_array() => {
                (number(&spec["minReplicas"], 1), number(&spec["maxReplicas"], 1))
            }
            Some(spec) => (number(&spec["minReplicaCount"], 0), number(&spec["maxReplicaCount"], 100)),
            None => (number(&workload["spec"]["replicas"], 1), number(&workload["spec"]["replicas"], 1)),
        }
    }
}

/// The templates of the pods of an object.
pub(crate) fn templates(object: &Value) -> Vec<&Value> {
    let all: Vec<Option<&Value>> = match text(object, "/kind") {
        "Deployment" | "StatefulSet" | "Job" | "Rollout" | "DaemonSet" => vec![object.pointer("/spec/template")],
        "CronJob" => vec![object.pointer("/spec/jobTemplate/spec/template")],
        "JobSet" => {
            items(object, "/spec/replicatedJobs").iter().map(|job| job.pointer("/template/spec/template")).collect()
        }
        "LeaderWorkerSet" => {
            ["leaderTemplate", "workerTemplate"].map(|name| object["spec"]["leaderWorkerTemplate"].get(name)).to_vec()
        }
        _ => Vec::new(),
    };
    all.into_iter().flatten().collect()
}

pub(crate) fn containers(template: &Value) -> impl Iterator<Item = &Value> {
    items(template, "/spec/initContainers").iter().chain(items(template, "/spec/containers"))
}

pub(crate) fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

pub(crate) fn items<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// True where all labels of a selector are among these.
pub(crate) fn selects(selector: &Value, labels: &Value) -> bool {
    let asked = selector.as_object();
    asked.is_some_and(|asked| !asked.is_empty() && asked.iter().all(|(key, value)| labels.get(key) == Some(value)))
}

/// Every tree that the compiler made: those of the examples, and those of the cases that build.
pub(crate) fn trees(root: &Path) -> Vec<Tree> {
    let mut trees: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for example in entries(&root.join("examples")) {
        for environment in entries(&example.join("rendered")).iter().filter(|path| path.is_dir()) {
            let mut objects = Vec::new();
            gather(environment, &mut objects);
            trees.insert(format!("{}/{}", stem(&example), stem(environment)), objects);
        }
    }
    for case in entries(&root.join("tests/cases/build")) {
        for file in entries(&case.join("expected")) {
            if file.extension().is_some_and(|end| end == "yaml") && !stem(&file).ends_with(".delivery") {
                trees.insert(format!("{}/{}", stem(&case), stem(&file)), documents(&file));
            }
        }
    }
    trees.into_iter().map(|(name, objects)| Tree { name, objects }).collect()
}

fn gather(folder: &Path, objects: &mut Vec<Value>) {
    for path in entries(folder) {
        match path.is_dir() {
            true if stem(&path) == "delivery" => {}
            true => gather(&path, objects),
            false if path.extension().is_some_and(|end| end == "yaml") && stem(&path) != "kustomization" => {
                objects.extend(documents(&path));
            }
            false => {}
        }
    }
}

fn documents(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).expect("a golden file can be read");
    let documents = serde_yaml::Deserializer::from_str(&text);
    documents.map(|document| Value::deserialize(document).expect("YAML")).filter(|object| !object.is_null()).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    all.sort();
    all
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
