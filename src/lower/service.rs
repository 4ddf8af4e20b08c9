//! Services: the one in front of a component, and the headless one of a StatefulSet.

use super::container::protocol;
use super::group::WORKER_INDEX;
use super::meta::{CNPG_CLUSTER, Lowering, NAME, is_operated, phase, pod_name};
use super::present;
use super::rollout::{VERSION, answering};
use crate::kube::Object;
use crate::model::{Body, Component, Driver, External, Port, Progressive, Service, Strings};
use crate::spec::ServiceType;
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

pub(super) fn services(cx: &Lowering<'_>, component: &Component) -> Vec<Object> {
    if let Body::External(External { alias: Some(host), .. }) = &component.body {
        return vec![alias(cx, component, host)];
    }
    let Some(service) = &component.service else { return Vec::new() };
    let own = object(cx, component, service, &component.name, client(cx, component, service));
    let companion = || object(cx, component, service, &headless_name(component), companion(cx, component));
    std::iter::once(own).chain(service.companion.then(companion)).chain(second(cx, component, service)).collect()
}

/// The Service that leads to the new version of a canary or blue-green rollout, and to no other.
fn second(cx: &Lowering<'_>, component: &Component, service: &Service) -> Option<Object> {
    let progressive = component.progressive().filter(|progressive| progressive.has_service_of_its_own())?;
    let mut labels = selector(cx, component);
    if let Driver::Commits(versions) = &progressive.driver {
        versions.stable.as_ref()?;
        labels.insert(VERSION.into(), versions.own.clone());
    }
    let spec = core::ServiceSpec {
        type_: Some("ClusterIP".into()),
        selector: Some(labels),
        ports: present(component.ports().into_iter().map(|port| service_port(component, port, false)).collect()),
        session_affinity: service.session_affinity.map(|affinity| affinity.text().into()),
        ..core::ServiceSpec::default()
    };
    let metadata = cx.component_meta(component, &format!("{}-{}", component.name, progressive.service_suffix()));
    Some(Object::new(
        &core::Service { metadata, spec: Some(spec), status: None },
        phase(component),
        Some(&component.key),
    ))
}

/// A name of this namespace for a host elsewhere. It has no ports: it is an answer of the DNS, and
/// clients choose the port.
fn alias(cx: &Lowering<'_>, component: &Component, host: &str) -> Object {
    let spec = core::ServiceSpec {
        type_: Some("ExternalName".into()),
        external_name: Some(host.into()),
        ..core::ServiceSpec::default()
    };
    let metadata = cx.component_meta(component, &component.name);
    Object::new(&core::Service { metadata, spec: Some(spec), status: None }, phase(component), Some(&component.key))
}

/// `<component>-headless`
fn headless_name(component: &Component) -> String {
    format!("{}-headless", component.name)
}

fn object(cx: &Lowering<'_>, component: &Component, service: &Service, name: &str, spec: core::ServiceSpec) -> Object {
    let mut metadata = cx.component_meta(component, name);
    metadata.labels.get_or_insert_default().extend(service.labels.clone());
    metadata.labels.get_or_insert_default().extend(cx.standard_labels(component));
    if !service.annotations.is_empty() {
        metadata.annotations.get_or_insert_default().extend(service.annotations.clone());
    }
    Object::new(&core::Service { metadata, spec: Some(spec), status: None }, phase(component), Some(&component.key))
}

/// The Service that clients use. Fields that the API refuses for a type are left out with it.
fn client(cx: &Lowering<'_>, component: &Component, service: &Service) -> core::ServiceSpec {
    let outside = service.kind != ServiceType::ClusterIp;
    let balanced = service.kind == ServiceType::LoadBalancer;
    core::ServiceSpec {
        type_: Some(service.kind.text().into()),
        cluster_ip: service.headless.then(|| "None".into()),
        publish_not_ready_addresses: service.unready.then_some(true),
        selector: Some(clients_selector(cx, component, service)),
        ports: present(component.ports().into_iter().map(|port| service_port(component, port, outside)).collect()),
        session_affinity: service.session_affinity.map(|affinity| affinity.text().into()),
        external_traffic_policy: service.external_traffic_policy.filter(|_| outside).map(|policy| policy.text().into()),
        load_balancer_class: service.class.clone().filter(|_| balanced),
        load_balancer_source_ranges: present(service.sources.clone()).filter(|_| balanced),
        ..core::ServiceSpec::default()
    }
}

/// Gives each pod of a StatefulSet a name of its own, also before it is ready: peers that wait for one
/// another could not meet otherwise.
fn companion(cx: &Lowering<'_>, component: &Component) -> core::ServiceSpec {
    core::ServiceSpec {
        type_: Some("ClusterIP".into()),
        cluster_ip: Some("None".into()),
        publish_not_ready_addresses: Some(true),
        selector: Some(selector(cx, component)),
        ports: present(component.ports().into_iter().map(|port| service_port(component, port, false)).collect()),
        ..core::ServiceSpec::default()
    }
}

/// The label that the controller of a StatefulSet puts on each pod: its number.
const POD_INDEX: &str = "apps.kubernetes.io/pod-index";

/// The pods that clients are led to.
fn clients_selector(cx: &Lowering<'_>, component: &Component, service: &Service) -> Strings {
    let mut labels = selector(cx, component);
    let versions = component.progressive().filter(|progressive| progressive.doubles()).and_then(Progressive::versions);
    labels.extend(versions.map(|versions| (VERSION.to_owned(), answering(versions).to_owned())));
    labels.extend(service.primary.then(|| (POD_INDEX.to_owned(), "0".to_owned())));
    let grouped = component.workload().is_some_and(|workload| workload.controller.pods_of_replica() > 1);
    labels.extend(grouped.then(|| (WORKER_INDEX.to_owned(), "0".to_owned())));
    labels
}

