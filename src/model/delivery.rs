//! What brings the output to the cluster.

/// The tool that delivers, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    ArgoCd(ArgoCd),
    Flux(Flux),
}

/// An Application of Argo CD.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own in Argo CD")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgoCd {
    /// `<system>-<environment>` unless written.
    pub name: String,
    /// The namespace of Argo CD.
    pub namespace: String,
    pub repository: String,
    /// From the root of that repository.
    pub path: String,
    /// The default branch without one.
    pub revision: Option<String>,
    pub project: Project,
    pub destination: Destination,
    /// Sync at every change.
    pub auto: bool,
    pub prune: bool,
    pub self_heal: bool,
    /// One ApplicationSet with the other environments that say so.
    pub in_set: bool,
}

/// What bounds the rights of an Application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Project {
    /// Emitted with the rights that the output needs.
    Own(String),
    /// Somebody else keeps it; `default` is one of them.
    Existing(String),
}

impl Project {
    pub fn name(&self) -> &str {
        let (Self::Own(name) | Self::Existing(name)) = self;
        name
    }
}

/// A cluster as Argo CD knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    Server(String),
    Cluster(String),
}

/// A source of Flux, and its Kustomizations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flux {
    /// `<system>-<environment>` unless written.
    pub name: String,
    /// The namespace of the source and the Kustomizations.
    pub namespace: String,
    pub source: Source,
    pub url: String,
    /// From the root of the source; empty for the root itself.
    pub path: String,
    /// Seconds between two looks.
    pub interval: u64,
    pub prune: bool,
    /// The Secret with the login.
    pub secret: Option<String>,
    pub service_account: Option<String>,
    /// The Secret with the keys for SOPS.
    pub decryption: Option<String>,
}

/// Which state of the source is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Git(GitReference),
    Oci(OciReference),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GitReference {
    Branch(String),
    Tag(String),
    Semver(String),
    Commit(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OciReference {
    Tag(String),
    Semver(String),
    Digest(String),
}
