//! The compile target: defaults filled in, texts read.

use super::strings;
use crate::diagnostic::code;
use crate::document::{Finding, Findings, at};
use crate::model::{Amounts, Quantity, Strings};
use crate::spec::{self, Feature, IssuerKind, SecretStoreKind};
use crate::target::{Gate, Gateway, Grafana, Issuer, NodePool, Peer, Peers, Prometheus, SecretStore, Taint, Target};

/// The path of a secret in the store unless the target says otherwise.
const SECRET_PATH: &str = "{system}/{environment}/{secret}";

/// Resolves a target.
pub(super) fn resolve(target: &spec::Target, findings: &mut Findings<'_>) -> Target {
    let gateway = target.gateway.as_ref().map(|gateway| Gateway {
        name: gateway.name.to_string(),
        namespace: gateway.namespace.to_string(),
        section: gateway.section.as_ref().map(ToString::to_string),
    });
    let resolved = Target {
        cluster: target.cluster.as_ref().map(ToString::to_string),
        minor: target.kubernetes.split('.').nth(1).and_then(|minor| minor.parse().ok()).unwrap_or_default(),
        features: target.features.iter().flatten().copied().collect(),
        ingress_class: target.ingress_class.as_ref().map(ToString::to_string),
        issuer: target.issuer.as_ref().map(issuer),
        secret_store: target.secret_store.as_ref().map(secret_store),
        prometheus: target.prometheus.as_ref().map(prometheus).unwrap_or_default(),
        grafana: grafana(target.grafana.as_ref()),
        storage_classes: strings_of(target.storage_classes.as_ref()),
        product_label: target.gpu.as_ref().and_then(|gpu| gpu.product_label.as_ref()).map(ToString::to_string),
        currency: target.currency.as_ref().map(ToString::to_string),
        node_pools: target.node_pools.iter().flatten().map(|(name, pool)| (name.clone(), node_pool(pool))).collect(),
        peers: peers(target.peers.as_ref(), gateway.as_ref()),
        object_store: target.object_store.iter().flat_map(|store| &store.cidrs).map(ToString::to_string).collect(),
        queues: strings_of(target.kueue.as_ref().map(|kueue| &kueue.queues)).into_iter().collect(),
        gateway,
    };
    refuse_incomplete_features(&resolved, findings);
    refuse_early_features(&resolved, findings);
    resolved
}

/// A feature that cannot work without a setting beside it.
fn refuse_incomplete_features(target: &Target, findings: &mut Findings<'_>) {
    let needs = [
        (Feature::GatewayApi, target.gateway.is_some(), "gateway", "`gateway: {name: …, namespace: …}`"),
        (Feature::ExternalSecrets, target.secret_store.is_some(), "secretStore", "`secretStore: {name: …}`"),
    ];
    for (feature, given, key, example) in needs {
        if target.has(feature) && !given {
            findings.push(
                Finding::error(
                    code::FEATURE_UNSET,
                    at!["environment", "target", "features"],
                    format!("the feature `{feature}` needs `target.{key}`"),
                )
                .label(format!("`{feature}` is on"))
                .help(format!("write {example} in the target, or take the feature away")),
            );
        }
    }
}

/// A feature that came with a version of Kubernetes.
fn refuse_early_features(target: &Target, findings: &mut Findings<'_>) {
    for (feature, gate) in [(Feature::ImageVolume, Gate::ImageVolume), (Feature::Dra, Gate::DeviceClaims)] {
        if target.has(feature) && !target.allows(gate) {
            findings.push(
                Finding::error(
                    code::FEATURE_UNSET,
                    at!["environment", "target", "features"],
                    format!("the feature `{feature}` needs Kubernetes 1.{}", gate.since()),
                )
                .label(format!("`{feature}` is on"))
                .also(at!["environment", "target", "kubernetes"], format!("this is {}", target.version()))
                .help("take the feature away, or raise `target.kubernetes`"),
            );
        }
    }
}

