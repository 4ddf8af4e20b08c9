//! Containers: what runs, with what, and how the kubelet watches it.

use super::present;
use crate::model::{
    Amounts, Container, ContainerSecurity, EnvFrom, EnvFromSource, EnvValue, EnvVar, Mount, Port, PortRef, PreStop,
    Probe, ProbeCheck, Quantity, Resources, Seccomp,
};
use crate::spec::{Protocol, Scheme};
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as KubeQuantity;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use std::collections::BTreeMap;

pub(crate) fn container(container: &Container) -> core::Container {
    core::Container {
        name: container.name.clone(),
        image: Some(container.image.to_string()),
        image_pull_policy: Some(if container.image.is_floating() { "Always" } else { "IfNotPresent" }.into()),
        command: present(container.command.clone()),
        args: present(container.args.clone()),
        working_dir: container.workdir.clone(),
        ports: present(container.ports.iter().map(port).collect()),
        env: present(container.env.iter().map(variable).collect()),
        env_from: present(container.env_from.iter().map(variables).collect()),
        volume_mounts: present(container.mounts.iter().map(mount).collect()),
        resources: resources(&container.resources),
        startup_probe: container.probes.startup.as_ref().map(probe),
        readiness_probe: container.probes.ready.as_ref().map(probe),
        liveness_probe: container.probes.live.as_ref().map(probe),
        lifecycle: container.pre_stop.as_ref().map(lifecycle),
        security_context: Some(security(&container.security)),
        ..core::Container::default()
    }
}

/// The protocol is written even where it is TCP: it is part of the key by which server-side apply tells
/// ports apart.
fn port(port: &Port) -> core::ContainerPort {
    core::ContainerPort {
        name: Some(port.name.clone()),
        container_port: port.target.into(),
        protocol: Some(protocol(port.protocol).into()),
        ..core::ContainerPort::default()
    }
}

pub(crate) fn protocol(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Tcp => "TCP",
        Protocol::Udp => "UDP",
        Protocol::Sctp => "SCTP",
    }
}

fn variable(variable: &EnvVar) -> core::EnvVar {
    let (value, value_from) = match &variable.value {
        EnvValue::Text(text) => (Some(text.clone()), None),
        reference => (None, Some(value_source(reference))),
    };
    core::EnvVar { name: variable.name.clone(), value, value_from }
}

fn value_source(value: &EnvValue) -> core::EnvVarSource {
    let mut source = core::EnvVarSource::default();
    match value {
        EnvValue::Text(_) => {}
        EnvValue::Secret { name, key } => {
            source.secret_key_ref =
                Some(core::SecretKeySelector { name: name.clone(), key: key.clone(), optional: None });
        }
        EnvValue::Config { name, key } => {
            source.config_map_key_ref =
                Some(core::ConfigMapKeySelector { name: name.clone(), key: key.clone(), optional: None });
        }
        EnvValue::Field(path) => {
            source.field_ref = Some(core::ObjectFieldSelector { field_path: path.clone(), api_version: None });
        }
        EnvValue::Resource(resource) => {
            source.resource_field_ref =
                Some(core::ResourceFieldSelector { resource: resource.clone(), ..Default::default() });
        }
    }
    source
}

fn variables(variables: &EnvFrom) -> core::EnvFromSource {
    let (config, secret) = match &variables.source {
        EnvFromSource::Config(name) => (Some(name.clone()), None),
        EnvFromSource::Secret(name) => (None, Some(name.clone())),
    };
    core::EnvFromSource {
        config_map_ref: config.map(|name| core::ConfigMapEnvSource { name, optional: None }),
        secret_ref: secret.map(|name| core::SecretEnvSource { name, optional: None }),
        prefix: variables.prefix.clone(),
    }
}

fn mount(mount: &Mount) -> core::VolumeMount {
    core::VolumeMount {
        name: mount.volume.clone(),
        mount_path: mount.path.clone(),
        sub_path: mount.sub_path.clone(),
        read_only: mount.read_only.then_some(true),
        ..core::VolumeMount::default()
    }
}

pub(crate) fn resources(resources: &Resources) -> Option<core::ResourceRequirements> {
    let requests = present(amounts(&resources.requests));
    let limits = present(amounts(&resources.limits));
    (requests.is_some() || limits.is_some()).then_some(core::ResourceRequirements { requests, limits, claims: None })
}

