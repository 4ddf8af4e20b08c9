//! What a kind or runtime brings goes under what the author wrote.
//!
//! Promises: a value of the author's own always stays, field by field; a name or path that is taken is
//! not taken twice; what the author switched off stays off.

use super::Completion;
use crate::diagnostic::{Code, code, listed, nearest};
use crate::document::{Finding, Path, at};
use crate::model::Quantity;
use crate::spec::{
    Component, Count, Duration, EnvValue, FileEntry, FileSource, Health, Int, Literal, MountPath, Named, Port,
    PortNumber, Probe, Resources, Scratch, SecretKey, Security, Shutdown, Switch, Text, User, Volume,
};

/// The probes that a kind brings.
#[derive(Clone, Debug, Default)]
pub(super) struct Probes {
    pub(super) startup: Probe,
    pub(super) ready: Probe,
    pub(super) live: Probe,
}

impl Component {
    /// A port, unless the author has one of that name or number. Gives the name under which it is there.
    pub(super) fn bring_port(&mut self, name: &str, number: u16) -> String {
        let number = PortNumber::from(number);
        let ports = self.ports.get_or_insert_default();
        let listens = |port: &Port| port.target.unwrap_or(port.port) == number;
        if let Some((taken, _)) = ports.iter().find(|(own, port)| *own == name || listens(port)) {
            return taken.clone();
        }
        ports.insert(
            name.into(),
            Port { port: number, target: None, node_port: None, protocol: None, app_protocol: None },
        );
        name.into()
    }

    /// The number on which the container listens for a port.
    pub(super) fn listens_on(&self, name: &str) -> Option<i64> {
        let port = self.ports.as_ref()?.get(name)?;
        Some(port.target.unwrap_or(port.port).0)
    }

    pub(super) fn bring_env(&mut self, name: &str, value: EnvValue) {
        self.env.get_or_insert_default().entry(name.into()).or_insert(value);
    }

    /// A volume, unless a writable one of the author's own is mounted there or above. Where its name is
    /// taken by another, it gets a number. True where it was brought.
    pub(super) fn bring_volume(&mut self, name: &str, volume: Volume) -> bool {
        let volumes = self.volumes.get_or_insert_default();
        if volumes.values().any(|own| covers(own, &volume.mount)) {
            return false;
        }
        let numbered = (2..).map(|number| format!("{name}-{number}"));
        let free = std::iter::once(name.to_owned()).chain(numbered).find(|name| !volumes.contains_key(name));
        free.map(|free| volumes.insert(free, volume)).is_some()
    }

    pub(super) fn bring_file(&mut self, path: &str, text: String) {
        let file = FileSource { text: Some(Literal(text)), ..FileSource::default() };
        self.files.get_or_insert_default().0.entry(path.into()).or_insert(FileEntry::File(file));
    }

    /// A request; where only a limit is written, that is the request too, as in Kubernetes.
    pub(super) fn bring_request(&mut self, resource: &str, amount: Quantity) {
        let Resources { requests, limits } = self.resources.get_or_insert_default();
        let limit = limits.as_ref().and_then(|limits| limits.get(resource)).and_then(Switch::on).copied();
        requests.get_or_insert_default().entry(resource.into()).or_insert(limit.unwrap_or(amount));
    }

    /// The user and group that the image is made for; an author's own user has its own group.
    pub(super) fn bring_user(&mut self, number: i64) {
        let security: &mut Security = self.security.get_or_insert_default();
        if security.run_as_user.is_some() {
            return;
        }
        security.run_as_user = Some(User::Number(number));
        security.run_as_group.get_or_insert(Int(number));
        security.fs_group.get_or_insert(Int(number));
    }

    /// Time to go down; the delay gives way to a command of the author's own.
    pub(super) fn bring_shutdown(&mut self, grace: Duration, delay: Option<Duration>) {
        let shutdown: &mut Shutdown = self.shutdown.get_or_insert_default();
        shutdown.grace.get_or_insert(grace);
        if shutdown.command.is_none() {
            shutdown.delay = shutdown.delay.or(delay);
        }
    }

