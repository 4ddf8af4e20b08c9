//! Ingresses. Source: `ValidateIngress`.

use super::{Subject, at, each, has, items, one_of, text};
use crate::diagnostic::code;
use crate::kube::Content;
use crate::spec::text as rules;
use crate::verify::schema::Walk;

pub(super) fn paths_and_backends_are_valid<'a>(subject: Subject<'a>, walk: &mut Walk<'a>) {
    if !subject.is("networking.k8s.io", &["Ingress"]) {
        return;
    }
    at(walk, subject.content, &["spec"], |walk, spec| {
        if spec.get("rules").map(items).unwrap_or_default().is_empty() && !has(spec, "defaultBackend") {
            super::on(walk, spec, "rules", |walk| {
                wrong(walk, "the Ingress leads nowhere", "needs `rules` or `defaultBackend`")
            });
        }
        if text(spec, "ingressClassName") == Some("") {
            super::on(walk, spec, "ingressClassName", |walk| wrong(walk, "this names no class", "empty"));
        }
        super::metadata::reference(walk, spec, "ingressClassName", "an IngressClass");
        at(walk, spec, &["defaultBackend"], backend);
        each(walk, spec, "rules", |walk, rule| {
            at(walk, rule, &["host"], host);
            at(walk, rule, &["http"], |walk, http| {
                if http.get("paths").is_some_and(|paths| matches!(paths, Content::List(all) if all.is_empty())) {
                    super::on(walk, http, "paths", |walk| {
                        wrong(walk, "the rule has no path", "at least one is needed")
                    });
                }
                each(walk, http, "paths", |walk, path| {
                    one_path(path, walk);
                    at(walk, path, &["backend"], backend);
                });
            });
        });
        each(walk, spec, "tls", |walk, tls| {
            each(walk, tls, "hosts", |walk, name| {
                // A rule without a host is for all; a certificate is for those that it names.
                if name.as_str().unwrap_or_default().is_empty() {
                    walk.push(wrong(walk, "this names no host", "empty"));
                }
                host(walk, name);
            });
            super::metadata::reference(walk, tls, "secretName", "a Secret");
        });
    });
}

fn host<'a>(walk: &mut Walk<'a>, host: &'a Content) {
    let Some(host) = host.as_str().filter(|host| !host.is_empty()) else { return };
    let bare = host.strip_prefix("*.").unwrap_or(host);
    if host.parse::<std::net::IpAddr>().is_ok() || rules::dns_name(bare).is_err() {
        walk.push(
            wrong(walk, &format!("`{host}` is no name of a host"), "not a host")
                .help("write a DNS name; `*` may stand for the whole first label only"),
        );
    }
}

fn one_path<'a>(path: &'a Content, walk: &mut Walk<'a>) {
    let Some(of) = text(path, "pathType") else { return };
    let written = text(path, "path").unwrap_or_default();
    let absolute = written.starts_with('/');
    if matches!(of, "Exact" | "Prefix") {
        let parts = ["//", "/./", "/../", "%2f", "%2F"];
        let bad = parts.into_iter().find(|part| written.contains(part));
        let end = ["/..", "/."].into_iter().find(|end| written.ends_with(end));
        if !absolute || bad.is_some() || end.is_some() {
            let label = bad.or(end).map_or("not from the root".to_owned(), |part| format!("with `{part}`"));
            super::on(walk, path, "path", |walk| {
                wrong(walk, &format!("`{written}` cannot be a path of type {of}"), &label)
                    .help("write a path from `/`, without such parts")
            });
        }
    } else if !written.is_empty() && !absolute {
        super::on(walk, path, "path", |walk| {
            wrong(walk, &format!("`{written}` is not a path from the root"), "must start with `/`")
        });
    }
}

fn backend<'a>(walk: &mut Walk<'a>, backend: &'a Content) {
    one_of(walk, backend, &["service", "resource"], code::OBJECT_INGRESS, "this backend");
    at(walk, backend, &["service"], |walk, service| {
        if text(service, "name").is_some_and(|name| rules::service_name(name).is_err()) {
            super::on(walk, service, "name", |walk| wrong(walk, "this is no name of a Service", "not a DNS label"));
        }
        if !has(service, "port") {
            super::on(walk, service, "port", |walk| wrong(walk, "the backend names no port", "needs `port`"));
        }
        at(walk, service, &["port"], |walk, port| {
            one_of(walk, port, &["name", "number"], code::OBJECT_INGRESS, "the port of this backend");
            if text(port, "name").is_some_and(|name| rules::port_name(name).is_err()) {
                super::on(walk, port, "name", |walk| wrong(walk, "this is no name of a port", "not a name of a port"));
            }
        });
    });
}

fn wrong(walk: &Walk<'_>, message: &str, label: &str) -> crate::verify::schema::Fault {
    walk.fault(code::OBJECT_INGRESS, message).label(label).reason("the API server refuses such an Ingress")
}

#[cfg(test)]
mod tests {
    use crate::verify::laws::tests::found;
    use serde_json::{Value, json};

    fn with(path: &Value) -> usize {
        let mut whole =
            json!({"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "api", "port": {"number": 80}}}});
        json_patch::merge(&mut whole, path);
        found(&json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "a"},
            "spec": {"rules": [{"host": "*.example.com", "http": {"paths": [whole]}}]}}))
        .len()
    }

    #[test]
    fn paths_and_backends() {
        assert_eq!(with(&json!({})), 0);
        assert_eq!(with(&json!({"path": "api"})), 1);
        assert_eq!(with(&json!({"path": "/a/../b"})), 1);
        assert_eq!(with(&json!({"path": "api", "pathType": "ImplementationSpecific"})), 1);
        assert_eq!(with(&json!({"backend": {"service": {"port": {"name": "http"}}}})), 1);
        assert_eq!(with(&json!({"backend": {"service": null}})), 1);
    }

    #[test]
    fn hosts() {
        let with = |host: &str| {
            found(&json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "a"}, "spec": {"rules": [{"host": host}]}})).len()
        };
        assert_eq!([with("a.example.com"), with("10.0.0.1"), with("a.*.com")], [0, 1, 1]);
    }
}
