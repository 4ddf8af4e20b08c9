//! The namespace, and the Pod Security level that its pods satisfy.

use super::meta::Lowering;
use super::pod::pods;
use crate::kube::{Object, Phase};
use crate::model::{Container, ContainerSecurity, Model, Pod, Seccomp, Strings, Volume, VolumeSource};
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// A level of the Pod Security standards, the strictest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Restricted,
    Baseline,
    Privileged,
}

impl Level {
    pub fn text(self) -> &'static str {
        match self {
            Self::Restricted => "restricted",
            Self::Baseline => "baseline",
            Self::Privileged => "privileged",
        }
    }
}

/// A field for which the namespace cannot have a stricter level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lowered {
    /// The key of the component.
    pub component: String,
    /// The field in the component, such as `security.privileged`.
    pub field: String,
    /// The level that it leaves.
    pub level: Level,
    /// What the stricter level asks for.
    pub reason: String,
}

/// The namespace, where it is ours to make. What the author writes about it wins, also over the level.
pub(super) fn namespace(cx: &Lowering<'_>) -> Vec<Object> {
    let namespace = &cx.model.namespace;
    if !namespace.create {
        return Vec::new();
    }
    let mut metadata = ObjectMeta { namespace: None, ..cx.system_meta(&namespace.name) };
    let labels = metadata.labels.get_or_insert_default();
    labels.extend(pod_security_labels(cx.model));
    labels.extend(namespace.labels.clone());
    if !namespace.annotations.is_empty() {
        metadata.annotations.get_or_insert_default().extend(namespace.annotations.clone());
    }
    let object = Namespace { metadata, ..Namespace::default() };
    vec![Object::new(&object, Phase::Namespace, None)]
}

/// The version is that of the target, so that an upgrade of the cluster alone refuses no pod.
fn pod_security_labels(model: &Model) -> Strings {
    let (level, _) = pod_security_level(model);
    let version = format!("v{}", model.target.version());
    let labels = ["enforce", "audit", "warn"].into_iter().flat_map(|mode| {
        let label = format!("pod-security.kubernetes.io/{mode}");
        [(format!("{label}-version"), version.clone()), (label, level.text().to_owned())]
    });
    labels.collect()
}

/// The strictest level that all pods satisfy, and every field that keeps it from being stricter, in the
/// order of components. Pods of databases under an operator satisfy `restricted`.
pub fn pod_security_level(model: &Model) -> (Level, Vec<Lowered>) {
    let mut lowered: Vec<Lowered> = Vec::new();
    for component in model.components.values() {
        for broken in pods(component).flat_map(broken_by_pod) {
            let Broken { field, level, reason } = broken;
            let known = |other: &Lowered| other.component == component.key && other.field == field;
            if !lowered.iter().any(known) {
                lowered.push(Lowered { component: component.key.clone(), field, level, reason });
            }
        }
    }
    let level = lowered.iter().map(|one| one.level).max().unwrap_or(Level::Restricted);
    (level, lowered)
}

/// A rule of a level that a pod breaks.
struct Broken {
    field: String,
    level: Level,
    reason: String,
}

impl Broken {
    /// Not even `baseline` has it.
    fn baseline(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), level: Level::Privileged, reason: reason.into() }
    }

    /// `baseline` has it, `restricted` does not.
    fn restricted(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), level: Level::Baseline, reason: reason.into() }
    }
}

fn broken_by_pod(pod: &Pod) -> Vec<Broken> {
    let mut broken = Vec::new();
    if pod.host_network {
        broken.push(Broken::baseline("security.hostNetwork", "`baseline` keeps pods off the node's network"));
    }
    if pod.host_pid {
        broken.push(Broken::baseline("security.hostPID", "`baseline` keeps pods from the node's processes"));
    }
    broken.extend(pod.volumes.iter().filter_map(broken_by_volume));
    broken.extend(broken_by_container(&pod.main, ""));
    for sidecar in &pod.sidecars {
        broken.extend(broken_by_container(sidecar, &format!("sidecars.{}.", sidecar.name)));
    }
    // What a step has from the component is said once.
    let own = pod.init.iter().filter(|step| step.security != pod.main.security);
    broken.extend(own.flat_map(|step| broken_by_container(step, &format!("init.{}.", step.name))));
    broken
}

