//! `security`: someone or something may do or reach more than before, or a protection is off.

use super::workload::{Workload, entries, items};
use super::{Class, Comparison, Risk};
use crate::diff::path::{at, shown, text_at};
use crate::diff::{Change, How};
use crate::kube::{Content, Object};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn find(comparison: &Comparison<'_>, risks: &mut Vec<Risk>) {
    let registries: BTreeSet<String> =
        comparison.before.objects().iter().flat_map(images).map(|image| registry(&image)).collect();
    for change in comparison.changes {
        let old = comparison.before.of(change);
        match comparison.after.of(change) {
            Some(new) => {
                risks.extend(opened(change, old, new));
                risks.extend(of_images(change, old, new, &registries));
            }
            None => risks.extend(unprotected(comparison, change)),
        }
    }
}

/// What an object opens, by field: what is there after and was not before is a risk.
fn opened(change: &Change, old: Option<&Object>, new: &Object) -> Vec<Risk> {
    let before = old.map(openings).unwrap_or_default();
    let after = openings(new);
    let is_new =
        |opening: &&Opening| !before.iter().any(|known| known.field == opening.field && known.value == opening.value);
    let fresh = after.iter().filter(is_new);
    fresh
        .map(|opening| {
            let old = before.iter().find(|known| known.field == opening.field).map(|known| known.value.clone());
            Risk::of(Class::Security, opening.rule, change, opening.what.clone())
                .at(opening.field.clone(), old, Some(opening.value.clone()))
                .reason(opening.reason)
                .help("see that it is meant, and that nothing less would do")
        })
        .collect()
}

/// Something that an object lets be done or reached.
struct Opening {
    rule: &'static str,
    field: String,
    value: String,
    what: String,
    reason: &'static str,
}

fn opening(
    rule: &'static str,
    field: impl Into<String>,
    value: impl Into<String>,
    what: impl Into<String>,
    reason: &'static str,
) -> Opening {
    Opening { rule, field: field.into(), value: value.into(), what: what.into(), reason }
}

fn openings(object: &Object) -> Vec<Opening> {
    let content = &object.content;
    match (object.identity.group(), object.identity.kind.as_str()) {
        ("rbac.authorization.k8s.io", "Role" | "ClusterRole") => of_role(content),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => of_binding(content),
        ("networking.k8s.io", "NetworkPolicy") => of_policy(content),
        ("cilium.io", "CiliumNetworkPolicy") => of_names(content),
        ("", "Service") => of_service(content),
        ("networking.k8s.io", "Ingress") | ("gateway.networking.k8s.io", _) => of_route(content),
        ("", "Namespace") => of_namespace(content),
        ("", "ServiceAccount") => of_account(content),
        ("external-secrets.io", "ExternalSecret") => of_external_secret(content),
        ("argoproj.io", "AppProject") => of_project(content),
        _ => Workload::of(object).map(|workload| of_pods(&workload)).unwrap_or_default(),
    }
}

fn of_role(content: &Content) -> Vec<Opening> {
    let mut found = Vec::new();
    for rule in items(content.get("rules")) {
        let list = |key| items(rule.get(key)).filter_map(Content::as_str).map(str::to_owned).collect::<Vec<_>>();
        let groups = list("apiGroups");
        let names = list("resourceNames");
        for resource in list("resources") {
            for verb in list("verbs") {
                let only = if names.is_empty() { String::new() } else { format!(" named {}", names.join(", ")) };
                let right = format!("{verb} {resource}{} {}", only, groups.join(","));
                let what = if verb == "*" || resource == "*" {
                    format!("may do everything: {}", right.trim())
                } else {
                    format!("may {}", right.trim())
                };
                found.push(opening(
                    "role-wider",
                    format!("rules[{}]", right.trim()),
                    right.trim(),
                    what,
                    "a rule adds to what all holders of the role may do",
                ));
            }
        }
    }
    found
}

fn of_binding(content: &Content) -> Vec<Opening> {
    let role = text_at(content, &["roleRef", "name"]).unwrap_or_default();
    let subjects = items(content.get("subjects")).map(|subject| {
        let namespace = text_at(subject, &["namespace"]).map_or(String::new(), |namespace| format!("{namespace}/"));
        let who = format!(
            "{} {namespace}{}",
            text_at(subject, &["kind"]).unwrap_or_default(),
            text_at(subject, &["name"]).unwrap_or_default()
        );
        opening(
            "role-bound",
            format!("subjects[{who}]"),
            format!("{who} → {role}"),
            format!("{who} gets the role `{role}`"),
            "whoever runs as this account may do what the role says",
        )
    });
    subjects.collect()
}

