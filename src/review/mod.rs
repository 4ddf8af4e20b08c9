//! What a change does to the cluster, before it gets there.
//!
//! Promises: pure; every change has at least one risk, and every risk says the object, the field, old and
//! new, the reason, and the place in the system or environment that caused it. The same change gives the
//! same report. Rules look at objects, so that any two sets of them can be compared; what only the model
//! knows (the node pools) is left out where there is none.

mod acknowledgement;
mod capacity;
mod cause;
mod config;
mod cost;
mod data_loss;
mod delivery;
mod downtime;
mod inert;
mod metadata;
mod pace;
mod rejected;
pub mod report;
mod restart;
mod scaling;
mod security;
mod vectors;
mod weights;
mod workload;

use crate::diff::path::shown;
use crate::diff::{Change, Field, Group, How};
use crate::kube::{Content, Identity, Object};
use crate::model::Model;
use crate::source::Position;
pub use crate::spec::RiskClass as Class;
pub use acknowledgement::{Acknowledgements, FILE as ACKNOWLEDGEMENTS_FILE, Gate};
pub use capacity::Totals;
pub use cause::{Documents, Merged};
pub use cost::Range;
pub use delivery::Wave;
use std::collections::BTreeMap;
use std::fmt;

impl Class {
    /// What it means, in one line.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Rejected => "the cluster refuses the update, and the sync stops there",
            Self::DataLoss => "stored data is deleted, orphaned, out of reach or no longer backed up",
            Self::Downtime => "requests fail for some time, or a name that clients use goes away",
            Self::Security => "someone may do or reach more than before, or a protection is off",
            Self::Capacity => "the worst case asks for more than before, or does not fit",
            Self::Inert => "accepted, and never arrives",
            Self::Restart => "pods are replaced",
            Self::Scaling => "bounds, targets or behaviour of a scaler",
            Self::Cost => "the monthly cost moves",
            Self::Config => "values that a running process reads",
            Self::Metadata => "labels and annotations that nothing selects or reads",
        }
    }
}

/// One thing that a change does.
#[derive(Clone, Debug, PartialEq)]
pub struct Risk {
    pub class: Class,
    /// The rule that found it, for acknowledgements: `stateful-set-immutable`.
    pub rule: &'static str,
    pub identity: Identity,
    pub component: Option<String>,
    /// The field, as in `spec.template.spec.containers[api].image`; empty for the object as a whole.
    pub field: String,
    pub before: Option<String>,
    pub after: Option<String>,
    /// What happens, in one line.
    pub what: String,
    /// Why: the rule of Kubernetes, of the operator or of the delivery tool.
    pub reason: String,
    /// What to do.
    pub help: Option<String>,
    /// The place that caused it.
    pub cause: Option<Cause>,
    /// What the review policy makes of it.
    pub verdict: Verdict,
}

/// What a review policy makes of a risk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// It is shown.
    #[default]
    Shown,
    /// It stops the change.
    Denied,
    /// It stops the change until someone acknowledges it.
    Unacknowledged,
    /// Someone did, with this reason.
    Acknowledged(String),
}

/// The place in the system or an environment that caused a risk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// In the merged document: `components.api.scale.max`.
    pub path: String,
    /// The file from the root of the repository.
    pub file: String,
    pub at: Position,
    /// True where it stood in the old version and is gone.
    pub is_old: bool,
}

impl Risk {
    /// A risk of one field of a change.
    pub(crate) fn of_field(
        class: Class,
        rule: &'static str,
        change: &Change,
        field: &Field,
        what: impl Into<String>,
    ) -> Self {
        let mut risk = Self::of(class, rule, change, what);
        risk.field = field.path.to_string();
        risk.before = field.edit.before().map(shown);
        risk.after = field.edit.after().map(shown);
        risk
    }

    /// A risk of an object as a whole.
    pub(crate) fn of(class: Class, rule: &'static str, change: &Change, what: impl Into<String>) -> Self {
        Self::about(class, rule, (&change.identity, change.component.as_ref()), what)
    }

