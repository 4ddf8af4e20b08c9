//! What changed files do to a system: nothing, something in some environments, or something in all of them.
//!
//! Promises: never too little. Only documents are read, those of the system and its environments with what they
//! include and extend; every text in them that may be the path of a file counts as one, and a document that cannot
//! be read counts as changed.

use super::{Files, stem};
use crate::diagnostic::Diagnostics;
use crate::document::{Node, Value};
use crate::review::ACKNOWLEDGEMENTS_FILE;
use crate::source::{FileId, Sources};
use crate::workspace::{is_yaml, join, matches};
use crate::yaml;
use std::collections::BTreeSet;

/// No path is longer than this on any usual system.
const LONGEST_PATH: usize = 4096;

/// How far a change goes in one system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Affected {
    Nothing,
    /// Environments, by the paths of their files.
    Environments(BTreeSet<String>),
    Everything,
}

/// What changed files do to a system with its environments; `folder` is where these lie. Paths are from the root.
pub fn affected(
    files: Files<'_>,
    system: &str,
    (folder, environments): (&str, &[String]),
    changed: &BTreeSet<String>,
) -> Affected {
    let mut texts = Sources::new();
    let scan = Scan { files, changed, file: texts.add(system, "") };
    let of_system = scan.reach(system);
    let is_environment = |path: &String| {
        let inside = path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
        inside.is_some_and(|name| !name.contains('/') && is_yaml(name))
    };
    let comes_or_goes = |path: &String| is_environment(path) && !environments.contains(path);
    let said = join(system, ACKNOWLEDGEMENTS_FILE).is_ok_and(|path| changed.contains(&path));
    if of_system.touched || said || changed.iter().any(comes_or_goes) {
        return Affected::Everything;
    }
    let reached: Vec<(&String, Reach)> =
        environments.iter().map(|path| (path, scan.environment(system, path))).collect();
    let touched: BTreeSet<String> =
        reached.iter().filter(|(_, reach)| reach.touched).map(|(path, _)| (*path).clone()).collect();
    match () {
        () if touched.is_empty() => Affected::Nothing,
        // An ApplicationSet in one environment names the others.
        () if of_system.has_set || reached.iter().any(|(_, reach)| reach.has_set) => Affected::Everything,
        () => Affected::Environments(touched),
    }
}

/// What a document and those that it names lead to.
#[derive(Clone, Copy, Debug, Default)]
struct Reach {
    /// A file that changed, or one that cannot be read.
    touched: bool,
    /// A set of deliveries.
    has_set: bool,
}

impl Reach {
    const UNKNOWN: Self = Self { touched: true, has_set: false };
}

struct Scan<'a> {
    files: Files<'a>,
    changed: &'a BTreeSet<String>,
    /// Where spans point that nobody looks at.
    file: FileId,
}

impl Scan<'_> {
    fn environment(&self, system: &str, path: &str) -> Reach {
        let mut reach = self.reach(path);
        let output = join(system, &format!("rendered/{}", stem(path)));
        reach.touched |= output.is_ok_and(|output| self.has_changed(&output));
        reach
    }

    fn reach(&self, path: &str) -> Reach {
        let (mut reach, mut seen, mut next) = (Reach::default(), BTreeSet::new(), vec![path.to_owned()]);
        while let Some(path) = next.pop() {
            if !seen.insert(path.clone()) {
                continue;
            }
            let Some(root) = self.document(&path) else { return Reach { touched: true, ..reach } };
            reach.touched |= self.changed.contains(&path);
            self.look(&path, &root, &mut reach);
            match self.named(&path, &root) {
                Some(named) => next.extend(named),
                None => return Reach { has_set: reach.has_set, ..Reach::UNKNOWN },
            }
        }
        reach
    }

    fn document(&self, path: &str) -> Option<Node> {
        let bytes = (self.files.read)(path).ok()?;
        let text = yaml::decode_utf8(&bytes).ok()?;
        Some(yaml::parse(self.file, &text, &mut Diagnostics::new())?.root)
    }

    /// The documents that one starts from or includes; `None` where a pattern cannot be expanded.
    fn named(&self, path: &str, root: &Node) -> Option<Vec<String>> {
        let mut named = Vec::new();
        let base = root.get("extends").and_then(Node::as_text);
        named.extend(base.and_then(|base| join(path, base).ok()));
        if let Some(Value::List(patterns)) = root.get("include").map(|include| &include.value) {
            for pattern in patterns.iter().filter_map(Node::as_text) {
                let Ok(pattern) = join(path, pattern) else { continue };
                named.extend((self.files.expand)(&pattern).ok()?);
            }
        }
        Some(named)
    }

    /// Looks at every text of a document.
    fn look(&self, path: &str, node: &Node, reach: &mut Reach) {
        match &node.value {
            Value::Map(map) => {
                for (key, entry) in map {
                    reach.has_set |= key == "set";
                    self.look(path, &entry.node, reach);
                }
            }
            Value::List(items) => items.iter().for_each(|item| self.look(path, item, reach)),
            Value::Scalar(scalar) => reach.touched = reach.touched || self.names_changed(path, &scalar.text),
            Value::Null => {}
        }
    }

    fn names_changed(&self, path: &str, text: &str) -> bool {
        if text.is_empty() || text.len() > LONGEST_PATH || text.contains('\n') {
            return false;
        }
        let Ok(named) = join(path, text) else { return false };
        // A folder in which the document itself lies is no input of it.
        let holds_it = named.is_empty() || path.strip_prefix(&named).is_some_and(|rest| rest.starts_with('/'));
        match () {
            () if holds_it => false,
            () if named.contains('*') => self.changed.iter().any(|changed| is_under(&named, changed)),
            () => self.has_changed(&named),
        }
    }

    /// Whether a file changed, or one in a folder of this name.
    fn has_changed(&self, named: &str) -> bool {
        let folder = format!("{named}/");
        let next = self.changed.range(folder.clone()..).next();
        self.changed.contains(named) || next.is_some_and(|path| path.starts_with(&folder))
    }
}

