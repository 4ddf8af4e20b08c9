//! Routes from outside: HTTPRoute where the target has the Gateway API, Ingress elsewhere.
//!
//! An Ingress has no portable word for a timeout, a rewrite or headers; they are left out there.

use super::meta::Lowering;
use crate::kube::gateway::{
    BackendRef, HttpFilter, HttpMatch, HttpRoute, HttpRouteSpec, HttpRule, ParentRef, Timeouts, duration,
};
use crate::kube::{Object, Phase};
use crate::model::{Component, Driver, Plan, Route, RouteTls, Split};
use crate::spec::{Feature, IssuerKind};
use crate::target::{Gateway, Issuer};
use k8s_openapi::api::networking::v1 as net;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

pub(super) fn routes(cx: &Lowering<'_>, component: &Component) -> Vec<Object> {
    let target = &cx.model.target;
    let gateway = target.gateway.as_ref().filter(|_| target.has(Feature::GatewayApi));
    // Flagger makes the route whose weights it moves.
    let flaggers = component.weighted_route().filter(|_| component.is_by_flagger() && gateway.is_some());
    let lowered = |route: &Route| {
        if flaggers.is_some_and(|own| own.name == route.name) {
            return None;
        }
        let port = component.ports().into_iter().find(|port| port.name == route.port)?.port;
        let metadata = metadata(cx, component, route);
        Some(match gateway {
            Some(gateway) => object(&http_route(metadata, component, route, port, gateway), component),
            None => object(&ingress(cx, metadata, component, route, port), component),
        })
    };
    component.routes.iter().filter_map(lowered).collect()
}

fn object(route: &impl serde::Serialize, component: &Component) -> Object {
    Object::new(route, Phase::Routes, Some(&component.key))
}

/// The component's name for the route `main`, else `<component>-<route>`.
pub(crate) fn route_name(component: &Component, route: &Route) -> String {
    match route.name.as_str() {
        "main" => component.name.clone(),
        other => format!("{}-{other}", component.name),
    }
}

fn metadata(cx: &Lowering<'_>, component: &Component, route: &Route) -> ObjectMeta {
    let mut metadata = cx.component_meta(component, &route_name(component, route));
    if !route.annotations.is_empty() {
        metadata.annotations.get_or_insert_default().extend(route.annotations.clone());
    }
    metadata
}

fn http_route(metadata: ObjectMeta, component: &Component, route: &Route, port: u16, gateway: &Gateway) -> HttpRoute {
    let rule = |paths: &[String]| HttpRule {
        matches: paths.iter().map(|path| HttpMatch::prefix(path)).collect(),
        filters: filters(route),
        backend_refs: backends(component, port),
        timeouts: route.timeout.map(|seconds| Timeouts { request: duration(seconds) }),
    };
    // A rule that replaces a prefix may match one prefix only.
    let paths_a_rule = if route.rewrite.is_some() { 1 } else { route.paths.len().max(1) };
    let spec = HttpRouteSpec {
        parent_refs: vec![ParentRef::gateway(&gateway.namespace, &gateway.name, gateway.section.clone())],
        hostnames: vec![route.host.clone()],
        rules: route.paths.chunks(paths_a_rule).map(rule).collect(),
    };
    HttpRoute::new(metadata, spec)
}

/// All requests to the Service of the component's name, unless a canary takes a share of them.
fn backends(component: &Component, port: u16) -> Vec<BackendRef> {
    let weight = component.progressive().and_then(|progressive| {
        let Plan::Canary { split: Split::Weights, .. } = progressive.plan else { return None };
        match &progressive.driver {
            // The controller moves them from here.
            Driver::ArgoRollouts => Some(0),
            Driver::Commits(versions) => versions.stable.as_ref().map(|_| versions.weight.min(100)),
            Driver::Flagger => None,
        }
    });
    let Some(weight) = weight else { return vec![BackendRef::service(&component.name, port)] };
    vec![
        BackendRef::weighted(&component.name, port, 100 - weight),
        BackendRef::weighted(&format!("{}-canary", component.name), port, weight),
    ]
}

fn filters(route: &Route) -> Vec<HttpFilter> {
    let headers = (!route.headers.is_empty()).then(|| HttpFilter::set_headers(&route.headers));
    let rewrite = route.rewrite.as_deref().map(HttpFilter::replace_prefix);
    headers.into_iter().chain(rewrite).collect()
}

fn ingress(
    cx: &Lowering<'_>,
    mut metadata: ObjectMeta,
    component: &Component,
    route: &Route,
    port: u16,
) -> net::Ingress {
    let target = &cx.model.target;
    let (secret, issued) = match &route.tls {
        RouteTls::Secret { name, issued } => (Some(name), *issued),
        RouteTls::Off | RouteTls::Gateway => (None, false),
    };
    if let Some(issuer) = target.issuer.as_ref().filter(|_| issued) {
        let (key, name) = issued_by(issuer);
        metadata.annotations.get_or_insert_default().entry(key.into()).or_insert(name);
    }
    let tls =
        secret.map(|name| net::IngressTLS { hosts: Some(vec![route.host.clone()]), secret_name: Some(name.clone()) });
    let http = net::HTTPIngressRuleValue {
        paths: route.paths.iter().map(|path| prefix(path, &component.name, port)).collect(),
    };
    let spec = net::IngressSpec {
        ingress_class_name: target.ingress_class.clone(),
        rules: Some(vec![net::IngressRule { host: Some(route.host.clone()), http: Some(http) }]),
        tls: tls.map(|tls| vec![tls]),
        default_backend: None,
    };
    net::Ingress { metadata, spec: Some(spec), status: None }
}