/// The pods of the component. Flagger wants the Service to select its primary by the name alone, and would
/// write over anything else; of a database that `CloudNativePG` runs, only the primary takes writes.
fn selector(cx: &Lowering<'_>, component: &Component) -> Strings {
    if component.is_by_flagger() {
        return Strings::from([(NAME.into(), format!("{}-primary", component.name))]);
    }
    if is_operated(component) {
        return Strings::from([
            (CNPG_CLUSTER.into(), component.name.clone()),
            ("cnpg.io/instanceRole".into(), "primary".into()),
        ]);
    }
    cx.selector_labels(pod_name(component))
}

/// The target is the container's port by name, so that its number can change; the operator's containers
/// have names of their own, so there it is the number.
fn service_port(component: &Component, port: &Port, outside: bool) -> core::ServicePort {
    // Flagger writes the port of the rollout by name, and the others by number.
    let discovered = component.is_by_flagger() && component.main_port().is_none_or(|main| main.name != port.name);
    let target = if is_operated(component) || discovered {
        IntOrString::Int(port.target.into())
    } else {
        IntOrString::String(port.name.clone())
    };
    core::ServicePort {
        name: Some(port.name.clone()),
        port: port.port.into(),
        target_port: Some(target),
        protocol: Some(protocol(port.protocol).into()),
        app_protocol: port.app_protocol.clone(),
        node_port: port.node_port.filter(|_| outside).map(Into::into),
    }
}

#[cfg(test)]
mod tests {
    use super::services;
    use crate::lower::fixture::{assert_facts, find, model, names, part, strings, workload};
    use crate::model::{Model, Service};
    use crate::spec::{ServiceType, TrafficPolicy};

    fn edited(edit: impl FnOnce(&mut Service)) -> Model {
        let mut model = model();
        edit(model.components["api"].service.as_mut().unwrap());
        let port = &mut workload(&mut model, "api").pod.main.ports[0];
        port.node_port = Some(30_080);
        port.app_protocol = Some("kubernetes.io/h2c".into());
        model
    }

    #[test]
    fn a_service_offers_the_ports_by_name() {
        let objects = part(&edited(|_| ()), services, "api");
        assert_eq!(names(&objects), ["Service api"]);
        assert_facts(
            &objects[0],
            r#"
            /spec/type = "ClusterIP"
            /spec/selector = {"app.kubernetes.io/name": "api", "app.kubernetes.io/part-of": "shop"}
            /spec/ports/0 = {"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP", "appProtocol": "kubernetes.io/h2c"}
            /spec/ports/1/protocol = "UDP"
            /spec/clusterIP is absent
            /spec/publishNotReadyAddresses is absent
            "#,
        );
    }

    #[test]
    fn a_load_balancer_lets_in_its_sources() {
        let outside = |service: &mut Service| {
            service.sources = vec!["192.0.2.0/24".into()];
            service.external_traffic_policy = Some(TrafficPolicy::Local);
            service.class = Some("internal".into());
            service.annotations = strings(&[("example.com/scheme", "internal")]);
            service.labels = strings(&[("cost", "43"), ("app.kubernetes.io/name", "other")]);
        };
        let model = edited(|service| {
            outside(service);
            service.kind = ServiceType::LoadBalancer;
        });
        assert_facts(
            &part(&model, services, "api")[0],
            r#"
            /spec/type = "LoadBalancer"
            /spec/loadBalancerSourceRanges = ["192.0.2.0/24"]
            /spec/externalTrafficPolicy = "Local"
            /spec/loadBalancerClass = "internal"
            /spec/ports/0/nodePort = 30080
            /metadata/annotations = {"example.com/scheme": "internal"}
            /metadata/labels/cost = "43"
            /metadata/labels/app.kubernetes.io~1name = "api"
            "#,
        );
        assert_facts(
            &part(&edited(outside), services, "api")[0],
            "
            /spec/loadBalancerSourceRanges is absent
            /spec/externalTrafficPolicy is absent
            /spec/loadBalancerClass is absent
            /spec/ports/0/nodePort is absent
            ",
        );
    }

    #[test]
    fn a_stateful_set_has_a_headless_companion() {
        let objects = part(&model(), services, "cache");
        assert_eq!(names(&objects), ["Service cache", "Service cache-headless"]);
        assert_facts(
            find(&objects, "Service", "cache-headless"),
            r#"
            /spec/clusterIP = "None"
            /spec/type = "ClusterIP"
            /spec/publishNotReadyAddresses = true
            /spec/ports = [{"name": "redis", "port": 6379, "targetPort": "redis", "protocol": "TCP"}]
            "#,
        );
        assert_facts(find(&objects, "Service", "cache"), "/spec/clusterIP is absent");
    }

    #[test]
    fn a_headless_service_has_no_address() {
        let model = edited(|service| service.headless = true);
        assert_facts(&part(&model, services, "api")[0], r#"/spec/clusterIP = "None""#);
    }

    #[test]
    fn the_name_of_an_operated_database_is_its_primary() {
        assert_facts(
            &part(&model(), services, "db")[0],
            r#"
            /metadata/name = "db"
            /spec/selector = {"cnpg.io/cluster": "db", "cnpg.io/instanceRole": "primary"}
            /spec/ports = [{"name": "postgres", "port": 5432, "targetPort": 5432, "protocol": "TCP"}]
            "#,
        );
    }
}
