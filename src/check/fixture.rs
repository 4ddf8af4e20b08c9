//! A small model that keeps every law, and what tests need to break one of them.

use super::Law;
use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Entry, Findings, Node, Value};
use crate::model::*;
use crate::source::{Sources, Span};
use crate::spec::{Access, Concurrency, Feature, Firmness, Kind, Protocol, Restart, Scheme, ServiceType, Tier};
use crate::target::{NodePool, Peer, Peers, Prometheus, Target};
use std::collections::{BTreeMap, BTreeSet};

/// A law over a model and a document.
pub(super) struct Case {
    law: Law,
    root: Node,
    model: Model,
}

/// Starts with the model that keeps every law.
pub(super) fn law(law: Law) -> Case {
    Case { law, root: document(&serde_json::json!({})), model: model() }
}

impl Case {
    /// What is written in the merged document.
    pub(super) fn written(mut self, written: &serde_json::Value) -> Self {
        self.root = document(written);
        self
    }

    pub(super) fn with(mut self, change: impl FnOnce(&mut Model)) -> Self {
        change(&mut self.model);
        self
    }

    pub(super) fn found(self) -> Vec<Diagnostic> {
        let mut findings = Findings::new(&self.root);
        (self.law)(&self.model, &mut findings);
        findings.found.into_iter().collect()
    }

    #[track_caller]
    pub(super) fn keeps(self) {
        let found = self.found();
        assert!(found.is_empty(), "{found:#?}");
    }

    /// One finding, at this path.
    #[track_caller]
    pub(super) fn breaks(self, code: Code, path: &str) -> Diagnostic {
        let mut found = self.found();
        let seen: Vec<_> = found.iter().map(|finding| (finding.code.name, finding.path.as_deref())).collect();
        assert_eq!(seen, [(code.name, Some(path))]);
        found.remove(0)
    }
}

/// A document of this content; every place in it is the same.
pub(super) fn document(content: &serde_json::Value) -> Node {
    let mut sources = Sources::new();
    let file = sources.add("system.yaml", String::new());
    node(content, Span::new(file, 0, 0))
}

fn node(content: &serde_json::Value, span: Span) -> Node {
    use serde_json::Value as Json;
    match content {
        Json::Null => Node::new(span, Value::Null),
        Json::Bool(_) | Json::Number(_) => Node::scalar(span, content.to_string()),
        Json::String(text) => Node::scalar(span, text.clone()),
        Json::Array(items) => Node::new(span, Value::List(items.iter().map(|item| node(item, span)).collect())),
        Json::Object(map) => {
            Node::map(span, map.iter().map(|(key, value)| (key.into(), Entry { key: span, node: node(value, span) })))
        }
    }
}

/// A backend `api` with two replicas, in production on a target that has everything.
pub(super) fn model() -> Model {
    Model {
        system: "shop".into(),
        owner: None,
        environment: "prod".into(),
        tier: Tier::Production,
        namespace: Namespace {
            name: "shop-prod".into(),
            create: true,
            labels: Strings::new(),
            annotations: Strings::new(),
        },
        target: target(),
        labels: Strings::new(),
        annotations: Strings::new(),
        components: [("api".to_owned(), component("api", Kind::Backend, backend_controller()))].into_iter().collect(),
        edges: Vec::new(),
        secrets: BTreeMap::new(),
        configs: BTreeMap::new(),
        volumes: BTreeMap::new(),
        network: NetworkRules { deny: true, openings: Vec::new() },
        quota: None,
        manifests: Vec::new(),
        schemas: Vec::new(),
        patches: Vec::new(),
        rules: Vec::new(),
        catalogue: None,
        dashboards: Vec::new(),
        delivery: None,
        output: "rendered/prod".into(),
        pins: Vec::new(),
    }
}

