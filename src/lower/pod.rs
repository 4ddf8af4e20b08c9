//! Pods: containers, volumes, identity, and where they may run.

use super::container::{container, quantity, seccomp};
use super::meta::Lowering;
use super::present;
use super::storage::claim_name;
use crate::model::{
    Component, Container, Identity, Item, Placement, Pod, Projection, Quantity, Strings, Toleration, Volume,
    VolumeSource, Workload,
};
use crate::spec::{Feature, Firmness, Restart};
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// Who makes the pods, since some fields follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Maker {
    Deployment,
    /// Argo Rollouts.
    Rollout,
    /// Makes the claims of the pods' own volumes from templates.
    StatefulSet,
    /// A group of pods: the one that serves, and those that follow it.
    Leader,
    Follower,
    /// A Job or `CronJob`: its pods end, so they are not spread.
    Job(Restart),
}

/// The pods of a component: of its workload, then of its release jobs.
pub(crate) fn pods(component: &Component) -> impl Iterator<Item = &Pod> {
    component
        .workload()
        .into_iter()
        .flat_map(Workload::pods)
        .chain(component.releases.iter().map(|release| &release.pod))
}

/// The template of pods that bear the name label `name`.
pub(crate) fn template(
    cx: &Lowering<'_>,
    component: &Component,
    name: &str,
    pod: &Pod,
    maker: Maker,
) -> core::PodTemplateSpec {
    let mut annotations = scrape_annotations(cx, component, maker);
    annotations.extend(pod.annotations.clone());
    let metadata = ObjectMeta {
        labels: Some(cx.pod_labels(component, name, &pod.labels)),
        annotations: present(annotations),
        ..ObjectMeta::default()
    };
    let mut spec = pod_spec(cx, component, pod, maker);
    spec.topology_spread_constraints = present(spread(cx, component, name, &pod.placement, maker));
    core::PodTemplateSpec { metadata: Some(metadata), spec: Some(spec) }
}

/// Where Prometheus finds the metrics of the pods, on a target without its operator. Not a rule of
/// Kubernetes, but the convention that Prometheus's own example configuration follows.
fn scrape_annotations(cx: &Lowering<'_>, component: &Component, maker: Maker) -> Strings {
    let by_annotation =
        !matches!(maker, Maker::Job(_) | Maker::Follower) && !cx.model.target.has(Feature::PrometheusOperator);
    let Some(metrics) = component.metrics.as_ref().filter(|_| by_annotation) else { return Strings::new() };
    let Some(port) = component.ports().into_iter().find(|port| port.name == metrics.port) else {
        return Strings::new();
    };
    Strings::from([
        ("prometheus.io/scrape".into(), "true".into()),
        ("prometheus.io/path".into(), metrics.path.clone()),
        ("prometheus.io/port".into(), port.target.to_string()),
    ])
}

fn pod_spec(cx: &Lowering<'_>, component: &Component, pod: &Pod, maker: Maker) -> core::PodSpec {
    let placement = &pod.placement;
    let pull_secret = |name: &String| core::LocalObjectReference { name: name.clone() };
    let steps = pod.init.iter().map(|one| step(cx, one));
    core::PodSpec {
        service_account_name: Some(pod.identity.account.clone()),
        automount_service_account_token: Some(pod.identity.token),
        // One variable for each Service of the namespace: noise, and a way to break a program.
        enable_service_links: Some(false),
        image_pull_secrets: present(pod.pull_secrets.iter().map(pull_secret).collect()),
        security_context: Some(security(pod)),
        subdomain: subdomain(component, maker),
        host_network: pod.host_network.then_some(true),
        host_pid: pod.host_pid.then_some(true),
        // Without it a pod on the node's network cannot resolve the names of Services.
        dns_policy: pod.host_network.then(|| "ClusterFirstWithHostNet".into()),
        init_containers: present(pod.sidecars.iter().map(sidecar).chain(steps).collect()),
        containers: vec![claiming(pod)],
        resource_claims: claim_of(pod).map(|claim| vec![claim]),
        volumes: present(pod.volumes.iter().filter_map(|one| volume(component, one, maker)).collect()),
        restart_policy: restart_policy(maker),
        termination_grace_period_seconds: Some(pod.grace),
        node_selector: present(placement.node_selector.clone()),
        tolerations: present(placement.tolerations.iter().map(toleration).collect()),
        priority_class_name: placement.priority.clone(),
        runtime_class_name: placement.runtime_class.clone(),
        affinity: placement.affinity.as_deref().cloned(),
        scheduler_name: placement.scheduler.clone(),
        ..core::PodSpec::default()
    }
}

