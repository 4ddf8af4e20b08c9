//! What the keys of maps may be: names of the author's own, each with its grammar.

use super::Key;
use super::text::{
    Checked, accept, data_key, dns_label, dns_name, label_name, mount_path, output_name, port_name, refuse,
    resource_name, service_name,
};
use crate::diagnostic::code;

/// Declares what a key of a map may be.
macro_rules! keys {
    ($($(#[doc = $doc:literal])+ $name:ident: $what:literal, $check:expr;)*) => {
        $($(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq)]
        pub enum $name {}
        impl Key for $name {
            const WHAT: &'static str = $what;
            fn check(name: &str) -> Checked {
                ($check)(name)
            }
        })*
    };
}

keys! {
    /// The name of a component: an RFC 1035 label, since a Service bears it.
    ComponentKey: "a component", service_name;
    /// The name of a port.
    PortKey: "a port", port_name;
    /// The name of an environment variable.
    EnvKey: "a variable", env_name;
    /// A label or annotation.
    LabelKey: "a label", label_name;
    /// A name inside one component: a volume, a step, a route.
    PartKey: "a name", dns_label;
    /// The code of a finding.
    CodeKey: "the code of a finding", super::policy::known;
    /// The name of a variable of an expression.
    VariableKey: "a variable", field_name;
    /// The name of an object.
    ObjectKey: "an object", dns_name;
    /// The name of an output.
    OutputKey: "an output", output_name;
    /// A key of a ConfigMap or Secret.
    DataKey: "a key", data_key;
    /// A resource of a container or node.
    ResourceKey: "a resource", resource_name;
    /// The absolute path of a file or folder in the container.
    FileKey: "a path", mount_path;
    /// An image, or a path of a registry.
    ImageKey: "an image", super::image::key;
    /// A header of a probe.
    HeaderKey: "a header", header_name;
    /// A header of a request that a route sets.
    RouteHeaderKey: "a header", token;
    /// A parameter of a server.
    ParameterKey: "a parameter", accept;
    /// The name of a field or measure of the catalogue.
    AttributeKey: "an attribute", field_name;
    /// A field of `security`.
    FieldKey: "a field", accept;
}

/// As fields of Kubernetes are called, so that it can stand in a schema.
fn field_name(text: &str) -> Checked {
    let inner = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if text.starts_with(|c: char| c.is_ascii_lowercase()) && text.len() <= 63 && text.chars().all(inner) {
        return Ok(());
    }
    refuse(
        code::BAD_NAME,
        format!("`{text}` is not the name of a field"),
        "use letters and digits, starting with a small letter, such as `f1Score`",
    )
}

/// Source: `IsHTTPHeaderName` of apimachinery.
pub fn header_name(text: &str) -> Checked {
    if !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        return Ok(());
    }
    refuse(code::BAD_NAME, format!("`{text}` is not the name of a header"), "use letters, digits and `-`")
}

/// A token of HTTP, at most 256 bytes. Source: `HTTPHeaderName` of the Gateway API.
fn token(text: &str) -> Checked {
    let inner = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if (1..=256).contains(&text.len()) && text.chars().all(inner) {
        return Ok(());
    }
    refuse(code::BAD_NAME, format!("`{text}` is not the name of a header"), "use letters, digits and `-`, at most 256")
}

/// Source: `IsEnvVarName` of apimachinery, without what shells cannot use.
fn env_name(text: &str) -> Checked {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if !text.is_empty() && !text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(inner) {
        return Ok(());
    }
    refuse(
        code::BAD_NAME,
        format!("`{text}` is not the name of a variable"),
        "use letters, digits and `_`, not starting with a digit",
    )
}
