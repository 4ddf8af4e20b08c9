//! Delivery: that the tool finds the output, takes it, and has the rights that it needs and no others.

use super::risk;
use crate::diagnostic::{code, nearest};
use crate::document::{Finding, Findings, Path, at};
use crate::model::{
    ArgoCd, Body, Delivery, Flux, GitReference, Model, Naming, OciReference, Project, SecretOrigin, Source,
};
use crate::spec::is_commit;

/// Git repositories are no artifacts of a registry, and the other way round.
pub(super) fn addresses_suit_the_tool(model: &Model, findings: &mut Findings<'_>) {
    let (path, url, wants_oci) = match &model.delivery {
        Some(Delivery::ArgoCd(delivery)) => (argocd().join("repository"), &delivery.repository, false),
        Some(Delivery::Flux(delivery)) => {
            (flux().join("url"), &delivery.url, matches!(delivery.source, Source::Oci(_)))
        }
        None => return,
    };
    if url.starts_with("oci://") == wants_oci {
        return;
    }
    let finding = Finding::error(code::DELIVERY_URL, path, format!("`{url}` is not what this delivery takes"));
    findings.push(match (&model.delivery, wants_oci) {
        (Some(Delivery::Flux(_)), true) => finding
            .label("not an address of a registry")
            .also(flux().join("source"), "an artifact in a registry")
            .reason("an OCIRepository takes only addresses that start with `oci://`")
            .help("write `oci://` before the registry and the repository, or `source: git`"),
        (Some(Delivery::Flux(_)), false) => finding
            .label("an address of a registry")
            .also(flux().join("source"), "a Git repository")
            .reason("a GitRepository is fetched over HTTPS or SSH")
            .help("write `source: oci`, or the address of the Git repository"),
        _ => finding
            .label("an address of a registry")
            .reason("the output is published to a Git repository, from which Argo CD takes it by its path")
            .help("write the address of the Git repository"),
    });
}

/// A folder that is nearly that of the output is a slip; another one may be where it is published to.
pub(super) fn folders_are_those_of_the_output(model: &Model, findings: &mut Findings<'_>) {
    let (path, written) = match &model.delivery {
        Some(Delivery::ArgoCd(delivery)) => (argocd().join("path"), &delivery.path),
        Some(Delivery::Flux(delivery)) => (flux().join("path"), &delivery.path),
        None => return,
    };
    let output = model.output.as_str();
    // The same folder below another root is where it is published to.
    let is_below =
        |one: &str, other: &str| one.strip_suffix(other).is_some_and(|root| root.is_empty() || root.ends_with('/'));
    let is_there = is_below(output, written) || is_below(written, output);
    if !is_there && nearest(written, [output]).is_some() {
        findings.push(
            Finding::warning(code::DELIVERY_PATH, path, format!("the output does not go to `{written}`"))
                .label("nearly the folder of the output")
                .reason(format!(
                    "the output of `{}` goes to `{output}`; from a folder that is not there nothing is delivered",
                    model.environment
                ))
                .help(format!("write `{output}`, or take `path` away"))
                .suggest(output, false),
        );
    }
}

/// What is published later never comes.
pub(super) fn deliveries_move(model: &Model, findings: &mut Findings<'_>) {
    let (path, what) = match &model.delivery {
        Some(Delivery::ArgoCd(ArgoCd { revision: Some(revision), .. })) if is_commit(revision) => {
            (argocd().join("revision"), "commit")
        }
        Some(Delivery::Flux(Flux { source: Source::Git(GitReference::Commit(_)), .. })) => {
            (flux().join("commit"), "commit")
        }
        Some(Delivery::Flux(Flux { source: Source::Oci(OciReference::Digest(_)), .. })) => {
            (flux().join("digest"), "digest")
        }
        _ => return,
    };
    findings.push(
        Finding::judged(
            crate::diagnostic::Severity::Warning,
            code::DELIVERY_PINNED,
            path,
            format!("the delivery stays at one {what}"),
        )
        .label(format!("this {what}, and no later one"))
        .reason("what is published from now on, this field included, does not arrive")
        .help(format!("name a branch or a tag, or publish each new {what} to whatever applies the delivery")),
    );
}

