//! Text Generation Inference.
//!
//! In maintenance mode: its makers lead to vLLM and SGLang. The image listens on port 80, which only root
//! may; here it is 8080.

use super::{Flags, Server, Serving, hub, requests_of_python};
use crate::model::Quantity;
use crate::spec::{ModelFormat, ModelSource, Vendor};

pub(super) struct Tgi;

impl Server for Tgi {
    fn title(&self) -> &'static str {
        "Text Generation Inference"
    }

    fn image(&self, vendor: Option<Vendor>) -> Option<&'static str> {
        Some(match vendor {
            None => "ghcr.io/huggingface/text-generation-inference:3.3.7-intel-cpu",
            Some(Vendor::Nvidia) => "ghcr.io/huggingface/text-generation-inference:3.3.7",
            Some(Vendor::Amd) => "ghcr.io/huggingface/text-generation-inference:3.3.7-rocm",
            Some(Vendor::Intel) => "ghcr.io/huggingface/text-generation-inference:3.3.7-intel-xpu",
        })
    }

    fn ports(&self) -> &'static [(&'static str, u16)] {
        &[("http", 8_080)]
    }

    fn requests(&self, size: Option<Quantity>, gpu: bool) -> Vec<(&'static str, Quantity)> {
        requests_of_python(size, gpu)
    }

    fn ready(&self, _: &Serving<'_>) -> Option<String> {
        Some("/health".into())
    }

    fn warm_up(&self) -> u64 {
        180
    }

    fn metrics(&self) -> Option<(&'static str, &'static str)> {
        Some(("http", "/metrics"))
    }

    fn scaling(&self) -> &'static [(&'static str, &'static str)] {
        &[("waiting", "tgi_queue_size"), ("running", "tgi_batch_current_size"), ("latency", "tgi_request_duration")]
    }

    fn shutdown(&self) -> Option<(u64, u64)> {
        Some((60, 15))
    }

    fn writable(&self, _: Option<Vendor>) -> &'static [(&'static str, &'static str)] {
        &[("home", hub::HOME)]
    }

    fn shares_memory(&self) -> bool {
        true
    }

    fn arguments(&self, serving: &Serving<'_>) -> Vec<String> {
        Flags::default()
            .with("model-id", Some(serving.weights()))
            .with("revision", serving.repository.and(serving.revision))
            .with("hostname", Some("0.0.0.0"))
            .with("port", serving.port("http"))
            .with("num-shard", (serving.gpus > 1).then_some(serving.gpus))
            .with("max-total-tokens", serving.context)
            .0
    }

    fn aliases(&self) -> &'static [(&'static str, &'static str)] {
        &[("p", "port")]
    }

    fn environment(&self, serving: &Serving<'_>) -> Vec<(&'static str, String)> {
        let mut environment = hub::environment(serving);
        // The way there is closed.
        environment.push(("USAGE_STATS", "off".into()));
        environment
    }

    fn folder(&self, model: &str) -> Option<String> {
        Some(hub::folder(model))
    }

    fn accepts(&self, source: &ModelSource) -> bool {
        hub::is_folder(source)
    }

    fn formats(&self) -> &'static [ModelFormat] {
        &[ModelFormat::Safetensors, ModelFormat::Pytorch]
    }

    fn takes_context(&self) -> bool {
        true
    }

    fn speaks_openai(&self) -> bool {
        true
    }

    fn gpu_memory_share(&self) -> Option<i64> {
        Some(95)
    }

    fn successor(&self) -> Option<&'static str> {
        Some("`vllm` or `sglang`")
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::serving;
    use super::*;

    #[test]
    fn several_gpus_are_shards() {
        let arguments = Tgi.arguments(&Serving { gpus: 4, context: Some(4096), ..serving() });
        assert!(arguments.contains(&"--num-shard=4".to_owned()));
        assert!(arguments.contains(&"--max-total-tokens=4096".to_owned()));
    }
}
