//! Changes to tell of.

use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use windlass::diff::{diff, groups};
use windlass::kube::{Content, Identity, Object, Phase};
use windlass::model::Quantity;
use windlass::review::report::Report;
use windlass::review::{Cause, Class, Range, Review, Risk, Totals, Verdict, Wave};
use windlass::source::Position;

fn object(value: &Value) -> Object {
    Object::read(Content::of(value).expect("a tree"), None, Phase::Configuration)
}

fn of(api: &str, kind: &str, namespace: &str, name: &str, rest: &Value) -> Object {
    let mut value = json!({"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": namespace}});
    for (key, part) in rest.as_object().expect("fields") {
        if key == "labels" { value["metadata"]["labels"] = part.clone() } else { value[key] = part.clone() }
    }
    object(&value)
}

fn deployment(namespace: &str, name: &str, image: &str, replicas: u32, level: &str) -> Object {
    of(
        "apps/v1",
        "Deployment",
        namespace,
        name,
        &json!({
            "labels": {"app.kubernetes.io/name": name, "team": level},
            "spec": {
                "replicas": replicas,
                "template": {"spec": {"containers": [{
                    "name": name,
                    "image": image,
                    "env": [{"name": "LOG_LEVEL", "value": "info"}, {"name": "REGION", "value": "eu"}],
                    "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}},
                }]}},
            },
        }),
    )
}

fn review(environment: &str, before: &[Object], after: &[Object], risks: Vec<Risk>) -> Review {
    let changes = diff(before, after);
    Review {
        system: "shop".into(),
        environment: environment.into(),
        groups: groups(&changes),
        changes,
        risks,
        totals: None,
        cost: None,
        waves: Vec::new(),
    }
}

struct Made(Risk);

fn risk(class: Class, rule: &'static str, object: &Object, what: &str) -> Made {
    Made(Risk {
        class,
        rule,
        identity: object.identity.clone(),
        component: None,
        field: String::new(),
        before: None,
        after: None,
        what: what.into(),
        reason: String::new(),
        help: None,
        cause: None,
        verdict: Verdict::Shown,
    })
}

impl Made {
    fn at(mut self, field: &str, before: &str, after: &str) -> Self {
        self.0.field = field.into();
        (self.0.before, self.0.after) = (Some(before.into()), Some(after.into()));
        self
    }

    fn why(mut self, reason: &str, help: &str) -> Self {
        self.0.reason = reason.into();
        self.0.help = Some(help.into());
        self
    }

    fn by(mut self, file: &str, line: usize, column: usize, path: &str) -> Self {
        let at = Position { line, column };
        self.0.cause = Some(Cause { path: path.into(), file: file.into(), at, is_old: false });
        self
    }

    fn verdict(mut self, verdict: Verdict) -> Self {
        self.0.verdict = verdict;
        self
    }
}

fn amounts(all: &[(&str, &str)]) -> BTreeMap<String, Quantity> {
    all.iter().map(|(name, amount)| ((*name).into(), Quantity::parse(amount).expect("a quantity"))).collect()
}

fn range(least: i64, most: i64) -> Range {
    Range { least: Quantity::from_units(least), most: Quantity::from_units(most), currency: "EUR".into() }
}

/// The objects of one environment, before and after.
fn sides(namespace: &str, production: bool) -> (Vec<Object>, Vec<Object>) {
    let config = |digest: &str, level: &str, limit: u32| {
        let text = format!(
            "listen: 8080\nlog:\n  level: {level}\n  format: json\nlimits:\n  tokens: {limit}\n  requests: 50\n"
        );
        of("v1", "ConfigMap", namespace, &format!("api-files-{digest}"), &json!({"data": {"config.yaml": text}}))
    };
    let queue = |service: &str, size: &str| {
        of(
            "apps/v1",
            "StatefulSet",
            namespace,
            "queue",
            &json!({"spec": {
                "serviceName": service,
                "replicas": 1,
                "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": size}}}}],
            }}),
        )
    };
    let reads = |name: &str, config: &str, team: &str| {
        of(
            "apps/v1",
            "Deployment",
            namespace,
            name,
            &json!({"labels": {"team": team}, "spec": {"template": {"spec": {
                "containers": [{"name": name, "image": "registry.example.com/tools:v2"}],
                "volumes": [{"name": "files", "configMap": {"name": config}}],
            }}}}),
        )
    };
    let secret = |value: &str| of("v1", "Secret", namespace, "api-token", &json!({"data": {"token": value}}));
    let workers = |team: &str| {
        ["mailer", "ranker", "thumbs"].map(|name| {
            of("apps/v1", "Deployment", namespace, name, &json!({"labels": {"team": team}, "spec": {"replicas": 1}}))
        })
    };
    let mut before = vec![
        config("0123456789", "info", 2000),
        deployment(namespace, "api", "registry.example.com/shop/api:v1.9.2", if production { 3 } else { 1 }, "shop"),
        queue("queue", "10Gi"),
        reads("indexer", "api-files-0123456789", "shop"),
        secret("aHVudGVyMg=="),
        of("v1", "Service", namespace, "old-api", &json!({"spec": {"ports": [{"name": "http", "port": 80}]}})),
    ];
    let mut after = vec![
        config("abcdef0123", "debug", 8000),
        deployment(
            namespace,
            "api",
            "registry.example.com/shop/api:v2.0.0",
            if production { 2 } else { 1 },
            "commerce",
        ),
        queue("queue-headless", "20Gi"),
        reads("indexer", "api-files-abcdef0123", "commerce"),
        secret("c3dvcmRmaXNo"),
        of(
            "networking.k8s.io/v1",
            "NetworkPolicy",
            namespace,
            "api-from-anywhere",
            &json!({"spec": {
                "podSelector": {"matchLabels": {"app.kubernetes.io/name": "api"}}, "ingress": [{"from": []}], "policyTypes": ["Ingress"],
            }}),
        ),
    ];
    before.extend(workers("shop"));
    after.extend(workers("commerce"));
    (before, after)
}

