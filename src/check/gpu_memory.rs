//! GPU memory: the weights fit, and the pool has what is asked for.

use super::places::{text, workloads};
use crate::diagnostic::code;
use crate::document::{Finding, Findings, at};
use crate::model::{Component, Gpu, GpuForm, Model, Pod, Quantity};
use crate::runtime::{self, Server};
use crate::spec::Runtime;
use crate::target::NodePool;

/// Flags by which a server takes less of a GPU than the weights have bytes.
const SMALLER: [&str; 4] = ["quantization", "quantize", "cpu-offload", "load-in"];
/// A token takes at least so much of the memory of common models: one part of so many of their weights.
const WEIGHTS_PER_TOKEN: i64 = 1_000_000;

/// More GPUs than these are advised to nobody.
const MOST: i64 = 1 << 20;
/// Flags that say how much of a GPU the server takes, as a part of one.
const SHARES: [&str; 2] = ["gpu-memory-utilization", "mem-fraction-static"];

/// How much of a GPU the author lets the server take, in percent.
fn written_share(args: &[String]) -> Option<i64> {
    let at = args.iter().position(|word| SHARES.iter().any(|flag| word.replace('_', "-").contains(flag)))?;
    let value = args[at].split_once('=').map(|(_, value)| value).or_else(|| args.get(at + 1).map(String::as_str))?;
    let hundredths = value.strip_prefix("0.").or_else(|| value.strip_prefix('.'))?;
    let two: String = hundredths.chars().chain("00".chars()).take(2).collect();
    two.parse().ok()
}

/// The pool that was chosen for a GPU.
fn pool<'m>(model: &'m Model, pod: &Pod, gpu: &Gpu) -> Option<(&'m String, &'m NodePool)> {
    let name = gpu.pool.as_ref().or(pod.placement.pool.as_ref())?;
    model.target.node_pools.get_key_value(name)
}

/// The GPUs of the chosen pool have the memory that is asked for.
pub(super) fn pools_have_the_memory(model: &Model, findings: &mut Findings<'_>) {
    for (component, pod) in workloads(model) {
        let Some(gpu) = pod.gpu.as_ref().filter(|gpu| gpu.form == GpuForm::Whole) else { continue };
        let (Some(least), Some((name, pool))) = (gpu.memory, pool(model, pod, gpu)) else { continue };
        let Some(has) = pool.gpu_memory().filter(|_| !pool.has_gpu_memory(least)) else { continue };
        findings.push(
            Finding::error(
                code::GPU_MEMORY_POOL,
                at!["components", component.key, "gpu", "memory"],
                format!("the GPUs of `{name}` have {has}, and `{}` asks for {least}", component.key),
            )
            .label("at least so much")
            .also(
                at!["environment", "target", "nodePools", name, "labels", "nvidia.com/gpu.memory"],
                "the memory of one, in MiB",
            )
            .help("choose another pool, or ask for less"),
        );
    }
}

/// One model on its GPUs, in numbers.
struct Fit<'m> {
    component: &'m Component,
    server: &'static dyn Server,
    gpu: &'m Gpu,
    /// Memory of one GPU.
    memory: Quantity,
    size: Quantity,
    context: Option<i64>,
    /// How much of a GPU the server takes, in percent.
    share: i64,
}

impl Fit<'_> {
    /// What the server takes of all GPUs of a replica.
    fn room(&self) -> Quantity {
        Quantity::from_bytes(self.of_one().saturating_mul(self.gpu.of_replica()))
    }

    fn of_one(&self) -> i64 {
        let bytes = i128::from(self.memory.units()) * i128::from(self.share) / 100;
        i64::try_from(bytes).unwrap_or(i64::MAX)
    }

    /// What one request of the greatest length takes at least, in common models.
    fn cache(&self) -> Quantity {
        let tokens = self.context.unwrap_or_default();
        Quantity::from_bytes((self.size.units() / WEIGHTS_PER_TOKEN).saturating_mul(tokens))
    }

    fn arithmetic(&self) -> String {
        let count = self.gpu.of_replica();
        let nodes = if self.gpu.nodes > 1 { format!(" on {} nodes", self.gpu.nodes) } else { String::new() };
        let gpus = if count == 1 { "1 GPU".to_owned() } else { format!("{count} GPUs{nodes}") };
        format!(
            "{gpus} with {} each, of which {} takes {} %, give {}",
            rounded(self.memory),
            self.server.title(),
            self.share,
            rounded(self.room())
        )
    }

    /// GPUs of this memory that hold so much: a power of two, as tensors are split.
    fn enough(&self, need: Quantity) -> i64 {
        let mut count = 1;
        while self.of_one() > 0 && count < MOST && count.saturating_mul(self.of_one()) < need.units() {
            count *= 2;
        }
        count
    }

    fn help(&self, need: Quantity) -> String {
        let count = self.enough(need);
        let whole = match self.gpu.form {
            GpuForm::Whole if self.gpu.nodes == 1 => {
                format!("{count} such GPUs hold it: write `gpu: {{count: {count}}}`")
            }
            GpuForm::Whole => format!("{count} such GPUs hold it: raise `gpu.count` or `gpu.nodes`"),
            GpuForm::Slice | GpuForm::Share | GpuForm::Claim(_) => "take a larger slice, or whole GPUs".to_owned(),
        };
        format!("{whole}; or take larger GPUs, or weights of fewer bits")
    }
}

