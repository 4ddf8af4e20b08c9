//! One law for each row of the page that is kept.

use crate::tree::{Tree, containers, items, selects, templates, text};
use serde_json::Value;

/// What a law is about. A law gives what is wrong, or nothing.
pub(crate) enum Law {
    /// Objects of these kinds; of all for none.
    Object(&'static [&'static str], fn(&Tree, &Value) -> Option<String>),
    /// Each template of pods.
    Pod(fn(&Tree, &Value) -> Option<String>),
    /// Each container, those of the start and beside it too; with its template.
    Container(fn(&Value, &Value) -> Option<String>),
}

impl Law {
    /// How often the law was asked about an object, and what is wrong with it.
    pub(crate) fn faults(&self, tree: &Tree, object: &Value) -> (usize, Vec<String>) {
        let answers: Vec<Option<String>> = match self {
            Self::Object(kinds, _) if !kinds.is_empty() && !kinds.contains(&text(object, "/kind")) => Vec::new(),
            Self::Object(_, law) => vec![law(tree, object)],
            Self::Pod(law) => templates(object).into_iter().map(|pod| law(tree, pod)).collect(),
            Self::Container(law) => templates(object)
                .into_iter()
                .flat_map(|pod| containers(pod).map(move |container| (pod, container)))
                .map(|(pod, container)| {
                    law(pod, container).map(|fault| format!("{}: {fault}", text(container, "/name")))
                })
                .collect(),
        };
        (answers.len(), answers.into_iter().flatten().collect())
    }
}

use Law::{Container, Object, Pod};

const SCALED: &[&str] = &["Deployment", "StatefulSet"];

/// The laws by the keys of their rows.
pub(crate) const KEPT: &[(&str, Law)] = &[
    ("own-namespace", Object(&[], own_namespace)),
    ("common-labels", Object(&[], common_labels)),
    ("label-values", Object(&[], label_values)),
    ("stable-versions", Object(&[], stable_versions)),
    ("selector", Object(&["Deployment", "StatefulSet", "Rollout"], selector)),
    ("no-bare-pod", Object(&[], |_, object| unless(object["kind"] != "Pod", "a pod of its own"))),
    ("host-namespaces", Pod(host_namespaces)),
    ("host-paths", Pod(|_, pod| volume(pod, |volume| volume.get("hostPath").is_none()))),
    ("volume-kinds", Pod(volume_kinds)),
    ("sysctls", Pod(|_, pod| absent(pod, "/spec/securityContext/sysctls"))),
    ("host-aliases", Pod(|_, pod| absent(pod, "/spec/hostAliases"))),
    ("seccomp", Container(|_, container| is(container, "/securityContext/seccompProfile/type", "RuntimeDefault"))),
    ("windows-host", Pod(|_, pod| absent(pod, "/spec/securityContext/windowsOptions"))),
    ("spread", Object(SCALED, spread)),
    ("non-root", Container(|_, container| is_bool(container, "/securityContext/runAsNonRoot", true))),
    ("high-user", Container(high_user)),
    ("root-group", Container(root_group)),
    ("privileged", Container(|_, container| is_bool(container, "/securityContext/privileged", false))),
    ("escalation", Container(|_, container| is_bool(container, "/securityContext/allowPrivilegeEscalation", false))),
    ("read-only-root", Container(|_, container| is_bool(container, "/securityContext/readOnlyRootFilesystem", true))),
    ("capabilities", Container(capabilities)),
    ("proc-mount", Container(|_, container| absent(container, "/securityContext/procMount"))),
    ("requests", Container(requests)),
    ("memory-limit", Container(|_, container| present(container, "/resources/limits/memory"))),
    ("host-ports", Container(|_, container| port(container, |port| port.get("hostPort").is_none()))),
    ("low-ports", Container(|_, container| port(container, |port| port["containerPort"].as_u64() >= Some(1024)))),
    ("ssh", Container(|_, container| port(container, |port| port["containerPort"] != 22))),
    ("port-names", Container(|_, container| port(container, |port| is_port_name(text(port, "/name"))))),
    ("env-twice", Container(env_twice)),
    ("sudo", Container(sudo)),
    ("pull-of-latest", Container(pull_of_latest)),
    ("own-account", Pod(own_account)),
    ("token", Pod(|_, pod| is_bool(pod, "/spec/automountServiceAccountToken", false))),
    ("policy-of-pod", Pod(policy_of_pod)),
    ("policy-of-nothing", Object(&["NetworkPolicy"], policy_of_nothing)),
    ("metadata-api", Object(&["NetworkPolicy"], metadata_api)),
    ("service-of-nothing", Object(&["Service"], service_of_nothing)),
    ("service-type", Object(&["Service"], service_type)),
    ("route-backend", Object(&["Ingress", "HTTPRoute"], route_backend)),
    ("snippets", Object(&["Ingress"], snippets)),
    ("budget", Object(SCALED, budget)),
    ("budget-drains", Object(&["PodDisruptionBudget"], budget_drains)),
    (
        "unhealthy-eviction",
        Object(&["PodDisruptionBudget"], |_, budget| present(budget, "/spec/unhealthyPodEvictionPolicy")),
    ),
    ("rolling-update", Object(&["Deployment"], rolling_update)),
    ("headless", Object(&["StatefulSet"], headless)),
    ("counted-once", Object(SCALED, counted_once)),
    ("scaler-target", Object(&["HorizontalPodAutoscaler", "ScaledObject"], scaler_target)),
    ("scaler-range", Object(&["HorizontalPodAutoscaler"], scaler_range)),
    ("job-deadline", Object(&["CronJob"], |_, job| present(job, "/spec/startingDeadlineSeconds"))),
    ("job-restart", Object(&["Job", "CronJob"], job_restart)),
    ("ttl-of-schedule", Object(&["CronJob"], |_, job| absent(job, "/spec/jobTemplate/spec/ttlSecondsAfterFinished"))),
    ("literal-secret", Container(literal_secret)),
    ("secret-in-config", Object(&["ConfigMap"], secret_in_config)),
    ("narrow-roles", Object(&["Role", "ClusterRole"], narrow_roles)),
    ("narrow-bindings", Object(&["RoleBinding", "ClusterRoleBinding"], narrow_bindings)),
    ("pod-security", Object(&["Namespace"], pod_security)),
    ("default-deny", Object(&["Namespace"], default_deny)),
];

