//! Disks of the worst case: what all claims ask for.

use super::demand::most;
use crate::model::{Body, Component, Controller, Model, Quantity, VolumeSource};
use std::collections::BTreeMap;

/// Claims of one sort.
#[derive(Clone, Debug, PartialEq)]
pub struct Disks {
    /// The key of the component; `None` for a volume that components share.
    pub component: Option<String>,
    /// The name of the volume; `storage` or `wal` of a database under an operator.
    pub volume: String,
    pub count: u32,
    pub size: Quantity,
}

impl Disks {
    pub fn sum(&self) -> Quantity {
        self.size.times(self.count.into())
    }
}

/// All claims that an environment may have at one time.
pub fn disks(model: &Model) -> Vec<Disks> {
    let shared = model.volumes.values().map(|volume| Disks {
        component: None,
        volume: volume.name.clone(),
        count: 1,
        size: volume.size,
    });
    shared.chain(model.components.values().flat_map(of_component)).collect()
}

fn of_component(component: &Component) -> Vec<Disks> {
    let disks = |volume: &str, count, size| Disks {
        component: Some(component.key.clone()),
        volume: volume.into(),
        count,
        size,
    };
    let workload = match &component.body {
        Body::Cluster(cluster) => {
            let wal = cluster.wal.as_ref().map(|wal| disks("wal", cluster.instances, wal.size));
            return std::iter::once(disks("storage", cluster.instances, cluster.storage.size)).chain(wal).collect();
        }
        Body::Workload(workload) => workload,
        Body::External(_) => return Vec::new(),
    };
    // A StatefulSet makes a claim for each replica; all others share the one of their name.
    let each = matches!(workload.controller, Controller::StatefulSet { .. });
    let count = if each { most(&workload.controller, component.scale.as_ref()) } else { 1 };
    let pods = workload.pods().chain(component.releases.iter().map(|release| &release.pod));
    let mut own: BTreeMap<&String, Quantity> = BTreeMap::new();
    for volume in pods.flat_map(|pod| &pod.volumes) {
        if let VolumeSource::Own(claim) = &volume.source {
            own.entry(&volume.name).or_insert(claim.size);
        }
    }
    own.into_iter().map(|(volume, size)| disks(volume, count, size)).collect()
}
