//! A PostgreSQL cluster under CloudNativePG: instances, backups, extensions, pooler.

use super::container::resources;
use super::meta::{CNPG_CLUSTER, Lowering};
use super::pod::toleration;
use crate::kube::argocd;
use crate::kube::barman::{Configuration, GoogleCredentials, KeyRef, ObjectStore, ObjectStoreSpec, S3Credentials, Wal};
use crate::kube::cnpg::{
    AffinityConfiguration, Bootstrap, ClusterSpec, DatabaseSpec, Extension, InitDb, NameRef, PgBouncer, Plugin,
    PluginConfiguration, PluginParameters, PoolerSpec, Postgresql, Resource, ScheduledBackupSpec,
    ServiceAccountTemplate, Storage, Synchronous, TemplateMetadata,
};
use crate::kube::{Object, Phase};
use crate::model::{Backup, Body, Claim, Component, DatabaseCluster, Placement, Pooler};
use crate::resolve::GOOGLE_KEY;
use crate::spec::Firmness;
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use serde::Serialize;
use std::collections::BTreeMap;

/// The plugin that writes backups and the write-ahead log to an object store.
const BARMAN: &str = "barman-cloud.cloudnative-pg.io";

/// A cluster that goes takes its data with it: no delivery removes one by itself.
const KEPT: [(&str, &str); 3] = [argocd::STAYS[0], argocd::STAYS[1], ("kustomize.toolkit.fluxcd.io/prune", "disabled")];

/// The store of the backups stands before the cluster that writes to it, all others after it.
pub(super) fn cluster(cx: &Lowering<'_>, component: &Component) -> Vec<Object> {
    let Body::Cluster(cluster) = &component.body else { return Vec::new() };
    let name = &component.name;
    let own = || cx.component_meta(component, name);
    let pooler = || cx.component_meta(component, &format!("{name}-pooler"));
    let backup = cluster.backup.as_ref();
    let objects = [
        backup.map(|backup| object(component, &store(own(), backup))),
        Some(object(component, &Resource::new(kept(own()), instances(name, cluster)))),
        backup.map(|backup| object(component, &Resource::new(own(), base_backups(name, backup)))),
        extensions(name, cluster).map(|spec| object(component, &Resource::new(own(), spec))),
        cluster.pooler.as_ref().map(|spec| object(component, &Resource::new(pooler(), pooled(name, spec)))),
    ];
    objects.into_iter().flatten().collect()
}

fn object(component: &Component, resource: &impl Serialize) -> Object {
    Object::new(resource, Phase::Stores, Some(&component.key))
}

/// What the author wrote on the component wins.
fn kept(mut metadata: ObjectMeta) -> ObjectMeta {
    let annotations = metadata.annotations.get_or_insert_default();
    for (key, value) in KEPT {
        annotations.entry(key.into()).or_insert_with(|| value.into());
    }
    metadata
}

fn instances(name: &str, cluster: &DatabaseCluster) -> ClusterSpec {
    let login = cluster.auth.as_ref().map(|login| NameRef::new(&login.secret));
    let identity = &cluster.identity_annotations;
    ClusterSpec {
        instances: cluster.instances,
        image_name: cluster.image.to_string(),
        bootstrap: Bootstrap {
            initdb: InitDb { database: cluster.database.clone(), owner: cluster.owner.clone(), secret: login },
        },
        enable_superuser_access: cluster.superuser.is_some(),
        superuser_secret: cluster.superuser.as_deref().map(NameRef::new),
        postgresql: postgresql(cluster),
        storage: storage(&cluster.storage),
        wal_storage: cluster.wal.as_ref().map(storage),
        resources: resources(&cluster.resources),
        affinity: affinity(&cluster.placement),
        topology_spread_constraints: zones(name, &cluster.placement).into_iter().collect(),
        priority_class_name: cluster.placement.priority.clone(),
        scheduler_name: cluster.placement.scheduler.clone(),
        // With one instance a budget would hold up every drain of its node.
        enable_pdb: cluster.instances > 1,
        plugins: cluster.backup.iter().map(|_| archiver(name)).collect(),
        service_account_template: (!identity.is_empty())
            .then(|| ServiceAccountTemplate { metadata: TemplateMetadata { annotations: identity.clone() } }),
    }
}