fn broken_by_volume(volume: &Volume) -> Option<Broken> {
    let field = |form: &str| format!("volumes.{}.{form}", volume.name);
    match volume.source {
        VolumeSource::HostPath(_) => Some(Broken::baseline(field("hostPath"), "`baseline` has no paths of the node")),
        VolumeSource::Nfs { .. } => {
            Some(Broken::restricted(field("nfs"), "`restricted` has no volumes of NFS servers but through a claim"))
        }
        _ => None,
    }
}

/// Source: the Pod Security standards.
fn broken_by_container(container: &Container, prefix: &str) -> Vec<Broken> {
    let security = &container.security;
    let field = |name: &str| format!("{prefix}security.{name}");
    let mut broken = Vec::new();
    if security.privileged {
        broken.push(Broken::baseline(field("privileged"), "`baseline` has no privileged containers"));
    }
    if security.allow_privilege_escalation {
        let reason = "`restricted` asks for `allowPrivilegeEscalation: false`";
        broken.push(Broken::restricted(field("allowPrivilegeEscalation"), reason));
    }
    if !security.run_as_non_root {
        broken.push(Broken::restricted(field("runAsNonRoot"), "`restricted` asks for `runAsNonRoot: true`"));
    }
    if security.run_as_user == Some(0) {
        broken.push(Broken::restricted(field("runAsUser"), "`restricted` has no containers of user 0"));
    }
    if security.seccomp == Seccomp::Unconfined {
        let reason = "`baseline` asks for the seccomp profile `RuntimeDefault` or one of the node's";
        broken.push(Broken::baseline(field("seccompProfile"), reason));
    }
    broken.extend(broken_by_capabilities(security, &field("capabilities")));
    broken
}

fn broken_by_capabilities(security: &ContainerSecurity, field: &str) -> Option<Broken> {
    if let Some(extra) = security.add.iter().find(|name| !BASELINE_CAPABILITIES.contains(&name.as_str())) {
        return Some(Broken::baseline(field, format!("`baseline` does not let `{extra}` be added")));
    }
    if let Some(extra) = security.add.iter().find(|name| *name != "NET_BIND_SERVICE") {
        return Some(Broken::restricted(field, format!("`restricted` does not let `{extra}` be added")));
    }
    if !security.drop.iter().any(|name| name == "ALL") {
        return Some(Broken::restricted(field, "`restricted` asks for all capabilities to be dropped"));
    }
    None
}

/// What `baseline` lets be added.
const BASELINE_CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

#[cfg(test)]
mod tests {
    use super::{Level, namespace, pod_security_level};
    use crate::lower::fixture::{assert_facts, model, names, workload};
    use crate::lower::meta::Lowering;
    use crate::model::{Model, Pod, Seccomp, Volume, VolumeSource};

    fn edited(edit: impl FnOnce(&mut Pod)) -> Model {
        let mut model = model();
        edit(&mut workload(&mut model, "cache").pod);
        model
    }

    fn level(edit: impl FnOnce(&mut Pod)) -> (Level, Vec<String>) {
        let (level, lowered) = pod_security_level(&edited(edit));
        (level, lowered.into_iter().map(|one| format!("{}.{}", one.component, one.field)).collect())
    }

