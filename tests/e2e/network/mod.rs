//! The network policies, evaluated by an engine that is not ours: what they allow between the pods of an example and with
//! everyone else is the table beside this file, and between components of any system it is the edges of the graph.

mod addresses;
mod changes;
mod ends;
mod table;

use crate::Figures;
use crate::cluster::{Cluster, Shared};
use crate::systems::{self, InFiles, in_files, printed};
use ends::{End, Port, ends, ports};
use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use windlass::Whole;
use windlass::model::Component;
use windlass::spec::Protocol;

const SUITE: &str = "network";

/// What is allowed, as indices of source, destination and port.
type Connections = BTreeSet<[usize; 3]>;

pub(crate) fn trials(cluster: &Shared, figures: &Figures) -> Vec<Trial> {
    let trial = |system: InFiles| {
        let (cluster, figures) = (cluster.clone(), figures.clone());
        Trial::test(format!("{SUITE}/{}", system.name), move || {
            for whole in systems::wholes(&system.workspace, &system.path)? {
                let environment = &whole.model.environment;
                let table = system.is_example().then(|| format!("{}.{environment}.txt", system.short()));
                judge(cluster.get()?, &whole, table, &figures).map_err(|error| format!("{environment}: {error}"))?;
            }
            Ok::<(), Failed>(())
        })
    };
    in_files().into_iter().map(trial).collect()
}

/// The policies of a system, and those who are asked about.
struct Asked {
    home: String,
    policies: Vec<Value>,
    ends: Vec<End>,
    ports: Vec<Port>,
}

impl Asked {
    fn of(whole: &Whole) -> Result<Self, String> {
        let objects: Vec<_> =
            whole.objects.iter().map(|object| Ok((object, printed(object)?.1))).collect::<Result<_, String>>()?;
        let is_policy = |content: &Value| content["kind"] == "NetworkPolicy";
        let policies: Vec<Value> =
            objects.iter().map(|(_, content)| content).filter(|content| is_policy(content)).cloned().collect();
        let home = whole.model.namespace.name.clone();
        let ends = ends(&objects, &policies, &whole.model);
        let ports = ports(&ends, &policies);
        Ok(Self { home, policies, ends, ports })
    }

    /// What each set of policies allows.
    fn answers(&self, cluster: &Cluster, sets: &[Vec<Value>]) -> Result<Vec<Connections>, String> {
        let ends: Vec<Value> = self.ends.iter().enumerate().map(|(index, end)| end.asked(index, &self.home)).collect();
        let ports: Vec<Value> =
            self.ports.iter().map(|port| json!({"number": port.number, "protocol": port.protocol})).collect();
        let question = json!({"sets": sets, "ends": ends, "ports": ports}).to_string();
        let mut command = Command::new(cluster.built.join("bin/network"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(shown)?;
        child.stdin.take().map_or(Ok(()), |mut input| input.write_all(question.as_bytes())).map_err(shown)?;
        let output = child.wait_with_output().map_err(shown)?;
        serde_json::from_slice(&output.stdout).map_err(|error| format!("the engine does not answer: {error}"))
    }
}

fn judge(cluster: &Cluster, whole: &Whole, table: Option<String>, figures: &Figures) -> Result<(), String> {
    let asked = Asked::of(whole)?;
    let changed = changes::changes(&asked.policies);
    let mut sets = vec![asked.policies.clone()];
    sets.extend(changed.iter().map(|(_, policies)| policies.clone()));
    let mut answers = asked.answers(cluster, &sets)?.into_iter();
    let allowed = answers.next().ok_or("the engine does not answer")?;
    if let Some(file) = table {
        figures.add(SUITE, "tables of an example for an environment", 1);
        compare(&file, &table::table(&asked.ends, &asked.ports, &allowed, &asked.home))?;
    }
    if whole.model.network.deny {
        figures.add(SUITE, "pairs of components", edges(whole, &asked, &allowed)?);
    }
    let same: Vec<&str> =
        changed.iter().zip(answers).filter(|(_, answer)| *answer == allowed).map(|((what, _), _)| &**what).collect();
    if !same.is_empty() {
        return Err(format!("the policies allow the same, changed in\n{}", same.join("\n")));
    }
    figures.add(SUITE, "changes of policies that change what is allowed", changed.len());
    Ok(())
}

fn compare(file: &str, table: &str) -> Result<(), String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/network/tables").join(file);
    if std::env::var_os("BLESS").is_some() {
        return std::fs::write(&path, table).map_err(shown);
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    if expected == table {
        return Ok(());
    }
    let only = |sign: &str, of: &str, other: &str| {
        let lines = of.lines().filter(|line| !other.lines().any(|known| known == *line));
        lines.map(|line| format!("{sign} {line}")).collect::<Vec<_>>().join("\n")
    };
    let (gone, new) = (only("-", &expected, table), only("+", table, &expected));
    Err(format!("{file} differs; run with BLESS=1, then read the diff\n{gone}\n{new}"))
}

/// How many pairs of components there are: each is open for just the ports of its edge.
fn edges(whole: &Whole, asked: &Asked, allowed: &Connections) -> Result<usize, String> {
    let component = |end: &End| whole.model.component(end.component.as_deref()?);
    let own: Vec<(usize, &End, &Component)> =
        asked.ends.iter().enumerate().filter_map(|(index, end)| Some((index, end, component(end)?))).collect();
    let (mut pairs, mut wrong) = (BTreeSet::new(), Vec::new());
    for (from, source, user) in &own {
        for (to, destination, used) in own.iter().filter(|(_, _, used)| used.key != user.key) {
            pairs.insert((&user.key, &used.key));
            for (index, port) in asked.ports.iter().enumerate() {
                let is_open = allowed.contains(&[*from, *to, index]);
                if is_open != is_used(whole, user, used, destination, port) {
                    let is = if is_open { "open" } else { "closed" };
                    wrong.push(format!("{} -> {}: {port} is {is}", source.name, destination.name));
                }
            }
        }
    }
    if wrong.is_empty() { Ok(pairs.len()) } else { Err(format!("this is not the graph\n{}", wrong.join("\n"))) }
}

/// Whether an edge leads to the port. Nobody uses the jobs before a rollout.
fn is_used(whole: &Whole, user: &Component, used: &Component, pods: &End, port: &Port) -> bool {
    let protocol = |protocol| match protocol {
        Protocol::Tcp => "TCP",
        Protocol::Udp => "UDP",
        Protocol::Sctp => "SCTP",
    };
    let is_release = used.releases.iter().any(|release| release.name == pods.name);
    let mut edges = whole.model.edges.iter().filter(|edge| edge.from == user.key && edge.to == used.key);
    !is_release
        && edges.any(|edge| {
            let named = used.ports().into_iter().filter(|port| edge.ports.contains(&port.name));
            named.map(|port| (port.target, protocol(port.protocol))).any(|open| open == (port.number, &*port.protocol))
        })
}

fn shown(error: impl std::fmt::Display) -> String {
    error.to_string()
}
