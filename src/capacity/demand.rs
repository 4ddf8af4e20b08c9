//! The pods of the worst case: every scaler at its highest, every job running, everything rolled out at once.

use super::pool::HOST_PORT;
use crate::model::{
    Amounts, Body, Component, Controller, DatabaseCluster, Job, Model, Placement, Pod, Quantity, Resources, Scale,
    Vertical, Workload,
};
use crate::spec::{Concurrency, Firmness, VerticalMode};

/// Pods that are alike, and may all be there at the same time.
#[derive(Clone, Debug, PartialEq)]
pub struct Demand {
    /// The key of the component.
    pub component: String,
    pub role: Role,
    pub pods: u32,
    /// What the scheduler counts for one of them.
    pub request: Amounts,
    pub placement: Placement,
    pub spread: Spread,
    /// They must be spread over zones, which nothing here knows.
    pub zones: bool,
    /// The queue in which they wait until there is room for them.
    pub queue: Option<String>,
}

/// Why the pods are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Replicas,
    /// Instances of a database under an operator.
    Instances,
    Pooler,
    /// Pods of a scheduled job.
    Job,
    /// New pods of a rollout beside the old ones.
    Surge,
    /// Pods of a job before a release.
    Release,
}

impl Role {
    /// Only there while something is rolled out.
    pub fn is_passing(self) -> bool {
        matches!(self, Self::Surge | Self::Release)
    }

    pub fn text(self) -> &'static str {
        match self {
            Self::Replicas => "replicas",
            Self::Instances => "instances",
            Self::Pooler => "pooler",
            Self::Job => "job",
            Self::Surge => "surge",
            Self::Release => "release job",
        }
    }
}

/// How pods must lie on nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    Free,
    /// No node has more than one more than another that the pods may run on.
    Even,
    /// One on a node.
    Apart,
}

/// Runs of a job that overlap, where they may: how many do is not known.
const OVERLAPPING: u32 = 2;

/// All pods that an environment may have at one time, in the order of components.
pub fn demands(model: &Model) -> Vec<Demand> {
    let defaults = model.default_request();
    let all = model.components.values().flat_map(|component| of_component(component, &defaults));
    all.filter(|demand| demand.pods > 0).collect()
}

fn of_component(component: &Component, defaults: &Amounts) -> Vec<Demand> {
    let mut all = match &component.body {
        Body::Workload(workload) => of_controller(component, workload, defaults),
        Body::Cluster(cluster) => of_cluster(component, cluster, defaults),
        Body::External(_) => Vec::new(),
    };
    all.extend(component.releases.iter().map(|release| {
        let pods = parallel(&release.job);
        Demand { pods, role: Role::Release, ..of_pod(component, &release.pod, defaults) }
    }));
    all
}

fn of_controller(component: &Component, workload: &Workload, defaults: &Amounts) -> Vec<Demand> {
    let (controller, pod) = (&workload.controller, &workload.pod);
    let most = most(controller, component.scale.as_ref());
    let one = of_pod(component, &raised(pod, component.vertical.as_ref()), defaults);
    // A pod alone is spread by itself.
    let replicas = Demand {
        pods: most,
        spread: spread(&pod.placement, Spread::Even, most),
        zones: most > 1 && pod.placement.spread_zone == Some(Firmness::Hard),
        ..one.clone()
    };
    match controller {
        Controller::Deployment { rollout, .. } => {
            let surge = rollout.pace().map_or(0, |(surge, _)| surge.of(most, true));
            let more = Demand { pods: surge, role: Role::Surge, ..replicas.clone() };
            vec![replicas, more]
        }
        Controller::StatefulSet { .. } => vec![replicas],
        Controller::LeaderWorkerSet { size, rollout, .. } => {
            let pods = |groups: u32| groups.saturating_mul(*size);
            let surge = rollout.pace().map_or(0, |(surge, _)| surge.of(most, true));
            let more = Demand { pods: pods(surge), role: Role::Surge, ..replicas.clone() };
            vec![Demand { pods: pods(most), ..replicas }, more]
        }
        Controller::Job(job) => {
            vec![Demand { pods: parallel(job), role: Role::Release, queue: job.queue.clone(), ..one }]
        }
        Controller::JobSet(set) => {
            let part = |count: i32, pod: &Pod| Demand {
                pods: u32::try_from(count).unwrap_or(0),
                role: Role::Release,
                queue: set.job.queue.clone(),
                ..of_pod(component, pod, defaults)
            };
            let workers = set.workers.iter().map(|workers| part(workers.count, &workers.pod));
            std::iter::once(part(set.count, pod)).chain(workers).collect()
        }
        Controller::CronJob { job, concurrency, .. } => {
            let runs = if *concurrency == Concurrency::Allow { OVERLAPPING } else { 1 };
            let pods = parallel(job).saturating_mul(runs);
            vec![Demand { pods, role: Role::Job, queue: job.queue.clone(), ..one }]
        }
    }
}

