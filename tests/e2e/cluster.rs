//! The control plane: etcd and an API server on free ports of the loopback, with the definitions of all operators. It is
//! started by the first test that asks for it, and stops with this process, however that ends.

use crate::api::Api;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A program is the child of a shell that waits for the end of its input, which comes with the end of this
/// process whatever ends it.
const GUARD: &str = r#""$@" & read -r _; kill $! 2>/dev/null; wait"#;
const READY_WITHIN: Duration = Duration::from_secs(90);
/// Another process may take a free port before it is used.
const ATTEMPTS: usize = 3;

/// The cluster that all tests share.
#[derive(Clone, Default)]
pub(crate) struct Shared(Arc<OnceLock<Result<Cluster, String>>>);

impl Shared {
    pub(crate) fn get(&self) -> Result<&Cluster, String> {
        self.0.get_or_init(Cluster::start).as_ref().map_err(Clone::clone)
    }

    /// Stops what was started. A test that still holds it cannot: its end is the end of the process.
    pub(crate) fn stop(self) {
        drop(Arc::into_inner(self.0));
    }
}

pub(crate) struct Cluster {
    pub(crate) api: Api,
    /// The folder of what was built.
    pub(crate) built: PathBuf,
    // Stopped in this order.
    _server: Guarded,
    _etcd: Guarded,
    _folder: TempDir,
}

impl Cluster {
    fn start() -> Result<Self, String> {
        let built = build()?;
        let mut attempt = 1;
        loop {
            match Self::start_once(&built) {
                Err(_) if attempt < ATTEMPTS => attempt += 1,
                started => return started,
            }
        }
    }

    fn start_once(built: &Path) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(shown)?;
        let [client, peer, port] = free_ports().map_err(shown)?;
        let (client, peer) = (format!("http://127.0.0.1:{client}"), format!("http://127.0.0.1:{peer}"));
        let at = |name: &str| folder.path().join(name).display().to_string();
        let key = Command::new(built.join("bin/service-account-key")).output().map_err(shown)?.stdout;
        std::fs::write(at("key"), key).map_err(shown)?;
        // The folder is this user's alone, and the server this process's.
        let token = folder.path().file_name().unwrap_or_default().to_string_lossy().replace('.', "");
        std::fs::write(at("tokens"), format!("{token},e2e,1,\"system:masters\"\n")).map_err(shown)?;
        let etcd = [
            format!("--data-dir={}", at("etcd")),
            format!("--listen-client-urls={client}"),
            format!("--advertise-client-urls={client}"),
            format!("--listen-peer-urls={peer}"),
            format!("--initial-advertise-peer-urls={peer}"),
            format!("--initial-cluster=default={peer}"),
            "--unsafe-no-fsync".into(),
        ];
        let etcd = Guarded::start(&built.join("bin/etcd"), &etcd, &folder.path().join("etcd.log"))?;
        let server = server_flags(&client, port, &at);
        let log = folder.path().join("server.log");
        let mut server = Guarded::start(&built.join("bin/kube-apiserver"), &server, &log)?;
        let certificate = folder.path().join("certificates/apiserver.crt");
        let api = ready(&mut server, port, &token, &certificate).map_err(|error| format!("{error}\n{}", tail(&log)))?;
        let cluster = Self { api, built: built.into(), _server: server, _etcd: etcd, _folder: folder };
        cluster.define()?;
        Ok(cluster)
    }

    /// Gives the server the definitions of all operators.
    fn define(&self) -> Result<(), String> {
        let mut files: Vec<PathBuf> = std::fs::read_dir(self.built.join("definitions"))
            .map_err(shown)?
            .flatten()
            .map(|entry| entry.path())
            .collect();
        files.sort();
        for file in files {
            let text = std::fs::read_to_string(&file).map_err(shown)?;
            for definition in crate::systems::own_definitions(&text)? {
                self.api.define(&definition.to_string()).map_err(|error| format!("{}: {error}", file.display()))?;
            }
            for definition in text.split("\n---").filter(|text| text.contains("kind: CustomResourceDefinition")) {
                self.api.define(definition).map_err(|error| format!("{}: {error}", file.display()))?;
            }
        }
        self.api.serve_definitions()
    }
}

fn server_flags(etcd: &str, port: u16, at: &dyn Fn(&str) -> String) -> Vec<String> {
    let key = at("key");
    vec![
        format!("--etcd-servers={etcd}"),
        format!("--cert-dir={}", at("certificates")),
        format!("--secure-port={port}"),
        "--bind-address=127.0.0.1".into(),
        "--endpoint-reconciler-type=none".into(),
        "--service-account-issuer=https://kubernetes.default.svc".into(),
        format!("--service-account-key-file={key}"),
        format!("--service-account-signing-key-file={key}"),
        format!("--token-auth-file={}", at("tokens")),
        "--authorization-mode=RBAC".into(),
        // As every cluster has it: who may is for Pod Security to say.
        "--allow-privileged=true".into(),
        "--service-cluster-ip-range=10.0.0.0/16".into(),
        // No controller makes the accounts of namespaces or lets go of claims.
        "--disable-admission-plugins=ServiceAccount,TaintNodesByCondition,StorageObjectInUseProtection".into(),
        "--enable-priority-and-fairness=false".into(),
        // On by default in 1.37, for which Windlass compiles too.
        "--feature-gates=HPAScaleToZero=true".into(),
    ]
}

/// Builds what is not built yet; the folder.
fn build() -> Result<PathBuf, String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/cluster/build");
    let output = Command::new(script).stderr(Stdio::inherit()).output().map_err(shown)?;
    let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if output.status.success() { Ok(folder.into()) } else { Err("the control plane cannot be built".into()) }
}

fn free_ports() -> std::io::Result<[u16; 3]> {
    let listeners =
        [TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?];
    let port = |listener: &TcpListener| listener.local_addr().map(|address| address.port());
    Ok([port(&listeners[0])?, port(&listeners[1])?, port(&listeners[2])?])
}

/// Waits until the server says that it is ready.
fn ready(server: &mut Guarded, port: u16, token: &str, certificate: &Path) -> Result<Api, String> {
    let started = Instant::now();
    loop {
        if let Ok(pem) = std::fs::read(certificate)
            && let Ok(api) = Api::new(port, token, &pem)
            && api.is_ready()
        {
            return Ok(api);
        }
        if server.has_ended() {
            return Err("the API server ended".into());
        }
        if started.elapsed() > READY_WITHIN {
            return Err("the API server is not ready".into());
        }
        sleep(Duration::from_millis(200));
    }
}

/// A program that ends with this value, and with this process.
struct Guarded(Child);

impl Guarded {
    fn start(program: &Path, flags: &[String], log: &Path) -> Result<Self, String> {
        let log = std::fs::File::create(log).map_err(shown)?;
        let mut command = Command::new("sh");
        // A group of its own: what interrupts the tests leaves the shell to do its work.
        command.args(["-c", GUARD, "guard"]).arg(program).args(flags).process_group(0);
        let copy = log.try_clone().map_err(shown)?;
        command.stdin(Stdio::piped()).stdout(copy).stderr(log).spawn().map(Self).map_err(shown)
    }

    fn has_ended(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(Some(_)))
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        if let Some(mut input) = self.0.stdin.take() {
            let _ = input.flush();
        }
        let _ = self.0.wait();
    }
}

fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(5)..].join("\n")
}

fn shown(error: impl std::fmt::Display) -> String {
    error.to_string()
}