fn target() -> Target {
    let peer = |namespace: &str| Peer { namespace: namespace.into(), labels: Strings::new() };
    Target {
        cluster: None,
        minor: 35,
        // With Cilium names need no addresses, which laws are about.
        features: Feature::ALL.iter().copied().filter(|feature| *feature != Feature::Cilium).collect::<BTreeSet<_>>(),
        gateway: None,
        ingress_class: None,
        issuer: None,
        secret_store: None,
        prometheus: Prometheus::default(),
        grafana: crate::target::Grafana::default(),
        storage_classes: BTreeMap::new(),
        product_label: None,
        node_pools: BTreeMap::new(),
        currency: None,
        peers: Peers {
            dns: peer("kube-system"),
            ingress: peer("ingress-nginx"),
            gateway: peer("gateway-system"),
            prometheus: peer("monitoring"),
            keda: peer("keda"),
            cnpg: peer("cnpg-system"),
        },
        object_store: Vec::new(),
        queues: BTreeMap::new(),
    }
}

fn backend_controller() -> Controller {
    let strategy =
        RolloutStrategy::Rolling { surge: NumberOrPercent::Percent(25), unavailable: NumberOrPercent::Number(0) };
    Controller::Deployment { replicas: 2, rollout: Rollout { strategy, deadline: 600, history: 10 } }
}

pub(super) fn component(key: &str, kind: Kind, controller: Controller) -> Component {
    let body = Body::Workload(Workload { controller, pod: pod_of(key), files: Vec::new() });
    Component {
        key: key.into(),
        name: key.into(),
        kind,
        description: None,
        labels: Strings::new(),
        annotations: Strings::new(),
        body,
        releases: Vec::new(),
        release: None,
        alerts: Vec::new(),
        dashboard: None,
        service: Some(service_of()),
        routes: Vec::new(),
        egress: Vec::new(),
        metrics: None,
        scale: None,
        vertical: None,
        disruption: Some(Disruption::MaxUnavailable(NumberOrPercent::Number(1))),
        outputs: BTreeMap::new(),
    }
}

fn service_of() -> Service {
    Service {
        kind: ServiceType::ClusterIp,
        headless: false,
        unready: false,
        companion: false,
        primary: false,
        annotations: Strings::new(),
        labels: Strings::new(),
        session_affinity: None,
        sources: Vec::new(),
        external_traffic_policy: None,
        class: None,
    }
}

pub(super) fn pod_of(name: &str) -> Pod {
    Pod {
        labels: Strings::new(),
        annotations: Strings::new(),
        main: container(name),
        init: Vec::new(),
        sidecars: Vec::new(),
        volumes: Vec::new(),
        fs_group: Some(DEFAULT_USER),
        host_network: false,
        host_pid: false,
        identity: Identity {
            account: name.into(),
            create: true,
            annotations: Strings::new(),
            token: false,
            roles: Vec::new(),
        },
        pull_secrets: Vec::new(),
        grace: 30,
        placement: Placement {
            spread_zone: Some(Firmness::Soft),
            spread_node: Some(Firmness::Soft),
            ..Placement::default()
        },
        gpu: None,
    }
}

pub(super) fn container(name: &str) -> Container {
    Container {
        name: name.into(),
        image: Image::parse("registry.example.com/api:v1").unwrap(),
        command: Vec::new(),
        args: Vec::new(),
        workdir: None,
        ports: vec![port("http", 8080)],
        env: Vec::new(),
        env_from: Vec::new(),
        mounts: Vec::new(),
        resources: Resources {
            requests: amounts(&[("cpu", "500m"), ("memory", "512Mi")]),
            limits: amounts(&[("memory", "512Mi")]),
        },
        probes: Probes { startup: None, ready: Some(probe("/ready")), live: Some(probe("/healthz")) },
        pre_stop: None,
        security: ContainerSecurity::hardened(Some(DEFAULT_USER)),
        awaits: None,
    }
}

pub(super) fn port(name: &str, number: u16) -> Port {
    Port {
        name: name.into(),
        port: number,
        target: number,
        node_port: None,
        protocol: Protocol::Tcp,
        app_protocol: None,
    }
}

