//! A page: its code blocks, and the comment before each that says where it belongs.

use libtest_mimic::Failed;
use serde::Deserialize;
use serde_json::Value;
use std::path::{Path, PathBuf};

pub(crate) struct Page {
    /// From the root of the repository.
    pub(crate) path: String,
    pub(crate) file: PathBuf,
    /// The text without its blocks.
    pub(crate) prose: String,
    pub(crate) blocks: Vec<Block>,
}

pub(crate) struct Block {
    pub(crate) language: String,
    pub(crate) line: usize,
    pub(crate) text: String,
    pub(crate) note: Result<Note, String>,
    /// The paragraph after it.
    pub(crate) after: String,
}

/// The comment before a block, which a reader of the page does not see: a map in YAML.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Note {
    /// Where a fragment belongs: `system`, `environment`, `components` or a path such as `components.api`.
    #[serde(rename = "in")]
    pub(crate) place: Option<String>,
    /// What the rest of the system has besides the base.
    #[serde(default)]
    pub(crate) with: Value,
    /// What the environment has besides the base.
    #[serde(default)]
    pub(crate) environment: Value,
    /// A name for the system of this block, for other blocks of the page.
    #[serde(rename = "as")]
    pub(crate) called: Option<String>,
    /// The system of another block, in the place of the base.
    pub(crate) system: Option<String>,
    /// Codes of the warnings that the block has; no others are accepted.
    #[serde(default)]
    pub(crate) warns: Vec<String>,
    #[serde(rename = "not compiled")]
    pub(crate) not_compiled: Option<String>,
    /// The folder in which the commands run and give the output shown: one of the repository, or `a new
    /// folder`, which all such blocks of a page share.
    pub(crate) run: Option<String>,
    /// What is changed in a file before: file, text, new text.
    pub(crate) edit: Option<(String, String, String)>,
    #[serde(rename = "not run")]
    pub(crate) not_run: Option<String>,
}

impl Page {
    pub(crate) fn read(root: &Path, path: &str) -> Self {
        let file = root.join(path);
        let text = std::fs::read_to_string(&file).expect("the page can be read");
        let mut page = Self { path: path.into(), file, prose: String::new(), blocks: Vec::new() };
        let mut open: Option<Block> = None;
        let mut indent = 0;
        for (index, line) in text.lines().enumerate() {
            match (&mut open, line.trim_start().strip_prefix("```")) {
                (None, Some(language)) => {
                    indent = line.len() - line.trim_start().len();
                    open = Some(Block {
                        language: language.trim().into(),
                        line: index + 1,
                        text: String::new(),
                        note: note_before(&page.prose),
                        after: paragraph(&text, index),
                    });
                    page.prose.push_str("```\n");
                }
                (Some(_), Some("")) => page.blocks.extend(open.take()),
                (Some(block), _) => push_line(&mut block.text, line.get(indent..).unwrap_or_default()),
                (None, None) => push_line(&mut page.prose, line),
            }
        }
        assert!(open.is_none(), "{path}: a block is not closed");
        page
    }

    pub(crate) fn name_of(&self, block: &Block) -> String {
        format!("{}:{}", self.path, block.line)
    }

    /// Links to files of the repository lead somewhere.
    pub(crate) fn links(&self) -> Result<(), Failed> {
        let folder = self.file.parent().expect("a page lies in a folder");
        let targets = self.prose.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
        let broken: Vec<&str> = targets
            .filter(|target| !target.contains("://"))
            .filter(|target| {
                let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
                let file = if path.is_empty() { self.file.clone() } else { folder.join(path) };
                !file.exists() || !anchor.is_empty() && !anchors(&file).any(|known| known == anchor)
            })
            .collect();
        if broken.is_empty() { Ok(()) } else { Err(format!("links that lead nowhere: {broken:?}").into()) }
    }
}

/// The paragraph after the block that opens at a line.
fn paragraph(text: &str, opened: usize) -> String {
    let lines = text.lines().skip(opened + 1).skip_while(|line| line.trim() != "```").skip(1);
    let lines = lines.skip_while(|line| line.is_empty()).take_while(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" ")
}

/// The anchors of the headings of a page.
fn anchors(file: &Path) -> impl Iterator<Item = String> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let headings: Vec<String> = text
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| line.trim_start_matches('#').trim().into())
        .collect();
    headings.into_iter().map(|heading| {
        let kept = heading.to_lowercase().replace(' ', "-");
        kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
    })
}

fn push_line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// The comment at the end of the text before a block.
fn note_before(prose: &str) -> Result<Note, String> {
    let Some(comment) = prose.trim_end().strip_suffix("-->").and_then(|text| text.rsplit_once("<!--")) else {
        return Ok(Note::default());
    };
    serde_yaml::from_str(comment.1.trim()).map_err(|error| format!("the comment before the block: {error}"))
}
