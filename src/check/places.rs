//! Where the fields of a container stand: its own, or those of its component that come along.

use crate::document::{Findings, Path, at};
use crate::model::{Body, Component, Container, FileMap, Model, Pod, Resources};
use crate::spec::Kind;

/// Where the fields of one container stand. Paths are made only once there is something to say.
pub(super) struct Site<'m> {
    pub(super) component: &'m Component,
    part: Part<'m>,
}

/// Which of a component's containers it is.
enum Part<'m> {
    Main,
    /// The workers of a training, where they differ from the master.
    Workers,
    Step(&'m str),
    Sidecar(&'m str),
    Migration,
}

impl<'m> Site<'m> {
    /// The place of the component's main container.
    pub(super) fn main(component: &'m Component) -> Self {
        Self { component, part: Part::Main }
    }

    fn workers(component: &'m Component) -> Self {
        Self { component, part: Part::Workers }
    }

    fn init(component: &'m Component, step: &'m str) -> Self {
        Self { component, part: Part::Step(step) }
    }

    pub(super) fn sidecar(component: &'m Component, name: &'m str) -> Self {
        Self { component, part: Part::Sidecar(name) }
    }

    fn release(component: &'m Component) -> Self {
        Self { component, part: Part::Migration }
    }

    /// The container's own place first, then those whose fields come along.
    fn roots(&self) -> Vec<Path> {
        let key = &self.component.key;
        match self.part {
            // What differs in the leading part of a training stands there.
            Part::Main if self.component.kind == Kind::Job => {
                vec![at!["components", key, "master"], at!["components", key]]
            }
            Part::Main => vec![at!["components", key]],
            Part::Workers => vec![at!["components", key, "workers"], at!["components", key]],
            Part::Sidecar(name) => vec![at!["components", key, "sidecars", name]],
            Part::Migration => vec![at!["components", key, "migrate"], at!["components", key]],
            Part::Step(step) => {
                let own = at!["components", key, "init", step];
                // Steps that another field brings: a wait, a migration, the weights of a model.
                let brought = match step.strip_prefix("wait-for-") {
                    Some(used) => Some(at!["components", key, "uses", used]),
                    None if step == "migrate" || step == "model" => Some(at!["components", key, step]),
                    None => None,
                };
                [Some(own), brought, Some(at!["components", key])].into_iter().flatten().collect()
            }
        }
    }

    /// What the container is called in a sentence, where its own place is not the component.
    fn own(&self) -> Option<String> {
        let key = &self.component.key;
        match self.part {
            Part::Main => None,
            Part::Workers => Some(format!("the workers of `{key}`")),
            Part::Step(step) => Some(format!("the step `{step}` of `{key}`")),
            Part::Sidecar(name) => Some(format!("the sidecar `{name}` of `{key}`")),
            Part::Migration => Some(format!("the migration of `{key}`")),
        }
    }

    /// The place of a field: the first one that is written.
    pub(super) fn at(&self, findings: &Findings<'_>, field: &[&str]) -> Path {
        let roots = self.roots();
        let places = roots.iter().map(|root| root.extended(field));
        let written = places.clone().find(|place| findings.is_written(place));
        let nearest = || roots.iter().position(|root| findings.is_written(root)).unwrap_or(0);
        written.or_else(|| places.clone().nth(nearest())).unwrap_or_default()
    }

    /// Whose field stands at `place`, for a sentence. The same for all containers that inherit it, so
    /// that one mistake gives one finding.
    pub(super) fn subject(&self, place: &Path) -> String {
        let inside = self.roots().first().is_some_and(|root| place.segments().starts_with(root.segments()));
        match self.own() {
            Some(own) if inside => own,
            _ => format!("`{}`", self.component.key),
        }
    }
}

/// All containers of all pods, each with its place.
pub(super) fn containers(model: &Model) -> Vec<(Site<'_>, &Container)> {
    let mut all = Vec::new();
    for component in model.components.values() {
        if let Some(workload) = component.workload() {
            all.push((Site::main(component), &workload.pod.main));
            all.extend(workload.workers().map(|workers| (Site::workers(component), &workers.pod.main)));
            // The steps of the workers are the same.
            all.extend(steps(component, &workload.pod));
        }
        for release in &component.releases {
            all.push((Site::release(component), &release.pod.main));
            all.extend(steps(component, &release.pod));
        }
    }
    all
}

/// The containers beside the main one: steps, and sidecars.
fn steps<'m>(component: &'m Component, pod: &'m Pod) -> impl Iterator<Item = (Site<'m>, &'m Container)> {
    let init = pod.init.iter().map(|step| (Site::init(component, &step.name), step));
    init.chain(pod.sidecars.iter().map(|sidecar| (Site::sidecar(component, &sidecar.name), sidecar)))
}

