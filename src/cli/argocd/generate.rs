//! `windlass argocd generate`

use super::{environment, open, refuse, request, tell};
use crate::cli::terminal::Terminal;
use crate::cli::{Ending, Global};
use crate::diagnostic::{Diagnostic, code};
use crate::{compile, stream};
use clap::Args;

/// Print the manifests of an Application, as Argo CD asks for them
///
/// Which environment is said by the parameter `environment` of the Application, by `WINDLASS_ENV` in its
/// `plugin.env`, or by `--env`; a system with one environment needs none. Prints what `windlass build --stdout`
/// prints, and nothing else. What is wrong goes to standard error, the first line complete by itself; the exit
/// code is never 0 without a manifest.
#[derive(Debug, Args)]
pub(super) struct Generate {
    /// The environment, unless the Application names one
    #[arg(long, short, value_name = "ENVIRONMENT")]
    env: Option<String>,
}

impl Generate {
    pub(super) fn run(&self, global: &Global, terminal: &mut Terminal) -> Ending {
        let request = match request() {
            Ok(request) => request,
            Err(finding) => return refuse(&crate::source::Sources::new(), finding, Ending::Findings, terminal),
        };
        let mut project = match open(global, &request) {
            Ok(project) => project,
            Err(unusable) => return tell(&unusable.sources, unusable.found, unusable.ending, terminal),
        };
        let wanted = request.environment.as_deref().or(self.env.as_deref());
        let mut found = std::mem::take(&mut project.found);
        let environment = match environment(&project, wanted) {
            Ok(environment) => environment,
            Err(finding) => return refuse(&project.sources, finding, Ending::Findings, terminal),
        };
        let compiled = compile(&project.loaded, environment);
        found.extend(compiled.found);
        let parts = match compiled.objects.filter(|_| !found.has_errors()) {
            None => return tell(&project.sources, found, Ending::Findings, terminal),
            Some(objects) if objects.is_empty() => {
                return refuse(&project.sources, nothing(&environment.name), Ending::Findings, terminal);
            }
            Some(objects) => match stream(&objects) {
                Ok(parts) => parts,
                Err(finding) => return refuse(&project.sources, finding, Ending::Findings, terminal),
            },
        };
        parts.iter().for_each(|part| terminal.out(part));
        // A reader that went away has a part of the manifests, and must not take it for all.
        if terminal.has_failed() { Ending::Machine } else { tell(&project.sources, found, Ending::Clean, terminal) }
    }
}

fn nothing(environment: &str) -> Diagnostic {
    Diagnostic::error(code::PLUGIN_EMPTY, format!("`{environment}` has no object"))
        .reason("Argo CD takes an empty answer for the wish to delete everything")
        .help("enable a component in this environment; to remove all, delete the Application")
}
