//! Input that means harm ends in a finding: no panic, no endless run. How long each takes is measured beside the tests.

use windlass::diagnostic::{Diagnostic, Diagnostics, code};
use windlass::load::{Files, load};

const ENVIRONMENT: &str =
    "apiVersion: windlass/v1\nkind: Environment\nname: production\ntarget: {kubernetes: \"1.35\"}\n";
const SYSTEM: &str = "apiVersion: windlass/v1\nkind: System\nname: shop\n";
const API: &str = "components:\n  api: {kind: backend, image: 'registry.example.com/api:1.0.0', ports: {http: 8000}}\n";

/// True where an error comes of a system and the file beside it.
fn is_refused(system: &[u8], beside: &[u8]) -> bool {
    let read = |path: &str| match path {
        "system.yaml" => Ok(system.to_vec()),
        "production.yaml" => Ok(ENVIRONMENT.into()),
        "beside.yaml" => Ok(beside.to_vec()),
        _ => Err(Diagnostic::error(code::FILE_UNREADABLE, "no such file")),
    };
    let expand = |pattern: &str| Ok(vec![pattern.to_owned()]);
    let mut found = Diagnostics::new();
    let files = Files { read: &read, expand: &expand };
    let (_, loaded) = load(files, "system.yaml", &["production.yaml".to_owned()], &mut found);
    for environment in loaded.iter().flat_map(|loaded| &loaded.environments) {
        let loaded = loaded.as_ref().expect("it was loaded");
        found.extend(windlass::compile(loaded, environment).found);
    }
    found.has_errors()
}

fn refuses(what: &str, system: &[u8], beside: &[u8]) {
    assert!(is_refused(system, beside), "{what} is taken");
}

#[test]
fn texts_that_are_no_systems_are_refused() {
    let bomb = (1..30).fold("a0: &a0 x\n".to_owned(), |text, at| {
        format!("{text}a{at}: &a{at} [{}]\n", vec![format!("*a{}", at - 1); 10].join(","))
    });
    let cases: [(&str, Vec<u8>); 12] = [
        ("a MiB of brackets", b"[".repeat(1 << 20)),
        ("a MiB of braces", b"{".repeat(1 << 20)),
        ("ten MB", b"a: b\n".repeat(2_000_000)),
        ("deep maps", (0..1400).flat_map(|at| [" ".repeat(at), "a:\n".into()]).collect::<String>().into_bytes()),
        ("a huge key", format!("{SYSTEM}{}: 1\n", "k".repeat(900_000)).into_bytes()),
        ("a long line", format!("{SYSTEM}x: {}\n", "[1, 2], ".repeat(100_000)).into_bytes()),
        ("many nodes", format!("{SYSTEM}x: [{}]\n", "1,".repeat(60_000)).into_bytes()),
        ("aliases of aliases", bomb.into_bytes()),
        ("a huge number", format!("{SYSTEM}components: {{api: {{replicas: {}}}}}\n", "9".repeat(100_000)).into_bytes()),
        ("a zero byte", b"apiVersion: \0windlass/v1\n".to_vec()),
        ("not UTF-8", vec![0xff, 0xfe, 0x80, 0x81]),
        ("quotes that never close", [SYSTEM.as_bytes(), b"x: \"", &b"a".repeat(900_000)].concat()),
    ];
    for (what, text) in cases {
        refuses(what, &text, b"");
        let with_file = format!("{SYSTEM}{API}manifests: [beside.yaml]\n");
        refuses(what, with_file.as_bytes(), &text);
    }
}

#[test]
fn quantities_and_times_that_are_too_large_are_refused() {
    for value in
        ["1e99999999", "9999999999999999999999999999999Ei", "0.0000000000000000000000000000001n", "1e-99999999"]
    {
        let system = format!("{SYSTEM}{API}")
            .replace("ports:", &format!("resources: {{requests: {{cpu: '{value}', memory: '{value}'}}}}, ports:"));
        refuses(value, system.as_bytes(), b"");
    }
}

#[test]
fn expressions_that_do_not_end_are_refused() {
    let over_and_over = "object.metadata.labels.all(a, ".repeat(20) + "true" + &")".repeat(20);
    for expression in [
        "(".repeat(8000),
        "[".repeat(8000),
        "!".repeat(8000) + "true",
        "a.".repeat(4000) + "a",
        "object.metadata.name.matches('(?:(?:(?:a{100}){100}){100}){100}')".into(),
        "object.metadata.name.matches('(' + object.metadata.name + '){1000}')".into(),
        "lists.range(9000000000).all(x, true)".into(),
        "'%.100000000f'.format([1.0]) == ''".into(),
        "quantity('1e999999999').isGreaterThan(quantity('1'))".into(),
        "[0,1,2,3,4,5,6,7,8,9]".to_owned() + &".map(a, [a,a,a,a,a,a,a,a,a,a])".repeat(8) + ".size() > 0",
        over_and_over,
    ] {
        let system = format!("{SYSTEM}{API}policies:\n  hostile:\n    expression: |\n      {expression}\n");
        refuses(&expression[..expression.len().min(60)], system.as_bytes(), b"");
    }
}
