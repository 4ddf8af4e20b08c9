//! Findings for code scanning: SARIF 2.1.0.
//!
//! Promises: every result has a rule, a place where there is any file, and a fingerprint that outlives edits;
//! columns count characters; paths are relative to the root of the sources, as URIs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::fingerprint::fingerprints;
use super::place::Place;
use super::{Code, Diagnostic, Suggestion, json as document};
use crate::source::Sources;

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

pub(super) fn render(sources: &Sources, findings: &[Diagnostic]) -> String {
    let rules: BTreeMap<&str, Code> = findings.iter().map(|found| (found.code.id, found.code)).collect();
    let prints = fingerprints(sources, findings);
    let results: Vec<Value> = findings
        .iter()
        .zip(prints)
        .map(|(found, print)| {
            let rule = rules.keys().position(|id| *id == found.code.id);
            result(sources, found, rule, &print)
        })
        .collect();
    document::document(&json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": driver(rules.values())},
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "the folder that Windlass ran in"}}},
            "results": results,
        }],
    }))
}

fn driver<'a>(codes: impl Iterator<Item = &'a Code>) -> Value {
    json!({
        "name": "Windlass",
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "rules": codes.map(rule).collect::<Vec<_>>(),
    })
}

fn rule(code: &Code) -> Value {
    json!({
        "id": code.id,
        "name": code.name,
        "shortDescription": {"text": code.summary},
        "fullDescription": {"text": code.summary},
        "help": {"text": format!("{} ({}); `windlass explain {}` prints its page", code.summary, code.name, code.id)},
    })
}

fn result(sources: &Sources, found: &Diagnostic, rule: Option<usize>, fingerprint: &str) -> Value {
    let mut result = json!({
        "ruleId": found.code.id,
        "ruleIndex": rule,
        "level": found.severity.word(),
        "message": {"text": message(found)},
        "locations": locations(sources, found),
        "partialFingerprints": {"windlassFinding/v1": fingerprint},
    });
    let related = related(sources, found);
    if !related.is_empty() {
        result["relatedLocations"] = related.into();
    }
    if let Some(change) = &found.suggestion {
        result["fixes"] = json!([fix(sources, change)]);
    }
    if let Some(environment) = &found.environment {
        result["properties"] = json!({"environment": environment});
    }
    result
}

fn message(found: &Diagnostic) -> String {
    let reason = found.reason.iter().map(|reason| format!("why: {reason}"));
    let help = found.help.iter().map(|help| format!("help: {help}"));
    std::iter::once(found.message.clone()).chain(reason).chain(help).collect::<Vec<_>>().join("\n")
}

fn locations(sources: &Sources, found: &Diagnostic) -> Vec<Value> {
    let mut location = Map::new();
    if let Some(place) = Place::of_or_first(sources, found) {
        location.insert("physicalLocation".into(), physical(place));
    }
    if let Some(label) = found.labels.first().filter(|label| !label.text.is_empty()) {
        location.insert("message".into(), json!({"text": label.text}));
    }
    if let Some(path) = &found.path {
        location.insert("logicalLocations".into(), json!([{"fullyQualifiedName": path, "kind": "member"}]));
    }
    if location.is_empty() { Vec::new() } else { vec![location.into()] }
}

fn related(sources: &Sources, found: &Diagnostic) -> Vec<Value> {
    let others = found.labels.iter().enumerate().skip(1);
    others
        .map(|(id, label)| {
            let physical = physical(Place::new(sources, label.span));
            let mut location = json!({"id": id, "physicalLocation": physical});
            if !label.text.is_empty() {
                location["message"] = json!({"text": label.text});
            }
            location
        })
        .collect()
}

fn fix(sources: &Sources, change: &Suggestion) -> Value {
    let place = Place::new(sources, change.span);
    json!({
        "description": {"text": if change.certain { "a certain fix" } else { "what was probably meant" }},
        "artifactChanges": [{
            "artifactLocation": artifact(place.file),
            "replacements": [{"deletedRegion": region(place), "insertedContent": {"text": change.replacement}}],
        }],
    })
}

fn physical(place: Place) -> Value {
    json!({"artifactLocation": artifact(place.file), "region": region(place)})
}

fn region(Place { start, end, .. }: Place) -> Value {
    json!({"startLine": start.line, "startColumn": start.column, "endLine": end.line, "endColumn": end.column})
}

/// A base id goes only with a relative reference.
fn artifact(path: &str) -> Value {
    match path.strip_prefix('/') {
        Some(rest) => json!({"uri": format!("file:///{}", uri(rest))}),
        None => json!({"uri": uri(path), "uriBaseId": "%SRCROOT%"}),
    }
}

/// The path with everything escaped that is not plain in a URI.
fn uri(path: &str) -> String {
    path.bytes().fold(String::new(), |mut uri, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            // Writing to a string cannot fail.
            _ => _ = write!(uri, "%{byte:02X}"),
        }
        uri
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uris() {
        assert_eq!(artifact("a b/é:#.yaml"), json!({"uri": "a%20b/%C3%A9%3A%23.yaml", "uriBaseId": "%SRCROOT%"}));
        assert_eq!(artifact("/srv/a.yaml"), json!({"uri": "file:///srv/a.yaml"}));
    }
}
