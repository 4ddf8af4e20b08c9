//! The kinds of the model catalogue, under a group and version of the author's own.

use super::definition::{Column, Definition, Schema};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use std::collections::BTreeMap;

/// An object of the catalogue.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry<S> {
    pub(crate) api_version: String,
    pub(crate) kind: &'static str,
    pub(crate) metadata: ObjectMeta,
    pub(crate) spec: S,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AiModelSpec {
    pub(crate) model_name: String,
    pub(crate) version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) agent_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) model_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) framework: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) repository: Option<Repository>,
    pub(crate) deployment: Deployment,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) validation: Option<Validation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) monitoring: Option<Monitoring>,
    /// Fields of the author's own.
    #[serde(flatten)]
    pub(crate) attributes: serde_json::Map<String, serde_json::Value>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Repository {
    pub(crate) url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) branch: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) commit: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Deployment {
    pub(crate) replicas: u32,
    pub(crate) strategy: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resources: Option<Resources>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Resources {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) requests: Option<BTreeMap<String, Quantity>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limits: Option<BTreeMap<String, Quantity>>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Validation {
    pub(crate) enabled: bool,
    pub(crate) test_dataset: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) metrics: BTreeMap<String, serde_json::Value>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Monitoring {
    pub(crate) enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) metrics_port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) health_check_path: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ModelVersionSpec {
    pub(crate) model_ref: ModelRef,
    pub(crate) version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) changelog: Option<String>,
    pub(crate) rollback: Rollback,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) auto_promotion: Option<AutoPromotion>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) canary: Option<Canary>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct ModelRef {
    pub(crate) name: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rollback {
    pub(crate) enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) previous_version: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct AutoPromotion {
    pub(crate) enabled: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) criteria: Vec<Criterion>,
}

/// Text, since a time stands here as well as a number.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Criterion {
    pub(crate) metric: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) at_least: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) at_most: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Canary {
    pub(crate) enabled: bool,
    /// In percent of the traffic.
    pub(crate) weight: u8,
    pub(crate) duration: String,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct ModelRegistrySpec {
    pub(crate) endpoint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) auth: Option<Auth>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) storage: Option<Storage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sync: Option<Sync>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Auth {
    pub(crate) token_secret_ref: SecretKeyRef,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct SecretKeyRef {
    pub(crate) name: String,
    pub(crate) key: String,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Storage {
    #[serde(rename = "type")]
    pub(crate) of_type: &'static str,
    pub(crate) bucket: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) region: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Sync {
    pub(crate) interval: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retries: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) backoff: Option<serde_json::Value>,
}

/// A fraction as one; a whole number without a point, as the API server gives it back.
pub(crate) fn number(text: &str) -> serde_json::Value {
    let fraction: f64 = text.parse().unwrap_or_default();
    match format!("{fraction}").parse::<i64>() {
        Ok(whole) => whole.into(),
        Err(_) => fraction.into(),
    }
}

/// The most characters of a text, by what it is: the definitions have the same bounds.
pub(crate) const ADDRESS: u32 = 2048;
pub(crate) const BRANCH: u32 = 255;
pub(crate) const CHANGELOG: u32 = 65_536;
pub(crate) const ATTRIBUTE: u32 = 1024;

/// The ways in which a version may come.
pub(crate) const STRATEGIES: &[&str] = &["RollingUpdate", "Recreate", "BlueGreen", "Canary"];

/// A field of AIModel of the author's own, or the words of one that it has.
pub(crate) struct OwnField<'a> {
    pub(crate) name: &'a str,
    pub(crate) schema: Schema,
    pub(crate) required: bool,
}

/// `AIModel`. `words` are those that its text fields may be.
pub(crate) fn ai_model<'a>(words: impl Fn(&str) -> &'a [String], own: Vec<OwnField<'_>>) -> Definition {
    let required: Vec<String> = own.iter().filter(|field| field.required).map(|field| field.name.into()).collect();
    let word = |field: &str, doc| Schema::text(63).words(words(field)).described(doc);
    let mut spec = Schema::object([
        ("modelName", Schema::text(253).least(1).described("The model's own name.")),
        ("version", Schema::text(63).least(1).described("The version that is served.")),
        ("agentType", word("agentType", "What the model is for.")),
        ("modelType", word("modelType", "What sort of model it is.")),
        ("framework", word("framework", "What it was made with.")),
        ("repository", repository()),
        ("deployment", deployment()),
        ("validation", validation()),
        ("monitoring", monitoring()),
    ])
    .requires(["modelName", "version", "deployment"])
    .requires(required);
    for field in own {
        spec = spec.with(field.name, field.schema);
    }
    Definition {
        kind: "AIModel",
        plural: "aimodels",
        short: "aim",
        doc: "A model that the system serves.",
        spec,
        columns: vec![
            Column::text("Model", ".spec.modelName"),
            Column::text("Version", ".spec.version"),
            Column::text("Agent", ".spec.agentType"),
            Column::text("Type", ".spec.modelType"),
            Column::text("Strategy", ".spec.deployment.strategy"),
            Column::integer("Replicas", ".spec.deployment.replicas"),
        ],
    }
}

fn repository() -> Schema {
    Schema::object([
        ("url", Schema::text(ADDRESS).pattern("^https?://")),
        ("branch", Schema::text(BRANCH)),
        ("commit", Schema::text(64).pattern("^[0-9a-f]{7,64}$")),
    ])
    .requires(["url"])
    .described("Where its source lies.")
}

