//! The catalogue of models: which version of which model is served, and where models are kept.

use super::text::{Checked, dns_name, refuse, text};
use super::{
    AttributeKey, Decimal, DnsLabel, DnsName, Duration, Int, Literal, Named, PortNumber, SecretKey, Switch, Text,
    UrlPath, record, words,
};
use crate::diagnostic::code;
use crate::document::shape::Refusal;

record! {
    /// The models of the system as objects of the cluster: `AIModel`, `ModelVersion` and `ModelRegistry`.
    pub struct Catalogue as "catalogue" {
        /// The group and version of these kinds, such as `models.example.com/v1`.
        req api_version "apiVersion": GroupVersion,
        /// `true`: their CustomResourceDefinitions are emitted too, and delivered first.
        opt emit_crds "emitCrds": bool,
        /// Fields of AIModel: those of your own by their type, or the words that `agentType`, `modelType` and
        /// `framework` may be.
        opt attributes "attributes": Named<AttributeKey, Attribute>,
    }
}

record! {
    /// A field of AIModel.
    pub struct Attribute as "attribute" {
        /// The type of its value: `string` unless written.
        opt of_type "type": AttributeType,
        /// The words that it may be.
        opt values "values": Vec<Text>,
        /// `true`: every release must give it.
        opt required "required": bool,
        /// For people who read the definition.
        opt description "description": Text,
    }
    short "type"
}

words! {
    /// The type of an attribute.
    pub enum AttributeType {
        /// Text.
        String = "string",
        /// A whole number.
        Integer = "integer",
        /// A number.
        Number = "number",
        /// True or false.
        Boolean = "boolean",
    }
}

record! {
    /// The version of a model that a component serves: an AIModel and a ModelVersion of the catalogue.
    pub struct ModelRelease as "release" {
        /// The version, such as `v2.1.0`.
        req version "version": ModelVersionText,
        /// The name of the AIModel; the component's unless written.
        opt name "name": DnsName,
        /// The name of the ModelVersion; that of the AIModel and the version, `llm-v2-1-0`, unless written.
        opt version_name "versionName": DnsName,
        /// The model's own name; `model.name` unless written.
        opt model "model": DnsLabel,
        /// The container that serves it; the main one unless written.
        opt container "container": DnsLabel,
        /// What the model is for: `agentType`. On an agent its own name unless written.
        opt agent "agent": DnsLabel,
        /// What sort of model it is: `modelType`, such as `llm`, `embedding` or `classification`.
        opt of_type "type": DnsLabel,
        /// What it was made with, such as `pytorch` or `onnx`.
        opt framework "framework": DnsLabel,
        /// Where its source lies.
        opt repository "repository": ModelRepository,
        /// What has changed since the previous version.
        opt changelog "changelog": Text,
        /// The version before this one.
        opt previous "previous": ModelVersionText,
        /// Whether going back to the previous version is allowed.
        opt rollback "rollback": bool,
        /// What it was measured by before its release.
        opt validation "validation": ModelValidation,
        /// When it becomes the version for everybody.
        opt promotion "promotion": ModelPromotion,
        /// What part of the traffic it gets first.
        opt canary "canary": ModelCanary,
        /// Where it is watched; the port of `metrics` and the path of readiness unless written.
        opt monitoring "monitoring": Switch<ModelMonitoring>,
        /// Values of the catalogue's `attributes`.
        opt attributes "attributes": Named<AttributeKey, Literal>,
    }
}

record! {
    /// Where the source of a model lies.
    pub struct ModelRepository as "model repository" {
        /// Its address.
        req url "url": UrlText,
        /// The branch.
        opt branch "branch": Text,
        /// The commit.
        opt commit "commit": CommitText,
    }
}

record! {
    /// What a model was measured by.
    pub struct ModelValidation as "validation" {
        /// The data that it was measured on.
        req dataset "dataset": Text,
        /// The least that each measure must be, such as `accuracy: 0.92`.
        opt metrics "metrics": Named<AttributeKey, Decimal>,
    }
}

record! {
    /// When a version becomes the one for everybody.
    pub struct ModelPromotion as "promotion" {
        /// Without a person.
        req auto "auto": bool,
        /// The least that a measure must be: a number or a time, such as `uptime: 24h`.
        opt at_least "atLeast": Named<AttributeKey, CriterionText>,
        /// The most that a measure may be, such as `errorRate: 0.05`.
        opt at_most "atMost": Named<AttributeKey, CriterionText>,
    }
}

