//! Delivery: names, folders and revisions as they will be emitted.

use super::Place;
use crate::diagnostic::{code, listed};
use crate::document::{Finding, Findings, at};
use crate::model::{ArgoCd, Delivery, Destination, Flux, GitReference, OciReference, Project, Source};
use crate::spec::{self, DnsLabel, DnsName, FluxSource, Switch};

/// The cluster that Argo CD runs in, as it knows it.
const IN_CLUSTER: &str = "https://kubernetes.default.svc";
/// Seconds between two looks of Flux unless written.
const INTERVAL: u64 = 600;

pub(super) fn resolve(
    system: &str,
    place: Place<'_>,
    written: Option<&Switch<spec::Delivery>>,
    findings: &mut Findings<'_>,
) -> Option<Delivery> {
    let written = written?.on()?;
    let name = format!("{system}-{}", place.environment);
    match (&written.argocd, &written.flux) {
        (Some(argocd), _) => Some(Delivery::ArgoCd(self::argocd(name, place, argocd))),
        (None, Some(flux)) => self::flux(name, place, flux, findings).map(Delivery::Flux),
        (None, None) => {
            findings.push(
                Finding::error(code::NO_FORM, at!["environment", "delivery"], "`delivery` names no tool")
                    .label("neither `argocd` nor `flux`")
                    .on_key()
                    .help("write `argocd:` or `flux:` with what it needs, or `delivery: false`"),
            );
            None
        }
    }
}

fn argocd(name: String, place: Place<'_>, written: &spec::ArgoCd) -> ArgoCd {
    let sync = written.sync.as_ref();
    let does = |field: fn(&spec::ArgoSync) -> Option<bool>| sync.and_then(field) != Some(false);
    let name = written.name.as_ref().map_or(name, ToString::to_string);
    ArgoCd {
        namespace: written.namespace.as_ref().map_or_else(|| "argocd".into(), DnsLabel::to_string),
        repository: written.repository.to_string(),
        path: written.path.as_ref().map_or(place.output, |path| path).into(),
        revision: written.revision.as_ref().map(ToString::to_string),
        project: project(&name, written.project.as_ref()),
        destination: match (&written.server, &written.cluster) {
            (Some(server), _) => Destination::Server(server.to_string()),
            (None, Some(cluster)) => Destination::Cluster(cluster.to_string()),
            (None, None) => Destination::Server(IN_CLUSTER.into()),
        },
        auto: does(|sync| sync.auto),
        prune: does(|sync| sync.prune),
        self_heal: does(|sync| sync.self_heal),
        in_set: written.set == Some(true),
        name,
    }
}

fn project(application: &str, written: Option<&spec::ArgoProject>) -> Project {
    let name = |name: &DnsName| name.to_string();
    match written.map(|project| (&project.name, &project.existing)) {
        Some((_, Some(existing))) => Project::Existing(name(existing)),
        Some((Some(own), None)) if &**own == "default" => Project::Existing(name(own)),
        Some((Some(own), None)) => Project::Own(name(own)),
        Some((None, None)) | None => Project::Own(application.into()),
    }
}

fn flux(name: String, place: Place<'_>, written: &spec::Flux, findings: &mut Findings<'_>) -> Option<Flux> {
    let usual = match written.source {
        FluxSource::Git => place.output,
        FluxSource::Oci => "",
    };
    Some(Flux {
        name: written.name.as_ref().map_or(name, ToString::to_string),
        namespace: written.namespace.as_ref().map_or_else(|| "flux-system".into(), DnsLabel::to_string),
        source: source(written, findings)?,
        url: written.url.to_string(),
        path: written.path.as_ref().map_or(usual, |path| path).into(),
        interval: written.interval.map_or(INTERVAL, |interval| interval.0),
        prune: written.prune != Some(false),
        secret: written.secret_ref.as_ref().map(ToString::to_string),
        service_account: written.service_account.as_ref().map(ToString::to_string),
        decryption: written.decryption.as_ref().map(ToString::to_string),
    })
}

fn source(written: &spec::Flux, findings: &mut Findings<'_>) -> Option<Source> {
    let (found, fields): (_, &[&str]) = match written.source {
        FluxSource::Git => (git_reference(written).map(Source::Git), &["branch", "tag", "semver", "commit"]),
        FluxSource::Oci => (oci_reference(written).map(Source::Oci), &["tag", "semver", "digest"]),
    };
    refuse_references_of_others(written, fields, findings);
    if found.is_none() {
        let what = match written.source {
            FluxSource::Git => "`branch: main`",
            FluxSource::Oci => "`tag: production`",
        };
        findings.push(
            Finding::error(
                code::NO_FORM,
                at!["environment", "delivery", "flux"],
                "the source of Flux does not say which state it takes",
            )
            .label(format!("none of {}", listed(fields.iter().copied())))
            .on_key()
            .reason("Flux would take the branch `master`, or the tag `latest`")
            .help(format!("write {what}, or another of {}", listed(fields.iter().copied()))),
        );
    }
    found
}

fn git_reference(written: &spec::Flux) -> Option<GitReference> {
    let text = |branch: &spec::Revision| branch.to_string();
    None.or_else(|| written.branch.as_ref().map(|branch| GitReference::Branch(text(branch))))
        .or_else(|| written.tag.as_ref().map(|tag| GitReference::Tag(text(tag))))
        .or_else(|| written.semver.as_ref().map(|range| GitReference::Semver(range.to_string())))
        .or_else(|| written.commit.as_ref().map(|commit| GitReference::Commit(commit.to_string())))
}

fn oci_reference(written: &spec::Flux) -> Option<OciReference> {
    None.or_else(|| written.tag.as_ref().map(|tag| OciReference::Tag(tag.to_string())))
        .or_else(|| written.semver.as_ref().map(|range| OciReference::Semver(range.to_string())))
        .or_else(|| written.digest.as_ref().map(|digest| OciReference::Digest(digest.to_string())))
}

/// A branch of an artifact, or a digest of a Git repository.
fn refuse_references_of_others(written: &spec::Flux, fields: &[&str], findings: &mut Findings<'_>) {
    let all = [
        ("branch", written.branch.is_some()),
        ("commit", written.commit.is_some()),
        ("digest", written.digest.is_some()),
    ];
    for (field, _) in all.into_iter().filter(|(field, written)| *written && !fields.contains(field)) {
        findings.push(
            Finding::error(
                code::DELIVERY_FIELD,
                at!["environment", "delivery", "flux", field],
                format!("`{field}` means nothing with `source: {}`", written.source),
            )
            .label("not of this source")
            .on_key()
            .also(at!["environment", "delivery", "flux", "source"], "the source")
            .help(format!("write one of {}", listed(fields.iter().copied()))),
        );
    }
}
