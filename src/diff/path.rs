//! Where in an object something changed.

use crate::kube::{Content, Key};
use std::fmt;

/// One step from the root of an object towards a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// The value of a key.
    Key(Key),
    /// The item of a list that has this key among its own: `containers[api]`.
    Item(Key),
    /// The item at this place of a list whose items have no key.
    At(usize),
}

/// The way from the root of an object to a value.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldPath(Vec<Step>);

impl FieldPath {
    /// A path of keys alone.
    pub fn of(keys: &[&str]) -> Self {
        Self(keys.iter().map(|key| Step::Key(Key::new(key))).collect())
    }

    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn push(&mut self, step: Step) {
        self.0.push(step);
    }

    pub(super) fn pop(&mut self) {
        self.0.pop();
    }

    /// The last key of a map on the way.
    pub fn last_key(&self) -> Option<&str> {
        self.0.iter().rev().find_map(|step| if let Step::Key(key) = step { Some(key.as_str()) } else { None })
    }

    /// Whether the keys on the way begin with these; the items of lists do not count.
    pub fn is_under(&self, keys: &[&str]) -> bool {
        let mut own = self.keys();
        keys.iter().all(|key| own.next() == Some(key))
    }

    /// The path without the items of lists, which have names of their own in each object.
    pub(super) fn pattern(&self) -> Self {
        Self(self.0.iter().filter(|step| matches!(step, Step::Key(_))).cloned().collect())
    }

    /// The keys of maps on the way.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|step| if let Step::Key(key) = step { Some(key.as_str()) } else { None })
    }
}

impl fmt::Display for FieldPath {
    /// `spec.template.spec.containers[api].image`, `metadata.labels[app.kubernetes.io/name]`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |key: &str| key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if plain(key) && at == 0 => write!(f, "{key}")?,
                Step::Key(key) if plain(key) => write!(f, ".{key}")?,
                Step::Key(key) | Step::Item(key) => write!(f, "[{key}]")?,
                Step::At(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// A value by the keys that lead to it.
pub fn at<'a>(content: &'a Content, keys: &[&str]) -> Option<&'a Content> {
    keys.iter().try_fold(content, |value, key| value.get(key))
}

/// The text of a value by the keys that lead to it.
pub fn text_at<'a>(content: &'a Content, keys: &[&str]) -> Option<&'a str> {
    at(content, keys)?.as_str()
}

/// A value as a person writes it in one line; long ones are cut.
pub fn shown(content: &Content) -> String {
    const LONGEST: usize = 120;
    let text = match content {
        Content::Text(text) => text.to_string(),
        other => serde_json::to_string(other).unwrap_or_default(),
    };
    let one_line = text.replace('\n', "\\n");
    if one_line.chars().count() <= LONGEST {
        return one_line;
    }
    one_line.chars().take(LONGEST - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_like_the_object() {
        let mut path = FieldPath::of(&["spec", "containers"]);
        path.push(Step::Item("api".into()));
        path.push(Step::Key("args".into()));
        path.push(Step::At(2));
        assert_eq!(path.to_string(), "spec.containers[api].args[2]");
        assert!(path.is_under(&["spec", "containers", "args"]) && !path.is_under(&["spec", "image"]));
        assert_eq!(FieldPath::of(&["metadata", "labels", "a.b/c"]).to_string(), "metadata.labels[a.b/c]");
    }

    #[test]
    fn a_long_value_is_cut() {
        assert_eq!(shown(&Content::Text("a\nb".into())), "a\\nb");
        assert_eq!(shown(&Content::Text("x".repeat(200).into())).chars().count(), 120);
    }
}
