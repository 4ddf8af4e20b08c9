//! Storage: space, and disks that all pods which mount them can reach.

use super::places::{first_written, workloads};
use super::resources::fractional_bytes;
use super::rollout::rolling;
use crate::diagnostic::{Severity, code, listed};
use crate::document::{Finding, Findings, Path, at};
use crate::model::{Body, Component, Controller, Model, Quantity, Volume, VolumeSource};
use crate::spec::{Access, Concurrency, Kind};

/// A volume has space, in whole bytes. Source: `ValidatePersistentVolumeClaimSpec` of Kubernetes.
pub(super) fn volumes_have_space(model: &Model, findings: &mut Findings<'_>) {
    for (size, place) in sizes(model) {
        if size <= Quantity::ZERO {
            findings.push(
                Finding::error(code::STORAGE_SIZE, place, format!("a volume of {size} has no space"))
                    .label("no space")
                    .reason("the size of a volume is above zero")
                    .help("write a size such as `10Gi`"),
            );
        } else if !size.is_whole() {
            let finding = fractional_bytes(findings, size, place);
            findings.push(finding);
        }
    }
}

/// The sizes of all volumes, each with its place.
fn sizes(model: &Model) -> Vec<(Quantity, Path)> {
    let shared = model.volumes.values().map(|volume| (volume.size, at!["volumes", volume.name, "size"]));
    let mut all: Vec<_> = shared.collect();
    for (component, pod) in workloads(model) {
        let own = pod.volumes.iter().filter_map(|volume| {
            let (field, size) = match &volume.source {
                VolumeSource::Own(claim) => ("size", claim.size),
                VolumeSource::Scratch { limit: Some(limit) } => ("scratch", *limit),
                VolumeSource::Memory { limit } => ("memory", *limit),
                _ => return None,
            };
            Some((size, volume_place(component, volume).join(field)))
        });
        all.extend(own);
    }
    for component in model.components.values() {
        let Body::Cluster(cluster) = &component.body else { continue };
        let place = at!["components", component.key];
        all.push((cluster.storage.size, place.join("storage").join("size")));
        all.extend(cluster.wal.iter().map(|wal| (wal.size, place.join("wal").join("size"))));
    }
    all
}

/// A store keeps its data on a disk: what lies in its container, or in scratch space, goes with the pod.
pub(super) fn stores_keep_their_data(model: &Model, findings: &mut Findings<'_>) {
    for (component, pod) in workloads(model).filter(|(component, _)| component.kind == Kind::Store) {
        let keeps = |volume: &Volume| matches!(volume.source, VolumeSource::Own(_) | VolumeSource::Claim { .. });
        if pod.volumes.iter().any(keeps) {
            continue;
        }
        findings.push(
            Finding::warning(
                code::STORE_FORGETS,
                at!["components", component.key, "volumes"],
                format!("`{}` keeps its data nowhere", component.key),
            )
            .label("no volume with a size")
            .on_key()
            .reason("a pod that is replaced starts with an empty disk")
            .help("write `volumes: {data: {mount: …, size: …}}`; where nothing is kept, a `backend` will do"),
        );
    }
}

fn volume_place(component: &Component, volume: &Volume) -> Path {
    at!["components", component.key, "volumes", volume.name]
}

/// Claims of a component's own that one node, or one pod, mounts at a time.
fn single_disks(component: &Component) -> impl Iterator<Item = (&Volume, Access)> {
    let volumes = component.workload().map(|workload| workload.pod.volumes.as_slice()).unwrap_or_default();
    volumes.iter().filter_map(|volume| match &volume.source {
        VolumeSource::Own(claim) if is_single(claim.access) => Some((volume, claim.access)),
        _ => None,
    })
}

fn is_single(access: Access) -> bool {
    matches!(access, Access::Rwo | Access::Rwop)
}

/// How many pods of a component there may be at once, and where that is written.
fn pods_at_once(component: &Component) -> (u32, Path) {
    let place = at!["components", component.key];
    let group = component.workload().map_or(1, |workload| workload.controller.pods_of_replica());
    if let Some(scale) = &component.scale {
        return (scale.max.saturating_mul(group), place.join("scale").join("max"));
    }
    match component.workload().map(|workload| &workload.controller) {
        Some(Controller::CronJob { concurrency: Concurrency::Allow, .. }) => (2, place.join("concurrency")),
        Some(Controller::Job(job) | Controller::CronJob { job, .. }) => {
            (job.parallelism.unwrap_or(1).unsigned_abs(), place.join("parallelism"))
        }
        Some(Controller::LeaderWorkerSet { replicas, size, .. }) => {
            (replicas.saturating_mul(*size), place.join("gpu").join("nodes"))
        }
        Some(Controller::JobSet(set)) => (set.pods().unsigned_abs(), place.join("workers").join("replicas")),
        Some(controller) => (controller.replicas(), place.join("replicas")),
        None => (1, place),
    }
}

