//! `gateway.networking.k8s.io/v1`: the Gateway API.
//!
//! Defaults of the API inside lists are written out: a tool that compares Git with the cluster without
//! the schema of the resource would else report them as differences for ever.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

const GROUP: &str = "gateway.networking.k8s.io";

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HttpRoute {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: HttpRouteSpec,
}

impl HttpRoute {
    pub(crate) fn new(metadata: ObjectMeta, spec: HttpRouteSpec) -> Self {
        Self { api_version: "gateway.networking.k8s.io/v1", kind: "HTTPRoute", metadata, spec }
    }
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HttpRouteSpec {
    pub(crate) parent_refs: Vec<ParentRef>,
    pub(crate) hostnames: Vec<String>,
    pub(crate) rules: Vec<HttpRule>,
}

/// The gateway, and its listener, that a route attaches to.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ParentRef {
    group: &'static str,
    kind: &'static str,
    namespace: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    section_name: Option<String>,
}

impl ParentRef {
    pub(crate) fn gateway(namespace: &str, name: &str, section_name: Option<String>) -> Self {
        Self { group: GROUP, kind: "Gateway", namespace: namespace.into(), name: name.into(), section_name }
    }
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HttpRule {
    pub(crate) matches: Vec<HttpMatch>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) filters: Vec<HttpFilter>,
    pub(crate) backend_refs: Vec<BackendRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) timeouts: Option<Timeouts>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct HttpMatch {
    path: PathMatch,
}

#[derive(Clone, Debug, Serialize)]
struct PathMatch {
    #[serde(rename = "type")]
    kind: &'static str,
    value: String,
}

impl HttpMatch {
    pub(crate) fn prefix(path: &str) -> Self {
        Self { path: PathMatch { kind: "PathPrefix", value: path.into() } }
    }
}

/// What happens to a request on its way; the API wants exactly the field that the type names.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type")]
pub(crate) enum HttpFilter {
    #[serde(rename_all = "camelCase")]
    RequestHeaderModifier { request_header_modifier: HeaderModifier },
    #[serde(rename = "URLRewrite", rename_all = "camelCase")]
    UrlRewrite { url_rewrite: UrlRewrite },
}

impl HttpFilter {
    pub(crate) fn set_headers(headers: &[(String, String)]) -> Self {
        let header = |(name, value): &(String, String)| Header { name: name.clone(), value: value.clone() };
        Self::RequestHeaderModifier {
            request_header_modifier: HeaderModifier { set: headers.iter().map(header).collect() },
        }
    }

    /// Puts another prefix in the place of the one that matched.
    pub(crate) fn replace_prefix(prefix: &str) -> Self {
        let path = PathModifier { kind: "ReplacePrefixMatch", replace_prefix_match: prefix.into() };
        Self::UrlRewrite { url_rewrite: UrlRewrite { path } }
    }
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct HeaderModifier {
    set: Vec<Header>,
}

#[derive(Clone, Debug, Serialize)]
struct Header {
    name: String,
    value: String,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct UrlRewrite {
    path: PathModifier,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PathModifier {
    #[serde(rename = "type")]
    kind: &'static str,
    replace_prefix_match: String,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct BackendRef {
    group: &'static str,
    kind: &'static str,
    name: String,
    port: u16,
    weight: u32,
}

impl BackendRef {
    /// All traffic to a port of a Service.
    pub(crate) fn service(name: &str, port: u16) -> Self {
        Self::weighted(name, port, 1)
    }

    /// A share of the traffic.
    pub(crate) fn weighted(name: &str, port: u16, weight: u32) -> Self {
        Self { group: "", kind: "Service", name: name.into(), port, weight }
    }
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Timeouts {
    /// See [`duration`].
    pub(crate) request: String,
}

/// Seconds as the Gateway API takes a duration (GEP-2257): at most five digits for each unit.
pub(crate) fn duration(seconds: i64) -> String {
    let unit = |amount: i64, unit: &str| if amount == 0 { String::new() } else { format!("{amount}{unit}") };
    match seconds {
        0 => "0s".into(),
        _ => [unit(seconds / 3600, "h"), unit(seconds / 60 % 60, "m"), unit(seconds % 60, "s")].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_stay_within_five_digits_a_unit() {
        for (seconds, text) in
            [(0, "0s"), (30, "30s"), (300, "5m"), (3_600, "1h"), (3_661, "1h1m1s"), (864_000, "240h")]
        {
            assert_eq!(duration(seconds), text);
        }
    }
}
