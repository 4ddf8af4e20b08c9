//! Where pods run: pools, selectors, tolerations, and the node that has the GPU.

use super::affinity::affinity;
use super::{Resolver, strings};
use crate::capacity;
use crate::diagnostic::{code, listed, nearest};
use crate::document::{Finding, at};
use crate::model::{Gpu, Placement, Quantity, Resources, Toleration};
use crate::spec::{self, Firmness, Switch, Vendor};
use crate::target::{NodePool, Target};

impl Resolver<'_, '_> {
    /// The placement of a component's pods, and its GPUs.
    pub(crate) fn placement(&mut self, key: &str, component: &spec::Component) -> (Placement, Option<Gpu>) {
        let mut placement = written(component.placement.as_ref());
        let gpu = component.gpu.as_ref().and_then(Switch::on).map(gpu);
        self.join_pool(key, component.placement.as_ref(), &mut placement);
        let gpu = gpu.map(|gpu| self.place_gpu(key, gpu, &mut placement));
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
    fn place_gpu(&mut self, key: &str, gpu: Gpu, placement: &mut Placement) -> Gpu {
        if let Some(pool) = placement.pool.clone() {
            return Gpu { pool: Some(pool), ..gpu };
        }
        let target = self.target;
        let admitted = |pool: &NodePool| capacity::admits(&pool.labels, placement);
        let mut fitting = target.node_pools.iter().filter(|(_, pool)| has_gpu(pool, &gpu, target) && admitted(pool));
        let (first, second) = (fitting.next(), fitting.next());
        if let (Some((name, pool)), None) = (first, second) {
            take_pool(name, pool, placement);
            return Gpu { pool: Some(name.clone()), ..gpu };
        }
        if let Some(product) = &gpu.product {
            placement.node_selector.entry(target.product_label.clone()).or_insert_with(|| product.clone());
        }
        placement.tolerations.push(Toleration {
            key: gpu.resource.clone(),
            value: None,
            effect: Some("NoSchedule".into()),
        });
        self.findings.push(
            Finding::note(
                code::GPU_POOL,
                at!["components", key, "gpu"],
                format!("`{key}` may run on any node with `{}`", gpu.resource),
            )
            .label("no single pool of the target has this GPU")
            .reason(format!(
                "the taint `{}` is tolerated{}",
                gpu.resource,
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

fn has_gpu(pool: &NodePool, gpu: &Gpu, target: &Target) -> bool {
    let enough = pool.allocatable.get(&gpu.resource).is_some_and(|amount| *amount >= Quantity::from_units(gpu.count));
    let product = gpu.product.as_ref().is_none_or(|product| pool.labels.get(&target.product_label) == Some(product));
    enough && product
}

fn gpu(gpu: &spec::Gpu) -> Gpu {
    let usual = match gpu.vendor.unwrap_or(Vendor::Nvidia) {
        Vendor::Nvidia => "nvidia.com/gpu",
        Vendor::Amd => "amd.com/gpu",
        Vendor::Intel => "gpu.intel.com/i915",
    };
    Gpu {
        count: gpu.count.map_or(1, |count| count.0),
        resource: gpu.resource.as_ref().map_or_else(|| usual.into(), ToString::to_string),
        product: gpu.product.as_ref().map(ToString::to_string),
        pool: None,
    }
}

/// GPUs are asked for and limited alike. Source: `validateContainerResourceRequirements` of Kubernetes.
pub(super) fn add_gpu(resources: &mut Resources, gpu: &Gpu) {
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
