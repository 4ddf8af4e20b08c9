//! New versions and drains where there is no room to spare: every workload has its most pods, the nodes are the fewest
//! that `windlass capacity` says are enough, and all workloads are rolled out at once.

mod budgets;
mod drain;
mod room;
mod stuck;
mod version;

use crate::Figures;
use crate::api::Api;
use crate::cluster::Shared;
use crate::pools::{Occupied, Sized, occupied};
use crate::systems::{self, folders};
use libtest_mimic::{Failed, Trial};
use room::Room;
use windlass::capacity::{Capacity, Demand, Role, Verdict};

const SUITE: &str = "rollouts";
/// A system with what no example has on few nodes: disks of several replicas, apart and with a budget.
const OWN: &str = "tests/e2e/rollouts/search";

pub(crate) fn trials(cluster: &Shared, figures: &Figures) -> Vec<Trial> {
    let trial = |folder: String, judge: Judge| {
        let (cluster, figures) = (cluster.clone(), figures.clone());
        Trial::test(format!("{SUITE}/{}", folder.trim_start_matches("tests/e2e/rollouts/")), move || {
            let api = &cluster.with_controllers()?.api;
            for sized in systems::sized(systems::root(), &format!("{folder}/system.yaml"))? {
                on_few_nodes(api, &sized, judge, &figures)
                    .map_err(|error| format!("{}: {error}", sized.environment))?;
            }
            Ok::<(), Failed>(())
        })
    };
    let name = |folder: std::path::PathBuf| folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let examples = folders("examples").into_iter().map(|folder| format!("examples/{}", name(folder)));
    examples.map(|example| trial(example, judge)).chain([trial(OWN.into(), judge_own)]).collect()
}

/// What is done with an environment that stands on its nodes.
type Judge = fn(&mut Occupied<'_>, &mut Room<'_>, &Figures) -> Result<(), String>;

fn judge(occupied: &mut Occupied<'_>, room: &mut Room<'_>, figures: &Figures) -> Result<(), String> {
    stuck::judge(occupied, room, figures)?;
    version::judge(occupied, room, figures)?;
    drain::fullest(occupied, room, figures)
}

/// The same with all nodes drained at once; and here what has to be seen is there to be seen.
fn judge_own(occupied: &mut Occupied<'_>, room: &mut Room<'_>, figures: &Figures) -> Result<(), String> {
    if stuck::judge(occupied, room, figures)? == 0 {
        return Err("no rollout that can get stuck".into());
    }
    version::judge(occupied, room, figures)?;
    if drain::all(occupied, room, figures)? == 0 {
        return Err("no budget refused an eviction".into());
    }
    budgets::can_be_broken(occupied, room)
}

fn on_few_nodes(api: &Api, sized: &Sized, judge: Judge, figures: &Figures) -> Result<(), String> {
    let Capacity { demands, pools, whole, .. } = &sized.capacity;
    if !matches!(whole.verdict, Verdict::Fits) {
        figures.add(SUITE, "environments left out: not all fits while everything is rolled out", 1);
        return Ok(());
    }
    let mut room = Room::tightest(demands, pools);
    let few = room.pools.clone();
    let demands: Vec<Demand> = demands.iter().filter(|demand| !comes_by_itself(sized, demand)).cloned().collect();
    occupied(api, sized, (&few, &demands), |occupied| {
        version::complete(occupied, &mut room)?;
        judge(occupied, &mut room, figures)
    })?;
    figures.add(SUITE, "environments", 1);
    figures.add(SUITE, "nodes, the fewest that capacity fits all on", few.iter().map(|pool| pool.nodes as usize).sum());
    figures.add(SUITE, "nodes more, since the scheduler did not find what capacity found", room.more);
    Ok(())
}

/// Whether they are the new pods of a Deployment, which its controller makes beside the old ones.
fn comes_by_itself(sized: &Sized, demand: &Demand) -> bool {
    let mut names = sized.objects.iter().map(|object| &object.identity).filter(|it| it.kind == "Deployment");
    demand.role == Role::Surge && names.any(|identity| identity.name == demand.component)
}
