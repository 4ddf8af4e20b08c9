//! The command line: one file a command; a command's doc comment is its help.
//!
//! Promises: exit code 0 for done and clean, 1 for findings that stop (or differences that were asked
//! for), 2 for wrong usage, 3 for the machine's fault; a closed pipe is success; nothing but what was
//! asked for goes to standard output.
#![expect(clippy::disallowed_methods, reason = "the command line knows where it runs")]

mod argocd;
mod build;
mod capacity;
mod check;
mod ci;
mod diff;
mod explain;
mod gate;
mod init;
mod project;
mod promote;
mod publish;
mod schema;
mod shell;
mod simulate;
mod systems;
mod table;
mod terminal;

use crate::diagnostic::{Format, code, nearest};
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::process::ExitCode;
use terminal::Terminal;

/// Compiles the spec of an AI system to Kubernetes YAML, one folder for each environment
///
/// A system says what the product is made of, an environment where it runs. Windlass checks the two
/// together and writes deterministic manifests that Argo CD or Flux can follow.
#[derive(Debug, Parser)]
#[command(name = "windlass", version, max_term_width = 100, subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = "Start with `windlass init`, then `windlass check` and `windlass build`.")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    global: Global,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Init),
    Check(check::Check),
    Build(build::Build),
    Diff(diff::Diff),
    Publish(publish::Publish),
    Promote(promote::Promote),
    Capacity(capacity::Command),
    Simulate(simulate::Simulate),
    Ci(ci::Ci),
    Argocd(argocd::Argocd),
    Schema(schema::Schema),
    Explain(explain::Explain),
    Completions(shell::Completions),
    Man(shell::Man),
}

impl Command {
    /// Some formats tell reviews only, and a table is for people or for scripts.
    fn takes(&self, format: Format) -> Result<(), clap::Error> {
        let why = match self {
            Self::Diff(_) => return Ok(()),
            _ if !format.is_of_findings() => "is for the reviews of `windlass diff`; write another format here",
            Self::Capacity(_) | Self::Simulate(_) if !matches!(format, Format::Text | Format::Json) => {
                "is for findings, and this is a table; write `text` or `json`"
            }
            _ => return Ok(()),
        };
        let word = format.to_possible_value().map_or(String::new(), |value| value.get_name().to_owned());
        Err(Arguments::command().error(ErrorKind::InvalidValue, format!("`--format {word}` {why}")))
    }
}

/// Options of every command.
#[derive(Debug, Args)]
struct Global {
    /// How findings are shown
    #[arg(long, global = true, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
    /// When to use colour: by itself only on a terminal
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    color: Color,
    /// Leave out notes and the report of what was done
    #[arg(long, short, global = true)]
    quiet: bool,
    /// Run as if started in this folder
    #[arg(short = 'C', id = "run-in", global = true, value_name = "DIR")]
    directory: Option<PathBuf>,
    /// The system file; otherwise `system.yaml` here or above
    #[arg(long = "system", id = "system-file", global = true, value_name = "FILE")]
    system: Option<PathBuf>,
    /// The folder of environments; otherwise `environments/` beside the system
    #[arg(long = "environments", id = "environments-folder", global = true, value_name = "DIR")]
    environments: Option<PathBuf>,
    /// Make findings of this code errors; `warnings` for all warnings; may be repeated
    #[arg(long, global = true, value_name = "CODE", value_parser = code_or_warnings)]
    deny: Vec<String>,
    /// Show at most so many findings as text
    #[arg(long, global = true, value_name = "NUMBER", default_value_t = 50)]
    max_diagnostics: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Color {
    /// On a terminal
    Auto,
    Always,
    Never,
}

fn code_or_warnings(text: &str) -> Result<String, String> {
    let known = || code::ALL.iter().map(|code| code.id);
    if text == "warnings" || known().any(|id| id == text) {
        return Ok(text.to_owned());
    }
    Err(match nearest(text, known()) {
        Some(near) => format!("no finding has this code; a similar one is {near}"),
        None => "no finding has this code; write one such as WL0430, or `warnings`".into(),
    })
}

/// Why a command ended; of several, the greatest counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Ending {
    /// Done and clean.
    Clean,
    /// Findings that stop, or differences.
    Findings,
    /// Wrong usage.
    Usage,
    /// The machine's fault.
    Machine,
}

impl Ending {
    /// How a command ends that something stopped: the machine, or what was written.
    fn of_fault(of_the_machine: bool) -> Self {
        if of_the_machine { Self::Machine } else { Self::Findings }
    }
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        Self::from(match ending {
            Ending::Clean => 0,
            Ending::Findings => 1,
            Ending::Usage => 2,
            Ending::Machine => 3,
        })
    }
}

/// The definition of the command line: what the documentation may show.
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Runs the command of this process's arguments.
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        // Help and version are asked for; anything else is wrong usage.
        Err(error) => {
            let ending = if error.use_stderr() { Ending::Usage } else { Ending::Clean };
            let _ = error.print();
            return ending.into();
        }
    };
    if let Err(error) = arguments.command.takes(arguments.global.format) {
        let _ = error.print();
        return Ending::Usage.into();
    }
    let mut terminal = Terminal::new(&arguments.global);
    let ending = match &arguments.command {
        Command::Init(init) => init.run(&arguments.global, &mut terminal),
        Command::Check(check) => check.run(&arguments.global, &mut terminal),
        Command::Build(build) => build.run(&arguments.global, &mut terminal),
        Command::Diff(diff) => diff.run(&arguments.global, &mut terminal),
        Command::Publish(publish) => publish.run(&arguments.global, &mut terminal),
        Command::Promote(promote) => promote.run(&arguments.global, &mut terminal),
        Command::Capacity(capacity) => capacity.run(&arguments.global, &mut terminal),
        Command::Simulate(simulate) => simulate.run(&arguments.global, &mut terminal),
        Command::Ci(ci) => ci.run(&arguments.global, &mut terminal),
        Command::Argocd(argocd) => argocd.run(&arguments.global, &mut terminal),
        Command::Schema(schema) => schema.run(&mut terminal),
        Command::Completions(completions) => completions.run(&mut terminal),
        Command::Man(man) => man.run(&mut terminal),
        Command::Explain(explain) => explain.run(&arguments.global, &mut terminal),
    };
    terminal.close(ending).into()
}
