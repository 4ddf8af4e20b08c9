//! The catalogue of models: what a component serves, told from the component itself as far as it says so.

use super::Resolver;
use crate::diagnostic::{code, listed, nearest};
use crate::document::{Finding, Path, at};
use crate::model::{
    Attribute, Catalogue, Component, Container, MODEL_FIELDS, ModelCanary, ModelMonitoring, ModelPromotion,
    ModelRelease, ModelRepository, ModelValidation, ProbeCheck, Registry, RegistryStorage, RegistrySync, Strings,
    WORD_FIELDS,
};
use crate::spec::{self, AttributeType, Kind, Named, Switch};

/// Measures that are a share of one.
const SHARES: &[&str] = &["accuracy", "precision", "recall", "f1Score"];

/// The catalogue; `None` where there is none, or it is switched off.
pub(super) fn catalogue(cx: &mut Resolver<'_, '_>) -> Option<Catalogue> {
    let system = cx.system;
    let Some(Switch::On(written)) = &system.catalogue else {
        if system.catalogue.is_none() && system.registries.iter().flatten().next().is_some() {
            cx.no_catalogue(&at!["registries"], "registries");
        }
        return None;
    };
    let attributes = written.attributes.iter().flatten().map(|(name, attribute)| cx.attribute(name, attribute));
    let attributes = attributes.collect();
    Some(Catalogue {
        group: written.api_version.group().into(),
        version: written.api_version.version().into(),
        emit_crds: written.emit_crds == Some(true),
        attributes,
        registries: system.registries.iter().flatten().map(|(name, registry)| cx.registry(name, registry)).collect(),
    })
}

impl Resolver<'_, '_> {
    fn no_catalogue(&mut self, path: &Path, what: &str) {
        self.findings.push(
            Finding::error(code::CATALOGUE_MISSING, path.clone(), format!("there is no `catalogue` for {what}"))
                .label("becomes an object of the catalogue")
                .on_key()
                .reason("the API server takes an object only under a group and version, and none is known here")
                .help("write `catalogue: {apiVersion: models.example.com/v1}` in the system, or `catalogue: false`"),
        );
    }

    fn attribute(&mut self, name: &str, written: &spec::Attribute) -> Attribute {
        let path = at!["catalogue", "attributes", name];
        let of_type = written.of_type.unwrap_or(AttributeType::String);
        let values: Vec<String> = written.values.iter().flatten().map(ToString::to_string).collect();
        if MODEL_FIELDS.contains(&name) {
            self.bad_attribute(&path, format!("`{name}` is a field that every AIModel has"), "take another name");
        } else if WORD_FIELDS.contains(&name) && (of_type != AttributeType::String || values.is_empty()) {
            let help = format!("write `{name}: {{values: […]}}` with the words that it may be");
            self.bad_attribute(&path, format!("`{name}` is text of AIModel's own"), &help);
        } else if of_type != AttributeType::String && !values.is_empty() {
            self.bad_attribute(
                &path.join("values"),
                format!("`{name}` is no text, and has words"),
                "take `values` away",
            );
        }
        Attribute {
            name: name.into(),
            of_type,
            values,
            required: written.required == Some(true),
            description: written.description.as_ref().map(ToString::to_string),
        }
    }

    fn bad_attribute(&mut self, path: &Path, message: String, help: &str) {
        let finding = Finding::error(code::CATALOGUE_ATTRIBUTE, path.clone(), message).label("cannot be").on_key();
        self.findings.push(finding.help(help));
    }

    fn registry(&mut self, name: &str, written: &spec::Registry) -> Registry {
        let token = written.token.as_ref().and_then(|token| token.split_once('/'));
        if let Some((secret, key)) = token {
            self.require_secret(secret, Some(key), &at!["registries", name, "token"]);
        }
        Registry {
            name: name.into(),
            endpoint: written.endpoint.to_string(),
            token: token.map(|(secret, key)| (secret.into(), key.into())),
            storage: written.storage.as_ref().and_then(|storage| self.registry_storage(name, storage)),
            sync: written.sync.as_ref().map(|sync| RegistrySync {
                every: sync.every.0,
                retries: sync.retries.map(|retries| retries.0),
                backoff: sync.backoff.as_ref().map(ToString::to_string),
            }),
        }
    }

