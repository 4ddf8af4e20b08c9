//! Images where this environment takes them from: its versions first, then its registries.
//!
//! Promises: every image that runs, generated ones too, comes through [`placed`], once. A name of Docker
//! Hub is the same image in its short and its long form: `redis` and `docker.io/library/redis`.

use super::Resolver;
use crate::document::at;
use crate::model::{Image, PinnedImage};
use crate::spec::{ImageKey, Images, Named, Pin, RepositoryText};
use std::borrow::Cow;

/// The registry of names without one, and the place of those without a path.
const HUB: &str = "docker.io";
const LIBRARY: &str = "library";

/// An image with its pin, at the place that its longest rewritten prefix gives.
pub(super) fn placed(image: Image, images: Option<&Images>) -> Image {
    let Some(images) = images else { return image };
    let pinned = pinned(image, images.pins.as_ref());
    match rewritten(&pinned.repository, images.rewrite.as_ref()) {
        Some(repository) => Image { repository, ..pinned },
        None => pinned,
    }
}

/// An image that is written beside a newer one: a pin of the whole repository is about the newer one, so
/// only one that names the tag counts.
pub(super) fn placed_as_written(image: Image, images: Option<&Images>) -> Image {
    let images = images.cloned().map(|mut images| {
        images.pins.iter_mut().for_each(|pins| pins.retain(|key, _| split(key).1.is_some()));
        images
    });
    placed(image, images.as_ref())
}

/// A pin that says neither tag nor digest pins nothing.
pub(super) fn refuse_empty_pins(cx: &mut Resolver<'_, '_>) {
    let pins = cx.system.images.as_ref().and_then(|images| images.pins.as_ref());
    for (key, _) in pins.into_iter().flatten().filter(|(_, pin)| pin.tag.is_none() && pin.digest.is_none()) {
        cx.no_form(&at!["images", "pins", key], "a pin", "`tag` or `digest`");
    }
}

/// The pins as the emitted images show them; without those of components that are off here.
pub(super) fn pins(cx: &Resolver<'_, '_>) -> Vec<PinnedImage> {
    let images = cx.system.images.as_ref();
    let off = cx.components.iter().filter(|(key, _)| !cx.is_enabled(key)).filter_map(|(_, off)| off.image.as_deref());
    let off: Vec<String> =
        off.filter_map(|text| Some(full(&Image::parse(text).ok()?.repository).into_owned())).collect();
    let pins = images.and_then(|images| images.pins.as_ref()).into_iter().flatten();
    pins.map(|(key, pin)| (key, split(key), pin))
        .filter(|(_, (repository, _), _)| !off.iter().any(|off| *off == full(repository)))
        .map(|(key, (repository, tag), pin)| PinnedImage {
            key: key.clone(),
            repository: rewritten(repository, images.and_then(|images| images.rewrite.as_ref()))
                .map_or_else(|| full(repository).into_owned(), |placed| full(&placed).into_owned()),
            tag: pin.tag.as_ref().map(ToString::to_string).or_else(|| tag.map(str::to_owned)),
            digest: pin.digest.as_ref().map(ToString::to_string),
        })
        .collect()
}

fn rewritten(repository: &str, rewrite: Option<&Named<ImageKey, RepositoryText>>) -> Option<String> {
    let full = full(repository);
    // The shorter the rest behind a prefix, of the written name or of the full one, the longer the prefix.
    let rest = |prefix: &str| behind(prefix, &full).or_else(|| behind(prefix, repository)).map(str::to_owned);
    let matching = rewrite.into_iter().flatten().filter_map(|(prefix, instead)| Some((rest(prefix)?, instead)));
    let (rest, instead) = matching.min_by_key(|(rest, _)| rest.len())?;
    Some(format!("{instead}{rest}"))
}

/// What stands behind a prefix that ends at a slash, so that `example.com/a` is none of `example.com/ab`.
fn behind<'r>(prefix: &str, repository: &'r str) -> Option<&'r str> {
    repository.strip_prefix(prefix).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The name with its registry. Source: `ParseNormalizedNamed` of `distribution/reference`.
pub(crate) fn full(repository: &str) -> Cow<'_, str> {
    let of_hub = |path: &str| {
        if path.contains('/') { format!("{HUB}/{path}") } else { format!("{HUB}/{LIBRARY}/{path}") }
    };
    match repository.split_once('/') {
        Some((HUB | "index.docker.io", path)) => of_hub(path).into(),
        Some((first, _)) if first == "localhost" || first.contains(['.', ':']) => repository.into(),
        Some(_) | None => of_hub(repository).into(),
    }
}

