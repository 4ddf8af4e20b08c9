//! `security`: someone or something may do or reach more than before, or a protection is off.

mod image;
mod network;
mod pod;
mod rights;
mod secret;

use super::workload::Workload;
use super::{Class, Comparison, Risk};
use crate::diff::path::at;
use crate::diff::{Change, How};
use crate::kube::Object;

pub(super) fn find(comparison: &Comparison<'_>, risks: &mut Vec<Risk>) {
    let registries = image::registries(comparison.before.objects());
    for change in comparison.changes {
        let old = comparison.before.of(change);
        match comparison.after.of(change) {
            Some(new) => {
                risks.extend(opened(change, old, new));
                risks.extend(image::risks(change, old, new, &registries));
            }
            None => risks.extend(unprotected(comparison, change)),
        }
    }
}

/// What an object opens, by field: what is there after and was not before is a risk.
fn opened(change: &Change, old: Option<&Object>, new: &Object) -> Vec<Risk> {
    let before = old.map(openings).unwrap_or_default();
    let after = openings(new);
    let is_new =
        |opening: &&Opening| !before.iter().any(|known| known.field == opening.field && known.value == opening.value);
    let fresh = after.iter().filter(is_new);
    fresh
        .map(|opening| {
            let old = before.iter().find(|known| known.field == opening.field).map(|known| known.value.clone());
            Risk::of(Class::Security, opening.rule, change, opening.what.clone())
                .at(opening.field.clone(), old, Some(opening.value.clone()))
                .reason(opening.reason)
                .help("see that it is meant, and that nothing less would do")
        })
        .collect()
}

/// Something that an object lets be done or reached.
struct Opening {
    rule: &'static str,
    field: String,
    value: String,
    what: String,
    reason: &'static str,
}

fn opening(
    rule: &'static str,
    field: impl Into<String>,
    value: impl Into<String>,
    what: impl Into<String>,
    reason: &'static str,
) -> Opening {
    Opening { rule, field: field.into(), value: value.into(), what: what.into(), reason }
}

fn openings(object: &Object) -> Vec<Opening> {
    let content = &object.content;
    match (object.identity.group(), object.identity.kind.as_str()) {
        ("rbac.authorization.k8s.io", "Role" | "ClusterRole") => rights::role(content),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => rights::binding(content),
        ("networking.k8s.io", "NetworkPolicy") => network::policy(content),
        ("cilium.io", "CiliumNetworkPolicy") => network::names(content),
        ("", "Service") => network::service(content),
        ("networking.k8s.io", "Ingress") | ("gateway.networking.k8s.io", _) => network::route(content),
        ("", "Namespace") => rights::namespace(content),
        ("", "ServiceAccount") => rights::account(content),
        ("external-secrets.io", "ExternalSecret") => secret::external(content),
        ("argoproj.io", "AppProject") => rights::project(content),
        _ => Workload::of(object).map(|workload| pod::openings(&workload)).unwrap_or_default(),
    }
}

/// Protections that go.
fn unprotected(comparison: &Comparison<'_>, change: &Change) -> Option<Risk> {
    let before = change.before.as_ref()?;
    // What protects pods that go with it is missed by nobody.
    if at(before, &["spec", "podSelector", "matchLabels"]).is_some_and(|selector| !comparison.after.has_pods(selector))
    {
        return None;
    }
    let what = match (change.identity.group(), change.identity.kind.as_str()) {
        ("networking.k8s.io", "NetworkPolicy") => {
            let labels = network::labels_of(at(before, &["spec", "podSelector", "matchLabels"]));
            let pods = if labels.is_empty() { "all pods of the namespace".into() } else { format!("pods {labels}") };
            format!("nothing holds back traffic of {pods} any more, unless another policy does")
        }
        ("cilium.io", "CiliumNetworkPolicy") => {
            "nothing holds back its traffic any more, unless another policy does".into()
        }
        ("", "ResourceQuota" | "LimitRange") => "nothing bounds what the namespace may take".into(),
        ("admissionregistration.k8s.io", _) => "nothing checks objects here any more".into(),
        _ => return None,
    };
    (change.how == How::Removed).then(|| {
        Risk::of(Class::Security, "protection-removed", change, what)
            .reason("the protection goes with the object at the next prune")
            .help("see that another one takes its place before it goes")
    })
}
