//! Argo CD syncs the system from the published tree, and again through the plugin: the order, the hooks, an autoscaler
//! beside it, and the same objects in both ways.

use super::ground::Ground;
use super::live::{self, all, differ, get, in_order, list, made};
use super::{WITHIN, must, namespace, operate, prepare, start, until};
use crate::Figures;
use crate::api::{Api, name};
use crate::cluster::{Cluster, Guarded, Shared, free_ports};
use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Instant;
use windlass::kube::Phase;

const SUITE: &str = "argocd";
const ENVIRONMENT: &str = "argocd";
/// Where the system stands.
const SHOP: &str = "shop-argocd";
const TOOL: &str = "argocd";
const REFRESH: &str = "argocd.argoproj.io/refresh";
/// In the place of the script that the image of Argo CD has, which tells of a commit's signature: there is none.
const UNSIGNED: &str = "#!/bin/sh\nexit 0\n";
const WAVE: &str = "argocd.argoproj.io/sync-wave";

pub(crate) fn trials(cluster: &Shared, figures: &Figures) -> Vec<Trial> {
    let (cluster, figures) = (cluster.clone(), figures.clone());
    vec![Trial::test(format!("{SUITE}/syncs what is published, and through the plugin"), move || {
        judge(&cluster, &figures)
    })]
}

fn judge(cluster: &Shared, figures: &Figures) -> Result<(), Failed> {
    let cluster = cluster.with_controllers()?;
    let argo = ArgoCd::start(cluster)?;
    let started = Instant::now();
    argo.story(figures).map_err(|error| format!("{error}\n{}", argo.state()))?;
    figures.add(SUITE, "seconds", usize::try_from(started.elapsed().as_secs()).unwrap_or_default());
    Ok(())
}

struct ArgoCd<'a> {
    cluster: &'a Cluster,
    api: &'a Api,
    _programs: Vec<Guarded>,
    ground: Ground,
}

impl<'a> ArgoCd<'a> {
    fn start(cluster: &'a Cluster) -> Result<Self, String> {
        let ground = Ground::new()?;
        prepare(&cluster.api, &[TOOL])?;
        for object in settings(&cluster.kubeconfig)? {
            cluster.api.create(&object)?.accepted()?;
        }
        let variables = surroundings(cluster, &ground)?;
        let parts = parts(cluster, &ground)?;
        let folder = ground.path("");
        let programs: Result<_, String> =
            parts.iter().map(|(program, flags)| start(cluster, program, &folder, &variables, flags)).collect();
        Ok(Self { cluster, api: &cluster.api, _programs: programs?, ground })
    }

    fn story(&self, figures: &Figures) -> Result<(), String> {
        let tip = self.ground.publish(ENVIRONMENT)?;
        let delivery = self.ground.delivery(self.cluster, ENVIRONMENT)?;
        for object in &delivery {
            self.api.apply(object, &object.to_string())?.accepted()?;
        }
        self.waits_for_the_secret()?;
        self.is_synced(&tip)?;
        let objects = self.waves()?;
        figures.add(SUITE, "objects synced, healthy", objects.len());
        figures.add(SUITE, "pairs of objects in the order of their waves", in_order(&objects)?);
        let from_tree = self.delivered()?;
        self.stays_scaled(&tip)?;
        figures.add(SUITE, "Deployment left as the autoscaler has it", 1);
        self.is_healed(&tip)?;
        figures.add(SUITE, "objects kept when the Application went", self.goes()?);

        for object in self.through_the_plugin(&delivery)? {
            self.api.apply(&object, &object.to_string())?.accepted()?;
        }
        let tip = self.ground.git("source.git", &["rev-parse", "main"])?;
        self.is_synced(&tip)?;
        let from_plugin = self.delivered()?;
        must(differ(&from_tree, &from_plugin).is_none(), || differ(&from_tree, &from_plugin).unwrap_or_default())?;
        figures.add(SUITE, "objects alike from the tree and through the plugin", from_plugin.len());
        self.rolls_out()?;
        figures.add(SUITE, "new image rolled out, behind its migration", 1);
        figures.add(SUITE, "objects pruned with their component, its claim kept", self.prunes()?);
        self.goes()?;
        self.api.remove(&object("AppProject"))
    }

    fn application(&self) -> Result<Value, String> {
        get(self.api, &object("Application"))?.ok_or_else(|| "the Application is gone".into())
    }

    /// Argo CD's own rule says when the secret is there, and nothing of a later wave comes before it is.
    fn waits_for_the_secret(&self) -> Result<(), String> {
        until("the sync waits for the secret", WITHIN, || {
            let state = self.application()?["status"]["operationState"].take();
            let waits = state["message"].as_str().unwrap_or_default().contains("ExternalSecret/partner");
            must(state["phase"] == "Running" && waits, || state.to_string())
        })?;
        for object in self.ground.objects(ENVIRONMENT)?.iter().filter(|object| object.phase != Phase::Delivery) {
            if let Some(live) = live::read(self.api, object)? {
                must(wave(&live) <= 0, || format!("{} comes before the secret", name(&live)))?;
            }
        }
        Ok(())
    }

