//! How much of what an API server refuses the verification refuses: every object of the examples is changed
//! at every node by a fixed list of mutations, and each mutant is judged.
//!
//! What an API server says stands in `mutants/verdicts.txt`, one line a place: `R` refused, `A` accepted. It is
//! asked when a mutation or an example is added: `MUTANTS=DIR cargo test --test mutants` writes the mutants that have
//! no verdict to DIR. What is refused and not found is in `mutants/missed.txt`, what is found outside the lines of the
//! change in `mutants/elsewhere.txt`, what is found and accepted in `mutants/strict.txt`; `BLESS=1` writes all three.
#![expect(clippy::disallowed_methods, reason = "the test reads and blesses the folders")]

use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use windlass::diagnostic::{Diagnostic, Diagnostics, Severity};
use windlass::document::{Findings, Node};
use windlass::kube::{Content, Object, Phase};
use windlass::load::{Files, Loaded, Manifests, load};
use windlass::model::Model;
use windlass::source::{Sources, Span};
use windlass::workspace::{FILE_LIMIT, Workspace};

/// Where something stands in an object; `[]` for any item.
type Place = Vec<Step>;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Key(String),
    Item(usize),
}

/// A changed object.
pub(crate) struct Mutant {
    kind: String,
    /// The place, without the numbers of items.
    shape: String,
    pub(crate) mutation: &'static str,
    place: Place,
    pub(crate) value: Value,
}

impl Mutant {
    /// Where it was changed, as in the file of the verdicts.
    pub(crate) fn place(&self) -> String {
        format!("{} {}", self.kind, self.shape)
    }
}

