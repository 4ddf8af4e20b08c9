//! Where images come from, and whether they may become others.

use crate::diff::Change;
use crate::diff::path::{at, text_at};
use crate::kube::{Content, Object};
use crate::model::image::parts;
use crate::review::workload::Workload;
use crate::review::{Class, Risk};
use std::collections::{BTreeMap, BTreeSet};

/// The registries that the images of some objects come from.
pub(super) fn registries(objects: &[Object]) -> BTreeSet<String> {
    objects.iter().flat_map(images).map(|image| registry(&image)).collect()
}

/// What is new about the images of an object.
pub(super) fn risks(change: &Change, old: Option<&Object>, new: &Object, registries: &BTreeSet<String>) -> Vec<Risk> {
    let bare = |image: &str| parts(image).0.to_owned();
    let before: BTreeMap<String, String> =
        old.map(images).unwrap_or_default().into_iter().map(|image| (bare(&image), image)).collect();
    let mut found = Vec::new();
    for image in images(new) {
        let known = before.get(&bare(&image));
        if known != Some(&image) {
            let risk = |(rule, what, reason, help): Concern| {
                Risk::of(Class::Security, rule, change, what)
                    .at("image", known.cloned(), Some(image.clone()))
                    .reason(reason)
                    .help(help)
            };
            found.extend(concerns(&image, known, registries).into_iter().map(risk));
        }
    }
    found
}

/// A rule, what happens, why, and what to do.
type Concern = (&'static str, String, &'static str, &'static str);

fn concerns(image: &str, known: Option<&String>, registries: &BTreeSet<String>) -> Vec<Concern> {
    let mut found = Vec::new();
    let host = registry(image);
    let (_, tag, digest) = parts(image);
    if !registries.is_empty() && !registries.contains(&host) {
        found.push((
            "new-registry",
            format!("images come from `{host}` for the first time"),
            "who can write there decides what runs here",
            "see that the registry is trusted, or mirror the image",
        ));
    }
    if known.is_some_and(|known| parts(known).2.is_some()) && digest.is_none() {
        found.push((
            "digest-dropped",
            "the image is no longer pinned by its digest".into(),
            "a tag can be moved to another image at any time",
            "pin it: `images.pins`",
        ));
    }
    if digest.is_none() && tag.is_none_or(|tag| tag == "latest") {
        found.push((
            "moving-tag",
            format!("`{image}` may be another image tomorrow"),
            "`latest`, or no tag, moves with every push",
            "name a version, or pin the digest",
        ));
    }
    found
}

fn images(object: &Object) -> Vec<String> {
    let of_database = text_at(&object.content, &["spec", "imageName"]);
    let of_pods = Workload::of(object).into_iter().flat_map(|workload| workload.containers());
    let of_pods = of_pods.filter_map(|container| at(container, &["image"]).and_then(Content::as_str));
    of_pods.chain(of_database).map(str::to_owned).collect()
}

/// The part before the first `/`, where it is a host.
fn registry(image: &str) -> String {
    match image.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host.to_owned(),
        _ => "docker.io".into(),
    }
}