/// The name under which a pod knows its claimed devices.
const DEVICES: &str = "gpu";

/// The main container, with the devices that the pod claims.
fn claiming(pod: &Pod) -> core::Container {
    let mut main = container(&pod.main);
    if pod.gpu.as_ref().is_some_and(|gpu| gpu.claim().is_some()) {
        let claim = core::ResourceClaim { name: DEVICES.into(), request: None };
        main.resources.get_or_insert_default().claims = Some(vec![claim]);
    }
    main
}

fn claim_of(pod: &Pod) -> Option<core::PodResourceClaim> {
    let claim = pod.gpu.as_ref()?.claim()?;
    Some(core::PodResourceClaim {
        name: DEVICES.into(),
        resource_claim_template_name: Some(claim.template.clone()),
        resource_claim_name: None,
    })
}

/// The headless Service under which the pods of a job have names.
fn subdomain(component: &Component, maker: Maker) -> Option<String> {
    let named = component.service.as_ref().is_some_and(|service| service.unready);
    (named && matches!(maker, Maker::Job(_))).then(|| component.name.clone())
}

/// A native sidecar: a step that stays. Its own probe lets the next step begin, and a job ends without it.
fn sidecar(of: &Container) -> core::Container {
    core::Container { restart_policy: Some("Always".into()), ..container(of) }
}

/// A step before the start; one that waits for a job ends with the name that the job has.
fn step(cx: &Lowering<'_>, of: &Container) -> core::Container {
    let mut step = container(of);
    if let Some(job) = of.awaits.as_ref().and_then(|awaited| cx.job(&awaited.component)) {
        step.args.get_or_insert_default().extend([format!("--for=condition={}", job.condition), job.argument()]);
    }
    step
}

fn restart_policy(maker: Maker) -> Option<String> {
    match maker {
        Maker::Deployment | Maker::Rollout | Maker::StatefulSet | Maker::Leader | Maker::Follower => None,
        Maker::Job(Restart::Never) => Some("Never".into()),
        Maker::Job(Restart::OnFailure) => Some("OnFailure".into()),
    }
}

/// What a container can carry stands on the container; here is the rest, and what holds for containers
/// that somebody adds later.
fn security(pod: &Pod) -> core::PodSecurityContext {
    let never_root = pod.containers().all(|container| container.security.run_as_non_root);
    core::PodSecurityContext {
        run_as_non_root: never_root.then_some(true),
        fs_group: pod.fs_group,
        // The owner of every file is set once, not at each start.
        fs_group_change_policy: pod.fs_group.map(|_| "OnRootMismatch".into()),
        seccomp_profile: Some(seccomp(&pod.main.security.seccomp)),
        ..core::PodSecurityContext::default()
    }
}

pub(crate) fn toleration(toleration: &Toleration) -> core::Toleration {
    core::Toleration {
        key: Some(toleration.key.clone()),
        operator: Some(if toleration.value.is_some() { "Equal" } else { "Exists" }.into()),
        value: toleration.value.clone(),
        effect: toleration.effect.clone(),
        toleration_seconds: None,
    }
}

/// Spread over zones and nodes, where there can be more than one replica to spread.
fn spread(
    cx: &Lowering<'_>,
    component: &Component,
    name: &str,
    placement: &Placement,
    maker: Maker,
) -> Vec<core::TopologySpreadConstraint> {
    if matches!(maker, Maker::Job(_)) || most_replicas(component) < 2 {
        return Vec::new();
    }
    let domains =
        [("topology.kubernetes.io/zone", placement.spread_zone), ("kubernetes.io/hostname", placement.spread_node)];
    domains
        .into_iter()
        .filter_map(|(domain, firmness)| Some((domain, firmness?)))
        .map(|(domain, firmness)| constraint(cx, name, domain, firmness, maker))
        .collect()
}

