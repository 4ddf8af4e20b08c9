//! The metrics of scaling: who can read each, and how it is asked for.

use super::super::{Resolver, model_server};
use super::queue;
use crate::diagnostic::{code, listed};
use crate::document::{Finding, Path, at};
use crate::model::{DescribedObject, Goal, Metric, MetricSource, Quantity, Queried, Scaler, UtilisedResource};
use crate::runtime;
use crate::spec::{self, Feature, Kind, RuntimeMetric, ScaleMetric, Switch};

/// The form of a metric, with the fields that go with it.
const FIELDS: &[(&str, &[&str])] = &[
    ("pods", &["average"]),
    ("object", &["metric", "average", "value"]),
    ("external", &["match", "average", "value"]),
    ("prometheus", &["threshold", "activation"]),
    ("runtime", &["average"]),
    ("redisStream", &["lag"]),
    ("redisList", &["length"]),
    ("cron", &["replicas"]),
];
/// Over what time the mean of a latency is taken.
const MEAN_OVER: &str = "2m";

/// The component that scales.
pub(super) struct Scaled<'a> {
    pub(super) key: &'a str,
    pub(super) name: &'a str,
    pub(super) component: &'a spec::Component,
    pub(super) scaler: Scaler,
}

impl Resolver<'_, '_> {
    /// A plain autoscaler unless some metric needs KEDA. Metrics of pods go either way.
    pub(super) fn scaler(&self, scale: &spec::Scale) -> Scaler {
        let by_query = self.target.has(Feature::Keda) && !self.target.has(Feature::CustomMetrics);
        let needs = |metric: &ScaleMetric| {
            let queue = metric.redis_stream.is_some() || metric.redis_list.is_some();
            let asked = metric.prometheus.is_some() || metric.runtime.is_some() || metric.cron.is_some();
            asked || queue || (metric.pods.is_some() && by_query)
        };
        let keda = scale.gpu.is_some() || scale.metrics.iter().flat_map(|metrics| metrics.values()).any(needs);
        if keda { Scaler::Keda } else { Scaler::Hpa }
    }

    /// In the order cpu, memory, gpu, then as written.
    pub(super) fn metrics(&mut self, of: &Scaled<'_>, scale: &spec::Scale, path: &Path) -> Vec<Metric> {
        let container = scale.container.as_ref().map(ToString::to_string);
        let mut metrics = Vec::new();
        let utilised = [("cpu", UtilisedResource::Cpu, scale.cpu), ("memory", UtilisedResource::Memory, scale.memory)];
        for (metric, resource, percent) in utilised {
            let Some(percent) = percent else { continue };
            self.need(Feature::MetricsServer, metric, &path.join(metric));
            let source =
                MetricSource::Utilisation { resource, percent: percent.as_i32(), container: container.clone() };
            metrics.push(Metric { name: metric.into(), source });
        }
        if let Some(percent) = scale.gpu {
            metrics.push(self.gpu_metric(of, percent.0, &path.join("gpu")));
        }
        for (metric, written) in scale.metrics.iter().flatten() {
            let source = self.own_metric(of, written, &path.join("metrics").join(metric));
            metrics.extend(source.map(|source| Metric { name: metric.clone(), source }));
        }
        metrics
    }

    /// The use of GPUs per pod, summed: KEDA divides by the number of replicas.
    ///
    /// Without `honorLabels`, Prometheus renames the workload's labels to `exported_…` and the plain
    /// ones are those of the exporter.
    fn gpu_metric(&mut self, of: &Scaled<'_>, percent: i64, path: &Path) -> Metric {
        self.need(Feature::Dcgm, "gpu", path);
        self.need_queries(path);
        let prefix = if self.target.prometheus.honor_labels { "" } else { "exported_" };
        let (namespace, name) = (&self.namespace, of.name);
        let query = format!(
            "sum(avg by ({prefix}pod) (DCGM_FI_DEV_GPU_UTIL{{{prefix}namespace=\"{namespace}\",{prefix}container=\"{name}\"}}))"
        );
        // A replica is a group of pods, and the use is meant for each of them.
        let nodes = model_server::nodes(of.component);
        let query = if nodes > 1 { format!("{query} / {nodes}") } else { query };
        Metric { name: "gpu".into(), source: asked(query, &percent.to_string(), Queried::Gpus) }
    }

