//! The login of a database, and what others may refer to.

use super::PORT;
use crate::model::{Login, Output};
use crate::resolve::brought::{self, host, url_part, variable};
use crate::spec::{Component, Feature, Switch};
use crate::target::Target;
use std::collections::BTreeMap;

/// The login that the author names.
pub(super) fn written(component: &Component) -> Option<Login> {
    let auth = component.auth.as_ref().and_then(Switch::on)?;
    Some(Login {
        secret: auth.secret.to_string(),
        username: brought::text(auth.username.as_ref()).unwrap_or("username").into(),
        password: brought::text(auth.password.as_ref()).unwrap_or("password").into(),
    })
}

/// The login that a server without an operator needs in any case: by default `<component>-auth`.
pub(super) fn needed(key: &str, component: &Component) -> Login {
    written(component).unwrap_or_else(|| Login {
        secret: format!("{}-auth", host(key, component)),
        username: "username".into(),
        password: "password".into(),
    })
}

/// The user who owns the database: its name unless written.
pub(super) fn owner(component: &Component) -> Option<&str> {
    brought::text(component.owner.as_ref()).or_else(|| brought::text(component.database.as_ref()))
}

/// `host readHost port database username` in plain, `password url jdbcUrl` as secrets. Where there is a pooler, clients
/// go through it, and `directHost directUrl directJdbcUrl` past it: a migration may need a session of its own.
pub(crate) fn outputs(key: &str, component: &Component, target: &Target) -> BTreeMap<String, Output> {
    let operated = target.has(Feature::CloudnativePg);
    let host = host(key, component);
    let port =
        component.ports.as_ref().and_then(|ports| ports.get("postgres")).map_or(i64::from(PORT), |port| port.port.0);
    let database = brought::text(component.database.as_ref()).unwrap_or_default();
    let plain = |text: &str| Output::Plain(text.to_owned());
    let pooler = component.pooler.as_ref().and_then(Switch::on).filter(|_| operated).map(|_| format!("{host}-pooler"));
    let mut outputs = BTreeMap::from([
        ("host".to_owned(), plain(pooler.as_deref().unwrap_or(host))),
        ("readHost".to_owned(), if operated { Output::Plain(format!("{host}-r")) } else { plain(host) }),
        ("port".to_owned(), Output::Plain(port.to_string())),
        ("database".to_owned(), plain(database)),
        ("username".to_owned(), plain(owner(component).unwrap_or_default())),
    ]);
    let login = if operated { written(component) } else { Some(needed(key, component)) };
    let place = |host: &str| format!("{host}:{port}/{}", url_part(database));
    let direct = login.as_ref().map_or_else(|| of_operator(host), |login| of_login(key, login, &place(host)));
    let Some(pooler) = pooler else {
        outputs.extend(direct.map(|(name, output)| (name.to_owned(), output)));
        return outputs;
    };
    // The URLs that the operator writes go past the pooler.
    let login = login.unwrap_or_else(|| login_of_operator(host));
    outputs.extend(of_login(key, &login, &place(&pooler)).map(|(name, output)| (name.to_owned(), output)));
    outputs.insert("directHost".into(), plain(host));
    for (name, output) in direct {
        let past = match name {
            "url" => "directUrl",
            "jdbcUrl" => "directJdbcUrl",
            _ => continue,
        };
        outputs.insert(past.into(), output);
    }
    outputs
}

/// The secret of the owner that the operator makes; its password is safe in a URL.
fn login_of_operator(host: &str) -> Login {
    Login { secret: format!("{host}-app"), username: "username".into(), password: "password".into() }
}

type Secrets = [(&'static str, Output); 4];

/// The secret that the operator writes has the URLs in it.
fn of_operator(host: &str) -> Secrets {
    let key = |key: &str| Output::Secret { name: format!("{host}-app"), key: key.into() };
    [("password", key("password")), ("url", key("uri")), ("postgres.url", key("uri")), ("jdbcUrl", key("jdbc-uri"))]
}

/// The author's secret has user and password alone, so the URLs are put together in the container.
fn of_login(key: &str, login: &Login, place: &str) -> Secrets {
    let (user, password) = (variable(key, "USERNAME"), variable(key, "PASSWORD"));
    let needs = vec![
        (user.clone(), login.secret.clone(), login.username.clone()),
        (password.clone(), login.secret.clone(), login.password.clone()),
    ];
    let composed = |text: String| Output::Composed { text, needs: needs.clone() };
    let url = composed(format!("postgresql://$({user}):$({password})@{place}"));
    [
        ("password", Output::Secret { name: login.secret.clone(), key: login.password.clone() }),
        ("url", url.clone()),
        ("postgres.url", url),
        ("jdbcUrl", composed(format!("jdbc:postgresql://{place}?user=$({user})&password=$({password})"))),
    ]
}
