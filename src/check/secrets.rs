//! Secrets: no file holds the value of one. No message says the value.

use super::places::{Site, containers, file_maps};
use super::{credential, risk};
use crate::diagnostic::{Severity, code};
use crate::document::{Finding, Findings, Path, Value, at};
use crate::model::{Alert, Component, Container, EnvValue, Model, ProbeCheck, Registry};

/// A text of the author's, and its place.
struct Text<'m> {
    /// For a sentence: "`DB_URL`", "an argument of `api`".
    what: String,
    value: &'m str,
    place: Path,
}

/// Which texts a law asks for, by the name that they stand under and by what they say.
type Wanted<'w> = &'w dyn Fn(Option<&str>, &str) -> bool;

/// Under the name of a secret, something that may be one.
fn is_suspected(name: Option<&str>, text: &str) -> bool {
    name.is_some_and(credential::in_name) && credential::may_be_secret(text)
}

/// No text looks like a credential: whoever reads the repository, the output or the cluster's objects
/// can read it.
pub(super) fn no_text_holds_a_credential(model: &Model, findings: &mut Findings<'_>) {
    for text in texts(model, findings, &|_, text| credential::in_text(text).is_some()) {
        let Some(credential) = credential::in_text(text.value) else { continue };
        let message = format!("{} holds what looks like {credential}", text.what);
        findings.push(advised(
            Finding::judged(Severity::Error, code::CREDENTIAL_LITERAL, text.place, message).label(credential),
        ));
    }
}

/// A name that speaks of a secret has no literal text under it.
pub(super) fn no_text_stands_under_a_secret_name(model: &Model, findings: &mut Findings<'_>) {
    // What looks like a credential is another finding.
    let wanted = |name: Option<&str>, text: &str| is_suspected(name, text) && credential::in_text(text).is_none();
    for text in texts(model, findings, &wanted) {
        let message = format!("{} is named like a secret and holds a literal text", text.what);
        findings.push(advised(
            Finding::judged(risk(model), code::CREDENTIAL_NAMED, text.place, message).label("a literal text"),
        ));
    }
}

fn advised(finding: Finding) -> Finding {
    finding
        .reason(
            "who can read the repository, the output or the objects in the cluster can read it, and history keeps it",
        )
        .help("declare it under `secrets:` and refer to it by `{secret: name/key}`; if it was real, change it")
}

/// The texts of the author's that reach a container and are wanted.
fn texts<'m>(model: &'m Model, findings: &Findings<'_>, wanted: Wanted<'_>) -> Vec<Text<'m>> {
    let mut all = Vec::new();
    for (site, container) in containers(model) {
        all.extend(variables(&site, container, findings, wanted));
        all.extend(arguments("command", &container.command, &site, findings, wanted));
        all.extend(arguments("args", &container.args, &site, findings, wanted));
        all.extend(probe_headers(&site, container, findings, wanted));
    }
    for component in model.components.values() {
        all.extend(route_headers(component, wanted));
        all.extend(files(component, findings, wanted));
        all.extend(release(component, wanted));
        all.extend(alerts(component, wanted));
    }
    for config in model.configs.values() {
        let entries = config.data.iter().filter(|(name, text)| wanted(Some(name), text));
        all.extend(entries.map(|(name, text)| Text {
            what: format!("`{name}` of the config `{}`", config.key),
            value: text,
            place: at!["config", config.key, name],
        }));
    }
    all.extend(panels(model, wanted));
    let registries = model.catalogue.iter().flat_map(|catalogue| &catalogue.registries);
    all.extend(registries.filter(|registry| wanted(None, &registry.endpoint)).map(endpoint));
    all
}

/// What is written about a model for everybody who reads the cluster's objects.
fn release<'m>(component: &'m Component, wanted: Wanted<'_>) -> Vec<Text<'m>> {
    let Some(release) = &component.release else { return Vec::new() };
    let place = at!["components", component.key, "release"];
    let repository = release.repository.as_ref().map(|from| (place.join("repository").join("url"), &from.url));
    let changelog = release.changelog.as_ref().map(|log| (place.join("changelog"), log));
    let texts = repository.into_iter().chain(changelog).filter(|(_, value)| wanted(None, value));
    let what = format!("the release of `{}`", component.key);
    texts.map(|(place, value)| Text { what: what.clone(), value, place }).collect()
}