    fn own_metric(&mut self, of: &Scaled<'_>, metric: &ScaleMetric, path: &Path) -> Option<MetricSource> {
        self.refuse_other_forms(path);
        if let Some(name) = &metric.pods {
            self.pods_metric(of, name, metric, path)
        } else if let Some(object) = &metric.object {
            self.object_metric(of, object, metric, path)
        } else if let Some(name) = &metric.external {
            self.external_metric(of, name, metric, path)
        } else if let Some(query) = &metric.prometheus {
            self.query_metric(query, metric, path)
        } else if let Some(word) = metric.runtime {
            self.runtime_metric(of, word, metric, path)
        } else if let Some(stream) = &metric.redis_stream {
            let lag = self.field(metric.lag, "a stream", "lag", path)?;
            queue::stream(self, of.key, stream, lag, path)
        } else if let Some(list) = &metric.redis_list {
            let length = self.field(metric.length, "a list", "length", path)?;
            queue::list(self, of.key, list, length, path)
        } else if let Some(window) = &metric.cron {
            self.cron_metric(window, metric, path)
        } else {
            let forms: Vec<&str> = FIELDS.iter().map(|(form, _)| *form).collect();
            self.no_form(path, "a metric", &listed(forms.iter().copied()));
            None
        }
    }

    /// A field of another form would have no effect.
    fn refuse_other_forms(&mut self, path: &Path) {
        let written = |field: &str| self.findings.is_written(&path.join(field));
        let Some((form, own)) = FIELDS.iter().find(|(form, _)| written(form)) else { return };
        let mut others: Vec<&str> = Vec::new();
        for field in FIELDS.iter().flat_map(|(_, fields)| *fields) {
            if written(field) && !own.contains(field) && !others.contains(field) {
                others.push(field);
            }
        }
        for field in others {
            self.findings.push(
                Finding::error(code::METRIC_FIELD, path.join(field), format!("`{form}` has no `{field}`"))
                    .label("would have no effect")
                    .on_key()
                    .help(format!("`{form}` takes {}", listed(own.iter().copied()))),
            );
        }
    }

    /// The value of a field that goes with the form of the metric.
    fn field<T>(&mut self, value: Option<T>, what: &str, key: &str, path: &Path) -> Option<T> {
        if value.is_none() {
            self.findings.push(
                Finding::error(code::MISSING_FIELD, path.clone(), format!("`{key}` is missing in {what}"))
                    .label(format!("`{key}` must be written here"))
                    .on_key()
                    .help(format!("write `{key}:` beside what is there")),
            );
        }
        value
    }

    /// With KEDA a query over what Prometheus has scraped from the pods, else the API of custom metrics.
    fn pods_metric(
        &mut self,
        of: &Scaled<'_>,
        metric: &str,
        written: &ScaleMetric,
        path: &Path,
    ) -> Option<MetricSource> {
        let average = self.field(written.average.as_ref(), "a metric of pods", "average", path)?;
        if of.scaler == Scaler::Hpa {
            self.need(Feature::CustomMetrics, "a metric of pods", path);
            return Some(MetricSource::Pods { metric: metric.into(), average: amount(average) });
        }
        self.need_queries(path);
        if !is_prometheus_name(metric) {
            self.refuse_name(metric, path);
            return None;
        }
        Some(asked(format!("sum({})", self.of_pods(of, metric)), average, Queried::Pods))
    }

    fn refuse_name(&mut self, metric: &str, path: &Path) {
        self.findings.push(
            Finding::error(code::BAD_NAME, path.join("pods"), format!("`{metric}` is not a name of Prometheus"))
                .label("asked for by a query here")
                .reason("names there consist of letters, digits, `_` and `:`, and do not start with a digit")
                .help("write the metric as Prometheus knows it, or a query of your own under `prometheus`"),
        );
    }