    #[test]
    fn the_namespace_enforces_what_its_pods_satisfy() {
        let objects = namespace(&Lowering::new(&model()));
        assert_eq!(names(&objects), ["Namespace shop-prod"]);
        assert_facts(
            &objects[0],
            r#"
            /metadata/namespace is absent
            /metadata/labels/team = "shop"
            /metadata/labels/pod-security.kubernetes.io~1enforce = "restricted"
            /metadata/labels/pod-security.kubernetes.io~1enforce-version = "v1.35"
            /metadata/labels/pod-security.kubernetes.io~1audit = "restricted"
            /metadata/labels/pod-security.kubernetes.io~1warn-version = "v1.35"
            "#,
        );
    }

    #[test]
    fn somebody_elses_namespace_is_left_alone() {
        let mut model = model();
        model.namespace.create = false;
        assert_eq!(names(&namespace(&Lowering::new(&model))), [""; 0]);
    }

    #[test]
    fn the_authors_own_label_wins() {
        let mut model = model();
        model.namespace.labels.insert("pod-security.kubernetes.io/warn".into(), "baseline".into());
        let objects = namespace(&Lowering::new(&model));
        assert_facts(&objects[0], r#"/metadata/labels/pod-security.kubernetes.io~1warn = "baseline""#);
    }

    #[test]
    fn each_protection_that_is_off_lowers_the_level_and_is_named() {
        assert_eq!(level(|_| ()), (Level::Restricted, vec![]));
        let one = |field: &str| vec![format!("cache.security.{field}")];
        let main = |edit: fn(&mut crate::model::ContainerSecurity)| level(|pod| edit(&mut pod.main.security));
        assert_eq!(main(|s| s.run_as_non_root = false), (Level::Baseline, one("runAsNonRoot")));
        assert_eq!(main(|s| s.run_as_user = Some(0)), (Level::Baseline, one("runAsUser")));
        assert_eq!(main(|s| s.allow_privilege_escalation = true), (Level::Baseline, one("allowPrivilegeEscalation")));
        assert_eq!(main(|s| s.drop.clear()), (Level::Baseline, one("capabilities")));
        assert_eq!(main(|s| s.add.push("CHOWN".into())), (Level::Baseline, one("capabilities")));
        assert_eq!(main(|s| s.add.push("NET_BIND_SERVICE".into())), (Level::Restricted, vec![]));
        assert_eq!(main(|s| s.add.push("SYS_PTRACE".into())), (Level::Privileged, one("capabilities")));
        assert_eq!(main(|s| s.seccomp = Seccomp::Unconfined), (Level::Privileged, one("seccompProfile")));
        assert_eq!(main(|s| s.privileged = true), (Level::Privileged, one("privileged")));
        assert_eq!(main(|s| s.read_only_root = false), (Level::Restricted, vec![]));
        assert_eq!(level(|pod| pod.host_network = true), (Level::Privileged, one("hostNetwork")));
        let volume = |source: VolumeSource| level(|pod| pod.volumes.push(Volume { name: "v".into(), source }));
        let on_node = volume(VolumeSource::HostPath("/var/log".into()));
        assert_eq!(on_node, (Level::Privileged, vec!["cache.volumes.v.hostPath".into()]));
        let nfs = VolumeSource::Nfs { server: "nas".into(), path: "/".into(), read_only: false };
        assert_eq!(volume(nfs), (Level::Baseline, vec!["cache.volumes.v.nfs".into()]));
        assert_eq!(level(|pod| pod.host_pid = true), (Level::Privileged, one("hostPID")));
    }

    #[test]
    fn a_release_job_does_not_repeat_its_component() {
        let mut model = model();
        workload(&mut model, "api").pod.main.security.run_as_non_root = false;
        let release = &mut model.components["api"].releases[0].pod;
        release.main.security.run_as_non_root = false;
        release.init[0].security.privileged = true;
        let (level, lowered) = pod_security_level(&model);
        let fields: Vec<_> = lowered.iter().map(|one| one.field.as_str()).collect();
        assert_eq!(level, Level::Privileged);
        assert_eq!(fields, ["security.runAsNonRoot", "init.prepare.security.privileged"]);
    }
}
