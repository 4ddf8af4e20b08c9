//! Versions of PostgreSQL: images, and where each keeps its data.
//!
//! A bare major version is pinned to a minor one and to one release of Debian: the sort order of texts
//! follows the C library, so that a newer Debian under the same data breaks indexes.

use crate::diagnostic::{code, listed};
use crate::document::{Finding, at};
use crate::resolve::Completion;
use crate::spec::{Component, Feature, ImageText, Literal};

/// The minor version for each major one: those that CloudNativePG 1.30 runs.
const PINNED: &[(&str, &str)] = &[("14", "14.24"), ("15", "15.19"), ("16", "16.15"), ("17", "17.11"), ("18", "18.6")];

fn pinned(version: &str) -> Option<&'static str> {
    PINNED.iter().find(|(major, _)| *major == version).map(|(_, minor)| *minor)
}

/// The leading number.
pub(super) fn major(version: &str) -> Option<u32> {
    let end = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    version[..end].parse().ok()
}

/// The image of the project itself.
pub(super) fn plain_image(version: Option<&Literal>) -> Option<ImageText> {
    let version = &version?.0;
    let tag = pinned(version).map_or_else(|| version.clone(), |minor| format!("{minor}-trixie"));
    Some(ImageText(format!("postgres:{tag}")))
}

/// The image that CloudNativePG's instances run: with pgvector and pgaudit, without the tools of the
/// retired built-in backup.
pub(super) fn operator_image(version: Option<&Literal>) -> Option<ImageText> {
    let version = &version?.0;
    let tag = match pinned(version) {
        Some(minor) => format!("{minor}-standard-trixie"),
        None if version.contains('-') => version.clone(),
        None => format!("{version}-standard-trixie"),
    };
    Some(ImageText(format!("ghcr.io/cloudnative-pg/postgresql:{tag}")))
}

/// The user of the image: Debian's and Alpine's differ.
pub(super) fn user(image: Option<&ImageText>) -> i64 {
    let tag = image.and_then(|image| image.rsplit_once(':')).map_or("", |(_, tag)| tag);
    if tag.contains("alpine") { 70 } else { 999 }
}

/// Where the volume is mounted, and the folder in it that holds the data. Since 18 the image keeps each
/// major version in a folder of its own.
pub(super) fn data(version: Option<&Literal>) -> (&'static str, String) {
    match version.and_then(|version| major(&version.0)) {
        Some(major) if major >= 18 => ("/var/lib/postgresql", format!("/var/lib/postgresql/{major}/docker")),
        _ => ("/var/lib/postgresql/data", "/var/lib/postgresql/data/pgdata".into()),
    }
}

/// A version that is none, or that the operator does not run.
pub(super) fn report(key: &str, component: &Component, cx: &mut Completion<'_, '_>) {
    let Some(version) = &component.version else { return };
    let known = || PINNED.iter().map(|(major, _)| *major);
    let path = at!["components", key, "version"];
    let finding = match major(&version.0) {
        None => Finding::error(code::WRONG_TYPE, path, format!("`{}` is not a version of PostgreSQL", version.0))
            .label("does not start with a number")
            .help(format!("write a major version: {}", listed(known()))),
        Some(major) if cx.target.has(Feature::CloudnativePg) && !known().any(|known| known == major.to_string()) => {
            Finding::error(code::OUT_OF_RANGE, path, format!("CloudNativePG does not run PostgreSQL {major}"))
                .label("not a version that the operator runs")
                .help(format!("versions are {}", listed(known())))
        }
        Some(_) => return,
    };
    cx.findings.push(finding);
}
