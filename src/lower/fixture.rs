//! A small model for the tests of parts, and facts about the objects that it becomes.
//!
//! `api` is a backend with nearly everything, `cache` a StatefulSet, `nightly` a `CronJob`, `seed` a release
//! job, `db` a database under an operator.

use super::meta::Lowering;
use crate::kube::Object;
use crate::model::*;
use crate::spec::{Access, Concurrency, Firmness, Kind, Protocol, Restart, Scheme, SecretStoreKind, ServiceType, Tier};
use crate::target::{Peer, Peers, Prometheus, SecretStore, Target};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// All objects of a model, without the checks that stand before it otherwise.
pub(crate) fn lowered(model: &Model) -> Vec<Object> {
    super::objects(model)
}

/// The objects of one part of a component.
pub(crate) fn part(model: &Model, part: super::ComponentPart, component: &str) -> Vec<Object> {
    part(&Lowering::new(model), &model.components[component])
}

/// One object by its kind and name.
pub(crate) fn find<'a>(objects: &'a [Object], kind: &str, name: &str) -> &'a Object {
    let found = objects.iter().find(|object| object.identity.kind == kind && object.identity.name == name);
    found.unwrap_or_else(|| panic!("no {kind} {name} among {:#?}", names(objects)))
}

pub(crate) fn names(objects: &[Object]) -> Vec<String> {
    objects.iter().map(|object| format!("{} {}", object.identity.kind, object.identity.name)).collect()
}

/// Asserts facts, one a line: `pointer = value` in JSON, or `pointer is absent`.
pub(crate) fn assert_facts(object: &Object, facts: &str) {
    for fact in facts.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(pointer) = fact.strip_suffix(" is absent") {
            assert_eq!(object.json().pointer(pointer), None, "{}: {fact}", object.identity);
            continue;
        }
        let (pointer, value) = fact.split_once(" = ").unwrap();
        let value: Value = serde_json::from_str(value).unwrap_or_else(|error| panic!("{fact}: {error}"));
        assert_eq!(object.json().pointer(pointer), Some(&value), "{}: {fact}", object.identity);
    }
}

/// The workload of a component, to change it.
pub(crate) fn workload<'a>(model: &'a mut Model, component: &str) -> &'a mut Workload {
    match &mut model.components[component].body {
        Body::Workload(workload) => workload,
        Body::Cluster(_) | Body::External(_) => panic!("{component} is no workload"),
    }
}

pub(crate) fn quantity(text: &str) -> Quantity {
    Quantity::parse(text).unwrap()
}