    fn is_synced(&self, tip: &str) -> Result<(), String> {
        until("the Application is synced and healthy", WITHIN, || {
            operate(self.api, SHOP)?;
            let status = self.application()?["status"].take();
            let is_done = status["sync"]["status"] == "Synced"
                && status["sync"]["revision"] == tip
                && status["health"]["status"] == "Healthy"
                && status["operationState"]["phase"] == "Succeeded";
            must(is_done, || status.to_string())
        })
    }

    /// What is delivered, with its wave.
    fn waves(&self) -> Result<Vec<(usize, Value)>, String> {
        let live = all(self.api, &self.ground.objects(ENVIRONMENT)?)?;
        let first = live.iter().map(wave).min().unwrap_or_default();
        let place = |object: &Value| usize::try_from(wave(object) - first).map_err(shown);
        live.into_iter().map(|object| Ok((place(&object)?, object))).collect()
    }

    fn delivered(&self) -> Result<Vec<Value>, String> {
        Ok(made(all(self.api, &self.ground.objects(ENVIRONMENT)?)?))
    }

    /// Has the Application compared anew, and waits until it was.
    fn refresh(&self) -> Result<(), String> {
        let patch = json!({"metadata": {"annotations": {REFRESH: "hard"}}});
        self.api.merge(&object("Application"), "", &patch)?.accepted()?;
        until("the Application is compared", WITHIN, || {
            let asked = self.application()?["metadata"]["annotations"][REFRESH].take();
            must(asked.is_null(), || asked.to_string())
        })
    }

    fn stays_scaled(&self, tip: &str) -> Result<(), String> {
        let web = workload("web");
        let synced = self.application()?["status"]["operationState"]["finishedAt"].take();
        self.api.merge(&web, "/scale", &json!({"spec": {"replicas": 4}}))?.accepted()?;
        until("the Deployment is scaled", WITHIN, || {
            let ready = get(self.api, &web)?.unwrap_or_default()["status"]["readyReplicas"].take();
            must(ready == 4, || ready.to_string())
        })?;
        self.refresh()?;
        self.is_synced(tip)?;
        let after = self.application()?["status"]["operationState"]["finishedAt"].take();
        must(after == synced, || "the autoscaler makes a sync".into())?;
        let replicas = get(self.api, &web)?.unwrap_or_default()["spec"]["replicas"].take();
        must(replicas == 4, || format!("the autoscaler wants 4, and there are {replicas}"))
    }

    /// What somebody else changes is set back: the comparison sees what it should.
    fn is_healed(&self, tip: &str) -> Result<(), String> {
        let web = workload("web");
        let was = get(self.api, &web)?.unwrap_or_default()["spec"]["template"]["spec"]["containers"].take();
        let patch = json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "registry.example.com/web:9"}]);
        self.api.patch(&web, &patch)?.accepted()?;
        until("what was changed is set back", WITHIN, || {
            let now = get(self.api, &web)?.unwrap_or_default()["spec"]["template"]["spec"]["containers"].take();
            must(now == was, || now.to_string())
        })?;
        self.is_synced(tip)
    }

    /// The same Application, with the source that `windlass argocd plugin` prints for it.
    fn through_the_plugin(&self, delivery: &[Value]) -> Result<Vec<Value>, String> {
        let printed = crate::systems::documents(&self.ground.windlass(&["argocd", "plugin", "applications"])?)?;
        let own = printed.into_iter().find(|printed| printed["metadata"]["name"] == SHOP);
        let mut source = own.ok_or("no Application is printed")?["spec"]["source"].take();
        source["repoURL"] = self.ground.source.as_str().into();
        let with_plugin = |object: &Value| {
            let mut object = object.clone();
            if object["kind"] == "Application" {
                object["spec"]["source"] = source.clone();
            } else {
                object["spec"]["sourceRepos"] = json!([self.ground.source]);
            }
            object
        };
        Ok(delivery.iter().map(with_plugin).collect())
    }

    fn rolls_out(&self) -> Result<(), String> {
        self.ground.change("/api:2.1.0", "/api:2.2.0")?;
        self.follows()?;
        super::rolled_out(self.api, SHOP, "registry.example.com/api:2.2.0")
    }

    /// Waits until what was committed is there.
    fn follows(&self) -> Result<(), String> {
        let tip = self.ground.git("source.git", &["rev-parse", "main"])?;
        self.refresh()?;
        self.is_synced(&tip)
    }

    fn prunes(&self) -> Result<usize, String> {
        let before = self.ground.objects(ENVIRONMENT)?;
        self.ground.remove("archive")?;
        self.follows()?;
        super::pruned(self.api, &before, &self.ground.objects(ENVIRONMENT)?)
    }

    /// Takes the Application away: what it kept is data and their namespace.
    fn goes(&self) -> Result<usize, String> {
        let objects = self.ground.objects(ENVIRONMENT)?;
        self.api.remove(&object("Application"))?;
        until("the Application goes", WITHIN, || {
            must(get(self.api, &object("Application"))?.is_none(), || "it is there".into())
        })?;
        super::kept(self.api, &objects, &namespace(SHOP))
    }

    /// What Argo CD says of the Application, and the last errors of each part.
    fn state(&self) -> String {
        let parts = ["argocd-application-controller", "argocd-repo-server", "argocd-cmp-server", "redis"];
        let logs = parts.map(|part| super::errors(&self.ground, part));
        let pods = list(self.api, "v1", "Pod", SHOP).unwrap_or_default().len();
        format!("{}\n{pods} pods\n{}", self.application().unwrap_or_default()["status"], logs.join("\n"))
    }
}