fn postgresql(cluster: &DatabaseCluster) -> Option<Postgresql> {
    let synchronous = cluster.synchronous.filter(|number| *number > 0).map(Synchronous::any);
    let parameters = cluster.parameters.clone();
    (!parameters.is_empty() || synchronous.is_some()).then_some(Postgresql { parameters, synchronous })
}

fn storage(claim: &Claim) -> Storage {
    Storage { size: claim.size.to_string(), storage_class: claim.class.clone() }
}

fn affinity(placement: &Placement) -> AffinityConfiguration {
    let firmness = placement.spread_node.map(|firmness| match firmness {
        Firmness::Hard => "required",
        Firmness::Soft => "preferred",
    });
    let written = placement.affinity.as_deref().cloned().unwrap_or_default();
    AffinityConfiguration {
        enable_pod_anti_affinity: firmness.is_some(),
        pod_anti_affinity_type: firmness,
        topology_key: firmness.map(|_| "kubernetes.io/hostname"),
        node_selector: placement.node_selector.clone(),
        tolerations: placement.tolerations.iter().map(toleration).collect(),
        node_affinity: written.node_affinity,
        additional_pod_affinity: written.pod_affinity,
        additional_pod_anti_affinity: written.pod_anti_affinity,
    }
}

fn zones(name: &str, placement: &Placement) -> Option<core::TopologySpreadConstraint> {
    let when_unsatisfiable = match placement.spread_zone? {
        Firmness::Hard => "DoNotSchedule",
        Firmness::Soft => "ScheduleAnyway",
    };
    let instances = BTreeMap::from([(CNPG_CLUSTER.into(), name.into())]);
    Some(core::TopologySpreadConstraint {
        max_skew: 1,
        topology_key: "topology.kubernetes.io/zone".into(),
        when_unsatisfiable: when_unsatisfiable.into(),
        label_selector: Some(LabelSelector { match_labels: Some(instances), ..LabelSelector::default() }),
        ..core::TopologySpreadConstraint::default()
    })
}

fn archiver(store: &str) -> Plugin {
    Plugin {
        name: BARMAN,
        enabled: true,
        is_wal_archiver: true,
        parameters: PluginParameters { barman_object_name: store.into() },
    }
}

fn store(metadata: ObjectMeta, backup: &Backup) -> ObjectStore {
    let is_google = backup.destination.starts_with("gs://");
    let secret = backup.credentials.as_deref();
    let configuration = Configuration {
        destination_path: backup.destination.clone(),
        endpoint_url: backup.endpoint.clone(),
        s3_credentials: (!is_google).then(|| s3_credentials(secret)),
        google_credentials: is_google.then(|| google_credentials(secret)),
        wal: Wal { compression: "gzip" },
    };
    ObjectStore::new(metadata, ObjectStoreSpec { retention_policy: format!("{}d", backup.keep_days), configuration })
}

fn s3_credentials(secret: Option<&str>) -> S3Credentials {
    match secret {
        Some(secret) => S3Credentials::Keys {
            access_key_id: KeyRef::new(secret, "access-key-id"),
            secret_access_key: KeyRef::new(secret, "secret-access-key"),
        },
        None => S3Credentials::Role { inherit: true },
    }
}

fn google_credentials(secret: Option<&str>) -> GoogleCredentials {
    match secret {
        Some(secret) => GoogleCredentials::ApplicationCredentials(KeyRef::new(secret, GOOGLE_KEY)),
        None => GoogleCredentials::GkeEnvironment(true),
    }
}

fn base_backups(name: &str, backup: &Backup) -> ScheduledBackupSpec {
    ScheduledBackupSpec {
        cluster: NameRef::new(name),
        schedule: with_seconds(&backup.schedule),
        method: "plugin",
        plugin_configuration: PluginConfiguration { name: BARMAN },
        backup_owner_reference: "self",
    }
}

