//! Where the values of an object come from.
//!
//! Promises: what is called a cause is one: each value of the merged document is taken away or changed, the
//! system compiled again, and where a value of the object is another then, what was changed is a cause of
//! it. No pass has to keep a record, so none can forget one. Pure: the same input gives the same causes.

mod layer;

use crate::document::{Node, Path, Value, at};
use crate::kube::{Content, Identity, Object};
use crate::layers;
use crate::load::{Loaded, LoadedEnvironment};
use crate::source::Span;
pub use layer::Layer;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// The most places of a document that are tried.
const MOST: usize = 2_000;

/// A place in an object: keys, and indices in digits.
pub type Field = Vec<String>;

/// A place of the merged document that gives a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cause {
    /// Where it stands in the merged document.
    pub path: Path,
    pub written: Place,
    /// Where the values stood that it replaced, nearest layer first.
    pub replaced: Vec<Place>,
}

/// A place in a file, and the layer that it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub span: Span,
    pub layer: Layer,
}

/// What a value comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// These places, nearest first: those of the component before the others.
    Causes(Vec<Cause>),
    /// The document of a hand-written object.
    Written(Span),
    /// Nothing that is written: Windlass puts it there, as this page of the documentation says.
    Default(String),
}

/// A value of an object, and what it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Traced {
    pub field: Field,
    pub value: Content,
    pub origin: Origin,
}

/// Traces the values at and below a field of an object; all of the object for an empty field. `None` where the
/// system does not compile, or has no such object or field.
pub fn trace(
    loaded: &Loaded,
    environment: &LoadedEnvironment,
    object: &Identity,
    field: &[String],
) -> Option<Vec<Traced>> {
    let root = merged(loaded, environment);
    let objects = crate::objects_of(&root, loaded, environment)?;
    let original = objects.iter().find(|one| one.identity == *object)?;
    let values = leaves(&original.content, field)?;
    let places = candidates(&root, original);
    let changed: Vec<(usize, BTreeSet<usize>)> = places
        .par_iter()
        .enumerate()
        .map(|(at, path)| (at, affected(path, &root, loaded, environment, object, &values)))
        .collect();
    let place = |path: &Path, span: Span| {
        let component = component(path).or(original.component.as_deref());
        Place { span, layer: Layer::of(span, component, loaded, environment) }
    };
    let mut causes: BTreeMap<usize, Vec<Cause>> = BTreeMap::new();
    for (at, affected) in changed {
        for value in affected {
            causes.entry(value).or_default().push(cause(&places[at], &root, place));
        }
    }
    let traced = values.into_iter().enumerate().map(|(at, (field, value))| {
        let origin = match causes.remove(&at) {
            Some(causes) => Origin::Causes(causes),
            None => written(original, &field)
                .map_or_else(|| Origin::Default(layer::page(original, &field, &root)), Origin::Written),
        };
        Traced { field, value, origin }
    });
    Some(traced.collect())
}

fn merged(loaded: &Loaded, environment: &LoadedEnvironment) -> Node {
    let chain: Vec<_> = environment.chain.iter().map(AsRef::as_ref).collect();
    layers::merge(&loaded.system, &chain, &mut crate::diagnostic::Diagnostics::new())
}

fn cause(path: &Path, root: &Node, place: impl Fn(&Path, Span) -> Place) -> Cause {
    let Node { span, replaced, .. } = path.locate(root).node;
    Cause {
        path: path.clone(),
        written: place(path, *span),
        replaced: replaced.iter().map(|span| place(path, *span)).collect(),
    }
}

/// The component that a place of the merged document is about.
fn component(path: &Path) -> Option<&str> {
    match path.segments() {
        [first, key, ..] if first == "components" => Some(key.as_str()),
        _ => None,
    }
}

/// The scalars at and below a field, each with its place.
fn leaves(content: &Content, field: &[String]) -> Option<Vec<(Field, Content)>> {
    let start = field.iter().try_fold(content, |content, step| below(content, step))?;
    let mut all = Vec::new();
    gather(start, &mut field.to_vec(), &mut all);
    Some(all)
}

fn gather(content: &Content, field: &mut Field, all: &mut Vec<(Field, Content)>) {
    match content {
        Content::Map(entries) if !entries.is_empty() => {
            for (key, value) in entries {
                field.push(key.to_string());
                gather(value, field, all);
                field.pop();
            }
        }
        Content::List(items) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                field.push(at.to_string());
                gather(item, field, all);
                field.pop();
            }
        }
        scalar => all.push((field.clone(), scalar.clone())),
    }
}

