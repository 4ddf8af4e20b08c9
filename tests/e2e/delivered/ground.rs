//! The repositories: that of the system, and the one that `windlass publish` writes and the controllers follow.

#[path = "../../git/http.rs"]
mod http;

use crate::cluster::Cluster;
use crate::systems::{self, documents};
use http::Server;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;
use windlass::kube::Object;
use windlass::workspace::list;

const SYSTEM: &str = "tests/e2e/delivered/shop";
/// Of whoever commits, and of nobody on this machine.
const SETTINGS: &str = "[user]\nname = Ada\nemail = ada@example.com\n[init]\ndefaultBranch = main\n";

pub(super) struct Ground {
    folder: TempDir,
    /// Where the published repository is.
    pub(super) deployed: String,
    /// Where that of the system is.
    pub(super) source: String,
}

impl Ground {
    pub(super) fn new() -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(shown)?;
        let server = Server::start(folder.path());
        let url = |name: &str| format!("http://127.0.0.1:{}/{name}.git", server.port);
        let ground = Self { deployed: url("deployed"), source: url("source"), folder };
        ground.write("config", SETTINGS.as_bytes())?;
        for (path, bytes) in list(&systems::root().join(SYSTEM)).map_err(|error| format!("{error:?}"))? {
            let text = String::from_utf8_lossy(&bytes).replace("REPOSITORY", &ground.deployed);
            ground.write(&format!("shop/{path}"), text.as_bytes())?;
        }
        for name in ["deployed.git", "source.git"] {
            ground.git(".", &["init", "--quiet", "--bare", name])?;
            ground.git(name, &["config", "http.receivepack", "true"])?;
        }
        ground.git("shop", &["init", "--quiet"])?;
        ground.commit()?;
        Ok(ground)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, path: &str, bytes: &[u8]) -> Result<(), String> {
        let place = self.path(path);
        let parent = place.parent().unwrap_or(Path::new(""));
        std::fs::create_dir_all(parent).and_then(|()| std::fs::write(&place, bytes)).map_err(shown)
    }

    fn run(&self, program: &str, folder: &str, arguments: &[&str]) -> Result<String, String> {
        let mut command = Command::new(program);
        command.current_dir(self.path(folder)).args(arguments).stdin(Stdio::null());
        command.env("GIT_CONFIG_GLOBAL", self.path("config")).env("GIT_CONFIG_NOSYSTEM", "1").env("NO_COLOR", "1");
        let output = command.output().map_err(shown)?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        let said = format!("{program} {arguments:?}: {}\n{}", text(&output.stdout), text(&output.stderr));
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(said) }
    }

    pub(super) fn git(&self, folder: &str, arguments: &[&str]) -> Result<String, String> {
        self.run("git", folder, arguments)
    }

    pub(super) fn windlass(&self, arguments: &[&str]) -> Result<String, String> {
        self.run(env!("CARGO_BIN_EXE_windlass"), "shop", arguments)
    }

    /// Commits the system, where the plugin finds it.
    fn commit(&self) -> Result<(), String> {
        self.git("shop", &["add", "--all"])?;
        self.git("shop", &["commit", "--quiet", "--message", "change"])?;
        self.git("shop", &["push", "--quiet", &self.source, "HEAD:main"]).map(drop)
    }

    pub(super) fn change(&self, from: &str, to: &str) -> Result<(), String> {
        let text = std::fs::read_to_string(self.path("shop/system.yaml")).map_err(shown)?;
        if !text.contains(from) {
            return Err(format!("the system has no `{from}`"));
        }
        self.write("shop/system.yaml", text.replace(from, to).as_bytes())?;
        self.commit()
    }

    /// Takes a component out of the system.
    pub(super) fn remove(&self, component: &str) -> Result<(), String> {
        let text = std::fs::read_to_string(self.path("shop/system.yaml")).map_err(shown)?;
        let start = text.find(&format!("  {component}:\n")).ok_or_else(|| format!("no `{component}`"))?;
        let lines = text[start..].split_inclusive('\n');
        let own = lines.clone().skip(1).take_while(|line| line.starts_with("    ")).count() + 1;
        let block: String = lines.take(own).collect();
        self.change(&block, "")
    }

    /// Publishes an environment; the tip of the branch.
    pub(super) fn publish(&self, environment: &str) -> Result<String, String> {
        let (to, path) = (format!("{}#main", self.deployed), format!("shop/{environment}"));
        self.windlass(&["publish", "--env", environment, "--to", &to, "--path", &path, "--create"])?;
        self.git("deployed.git", &["rev-parse", "main"])
    }

    /// What `kubectl apply -k` would apply of the published delivery.
    pub(super) fn delivery(&self, cluster: &Cluster, environment: &str) -> Result<Vec<Value>, String> {
        let checkout = tempfile::tempdir_in(self.folder.path()).map_err(shown)?;
        let place = checkout.path().display().to_string();
        self.git(".", &["clone", "--quiet", "--branch", "main", &self.deployed, &place])?;
        let kustomize = cluster.built.join("bin/kustomize").display().to_string();
        documents(&self.run(&kustomize, ".", &["build", &format!("{place}/shop/{environment}/delivery")])?)
    }

    /// What is compiled for an environment as it is now.
    pub(super) fn objects(&self, environment: &str) -> Result<Vec<Object>, String> {
        let all = systems::environments(&self.path("shop"), "system.yaml")?;
        let mut found = all.into_iter().filter(|(name, _)| name == environment);
        found.next().map(|(_, objects)| objects).ok_or_else(|| format!("no environment `{environment}`"))
    }
}

fn shown(error: impl std::fmt::Display) -> String {
    error.to_string()
}