/// The annotation by which cert-manager knows who signs.
fn issued_by(issuer: &Issuer) -> (&'static str, String) {
    let key = match issuer.kind {
        IssuerKind::ClusterIssuer => "cert-manager.io/cluster-issuer",
        IssuerKind::Issuer => "cert-manager.io/issuer",
    };
    (key, issuer.name.clone())
}

fn prefix(path: &str, service: &str, port: u16) -> net::HTTPIngressPath {
    let backend = net::IngressServiceBackend {
        name: service.into(),
        port: Some(net::ServiceBackendPort { number: Some(port.into()), name: None }),
    };
    net::HTTPIngressPath {
        path: Some(path.into()),
        path_type: "Prefix".into(),
        backend: net::IngressBackend { service: Some(backend), resource: None },
    }
}

#[cfg(test)]
mod tests {
    use super::routes;
    use crate::lower::fixture::{assert_facts, names, part, strings};
    use crate::lower::sample::model;
    use crate::model::{Model, Route, RouteTls};
    use crate::spec::{Feature, IssuerKind};
    use crate::target::Issuer;

    fn with_ingress(edit: impl FnOnce(&mut Route)) -> Model {
        let mut model = model();
        model.target.features.remove(&Feature::GatewayApi);
        edit(&mut model.components["portal"].routes[0]);
        model
    }

    #[test]
    fn a_route_attaches_to_the_gateway_with_every_default_written() {
        let objects = part(&model(), routes, "portal");
        assert_eq!(names(&objects), ["HTTPRoute portal", "HTTPRoute portal-docs"]);
        assert_facts(
            &objects[0],
            r#"
            /apiVersion = "gateway.networking.k8s.io/v1"
            /metadata/namespace = "courses-prod"
            /metadata/annotations = {"example.com/zone": "public"}
            /spec/parentRefs = [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "namespace": "gateway-system", "name": "public", "sectionName": "https"}]
            /spec/hostnames = ["learn.example.com"]
            /spec/rules/0/matches = [{"path": {"type": "PathPrefix", "value": "/"}}]
            /spec/rules/0/backendRefs = [{"group": "", "kind": "Service", "name": "portal", "port": 80, "weight": 1}]
            /spec/rules/0/filters is absent
            /spec/rules/0/timeouts is absent
            "#,
        );
    }

    #[test]
    fn a_rewrite_makes_a_rule_of_each_prefix() {
        assert_facts(
            &part(&model(), routes, "portal")[1],
            r#"
            /spec/rules/0/matches = [{"path": {"type": "PathPrefix", "value": "/docs"}}]
            /spec/rules/1/matches = [{"path": {"type": "PathPrefix", "value": "/help"}}]
            /spec/rules/1/filters/0 = {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "X-Part", "value": "docs"}]}}
            /spec/rules/1/filters/1 = {"type": "URLRewrite", "urlRewrite": {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}}}
            /spec/rules/1/timeouts = {"request": "5m"}
            "#,
        );
    }

    #[test]
    fn paths_without_a_rewrite_share_a_rule() {
        let mut model = model();
        model.components["portal"].routes[1].rewrite = None;
        assert_facts(
            &part(&model, routes, "portal")[1],
            r#"
            /spec/rules/0/matches/1/path/value = "/help"
            /spec/rules/1 is absent
            "#,
        );
    }

    #[test]
    fn without_the_gateway_api_a_route_is_an_ingress() {
        let model = with_ingress(|route| {
            route.tls = RouteTls::Secret { name: "portal-tls".into(), issued: true };
            route.annotations = strings(&[("example.com/zone", "public")]);
        });
        assert_facts(
            &part(&model, routes, "portal")[0],
            r#"
            /apiVersion = "networking.k8s.io/v1"
            /kind = "Ingress"
            /metadata/annotations = {"cert-manager.io/cluster-issuer": "letsencrypt", "example.com/zone": "public"}
            /spec/ingressClassName = "nginx"
            /spec/tls = [{"hosts": ["learn.example.com"], "secretName": "portal-tls"}]
            /spec/rules/0/host = "learn.example.com"
            /spec/rules/0/http/paths = [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "portal", "port": {"number": 80}}}}]
            "#,
        );
    }

    #[test]
    fn only_an_issued_certificate_names_its_issuer() {
        let named = with_ingress(|route| route.tls = RouteTls::Secret { name: "own".into(), issued: false });
        assert_facts(
            &part(&named, routes, "portal")[0],
            r#"
            /spec/tls/0/secretName = "own"
            /metadata/annotations = {"example.com/zone": "public"}
            "#,
        );
        let plain = with_ingress(|route| route.tls = RouteTls::Off);
        assert_facts(&part(&plain, routes, "portal")[0], "/spec/tls is absent");
        let mut local = with_ingress(|route| route.tls = RouteTls::Secret { name: "own".into(), issued: true });
        local.target.issuer = Some(Issuer { kind: IssuerKind::Issuer, name: "own-ca".into() });
        assert_facts(&part(&local, routes, "portal")[0], r#"/metadata/annotations/cert-manager.io~1issuer = "own-ca""#);
    }
}
