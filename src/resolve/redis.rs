//! A cache, a queue or state on Valkey or Redis: image, arguments, probes, memory.
//!
//! What is brought, each part under what the author wrote:
//!
//! | part | value |
//! |---|---|
//! | image | `valkey/valkey` or `redis`, pinned; `version` gives the tag |
//! | port | `redis: 6379` |
//! | arguments | `--maxmemory`, `--maxmemory-policy`, `--save`, `--appendonly`, with `auth` `--requirepass $(REDIS_PASSWORD)` |
//! | as `queue` or `state` | `noeviction`, `--appendonly yes --appendfsync everysec`, a StatefulSet with a claim on `/data` |
//! | `replicas` | the first pod takes the writes, and clients; the others follow it by `--replicaof` |
//! | environment | with `auth`: `REDIS_PASSWORD` for the server, `REDISCLI_AUTH` for the probes |
//! | memory | request and limit 1.5 × `memory`, since `maxmemory` counts neither buffers nor fragmentation |
//! | CPU | request 100m |
//! | probes | `ping` by the image's own client |
//! | volumes, as a cache | scratch space on `/data`, the working directory, which the entry point wants writable |
//! | user | 999, the user of the images |
//! | rollout, as a cache | recreate: under one name there is one cache, or a deleted key would come back from the other |

use super::Completion;
use super::arguments;
use super::brought::{self, Probes, env_secret, exec, failures, host, mount, scratch, within};
use crate::diagnostic::{Severity, code};
use crate::document::{Finding, at};
use crate::model::{Output, Quantity};
use crate::spec::{
    Component, Duration, EnvValue, EvictionPolicy, ImageText, Kind, Literal, RedisEngine, RedisMode, Rollout, Strategy,
    Switch, Text, Volume,
};
use std::collections::BTreeMap;

const PORT: u16 = 6379;
/// The user of the images of both engines.
const USER: i64 = 999;
/// The variable that the server reads its password from, in its arguments.
const PASSWORD: &str = "REDIS_PASSWORD";
/// The variable from which the clients of both engines take theirs.
const CLIENT_PASSWORD: &str = "REDISCLI_AUTH";

/// What differs between the engines.
struct Server {
    repository: &'static str,
    tag: &'static str,
    client: &'static str,
}

impl Server {
    fn of(engine: RedisEngine) -> Self {
        match engine {
            RedisEngine::Valkey => Self { repository: "valkey/valkey", tag: "9.1.1-alpine", client: "valkey-cli" },
            RedisEngine::Redis => Self { repository: "redis", tag: "8.6.2-alpine", client: "redis-cli" },
        }
    }

    /// A plain version is that of the small image; a tag with a suffix is taken as it is.
    fn image(&self, version: Option<&str>) -> ImageText {
        let tag = match version {
            None => self.tag.into(),
            Some(version) if version.contains('-') => version.to_owned(),
            Some(version) => format!("{version}-alpine"),
        };
        ImageText(format!("{}:{tag}", self.repository))
    }
}

/// What differs between the modes.
struct Keeping {
    policy: EvictionPolicy,
    arguments: &'static [&'static str],
}

impl Keeping {
    fn of(mode: RedisMode) -> Self {
        match mode {
            RedisMode::Cache => {
                Self { policy: EvictionPolicy::AllkeysLru, arguments: &["--save", "", "--appendonly", "no"] }
            }
            RedisMode::Queue | RedisMode::State => Self {
                policy: EvictionPolicy::Noeviction,
                arguments: &["--save", "", "--appendonly", "yes", "--appendfsync", "everysec"],
            },
        }
    }
}

/// True where the data are kept on a disk.
pub(super) fn keeps(component: &Component) -> bool {
    matches!(component.mode, Some(RedisMode::Queue | RedisMode::State))
}

/// True where pods follow a first one.
pub(super) fn is_replicated(component: &Component) -> bool {
    component.kind == Kind::Redis && keeps(component) && component.replicas.is_some_and(|replicas| replicas.0 > 1)
}