fn deployment() -> Schema {
    let resources = Schema::object([("requests", Schema::amounts()), ("limits", Schema::amounts())]);
    Schema::object([
        ("replicas", Schema::integer(0, None).described("How many always run.")),
        ("resources", resources.described("What one replica asks for and may take.")),
        ("strategy", Schema::text(63).words(STRATEGIES).described("How a new version comes.")),
    ])
    .requires(["replicas", "strategy"])
    .described("How it runs.")
}

fn validation() -> Schema {
    let metrics = Schema::map(Schema::number(), 32)
        .rule(
            "['accuracy', 'precision', 'recall', 'f1Score'].all(m, !(m in self) || (self[m] >= 0.0 && self[m] <= 1.0))",
            "accuracy, precision, recall and f1Score lie between 0 and 1",
        )
        .described("The least that each measure must be.");
    Schema::object([("enabled", Schema::boolean()), ("testDataset", Schema::text(ADDRESS)), ("metrics", metrics)])
        .requires(["enabled"])
        .rule("!self.enabled || has(self.testDataset)", "a validation needs the data to validate on")
        .described("What it was measured by.")
}

fn monitoring() -> Schema {
    Schema::object([
        ("enabled", Schema::boolean()),
        ("metricsPort", Schema::integer(1, Some(65_535))),
        ("healthCheckPath", Schema::text(ADDRESS).pattern("^/")),
    ])
    .requires(["enabled"])
    .described("Where it is watched.")
}

/// `ModelVersion`: what is released stays what it is; how it is rolled out may change.
pub(crate) fn model_version() -> Definition {
    let model = Schema::object([("name", Schema::text(253).least(1))])
        .requires(["name"])
        .rule("self == oldSelf", "a version belongs to one model for good")
        .described("The AIModel.");
    let version = Schema::text(63).least(1).rule("self == oldSelf", "the version does not change; make another one");
    let spec = Schema::object([
        ("modelRef", model),
        ("version", version),
        ("changelog", Schema::text(CHANGELOG).described("What has changed since the previous version.")),
        ("rollback", rollback()),
        ("autoPromotion", auto_promotion()),
        ("canary", canary()),
    ])
    .requires(["modelRef", "version"])
    .rule(
        "!has(self.rollback) || !has(self.rollback.previousVersion) || self.rollback.previousVersion != self.version",
        "the previous version is another one",
    );
    Definition {
        kind: "ModelVersion",
        plural: "modelversions",
        short: "mver",
        doc: "A version of a model.",
        spec,
        columns: vec![
            Column::text("Model", ".spec.modelRef.name"),
            Column::text("Version", ".spec.version"),
            Column::boolean("Canary", ".spec.canary.enabled"),
            Column::boolean("Auto-Promotion", ".spec.autoPromotion.enabled"),
        ],
    }
}

fn rollback() -> Schema {
    Schema::object([("enabled", Schema::boolean()), ("previousVersion", Schema::text(63).least(1))])
        .requires(["enabled"])
        .described("Whether going back is allowed, and where to.")
}

fn auto_promotion() -> Schema {
    let bound = || Schema::text(32).pattern("^(-?[0-9]+(\\.[0-9]+)?|([0-9]+[smhd])+)$");
    let criterion = Schema::object([("metric", Schema::text(63).least(1)), ("atLeast", bound()), ("atMost", bound())])
        .requires(["metric"])
        .rule("has(self.atLeast) || has(self.atMost)", "a criterion needs atLeast or atMost");
    Schema::object([("enabled", Schema::boolean()), ("criteria", Schema::list_by("metric", criterion, 32))])
        .requires(["enabled"])
        .described("When it becomes the version for everybody.")
}

fn canary() -> Schema {
    Schema::object([
        ("enabled", Schema::boolean()),
        ("weight", Schema::integer(1, Some(99)).described("In percent of the traffic.")),
        ("duration", Schema::text(32).pattern("^([0-9]+[smh])+$")),
    ])
    .requires(["enabled"])
    .rule("!self.enabled || (has(self.weight) && has(self.duration))", "a canary needs a weight and a duration")
    .described("What part of the traffic it gets first.")
}

/// `ModelRegistry`
pub(crate) fn model_registry() -> Definition {
    let token = Schema::object([("name", Schema::text(253).least(1)), ("key", Schema::text(253).least(1))])
        .requires(["name", "key"]);
    let storage = Schema::object([
        ("type", Schema::text(63).words(&["s3", "gcs"])),
        ("bucket", Schema::text(63).least(3)),
        ("region", Schema::text(63)),
    ])
    .requires(["type", "bucket"])
    .described("Where its files lie.");
    let sync = Schema::object([
        ("interval", Schema::text(32).pattern("^([0-9]+[smh])+$")),
        ("retries", Schema::integer(0, Some(100))),
        ("backoff", Schema::number().rule("self >= 1.0 && self <= 100.0", "backoff lies between 1 and 100")),
    ])
    .requires(["interval"])
    .described("How it is kept up to date.");
    let spec = Schema::object([
        ("endpoint", Schema::text(ADDRESS).pattern("^https?://")),
        ("auth", Schema::object([("tokenSecretRef", token)]).requires(["tokenSecretRef"])),
        ("storage", storage),
        ("sync", sync),
    ])
    .requires(["endpoint"]);
    Definition {
        kind: "ModelRegistry",
        plural: "modelregistries",
        short: "mreg",
        doc: "A registry that models come from.",
        spec,
        columns: vec![
            Column::text("Endpoint", ".spec.endpoint"),
            Column::text("Bucket", ".spec.storage.bucket"),
            Column::text("Interval", ".spec.sync.interval"),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_have_no_point() {
        assert_eq!(number("2.0"), serde_json::json!(2));
        assert_eq!(number("0.90"), serde_json::json!(0.9));
        assert_eq!(number("-1"), serde_json::json!(-1));
    }
}