fn below<'c>(content: &'c Content, step: &str) -> Option<&'c Content> {
    match content {
        Content::List(items) => items.get(step.parse::<usize>().ok()?),
        other => other.get(step),
    }
}

/// What may be the cause of something: the scalars of the object's component, then those of the rest.
fn candidates(root: &Node, object: &Object) -> Vec<Path> {
    let own = object.component.as_ref().map(|key| at!["components", key]);
    let mut first = Vec::new();
    if let Some(own) = &own {
        scalars(own.locate(root).node, own, &mut first);
    }
    let mut rest = Vec::new();
    for (key, entry) in root.as_map().into_iter().flatten() {
        if !matches!(key.as_str(), "apiVersion" | "kind" | "description" | "policies") {
            scalars(&entry.node, &at![key], &mut rest);
        }
    }
    rest.retain(|path| own.as_ref().is_none_or(|own| path.moved(own, own).is_none()));
    first.extend(rest);
    first.truncate(MOST);
    first
}

fn scalars(node: &Node, path: &Path, all: &mut Vec<Path>) {
    match &node.value {
        Value::Map(map) if !map.is_empty() => {
            map.iter().for_each(|(key, entry)| scalars(&entry.node, &path.join(key), all));
        }
        Value::List(items) if !items.is_empty() => {
            items.iter().enumerate().for_each(|(at, item)| scalars(item, &path.join(&at), all));
        }
        _ => all.push(path.clone()),
    }
}

/// The values, by their numbers, that are others when a place of the document is changed.
fn affected(
    path: &Path,
    root: &Node,
    loaded: &Loaded,
    environment: &LoadedEnvironment,
    object: &Identity,
    values: &[(Field, Content)],
) -> BTreeSet<usize> {
    for change in changes(path.locate(root).node) {
        let mut changed = root.clone();
        if !apply(&mut changed, path.segments(), &change) {
            continue;
        }
        let Some(objects) = crate::objects_of(&changed, loaded, environment) else { continue };
        let Some(other) = objects.iter().find(|one| one.identity == *object) else { continue };
        let differs = |(_, (field, value)): &(usize, &(Field, Content))| {
            let there = field.iter().try_fold(&other.content, |content, step| below(content, step));
            there != Some(value)
        };
        return values.iter().enumerate().filter(differs).map(|(at, _)| at).collect();
    }
    BTreeSet::new()
}

/// A change of a value.
enum Change {
    Text(String),
    Remove,
}

/// The changes of a value to try, until one compiles: another value of its sort first, since what is taken
/// away may bring a default that is the same.
fn changes(node: &Node) -> Vec<Change> {
    let text = node.as_text().unwrap_or_default();
    let others: Vec<String> = match text {
        "true" => vec!["false".into()],
        "false" => vec!["true".into()],
        _ => numbers(text).into_iter().chain(texts(text)).collect(),
    };
    others.into_iter().map(Change::Text).chain([Change::Remove]).collect()
}

/// The same with its first number one higher, or one lower.
fn numbers(text: &str) -> Vec<String> {
    let Some(start) = text.find(|c: char| c.is_ascii_digit()) else { return Vec::new() };
    // In a name, a number is a part of the name.
    if start > 0 && !text.starts_with(['-', '+']) {
        return Vec::new();
    }
    let end = text[start..].find(|c: char| !c.is_ascii_digit()).map_or(text.len(), |end| start + end);
    let Ok(number) = text[start..end].parse::<u64>() else { return Vec::new() };
    let with = |number: u64| format!("{}{number}{}", &text[..start], &text[end..]);
    [number.checked_add(1), number.checked_sub(1)].into_iter().flatten().map(with).collect()
}

fn texts(text: &str) -> Vec<String> {
    let last = text.chars().next_back().filter(char::is_ascii_alphanumeric);
    last.map(|last| format!("{text}{}", if last == 'z' { 'y' } else { 'z' })).into_iter().collect()
}

fn apply(node: &mut Node, way: &[crate::document::Name], change: &Change) -> bool {
    let Some((step, rest)) = way.split_first() else {
        let (Change::Text(text), Value::Scalar(scalar)) = (change, &mut node.value) else { return false };
        scalar.text = text.as_str().into();
        return true;
    };
    let removes = rest.is_empty() && matches!(change, Change::Remove);
    match &mut node.value {
        Value::Map(map) if removes => map.shift_remove(step.as_str()).is_some(),
        Value::Map(map) => map.get_mut(step.as_str()).is_some_and(|entry| apply(&mut entry.node, rest, change)),
        Value::List(items) => match step.parse::<usize>().ok().filter(|at| *at < items.len()) {
            Some(at) if removes => {
                items.remove(at);
                true
            }
            Some(at) => apply(&mut items[at], rest, change),
            None => false,
        },
        Value::Null | Value::Scalar(_) => false,
    }
}