    /// The series of the component's own pods, other labels kept. Monitors of the operator of Prometheus
    /// give each series the name of its container; annotations alone give that of the pod.
    fn of_pods(&self, of: &Scaled<'_>, series: &str) -> String {
        let (metric, more) = match series.split_once('{') {
            Some((metric, labels)) => (metric, format!(",{}", labels.trim_end_matches('}'))),
            None => (series, String::new()),
        };
        let (namespace, name) = (&self.namespace, of.name);
        let pods = if self.target.has(Feature::PrometheusOperator) {
            format!("container=\"{}\"", exporter(of))
        } else if model_server::nodes(of.component) > 1 {
            format!("pod=~\"{name}-[0-9]+\"")
        } else {
            format!("pod=~\"{name}{}-[^-]+-[^-]+\"", self.between(of.component))
        };
        format!("{metric}{{namespace=\"{namespace}\",{pods}{more}}}")
    }

    /// What stands in the names of the pods between that of the component and the usual two parts.
    fn between(&self, component: &spec::Component) -> &'static str {
        let strategy = component.rollout.as_ref().and_then(|rollout| rollout.strategy);
        let progressive = matches!(strategy, Some(spec::Strategy::Canary | spec::Strategy::BlueGreen));
        if !progressive || self.target.has(Feature::ArgoRollouts) {
            ""
        } else if self.target.has(Feature::Flagger) {
            "(-primary)?"
        } else {
            "-[^-]+"
        }
    }

    fn object_metric(
        &mut self,
        of: &Scaled<'_>,
        object: &spec::DescribedObject,
        written: &ScaleMetric,
        path: &Path,
    ) -> Option<MetricSource> {
        let described = self.described(of.key, object, &path.join("object"));
        let metric = self.field(written.metric.as_ref(), "a metric of an object", "metric", path);
        let goal = self.goal(written, "a metric of an object", path);
        if of.scaler == Scaler::Keda {
            self.want_query(
                of.key,
                path,
                "another metric of this component needs KEDA, which reads no metrics of objects",
            );
            return None;
        }
        self.need(Feature::CustomMetrics, "a metric of an object", path);
        Some(MetricSource::Object { of: described?, metric: metric?.to_string(), goal: goal? })
    }

    fn described(&mut self, key: &str, object: &spec::DescribedObject, path: &Path) -> Option<DescribedObject> {
        if let Some(component) = &object.component {
            let path = path.join("component");
            let used = self.used(key, component, &path)?;
            if used.kind == Kind::External {
                self.refuse_external(component, &path);
                return None;
            }
            return Some(DescribedObject::Component(component.to_string()));
        }
        if let Some(service) = &object.service {
            return Some(DescribedObject::Service(service.to_string()));
        }
        let Some(api_version) = &object.api_version else {
            self.no_form(path, "an object", "`component`, `service` or `apiVersion`");
            return None;
        };
        let kind = self.field(object.kind.as_ref(), "an object", "kind", path);
        let name = self.field(object.name.as_ref(), "an object", "name", path);
        Some(DescribedObject::Other {
            api_version: api_version.to_string(),
            kind: kind?.to_string(),
            name: name?.to_string(),
        })
    }

    fn refuse_external(&mut self, component: &str, path: &Path) {
        self.findings.push(
            Finding::error(
                code::BAD_REFERENCE,
                path.clone(),
                format!("`{component}` has no pods, so no object runs them"),
            )
            .label("not of this system")
            .help("name the object by `apiVersion`, `kind` and `name`"),
        );
    }

    fn external_metric(
        &mut self,
        of: &Scaled<'_>,
        metric: &str,
        written: &ScaleMetric,
        path: &Path,
    ) -> Option<MetricSource> {
        let goal = self.goal(written, "a metric from outside", path);
        if self.target.has(Feature::Keda) {
            self.want_query(
                of.key,
                path,
                "KEDA is the one who answers for external metrics in this cluster, and knows only its own",
            );
            return None;
        }
        self.need(Feature::ExternalMetrics, "a metric from outside", path);
        let labels = super::super::strings(written.labels.as_ref());
        Some(MetricSource::External { metric: metric.into(), labels, goal: goal? })
    }

    fn want_query(&mut self, key: &str, path: &Path, reason: &str) {
        self.findings.push(
            Finding::error(
                code::METRIC_AS_QUERY,
                path.clone(),
                format!("a metric of `{key}` must be written as a query here"),
            )
            .label("read through the API of metrics")
            .on_key()
            .also(at!["environment", "target", "features"], "`keda` is among the features")
            .reason(reason)
            .help("write `{prometheus: QUERY, threshold: NUMBER}` with what Prometheus knows about it"),
        );
    }

    fn goal(&mut self, written: &ScaleMetric, what: &str, path: &Path) -> Option<Goal> {
        match (&written.average, &written.value) {
            (Some(average), _) => Some(Goal::Average(amount(average))),
            (None, Some(value)) => Some(Goal::Value(amount(value))),
            (None, None) => {
                self.no_form(path, what, "`average` or `value`");
                None
            }
        }
    }

    fn query_metric(&mut self, query: &str, written: &ScaleMetric, path: &Path) -> Option<MetricSource> {
        self.need_queries(path);
        let threshold = self.field(written.threshold.as_ref(), "a query", "threshold", path)?;
        Some(MetricSource::Prometheus {
            query: query.into(),
            threshold: threshold.to_string(),
            activation: written.activation.as_ref().map(ToString::to_string),
            of: Queried::Own,
        })
    }

    /// What the model's own server exports, by the table of its runtime.
    fn runtime_metric(
        &mut self,
        of: &Scaled<'_>,
        word: RuntimeMetric,
        written: &ScaleMetric,
        path: &Path,
    ) -> Option<MetricSource> {
        let average = self.field(written.average.as_ref(), "a metric of the runtime", "average", path);
        let Some(runtime) = of.component.runtime else {
            self.refuse_runtime(path, format!("`{}` has no runtime that exports `{word}`", of.key), None);
            return None;
        };
        let server = runtime::server(runtime);
        let Some((_, series)) = server.scaling().iter().find(|(known, _)| *known == word.text()) else {
            let known: Vec<&str> = server.scaling().iter().map(|(known, _)| *known).collect();
            self.refuse_runtime(path, format!("{} does not export `{word}`", server.title()), Some(&known));
            return None;
        };
        self.need_queries(path);
        let average = average?;
        Some(match word {
            RuntimeMetric::Latency => {
                let rate =
                    |part: &str| format!("sum(rate({}[{MEAN_OVER}]))", self.of_pods(of, &format!("{series}_{part}")));
                // Without a request there is nothing to divide by.
                let query = format!("{} / clamp_min({}, 0.001)", rate("sum"), rate("count"));
                asked(query, average, Queried::Mean)
            }
            RuntimeMetric::Waiting | RuntimeMetric::Running | RuntimeMetric::Cache => {
                asked(format!("sum({})", self.of_pods(of, series)), average, Queried::Pods)
            }
        })
    }

    fn refuse_runtime(&mut self, path: &Path, message: String, known: Option<&[&str]>) {
        let help = match known {
            None => "`runtime` is for a `model`; elsewhere write `pods` or `prometheus`".to_owned(),
            Some([]) => "scale by `pods` or `prometheus`, with a name that the server exports".to_owned(),
            Some(known) => format!("it exports {}", listed(known.iter().copied())),
        };
        self.findings
            .push(Finding::error(code::RUNTIME_METRIC, path.join("runtime"), message).label("not exported").help(help));
    }

    fn cron_metric(&mut self, window: &spec::CronWindow, written: &ScaleMetric, path: &Path) -> Option<MetricSource> {
        self.need(Feature::Keda, "cron", path);
        let replicas = self.field(written.replicas, "a time window", "replicas", path)?;
        Some(MetricSource::Cron {
            start: window.start.to_string(),
            end: window.end.to_string(),
            timezone: window.timezone.to_string(),
            replicas: replicas.as_i32().unsigned_abs(),
        })
    }

    /// Queries need KEDA and an address.
    fn need_queries(&mut self, path: &Path) {
        self.need(Feature::Keda, "a query", path);
        if self.target.has(Feature::Keda) && self.target.prometheus.address.is_none() {
            self.findings.push(
                Finding::error(code::FEATURE_UNSET, path.clone(), "a query needs the address of Prometheus")
                    .label("asks Prometheus")
                    .also(at!["environment", "target"], "`prometheus.address` is not written")
                    .help("write `target.prometheus.address`, such as \"http://prometheus.monitoring:9090\""),
            );
        }
    }

    pub(super) fn need(&mut self, feature: Feature, metric: &str, path: &Path) {
        if self.target.has(feature) {
            return;
        }
        self.findings.push(
            Finding::error(code::SCALER_MISSING, path.clone(), format!("scaling by {metric} needs the feature `{feature}`"))
                .label("nothing in this cluster measures or scales by it")
                .also(at!["environment", "target", "features"], format!("`{feature}` is not among the features"))
                .reason("the autoscaler would find no metric and leave the replicas as they are")
                .help(format!("add `{feature}` to `target.features` if the cluster has it, or switch it off here: `overrides: {{all: {{scale: false}}}}`")),
        );
    }
}

