//! Where pods run: pools, selectors, tolerations, and the node that has the GPU.

use super::affinity::affinity;
use super::{Resolver, strings};
use crate::capacity;
use crate::diagnostic::{code, listed, nearest};
use crate::document::{Finding, Path, at};
use crate::model::{DEVICES, DeviceClaim, Gpu, GpuForm, Placement, Quantity, Resources, Toleration};
use crate::spec::{self, Feature, Firmness, Kind, Switch, Vendor};
use crate::target::NodePool;

impl Resolver<'_, '_> {
    /// The placement of a component's pods, and its GPUs.
    pub(crate) fn placement(&mut self, key: &str, component: &spec::Component) -> (Placement, Option<Gpu>) {
        let mut placement = written(component.placement.as_ref());
        let gpu = component.gpu.as_ref().and_then(Switch::on).map(|written| self.gpu(key, component, written));
        self.join_pool(key, component.placement.as_ref(), &mut placement);
        let gpu = gpu.map(|gpu| self.place_gpu(key, component, gpu, &mut placement));
        (placement, gpu)
    }

    /// `placement.pool` gives the pool's labels as selector and its taints as tolerations.
    fn join_pool(&mut self, key: &str, spec: Option<&spec::Placement>, placement: &mut Placement) {
        let Some(name) = spec.and_then(|spec| spec.pool.as_ref()) else { return };
        let target = self.target;
        if let Some(pool) = target.node_pools.get(&**name) {
            return take_pool(name, pool, placement);
        }
        let known: Vec<&str> = target.node_pools.keys().map(String::as_str).collect();
        let help = match nearest(name, known.iter().copied()) {
            Some(near) => format!("a similar pool is `{near}`"),
            None => format!("pools are {}; they stand under `target.nodePools`", listed(known)),
        };
        self.findings.push(
            Finding::error(
                code::UNKNOWN_POOL,
                at!["components", key, "placement", "pool"],
                format!("the target has no node pool `{name}`"),
            )
            .label("no such pool")
            .also(at!["environment", "target", "nodePools"], "the pools of this target")
            .help(help),
        );
    }

    /// Without a pool of its own, a pod with a GPU goes to the pool that alone has it.
    fn place_gpu(&mut self, key: &str, component: &spec::Component, gpu: Gpu, placement: &mut Placement) -> Gpu {
        if let Some(pool) = placement.pool.clone() {
            return Gpu { pool: Some(pool), ..gpu };
        }
        let target = self.target;
        let admitted = |pool: &NodePool| capacity::admits(&pool.labels, placement);
        let mut fitting = target.node_pools.iter().filter(|(_, pool)| has_gpu(pool, &gpu) && admitted(pool));
        let (first, second) = (fitting.next(), fitting.next());
        if let (Some((name, pool)), None) = (first, second) {
            take_pool(name, pool, placement);
            return Gpu { pool: Some(name.clone()), ..gpu };
        }
        if let Some(product) = &gpu.product {
            placement.node_selector.entry(gpu.label.clone()).or_insert_with(|| product.clone());
        }
        placement.tolerations.push(Toleration {
            key: taint(component).into(),
            value: None,
            effect: Some("NoSchedule".into()),
        });
        self.findings.push(
            Finding::note(
                code::GPU_POOL,
                at!["components", key, "gpu"],
                format!("`{key}` may run on any node with `{}`", gpu.name()),
            )
            .label("no single pool of the target has this GPU")
            .reason(format!(
                "the taint `{}` is tolerated{}",
                taint(component),
                if gpu.product.is_some() { ", and the product's label is selected" } else { "" }
            ))
            .help("write `placement: {pool: …}`, or describe the pools under `target.nodePools`"),
        );
        gpu
    }
}

fn take_pool(name: &str, pool: &NodePool, placement: &mut Placement) {
    for (label, value) in &pool.labels {
        placement.node_selector.entry(label.clone()).or_insert_with(|| value.clone());
    }
    for taint in pool.taints.iter().filter(|taint| taint.effect != "PreferNoSchedule") {
        let toleration =
            Toleration { key: taint.key.clone(), value: taint.value.clone(), effect: Some(taint.effect.clone()) };
        if !placement.tolerations.contains(&toleration) {
            placement.tolerations.push(toleration);
        }
    }
    placement.pool = Some(name.into());
}

fn has_gpu(pool: &NodePool, gpu: &Gpu) -> bool {
    let enough = pool.allocatable.get(&gpu.resource).is_some_and(|amount| *amount >= Quantity::from_units(gpu.count));
    let product = gpu.product.as_ref().is_none_or(|product| pool.labels.get(&gpu.label) == Some(product));
    // What a claim finds is not in the amounts of a node: only the product says that it is there.
    let there = if gpu.claim().is_some() { enough || gpu.product.is_some() } else { enough };
    let memory = gpu.form != GpuForm::Whole || gpu.memory.is_none_or(|least| pool.has_gpu_memory(least));
    there && product && memory
}

