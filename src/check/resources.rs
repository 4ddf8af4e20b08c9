//! What containers ask for and may take: amounts that Kubernetes takes, in the unit that was meant.

use super::places::{Site, resources, text};
use crate::diagnostic::code;
use crate::document::{Finding, Findings, Path};
use crate::model::{Amounts, Body, Component, MetricSource, Model, Quantity, Resources, UtilisedResource};

/// Memory below this is hardly ever meant.
const LEAST_MEMORY: &str = "4Mi";
/// More CPUs than this are hardly ever meant.
const MOST_CPU: i64 = 256;

/// A request is at most its limit. Source: `validateContainerResourceRequirements` of Kubernetes.
pub(super) fn requests_are_within_limits(model: &Model, findings: &mut Findings<'_>) {
    for (site, resources) in resources(model) {
        for (name, request) in &resources.requests {
            let Some(limit) = resources.limits.get(name).filter(|limit| request > limit) else { continue };
            let place = site.at(findings, &["resources", "requests", name]);
            let message = format!("{} asks for {request} of {name} and may take {limit}", site.subject(&place));
            findings.push(
                Finding::error(code::REQUEST_OVER_LIMIT, place, message)
                    .label(format!("{request} at least"))
                    .also(site.at(findings, &["resources", "limits", name]), format!("{limit} at most"))
                    .reason("a request must be at most its limit")
                    .help("raise the limit, or lower the request"),
            );
        }
    }
}

/// Devices and huge pages are asked for and limited alike, in whole numbers. Source:
/// `validateContainerResourceRequirements` of Kubernetes: they cannot be overcommitted.
pub(super) fn devices_are_not_overcommitted(model: &Model, findings: &mut Findings<'_>) {
    for (site, resources) in resources(model) {
        for (name, amount) in devices(resources) {
            let place = site.at(findings, &["resources", "requests", name]);
            let subject = site.subject(&place);
            let message = match resources.limits.get(name) {
                None => format!("{subject} asks for {amount} of {name} without a limit"),
                Some(limit) if amount < *limit => format!("{subject} asks for {amount} of {name} and may take {limit}"),
                Some(_) if !amount.is_whole() => format!("{subject} asks for {amount} of {name}, which is not whole"),
                Some(_) => continue,
            };
            let (reason, help) = if amount.is_whole() {
                (
                    "a device belongs to one container: request and limit are equal",
                    "write the limit alone; the request follows it",
                )
            } else {
                (
                    "the API server refuses a fraction of an extended resource: a device belongs to one container",
                    "write a whole number; for a part of a GPU see `gpu: {slice: …}`, `gpu: {shared: true}` and `gpu: {claim: …}`",
                )
            };
            findings.push(
                Finding::error(code::DEVICE_OVERCOMMIT, place, message)
                    .label("asked for")
                    .also(site.at(findings, &["resources", "limits", name]), "limited")
                    .reason(reason)
                    .help(help),
            );
        }
    }
}

/// Amounts asked for, or else limited, of what cannot be shared.
fn devices(resources: &Resources) -> impl Iterator<Item = (&String, Quantity)> {
    let limited = resources.limits.iter().filter(|(name, _)| !resources.requests.contains_key(*name));
    let all = resources.requests.iter().chain(limited).map(|(name, amount)| (name, *amount));
    all.filter(|(name, _)| is_device(name))
}

fn is_device(name: &str) -> bool {
    name.contains('/') || name.starts_with("hugepages-")
}

/// An amount of huge pages is a multiple of their size. Source: `ValidateResourceQuantityValue` of
/// Kubernetes.
pub(super) fn huge_pages_are_whole(model: &Model, findings: &mut Findings<'_>) {
    for (site, resources) in resources(model) {
        for (name, amount) in devices(resources) {
            let Some(page) = name.strip_prefix("hugepages-").and_then(|size| Quantity::parse(size).ok()) else {
                continue;
            };
            if page.units() > 0 && amount.units() % page.units() != 0 {
                let place = amount_place(&site, findings, resources, name);
                findings.push(
                    Finding::error(code::HUGE_PAGES, place, format!("{amount} of {name} are not whole pages"))
                        .label(format!("no multiple of {page}"))
                        .reason("huge pages are given out whole")
                        .help(format!("write a multiple of {page}")),
                );
            }
        }
    }
}

