use crate::diagnostic::code;
use crate::model::{Body, Controller, DatabaseCluster, EnvValue, Login, Output, PreStop, ProbeCheck, VolumeSource};
use crate::resolve::sample::{Sample, sample};

const OPERATOR: &str = "cloudnative-pg, barman-cloud";
const SECRETS: &str =
    "secrets:\n  db-auth: {keys: [username, password]}\n  s3: {keys: [access-key-id, secret-access-key]}\n";

fn database(rest: &str, features: &str) -> Sample {
    let base = "kind: postgres, version: \"17\", database: ai_train, storage: {size: 20Gi}";
    sample(&format!("components:\n  db: {{{base}{rest}}}\n{SECRETS}"), features)
}

fn cluster(sample: &Sample) -> &DatabaseCluster {
    let Body::Cluster(cluster) = &sample.component("db").body else { panic!("no cluster") };
    cluster
}

#[test]
fn without_the_operator_it_is_one_instance_in_a_stateful_set() {
    let sample = database(", owner: ai, parameters: {max_connections: 200}", "").clean();
    let workload = sample.workload("db");
    assert_eq!(workload.controller, Controller::StatefulSet { replicas: 1, headless: "db-headless".into() });
    let (pod, main) = (&workload.pod, &workload.pod.main);
    assert_eq!(main.image.to_string(), "postgres:17.11-trixie");
    assert_eq!(main.args, ["-c", "max_connections=200"]);
    let env =
        |name: &str| main.env.iter().find(|variable| variable.name == name).map(|variable| variable.value.clone());
    assert_eq!(env("POSTGRES_DB"), Some(EnvValue::Text("ai_train".into())));
    assert_eq!(env("POSTGRES_USER"), Some(EnvValue::Secret { name: "db-auth".into(), key: "username".into() }));
    assert_eq!(env("POSTGRES_PASSWORD"), Some(EnvValue::Secret { name: "db-auth".into(), key: "password".into() }));
    assert_eq!(env("PGDATA"), Some(EnvValue::Text("/var/lib/postgresql/data/pgdata".into())));
    let source = |path: &str| {
        let mount = main.mounts.iter().find(|mount| mount.path == path).unwrap_or_else(|| panic!("{path}"));
        pod.volumes.iter().find(|volume| volume.name == mount.volume).map(|volume| volume.source.clone()).unwrap()
    };
    let VolumeSource::Own(claim) = source("/var/lib/postgresql/data") else { panic!("no claim") };
    assert_eq!((claim.size.to_string().as_str(), claim.class.as_deref()), ("20Gi", Some("gp3")));
    for path in ["/tmp", "/var/run/postgresql"] {
        assert!(matches!(source(path), VolumeSource::Scratch { .. }), "{path}");
    }
    let VolumeSource::Memory { limit } = source("/dev/shm") else { panic!("no shared memory") };
    assert_eq!(limit.to_string(), "128Mi");
    assert_eq!((main.security.run_as_user, pod.fs_group, pod.grace), (Some(999), Some(999), 120));
    assert_eq!(main.pre_stop, None::<PreStop>);
    let ready = main.probes.ready.as_ref().map(|probe| probe.check.clone());
    let ask = ["pg_isready", "-h", "127.0.0.1", "-U", "ai", "-d", "ai_train"].map(String::from);
    assert_eq!(ready, Some(ProbeCheck::Exec(ask.into())));
    assert!(main.resources.requests.contains_key("cpu") && main.resources.requests.contains_key("memory"));
}

#[test]
fn the_place_of_the_data_follows_the_version_and_the_user_the_image() {
    let newer = sample(
        &format!("components:\n  db: {{kind: postgres, version: \"18.1-alpine\", database: a, storage: {{size: 1Gi}}}}\n{SECRETS}"),
        "",
    )
    .clean();
    let main = &newer.workload("db").pod.main;
    assert_eq!(main.image.to_string(), "postgres:18.1-alpine");
    assert!(main.mounts.iter().any(|mount| mount.path == "/var/lib/postgresql" && mount.volume == "data"));
    assert!(main.env.iter().any(|variable| variable.value == EnvValue::Text("/var/lib/postgresql/18/docker".into())));
    assert_eq!(main.security.run_as_user, Some(70));
}

