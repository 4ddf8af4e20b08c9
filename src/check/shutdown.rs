//! Shutdown: a pod that goes has time to end what it does.

use super::places::{first_written, workloads};
use crate::diagnostic::code;
use crate::document::{Finding, Findings, at};
use crate::model::{Model, Pod, PreStop};

/// Less time than this between SIGTERM and SIGKILL, in seconds, ends no request in order.
const LEAST_DRAIN: i64 = 5;

/// The delay before SIGTERM, in seconds.
fn delay(pod: &Pod) -> i64 {
    match pod.main.pre_stop {
        Some(PreStop::Sleep(seconds)) => seconds,
        Some(PreStop::Exec(_)) | None => 0,
    }
}

/// The delay ends within the grace period, which it is part of. Source: KEP-3960.
pub(super) fn delays_are_within_the_grace_period(model: &Model, findings: &mut Findings<'_>) {
    for (component, pod) in workloads(model) {
        let delay = delay(pod);
        if delay == 0 || delay < pod.grace {
            continue;
        }
        let place = at!["components", component.key, "shutdown"];
        findings.push(
            Finding::error(
                code::SHUTDOWN_DELAY,
                place.join("delay"),
                format!("`{}` is killed after {}s, before its delay of {delay}s has ended", component.key, pod.grace),
            )
            .label(format!("{delay}s"))
            .also(place.join("grace"), format!("{}s in all", pod.grace))
            .reason("the grace period counts from the start of the delay: SIGTERM would never come")
            .help(format!("write `grace: {}s` or more, or a shorter delay", delay + 30)),
        );
    }
}

/// Between SIGTERM and SIGKILL there is time to end requests.
pub(super) fn there_is_time_to_drain(model: &Model, findings: &mut Findings<'_>) {
    for (component, pod) in workloads(model) {
        let (delay, place) = (delay(pod), at!["components", component.key, "shutdown"]);
        let left = pod.grace - delay;
        // A delay as long as the grace period is another finding.
        if left >= LEAST_DRAIN || (delay > 0 && left <= 0) {
            continue;
        }
        findings.push(
            Finding::warning(
                code::SHUTDOWN_DRAIN,
                first_written(findings, [place.join("grace"), place.join("delay")]),
                format!("`{}` has {left}s between SIGTERM and SIGKILL", component.key),
            )
            .label(format!("{}s in all", pod.grace))
            .also(place.join("delay"), format!("{delay}s of it before SIGTERM"))
            .reason("requests that are not done by then are cut off")
            .help(format!("write `grace: {}s` or more", delay + 30)),
        );
    }
}

/// The grace period is as long as a request may be: a route that lets requests run longer has them cut
/// off at every rollout.
pub(super) fn grace_covers_the_longest_request(model: &Model, findings: &mut Findings<'_>) {
    for (component, pod) in workloads(model) {
        let left = pod.grace - delay(pod);
        let longest = component
            .routes
            .iter()
            .filter_map(|route| Some((route.timeout?, route)))
            .max_by_key(|(timeout, _)| *timeout);
        let Some((timeout, route)) = longest.filter(|(timeout, _)| *timeout > left && left > 0) else { continue };
        let shutdown = at!["components", component.key, "shutdown"];
        findings.push(
            Finding::warning(
                code::SHUTDOWN_REQUEST,
                at!["components", component.key, "routes", route.name, "timeout"],
                format!("a request to `{}` may last {timeout}s, and its pods go after {left}s", component.key),
            )
            .label(format!("up to {timeout}s"))
            .also(shutdown.join("grace"), format!("{}s", pod.grace))
            .reason("when a pod goes, its requests have the grace period less the delay to end")
            .help(format!("write `shutdown: {{grace: {}s}}`", timeout + delay(pod) + LEAST_DRAIN)),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{law, main, pod, route};
    use super::*;

    fn going(model: &mut Model, grace: i64, delay: i64) {
        pod(model).grace = grace;
        main(model).pre_stop = (delay > 0).then_some(PreStop::Sleep(delay));
    }

    #[test]
    fn a_delay_is_shorter_than_the_grace_period() {
        let lawful =
            |grace, delay| law(delays_are_within_the_grace_period).with(move |model| going(model, grace, delay));
        lawful(30, 30).breaks(code::SHUTDOWN_DELAY, "components.api.shutdown.delay");
        lawful(30, 29).keeps();
        lawful(0, 0).keeps();
    }

    #[test]
    fn there_are_seconds_left_to_drain() {
        let lawful = |grace, delay| law(there_is_time_to_drain).with(move |model| going(model, grace, delay));
        lawful(30, 26).breaks(code::SHUTDOWN_DRAIN, "components.api.shutdown.grace");
        lawful(2, 0).breaks(code::SHUTDOWN_DRAIN, "components.api.shutdown.grace");
        lawful(30, 25).keeps();
        lawful(30, 30).keeps();
    }

    #[test]
    fn the_longest_request_ends_in_time() {
        let lasting = |seconds| {
            law(grace_covers_the_longest_request).with(move |model| {
                going(model, 60, 15);
                route(model, "main", "a.example.com").timeout = Some(seconds);
            })
        };
        let found = lasting(46).breaks(code::SHUTDOWN_REQUEST, "components.api.routes.main.timeout");
        assert_eq!(found.help.as_deref(), Some("write `shutdown: {grace: 66s}`"));
        lasting(45).keeps();
    }
}