fn amounts(amounts: &Amounts) -> BTreeMap<String, KubeQuantity> {
    amounts.iter().map(|(name, amount)| (name.clone(), quantity(*amount))).collect()
}

/// In the canonical form, so that the object that an API server gives back reads the same.
pub(crate) fn quantity(quantity: Quantity) -> KubeQuantity {
    KubeQuantity(quantity.to_string())
}

fn probe(probe: &Probe) -> core::Probe {
    let mut written = core::Probe {
        initial_delay_seconds: (probe.delay > 0).then_some(probe.delay),
        period_seconds: Some(probe.period),
        timeout_seconds: Some(probe.timeout),
        failure_threshold: Some(probe.failures),
        success_threshold: (probe.successes > 1).then_some(probe.successes),
        ..core::Probe::default()
    };
    match &probe.check {
        ProbeCheck::Http { path, port, scheme, headers } => {
            written.http_get = Some(http_get(path, port, *scheme, headers));
        }
        ProbeCheck::Tcp(port) => {
            written.tcp_socket = Some(core::TCPSocketAction { port: port_reference(port), host: None });
        }
        ProbeCheck::Exec(command) => written.exec = Some(exec(command)),
        ProbeCheck::Grpc { port, service } => {
            written.grpc = Some(core::GRPCAction { port: (*port).into(), service: service.clone() });
        }
    }
    written
}

fn http_get(path: &str, port: &PortRef, scheme: Scheme, headers: &[(String, String)]) -> core::HTTPGetAction {
    let header = |(name, value): &(String, String)| core::HTTPHeader { name: name.clone(), value: value.clone() };
    core::HTTPGetAction {
        path: Some(path.into()),
        port: port_reference(port),
        scheme: (scheme == Scheme::Https).then(|| "HTTPS".into()),
        http_headers: present(headers.iter().map(header).collect()),
        host: None,
    }
}

fn port_reference(port: &PortRef) -> IntOrString {
    match port {
        PortRef::Name(name) => IntOrString::String(name.clone()),
        PortRef::Number(number) => IntOrString::Int((*number).into()),
    }
}

fn exec(command: &[String]) -> core::ExecAction {
    core::ExecAction { command: Some(command.to_vec()) }
}

fn lifecycle(before: &PreStop) -> core::Lifecycle {
    let handler = match before {
        PreStop::Sleep(seconds) => {
            core::LifecycleHandler { sleep: Some(core::SleepAction { seconds: *seconds }), ..Default::default() }
        }
        PreStop::Exec(command) => core::LifecycleHandler { exec: Some(exec(command)), ..Default::default() },
    };
    core::Lifecycle { pre_stop: Some(handler), ..core::Lifecycle::default() }
}

/// Every field is written, also where it says what the pod says already: a reader and an auditor look here.
fn security(security: &ContainerSecurity) -> core::SecurityContext {
    let capabilities = core::Capabilities { add: present(security.add.clone()), drop: present(security.drop.clone()) };
    core::SecurityContext {
        run_as_user: security.run_as_user,
        run_as_group: security.run_as_group,
        run_as_non_root: Some(security.run_as_non_root),
        read_only_root_filesystem: Some(security.read_only_root),
        allow_privilege_escalation: Some(security.allow_privilege_escalation),
        privileged: Some(security.privileged),
        capabilities: (capabilities != core::Capabilities::default()).then_some(capabilities),
        seccomp_profile: Some(seccomp(&security.seccomp)),
        ..core::SecurityContext::default()
    }
}

pub(crate) fn seccomp(seccomp: &Seccomp) -> core::SeccompProfile {
    let (type_, localhost_profile) = match seccomp {
        Seccomp::RuntimeDefault => ("RuntimeDefault", None),
        Seccomp::Unconfined => ("Unconfined", None),
        Seccomp::Localhost(profile) => ("Localhost", Some(profile.clone())),
    };
    core::SeccompProfile { type_: type_.into(), localhost_profile }
}

#[cfg(test)]
mod tests {
    use crate::lower::fixture::{assert_facts, find, lowered, model, workload};