fn constraint(
    cx: &Lowering<'_>,
    name: &str,
    domain: &str,
    firmness: Firmness,
    maker: Maker,
) -> core::TopologySpreadConstraint {
    // Only the pods of one version count, else those on their way out would skew a rollout. A StatefulSet
    // replaces pods one by one in their place, where all of them count.
    let versions = match maker {
        Maker::Deployment => Some(vec!["pod-template-hash".into()]),
        Maker::Rollout => Some(vec!["rollouts-pod-template-hash".into()]),
        Maker::StatefulSet | Maker::Leader | Maker::Follower | Maker::Job(_) => None,
    };
    core::TopologySpreadConstraint {
        topology_key: domain.into(),
        max_skew: 1,
        when_unsatisfiable: when_unsatisfiable(firmness).into(),
        label_selector: Some(cx.selector(name)),
        match_label_keys: versions,
        // A node whose taints the pod does not tolerate is no place that could be short of pods.
        node_taints_policy: Some("Honor".into()),
        ..core::TopologySpreadConstraint::default()
    }
}

fn when_unsatisfiable(firmness: Firmness) -> &'static str {
    match firmness {
        Firmness::Soft => "ScheduleAnyway",
        Firmness::Hard => "DoNotSchedule",
    }
}

/// The most replicas that can run at once, a rollout's surge aside.
fn most_replicas(component: &Component) -> u32 {
    let written = component.workload().map_or(1, |workload| workload.controller.replicas());
    component.scale.as_ref().map_or(written, |scale| scale.max)
}

/// A volume of the pod; `None` where a StatefulSet adds it from a template.
fn volume(component: &Component, volume: &Volume, maker: Maker) -> Option<core::Volume> {
    let mut written = core::Volume { name: volume.name.clone(), ..core::Volume::default() };
    match &volume.source {
        VolumeSource::Own(_) if maker == Maker::StatefulSet => return None,
        VolumeSource::Own(_) => {
            written.persistent_volume_claim = Some(claim(claim_name(component, volume), false));
        }
        VolumeSource::Claim { name, read_only } => {
            written.persistent_volume_claim = Some(claim(name.clone(), *read_only));
        }
        VolumeSource::Scratch { limit } => written.empty_dir = Some(scratch(None, *limit)),
        VolumeSource::Memory { limit } => written.empty_dir = Some(scratch(Some("Memory"), Some(*limit))),
        VolumeSource::Config { name, items } => {
            written.config_map = Some(core::ConfigMapVolumeSource {
                name: name.clone(),
                items: present(items.iter().map(key_to_path).collect()),
                default_mode: Some(READABLE),
                optional: None,
            });
        }
        VolumeSource::Secret { name, items } => {
            written.secret = Some(core::SecretVolumeSource {
                secret_name: Some(name.clone()),
                items: present(items.iter().map(key_to_path).collect()),
                default_mode: Some(READABLE),
                optional: None,
            });
        }
        VolumeSource::Projected(parts) => {
            written.projected = Some(core::ProjectedVolumeSource {
                sources: Some(parts.iter().map(projection).collect()),
                default_mode: Some(READABLE),
            });
        }
        outside => place_outside(&mut written, outside),
    }
    Some(written)
}

fn projection(part: &Projection) -> core::VolumeProjection {
    let (name, items) = (part.name.clone(), present(part.items.iter().map(key_to_path).collect()));
    if part.is_secret {
        let secret = core::SecretProjection { name, items, optional: None };
        return core::VolumeProjection { secret: Some(secret), ..core::VolumeProjection::default() };
    }
    let config_map = core::ConfigMapProjection { name, items, optional: None };
    core::VolumeProjection { config_map: Some(config_map), ..core::VolumeProjection::default() }
}

/// What is neither of the system nor of the pod.
fn place_outside(written: &mut core::Volume, source: &VolumeSource) {
    match source {
        VolumeSource::Image(image) => {
            let policy = if image.is_floating() { "Always" } else { "IfNotPresent" };
            written.image =
                Some(core::ImageVolumeSource { reference: Some(image.to_string()), pull_policy: Some(policy.into()) });
        }
        VolumeSource::Csi { driver, attributes, read_only, secret } => {
            written.csi = Some(core::CSIVolumeSource {
                driver: driver.clone(),
                read_only: read_only.then_some(true),
                volume_attributes: present(attributes.clone()),
                node_publish_secret_ref: secret.clone().map(|name| core::LocalObjectReference { name }),
                fs_type: None,
            });
        }
        VolumeSource::Nfs { server, path, read_only } => {
            let read_only = read_only.then_some(true);
            written.nfs = Some(core::NFSVolumeSource { server: server.clone(), path: path.clone(), read_only });
        }
        VolumeSource::HostPath(path) => {
            written.host_path = Some(core::HostPathVolumeSource { path: path.clone(), type_: None });
        }
        VolumeSource::Token => written.projected = Some(token()),
        _ => {}
    }
}

