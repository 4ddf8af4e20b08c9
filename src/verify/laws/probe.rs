//! Probes and lifecycle. Source: `validateProbe`, `validateHandler`, `validateLifecycle`.

use super::{at, get, has, integer, one_of};
use crate::diagnostic::code;
use crate::kube::Content;
use crate::verify::schema::Walk;

const PROBES: [&str; 3] = ["startupProbe", "readinessProbe", "livenessProbe"];

pub(super) fn probes_are_valid<'a>(container: &'a Content, walk: &mut Walk<'a>) {
    for name in PROBES {
        at(walk, container, &[name], |walk, probe| {
            one_of(walk, probe, &["exec", "httpGet", "tcpSocket", "grpc"], code::OBJECT_PROBE, "this probe");
            handler(walk, probe);
            if name != "readinessProbe" && integer(probe, "successThreshold").is_some_and(|times| times > 1) {
                super::on(walk, probe, "successThreshold", |walk| {
                    walk.fault(code::OBJECT_PROBE, format!("the `successThreshold` of a `{name}` is not 1"))
                        .label("must be 1")
                        .reason("only readiness may ask for more than one success; the API server refuses others")
                });
            }
            if name == "readinessProbe" && has(probe, "terminationGracePeriodSeconds") {
                super::on(walk, probe, "terminationGracePeriodSeconds", |walk| {
                    walk.fault(code::OBJECT_PROBE, "a readiness probe ends no container")
                        .label("not on a readiness probe")
                        .reason("the API server refuses it")
                });
            }
        });
    }
    at(walk, container, &["lifecycle"], |walk, lifecycle| {
        for name in ["postStart", "preStop"] {
            at(walk, lifecycle, &[name], |walk, hook| {
                one_of(walk, hook, &["exec", "httpGet", "tcpSocket", "sleep"], code::OBJECT_PROBE, "this hook");
                handler(walk, hook);
            });
        }
    });
}

fn handler<'a>(walk: &mut Walk<'a>, of: &'a Content) {
    at(walk, of, &["exec"], |walk, exec| {
        if exec.get("command").is_none_or(|command| super::items(command).is_empty()) {
            super::on(walk, exec, "command", |walk| {
                walk.fault(code::OBJECT_PROBE, "there is no command to run")
                    .label("no command")
                    .reason("the API server refuses a handler without one")
            });
        }
    });
    at(walk, of, &["httpGet"], |walk, asked| super::each(walk, asked, "httpHeaders", header));
    for form in ["httpGet", "tcpSocket"] {
        at(walk, of, &[form], |walk, asked| {
            let wrong = match asked.get("port") {
                Some(Content::Integer(port)) => !(1..=65_535).contains(port),
                Some(Content::Text(name)) => crate::spec::text::port_name(name).is_err(),
                _ => false,
            };
            if wrong {
                super::on(walk, asked, "port", |walk| {
                    walk.fault(code::OBJECT_PROBE, "this is no port")
                        .label("neither a number from 1 to 65535 nor the name of a port")
                        .reason("the API server refuses it")
                });
            }
        });
    }
}

fn header<'a>(walk: &mut Walk<'a>, header: &'a Content) {
    let name = super::text(header, "name").unwrap_or_default();
    if let Err(refusal) = crate::spec::header_name(name) {
        super::on(walk, header, "name", |walk| {
            walk.fault(code::OBJECT_PROBE, refusal.message)
                .label("not a name of a header")
                .reason("the API server refuses it")
                .help(refusal.help)
        });
    }
}

/// What runs before the containers is over before anyone could ask.
pub(super) fn steps_have_no_probes<'a>(container: &'a Content, walk: &mut Walk<'a>) {
    for name in PROBES.into_iter().chain(["lifecycle"]) {
        if has(container, name) {
            let fault = walk.key(name, |walk| {
                walk.fault(code::OBJECT_PROBE, format!("an init container has no `{name}`"))
                    .label("not on an init container")
                    .reason("it runs to its end before the containers start; the API server refuses it")
                    .help("take it away, or write `restartPolicy: Always` for a sidecar")
                    .on_key()
            });
            walk.push(fault);
        }
    }
}

/// A container sleeps no longer than its pod may take to end.
pub(super) fn shutdown_fits<'a>(pod: &'a Content, walk: &mut Walk<'a>) {
    let grace = integer(pod, "terminationGracePeriodSeconds").unwrap_or(30);
    for list in super::container::LISTS {
        super::each(walk, pod, list, |walk, container| {
            let sleep = get(container, &["lifecycle", "preStop", "sleep"]).and_then(|sleep| integer(sleep, "seconds"));
            if sleep.is_some_and(|seconds| seconds < 0 || seconds > grace) {
                at(walk, container, &["lifecycle", "preStop", "sleep"], |walk, sleep| {
                    super::on(walk, sleep, "seconds", |walk| {
                        walk.fault(code::OBJECT_PROBE, "the pod may not sleep that long")
                            .label(format!("from 0 to {grace}"))
                            .reason("`terminationGracePeriodSeconds` is the limit; the API server refuses more")
                    });
                });
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::verify::laws::tests::{deployment, found, in_container};
    use serde_json::json;

    #[test]
    fn a_probe_has_one_handler() {
        assert!(in_container(&json!({"livenessProbe": {"httpGet": {"port": 80}}})).is_empty());
        assert_eq!(in_container(&json!({"livenessProbe": {"periodSeconds": 1}})).len(), 1);
        assert_eq!(
            in_container(&json!({"livenessProbe": {"httpGet": {"port": 80}, "exec": {"command": ["true"]}}})).len(),
            1
        );
        assert_eq!(in_container(&json!({"livenessProbe": {"httpGet": {"port": 80}, "successThreshold": 2}})).len(), 1);
        assert_eq!(in_container(&json!({"readinessProbe": {"httpGet": {"port": 0}}})).len(), 1);
        assert_eq!(in_container(&json!({"readinessProbe": {"exec": {"command": []}}})).len(), 1);
        assert_eq!(in_container(&json!({"lifecycle": {"preStop": {"sleep": {"seconds": 31}}}})).len(), 1);
    }

    #[test]
    fn init_containers_have_no_probes() {
        let with = |extra: serde_json::Value| {
            let mut step = json!({"name": "step", "image": "a:1", "livenessProbe": {"httpGet": {"port": 80}}});
            json_patch::merge(&mut step, &extra);
            found(&deployment(&json!({"containers": [{"name": "api", "image": "a:1"}], "initContainers": [step]})))
                .len()
        };
        assert_eq!(with(json!({})), 1);
        assert_eq!(with(json!({"restartPolicy": "Always"})), 0);
    }
}
