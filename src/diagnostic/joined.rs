//! The findings of several runs as those of one.
//!
//! Promises: the order is that in which the runs are added; a file that several of them read is one file, so that
//! a finding in it is told once.

use super::{Diagnostic, Diagnostics};
use crate::source::{FileId, Sources, Span};
use std::collections::BTreeMap;

/// Findings of several runs with the files that they point into.
#[derive(Debug, Default)]
pub struct Joined {
    pub sources: Sources,
    pub found: Diagnostics,
    /// The files by path; one path may have had several texts.
    known: BTreeMap<String, Vec<FileId>>,
}

impl Joined {
    /// Adds the files and findings of a run.
    pub fn add(&mut self, sources: Sources, found: Diagnostics) {
        let files: Vec<FileId> = sources.into_files().into_iter().map(|file| self.file(file.path, file.text)).collect();
        let moved = |span: &mut Span| {
            if let Some(file) = files.get(span.file.index()) {
                span.file = *file;
            }
        };
        let finding = |mut finding: Diagnostic| {
            finding.labels.iter_mut().for_each(|label| moved(&mut label.span));
            finding.suggestion.iter_mut().for_each(|suggestion| moved(&mut suggestion.span));
            finding
        };
        self.found.extend(found.into_iter().map(finding));
    }

    fn file(&mut self, path: String, text: String) -> FileId {
        let same = |id: &&FileId| self.sources.file(**id).text == text;
        if let Some(id) = self.known.get(&path).and_then(|ids| ids.iter().find(same)) {
            return *id;
        }
        let id = self.sources.add(path.clone(), text);
        self.known.entry(path).or_default().push(id);
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::code;

    #[test]
    fn a_shared_file_has_its_finding_once() {
        let run = |own: &str| {
            let mut sources = Sources::new();
            let first = sources.add(own, "x: 1");
            let shared = sources.add("shared.yaml", "y: 2");
            let mut found = Diagnostics::new();
            found.push(Diagnostic::error(code::UNKNOWN_KEY, "own").label(Span::new(first, 0, 1), ""));
            found.push(Diagnostic::error(code::UNKNOWN_KEY, "shared").label(Span::new(shared, 0, 1), ""));
            (sources, found)
        };
        let mut joined = Joined::default();
        for (sources, found) in [run("a.yaml"), run("b.yaml")] {
            joined.add(sources, found);
        }
        let places: Vec<_> = joined
            .found
            .iter()
            .map(|finding| (finding.message.as_str(), joined.sources.file(finding.labels[0].span.file).path.as_str()))
            .collect();
        assert_eq!(places, [("own", "a.yaml"), ("shared", "shared.yaml"), ("own", "b.yaml")]);
    }
}
