//! Work that ends: jobs and migrations.

use super::{
    Count, Duration, EnvKey, EnvValue, Gpu, ImageText, Int, Literal, Named, Placement, Positive, QualifiedName,
    Resources, Switch, Text, record, words,
};

words! {
    /// When a job without a schedule runs.
    pub enum When {
        /// Before the rollout of what uses it, at every change of that or of its own.
        Release = "release",
        /// Once, and again only when its own content changes.
        Once = "once",
        /// When somebody starts it by hand.
        Manual = "manual",
        /// When the system is removed, by Argo CD; any other delivery has no such hook.
        Removal = "removal",
    }
}

words! {
    /// What happens to a failed pod of a job.
    pub enum Restart {
        /// A new pod is made.
        Never = "never",
        /// The container is started again in its pod.
        OnFailure = "on-failure",
    }
}

words! {
    /// What happens when a run is due while the last one is still running.
    pub enum Concurrency {
        /// It is left out.
        Forbid = "forbid",
        /// It takes the place of the running one.
        Replace = "replace",
        /// Both run.
        Allow = "allow",
    }
}

record! {
    /// What a failed pod means, by how it failed. The first rule that matches counts.
    pub struct FailureRule as "failure rule" {
        /// What follows.
        req action "action": FailureAction,
        /// Exit codes of a container.
        opt on_exit_codes "onExitCodes": ExitCodes,
        /// Conditions of the pod that are true, such as `DisruptionTarget`.
        opt on_pod_conditions "onPodConditions": Vec<QualifiedName>,
    }
    forms ["onExitCodes", "onPodConditions"]
}

words! {
    /// What follows from a failed pod.
    pub enum FailureAction {
        /// The job has failed, whatever `retries` says.
        FailJob = "FailJob",
        /// A new pod, which does not count as a retry.
        Ignore = "Ignore",
        /// A new pod, which counts as a retry.
        Count = "Count",
    }
}

record! {
    /// Exit codes of a container.
    pub struct ExitCodes as "exit codes" {
        /// The container; any of the pod unless written.
        opt container "containerName": Text,
        /// `In` unless written.
        opt operator "operator": ExitOperator,
        /// The codes.
        req values "values": Vec<ExitCode>,
    }
}

/// An exit code of a process.
pub type ExitCode = Int<0, 255>;

words! {
    /// How an exit code is compared.
    pub enum ExitOperator {
        /// It is one of these.
        In = "In",
        /// It is none of these, and not 0.
        NotIn = "NotIn",
    }
}

record! {
    /// A part of a distributed training: how many pods, and what differs in them from the component.
    pub struct TrainingPart as "training part" {
        /// How many pods: 1 unless written.
        opt replicas "replicas": Positive,
        /// The container image.
        opt image "image": ImageText,
        /// The program.
        opt command "command": Vec<Literal>,
        /// Its arguments.
        opt args "args": Vec<Literal>,
        /// Environment variables, laid over those of the component.
        opt env "env": Named<EnvKey, EnvValue>,
        /// What one pod asks for and may take, laid over that of the component.
        opt resources "resources": Resources,
        /// GPUs of one pod.
        opt gpu "gpu": Switch<Gpu>,
        /// Where its pods run.
        opt placement "placement": Placement,
    }
}

record! {
    /// A release job with everything of the backend but ports and health.
    pub struct Migrate as "migration" {
        /// The program to run.
        req command "command": Vec<Literal>,
        /// Its arguments.
        opt args "args": Vec<Literal>,
        /// `init` makes it an init step of the backend in the place of a job.
        opt form "as": MigrateForm,
        /// What it asks for and may take; the backend's unless written.
        opt resources "resources": Resources,
        /// Time after which it has failed: 10m unless written.
        opt timeout "timeout": Duration,
        /// How often a failed run is tried again: 3 unless written.
        opt retries "retries": Count,
    }
}

words! {
    /// What a migration becomes.
    pub enum MigrateForm {
        /// A job of its own, once a change.
        Job = "job",
        /// An init step of every pod.
        Init = "init",
    }
}