/// Argo CD undoes nothing where it does not sync by itself.
pub(super) fn healing_goes_with_syncing(model: &Model, findings: &mut Findings<'_>) {
    let Some(Delivery::ArgoCd(delivery)) = &model.delivery else { return };
    if delivery.auto {
        return;
    }
    for field in ["prune", "selfHeal"] {
        let path = argocd().join("sync").join(field);
        if findings.is_written(&path) {
            findings.push(
                Finding::error(code::DELIVERY_FIELD, path, format!("`{field}` has no effect with `auto: false`"))
                    .label("a part of syncing by itself")
                    .on_key()
                    .also(argocd().join("sync").join("auto"), "nothing is synced by itself")
                    .reason(
                        "without `automated` an Application is synced by hand, and each time it is said what is pruned",
                    )
                    .help(format!("take `{field}` away, or `auto: false`")),
            );
        }
    }
}

/// The project that every Argo CD has allows every repository, cluster and kind, until somebody changes it.
pub(super) fn projects_bound_what_they_hold(model: &Model, findings: &mut Findings<'_>) {
    let Some(Delivery::ArgoCd(ArgoCd { project: Project::Existing(name), .. })) = &model.delivery else { return };
    if name != "default" {
        return;
    }
    findings.push(
        Finding::judged(
            risk(model),
            code::DELIVERY_PROJECT,
            argocd().join("project"),
            "the project `default` allows everything",
        )
        .label("every repository, every cluster, every kind")
        .reason(
            "who may write to the repository could then deliver to any namespace, roles of the whole cluster included",
        )
        .help(
            "take `project` away: one with the rights that the output needs is emitted; or name one that somebody \
             keeps, `{existing: NAME}`",
        ),
    );
}

/// Flux opens them with a key that it is told; Argo CD does not open anything.
pub(super) fn somebody_opens_what_sops_encrypted(model: &Model, findings: &mut Findings<'_>) {
    let secret = model.secrets.values().find(|secret| matches!(secret.origin, SecretOrigin::Sops(_)));
    let Some(secret) = secret else { return };
    let place = at!["secrets", secret.name, "from"];
    match &model.delivery {
        Some(Delivery::Flux(Flux { decryption: None, .. })) => findings.push(
            Finding::error(code::DELIVERY_SEALED, place, format!("nothing opens the secret `{}`", secret.name))
                .label("encrypted by SOPS")
                .also(flux(), "without `decryption`")
                .reason(
                    "Flux opens it only with a key that the Kustomization names; otherwise it is refused as it stands",
                )
                .help("write `delivery.flux.decryption: NAME`, the Secret with the key in the namespace of Flux"),
        ),
        Some(Delivery::ArgoCd(_)) => findings.push(
            Finding::judged(
                risk(model),
                code::DELIVERY_SEALED,
                place,
                format!("Argo CD does not open the secret `{}`", secret.name),
            )
            .label("encrypted by SOPS")
            .also(argocd(), "what delivers")
            .reason("without a plugin that does, the encrypted text is applied, and taken for the value")
            .help("write `from: sealed` or `from: store`; or allow it where a plugin opens it"),
        ),
        _ => {}
    }
}

/// Argo CD runs it when all that it delivered is gone.
pub(super) fn removal_jobs_stand_alone(model: &Model, findings: &mut Findings<'_>) {
    for edge in &model.edges {
        let job = model.component(&edge.from).and_then(|component| component.workload()?.controller.job());
        let is_removal = job.is_some_and(|job| job.naming == Naming::Removal);
        let is_gone = model.component(&edge.to).is_some_and(|used| !matches!(used.body, Body::External(_)));
        if is_removal && is_gone {
            findings.push(
                Finding::error(
                    code::REMOVAL_ALONE,
                    at!["components", edge.from, "uses", edge.to],
                    format!("`{}` is gone when the job `{}` runs", edge.to, edge.from),
                )
                .label("removed before")
                .on_key()
                .also(at!["components", edge.from, "when"], "runs after everything is removed")
                .reason("Argo CD runs the job when all other objects are deleted, and waits for its end")
                .help(format!(
                    "do without `{}`, or write `when: manual` and start the job before the removal",
                    edge.to
                )),
            );
        }
    }
}

fn argocd() -> Path {
    at!["environment", "delivery", "argocd"]
}

fn flux() -> Path {
    at!["environment", "delivery", "flux"]
}
