//! What servers have in common that read models as the Hugging Face hub has them.

use super::Serving;
use crate::spec::ModelSource;

/// The home of the server's user: caches of compiled kernels, settings, locks.
pub(super) const HOME: &str = "/home/server";

/// A home that can be written, and weights from the hub or from a folder alone. Without a name for its
/// user, which the image does not know, PyTorch finds no place for what it compiles.
pub(super) fn environment(serving: &Serving<'_>) -> Vec<(&'static str, String)> {
    let mut environment = vec![("HOME", HOME.to_owned()), ("USER", "server".to_owned())];
    environment.push(match serving.repository {
        Some(_) => ("HF_HOME", serving.folder.to_owned()),
        None => ("HF_HUB_OFFLINE", "1".to_owned()),
    });
    environment
}

/// `/models/<name>`
pub(super) fn folder(model: &str) -> String {
    format!("/models/{model}")
}

/// A whole repository or folder, not a single file of it.
pub(super) fn is_folder(source: &ModelSource) -> bool {
    source.file().is_none()
}
