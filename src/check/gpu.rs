//! GPUs: pools have them, nodes hold them, and rollouts do not wait for one for ever.

use super::availability::{always, always_place};
use super::rollout::{rolling, surge_place};
use super::{places::workloads, risk};
use crate::diagnostic::{Severity, code, listed, nearest};
use crate::document::{Finding, Findings, Path, at};
use crate::model::{Component, Gpu, GpuForm, Model, NumberOrPercent, Pod, Progressive, Quantity};
use crate::target::NodePool;
use std::collections::BTreeSet;

/// A pool by its name.
type Pool<'m> = (&'m String, &'m NodePool);

/// Components with a number of GPUs, where the target describes its node pools.
fn with_gpus(model: &Model) -> impl Iterator<Item = (&Component, &Pod, &Gpu)> {
    let known = !model.target.node_pools.is_empty();
    let asked = |gpu: &&Gpu| gpu.claim().is_none();
    workloads(model)
        .filter(move |_| known)
        .filter_map(move |(component, pod)| Some((component, pod, pod.gpu.as_ref().filter(asked)?)))
}

/// The pools whose nodes may hold the GPUs of a pod: the one that was chosen, else all that have them.
fn pools<'m>(model: &'m Model, pod: &Pod, gpu: &Gpu) -> Vec<Pool<'m>> {
    let chosen = gpu.pool.as_ref().or(pod.placement.pool.as_ref());
    let label = &gpu.label;
    let has = |pool: &NodePool| {
        let product = gpu.product.as_ref().is_none_or(|product| pool.labels.get(label) == Some(product));
        product && pool.allocatable.contains_key(&gpu.resource)
    };
    let all = model.target.node_pools.iter();
    all.filter(|(name, pool)| chosen.map_or_else(|| has(pool), |chosen| *name == chosen)).collect()
}

/// GPUs of one node.
fn per_node(pool: &NodePool, gpu: &Gpu) -> i64 {
    pool.allocatable.get(&gpu.resource).map_or(0, |amount| amount.units())
}

/// Whether some pool may have the GPU's product: otherwise its finding is enough.
pub(super) fn has_product(model: &Model, pod: &Pod, gpu: &Gpu) -> bool {
    unknown_product(model, pod, gpu).is_none()
}

/// The product, where no pool that may be meant has it.
fn unknown_product<'m>(model: &Model, pod: &Pod, gpu: &'m Gpu) -> Option<&'m String> {
    let product = gpu.product.as_ref()?;
    let label = &gpu.label;
    let chosen = gpu.pool.as_ref().or(pod.placement.pool.as_ref());
    let known = match chosen.and_then(|name| model.target.node_pools.get(name)) {
        // A pool without the label may have any product.
        Some(pool) => pool.labels.get(label).is_none_or(|known| known == product),
        None => model.target.node_pools.values().any(|pool| pool.labels.get(label) == Some(product)),
    };
    (!known).then_some(product)
}

/// The products of all pools.
fn products<'m>(model: &'m Model, label: &str) -> Vec<&'m str> {
    model.target.node_pools.values().filter_map(|pool| pool.labels.get(label)).map(String::as_str).collect()
}

/// A GPU product is one that some node pool has.
pub(super) fn gpu_products_exist(model: &Model, findings: &mut Findings<'_>) {
    for (component, pod, gpu) in with_gpus(model) {
        let label = gpu.label.as_str();
        let Some(product) = unknown_product(model, pod, gpu) else { continue };
        let finding = Finding::error(
            code::GPU_PRODUCT_UNKNOWN,
            at!["components", component.key, "gpu", "product"],
            format!("no node pool that `{}` may run on has the GPU `{product}`", component.key),
        )
        .label("no such GPU")
        .also(at!["environment", "target", "nodePools"], "the pools of this target")
        .reason(format!("pods that ask for it select nodes by the label `{label}`, and would stay pending"));
        findings.push(match nearest(product, products(model, label)) {
            Some(near) => finding.help(format!("a similar product is `{near}`")).suggest(near, false),
            None => finding.help(format!(
                "the pools have {}; the label of a pool stands under its `labels`",
                listed(products(model, label))
            )),
        });
    }
}

