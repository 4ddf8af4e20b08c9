//! Pods and their templates. Source: `ValidatePodSpec`, the validation of the workloads.

use super::metadata::reference;
use super::{Subject, at, container, each, get, has, integer, is_true, items, ports, probe, text, volume};
use crate::diagnostic::code;
use crate::kube::Content;
use crate::verify::schema::{Fault, Walk};

pub(super) fn pods_are_valid<'a>(subject: Subject<'a>, walk: &mut Walk<'a>) {
    let Some((way, _)) = subject.template() else { return };
    at(walk, subject.content, way, |walk, template| {
        at(walk, template, &["spec"], |walk, pod| {
            restart_policy(subject, pod, walk);
            all(pod, walk);
            volume::mounts_are_valid(subject, pod, walk);
            if matches!(subject.group, "apps") && has(pod, "activeDeadlineSeconds") {
                let fault = walk.key("activeDeadlineSeconds", |walk| {
                    wrong(walk, "pods that are kept running have no deadline", "not in this workload").on_key()
                });
                walk.push(fault);
            }
            if subject.kind != "Pod" && has(pod, "ephemeralContainers") {
                let fault = walk.key("ephemeralContainers", |walk| {
                    walk.fault(code::OBJECT_CONTAINER, "a template has no ephemeral containers")
                        .label("not in a template")
                        .reason("they are added to a pod that runs")
                        .on_key()
                });
                walk.push(fault);
            }
        });
    });
}

fn all<'a>(pod: &'a Content, walk: &mut Walk<'a>) {
    container::containers_are_valid(pod, walk);
    ports::ports_of_containers_are_valid(pod, walk);
    volume::volumes_are_valid(pod, walk);
    probe::shutdown_fits(pod, walk);
    each(walk, pod, "tolerations", |walk, toleration| toleration_is_valid(walk, toleration));
    each(walk, pod, "hostAliases", |walk, alias| {
        if text(alias, "ip").is_some_and(|ip| ip.parse::<std::net::IpAddr>().is_err()) {
            super::on(walk, alias, "ip", |walk| wrong(walk, "this is no IP address", "not an address"));
        }
    });
    reference(walk, pod, "serviceAccountName", "a ServiceAccount");
    reference(walk, pod, "priorityClassName", "a PriorityClass");
    each(walk, pod, "imagePullSecrets", |walk, secret| reference(walk, secret, "name", "a Secret"));
    at(walk, pod, &["nodeSelector"], super::metadata::labels);
    at(walk, pod, &["securityContext"], container::profile);
    for field in ["hostname", "subdomain"] {
        if text(pod, field).is_some_and(|name| !name.is_empty() && crate::spec::text::dns_label(name).is_err()) {
            super::on(walk, pod, field, |walk| wrong(walk, "this is no DNS label", "not a label"));
        }
    }
    at(walk, pod, &["affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"], |walk, needed| {
        if needed.get("nodeSelectorTerms").is_some_and(|terms| items(terms).is_empty()) {
            super::on(walk, needed, "nodeSelectorTerms", |walk| {
                wrong(walk, "no node is selected", "at least one term is needed")
            });
        }
    });
    dns(pod, walk);
    spread(pod, walk);
}

/// What pods of a kind do when they end.
fn restart_policy<'a>(subject: Subject<'a>, pod: &'a Content, walk: &mut Walk<'a>) {
    let written = text(pod, "restartPolicy").filter(|policy| !policy.is_empty());
    let allowed: &[&str] = match (subject.group, subject.kind) {
        ("apps" | "argoproj.io", _) | ("", "ReplicationController") => &["Always"],
        ("batch", _) => &["OnFailure", "Never"],
        _ => return,
    };
    if written.unwrap_or("Always") == "Always" && allowed[0] == "Always"
        || written.is_some_and(|policy| allowed.contains(&policy))
    {
        return;
    }
    let known = allowed.iter().map(|policy| format!("`{policy}`")).collect::<Vec<_>>().join(" or ");
    let what = written.map_or("not written, and so `Always`".to_owned(), |policy| format!("`{policy}`"));
    super::on(walk, pod, "restartPolicy", |walk| {
        walk.fault(code::OBJECT_JOB, format!("the restart policy of the pods is {what}"))
            .label(format!("should be {known}"))
            .reason(format!("pods of a {} take no other", subject.kind))
            .help(format!("write `restartPolicy: {}`", allowed[0]))
    });
}

