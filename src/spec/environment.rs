//! An environment: where a system runs, as a compile target, and what differs there.

use super::{
    ApiVersion, Catalogue, Cidr, Component, ComponentKey, Count, DataKey, Decimal, Defaults, Delivery, DnsLabel,
    DnsName, Duration, EnvironmentPath, Images, LabelKey, LabelName, Literal, Named, Network, ObjectKey, PartKey,
    Patches, PodPeer, Policies, Policy, Positive, Quota, Registry, RepositoryPath, RepositoryPattern, ResourceKey,
    Secret, SharedVolume, Switch, SystemDashboard, TaintText, Text, VersionText, record, words,
};
use crate::model::quantity::Quantity;

record! {
    /// An environment: where a system runs, as a compile target, and what differs there.
    pub struct Environment as "environment" {
        /// `windlass/v1`.
        req api_version "apiVersion": ApiVersion,
        /// `Environment`.
        req kind "kind": EnvironmentKind,
        /// Its name; the file's stem unless written.
        opt name "name": DnsLabel,
        /// An environment to start from.
        opt extends "extends": EnvironmentPath,
        /// `true`: only a base, never compiled by itself.
        opt abstract_ "abstract": bool,
        /// How severe findings are; never changes the output.
        opt tier "tier": Tier,
        /// The namespace; `<system>-<environment>` unless written.
        opt namespace "namespace": NamespaceSpec,
        /// What the cluster is and offers.
        opt target "target": Target,
        /// What findings are here: errors, warnings, or allowed with a reason.
        opt policy "policy": Policy,
        /// Where the output goes; `rendered/<environment>` beside the system unless written.
        opt output "output": RepositoryPath,
        /// What brings the output to the cluster; `false` for nothing.
        opt delivery "delivery": Switch<Delivery>,
        /// Fields laid over the components: `all`, or by kind.
        opt overrides "overrides": Defaults,
        /// Overlay of the system's `components`.
        opt components "components": Named<ComponentKey, Component>,
        /// Overlay of the system's `defaults`.
        opt defaults "defaults": Defaults,
        /// Overlay of the system's `profiles`.
        opt profiles "profiles": Named<PartKey, Component>,
        /// Overlay of the system's `secrets`.
        opt secrets "secrets": Named<ObjectKey, Secret>,
        /// Overlay of the system's `config`.
        opt config "config": Named<ObjectKey, Named<DataKey, Literal>>,
        /// Overlay of the system's `volumes`.
        opt volumes "volumes": Named<ObjectKey, SharedVolume>,
        /// Overlay of the system's `network`.
        opt network "network": Network,
        /// Overlay of the system's `quota`.
        opt quota "quota": Quota,
        /// In the place of the system's `manifests`.
        opt manifests "manifests": Vec<RepositoryPattern>,
        /// Files with definitions of custom resources that objects are checked against.
        opt schemas "schemas": Vec<RepositoryPattern>,
        /// Overlay of the system's `patches`.
        opt patches "patches": Patches,
        /// Overlay of the system's `policies`.
        opt policies "policies": Policies,
        /// Overlay of the system's `catalogue`.
        opt catalogue "catalogue": Switch<Catalogue>,
        /// Overlay of the system's `registries`.
        opt registries "registries": Named<ObjectKey, Registry>,
        /// Overlay of the system's `dashboards`.
        opt dashboards "dashboards": Named<PartKey, SystemDashboard>,
        /// Overlay of the system's `images`.
        opt images "images": Images,
        /// Overlay of the system's `labels`.
        opt labels "labels": Named<LabelKey, Literal>,
        /// Overlay of the system's `annotations`.
        opt annotations "annotations": Named<LabelKey, Literal>,
        /// Overlay of the system's `owner`.
        opt owner "owner": Text,
        /// Overlay of the system's `description`.
        opt description "description": Text,
    }
}

words! {
    /// What the document is.
    pub enum EnvironmentKind {
        /// Where a system runs.
        Environment = "Environment",
    }
}

words! {
    /// How severe findings are.
    pub enum Tier {
        /// Much is only a warning.
        Development = "development",
        /// As in production, but for a few rules.
        Staging = "staging",
        /// A known outage or security risk is an error.
        Production = "production",
    }
}