/// The GPUs of one pod are on one node. Source: an extended resource is counted per node.
pub(super) fn gpus_fit_a_node(model: &Model, findings: &mut Findings<'_>) {
    for (component, pod, gpu) in with_gpus(model).filter(|(_, pod, gpu)| has_product(model, pod, gpu)) {
        let pools = pools(model, pod, gpu);
        let largest = pools.iter().max_by_key(|(_, pool)| per_node(pool, gpu));
        let most = largest.map_or(0, |(_, pool)| per_node(pool, gpu));
        if most >= gpu.count {
            continue;
        }
        let place = at!["components", component.key, "gpu", "count"];
        let message = format!(
            "a pod of `{}` asks for {} `{}`, and no node it may run on has more than {most}",
            component.key, gpu.count, gpu.resource
        );
        let finding = Finding::error(code::GPU_PER_NODE, place, message)
            .label(format!("{} on one node", gpu.count))
            .reason("all GPUs of a pod come from the node that it runs on")
            .help(match form_of(model, gpu) {
                Some(known) => known,
                None => "ask for fewer, or describe a pool with larger nodes under `target.nodePools`".into(),
            });
        findings.push(match largest {
            Some((name, _)) => {
                finding.also(allocatable(name, &gpu.resource), format!("{most} on each node of `{name}`"))
            }
            None => finding.also(at!["environment", "target", "nodePools"], format!("none has `{}`", gpu.resource)),
        });
    }
}

/// What the pools have instead of a slice or share that none of them has.
fn form_of(model: &Model, gpu: &Gpu) -> Option<String> {
    let pools = model.target.node_pools.values();
    let named: BTreeSet<&str> = pools.flat_map(|pool| pool.allocatable.keys()).map(String::as_str).collect();
    if gpu.form == GpuForm::Whole || named.contains(gpu.resource.as_str()) {
        return None;
    }
    let known: Vec<&str> = named.into_iter().filter(|name| name.starts_with("nvidia.com/")).collect();
    Some(match known.as_slice() {
        [] => format!("write `{}` under `allocatable` of the pool that offers it", gpu.resource),
        _ => format!(
            "the pools have {}; write `{}` under `allocatable` of the pool that offers it",
            listed(known),
            gpu.resource
        ),
    })
}

fn allocatable(pool: &str, resource: &str) -> Path {
    at!["environment", "target", "nodePools", pool, "allocatable", resource]
}

/// How many replicas the pools hold when they are full.
fn slots(pools: &[Pool<'_>], gpu: &Gpu) -> i64 {
    let pods: i64 = pools.iter().map(|(_, pool)| i64::from(pool.max) * (per_node(pool, gpu) / gpu.count.max(1))).sum();
    pods / i64::from(gpu.nodes.max(1))
}

/// The node pools have GPUs for all replicas: those that always run, and those of the highest scale.
pub(super) fn gpus_suffice_for_all_replicas(model: &Model, findings: &mut Findings<'_>) {
    for (component, pod, gpu) in with_gpus(model) {
        let pools = pools(model, pod, gpu);
        let slots = slots(&pools, gpu);
        let most = component.scale.as_ref().map_or(0, |scale| i64::from(scale.max));
        let (severity, replicas, place) = if slots == 0 {
            continue; // No node holds a single pod: another finding.
        } else if i64::from(always(component)) > slots {
            (Severity::Error, i64::from(always(component)), always_place(component))
        } else if most > slots {
            (risk(model), most, at!["components", component.key, "scale", "max"])
        } else {
            continue;
        };
        let nodes = pools
            .iter()
            .map(|(name, pool)| format!("{} nodes of `{name}` with {} each", pool.max, per_node(pool, gpu)));
        let what = if gpu.nodes > 1 { "groups" } else { "pods" };
        let message = format!(
            "{replicas} {what} of `{}` with {} `{}` each do not fit: there is room for {slots}",
            component.key,
            gpu.of_replica(),
            gpu.resource
        );
        let finding = Finding::judged(severity, code::GPU_SHORTAGE, place, message)
            .label(format!("{replicas} replicas"))
            .reason(format!("the pools have {}", nodes.collect::<Vec<_>>().join(" and ")))
            .help("lower the number, or give the pool more nodes");
        findings.push(pools.iter().fold(finding, |finding, (name, _)| {
            finding.also(at!["environment", "target", "nodePools", name, "nodes", "max"], "at most so many nodes")
        }));
    }
}

/// Where a rollout brings a new pod before an old one goes, a GPU is spare for it: otherwise the new
/// pod waits for the old one, and the old one for the new.
pub(super) fn gpu_rollouts_find_a_spare_gpu(model: &Model, findings: &mut Findings<'_>) {
    for (component, surge, unavailable, _) in rolling(model) {
        let Some(pod) = component.workload().map(|workload| &workload.pod) else { continue };
        let Some(gpu) = pod.gpu.as_ref().filter(|gpu| gpu.claim().is_none()) else { continue };
        if surge.is_zero() {
            continue;
        }
        let place = surge_place(component);
        let pools = pools(model, pod, gpu);
        if slots(&pools, gpu) == 0 {
            if model.target.node_pools.is_empty() && unavailable.of(always(component), false) == 0 {
                findings.push(unknown_spare(component, gpu, place));
            }
            continue;
        }
        let spare = Spare { model, component, gpu, pools: &pools, surge, unavailable };
        let most = component.scale.as_ref().map_or(0, |scale| scale.max);
        let shortage = spare.shortage(always(component)).map(|why| (Severity::Error, why));
        if let Some((severity, why)) = shortage.or_else(|| spare.shortage(most).map(|why| (Severity::Warning, why))) {
            findings.push(
                advised(
                    component,
                    Finding::new(
                        severity,
                        code::GPU_SURGE,
                        place,
                        format!("a rollout of `{}` would wait for a GPU for ever", component.key),
                    ),
                )
                .label(more(component, surge))
                .reason(why),
            );
        }
    }
}

fn unknown_spare(component: &Component, gpu: &Gpu, place: Path) -> Finding {
    let finding = Finding::warning(
        code::GPU_SURGE,
        place,
        format!("a rollout of `{}` needs a spare `{}`", component.key, gpu.resource),
    );
    advised(component, finding)
        .label("a new pod before an old one goes")
        .reason("without a spare GPU the new pod stays pending, and the old one stays until the new one is ready")
}

fn advised(component: &Component, finding: Finding) -> Finding {
    finding.help(if component.progressive().is_some() {
        "give the pool more nodes, or write `rollout: {strategy: rolling, surge: 0, unavailable: 1}`"
    } else {
        "write `surge: 0` and `unavailable: 1`, or `strategy: recreate`; or give the pool more nodes"
    })
}

fn more(component: &Component, surge: NumberOrPercent) -> String {
    if component.progressive().is_some_and(Progressive::doubles) {
        "both versions have all their pods at once".into()
    } else {
        format!("{surge} more while all old pods run")
    }
}

/// The arithmetic of a rollout on the pools of one component.
struct Spare<'m> {
    model: &'m Model,
    component: &'m Component,
    gpu: &'m Gpu,
    pools: &'m [Pool<'m>],
    surge: NumberOrPercent,
    unavailable: NumberOrPercent,
}

