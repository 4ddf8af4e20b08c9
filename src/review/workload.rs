//! What an object that runs pods says of them: how many, how they are replaced, how long they take.

use super::{Side, number};
use crate::diff::path::{at, text_at};
use crate::kube::{Content, Identity, Object};

/// Kinds that run pods and keep them running.
pub(super) const LASTING: &[&str] =
    &["Deployment", "StatefulSet", "DaemonSet", "Rollout", "LeaderWorkerSet", "ReplicaSet", "Cluster"];
/// Kinds that scale another.
const SCALERS: &[&str] = &["HorizontalPodAutoscaler", "ScaledObject"];

/// An object that runs pods.
pub(super) struct Workload<'a> {
    pub object: &'a Object,
    pub spec: &'a Content,
}

impl<'a> Workload<'a> {
    /// The workload that an object is.
    pub(super) fn of(object: &'a Object) -> Option<Self> {
        let known = LASTING.contains(&object.identity.kind.as_str())
            || matches!(object.identity.kind.as_str(), "Job" | "CronJob");
        let spec = object.content.get("spec").filter(|_| known)?;
        Some(Self { object, spec })
    }

    pub(super) fn kind(&self) -> &'a str {
        &self.object.identity.kind
    }

    /// The template of its pods.
    pub(super) fn template(&self) -> Option<&'a Content> {
        template(&self.object.content, self.kind())
    }

    /// The spec of its pods.
    pub(super) fn pod(&self) -> Option<&'a Content> {
        self.template()?.get("spec")
    }

    /// The containers, those of initialisation first.
    pub(super) fn containers(&self) -> impl Iterator<Item = &'a Content> + use<'a> {
        let pod = self.pod();
        ["initContainers", "containers"].into_iter().flat_map(move |key| items(pod.and_then(|pod| pod.get(key))))
    }

    /// How many pods run at the least and at the most.
    pub(super) fn replicas(&self, side: &Side<'_>) -> (i64, i64) {
        if let Some((least, most)) = self.scaler(side).and_then(bounds) {
            return (least, most);
        }
        let written = match self.kind() {
            "Cluster" => number(self.spec, &["instances"]),
            "Job" => number(self.spec, &["parallelism"]),
            "CronJob" => number(self.spec, &["jobTemplate", "spec", "parallelism"]),
            _ => number(self.spec, &["replicas"]),
        };
        let replicas = written.unwrap_or(1);
        (if self.kind() == "CronJob" { 0 } else { replicas }, replicas)
    }

    /// What scales it.
    pub(super) fn scaler(&self, side: &Side<'a>) -> Option<&'a Object> {
        let identity = &self.object.identity;
        let scalers = side.scalers.get(&(identity.namespace.as_deref(), identity.name.as_str()))?;
        let is_meant = |scaler: &Object| {
            text_at(&scaler.content, &["spec", "scaleTargetRef", "kind"]).is_none_or(|kind| kind == self.kind())
        };
        scalers.iter().copied().find(|scaler| is_meant(scaler))
    }
}

/// The name of what an object scales, with the object, where it is a scaler.
pub(super) fn scaled(object: &Object) -> Option<(&str, &Object)> {
    let is_scaler = SCALERS.contains(&object.identity.kind.as_str());
    let target = text_at(&object.content, &["spec", "scaleTargetRef", "name"]).filter(|_| is_scaler)?;
    Some((target, object))
}

/// The template of the pods of an object of some kind.
pub(super) fn template<'a>(content: &'a Content, kind: &str) -> Option<&'a Content> {
    match kind {
        "CronJob" => at(content, &["spec", "jobTemplate", "spec", "template"]),
        "LeaderWorkerSet" => at(content, &["spec", "leaderWorkerTemplate", "workerTemplate"]),
        "Pod" => Some(content),
        _ => at(content, &["spec", "template"]),
    }
}

impl Side<'_> {
    /// Whether something on this side runs pods that a selector finds; with nothing that runs, that is not known.
    pub(super) fn has_pods(&self, selector: &Content) -> bool {
        let labels = |object: &Object| {
            let template = template(&object.content, &object.identity.kind)?;
            at(template, &["metadata", "labels"]).cloned()
        };
        let mut all = self.objects().iter().filter_map(labels).peekable();
        all.peek().is_none() || all.any(|labels| selects(selector, &labels))
    }
}

/// Whether a map of labels has all of a selector.
pub(super) fn selects(selector: &Content, labels: &Content) -> bool {
    let Content::Map(wanted) = selector else { return false };
    wanted.iter().all(|(key, value)| labels.get(key) == Some(value))
}

/// The items of a list, none where it is no list.
pub(super) fn items(value: Option<&Content>) -> impl Iterator<Item = &Content> {
    let items: &[Content] = if let Some(Content::List(items)) = value { items } else { &[] };
    items.iter()
}

/// The value of a flag among the arguments of a container: `--name=value`, or `--name value`.
pub(super) fn flag<'a>(container: &'a Content, name: &str) -> Option<&'a str> {
    let mut args = items(container.get("args")).filter_map(Content::as_str);
    loop {
        let arg = args.next()?;
        match arg.strip_prefix(name) {
            Some("") => return args.next(),
            Some(rest) if rest.starts_with('=') => return rest.strip_prefix('='),
            _ => {}
        }
    }
}

/// The entries of a map, none where it is no map.
pub(super) fn entries(value: Option<&Content>) -> impl Iterator<Item = (&str, &Content)> {
    let entries: &[(crate::kube::Key, Content)] = if let Some(Content::Map(entries)) = value { entries } else { &[] };
    entries.iter().map(|(key, value)| (key.as_str(), value))
}

/// The least and the greatest count of a scaler.
pub(super) fn bounds(scaler: &Object) -> Option<(i64, i64)> {
    let spec = scaler.content.get("spec")?;
    match scaler.identity.kind.as_str() {
        "HorizontalPodAutoscaler" => {
            Some((number(spec, &["minReplicas"]).unwrap_or(1), number(spec, &["maxReplicas"])?))
        }
        "ScaledObject" => {
            let least = number(spec, &["minReplicaCount"]).unwrap_or(0);
            let idle = number(spec, &["idleReplicaCount"]).unwrap_or(least);
            Some((least.min(idle), number(spec, &["maxReplicaCount"]).unwrap_or(100)))
        }
        _ => None,
    }
}

/// A name as a person says it: `Deployment ai/api`.
pub(super) fn said(identity: &Identity) -> String {
    match &identity.namespace {
        Some(namespace) => format!("{} {namespace}/{}", identity.kind, identity.name),
        None => format!("{} {}", identity.kind, identity.name),
    }
}
