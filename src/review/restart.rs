//! `restart`: which pods are replaced, how many, and how long that takes.

use super::pace::{seconds, spoken};
use super::rejected::major;
use super::workload::{LASTING, Workload};
use super::{Class, Comparison, Risk, number};
use crate::diff::path::shown;
use crate::diff::{Change, Field, How};
use crate::model::image::parts;

pub(super) fn find(comparison: &Comparison<'_>, risks: &mut Vec<Risk>) {
    risks.extend(comparison.changes.iter().filter_map(runs_again));
    for change in comparison.changes.iter().filter(|change| change.how == How::Changed) {
        risks.extend(restart(comparison, change));
        risks.extend(change.fields.iter().filter_map(|field| major_version(change, field)));
    }
}

/// Fields of a database whose change makes the operator restart its instances.
const OF_DATABASE: &[&str] = &[
    "imageName",
    "resources",
    "postgresql",
    "affinity",
    "topologySpreadConstraints",
    "env",
    "envFrom",
    "priorityClassName",
    "projectedVolumeTemplate",
    "plugins",
];

/// The changes for which new pods come, those that follow another one too.
pub(super) fn causes(change: &Change) -> Vec<&Field> {
    let fields = change.fields.iter().chain(&change.follows);
    let is_cause = |field: &&Field| match change.identity.kind.as_str() {
        "Cluster" => {
            field.path.is_under(&["spec"]) && OF_DATABASE.iter().any(|part| field.path.is_under(&["spec", part]))
        }
        "LeaderWorkerSet" => field.path.is_under(&["spec", "leaderWorkerTemplate"]),
        _ => field.path.is_under(&["spec", "template"]),
    };
    if LASTING.contains(&change.identity.kind.as_str()) { fields.filter(is_cause).collect() } else { Vec::new() }
}

fn restart(comparison: &Comparison<'_>, change: &Change) -> Option<Risk> {
    let causes = causes(change);
    let first = causes.iter().find(|field| field.path.last_key() == Some("image")).or(causes.first())?;
    let workload = Workload::of(comparison.after.of(change)?)?;
    let held = number(workload.spec, &["updateStrategy", "rollingUpdate", "partition"]).unwrap_or(0);
    let (least, most) = workload.replicas(&comparison.after);
    let (least, most) = (least - held.min(least), most - held.min(most));
    if !super::inert::arrives(&workload) || most == 0 {
        return None;
    }
    let pods = if least == most { format!("{most}") } else { format!("{least} to {most}") };
    let time = seconds(&workload, most).map_or(String::new(), |time| format!(", within {}", spoken(time)));
    let what = format!("{pods} {} replaced{time}", if most == 1 { "pod is" } else { "pods are" });
    let others = match causes.len() {
        1 => String::new(),
        many => format!("; {} more fields of its pods change", many - 1),
    };
    let reason = match workload.kind() {
        "StatefulSet" => {
            "the pods go one by one, from the last to the first, each after the one before it is ready; one that never gets ready holds the rest, also after a revert"
        }
        "Cluster" => "the operator restarts the replicas first, then moves the primary",
        "Rollout" => "Argo Rollouts takes the new pods through the steps of the strategy",
        _ => "any change in the template of the pods makes new pods",
    };
    let value = |value: Option<&crate::kube::Content>| value.map(shown);
    Some(
        Risk::of(Class::Restart, "pods-replaced", change, what)
            .at(first.path.to_string(), value(first.edit.before()), value(first.edit.after()))
            .reason(format!("{reason}{others}")),
    )
}

/// A job that is named by its content runs once more when that changes.
fn runs_again(change: &Change) -> Option<Risk> {
    let is_renewed_job = change.identity.kind == "Job" && matches!(change.how, How::Renewed { .. });
    let first = change.fields.iter().find(|field| field.path.last_key() == Some("image")).or(change.fields.first())?;
    is_renewed_job.then(|| {
        Risk::of_field(Class::Restart, "job-runs-again", change, first, "the job runs once more")
            .reason("its name follows its content: other content is a new job, and the old one goes at the next prune")
    })
}

/// A new major version of an image is a line of its own.
fn major_version(change: &Change, field: &Field) -> Option<Risk> {
    if !matches!(field.path.last_key(), Some("image" | "imageName")) {
        return None;
    }
    let text = |value: Option<&crate::kube::Content>| value.and_then(crate::kube::Content::as_str).map(str::to_owned);
    let (before, after) = (text(field.edit.before())?, text(field.edit.after())?);
    let (old, new) = (major(&before)?, major(&after)?);
    // A number of a year or a build is no version.
    (parts(&before).0 == parts(&after).0 && old != new && old < 1000 && new < 1000).then(|| {
        Risk::of_field(Class::Restart, "major-version", change, field, format!("major version {old} → {new}"))
            .reason("a major version may change what clients and stored data rely on")
            .help("read what the new version changes, and see that it can read what the old one wrote")
    })
}
