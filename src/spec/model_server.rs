//! Models and the servers that run them.

use super::{Access, DnsLabel, DnsName, Positive, Reader, Spec, Text, dns_label, dns_name, record, words};
use crate::diagnostic::code;
use crate::document::Node;
use crate::document::shape::{Refusal, Shape};
use crate::model::quantity::Quantity;

words! {
    /// A model server that the compiler knows: its ports, probes, arguments, metrics and shutdown.
    pub enum Runtime {
        /// vLLM: language models, with the API of OpenAI on 8000.
        Vllm = "vllm",
        /// SGLang: language models, with the API of OpenAI on 30000.
        Sglang = "sglang",
        /// TensorFlow Serving: REST on 8501, gRPC on 8500.
        TensorflowServing = "tensorflow-serving",
        /// NVIDIA Triton: a repository of models, HTTP on 8000, gRPC on 8001.
        Triton = "triton",
        /// Text Embeddings Inference: embeddings and rankings on 8080.
        Tei = "tei",
        /// Ollama: language models on 11434.
        Ollama = "ollama",
        /// llama.cpp: language models as GGUF files, with the API of OpenAI on 8080.
        LlamaCpp = "llama-cpp",
        /// Text Generation Inference: in maintenance mode; new systems take `vllm` or `sglang`.
        Tgi = "tgi",
        /// A server of the author's own: nothing is added.
        Custom = "custom",
    }
}

words! {
    /// How weights lie in their files.
    pub enum ModelFormat {
        /// Safetensors, as the Hugging Face hub has them.
        Safetensors = "safetensors",
        /// Files of PyTorch.
        Pytorch = "pytorch",
        /// GGUF, the files of llama.cpp.
        Gguf = "gguf",
        /// A SavedModel of TensorFlow.
        SavedModel = "saved-model",
        /// ONNX.
        Onnx = "onnx",
        /// A plan of TensorRT.
        Tensorrt = "tensorrt",
    }
}

record! {
    /// The model to serve.
    pub struct Model as "model" {
        /// Its name, and the name under which it is served unless `servedName` is written.
        req name "name": DnsLabel,
        /// Where the weights lie: `s3://…`, `gs://…`, `hf://ORG/NAME`, `oci://…`, `pvc://CLAIM/PATH`,
        /// `volume://NAME/PATH`, `https://…`, or `baked-in` in the image.
        req source "source": ModelSource,
        /// The name in requests.
        opt served_name "servedName": Text,
        /// The version of the weights; for TensorFlow Serving a whole number.
        opt revision "revision": Text,
        /// How the weights lie in their files, where the server must be told or cannot take all.
        opt format "format": ModelFormat,
        /// How large the weights are: gives the budget of the start, and whether they fit the GPUs.
        opt size "size": Quantity,
        /// What keeps the weights from one start to the next: a volume of the component, or a claim in place.
        opt cache "cache": ModelCache,
        /// The secret that opens the source: `access-key-id` and `secret-access-key` of an object store,
        /// `token` of the Hugging Face hub or a web server, `.dockerconfigjson` of a registry.
        opt credentials "credentials": DnsName,
        /// The address of the object store or hub, where it is not the usual one.
        opt endpoint "endpoint": Text,
        /// The object store's region.
        opt region "region": Text,
        /// How many tokens a request and its answer have at most.
        opt context "context": Positive,
    }
}

record! {
    /// Where fetched weights are kept: a volume of the component by its name, or one of its own.
    pub struct ModelCache as "cache" {
        /// A volume of the component.
        opt name "name": DnsLabel,
        /// A claim of its own, of this size.
        opt size "size": Quantity,
        /// The storage class: a key of `target.storageClasses`, or a class as it is.
        opt class "class": DnsName,
        /// Who may mount it: `rwo` unless written.
        opt access "access": Access,
    }
    exclusive [["name", "size"]]
    short "name"
}

/// Where weights come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelSource {
    /// In the image.
    BakedIn,
    /// `s3://bucket/path` or `gs://bucket/path`: the scheme and the rest, without a slash at the end.
    ObjectStore { scheme: &'static str, path: String },
    /// `hf://ORG/NAME`, and a file in it: a repository of the Hugging Face hub.
    Hub { repository: String, file: Option<String> },
    /// `oci://registry/path:tag`: an image whose files are the weights.
    Image(String),
    /// `pvc://CLAIM/PATH`: a claim that exists already, and a folder in it.
    Claim { name: String, path: String },
    /// A volume of the component and a folder in it.
    Volume { name: String, path: String },
    /// `https://…`: a file; or a folder that a web server lists, where it ends with `/`.
    Web(String),
}

/// What a source may be, for messages.
const SOURCES: &str = "write `s3://bucket/path`, `gs://bucket/path`, `hf://ORG/NAME`, `oci://registry/path:tag`, \
                       `pvc://CLAIM/PATH`, `volume://NAME/PATH`, `https://host/path` or `baked-in`";

