//! `rejected`: what the API server, or an operator's webhook, refuses to change.
//!
//! Sources: `ValidateStatefulSetUpdate` and `ValidateJobSpecUpdate` (`pkg/apis/{apps,batch}/validation`), the core,
//! storage, rbac, resource and scheduling validation of Kubernetes, `apiextensions` validation of definitions. What an
//! operator refuses is in `operators`.

mod operators;

pub(super) use operators::major;

use super::workload::{items, selects, template};
use super::{Class, Comparison, Risk};
use crate::diff::live::is_default;
use crate::diff::path::{at, shown, text_at};
use crate::diff::{Change, Field, How};
use crate::kube::Content;
use crate::model::Quantity;

/// What the delivery tools do with a refused update.
const WEDGE: &str = "Argo CD fails the sync at this object and what comes after it waits; Flux fails the dry run of the \
                     whole Kustomization and applies nothing";
/// How an object whose loss costs nothing is made anew.
const RECREATE: &str = "delete the object once, then sync: `Replace=true,Force=true` as its sync option does it under \
                        Argo CD, the annotation `kustomize.toolkit.fluxcd.io/force: enabled` under Flux; take it away afterwards";

pub(super) fn find(comparison: &Comparison<'_>, risks: &mut Vec<Risk>) {
    let changed = comparison.changes.iter().filter(|change| change.how == How::Changed);
    for change in changed {
        let (Some(before), Some(after)) = (&change.before, &change.after) else { continue };
        let of = Update { change, before, after };
        let found = match (change.identity.group(), change.identity.kind.as_str()) {
            ("apps", "StatefulSet") => of.stateful_set(),
            ("apps", "Deployment" | "DaemonSet" | "ReplicaSet") | ("argoproj.io", "Rollout") => of.selector(),
            ("batch", "Job") => of.job(),
            ("", "PersistentVolumeClaim") => of.claim(),
            ("", "PersistentVolume") => of.volume(),
            ("storage.k8s.io", "StorageClass") => of.frozen(
                STORAGE_CLASS,
                "storage-class-immutable",
                "the API server: `updates to parameters are forbidden`",
            ),
            ("storage.k8s.io", "VolumeAttributesClass") => {
                of.frozen(ATTRIBUTES_CLASS, "volume-attributes-class-immutable", "the API server: `field is immutable`")
            }
            ("storage.k8s.io", "CSIDriver") => {
                of.frozen(CSI_DRIVER, "csi-driver-immutable", "the API server: `field is immutable`")
            }
            ("", "Service") => of.service(),
            ("", "ConfigMap" | "Secret") => of.data(),
            ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => {
                of.frozen(&["roleRef"], "role-ref", "the API server: `cannot change roleRef`")
            }
            ("scheduling.k8s.io", "PriorityClass") => {
                of.frozen(PRIORITY_CLASS, "priority-class", "the API server: `may not be changed in an update`")
            }
            ("networking.k8s.io", "IngressClass") => {
                of.frozen(&["spec.controller"], "ingress-class-controller", "the API server: `field is immutable`")
            }
            ("node.k8s.io", "RuntimeClass") => {
                of.frozen(&["handler"], "runtime-class-handler", "the API server: `field is immutable`")
            }
            ("resource.k8s.io", "ResourceClaim" | "ResourceClaimTemplate") => of.frozen(
                &["spec"],
                "resource-claim-immutable",
                "the API server: the spec of a claim of devices is immutable",
            ),
            ("scheduling.k8s.io", "Workload") => of.workload(),
            ("apiextensions.k8s.io", "CustomResourceDefinition") => of.definition(),
            ("", "Pod") => of.pod(),
            ("", "ResourceQuota") => {
                of.frozen(&["spec.scopes"], "quota-scopes", "the API server: `spec.scopes: field is immutable`")
            }
            ("jobset.x-k8s.io", "JobSet") => of.job_set(),
            ("leaderworkerset.x-k8s.io", "LeaderWorkerSet") => of.frozen(
                &["spec.leaderWorkerTemplate.subGroupPolicy"],
                "group-policy-immutable",
                "the webhook of LeaderWorkerSet: `cannot enable subGroupSize after the lws is already created`",
            ),
            ("kueue.x-k8s.io", "LocalQueue") => of.frozen(
                &["spec.clusterQueue"],
                "queue-immutable",
                "the definition of Kueue: `spec.clusterQueue: field is immutable`",
            ),
            ("postgresql.cnpg.io", _) => of.cloudnative_pg(),
            _ => Vec::new(),
        };
        risks.extend(found);
        risks.extend(of.template_labels());
    }
}

