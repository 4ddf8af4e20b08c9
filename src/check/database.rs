//! PostgreSQL: standbys that exist, names that it takes, parameters that are the author's.

use super::places::text;
use crate::diagnostic::code;
use crate::document::{Finding, Findings, at};
use crate::model::{Body, Component, DatabaseCluster, Model};
use crate::spec::{Duration, Kind};

const DAY: u64 = 86_400;
/// The longest identifier of PostgreSQL, in bytes.
const IDENTIFIER: usize = 63;
/// Users that PostgreSQL and its operator have for themselves.
const RESERVED_USERS: &[&str] = &["postgres", "streaming_replica", "cnpg_pooler_pgbouncer"];
/// Databases that every server has.
const RESERVED_DATABASES: &[&str] = &["postgres", "template0", "template1"];
/// Parameters that CloudNativePG sets itself and refuses in a cluster. Source: its page on the
/// configuration of PostgreSQL, "fixed parameters"; those that some version allows are left out.
const OPERATED: &[&str] = &[
    "archive_command",
    "archive_mode",
    "cluster_name",
    "config_file",
    "data_directory",
    "hba_file",
    "hot_standby",
    "ident_file",
    "listen_addresses",
    "log_destination",
    "log_directory",
    "log_filename",
    "logging_collector",
    "port",
    "primary_conninfo",
    "primary_slot_name",
    "recovery_target",
    "restart_after_crash",
    "restore_command",
    "shared_preload_libraries",
    "ssl",
    "ssl_ca_file",
    "ssl_cert_file",
    "ssl_key_file",
    "synchronous_standby_names",
    "unix_socket_directories",
    "unix_socket_group",
    "unix_socket_permissions",
];

fn clusters(model: &Model) -> impl Iterator<Item = (&Component, &DatabaseCluster)> {
    model.components.values().filter_map(|component| match &component.body {
        Body::Cluster(cluster) => Some((component, cluster)),
        Body::Workload(_) | Body::External(_) => None,
    })
}

/// There are as many standbys as must have each write. Source: the webhook of CloudNativePG: fewer than
/// the instances.
pub(super) fn synchronous_standbys_exist(model: &Model, findings: &mut Findings<'_>) {
    for (component, cluster) in clusters(model) {
        let Some(synchronous) = cluster.synchronous.filter(|number| *number >= cluster.instances) else { continue };
        let place = at!["components", component.key];
        findings.push(
            Finding::error(
                code::POSTGRES_SYNCHRONOUS,
                place.join("synchronous"),
                format!(
                    "each write of `{}` waits for {synchronous} standbys, and there are {}",
                    component.key,
                    cluster.instances.saturating_sub(1)
                ),
            )
            .label(format!("{synchronous} standbys"))
            .also(place.join("instances"), format!("{} instances, one of them the primary", cluster.instances))
            .reason("with too few standbys no write ever ends")
            .help("raise `instances`, or lower `synchronous`"),
        );
    }
}

/// Backups are kept for whole days. Source: `retentionPolicy` of the Barman Cloud plugin.
pub(super) fn backups_are_kept_for_whole_days(model: &Model, findings: &mut Findings<'_>) {
    for component in model.components.values().filter(|component| component.kind == Kind::Postgres) {
        let place = at!["components", component.key, "backup", "keep"];
        let Some(keep) = text(findings, &place).and_then(|text| Duration::parse(text).ok()) else { continue };
        if keep.0 >= DAY && keep.0 % DAY == 0 {
            continue;
        }
        let days = keep.0.div_ceil(DAY).max(1);
        findings.push(
            Finding::error(
                code::BACKUP_KEEP,
                place,
                format!("backups of `{}` are kept for {keep}, which is not whole days", component.key),
            )
            .label("not whole days")
            .reason("the retention of backups is counted in days")
            .help(format!("write `{days}d`"))
            .suggest(format!("{days}d"), false),
        );
    }
}

