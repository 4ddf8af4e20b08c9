//! TensorFlow Serving.
//!
//! | part | value |
//! |---|---|
//! | image | `tensorflow/serving:2.20.0`, with a GPU `-gpu` |
//! | ports | `http: 8501` (REST), `grpc: 8500` |
//! | probes | `GET /v1/models/<name>`; the ports open once the model is loaded |
//! | metrics | `/monitoring/prometheus/metrics` on `http`, by a monitoring file |
//! | weights | `/models/<name>/<revision>/`; a revision is a whole number |
//! | user | 1000 |
//! | requests | 500m; 1Gi and the size of the weights |
//! | shutdown | 15s of still serving, 30s in all |
//! | GPU | the cache of compiled kernels on `/var/cache/cuda` |
//!
//! The image's entry point is a script that passes `--port`, `--rest_api_port`, `--model_name` and
//! `--model_base_path` from its environment, and the container's arguments after them. Of a flag that
//! comes twice the server takes the last. So the four stand in the arguments, where they are seen and
//! hold for any image with the server in it, and `MODEL_NAME` and `MODEL_BASE_PATH` keep the script's
//! own from meaning something else. The script does not hand SIGTERM on, so that a pod goes only when its
//! grace is over: it is short.

use super::{Server, Serving};
use crate::model::Quantity;
use crate::spec::{ModelFormat, ModelSource, Vendor};

pub(super) struct TensorflowServing;

const MONITORING: &str = "/etc/tensorflow-serving/monitoring.config";
const MODELS: &str = "/etc/tensorflow-serving/models.config";
const CUDA_CACHE: &str = "/var/cache/cuda";

impl Server for TensorflowServing {
    fn title(&self) -> &'static str {
        "TensorFlow Serving"
    }

    fn image(&self, vendor: Option<Vendor>) -> Option<&'static str> {
        match vendor {
            None => Some("tensorflow/serving:2.20.0"),
            Some(Vendor::Nvidia) => Some("tensorflow/serving:2.20.0-gpu"),
            Some(Vendor::Amd | Vendor::Intel) => None,
        }
    }

    fn user(&self) -> Option<i64> {
        Some(1_000)
    }

    fn ports(&self) -> &'static [(&'static str, u16)] {
        &[("http", 8_501), ("grpc", 8_500)]
    }

    fn requests(&self, size: Option<Quantity>, _: bool) -> Vec<(&'static str, Quantity)> {
        let memory = Quantity::from_bytes(1 << 30) + size.unwrap_or(Quantity::ZERO);
        vec![("cpu", Quantity::from_milli(500)), ("memory", memory)]
    }

    fn ready(&self, serving: &Serving<'_>) -> Option<String> {
        Some(format!("/v1/models/{}", serving.served))
    }

    fn metrics(&self) -> Option<(&'static str, &'static str)> {
        Some(("http", "/monitoring/prometheus/metrics"))
    }

    fn scaling(&self) -> &'static [(&'static str, &'static str)] {
        &[("latency", ":tensorflow:serving:request_latency")]
    }

    fn latency_units(&self) -> u32 {
        1_000_000
    }

    fn outcomes(&self) -> Option<(&'static [&'static str], &'static [&'static str])> {
        Some((&[":tensorflow:serving:request_count{status!=\"OK\"}"], &[":tensorflow:serving:request_count"]))
    }

    fn shutdown(&self) -> Option<(u64, u64)> {
        Some((30, 15))
    }

    fn writable(&self, vendor: Option<Vendor>) -> &'static [(&'static str, &'static str)] {
        if vendor == Some(Vendor::Nvidia) { &[("cuda-cache", CUDA_CACHE)] } else { &[] }
    }

    fn arguments(&self, serving: &Serving<'_>) -> Vec<String> {
        let mut arguments = Vec::new();
        let mut flag = |name: &str, value: String| arguments.push(format!("--{name}={value}"));
        for (name, port) in [("port", "grpc"), ("rest_api_port", "http")] {
            if let Some(number) = serving.ports.get(port) {
                flag(name, number.to_string());
            }
        }
        if names_one_of_several(serving) {
            flag("model_config_file", MODELS.into());
        } else if !writes(serving, "model_config_file") {
            flag("model_name", serving.served.into());
            flag("model_base_path", serving.folder.into());
        }
        if serving.metrics.is_some() {
            flag("monitoring_config_file", MONITORING.into());
        }
        arguments
    }

    fn environment(&self, serving: &Serving<'_>) -> Vec<(&'static str, String)> {
        let parent = serving.folder.rsplit_once('/').map_or("", |(parent, _)| parent);
        let mut environment = vec![
            ("MODEL_NAME", serving.served.to_owned()),
            ("MODEL_BASE_PATH", if parent.is_empty() { "/".into() } else { parent.to_owned() }),
        ];
        if serving.has_cuda() {
            environment.push(("CUDA_CACHE_PATH", CUDA_CACHE.into()));
        }
        environment
    }

    fn files(&self, serving: &Serving<'_>) -> Vec<(&'static str, String)> {
        let mut files = Vec::new();
        if let Some(path) = serving.metrics {
            let text = format!("prometheus_config {{\n  enable: true\n  path: {}\n}}\n", quoted(path));
            files.push((MONITORING, text));
        }
        if let (true, Some(revision)) = (names_one_of_several(serving), serving.revision) {
            files.push((MODELS, models(serving, revision)));
        }
        files
    }

    fn folder(&self, model: &str) -> Option<String> {
        Some(format!("/models/{model}"))
    }

    /// The server does not speak to the hub, and a single file is no SavedModel.
    fn accepts(&self, source: &ModelSource) -> bool {
        !matches!(source, ModelSource::Hub { .. }) && source.file().is_none()
    }

    fn formats(&self) -> &'static [ModelFormat] {
        &[ModelFormat::SavedModel]
    }

    /// A folder that is no number is not taken for a version; a leading zero would be octal in the
    /// list of models.
    fn check_revision(&self, revision: &str) -> Result<(), &'static str> {
        let number = revision.parse::<i64>().ok().filter(|number| *number >= 0);
        let plain = number.is_some_and(|number| number.to_string() == revision);
        if plain { Ok(()) } else { Err("a whole number, such as \"7\"") }
    }
}

