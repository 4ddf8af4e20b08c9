use super::*;
use crate::kube::Phase;
use serde_json::{Value, json};

fn object(value: &Value) -> Object {
    Object::read(Content::of(value).expect("a tree"), None, Phase::Configuration)
}

fn config(name: &str, data: &Value) -> Object {
    object(
        &json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "ai"}, "data": data}),
    )
}

fn reader(config: &str) -> Object {
    object(&json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api", "namespace": "ai"},
        "spec": {"template": {"spec": {"volumes": [{"name": "files", "configMap": {"name": config}}]}}}}))
}

#[test]
fn a_renewed_config_map_is_one_change_that_its_readers_follow() {
    let before = [config("files-0123456789", &json!({"a": "1"})), reader("files-0123456789")];
    let after = [config("files-abcdef0123", &json!({"a": "2"})), reader("files-abcdef0123")];
    let changes = diff(&before, &after);
    assert_eq!(changes[0].how, How::Renewed { from: "files-0123456789".into() });
    assert_eq!(changes[0].fields.len(), 1);
    assert!(changes[1].only_follows());
}

#[test]
fn another_version_of_the_api_is_the_same_object() {
    let with = |version: &str| {
        object(&json!({"apiVersion": version, "kind": "HTTPRoute", "metadata": {"name": "a", "namespace": "ai"}}))
    };
    let changes = diff(&[with("gateway.networking.k8s.io/v1beta1")], &[with("gateway.networking.k8s.io/v1")]);
    assert_eq!(changes[0].how, How::Changed);
    assert_eq!(changes[0].fields[0].path.to_string(), "apiVersion");
}

#[test]
fn an_object_under_another_name_is_a_rename() {
    let claim = |name: &str| {
        object(
            &json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name, "namespace": "ai"},
            "spec": {"storageClassName": "gp3", "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}),
        )
    };
    let changes = diff(&[claim("old")], &[claim("new")]);
    assert!(matches!(&changes[0].how, How::Renamed { from } if from.name == "old"), "{changes:?}");
}

#[test]
fn values_of_secrets_are_never_shown() {
    let secret = |value: &str| {
        object(&json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "ai"},
            "stringData": {"word": value}}))
    };
    let changes = diff(&[secret("opensesame")], &[secret("closesesame")]);
    let shown = format!("{changes:?}");
    assert_eq!(changes[0].fields.len(), 1);
    assert!(!shown.contains("sesame"), "{shown}");
}

#[test]
fn a_set_against_itself_has_no_change() {
    let objects = [config("a", &json!({"x": "1"})), reader("a")];
    assert!(diff(&objects, &objects).is_empty());
    let mut turned = objects.to_vec();
    turned.reverse();
    assert!(diff(&objects, &turned).is_empty());
}

#[test]
fn the_same_change_in_many_objects_is_one_group() {
    let with = |tag: &str| -> Vec<Object> {
        let image = |name: &str| {
            object(
                &json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "ai"},
                "spec": {"template": {"spec": {"containers": [{"name": name, "image": format!("app:{tag}")}]}}}}),
            )
        };
        ["a", "b", "c"].map(image).to_vec()
    };
    let changes = diff(&with("1"), &with("2"));
    let groups = groups(&changes);
    assert_eq!(groups.len(), 1);
    assert_eq!(groups[0].field, "spec.template.spec.containers.image");
    assert_eq!(groups[0].objects.len(), 3);
}
