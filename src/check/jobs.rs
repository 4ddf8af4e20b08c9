//! Jobs: they come due.

use crate::diagnostic::{code, listed, nearest};
use crate::document::{Finding, Findings, Path, at};
use crate::model::{Body, Component, Controller, FailureCause, Job, Model, Pod, Workload};
use crate::spec::Restart;

/// The days of each month, of February in a leap year.
const DAYS: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// A schedule comes due: some month has the day that it names.
pub(super) fn schedules_come_due(model: &Model, findings: &mut Findings<'_>) {
    for (schedule, place) in schedules(model) {
        if is_never_due(schedule) {
            findings.push(
                Finding::error(code::SCHEDULE_NEVER, place, format!("the schedule `{schedule}` is never due"))
                    .label("no month has this day")
                    .reason("the day of the month and the month must both match")
                    .help("write a day that the month has; minute hour day-of-month month day-of-week"),
            );
        }
    }
}

fn schedules(model: &Model) -> Vec<(&str, Path)> {
    let mut all = Vec::new();
    for component in model.components.values() {
        let place = at!["components", component.key];
        match &component.body {
            Body::Cluster(cluster) => {
                let backup = cluster.backup.iter();
                all.extend(backup.map(|backup| (backup.schedule.as_str(), place.join("backup").join("schedule"))));
            }
            Body::External(_) => {}
            Body::Workload(workload) => {
                if let Controller::CronJob { schedule, .. } = &workload.controller {
                    all.push((schedule.as_str(), place.join("schedule")));
                }
            }
        }
    }
    all
}

/// With a day of the week beside it, the day of the month need not match.
fn is_never_due(schedule: &str) -> bool {
    let fields: Vec<&str> = schedule.split_whitespace().collect();
    let [_, _, day, month, "*" | "?"] = fields.as_slice() else { return false };
    let Some(first) = day.split(',').map(least).collect::<Option<Vec<_>>>().and_then(|days| days.into_iter().min())
    else {
        return false;
    };
    (1..=12).zip(DAYS).filter(|(number, _)| has_month(month, *number)).all(|(_, days)| first > days)
}

/// The least number that a part of a field matches; `None` where any number may.
fn least(part: &str) -> Option<u32> {
    let range = part.split('/').next()?;
    range.split('-').next()?.parse().ok()
}

fn has_month(field: &str, number: u32) -> bool {
    let read = |text: &str| {
        let name = text.to_lowercase();
        MONTHS
            .iter()
            .position(|month| *month == name)
            .and_then(|at| u32::try_from(at + 1).ok())
            .or_else(|| text.parse().ok())
    };
    field.split(',').any(|part| {
        if part.contains(['*', '/', '?']) {
            return true;
        }
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        match (read(from), read(to)) {
            (Some(from), Some(to)) => (from..=to).contains(&number),
            // What is not understood may match.
            _ => true,
        }
    })
}

/// The most rules that a policy for failed pods has.
const FAILURE_RULES: usize = 20;

/// Rules for failed pods are ones that Kubernetes takes. Source: `validatePodFailurePolicy` of Kubernetes.
pub(super) fn failure_rules_can_be_kept(model: &Model, findings: &mut Findings<'_>) {
    for (component, workload, job) in jobs(model) {
        let place = at!["components", component.key, "failurePolicy"];
        if job.failure.is_empty() {
            continue;
        }
        if job.restart == Restart::OnFailure {
            findings.push(needs_new_pods(component, &place));
        }
        if job.failure.len() > FAILURE_RULES {
            let message = format!("{} failure rules, and {FAILURE_RULES} are the limit", job.failure.len());
            findings.push(
                Finding::error(code::FAILURE_RULE, place.clone(), message)
                    .label("too many")
                    .on_key()
                    .help("put exit codes with the same action into one rule"),
            );
        }
        for rule in &job.failure {
            if let FailureCause::ExitCodes { container, within, values } = &rule.cause {
                let codes = place.join(&rule.name).join("onExitCodes");
                exit_codes(*within, values, &codes, findings);
                known_container(&workload.pod, container.as_deref(), &codes, findings);
            }
        }
    }
}

