//! Claims and classes of devices. Source: the validation of `resource.k8s.io`.

use super::{Subject, at, each, text};
use crate::diagnostic::code;
use crate::kube::Content;
use crate::policy::About;
use crate::verify::schema::Walk;

pub(super) fn selectors_of_devices_are_conditions<'a>(subject: Subject<'a>, walk: &mut Walk<'a>) {
    let way: &[&'static str] = match (subject.group, subject.kind) {
        ("resource.k8s.io", "DeviceClass") => return at(walk, subject.content, &["spec"], selectors),
        ("resource.k8s.io", "ResourceClaim") => &["spec", "devices"],
        ("resource.k8s.io", "ResourceClaimTemplate") => &["spec", "spec", "devices"],
        _ => return,
    };
    at(walk, subject.content, way, |walk, devices| {
        each(walk, devices, "requests", |walk, request| {
            // As it was before `v1`.
            selectors(walk, request);
            at(walk, request, &["exactly"], selectors);
            each(walk, request, "firstAvailable", selectors);
        });
    });
}

fn selectors<'a>(walk: &mut Walk<'a>, of: &'a Content) {
    each(walk, of, "selectors", |walk, selector| {
        at(walk, selector, &["cel"], |walk, cel| {
            let Some(misfit) = text(cel, "expression").and_then(|text| About::Device.misfit(text)) else { return };
            super::on(walk, cel, "expression", |walk| {
                let fault = walk
                    .fault(code::OBJECT_DEVICES, misfit.message.as_str())
                    .reason("the API server reads the selectors of a claim, and refuses what is no condition");
                super::condition(fault, &misfit, "a selector is a condition in CEL about `device`")
            });
        });
    });
}

#[cfg(test)]
mod tests {
    use crate::verify::laws::tests::found;
    use serde_json::{Value, json};

    fn in_claim(request: &Value) -> usize {
        let spec = json!({"devices": {"requests": [request]}});
        let object = json!({"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaimTemplate", "metadata": {"name": "a"},
            "spec": {"spec": spec}});
        found(&object).len()
    }

    fn selectors(expression: &str) -> Value {
        json!([{"cel": {"expression": expression}}])
    }

    #[test]
    fn a_selector_is_a_condition_about_a_device() {
        let model = "device.attributes['gpu.example.com'].model == 'a'";
        assert_eq!(in_claim(&json!({"exactly": {"selectors": selectors(model)}})), 0);
        assert_eq!(in_claim(&json!({"exactly": {"selectors": selectors("42")}})), 1);
        assert_eq!(in_claim(&json!({"firstAvailable": [{"selectors": selectors("gpu.model == 'a'")}]})), 1);
        let class = json!({"apiVersion": "resource.k8s.io/v1", "kind": "DeviceClass", "metadata": {"name": "a"},
            "spec": {"selectors": selectors("device.driver =")}});
        assert_eq!(found(&class).len(), 1);
    }
}
