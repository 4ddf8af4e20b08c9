//! `scaling`: bounds, targets and behaviour of a scaler, and counts that nobody scales.

use super::workload::LASTING;
use super::{Class, Comparison, Risk};
use crate::diff::{Change, How};

const SCALERS: &[&str] =
    &["HorizontalPodAutoscaler", "ScaledObject", "ScaledJob", "VerticalPodAutoscaler", "TriggerAuthentication"];

pub(super) fn find(comparison: &Comparison<'_>, risks: &mut Vec<Risk>) {
    for change in comparison.changes {
        let is_scaler = SCALERS.contains(&change.identity.kind.as_str());
        match change.how {
            How::Changed if is_scaler => risks.extend(of_scaler(change)),
            How::Added if is_scaler => risks.push(
                Risk::of(
                    Class::Scaling,
                    "scaler-added",
                    change,
                    "what had a fixed count, or none, is scaled from now on",
                )
                .reason("the scaler sets the count of pods; a count in the output would fight it"),
            ),
            How::Removed if is_scaler => risks.push(
                Risk::of(Class::Scaling, "scaler-removed", change, "nothing scales it any more")
                    .reason("the count of pods stays where the scaler left it, or goes to what the output says"),
            ),
            How::Changed if LASTING.contains(&change.identity.kind.as_str()) => risks.extend(of_count(change)),
            _ => {}
        }
    }
}

fn of_scaler(change: &Change) -> impl Iterator<Item = Risk> {
    change.fields.iter().filter(|field| field.path.is_under(&["spec"])).map(move |field| {
        let what = match field.path.last_key() {
            Some("minReplicas" | "minReplicaCount" | "idleReplicaCount") => "the least count of pods",
            Some("maxReplicas" | "maxReplicaCount") => "the greatest count of pods",
            _ if field.path.is_under(&["spec", "behavior"]) || field.path.is_under(&["spec", "advanced"]) => {
                "how fast it scales"
            }
            _ if field.path.is_under(&["spec", "metrics"]) || field.path.is_under(&["spec", "triggers"]) => {
                "what it scales by"
            }
            _ => "how it scales",
        };
        Risk::of_field(Class::Scaling, "scaler-changed", change, field, what)
            .reason("the scaler takes it up at its next look, within 15 to 30 seconds; no pod restarts for it")
    })
}

fn of_count(change: &Change) -> impl Iterator<Item = Risk> {
    let count = |path: &str| matches!(path, "spec.replicas" | "spec.instances");
    change.fields.iter().filter(move |field| count(&field.path.to_string())).map(move |field| {
        Risk::of_field(Class::Scaling, "count-changed", change, field, "the count of pods")
            .reason("pods come or go; those that stay do not restart")
    })
}
