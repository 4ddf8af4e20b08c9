//! vLLM.
//!
//! The image runs `vllm serve`: the model is its first argument. On several GPUs of a pod the tensors are
//! split, over several pods the layers are. Requests that run are ended only within `--shutdown-timeout`;
//! without it they are broken off at SIGTERM.

use super::{Flags, Server, Serving, hub, requests_of_python};
use crate::model::Quantity;
use crate::spec::{ModelFormat, ModelSource, Vendor, is_gguf};

pub(super) struct Vllm;

impl Server for Vllm {
    fn title(&self) -> &'static str {
        "vLLM"
    }

    fn image(&self, vendor: Option<Vendor>) -> Option<&'static str> {
        Some(match vendor {
            None => "vllm/vllm-openai-cpu:v0.30.0",
            Some(Vendor::Nvidia) => "vllm/vllm-openai:v0.30.0",
            Some(Vendor::Amd) => "vllm/vllm-openai-rocm:v0.30.0",
            Some(Vendor::Intel) => "vllm/vllm-openai-xpu:v0.30.0",
        })
    }

    fn ports(&self) -> &'static [(&'static str, u16)] {
        &[("http", 8_000)]
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
            ("waiting", "vllm:num_requests_waiting"),
            ("running", "vllm:num_requests_running"),
            ("cache", "vllm:kv_cache_usage_perc"),
            ("latency", "vllm:e2e_request_latency_seconds"),
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
        let flags = Flags(vec![serving.weights()])
            .with("served-model-name", Some(serving.served))
            .with("port", serving.port("http"))
            .with("revision", serving.repository.and(serving.revision))
            .with("load-format", serving.format.and_then(load_format))
            .with("max-model-len", serving.context)
            .with("tensor-parallel-size", several(serving.gpus))
            .with("pipeline-parallel-size", nodes)
            .with("nnodes", nodes)
            .with("node-rank", nodes.map(|_| "$(LWS_WORKER_INDEX)"))
            .with("master-addr", nodes.map(|_| "$(LWS_LEADER_ADDRESS)"));
        // Less than the grace period, so that the server is gone before it is killed.
        flags.with("shutdown-timeout", Some(serving.drain.saturating_sub(5))).0
    }

    fn follower(&self) -> &'static [&'static str] {
        &["--headless"]
    }

    fn aliases(&self) -> &'static [(&'static str, &'static str)] {
        &[("tp", "tensor_parallel_size"), ("pp", "pipeline_parallel_size"), ("r", "node_rank"), ("n", "nnodes")]
    }

    fn environment(&self, serving: &Serving<'_>) -> Vec<(&'static str, String)> {
        let mut environment = hub::environment(serving);
        // The way there is closed.
        environment.push(("VLLM_NO_USAGE_STATS", "1".into()));
        environment
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

/// `--load-format` of vLLM and SGLang.
pub(super) fn load_format(format: ModelFormat) -> Option<&'static str> {
    match format {
        ModelFormat::Safetensors => Some("safetensors"),
        ModelFormat::Pytorch => Some("pt"),
        ModelFormat::Gguf => Some("gguf"),
        ModelFormat::SavedModel | ModelFormat::Onnx | ModelFormat::Tensorrt => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::serving;
    use super::*;

    #[test]
    fn a_model_of_the_hub_is_named_with_its_revision() {
        let served = Serving {
            repository: Some("org/chat"),
            revision: Some("abc"),
            context: Some(8192),
            vendor: Some(Vendor::Nvidia),
            gpus: 2,
            ..serving()
        };
        assert_eq!(
            Vllm.arguments(&served),
            [
                "org/chat",
                "--served-model-name=chat",
                "--port=8000",
                "--revision=abc",
                "--max-model-len=8192",
                "--tensor-parallel-size=2",
                "--shutdown-timeout=40",
            ]
        );
        assert!(Vllm.environment(&served).contains(&("HF_HOME", "/models/chat".into())));
    }

    #[test]
    fn a_folder_is_served_without_the_hub() {
        let served = Serving { place: "/models/chat/7", revision: Some("7"), ..serving() };
        let arguments = Vllm.arguments(&served);
        assert_eq!(arguments[0], "/models/chat/7");
        assert!(!arguments.iter().any(|flag| flag.starts_with("--revision")));
        assert!(Vllm.environment(&served).contains(&("HF_HUB_OFFLINE", "1".into())));
    }

    #[test]
    fn over_several_nodes_the_layers_are_split() {
        let arguments = Vllm.arguments(&Serving { gpus: 8, nodes: 2, ..serving() });
        for flag in ["--pipeline-parallel-size=2", "--nnodes=2", "--node-rank=$(LWS_WORKER_INDEX)"] {
            assert!(arguments.iter().any(|known| known == flag), "{flag}");
        }
    }
}
