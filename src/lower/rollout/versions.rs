//! Two versions side by side, each with a Deployment of its own, where each step is a commit.
//!
//! Promises: the name of a Deployment and its selector follow from the version alone, so that no step
//! replaces a pod; where there is one version it has all the pods.

use super::super::meta::Lowering;
use super::{deployment, object};
use crate::kube::Object;
use crate::model::{
    Component, Driver, Goal, Metric, MetricSource, Plan, Pod, Progressive, Quantity, Queried, Rollout, Scale, Split,
    Versions,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

/// The label by which the pods of one version are told from those of the other.
pub(crate) const VERSION: &str = "app.kubernetes.io/version";

/// One version of a component.
pub(crate) struct Track<'a> {
    /// `<component>-<version>`
    pub(crate) name: String,
    pub(crate) version: &'a str,
    pub(crate) pod: &'a Pod,
    pub(crate) replicas: u32,
    /// `None` also where the number of pods is fixed for now.
    pub(crate) scale: Option<Scale>,
}

/// What one version has of everything, in percent.
#[derive(Clone, Copy)]
struct Share {
    /// Of the requests.
    requests: u32,
    /// Of the pods.
    pods: u32,
}

/// The versions of a component, the one that is to be replaced first; none where commits do not do the steps.
pub(crate) fn tracks(component: &Component) -> Vec<Track<'_>> {
    let (Some(progressive), Some(workload)) = (component.progressive(), component.workload()) else {
        return Vec::new();
    };
    let Driver::Commits(versions) = &progressive.driver else { return Vec::new() };
    let replicas = workload.controller.replicas();
    let Some(stable) = &versions.stable else {
        return vec![track(component, &versions.own, &workload.pod, replicas, component.scale.clone())];
    };
    let (first, second) = shares(progressive, versions);
    let (old, new) = split(replicas, first, second);
    let (scale_old, scale_new) = scaled(component, first, second);
    let old = track(component, &stable.version, &stable.pod, old, scale_old);
    let new = match preview(progressive, versions) {
        Some(pods) => track(component, &versions.own, &workload.pod, pods, None),
        None => track(component, &versions.own, &workload.pod, new, scale_new),
    };
    vec![old, new]
}

fn track<'a>(component: &Component, version: &'a str, pod: &'a Pod, replicas: u32, scale: Option<Scale>) -> Track<'a> {
    Track { name: format!("{}-{version}", component.name), version, pod, replicas, scale }
}

/// The version that Services of the component's name lead to: the old one until the new one has everything.
pub(crate) fn answering(versions: &Versions) -> &str {
    match &versions.stable {
        Some(stable) if versions.weight < 100 => &stable.version,
        _ => &versions.own,
    }
}

/// Where a route has weights the old version keeps all its pods, so that one commit brings it back; where
/// the pods are the weights, both share them.
fn shares(progressive: &Progressive, versions: &Versions) -> (Share, Share) {
    let weight = versions.weight.min(100);
    match &progressive.plan {
        Plan::Canary { split: Split::Weights, .. } => {
            (Share { requests: 100, pods: 100 }, Share { requests: weight, pods: weight })
        }
        Plan::Canary { split: Split::Replicas, .. } => {
            (Share { requests: 100 - weight, pods: 100 - weight }, Share { requests: weight, pods: weight })
        }
        Plan::BlueGreen { .. } => (Share { requests: 100, pods: 100 }, Share { requests: 100, pods: 100 }),
    }
}

/// The pods of a new version that nobody is led to yet, where there are fewer.
fn preview(progressive: &Progressive, versions: &Versions) -> Option<u32> {
    match &progressive.plan {
        Plan::BlueGreen { preview, .. } => preview.filter(|_| versions.weight < 100),
        Plan::Canary { .. } => None,
    }
}

/// A count of the component for its old and its new version. Where they share the pods, whoever gets requests
/// has one, and together they have no more than before, but for one where there was one.
fn split(count: u32, first: Share, second: Share) -> (u32, u32) {
    let new = part(count, second);
    if first.pods == 100 {
        return (count, new);
    }
    let least = u32::from(count > 0 && first.pods > 0);
    let new = new.min((count - least).max(u32::from(count > 0 && second.pods > 0)));
    (count.saturating_sub(new).max(least), new)
}