/// The repository and the tag of a key.
fn split(key: &str) -> (&str, Option<&str>) {
    let name = key.rfind('/').map_or(0, |slash| slash + 1);
    match key[name..].split_once(':') {
        Some((short, tag)) => (&key[..name + short.len()], Some(tag)),
        None => (key, None),
    }
}

/// A pin by the image's name and tag, else by its name.
fn pinned(image: Image, pins: Option<&Named<ImageKey, Pin>>) -> Image {
    let wanted = full(&image.repository).into_owned();
    let of = |tag: Option<&str>| {
        let mut pins = pins.into_iter().flatten().map(|(key, pin)| (split(key), pin));
        pins.find(|((repository, tagged), _)| *tagged == tag && full(repository) == wanted).map(|(_, pin)| pin)
    };
    let Some(pin) = image.tag.as_deref().and_then(|tag| of(Some(tag))).or_else(|| of(None)) else { return image };
    let tag = pin.tag.as_ref().map(ToString::to_string).or_else(|| image.tag.clone());
    // The digest that is written belongs to the tag beside it.
    let own = image.digest.filter(|_| tag == image.tag);
    Image { tag, digest: pin.digest.as_ref().map(ToString::to_string).or(own), ..image }
}

#[cfg(test)]
mod tests {
    use crate::resolve::sample::sample;

    const A: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    /// Where an image comes from, with these `images`.
    fn placed(image: &str, images: &str) -> String {
        let system = format!("components:\n  api: {{kind: backend, image: \"{image}\"}}\nimages: {images}\n");
        sample(&system, "").clean().workload("api").pod.main.image.to_string()
    }

    #[test]
    fn the_longest_prefix_wins_and_ends_at_a_slash() {
        let rewrite = "{rewrite: {r.example.com: m.example.com, r.example.com/a: n.example.com/x}}";
        assert_eq!(placed("r.example.com/a/api:v1", rewrite), "n.example.com/x/api:v1");
        assert_eq!(placed("r.example.com/ab/api:v1", rewrite), "m.example.com/ab/api:v1");
        assert_eq!(placed("s.example.com/api:v1", rewrite), "s.example.com/api:v1");
        assert_eq!(placed("r.example.com:5000/api:v1", rewrite), "r.example.com:5000/api:v1");
    }

    #[test]
    fn short_names_are_those_of_docker_hub() {
        let rewrite =
            "{rewrite: {docker.io: m.example.com/hub, docker.io/team: n.example.com, bitnami: b.example.com}}";
        assert_eq!(placed("redis:7", rewrite), "m.example.com/hub/library/redis:7");
        assert_eq!(placed("docker.io/redis:7", rewrite), "m.example.com/hub/library/redis:7");
        assert_eq!(placed("team/api:1", rewrite), "n.example.com/api:1");
        assert_eq!(placed("bitnami/redis:7", rewrite), "b.example.com/redis:7");
        assert_eq!(placed("localhost/api:1", rewrite), "localhost/api:1");
        let pins = format!("{{pins: {{docker.io/library/redis: {{digest: \"{A}\"}}}}}}");
        assert_eq!(placed("redis:7", &pins), format!("redis:7@{A}"));
    }

    #[test]
    fn a_pin_holds_for_every_tag_or_for_its_own() {
        let pins = format!(
            "{{rewrite: {{r.example.com: m.example.com}}, pins: {{r.example.com/api: {{tag: v2, digest: \"{A}\"}}, \
             \"r.example.com/api:v1\": {{digest: \"{B}\"}}}}}}"
        );
        assert_eq!(placed("r.example.com/api:v0", &pins), format!("m.example.com/api:v2@{A}"));
        assert_eq!(placed("r.example.com/api:v1", &pins), format!("m.example.com/api:v1@{B}"));
        assert_eq!(placed("r.example.com/api", &pins), format!("m.example.com/api:v2@{A}"));
        assert_eq!(placed("r.example.com/api2:v1", &pins), "m.example.com/api2:v1");
    }

    #[test]
    fn a_digest_stays_with_its_tag() {
        let written = format!("r.example.com/api:v1@{A}");
        assert_eq!(placed(&written, "{pins: {r.example.com/api: {tag: v2}}}"), "r.example.com/api:v2");
        assert_eq!(placed(&written, "{pins: {r.example.com/api: {tag: v1}}}"), written);
        let both = format!("{{pins: {{r.example.com/api: {{digest: \"{B}\"}}}}}}");
        assert_eq!(placed(&written, &both), format!("r.example.com/api:v1@{B}"));
    }

    #[test]
    fn a_pin_pins_something() {
        let found = sample("components:\n  api: {kind: backend, image: \"a:1\"}\nimages: {pins: {a: {}}}\n", "");
        assert_eq!(found.at(crate::diagnostic::code::NO_FORM), ["images.pins.a"]);
    }
}
