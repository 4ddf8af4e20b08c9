//! `data-loss`: stored data that is deleted, orphaned, or no longer reachable or backed up, now or at the next prune.

use super::workload::{items, said};
use super::{Class, Comparison, Risk, number};
use crate::diff::path::{at, shown, text_at};
use crate::diff::{Change, How};
use crate::kube::{Content, Identity};

pub(super) fn find(comparison: &Comparison<'_>, risks: &mut Vec<Risk>) {
    for change in comparison.changes {
        match &change.how {
            How::Removed => risks.extend(removed(change)),
            How::Renamed { from } => risks.extend(renamed(change, from)),
            How::Changed => risks.extend(changed(change, comparison)),
            How::Added | How::Renewed { .. } => {}
        }
    }
}

/// What the delivery tools do with an object that is gone from the output.
fn pruned(content: &Content) -> &'static str {
    let annotation = |key| text_at(content, &["metadata", "annotations", key]).unwrap_or_default();
    let kept_by_argo = annotation("argocd.argoproj.io/sync-options").contains("Prune=false");
    let kept_by_flux = annotation("kustomize.toolkit.fluxcd.io/prune") == "disabled";
    match (kept_by_argo, kept_by_flux) {
        (true, true) => {
            "its annotations keep Argo CD and Flux from deleting it: it stays, and nothing manages it any more"
        }
        (true, false) => {
            "Argo CD leaves it (`Prune=false`) and nothing manages it any more; Flux deletes it where `prune: true` is set"
        }
        (false, true) => {
            "Flux leaves it (`prune: disabled`) and nothing manages it any more; Argo CD deletes it where pruning is on"
        }
        (false, false) => {
            "Argo CD deletes it where pruning is on, Flux where `prune: true` is set; otherwise it stays, and nothing manages it"
        }
    }
}

fn is_kept(content: &Content) -> bool {
    pruned(content).starts_with("its annotations keep")
}

fn removed(change: &Change) -> Option<Risk> {
    let before = change.before.as_ref()?;
    let kind = (change.identity.group(), change.identity.kind.as_str());
    let (rule, what, reason, help) = match kind {
        ("", "PersistentVolumeClaim") if is_kept(before) => (
            "claim-orphaned",
            "the volume stays, and nothing uses it any more",
            String::new(),
            "delete the claim by hand when its data is not needed any more",
        ),
        ("", "PersistentVolumeClaim") => (
            "claim-removed",
            "the volume and all its data are deleted",
            "a volume of a class with `reclaimPolicy: Delete`, which is the default, goes with its claim; ".to_owned(),
            "copy the data first, or keep the claim: `Prune=false` (Argo CD), `prune: disabled` (Flux) as its annotation",
        ),
        ("", "PersistentVolume") => (
            "volume-removed",
            "the volume is no longer known to the cluster",
            String::new(),
            "see that no claim is bound to it",
        ),
        ("", "Namespace") => (
            "namespace-removed",
            "everything in the namespace is deleted, with all its volumes",
            "deleting a namespace deletes every object in it, also those of others; ".to_owned(),
            "keep it: `create: false` in `namespace` after `Prune=false` or `prune: disabled` stands on it in the cluster",
        ),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => (
            "definition-removed",
            "every object of this kind in the whole cluster is deleted",
            "the objects of a definition go with it; ".to_owned(),
            "move or export them first; leave definitions to what installs the operator",
        ),
        ("storage.k8s.io", "StorageClass") => (
            "storage-class-removed",
            "new volumes of this class cannot be made any more",
            String::new(),
            "move the claims that name it first",
        ),
        ("apps", "StatefulSet") => return stateful_set_removed(change, before),
        ("postgresql.cnpg.io", "Cluster") => (
            "database-removed",
            "the database and the disks of all its instances are deleted",
            "CloudNativePG's claims belong to the Cluster and go with it; ".to_owned(),
            "take a backup and see that it can be restored, then remove it",
        ),
        ("postgresql.cnpg.io", "Database") if text_at(before, &["spec", "databaseReclaimPolicy"]) == Some("delete") => {
            (
                "database-removed",
                "the database is dropped",
                "`databaseReclaimPolicy: delete` drops it with its object; ".to_owned(),
                "take a backup, or set the policy to `retain` first",
            )
        }
        ("postgresql.cnpg.io", "ScheduledBackup") => (
            "backup-removed",
            "no backups are made any more",
            String::new(),
            "keep the backup until the database is gone",
        ),
        ("barmancloud.cnpg.io", "ObjectStore") => (
            "backup-removed",
            "the old backups are out of the operator's reach",
            String::new(),
            "keep the store as long as its backups may be needed",
        ),
        _ => return None,
    };
    Some(Risk::of(Class::DataLoss, rule, change, what).reason(format!("{reason}{}", pruned(before))).help(help))
}

