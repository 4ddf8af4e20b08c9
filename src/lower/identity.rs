//! Who the pods are: service accounts, and what those may do.

use super::meta::Lowering;
use super::pod::{awaited, identities};
use super::present;
use crate::kube::{Object, Phase};
use crate::model::{Component, Identity, Role, RoleRule};
use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1 as rbac;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// The accounts that this component is the first to use.
pub(super) fn accounts(cx: &Lowering<'_>, component: &Component) -> Vec<Object> {
    let account = |identity: &Identity| {
        let mut metadata = cx.component_meta(component, &identity.account);
        if !identity.annotations.is_empty() {
            metadata.annotations.get_or_insert_default().extend(identity.annotations.clone());
        }
        let account = ServiceAccount {
            metadata,
            automount_service_account_token: Some(identity.token),
            ..ServiceAccount::default()
        };
        Object::new(&account, Phase::Configuration, Some(&component.key))
    };
    let created = identities(component).into_iter().filter(|identity| identity.create);
    created.filter(|identity| cx.creates(component, &identity.account)).map(account).collect()
}

/// What the accounts may do: a role and its binding each, also for an account that exists already.
pub(super) fn roles(cx: &Lowering<'_>, component: &Component) -> Vec<Object> {
    let of_identity = |identity: &Identity| -> Vec<Object> {
        identity.roles.iter().flat_map(|role| role_objects(cx, component, identity, role)).collect()
    };
    identities(component).into_iter().flat_map(of_identity).collect()
}

/// The right to see the jobs that steps of the component's pods wait for, and no others. A client that
/// waits for one object names it in its lists and watches too, so that the right may be for names.
pub(super) fn waiting(cx: &Lowering<'_>, component: &Component) -> Vec<Object> {
    let mut rules: Vec<RoleRule> = Vec::new();
    for job in awaited(component).into_iter().filter_map(|key| cx.job(key)) {
        match rules.iter_mut().find(|rule| rule.resources[0] == job.resource) {
            Some(rule) => rule.resource_names.push(job.name.clone()),
            None => rules.push(RoleRule {
                api_groups: vec![job.group.into()],
                resources: vec![job.resource.into()],
                resource_names: vec![job.name.clone()],
                verbs: ["get", "list", "watch"].map(Into::into).into(),
            }),
        }
    }
    if rules.is_empty() {
        return Vec::new();
    }
    let role = Role { name: format!("{}-wait", component.name), cluster: false, rules };
    identities(component).into_iter().take(1).flat_map(|who| role_objects(cx, component, who, &role)).collect()
}

fn role_objects(cx: &Lowering<'_>, component: &Component, identity: &Identity, role: &Role) -> [Object; 2] {
    let (phase, key) = (Phase::Configuration, Some(component.key.as_str()));
    let metadata = role_metadata(cx, component, role);
    let rules = present(role.rules.iter().map(rule).collect());
    let role_ref = role_ref(role, &metadata);
    let subjects = Some(vec![subject(cx, identity)]);
    if role.cluster {
        let granted = rbac::ClusterRole { metadata: metadata.clone(), rules, aggregation_rule: None };
        let binding = rbac::ClusterRoleBinding { metadata, role_ref, subjects };
        return [Object::new(&granted, phase, key), Object::new(&binding, phase, key)];
    }
    let granted = rbac::Role { metadata: metadata.clone(), rules };
    let binding = rbac::RoleBinding { metadata, role_ref, subjects };
    [Object::new(&granted, phase, key), Object::new(&binding, phase, key)]
}

/// What belongs to the whole cluster has the namespace in its name, since other namespaces may hold the
/// same system.
fn role_metadata(cx: &Lowering<'_>, component: &Component, role: &Role) -> ObjectMeta {
    if !role.cluster {
        return cx.component_meta(component, &role.name);
    }
    let name = format!("{}-{}", cx.namespace(), role.name);
    ObjectMeta { namespace: None, ..cx.component_meta(component, &name) }
}

fn role_ref(role: &Role, metadata: &ObjectMeta) -> rbac::RoleRef {
    rbac::RoleRef {
        api_group: "rbac.authorization.k8s.io".into(),
        kind: if role.cluster { "ClusterRole" } else { "Role" }.into(),
        name: metadata.name.clone().unwrap_or_default(),
    }
}

