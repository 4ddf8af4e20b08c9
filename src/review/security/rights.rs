//! What an account, a namespace or a project of the delivery tool may do.

use super::{Opening, opening};
use crate::diff::path::{at, shown, text_at};
use crate::kube::Content;
use crate::review::workload::{entries, items};

pub(super) fn role(content: &Content) -> Vec<Opening> {
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

pub(super) fn binding(content: &Content) -> Vec<Opening> {
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

pub(super) fn namespace(content: &Content) -> Vec<Opening> {
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

pub(super) fn account(content: &Content) -> Vec<Opening> {
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

pub(super) fn project(content: &Content) -> Vec<Opening> {
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