/// The operator's schedules begin with the second. Words such as `@daily` have no fields.
fn with_seconds(schedule: &str) -> String {
    if schedule.starts_with('@') { schedule.into() } else { format!("0 {schedule}") }
}

fn extensions(name: &str, cluster: &DatabaseCluster) -> Option<DatabaseSpec> {
    (!cluster.extensions.is_empty()).then(|| DatabaseSpec {
        cluster: NameRef::new(name),
        name: cluster.database.clone(),
        owner: cluster.owner.clone(),
        extensions: cluster.extensions.iter().map(|extension| Extension::present(extension)).collect(),
    })
}

fn pooled(name: &str, pooler: &Pooler) -> PoolerSpec {
    PoolerSpec {
        cluster: NameRef::new(name),
        instances: pooler.instances,
        kind: "rw",
        pgbouncer: PgBouncer { pool_mode: pooler.mode.text() },
    }
}

#[cfg(test)]
mod tests {
    use super::{cluster, with_seconds};
    use crate::lower::fixture::{assert_facts, find, names, part, strings};
    use crate::lower::sample::{database, model};
    use crate::model::{DatabaseCluster, Model, Placement};
    use crate::spec::Firmness;

    fn edited(edit: impl FnOnce(&mut DatabaseCluster)) -> Model {
        let mut model = model();
        edit(database(&mut model));
        model
    }

    #[test]
    fn a_cluster_comes_with_its_store_and_what_follows_it() {
        let objects = part(&model(), cluster, "db");
        assert_eq!(
            names(&objects),
            ["ObjectStore db", "Cluster db", "ScheduledBackup db", "Database db", "Pooler db-pooler"]
        );
        assert_facts(
            find(&objects, "Cluster", "db"),
            r#"
            /apiVersion = "postgresql.cnpg.io/v1"
            /metadata/annotations = {"argocd.argoproj.io/compare-options": "IgnoreExtraneous", "argocd.argoproj.io/sync-options": "Prune=false,Delete=false", "kustomize.toolkit.fluxcd.io/prune": "disabled"}
            /spec/instances = 3
            /spec/imageName = "ghcr.io/cloudnative-pg/postgresql:17.6"
            /spec/bootstrap/initdb = {"database": "courses", "owner": "courses", "secret": {"name": "db-auth"}}
            /spec/enableSuperuserAccess = true
            /spec/superuserSecret = {"name": "db-superuser"}
            /spec/postgresql/parameters = {"max_connections": "200"}
            /spec/postgresql/synchronous = {"method": "any", "number": 1, "dataDurability": "required"}
            /spec/storage = {"size": "100Gi", "storageClass": "gp3"}
            /spec/walStorage = {"size": "20Gi", "storageClass": "gp3"}
            /spec/resources/requests = {"cpu": "1", "memory": "2Gi"}
            /spec/affinity/enablePodAntiAffinity = true
            /spec/affinity/podAntiAffinityType = "preferred"
            /spec/affinity/topologyKey = "kubernetes.io/hostname"
            /spec/affinity/nodeSelector = {"pool": "data"}
            /spec/affinity/tolerations = [{"key": "data", "operator": "Exists", "effect": "NoSchedule"}]
            /spec/topologySpreadConstraints/0/whenUnsatisfiable = "ScheduleAnyway"
            /spec/enablePDB = true
            /spec/plugins = [{"name": "barman-cloud.cloudnative-pg.io", "enabled": true, "isWALArchiver": true, "parameters": {"barmanObjectName": "db"}}]
            /spec/serviceAccountTemplate = {"metadata": {"annotations": {"example.com/role": "backup"}}}
            /spec/monitoring is absent
            "#,
        );
    }

