//! Capacity: the worst case fits the node pools.

use super::availability::always_place;
use super::risk;
use super::rollout::surge_place;
use crate::capacity::{self, Capacity, Demand, Doubt, Proof, Role, Verdict};
use crate::diagnostic::{Code, Severity, code, listed};
use crate::document::{Finding, Findings, Path, at};
use crate::model::{Component, Controller, Model};
use std::collections::BTreeSet;

/// Findings that say of a component by itself that it finds no place: the worst case goes without it.
const EXPLAINED: [Code; 7] = [
    code::VERTICAL_OVER_NODE,
    code::GPU_PRODUCT_UNKNOWN,
    code::GPU_PER_NODE,
    code::GPU_SHORTAGE,
    code::GPU_SURGE,
    code::NODE_NONE,
    code::NODE_TOO_SMALL,
];

/// The node pools at their greatest size hold all pods at their most. Stands after the laws on single
/// pods: what they found is not said again.
pub(super) fn the_worst_case_fits_the_nodes(model: &Model, findings: &mut Findings<'_>) {
    if model.target.node_pools.is_empty() {
        return;
    }
    let explained = explained(findings);
    for job in capacity::assess_queued(model, |demand| !explained.contains(&demand.component)) {
        if let Verdict::DoesNotFit(proof) = &job.whole.verdict {
            findings.push(shortage(model, &job, proof, risk(model)));
        }
    }
    let Some(capacity) = capacity::assess_of(model, |demand| !explained.contains(&demand.component)) else { return };
    let finding = match (&capacity.steady, &capacity.whole.verdict) {
        (Verdict::DoesNotFit(proof), _) => shortage(model, &capacity, proof, risk(model)),
        // It takes a rollout of everything at the highest scale.
        (_, Verdict::DoesNotFit(proof)) => shortage(model, &capacity, proof, Severity::Warning),
        (Verdict::Unknown(doubts), _) | (_, Verdict::Unknown(doubts)) => unknown(model, &capacity, doubts),
        (Verdict::Fits, Verdict::Fits) => return,
    };
    findings.push(finding);
}

/// The components that another finding is about.
fn explained(findings: &Findings<'_>) -> BTreeSet<String> {
    let about = findings.found.iter().filter(|finding| EXPLAINED.contains(&finding.code));
    let paths = about.filter_map(|finding| finding.path.as_deref()?.strip_prefix("components."));
    paths.filter_map(|path| path.split('.').next()).map(Into::into).collect()
}

fn shortage(model: &Model, capacity: &Capacity, proof: &Proof, severity: Severity) -> Finding {
    let demands: Vec<(&Demand, u64)> =
        proof.pods.iter().map(|(demand, pods)| (&capacity.demands[*demand], *pods)).collect();
    let keys: BTreeSet<&str> = demands.iter().map(|(demand, _)| demand.component.as_str()).collect();
    let rollout = demands.iter().any(|(demand, _)| demand.role.is_passing());
    let queued = demands.iter().all(|(demand, _)| demand.queue.is_some());
    let when = if queued {
        "even with nothing else on them"
    } else if rollout {
        "while all are rolled out at their most"
    } else {
        "at their most"
    };
    let mut places = demands.iter().map(|(demand, _)| (place(model, demand), said(demand)));
    let (first, label) = places.next().unwrap_or_default();
    let message = format!("{when}, the pods of {} do not fit the nodes: {}", listed(keys), capacity::arithmetic(proof));
    let finding = Finding::judged(severity, code::CAPACITY_SHORT, first, message)
        .label(label)
        .reason(capacity::room(capacity, proof))
        .help(format!(
            "lower a number, ask for less, or give a pool more nodes; `windlass capacity --env {}` shows every node",
            model.environment
        ));
    let finding = places.fold(finding, |finding, (place, label)| finding.also(place, label));
    proof.pools.iter().fold(finding, |finding, pool| {
        let name = &capacity.pools[*pool].name;
        finding.also(at!["environment", "target", "nodePools", name, "nodes", "max"], "at most so many nodes")
    })
}

