//! Which place in the system or the environment caused a change.
//!
//! Promises: where both documents are known, the place is one that differs between them; where only the new
//! one is, it is the place that the value stands at, or its component. A change that nobody wrote has none.

use super::{Cause, Risk};
use crate::document::{Node, Path, Value};
use crate::source::{Sources, Span};
use std::collections::BTreeMap;

/// A merged document, and the texts that it came from.
#[derive(Clone, Copy)]
pub struct Merged<'a> {
    pub root: &'a Node,
    pub sources: &'a Sources,
}

/// The documents of both sides, as far as they are known, and where they differ.
pub struct Documents<'a> {
    before: Option<Merged<'a>>,
    after: Option<Merged<'a>>,
    edits: Vec<Edit>,
    /// The edits of each component, and those of none, by their position.
    by_component: BTreeMap<Option<String>, Vec<usize>>,
}

/// A place that differs between the documents; or, where only one is known, a value of it.
struct Edit {
    path: Path,
    before: Option<(Span, String)>,
    after: Option<(Span, String)>,
}

impl<'a> Documents<'a> {
    pub fn new(before: Option<Merged<'a>>, after: Option<Merged<'a>>) -> Self {
        let mut edits = Vec::new();
        if let Some(after) = after {
            let mut path = Path::default();
            collect(before.map(|before| before.root), Some(after.root), &mut path, &mut edits);
        }
        let mut by_component: BTreeMap<Option<String>, Vec<usize>> = BTreeMap::new();
        for (at, edit) in edits.iter().enumerate() {
            by_component.entry(edit.component().map(ToString::to_string)).or_default().push(at);
        }
        Self { before, after, edits, by_component }
    }

    /// The place that explains a risk best.
    pub(super) fn cause(&self, risk: &Risk) -> Option<Cause> {
        let best = self.candidates(risk).into_iter().map(|at| &self.edits[at]);
        let best = best.map(|edit| (score(edit, risk), edit)).filter(|(score, _)| *score > 0);
        // The first of the best, in the order of the document.
        let (_, edit) = best.reduce(|best, next| if next.0 > best.0 { next } else { best })?;
        self.place(edit)
    }

    /// Edits of the risk's component and of none, in the order of the document; all, where it has no component.
    fn candidates(&self, risk: &Risk) -> Vec<usize> {
        if risk.component.is_none() {
            return (0..self.edits.len()).collect();
        }
        let of = |component: &Option<String>| self.by_component.get(component).into_iter().flatten().copied();
        let mut all: Vec<usize> = of(&risk.component).chain(of(&None)).collect();
        all.sort_unstable();
        all
    }

    fn place(&self, edit: &Edit) -> Option<Cause> {
        let (span, sources, is_old) = match (&edit.after, &edit.before) {
            (Some((span, _)), _) => (*span, self.after?.sources, false),
            (None, Some((span, _))) => (*span, self.before?.sources, true),
            (None, None) => return None,
        };
        let file = sources.file_of(span)?.path.clone();
        Some(Cause { path: edit.path.to_string(), file, at: sources.position(span), is_old })
    }
}

impl Edit {
    /// The component that it stands in.
    fn component(&self) -> Option<&str> {
        let segments = self.path.segments();
        let of_component = segments.first().is_some_and(|first| first == "components");
        segments.get(1).filter(|_| of_component).map(compact_str::CompactString::as_str)
    }
}

/// The scalars that differ, and what is there on one side alone.
fn collect(before: Option<&Node>, after: Option<&Node>, path: &mut Path, edits: &mut Vec<Edit>) {
    if let (Some(before), Some(after)) = (before, after)
        && same(before, after)
    {
        return;
    }
    let inner = |node: Option<&Node>| -> Vec<String> {
        match node.map(|node| &node.value) {
            Some(Value::Map(map)) => map.keys().map(ToString::to_string).collect(),
            Some(Value::List(items)) => (0..items.len()).map(|at| at.to_string()).collect(),
            _ => Vec::new(),
        }
    };
    let mut keys = inner(after);
    keys.extend(inner(before).into_iter().filter(|key| !keys.contains(key)).collect::<Vec<_>>());
    if keys.is_empty() {
        let word = |node: &Node| (node.span, node.as_text().unwrap_or_default().to_owned());
        edits.push(Edit { path: path.clone(), before: before.map(word), after: after.map(word) });
    }
    for key in keys {
        path.push(&key);
        collect(before.and_then(|node| step(node, &key)), after.and_then(|node| step(node, &key)), path, edits);
        path.pop();
    }
}