/// Queries and summaries of alerts.
fn alerts<'m>(component: &'m Component, wanted: Wanted<'_>) -> Vec<Text<'m>> {
    let place = at!["components", component.key, "alerts"];
    let one = |alert: &'m Alert| {
        let texts = [("query", &alert.query), ("summary", &alert.summary)];
        let place = place.join(&alert.key);
        texts.into_iter().filter(|(_, value)| wanted(None, value)).map(move |(field, value)| Text {
            what: format!("the alert `{}` of `{}`", alert.key, component.key),
            value: value.as_str(),
            place: place.join(field),
        })
    };
    component.alerts.iter().flat_map(one).collect()
}

/// Queries of panels.
fn panels<'m>(model: &'m Model, wanted: Wanted<'_>) -> Vec<Text<'m>> {
    let own = model
        .components
        .values()
        .filter_map(|component| Some((at!["components", component.key, "dashboard"], component.dashboard.as_ref()?)));
    let of_system = model.dashboards.iter().map(|dashboard| (at!["dashboards", dashboard.key], dashboard));
    let queries = own.chain(of_system).flat_map(|(place, dashboard)| {
        let lines = dashboard.panels.iter().flat_map(|panel| &panel.lines);
        lines.map(move |line| (place.clone(), dashboard, line.query.as_str()))
    });
    let found = queries.filter(|(.., query)| wanted(None, query));
    found
        .map(|(place, dashboard, value)| Text { what: format!("a panel of `{}`", dashboard.title), value, place })
        .collect()
}

fn endpoint(registry: &Registry) -> Text<'_> {
    Text {
        what: format!("the endpoint of `{}`", registry.name),
        value: &registry.endpoint,
        place: at!["registries", registry.name, "endpoint"],
    }
}

fn variables<'m>(
    site: &Site<'m>,
    container: &'m Container,
    findings: &Findings<'_>,
    wanted: Wanted<'_>,
) -> Vec<Text<'m>> {
    let texts = container.env.iter().filter_map(|variable| match &variable.value {
        EnvValue::Text(text) if wanted(Some(&variable.name), text) => Some((&variable.name, text)),
        _ => None,
    });
    let one = |(name, text): (&String, &'m String)| Text {
        what: format!("`{name}`"),
        value: text,
        place: site.at(findings, &["env", name, "value"]),
    };
    texts.map(one).collect()
}

/// Arguments, with the flag that they belong to: `--token=…` or `--token …`.
fn arguments<'m>(
    field: &str,
    list: &'m [String],
    site: &Site<'m>,
    findings: &Findings<'_>,
    wanted: Wanted<'_>,
) -> Vec<Text<'m>> {
    let one = |(index, argument): (usize, &'m String)| {
        let (flag, text) = flag_of(list, index);
        if !wanted(flag, text) {
            return None;
        }
        let place = site.at(findings, &[field]);
        let subject = site.subject(&place);
        Some(Text {
            what: flag.map_or_else(|| format!("an argument of {subject}"), |flag| format!("`{flag}` of {subject}")),
            value: text,
            place: item_place(findings, &place, argument),
        })
    };
    list.iter().enumerate().filter_map(one).collect()
}

/// An argument as its flag, if it has one, and its value.
fn flag_of(list: &[String], index: usize) -> (Option<&str>, &str) {
    let argument = list[index].as_str();
    let before = index.checked_sub(1).map(|index| list[index].as_str()).filter(|before| !before.contains('='));
    match argument.split_once('=') {
        Some((flag, text)) if flag.starts_with('-') => (Some(flag), text),
        _ if argument.starts_with('-') => (None, argument),
        _ => (before.filter(|flag| flag.starts_with('-')), argument),
    }
}

/// The item of a list that was written so; generated arguments are not on it.
fn item_place(findings: &Findings<'_>, list: &Path, text: &str) -> Path {
    let found = list.locate(findings.root());
    let Value::List(items) = &found.node.value else { return list.clone() };
    let position = items.iter().position(|item| found.exact && item.as_text() == Some(text));
    position.map_or_else(|| list.clone(), |index| list.join(&index))
}

