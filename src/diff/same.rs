//! When two values are the same to Kubernetes, though written in other words.
//!
//! Promises: quantities and durations are compared by value where the field is one, keys of maps in any
//! order, and an empty map or list like none at all.

use crate::kube::Content;
use crate::model::Quantity;

/// Maps whose values are quantities.
const OF_QUANTITIES: &[&str] = &[
    "requests",
    "limits",
    "hard",
    "capacity",
    "allocatable",
    "default",
    "defaultRequest",
    "max",
    "min",
    "maxLimitRequestRatio",
    "minAllowed",
    "maxAllowed",
    "overhead",
    "podFixed",
];
/// Fields that are quantities.
const QUANTITIES: &[&str] =
    &["storage", "size", "sizeLimit", "averageValue", "nominalQuota", "borrowingLimit", "lendingLimit", "divisor"];
/// Fields that are durations.
const DURATIONS: &[&str] = &[
    "timeout",
    "interval",
    "retryInterval",
    "scrapeTimeout",
    "for",
    "keep_firing_for",
    "refreshInterval",
    "duration",
    "renewBefore",
    "request",
    "backendRequest",
    "backoff",
    "maxDuration",
    "retentionPolicy",
    "pause",
    "initialDelay",
];

/// Whether two values under `key` of a map under `parent` mean the same.
pub(super) fn same(before: &Content, after: &Content, key: &str, parent: &str) -> bool {
    if before == after {
        return true;
    }
    match (before, after) {
        (Content::Map(old), Content::Map(new)) => {
            let filled =
                |entries: &[(crate::kube::Key, Content)]| entries.iter().filter(|(_, value)| !is_empty(value)).count();
            filled(old) == filled(new)
                && old
                    .iter()
                    .filter(|(_, value)| !is_empty(value))
                    .all(|(name, value)| after.get(name).is_some_and(|other| same(value, other, name, key)))
        }
        (Content::List(old), Content::List(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| same(old, new, key, parent))
        }
        _ => same_scalar(before, after, key, parent),
    }
}

fn same_scalar(before: &Content, after: &Content, key: &str, parent: &str) -> bool {
    let (Some(old), Some(new)) = (word(before), word(after)) else { return false };
    if OF_QUANTITIES.contains(&parent) || QUANTITIES.contains(&key) {
        return matches!((Quantity::parse(&old), Quantity::parse(&new)), (Ok(old), Ok(new)) if old == new);
    }
    if DURATIONS.contains(&key) {
        return matches!((millis(&old), millis(&new)), (Some(old), Some(new)) if old == new);
    }
    // `1` and `1.0` are one number.
    matches!((before, after), (Content::Integer(_), Content::Float(_)) | (Content::Float(_), Content::Integer(_)))
        && old.parse::<f64>().ok() == new.parse::<f64>().ok()
}

/// Nothing written, or nothing in it.
pub(super) fn is_empty(value: &Content) -> bool {
    match value {
        Content::Null => true,
        Content::List(items) => items.is_empty(),
        Content::Map(entries) => entries.is_empty(),
        _ => false,
    }
}

fn word(value: &Content) -> Option<String> {
    match value {
        Content::Text(text) => Some(text.to_string()),
        Content::Integer(number) => Some(number.to_string()),
        Content::Float(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A duration of Go or Prometheus, such as `1m30s`, in milliseconds.
pub(super) fn millis(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut total = 0u64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        let unit = rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |at| digits + at);
        let factor = match &rest[digits..unit] {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 604_800_000,
            _ => return None,
        };
        total = total.checked_add(number.checked_mul(factor)?)?;
        rest = &rest[unit..];
    }
    (!text.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn is_same(before: serde_json::Value, after: serde_json::Value) -> bool {
        let of = |value| Content::of(&value).expect("a tree");
        same(&of(before), &of(after), "", "")
    }

    #[test]
    fn quantities_and_durations_are_compared_by_value() {
        assert!(is_same(json!({"limits": {"cpu": "1000m"}}), json!({"limits": {"cpu": 1}})));
        assert!(is_same(json!({"storage": "1Gi"}), json!({"storage": "1024Mi"})));
        assert!(is_same(json!({"interval": "60s"}), json!({"interval": "1m"})));
        assert!(!is_same(json!({"limits": {"cpu": "1001m"}}), json!({"limits": {"cpu": 1}})));
        assert!(!is_same(json!({"value": "1000m"}), json!({"value": "1"})));
    }

    #[test]
    fn order_of_keys_and_empty_values_say_nothing() {
        assert!(is_same(json!({"a": 1, "b": {}}), json!({"b": null, "a": 1})));
        assert!(!is_same(json!({"a": 1}), json!({"a": "1"})));
    }

    #[test]
    fn a_duration_has_units() {
        assert_eq!(millis("1h30m"), Some(5_400_000));
        assert_eq!((millis("90"), millis(""), millis("1y")), (None, None, None));
    }
}