/// The token is renewed by the kubelet before it ends.
const TOKEN_SECONDS: i64 = 3600;
/// The ConfigMap that every namespace has with the certificate of its API server.
const ROOT_CERTIFICATE: &str = "kube-root-ca.crt";

fn token() -> core::ProjectedVolumeSource {
    let token = core::ServiceAccountTokenProjection {
        path: "token".into(),
        expiration_seconds: Some(TOKEN_SECONDS),
        audience: None,
    };
    let certificate = core::ConfigMapProjection {
        name: ROOT_CERTIFICATE.into(),
        items: Some(vec![core::KeyToPath { key: "ca.crt".into(), path: "ca.crt".into(), mode: None }]),
        optional: None,
    };
    core::ProjectedVolumeSource {
        default_mode: Some(READABLE),
        sources: Some(vec![
            core::VolumeProjection { service_account_token: Some(token), ..core::VolumeProjection::default() },
            core::VolumeProjection { config_map: Some(certificate), ..core::VolumeProjection::default() },
        ]),
    }
}

/// `0444`: whatever the user of the container, nobody writes.
const READABLE: i32 = 0o444;

fn claim(claim_name: String, read_only: bool) -> core::PersistentVolumeClaimVolumeSource {
    core::PersistentVolumeClaimVolumeSource { claim_name, read_only: read_only.then_some(true) }
}

fn scratch(medium: Option<&str>, limit: Option<Quantity>) -> core::EmptyDirVolumeSource {
    core::EmptyDirVolumeSource { medium: medium.map(Into::into), size_limit: limit.map(quantity) }
}

fn key_to_path(item: &Item) -> core::KeyToPath {
    core::KeyToPath { key: item.key.clone(), path: item.path.clone(), mode: item.mode }
}

/// The keys of the jobs that steps of a component's pods wait for, each once.
pub(crate) fn awaited(component: &Component) -> Vec<&str> {
    let steps = pods(component).flat_map(|pod| &pod.init);
    let mut keys: Vec<&str> = Vec::new();
    for awaited in steps.filter_map(|step| step.awaits.as_ref()) {
        if !keys.contains(&awaited.component.as_str()) {
            keys.push(&awaited.component);
        }
    }
    keys
}

/// The identities of a component's pods, each account once.
pub(crate) fn identities(component: &Component) -> Vec<&Identity> {
    let mut identities: Vec<&Identity> = Vec::new();
    for pod in pods(component) {
        if !identities.iter().any(|known| known.account == pod.identity.account) {
            identities.push(&pod.identity);
        }
    }
    identities
}

#[cfg(test)]
mod tests {
    use crate::lower::fixture::{assert_facts, deployment, find, lowered, model, scale, strings, workload};
    use crate::model::Metrics;
    use crate::spec::{Feature, Firmness};

    #[test]
    fn a_pod_has_what_the_model_says() {
        let objects = lowered(&model());
        assert_facts(
            find(&objects, "Deployment", "api"),
            r#"
            /spec/template/metadata/labels = {"app.kubernetes.io/component": "backend", "app.kubernetes.io/managed-by": "windlass", "app.kubernetes.io/name": "api", "app.kubernetes.io/part-of": "shop"}
            /spec/template/metadata/annotations is absent
            /spec/template/spec/serviceAccountName = "api"
            /spec/template/spec/automountServiceAccountToken = false
            /spec/template/spec/enableServiceLinks = false
            /spec/template/spec/imagePullSecrets = [{"name": "pull"}]
            /spec/template/spec/securityContext = {"fsGroup": 10001, "fsGroupChangePolicy": "OnRootMismatch", "runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}}
            /spec/template/spec/terminationGracePeriodSeconds = 30
            /spec/template/spec/initContainers/0/name = "prepare"
            /spec/template/spec/tolerations/0 = {"key": "dedicated", "operator": "Equal", "value": "api", "effect": "NoSchedule"}
            /spec/template/spec/tolerations/1 = {"key": "spot", "operator": "Exists"}
            /spec/template/spec/hostNetwork is absent
            /spec/template/spec/dnsPolicy is absent
            /spec/template/spec/restartPolicy is absent
            "#,
        );
    }

    #[test]
    fn volumes_come_from_where_the_model_says() {
        let objects = lowered(&model());
        assert_facts(
            find(&objects, "Deployment", "api"),
            r#"
            /spec/template/spec/volumes/0 = {"name": "data", "persistentVolumeClaim": {"claimName": "api-data"}}
            /spec/template/spec/volumes/1 = {"name": "media", "persistentVolumeClaim": {"claimName": "media", "readOnly": true}}
            /spec/template/spec/volumes/2 = {"name": "tmp", "emptyDir": {}}
            /spec/template/spec/volumes/3 = {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "2Gi"}}
            /spec/template/spec/volumes/4 = {"name": "files", "configMap": {"name": "api-files-0a1b2c3d4e", "defaultMode": 292}}
            /spec/template/spec/volumes/5/secret/items = [{"key": "api-key", "path": "api-key", "mode": 256}]
            "#,
        );
        assert_facts(find(&objects, "StatefulSet", "cache"), "/spec/template/spec/volumes is absent");
    }

