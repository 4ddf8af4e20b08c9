//! The same change in many objects is one line.
//!
//! Promises: a group has at least three objects that differ in the same field in the same way; every object
//! stands in the group of each of its fields that has one.

use super::{Change, Edit, Field};
use crate::kube::Identity;
use std::collections::BTreeMap;

/// One change of one field in many objects.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The field, without the names of items.
    pub field: String,
    pub edit: Edit,
    pub objects: Vec<Identity>,
}

/// From so many objects on, the same change is told once.
const MANY: usize = 3;

/// The changes that many objects share, the most frequent first.
pub fn groups(changes: &[Change]) -> Vec<Group> {
    let mut found: BTreeMap<String, Group> = BTreeMap::new();
    for change in changes {
        for field in &change.fields {
            let group = found.entry(key(field)).or_insert_with(|| Group {
                field: field.path.pattern().to_string(),
                edit: field.edit.clone(),
                objects: Vec::new(),
            });
            if group.objects.last() != Some(&change.identity) {
                group.objects.push(change.identity.clone());
            }
        }
    }
    let mut groups: Vec<Group> = found.into_values().filter(|group| group.objects.len() >= MANY).collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.objects.len()));
    groups
}

/// Whether a field stands in one of the groups.
impl Group {
    pub fn holds(&self, field: &Field) -> bool {
        self.field == field.path.pattern().to_string() && self.edit == field.edit
    }
}

fn key(field: &Field) -> String {
    let value = |content| serde_json::to_string(&content).unwrap_or_default();
    format!("{}\0{}\0{}", field.path.pattern(), value(field.edit.before()), value(field.edit.after()))
}
