//! The laws of the API server that no schema says.
//!
//! Promises: each law is one function that reports and changes nothing; [`LAWS`] is their order. A law
//! looks at values that have the right shape only: what has another is for the schema to say.

mod budget;
mod container;
mod data;
mod definition;
mod devices;
mod environment;
mod ingress;
mod job;
mod metadata;
mod network;
mod pod;
mod ports;
mod probe;
mod quota;
mod rbac;
mod reference;
mod resources;
mod rollout;
mod scaler;
mod selector;
mod service;
mod storage;
mod structural;
mod volume;

use super::schema::{Fault, Step, Walk};
use crate::diagnostic::Code;
use crate::kube::{Content, Identity, Key};
use crate::policy::Misfit;

/// An object, as the laws see it.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub group: &'a str,
    pub kind: &'a str,
    pub content: &'a Content,
}

type Law = for<'a> fn(Subject<'a>, &mut Walk<'a>);

const LAWS: &[Law] = &[
    metadata::names_fit_their_kind,
    metadata::labels_and_annotations_are_valid,
    selector::selectors_are_valid,
    selector::selectors_match_their_pods,
    rollout::rollouts_can_move,
    pod::pods_are_valid,
    job::jobs_can_run,
    job::schedules_are_valid,
    service::services_are_valid,
    scaler::scalers_are_valid,
    budget::budgets_say_one_thing,
    ingress::paths_and_backends_are_valid,
    network::policies_are_valid,
    data::data_are_valid,
    devices::selectors_of_devices_are_conditions,
    rbac::rules_say_what_and_on_what,
    storage::claims_are_valid,
    quota::quotas_and_limits_are_valid,
    definition::definitions_are_valid,
    structural::schemas_are_structural,
    reference::references_have_names,
];

/// Checks an object against all laws.
pub(super) fn check<'a>(identity: &'a Identity, content: &'a Content, walk: &mut Walk<'a>) {
    let subject = Subject { group: identity.group(), kind: &identity.kind, content };
    for law in LAWS {
        law(subject, walk);
    }
}

impl<'a> Subject<'a> {
    fn is(self, group: &str, kinds: &[&str]) -> bool {
        self.group == group && kinds.contains(&self.kind)
    }

    /// The way to the template of its pods, and what stands there.
    fn template(self) -> Option<(&'static [&'static str], &'a Content)> {
        let way: &[&str] = match (self.group, self.kind) {
            ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
            | ("batch", "Job")
            | ("", "ReplicationController")
            | ("argoproj.io", "Rollout") => &["spec", "template"],
            ("batch", "CronJob") => &["spec", "jobTemplate", "spec", "template"],
            ("", "PodTemplate") => &["template"],
            ("", "Pod") => &[],
            _ => return None,
        };
        get(self.content, way).map(|template| (way, template))
    }
}

/// What stands at the end of a way of keys.
fn get<'a>(content: &'a Content, way: &[&str]) -> Option<&'a Content> {
    way.iter().try_fold(content, |content, key| content.get(key)).filter(|value| !matches!(value, Content::Null))
}

/// Goes a way of keys, and does something at its end where something is written there.
fn at<'a>(
    walk: &mut Walk<'a>,
    content: &'a Content,
    way: &[&'static str],
    then: impl FnOnce(&mut Walk<'a>, &'a Content),
) {
    let Some(value) = get(content, way) else { return };
    way.iter().for_each(|key| walk.enter(Step::Key(key)));
    then(walk, value);
    way.iter().for_each(|_| walk.leave());
}

/// Does something with each item of a list under a key.
fn each<'a>(
    walk: &mut Walk<'a>,
    content: &'a Content,
    key: &'static str,
    mut then: impl FnMut(&mut Walk<'a>, &'a Content),
) {
    at(walk, content, &[key], |walk, list| {
        for (index, item) in items(list).iter().enumerate() {
            walk.item(index, |walk| then(walk, item));
        }
    });
}

fn items(list: &Content) -> &[Content] {
    if let Content::List(items) = list { items } else { &[] }
}

fn entries(map: &Content) -> &[(Key, Content)] {
    if let Content::Map(entries) = map { entries } else { &[] }
}

fn text<'a>(content: &'a Content, key: &str) -> Option<&'a str> {
    content.get(key).and_then(Content::as_str)
}

fn integer(content: &Content, key: &str) -> Option<i64> {
    if let Some(Content::Integer(number)) = content.get(key) { Some(*number) } else { None }
}

fn is_true(content: &Content, key: &str) -> bool {
    matches!(content.get(key), Some(Content::Bool(true)))
}

/// True where something is written under a key.
fn has(content: &Content, key: &str) -> bool {
    content.get(key).is_some_and(|value| !matches!(value, Content::Null))
}

/// Reports a fault on what stands under a key, or on the map where nothing does.
fn on<'a>(walk: &mut Walk<'a>, content: &'a Content, key: &'static str, fault: impl FnOnce(&Walk<'a>) -> Fault) {
    if has(content, key) {
        let fault = walk.key(key, |walk| fault(walk));
        walk.push(fault);
    } else {
        let fault = fault(walk).on_key();
        walk.push(fault);
    }
}

/// Exactly one of some fields is written.
fn one_of<'a>(walk: &mut Walk<'a>, content: &'a Content, fields: &[&str], code: Code, what: &str) {
    let written: Vec<&str> = fields.iter().copied().filter(|field| has(content, field)).collect();
    let known = || crate::diagnostic::listed(fields.iter().copied());
    match written.as_slice() {
        [_] => {}
        [] => walk.push(
            walk.fault(code, format!("{what} says nothing of what it is"))
                .label("nothing here")
                .reason("the API server takes exactly one of its forms")
                .help(format!("write one of {}", known()))
                .on_key(),
        ),
        several => walk.push(
            walk.fault(code, format!("{what} has {} at once", crate::diagnostic::listed(several.iter().copied())))
                .label("more than one")
                .reason("the API server takes exactly one of its forms")
                .help("keep one of them")
                .on_key(),
        ),
    }
}

/// What a fault of a condition in CEL says beside its message.
fn condition(fault: Fault, misfit: &Misfit, otherwise: &str) -> Fault {
    let meant = misfit.meant.as_ref().map(|name| format!("did you mean `{name}`?"));
    fault.label("not a condition").help(meant.unwrap_or_else(|| otherwise.into()))
}

#[cfg(test)]
mod tests;
