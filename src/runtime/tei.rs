//! Text Embeddings Inference.
//!
//! The image listens on port 80, which only root may; here it is 8080.

use super::{Flags, Server, Serving, gibibytes, hub};
use crate::model::Quantity;
use crate::spec::{ModelFormat, ModelSource, Vendor};

pub(super) struct Tei;

impl Server for Tei {
    fn title(&self) -> &'static str {
        "Text Embeddings Inference"
    }

    fn image(&self, vendor: Option<Vendor>) -> Option<&'static str> {
        match vendor {
            None => Some("ghcr.io/huggingface/text-embeddings-inference:cpu-1.9.3"),
            Some(Vendor::Nvidia) => Some("ghcr.io/huggingface/text-embeddings-inference:cuda-1.9.3"),
            Some(Vendor::Amd | Vendor::Intel) => None,
        }
    }

    fn ports(&self) -> &'static [(&'static str, u16)] {
        &[("http", 8_080)]
    }

    fn requests(&self, size: Option<Quantity>, gpu: bool) -> Vec<(&'static str, Quantity)> {
        let memory = if gpu { gibibytes(4) } else { gibibytes(2) + size.unwrap_or(Quantity::ZERO) };
        vec![("cpu", Quantity::from_units(1)), ("memory", memory)]
    }

    fn ready(&self, _: &Serving<'_>) -> Option<String> {
        Some("/health".into())
    }

    fn warm_up(&self) -> u64 {
        60
    }

    fn metrics(&self) -> Option<(&'static str, &'static str)> {
        Some(("http", "/metrics"))
    }

    fn scaling(&self) -> &'static [(&'static str, &'static str)] {
        &[("waiting", "te_queue_size"), ("latency", "te_request_duration")]
    }

    fn shutdown(&self) -> Option<(u64, u64)> {
        Some((45, 15))
    }

    fn writable(&self, _: Option<Vendor>) -> &'static [(&'static str, &'static str)] {
        &[("home", hub::HOME)]
    }

    fn arguments(&self, serving: &Serving<'_>) -> Vec<String> {
        Flags::default()
            .with("model-id", Some(serving.weights()))
            .with("served-model-name", Some(serving.served))
            .with("revision", serving.repository.and(serving.revision))
            .with("hostname", Some("0.0.0.0"))
            .with("port", serving.port("http"))
            .0
    }

    fn aliases(&self) -> &'static [(&'static str, &'static str)] {
        &[("p", "port")]
    }

    fn environment(&self, serving: &Serving<'_>) -> Vec<(&'static str, String)> {
        let mut environment = vec![("HOME", hub::HOME.to_owned())];
        if serving.repository.is_some() {
            environment.push(("HUGGINGFACE_HUB_CACHE", serving.folder.to_owned()));
        }
        environment
    }

    fn folder(&self, model: &str) -> Option<String> {
        Some(hub::folder(model))
    }

    fn accepts(&self, source: &ModelSource) -> bool {
        hub::is_folder(source)
    }

    fn formats(&self) -> &'static [ModelFormat] {
        &[ModelFormat::Safetensors, ModelFormat::Onnx]
    }

    fn speaks_openai(&self) -> bool {
        true
    }

    fn gpu_memory_share(&self) -> Option<i64> {
        Some(95)
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::serving;
    use super::*;

    #[test]
    fn a_model_of_the_hub_is_kept_in_its_folder() {
        let served = Serving { repository: Some("org/embed"), revision: Some("abc"), ..serving() };
        assert_eq!(
            Tei.arguments(&served),
            ["--model-id=org/embed", "--served-model-name=chat", "--revision=abc", "--hostname=0.0.0.0", "--port=8000"]
        );
        assert!(Tei.environment(&served).contains(&("HUGGINGFACE_HUB_CACHE", "/models/chat".into())));
    }
}
