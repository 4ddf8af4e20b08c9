//! Work that ends: jobs and migrations.

use super::{Count, Duration, Literal, Resources, record, words};

words! {
    /// When a job without a schedule runs.
    pub enum When {
        /// Before the rollout of what uses it, at every change.
        Release = "release",
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
