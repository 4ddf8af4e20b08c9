//! Windlass: from a system and an environment to Kubernetes YAML.
//!
//! ```text
//! files ─load─▶ documents ─layers─▶ one document ─decode─▶ spec (what was written)
//!       ─resolve─▶ model (what it means) ─check─▶ Valid<Model> ─lower, encrypted, manifest, patch, verify─▶ objects
//!       ─render─▶ tree
//! ```
//!
//! Invariants. Only `workspace`, `git` and `cli` touch the outside: everything else takes values and returns
//! values, and fails by findings alone. Each stage is a type that only the stage before it makes.
//! Every pass collects what it finds; the checkpoints stand in [`compile`]. The same input gives the
//! same bytes: ordered maps, no clock, no host, no environment.

pub mod autoscale;
pub mod capacity;
pub mod check;
pub mod cli;
pub mod deliver;
pub mod diagnostic;
pub mod diff;
pub mod digest;
pub mod document;
pub mod encrypted;
pub mod fix;
pub mod git;
pub mod kube;
pub mod layers;
pub mod load;
pub mod lower;
pub mod manifest;
pub mod model;
pub mod observe;
pub mod patch;
pub mod policy;
pub mod promote;
pub mod provenance;
pub mod render;
pub mod resolve;
pub mod review;
pub mod runtime;
pub mod source;
pub mod spec;
pub mod target;
pub mod tree;
pub mod verify;
pub mod workspace;
pub mod yaml;

use diagnostic::{Diagnostic, Diagnostics, code};
use document::{Findings, Node, at};
use kube::Object;
use load::{Loaded, LoadedEnvironment};
use model::Model;
use policy::Policy;
use spec::{Environment, System};
use std::collections::BTreeSet;

/// What compiling gave: objects unless there was an error, and every finding.
#[derive(Debug)]
pub struct Compiled {
    /// In delivery order.
    pub objects: Option<Vec<Object>>,
    pub found: Diagnostics,
    /// Comments that silenced something, by their place in [`Loaded::allowances`].
    pub allowed: BTreeSet<usize>,
}

/// Compiles a system for one of its environments.
pub fn compile(loaded: &Loaded, environment: &LoadedEnvironment) -> Compiled {
    let mut found = Diagnostics::new();
    let mut allowed = BTreeSet::new();
    let objects = objects(loaded, environment, &mut found, &mut allowed);
    Compiled { objects: objects.filter(|_| !found.has_errors()), found, allowed }
}

/// What a system means in one of its environments, whether or not it keeps the laws; and every finding.
pub fn model(loaded: &Loaded, environment: &LoadedEnvironment) -> (Option<Model>, Diagnostics) {
    let mut found = Diagnostics::new();
    let model = with_model(loaded, environment, &mut found, &mut BTreeSet::new(), |model, findings| {
        let _ = check::check(model.clone(), findings);
        Some(model)
    });
    (model, found)
}

/// A system compiled for an environment, with what it was made of: what a review compares.
#[derive(Debug)]
pub struct Whole {
    pub objects: Vec<Object>,
    pub model: Model,
    /// The merged document.
    pub root: Node,
}

/// Compiles as [`compile`] does, and keeps what the objects were made of.
pub fn compile_whole(loaded: &Loaded, environment: &LoadedEnvironment) -> (Option<Whole>, Diagnostics) {
    whole(loaded, environment, make)
}

/// The same for what was accepted before: an old side is compared as it was, and not verified again.
pub fn compile_accepted(loaded: &Loaded, environment: &LoadedEnvironment) -> (Option<Whole>, Diagnostics) {
    whole(loaded, environment, lowered)
}

