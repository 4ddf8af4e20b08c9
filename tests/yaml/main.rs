//! YAML in: every text gives a document or findings, in their places. YAML out: what is printed is
//! read back by independent readers as the same value.

mod laws;
mod limits;
mod printing;
mod readers;
mod reading;
mod refusing;
mod round_trip;

use windlass::diagnostic::{Diagnostic, Diagnostics};
use windlass::document::Node;
use windlass::source::Sources;
use windlass::yaml::{self, Document};

const SYSTEM: &str = include_str!("system.yaml");

/// A text as it was read.
struct Read {
    sources: Sources,
    document: Option<Document>,
    found: Vec<Diagnostic>,
}

fn read(text: &str) -> Read {
    let mut sources = Sources::new();
    let file = sources.add("system.yaml", text);
    let mut found = Diagnostics::new();
    let document = yaml::parse(file, text, &mut found);
    Read { sources, document, found: found.into_iter().collect() }
}

impl Read {
    /// `code message @ the text at its first place`, one line for each finding.
    fn findings(&self) -> Vec<String> {
        let place = |finding: &Diagnostic| self.sources.text(finding.labels[0].span).to_owned();
        self.found
            .iter()
            .map(|finding| format!("{} {} @ {}", finding.code.id, finding.message, place(finding)))
            .collect()
    }

    fn root(&self) -> &Node {
        &self.document.as_ref().expect("a document").root
    }
}

fn assert_findings(text: &str, expected: &[&str]) {
    assert_eq!(read(text).findings(), expected, "{text}");
}

fn is_free_of_refused(text: &str) -> bool {
    let refused = |c: char| {
        (c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}')
    };
    !text.contains(refused)
}