/// Each allowed peer with its ports, by direction.
fn of_policy(content: &Content) -> Vec<Opening> {
    let mut found = Vec::new();
    for (direction, peers, word) in [("ingress", "from", "may be reached by"), ("egress", "to", "may reach")] {
        let types: Vec<&str> = items(at(content, &["spec", "policyTypes"])).filter_map(Content::as_str).collect();
        let is_closed = types.iter().any(|kind| kind.eq_ignore_ascii_case(direction));
        if !is_closed {
            found.push(opening(
                "network-open",
                format!("spec.policyTypes[{direction}]"),
                "open",
                format!("nothing holds back {direction} here"),
                "a policy closes only the directions that it names",
            ));
        }
        for rule in items(at(content, &["spec", direction])) {
            let ports: Vec<String> = items(rule.get("ports")).map(port).collect();
            let ports = if ports.is_empty() { "all ports".to_owned() } else { ports.join(", ") };
            let mut whom: Vec<String> = items(rule.get(peers)).map(peer).collect();
            if whom.is_empty() {
                whom.push("everyone".into());
            }
            for peer in whom {
                let value = format!("{peer}: {ports}");
                found.push(opening(
                    "network-open",
                    format!("spec.{direction}[{value}]"),
                    value.clone(),
                    format!("{word} {peer} ({ports})"),
                    "network policies add up: each rule opens what it names",
                ));
            }
        }
    }
    found
}

fn port(port: &Content) -> String {
    let end = at(port, &["endPort"]).map_or(String::new(), |end| format!("-{}", shown(end)));
    let number = port.get("port").map_or("all".into(), shown);
    format!("{number}{end}/{}", text_at(port, &["protocol"]).unwrap_or("TCP"))
}

fn peer(peer: &Content) -> String {
    if let Some(cidr) = text_at(peer, &["ipBlock", "cidr"]) {
        let except: Vec<&str> = items(at(peer, &["ipBlock", "except"])).filter_map(Content::as_str).collect();
        return if except.is_empty() { cidr.into() } else { format!("{cidr} but {}", except.join(", ")) };
    }
    let labels = |key| {
        let selector = peer.get(key)?;
        let words: Vec<String> =
            entries(selector.get("matchLabels")).map(|(key, value)| format!("{key}={}", shown(value))).collect();
        Some(if words.is_empty() && selector.get("matchExpressions").is_none() {
            "all".into()
        } else if words.is_empty() {
            shown(selector)
        } else {
            words.join(",")
        })
    };
    match (labels("namespaceSelector"), labels("podSelector")) {
        (Some(namespace), Some(pods)) => format!("pods {pods} in namespaces {namespace}"),
        (Some(namespace), None) => format!("namespaces {namespace}"),
        (None, Some(pods)) => format!("pods {pods}"),
        (None, None) => "everyone".into(),
    }
}

fn of_names(content: &Content) -> Vec<Opening> {
    let rules = items(at(content, &["spec", "egress"]));
    let names = rules
        .flat_map(|rule| items(rule.get("toFQDNs")))
        .filter_map(|name| text_at(name, &["matchName"]).or_else(|| text_at(name, &["matchPattern"])));
    names
        .map(|name| {
            opening(
                "network-open",
                format!("spec.egress[{name}]"),
                name,
                format!("may reach `{name}`"),
                "the policy opens this name",
            )
        })
        .collect()
}

fn of_service(content: &Content) -> Vec<Opening> {
    let mut found = Vec::new();
    let kind = text_at(content, &["spec", "type"]).unwrap_or("ClusterIP");
    if matches!(kind, "LoadBalancer" | "NodePort") {
        found.push(opening(
            "service-exposed",
            "spec.type",
            kind,
            "reachable from outside the cluster",
            "the cloud or every node gives it an address",
        ));
        if kind == "LoadBalancer" && items(at(content, &["spec", "loadBalancerSourceRanges"])).next().is_none() {
            found.push(opening(
                "service-exposed",
                "spec.loadBalancerSourceRanges",
                "everyone",
                "reachable from every address",
                "without ranges the load balancer lets everyone in",
            ));
        }
    }
    for range in items(at(content, &["spec", "loadBalancerSourceRanges"])).filter_map(Content::as_str) {
        found.push(opening(
            "service-exposed",
            format!("spec.loadBalancerSourceRanges[{range}]"),
            range,
            format!("reachable from {range}"),
            "the load balancer lets this range in",
        ));
    }
    for address in items(at(content, &["spec", "externalIPs"])).filter_map(Content::as_str) {
        found.push(opening(
            "service-exposed",
            "spec.externalIPs",
            address,
            format!("reachable at {address}"),
            "nodes answer at this address",
        ));
    }
    found
}

