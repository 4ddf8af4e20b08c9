//! The Service in front of a component, and the routes to it.

use super::{Resolver, redis, strings};
use crate::diagnostic::code;
use crate::document::{Finding, Path, at};
use crate::model::{Metrics, Port, Route, RouteTls, Service};
use crate::spec::{self, Feature, ServiceType, Switch};

impl Resolver<'_, '_> {
    /// The routes to a component.
    pub(crate) fn routes(&mut self, key: &str, name: &str, component: &spec::Component, ports: &[Port]) -> Vec<Route> {
        let Some(Switch::On(routes)) = &component.routes else { return Vec::new() };
        let mut resolved = Vec::new();
        for (route_name, route) in routes {
            let Switch::On(route) = route else { continue };
            // `expose` was moved to `routes.main` when it was read; both lead to the same place.
            let path = at!["components", key, "routes", route_name];
            let Some(port) = self.port_of(route.port.as_ref(), ports, key, &path) else { continue };
            let door = self.require_door(key, &path);
            let object = if route_name == "main" { name.to_owned() } else { format!("{name}-{route_name}") };
            resolved.push(Route {
                name: route_name.clone(),
                host: route.host.to_string(),
                paths: route
                    .paths
                    .as_ref()
                    .map_or_else(|| vec!["/".into()], |paths| paths.iter().map(ToString::to_string).collect()),
                port,
                tls: if door { self.route_tls(&object, route, &path) } else { RouteTls::Off },
                timeout: route.timeout.map(spec::Duration::seconds_i64),
                annotations: strings(route.annotations.as_ref()),
                rewrite: route.rewrite.as_ref().map(ToString::to_string),
                headers: route.headers.iter().flatten().map(|(name, value)| (name.clone(), value.0.clone())).collect(),
            });
        }
        resolved
    }

    /// Whether the target has something that answers for hosts.
    fn require_door(&mut self, key: &str, path: &Path) -> bool {
        let target = self.target;
        if target.has(Feature::GatewayApi) || target.ingress_class.is_some() {
            return true;
        }
        self.findings.push(
            Finding::error(code::ROUTE_WITHOUT_DOOR, path.clone(), format!("`{key}` has a route, and the target has neither a gateway nor an ingress class"))
                .label("nothing would answer for this host")
                .also(at!["environment", "target"], "the target")
                .help("add the feature `gateway-api` with `target.gateway`, or write `target.ingressClass`; to leave the route out here: `overrides: {all: {expose: false}}`"),
        );
        false
    }

    fn route_tls(&mut self, object: &str, route: &spec::Route, path: &Path) -> RouteTls {
        let gateway = self.target.has(Feature::GatewayApi);
        match &route.tls {
            Some(Switch::Off) => RouteTls::Off,
            Some(Switch::On(spec::Tls { secret: Some(secret) })) if !gateway => {
                self.require_secret(secret, None, &path.join("tls").join("secret"));
                RouteTls::Secret { name: secret.to_string(), issued: false }
            }
            Some(Switch::On(spec::Tls { secret: Some(_) })) => {
                self.certificate_of_gateway(path);
                RouteTls::Gateway
            }
            _ if gateway => RouteTls::Gateway,
            _ => {
                if !self.target.has(Feature::CertManager) || self.target.issuer.is_none() {
                    self.tls_without_issuer(path);
                }
                RouteTls::Secret { name: format!("{object}-tls"), issued: true }
            }
        }
    }

    fn certificate_of_gateway(&mut self, path: &Path) {
        self.findings.push(
            Finding::error(
                code::TLS_WITHOUT_ISSUER,
                path.join("tls"),
                "the gateway ends TLS, so a route cannot name a certificate",
            )
            .label("names a secret")
            .reason("in the Gateway API certificates belong to the listeners of the gateway")
            .help("take `secret` away; `tls: true` is the default"),
        );
    }

