//! `windlass schema`

use super::Ending;
use super::terminal::Terminal;
use crate::spec::{Document, schema};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

/// Print the JSON Schema of a document, for editors
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  windlass schema system > system.schema.json\n  \
                  windlass schema catalogue --at https://schemas.example.com/windlass > catalog.json\n\n\
                  With a schema beside it, start a file with:\n  # yaml-language-server: $schema=system.schema.json\n\n\
                  Or publish the schemas and the catalogue, and name it in the editor as `yaml.schemaStore.url`.")]
pub(super) struct Schema {
    /// Which document
    #[arg(value_enum, default_value_t = Which::System)]
    document: Which,
    /// Where `system.schema.json` and `environment.schema.json` are published, for the catalogue
    #[arg(long, value_name = "URL", required_if_eq("document", "catalogue"))]
    at: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Which {
    /// What the product is made of
    System,
    /// Where it runs
    Environment,
    /// Both by the names of their files, as an entry of a schema catalogue
    Catalogue,
}

impl Schema {
    pub(super) fn run(&self, terminal: &mut Terminal) -> Ending {
        if self.at.is_some() && self.document != Which::Catalogue {
            terminal.err("error: `--at` is for the catalogue: `windlass schema catalogue --at URL`\n");
            return Ending::Usage;
        }
        let printed = match self.document {
            Which::System => schema(Document::System),
            Which::Environment => schema(Document::Environment),
            Which::Catalogue => catalogue(self.at.as_deref().unwrap_or_default()),
        };
        let text = serde_json::to_string_pretty(&printed).unwrap_or_default();
        terminal.out(&format!("{text}\n"));
        Ending::Clean
    }
}

/// A catalogue in the format of schemastore.org, which editors read.
fn catalogue(at: &str) -> Value {
    let entry = |name: &str, description: &str, files: &str| {
        json!({
            "name": format!("Windlass {name}"),
            "description": description,
            "fileMatch": [files],
            "url": format!("{}/{name}.schema.json", at.trim_end_matches('/')),
        })
    };
    json!({
        "$schema": "https://json.schemastore.org/schema-catalog.json",
        "version": 1,
        "schemas": [
            entry("system", "What a system is made of, for Windlass", "**/system.yaml"),
            entry("environment", "Where a system runs, for Windlass", "**/environments/*.yaml"),
        ],
    })
}
