//! The rules of the team's own, asked of everything that they are about.
//!
//! Promises: a broken rule is a finding at the component that the object comes from, with the place of the
//! rule; one mistake in a rule is told once. Evaluating ends: what it may cost in all has a limit.

use super::admission;
use super::expression::deep;
use super::matching::{Asked, Subjects};
use super::order;
use super::question::{Budget, Values, Verdict, VerdictKind, ask};
use super::rule::{self, Rule};
use super::value::{map, of_content, of_json, text_value};
use crate::diagnostic::{Diagnostic, Severity, code, nearest};
use crate::document::{Finding, Findings, Node, Path, at};
use crate::kube::{Content, Identity, Object};
use crate::load::Manifests;
use crate::model::{self, Model, RuleSource};
use crate::spec::{Kind, RuleSubject};
use crate::verify::schema::bundle::{KUBERNETES, OPERATORS};
use kube_cel::cel::Value;
use serde_json::{Value as Json, json};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// What all rules together may cost; and as much again for each object.
const BUDGET: u64 = 20_000_000;
const BUDGET_OF_OBJECT: u64 = 10_000;

/// Asks the rules for objects of all objects.
pub fn enforce(objects: &[Object], model: &Model, manifests: &Manifests, findings: &mut Findings<'_>) {
    if !model.rules.iter().any(rule::is_of_objects) {
        return;
    }
    refuse_unknown_kinds(objects, &model.rules, findings);
    let rules = compile(objects, &model.rules, manifests, findings, rule::is_of_objects);
    let root = findings.root();
    let told = deep(|| ask_objects(objects, &rules, model, root));
    findings.found.extend(told.unwrap_or_else(|| vec![failed().place(root)]));
}

/// Asks the other rules of what is written; gives what they find, for after the laws.
#[must_use]
pub fn enforce_on_system(model: &Model, findings: &mut Findings<'_>) -> Vec<Diagnostic> {
    let is_of_system = |rule: &model::Rule| !rule::is_of_objects(rule);
    if !model.rules.iter().any(is_of_system) {
        return Vec::new();
    }
    refuse_unknown_kinds_of_components(&model.rules, findings);
    let rules = compile(&[], &model.rules, &Manifests::new(), findings, is_of_system);
    let root = findings.root();
    deep(|| ask_system(&rules, root)).unwrap_or_else(|| vec![failed().place(root)])
}

fn failed() -> Finding {
    Finding::error(code::BUG, at!["policies"], "Windlass failed while it asked the rules of `policies`")
        .label("one of these")
        .reason("this is a bug in Windlass, not in what was written")
        .help("report it with the rule that shows it; `false` switches a rule off")
}

fn compile(
    objects: &[Object],
    written: &[model::Rule],
    manifests: &Manifests,
    findings: &mut Findings<'_>,
    wanted: impl Fn(&model::Rule) -> bool + Sync,
) -> Vec<Rule> {
    let known = &*findings;
    let compiled = deep(|| {
        let (mut rules, mut found) = (Vec::new(), Vec::new());
        for one in written.iter().filter(|rule| wanted(rule)) {
            match &one.source {
                RuleSource::Own(own) => match rule::own(one, own, known) {
                    Ok(rule) => rules.push(rule),
                    Err(flaws) => found.extend(flaws),
                },
                RuleSource::Files(pattern) => {
                    let documents = manifests.get(pattern).map(Vec::as_slice).unwrap_or_default();
                    let mut of_files = admission::rules(documents, objects, &mut found);
                    if of_files.is_empty() && found.is_empty() {
                        found.push(no_policy(one, pattern).place(known.root()));
                    }
                    let severity = one.severity.map(rule::severity);
                    of_files.iter_mut().for_each(|rule| rule.severity = severity.unwrap_or(rule.severity));
                    rules.append(&mut of_files);
                }
            }
        }
        (rules, found)
    });
    let (rules, found) = compiled.unwrap_or_default();
    findings.found.extend(found);
    rules
}

fn no_policy(rule: &model::Rule, pattern: &str) -> Finding {
    Finding::error(code::POLICY_SHAPE, rule.place.join("file"), format!("`{pattern}` names no file with a policy"))
        .label("no ValidatingAdmissionPolicy here")
        .reason("a rule that is not there would be missed only in the cluster")
        .help("write the path from the file that this stands in; `*` stands for any part of a name")
}