    fn registry_storage(&mut self, name: &str, written: &spec::RegistryStorage) -> Option<RegistryStorage> {
        let forms = [("s3", &written.s3), ("gcs", &written.gcs)];
        let found = forms.into_iter().find_map(|(of_type, bucket)| Some((of_type, bucket.as_ref()?)));
        let Some((of_type, bucket)) = found else {
            self.no_form(&at!["registries", name, "storage"], "the storage of a registry", "`s3` or `gcs`");
            return None;
        };
        let region = bucket.region.as_ref().map(ToString::to_string);
        Some(RegistryStorage { of_type, bucket: bucket.bucket.to_string(), region })
    }

    /// What a component serves of the catalogue.
    pub(super) fn model_release(
        &mut self,
        written: &spec::Component,
        component: &Component,
        catalogue: Option<&Catalogue>,
    ) -> Option<ModelRelease> {
        let release = written.release.as_ref()?.on()?;
        let path = at!["components", component.key, "release"];
        let Some(catalogue) = catalogue else {
            if self.system.catalogue.is_none() {
                self.no_catalogue(&path, &format!("the release of `{}`", component.key));
            }
            return None;
        };
        let container = self.serving_container(release, component, &path)?;
        let name = release.name.as_ref().map_or_else(|| component.name.clone(), ToString::to_string);
        let kinds = catalogue;
        let text = |field: Option<&spec::DnsLabel>| field.map(ToString::to_string);
        let agent = text(release.agent.as_ref()).or((component.kind == Kind::Agent).then(|| component.name.clone()));
        let resolved = ModelRelease {
            version_name: self.version_name(release, &name, &path),
            model: self.model_name(release, written, &path)?,
            version: release.version.to_string(),
            agent: self.word(agent, "agentType", "agent", kinds, &path),
            of_type: self.word(text(release.of_type.as_ref()), "modelType", "type", kinds, &path),
            framework: self.word(text(release.framework.as_ref()), "framework", "framework", kinds, &path),
            repository: release.repository.as_ref().map(repository),
            changelog: release.changelog.as_ref().map(ToString::to_string),
            previous: release.previous.as_ref().map(ToString::to_string),
            rollback: release.rollback == Some(true),
            validation: release.validation.as_ref().map(|validation| self.validation(validation, &path)),
            promotion: release.promotion.as_ref().map(promotion),
            canary: release.canary.as_ref().map(canary),
            monitoring: monitoring(release, component, container),
            attributes: self.attribute_values(release, kinds, &path),
            container: container.name.clone(),
            name,
        };
        Some(resolved)
    }