pub(super) fn probe(path: &str) -> Probe {
    let check = ProbeCheck::Http {
        path: path.into(),
        port: PortRef::Name("http".into()),
        scheme: Scheme::Http,
        headers: Vec::new(),
    };
    Probe { check, delay: 0, period: 10, timeout: 1, failures: 3, successes: 1 }
}

pub(super) fn amounts(list: &[(&str, &str)]) -> Amounts {
    list.iter().map(|(name, text)| ((*name).to_owned(), quantity(text))).collect()
}

pub(super) fn quantity(text: &str) -> Quantity {
    Quantity::parse(text).unwrap()
}

pub(super) fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

pub(super) fn strings(list: &[(&str, &str)]) -> Strings {
    list.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// The component `api`.
pub(super) fn api(model: &mut Model) -> &mut Component {
    &mut model.components["api"]
}

pub(super) fn workload<'m>(model: &'m mut Model, key: &str) -> &'m mut Workload {
    match &mut model.components[key].body {
        Body::Workload(workload) => workload,
        Body::Cluster(_) | Body::External(_) => panic!("`{key}` has no pods of its own"),
    }
}

/// The pod of `api`.
pub(super) fn pod(model: &mut Model) -> &mut Pod {
    &mut workload(model, "api").pod
}

/// The container of `api`.
pub(super) fn main(model: &mut Model) -> &mut Container {
    &mut pod(model).main
}

/// Lets `api` run as many replicas.
pub(super) fn replicas(model: &mut Model, count: u32) {
    if let Controller::Deployment { replicas, .. } = &mut workload(model, "api").controller {
        *replicas = count;
    }
}

/// The rollout of `api`.
pub(super) fn rollout(model: &mut Model) -> &mut Rollout {
    match &mut workload(model, "api").controller {
        Controller::Deployment { rollout, .. } => rollout,
        _ => panic!("`api` is a Deployment"),
    }
}

/// Sets the strategy of `api`.
pub(super) fn rolling(model: &mut Model, surge: &str, unavailable: &str) {
    let parse = |text| NumberOrPercent::parse(text).unwrap();
    rollout(model).strategy = RolloutStrategy::Rolling { surge: parse(surge), unavailable: parse(unavailable) };
}

/// Lets `api` scale from 2 to 10 by CPU.
pub(super) fn scale(model: &mut Model) -> &mut Scale {
    let metrics = vec![cpu_metric(70)];
    api(model).scale.insert(Scale { min: 2, max: 10, metrics, up: None, down: None, scaler: Scaler::Hpa })
}

pub(super) fn cpu_metric(percent: i32) -> Metric {
    let source = MetricSource::Utilisation { resource: UtilisedResource::Cpu, percent, container: None };
    Metric { name: "cpu".into(), source }
}

pub(super) fn query_metric(name: &str) -> Metric {
    let source = MetricSource::Prometheus {
        query: "sum(queue)".into(),
        threshold: "5".into(),
        activation: None,
        of: if name == "gpu" { Queried::Gpus } else { Queried::Own },
    };
    Metric { name: name.into(), source }
}

/// A second component like `api`.
pub(super) fn second<'m>(model: &'m mut Model, key: &str) -> &'m mut Component {
    let component = component(key, Kind::Backend, backend_controller());
    model.components.get_or_insert(key.into(), component)
}

/// A route of `api`.
pub(super) fn route<'m>(model: &'m mut Model, name: &str, host: &str) -> &'m mut Route {
    let routes = &mut api(model).routes;
    routes.push(Route {
        name: name.into(),
        host: host.into(),
        paths: vec!["/".into()],
        port: "http".into(),
        tls: RouteTls::Gateway,
        timeout: None,
        annotations: Strings::new(),
        rewrite: None,
        headers: Vec::new(),
    });
    routes.last_mut().unwrap()
}

/// One GPU for each pod of `api`.
pub(super) fn gpu(model: &mut Model) -> &mut Gpu {
    let one = amounts(&[("nvidia.com/gpu", "1")]);
    main(model).resources.requests.extend(one.clone());
    main(model).resources.limits.extend(one);
    pod(model).gpu.insert(Gpu {
        count: 1,
        resource: "nvidia.com/gpu".into(),
        form: GpuForm::Whole,
        product: None,
        label: "nvidia.com/gpu.product".into(),
        memory: None,
        nodes: 1,
        pool: None,
    })
}

