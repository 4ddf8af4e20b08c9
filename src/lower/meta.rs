//! Names, labels and selectors that all parts share.
//!
//! Selectors use `app.kubernetes.io/name` and `part-of` only, and never change.

use super::job::{JobReference, job_reference};
use super::pod::identities;
use crate::kube::Phase;
use crate::model::{Body, Component, Controller, Edge, MetricSource, Model, RedisQueue, Strings};
use crate::spec::Kind;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement, ObjectMeta};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// What every part sees.
pub(crate) struct Lowering<'a> {
    pub(crate) model: &'a Model,
    /// Edges by the key of the component where they start.
    from: BTreeMap<&'a str, Vec<&'a Edge>>,
    /// Edges by the key of the component where they end.
    to: BTreeMap<&'a str, Vec<&'a Edge>>,
    /// The first component that uses each account to be created.
    accounts: BTreeMap<&'a str, &'a str>,
    /// What scalers read in each redis, by its key.
    queues: BTreeMap<&'a str, Vec<&'a RedisQueue>>,
    /// The jobs that may be waited for, each named once: a name follows from those that its job waits for.
    jobs: BTreeMap<&'a str, OnceLock<Option<JobReference>>>,
}

pub(crate) const NAME: &str = "app.kubernetes.io/name";
pub(crate) const COMPONENT: &str = "app.kubernetes.io/component";
pub(crate) const PART_OF: &str = "app.kubernetes.io/part-of";
pub(crate) const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// The label that CloudNativePG puts on every pod of a cluster: instances, their jobs, poolers.
pub(crate) const CNPG_CLUSTER: &str = "cnpg.io/cluster";

impl<'a> Lowering<'a> {
    pub(crate) fn new(model: &'a Model) -> Self {
        let (mut from, mut to) = (BTreeMap::<&str, Vec<&Edge>>::new(), BTreeMap::<&str, Vec<&Edge>>::new());
        for edge in &model.edges {
            from.entry(&edge.from).or_default().push(edge);
            to.entry(&edge.to).or_default().push(edge);
        }
        Self { model, from, to, accounts: accounts(model), queues: queues(model), jobs: jobs(model) }
    }

    /// The job of a component under the name that it is emitted with; `None` where no job bears one.
    pub(crate) fn job(&self, key: &str) -> Option<&JobReference> {
        self.jobs.get(key)?.get_or_init(|| job_reference(self, key)).as_ref()
    }

    /// True where this component is the one that an account is created with.
    pub(crate) fn creates(&self, component: &Component, account: &str) -> bool {
        self.accounts.get(account).is_some_and(|first| *first == component.key)
    }

