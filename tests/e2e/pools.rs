//! The nodes of an environment's pools, and its pods on them at their most.
//!
//! Promises: whatever comes of what is done there, nothing of it is left, so that the next one starts from nothing.

use crate::api::{Api, items};
use crate::systems::printed;
use serde_json::{Map, Value, json};
use std::thread::sleep;
use std::time::{Duration, Instant};
use windlass::capacity::{Capacity, Demand, Pool, Role};
use windlass::kube::Object;

/// Longer than the controller of budgets waits for an evicted pod to go: two minutes.
const WITHIN: Duration = Duration::from_mins(3);
/// What pods ask for and a pool does not name, its nodes have enough of.
const ENOUGH: &str = "1Ti";
/// What stands beside the workloads and has a say in where and when their pods go.
const BESIDE: &[&str] = &["PersistentVolumeClaim", "PodDisruptionBudget"];

/// A system for an environment that describes its nodes.
pub(crate) struct Sized {
    pub(crate) environment: String,
    pub(crate) objects: Vec<Object>,
    pub(crate) capacity: Capacity,
}

/// Nodes, and what stands on them.
pub(crate) struct Occupied<'a> {
    pub(crate) api: &'a Api,
    pub(crate) nodes: Vec<Value>,
    pub(crate) objects: Vec<Value>,
    home: Value,
}