fn unless(kept: bool, fault: impl Into<String>) -> Option<String> {
    (!kept).then(|| fault.into())
}

fn absent(value: &Value, pointer: &str) -> Option<String> {
    unless(value.pointer(pointer).is_none(), format!("{pointer} is there"))
}

fn present(value: &Value, pointer: &str) -> Option<String> {
    unless(value.pointer(pointer).is_some(), format!("{pointer} is missing"))
}

fn is(value: &Value, pointer: &str, text: &str) -> Option<String> {
    unless(value.pointer(pointer).is_some_and(|value| value == text), format!("{pointer} is not {text}"))
}

fn is_bool(value: &Value, pointer: &str, bool: bool) -> Option<String> {
    unless(value.pointer(pointer) == Some(&Value::Bool(bool)), format!("{pointer} is not {bool}"))
}

fn volume(pod: &Value, kept: fn(&Value) -> bool) -> Option<String> {
    items(pod, "/spec/volumes").iter().find(|volume| !kept(volume)).map(|volume| text(volume, "/name").to_owned())
}

fn port(container: &Value, kept: fn(&Value) -> bool) -> Option<String> {
    items(container, "/ports").iter().find(|port| !kept(port)).map(|port| format!("port {}", port["containerPort"]))
}

fn component(of: &Value) -> &str {
    of["metadata"]["labels"]["app.kubernetes.io/component"].as_str().unwrap_or_default()
}

fn own_namespace(_: &Tree, object: &Value) -> Option<String> {
    const OF_CLUSTER: [&str; 4] = ["Namespace", "CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding"];
    let namespace = text(object, "/metadata/namespace");
    let is_own = !matches!(namespace, "" | "default" | "kube-system");
    unless(is_own || OF_CLUSTER.contains(&text(object, "/kind")), format!("namespace `{namespace}`"))
}

/// Every object says what it is part of; a workload and its pods, what they are.
fn common_labels(_: &Tree, object: &Value) -> Option<String> {
    let lacks = |of: &Value, names: &[&str]| -> Vec<String> {
        let labels = &of["metadata"]["labels"];
        let names = names.iter().map(|name| format!("app.kubernetes.io/{name}"));
        names.filter(|name| labels.get(name.as_str()).is_none()).collect()
    };
    let mut missing = lacks(object, &["part-of", "managed-by"]);
    for pod in templates(object) {
        missing.extend(lacks(object, &["name", "component"]));
        missing.extend(lacks(pod, &["name", "component", "part-of", "managed-by"]));
    }
    unless(missing.is_empty(), missing.join(" "))
}