    pub(super) fn bring_health(&mut self, probes: &Probes) {
        let Some(Switch::On(health)) = &mut self.health else {
            if self.health.is_none() {
                let on = |probe: &Probe| Some(Switch::On(probe.clone()));
                let (startup, ready, live) = (on(&probes.startup), on(&probes.ready), on(&probes.live));
                self.health = Some(Switch::On(Health { startup, ready, live, ..Health::default() }));
            }
            return;
        };
        let shared = shared(health);
        bring_probe(&mut health.startup, &shared, &probes.startup);
        bring_probe(&mut health.ready, &shared, &probes.ready);
        bring_probe(&mut health.live, &shared, &probes.live);
    }

    pub(super) fn is_enabled(&self) -> bool {
        self.enabled != Some(false)
    }
}

/// True where a volume of the author's own is what lies at a path. One that is only read may lie above it,
/// but not serve as it.
fn covers(own: &Volume, path: &str) -> bool {
    let mount = own.mount.trim_end_matches('/');
    let below = path.strip_prefix(mount).is_some_and(|rest| rest.starts_with('/'));
    mount == path || (below && own.read_only != Some(true))
}

/// Lays a probe under the author's. A form of the author's own, in the probe or beside the probes,
/// drops the form brought; so does a count.
fn bring_probe(own: &mut Option<Switch<Probe>>, shared: &Probe, brought: &Probe) {
    let Switch::On(own) = own.get_or_insert_with(|| Switch::On(Probe::default())) else { return };
    if !has_form(own) && !has_form(shared) {
        own.path.clone_from(&brought.path);
        own.tcp = brought.tcp;
        own.exec.clone_from(&brought.exec);
        own.grpc.clone_from(&brought.grpc);
        if own.port.is_none() && shared.port.is_none() {
            own.port.clone_from(&brought.port);
        }
    }
    if !has_count(own) && !has_count(shared) {
        own.failures = brought.failures;
        own.within = brought.within;
    }
    own.period = own.period.or(if shared.period.is_none() { brought.period } else { None });
    own.timeout = own.timeout.or(if shared.timeout.is_none() { brought.timeout } else { None });
}

fn has_form(probe: &Probe) -> bool {
    probe.path.is_some() || probe.tcp.is_some() || probe.exec.is_some() || probe.grpc.is_some()
}

fn has_count(probe: &Probe) -> bool {
    probe.failures.is_some() || probe.within.is_some()
}

/// What the author wrote beside the probes, as far as it decides what is brought.
fn shared(health: &Health) -> Probe {
    Probe {
        path: health.path.clone(),
        tcp: health.tcp,
        exec: health.exec.clone(),
        grpc: health.grpc.clone(),
        port: health.port.clone(),
        period: health.period,
        timeout: health.timeout,
        failures: health.failures,
        within: health.within,
        ..Probe::default()
    }
}

/// A probe that runs a program in the container.
pub(super) fn exec(command: &[&str], period: u64, timeout: u64) -> Probe {
    let command = command.iter().map(|word| Literal((*word).into())).collect();
    Probe { exec: Some(command), period: Some(Duration(period)), timeout: Some(Duration(timeout)), ..Probe::default() }
}

pub(super) fn failures(number: i64, probe: Probe) -> Probe {
    Probe { failures: Some(Int(number)), ..probe }
}

pub(super) fn within(seconds: u64, probe: Probe) -> Probe {
    Probe { within: Some(Duration(seconds)), ..probe }
}

/// A mount of nothing yet: a form is to be set.
pub(super) fn mount(path: &str) -> Volume {
    Volume {
        mount: MountPath(path.into()),
        read_only: None,
        sub_path: None,
        size: None,
        class: None,
        access: None,
        volume: None,
        claim: None,
        scratch: None,
        memory: None,
        config: None,
        secret: None,
        image: None,
        csi: None,
        nfs: None,
        host_path: None,
        because: None,
    }
}

