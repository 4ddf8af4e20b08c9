//! `$(NAME)`: variables that Kubernetes expands in commands, arguments and other variables.

use super::places::{Site, containers, text};
use crate::diagnostic::{code, listed, nearest};
use crate::document::{Finding, Findings, Path, Value};
use crate::model::{Container, EnvFromSource, EnvValue, Model};

/// What a LeaderWorkerSet gives each container of its pods, before the container's own variables.
const GROUP: [&str; 3] = ["LWS_LEADER_ADDRESS", "LWS_GROUP_SIZE", "LWS_WORKER_INDEX"];

/// `$(NAME)` in capitals names a variable of the container: what Kubernetes does not know, it leaves
/// as it is. Source: `expansion.Expand` of Kubernetes.
pub(super) fn referenced_variables_exist(model: &Model, findings: &mut Findings<'_>) {
    for (site, container) in containers(model) {
        let mut known = variables(model, container);
        if site.component.workload().is_some_and(|workload| workload.controller.pods_of_replica() > 1) {
            known.extend(GROUP.map(str::to_owned));
        }
        for (field, text) in texts(container) {
            for name in references(text).into_iter().filter(|name| !known.iter().any(|known| known == name)) {
                let place = text_place(findings, &site, &field, name);
                let finding = Finding::warning(
                    code::VARIABLE_UNKNOWN,
                    place.clone(),
                    format!("`$({name})` is no variable of {}", site.subject(&place)),
                )
                .label("stays as it is written")
                .reason("Kubernetes expands only variables of the same container");
                findings.push(finding.help(match nearest(name, known.iter().map(String::as_str)) {
                    Some(near) => format!("a similar variable is `{near}`"),
                    None if known.is_empty() => format!("the container has no variables; write `env: {{{name}: …}}`"),
                    None => format!("its variables are {}", listed(known.iter().map(String::as_str))),
                }));
            }
        }
    }
}

/// A variable that others refer to is defined before them, and none refers to itself: Kubernetes
/// expands in the order of the list, which the compiler sorts as far as it goes.
pub(super) fn variables_stand_before_their_use(model: &Model, findings: &mut Findings<'_>) {
    for (site, container) in containers(model) {
        for (at, variable) in container.env.iter().enumerate() {
            let EnvValue::Text(text) = &variable.value else { continue };
            let later = |name: &&str| container.env[at..].iter().any(|other| other.name == *name);
            let Some(name) = references(text).into_iter().find(later) else { continue };
            let place = site.at(findings, &["env", &variable.name, "value"]);
            let message = if name == variable.name {
                format!("the variable `{name}` refers to itself")
            } else {
                format!("the variables `{}` and `{name}` refer to each other", variable.name)
            };
            let finding = Finding::error(code::VARIABLE_LATER, place, message)
                .label(format!("`$({name})` stays as it is written"))
                .reason("Kubernetes expands a variable only where it is defined before")
                .help("write the value without going in a circle; the value that an image sets is not known here");
            findings.push(if name == variable.name {
                finding
            } else {
                finding.also(site.at(findings, &["env", name]), format!("`{name}`"))
            });
        }
    }
}

/// Which part of a container a text is.
enum Field<'m> {
    List(&'static str),
    Variable(&'m str),
}

/// The texts in which Kubernetes expands variables.
fn texts(container: &Container) -> Vec<(Field<'_>, &str)> {
    let command = container.command.iter().map(|text| (Field::List("command"), text.as_str()));
    let args = container.args.iter().map(|text| (Field::List("args"), text.as_str()));
    let variables = container.env.iter().filter_map(|variable| match &variable.value {
        EnvValue::Text(text) => Some((Field::Variable(variable.name.as_str()), text.as_str())),
        _ => None,
    });
    command.chain(args).chain(variables).collect()
}

/// The place of a text; in a list, that of the first item which has the reference.
fn text_place(findings: &Findings<'_>, site: &Site<'_>, field: &Field<'_>, name: &str) -> Path {
    match field {
        Field::Variable(variable) => site.at(findings, &["env", variable, "value"]),
        Field::List(list) => {
            let place = site.at(findings, &[list]);
            let found = place.locate(findings.root());
            let Value::List(items) = &found.node.value else { return place };
            let has =
                |at: &usize| text(findings, &place.join(&at)).is_some_and(|text| references(text).contains(&name));
            (0..items.len()).filter(|_| found.exact).find(has).map_or_else(|| place.clone(), |at| place.join(&at))
        }
    }
}

/// The names of all variables of a container.
fn variables(model: &Model, container: &Container) -> Vec<String> {
    let mut names: Vec<String> = container.env.iter().map(|variable| variable.name.clone()).collect();
    for from in &container.env_from {
        let prefix = from.prefix.as_deref().unwrap_or_default();
        let keys: Vec<&String> = match &from.source {
            EnvFromSource::Secret(name) => {
                model.secrets.get(name).map(|secret| secret.keys.iter().collect()).unwrap_or_default()
            }
            EnvFromSource::Config(name) => model
                .configs
                .values()
                .filter(|config| config.name == *name)
                .flat_map(|config| config.data.keys())
                .collect(),
        };
        names.extend(keys.into_iter().map(|key| format!("{prefix}{key}")));
    }
    names
}

/// The names in `$(NAME)`; `$$(NAME)` is none, and what is not in capitals belongs to the shell.
fn references(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        rest = &rest[at + 1..];
        if let Some(escaped) = rest.strip_prefix('$') {
            rest = escaped;
        } else if let Some((name, _)) = rest.strip_prefix('(').and_then(|inside| inside.split_once(')')) {
            names.extend(is_name(name).then_some(name));
        }
    }
    names
}