/// Claims of a StatefulSet stay, unless it says otherwise.
fn stateful_set_removed(change: &Change, before: &Content) -> Option<Risk> {
    let policy = text_at(before, &["spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted"]);
    let has_claims = items(at(before, &["spec", "volumeClaimTemplates"])).next().is_some();
    (policy == Some("Delete") && has_claims).then(|| {
        Risk::of(Class::DataLoss, "stateful-set-removed", change, "the claims of all its pods are deleted with it")
            .at("spec.persistentVolumeClaimRetentionPolicy.whenDeleted", Some("Delete".into()), None)
            .reason(format!("`whenDeleted: Delete` removes the claims with the StatefulSet; {}", pruned(before)))
            .help("set `whenDeleted: Retain` in a change of its own first, or copy the data")
    })
}

fn renamed(change: &Change, from: &Identity) -> Option<Risk> {
    let after = change.after.as_ref()?;
    let what = match (change.identity.group(), change.identity.kind.as_str()) {
        ("", "PersistentVolumeClaim") => "a new, empty volume takes its place; the old one is deleted or orphaned",
        ("", "PersistentVolume" | "Namespace") | ("storage.k8s.io", "StorageClass") => {
            "what lies under the old name is deleted or orphaned; the new one starts empty"
        }
        ("apps", "StatefulSet") if items(at(after, &["spec", "volumeClaimTemplates"])).next().is_some() => {
            "its pods start with new, empty volumes; the old ones are orphaned"
        }
        ("postgresql.cnpg.io", "Cluster") => {
            "a new, empty database takes its place; the old one and its disks are deleted"
        }
        ("apiextensions.k8s.io", "CustomResourceDefinition") => "every object of the old kind is deleted",
        _ => return None,
    };
    let risk = Risk::of(Class::DataLoss, "renamed-with-data", change, what);
    Some(
        risk.at("metadata.name", Some(said(from)), Some(said(&change.identity)))
            .reason("another name or namespace is another object to Kubernetes: the old one is pruned, the new one is created; names of claims follow")
            .help("keep the name (`name:` of the component) or copy the data before the old object goes"),
    )
}

