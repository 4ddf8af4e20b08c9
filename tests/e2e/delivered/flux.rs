//! Flux follows what is published: everything in its order, a new image, a component that goes, and nothing at all.

use super::ground::Ground;
use super::live::{all, differ, get, in_order, list, written};
use super::{WITHIN, must, namespace, operate, prepare, start, until};
use crate::Figures;
use crate::api::{Api, items};
use crate::cluster::{Cluster, Guarded, Shared, free_ports};
use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};
use std::time::Instant;

const SUITE: &str = "flux";
const ENVIRONMENT: &str = "flux";
/// Where the system stands.
const SHOP: &str = "shop-flux";
const TOOL: &str = "flux-system";
const REQUESTED: &str = "reconcile.fluxcd.io/requestedAt";

pub(crate) fn trials(cluster: &Shared, figures: &Figures) -> Vec<Trial> {
    let (cluster, figures) = (cluster.clone(), figures.clone());
    vec![Trial::test(format!("{SUITE}/follows what is published"), move || judge(&cluster, &figures))]
}

fn judge(cluster: &Shared, figures: &Figures) -> Result<(), Failed> {
    let cluster = cluster.with_controllers()?;
    let flux = Flux::start(cluster)?;
    let started = Instant::now();
    flux.story(figures).map_err(|error| format!("{error}\n{}", flux.logs()))?;
    figures.add(SUITE, "seconds", usize::try_from(started.elapsed().as_secs()).unwrap_or_default());
    Ok(())
}

struct Flux<'a> {
    cluster: &'a Cluster,
    api: &'a Api,
    _programs: Vec<Guarded>,
    ground: Ground,
}

