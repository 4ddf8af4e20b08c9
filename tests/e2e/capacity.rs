//! What `windlass capacity` answers, asked of the scheduler: every pod gets a node where it says that all fit, and not
//! every pod where it says that they do not.

use crate::Figures;
use crate::api::{Api, items};
use crate::cluster::Shared;
use crate::systems::{self, folders, printed};
use libtest_mimic::{Failed, Trial};
use serde_json::{Map, Value, json};
use std::thread::sleep;
use std::time::{Duration, Instant};
use windlass::capacity::{Capacity, Demand, Pool, Role, Verdict, pack};
use windlass::kube::Object;

const SUITE: &str = "capacity";
const WITHIN: Duration = Duration::from_mins(2);
/// What pods ask for and a pool does not name, its nodes have enough of.
const ENOUGH: &str = "1Ti";

pub(crate) fn trials(cluster: &Shared, figures: &Figures) -> Vec<Trial> {
    let trial = |folder: std::path::PathBuf| {
        let example = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (cluster, figures) = (cluster.clone(), figures.clone());
        Trial::test(format!("{SUITE}/examples/{example}"), move || {
            let api = &cluster.with_controllers()?.api;
            let system = format!("examples/{example}/system.yaml");
            for sized in systems::sized(systems::root(), &system)? {
                judge(api, &sized, &figures).map_err(|error| format!("{}: {error}", sized.environment))?;
            }
            Ok::<(), Failed>(())
        })
    };
    folders("examples").into_iter().map(trial).collect()
}

/// A system for an environment that describes its nodes.
pub(crate) struct Sized {
    pub(crate) environment: String,
    pub(crate) objects: Vec<Object>,
    pub(crate) capacity: Capacity,
}

fn judge(api: &Api, sized: &Sized, figures: &Figures) -> Result<(), String> {
    let lasting: Vec<Demand> =
        sized.capacity.demands.iter().filter(|demand| !demand.role.is_passing()).cloned().collect();
    let mut pools = sized.capacity.pools.clone();
    if matches!(sized.capacity.steady, Verdict::Fits) {
        let left = left_over(api, sized, &lasting, &pools)?;
        if !left.is_empty() {
            return Err(format!("capacity says that all fit; these get no node:\n{}", left.join("\n")));
        }
        figures.add(SUITE, "times all pods got nodes, as it was said", 1);
    }
    while !matches!(pack(&lasting, &pools).verdict, Verdict::DoesNotFit(_)) {
        match pools.iter_mut().max_by_key(|pool| pool.nodes) {
            Some(pool) if pool.nodes > 0 => pool.nodes -= 1,
            _ => return Err("no pool is too small".into()),
        }
    }
    if left_over(api, sized, &lasting, &pools)?.is_empty() {
        return Err("capacity says that not all fit; every pod gets a node".into());
    }
    figures.add(SUITE, "times a pod got none, as it was said", 1);
    figures.add(SUITE, "pods", lasting.iter().map(|demand| demand.pods as usize).sum());
    Ok(())
}

/// What the scheduler says of each pod that it gives no node.
fn left_over(api: &Api, sized: &Sized, demands: &[Demand], pools: &[Pool]) -> Result<Vec<String>, String> {
    let nodes: Vec<Value> = pools.iter().flat_map(|pool| (0..pool.nodes).map(|index| node(pool, index))).collect();
    let home = namespace(sized);
    let mut made = Vec::new();
    let wanted: usize = demands.iter().map(|demand| demand.pods as usize).sum();
    let settled = nodes
        .iter()
        .try_for_each(|node| api.create(node)?.accepted().map(drop))
        .and_then(|()| comes(|| are_ready(api, nodes.len()), "the nodes do not become ready"))
        .and_then(|()| populate(api, sized, demands, &mut made))
        .and_then(|()| settle(api, &home, wanted));
    // What the next one starts from is empty again, whatever came of this one.
    for object in made.iter().rev() {
        api.delete(object)?;
    }
    comes(|| Ok(pods(api, &home)?.is_empty()), "the pods do not go")?;
    nodes.iter().try_for_each(|node| api.delete(node))?;
    settled
}

fn are_ready(api: &Api, wanted: usize) -> Result<bool, String> {
    let nodes = api.get("/api/v1/nodes")?.accepted()?.body;
    let is_ready =
        |node: &&Value| items(&node["status"]["conditions"]).any(|it| it["type"] == "Ready" && it["status"] == "True");
    Ok(items(&nodes["items"]).filter(is_ready).count() == wanted)
}

fn settle(api: &Api, namespace: &Value, wanted: usize) -> Result<Vec<String>, String> {
    let said = |pod: &Value| {
        let reason = items(&pod["status"]["conditions"]).find(|it| it["reason"] == "Unschedulable")?;
        // A claim that is not bound yet is no answer.
        let is_answer = !reason["message"].as_str().unwrap_or_default().contains("PersistentVolumeClaim");
        is_answer.then(|| format!("{}: {}", pod["metadata"]["name"], reason["message"]))
    };
    let (mut left, mut seen) = (Vec::new(), (0, 0));
    let all = || {
        let pods = pods(api, namespace)?;
        let (placed, waiting): (Vec<Value>, Vec<Value>) =
            pods.into_iter().partition(|pod| pod["spec"]["nodeName"].is_string());
        left = waiting.iter().filter_map(said).collect();
        seen = (placed.len(), left.len());
        Ok(placed.len() + waiting.len() == wanted && left.len() == waiting.len())
    };
    let outcome = comes(all, "");
    outcome.map_err(|error| format!("{error}of {wanted} pods, {} got nodes and {} none", seen.0, seen.1))?;
    Ok(left)
}