#[test]
fn extensions_are_created_once_in_a_new_database() {
    let sample = database(", extensions: [pg_trgm, uuid-ossp]", "").clean();
    let workload = sample.workload("db");
    let script = workload.files[0].data["10-extensions.sql"].as_str();
    assert_eq!(
        script,
        "CREATE EXTENSION IF NOT EXISTS \"pg_trgm\" CASCADE;\nCREATE EXTENSION IF NOT EXISTS \"uuid-ossp\" CASCADE;\n"
    );
    let mounts = &workload.pod.main.mounts;
    assert!(mounts.iter().any(|mount| mount.path == "/docker-entrypoint-initdb.d/10-extensions.sql"));
    assert_eq!(database(", extensions: [vector]", "").at(code::EXTENSION_MISSING), ["components.db.extensions.0"]);
    database(", extensions: [vector]", OPERATOR).clean();
    let wrong = database(", extensions: [pgvector]", OPERATOR);
    assert_eq!(wrong.found[0].suggestion.as_ref().map(|instead| instead.replacement.as_str()), Some("vector"));
    database(", image: \"pgvector/pgvector:pg17\", extensions: [vector]", "").clean();
}

#[test]
fn what_the_author_writes_stays() {
    let rest = ", args: [\"--max-connections=5\", -N, \"9\"], parameters: {max_connections: 200, work_mem: 8MB}, env: {PGDATA: /pg/data}, \
                volumes: {disk: {mount: /var/lib/postgresql/data, claim: old}}, shutdown: {grace: 10m}, \
                health: {tcp: true, startup: false}";
    let sample = database(rest, "").clean();
    let pod = &sample.workload("db").pod;
    assert_eq!(pod.main.args, ["-c", "work_mem=8MB", "--max-connections=5", "-N", "9"]);
    assert!(pod.main.env.iter().any(|variable| variable.value == EnvValue::Text("/pg/data".into())));
    assert!(!pod.volumes.iter().any(|volume| volume.name == "data"));
    assert_eq!(pod.grace, 600);
    assert!(pod.main.probes.startup.is_none());
    assert!(matches!(pod.main.probes.live.as_ref().unwrap().check, ProbeCheck::Tcp(_)));
}

#[test]
fn what_only_the_operator_can_do_says_so() {
    let rest = ", instances: 3, pooler: {}, synchronous: 1, wal: {size: 1Gi}, superuser: db-auth, \
                backup: {to: \"s3://b/x\", schedule: \"0 2 * * *\", keep: 30d}";
    let found = database(rest, "");
    let needing: Vec<String> =
        ["instances", "pooler", "synchronous", "wal", "superuser"].map(|field| format!("components.db.{field}")).into();
    assert_eq!(found.at(code::POSTGRES_INSTANCES), needing);
    assert_eq!(found.at(code::FEATURE_MISSING), ["components.db.backup"]);
    assert!(
        found.found.iter().all(|finding| finding.help.as_ref().is_some_and(|help| help.contains("target.features")))
    );
    let off = ", instances: 1, pooler: false, synchronous: 0, backup: false";
    database(off, "").clean();
}

#[test]
fn a_server_of_its_own_needs_a_declared_login() {
    let text = "components:\n  db: {kind: postgres, version: \"17\", database: a, storage: {size: 1Gi}}\n";
    let found = sample(text, "");
    assert_eq!(found.at(code::SECRET_NOT_DECLARED).len(), 1, "{:#?}", found.found);
    assert_eq!(found.found.len(), 1);
    assert!(found.found[0].help.as_ref().unwrap().contains("`db-auth: {keys: [username, password]}`"));
    sample(text, OPERATOR).clean();
}

#[test]
fn a_login_makes_the_urls_and_the_operator_has_them_ready() {
    let plain = database(", owner: ai", "").clean();
    let outputs = &plain.component("db").outputs;
    let text = |name: &str| match &outputs[name] {
        Output::Plain(text) => text.clone(),
        Output::Composed { text, needs } => {
            let needs: Vec<String> =
                needs.iter().map(|(variable, secret, key)| format!("{variable}={secret}/{key}")).collect();
            format!("{text} with {}", needs.join(" "))
        }
        Output::Secret { name, key } => format!("{name}/{key}"),
    };
    let shown = ["host", "readHost", "port", "database", "username", "password"].map(text);
    assert_eq!(shown, ["db", "db", "5432", "ai_train", "ai", "db-auth/password"]);
    let with = "DB_USERNAME=db-auth/username DB_PASSWORD=db-auth/password";
    assert_eq!(text("url"), format!("postgresql://$(DB_USERNAME):$(DB_PASSWORD)@db:5432/ai_train with {with}"));
    let jdbc = "jdbc:postgresql://db:5432/ai_train?user=$(DB_USERNAME)&password=$(DB_PASSWORD)";
    assert_eq!(text("jdbcUrl"), format!("{jdbc} with {with}"));

    let operated = database("", OPERATOR).clean();
    let outputs = &operated.component("db").outputs;
    assert_eq!(outputs["readHost"], Output::Plain("db-r".into()));
    for (name, key) in [("url", "uri"), ("jdbcUrl", "jdbc-uri"), ("password", "password")] {
        assert_eq!(outputs[name], Output::Secret { name: "db-app".into(), key: key.into() });
    }
    let own = database(", auth: db-auth", OPERATOR).clean();
    assert!(matches!(&own.component("db").outputs["url"], Output::Composed { .. }));
}

