//! What a rule is asked of.

use crate::kube::{Content, Identity};
use crate::model::OwnRule;
use crate::spec::RuleSubject;
use serde_json::Value as Json;

/// What a rule is asked of.
#[derive(Clone, Debug)]
pub(super) enum Subjects {
    Own(Selection),
    /// Objects that all of these let through: those of a policy, and those of its binding.
    Admission(Vec<Constraints>),
}

/// What a rule of the language is asked of. Empty lists leave nothing out.
#[derive(Clone, Debug)]
pub(super) struct Selection {
    pub(super) over: RuleSubject,
    pub(super) kinds: Vec<String>,
    names: Vec<String>,
    labels: Vec<(String, String)>,
}

impl Subjects {
    pub(super) fn own(rule: &OwnRule) -> Self {
        let OwnRule { over, kinds, names, labels, .. } = rule.clone();
        Self::Own(Selection { over, kinds, names, labels })
    }

    /// True where it is asked of the object. The pods of a workload are asked about only where a rule says so.
    pub(super) fn has(&self, object: &Asked<'_>) -> bool {
        match self {
            Self::Own(selection) => {
                let named = selection.kinds.contains(&object.identity.kind);
                let is_wanted = named || (selection.kinds.is_empty() && !object.of_template);
                is_wanted && selection.has(&object.identity.name, |key| label(&object.content, key))
            }
            Self::Admission(all) => all.iter().all(|constraints| constraints.has(object)),
        }
    }
}

impl Selection {
    /// True where it is asked of the component.
    pub(super) fn has_component(&self, name: &str, component: &Json) -> bool {
        let kind = component.get("kind").and_then(Json::as_str);
        (self.kinds.is_empty() || self.kinds.iter().any(|wanted| Some(wanted.as_str()) == kind))
            && self.has(name, |key| component.get("labels")?.get(key)?.as_str())
    }

    fn has<'o>(&self, name: &str, label: impl Fn(&str) -> Option<&'o str>) -> bool {
        (self.names.is_empty() || self.names.iter().any(|wanted| wanted == name))
            && self.labels.iter().all(|(key, value)| label(key) == Some(value))
    }
}

fn label<'o>(content: &'o Content, key: &str) -> Option<&'o str> {
    content.get("metadata")?.get("labels")?.get(key)?.as_str()
}

/// An object that rules are asked about.
#[derive(Clone, Debug)]
pub(super) struct Asked<'o> {
    pub(super) identity: Identity,
    pub(super) content: std::borrow::Cow<'o, Content>,
    /// A pod that the object's template makes.
    pub(super) of_template: bool,
    /// The namespace, as an object; `None` for objects of the whole cluster.
    pub(super) namespace: Option<&'o Json>,
}

/// `matchConstraints`, or `matchResources` of a binding. An empty list of rules lets nothing through, `None` all.
#[derive(Clone, Debug, Default)]
pub(super) struct Constraints {
    pub(super) rules: Option<Vec<ResourceRule>>,
    pub(super) excluded: Vec<ResourceRule>,
    pub(super) object: Option<Selector>,
    pub(super) namespace: Option<Selector>,
}

impl Constraints {
    fn has(&self, object: &Asked<'_>) -> bool {
        let fits = |rule: &ResourceRule| rule.has(&object.identity);
        let in_namespace = |selector: &Selector| {
            object.namespace.is_none_or(|namespace| {
                selector.matches(|key| namespace.pointer("/metadata/labels")?.get(key)?.as_str())
            })
        };
        self.rules.as_ref().is_none_or(|rules| rules.iter().any(fits))
            && !self.excluded.iter().any(fits)
            && self.object.as_ref().is_none_or(|selector| selector.matches(|key| label(&object.content, key)))
            && self.namespace.as_ref().is_none_or(in_namespace)
    }
}

