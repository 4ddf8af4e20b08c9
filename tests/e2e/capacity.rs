//! The scheduler and the controllers: pods get nodes.

use crate::Figures;
use crate::cluster::Shared;
use libtest_mimic::Trial;

pub(crate) fn trials(cluster: &Shared, _: &Figures) -> Vec<Trial> {
    let cluster = cluster.clone();
    vec![Trial::test("capacity/a pod runs", move || {
        cluster.with_controllers()?;
        Ok(())
    })]
}