fn label_values(_: &Tree, object: &Value) -> Option<String> {
    let all = templates(object).into_iter().chain([object]);
    let values = all.filter_map(|of| of["metadata"]["labels"].as_object()).flat_map(serde_json::Map::values);
    let is_value = |text: &str| {
        let ends = |c: Option<char>| c.is_none_or(|c| c.is_ascii_alphanumeric());
        let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        text.len() <= 63 && ends(text.chars().next()) && ends(text.chars().next_back()) && text.chars().all(inside)
    };
    let wrong: Vec<&str> = values.map(|value| value.as_str().unwrap_or("?")).filter(|text| !is_value(text)).collect();
    unless(wrong.is_empty(), wrong.join(" "))
}

/// The versions of Kubernetes' own kinds; those of operators are theirs.
fn stable_versions(_: &Tree, object: &Value) -> Option<String> {
    let version = text(object, "/apiVersion");
    let group = version.split_once('/').map_or("", |(group, _)| group);
    let is_own = !group.contains('.') || (group.ends_with(".k8s.io") && !group.ends_with(".x-k8s.io"));
    unless(!is_own || !(version.contains("alpha") || version.contains("beta")), version)
}

fn selector(_: &Tree, workload: &Value) -> Option<String> {
    let spec = &workload["spec"];
    let fits = selects(&spec["selector"]["matchLabels"], &spec["template"]["metadata"]["labels"]);
    unless(fits || spec.get("workloadRef").is_some(), "it does not match its own pods")
}

fn host_namespaces(_: &Tree, pod: &Value) -> Option<String> {
    let set = ["hostNetwork", "hostPID", "hostIPC"].into_iter().find(|name| pod["spec"][*name] == true);
    set.map(str::to_owned)
}

fn volume_kinds(_: &Tree, pod: &Value) -> Option<String> {
    const KINDS: [&str; 9] = [
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ];
    volume(pod, |volume| KINDS.iter().any(|kind| volume.get(kind).is_some()))
}

/// What may run more than once is spread.
fn spread(tree: &Tree, workload: &Value) -> Option<String> {
    let (_, most) = tree.replicas(workload);
    let spec = &workload["spec"]["template"]["spec"];
    let is_spread = !items(spec, "/topologySpreadConstraints").is_empty() || spec["affinity"].is_object();
    unless(most < 2 || is_spread, "several replicas, and nothing spreads them")
}

/// Servers that are known run as the user of their image.
fn high_user(pod: &Value, container: &Value) -> Option<String> {
    let high = |name: &str| container["securityContext"][name].as_u64() > Some(10_000);
    let is_server = matches!(component(pod), "model" | "redis" | "postgres");
    unless(is_server || (high("runAsUser") && high("runAsGroup")), "user or group up to 10000")
}

fn root_group(pod: &Value, container: &Value) -> Option<String> {
    let ids = [&container["securityContext"]["runAsUser"], &container["securityContext"]["runAsGroup"]];
    let of_pod = &pod["spec"]["securityContext"];
    let groups = [&of_pod["fsGroup"], &of_pod["runAsUser"], &of_pod["runAsGroup"]];
    unless(ids.into_iter().chain(groups).all(|id| *id != 0), "user or group 0")
}

fn capabilities(_: &Value, container: &Value) -> Option<String> {
    let capabilities = &container["securityContext"]["capabilities"];
    let drops = items(capabilities, "/drop").iter().any(|one| one == "ALL");
    unless(drops && items(capabilities, "/add").is_empty(), "not all dropped, or one added")
}

fn requests(_: &Value, container: &Value) -> Option<String> {
    ["cpu", "memory"].into_iter().find_map(|what| present(container, &format!("/resources/requests/{what}")))
}

fn is_port_name(name: &str) -> bool {
    let inside = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=15).contains(&name.len()) && name.bytes().all(inside) && name.bytes().any(|b| b.is_ascii_lowercase())
}

fn env_twice(_: &Value, container: &Value) -> Option<String> {
    let names: Vec<&str> = items(container, "/env").iter().map(|one| text(one, "/name")).collect();
    (1..names.len()).find(|at| names[..*at].contains(&names[*at])).map(|at| names[at].to_owned())
}

fn sudo(_: &Value, container: &Value) -> Option<String> {
    let words = items(container, "/command").iter().chain(items(container, "/args"));
    let says = |word: &Value| word.as_str().unwrap_or_default().split([' ', '/']).any(|word| word == "sudo");
    words.into_iter().find(|word| says(word)).map(ToString::to_string)
}

fn pull_of_latest(_: &Value, container: &Value) -> Option<String> {
    let image = text(container, "/image");
    let name = image.rsplit('/').next().unwrap_or_default();
    let moves = !image.contains('@') && (!name.contains(':') || name.ends_with(":latest"));
    unless(!moves || container["imagePullPolicy"] == "Always", image)
}