/// Replicas at the highest scale.
pub(super) fn most(controller: &Controller, scale: Option<&Scale>) -> u32 {
    scale.map_or(controller.replicas(), |scale| scale.max.max(scale.min))
}

/// Pods of one run at the same time.
fn parallel(job: &Job) -> u32 {
    let parallelism = job.parallelism.unwrap_or(1);
    u32::try_from(parallelism.min(job.completions.unwrap_or(parallelism))).unwrap_or(0)
}

/// Instances that must not share a node are kept apart by the operator.
fn of_cluster(component: &Component, cluster: &DatabaseCluster, defaults: &Amounts) -> Vec<Demand> {
    let several = cluster.instances > 1;
    let instances = Demand {
        component: component.key.clone(),
        role: Role::Instances,
        pods: cluster.instances,
        request: counted(&cluster.resources, defaults),
        placement: cluster.placement.clone(),
        spread: spread(&cluster.placement, Spread::Apart, cluster.instances),
        queue: None,
        zones: several && cluster.placement.spread_zone == Some(Firmness::Hard),
    };
    // The pooler's pods are the operator's own: they ask for nothing themselves and go anywhere.
    let pooler = cluster.pooler.as_ref().map(|pooler| Demand {
        role: Role::Pooler,
        pods: pooler.instances,
        request: defaults.clone(),
        placement: Placement::default(),
        spread: Spread::Free,
        zones: false,
        ..instances.clone()
    });
    std::iter::once(instances).chain(pooler).collect()
}

fn spread(placement: &Placement, hard: Spread, pods: u32) -> Spread {
    if pods > 1 && placement.spread_node == Some(Firmness::Hard) { hard } else { Spread::Free }
}

/// The pod as vertical scaling may make it: each container asks for the most that its bounds allow.
fn raised(pod: &Pod, vertical: Option<&Vertical>) -> Pod {
    let mut pod = pod.clone();
    let Some(vertical) = vertical.filter(|vertical| vertical.mode != VerticalMode::Recommend) else { return pod };
    for container in std::iter::once(&mut pod.main).chain(&mut pod.sidecars) {
        let name = Some(&container.name);
        let own = vertical.policies.iter().find(|policy| policy.container.as_ref() == name);
        let policy = own.or_else(|| vertical.policies.iter().find(|policy| policy.container.is_none()));
        let bounds = policy.filter(|policy| policy.on).into_iter().flat_map(|policy| &policy.max);
        for (resource, most) in bounds.filter(|(resource, _)| vertical.resources.contains(&resource.as_str())) {
            let asked = requests(&container.resources).get(resource).copied().unwrap_or(Quantity::ZERO);
            container.resources.requests.insert(resource.clone(), asked.max(*most));
        }
    }
    pod
}

/// One pod, not spread.
fn of_pod(component: &Component, pod: &Pod, defaults: &Amounts) -> Demand {
    let mut request = pod_request(pod, defaults);
    // A claim is counted where a pool or a quota names the devices of its class.
    if let Some(gpu) = pod.gpu.as_ref().filter(|gpu| gpu.claim().is_some()) {
        request.insert(gpu.resource.clone(), Quantity::from_units(gpu.count));
    }
    // Two pods with the same port of the node never share it.
    if pod.host_network {
        let one = Quantity::from_units(1);
        request.extend(pod.ports().map(|port| (format!("{HOST_PORT}{}", port.target), one)));
    }
    Demand {
        component: component.key.clone(),
        role: Role::Replicas,
        pods: 1,
        request,
        placement: pod.placement.clone(),
        spread: Spread::Free,
        zones: false,
        queue: None,
    }
}

/// What the scheduler counts for a pod: per resource, the main container or the largest step before it, and
/// the sidecars, which run beside both.
/// `defaults` are those of containers that ask for nothing. Source: `PodRequests` of Kubernetes.
pub fn pod_request(pod: &Pod, defaults: &Amounts) -> Amounts {
    let mut asks = counted(&pod.main.resources, defaults);
    for step in &pod.init {
        for (name, amount) in counted(&step.resources, defaults) {
            let most = asks.entry(name).or_insert(amount);
            *most = (*most).max(amount);
        }
    }
    for sidecar in &pod.sidecars {
        for (name, amount) in counted(&sidecar.resources, defaults) {
            let sum = asks.get(&name).map_or(amount, |other| *other + amount);
            asks.insert(name, sum);
        }
    }
    asks
}

/// What a container counts with: its own requests, else those of the namespace.
fn counted(resources: &Resources, defaults: &Amounts) -> Amounts {
    let mut asks = defaults.clone();
    asks.extend(requests(resources));
    asks
}

/// What a container asks for; a limit alone is a request as well.
pub fn requests(resources: &Resources) -> Amounts {
    let mut asks = resources.limits.clone();
    asks.extend(resources.requests.clone());
    asks
}