/// A database and its owner have names that need no quotes in SQL and are not the server's own. Source:
/// the page on lexical structure of PostgreSQL, `pg_` roles, the webhook of CloudNativePG.
pub(super) fn database_names_are_plain(model: &Model, findings: &mut Findings<'_>) {
    for (component, cluster) in clusters(model) {
        let place = at!["components", component.key];
        let owner_written = findings.is_written(&place.join("owner"));
        let names = [
            ("database", "database", &cluster.database, RESERVED_DATABASES),
            ("owner", "user", &cluster.owner, RESERVED_USERS),
        ];
        for (field, what, name, reserved) in names {
            let Some(why) = refused(name, reserved) else { continue };
            // An owner that follows the database's name is the same mistake.
            if field == "owner" && !owner_written && *name == cluster.database {
                continue;
            }
            findings.push(
                Finding::error(
                    code::POSTGRES_NAME,
                    place.join(field),
                    format!("`{name}` is not a {what} for `{}`", component.key),
                )
                .label(why)
                .reason("other names need quotes in every statement, or belong to the server")
                .help("use at most 63 lower-case letters, digits and `_`, starting with a letter or `_`"),
            );
        }
    }
}

fn refused(name: &str, reserved: &[&str]) -> Option<&'static str> {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    if reserved.contains(&name) || name.starts_with("pg_") {
        Some("belongs to the server")
    } else if name.len() > IDENTIFIER {
        Some("longer than 63 characters")
    } else if !starts || !name.chars().all(inner) {
        Some("needs quotes in SQL")
    } else {
        None
    }
}

/// Parameters that the operator sets are left to it. Source: the webhook of CloudNativePG refuses them.
pub(super) fn operated_parameters_are_left_alone(model: &Model, findings: &mut Findings<'_>) {
    for (component, cluster) in clusters(model) {
        for name in cluster.parameters.keys().filter(|name| OPERATED.contains(&name.as_str())) {
            findings.push(
                Finding::error(
                    code::POSTGRES_PARAMETER,
                    at!["components", component.key, "parameters", name],
                    format!("the parameter `{name}` of `{}` is set by the operator", component.key),
                )
                .label("not the author's to set")
                .on_key()
                .reason("CloudNativePG refuses a cluster that sets it")
                .help("take it away"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{cluster, law, strings};
    use super::*;
    use serde_json::json;

    #[test]
    fn a_write_waits_for_standbys_that_exist() {
        let waiting =
            |number| law(synchronous_standbys_exist).with(move |model| cluster(model).synchronous = Some(number));
        let found = waiting(3).breaks(code::POSTGRES_SYNCHRONOUS, "components.db.synchronous");
        assert_eq!(found.message, "each write of `db` waits for 3 standbys, and there are 2");
        waiting(2).keeps();
    }

    #[test]
    fn backups_are_kept_by_the_day() {
        let keeping = |keep: &str| {
            law(backups_are_kept_for_whole_days)
                .written(&json!({"components": {"db": {"backup": {"keep": keep}}}}))
                .with(|model| _ = cluster(model))
        };
        let found = keeping("36h").breaks(code::BACKUP_KEEP, "components.db.backup.keep");
        assert_eq!(found.help.as_deref(), Some("write `2d`"));
        keeping("0s").breaks(code::BACKUP_KEEP, "components.db.backup.keep");
        keeping("48h").keeps();
        keeping("30d").keeps();
    }

    #[test]
    fn names_need_no_quotes() {
        let named = |database: &'static str, owner: &'static str| {
            law(database_names_are_plain).with(move |model| {
                let db = cluster(model);
                (db.database, db.owner) = (database.into(), owner.into());
            })
        };
        for database in ["ai-train", "Shop", "1st", "pg_shop", "template1", ""] {
            named(database, "shop").breaks(code::POSTGRES_NAME, "components.db.database");
        }
        named("shop", "postgres").breaks(code::POSTGRES_NAME, "components.db.owner");
        named("ai-train", "ai-train").breaks(code::POSTGRES_NAME, "components.db.database");
        named("ai_train", "ai_train").keeps();
    }

    #[test]
    fn the_operators_parameters_are_its_own() {
        let with = |name: &'static str| {
            law(operated_parameters_are_left_alone)
                .with(move |model| cluster(model).parameters = strings(&[(name, "on")]))
        };
        with("archive_mode").breaks(code::POSTGRES_PARAMETER, "components.db.parameters.archive_mode");
        with("max_connections").keeps();
    }
}
