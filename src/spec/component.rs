//! A component: every field that some kind has. Which kind has which is [`Kind::has`].

use super::{
    Alerts, Auth, Backup, Cidr, ComponentKey, Concurrency, Count, Cron, Dashboard, Disruption, DnsLabel, DnsName,
    Duration, Egress, EnvKey, EnvSource, EnvValue, EvictionPolicy, FailureRule, Files, Gpu, Health, Host, ImageText,
    InitStep, Kind, LabelKey, Literal, Metrics, Migrate, Model, ModelRelease, MountPath, Named, Names, OneOrMore,
    OutputKey, ParameterKey, PartKey, Patches, Placement, PodPeer, Pooler, Port, PortKey, Positive, RedisEngine,
    RedisMode, Resources, Restart, Rollout, Route, Runtime, Scale, Security, Service, Shutdown, Sidecar, Storage,
    Switch, Text, TimeZone, TrainingPart, Use, Vertical, Volume, When, record,
};
use crate::model::quantity::Quantity;

record! {
    /// A part of the system.
    pub struct Component as "component" {
        /// What it is.
        req kind "kind": Kind,
        /// The name of its objects, where it must differ from the key.
        opt name "name": DnsLabel,
        /// `false` removes it here.
        opt enabled "enabled": bool,
        /// Profiles and other components to start from, in this order; its own fields are laid over them.
        opt like "like": OneOrMore<Text>,
        /// For people.
        opt description "description": Text,
        /// Labels on all objects of the component.
        opt labels "labels": Named<LabelKey, Literal>,
        /// Annotations on all objects of the component.
        opt annotations "annotations": Named<LabelKey, Literal>,
        /// Labels on its pods.
        opt pod_labels "podLabels": Named<LabelKey, Literal>,
        /// Annotations on its pods.
        opt pod_annotations "podAnnotations": Named<LabelKey, Literal>,
        /// The container image, with a tag or digest.
        opt image "image": ImageText,
        /// Secrets for the registry.
        opt pull_secrets "pullSecrets": Vec<DnsName>,
        /// The program, in place of the image's entry point.
        opt command "command": Vec<Literal>,
        /// Its arguments; on a model, redis or postgres they replace generated ones that they repeat.
        opt args "args": Vec<Literal>,
        /// The working directory.
        opt workdir "workdir": MountPath,
        /// Ports by name; probes and routes refer to them.
        opt ports "ports": Named<PortKey, Port>,
        /// Environment variables.
        opt env "env": Named<EnvKey, EnvValue>,
        /// All keys of secrets and configs as variables, by a name of one's own.
        opt env_from "envFrom": Named<PartKey, EnvSource>,
        /// Files by path; a path that ends with `/` is a folder.
        opt files "files": Files,
        /// Volumes by name.
        opt volumes "volumes": Named<PartKey, Volume>,
        /// What it asks for and may take.
        opt resources "resources": Resources,
        /// Probes.
        opt health "health": Switch<Health>,
        /// Steps before the start, in the order of writing.
        opt init "init": Named<PartKey, InitStep>,
        /// Containers beside the main one: up before the steps and the main container, down after them.
        opt sidecars "sidecars": Named<PartKey, Sidecar>,
        /// How its pods go down.
        opt shutdown "shutdown": Shutdown,
        /// Who its containers run as and what they may do.
        opt security "security": Security,
        /// Other components it speaks to.
        opt uses "uses": Names<ComponentKey, Use>,
        /// The Service in front of it; `false` for none.
        opt service "service": Switch<Service>,
        /// A route from outside; short for `routes: {main: …}`.
        opt expose "expose": Switch<Route>,
        /// Routes from outside, by name.
        opt routes "routes": Switch<Named<PartKey, Switch<Route>>>,
        /// What it may reach outside the graph, by name.
        opt egress "egress": Named<PartKey, Egress>,
        /// Where Prometheus finds its metrics.
        opt metrics "metrics": Switch<Metrics>,
        /// How many pods: 1 unless written. Of a redis the first takes the writes, the others follow it.
        opt replicas "replicas": Count,
        /// One pod and never two: recreated, no disruption budget, no scaling.
        opt singleton "singleton": bool,
        /// Horizontal scaling.
        opt scale "scale": Switch<Scale>,
        /// Vertical scaling.
        opt vertical "vertical": Switch<Vertical>,
        /// How many pods a drain may take.
        opt disruption "disruption": Switch<Disruption>,
        /// GPUs of one pod.
        opt gpu "gpu": Switch<Gpu>,
        /// Where its pods run.
        opt placement "placement": Placement,
        /// How a new version comes.
        opt rollout "rollout": Rollout,
        /// When somebody is told, by a name of your own; `false` for none.
        opt alerts "alerts": Alerts,
        /// A dashboard of Grafana; `true` for every panel that it has something to show in.
        opt dashboard "dashboard": Switch<Dashboard>,
        /// Its identity in the cluster.
        opt service_account "serviceAccount": ServiceAccount,
        /// backend, agent: a job before each rollout, with everything of the component but ports and health.
        opt migrate "migrate": Switch<Migrate>,
        /// Changes to what this component emits, for what the language has no field for.
        opt patches "patches": Patches,
        /// model: the server.
        opt runtime "runtime": Runtime,
        /// model: what is served.
        opt model "model": Model,
        /// model: `false` leaves out the arguments that the compiler generates.
        opt runtime_args "runtimeArgs": bool,
        /// model, agent: the version of the model that it serves, for the catalogue; `false` for none.
        opt release "release": Switch<ModelRelease>,
        /// postgres, redis: the version of the server.
        opt version "version": Literal,
        /// postgres: the database to create.
        opt database "database": Text,
        /// postgres: the user who owns it; the database's name unless written.
        opt owner "owner": Text,
        /// postgres: how many instances: 1 unless written.
        opt instances "instances": Positive,
        /// postgres, and redis as `queue` or `state`: where the data lie.
        opt storage "storage": Storage,
        /// postgres: a volume of its own for the write-ahead log.
        opt wal "wal": Storage,
        /// postgres: extensions to create in the database.
        opt extensions "extensions": Vec<Text>,
        /// postgres: parameters of the server.
        opt parameters "parameters": Named<ParameterKey, Literal>,
        /// postgres: backups.
        opt backup "backup": Switch<Backup>,
        /// postgres: connection pooling.
        opt pooler "pooler": Switch<Pooler>,
        /// postgres: how many standbys must have each write.
        opt synchronous "synchronous": Count,
        /// postgres: the secret of the superuser, who is off unless written.
        opt superuser "superuser": DnsName,
        /// postgres, redis: the secret with the login.
        opt auth "auth": Switch<Auth>,
        /// redis: what it is for.
        opt mode "mode": RedisMode,
        /// redis: the server; `valkey` unless written.
        opt engine "engine": RedisEngine,
        /// redis: `maxmemory`; the limit of the container follows.
        opt memory "memory": Quantity,
        /// redis: what goes when memory is full.
        opt policy "policy": EvictionPolicy,
        /// job: when it runs, as a cron schedule.
        opt schedule "schedule": Cron,
        /// job: the time zone of the schedule; UTC unless written.
        opt timezone "timezone": TimeZone,
        /// job: when it runs, without a schedule.
        opt when "when": When,
        /// job: time after which it has failed.
        opt timeout "timeout": Duration,
        /// job: how often a failed run is tried again: 3 unless written.
        opt retries "retries": Count,
        /// job: what happens to a failed pod: `never` unless written.
        opt restart "restart": Restart,
        /// job: what happens when runs overlap: `forbid` unless written.
        opt concurrency "concurrency": Concurrency,
        /// job: how many finished runs are kept: 3 unless written.
        opt keep "keep": Count,
        /// job: what a failed pod means, by names of one's own; needs `restart: never`.
        opt failure_policy "failurePolicy": Named<PartKey, FailureRule>,
        /// job: a queue of `target.kueue.queues`, in which it waits until there is room for all its pods.
        opt queue "queue": DnsLabel,
        /// job: how many pods at once: 1 unless written.
        opt parallelism "parallelism": Positive,
        /// job: how many pods must succeed.
        opt completions "completions": Positive,
        /// job: each pod has an index.
        opt indexed "indexed": bool,
        /// job: the part of a distributed training that leads: the first of its pods is the leader.
        opt master "master": TrainingPart,
        /// job: the other pods of a distributed training.
        opt workers "workers": TrainingPart,
        /// external: its host name.
        opt host "host": Host,
        /// external: further host names.
        opt hosts "hosts": Vec<Host>,
        /// external: the address ranges where it lives.
        opt cidrs "cidrs": Vec<Cidr>,
        /// external: its pods, where it runs in this cluster.
        opt pods "pods": PodPeer,
        /// external: outputs by name, in the place of those that follow from `host` and `ports`.
        opt outputs "outputs": Named<OutputKey, Literal>,
        /// external: `true` gives a Service of the component's name that stands for `host`.
        opt alias "alias": bool,
    }
    exclusive [["replicas", "scale", "singleton"], ["schedule", "when"], ["cidrs", "pods"]]
    moves [("expose", "routes", "main")]
}

record! {
    /// The component's identity in the cluster.
    pub struct ServiceAccount as "service account" {
        /// Its name; the component's unless written.
        opt name "name": DnsName,
        /// One that exists already; none is created.
        opt existing "existing": DnsName,
        /// Annotations, such as the role of a cloud.
        opt annotations "annotations": Named<LabelKey, Literal>,
        /// `true`: its token is mounted.
        opt token "token": bool,
        /// Rights by name.
        opt roles "roles": Named<PartKey, Role>,
    }
}

record! {
    /// Rights of a service account.
    pub struct Role as "role" {
        /// What it may do.
        req rules "rules": Vec<RoleRule>,
        /// In the whole cluster.
        opt cluster "cluster": bool,
    }
}

record! {
    /// One rule of a role, as in Kubernetes.
    pub struct RoleRule as "rule" {
        /// API groups; `""` is the core group.
        req api_groups "apiGroups": Vec<Literal>,
        /// Resources.
        req resources "resources": Vec<Text>,
        /// Names of single objects.
        opt resource_names "resourceNames": Vec<Text>,
        /// Verbs.
        req verbs "verbs": Vec<Text>,
    }
}
