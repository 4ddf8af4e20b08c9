//! The order, by what it promises: what waits is never delivered before what it waits for.

use super::order::{Order, Turn};
use crate::kube::{Object, Phase};
use crate::lower::fixture::{lowered, model};
use crate::model::{ArgoCd, Delivery, Destination, Edge, Model, Project};
use proptest::prelude::*;
use serde_json::json;

fn argocd() -> Delivery {
    Delivery::ArgoCd(ArgoCd {
        name: "shop-prod".into(),
        namespace: "argocd".into(),
        repository: "https://git.example.com/deploy.git".into(),
        path: "rendered/prod".into(),
        revision: None,
        project: Project::Own("shop-prod".into()),
        destination: Destination::Server("https://kubernetes.default.svc".into()),
        auto: true,
        prune: true,
        self_heal: true,
        in_set: false,
    })
}

fn turn(model: &Model, kind: &str, name: &str) -> Turn {
    let objects = lowered(model);
    let found = objects.iter().find(|object| object.identity.kind == kind && object.identity.name.starts_with(name));
    Order::of(model, &objects).turn(found.unwrap_or_else(|| panic!("no {kind} {name}")))
}

fn uses(model: &mut Model, from: &str, to: &str) {
    model.edges.push(Edge { from: from.into(), to: to.into(), ports: Vec::new(), wait: true });
}

#[test]
fn a_store_that_uses_a_backend_comes_with_it() {
    let mut model = model();
    assert_eq!(turn(&model, "StatefulSet", "cache"), Turn::At(1));
    uses(&mut model, "cache", "api");
    assert!(turn(&model, "StatefulSet", "cache") >= turn(&model, "Deployment", "api"));
}

#[test]
fn what_uses_a_job_comes_after_it() {
    let mut model = model();
    assert_eq!(turn(&model, "Job", "seed"), Turn::Unwatched, "nobody uses it");
    uses(&mut model, "cache", "seed");
    assert!(turn(&model, "StatefulSet", "cache") > turn(&model, "Job", "seed"));
}

#[test]
fn a_migration_comes_after_what_it_waits_for_and_before_its_component() {
    let mut model = model();
    uses(&mut model, "cache", "seed");
    uses(&mut model, "api", "cache");
    let migration = turn(&model, "Job", "api-migrate");
    assert!(migration >= turn(&model, "StatefulSet", "cache"));
    assert!(migration < turn(&model, "Deployment", "api"));
}

#[test]
fn what_is_not_healthy_by_itself_comes_last() {
    let model = model();
    assert_eq!(turn(&model, "CronJob", "nightly"), Turn::Last);
}

#[test]
fn a_claim_comes_with_the_first_pod_that_mounts_it() {
    let mut model = model();
    assert_eq!(turn(&model, "PersistentVolumeClaim", "api-data"), turn(&model, "Job", "api-migrate"));
    model.components["api"].releases.clear();
    assert_eq!(turn(&model, "PersistentVolumeClaim", "api-data"), turn(&model, "Deployment", "api"));
}

#[test]
fn annotations_of_the_author_stay() {
    let mut model = model();
    model.delivery = Some(argocd());
    model.components["cache"].annotations.insert("argocd.argoproj.io/sync-wave".into(), "-5".into());
    let mut objects = lowered(&model);
    super::add(&mut objects, &model, &[]);
    let cache = objects.iter().find(|object| object.identity.kind == "StatefulSet").expect("the cache");
    assert_eq!(cache.annotation("argocd.argoproj.io/sync-wave"), Some("-5"));
    let job =
        objects.iter().find(|object| object.identity.name.starts_with("api-migrate-") && object.identity.kind == "Job");
    let job = job.expect("the migration");
    assert_eq!(job.annotation("argocd.argoproj.io/hook"), Some("Sync"));
    assert_eq!(job.annotation("argocd.argoproj.io/hook-delete-policy"), Some("HookFailed"));
}

#[test]
fn what_sops_signed_gets_no_annotation() {
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}, "sops": {"mac": "ENC[]"}});
    let mut object = Object::new(&secret, Phase::Configuration, None);
    object.annotate("a", "b");
    assert_eq!(object.annotation("a"), None);
}

#[test]
fn without_a_delivery_nothing_changes() {
    let model = model();
    let (before, mut after) = (lowered(&model), lowered(&model));
    super::add(&mut after, &model, &[]);
    super::protect_text(&mut after, &model);
    assert_eq!(before, after);
}

proptest! {
    /// Whatever the graph: the order is found, and what is used is never behind what uses it.
    #[test]
    fn what_is_used_is_never_behind(edges in prop::collection::vec((0usize..9, 0usize..9), 0..12)) {
        let mut model = model();
        let keys: Vec<String> = model.components.values().map(|component| component.key.clone()).collect();
        model.edges.clear();
        // Upwards in the order of delivery only: there are no circles.
        let pick = |index: usize| keys[index % keys.len()].clone();
        for (from, to) in edges {
            let (from, to) = (from.max(to), from.min(to));
            if pick(from) != pick(to) && from < keys.len() {
                uses(&mut model, &pick(from), &pick(to));
            }
        }
        let objects = lowered(&model);
        let order = Order::of(&model, &objects);
        let of = |key: &str| {
            let kinds = ["Deployment", "StatefulSet", "Cluster", "Job"];
            let own = objects.iter().filter(|object| object.component.as_deref() == Some(key));
            own.filter(|object| kinds.contains(&object.identity.kind.as_str()))
                .filter(|object| !object.identity.name.contains("migrate"))
                .map(|object| order.turn(object))
                .next()
        };
        for edge in &model.edges {
            if let (Some(user), Some(used)) = (of(&edge.from), of(&edge.to)) {
                prop_assert!(used <= user, "{} uses {}: {used:?} {user:?}", edge.from, edge.to);
            }
        }
    }
}