/// Of several versions in a folder the server takes the highest, unless a list of models names another.
/// The list would win over flags of the author's own, so it gives way to them.
fn names_one_of_several(serving: &Serving<'_>) -> bool {
    let own = ["model_name", "model_base_path", "model_config_file"].iter().any(|flag| writes(serving, flag));
    serving.among_others && serving.revision.is_some() && !own
}

fn writes(serving: &Serving<'_>, flag: &str) -> bool {
    serving.flags.iter().any(|own| own == flag)
}

fn models(serving: &Serving<'_>, revision: &str) -> String {
    let (name, folder) = (quoted(serving.served), quoted(serving.folder));
    format!(
        "model_config_list {{\n  config {{\n    name: {name}\n    base_path: {folder}\n    model_platform: \"tensorflow\"\n    \
         model_version_policy {{ specific {{ versions: {revision} }} }}\n  }}\n}}\n"
    )
}

/// A string of a text-format message.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::sync::LazyLock;

    static PORTS: LazyLock<BTreeMap<&str, i64>> = LazyLock::new(|| BTreeMap::from([("http", 8501), ("grpc", 8500)]));

    fn serving(flags: &[String], among_others: bool) -> Serving<'_> {
        Serving {
            served: "codegen",
            revision: Some("7"),
            folder: "/models/codegen",
            among_others,
            ports: &PORTS,
            metrics: Some("/monitoring/prometheus/metrics"),
            flags,
            ..super::super::sample::serving()
        }
    }

    #[test]
    fn a_single_revision_is_served_by_its_folder() {
        assert_eq!(
            TensorflowServing.arguments(&serving(&[], false)),
            [
                "--port=8500",
                "--rest_api_port=8501",
                "--model_name=codegen",
                "--model_base_path=/models/codegen",
                "--monitoring_config_file=/etc/tensorflow-serving/monitoring.config",
            ]
        );
    }

    #[test]
    fn one_revision_of_several_is_named_unless_the_author_says_otherwise() {
        let arguments = TensorflowServing.arguments(&serving(&[], true));
        assert!(arguments.contains(&"--model_config_file=/etc/tensorflow-serving/models.config".to_owned()));
        assert!(!arguments.iter().any(|flag| flag.starts_with("--model_name")));
        let files = TensorflowServing.files(&serving(&[], true));
        assert!(
            files
                .iter()
                .any(|(_, text)| text.contains("versions: 7") && text.contains("base_path: \"/models/codegen\""))
        );
        let own = ["model_base_path".to_owned()];
        assert_eq!(TensorflowServing.files(&serving(&own, true)).len(), 1);
    }

    #[test]
    fn revisions_are_plain_whole_numbers() {
        assert!(TensorflowServing.check_revision("7").is_ok() && TensorflowServing.check_revision("0").is_ok());
        for bad in ["", "v7", "007", "-1", "+7", "1.5", "99999999999999999999"] {
            assert!(TensorflowServing.check_revision(bad).is_err(), "{bad}");
        }
    }
}
