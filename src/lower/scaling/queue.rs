//! Queues in a redis of the system: how KEDA reads them, and with which password.

use super::super::meta::{Lowering, phase};
use crate::kube::Object;
use crate::kube::keda::{Trigger, TriggerAuthentication};
use crate::model::{Component, RedisQueue};
use std::collections::BTreeMap;

/// The password of a redis, for the scalers that read its queues.
pub(in super::super) fn authentication(cx: &Lowering<'_>, component: &Component) -> Vec<Object> {
    let Some((secret, key)) = cx.read_by_scalers(component).find_map(|queue| queue.password.clone()) else {
        return Vec::new();
    };
    let metadata = cx.component_meta(component, &component.name);
    let authentication = TriggerAuthentication::new(metadata, "password", secret, key);
    vec![Object::new(&authentication, phase(component), Some(&component.key))]
}

/// The lag of a group: the only measure of a stream that is there without a consumer.
pub(super) fn stream(cx: &Lowering<'_>, redis: &RedisQueue, stream: &str, group: &str, lag: u32) -> Trigger {
    let metadata = BTreeMap::from([
        ("address", address(cx, redis)),
        ("stream", stream.to_owned()),
        ("consumerGroup", group.to_owned()),
        ("lagCount", lag.to_string()),
        ("activationLagCount", "0".to_owned()),
    ]);
    trigger(cx, "redis-streams", redis, metadata)
}

pub(super) fn list(cx: &Lowering<'_>, redis: &RedisQueue, list: &str, length: u32) -> Trigger {
    let metadata = BTreeMap::from([
        ("address", address(cx, redis)),
        ("listName", list.to_owned()),
        ("listLength", length.to_string()),
    ]);
    trigger(cx, "redis", redis, metadata)
}

fn trigger(
    cx: &Lowering<'_>,
    kind: &'static str,
    redis: &RedisQueue,
    metadata: BTreeMap<&'static str, String>,
) -> Trigger {
    let name = cx.model.component(&redis.component).map(|component| component.name.clone());
    let by = redis.password.as_ref().and(name);
    Trigger::new(kind, Some("AverageValue"), metadata).authenticated_by(by)
}

/// With the namespace: KEDA asks from its own.
fn address(cx: &Lowering<'_>, redis: &RedisQueue) -> String {
    format!("{}.{}.svc:{}", redis.host, cx.namespace(), redis.port)
}
