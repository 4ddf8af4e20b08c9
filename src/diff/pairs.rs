//! Which object of one side is which of the other.
//!
//! Promises: an object is itself by group, kind, namespace and name, whatever its version; what is named
//! by its content is the successor of what bore the name before; what goes and comes again under another
//! name, and is nearly the same, is told as a new name.

use super::same::same;
use crate::kube::{Content, Identity, Object};
use std::collections::BTreeMap;

/// Two objects of the two sides that belong together, or one that stands alone.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pair<'a> {
    /// The same identity.
    Same(&'a Object, &'a Object),
    /// The name follows the content, and the content changed.
    Renewed(&'a Object, &'a Object),
    /// Another name for nearly the same.
    Renamed(&'a Object, &'a Object),
    Removed(&'a Object),
    Added(&'a Object),
}

/// Pairs the objects of two sides: those of the new side in their order, then those that go.
pub(super) fn pairs<'a>(before: &'a [Object], after: &'a [Object]) -> Vec<Pair<'a>> {
    let mut known: BTreeMap<_, &Object> = before.iter().map(|object| (object.identity.key(), object)).collect();
    let mut paired: Vec<Pair<'a>> = Vec::with_capacity(after.len());
    for object in after {
        paired.push(match known.remove(&object.identity.key()) {
            Some(old) => Pair::Same(old, object),
            None => Pair::Added(object),
        });
    }
    let mut gone: Vec<&Object> = before.iter().filter(|object| known.contains_key(&object.identity.key())).collect();
    join(&mut paired, &mut gone, Pair::Renewed, successor);
    join_similar(&mut paired, &mut gone);
    paired.extend(gone.into_iter().map(Pair::Removed));
    paired
}

/// Pairs each new object with the only one that goes and matches it.
fn join<'a>(
    paired: &mut [Pair<'a>],
    gone: &mut Vec<&'a Object>,
    pair: fn(&'a Object, &'a Object) -> Pair<'a>,
    key: fn(&Identity) -> Option<String>,
) {
    let mut by_key: BTreeMap<String, Vec<&Object>> = BTreeMap::new();
    for object in gone.iter() {
        if let Some(key) = key(&object.identity) {
            by_key.entry(key).or_default().push(object);
        }
    }
    for slot in paired {
        let Pair::Added(new) = *slot else { continue };
        let Some(old) = key(&new.identity).and_then(|key| by_key.get_mut(&key)).and_then(Vec::pop) else { continue };
        *slot = pair(old, new);
        gone.retain(|object| !std::ptr::eq(*object, old));
    }
}

/// What stays of an identity whose name follows the content.
fn successor(identity: &Identity) -> Option<String> {
    let stem = stem(&identity.name)?;
    Some(format!("{}/{}/{}/{stem}", identity.group(), identity.kind, identity.namespace.as_deref().unwrap_or_default()))
}

/// The name before the digest at its end: ten hexadecimal digits, as [`crate::digest::short`] gives, or the
/// ten letters and digits of kustomize's generators.
pub(super) fn stem(name: &str) -> Option<&str> {
    let (stem, digest) = name.rsplit_once('-')?;
    let is_hex = digest.len() == 10 && digest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let is_kustomize = digest.len() == 10
        && digest.bytes().all(|b| b"bcdfghkmt2456789".contains(&b))
        && digest.bytes().any(|b| b.is_ascii_digit());
    (is_hex || is_kustomize).then_some(stem)
}

/// More than so many comparisons tell nobody anything.
const MOST: usize = 20_000;
/// The share of values that a renamed object keeps, in percent.
const ALIKE: usize = 70;

fn join_similar<'a>(paired: &mut [Pair<'a>], gone: &mut Vec<&'a Object>) {
    let added = paired.iter().filter(|pair| matches!(pair, Pair::Added(_))).count();
    if added.saturating_mul(gone.len()) > MOST {
        return;
    }
    for slot in paired {
        let Pair::Added(new) = *slot else { continue };
        let alike =
            |old: &&Object| old.identity.kind == new.identity.kind && old.identity.group() == new.identity.group();
        let best =
            gone.iter().copied().filter(alike).map(|old| (likeness(old, new), old)).max_by_key(|(share, _)| *share);
        let Some((_, old)) = best.filter(|(share, _)| *share >= ALIKE) else { continue };
        *slot = Pair::Renamed(old, new);
        gone.retain(|object| !std::ptr::eq(*object, old));
    }
}

/// How many of the values under `spec`, `data` and `rules` are the same, in percent; the names of the two count as one.
fn likeness(old: &Object, new: &Object) -> usize {
    let names = (old.identity.name.as_str(), new.identity.name.as_str());
    let (mut equal, mut all) = (0, 0);
    for (key, value) in entries(&old.content) {
        if matches!(key, "apiVersion" | "kind" | "metadata") {
            continue;
        }
        compare(value, new.content.get(key), names, &mut equal, &mut all);
    }
    // What says nothing is like nothing.
    (equal * 100).checked_div(all).unwrap_or(0)
}

fn compare(old: &Content, new: Option<&Content>, names: (&str, &str), equal: &mut usize, all: &mut usize) {
    match (old, new) {
        (Content::Map(fields), new) => {
            for (key, value) in fields {
                let other = new.and_then(|new| new.get(key).or_else(|| new.get(&key.replace(names.0, names.1))));
                compare(value, other, names, equal, all);
            }
        }
        (Content::List(items), new) => {
            let others: &[Content] = if let Some(Content::List(others)) = new { others } else { &[] };
            for (at, item) in items.iter().enumerate() {
                compare(item, others.get(at), names, equal, all);
            }
        }
        (scalar, new) => {
            *all += 1;
            let renamed = |text: &str| new.and_then(Content::as_str) == Some(&text.replace(names.0, names.1));
            let is_same = new.is_some_and(|new| same(scalar, new, "", "")) || scalar.as_str().is_some_and(renamed);
            *equal += usize::from(is_same);
        }
    }
}

fn entries(content: &Content) -> impl Iterator<Item = (&str, &Content)> {
    let entries = if let Content::Map(entries) = content { entries.as_slice() } else { &[] };
    entries.iter().map(|(key, value)| (key.as_str(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_follows_its_content_has_a_stem() {
        assert_eq!(stem("api-files-0123456789"), Some("api-files"));
        assert_eq!(stem("app-config-k7mh8f2t9c"), Some("app-config"));
        assert_eq!(stem("api-production"), None);
        assert_eq!(stem("api"), None);
    }
}
