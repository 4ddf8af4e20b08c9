//! The catalogue of models: definitions of its kinds, registries, and what each component serves.

use super::container::quantity;
use super::meta::{Lowering, phase};
use super::present;
use crate::kube::catalogue::{
    ATTRIBUTE, AiModelSpec, Auth, AutoPromotion, Canary, Criterion, Deployment, Entry, ModelRef, ModelRegistrySpec,
    ModelVersionSpec, Monitoring, OwnField, Repository, Resources, Rollback, SecretKeyRef, Storage, Sync, Validation,
    ai_model, model_registry, model_version, number,
};
use crate::kube::definition::{CustomResourceDefinition, Definition, Schema};
use crate::kube::{Object, Phase};
use crate::model::{
    Attribute, Catalogue, Component, Controller, ModelPromotion, ModelRelease, Plan, Registry, RolloutStrategy,
};
use crate::spec::AttributeType;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use std::collections::{BTreeMap, BTreeSet};

/// The definitions of the kinds, before everything else.
pub(super) fn definitions(cx: &Lowering<'_>) -> Vec<Object> {
    let Some(catalogue) = cx.model.catalogue.as_ref().filter(|catalogue| catalogue.emit_crds) else {
        return Vec::new();
    };
    kinds(catalogue).into_iter().map(|definition| defined(cx, catalogue, definition)).collect()
}

fn kinds(catalogue: &Catalogue) -> [Definition; 3] {
    let own = catalogue.own_attributes().map(own_field).collect();
    [ai_model(|field| catalogue.words(field), own), model_version(), model_registry()]
}

/// The kinds as they are emitted, for where somebody else brings their definitions.
pub(crate) fn kinds_as_emitted(catalogue: &Catalogue) -> Vec<CustomResourceDefinition> {
    let of = |definition: Definition| definition.of(&catalogue.group, &catalogue.version, ObjectMeta::default());
    kinds(catalogue).into_iter().map(of).collect()
}

fn defined(cx: &Lowering<'_>, catalogue: &Catalogue, definition: Definition) -> Object {
    let mut metadata = cx.system_meta(&definition.name(&catalogue.group));
    // A definition is of the whole cluster.
    metadata.namespace = None;
    Object::new(&definition.of(&catalogue.group, &catalogue.version, metadata), Phase::Definitions, None)
}

fn own_field(attribute: &Attribute) -> OwnField<'_> {
    let schema = match attribute.of_type {
        AttributeType::String => Schema::text(ATTRIBUTE).words(&attribute.values),
        AttributeType::Integer => Schema::any_integer(),
        AttributeType::Number => Schema::number(),
        AttributeType::Boolean => Schema::boolean(),
    };
    let schema = match &attribute.description {
        Some(text) => schema.described(text),
        None => schema,
    };
    OwnField { name: &attribute.name, schema, required: attribute.required }
}

/// A `ModelRegistry` for each registry.
pub(super) fn registries(cx: &Lowering<'_>) -> Vec<Object> {
    let Some(catalogue) = &cx.model.catalogue else { return Vec::new() };
    let one = |registry: &Registry| {
        let entry = Entry {
            api_version: catalogue.api_version(),
            kind: "ModelRegistry",
            metadata: cx.system_meta(&registry.name),
            spec: registry_spec(registry),
        };
        Object::new(&entry, Phase::Configuration, None)
    };
    catalogue.registries.iter().map(one).collect()
}

fn registry_spec(registry: &Registry) -> ModelRegistrySpec {
    ModelRegistrySpec {
        endpoint: registry.endpoint.clone(),
        auth: registry
            .token
            .as_ref()
            .map(|(name, key)| Auth { token_secret_ref: SecretKeyRef { name: name.clone(), key: key.clone() } }),
        storage: registry.storage.as_ref().map(|storage| Storage {
            of_type: storage.of_type,
            bucket: storage.bucket.clone(),
            region: storage.region.clone(),
        }),
        sync: registry.sync.as_ref().map(|sync| Sync {
            interval: time(sync.every),
            retries: sync.retries,
            backoff: sync.backoff.as_deref().map(number),
        }),
    }
}