fn ask_objects(objects: &[Object], rules: &[Rule], model: &Model, root: &Node) -> Vec<Diagnostic> {
    let base = order::context();
    let written = Written::of(rules, root);
    let count = u64::try_from(objects.len()).unwrap_or(u64::MAX);
    let mut budget = Budget { left: BUDGET.saturating_add(count.saturating_mul(BUDGET_OF_OBJECT)) };
    let mut told = Teller::default();
    let namespaces = namespaces(objects, model);
    for object in objects {
        for asked in asked(object, &namespaces) {
            let mut values: Option<Values> = None;
            for rule in rules.iter().filter(|rule| rule.subjects.has(&asked)) {
                let values = values.get_or_insert_with(|| object_values(object, &asked, &written));
                for params in &rule.params {
                    values.insert("params".into(), params.clone());
                    for verdict in ask(rule, values, &base, &mut budget) {
                        told.push(rule, &verdict, &Subject::Object(object, &asked), root);
                    }
                }
            }
        }
    }
    told.findings
}

fn ask_system(rules: &[Rule], root: &Node) -> Vec<Diagnostic> {
    let base = order::context();
    let written = Written { system: Some(root.to_json()), components: true };
    let mut budget = Budget { left: BUDGET };
    let mut told = Teller::default();
    let system = written.system.as_ref().map_or(Value::Null, of_json);
    let components = written.system.as_ref().and_then(|system| system.get("components")).and_then(Json::as_object);
    for rule in rules {
        let Subjects::Own(selection) = &rule.subjects else { continue };
        let mut values = Values::from([("system".to_owned(), system.clone())]);
        values.insert("params".into(), rule.params.first().cloned().unwrap_or(Value::Null));
        if selection.over == RuleSubject::System {
            for verdict in ask(rule, &values, &base, &mut budget) {
                told.push(rule, &verdict, &Subject::System, root);
            }
            continue;
        }
        for (name, component) in components.into_iter().flatten() {
            if component.get("enabled") == Some(&Json::Bool(false)) || !selection.has_component(name, component) {
                continue;
            }
            values.insert("component".into(), component_value(name, component));
            for verdict in ask(rule, &values, &base, &mut budget) {
                told.push(rule, &verdict, &Subject::Component(name), root);
            }
        }
    }
    told.findings
}

/// What is written, as far as a rule uses it.
struct Written {
    system: Option<Json>,
    components: bool,
}

impl Written {
    fn of(rules: &[Rule], root: &Node) -> Self {
        let uses = |name: &str| rules.iter().any(|rule| rule.uses(name));
        let components = uses("component");
        Self { system: (components || uses("system")).then(|| root.to_json()), components }
    }
}

fn component_value(name: &str, component: &Json) -> Value {
    let mut component = component.clone();
    if let Json::Object(fields) = &mut component {
        fields.entry("name").or_insert_with(|| name.into());
    }
    of_json(&component)
}

fn object_values(object: &Object, asked: &Asked<'_>, written: &Written) -> Values {
    let mut values = Values::from([
        ("object".to_owned(), of_content(&asked.content)),
        ("oldObject".to_owned(), Value::Null),
        ("request".to_owned(), request(&asked.identity)),
        ("namespaceObject".to_owned(), asked.namespace.map_or(Value::Null, of_json)),
        ("component".to_owned(), Value::Null),
        ("system".to_owned(), Value::Null),
        ("variables".to_owned(), map(std::iter::empty())),
    ]);
    if let Some(system) = &written.system {
        values.insert("system".into(), of_json(system));
        let component = object.component.as_ref().filter(|_| written.components);
        if let Some((key, found)) = component.and_then(|key| Some((key, system.get("components")?.get(key)?))) {
            values.insert("component".into(), component_value(key, found));
        }
    }
    values
}

/// The request that would create the object.
fn request(identity: &Identity) -> Value {
    let (group, version) = identity.api_version.split_once('/').unwrap_or(("", &identity.api_version));
    let resource = super::matching::plural(&identity.kind);
    let kind = || [("group", text_value(group)), ("version", text_value(version))].into_iter();
    let user = [("username", text_value("")), ("uid", text_value("")), ("groups", Value::List(Vec::new().into()))];
    map([
        ("operation", text_value("CREATE")),
        ("name", text_value(&identity.name)),
        ("namespace", text_value(identity.namespace.as_deref().unwrap_or_default())),
        ("dryRun", Value::Bool(false)),
        ("kind", map(kind().chain([("kind", text_value(&identity.kind))]))),
        ("resource", map(kind().chain([("resource", text_value(&resource))]))),
        ("userInfo", map(user.into_iter())),
        ("options", Value::Null),
    ]
    .into_iter())
}

