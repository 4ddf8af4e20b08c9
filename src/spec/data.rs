//! Databases and caches.

use super::{Cron, DnsName, Duration, Positive, Text, record, words};
use crate::model::quantity::Quantity;

record! {
    /// Where data lie.
    pub struct Storage as "storage" {
        /// How much; a claim never shrinks.
        req size "size": Quantity,
        /// The storage class: a key of `target.storageClasses`, or a class as it is.
        opt class "class": DnsName,
    }
}

record! {
    /// Backups of a database, continuous and by schedule.
    pub struct Backup as "backup" {
        /// Where to, `s3://bucket/path` or `gs://bucket/path`; `/<system>/<environment>` is appended, so that two environments never share one.
        req to "to": Text,
        /// When a base backup is made, as a cron schedule.
        req schedule "schedule": Cron,
        /// How long backups are kept, in days.
        req keep "keep": Duration,
        /// The secret with the keys `access-key-id` and `secret-access-key`, or with `service-account.json` for `gs://`;
        /// without it the identity of the pods is used.
        opt credentials "credentials": DnsName,
        /// The object store's address, where it is not AWS.
        opt endpoint "endpoint": Text,
    }
}

record! {
    /// Connection pooling in front of the database, for all that use it.
    pub struct Pooler as "pooler" {
        /// How many: 2 unless written.
        opt instances "instances": Positive,
        /// `transaction` unless written.
        opt mode "mode": PoolMode,
    }
}

words! {
    /// How long a client holds a connection.
    pub enum PoolMode {
        /// As long as it is connected.
        Session = "session",
        /// For one transaction.
        Transaction = "transaction",
    }
}

record! {
    /// The secret with the login.
    pub struct Auth as "auth" {
        /// The secret; for `redis` with its key, as `secret/key`.
        req secret "secret": Text,
        /// The key of the user's name: `username` unless written.
        opt username "username": Text,
        /// The key of the password: `password` unless written.
        opt password "password": Text,
    }
    short "secret"
}

words! {
    /// What a redis is for; gives its eviction policy and persistence.
    pub enum RedisMode {
        /// Values may be lost: `allkeys-lru`, nothing on disk.
        Cache = "cache",
        /// Messages wait here: nothing is dropped, every second of writes is on disk.
        Queue = "queue",
        /// The only place of some data: nothing is dropped, every second of writes is on disk.
        State = "state",
    }
}

words! {
    /// The server.
    pub enum RedisEngine {
        /// The default.
        Valkey = "valkey",
        /// Redis itself.
        Redis = "redis",
    }
}

words! {
    /// What goes when memory is full.
    pub enum EvictionPolicy {
        /// The least recently used of all keys.
        AllkeysLru = "allkeys-lru",
        /// The least often used of all keys.
        AllkeysLfu = "allkeys-lfu",
        /// Any key.
        AllkeysRandom = "allkeys-random",
        /// The least recently used of those that expire.
        VolatileLru = "volatile-lru",
        /// The least often used of those that expire.
        VolatileLfu = "volatile-lfu",
        /// Any of those that expire.
        VolatileRandom = "volatile-random",
        /// The one that expires first.
        VolatileTtl = "volatile-ttl",
        /// None: writes fail.
        Noeviction = "noeviction",
    }
}
