//! One instance in a StatefulSet, on a target without the operator.

use super::{extension, login, version};
use crate::diagnostic::code;
use crate::document::{Finding, at};
use crate::model::Quantity;
use crate::resolve::brought::{Probes, env_secret, env_text, exec, failures, mount, scratch, within};
use crate::resolve::{Completion, arguments};
use crate::spec::{Component, Duration, Switch, Volume};

/// The least of `/dev/shm`: what a container has of itself.
const LEAST_SHARED: i64 = 64 << 20;

/// What only the operator can do.
pub(super) fn report(key: &str, component: &Component, cx: &mut Completion<'_, '_>) {
    let needs = [
        ("instances", component.instances.is_some_and(|instances| instances.0 > 1), "several instances"),
        ("pooler", component.pooler.as_ref().and_then(Switch::on).is_some(), "a pooler"),
        ("synchronous", component.synchronous.is_some_and(|number| number.0 > 0), "synchronous standbys"),
        ("wal", component.wal.is_some(), "a volume for the write-ahead log"),
        ("superuser", component.superuser.is_some(), "a superuser beside the owner"),
    ];
    for (field, written, what) in needs {
        if written {
            cx.findings.push(needs_operator(key, field, what));
        }
    }
    if component.backup.as_ref().and_then(Switch::on).is_some() {
        cx.findings.push(backup_needs_operator(key));
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
            .reason("the server speaks its own protocol; under `cloudnative-pg` its instances have metrics")
            .help("write `metrics: false` here, or in `defaults.postgres`"),
        );
    }
}

fn needs_operator(key: &str, field: &str, what: &str) -> Finding {
    let help = match field {
        "instances" => {
            "add `cloudnative-pg` to `target.features`, or write `instances: 1` in this environment".to_owned()
        }
        "pooler" => {
            "add `cloudnative-pg` to `target.features`, or write `pooler: false` in this environment".to_owned()
        }
        _ => format!("add `cloudnative-pg` to `target.features`, or write `{field}: null` in this environment"),
    };
    Finding::error(
        code::POSTGRES_INSTANCES,
        at!["components", key, field],
        format!("`{key}` asks for {what}, which needs an operator"),
    )
    .label("one server in a StatefulSet has nobody to do this")
    .also(at!["environment", "target", "features"], "`cloudnative-pg` is not among the features")
    .reason("replication and fail-over are the work of a controller, and a StatefulSet is none")
    .help(help)
}

fn backup_needs_operator(key: &str) -> Finding {
    Finding::error(
        code::FEATURE_MISSING,
        at!["components", key, "backup"],
        format!("the backup of `{key}` needs `cloudnative-pg` and `barman-cloud`"),
    )
    .label("nobody would make it")
    .on_key()
    .also(at!["environment", "target", "features"], "neither is among the features")
    .help("add both to `target.features`, or write `backup: false` in this environment")
}

pub(super) fn complete(key: &str, mut component: Component, cx: &mut Completion<'_, '_>) -> Component {
    component.image = component.image.or_else(|| version::plain_image(component.version.as_ref()));
    let (place, folder) = version::data(component.version.as_ref());
    component.bring_env("PGDATA", env_text(folder));
    bring_login(key, &mut component, cx);
    bring_volumes(&mut component, place);
    if let Some(extensions) = component.extensions.as_ref().filter(|extensions| !extensions.is_empty()) {
        let script = extension::script(extensions);
        component.bring_file(extension::SCRIPT, script);
    }
    let parameters = component.parameters.iter().flatten();
    let generated = parameters.flat_map(|(name, value)| ["-c".to_owned(), format!("{name}={}", value.0)]).collect();
    component.args = Some(arguments::laid_over(generated, component.args.as_ref(), arguments::postgres));
    let (owner, database) = (login::owner(&component).unwrap_or("postgres"), component.database.as_ref());
    let probes = probes(owner, database.map_or(owner, |database| &**database));
    component.bring_health(&probes);
    component.bring_user(version::user(component.image.as_ref()));
    component.bring_shutdown(Duration(120), None);
    component.metrics = component.metrics.take().map(|_| Switch::Off);
    component
}

/// User and password come from the secret, which must agree with `owner`.
fn bring_login(key: &str, component: &mut Component, cx: &mut Completion<'_, '_>) {
    if let Some(database) = &component.database {
        let database = database.to_string();
        component.bring_env("POSTGRES_DB", env_text(database));
    }
    let login = login::needed(key, component);
    let keys = [login.username.as_str(), login.password.as_str()];
    let path = at!["components", key, "auth"];
    if component.is_enabled() && !cx.declares(&login.secret, &keys, code::SECRET_NOT_DECLARED, path) {
        return;
    }
    component.bring_env("POSTGRES_USER", env_secret(&login.secret, &login.username));
    component.bring_env("POSTGRES_PASSWORD", env_secret(&login.secret, &login.password));
}

fn bring_volumes(component: &mut Component, place: &str) {
    if let Some(storage) = &component.storage {
        let data = Volume { size: Some(storage.size), class: storage.class.clone(), ..mount(place) };
        component.bring_volume("data", data);
    }
    component.bring_volume("socket", scratch("/var/run/postgresql"));
    let shared = shared_memory(component);
    component.bring_volume("shared-memory", Volume { memory: Some(shared), ..mount("/dev/shm") });
}

/// Workers of a parallel query share memory there: a quarter of the container's, in whole MiB.
fn shared_memory(component: &Component) -> Quantity {
    let requests = component.resources.as_ref().and_then(|resources| resources.requests.as_ref());
    let memory = requests.and_then(|requests| requests.get("memory")).map_or(0, |memory| memory.units());
    let quarter = memory / 4 / (1 << 20) * (1 << 20);
    Quantity::from_bytes(quarter.max(LEAST_SHARED))
}

/// Recovery after a crash may take minutes, so the start has a budget of ten; liveness is loose, since a
/// restart under load makes it worse.
fn probes(owner: &str, database: &str) -> Probes {
    let ask = ["pg_isready", "-h", "127.0.0.1", "-U", owner, "-d", database];
    Probes {
        startup: within(600, exec(&ask, 5, 5)),
        ready: failures(3, exec(&ask, 10, 5)),
        live: failures(6, exec(&ask, 20, 10)),
    }
}
