//! NVIDIA Triton.
//!
//! A source is a repository of models: a folder with a folder for each model. All of them are loaded at the
//! start and none later, since a repository that changes under the server is a way to run code in it.

use super::{Flags, Server, Serving, gibibytes};
use crate::model::Quantity;
use crate::spec::{ModelFormat, ModelSource, Vendor};

pub(super) struct Triton;

impl Server for Triton {
    fn title(&self) -> &'static str {
        "Triton"
    }

    fn image(&self, vendor: Option<Vendor>) -> Option<&'static str> {
        matches!(vendor, None | Some(Vendor::Nvidia)).then_some("nvcr.io/nvidia/tritonserver:26.07-py3")
    }

    fn program(&self) -> &'static [&'static str] {
        &["tritonserver"]
    }

    fn user(&self) -> Option<i64> {
        Some(1_000)
    }

    fn ports(&self) -> &'static [(&'static str, u16)] {
        &[("http", 8_000), ("grpc", 8_001), ("metrics", 8_002)]
    }

    fn requests(&self, size: Option<Quantity>, _: bool) -> Vec<(&'static str, Quantity)> {
        let memory = gibibytes(4) + size.unwrap_or(Quantity::ZERO);
        vec![("cpu", Quantity::from_units(1)), ("memory", memory)]
    }

    /// Ready means that every model is loaded.
    fn ready(&self, _: &Serving<'_>) -> Option<String> {
        Some("/v2/health/ready".into())
    }

    fn live(&self, _: &Serving<'_>) -> Option<String> {
        Some("/v2/health/live".into())
    }

    fn warm_up(&self) -> u64 {
        60
    }

    fn metrics(&self) -> Option<(&'static str, &'static str)> {
        Some(("metrics", "/metrics"))
    }

    fn scaling(&self) -> &'static [(&'static str, &'static str)] {
        &[("waiting", "nv_inference_pending_request_count")]
    }

    fn shutdown(&self) -> Option<(u64, u64)> {
        Some((60, 15))
    }

    fn shares_memory(&self) -> bool {
        true
    }

    fn arguments(&self, serving: &Serving<'_>) -> Vec<String> {
        Flags::default()
            .with("model-repository", Some(serving.place))
            .with("model-control-mode", Some("none"))
            .with("http-port", serving.port("http"))
            .with("grpc-port", serving.port("grpc"))
            .with("allow-metrics", serving.metrics.is_none().then_some(false))
            .with("metrics-port", serving.metrics.and(serving.port("metrics")))
            .with("exit-timeout-secs", Some(serving.drain.saturating_sub(5)))
            .0
    }

    /// The whole repository, whatever the model is called.
    fn folder(&self, _: &str) -> Option<String> {
        Some("/models".into())
    }

    fn accepts(&self, source: &ModelSource) -> bool {
        !matches!(source, ModelSource::Hub { .. }) && source.file().is_none()
    }

    fn formats(&self) -> &'static [ModelFormat] {
        &[ModelFormat::Onnx, ModelFormat::Tensorrt, ModelFormat::Pytorch, ModelFormat::SavedModel]
    }

    /// A model is served under the name of its folder.
    fn renames(&self) -> bool {
        false
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
    fn a_repository_is_loaded_once() {
        assert_eq!(
            Triton.arguments(&serving()),
            [
                "--model-repository=/models/chat",
                "--model-control-mode=none",
                "--http-port=8000",
                "--grpc-port=8001",
                "--metrics-port=8002",
                "--exit-timeout-secs=40",
            ]
        );
        let off = Triton.arguments(&Serving { metrics: None, ..serving() });
        assert!(off.contains(&"--allow-metrics=false".to_owned()));
    }
}
