//! Each stage by itself, and the whole from text to stream, from 15 to 15,000 objects.
//!
//! A service gives five objects: account, Service, Deployment, autoscaler, network policy.

use divan::{Bencher, black_box};
use std::fmt::Write as _;
use windlass::diagnostic::{Diagnostic, Diagnostics};
use windlass::document::{Findings, Path};
use windlass::layers::merge;
use windlass::load::{Files, Loaded, load};
use windlass::spec::{Environment, System, decode};
use windlass::{check, compile, lower, resolve, stream, verify, yaml};

const OBJECTS: &[usize] = &[15, 150, 1_500, 15_000];

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PLACE: resolve::Place<'_> = resolve::Place { environment: "bench", output: "rendered/bench" };

fn main() {
    divan::main();
}

/// Components of one file: a file has at most 50,000 nodes.
const OF_A_FILE: usize = 500;

/// The files of a system of `objects / 5` services, each of which uses the one before it.
fn system(objects: usize) -> Vec<String> {
    let services = objects / 5;
    let mut files = vec![
        "apiVersion: windlass/v1\nkind: System\nname: bench\ninclude: [parts/*.yaml]\ncomponents: {}\n".to_owned(),
    ];
    for number in 0..services {
        if number % OF_A_FILE == 0 {
            files.push("components:\n".into());
        }
        let uses = if number == 0 {
            String::new()
        } else {
            format!("    env: {{PEER_URL: {{from: s{}.url}}, LOG_LEVEL: info}}\n", number - 1)
        };
        let text = files.last_mut().expect("the file was made");
        write!(
            text,
            "  s{number}:\n    kind: backend\n    image: registry.example.com/s{number}:1.0.0\n    ports: {{http: 8000}}\n\
             {uses}    health: {{ready: /ready, live: /live}}\n\
             \x20   resources: {{requests: {{cpu: 100m, memory: 128Mi}}}}\n    scale: {{min: 1, max: 5, cpu: 70}}\n"
        )
        .expect("text");
    }
    files
}

const ENVIRONMENT: &str =
    "apiVersion: windlass/v1\nkind: Environment\ntarget: {kubernetes: \"1.35\", features: [metrics-server]}\n";

fn loaded(files: &[String]) -> Loaded {
    let part = |path: &str| path.strip_prefix("parts/")?.strip_suffix(".yaml")?.parse::<usize>().ok();
    let read = |path: &str| -> Result<Vec<u8>, Diagnostic> {
        let text = match part(path) {
            Some(number) => &files[number],
            None if path == "system.yaml" => &files[0],
            None => ENVIRONMENT,
        };
        Ok(text.as_bytes().to_vec())
    };
    let expand = |_: &str| Ok((1..files.len()).map(|number| format!("parts/{number}.yaml")).collect());
    let mut found = Diagnostics::new();
    let files = Files { read: &read, expand: &expand };
    let (_, loaded) = load(files, "system.yaml", &["environments/bench.yaml".to_owned()], &mut found);
    loaded.unwrap_or_else(|| panic!("{found:?}"))
}

#[divan::bench(args = OBJECTS)]
fn load_and_normalise(bencher: Bencher<'_, '_>, objects: usize) {
    let text = system(objects);
    bencher.bench(|| loaded(black_box(&text)));
}

#[divan::bench(args = OBJECTS)]
fn merge_layers(bencher: Bencher<'_, '_>, objects: usize) {
    let loaded = loaded(&system(objects));
    let chain: Vec<_> = loaded.environments[0].chain.iter().map(AsRef::as_ref).collect();
    bencher.bench(|| merge(black_box(&loaded.system), &chain, &mut Diagnostics::new()));
}

#[divan::bench(args = OBJECTS)]
fn decode_spec(bencher: Bencher<'_, '_>, objects: usize) {
    let loaded = loaded(&system(objects));
    let chain: Vec<_> = loaded.environments[0].chain.iter().map(AsRef::as_ref).collect();
    let root = merge(&loaded.system, &chain, &mut Diagnostics::new());
    bencher.bench(|| decode::<System>(black_box(&root), Path::default(), &mut Diagnostics::new()));
}