/// Where a value stands in the document of a hand-written object.
fn written(object: &Object, field: &[String]) -> Option<Span> {
    let document = object.written.as_ref()?;
    let path: Path = field.iter().map(|step| step.as_str().into()).collect();
    let place = path.locate(document);
    place.exact.then_some(place.node.span)
}

/// The object and the field that a person means, such as `deployment/api.spec.replicas`.
pub fn find<'o>(objects: &'o [Object], text: &str) -> Result<(&'o Object, Field), String> {
    let text = text.trim();
    let lower = text.to_lowercase();
    let ends = |rest: &str| rest.is_empty() || rest.starts_with(['.', '[', ' ']);
    let fits = |object: &&'o Object| {
        let spelled = spellings(&object.identity).into_iter();
        spelled.filter(|one| lower.strip_prefix(one.as_str()).is_some_and(ends)).map(|one| one.len()).max()
    };
    let best = objects.iter().filter_map(|object| Some((fits(&object)?, object))).max_by_key(|(length, _)| *length);
    let Some((length, object)) = best else {
        let known: Vec<String> = objects.iter().map(|object| spellings(&object.identity)[0].clone()).collect();
        let named = lower.split(['.', '[']).next().unwrap_or_default();
        return Err(match crate::diagnostic::nearest(named, known.iter().map(String::as_str)) {
            Some(near) => format!("no object is called so; a similar one is `{near}`"),
            None => format!(
                "no object is called so; write its kind and name, such as `{}`",
                known.first().map_or("deployment/api", String::as_str)
            ),
        });
    };
    let field = steps(&object.content, text[length..].trim_start_matches([' ', '.']))?;
    Ok((object, field))
}

/// How a person may call an object, in lower case.
fn spellings(identity: &Identity) -> Vec<String> {
    let (kind, name) = (identity.kind.to_lowercase(), identity.name.to_lowercase());
    let mut all = vec![format!("{kind}/{name}"), format!("{name}/{kind}"), format!("{kind} {name}")];
    if let Some(namespace) = &identity.namespace {
        all.push(format!("{kind} {namespace}/{name}"));
        all.push(identity.to_string().to_lowercase());
    }
    all
}

/// A field as people write it; items of a list by their number, or by their name.
fn steps(content: &Content, text: &str) -> Result<Field, String> {
    let mut field = Field::new();
    let mut here = content;
    let mut rest = text;
    while !rest.is_empty() {
        let (step, after) = match rest.strip_prefix('[') {
            Some(inner) => inner.split_once(']').ok_or("a `[` has no `]`")?,
            None => rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len())),
        };
        let step = item(here, step).unwrap_or_else(|| step.to_owned());
        let Some(next) = below(here, &step) else { return Err(unknown(here, &step, &field)) };
        field.push(step);
        (here, rest) = (next, after.strip_prefix('.').unwrap_or(after));
    }
    Ok(field)
}

/// The number of the item that is called so.
fn item(content: &Content, name: &str) -> Option<String> {
    const BY: [&str; 5] = ["name", "containerPort", "port", "mountPath", "key"];
    let Content::List(items) = content else { return None };
    let text = |value: &Content| match value {
        Content::Text(text) => text.to_string(),
        Content::Integer(number) => number.to_string(),
        _ => String::new(),
    };
    let is_called = |item: &Content| BY.iter().any(|key| item.get(key).is_some_and(|value| text(value) == name));
    items.iter().position(is_called).map(|at| at.to_string())
}

fn unknown(content: &Content, step: &str, field: &[String]) -> String {
    let known: Vec<&str> = match content {
        Content::Map(entries) => entries.iter().map(|(key, _)| key.as_str()).collect(),
        Content::List(items) => items.iter().filter_map(|item| item.get("name").and_then(Content::as_str)).collect(),
        _ => Vec::new(),
    };
    let place = if field.is_empty() { "the object".to_owned() } else { format!("`{}`", shown(field)) };
    match crate::diagnostic::nearest(step, known.iter().copied()) {
        Some(near) => format!("{place} has no `{step}`; a similar field is `{near}`"),
        None => format!("{place} has no `{step}`; it has {}", crate::diagnostic::listed(known)),
    }
}