/// A node pool of the target.
pub(super) fn pool<'m>(model: &'m mut Model, name: &str, max: u32, allocatable: &[(&str, &str)]) -> &'m mut NodePool {
    model.target.node_pools.entry(name.into()).or_insert(NodePool {
        min: 0,
        max,
        allocatable: amounts(allocatable),
        labels: Strings::new(),
        taints: Vec::new(),
        reserved: Amounts::new(),
        price: None,
    })
}

/// A claim of `api`'s own, mounted at `/data`.
pub(super) fn claim(model: &mut Model, access: Access) {
    let claim = Claim { size: quantity("10Gi"), class: None, access };
    pod(model).volumes.push(Volume { name: "data".into(), source: VolumeSource::Own(claim) });
    main(model).mounts.push(mount("data", "/data"));
}

pub(super) fn mount(volume: &str, path: &str) -> Mount {
    Mount { volume: volume.into(), path: path.into(), sub_path: None, read_only: false }
}

/// Turns `api` into a scheduled job.
pub(super) fn cron_job(model: &mut Model, at: &str) {
    api(model).kind = Kind::Job;
    api(model).service = None;
    main(model).ports = Vec::new();
    workload(model, "api").controller = Controller::CronJob {
        job: job(),
        suspended: false,
        schedule: at.into(),
        timezone: None,
        concurrency: Concurrency::Forbid,
        keep: 3,
    };
}

pub(super) fn job() -> Job {
    Job {
        naming: Naming::Content,
        timeout: None,
        retries: 3,
        restart: Restart::Never,
        parallelism: None,
        completions: None,
        indexed: false,
        failure: Vec::new(),
        queue: None,
    }
}

/// A PostgreSQL cluster `db` of three instances.
pub(super) fn cluster(model: &mut Model) -> &mut DatabaseCluster {
    let mut db = component("db", Kind::Postgres, backend_controller());
    db.body = Body::Cluster(DatabaseCluster {
        image: Image::parse("postgres:17").unwrap(),
        instances: 3,
        database: "shop".into(),
        owner: "shop".into(),
        auth: None,
        superuser: None,
        storage: Claim { size: quantity("10Gi"), class: None, access: Access::Rwo },
        wal: None,
        extensions: Vec::new(),
        parameters: Strings::new(),
        synchronous: None,
        resources: Resources {
            requests: amounts(&[("cpu", "1"), ("memory", "2Gi")]),
            limits: amounts(&[("memory", "2Gi")]),
        },
        placement: Placement::default(),
        backup: None,
        pooler: None,
        ports: vec![port("postgres", 5432)],
        identity_annotations: Strings::new(),
    });
    db.disruption = None;
    match &mut model.components.get_or_insert("db".into(), db).body {
        Body::Cluster(cluster) => cluster,
        Body::Workload(_) | Body::External(_) => panic!("`db` is a cluster"),
    }
}

/// An edge, with or without waiting.
pub(super) fn edge(model: &mut Model, from: &str, to: &str, wait: bool) {
    model.edges.push(Edge { from: from.into(), to: to.into(), ports: vec!["http".into()], wait });
}

pub(super) fn env(model: &mut Model, name: &str, value: &str) {
    main(model).env.push(EnvVar { name: name.into(), value: EnvValue::Text(value.into()) });
}

/// The release of a model by `api`.
pub(super) fn release(model: &mut Model) -> &mut ModelRelease {
    api(model).release.insert(ModelRelease {
        name: "api".into(),
        version_name: "api-v1-0-0".into(),
        model: "llm".into(),
        version: "v1.0.0".into(),
        agent: None,
        of_type: None,
        framework: None,
        repository: None,
        changelog: None,
        previous: None,
        rollback: false,
        validation: None,
        promotion: None,
        canary: None,
        monitoring: None,
        attributes: Vec::new(),
        container: "api".into(),
    })
}
