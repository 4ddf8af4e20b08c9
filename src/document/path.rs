//! A place in the merged document by its names, such as `components.api.scale.max`.

use super::{Name, Node, Value};
use crate::source::Span;
use std::fmt;

/// Keys and indices from the root.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(Vec<Name>);

/// What may be a part of a path: a name, or the index of a list.
pub trait Segment {
    fn name(&self) -> Name;
}

impl Segment for str {
    fn name(&self) -> Name {
        Name::new(self)
    }
}

impl Segment for String {
    fn name(&self) -> Name {
        Name::new(self)
    }
}

impl Segment for Name {
    fn name(&self) -> Name {
        self.clone()
    }
}

impl Segment for usize {
    fn name(&self) -> Name {
        compact_str::ToCompactString::to_compact_string(self)
    }
}

impl<T: Segment + ?Sized> Segment for &T {
    fn name(&self) -> Name {
        (**self).name()
    }
}

/// `at!["components", name, "scale"]`
macro_rules! at {
    ($($segment:expr),* $(,)?) => {
        $crate::document::Path::from_iter([$($crate::document::path::Segment::name(&$segment)),*])
    };
}
pub(crate) use at;

impl FromIterator<Name> for Path {
    fn from_iter<I: IntoIterator<Item = Name>>(segments: I) -> Self {
        Self(segments.into_iter().collect())
    }
}

/// What a [`Path`] leads to.
#[derive(Clone, Debug)]
pub struct Place<'a> {
    /// The key of the last part, if it is one.
    pub key: Option<Span>,
    pub node: &'a Node,
    /// False where the path goes on past what was written: this is the nearest part above.
    pub exact: bool,
}

impl Path {
    /// This path with one more name.
    #[must_use]
    pub fn join(&self, segment: &(impl Segment + ?Sized)) -> Self {
        let mut longer = Vec::with_capacity(self.0.len() + 1);
        longer.extend_from_slice(&self.0);
        longer.push(segment.name());
        Self(longer)
    }

    /// This path with more names.
    #[must_use]
    pub fn extended(&self, names: &[&str]) -> Self {
        let mut longer = Vec::with_capacity(self.0.len() + names.len());
        longer.extend_from_slice(&self.0);
        longer.extend(names.iter().map(|name| Name::new(name)));
        Self(longer)
    }

    pub fn push(&mut self, segment: &(impl Segment + ?Sized)) {
        self.0.push(segment.name());
    }

    pub fn pop(&mut self) {
        self.0.pop();
    }

    /// The path under `to`, where it lies under `from`.
    pub fn moved(&self, from: &Self, to: &Self) -> Option<Self> {
        let rest = self.0.strip_prefix(from.0.as_slice())?;
        Some(Self(to.0.iter().chain(rest).cloned().collect()))
    }

    pub fn segments(&self) -> &[Name] {
        &self.0
    }

    /// Follows the path from `root`; stops at the last part that was written.
    pub fn locate<'a>(&self, root: &'a Node) -> Place<'a> {
        let mut place = Place { key: None, node: root, exact: true };
        for segment in &self.0 {
            let next = match &place.node.value {
                Value::Map(map) => map.get(segment.as_str()).map(|entry| (Some(entry.key), &entry.node)),
                Value::List(list) => segment.parse().ok().and_then(|at: usize| list.get(at)).map(|node| (None, node)),
                Value::Null | Value::Scalar(_) => None,
            };
            let Some((key, node)) = next else { return Place { exact: false, ..place } };
            place = Place { key, node, exact: true };
        }
        place
    }
}

impl fmt::Display for Path {
    /// Names joined by dots, without the `environment` that the merged document puts before an environment's own keys; a name that is more than letters, digits, `-` and `_` stands in brackets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = if self.0.len() > 1 && self.0[0] == "environment" { &self.0[1..] } else { &self.0[..] };
        for (at, segment) in shown.iter().enumerate() {
            let plain = segment.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
            match (plain, at) {
                (true, 0) => write!(f, "{segment}")?,
                (true, _) => write!(f, ".{segment}")?,
                (false, _) => write!(f, "[{segment}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn paths_read_like_the_document() {
        let shown = at!["components", "api", "env", "DB_URL"].to_string();
        assert_eq!(shown, "components.api.env.DB_URL");
        assert_eq!(at!["labels", "a.b/c"].to_string(), "labels[a.b/c]");
    }
}
