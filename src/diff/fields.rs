//! What changed inside an object.
//!
//! Promises: a field that is there on one side alone is one change, with all that lies below it; the same
//! value in other words is none.

use super::keys::{Listing, listing, names};
use super::path::{FieldPath, Step};
use super::same::{is_empty, same};
use crate::kube::{Content, Key};
use std::collections::BTreeMap;

/// One field that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    pub path: FieldPath,
    pub edit: Edit,
}

/// What happened to a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    Added(Content),
    Removed(Content),
    Replaced(Content, Content),
    /// The items are the same and stand in another order, which means something here.
    Reordered,
}

impl Edit {
    pub fn before(&self) -> Option<&Content> {
        match self {
            Self::Removed(before) | Self::Replaced(before, _) => Some(before),
            Self::Added(_) | Self::Reordered => None,
        }
    }

    pub fn after(&self) -> Option<&Content> {
        match self {
            Self::Added(after) | Self::Replaced(_, after) => Some(after),
            Self::Removed(_) | Self::Reordered => None,
        }
    }
}

/// The fields in which two objects of a kind differ, in the order of the objects.
pub(super) fn fields(before: &Content, after: &Content, kind: &str) -> Vec<Field> {
    let mut walk = Walk { kind, path: FieldPath::default(), found: Vec::new() };
    walk.value(before, after, "", "");
    walk.found
}

struct Walk<'a> {
    kind: &'a str,
    path: FieldPath,
    found: Vec<Field>,
}

impl Walk<'_> {
    fn value(&mut self, before: &Content, after: &Content, key: &str, parent: &str) {
        if same(before, after, key, parent) {
            return;
        }
        match (before, after) {
            (Content::Map(old), Content::Map(new)) => self.map(old, new, key),
            (Content::List(old), Content::List(new)) => self.list(old, new, key),
            _ => self.push(Edit::Replaced(before.clone(), after.clone())),
        }
    }

    fn map(&mut self, old: &[(Key, Content)], new: &[(Key, Content)], key: &str) {
        let get = |entries: &'_ [(Key, Content)], name: &str| entries.iter().position(|(known, _)| known == name);
        for (name, value) in old {
            let other = get(new, name).map(|at| &new[at].1);
            self.within(Step::Key(name.clone()), |walk| walk.either(Some(value), other, name, key));
        }
        for (name, value) in new.iter().filter(|(name, _)| get(old, name).is_none()) {
            self.within(Step::Key(name.clone()), |walk| walk.either(None, Some(value), name, key));
        }
    }

    /// A value that may be missing on one side.
    fn either(&mut self, before: Option<&Content>, after: Option<&Content>, key: &str, parent: &str) {
        match (before.filter(|value| !is_empty(value)), after.filter(|value| !is_empty(value))) {
            (Some(before), Some(after)) => self.value(before, after, key, parent),
            (Some(before), None) => self.push(Edit::Removed(before.clone())),
            (None, Some(after)) => self.push(Edit::Added(after.clone())),
            (None, None) => {}
        }
    }

    fn list(&mut self, old: &[Content], new: &[Content], key: &str) {
        match listing(key, self.kind) {
            Listing::Keyed(keys) => self.keyed(old, new, key, keys, false),
            Listing::Ordered(keys) => self.keyed(old, new, key, keys, true),
            Listing::Set => self.set(old, new),
            Listing::Whole => self.whole(old, new, key),
        }
    }

    fn keyed(&mut self, old: &[Content], new: &[Content], key: &str, keys: &[&str], ordered: bool) {
        let (Some(old_names), Some(new_names)) = (names(old, keys), names(new, keys)) else {
            return self.whole(old, new, key);
        };
        let places: BTreeMap<&Key, usize> = new_names.iter().enumerate().map(|(at, name)| (name, at)).collect();
        let known: BTreeMap<&Key, usize> = old_names.iter().enumerate().map(|(at, name)| (name, at)).collect();
        for (name, item) in old_names.iter().zip(old) {
            let other = places.get(name).map(|at| &new[*at]);
            self.within(Step::Item(name.clone()), |walk| walk.either(Some(item), other, key, ""));
        }
        for (name, item) in new_names.iter().zip(new).filter(|(name, _)| !known.contains_key(name)) {
            self.within(Step::Item(name.clone()), |walk| walk.either(None, Some(item), key, ""));
        }
        let kept: Vec<usize> = old_names.iter().filter_map(|name| places.get(name).copied()).collect();
        // The first container is the one that tools show and enter.
        let first_moved = key == "containers" && old_names.first() != new_names.first() && kept.len() == old.len();
        if (ordered && !kept.is_sorted()) || first_moved {
            self.push(Edit::Reordered);
        }
    }

    fn set(&mut self, old: &[Content], new: &[Content]) {
        let gone = old.iter().enumerate().filter(|(_, item)| !new.contains(item));
        for (at, item) in gone {
            self.within(Step::At(at), |walk| walk.push(Edit::Removed(item.clone())));
        }
        let come = new.iter().enumerate().filter(|(_, item)| !old.contains(item));
        for (at, item) in come {
            self.within(Step::At(at), |walk| walk.push(Edit::Added(item.clone())));
        }
    }

    /// Items without keys: those that are alike on both sides are the same; the rest pair up in their order.
    fn whole(&mut self, old: &[Content], new: &[Content], key: &str) {
        if !old.iter().chain(new).all(|item| matches!(item, Content::Map(_))) {
            return self.push(Edit::Replaced(Content::List(old.to_vec()), Content::List(new.to_vec())));
        }
        let (gone, come) = unmatched(old, new, key);
        for (at, other) in gone.iter().zip(&come) {
            self.within(Step::At(*at), |walk| walk.value(&old[*at], &new[*other], key, ""));
        }
        for at in gone.iter().skip(come.len()) {
            self.within(Step::At(*at), |walk| walk.push(Edit::Removed(old[*at].clone())));
        }
        for at in come.iter().skip(gone.len()) {
            self.within(Step::At(*at), |walk| walk.push(Edit::Added(new[*at].clone())));
        }
        if gone.is_empty() && come.is_empty() {
            self.push(Edit::Reordered);
        }
    }

    fn within(&mut self, step: Step, then: impl FnOnce(&mut Self)) {
        self.path.push(step);
        then(self);
        self.path.pop();
    }

    fn push(&mut self, edit: Edit) {
        self.found.push(Field { path: self.path.clone(), edit });
    }
}