fn step<'a>(node: &'a Node, key: &str) -> Option<&'a Node> {
    match &node.value {
        Value::Map(map) => map.get(key).map(|entry| &entry.node),
        Value::List(items) => items.get(key.parse::<usize>().ok()?),
        Value::Null | Value::Scalar(_) => None,
    }
}

/// Whether two values say the same, wherever they stand.
fn same(before: &Node, after: &Node) -> bool {
    match (&before.value, &after.value) {
        (Value::Map(old), Value::Map(new)) => {
            old.len() == new.len()
                && old.iter().all(|(key, entry)| new.get(key).is_some_and(|other| same(&entry.node, &other.node)))
        }
        (Value::List(old), Value::List(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| same(old, new))
        }
        (old, new) => old == new,
    }
}

/// How well a place explains a risk: 0 for not at all.
fn score(edit: &Edit, risk: &Risk) -> u32 {
    let component = edit.component();
    let of_component = component.is_some();
    let is_own = of_component && component == risk.component.as_deref();
    let value = value_score(edit, risk);
    let word = word_score(edit, risk);
    match (is_own, of_component) {
        (true, _) => 10 + value + word,
        (false, true) if risk.component.is_some() => 0,
        // What stands for all may change any of them, where the word or the value says so.
        _ if word > 0 || value > 2 => 1 + value + word,
        _ => 0,
    }
}

fn value_score(edit: &Edit, risk: &Risk) -> u32 {
    let matches = |written: &Option<(Span, String)>, emitted: &Option<String>| match (written, emitted) {
        (Some((_, written)), Some(emitted)) if written.len() > 1 && written == emitted => 4,
        (Some((_, written)), Some(emitted)) if written == emitted => 3,
        (Some((_, written)), Some(emitted)) if written.len() > 2 && is_word_of(written, emitted) => 2,
        _ => 0,
    };
    matches(&edit.before, &risk.before) + matches(&edit.after, &risk.after)
}

/// Whether a text stands in another one as a whole: `v2` in `api:v2`, and not `50m` in `150m`.
fn is_word_of(word: &str, text: &str) -> bool {
    let is_inner = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    text.match_indices(word)
        .any(|(at, _)| !is_inner(text[..at].chars().next_back()) && !is_inner(text[at + word.len()..].chars().next()))
}

fn word_score(edit: &Edit, risk: &Risk) -> u32 {
    let path: Vec<_> = edit.path.segments().iter().map(crate::document::Name::to_lowercase).collect();
    let has = |word: &str| path.iter().any(|segment| segment == word);
    let of_kind = KINDS.iter().any(|(kind, words)| *kind == risk.identity.kind && words.iter().any(|word| has(word)));
    let field = risk.field.to_lowercase();
    let names = field.split(['.', '[', ']']).filter(|name| !name.is_empty());
    let mut of_field = 0;
    for name in names {
        let known = FIELDS.iter().find(|(field, _)| *field == name).map_or(&[][..], |(_, words)| words);
        if has(name) || known.iter().any(|word| has(word)) {
            of_field += 2;
        }
    }
    u32::from(of_kind) * 3 + of_field
}

/// What in a system makes objects of a kind.
const KINDS: &[(&str, &[&str])] = &[
    ("HorizontalPodAutoscaler", &["scale"]),
    ("ScaledObject", &["scale"]),
    ("VerticalPodAutoscaler", &["vertical"]),
    ("PodDisruptionBudget", &["disruption"]),
    ("NetworkPolicy", &["uses", "egress", "network", "expose", "metrics", "ports"]),
    ("CiliumNetworkPolicy", &["egress", "network"]),
    ("Ingress", &["expose", "gateway", "issuer"]),
    ("HTTPRoute", &["expose", "gateway"]),
    ("PersistentVolumeClaim", &["volumes", "cache", "size"]),
    ("StatefulSet", &["volumes", "storage"]),
    ("Cluster", &["storage", "instances", "version", "backup", "parameters"]),
    ("ObjectStore", &["backup"]),
    ("ScheduledBackup", &["backup"]),
    ("ExternalSecret", &["secrets", "secretstore"]),
    ("ConfigMap", &["files", "config"]),
    ("ServiceMonitor", &["metrics"]),
    ("PrometheusRule", &["alerts"]),
    ("Namespace", &["namespace"]),
    ("ResourceQuota", &["quota"]),
    ("LimitRange", &["quota"]),
    ("Service", &["ports", "expose"]),
    ("Role", &["rbac", "permissions"]),
    ("Job", &["migrate", "when"]),
    ("CronJob", &["schedule", "when"]),
];

