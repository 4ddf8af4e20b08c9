//! Windlass: from a system and an environment to Kubernetes YAML.

pub mod diagnostic;
pub mod document;
pub mod source;