/// Where an amount is written: the request, else the limit.
fn amount_place(site: &Site<'_>, findings: &Findings<'_>, resources: &Resources, name: &str) -> Path {
    let list = if resources.requests.contains_key(name) { "requests" } else { "limits" };
    site.at(findings, &["resources", list, name])
}

/// An amount of bytes is whole. Source: `warnings.go` of Kubernetes: a fractional byte value is invalid.
pub(super) fn bytes_are_whole(model: &Model, findings: &mut Findings<'_>) {
    for_each_amount(model, findings, |findings, name, amount, place| {
        let bytes = matches!(name, "memory" | "ephemeral-storage");
        (bytes && !amount.is_whole()).then(|| fractional_bytes(findings, amount, place()))
    });
}

/// The finding for an amount of bytes that is not whole, with the unit that was probably meant.
pub(super) fn fractional_bytes(findings: &Findings<'_>, amount: Quantity, place: Path) -> Finding {
    let written = text(findings, &place).map_or_else(|| amount.to_string(), ToOwned::to_owned);
    let finding = Finding::error(code::FRACTIONAL_BYTES, place, format!("`{written}` is not a whole number of bytes"))
        .label("a fraction of a byte")
        .reason("`m` means one thousandth, for memory as for CPU");
    match written.strip_suffix('m') {
        Some(number) => finding.help(format!("write `{number}Mi`")).suggest(format!("{number}Mi"), false),
        None => finding.help("write whole bytes, such as `512Mi`"),
    }
}

/// CPU is counted in thousandths. Source: the page on managing resources of Kubernetes: nothing finer
/// than `1m`.
pub(super) fn cpu_is_counted_in_thousandths(model: &Model, findings: &mut Findings<'_>) {
    for_each_amount(model, findings, |_, name, amount, place| {
        (name == "cpu" && amount.is_finer_than_milli()).then(|| {
            Finding::error(code::CPU_TOO_FINE, place(), format!("{amount} of cpu is finer than `1m`"))
                .label("finer than one thousandth")
                .reason("CPU is counted in thousandths")
                .help(format!("write `{}m`", amount.milli()))
        })
    });
}

/// No amount is below zero. Source: `ValidateNonnegativeQuantity` of Kubernetes.
pub(super) fn amounts_are_not_negative(model: &Model, findings: &mut Findings<'_>) {
    for_each_amount(model, findings, |_, name, amount, place| {
        amount.is_negative().then(|| {
            Finding::error(code::AMOUNT_NEGATIVE, place(), format!("{amount} of {name} is below zero"))
                .label("below zero")
                .help("write zero or more")
        })
    });
}

/// An amount is of the size that containers have: a few bytes or hundreds of CPUs are mostly a slip in
/// the unit.
pub(super) fn amounts_are_plausible(model: &Model, findings: &mut Findings<'_>) {
    let Ok(least) = Quantity::parse(LEAST_MEMORY) else { return };
    for_each_amount(model, findings, |_, name, amount, place| {
        let (label, help) = match name {
            "memory" if amount > Quantity::ZERO && amount < least && amount.is_whole() => {
                ("less than any program takes", "write the unit: `512Mi`")
            }
            "cpu" if amount > Quantity::from_units(MOST_CPU) => {
                ("more than one node has", "thousandths have the unit `m`: `500m`")
            }
            _ => return None,
        };
        let finding =
            Finding::warning(code::AMOUNT_SUSPICIOUS, place(), format!("{amount} of {name} is probably not meant"));
        Some(finding.label(label).help(help))
    });
}

