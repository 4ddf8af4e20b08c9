//! From what was written to what it means.
//!
//! Promises: every reference is looked up, every default filled in, every part named as it will be
//! emitted. Reports what cannot be resolved, and goes on with the rest; judges nothing else (see
//! [`crate::check`]).

mod affinity;
mod arguments;
mod brought;
mod catalogue;
mod component;
mod container;
mod controller;
mod delivery;
mod env;
mod external;
mod files;
mod health;
pub(crate) mod images;
mod job;
mod model_server;
mod network;
mod object_store;
mod observe;
mod order;
mod outputs;
mod patch;
mod placement;
mod policy;
mod postgres;
mod quota;
mod redis;
mod reference;
mod rollout;
#[cfg(test)]
mod sample;
mod scale;
mod security;
mod service;
mod shared;
mod target;
mod training;
mod vertical;
mod volumes;
mod waiting;
mod weights;

pub(crate) use postgres::GOOGLE_KEY;

use crate::document::Findings;
use crate::model::{self, Config, Edge, Model, Namespace, NumberOrPercent, Output, Secret, Strings};
use crate::spec::{self, Environment, Literal, Named, System, Tier};
use crate::target::Target;
use indexmap::IndexMap;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The content of the repository's files that the system names, by the path as it is written.
pub type FileContents = BTreeMap<String, Vec<u8>>;

/// Components as written, completed with what their kind or runtime brings.
pub(crate) type Components<'a> = IndexMap<String, Cow<'a, Box<spec::Component>>>;

/// What resolving knows and has found so far.
pub(crate) struct Resolver<'a, 'r> {
    pub(crate) system: &'a System,
    /// The name of the environment.
    pub(crate) environment: &'a str,
    /// The name of the namespace.
    pub(crate) namespace: String,
    pub(crate) target: &'a Target,
    /// What brings the output to the cluster.
    pub(crate) delivery: Option<&'a model::Delivery>,
    pub(crate) contents: &'a FileContents,
    pub(crate) findings: &'a mut Findings<'r>,
    /// Components as written, completed with what their kind or runtime brings; disabled ones too,
    /// since optional uses still refer to them.
    pub(crate) components: &'a Components<'a>,
    pub(crate) outputs: Arc<BTreeMap<String, BTreeMap<String, Output>>>,
    pub(crate) secrets: Arc<BTreeMap<String, Secret>>,
    pub(crate) configs: Arc<BTreeMap<String, Config>>,
    /// Edges by the key of the component where they start, in the order of writing.
    pub(crate) edges: BTreeMap<String, Vec<Edge>>,
}

/// The environment that is resolved.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Its name.
    pub environment: &'a str,
    /// The folder of its output, from the root of the repository.
    pub output: &'a str,
}

/// What completing a component with its kind's own parts may see.
pub(crate) struct Completion<'a, 'r> {
    pub(crate) system: &'a System,
    pub(crate) target: &'a Target,
    pub(crate) findings: &'a mut Findings<'r>,
}

/// Gives the meaning of a merged system in an environment.
pub fn resolve(
    system: &System,
    environment: &Environment,
    place: Place<'_>,
    contents: &FileContents,
    findings: &mut Findings<'_>,
) -> Option<Model> {
    let name = place.environment;
    let target = target::resolve(environment.target.as_ref()?, findings);
    let delivery = delivery::resolve(&system.name, place, environment.delivery.as_ref(), findings);
    let components = component::complete(system, &target, findings);
    let mut resolver = Resolver {
        system,
        environment: name,
        namespace: namespace(system, environment, name).name,
        target: &target,
        delivery: delivery.as_ref(),
        contents,
        findings,
        components: &components,
        outputs: Arc::default(),
        secrets: Arc::default(),
        configs: Arc::default(),
        edges: BTreeMap::new(),
    };
    images::refuse_empty_pins(&mut resolver);
    resolver.secrets = Arc::new(shared::secrets(&mut resolver));
    resolver.outputs = Arc::new(outputs::all(&mut resolver));
    resolver.configs = Arc::new(shared::configs(&mut resolver));
    network::uses(&mut resolver);
    let mut resolved = component::all(&mut resolver);
    let catalogue = catalogue::catalogue(&mut resolver);
    for (key, component) in &mut resolved {
        component.release = resolver.model_release(&components[key], component, catalogue.as_ref());
    }
    observe::components(&mut resolver, &mut resolved);
    let dashboards = observe::dashboards(&mut resolver, &resolved);
    let edges: Vec<Edge> = std::mem::take(&mut resolver.edges).into_values().flatten().collect();
    let order = order::delivery(resolved.keys().cloned(), &edges);
    let components: model::Components = order.into_iter().filter_map(|key| resolved.swap_remove_entry(&key)).collect();
    let quota = system.quota.as_ref().map(|quota| quota::resolve(quota, components.values()));
    let pins = images::pins(&resolver);
    let volumes = shared::volumes(&mut resolver);
    let network = network::rules(&mut resolver);
    let patches = patch::all(&mut resolver);
    let rules = policy::all(&mut resolver);
    let schemas = environment.schemas.iter().flatten().map(ToString::to_string).collect();
    let manifests = system.manifests.iter().flatten().map(ToString::to_string).collect();
    Some(Model {
        delivery: delivery.clone(),
        output: place.output.into(),
        pins,
        system: system.name.to_string(),
        owner: system.owner.as_ref().map(ToString::to_string),
        environment: name.into(),
        tier: environment.tier.unwrap_or(Tier::Development),
        namespace: namespace(system, environment, name),
        labels: strings(system.labels.as_ref()),
        annotations: strings(system.annotations.as_ref()),
        edges,
        secrets: Arc::unwrap_or_clone(resolver.secrets),
        configs: Arc::unwrap_or_clone(resolver.configs),
        components,
        volumes,
        network,
        quota,
        catalogue,
        dashboards,
        target,
        manifests,
        schemas,
        patches,
        rules,
    })
}

fn namespace(system: &System, environment: &Environment, name: &str) -> Namespace {
    let written = environment.namespace.as_ref();
    Namespace {
        name: written
            .and_then(|namespace| namespace.name.as_ref())
            .map_or_else(|| format!("{}-{name}", system.name), ToString::to_string),
        create: written.and_then(|namespace| namespace.create) != Some(false),
        labels: strings(written.and_then(|namespace| namespace.labels.as_ref())),
        annotations: strings(written.and_then(|namespace| namespace.annotations.as_ref())),
    }
}

/// Labels or annotations as written.
fn strings<K>(named: Option<&Named<K, Literal>>) -> Strings {
    named.into_iter().flatten().map(|(name, value)| (name.clone(), value.0.clone())).collect()
}

/// Texts of a list.
fn texts(list: Option<&Vec<Literal>>) -> Vec<String> {
    list.into_iter().flatten().map(|text| text.0.clone()).collect()
}

fn number_or_percent(text: &spec::NumberOrPercent) -> NumberOrPercent {
    NumberOrPercent::parse(text).unwrap_or(NumberOrPercent::Number(1))
}

fn count(number: spec::Count) -> u32 {
    number.as_i32().unsigned_abs()
}
