//! What a report for people tells, and in which order.
//!
//! Promises: a risk or a change that is the same in several environments stands there once; so does one that
//! many objects share; nothing is told under two headings.

use super::super::{Cause, Class, Review, Risk, Verdict};
use super::{Report, words};
use crate::diff::{Change, Edit, Field, Group, How};
use crate::kube::{Content, Identity};
use std::collections::BTreeMap;

/// A report in the order of reading.
pub(super) struct Outline<'a> {
    /// What each review is called, in the order of the reviews.
    pub(super) environments: Vec<String>,
    /// The gravest first.
    pub(super) risks: Vec<Told<'a>>,
    /// Changes that many objects share.
    pub(super) shared: Vec<Shared<'a>>,
    /// Objects that differ in something of their own.
    pub(super) objects: Vec<Row<'a>>,
    /// How many objects differ in what many share, or in what follows another change, and in nothing else.
    pub(super) folded: usize,
}

/// A risk, and everywhere it stands.
pub(super) struct Told<'a> {
    pub(super) risk: &'a Risk,
    pub(super) objects: Vec<String>,
    /// Places in the list of reviews.
    pub(super) environments: Vec<usize>,
    pub(super) causes: Vec<&'a Cause>,
}

/// A change of one field in many objects.
pub(super) struct Shared<'a> {
    pub(super) field: &'a str,
    pub(super) edit: &'a Edit,
    /// How many objects in which review.
    pub(super) counts: Vec<(usize, usize)>,
}

/// An object that differs in something of its own.
pub(super) struct Row<'a> {
    pub(super) change: &'a Change,
    pub(super) name: String,
    /// Fields that are not told with the many.
    pub(super) fields: Vec<&'a Field>,
    /// How many fields are.
    pub(super) shared: usize,
    pub(super) environments: Vec<usize>,
}

impl Shared<'_> {
    pub(super) fn objects(&self) -> usize {
        self.counts.iter().map(|(_, count)| count).sum()
    }
}

impl<'a> Outline<'a> {
    pub(super) fn of(report: &'a Report) -> Self {
        let homes: Vec<Option<&str>> = report.reviews.iter().map(home).collect();
        let mut objects = Vec::new();
        let mut known = BTreeMap::new();
        let mut folded = 0;
        for (at, review) in report.reviews.iter().enumerate() {
            let groups = groups_by_object(review);
            for change in &review.changes {
                match row(change, groups.get(&change.identity).map_or(&[], Vec::as_slice)) {
                    Some(row) => place(row, at, &homes, report, &mut known, &mut objects),
                    None => folded += 1,
                }
            }
        }
        name(&mut objects, &homes);
        Self {
            environments: environments(report),
            risks: risks(report, &homes),
            shared: shared(report),
            objects,
            folded,
        }
    }

    /// The names of some reviews; none where that says nothing, for there is only one.
    pub(super) fn named(&self, of: &[usize]) -> Vec<&str> {
        if self.environments.len() < 2 {
            return Vec::new();
        }
        of.iter().map(|at| self.environments[*at].as_str()).collect()
    }
}

/// `production`, or `shop/production` where there are several systems.
pub(super) fn environments(report: &Report) -> Vec<String> {
    let several = report.reviews.windows(2).any(|pair| pair[0].system != pair[1].system);
    let prefix = |review: &Review| if several { format!("{}/", review.system) } else { String::new() };
    report.reviews.iter().map(|review| prefix(review) + &review.environment).collect()
}

/// The namespace of most changes: that of the environment.
fn home(review: &Review) -> Option<&str> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let namespaces = review.changes.iter().filter_map(|change| change.identity.namespace.as_deref());
    namespaces.for_each(|namespace| *counts.entry(namespace).or_default() += 1);
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map(|(namespace, _)| namespace)
}

/// The groups in which each object stands.
fn groups_by_object(review: &Review) -> BTreeMap<&Identity, Vec<&Group>> {
    let mut by_object: BTreeMap<&Identity, Vec<&Group>> = BTreeMap::new();
    for group in &review.groups {
        group.objects.iter().for_each(|identity| by_object.entry(identity).or_default().push(group));
    }
    by_object
}

