//! What a cluster returned, against what was written.
//!
//! Promises: what the API server fills in (status, bookkeeping, defaults, addresses that it gives out) is no
//! change; a value of an author is one, also where it is what the server would have filled in.
//!
//! Source: `pkg/apis/*/v1/defaults.go` of Kubernetes, and the default values in the operators' definitions.

use super::path::at;
use crate::kube::{Content, Key, Object};
use crate::lower::MANAGED_BY;
use std::collections::{BTreeMap, BTreeSet};

/// Keys of `metadata` that the server keeps.
const BOOKKEEPING: &[&str] = &[
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "managedFields",
    "selfLink",
    "ownerReferences",
];
/// Annotations that controllers and clients keep.
const KEPT: &[&str] = &[
    "kubectl.kubernetes.io/last-applied-configuration",
    "deployment.kubernetes.io/revision",
    "deprecated.daemonset.template.generation",
    "argocd.argoproj.io/tracking-id",
    "pv.kubernetes.io/bind-completed",
    "pv.kubernetes.io/bound-by-controller",
    "volume.kubernetes.io/storage-provisioner",
    "volume.beta.kubernetes.io/storage-provisioner",
    "volume.kubernetes.io/selected-node",
    "autoscaling.alpha.kubernetes.io/conditions",
    "autoscaling.alpha.kubernetes.io/current-metrics",
];
/// Fields whose value the server or a controller gives out.
const GIVEN: &[&str] = &[
    "status",
    "clusterIP",
    "clusterIPs",
    "ipFamilies",
    "nodePort",
    "healthCheckNodePort",
    "volumeName",
    "nodeName",
    "caBundle",
    "serviceAccount",
    "controller-uid",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name",
    "job-name",
    "kubernetes.io/metadata.name",
];

/// Whether a cluster returned it.
pub fn is_live(content: &Content) -> bool {
    ["uid", "resourceVersion", "managedFields"].iter().any(|key| at(content, &["metadata", key]).is_some())
}

/// Objects of a cluster that this comparison is about: those that are written, and those that were written
/// by this compiler before. What a controller made, and what others run, is not.
pub fn ours(live: &[Object], written: &[Object]) -> Vec<Object> {
    let keys: BTreeSet<_> = written.iter().map(|object| object.identity.key()).collect();
    let is_written = |object: &Object| keys.contains(&object.identity.key());
    let was_written = |object: &Object| {
        let label = at(&object.content, &["metadata", "labels", MANAGED_BY]).and_then(Content::as_str);
        label == Some("windlass") && at(&object.content, &["metadata", "ownerReferences"]).is_none()
    };
    let is_ours = |object: &&Object| !is_live(&object.content) || is_written(object) || was_written(object);
    live.iter().filter(is_ours).cloned().collect()
}

/// Takes out of objects of a cluster what nobody wrote, as far as `written` does not say it either.
pub fn settle(live: &mut [Object], written: &[Object]) {
    let wanted: BTreeMap<_, &Object> = written.iter().map(|object| (object.identity.key(), object)).collect();
    for object in live.iter_mut().filter(|object| is_live(&object.content)) {
        let own = wanted.get(&object.identity.key()).map(|object| &object.content);
        clean(&mut object.content, own, "", &object.identity.kind);
        if let Some(Content::Map(metadata)) = entry(&mut object.content, "metadata") {
            let own = own.and_then(|own| own.get("metadata"));
            metadata.retain(|(key, _)| {
                !BOOKKEEPING.contains(&key.as_str()) || own.is_some_and(|own| own.get(key).is_some())
            });
        }
    }
}

fn entry<'a>(content: &'a mut Content, key: &str) -> Option<&'a mut Content> {
    let Content::Map(entries) = content else { return None };
    entries.iter_mut().find(|(name, _)| name == key).map(|(_, value)| value)
}

fn clean(live: &mut Content, own: Option<&Content>, parent: &str, kind: &str) {
    match live {
        Content::Map(entries) => {
            entries.retain_mut(|(key, value)| {
                let own = own.and_then(|own| own.get(key));
                clean(value, own, key, kind);
                own.is_some() || !is_filled_in(key, value, parent, kind)
            });
        }
        Content::List(items) => clean_items(items, own, parent, kind),
        _ => {}
    }
}

/// Items are told apart by name where they have one, else by their place.
fn clean_items(items: &mut [Content], own: Option<&Content>, parent: &str, kind: &str) {
    let others: &[Content] = if let Some(Content::List(others)) = own { others } else { &[] };
    let keys = ["name", "mountPath", "containerPort", "port", "topologyKey"];
    for (at, item) in items.iter_mut().enumerate() {
        let named = keys.iter().find_map(|key| {
            let name = item.get(key)?;
            others.iter().find(|other| other.get(key) == Some(name))
        });
        clean(item, named.or_else(|| others.get(at)), parent, kind);
    }
}

fn is_filled_in(key: &Key, value: &Content, parent: &str, kind: &str) -> bool {
    let key = key.as_str();
    if super::same::is_empty(value) || GIVEN.contains(&key) || (parent == "annotations" && KEPT.contains(&key)) {
        return true;
    }
    let word = match value {
        Content::Text(text) => text.to_string(),
        Content::Integer(number) => number.to_string(),
        Content::Bool(truth) => truth.to_string(),
        // A map of which only defaults were left.
        Content::Map(_) | Content::List(_) | Content::Null | Content::Float(_) => return false,
    };
    DEFAULTS.iter().any(|(name, values)| *name == key && values.contains(&word.as_str()))
        || (parent == "finalizers" && word.starts_with("kubernetes.io/"))
        || of_kind(kind, key, &word)
}