fn is_name(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    !name.is_empty() && name.chars().all(inner) && !name.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{container, env, law, main, pod, strings, texts};
    use super::*;
    use crate::model::{Config, EnvFrom, Secret, SecretOrigin};
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn only_capitals_in_parentheses_are_references() {
        assert_eq!(references("a $(HOST):$(PORT) $(date) $$(NO) ${NO} $( $(9A) $$$(YES)"), ["HOST", "PORT", "YES"]);
    }

    proptest! {
        #[test]
        fn references_never_panic(text in ".{0,60}") {
            for name in references(&text) {
                let reference = format!("$({name})");
                prop_assert!(text.contains(&reference));
            }
        }
    }

    #[test]
    fn an_argument_names_a_variable_of_its_container() {
        let written = json!({"components": {"api": {"args": ["--verbose", "--url=$(DB_URI)"]}}});
        let found = law(referenced_variables_exist)
            .written(&written)
            .with(|model| {
                env(model, "DB_URL", "x");
                main(model).args = texts(&["--verbose", "--url=$(DB_URI)"]);
            })
            .breaks(code::VARIABLE_UNKNOWN, "components.api.args.1");
        assert_eq!(found.help.as_deref(), Some("a similar variable is `DB_URL`"));
        law(referenced_variables_exist)
            .with(|model| {
                env(model, "DB_URL", "x");
                main(model).command = texts(&["sh", "-c", "run $(DB_URL) $(date)"]);
            })
            .keeps();
    }

    #[test]
    fn keys_of_secrets_and_configs_are_variables_too() {
        law(referenced_variables_exist)
            .with(|model| {
                let secret = Secret {
                    name: "s".into(),
                    keys: texts(&["TOKEN"]),
                    origin: SecretOrigin::Existing,
                    kind: "Opaque".into(),
                };
                model.secrets.insert("s".into(), secret);
                let config = Config { key: "c".into(), name: "c-123".into(), data: strings(&[("MODE", "a")]) };
                model.configs.insert("c".into(), config);
                main(model).env_from = vec![
                    EnvFrom { source: EnvFromSource::Secret("s".into()), prefix: Some("APP_".into()) },
                    EnvFrom { source: EnvFromSource::Config("c-123".into()), prefix: None },
                ];
                main(model).args = texts(&["$(APP_TOKEN) $(MODE)"]);
            })
            .keeps();
    }

    #[test]
    fn an_inherited_variable_is_reported_once() {
        law(referenced_variables_exist)
            .written(&json!({"components": {"api": {"env": {"URL": {"value": "$(NO)"}}, "init": {"a": {}}}}}))
            .with(|model| {
                env(model, "URL", "$(NO)");
                let mut step = container("a");
                step.env.clone_from(&main(model).env);
                pod(model).init.push(step);
            })
            .breaks(code::VARIABLE_UNKNOWN, "components.api.env.URL.value");
    }

    #[test]
    fn variables_do_not_go_in_circles() {
        law(variables_stand_before_their_use)
            .with(|model| {
                env(model, "A", "$(B)");
                env(model, "B", "$(A)");
            })
            .breaks(code::VARIABLE_LATER, "components.api.env.A.value");
        law(variables_stand_before_their_use)
            .with(|model| env(model, "PATH", "/app:$(PATH)"))
            .breaks(code::VARIABLE_LATER, "components.api.env.PATH.value");
        law(variables_stand_before_their_use)
            .with(|model| {
                env(model, "HOST", "db");
                env(model, "URL", "http://$(HOST)");
            })
            .keeps();
    }
}
