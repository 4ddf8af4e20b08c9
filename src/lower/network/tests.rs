//! What is open, and what is not.

use super::{of_component, of_system};
use crate::kube::{Object, Phase};
use crate::lower::fixture::{assert_facts, find, lowered, names, part, strings};
use crate::lower::meta::Lowering;
use crate::lower::sample::{model, system_part};
use crate::model::{Edge, Egress, EgressTo, Model, Opening, RouteTls, Service, Strings};
use crate::spec::{Feature, ServiceType, TrafficPolicy};
use proptest::prelude::*;
use serde_json::{Value, json};

fn policies(model: &Model, component: &str) -> Vec<Object> {
    part(model, of_component, component)
}

fn own(model: &Model, component: &str) -> Object {
    policies(model, component).remove(0)
}

fn pods(name: &str) -> Value {
    json!({"podSelector": {"matchLabels": {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "courses"}}})
}

fn database_pods() -> Value {
    json!({"podSelector": {"matchLabels": {"cnpg.io/cluster": "db"}}})
}

fn namespace(name: &str) -> Value {
    json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}})
}

fn tcp(ports: &[u16]) -> Value {
    ports.iter().map(|port| json!({"port": port, "protocol": "TCP"})).collect()
}

fn ingress(object: &Object) -> Value {
    object.json().pointer("/spec/ingress").cloned().unwrap_or_default()
}

fn egress(object: &Object) -> Value {
    object.json().pointer("/spec/egress").cloned().unwrap_or_default()
}

/// The egress of `portal`, which uses `api` and has what is given.
fn reached(to: EgressTo, ports: &[u16]) -> Value {
    reached_on(model(), to, ports)
}

fn reached_on(mut model: Model, to: EgressTo, ports: &[u16]) -> Value {
    model.components["portal"].egress = vec![Egress { name: "x".into(), to, ports: ports.to_vec() }];
    egress(&own(&model, "portal")).get(1).cloned().unwrap_or_default()
}

#[test]
fn the_namespace_is_closed_but_for_names() {
    let objects = system_part(&model(), of_system);
    assert_eq!(names(&objects), ["NetworkPolicy default-deny", "NetworkPolicy allow-dns"]);
    assert!(objects.iter().all(|object| object.phase == Phase::Namespace));
    assert_facts(
        &objects[0],
        r#"
        /apiVersion = "networking.k8s.io/v1"
        /spec = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
        "#,
    );
    assert_facts(
        &objects[1],
        r#"
        /spec/podSelector = {}
        /spec/policyTypes = ["Egress"]
        /spec/egress/0/to = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}, "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}]
        /spec/egress/0/ports = [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]
        "#,
    );
}

