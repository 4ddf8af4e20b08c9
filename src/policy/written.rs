//! The expressions of a file, as soon as it is read: what is wrong with one is told at its very place.

use super::condition::About;
use super::expression::{Expression, Flaw, deep};
use crate::diagnostic::{Diagnostic, Diagnostics, code};
use crate::document::{Node, Value};
use crate::source::Span;
use crate::yaml::inside;

/// Checks the expressions of the rules that a document writes under `policies`.
pub fn check_rules(document: &Node, file: &str, found: &mut Diagnostics) {
    let rules = document.get("policies").and_then(Node::as_map);
    let mut expressions = Vec::new();
    for entry in rules.into_iter().flat_map(crate::document::Map::values) {
        expressions.extend(["expression", "messageExpression"].into_iter().filter_map(|field| entry.node.get(field)));
        for field in ["matchConditions", "variables"] {
            let named = entry.node.get(field).and_then(Node::as_map);
            expressions.extend(named.into_iter().flat_map(|named| named.values().map(|entry| &entry.node)));
        }
    }
    check(&expressions, file, found);
}

/// Checks the selectors of devices that components and profiles write under `gpu`.
pub fn check_selectors(document: &Node, file: &str, found: &mut Diagnostics) {
    let maps = ["components", "profiles"].into_iter().filter_map(|key| document.get(key).and_then(Node::as_map));
    let claims = maps.flat_map(crate::document::Map::values).filter_map(|entry| entry.node.get("gpu")?.get("claim"));
    let lists = claims.filter_map(|claim| match &claim.get("selectors")?.value {
        Value::List(selectors) => Some(selectors),
        _ => None,
    });
    for selector in lists.flatten() {
        let Some(text) = selector.as_text() else { continue };
        let Some(misfit) = About::Device.misfit(text) else { continue };
        let place = inside(selector.span, file, text, misfit.at);
        let finding = Diagnostic::error(code::OBJECT_DEVICES, misfit.message)
            .label(place, "not a condition")
            .reason("the API server reads the selectors of a claim, and refuses what is no condition");
        found.push(match misfit.meant {
            Some(name) => finding.help(format!("did you mean `{name}`?")).suggest(place, name, false),
            None => finding.help("a selector is a condition in CEL about `device`"),
        });
    }
}

/// Checks the expressions of an admission policy, and that it is one.
pub fn check_admission(document: &Node, file: &str, found: &mut Diagnostics) {
    if document.get("kind").and_then(Node::as_text) != Some(super::admission::POLICY) {
        return;
    }
    let Some(spec) = document.get("spec") else { return };
    let mut expressions = Vec::new();
    for (list, fields) in [
        ("validations", &["expression", "messageExpression"][..]),
        ("matchConditions", &["expression"][..]),
        ("variables", &["expression"][..]),
    ] {
        let Some(Value::List(items)) = spec.get(list).map(|list| &list.value) else { continue };
        expressions.extend(items.iter().flat_map(|item| fields.iter().filter_map(|field| item.get(field))));
    }
    check(&expressions, file, found);
}

fn check(expressions: &[&Node], file: &str, found: &mut Diagnostics) {
    if expressions.is_empty() {
        return;
    }
    let flaws = deep(|| {
        let flaw = |node: &&&Node| Expression::compile(node.as_text()?, None).err();
        expressions.iter().map(|node| flaw(&node)).collect::<Vec<_>>()
    });
    for (at, node) in expressions.iter().enumerate() {
        let text = node.as_text().unwrap_or_default();
        match flaws.as_ref().map(|flaws| &flaws[at]) {
            Some(Some(flaw)) => found.push(finding(flaw, inside(node.span, file, text, flaw.at.clone()))),
            Some(None) => {}
            None => found.push(unreadable(node.span)),
        }
    }
}

/// The finding about a flaw at its place.
pub(super) fn finding(flaw: &Flaw, place: Span) -> Diagnostic {
    let finding = Diagnostic::error(code::POLICY_EXPRESSION, flaw.message.clone())
        .label(place, flaw.label.clone())
        .reason("an expression is CEL with the variables and functions of a ValidatingAdmissionPolicy")
        .help(flaw.help.clone());
    match &flaw.suggestion {
        Some(text) => finding.suggest(place, text.clone(), false),
        None => finding,
    }
}

fn unreadable(place: Span) -> Diagnostic {
    Diagnostic::error(code::POLICY_EXPRESSION, "this is not an expression in CEL")
        .label(place, "not understood")
        .help("an expression is one condition, such as `object.spec.replicas >= 2`")
}
