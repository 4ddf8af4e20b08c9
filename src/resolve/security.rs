//! Who containers run as: hardened, and every weakening with its reason.

use super::Resolver;
use crate::diagnostic::code;
use crate::document::{Finding, Path};
use crate::model::{ContainerSecurity, DEFAULT_USER, Seccomp};
use crate::spec::{Security, User};

impl Resolver<'_, '_> {
    /// What a container may do.
    pub(crate) fn security(&mut self, security: Option<&Security>, path: &Path) -> ContainerSecurity {
        let Some(security) = security else { return ContainerSecurity::hardened(Some(DEFAULT_USER)) };
        self.refuse_silent_weakening(security, path);
        let user = user(security);
        let mut resolved = ContainerSecurity::hardened(user);
        resolved.run_as_group = security.run_as_group.map(|group| group.0).or(user);
        resolved.run_as_non_root = security.run_as_non_root.unwrap_or(true);
        resolved.read_only_root = security.read_only_root_filesystem.unwrap_or(true);
        resolved.allow_privilege_escalation = security.allow_privilege_escalation.unwrap_or(false);
        if let Some(capabilities) = &security.capabilities {
            resolved.add = capabilities.add.iter().flatten().map(ToString::to_string).collect();
            if let Some(drop) = &capabilities.drop {
                resolved.drop = drop.iter().map(ToString::to_string).collect();
            }
        }
        if let Some(profile) = &security.seccomp_profile {
            resolved.seccomp = seccomp(profile);
        }
        if security.privileged == Some(true) {
            resolved = privileged(resolved);
        }
        resolved
    }

    /// Every field that weakens a protection has a reason in `because`.
    fn refuse_silent_weakening(&mut self, security: &Security, path: &Path) {
        for field in weakened(security) {
            let reason = security.because.as_ref().and_then(|because| because.get(field));
            if reason.is_none_or(|reason| reason.trim().is_empty()) {
                self.findings.push(
                    Finding::error(
                        code::MISSING_REASON,
                        path.join(field),
                        format!("`{field}` takes a protection off without a reason"),
                    )
                    .label("weakens the default")
                    .reason("an auditor will ask, so the reason stands beside the field")
                    .help(format!(
                        "write `because: {{{field}: \"…\"}}` in the same `security`, or take the field away"
                    )),
                );
            }
        }
    }
}

/// The user: the number written, none with `image`, else the default.
fn user(security: &Security) -> Option<i64> {
    match security.run_as_user {
        Some(User::Number(number)) => Some(number),
        Some(User::Image) => None,
        None => Some(DEFAULT_USER),
    }
}

/// The fields that weaken what holds by default.
fn weakened(security: &Security) -> impl Iterator<Item = &'static str> {
    let added = security.capabilities.as_ref().is_some_and(|capabilities| {
        capabilities.add.as_ref().is_some_and(|add| !add.is_empty())
            || capabilities.drop.as_ref().is_some_and(|drop| !drop.iter().any(|name| &**name == "ALL"))
    });
    [
        ("runAsUser", security.run_as_user == Some(User::Number(0))),
        ("runAsNonRoot", security.run_as_non_root == Some(false)),
        ("readOnlyRootFilesystem", security.read_only_root_filesystem == Some(false)),
        ("allowPrivilegeEscalation", security.allow_privilege_escalation == Some(true)),
        ("capabilities", added),
        ("privileged", security.privileged == Some(true)),
        ("seccompProfile", security.seccomp_profile.as_ref().is_some_and(|profile| &**profile == "Unconfined")),
        ("hostNetwork", security.host_network == Some(true)),
        ("hostPID", security.host_pid == Some(true)),
    ]
    .into_iter()
    .filter_map(|(field, weak)| weak.then_some(field))
}

fn seccomp(profile: &str) -> Seccomp {
    match profile.strip_prefix("Localhost/") {
        Some(file) => Seccomp::Localhost(file.into()),
        None if profile == "Unconfined" => Seccomp::Unconfined,
        None => Seccomp::RuntimeDefault,
    }
}

/// A privileged container cannot be kept from escalation, nor from capabilities.
/// Source: `ValidateSecurityContext` of Kubernetes.
fn privileged(security: ContainerSecurity) -> ContainerSecurity {
    ContainerSecurity { privileged: true, allow_privilege_escalation: true, drop: Vec::new(), ..security }
}
