//! Secrets: what fetches them into the namespace. No value is ever here.

use super::meta::Lowering;
use crate::kube::external_secrets::{
    ExternalSecret, ExternalSecretData, ExternalSecretSpec, RemoteRef, SecretStoreRef, Target, Template, go_duration,
};
use crate::kube::{Object, Phase};
use crate::model::{Secret, SecretOrigin, Strings};
use crate::target::SecretStore;

/// An `ExternalSecret` for each secret that comes from the target's store.
pub(super) fn external_secrets(cx: &Lowering<'_>) -> Vec<Object> {
    let Some(store) = &cx.model.target.secret_store else { return Vec::new() };
    let fetched = |secret: &Secret| match &secret.origin {
        SecretOrigin::Store { remote, properties } => {
            let external = external_secret(cx, store, secret, remote, properties);
            Some(Object::new(&external, Phase::Configuration, None))
        }
        SecretOrigin::Existing | SecretOrigin::Sealed(_) | SecretOrigin::Sops(_) => None,
    };
    cx.model.secrets.values().filter_map(fetched).collect()
}

fn external_secret(
    cx: &Lowering<'_>,
    store: &SecretStore,
    secret: &Secret,
    remote: &str,
    properties: &Strings,
) -> ExternalSecret {
    let data = |key: &String| ExternalSecretData {
        secret_key: key.clone(),
        remote_ref: RemoteRef::new(remote, properties.get(key).unwrap_or(key)),
    };
    ExternalSecret::new(
        cx.system_meta(&secret.name),
        ExternalSecretSpec {
            refresh_interval: go_duration(store.refresh),
            secret_store_ref: SecretStoreRef { kind: store.kind.text(), name: store.name.clone() },
            target: Target::new(&secret.name, (secret.kind != "Opaque").then(|| Template::of_type(&secret.kind))),
            data: secret.keys.iter().map(data).collect(),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::external_secrets;
    use crate::lower::fixture::{assert_facts, find, model, names};
    use crate::lower::meta::Lowering;

    #[test]
    fn only_what_the_store_holds_is_fetched() {
        let objects = external_secrets(&Lowering::new(&model()));
        assert_eq!(names(&objects), ["ExternalSecret db-auth", "ExternalSecret payments"]);
        assert_facts(
            find(&objects, "ExternalSecret", "payments"),
            r#"
            /apiVersion = "external-secrets.io/v1"
            /spec/refreshInterval = "1h0m0s"
            /spec/secretStoreRef = {"kind": "ClusterSecretStore", "name": "vault"}
            /spec/target = {"name": "payments", "creationPolicy": "Owner", "deletionPolicy": "Retain"}
            /spec/data/0/secretKey = "api-key"
            /spec/data/0/remoteRef = {"key": "shop/prod/payments", "property": "key", "conversionStrategy": "Default", "decodingStrategy": "None", "metadataPolicy": "None"}
            "#,
        );
    }

    #[test]
    fn a_typed_secret_has_a_template() {
        let objects = external_secrets(&Lowering::new(&model()));
        assert_facts(
            find(&objects, "ExternalSecret", "db-auth"),
            r#"
            /spec/target/template = {"type": "kubernetes.io/basic-auth", "engineVersion": "v2", "mergePolicy": "Replace"}
            /spec/data/1/remoteRef/property = "password"
            "#,
        );
    }
}
