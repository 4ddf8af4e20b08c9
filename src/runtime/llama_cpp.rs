//! llama.cpp.
//!
//! One GGUF file is served: the one that the source names, in an image `<name>.gguf`. From the hub the
//! server takes it itself: `revision` is then the quantisation, as the server writes it behind a colon.
//! Host and port are always given, since the image's own port changes between versions.

use super::{Flags, Server, Serving, gibibytes, hub};
use crate::model::Quantity;
use crate::spec::{ModelFormat, ModelSource, Vendor, is_gguf};

pub(super) struct LlamaCpp;

impl Server for LlamaCpp {
    fn title(&self) -> &'static str {
        "llama.cpp"
    }

    fn image(&self, vendor: Option<Vendor>) -> Option<&'static str> {
        Some(match vendor {
            None => "ghcr.io/ggml-org/llama.cpp:server-b10731",
            Some(Vendor::Nvidia) => "ghcr.io/ggml-org/llama.cpp:server-cuda-b10731",
            Some(Vendor::Amd) => "ghcr.io/ggml-org/llama.cpp:server-rocm-b10731",
            Some(Vendor::Intel) => "ghcr.io/ggml-org/llama.cpp:server-intel-b10731",
        })
    }

    fn ports(&self) -> &'static [(&'static str, u16)] {
        &[("http", 8_080)]
    }

    fn requests(&self, size: Option<Quantity>, gpu: bool) -> Vec<(&'static str, Quantity)> {
        let memory = if gpu { gibibytes(4) } else { gibibytes(2) + size.unwrap_or(Quantity::ZERO) };
        vec![("cpu", Quantity::from_units(2)), ("memory", memory)]
    }

    /// Answers 503 until the model is loaded.
    fn ready(&self, _: &Serving<'_>) -> Option<String> {
        Some("/health".into())
    }

    fn metrics(&self) -> Option<(&'static str, &'static str)> {
        Some(("http", "/metrics"))
    }

    fn scaling(&self) -> &'static [(&'static str, &'static str)] {
        &[("waiting", "llamacpp:requests_deferred"), ("running", "llamacpp:requests_processing")]
    }

    fn shutdown(&self) -> Option<(u64, u64)> {
        Some((45, 15))
    }

    fn writable(&self, _: Option<Vendor>) -> &'static [(&'static str, &'static str)] {
        &[("home", hub::HOME)]
    }

    fn arguments(&self, serving: &Serving<'_>) -> Vec<String> {
        let flags = match serving.repository {
            Some(repository) => Flags::default()
                .with("hf-repo", Some(tagged(repository, serving.revision)))
                .with("hf-file", serving.file),
            None => Flags::default().with("model", Some(file(serving))),
        };
        flags
            .with("alias", Some(serving.served))
            .with("host", Some("0.0.0.0"))
            .with("port", serving.port("http"))
            .with("ctx-size", serving.context)
            .with("n-gpu-layers", serving.vendor.map(|_| 999))
            .switch("metrics", serving.metrics.is_some())
            .0
            .iter()
            .flat_map(|flag| flag.splitn(2, '=').map(str::to_owned).collect::<Vec<_>>())
            .collect()
    }

    fn aliases(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("m", "model"),
            ("a", "alias"),
            ("c", "ctx_size"),
            ("ngl", "n_gpu_layers"),
            ("gpu_layers", "n_gpu_layers"),
            ("hf", "hf_repo"),
            ("hfr", "hf_repo"),
            ("hff", "hf_file"),
        ]
    }

    fn environment(&self, serving: &Serving<'_>) -> Vec<(&'static str, String)> {
        let mut environment = vec![("HOME", hub::HOME.to_owned())];
        if serving.repository.is_some() {
            environment.push(("LLAMA_CACHE", serving.folder.to_owned()));
        }
        environment
    }

    fn folder(&self, model: &str) -> Option<String> {
        Some(hub::folder(model))
    }

    fn accepts(&self, source: &ModelSource) -> bool {
        match source {
            ModelSource::BakedIn | ModelSource::Image(_) | ModelSource::Hub { .. } => true,
            _ => source.file().is_some_and(is_gguf),
        }
    }

    fn formats(&self) -> &'static [ModelFormat] {
        &[ModelFormat::Gguf]
    }

    fn takes_context(&self) -> bool {
        true
    }

    fn speaks_openai(&self) -> bool {
        true
    }
}

fn tagged(repository: &str, revision: Option<&str>) -> String {
    revision.map_or_else(|| repository.to_owned(), |revision| format!("{repository}:{revision}"))
}

fn file(serving: &Serving<'_>) -> String {
    let named = serving.file.map_or_else(|| format!("{}.gguf", serving.model), str::to_owned);
    format!("{}/{named}", serving.place)
}

#[cfg(test)]
mod tests {
    use super::super::sample::serving;
    use super::*;

    #[test]
    fn a_file_is_served_with_flags_and_values_apart() {
        let served = Serving { file: Some("q4.gguf"), vendor: Some(Vendor::Nvidia), gpus: 1, ..serving() };
        assert_eq!(
            LlamaCpp.arguments(&served).join(" "),
            "--model /models/chat/q4.gguf --alias chat --host 0.0.0.0 --port 8000 --n-gpu-layers 999 --metrics"
        );
        assert_eq!(LlamaCpp.arguments(&serving())[1], "/models/chat/chat.gguf");
    }

    #[test]
    fn from_the_hub_the_revision_is_the_quantisation() {
        let served = Serving { repository: Some("org/chat-GGUF"), revision: Some("Q4_K_M"), ..serving() };
        assert_eq!(LlamaCpp.arguments(&served)[..2], ["--hf-repo", "org/chat-GGUF:Q4_K_M"]);
    }
}
