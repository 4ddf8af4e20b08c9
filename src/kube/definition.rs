//! `apiextensions.k8s.io/v1`: definitions of kinds, with structural schemas.
//!
//! Promises: every value of a schema has a type, every list, map and text a bound, so that the API server
//! can reckon what a rule costs; unknown fields are dropped by it, never kept.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use std::collections::BTreeMap;

/// A kind, before its group and version are known.
pub(crate) struct Definition {
    pub(crate) kind: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) short: &'static str,
    pub(crate) doc: &'static str,
    pub(crate) spec: Schema,
    pub(crate) columns: Vec<Column>,
}

impl Definition {
    /// `<plural>.<group>`, which the API server demands.
    pub(crate) fn name(&self, group: &str) -> String {
        format!("{}.{group}", self.plural)
    }

    /// The object; `metadata` bears the name.
    pub(crate) fn of(self, group: &str, version: &str, metadata: ObjectMeta) -> CustomResourceDefinition {
        let mut columns = self.columns;
        columns.push(Column::text("Phase", ".status.phase"));
        columns.push(Column { name: "Age", json_path: ".metadata.creationTimestamp", of_type: "date" });
        let names = Names {
            plural: self.plural,
            singular: self.kind.to_lowercase(),
            kind: self.kind,
            list_kind: format!("{}List", self.kind),
            short: [self.short],
        };
        let schema = Schema::object([("spec", self.spec), ("status", status())]).requires(["spec"]).described(self.doc);
        let version = Version {
            name: version.into(),
            served: true,
            storage: true,
            schema: Validation { open_api_v3_schema: schema.object_of_the_api() },
            subresources: Subresources { status: Empty {} },
            additional_printer_columns: columns,
        };
        CustomResourceDefinition {
            api_version: "apiextensions.k8s.io/v1",
            kind: "CustomResourceDefinition",
            metadata,
            spec: Spec { group: group.into(), names, scope: "Namespaced", versions: [version] },
        }
    }
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CustomResourceDefinition {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: Spec,
}

#[derive(Clone, Debug, Serialize)]
struct Spec {
    group: String,
    names: Names,
    scope: &'static str,
    versions: [Version; 1],
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Names {
    kind: &'static str,
    list_kind: String,
    plural: &'static str,
    singular: String,
    #[serde(rename = "shortNames")]
    short: [&'static str; 1],
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    name: String,
    served: bool,
    storage: bool,
    subresources: Subresources,
    additional_printer_columns: Vec<Column>,
    schema: Validation,
}

#[derive(Clone, Debug, Serialize)]
struct Subresources {
    status: Empty,
}

#[derive(Clone, Debug, Serialize)]
struct Empty {}

#[derive(Clone, Debug, Serialize)]
struct Validation {
    #[serde(rename = "openAPIV3Schema")]
    open_api_v3_schema: Schema,
}

/// A column of `kubectl get`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Column {
    name: &'static str,
    #[serde(rename = "type")]
    of_type: &'static str,
    json_path: &'static str,
}

impl Column {
    pub(crate) fn text(name: &'static str, json_path: &'static str) -> Self {
        Self { name, json_path, of_type: "string" }
    }

    pub(crate) fn integer(name: &'static str, json_path: &'static str) -> Self {
        Self { name, json_path, of_type: "integer" }
    }

    pub(crate) fn boolean(name: &'static str, json_path: &'static str) -> Self {
        Self { name, json_path, of_type: "boolean" }
    }
}

/// A structural schema, as far as these kinds need one.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Schema {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    of_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<&'static str>,
    #[serde(rename = "enum", skip_serializing_if = "Vec::is_empty")]
    words: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pattern: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_length: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_length: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum: Option<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    required: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    any_of: Vec<Schema>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    properties: BTreeMap<String, Schema>,
    #[serde(skip_serializing_if = "Option::is_none")]
    additional_properties: Option<Box<Schema>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_properties: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<Box<Schema>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_items: Option<u32>,
    #[serde(rename = "x-kubernetes-int-or-string", skip_serializing_if = "std::ops::Not::not")]
    int_or_string: bool,
    #[serde(rename = "x-kubernetes-list-type", skip_serializing_if = "Option::is_none")]
    list_type: Option<&'static str>,
    #[serde(rename = "x-kubernetes-list-map-keys", skip_serializing_if = "Vec::is_empty")]
    list_map_keys: Vec<&'static str>,
    #[serde(rename = "x-kubernetes-validations", skip_serializing_if = "Vec::is_empty")]
    rules: Vec<Rule>,
}

/// A rule in CEL.
#[derive(Clone, Debug, Serialize)]
struct Rule {
    rule: &'static str,
    message: &'static str,
}

/// A quantity, as Kubernetes' own definitions have it.
const QUANTITY: &str = r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$";

impl Schema {
    fn of_type(of_type: &'static str) -> Self {
        Self { of_type: Some(of_type), ..Self::default() }
    }

