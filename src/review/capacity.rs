//! `capacity`: what the pods ask for, at the least and at the most, and whether the nodes hold it.

use super::workload::{Workload, entries, items};
use super::{Class, Comparison, Risk, Side, number};
use crate::capacity::{Capacity, Verdict, arithmetic, assess};
use crate::diff::path::{at, text_at};
use crate::diff::{Change, How};
use crate::kube::{Content, Identity, Object};
use crate::model::{Amounts, Quantity};

/// What all pods ask for together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals {
    /// With every scaler at its lowest.
    pub least: Amounts,
    /// With every scaler at its highest, and every job running.
    pub most: Amounts,
}

pub(super) fn find(comparison: &Comparison<'_>, risks: &mut Vec<Risk>) {
    let grown: Vec<(&Change, Risk)> =
        comparison.changes.iter().filter_map(|change| Some((change, asks_for_more(comparison, change)?))).collect();
    risks.extend(no_room(comparison, grown.first().map(|(change, _)| *change)));
    risks.extend(grown.into_iter().map(|(_, risk)| risk));
}

/// What all pods of both sides ask for; none where nothing runs on either.
pub(super) fn totals(comparison: &Comparison<'_>) -> Option<(Totals, Totals)> {
    let (before, after) = (total(&comparison.before), total(&comparison.after));
    (before != after).then_some((before, after))
}

fn total(side: &Side<'_>) -> Totals {
    let mut total = Totals::default();
    for object in side.objects() {
        let own = of_object(object, side);
        add(&mut total.least, &own.least);
        add(&mut total.most, &own.most);
    }
    total
}

fn add(total: &mut Amounts, more: &Amounts) {
    for (name, amount) in more {
        let sum = total.get(name).map_or(*amount, |known| *known + *amount);
        total.insert(name.clone(), sum);
    }
}

/// What the pods of an object ask for.
fn of_object(object: &Object, side: &Side<'_>) -> Totals {
    let Some(workload) = Workload::of(object) else { return Totals::default() };
    let one = request(&workload);
    let (least, most) = workload.replicas(side);
    let group = number(workload.spec, &["leaderWorkerTemplate", "size"]).unwrap_or(1);
    let times = |count: i64| -> Amounts {
        let count = u64::try_from(count * group).unwrap_or(0);
        one.iter()
            .map(|(name, amount)| (name.clone(), amount.times(count)))
            .filter(|(_, amount)| *amount != Quantity::ZERO)
            .collect()
    };
    let is_job = matches!(workload.kind(), "Job" | "CronJob");
    Totals { least: if is_job { Amounts::new() } else { times(least) }, most: times(most) }
}

/// What the scheduler counts for one pod: the containers together, or the largest step before them.
fn request(workload: &Workload<'_>) -> Amounts {
    let own = |container: &Content| -> Amounts {
        let requests = entries(at(container, &["resources", "requests"]));
        // What is limited and not requested is requested as limited.
        let limits = entries(at(container, &["resources", "limits"]));
        let all = limits.chain(requests);
        all.filter_map(|(name, amount)| Some((name.to_owned(), quantity(amount)?))).collect()
    };
    if workload.kind() == "Cluster" {
        return own(workload.spec);
    }
    let mut sum = Amounts::from([("pods".to_owned(), Quantity::from_units(1))]);
    let Some(pod) = workload.pod() else { return sum };
    let (sidecars, steps): (Vec<_>, Vec<_>) = items(pod.get("initContainers"))
        .partition(|container| text_at(container, &["restartPolicy"]) == Some("Always"));
    for container in items(pod.get("containers")).chain(sidecars) {
        add(&mut sum, &own(container));
    }
    for step in steps {
        for (name, amount) in own(step) {
            let most = sum.get(&name).map_or(amount, |known| (*known).max(amount));
            sum.insert(name, most);
        }
    }
    sum
}

fn quantity(content: &Content) -> Option<Quantity> {
    match content {
        Content::Text(text) => Quantity::parse(text).ok(),
        Content::Integer(number) => Some(Quantity::from_units(*number)),
        _ => None,
    }
}

