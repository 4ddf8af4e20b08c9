//! Everything that is emitted is created as it is: no field refused or dropped, no quantity written otherwise, no warning.

use crate::Figures;
use crate::api::{Api, items, name};
use crate::cluster::Shared;
use crate::systems::{self, Compiled, InFiles, in_files, printed};
use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};
use windlass::kube::Object;

const SUITE: &str = "accepted";
/// The same by the oldest server for which Windlass compiles.
const OLDEST: &str = "accepted by 1.33";
/// What a system is told that needs a newer one: for no replicas, a tolerance, a volume from an image, a claim of devices.
const NEEDS_NEWER: &[&str] = &["WL0411", "WL0417", "WL0802", "WL0803"];
/// Kinds of the systems' own, or of operators that Windlass emits nothing for: the server has no definition of them.
pub(crate) const WITHOUT_DEFINITION: &[&str] = &["AIModel", "Index", "ModelRegistry", "ModelVersion", "VirtualService"];

pub(crate) fn trials(cluster: &Shared, figures: &Figures) -> Vec<Trial> {
    let mut trials = Vec::new();
    let mut add = |name: String, compile: Box<dyn FnOnce() -> Result<Vec<Compiled>, String> + Send>| {
        let (cluster, figures) = (cluster.clone(), figures.clone());
        let judge = move || Judge { api: &cluster.get()?.api, suite: SUITE, figures: &figures }.judge(&compile()?);
        trials.push(Trial::test(format!("{SUITE}/{name}"), judge));
    };
    for system in in_files() {
        add(system.name.clone(), Box::new(move || systems::environments(&system.workspace, &system.path)));
    }
    for page in systems::pages() {
        add(page.clone(), Box::new(move || systems::blocks(&page)));
    }
    trials.extend(by_the_oldest(cluster, figures));
    trials
}

/// Each system for the oldest version, where it does not need a newer one.
fn by_the_oldest(cluster: &Shared, figures: &Figures) -> Vec<Trial> {
    let trial = |system: InFiles| {
        let (cluster, figures) = (cluster.clone(), figures.clone());
        Trial::test(format!("{SUITE}/oldest/{}", system.name), move || {
            let mut compiled = Vec::new();
            for (environment, made) in systems::for_oldest(&system.workspace, &system.path)? {
                match made {
                    Ok(objects) => compiled.push((environment, objects)),
                    Err((codes, _)) if codes.iter().all(|code| NEEDS_NEWER.contains(code)) => {
                        figures.add(OLDEST, format!("systems left out: {}", codes.join(", ")), 1);
                    }
                    Err((_, text)) => return Err(text.into()),
                }
            }
            Judge { api: &cluster.oldest()?.api, suite: OLDEST, figures: &figures }.judge(&compiled)
        })
    };
    in_files().into_iter().map(trial).collect()
}

/// A server, and the suite for which what it takes is counted.
struct Judge<'a> {
    api: &'a Api,
    suite: &'static str,
    figures: &'a Figures,
}

impl Judge<'_> {
    fn judge(&self, systems: &[Compiled]) -> Result<(), Failed> {
        let mut wrong = Vec::new();
        for (environment, objects) in systems {
            let complaints = self.apply(objects)?;
            wrong.extend(complaints.into_iter().map(|complaint| format!("{environment}: {complaint}")));
        }
        self.figures.add(self.suite, "systems for an environment", systems.len());
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
    }

    /// Creates the objects of a system, then takes them away; what the server has against them.
    fn apply(&self, objects: &[Object]) -> Result<Vec<String>, String> {
        let api = self.api;
        let mut wrong = Vec::new();
        let mut made = Vec::new();
        for object in objects {
            let (document, object) = delivered(printed(object)?);
            let kind = object["kind"].as_str().unwrap_or_default();
            if !api.serves(&object) && WITHOUT_DEFINITION.contains(&kind) {
                let what = format!("objects left out: the server has no definition of {kind}");
                self.figures.add(self.suite, what, 1);
                continue;
            }
            prepare(api, &object)?;
            let answer = api.apply(&object, &document)?;
            self.figures.add(self.suite, "objects", 1);
            wrong.extend(answer.warnings.iter().map(|warning| format!("{}: warning: {warning}", name(&object))));
            if !answer.is_accepted() {
                wrong.push(format!("{}: {}", name(&object), answer.message()));
                continue;
            }
            let live = api.get(&api.path(&object)?)?.accepted()?.body;
            wrong.extend(difference(&object, &live, "").map(|difference| format!("{}: {difference}", name(&object))));
            settle(api, &object)?;
            wrong.extend(self.pods(&object)?);
            made.push(object);
        }
        clear(api, &made)?;
        Ok(wrong)
    }

    /// What the server has against the pods of a workload: it looks at them when a controller makes them, and
    /// Pod Security, quotas and ranges of limits are of pods.
    fn pods(&self, object: &Value) -> Result<Vec<String>, String> {
        let api = self.api;
        let mut wrong = Vec::new();
        let mut templates = Vec::new();
        find_templates(object, &mut templates);
        for template in templates {
            let pod = pod_of(object, template);
            let class = &pod["spec"]["priorityClassName"];
            if class.as_str().is_some_and(|class| !class.starts_with("system-")) {
                let class = json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": class}, "value": 1000});
                api.create(&class)?;
            }
            let class = &pod["spec"]["runtimeClassName"];
            if class.is_string() {
                let class = json!({"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": class}, "handler": "runc"});
                api.create(&class)?;
            }
            let answer = api.create_dry(&pod)?;
            self.figures.add(self.suite, "pods of workloads", 1);
            wrong.extend(answer.warnings.iter().map(|warning| format!("pod of {}: warning: {warning}", name(object))));
            if !answer.is_accepted() {
                wrong.push(format!("pod of {}: {}", name(object), answer.message()));
            }
        }
        Ok(wrong)
    }
}