/// What a policy is asked of, by group and resource.
#[derive(Clone, Debug, Default)]
pub(super) struct ResourceRule {
    pub(super) groups: Vec<String>,
    /// Empty where any version stands for the others.
    pub(super) versions: Vec<String>,
    pub(super) operations: Vec<String>,
    pub(super) resources: Vec<String>,
    pub(super) names: Vec<String>,
    pub(super) scope: Option<String>,
}

impl ResourceRule {
    fn has(&self, identity: &Identity) -> bool {
        let any = |list: &[String], wanted: &str| list.iter().any(|one| one == "*" || one == wanted);
        let version = identity.api_version.rsplit('/').next().unwrap_or_default();
        let resource = plural(&identity.kind);
        let is_resource = self.resources.iter().any(|one| matches!(one.as_str(), "*" | "*/*") || *one == resource);
        let is_scope = match self.scope.as_deref() {
            Some("Namespaced") => identity.namespace.is_some(),
            // A rule for objects of the cluster has namespaces themselves.
            Some("Cluster") => identity.namespace.is_none(),
            _ => true,
        };
        any(&self.groups, identity.group())
            && (self.versions.is_empty() || any(&self.versions, version))
            && (any(&self.operations, "CREATE"))
            && is_resource
            && (self.names.is_empty() || self.names.contains(&identity.name))
            && is_scope
    }
}

/// A label selector.
#[derive(Clone, Debug, Default)]
pub(super) struct Selector {
    pub(super) labels: Vec<(String, String)>,
    /// Key, operator, values.
    pub(super) expressions: Vec<(String, String, Vec<String>)>,
}

impl Selector {
    fn matches<'o>(&self, label: impl Fn(&str) -> Option<&'o str>) -> bool {
        let holds = |(key, operator, values): &(String, String, Vec<String>)| {
            let value = label(key);
            let is_in = value.is_some_and(|value| values.iter().any(|one| one == value));
            match operator.as_str() {
                "In" => is_in,
                "NotIn" => !is_in,
                "Exists" => value.is_some(),
                "DoesNotExist" => value.is_none(),
                _ => false,
            }
        };
        self.labels.iter().all(|(key, value)| label(key) == Some(value)) && self.expressions.iter().all(holds)
    }
}

/// The resource of a kind, as the API names it.
pub(super) fn plural(kind: &str) -> String {
    let kind = kind.to_lowercase();
    let is_vowel = |letter: char| "aeiou".contains(letter);
    let mut letters = kind.chars().rev();
    match (letters.next(), letters.next()) {
        _ if kind == "endpoints" => kind,
        (Some('y'), Some(before)) if !is_vowel(before) => format!("{}ies", &kind[..kind.len() - 1]),
        (Some('s' | 'x'), _) | (Some('h'), Some('s' | 'c')) => format!("{kind}es"),
        _ => format!("{kind}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_their_resources() {
        for (kind, resource) in [
            ("Deployment", "deployments"),
            ("NetworkPolicy", "networkpolicies"),
            ("Ingress", "ingresses"),
            ("StorageClass", "storageclasses"),
            ("Gateway", "gateways"),
            ("Endpoints", "endpoints"),
            ("HTTPRoute", "httproutes"),
            ("Prometheus", "prometheuses"),
        ] {
            assert_eq!(plural(kind), resource);
        }
    }

    #[test]
    fn a_selector_has_the_operators_of_kubernetes() {
        let selector = |operator: &str, values: &[&str]| Selector {
            labels: Vec::new(),
            expressions: vec![("a".into(), operator.into(), values.iter().map(|value| (*value).into()).collect())],
        };
        let with = |key: &str| (key == "a").then_some("1");
        let without = |_: &str| None;
        assert!(selector("In", &["1"]).matches(with) && !selector("In", &["1"]).matches(without));
        assert!(selector("NotIn", &["1"]).matches(without) && !selector("NotIn", &["1"]).matches(with));
        assert!(selector("Exists", &[]).matches(with) && selector("DoesNotExist", &[]).matches(without));
    }
}