/// A disk that one node mounts at a time has one pod. A StatefulSet is free of this: each of its pods
/// has a claim of its own. Source: `ReadWriteOnce` of Kubernetes: the second pod stays pending.
pub(super) fn disks_of_one_node_have_one_pod(model: &Model, findings: &mut Findings<'_>) {
    for component in model.components.values().filter(|component| !is_stateful(component)) {
        let (pods, count) = pods_at_once(component);
        for (volume, access) in single_disks(component).filter(|_| pods > 1) {
            let place = volume_place(component, volume);
            findings.push(
                Finding::error(
                    code::CLAIM_SEVERAL_PODS,
                    first_written(findings, [place.join("access"), place]),
                    format!(
                        "`{}` of `{}` is a disk of one {}, and there may be {pods} pods",
                        volume.name,
                        component.key,
                        holder(access)
                    ),
                )
                .label(format!("`{access}`: one {} at a time", holder(access)))
                .also(count.clone(), format!("up to {pods} pods"))
                .reason("all pods of the component share the claim, and a pod on another node cannot mount it")
                .help("write `access: rwx` with a class that has it, or keep one pod"),
            );
        }
    }
}

fn holder(access: Access) -> &'static str {
    if access == Access::Rwop { "pod" } else { "node" }
}

fn is_stateful(component: &Component) -> bool {
    matches!(component.workload().map(|workload| &workload.controller), Some(Controller::StatefulSet { .. }))
}

/// A new pod does not wait for a disk that the old one still holds: with such a disk the old pod goes
/// first. Source: the attach-detach controller reports `Multi-Attach error`.
pub(super) fn old_pods_give_up_their_disk(model: &Model, findings: &mut Findings<'_>) {
    for (component, surge, _, place) in rolling(model) {
        let (pods, _) = pods_at_once(component);
        // Several pods on one disk are another finding.
        let Some((volume, _)) = single_disks(component).next().filter(|_| pods == 1 && !surge.is_zero()) else {
            continue;
        };
        let written = first_written(findings, [place.join("surge"), place.join("strategy"), place]);
        findings.push(
            Finding::error(
                code::CLAIM_SURGE,
                written,
                format!("a rollout of `{}` would wait for the disk `{}` for ever", component.key, volume.name),
            )
            .label("the new pod comes before the old one goes")
            .also(volume_place(component, volume), "held by the old pod")
            .reason("one node mounts the disk: on another node the new pod fails with a Multi-Attach error, and the old one stays until the new one is ready")
            .help("write `rollout: {strategy: recreate}`"),
        );
    }
}

