//! A small system with a graph, for the tests of what connects, scales and watches components.
//!
//! `portal` has routes and uses `api`; `api` migrates, scales by CPU and uses `db`, `cache` and `codegen`,
//! which scales by a query; `db` is a cluster of an operator, `cache` a StatefulSet, `train` an indexed job.

use super::fixture::{self, deployment, port, quantity, service, strings};
use super::meta::Lowering;
use crate::kube::Object;
use crate::model::*;
use crate::spec::{Access, Concurrency, Feature, Firmness, IssuerKind, Kind, PoolMode, Restart};
use crate::target::{Gateway, Issuer, Peer, Peers, Prometheus, Target};
use std::collections::BTreeMap;

/// The objects of one part of the system.
pub(crate) fn system_part(model: &Model, part: super::SystemPart) -> Vec<Object> {
    part(&Lowering::new(model))
}

/// The cluster of `db`.
pub(crate) fn database(model: &mut Model) -> &mut DatabaseCluster {
    match &mut model.components["db"].body {
        Body::Cluster(cluster) => cluster,
        Body::Workload(_) | Body::External(_) => panic!("db is no cluster"),
    }
}

pub(crate) fn model() -> Model {
    let edge = |from: &str, to: &str, ports: &[&str]| Edge {
        from: from.into(),
        to: to.into(),
        ports: ports.iter().map(|port| (*port).to_owned()).collect(),
        wait: false,
    };
    let components = vec![portal(), api(), codegen(), db(), cache(), train()];
    let base = fixture::model();
    Model {
        system: "courses".into(),
        namespace: Namespace { name: "courses-prod".into(), ..base.namespace },
        target: target(base.target),
        components: components.into_iter().map(|component| (component.key.clone(), component)).collect(),
        edges: vec![
            edge("portal", "api", &["http"]),
            edge("api", "db", &["postgres"]),
            edge("api", "cache", &["redis"]),
            edge("api", "codegen", &["http", "grpc"]),
            edge("train", "db", &["postgres"]),
            edge("train", "codegen", &[]),
        ],
        secrets: BTreeMap::new(),
        configs: BTreeMap::new(),
        volumes: BTreeMap::new(),
        network: NetworkRules { deny: true, openings: Vec::new() },
        quota: None,
        ..base
    }
}

fn target(base: Target) -> Target {
    let features = [Feature::GatewayApi, Feature::Keda, Feature::PrometheusOperator, Feature::CloudnativePg];
    Target {
        features: features.into(),
        gateway: Some(Gateway {
            name: "public".into(),
            namespace: "gateway-system".into(),
            section: Some("https".into()),
        }),
        ingress_class: Some("nginx".into()),
        issuer: Some(Issuer { kind: IssuerKind::ClusterIssuer, name: "letsencrypt".into() }),
        prometheus: Prometheus {
            address: Some("http://prometheus.monitoring:9090".into()),
            honor_labels: false,
            labels: strings(&[("release", "kps")]),
        },
        peers: Peers {
            dns: Peer { namespace: "kube-system".into(), labels: strings(&[("k8s-app", "kube-dns")]) },
            ..base.peers
        },
        ..base
    }
}

/// A component with a Service for its ports.
fn component(key: &str, kind: Kind, controller: Controller, ports: Vec<Port>) -> Component {
    let service = (!ports.is_empty()).then(service);
    let main = Container { ports, ..fixture::container(key, "registry.example.com/app:v1") };
    Component { service, ..fixture::component(key, kind, controller, fixture::pod(key, main)) }
}

fn job(indexed: bool) -> Job {
    Job {
        naming: if indexed { Naming::Fixed } else { Naming::Content },
        timeout: None,
        retries: 6,
        restart: Restart::Never,
        parallelism: None,
        completions: indexed.then_some(4),
        indexed,
        failure: Vec::new(),
        queue: None,
    }
}

fn metrics(port: &str) -> Metrics {
    Metrics { port: port.into(), path: "/metrics".into(), interval: 30, labels: strings(&[("team", "platform")]) }
}

fn portal() -> Component {
    let main = Route {
        name: "main".into(),
        host: "learn.example.com".into(),
        paths: vec!["/".into()],
        port: "http".into(),
        tls: RouteTls::Gateway,
        timeout: None,
        annotations: strings(&[("example.com/zone", "public")]),
        rewrite: None,
        headers: Vec::new(),
    };
    let docs = Route {
        name: "docs".into(),
        paths: vec!["/docs".into(), "/help".into()],
        timeout: Some(300),
        annotations: Strings::new(),
        rewrite: Some("/".into()),
        headers: vec![("X-Part".into(), "docs".into())],
        ..main.clone()
    };
    let portal = component("portal", Kind::Frontend, deployment(2), vec![port("http", 80, 8080)]);
    Component { routes: vec![main, docs], ..portal }
}

