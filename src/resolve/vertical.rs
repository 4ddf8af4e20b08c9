//! Vertical scaling: which resources it may act on, and the bounds of each container.

use super::Resolver;
use crate::diagnostic::code;
use crate::document::{Finding, at};
use crate::model::{Amounts, ContainerPolicy, MetricSource, Scale, UtilisedResource, Vertical};
use crate::spec::{self, Feature, Named, ResourceKey, Switch, VerticalMode};

/// What a vertical autoscaler knows.
const RESOURCES: [(&str, UtilisedResource); 2] = [("cpu", UtilisedResource::Cpu), ("memory", UtilisedResource::Memory)];

impl Resolver<'_, '_> {
    /// The vertical scaling of a component; `None` where it has none.
    pub(crate) fn vertical(
        &mut self,
        key: &str,
        component: &spec::Component,
        scale: Option<&Scale>,
    ) -> Option<Vertical> {
        let vertical = component.vertical.as_ref()?.on()?;
        if !self.target.has(Feature::Vpa) {
            self.findings.push(
                Finding::error(
                    code::FEATURE_MISSING,
                    at!["components", key, "vertical"],
                    format!("the vertical scaling of `{key}` needs `vpa`"),
                )
                .label("nobody would act on it")
                .on_key()
                .also(at!["environment", "target", "features"], "`vpa` is not among the features")
                .help("add `vpa` to `target.features` if the cluster has it, or write `vertical: false` here"),
            );
        }
        Some(Vertical { mode: vertical.mode, resources: resources(vertical.mode, scale), policies: policies(vertical) })
    }
}

/// Where pods change, what horizontal scaling does not use: both would chase each other's numbers.
fn resources(mode: VerticalMode, scale: Option<&Scale>) -> Vec<&'static str> {
    let used = |resource: UtilisedResource| {
        scale.iter().flat_map(|scale| &scale.metrics).any(
            |metric| matches!(metric.source, MetricSource::Utilisation { resource: known, .. } if known == resource),
        )
    };
    let free = RESOURCES.iter().filter(|(_, resource)| mode == VerticalMode::Recommend || !used(*resource));
    free.map(|(name, _)| *name).collect()
}

/// Containers with bounds of their own, then all others. Bounds of a container are laid over those of all.
fn policies(vertical: &spec::Vertical) -> Vec<ContainerPolicy> {
    let all = ContainerPolicy {
        container: None,
        on: true,
        min: amounts(vertical.min.as_ref()),
        max: amounts(vertical.max.as_ref()),
    };
    let own = |(name, bounds): (&String, &Switch<spec::VerticalBounds>)| {
        let container = Some(name.clone());
        match bounds {
            Switch::Off => ContainerPolicy { container, on: false, min: Amounts::new(), max: Amounts::new() },
            Switch::On(bounds) => ContainerPolicy {
                container,
                on: true,
                min: over(&all.min, bounds.min.as_ref()),
                max: over(&all.max, bounds.max.as_ref()),
            },
        }
    };
    let mut policies: Vec<ContainerPolicy> = vertical.containers.iter().flatten().map(own).collect();
    policies.push(all);
    policies
}

fn amounts(named: Option<&Named<ResourceKey, crate::model::Quantity>>) -> Amounts {
    named.into_iter().flatten().map(|(name, amount)| (name.clone(), *amount)).collect()
}

fn over(all: &Amounts, own: Option<&Named<ResourceKey, crate::model::Quantity>>) -> Amounts {
    let mut laid = all.clone();
    laid.extend(amounts(own));
    laid
}