/// What an object has to say for itself; `None` where it has nothing.
fn row<'a>(change: &'a Change, groups: &[&Group]) -> Option<Row<'a>> {
    let own = |field: &&Field| !groups.iter().any(|group| group.holds(field));
    let fields: Vec<&Field> = change.fields.iter().filter(own).collect();
    if change.how == How::Changed && fields.is_empty() {
        return None;
    }
    let shared = change.fields.len() - fields.len();
    Some(Row { change, name: String::new(), fields, shared, environments: Vec::new() })
}

/// The same object in every environment: system, group, kind, namespace unless it is the environment's, name.
type Place<'a> = (&'a str, &'a str, &'a str, Option<&'a str>, &'a str);

fn place_of<'a>(system: &'a str, identity: &'a Identity, home: Option<&str>) -> Place<'a> {
    let namespace = identity.namespace.as_deref().filter(|namespace| Some(*namespace) != home);
    (system, identity.group(), &identity.kind, namespace, &identity.name)
}

/// Adds a row, or its environment to the row that says the same.
fn place<'a>(
    mut row: Row<'a>,
    at: usize,
    homes: &[Option<&str>],
    report: &'a Report,
    known: &mut BTreeMap<Place<'a>, Vec<usize>>,
    rows: &mut Vec<Row<'a>>,
) {
    let place = place_of(&report.reviews[at].system, &row.change.identity, homes[at]);
    let candidates = known.entry(place).or_default();
    let same = candidates.iter().find(|candidate| {
        let other = &rows[**candidate];
        let first = other.environments[0];
        first != at && says_the_same(other, &row, (homes[first], homes[at]))
    });
    if let Some(same) = same {
        rows[*same].environments.push(at);
    } else {
        row.environments.push(at);
        candidates.push(rows.len());
        rows.push(row);
    }
}

type Homes<'a> = (Option<&'a str>, Option<&'a str>);

fn says_the_same(one: &Row<'_>, other: &Row<'_>, homes: Homes<'_>) -> bool {
    let how = match (&one.change.how, &other.change.how) {
        (How::Renamed { from: a }, How::Renamed { from: b }) => a.kind == b.kind && a.name == b.name,
        (How::Added, How::Added) => sides_alike(one.change.after.as_ref(), other.change.after.as_ref(), homes),
        (a, b) => a == b,
    };
    let same = |(a, b): (&&Field, &&Field)| {
        a.path == b.path
            && sides_alike(a.edit.before(), b.edit.before(), homes)
            && sides_alike(a.edit.after(), b.edit.after(), homes)
    };
    how && one.fields.len() == other.fields.len() && one.fields.iter().zip(&other.fields).all(same)
}

fn sides_alike(one: Option<&Content>, other: Option<&Content>, homes: Homes<'_>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => alike(one, other, homes),
        (one, other) => one.is_none() && other.is_none(),
    }
}

/// Whether two values are the same but for the namespaces of their environments.
fn alike(one: &Content, other: &Content, homes: Homes<'_>) -> bool {
    match (one, other) {
        (Content::Text(a), Content::Text(b)) => a == b || (Some(a.as_str()) == homes.0 && Some(b.as_str()) == homes.1),
        (Content::List(a), Content::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(a, b, homes)),
        (Content::Map(a), Content::Map(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|((k, a), (l, b))| k == l && alike(a, b, homes))
        }
        (one, other) => one == other,
    }
}

/// Whether an object lies in the same namespace in all of some environments.
fn one_namespace(identity: &Identity, environments: &[usize], homes: &[Option<&str>]) -> bool {
    let first = environments.first().map(|at| homes[*at]);
    let is_home = environments.first().is_some_and(|at| identity.namespace.as_deref() == homes[*at]);
    !is_home || environments.iter().all(|at| Some(homes[*at]) == first)
}