impl<'a> Resolver<'a, '_> {
    /// A component that is there and enabled.
    pub(super) fn used(&mut self, from: &str, to: &str, path: &Path) -> Option<&'a spec::Component> {
        if !self.components.contains_key(to) {
            self.unknown_component(to, path);
            return None;
        }
        if !self.is_enabled(to) {
            self.disabled(from, to, path);
            return None;
        }
        self.components.get(to).map(|component| &***component)
    }
}

/// The container with the port that is scraped: the main one, unless a sidecar has it.
fn exporter<'a>(of: &Scaled<'a>) -> &'a str {
    let metrics = of.component.metrics.as_ref().and_then(Switch::on);
    let port = metrics.and_then(|metrics| metrics.port.as_ref()).map_or("metrics", |port| &**port);
    let has =
        |ports: Option<&spec::Named<spec::PortKey, spec::Port>>| ports.is_some_and(|ports| ports.contains_key(port));
    let own = has(of.component.ports.as_ref());
    let sidecar = of.component.sidecars.iter().flatten().find(|(_, sidecar)| !own && has(sidecar.ports.as_ref()));
    sidecar.map_or(of.name, |(name, _)| name)
}

fn asked(query: String, threshold: &str, of: Queried) -> MetricSource {
    MetricSource::Prometheus { query, threshold: threshold.to_owned(), activation: None, of }
}