fn probe_headers<'m>(
    site: &Site<'m>,
    container: &'m Container,
    findings: &Findings<'_>,
    wanted: Wanted<'_>,
) -> Vec<Text<'m>> {
    let probes = &container.probes;
    let named = [("startup", &probes.startup), ("ready", &probes.ready), ("live", &probes.live)];
    let mut all = Vec::new();
    for (name, probe) in named {
        let Some(ProbeCheck::Http { headers, .. }) = probe.as_ref().map(|probe| &probe.check) else { continue };
        for (header, text) in headers.iter().filter(|(header, text)| wanted(Some(header), text)) {
            let own = site.at(findings, &["health", name, "headers", header]);
            let place = if findings.is_written(&own) { own } else { site.at(findings, &["health", "headers", header]) };
            all.push(Text { what: format!("the header `{header}`"), value: text, place });
        }
    }
    all
}

fn route_headers<'m>(component: &'m Component, wanted: Wanted<'_>) -> impl Iterator<Item = Text<'m>> {
    component.routes.iter().flat_map(move |route| {
        let headers = route.headers.iter().filter(move |(header, text)| wanted(Some(header), text));
        headers.map(move |(header, text)| Text {
            what: format!("the header `{header}`"),
            value: text,
            place: at!["components", component.key, "routes", route.name, "headers", header],
        })
    })
}

/// Files by their content alone: what a name means in them is not known here.
fn files<'m>(component: &'m Component, findings: &Findings<'_>, wanted: Wanted<'_>) -> Vec<Text<'m>> {
    let one = |(key, text): (&String, &'m String)| Text {
        what: format!("the file `{key}` of `{}`", component.key),
        value: text,
        place: file_place(findings, component, key, text),
    };
    file_maps(component).flat_map(|map| &map.data).filter(|(_, text)| wanted(None, text)).map(one).collect()
}