fn unknown(model: &Model, capacity: &Capacity, doubts: &[Doubt]) -> Finding {
    let pools = at!["environment", "target", "nodePools"];
    let message = "whether all pods fit the nodes at their most is not known";
    let note = |place, label: String, help: String| {
        Finding::note(code::CAPACITY_UNKNOWN, place, message).on_key().label(label).help(help)
    };
    match doubts.first() {
        Some(Doubt::NotSaid { pool, resource }) => {
            let name = &capacity.pools[*pool].name;
            let label = format!("does not say how much {resource} a node has");
            note(pools.join(name).join("allocatable"), label, format!("write `{resource}` beside the others"))
        }
        Some(Doubt::Zones { demand }) => {
            let key = &capacity.demands[*demand].component;
            let help = "pools say nothing about zones; see to it that every zone has room".into();
            note(at!["components", key, "placement", "spread", "zone"], "over zones that are not known".into(), help)
        }
        Some(Doubt::Company { demand }) => {
            let key = &capacity.demands[*demand].component;
            let help = "see to it that there are nodes where it holds".into();
            let label = "pods near or away from others are not counted".into();
            note(at!["components", key, "placement", "affinity"], label, help)
        }
        Some(Doubt::NotFound { .. }) | None => {
            let help = format!(
                "leave more room, or read `windlass capacity --env {}`, which shows what was tried",
                model.environment
            );
            note(pools, "neither a packing nor a proof was found".into(), help)
        }
    }
}

/// Where the number of pods is written.
pub(super) fn place(model: &Model, demand: &Demand) -> Path {
    let key = &demand.component;
    let root = at!["components", key];
    let component = model.component(key);
    match demand.role {
        Role::Replicas => match component {
            Some(component) if component.scale.is_none() => always_place(component),
            _ => root.join("scale").join("max"),
        },
        Role::Instances => root.join("instances"),
        Role::Pooler => root.join("pooler").join("instances"),
        Role::Surge => component.map_or_else(|| root.join("rollout").join("surge"), surge_place),
        Role::Release if component.is_some_and(|component| !component.releases.is_empty()) => root.join("migrate"),
        Role::Release if component.is_some_and(is_team) => root.join("workers").join("replicas"),
        Role::Job | Role::Release => root.join("parallelism"),
    }
}

fn is_team(component: &Component) -> bool {
    component.workload().is_some_and(|workload| matches!(workload.controller, Controller::JobSet(_)))
}