/// To the tenth of a gibibyte.
fn rounded(amount: Quantity) -> String {
    let tenths = amount.units() * 10 / (1 << 30);
    match (tenths / 10, tenths % 10) {
        (0, 0) => amount.to_string(),
        (whole, 0) => format!("{whole}Gi"),
        (whole, part) => format!("{whole}.{part}Gi"),
    }
}

/// A model whose weights, GPUs and server are all known.
fn fit<'m>(model: &Model, component: &'m Component, pod: &'m Pod, findings: &Findings<'_>) -> Option<Fit<'m>> {
    let gpu = pod.gpu.as_ref()?;
    let place = at!["components", component.key];
    let server = runtime::server(Runtime::from_text(text(findings, &place.join("runtime"))?)?);
    let size = Quantity::parse(text(findings, &place.join("model").join("size"))?).ok()?;
    let context = text(findings, &place.join("model").join("context")).and_then(|tokens| tokens.parse().ok());
    let written = gpu.memory;
    let labelled = match gpu.form {
        GpuForm::Whole | GpuForm::Share => pool(model, pod, gpu).and_then(|(_, pool)| pool.gpu_memory()),
        GpuForm::Slice | GpuForm::Claim(_) => None,
    };
    let smaller = pod.main.args.iter().any(|word| SMALLER.iter().any(|flag| word.replace('_', "-").contains(flag)));
    if smaller {
        return None;
    }
    let share = written_share(&pod.main.args).or(server.gpu_memory_share())?;
    Some(Fit { component, server, gpu, memory: labelled.or(written)?, size, context, share })
}

/// The weights fit the memory that the server takes of its GPUs, and a request of the greatest length beside
/// them.
pub(super) fn weights_fit_the_gpus(model: &Model, findings: &mut Findings<'_>) {
    for (component, pod) in workloads(model) {
        let Some(fit) = fit(model, component, pod, findings) else { continue };
        let (need, room) = (fit.size + fit.cache(), fit.room());
        if fit.size > room {
            findings.push(weights_over(&fit));
        } else if need > room {
            findings.push(context_over(&fit, need));
        }
    }
}

fn weights_over(fit: &Fit<'_>) -> Finding {
    let key = &fit.component.key;
    let message = format!(
        "the weights of `{key}` take {} of GPU memory, and there are {}",
        rounded(fit.size),
        rounded(fit.room())
    );
    Finding::error(code::GPU_MEMORY_SHORT, at!["components", key, "model", "size"], message)
        .label("to be held by the GPUs")
        .also(at!["components", key, "gpu"], fit.arithmetic())
        .reason("the server stops when its GPUs are full, and is started again and again")
        .help(fit.help(fit.size))
}

fn context_over(fit: &Fit<'_>, need: Quantity) -> Finding {
    let key = &fit.component.key;
    let message = format!(
        "`{key}` may have no room for {} tokens beside its weights: about {} in all, and there are {}",
        fit.context.unwrap_or_default(),
        rounded(need),
        rounded(fit.room())
    );
    Finding::warning(code::GPU_MEMORY_SHORT, at!["components", key, "model", "context"], message)
        .label(format!("about {}", rounded(fit.cache())))
        .also(at!["components", key, "model", "size"], "the weights")
        .also(at!["components", key, "gpu"], fit.arithmetic())
        .reason("a token takes about a millionth of what the weights of common models take, and a server that cannot hold one request of the greatest length does not start")
        .help(format!("lower `context`, or: {}", fit.help(need)))
}

