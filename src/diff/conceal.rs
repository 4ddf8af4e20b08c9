//! Secrets are compared by name: their values are never shown, not even encrypted ones.

use super::fields::{Edit, Field};
use crate::kube::{Content, Identity};

/// Stands in the place of a value that must not be shown.
const HIDDEN: &str = "(hidden)";

/// Whether an object carries the values of secrets, which a comparison conceals.
pub fn is_secret(identity: &Identity) -> bool {
    matches!((identity.group(), identity.kind.as_str()), ("", "Secret") | ("bitnami.com", "SealedSecret"))
}

/// Maps in which the values of secrets stand.
fn holds_values(key: &str) -> bool {
    matches!(key, "data" | "stringData" | "encryptedData" | "sops")
}

/// The object without its values.
pub(super) fn content(object: &Content) -> Content {
    under(object, false)
}

fn under(value: &Content, hide: bool) -> Content {
    match value {
        Content::Map(entries) => Content::Map(
            entries.iter().map(|(key, value)| (key.clone(), under(value, hide || holds_values(key)))).collect(),
        ),
        Content::List(items) => Content::List(items.iter().map(|item| under(item, hide)).collect()),
        // What `kubectl apply` wrote down holds the whole object again.
        Content::Text(text) if !hide && text.starts_with('{') && text.contains("ata\"") => Content::Text(HIDDEN.into()),
        _ if hide => Content::Text(HIDDEN.into()),
        other => other.clone(),
    }
}

/// Takes the values out of changes.
pub(super) fn fields(fields: &mut [Field]) {
    for field in fields {
        let hide = field.path.keys().any(holds_values);
        let conceal = |value: &Content| under(value, hide);
        field.edit = match &field.edit {
            Edit::Added(value) => Edit::Added(conceal(value)),
            Edit::Removed(value) => Edit::Removed(conceal(value)),
            Edit::Replaced(old, new) => Edit::Replaced(conceal(old), conceal(new)),
            Edit::Reordered => Edit::Reordered,
        };
    }
}