fn risks(production: bool, after: &[Object]) -> Vec<Risk> {
    let (config, api, queue, policy) = (&after[0], &after[1], &after[2], &after[5]);
    let gone = object(&json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "old-api", "namespace": api.identity.namespace}}));
    let mut made = vec![
        risk(Class::Rejected, "stateful-set-immutable", queue, "the API server refuses the new `serviceName`")
            .at("spec.serviceName", "queue", "queue-headless")
            .why(
                "of a StatefulSet only `replicas`, `template`, `updateStrategy`, `ordinals`, `minReadySeconds` and the retention of claims may change; Argo CD shows the sync as failed and tries again, Flux stops the Kustomization",
                "keep `serviceName`, or delete the StatefulSet with `--cascade=orphan` and let the sync create it anew",
            )
            .by("system.yaml", 41, 7, "components.queue.service")
            .verdict(Verdict::Denied),
        risk(Class::Rejected, "stateful-set-immutable", queue, "the API server refuses the new size of the claim template")
            .at("spec.volumeClaimTemplates[data].spec.resources.requests.storage", "10Gi", "20Gi")
            .why("a claim template cannot change", "grow the claims themselves, then replace the StatefulSet")
            .by("system.yaml", 44, 13, "components.queue.storage.size"),
        risk(Class::Downtime, "service-removed", &gone, "clients that call `old-api` get no answer")
            .why("the name is gone from the cluster's DNS as soon as the Service is pruned", "remove it one release later")
            .verdict(Verdict::Acknowledged("nobody calls it since March".into())),
        risk(Class::Security, "network-opened", policy, "every pod may reach `api`")
            .why("an ingress rule whose `from` is empty allows all sources", "name the components that call it")
            .by("system.yaml", 12, 5, "components.api.network")
            .verdict(Verdict::Unacknowledged),
        risk(Class::Restart, "template-changed", api, "all pods are replaced, one at a time")
            .at("spec.template.spec.containers[api].image", "registry.example.com/shop/api:v1.9.2", "registry.example.com/shop/api:v2.0.0")
            .why("the pod template differs; major version", "watch the first pod before the others follow")
            .by("system.yaml", 9, 12, "components.api.image"),
        risk(Class::Config, "config-changed", config, "the files that `api` reads change"),
    ];
    if production {
        let less = risk(Class::Downtime, "fewer-replicas", api, "the service runs on two pods")
            .at("spec.replicas", "3", "2")
            .why("one node that fails takes half of the capacity away", "keep three")
            .by("environments/production.yaml", 14, 16, "components.api.replicas");
        made.insert(2, less);
    }
    made.extend(after[6..].iter().map(|worker| {
        risk(Class::Metadata, "label-changed", worker, "a label changes that nothing selects").at(
            "metadata.labels.team",
            "shop",
            "commerce",
        )
    }));
    made.into_iter().map(|made| made.0).collect()
}

fn waves(after: &[Object], change: &[Identity]) -> Vec<Wave> {
    let configuration: Vec<Identity> = change.iter().take(2).cloned().collect();
    vec![
        Wave { name: "configuration", objects: configuration, waits: Vec::new(), halfway: None },
        Wave {
            name: "stores",
            objects: vec![after[2].identity.clone()],
            waits: Vec::new(),
            halfway: Some("the StatefulSet is refused, and nothing after it is delivered".into()),
        },
        Wave {
            name: "frontends",
            objects: vec![after[1].identity.clone(), after[3].identity.clone()],
            waits: vec!["Deployment api waits for StatefulSet queue".into()],
            halfway: None,
        },
    ]
}