#[divan::bench(args = OBJECTS)]
fn resolve_and_check(bencher: Bencher<'_, '_>, objects: usize) {
    let loaded = loaded(&system(objects));
    let chain: Vec<_> = loaded.environments[0].chain.iter().map(AsRef::as_ref).collect();
    let root = merge(&loaded.system, &chain, &mut Diagnostics::new());
    let system: System = decode(&root, Path::default(), &mut Diagnostics::new()).expect("valid");
    let environment: Environment =
        decode(root.get("environment").expect("merged"), Path::default(), &mut Diagnostics::new()).expect("valid");
    bencher.bench(|| {
        let mut findings = Findings::new(&root);
        let model = resolve::resolve(&system, &environment, PLACE, &loaded.contents, &mut findings).expect("resolves");
        check::check(model, &mut findings)
    });
}

#[divan::bench(args = OBJECTS)]
fn lower_model(bencher: Bencher<'_, '_>, objects: usize) {
    let loaded = loaded(&system(objects));
    let chain: Vec<_> = loaded.environments[0].chain.iter().map(AsRef::as_ref).collect();
    let root = merge(&loaded.system, &chain, &mut Diagnostics::new());
    let system: System = decode(&root, Path::default(), &mut Diagnostics::new()).expect("valid");
    let environment: Environment =
        decode(root.get("environment").expect("merged"), Path::default(), &mut Diagnostics::new()).expect("valid");
    let mut findings = Findings::new(&root);
    let model = resolve::resolve(&system, &environment, PLACE, &loaded.contents, &mut findings).expect("resolves");
    let valid = check::check(model, &mut findings).expect("valid");
    bencher.bench(|| lower::lower(black_box(&valid)));
}

#[divan::bench(args = OBJECTS)]
fn verify_objects(bencher: Bencher<'_, '_>, objects: usize) {
    let loaded = loaded(&system(objects));
    let chain: Vec<_> = loaded.environments[0].chain.iter().map(AsRef::as_ref).collect();
    let root = merge(&loaded.system, &chain, &mut Diagnostics::new());
    let system: System = decode(&root, Path::default(), &mut Diagnostics::new()).expect("valid");
    let environment: Environment =
        decode(root.get("environment").expect("merged"), Path::default(), &mut Diagnostics::new()).expect("valid");
    let mut findings = Findings::new(&root);
    let model = resolve::resolve(&system, &environment, PLACE, &loaded.contents, &mut findings).expect("resolves");
    let valid = check::check(model, &mut findings).expect("valid");
    let objects = lower::lower(&valid);
    bencher.bench(|| verify::verify(black_box(&objects), &valid, &loaded.manifests, &mut Findings::new(&root)));
}

#[divan::bench(args = OBJECTS)]
fn print_stream(bencher: Bencher<'_, '_>, objects: usize) {
    let loaded = loaded(&system(objects));
    let objects = compile(&loaded, &loaded.environments[0]).objects.expect("compiles");
    bencher.bench(|| stream(black_box(&objects)));
}

#[divan::bench(args = OBJECTS)]
fn whole(bencher: Bencher<'_, '_>, objects: usize) {
    let text = system(objects);
    bencher.bench(|| {
        let loaded = loaded(black_box(&text));
        let objects = compile(&loaded, &loaded.environments[0]).objects.expect("compiles");
        stream(&objects)
    });
}

#[divan::bench(args = OBJECTS)]
fn parse_yaml(bencher: Bencher<'_, '_>, objects: usize) {
    let files = system(objects);
    let mut sources = windlass::source::Sources::new();
    let id = sources.add("system.yaml", "");
    bencher.bench(|| {
        files.iter().map(|text| yaml::parse(id, black_box(text), &mut Diagnostics::new())).collect::<Vec<_>>()
    });
}