/// The nearest number, and at least one of those that get requests.
fn part(count: u32, share: Share) -> u32 {
    let nearest = (u64::from(count) * u64::from(share.pods) + 50) / 100;
    let least = u64::from(count > 0 && share.pods > 0);
    u32::try_from(nearest.max(least)).unwrap_or(u32::MAX)
}

/// The scaling of both: their parts of the bounds, and of what is counted for the component as a whole.
fn scaled(component: &Component, first: Share, second: Share) -> (Option<Scale>, Option<Scale>) {
    let Some(scale) = &component.scale else { return (None, None) };
    let (min, max) = (split(scale.min, first, second), split(scale.max, first, second));
    let of = |share: Share, min: u32, max: u32| {
        let metrics = scale.metrics.iter().map(|metric| shared(metric, share)).collect();
        // What gets no requests has no pods, and nobody who counts them.
        (share.pods > 0).then(|| Scale { min, max: max.max(min).max(1), metrics, ..scale.clone() })
    };
    (of(first, min.0, max.0), of(second, min.1, max.1))
}

/// What is counted for the component as a whole counts for a version by its share: a replica of it may take
/// as much more as others do not see.
fn shared(metric: &Metric, share: Share) -> Metric {
    let whole = |amount: u32| {
        u32::try_from((u64::from(amount) * 100).div_ceil(u64::from(share.requests.max(1)))).unwrap_or(u32::MAX)
    };
    let mut metric = metric.clone();
    match &mut metric.source {
        MetricSource::Object { goal: Goal::Average(average), .. }
        | MetricSource::External { goal: Goal::Average(average), .. } => *average = raised(*average, share),
        MetricSource::Prometheus { threshold, of, .. } if *of != Queried::Mean => {
            if let Ok(amount) = Quantity::parse(threshold) {
                *threshold = raised(amount, share).to_string();
            }
        }
        MetricSource::RedisStream { lag, .. } => *lag = whole(*lag),
        MetricSource::RedisList { length, .. } => *length = whole(*length),
        MetricSource::Cron { replicas, .. } => *replicas = part(*replicas, share),
        _ => {}
    }
    metric
}

fn raised(amount: Quantity, share: Share) -> Quantity {
    amount.scaled(100, i64::from(share.requests.max(1)))
}

/// The Deployments of all versions.
pub(super) fn deployments(cx: &Lowering<'_>, component: &Component, rollout: &Rollout) -> Vec<Object> {
    let of_track = |track: Track<'_>| {
        let replicas = track.scale.is_none().then(|| i32::try_from(track.replicas).unwrap_or(i32::MAX));
        let mut made = deployment(cx, component, track.pod, replicas, rollout);
        made.metadata.name = Some(track.name);
        made.metadata.labels.get_or_insert_default().insert(VERSION.into(), track.version.into());
        if let Some(spec) = &mut made.spec {
            let labels = spec.template.metadata.get_or_insert_default().labels.get_or_insert_default();
            labels.insert(VERSION.into(), track.version.into());
            marked(&mut spec.selector, track.version);
        }
        object(component, &made)
    };
    tracks(component).into_iter().map(of_track).collect()
}

fn marked(selector: &mut LabelSelector, version: &str) {
    selector.match_labels.get_or_insert_default().insert(VERSION.into(), version.into());
}

#[cfg(test)]
mod tests {
    use super::{Share, split};
    use proptest::prelude::*;

    fn share(percent: u32) -> Share {
        Share { requests: percent, pods: percent }
    }

    #[test]
    fn pods_follow_the_share() {
        let by_pods = |replicas, weight| split(replicas, share(100 - weight), share(weight));
        assert_eq!(by_pods(10, 20), (8, 2));
        assert_eq!(by_pods(5, 50), (2, 3));
        assert_eq!(by_pods(4, 100), (0, 4));
        assert_eq!(by_pods(4, 0), (4, 0));
        assert_eq!(by_pods(1, 20), (1, 1));
        assert_eq!(by_pods(2, 75), (1, 1));
        assert_eq!(by_pods(0, 20), (0, 0));
        assert_eq!(split(4, share(100), share(20)), (4, 1));
    }

    proptest! {
        /// Whoever gets requests has a pod, and together there are no more pods than before, but for one
        /// where there was one.
        #[test]
        fn both_versions_have_a_pod(replicas in 1u32..500, weight in 1u32..100) {
            let (old, new) = split(replicas, share(100 - weight), share(weight));
            prop_assert!(old >= 1 && new >= 1);
            prop_assert_eq!(old + new, replicas.max(2));
        }
    }
}