/// One change of everything, in two environments; a third stays as it is.
pub(crate) fn report() -> Report {
    let mut reviews = Vec::new();
    for (environment, production) in [("production", true), ("staging", false)] {
        let (before, after) = sides(&format!("shop-{environment}"), production);
        let mut review = review(environment, &before, &after, risks(production, &after));
        let identities: Vec<Identity> = [&after[0], &after[4]].map(|object| object.identity.clone()).to_vec();
        review.waves = waves(&after, &identities);
        if production {
            let least = [("cpu", "4"), ("memory", "12Gi"), ("nvidia.com/gpu", "1")];
            review.totals = Some((
                Totals {
                    least: amounts(&least),
                    most: amounts(&[("cpu", "16"), ("memory", "48Gi"), ("nvidia.com/gpu", "4")]),
                },
                Totals {
                    least: amounts(&least),
                    most: amounts(&[("cpu", "18500m"), ("memory", "52Gi"), ("nvidia.com/gpu", "4")]),
                },
            ));
            review.cost = Some((range(1_200, 4_100), range(1_200, 4_650)));
        }
        reviews.push(review);
    }
    reviews.push(review("preview", &[], &[], Vec::new()));
    Report {
        reviews,
        before: "main (1a2b3c4)".into(),
        after: "the working tree".into(),
        notes: vec!["the base does not compile for `preview`; compared with the rendered tree".into()],
    }
}

/// Values that try to leave their place.
pub(crate) fn hostile() -> Report {
    let evil = [
        "``` \n</details><script>alert(1)</script>\n````\n| a | b |\n",
        "`x` @everyone #123 <img src=x onerror=y> [a](http://evil.example) https://evil.example ![i](x)",
        "\u{1b}[2J\u{202e}gnp</script><!-- | **bold** ~~x~~ \\`",
    ];
    let map = |text: &str| of("v1", "ConfigMap", "ai", "evil", &json!({"data": {"a|b`c": text, "<b>": evil[1]}}));
    let (before, after) = (vec![map(evil[0])], vec![map(evil[2])]);
    let mut made: Vec<Risk> = evil
        .iter()
        .flat_map(|text| {
            let made = |class, rule| {
                risk(class, rule, &after[0], text)
                    .at(&format!("data[{text}]"), text, evil[1])
                    .why(text, text)
                    .by(text, 3, 5, text)
            };
            [made(Class::Downtime, "a"), made(Class::Capacity, "b").verdict(Verdict::Acknowledged((*text).into()))]
        })
        .map(|made| made.0)
        .collect();
    made.sort_by_key(|risk| risk.class);
    let mut review = review(evil[1], &before, &after, made);
    let identity = Identity { name: evil[0].into(), ..after[0].identity.clone() };
    review.changes[0].identity = identity.clone();
    review.waves = vec![Wave {
        name: "routes",
        objects: vec![identity],
        waits: vec![evil[1].into()],
        halfway: Some(evil[2].into()),
    }];
    let mut other = review.clone();
    other.system = evil[2].into();
    Report {
        reviews: vec![review, other],
        before: evil[0].into(),
        after: evil[1].into(),
        notes: evil.map(Into::into).to_vec(),
    }
}

/// A change of many objects.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Many {
    pub(crate) objects: usize,
    pub(crate) environments: usize,
}

impl Many {
    pub(crate) fn report(self) -> Report {
        let of_environment = |environment: usize| {
            let all = |version: usize| -> Vec<Object> {
                let one = |at: usize| {
                    let image = format!("registry.example.com/shop/part-{at}:v{}", version + at);
                    let team = if version == 1 { "shop" } else { "commerce" };
                    deployment("ai", &format!("part-{at:05}"), &image, 1 + u32::from(environment == 0), team)
                };
                (0..self.objects).map(one).collect()
            };
            let (before, after) = (all(1), all(2));
            let of = |object: &Object| {
                let class = Class::ALL[object.identity.name.len() % 2 + 5];
                risk(class, "template-changed", object, &format!("the pods of `{}` are replaced", object.identity.name))
                    .0
            };
            let risks = after.iter().map(of).collect();
            review(&format!("environment-{environment}"), &before, &after, risks)
        };
        let reviews = (0..self.environments).map(of_environment).collect();
        Report { reviews, before: "main".into(), after: "HEAD".into(), notes: Vec::new() }
    }
}

/// Sets of objects with few names, so that they meet.
pub(crate) fn objects() -> impl Strategy<Value = Vec<Object>> {
    let leaf = prop_oneof![Just(json!(1)), Just(json!("a~/b")), Just(json!("1")), Just(json!(null)), Just(json!(true))];
    let value = leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[a-c/~]{1,2}", inner, 0..3).prop_map(|map| json!(map)),
        ]
    });
    let object = ("(a|b|c-0123456789|c-abcdef0123)", value)
        .prop_map(|(name, value)| (name.clone(), of("v1", "ConfigMap", "ai", &name, &json!({"data": value}))));
    prop::collection::vec(object, 0..4)
        .prop_map(|all| all.into_iter().collect::<BTreeMap<_, _>>().into_values().collect())
}

/// A report of what differs between two sets.
pub(crate) fn compared(before: &[Object], after: &[Object]) -> Report {
    Report { reviews: vec![review("production", before, after, Vec::new())], ..Report::default() }
}

pub(crate) fn by_identity(objects: &[Object]) -> BTreeMap<String, Value> {
    let name = |object: &Object| format!("{:?} {:?}", object.identity.kind, object.identity.name);
    objects.iter().map(|object| (name(object), object.json())).collect()
}
