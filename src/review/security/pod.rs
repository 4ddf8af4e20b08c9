//! What the pods of a workload may do on their node, and what does not hold their containers back.

use super::{Opening, opening, secret};
use crate::diff::path::{at, text_at};
use crate::kube::Content;
use crate::review::workload::{Workload, items};

/// What a workload's pods open.
pub(super) fn openings(workload: &Workload<'_>) -> Vec<Opening> {
    let Some(pod) = workload.pod() else { return Vec::new() };
    let mut found = of_host(pod);
    for volume in items(pod.get("volumes")) {
        found.extend(host_path(volume));
        found.extend(secret::of_volume(volume).into_iter().map(secret::read));
    }
    found.extend(of_account(pod));
    for own in workload.containers() {
        found.extend(Container { own, pod }.openings());
    }
    found
}

fn of_host(pod: &Content) -> Vec<Opening> {
    let shared = ["hostNetwork", "hostPID", "hostIPC"].into_iter();
    let shared = shared.filter(|key| pod.get(key) == Some(&Content::Bool(true))).map(|key| {
        let what = format!("shares the node's own {}", key["host".len()..].to_lowercase());
        opening("host-shared", format!("pod.{key}"), "true", what, "the pod sees and reaches what the node does")
    });
    shared.collect()
}

fn host_path(volume: &Content) -> Option<Opening> {
    let path = text_at(volume, &["hostPath", "path"])?;
    let what = format!("sees `{path}` of the node");
    Some(opening("host-path", format!("pod.volumes[{path}]"), path, what, "a folder of the node is open to the pod"))
}

fn of_account(pod: &Content) -> Vec<Opening> {
    let token = pod.get("automountServiceAccountToken") == Some(&Content::Bool(true));
    let token = token.then(|| {
        opening(
            "token-mounted",
            "pod.automountServiceAccountToken",
            "true",
            "holds a token of the API server",
            "whoever takes over the pod can use the token",
        )
    });
    let account = text_at(pod, &["serviceAccountName"]).map(|account| {
        let what = format!("runs as the account `{account}`");
        opening("account", "pod.serviceAccountName", account, what, "it may do what the account may do")
    });
    token.into_iter().chain(account).collect()
}

/// A container, with the pod whose security context stands in for its own.
struct Container<'a> {
    own: &'a Content,
    pod: &'a Content,
}

impl<'a> Container<'a> {
    /// A field of its security context.
    fn own(&self, keys: &[&str]) -> Option<&'a Content> {
        at(self.own.get("securityContext")?, keys)
    }

    /// The same, else that of the pod.
    fn either(&self, keys: &[&str]) -> Option<&'a Content> {
        self.own(keys).or_else(|| at(self.pod.get("securityContext")?, keys))
    }

    fn openings(&self) -> Vec<Opening> {
        let weak = WEAKNESSES.iter().filter(|weakness| (weakness.is_open)(self));
        let mut found: Vec<Opening> = weak
            .map(|Weakness { rule, field, value, what, reason, .. }| {
                opening(rule, self.field(field), *value, *what, reason)
            })
            .collect();
        found.extend(items(self.own(&["capabilities", "add"])).filter_map(Content::as_str).map(|capability| {
            let field = self.field(&format!("capabilities.add[{capability}]"));
            let what = format!("gets the capability {capability}");
            opening("capabilities", field, capability, what, "a capability is a part of what root may do")
        }));
        found.extend(secret::of_container(self.own).into_iter().map(secret::read));
        found
    }

    fn field(&self, key: &str) -> String {
        format!("containers[{}].securityContext.{key}", text_at(self.own, &["name"]).unwrap_or_default())
    }
}

/// A field of the security context that does not hold a container back.
struct Weakness {
    rule: &'static str,
    field: &'static str,
    /// What is in effect.
    value: &'static str,
    what: &'static str,
    reason: &'static str,
    is_open: fn(&Container<'_>) -> bool,
}

const TRUE: Option<&Content> = Some(&Content::Bool(true));
const FALSE: Option<&Content> = Some(&Content::Bool(false));

/// Source: the Pod Security Standards, and `readOnlyRootFilesystem` of the container's security context.
const WEAKNESSES: &[Weakness] = &[
    Weakness {
        rule: "privileged",
        field: "privileged",
        value: "true",
        what: "may do anything on its node",
        reason: "a privileged container is not contained",
        is_open: |container| container.own(&["privileged"]) == TRUE,
    },
    Weakness {
        rule: "privilege-escalation",
        field: "allowPrivilegeEscalation",
        value: "true",
        what: "a process may get more rights than its parent",
        reason: "set-user-id programs work; `true` is the default of Kubernetes",
        is_open: |container| container.own(&["allowPrivilegeEscalation"]) != FALSE,
    },
    Weakness {
        rule: "may-be-root",
        field: "runAsNonRoot",
        value: "false",
        what: "may run as root",
        reason: "nothing keeps the image from starting as user 0",
        is_open: |container| container.either(&["runAsNonRoot"]) != TRUE,
    },
    Weakness {
        rule: "may-be-root",
        field: "runAsUser",
        value: "0",
        what: "runs as root",
        reason: "user 0 of the container is user 0 of the node's kernel",
        is_open: |container| container.either(&["runAsUser"]) == Some(&Content::Integer(0)),
    },
    Weakness {
        rule: "root-writable",
        field: "readOnlyRootFilesystem",
        value: "false",
        what: "may write to its root",
        reason: "what gets in can change programs",
        is_open: |container| container.own(&["readOnlyRootFilesystem"]) != TRUE,
    },
    Weakness {
        rule: "seccomp-off",
        field: "seccompProfile",
        value: "Unconfined",
        what: "every system call is open",
        reason: "no seccomp profile holds it back",
        is_open: |container| {
            let profile = container.either(&["seccompProfile", "type"]).and_then(Content::as_str);
            profile.is_none_or(|profile| profile == "Unconfined")
        },
    },
    Weakness {
        rule: "capabilities",
        field: "capabilities.drop",
        value: "default",
        what: "keeps the capabilities of the container runtime",
        reason: "`ALL` is not dropped",
        is_open: |container| !items(container.own(&["capabilities", "drop"])).any(|item| item.as_str() == Some("ALL")),
    },
];