const STORAGE_CLASS: &[&str] = &["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"];
const ATTRIBUTES_CLASS: &[&str] = &["driverName", "parameters"];
const CSI_DRIVER: &[&str] = &["spec.attachRequired", "spec.volumeLifecycleModes"];
const GROUPS_OF_WORKLOAD: &[&str] =
    &["spec.podGroups", "spec.controllerRef", "spec.podGroupTemplates", "spec.compositePodGroupTemplates"];
const PRIORITY_CLASS: &[&str] = &["value", "preemptionPolicy"];

/// What may change in the template of a job that is suspended.
const OPEN_WHILE_SUSPENDED: &[&str] = &[
    "spec.nodeSelector",
    "spec.affinity.nodeAffinity",
    "spec.tolerations",
    "metadata.labels",
    "metadata.annotations",
    "spec.schedulingGates",
];

/// One object that changes in place.
struct Update<'a> {
    change: &'a Change,
    before: &'a Content,
    after: &'a Content,
}

/// The parts of a StatefulSet that may change.
const OF_STATEFUL_SET: &[&str] = &[
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
    "revisionHistoryLimit",
];

impl Update<'_> {
    /// All fields, also those that follow another change: the server asks for no reason. A default that is written
    /// out, or not any more, is no change to it.
    fn fields(&self) -> impl Iterator<Item = &Field> {
        self.change.fields.iter().chain(&self.change.follows).filter(|field| !self.is_default(field))
    }

    fn is_default(&self, field: &Field) -> bool {
        let kind = self.change.identity.kind.as_str();
        let key = field.path.last_key().unwrap_or_default();
        match (field.edit.before(), field.edit.after()) {
            // The server fills in both or none: what it filled in beside this one stays.
            (Some(_), None) if kind == "Job" && key == "completions" => false,
            (None, Some(_)) if kind == "Job" && key == "completions" => {
                at(self.before, &["spec", "parallelism"]).is_none() && field.edit.after() == Some(&Content::Integer(1))
            }
            (None, Some(value)) | (Some(value), None) => is_default(key, value, kind),
            _ => false,
        }
    }

    fn risk(&self, rule: &'static str, field: &Field, what: impl Into<String>) -> Risk {
        Risk::of_field(Class::Rejected, rule, self.change, field, what)
    }

    /// Fields at or under these paths may not change.
    fn frozen(&self, paths: &[&str], rule: &'static str, reason: &str) -> Vec<Risk> {
        let is_frozen =
            |field: &&Field| paths.iter().any(|path| field.path.is_under(&path.split('.').collect::<Vec<_>>()));
        let risk = |field: &Field| {
            let what = format!("`{}` of {} cannot be changed", field.path, article(&self.change.identity.kind));
            self.risk(rule, field, what).reason(format!("{reason}; {WEDGE}")).help(RECREATE)
        };
        self.fields().filter(is_frozen).map(risk).collect()
    }

    /// Source: the types of `scheduling.k8s.io`. From v1alpha3 on, a group may get more members.
    fn workload(&self) -> Vec<Risk> {
        let (frozen, grows) = match self.change.identity.api_version.as_str() {
            "scheduling.k8s.io/v1alpha1" => (&GROUPS_OF_WORKLOAD[..1], false),
            "scheduling.k8s.io/v1alpha2" => (&GROUPS_OF_WORKLOAD[1..], false),
            _ => (&GROUPS_OF_WORKLOAD[1..], true),
        };
        let mut risks = self.frozen(frozen, "workload-pod-groups", "the API server: `field is immutable`");
        risks.retain(|risk| !(grows && risk.field.ends_with(".minCount")));
        risks
    }

    fn stateful_set(&self) -> Vec<Risk> {
        let is_frozen = |field: &&Field| {
            let mut keys = field.path.keys();
            keys.next() == Some("spec") && keys.next().is_none_or(|key| !OF_STATEFUL_SET.contains(&key))
        };
        let risk = |field: &Field| {
            let what = format!("`{}` of a StatefulSet cannot be changed", field.path);
            let help = if field.path.is_under(&["spec", "volumeClaimTemplates"]) { OF_TEMPLATES } else { OF_THE_SET };
            self.risk("stateful-set-immutable", field, what)
                .reason(format!(
                    "the API server: `updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', \
                     'updateStrategy', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden`; {WEDGE}"
                ))
                .help(help)
        };
        self.fields().filter(is_frozen).map(risk).collect()
    }

    fn selector(&self) -> Vec<Risk> {
        self.frozen(&["spec.selector"], "selector-immutable", "the API server: `spec.selector: field is immutable`")
    }

    /// Labels of the pods that the selector no longer finds.
    fn template_labels(&self) -> Option<Risk> {
        let kind = self.change.identity.kind.as_str();
        if !matches!(kind, "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job") {
            return None;
        }
        let selector = at(self.after, &["spec", "selector", "matchLabels"])?;
        let labels = at(template(self.after, kind)?, &["metadata", "labels"])?;
        if selects(selector, labels) {
            return None;
        }
        let risk = Risk::of(
            Class::Rejected,
            "selector-mismatch",
            self.change,
            "the selector does not match the labels of the pods",
        );
        let field = "spec.template.metadata.labels";
        Some(
            risk.at(field, Some(shown(selector)), Some(shown(labels)))
                .reason(format!("the API server: `selector does not match template labels`; {WEDGE}"))
                .help("give the pods every label that the selector names"),
        )
    }

    fn job(&self) -> Vec<Risk> {
        const FROZEN: &[&str] = &[
            "spec.selector",
            "spec.template",
            "spec.completionMode",
            "spec.podFailurePolicy",
            "spec.backoffLimitPerIndex",
            "spec.managedBy",
            "spec.successPolicy",
            "spec.completions",
        ];
        let is_elastic = text_at(self.after, &["spec", "completionMode"]) == Some("Indexed")
            && at(self.after, &["spec", "completions"]) == at(self.after, &["spec", "parallelism"]);
        let mut found = self.frozen(FROZEN, "job-immutable", "the API server: `field is immutable`");
        found.retain(|risk| {
            !(self.is_open_while_suspended(&risk.field) || is_elastic && risk.field == "spec.completions")
        });
        for risk in &mut found {
            risk.help = Some(
                "give the Job a name that follows its content, so that a change makes a new one; \
                              a Job that has run can also be deleted before the sync"
                    .into(),
            );
        }
        found
    }

    /// A job that is suspended and has not started may still be placed elsewhere, also as it starts.
    fn is_open_while_suspended(&self, field: &str) -> bool {
        let is_suspended = at(self.before, &["spec", "suspend"]) == Some(&Content::Bool(true));
        is_suspended
            && field
                .strip_prefix("spec.template.")
                .is_some_and(|field| OPEN_WHILE_SUSPENDED.iter().any(|open| field.starts_with(open)))
    }

    fn claim(&self) -> Vec<Risk> {
        let open = |field: &&Field| {
            let is = |path: &[&str]| field.path.is_under(path);
            let is_first = field.edit.before().is_none();
            let may_change =
                is(&["spec", "resources", "requests", "storage"]) || is(&["spec", "volumeAttributesClassName"]);
            let may_be_set = is(&["spec", "volumeName"]) || is(&["spec", "storageClassName"]);
            is(&["spec"]) && !may_change && !(may_be_set && is_first)
        };
        let frozen = self.fields().filter(open).map(|field| {
            self.risk(
                "claim-immutable",
                field,
                format!("`{}` of a PersistentVolumeClaim cannot be changed", field.path),
            )
            .reason(format!(
                "the API server: `spec is immutable after creation except resources.requests and \
                     volumeAttributesClassName for bound claims`; {WEDGE}"
            ))
            .help("make a claim under a new name, copy the data, and let the workload use the new one")
        });
        let mut found: Vec<Risk> = frozen.collect();
        found.extend(self.shrunk(
            &["spec", "resources", "requests", "storage"],
            "claim-shrinks",
            "a claim cannot become smaller",
            "the API server: `field can not be less than previous value`",
        ));
        found.extend(
            self.fields()
                .filter(|field| {
                    field.path.is_under(&["spec", "volumeAttributesClassName"]) && field.edit.after().is_none()
                })
                .map(|field| {
                    self.risk(
                        "claim-attributes-class-removed",
                        field,
                        "the class of a volume's attributes cannot be taken away",
                    )
                    .reason(format!(
                        "the API server lets `volumeAttributesClassName` go to another class, not to none; {WEDGE}"
                    ))
                    .help("name the class that has the old attributes")
                }),
        );
        found
    }

    /// A quantity that goes down where it may only go up.
    fn shrunk(&self, keys: &[&str], rule: &'static str, what: &str, rule_of: &str) -> Option<Risk> {
        let (before, after) = (quantity(at(self.before, keys)?)?, quantity(at(self.after, keys)?)?);
        let risk = Risk::of(Class::Rejected, rule, self.change, what);
        (after.units() < before.units()).then(|| {
            risk.at(keys.join("."), at(self.before, keys).map(shown), at(self.after, keys).map(shown))
                .reason(format!("{rule_of}; {WEDGE}"))
                .help("write the old size again; a smaller disk is a new claim with the data copied")
        })
    }

    fn volume(&self) -> Vec<Risk> {
        const MUTABLE: &[&str] = &[
            "capacity",
            "accessModes",
            "claimRef",
            "persistentVolumeReclaimPolicy",
            "storageClassName",
            "mountOptions",
            "volumeAttributesClassName",
        ];
        let is_frozen = |field: &&Field| {
            let mut keys = field.path.keys();
            let part = (keys.next(), keys.next());
            matches!(part, (Some("spec"), Some(part)) if !MUTABLE.contains(&part))
                && !(part.1 == Some("nodeAffinity") && field.edit.before().is_none())
        };
        let risk = |field: &Field| {
            self.risk("volume-immutable", field, format!("`{}` of a PersistentVolume cannot be changed", field.path))
                .reason(format!("the API server: `spec.persistentvolumesource is immutable after creation`; {WEDGE}"))
                .help("make a volume under a new name for the new place")
        };
        self.fields().filter(is_frozen).map(risk).collect()
    }

    fn service(&self) -> Vec<Risk> {
        let is = |kind: &str, content: &Content| text_at(content, &["spec", "type"]).unwrap_or("ClusterIP") == kind;
        let both = |test: &dyn Fn(&Content) -> bool| test(self.before) && test(self.after);
        let is_balanced = |content: &Content| is("LoadBalancer", content);
        let is_local = |content: &Content| text_at(content, &["spec", "externalTrafficPolicy"]) == Some("Local");
        let mut found = Vec::new();
        if both(&|content| !is("ExternalName", content)) {
            found.extend(self.once(&["spec", "clusterIP"], "service-cluster-ip", "the address of a Service", true));
            found.extend(self.family());
        }
        if both(&is_balanced) {
            let what = "the class of a load balancer";
            found.extend(self.once(&["spec", "loadBalancerClass"], "service-load-balancer-class", what, false));
        }
        if both(&|content| is_balanced(content) && is_local(content)) {
            let what = "the port of the health check";
            found.extend(self.once(&["spec", "healthCheckNodePort"], "service-health-check-port", what, true));
        }
        found
    }

    /// A field that stays as it is. One that the server gives may be left out: it keeps the one that there is.
    fn once(&self, keys: &[&str], rule: &'static str, what: &str, is_given: bool) -> Option<Risk> {
        let (before, after) = (at(self.before, keys), at(self.after, keys));
        let refused = before != after && !(is_given && after.is_none());
        refused.then(|| {
            Risk::of(Class::Rejected, rule, self.change, format!("{what} cannot be changed"))
                .at(keys.join("."), before.map(shown), after.map(shown))
                .reason(format!(
                    "the API server: `may not change once set`, `primary clusterIP can not be unset`; {WEDGE}"
                ))
                .help("give the Service another name, move its clients, then take the old one away")
        })
    }

    /// The first family of addresses stays; a second may come and go.
    fn family(&self) -> Option<Risk> {
        let first = |content| items(at(content, &["spec", "ipFamilies"])).next();
        let (before, after) = (first(self.before)?, first(self.after)?);
        let is_headless = |content| text_at(content, &["spec", "clusterIP"]) == Some("None");
        // One without an address may be of any family.
        (before != after && !is_headless(self.after)).then(|| {
            Risk::of(
                Class::Rejected,
                "service-ip-family",
                self.change,
                "the first family of a Service's addresses cannot be changed",
            )
            .at("spec.ipFamilies", Some(shown(before)), Some(shown(after)))
            .reason(format!("the API server: `primary ipFamily can not be changed`; {WEDGE}"))
            .help("give the Service another name, move its clients, then take the old one away")
        })
    }

    fn data(&self) -> Vec<Risk> {
        let mut found = Vec::new();
        if at(self.before, &["immutable"]) == Some(&Content::Bool(true)) {
            found.extend(self.frozen(&["data"], "immutable-data", IMMUTABLE));
            found.extend(self.frozen(&["binaryData"], "immutable-data", IMMUTABLE));
            found.extend(self.frozen(&["stringData"], "immutable-data", IMMUTABLE));
            found.extend(self.frozen(&["immutable"], "immutable-data", IMMUTABLE));
        }
        if self.change.identity.kind == "Secret" {
            found.extend(self.frozen(&["type"], "secret-type", "the API server: `type: field is immutable`"));
        }
        found
    }

    fn definition(&self) -> Vec<Risk> {
        const FROZEN: &[&str] = &["spec.group", "spec.names.plural", "spec.scope", "spec.names.kind"];
        let mut found = self.frozen(
            FROZEN,
            "definition-immutable",
            "the API server: `field is immutable` once the definition is established",
        );
        for risk in &mut found {
            risk.help = Some(
                "a definition under another name is another kind: move the objects, then take the old one away; \
                              deleting the definition deletes every object of it"
                    .into(),
            );
        }
        found.extend(self.stored_versions());
        found.extend(self.fields().filter(|field| is_tighter(field)).map(|field| {
            self.risk(
                "definition-tighter",
                field,
                "objects that exist and do not keep this rule are refused at their next update",
            )
            .reason(format!("the API server checks the whole object at every update, whoever makes it; {WEDGE}"))
            .help("bring the objects to the new rule first, or serve it as a new version beside the old one")
        }));
        found
    }

    /// A version that may still be in etcd has to stay.
    fn stored_versions(&self) -> Vec<Risk> {
        let storage = |content| {
            items(at(content, &["spec", "versions"]))
                .filter(|version| version.get("storage") == Some(&Content::Bool(true)))
                .find_map(|version| text_at(version, &["name"]))
        };
        let names: Vec<&str> =
            items(at(self.after, &["spec", "versions"])).filter_map(|version| text_at(version, &["name"])).collect();
        let gone = storage(self.before).filter(|stored| !names.contains(stored));
        let risk = |stored: &str| {
            Risk::of(Class::Rejected, "definition-stored-version", self.change, format!("the version `{stored}` is stored, and goes"))
                .at("spec.versions", Some(stored.to_owned()), storage(self.after).map(str::to_owned))
                .reason(format!("the API server: a version in `status.storedVersions` must stay in `spec.versions`; {WEDGE}"))
                .help("keep the version with `served: false`, store all objects anew, take it out of the status, then out of the spec")
        };
        gone.map(risk).into_iter().collect()
    }

    fn pod(&self) -> Vec<Risk> {
        let open = |field: &&Field| {
            let last = field.path.last_key().unwrap_or_default();
            let added_toleration = field.path.is_under(&["spec", "tolerations"]) && field.edit.before().is_none();
            field.path.is_under(&["spec"]) && last != "image" && last != "activeDeadlineSeconds" && !added_toleration
        };
        let risk = |field: &Field| {
            self.risk("pod-immutable", field, format!("`{}` of a Pod cannot be changed", field.path))
                .reason(format!(
                    "the API server: `pod updates may not change fields other than` the images and few others; {WEDGE}"
                ))
                .help("run it by a Deployment or a Job")
        };
        self.fields().filter(open).map(risk).collect()
    }
}

