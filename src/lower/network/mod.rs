//! Network policies: nothing is open but the edges of the graph and what the author wrote.
//!
//! Promises: a policy names pods by the labels that their selectors use, and ports as containers listen
//! on them, since that is what a policy sees. Policies stand before everything that runs, so that no
//! pod waits for an opening. Where the namespace is open by choice there is no policy but those that keep
//! agents in: one that selects a pod closes everything that it does not list.

mod addresses;
mod egress;
mod ingress;
mod named;
mod peers;

use super::meta::{Lowering, PART_OF};
use crate::kube::{Object, Phase};
use crate::model::{Component, Model, Opening, Release, RouteTls, Strings};
use crate::spec::{Feature, Kind};
use k8s_openapi::api::networking::v1 as net;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use peers::{Ports, Rules};

const INGRESS: &str = "Ingress";
const EGRESS: &str = "Egress";

/// The label of the pods by which cert-manager answers HTTP-01 challenges, and their port.
const SOLVER: (&str, &str) = ("acme.cert-manager.io/http01-solver", "true");
const SOLVER_PORT: u16 = 8089;

/// Policies of the namespace.
pub(super) fn of_system(cx: &Lowering<'_>) -> Vec<Object> {
    if !cx.model.network.deny {
        return Vec::new();
    }
    let openings = cx.model.network.openings.iter().filter(|opening| opening.to.is_empty());
    let mut policies = vec![default_deny(cx), allow_dns(cx)];
    policies.extend(solves_challenges(cx.model).then(|| allow_solver(cx)));
    policies.extend(openings.map(|opening| allow_from(cx, opening)));
    policies
}

/// One policy of a component, and one for each of its release jobs: they reach what it reaches.
pub(super) fn of_component<'a>(cx: &Lowering<'_>, component: &'a Component) -> Vec<Object> {
    if component.kind == Kind::External {
        return Vec::new();
    }
    if !cx.model.network.deny {
        return if component.kind == Kind::Agent { kept_in(cx, component) } else { Vec::new() };
    }
    let own = Ends {
        component,
        name: &component.name,
        pods: peers::own_pods(cx, component),
        ingress: Some(ingress::rules(cx, component)),
        egress: egress::rules(cx, component),
    };
    let of_release = |release: &'a Release| Ends {
        component,
        name: &release.name,
        pods: cx.selector(&release.name),
        ingress: Some(Rules::default()),
        egress: egress::outward(cx, component),
    };
    let releases = component.releases.iter().map(of_release);
    std::iter::once(own).chain(releases).flat_map(|ends| ends.policies(cx)).collect()
}

/// What pods of a component let in, where a policy decides it, and what they reach.
struct Ends<'a> {
    component: &'a Component,
    name: &'a str,
    pods: LabelSelector,
    ingress: Option<Rules>,
    egress: Rules,
}

impl Ends<'_> {
    /// The policy, and one of Cilium where names are opened.
    fn policies(mut self, cx: &Lowering<'_>) -> Vec<Object> {
        let metadata = cx.component_meta(self.component, self.name);
        let by_name = std::mem::take(&mut self.egress.by_name).policy(cx, metadata.clone(), self.pods.clone());
        let by_address = policy(metadata, self.pods, self.ingress, Some(self.egress));
        let component = Some(self.component.key.as_str());
        let mut objects = vec![Object::new(&by_address, Phase::Configuration, component)];
        objects.extend(by_name.map(|policy| Object::new(&policy, Phase::Configuration, component)));
        objects
    }
}

/// In an open namespace an agent still reaches nothing but what it names: what a model writes decides
/// what it does. Who may come in stays open.
fn kept_in(cx: &Lowering<'_>, component: &Component) -> Vec<Object> {
    let named = std::iter::once((component.name.as_str(), cx.all_pods(component)));
    let releases = component.releases.iter().map(|release| (release.name.as_str(), cx.selector(&release.name)));
    let of = |(name, pods)| {
        let mut egress = egress::rules(cx, component);
        egress::dns(cx, &mut egress);
        Ends { component, name, pods, ingress: None, egress }.policies(cx)
    };
    named.chain(releases).flat_map(of).collect()
}

/// Nothing in, nothing out.
fn default_deny(cx: &Lowering<'_>) -> Object {
    system(&policy(cx.system_meta("default-deny"), everything(cx), Some(Rules::default()), Some(Rules::default())))
}

/// Every pod may resolve names.
fn allow_dns(cx: &Lowering<'_>) -> Object {
    let mut rules = Rules::default();
    egress::dns(cx, &mut rules);
    system(&policy(cx.system_meta("allow-dns"), everything(cx), None, Some(rules)))
}

/// True where an issuer may answer challenges in this namespace. In a namespace of somebody else the
/// default deny does not select the solver's pods, so there is nothing to open.
fn solves_challenges(model: &Model) -> bool {
    let issued = |tls: &RouteTls| matches!(tls, RouteTls::Secret { issued: true, .. });
    let mut routes = model.components.values().flat_map(|component| &component.routes);
    model.namespace.create && !model.target.has(Feature::GatewayApi) && routes.any(|route| issued(&route.tls))
}

/// The ingress controller reaches the pods that prove to an issuer that a host is ours.
fn allow_solver(cx: &Lowering<'_>) -> Object {
    let mut rules = Rules::default();
    rules.open(Ports::tcp([SOLVER_PORT]), [peers::peer(&cx.model.target.peers.ingress)]);
    let pods = peers::selector(Strings::from([(SOLVER.0.into(), SOLVER.1.into())]));
    system(&policy(cx.system_meta("allow-acme-solver"), pods, Some(rules), None))
}

/// An opening to all pods; those to named components stand in the policies of these.
fn allow_from(cx: &Lowering<'_>, opening: &Opening) -> Object {
    let mut rules = Rules::default();
    ingress::opening(opening, &mut rules);
    let name = format!("allow-from-{}", opening.name);
    system(&policy(cx.system_meta(&name), everything(cx), Some(rules), None))
}

/// All pods of the namespace; where others share it, all pods of this system.
fn everything(cx: &Lowering<'_>) -> LabelSelector {
    if cx.model.namespace.create {
        return LabelSelector::default();
    }
    peers::selector(Strings::from([(PART_OF.into(), cx.model.system.clone())]))
}

fn system(policy: &net::NetworkPolicy) -> Object {
    Object::new(policy, Phase::Namespace, None)
}

/// A policy in the directions that are given; one without rules is closed.
fn policy(
    metadata: ObjectMeta,
    pods: LabelSelector,
    ingress: Option<Rules>,
    egress: Option<Rules>,
) -> net::NetworkPolicy {
    let directions = [(INGRESS, ingress.is_some()), (EGRESS, egress.is_some())];
    let types = directions.iter().filter(|(_, given)| *given).map(|(direction, _)| (*direction).to_owned());
    let spec = net::NetworkPolicySpec {
        pod_selector: Some(pods),
        policy_types: Some(types.collect()),
        ingress: ingress.and_then(Rules::into_ingress),
        egress: egress.and_then(Rules::into_egress),
    };
    net::NetworkPolicy { metadata, spec: Some(spec) }
}

#[cfg(test)]
mod tests;
