//! `windlass completions` and `windlass man`

use super::terminal::Terminal;
use super::{Ending, command};
use crate::workspace::create_new;
use clap::Args;
use clap_complete::Shell;
use std::path::PathBuf;

/// Print completions for a shell
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  windlass completions bash > /etc/bash_completion.d/windlass")]
pub(super) struct Completions {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self, terminal: &mut Terminal) -> Ending {
        let mut bytes = Vec::new();
        clap_complete::generate(self.shell, &mut command(), "windlass", &mut bytes);
        terminal.out(&String::from_utf8_lossy(&bytes));
        Ending::Clean
    }
}

/// Print the manual page, or write one for each command
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  windlass man | man -l -\n  windlass man --out /usr/local/share/man/man1")]
pub(super) struct Man {
    /// Write `windlass.1` and a page for each command into this folder; nothing is overwritten
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Man {
    pub(super) fn run(&self, terminal: &mut Terminal) -> Ending {
        let mut whole = command().disable_help_subcommand(true);
        whole.build();
        let Some(out) = &self.out else {
            terminal.out(&page(whole));
            return Ending::Clean;
        };
        let mut pages = Vec::new();
        collect(&whole, "windlass", &mut pages);
        let files: Vec<(&str, String)> = pages.iter().map(|(name, text)| (name.as_str(), text.clone())).collect();
        match create_new(out, &files) {
            Ok(()) => {
                terminal.report(&format!("{}: {} pages", out.display(), files.len()));
                Ending::Clean
            }
            Err(error) => {
                let mut found = crate::diagnostic::Diagnostics::new();
                found.extend(error.diagnostics(&out.display().to_string()));
                terminal.findings(&crate::source::Sources::new(), found, false);
                Ending::of_fault(error.is_machine_fault())
            }
        }
    }
}

fn collect(of: &clap::Command, name: &str, pages: &mut Vec<(String, String)>) {
    pages.push((format!("{name}.1"), page(of.clone())));
    for below in of.get_subcommands() {
        collect(below, &format!("{name}-{}", below.get_name()), pages);
    }
}

fn page(of: clap::Command) -> String {
    let mut bytes = Vec::new();
    // Writing to memory does not fail.
    let _ = clap_mangen::Man::new(of).render(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}