/// Several slices or shares do not add up for one program.
pub(super) fn slices_are_single(model: &Model, findings: &mut Findings<'_>) {
    for (component, pod) in workloads(model) {
        let Some(gpu) = pod.gpu.as_ref().filter(|gpu| gpu.count > 1) else { continue };
        let (what, why) = match gpu.form {
            GpuForm::Slice => ("slices", "a process of CUDA sees one slice, and slices cannot speak to each other"),
            GpuForm::Share => {
                ("shares", "two turns on one GPU are no more memory than one, and the device plugin may refuse them")
            }
            GpuForm::Whole | GpuForm::Claim(_) => continue,
        };
        findings.push(
            Finding::error(
                code::GPU_SHARE_COUNT,
                at!["components", component.key, "gpu", "count"],
                format!("a pod of `{}` asks for {} {what} of a GPU", component.key, gpu.count),
            )
            .label("more than one")
            .reason(why)
            .help("ask for one, a larger slice, or whole GPUs; several pods are `replicas`"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{gpu, law, main, pool, strings};
    use super::*;
    use crate::diagnostic::Severity;
    use proptest::prelude::*;
    use serde_json::json;

    fn written(size: &str, context: i64) -> serde_json::Value {
        json!({"components": {"api": {"runtime": "vllm", "model": {"size": size, "context": context.to_string()}, "gpu": {}}}})
    }

    fn gibibytes(number: i64) -> Quantity {
        Quantity::from_bytes(number << 30)
    }

    fn on(count: i64, nodes: u32) -> impl Fn(&mut Model) {
        move |model| {
            let gpu = gpu(model);
            (gpu.count, gpu.nodes, gpu.memory) = (count, nodes, Some(gibibytes(80)));
        }
    }

    #[test]
    fn weights_over_the_memory_are_an_error_with_the_arithmetic() {
        let found = law(weights_fit_the_gpus)
            .written(&written("140Gi", 8192))
            .with(on(1, 1))
            .breaks(code::GPU_MEMORY_SHORT, "components.api.model.size");
        assert_eq!(found.severity, Severity::Error);
        assert_eq!(found.message, "the weights of `api` take 140Gi of GPU memory, and there are 72Gi");
        assert!(found.help.unwrap().starts_with("2 such GPUs hold it: write `gpu: {count: 2}`"));
        law(weights_fit_the_gpus).written(&written("140Gi", 1024)).with(on(2, 1)).keeps();
        law(weights_fit_the_gpus).written(&written("1000Gi", 1024)).with(on(8, 2)).keeps();
    }

    #[test]
    fn a_context_without_room_is_a_warning() {
        let found = law(weights_fit_the_gpus)
            .written(&written("140Gi", 131_072))
            .with(on(2, 1))
            .breaks(code::GPU_MEMORY_SHORT, "components.api.model.context");
        assert_eq!(found.severity, Severity::Warning);
        law(weights_fit_the_gpus).written(&written("140Gi", 131_072)).with(on(4, 1)).keeps();
    }

    #[test]
    fn what_is_not_known_is_not_judged() {
        law(weights_fit_the_gpus).written(&written("140Gi", 8192)).with(|model| drop(gpu(model).clone())).keeps();
        law(weights_fit_the_gpus)
            .written(&written("140Gi", 8192))
            .with(on(1, 1))
            .with(|model| main(model).args.push("--quantization=fp8".into()))
            .keeps();
    }

    #[test]
    fn the_share_that_the_author_gives_counts() {
        let share = |words: &[&str]| written_share(&words.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(share(&["--gpu-memory-utilization=0.92"]), Some(92));
        assert_eq!(share(&["--mem-fraction-static", "0.8"]), Some(80));
        assert_eq!(share(&["--gpu-memory-utilization", "1"]), None);
        assert_eq!(share(&["--port=1"]), None);
        law(weights_fit_the_gpus)
            .written(&written("75Gi", 1024))
            .with(on(1, 1))
            .with(|model| main(model).args.push("--gpu-memory-utilization=0.95".into()))
            .keeps();
    }

    #[test]
    fn the_pool_says_how_much_there_is() {
        let law_of = |asked: i64| {
            law(pools_have_the_memory).with(move |model| {
                pool(model, "l4", 2, &[("nvidia.com/gpu", "1")]).labels =
                    strings(&[("nvidia.com/gpu.memory", "23034")]);
                let gpu = gpu(model);
                (gpu.memory, gpu.pool) = (Some(gibibytes(asked)), Some("l4".into()));
            })
        };
        law_of(24).keeps();
        law_of(40).breaks(code::GPU_MEMORY_POOL, "components.api.gpu.memory");
    }

    #[test]
    fn slices_do_not_add_up() {
        let asked = |form: GpuForm, count| {
            law(slices_are_single).with(move |model| {
                let gpu = gpu(model);
                (gpu.form, gpu.count) = (form.clone(), count);
            })
        };
        asked(GpuForm::Slice, 2).breaks(code::GPU_SHARE_COUNT, "components.api.gpu.count");
        asked(GpuForm::Share, 2).breaks(code::GPU_SHARE_COUNT, "components.api.gpu.count");
        asked(GpuForm::Share, 1).keeps();
        asked(GpuForm::Whole, 2).keeps();
    }

    proptest! {
        /// What the help says is enough is enough, and half of it is not.
        #[test]
        fn the_number_that_is_advised_holds_the_weights(size in 1_i64..2_000, memory in 8_i64..200) {
            let gpu = Gpu { count: 1, resource: String::new(), form: GpuForm::Whole, product: None, label: String::new(), memory: None, nodes: 1, pool: None };
            let model = super::super::fixture::model();
            let component = &model.components["api"];
            let server = runtime::server(Runtime::Vllm);
            let fit = Fit { component, server, gpu: &gpu, memory: gibibytes(memory), size: gibibytes(size), context: None, share: 90 };
            let count = fit.enough(fit.size);
            prop_assert!(count * fit.of_one() >= fit.size.units());
            prop_assert!(count == 1 || count / 2 * fit.of_one() < fit.size.units());
        }
    }
}
