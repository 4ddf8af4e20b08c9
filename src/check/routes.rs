//! Routes: each host and path leads to one place, and the target can express it.

use super::places::first_written;
use crate::diagnostic::code;
use crate::document::{Finding, Findings, Path, at};
use crate::model::{Component, Model, Route, RouteTls};
use crate::spec::{Feature, Tier};
use std::collections::BTreeMap;

/// Routes with their place.
fn routes(model: &Model) -> impl Iterator<Item = (&Component, &Route, Path)> {
    model.components.values().flat_map(|component| {
        component
            .routes
            .iter()
            .map(move |route| (component, route, at!["components", component.key, "routes", route.name]))
    })
}

/// A host and a path lead to one component.
pub(super) fn hosts_and_paths_are_unique(model: &Model, findings: &mut Findings<'_>) {
    let mut known: BTreeMap<(&str, &str), (String, Path)> = BTreeMap::new();
    for (component, route, place) in routes(model) {
        for (index, path) in route.paths.iter().enumerate() {
            // `/a` and `/a/` match the same requests.
            let plain = path.trim_end_matches('/');
            let place = first_written(findings, [place.join("paths").join(&index), place.join("host")]);
            let Some((first, other)) = known.get(&(route.host.as_str(), plain)) else {
                known.insert((&route.host, plain), (component.key.clone(), place));
                continue;
            };
            let finding = Finding::error(
                code::ROUTE_TWICE,
                place,
                format!("`{}{path}` leads to `{first}` and to `{}`", route.host, component.key),
            )
            .label("taken already")
            .also(other.clone(), format!("leads to `{first}`"))
            .reason("one of the two would never get a request, and which one depends on the controller")
            .help("give one of them another host or path");
            findings.push(finding);
        }
    }
}

/// Without the Gateway API a route is an Ingress, which has no field for a timeout, a rewrite or headers.
pub(super) fn an_ingress_can_express_the_route(model: &Model, findings: &mut Findings<'_>) {
    if model.target.has(Feature::GatewayApi) {
        return;
    }
    for (component, route, place) in routes(model) {
        let fields = [
            ("timeout", route.timeout.is_some()),
            ("rewrite", route.rewrite.is_some()),
            ("headers", !route.headers.is_empty()),
        ];
        for (field, _) in fields.into_iter().filter(|(_, set)| *set) {
            findings.push(
                Finding::error(
                    code::ROUTE_NEEDS_GATEWAY,
                    place.join(field),
                    format!("an Ingress cannot express `{field}` of `{}`", component.key),
                )
                .label("needs the Gateway API")
                .on_key()
                .also(at!["environment", "target", "features"], "`gateway-api` is not among the features")
                .reason(
                    "an Ingress has hosts, paths and certificates; the rest is left to annotations of its controller",
                )
                .help("add the feature `gateway-api`, or write the controller's own annotation under `annotations`"),
            );
        }
    }
}

/// In production a route has TLS. Where nothing answers for its host, that is the finding.
pub(super) fn production_routes_have_tls(model: &Model, findings: &mut Findings<'_>) {
    let answered = model.target.has(Feature::GatewayApi) || model.target.ingress_class.is_some();
    let weighs = answered && model.tier == Tier::Production;
    for (_, route, place) in routes(model).filter(|(_, route, _)| weighs && route.tls == RouteTls::Off) {
        findings.push(
            Finding::warning(code::ROUTE_PLAIN, place.join("tls"), format!("`{}` is served in plain text", route.host))
                .label("TLS is off")
                .reason("whoever is on the way can read and change it")
                .help("take `tls: false` away"),
        );
    }
}

/// A route leads to a Service.
pub(super) fn routes_have_a_service(model: &Model, findings: &mut Findings<'_>) {
    for (component, _, place) in routes(model).filter(|(component, _, _)| component.service.is_none()) {
        findings.push(
            Finding::error(
                code::ROUTE_NO_SERVICE,
                place,
                format!("a route leads to `{}`, which has no Service", component.key),
            )
            .label("leads to nothing")
            .on_key()
            .also(at!["components", component.key, "service"], "switched off here")
            .reason("routes lead to Services, not to pods")
            .help("take `service: false` away, or switch the route off: `expose: false`"),
        );
    }
}