/// `spec.template.spec.containers[0].image`
pub fn shown(field: &[String]) -> String {
    let mut text = String::new();
    for step in field {
        let is_number = step.bytes().all(|byte| byte.is_ascii_digit());
        let is_plain =
            !is_number && step.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        match (is_plain, text.is_empty()) {
            (true, true) => text.push_str(step),
            (true, false) => text.extend([".", step]),
            (false, _) => text.extend(["[", step, "]"]),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Diagnostic, Diagnostics, code};
    use crate::load::{Files, load};
    use crate::source::Sources;

    const SYSTEM: &str = "\
apiVersion: windlass/v1
kind: System
name: shop
components:
  api:
    kind: backend
    image: registry.example.com/api:1.0.0
    ports: {http: 8000}
    health: {ready: /ready}
    replicas: 2
    resources: {requests: {cpu: 100m, memory: 128Mi}}
";
    const ENVIRONMENT: &str = "\
apiVersion: windlass/v1
kind: Environment
name: production
target: {kubernetes: \"1.35\"}
components: {api: {replicas: 3}}
defaults: {all: {labels: {team: a}}}
overrides: {backend: {annotations: {note: b}}}
images: {rewrite: {registry.example.com: mirror.example.com}}
patches:
  grace: {target: {kind: Deployment}, merge: {spec: {minReadySeconds: 7}}}
";

    /// The places that give a field, as lines of their files.
    fn causes(text: &str) -> Vec<String> {
        let read = |path: &str| match path {
            "system.yaml" => Ok(SYSTEM.into()),
            "production.yaml" => Ok(ENVIRONMENT.into()),
            _ => Err(Diagnostic::error(code::FILE_UNREADABLE, "none")),
        };
        let files = Files { read: &read, expand: &|_| Ok(Vec::new()) };
        let mut found = Diagnostics::new();
        let (sources, loaded): (Sources, _) = load(files, "system.yaml", &["production.yaml".to_owned()], &mut found);
        let loaded = loaded.expect("it loads");
        let environment = &loaded.environments[0];
        let objects = crate::compile(&loaded, environment).objects.expect("it compiles");
        let (object, field) = find(&objects, text).expect("it is there");
        let traced = trace(&loaded, environment, &object.identity, &field).expect("it can be traced");
        match &traced[0].origin {
            Origin::Causes(causes) => {
                let line = |place: Place| {
                    let Place { span, layer } = place;
                    format!("{}:{} {}", sources.file(span.file).path, sources.position(span).line, layer.word())
                };
                causes
                    .iter()
                    .map(|cause| {
                        let replaced: Vec<String> = cause.replaced.iter().map(|place| line(*place)).collect();
                        format!("{} {} {}", cause.path, line(cause.written), replaced.join(" ")).trim().to_owned()
                    })
                    .collect()
            }
            Origin::Default(page) => vec![page.clone()],
            other @ Origin::Written(_) => vec![format!("{other:?}")],
        }
    }

    #[test]
    fn a_value_comes_from_where_it_is_written() {
        assert_eq!(
            causes("deployment/api.spec.replicas"),
            ["components.api.replicas production.yaml:5 environment system.yaml:10 system"]
        );
        assert_eq!(
            causes("Deployment shop-production/api.spec.template.spec.containers[api].image"),
            [
                "components.api.image system.yaml:7 system",
                "images.rewrite[registry.example.com] production.yaml:8 environment",
            ]
        );
        assert_eq!(
            causes("api/Deployment.spec.minReadySeconds"),
            ["patches.grace.merge.spec.minReadySeconds production.yaml:10 environment"]
        );
        assert_eq!(causes("deployment/api.spec.template.spec.automountServiceAccountToken"), ["docs/kinds/backend.md"]);
        assert_eq!(
            causes("deployment/api.metadata.labels.team"),
            ["components.api.labels.team production.yaml:6 defaults"]
        );
        assert_eq!(
            causes("deployment/api.metadata.annotations.note"),
            ["components.api.annotations.note production.yaml:7 overrides"]
        );
        assert_eq!(causes("networkpolicy/default-deny.spec.policyTypes"), ["docs/output.md"]);
    }

    #[test]
    fn a_slip_of_the_hand_is_forgiven() {
        let object = Object::new(
            &serde_json::json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api"}, "spec": {"replicas": 1}}),
            crate::kube::Phase::Backends,
            None,
        );
        let objects = [object];
        let message = |text: &str| find(&objects, text).map(|_| ()).expect_err("it is not there");
        assert_eq!(message("deploymnt/api.spec"), "no object is called so; a similar one is `deployment/api`");
        assert_eq!(message("deployment/api.spec.replcas"), "`spec` has no `replcas`; a similar field is `replicas`");
    }
}
