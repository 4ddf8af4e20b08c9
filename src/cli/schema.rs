//! `windlass schema`

use super::Ending;
use super::terminal::Terminal;
use crate::spec::{Document, schema};
use clap::{Args, ValueEnum};

/// Print the JSON Schema of a document, for editors
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  windlass schema system > system.schema.json\n\nThen start the file with:\n  # yaml-language-server: $schema=system.schema.json"
)]
pub(super) struct Schema {
    /// Which document
    #[arg(value_enum, default_value_t = Which::System)]
    document: Which,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Which {
    /// What the product is made of
    System,
    /// Where it runs
    Environment,
}

impl Schema {
    pub(super) fn run(&self, terminal: &mut Terminal) -> Ending {
        let document = match self.document {
            Which::System => Document::System,
            Which::Environment => Document::Environment,
        };
        let text = serde_json::to_string_pretty(&schema(document)).unwrap_or_default();
        terminal.out(&format!("{text}\n"));
        Ending::Clean
    }
}
