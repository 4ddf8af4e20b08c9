//! `windlass argocd plugin`

use crate::cli::project::Project;
use crate::cli::terminal::Terminal;
use crate::cli::{Ending, Global, project};
use crate::deliver::plugin::{Part, Wiring};
use crate::git::{Repository, without_credentials};
use clap::Args;
use std::path::PathBuf;

/// Print the files that bring the plugin into Argo CD, for this repository
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  windlass argocd plugin                     all of them, to read\n  \
                        windlass argocd plugin sidecar > sidecar.yaml\n  \
                        windlass argocd plugin applications | kubectl apply -f -")]
pub(super) struct Plugin {
    /// Only this file
    #[arg(value_name = "PART")]
    part: Option<Part>,
    /// The system file; otherwise the one that is found
    #[arg(value_name = "SYSTEM")]
    system: Option<PathBuf>,
    /// The image of the sidecar
    #[arg(long, value_name = "IMAGE", default_value_t = format!("registry.example.com/windlass:{}", env!("CARGO_PKG_VERSION")))]
    image: String,
}

impl Plugin {
    pub(super) fn run(&self, global: &Global, terminal: &mut Terminal) -> Ending {
        let project = match Project::open(global, self.system.as_ref()) {
            Ok(project) => project,
            Err(unusable) => return unusable.show(terminal, false),
        };
        let environments = match project.environments(&[]) {
            Ok(environments) => environments.iter().map(|environment| environment.name.clone()).collect(),
            Err(finding) => return terminal.stop(finding, Ending::Findings),
        };
        let origin = Repository::discover(&project::folder(global)).ok().and_then(|repository| repository.origin());
        let folder = project.loaded.path.rsplit_once('/').map_or(".", |(folder, _)| folder);
        let name = project.loaded.system.get("name").and_then(|name| name.as_text()).unwrap_or("system");
        let wiring = Wiring {
            repository: origin.map_or("https://git.example.com/REPOSITORY.git".into(), |url| without_credentials(&url)),
            path: folder.into(),
            system: name.into(),
            environments,
            image: self.image.clone(),
        };
        terminal.out(&wiring.print(self.part));
        Ending::Clean
    }
}
