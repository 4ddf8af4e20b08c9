//! The quota of the namespace, and the requests of containers that write none: under a quota they would be
//! refused.

use super::container::quantity;
use super::meta::Lowering;
use crate::kube::{Object, Phase};
use crate::model::{Amounts, Quota};
use k8s_openapi::api::core::v1::{LimitRange, LimitRangeItem, LimitRangeSpec, ResourceQuota, ResourceQuotaSpec};

pub(super) fn quota(cx: &Lowering<'_>) -> Vec<Object> {
    let Some(quota) = &cx.model.quota else { return Vec::new() };
    let hard = quota.bounds.iter().map(|bound| (bound.counted(), quantity(bound.hard))).collect();
    let object = ResourceQuota {
        metadata: cx.system_meta(&cx.model.system),
        spec: Some(ResourceQuotaSpec { hard: Some(hard), ..ResourceQuotaSpec::default() }),
        status: None,
    };
    let quota_object = Object::new(&object, Phase::Namespace, None);
    std::iter::once(quota_object).chain(defaults(cx, quota)).collect()
}

/// Only requests: a limit that nobody wrote would throttle.
fn defaults(cx: &Lowering<'_>, quota: &Quota) -> Option<Object> {
    if quota.default_request.is_empty() {
        return None;
    }
    let amounts = |amounts: &Amounts| amounts.iter().map(|(name, amount)| (name.clone(), quantity(*amount))).collect();
    let item = LimitRangeItem {
        type_: "Container".into(),
        default_request: Some(amounts(&quota.default_request)),
        ..LimitRangeItem::default()
    };
    let object =
        LimitRange { metadata: cx.system_meta(&cx.model.system), spec: Some(LimitRangeSpec { limits: vec![item] }) };
    Some(Object::new(&object, Phase::Namespace, None))
}

#[cfg(test)]
mod tests {
    use super::quota;
    use crate::lower::fixture::{assert_facts, model, names};
    use crate::lower::meta::Lowering;
    use crate::model::{Amounts, Quantity, Quota, QuotaBound};

    #[test]
    fn requests_are_bounded_and_those_who_write_none_get_some() {
        let mut model = model();
        assert_eq!(names(&quota(&Lowering::new(&model))), [""; 0]);
        let bound = |field, resource: &str, units| QuotaBound {
            field,
            resource: resource.into(),
            hard: Quantity::from_units(units),
        };
        let bounds = vec![bound("cpu", "cpu", 8), bound("gpu", "nvidia.com/gpu", 2), bound("pods", "pods", 40)];
        let default_request = Amounts::from([("cpu".into(), Quantity::from_milli(50))]);
        model.quota = Some(Quota { bounds, default_request });
        let objects = quota(&Lowering::new(&model));
        assert_eq!(names(&objects), ["ResourceQuota shop", "LimitRange shop"]);
        assert_facts(
            &objects[0],
            r#"/spec/hard = {"pods": "40", "requests.cpu": "8", "requests.nvidia.com/gpu": "2"}"#,
        );
        assert_facts(&objects[1], r#"/spec/limits = [{"defaultRequest": {"cpu": "50m"}, "type": "Container"}]"#);
    }
}
