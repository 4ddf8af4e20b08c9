//! For a pull request: one comment.
//!
//! Promises: never more bytes than the limit, however much changes; what is left out is counted. Every
//! fence and every fold that opens closes, and no value leaves its place. The work is bounded by what is
//! shown, once the objects are in order.

mod budget;
mod escape;

use super::super::{Class, Review, Wave};
use super::lines::hunks;
use super::outline::{Outline, Row, Shared, Told};
use super::text::{deliveries, place, rest, subjects};
use super::{Report, ReportOptions, words};
use crate::diff::{Edit, Field};
use crate::kube::Content;
use crate::yaml;
use budget::Budget;
use escape::{block, cell, code, html, prose};
use std::fmt::Write as _; // Writing to a string cannot fail.

/// By this a bot finds its own comment.
/// The first line of a comment, by which it is found again.
pub const MARKER: &str = "<!-- windlass:review -->\n";
/// Bytes that stay free for the last lines.
const FOOTER: usize = 600;
/// The most characters of a label or a note.
const LABEL: usize = 300;
/// Lines around a change.
const AROUND: usize = 3;

pub(super) fn render(report: &Report, options: &ReportOptions) -> String {
    let outline = Outline::of(report);
    let footer = footer(options);
    let mut page = Budget::new(options.limit_bytes, footer.len().min(FOOTER));
    page.push(MARKER);
    page.push(&head(report, &outline));
    table(report, &outline, &mut page);
    report.notes.iter().for_each(|note| _ = page.push(&format!("> {}\n\n", prose(&cut(note, LABEL)))));
    // What is dangerous has room before what merely changes, and leaves some to it.
    page.within(60, |page| risks(&outline, page));
    page.within(25, |page| delivery(report, &outline, page));
    objects(&outline, &mut page);
    page.finish(&footer)
}

fn head(report: &Report, outline: &Outline<'_>) -> String {
    let gravest = outline.risks.first().map(|told| told.risk.class);
    let title = match gravest {
        _ if report.reviews.iter().all(|review| review.changes.is_empty()) && gravest.is_none() => {
            "no change".to_owned()
        }
        Some(class) if !words::is_routine(class) => format!("{class}: {}", class.meaning()),
        _ => "nothing dangerous".to_owned(),
    };
    let sides = format!("{} → {}", code(&cut(&report.before, LABEL)), code(&cut(&report.after, LABEL)));
    format!("### Windlass review: {title}\n\n{sides}\n\n")
}

