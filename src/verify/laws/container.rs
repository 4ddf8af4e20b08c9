//! Containers. Source: `validateContainers` and `validateInitContainers`.

use super::{at, each, environment, get, is_true, items, probe, resources, text};
use crate::diagnostic::code;
use crate::kube::Content;
use crate::spec::text as rules;
use crate::verify::schema::Walk;
use std::collections::BTreeSet;

pub(super) const LISTS: [&str; 2] = ["initContainers", "containers"];

pub(super) fn containers_are_valid<'a>(pod: &'a Content, walk: &mut Walk<'a>) {
    if pod.get("containers").is_some_and(|list| items(list).is_empty() && !matches!(list, Content::Map(_))) {
        super::on(walk, pod, "containers", |walk| {
            walk.fault(code::OBJECT_CONTAINER, "the pod has no container")
                .label("at least one is needed")
                .reason("a pod without a container is refused")
        });
    }
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for list in LISTS {
        let of_list: BTreeSet<&str> = seen.clone();
        each(walk, pod, list, |walk, container| {
            name(container, &of_list, walk);
            seen.extend(text(container, "name"));
            one(container, walk);
            if list == "initContainers" && text(container, "restartPolicy") != Some("Always") {
                probe::steps_have_no_probes(container, walk);
            }
        });
    }
}

/// Names within one list are told apart by their schema.
fn name<'a>(container: &'a Content, others: &BTreeSet<&str>, walk: &mut Walk<'a>) {
    let Some(name) = text(container, "name") else { return };
    if others.contains(name) {
        super::on(walk, container, "name", |walk| {
            walk.fault(code::OBJECT_CONTAINER, format!("an init container is called `{name}` too"))
                .label("the second one")
                .reason("containers of a pod, init containers among them, have names of their own")
        });
    }
    if let Err(refusal) = rules::dns_label(name) {
        super::on(walk, container, "name", |walk| {
            walk.fault(code::OBJECT_NAME, refusal.message)
                .label("not a name of a container")
                .reason("the name of a container is a DNS label")
                .help(refusal.help)
        });
    }
}

fn one<'a>(container: &'a Content, walk: &mut Walk<'a>) {
    let image = text(container, "image").unwrap_or_default();
    if image.is_empty() || image != image.trim() {
        super::on(walk, container, "image", |walk| {
            walk.fault(code::OBJECT_CONTAINER, "the container has no image that could be pulled")
                .label(if image.is_empty() { "no image" } else { "spaces at its edges" })
                .reason("its pods could never start")
                .help("write `image`, with a tag or a digest")
        });
    }
    at(walk, container, &["resources"], resources::resources_are_valid);
    environment::variables_are_valid(container, walk);
    probe::probes_are_valid(container, walk);
    at(walk, container, &["securityContext"], |walk, security| {
        profile(walk, security);
        let escalates = get(security, &["allowPrivilegeEscalation"]) == Some(&Content::Bool(false));
        let adds = get(security, &["capabilities", "add"]).map(items).unwrap_or_default();
        let admin = adds.iter().any(|added| matches!(added.as_str(), Some("CAP_SYS_ADMIN")));
        if escalates && (is_true(security, "privileged") || admin) {
            super::on(walk, security, "allowPrivilegeEscalation", |walk| {
                walk.fault(code::OBJECT_CONTAINER, "a privileged container may always escalate")
                    .label("cannot be false here")
                    .reason("the API server refuses it beside `privileged: true` or the capability `CAP_SYS_ADMIN`")
                    .help("take the privilege away")
            });
        }
    });
}

/// A profile of the node has a name, and no other has.
pub(super) fn profile<'a>(walk: &mut Walk<'a>, security: &'a Content) {
    for field in ["seccompProfile", "appArmorProfile"] {
        at(walk, security, &[field], |walk, profile| {
            let of_node = text(profile, "type") == Some("Localhost");
            if of_node != super::has(profile, "localhostProfile") {
                super::on(walk, profile, "localhostProfile", |walk| {
                    walk.fault(
                        code::OBJECT_CONTAINER,
                        "`localhostProfile` goes with `type: Localhost`, and only with it",
                    )
                    .label("does not fit the type")
                    .reason("the API server refuses one without the other")
                });
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::verify::laws::tests::{deployment, found, in_container};
    use serde_json::json;

    #[test]
    fn a_container_has_a_name_and_an_image() {
        assert_eq!(in_container(&json!({"image": null})).len(), 1);
        assert_eq!(in_container(&json!({"name": "Api"})).len(), 1);
        assert_eq!(
            in_container(&json!({"securityContext": {"privileged": true, "allowPrivilegeEscalation": false}})).len(),
            1
        );
    }

    #[test]
    fn a_pod_has_containers_of_different_names() {
        assert_eq!(found(&deployment(&json!({"containers": []}))).len(), 1);
        let twice =
            json!({"containers": [{"name": "a", "image": "a:1"}], "initContainers": [{"name": "a", "image": "a:1"}]});
        assert_eq!(found(&deployment(&twice)).len(), 1);
    }
}