/// The text has been checked.
fn amount(text: &str) -> Quantity {
    Quantity::parse(text).unwrap_or(Quantity::ZERO)
}

fn is_prometheus_name(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
    text.chars().all(inner) && !text.starts_with(|c: char| c.is_ascii_digit())
}

/// True where Service and pods may be reached.
pub(super) fn has_service(component: &spec::Component) -> bool {
    !component.service.as_ref().is_some_and(Switch::is_off)
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::sample;
    use crate::diagnostic::code;
    use crate::model::{MetricSource, Queried, Scaler};

    fn api(metrics: &str) -> String {
        format!(
            "components:\n  api:\n    kind: backend\n    image: registry.example.com/api:1\n    ports: {{http: 8000}}\n    \
             scale: {{max: 4, metrics: {{{metrics}}}}}\n"
        )
    }

    #[test]
    fn metrics_of_pods_go_through_the_api_where_an_adapter_serves_it() {
        let sample = sample(&api("r: {pods: requests, average: 30}"), "custom-metrics, keda").clean();
        let scale = sample.component("api").scale.as_ref().unwrap();
        assert_eq!(scale.scaler, Scaler::Hpa);
        assert!(matches!(&scale.metrics[0].source, MetricSource::Pods { metric, .. } if metric == "requests"));
    }

    #[test]
    fn a_query_over_pods_needs_an_address() {
        let sample = sample(&api("r: {pods: requests, average: 30}"), "keda");
        assert_eq!(sample.at(code::FEATURE_UNSET), ["components.api.scale.metrics.r"]);
        let scale = sample.component("api").scale.as_ref().unwrap();
        let MetricSource::Prometheus { query, of, .. } = &scale.metrics[0].source else { panic!("{scale:?}") };
        assert_eq!(
            (query.as_str(), *of),
            ("sum(requests{namespace=\"shop-prod\",pod=~\"api-[^-]+-[^-]+\"})", Queried::Pods)
        );
    }

    #[test]
    fn one_metric_that_needs_keda_takes_the_others_along() {
        let metrics = "r: {pods: requests, average: 30}, c: {cron: {start: \"0 8 * * *\", end: \"0 9 * * *\", timezone: Etc/UTC}, replicas: 2}";
        let sample = sample(&api(metrics), "keda, custom-metrics");
        let scale = sample.component("api").scale.as_ref().unwrap();
        assert_eq!(scale.scaler, Scaler::Keda);
        assert!(matches!(&scale.metrics[0].source, MetricSource::Prometheus { .. }));
    }
}
