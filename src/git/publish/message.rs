//! What a commit says: the objects that change, and where they come from.

use crate::tree::Tree;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// So many objects are named for each sort of change; the rest is counted.
const NAMED: usize = 50;

/// The objects that change between two trees, by identity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub added: Vec<String>,
    pub changed: Vec<String>,
    pub removed: Vec<String>,
}

impl Summary {
    pub fn of(old: &Tree, new: &Tree) -> Self {
        let (before, after) = (by_object(old), by_object(new));
        let only = |one: &BTreeMap<&str, &[u8]>, other: &BTreeMap<&str, &[u8]>| {
            one.keys().filter(|object| !other.contains_key(*object)).map(ToString::to_string).collect()
        };
        let differs = |(object, bytes): &(&&str, &&[u8])| before.get(*object).is_some_and(|known| known != *bytes);
        Self {
            added: only(&after, &before),
            changed: after.iter().filter(differs).map(|(object, _)| object.to_string()).collect(),
            removed: only(&before, &after),
        }
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// As in `1 added, 2 changed`.
    pub fn counts(&self) -> String {
        let counts = self.parts().into_iter().filter(|(_, objects)| !objects.is_empty());
        let counts: Vec<String> = counts.map(|(what, objects)| format!("{} {what}", objects.len())).collect();
        if counts.is_empty() { "no object changed".into() } else { counts.join(", ") }
    }

    fn parts(&self) -> [(&'static str, &Vec<String>); 3] {
        [("added", &self.added), ("changed", &self.changed), ("removed", &self.removed)]
    }

    /// A line for each object.
    pub fn lines(&self) -> String {
        let mut text = String::new();
        for (what, objects) in self.parts() {
            for object in objects.iter().take(NAMED) {
                let _ = writeln!(text, "{what}: {object}");
            }
            if objects.len() > NAMED {
                let _ = writeln!(text, "{what}: {} more", objects.len() - NAMED);
            }
        }
        text
    }
}

fn by_object(tree: &Tree) -> BTreeMap<&str, &[u8]> {
    tree.iter().filter_map(|(_, file)| Some((file.object.as_deref()?, file.bytes.as_slice()))).collect()
}

/// The parts of a message.
pub(super) struct Message<'a> {
    pub(super) subject: Option<&'a str>,
    pub(super) system: &'a str,
    /// Each environment with what changes in it, and what a review has to say.
    pub(super) environments: Vec<(&'a str, Summary, Vec<String>)>,
    pub(super) source: Option<String>,
}

impl Message<'_> {
    pub(super) fn text(&self) -> String {
        let mut text = self.subject.map_or_else(|| self.usual_subject(), |subject| subject.trim_end().to_owned());
        for (name, summary, lines) in &self.environments {
            let body = summary.lines() + &lines.iter().fold(String::new(), |text, line| text + line + "\n");
            if !body.is_empty() {
                let _ = write!(text, "\n\n{name}: {}\n{}", summary.counts(), body.trim_end());
            }
        }
        text.push_str("\n\n");
        let _ = writeln!(text, "Windlass-System: {}", self.system);
        for (name, ..) in &self.environments {
            let _ = writeln!(text, "Windlass-Environment: {name}");
        }
        if let Some(source) = &self.source {
            let _ = writeln!(text, "Windlass-Source: {source}");
        }
        let _ = writeln!(text, "Windlass-Version: {}", env!("CARGO_PKG_VERSION"));
        text
    }

    fn usual_subject(&self) -> String {
        let names: Vec<&str> = self.environments.iter().map(|(name, ..)| *name).collect();
        let counts = match self.environments.as_slice() {
            [(_, summary, _)] => format!(": {}", summary.counts()),
            _ => String::new(),
        };
        format!("Publish {} to {}{counts}", self.system, names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::TreeFile;

    fn tree(files: &[(&str, &str)]) -> Tree {
        let mut tree = Tree::new();
        for (path, text) in files {
            let object = Some(format!("v1/ConfigMap ai/{path}"));
            tree.insert(*path, TreeFile { bytes: text.as_bytes().into(), object }).expect("fits");
        }
        tree
    }

    #[test]
    fn a_message_names_objects_and_ends_with_trailers() {
        let summary =
            Summary::of(&tree(&[("a", "1"), ("b", "1"), ("c", "1")]), &tree(&[("a", "1"), ("b", "2"), ("d", "1")]));
        assert_eq!(summary.counts(), "1 added, 1 changed, 1 removed");
        let message = Message {
            subject: None,
            system: "shop",
            environments: vec![("production", summary, vec!["risk: restart".into()])],
            source: Some("https://h/shop.git@abc".into()),
        };
        let expected = format!(
            "Publish shop to production: 1 added, 1 changed, 1 removed\n\n\
             production: 1 added, 1 changed, 1 removed\nadded: v1/ConfigMap ai/d\nchanged: v1/ConfigMap ai/b\n\
             removed: v1/ConfigMap ai/c\nrisk: restart\n\nWindlass-System: shop\nWindlass-Environment: production\n\
             Windlass-Source: https://h/shop.git@abc\nWindlass-Version: {}\n",
            env!("CARGO_PKG_VERSION")
        );
        assert_eq!(message.text(), expected);
    }

    #[test]
    fn what_is_too_much_is_counted() {
        let files: Vec<(String, &str)> = (0..60).map(|number| (format!("f{number}"), "1")).collect();
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
        let lines = Summary::of(&Tree::new(), &tree(&files)).lines();
        assert_eq!((lines.lines().count(), lines.lines().last()), (51, Some("added: 10 more")));
    }
}