/// A secret that SOPS encrypts is decrypted by the delivery tool before the server sees it.
fn delivered((document, mut object): (String, Value)) -> (String, Value) {
    if object["sops"].is_null() {
        return (document, object);
    }
    object.as_object_mut().map(|object| object.remove("sops"));
    for (part, plain) in [("data", "cGxhaW4="), ("stringData", "plain")] {
        let values = object[part].as_object_mut().into_iter().flatten();
        values.for_each(|(_, value)| *value = plain.into());
    }
    if let Some(object) = object.as_object_mut() {
        object.retain(|_, value| !value.is_null());
    }
    (object.to_string(), object)
}

/// Takes objects away, but for their namespaces: nothing empties those here.
pub(crate) fn clear(api: &Api, made: &[Value]) -> Result<(), String> {
    for object in made.iter().rev().filter(|object| object["kind"] != "Namespace") {
        api.delete(object)?;
    }
    let definitions: Vec<&Value> = made.iter().filter(|object| object["kind"] == "CustomResourceDefinition").collect();
    definitions.iter().try_for_each(|definition| api.forget(definition))
}

/// Makes the namespace of an object that a system leaves to others.
pub(crate) fn prepare(api: &Api, object: &Value) -> Result<(), String> {
    if !api.is_namespaced(object) {
        return Ok(());
    }
    let Some(namespace) = object["metadata"]["namespace"].as_str() else { return Ok(()) };
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
    if !api.get(&api.path(&namespace)?)?.is_accepted() {
        api.create(&namespace)?.accepted()?;
    }
    Ok(())
}

/// Does what a controller does before others can go on: counts what a quota limits, serves a definition.
pub(crate) fn settle(api: &Api, object: &Value) -> Result<(), String> {
    match object["kind"].as_str() {
        Some("ResourceQuota") => {
            let hard = &object["spec"]["hard"];
            let names = hard.as_object().into_iter().flatten();
            let used: Value =
                names.map(|(name, _)| (name.clone(), json!("0"))).collect::<serde_json::Map<_, _>>().into();
            api.merge(object, "/status", &json!({"status": {"hard": hard, "used": used}}))?.accepted()?;
        }
        Some("CustomResourceDefinition") => api.serve_definitions()?,
        _ => {}
    }
    Ok(())
}

/// The templates of pods, wherever they are in a workload.
pub(crate) fn find_templates<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, inner)| {
            if key.to_lowercase().ends_with("template") && inner["spec"]["containers"].is_array() {
                found.push(inner);
            } else {
                find_templates(inner, found);
            }
        }),
        Value::Array(list) => list.iter().for_each(|inner| find_templates(inner, found)),
        _ => {}
    }
}

fn pod_of(object: &Value, template: &Value) -> Value {
    let mut pod = template.clone();
    pod["apiVersion"] = "v1".into();
    pod["kind"] = "Pod".into();
    pod["metadata"]["name"] = "pod".into();
    pod["metadata"]["namespace"] = object["metadata"]["namespace"].clone();
    // The controller of a StatefulSet adds the volumes of its claims.
    let claims = items(&object["spec"]["volumeClaimTemplates"]).map(|claim| {
        let name = &claim["metadata"]["name"];
        json!({"name": name, "persistentVolumeClaim": {"claimName": name}})
    });
    let volumes: Vec<Value> = items(&pod["spec"]["volumes"]).cloned().chain(claims).collect();
    if !volumes.is_empty() {
        pod["spec"]["volumes"] = volumes.into();
    }
    pod
}

/// The first place where what was written is not what is there. The server may add.
pub(crate) fn difference(written: &Value, live: &Value, path: &str) -> Option<String> {
    match (written, live) {
        (Value::Object(written), Value::Object(live)) => written.iter().find_map(|(key, value)| {
            let path = format!("{path}.{key}");
            // What it holds is read back as `data`.
            if path == ".stringData" {
                return None;
            }
            live.get(key).map_or_else(|| Some(format!("{path} is dropped")), |live| difference(value, live, &path))
        }),
        (Value::Array(written), Value::Array(live)) if written.len() == live.len() => written
            .iter()
            .zip(live)
            .enumerate()
            .find_map(|(index, (written, live))| difference(written, live, &format!("{path}[{index}]"))),
        _ if written == live => None,
        _ => Some(format!("{path} is {live}, not {written}")),
    }
}
