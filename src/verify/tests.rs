//! What verification finds, and where.

use super::*;
use crate::document::{Node, Value};
use crate::kube::Phase;
use crate::source::Sources;
use serde_json::json;

fn checked(object: &serde_json::Value, minor: u32) -> Vec<String> {
    let object = Object::new(object, Phase::Backends, None);
    let checked = faults(&object, &Definitions::default(), minor);
    checked.faults.into_iter().map(|fault| format!("{}: {}", fault.place.join("."), fault.message)).collect()
}

fn deployment(spec: &serde_json::Value) -> serde_json::Value {
    let mut object = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api"},
        "spec": {
            "selector": {"matchLabels": {"app": "api"}},
            "template": {"metadata": {"labels": {"app": "api"}}, "spec": {"containers": [{"name": "api", "image": "api:1"}]}},
        },
    });
    json_patch::merge(&mut object, spec);
    object
}

#[test]
fn a_plain_object_is_valid_in_every_version() {
    for minor in crate::target::VERSIONS {
        assert_eq!(checked(&deployment(&json!({})), *minor), Vec::<String>::new());
    }
}

#[test]
fn fields_types_and_values_are_checked() {
    let found = checked(
        &deployment(
            &json!({"spec": {"replicaz": 1, "replicas": "two", "template": {"spec": {"dnsPolicy": "Clusterfirst"}}}}),
        ),
        35,
    );
    assert_eq!(
        found,
        [
            "spec.template.spec.dnsPolicy: `Clusterfirst` is none of `ClusterFirstWithHostNet`, `ClusterFirst`, `Default` and `None`",
            "spec.replicaz: `replicaz` is not a field here",
            "spec.replicas: expected a whole number, found the text `two`",
        ]
    );
    assert_eq!(checked(&deployment(&json!({"spec": {"selector": null}})), 35), ["spec: `selector` is missing"]);
    assert_eq!(
        checked(&deployment(&json!({"metadata": {"nane": "x"}})), 35),
        ["metadata.nane: `nane` is not a field here"]
    );
}

#[test]
fn items_of_keyed_lists_differ() {
    let env = json!([{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]);
    let container = json!([{"name": "api", "image": "api:1", "env": env, "ports": [
        {"containerPort": 53, "protocol": "UDP"}, {"containerPort": 53}, {"containerPort": 53, "protocol": "TCP"}]}]);
    let found = checked(&deployment(&json!({"spec": {"template": {"spec": {"containers": container}}}})), 35);
    assert_eq!(
        found,
        [
            "spec.template.spec.containers.0.env.1: the item with `name: A` is there twice",
            "spec.template.spec.containers.0.ports.2: the item with `containerPort: 53, protocol: TCP` is there twice",
        ]
    );
}

#[test]
fn quantities_are_read() {
    let container = json!([{"name": "api", "image": "api:1", "resources": {"limits": {"memory": "1GB"}}}]);
    let found = checked(&deployment(&json!({"spec": {"template": {"spec": {"containers": container}}}})), 35);
    assert_eq!(found.len(), 1, "{found:#?}");
}

#[test]
fn versions_differ() {
    let workload =
        json!({"apiVersion": "resource.k8s.io/v1", "kind": "DeviceClass", "metadata": {"name": "gpu"}, "spec": {}});
    assert_eq!(checked(&workload, 33), ["apiVersion: Kubernetes 1.33 does not serve `resource.k8s.io/v1` DeviceClass"]);
    assert!(checked(&workload, 34).is_empty());
}

#[test]
fn a_kind_that_a_group_of_kubernetes_lacks() {
    let object = json!({"apiVersion": "apps/v1", "kind": "Deploymnt", "metadata": {"name": "a"}});
    assert_eq!(checked(&object, 35), ["kind: Kubernetes 1.35 has no kind `Deploymnt` in `apps/v1`"]);
    let object = json!({"apiVersion": "v1", "kind": "Role", "metadata": {"name": "a", "namespace": "n"}});
    assert_eq!(checked(&object, 35), ["kind: Kubernetes 1.35 has no kind `Role` in `v1`"]);
}

#[test]
fn objects_of_the_cluster_have_no_namespace() {
    let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a", "namespace": "b"}});
    assert_eq!(checked(&object, 35), ["metadata.namespace: a Namespace belongs to no namespace"]);
}

#[test]
fn kinds_of_operators_are_known() {
    let object = json!({"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": "a"},
        "spec": {"scaleTargetRef": {"name": "api"}, "minReplicas": 1, "triggers": []}});
    assert_eq!(
        checked(&object, 35),
        ["spec.minReplicas: `minReplicas` is not a field here", "spec.triggers: 0 items, at least 1 are needed"]
    );
}

#[test]
fn what_nobody_wrote_is_a_bug() {
    let root = Node::new(crate::source::Span::new(Sources::new().add("a", ""), 0, 0), Value::Null);
    let mut findings = Findings::new(&root);
    let object = Object::new(&deployment(&json!({"spec": {"replicaz": 1}})), Phase::Backends, None);
    let places = Places { findings: &mut findings };
    let found = faults(&object, &Definitions::default(), 35);
    places.report(&[object], vec![found]);
    let found: Vec<_> = findings.found.iter().map(|finding| (finding.code.id, finding.message.as_str())).collect();
    assert_eq!(
        found,
        [(
            "WL0999",
            "Windlass made an object that is not valid: `replicaz` is not a field here, at `spec.replicaz` of the Deployment `api`"
        )]
    );
}