impl<'a> Flux<'a> {
    fn start(cluster: &'a Cluster) -> Result<Self, String> {
        let ground = Ground::new()?;
        prepare(&cluster.api, &[TOOL])?;
        let metadata = json!({"name": "shop", "namespace": TOOL});
        let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata});
        let subjects = json!([{"kind": "ServiceAccount", "name": "shop", "namespace": TOOL}]);
        let role = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"});
        let binding = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "flux-shop"}, "subjects": subjects, "roleRef": role});
        for object in [account, binding] {
            cluster.api.create(&object)?.accepted()?;
        }
        let [artifacts, health, other] = free_ports().map_err(|error| error.to_string())?;
        let variables = [format!("KUBECONFIG={}", cluster.kubeconfig.display()), format!("RUNTIME_NAMESPACE={TOOL}")];
        let flags = |health: u16, own: &[String]| -> Vec<String> {
            let shared = ["--metrics-addr=0".to_owned(), format!("--health-addr=127.0.0.1:{health}")];
            [&shared, own].concat()
        };
        let store = ground.path("artifacts");
        std::fs::create_dir(&store).map_err(|error| error.to_string())?;
        let source = [
            format!("--storage-path={}", store.display()),
            format!("--storage-addr=127.0.0.1:{artifacts}"),
            format!("--storage-adv-addr=127.0.0.1:{artifacts}"),
        ];
        let folder = ground.path("");
        let programs = vec![
            start(cluster, "source-controller", &folder, &variables, &flags(health, &source))?,
            start(
                cluster,
                "kustomize-controller",
                &folder,
                &variables,
                &flags(other, &["--requeue-dependency=1s".into()]),
            )?,
        ];
        Ok(Self { cluster, api: &cluster.api, _programs: programs, ground })
    }

    fn story(&self, figures: &Figures) -> Result<(), String> {
        let tip = self.ground.publish(ENVIRONMENT)?;
        let delivery = self.ground.delivery(self.cluster, ENVIRONMENT)?;
        for object in &delivery {
            self.api.apply(object, &object.to_string())?.accepted()?;
        }
        let steps: Vec<Value> = delivery.into_iter().filter(|object| object["kind"] == "Kustomization").collect();
        let steps = chain(&steps)?;
        self.waits_for_the_secret(&steps)?;
        self.becomes_ready(&steps, &tip)?;
        let objects = self.ordered(&steps)?;
        figures.add(SUITE, "Kustomizations ready in their order", steps.len());
        figures.add(SUITE, "objects delivered", objects.len());
        figures.add(SUITE, "pairs of objects in their order", in_order(&objects)?);
        self.rolls_out(&steps)?;
        figures.add(SUITE, "new image rolled out, behind its migration", 1);
        figures.add(SUITE, "objects pruned with their component, its claim kept", self.prunes(&steps)?);
        figures.add(SUITE, "objects as they were after a second run", self.changes_nothing(&steps)?);
        figures.add(SUITE, "objects kept when the delivery went", self.goes(&steps)?);
        Ok(())
    }

    /// The custom kind in the base is not ready by itself, and nothing of a later step comes before it is.
    fn waits_for_the_secret(&self, steps: &[Value]) -> Result<(), String> {
        until("the second step waits", WITHIN, || {
            must(
                !list(self.api, "external-secrets.io/v1", "ExternalSecret", SHOP).unwrap_or_default().is_empty(),
                || "no secret yet".into(),
            )?;
            let ready = self.condition(&steps[1])?;
            must(ready["reason"] == "DependencyNotReady", || ready.to_string())
        })?;
        must(self.condition(&steps[0])?["status"] != "True", || "the base is ready without its secret".into())?;
        for kind in ["Deployment", "StatefulSet"] {
            let found = list(self.api, "apps/v1", kind, SHOP)?;
            let early = found.iter().filter(|object| object["metadata"]["name"] != "cache");
            must(early.count() == 0, || format!("a {kind} comes before the secret"))?;
        }
        Ok(())
    }

    fn condition(&self, step: &Value) -> Result<Value, String> {
        let step = get(self.api, step)?.ok_or("a step is gone")?;
        Ok(items(&step["status"]["conditions"]).find(|it| it["type"] == "Ready").cloned().unwrap_or_default())
    }

    /// Waits until every step has applied a commit, and is ready.
    fn becomes_ready(&self, steps: &[Value], tip: &str) -> Result<(), String> {
        until("every Kustomization is ready", WITHIN, || {
            operate(self.api, SHOP)?;
            for step in steps {
                let now = get(self.api, step)?.ok_or("a step is gone")?;
                let ready = self.condition(step)?;
                let applied = now["status"]["lastAppliedRevision"].as_str().unwrap_or_default().ends_with(tip);
                must(ready["status"] == "True" && applied, || {
                    format!("{}: {}", step["metadata"]["name"], now["status"]["conditions"])
                })?;
            }
            Ok(())
        })
    }

    /// What is delivered, with the place of its step. For the last one, nobody waits, nor for what it has.
    fn ordered(&self, steps: &[Value]) -> Result<Vec<(usize, Value)>, String> {
        let place = |object: &Value| {
            let step = &object["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/name"];
            let place = steps.iter().position(|it| it["metadata"]["name"] == *step);
            place.ok_or_else(|| format!("{} is of no step", crate::api::name(object)))
        };
        let live = all(self.api, &self.ground.objects(ENVIRONMENT)?)?;
        live.into_iter().map(|object| Ok((place(&object)?, object))).collect()
    }

    /// Asks for what the interval would bring, as `flux reconcile` does.
    fn reconcile(&self, object: &Value, token: &str) -> Result<(), String> {
        let patch = json!({"metadata": {"annotations": {REQUESTED: token}}});
        self.api.merge(object, "", &patch)?.accepted().map(drop)
    }

    fn source() -> Value {
        json!({"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": {"name": SHOP, "namespace": TOOL}})
    }

    /// Publishes what is changed, and waits until it is there.
    fn follows(&self, steps: &[Value]) -> Result<(), String> {
        let tip = self.ground.publish(ENVIRONMENT)?;
        self.reconcile(&Self::source(), &tip)?;
        self.becomes_ready(steps, &tip)
    }

    fn rolls_out(&self, steps: &[Value]) -> Result<(), String> {
        self.ground.change("/api:2.1.0", "/api:2.2.0")?;
        self.follows(steps)?;
        super::rolled_out(self.api, SHOP, "registry.example.com/api:2.2.0")
    }

    fn prunes(&self, steps: &[Value]) -> Result<usize, String> {
        let before = self.ground.objects(ENVIRONMENT)?;
        self.ground.remove("archive")?;
        self.follows(steps)?;
        super::pruned(self.api, &before, &self.ground.objects(ENVIRONMENT)?)
    }

    fn changes_nothing(&self, steps: &[Value]) -> Result<usize, String> {
        let tip = self.ground.git("deployed.git", &["rev-parse", "main"])?;
        must(self.ground.publish(ENVIRONMENT)? == tip, || "a second publication commits again".into())?;
        let objects = self.ground.objects(ENVIRONMENT)?;
        let before = written(all(self.api, &objects)?);
        self.reconcile(&Self::source(), "again")?;
        for step in steps {
            self.reconcile(step, "again")?;
        }
        until("every Kustomization ran again", WITHIN, || {
            for step in steps {
                let now = get(self.api, step)?.ok_or("a step is gone")?;
                must(now["status"]["lastHandledReconcileAt"] == "again", || now["status"].to_string())?;
            }
            Ok(())
        })?;
        self.becomes_ready(steps, &tip)?;
        let after = written(all(self.api, &objects)?);
        must(differ(&before, &after).is_none(), || differ(&before, &after).unwrap_or_default())?;
        Ok(after.len())
    }

    /// Takes the delivery away: what it kept is data and their namespace.
    fn goes(&self, steps: &[Value]) -> Result<usize, String> {
        let objects = self.ground.objects(ENVIRONMENT)?;
        for step in steps.iter().rev() {
            self.api.remove(step)?;
            until("a step goes", WITHIN, || {
                must(get(self.api, step)?.is_none(), || step["metadata"]["name"].to_string())
            })?;
        }
        self.api.remove(&Self::source())?;
        super::kept(self.api, &objects, &namespace(SHOP))
    }

    fn logs(&self) -> String {
        ["source-controller", "kustomize-controller"].map(|name| super::errors(&self.ground, name)).join("\n")
    }
}

/// The steps, each behind the one that it depends on.
fn chain(steps: &[Value]) -> Result<Vec<Value>, String> {
    let mut chain: Vec<Value> = Vec::new();
    while chain.len() < steps.len() {
        let before = chain.last().map_or(Value::Null, |step| step["metadata"]["name"].clone());
        let next = steps.iter().find(|step| step["spec"]["dependsOn"][0]["name"] == before);
        chain.push(next.ok_or_else(|| format!("nothing comes behind {before}"))?.clone());
    }
    must(chain.len() > 2, || "the steps are too few to show an order".into())?;
    Ok(chain)
}
