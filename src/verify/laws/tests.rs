//! What each law finds, by the object that breaks it.

use super::*;
use crate::verify::schema::Walk;
use serde_json::{Value, json};

/// The places and messages of what the laws find.
pub(super) fn found(object: &Value) -> Vec<String> {
    let content = Content::of(object).expect("a tree");
    let object = crate::kube::Object::new(&content, crate::kube::Phase::Backends, None);
    let mut walk = Walk::new(35);
    check(&object.identity, &object.content, &mut walk);
    walk.faults.into_iter().map(|fault| format!("{}: {}", fault.place.join("."), fault.message)).collect()
}

pub(super) fn deployment(pod: &Value) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api"},
        "spec": {
            "selector": {"matchLabels": {"app": "api"}},
            "template": {"metadata": {"labels": {"app": "api"}}, "spec": pod},
        },
    })
}

/// What the laws find on a pod with one container.
pub(super) fn in_container(container: &Value) -> Vec<String> {
    let mut whole = json!({"name": "api", "image": "api:1"});
    json_patch::merge(&mut whole, container);
    found(&deployment(&json!({"containers": [whole]})))
        .into_iter()
        .map(|line| {
            line.replace("spec.template.spec.containers.0.", "").replace("spec.template.spec.containers.0:", ":")
        })
        .collect()
}

#[test]
fn a_plain_deployment_keeps_all_laws() {
    assert_eq!(in_container(&json!({})), Vec::<String>::new());
}
