//! What the operators' own rules and webhooks refuse to change.
//!
//! Sources: the expressions over `oldSelf` in the operators' definitions, and the webhooks of CloudNativePG, JobSet and
//! LeaderWorkerSet.

use super::{OPEN_WHILE_SUSPENDED, Risk, Update, WEDGE};
use crate::diff::path::{at, shown, text_at};
use crate::kube::Content;
use crate::model::image::parts;
use crate::review::Class;
use crate::review::workload::items;

impl Update<'_> {
    pub(super) fn job_set(&self) -> Vec<Risk> {
        const FROZEN: &[&str] = &["spec.failurePolicy", "spec.successPolicy", "spec.startupPolicy", "spec.network"];
        const OF_WEBHOOK: &[&str] = &["spec.replicatedJobs", "spec.managedBy"];
        let by = "the definition of JobSet: `Value is immutable`";
        let mut found = self.frozen(FROZEN, "job-set-policy-immutable", by);
        let mut jobs = self.frozen(OF_WEBHOOK, "job-set-immutable", "the webhook of JobSet: `field is immutable`");
        let suspended = |content| at(content, &["spec", "suspend"]) == Some(&Content::Bool(true));
        if suspended(self.before) || suspended(self.after) {
            jobs.retain(|risk| {
                !OPEN_WHILE_SUSPENDED.iter().any(|open| risk.field.contains(&format!(".template.{open}")))
            });
        }
        found.extend(jobs);
        for risk in &mut found {
            risk.help = Some("give the JobSet another name, or delete the one that ran, then sync".into());
        }
        found
    }

    pub(super) fn cloudnative_pg(&self) -> Vec<Risk> {
        let by = "CloudNativePG refuses it";
        let mut found = match self.change.identity.kind.as_str() {
            "Cluster" => self.frozen(
                &["spec.postgresUID", "spec.postgresGID", "spec.serviceAccountName"],
                "database-cluster-immutable",
                by,
            ),
            "Database" => self.frozen(DATABASE, "database-immutable", by),
            "Backup" => self.frozen(&["spec"], "backup-immutable", by),
            "Pooler" => self.frozen(&["spec.cluster"], "pooler-cluster", by),
            "ScheduledBackup" => self.frozen(&["spec.cluster"], "scheduled-backup-cluster", by),
            _ => Vec::new(),
        };
        if self.change.identity.kind == "Cluster" {
            let shrinks = "the webhook of CloudNativePG: `can't shrink existing storage`";
            found.extend(self.shrunk(
                &["spec", "storage", "size"],
                "database-shrinks",
                "the disks of a database cannot become smaller",
                shrinks,
            ));
            found.extend(self.shrunk(
                &["spec", "walStorage", "size"],
                "database-shrinks",
                "the disks of a database cannot become smaller",
                shrinks,
            ));
            found.extend(self.gone(&["spec", "walStorage"], "the disk of the write-ahead log cannot be taken away"));
            found.extend(self.tablespaces());
            found.extend(self.major_down());
        }
        found
    }

    fn gone(&self, keys: &[&str], what: &str) -> Option<Risk> {
        let before = at(self.before, keys)?;
        at(self.after, keys).is_none().then(|| {
            Risk::of(Class::Rejected, "database-cluster-immutable", self.change, what)
                .at(keys.join("."), Some(shown(before)), None)
                .reason(format!("the webhook of CloudNativePG refuses it; {WEDGE}"))
                .help("write it again; without it, the database is a new one restored from a backup")
        })
    }

    fn tablespaces(&self) -> Vec<Risk> {
        let names = |content| -> Vec<String> {
            items(at(content, &["spec", "tablespaces"]))
                .filter_map(|space| text_at(space, &["name"]))
                .map(str::to_owned)
                .collect()
        };
        let kept = names(self.after);
        let gone = names(self.before).into_iter().filter(|name| !kept.contains(name));
        gone.map(|name| {
            Risk::of(
                Class::Rejected,
                "database-cluster-immutable",
                self.change,
                format!("the tablespace `{name}` cannot be taken away"),
            )
            .at("spec.tablespaces", Some(name), None)
            .reason(format!("the webhook of CloudNativePG refuses it; {WEDGE}"))
            .help("write it again")
        })
        .collect()
    }

    /// A database's files can be brought to a newer major version, never to an older one.
    fn major_down(&self) -> Option<Risk> {
        let major = |content| major(text_at(content, &["spec", "imageName"])?);
        let (before, after) = (major(self.before)?, major(self.after)?);
        (after < before).then(|| {
            Risk::of(
                Class::Rejected,
                "database-major-version",
                self.change,
                format!("major version {before} → {after}: a database cannot go back"),
            )
            .at(
                "spec.imageName",
                text_at(self.before, &["spec", "imageName"]).map(Into::into),
                text_at(self.after, &["spec", "imageName"]).map(Into::into),
            )
            .reason(format!("the webhook of CloudNativePG refuses an older major version; {WEDGE}"))
            .help("restore a backup of the older version into a new database")
        })
    }
}

const DATABASE: &[&str] = &[
    "spec.name",
    "spec.template",
    "spec.encoding",
    "spec.locale",
    "spec.localeProvider",
    "spec.localeCollate",
    "spec.localeCType",
    "spec.icuLocale",
    "spec.icuRules",
    "spec.builtinLocale",
    "spec.collationVersion",
];

/// The major version of an image: the first number of its tag.
pub(in crate::review) fn major(image: &str) -> Option<u64> {
    let digits = parts(image).1?.trim_start_matches('v');
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_the_first_number_of_the_tag() {
        assert_eq!(major("ghcr.io/cloudnative-pg/postgresql:17.5-bookworm"), Some(17));
        assert_eq!(major("registry:5000/app:v2.1@sha256:00"), Some(2));
        assert_eq!(major("registry:5000/app"), None);
        assert_eq!(major("app:latest"), None);
    }
}
