//! Who may come in: users, doors from outside, Prometheus, operators, and other replicas.

use super::super::meta::Lowering;
use super::peers::{self, Ports, Rules};
use crate::model::{Body, Component, Controller, DatabaseCluster, Opening, Service, Workload};
use crate::spec::{Feature, ServiceType, TrafficPolicy};

/// The status of an instance of CloudNativePG, which its operator asks for.
const STATUS_PORT: u16 = 8000;
const POSTGRES_PORT: u16 = 5432;
/// Metrics of an instance, and of a pooler.
const INSTANCE_METRICS: u16 = 9187;
const POOLER_METRICS: u16 = 9127;

pub(super) fn rules(cx: &Lowering<'_>, component: &Component) -> Rules {
    let mut rules = Rules::default();
    users(cx, component, &mut rules);
    routes(cx, component, &mut rules);
    doors(component, &mut rules);
    metrics(cx, component, &mut rules);
    scalers(cx, component, &mut rules);
    if let Body::Cluster(_) = component.body {
        let operator = peers::peer(&cx.model.target.peers.cnpg);
        rules.open(Ports::tcp([STATUS_PORT, POSTGRES_PORT]), [operator]);
    }
    if replicas_meet(component) {
        rules.open(Ports::All, [peers::replicas(cx, component)]);
    }
    for named in cx.model.network.openings.iter().filter(|opening| opening.to.contains(&component.key)) {
        opening(named, &mut rules);
    }
    rules
}

/// The pods of every component that uses this one, for the ports that it uses.
fn users(cx: &Lowering<'_>, component: &Component, rules: &mut Rules) {
    for edge in cx.edges_to(&component.key) {
        let Some(from) = cx.model.component(&edge.from) else { continue };
        rules.open(Ports::named(component, &edge.ports), peers::users(cx, from));
    }
}

/// The gateway, or the ingress controller, for the ports that routes lead to.
fn routes(cx: &Lowering<'_>, component: &Component, rules: &mut Rules) {
    let target = &cx.model.target;
    let door = if target.has(Feature::GatewayApi) { &target.peers.gateway } else { &target.peers.ingress };
    for route in &component.routes {
        rules.open(Ports::named(component, &[&route.port]), [peers::peer(door)]);
    }
}

/// Clients of a Service that is reached from outside: its sources, or everyone.
fn doors(component: &Component, rules: &mut Rules) {
    let Some(service) = component.service.as_ref().filter(|service| service.kind != ServiceType::ClusterIp) else {
        return;
    };
    if sees_clients(service) && !service.sources.is_empty() {
        rules.open(Ports::offered(component), service.sources.iter().map(|source| peers::range(source, &[])));
    } else {
        rules.open_to_everyone(Ports::offered(component));
    }
}

/// Otherwise traffic comes from the address of a node, which no source would match.
fn sees_clients(service: &Service) -> bool {
    service.external_traffic_policy == Some(TrafficPolicy::Local)
}

/// Prometheus, for the port with the metrics. Instances of a database have theirs on a port of their own.
fn metrics(cx: &Lowering<'_>, component: &Component, rules: &mut Rules) {
    let Some(metrics) = &component.metrics else { return };
    let ports = match &component.body {
        Body::Workload(_) | Body::External(_) => Ports::named(component, &[&metrics.port]),
        Body::Cluster(cluster) => Ports::tcp(cluster_metrics(cluster)),
    };
    rules.open(ports, [peers::peer(&cx.model.target.peers.prometheus)]);
}

/// KEDA, which reads the queues that others are scaled by.
fn scalers(cx: &Lowering<'_>, component: &Component, rules: &mut Rules) {
    if cx.read_by_scalers(component).next().is_some() {
        rules.open(Ports::offered(component), [peers::peer(&cx.model.target.peers.keda)]);
    }
}

fn cluster_metrics(cluster: &DatabaseCluster) -> impl Iterator<Item = u16> {
    std::iter::once(INSTANCE_METRICS).chain(cluster.pooler.as_ref().map(|_| POOLER_METRICS))
}

/// True where the replicas of a component speak to one another: databases, members of a StatefulSet, and
/// the pods of an indexed job or of a model on several nodes.
pub(super) fn replicas_meet(component: &Component) -> bool {
    match &component.body {
        Body::Cluster(_) => true,
        Body::External(_) => false,
        Body::Workload(Workload { controller, .. }) => match controller {
            Controller::StatefulSet { replicas, .. } => *replicas > 1 || component.scale.is_some(),
            Controller::Job(job) | Controller::CronJob { job, .. } => job.indexed,
            Controller::LeaderWorkerSet { .. } | Controller::JobSet(_) => true,
            Controller::Deployment { .. } => false,
        },
    }
}

/// Pods that the author lets in.
pub(super) fn opening(opening: &Opening, rules: &mut Rules) {
    let from = match &opening.namespace {
        Some(namespace) => peers::pods_in(namespace, &opening.labels),
        None => peers::pods(opening.labels.clone()),
    };
    rules.open(Ports::written(&opening.ports), [from]);
}
