//! `windlass explain`

use super::Ending;
use super::terminal::Terminal;
use crate::diagnostic::{Code, code, explain};
use clap::Args;

/// Print the page of a finding: what it is, why, how it looks wrong and right
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  windlass explain WL0430\n  windlass explain single-replica")]
pub(super) struct Explain {
    /// The code of the finding, or its name
    #[arg(value_name = "CODE", value_parser = known)]
    code: Code,
}

impl Explain {
    pub(super) fn run(&self, terminal: &mut Terminal) -> Ending {
        terminal.out(&explain::page(self.code));
        Ending::Clean
    }
}

fn known(text: &str) -> Result<Code, String> {
    let text = text.trim();
    let is_meant = |code: &&Code| code.id.eq_ignore_ascii_case(text) || code.name == text;
    code::ALL.iter().find(is_meant).copied().ok_or_else(|| {
        let known = code::ALL.iter().flat_map(|code| [code.id, code.name]);
        match crate::diagnostic::nearest(text, known) {
            Some(near) => format!("no finding is called so; a similar one is {near}"),
            None => "no finding is called so; docs/findings.md lists them".into(),
        }
    })
}