/// The worst case of one object, where it grows by what changes in it. A scaler's bounds count for what it scales.
fn asks_for_more(comparison: &Comparison<'_>, change: &Change) -> Option<Risk> {
    let own = comparison.after.of(change)?;
    let scaled = scaled_by(own, comparison);
    let is_new = |identity: &Identity| {
        comparison.changes.iter().any(|change| change.how == How::Added && change.identity == *identity)
    };
    let subject = scaled.as_ref().map_or(&own.identity, |scaled| scaled);
    // What is new is told once, with its scaler; what changes, where it changes.
    let told_elsewhere =
        if scaled.is_some() { is_new(subject) } else { change.how == How::Changed && grown_by(change).is_none() };
    if told_elsewhere {
        return None;
    }
    let target = |side: &Side<'_>| {
        let object = side.get(&subject.kind, subject.namespace.as_deref(), &subject.name);
        object.or_else(|| if scaled.is_none() { side.of(change) } else { None }).map(|object| of_object(object, side))
    };
    let after = target(&comparison.after)?.most;
    let before = target(&comparison.before).unwrap_or_default().most;
    let grown = |name: &&String| after[*name] > before.get(*name).copied().unwrap_or(Quantity::ZERO);
    let names: Vec<&String> = after.keys().filter(grown).collect();
    if names.is_empty() {
        return None;
    }
    let line = |amounts: &Amounts| {
        let words: Vec<String> = names
            .iter()
            .map(|name| format!("{name} {}", amounts.get(*name).copied().unwrap_or(Quantity::ZERO)))
            .collect();
        words.join(", ")
    };
    Some(
        Risk::of(Class::Capacity, "asks-for-more", change, format!("at the most it asks for {}", line(&after)))
            .at(grown_by(change).unwrap_or_else(|| "spec".into()), Some(line(&before)), Some(line(&after)))
            .reason("requests times the greatest count of pods"),
    )
}

/// What a scaler scales.
fn scaled_by(scaler: &Object, comparison: &Comparison<'_>) -> Option<Identity> {
    let name = text_at(&scaler.content, &["spec", "scaleTargetRef", "name"])?;
    let kind = text_at(&scaler.content, &["spec", "scaleTargetRef", "kind"]).unwrap_or("Deployment");
    let namespace = scaler.identity.namespace.as_deref();
    comparison.after.get(kind, namespace, name).map(|object| object.identity.clone())
}

/// The field that makes it more.
fn grown_by(change: &Change) -> Option<String> {
    let counts = |field: &&crate::diff::Field| {
        let last = field.path.last_key().unwrap_or_default();
        field.path.is_under(&["spec"])
            && (last.to_lowercase().ends_with("replicas") || last.ends_with("ReplicaCount") || last == "instances")
    };
    let asks = |field: &&crate::diff::Field| field.path.keys().any(|key| key == "resources");
    let field = change.fields.iter().find(counts).or_else(|| change.fields.iter().find(asks));
    field.map(|field| field.path.to_string())
}

/// The nodes do not hold what they held before.
fn no_room(comparison: &Comparison<'_>, change: Option<&Change>) -> Option<Risk> {
    let change = change.or(comparison.changes.first())?;
    let after = assess(comparison.after.model?)?;
    let before = comparison.before.model.and_then(assess);
    let fitted = before.as_ref().is_none_or(|before| !matches!(before.steady, Verdict::DoesNotFit(_)));
    let Verdict::DoesNotFit(proof) = &after.steady else { return None };
    fitted.then(|| {
        Risk::of(Class::Capacity, "no-room", change, "the worst case no longer fits the node pools: pods stay Pending")
            .at("target.nodePools", before.as_ref().map(|_| "fits".into()), Some("does not fit".into()))
            .reason(arithmetic(proof))
            .help(format!("see `windlass capacity`; {}", widen(&after)))
    })
}

fn widen(capacity: &Capacity) -> String {
    let names: Vec<String> = capacity.pools.iter().map(|pool| format!("`{}`", pool.name)).collect();
    format!("raise `nodes.max` of {}, or lower `scale.max`", names.join(" or "))
}
