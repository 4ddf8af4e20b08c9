//! ValidatingAdmissionPolicies and their bindings, as rules.
//!
//! Promises: what a policy would refuse when an object is created, a rule refuses before; a binding says
//! what a broken rule is, what it is asked of, and with which parameters. Without a binding among the
//! files a policy stands for itself, as if it were bound to everything with `Deny`.

use super::matching::{Constraints, ResourceRule, Selector, Subjects};
use super::rule::{Compiler, Part, Rule, Validation};
use super::value;
use crate::diagnostic::{Diagnostic, Severity, code};
use crate::document::{Node, Value};
use crate::kube::Object;
use kube_cel::cel;
use std::sync::Arc;

pub(super) const POLICY: &str = "ValidatingAdmissionPolicy";
const BINDING: &str = "ValidatingAdmissionPolicyBinding";

/// The rules of documents; parameters are looked for among them, then among the objects.
pub(super) fn rules(documents: &[Arc<Node>], objects: &[Object], found: &mut Vec<Diagnostic>) -> Vec<Rule> {
    let of_kind = |kind: &'static str| documents.iter().filter(move |document| text(document, "kind") == Some(kind));
    let mut rules = Vec::new();
    for policy in of_kind(POLICY) {
        let Some(name) = policy.get("metadata").and_then(|metadata| text(metadata, "name")) else {
            found.push(incomplete(policy, "metadata.name"));
            continue;
        };
        let Some(compiled) = compile(policy, name, found) else { continue };
        let bound = |binding: &&Arc<Node>| binding.get("spec").and_then(|spec| text(spec, "policyName")) == Some(name);
        let mut bindings = of_kind(BINDING).filter(bound).peekable();
        if bindings.peek().is_none() {
            rules.push(Rule { params: params(policy, None, documents, objects, found), ..compiled });
            continue;
        }
        for binding in bindings {
            let mut rule = compiled.clone();
            rule.severity = severity(binding);
            rule.params = params(policy, Some(binding), documents, objects, found);
            if let Some(matched) = binding.get("spec").and_then(|spec| spec.get("matchResources")) {
                let Subjects::Admission(all) = &mut rule.subjects else { continue };
                all.push(constraints(matched));
            }
            rules.push(rule);
        }
    }
    rules
}

fn compile(policy: &Node, name: &str, found: &mut Vec<Diagnostic>) -> Option<Rule> {
    let Some(spec) = policy.get("spec") else {
        found.push(incomplete(policy, "spec"));
        return None;
    };
    let mut compiler = Compiler::new();
    let named = |list: &str| {
        let parts = items(spec.get(list)).filter_map(|item| {
            let expression = item.get("expression")?;
            Some((text(item, "name").unwrap_or_default(), expression.as_text()?, expression.span))
        });
        parts.collect::<Vec<_>>()
    };
    let mut conditions: Vec<Part> = Vec::new();
    for (name, text, place) in named("matchConditions") {
        conditions.extend(compiler.part(name, text, place));
    }
    let mut variables: Vec<Part> = Vec::new();
    for (name, text, place) in named("variables") {
        variables.extend(compiler.variable(name, text, place));
    }
    let validations: Vec<Validation> =
        items(spec.get("validations")).filter_map(|item| validation(item, name, &mut compiler)).collect();
    if validations.is_empty() && compiler.flaws.is_empty() {
        compiler.flaws.push(incomplete(policy, "spec.validations"));
    }
    let Some(matched) = spec.get("matchConstraints") else {
        found.push(incomplete(policy, "spec.matchConstraints"));
        return None;
    };
    if !compiler.flaws.is_empty() {
        found.append(&mut compiler.flaws);
        return None;
    }
    Some(Rule {
        name: name.into(),
        subjects: Subjects::Admission(vec![constraints(matched)]),
        conditions,
        variables,
        validations,
        params: Vec::new(),
        severity: Severity::Error,
        fails: text(spec, "failurePolicy") != Some("Ignore"),
    })
}

fn validation(item: &Node, name: &str, compiler: &mut Compiler) -> Option<Validation> {
    let expression = item.get("expression")?;
    let condition = compiler.part(name, expression.as_text()?, expression.span)?;
    let message = item.get("messageExpression").and_then(|message| Some((message.as_text()?, message.span)));
    Some(Validation {
        condition,
        message: text(item, "message").map(str::to_owned),
        message_expression: message
            .and_then(|(text, place)| compiler.part(name, text, place))
            .map(|part| part.expression),
    })
}

/// The heaviest of what a binding does.
fn severity(binding: &Node) -> Severity {
    let actions = binding.get("spec").and_then(|spec| spec.get("validationActions"));
    let of = |action: &str| match action {
        "Deny" => Severity::Error,
        "Warn" => Severity::Warning,
        _ => Severity::Note,
    };
    items(actions).filter_map(Node::as_text).map(of).min().unwrap_or(Severity::Error)
}

