//! Lays one layer over another.
//!
//! Promises: maps merge by key, deeply; scalars and every list replace; a choice replaces whole; `null`
//! takes away what lies below. Every value keeps its own place and those of the values it replaced.
//! An empty layer changes nothing.

use super::shape::{Record, Shape};
use super::{Entry, MANY, Map, Node, Value};
use crate::diagnostic::{Diagnostic, Diagnostics, code};
use crate::source::Span;
use rayon::prelude::*;

/// Lays `upper` over `lower`; both are in long form.
pub fn overlay(lower: &mut Node, upper: &Node, shape: &Shape) {
    if let (Value::Map(below), Value::Map(above)) = (&mut lower.value, &upper.value) {
        match shape.long() {
            Shape::Record(record) => return overlay_record(lower, upper, record),
            Shape::Map(map) => return overlay_map(below, above, |_| &map.value),
            Shape::Names(of) => {
                if let Shape::Map(map) = of.long() {
                    return overlay_map(below, above, |_| &map.value);
                }
            }
            Shape::Any => return overlay_map(below, above, |_| &Shape::Any),
            _ => {}
        }
    }
    replace(lower, upper);
}

/// Puts `upper` in the place of `lower` and remembers where that stood.
fn replace(lower: &mut Node, upper: &Node) {
    let mut node = upper.clone();
    node.replaced.push(lower.span);
    node.replaced.append(&mut lower.replaced);
    *lower = node;
}

fn overlay_map<'a>(below: &mut Map, above: &Map, value: impl Fn(&str) -> &'a Shape) {
    for (key, entry) in above {
        match below.get_mut(key) {
            Some(lower) => overlay(&mut lower.node, &entry.node, value(key)),
            None => {
                below.insert(key.clone(), entry.clone());
            }
        }
    }
}

fn overlay_record(lower: &mut Node, upper: &Node, record: &Record) {
    let Some(above) = upper.as_map() else { return };
    if changes_form(lower, above, record) {
        return replace(lower, upper);
    }
    let Some(below) = lower.as_map_mut() else { return };
    for key in excluded(above, record) {
        below.shift_remove(key);
    }
    drop_other_choice(below, above, record);
    overlay_map(below, above, |key| record.field(key).map_or(&Shape::Any, |field| &field.shape));
}

/// True where the upper layer writes a form that the lower one does not have.
fn changes_form(lower: &Node, above: &Map, record: &Record) -> bool {
    let written = |form: &&&str| above.get(**form).is_some_and(|entry| !entry.node.is_null());
    let has_another = |form: &str| record.forms.iter().any(|other| *other != form && lower.get(other).is_some());
    record.forms.iter().find(written).is_some_and(|form| lower.get(form).is_none() && has_another(form))
}

/// Takes away the fields of a choice that the upper layer makes differently.
fn drop_other_choice(below: &mut Map, above: &Map, record: &Record) {
    for (key, beside) in record.choice {
        let Some(word) = above.get(*key).and_then(|entry| entry.node.as_text()) else { continue };
        if below.get(*key).and_then(|entry| entry.node.as_text()) != Some(word) {
            below.retain(|field, _| field == key || beside.contains(&field.as_str()));
        }
    }
}

/// The keys that this layer drops from those below: the others of an exclusive group.
fn excluded<'a>(above: &'a Map, record: &'a Record) -> impl Iterator<Item = &'static str> + 'a {
    let decides =
        |key: &&&'static str| above.get(**key).is_some_and(|entry| !entry.node.is_null() && !entry.node.is_false());
    record.exclusive.iter().flat_map(move |group| {
        let winner = group.iter().find(decides);
        group.iter().copied().filter(move |key| winner.is_some_and(|winner| winner != key))
    })
}

/// Removes the `null`s that took something away; one that had nothing below it is a finding.
pub fn settle_nulls(node: &mut Node, found: &mut Diagnostics) {
    match &mut node.value {
        Value::Map(map) => {
            settle_entries(map, found);
            map.values().filter_map(null_over_nothing).for_each(|finding| found.push(finding));
            map.retain(|_, entry| !entry.node.is_null());
        }
        Value::List(items) => items.iter_mut().for_each(|item| settle_nulls(item, found)),
        Value::Null | Value::Scalar(_) => {}
    }
}