/// A component with what its engine and mode bring.
pub(super) fn complete(key: &str, mut component: Component, cx: &mut Completion<'_, '_>) -> Component {
    let password = password(&component);
    let password = match password {
        Some((secret, field)) if component.is_enabled() => {
            let path = at!["components", key, "auth"];
            cx.declares(&secret, &[&field], code::UNKNOWN_SECRET, path).then_some((secret, field))
        }
        other => other,
    };
    if component.is_enabled() {
        report(key, &component, cx);
    }
    let server = Server::of(component.engine.unwrap_or(RedisEngine::Valkey));
    let version = component.version.as_ref().map(|version| version.0.as_str());
    component.image.get_or_insert(server.image(version));
    component.bring_port("redis", PORT);
    let generated = generated(&component, password.is_some());
    component.args = Some(arguments::laid_over(generated, component.args.as_ref(), arguments::redis));
    if let Some((secret, field)) = &password {
        component.bring_env(PASSWORD, env_secret(secret, field));
        component.bring_env(CLIENT_PASSWORD, env_secret(secret, field));
    }
    if let Some(memory) = component.memory {
        component.bring_request("memory", memory.scaled(3, 2));
    }
    component.bring_request("cpu", Quantity::from_milli(100));
    component.bring_health(&probes(server.client, keeps(&component)));
    match component.storage.clone().filter(|_| keeps(&component)) {
        Some(storage) => {
            component.bring_volume("data", Volume { size: Some(storage.size), class: storage.class, ..mount("/data") })
        }
        None => component.bring_volume("data", scratch("/data")),
    };
    if is_replicated(&component) {
        follow(key, &mut component);
    }
    component.bring_user(USER);
    component.bring_shutdown(Duration(30), None);
    if !keeps(&component) {
        component.replicas = None;
    }
    component.rollout.get_or_insert(Rollout { strategy: Some(Strategy::Recreate), ..Rollout::default() });
    component.metrics = component.metrics.take().map(|_| Switch::Off);
    component
}

/// Every pod but the first follows it. The number of a pod is a label that its controller sets.
fn follow(key: &str, component: &mut Component) {
    let port = component.listens_on("redis").unwrap_or(i64::from(PORT));
    let host = host(key, component);
    let script = format!(
        "[ \"$POD_INDEX\" = 0 ] || set -- \"$@\" --replicaof {host}-0.{host}-headless {port}\nexec docker-entrypoint.sh \"$@\""
    );
    component.command = Some(["sh", "-c", &script, "redis"].map(|word| Literal(word.into())).into());
    let label = Text("metadata.labels['apps.kubernetes.io/pod-index']".into());
    component.bring_env("POD_INDEX", EnvValue { field: Some(label), ..EnvValue::default() });
}

/// The secret and key with the password: `secret/key`; without a key it is `password`.
fn password(component: &Component) -> Option<(String, String)> {
    let auth = component.auth.as_ref()?.on()?;
    let (secret, key) = match auth.secret.split_once('/') {
        Some((secret, key)) => (secret, key),
        None => (&*auth.secret, brought::text(auth.password.as_ref()).unwrap_or("password")),
    };
    Some((secret.to_owned(), key.to_owned()))
}

fn report(key: &str, component: &Component, cx: &mut Completion<'_, '_>) {
    if component.mode.is_none() {
        cx.missing(key, "mode", "mode: cache");
    }
    if component.memory.is_none() {
        cx.missing(key, "memory", "memory: 1Gi");
    }
    report_storage(key, component, cx);
    if component.auth.as_ref().and_then(Switch::on).is_some_and(|auth| auth.username.is_some()) {
        cx.findings.push(
            Finding::error(
                code::FIELD_NOT_HONOURED,
                at!["components", key, "auth", "username"],
                "a redis has no user's name here",
            )
            .label("cannot be honoured")
            .reason("`auth` sets the password of the default user by `--requirepass`")
            .help("take `username` away; users of their own are made with `args`"),
        );
    }
    if component.metrics.as_ref().is_some_and(|metrics| !metrics.is_off()) {
        cx.findings.push(
            Finding::warning(
                code::FIELD_NOT_HONOURED,
                at!["components", key, "metrics"],
                format!("`{key}` has no metrics that Prometheus can read"),
            )
            .label("left out")
            .on_key()
            .reason("the server speaks its own protocol, and takes a scrape for an attack")
            .help("write `metrics: false` here, or in `defaults.redis`"),
        );
    }
}

