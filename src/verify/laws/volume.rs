//! Volumes and mounts. Source: `ValidateVolumes`, `ValidateVolumeMounts`.

use super::{Subject, at, each, entries, get, items, text};
use crate::diagnostic::{code, nearest};
use crate::kube::Content;
use crate::spec::text as rules;
use crate::verify::schema::Walk;

pub(super) fn volumes_are_valid<'a>(pod: &'a Content, walk: &mut Walk<'a>) {
    each(walk, pod, "volumes", |walk, volume| {
        if let Some(Err(refusal)) = text(volume, "name").map(rules::dns_label) {
            super::on(walk, volume, "name", |walk| {
                walk.fault(code::OBJECT_VOLUME, refusal.message)
                    .label("not a name of a volume")
                    .reason("the name of a volume is a DNS label")
                    .help(refusal.help)
            });
        }
        sources(volume, walk);
        each_projection(volume, walk);
        settings(volume, walk);
    });
}

/// A volume has one source; without one it is an empty folder.
fn sources<'a>(volume: &'a Content, walk: &mut Walk<'a>) {
    let written: Vec<&str> = entries(volume)
        .iter()
        .filter(|(key, value)| key != "name" && !matches!(value, Content::Null))
        .map(|(key, _)| key.as_str())
        .collect();
    if written.len() > 1 {
        walk.push(
            walk.fault(code::OBJECT_VOLUME, format!("the volume has {} at once", crate::diagnostic::listed(written)))
                .label("more than one source")
                .reason("the API server takes exactly one")
                .help("keep one of them")
                .on_key(),
        );
    }
}

/// What the sources themselves need.
fn settings<'a>(volume: &'a Content, walk: &mut Walk<'a>) {
    for (source, field) in [("secret", "secretName"), ("persistentVolumeClaim", "claimName"), ("hostPath", "path")] {
        at(walk, volume, &[source], |walk, source| {
            if text(source, field).is_none_or(str::is_empty) {
                super::on(walk, source, field, |walk| {
                    wrong(walk, &format!("the volume names nothing in `{field}`"), "names nothing")
                });
            }
        });
    }
    at(walk, volume, &["hostPath", "path"], |walk, path| inside(walk, path));
    for source in ["secret", "configMap"] {
        at(walk, volume, &[source], |walk, source| {
            each(walk, source, "items", |walk, item| at(walk, item, &["path"], inside));
        });
    }
    at(walk, volume, &["emptyDir", "sizeLimit"], |walk, size| {
        if super::resources::quantity(size).is_some_and(crate::model::quantity::Quantity::is_negative) {
            walk.push(wrong(walk, "the limit is less than 0", "less than 0"));
        }
    });
    at(walk, volume, &["ephemeral", "volumeClaimTemplate", "spec"], super::storage::claim);
}

fn inside<'a>(walk: &mut Walk<'a>, path: &'a Content) {
    if path.as_str().is_some_and(|path| path.split('/').any(|part| part == "..")) {
        walk.push(wrong(walk, "the path goes up", "with `..`"));
    }
}

fn wrong(walk: &Walk<'_>, message: &str, label: &str) -> crate::verify::schema::Fault {
    walk.fault(code::OBJECT_VOLUME, message).label(label).reason("the API server refuses such a volume")
}

fn each_projection<'a>(volume: &'a Content, walk: &mut Walk<'a>) {
    at(walk, volume, &["projected"], |walk, projected| {
        each(walk, projected, "sources", |walk, source| {
            let of =
                ["secret", "configMap", "downwardAPI", "serviceAccountToken", "clusterTrustBundle", "podCertificate"];
            // One without any is taken with a warning.
            if of.into_iter().any(|of| super::has(source, of)) {
                super::one_of(walk, source, &of, code::OBJECT_VOLUME, "this source");
            }
        });
    });
}