fn footer(options: &ReportOptions) -> String {
    match &options.full_report {
        Some(place) if place.starts_with("https://") => {
            format!("\nThe full report: <{}>\n", escape::address(&cut(place, LABEL)))
        }
        Some(place) => format!("\nThe full report: {}\n", code(&cut(place, LABEL))),
        None => "\nThe full report: `windlass diff --format html`\n".to_owned(),
    }
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

/// A row for each environment.
fn table(report: &Report, outline: &Outline<'_>, page: &mut Budget) {
    if report.reviews.is_empty() {
        page.push("Nothing to compare.\n\n");
        return;
    }
    let has_capacity = report.reviews.iter().any(|review| !capacity(review).is_empty());
    let has_cost = report.reviews.iter().any(|review| !cost(review).is_empty());
    let columns =
        [("environment", true), ("objects", true), ("risks", true), ("capacity", has_capacity), ("a month", has_cost)];
    let columns: Vec<&str> = columns.iter().filter(|(_, shown)| *shown).map(|(name, _)| *name).collect();
    let head = format!("| {} |\n|{}\n", columns.join(" | "), "---|".repeat(columns.len()));
    let rows = report.reviews.iter().zip(&outline.environments).map(|(review, name)| {
        let risks = words::classes(&review.by_class());
        let mut cells = vec![cell(&code(&cut(name, LABEL))), review.counts().to_string(), risks];
        cells.extend(
            has_capacity.then(|| cell(&capacity(review).iter().map(|of| prose(of)).collect::<Vec<_>>().join("<br>"))),
        );
        cells.extend(has_cost.then(|| cell(&prose(&cost(review)))));
        format!("| {} |\n", cells.join(" | "))
    });
    page.list(&head, "\n", rows, |left| format!("\n…and {}\n", words::counted(left, "more environment")));
}

fn capacity(review: &Review) -> Vec<String> {
    review.totals.as_ref().map(words::capacity).unwrap_or_default()
}

fn cost(review: &Review) -> String {
    review.cost.as_ref().filter(|(before, after)| before != after).map(words::cost).unwrap_or_default()
}

/// Those that nobody must miss stand open, the others folded by class.
fn risks(outline: &Outline<'_>, page: &mut Budget) {
    let grave = |told: &&Told<'_>| words::is_grave(told.risk.class) || words::verdict(&told.risk.verdict).is_some();
    let open: Vec<&Told<'_>> = outline.risks.iter().filter(grave).collect();
    if !open.is_empty() {
        let items = open.iter().map(|told| risk(told, outline));
        page.list("#### Risks\n\n", "\n", items, |left| format!("- …and {}\n", words::counted(left, "more risk")));
    }
    for class in Class::ALL.iter().copied() {
        let folded: Vec<&Told<'_>> =
            outline.risks.iter().filter(|told| told.risk.class == class && !grave(told)).collect();
        // What merely changes is told with the objects.
        if folded.is_empty() || words::is_routine(class) {
            continue;
        }
        let count: usize = folded.iter().map(|told| told.objects.len()).sum();
        let head = format!("<details><summary><b>{class}</b> ({count}): {}</summary>\n\n", html(class.meaning()));
        let items = folded.iter().map(|told| risk(told, outline));
        page.list(&head, "\n</details>\n\n", items, |left| format!("- …and {left} more\n"));
    }
}

/// An item of a list, with what belongs to it below.
fn risk(told: &Told<'_>, outline: &Outline<'_>) -> String {
    let risk = told.risk;
    let verdict = words::verdict(&risk.verdict)
        .map_or(String::new(), |verdict| format!(" (**{}**)", prose(&cut(&verdict, LABEL))));
    let mut text = format!(
        "- **{}** {}{}: {}{verdict}\n",
        risk.class,
        code(&cut(&subjects(&told.objects), LABEL)),
        within(outline, &told.environments),
        prose(&cut(&risk.what, 2 * LABEL))
    );
    let values = sides(risk.before.as_deref(), risk.after.as_deref());
    if !risk.field.is_empty() {
        let values = if values.is_empty() { String::new() } else { format!(": {values}") };
        _ = writeln!(text, "  - {}{values}", code(&cut(&risk.field, LABEL)));
    }
    if !risk.reason.is_empty() {
        _ = writeln!(text, "  - why: {}", prose(&cut(&risk.reason, 4 * LABEL)));
    }
    if let Some(help) = &risk.help {
        _ = writeln!(text, "  - help: {}", prose(&cut(help, 4 * LABEL)));
    }
    told.causes.iter().take(3).for_each(|cause| _ = writeln!(text, "  - at {}", code(&cut(&place(cause), LABEL))));
    text
}

fn sides(before: Option<&str>, after: Option<&str>) -> String {
    let of = |value: &str| code(&cut(value, LABEL));
    match (before, after) {
        (Some(before), Some(after)) if before == after => "changed".to_owned(),
        (Some(before), Some(after)) => format!("{} → {}", of(before), of(after)),
        (Some(before), None) => format!("~~{}~~", of(before)),
        (None, Some(after)) => of(after),
        (None, None) => String::new(),
    }
}

/// ` in production, staging`
fn within(outline: &Outline<'_>, environments: &[usize]) -> String {
    let names = outline.named(environments);
    if names.is_empty() { String::new() } else { format!(" in {}", code(&cut(&names.join(", "), LABEL))) }
}

fn delivery(report: &Report, outline: &Outline<'_>, page: &mut Budget) {
    for (names, waves) in deliveries(report, outline) {
        let of = if names.is_empty() { String::new() } else { format!(" in {}", html(&cut(&names.join(", "), LABEL))) };
        let head = format!("<details><summary>Delivery order{of}</summary>\n\n");
        page.list(&head, "\n</details>\n\n", waves.iter().map(wave), |left| format!("1. …and {left} more\n"));
    }
}

fn wave(wave: &Wave) -> String {
    let names: Vec<String> = wave.objects.iter().map(|identity| words::object(identity, false)).collect();
    let mut text = format!("1. {}: {}\n", wave.name, code(&cut(&subjects(&names), LABEL)));
    for wait in wave.waits.iter().take(5) {
        _ = writeln!(text, "   - waits: {}", prose(&cut(wait, LABEL)));
    }
    if let Some(halfway) = &wave.halfway {
        _ = writeln!(text, "   - if it stops here: {}", prose(&cut(halfway, 2 * LABEL)));
    }
    text
}

/// What many share, then a diff for each object while there is room, then names, then numbers.
fn objects(outline: &Outline<'_>, page: &mut Budget) {
    if outline.objects.is_empty() && outline.shared.is_empty() {
        return;
    }
    if !page.push("#### Objects\n\n") {
        return;
    }
    let rows = outline.shared.iter().map(|one| shared(one, outline));
    page.within(30, |page| page.list("", "\n", rows, |left| format!("- …and {left} more changes that many share\n")));
    if outline.folded > 0 {
        page.push(&format!("{}.\n\n", words::folded(outline.folded)));
    }
    let most = page.room() / 6;
    let mut shown = 0;
    page.within(80, |page| {
        // The first that does not fit ends it: a reader is not to search for what is missing.
        shown = outline.objects.iter().take_while(|row| page.push(&object(row, outline, most.max(400)))).count();
    });
    let rest = &outline.objects[shown..];
    if !rest.is_empty() {
        let head =
            format!("<details><summary>{} without their diff</summary>\n\n", words::counted(rest.len(), "object"));
        let names = rest.iter().map(|row| format!("- {}\n", line(row, outline)));
        page.list(&head, "\n</details>\n", names, |left| format!("- …and {left} more\n"));
    }
}

fn shared(shared: &Shared<'_>, outline: &Outline<'_>) -> String {
    let environments: Vec<usize> = shared.counts.iter().map(|(at, _)| *at).collect();
    let (before, after) = words::sides(shared.edit);
    let values = sides(before.as_deref(), after.as_deref());
    let values = if values.is_empty() { "in another order".to_owned() } else { values };
    format!(
        "- in {}{}: {}: {values}\n",
        words::counted(shared.objects(), "object"),
        within(outline, &environments),
        code(&cut(shared.field, LABEL))
    )
}

/// One object in one line of a list.
fn line(row: &Row<'_>, outline: &Outline<'_>) -> String {
    let how = words::how(&row.change.how);
    format!("{how} {}{}", code(&cut(&row.name, LABEL)), within(outline, &row.environments))
}

/// One object, folded.
fn object(row: &Row<'_>, outline: &Outline<'_>, most: usize) -> String {
    let names = outline.named(&row.environments);
    let of = if names.is_empty() { String::new() } else { format!(" in {}", html(&cut(&names.join(", "), LABEL))) };
    let origin = words::origin(row.change).map_or(String::new(), |origin| format!(", {}", html(&cut(&origin, LABEL))));
    let what = match row.fields.len() {
        0 => words::how(&row.change.how).to_owned(),
        count => words::counted(count, "field"),
    };
    let sign = words::sign(&row.change.how);
    let rest = rest(row).map_or(String::new(), |rest| format!("\n{rest}\n"));
    format!(
        "<details><summary><code>{sign} {}</code>{of}: {what}{origin}</summary>\n\n{}{rest}\n</details>\n\n",
        html(&cut(&row.name, LABEL)),
        block("diff", &diff(row, most))
    )
}

/// The lines that changed, no more bytes than there is room for.
fn diff(row: &Row<'_>, most: usize) -> String {
    let text = |content: Option<&Content>| content.and_then(|content| yaml::to_yaml(content).ok()).unwrap_or_default();
    let (before, after) = (text(row.change.before.as_ref()), text(row.change.after.as_ref()));
    let mut lines = Vec::new();
    for hunk in hunks(&before, &after, AROUND) {
        if row.change.before.is_some() && row.change.after.is_some() {
            lines.push(format!("@@ line {} @@", hunk.new));
        }
        lines.extend(
            hunk.lines.iter().map(|line| escape::fenced(&format!("{}{}", line.sign, cut(&line.text(), LABEL)))),
        );
    }
    if lines.is_empty() {
        // Concealed values, or another way of writing what means something else here.
        lines.extend(row.fields.iter().map(|field| escape::fenced(&field_line(field))));
    }
    fitted(&lines, most)
}

fn field_line(field: &Field) -> String {
    let (before, after) = words::sides(&field.edit);
    match &field.edit {
        Edit::Added(_) => format!("+{}: {}", field.path, after.unwrap_or_default()),
        Edit::Removed(_) => format!("-{}: {}", field.path, before.unwrap_or_default()),
        Edit::Replaced(..) => format!(" {}: changed", field.path),
        Edit::Reordered => format!(" {}: in another order", field.path),
    }
}

fn fitted(lines: &[String], most: usize) -> String {
    let mut text = String::new();
    for (at, line) in lines.iter().enumerate() {
        if text.len() + line.len() + 1 > most {
            _ = writeln!(text, " …and {}", words::counted(lines.len() - at, "more line"));
            break;
        }
        text.push_str(line);
        text.push('\n');
    }
    text
}