/// Scratch space on the node.
pub(super) fn scratch(path: &str) -> Volume {
    Volume { scratch: Some(Scratch(None)), ..mount(path) }
}

pub(super) fn env_text(text: impl Into<String>) -> EnvValue {
    EnvValue { value: Some(Literal(text.into())), ..EnvValue::default() }
}

pub(super) fn env_secret(secret: &str, key: &str) -> EnvValue {
    EnvValue { secret: Some(SecretKey(format!("{secret}/{key}"))), ..EnvValue::default() }
}

impl Completion<'_, '_> {
    /// True where the system declares the secret with all these keys; otherwise a finding at `path`.
    pub(super) fn declares(&mut self, secret: &str, keys: &[&str], code: Code, path: Path) -> bool {
        let declared = self.system.secrets.as_ref().and_then(|secrets| secrets.get(secret));
        let Some(declared) = declared else {
            let finding = self.undeclared(secret, keys, code, path);
            self.findings.push(finding);
            return false;
        };
        let missing: Vec<&str> =
            keys.iter().copied().filter(|key| !declared.keys.iter().any(|known| &**known == *key)).collect();
        if missing.is_empty() {
            return true;
        }
        let all: Vec<&str> = declared.keys.iter().map(|key| &**key).chain(missing.iter().copied()).collect();
        self.findings.push(
            Finding::error(code, path, format!("the secret `{secret}` has no key {}", listed(missing.iter().copied())))
                .label(format!("needs {}", listed(keys.iter().copied())))
                .also(at!["secrets", secret, "keys"], "its keys")
                .help(format!("declare them: `secrets: {{{secret}: {{keys: [{}]}}}}`", all.join(", "))),
        );
        false
    }

    fn undeclared(&self, secret: &str, keys: &[&str], code: Code, path: Path) -> Finding {
        let known = self.system.secrets.iter().flatten().map(|(name, _)| name.as_str());
        let near = nearest(secret, known).map(|near| format!(", or name `{near}`")).unwrap_or_default();
        Finding::error(code, path, format!("the secret `{secret}` is not declared"))
            .label(format!("needs {} from it", listed(keys.iter().copied())))
            .reason("a secret is only a name here, and every name that is used is declared with its keys")
            .help(format!("add `{secret}: {{keys: [{}]}}` under `secrets:`{near}", keys.join(", ")))
    }

    /// A field that this kind cannot do without.
    pub(super) fn missing(&mut self, key: &str, field: &str, example: &str) {
        self.findings.push(
            Finding::error(code::MISSING_FIELD, at!["components", key], format!("`{field}` is missing in `{key}`"))
                .label(format!("`{field}` must be written here"))
                .on_key()
                .help(format!("write `{field}:`, such as `{example}`")),
        );
    }
}

/// `CACHE_PASSWORD` for the component `cache`: the published name of a helper variable.
pub(super) fn variable(key: &str, what: &str) -> String {
    format!("{}_{what}", key.to_uppercase().replace('-', "_"))
}

/// The name of a component's objects, and so its host.
pub(super) fn host<'a>(key: &'a str, component: &'a Component) -> &'a str {
    component.name.as_ref().map_or(key, |name| &**name)
}

/// Replaces what is not plain in a part of a URL.
pub(super) fn url_part(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// The text of an optional field.
pub(super) fn text(field: Option<&Text>) -> Option<&str> {
    field.map(|text| &**text)
}

/// A count as Kubernetes takes it.
pub(super) fn number(count: Option<Count>, default: i32) -> i32 {
    count.map_or(default, Count::as_i32)
}

impl From<u16> for PortNumber {
    fn from(number: u16) -> Self {
        Int(i64::from(number))
    }
}

/// Names joined to a map of the language.
pub(super) fn named<K, T>(entries: impl IntoIterator<Item = (&'static str, T)>) -> Named<K, T> {
    entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