const IMMUTABLE: &str = "the API server: `field is immutable when 'immutable' is set`";
const OF_TEMPLATES: &str = "a size can be raised on the claims by hand (`kubectl patch pvc`), then delete the StatefulSet with \
                            `--cascade=orphan` and sync: the pods stay, and new ones get the new template";
const OF_THE_SET: &str = "delete the StatefulSet with `--cascade=orphan` (its pods and claims stay) and sync; where the name of the \
                          Service or the pods changes, plan for a time without it";

/// Whether a field of a definition lets less pass than before.
fn is_tighter(field: &Field) -> bool {
    if !field.path.is_under(&["spec", "versions", "schema"]) {
        return field.path.is_under(&["spec", "versions", "served"])
            && field.edit.after() == Some(&Content::Bool(false));
    }
    let number =
        |content: Option<&Content>| if let Some(Content::Integer(number)) = content { Some(*number) } else { None };
    let (before, after) = (number(field.edit.before()), number(field.edit.after()));
    match field.path.last_key().unwrap_or_default() {
        "maximum" | "maxLength" | "maxItems" | "maxProperties" => {
            after.is_some_and(|after| before.is_none_or(|before| after < before))
        }
        "minimum" | "minLength" | "minItems" | "minProperties" => {
            after.is_some_and(|after| before.is_none_or(|before| after > before))
        }
        "required" | "pattern" | "format" | "x-kubernetes-validations" | "rule" => field.edit.after().is_some(),
        "enum" | "type" => field.edit.before().is_none() || field.edit.after().is_some(),
        _ => false,
    }
}

fn quantity(content: &Content) -> Option<Quantity> {
    match content {
        Content::Text(text) => Quantity::parse(text).ok(),
        Content::Integer(number) => Some(Quantity::from_units(*number)),
        _ => None,
    }
}

fn article(kind: &str) -> String {
    let vowel = kind.starts_with(['A', 'E', 'I', 'O']);
    format!("{} {kind}", if vowel { "an" } else { "a" })
}