#[test]
fn in_a_shared_namespace_only_this_system_is_closed() {
    let mut model = model();
    model.namespace.create = false;
    for policy in system_part(&model, of_system) {
        assert_facts(&policy, r#"/spec/podSelector = {"matchLabels": {"app.kubernetes.io/part-of": "courses"}}"#);
    }
    // Pods of an operated database bear no label of the system.
    assert!(egress(&own(&model, "db")).to_string().contains("kube-dns"));
}

#[test]
fn an_open_namespace_has_no_policies() {
    let mut model = model();
    model.network.deny = false;
    assert_eq!(names(&system_part(&model, of_system)), [""; 0]);
    assert_eq!(names(&policies(&model, "api")), [""; 0]);
}

#[test]
fn an_agent_is_kept_in_where_the_namespace_is_open() {
    let mut model = model();
    model.network.deny = false;
    model.components["api"].kind = crate::spec::Kind::Agent;
    let policies = policies(&model, "api");
    assert_eq!(names(&policies), ["NetworkPolicy api", "NetworkPolicy api-migrate"]);
    assert_facts(
        &policies[0],
        r#"
        /spec/policyTypes = ["Egress"]
        /spec/ingress is absent
    "#,
    );
    assert!(egress(&policies[0]).to_string().contains("kube-dns"));
}

#[test]
fn an_edge_is_open_at_both_ends_and_on_container_ports() {
    let api = own(&model(), "api");
    assert_facts(
        &api,
        r#"
        /metadata/name = "api"
        /spec/policyTypes = ["Ingress", "Egress"]
        /spec/podSelector/matchLabels = {"app.kubernetes.io/name": "api", "app.kubernetes.io/part-of": "courses"}
        "#,
    );
    assert_eq!(
        ingress(&api),
        json!([
            {"from": [pods("portal")], "ports": tcp(&[8000])},
            {"from": [namespace("monitoring")], "ports": tcp(&[9100])},
        ])
    );
    assert_eq!(
        egress(&api),
        json!([
            {"to": [database_pods()], "ports": tcp(&[5432])},
            {"to": [pods("cache")], "ports": tcp(&[6379])},
            {"to": [pods("codegen")], "ports": tcp(&[8501, 8500])},
        ])
    );
    assert_eq!(egress(&own(&model(), "portal")), json!([{"to": [pods("api")], "ports": tcp(&[8000])}]));
}

#[test]
fn policies_stand_before_everything_that_runs() {
    let objects = lowered(&model());
    let last = objects.iter().rposition(|object| object.identity.kind == "NetworkPolicy");
    let runs = ["Cluster", "CronJob", "Deployment", "Job", "Pooler", "StatefulSet"];
    let first = objects.iter().position(|object| runs.contains(&object.identity.kind.as_str()));
    assert!(last < first);
}

#[test]
fn release_jobs_reach_what_their_component_reaches() {
    let objects = policies(&model(), "api");
    assert_eq!(names(&objects), ["NetworkPolicy api", "NetworkPolicy api-migrate"]);
    assert_facts(
        &objects[1],
        r#"
        /spec/podSelector/matchLabels/app.kubernetes.io~1name = "api-migrate"
        /spec/policyTypes = ["Ingress", "Egress"]
        /spec/ingress is absent
        "#,
    );
    assert_eq!(egress(&objects[1]), egress(&objects[0]));
    let codegen = ingress(&own(&model(), "codegen"));
    assert_eq!(codegen[0]["from"], json!([pods("api"), pods("api-migrate")]));
}

#[test]
fn an_edge_without_ports_opens_nothing() {
    let codegen = ingress(&own(&model(), "codegen"));
    assert_eq!(codegen, json!([{"from": [pods("api"), pods("api-migrate")], "ports": tcp(&[8501, 8500])}]));
    let mut model = model();
    model.edges = vec![Edge { ports: vec!["unknown".into()], ..model.edges[0].clone() }];
    assert_eq!(ingress(&own(&model, "codegen")), Value::Null);
}

#[test]
fn replicas_that_speak_to_one_another_may() {
    let cache = own(&model(), "cache");
    assert_eq!(ingress(&cache).as_array().unwrap().last(), Some(&json!({"from": [pods("cache")]})));
    assert_eq!(egress(&cache), json!([{"to": [pods("cache")]}]));
    assert_eq!(ingress(&own(&model(), "train")), json!([{"from": [pods("train")]}]));
    assert!(!ingress(&own(&model(), "api")).to_string().contains(r#"name":"api""#));
}

#[test]
fn a_database_opens_to_its_users_and_its_operator() {
    let db = own(&model(), "db");
    assert_facts(&db, r#"/spec/podSelector/matchLabels = {"cnpg.io/cluster": "db"}"#);
    assert_eq!(
        ingress(&db),
        json!([
            {"from": [pods("api"), pods("api-migrate"), pods("train")], "ports": tcp(&[5432])},
            {"from": [namespace("monitoring")], "ports": tcp(&[9187, 9127])},
            {"from": [namespace("cnpg-system")], "ports": tcp(&[8000, 5432])},
            {"from": [database_pods()]},
        ])
    );
    let out = egress(&db);
    assert_eq!(out[0], json!({"to": [database_pods()]}));
    assert_eq!(out[1], json!({"ports": tcp(&[443, 6443])}));
    assert_eq!(out[2]["ports"], tcp(&[443]));
    assert_eq!(out[2]["to"][0]["ipBlock"]["cidr"], json!("0.0.0.0/0"));
    assert_eq!(out[3], Value::Null);
}

#[test]
fn routed_ports_open_to_the_gateway_or_the_ingress_controller() {
    let mut model = model();
    let routed = |from: &str| json!([{"from": [namespace(from)], "ports": tcp(&[8080])}]);
    assert_eq!(ingress(&own(&model, "portal")), routed("gateway-system"));
    model.target.features.remove(&Feature::GatewayApi);
    assert_eq!(ingress(&own(&model, "portal")), routed("ingress-nginx"));
}

fn door(kind: ServiceType, sources: &[&str], policy: Option<TrafficPolicy>) -> Value {
    let mut model = model();
    let portal = &mut model.components["portal"];
    portal.routes.clear();
    let service = portal.service.take().unwrap();
    let sources = sources.iter().map(|source| (*source).to_owned()).collect();
    portal.service = Some(Service { kind, sources, external_traffic_policy: policy, ..service });
    ingress(&own(&model, "portal"))
}

#[test]
fn a_door_opens_to_its_sources_where_the_policy_sees_them() {
    let everyone = json!([{"ports": tcp(&[8080])}]);
    assert_eq!(door(ServiceType::ClusterIp, &[], None), Value::Null);
    assert_eq!(door(ServiceType::NodePort, &[], None), everyone);
    assert_eq!(door(ServiceType::LoadBalancer, &["192.0.2.0/24"], Some(TrafficPolicy::Cluster)), everyone);
    assert_eq!(
        door(ServiceType::LoadBalancer, &["192.0.2.0/24"], Some(TrafficPolicy::Local)),
        json!([{"from": [{"ipBlock": {"cidr": "192.0.2.0/24"}}], "ports": tcp(&[8080])}])
    );
}

#[test]
fn ranges_leave_out_only_what_lies_inside() {
    let to = EgressTo::Cidrs {
        cidrs: vec!["10.0.0.0/8".into(), "192.0.2.0/24".into(), "0.0.0.0/0".into()],
        except: vec!["10.1.0.0/16".into()],
        hosts: vec!["example.com".into()],
    };
    assert_eq!(
        reached(to, &[443]),
        json!({"ports": tcp(&[443]), "to": [
            {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}},
            {"ipBlock": {"cidr": "192.0.2.0/24"}},
            {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.1.0.0/16", "169.254.169.254/32"]}},
        ]})
    );
}

#[test]
fn everything_is_without_the_credentials_of_the_node() {
    let to = EgressTo::Any { except: vec!["169.254.169.254/32".into(), "10.0.0.0/8".into()] };
    assert_eq!(
        reached(to, &[]),
        json!({"to": [
            {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.169.254/32", "10.0.0.0/8"]}},
            {"ipBlock": {"cidr": "::/0", "except": ["fd00:ec2::254/128"]}},
        ]})
    );
}

#[test]
fn object_stores_are_where_the_target_says_or_on_the_internet() {
    let public = reached(EgressTo::ObjectStore { hosts: Vec::new() }, &[]);
    assert_eq!(public["ports"], tcp(&[443]));
    assert_eq!(
        public["to"][0]["ipBlock"]["except"],
        json!(["10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"])
    );
    assert_eq!(public["to"][1], json!({"ipBlock": {"cidr": "::/0", "except": ["fc00::/7", "fe80::/10"]}}));
    let mut model = model();
    model.target.object_store = vec!["10.20.0.0/16".into()];
    assert_eq!(
        reached_on(model, EgressTo::ObjectStore { hosts: Vec::new() }, &[]),
        json!({"to": [{"ipBlock": {"cidr": "10.20.0.0/16"}}]})
    );
}

#[test]
fn named_parts_of_the_cluster_are_open_where_written() {
    assert_eq!(reached(EgressTo::KubernetesApi, &[]), json!({"ports": tcp(&[443, 6443])}));
    assert_eq!(reached(EgressTo::Prometheus, &[]), json!({"to": [namespace("monitoring")], "ports": tcp(&[9090])}));
    assert_eq!(reached(EgressTo::Hosts(vec!["example.com".into()]), &[443]), Value::Null);
    let elsewhere = EgressTo::Pods { namespace: Some("search".into()), labels: strings(&[("app", "index")]) };
    let mut peer = namespace("search");
    peer["podSelector"] = json!({"matchLabels": {"app": "index"}});
    assert_eq!(reached(elsewhere, &[9200]), json!({"to": [peer], "ports": tcp(&[9200])}));
    let here = EgressTo::Pods { namespace: None, labels: strings(&[("app", "index")]) };
    assert_eq!(reached(here, &[]), json!({"to": [{"podSelector": {"matchLabels": {"app": "index"}}}]}));
}

/// The egress of `portal` by name, on a target with Cilium.
fn by_name(mut model: Model, to: EgressTo, ports: &[u16]) -> Value {
    model.target.features.insert(Feature::Cilium);
    model.components["portal"].egress = vec![Egress { name: "x".into(), to, ports: ports.to_vec() }];
    let policies = policies(&model, "portal");
    // What is open by name is not open by address too.
    assert_eq!(egress(&policies[0]).as_array().map(Vec::len), Some(1));
    policies.get(1).map(egress).unwrap_or_default()
}

fn asked(labels: &Value) -> Value {
    json!({
        "toEndpoints": [{"matchLabels": labels}],
        "toPorts": [{"ports": [{"port": "53", "protocol": "ANY"}], "rules": {"dns": [{"matchPattern": "*"}]}}],
    })
}

#[test]
fn cilium_opens_names_and_learns_their_addresses_from_the_dns() {
    let https = json!([{"ports": [{"port": "443", "protocol": "TCP"}]}]);
    let dns = asked(&json!({"k8s-app": "kube-dns", "k8s:io.kubernetes.pod.namespace": "kube-system"}));
    let hosts = || vec!["a.example.com".to_owned(), "*.b.example.com".to_owned()];
    let fqdns = json!([{"matchName": "a.example.com"}, {"matchPattern": "*.b.example.com"}]);
    let opened = json!([dns, {"toFQDNs": fqdns, "toPorts": https}]);
    assert_eq!(by_name(model(), EgressTo::Hosts(hosts()), &[443]), opened);
    assert_eq!(by_name(model(), EgressTo::Public { hosts: hosts() }, &[443]), opened);
    assert_eq!(by_name(model(), EgressTo::ObjectStore { hosts: hosts() }, &[]), opened);
    assert_eq!(by_name(model(), EgressTo::Hosts(hosts()), &[]), json!([dns, {"toFQDNs": fqdns}]));
}

#[test]
fn cilium_knows_the_api_server() {
    let ports = json!([{"ports": [{"port": "443", "protocol": "TCP"}, {"port": "6443", "protocol": "TCP"}]}]);
    let opened = json!([{"toEntities": ["kube-apiserver"], "toPorts": ports}]);
    assert_eq!(by_name(model(), EgressTo::KubernetesApi, &[]), opened);
}

#[test]
fn a_policy_of_cilium_closes_nothing_that_was_open() {
    let mut model = model();
    model.target.features.insert(Feature::Cilium);
    model.network.deny = false;
    model.components["portal"].egress =
        vec![Egress { name: "x".into(), to: EgressTo::Hosts(vec!["example.com".into()]), ports: vec![] }];
    assert_eq!(names(&policies(&model, "portal")), [""; 0]);
    model.components["portal"].kind = crate::spec::Kind::Agent;
    assert_eq!(names(&policies(&model, "portal")), ["NetworkPolicy portal", "CiliumNetworkPolicy portal"]);
}

fn opening(to: &[&str]) -> Opening {
    Opening {
        name: "support".into(),
        namespace: Some("support".into()),
        labels: strings(&[("app", "desk")]),
        to: to.iter().map(|key| (*key).to_owned()).collect(),
        ports: vec![8000],
    }
}

#[test]
fn an_opening_is_a_policy_or_a_rule_of_those_it_names() {
    let mut peer = namespace("support");
    peer["podSelector"] = json!({"matchLabels": {"app": "desk"}});
    let rule = json!({"from": [peer], "ports": tcp(&[8000])});
    let mut model = model();
    model.network.openings = vec![opening(&[])];
    let all = system_part(&model, of_system);
    let policy = find(&all, "NetworkPolicy", "allow-from-support");
    assert_facts(policy, r#"/spec/policyTypes = ["Ingress"]"#);
    assert_eq!(ingress(policy), json!([rule]));
    model.network.openings = vec![opening(&["codegen"])];
    assert_eq!(names(&system_part(&model, of_system)).len(), 2);
    assert_eq!(ingress(&own(&model, "codegen"))[1], rule);
    assert!(!ingress(&own(&model, "api")).to_string().contains("support"));
}

#[test]
fn an_issuer_reaches_its_solver_through_the_ingress_controller() {
    let mut model = model();
    model.target.features.remove(&Feature::GatewayApi);
    assert_eq!(system_part(&model, of_system).len(), 2);
    model.components["portal"].routes[0].tls = RouteTls::Secret { name: "portal-tls".into(), issued: true };
    let objects = system_part(&model, of_system);
    let solver = find(&objects, "NetworkPolicy", "allow-acme-solver");
    assert_facts(
        solver,
        r#"
        /spec/podSelector/matchLabels = {"acme.cert-manager.io/http01-solver": "true"}
        /spec/policyTypes = ["Ingress"]
        "#,
    );
    assert_eq!(ingress(solver), json!([{"from": [namespace("ingress-nginx")], "ports": tcp(&[8089])}]));
}

/// True where some rule lets these pods of the namespace through on the port.
fn lets_through(rules: &Value, end: &str, labels: &Strings, port: u16) -> bool {
    let listed = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let is_pod = |peer: &Value| {
        let wanted = peer.pointer("/podSelector/matchLabels").and_then(Value::as_object);
        let has = |(key, value): (&String, &Value)| labels.get(key).map(String::as_str) == value.as_str();
        peer.get("namespaceSelector").is_none() && wanted.is_some_and(|wanted| wanted.iter().all(has))
    };
    let is_port =
        |rule: &Value| rule.get("ports").is_none_or(|ports| listed(ports).iter().any(|one| one["port"] == port));
    listed(rules).iter().any(|rule| is_port(rule) && rule.get(end).is_none_or(|peers| listed(peers).iter().any(is_pod)))
}

const KEYS: [&str; 6] = ["portal", "api", "codegen", "db", "cache", "train"];

fn edges() -> impl Strategy<Value = Vec<Edge>> {
    let edge = (
        0..KEYS.len(),
        0..KEYS.len(),
        proptest::sample::subsequence(vec!["http", "grpc", "metrics", "postgres", "redis"], 0..=5),
    );
    let edge = edge.prop_map(|(from, to, ports)| Edge {
        from: KEYS[from].into(),
        to: KEYS[to].into(),
        ports: ports.into_iter().map(Into::into).collect(),
        wait: false,
    });
    proptest::collection::vec(edge, 0..12)
}

proptest! {
    /// Between two components exactly the ports of their edges are open, and at both ends.
    #[test]
    fn edges_and_nothing_else_are_open_at_both_ends(edges in edges()) {
        let mut model = model();
        model.edges = edges;
        let cx = Lowering::new(&model);
        let labels: Vec<Strings> =
            KEYS.iter().filter_map(|key| super::peers::own_pods(&cx, &model.components[*key]).match_labels).collect();
        let own: Vec<Object> = KEYS.iter().map(|key| own(&model, key)).collect();
        for (from, to) in (0..KEYS.len()).flat_map(|from| (0..KEYS.len()).map(move |to| (from, to))).filter(|(from, to)| from != to) {
            for port in model.components[KEYS[to]].ports() {
                let opened = model.edges.iter().any(|edge| edge.from == KEYS[from] && edge.to == KEYS[to] && edge.ports.contains(&port.name));
                prop_assert_eq!(lets_through(&egress(&own[from]), "to", &labels[to], port.target), opened);
                prop_assert_eq!(lets_through(&ingress(&own[to]), "from", &labels[from], port.target), opened);
            }
        }
    }
}
