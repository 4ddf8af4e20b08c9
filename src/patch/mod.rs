//! Patches: what the author lays over emitted objects.
//!
//! Promises: patches of components come before those of the system, each kind of them in the order of
//! writing; an object keeps its identity; a patch that cannot be applied, or matches nothing, is a
//! finding at its place. What a patched object then is gets verified like any other.

mod strategic;

use crate::diagnostic::{Code, code, listed, nearest};
use crate::document::{Finding, Findings};
use crate::kube::{Content, Object};
use crate::model::{Patch, PatchChange};
use serde_json::Value;
use std::collections::BTreeSet;

/// Applies all patches.
pub fn apply(objects: &mut [Object], patches: &[Patch], findings: &mut Findings<'_>) {
    for patch in patches {
        let mut matched = false;
        for object in objects.iter_mut().filter(|object| is_target(object, patch)) {
            matched = true;
            match patched(object, &patch.change) {
                Ok(content) => {
                    object.content = content;
                    object.patched.push(patch.place.join(form(patch)));
                }
                Err(refusal) => findings.push(refused(object, patch, refusal)),
            }
        }
        if !matched && !patch.optional {
            findings.push(matches_nothing(objects, patch));
        }
    }
}

fn is_target(object: &Object, patch: &Patch) -> bool {
    is_in_reach(object, patch)
        && object.identity.kind == patch.kind
        && patch.name.as_ref().is_none_or(|name| object.identity.name == *name)
}

/// A component's patches change its own objects only.
fn is_in_reach(object: &Object, patch: &Patch) -> bool {
    patch.component.is_none() || object.component == patch.component
}

/// Why a patch cannot be applied.
struct Refusal {
    code: Code,
    message: String,
    reason: String,
}

fn patched(object: &Object, change: &PatchChange) -> Result<Content, Refusal> {
    if object.content.get("sops").is_some() && object.identity.kind == "Secret" {
        return Err(Refusal {
            code: code::SECRET_CHANGED,
            message: "SOPS signed it as a whole".into(),
            reason: "what is changed after it was encrypted breaks its MAC, and nothing opens it any more".into(),
        });
    }
    let mut value = object.json();
    match change {
        PatchChange::Merge(layer) if is_builtin(object.identity.group()) => {
            strategic::merge(&mut value, layer, &object.identity.kind).map_err(|message| Refusal {
                code: code::PATCH_FAILED,
                message,
                reason: "a strategic merge finds the items of a list by their key".into(),
            })?;
        }
        PatchChange::Merge(layer) => json_patch::merge(&mut value, layer),
        PatchChange::Operations(operations) => operate(&mut value, operations)?,
    }
    keeps_identity(object, &value)?;
    Content::of(&value).map_err(|error| Refusal {
        code: code::PATCH_FAILED,
        message: error.to_string(),
        reason: "an object is a tree of maps with text for keys, and numbers within 64 bits".into(),
    })
}

fn operate(value: &mut Value, operations: &Value) -> Result<(), Refusal> {
    let refusal = |message: String| Refusal {
        code: code::PATCH_FAILED,
        message,
        reason: "an operation of RFC 6902 names a place that is there, and `add` one whose parent is".into(),
    };
    let operations: json_patch::Patch =
        serde_json::from_value(operations.clone()).map_err(|error| refusal(error.to_string()))?;
    json_patch::patch(value, &operations).map_err(|error| refusal(error.to_string()))
}

fn keeps_identity(object: &Object, value: &Value) -> Result<(), Refusal> {
    let before = object.json();
    let changed = ["/apiVersion", "/kind", "/metadata/name", "/metadata/namespace"]
        .into_iter()
        .find(|pointer| value.pointer(pointer) != before.pointer(pointer));
    match changed {
        None => Ok(()),
        Some(pointer) => Err(Refusal {
            code: code::PATCH_IDENTITY,
            message: format!("it changes `{pointer}`"),
            reason: "an object under another name is another object: what refers to it would point to nothing".into(),
        }),
    }
}

/// True for the kinds that Kubernetes brings itself, which its tools patch strategically.
fn is_builtin(group: &str) -> bool {
    const WITH_DOT: &[&str] = &[
        "networking.k8s.io",
        "rbac.authorization.k8s.io",
        "storage.k8s.io",
        "scheduling.k8s.io",
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "coordination.k8s.io",
        "resource.k8s.io",
    ];
    !group.contains('.') || WITH_DOT.contains(&group)
}

/// The key under which the change stands.
fn form(patch: &Patch) -> &'static str {
    if matches!(patch.change, PatchChange::Merge(_)) { "merge" } else { "json" }
}

