//! What containers may do: no contradictions, and what a policy cannot hold.

use super::places::{containers, first_written, pods};
use crate::diagnostic::{code, listed, nearest};
use crate::document::{Finding, Findings, at};
use crate::model::{Component, Model};
use crate::spec::Kind;

/// A container that must not run as root does not run as user 0. Source: `verifyRunAsNonRoot` of the
/// kubelet, which refuses to start it.
pub(super) fn non_root_containers_do_not_run_as_root(model: &Model, findings: &mut Findings<'_>) {
    for (site, container) in containers(model) {
        if container.security.run_as_non_root && container.security.run_as_user == Some(0) {
            let place = site.at(findings, &["security", "runAsUser"]);
            let message = format!("{} runs as user 0 and must not run as root", site.subject(&place));
            findings.push(
                Finding::error(code::USER_ROOT, place, message)
                    .label("root")
                    .also(site.at(findings, &["security", "runAsNonRoot"]), "must not be root")
                    .reason("the kubelet refuses to start a container with `runAsNonRoot: true` as user 0")
                    .help(
                        "name a user that the image can run as, or take an image that is made to run without root; else \
                         write `runAsNonRoot: false` with its reason in `because`",
                    ),
            );
        }
    }
}

/// A namespace that this system makes enforces the strictest level that all its pods satisfy; who keeps it
/// from a stricter one is told. Source: the Pod Security Standards.
pub(super) fn namespaces_are_as_strict_as_their_pods_allow(model: &Model, findings: &mut Findings<'_>) {
    if !model.namespace.create {
        return;
    }
    let (level, all) = crate::lower::pod_security_level(model);
    for lowered in all.into_iter().filter(|lowered| lowered.level == level) {
        let field = lowered.field.split('.').map(Into::into);
        let place = at!["components", lowered.component].segments().iter().cloned().chain(field).collect();
        findings.push(
            Finding::note(
                code::SECURITY_LOWERED,
                place,
                format!(
                    "the namespace enforces Pod Security `{}` because of `{}`",
                    lowered.level.text(),
                    lowered.component
                ),
            )
            .label("a stricter level refuses this")
            .reason(lowered.reason)
            .help("take the field away for a stricter namespace, or run the component in a namespace of its own"),
        );
    }
}

/// The capabilities of Linux, as Kubernetes writes them: without `CAP_`.
const CAPABILITIES: &[&str] = &[
    "ALL",
    "AUDIT_CONTROL",
    "AUDIT_READ",
    "AUDIT_WRITE",
    "BLOCK_SUSPEND",
    "BPF",
    "CHECKPOINT_RESTORE",
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "IPC_LOCK",
    "IPC_OWNER",
    "KILL",
    "LEASE",
    "LINUX_IMMUTABLE",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "MKNOD",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_RAW",
    "PERFMON",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYSLOG",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_CHROOT",
    "SYS_MODULE",
    "SYS_NICE",
    "SYS_PACCT",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "WAKE_ALARM",
];

/// A capability is one of Linux: with another the container runtime refuses to start the container, or warns in
/// its log and starts it without (`process.capabilities` of the OCI runtime specification).
pub(super) fn capabilities_exist(model: &Model, findings: &mut Findings<'_>) {
    for (site, container) in containers(model) {
        let security = &container.security;
        for (list, names) in [("add", &security.add), ("drop", &security.drop)] {
            for (index, name) in names.iter().enumerate().filter(|(_, name)| !CAPABILITIES.contains(&name.as_str())) {
                let place = site.at(findings, &["security", "capabilities", list, &index.to_string()]);
                let finding = Finding::error(code::CAPABILITY_UNKNOWN, place, format!("`{name}` is no capability"))
                    .label("not known to Linux")
                    .reason("capabilities are written in capitals and without `CAP_`; the container would run without it, or not at all");
                let plain = name.to_uppercase();
                findings.push(match nearest(plain.trim_start_matches("CAP_"), CAPABILITIES.iter().copied()) {
                    Some(near) => finding.help(format!("write `{near}`")).suggest(near, false),
                    None => finding.help(format!("capabilities are {}", listed(CAPABILITIES.iter().copied()))),
                });
            }
        }
    }
}

/// Pods on the node's own network are outside every network policy. Source: the page on network policies of
/// Kubernetes, which leaves `hostNetwork` pods to the network plugin.
pub(super) fn network_policies_hold_all_pods(model: &Model, findings: &mut Findings<'_>) {
    let held = |component: &Component| model.network.deny || component.kind == Kind::Agent;
    for (site, _) in pods(model).into_iter().filter(|(site, pod)| pod.host_network && held(site.component)) {
        let place = site.at(findings, &["security", "hostNetwork"]);
        let reason =
            first_written(findings, [at!["components", site.component.key, "security", "because", "hostNetwork"]]);
        findings.push(
            Finding::warning(
                code::POLICY_BYPASSED,
                place,
                format!("no network policy holds the pods of `{}`", site.component.key),
            )
            .label("on the network of the node")
            .also(reason, "the reason given")
            .reason(
                "most network plugins apply policies to the pod's own address only, and this pod has that of its node",
            )
            .help("take `hostNetwork` away, or guard the node itself"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{law, main, pod, texts};
    use super::*;

    #[test]
    fn user_0_is_root() {
        law(non_root_containers_do_not_run_as_root)
            .with(|model| main(model).security.run_as_user = Some(0))
            .breaks(code::USER_ROOT, "components.api.security.runAsUser");
        law(non_root_containers_do_not_run_as_root)
            .with(|model| {
                main(model).security.run_as_user = Some(0);
                main(model).security.run_as_non_root = false;
            })
            .keeps();
    }

    #[test]
    fn capabilities_are_those_of_linux() {
        let found = law(capabilities_exist)
            .with(|model| main(model).security.add = texts(&["NET_ADMIN", "CAP_NET_BIND_SERVICE"]))
            .breaks(code::CAPABILITY_UNKNOWN, "components.api.security.capabilities.add.1");
        assert_eq!(found.help.as_deref(), Some("write `NET_BIND_SERVICE`"));
        law(capabilities_exist).with(|model| main(model).security.add = texts(&["NET_BIND_SERVICE"])).keeps();
    }

    #[test]
    fn the_network_of_the_node_has_no_policy() {
        law(network_policies_hold_all_pods)
            .with(|model| pod(model).host_network = true)
            .breaks(code::POLICY_BYPASSED, "components.api.security.hostNetwork");
        law(network_policies_hold_all_pods)
            .with(|model| {
                pod(model).host_network = true;
                model.network.deny = false;
            })
            .keeps();
    }
}
