//! When each object is delivered, for tools that wait for one step before the next.
//!
//! Promises: a tool that waits until a turn is healthy comes to the end. What is used stands at or before
//! what uses it, also where kinds alone would say otherwise, since a pod may wait for what it uses; a job before a
//! rollout stands strictly before it; and what is not healthy by itself for a long time (a canary, an autoscaler
//! without metrics, a claim without a pod) comes last, where nothing waits for it.

use crate::kube::{Content, Object, Phase};
use crate::lower;
use crate::model::{Component, Controller, Driver, Model, Naming};
use crate::spec::Kind;
use std::collections::BTreeMap;

/// A place in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Turn {
    At(i32),
    /// With what nobody waits for.
    Last,
    /// It may never be healthy, or only after days: not even the end waits for it.
    Unwatched,
}

/// The turn of the definitions of custom resources.
pub(super) const DEFINITIONS: Turn = Turn::At(-2);
const NAMESPACE: Turn = Turn::At(-1);
/// The first turn of jobs before a rollout.
pub(super) const FIRST_RELEASES: Turn = Turn::At(RELEASES);
/// Configuration and secrets: without any mark, since what SOPS signed can bear none.
const CONFIGURATION: Turn = Turn::At(0);
const STORES: i32 = 1;
const RELEASES: i32 = 2;
const MODELS: i32 = 3;
const BACKENDS: i32 = 4;
const AGENTS: i32 = 5;
const FRONTENDS: i32 = 6;

/// The turns of a system's objects.
pub(super) struct Order<'a> {
    model: &'a Model,
    components: BTreeMap<&'a str, Turn>,
    /// The turns of migrations, by component.
    releases: BTreeMap<&'a str, Turn>,
    /// The turns of claims: those of the first pods that mount them, and whether these are of a release.
    claims: BTreeMap<String, (Turn, bool)>,
}

impl<'a> Order<'a> {
    pub(super) fn of(model: &'a Model, objects: &[Object]) -> Self {
        let mut order = Self {
            model,
            components: model.components.values().map(|component| (&*component.key, own(model, component))).collect(),
            releases: BTreeMap::new(),
            claims: BTreeMap::new(),
        };
        // Each round carries a turn over one edge at least, so that as many as there are components suffice.
        for _ in 0..=model.components.values().count() {
            if !order.carry() {
                break;
            }
        }
        order.claims = order.claims(objects);
        order
    }

    /// Carries turns from what is used to what uses it; false where nothing changed.
    fn carry(&mut self) -> bool {
        let mut changed = false;
        for component in self.model.components.values() {
            let key = component.key.as_str();
            let known = self.components[key];
            let release = self.release(component);
            let after_release = release.and_then(after);
            let used = self.model.edges.iter().filter(|edge| edge.from == key).filter_map(|edge| self.behind(&edge.to));
            let turn = used.chain(after_release).fold(known, Turn::max);
            // A job that nobody waits for stays where it is.
            let turn = if known == Turn::Unwatched { known } else { turn };
            changed |= turn != known;
            self.components.insert(key, turn);
            if let Some(release) = release {
                changed |= self.releases.insert(key, release) != Some(release);
            }
        }
        changed
    }

    /// Where a migration stands: behind the stores, and what its pod waits for.
    fn release(&self, component: &Component) -> Option<Turn> {
        component.releases.first()?;
        let is_needed = |to: &str| {
            let kind = self.model.component(to).map(|component| component.kind);
            matches!(kind, Some(Kind::Postgres | Kind::Redis | Kind::Store | Kind::Job))
        };
        let edges = self.model.edges.iter().filter(|edge| edge.from == component.key);
        let needed = edges.filter(|edge| edge.wait || is_needed(&edge.to)).filter_map(|edge| self.behind(&edge.to));
        Some(needed.fold(Turn::At(RELEASES), Turn::max))
    }

    /// The first turn in which something may stand that uses a component.
    fn behind(&self, used: &str) -> Option<Turn> {
        let component = self.model.component(used)?;
        let turn = *self.components.get(used)?;
        match component.kind {
            Kind::Job if is_single_job(component) => after(turn),
            // It runs when it is due, or when somebody starts it.
            Kind::Job => None,
            _ => Some(turn),
        }
    }

    pub(super) fn turn(&self, object: &Object) -> Turn {
        let identity = &object.identity;
        match (identity.group(), identity.kind.as_str()) {
            ("", "PersistentVolumeClaim") => {
                return self.claims.get(&identity.name).map_or(Turn::Unwatched, |(turn, _)| *turn);
            }
            // Not healthy before there are metrics, or as long as steps are taken.
            ("autoscaling", "HorizontalPodAutoscaler")
            | ("keda.sh", "ScaledObject")
            | ("argoproj.io", "Rollout")
            | ("flagger.app", "Canary")
            // One failed run would hold up everything behind it.
            | ("batch", "CronJob") => return Turn::Last,
            _ => {}
        }
        let component = object.component.as_deref().and_then(|key| self.model.component(key));
        match (object.phase, component) {
            (Phase::Definitions, _) => DEFINITIONS,
            (Phase::Namespace, _) => NAMESPACE,
            (Phase::Configuration | Phase::Volumes, _) => CONFIGURATION,
            (Phase::Routes | Phase::Delivery, _) => Turn::Last,
            (Phase::Releases, Some(component)) if component.kind != Kind::Job => {
                self.releases.get(component.key.as_str()).copied().unwrap_or(Turn::At(RELEASES))
            }
            (_, Some(component)) => self.components[component.key.as_str()],
            (phase, None) => of_phase(phase),
        }
    }

