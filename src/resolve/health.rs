//! Probes: what is shared is laid under each probe that is written.

use super::{Resolver, texts};
use crate::diagnostic::{code, listed, nearest};
use crate::document::{Finding, Path};
use crate::model::{Port, PortRef, Probe, ProbeCheck, Probes};
use crate::spec::{self, Scheme, Switch};

/// Defaults of Kubernetes, written out so that nothing differs between Git and cluster.
const PERIOD: i32 = 10;
const TIMEOUT: i32 = 1;
const FAILURES: i32 = 3;

impl Resolver<'_, '_> {
    pub(crate) fn probes(&mut self, health: Option<&Switch<spec::Health>>, ports: &[Port], path: &Path) -> Probes {
        let Some(health) = health.and_then(Switch::on) else { return Probes::default() };
        let shared = shared(health);
        let mut one = |written: Option<&Switch<spec::Probe>>, name: &str| {
            let probe = laid_over(&shared, written?.on()?);
            self.probe(&probe, ports, &path.join(name))
        };
        Probes {
            startup: one(health.startup.as_ref(), "startup"),
            ready: one(health.ready.as_ref(), "ready"),
            live: one(health.live.as_ref(), "live"),
        }
    }

    fn probe(&mut self, probe: &spec::Probe, ports: &[Port], path: &Path) -> Option<Probe> {
        let check = self.probe_check(probe, ports, path)?;
        let period = probe.period.map_or(PERIOD, spec::Duration::seconds_i32).max(1);
        let within = probe.within.map(|within| ((within.seconds_i32() + period - 1) / period).max(1));
        Some(Probe {
            check,
            delay: probe.delay.map_or(0, spec::Duration::seconds_i32),
            period,
            timeout: probe.timeout.map_or(TIMEOUT, spec::Duration::seconds_i32).max(1),
            failures: within.or(probe.failures.map(spec::Positive::as_i32)).unwrap_or(FAILURES),
            successes: probe.successes.map_or(1, spec::Positive::as_i32),
        })
    }

    fn probe_check(&mut self, probe: &spec::Probe, ports: &[Port], path: &Path) -> Option<ProbeCheck> {
        if let Some(command) = &probe.exec {
            return Some(ProbeCheck::Exec(texts(Some(command))));
        }
        let port = self.port_ref(probe.port.as_ref(), ports, path)?;
        if let Some(request) = &probe.path {
            let headers = probe.headers.iter().flatten().map(|(name, value)| (name.clone(), value.0.clone())).collect();
            let scheme = probe.scheme.unwrap_or(Scheme::Http);
            return Some(ProbeCheck::Http { path: request.to_string(), port, scheme, headers });
        }
        if let Some(service) = &probe.grpc {
            let service = Some(service.0.clone()).filter(|service| service != "true");
            return Some(ProbeCheck::Grpc { port: number(&port, ports)?, service });
        }
        if probe.tcp == Some(true) {
            return Some(ProbeCheck::Tcp(port));
        }
        self.no_form(path, "a probe", "`path`, `tcp: true`, `exec` or `grpc`");
        None
    }

    /// A port of the container: the one named, else `http`, else the first.
    fn port_ref(&mut self, written: Option<&spec::PortText>, ports: &[Port], path: &Path) -> Option<PortRef> {
        let Some(written) = written else {
            let port = ports.iter().find(|port| port.name == "http").or_else(|| ports.first());
            if port.is_none() {
                self.findings.push(
                    Finding::error(code::UNKNOWN_PORT, path.clone(), "a probe of a container without ports")
                        .label("which port is meant stays open")
                        .on_key()
                        .help("write `port:` with a number, or give the component `ports:`"),
                );
            }
            return port.map(|port| PortRef::Name(port.name.clone()));
        };
        if let Ok(number) = written.parse() {
            return Some(PortRef::Number(number));
        }
        if ports.iter().any(|port| port.name == **written) {
            return Some(PortRef::Name(written.to_string()));
        }
        let names: Vec<&str> = ports.iter().map(|port| port.name.as_str()).collect();
        self.unknown_port(written, &names, &path.join("port"));
        None
    }

    pub(crate) fn unknown_port(&mut self, port: &str, known: &[&str], path: &Path) {
        let help = match nearest(port, known.iter().copied()) {
            Some(near) => format!("a similar port is `{near}`"),
            None => format!("its ports are {}", listed(known.iter().copied())),
        };
        self.findings.push(
            Finding::error(code::UNKNOWN_PORT, path.clone(), format!("there is no port `{port}`"))
                .label("no port of the container bears this name")
                .help(help),
        );
    }
}

/// gRPC probes take a number.
fn number(port: &PortRef, ports: &[Port]) -> Option<u16> {
    match port {
        PortRef::Number(number) => Some(*number),
        PortRef::Name(name) => ports.iter().find(|port| port.name == *name).map(|port| port.target),
    }
}

/// The keys beside the probes, as a probe.
fn shared(health: &spec::Health) -> spec::Probe {
    spec::Probe {
        path: health.path.clone(),
        tcp: health.tcp,
        exec: health.exec.clone(),
        grpc: health.grpc.clone(),
        port: health.port.clone(),
        period: health.period,
        timeout: health.timeout,
        failures: health.failures,
        successes: health.successes,
        delay: health.delay,
        headers: health.headers.clone(),
        scheme: health.scheme,
        within: health.within,
    }
}

/// A probe over what is shared; a form of its own drops the shared form.
fn laid_over(shared: &spec::Probe, own: &spec::Probe) -> spec::Probe {
    let has_form = own.path.is_some() || own.tcp.is_some() || own.exec.is_some() || own.grpc.is_some();
    let form = if has_form { own } else { shared };
    let counts = if own.failures.is_some() || own.within.is_some() { own } else { shared };
    spec::Probe {
        path: form.path.clone(),
        tcp: form.tcp,
        exec: form.exec.clone(),
        grpc: form.grpc.clone(),
        port: own.port.clone().or_else(|| shared.port.clone()),
        period: own.period.or(shared.period),
        timeout: own.timeout.or(shared.timeout),
        failures: counts.failures,
        successes: own.successes.or(shared.successes),
        delay: own.delay.or(shared.delay),
        headers: own.headers.clone().or_else(|| shared.headers.clone()),
        scheme: own.scheme.or(shared.scheme),
        within: counts.within,
    }
}
