//! When objects of custom kinds are as they should be, for tools that know only those of Kubernetes.
//!
//! An expression that asks for something that is not there yet is no answer, and the tool asks again.

use crate::kube::flux::HealthCheck;

/// By group and kind, in the order of both.
const CHECKS: &[HealthCheck] = &[
    HealthCheck {
        api_version: "argoproj.io/v1alpha1",
        kind: "Rollout",
        // As text there, so that Flux does not compare it by itself.
        in_progress: Some(
            "!has(status.observedGeneration) || status.observedGeneration != string(metadata.generation)",
        ),
        failed: Some("status.phase == 'Degraded'"),
        // A canary that waits for a person would be waited for without end.
        current: "status.phase in ['Healthy', 'Paused']",
    },
    HealthCheck {
        api_version: "bitnami.com/v1alpha1",
        kind: "SealedSecret",
        in_progress: None,
        failed: Some("status.conditions.exists(e, e.type == 'Synced' && e.status == 'False')"),
        current: "status.conditions.exists(e, e.type == 'Synced' && e.status == 'True')",
    },
    ready("cert-manager.io/v1", "Certificate"),
    ready("external-secrets.io/v1", "ExternalSecret"),
    HealthCheck {
        api_version: "flagger.app/v1beta1",
        kind: "Canary",
        in_progress: None,
        failed: Some("status.phase == 'Failed'"),
        current: "status.phase in ['Initialized', 'Waiting', 'WaitingPromotion', 'Progressing', 'Succeeded']",
    },
    HealthCheck {
        api_version: "gateway.networking.k8s.io/v1",
        kind: "HTTPRoute",
        in_progress: None,
        failed: None,
        current: "size(status.parents) > 0 && status.parents.all(p, p.conditions.exists(e, e.type == 'Accepted' && \
                  e.status == 'True'))",
    },
    HealthCheck {
        api_version: "jobset.x-k8s.io/v1alpha2",
        kind: "JobSet",
        in_progress: None,
        failed: Some("status.conditions.exists(e, e.type == 'Failed' && e.status == 'True')"),
        current: "status.conditions.exists(e, e.type == 'Completed' && e.status == 'True')",
    },
    ready("keda.sh/v1alpha1", "ScaledObject"),
    HealthCheck {
        api_version: "leaderworkerset.x-k8s.io/v1",
        kind: "LeaderWorkerSet",
        in_progress: None,
        failed: None,
        current: "status.conditions.exists(e, e.type == 'Available' && e.status == 'True')",
    },
    ready("postgresql.cnpg.io/v1", "Cluster"),
    HealthCheck {
        api_version: "postgresql.cnpg.io/v1",
        kind: "Database",
        in_progress: None,
        failed: None,
        current: "status.applied",
    },
];

const fn ready(api_version: &'static str, kind: &'static str) -> HealthCheck {
    HealthCheck {
        api_version,
        kind,
        in_progress: None,
        failed: None,
        current: "status.conditions.exists(e, e.type == 'Ready' && e.status == 'True')",
    }
}

/// The checks for the kinds of these objects.
pub(super) fn checks<'a>(objects: impl Iterator<Item = &'a crate::kube::Object>) -> Vec<HealthCheck> {
    let kinds: Vec<(&str, &str)> =
        objects.map(|object| (object.identity.api_version.as_str(), object.identity.kind.as_str())).collect();
    CHECKS.iter().filter(|check| kinds.contains(&(check.api_version, check.kind))).copied().collect()
}