/// A path of a route is plain: absolute, without `//`, `.` and `..`, without an escaped `/`. Source:
/// `validateHTTPIngressPath` of Kubernetes and the CEL rules of HTTPRoute.
pub(super) fn route_paths_are_plain(model: &Model, findings: &mut Findings<'_>) {
    for (_, route, place) in routes(model) {
        for (index, path) in route.paths.iter().enumerate() {
            let Some(bad) = not_plain(path) else { continue };
            findings.push(
                Finding::error(
                    code::ROUTE_PATH,
                    place.join("paths").join(&index),
                    format!("`{path}` is not the path of a route"),
                )
                .label(format!("has `{bad}`"))
                .reason("a path must not have `//`, `/./`, `/../` or an escaped slash, nor end in `/.` or `/..`")
                .help("write the path as clients ask for it"),
            );
        }
    }
}

fn not_plain(path: &str) -> Option<&'static str> {
    let inside = ["//", "/./", "/../", "%2f", "%2F"].into_iter().find(|bad| path.contains(bad));
    inside.or_else(|| ["/.", "/.."].into_iter().find(|bad| path.ends_with(bad)))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{api, law, route, texts};
    use super::*;
    use crate::diagnostic::Severity;

    const HOST: &str = "learn.example.com";

    #[test]
    fn a_host_and_path_lead_to_one_place() {
        let two = |host: &'static str, path: &'static str| {
            law(hosts_and_paths_are_unique).with(move |model| {
                route(model, "main", HOST).paths = texts(&["/", "/api"]);
                route(model, "other", host).paths = texts(&[path]);
            })
        };
        two(HOST, "/api/").breaks(code::ROUTE_TWICE, "components.api.routes.other.paths.0");
        two(HOST, "/").breaks(code::ROUTE_TWICE, "components.api.routes.other.paths.0");
        two(HOST, "/app").keeps();
        two("www.example.com", "/").keeps();
    }

    #[test]
    fn an_ingress_has_no_timeout() {
        let with_timeout = |gateway: bool| {
            law(an_ingress_can_express_the_route).with(move |model| {
                route(model, "main", HOST).timeout = Some(60);
                if !gateway {
                    model.target.features.remove(&Feature::GatewayApi);
                }
            })
        };
        with_timeout(false).breaks(code::ROUTE_NEEDS_GATEWAY, "components.api.routes.main.timeout");
        with_timeout(true).keeps();
        with_timeout(false).with(|model| api(model).routes[0].timeout = None).keeps();
    }

    #[test]
    fn production_is_not_in_plain_text() {
        let plain = |tier| {
            law(production_routes_have_tls).with(move |model| {
                model.tier = tier;
                route(model, "main", HOST).tls = RouteTls::Off;
            })
        };
        let found = plain(Tier::Production).breaks(code::ROUTE_PLAIN, "components.api.routes.main.tls");
        assert_eq!(found.severity, Severity::Warning);
        plain(Tier::Staging).keeps();
        let nobody = |model: &mut Model| {
            model.target.features.remove(&Feature::GatewayApi);
            model.target.ingress_class = None;
        };
        plain(Tier::Production).with(nobody).keeps();
    }

    #[test]
    fn a_route_needs_a_service() {
        law(routes_have_a_service)
            .with(|model| {
                route(model, "main", HOST);
                api(model).service = None;
            })
            .breaks(code::ROUTE_NO_SERVICE, "components.api.routes.main");
        law(routes_have_a_service).with(|model| _ = route(model, "main", HOST)).keeps();
    }

    #[test]
    fn paths_of_routes_are_plain() {
        let path = |path: &'static str| {
            law(route_paths_are_plain).with(move |model| route(model, "main", HOST).paths = texts(&[path]))
        };
        for bad in ["/a//b", "/a/../b", "/a%2Fb", "/a/.."] {
            path(bad).breaks(code::ROUTE_PATH, "components.api.routes.main.paths.0");
        }
        path("/.well-known/x").keeps();
    }
}