impl ModelSource {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let parsed = match text.split_once("://") {
            None => (text == "baked-in").then_some(Self::BakedIn),
            Some((scheme, rest)) if !rest.contains(char::is_whitespace) => Self::of_scheme(scheme, rest, text),
            Some(_) => None,
        };
        parsed.ok_or_else(|| Refusal::new(code::BAD_SOURCE, format!("`{text}` is not a source of weights"), SOURCES))
    }

    fn of_scheme(scheme: &str, rest: &str, whole: &str) -> Option<Self> {
        let path = Some(rest.trim_end_matches('/').to_owned()).filter(|path| !path.is_empty())?;
        let (name, folder) = path.split_once('/').unwrap_or((&path, ""));
        let folder = folder.to_owned();
        let climbs = path.split('/').any(|part| matches!(part, "." | ".."));
        if climbs && !matches!(scheme, "http" | "https") {
            return None;
        }
        Some(match scheme {
            "s3" => Self::ObjectStore { scheme: "s3", path },
            "gs" => Self::ObjectStore { scheme: "gs", path },
            "hf" => Self::hub(&path)?,
            "oci" => crate::model::Image::parse(&path).ok().map(|_| Self::Image(path.clone()))?,
            "pvc" => dns_name(name).ok().map(|()| Self::Claim { name: name.into(), path: folder })?,
            "volume" => dns_label(name).ok().map(|()| Self::Volume { name: name.into(), path: folder })?,
            "http" | "https" if !whole.contains(['?', '#']) => Self::Web(whole.into()),
            _ => return None,
        })
    }

    /// `ORG/NAME`, and after it the path of a single file.
    fn hub(path: &str) -> Option<Self> {
        let mut parts = path.splitn(3, '/');
        let (owner, name, file) = (parts.next()?, parts.next()?, parts.next());
        let plain =
            |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        let repository = (plain(owner) && plain(name)).then(|| format!("{owner}/{name}"))?;
        Some(Self::Hub { repository, file: file.map(str::to_owned) })
    }

    /// The single file that is named, where it is one of weights and not a folder.
    pub(crate) fn file(&self) -> Option<&str> {
        let path = match self {
            Self::ObjectStore { path, .. } | Self::Claim { path, .. } | Self::Volume { path, .. } => path.as_str(),
            Self::Web(address) => return name_of_file(address),
            Self::Hub { file, .. } => return file.as_deref(),
            Self::BakedIn | Self::Image(_) => return None,
        };
        path.rsplit('/').next().filter(|name| is_gguf(name))
    }
}

/// The last part of an address; none where it ends with `/`.
fn name_of_file(address: &str) -> Option<&str> {
    let (_, path) = address.split_once("://")?.1.split_once('/')?;
    path.rsplit('/').next().filter(|name| !name.is_empty())
}

/// A file of weights as llama.cpp reads them.
pub(crate) fn is_gguf(name: &str) -> bool {
    std::path::Path::new(name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gguf"))
}

impl Spec for ModelSource {
    fn shape() -> Shape {
        static TEXT: crate::document::shape::TextShape = crate::document::shape::TextShape {
            what: "a source of weights",
            example: "s3://models/codegen",
            check: |text| ModelSource::parse(text).map(|_| ()),
            pattern: Some("^(baked-in|(s3|gs|hf|oci|pvc|volume|https?)://.+)$"),
            number: false,
        };
        Shape::Text(&TEXT)
    }

    fn decode(node: &Node, _: &mut Reader<'_>) -> Option<Self> {
        Self::parse(node.as_text()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sources_are_read_by_their_scheme() {
        let read = |text: &str| ModelSource::parse(text).ok();
        let hub = |repository: &str, file: Option<&str>| {
            Some(ModelSource::Hub { repository: repository.into(), file: file.map(str::to_owned) })
        };
        assert_eq!(read("hf://org/name"), hub("org/name", None));
        assert_eq!(read("hf://org/name/q4.gguf"), hub("org/name", Some("q4.gguf")));
        assert_eq!(read("pvc://models"), Some(ModelSource::Claim { name: "models".into(), path: String::new() }));
        assert_eq!(read("https://host/x/"), Some(ModelSource::Web("https://host/x/".into())));
        for bad in [
            "",
            "hf://name",
            "pvc://",
            "oci://",
            "ftp://x",
            "https://host/x?y=1",
            "s3://a b",
            "volume://Bad/x",
            "pvc://a/../b",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_file_is_told_from_a_folder() {
        let file = |text: &str| ModelSource::parse(text).ok().and_then(|source| source.file().map(str::to_owned));
        assert_eq!(file("s3://models/chat/Q4.GGUF").as_deref(), Some("Q4.GGUF"));
        assert_eq!(file("https://host/a/b.bin").as_deref(), Some("b.bin"));
        for folder in ["s3://models/chat", "https://host/a/", "https://host", "hf://org/name", "baked-in"] {
            assert_eq!(file(folder), None, "{folder}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in "([a-z]{1,3}://)?.{0,12}") {
            if let Ok(source) = ModelSource::parse(&text) {
                prop_assert!(source.file().is_none_or(|file| !file.is_empty()));
            }
        }
    }
}
