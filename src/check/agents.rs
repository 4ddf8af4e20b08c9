//! Agents: what they reach, and what holds them.

use super::places::workloads;
use crate::diagnostic::code;
use crate::document::{Finding, Findings, at};
use crate::model::{Component, Model};
use crate::spec::{Kind, Tier};

/// An agent reaches a model, another agent, or something outside the system: else nothing drives it.
pub(super) fn agents_reach_something(model: &Model, findings: &mut Findings<'_>) {
    for component in agents(model) {
        if !component.egress.is_empty() || uses_what_drives(model, component) {
            continue;
        }
        findings.push(
            Finding::note(
                code::AGENT_ALONE,
                at!["components", component.key],
                format!("`{}` reaches no model, and nothing outside the graph", component.key),
            )
            .label("nothing drives it")
            .on_key()
            .reason("an agent is closed to the outside but for what it names")
            .help("name its model under `uses:`, or the API that it calls under `egress:`"),
        );
    }
}

fn uses_what_drives(model: &Model, component: &Component) -> bool {
    let mut uses = model.edges.iter().filter(|edge| edge.from == component.key);
    uses.any(|edge| {
        model.component(&edge.to).is_some_and(|to| matches!(to.kind, Kind::Model | Kind::Agent | Kind::External))
    })
}

/// In production an agent has a sandbox: it runs what a model wrote, on the kernel of the node.
pub(super) fn production_agents_have_a_sandbox(model: &Model, findings: &mut Findings<'_>) {
    if model.tier != Tier::Production {
        return;
    }
    let agents = workloads(model).filter(|(component, _)| component.kind == Kind::Agent);
    for (component, _) in agents.filter(|(_, pod)| pod.placement.runtime_class.is_none()) {
        findings.push(
            Finding::note(
                code::AGENT_SANDBOX,
                at!["components", component.key, "placement", "runtimeClass"],
                format!("`{}` runs in production without a sandbox", component.key),
            )
            .label("shares the kernel of its node")
            .on_key()
            .reason("an agent runs what a model writes; a runtime class such as gVisor or Kata keeps it from the node")
            .help("write `placement: {runtimeClass: …}` with a class of the cluster, if it has one"),
        );
    }
}

fn agents(model: &Model) -> impl Iterator<Item = &Component> {
    model.components.values().filter(|component| component.kind == Kind::Agent)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{api, edge, law, pod, second};
    use super::*;
    use crate::model::{Egress, EgressTo};

    #[test]
    fn an_agent_reaches_what_drives_it() {
        let agent = || law(agents_reach_something).with(|model| api(model).kind = Kind::Agent);
        agent().breaks(code::AGENT_ALONE, "components.api");
        let used = |kind| {
            agent().with(move |model| {
                second(model, "llm").kind = kind;
                edge(model, "api", "llm", false);
            })
        };
        used(Kind::Backend).breaks(code::AGENT_ALONE, "components.api");
        used(Kind::Model).keeps();
        used(Kind::External).keeps();
        agent()
            .with(|model| {
                let to = EgressTo::Any { except: Vec::new() };
                api(model).egress.push(Egress { name: "out".into(), to, ports: Vec::new() });
            })
            .keeps();
        law(agents_reach_something).keeps();
    }

    #[test]
    fn an_agent_in_production_has_a_sandbox() {
        let agent = |tier| {
            law(production_agents_have_a_sandbox).with(move |model| {
                model.tier = tier;
                api(model).kind = Kind::Agent;
            })
        };
        agent(Tier::Production).breaks(code::AGENT_SANDBOX, "components.api.placement.runtimeClass");
        agent(Tier::Staging).keeps();
        agent(Tier::Production).with(|model| pod(model).placement.runtime_class = Some("gvisor".into())).keeps();
    }
}
