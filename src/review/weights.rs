//! `inert`: weights of another source that stay as they were, since the claim that keeps them has files of their names.
//!
//! Promises: told where the step that copies the weights of a model reads from somewhere else, and writes to the same
//! folder of the same claim. The copy goes by names and sizes, and fine-tuned weights have those of what they were made
//! from; and what only the old source has stays between the new. Where pods share the claim, those of the old version
//! read what the new one writes.

use super::workload::{items, template};
use super::{Class, Comparison, Risk};
use crate::diff::path::at;
use crate::diff::{Change, How};
use crate::kube::Content;

/// The step before a model server that fetches its weights.
const STEP: &str = "model";

pub(super) fn find(comparison: &Comparison<'_>, risks: &mut Vec<Risk>) {
    let changed = comparison.changes.iter().filter(|change| matches!(change.how, How::Changed | How::Renewed { .. }));
    risks.extend(changed.filter_map(kept));
}

fn kept(change: &Change) -> Option<Risk> {
    let of = |content| Copy::of(content, &change.identity.kind);
    let (before, after) = (of(change.before.as_ref()?)?, of(change.after.as_ref()?)?);
    if before.from == after.from || before.to != after.to || before.file() != after.file() {
        return None;
    }
    let (claim, folder) = after.to;
    let what = format!(
        "the weights of before stay in `{folder}` of the claim `{claim}`: files of the same size are not copied"
    );
    let risk = Risk::of(Class::Inert, "kept-weights", change, what);
    let risk =
        risk.at("spec.template.spec.initContainers[model]", Some(before.from.join(" ")), Some(after.from.join(" ")));
    Some(
        risk.reason("the copy goes by names and sizes, and fine-tuned weights have those of what they were made from")
            .help(
                "give the new weights a `revision`, which has a folder of its own; or keep them in another volume \
                 (`model.cache`)",
            ),
    )
}

/// What is copied, and where to.
struct Copy {
    from: Vec<String>,
    /// The claim, and the folder as the step sees it.
    to: (String, String),
}

impl Copy {
    fn of(content: &Content, kind: &str) -> Option<Self> {
        let pod = template(content, kind)?.get("spec")?;
        let step = items(pod.get("initContainers")).find(|step| text(step, "name") == Some(STEP))?;
        let words = ["command", "args"].into_iter().flat_map(|list| items(step.get(list)).filter_map(Content::as_str));
        let words: Vec<&str> = words.chain(addresses(step)).collect();
        let to = *words.iter().rfind(|word| word.starts_with('/'))?;
        let claim = claim(pod, step, to)?;
        let from = words.iter().filter(|word| **word != to).map(|word| (*word).to_owned()).collect();
        Some(Self { from, to: (claim.to_owned(), to.to_owned()) })
    }

    /// The name of the file where the source is one, and no folder: another name is copied beside the old.
    fn file(&self) -> Option<&str> {
        let (_, name) = self.from.iter().find_map(|word| word.strip_suffix(".gguf"))?.rsplit_once('/')?;
        Some(name)
    }
}

/// Where the step reads, as far as its variables say it.
fn addresses(step: &Content) -> impl Iterator<Item = &str> {
    let named = items(step.get("env")).filter(|variable| {
        text(variable, "name").is_some_and(|name| name.ends_with("_URL") || name.ends_with("_ENDPOINT"))
    });
    named.filter_map(|variable| text(variable, "value")).filter(|address| !address.starts_with('/'))
}

/// The claim that holds a folder; none where it goes with the pod.
fn claim<'a>(pod: &'a Content, step: &Content, folder: &str) -> Option<&'a str> {
    let is_above = |mount: &&Content| text(mount, "mountPath").is_some_and(|path| folder.starts_with(path));
    let mount = items(step.get("volumeMounts")).filter(is_above).max_by_key(|mount| text(mount, "mountPath"))?;
    let volume = items(pod.get("volumes")).find(|volume| text(volume, "name") == text(mount, "name"))?;
    at(volume, &["persistentVolumeClaim", "claimName"])?.as_str()
}

fn text<'a>(content: &'a Content, key: &str) -> Option<&'a str> {
    content.get(key)?.as_str()
}
