//! The graph: uses, egress, and the policy of the namespace.

use super::{Resolver, strings, weights};
use crate::diagnostic::{code, listed, nearest};
use crate::document::{Finding, Path, at};
use crate::model::{Edge, Egress, EgressTo, NetworkRules, Opening};
use crate::spec::{self, NetworkDefault};

/// The edges of all `uses`, in the order of components and of writing.
pub(super) fn uses(cx: &mut Resolver<'_, '_>) {
    let components = cx.components;
    for (key, component) in components.iter().filter(|(_, component)| component.enabled != Some(false)) {
        for (used, edge) in component.uses.iter().flat_map(|uses| uses.iter()) {
            let path = at!["components", key, "uses", used];
            if !components.contains_key(used) {
                cx.unknown_use(used, &path);
            } else if !cx.is_enabled(used) {
                cx.disabled(key, used, &path);
            } else {
                let ports = cx.opened_ports(used, edge.ports.as_ref(), &path);
                let edge = Edge { from: key.clone(), to: used.clone(), ports, wait: edge.wait == Some(true) };
                cx.edges.entry(key.clone()).or_default().push(edge);
            }
        }
    }
}

impl Resolver<'_, '_> {
    fn unknown_use(&mut self, used: &str, path: &Path) {
        let known = || self.components.keys().map(String::as_str);
        let finding = Finding::error(code::UNKNOWN_COMPONENT, path.clone(), format!("there is no component `{used}`"))
            .label("refers to nothing")
            .on_key();
        let finding = match nearest(used, known()) {
            Some(near) => finding.help(format!("a similar component is `{near}`")).suggest(near, false),
            None => finding.help(format!("components are {}", listed(known()))),
        };
        self.findings.push(finding);
    }

    /// The ports that a use opens: those named, else all.
    fn opened_ports(&mut self, used: &str, named: Option<&Vec<spec::PortText>>, path: &Path) -> Vec<String> {
        let known = self.port_names(used);
        let Some(named) = named else { return known };
        for (index, port) in named.iter().enumerate() {
            if !known.iter().any(|name| **name == **port) {
                let names: Vec<&str> = known.iter().map(String::as_str).collect();
                self.unknown_port(port, &names, &path.join("ports").join(&index));
            }
        }
        named.iter().map(ToString::to_string).filter(|port| known.contains(port)).collect()
    }

    /// What a component may reach outside the graph.
    pub(crate) fn egress(&mut self, key: &str, component: &spec::Component) -> Vec<Egress> {
        let mut list = Vec::new();
        for (name, written) in component.egress.iter().flatten() {
            let path = at!["components", key, "egress", name];
            let ports = written.ports.iter().flatten().filter_map(|port| u16::try_from(port.0).ok()).collect();
            list.extend(self.egress_to(written, &path).map(|to| Egress { name: name.clone(), to, ports }));
        }
        if let Some((to, ports)) = weights::reached(component, self.system, self.target) {
            list.push(Egress { name: "weights".into(), to, ports });
        }
        list
    }

    fn egress_to(&mut self, egress: &spec::Egress, path: &Path) -> Option<EgressTo> {
        let texts = |list: &Option<Vec<spec::Cidr>>| list.iter().flatten().map(ToString::to_string).collect::<Vec<_>>();
        let hosts: Vec<String> = egress.hosts.iter().flatten().map(ToString::to_string).collect();
        if egress.any == Some(true) {
            if egress.because.is_none() {
                self.missing_reason(path, "any", "`any` opens everything without a reason");
            }
            return Some(EgressTo::Any { except: texts(&egress.except) });
        }
        if egress.kubernetes_api == Some(true) {
            return Some(EgressTo::KubernetesApi);
        }
        if let Some(pods) = &egress.pods {
            return Some(self::pods(pods));
        }
        if egress.cidrs.is_some() {
            return Some(EgressTo::Cidrs { cidrs: texts(&egress.cidrs), except: texts(&egress.except), hosts });
        }
        if !hosts.is_empty() {
            return Some(EgressTo::Hosts(hosts));
        }
        self.no_form(path, "egress", "`hosts`, `cidrs`, `pods`, `kubernetesApi` or `any`");
        None
    }

    fn missing_reason(&mut self, path: &Path, field: &str, message: &str) {
        self.findings.push(
            Finding::error(code::MISSING_REASON, path.join(field), message)
                .label("takes a protection off")
                .help("write `because:` beside it"),
        );
    }
}

/// Pods of this or of another namespace.
pub(super) fn pods(pods: &spec::PodPeer) -> EgressTo {
    let namespace = pods.namespace.as_ref().map(ToString::to_string);
    EgressTo::Pods { namespace, labels: strings(pods.labels.as_ref()) }
}

/// The policy of the namespace.
pub(super) fn rules(cx: &mut Resolver<'_, '_>) -> NetworkRules {
    let Some(network) = cx.system.network.as_ref() else { return NetworkRules { deny: true, openings: Vec::new() } };
    let deny = network.default != Some(NetworkDefault::Allow);
    if !deny && network.because.is_none() {
        cx.missing_reason(&at!["network"], "default", "the namespace is open without a reason");
    }
    let openings = network.allow.iter().flatten().filter_map(|(name, opening)| cx.opening(name, opening)).collect();
    NetworkRules { deny, openings }
}

impl Resolver<'_, '_> {
    /// An opening for components of which none is enabled here goes with them.
    fn opening(&mut self, name: &str, opening: &spec::Opening) -> Option<Opening> {
        for (index, to) in opening.to.iter().flatten().enumerate() {
            if !self.components.contains_key(&**to) {
                self.unknown_use(to, &at!["network", "allow", name, "to", index]);
            }
        }
        let to: Vec<String> =
            opening.to.iter().flatten().map(ToString::to_string).filter(|to| self.is_enabled(to)).collect();
        if opening.to.is_some() && to.is_empty() {
            return None;
        }
        Some(Opening {
            name: name.into(),
            namespace: opening.from.namespace.as_ref().map(ToString::to_string),
            labels: strings(opening.from.labels.as_ref()),
            to,
            ports: opening.ports.iter().flatten().filter_map(|port| u16::try_from(port.0).ok()).collect(),
        })
    }
}
