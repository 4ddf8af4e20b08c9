//! What `windlass capacity` answers, asked of the scheduler: every pod gets a node where it says that all fit, and not
//! every pod where it says that they do not.

use crate::Figures;
use crate::api::Api;
use crate::cluster::Shared;
use crate::pools::{Sized, count, occupied};
use crate::systems::{self, folders};
use libtest_mimic::{Failed, Trial};
use windlass::capacity::{Demand, Pool, Verdict, pack};

const SUITE: &str = "capacity";

pub(crate) fn trials(cluster: &Shared, figures: &Figures) -> Vec<Trial> {
    let trial = |folder: std::path::PathBuf| {
        let example = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (cluster, figures) = (cluster.clone(), figures.clone());
        Trial::test(format!("{SUITE}/examples/{example}"), move || {
            let api = &cluster.with_controllers()?.api;
            let system = format!("examples/{example}/system.yaml");
            for sized in systems::sized(systems::root(), &system)? {
                judge(api, &sized, &figures).map_err(|error| format!("{}: {error}", sized.environment))?;
            }
            Ok::<(), Failed>(())
        })
    };
    folders("examples").into_iter().map(trial).collect()
}

fn judge(api: &Api, sized: &Sized, figures: &Figures) -> Result<(), String> {
    let lasting: Vec<Demand> =
        sized.capacity.demands.iter().filter(|demand| !demand.role.is_passing()).cloned().collect();
    let mut pools = sized.capacity.pools.clone();
    if matches!(sized.capacity.steady, Verdict::Fits) {
        let left = left_over(api, sized, &lasting, &pools)?;
        if !left.is_empty() {
            return Err(format!("capacity says that all fit; these get no node:\n{}", left.join("\n")));
        }
        figures.add(SUITE, "times all pods got nodes, as it was said", 1);
    }
    while !matches!(pack(&lasting, &pools).verdict, Verdict::DoesNotFit(_)) {
        match pools.iter_mut().max_by_key(|pool| pool.nodes) {
            Some(pool) if pool.nodes > 0 => pool.nodes -= 1,
            _ => return Err("no pool is too small".into()),
        }
    }
    if left_over(api, sized, &lasting, &pools)?.is_empty() {
        return Err("capacity says that not all fit; every pod gets a node".into());
    }
    figures.add(SUITE, "times a pod got none, as it was said", 1);
    figures.add(SUITE, "pods", count(&lasting));
    Ok(())
}

/// What the scheduler says of each pod that it gives no node.
fn left_over(api: &Api, sized: &Sized, demands: &[Demand], pools: &[Pool]) -> Result<Vec<String>, String> {
    occupied(api, sized, (pools, demands), |occupied| occupied.left_over(count(demands)))
}