/// Where a file of this base name and content is written.
fn file_place(findings: &Findings<'_>, component: &Component, key: &str, content: &str) -> Path {
    let files = at!["components", component.key, "files"];
    let found = files.locate(findings.root());
    let Some(entries) = found.node.as_map().filter(|_| found.exact) else { return files };
    let places = entries.iter().flat_map(|(path, entry)| match entry.node.as_map().filter(|_| path.ends_with('/')) {
        Some(folder) => {
            folder.iter().map(|(name, file)| (files.join(path).join(name), name.as_str(), &file.node)).collect()
        }
        None => vec![(files.join(path), path.rsplit('/').next().unwrap_or(path), &entry.node)],
    });
    let matches =
        |name: &str, file: &crate::document::Node| match file.get("text").and_then(crate::document::Node::as_text) {
            Some(text) => text == content,
            None => key.ends_with(name),
        };
    let mut places = places.filter(|(_, name, file)| key.ends_with(name) && matches(name, file));
    places.next().map_or(files.clone(), |(place, _, file)| match file.get("text") {
        Some(_) => place.join("text"),
        None => place,
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{api, env, law, main, release, route, strings, texts as list, workload};
    use super::*;
    use crate::model::{Config, Dashboard, FileMap, Line, Panel};
    use crate::spec::{AlertSeverity, Tier};
    use serde_json::json;
    use std::collections::BTreeMap;

    const PASSWORD: &str = "hunter2";
    const URL: &str = "postgres://app:hunter2@db/app";

    #[test]
    fn a_credential_is_an_error_everywhere_and_never_shown() {
        for tier in [Tier::Development, Tier::Production] {
            let found = law(no_text_holds_a_credential)
                .with(|model| {
                    model.tier = tier;
                    env(model, "DB_URL", URL);
                })
                .breaks(code::CREDENTIAL_LITERAL, "components.api.env.DB_URL.value");
            assert_eq!(found.severity, Severity::Error);
            assert!(!format!("{found:?}").contains(PASSWORD));
        }
        assert!(code::CONCEALED.contains(&code::CREDENTIAL_LITERAL));
    }

    #[test]
    fn credentials_are_found_in_every_text() {
        let lawful = || law(no_text_holds_a_credential);
        lawful()
            .written(&json!({"components": {"api": {"args": ["--a", URL]}}}))
            .with(|model| main(model).args = list(&["--a", URL]))
            .breaks(code::CREDENTIAL_LITERAL, "components.api.args.1");
        lawful()
            .with(|model| {
                let config = Config { key: "c".into(), name: "c-1".into(), data: strings(&[("URL", URL)]) };
                model.configs.insert("c".into(), config);
            })
            .breaks(code::CREDENTIAL_LITERAL, "config.c.URL");
        lawful()
            .written(&json!({"components": {"api": {"files": {"/etc/app/": {"a.toml": {"text": URL}}}}}}))
            .with(|model| {
                let file = FileMap { name: "f".into(), data: strings(&[("a.toml", URL)]), binary: BTreeMap::new() };
                workload(model, "api").files = vec![file];
            })
            .breaks(code::CREDENTIAL_LITERAL, "components.api.files[/etc/app/][a.toml].text");
        lawful().with(|model| env(model, "DB_URL", "postgres://app:$(PASSWORD)@db/app")).keeps();
    }

    #[test]
    fn a_literal_under_the_name_of_a_secret_is_suspected() {
        let found = law(no_text_stands_under_a_secret_name)
            .with(|model| {
                model.tier = Tier::Staging;
                env(model, "DB_PASSWORD", PASSWORD);
            })
            .breaks(code::CREDENTIAL_NAMED, "components.api.env.DB_PASSWORD.value");
        assert_eq!(found.severity, Severity::Warning);
        assert!(!format!("{found:?}").contains(PASSWORD));
        law(no_text_stands_under_a_secret_name)
            .with(|model| {
                for (name, text) in
                    [("MAX_TOKENS", "4096"), ("DB_PASSWORD", "$(OTHER)"), ("API_KEY", ""), ("TOKEN_FILE", "/x")]
                {
                    env(model, name, text);
                }
            })
            .keeps();
    }

    #[test]
    fn flags_and_headers_have_names_too() {
        for args in [&["--password", PASSWORD][..], &["--db-password=hunter2"]] {
            let found = law(no_text_stands_under_a_secret_name)
                .with(|model| main(model).args = list(args))
                .breaks(code::CREDENTIAL_NAMED, "components.api.args");
            assert!(!format!("{found:?}").contains(PASSWORD));
        }
        law(no_text_stands_under_a_secret_name)
            .with(|model| {
                route(model, "main", "a.example.com").headers = vec![("X-Api-Key".into(), PASSWORD.into())];
            })
            .breaks(code::CREDENTIAL_NAMED, "components.api.routes.main.headers.X-Api-Key");
        law(no_text_stands_under_a_secret_name)
            .with(|model| main(model).args = list(&["--password-file", "secret.txt", "--token", "--verbose"]))
            .keeps();
    }

    #[test]
    fn what_others_read_holds_no_credential_either() {
        law(no_text_holds_a_credential)
            .with(|model| release(model).changelog = Some(URL.into()))
            .breaks(code::CREDENTIAL_LITERAL, "components.api.release.changelog");
        law(no_text_holds_a_credential)
            .with(|model| {
                let panels = vec![Panel { title: "p".into(), unit: None, lines: vec![line(URL)] }];
                let dashboard = Dashboard { name: "d".into(), key: "d".into(), title: "d".into(), panels };
                model.dashboards.push(dashboard);
            })
            .breaks(code::CREDENTIAL_LITERAL, "dashboards.d");
        law(no_text_holds_a_credential)
            .with(|model| {
                api(model).alerts.push(Alert {
                    key: "a".into(),
                    query: URL.into(),
                    above: true,
                    threshold: "1".into(),
                    lasts: 1,
                    severity: AlertSeverity::Info,
                    summary: String::new(),
                });
            })
            .breaks(code::CREDENTIAL_LITERAL, "components.api.alerts.a.query");
    }

    fn line(query: &str) -> Line {
        Line { query: query.into(), legend: None }
    }

    #[test]
    fn one_text_gives_one_finding() {
        let both = |model: &mut Model| env(model, "DB_PASSWORD", URL);
        law(no_text_stands_under_a_secret_name).with(both).keeps();
        law(no_text_holds_a_credential)
            .with(both)
            .breaks(code::CREDENTIAL_LITERAL, "components.api.env.DB_PASSWORD.value");
    }
}
