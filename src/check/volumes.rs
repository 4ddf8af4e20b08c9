//! Volumes and files inside a pod: one at a path, one of a name, and none that bursts its bounds.

use super::places::{Site, containers, file_maps, first_written, pods, workloads};
use crate::diagnostic::code;
use crate::document::{Finding, Findings, Path, at};
use crate::model::{Model, Mount, Quantity, VolumeSource};
use std::collections::BTreeMap;

/// What the data of one ConfigMap may take, in bytes. Source: `MaxSecretSize`, which holds for both.
const CONFIG_MAP: usize = 1024 * 1024;

/// One volume or file lies at a path of a container. Source: `ValidateVolumeMounts`: must be unique.
pub(super) fn mount_paths_are_unique(model: &Model, findings: &mut Findings<'_>) {
    for (site, container) in containers(model) {
        let mut known: BTreeMap<&str, &Mount> = BTreeMap::new();
        for mount in &container.mounts {
            let Some(first) = known.insert(mount.path.trim_end_matches('/'), mount) else { continue };
            let place = mount_place(findings, &site, mount);
            let message = format!("two volumes of {} are mounted at `{}`", site.subject(&place), mount.path);
            findings.push(
                Finding::error(code::MOUNT_TWICE, place, message)
                    .label("taken already")
                    .also(mount_place(findings, &site, first), "the first")
                    .reason("each path of a container has one mount")
                    .help("mount one of them somewhere else"),
            );
        }
    }
}

/// Where a mount is written: a volume of that name, else a file at that path.
fn mount_place(findings: &Findings<'_>, site: &Site<'_>, mount: &Mount) -> Path {
    let volume = site.at(findings, &["volumes", &mount.volume, "mount"]);
    let file = site.at(findings, &["files", &mount.path]);
    let folder = site.at(findings, &["files", &format!("{}/", mount.path)]);
    first_written(findings, [volume, file, folder])
}

/// The volumes of a pod have different names, those of its steps included. Source: `ValidateVolumes`.
pub(super) fn volume_names_are_unique(model: &Model, findings: &mut Findings<'_>) {
    for (site, pod) in pods(model) {
        for (index, volume) in pod.volumes.iter().enumerate() {
            if pod.volumes[..index].iter().any(|first| first.name == volume.name) {
                findings.push(
                    Finding::error(
                        code::VOLUME_TWICE,
                        site.at(findings, &["volumes", &volume.name]),
                        format!("`{}` has two volumes called `{}`", site.component.key, volume.name),
                    )
                    .label("one of the two")
                    .on_key()
                    .reason("a pod has each volume once, for all of its containers and steps")
                    .help("give one of them another name"),
                );
            }
        }
    }
}

/// Volumes in memory leave some of the memory limit to the program: what lies in them counts. Source:
/// `emptyDir` with `medium: Memory` of Kubernetes.
pub(super) fn memory_volumes_fit_the_memory_limit(model: &Model, findings: &mut Findings<'_>) {
    for (component, pod) in workloads(model) {
        let Some(limit) = pod.main.resources.limits.get("memory") else { continue };
        let mounted = |name: &str| pod.main.mounts.iter().any(|mount| mount.volume == name);
        let in_memory: Vec<_> = pod
            .volumes
            .iter()
            .filter_map(|volume| match volume.source {
                VolumeSource::Memory { limit } if mounted(&volume.name) => Some((volume, limit)),
                _ => None,
            })
            .collect();
        let total = in_memory.iter().fold(Quantity::ZERO, |total, (_, size)| total + *size);
        let Some((largest, _)) = in_memory.iter().max_by_key(|(_, size)| *size).filter(|_| total >= *limit) else {
            continue;
        };
        findings.push(
            Finding::warning(
                code::MEMORY_VOLUMES,
                at!["components", component.key, "volumes", largest.name, "memory"],
                format!("volumes in memory may take {total} of the {limit} that `{}` has", component.key),
            )
            .label("counts as memory of the container")
            .also(
                first_written(
                    findings,
                    [
                        at!["components", component.key, "resources", "limits", "memory"],
                        at!["components", component.key, "resources", "requests", "memory"],
                    ],
                ),
                format!("{limit} at most"),
            )
            .reason("a container that fills them is killed for its memory before the volume is full")
            .help("raise the memory limit by the size of the volume, or make it smaller"),
        );
    }
}

