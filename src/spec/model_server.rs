//! Models and the servers that run them.

use super::{DnsLabel, DnsName, Reader, Spec, Text, dns_label, record, words};
use crate::diagnostic::code;
use crate::document::Node;
use crate::document::shape::{Refusal, Shape};
use crate::model::quantity::Quantity;

words! {
    /// A model server that the compiler knows: its ports, probes, arguments, metrics and shutdown.
    pub enum Runtime {
        /// TensorFlow Serving: REST on 8501, gRPC on 8500.
        TensorflowServing = "tensorflow-serving",
        /// A server of the author's own: nothing is added.
        Custom = "custom",
    }
}

record! {
    /// The model to serve.
    pub struct Model as "model" {
        /// Its name, and the name under which it is served unless `servedName` is written.
        req name "name": DnsLabel,
        /// Where the weights lie: `s3://…`, `gs://…`, `volume://NAME/PATH`, or `baked-in` in the image.
        req source "source": ModelSource,
        /// The name in requests.
        opt served_name "servedName": Text,
        /// The version of the weights; for TensorFlow Serving a whole number.
        opt revision "revision": Text,
        /// How large the weights are: gives the budget of the start.
        opt size "size": Quantity,
        /// A volume of the component that keeps the weights from one start to the next.
        opt cache "cache": DnsLabel,
        /// The secret with the keys of the object store: `access-key-id` and `secret-access-key`.
        opt credentials "credentials": DnsName,
        /// The object store's address, where it is not AWS.
        opt endpoint "endpoint": Text,
        /// The object store's region.
        opt region "region": Text,
    }
}

/// Where weights come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelSource {
    /// In the image.
    BakedIn,
    /// `s3://bucket/path` or `gs://bucket/path`: the scheme and the rest, without a slash at the end.
    ObjectStore { scheme: &'static str, path: String },
    /// A volume of the component and a folder in it.
    Volume { name: String, path: String },
}

impl ModelSource {
    fn parse(text: &str) -> Result<Self, Refusal> {
        if text == "baked-in" {
            return Ok(Self::BakedIn);
        }
        let path = |rest: &str| Some(rest.trim_end_matches('/').to_owned()).filter(|path| !path.is_empty());
        let parsed = match text.split_once("://") {
            Some(("s3", rest)) => path(rest).map(|path| Self::ObjectStore { scheme: "s3", path }),
            Some(("gs", rest)) => path(rest).map(|path| Self::ObjectStore { scheme: "gs", path }),
            Some(("volume", rest)) => {
                let (name, path) = rest.split_once('/').unwrap_or((rest, ""));
                dns_label(name)
                    .ok()
                    .map(|()| Self::Volume { name: name.into(), path: path.trim_end_matches('/').into() })
            }
            _ => None,
        };
        parsed.ok_or_else(|| {
            Refusal::new(
                code::BAD_SOURCE,
                format!("`{text}` is not a source of weights"),
                "write `s3://bucket/path`, `gs://bucket/path`, `volume://NAME/PATH` or `baked-in`",
            )
        })
    }
}

impl Spec for ModelSource {
    fn shape() -> Shape {
        static TEXT: crate::document::shape::TextShape = crate::document::shape::TextShape {
            what: "a source of weights",
            example: "s3://models/codegen",
            check: |text| ModelSource::parse(text).map(|_| ()),
            pattern: Some("^(baked-in|(s3|gs|volume)://.+)$"),
            number: false,
        };
        Shape::Text(&TEXT)
    }

    fn decode(node: &Node, _: &mut Reader<'_>) -> Option<Self> {
        Self::parse(node.as_text()?).ok()
    }
}
