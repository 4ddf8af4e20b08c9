//! `data-loss`: what was computed with a model and is stored, and does not fit what asks for it from now on.
//!
//! Promises: only what changes is told, and only by names that say so: variables and keys of configuration such as
//! `EMBEDDING_MODEL`, `VECTOR_SIZE` and `QDRANT_COLLECTION`, and the weights of a server that makes vectors. No API
//! server refuses any of it, and nothing fails: the answers are empty, or wrong.

use super::workload::{flag, items, template};
use super::{Class, Comparison, Risk};
use crate::diff::path::at;
use crate::diff::{Change, Field, How};
use crate::kube::Content;

pub(super) fn find(comparison: &Comparison<'_>, risks: &mut Vec<Risk>) {
    for change in comparison.changes.iter().filter(|change| matches!(change.how, How::Changed | How::Renewed { .. })) {
        risks.extend(change.fields.iter().filter_map(|field| setting(change, field)));
        risks.extend(weights(change));
    }
}

/// A variable, or a key of configuration, that says where vectors lie or how they are made.
fn setting(change: &Change, field: &Field) -> Option<Risk> {
    let name = match change.identity.kind.as_str() {
        "ConfigMap" if field.path.is_under(&["data"]) => field.path.last_key()?.to_owned(),
        _ => variable(&field.path.to_string())?.to_owned(),
    };
    field.edit.before().and(field.edit.after())?;
    let (rule, what) = meaning(&name)?;
    Some(told(Risk::of_field(Class::DataLoss, rule, change, field, what)))
}

/// The variable of `spec.template.spec.containers[api].env[NAME].value`.
fn variable(path: &str) -> Option<&str> {
    path.strip_suffix("].value")?.rsplit_once(".env[").map(|(_, name)| name)
}

fn meaning(name: &str) -> Option<(&'static str, &'static str)> {
    let name = name.to_ascii_uppercase().replace(['-', '.'], "_");
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let is_of_vectors = has(&["EMBED", "VECTOR"]);
    if name.ends_with("COLLECTION") || name.ends_with("COLLECTION_NAME") || is_of_vectors && has(&["INDEX"]) {
        Some(("vector-collection", "what is stored under the old name is not asked any more"))
    } else if is_of_vectors && has(&["DIM", "SIZE"]) {
        Some(("vector-size", "vectors that are stored have another size than those that are asked for"))
    } else if has(&["EMBED"]) && has(&["MODEL", "REVISION"]) {
        Some(("vector-model", "vectors that are stored were made by another model than those that are asked for"))
    } else {
        None
    }
}

/// Another model, or another revision of it, in a server that makes vectors.
fn weights(change: &Change) -> Option<Risk> {
    let of = |content| loaded(content, &change.identity.kind);
    let (before, after) = (of(change.before.as_ref()?)?, of(change.after.as_ref()?)?);
    (before != after).then(|| {
        let what = "vectors that are stored were made by another model than those that are asked for";
        let risk = Risk::of(Class::DataLoss, "vector-model", change, what);
        told(risk.at("spec.template.spec", Some(before.join(" ")), Some(after.join(" "))))
    })
}

/// What a server that makes vectors loads: the arguments that name it, and those of the step that fetches it.
fn loaded(content: &Content, kind: &str) -> Option<Vec<String>> {
    let pod = template(content, kind)?.get("spec")?;
    let is_server = |container: &&Content| {
        at(container, &["image"]).and_then(Content::as_str).is_some_and(|image| image.contains("embeddings-inference"))
    };
    let server = items(pod.get("containers")).find(is_server)?;
    let own = ["--model-id", "--revision"].into_iter().filter_map(|name| flag(server, name)).map(str::to_owned);
    let step =
        items(pod.get("initContainers")).find(|step| at(step, &["name"]).and_then(Content::as_str) == Some("model"));
    let fetched = items(step.and_then(|step| step.get("args"))).filter_map(Content::as_str).map(str::to_owned);
    Some(own.chain(fetched).collect())
}

fn told(risk: Risk) -> Risk {
    risk.reason("nothing refuses it and nothing fails: what was stored before is not found, or found wrongly").help(
        "compute what is stored anew, under another name, beside the old; then let what asks for it move to the new \
         name and the new model in one change",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_they_are() {
        let rule = |name| meaning(name).map(|(rule, _)| rule);
        for (name, expected) in [
            ("QDRANT_COLLECTION", Some("vector-collection")),
            ("embedding.dimensions", Some("vector-size")),
            ("VECTOR_SIZE", Some("vector-size")),
            ("EMBEDDING_MODEL", Some("vector-model")),
            ("VECTOR_INDEX", Some("vector-collection")),
            ("COLLECTION_INTERVAL", None),
            ("MODEL", None),
            ("PAGE_SIZE", None),
        ] {
            assert_eq!(rule(name), expected, "{name}");
        }
        assert_eq!(variable("spec.template.spec.containers[api].env[X_Y].value"), Some("X_Y"));
        assert_eq!(variable("spec.template.spec.containers[api].args"), None);
    }
}