/// Mounts name volumes of their pod.
pub(super) fn mounts_are_valid<'a>(subject: Subject<'a>, pod: &'a Content, walk: &mut Walk<'a>) {
    let mut names: Vec<&str> =
        pod.get("volumes").map(items).unwrap_or_default().iter().filter_map(|volume| text(volume, "name")).collect();
    if subject.is("apps", &["StatefulSet"]) {
        let claims = get(subject.content, &["spec", "volumeClaimTemplates"]).map(items).unwrap_or_default();
        names.extend(claims.iter().filter_map(|claim| text(claim.get("metadata")?, "name")));
    }
    for list in super::container::LISTS {
        each(walk, pod, list, |walk, container| {
            for field in ["volumeMounts", "volumeDevices"] {
                each(walk, container, field, |walk, mount| one_mount(mount, &names, walk));
            }
        });
    }
}

fn one_mount<'a>(mount: &'a Content, names: &[&str], walk: &mut Walk<'a>) {
    if let Some(name) = text(mount, "name").filter(|name| !names.contains(name)) {
        super::on(walk, mount, "name", |walk| {
            let near = nearest(name, names.iter().copied());
            let fault = walk
                .fault(code::OBJECT_VOLUME, format!("the pod has no volume `{name}`"))
                .label("no such volume")
                .reason("the API server refuses a mount of nothing")
                .suggest(near);
            match near {
                Some(near) => fault.help(format!("did you mean `{near}`?")),
                None if names.is_empty() => fault.help("write it under `volumes`"),
                None => fault.help(format!("its volumes are {}", crate::diagnostic::listed(names.iter().copied()))),
            }
        });
    }
    if text(mount, "mountPath").is_some_and(str::is_empty) {
        super::on(walk, mount, "mountPath", |walk| {
            walk.fault(code::OBJECT_VOLUME, "this is no path to mount at")
                .label("empty")
                .reason("the API server refuses it")
        });
    }
    for field in ["subPath", "subPathExpr"] {
        if text(mount, field).is_some_and(|path| path.starts_with('/') || path.split('/').any(|part| part == "..")) {
            super::on(walk, mount, field, |walk| {
                walk.fault(code::OBJECT_VOLUME, format!("`{field}` leads out of the volume"))
                    .label("not a path within it")
                    .reason("it is relative, and has no `..`; the API server refuses others")
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::verify::laws::tests::{deployment, found};
    use serde_json::{Value, json};

    fn with(volumes: &Value, mounts: &Value) -> Vec<String> {
        found(&deployment(
            &json!({"volumes": volumes, "containers": [{"name": "api", "image": "a:1", "volumeMounts": mounts}]}),
        ))
    }

    #[test]
    fn mounts_name_volumes() {
        let volumes = json!([{"name": "data", "emptyDir": {}}]);
        assert!(with(&volumes, &json!([{"name": "data", "mountPath": "/data"}])).is_empty());
        let found = with(&volumes, &json!([{"name": "date", "mountPath": "/data"}]));
        assert_eq!(found, ["spec.template.spec.containers.0.volumeMounts.0.name: the pod has no volume `date`"]);
        assert_eq!(with(&volumes, &json!([{"name": "data", "mountPath": "/data", "subPath": "../x"}])).len(), 1);
    }

    #[test]
    fn a_volume_has_one_source() {
        assert_eq!(
            with(&json!([{"name": "data", "emptyDir": {}, "secret": {"secretName": "s"}}]), &json!([])).len(),
            1
        );
        assert_eq!(with(&json!([{"name": "Data", "emptyDir": {}}]), &json!([])).len(), 1);
        assert_eq!(with(&json!([{"name": "data", "secret": {}}]), &json!([])).len(), 1);
        assert_eq!(
            with(
                &json!([{"name": "data", "configMap": {"name": "c", "items": [{"key": "a", "path": "../x"}]}}]),
                &json!([])
            )
            .len(),
            1
        );
        assert_eq!(with(&json!([{"name": "data", "emptyDir": {"sizeLimit": "-1"}}]), &json!([])).len(), 1);
    }
}