/// A disk where data are kept, and none where they are not.
fn report_storage(key: &str, component: &Component, cx: &mut Completion<'_, '_>) {
    if keeps(component) {
        if component.storage.is_none() {
            cx.missing(key, "storage", "storage: {size: 4Gi}");
        }
        return;
    }
    let several = component.replicas.is_some_and(|replicas| replicas.0 != 1);
    // Replicas may come from what is written for all components.
    let fields = [("storage", Severity::Error, component.storage.is_some()), ("replicas", Severity::Warning, several)];
    for (field, severity, written) in fields {
        if written {
            cx.findings.push(
                Finding::new(
                    severity,
                    code::FIELD_NOT_HONOURED,
                    at!["components", key, field],
                    format!("a redis as a cache has no `{field}`"),
                )
                .label("cannot be honoured")
                .on_key()
                .reason("a cache is one pod that forgets: under one name there is one set of keys")
                .help(format!("take `{field}` away, or write `mode: state`")),
            );
        }
    }
}

fn generated(component: &Component, protected: bool) -> Vec<String> {
    let keeping = Keeping::of(component.mode.unwrap_or(RedisMode::Cache));
    let policy = component.policy.unwrap_or(keeping.policy);
    let mut words: Vec<String> = Vec::new();
    if let Some(memory) = component.memory {
        words.extend(["--maxmemory".into(), size(memory)]);
    }
    words.extend(["--maxmemory-policy".into(), policy.text().into()]);
    words.extend(keeping.arguments.iter().map(ToString::to_string));
    if protected {
        words.extend(["--requirepass".into(), format!("$({PASSWORD})")]);
        if is_replicated(component) {
            words.extend(["--masterauth".into(), format!("$({PASSWORD})")]);
        }
    }
    words
}

/// In the server's own units, which are powers of 1024, the largest that leaves a whole number.
fn size(memory: Quantity) -> String {
    let bytes = memory.units();
    let units = [(1 << 30, "gb"), (1 << 20, "mb"), (1 << 10, "kb")];
    let fitting = units.into_iter().find(|(unit, _)| bytes > 0 && bytes % unit == 0);
    fitting.map_or_else(|| bytes.to_string(), |(unit, suffix)| format!("{}{suffix}", bytes / unit))
}

/// A busy server answers late: seconds of patience, and a loose liveness, since a restart empties a cache.
/// What reads its data from disk answers that it is loading, which the client takes for an answer: it
/// is up when it says `PONG`, and alive when it says anything.
fn probes(client: &str, keeps: bool) -> Probes {
    if keeps {
        let pong = format!("{client} ping | grep -q PONG");
        return Probes {
            startup: within(600, exec(&["sh", "-c", &pong], 5, 5)),
            ready: failures(3, exec(&["sh", "-c", &pong], 10, 5)),
            live: failures(6, exec(&[client, "ping"], 20, 10)),
        };
    }
    Probes {
        startup: within(60, exec(&[client, "ping"], 5, 5)),
        ready: failures(3, exec(&[client, "ping"], 10, 5)),
        live: failures(6, exec(&[client, "ping"], 20, 10)),
    }
}

/// `host port password url`, under the published names of helper variables.
pub(super) fn outputs(key: &str, component: &Component) -> BTreeMap<String, Output> {
    let host = host(key, component);
    let port =
        component.ports.as_ref().and_then(|ports| ports.get("redis")).map_or(i64::from(PORT), |port| port.port.0);
    let mut outputs = BTreeMap::from([
        ("host".to_owned(), Output::Plain(host.to_owned())),
        ("port".to_owned(), Output::Plain(port.to_string())),
    ]);
    let url = match password(component) {
        None => Output::Plain(format!("redis://{host}:{port}")),
        Some((secret, field)) => {
            outputs.insert("password".into(), Output::Secret { name: secret.clone(), key: field.clone() });
            let variable = brought::variable(key, "PASSWORD");
            let text = format!("redis://:$({variable})@{host}:{port}");
            Output::Composed { text, needs: vec![(variable, secret, field)] }
        }
    };
    outputs.insert("redis.url".into(), url.clone());
    outputs.insert("url".into(), url);
    outputs
}