/// The `AIModel` and the `ModelVersion` of what a component serves.
pub(super) fn release(cx: &Lowering<'_>, component: &Component) -> Vec<Object> {
    let (Some(catalogue), Some(release)) = (&cx.model.catalogue, &component.release) else { return Vec::new() };
    let model = Entry {
        api_version: catalogue.api_version(),
        kind: "AIModel",
        metadata: cx.component_meta(component, &release.name),
        spec: model_spec(component, release),
    };
    let version = Entry {
        api_version: catalogue.api_version(),
        kind: "ModelVersion",
        metadata: cx.component_meta(component, &release.version_name),
        spec: version_spec(release),
    };
    let (phase, key) = (phase(component), Some(component.key.as_str()));
    vec![Object::new(&model, phase, key), Object::new(&version, phase, key)]
}

fn model_spec(component: &Component, release: &ModelRelease) -> AiModelSpec {
    let value = |(name, of_type, text): &(String, AttributeType, String)| {
        let value = match of_type {
            AttributeType::String => text.as_str().into(),
            AttributeType::Integer | AttributeType::Number => number(text),
            AttributeType::Boolean => (text == "true").into(),
        };
        (name.clone(), value)
    };
    AiModelSpec {
        model_name: release.model.clone(),
        version: release.version.clone(),
        agent_type: release.agent.clone(),
        model_type: release.of_type.clone(),
        framework: release.framework.clone(),
        repository: release.repository.as_ref().map(|repository| Repository {
            url: repository.url.clone(),
            branch: repository.branch.clone(),
            commit: repository.commit.clone(),
        }),
        deployment: deployment(component, release),
        validation: release.validation.as_ref().map(|validation| Validation {
            enabled: true,
            test_dataset: validation.dataset.clone(),
            metrics: validation.metrics.iter().map(|(name, least)| (name.clone(), number(least))).collect(),
        }),
        monitoring: release.monitoring.as_ref().map(|monitoring| Monitoring {
            enabled: monitoring.on,
            metrics_port: monitoring.port,
            health_check_path: monitoring.path.clone(),
        }),
        attributes: release.attributes.iter().map(value).collect(),
    }
}

/// What the component itself says: how many always run, what the container asks for, how a version comes.
fn deployment(component: &Component, release: &ModelRelease) -> Deployment {
    let workload = component.workload();
    let replicas = workload.map_or(0, |workload| workload.controller.replicas());
    let container =
        workload.and_then(|workload| workload.pod.running().find(|container| container.name == release.container));
    let amounts = |amounts: &crate::model::Amounts| {
        present(amounts.iter().map(|(name, amount)| (name.clone(), quantity(*amount))).collect::<BTreeMap<_, _>>())
    };
    Deployment {
        replicas: component.scale.as_ref().map_or(replicas, |scale| scale.min),
        strategy: workload.map_or("RollingUpdate", |workload| strategy(&workload.controller)),
        resources: container.map(|container| Resources {
            requests: amounts(&container.resources.requests),
            limits: amounts(&container.resources.limits),
        }),
    }
}

fn strategy(controller: &Controller) -> &'static str {
    match controller {
        Controller::Deployment { rollout, .. } | Controller::LeaderWorkerSet { rollout, .. } => match &rollout.strategy
        {
            RolloutStrategy::Rolling { .. } => "RollingUpdate",
            RolloutStrategy::Recreate => "Recreate",
            RolloutStrategy::Progressive(progressive) => match progressive.plan {
                Plan::Canary { .. } => "Canary",
                Plan::BlueGreen { .. } => "BlueGreen",
            },
        },
        Controller::StatefulSet { .. } | Controller::Job(_) | Controller::JobSet(_) | Controller::CronJob { .. } => {
            "RollingUpdate"
        }
    }
}