fn own_account(tree: &Tree, pod: &Value) -> Option<String> {
    let name = text(pod, "/spec/serviceAccountName");
    let is_own = name != "default" && tree.has("ServiceAccount", name);
    unless(is_own && pod["spec"].get("serviceAccount").is_none(), format!("account `{name}`"))
}

/// A policy of its own holds the pod, both ways.
fn policy_of_pod(tree: &Tree, pod: &Value) -> Option<String> {
    let labels = &pod["metadata"]["labels"];
    let holds = |policy: &Value| {
        let kinds = items(policy, "/spec/policyTypes");
        selects(&policy["spec"]["podSelector"]["matchLabels"], labels)
            && ["Ingress", "Egress"].iter().all(|kind| kinds.iter().any(|one| one == kind))
    };
    unless(tree.of_kind("NetworkPolicy").any(holds), "no policy holds it both ways")
}

/// What a selector of this system's own labels means is there. Pods of an operator are not among the objects, and
/// other labels are given by the controller of the pods.
fn selected(tree: &Tree, selector: &Value) -> Option<String> {
    let name = selector["app.kubernetes.io/name"].as_str()?;
    let own: Value = selector.as_object()?.clone().into_iter().filter(|(key, _)| key.starts_with("app.")).collect();
    let is_of_canary = name.strip_suffix("-primary").is_some_and(|name| tree.has("Canary", name));
    let there = |pod: &Value| selects(&own, &pod["metadata"]["labels"]);
    unless(is_of_canary || tree.templates().any(there), format!("nothing is {selector}"))
}

fn policy_of_nothing(tree: &Tree, policy: &Value) -> Option<String> {
    selected(tree, &policy["spec"]["podSelector"]["matchLabels"])
}

/// The metadata of a cloud are at a link-local address, at port 80.
fn metadata_api(_: &Tree, policy: &Value) -> Option<String> {
    let without = |block: &Value| items(block, "/except").iter().any(|one| one == "169.254.0.0/16");
    let is_wide = |block: &Value| block["cidr"] == "0.0.0.0/0" && !without(block);
    let is_open = |rule: &&Value| {
        let to = items(rule, "/to");
        let ports = items(rule, "/ports");
        (to.is_empty() || to.iter().any(|peer| is_wide(&peer["ipBlock"])))
            && (ports.is_empty() || ports.iter().any(|port| port["port"] == 80))
    };
    items(policy, "/spec/egress").iter().find(is_open).map(|rule| format!("open to everything: {rule}"))
}

fn service_of_nothing(tree: &Tree, service: &Value) -> Option<String> {
    selected(tree, &service["spec"]["selector"])
}

fn service_type(_: &Tree, service: &Value) -> Option<String> {
    let spec = &service["spec"];
    unless(spec["type"] != "NodePort" && spec.get("externalIPs").is_none(), "NodePort or external addresses")
}

fn route_backend(tree: &Tree, route: &Value) -> Option<String> {
    let rules = items(route, "/spec/rules");
    let of_ingress =
        rules.iter().flat_map(|rule| items(rule, "/http/paths")).map(|path| text(path, "/backend/service/name"));
    let of_route = rules.iter().flat_map(|rule| items(rule, "/backendRefs")).map(|backend| text(backend, "/name"));
    of_ingress.chain(of_route).find(|name| !tree.has("Service", name)).map(|name| format!("no Service `{name}`"))
}

fn snippets(_: &Tree, ingress: &Value) -> Option<String> {
    let annotations = ingress["metadata"]["annotations"].as_object();
    annotations.into_iter().flatten().map(|(key, _)| key.clone()).find(|key| key.ends_with("-snippet"))
}

fn budget(tree: &Tree, workload: &Value) -> Option<String> {
    let (least, _) = tree.replicas(workload);
    let labels = &workload["spec"]["template"]["metadata"]["labels"];
    let holds = |budget: &Value| selects(&budget["spec"]["selector"]["matchLabels"], labels);
    unless(least < 2 || tree.of_kind("PodDisruptionBudget").any(holds), "two replicas, and no budget")
}

fn budget_drains(_: &Tree, budget: &Value) -> Option<String> {
    let most = &budget["spec"]["maxUnavailable"];
    unless(most.is_string() && most != "0%" || most.as_u64() > Some(0), "no pod may be evicted")
}