/// Makes nodes and pods, does what is asked, and takes all away.
pub(crate) fn occupied<T>(
    api: &Api,
    sized: &Sized,
    (pools, demands): (&[Pool], &[Demand]),
    then: impl FnOnce(&mut Occupied<'_>) -> Result<T, String>,
) -> Result<T, String> {
    let mut occupied = Occupied { api, nodes: Vec::new(), objects: Vec::new(), home: namespace(sized) };
    let nodes = pools.iter().flat_map(|pool| (0..pool.nodes).map(|index| node(pool, index))).collect();
    let outcome =
        occupied.add_nodes(nodes).and_then(|()| occupied.populate(sized, demands)).and_then(|()| then(&mut occupied));
    let cleared = occupied.clear();
    outcome.and_then(|outcome| cleared.map(|()| outcome))
}

impl Occupied<'_> {
    /// Adds nodes, and waits until they are ready.
    pub(crate) fn add_nodes(&mut self, nodes: Vec<Value>) -> Result<(), String> {
        for node in nodes {
            self.api.create(&node)?.accepted()?;
            self.nodes.push(node);
        }
        let is_ready = |node: &&Value| is_true(node, "Ready");
        settles(|| {
            let nodes = self.api.get("/api/v1/nodes")?.accepted()?.body;
            let ready = items(&nodes["items"]).filter(is_ready).count();
            Ok((ready != self.nodes.len()).then(|| format!("{ready} of {} nodes are ready", self.nodes.len())))
        })
    }

    pub(crate) fn add(&mut self, object: Value) -> Result<(), String> {
        self.api.create(&object)?.accepted()?;
        self.objects.push(object);
        Ok(())
    }

    /// Creates workloads at their most; for pods of the other controllers, which do not run here, and of jobs, which
    /// would end, pods that ask for the same.
    fn populate(&mut self, sized: &Sized, demands: &[Demand]) -> Result<(), String> {
        if !self.api.get(&self.api.path(&self.home)?)?.is_accepted() {
            self.api.create(&self.home)?.accepted()?;
        }
        let objects = sized.objects.iter().map(|object| Ok(printed(object)?.1));
        let objects = objects.collect::<Result<Vec<Value>, String>>()?;
        let beside = |object: &&Value| BESIDE.iter().any(|kind| object["kind"] == *kind);
        objects.iter().filter(beside).try_for_each(|object| self.add(object.clone()))?;
        for (index, demand) in demands.iter().enumerate() {
            if let Some(workload) = workload(&objects, demand) {
                self.add_class(&workload)?;
                self.add(workload)?;
                continue;
            }
            let pods = (0..demand.pods).map(|pod| stand_in(&self.home, demand, &format!("stand-in-{index}-{pod}")));
            pods.collect::<Vec<_>>().into_iter().try_for_each(|pod| self.add(pod))?;
        }
        Ok(())
    }

    /// Makes the priority class that the pods of a workload name.
    fn add_class(&self, workload: &Value) -> Result<(), String> {
        if let Some(class) = workload["spec"]["template"]["spec"]["priorityClassName"].as_str() {
            let metadata = json!({"name": class});
            self.api.create(&json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": metadata, "value": 1000}))?;
        }
        Ok(())
    }

    /// The pods of the environment, each with its kind.
    pub(crate) fn pods(&self) -> Result<Vec<Value>, String> {
        let list = self.api.get(&self.collection("api/v1", "pods"))?.accepted()?.body;
        Ok(items(&list["items"]).map(pod).collect())
    }

    /// Waits until the scheduler has answered for so many pods; what it says of each that it gives no node.
    pub(crate) fn left_over(&self, wanted: usize) -> Result<Vec<String>, String> {
        let mut left = Vec::new();
        settles(|| {
            let pods = self.pods()?;
            left = pods.iter().filter_map(refused).collect();
            let placed = pods.iter().filter(|pod| is_placed(pod)).count();
            let is_open = pods.len() != wanted || placed + left.len() != wanted;
            Ok(is_open.then(|| format!("of {wanted} pods, {placed} got nodes and {} none", left.len())))
        })?;
        Ok(left)
    }

    /// The path of all objects of a sort in the namespace.
    pub(crate) fn collection(&self, version: &str, plural: &str) -> String {
        format!("/{version}/namespaces/{}/{plural}", self.home["metadata"]["name"].as_str().unwrap_or_default())
    }

    fn clear(&self) -> Result<(), String> {
        self.objects.iter().rev().try_for_each(|object| self.api.delete(object))?;
        settles(|| {
            let left = self.pods()?.len();
            Ok((left > 0).then(|| format!("{left} pods do not go")))
        })?;
        self.nodes.iter().try_for_each(|node| self.api.delete(node))
    }
}

/// Waits until nothing is open any more.
pub(crate) fn settles(mut open: impl FnMut() -> Result<Option<String>, String>) -> Result<(), String> {
    let started = Instant::now();
    while let Some(open) = open()? {
        if started.elapsed() > WITHIN {
            return Err(format!("after {WITHIN:?}: {open}"));
        }
        sleep(Duration::from_millis(200));
    }
    Ok(())
}

/// How many pods there are in all.
pub(crate) fn count(demands: &[Demand]) -> usize {
    demands.iter().map(|demand| demand.pods as usize).sum()
}

/// A pod of a list as an object of its own.
fn pod(listed: &Value) -> Value {
    let mut pod = listed.clone();
    pod["apiVersion"] = "v1".into();
    pod["kind"] = "Pod".into();
    pod
}

pub(crate) fn is_true(object: &Value, condition: &str) -> bool {
    items(&object["status"]["conditions"]).any(|it| it["type"] == condition && it["status"] == "True")
}

pub(crate) fn is_placed(pod: &Value) -> bool {
    pod["spec"]["nodeName"].is_string()
}

/// What the scheduler says of a pod that it gives no node.
pub(crate) fn refused(pod: &Value) -> Option<String> {
    let reason = items(&pod["status"]["conditions"]).find(|it| it["reason"] == "Unschedulable")?;
    // A claim that is not bound yet is no answer.
    let is_answer = !reason["message"].as_str().unwrap_or_default().contains("PersistentVolumeClaim");
    (!is_placed(pod) && is_answer).then(|| format!("{}: {}", pod["metadata"]["name"], reason["message"]))
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

/// The workload whose pods a demand counts, with as many. Argo Rollouts does not run here: a Deployment of the same pods
/// stands for a Rollout.
fn workload(objects: &[Value], demand: &Demand) -> Option<Value> {
    let is_own = |object: &&Value| {
        ["Deployment", "StatefulSet", "Rollout"].iter().any(|kind| object["kind"] == *kind)
            && object["metadata"]["name"] == demand.component.as_str()
    };
    let found = objects.iter().find(is_own).filter(|_| demand.role == Role::Replicas)?;
    let mut workload = found.clone();
    workload["spec"]["replicas"] = demand.pods.into();
    if found["kind"] == "Rollout" {
        let spec = ["replicas", "selector", "template"].map(|part| (part.to_owned(), workload["spec"][part].take()));
        workload["apiVersion"] = "apps/v1".into();
        workload["kind"] = "Deployment".into();
        workload["spec"] = Map::from_iter(spec).into();
    }
    Some(workload)
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
