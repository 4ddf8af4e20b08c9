//! SGLang.
//!
//! The image has no entry point that starts the server, so the program stands first among the arguments.
//! The tensors are split over all GPUs of all pods of a group.

use super::{Flags, Server, Serving, hub, requests_of_python, vllm};
use crate::model::Quantity;
use crate::spec::{ModelFormat, ModelSource, Vendor, is_gguf};

pub(super) struct Sglang;

impl Server for Sglang {
    fn title(&self) -> &'static str {
        "SGLang"
    }

    fn image(&self, vendor: Option<Vendor>) -> Option<&'static str> {
        match vendor {
            None => Some("lmsysorg/sglang:v0.5.18-xeon"),
            Some(Vendor::Nvidia) => Some("lmsysorg/sglang:v0.5.18"),
            Some(Vendor::Amd) => Some("lmsysorg/sglang:v0.5.18-rocm720-mi30x"),
            Some(Vendor::Intel) => None,
        }
    }

    fn program(&self) -> &'static [&'static str] {
        &["python3", "-m", "sglang.launch_server"]
    }

    fn ports(&self) -> &'static [(&'static str, u16)] {
        &[("http", 30_000)]
    }

    fn requests(&self, size: Option<Quantity>, gpu: bool) -> Vec<(&'static str, Quantity)> {
        requests_of_python(size, gpu)
    }

    fn ready(&self, _: &Serving<'_>) -> Option<String> {
        Some("/health".into())
    }

    fn warm_up(&self) -> u64 {
        300
    }

    fn metrics(&self) -> Option<(&'static str, &'static str)> {
        Some(("http", "/metrics"))
    }

    fn scaling(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("waiting", "sglang:num_queue_reqs"),
            ("running", "sglang:num_running_reqs"),
            ("cache", "sglang:token_usage"),
            ("latency", "sglang:e2e_request_latency_seconds"),
        ]
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
        let several = |number: i64| (number > 1).then_some(number);
        let nodes = several(serving.nodes);
        Flags::default()
            .with("model-path", Some(serving.weights()))
            .with("served-model-name", Some(serving.served))
            .with("host", Some("0.0.0.0"))
            .with("port", serving.port("http"))
            .with("revision", serving.repository.and(serving.revision))
            .with("load-format", serving.format.and_then(vllm::load_format))
            .with("context-length", serving.context)
            .with("device", serving.vendor.is_none().then_some("cpu"))
            .with("tp-size", several(serving.gpus * serving.nodes))
            .with("nnodes", nodes)
            .with("node-rank", nodes.map(|_| "$(LWS_WORKER_INDEX)"))
            .with("dist-init-addr", nodes.map(|_| "$(LWS_LEADER_ADDRESS):20000"))
            .switch("enable-metrics", serving.metrics.is_some())
            .0
    }

    fn aliases(&self) -> &'static [(&'static str, &'static str)] {
        &[("tp", "tp_size"), ("tensor_parallel_size", "tp_size"), ("model", "model_path")]
    }

    fn environment(&self, serving: &Serving<'_>) -> Vec<(&'static str, String)> {
        hub::environment(serving)
    }

    fn folder(&self, model: &str) -> Option<String> {
        Some(hub::folder(model))
    }

    fn accepts(&self, source: &ModelSource) -> bool {
        hub::is_folder(source) || source.file().is_some_and(is_gguf)
    }

    fn formats(&self) -> &'static [ModelFormat] {
        &[ModelFormat::Safetensors, ModelFormat::Pytorch, ModelFormat::Gguf]
    }

    fn takes_context(&self) -> bool {
        true
    }

    fn speaks_openai(&self) -> bool {
        true
    }

    fn spans_nodes(&self) -> bool {
        true
    }

    fn gpu_memory_share(&self) -> Option<i64> {
        Some(90)
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::serving;
    use super::*;

    #[test]
    fn it_listens_on_all_addresses_and_exports_metrics_when_asked() {
        let arguments = Sglang.arguments(&Serving { vendor: Some(Vendor::Nvidia), gpus: 1, ..serving() });
        assert_eq!(
            arguments,
            [
                "--model-path=/models/chat",
                "--served-model-name=chat",
                "--host=0.0.0.0",
                "--port=8000",
                "--enable-metrics"
            ]
        );
        let off = Sglang.arguments(&Serving { metrics: None, ..serving() });
        assert!(!off.contains(&"--enable-metrics".to_owned()) && off.contains(&"--device=cpu".to_owned()));
    }

    #[test]
    fn the_tensors_are_split_over_all_nodes() {
        let arguments = Sglang.arguments(&Serving { gpus: 8, nodes: 2, ..serving() });
        assert!(arguments.contains(&"--tp-size=16".to_owned()));
        assert!(arguments.contains(&"--dist-init-addr=$(LWS_LEADER_ADDRESS):20000".to_owned()));
    }
}
