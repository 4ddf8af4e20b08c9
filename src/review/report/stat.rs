//! How much changes in each object, and which objects do: the short forms that Git has as well.

use super::outline::environments;
use super::{Report, ReportOptions, words};
use crate::diagnostic::sanitize;
use crate::diff::{Change, Edit, How};
use crate::kube::Content;
use owo_colors::{OwoColorize as _, Style};
use std::fmt::Write as _; // Writing to a string cannot fail.
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// One object a line, as the API names it; the environment before it where there are several.
pub(super) fn names(report: &Report) -> String {
    let called = environments(report);
    let mut text = String::new();
    for (review, environment) in report.reviews.iter().zip(&called) {
        for change in &review.changes {
            let prefix = if called.len() > 1 { format!("{environment} ") } else { String::new() };
            text.push_str(&sanitize::line(&format!("{prefix}{}", change.identity)));
            text.push('\n');
        }
    }
    text
}

/// Fields that come and fields that go.
#[derive(Clone, Copy, Default)]
struct Size {
    come: usize,
    gone: usize,
}

impl Size {
    fn of(change: &Change) -> Self {
        match change.how {
            How::Added => Self { come: change.after.as_ref().map_or(1, leaves), gone: 0 },
            How::Removed => Self { come: 0, gone: change.before.as_ref().map_or(1, leaves) },
            _ => change.fields.iter().chain(&change.follows).fold(Self::default(), |size, field| size.and(&field.edit)),
        }
    }

    fn and(self, edit: &Edit) -> Self {
        match edit {
            Edit::Added(value) => Self { come: self.come + leaves(value), ..self },
            Edit::Removed(value) => Self { gone: self.gone + leaves(value), ..self },
            Edit::Replaced(old, new) => Self { come: self.come + leaves(new), gone: self.gone + leaves(old) },
            Edit::Reordered => Self { come: self.come + 1, gone: self.gone + 1 },
        }
    }
}

fn leaves(value: &Content) -> usize {
    match value {
        Content::List(items) if !items.is_empty() => items.iter().map(leaves).sum(),
        Content::Map(entries) if !entries.is_empty() => entries.iter().map(|(_, value)| leaves(value)).sum(),
        _ => 1,
    }
}

/// A line for each object, with a bar as long as it changes; then the totals.
pub(super) fn render(report: &Report, options: &ReportOptions) -> String {
    let called = environments(report);
    let mut text = String::new();
    for (review, environment) in report.reviews.iter().zip(&called).filter(|(review, _)| !review.changes.is_empty()) {
        if called.len() > 1 {
            _ = writeln!(text, "{}:", sanitize::line(environment));
        }
        text.push_str(&table(&review.changes, options));
    }
    text
}

fn table(changes: &[Change], options: &ReportOptions) -> String {
    let sizes: Vec<Size> = changes.iter().map(Size::of).collect();
    let most = sizes.iter().map(|size| size.come + size.gone).max().unwrap_or(0);
    let digits = most.to_string().len();
    let names: Vec<String> = changes.iter().map(|change| sanitize::line(&name(change))).collect();
    // As in Git, the bar keeps at least a third of the line.
    let room = options.width.saturating_sub(digits + 6).max(20);
    let width = names.iter().map(|name| name.width()).max().unwrap_or(0).min(room - room / 3);
    let bar = room - width;
    let mut text = String::new();
    for (name, size) in names.iter().zip(&sizes) {
        let name = fitted(name, width);
        let count = size.come + size.gone;
        let bar = drawn(*size, most, bar, options.color);
        text.push_str(format!(" {name} | {count:>digits$} {bar}").trim_end());
        text.push('\n');
    }
    text.push_str(&totals(&sizes));
    text
}

fn name(change: &Change) -> String {
    let name = words::object(&change.identity, true);
    match &change.how {
        How::Renamed { from } => format!("{} => {name}", words::object(from, true)),
        _ => name,
    }
}

/// The name in so many columns; of a long one the end.
fn fitted(name: &str, width: usize) -> String {
    let mut columns = name.width();
    if columns <= width {
        return format!("{name}{}", " ".repeat(width - columns));
    }
    let mut rest = name.chars();
    while columns + 3 > width {
        let Some(first) = rest.next() else { break };
        columns -= first.width().unwrap_or(0);
    }
    format!("...{}{}", rest.as_str(), " ".repeat(width.saturating_sub(columns + 3)))
}

fn drawn(size: Size, most: usize, room: usize, color: bool) -> String {
    let scaled = |count: usize| match count {
        0 => 0,
        count if most <= room => count,
        count => (count * room / most).max(1),
    };
    let style = |style: Style| if color { style } else { Style::new() };
    let paint = |sign: &str, count: usize, color: Style| match scaled(count) {
        0 => String::new(),
        count if color.is_plain() => sign.repeat(count),
        count => sign.repeat(count).style(color).to_string(),
    };
    let (come, gone) = (style(Style::new().green()), style(Style::new().red()));
    format!("{}{}", paint("+", size.come, come), paint("-", size.gone, gone))
}

fn totals(sizes: &[Size]) -> String {
    let (come, gone) = sizes.iter().fold((0, 0), |(come, gone), size| (come + size.come, gone + size.gone));
    let mut parts = vec![format!(" {} changed", words::counted(sizes.len(), "object"))];
    if come > 0 {
        parts.push(format!("{} added(+)", words::counted(come, "field")));
    }
    if gone > 0 {
        parts.push(format!("{} removed(-)", words::counted(gone, "field")));
    }
    format!("{}\n", parts.join(", "))
}