/// A mutation: its name, and what takes the place of a value; `None` where it does not apply.
type Mutation = (&'static str, fn(&Value) -> Option<Change>);

enum Change {
    Drop,
    Value(Value),
}

#[expect(clippy::unnecessary_wraps, reason = "as the mutations give it")]
fn text(value: &str) -> Option<Change> {
    Some(Change::Value(value.into()))
}

const MUTATIONS: &[Mutation] = &[
    ("drop", |_| Some(Change::Drop)),
    ("null-item", |value| {
        value
            .as_array()
            .filter(|items| !items.is_empty())
            .map(|items| Change::Value(items.iter().skip(1).cloned().chain([Value::Null]).collect()))
    }),
    ("retype", |value| {
        Some(Change::Value(match value {
            Value::String(_) | Value::Array(_) => json!({"x": 1}),
            Value::Number(_) => json!("many"),
            Value::Bool(_) => json!("yes"),
            Value::Object(_) => json!("x"),
            Value::Null => return None,
        }))
    }),
    ("unknown-field", |value| {
        let mut fields = value.as_object()?.clone();
        fields.insert("unknownField".into(), json!("x"));
        Some(Change::Value(Value::Object(fields)))
    }),
    ("misspelt-field", |value| {
        let fields = value.as_object()?;
        let first = fields.keys().next()?.clone();
        let renamed = fields
            .iter()
            .map(|(key, value)| (if *key == first { format!("{key}X") } else { key.clone() }, value.clone()));
        Some(Change::Value(Value::Object(renamed.collect())))
    }),
    ("bad-key", |value| {
        let mut fields = value.as_object()?.clone();
        fields.insert("not a key!".into(), json!("x"));
        Some(Change::Value(Value::Object(fields)))
    }),
    ("bad-value-of-key", |value| {
        let mut fields = value.as_object()?.clone();
        fields.insert("some-key".into(), json!("not a value!"));
        Some(Change::Value(Value::Object(fields)))
    }),
    ("negative", |value| value.as_i64().map(|_| Change::Value(json!(-1)))),
    ("zero", |value| value.as_i64().filter(|number| *number != 0).map(|_| Change::Value(json!(0)))),
    ("large", |value| value.as_i64().map(|_| Change::Value(json!(1_000_000)))),
    ("overflow", |value| value.as_i64().map(|_| Change::Value(json!(99_999_999_999_i64)))),
    ("fraction", |value| value.as_i64().map(|_| Change::Value(json!(1.5)))),
    ("empty", |value| value.as_str().filter(|value| !value.is_empty()).and_then(|_| text(""))),
    ("garbage", |value| value.as_str().and_then(|_| text("Not valid, at all!"))),
    ("long", |value| value.as_str().map(|_| Change::Value("a".repeat(300).into()))),
    ("other", |value| value.as_str().filter(|value| *value != "other-one").and_then(|_| text("other-one"))),
    ("quantity", |value| {
        value.as_str().filter(|value| value.starts_with(|c: char| c.is_ascii_digit())).and_then(|_| text("12q"))
    }),
    ("minus", |value| {
        value.as_str().filter(|value| value.starts_with(|c: char| c.is_ascii_digit())).and_then(|_| text("-1"))
    }),
    ("twice", |value| {
        let items = value.as_array().filter(|items| !items.is_empty())?;
        Some(Change::Value(items.iter().chain(items.first()).cloned().collect()))
    }),
    ("no-items", |value| value.as_array().filter(|items| !items.is_empty()).map(|_| Change::Value(json!([])))),
];

/// A mutation of several fields: the kind or field under which it is made, its name, and what is laid over.
const COMPOSED: &[(&str, &str, &str)] = &[
    ("PodDisruptionBudget.spec", "both-bounds", r#"{"minAvailable": 1, "maxUnavailable": 1}"#),
    ("*.readinessProbe", "two-handlers", r#"{"tcpSocket": {"port": 1}, "httpGet": {"port": 1}}"#),
    ("*.livenessProbe", "two-successes", r#"{"successThreshold": 2}"#),
    ("*.containers[]", "unmounted", r#"{"volumeMounts": [{"name": "gone", "mountPath": "/gone"}]}"#),
    ("*.containers[]", "relative-mount", r#"{"volumeMounts": [{"name": "tmp", "mountPath": ""}]}"#),
    ("*.containers[]", "bad-pull-policy", r#"{"imagePullPolicy": "Sometimes"}"#),
    ("*.containers[]", "bad-variable", r#"{"env": [{"name": "A=B", "value": "x"}]}"#),
    (
        "*.containers[]",
        "variable-of-two",
        r#"{"env": [{"name": "A", "value": "x", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]}"#,
    ),
    (
        "*.containers[]",
        "variable-of-no-field",
        r#"{"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "spec.gone"}}}]}"#,
    ),
    (
        "*.containers[]",
        "port-names-twice",
        r#"{"ports": [{"name": "a", "containerPort": 1}, {"name": "a", "containerPort": 2}]}"#,
    ),
    ("*.containers[]", "port-name-long", r#"{"ports": [{"name": "a-very-long-port-name", "containerPort": 1}]}"#),
    ("*.containers[]", "request-above-limit", r#"{"resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}}"#),
    ("*.containers[]", "half-a-gpu", r#"{"resources": {"limits": {"nvidia.com/gpu": "500m"}}}"#),
    ("*.containers[]", "lifecycle-of-nothing", r#"{"lifecycle": {"preStop": {}}}"#),
    ("*.securityContext", "escalates", r#"{"privileged": true, "allowPrivilegeEscalation": false}"#),
    ("*.volumes[]", "two-sources", r#"{"emptyDir": {}, "hostPath": {"path": "/x"}}"#),
    ("*.template.spec", "restarts-never", r#"{"restartPolicy": "Never"}"#),
    ("*.template.spec", "restarts-always", r#"{"restartPolicy": "Always"}"#),
    ("*.template.spec", "bad-dns-policy", r#"{"dnsPolicy": "Nearest"}"#),
    (
        "*.template.spec",
        "toleration-of-nothing",
        r#"{"tolerations": [{"operator": "Exists", "value": "x", "key": "a"}]}"#,
    ),
    (
        "*.template.spec",
        "spread-without-skew",
        r#"{"topologySpreadConstraints": [{"maxSkew": 0, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}]}"#,
    ),
    (
        "*.template.spec",
        "containers-twice",
        r#"{"initContainers": [{"name": "same", "image": "a:1"}, {"name": "same", "image": "a:1"}]}"#,
    ),
    (
        "Deployment.spec",
        "no-way-to-roll",
        r#"{"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}}"#,
    ),
    (
        "Deployment.spec",
        "recreate-with-surge",
        r#"{"strategy": {"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}}"#,
    ),
    (
        "Deployment.spec",
        "bad-percentage",
        r#"{"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "ten%"}}}"#,
    ),
    ("Deployment.spec", "deadline-before-ready", r#"{"progressDeadlineSeconds": 5, "minReadySeconds": 10}"#),
    ("StatefulSet.spec", "bad-pod-management", r#"{"podManagementPolicy": "Sometimes"}"#),
    (
        "Service.spec",
        "node-port-of-cluster-ip",
        r#"{"type": "ClusterIP", "ports": [{"name": "http", "port": 80, "nodePort": 30080}]}"#,
    ),
    ("Service.spec", "ports-without-names", r#"{"ports": [{"port": 80}, {"port": 81}]}"#),
    ("Service.spec", "ports-twice", r#"{"ports": [{"name": "a", "port": 80}, {"name": "b", "port": 80}]}"#),
    ("Service.spec", "external-name-of-nothing", r#"{"type": "ExternalName"}"#),
    ("Service.spec", "bad-affinity", r#"{"sessionAffinity": "Sometimes"}"#),
    ("HorizontalPodAutoscaler.spec", "min-above-max", r#"{"minReplicas": 9, "maxReplicas": 3}"#),
    ("HorizontalPodAutoscaler.spec", "metric-of-nothing", r#"{"metrics": [{"type": "Resource"}]}"#),
    (
        "HorizontalPodAutoscaler.spec",
        "two-targets",
        r#"{"metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60, "averageValue": "1"}}}]}"#,
    ),
    ("CronJob.spec", "bad-schedule", r#"{"schedule": "61 * * * *"}"#),
    ("CronJob.spec", "bad-zone", r#"{"timeZone": "Mars/Olympus"}"#),
    ("CronJob.spec", "zone-in-schedule", r#"{"schedule": "TZ=UTC 0 * * * *"}"#),
    (
        "Ingress.spec",
        "path-without-slash",
        r#"{"rules": [{"host": "a.example.com", "http": {"paths": [{"path": "a", "pathType": "Prefix", "backend": {"service": {"name": "a", "port": {"number": 80}}}}]}}]}"#,
    ),
    (
        "Ingress.spec",
        "two-backends",
        r#"{"defaultBackend": {"service": {"name": "a", "port": {"number": 80}}, "resource": {"kind": "A", "name": "a"}}}"#,
    ),
    ("Ingress.spec", "host-of-address", r#"{"rules": [{"host": "10.0.0.1"}]}"#),
    ("NetworkPolicy.spec", "bad-block", r#"{"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/33"}}]}]}"#),
    (
        "NetworkPolicy.spec",
        "except-outside",
        r#"{"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["11.0.0.0/8"]}}]}]}"#,
    ),
    (
        "NetworkPolicy.spec",
        "peer-of-two",
        r#"{"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}, "podSelector": {}}]}]}"#,
    ),
    ("NetworkPolicy.spec", "end-before-start", r#"{"ingress": [{"ports": [{"port": 90, "endPort": 80}]}]}"#),
    ("PersistentVolumeClaim.spec", "no-access", r#"{"accessModes": ["ReadSometimes"]}"#),
    ("Role.rules[]", "rule-of-nothing", r#"{"verbs": []}"#),
    ("ConfigMap", "key-twice", r#"{"data": {"a": "x"}, "binaryData": {"a": "eA=="}}"#),
    ("*.metadata", "owner-of-nothing", r#"{"ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": ""}]}"#),
    ("*.metadata", "bad-finalizer", r#"{"finalizers": ["not a finalizer!"]}"#),
];

fn shape(place: &[Step]) -> String {
    let mut text = String::new();
    for step in place {
        match step {
            Step::Key(key) if text.is_empty() => text.push_str(key),
            // Keys of the author's own, such as labels, are one place.
            Step::Key(key) if key.contains(['/', '.', '_']) || is_of_map(&text) => text.push_str(".*"),
            Step::Key(key) => write!(text, ".{key}").expect("text"),
            Step::Item(_) => text.push_str("[]"),
        }
    }
    text
}

fn is_of_map(before: &str) -> bool {
    const MAPS: [&str; 11] = [
        "labels",
        "annotations",
        "matchLabels",
        "nodeSelector",
        "requests",
        "limits",
        "data",
        "hard",
        "selector",
        "parameters",
        "properties",
    ];
    MAPS.iter().any(|map| before == *map || before.ends_with(&format!(".{map}"))) && before != "spec.selector"
}

/// All nodes of an object, from the outside in.
fn nodes(value: &Value, place: &mut Place, all: &mut Vec<Place>) {
    all.push(place.clone());
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                place.push(Step::Key(key.clone()));
                nodes(value, place, all);
                place.pop();
            }
        }
        Value::Array(items) => {
            for (at, value) in items.iter().enumerate() {
                place.push(Step::Item(at));
                nodes(value, place, all);
                place.pop();
            }
        }
        _ => {}
    }
}

fn at<'v>(value: &'v mut Value, place: &[Step]) -> &'v mut Value {
    place.iter().fold(value, |value, step| match step {
        Step::Key(key) => value.get_mut(key).expect("the place is of the object"),
        Step::Item(item) => value.get_mut(item).expect("the place is of the object"),
    })
}

fn apply(object: &Value, place: &[Step], change: Change) -> Value {
    let mut object = object.clone();
    match (change, place.split_last()) {
        (Change::Value(value), _) => *at(&mut object, place) = value,
        (Change::Drop, Some((Step::Key(key), above))) => {
            at(&mut object, above).as_object_mut().expect("a map").remove(key);
        }
        (Change::Drop, Some((Step::Item(item), above))) => {
            at(&mut object, above).as_array_mut().expect("a list").remove(*item);
        }
        (Change::Drop, None) => {}
    }
    object
}

/// The mutants of an object that no other one gave.
fn mutants(object: &Value, seen: &mut BTreeSet<(String, String, &'static str)>) -> Vec<Mutant> {
    let kind = object["kind"].as_str().expect("objects have a kind").to_owned();
    let mut places = Vec::new();
    nodes(object, &mut Vec::new(), &mut places);
    let mut all = Vec::new();
    for place in places.iter().filter(|place| !is_identity(place)) {
        let shape = shape(place);
        let value = at(&mut object.clone(), place).clone();
        let changed = MUTATIONS.iter().filter_map(|(name, change)| Some((*name, change(&value)?)));
        let below = COMPOSED.iter().filter(|(wanted, ..)| is_place(wanted, &kind, &shape));
        let composed = below.filter_map(|(_, name, layer)| Some((*name, Change::Value(laid(&value, layer)?))));
        for (mutation, change) in changed.chain(composed) {
            if seen.insert((kind.clone(), shape.clone(), mutation)) {
                let value = apply(object, place, change);
                all.push(Mutant { kind: kind.clone(), shape: shape.clone(), mutation, place: place.clone(), value });
            }
        }
    }
    all
}

fn is_place(wanted: &str, kind: &str, shape: &str) -> bool {
    match wanted.split_once('.') {
        Some(("*", field)) => shape == field || shape.ends_with(&format!(".{field}")),
        Some((of_kind, field)) => of_kind == kind && shape == field,
        None => wanted == kind && shape.is_empty(),
    }
}

fn laid(value: &Value, layer: &str) -> Option<Value> {
    let mut fields: Map<String, Value> = value.as_object()?.clone();
    let layer: Map<String, Value> = serde_json::from_str(layer).expect("JSON");
    fields.extend(layer);
    Some(Value::Object(fields))
}

/// What tells the object itself is not changed: it would be another one.
fn is_identity(place: &[Step]) -> bool {
    let key = |at: usize| match place.get(at) {
        Some(Step::Key(key)) => key.as_str(),
        _ => "",
    };
    matches!(key(0), "" | "apiVersion" | "kind")
        || (key(0) == "metadata" && (place.len() == 1 || (place.len() == 2 && matches!(key(1), "name" | "namespace"))))
}

/// The verification of one example for one of its environments.
pub(crate) struct Judge {
    root: Node,
    model: Model,
}

impl Judge {
    fn judge(&self, mutant: &Mutant) -> Judged {
        let content = Content::of(&mutant.value).expect("an object");
        let text = windlass::yaml::to_yaml(&content).expect("an object can be printed");
        let file = Sources::new().add("mutant.yaml", "");
        let mut found = Diagnostics::new();
        let document = windlass::yaml::parse(file, &text, &mut found).expect("what is printed can be read").root;
        let object = Object::written(Arc::new(document.clone()), content, Phase::Backends);
        let mut findings = Findings::new(&self.root);
        windlass::verify::verify(&[object], &self.model, &Manifests::new(), &mut findings);
        let mut errors = findings.found.iter().filter(|finding| finding.severity == Severity::Error);
        let first = errors.clone().next().map(|finding| finding.message.clone());
        Judged { near: errors.any(|finding| is_near(finding, &document, &mutant.place, &text)), first }
    }
}

/// What the verification says about a mutant.
struct Judged {
    /// The first error.
    first: Option<String>,
    /// True where an error lies in the lines of the change.
    near: bool,
}

/// True where a finding lies in the lines of what was changed, or, where something is gone, of what is around it.
fn is_near(finding: &Diagnostic, document: &Node, place: &[Step], text: &str) -> bool {
    let (mut node, mut around) = (document, document.span);
    let mut nearest = document.span;
    for step in place {
        let next = match (&node.value, step) {
            (windlass::document::Value::Map(map), Step::Key(key)) => {
                map.get(key.as_str()).map(|entry| (entry.key.to(entry.node.span), &entry.node))
            }
            (windlass::document::Value::List(items), Step::Item(at)) => items.get(*at).map(|item| (item.span, item)),
            _ => None,
        };
        around = nearest;
        let Some((span, below)) = next else { break };
        (nearest, node) = (span, below);
    }
    let line = |offset: usize| text[..offset.min(text.len())].matches('\n').count();
    let lines =
        |span: Span| line(span.range().start)..=line(span.range().end.saturating_sub(1).max(span.range().start));
    finding.labels.iter().any(|label| {
        let at = line(label.span.range().start);
        lines(nearest).contains(&at) || lines(around).contains(&at)
    })
}

fn examples(root: &Path) -> Vec<(Loaded, Vec<usize>)> {
    let mut folders: Vec<_> =
        fs::read_dir(root.join("examples")).expect("examples").flatten().map(|entry| entry.path()).collect();
    folders.retain(|path| path.join("system.yaml").is_file());
    folders.sort();
    let workspace = Workspace::at(root).expect("the repository");
    let mut all = Vec::new();
    for folder in folders {
        let read = |path: &str| workspace.read(path, FILE_LIMIT).map_err(Diagnostic::from);
        let expand = |pattern: &str| workspace.expand(pattern).map_err(Diagnostic::from);
        let system = workspace.path_of(&folder.join("system.yaml")).expect("in the repository");
        let environments = workspace.environments(&system, None).expect("environments");
        let mut found = Diagnostics::new();
        let (_, loaded) = load(Files { read: &read, expand: &expand }, &system, &environments, &mut found);
        let loaded = loaded.expect("an example loads");
        let usable = (0..loaded.environments.len()).filter(|at| !loaded.environments[*at].is_abstract).collect();
        all.push((loaded, usable));
    }
    all
}

/// Verdicts of an API server by kind and place, then by mutation.
pub(crate) type Verdicts = BTreeMap<String, BTreeMap<String, char>>;

pub(crate) fn verdicts(text: &str) -> Verdicts {
    let line = |line: &str| {
        let (place, said) = line.split_once(": ")?;
        let said = said
            .split(' ')
            .filter_map(|one| one.split_once('='))
            .map(|(mutation, verdict)| (mutation.to_owned(), verdict.chars().next().unwrap_or('?')));
        Some((place.to_owned(), said.collect()))
    };
    text.lines().filter_map(line).collect()
}

#[derive(Default)]
struct Table {
    refused_found: usize,
    refused_missed: Vec<String>,
    accepted_found: Vec<String>,
    accepted_silent: usize,
    /// Found, with no label in the lines of the change.
    refused_elsewhere: Vec<String>,
    unasked: usize,
}

impl Table {
    fn count(&mut self, verdict: Option<char>, name: String, judged: &Judged) {
        match (verdict, &judged.first) {
            (Some('R'), None) => self.refused_missed.push(name),
            (Some('R'), Some(_)) if judged.near => self.refused_found += 1,
            (Some('R'), Some(first)) => self.refused_elsewhere.push(format!("{name}: {first}")),
            (Some('A'), None) => self.accepted_silent += 1,
            (Some('A'), Some(first)) => self.accepted_found.push(format!("{name}: {first}")),
            // The API server that was asked does not know the kind.
            (Some(_), _) => {}
            (None, _) => self.unasked += 1,
        }
    }
}

/// Goes through the examples and their environments: the verification of each, and the mutants that are new in it.
pub(crate) fn visit(mut visit: impl FnMut(&Judge, &[Mutant])) {
    let mut seen = BTreeSet::new();
    for (loaded, environments) in examples(Path::new(env!("CARGO_MANIFEST_DIR"))) {
        for at in environments {
            let environment = &loaded.environments[at];
            let compiled = windlass::compile(&loaded, environment);
            let (model, _) = windlass::model(&loaded, environment);
            let (Some(objects), Some(model)) = (compiled.objects, model) else { panic!("an example compiles") };
            let all: Vec<Mutant> = objects.iter().flat_map(|object| mutants(&object.json(), &mut seen)).collect();
            visit(&Judge { root: loaded.system.clone(), model }, &all);
        }
    }
}

#[test]
fn mutants_that_an_api_server_refuses_are_refused() {
    use rayon::prelude::*;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("tests/mutants");
    let known = verdicts(&fs::read_to_string(folder.join("verdicts.txt")).unwrap_or_default());
    let wanted = std::env::var_os("MUTANTS");
    let mut table = Table::default();
    let mut unasked = Vec::new();
    visit(|judge, all| {
        let judged: Vec<Judged> = all.par_iter().map(|mutant| judge.judge(mutant)).collect();
        for (mutant, judged) in all.iter().zip(&judged) {
            let place = mutant.place();
            let verdict = known.get(&place).and_then(|said| said.get(mutant.mutation)).copied();
            table.count(verdict, format!("{place} {}", mutant.mutation), judged);
            if verdict.is_none() {
                unasked.push(json!({"place": place, "mutation": mutant.mutation, "object": mutant.value}));
            }
        }
    });
    if let Some(to) = wanted {
        let lines: Vec<String> = unasked.iter().map(Value::to_string).collect();
        fs::write(Path::new(&to).join("mutants.jsonl"), lines.join("\n")).expect("the folder can be written");
    }
    report(&table, &folder);
}

#[expect(clippy::print_stdout, reason = "the figures of the table")]
fn report(table: &Table, folder: &Path) {
    let refused = table.refused_found + table.refused_elsewhere.len() + table.refused_missed.len();
    #[expect(clippy::cast_precision_loss, reason = "counts of some thousands")]
    let share = 100.0 * table.refused_found as f64 / refused.max(1) as f64;
    println!(
        "refused by an API server: {refused}, found in the lines of the change {} ({share:.2} %)",
        table.refused_found
    );
    println!("  found elsewhere {}, missed {}", table.refused_elsewhere.len(), table.refused_missed.len());
    println!("accepted by an API server: silent {}, found {}", table.accepted_silent, table.accepted_found.len());
    println!("never asked: {}", table.unasked);
    for (file, lines) in [
        ("missed.txt", &table.refused_missed),
        ("elsewhere.txt", &table.refused_elsewhere),
        ("strict.txt", &table.accepted_found),
    ] {
        let text = lines.iter().fold(String::new(), |text, line| text + line + "\n");
        if std::env::var_os("BLESS").is_some() {
            fs::write(folder.join(file), &text).expect("the folder can be written");
        }
        assert_eq!(
            text,
            fs::read_to_string(folder.join(file)).unwrap_or_default(),
            "{file} differs; BLESS=1 writes it"
        );
    }
    assert!(share >= 97.0, "only {share:.2} % of what an API server refuses is found where it is");
    assert!(table.unasked * 20 <= refused, "{} mutants without a verdict; ask an API server", table.unasked);
}
