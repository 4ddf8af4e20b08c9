//! `config`: values that a running process reads, and what no other class has a word for.

use super::{Class, Comparison, Risk, told};
use crate::diff::{Change, Field, How};

pub(super) fn find(comparison: &Comparison<'_>, risks: &mut Vec<Risk>) {
    let told = told(risks);
    for change in comparison.changes {
        let of_change = told.get(&change.identity).map_or(&[][..], Vec::as_slice);
        match &change.how {
            How::Added => {
                if of_change.is_empty() {
                    risks.push(
                        Risk::of(Class::Config, "added", change, "a new object").reason("nothing had this name before"),
                    );
                }
            }
            How::Removed => {
                if of_change.is_empty() {
                    risks.push(
                        Risk::of(Class::Config, "removed", change, "the object goes at the next prune")
                            .reason("Argo CD deletes it where pruning is on, Flux where `prune: true` is set; otherwise it stays, and nothing manages it"),
                    );
                }
            }
            How::Renamed { from } => risks.push(
                Risk::of(
                    Class::Config,
                    "renamed",
                    change,
                    "another name: a new object, and the old one goes at the next prune",
                )
                .at("metadata.name", Some(super::workload::said(from)), Some(super::workload::said(&change.identity)))
                .reason("another name or namespace is another object to Kubernetes"),
            ),
            How::Changed | How::Renewed { .. } => of_fields(change, of_change, risks),
        }
    }
}

fn of_fields(change: &Change, told: &[String], risks: &mut Vec<Risk>) {
    let told: Vec<String> = told.iter().map(|field| bare(field)).collect();
    let is_told = |field: &&Field| {
        let own = bare(&field.path.to_string());
        told.iter().any(|told| {
            own == *told || own.strip_prefix(told.as_str()).is_some_and(|rest| told != "spec" && rest.starts_with('.'))
        })
    };
    let rest = change.fields.iter().filter(|field| !field.path.is_under(&["metadata"]) && !is_told(field));
    for field in rest {
        let (what, reason) = words(field, change);
        risks.push(Risk::of_field(Class::Config, "value", change, field, what).reason(reason));
    }
}

fn words(field: &Field, change: &Change) -> (&'static str, &'static str) {
    let under = |keys: &[&str]| field.path.is_under(keys);
    let in_pod = |key: &str| field.path.keys().any(|own| own == key) && under(&["spec", "template"]);
    match change.identity.kind.as_str() {
        "ConfigMap" | "Secret" if matches!(change.how, How::Renewed { .. }) => {
            ("what its readers read", "its name follows its content: the pods that read it are replaced")
        }
        "ConfigMap" | "Secret" => {
            ("what its readers read", "files in a volume follow within a minute or two; variables only with new pods")
        }
        "NetworkPolicy" | "CiliumNetworkPolicy" => {
            ("who may talk to whom", "connections that are no longer allowed are cut off")
        }
        _ if in_pod("env") || in_pod("envFrom") => ("a variable of the process", "the new pods start with it"),
        _ if in_pod("args") || in_pod("command") => ("how the process is started", "the new pods start with it"),
        _ if under(&["spec", "template"]) => ("how the pods run", "the new pods start with it"),
        _ => ("how it is set up", "the controller of this kind takes it up"),
    }
}

/// A field without the names of items.
fn bare(field: &str) -> String {
    let mut depth = 0;
    let outside = field.chars().filter(|c| {
        depth += i32::from(*c == '[');
        let keep = depth == 0;
        depth -= i32::from(*c == ']');
        keep
    });
    outside.collect()
}