    /// The queues in this redis by which components are scaled.
    pub(crate) fn read_by_scalers(&self, redis: &Component) -> impl Iterator<Item = &'a RedisQueue> {
        self.queues.get(redis.key.as_str()).into_iter().flatten().copied()
    }

    /// The edges that start at a component.
    pub(crate) fn edges_from(&self, key: &str) -> impl Iterator<Item = &'a Edge> {
        self.from.get(key).into_iter().flatten().copied()
    }

    /// The edges that end at a component.
    pub(crate) fn edges_to(&self, key: &str) -> impl Iterator<Item = &'a Edge> {
        self.to.get(key).into_iter().flatten().copied()
    }

    pub(crate) fn namespace(&self) -> &str {
        &self.model.namespace.name
    }

    /// Metadata of an object of the system as a whole, in the namespace.
    pub(crate) fn system_meta(&self, name: &str) -> ObjectMeta {
        let mut labels = self.model.labels.clone();
        labels.insert(PART_OF.into(), self.model.system.clone());
        labels.insert(MANAGED_BY.into(), "windlass".into());
        self.meta(name, labels, self.model.annotations.clone())
    }

    /// Metadata of an object of a component, in the namespace.
    pub(crate) fn component_meta(&self, component: &Component, name: &str) -> ObjectMeta {
        let mut labels = self.model.labels.clone();
        labels.extend(component.labels.clone());
        labels.extend(self.standard_labels(component));
        let mut annotations = self.model.annotations.clone();
        annotations.extend(component.annotations.clone());
        self.meta(name, labels, annotations)
    }

    fn meta(&self, name: &str, labels: Strings, annotations: Strings) -> ObjectMeta {
        ObjectMeta {
            name: Some(name.into()),
            namespace: Some(self.namespace().into()),
            labels: Some(labels),
            annotations: Some(annotations).filter(|annotations| !annotations.is_empty()),
            ..ObjectMeta::default()
        }
    }

    /// The recommended labels of Kubernetes.
    pub(crate) fn standard_labels(&self, component: &Component) -> Strings {
        Strings::from([
            (NAME.into(), component.name.clone()),
            (COMPONENT.into(), component.kind.text().into()),
            (PART_OF.into(), self.model.system.clone()),
            (MANAGED_BY.into(), "windlass".into()),
        ])
    }

    /// Labels of the pods of a component; `name` is the component's, or that of a job of it, so that
    /// no Service selects the pods of jobs.
    pub(crate) fn pod_labels(&self, component: &Component, name: &str, own: &Strings) -> Strings {
        let mut labels = own.clone();
        labels.extend(self.standard_labels(component));
        labels.insert(NAME.into(), name.into());
        labels
    }

    /// The labels by which the pods called `name` are selected.
    pub(crate) fn selector_labels(&self, name: &str) -> Strings {
        Strings::from([(NAME.into(), name.into()), (PART_OF.into(), self.model.system.clone())])
    }

    pub(crate) fn selector(&self, name: &str) -> LabelSelector {
        LabelSelector { match_labels: Some(self.selector_labels(name)), ..LabelSelector::default() }
    }

    /// All pods of a component that stay, whatever their version: those that Flagger makes bear another name.
    pub(crate) fn all_pods(&self, component: &Component) -> LabelSelector {
        if !component.is_by_flagger() {
            return self.selector(pod_name(component));
        }
        let names = vec![component.name.clone(), format!("{}-primary", component.name)];
        let named = LabelSelectorRequirement { key: NAME.into(), operator: "In".into(), values: Some(names) };
        LabelSelector {
            match_labels: Some(Strings::from([(PART_OF.into(), self.model.system.clone())])),
            match_expressions: Some(vec![named]),
        }
    }
}

/// Components may share an account, which is then created with the first of them.
fn accounts(model: &Model) -> BTreeMap<&str, &str> {
    let mut accounts = BTreeMap::new();
    for component in model.components.values() {
        for identity in identities(component).into_iter().filter(|identity| identity.create) {
            accounts.entry(identity.account.as_str()).or_insert(component.key.as_str());
        }
    }
    accounts
}

fn jobs(model: &Model) -> BTreeMap<&str, OnceLock<Option<JobReference>>> {
    let single = |component: &&Component| {
        let controller = component.workload().map(|workload| &workload.controller);
        matches!(controller, Some(Controller::Job(_) | Controller::JobSet(_)))
    };
    let jobs = model.components.values().filter(single);
    jobs.map(|component| (component.key.as_str(), OnceLock::new())).collect()
}

fn queues(model: &Model) -> BTreeMap<&str, Vec<&RedisQueue>> {
    let mut queues: BTreeMap<&str, Vec<&RedisQueue>> = BTreeMap::new();
    let metrics =
        model.components.values().filter_map(|component| component.scale.as_ref()).flat_map(|scale| &scale.metrics);
    for metric in metrics {
        if let MetricSource::RedisStream { redis, .. } | MetricSource::RedisList { redis, .. } = &metric.source {
            queues.entry(&redis.component).or_default().push(redis);
        }
    }
    queues
}

/// The name label of a component's pods: that of the component.
pub(crate) fn pod_name(component: &Component) -> &str {
    &component.name
}

/// When the objects of a component are delivered.
pub(crate) fn phase(component: &Component) -> Phase {
    let release = matches!(
        component.workload().map(|workload| &workload.controller),
        Some(Controller::Job(_) | Controller::JobSet(_))
    );
    match component.kind {
        Kind::Job if release => Phase::Releases,
        Kind::Postgres | Kind::Redis | Kind::Store => Phase::Stores,
        Kind::Model => Phase::Models,
        Kind::Backend | Kind::Job => Phase::Backends,
        Kind::Agent => Phase::Agents,
        // The alias of an external is only a name.
        Kind::External => Phase::Configuration,
        Kind::Frontend => Phase::Frontends,
    }
}

/// True where the component's pods belong to an operator.
pub(crate) fn is_operated(component: &Component) -> bool {
    matches!(component.body, Body::Cluster(_))
}
