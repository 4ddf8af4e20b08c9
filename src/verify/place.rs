//! From a fault to the finding at the place where it was written.

use super::cel::{Outcome, Verdict};
use super::schema::{Fault, Focus, Walk};
use super::{Checked, is_secret, unknown_kinds};
use crate::diagnostic::{Diagnostic, code};
use crate::document::{Finding, Findings, Node, Path, Value};
use crate::kube::{Content, Object};

/// Turns faults into findings, in the order of the objects.
pub(super) struct Places<'f, 'r> {
    pub findings: &'f mut Findings<'r>,
}

impl Places<'_, '_> {
    pub(super) fn report(mut self, objects: &[Object], checked: Vec<Checked>) {
        let unknown = objects.iter().zip(&checked).filter(|(_, checked)| checked.unknown).map(|(object, _)| object);
        let unknown = unknown_kinds(unknown);
        for (object, checked) in objects.iter().zip(checked) {
            checked.faults.into_iter().for_each(|fault| self.push(object, fault));
        }
        self.findings.found.extend(unknown);
    }

    fn push(&mut self, object: &Object, fault: Fault) {
        match (&object.written, object.patched.is_empty()) {
            (Some(document), true) => self.findings.found.push(in_document(object, document, fault)),
            (_, false) => {
                let finding = at_patch(object, fault, self.findings.root());
                self.findings.push(finding);
            }
            // What cannot be told here says nothing about the compiler.
            (None, true) if fault.code == code::RULE_UNREAD => {}
            (None, true) => self.findings.found.push(bug(object, &fault)),
        }
    }
}

/// A rule that is not kept, as a fault.
pub(super) fn broken(verdict: Verdict, minor: u32) -> Fault {
    let Verdict { place, rule, message, outcome } = verdict;
    let fault = match outcome {
        Outcome::Broken => Walk::new(minor)
            .fault(code::RULE_BROKEN, message)
            .label(format!("breaks the rule `{rule}`"))
            .reason("the definition of the kind asks for it with `x-kubernetes-validations`; the API server refuses the object"),
        Outcome::Failed => Walk::new(minor)
            .fault(code::RULE_UNREAD, format!("the rule `{rule}` fails on this object: {message}"))
            .label("not checked")
            .reason("a rule that fails refuses the object; its evaluation here may differ from the API server's")
            .warning(),
        Outcome::Unread => Walk::new(minor)
            .fault(code::RULE_UNREAD, format!("the rule `{rule}` cannot be evaluated here: {message}"))
            .label("not checked")
            .reason("it uses what only the API server's own evaluation knows")
            .note(),
    };
    Fault { place, ..fault }
}

/// `spec.template.spec.containers[0].image`
fn pointer(place: &[String]) -> String {
    let mut text = String::new();
    for (at, step) in place.iter().enumerate() {
        let is_index = at > 0 && step.bytes().all(|b| b.is_ascii_digit());
        let is_plain = step.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        let (before, after) = match (is_plain && !is_index, at) {
            (true, 0) => ("", ""),
            (true, _) => (".", ""),
            (false, _) => ("[", "]"),
        };
        text.extend([before, step, after]);
    }
    text
}

fn message(object: &Object, fault: &Fault) -> String {
    let what = format!("the {} `{}`", object.identity.kind, object.identity.name);
    // The values of a Secret are never printed.
    let said = if is_secret(&object.identity) && fault.place.len() > 1 && fault.place[0].ends_with("ata") {
        "a value is not what its field takes"
    } else {
        &fault.message
    };
    if fault.place.is_empty() {
        format!("{said}, in {what}")
    } else {
        format!("{said}, at `{}` of {what}", pointer(&fault.place))
    }
}

fn in_document(object: &Object, document: &Node, fault: Fault) -> Diagnostic {
    let message = message(object, &fault);
    let path: Path = fault.place.iter().map(|step| step.as_str().into()).collect();
    let place = path.locate(document);
    let first = |node: &Node| node.as_map().and_then(|map| map.values().next()).map_or(node.span, |entry| entry.key);
    let is_map = matches!(place.node.value, Value::Map(_));
    let on_key = fault.focus == Focus::Key || !place.exact || is_map;
    let span = if on_key { place.key.unwrap_or_else(|| first(place.node)) } else { place.node.span };
    let finding = Diagnostic::new(fault.severity, fault.code, message).label(span, fault.label).reason(fault.reason);
    let finding = fault.help.into_iter().fold(finding, Diagnostic::help);
    match fault.suggestion {
        Some(text) if place.exact => finding.suggest(span, text, false),
        _ => finding,
    }
}