record! {
    /// What part of the traffic a version gets first.
    pub struct ModelCanary as "model canary" {
        /// In percent.
        req weight "weight": Int<1, 99>,
        /// For how long.
        req lasts "for": Duration,
    }
}

record! {
    /// Where a model is watched.
    pub struct ModelMonitoring as "model monitoring" {
        /// The port of its metrics.
        opt port "port": PortNumber,
        /// The path that says whether it is healthy.
        opt path "path": UrlPath,
    }
    toggle "true"
}

record! {
    /// A registry that models come from.
    pub struct Registry as "registry" {
        /// Its address.
        req endpoint "endpoint": UrlText,
        /// The secret and key with its token.
        opt token "token": SecretKey,
        /// Where its files lie.
        opt storage "storage": RegistryStorage,
        /// How it is kept up to date.
        opt sync "sync": RegistrySync,
    }
}

record! {
    /// Where the files of a registry lie: one of the forms.
    pub struct RegistryStorage as "registry storage" {
        /// A bucket of S3.
        opt s3 "s3": Bucket,
        /// A bucket of Google Cloud Storage.
        opt gcs "gcs": Bucket,
    }
    forms ["s3", "gcs"]
}

record! {
    /// A bucket of an object store.
    pub struct Bucket as "bucket" {
        /// Its name.
        req bucket "bucket": BucketText,
        /// Its region.
        opt region "region": DnsLabel,
    }
    short "bucket"
}

record! {
    /// How a registry is kept up to date.
    pub struct RegistrySync as "sync" {
        /// Time between two looks.
        req every "every": Duration,
        /// How often a look that failed is tried again.
        opt retries "retries": Int<0, 100>,
        /// By how much the pause grows from one try to the next.
        opt backoff "backoff": FactorText,
    }
}

text! {
    /// A group and version of the API.
    GroupVersion { "a group and version", "models.example.com/v1", group_version, Some("^[a-z0-9.-]+\\.[a-z0-9-]+/v[0-9]") }
    /// The version of a model.
    ModelVersionText { "the version of a model", "v2.1.0", model_version, Some("^[A-Za-z0-9]([A-Za-z0-9._+-]{0,62})$") }
    /// An address on the web.
    UrlText { "an address", "https://models.example.com/registry", url, Some("^https?://") }
    /// A commit of Git.
    CommitText { "a commit", "9f2c1ab", commit, Some("^[0-9a-f]{7,64}$"), number }
    /// A bucket of an object store.
    BucketText { "a bucket", "acme-models", bucket, Some("^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$") }
    /// A factor of at least one.
    FactorText { "a factor of at least one", "1.5", factor, None, number }
    /// What a measure is held against: a number, or a time with its unit.
    CriterionText { "a number or a time", "0.95", criterion, None, number }
}

impl GroupVersion {
    pub fn group(&self) -> &str {
        self.0.split_once('/').map_or("", |(group, _)| group)
    }

    pub fn version(&self) -> &str {
        self.0.split_once('/').map_or("", |(_, version)| version)
    }
}

/// Source: `ValidateCustomResourceDefinition` of apiextensions: a subdomain with a dot, and a version that is
/// an RFC 1035 label. Groups of Kubernetes itself need an approval that nobody else has.
fn group_version(text: &str) -> Checked {
    let bad = || {
        Refusal::new(
            code::BAD_NAME,
            format!("`{text}` is not a group and version"),
            "write a domain of your own and a version, such as `models.example.com/v1`",
        )
    };
    let Some((group, version)) = text.split_once('/') else { return Err(bad()) };
    if dns_name(group).is_err() || !group.contains('.') || !is_api_version(version) {
        return Err(bad());
    }
    let reserved = ["k8s.io", "kubernetes.io"].iter().any(|own| group == *own || group.ends_with(&format!(".{own}")));
    if reserved {
        Err(bad().reason("the API server keeps groups of Kubernetes for approved definitions"))
    } else {
        Ok(())
    }
}

/// `v1`, `v1beta2`.
fn is_api_version(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && !text.starts_with('0') && text.chars().all(|c| c.is_ascii_digit());
    let Some(rest) = text.strip_prefix('v') else { return false };
    ["alpha", "beta"]
        .iter()
        .find_map(|stage| rest.split_once(stage))
        .map_or_else(|| digits(rest), |(major, minor)| digits(major) && digits(minor))
}