fn version_spec(release: &ModelRelease) -> ModelVersionSpec {
    ModelVersionSpec {
        model_ref: ModelRef { name: release.name.clone() },
        version: release.version.clone(),
        changelog: release.changelog.clone(),
        rollback: Rollback { enabled: release.rollback, previous_version: release.previous.clone() },
        auto_promotion: release
            .promotion
            .as_ref()
            .map(|promotion| AutoPromotion { enabled: promotion.auto, criteria: criteria(promotion) }),
        canary: release.canary.map(|canary| Canary {
            enabled: true,
            weight: canary.percent,
            duration: time(canary.lasts),
        }),
    }
}

/// One entry a measure, in the order of their names.
fn criteria(promotion: &ModelPromotion) -> Vec<Criterion> {
    let measures: BTreeSet<&String> = promotion.at_least.keys().chain(promotion.at_most.keys()).collect();
    let one = |metric: &String| Criterion {
        metric: metric.clone(),
        at_least: promotion.at_least.get(metric).cloned(),
        at_most: promotion.at_most.get(metric).cloned(),
    };
    measures.into_iter().map(one).collect()
}

fn time(seconds: u64) -> String {
    crate::spec::Duration(seconds).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lower::fixture::{model, names};
    use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
    use serde_json::Value;

    fn emitted(attributes: Vec<Attribute>) -> Vec<Object> {
        let mut model = model();
        model.catalogue = Some(Catalogue {
            group: "models.example.com".into(),
            version: "v1".into(),
            emit_crds: true,
            attributes,
            registries: Vec::new(),
        });
        definitions(&Lowering::new(&model))
    }

    /// A value is of one type; the values of a list or map and the fields of an object are too.
    fn assert_structural(schema: &Value, path: &str) {
        let typed = schema["type"].is_string() || schema["x-kubernetes-int-or-string"] == true;
        assert!(typed, "{path}: {schema}");
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            assert_structural(field, &format!("{path}.{name}"));
        }
        for inner in ["items", "additionalProperties"] {
            if let Some(inner) = schema.get(inner) {
                assert_structural(inner, &format!("{path}[]"));
            }
        }
        assert!(schema.get("properties").is_none() || schema.get("additionalProperties").is_none(), "{path}");
    }

    #[test]
    fn definitions_are_structural() {
        let licence = Attribute {
            name: "licence".into(),
            of_type: AttributeType::String,
            values: vec!["open".into()],
            required: true,
            description: Some("Who may use it.".into()),
        };
        let objects = emitted(vec![licence]);
        let name = |plural| format!("CustomResourceDefinition {plural}.models.example.com");
        assert_eq!(names(&objects), ["aimodels", "modelversions", "modelregistries"].map(name));
        for object in &objects {
            assert_eq!((object.phase, &object.identity.namespace), (Phase::Definitions, &None));
            let typed: CustomResourceDefinition = serde_json::from_value(object.json()).expect("a definition");
            let version = &typed.spec.versions[0];
            assert!(version.subresources.as_ref().is_some_and(|known| known.status.is_some()));
            assert!(version.additional_printer_columns.as_ref().is_some_and(|columns| columns.len() > 3));
            let schema = &object.json()["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
            assert_structural(schema, &object.identity.name);
        }
        let spec = &objects[0].json()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
        assert_eq!(spec["properties"]["licence"]["enum"], serde_json::json!(["open"]));
        assert!(spec["required"].as_array().is_some_and(|required| required.contains(&"licence".into())));
    }

    #[test]
    fn without_the_wish_there_is_no_definition() {
        let mut model = model();
        assert!(definitions(&Lowering::new(&model)).is_empty());
        model.catalogue = Some(Catalogue {
            group: "models.example.com".into(),
            version: "v1".into(),
            emit_crds: false,
            attributes: Vec::new(),
            registries: Vec::new(),
        });
        assert!(definitions(&Lowering::new(&model)).is_empty());
    }
}