/// The vendor's usual resource: also the usual taint of nodes with it.
fn usual(vendor: Vendor) -> &'static str {
    match vendor {
        Vendor::Nvidia => "nvidia.com/gpu",
        Vendor::Amd => "amd.com/gpu",
        Vendor::Intel => "gpu.intel.com/i915",
    }
}

/// The label by which the vendor's own discovery names the product.
fn product_label(vendor: Vendor) -> &'static str {
    match vendor {
        Vendor::Nvidia => "nvidia.com/gpu.product",
        Vendor::Amd => "amd.com/gpu.product-name",
        Vendor::Intel => "gpu.intel.com/product",
    }
}

/// The taint of nodes with the GPU of a component.
fn taint(component: &spec::Component) -> &str {
    let gpu = component.gpu.as_ref().and_then(Switch::on);
    let resource = gpu.and_then(|gpu| gpu.resource.as_ref());
    match resource {
        Some(resource) => resource,
        None => usual(gpu.and_then(|gpu| gpu.vendor).unwrap_or(Vendor::Nvidia)),
    }
}

impl Resolver<'_, '_> {
    fn gpu(&mut self, key: &str, component: &spec::Component, written: &spec::Gpu) -> Gpu {
        let vendor = written.vendor.unwrap_or(Vendor::Nvidia);
        let path = at!["components", key, "gpu"];
        let form = self.gpu_form(key, component, written, &path);
        let resource = match (&form, &written.slice, &written.resource) {
            (GpuForm::Claim(claim), ..) => format!("{}{DEVICES}", claim.class),
            (GpuForm::Share, ..) => "nvidia.com/gpu.shared".into(),
            (_, Some(slice), _) => format!("nvidia.com/mig-{}", slice.0),
            (_, None, Some(resource)) => resource.to_string(),
            (_, None, None) => usual(vendor).into(),
        };
        let claimed = written.claim.as_ref().and_then(|claim| claim.count).map(|count| count.0);
        Gpu {
            count: claimed.or(written.count.map(|count| count.0)).unwrap_or(1),
            resource,
            product: written.product.as_ref().map(ToString::to_string),
            label: self.target.product_label.clone().unwrap_or_else(|| product_label(vendor).into()),
            memory: written.memory.or_else(|| written.slice.as_ref().and_then(spec::GpuSlice::memory)),
            nodes: self.nodes(component, written, &path),
            pool: None,
            form,
        }
    }

    fn gpu_form(&mut self, key: &str, component: &spec::Component, written: &spec::Gpu, path: &Path) -> GpuForm {
        if let Some(claim) = &written.claim {
            self.require_claims(path);
            let name = component.name.as_ref().map_or(key, |name| name);
            return GpuForm::Claim(DeviceClaim {
                template: format!("{name}-gpu"),
                class: claim.device_class.to_string(),
                selectors: claim.selectors.iter().flatten().map(ToString::to_string).collect(),
            });
        }
        let (field, form) = match (&written.slice, written.shared) {
            (Some(_), _) => ("slice", GpuForm::Slice),
            (None, Some(true)) => ("shared", GpuForm::Share),
            _ => return GpuForm::Whole,
        };
        if let Some(vendor) = written.vendor.filter(|vendor| *vendor != Vendor::Nvidia) {
            self.findings.push(
                Finding::error(code::GPU_VENDOR, path.join(field), format!("`{field}` is for GPUs of NVIDIA"))
                    .label("no resource of this name")
                    .also(path.join("vendor"), format!("of `{vendor}`"))
                    .reason("the nodes would not offer the resource, and the pods would stay pending")
                    .help("name what the device plugin offers: `gpu: {resource: …}`"),
            );
        }
        form
    }

    fn require_claims(&mut self, path: &Path) {
        if self.target.has(Feature::Dra) {
            return;
        }
        self.findings.push(
            Finding::error(code::FEATURE_MISSING, path.join("claim"), "a claim of devices needs the feature `dra`")
                .label("dynamic resource allocation")
                .also(at!["environment", "target", "features"], "`dra` is not among the features")
                .reason("without a driver that answers for the DeviceClass the pods would stay pending")
                .help("add `dra` to `target.features` if the cluster has such a driver, or ask for a number: `gpu: {count: 1}`"),
        );
    }

