//! Waiting for other components: a step before the start, for each use with `wait`.

use super::Resolver;
use super::component::Volumes;
use crate::model::{
    Amounts, Awaited, Container, ContainerSecurity, DEFAULT_USER, Image, Mount, Output, Probes, Quantity, Resources,
    Volume, VolumeSource,
};
use crate::spec::{self, Kind};

/// What waits for the port of another component: small, and present on every architecture.
const PORT_IMAGE: &str = "busybox:1.37.0";
/// What waits for a job, of the version of the target: kubectl keeps to servers one minor version away.
const JOB_IMAGE: &str = "registry.k8s.io/kubectl";
/// The volume with the token by which a step asks for a job.
const TOKEN: &str = "wait-for-jobs-token";
/// Where clients of the API look for their token.
const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// Seconds that one attempt waits for a job which has no time limit of its own.
const JOB_TIMEOUT: i64 = 3600;

impl Resolver<'_, '_> {
    /// One step for each use with `wait`: until the port of the other component opens, or the job has
    /// completed. Only the steps that ask for jobs have the token.
    pub(super) fn waits(&self, key: &str, volumes: &mut Volumes) -> Vec<Container> {
        let waited = self.edges.get(key).into_iter().flatten().filter(|edge| edge.wait);
        let steps: Vec<Container> = waited.filter_map(|edge| self.wait(&edge.to)).collect();
        if steps.iter().any(|step| step.awaits.is_some()) {
            volumes.add(vec![Volume { name: TOKEN.into(), source: VolumeSource::Token }]);
        }
        steps
    }

    fn wait(&self, to: &str) -> Option<Container> {
        let component = self.components.get(to)?;
        if component.kind == Kind::Job { self.wait_for_job(to, component) } else { self.wait_for_port(to) }
    }

    fn wait_for_port(&self, to: &str) -> Option<Container> {
        let text = |output: &str| match self.outputs.get(to)?.get(output)? {
            Output::Plain(text) => Some(text.clone()),
            Output::Secret { .. } | Output::Composed { .. } => None,
        };
        let (host, port) = (text("host")?, text("port")?);
        let script = format!("until nc -z -w 2 {host} {port}; do echo waiting for {host}:{port}; sleep 2; done");
        let step = self.step(to, PORT_IMAGE, "16Mi")?;
        Some(Container { command: vec!["sh".into(), "-c".into(), script], ..step })
    }

    /// The name of the job is added where it is known: with the objects.
    fn wait_for_job(&self, to: &str, job: &spec::Component) -> Option<Container> {
        let timeout = job.timeout.map_or(JOB_TIMEOUT, spec::Duration::seconds_i64);
        let image = format!("{JOB_IMAGE}:v{}.0", self.target.version());
        let namespace = format!("--namespace={}", self.namespace);
        Some(Container {
            args: vec!["wait".into(), namespace, format!("--timeout={timeout}s")],
            mounts: vec![Mount { volume: TOKEN.into(), path: TOKEN_PATH.into(), sub_path: None, read_only: true }],
            awaits: Some(Awaited { component: to.into(), timeout }),
            ..self.step(to, &image, "64Mi")?
        })
    }

    fn step(&self, to: &str, image: &str, memory: &str) -> Option<Container> {
        Some(Container {
            name: format!("wait-for-{to}"),
            image: super::shared::placed(Image::parse(image).ok()?, self.system.images.as_ref()),
            command: Vec::new(),
            args: Vec::new(),
            workdir: None,
            ports: Vec::new(),
            env: Vec::new(),
            env_from: Vec::new(),
            mounts: Vec::new(),
            resources: resources(memory),
            probes: Probes::default(),
            pre_stop: None,
            security: ContainerSecurity::hardened(Some(DEFAULT_USER)),
            awaits: None,
        })
    }
}

fn resources(memory: &str) -> Resources {
    let amount = |name: &str, text: &str| Some((name.to_owned(), Quantity::parse(text).ok()?));
    let limits: Amounts = amount("memory", memory).into_iter().collect();
    let mut requests = limits.clone();
    requests.extend(amount("cpu", "10m"));
    Resources { requests, limits }
}
