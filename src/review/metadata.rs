//! `metadata`: labels and annotations that nothing selects or reads.

use super::{Class, Comparison, Risk, told};
use crate::diff::How;

pub(super) fn find(comparison: &Comparison<'_>, risks: &mut Vec<Risk>) {
    let told = told(risks);
    for change in comparison.changes {
        let of_change = told.get(&change.identity).map_or(&[][..], Vec::as_slice);
        if matches!(change.how, How::Changed | How::Renewed { .. }) {
            let own = change.fields.iter().filter(|field| field.path.is_under(&["metadata"]));
            let rest = own.filter(|field| !of_change.contains(&field.path.to_string()));
            risks.extend(rest.map(|field| {
                let what = if field.path.is_under(&["metadata", "labels"]) { "a label" } else { "an annotation" };
                Risk::of_field(Class::Metadata, "metadata", change, field, what)
                    .reason("nothing in the output selects or reads it")
            }));
        }
        // What only names the successor of something else still is a change.
        if change.only_follows() && of_change.is_empty() {
            risks.push(
                Risk::of(Class::Config, "follows", change, "follows the new name of what it reads")
                    .reason("the name follows the content"),
            );
        }
    }
}
