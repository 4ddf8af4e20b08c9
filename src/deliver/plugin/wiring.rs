//! The files that bring the plugin into Argo CD, for one repository.

use super::{ENVIRONMENT, NAME, version};
use crate::yaml::to_yaml;
use clap::ValueEnum;
use serde_json::{Value, json};

/// One of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// `plugin.yaml`, the settings of the plugin
    Plugin,
    /// The patch that adds the sidecar to the repo server
    Sidecar,
    /// The Dockerfile of the image of the sidecar
    Dockerfile,
    /// An Application for each environment
    Applications,
}

/// What the files are made of.
#[derive(Clone, Debug)]
pub struct Wiring {
    /// Where Argo CD fetches the repository.
    pub repository: String,
    /// The folder of the system, from the root; `.` for the root itself.
    pub path: String,
    pub system: String,
    pub environments: Vec<String>,
    /// The image of the sidecar.
    pub image: String,
}

impl Wiring {
    /// One of the files, or all of them with a line that says which is which.
    pub fn print(&self, part: Option<Part>) -> String {
        match part {
            Some(Part::Plugin) => document(&plugin()),
            Some(Part::Sidecar) => document(&self.sidecar()),
            Some(Part::Dockerfile) => dockerfile(),
            Some(Part::Applications) => {
                let all: Vec<String> =
                    self.environments.iter().map(|environment| document(&self.application(environment))).collect();
                all.join("---\n")
            }
            None => {
                let titled = |title: &str, part| format!("# {title}\n{}", self.print(Some(part)));
                [
                    titled("plugin.yaml: in the image of the sidecar", Part::Plugin),
                    titled("Dockerfile: the image of the sidecar", Part::Dockerfile),
                    titled(
                        "sidecar.yaml: kubectl patch -n argocd deployment argocd-repo-server --patch-file sidecar.yaml",
                        Part::Sidecar,
                    ),
                    titled("applications.yaml", Part::Applications),
                ]
                .join("\n")
            }
        }
    }

    /// A strategic merge patch of the repo server.
    fn sidecar(&self) -> Value {
        json!({"spec": {"template": {"spec": {
            "containers": [{
                "name": NAME,
                "image": self.image,
                // Argo CD puts its plugin server there; it is the process that runs the commands.
                "command": ["/var/run/argocd/argocd-cmp-server"],
                "securityContext": {
                    "runAsNonRoot": true,
                    "runAsUser": 999,
                    "allowPrivilegeEscalation": false,
                    "readOnlyRootFilesystem": true,
                    "capabilities": {"drop": ["ALL"]},
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
                "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "512Mi"}},
                "volumeMounts": [
                    {"name": "var-files", "mountPath": "/var/run/argocd"},
                    {"name": "plugins", "mountPath": "/home/argocd/cmp-server/plugins"},
                    {"name": "windlass-tmp", "mountPath": "/tmp"},
                ],
            }],
            // Not the one of the repo server: a plugin must not reach what that unpacks.
            "volumes": [{"name": "windlass-tmp", "emptyDir": {}}],
        }}}})
    }

    fn application(&self, environment: &str) -> Value {
        json!({
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"name": format!("{}-{environment}", self.system), "namespace": "argocd"},
            "spec": {
                "project": "default",
                "source": {
                    "repoURL": self.repository,
                    "targetRevision": "HEAD",
                    "path": self.path,
                    "plugin": {
                        "name": format!("{NAME}-{}", version()),
                        "parameters": [{"name": ENVIRONMENT, "string": environment}],
                    },
                },
                "destination": {"server": "https://kubernetes.default.svc", "namespace": format!("{}-{environment}", self.system)},
            },
        })
    }
}

/// The settings of the plugin. There is no `discover`: an Application names its plugin, and the repository is sent once.
fn plugin() -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ConfigManagementPlugin",
        "metadata": {"name": NAME},
        "spec": {
            "version": version(),
            "generate": {"command": ["windlass", "argocd", "generate"]},
            "parameters": {"dynamic": {"command": ["windlass", "argocd", "parameters"]}},
        },
    })
}

fn dockerfile() -> String {
    format!(
        "# Nothing but the binary, static for musl, and the settings of the plugin.\n\
         FROM scratch\n\
         COPY windlass /usr/local/bin/windlass\n\
         COPY plugin.yaml /home/argocd/cmp-server/config/plugin.yaml\n\
         ENV PATH=/usr/local/bin\n\
         LABEL org.opencontainers.image.version={}\n\
         USER 999\n",
        env!("CARGO_PKG_VERSION")
    )
}

fn document(value: &Value) -> String {
    to_yaml(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_application_names_the_plugin_with_its_version() {
        let wiring = Wiring {
            repository: "https://git.example.com/shop.git".into(),
            path: "systems/shop".into(),
            system: "shop".into(),
            environments: vec!["production".into(), "staging".into()],
            image: "registry.example.com/windlass:1".into(),
        };
        let text = wiring.print(Some(Part::Applications));
        assert!(text.contains(&format!("name: windlass-{}", version())), "{text}");
        assert_eq!(text.matches("kind: Application").count(), 2);
        let plugin = wiring.print(Some(Part::Plugin));
        assert!(plugin.contains("kind: ConfigManagementPlugin") && !plugin.contains("discover"), "{plugin}");
        assert!(wiring.print(None).contains("FROM scratch"));
    }
}
