//! The strategic merge of Kubernetes: maps merge by key, `null` takes away, and the lists whose items
//! have a key merge by it.
//!
//! Source: `patchMergeKey` and `patchStrategy` of the types in `k8s.io/api`, and the page on updating
//! objects in place.

use serde_json::{Map, Value};

/// What an item or map does with what lies below it.
const DIRECTIVE: &str = "$patch";
/// Before the name of a list: its items to take away.
const DELETE_FROM: &str = "$deleteFromPrimitiveList/";
/// The keys that stay; all others go.
const RETAIN: &str = "$retainKeys";
/// Written by tools; says how to order, which has no meaning here.
const ORDER: &str = "$setElementOrder/";

/// Lays `layer` over `value`, an object of this kind.
pub(super) fn merge(value: &mut Value, layer: &Value, kind: &str) -> Result<(), String> {
    let Value::Object(layer) = layer else { return Err("a partial object is a map".into()) };
    let Value::Object(below) = value else { return Err("only maps can be merged".into()) };
    merge_map(below, layer, kind)
}

fn merge_map(below: &mut Map<String, Value>, layer: &Map<String, Value>, kind: &str) -> Result<(), String> {
    if let Some(Value::Array(kept)) = layer.get(RETAIN) {
        below.retain(|key, _| kept.iter().any(|kept| kept == key));
    }
    for (key, value) in layer {
        if let Some(list) = key.strip_prefix(DELETE_FROM) {
            delete_from(below, list, value);
        } else if key.starts_with(ORDER) || key == RETAIN {
            // Nothing of its own to do.
        } else if key.starts_with('$') {
            return Err(format!("`{key}` is no directive that can stand here"));
        } else {
            merge_value(below, key, value, kind)?;
        }
    }
    Ok(())
}

fn merge_value(below: &mut Map<String, Value>, key: &str, value: &Value, kind: &str) -> Result<(), String> {
    match (below.get_mut(key), value) {
        (_, Value::Null) => {
            below.shift_remove(key);
        }
        (Some(Value::Object(lower)), Value::Object(upper)) => match upper.get(DIRECTIVE).and_then(Value::as_str) {
            None | Some("merge") => merge_map(lower, &without_directive(upper), kind)?,
            Some("replace") => *lower = without_directive(upper),
            Some("delete") => {
                below.shift_remove(key);
            }
            Some(other) => return Err(format!("`$patch: {other}` is none of merge, replace and delete")),
        },
        (Some(Value::Array(lower)), Value::Array(upper)) => match merge_key(key, kind) {
            Some(by) => merge_list(lower, upper, by, kind)?,
            None => lower.clone_from(upper),
        },
        (_, value) => {
            below.insert(key.to_owned(), bare(value)?);
        }
    }
    Ok(())
}

fn merge_list(lower: &mut Vec<Value>, upper: &[Value], by: &str, kind: &str) -> Result<(), String> {
    if upper.iter().any(|item| item.get(DIRECTIVE).and_then(Value::as_str) == Some("replace")) {
        lower.clear();
    }
    for item in upper {
        let Value::Object(fields) = item else { return Err(format!("an item of this list is a map with `{by}`")) };
        if matches!(fields.get(DIRECTIVE).and_then(Value::as_str), Some("replace")) && fields.len() == 1 {
            continue;
        }
        let Some(key) = fields.get(by) else {
            return Err(format!("an item of this list is found by `{by}`, which is missing"));
        };
        let at = lower.iter().position(|known| known.get(by) == Some(key));
        match (at, fields.get(DIRECTIVE).and_then(Value::as_str)) {
            (Some(at), Some("delete")) => {
                lower.remove(at);
            }
            (None, Some("delete")) => {}
            (Some(at), _) => {
                if let Value::Object(known) = &mut lower[at] {
                    merge_map(known, &without_directive(fields), kind)?;
                }
            }
            (None, _) => lower.push(bare(item)?),
        }
    }
    Ok(())
}

fn delete_from(below: &mut Map<String, Value>, list: &str, gone: &Value) {
    if let (Some(Value::Array(items)), Value::Array(gone)) = (below.get_mut(list), gone) {
        items.retain(|item| !gone.contains(item));
    }
}

fn without_directive(fields: &Map<String, Value>) -> Map<String, Value> {
    fields.iter().filter(|(key, _)| *key != DIRECTIVE).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// A value with nothing below it: `null` and directives in it have nothing to do.
fn bare(value: &Value) -> Result<Value, String> {
    Ok(match value {
        Value::Object(fields) => {
            let mut bare_fields = Map::new();
            merge_map(&mut bare_fields, &without_directive(fields), "")?;
            Value::Object(bare_fields)
        }
        Value::Array(items) => Value::Array(items.iter().map(bare).collect::<Result<_, _>>()?),
        other => other.clone(),
    })
}

/// By which key the items of a list are found; `None` where the whole list is replaced.
fn merge_key(list: &str, kind: &str) -> Option<&'static str> {
    Some(match list {
        "containers"
        | "initContainers"
        | "ephemeralContainers"
        | "volumes"
        | "env"
        | "imagePullSecrets"
        | "schedulingGates"
        | "resourceClaims"
        | "secrets"
        | "webhooks"
        | "validations" => "name",
        "ports" if kind == "Service" => "port",
        "ports" if kind == "NetworkPolicy" => return None,
        "ports" => "containerPort",
        "volumeMounts" => "mountPath",
        "volumeDevices" => "devicePath",
        "hostAliases" => "ip",
        "topologySpreadConstraints" => "topologyKey",
        "ownerReferences" => "uid",
        "conditions" => "type",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn merged(mut value: Value, layer: &Value) -> Value {
        merge(&mut value, layer, "Deployment").expect("it fits");
        value
    }

    #[test]
    fn maps_merge_and_null_takes_away() {
        let value = json!({"spec": {"a": 1, "b": {"c": 2}}});
        assert_eq!(
            merged(value, &json!({"spec": {"a": null, "b": {"d": 3}}})),
            json!({"spec": {"b": {"c": 2, "d": 3}}})
        );
    }

    #[test]
    fn keyed_lists_merge_others_are_replaced() {
        let value = json!({"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}], "args": ["x"]});
        let layer = json!({"env": [{"name": "B", "value": "3"}, {"name": "C", "value": "4"}, {"name": "A", "$patch": "delete"}], "args": ["y"]});
        assert_eq!(
            merged(value, &layer),
            json!({"env": [{"name": "B", "value": "3"}, {"name": "C", "value": "4"}], "args": ["y"]})
        );
    }

    #[test]
    fn directives_replace_and_delete() {
        let value = json!({"a": {"x": 1}, "b": {"y": 2}, "containers": [{"name": "one"}], "finalizers": ["f", "g"]});
        let layer = json!({
            "a": {"$patch": "replace", "z": 3}, "b": {"$patch": "delete"},
            "containers": [{"$patch": "replace"}, {"name": "two"}], "$deleteFromPrimitiveList/finalizers": ["f"],
        });
        assert_eq!(merged(value, &layer), json!({"a": {"z": 3}, "containers": [{"name": "two"}], "finalizers": ["g"]}));
    }

    #[test]
    fn an_item_without_its_key_is_refused() {
        let mut value = json!({"env": [{"name": "A"}]});
        assert!(merge(&mut value, &json!({"env": [{"value": "1"}]}), "Deployment").is_err());
        assert!(merge(&mut value, &json!({"$what": 1}), "Deployment").is_err());
    }
}