    /// A claim is bound when its first pod is placed, so it comes with the first of them.
    fn claims(&self, objects: &[Object]) -> BTreeMap<String, (Turn, bool)> {
        let mut claims: BTreeMap<String, (Turn, bool)> = BTreeMap::new();
        for object in objects.iter().filter(|object| object.identity.kind != "PersistentVolumeClaim") {
            let turn = if object.identity.kind == "CronJob" { Turn::Unwatched } else { self.turn(object) };
            let turn = (turn, self.is_release(object));
            object.content.any_text(&mut |key, text| {
                if key == "claimName" {
                    claims.entry(text.into()).and_modify(|first| *first = turn.min(*first)).or_insert(turn);
                }
                false
            });
        }
        claims
    }

    /// The last turn that is waited for.
    pub(super) fn latest(&self) -> i32 {
        let turns = self.components.values().chain(self.releases.values());
        turns.filter_map(|turn| if let Turn::At(at) = turn { Some(*at) } else { None }).fold(FRONTENDS, i32::max)
    }

    /// True for the job of a release, or one that others use: what comes after it waits for its end.
    pub(super) fn is_release(&self, object: &Object) -> bool {
        let is_job = object.identity.kind == "Job" && object.identity.group() == "batch";
        is_job && object.phase == Phase::Releases && matches!(self.turn(object), Turn::At(_))
    }

    /// True for a claim that is bound by a job before the rollout, and by nothing before that.
    pub(super) fn is_bound_by_release(&self, object: &Object) -> bool {
        let is_claim = object.identity.kind == "PersistentVolumeClaim";
        is_claim && self.claims.get(&object.identity.name).is_some_and(|(_, by_release)| *by_release)
    }
}

/// The turn of a component by its kind alone.
fn own(model: &Model, component: &Component) -> Turn {
    let is_by_argo_rollouts =
        component.progressive().is_some_and(|progressive| progressive.driver == Driver::ArgoRollouts);
    if is_by_argo_rollouts {
        // A paused canary is not healthy, and whatever waits for it would hold up the next commit too.
        return Turn::Last;
    }
    match component.workload().map(|workload| &workload.controller) {
        Some(Controller::CronJob { .. }) => Turn::Last,
        Some(Controller::Job(job)) if job.naming != Naming::Users && !is_used(model, component) => Turn::Unwatched,
        Some(Controller::JobSet(_)) if !is_used(model, component) => Turn::Unwatched,
        _ => of_phase(lower::phase(component)),
    }
}

fn is_used(model: &Model, component: &Component) -> bool {
    model.edges.iter().any(|edge| edge.to == component.key)
}

fn is_single_job(component: &Component) -> bool {
    let controller = component.workload().map(|workload| &workload.controller);
    matches!(controller, Some(Controller::Job(_) | Controller::JobSet(_)))
}

/// The turn after one; nothing is after the last.
fn after(turn: Turn) -> Option<Turn> {
    match turn {
        Turn::At(at) => Some(Turn::At(at.saturating_add(1))),
        Turn::Last => Some(Turn::Last),
        Turn::Unwatched => None,
    }
}

fn of_phase(phase: Phase) -> Turn {
    Turn::At(match phase {
        Phase::Definitions => return DEFINITIONS,
        Phase::Namespace => return NAMESPACE,
        Phase::Configuration | Phase::Volumes => return CONFIGURATION,
        Phase::Stores => STORES,
        Phase::Releases => RELEASES,
        Phase::Models => MODELS,
        Phase::Backends => BACKENDS,
        Phase::Agents => AGENTS,
        Phase::Frontends => FRONTENDS,
        Phase::Routes | Phase::Delivery => return Turn::Last,
    })
}

/// True where the object, or what it makes, holds data that go with it.
pub(super) fn holds_data(object: &Object) -> bool {
    let spec = object.content.get("spec");
    match (object.identity.group(), object.identity.kind.as_str()) {
        ("", "PersistentVolumeClaim") | ("postgresql.cnpg.io", "Cluster") => true,
        ("apps", "StatefulSet") => spec.and_then(|spec| spec.get("volumeClaimTemplates")).is_some(),
        _ => false,
    }
}

/// What stays in the cluster when it is no longer in Git: data, the namespace that holds them, and definitions, with
/// which all objects of their kind would go, those of others too.
pub(super) fn kept(objects: &[Object], namespace_too: bool) -> impl Fn(&Object) -> bool + use<> {
    let namespace_too = namespace_too || objects.iter().any(holds_data);
    move |object| match object.identity.kind.as_str() {
        "PersistentVolumeClaim" => object.identity.group().is_empty(),
        "CustomResourceDefinition" => true,
        "Namespace" => namespace_too,
        _ => false,
    }
}

/// The names in an object that may refer to others.
pub(super) fn refers_to(content: &Content, name: &str) -> bool {
    content.any_text(&mut |_, text| text == name)
}
