//! Typed outputs: what other components may refer to.

use super::{Resolver, container, external, model_server, postgres, redis, training};
use crate::model::{Output, Port};
use crate::spec::{self, Kind};
use std::collections::BTreeMap;

/// Schemes of URLs that a port's name gives, whole or before its first `-`.
const SCHEMES: &[&str] = &[
    "http",
    "https",
    "grpc",
    "grpcs",
    "ws",
    "wss",
    "amqp",
    "amqps",
    "redis",
    "rediss",
    "mqtt",
    "nats",
    "kafka",
    "tcp",
    "udp",
    "postgres",
    "postgresql",
    "mysql",
    "mongodb",
    "ldap",
    "smtp",
    "ftp",
];

/// The outputs of all components; of disabled ones too, since optional uses still refer to them.
pub(super) fn all(cx: &mut Resolver<'_, '_>) -> BTreeMap<String, BTreeMap<String, Output>> {
    let components = cx.components;
    components.iter().map(|(key, component)| (key.clone(), of(cx, key, component))).collect()
}

fn of(cx: &Resolver<'_, '_>, key: &str, component: &spec::Component) -> BTreeMap<String, Output> {
    let host = component.name.as_ref().map_or(key, |name| name);
    let mut outputs = match component.kind {
        Kind::External => generic_external(host, component),
        _ => generic(host, component),
    };
    let own = match component.kind {
        Kind::Postgres => postgres::outputs(key, component, cx.target),
        Kind::Redis => redis::outputs(key, component),
        Kind::Model => model_server::outputs(component, outputs.get("url")),
        Kind::Job => training::outputs(host, component, cx.target),
        Kind::Frontend | Kind::Backend | Kind::Agent | Kind::Store => BTreeMap::new(),
        Kind::External => external::outputs(component),
    };
    outputs.extend(own);
    outputs
}

/// Without a host of its own only the numbers of its ports are known.
fn generic_external(name: &str, component: &spec::Component) -> BTreeMap<String, Output> {
    let Some(host) = external::host(name, component) else {
        let mut outputs = generic("", component);
        outputs.retain(|output, _| output.rsplit('.').next() == Some("port"));
        return outputs;
    };
    let mut outputs = generic(host, component);
    outputs.insert("host".into(), Output::Plain(host.into()));
    outputs
}

/// `host`, `port` and `url` of the main port, and the same of each port by its name.
fn generic(host: &str, component: &spec::Component) -> BTreeMap<String, Output> {
    let ports = container::all_ports(component);
    let mut outputs = BTreeMap::new();
    let Some(main) = ports.iter().find(|port| port.name == "http").or_else(|| ports.first()) else { return outputs };
    let mut put = |name: String, value: String| outputs.insert(name, Output::Plain(value));
    put("host".into(), host.into());
    put("port".into(), main.port.to_string());
    put("url".into(), url(host, main));
    for port in &ports {
        put(format!("{}.port", port.name), port.port.to_string());
        put(format!("{}.url", port.name), url(host, port));
    }
    outputs
}

/// The URL of a port: no default port, no slash at the end.
fn url(host: &str, port: &Port) -> String {
    let scheme = scheme(port);
    let default = matches!((scheme, port.port), ("http" | "ws", 80) | ("https" | "wss", 443));
    if default { format!("{scheme}://{host}") } else { format!("{scheme}://{host}:{}", port.port) }
}

/// The scheme of `appProtocol`, else of the port's name, else `http`.
fn scheme(port: &Port) -> &'static str {
    let known = |text: &str| SCHEMES.iter().copied().find(|scheme| *scheme == text);
    let head = |text: &'_ str| text.split('-').next().and_then(known);
    let app = port.app_protocol.as_deref().and_then(|protocol| match protocol {
        "kubernetes.io/h2c" => Some("http"),
        "kubernetes.io/ws" => Some("ws"),
        "kubernetes.io/wss" => Some("wss"),
        other => known(other),
    });
    app.or_else(|| known(&port.name)).or_else(|| head(&port.name)).unwrap_or("http")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Protocol;

    #[test]
    fn urls_follow_the_name_of_the_port() {
        let port = |name: &str, number| Port {
            name: name.into(),
            port: number,
            target: number,
            node_port: None,
            protocol: Protocol::Tcp,
            app_protocol: None,
        };
        assert_eq!(url("api", &port("http", 80)), "http://api");
        assert_eq!(url("api", &port("http", 8000)), "http://api:8000");
        assert_eq!(url("codegen", &port("grpc-web", 8500)), "grpc://codegen:8500");
        assert_eq!(url("x", &port("admin", 9000)), "http://x:9000");
    }
}