record! {
    /// The namespace.
    pub struct NamespaceSpec as "namespace" {
        /// Its name.
        opt name "name": DnsLabel,
        /// `false`: somebody else owns it; no Namespace is emitted.
        opt create "create": bool,
        /// Labels of the namespace.
        opt labels "labels": Named<LabelKey, Literal>,
        /// Annotations of the namespace.
        opt annotations "annotations": Named<LabelKey, Literal>,
    }
    short "name"
}

record! {
    /// The compile target: what the cluster is and offers.
    pub struct Target as "target" {
        /// A name of the cluster; environments of one cluster may not collide.
        opt cluster "cluster": Text,
        /// The version of Kubernetes.
        req kubernetes "kubernetes": VersionText,
        /// What is installed.
        opt features "features": Vec<Feature>,
        /// The gateway that routes attach to.
        opt gateway "gateway": Gateway,
        /// The class of Ingress, without `gateway-api`.
        opt ingress_class "ingressClass": DnsName,
        /// Who signs certificates.
        opt issuer "issuer": Issuer,
        /// The store of the secrets.
        opt secret_store "secretStore": SecretStore,
        /// Prometheus, for queries and monitors.
        opt prometheus "prometheus": Prometheus,
        /// Grafana, for dashboards.
        opt grafana "grafana": Grafana,
        /// Storage classes by a name of one's own; `default` is used where none is written.
        opt storage_classes "storageClasses": Named<PartKey, DnsName>,
        /// How GPU nodes are labelled.
        opt gpu "gpu": GpuTarget,
        /// The pools of nodes.
        opt node_pools "nodePools": Named<PartKey, NodePool>,
        /// The word behind the prices of `nodePools`, such as `EUR`.
        opt currency "currency": Text,
        /// Where the cluster's own parts run, for network policies.
        opt peers "peers": Peers,
        /// Where object stores live, when not on the internet.
        opt object_store "objectStore": ObjectStoreTarget,
        /// Kueue, for the queues of jobs.
        opt kueue "kueue": KueueTarget,
    }
}

words! {
    /// Something that a cluster may have.
    pub enum Feature {
        /// CPU and memory scaling.
        MetricsServer = "metrics-server",
        /// ServiceMonitor, PodMonitor and PrometheusRule; scrape annotations without it.
        PrometheusOperator = "prometheus-operator",
        /// Dashboards as ConfigMaps that Grafana's sidecar finds.
        GrafanaSidecar = "grafana-sidecar",
        /// Dashboards as GrafanaDashboard; before the sidecar, where there are both.
        GrafanaOperator = "grafana-operator",
        /// Metrics of NVIDIA GPUs in Prometheus.
        Dcgm = "dcgm",
        /// Scaling by GPU, queues, queries and schedules.
        Keda = "keda",
        /// Scaling by metrics of pods and objects, without KEDA.
        CustomMetrics = "custom-metrics",
        /// Scaling by metrics from outside the cluster, without KEDA.
        ExternalMetrics = "external-metrics",
        /// Vertical scaling.
        Vpa = "vpa",
        /// PostgreSQL clusters; one instance in a StatefulSet without it.
        CloudnativePg = "cloudnative-pg",
        /// Backups of PostgreSQL clusters.
        BarmanCloud = "barman-cloud",
        /// HTTPRoute; Ingress without it.
        GatewayApi = "gateway-api",
        /// Certificates from an issuer.
        CertManager = "cert-manager",
        /// Secrets from a store.
        ExternalSecrets = "external-secrets",
        /// Egress to host names, and to the API server alone.
        Cilium = "cilium",
        /// Canary and blue-green rollouts by Argo Rollouts, with its plugin for the Gateway API.
        ArgoRollouts = "argo-rollouts",
        /// Canary and blue-green rollouts by Flagger.
        Flagger = "flagger",
        /// Weights from an image as a volume, from Kubernetes 1.35; a download without it.
        ImageVolume = "image-volume",
        /// Devices by claims, from Kubernetes 1.34.
        Dra = "dra",
        /// One model over several nodes.
        LeaderWorkerSet = "leader-worker-set",
        /// Queues of jobs.
        Kueue = "kueue",
        /// Distributed training as sets of jobs; one indexed job without it.
        Jobset = "jobset",
    }
}

record! {
    /// The gateway that routes attach to.
    pub struct Gateway as "gateway" {
        /// Its name.
        req name "name": DnsName,
        /// Its namespace.
        req namespace "namespace": DnsLabel,
        /// The listener to attach to.
        opt section "section": DnsLabel,
        /// Who ends TLS: the gateway.
        opt tls "tls": GatewayTls,
    }
}