fn refused(object: &Object, patch: &Patch, refusal: Refusal) -> Finding {
    Finding::error(
        refusal.code,
        patch.place.join(form(patch)),
        format!(
            "this patch cannot be laid over the {} `{}`: {}",
            object.identity.kind, object.identity.name, refusal.message
        ),
    )
    .label("does not fit")
    .on_key()
    .reason(refusal.reason)
    .help(if refusal.code == code::SECRET_CHANGED {
        "change the file with `sops edit`, or name in `target` what else the patch is for".into()
    } else {
        format!(
            "compare it with the object in the output without the patch: `windlass build --stdout` prints {} `{}`",
            object.identity.kind, object.identity.name
        )
    })
}

fn matches_nothing(objects: &[Object], patch: &Patch) -> Finding {
    let reach = || objects.iter().filter(|object| is_in_reach(object, patch));
    let kinds: BTreeSet<&str> = reach().map(|object| object.identity.kind.as_str()).collect();
    let names: BTreeSet<&str> = reach()
        .filter(|object| object.identity.kind == patch.kind)
        .map(|object| object.identity.name.as_str())
        .collect();
    let whose = patch.component.as_ref().map_or("the system".to_owned(), |key| format!("`{key}`"));
    let (field, written, known) = match &patch.name {
        Some(name) if !names.is_empty() => ("name", name.as_str(), names),
        _ => ("kind", patch.kind.as_str(), kinds),
    };
    let finding = Finding::error(
        code::PATCH_OF_NOTHING,
        patch.place.join("target").join(field),
        format!("this patch matches nothing: {whose} has no object with the {field} `{written}`"),
    )
    .label("no such object")
    .reason("a patch that no longer matches would be lost without a word");
    match nearest(written, known.iter().copied()) {
        Some(near) => finding.help(format!("a similar {field} is `{near}`")).suggest(near, false),
        None => finding.help(format!(
            "its objects are {}; where the object depends on the target, write `optional: true`",
            listed(known)
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Node, at};
    use crate::kube::Phase;
    use crate::source::Sources;
    use serde_json::json;

    fn object(value: &Value) -> Object {
        Object::new(value, Phase::Backends, Some("api"))
    }

    fn deployment() -> Object {
        object(&json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api", "namespace": "shop"},
            "spec": {"template": {"spec": {"containers": [{"name": "api", "image": "a:1"}]}}},
        }))
    }

    fn patch(kind: &str, change: PatchChange) -> Patch {
        Patch {
            place: at!["components", "api", "patches", "p"],
            component: Some("api".into()),
            kind: kind.into(),
            name: None,
            optional: false,
            change,
        }
    }

    /// The object after the patch, and the codes of what was found.
    fn applied(mut object: Object, patch: Patch) -> (Value, Vec<&'static str>) {
        let file = Sources::new().add("system.yaml", "");
        let root = Node::map(crate::source::Span::new(file, 0, 0), []);
        let mut findings = Findings::new(&root);
        apply(std::slice::from_mut(&mut object), &[patch], &mut findings);
        (object.json(), findings.found.iter().map(|finding| finding.code.id).collect())
    }

    #[test]
    fn a_merge_finds_containers_by_name() {
        let merge = json!({"spec": {"template": {"spec": {"containers": [{"name": "api", "tty": true}]}}}});
        let (value, found) = applied(deployment(), patch("Deployment", PatchChange::Merge(merge)));
        assert!(found.is_empty());
        assert_eq!(
            value.pointer("/spec/template/spec/containers"),
            Some(&json!([{"name": "api", "image": "a:1", "tty": true}]))
        );
    }

    #[test]
    fn operations_change_what_they_name() {
        let operations = json!([{"op": "add", "path": "/spec/paused", "value": true}]);
        let (value, found) = applied(deployment(), patch("Deployment", PatchChange::Operations(operations)));
        assert!(found.is_empty());
        assert_eq!(value.pointer("/spec/paused"), Some(&json!(true)));
    }

    #[test]
    fn what_does_not_fit_is_a_finding_and_changes_nothing() {
        let operations = json!([{"op": "remove", "path": "/spec/nothing"}]);
        let (value, found) = applied(deployment(), patch("Deployment", PatchChange::Operations(operations)));
        assert_eq!((value, found), (deployment().json(), vec![code::PATCH_FAILED.id]));
    }

    #[test]
    fn an_object_keeps_its_identity() {
        let merge = json!({"metadata": {"name": "other"}});
        let (value, found) = applied(deployment(), patch("Deployment", PatchChange::Merge(merge)));
        assert_eq!((value, found), (deployment().json(), vec![code::PATCH_IDENTITY.id]));
    }

    #[test]
    fn a_patch_that_matches_nothing_is_a_finding_unless_optional() {
        let nothing = patch("StatefulSet", PatchChange::Merge(json!({})));
        assert_eq!(applied(deployment(), nothing.clone()).1, [code::PATCH_OF_NOTHING.id]);
        assert!(applied(deployment(), Patch { optional: true, ..nothing }).1.is_empty());
    }
}
