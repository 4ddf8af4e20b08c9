//! Patches, of the system and of its components, as one list.

use super::Resolver;
use crate::document::{Path, at};
use crate::model::{Patch, PatchChange};
use crate::spec::{self, Operation};
use serde_json::{Map, Value};

/// All patches, those of components first, since those of the system are laid over everything.
pub(super) fn all(cx: &mut Resolver<'_, '_>) -> Vec<Patch> {
    let mut all = Vec::new();
    for (key, component) in cx.components.iter().filter(|(_, component)| component.is_enabled()) {
        let place = at!["components", key, "patches"];
        for (name, written) in component.patches.iter().flatten() {
            all.extend(patch(cx, written, Some(key), place.join(name)));
        }
    }
    for (name, written) in cx.system.patches.iter().flatten() {
        all.extend(patch(cx, written, None, at!["patches", name]));
    }
    all
}

fn patch(cx: &mut Resolver<'_, '_>, written: &spec::Patch, component: Option<&String>, place: Path) -> Option<Patch> {
    let change = match (&written.merge, &written.json) {
        (Some(merge), _) => PatchChange::Merge(merge.0.clone()),
        (None, Some(operations)) => PatchChange::Operations(operations.iter().map(operation).collect()),
        (None, None) => {
            cx.no_form(&place, "a patch", "`merge` or `json`");
            return None;
        }
    };
    Some(Patch {
        place,
        component: component.cloned(),
        kind: written.target.kind.to_string(),
        name: written.target.name.as_ref().map(ToString::to_string),
        optional: written.optional == Some(true),
        change,
    })
}

/// An operation as RFC 6902 writes it.
fn operation(written: &Operation) -> Value {
    let mut operation = Map::new();
    operation.insert("op".into(), written.op.text().into());
    operation.insert("path".into(), written.path.0.clone().into());
    operation.extend(written.from.as_ref().map(|from| ("from".to_owned(), from.0.clone().into())));
    operation.extend(written.value.as_ref().map(|value| ("value".to_owned(), value.0.clone())));
    Value::Object(operation)
}
