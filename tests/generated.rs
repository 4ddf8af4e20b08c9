//! What is generated from the types, and must not go stale: schemas, the language reference, the list of
//! findings. `BLESS=1` writes them anew.
#![expect(clippy::disallowed_methods, reason = "the tests read and bless the files")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use windlass::diagnostic::code;
use windlass::document::shape::{Record, Shape};
use windlass::observe::{alert_facts, panel_facts};
use windlass::spec::{
    AlertPreset, Component, Document, Duration, Kind, PanelPreset, Runtime, Spec as _, environment_shape, schema,
    system_shape,
};

/// Compares a file of the repository with what it should be.
fn expect(path: &str, actual: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&file, actual).expect("the file can be written");
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(found == actual, "{path} is stale: run `BLESS=1 cargo test --test generated`");
}

#[test]
fn schemas_are_fresh() {
    for (document, path) in
        [(Document::System, "schemas/system.schema.json"), (Document::Environment, "schemas/environment.schema.json")]
    {
        let text = serde_json::to_string_pretty(&schema(document)).expect("a schema is JSON");
        expect(path, &format!("{text}\n"));
    }
}

#[test]
fn every_key_of_the_schemas_is_described() {
    for document in [Document::System, Document::Environment] {
        let schema = schema(document);
        let mut undescribed = Vec::new();
        find_undescribed(&schema, "", &mut undescribed);
        assert!(undescribed.is_empty(), "{undescribed:?}");
    }
}

fn find_undescribed(schema: &serde_json::Value, path: &str, undescribed: &mut Vec<String>) {
    let Some(object) = schema.as_object() else { return };
    let described = object.get("additionalProperties") == Some(&serde_json::Value::Bool(false));
    for (key, value) in object.get("properties").and_then(serde_json::Value::as_object).into_iter().flatten() {
        let here = format!("{path}.{key}");
        if described && value.get("description").and_then(serde_json::Value::as_str).is_none_or(str::is_empty) {
            undescribed.push(here.clone());
        }
        find_undescribed(value, &here, undescribed);
    }
    for (name, definition) in object.get("definitions").and_then(serde_json::Value::as_object).into_iter().flatten() {
        find_undescribed(definition, name, undescribed);
    }
}

#[test]
fn the_reference_is_fresh() {
    let mut text = String::from(
        "# Language reference\n\nEvery field, generated from the types that read it. A `*` marks what must be written. \
         `false` stands where a part can be switched off; `null` takes away what a lower layer wrote.\n",
    );
    let mut seen = BTreeSet::new();
    for shape in [system_shape(), environment_shape()] {
        if let Shape::Record(record) = shape {
            describe(record, &mut seen, &mut text);
        }
    }
    expect("docs/reference.md", &text);
}

/// A section for the record, then for the records in it.
fn describe(record: &'static Record, seen: &mut BTreeSet<&'static str>, text: &mut String) {
    if !seen.insert(record.name) {
        return;
    }
    let is_component = record.name == Component::record().name;
    let head = if is_component {
        "| key | value | what | kinds |\n|---|---|---|---|"
    } else {
        "| key | value | what |\n|---|---|---|"
    };
    writeln!(text, "\n## {}\n\n{}\n\n{head}", record.name, sentence(record.doc)).expect("text");
    for field in &record.fields {
        let star = if field.required { "*" } else { "" };
        let kinds = if is_component { format!(" {} |", kinds(field.key)) } else { String::new() };
        let value = value(&field.shape).replace('|', "\\|");
        writeln!(text, "| `{}`{star} | {value} | {} |{kinds}", field.key, sentence(field.doc).replace('|', "\\|"))
            .expect("text");
    }
    for field in &record.fields {
        inner(&field.shape, seen, text);
    }
}

fn inner(shape: &Shape, seen: &mut BTreeSet<&'static str>, text: &mut String) {
    match shape.long() {
        Shape::Record(record) => describe(record, seen, text),
        Shape::List(of) | Shape::OneOrMore(of) | Shape::Names(of) => inner(of, seen, text),
        Shape::Map(map) => {
            inner(&map.value, seen, text);
            map.folder.iter().for_each(|folder| inner(folder, seen, text));
        }
        _ => {}
    }
}

fn kinds(field: &str) -> String {
    let having: Vec<&str> = Kind::that_have(field).collect();
    if having.len() == Kind::ALL.len() { "all".into() } else { having.join(", ") }
}

