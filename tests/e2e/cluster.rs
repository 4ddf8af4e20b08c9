//! The control plane: etcd and an API server on free ports of the loopback, with the definitions of all operators; a
//! second one, with the scheduler, the controllers and nodes that are only objects; and one with the oldest API server.
//! Each is started by the first test that asks for it, and stops with this process, however that ends.

use crate::api::Api;
use serde_json::json;
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
/// process whatever ends it. A server whose store ended with it would wait for that for ever: it gets ten seconds.
const GUARD: &str = r#""$@" & it=$!; read -r _; kill $it; (sleep 10; kill -9 $it) & wait $it; kill $!"#;
const READY_WITHIN: Duration = Duration::from_secs(90);
/// All of them but for those that watch machines or ask a cloud, since the nodes here are nobody's, and the one that
/// scales by metrics, of which there are none.
const CONTROLLERS: &str = "*,-nodelifecycle,-node-ipam-controller,-cloud-node-lifecycle,-service-lb-controller,-horizontal-pod-autoscaler-controller";
/// How long a pod takes to go, in milliseconds.
const GOES_AFTER: u32 = 500;
/// A server, and what it is told besides.
struct Version {
    server: &'static str,
    flags: &'static [&'static str],
}

/// With what is on by default in 1.37, for which Windlass compiles too, and groups of pods, which a cluster may have.
const NEWEST: &Version = &Version {
    server: "kube-apiserver",
    flags: &[
        "--feature-gates=HPAScaleToZero=true,GenericWorkload=true",
        "--runtime-config=scheduling.k8s.io/v1alpha2=true",
    ],
};
const OLDEST: &Version = &Version { server: "kube-apiserver-1.33", flags: &[] };
/// Another process may take a free port before it is used.
const ATTEMPTS: usize = 3;

/// The clusters that all tests share.
#[derive(Clone, Default)]
pub(crate) struct Shared(Arc<[OnceLock<Result<Cluster, String>>; 3]>);

impl Shared {
    /// The one without controllers: what is written there stays as it is.
    pub(crate) fn get(&self) -> Result<&Cluster, String> {
        self.0[0].get_or_init(|| Cluster::start(NEWEST)).as_ref().map_err(Clone::clone)
    }

    /// The one with controllers, in which what is written happens.
    pub(crate) fn with_controllers(&self) -> Result<&Cluster, String> {
        self.0[1].get_or_init(Cluster::start_with_controllers).as_ref().map_err(Clone::clone)
    }

    /// The first again, of the oldest version for which Windlass compiles.
    pub(crate) fn oldest(&self) -> Result<&Cluster, String> {
        self.0[2].get_or_init(|| Cluster::start(OLDEST)).as_ref().map_err(Clone::clone)
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
    /// The file with which programs talk to the server.
    pub(crate) kubeconfig: PathBuf,
    // Stopped in this order.
    controllers: Vec<Guarded>,
    _server: Guarded,
    _etcd: Guarded,
    folder: TempDir,
}

impl Cluster {
    fn start(version: &Version) -> Result<Self, String> {
        let built = build()?;
        let mut attempt = 1;
        loop {
            match Self::start_once(&built, version) {
                Err(_) if attempt < ATTEMPTS => attempt += 1,
                started => return started,
            }
        }
    }

    /// Starts the controllers after the definitions, which the collector of garbage would learn of only by and by.
    fn start_with_controllers() -> Result<Self, String> {
        let mut cluster = Self::start(NEWEST)?;
        let kubeconfig = format!("--kubeconfig={}", cluster.kubeconfig.display());
        let stages = cluster.stages()?;
        let key = format!("--service-account-private-key-file={}", cluster.folder.path().join("key").display());
        // Their usual pace is for a server that many share.
        let alone = ["--leader-elect=false", "--secure-port=0", "--kube-api-qps=500", "--kube-api-burst=1000"]
            .map(str::to_owned);
        let programs: [(&str, Vec<String>); 3] = [
            ("kube-scheduler", alone.to_vec()),
            ("kube-controller-manager", [&alone[..], &[key, format!("--controllers={CONTROLLERS}")]].concat()),
            ("kwok", [&["--manage-all-nodes=true".to_owned(), "--node-port=0".into()], &stages[..]].concat()),
        ];
        for (program, mut flags) in programs {
            flags.push(kubeconfig.clone());
            let log = cluster.folder.path().join(format!("{program}.log"));
            cluster.controllers.push(Guarded::start(&cluster.built.join("bin").join(program), &flags, &log)?);
        }
        cluster.runs_pods()?;
        Ok(cluster)
    }