    fn tls_without_issuer(&mut self, path: &Path) {
        self.findings.push(
            Finding::error(code::TLS_WITHOUT_ISSUER, path.clone(), "TLS is on, and nobody issues the certificate")
                .label("TLS is the default")
                .also(at!["environment", "target"], "no `cert-manager` with an `issuer`")
                .help("add the feature `cert-manager` and `target.issuer`, name a secret with `tls: {secret: …}`, or write `tls: false`"),
        );
    }

    /// The name of a port of the component: the one written by name or number, else `http`, else the first.
    fn port_of(&mut self, written: Option<&spec::PortText>, ports: &[Port], key: &str, path: &Path) -> Option<String> {
        let Some(written) = written else {
            let port = ports.iter().find(|port| port.name == "http").or_else(|| ports.first());
            if port.is_none() {
                self.nothing_to_reach(key, path);
            }
            return port.map(|port| port.name.clone());
        };
        let number = written.parse::<u16>().ok();
        let found = ports.iter().find(|port| port.name == **written || Some(port.port) == number);
        if found.is_none() {
            let names: Vec<&str> = ports.iter().map(|port| port.name.as_str()).collect();
            self.unknown_port(written, &names, &path.join("port"));
        }
        found.map(|port| port.name.clone())
    }

    fn nothing_to_reach(&mut self, key: &str, path: &Path) {
        self.findings.push(
            Finding::error(code::NOTHING_TO_REACH, path.clone(), format!("`{key}` has no port"))
                .label("leads to nothing")
                .on_key()
                .help("give the component `ports:`, or take this away"),
        );
    }

    /// Where Prometheus finds the metrics: `metrics`, else `http`, else the first port.
    pub(crate) fn metrics_of(&mut self, key: &str, component: &spec::Component, ports: &[Port]) -> Option<Metrics> {
        let metrics = component.metrics.as_ref()?.on()?;
        let usual = ports.iter().find(|port| port.name == "metrics").map(|port| port.name.clone());
        let path = at!["components", key, "metrics"];
        let port = match (&metrics.port, usual) {
            (None, Some(usual)) => usual,
            (written, _) => self.port_of(written.as_ref(), ports, key, &path)?,
        };
        Some(Metrics {
            port,
            path: metrics.path.as_ref().map_or_else(|| "/metrics".into(), ToString::to_string),
            interval: metrics.interval.map_or(30, |interval| interval.0),
            labels: strings(metrics.labels.as_ref()),
        })
    }
}

/// With `sources` the policy must see the client's address, so traffic stays on its node.
fn external_traffic_policy(service: &spec::Service) -> Option<spec::TrafficPolicy> {
    let balanced = service.kind == Some(ServiceType::LoadBalancer);
    let sources = service.sources.as_ref().is_some_and(|sources| !sources.is_empty());
    service.external_traffic_policy.or((balanced && sources).then_some(spec::TrafficPolicy::Local))
}

/// The pods of an indexed job reach one another by their names.
fn is_team(component: &spec::Component) -> bool {
    component.kind == spec::Kind::Job && (component.indexed == Some(true) || component.workers.is_some())
}

/// The Service; none without ports, or with `service: false`.
pub(super) fn service(component: &spec::Component, ports: &[Port], companion: bool) -> Option<Service> {
    let written = match &component.service {
        Some(Switch::Off) => return None,
        Some(Switch::On(service)) => Some(service),
        None => None,
    };
    if ports.is_empty() {
        return None;
    }
    Some(Service {
        kind: written.and_then(|service| service.kind).unwrap_or(ServiceType::ClusterIp),
        headless: written.and_then(|service| service.headless) == Some(true) || is_team(component),
        unready: is_team(component),
        companion,
        primary: redis::is_replicated(component),
        annotations: strings(written.and_then(|service| service.annotations.as_ref())),
        labels: strings(written.and_then(|service| service.labels.as_ref())),
        session_affinity: written.and_then(|service| service.session_affinity),
        sources: written.iter().flat_map(|service| service.sources.iter().flatten()).map(ToString::to_string).collect(),
        external_traffic_policy: written.and_then(external_traffic_policy),
        class: written.and_then(|service| service.class.as_ref()).map(ToString::to_string),
    })
}