impl Spare<'_> {
    /// Why a rollout of so many replicas cannot go on; `None` where it can, or where the replicas
    /// themselves do not fit.
    fn shortage(&self, replicas: u32) -> Option<String> {
        if replicas == 0 || self.unavailable.of(replicas, false) > 0 {
            return None;
        }
        let all: i64 = self.pools.iter().map(|(_, pool)| i64::from(pool.max) * per_node(pool, self.gpu)).sum();
        let own = i64::from(replicas) * self.gpu.of_replica();
        let others = self.others();
        let more = i64::from(self.surge.of(replicas, true)) * self.gpu.of_replica();
        let fits = own + more + others <= all
            && self.surge.of(replicas, true) + replicas
                <= u32::try_from(slots(self.pools, self.gpu)).unwrap_or(u32::MAX);
        if fits || own + others > all {
            return None;
        }
        let beside = if others > 0 { format!(", other components take {others}") } else { String::new() };
        let asking = if self.component.progressive().is_some() { "the new version" } else { "the surge" };
        Some(format!(
            "the pools have {all} GPUs; {replicas} replicas take {own}{beside}, and {asking} asks for {more} more"
        ))
    }

    /// GPUs that the other components on these pools always take.
    fn others(&self) -> i64 {
        let taken = with_gpus(self.model).filter(|(component, _, _)| component.key != self.component.key);
        taken
            .filter(|(_, pod, gpu)| {
                let theirs = pools(self.model, pod, gpu);
                !theirs.is_empty() && theirs.iter().all(|(name, _)| self.pools.iter().any(|(own, _)| own == name))
            })
            .filter(|(_, _, gpu)| gpu.resource == self.gpu.resource)
            .map(|(component, _, gpu)| i64::from(always(component)) * gpu.of_replica())
            .sum()
    }
}