/// Reports on each amount once: a limit that only follows its request is left out.
fn for_each_amount(
    model: &Model,
    findings: &mut Findings<'_>,
    law: impl Fn(&Findings<'_>, &str, Quantity, &dyn Fn() -> Path) -> Option<Finding>,
) {
    for (site, resources) in resources(model) {
        for (side, amounts) in [("requests", &resources.requests), ("limits", &resources.limits)] {
            for (name, amount) in amounts {
                let follows = side == "limits" && resources.requests.get(name) == Some(amount);
                if follows {
                    continue;
                }
                let place = || site.at(findings, &["resources", side, name]);
                if let Some(finding) = law(findings, name, *amount, &place) {
                    findings.push(finding);
                }
            }
        }
    }
}

/// What runs asks for CPU and memory: without, the scheduler puts it on a full node and the kubelet
/// evicts it first.
pub(super) fn containers_ask_for_cpu_and_memory(model: &Model, findings: &mut Findings<'_>) {
    for (site, resources) in model.components.values().flat_map(running) {
        let scaled = scaled_resources(site.component);
        let missing: Vec<&str> = ["cpu", "memory"]
            .into_iter()
            .filter(|name| request(resources, name).is_none() && !scaled.contains(name))
            .collect();
        if missing.is_empty() {
            continue;
        }
        let place = site.at(findings, &["resources", "requests"]);
        let message = format!("{} asks for no {}", site.subject(&place), missing.join(" and no "));
        findings.push(
            Finding::warning(code::REQUEST_MISSING, place, message)
                .label("nothing is set aside for it")
                .on_key()
                .reason("the scheduler takes it for empty, and under pressure its pods are evicted first")
                .help("write what it needs when it works: `resources: {requests: {cpu: 100m, memory: 256Mi}}`"),
        );
    }
}

/// What the containers of a component ask for that run as long as their pod.
fn running(component: &Component) -> Vec<(Site<'_>, &Resources)> {
    match &component.body {
        Body::Workload(workload) => {
            let sidecars =
                workload.pod.sidecars.iter().map(|one| (Site::sidecar(component, &one.name), &one.resources));
            std::iter::once((Site::main(component), &workload.pod.main.resources)).chain(sidecars).collect()
        }
        Body::Cluster(cluster) => vec![(Site::main(component), &cluster.resources)],
        Body::External(_) => Vec::new(),
    }
}

/// What the component scales by; a missing request of it is another finding.
fn scaled_resources(component: &Component) -> Vec<&'static str> {
    let metrics = component.scale.iter().flat_map(|scale| &scale.metrics);
    metrics
        .filter_map(|metric| match metric.source {
            MetricSource::Utilisation { resource: UtilisedResource::Cpu, .. } => Some("cpu"),
            MetricSource::Utilisation { resource: UtilisedResource::Memory, .. } => Some("memory"),
            _ => None,
        })
        .collect()
}