    pub(crate) fn object<'a>(properties: impl IntoIterator<Item = (&'a str, Schema)>) -> Self {
        let properties = properties.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
        Self { properties, ..Self::of_type("object") }
    }

    /// Values of one schema by names of the author's own.
    pub(crate) fn map(of: Schema, most: u32) -> Self {
        Self { additional_properties: Some(Box::new(of)), max_properties: Some(most), ..Self::of_type("object") }
    }

    /// Amounts by the name of the resource.
    pub(crate) fn amounts() -> Self {
        let any_of = vec![Self::of_type("integer"), Self::of_type("string")];
        Self::map(Self { any_of, int_or_string: true, pattern: Some(QUANTITY), ..Self::default() }, 32)
    }

    /// Entries of which `key` is different in each.
    pub(crate) fn list_by(key: &'static str, of: Schema, most: u32) -> Self {
        Self {
            items: Some(Box::new(of)),
            max_items: Some(most),
            list_type: Some("map"),
            list_map_keys: vec![key],
            ..Self::of_type("array")
        }
    }

    pub(crate) fn text(most: u32) -> Self {
        Self { max_length: Some(most), ..Self::of_type("string") }
    }

    pub(crate) fn boolean() -> Self {
        Self::of_type("boolean")
    }

    pub(crate) fn number() -> Self {
        Self::of_type("number")
    }

    pub(crate) fn integer(least: i64, most: Option<i64>) -> Self {
        Self { minimum: Some(least), maximum: most, ..Self::of_type("integer") }
    }

    /// A whole number of any size.
    pub(crate) fn any_integer() -> Self {
        Self { format: Some("int64"), ..Self::of_type("integer") }
    }

    #[must_use]
    pub(crate) fn described(mut self, text: &str) -> Self {
        self.description = Some(text.into());
        self
    }

    #[must_use]
    pub(crate) fn least(mut self, length: u32) -> Self {
        self.min_length = Some(length);
        self
    }

    #[must_use]
    pub(crate) fn pattern(mut self, pattern: &'static str) -> Self {
        self.pattern = Some(pattern);
        self
    }

    /// Only these words, where there are any: then they are the bound.
    #[must_use]
    pub(crate) fn words(mut self, words: &[impl AsRef<str>]) -> Self {
        self.words = words.iter().map(|word| word.as_ref().to_owned()).collect();
        if !self.words.is_empty() {
            self.max_length = None;
        }
        self
    }

    #[must_use]
    pub(crate) fn requires(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.required.extend(names.into_iter().map(Into::into));
        self
    }

    #[must_use]
    pub(crate) fn with(mut self, name: &str, schema: Schema) -> Self {
        self.properties.insert(name.into(), schema);
        self
    }

    #[must_use]
    pub(crate) fn rule(mut self, rule: &'static str, message: &'static str) -> Self {
        self.rules.push(Rule { rule, message });
        self
    }

    /// With what every object has.
    fn object_of_the_api(self) -> Self {
        let text = || Self::of_type("string");
        self.with("apiVersion", text()).with("kind", text()).with("metadata", Self::of_type("object"))
    }
}

/// What whoever acts on the objects writes back.
fn status() -> Schema {
    let condition = Schema::object([
        ("type", Schema::text(316).least(1)),
        ("status", Schema::text(7).words(&["True", "False", "Unknown"])),
        ("reason", Schema::text(1024)),
        ("message", Schema::text(32_768)),
        ("observedGeneration", Schema::any_integer()),
        ("lastTransitionTime", Schema { format: Some("date-time"), ..Schema::of_type("string") }),
    ])
    .requires(["type", "status", "lastTransitionTime", "reason", "message"]);
    Schema::object([
        ("phase", Schema::text(63)),
        ("observedGeneration", Schema::any_integer()),
        ("conditions", Schema::list_by("type", condition, 32)),
    ])
    .described("What whoever acts on it has found.")
}