/// What may stand there, in a few words.
fn value(shape: &Shape) -> String {
    match shape {
        Shape::Any => "anything".into(),
        Shape::Scalar => "text, number, true or false".into(),
        Shape::Bool => "`true`, `false`".into(),
        Shape::Integer { least, most } if *most >= i64::from(i32::MAX) - 1 => format!("number ≥ {least}"),
        Shape::Integer { least, most } => format!("number {least}–{most}"),
        Shape::Text(text) => {
            format!("{}: `{}`", text.what.trim_start_matches("a ").trim_start_matches("an "), text.example)
        }
        Shape::Word(words) => words.iter().map(|word| format!("`{}`", word.text)).collect::<Vec<_>>().join(", "),
        Shape::List(of) => format!("list of: {}", value(of)),
        Shape::OneOrMore(of) => format!("{}, or a list of them", value(of)),
        Shape::Map(map) => format!("map from {}: {}", map.key, value(&map.value)),
        Shape::Names(of) => format!("list of names, or {}", value(of)),
        Shape::Record(record) => format!("[{}](#{})", record.name, record.name.to_lowercase().replace(' ', "-")),
        Shape::Short { key, record } => match record.long() {
            Shape::Record(long) => format!(
                "{}, short for `{key}`; or {}",
                long.field(key).map(|field| value(&field.shape)).unwrap_or_default(),
                value(record)
            ),
            _ => value(record),
        },
        Shape::Switch(of) => format!("`false`, or {}", value(of)),
        Shape::Toggle(of) => format!("`true`, or {}", value(of)),
    }
}

fn sentence(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The tables of the runtimes stand between two marks in a text that is written by hand.
#[test]
fn the_tables_of_the_runtimes_are_fresh() {
    let path = "docs/servers.md";
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let page = std::fs::read_to_string(file).expect("the page is there");
    let (before, rest) = page.split_once("<!-- runtimes -->").expect("the page has the first mark");
    let (_, after) = rest.split_once("<!-- /runtimes -->").expect("the page has the second mark");
    let mut tables = String::new();
    for runtime in Runtime::ALL.iter().filter(|runtime| **runtime != Runtime::Custom) {
        let title = windlass::runtime::server(*runtime).title();
        write!(tables, "\n### {title}: `runtime: {runtime}`\n\n{}", windlass::runtime::table(*runtime)).expect("text");
    }
    expect(path, &format!("{before}<!-- runtimes -->\n{tables}\n<!-- /runtimes -->{after}"));
}

#[test]
fn the_list_of_findings_is_fresh() {
    let mut text = String::from(
        "# Findings\n\nEvery finding has a code that never changes its meaning.\n\n| code | name | what it says |\n|---|---|---|\n",
    );
    for code in code::ALL {
        writeln!(text, "| `{}` | {} | {} |", code.id, code.name, code.summary).expect("text");
    }
    expect("docs/findings.md", &text);
}

#[test]
fn codes_are_unique_and_in_order() {
    let ids: Vec<&str> = code::ALL.iter().map(|code| code.id).collect();
    let mut sorted = ids.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(ids, sorted, "a number stands twice, or out of order");
    let names: BTreeSet<&str> = code::ALL.iter().map(|code| code.name).collect();
    assert_eq!(names.len(), code::ALL.len(), "two codes share a name");
}

/// The part of a page between `<!-- name -->` and `<!-- end -->`.
fn expect_part(path: &str, name: &str, actual: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let page = std::fs::read_to_string(&file).expect("the page is there");
    let (before, rest) = page.split_once(&format!("<!-- {name} -->\n")).expect("the part begins");
    let (found, after) = rest.split_once("<!-- end -->").expect("the part ends");
    if std::env::var_os("BLESS").is_some() {
        let blessed = format!("{before}<!-- {name} -->\n{actual}<!-- end -->{after}");
        return std::fs::write(&file, blessed).expect("the page can be written");
    }
    assert!(found == actual, "{path} is stale: run `BLESS=1 cargo test --test generated`");
}

#[test]
fn the_tables_of_presets_are_fresh() {
    let mut alerts =
        String::from("| preset | of | says | when | for | severity | asks for |\n|---|---|---|---|---|---|---|\n");
    for preset in AlertPreset::ALL {
        let facts = alert_facts(*preset);
        let sign = if facts.above { "above" } else { "below" };
        let (bound, lasts) = (facts.threshold, Duration(facts.lasts));
        let of = facts.of;
        let (severity, series) = (facts.severity, facts.series);
        let what = words(&AlertPreset::shape(), preset.text());
        writeln!(alerts, "| `{preset}` | {of} | {what} | {sign} {bound} | {lasts} | {severity} | {series} |")
            .expect("text");
    }
    expect_part("docs/observability.md", "alerts", &alerts);
    let mut panels = String::from("| preset | of | shows | unit | asks for |\n|---|---|---|---|---|\n");
    for preset in PanelPreset::ALL {
        let facts = panel_facts(*preset);
        let (of, unit, series) = (facts.of, facts.unit, facts.series);
        let what = words(&PanelPreset::shape(), preset.text());
        writeln!(panels, "| `{preset}` | {of} | {what} | `{unit}` | {series} |").expect("text");
    }
    expect_part("docs/observability.md", "panels", &panels);
}

/// What a word of a closed list means.
fn words(shape: &Shape, text: &str) -> String {
    let Shape::Word(words) = shape else { return String::new() };
    words.iter().find(|word| word.text == text).map(|word| sentence(word.doc)).unwrap_or_default()
}