/// Whether a pool has so much of the GPU's resource on one node.
pub(super) fn holds(pool: &NodePool, gpu: &Gpu) -> bool {
    gpu.claim().is_some()
        || pool.allocatable.get(&gpu.resource).is_some_and(|amount| *amount >= Quantity::from_units(gpu.count))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{self, gpu, law, pool, replicas, rollout, scale, strings, workload};
    use super::*;
    use crate::model::RolloutStrategy;
    use crate::spec::Tier;

    const L4: &str = "NVIDIA-L4";

    /// Nodes with one GPU each.
    fn l4(model: &mut Model, nodes: u32) {
        pool(model, "l4", nodes, &[("nvidia.com/gpu", "1")]).labels = strings(&[("nvidia.com/gpu.product", L4)]);
    }

    #[test]
    fn a_product_is_one_of_the_pools() {
        let product = |name: &'static str| {
            law(gpu_products_exist).with(move |model| {
                l4(model, 2);
                gpu(model).product = Some(name.into());
            })
        };
        let found = product("NVIDIA-L40").breaks(code::GPU_PRODUCT_UNKNOWN, "components.api.gpu.product");
        assert_eq!(found.help.as_deref(), Some("a similar product is `NVIDIA-L4`"));
        product(L4).keeps();
        law(gpu_products_exist).with(|model| gpu(model).product = Some("any".into())).keeps();
    }

    #[test]
    fn a_named_pool_has_the_product() {
        law(gpu_products_exist)
            .with(|model| {
                l4(model, 2);
                pool(model, "a100", 2, &[("nvidia.com/gpu", "8")]).labels =
                    strings(&[("nvidia.com/gpu.product", "A100")]);
                *gpu(model) = Gpu { pool: Some("a100".into()), product: Some(L4.into()), ..gpu(model).clone() };
            })
            .breaks(code::GPU_PRODUCT_UNKNOWN, "components.api.gpu.product");
    }

    #[test]
    fn the_gpus_of_a_pod_are_on_one_node() {
        let count = |count| {
            law(gpus_fit_a_node).with(move |model| {
                l4(model, 4);
                gpu(model).count = count;
            })
        };
        count(2).breaks(code::GPU_PER_NODE, "components.api.gpu.count");
        count(1).keeps();
        law(gpus_fit_a_node)
            .with(|model| {
                pool(model, "general", 3, &[("cpu", "4")]);
                gpu(model);
            })
            .breaks(code::GPU_PER_NODE, "components.api.gpu.count");
    }

    #[test]
    fn replicas_do_not_outnumber_the_gpus() {
        let found = law(gpus_suffice_for_all_replicas)
            .with(|model| {
                l4(model, 1);
                gpu(model);
            })
            .breaks(code::GPU_SHORTAGE, "components.api.replicas");
        assert_eq!(found.severity, Severity::Error);
        let scaled = |tier| {
            law(gpus_suffice_for_all_replicas).with(move |model| {
                model.tier = tier;
                l4(model, 6);
                gpu(model);
                scale(model).max = 8;
            })
        };
        let place = "components.api.scale.max";
        assert_eq!(scaled(Tier::Production).breaks(code::GPU_SHORTAGE, place).severity, Severity::Error);
        assert_eq!(scaled(Tier::Staging).breaks(code::GPU_SHORTAGE, place).severity, Severity::Warning);
        scaled(Tier::Production)
            .with(|model| l4(model, 6))
            .with(|model| fixture::api(model).scale.as_mut().unwrap().max = 6)
            .keeps();
    }

    #[test]
    fn a_surge_on_a_full_pool_waits_for_ever() {
        let on = |nodes: u32, surge: &'static str, unavailable: &'static str| {
            law(gpu_rollouts_find_a_spare_gpu).with(move |model| {
                l4(model, nodes);
                gpu(model);
                fixture::rolling(model, surge, unavailable);
            })
        };
        let found = on(2, "25%", "0").breaks(code::GPU_SURGE, "components.api.rollout.surge");
        assert_eq!(found.severity, Severity::Error);
        assert_eq!(
            found.reason.as_deref(),
            Some("the pools have 2 GPUs; 2 replicas take 2, and the surge asks for 1 more")
        );
        on(3, "25%", "0").keeps();
        on(2, "1", "1").keeps();
        on(2, "0", "1").keeps();
        on(2, "1", "0").with(|model| rollout(model).strategy = RolloutStrategy::Recreate).keeps();
    }

    #[test]
    fn other_components_take_gpus_too() {
        law(gpu_rollouts_find_a_spare_gpu)
            .with(|model| {
                l4(model, 3);
                gpu(model);
                fixture::second(model, "other");
                let taken = fixture::pod(model).gpu.clone();
                workload(model, "other").pod.gpu = taken;
                workload(model, "other").controller =
                    crate::model::Controller::StatefulSet { replicas: 1, headless: String::new() };
                fixture::rolling(model, "1", "0");
            })
            .breaks(code::GPU_SURGE, "components.api.rollout.surge");
    }

    #[test]
    fn at_its_highest_scale_a_full_pool_is_a_warning() {
        let found = law(gpu_rollouts_find_a_spare_gpu)
            .with(|model| {
                l4(model, 6);
                gpu(model);
                scale(model).max = 6;
                fixture::rolling(model, "1", "0");
            })
            .breaks(code::GPU_SURGE, "components.api.rollout.surge");
        assert_eq!(found.severity, Severity::Warning);
    }

    #[test]
    fn unknown_pools_give_a_warning() {
        let found = law(gpu_rollouts_find_a_spare_gpu)
            .with(|model| {
                gpu(model);
                replicas(model, 1);
                fixture::rolling(model, "1", "0");
            })
            .breaks(code::GPU_SURGE, "components.api.rollout.surge");
        assert_eq!(found.severity, Severity::Warning);
    }
}
