//! `windlass init`

use super::project::folder;
use super::terminal::Terminal;
use super::{Ending, Global};
use crate::git::Repository;
use crate::spec::{Document, dns_label, schema};
use crate::workspace::{create_new, create_program};
use clap::Args;
use std::path::{Path, PathBuf};

/// Write a small system with two environments, ready to build
///
/// Nothing that exists is overwritten. The system is called like the folder unless a name is given.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  windlass init shop && windlass build -C shop\n  windlass init --hook")]
pub(super) struct Init {
    /// The folder; made where it does not exist
    #[arg(default_value = ".", value_name = "DIR")]
    directory: PathBuf,
    /// The name of the system
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Only write a Git hook, into the repository of the folder, that checks what is staged before each commit
    #[arg(long, conflicts_with = "name")]
    hook: bool,
}

/// The hook of `--hook`.
const HOOK: &str = include_str!("init/pre-commit");

impl Init {
    pub(super) fn run(&self, global: &Global, terminal: &mut Terminal) -> Ending {
        let folder = folder(global).join(&self.directory);
        if self.hook {
            return self.write_hook(&folder, terminal);
        }
        let name = match self.name(&folder) {
            Ok(name) => name,
            Err(message) => {
                terminal.err(&format!("error: {message}\n"));
                return Ending::Usage;
            }
        };
        let files = files(&name);
        match create_new(&folder, &files) {
            Ok(()) => {
                files
                    .iter()
                    .for_each(|(path, _)| terminal.report(&format!("wrote {}", self.directory.join(path).display())));
                let place = if self.directory == Path::new(".") {
                    String::new()
                } else {
                    format!(" -C {}", self.directory.display())
                };
                terminal.report(&format!("now run: windlass build{place}"));
                Ending::Clean
            }
            Err(error) => {
                let mut found = crate::diagnostic::Diagnostics::new();
                found.extend(error.diagnostics(&self.directory.display().to_string()));
                terminal.findings(&crate::source::Sources::new(), found, false);
                Ending::of_fault(error.is_machine_fault())
            }
        }
    }

    #[expect(clippy::unused_self, reason = "a step of the command")]
    fn write_hook(&self, folder: &Path, terminal: &mut Terminal) -> Ending {
        let hooks = match Repository::discover(folder) {
            Ok(repository) => repository.hooks(),
            Err(error) => {
                let ending = Ending::of_fault(error.is_machine_fault());
                return terminal.stop(error.into(), ending);
            }
        };
        let shown = hooks.display().to_string();
        match create_program(&hooks, "pre-commit", HOOK) {
            Ok(()) => {
                terminal.report(&format!("wrote {shown}/pre-commit"));
                Ending::Clean
            }
            Err(error) => {
                let mut found = crate::diagnostic::Diagnostics::new();
                found.extend(error.diagnostics(&shown));
                terminal.findings(&crate::source::Sources::new(), found, false);
                Ending::of_fault(error.is_machine_fault())
            }
        }
    }

    fn name(&self, folder: &Path) -> Result<String, String> {
        if let Some(name) = &self.name {
            return dns_label(name)
                .map(|()| name.clone())
                .map_err(|refusal| format!("{}; {}", refusal.message, refusal.help));
        }
        let of_folder = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
        let stem = of_folder.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_lowercase();
        let name: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let name = name.trim_matches('-').to_owned();
        dns_label(&name)
            .map(|()| name)
            .map_err(|_| "the folder's name gives no name for the system; write `--name`".into())
    }
}

fn files(name: &str) -> Vec<(&'static str, String)> {
    let json = |document| format!("{}\n", serde_json::to_string_pretty(&schema(document)).unwrap_or_default());
    vec![
        ("system.yaml", include_str!("init/system.yaml").replace("{name}", name)),
        ("environments/development.yaml", include_str!("init/development.yaml").into()),
        ("environments/production.yaml", include_str!("init/production.yaml").into()),
        (".windlass/system.schema.json", json(Document::System)),
        (".windlass/environment.schema.json", json(Document::Environment)),
    ]
}