    /// The container that serves the model: the main one, or the sidecar that is named.
    fn serving_container<'c>(
        &mut self,
        release: &spec::ModelRelease,
        component: &'c Component,
        path: &Path,
    ) -> Option<&'c Container> {
        let pod = &component.workload()?.pod;
        let Some(name) = &release.container else { return Some(&pod.main) };
        let found = pod.running().find(|container| container.name == **name);
        if found.is_none() {
            let known = pod.running().map(|container| container.name.as_str());
            self.findings.push(
                Finding::error(
                    code::RELEASE_CONTAINER,
                    path.join("container"),
                    format!("`{}` has no container `{}`", component.key, &**name),
                )
                .label("refers to nothing")
                .help(format!("its containers are {}", listed(known))),
            );
        }
        found
    }

    /// `<name>-<version>`, as far as a name can hold the version.
    fn version_name(&mut self, release: &spec::ModelRelease, name: &str, path: &Path) -> String {
        if let Some(written) = &release.version_name {
            return written.to_string();
        }
        let slug: String = release
            .version
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
            .collect();
        let composed = format!("{name}-{slug}");
        if spec::dns_name(&composed).is_err() {
            self.findings.push(
                Finding::error(code::NAME_TOO_LONG, path.join("version"), format!("`{composed}` is too long a name"))
                    .label("gives the name of the ModelVersion")
                    .reason("the name of an object has at most 253 characters, and each part of it 63")
                    .help("write `versionName:`"),
            );
        }
        composed
    }

    fn model_name(&mut self, release: &spec::ModelRelease, written: &spec::Component, path: &Path) -> Option<String> {
        let own = written.model.as_ref().map(|model| &model.name);
        let name = release.model.as_ref().or(own).map(ToString::to_string);
        if name.is_none() && written.kind == Kind::Agent {
            self.findings.push(
                Finding::error(code::MISSING_FIELD, path.clone(), "`model` is missing in the release of an agent")
                    .label("`model` must be written here")
                    .on_key()
                    .help("write `model:` with the name of the model that the agent serves"),
            );
        }
        name
    }

    /// A text that the catalogue may hold to a list of words.
    fn word(
        &mut self,
        word: Option<String>,
        field: &str,
        key: &str,
        catalogue: &Catalogue,
        path: &Path,
    ) -> Option<String> {
        let words = catalogue.words(field);
        let Some(wrong) = word.as_ref().filter(|word| !words.is_empty() && !words.contains(word)) else { return word };
        let finding = Finding::error(
            code::CATALOGUE_ATTRIBUTE,
            path.join(key),
            format!("`{wrong}` is not one of {}", listed(words.iter().map(String::as_str))),
        )
        .label(format!("becomes `{field}`"))
        .also(at!["catalogue", "attributes", field, "values"], "the words that it may be");
        let near = nearest(wrong, words.iter().map(String::as_str));
        self.findings.push(match near {
            Some(near) => finding.help(format!("a similar word is `{near}`")),
            None => finding.help("write one of them, or add the word to the catalogue"),
        });
        word
    }

    fn validation(&mut self, written: &spec::ModelValidation, path: &Path) -> ModelValidation {
        for (name, least) in written.metrics.iter().flatten() {
            let number: f64 = least.parse().unwrap_or_default();
            if SHARES.contains(&name.as_str()) && !(0.0..=1.0).contains(&number) {
                self.findings.push(not_a_share(name, number, path.join("validation").join("metrics").join(name)));
            }
        }
        let metrics = written.metrics.iter().flatten().map(|(name, least)| (name.clone(), least.to_string())).collect();
        ModelValidation { dataset: written.dataset.to_string(), metrics }
    }

    /// The values of attributes, in the order of the catalogue.
    fn attribute_values(
        &mut self,
        release: &spec::ModelRelease,
        catalogue: &Catalogue,
        path: &Path,
    ) -> Vec<(String, AttributeType, String)> {
        let place = path.join("attributes");
        for name in release.attributes.iter().flat_map(|given| given.keys()) {
            if !catalogue.own_attributes().any(|attribute| attribute.name == *name) {
                self.unknown_attribute(name, catalogue, &place.join(name));
            }
        }
        let mut values = Vec::new();
        for attribute in catalogue.own_attributes() {
            match release.attributes.as_ref().and_then(|given| given.get(&attribute.name)) {
                Some(value) => {
                    self.check_value(attribute, &value.0, &place.join(&attribute.name));
                    values.push((attribute.name.clone(), attribute.of_type, value.0.clone()));
                }
                None if attribute.required => self.missing_attribute(attribute, path),
                None => {}
            }
        }
        values
    }

    fn unknown_attribute(&mut self, name: &str, catalogue: &Catalogue, path: &Path) {
        let known: Vec<&str> = catalogue.own_attributes().map(|attribute| attribute.name.as_str()).collect();
        let message = format!("the catalogue has no attribute `{name}`");
        let finding =
            Finding::error(code::CATALOGUE_ATTRIBUTE, path.clone(), message).label("not a field of AIModel").on_key();
        let finding = finding.reason("the API server drops a field that the definition does not have");
        self.findings.push(match nearest(name, known.iter().copied()) {
            Some(near) => finding.help(format!("a similar one is `{near}`")).suggest(near, false),
            None => finding.help(format!("declare it: `catalogue: {{attributes: {{{name}: string}}}}`")),
        });
    }

    fn missing_attribute(&mut self, attribute: &Attribute, path: &Path) {
        let name = &attribute.name;
        self.findings.push(
            Finding::error(code::CATALOGUE_ATTRIBUTE, path.clone(), format!("the attribute `{name}` is missing"))
                .label("must give it")
                .on_key()
                .also(at!["catalogue", "attributes", name, "required"], "every release must give it")
                .help(format!("write `attributes: {{{name}: …}}`")),
        );
    }

    fn check_value(&mut self, attribute: &Attribute, value: &str, path: &Path) {
        let right = match attribute.of_type {
            AttributeType::String => attribute.values.is_empty() || attribute.values.iter().any(|word| word == value),
            AttributeType::Integer => value.parse::<i64>().is_ok(),
            AttributeType::Number => value.parse::<f64>().is_ok_and(f64::is_finite),
            AttributeType::Boolean => matches!(value, "true" | "false"),
        };
        if right {
            return;
        }
        let wanted = if attribute.values.is_empty() {
            format!("of the type {}", attribute.of_type)
        } else {
            format!("one of {}", listed(attribute.values.iter().map(String::as_str)))
        };
        let (name, declared) = (&attribute.name, at!["catalogue", "attributes", attribute.name]);
        self.findings.push(
            Finding::error(code::CATALOGUE_ATTRIBUTE, path.clone(), format!("`{value}` is no value of `{name}`"))
                .label(format!("must be {wanted}"))
                .also(declared, "declared here")
                .help(format!("write a value that is {wanted}")),
        );
    }
}

