//! Ollama.
//!
//! The server has no model of its own: the init step `model` pulls it, with the server's own program, from
//! the hub (`hf://ORG/NAME`, where `revision` is the quantisation) or from a registry
//! (`https://registry.ollama.ai/library/NAME`, where `revision` is the tag), and gives it the name in
//! requests. Any other source is a folder of models as Ollama keeps it, where each has its name already.
//! The model stays loaded, since the first request would wait for it otherwise. There are no metrics.

use super::{Server, Serving, gibibytes, hub};
use crate::model::Quantity;
use crate::spec::{ModelFormat, ModelSource, Vendor};

pub(super) struct Ollama;

impl Server for Ollama {
    fn title(&self) -> &'static str {
        "Ollama"
    }

    fn image(&self, vendor: Option<Vendor>) -> Option<&'static str> {
        match vendor {
            None | Some(Vendor::Nvidia) => Some("ollama/ollama:0.33.3"),
            Some(Vendor::Amd) => Some("ollama/ollama:0.33.3-rocm"),
            Some(Vendor::Intel) => None,
        }
    }

    fn ports(&self) -> &'static [(&'static str, u16)] {
        &[("http", 11_434)]
    }

    fn requests(&self, size: Option<Quantity>, gpu: bool) -> Vec<(&'static str, Quantity)> {
        let memory = if gpu { gibibytes(4) } else { gibibytes(2) + size.unwrap_or(Quantity::ZERO) };
        vec![("cpu", Quantity::from_units(2)), ("memory", memory)]
    }

    /// Says only that the server runs: that the model is there is the work of the step before it.
    fn ready(&self, _: &Serving<'_>) -> Option<String> {
        Some("/api/version".into())
    }

    fn shutdown(&self) -> Option<(u64, u64)> {
        Some((45, 15))
    }

    fn writable(&self, _: Option<Vendor>) -> &'static [(&'static str, &'static str)] {
        &[("home", hub::HOME)]
    }

    fn environment(&self, serving: &Serving<'_>) -> Vec<(&'static str, String)> {
        let mut environment = vec![
            ("HOME", hub::HOME.to_owned()),
            ("OLLAMA_MODELS", serving.place.to_owned()),
            ("OLLAMA_KEEP_ALIVE", "-1".to_owned()),
        ];
        environment.extend(serving.port("http").map(|port| ("OLLAMA_HOST", format!("0.0.0.0:{port}"))));
        environment.extend(serving.context.map(|tokens| ("OLLAMA_CONTEXT_LENGTH", tokens.to_string())));
        environment
    }

    fn folder(&self, model: &str) -> Option<String> {
        Some(hub::folder(model))
    }

    fn accepts(&self, source: &ModelSource) -> bool {
        match source {
            ModelSource::Hub { file, .. } => file.is_none(),
            ModelSource::Web(address) => name(address).is_some(),
            _ => source.file().is_none(),
        }
    }

    fn pull(&self, source: &ModelSource, revision: Option<&str>, served: &str) -> Option<String> {
        let name = match source {
            ModelSource::Hub { repository, .. } => format!("hf.co/{repository}"),
            ModelSource::Web(address) => name(address)?.to_owned(),
            _ => return None,
        };
        let name = revision.map_or_else(|| name.clone(), |revision| format!("{name}:{revision}"));
        let (name, served) = (quoted(&name), quoted(served));
        Some(format!(
            "ollama serve & until ollama list >/dev/null 2>&1; do sleep 1; done; ollama pull {name} && ollama cp {name} {served}"
        ))
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

/// `registry/library/name`; a folder or file of a web server is none.
fn name(address: &str) -> Option<&str> {
    let name = address.strip_prefix("https://")?;
    (name.split('/').count() >= 3 && !name.ends_with('/') && !name.contains(':')).then_some(name)
}

/// A word of the shell.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_pulled_and_named() {
        let hub = ModelSource::Hub { repository: "org/chat-GGUF".into(), file: None };
        let script = Ollama.pull(&hub, Some("Q4_K_M"), "chat").unwrap();
        assert!(
            script
                .ends_with("ollama pull 'hf.co/org/chat-GGUF:Q4_K_M' && ollama cp 'hf.co/org/chat-GGUF:Q4_K_M' 'chat'")
        );
        let library = ModelSource::Web("https://registry.ollama.ai/library/chat".into());
        assert!(
            Ollama
                .pull(&library, None, "it's")
                .unwrap()
                .ends_with(r"ollama cp 'registry.ollama.ai/library/chat' 'it'\''s'")
        );
        assert!(!Ollama.accepts(&ModelSource::Web("https://example.com/file.gguf".into())));
    }
}
