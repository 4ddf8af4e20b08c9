//! Where the operator of Prometheus finds metrics. Without it, pods are annotated.

use super::meta::{CNPG_CLUSTER, Lowering, phase, pod_name};
use crate::kube::Object;
use crate::kube::prometheus::{Endpoint, PodMonitor, Relabeling, ServiceMonitor};
use crate::model::{Body, Component, Metrics, Service, Strings};
use crate::spec::Feature;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

/// The port with metrics of the pods of a CloudNativePG cluster.
const CLUSTER_METRICS: &str = "metrics";

/// The monitor of a component: of its Service, or of its pods where it has none.
pub(super) fn monitor(cx: &Lowering<'_>, component: &Component) -> Vec<Object> {
    let Some(metrics) = component.metrics.as_ref().filter(|_| cx.model.target.has(Feature::PrometheusOperator)) else {
        return Vec::new();
    };
    let metadata = metadata(cx, component, metrics);
    let (phase, key) = (phase(component), Some(component.key.as_str()));
    vec![match (&component.body, &component.service) {
        (Body::Cluster(_), _) => {
            let pods = Strings::from([(CNPG_CLUSTER.into(), component.name.clone())]);
            let pods = LabelSelector { match_labels: Some(pods), ..LabelSelector::default() };
            Object::new(&PodMonitor::new(metadata, pods, endpoint(CLUSTER_METRICS, metrics)), phase, key)
        }
        // Two Services may lead to the same pods, and one to none: the pods themselves are watched.
        _ if component.progressive().is_some() => Object::new(
            &PodMonitor::new(metadata, cx.all_pods(component), endpoint(&metrics.port, metrics)),
            phase,
            key,
        ),
        (Body::Workload(_) | Body::External(_), Some(service)) => {
            let mut endpoint = endpoint(&metrics.port, metrics);
            endpoint.relabelings.extend(once(component, service));
            Object::new(&ServiceMonitor::new(metadata, cx.selector(&component.name), endpoint), phase, key)
        }
        (Body::Workload(_) | Body::External(_), None) => {
            let pods = cx.selector(pod_name(component));
            Object::new(&PodMonitor::new(metadata, pods, endpoint(&metrics.port, metrics)), phase, key)
        }
    }]
}

/// With the labels by which this Prometheus chooses its monitors.
fn metadata(cx: &Lowering<'_>, component: &Component, metrics: &Metrics) -> ObjectMeta {
    let mut metadata = cx.component_meta(component, &component.name);
    let labels = metadata.labels.get_or_insert_default();
    labels.extend(cx.model.target.prometheus.labels.clone());
    labels.extend(metrics.labels.clone());
    metadata
}

fn endpoint(port: &str, metrics: &Metrics) -> Endpoint {
    Endpoint {
        port: port.into(),
        path: metrics.path.clone(),
        interval: format!("{}s", metrics.interval),
        relabelings: Vec::new(),
    }
}

/// The headless Service beside the one of a StatefulSet bears the same labels: without this every pod
/// would be scraped twice.
fn once(component: &Component, service: &Service) -> Option<Relabeling> {
    service.companion.then(|| Relabeling::keep_service(&component.name))
}

#[cfg(test)]
mod tests {
    use super::monitor;
    use crate::lower::fixture::{assert_facts, names, part};
    use crate::lower::sample::model;
    use crate::spec::Feature;

    #[test]
    fn a_service_with_metrics_has_a_monitor() {
        let objects = part(&model(), monitor, "api");
        assert_eq!(names(&objects), ["ServiceMonitor api"]);
        assert_facts(
            &objects[0],
            r#"
            /apiVersion = "monitoring.coreos.com/v1"
            /metadata/labels/release = "kps"
            /metadata/labels/team = "platform"
            /spec/selector = {"matchLabels": {"app.kubernetes.io/name": "api", "app.kubernetes.io/part-of": "courses"}}
            /spec/endpoints = [{"port": "metrics", "path": "/metrics", "interval": "30s"}]
            "#,
        );
    }

    #[test]
    fn a_headless_companion_is_not_scraped_as_well() {
        assert_facts(
            &part(&model(), monitor, "cache")[0],
            r#"
            /spec/endpoints/0/relabelings = [{"action": "keep", "sourceLabels": ["__meta_kubernetes_service_name"], "regex": "cache"}]
            "#,
        );
    }

    #[test]
    fn without_a_service_the_pods_are_watched() {
        let mut model = model();
        model.components["api"].service = None;
        assert_facts(
            &part(&model, monitor, "api")[0],
            r#"
            /kind = "PodMonitor"
            /spec/selector/matchLabels/app.kubernetes.io~1name = "api"
            /spec/podMetricsEndpoints = [{"port": "metrics", "path": "/metrics", "interval": "30s"}]
            "#,
        );
    }

    #[test]
    fn instances_of_a_database_have_a_port_of_their_own() {
        assert_facts(
            &part(&model(), monitor, "db")[0],
            r#"
            /kind = "PodMonitor"
            /spec/selector/matchLabels = {"cnpg.io/cluster": "db"}
            /spec/podMetricsEndpoints/0/port = "metrics"
            "#,
        );
    }

    #[test]
    fn without_metrics_or_the_operator_there_is_no_monitor() {
        let mut unwatched = model();
        unwatched.components["api"].metrics = None;
        assert_eq!(names(&part(&unwatched, monitor, "api")), [""; 0]);
        let mut plain = model();
        plain.target.features.remove(&Feature::PrometheusOperator);
        assert_eq!(names(&part(&plain, monitor, "api")), [""; 0]);
    }
}