fn of_route(content: &Content) -> Vec<Opening> {
    let of_gateway = items(at(content, &["spec", "hostnames"])).filter_map(Content::as_str);
    let of_ingress = items(at(content, &["spec", "rules"])).filter_map(|rule| text_at(rule, &["host"]));
    let hosts = of_gateway.chain(of_ingress).map(|host| {
        opening(
            "route-opened",
            format!("spec.hostnames[{host}]"),
            host,
            format!("reachable from outside as `{host}`"),
            "the gateway or ingress controller serves this name to whoever can reach it",
        )
    });
    let mut found: Vec<Opening> = hosts.collect();
    let is_ingress = at(content, &["spec", "rules"]).is_some() && at(content, &["spec", "parentRefs"]).is_none();
    if is_ingress && items(at(content, &["spec", "tls"])).next().is_none() {
        found.push(opening(
            "route-without-tls",
            "spec.tls",
            "none",
            "served without TLS",
            "what is sent can be read on the way",
        ));
    }
    found
}

fn of_namespace(content: &Content) -> Vec<Opening> {
    let level = text_at(content, &["metadata", "labels", "pod-security.kubernetes.io/enforce"]).unwrap_or("privileged");
    let allows = match level {
        "restricted" => return Vec::new(),
        "baseline" => "pods may run as root and with a writable root",
        _ => "pods may do anything on their node",
    };
    vec![opening(
        "pod-security-lower",
        "metadata.labels[pod-security.kubernetes.io/enforce]",
        level,
        allows,
        "Pod Security admission enforces this level in the namespace",
    )]
}

fn of_account(content: &Content) -> Vec<Opening> {
    const IDENTITIES: &[&str] =
        &["eks.amazonaws.com/role-arn", "iam.gke.io/gcp-service-account", "azure.workload.identity/client-id"];
    let mut found: Vec<Opening> = entries(at(content, &["metadata", "annotations"]))
        .filter(|(key, _)| IDENTITIES.contains(key))
        .map(|(key, value)| {
            opening(
                "cloud-identity",
                format!("metadata.annotations[{key}]"),
                shown(value),
                "acts as this identity in the cloud",
                "the account gets the rights of the identity",
            )
        })
        .collect();
    if at(content, &["automountServiceAccountToken"]) == Some(&Content::Bool(true)) {
        found.push(opening(
            "token-mounted",
            "automountServiceAccountToken",
            "true",
            "its pods hold a token of the API server",
            "whoever takes over a pod can use the token",
        ));
    }
    found
}

fn of_external_secret(content: &Content) -> Vec<Opening> {
    let store = text_at(content, &["spec", "secretStoreRef", "name"]).unwrap_or_default();
    let data = items(at(content, &["spec", "data"])).map(|item| {
        let key = text_at(item, &["remoteRef", "key"]).unwrap_or_default();
        let property =
            text_at(item, &["remoteRef", "property"]).map_or(String::new(), |property| format!("#{property}"));
        (text_at(item, &["secretKey"]).unwrap_or_default(), format!("{store}:{key}{property}"))
    });
    let named = data.map(|(name, path)| {
        opening(
            "secret-path",
            format!("spec.data[{name}]"),
            path.clone(),
            format!("reads `{path}` of the secret store"),
            "the value of this path becomes a Secret that pods of the namespace can read",
        )
    });
    let all = items(at(content, &["spec", "dataFrom"])).map(|from| {
        opening(
            "secret-path",
            "spec.dataFrom",
            shown(from),
            "reads every value of this path",
            "all values of the path become a Secret",
        )
    });
    named.chain(all).collect()
}

fn of_project(content: &Content) -> Vec<Opening> {
    let mut found = Vec::new();
    for key in
        ["sourceRepos", "destinations", "clusterResourceWhitelist", "namespaceResourceWhitelist", "sourceNamespaces"]
    {
        for item in items(at(content, &["spec", key])) {
            found.push(opening(
                "project-wider",
                format!("spec.{key}[{}]", shown(item)),
                shown(item),
                format!("the project may use {}", shown(item)),
                "every Application of the project may do what the project lists",
            ));
        }
    }
    found
}