/// What all containers ask for, those of operators included.
pub(super) fn resources(model: &Model) -> Vec<(Site<'_>, &Resources)> {
    let mut all: Vec<_> = containers(model).into_iter().map(|(site, container)| (site, &container.resources)).collect();
    for component in model.components.values() {
        if let Body::Cluster(cluster) = &component.body {
            all.push((Site::main(component), &cluster.resources));
        }
    }
    all
}

/// The pods of all components, those of release jobs included.
pub(super) fn pods(model: &Model) -> Vec<(Site<'_>, &Pod)> {
    let mut all = Vec::new();
    for component in model.components.values() {
        if let Some(workload) = component.workload() {
            all.push((Site::main(component), &workload.pod));
            all.extend(workload.workers().map(|workers| (Site::workers(component), &*workers.pod)));
        }
        all.extend(component.releases.iter().map(|release| (Site::release(component), &release.pod)));
    }
    all
}

/// The maps of files of a component and of its release jobs.
pub(super) fn file_maps(component: &Component) -> impl Iterator<Item = &FileMap> {
    let own = component.workload().into_iter().flat_map(|workload| &workload.files);
    own.chain(component.releases.iter().flat_map(|release| &release.files))
}

/// Components with pods of their own.
pub(super) fn workloads(model: &Model) -> impl Iterator<Item = (&Component, &Pod)> {
    let workloads = model.components.values().filter_map(|component| Some((component, component.workload()?)));
    workloads.flat_map(|(component, workload)| workload.pods().map(move |pod| (component, pod)))
}

/// The first of these places that is written, else the first.
pub(super) fn first_written<const N: usize>(findings: &Findings<'_>, places: [Path; N]) -> Path {
    let at = places.iter().position(|place| findings.is_written(place)).unwrap_or(0);
    places.into_iter().nth(at).unwrap_or_default()
}

/// The text written at a place.
pub(super) fn text<'a>(findings: &Findings<'a>, place: &Path) -> Option<&'a str> {
    let found = place.locate(findings.root());
    if found.exact { found.node.as_text() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::fixture;
    use serde_json::json;

    #[test]
    fn an_inherited_field_stands_at_the_component() {
        let model = fixture::model();
        let component = &model.components["api"];
        let root =
            fixture::document(&json!({"components": {"api": {"image": "x", "init": {"a": {"command": ["y"]}}}}}));
        let findings = Findings::new(&root);
        let site = Site::init(component, "a");
        let (image, command) = (site.at(&findings, &["image"]), site.at(&findings, &["command", "0"]));
        assert_eq!(image.to_string(), "components.api.image");
        assert_eq!(command.to_string(), "components.api.init.a.command.0");
        assert_eq!((site.subject(&image), site.subject(&command)), ("`api`".into(), "the step `a` of `api`".into()));
        assert_eq!(site.at(&findings, &["resources"]).to_string(), "components.api.init.a.resources");
    }

    #[test]
    fn a_generated_step_stands_where_it_comes_from() {
        let model = fixture::model();
        let root = fixture::document(&json!({"components": {"api": {"uses": {"db": {"wait": true}}}}}));
        let findings = Findings::new(&root);
        let site = Site::init(&model.components["api"], "wait-for-db");
        assert_eq!(site.at(&findings, &["image"]).to_string(), "components.api.uses.db.image");
    }
}