    /// The flags that name each stage in the life of a node, a pod and a claim. Pods take a moment to go: one of a
    /// StatefulSet that came again at once would be the old one to the controller of budgets, which may miss that it went.
    fn stages(&self) -> Result<Vec<String>, String> {
        let folder = self.folder.path().join("stages");
        std::fs::create_dir(&folder).map_err(shown)?;
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(self.built.join("stages")).map_err(shown)?.flatten().map(|entry| entry.path()).collect();
        files.sort();
        let flag = |file: &PathBuf| {
            let mut stage = std::fs::read_to_string(file).map_err(shown)?;
            let name = file.file_name().unwrap_or_default();
            if name == "pod-delete.yaml" {
                stage = format!("{stage}  delay: {{durationMilliseconds: {GOES_AFTER}}}\n");
            }
            std::fs::write(folder.join(name), stage).map_err(shown)?;
            Ok(format!("--config={}", folder.join(name).display()))
        };
        files.iter().map(flag).collect()
    }

    /// Waits until a Deployment has its pod on a node, which takes all the controllers.
    fn runs_pods(&mut self) -> Result<(), String> {
        let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "first"}});
        let labels = json!({"app": "first"});
        let containers = json!([{"name": "main", "image": "first"}]);
        let spec = json!({"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}}});
        let metadata = json!({"name": "first", "namespace": "default"});
        let workload = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec});
        // That of claims which name none.
        let annotations = json!({"storageclass.kubernetes.io/is-default-class": "true"});
        let class = json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "default", "annotations": annotations}, "provisioner": "kwok.x-k8s.io/volume"});
        for object in [&class, &node, &workload] {
            self.api.create(object)?.accepted()?;
        }
        let path = self.api.path(&workload)?;
        self.comes(|api| Ok(api.get(&path)?.body["status"]["availableReplicas"] == 1))?;
        self.api.delete(&workload)?;
        self.comes(|api| Ok(api.get("/api/v1/namespaces/default/pods")?.body["items"] == json!([])))?;
        self.api.delete(&node)
    }

    /// Waits for what the controllers do.
    fn comes(&mut self, is_there: impl Fn(&Api) -> Result<bool, String>) -> Result<(), String> {
        let started = Instant::now();
        while !is_there(&self.api)? {
            if started.elapsed() > READY_WITHIN || self.controllers.iter_mut().any(Guarded::has_ended) {
                return Err(format!("no pod comes and goes on the cluster\n{}", self.logs()));
            }
            sleep(Duration::from_millis(200));
        }
        Ok(())
    }

    /// The last words of each program.
    pub(crate) fn logs(&self) -> String {
        let logs = ["server", "kube-scheduler", "kube-controller-manager", "kwok"];
        logs.map(|name| format!("{name}: {}", tail(&self.folder.path().join(format!("{name}.log"))))).join("\n")
    }

    fn start_once(built: &Path, version: &Version) -> Result<Self, String> {
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
        let mut server = server_flags(&client, port, &at);
        server.extend(version.flags.iter().map(|flag| (*flag).to_owned()));
        let log = folder.path().join("server.log");
        let mut server = Guarded::start(&built.join("bin").join(version.server), &server, &log)?;
        let certificate = folder.path().join("certificates/apiserver.crt");
        let api = ready(&mut server, port, &token, &certificate).map_err(|error| format!("{error}\n{}", tail(&log)))?;
        let kubeconfig = folder.path().join("kubeconfig");
        std::fs::write(&kubeconfig, configuration(port, &token, &certificate)).map_err(shown)?;
        let (built, controllers) = (built.to_owned(), Vec::new());
        let cluster = Self { api, built, kubeconfig, controllers, _server: server, _etcd: etcd, folder };
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
    ]
}

/// What `kubectl` and every client of Go reads.
fn configuration(port: u16, token: &str, certificate: &Path) -> String {
    let server = json!({"server": format!("https://127.0.0.1:{port}"), "certificate-authority": certificate});
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "e2e", "cluster": server}],
        "users": [{"name": "e2e", "user": {"token": token}}],
        "contexts": [{"name": "e2e", "context": {"cluster": "e2e", "user": "e2e"}}],
        "current-context": "e2e",
    })
    .to_string()
}

/// Builds what is not built yet; the folder.
fn build() -> Result<PathBuf, String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/cluster/build");
    let output = Command::new(script).stderr(Stdio::inherit()).output().map_err(shown)?;
    let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if output.status.success() { Ok(folder.into()) } else { Err("the control plane cannot be built".into()) }
}

pub(crate) fn free_ports() -> std::io::Result<[u16; 3]> {
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
pub(crate) struct Guarded(Child);

impl Guarded {
    pub(crate) fn start(program: &Path, flags: &[String], log: &Path) -> Result<Self, String> {
        let log = std::fs::File::create(log).map_err(shown)?;
        let mut command = Command::new("sh");
        // A group of its own: what interrupts the tests leaves the shell to do its work.
        command.args(["-c", GUARD, "guard"]).arg(program).args(flags).process_group(0);
        let copy = log.try_clone().map_err(shown)?;
        command.stdin(Stdio::piped()).stdout(copy).stderr(log).spawn().map(Self).map_err(shown)
    }

    pub(crate) fn has_ended(&mut self) -> bool {
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
