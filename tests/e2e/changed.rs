//! What a review calls `rejected`, the server refuses to change, and nothing else.

use crate::Figures;
use crate::accepted::{clear, prepare, settle};
use crate::api::{Api, name};
use crate::cluster::Shared;
use crate::systems::{folders, half, printed};
use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};
use std::path::Path;
use windlass::diff::diff;
use windlass::kube::{Identity, Object};
use windlass::review::{Class, Comparison, Documents, Review, Side};

const SUITE: &str = "changed";
/// Rules that no API server can show by itself, and who refuses.
const BEYOND: &[(&str, &str)] = &[
    ("database-cluster-immutable", "the webhook of CloudNativePG"),
    ("database-major-version", "the webhook of CloudNativePG"),
    ("database-shrinks", "the webhook of CloudNativePG"),
    ("definition-tighter", "the server, at the next update of an object of the kind,"),
    ("job-set-immutable", "the webhook of JobSet"),
];

/// Versions of an API that came before or after those of this server.
const NOT_SERVED: &[&str] = &["scheduling.k8s.io/v1alpha1", "scheduling.k8s.io/v1alpha3"];

pub(crate) fn trials(cluster: &Shared, figures: &Figures) -> Vec<Trial> {
    let trial = |case: std::path::PathBuf| {
        let name = format!("{SUITE}/{}", case.file_name().unwrap_or_default().to_string_lossy());
        let (cluster, figures) = (cluster.clone(), figures.clone());
        Trial::test(name, move || judge(&cluster.get()?.api, &case, &figures))
    };
    folders("tests/cases/diff").into_iter().map(trial).collect()
}

fn judge(api: &Api, case: &Path, figures: &Figures) -> Result<(), Failed> {
    let (before, after) = (served(&case.join("before"), figures)?, served(&case.join("after"), figures)?);
    let changes = diff(&before, &after);
    let comparison = Comparison { before: Side::new(&before, None), after: Side::new(&after, None), changes: &changes };
    let review = Review::of("case", "production", &comparison, &Documents::new(None, None));
    let live = live(api, &before)?;
    let mut wrong = Vec::new();
    for change in changes.iter().filter(|change| change.before.is_some()) {
        let Some(object) = after.iter().find(|object| object.identity == change.identity) else { continue };
        wrong.extend(compare(api, object, &rules(&review, &change.identity), figures)?);
    }
    let all: Result<Vec<Value>, String> = after.iter().map(|object| printed(object).map(|printed| printed.1)).collect();
    clear(api, &all?)?;
    clear(api, &live)?;
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

/// The objects of one side that this server can have.
fn served(folder: &Path, figures: &Figures) -> Result<Vec<Object>, String> {
    let (served, others): (Vec<Object>, Vec<Object>) =
        half(folder)?.into_iter().partition(|object| !NOT_SERVED.contains(&object.identity.api_version.as_str()));
    if !others.is_empty() {
        figures.add(SUITE, "objects of versions that this server does not serve", others.len());
    }
    Ok(served)
}

/// The rules by which a change of an object is rejected.
fn rules(review: &Review, identity: &Identity) -> Vec<&'static str> {
    let of = review.risks.iter().filter(|risk| risk.class == Class::Rejected && risk.identity == *identity);
    of.map(|risk| risk.rule).collect()
}

/// Whether the server says what the review says.
fn compare(api: &Api, object: &Object, rules: &[&str], figures: &Figures) -> Result<Option<String>, String> {
    let (document, object) = printed(object)?;
    prepare(api, &object)?;
    let answer = api.apply(&object, &document)?;
    let beyond = rules.iter().find_map(|rule| BEYOND.iter().find(|(beyond, _)| beyond == rule));
    let said = match (answer.is_accepted(), rules.is_empty(), beyond) {
        (true, true, _) => "changes that both accept".into(),
        (false, false, _) => "changes that both refuse".into(),
        (true, false, Some((rule, by))) => format!("changes that {by} refuses ({rule})"),
        (true, false, None) => return Ok(Some(format!("{}: accepted, not rejected by {rules:?}", name(&object)))),
        (false, true, _) => return Ok(Some(format!("{}: refused: {}", name(&object), answer.message()))),
    };
    figures.add(SUITE, said, 1);
    Ok(None)
}

/// Makes the objects, in the state that they have in a cluster that works.
fn live(api: &Api, before: &[Object]) -> Result<Vec<Value>, String> {
    let mut made = Vec::new();
    for object in before {
        let (document, object) = printed(object)?;
        prepare(api, &object)?;
        let answer = api.apply(&object, &document)?;
        answer.accepted().map_err(|error| format!("before, {}: {error}", name(&object)))?;
        settle(api, &object)?;
        if object["kind"] == "PersistentVolumeClaim" {
            made.extend(bind(api, &object)?);
        }
        made.push(object);
    }
    Ok(made)
}

/// Binds a claim to a volume of a class that can grow, as its driver does; the class, where there was none.
fn bind(api: &Api, claim: &Value) -> Result<Option<Value>, String> {
    let mut made = None;
    if let Some(class) = claim["spec"]["storageClassName"].as_str() {
        let class = json!({
            "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": class},
            "provisioner": "csi.example.com", "allowVolumeExpansion": true,
        });
        made = api.create(&class)?.is_accepted().then_some(class);
    }
    let spec = &claim["spec"];
    let status = json!({
        "phase": "Bound",
        "capacity": spec["resources"]["requests"],
        "currentVolumeAttributesClassName": spec["volumeAttributesClassName"],
    });
    api.merge(claim, "/status", &json!({"status": status}))?.accepted().map(|_| made)
}