/// Whether a path is what a pattern names, or in a folder that it names.
fn is_under(pattern: &str, path: &str) -> bool {
    let mut names = path.split('/');
    pattern.split('/').all(|pattern| names.next().is_some_and(|name| matches(pattern, name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Diagnostic, code};
    use std::collections::BTreeMap;

    const SHOP: &[(&str, &str)] = &[
        (
            "a/system.yaml",
            "kind: System\ninclude: [parts/*.yaml]\ncomponents: {api: {files: {/etc/x: files/app.conf}}}",
        ),
        ("a/parts/one.yaml", "components: {web: {image: x:1, files: {/x: ../static/}}}"),
        ("a/environments/production.yaml", "extends: ../../shared/base.yaml\nmanifests: [../extra/*.yaml]"),
        ("a/environments/staging.yaml", "tier: development"),
        ("shared/base.yaml", "abstract: true\npolicy: {rules: {x: {file: rules.cel}}}"),
    ];

    fn of(documents: &[(&str, &str)], changed: &[&str]) -> Affected {
        let documents: BTreeMap<&str, &str> = documents.iter().copied().collect();
        let missing = || Diagnostic::error(code::SYSTEM_NOT_FOUND, "missing");
        let read = |path: &str| documents.get(path).map(|text| text.as_bytes().to_vec()).ok_or_else(missing);
        let expand = |pattern: &str| {
            Ok(documents.keys().filter(|path| is_under(pattern, path)).map(|path| (*path).to_owned()).collect())
        };
        let environments = ["production", "staging"].map(|name| format!("a/environments/{name}.yaml"));
        let changed = changed.iter().map(|path| (*path).to_owned()).collect();
        affected(Files { read: &read, expand: &expand }, "a/system.yaml", ("a/environments", &environments), &changed)
    }

    fn only(name: &str) -> Affected {
        Affected::Environments(BTreeSet::from([format!("a/environments/{name}.yaml")]))
    }

    #[test]
    fn files_of_the_system_affect_all_environments() {
        for path in
            ["a/system.yaml", "a/parts/one.yaml", "a/files/app.conf", "a/static/x/y.js", "a/environments/gone.yaml"]
        {
            assert_eq!(of(SHOP, &[path]), Affected::Everything, "{path}");
        }
    }

    #[test]
    fn files_of_an_environment_affect_it_alone() {
        for path in ["a/environments/production.yaml", "shared/base.yaml", "shared/rules.cel", "a/extra/x.yaml"] {
            assert_eq!(of(SHOP, &[path]), only("production"), "{path}");
        }
        assert_eq!(of(SHOP, &["a/rendered/staging/web/service.yaml"]), only("staging"));
    }

    #[test]
    fn other_files_affect_nothing() {
        for path in ["b/system.yaml", "a/README.md", "shared/other.yaml", "a/extra/x.yml", "rendered/staging/x"] {
            assert_eq!(of(SHOP, &[path]), Affected::Nothing, "{path}");
        }
        assert_eq!(of(SHOP, &[]), Affected::Nothing);
    }

    #[test]
    fn what_cannot_be_read_is_affected() {
        let mut broken = SHOP.to_vec();
        broken[3].1 = "a: [";
        assert_eq!(of(&broken, &["b/x"]), only("staging"));
    }

    #[test]
    fn a_set_of_deliveries_holds_all_environments() {
        let mut set = SHOP.to_vec();
        set[3].1 = "delivery: {argocd: {set: true}}";
        assert_eq!(of(&set, &["shared/base.yaml"]), Affected::Everything);
    }
}