    #[test]
    fn only_pods_with_company_are_spread() {
        let mut model = model();
        workload(&mut model, "api").pod.placement.spread_node = Some(Firmness::Hard);
        let objects = lowered(&model);
        assert_facts(
            find(&objects, "Deployment", "api"),
            r#"
            /spec/template/spec/topologySpreadConstraints/0/topologyKey = "topology.kubernetes.io/zone"
            /spec/template/spec/topologySpreadConstraints/0/whenUnsatisfiable = "ScheduleAnyway"
            /spec/template/spec/topologySpreadConstraints/0/matchLabelKeys = ["pod-template-hash"]
            /spec/template/spec/topologySpreadConstraints/0/labelSelector/matchLabels = {"app.kubernetes.io/name": "api", "app.kubernetes.io/part-of": "shop"}
            /spec/template/spec/topologySpreadConstraints/1/topologyKey = "kubernetes.io/hostname"
            /spec/template/spec/topologySpreadConstraints/1/whenUnsatisfiable = "DoNotSchedule"
            "#,
        );
        assert_facts(
            find(&objects, "StatefulSet", "cache"),
            "
            /spec/template/spec/topologySpreadConstraints/0/maxSkew = 1
            /spec/template/spec/topologySpreadConstraints/0/matchLabelKeys is absent
            ",
        );
        assert_facts(
            find(&objects, "CronJob", "nightly"),
            "/spec/jobTemplate/spec/template/spec/topologySpreadConstraints is absent",
        );
    }

    #[test]
    fn metrics_are_found_by_annotation_where_no_operator_is() {
        let mut model = model();
        let annotation = "/spec/template/metadata/annotations";
        model.components["api"].metrics =
            Some(Metrics { port: "http".into(), path: "/metrics".into(), interval: 30, labels: strings(&[]) });
        workload(&mut model, "api").pod.annotations = strings(&[("prometheus.io/path", "/own")]);
        assert_facts(
            find(&lowered(&model), "Deployment", "api"),
            &format!(
                r#"{annotation} = {{"prometheus.io/path": "/own", "prometheus.io/port": "8000", "prometheus.io/scrape": "true"}}"#
            ),
        );
        model.target.features.insert(Feature::PrometheusOperator);
        let own = format!(r#"{annotation} = {{"prometheus.io/path": "/own"}}"#);
        assert_facts(find(&lowered(&model), "Deployment", "api"), &own);
    }

    #[test]
    fn one_replica_is_not_spread_and_one_that_scales_is() {
        let mut model = model();
        workload(&mut model, "api").controller = deployment(1);
        let spread = "/spec/template/spec/topologySpreadConstraints";
        assert_facts(find(&lowered(&model), "Deployment", "api"), &format!("{spread} is absent"));
        model.components["api"].scale = Some(scale(1, 4));
        assert_facts(find(&lowered(&model), "Deployment", "api"), &format!("{spread}/0/maxSkew = 1"));
    }

    #[test]
    fn a_pod_on_the_network_of_its_node_still_resolves_services() {
        let mut model = model();
        let pod = &mut workload(&mut model, "api").pod;
        pod.host_network = true;
        pod.init[0].security.run_as_non_root = false;
        assert_facts(
            find(&lowered(&model), "Deployment", "api"),
            r#"
            /spec/template/spec/hostNetwork = true
            /spec/template/spec/dnsPolicy = "ClusterFirstWithHostNet"
            /spec/template/spec/securityContext/runAsNonRoot is absent
            /spec/template/spec/initContainers/0/securityContext/runAsNonRoot = false
            "#,
        );
    }
}
