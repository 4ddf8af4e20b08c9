//! Redis: memory that its container has, and a password in production.

use super::places::{first_written, text, workloads};
use super::resources::fractional_bytes;
use crate::diagnostic::code;
use crate::document::{Finding, Findings, Path, at};
use crate::model::{Component, Model, Quantity};
use crate::spec::{EvictionPolicy, Kind, RedisMode, Tier};

/// Less memory than this is hardly ever meant.
const LEAST_MEMORY: Quantity = Quantity::from_bytes(1 << 20);

/// `memory` as it is written.
fn memory(findings: &Findings<'_>, component: &Component) -> Option<(Quantity, Path)> {
    let place = at!["components", component.key, "memory"];
    text(findings, &place).and_then(|text| Quantity::parse(text).ok()).map(|memory| (memory, place))
}

/// `memory` is a size in whole bytes. Source: `maxmemory` of Redis is a number of bytes.
pub(super) fn maxmemory_is_a_size(model: &Model, findings: &mut Findings<'_>) {
    for component in model.components.values().filter(|component| component.kind == Kind::Redis) {
        let Some((memory, place)) = memory(findings, component) else { continue };
        let finding = if !memory.is_whole() {
            fractional_bytes(findings, memory, place)
        } else if memory < LEAST_MEMORY {
            Finding::error(
                code::AMOUNT_SUSPICIOUS,
                place,
                format!("`{}` has {memory} of memory for its data", component.key),
            )
            .label("less than the server itself takes")
            .help("write the unit: `512Mi`")
        } else {
            continue;
        };
        findings.push(finding);
    }
}

/// What the data may take is within the memory of the container: above, the kernel kills the server
/// before it drops a key. Source: the page on administration of Redis.
pub(super) fn maxmemory_is_within_the_limit(model: &Model, findings: &mut Findings<'_>) {
    for (component, pod) in workloads(model).filter(|(component, _)| component.kind == Kind::Redis) {
        let Some((memory, place)) = memory(findings, component) else { continue };
        let Some(limit) = pod.main.resources.limits.get("memory").filter(|limit| memory > **limit) else { continue };
        let resources = at!["components", component.key, "resources"];
        findings.push(
            Finding::error(
                code::REDIS_MEMORY,
                place,
                format!("`{}` may use {memory} for data, and its container has {limit}", component.key),
            )
            .label(format!("up to {memory} of data"))
            .also(
                first_written(
                    findings,
                    [resources.join("limits").join("memory"), resources.join("requests").join("memory")],
                ),
                format!("{limit} at most"),
            )
            .reason("the server is killed for its memory before it drops the first key")
            .help("take the limit away, so that it follows `memory`, or write at least half as much again"),
        );
    }
}

/// What waits in a queue, or lies nowhere else, is not dropped to make room.
pub(super) fn kept_data_are_not_evicted(model: &Model, findings: &mut Findings<'_>) {
    for component in model.components.values().filter(|component| component.kind == Kind::Redis) {
        let place = at!["components", component.key];
        let (policy, mode) = (place.join("policy"), place.join("mode"));
        let dropped = text(findings, &policy).filter(|policy| *policy != EvictionPolicy::Noeviction.text());
        let kept = text(findings, &mode).filter(|mode| *mode != RedisMode::Cache.text());
        let (Some(dropped), Some(kept)) = (dropped, kept) else { continue };
        findings.push(
            Finding::warning(code::REDIS_EVICTS, policy, format!("`{}` drops data when its memory is full", component.key))
                .label(format!("`{dropped}`"))
                .also(mode, format!("a {kept}"))
                .reason("a full server answers writes with an error under `noeviction`, and loses keys under every other policy")
                .help("take `policy` away, or write `mode: cache`"),
        );
    }
}

/// In production a redis has a password.
pub(super) fn production_redis_has_a_password(model: &Model, findings: &mut Findings<'_>) {
    let production = model.tier == Tier::Production;
    for (component, pod) in workloads(model).filter(|(component, _)| production && component.kind == Kind::Redis) {
        if pod.main.args.iter().chain(&pod.main.command).any(|argument| argument.contains("requirepass")) {
            continue;
        }
        findings.push(
            Finding::warning(
                code::REDIS_OPEN,
                at!["components", component.key, "auth"],
                format!("`{}` asks for no password", component.key),
            )
            .label("no password")
            .reason("whatever gets past the network policy reads and writes everything")
            .help("declare a secret and write `auth: secret/key`"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{amounts, api, law, main, texts};
    use super::*;
    use serde_json::json;

    #[test]
    fn memory_is_a_size() {
        let with = |memory: &str| {
            law(maxmemory_is_a_size)
                .written(&json!({"components": {"api": {"memory": memory}}}))
                .with(|model| api(model).kind = Kind::Redis)
        };
        with("512m").breaks(code::FRACTIONAL_BYTES, "components.api.memory");
        with("512").breaks(code::AMOUNT_SUSPICIOUS, "components.api.memory");
        with("512Mi").keeps();
    }

    #[test]
    fn data_fit_into_the_container() {
        let with = |memory: &str| {
            law(maxmemory_is_within_the_limit).written(&json!({"components": {"api": {"memory": memory}}})).with(
                |model| {
                    api(model).kind = Kind::Redis;
                    main(model).resources.limits = amounts(&[("memory", "2Gi")]);
                },
            )
        };
        with("3Gi").breaks(code::REDIS_MEMORY, "components.api.memory");
        with("2Gi").keeps();
    }

    #[test]
    fn a_queue_drops_nothing() {
        let with = |mode: &str, policy: &str| {
            law(kept_data_are_not_evicted)
                .written(&json!({"components": {"api": {"mode": mode, "policy": policy}}}))
                .with(|model| api(model).kind = Kind::Redis)
        };
        with("queue", "allkeys-lru").breaks(code::REDIS_EVICTS, "components.api.policy");
        with("queue", "noeviction").keeps();
        with("cache", "allkeys-lru").keeps();
    }

    #[test]
    fn production_asks_for_a_password() {
        let redis = |tier| {
            law(production_redis_has_a_password).with(move |model| {
                model.tier = tier;
                api(model).kind = Kind::Redis;
            })
        };
        redis(Tier::Production).breaks(code::REDIS_OPEN, "components.api.auth");
        redis(Tier::Staging).keeps();
        redis(Tier::Production).with(|model| main(model).args = texts(&["--requirepass", "$(REDIS_PASSWORD)"])).keeps();
    }
}