    #[test]
    fn a_container_has_what_the_model_says() {
        let objects = lowered(&model());
        assert_facts(
            find(&objects, "Deployment", "api"),
            r#"
            /spec/template/spec/containers/0/name = "api"
            /spec/template/spec/containers/0/image = "registry.example.com/api:v2.8.0"
            /spec/template/spec/containers/0/imagePullPolicy = "IfNotPresent"
            /spec/template/spec/initContainers/0/imagePullPolicy = "Always"
            /spec/template/spec/containers/0/ports/0 = {"name": "http", "containerPort": 8000, "protocol": "TCP"}
            /spec/template/spec/containers/0/ports/1/protocol = "UDP"
            /spec/template/spec/containers/0/env/0 = {"name": "LOG_LEVEL", "value": "info"}
            /spec/template/spec/containers/0/env/1/valueFrom/secretKeyRef = {"name": "payments", "key": "api-key"}
            /spec/template/spec/containers/0/env/2/valueFrom/configMapKeyRef/name = "limits-1a2b3c4d5e"
            /spec/template/spec/containers/0/env/3/valueFrom/fieldRef = {"fieldPath": "metadata.name"}
            /spec/template/spec/containers/0/env/4/valueFrom/resourceFieldRef = {"resource": "limits.memory"}
            /spec/template/spec/containers/0/envFrom = [{"prefix": "PAY_", "secretRef": {"name": "payments"}}]
            /spec/template/spec/containers/0/volumeMounts/0 = {"name": "data", "mountPath": "/data"}
            /spec/template/spec/containers/0/volumeMounts/3/subPath = "app.toml"
            /spec/template/spec/containers/0/volumeMounts/3/readOnly = true
            /spec/template/spec/containers/0/resources/requests = {"cpu": "1", "memory": "1Gi"}
            /spec/template/spec/containers/0/resources/limits = {"memory": "1Gi"}
            /spec/template/spec/containers/0/lifecycle/preStop = {"sleep": {"seconds": 5}}
            /spec/template/spec/containers/0/command is absent
            "#,
        );
    }

    #[test]
    fn probes_leave_out_what_the_api_takes_anyway() {
        let objects = lowered(&model());
        assert_facts(
            find(&objects, "Deployment", "api"),
            r#"
            /spec/template/spec/containers/0/startupProbe/grpc = {"port": 8000}
            /spec/template/spec/containers/0/startupProbe/failureThreshold = 120
            /spec/template/spec/containers/0/startupProbe/initialDelaySeconds is absent
            /spec/template/spec/containers/0/startupProbe/successThreshold is absent
            /spec/template/spec/containers/0/readinessProbe/httpGet/port = "http"
            /spec/template/spec/containers/0/readinessProbe/httpGet/scheme is absent
            /spec/template/spec/containers/0/readinessProbe/httpGet/httpHeaders = [{"name": "Host", "value": "localhost"}]
            /spec/template/spec/containers/0/readinessProbe/successThreshold = 2
            /spec/template/spec/containers/0/livenessProbe/httpGet/scheme = "HTTPS"
            /spec/template/spec/containers/0/livenessProbe/initialDelaySeconds = 5
            "#,
        );
        assert_facts(
            find(&objects, "StatefulSet", "cache"),
            r#"/spec/template/spec/containers/0/readinessProbe/exec/command = ["valkey-cli", "ping"]"#,
        );
    }

    #[test]
    fn every_field_of_security_is_written() {
        let objects = lowered(&model());
        assert_facts(
            find(&objects, "StatefulSet", "cache"),
            r#"/spec/template/spec/containers/0/securityContext = {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}, "privileged": false, "readOnlyRootFilesystem": true, "runAsGroup": 10001, "runAsNonRoot": true, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}}"#,
        );
    }

    #[test]
    fn a_user_left_to_the_image_and_empty_parts_are_left_out() {
        let mut model = model();
        let main = &mut workload(&mut model, "cache").pod.main;
        main.security.run_as_user = None;
        main.security.run_as_group = None;
        main.security.drop.clear();
        main.resources.requests.clear();
        main.resources.limits.clear();
        assert_facts(
            find(&lowered(&model), "StatefulSet", "cache"),
            "
            /spec/template/spec/containers/0/securityContext/runAsUser is absent
            /spec/template/spec/containers/0/securityContext/runAsGroup is absent
            /spec/template/spec/containers/0/securityContext/capabilities is absent
            /spec/template/spec/containers/0/resources is absent
            ",
        );
    }
}
