//! What each model server needs and offers: one file per runtime, same shape.
//!
//! Promises: a runtime is data and text; where it goes, and that a value of the author's own stays, is
//! the work of [`crate::resolve`]. A part that a runtime does not have is left out by its default here,
//! so that the file of a runtime holds only what is so.

mod custom;
mod tensorflow_serving;

use crate::model::Quantity;
use crate::spec::{ModelSource, Runtime};
use std::collections::BTreeMap;

/// A model server.
pub trait Server: Sync {
    /// The image, pinned; for a GPU of NVIDIA the variant that can use it.
    fn image(&self, _gpu: bool) -> Option<&'static str> {
        None
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
    fn requests(&self, _size: Option<Quantity>) -> Vec<(&'static str, Quantity)> {
        Vec::new()
    }

    /// The path that answers once the model is served.
    fn ready(&self, _serving: &Serving<'_>) -> Option<String> {
        None
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
    fn writable(&self, _gpu: bool) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// Generated arguments; never the program itself.
    fn arguments(&self, _serving: &Serving<'_>) -> Vec<String> {
        Vec::new()
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
    fn revision_folder(&self, folder: &str, _revision: &str) -> String {
        folder.to_owned()
    }

    /// True where the server can take weights from there.
    fn accepts(&self, _source: &ModelSource) -> bool {
        true
    }

    /// Refuses a revision, with what it must be.
    fn check_revision(&self, _revision: &str) -> Result<(), &'static str> {
        Ok(())
    }

    /// Its own name, for messages.
    fn title(&self) -> &'static str;
}

/// One model as a server serves it.
#[derive(Clone, Debug)]
pub struct Serving<'a> {
    /// The name in requests.
    pub served: &'a str,
    pub revision: Option<&'a str>,
    /// The folder of the weights in the container.
    pub folder: &'a str,
    /// True where the folder may hold other revisions too, so that the server must be told which.
    pub among_others: bool,
    /// On which number the container listens, by the runtime's name of the port.
    pub ports: &'a BTreeMap<&'static str, i64>,
    /// The path of the metrics; `None` where they are off.
    pub metrics: Option<&'a str>,
    /// Names of the flags that the author writes, with `_` for `-`.
    pub flags: &'a [String],
    /// True with a GPU of NVIDIA.
    pub gpu: bool,
}

/// The facts about a runtime.
pub fn server(runtime: Runtime) -> &'static dyn Server {
    match runtime {
        Runtime::TensorflowServing => &tensorflow_serving::TensorflowServing,
        Runtime::Custom => &custom::Custom,
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
            for image in [server.image(false), server.image(true)].into_iter().flatten() {
                assert!(!crate::model::Image::parse(image).unwrap().is_floating(), "{image}");
            }
            let (ports, metrics) = (server.ports(), server.metrics());
            assert!(metrics.is_none_or(|(port, _)| ports.iter().any(|(name, _)| *name == port)), "{runtime}");
            assert!(server.shutdown().is_none_or(|(grace, delay)| grace > delay), "{runtime}");
        }
    }
}