fn model_version(text: &str) -> Checked {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+' | '-');
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    if text.len() <= 63 && text.chars().all(inner) && edge(text.chars().next()) && edge(text.chars().last()) {
        return Ok(());
    }
    refuse(
        code::BAD_NAME,
        format!("`{text}` is not the version of a model"),
        "use at most 63 letters, digits, `.`, `-`, `_` and `+`, such as `v2.1.0`",
    )
}

pub(super) fn url(text: &str) -> Checked {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    if !host.is_empty() && !text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Ok(());
    }
    let refusal = Refusal::new(
        code::BAD_ADDRESS,
        format!("`{text}` is not an address"),
        "write the whole address with its scheme, such as `https://models.example.com/registry`",
    );
    Err(if text.contains("://") || dns_name(text.split('/').next().unwrap_or_default()).is_err() {
        refusal
    } else {
        refusal.instead(format!("\"https://{text}\""), false)
    })
}

fn commit(text: &str) -> Checked {
    if (7..=64).contains(&text.len()) && text.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')) {
        return Ok(());
    }
    refuse(code::BAD_REFERENCE, format!("`{text}` is not a commit"), "write 7 to 64 hexadecimal digits in lower case")
}

/// Source: the naming rules of S3 and GCS.
fn bucket(text: &str) -> Checked {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.' | '_');
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    if (3..=63).contains(&text.len())
        && text.chars().all(inner)
        && edge(text.chars().next())
        && edge(text.chars().last())
    {
        return Ok(());
    }
    refuse(
        code::BAD_NAME,
        format!("`{text}` is not the name of a bucket"),
        "write 3 to 63 lower-case letters, digits, `-`, `_` and `.`, without a scheme or a path",
    )
}

fn factor(text: &str) -> Checked {
    match text.parse::<f64>() {
        Ok(factor) if (1.0..=100.0).contains(&factor) => Ok(()),
        Ok(_) => refuse(code::OUT_OF_RANGE, format!("`{text}` is out of range"), "write a number from 1 to 100"),
        Err(_) => refuse(code::WRONG_TYPE, format!("`{text}` is not a number"), "write a number such as 1.5"),
    }
}

fn criterion(text: &str) -> Checked {
    let digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let number = match text.strip_prefix('-').unwrap_or(text).split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(text.strip_prefix('-').unwrap_or(text)),
    };
    if number || Duration::parse(text).is_ok() {
        return Ok(());
    }
    refuse(
        code::WRONG_TYPE,
        format!("`{text}` is neither a number nor a time"),
        "write a number such as 0.95, or a time with its unit such as `24h`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_domains_of_ones_own() {
        for good in ["suoke.life/v1", "models.example.com/v1beta1", "a.b/v2alpha10"] {
            assert!(group_version(good).is_ok(), "{good}");
        }
        for bad in [
            "suoke.life",
            "v1",
            "life/v1",
            "suoke.life/1",
            "suoke.life/v0",
            "suoke.life/v1beta",
            "x.k8s.io/v1",
            "k8s.io/v1",
        ] {
            assert!(group_version(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_have_a_scheme_and_a_host() {
        assert!(url("https://models.example.com/registry").is_ok() && url("http://registry:5000").is_ok());
        for bad in ["models.example.com", "https://", "ftp://x", "https://a b", ""] {
            assert!(url(bad).is_err(), "{bad}");
        }
        assert!(url("models.example.com/x").unwrap_err().instead.is_some());
    }

    #[test]
    fn criteria_are_numbers_or_times() {
        assert!(criterion("0.90").is_ok() && criterion("24h").is_ok() && criterion("5").is_ok());
        assert!(criterion("soon").is_err() && criterion("1e3").is_err() && criterion("inf").is_err());
        assert!(criterion("-0.5").is_ok() && criterion("5.").is_err() && criterion(".5").is_err());
        assert!(factor("1").is_ok() && factor("0.5").is_err() && factor("x").is_err());
        assert!(bucket("suoke-ai-models").is_ok() && bucket("s3://x").is_err() && bucket("ab").is_err());
        assert!(model_version("v2.1.0").is_ok() && model_version("v 1").is_err() && model_version("1.").is_err());
        assert!(commit("9f2c1ab").is_ok() && commit("main").is_err());
    }
}
