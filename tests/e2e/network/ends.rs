//! Who is asked about: the pods of a system, whoever its policies name, and strangers who resemble the one or the other.

use super::addresses;
use crate::accepted::find_templates;
use crate::api::items;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use windlass::kube::Object;
use windlass::model::Model;

pub(super) type Labels = BTreeMap<String, String>;

/// The namespace of strangers, which no policy knows.
const ELSEWHERE: &str = "elsewhere";
const NAME: &str = "app.kubernetes.io/name";
const PART_OF: &str = "app.kubernetes.io/part-of";
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Port {
    pub(super) number: u16,
    pub(super) protocol: String,
}

impl Port {
    pub(super) fn tcp(number: u16) -> Self {
        Self { number, protocol: "TCP".into() }
    }

    /// Of a container or of a policy.
    fn read(port: &Value, number: &str) -> Option<Self> {
        let protocol = port["protocol"].as_str().unwrap_or("TCP").into();
        Some(Self { number: u16::try_from(port[number].as_u64()?).ok()?, protocol })
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.protocol)
    }
}

/// Pods that are alike, or an address outside the cluster.
#[derive(Clone)]
pub(super) struct End {
    /// As the tables call it.
    pub(super) name: String,
    /// The component whose pods these are.
    pub(super) component: Option<String>,
    /// None of an address.
    namespace: Option<String>,
    labels: Labels,
    /// The names of the ports on which it listens.
    ports: BTreeMap<Port, String>,
}

impl End {
    fn pods(name: &str, namespace: &str, labels: Labels) -> Self {
        Self { name: name.into(), component: None, namespace: Some(namespace.into()), labels, ports: BTreeMap::new() }
    }

    fn address(address: &str) -> Self {
        Self { name: address.into(), component: None, namespace: None, labels: Labels::new(), ports: BTreeMap::new() }
    }

    /// Pods of an operator, which names its ports itself.
    fn operated(object: &Value, labels: &[(&str, &str)], ports: &[(u16, &str)]) -> Self {
        let all = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let inherited = strings(&object["spec"]["inheritedMetadata"]["labels"]);
        let mut end = Self::pods(text(object, "/metadata/name"), home(object), all.chain(inherited).collect());
        end.ports = ports.iter().map(|(number, name)| (Port::tcp(*number), (*name).to_owned())).collect();
        end
    }

    pub(super) fn is_in(&self, namespace: &str) -> bool {
        self.namespace.as_deref() == Some(namespace)
    }

    /// An address of the internet.
    pub(super) fn is_public(&self) -> bool {
        self.namespace.is_none() && addresses::is_public(&self.name)
    }

    pub(super) fn listens(&self) -> impl Iterator<Item = &Port> {
        self.ports.keys()
    }

    /// As the program reads it. Pods have addresses of their own.
    pub(super) fn asked(&self, index: usize, home: &str) -> Value {
        let of_pod = format!("10.244.{}.{}", index / 250, index % 250 + 1);
        let ports: Vec<Value> = self
            .ports
            .iter()
            .map(|(port, name)| json!({"name": name, "containerPort": port.number, "protocol": port.protocol}))
            .collect();
        json!({
            "ours": self.is_in(home),
            "address": if self.namespace.is_some() { &of_pod } else { &self.name },
            "namespace": self.namespace,
            "namespaceLabels": self.namespace.iter().map(|name| (NAMESPACE_NAME, name)).collect::<BTreeMap<_, _>>(),
            "labels": self.labels,
            "ports": ports,
        })
    }
}

/// Everyone who is asked about: the pods of the system first.
pub(super) fn ends(objects: &[(&Object, Value)], policies: &[Value], model: &Model) -> Vec<End> {
    let home = model.namespace.name.as_str();
    let mut all = Ends::default();
    objects.iter().for_each(|(object, content)| all.run(object.component.as_deref(), content));
    objects.iter().for_each(|(_, content)| all.run_primary(content));
    all.0.iter_mut().for_each(|end| end.namespace = Some(home.into()));
    let own = all.0.clone();
    policies.iter().for_each(|policy| all.select(&policy["spec"]["podSelector"], home));
    peers(policies).for_each(|peer| all.name(peer, home));
    let of_system = Labels::from([(PART_OF.into(), model.system.clone())]);
    all.add(End::pods("pods of the system that it does not make", home, of_system));
    all.add(End::pods("pods without labels", home, Labels::new()));
    all.add(End::pods("pods elsewhere", ELSEWHERE, Labels::new()));
    own.into_iter().for_each(|end| all.add(End::pods(&format!("{} elsewhere", end.name), ELSEWHERE, end.labels)));
    let blocks = peers(policies).map(|peer| &peer["ipBlock"]).filter(|block| block.is_object());
    addresses::of(blocks).iter().for_each(|address| all.add(End::address(address)));
    all.0
}

/// The ports that are asked about: those that pods listen on, those that policies name, and one that nobody knows.
pub(super) fn ports(ends: &[End], policies: &[Value]) -> Vec<Port> {
    let named = rules(policies)
        .flat_map(|rule| items(&rule["ports"]))
        .flat_map(|port| [Port::read(port, "port"), Port::read(port, "endPort")].into_iter().flatten());
    let nobodys = ["TCP", "UDP"].map(|protocol| Port { number: 1, protocol: protocol.into() });
    let all: BTreeSet<Port> = ends.iter().flat_map(End::listens).cloned().chain(named).chain(nobodys).collect();
    all.into_iter().collect()
}

