//! The commands that a page shows exist, with their options; where a block shows what they print, they
//! print it.

use crate::page::{Block, Page};
use libtest_mimic::Failed;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Stands for the folder that the blocks of a page share.
const NEW_FOLDER: &str = "a new folder";

pub(crate) fn test(page: &Page, index: usize) -> Result<(), Failed> {
    let block = &page.blocks[index];
    let note = block.note.as_ref().map_err(Clone::clone)?;
    let shown = steps(block);
    shown.iter().try_for_each(|step| exists(&step.command))?;
    match &note.run {
        Some(place) if place == NEW_FOLDER => in_new_folder(page, index),
        Some(place) => run(&shown, &Path::new(env!("CARGO_MANIFEST_DIR")).join(place)),
        None if note.not_run.is_some() || shown.iter().all(|step| step.output.is_empty()) => Ok(()),
        None => Err("shows what a command prints: say where it runs, `<!-- run: … -->`".into()),
    }
}

/// Commands in the middle of a text exist too.
pub(crate) fn in_text(page: &Page) -> Result<(), Failed> {
    let prose: String = page.prose.split("\n```\n").collect();
    let pieces = prose.split('`').skip(1).step_by(2).filter(|piece| piece.starts_with("windlass "));
    pieces.map(|piece| piece.replace('\n', " ")).try_for_each(|piece| exists(&piece))
}

struct Step {
    command: String,
    output: Vec<String>,
}

/// With a `$` before a command the other lines are what it prints; without one every line is a command.
fn steps(block: &Block) -> Vec<Step> {
    let lines = block.text.lines().filter(|line| !line.trim().is_empty() || block.text.contains("$ "));
    if !block.text.lines().any(|line| line.starts_with("$ ")) {
        let commands = lines.filter(|line| !line.trim_start().starts_with('#'));
        return commands.map(|line| Step { command: line.trim().into(), output: Vec::new() }).collect();
    }
    let mut steps: Vec<Step> = Vec::new();
    for line in lines {
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(command), _) => steps.push(Step { command: command.into(), output: Vec::new() }),
            (None, Some(step)) => step.output.push(line.trim_end().into()),
            (None, None) => {}
        }
    }
    steps
}

/// The arguments of a command of Windlass, by whichever way it is called; `None` for other programs.
fn arguments(command: &str) -> Option<Vec<String>> {
    let called = command.strip_prefix("cargo run --release -- ").or_else(|| command.strip_prefix("windlass "))?;
    Some(called.split_whitespace().map(|word| word.trim_matches(['"', '\'']).into()).collect())
}

fn exists(line: &str) -> Result<(), Failed> {
    for command in line.split(" && ").filter_map(arguments) {
        if matches!(&command[..], [name] if windlass::cli::command().find_subcommand(name).is_some()) {
            continue;
        }
        let words = std::iter::once("windlass".to_owned()).chain(command);
        match windlass::cli::command().try_get_matches_from(words) {
            Err(error) if error.use_stderr() => return Err(format!("`{line}`: {error}").into()),
            _ => {}
        }
    }
    Ok(())
}

fn run(steps: &[Step], folder: &Path) -> Result<(), Failed> {
    for step in steps {
        let Some(arguments) = arguments(&step.command) else { continue };
        let output = Command::new(env!("CARGO_BIN_EXE_windlass"))
            .current_dir(folder)
            .args(arguments)
            .env("NO_COLOR", "1")
            .output()
            .map_err(|error| error.to_string())?;
        let printed = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        let lines: Vec<&str> = printed.trim_end().lines().map(str::trim_end).collect();
        if !step.output.is_empty() && !agrees(&step.output, &lines) {
            return Err(format!("`{}` prints\n{printed}", step.command).into());
        }
    }
    Ok(())
}

/// A line of `…` stands for any number of lines.
fn agrees(shown: &[String], printed: &[&str]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((first, shown)) if first.trim() == "…" => {
            (0..=printed.len()).any(|skipped| agrees(shown, &printed[skipped..]))
        }
        // An empty line at the end of a block is none of the output.
        Some((first, [])) if first.is_empty() => printed.is_empty(),
        Some((first, shown)) => {
            printed.split_first().is_some_and(|(line, printed)| line == first && agrees(shown, printed))
        }
    }
}

/// All blocks of the page up to this one, in the folder that they share.
fn in_new_folder(page: &Page, index: usize) -> Result<(), Failed> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    for block in &page.blocks[..=index] {
        let Ok(note) = &block.note else { continue };
        if note.run.as_deref() != Some(NEW_FOLDER) {
            continue;
        }
        if let Some((file, from, to)) = &note.edit {
            edit(folder.path().join(file), from, to)?;
        }
        run(&steps(block), folder.path())?;
    }
    Ok(())
}

fn edit(file: PathBuf, from: &str, to: &str) -> Result<(), Failed> {
    let text = std::fs::read_to_string(&file).map_err(|error| error.to_string())?;
    if !text.contains(from) {
        return Err(format!("{} has no `{from}`", file.display()).into());
    }
    std::fs::write(file, text.replace(from, to)).map_err(|error| error.to_string().into())
}
