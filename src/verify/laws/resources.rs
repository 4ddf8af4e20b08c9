//! What containers ask for. Source: `ValidateContainerResourceRequirements`.

use super::{at, entries};
use crate::diagnostic::code;
use crate::kube::Content;
use crate::model::quantity::Quantity;
use crate::verify::schema::Walk;

pub(super) fn resources_are_valid<'a>(walk: &mut Walk<'a>, resources: &'a Content) {
    for list in ["limits", "requests"] {
        at(walk, resources, &[list], |walk, amounts| {
            for (name, amount) in entries(amounts) {
                walk.key(name, |walk| amount_is_valid(walk, name, amount));
            }
        });
    }
    let named =
        |name: &str| ["limits", "requests"].into_iter().any(|list| super::get(resources, &[list, name]).is_some());
    let pages =
        entries(resources).iter().flat_map(|(_, amounts)| entries(amounts)).any(|(name, _)| page(name).is_some());
    if pages && !named("cpu") && !named("memory") {
        walk.push(
            walk.fault(code::OBJECT_CONTAINER, "huge pages are asked for alone")
                .label("needs cpu or memory beside them")
                .reason("the API server refuses it")
                .on_key(),
        );
    }
    let limits = resources.get("limits").map(entries).unwrap_or_default();
    at(walk, resources, &["requests"], |walk, requests| {
        for (name, amount) in entries(requests) {
            let limit = limits.iter().find(|(known, _)| known == name).map(|(_, limit)| limit);
            walk.key(name, |walk| request_fits(walk, name, amount, limit));
        }
    });
}

fn amount_is_valid(walk: &mut Walk<'_>, name: &str, amount: &Content) {
    if !is_name(name) {
        walk.push(
            walk.fault(code::OBJECT_CONTAINER, format!("`{name}` is no resource"))
                .label("not a name of a resource")
                .reason("the API server takes cpu, memory, ephemeral-storage, hugepages and names with a domain")
                .help("write the domain of a device too, such as `nvidia.com/gpu`")
                .on_key(),
        );
        return;
    }
    let Some(amount) = quantity(amount) else { return };
    let wrong = if amount.is_negative() {
        "less than 0"
    } else if is_counted(name) && !amount.is_whole() {
        "not a whole number"
    } else if page(name).is_some_and(|page| page.units() == 0 || amount.units() % page.units() != 0) {
        "not a multiple of the page"
    } else {
        return;
    };
    walk.push(
        walk.fault(code::OBJECT_CONTAINER, format!("the amount of `{name}` is {wrong}"))
            .label(wrong)
            .reason("the API server refuses it"),
    );
}

fn request_fits(walk: &mut Walk<'_>, name: &str, request: &Content, limit: Option<&Content>) {
    let Some(request) = quantity(request) else { return };
    let fault = match limit.and_then(quantity) {
        Some(limit) if request > limit => walk
            .fault(code::OBJECT_CONTAINER, format!("the request of `{name}` is over its limit"))
            .label(format!("more than the limit of `{limit}`")),
        Some(limit) if is_counted(name) && request != limit => walk
            .fault(code::OBJECT_CONTAINER, format!("the request of `{name}` is not its limit"))
            .label(format!("must be `{limit}`")),
        None if is_counted(name) && limit.is_none() => walk
            .fault(code::OBJECT_CONTAINER, format!("`{name}` has a request without a limit"))
            .label("needs a limit of the same amount"),
        _ => return,
    };
    walk.push(fault.reason("what cannot be shared is asked for and limited alike; the API server refuses it"));
}

/// What a container may ask for by name.
fn is_name(name: &str) -> bool {
    matches!(name, "cpu" | "memory" | "ephemeral-storage")
        || page(name).is_some()
        || (name.contains('/') && crate::spec::text::label_name(name).is_ok())
}

/// The size of a huge page.
fn page(name: &str) -> Option<Quantity> {
    Quantity::parse(name.strip_prefix("hugepages-")?).ok()
}

/// True for what cannot be shared: devices and huge pages.
fn is_counted(name: &str) -> bool {
    name.starts_with("hugepages-")
        || name
            .split_once('/')
            .is_some_and(|(domain, _)| domain != "kubernetes.io" && !domain.ends_with(".kubernetes.io"))
}

pub(super) fn quantity(amount: &Content) -> Option<Quantity> {
    match amount {
        Content::Text(text) => Quantity::parse(text).ok(),
        Content::Integer(number) => Some(Quantity::from_units(*number)),
        Content::Float(number) => Quantity::parse(&number.to_string()).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::verify::laws::tests::in_container;
    use serde_json::{Value, json};

    fn with(requests: &Value, limits: &Value) -> usize {
        in_container(&json!({"resources": {"requests": requests, "limits": limits}})).len()
    }

    #[test]
    fn requests_fit_their_limits() {
        assert_eq!(with(&json!({"cpu": "100m", "memory": 1024}), &json!({"memory": "1Ki"})), 0);
        assert_eq!(with(&json!({"memory": "2Gi"}), &json!({"memory": "1Gi"})), 1);
        assert_eq!(with(&json!({"nvidia.com/gpu": 1}), &json!({})), 1);
        assert_eq!(with(&json!({"nvidia.com/gpu": 1}), &json!({"nvidia.com/gpu": 2})), 1);
        assert_eq!(with(&json!({}), &json!({"gpu": 1})), 1);
        assert_eq!(with(&json!({}), &json!({"hugepages-2Mi": "3Mi", "cpu": 1})), 1);
        assert_eq!(with(&json!({}), &json!({"hugepages-2Mi": "4Mi"})), 1);
        assert_eq!(with(&json!({}), &json!({"nvidia.com/gpu": "0.5"})), 1);
    }
}