/// What a field of an object is called in a system.
const FIELDS: &[(&str, &[&str])] = &[
    ("minreplicas", &["min"]),
    ("minreplicacount", &["min"]),
    ("maxreplicas", &["max"]),
    ("maxreplicacount", &["max"]),
    ("replicas", &["replicas", "scale", "singleton"]),
    ("imagename", &["version", "image"]),
    ("image", &["image", "pins", "version", "tag", "digest"]),
    ("strategy", &["rollout"]),
    ("updatestrategy", &["rollout"]),
    ("rollingupdate", &["rollout"]),
    ("maxsurge", &["surge"]),
    ("maxunavailable", &["unavailable", "disruption"]),
    ("terminationgraceperiodseconds", &["grace", "shutdown"]),
    ("startupprobe", &["startup", "health"]),
    ("readinessprobe", &["ready", "health"]),
    ("livenessprobe", &["alive", "live", "health"]),
    ("hostnames", &["host", "hosts", "expose"]),
    ("rules", &["paths", "path", "expose", "alerts"]),
    ("ingressclassname", &["ingressclass"]),
    ("parentrefs", &["gateway"]),
    ("volumeclaimtemplates", &["volumes", "storage"]),
    ("retentionpolicy", &["keep"]),
    ("destinationpath", &["to"]),
    ("nodeselector", &["pool", "placement", "gpu"]),
    ("tolerations", &["pool", "placement", "gpu"]),
    ("topologyspreadconstraints", &["spread"]),
    ("runtimeclassname", &["runtimeclass"]),
    ("priorityclassname", &["priority"]),
    ("securitycontext", &["security"]),
    ("requests", &["resources", "cpu", "memory", "gpu"]),
    ("limits", &["resources", "cpu", "memory", "gpu"]),
    ("secrets", &["secrets", "secret", "from"]),
    ("storageclass", &["class", "storageclasses"]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnostics;
    use crate::kube::Identity;
    use crate::review::{Class, Verdict};

    fn parsed(text: &str) -> (Sources, Node) {
        let mut sources = Sources::new();
        let file = sources.add("system.yaml", text);
        let root = crate::yaml::parse(file, text, &mut Diagnostics::new()).expect("a document").root;
        (sources, root)
    }

    fn risk(field: &str, before: &str, after: &str) -> Risk {
        Risk {
            class: Class::Scaling,
            rule: "scaler-changed",
            identity: Identity {
                api_version: "autoscaling/v2".into(),
                kind: "HorizontalPodAutoscaler".into(),
                namespace: None,
                name: "api".into(),
            },
            component: Some("api".into()),
            field: field.into(),
            before: Some(before.into()),
            after: Some(after.into()),
            what: String::new(),
            reason: String::new(),
            help: None,
            cause: None,
            verdict: Verdict::Shown,
        }
    }

    #[test]
    fn the_cause_is_the_line_that_differs() {
        let (old_sources, old) = parsed("components:\n  api:\n    image: a:1\n    scale: {max: 4}\n");
        let (new_sources, new) = parsed("components:\n  api:\n    image: a:2\n    scale: {max: 6}\n");
        let side = |root, sources| Some(Merged { root, sources });
        let documents = Documents::new(side(&old, &old_sources), side(&new, &new_sources));
        let cause = documents.cause(&risk("spec.maxReplicas", "4", "6")).expect("a cause");
        assert_eq!((cause.path.as_str(), cause.at.line), ("components.api.scale.max", 4));
        // What the other side alone has is found there.
        let (gone_sources, gone) = parsed("components:\n  api:\n    image: a:1\n");
        let documents = Documents::new(side(&old, &old_sources), side(&gone, &gone_sources));
        let cause = documents.cause(&risk("spec.maxReplicas", "4", "")).expect("a cause");
        assert!(cause.is_old);
    }

    #[test]
    fn with_one_document_the_cause_is_where_the_value_stands() {
        let (sources, root) = parsed("components:\n  api:\n    scale: {min: 2, max: 6}\n  web:\n    scale: {max: 6}\n");
        let documents = Documents::new(None, Some(Merged { root: &root, sources: &sources }));
        let cause = documents.cause(&risk("spec.maxReplicas", "4", "6")).expect("a cause");
        assert_eq!((cause.path.as_str(), cause.at.line), ("components.api.scale.max", 3));
    }
}