/// A shared volume reaches all pods that mount it.
pub(super) fn shared_disks_reach_all_pods(model: &Model, findings: &mut Findings<'_>) {
    for volume in model.volumes.values().filter(|volume| is_single(volume.access)) {
        let readers: Vec<(&Component, &Volume)> = workloads(model)
            .flat_map(|(component, pod)| pod.volumes.iter().map(move |mounted| (component, mounted)))
            .filter(|(_, mounted)| matches!(&mounted.source, VolumeSource::Claim { name, .. } if *name == volume.name))
            .collect();
        let pods: u32 =
            readers.iter().map(|(component, _)| pods_at_once(component).0.max(1)).fold(0, u32::saturating_add);
        if pods < 2 {
            continue;
        }
        let severity = if volume.access == Access::Rwop { Severity::Error } else { Severity::Warning };
        let names = listed(readers.iter().map(|(component, _)| component.key.as_str()));
        let message = format!(
            "the volume `{}` is a disk of one {}, and {pods} pods of {names} mount it",
            volume.name,
            holder(volume.access)
        );
        let finding = Finding::new(severity, code::SHARED_VOLUME_ALONE, at!["volumes", volume.name, "access"], message)
            .label(format!("one {} at a time", holder(volume.access)))
            .reason("pods on another node than the first one stay pending")
            .help("write `access: rwx`, or `rox` where all of them only read, with a class that has it");
        findings.push(readers.iter().fold(finding, |finding, (component, mounted)| {
            finding.also(volume_place(component, mounted), format!("mounted by `{}`", component.key))
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::super::fixture::{
        api, claim, cluster, cron_job, law, pod, quantity, replicas, rollout, scale, second, workload,
    };
    use super::*;
    use crate::model::{RolloutStrategy, SharedVolume};
    use serde_json::json;

    #[test]
    fn a_store_has_a_disk() {
        let store = || law(stores_keep_their_data).with(|model| api(model).kind = Kind::Store);
        store().breaks(code::STORE_FORGETS, "components.api.volumes");
        store().with(|model| claim(model, Access::Rwo)).keeps();
        law(stores_keep_their_data).keeps();
    }

    #[test]
    fn a_volume_has_whole_space() {
        law(volumes_have_space)
            .with(|model| cluster(model).storage.size = Quantity::ZERO)
            .breaks(code::STORAGE_SIZE, "components.db.storage.size");
        law(volumes_have_space)
            .with(|model| {
                let limit = Some(quantity("500m"));
                pod(model).volumes.push(Volume { name: "tmp".into(), source: VolumeSource::Scratch { limit } });
            })
            .breaks(code::FRACTIONAL_BYTES, "components.api.volumes.tmp.scratch");
        law(volumes_have_space).with(|model| claim(model, Access::Rwo)).keeps();
    }

    #[test]
    fn a_disk_of_one_node_has_one_pod() {
        let place = "components.api.volumes.data.access";
        let lawful = || law(disks_of_one_node_have_one_pod);
        lawful().with(|model| claim(model, Access::Rwo)).breaks(code::CLAIM_SEVERAL_PODS, place);
        lawful().with(|model| claim(model, Access::Rwx)).keeps();
        lawful()
            .with(|model| {
                claim(model, Access::Rwo);
                replicas(model, 1);
            })
            .keeps();
        lawful()
            .with(|model| {
                claim(model, Access::Rwop);
                scale(model).min = 1;
            })
            .breaks(code::CLAIM_SEVERAL_PODS, place);
        lawful()
            .with(|model| {
                claim(model, Access::Rwo);
                workload(model, "api").controller = Controller::StatefulSet { replicas: 3, headless: String::new() };
            })
            .keeps();
    }

    #[test]
    fn runs_of_a_job_share_its_disk() {
        let running = |concurrency: Concurrency| {
            law(disks_of_one_node_have_one_pod).with(move |model| {
                claim(model, Access::Rwo);
                cron_job(model, "0 2 * * *");
                if let Controller::CronJob { concurrency: own, .. } = &mut workload(model, "api").controller {
                    *own = concurrency;
                }
            })
        };
        running(Concurrency::Allow).breaks(code::CLAIM_SEVERAL_PODS, "components.api.volumes.data.access");
        running(Concurrency::Forbid).keeps();
    }

    #[test]
    fn the_old_pod_lets_go_of_its_disk() {
        let with_disk = |access| {
            law(old_pods_give_up_their_disk).with(move |model| {
                claim(model, access);
                replicas(model, 1);
            })
        };
        with_disk(Access::Rwo)
            .written(&json!({"components": {"api": {"rollout": {"strategy": "rolling"}}}}))
            .breaks(code::CLAIM_SURGE, "components.api.rollout.strategy");
        with_disk(Access::Rwx).keeps();
        with_disk(Access::Rwo).with(|model| rollout(model).strategy = RolloutStrategy::Recreate).keeps();
        with_disk(Access::Rwo).with(|model| fixture::rolling(model, "0", "1")).keeps();
    }

    #[test]
    fn a_shared_disk_reaches_all_readers() {
        let shared = |access, readers: &'static [&'static str]| {
            law(shared_disks_reach_all_pods).with(move |model| {
                replicas(model, 1);
                let volume = SharedVolume { name: "media".into(), size: quantity("1Gi"), class: None, access };
                model.volumes.insert("media".into(), volume);
                for reader in readers {
                    second(model, reader);
                    let source = VolumeSource::Claim { name: "media".into(), read_only: false };
                    workload(model, reader).pod.volumes.push(Volume { name: "m".into(), source });
                }
            })
        };
        let found = shared(Access::Rwo, &["web"]).breaks(code::SHARED_VOLUME_ALONE, "volumes.media.access");
        assert_eq!(found.severity, Severity::Warning);
        let found = shared(Access::Rwop, &["api", "web"]).breaks(code::SHARED_VOLUME_ALONE, "volumes.media.access");
        assert_eq!(found.severity, Severity::Error);
        shared(Access::Rwx, &["api", "web"]).keeps();
        shared(Access::Rwo, &["api"]).keeps();
    }
}
