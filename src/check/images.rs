//! Images: the same reference is the same program.

use super::places::{Site, containers, workloads};
use super::risk;
use crate::diagnostic::{code, nearest};
use crate::document::{Finding, Findings, at};
use crate::model::{Body, Image, Model, VolumeSource};
use crate::resolve::images::full;

/// An image has a tag other than `latest`, or a digest: otherwise two pods of one version may run
/// different programs, and a rollback brings nothing back.
pub(super) fn images_do_not_float(model: &Model, findings: &mut Findings<'_>) {
    for (site, image) in images(model) {
        if !image.is_floating() {
            continue;
        }
        let place = site.at(findings, &["image"]);
        let what = if image.tag.is_some() { "the moving tag `latest`" } else { "no tag" };
        let message = format!("the image of {} has {what}", site.subject(&place));
        findings.push(
            Finding::judged(risk(model), code::IMAGE_FLOATING, place, message)
                .label(format!("`{image}` may change under the same name"))
                .reason(
                    "pods that start later may run something else, and a rollback does not bring the old image back",
                )
                .help(format!("write a version, such as `{}:v1.4.2`, or pin it under `images.pins`", image.repository)),
        );
    }
}

/// The image of a volume is the same program too.
pub(super) fn image_volumes_do_not_float(model: &Model, findings: &mut Findings<'_>) {
    for (component, pod) in workloads(model) {
        for volume in &pod.volumes {
            let VolumeSource::Image(image) = &volume.source else { continue };
            let place = at!["components", component.key, "volumes", volume.name, "image"];
            if image.is_floating() {
                let message = format!("the image `{image}` of the volume `{}` may change", volume.name);
                findings.push(
                    Finding::judged(risk(model), code::IMAGE_FLOATING, place, message)
                        .label("no version")
                        .reason("pods that start later may see other files")
                        .help("write a version, or a digest"),
                );
            }
        }
    }
}

/// A pin that matches nothing is a slip in its key, and the image that was meant runs as it is written.
pub(super) fn pins_pin_an_image(model: &Model, findings: &mut Findings<'_>) {
    let mut used: Vec<&Image> = images(model).into_iter().map(|(_, image)| image).collect();
    for (_, pod) in workloads(model) {
        used.extend(pod.volumes.iter().filter_map(|volume| match &volume.source {
            VolumeSource::Image(image) => Some(image),
            _ => None,
        }));
    }
    for pin in &model.pins {
        let matches = |image: &&Image| {
            full(&image.repository) == pin.repository
                && (pin.tag.is_none() || image.tag == pin.tag)
                && (pin.digest.is_none() || image.digest == pin.digest)
        };
        if used.iter().any(matches) {
            continue;
        }
        let place = at!["images", "pins", pin.key];
        let finding = Finding::warning(code::PIN_UNUSED, place, format!("no image is pinned by `{}`", pin.key))
            .label("matches nothing")
            .on_key()
            .reason("the image that was meant runs as it is written");
        let same_name = |image: &&&Image| full(&image.repository) == pin.repository;
        findings.push(match used.iter().find(same_name) {
            Some(image) => finding.help(format!("the image is `{image}`; write its tag, or the key without a tag")),
            None => match nearest(&pin.repository, used.iter().map(|image| image.repository.as_str())) {
                Some(near) => finding.help(format!("a similar image is `{near}`")),
                None => finding.help("write the image as components write it, before `rewrite`; or take the pin away"),
            },
        });
    }
}

fn images(model: &Model) -> Vec<(Site<'_>, &Image)> {
    let mut all: Vec<_> = containers(model).into_iter().map(|(site, container)| (site, &container.image)).collect();
    for component in model.components.values() {
        if let Body::Cluster(cluster) = &component.body {
            all.push((Site::main(component), &cluster.image));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{cluster, container, law, main, pod};
    use super::*;
    use crate::diagnostic::Severity;
    use crate::spec::Tier;
    use serde_json::json;

    #[test]
    fn a_moving_image_is_an_error_in_production_only() {
        let floating = |tier| {
            law(images_do_not_float)
                .with(|model| {
                    model.tier = tier;
                    main(model).image = Image::parse("api:latest").unwrap();
                })
                .breaks(code::IMAGE_FLOATING, "components.api.image")
                .severity
        };
        assert_eq!(floating(Tier::Production), Severity::Error);
        assert_eq!((floating(Tier::Staging), floating(Tier::Development)), (Severity::Warning, Severity::Warning));
    }

    #[test]
    fn a_digest_pins_whatever_the_tag_says() {
        let digest = "0".repeat(64);
        law(images_do_not_float)
            .with(|model| main(model).image = Image::parse(&format!("api:latest@sha256:{digest}")).unwrap())
            .keeps();
    }

    #[test]
    fn an_inherited_image_is_reported_once() {
        law(images_do_not_float)
            .written(&json!({"components": {"api": {"image": "api", "init": {"a": {}, "b": {}}}}}))
            .with(|model| {
                main(model).image = Image::parse("api").unwrap();
                for name in ["a", "b"] {
                    let mut step = container(name);
                    step.image = Image::parse("api").unwrap();
                    pod(model).init.push(step);
                }
            })
            .breaks(code::IMAGE_FLOATING, "components.api.image");
    }

    #[test]
    fn images_of_operators_count_too() {
        law(images_do_not_float)
            .with(|model| cluster(model).image = Image::parse("postgres").unwrap())
            .breaks(code::IMAGE_FLOATING, "components.db.image");
    }
}
