//! Extensions: whether the image has them, and how they come into the database.

use crate::diagnostic::{code, nearest};
use crate::document::{Finding, at};
use crate::resolve::Completion;
use crate::spec::{Component, Feature, Text};

/// Those of the PostgreSQL project, which every image has. Source: appendix F of its manual.
const CONTRIB: &[&str] = &[
    "adminpack",
    "amcheck",
    "autoinc",
    "bloom",
    "btree_gin",
    "btree_gist",
    "citext",
    "cube",
    "dblink",
    "dict_int",
    "dict_xsyn",
    "earthdistance",
    "file_fdw",
    "fuzzystrmatch",
    "hstore",
    "insert_username",
    "intagg",
    "intarray",
    "isn",
    "lo",
    "ltree",
    "moddatetime",
    "old_snapshot",
    "pageinspect",
    "pg_buffercache",
    "pg_freespacemap",
    "pg_logicalinspect",
    "pg_prewarm",
    "pg_stat_statements",
    "pg_surgery",
    "pg_trgm",
    "pg_visibility",
    "pg_walinspect",
    "pgcrypto",
    "pgrowlocks",
    "pgstattuple",
    "plpgsql",
    "postgres_fdw",
    "refint",
    "seg",
    "sslinfo",
    "tablefunc",
    "tcn",
    "tsm_system_rows",
    "tsm_system_time",
    "unaccent",
    "uuid-ossp",
    "xml2",
];
/// What the operator's image adds.
const OPERATOR: &[&str] = &["vector", "pgaudit", "pg_failover_slots"];
/// Projects that are called otherwise than their extension.
const PROJECTS: &[(&str, &str)] = &[("pgvector", "vector"), ("uuid_ossp", "uuid-ossp"), ("pgtrgm", "pg_trgm")];

/// Where the image of PostgreSQL looks for what to run once in a new database.
pub(super) const SCRIPT: &str = "/docker-entrypoint-initdb.d/10-extensions.sql";

/// Creates the extensions, each with those it builds on.
pub(super) fn script(extensions: &[Text]) -> String {
    let quoted = |name: &str| name.replace('"', "\"\"");
    let statement = |name: &Text| format!("CREATE EXTENSION IF NOT EXISTS \"{}\" CASCADE;\n", quoted(name));
    extensions.iter().map(statement).collect::<Vec<_>>().concat()
}

/// With an image of the author's own, the author knows what is in it.
pub(super) fn report(key: &str, component: &Component, cx: &mut Completion<'_, '_>) {
    if component.image.is_some() {
        return;
    }
    let own: &[&str] = if cx.target.has(Feature::CloudnativePg) { OPERATOR } else { &[] };
    for (index, name) in component.extensions.iter().flatten().enumerate() {
        if !CONTRIB.contains(&&**name) && !own.contains(&&**name) {
            let finding = missing(key, index, name, own);
            cx.findings.push(finding);
        }
    }
}

fn missing(key: &str, index: usize, name: &str, own: &[&'static str]) -> Finding {
    let known = || CONTRIB.iter().chain(own).copied();
    let project = PROJECTS.iter().find(|(project, _)| *project == name).map(|(_, extension)| *extension);
    let finding = Finding::error(
        code::EXTENSION_MISSING,
        at!["components", key, "extensions", index],
        format!("the default image has no extension `{name}`"),
    )
    .label("cannot be created")
    .reason("an extension that fails leaves a new volume half set up, and the server takes it for complete");
    match project.filter(|extension| known().any(|name| name == *extension)).or_else(|| nearest(name, known())) {
        Some(near) => finding.help(format!("the extension is called `{near}`")).suggest(near, false),
        None => finding.help(format!("write `image:` with one that has `{}`", project.unwrap_or(name))),
    }
}
