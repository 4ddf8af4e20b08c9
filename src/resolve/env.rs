//! Environment variables, in an order in which each stands before those that refer to it.

use super::Resolver;
use crate::document::{Path, at};
use crate::model::{EnvFrom, EnvFromSource, EnvValue, EnvVar, Output};
use crate::spec::{self, EnvKey, Named, PartKey};

impl Resolver<'_, '_> {
    /// The variables of a container of `key`; `path` leads to its `env`.
    pub(crate) fn env(&mut self, key: &str, env: Option<&Named<EnvKey, spec::EnvValue>>, path: &Path) -> Vec<EnvVar> {
        let mut variables = Vec::new();
        for (name, value) in env.into_iter().flatten() {
            self.variable(key, name, value, &path.join(name), &mut variables);
        }
        in_order_of_use(variables)
    }

    fn variable(&mut self, key: &str, name: &str, value: &spec::EnvValue, path: &Path, variables: &mut Vec<EnvVar>) {
        let Some(value) = self.value(key, value, path, variables) else { return };
        variables.retain(|known| known.name != name);
        variables.push(EnvVar { name: name.into(), value });
    }

    fn value(
        &mut self,
        key: &str,
        value: &spec::EnvValue,
        path: &Path,
        variables: &mut Vec<EnvVar>,
    ) -> Option<EnvValue> {
        if let Some(from) = &value.from {
            let (component, output) = from.split_once('.')?;
            let output = self.output(key, component, output, &path.join("from"))?;
            return Some(from_output(output, variables));
        }
        if let Some(secret) = &value.secret {
            let (name, key) = secret.split_once('/')?;
            self.require_secret(name, Some(key), &path.join("secret"));
            return Some(EnvValue::Secret { name: name.into(), key: key.into() });
        }
        if let Some(config) = &value.config {
            let (name, key) = config.split_once('/')?;
            let object = self.require_config(name, Some(key), &path.join("config"))?;
            return Some(EnvValue::Config { name: object, key: key.into() });
        }
        if let Some(field) = &value.field {
            return Some(EnvValue::Field(field.to_string()));
        }
        if let Some(resource) = &value.resource {
            return Some(EnvValue::Resource(resource.to_string()));
        }
        let text = value.value.as_ref()?;
        Some(EnvValue::Text(self.expand(key, &text.0, &path.join("value"))))
    }

    /// Whole secrets and configs as variables.
    pub(crate) fn env_from(&mut self, sources: Option<&Named<PartKey, spec::EnvSource>>, path: &Path) -> Vec<EnvFrom> {
        let mut list = Vec::new();
        for (name, source) in sources.into_iter().flatten() {
            let path = path.join(name);
            let from = if let Some(secret) = &source.secret {
                self.require_secret(secret, None, &path.join("secret"));
                Some(EnvFromSource::Secret(secret.to_string()))
            } else {
                source
                    .config
                    .as_ref()
                    .and_then(|config| self.require_config(config, None, &path.join("config")))
                    .map(EnvFromSource::Config)
            };
            list.extend(
                from.map(|from| EnvFrom { source: from, prefix: source.prefix.as_ref().map(ToString::to_string) }),
            );
        }
        list
    }

    /// The variables of a component as a whole.
    pub(crate) fn component_env(&mut self, key: &str, component: &spec::Component) -> Vec<EnvVar> {
        self.env(key, component.env.as_ref(), &at!["components", key, "env"])
    }
}

/// The value of an output; the secrets that a composed text needs become variables before it.
fn from_output(output: Output, variables: &mut Vec<EnvVar>) -> EnvValue {
    match output {
        Output::Plain(text) => EnvValue::Text(text),
        Output::Secret { name, key } => EnvValue::Secret { name, key },
        Output::Composed { text, needs } => {
            for (variable, name, key) in needs {
                if !variables.iter().any(|known| known.name == variable) {
                    variables.push(EnvVar { name: variable, value: EnvValue::Secret { name, key } });
                }
            }
            EnvValue::Text(text)
        }
    }
}

/// Moves a variable behind those that it refers to; otherwise the order of writing stays.
/// Kubernetes expands `$(NAME)` only where NAME stands before.
fn in_order_of_use(variables: Vec<EnvVar>) -> Vec<EnvVar> {
    let mut ordered: Vec<EnvVar> = Vec::with_capacity(variables.len());
    let mut waiting = variables;
    while !waiting.is_empty() {
        let ready = waiting.iter().position(|variable| !waiting.iter().any(|other| refers_to(variable, &other.name)));
        // In a circle the first one goes as it is: a law reports it.
        ordered.push(waiting.remove(ready.unwrap_or(0)));
    }
    ordered
}

fn refers_to(variable: &EnvVar, name: &str) -> bool {
    matches!(&variable.value, EnvValue::Text(text) if variable.name != name && text.contains(&format!("$({name})")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_stands_before_those_that_refer_to_it() {
        let text = |name: &str, value: &str| EnvVar { name: name.into(), value: EnvValue::Text(value.into()) };
        let ordered =
            in_order_of_use(vec![text("URL", "http://$(HOST)"), text("B", "b"), text("HOST", "db"), text("X", "$(X)")]);
        let names: Vec<&str> = ordered.iter().map(|variable| variable.name.as_str()).collect();
        assert_eq!(names, ["B", "HOST", "URL", "X"]);
    }
}
