//! Scaling: bounds that mean something, and metrics that can move it.

use super::places::{first_written, workloads};
use super::resources::request;
use super::sidecars;
use crate::diagnostic::code;
use crate::document::{Finding, Findings, Path, at};
use crate::model::{Component, Metric, MetricSource, Model, Quantity, Queried, Scale, Scaler, UtilisedResource};
use crate::target::Gate;

/// The tolerance of an autoscaler unless written, in thousandths.
const TOLERANCE: i64 = 100;

/// Components that scale, with the place of their scaling.
pub(super) fn scaled(model: &Model) -> impl Iterator<Item = (&Component, &Scale, Path)> {
    model.components.values().filter_map(|component| {
        component.scale.as_ref().map(|scale| (component, scale, at!["components", component.key, "scale"]))
    })
}

/// There are at most as many replicas as at least, or more. Source: `validateHorizontalPodAutoscalerSpec`.
pub(super) fn min_is_at_most_max(model: &Model, findings: &mut Findings<'_>) {
    for (component, scale, place) in scaled(model) {
        if scale.min > scale.max {
            let message = format!("`{}` has at least {} replicas and at most {}", component.key, scale.min, scale.max);
            findings.push(
                Finding::error(code::SCALE_BOUNDS, place.join("max"), message)
                    .label(format!("at most {}", scale.max))
                    .also(place.join("min"), format!("at least {}", scale.min))
                    .reason("`min` must be at most `max`")
                    .help("raise `max`, or lower `min`"),
            );
        }
    }
}

/// Scaling goes from fewer to more replicas: between two equal numbers it does nothing.
pub(super) fn scaling_has_a_range(model: &Model, findings: &mut Findings<'_>) {
    for (component, scale, place) in scaled(model) {
        if scale.min == scale.max {
            findings.push(
                Finding::warning(
                    code::SCALE_NO_RANGE,
                    place.join("max"),
                    format!("`{}` scales from {} to {} replicas", component.key, scale.min, scale.max),
                )
                .label("nothing to choose from")
                .also(place.join("min"), "the same number")
                .help(format!("raise `max`, or write `replicas: {}` in the place of `scale`", scale.max)),
            );
        }
    }
}

/// What scales to zero has a metric that is there without a pod: an autoscaler of Kubernetes takes none
/// but `Object` and `External` for it (KEP-2021), and KEDA none but its own triggers.
pub(super) fn something_wakes_a_component_from_zero(model: &Model, findings: &mut Findings<'_>) {
    for (component, scale, place) in scaled(model).filter(|(_, scale, _)| scale.min == 0) {
        let can = scale.scaler == Scaler::Keda || model.target.allows(Gate::HpaScaleToZero);
        if can && scale.metrics.iter().any(|metric| is_there_without_a_pod(&metric.source)) {
            continue;
        }
        findings.push(
            Finding::error(code::SCALE_FROM_ZERO, place.join("min"), format!("nothing would wake `{}` from zero replicas", component.key))
                .label("down to zero")
                .reason(if can {
                    "what is measured in pods is gone with the last one".to_owned()
                } else {
                    format!("a plain autoscaler goes to zero from Kubernetes 1.{}", Gate::HpaScaleToZero.since())
                })
                .help("write `min: 1`, or add a metric from outside: `metrics: {queue: {prometheus: …, threshold: …}}` on a target with `keda`"),
        );
    }
}

fn is_there_without_a_pod(source: &MetricSource) -> bool {
    match source {
        MetricSource::Utilisation { .. } | MetricSource::Pods { .. } => false,
        MetricSource::Prometheus { of, .. } => *of == Queried::Own,
        MetricSource::Object { .. }
        | MetricSource::External { .. }
        | MetricSource::RedisStream { .. }
        | MetricSource::RedisList { .. }
        | MetricSource::Cron { .. } => true,
    }
}

