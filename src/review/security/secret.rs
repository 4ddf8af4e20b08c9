//! Which secrets are brought into the namespace, and who reads them.

use super::{Opening, opening};
use crate::diff::path::{at, shown, text_at};
use crate::kube::Content;
use crate::review::workload::items;
use std::collections::BTreeSet;

/// That a pod reads a secret.
pub(super) fn read(secret: &str) -> Opening {
    let what = format!("reads the Secret `{secret}`");
    opening("secret-read", format!("pod.secrets[{secret}]"), secret, what, "who takes over the pod has the secret")
}

pub(super) fn external(content: &Content) -> Vec<Opening> {
    let store = text_at(content, &["spec", "secretStoreRef", "name"]).unwrap_or_default();
    let data = items(at(content, &["spec", "data"])).map(|item| {
        let key = text_at(item, &["remoteRef", "key"]).unwrap_or_default();
        let property =
            text_at(item, &["remoteRef", "property"]).map_or(String::new(), |property| format!("#{property}"));
        (text_at(item, &["secretKey"]).unwrap_or_default(), format!("{store}:{key}{property}"))
    });
    let named = data.map(|(name, path)| {
        opening(
            "secret-path",
            format!("spec.data[{name}]"),
            path.clone(),
            format!("reads `{path}` of the secret store"),
            "the value of this path becomes a Secret that pods of the namespace can read",
        )
    });
    let all = items(at(content, &["spec", "dataFrom"])).map(|from| {
        opening(
            "secret-path",
            "spec.dataFrom",
            shown(from),
            "reads every value of this path",
            "all values of the path become a Secret",
        )
    });
    named.chain(all).collect()
}

/// The secrets that a container reads as variables.
pub(super) fn of_container(container: &Content) -> BTreeSet<&str> {
    let single =
        items(container.get("env")).filter_map(|variable| text_at(variable, &["valueFrom", "secretKeyRef", "name"]));
    let whole = items(container.get("envFrom")).filter_map(|from| text_at(from, &["secretRef", "name"]));
    single.chain(whole).collect()
}

/// The secrets that a volume holds.
pub(super) fn of_volume(volume: &Content) -> Vec<&str> {
    let own = text_at(volume, &["secret", "secretName"]);
    let projected =
        items(at(volume, &["projected", "sources"])).filter_map(|source| text_at(source, &["secret", "name"]));
    own.into_iter().chain(projected).collect()
}