pub(super) fn said(demand: &Demand) -> String {
    match demand.role {
        Role::Replicas if demand.pods == 1 => "1 replica".into(),
        Role::Replicas | Role::Instances => format!("{} {}", demand.pods, demand.role.text()),
        Role::Surge => format!("{} more while it is rolled out", demand.pods),
        Role::Pooler | Role::Job | Role::Release => format!("{} pods ({})", demand.pods, demand.role.text()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{self, api, cluster, cron_job, gpu, law, main, pod, pool, quantity, scale};
    use super::*;
    use crate::capacity::{Spread, demands};
    use crate::model::{
        ContainerPolicy, Controller, Driver, NumberOrPercent, Plan, Progressive, RolloutStrategy, Vertical,
    };
    use crate::spec::{Concurrency, Firmness, Promotion, Tier, VerticalMode};

    fn general(model: &mut Model, nodes: u32) {
        pool(model, "general", nodes, &[("cpu", "4"), ("memory", "16Gi")]);
    }

    fn roles(model: &Model) -> Vec<(Role, u32)> {
        demands(model).iter().map(|demand| (demand.role, demand.pods)).collect()
    }

    #[test]
    fn the_worst_case_is_the_highest_scale_and_its_surge() {
        let mut model = fixture::model();
        assert_eq!(roles(&model), [(Role::Replicas, 2), (Role::Surge, 1)]);
        scale(&mut model);
        assert_eq!(roles(&model), [(Role::Replicas, 10), (Role::Surge, 3)]);
        fixture::rollout(&mut model).strategy = RolloutStrategy::Recreate;
        assert_eq!(roles(&model), [(Role::Replicas, 10)]);
        for (driver, more) in [(Driver::ArgoRollouts, 10), (Driver::Flagger, 13)] {
            let plan = Plan::BlueGreen { promote: Promotion::Auto, preview: Some(1), keep: None };
            let (surge, unavailable) = (NumberOrPercent::Percent(25), NumberOrPercent::Number(0));
            let progressive = Progressive { plan, driver, surge, unavailable };
            fixture::rollout(&mut model).strategy = RolloutStrategy::Progressive(Box::new(progressive));
            assert_eq!(roles(&model), [(Role::Replicas, 10), (Role::Surge, more)]);
        }
    }

    #[test]
    fn vertical_scaling_counts_with_its_most() {
        let cpu = |mode| {
            let mut model = fixture::model();
            let policy = ContainerPolicy {
                container: None,
                on: true,
                min: crate::model::Amounts::new(),
                max: fixture::amounts(&[("cpu", "2"), ("memory", "9Gi")]),
            };
            api(&mut model).vertical = Some(Vertical { mode, resources: vec!["cpu"], policies: vec![policy] });
            let request = demands(&model)[0].request.clone();
            (request["cpu"].to_string(), request["memory"].to_string())
        };
        assert_eq!(cpu(VerticalMode::Recreate), ("2".into(), "512Mi".into()));
        assert_eq!(cpu(VerticalMode::Recommend), ("500m".into(), "512Mi".into()));
    }

    #[test]
    fn jobs_count_with_their_parallelism_and_overlap() {
        let mut model = fixture::model();
        cron_job(&mut model, "0 3 * * *");
        assert_eq!(roles(&model), [(Role::Job, 1)]);
        let Controller::CronJob { job, concurrency, .. } = &mut fixture::workload(&mut model, "api").controller else {
            panic!("a scheduled job")
        };
        (job.parallelism, job.completions, *concurrency) = (Some(8), Some(3), Concurrency::Allow);
        assert_eq!(roles(&model), [(Role::Job, 6)]);
    }

    #[test]
    fn instances_of_operators_count() {
        let mut model = fixture::model();
        cluster(&mut model).pooler =
            Some(crate::model::Pooler { instances: 2, mode: crate::spec::PoolMode::Transaction });
        cluster(&mut model).placement.spread_node = Some(Firmness::Hard);
        assert_eq!(roles(&model)[2..], [(Role::Instances, 3), (Role::Pooler, 2)]);
        assert_eq!(demands(&model)[2].spread, Spread::Apart);
    }

    #[test]
    fn what_does_not_fit_is_said_with_its_numbers() {
        let full = |tier| {
            law(the_worst_case_fits_the_nodes).with(move |model| {
                model.tier = tier;
                general(model, 1);
                scale(model);
            })
        };
        let found = full(Tier::Production).breaks(code::CAPACITY_SHORT, "components.api.scale.max");
        assert_eq!(found.severity, Severity::Error);
        assert_eq!(
            found.message,
            "at their most, the pods of `api` do not fit the nodes: 9 of them ask for 4500m of cpu, and the nodes have 4"
        );
        assert_eq!(found.reason.as_deref(), Some("`general` has one node at most, with 4 of cpu for pods"));
        assert_eq!(
            full(Tier::Staging).breaks(code::CAPACITY_SHORT, "components.api.scale.max").severity,
            Severity::Warning
        );
        law(the_worst_case_fits_the_nodes).with(|model| _ = scale(model)).keeps();
        law(the_worst_case_fits_the_nodes).with(|model| general(model, 1)).keeps();
    }

    #[test]
    fn a_rollout_alone_that_does_not_fit_is_a_warning() {
        let found = law(the_worst_case_fits_the_nodes)
            .with(|model| {
                general(model, 1);
                scale(model).max = 8;
            })
            .found();
        assert_eq!(found[0].severity, Severity::Warning);
        assert!(found[0].message.starts_with("while all are rolled out at their most,"), "{}", found[0].message);
    }

    #[test]
    fn two_components_share_the_nodes() {
        let found = law(the_worst_case_fits_the_nodes)
            .with(|model| {
                general(model, 1);
                main(model).resources.requests.insert("cpu".into(), quantity("1200m"));
                let more = api(model).clone();
                model.components.insert("web".into(), Component { key: "web".into(), ..more });
            })
            .found();
        assert!(found[0].message.contains("the pods of `api` and `web`"), "{}", found[0].message);
    }

    #[test]
    fn what_is_not_known_is_a_note() {
        let found = law(the_worst_case_fits_the_nodes)
            .with(|model| _ = pool(model, "general", 3, &[("cpu", "4")]))
            .breaks(code::CAPACITY_UNKNOWN, "target.nodePools.general.allocatable");
        assert_eq!(found.severity, Severity::Note);
        law(the_worst_case_fits_the_nodes)
            .with(|model| {
                general(model, 3);
                pod(model).placement.spread_zone = Some(Firmness::Hard);
            })
            .breaks(code::CAPACITY_UNKNOWN, "components.api.placement.spread.zone");
    }

    #[test]
    fn one_mistake_gives_one_finding() {
        let found = |change: fn(&mut Model)| {
            let root = fixture::document(&serde_json::json!({}));
            let mut findings = Findings::new(&root);
            let mut model = fixture::model();
            change(&mut model);
            let _ = super::super::check(model, &mut findings);
            let errors = findings.found.iter().filter(|finding| finding.severity == Severity::Error);
            errors.map(|finding| finding.code).collect::<Vec<_>>()
        };
        let gpus = found(|model| {
            pool(model, "l4", 1, &[("cpu", "40"), ("memory", "99Gi"), ("nvidia.com/gpu", "1")]);
            gpu(model);
        });
        assert_eq!(gpus, [code::GPU_SHORTAGE]);
        let large = found(|model| {
            general(model, 3);
            main(model).resources.requests.insert("cpu".into(), quantity("5"));
        });
        assert_eq!(large, [code::NODE_TOO_SMALL]);
        let many = found(|model| {
            general(model, 1);
            scale(model);
        });
        assert_eq!(many, [code::CAPACITY_SHORT]);
    }
}