/// Metrics that pods export are scraped: otherwise nobody knows them and the scaler does nothing.
pub(super) fn metrics_of_pods_are_scraped(model: &Model, findings: &mut Findings<'_>) {
    for (component, scale, place) in scaled(model).filter(|(component, ..)| component.metrics.is_none()) {
        let exported = |source: &MetricSource| {
            let asked = |of: &Queried| matches!(of, Queried::Pods | Queried::Mean);
            matches!(source, MetricSource::Pods { .. })
                || matches!(source, MetricSource::Prometheus { of, .. } if asked(of))
        };
        for metric in scale.metrics.iter().filter(|metric| exported(&metric.source)) {
            findings.push(
                Finding::warning(
                    code::SCALE_UNSCRAPED,
                    place.join("metrics").join(&metric.name),
                    format!("`{}` scales by `{}`, which nobody scrapes from its pods", component.key, metric.name),
                )
                .label("exported by the pods")
                .on_key()
                .reason("a metric that Prometheus does not have leaves the replicas as they are")
                .help(format!("write `metrics: {{port: …}}` on `{}`, unless something else scrapes it", component.key)),
            );
        }
    }
}

/// Use in percent is a share of the request, so the request is written. Source: the autoscaler reports
/// `FailedGetResourceMetric` and leaves the replicas as they are.
pub(super) fn utilisation_has_a_request(model: &Model, findings: &mut Findings<'_>) {
    for (component, scale, place) in scaled(model) {
        let Some(workload) = component.workload() else { continue };
        for metric in &scale.metrics {
            let Some((name, _)) = utilisation(metric) else { continue };
            sidecars::ask_for(component, name, metric, &place, findings);
            if request(&workload.pod.main.resources, name).is_some() {
                continue;
            }
            findings.push(
                Finding::error(
                    code::SCALE_NO_REQUEST,
                    at!["components", component.key, "resources", "requests", name],
                    format!("`{}` scales by {name} use and asks for no {name}", component.key),
                )
                .label(format!("no request of {name}"))
                .on_key()
                .also(place.join(name), "a share of the request")
                .reason("the percentage is one of the request; without it the autoscaler does nothing")
                .help(format!("write `resources: {{requests: {{{name}: …}}}}`")),
            );
        }
    }
}

/// A target of use lies below what the limit allows: otherwise no use ever passes it and no replica is
/// added. Source: `replica_calculator.go`: within the tolerance the count stays.
pub(super) fn targets_can_be_passed(model: &Model, findings: &mut Findings<'_>) {
    for (component, scale, place) in scaled(model) {
        let Some(resources) = component.workload().map(|workload| &workload.pod.main.resources) else { continue };
        let tolerance = scale.up.as_ref().and_then(|up| up.tolerance).map_or(TOLERANCE, Quantity::milli);
        for metric in &scale.metrics {
            let Some((name, percent)) = utilisation(metric) else { continue };
            let (Some(request), Some(limit)) = (resources.requests.get(name), resources.limits.get(name)) else {
                continue;
            };
            // Both in thousandths, times a hundred for the percentage and a thousand for the tolerance.
            let passed_at = i128::from(request.milli()) * i128::from(percent) * i128::from(1_000 + tolerance);
            if passed_at < i128::from(limit.milli()) * 100_000 {
                continue;
            }
            findings.push(
                Finding::warning(
                    code::SCALE_UNREACHABLE,
                    place.join(name),
                    format!("`{}` never uses enough {name} for another replica", component.key),
                )
                .label(format!("{percent}% of {request}"))
                .also(at!["components", component.key, "resources", "limits", name], format!("at most {limit}"))
                .reason(format!(
                    "a replica is added above {percent}% and the tolerance of {}%, and the limit allows no more",
                    tolerance / 10
                ))
                .help("lower the target, or raise the limit"),
            );
        }
    }
}

/// The name and target of a metric of use.
fn utilisation(metric: &Metric) -> Option<(&'static str, i32)> {
    match metric.source {
        MetricSource::Utilisation { resource: UtilisedResource::Cpu, percent, .. } => Some(("cpu", percent)),
        MetricSource::Utilisation { resource: UtilisedResource::Memory, percent, .. } => Some(("memory", percent)),
        _ => None,
    }
}

/// The container whose use counts is one of the pod. Source: `ContainerResource` metrics (KEP-1610).
pub(super) fn measured_containers_exist(model: &Model, findings: &mut Findings<'_>) {
    for (component, pod) in workloads(model) {
        let metrics = component.scale.iter().flat_map(|scale| &scale.metrics);
        let named = metrics.filter_map(|metric| match &metric.source {
            MetricSource::Utilisation { container: Some(container), .. } => Some(container),
            _ => None,
        });
        for container in named.filter(|container| pod.running().all(|one| one.name != **container)) {
            findings.push(
                Finding::error(
                    code::SCALE_CONTAINER,
                    at!["components", component.key, "scale", "container"],
                    format!("the pods of `{}` have no container `{container}`", component.key),
                )
                .label("no such container")
                .reason("the autoscaler would find no metric; steps before the start are not measured")
                .help(format!("write `{}`, or take `container` away", pod.main.name)),
            );
        }
    }
}