words! {
    /// Who ends TLS.
    pub enum GatewayTls {
        /// The gateway's own listeners.
        Gateway = "gateway",
    }
}

record! {
    /// An issuer of cert-manager.
    pub struct Issuer as "issuer" {
        /// `ClusterIssuer` unless written.
        opt kind "kind": IssuerKind,
        /// Its name.
        req name "name": DnsName,
    }
}

words! {
    /// The kind of an issuer.
    pub enum IssuerKind {
        /// For the whole cluster.
        ClusterIssuer = "ClusterIssuer",
        /// Of the namespace.
        Issuer = "Issuer",
    }
}

record! {
    /// A store of External Secrets.
    pub struct SecretStore as "secret store" {
        /// `ClusterSecretStore` unless written.
        opt kind "kind": SecretStoreKind,
        /// Its name.
        req name "name": DnsName,
        /// The path of a secret in it, with `{system}`, `{environment}` and `{secret}`.
        opt path "path": Text,
        /// How often values are fetched: 1h unless written.
        opt refresh "refresh": Duration,
    }
}

words! {
    /// The kind of a secret store.
    pub enum SecretStoreKind {
        /// For the whole cluster.
        ClusterSecretStore = "ClusterSecretStore",
        /// Of the namespace.
        SecretStore = "SecretStore",
    }
}

record! {
    /// Prometheus.
    pub struct Prometheus as "prometheus" {
        /// Its address for queries.
        opt address "address": Text,
        /// Whether the scrape of the GPU exporter keeps the labels of the workload: `false` unless written.
        opt honor_labels "honorLabels": bool,
        /// Labels that a monitor or rule must carry to be seen.
        opt labels "labels": Named<LabelKey, Literal>,
    }
}

record! {
    /// Grafana.
    pub struct Grafana as "grafana" {
        /// Labels of the instances of `grafana-operator` that show the dashboards: `dashboards: grafana` unless written.
        opt instance "instance": Named<LabelKey, Literal>,
        /// The folder of the dashboards.
        opt folder "folder": Text,
    }
}

record! {
    /// How GPU nodes are labelled.
    pub struct GpuTarget as "GPU labels" {
        /// The label with the product: that of the vendor, such as `nvidia.com/gpu.product`, unless written.
        opt product_label "productLabel": LabelName,
    }
}

record! {
    /// A pool of like nodes.
    pub struct NodePool as "node pool" {
        /// How many nodes.
        req nodes "nodes": NodeCount,
        /// What one node offers to pods.
        req allocatable "allocatable": Named<ResourceKey, Quantity>,
        /// Labels of its nodes.
        opt labels "labels": Named<LabelKey, Literal>,
        /// Taints of its nodes.
        opt taints "taints": Vec<TaintText>,
        /// What DaemonSets take on each node.
        opt reserved "reserved": Named<ResourceKey, Quantity>,
        /// What one node costs a month, for the review of a change.
        opt price "price": Decimal,
    }
}

record! {
    /// How many nodes a pool has.
    pub struct NodeCount as "nodes" {
        /// At least: 0 unless written.
        opt min "min": Count,
        /// At most.
        req max "max": Positive,
    }
}

record! {
    /// Where the cluster's own parts run.
    pub struct Peers as "peers" {
        /// The DNS of the cluster: `k8s-app: kube-dns` in `kube-system`.
        opt dns "dns": PodPeer,
        /// The ingress controller: `ingress-nginx`.
        opt ingress "ingress": PodPeer,
        /// The gateway: `target.gateway.namespace`.
        opt gateway "gateway": PodPeer,
        /// Prometheus: `monitoring`.
        opt prometheus "prometheus": PodPeer,
        /// KEDA: `keda`.
        opt keda "keda": PodPeer,
        /// CloudNativePG's operator: `cnpg-system`.
        opt cnpg "cnpg": PodPeer,
    }
}

record! {
    /// Where object stores live.
    pub struct ObjectStoreTarget as "object store" {
        /// Their addresses.
        req cidrs "cidrs": Vec<Cidr>,
    }
}

record! {
    /// The queues of Kueue.
    pub struct KueueTarget as "kueue" {
        /// Queues by the name that jobs use: each is a LocalQueue of the namespace for this ClusterQueue.
        req queues "queues": Named<PartKey, DnsName>,
    }
}
