//! Claims of volumes, alone and in the template of a StatefulSet. Source: `ValidatePersistentVolumeClaimSpec`.

use super::metadata::reference;
use super::resources::quantity;
use super::{Subject, at, each, get, items};
use crate::diagnostic::code;
use crate::kube::Content;
use crate::verify::schema::Walk;

pub(super) fn claims_are_valid<'a>(subject: Subject<'a>, walk: &mut Walk<'a>) {
    match (subject.group, subject.kind) {
        ("", "PersistentVolumeClaim") => at(walk, subject.content, &["spec"], claim),
        ("apps", "StatefulSet") => at(walk, subject.content, &["spec"], |walk, spec| {
            each(walk, spec, "volumeClaimTemplates", |walk, template| at(walk, template, &["spec"], claim));
        }),
        _ => {}
    }
}

pub(super) fn claim<'a>(walk: &mut Walk<'a>, spec: &'a Content) {
    let modes = spec.get("accessModes").map(items).unwrap_or_default();
    if modes.is_empty() {
        super::on(walk, spec, "accessModes", |walk| {
            wrong(walk, "the claim has no access mode", "at least one is needed")
        });
    }
    if modes.len() > 1 && modes.iter().any(|mode| mode.as_str() == Some("ReadWriteOncePod")) {
        super::on(walk, spec, "accessModes", |walk| {
            wrong(walk, "`ReadWriteOncePod` stands beside another mode", "it stands alone")
        });
    }
    each(walk, spec, "accessModes", |walk, mode| {
        if matches!(mode, Content::Null) {
            walk.push(wrong(walk, "this is no access mode", "nothing is written"));
        }
    });
    reference(walk, spec, "storageClassName", "a StorageClass");
    match get(spec, &["resources", "requests", "storage"]) {
        None => {
            super::on(walk, spec, "resources", |walk| {
                wrong(walk, "the claim says no size", "needs `requests.storage`")
            });
        }
        Some(size) if quantity(size).is_some_and(|size| size <= crate::model::quantity::Quantity::ZERO) => {
            at(walk, spec, &["resources", "requests", "storage"], |walk, _| {
                walk.push(wrong(walk, "the claim asks for no space", "must be over 0"));
            });
        }
        Some(_) => {}
    }
}

fn wrong(walk: &Walk<'_>, message: &str, label: &str) -> crate::verify::schema::Fault {
    walk.fault(code::OBJECT_STORAGE, message).label(label).reason("the API server refuses such a claim")
}

#[cfg(test)]
mod tests {
    use crate::verify::laws::tests::found;
    use serde_json::{Value, json};

    fn with(spec: &Value) -> usize {
        let mut whole = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}});
        json_patch::merge(&mut whole, spec);
        found(&json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "a"}, "spec": whole}))
            .len()
    }

    #[test]
    fn a_claim_has_a_mode_and_a_size() {
        assert_eq!(with(&json!({})), 0);
        assert_eq!(with(&json!({"accessModes": []})), 1);
        assert_eq!(with(&json!({"accessModes": ["ReadWriteOnce", "ReadWriteOncePod"]})), 1);
        assert_eq!(with(&json!({"resources": null})), 1);
        assert_eq!(with(&json!({"resources": {"requests": {"storage": "0"}}})), 1);
    }
}