/// What a container asks for: the request, else the limit, which Kubernetes takes in its place.
pub(super) fn request(resources: &Resources, name: &str) -> Option<Quantity> {
    let one = |amounts: &Amounts| amounts.get(name).copied();
    one(&resources.requests).or_else(|| one(&resources.limits))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{amounts, cluster, law, main, quantity, scale};
    use super::*;
    use serde_json::json;

    fn request_of(model: &mut Model, name: &str, amount: &str) {
        main(model).resources.requests.insert(name.into(), quantity(amount));
    }

    fn limit_of(model: &mut Model, name: &str, amount: &str) {
        main(model).resources.limits.insert(name.into(), quantity(amount));
    }

    #[test]
    fn a_request_above_its_limit_is_labelled_at_both() {
        let written =
            json!({"components": {"api": {"resources": {"requests": {"memory": "2Gi"}, "limits": {"memory": "1Gi"}}}}});
        let found = law(requests_are_within_limits)
            .written(&written)
            .with(|model| {
                request_of(model, "memory", "2Gi");
                limit_of(model, "memory", "1Gi");
            })
            .breaks(code::REQUEST_OVER_LIMIT, "components.api.resources.requests.memory");
        assert_eq!(found.labels.len(), 2);
        law(requests_are_within_limits).with(|model| limit_of(model, "cpu", "500m")).keeps();
        law(requests_are_within_limits)
            .with(|model| cluster(model).resources.limits = amounts(&[("memory", "1Gi")]))
            .breaks(code::REQUEST_OVER_LIMIT, "components.db.resources.requests.memory");
    }

    #[test]
    fn a_device_is_whole_and_not_shared() {
        let gpu = "nvidia.com/gpu";
        let place = "components.api.resources.requests[nvidia.com/gpu]";
        let lawful = || law(devices_are_not_overcommitted);
        lawful().with(|model| request_of(model, gpu, "1")).breaks(code::DEVICE_OVERCOMMIT, place);
        for (request, limit) in [("1", "2"), ("500m", "500m")] {
            lawful()
                .with(|model| {
                    request_of(model, gpu, request);
                    limit_of(model, gpu, limit);
                })
                .breaks(code::DEVICE_OVERCOMMIT, place);
        }
        lawful().with(|model| limit_of(model, gpu, "1")).keeps();
        lawful().with(|model| request_of(model, "ephemeral-storage", "1Gi")).keeps();
    }

    #[test]
    fn huge_pages_are_not_cut() {
        law(huge_pages_are_whole)
            .with(|model| limit_of(model, "hugepages-2Mi", "3Mi"))
            .breaks(code::HUGE_PAGES, "components.api.resources.limits.hugepages-2Mi");
        law(huge_pages_are_whole).with(|model| limit_of(model, "hugepages-2Mi", "4Mi")).keeps();
    }

    #[test]
    fn half_a_byte_was_meant_as_mebibytes() {
        let found = law(bytes_are_whole)
            .written(&json!({"components": {"api": {"resources": {"requests": {"memory": "512m"}}}}}))
            .with(|model| {
                request_of(model, "memory", "512m");
                limit_of(model, "memory", "512m");
            })
            .breaks(code::FRACTIONAL_BYTES, "components.api.resources.requests.memory");
        assert_eq!(found.help.as_deref(), Some("write `512Mi`"));
        law(bytes_are_whole).with(|model| request_of(model, "cpu", "512m")).keeps();
    }

    #[test]
    fn cpu_is_not_finer_than_one_thousandth() {
        law(cpu_is_counted_in_thousandths)
            .with(|model| request_of(model, "cpu", "500u"))
            .breaks(code::CPU_TOO_FINE, "components.api.resources.requests.cpu");
        law(cpu_is_counted_in_thousandths).with(|model| request_of(model, "cpu", "1m")).keeps();
    }

    #[test]
    fn amounts_are_zero_or_more() {
        law(amounts_are_not_negative)
            .with(|model| limit_of(model, "cpu", "-1"))
            .breaks(code::AMOUNT_NEGATIVE, "components.api.resources.limits.cpu");
        law(amounts_are_not_negative).with(|model| limit_of(model, "cpu", "0")).keeps();
    }

    #[test]
    fn a_slip_in_the_unit_is_a_warning() {
        for (name, amount) in [("memory", "512"), ("cpu", "500")] {
            law(amounts_are_plausible)
                .with(|model| request_of(model, name, amount))
                .breaks(code::AMOUNT_SUSPICIOUS, &format!("components.api.resources.requests.{name}"));
        }
        law(amounts_are_plausible).with(|model| request_of(model, "cpu", "256")).keeps();
        law(amounts_are_plausible).with(|model| request_of(model, "memory", "512m")).keeps();
    }

    #[test]
    fn what_runs_asks_for_something() {
        let found = law(containers_ask_for_cpu_and_memory)
            .with(|model| main(model).resources = Resources::default())
            .breaks(code::REQUEST_MISSING, "components.api.resources.requests");
        assert_eq!(found.message, "`api` asks for no cpu and no memory");
        law(containers_ask_for_cpu_and_memory)
            .with(|model| cluster(model).resources = Resources::default())
            .breaks(code::REQUEST_MISSING, "components.db.resources.requests");
        law(containers_ask_for_cpu_and_memory)
            .with(|model| {
                main(model).resources = Resources { requests: Amounts::new(), limits: amounts(&[("memory", "1Gi")]) };
                scale(model);
            })
            .keeps();
    }
}
