//! The words that all formats share.

use super::super::{Class, Range, Totals, Verdict};
use crate::diff::path::shown;
use crate::diff::{Change, Edit, How};
use crate::kube::{Content, Identity};
use crate::model::Quantity;

/// `1 object`, `3 objects`
pub(super) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// `Deployment ai/api`; without the namespace where it is not the same everywhere.
pub(super) fn object(identity: &Identity, with_namespace: bool) -> String {
    let namespace = identity.namespace.as_deref().filter(|_| with_namespace);
    let namespace = namespace.map_or(String::new(), |namespace| format!("{namespace}/"));
    format!("{} {namespace}{}", identity.kind, identity.name)
}

/// What happens to an object, in one character.
pub(super) fn sign(how: &How) -> char {
    match how {
        How::Added => '+',
        How::Removed => '-',
        How::Changed | How::Renewed { .. } | How::Renamed { .. } => '~',
    }
}

/// What happens to an object: the word of the JSON and of the filters.
pub(super) fn how(how: &How) -> &'static str {
    match how {
        How::Added => "added",
        How::Changed => "changed",
        How::Renewed { .. } => "renewed",
        How::Renamed { .. } => "renamed",
        How::Removed => "removed",
    }
}

/// Objects that have no line of their own.
pub(super) fn folded(count: usize) -> String {
    let differ = if count == 1 { "differs" } else { "differ" };
    format!("{} {differ} in nothing but what many share, or what follows another change", counted(count, "more object"))
}

/// What more there is to say of an object: `was StatefulSet ai/queue`.
pub(super) fn origin(change: &Change) -> Option<String> {
    match &change.how {
        How::Renamed { from } => Some(format!("was {}", object(from, true))),
        How::Renewed { from } => Some(format!("was {from}")),
        How::Added | How::Changed | How::Removed => None,
    }
}

/// Old and new, as they are told: `a → b`, `a gone`.
pub(super) fn sides(edit: &Edit) -> (Option<String>, Option<String>) {
    (edit.before().map(shown), edit.after().map(shown))
}

/// The lines of a value that has more than one.
pub(super) fn long_text(content: &Content) -> Option<&str> {
    content.as_str().filter(|text| text.trim_end().contains('\n'))
}

/// Classes that say no more than that something changed.
pub(super) fn is_routine(class: Class) -> bool {
    matches!(class, Class::Config | Class::Metadata)
}

/// Classes that a reader must not miss.
pub(super) fn is_grave(class: Class) -> bool {
    matches!(class, Class::Rejected | Class::DataLoss | Class::Downtime | Class::Security)
}

/// What the policy makes of a risk, where that is worth a word.
pub(super) fn verdict(verdict: &Verdict) -> Option<String> {
    match verdict {
        Verdict::Shown => None,
        Verdict::Denied => Some("denied".into()),
        Verdict::Unacknowledged => Some("needs an acknowledgement".into()),
        Verdict::Acknowledged(reason) => Some(format!("acknowledged: {reason}")),
    }
}

/// `2 rejected, 1 restart`
pub(super) fn classes<'a>(counts: impl IntoIterator<Item = (&'a Class, &'a usize)>) -> String {
    counts.into_iter().map(|(class, count)| format!("{count} {class}")).collect::<Vec<_>>().join(", ")
}

/// What the pods ask for, one entry for each resource that moves: `cpu 2–8 → 3–9`.
pub(super) fn capacity((before, after): &(Totals, Totals)) -> Vec<String> {
    let all = [&before.least, &before.most, &after.least, &after.most];
    let names: std::collections::BTreeSet<&String> = all.iter().flat_map(|side| side.keys()).collect();
    let of = |totals: &Totals, name: &String| {
        let get =
            |side: &std::collections::BTreeMap<String, Quantity>| side.get(name).copied().unwrap_or(Quantity::ZERO);
        span(&amount(get(&totals.least)), &amount(get(&totals.most)))
    };
    let moves = names.into_iter().map(|name| (name, of(before, name), of(after, name)));
    moves.filter(|(_, old, new)| old != new).map(|(name, old, new)| format!("{name} {old} → {new}")).collect()
}

/// `100–400 → 120–500 EUR`
pub(super) fn cost((before, after): &(Range, Range)) -> String {
    let of = |range: &Range| span(&money(range.least), &money(range.most));
    if before.currency == after.currency {
        return format!("{} → {} {}", of(before), of(after), after.currency);
    }
    format!("{} {} → {} {}", of(before), before.currency, of(after), after.currency)
}

fn span(least: &str, most: &str) -> String {
    if least == most { least.to_owned() } else { format!("{least}–{most}") }
}

/// A quantity as a person reads it: `18.5`, not `18500m`.
fn amount(quantity: Quantity) -> String {
    let text = quantity.to_string();
    let Some(milli) = text.strip_suffix('m').and_then(|milli| milli.parse::<u64>().ok()) else { return text };
    let decimals = format!("{:03}", milli % 1_000);
    format!("{}.{}", milli / 1_000, decimals.trim_end_matches('0'))
}

/// An amount with two decimals, or none where it is whole.
fn money(amount: Quantity) -> String {
    let (milli, sign) = (amount.milli(), if amount.is_negative() { "-" } else { "" });
    let cents = (milli.unsigned_abs() + 5) / 10;
    let (whole, rest) = (cents / 100, cents % 100);
    if rest == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_told_in_whole_cents() {
        let told = |milli| money(Quantity::from_milli(milli));
        assert_eq!([told(100_000), told(99_994), told(1_505), told(-2_500)], ["100", "99.99", "1.51", "-2.50"]);
    }

    #[test]
    fn an_amount_is_told_with_a_point() {
        let told = |text| amount(Quantity::parse(text).unwrap());
        assert_eq!([told("18500m"), told("50m"), told("4"), told("12Gi")], ["18.5", "0.05", "4", "12Gi"]);
    }

    #[test]
    fn a_range_of_one_value_is_that_value() {
        let range = |least, most| Range {
            least: Quantity::from_units(least),
            most: Quantity::from_units(most),
            currency: "EUR".into(),
        };
        assert_eq!(cost(&(range(5, 5), range(5, 9))), "5 → 5–9 EUR");
    }
}