pub(crate) fn pods(api: &Api, namespace: &Value) -> Result<Vec<Value>, String> {
    let name = namespace["metadata"]["name"].as_str().unwrap_or_default();
    let list = api.get(&format!("/api/v1/namespaces/{name}/pods"))?.accepted()?.body;
    Ok(items(&list["items"]).cloned().collect())
}

pub(crate) fn comes(mut is_there: impl FnMut() -> Result<bool, String>, otherwise: &str) -> Result<(), String> {
    let started = Instant::now();
    while !is_there()? {
        if started.elapsed() > WITHIN {
            return Err(otherwise.into());
        }
        sleep(Duration::from_millis(200));
    }
    Ok(())
}

pub(crate) fn node(pool: &Pool, index: u32) -> Value {
    let name = format!("{}-{index}", pool.name);
    let mut labels =
        json!({"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"});
    labels["topology.kubernetes.io/zone"] = format!("zone-{}", index % 3).into();
    pool.labels.iter().for_each(|(label, value)| labels[label.as_str()] = value.clone().into());
    let taints: Vec<Value> = pool
        .taints
        .iter()
        .map(|taint| json!({"key": taint.key, "value": taint.value, "effect": taint.effect}))
        .collect();
    let mut room = json!({"cpu": ENOUGH, "memory": ENOUGH, "ephemeral-storage": ENOUGH});
    pool.room.iter().for_each(|(name, amount)| room[name.as_str()] = amount.to_string().into());
    json!({
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels},
        "spec": {"taints": taints}, "status": {"allocatable": room, "capacity": room},
    })
}

/// Creates Deployments and StatefulSets at their most; for pods of the other controllers, which do not run here, and of
/// jobs, which would end, pods that ask for the same.
fn populate(api: &Api, sized: &Sized, demands: &[Demand], made: &mut Vec<Value>) -> Result<(), String> {
    let home = namespace(sized);
    if !api.get(&api.path(&home)?)?.is_accepted() {
        api.create(&home)?.accepted()?;
    }
    let objects = sized.objects.iter().map(|object| Ok(printed(object)?.1));
    let objects = objects.collect::<Result<Vec<Value>, String>>()?;
    for (index, demand) in demands.iter().enumerate() {
        let own = |object: &&Value| {
            ["Deployment", "StatefulSet"].iter().any(|kind| object["kind"] == *kind)
                && object["metadata"]["name"] == demand.component.as_str()
        };
        let workload = objects.iter().find(own).filter(|_| demand.role == Role::Replicas);
        if let Some(workload) = workload {
            let mut workload = workload.clone();
            workload["spec"]["replicas"] = demand.pods.into();
            made.push(workload);
        } else {
            made.extend((0..demand.pods).map(|pod| stand_in(&home, demand, &format!("stand-in-{index}-{pod}"))));
        }
    }
    let needed = objects.into_iter().filter(|object| object["kind"] == "PersistentVolumeClaim");
    made.splice(0..0, needed);
    for object in made.iter() {
        if let Some(class) = object["spec"]["template"]["spec"]["priorityClassName"].as_str() {
            let metadata = json!({"name": class});
            api.create(&json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": metadata, "value": 1000}))?;
        }
        api.create(object)?.accepted()?;
    }
    Ok(())
}

fn namespace(sized: &Sized) -> Value {
    let name = sized.objects.iter().find_map(|object| object.identity.namespace.clone()).unwrap_or_default();
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
}

fn stand_in(namespace: &Value, demand: &Demand, name: &str) -> Value {
    let amounts = demand.request.iter().filter(|(name, _)| *name != "pods");
    let asks: Map<String, Value> = amounts.map(|(name, amount)| (name.clone(), amount.to_string().into())).collect();
    let limits: Map<String, Value> = asks
        .iter()
        .filter(|(name, _)| name.contains('/'))
        .map(|(name, amount)| (name.clone(), amount.clone()))
        .collect();
    let tolerations: Vec<Value> = demand
        .placement
        .tolerations
        .iter()
        .map(|it| {
            let operator = if it.value.is_some() { "Equal" } else { "Exists" };
            json!({"key": it.key, "value": it.value, "effect": it.effect, "operator": operator})
        })
        .collect();
    let containers = json!([{"name": "main", "image": "stand-in", "resources": {"requests": asks, "limits": limits}}]);
    let spec =
        json!({"containers": containers, "nodeSelector": demand.placement.node_selector, "tolerations": tolerations});
    let metadata = json!({"name": name, "namespace": namespace["metadata"]["name"]});
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
}