/// The data of a ConfigMap have at most 1 MiB. Source: `ValidateConfigMap` of Kubernetes.
pub(super) fn config_maps_fit_into_one_mebibyte(model: &Model, findings: &mut Findings<'_>) {
    for config in model.configs.values() {
        let total = config.data.values().map(String::len).sum();
        too_large(total, at!["config", config.key], &format!("the config `{}`", config.key), findings);
    }
    for component in model.components.values() {
        for map in file_maps(component) {
            let total =
                map.data.values().map(String::len).sum::<usize>() + map.binary.values().map(Vec::len).sum::<usize>();
            let what = format!("all files of `{}`", component.key);
            too_large(total, at!["components", component.key, "files"], &what, findings);
        }
    }
}

fn too_large(total: usize, place: Path, what: &str, findings: &mut Findings<'_>) {
    if total <= CONFIG_MAP {
        return;
    }
    findings.push(
        Finding::error(code::CONFIG_TOO_LARGE, place, format!("{what} would have {total} bytes in one ConfigMap"))
            .label(format!("{} bytes over the limit", total - CONFIG_MAP))
            .on_key()
            .reason("the data of a ConfigMap have at most 1048576 bytes")
            .help("put large files into the image, or on a volume"),
    );
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{claim, law, main, mount, pod, quantity, strings, workload};
    use super::*;
    use crate::model::{Config, FileMap, Volume};
    use crate::spec::Access;
    use serde_json::json;

    #[test]
    fn one_mount_lies_at_a_path() {
        law(mount_paths_are_unique)
            .written(
                &json!({"components": {"api": {"volumes": {"data": {"mount": "/data"}}, "files": {"/data/": {}}}}}),
            )
            .with(|model| {
                claim(model, Access::Rwo);
                main(model).mounts.push(mount("files-data", "/data"));
            })
            .breaks(code::MOUNT_TWICE, "components.api.files[/data/]");
        law(mount_paths_are_unique)
            .with(|model| {
                claim(model, Access::Rwo);
                main(model).mounts.push(mount("files", "/data/app.toml"));
            })
            .keeps();
    }

    #[test]
    fn a_volume_has_a_name_of_its_own() {
        law(volume_names_are_unique)
            .with(|model| {
                claim(model, Access::Rwo);
                pod(model).volumes.push(Volume { name: "data".into(), source: VolumeSource::Scratch { limit: None } });
            })
            .breaks(code::VOLUME_TWICE, "components.api.volumes.data");
        law(volume_names_are_unique).with(|model| claim(model, Access::Rwo)).keeps();
    }

    #[test]
    fn volumes_in_memory_leave_room() {
        let sized = |size: &'static str, mounted: bool| {
            law(memory_volumes_fit_the_memory_limit).with(move |model| {
                pod(model)
                    .volumes
                    .push(Volume { name: "shm".into(), source: VolumeSource::Memory { limit: quantity(size) } });
                main(model).mounts.extend(mounted.then(|| mount("shm", "/dev/shm")));
            })
        };
        sized("512Mi", true).breaks(code::MEMORY_VOLUMES, "components.api.volumes.shm.memory");
        sized("256Mi", true).keeps();
        sized("512Mi", false).keeps();
    }

    #[test]
    fn a_config_map_has_one_mebibyte() {
        let config = |bytes: usize| {
            law(config_maps_fit_into_one_mebibyte).with(move |model| {
                let data = strings(&[("a", &"x".repeat(bytes))]);
                model.configs.insert("c".into(), Config { key: "c".into(), name: "c-1".into(), data });
            })
        };
        config(CONFIG_MAP + 1).breaks(code::CONFIG_TOO_LARGE, "config.c");
        config(CONFIG_MAP).keeps();
        law(config_maps_fit_into_one_mebibyte)
            .with(|model| {
                let binary = [("b".to_owned(), vec![0; CONFIG_MAP])].into_iter().collect();
                workload(model, "api").files = vec![FileMap { name: "f".into(), data: strings(&[("a", "x")]), binary }];
            })
            .breaks(code::CONFIG_TOO_LARGE, "components.api.files");
    }
}
