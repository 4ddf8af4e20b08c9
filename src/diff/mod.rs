//! What differs between two sets of objects.
//!
//! Promises: pure; the order of the input and of keys says nothing; a set against itself has no change.
//! Objects are matched by identity and lists by their keys; values are compared by what they mean. What
//! only follows another change (the name of a ConfigMap that is named by its content, a checksum) is marked
//! as such, and the values of Secrets never leave this module.

mod conceal;
mod fields;
mod group;
mod keys;
pub mod live;
mod pairs;
pub mod path;
pub mod read;
mod same;

use crate::kube::{Content, Identity, Object};
pub use conceal::is_secret;
pub use fields::{Edit, Field};
pub use group::{Group, groups};
use pairs::Pair;
pub use path::{FieldPath, Step};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// One object that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub how: How,
    /// What is there after, or was there before.
    pub identity: Identity,
    /// The component that it belongs to.
    pub component: Option<String>,
    /// The object as it was; secret values are concealed.
    pub before: Option<Content>,
    /// The object as it will be; secret values are concealed.
    pub after: Option<Content>,
    /// What differs where both are there.
    pub fields: Vec<Field>,
    /// Fields that follow another change: names of what is named by its content, and checksums.
    pub follows: Vec<Field>,
}

/// What happens to an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    Added,
    Changed,
    /// Its name follows its content: a new object takes the place of this one.
    Renewed {
        from: String,
    },
    /// It goes, and comes again under another name or namespace.
    Renamed {
        from: Identity,
    },
    Removed,
}

impl Change {
    /// Whether this object differs in nothing of its own.
    pub fn only_follows(&self) -> bool {
        self.how == How::Changed && self.fields.is_empty()
    }
}

/// What differs, in the order of the objects that will be, then of those that go.
pub fn diff(before: &[Object], after: &[Object]) -> Vec<Change> {
    let pairs = pairs::pairs(before, after);
    let names = renewed(&pairs);
    pairs.par_iter().filter_map(|pair| change(*pair, &names)).collect()
}

/// The new name of each object that is named by its content, by the old one.
fn renewed<'a>(pairs: &[Pair<'a>]) -> BTreeMap<&'a str, &'a str> {
    let names = pairs.iter().filter_map(|pair| match pair {
        Pair::Renewed(old, new) => Some((old.identity.name.as_str(), new.identity.name.as_str())),
        _ => None,
    });
    names.collect()
}

fn change(pair: Pair<'_>, names: &BTreeMap<&str, &str>) -> Option<Change> {
    let (how, before, after) = match pair {
        Pair::Same(old, new) if old.content == new.content => return None,
        Pair::Same(old, new) => (How::Changed, Some(old), Some(new)),
        Pair::Renewed(old, new) => (How::Renewed { from: old.identity.name.clone() }, Some(old), Some(new)),
        Pair::Renamed(old, new) => (How::Renamed { from: old.identity.clone() }, Some(old), Some(new)),
        Pair::Removed(old) => (How::Removed, Some(old), None),
        Pair::Added(new) => (How::Added, None, Some(new)),
    };
    let fields = match (before, after) {
        (Some(old), Some(new)) => fields::fields(&old.content, &new.content, &new.identity.kind),
        _ => Vec::new(),
    };
    if how == How::Changed && fields.is_empty() {
        return None;
    }
    let (follows, mut fields): (Vec<Field>, Vec<Field>) =
        fields.into_iter().partition(|field| follows(field, names, &how));
    let object = after.or(before)?;
    let conceals = is_secret(&object.identity);
    if conceals {
        conceal::fields(&mut fields);
    }
    let content = |object: &Object| if conceals { conceal::content(&object.content) } else { object.content.clone() };
    Some(Change {
        how,
        identity: object.identity.clone(),
        component: object.component.clone(),
        before: before.map(content),
        after: after.map(content),
        fields,
        follows,
    })
}

/// Whether a field only names the successor of something, or is a checksum of what changed elsewhere.
fn follows(field: &Field, names: &BTreeMap<&str, &str>, how: &How) -> bool {
    let last = field.path.last_key().unwrap_or_default();
    let is_checksum =
        field.path.is_under(&["spec", "template", "metadata", "annotations"]) && last.contains("checksum");
    let is_own_name = matches!(how, How::Renewed { .. }) && field.path == FieldPath::of(&["metadata", "name"]);
    let names_successor = match &field.edit {
        Edit::Replaced(Content::Text(old), Content::Text(new)) => names.get(old.as_str()) == Some(&new.as_str()),
        _ => false,
    };
    is_checksum || is_own_name || names_successor
}

#[cfg(test)]
mod tests;