    /// A risk of an object that itself does not change.
    fn about(
        class: Class,
        rule: &'static str,
        (identity, component): (&Identity, Option<&String>),
        what: impl Into<String>,
    ) -> Self {
        Self {
            class,
            rule,
            identity: identity.clone(),
            component: component.cloned(),
            field: String::new(),
            before: None,
            after: None,
            what: what.into(),
            reason: String::new(),
            help: None,
            cause: None,
            verdict: Verdict::Shown,
        }
    }

    #[must_use]
    pub(crate) fn at(mut self, field: impl Into<String>, before: Option<String>, after: Option<String>) -> Self {
        (self.field, self.before, self.after) = (field.into(), before, after);
        self
    }

    #[must_use]
    pub(crate) fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = reason.into();
        self
    }

    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// What an acknowledgement names: `downtime single-replica apps/Deployment ai/api spec.replicas`.
    pub fn id(&self) -> String {
        let Identity { kind, namespace, name, .. } = &self.identity;
        let group = self.identity.group();
        let slash = if group.is_empty() { "" } else { "/" };
        let namespace = namespace.as_deref().map_or(String::new(), |namespace| format!("{namespace}/"));
        let id = format!("{} {} {group}{slash}{kind} {namespace}{name} {}", self.class, self.rule, self.field);
        id.trim_end().to_owned()
    }
}

/// One side of a comparison.
pub struct Side<'a> {
    objects: &'a [Object],
    /// What the objects were made of, where that is known.
    pub model: Option<&'a Model>,
    places: BTreeMap<(&'a str, Option<&'a str>, &'a str), usize>,
    /// What scales something, by the namespace and the name of that.
    scalers: BTreeMap<(Option<&'a str>, &'a str), Vec<&'a Object>>,
}

impl<'a> Side<'a> {
    pub fn new(objects: &'a [Object], model: Option<&'a Model>) -> Self {
        let key = |object: &'a Object| {
            let identity = &object.identity;
            (identity.kind.as_str(), identity.namespace.as_deref(), identity.name.as_str())
        };
        let places = objects.iter().enumerate().map(|(at, object)| (key(object), at)).collect();
        let mut scalers: BTreeMap<_, Vec<&Object>> = BTreeMap::new();
        for (target, scaler) in objects.iter().filter_map(workload::scaled) {
            scalers.entry((scaler.identity.namespace.as_deref(), target)).or_default().push(scaler);
        }
        Self { objects, model, places, scalers }
    }

    pub fn objects(&self) -> &'a [Object] {
        self.objects
    }

    /// An object by kind, namespace and name.
    fn get(&self, kind: &str, namespace: Option<&str>, name: &str) -> Option<&'a Object> {
        self.places.get(&(kind, namespace, name)).map(|at| &self.objects[*at])
    }

    /// The object that a change is about, on this side: under its name of before, where that is another.
    fn of(&self, change: &Change) -> Option<&'a Object> {
        let identity = &change.identity;
        let (own, namespace) = (identity.name.as_str(), identity.namespace.as_deref());
        self.get(&identity.kind, namespace, own).or_else(|| match &change.how {
            How::Renewed { from } => self.get(&identity.kind, namespace, from),
            How::Renamed { from } => self.get(&from.kind, from.namespace.as_deref(), &from.name),
            How::Added | How::Changed | How::Removed => None,
        })
    }

    /// All objects of these kinds.
    fn of_kinds(&self, kinds: &'a [&'a str]) -> impl Iterator<Item = &'a Object> {
        self.objects.iter().filter(move |object| kinds.contains(&object.identity.kind.as_str()))
    }
}

/// Two sides, and what differs.
pub struct Comparison<'a> {
    pub before: Side<'a>,
    pub after: Side<'a>,
    pub changes: &'a [Change],
}

