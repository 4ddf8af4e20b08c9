//! What each model server needs and offers: one file per runtime, same shape.
//!
//! Promises: a runtime is data and text; where it goes, and that a value of the author's own stays, is
//! the work of [`crate::resolve`]. A part that a runtime does not have is left out by its default here,
//! so that the file of a runtime holds only what is so.

mod custom;
mod hub;
mod llama_cpp;
mod ollama;
mod sglang;
mod table;
mod tei;
mod tensorflow_serving;
mod tgi;
mod triton;
mod vllm;

use crate::model::Quantity;
use crate::spec::{ModelFormat, ModelSource, Runtime, Vendor};
use std::collections::BTreeMap;

pub use table::table;

/// A model server.
pub trait Server: Sync {
    /// Its own name, for messages.
    fn title(&self) -> &'static str;

    /// The image, pinned: for a GPU of this vendor, or without one. `None`: the author names it.
    fn image(&self, _vendor: Option<Vendor>) -> Option<&'static str> {
        None
    }

    /// The program, as the first arguments, where the image's entry point runs whatever it is given.
    fn program(&self) -> &'static [&'static str] {
        &[]
    }

    /// The user to run as; the default of every container unless given.
    fn user(&self) -> Option<i64> {
        None
    }

    /// Ports by name; the first one is `http`.
    fn ports(&self) -> &'static [(&'static str, u16)] {
        &[]
    }

    /// Requests unless written, for weights of this size.
    fn requests(&self, _size: Option<Quantity>, _gpu: bool) -> Vec<(&'static str, Quantity)> {
        Vec::new()
    }

    /// The path that answers once the model is served.
    fn ready(&self, _serving: &Serving<'_>) -> Option<String> {
        None
    }

    /// The path that answers as long as the server runs, where it has one of its own.
    fn live(&self, serving: &Serving<'_>) -> Option<String> {
        self.ready(serving)
    }

    /// What a start takes beside reading the weights, in seconds: compiling, capturing graphs.
    fn warm_up(&self) -> u64 {
        0
    }

    /// The name of the port and the path of the metrics.
    fn metrics(&self) -> Option<(&'static str, &'static str)> {
        None
    }

    /// Metrics to scale by: a name of the language, and the server's own.
    fn scaling(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// How many of the units of its latency make a second.
    fn latency_units(&self) -> u32 {
        1
    }

    /// Counters of the requests that failed, and of all.
    fn outcomes(&self) -> Option<(&'static [&'static str], &'static [&'static str])> {
        None
    }

    /// Time to go down, and time in which it still serves while it leaves the Service; in seconds.
    fn shutdown(&self) -> Option<(u64, u64)> {
        None
    }

    /// Folders that must be writable, by the name of their volume.
    fn writable(&self, _vendor: Option<Vendor>) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// True where its processes on several GPUs meet in `/dev/shm`.
    fn shares_memory(&self) -> bool {
        false
    }

    /// Generated arguments; never the program itself.
    fn arguments(&self, _serving: &Serving<'_>) -> Vec<String> {
        Vec::new()
    }

    /// Other names of generated flags, with `_` for `-`: `(other, generated)`.
    fn aliases(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// What the pods beside the first one of a group have more among their arguments.
    fn follower(&self) -> &'static [&'static str] {
        &[]
    }

    /// Environment variables in plain text.
    fn environment(&self, _serving: &Serving<'_>) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// Files by their path in the container.
    fn files(&self, _serving: &Serving<'_>) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// The folder of a model's weights in the container; `None`: the server finds its weights itself.
    fn folder(&self, _model: &str) -> Option<String> {
        None
    }

    /// Where in that folder a revision lies.
    fn revision_folder(&self, folder: &str, revision: &str) -> String {
        format!("{folder}/{revision}")
    }

    /// True where the server can take weights from there.
    fn accepts(&self, _source: &ModelSource) -> bool {
        true
    }

    /// A script of the server's own image that fetches weights before the start: by what name, and
    /// under what name they are served.
    fn pull(&self, _source: &ModelSource, _revision: Option<&str>, _served: &str) -> Option<String> {
        None
    }

    /// Formats of weights that it reads; all where it does not look.
    fn formats(&self) -> &'static [ModelFormat] {
        ModelFormat::ALL
    }

    /// Refuses a revision, with what it must be.
    fn check_revision(&self, _revision: &str) -> Result<(), &'static str> {
        Ok(())
    }

    /// True where `context` can be set.
    fn takes_context(&self) -> bool {
        false
    }

    /// True where it serves a model under another name than its folder's.
    fn renames(&self) -> bool {
        true
    }

    /// True where it speaks the API of OpenAI under `/v1`.
    fn speaks_openai(&self) -> bool {
        false
    }

    /// True where one model may be served by pods on several nodes.
    fn spans_nodes(&self) -> bool {
        false
    }

    /// How much of a GPU's memory it takes at most for weights and context, in percent; `None`: what does
    /// not fit stays in the memory of the node.
    fn gpu_memory_share(&self) -> Option<i64> {
        None
    }

    /// What to take instead of a server that gets no new features.
    fn successor(&self) -> Option<&'static str> {
        None
    }
}