fn name(rows: &mut [Row<'_>], homes: &[Option<&str>]) {
    for row in rows {
        let identity = &row.change.identity;
        row.name = words::object(identity, one_namespace(identity, &row.environments, homes));
    }
}

fn shared(report: &Report) -> Vec<Shared<'_>> {
    let mut shared: Vec<Shared<'_>> = Vec::new();
    let mut known: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, review) in report.reviews.iter().enumerate() {
        for group in &review.groups {
            let candidates = known.entry(&group.field).or_default();
            let same = candidates.iter().find(|candidate| {
                let other = &shared[**candidate];
                other.counts.last().is_some_and(|(last, _)| *last != at) && *other.edit == group.edit
            });
            if let Some(same) = same {
                shared[*same].counts.push((at, group.objects.len()));
            } else {
                candidates.push(shared.len());
                shared.push(Shared { field: &group.field, edit: &group.edit, counts: vec![(at, group.objects.len())] });
            }
        }
    }
    shared.sort_by_key(|one| std::cmp::Reverse(one.objects()));
    shared
}

/// What a risk says, wherever it stands.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Saying<'a> {
    class: Class,
    rule: &'a str,
    field: &'a str,
    sides: (Option<&'a str>, Option<&'a str>),
    words: (&'a str, &'a str, Option<&'a str>),
    verdict: (u8, &'a str),
}

impl<'a> Saying<'a> {
    fn of(risk: &'a Risk) -> Self {
        Self {
            class: risk.class,
            rule: risk.rule,
            field: &risk.field,
            sides: (risk.before.as_deref(), risk.after.as_deref()),
            words: (&risk.what, &risk.reason, risk.help.as_deref()),
            verdict: match &risk.verdict {
                Verdict::Shown => (0, ""),
                Verdict::Denied => (1, ""),
                Verdict::Unacknowledged => (2, ""),
                Verdict::Acknowledged(reason) => (3, reason),
            },
        }
    }
}

/// Risks, told once for all environments and then once for all objects.
fn risks<'a>(report: &'a Report, homes: &[Option<&str>]) -> Vec<Told<'a>> {
    let mut by_object: Vec<(&Risk, Vec<usize>, Vec<&Cause>)> = Vec::new();
    let mut known: BTreeMap<(Place<'_>, Saying<'_>), usize> = BTreeMap::new();
    for (at, review) in report.reviews.iter().enumerate() {
        for risk in &review.risks {
            let key = (place_of(&review.system, &risk.identity, homes[at]), Saying::of(risk));
            let entry = *known.entry(key).or_insert(by_object.len());
            if entry == by_object.len() {
                by_object.push((risk, Vec::new(), Vec::new()));
            }
            add(at, &mut by_object[entry].1);
            risk.cause.iter().for_each(|cause| add(cause, &mut by_object[entry].2));
        }
    }
    let mut told = for_all_objects(by_object, homes);
    told.sort_by_key(|told| told.risk.class);
    told
}

fn for_all_objects<'a>(
    by_object: Vec<(&'a Risk, Vec<usize>, Vec<&'a Cause>)>,
    homes: &[Option<&str>],
) -> Vec<Told<'a>> {
    let mut all: Vec<Told<'a>> = Vec::new();
    let mut known: BTreeMap<(Saying<'_>, Vec<usize>), usize> = BTreeMap::new();
    for (risk, environments, causes) in by_object {
        let name = words::object(&risk.identity, one_namespace(&risk.identity, &environments, homes));
        let entry = *known.entry((Saying::of(risk), environments.clone())).or_insert(all.len());
        if entry == all.len() {
            all.push(Told { risk, objects: Vec::new(), environments, causes: Vec::new() });
        }
        all[entry].objects.push(name);
        causes.into_iter().for_each(|cause| add(cause, &mut all[entry].causes));
    }
    all
}

/// Adds what is not there; the lists are short, and what is alike comes together.
fn add<T: PartialEq>(item: T, list: &mut Vec<T>) {
    const RECENT: usize = 8;
    if !list.iter().rev().take(RECENT).any(|known| *known == item) {
        list.push(item);
    }
}