fn of_pods(workload: &Workload<'_>) -> Vec<Opening> {
    let Some(pod) = workload.pod() else { return Vec::new() };
    let mut found = Vec::new();
    for key in ["hostNetwork", "hostPID", "hostIPC"] {
        if pod.get(key) == Some(&Content::Bool(true)) {
            found.push(opening(
                "host-shared",
                format!("pod.{key}"),
                "true",
                format!("shares the node's own {}", &key[4..].to_lowercase()),
                "the pod sees and reaches what the node does",
            ));
        }
    }
    for volume in items(pod.get("volumes")) {
        if let Some(path) = text_at(volume, &["hostPath", "path"]) {
            found.push(opening(
                "host-path",
                format!("pod.volumes[{path}]"),
                path,
                format!("sees `{path}` of the node"),
                "a folder of the node is open to the pod",
            ));
        }
        for secret in secrets_of_volume(volume) {
            found.push(opening(
                "secret-read",
                format!("pod.secrets[{secret}]"),
                secret,
                format!("reads the Secret `{secret}`"),
                "who takes over the pod has the secret",
            ));
        }
    }
    if pod.get("automountServiceAccountToken") == Some(&Content::Bool(true)) {
        found.push(opening(
            "token-mounted",
            "pod.automountServiceAccountToken",
            "true",
            "holds a token of the API server",
            "whoever takes over the pod can use the token",
        ));
    }
    if let Some(account) = text_at(pod, &["serviceAccountName"]) {
        found.push(opening(
            "account",
            "pod.serviceAccountName",
            account,
            format!("runs as the account `{account}`"),
            "it may do what the account may do",
        ));
    }
    for container in workload.containers() {
        found.extend(of_container(container, pod));
    }
    found
}

fn of_container(container: &Content, pod: &Content) -> Vec<Opening> {
    let name = text_at(container, &["name"]).unwrap_or_default();
    let own = |key: &str| at(container, &["securityContext", key]);
    let either = |key: &str| own(key).or_else(|| at(pod, &["securityContext", key]));
    let is = |value: Option<&Content>, truth: bool| value == Some(&Content::Bool(truth));
    let field = |key: &str| format!("containers[{name}].securityContext.{key}");
    let mut found = Vec::new();
    let mut add =
        |rule, key: &str, value: &str, what: &str, reason| found.push(opening(rule, field(key), value, what, reason));
    if is(own("privileged"), true) {
        add(
            "privileged",
            "privileged",
            "true",
            "may do anything on its node",
            "a privileged container is not contained",
        );
    }
    if !is(own("allowPrivilegeEscalation"), false) {
        add(
            "privilege-escalation",
            "allowPrivilegeEscalation",
            "true",
            "a process may get more rights than its parent",
            "set-user-id programs work; `true` is the default of Kubernetes",
        );
    }
    if !is(either("runAsNonRoot"), true) {
        add(
            "may-be-root",
            "runAsNonRoot",
            "false",
            "may run as root",
            "nothing keeps the image from starting as user 0",
        );
    }
    if matches!(either("runAsUser"), Some(Content::Integer(0))) {
        add("may-be-root", "runAsUser", "0", "runs as root", "user 0 of the container is user 0 of the node's kernel");
    }
    if !is(own("readOnlyRootFilesystem"), true) {
        add(
            "root-writable",
            "readOnlyRootFilesystem",
            "false",
            "may write to its root",
            "what gets in can change programs",
        );
    }
    if text_at(container, &["securityContext", "seccompProfile", "type"])
        .or_else(|| text_at(pod, &["securityContext", "seccompProfile", "type"]))
        .is_none_or(|profile| profile == "Unconfined")
    {
        add(
            "seccomp-off",
            "seccompProfile",
            "Unconfined",
            "every system call is open",
            "no seccomp profile holds it back",
        );
    }
    let drops_all =
        items(at(container, &["securityContext", "capabilities", "drop"])).any(|item| item.as_str() == Some("ALL"));
    if !drops_all {
        add(
            "capabilities",
            "capabilities.drop",
            "default",
            "keeps the capabilities of the container runtime",
            "`ALL` is not dropped",
        );
    }
    for capability in items(at(container, &["securityContext", "capabilities", "add"])).filter_map(Content::as_str) {
        let what = format!("gets the capability {capability}");
        add(
            "capabilities",
            &format!("capabilities.add[{capability}]"),
            capability,
            &what,
            "a capability is a part of what root may do",
        );
    }
    found.extend(secrets_of_container(container).into_iter().map(|secret| {
        opening(
            "secret-read",
            format!("pod.secrets[{secret}]"),
            secret,
            format!("reads the Secret `{secret}`"),
            "who takes over the pod has the secret",
        )
    }));
    found
}

