//! `metadata`: labels and annotations that nothing selects or reads.

use super::{Class, Comparison, Risk};
use crate::diff::How;

pub(super) fn find(comparison: &Comparison<'_>, risks: &mut Vec<Risk>) {
    for change in comparison.changes {
        if matches!(change.how, How::Changed | How::Renewed { .. }) {
            let told: Vec<String> =
                risks.iter().filter(|risk| risk.identity == change.identity).map(|risk| risk.field.clone()).collect();
            let own = change.fields.iter().filter(|field| field.path.is_under(&["metadata"]));
            let rest = own.filter(|field| !told.contains(&field.path.to_string()));
            risks.extend(rest.map(|field| {
                let what = if field.path.is_under(&["metadata", "labels"]) { "a label" } else { "an annotation" };
                Risk::of_field(Class::Metadata, "metadata", change, field, what)
                    .reason("nothing in the output selects or reads it")
            }));
        }
        // What only names the successor of something else still is a change.
        if change.only_follows() && !risks.iter().any(|risk| risk.identity == change.identity) {
            risks.push(
                Risk::of(Class::Config, "follows", change, "follows the new name of what it reads")
                    .reason("the name follows the content"),
            );
        }
    }
}