/// Whether a value is what the server puts there if nothing is written, whatever else the object says.
pub(crate) fn is_default(key: &str, value: &Content, kind: &str) -> bool {
    let is = |word: &str| {
        DEFAULTS.iter().any(|(name, values)| *name == key && *values == [word]) || of_kind(kind, key, word)
    };
    match value {
        Content::Text(text) => is(text),
        Content::Integer(number) => is(&number.to_string()),
        Content::Bool(truth) => is(&truth.to_string()),
        Content::Map(entries) => entries.iter().all(|(key, value)| is_default(key.as_str(), value, kind)),
        Content::List(items) => matches!(&items[..], [item] if is_default(key, item, kind)),
        Content::Null | Content::Float(_) => false,
    }
}

fn of_kind(kind: &str, key: &str, word: &str) -> bool {
    match (kind, key) {
        ("Deployment" | "StatefulSet" | "DaemonSet", "type") => word == "RollingUpdate",
        ("StatefulSet", "partition") => word == "0",
        ("Service", "type") => word == "ClusterIP",
        ("Job" | "CronJob", "parallelism" | "completions") | ("ResourceClaim" | "ResourceClaimTemplate", "count") => {
            word == "1"
        }
        ("Ingress", "pathType") => word == "ImplementationSpecific",
        ("Secret", "type") => word == "Opaque",
        ("StorageClass", "reclaimPolicy") => word == "Delete",
        ("StorageClass", "volumeBindingMode") => word == "Immediate",
        ("CSIDriver", "attachRequired") => word == "true",
        ("CSIDriver", "volumeLifecycleModes") => word == "Persistent",
        ("ResourceClaim" | "ResourceClaimTemplate", "allocationMode") => word == "ExactCount",
        ("HTTPRoute" | "GRPCRoute", "type") => word == "PathPrefix" || word == "Exact",
        _ => false,
    }
}

/// What the server fills in, whatever the kind.
const DEFAULTS: &[(&str, &[&str])] = &[
    ("imagePullPolicy", &["IfNotPresent", "Always"]),
    ("terminationMessagePath", &["/dev/termination-log"]),
    ("terminationMessagePolicy", &["File"]),
    ("protocol", &["TCP"]),
    ("dnsPolicy", &["ClusterFirst"]),
    ("restartPolicy", &["Always"]),
    ("preemptionPolicy", &["PreemptLowerPriority"]),
    ("schedulerName", &["default-scheduler"]),
    ("terminationGracePeriodSeconds", &["30"]),
    ("successThreshold", &["1"]),
    ("failureThreshold", &["3"]),
    ("periodSeconds", &["10"]),
    ("timeoutSeconds", &["1", "10800"]),
    ("scheme", &["HTTP"]),
    ("defaultMode", &["420", "384"]),
    ("revisionHistoryLimit", &["10"]),
    ("progressDeadlineSeconds", &["600"]),
    ("maxSurge", &["25%"]),
    ("maxUnavailable", &["25%"]),
    ("internalTrafficPolicy", &["Cluster"]),
    ("externalTrafficPolicy", &["Cluster"]),
    ("ipFamilyPolicy", &["SingleStack"]),
    ("sessionAffinity", &["None"]),
    ("allocateLoadBalancerNodePorts", &["true"]),
    ("podManagementPolicy", &["OrderedReady"]),
    ("whenDeleted", &["Retain"]),
    ("whenScaled", &["Retain"]),
    ("volumeMode", &["Filesystem"]),
    ("apiVersion", &["v1"]),
    ("phase", &["Pending", "Bound", "Active"]),
    ("concurrencyPolicy", &["Allow"]),
    ("suspend", &["false"]),
    ("successfulJobsHistoryLimit", &["3"]),
    ("failedJobsHistoryLimit", &["1"]),
    ("backoffLimit", &["6"]),
    ("completionMode", &["NonIndexed"]),
    ("manualSelector", &["false"]),
    ("podReplacementPolicy", &["TerminatingOrFailed"]),
    ("weight", &["1"]),
    ("group", &["", "gateway.networking.k8s.io"]),
    ("conversionStrategy", &["Default", "None"]),
    ("decodingStrategy", &["None"]),
    ("metadataPolicy", &["None"]),
    ("deletionPolicy", &["Retain"]),
    ("engineVersion", &["v2"]),
    ("mergePolicy", &["Replace"]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kube::Phase;
    use serde_json::json;

    #[test]
    fn what_the_server_fills_in_is_no_change() {
        let written = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "api", "namespace": "ai"},
            "spec": {"selector": {"app": "api"}, "ports": [{"name": "http", "port": 80}]}});
        let returned = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "api", "namespace": "ai",
            "uid": "u", "resourceVersion": "3", "creationTimestamp": "t", "managedFields": [{}]},
            "spec": {"selector": {"app": "api"}, "clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"], "type": "ClusterIP",
                "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack", "sessionAffinity": "None",
                "internalTrafficPolicy": "Cluster",
                "ports": [{"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}]},
            "status": {"loadBalancer": {}}});
        let object = |value| Object::read(Content::of(value).expect("a tree"), None, Phase::Configuration);
        let written = [object(&written)];
        let mut live = [object(&returned)];
        settle(&mut live, &written);
        let changes = super::super::diff(&live, &written);
        let fields: Vec<String> = changes[0].fields.iter().map(|field| field.path.to_string()).collect();
        assert_eq!(fields, ["spec.ports[http].targetPort"]);
    }
}