fn secrets_of_container(container: &Content) -> BTreeSet<&str> {
    let single =
        items(container.get("env")).filter_map(|variable| text_at(variable, &["valueFrom", "secretKeyRef", "name"]));
    let whole = items(container.get("envFrom")).filter_map(|from| text_at(from, &["secretRef", "name"]));
    single.chain(whole).collect()
}

fn secrets_of_volume(volume: &Content) -> Vec<&str> {
    let own = text_at(volume, &["secret", "secretName"]);
    let projected =
        items(at(volume, &["projected", "sources"])).filter_map(|source| text_at(source, &["secret", "name"]));
    own.into_iter().chain(projected).collect()
}

/// Protections that go.
fn unprotected(comparison: &Comparison<'_>, change: &Change) -> Option<Risk> {
    let before = change.before.as_ref()?;
    // What protects pods that go with it is missed by nobody.
    if at(before, &["spec", "podSelector", "matchLabels"]).is_some_and(|selector| !comparison.after.has_pods(selector))
    {
        return None;
    }
    let what = match (change.identity.group(), change.identity.kind.as_str()) {
        ("networking.k8s.io", "NetworkPolicy") => {
            let labels: Vec<String> = entries(at(before, &["spec", "podSelector", "matchLabels"]))
                .map(|(key, value)| format!("{key}={}", shown(value)))
                .collect();
            let pods = if labels.is_empty() {
                "all pods of the namespace".into()
            } else {
                format!("pods {}", labels.join(","))
            };
            format!("nothing holds back traffic of {pods} any more, unless another policy does")
        }
        ("cilium.io", "CiliumNetworkPolicy") => {
            "nothing holds back its traffic any more, unless another policy does".into()
        }
        ("", "ResourceQuota" | "LimitRange") => "nothing bounds what the namespace may take".into(),
        ("admissionregistration.k8s.io", _) => "nothing checks objects here any more".into(),
        _ => return None,
    };
    (change.how == How::Removed).then(|| {
        Risk::of(Class::Security, "protection-removed", change, what)
            .reason("the protection goes with the object at the next prune")
            .help("see that another one takes its place before it goes")
    })
}

fn images(object: &Object) -> Vec<String> {
    let of_database = at(&object.content, &["spec", "imageName"]).and_then(Content::as_str).map(str::to_owned);
    let of_pods = Workload::of(object).into_iter().flat_map(|workload| {
        workload
            .containers()
            .filter_map(|container| text_at(container, &["image"]))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    });
    of_pods.chain(of_database).collect()
}

/// The part before the first `/`, where it is a host.
fn registry(image: &str) -> String {
    match image.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host.to_owned(),
        _ => "docker.io".into(),
    }
}

fn of_images(change: &Change, old: Option<&Object>, new: &Object, registries: &BTreeSet<String>) -> Vec<Risk> {
    let bare = |image: &str| {
        let name = image.split('@').next().unwrap_or(image);
        name.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).map_or(name, |(name, _)| name).to_owned()
    };
    let before: BTreeMap<String, String> =
        old.map(images).unwrap_or_default().into_iter().map(|image| (bare(&image), image)).collect();
    let mut found = Vec::new();
    for image in images(new) {
        let known = before.get(&bare(&image));
        if known == Some(&image) {
            continue;
        }
        let risk = |rule, what: String, reason: &str, help: &str| {
            Risk::of(Class::Security, rule, change, what)
                .at("image", known.cloned(), Some(image.clone()))
                .reason(reason)
                .help(help)
        };
        let host = registry(&image);
        if !registries.is_empty() && !registries.contains(&host) {
            found.push(risk(
                "new-registry",
                format!("images come from `{host}` for the first time"),
                "who can write there decides what runs here",
                "see that the registry is trusted, or mirror the image",
            ));
        }
        if known.is_some_and(|known| known.contains('@')) && !image.contains('@') {
            found.push(risk(
                "digest-dropped",
                "the image is no longer pinned by its digest".into(),
                "a tag can be moved to another image at any time",
                "pin it: `images.pins`",
            ));
        }
        if !image.contains('@') && (image.ends_with(":latest") || bare(&image) == image) {
            found.push(risk(
                "moving-tag",
                format!("`{image}` may be another image tomorrow"),
                "`latest`, or no tag, moves with every push",
                "name a version, or pin the digest",
            ));
        }
    }
    found
}