fn changed(change: &Change, comparison: &Comparison<'_>) -> Vec<Risk> {
    let (Some(before), Some(after)) = (&change.before, &change.after) else { return Vec::new() };
    let of = Update { change, before, after };
    match (change.identity.group(), change.identity.kind.as_str()) {
        ("apps", "StatefulSet") => {
            [of.templates(), of.ordinals(), of.retention(), of.scaled_away()].into_iter().flatten().collect()
        }
        ("apps", "Deployment" | "DaemonSet") => of.volumes(),
        ("", "PersistentVolume") => of.reclaim().into_iter().collect(),
        ("", "PersistentVolumeClaim" | "Namespace") => of.unprotected().into_iter().collect(),
        ("postgresql.cnpg.io", "Cluster") => of.database(),
        ("postgresql.cnpg.io", "ScheduledBackup") => of.schedule().into_iter().collect(),
        ("barmancloud.cnpg.io", "ObjectStore") => of.store(),
        ("argoproj.io", "Application") => {
            of.prunes(&["spec", "syncPolicy", "automated", "prune"], comparison).into_iter().collect()
        }
        ("kustomize.toolkit.fluxcd.io", "Kustomization") => {
            of.prunes(&["spec", "prune"], comparison).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

struct Update<'a> {
    change: &'a Change,
    before: &'a Content,
    after: &'a Content,
}

impl Update<'_> {
    fn risk(&self, rule: &'static str, keys: &[&str], what: impl Into<String>) -> Risk {
        let value = |content| at(content, keys).map(shown);
        Risk::of(Class::DataLoss, rule, self.change, what).at(keys.join("."), value(self.before), value(self.after))
    }

    /// Templates under other names give the pods other claims.
    fn templates(&self) -> Option<Risk> {
        let names = |content| -> Vec<String> {
            items(at(content, &["spec", "volumeClaimTemplates"]))
                .filter_map(|item| text_at(item, &["metadata", "name"]))
                .map(str::to_owned)
                .collect()
        };
        let (before, after) = (names(self.before), names(self.after));
        let gone: Vec<String> = before.into_iter().filter(|name| !after.contains(name)).collect();
        (!gone.is_empty()).then(|| {
            Risk::of(Class::DataLoss, "claim-template-removed", self.change, "the volumes of its pods are orphaned: the pods start without their data")
                .at("spec.volumeClaimTemplates", Some(gone.join(", ")), Some(after.join(", ")))
                .reason("a claim is named after the template, the StatefulSet and the pod; another name is another, empty claim")
                .help("keep the name of the volume, or copy the data into the new claims")
        })
    }

    /// Pods of other numbers have other claims.
    fn ordinals(&self) -> Option<Risk> {
        const START: &[&str] = &["spec", "ordinals", "start"];
        let start = |content| number(content, START).unwrap_or(0);
        let (before, after) = (start(self.before), start(self.after));
        let has_claims = items(at(self.after, &["spec", "volumeClaimTemplates"])).next().is_some();
        (before != after && has_claims).then(|| {
            let what = format!("the pods are numbered from {after} on: those with a new number start without their data");
            self.risk("pods-numbered-anew", START, what)
                .reason("a claim is named after the template, the StatefulSet and the number of the pod; those of the old numbers stay, and nothing uses them")
                .help("keep the first number, or copy the data into the new claims")
        })
    }

    fn retention(&self) -> Option<Risk> {
        ["whenDeleted", "whenScaled"].into_iter().find_map(|key| {
            let keys = ["spec", "persistentVolumeClaimRetentionPolicy", key];
            let deletes = |content| text_at(content, &keys) == Some("Delete");
            (deletes(self.after) && !deletes(self.before)).then(|| {
                self.risk("claims-deleted-with-pods", &keys, "from now on the claims go with the pods")
                    .reason(format!("`{key}: Delete` removes claims that stayed before"))
                    .help("leave it at `Retain`, the default of Kubernetes, where the data is needed again")
            })
        })
    }

    fn scaled_away(&self) -> Option<Risk> {
        let replicas = |content| number(content, &["spec", "replicas"]);
        let (before, after) = (replicas(self.before)?, replicas(self.after)?);
        let deletes =
            text_at(self.after, &["spec", "persistentVolumeClaimRetentionPolicy", "whenScaled"]) == Some("Delete");
        (deletes && after < before).then(|| {
            self.risk(
                "claims-deleted-by-scaling",
                &["spec", "replicas"],
                format!("the claims of {} pods are deleted", before - after),
            )
            .reason("`whenScaled: Delete` removes the claims of pods that are scaled away")
            .help("set `whenScaled: Retain` in a change of its own first")
        })
    }

    /// A volume that lay on a claim, and now lies elsewhere.
    fn volumes(&self) -> Vec<Risk> {
        let claim = |content, name: &str| {
            let volumes = items(at(content, &["spec", "template", "spec", "volumes"]));
            volumes
                .into_iter()
                .find(|volume| text_at(volume, &["name"]) == Some(name))
                .map(|volume| text_at(volume, &["persistentVolumeClaim", "claimName"]).map(str::to_owned))
        };
        let volumes = items(at(self.before, &["spec", "template", "spec", "volumes"]));
        let moved = volumes.filter_map(|volume| {
            let name = text_at(volume, &["name"])?;
            let old = text_at(volume, &["persistentVolumeClaim", "claimName"])?;
            let new = claim(self.after, name).flatten();
            (new.as_deref() != Some(old)).then_some((name.to_owned(), old.to_owned(), new))
        });
        let risk = |(name, old, new): (String, String, Option<String>)| {
            let field = format!("spec.template.spec.volumes[{name}].persistentVolumeClaim.claimName");
            Risk::of(Class::DataLoss, "volume-elsewhere", self.change, "the pods no longer see the data of this volume")
                .at(field, Some(old), new)
                .reason("another claim, or none, is another, empty volume")
                .help("copy the data first, or keep the claim")
        };
        moved.map(risk).collect()
    }

    fn reclaim(&self) -> Option<Risk> {
        let keys = ["spec", "persistentVolumeReclaimPolicy"];
        let deletes = |content| text_at(content, &keys) == Some("Delete");
        (deletes(self.after) && !deletes(self.before)).then(|| {
            self.risk("volume-reclaimed", &keys, "the data goes with the claim from now on")
                .reason("`Delete` removes the disk when its claim is deleted")
                .help("leave it at `Retain`")
        })
    }

    /// What kept a tool from deleting it is gone.
    fn unprotected(&self) -> Option<Risk> {
        (is_kept(self.before) && !is_kept(self.after)).then(|| {
            Risk::of(Class::DataLoss, "no-longer-kept", self.change, "it is deleted when it leaves the output")
                .at(
                    "metadata.annotations",
                    at(self.before, &["metadata", "annotations"]).map(shown),
                    at(self.after, &["metadata", "annotations"]).map(shown),
                )
                .reason("the annotations `Prune=false` and `prune: disabled` kept the delivery tools from deleting it")
                .help("leave them on whatever holds data")
        })
    }

    fn database(&self) -> Vec<Risk> {
        let mut found = Vec::new();
        let instances = |content| number(content, &["spec", "instances"]).unwrap_or(1);
        if instances(self.after) == 1 && instances(self.before) > 1 {
            found.push(
                self.risk(
                    "database-without-replica",
                    &["spec", "instances"],
                    "no replica is left: what the one disk loses is lost",
                )
                .reason("a single instance has no copy but the backups")
                .help("keep two instances, or see that the backups can be restored"),
            );
        }
        found.extend(self.backup());
        found
    }

    /// The plugin, or the section, by which backups are made.
    fn backup(&self) -> Option<Risk> {
        let store = |content: &Content| {
            let plugins = items(at(content, &["spec", "plugins"]));
            let plugin = plugins.into_iter().find_map(|plugin| text_at(plugin, &["parameters", "barmanObjectName"]));
            plugin
                .or_else(|| text_at(content, &["spec", "backup", "barmanObjectStore", "destinationPath"]))
                .map(str::to_owned)
        };
        let (before, after) = (store(self.before)?, store(self.after));
        (after.as_deref() != Some(before.as_str())).then(|| {
            let what = if after.is_none() { "the database is no longer backed up" } else { "backups go elsewhere: the old ones are out of reach" };
            Risk::of(Class::DataLoss, "backup-moved", self.change, what)
                .at("spec.plugins", Some(before), after)
                .reason("a database is restored from the archive and the base backups of one place; the old place has no archive from now on")
                .help("make a backup at the new place at once, and keep the old one until its time is over")
        })
    }

    fn schedule(&self) -> Option<Risk> {
        let suspended = |content| at(content, &["spec", "suspend"]) == Some(&Content::Bool(true));
        (suspended(self.after) && !suspended(self.before)).then(|| {
            self.risk("backup-suspended", &["spec", "suspend"], "no backups are made any more")
                .reason("the operator makes no backups while `suspend` is true")
                .help("take it out as soon as it has served its purpose")
        })
    }

    fn store(&self) -> Vec<Risk> {
        let place = ["spec", "configuration", "destinationPath"];
        let mut found = Vec::new();
        if text_at(self.before, &place) != text_at(self.after, &place) {
            found.push(
                self.risk("backup-moved", &place, "backups go elsewhere: the old ones are out of reach")
                    .reason("a database is restored from the archive and the base backups of one place")
                    .help("make a backup at the new place at once, and keep the old one until its time is over"),
            );
        }
        let keep = ["spec", "retentionPolicy"];
        let days = |content| text_at(content, &keep).and_then(days);
        let shorter = match (days(self.before), days(self.after)) {
            (Some(before), Some(after)) => after < before,
            (None, Some(_)) => true,
            _ => false,
        };
        if shorter {
            found.push(
                self.risk("backup-kept-for-less", &keep, "older backups are deleted")
                    .reason("the operator removes backups that are older than `retentionPolicy`")
                    .help("keep the longer time, or copy the old backups away"),
            );
        }
        found
    }

    fn prunes(&self, keys: &[&str], _: &Comparison<'_>) -> Option<Risk> {
        let on = |content| at(content, keys) == Some(&Content::Bool(true));
        (on(self.after) && !on(self.before)).then(|| {
            self.risk("pruning-on", keys, "what this tool tracks and Git no longer has is deleted at the next sync")
                .reason("with pruning on, everything that the tool applied before and no longer finds in the output goes; also what was orphaned while it was off")
                .help("look at what the tool shows as out of the output before this is merged")
        })
    }
}

/// A time to keep, such as `30d`, in days.
fn days(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let factor = match unit {
        "d" => 1,
        "w" => 7,
        "m" => 30,
        _ => return None,
    };
    number.parse::<u64>().ok().map(|number| number * factor)
}
