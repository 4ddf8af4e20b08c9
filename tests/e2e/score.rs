//! kube-score over what is delivered: what it calls critical is documented, or is wrong.

use crate::Figures;
use crate::cluster::Cluster;
use crate::systems::{documents, root};
use crate::tree::{Tree, items, selects, templates, text};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// The version for which the examples are made, as kube-score wants it.
const VERSION: &str = "v1.35";
/// The worst of its grades.
const CRITICAL: u64 = 1;

/// A check that fails on an object.
struct Finding<'t> {
    tree: &'t Tree,
    object: &'t Value,
    /// What it says about parts of the object.
    comments: &'t [Value],
}

/// When what the page says of a check holds.
type Reason = fn(&Finding<'_>) -> bool;

/// The checks that fail for a reason which `docs/linters.md` gives, and when.
const REASONS: &[(&str, Reason)] = &[
    ("container-image-pull-policy", |_| true),
    ("container-ephemeral-storage-request-and-limit", |_| true),
    ("container-resources", |finding| finding.says_only("CPU limit is not set")),
    ("container-security-context-user-group-id", |finding| finding.is_known_server()),
    ("pod-probes-identical", |finding| finding.is_known_server()),
    ("deployment-has-poddisruptionbudget", |finding| finding.tree.replicas(finding.object).0 < 2),
    ("networkpolicy-targets-pod", |finding| finding.is_operated("/spec/podSelector/matchLabels")),
    ("service-targets-pod", |finding| finding.is_operated("/spec/selector")),
    ("horizontalpodautoscaler-has-target", |finding| text(finding.object, "/spec/scaleTargetRef/kind") == "Rollout"),
];
/// The kinds whose pods kube-score does not know.
const OPERATED: &[&str] = &["Rollout", "JobSet", "LeaderWorkerSet"];

impl Finding<'_> {
    fn says_only(&self, summary: &str) -> bool {
        self.comments.iter().all(|comment| comment["summary"] == summary)
    }

    /// A server that is known runs as its image wants, and answers at one address.
    fn is_known_server(&self) -> bool {
        let component = &self.object["metadata"]["labels"]["app.kubernetes.io/component"];
        ["model", "redis", "postgres"].iter().any(|kind| component == kind)
    }

    /// Whether a selector names pods that kube-score does not know: an operator makes them, or a controller adds the label.
    fn is_operated(&self, selector: &str) -> bool {
        let selector = &self.object.pointer(selector).cloned().unwrap_or_default();
        let operated = OPERATED.iter().flat_map(|kind| self.tree.of_kind(kind)).flat_map(templates);
        let mut operated = operated.map(|template| &template["metadata"]["labels"]);
        let flagger = text(selector, "/app.kubernetes.io~1name").strip_suffix("-primary");
        self.tree.has("Cluster", text(selector, "/cnpg.io~1cluster"))
            || flagger.is_some_and(|name| self.tree.has("Canary", name))
            || ADDED.iter().any(|label| selector.get(label).is_some())
            || operated.any(|labels| selector.is_null() || selects(selector, labels))
    }
}

/// Labels of the solvers of cert-manager, of the pods of a StatefulSet and of those of a LeaderWorkerSet.
const ADDED: &[&str] =
    &["acme.cert-manager.io/http01-solver", "apps.kubernetes.io/pod-index", "leaderworkerset.sigs.k8s.io/worker-index"];

/// A system in an environment, and whether it is one that shows how it is done.
pub(crate) struct Subject<'s> {
    pub(crate) name: String,
    pub(crate) is_example: bool,
    /// The file with all of its objects.
    pub(crate) built: &'s Path,
}

/// Counts what is critical and documented; an error where something is not.
pub(crate) fn judge(cluster: &Cluster, suite: &'static str, of: &Subject<'_>, figures: &Figures) -> Result<(), String> {
    let stream = std::fs::read_to_string(of.built).map_err(shown)?;
    let tree = Tree { name: of.name.clone(), objects: documents(&stream)? };
    let documented = Documented::read(of.is_example)?;
    let mut wrong = Vec::new();
    for scored in items(&report(cluster, of.built)?, "") {
        let Some(object) = tree.objects.iter().find(|object| is_of(object, scored)) else { continue };
        figures.add(suite, "objects judged by kube-score", 1);
        for check in items(scored, "/checks").iter().filter(|check| is_critical(check)) {
            let id = text(check, "/check/id");
            let finding = Finding { tree: &tree, object, comments: items(check, "/comments") };
            if documented.gives(id, &finding) {
                figures.add(suite, format!("times {id} is critical to kube-score, as documented"), 1);
            } else {
                wrong.push(format!("{}: {id}: {}", Tree::name_of(object), check["comments"]));
            }
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(format!("critical to kube-score\n{}", wrong.join("\n"))) }
}

/// What is written about checks.
struct Documented {
    page: String,
    /// What cases weaken themselves.
    exceptions: String,
    is_example: bool,
}

impl Documented {
    fn read(is_example: bool) -> Result<Self, String> {
        let read = |path: &str| std::fs::read_to_string(root().join(path)).map_err(shown);
        Ok(Self { page: read("docs/linters.md")?, exceptions: read("tests/linters/exceptions.txt")?, is_example })
    }

    /// Whether the page gives the reason. Where a check depends on what the author writes, only the cases may fail it.
    fn gives(&self, id: &str, finding: &Finding<'_>) -> bool {
        let id_in_page = format!("`{id}`");
        let Some(row) = self.page.lines().find(|line| line.starts_with("| `") && line.contains(&id_in_page)) else {
            return false;
        };
        let key = row.split('`').nth(1).unwrap_or_default();
        let exception = format!("{key} {} {}: ", finding.tree.name, Tree::name_of(finding.object));
        (row.contains("| **law**") && !self.is_example)
            || self.exceptions.lines().any(|line| line.starts_with(&exception))
            || REASONS.iter().any(|(check, reason)| *check == id && reason(finding))
    }
}

fn report(cluster: &Cluster, built: &Path) -> Result<Value, String> {
    let mut command = Command::new(cluster.built.join("bin/kube-score"));
    command.args(["score", "--output-format", "json", "--kubernetes-version", VERSION]).arg(built);
    let output = command.output().map_err(shown)?;
    serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("kube-score: {error}: {}", String::from_utf8_lossy(&output.stderr)))
}

fn is_of(object: &Value, scored: &Value) -> bool {
    object["kind"] == scored["type_meta"]["kind"] && object["metadata"]["name"] == scored["object_meta"]["name"]
}

fn is_critical(check: &Value) -> bool {
    check["grade"] == CRITICAL && check["skipped"] == false
}

fn shown(error: impl std::fmt::Display) -> String {
    error.to_string()
}
