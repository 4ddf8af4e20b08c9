//! Queues in a redis of the system, which KEDA reads itself.

use super::super::Resolver;
use super::metric::has_service;
use crate::diagnostic::code;
use crate::document::{Finding, Path};
use crate::model::{MetricSource, Output, RedisQueue};
use crate::spec::{self, Feature, Kind, Positive};

/// The first major version whose streams know how far a group lags behind.
const LAG_SINCE: u32 = 7;

pub(super) fn stream(
    cx: &mut Resolver<'_, '_>,
    key: &str,
    stream: &spec::RedisStream,
    lag: Positive,
    path: &Path,
) -> Option<MetricSource> {
    let path = path.join("redisStream").join("component");
    let redis = queue(cx, key, &stream.component, &path)?;
    refuse_old(cx, &stream.component, &path);
    Some(MetricSource::RedisStream {
        redis,
        stream: stream.stream.to_string(),
        group: stream.group.to_string(),
        lag: lag.as_i32().unsigned_abs(),
    })
}

pub(super) fn list(
    cx: &mut Resolver<'_, '_>,
    key: &str,
    list: &spec::RedisList,
    length: Positive,
    path: &Path,
) -> Option<MetricSource> {
    let redis = queue(cx, key, &list.component, &path.join("redisList").join("component"))?;
    Some(MetricSource::RedisList { redis, list: list.list.to_string(), length: length.as_i32().unsigned_abs() })
}

fn queue(cx: &mut Resolver<'_, '_>, from: &str, to: &str, path: &Path) -> Option<RedisQueue> {
    cx.need(Feature::Keda, "a queue", path);
    let used = cx.used(from, to, path)?;
    let (kind, served) = (used.kind, has_service(used));
    if kind != Kind::Redis {
        unreachable(cx, path, format!("`{to}` is a `{kind}` and holds no queue that KEDA reads"), "name a `redis`");
        return None;
    }
    if !served {
        let help = format!("take `service: false` of `{to}` away");
        unreachable(cx, path, format!("`{to}` has no Service, so that KEDA finds no address for it"), &help);
        return None;
    }
    let outputs = cx.outputs.get(to)?;
    let text = |name: &str| match outputs.get(name)? {
        Output::Plain(text) => Some(text.clone()),
        Output::Secret { .. } | Output::Composed { .. } => None,
    };
    let password = match outputs.get("password") {
        Some(Output::Secret { name, key }) => Some((name.clone(), key.clone())),
        _ => None,
    };
    Some(RedisQueue { component: to.into(), host: text("host")?, port: text("port")?, password })
}

fn unreachable(cx: &mut Resolver<'_, '_>, path: &Path, message: String, help: &str) {
    cx.findings.push(Finding::error(code::QUEUE_UNREACHABLE, path.clone(), message).label("no queue here").help(help));
}

/// An older server does not say how far a group lags behind.
fn refuse_old(cx: &mut Resolver<'_, '_>, redis: &str, path: &Path) {
    let version = cx.components.get(redis).and_then(|component| component.version.as_ref());
    let major = version.and_then(|version| version.0.split('.').next()?.parse::<u32>().ok());
    if major.is_none_or(|major| major >= LAG_SINCE) {
        return;
    }
    cx.findings.push(
        Finding::error(code::QUEUE_UNREACHABLE, path.clone(), format!("`{redis}` does not know the lag of a stream"))
            .label("its streams are scaled by")
            .also(crate::document::at!["components", redis, "version"], "its version")
            .reason(format!("the lag of a consumer group came with version {LAG_SINCE}"))
            .help(format!("raise the version of `{redis}`")),
    );
}