fn api() -> Component {
    let api = component("api", Kind::Backend, deployment(2), vec![port("http", 80, 8000), port("metrics", 9100, 9100)]);
    let utilised = |name: &str, resource, percent, container: Option<&str>| Metric {
        name: name.into(),
        source: MetricSource::Utilisation { resource, percent, container: container.map(Into::into) },
    };
    let scale = Scale {
        min: 2,
        max: 20,
        metrics: vec![
            utilised("cpu", UtilisedResource::Cpu, 60, None),
            utilised("memory", UtilisedResource::Memory, 80, Some("api")),
        ],
        up: None,
        down: None,
        scaler: Scaler::Hpa,
    };
    let pod = fixture::pod("api-migrate", fixture::container("api-migrate", "registry.example.com/app:v1"));
    let migrate = Release { name: "api-migrate".into(), job: job(false), pod, files: Vec::new() };
    Component { releases: vec![migrate], metrics: Some(metrics("metrics")), scale: Some(scale), ..api }
}

fn codegen() -> Component {
    let ports = vec![port("http", 8501, 8501), port("grpc", 8500, 8500)];
    let metric = |name: &str, source| Metric { name: name.into(), source };
    let cpu =
        MetricSource::Utilisation { resource: UtilisedResource::Cpu, percent: 70, container: Some("codegen".into()) };
    let gpu = MetricSource::Prometheus {
        query: "sum(avg by (exported_pod) (DCGM_FI_DEV_GPU_UTIL{exported_container=\"codegen\"}))".into(),
        threshold: "80".into(),
        activation: Some("0.5".into()),
        of: Queried::Gpus,
    };
    let hours = MetricSource::Cron {
        start: "0 8 * * 1-5".into(),
        end: "0 20 * * 1-5".into(),
        timezone: "Europe/Madrid".into(),
        replicas: 4,
    };
    let scale = Scale {
        min: 1,
        max: 8,
        metrics: vec![metric("cpu", cpu), metric("gpu", gpu), metric("hours", hours)],
        up: Some(Behaviour { percent: Some((100, 60)), ..Behaviour::default() }),
        down: Some(Behaviour { window: Some(600), ..Behaviour::default() }),
        scaler: Scaler::Keda,
    };
    Component { scale: Some(scale), ..component("codegen", Kind::Model, deployment(2), ports) }
}

fn db() -> Component {
    let ports = vec![port("postgres", 5432, 5432)];
    let claim = |size: &str| Claim { size: quantity(size), class: Some("gp3".into()), access: Access::Rwo };
    let backup = Backup {
        destination: "s3://backups/courses/prod".into(),
        schedule: "0 2 * * *".into(),
        keep_days: 30,
        credentials: Some("backup-s3".into()),
        endpoint: Some("https://s3.example.com".into()),
        hosts: vec!["s3.example.com".into()],
    };
    let toleration = Toleration { key: "data".into(), value: None, effect: Some("NoSchedule".into()) };
    let cluster = DatabaseCluster {
        image: Image::parse("ghcr.io/cloudnative-pg/postgresql:17.6").unwrap(),
        instances: 3,
        database: "courses".into(),
        owner: "courses".into(),
        auth: Some(Login { secret: "db-auth".into(), username: "username".into(), password: "password".into() }),
        superuser: Some("db-superuser".into()),
        storage: claim("100Gi"),
        wal: Some(claim("20Gi")),
        extensions: vec!["vector".into()],
        parameters: strings(&[("max_connections", "200")]),
        synchronous: Some(1),
        resources: Resources {
            requests: Amounts::from([("cpu".into(), quantity("1000m")), ("memory".into(), quantity("2048Mi"))]),
            limits: Amounts::from([("memory".into(), quantity("2Gi"))]),
        },
        placement: Placement {
            node_selector: strings(&[("pool", "data")]),
            tolerations: vec![toleration],
            spread_zone: Some(Firmness::Soft),
            spread_node: Some(Firmness::Soft),
            ..Placement::default()
        },
        backup: Some(backup),
        pooler: Some(Pooler { instances: 2, mode: PoolMode::Transaction }),
        ports: ports.clone(),
        identity_annotations: strings(&[("example.com/role", "backup")]),
    };
    let db = component("db", Kind::Postgres, deployment(2), ports);
    Component { body: Body::Cluster(cluster), metrics: Some(metrics("postgres")), ..db }
}

fn cache() -> Component {
    let controller = Controller::StatefulSet { replicas: 3, headless: "cache-headless".into() };
    let cache = component("cache", Kind::Redis, controller, vec![port("redis", 6379, 6379)]);
    let service = Some(Service { companion: true, ..service() });
    Component { service, metrics: Some(metrics("redis")), ..cache }
}

fn train() -> Component {
    let controller = Controller::CronJob {
        job: job(true),
        suspended: false,
        schedule: "0 3 * * *".into(),
        timezone: None,
        concurrency: Concurrency::Forbid,
        keep: 3,
    };
    component("train", Kind::Job, controller, Vec::new())
}