/// Finds risks of one kind.
type Rule = fn(&Comparison<'_>, &mut Vec<Risk>);

/// What was found so far, by the object: the fields. Looked up for every change, so built once.
fn told(risks: &[Risk]) -> BTreeMap<Identity, Vec<String>> {
    let mut told: BTreeMap<Identity, Vec<String>> = BTreeMap::new();
    for risk in risks {
        told.entry(risk.identity.clone()).or_default().push(risk.field.clone());
    }
    told
}

/// The rules of every class, the gravest first.
const RULES: &[Rule] = &[
    rejected::find,
    data_loss::find,
    vectors::find,
    downtime::find,
    security::find,
    capacity::find,
    inert::find,
    weights::find,
    restart::find,
    scaling::find,
    cost::find,
    config::find,
    metadata::find,
];

/// What one environment's change does.
#[derive(Clone, Debug, PartialEq)]
pub struct Review {
    /// The name of the system.
    pub system: String,
    pub environment: String,
    pub changes: Vec<Change>,
    /// Changes that many objects share.
    pub groups: Vec<Group>,
    /// The gravest first, then in the order of the objects.
    pub risks: Vec<Risk>,
    /// What the pods ask for, before and after.
    pub totals: Option<(Totals, Totals)>,
    /// What the nodes cost a month, before and after.
    pub cost: Option<(Range, Range)>,
    /// In which order the change arrives.
    pub waves: Vec<Wave>,
}

/// Looks at what differs.
pub fn review(comparison: &Comparison<'_>, documents: &Documents<'_>) -> Vec<Risk> {
    let mut risks = Vec::new();
    for rule in RULES {
        rule(comparison, &mut risks);
    }
    risks.sort_by_key(|risk| risk.class);
    for risk in &mut risks {
        risk.cause = documents.cause(risk);
    }
    risks
}

impl Review {
    /// The review of one environment.
    pub fn of(system: &str, environment: &str, comparison: &Comparison<'_>, documents: &Documents<'_>) -> Self {
        let changes = comparison.changes.to_vec();
        Self {
            system: system.to_owned(),
            environment: environment.to_owned(),
            groups: crate::diff::groups(&changes),
            risks: review(comparison, documents),
            totals: capacity::totals(comparison),
            cost: cost::ranges(comparison),
            waves: delivery::waves(comparison),
            changes,
        }
    }

    /// How many objects come, change and go. A new name is one that comes and one that goes.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for change in &self.changes {
            match change.how {
                How::Added => counts.added += 1,
                How::Removed => counts.removed += 1,
                How::Changed | How::Renewed { .. } => counts.changed += 1,
                How::Renamed { .. } => {
                    counts.added += 1;
                    counts.removed += 1;
                }
            }
        }
        counts
    }

    /// The risks that stop the change.
    pub fn stops(&self) -> impl Iterator<Item = &Risk> {
        self.risks.iter().filter(|risk| matches!(risk.verdict, Verdict::Denied | Verdict::Unacknowledged))
    }

    /// The gravest class.
    pub fn gravest(&self) -> Option<Class> {
        self.risks.iter().map(|risk| risk.class).min()
    }

    /// How many risks of each class.
    pub fn by_class(&self) -> BTreeMap<Class, usize> {
        let mut counts = BTreeMap::new();
        self.risks.iter().for_each(|risk| *counts.entry(risk.class).or_default() += 1);
        counts
    }
}

/// How many objects come, change and go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub added: usize,
    pub changed: usize,
    pub removed: usize,
}

impl fmt::Display for Counts {
    /// `2 added, 1 changed`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = [(self.added, "added"), (self.changed, "changed"), (self.removed, "removed")];
        let words: Vec<String> =
            all.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
        if words.is_empty() { f.write_str("no change") } else { f.write_str(&words.join(", ")) }
    }
}

/// The number under a key path of an object.
fn number(content: &Content, keys: &[&str]) -> Option<i64> {
    match crate::diff::path::at(content, keys)? {
        Content::Integer(number) => Some(*number),
        Content::Text(text) => text.parse().ok(),
        _ => None,
    }
}