#[cfg(test)]
mod tests {
    use super::super::sample::sample;
    use super::*;
    use crate::model::{Controller, EnvValue, ProbeCheck, RolloutStrategy, VolumeSource};

    fn cache(rest: &str) -> String {
        format!(
            "components:\n  cache: {{kind: redis, mode: cache, memory: 2Gi{rest}}}\nsecrets:\n  login: {{keys: [password]}}\n"
        )
    }

    #[test]
    fn a_cache_is_a_deployment_that_forgets() {
        let sample = sample(&cache(""), "").clean();
        let workload = sample.workload("cache");
        let main = &workload.pod.main;
        assert_eq!(main.image.to_string(), "valkey/valkey:9.1.1-alpine");
        assert_eq!(
            main.args,
            ["--maxmemory", "2gb", "--maxmemory-policy", "allkeys-lru", "--save", "", "--appendonly", "no"]
        );
        assert!(main.command.is_empty() && main.env.is_empty());
        assert_eq!((main.ports[0].name.as_str(), main.ports[0].port), ("redis", 6379));
        let memory = Quantity::parse("3Gi").unwrap();
        assert_eq!((main.resources.requests["memory"], main.resources.limits["memory"]), (memory, memory));
        assert_eq!(main.resources.requests["cpu"].to_string(), "100m");
        assert_eq!((main.security.run_as_user, workload.pod.fs_group), (Some(999), Some(999)));
        assert!(main.mounts.iter().any(|mount| mount.path == "/data" && !mount.read_only));
        assert!(workload.pod.volumes.iter().all(|volume| matches!(volume.source, VolumeSource::Scratch { .. })));
        let live = main.probes.live.as_ref().unwrap();
        assert_eq!(live.check, ProbeCheck::Exec(vec!["valkey-cli".into(), "ping".into()]));
        assert!(live.timeout > 1 && live.budget() >= 60);
        let Controller::Deployment { replicas, rollout } = &workload.controller else {
            panic!("{:?}", workload.controller)
        };
        assert_eq!((*replicas, &rollout.strategy), (1, &RolloutStrategy::Recreate));
        let url = &sample.component("cache").outputs["url"];
        assert_eq!(*url, Output::Plain("redis://cache:6379".into()));
    }

    #[test]
    fn a_queue_keeps_everything_on_its_disk() {
        let queue = "components:\n  jobs: {kind: redis, mode: queue, memory: 1Gi, storage: {size: 4Gi, class: fast}}\n";
        let sample = sample(queue, "").clean();
        let workload = sample.workload("jobs");
        let main = &workload.pod.main;
        let kept =
            ["--maxmemory-policy", "noeviction", "--save", "", "--appendonly", "yes", "--appendfsync", "everysec"];
        assert_eq!(main.args[2..], kept);
        assert!(main.command.is_empty());
        assert_eq!(workload.controller, Controller::StatefulSet { replicas: 1, headless: "jobs-headless".into() });
        let data = workload.pod.volumes.iter().find(|volume| volume.name == "data").unwrap();
        let VolumeSource::Own(claim) = &data.source else { panic!("{data:?}") };
        assert_eq!((claim.size.to_string().as_str(), claim.class.as_deref()), ("4Gi", Some("io2")));
        let service = sample.component("jobs").service.as_ref().unwrap();
        assert!(service.companion && !service.primary);
    }

    #[test]
    fn replicas_follow_the_first_pod() {
        let state = "components:\n  state: {kind: redis, mode: state, memory: 1Gi, storage: {size: 4Gi}, replicas: 3, auth: login}\n\
                     secrets:\n  login: {keys: [password]}\n";
        let sample = sample(state, "").clean();
        let main = &sample.workload("state").pod.main;
        assert!(main.command[2].contains("--replicaof state-0.state-headless 6379"), "{:?}", main.command);
        assert_eq!(main.args[main.args.len() - 2..], ["--masterauth", "$(REDIS_PASSWORD)"]);
        assert!(main.env.iter().any(|variable| variable.name == "POD_INDEX"));
        assert!(sample.component("state").service.as_ref().unwrap().primary);
    }

