//! For scripts: one document, described by `schemas/review.schema.json`.
//!
//! Promises: within a version members are only added; every member is always there, `null` where there is
//! nothing to say; the patch of a change, applied to the old object, gives the new one. An object with
//! secret values has no patch, and its values are not there.

use super::super::{Cause, Class, Counts, Range, Review, Risk, Totals, Verdict, Wave};
use super::{Report, words};
use crate::diagnostic;
use crate::diff::{Change, Edit, Field, Group, How, is_secret};
use crate::kube::{Content, Identity};
use crate::model::Quantity;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Raised when a member changes its meaning or goes away.
const VERSION: u32 = 1;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    version: u32,
    before: &'a str,
    after: &'a str,
    notes: &'a [String],
    summary: Summary,
    reviews: Vec<Reviewed<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    objects: Counted,
    risks: BTreeMap<&'static str, usize>,
    gravest: Option<&'static str>,
    /// Risks that stop the change.
    stopping: usize,
}

#[derive(Default, Serialize)]
struct Counted {
    added: usize,
    changed: usize,
    removed: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reviewed<'a> {
    system: &'a str,
    environment: &'a str,
    summary: Summary,
    capacity: Option<Sides<Bounds<BTreeMap<&'a str, String>>>>,
    cost: Option<Sides<Cost<'a>>>,
    risks: Vec<Risked<'a>>,
    changes: Vec<Changed<'a>>,
    groups: Vec<Grouped<'a>>,
    waves: Vec<Delivered<'a>>,
}

#[derive(Serialize)]
struct Sides<T> {
    before: T,
    after: T,
}

#[derive(Serialize)]
struct Bounds<T> {
    least: T,
    most: T,
}

#[derive(Serialize)]
struct Cost<'a> {
    #[serde(flatten)]
    bounds: Bounds<String>,
    currency: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Named<'a> {
    api_version: &'a str,
    kind: &'a str,
    namespace: Option<&'a str>,
    name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Risked<'a> {
    id: String,
    class: &'a str,
    rule: &'a str,
    object: Named<'a>,
    component: Option<&'a str>,
    field: Option<&'a str>,
    before: Option<&'a str>,
    after: Option<&'a str>,
    what: &'a str,
    reason: Option<&'a str>,
    help: Option<&'a str>,
    cause: Option<Caused<'a>>,
    verdict: &'a str,
    acknowledgement: Option<&'a str>,
}

#[derive(Serialize)]
struct Caused<'a> {
    path: &'a str,
    file: &'a str,
    line: usize,
    column: usize,
    /// True where it stood in the old version and is gone.
    old: bool,
}

#[derive(Serialize)]
struct Changed<'a> {
    how: &'a str,
    object: Named<'a>,
    from: Option<Named<'a>>,
    component: Option<&'a str>,
    fields: Vec<Edited<'a>>,
    follows: Vec<Edited<'a>>,
    patch: Option<Value>,
}

#[derive(Serialize)]
struct Edited<'a> {
    path: String,
    #[serde(flatten)]
    edit: Values<'a>,
}

#[derive(Serialize)]
struct Values<'a> {
    how: &'a str,
    before: Option<&'a Content>,
    after: Option<&'a Content>,
}

#[derive(Serialize)]
struct Grouped<'a> {
    field: &'a str,
    #[serde(flatten)]
    edit: Values<'a>,
    objects: Vec<Named<'a>>,
}

#[derive(Serialize)]
struct Delivered<'a> {
    phase: &'a str,
    objects: Vec<Named<'a>>,
    waits: &'a [String],
    halfway: Option<&'a str>,
}

pub(super) fn render(report: &Report) -> String {
    diagnostic::json_document(&Document {
        version: VERSION,
        before: &report.before,
        after: &report.after,
        notes: &report.notes,
        summary: summary(&report.reviews),
        reviews: report.reviews.iter().map(reviewed).collect(),
    })
}

fn summary(reviews: &[Review]) -> Summary {
    let mut objects = Counted::default();
    let mut risks: BTreeMap<&'static str, usize> = Class::ALL.iter().map(|class| (class.text(), 0)).collect();
    for review in reviews {
        let Counts { added, changed, removed } = review.counts();
        objects.added += added;
        objects.changed += changed;
        objects.removed += removed;
        review.risks.iter().for_each(|risk| *risks.entry(risk.class.text()).or_default() += 1);
    }
    let all = || reviews.iter().flat_map(|review| &review.risks);
    let stops = |risk: &&Risk| matches!(risk.verdict, Verdict::Denied | Verdict::Unacknowledged);
    Summary {
        objects,
        risks,
        gravest: reviews.iter().filter_map(Review::gravest).min().map(Class::text),
        stopping: all().filter(stops).count(),
    }
}