    #[test]
    fn backups_go_to_the_store_by_the_clock() {
        let objects = part(&model(), cluster, "db");
        assert_facts(
            find(&objects, "ObjectStore", "db"),
            r#"
            /apiVersion = "barmancloud.cnpg.io/v1"
            /spec/retentionPolicy = "30d"
            /spec/configuration/destinationPath = "s3://backups/courses/prod"
            /spec/configuration/endpointURL = "https://s3.example.com"
            /spec/configuration/s3Credentials/accessKeyId = {"name": "backup-s3", "key": "access-key-id"}
            /spec/configuration/s3Credentials/secretAccessKey = {"name": "backup-s3", "key": "secret-access-key"}
            /spec/configuration/wal/compression = "gzip"
            "#,
        );
        assert_facts(
            find(&objects, "ScheduledBackup", "db"),
            r#"
            /spec = {"cluster": {"name": "db"}, "schedule": "0 0 2 * * *", "method": "plugin", "pluginConfiguration": {"name": "barman-cloud.cloudnative-pg.io"}, "backupOwnerReference": "self"}
            "#,
        );
        assert_eq!(with_seconds("@daily"), "@daily");
    }

    #[test]
    fn without_credentials_the_identity_of_the_pod_writes_backups() {
        let model = edited(|db| db.backup.as_mut().unwrap().credentials = None);
        assert_facts(
            find(&part(&model, cluster, "db"), "ObjectStore", "db"),
            r#"/spec/configuration/s3Credentials = {"inheritFromIAMRole": true}"#,
        );
    }

    #[test]
    fn extensions_and_pooler_are_objects_of_their_own() {
        let objects = part(&model(), cluster, "db");
        assert_facts(
            find(&objects, "Database", "db"),
            r#"
            /spec = {"cluster": {"name": "db"}, "name": "courses", "owner": "courses", "extensions": [{"name": "vector", "ensure": "present"}]}
            "#,
        );
        assert_facts(
            find(&objects, "Pooler", "db-pooler"),
            r#"
            /spec = {"cluster": {"name": "db"}, "instances": 2, "type": "rw", "pgbouncer": {"poolMode": "transaction"}}
            "#,
        );
    }

    #[test]
    fn a_plain_cluster_is_one_object_without_what_was_not_written() {
        let model = edited(|db| {
            (db.instances, db.auth, db.superuser, db.wal, db.synchronous) = (1, None, None, None, None);
            (db.backup, db.pooler) = (None, None);
            db.extensions.clear();
            db.parameters.clear();
            db.identity_annotations.clear();
            db.placement = Placement::default();
        });
        let objects = part(&model, cluster, "db");
        assert_eq!(names(&objects), ["Cluster db"]);
        assert_facts(
            &objects[0],
            r#"
            /spec/enablePDB = false
            /spec/enableSuperuserAccess = false
            /spec/superuserSecret is absent
            /spec/bootstrap/initdb = {"database": "courses", "owner": "courses"}
            /spec/postgresql is absent
            /spec/walStorage is absent
            /spec/affinity = {"enablePodAntiAffinity": false}
            /spec/topologySpreadConstraints is absent
            /spec/plugins is absent
            /spec/serviceAccountTemplate is absent
            "#,
        );
    }

    #[test]
    fn hard_spreading_is_required() {
        let model = edited(|db| {
            db.placement.spread_node = Some(Firmness::Hard);
            db.placement.spread_zone = Some(Firmness::Hard);
        });
        assert_facts(
            find(&part(&model, cluster, "db"), "Cluster", "db"),
            r#"
            /spec/affinity/podAntiAffinityType = "required"
            /spec/topologySpreadConstraints/0/whenUnsatisfiable = "DoNotSchedule"
            "#,
        );
    }

    #[test]
    fn the_author_may_let_a_cluster_be_pruned() {
        let mut model = model();
        model.components["db"].annotations = strings(&[("argocd.argoproj.io/sync-options", "Prune=confirm")]);
        assert_facts(
            find(&part(&model, cluster, "db"), "Cluster", "db"),
            r#"/metadata/annotations/argocd.argoproj.io~1sync-options = "Prune=confirm""#,
        );
    }
}