#[test]
fn the_operator_is_told_everything() {
    let rest = ", owner: ai, instances: 3, storage: {size: 100Gi, class: fast}, wal: {size: 10Gi}, auth: db-auth, superuser: db-auth, \
                parameters: {work_mem: 8MB}, synchronous: 1, pooler: {}, extensions: [vector], resources: {requests: {memory: 8Gi}}, \
                backup: {to: \"s3://backups/ai/\", schedule: \"0 2 * * *\", keep: 30d, credentials: s3}";
    let base = "kind: postgres, version: \"15\", database: ai_train";
    let sample = sample(&format!("components:\n  db: {{{base}{rest}}}\n{SECRETS}"), OPERATOR).clean();
    let cluster = cluster(&sample);
    assert_eq!(cluster.image.to_string(), "ghcr.io/cloudnative-pg/postgresql:15.19-standard-trixie");
    assert_eq!((cluster.instances, cluster.synchronous, cluster.owner.as_str()), (3, Some(1), "ai"));
    assert_eq!(
        (cluster.storage.class.as_deref(), cluster.wal.as_ref().unwrap().class.as_deref()),
        (Some("io2"), Some("gp3"))
    );
    let login = Login { secret: "db-auth".into(), username: "username".into(), password: "password".into() };
    assert_eq!((&cluster.auth, cluster.superuser.as_deref()), (&Some(login), Some("db-auth")));
    assert_eq!(
        cluster.ports.iter().map(|port| (port.name.as_str(), port.port)).collect::<Vec<_>>(),
        [("postgres", 5432)]
    );
    assert_eq!(
        (cluster.resources.limits["memory"].to_string(), cluster.resources.requests["cpu"].to_string()),
        ("8Gi".into(), "250m".into())
    );
    let backup = cluster.backup.as_ref().unwrap();
    assert_eq!((backup.destination.as_str(), backup.keep_days), ("s3://backups/ai/shop/prod", 30));
    assert_eq!(cluster.pooler.as_ref().map(|pooler| pooler.instances), Some(2));
}

#[test]
fn what_the_operator_cannot_honour_is_an_error() {
    let rest = ", env: {A: b}, args: [-N, \"5\"], volumes: {x: {mount: /x, scratch: true}}, health: false, shutdown: {grace: 5s}, \
                security: {runAsUser: 26}, disruption: {maxUnavailable: 1}, auth: {secret: db-auth, username: user}";
    let found = database(rest, OPERATOR);
    let mut paths = found.at(code::FIELD_NOT_HONOURED);
    paths.sort_unstable();
    let fields = ["args", "auth.username", "disruption", "env", "health", "security", "shutdown", "volumes"];
    assert_eq!(paths, fields.map(|field| format!("components.db.{field}")));
    let backup = ", backup: {to: \"backups/ai\", schedule: \"0 2 * * *\", keep: 36h, credentials: nowhere}";
    let found = database(backup, OPERATOR);
    assert_eq!(found.at(code::BACKUP_DESTINATION), ["components.db.backup.to"]);
    assert!(!found.at(code::UNKNOWN_SECRET).is_empty());
    let old =
        sample("components:\n  db: {kind: postgres, version: \"12\", database: a, storage: {size: 1Gi}}\n", OPERATOR);
    assert_eq!(old.at(code::OUT_OF_RANGE), ["components.db.version"]);
}

#[test]
fn nothing_is_asked_of_a_database_that_is_off() {
    let off = sample("components:\n  db: {kind: postgres, enabled: false, instances: 3}\n", "");
    assert!(off.found.is_empty(), "{:#?}", off.found);
}