/// What several pods serve is never replaced all at once.
fn rolling_update(tree: &Tree, workload: &Value) -> Option<String> {
    let is_rolling = workload["spec"]["strategy"]["type"] == "RollingUpdate";
    let (_, most) = tree.replicas(workload);
    unless(is_rolling || most < 2, "all pods at once")
}

fn headless(tree: &Tree, workload: &Value) -> Option<String> {
    let name = text(workload, "/spec/serviceName");
    let is_it = |service: &Value| service["metadata"]["name"] == name && service["spec"]["clusterIP"] == "None";
    unless(tree.of_kind("Service").any(is_it), format!("no headless Service `{name}`"))
}

fn counted_once(tree: &Tree, workload: &Value) -> Option<String> {
    let has_both = tree.scaler(workload).is_some() && workload["spec"].get("replicas").is_some();
    unless(!has_both, "replicas beside an autoscaler")
}

fn scaler_target(tree: &Tree, scaler: &Value) -> Option<String> {
    let target = &scaler["spec"]["scaleTargetRef"];
    let kind = target["kind"].as_str().unwrap_or("Deployment");
    unless(tree.has(kind, text(target, "/name")), format!("no {target}"))
}

fn scaler_range(_: &Tree, scaler: &Value) -> Option<String> {
    let spec = &scaler["spec"];
    let (least, most) = (spec["minReplicas"].as_u64().unwrap_or(1), spec["maxReplicas"].as_u64().unwrap_or(1));
    unless(most > least, "it has no range")
}

fn job_restart(_: &Tree, job: &Value) -> Option<String> {
    let policy = |pod: &&Value| matches!(text(pod, "/spec/restartPolicy"), "Never" | "OnFailure");
    unless(templates(job).iter().all(policy), "restartPolicy")
}

fn is_name_of_secret(name: &str) -> bool {
    let words: Vec<String> = name.split(['_', '-', '.']).map(str::to_ascii_lowercase).collect();
    let last = words.last().map(String::as_str).unwrap_or_default();
    matches!(last, "password" | "passwd" | "secret" | "token" | "apikey" | "credentials")
        || words.windows(2).any(|pair| matches!((&*pair[0], &*pair[1]), ("api" | "private" | "access", "key")))
}

/// A value that is put together of others in the cluster is none.
fn literal_secret(_: &Value, container: &Value) -> Option<String> {
    let is_literal = |one: &&Value| {
        let value = text(one, "/value");
        is_name_of_secret(text(one, "/name")) && !value.is_empty() && !value.contains("$(")
    };
    items(container, "/env").iter().find(is_literal).map(|one| text(one, "/name").to_owned())
}

fn secret_in_config(_: &Tree, config: &Value) -> Option<String> {
    let data = config["data"].as_object();
    data.into_iter().flatten().map(|(key, _)| key.clone()).find(|key| is_name_of_secret(key))
}

/// Reading named objects, and nothing else.
fn narrow_roles(_: &Tree, role: &Value) -> Option<String> {
    let is_narrow = |rule: &Value| {
        let reads = |verb: &Value| matches!(verb.as_str(), Some("get" | "list" | "watch"));
        items(rule, "/verbs").iter().all(reads)
            && !items(rule, "/resourceNames").is_empty()
            && !items(rule, "/resources").iter().any(|one| matches!(one.as_str(), Some("*" | "secrets")))
    };
    unless(role["kind"] == "Role" && items(role, "/rules").iter().all(is_narrow), "more than reading named objects")
}

fn narrow_bindings(tree: &Tree, binding: &Value) -> Option<String> {
    let is_narrow = binding["kind"] == "RoleBinding" && binding["roleRef"]["kind"] == "Role";
    let role = text(binding, "/roleRef/name");
    let accounts = items(binding, "/subjects").iter().all(|one| one["kind"] == "ServiceAccount");
    unless(is_narrow && accounts && tree.has("Role", role), "more than a role for an account")
}

fn pod_security(_: &Tree, namespace: &Value) -> Option<String> {
    let level = &namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"];
    unless(level == "restricted", format!("enforce: {level}"))
}

fn default_deny(tree: &Tree, namespace: &Value) -> Option<String> {
    let name = &namespace["metadata"]["name"];
    let denies = |policy: &Value| {
        let spec = &policy["spec"];
        policy["metadata"]["namespace"] == *name
            && spec["podSelector"].as_object().is_some_and(serde_json::Map::is_empty)
            && items(spec, "/policyTypes").len() == 2
            && spec.get("ingress").is_none()
            && spec.get("egress").is_none()
    };
    unless(tree.of_kind("NetworkPolicy").any(denies), "its pods are open")
}
