//! The quota: all pods and disks at their most are within it.

use super::capacity::{place, said};
use crate::capacity::{self, PODS, Role};
use crate::diagnostic::code;
use crate::document::{Finding, Findings, Path, at};
use crate::model::{Model, Quantity, QuotaBound};

/// Places that are shown beside the quota.
const SHOWN: usize = 3;

/// What takes part of a quota.
struct Part {
    amount: Quantity,
    /// Who takes it, for a sentence.
    taker: String,
    /// Where it is written, and what to say there.
    place: Path,
    said: String,
}

/// All pods at their most ask for no more than the quota allows: beyond it the API server takes no further
/// pod, and scaling and rollouts stand still.
pub(super) fn the_worst_case_is_within_the_quota(model: &Model, findings: &mut Findings<'_>) {
    for bound in model.quota.iter().flat_map(|quota| &quota.bounds) {
        let mut parts = if bound.field == "storage" { disks(model) } else { pods(model, &bound.resource) };
        let need: Quantity = parts.iter().map(|part| part.amount).sum();
        if need > bound.hard {
            parts.sort_by_key(|part| std::cmp::Reverse(part.amount));
            findings.push(exceeded(bound, need, parts));
        }
    }
}

fn exceeded(bound: &QuotaBound, need: Quantity, mut parts: Vec<Part>) -> Finding {
    let message = match bound.resource.as_str() {
        PODS => format!("at their most there are {need} pods, and the quota allows {}", bound.hard),
        "storage" => format!("all disks take {need}, and the quota allows {} of storage", bound.hard),
        resource => format!("at their most the pods ask for {need} of {resource}, and the quota allows {}", bound.hard),
    };
    let others = parts.split_off(parts.len().min(SHOWN));
    let mut takers: Vec<String> = parts.iter().map(|part| format!("{} {}", part.taker, part.amount)).collect();
    if !others.is_empty() {
        takers.push(format!("others {}", others.iter().map(|part| part.amount).sum::<Quantity>()));
    }
    let finding = Finding::error(code::QUOTA_SHORT, at!["quota", bound.field], message)
        .label(format!("{need} needed"))
        .reason(format!(
            "{}; beyond the quota no further pod or claim is admitted, and scaling and rollouts stand still",
            takers.join(", ")
        ))
        .help(format!("raise it to at least {need}, or lower what is asked for"))
        .suggest(need.to_string(), false);
    parts.into_iter().fold(finding, |finding, part| finding.also(part.place, part.said))
}

fn pods(model: &Model, resource: &str) -> Vec<Part> {
    let part = |demand: &capacity::Demand| {
        let amount = capacity::sum([demand]).get(resource).copied().filter(|amount| *amount > Quantity::ZERO)?;
        let taker = match demand.role {
            Role::Replicas | Role::Instances => format!("`{}` takes", demand.component),
            role => format!("the {} of `{}`", role.text(), demand.component),
        };
        Some(Part { amount, taker, place: place(model, demand), said: said(demand) })
    };
    capacity::demands(model).iter().filter_map(part).collect()
}

fn disks(model: &Model) -> Vec<Part> {
    let part = |disks: &capacity::Disks| {
        let volume = disks.volume.as_str();
        let (place, taker) = match &disks.component {
            None => (at!["volumes", volume, "size"], format!("the volume `{volume}` takes")),
            Some(key) if matches!(volume, "storage" | "wal") => {
                (at!["components", key, volume, "size"], format!("`{key}` takes"))
            }
            Some(key) => (at!["components", key, "volumes", volume, "size"], format!("`{key}` takes")),
        };
        Part { amount: disks.sum(), taker, place, said: format!("{} of {}", disks.count, disks.size) }
    };
    capacity::disks(model).iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{claim, cluster, law, quantity, scale, workload};
    use super::*;
    use crate::model::{Amounts, Controller, Quota};
    use crate::spec::Access;

    fn quota(model: &mut Model, field: &'static str, resource: &str, hard: &str) {
        let bounds = vec![QuotaBound { field, resource: resource.into(), hard: quantity(hard) }];
        model.quota = Some(Quota { bounds, default_request: Amounts::new() });
    }

    #[test]
    fn requests_at_their_most_are_within_the_quota() {
        let of = |hard: &'static str| {
            law(the_worst_case_is_within_the_quota).with(move |model| {
                quota(model, "cpu", "cpu", hard);
                scale(model);
            })
        };
        // Ten replicas and a surge of three, half a CPU each.
        let found = of("6").breaks(code::QUOTA_SHORT, "quota.cpu");
        assert_eq!(found.message, "at their most the pods ask for 6500m of cpu, and the quota allows 6");
        of("6500m").keeps();
        law(the_worst_case_is_within_the_quota).keeps();
    }

    #[test]
    fn pods_are_counted() {
        let of = |hard: &'static str| {
            law(the_worst_case_is_within_the_quota).with(move |model| quota(model, "pods", "pods", hard))
        };
        of("2").breaks(code::QUOTA_SHORT, "quota.pods");
        of("3").keeps();
    }

    #[test]
    fn containers_that_ask_for_nothing_count_with_the_default() {
        law(the_worst_case_is_within_the_quota)
            .with(|model| {
                quota(model, "memory", "memory", "100Mi");
                let default = Amounts::from([("memory".into(), quantity("64Mi"))]);
                model.quota.as_mut().unwrap().default_request = default;
                workload(model, "api").pod.main.resources = crate::model::Resources::default();
            })
            .breaks(code::QUOTA_SHORT, "quota.memory");
    }

    #[test]
    fn every_disk_counts() {
        let of = |hard: &'static str| {
            law(the_worst_case_is_within_the_quota).with(move |model| {
                quota(model, "storage", "storage", hard);
                claim(model, Access::Rwo);
                workload(model, "api").controller =
                    Controller::StatefulSet { replicas: 2, headless: "api-headless".into() };
                cluster(model);
            })
        };
        // Two of 10Gi, and three instances of 10Gi.
        assert_eq!(
            of("49Gi").breaks(code::QUOTA_SHORT, "quota.storage").message,
            "all disks take 50Gi, and the quota allows 49Gi of storage"
        );
        of("50Gi").keeps();
    }
}