fn rules(policies: &[Value]) -> impl Iterator<Item = &Value> {
    policies.iter().flat_map(|policy| items(&policy["spec"]["ingress"]).chain(items(&policy["spec"]["egress"])))
}

fn peers(policies: &[Value]) -> impl Iterator<Item = &Value> {
    rules(policies).flat_map(|rule| items(&rule["from"]).chain(items(&rule["to"])))
}

#[derive(Default)]
struct Ends(Vec<End>);

impl Ends {
    /// Adds an end; of pods with the same labels there is one, with the ports of all.
    fn add(&mut self, end: End) {
        let is_same = |known: &&mut End| known.namespace == end.namespace && known.labels == end.labels;
        match self.0.iter_mut().find(is_same).filter(|_| end.namespace.is_some()) {
            Some(known) => known.ports.extend(end.ports),
            None => self.0.push(end),
        }
    }

    /// The pods that an object makes.
    fn run(&mut self, component: Option<&str>, object: &Value) {
        let mut templates = Vec::new();
        find_templates(object, &mut templates);
        let of_templates = templates.into_iter().map(|template| of_template(object, template));
        for end in of_cnpg(object).into_iter().chain(of_templates) {
            self.add(End { component: component.map(str::to_owned), ..end });
        }
    }

    /// The pods of the copy that Flagger makes of a Deployment.
    fn run_primary(&mut self, object: &Value) {
        if text(object, "/apiVersion").starts_with("flagger.app/") && text(object, "/kind") == "Canary" {
            let target = text(object, "/spec/targetRef/name");
            let of_target = |end: &&End| end.labels.get(NAME).is_some_and(|name| name == target);
            let mut primary: Vec<End> = self.0.iter().filter(of_target).cloned().collect();
            for end in &mut primary {
                end.name.push_str("-primary");
                end.labels.insert(NAME.into(), format!("{target}-primary"));
            }
            primary.into_iter().for_each(|end| self.add(end));
        }
    }

    /// Pods of this namespace that a selector names and nothing here makes.
    fn select(&mut self, selector: &Value, home: &str) {
        let labels = labels_of(selector);
        let is_known =
            |end: &End| end.is_in(home) && labels.iter().all(|(key, value)| end.labels.get(key) == Some(value));
        if !labels.is_empty() && !self.0.iter().any(is_known) {
            self.add(End::pods(&shown(&labels), home, labels));
        }
    }

    /// Whom a rule names; and pods that have the labels or the namespace, but not both.
    fn name(&mut self, peer: &Value, home: &str) {
        let labels = labels_of(&peer["podSelector"]);
        let namespaces = labels_of(&peer["namespaceSelector"]);
        let Some(namespace) = namespaces.get(NAMESPACE_NAME) else {
            self.select(&peer["podSelector"], home);
            return;
        };
        self.add(End::pods(&format!("pods in {namespace}"), namespace, Labels::new()));
        if !labels.is_empty() {
            let name = shown(&labels);
            self.add(End::pods(&format!("{name} in {namespace}"), namespace, labels.clone()));
            self.add(End::pods(&format!("{name} elsewhere"), ELSEWHERE, labels));
        }
    }
}

/// What CloudNativePG's pods listen on.
const INSTANCE: &[(u16, &str)] = &[(5432, "postgresql"), (8000, "status"), (9187, "metrics")];
const POOLER: &[(u16, &str)] = &[(5432, "pgbouncer"), (9127, "metrics")];

/// Instances bear the label of their cluster, and so do the poolers in front of it.
fn of_cnpg(object: &Value) -> Option<End> {
    if !text(object, "/apiVersion").starts_with("postgresql.cnpg.io/") {
        return None;
    }
    let name = text(object, "/metadata/name");
    match text(object, "/kind") {
        "Cluster" => Some(End::operated(object, &[("cnpg.io/cluster", name)], INSTANCE)),
        "Pooler" => {
            let cluster = text(object, "/spec/cluster/name");
            Some(End::operated(object, &[("cnpg.io/cluster", cluster), ("cnpg.io/poolerName", name)], POOLER))
        }
        _ => None,
    }
}

fn of_template(object: &Value, template: &Value) -> End {
    let labels = strings(&template["metadata"]["labels"]);
    let name = labels.get(NAME).map_or(text(object, "/metadata/name"), String::as_str).to_owned();
    let mut end = End::pods(&name, home(object), labels);
    let spec = &template["spec"];
    for port in items(&spec["containers"]).chain(items(&spec["initContainers"])).flat_map(|one| items(&one["ports"])) {
        if let Some(number) = Port::read(port, "containerPort") {
            end.ports.insert(number, text(port, "/name").into());
        }
    }
    end
}

/// Labels that a selector selects.
fn labels_of(selector: &Value) -> Labels {
    let mut labels = strings(&selector["matchLabels"]);
    for expression in items(&selector["matchExpressions"]) {
        labels.insert(text(expression, "/key").into(), text(expression, "/values/0").into());
    }
    labels
}

fn shown(labels: &Labels) -> String {
    labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
}

fn strings(map: &Value) -> Labels {
    let text = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
    map.as_object().into_iter().flatten().filter_map(text).collect()
}

fn home(object: &Value) -> &str {
    text(object, "/metadata/namespace")
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