/// A floor by the clock is at most `max`: the scaler never goes higher.
pub(super) fn floors_by_the_clock_are_within_max(model: &Model, findings: &mut Findings<'_>) {
    for (component, scale, place) in scaled(model) {
        for metric in &scale.metrics {
            let MetricSource::Cron { replicas, .. } = metric.source else { continue };
            if replicas > scale.max {
                findings.push(
                    Finding::error(
                        code::SCALE_CRON_FLOOR,
                        place.join("metrics").join(&metric.name).join("replicas"),
                        format!(
                            "`{}` of `{}` asks for {replicas} replicas, and there are at most {}",
                            metric.name, component.key, scale.max
                        ),
                    )
                    .label(format!("{replicas} replicas"))
                    .also(place.join("max"), format!("at most {}", scale.max))
                    .reason("a schedule asks for replicas as any metric does, and `max` holds for all of them")
                    .help("raise `max`, or lower the number"),
                );
            }
        }
    }
}

/// The metrics of a component have different names. Source: KEDA refuses two triggers of one name.
pub(super) fn metric_names_are_unique(model: &Model, findings: &mut Findings<'_>) {
    for (component, scale, place) in scaled(model) {
        for (at, metric) in scale.metrics.iter().enumerate() {
            if scale.metrics[..at].iter().any(|other| other.name == metric.name) {
                let own = place.join("metrics").join(&metric.name);
                findings.push(
                    Finding::error(
                        code::SCALE_METRIC_TWICE,
                        first_written(findings, [own, place.join(&metric.name)]),
                        format!("`{}` has two metrics called `{}`", component.key, metric.name),
                    )
                    .label("the second of that name")
                    .on_key()
                    .also(place.join(&metric.name), "the first")
                    .help("give the entry of `metrics` another name"),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{amounts, cpu_metric, law, main, quantity, query_metric, scale};
    use super::*;
    use crate::model::Behaviour;
    use serde_json::json;

    #[test]
    fn crossed_bounds_are_labelled_at_both() {
        let found = law(min_is_at_most_max)
            .written(&json!({"components": {"api": {"scale": {"min": 5, "max": 3}}}}))
            .with(|model| api_scale(model, 5, 3))
            .breaks(code::SCALE_BOUNDS, "components.api.scale.max");
        assert_eq!(found.message, "`api` has at least 5 replicas and at most 3");
        assert_eq!(found.labels.len(), 2);
        law(min_is_at_most_max).with(|model| api_scale(model, 3, 3)).keeps();
    }

    fn api_scale(model: &mut Model, min: u32, max: u32) {
        let scale = scale(model);
        (scale.min, scale.max) = (min, max);
    }

    #[test]
    fn equal_bounds_scale_nothing() {
        law(scaling_has_a_range)
            .with(|model| api_scale(model, 3, 3))
            .breaks(code::SCALE_NO_RANGE, "components.api.scale.max");
        law(scaling_has_a_range).with(|model| api_scale(model, 2, 3)).keeps();
    }

    #[test]
    fn only_a_metric_from_outside_wakes_from_zero() {
        let from_zero = |metrics: Vec<Metric>, scaler| {
            law(something_wakes_a_component_from_zero).with(move |model| {
                api_scale(model, 0, 5);
                let scale = super::super::fixture::api(model).scale.as_mut().unwrap();
                (scale.metrics, scale.scaler) = (metrics, scaler);
            })
        };
        let place = "components.api.scale.min";
        from_zero(vec![cpu_metric(70)], Scaler::Hpa).breaks(code::SCALE_FROM_ZERO, place);
        from_zero(vec![cpu_metric(70), query_metric("gpu")], Scaler::Keda).breaks(code::SCALE_FROM_ZERO, place);
        from_zero(vec![query_metric("queue")], Scaler::Keda).keeps();
        let outside = || MetricSource::External {
            metric: "queue_depth".into(),
            labels: crate::model::Strings::new(),
            goal: crate::model::Goal::Average(quantity("30")),
        };
        let queue = || vec![Metric { name: "queue".into(), source: outside() }];
        from_zero(queue(), Scaler::Hpa).breaks(code::SCALE_FROM_ZERO, place);
        from_zero(queue(), Scaler::Hpa).with(|model| model.target.minor = 37).keeps();
        from_zero(vec![cpu_metric(70)], Scaler::Hpa)
            .with(|model| model.target.minor = 37)
            .breaks(code::SCALE_FROM_ZERO, place);
        law(something_wakes_a_component_from_zero).with(|model| api_scale(model, 1, 5)).keeps();
    }

    #[test]
    fn a_percentage_needs_its_request() {
        law(utilisation_has_a_request)
            .with(|model| {
                scale(model);
                main(model).resources.requests.remove("cpu");
            })
            .breaks(code::SCALE_NO_REQUEST, "components.api.resources.requests.cpu");
        law(utilisation_has_a_request).with(|model| _ = scale(model)).keeps();
        law(utilisation_has_a_request)
            .with(|model| {
                scale(model);
                main(model).resources.requests.remove("cpu");
                main(model).resources.limits.extend(amounts(&[("cpu", "1")]));
            })
            .keeps();
    }

    #[test]
    fn a_target_at_the_limit_is_never_passed() {
        let with_limit = |percent: i32, limit: &'static str| {
            law(targets_can_be_passed).with(move |model| {
                scale(model).metrics = vec![cpu_metric(percent)];
                main(model).resources.limits.extend(amounts(&[("cpu", limit)]));
            })
        };
        with_limit(95, "500m").breaks(code::SCALE_UNREACHABLE, "components.api.scale.cpu");
        with_limit(90, "500m").keeps();
        with_limit(95, "1").keeps();
        law(targets_can_be_passed)
            .with(|model| {
                let scale = scale(model);
                scale.metrics = vec![cpu_metric(95)];
                scale.up = Some(Behaviour { tolerance: Some(quantity("0.05")), ..Behaviour::default() });
                main(model).resources.limits.extend(amounts(&[("cpu", "500m")]));
            })
            .keeps();
    }

    #[test]
    fn the_measured_container_is_in_the_pod() {
        let measured = |name: &'static str| {
            law(measured_containers_exist).with(move |model| {
                let source = MetricSource::Utilisation {
                    resource: UtilisedResource::Cpu,
                    percent: 70,
                    container: Some(name.into()),
                };
                scale(model).metrics = vec![Metric { name: "cpu".into(), source }];
            })
        };
        measured("proxy").breaks(code::SCALE_CONTAINER, "components.api.scale.container");
        measured("api").keeps();
    }

    #[test]
    fn a_floor_is_not_above_the_ceiling() {
        let floor = |replicas| {
            law(floors_by_the_clock_are_within_max).with(move |model| {
                let source = MetricSource::Cron {
                    start: "0 8 * * *".into(),
                    end: "0 9 * * *".into(),
                    timezone: "Etc/UTC".into(),
                    replicas,
                };
                scale(model).metrics.push(Metric { name: "morning".into(), source });
            })
        };
        floor(11).breaks(code::SCALE_CRON_FLOOR, "components.api.scale.metrics.morning.replicas");
        floor(10).keeps();
    }

    #[test]
    fn what_pods_export_is_scraped() {
        let by = |source: MetricSource| {
            law(metrics_of_pods_are_scraped).with(|model| {
                scale(model).metrics.push(Metric { name: "requests".into(), source });
            })
        };
        let pods = || MetricSource::Pods { metric: "requests".into(), average: quantity("30") };
        by(pods()).breaks(code::SCALE_UNSCRAPED, "components.api.scale.metrics.requests");
        by(query_metric("queue").source).keeps();
        by(pods())
            .with(|model| {
                super::super::fixture::api(model).metrics = Some(crate::model::Metrics {
                    port: "http".into(),
                    path: "/metrics".into(),
                    interval: 30,
                    labels: crate::model::Strings::new(),
                });
            })
            .keeps();
    }

    #[test]
    fn metrics_have_names_of_their_own() {
        law(metric_names_are_unique)
            .with(|model| scale(model).metrics.push(query_metric("cpu")))
            .breaks(code::SCALE_METRIC_TWICE, "components.api.scale.metrics.cpu");
        law(metric_names_are_unique).with(|model| scale(model).metrics.push(query_metric("queue"))).keeps();
    }
}
