//! Claims of devices: a `ResourceClaimTemplate`, of which each pod gets a claim of its own.

use super::meta::Lowering;
use super::pod::pods;
use crate::kube::resource::{
    CelDeviceSelector, DeviceRequest, DeviceSelector, ExactDeviceRequest, ResourceClaimTemplate,
};
use crate::kube::{Object, Phase};
use crate::model::{Component, DeviceClaim, Gpu};

pub(super) fn claims(cx: &Lowering<'_>, component: &Component) -> Vec<Object> {
    let gpu = pods(component).find_map(|pod| pod.gpu.as_ref());
    let claimed = gpu.and_then(|gpu| Some((gpu, gpu.claim()?)));
    claimed.map(|(gpu, claim)| template(cx, component, gpu, claim)).into_iter().collect()
}

fn template(cx: &Lowering<'_>, component: &Component, gpu: &Gpu, claim: &DeviceClaim) -> Object {
    let selector = |expression: &String| DeviceSelector { cel: CelDeviceSelector { expression: expression.clone() } };
    let exactly = ExactDeviceRequest {
        device_class_name: claim.class.clone(),
        selectors: claim.selectors.iter().map(selector).collect(),
        allocation_mode: "ExactCount",
        count: gpu.count,
    };
    let metadata = cx.component_meta(component, &claim.template);
    let template = ResourceClaimTemplate::new(metadata, vec![DeviceRequest { name: "gpu", exactly }]);
    Object::new(&template, Phase::Configuration, Some(&component.key))
}

#[cfg(test)]
mod tests {
    use super::claims;
    use crate::lower::fixture::{assert_facts, model, names, part, workload};
    use crate::model::{DeviceClaim, Gpu, GpuForm};

    #[test]
    fn each_pod_gets_a_claim_from_the_template() {
        let mut model = model();
        assert_eq!(names(&part(&model, claims, "api")), [""; 0]);
        let claim = DeviceClaim {
            template: "api-gpu".into(),
            class: "gpu.nvidia.com".into(),
            selectors: vec!["device.attributes['gpu.nvidia.com'].productName == 'L4'".into()],
        };
        workload(&mut model, "api").pod.gpu = Some(Gpu {
            count: 2,
            resource: String::new(),
            form: GpuForm::Claim(claim),
            product: None,
            label: String::new(),
            memory: None,
            nodes: 1,
            pool: None,
        });
        assert_facts(
            &part(&model, claims, "api")[0],
            r#"
            /apiVersion = "resource.k8s.io/v1"
            /metadata/name = "api-gpu"
            /spec/spec/devices/requests/0/name = "gpu"
            /spec/spec/devices/requests/0/exactly = {"deviceClassName": "gpu.nvidia.com", "selectors": [{"cel": {"expression": "device.attributes['gpu.nvidia.com'].productName == 'L4'"}}], "allocationMode": "ExactCount", "count": 2}
            "#,
        );
        assert_facts(
            &part(&model, crate::lower::workload::workload, "api")[0],
            r#"
            /spec/template/spec/resourceClaims = [{"name": "gpu", "resourceClaimTemplateName": "api-gpu"}]
            /spec/template/spec/containers/0/resources/claims = [{"name": "gpu"}]
            "#,
        );
    }
}