fn reviewed(review: &Review) -> Reviewed<'_> {
    Reviewed {
        system: &review.system,
        environment: &review.environment,
        summary: summary(std::slice::from_ref(review)),
        capacity: review.totals.as_ref().map(|(before, after)| Sides { before: bounds(before), after: bounds(after) }),
        cost: review.cost.as_ref().map(|(before, after)| Sides { before: cost(before), after: cost(after) }),
        risks: review.risks.iter().map(risked).collect(),
        changes: review.changes.iter().map(changed).collect(),
        groups: review.groups.iter().map(grouped).collect(),
        waves: review.waves.iter().map(delivered).collect(),
    }
}

fn bounds(totals: &Totals) -> Bounds<BTreeMap<&str, String>> {
    Bounds { least: amounts(&totals.least), most: amounts(&totals.most) }
}

fn amounts(side: &BTreeMap<String, Quantity>) -> BTreeMap<&str, String> {
    side.iter().map(|(name, amount)| (name.as_str(), amount.to_string())).collect()
}

fn cost(range: &Range) -> Cost<'_> {
    Cost { bounds: Bounds { least: range.least.to_string(), most: range.most.to_string() }, currency: &range.currency }
}

fn named(identity: &Identity) -> Named<'_> {
    Named {
        api_version: &identity.api_version,
        kind: &identity.kind,
        namespace: identity.namespace.as_deref(),
        name: &identity.name,
    }
}

fn some(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

fn risked(risk: &Risk) -> Risked<'_> {
    let (verdict, acknowledgement) = match &risk.verdict {
        Verdict::Shown => ("shown", None),
        Verdict::Denied => ("denied", None),
        Verdict::Unacknowledged => ("unacknowledged", None),
        Verdict::Acknowledged(reason) => ("acknowledged", Some(reason.as_str())),
    };
    Risked {
        id: risk.id(),
        class: risk.class.text(),
        rule: risk.rule,
        object: named(&risk.identity),
        component: risk.component.as_deref(),
        field: some(&risk.field),
        before: risk.before.as_deref(),
        after: risk.after.as_deref(),
        what: &risk.what,
        reason: some(&risk.reason),
        help: risk.help.as_deref(),
        cause: risk.cause.as_ref().map(caused),
        verdict,
        acknowledgement,
    }
}

fn caused(cause: &Cause) -> Caused<'_> {
    let Cause { path, file, at, is_old } = cause;
    Caused { path, file, line: at.line, column: at.column, old: *is_old }
}

fn changed(change: &Change) -> Changed<'_> {
    let from = match &change.how {
        How::Renamed { from } => Some(named(from)),
        How::Renewed { from } => Some(Named { name: from, ..named(&change.identity) }),
        _ => None,
    };
    Changed {
        how: words::how(&change.how),
        object: named(&change.identity),
        from,
        component: change.component.as_deref(),
        fields: change.fields.iter().map(edited).collect(),
        follows: change.follows.iter().map(edited).collect(),
        patch: patch(change),
    }
}

fn edited(field: &Field) -> Edited<'_> {
    Edited { path: field.path.to_string(), edit: values(&field.edit) }
}

fn values(edit: &Edit) -> Values<'_> {
    let how = match edit {
        Edit::Added(_) => "added",
        Edit::Removed(_) => "removed",
        Edit::Replaced(..) => "replaced",
        Edit::Reordered => "reordered",
    };
    Values { how, before: edit.before(), after: edit.after() }
}

/// What makes the new object of the old one, by RFC 6902; an object that comes is put in the place of nothing.
/// None for an object that goes, and where values are concealed.
fn patch(change: &Change) -> Option<Value> {
    if is_secret(&change.identity) {
        return None;
    }
    let after = value(change.after.as_ref()?)?;
    let Some(before) = &change.before else {
        return Some(json!([{"op": "add", "path": "", "value": after}]));
    };
    serde_json::to_value(json_patch::diff(&value(before)?, &after)).ok()
}

fn value(content: &Content) -> Option<Value> {
    serde_json::to_value(content).ok()
}

fn grouped(group: &Group) -> Grouped<'_> {
    Grouped { field: &group.field, edit: values(&group.edit), objects: group.objects.iter().map(named).collect() }
}

fn delivered(wave: &Wave) -> Delivered<'_> {
    Delivered {
        phase: wave.name,
        objects: wave.objects.iter().map(named).collect(),
        waits: &wave.waits,
        halfway: wave.halfway.as_deref(),
    }
}
