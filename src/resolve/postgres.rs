//! PostgreSQL: what a server of its own needs, and what an operator is told.
//!
//! Without `cloudnative-pg` a database is one instance in a StatefulSet. Brought, each part under what
//! the author wrote:
//!
//! | part | value |
//! |---|---|
//! | image | `postgres`, pinned for a bare major version, else `postgres:<version>` |
//! | port | `postgres: 5432` |
//! | login | `POSTGRES_USER` and `POSTGRES_PASSWORD` from the secret of `auth`, by default `<component>-auth` |
//! | data | the volume `data`; `PGDATA` is a folder in it, since a fresh disk has a `lost+found` |
//! | arguments | `-c name=value` for each parameter |
//! | extensions | `/docker-entrypoint-initdb.d/10-extensions.sql`, which runs once, on an empty volume |
//! | volumes | scratch on `/var/run/postgresql` (its socket), memory on `/dev/shm` (parallel queries) |
//! | resources | requests of 250m and 512Mi |
//! | probes | `pg_isready` over TCP: the socket also answers while the image still initialises |
//! | user | 999, or 70 in an Alpine image |
//! | grace | 120s, for the checkpoint of a shutdown |

mod cluster;
mod extension;
mod login;
mod plain;
mod version;

pub(crate) use cluster::GOOGLE_KEY;
pub(super) use cluster::cluster;
pub(super) use login::outputs;

use super::Completion;
use crate::model::Quantity;
use crate::spec::{Component, Feature};

const PORT: u16 = 5432;

/// A component with what its server brings, whoever runs it.
pub(super) fn complete(key: &str, mut component: Component, cx: &mut Completion<'_, '_>) -> Component {
    let operated = cx.target.has(Feature::CloudnativePg);
    if component.is_enabled() {
        require(key, &component, cx);
        if operated {
            cluster::report(key, &component, cx);
        } else {
            plain::report(key, &component, cx);
        }
    }
    component.bring_port("postgres", PORT);
    component.bring_request("cpu", Quantity::from_milli(250));
    component.bring_request("memory", Quantity::from_bytes(512 << 20));
    if operated {
        component.image = component.image.or_else(|| version::operator_image(component.version.as_ref()));
        return component;
    }
    plain::complete(key, component, cx)
}

/// What every database says.
fn require(key: &str, component: &Component, cx: &mut Completion<'_, '_>) {
    if component.version.is_none() {
        cx.missing(key, "version", "version: \"17\"");
    }
    if component.database.is_none() {
        cx.missing(key, "database", "database: app");
    }
    if component.storage.is_none() {
        cx.missing(key, "storage", "storage: {size: 20Gi}");
    }
    version::report(key, component, cx);
    extension::report(key, component, cx);
}

#[cfg(test)]
mod tests;
