//! What the script of the page shows.

use super::super::super::{Class, Review, Verdict};
use super::super::lines::{self, Hunk, Line, Part};
use super::super::outline::{Outline, Row, Shared, Told};
use super::super::text::{place, rest, same_deliveries, subjects};
use super::super::{Report, words};
use crate::diagnostic::{self, sanitize};
use crate::diff::path::shown;
use crate::kube::{Content, Identity};
use crate::yaml;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Lines around a change.
const AROUND: usize = 3;
/// A page with more bytes of changes than this is no help to anyone.
const MOST: usize = 24 << 20;

/// A JSON document without a `<`, so that no part of it can end its script.
pub(super) fn of(report: &Report, outline: &Outline<'_>) -> String {
    let classes = classes(&report.reviews);
    let mut left = MOST;
    let objects: Vec<Value> = outline.objects.iter().map(|row| object(row, &classes, &mut left)).collect();
    let document = json!({
        "environments": outline.environments,
        "classes": Class::ALL.iter().map(|class| class.text()).collect::<Vec<_>>(),
        "risks": outline.risks.iter().map(risk).collect::<Vec<_>>(),
        "shared": outline.shared.iter().map(shared).collect::<Vec<_>>(),
        "objects": objects,
        "folded": if outline.folded > 0 { words::folded(outline.folded) } else { String::new() },
        "deliveries": deliveries(report),
    });
    diagnostic::json_line(&visible(document)).replace('<', "\\u003c")
}

/// The same data, in which nothing steers the direction of writing or hides.
fn visible(value: Value) -> Value {
    match value {
        Value::String(text) => sanitize::line(&text).into(),
        Value::Array(items) => items.into_iter().map(visible).collect(),
        Value::Object(members) => members.into_iter().map(|(key, value)| (key, visible(value))).collect(),
        other => other,
    }
}

/// The classes of the risks of each object.
fn classes(reviews: &[Review]) -> BTreeMap<&Identity, BTreeSet<Class>> {
    let mut classes: BTreeMap<&Identity, BTreeSet<Class>> = BTreeMap::new();
    for risk in reviews.iter().flat_map(|review| &review.risks) {
        classes.entry(&risk.identity).or_default().insert(risk.class);
    }
    classes
}

fn risk(told: &Told<'_>) -> Value {
    let risk = told.risk;
    let (before, after) = sides(risk.before.clone(), risk.after.clone());
    let stops = matches!(risk.verdict, Verdict::Denied | Verdict::Unacknowledged);
    json!({
        "class": risk.class.text(),
        "rule": risk.rule,
        "kind": risk.identity.kind,
        "objects": told.objects,
        "environments": told.environments,
        "what": risk.what,
        "field": risk.field,
        "before": before,
        "after": after,
        "reason": risk.reason,
        "help": risk.help,
        "causes": told.causes.iter().map(|cause| place(cause)).collect::<Vec<_>>(),
        "verdict": words::verdict(&risk.verdict),
        "stops": stops,
        "open": stops || words::is_grave(risk.class),
    })
}

/// Two values, with the words that differ where both are there.
fn sides(before: Option<String>, after: Option<String>) -> (Value, Value) {
    match (before, after) {
        (Some(before), Some(after)) if before != after => {
            let (before, after) = lines::words(&before, &after);
            (parts(&before), parts(&after))
        }
        (before, after) => (before.into(), after.into()),
    }
}

/// Parts in turn: what both sides have, what only this one has.
fn parts(all: &[Part]) -> Value {
    if let [Part { text, differs: false }] = all {
        return text.as_str().into();
    }
    let mut turns: Vec<String> = Vec::new();
    for part in all {
        if (turns.len() % 2 == 1) != part.differs {
            turns.push(String::new());
        }
        turns.push(part.text.clone());
    }
    turns.into()
}

fn shared(shared: &Shared<'_>) -> Value {
    let (before, after) = sides(shared.edit.before().map(shown), shared.edit.after().map(shown));
    json!({
        "field": shared.field,
        "before": before,
        "after": after,
        "count": shared.objects(),
        "environments": shared.counts.iter().map(|(at, _)| at).collect::<Vec<_>>(),
    })
}

fn object(row: &Row<'_>, classes: &BTreeMap<&Identity, BTreeSet<Class>>, left: &mut usize) -> Value {
    let change = row.change;
    let of = classes.get(&change.identity);
    let hunks = hunks(row);
    let size: usize = hunks.iter().flat_map(|hunk| &hunk.lines).map(|line| line.text().len() + 4).sum();
    let fits = size <= *left;
    *left -= if fits { size } else { 0 };
    let tail = if fits { rest(row) } else { Some("its text is left out: the page would be too large".to_owned()) };
    json!({
        "sign": words::sign(&change.how).to_string(),
        "how": words::how(&change.how),
        "kind": change.identity.kind,
        "name": change.identity.name,
        "title": row.name,
        "origin": words::origin(change),
        "component": change.component,
        "environments": row.environments,
        "classes": of.into_iter().flatten().map(|class| class.text()).collect::<Vec<_>>(),
        "fields": row.fields.len(),
        "paths": row.fields.iter().map(|field| field.path.to_string()).collect::<Vec<_>>(),
        "hunks": if fits { hunks.iter().map(hunk).collect::<Vec<_>>() } else { Vec::new() },
        "tail": tail,
    })
}

fn hunks(row: &Row<'_>) -> Vec<Hunk> {
    let text = |content: Option<&Content>| content.and_then(|content| yaml::to_yaml(content).ok()).unwrap_or_default();
    let (before, after) = (text(row.change.before.as_ref()), text(row.change.after.as_ref()));
    let found = lines::hunks(&before, &after, AROUND);
    if !found.is_empty() {
        return found;
    }
    // Values that are concealed, or written in another way that means something here.
    let line = |text: String| Line { sign: ' ', parts: vec![Part { text, differs: false }] };
    let lines = row.fields.iter().map(|field| line(format!("{}: changed", field.path))).collect();
    vec![Hunk { old: 1, new: 1, lines }]
}

fn hunk(hunk: &Hunk) -> Value {
    json!({"old": hunk.old, "new": hunk.new, "lines": hunk.lines.iter().map(line).collect::<Vec<_>>()})
}

/// A line as one text with its sign, or as its sign and its parts in turn.
fn line(line: &Line) -> Value {
    match parts(&line.parts) {
        Value::Array(turns) => std::iter::once(line.sign.to_string().into()).chain(turns).collect(),
        _ => format!("{}{}", line.sign, line.text()).into(),
    }
}

fn deliveries(report: &Report) -> Vec<Value> {
    let all = same_deliveries(report).into_iter().map(|(environments, waves)| {
        let waves: Vec<Value> = waves
            .iter()
            .map(|wave| {
                let names: Vec<String> = wave.objects.iter().map(|identity| words::object(identity, false)).collect();
                json!({
                    "phase": wave.name,
                    "objects": subjects(&names),
                    "waits": wave.waits,
                    "halfway": wave.halfway,
                })
            })
            .collect();
        json!({"environments": environments, "waves": waves})
    });
    all.collect()
}
