//! The generator of the schemas that come with the compiler, and the test that keeps them fresh.
//!
//! The bundle of Kubernetes is made of the source of the typed crate that the compiler is built with, for
//! each of its versions, and of `schemas/bundles/completions.txt`. The bundles of operators are made of
//! their definitions, which `schemas/bundles/sources.txt` names; they are read anew where `CRDS` is the
//! folder of a module cache that has them. `BLESS=1` writes what differs.
#![expect(clippy::disallowed_methods, reason = "the generator reads sources and writes bundles")]

mod complete;
mod encode;
mod kubernetes;

use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use windlass::verify::schema::Schemas;
use windlass::verify::schema::bundle::{KUBERNETES, OPERATORS, decode};
use windlass::verify::schema::definition;

/// The most that one version of Kubernetes, or one operator, may take.
const LIMIT: usize = 30 * 1024;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/bundles")
}

/// Compares a bundle with what the generator makes, or writes it.
fn up_to_date(name: &str, schemas: &Schemas) {
    let made = encode::encode(schemas);
    let path = folder().join(format!("{name}.bin"));
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &made).expect("the bundle can be written");
        return;
    }
    let written = fs::read(&path).unwrap_or_default();
    assert!(
        made == written,
        "{name}.bin is not what the generator makes of its sources; run with BLESS=1, then run all tests"
    );
}

#[test]
fn kubernetes_is_up_to_date() {
    up_to_date("kubernetes", &kubernetes::schemas(&folder().join("completions.txt")));
}

#[test]
fn operators_are_up_to_date() {
    let sources = fs::read_to_string(folder().join("sources.txt")).expect("sources.txt");
    let mut bundles: BTreeMap<&str, Schemas> = BTreeMap::new();
    let modules = std::env::var_os("CRDS").map(PathBuf::from);
    for line in sources.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        let (Some(bundle), Some(module)) = (words.next(), words.next()) else { continue };
        let base = match (module, &modules) {
            ("-", _) => folder(),
            (module, Some(modules)) => modules.join(module),
            (_, None) => continue,
        };
        let schemas = bundles.entry(bundle).or_default();
        for file in words {
            for definition in definitions(&base.join(file)) {
                definition::add(schemas, &definition).expect("a definition");
            }
        }
    }
    for (bundle, schemas) in &bundles {
        up_to_date(bundle, schemas);
    }
}

/// The definitions of a file, without what is said about the state of objects.
fn definitions(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let documents = serde_yaml::Deserializer::from_str(&text);
    let documents = documents.map(|document| serde::Deserialize::deserialize(document).expect("YAML"));
    let mut all: Vec<Value> = Vec::new();
    for document in documents {
        match document {
            Value::Object(mut map) if map.contains_key("definitions") => {
                all.extend(map.remove("definitions").and_then(|all| all.as_array().cloned()).unwrap_or_default());
            }
            Value::Null => {}
            document => all.push(document),
        }
    }
    all.iter_mut().for_each(without_status);
    all
}

fn without_status(definition: &mut Value) {
    let versions = definition.pointer_mut("/spec/versions").and_then(Value::as_array_mut);
    for version in versions.into_iter().flatten() {
        if let Some(status) = version.pointer_mut("/schema/openAPIV3Schema/properties/status") {
            *status = serde_json::json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
        }
    }
}

#[test]
fn bundles_are_small_and_in_their_shortest_form() {
    if std::env::var_os("BLESS").is_some() {
        // What is being written is part of the program only when it is built again.
        return;
    }
    for (name, bundle) in OPERATORS.iter().copied().chain([("kubernetes", &KUBERNETES)]) {
        let size = bundle.bytes().len();
        assert!(size <= LIMIT, "{name}.bin takes {size} bytes");
        let schemas = decode(bundle.bytes()).expect("it can be read");
        assert!(encode::encode(&schemas) == bundle.bytes(), "{name}.bin was not written by the generator");
    }
}