fn toleration_is_valid<'a>(walk: &mut Walk<'a>, toleration: &'a Content) {
    let operator = text(toleration, "operator").unwrap_or("Equal");
    let value = text(toleration, "value").unwrap_or_default();
    let key = text(toleration, "key").unwrap_or_default();
    if operator == "Exists" && !value.is_empty() {
        super::on(walk, toleration, "value", |walk| {
            wrong(walk, "`operator: Exists` takes no `value`", "nothing to compare")
        });
    }
    if key.is_empty() && operator != "Exists" {
        super::on(walk, toleration, "operator", |walk| {
            wrong(walk, "a toleration of every taint needs `operator: Exists`", "without a `key`")
        });
    }
    if has(toleration, "tolerationSeconds") && text(toleration, "effect") != Some("NoExecute") {
        super::on(walk, toleration, "tolerationSeconds", |walk| {
            wrong(walk, "`tolerationSeconds` needs `effect: NoExecute`", "no eviction to wait for")
        });
    }
    if !key.is_empty() {
        at(walk, toleration, &["key"], |walk, _| super::metadata::label_key(walk, key));
    }
    if operator == "Equal" {
        at(walk, toleration, &["value"], |walk, _| super::metadata::label_value(walk, value));
    }
}

fn dns<'a>(pod: &'a Content, walk: &mut Walk<'a>) {
    let servers = get(pod, &["dnsConfig", "nameservers"]).map(items).unwrap_or_default();
    if text(pod, "dnsPolicy") == Some("None") && servers.is_empty() {
        super::on(walk, pod, "dnsPolicy", |walk| {
            wrong(walk, "`dnsPolicy: None` needs a server in `dnsConfig.nameservers`", "no server is named")
        });
    }
    if servers.len() > 3 {
        at(walk, pod, &["dnsConfig", "nameservers"], |walk, _| {
            walk.push(wrong(walk, "at most 3 name servers are taken", "too many"));
        });
    }
}

fn spread<'a>(pod: &'a Content, walk: &mut Walk<'a>) {
    each(walk, pod, "topologySpreadConstraints", |walk, constraint| {
        if integer(constraint, "minDomains").is_some()
            && text(constraint, "whenUnsatisfiable") == Some("ScheduleAnyway")
        {
            super::on(walk, constraint, "minDomains", |walk| {
                wrong(walk, "`minDomains` needs `whenUnsatisfiable: DoNotSchedule`", "never counted")
            });
        }
        if has(constraint, "matchLabelKeys") && !has(constraint, "labelSelector") {
            super::on(walk, constraint, "matchLabelKeys", |walk| {
                wrong(walk, "`matchLabelKeys` narrows a `labelSelector`, and there is none", "narrows nothing").on_key()
            });
        }
        each(walk, constraint, "matchLabelKeys", |walk, key| {
            // Nothing is read as a key without a name.
            super::metadata::label_key(walk, key.as_str().unwrap_or_default());
        });
    });
    if is_true(pod, "hostNetwork") && get(pod, &["hostUsers"]) == Some(&Content::Bool(false)) {
        super::on(walk, pod, "hostUsers", |walk| {
            wrong(walk, "`hostUsers: false` stands beside `hostNetwork: true`", "not with the network of the node")
        });
    }
}

/// A fault of a pod.
pub(super) fn wrong(walk: &Walk<'_>, message: &str, label: &str) -> Fault {
    walk.fault(code::OBJECT_CONTAINER, message).label(label).reason("the API server refuses such a pod")
}

#[cfg(test)]
mod tests {
    use crate::verify::laws::tests::{deployment, found};
    use serde_json::{Value, json};

    fn with(pod: &Value) -> usize {
        let mut whole = json!({"containers": [{"name": "api", "image": "api:1"}]});
        json_patch::merge(&mut whole, pod);
        found(&deployment(&whole)).len()
    }

    #[test]
    fn pods_of_a_deployment_are_valid() {
        assert_eq!(with(&json!({"restartPolicy": "Never"})), 1);
        assert_eq!(with(&json!({"tolerations": [{"key": "a", "operator": "Exists", "value": "x"}]})), 1);
        assert_eq!(
            with(&json!({"tolerations": [{"operator": "Exists"}, {"key": "a", "value": "x", "effect": "NoSchedule"}]})),
            0
        );
        assert_eq!(with(&json!({"hostAliases": [{"ip": "10.0.0"}]})), 1);
        assert_eq!(with(&json!({"dnsPolicy": "None"})), 1);
        assert_eq!(with(&json!({"serviceAccountName": "A"})), 1);
        assert_eq!(with(&json!({"nodeSelector": {"a": "b c"}})), 1);
        assert_eq!(with(&json!({"hostname": "A.b"})), 1);
        assert_eq!(with(&json!({"activeDeadlineSeconds": 10})), 1);
        assert_eq!(with(&json!({"securityContext": {"seccompProfile": {"type": "Localhost"}}})), 1);
    }
}