    #[test]
    fn a_cache_has_no_disk_and_a_queue_needs_one() {
        let rest = "components:\n  jobs: {kind: redis, mode: queue, memory: 1Gi}\n  \
                    cache: {kind: redis, mode: cache, memory: 1Gi, storage: {size: 4Gi}, replicas: 2}\n";
        let found = sample(rest, "");
        assert_eq!(found.at(code::MISSING_FIELD), ["components.jobs"]);
        assert_eq!(found.at(code::FIELD_NOT_HONOURED), ["components.cache.storage", "components.cache.replicas"]);
    }

    #[test]
    fn a_password_stays_in_its_secret() {
        let sample = sample(&cache(", auth: login/password"), "").clean();
        let main = &sample.workload("cache").pod.main;
        assert_eq!(main.args[main.args.len() - 2..], ["--requirepass", "$(REDIS_PASSWORD)"]);
        let secret = EnvValue::Secret { name: "login".into(), key: "password".into() };
        for name in ["REDIS_PASSWORD", "REDISCLI_AUTH"] {
            assert!(main.env.iter().any(|variable| variable.name == name && variable.value == secret), "{name}");
        }
        let outputs = &sample.component("cache").outputs;
        let needs = vec![("CACHE_PASSWORD".to_owned(), "login".to_owned(), "password".to_owned())];
        let url = Output::Composed { text: "redis://:$(CACHE_PASSWORD)@cache:6379".into(), needs };
        assert_eq!((&outputs["url"], &outputs["redis.url"]), (&url, &url));
        assert_eq!(outputs["password"], Output::Secret { name: "login".into(), key: "password".into() });
    }

    #[test]
    fn what_the_author_writes_stays() {
        let rest = ", engine: redis, version: \"8.2\", policy: volatile-ttl, args: [--save, \"60\", \"1\"], health: {period: 30s, live: false}, \
                    resources: {requests: {memory: 4Gi}, limits: {cpu: \"1\"}}, security: {runAsUser: 1000}";
        let sample = sample(&cache(rest), "").clean();
        let main = &sample.workload("cache").pod.main;
        assert_eq!(main.image.to_string(), "redis:8.2-alpine");
        assert_eq!(
            main.args,
            ["--maxmemory", "2gb", "--maxmemory-policy", "volatile-ttl", "--appendonly", "no", "--save", "60", "1"]
        );
        assert_eq!(main.resources.requests["memory"].to_string(), "4Gi");
        assert_eq!(main.resources.requests["cpu"].to_string(), "1");
        assert_eq!((main.security.run_as_user, main.security.run_as_group), (Some(1000), Some(1000)));
        assert!(main.probes.live.is_none());
        assert_eq!(main.probes.ready.as_ref().map(|probe| (probe.period, probe.timeout)), Some((30, 5)));
        let own_image = ", image: \"example.com/valkey:1\"";
        let image = sample_image(own_image);
        assert_eq!(image, "example.com/valkey:1");
    }

    fn sample_image(rest: &str) -> String {
        sample(&cache(rest), "").workload("cache").pod.main.image.to_string()
    }

    #[test]
    fn what_is_missing_or_undeclared_is_said_once() {
        let found = sample("components:\n  cache: {kind: redis, auth: nowhere/key, metrics: {}}\n", "");
        assert_eq!(found.at(code::MISSING_FIELD), ["components.cache", "components.cache"]);
        assert_eq!(found.at(code::UNKNOWN_SECRET), ["components.cache.auth"]);
        assert_eq!(found.at(code::FIELD_NOT_HONOURED), ["components.cache.metrics"]);
        let off = sample("components:\n  cache: {kind: redis, enabled: false}\n", "");
        assert!(off.found.is_empty(), "{:#?}", off.found);
    }

    #[test]
    fn memory_is_written_in_the_servers_units() {
        for (written, shown) in
            [("2Gi", "2gb"), ("1536Mi", "1536mb"), ("1Ki", "1kb"), ("100M", "100000000"), ("1001", "1001")]
        {
            let quantity = Quantity::parse(written).unwrap();
            assert_eq!(size(quantity), shown, "{written}");
        }
    }
}
