//! Jobs and their schedules. Source: the validation of `batch`.

use super::{Subject, at, get, integer, text};
use crate::diagnostic::code;
use crate::kube::Content;
use crate::verify::schema::Walk;

pub(super) fn jobs_can_run<'a>(subject: Subject<'a>, walk: &mut Walk<'a>) {
    let way: &[&'static str] = match (subject.group, subject.kind) {
        ("batch", "Job") => &["spec"],
        ("batch", "CronJob") => &["spec", "jobTemplate", "spec"],
        _ => return,
    };
    at(walk, subject.content, way, |walk, job| {
        if text(job, "completionMode") == Some("Indexed")
            && integer(job, "completions").is_none()
            && integer(job, "parallelism").is_some()
        {
            super::on(walk, job, "completions", |walk| {
                wrong(walk, "an indexed job says how many indices it has", "needs `completions`")
            });
        }
        for field in ["backoffLimitPerIndex", "maxFailedIndexes", "successPolicy"] {
            if super::has(job, field) && text(job, "completionMode") != Some("Indexed") {
                super::on(walk, job, field, |walk| {
                    wrong(walk, &format!("`{field}` needs `completionMode: Indexed`"), "no indices to count").on_key()
                });
            }
        }
        let policy = get(job, &["template", "spec"]).and_then(|pod| text(pod, "restartPolicy"));
        if super::has(job, "podFailurePolicy") && policy != Some("Never") {
            super::on(walk, job, "podFailurePolicy", |walk| {
                wrong(walk, "`podFailurePolicy` needs `restartPolicy: Never`", "never asked").on_key()
            });
        }
        at(walk, job, &["podFailurePolicy"], |walk, policy| {
            super::each(walk, policy, "rules", |walk, rule| {
                super::one_of(walk, rule, &["onExitCodes", "onPodConditions"], code::OBJECT_JOB, "this rule");
                super::each(walk, rule, "onPodConditions", |walk, condition| {
                    if text(condition, "type").is_some_and(|of| crate::spec::text::label_name(of).is_err()) {
                        super::on(walk, condition, "type", |walk| {
                            wrong(walk, "this is no condition of a pod", "neither a name nor `domain/name`")
                        });
                    }
                });
            });
        });
        if super::has(job, "selector") && get(job, &["manualSelector"]) != Some(&Content::Bool(true)) {
            super::on(walk, job, "selector", |walk| {
                wrong(walk, "the selector of a job is made by Kubernetes", "not written by hand")
                    .help("take it away")
                    .on_key()
            });
        }
    });
}

pub(super) fn schedules_are_valid<'a>(subject: Subject<'a>, walk: &mut Walk<'a>) {
    if !subject.is("batch", &["CronJob"]) {
        return;
    }
    at(walk, subject.content, &["spec"], |walk, spec| {
        if let Some(Err(refusal)) = text(spec, "schedule").map(schedule) {
            super::on(walk, spec, "schedule", |walk| {
                wrong(walk, &refusal.message, "not a schedule")
                    .reason(refusal.reason.unwrap_or_else(|| "the API server cannot read it".into()))
                    .help(refusal.help)
            });
        }
        if let Some(Err(refusal)) = text(spec, "timeZone").map(crate::spec::zone::time_zone) {
            super::on(walk, spec, "timeZone", |walk| {
                wrong(walk, &refusal.message, "not in the IANA database").help(refusal.help)
            });
        }
    });
}

/// The schedules of Kubernetes may also be `@every` with a duration, and name days by `?`.
fn schedule(text: &str) -> Result<(), crate::document::shape::Refusal> {
    match text.strip_prefix("@every ") {
        Some(duration) if crate::verify::schema::is_duration(duration) => Ok(()),
        _ => crate::spec::text::cron(&text.replace('?', "*")),
    }
}

fn wrong(walk: &Walk<'_>, message: &str, label: &str) -> crate::verify::schema::Fault {
    walk.fault(code::OBJECT_JOB, message).label(label).reason("the API server refuses such a job")
}

#[cfg(test)]
mod tests {
    use crate::verify::laws::tests::found;
    use serde_json::{Value, json};

    fn job(spec: &Value) -> usize {
        let mut whole =
            json!({"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "a:1"}]}}});
        json_patch::merge(&mut whole, spec);
        found(&json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "a"}, "spec": whole})).len()
    }

    fn cron(spec: &Value) -> usize {
        let mut whole = json!({"schedule": "0 2 * * *", "jobTemplate": {"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "a:1"}]}}}}});
        json_patch::merge(&mut whole, spec);
        found(&json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "a"}, "spec": whole})).len()
    }

    #[test]
    fn a_job_ends() {
        assert_eq!(job(&json!({})), 0);
        assert_eq!(job(&json!({"template": {"spec": {"restartPolicy": "Always"}}})), 1);
        assert_eq!(job(&json!({"template": {"spec": {"restartPolicy": null}}})), 1);
        assert_eq!(job(&json!({"completionMode": "Indexed", "parallelism": 2})), 1);
        assert_eq!(job(&json!({"podFailurePolicy": {"rules": [{"action": "Ignore"}]}})), 1);
        assert_eq!(job(&json!({"selector": {"matchLabels": {"a": "b"}}})), 1);
    }

    #[test]
    fn a_schedule_can_be_read() {
        assert_eq!(cron(&json!({})), 0);
        assert_eq!(cron(&json!({"schedule": "@every 1h"})), 0);
        assert_eq!(cron(&json!({"schedule": "0 25 * * *"})), 1);
        assert_eq!(cron(&json!({"schedule": "TZ=UTC 0 2 * * *"})), 1);
        assert_eq!(cron(&json!({"timeZone": "Local"})), 1);
    }
}