fn subject(cx: &Lowering<'_>, identity: &Identity) -> rbac::Subject {
    rbac::Subject {
        kind: "ServiceAccount".into(),
        name: identity.account.clone(),
        namespace: Some(cx.namespace().into()),
        api_group: None,
    }
}

fn rule(rule: &RoleRule) -> rbac::PolicyRule {
    rbac::PolicyRule {
        api_groups: Some(rule.api_groups.clone()),
        resources: Some(rule.resources.clone()),
        resource_names: present(rule.resource_names.clone()),
        verbs: rule.verbs.clone(),
        non_resource_urls: None,
    }
}

#[cfg(test)]
mod tests {
    use super::{accounts, roles};
    use crate::lower::fixture::{assert_facts, container, find, lowered, model, names, part, strings, workload};
    use crate::model::{Awaited, Identity, Model};

    fn identity<'a>(model: &'a mut Model, component: &str) -> &'a mut Identity {
        &mut workload(model, component).pod.identity
    }

    #[test]
    fn an_account_is_made_once_and_mounts_no_token() {
        let objects = part(&model(), accounts, "api");
        assert_eq!(names(&objects), ["ServiceAccount api"]);
        assert_facts(&objects[0], "/automountServiceAccountToken = false");
    }

    #[test]
    fn a_shared_account_belongs_to_the_first_component() {
        let mut model = model();
        for component in ["cache", "nightly"] {
            let identity = identity(&mut model, component);
            identity.account = "worker".into();
            identity.annotations = strings(&[("example.com/role", "reader")]);
        }
        assert_eq!(names(&part(&model, accounts, "nightly")), [""; 0]);
        assert_facts(
            find(&part(&model, accounts, "cache"), "ServiceAccount", "worker"),
            r#"/metadata/annotations = {"example.com/role": "reader"}"#,
        );
    }

    #[test]
    fn an_account_that_exists_is_not_made() {
        let mut model = model();
        identity(&mut model, "cache").create = false;
        assert_eq!(names(&part(&model, accounts, "cache")), [""; 0]);
    }

    #[test]
    fn roles_are_bound_to_the_account() {
        let objects = part(&model(), roles, "api");
        assert_eq!(
            names(&objects),
            [
                "Role api-leases",
                "RoleBinding api-leases",
                "ClusterRole shop-prod-api-nodes",
                "ClusterRoleBinding shop-prod-api-nodes"
            ]
        );
        assert_facts(
            &objects[0],
            r#"/rules = [{"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get", "update"]}]"#,
        );
        assert_facts(
            &objects[3],
            r#"
            /metadata/namespace is absent
            /roleRef = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "shop-prod-api-nodes"}
            /subjects = [{"kind": "ServiceAccount", "name": "api", "namespace": "shop-prod"}]
            "#,
        );
    }

    #[test]
    fn who_waits_for_a_job_may_see_that_job_alone() {
        let mut model = model();
        let mut step = container("wait-for-seed", "registry.k8s.io/kubectl:v1.35.0");
        step.awaits = Some(Awaited { component: "seed".into(), timeout: 60 });
        workload(&mut model, "api").pod.init.push(step);
        let seed = part(&model, crate::lower::workload::workload, "seed")[0].identity.name.clone();
        let objects = lowered(&model);
        let rule = format!(
            r#"/rules = [{{"apiGroups": ["batch"], "resources": ["jobs"], "resourceNames": ["{seed}"], "verbs": ["get", "list", "watch"]}}]"#
        );
        assert_facts(find(&objects, "Role", "api-wait"), &rule);
        assert_facts(
            find(&objects, "Deployment", "api"),
            &format!(
                r#"/spec/template/spec/initContainers/1/args = ["--for=condition=complete", "jobs.batch/{seed}"]"#
            ),
        );
    }

    #[test]
    fn identities_come_before_everything_that_uses_them() {
        let objects = lowered(&model());
        let place = |name: &str| names(&objects).iter().position(|one| one == name).unwrap();
        assert!(place("ServiceAccount api") < place("RoleBinding api-leases"));
        assert!(place("ClusterRoleBinding shop-prod-api-nodes") < place("PersistentVolumeClaim api-data"));
        assert!(place("Service api") < place("Deployment api"));
        assert!(place("Deployment api") < place("PodDisruptionBudget api"));
    }
}
