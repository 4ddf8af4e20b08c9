//! Queues of jobs: a `LocalQueue` for each that some job of the system waits in.

use super::meta::Lowering;
use crate::kube::kueue::LocalQueue;
use crate::kube::{Object, Phase};
use crate::model::Model;
use std::collections::BTreeSet;

pub(super) fn queues(cx: &Lowering<'_>) -> Vec<Object> {
    let queue = |(name, cluster): (&String, &String)| {
        Object::new(&LocalQueue::new(cx.system_meta(name), cluster), Phase::Configuration, None)
    };
    let used = used(cx.model);
    cx.model.target.queues.iter().filter(|(name, _)| used.contains(name.as_str())).map(queue).collect()
}

fn used(model: &Model) -> BTreeSet<&str> {
    let workloads = model.components.values().filter_map(|component| component.workload());
    workloads.filter_map(|workload| workload.controller.job()?.queue.as_deref()).collect()
}

#[cfg(test)]
mod tests {
    use super::queues;
    use crate::lower::fixture::{assert_facts, find, lowered, model, names, workload};
    use crate::lower::meta::Lowering;
    use crate::model::{Controller, Model};

    #[test]
    fn a_queue_is_made_where_a_job_waits_in_it() {
        let mut model: Model = model();
        model.target.queues = [("training".to_owned(), "gpus".to_owned()), ("other".into(), "gpus".into())].into();
        assert_eq!(names(&queues(&Lowering::new(&model))), [""; 0]);
        if let Controller::CronJob { job, .. } = &mut workload(&mut model, "nightly").controller {
            job.queue = Some("training".into());
        }
        let objects = queues(&Lowering::new(&model));
        assert_eq!(names(&objects), ["LocalQueue training"]);
        assert_facts(&objects[0], r#"/spec = {"clusterQueue": "gpus"}"#);
        assert_facts(
            find(&lowered(&model), "CronJob", "nightly"),
            r#"
            /metadata/labels/kueue.x-k8s.io~1queue-name is absent
            /spec/jobTemplate/metadata/labels/kueue.x-k8s.io~1queue-name = "training"
            /spec/jobTemplate/spec/suspend is absent
            "#,
        );
    }
}