/// The values of `params`: one for each object that a binding names, nothing where the policy takes none.
fn params(
    policy: &Node,
    binding: Option<&Arc<Node>>,
    documents: &[Arc<Node>],
    objects: &[Object],
    found: &mut Vec<Diagnostic>,
) -> Vec<cel::Value> {
    let Some(kind) = policy.get("spec").and_then(|spec| spec.get("paramKind")) else { return vec![cel::Value::Null] };
    let reference = binding.and_then(|binding| binding.get("spec")).and_then(|spec| spec.get("paramRef"));
    let wanted = reference.and_then(|reference| text(reference, "name"));
    let is_kind = |api_version: Option<&str>, named: Option<&str>| {
        api_version == text(kind, "apiVersion") && named == text(kind, "kind")
    };
    let selected = |name: Option<&str>| wanted.is_none_or(|wanted| name == Some(wanted));
    let of_documents = documents.iter().filter(|document| {
        is_kind(text(document, "apiVersion"), text(document, "kind"))
            && selected(document.get("metadata").and_then(|metadata| text(metadata, "name")))
    });
    let of_objects = objects.iter().filter(|object| {
        let identity = &object.identity;
        is_kind(Some(&identity.api_version), Some(&identity.kind)) && selected(Some(&identity.name))
    });
    let mut values: Vec<cel::Value> = of_documents.map(|document| value::of_json(&document.to_json())).collect();
    values.extend(of_objects.map(|object| value::of_content(&object.content)));
    let allows = reference.and_then(|reference| text(reference, "parameterNotFoundAction")) == Some("Allow");
    if values.is_empty() && !allows {
        found.push(without_params(reference.unwrap_or(kind), wanted));
    }
    values
}

fn without_params(place: &Node, wanted: Option<&str>) -> Diagnostic {
    let what = wanted.map_or_else(|| "no object with the parameters".into(), |name| format!("no `{name}`"));
    let span = place.as_map().and_then(|map| map.values().next()).map_or(place.span, |entry| entry.key);
    Diagnostic::note(code::POLICY_UNREAD, format!("there is {what} of this policy here, so it is not asked"))
        .label(span, "not among the files, nor among what is emitted")
        .reason("parameters are objects of the cluster, and nothing is read from a cluster")
        .help("put the object with the parameters into a file that `file` names")
}

fn constraints(matched: &Node) -> Constraints {
    let exact = text(matched, "matchPolicy") == Some("Exact");
    let list = |field: &str| items(matched.get(field)).map(|item| resource_rule(item, exact)).collect::<Vec<_>>();
    Constraints {
        rules: matched.get("resourceRules").is_some().then(|| list("resourceRules")),
        excluded: list("excludeResourceRules"),
        object: matched.get("objectSelector").map(selector),
        namespace: matched.get("namespaceSelector").map(selector),
    }
}

fn resource_rule(item: &Node, exact: bool) -> ResourceRule {
    let texts = |field: &str| items(item.get(field)).filter_map(Node::as_text).map(str::to_owned).collect();
    ResourceRule {
        groups: texts("apiGroups"),
        versions: if exact { texts("apiVersions") } else { Vec::new() },
        operations: texts("operations"),
        resources: texts("resources"),
        names: texts("resourceNames"),
        scope: text(item, "scope").map(str::to_owned),
    }
}

fn selector(node: &Node) -> Selector {
    let labels = node.get("matchLabels").and_then(Node::as_map).into_iter().flatten();
    let label = |(key, entry): (&crate::document::Name, &crate::document::Entry)| {
        Some((key.to_string(), entry.node.as_text()?.to_owned()))
    };
    let expression = |item: &Node| {
        let values = items(item.get("values")).filter_map(Node::as_text).map(str::to_owned).collect();
        Some((text(item, "key")?.to_owned(), text(item, "operator")?.to_owned(), values))
    };
    Selector {
        labels: labels.filter_map(label).collect(),
        expressions: items(node.get("matchExpressions")).filter_map(expression).collect(),
    }
}

fn text<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    node.get(key).and_then(Node::as_text)
}

fn items(node: Option<&Node>) -> impl Iterator<Item = &Node> {
    match node.map(|node| &node.value) {
        Some(Value::List(items)) => items.iter(),
        _ => [].iter(),
    }
}

fn incomplete(policy: &Node, field: &str) -> Diagnostic {
    let first = policy.as_map().and_then(|map| map.values().next()).map_or(policy.span, |entry| entry.key);
    let place = policy.get("kind").map_or(first, |kind| kind.span);
    Diagnostic::error(code::POLICY_SHAPE, format!("this policy has no `{field}`"))
        .label(place, format!("`{field}` must be written"))
        .reason("an API server refuses a ValidatingAdmissionPolicy without it")
        .help("write it, or take the document out of the file")
}
