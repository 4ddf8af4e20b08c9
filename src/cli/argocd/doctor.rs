//! `windlass argocd doctor`

use crate::cli::project::folder;
use crate::cli::terminal::Terminal;
use crate::cli::{Ending, Global};
use crate::deliver::plugin::{Surroundings, examine};
use crate::diagnostic::Diagnostics;
use crate::source::Sources;
use crate::workspace::{FILE_LIMIT, ReadError, Workspace, size};
use clap::Args;
use std::path::{Path, PathBuf};

/// Check a `plugin.yaml`, and tell what Argo CD will do with it
///
/// Run in the sidecar it also looks at what is around: the folder for temporary files, the variables. Run in a clone,
/// at what is sent to the sidecar.
#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// The settings of the plugin; otherwise `plugin.yaml` here, or where the sidecar has them
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

/// Where the sidecar has the settings.
const IN_SIDECAR: &str = "/home/argocd/cmp-server/config/plugin.yaml";

impl Doctor {
    pub(super) fn run(&self, global: &Global, terminal: &mut Terminal) -> Ending {
        let here = folder(global);
        let path = self.file.clone().unwrap_or_else(|| {
            let local = PathBuf::from("plugin.yaml");
            if here.join(&local).exists() { local } else { IN_SIDECAR.into() }
        });
        let text = match read(&here.join(&path), &path) {
            Ok(text) => text,
            Err(error) => {
                let ending = Ending::of_fault(error.is_machine_fault());
                return terminal.answer_stop(error.into(), ending);
            }
        };
        let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
        let file = sources.add(path.display().to_string(), text.clone());
        examine(file, &text, &around(&here), &mut found);
        let errors = found.has_errors();
        terminal.findings(&sources, found, true);
        if errors { Ending::Findings } else { Ending::Clean }
    }
}

/// The settings may lie anywhere.
fn read(place: &Path, shown: &Path) -> Result<String, ReadError> {
    let shown = shown.display().to_string();
    let missing = || ReadError::NotFound { path: shown.clone(), missing: shown.clone(), near: None };
    let (Some(folder), Some(name)) = (place.parent(), place.file_name().and_then(|name| name.to_str())) else {
        return Err(missing());
    };
    if !place.exists() {
        return Err(missing());
    }
    let bytes = Workspace::at(folder)?.read(name, FILE_LIMIT)?;
    String::from_utf8(bytes)
        .map_err(|error| ReadError::NotUtf8 { path: shown, offset: error.utf8_error().valid_up_to() })
}

fn around(here: &Path) -> Surroundings {
    let workspace = Workspace::open(here).ok().filter(|workspace| workspace.root().join(".git").is_dir());
    let sizes = workspace.map(|workspace| (size(workspace.root()), size(&workspace.root().join(".git"))));
    let (bytes, bytes_of_git) = sizes.unwrap_or_default();
    Surroundings {
        no_temporary_folder: tempfile::tempfile().is_err(),
        has_exec_timeout: std::env::var_os("ARGOCD_EXEC_TIMEOUT").is_some(),
        bytes,
        bytes_of_git,
    }
}
