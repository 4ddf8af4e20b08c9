//! Laws that hold for every system, over generated ones.

use proptest::prelude::*;
use std::fmt::Write as _;
use windlass::diagnostic::{Diagnostic, Diagnostics};
use windlass::load::{Files, load};

/// A component of a generated system.
#[derive(Clone, Debug)]
struct Part {
    name: String,
    kind: &'static str,
    fields: Vec<String>,
}

fn part(number: usize) -> impl Strategy<Value = Part> {
    let kind = prop::sample::select(vec!["frontend", "backend"]);
    (kind, any::<prop::sample::Index>(), 1u16..4, any::<bool>(), any::<bool>()).prop_map(
        move |(kind, used, replicas, scaled, labelled)| {
            let mut fields = vec![
                format!("image: registry.example.com/c{number}:1.0.0"),
                "ports: {http: 8000, grpc: {port: 9000, target: 9001}}".to_owned(),
                "health: {ready: /ready, live: /live}".to_owned(),
                "resources: {requests: {cpu: 100m, memory: 128Mi}}".to_owned(),
            ];
            if number > 0 {
                fields.push(format!("uses: [c{}]", used.index(number)));
            }
            fields.push(if scaled {
                format!("scale: {{min: {replicas}, max: 9, cpu: 70}}")
            } else {
                format!("replicas: {replicas}")
            });
            if labelled {
                fields.push("labels: {team: a, cost: b}".to_owned());
            }
            Part { name: format!("c{number}"), kind, fields }
        },
    )
}

fn parts() -> impl Strategy<Value = Vec<Part>> {
    (1usize..6).prop_flat_map(|count| (0..count).map(part).collect::<Vec<_>>())
}

fn written(parts: &[Part]) -> String {
    let mut text = String::from("apiVersion: windlass/v1\nkind: System\nname: generated\ncomponents:\n");
    for part in parts {
        writeln!(text, "  {}:\n    kind: {}", part.name, part.kind).expect("text");
        part.fields.iter().for_each(|field| writeln!(text, "    {field}").expect("text"));
    }
    text
}

const ENVIRONMENT: &str =
    "apiVersion: windlass/v1\nkind: Environment\ntarget: {kubernetes: \"1.35\", features: [metrics-server]}\n";

fn compiled(system: &str, environment: &str) -> Vec<windlass::kube::Object> {
    let read = |path: &str| -> Result<Vec<u8>, Diagnostic> {
        Ok(if path == "system.yaml" { system.as_bytes().to_vec() } else { environment.as_bytes().to_vec() })
    };
    let mut found = Diagnostics::new();
    let (_, loaded) = load(
        Files { read: &read, expand: &|path| Ok(vec![path.into()]) },
        "system.yaml",
        &["environments/test.yaml".to_owned()],
        &mut found,
    );
    let loaded = loaded.unwrap_or_else(|| panic!("{found:?}\n{system}"));
    let compiled = windlass::compile(&loaded, &loaded.environments[0]);
    compiled.objects.unwrap_or_else(|| panic!("{:?}\n{system}", compiled.found))
}

fn stream(system: &str, environment: &str) -> String {
    windlass::stream(&compiled(system, environment)).expect("objects can be printed").concat()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_same_input_gives_the_same_bytes(parts in parts()) {
        let text = written(&parts);
        prop_assert_eq!(stream(&text, ENVIRONMENT), stream(&text, ENVIRONMENT));
    }

    #[test]
    fn the_order_of_components_and_fields_does_not_matter(parts in parts().prop_flat_map(|parts| {
        let shuffled: Vec<_> = parts.iter().map(|part| {
            let part = part.clone();
            Just(part.fields.clone()).prop_shuffle().prop_map(move |fields| Part { fields, ..part.clone() })
        }).collect();
        (Just(parts), shuffled.prop_flat_map(|parts| Just(parts).prop_shuffle()))
    })) {
        let (original, shuffled) = parts;
        prop_assert_eq!(stream(&written(&original), ENVIRONMENT), stream(&written(&shuffled), ENVIRONMENT));
    }

    #[test]
    fn an_empty_overlay_changes_nothing(parts in parts()) {
        let text = written(&parts);
        let mut overlay = format!("{ENVIRONMENT}components:\n");
        parts.iter().for_each(|part| writeln!(overlay, "  {}: {{}}", part.name).expect("text"));
        overlay.push_str("defaults: {all: {}, backend: {}}\noverrides: {all: {}}\nlabels: {}\n");
        prop_assert_eq!(stream(&text, ENVIRONMENT), stream(&text, &overlay));
    }

    #[test]
    fn rendering_then_reading_is_identity(parts in parts()) {
        use serde::Deserialize as _;
        let objects = compiled(&written(&parts), ENVIRONMENT);
        let text = windlass::stream(&objects).expect("objects can be printed").concat();
        let read: Vec<serde_json::Value> = serde_yaml::Deserializer::from_str(&text)
            .map(|document| serde_json::Value::deserialize(document).expect("an independent reader takes it"))
            .collect();
        let emitted: Vec<serde_json::Value> = objects.iter().map(windlass::kube::Object::json).collect();
        prop_assert_eq!(read, emitted);
    }

    #[test]
    fn no_text_makes_the_compiler_panic(parts in parts(), cut in any::<prop::sample::Index>(), junk in "[ -~\n]{0,12}") {
        let text = written(&parts);
        let at = cut.index(text.len());
        let broken = format!("{}{junk}{}", &text[..at], &text[at..]);
        let read = |path: &str| -> Result<Vec<u8>, Diagnostic> {
            Ok(if path == "system.yaml" { broken.as_bytes().to_vec() } else { ENVIRONMENT.as_bytes().to_vec() })
        };
        let mut found = Diagnostics::new();
        let (sources, loaded) = load(Files { read: &read, expand: &|path| Ok(vec![path.into()]) }, "system.yaml", &["environments/test.yaml".to_owned()], &mut found);
        if let Some(loaded) = loaded {
            found.extend(windlass::compile(&loaded, &loaded.environments[0]).found);
        }
        let shown = windlass::diagnostic::render(windlass::diagnostic::Format::Text, &sources, found.as_slice(), &windlass::diagnostic::Options::default());
        prop_assert!(found.is_empty() == shown.is_empty());
    }
}