pub(crate) fn strings(pairs: &[(&str, &str)]) -> Strings {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

pub(crate) fn model() -> Model {
    let components = [api(), cache(), nightly(), seed(), database()];
    Model {
        system: "shop".into(),
        owner: None,
        environment: "prod".into(),
        tier: Tier::Production,
        namespace: Namespace {
            name: "shop-prod".into(),
            create: true,
            labels: strings(&[("team", "shop")]),
            annotations: Strings::new(),
        },
        target: target(),
        labels: strings(&[("cost", "42")]),
        annotations: Strings::new(),
        components: components.into_iter().map(|component| (component.key.clone(), component)).collect(),
        edges: Vec::new(),
        secrets: secrets(),
        configs: BTreeMap::from([(
            "limits".into(),
            Config { key: "limits".into(), name: "limits-1a2b3c4d5e".into(), data: strings(&[("MAX_USERS", "100")]) },
        )]),
        volumes: BTreeMap::from([(
            "media".into(),
            SharedVolume {
                name: "media".into(),
                size: quantity("1024Gi"),
                class: Some("efs".into()),
                access: Access::Rwx,
            },
        )]),
        network: NetworkRules::default(),
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
        features: BTreeSet::new(),
        gateway: None,
        ingress_class: None,
        issuer: None,
        secret_store: Some(SecretStore {
            kind: SecretStoreKind::ClusterSecretStore,
            name: "vault".into(),
            path: "{system}/{environment}/{secret}".into(),
            refresh: 3600,
        }),
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

fn secrets() -> BTreeMap<String, Secret> {
    let stored = |name: &str, keys: &[&str], kind: &str, properties: &[(&str, &str)]| Secret {
        name: name.into(),
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        origin: SecretOrigin::Store { remote: format!("shop/prod/{name}"), properties: strings(properties) },
        kind: kind.into(),
    };
    let existing = Secret {
        name: "pull".into(),
        keys: vec![".dockerconfigjson".into()],
        origin: SecretOrigin::Existing,
        kind: "kubernetes.io/dockerconfigjson".into(),
    };
    let secrets = [
        stored("payments", &["api-key"], "Opaque", &[("api-key", "key")]),
        stored("db-auth", &["username", "password"], "kubernetes.io/basic-auth", &[]),
        existing,
    ];
    secrets.into_iter().map(|secret| (secret.name.clone(), secret)).collect()
}

/// A component with nothing around its workload.
pub(crate) fn component(key: &str, kind: Kind, controller: Controller, pod: Pod) -> Component {
    Component {
        key: key.into(),
        name: key.into(),
        kind,
        description: None,
        labels: Strings::new(),
        annotations: Strings::new(),
        body: Body::Workload(Workload { controller, pod, files: Vec::new() }),
        releases: Vec::new(),
        release: None,
        alerts: Vec::new(),
        dashboard: None,
        service: None,
        routes: Vec::new(),
        egress: Vec::new(),
        metrics: None,
        scale: None,
        vertical: None,
        disruption: None,
        outputs: BTreeMap::new(),
    }
}

pub(crate) fn pod(name: &str, main: Container) -> Pod {
    Pod {
        labels: Strings::new(),
        annotations: Strings::new(),
        main,
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

pub(crate) fn container(name: &str, image: &str) -> Container {
    Container {
        name: name.into(),
        image: Image::parse(image).unwrap(),
        command: Vec::new(),
        args: Vec::new(),
        workdir: None,
        ports: Vec::new(),
        env: Vec::new(),
        env_from: Vec::new(),
        mounts: Vec::new(),
        resources: Resources {
            requests: Amounts::from([("cpu".into(), quantity("1000m")), ("memory".into(), quantity("1024Mi"))]),
            limits: Amounts::from([("memory".into(), quantity("1Gi"))]),
        },
        probes: Probes::default(),
        pre_stop: None,
        security: ContainerSecurity::hardened(Some(DEFAULT_USER)),
        awaits: None,
    }
}

pub(crate) fn port(name: &str, port: u16, target: u16) -> Port {
    Port { name: name.into(), port, target, node_port: None, protocol: Protocol::Tcp, app_protocol: None }
}

pub(crate) fn service() -> Service {
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

fn api() -> Component {
    let mut pod = pod("api", api_container());
    pod.init = vec![container("prepare", "registry.example.com/tools")];
    pod.volumes = api_volumes();
    pod.pull_secrets = vec!["pull".into()];
    pod.identity.roles = vec![role("api-leases", false), role("api-nodes", true)];
    pod.placement.tolerations = vec![
        Toleration { key: "dedicated".into(), value: Some("api".into()), effect: Some("NoSchedule".into()) },
        Toleration { key: "spot".into(), value: None, effect: None },
    ];
    let mut component = component("api", Kind::Backend, deployment(2), pod.clone());
    component.service = Some(service());
    component.disruption = Some(Disruption::MaxUnavailable(NumberOrPercent::Number(1)));
    if let Body::Workload(workload) = &mut component.body {
        workload.files = vec![FileMap {
            name: "api-files-0a1b2c3d4e".into(),
            data: strings(&[("app.toml", "level = \"info\"\n")]),
            binary: BTreeMap::from([("logo.bin".into(), vec![0xff, 0x00])]),
        }];
    }
    component.releases = vec![migration(pod)];
    component
}

pub(crate) fn deployment(replicas: u32) -> Controller {
    let strategy =
        RolloutStrategy::Rolling { surge: NumberOrPercent::Percent(25), unavailable: NumberOrPercent::Number(0) };
    Controller::Deployment { replicas, rollout: Rollout { strategy, deadline: 600, history: 3 } }
}

pub(crate) fn scale(min: u32, max: u32) -> Scale {
    Scale { min, max, metrics: Vec::new(), up: None, down: None, scaler: Scaler::Hpa }
}

fn migration(mut pod: Pod) -> Release {
    pod.main.command = vec!["alembic".into(), "upgrade".into(), "head".into()];
    pod.main.ports = Vec::new();
    pod.main.probes = Probes::default();
    pod.main.pre_stop = None;
    let job = Job {
        naming: Naming::Content,
        timeout: Some(600),
        retries: 3,
        restart: Restart::Never,
        parallelism: None,
        completions: None,
        indexed: false,
        failure: Vec::new(),
        queue: None,
    };
    Release { name: "api-migrate".into(), job, pod, files: Vec::new() }
}

fn api_container() -> Container {
    let mut main = container("api", "registry.example.com/api:v2.8.0");
    main.ports = vec![port("http", 80, 8000), Port { protocol: Protocol::Udp, ..port("stats", 8125, 8125) }];
    let variable = |name: &str, value| EnvVar { name: name.into(), value };
    main.env = vec![
        variable("LOG_LEVEL", EnvValue::Text("info".into())),
        variable("PAYMENT_KEY", EnvValue::Secret { name: "payments".into(), key: "api-key".into() }),
        variable("MAX_USERS", EnvValue::Config { name: "limits-1a2b3c4d5e".into(), key: "MAX_USERS".into() }),
        variable("POD_NAME", EnvValue::Field("metadata.name".into())),
        variable("MEMORY", EnvValue::Resource("limits.memory".into())),
    ];
    main.env_from = vec![EnvFrom { source: EnvFromSource::Secret("payments".into()), prefix: Some("PAY_".into()) }];
    let mount =
        |volume: &str, path: &str| Mount { volume: volume.into(), path: path.into(), sub_path: None, read_only: false };
    main.mounts = vec![
        mount("data", "/data"),
        mount("tmp", "/tmp"),
        mount("media", "/media"),
        Mount { sub_path: Some("app.toml".into()), read_only: true, ..mount("files", "/etc/api/app.toml") },
    ];
    let probe = |check| Probe { check, delay: 0, period: 10, timeout: 1, failures: 3, successes: 1 };
    let http = |path: &str, scheme| ProbeCheck::Http {
        path: path.into(),
        port: PortRef::Name("http".into()),
        scheme,
        headers: vec![("Host".into(), "localhost".into())],
    };
    main.probes = Probes {
        startup: Some(Probe { failures: 120, ..probe(ProbeCheck::Grpc { port: 8000, service: None }) }),
        ready: Some(Probe { successes: 2, ..probe(http("/ready", Scheme::Http)) }),
        live: Some(Probe { delay: 5, ..probe(http("/healthz", Scheme::Https)) }),
    };
    main.pre_stop = Some(PreStop::Sleep(5));
    main
}

fn api_volumes() -> Vec<Volume> {
    let volume = |name: &str, source| Volume { name: name.into(), source };
    let item = |key: &str| Item { key: key.into(), path: key.into(), mode: Some(0o400) };
    vec![
        volume("data", VolumeSource::Own(claim())),
        volume("media", VolumeSource::Claim { name: "media".into(), read_only: true }),
        volume("tmp", VolumeSource::Scratch { limit: None }),
        volume("shm", VolumeSource::Memory { limit: quantity("2048Mi") }),
        volume("files", VolumeSource::Config { name: "api-files-0a1b2c3d4e".into(), items: Vec::new() }),
        volume("keys", VolumeSource::Secret { name: "payments".into(), items: vec![item("api-key")] }),
    ]
}

fn claim() -> Claim {
    Claim { size: quantity("10Gi"), class: Some("gp3".into()), access: Access::Rwo }
}

fn role(name: &str, cluster: bool) -> Role {
    let rule = RoleRule {
        api_groups: vec!["coordination.k8s.io".into()],
        resources: vec!["leases".into()],
        resource_names: Vec::new(),
        verbs: vec!["get".into(), "update".into()],
    };
    Role { name: name.into(), cluster, rules: vec![rule] }
}

fn cache() -> Component {
    let mut main = container("cache", "valkey/valkey:9.1.1");
    main.ports = vec![port("redis", 6379, 6379)];
    main.probes.ready = Some(Probe {
        check: ProbeCheck::Exec(vec!["valkey-cli".into(), "ping".into()]),
        delay: 0,
        period: 10,
        timeout: 3,
        failures: 3,
        successes: 1,
    });
    main.mounts = vec![Mount { volume: "data".into(), path: "/data".into(), sub_path: None, read_only: false }];
    let mut pod = pod("cache", main);
    pod.volumes = vec![Volume { name: "data".into(), source: VolumeSource::Own(claim()) }];
    let controller = Controller::StatefulSet { replicas: 3, headless: "cache-headless".into() };
    let mut component = component("cache", Kind::Redis, controller, pod);
    component.service = Some(Service { companion: true, ..service() });
    component.disruption = Some(Disruption::MinAvailable(NumberOrPercent::Percent(50)));
    component
}

fn nightly() -> Component {
    let controller = Controller::CronJob {
        job: Job {
            naming: Naming::Fixed,
            timeout: Some(7200),
            retries: 2,
            restart: Restart::OnFailure,
            parallelism: Some(4),
            completions: Some(4),
            indexed: true,
            failure: Vec::new(),
            queue: None,
        },
        suspended: false,
        schedule: "0 2 * * *".into(),
        timezone: Some("Europe/Madrid".into()),
        concurrency: Concurrency::Forbid,
        keep: 3,
    };
    component("nightly", Kind::Job, controller, pod("nightly", container("nightly", "registry.example.com/train:v1")))
}

fn seed() -> Component {
    let job = Job {
        naming: Naming::Content,
        timeout: None,
        retries: 6,
        restart: Restart::Never,
        parallelism: None,
        completions: None,
        indexed: false,
        failure: Vec::new(),
        queue: None,
    };
    component("seed", Kind::Job, Controller::Job(job), pod("seed", container("seed", "registry.example.com/seed:v1")))
}

fn database() -> Component {
    let mut component = cache();
    component.key = "db".into();
    component.name = "db".into();
    component.kind = Kind::Postgres;
    component.service = Some(service());
    component.body = Body::Cluster(DatabaseCluster {
        image: Image::parse("ghcr.io/cloudnative-pg/postgresql:17.6").unwrap(),
        instances: 3,
        database: "shop".into(),
        owner: "shop".into(),
        auth: None,
        superuser: None,
        storage: claim(),
        wal: None,
        extensions: Vec::new(),
        parameters: Strings::new(),
        synchronous: None,
        resources: Resources::default(),
        placement: Placement::default(),
        backup: None,
        pooler: None,
        ports: vec![port("postgres", 5432, 5432)],
        identity_annotations: Strings::new(),
    });
    component
}