/// The items of each side that the other does not have.
fn unmatched(old: &[Content], new: &[Content], key: &str) -> (Vec<usize>, Vec<usize>) {
    let mut come: Vec<usize> = (0..new.len()).collect();
    let gone = (0..old.len()).filter(|at| match come.iter().position(|other| same(&old[*at], &new[*other], key, "")) {
        Some(found) => {
            come.remove(found);
            false
        }
        None => true,
    });
    (gone.collect(), come)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn changed(before: &Value, after: &Value) -> Vec<String> {
        let of = |value| Content::of(value).expect("a tree");
        let shown = |field: &Field| match &field.edit {
            Edit::Added(_) => format!("+{}", field.path),
            Edit::Removed(_) => format!("-{}", field.path),
            Edit::Replaced(..) => format!("~{}", field.path),
            Edit::Reordered => format!("%{}", field.path),
        };
        fields(&of(before), &of(after), "Deployment").iter().map(shown).collect()
    }

    #[test]
    fn items_are_matched_by_their_keys() {
        let before = json!({"containers": [{"name": "a", "image": "x"}, {"name": "b", "image": "y"}]});
        let after = json!({"containers": [{"name": "b", "image": "y"}, {"name": "a", "image": "z"}]});
        assert_eq!(changed(&before, &after), ["~containers[a].image", "%containers"]);
    }

    #[test]
    fn the_order_of_variables_counts_and_that_of_volumes_does_not() {
        let lists = |key: &str, names: [&str; 2]| json!({key: [{"name": names[0]}, {"name": names[1]}]});
        assert_eq!(changed(&lists("env", ["A", "B"]), &lists("env", ["B", "A"])), ["%env"]);
        assert!(changed(&lists("volumes", ["a", "b"]), &lists("volumes", ["b", "a"])).is_empty());
    }

    #[test]
    fn items_without_keys_are_matched_by_what_they_hold() {
        let before = json!({"egress": [{"to": 1}, {"to": 2}, {"to": 3}]});
        assert_eq!(changed(&before, &json!({"egress": [{"to": 1}, {"to": 3}]})), ["-egress[1]"]);
        assert_eq!(changed(&before, &json!({"egress": [{"to": 1}, {"to": 4}, {"to": 3}]})), ["~egress[1].to"]);
        assert_eq!(changed(&json!({"args": ["a"]}), &json!({"args": ["a", "b"]})), ["~args"]);
    }

    #[test]
    fn a_field_on_one_side_is_one_change() {
        assert_eq!(changed(&json!({"a": {"b": {"c": 1}}}), &json!({"a": {"d": 1}})), ["-a.b", "+a.d"]);
        assert_eq!(changed(&json!({"a": 1}), &json!({"a": 1, "b": [], "c": null})), Vec::<String>::new());
        assert_eq!(changed(&json!({"a": 1}), &json!({"a": 1, "b": {"c": 2}})), ["+b"]);
    }
}