/// One model as a server serves it.
#[derive(Clone, Debug)]
pub struct Serving<'a> {
    /// The name of the model.
    pub model: &'a str,
    /// The name in requests.
    pub served: &'a str,
    pub revision: Option<&'a str>,
    /// The folder of the weights in the container; of a hub, where they are kept.
    pub folder: &'a str,
    /// The folder of the revision to serve.
    pub place: &'a str,
    /// The repository of the hub that the server fetches itself.
    pub repository: Option<&'a str>,
    /// The single file with the weights, where the source names one.
    pub file: Option<&'a str>,
    /// True where the folder may hold other revisions too, so that the server must be told which.
    pub among_others: bool,
    /// On which number the container listens, by the runtime's name of the port.
    pub ports: &'a BTreeMap<&'static str, i64>,
    /// The path of the metrics; `None` where they are off.
    pub metrics: Option<&'a str>,
    /// Names of the flags that the author writes, with `_` for `-`.
    pub flags: &'a [String],
    /// Who made the GPU, where there is one.
    pub vendor: Option<Vendor>,
    /// GPUs of one pod.
    pub gpus: i64,
    /// Pods that serve one copy together.
    pub nodes: i64,
    pub context: Option<i64>,
    pub format: Option<ModelFormat>,
    /// Seconds between SIGTERM and SIGKILL.
    pub drain: u64,
}

impl Serving<'_> {
    /// With a GPU of NVIDIA.
    pub fn has_cuda(&self) -> bool {
        self.vendor == Some(Vendor::Nvidia)
    }

    /// The repository, file or folder with the weights.
    fn weights(&self) -> String {
        match (self.repository, self.file) {
            (Some(repository), _) => repository.to_owned(),
            (None, Some(file)) => format!("{}/{file}", self.place),
            (None, None) => self.place.to_owned(),
        }
    }

    fn port(&self, name: &str) -> Option<i64> {
        self.ports.get(name).copied()
    }
}

/// Flags as `--name=value`; those without a value are left out.
#[derive(Default)]
struct Flags(Vec<String>);

impl Flags {
    fn with(mut self, name: &str, value: Option<impl std::fmt::Display>) -> Self {
        self.0.extend(value.map(|value| format!("--{name}={value}")));
        self
    }

    fn switch(mut self, name: &str, on: bool) -> Self {
        self.0.extend(on.then(|| format!("--{name}")));
        self
    }
}

/// The facts about a runtime.
pub fn server(runtime: Runtime) -> &'static dyn Server {
    match runtime {
        Runtime::Vllm => &vllm::Vllm,
        Runtime::Sglang => &sglang::Sglang,
        Runtime::TensorflowServing => &tensorflow_serving::TensorflowServing,
        Runtime::Triton => &triton::Triton,
        Runtime::Tei => &tei::Tei,
        Runtime::Ollama => &ollama::Ollama,
        Runtime::LlamaCpp => &llama_cpp::LlamaCpp,
        Runtime::Tgi => &tgi::Tgi,
        Runtime::Custom => &custom::Custom,
    }
}

/// A gibibyte, of which requests are made.
const fn gibibytes(number: i64) -> Quantity {
    Quantity::from_bytes(number << 30)
}

/// A server of Python beside a GPU, or without one on as much memory as the weights and the context take.
fn requests_of_python(size: Option<Quantity>, gpu: bool) -> Vec<(&'static str, Quantity)> {
    let memory = if gpu { gibibytes(8) } else { gibibytes(8) + size.unwrap_or(Quantity::ZERO) };
    vec![("cpu", Quantity::from_units(2)), ("memory", memory)]
}

#[cfg(test)]
mod sample {
    use super::Serving;
    use std::collections::BTreeMap;
    use std::sync::LazyLock;

    static PORTS: LazyLock<BTreeMap<&str, i64>> =
        LazyLock::new(|| BTreeMap::from([("http", 8000), ("grpc", 8001), ("metrics", 8002)]));

    /// The model `chat` from a folder, without a GPU.
    pub(super) fn serving() -> Serving<'static> {
        Serving {
            model: "chat",
            served: "chat",
            revision: None,
            folder: "/models/chat",
            place: "/models/chat",
            repository: None,
            file: None,
            among_others: false,
            ports: &PORTS,
            metrics: Some("/metrics"),
            flags: &[],
            vendor: None,
            gpus: 0,
            nodes: 1,
            context: None,
            format: None,
            drain: 45,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_port_of_every_runtime_is_http_and_its_image_is_pinned() {
        for runtime in Runtime::ALL {
            let server = server(*runtime);
            assert!(server.ports().first().is_none_or(|(name, _)| *name == "http"), "{runtime}");
            let vendors = Vendor::ALL.iter().copied().map(Some).chain([None]);
            for image in vendors.filter_map(|vendor| server.image(vendor)) {
                assert!(!crate::model::Image::parse(image).unwrap().is_floating(), "{image}");
            }
            let (ports, metrics) = (server.ports(), server.metrics());
            assert!(metrics.is_none_or(|(port, _)| ports.iter().any(|(name, _)| *name == port)), "{runtime}");
            let served = sample::serving();
            assert!(server.ready(&served).is_none_or(|path| path.starts_with('/')), "{runtime}");
            assert!(server.ports().iter().all(|(_, port)| *port > 1024), "{runtime} runs as no root");
            assert!(server.shutdown().is_none_or(|(grace, delay)| grace > delay), "{runtime}");
        }
    }
}