/// The namespaces of the objects, as an API server would have them.
fn namespaces(objects: &[Object], model: &Model) -> BTreeMap<String, Json> {
    let names: BTreeSet<&str> = objects.iter().filter_map(|object| object.identity.namespace.as_deref()).collect();
    let emitted = |name: &str| {
        let is_it = |object: &&Object| object.identity.kind == "Namespace" && object.identity.name == name;
        objects.iter().find(is_it).map(Object::json)
    };
    let own = |name: &str| {
        let is_own = model.namespace.name == name;
        let labels = if is_own { model.namespace.labels.clone() } else { BTreeMap::new() };
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    };
    let namespace = |name: &str| {
        let mut namespace = emitted(name).unwrap_or_else(|| own(name));
        // Every namespace gets this label.
        namespace["metadata"]["labels"]["kubernetes.io/metadata.name"] = name.into();
        (name.to_owned(), namespace)
    };
    names.into_iter().map(namespace).collect()
}

/// The object, and the pod that its template makes.
fn asked<'o>(object: &'o Object, namespaces: &'o BTreeMap<String, Json>) -> Vec<Asked<'o>> {
    let namespace = object.identity.namespace.as_ref().and_then(|name| namespaces.get(name));
    let content = Cow::Borrowed(&object.content);
    let itself = Asked { identity: object.identity.clone(), content, of_template: false, namespace };
    let pod = pod(object).map(|content| Asked {
        identity: Identity { api_version: "v1".into(), kind: "Pod".into(), ..object.identity.clone() },
        content: Cow::Owned(content),
        of_template: true,
        namespace,
    });
    std::iter::once(itself).chain(pod).collect()
}

fn pod(object: &Object) -> Option<Content> {
    let spec = object.content.get("spec")?;
    let template = match object.identity.kind.as_str() {
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" | "Rollout" => spec.get("template")?,
        "CronJob" => spec.get("jobTemplate")?.get("spec")?.get("template")?,
        _ => return None,
    };
    let mut metadata = match template.get("metadata") {
        Some(Content::Map(fields)) => fields.clone(),
        _ => Vec::new(),
    };
    let identity = &object.identity;
    let own = [("name", Some(&identity.name)), ("namespace", identity.namespace.as_ref())];
    metadata.extend(own.into_iter().filter_map(|(key, text)| Some((key.into(), Content::Text(text?.into())))));
    Some(Content::Map(vec![
        ("apiVersion".into(), Content::Text("v1".into())),
        ("kind".into(), Content::Text("Pod".into())),
        ("metadata".into(), Content::Map(metadata)),
        ("spec".into(), template.get("spec")?.clone()),
    ]))
}

/// What a rule was asked of.
enum Subject<'s> {
    Object(&'s Object, &'s Asked<'s>),
    Component(&'s str),
    System,
}

impl Subject<'_> {
    fn describe(&self) -> String {
        match self {
            Self::Object(object, asked) if asked.of_template => {
                format!("the pods of the {} `{}`", object.identity.kind, object.identity.name)
            }
            Self::Object(object, _) => format!("the {} `{}`", object.identity.kind, object.identity.name),
            Self::Component(name) => format!("the component `{name}`"),
            Self::System => "the system".into(),
        }
    }

    fn place(&self, finding: Finding, root: &Node) -> Diagnostic {
        let (path, label) = match self {
            Self::Object(object, _) => (place_of(object, root), "emits it"),
            Self::Component(name) => (at!["components", name], "as it is written"),
            Self::System => (at!["name"], "as it is written"),
        };
        let finding = finding.at(path).label(label).on_key();
        let Self::Object(object, _) = self else { return finding.place(root) };
        if let Some(document) = &object.written {
            return finding.on(name_of(document), "written here");
        }
        let patched = |finding: Finding, patch: &Path| finding.also(patch.clone(), "patched here");
        object.patched.iter().fold(finding, patched).place(root)
    }
}

/// Where the system says that there is such an object.
fn place_of(object: &Object, root: &Node) -> Path {
    if let Some(component) = &object.component {
        return at!["components", component];
    }
    let name = &object.identity.name;
    let named = ["secrets", "volumes", "config", "registries"].map(|map| at![map, name]);
    let namespace = at!["environment", "namespace"];
    named.into_iter().chain([namespace]).find(|path| path.locate(root).exact).unwrap_or_else(|| at!["name"])
}

fn name_of(document: &Node) -> crate::source::Span {
    let name = document.get("metadata").and_then(|metadata| metadata.get("name"));
    name.or_else(|| document.get("kind")).map_or(document.span, |node| node.span)
}

/// Makes findings of verdicts: a rule that cannot be evaluated, or takes too long, is told once.
#[derive(Default)]
struct Teller {
    findings: Vec<Diagnostic>,
    once: BTreeSet<(String, crate::source::Span)>,
}