fn jobs(model: &Model) -> impl Iterator<Item = (&Component, &Workload, &Job)> {
    model.components.values().filter_map(|component| {
        let workload = component.workload()?;
        Some((component, workload, workload.controller.job()?))
    })
}

fn needs_new_pods(component: &Component, place: &Path) -> Finding {
    let message = format!("`{}` starts its containers again in their pod, so no pod fails", component.key);
    Finding::error(code::FAILURE_RULE, place.clone(), message)
        .label("rules for failed pods")
        .on_key()
        .also(at!["components", component.key, "restart"], "started again in the pod")
        .reason("Kubernetes takes a `podFailurePolicy` with `restartPolicy: Never` only")
        .help("write `restart: never`, which is the default")
}

fn exit_codes(within: bool, values: &[i32], codes: &Path, findings: &mut Findings<'_>) {
    let (message, help) = if values.is_empty() {
        ("a failure rule without exit codes", "write the codes, such as `values: [42]`")
    } else if within && values.contains(&0) {
        ("0 is the exit code of success, so no failed container has it", "take 0 away")
    } else {
        return;
    };
    findings.push(
        Finding::error(code::FAILURE_RULE, codes.join("values"), message)
            .label("Kubernetes refuses these")
            .reason("`onExitCodes.values` has at least one code, and with `In` no 0")
            .help(help),
    );
}

fn known_container(pod: &Pod, name: Option<&str>, codes: &Path, findings: &mut Findings<'_>) {
    let Some(name) = name else { return };
    let known: Vec<&str> = pod.containers().map(|container| container.name.as_str()).collect();
    if known.contains(&name) {
        return;
    }
    let help = match nearest(name, known.iter().copied()) {
        Some(near) => format!("a similar container is `{near}`"),
        None => format!("its containers are {}", listed(known)),
    };
    findings.push(
        Finding::error(code::FAILURE_RULE, codes.join("containerName"), format!("the pod has no container `{name}`"))
            .label("no such container")
            .reason("Kubernetes refuses a rule for a container that the pod does not have")
            .help(help),
    );
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{cluster, cron_job, law};
    use super::*;
    use crate::model::Backup;
    use proptest::prelude::*;

    #[test]
    fn a_day_that_no_month_has_is_never_due() {
        for never in ["0 0 30 2 *", "0 0 31 feb,apr,JUN *", "0 0 31 4-4 *", "0 0 30,31 2 *"] {
            assert!(is_never_due(never), "{never}");
        }
        for due in [
            "0 0 29 2 *",
            "0 0 31 * *",
            "0 0 30 2 1",
            "*/5 * * * *",
            "@daily",
            "0 0 1,31 2 *",
            "0 0 31 2-3 *",
            "0 0 */2 2 *",
            "",
        ] {
            assert!(!is_never_due(due), "{due}");
        }
    }

    proptest! {
        #[test]
        fn no_schedule_panics(text in "[0-9*/,a-z -]{0,20}") {
            is_never_due(&text);
        }
    }

    #[test]
    fn jobs_and_backups_have_schedules() {
        law(schedules_come_due)
            .with(|model| cron_job(model, "0 2 31 2 *"))
            .breaks(code::SCHEDULE_NEVER, "components.api.schedule");
        law(schedules_come_due)
            .with(|model| {
                let schedule = "0 2 31 2 *".into();
                let backup = Backup {
                    destination: "s3://b".into(),
                    schedule,
                    keep_days: 30,
                    credentials: None,
                    endpoint: None,
                    hosts: Vec::new(),
                };
                cluster(model).backup = Some(backup);
            })
            .breaks(code::SCHEDULE_NEVER, "components.db.backup.schedule");
        law(schedules_come_due).with(|model| cron_job(model, "0 2 * * *")).keeps();
    }
}