/// Those of a map of many entries on all cores; what is found is in their order.
fn settle_entries(map: &mut Map, found: &mut Diagnostics) {
    if map.len() < MANY {
        return map.values_mut().for_each(|entry| settle_nulls(&mut entry.node, found));
    }
    let settle = |entry: &mut Entry| {
        let mut found = Diagnostics::new();
        settle_nulls(&mut entry.node, &mut found);
        found
    };
    let of_entries: Vec<Diagnostics> = map.par_values_mut().map(settle).collect();
    of_entries.into_iter().for_each(|of_entry| found.extend(of_entry));
}

fn null_over_nothing(entry: &Entry) -> Option<Diagnostic> {
    let lonely = entry.node.is_null() && entry.node.replaced.is_empty();
    lonely.then(|| null_finding(entry.key, entry.node.span))
}

fn null_finding(key: Span, value: Span) -> Diagnostic {
    Diagnostic::error(code::EMPTY_NULL, "nothing is written here, and no layer below has a value to take away")
        .label(key, "this key has no value")
        .label(value, "")
        .reason("`null` (or nothing) takes away what a lower layer wrote, so that the built-in default holds again")
        .help("write a value, take the key away, or write `false` to switch the part off")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Node {
        let mut sources = crate::source::Sources::new();
        let file = sources.add("t.yaml", text);
        let mut found = Diagnostics::new();
        crate::yaml::parse(file, text, &mut found).expect("valid YAML").root
    }

    fn shown(node: &Node) -> String {
        match &node.value {
            Value::Null => "null".into(),
            Value::Scalar(scalar) => scalar.text.to_string(),
            Value::List(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(",")),
            Value::Map(map) => {
                let entry = |(key, entry): (&crate::document::Name, &Entry)| format!("{key}:{}", shown(&entry.node));
                format!("{{{}}}", map.iter().map(entry).collect::<Vec<_>>().join(","))
            }
        }
    }

    fn merged(lower: &str, upper: &str) -> String {
        let mut lower = parse(lower);
        overlay(&mut lower, &parse(upper), &Shape::Any);
        shown(&lower)
    }

    #[test]
    fn maps_merge_and_lists_replace() {
        assert_eq!(merged("{a: {x: 1, y: [1, 2]}, b: 1}", "{a: {y: [3]}, c: 2}"), "{a:{x:1,y:[3]},b:1,c:2}");
    }

    #[test]
    fn another_strategy_drops_the_fields_of_the_lower_one() {
        use crate::spec::{Rollout, Spec};
        let merged = |lower: &str, upper: &str| {
            let mut lower = parse(lower);
            overlay(&mut lower, &parse(upper), &Rollout::shape());
            shown(&lower)
        };
        let canary = "{strategy: canary, steps: [20], deadline: 5m}";
        assert_eq!(merged(canary, "{strategy: rolling, surge: 1}"), "{strategy:rolling,deadline:5m,surge:1}");
        assert_eq!(merged(canary, "{pause: 1h}"), "{strategy:canary,steps:[20],deadline:5m,pause:1h}");
        assert_eq!(merged(canary, "{strategy: canary}"), "{strategy:canary,steps:[20],deadline:5m}");
        assert_eq!(merged("{surge: 1}", canary), "{strategy:canary,steps:[20],deadline:5m}");
    }

    #[test]
    fn an_empty_layer_changes_nothing() {
        assert_eq!(merged("{a: {x: 1}}", "{a: {}}"), "{a:{x:1}}");
    }

    #[test]
    fn a_null_takes_away_and_a_lonely_null_is_a_finding() {
        let mut lower = parse("{a: 1, b: 2}");
        overlay(&mut lower, &parse("{a: null, c: null}"), &Shape::Any);
        let mut found = Diagnostics::new();
        settle_nulls(&mut lower, &mut found);
        assert_eq!(shown(&lower), "{b:2}");
        assert_eq!(found.count(crate::diagnostic::Severity::Error), 1);
    }
}