    /// Pods that serve one copy together.
    fn nodes(&mut self, component: &spec::Component, written: &spec::Gpu, path: &Path) -> u32 {
        let Some(nodes) = written.nodes.filter(|nodes| nodes.0 > 1) else { return 1 };
        let place = path.join("nodes");
        if component.kind != Kind::Model {
            self.findings.push(
                Finding::error(code::GPU_NODES, place, format!("a `{}` does not run on several nodes", component.kind))
                    .label("several nodes")
                    .reason("a model server splits one model over nodes; other programs have replicas or parallel pods")
                    .help("take it away; a job has `parallelism`"),
            );
            return 1;
        }
        if !self.target.has(Feature::LeaderWorkerSet) {
            self.findings.push(
                Finding::error(
                    code::FEATURE_MISSING,
                    place,
                    "a model on several nodes needs the feature `leader-worker-set`",
                )
                .label(format!("{} pods for one copy", nodes.0))
                .also(at!["environment", "target", "features"], "`leader-worker-set` is not among the features")
                .reason("a Deployment knows no groups of pods that start, serve and go together")
                .help("add it to `target.features` if the cluster has LeaderWorkerSet, or ask for more GPUs of one node: `gpu: {count: 8}`"),
            );
        }
        nodes.as_i32().unsigned_abs()
    }
}

/// GPUs are asked for and limited alike. Source: `validateContainerResourceRequirements` of Kubernetes.
/// A claim stands in the pod instead.
pub(super) fn add_gpu(resources: &mut Resources, gpu: &Gpu) {
    if gpu.claim().is_some() {
        return;
    }
    let count = Quantity::from_units(gpu.count);
    resources.requests.insert(gpu.resource.clone(), count);
    resources.limits.insert(gpu.resource.clone(), count);
}

fn written(placement: Option<&spec::Placement>) -> Placement {
    let spread = placement.and_then(|placement| placement.spread.as_ref());
    let firmness =
        |written: Option<&Switch<Firmness>>| written.map_or(Some(Firmness::Soft), |written| written.on().copied());
    Placement {
        node_selector: strings(placement.and_then(|placement| placement.node_selector.as_ref())),
        tolerations: placement
            .iter()
            .flat_map(|placement| placement.tolerations.iter().flatten())
            .map(|text| toleration(text))
            .collect(),
        spread_zone: firmness(spread.and_then(|spread| spread.zone.as_ref())),
        spread_node: firmness(spread.and_then(|spread| spread.node.as_ref())),
        priority: placement.and_then(|placement| placement.priority.as_ref()).map(ToString::to_string),
        runtime_class: placement.and_then(|placement| placement.runtime_class.as_ref()).map(ToString::to_string),
        affinity: placement.and_then(|placement| placement.affinity.as_ref()).map(affinity).map(Box::new),
        scheduler: placement.and_then(|placement| placement.scheduler.as_ref()).map(ToString::to_string),
        pool: None,
    }
}

/// Reads `key=value:effect`, `key:effect` or `key`.
fn toleration(text: &str) -> Toleration {
    let (rest, effect) = match text.rsplit_once(':') {
        Some((rest, effect)) => (rest, Some(effect.to_owned())),
        None => (text, None),
    };
    let (key, value) = match rest.split_once('=') {
        Some((key, value)) => (key, Some(value.to_owned())),
        None => (rest, None),
    };
    Toleration { key: key.into(), value, effect }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_vendor_has_its_own_label_of_the_product() {
        let gpu = |gpu: &str| {
            let text = format!(
                "components:\n  m: {{kind: model, runtime: vllm, model: {{name: m, source: baked-in}}, gpu: {gpu}}}\n"
            );
            let sample = super::super::sample::sample(&text, "");
            let pod = &sample.workload("m").pod;
            let tolerated = pod.placement.tolerations[0].key.clone();
            (pod.placement.node_selector.keys().next().cloned(), tolerated)
        };
        let of = |label: &str, taint: &str| (Some(label.to_owned()), taint.to_owned());
        assert_eq!(gpu("{product: NVIDIA-L4}"), of("nvidia.com/gpu.product", "nvidia.com/gpu"));
        assert_eq!(gpu("{product: MI300X, vendor: amd}"), of("amd.com/gpu.product-name", "amd.com/gpu"));
        assert_eq!(gpu("{product: NVIDIA-L4, slice: 1g.10gb}"), of("nvidia.com/gpu.product", "nvidia.com/gpu"));
        assert_eq!(gpu("{resource: example.com/card}").1, "example.com/card");
    }

    #[test]
    fn tolerations_are_read_like_taints() {
        let read = |text| {
            let t = toleration(text);
            (t.key, t.value, t.effect)
        };
        assert_eq!(read("a/b=c:NoSchedule"), ("a/b".into(), Some("c".into()), Some("NoSchedule".into())));
        assert_eq!(read("a:NoExecute"), ("a".into(), None, Some("NoExecute".into())));
        assert_eq!(read("a"), ("a".into(), None, None));
    }
}