fn issuer(issuer: &spec::Issuer) -> Issuer {
    Issuer { kind: issuer.kind.unwrap_or(IssuerKind::ClusterIssuer), name: issuer.name.to_string() }
}

fn secret_store(store: &spec::SecretStore) -> SecretStore {
    SecretStore {
        kind: store.kind.unwrap_or(SecretStoreKind::ClusterSecretStore),
        name: store.name.to_string(),
        path: store.path.as_ref().map_or_else(|| SECRET_PATH.into(), ToString::to_string),
        refresh: store.refresh.map_or(3_600, |refresh| refresh.0),
    }
}

fn prometheus(prometheus: &spec::Prometheus) -> Prometheus {
    Prometheus {
        address: prometheus.address.as_ref().map(ToString::to_string),
        honor_labels: prometheus.honor_labels == Some(true),
        labels: strings(prometheus.labels.as_ref()),
    }
}

/// The label that the operator's own examples use.
fn grafana(grafana: Option<&spec::Grafana>) -> Grafana {
    let written = grafana.and_then(|grafana| grafana.instance.as_ref());
    let usual = || Strings::from([("dashboards".into(), "grafana".into())]);
    Grafana {
        instance: written.map_or_else(usual, |labels| strings(Some(labels))),
        folder: grafana.and_then(|grafana| grafana.folder.as_ref()).map(ToString::to_string),
    }
}

fn node_pool(pool: &spec::NodePool) -> NodePool {
    let amounts = |named: Option<&spec::Named<spec::ResourceKey, _>>| -> Amounts {
        named.into_iter().flatten().map(|(name, amount)| (name.clone(), *amount)).collect()
    };
    NodePool {
        min: pool.nodes.min.map_or(0, |min| min.as_i32().unsigned_abs()),
        max: pool.nodes.max.as_i32().unsigned_abs(),
        allocatable: amounts(Some(&pool.allocatable)),
        labels: strings(pool.labels.as_ref()),
        taints: pool.taints.iter().flatten().filter_map(|taint| Taint::parse(taint)).collect(),
        reserved: amounts(pool.reserved.as_ref()),
        price: pool.price.as_ref().and_then(|price| Quantity::parse(price).ok()),
    }
}

fn peers(peers: Option<&spec::Peers>, gateway: Option<&Gateway>) -> Peers {
    let one = |written: Option<&spec::PodPeer>, namespace: &str, labels: Strings| Peer {
        namespace: written
            .and_then(|peer| peer.namespace.as_ref())
            .map_or_else(|| namespace.into(), ToString::to_string),
        labels: written.and_then(|peer| peer.labels.as_ref()).map_or(labels, |labels| strings(Some(labels))),
    };
    let of = |pick: fn(&spec::Peers) -> Option<&spec::PodPeer>| peers.and_then(pick);
    let gateway_namespace = gateway.map_or("gateway-system", |gateway| gateway.namespace.as_str());
    let dns = Strings::from([("k8s-app".into(), "kube-dns".into())]);
    Peers {
        dns: one(of(|peers| peers.dns.as_ref()), "kube-system", dns),
        ingress: one(of(|peers| peers.ingress.as_ref()), "ingress-nginx", Strings::new()),
        gateway: one(of(|peers| peers.gateway.as_ref()), gateway_namespace, Strings::new()),
        prometheus: one(of(|peers| peers.prometheus.as_ref()), "monitoring", Strings::new()),
        keda: one(of(|peers| peers.keda.as_ref()), "keda", Strings::new()),
        cnpg: one(of(|peers| peers.cnpg.as_ref()), "cnpg-system", Strings::new()),
    }
}

fn strings_of(named: Option<&spec::Named<spec::PartKey, spec::DnsName>>) -> Strings {
    named.into_iter().flatten().map(|(name, value)| (name.clone(), value.to_string())).collect()
}