fn whole(
    loaded: &Loaded,
    environment: &LoadedEnvironment,
    make: impl FnOnce(&Loaded, &check::Valid<Model>, &mut Findings<'_>) -> Vec<Object>,
) -> (Option<Whole>, Diagnostics) {
    let mut found = Diagnostics::new();
    let made = with_model(loaded, environment, &mut found, &mut BTreeSet::new(), |model, findings| {
        let valid = checked(model, findings)?;
        let objects = make(loaded, &valid, findings);
        Some((objects, valid.into_inner(), findings.root().clone()))
    });
    let whole = made.map(|(objects, model, root)| Whole { objects, model, root });
    (whole.filter(|_| !found.has_errors()), found)
}

fn objects(
    loaded: &Loaded,
    environment: &LoadedEnvironment,
    found: &mut Diagnostics,
    allowed: &mut BTreeSet<usize>,
) -> Option<Vec<Object>> {
    with_model(loaded, environment, found, allowed, |model, findings| {
        let valid = checked(model, findings)?;
        let objects = make(loaded, &valid, findings);
        dispose(valid);
        Some(objects)
    })
}

/// A model that keeps the laws. What the rules of the team's own say about what is written comes after them.
fn checked(model: Model, findings: &mut Findings<'_>) -> Option<check::Valid<Model>> {
    let broken = policy::enforce_on_system(&model, findings);
    let valid = check::check(model, findings);
    findings.found.extend(broken);
    valid
}

/// Everything that a checked model gives, verified.
fn make(loaded: &Loaded, valid: &check::Valid<Model>, findings: &mut Findings<'_>) -> Vec<Object> {
    let objects = lowered(loaded, valid, findings);
    verify::verify(&objects, valid, &loaded.manifests, findings);
    policy::enforce(&objects, valid, &loaded.manifests, findings);
    objects
}

/// Everything that a checked model gives.
fn lowered(loaded: &Loaded, valid: &check::Valid<Model>, findings: &mut Findings<'_>) -> Vec<Object> {
    let mut objects = lower::lower(valid);
    encrypted::add(&mut objects, valid, &loaded.manifests, findings);
    manifest::add(&mut objects, valid, &loaded.manifests, findings);
    deliver::add(&mut objects, valid, &members(loaded, valid, findings));
    patch::apply(&mut objects, &valid.patches, findings);
    deliver::protect_text(&mut objects, valid);
    objects
}

/// The environments of the ApplicationSet in which this one is, in the order of their files.
fn members(loaded: &Loaded, model: &Model, findings: &mut Findings<'_>) -> Vec<Model> {
    if !deliver::is_in_set(model) {
        return Vec::new();
    }
    let others = loaded.environments.iter().filter(|other| !other.is_abstract);
    let resolved: Vec<(&LoadedEnvironment, Option<Model>)> = others
        .map(|other| {
            let is_this = other.name == model.environment;
            let of_other =
                || with_model(loaded, other, &mut Diagnostics::new(), &mut BTreeSet::new(), |model, _| Some(model));
            (other, if is_this { Some(model.clone()) } else { of_other() })
        })
        .collect();
    findings.push_all(deliver::unresolved(
        resolved.iter().filter(|(_, model)| model.is_none()).map(|(other, _)| &*other.name),
    ));
    resolved.into_iter().filter_map(|(_, model)| model).filter(deliver::is_in_set).collect()
}

/// Merges, reads and resolves; then does what is wanted with the model.
fn with_model<T>(
    loaded: &Loaded,
    environment: &LoadedEnvironment,
    found: &mut Diagnostics,
    allowed: &mut BTreeSet<usize>,
    then: impl FnOnce(Model, &mut Findings<'_>) -> Option<T>,
) -> Option<T> {
    let chain: Vec<_> = environment.chain.iter().map(AsRef::as_ref).collect();
    let root = layers::merge(&loaded.system, &chain, found);
    let system: Option<System> = spec::decode(&root, at![], found);
    let target: Option<Environment> = spec::decode(root.get("environment")?, at!["environment"], found);
    let (system, target) = (system?, target?);
    if found.has_errors() {
        return None;
    }
    let own = environment.chain.last()?;
    let policy = Policy::of(target.policy.as_ref(), &root, own, &loaded.denied, &loaded.allowances, found);
    let mut findings = Findings::under(&root, &policy);
    let place = resolve::Place { environment: &environment.name, output: &environment.output };
    let model = resolve::resolve(&system, &target, place, &loaded.contents, &mut findings);
    let result = model.and_then(|model| then(model, &mut findings));
    findings.settle();
    let Findings { found: own, mut silenced, .. } = findings;
    policy.settle(found, &mut silenced);
    let mut unused = Diagnostics::new();
    unused.extend(policy.unused(&silenced));
    policy.settle(&mut unused, &mut silenced);
    let of_environment = |finding| Diagnostic { environment: Some(environment.name.clone()), ..finding };
    found.extend(own.into_iter().chain(unused).map(of_environment));
    allowed.extend(silenced.comments);
    dispose((root, system, target));
    result
}

/// The objects of a merged document, whatever a policy makes of it; `None` where it does not compile.
pub(crate) fn objects_of(root: &Node, loaded: &Loaded, environment: &LoadedEnvironment) -> Option<Vec<Object>> {
    let mut found = Diagnostics::new();
    let system: System = spec::decode(root, at![], &mut found)?;
    let target: Environment = spec::decode(root.get("environment")?, at!["environment"], &mut found)?;
    if found.has_errors() {
        return None;
    }
    let mut findings = Findings::new(root);
    let place = resolve::Place { environment: &environment.name, output: &environment.output };
    let model = resolve::resolve(&system, &target, place, &loaded.contents, &mut findings)?;
    let valid = check::check(model, &mut findings)?;
    let objects = lowered(loaded, &valid, &mut findings);
    (!findings.found.has_errors()).then_some(objects)
}

/// Gives memory back beside the work that goes on.
fn dispose(value: impl Send + 'static) {
    rayon::spawn(move || drop(value));
}

/// Renders objects to a tree.
pub fn render(objects: &[Object]) -> Result<tree::Tree, Diagnostic> {
    render::render(objects).map_err(unwritable)
}

/// Renders objects to one stream, in delivery order, in parts to be written one after the other.
pub fn stream(objects: &[Object]) -> Result<Vec<String>, Diagnostic> {
    render::stream(objects).map_err(unwritable)
}

/// Names of files are the author's to change; what the printer refuses is a mistake of the compiler, and says so.
fn unwritable(error: render::RenderError) -> Diagnostic {
    match error {
        render::RenderError::Path(error) => error.into(),
        render::RenderError::Print { .. } => Diagnostic::error(code::BUG, error.to_string())
            .reason("this is a bug in Windlass, not in what was written")
            .help("report it with the system that shows it"),
    }
}
