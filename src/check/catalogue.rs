//! The catalogue of models: versions that follow one another, promotions that look at something.

use crate::diagnostic::code;
use crate::document::{Finding, Findings, Path, at};
use crate::kube::catalogue::{ADDRESS, ATTRIBUTE, BRANCH, CHANGELOG};
use crate::model::{Component, Model, ModelRelease};

fn releases(model: &Model) -> impl Iterator<Item = (&Component, &ModelRelease)> {
    model.components.values().filter_map(|component| Some((component, component.release.as_ref()?)))
}

/// The version before a release is another one.
pub(super) fn previous_versions_are_others(model: &Model, findings: &mut Findings<'_>) {
    for (component, release) in releases(model) {
        if release.previous.as_ref() != Some(&release.version) {
            continue;
        }
        let place = at!["components", component.key, "release"];
        findings.push(
            Finding::error(
                code::RELEASE_PREVIOUS,
                place.join("previous"),
                format!("`{}` is the version of `{}` before itself", release.version, component.key),
            )
            .label("the same version")
            .also(place.join("version"), "is this one")
            .reason("going back would change nothing, and the definition refuses such a ModelVersion")
            .help("write the version that was served before, or take `previous` away"),
        );
    }
}

/// A promotion without a person holds the version against something.
pub(super) fn promotions_have_criteria(model: &Model, findings: &mut Findings<'_>) {
    for (component, release) in releases(model) {
        let Some(promotion) = &release.promotion else { continue };
        let held = !promotion.at_least.is_empty() || !promotion.at_most.is_empty();
        if held || !promotion.auto {
            continue;
        }
        findings.push(
            Finding::warning(
                code::PROMOTION_UNBOUNDED,
                at!["components", component.key, "release", "promotion"],
                format!("`{}` becomes the version for everybody whatever is measured", component.key),
            )
            .label("no criterion")
            .on_key()
            .help("write `atLeast` or `atMost`, such as `atLeast: {accuracy: 0.9, uptime: 24h}`"),
        );
    }
}

/// The texts of the catalogue are as long as its definitions take them.
pub(super) fn catalogue_texts_fit(model: &Model, findings: &mut Findings<'_>) {
    for (component, release) in releases(model) {
        let place = at!["components", component.key, "release"];
        for (path, text, most) in texts(release) {
            too_long(place.extended(&path), text, most, findings);
        }
        for (name, _, value) in &release.attributes {
            too_long(place.join("attributes").join(name), value, ATTRIBUTE, findings);
        }
    }
    for registry in model.catalogue.iter().flat_map(|catalogue| &catalogue.registries) {
        too_long(at!["registries", registry.name, "endpoint"], &registry.endpoint, ADDRESS, findings);
    }
}

fn texts(release: &ModelRelease) -> Vec<(Vec<&'static str>, &str, u32)> {
    let repository = release.repository.as_ref();
    let named = [
        (vec!["changelog"], release.changelog.as_ref(), CHANGELOG),
        (vec!["repository", "url"], repository.map(|from| &from.url), ADDRESS),
        (vec!["repository", "branch"], repository.and_then(|from| from.branch.as_ref()), BRANCH),
        (vec!["validation", "dataset"], release.validation.as_ref().map(|validation| &validation.dataset), ADDRESS),
        (vec!["monitoring", "path"], release.monitoring.as_ref().and_then(|watched| watched.path.as_ref()), ADDRESS),
    ];
    named.into_iter().filter_map(|(path, text, most)| Some((path, text?.as_str(), most))).collect()
}

fn too_long(place: Path, text: &str, most: u32, findings: &mut Findings<'_>) {
    let length = text.chars().count();
    if length <= most as usize {
        return;
    }
    findings.push(
        Finding::error(code::CATALOGUE_TEXT, place, format!("a text of {length} characters, and {most} are the limit"))
            .label("too long")
            .on_key()
            .reason("the definition of the kind refuses a longer one")
            .help("write less, and where the rest can be read"),
    );
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{api, law, release, strings};
    use super::*;
    use crate::model::ModelPromotion;

    #[test]
    fn the_previous_version_is_another_one() {
        let before = |previous: &'static str| {
            law(previous_versions_are_others).with(move |model| release(model).previous = Some(previous.into()))
        };
        before("v1.0.0").breaks(code::RELEASE_PREVIOUS, "components.api.release.previous");
        before("v0.9.0").keeps();
        law(previous_versions_are_others).with(|model| api(model).release = None).keeps();
    }

    #[test]
    fn texts_are_as_long_as_their_definition_says() {
        let of =
            |length| law(catalogue_texts_fit).with(move |model| release(model).changelog = Some("é".repeat(length)));
        of(65_537).breaks(code::CATALOGUE_TEXT, "components.api.release.changelog");
        of(65_536).keeps();
    }

    #[test]
    fn a_promotion_without_a_person_has_criteria() {
        let promotion = |auto, at_least: &'static [(&'static str, &'static str)]| {
            law(promotions_have_criteria).with(move |model| {
                let promotion = ModelPromotion { auto, at_least: strings(at_least), at_most: strings(&[]) };
                release(model).promotion = Some(promotion);
            })
        };
        promotion(true, &[]).breaks(code::PROMOTION_UNBOUNDED, "components.api.release.promotion");
        promotion(false, &[]).keeps();
        promotion(true, &[("accuracy", "0.9")]).keeps();
    }
}