impl Teller {
    fn push(&mut self, rule: &Rule, verdict: &Verdict, subject: &Subject<'_>, root: &Node) {
        let what = subject.describe();
        let expression = &verdict.expression;
        let said = verdict.message.clone();
        let finding = match verdict.kind {
            VerdictKind::Broken => {
                let said = said.unwrap_or_else(|| format!("`{expression}` is false"));
                Finding::judged(
                    rule.severity,
                    code::POLICY_VIOLATED,
                    at![],
                    format!("the rule `{}` is broken by {what}: {}", rule.name, said.trim_end_matches('.')),
                )
                .help("change what emits it; or write with the rule what it may leave out")
            }
            VerdictKind::Failed => Finding::judged(
                rule.severity,
                code::POLICY_FAILED,
                at![],
                format!("the rule `{}` fails on {what}: {}", rule.name, said.unwrap_or_default()),
            )
            .reason("an API server refuses what an expression fails on, unless `failurePolicy` says otherwise")
            .help("ask for what may be missing first: `has(object.spec.x) && …`"),
            VerdictKind::Unread | VerdictKind::Costly => {
                if self.once.insert((rule.name.clone(), verdict.place)) {
                    self.findings.push(about_rule(rule, verdict, &what));
                }
                return;
            }
        };
        let placed = subject.place(finding, root);
        let says = if verdict.kind == VerdictKind::Broken { "is false" } else { "fails" };
        self.findings.push(placed.label(verdict.place, format!("this {says}")));
    }
}

/// A finding about the rule itself.
fn about_rule(rule: &Rule, verdict: &Verdict, what: &str) -> Diagnostic {
    if verdict.kind == VerdictKind::Costly {
        return Diagnostic { judged: true, ..Diagnostic::error(
            code::POLICY_COST,
            format!("the rule `{}` could take too long on {what}", rule.name),
        ) }
        .label(verdict.place, "not evaluated")
        .reason("every expression has a limit of what it may cost, here as in an API server: lists that are gone through for each item of another multiply")
        .help("go through one list at a time, or name what is used often under `variables`");
    }
    let why = verdict.message.clone().unwrap_or_default();
    Diagnostic::note(code::POLICY_UNREAD, format!("the rule `{}` is not evaluated here: {why}", rule.name))
        .label(verdict.place, "not evaluated")
        .reason("only an API server knows it")
        .help("leave the rule to the cluster")
}

fn refuse_unknown_kinds(objects: &[Object], rules: &[model::Rule], findings: &mut Findings<'_>) {
    let bundles = std::iter::once(&KUBERNETES).chain(OPERATORS.iter().map(|(_, bundle)| *bundle));
    let roots = bundles.flat_map(|bundle| bundle.schemas().roots.keys().map(|root| root.kind.as_str()));
    let is_written = |rule: &model::Rule| matches!(&rule.source, RuleSource::Own(own) if !own.kinds.is_empty());
    if rules.iter().any(is_written) {
        let known: BTreeSet<&str> = objects.iter().map(|object| object.identity.kind.as_str()).chain(roots).collect();
        unknown_kinds(rules.iter().filter(|rule| rule::is_of_objects(rule)), &known, findings);
    }
}

fn refuse_unknown_kinds_of_components(rules: &[model::Rule], findings: &mut Findings<'_>) {
    let known: BTreeSet<&str> = Kind::ALL.iter().map(|kind| kind.text()).collect();
    unknown_kinds(rules.iter().filter(|rule| !rule::is_of_objects(rule)), &known, findings);
}

fn unknown_kinds<'m>(
    rules: impl Iterator<Item = &'m model::Rule>,
    known: &BTreeSet<&str>,
    findings: &mut Findings<'_>,
) {
    for rule in rules {
        let RuleSource::Own(own) = &rule.source else { continue };
        for (index, kind) in own.kinds.iter().enumerate().filter(|(_, kind)| !known.contains(kind.as_str())) {
            let path = rule.place.extended(&["match", "kinds"]).join(&index);
            let finding =
                Finding::judged(Severity::Warning, code::POLICY_KIND, path, format!("no kind `{kind}` is known"))
                    .label("the rule is asked of nothing of this kind")
                    .reason("a rule that is never asked would be missed only in the cluster");
            findings.push(match nearest(kind, known.iter().copied()) {
                Some(near) => finding.help(format!("did you mean `{near}`?")).suggest(near, false),
                None => finding.help("write the kind as its objects do, such as `Deployment`"),
            });
        }
    }
}