fn not_a_share(name: &str, number: f64, path: Path) -> Finding {
    let finding = Finding::error(code::MEASURE_RANGE, path, format!("`{name}` is a share, and cannot be {number}"))
        .label("must lie between 0 and 1");
    if (1.0..=100.0).contains(&number) {
        finding.help(format!("write {} for {number} %", number / 100.0))
    } else {
        finding.help("write a number from 0 to 1")
    }
}

fn repository(written: &spec::ModelRepository) -> ModelRepository {
    ModelRepository {
        url: written.url.to_string(),
        branch: written.branch.as_ref().map(ToString::to_string),
        commit: written.commit.as_ref().map(ToString::to_string),
    }
}

fn promotion(written: &spec::ModelPromotion) -> ModelPromotion {
    let criteria = |named: Option<&Named<_, spec::CriterionText>>| -> Strings {
        named.into_iter().flatten().map(|(name, value)| (name.clone(), value.to_string())).collect()
    };
    ModelPromotion {
        auto: written.auto,
        at_least: criteria(written.at_least.as_ref()),
        at_most: criteria(written.at_most.as_ref()),
    }
}

fn canary(written: &spec::ModelCanary) -> ModelCanary {
    ModelCanary { percent: u8::try_from(written.weight.0).unwrap_or(99), lasts: written.lasts.0 }
}

/// As written; else the port of the metrics and the path of readiness, where the container has them.
fn monitoring(release: &spec::ModelRelease, component: &Component, container: &Container) -> Option<ModelMonitoring> {
    let written = match &release.monitoring {
        Some(Switch::Off) => return Some(ModelMonitoring { on: false, port: None, path: None }),
        Some(Switch::On(written)) => Some(written),
        None => None,
    };
    let port = written.and_then(|written| written.port).and_then(|port| u16::try_from(port.0).ok());
    let metrics = component.metrics.as_ref();
    let scraped = || container.ports.iter().find(|port| metrics.is_some_and(|metrics| metrics.port == port.name));
    let port = port.or_else(|| scraped().map(|port| port.target));
    let path = written.and_then(|written| written.path.as_ref()).map(ToString::to_string);
    let path = path.or_else(|| ready_path(container));
    (written.is_some() || port.is_some() || path.is_some()).then_some(ModelMonitoring { on: true, port, path })
}

fn ready_path(container: &Container) -> Option<String> {
    match &container.probes.ready.as_ref()?.check {
        ProbeCheck::Http { path, .. } => Some(path.clone()),
        _ => None,
    }
}