fn bug(object: &Object, fault: &Fault) -> Diagnostic {
    Diagnostic::new(
        fault.severity,
        code::BUG,
        format!("Windlass made an object that is not valid: {}", message(object, fault)),
    )
    .reason("this is a bug in Windlass, not in what was written")
    .help("report it with the system that shows it")
}

/// The patch that a fault most likely comes from: the one that reaches nearest to its place.
fn at_patch(object: &Object, fault: Fault, root: &Node) -> Finding {
    let message = message(object, &fault);
    let aimed = object.patched.iter().map(|patch| aim(patch, object, &fault.place, root));
    let best = aimed.max_by_key(|aim| aim.depth).unwrap_or_default();
    let finding = Finding::new(fault.severity, fault.code, best.path, message)
        .label(format!("after this patch: {}", fault.label))
        .reason(fault.reason);
    let finding = if fault.focus == Focus::Key || best.depth < fault.place.len() { finding.on_key() } else { finding };
    let finding = fault.help.into_iter().fold(finding, Finding::help);
    match fault.suggestion {
        Some(text) if best.depth == fault.place.len() => finding.suggest(text, false),
        _ => finding,
    }
}

/// A place in a patch, and how many steps of the fault's place it has.
#[derive(Default)]
struct Aim {
    path: Path,
    depth: usize,
}

fn aim(patch: &Path, object: &Object, place: &[String], root: &Node) -> Aim {
    let written = patch.locate(root);
    match &written.node.value {
        Value::List(operations) if written.exact => aim_operation(patch, operations, place),
        _ if written.exact => aim_merge(patch, written.node, &object.content, place),
        _ => Aim { path: patch.clone(), depth: 0 },
    }
}

/// An operation names its place itself.
fn aim_operation(patch: &Path, operations: &[Node], place: &[String]) -> Aim {
    let named = |operation: &Node| {
        let path = operation.get("path").and_then(Node::as_text)?;
        let steps: Vec<String> =
            path.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect();
        let common = steps.iter().zip(place).take_while(|(one, other)| one == other || one.as_str() == "-").count();
        Some(common)
    };
    let best = operations.iter().enumerate().filter_map(|(at, operation)| Some((named(operation)?, at))).max();
    match best {
        Some((depth, at)) if depth > 0 => {
            let operation = patch.join(&at);
            let field = if operations[at].get("value").is_some() { "value" } else { "path" };
            Aim { path: operation.join(field), depth }
        }
        _ => Aim { path: patch.clone(), depth: 0 },
    }
}

/// A merge follows the keys; the items of a list are told by a field of the object's item.
fn aim_merge(patch: &Path, layer: &Node, content: &Content, place: &[String]) -> Aim {
    let mut aim = Aim { path: patch.clone(), depth: 0 };
    let (mut layer, mut content) = (layer, Some(content));
    for step in place {
        let next = match &layer.value {
            Value::Map(map) => map.get(step.as_str()).map(|entry| (step.clone(), &entry.node)),
            Value::List(items) => same_item(items, content, step).map(|(at, node)| (at.to_string(), node)),
            Value::Null | Value::Scalar(_) => None,
        };
        content = match content {
            Some(Content::List(items)) => step.parse().ok().and_then(|at: usize| items.get(at)),
            Some(other) => other.get(step),
            None => None,
        };
        let Some((step, node)) = next else { break };
        aim = Aim { path: aim.path.join(&step), depth: aim.depth + 1 };
        layer = node;
    }
    aim
}

/// The item of a layer that became an item of the object.
fn same_item<'a>(items: &'a [Node], content: Option<&Content>, step: &str) -> Option<(usize, &'a Node)> {
    const BY: [&str; 6] = ["name", "containerPort", "port", "mountPath", "ip", "topologyKey"];
    let Some(Content::List(all)) = content else { return None };
    let item = all.get(step.parse::<usize>().ok()?)?;
    let text = |value: &Content| match value {
        Content::Text(text) => Some(text.to_string()),
        Content::Integer(number) => Some(number.to_string()),
        _ => None,
    };
    let (key, value) = BY.into_iter().find_map(|key| Some((key, text(item.get(key)?)?)))?;
    items.iter().enumerate().find(|(_, node)| node.get(key).and_then(Node::as_text) == Some(value.as_str()))
}

#[cfg(test)]
mod tests {
    use super::pointer;

    #[test]
    fn a_pointer_reads_like_a_path() {
        let place = |steps: &[&str]| pointer(&steps.iter().map(|step| (*step).to_owned()).collect::<Vec<_>>());
        assert_eq!(place(&["spec", "containers", "0", "image"]), "spec.containers[0].image");
        assert_eq!(place(&["metadata", "labels", "a.b/c"]), "metadata.labels[a.b/c]");
    }
}