/// The folders of the parts, with the plugin among them as its image would have it, and the variables that name them.
fn surroundings(cluster: &Cluster, ground: &Ground) -> Result<Vec<String>, String> {
    let folders = ["sockets", "work", "tls", "plugin", "temporary", "bin"].map(|name| ground.path(name));
    folders.iter().try_for_each(fs::create_dir).map_err(shown)?;
    let [sockets, work, tls, plugin, temporary, bin] = folders.map(|folder| folder.display().to_string());
    fs::write(format!("{plugin}/plugin.yaml"), ground.windlass(&["argocd", "plugin", "plugin"])?).map_err(shown)?;
    fs::copy(env!("CARGO_BIN_EXE_windlass"), format!("{bin}/windlass")).map_err(shown)?;
    let wrapper = format!("{bin}/git-verify-wrapper.sh");
    fs::write(&wrapper, UNSIGNED).map_err(shown)?;
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).map_err(shown)?;
    let built = cluster.built.join("bin").display().to_string();
    Ok(vec![
        format!("PATH={bin}:{built}:{}", std::env::var("PATH").unwrap_or_default()),
        format!("TMPDIR={temporary}"),
        format!("ARGOCD_PLUGINSOCKFILEPATH={sockets}"),
        format!("ARGOCD_CMP_WORKDIR={work}"),
        format!("ARGOCD_TLS_DATA_PATH={tls}"),
        format!("ARGOCD_ASK_PASS_SOCK={sockets}/ask-pass"),
        "ARGOCD_GPG_ENABLED=false".into(),
    ])
}

/// The programs with their flags, each at free ports.
fn parts(cluster: &Cluster, ground: &Ground) -> Result<[(&'static str, Vec<String>); 4], String> {
    let [redis, repository, other] = free_ports().map_err(shown)?;
    let [metrics, ..] = free_ports().map_err(shown)?;
    let flags = |text: String| text.split(' ').map(str::to_owned).collect();
    let kubeconfig = cluster.kubeconfig.display();
    Ok([
        ("redis", flags(format!("127.0.0.1:{redis}"))),
        ("argocd-cmp-server", flags(format!("--config-dir-path {}", ground.path("plugin").display()))),
        (
            "argocd-repo-server",
            flags(format!(
                "--disable-tls --client-ca-path= --redis 127.0.0.1:{redis} --address=127.0.0.1 --port={repository} \
                 --metrics-address=127.0.0.1 --metrics-port={other}"
            )),
        ),
        (
            "argocd-application-controller",
            flags(format!(
                "--repo-server-plaintext --redis 127.0.0.1:{redis} --repo-server=127.0.0.1:{repository} \
                 --metrics-port={metrics} --kubeconfig={kubeconfig} --namespace {TOOL}"
            )),
        ),
    ])
}

fn wave(object: &Value) -> i64 {
    object["metadata"]["annotations"][WAVE].as_str().and_then(|wave| wave.parse().ok()).unwrap_or_default()
}

fn object(kind: &str) -> Value {
    json!({"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "metadata": {"name": SHOP, "namespace": TOOL}})
}

fn workload(name: &str) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": SHOP}})
}

/// What an installation of Argo CD has in its namespace, and this cluster under a name.
fn settings(kubeconfig: &Path) -> Result<Vec<Value>, String> {
    let text = fs::read_to_string(kubeconfig).map_err(shown)?;
    let file: Value = serde_json::from_str(&text).map_err(shown)?;
    let login = json!({"bearerToken": file["users"][0]["user"]["token"], "tlsClientConfig": {"insecure": true}});
    let of = |kind: &str, name: &str, labels: Value, data: Value| {
        let metadata = json!({"name": name, "namespace": TOOL, "labels": labels});
        json!({"apiVersion": "v1", "kind": kind, "metadata": metadata, if kind == "Secret" { "stringData" } else { "data" }: data})
    };
    let part = || json!({"app.kubernetes.io/part-of": "argocd"});
    let cluster =
        json!({"name": "here", "server": file["clusters"][0]["cluster"]["server"], "config": login.to_string()});
    Ok(vec![
        of("ConfigMap", "argocd-cm", part(), json!({})),
        of("ConfigMap", "argocd-rbac-cm", part(), json!({})),
        of("Secret", "argocd-secret", part(), json!({"server.secretkey": "of nobody"})),
        of("Secret", "here", json!({"argocd.argoproj.io/secret-type": "cluster"}), cluster),
    ])
}

fn shown(error: impl std::fmt::Display) -> String {
    error.to_string()
}
