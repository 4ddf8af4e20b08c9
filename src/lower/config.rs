//! Configuration: each ConfigMap of the system, and those of a component's files.
//!
//! Their names end with a hash of their content, so a change is a new object that its readers are rolled
//! out to, and the old one is pruned. They are immutable, which suits just that: the kubelet reads an
//! immutable ConfigMap once and keeps it, so that a pod of the old version that starts its container
//! again in the midst of a rollout does so even when the old ConfigMap has been pruned already. And a hand
//! or a patch that changes the content under the same name is refused, where it would else go unnoticed
//! by the pods.

use super::meta::Lowering;
use super::present;
use crate::kube::{Object, Phase};
use crate::model::{Component, Config, FileMap, Progressive};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::ConfigMap;
use std::collections::BTreeMap;

/// The configuration that components share.
pub(super) fn shared(cx: &Lowering<'_>) -> Vec<Object> {
    let config_map = |config: &Config| {
        let map = ConfigMap {
            metadata: cx.system_meta(&config.name),
            immutable: Some(true),
            data: present(config.data.clone()),
            binary_data: None,
        };
        Object::new(&map, Phase::Configuration, None)
    };
    cx.model.configs.values().map(config_map).collect()
}

/// The files of a component, of the version that it replaces, and of its migrations; those of the same content are one object.
pub(super) fn files(cx: &Lowering<'_>, component: &Component) -> Vec<Object> {
    let config_map = |files: &FileMap| {
        let binary = files.binary.iter().map(|(key, content)| (key.clone(), ByteString(content.clone())));
        let map = ConfigMap {
            metadata: cx.component_meta(component, &files.name),
            immutable: Some(true),
            data: present(files.data.clone()),
            binary_data: present(binary.collect()),
        };
        Object::new(&map, Phase::Configuration, Some(&component.key))
    };
    let own = component.workload().into_iter().flat_map(|workload| &workload.files);
    let stable = component.progressive().and_then(Progressive::stable).into_iter().flat_map(|stable| &stable.files);
    let files: BTreeMap<&str, &FileMap> = own
        .chain(stable)
        .chain(component.releases.iter().flat_map(|release| &release.files))
        .map(|files| (files.name.as_str(), files))
        .collect();
    files.into_values().map(config_map).collect()
}

#[cfg(test)]
mod tests {
    use crate::lower::fixture::{assert_facts, find, lowered, model};

    #[test]
    fn configuration_is_immutable_under_its_hashed_name() {
        let objects = lowered(&model());
        assert_facts(
            find(&objects, "ConfigMap", "limits-1a2b3c4d5e"),
            r#"
            /immutable = true
            /data = {"MAX_USERS": "100"}
            /binaryData is absent
            "#,
        );
        assert_facts(
            find(&objects, "ConfigMap", "api-files-0a1b2c3d4e"),
            r#"
            /immutable = true
            /data = {"app.toml": "level = \"info\"\n"}
            /binaryData = {"logo.bin": "/wA="}
            /metadata/labels/app.kubernetes.io~1name = "api"
            "#,
        );
    }
}
