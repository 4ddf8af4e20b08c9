//! For a terminal: what it comes to, then what is dangerous, then every object, then the order of delivery.

use super::super::{Cause, Class, Review, Wave};
use super::lines::{self, Part};
use super::outline::{Outline, Row, Shared, Told};
use super::{Report, ReportOptions, words};
use crate::diagnostic::sanitize;
use crate::diff::{Edit, Field};
use owo_colors::{OwoColorize as _, Style};
use std::collections::BTreeMap;
use std::fmt::Write as _; // Writing to a string cannot fail.
use unicode_width::UnicodeWidthStr as _;

/// Risks of a class that says no more than that something changed, of which so many are shown.
const ROUTINE: usize = 8;
/// Objects that are named where many have the same to say.
const NAMED: usize = 3;
/// The column at which the text of a risk stands.
const MARGIN: usize = 11;

pub(super) fn render(report: &Report, options: &ReportOptions) -> String {
    let outline = Outline::of(report);
    let page = Page { options };
    let mut text = page.summary(report, &outline);
    for section in [page.risks(&outline), page.objects(&outline), page.delivery(report, &outline)] {
        if !section.is_empty() {
            text.push('\n');
            text.push_str(&section);
        }
    }
    text
}

struct Page<'a> {
    options: &'a ReportOptions,
}

impl Page<'_> {
    fn paint(&self, text: &str, style: Style) -> String {
        if text.is_empty() || !self.options.color { text.to_owned() } else { text.style(style).to_string() }
    }

    fn strong(&self, text: &str) -> String {
        self.paint(text, Style::new().bold())
    }

    fn faint(&self, text: &str) -> String {
        self.paint(text, Style::new().dimmed())
    }

    fn class(&self, class: Class, text: &str) -> String {
        self.paint(
            text,
            match class {
                Class::Rejected | Class::DataLoss => Style::new().red().bold(),
                Class::Downtime | Class::Security => Style::new().red(),
                Class::Capacity | Class::Inert | Class::Restart => Style::new().yellow(),
                Class::Scaling | Class::Cost => Style::new().cyan(),
                Class::Config | Class::Metadata => Style::new().dimmed(),
            },
        )
    }

    /// Text after a head, folded under itself.
    fn folded(&self, indent: usize, head: &str, text: &str) -> String {
        let margin = " ".repeat(indent + head.width());
        let width = self.options.width.max(40).saturating_sub(margin.len());
        let lines = textwrap::wrap(text, width.max(20));
        format!("{}{}{}\n", " ".repeat(indent), self.faint(head), lines.join(&format!("\n{margin}")))
    }

    fn summary(&self, report: &Report, outline: &Outline<'_>) -> String {
        let sides = format!("{} → {}", sanitize::line(&report.before), sanitize::line(&report.after));
        let mut text = format!("{}\n\n", self.strong(&sides));
        let width = outline.environments.iter().map(|name| name.width()).max().unwrap_or(0);
        for (review, name) in report.reviews.iter().zip(&outline.environments) {
            text.push_str(&self.environment(review, &sanitize::line(name), width));
        }
        if report.reviews.is_empty() {
            text.push_str("  nothing to compare\n");
        }
        for note in &report.notes {
            text.push('\n');
            text.push_str(&self.folded(0, "note: ", &sanitize::line(note)));
        }
        text
    }

    fn environment(&self, review: &Review, name: &str, width: usize) -> String {
        let pad = " ".repeat(width.saturating_sub(name.width()) + 2);
        let mut text = format!("  {}{pad}{}\n", self.strong(name), review.counts());
        let indent = width + 4;
        let classes: Vec<String> =
            review.by_class().iter().map(|(class, count)| self.class(*class, &format!("{count} {class}"))).collect();
        if !classes.is_empty() {
            _ = writeln!(text, "{}{}{}", " ".repeat(indent), self.faint("risks     "), classes.join(", "));
        }
        let capacity = review.totals.as_ref().map(words::capacity).unwrap_or_default();
        if !capacity.is_empty() {
            text.push_str(&self.folded(indent, "capacity  ", &sanitize::line(&capacity.join(", "))));
        }
        if let Some(cost) = review.cost.as_ref().filter(|(before, after)| before != after) {
            text.push_str(&self.folded(indent, "a month   ", &sanitize::line(&words::cost(cost))));
        }
        text
    }

    fn heading(&self, text: &str) -> String {
        format!("{}\n", self.strong(text))
    }

    fn risks(&self, outline: &Outline<'_>) -> String {
        if outline.risks.is_empty() {
            return String::new();
        }
        let mut text = self.heading("Risks");
        let mut shown: BTreeMap<Class, usize> = BTreeMap::new();
        for told in &outline.risks {
            let class = told.risk.class;
            let count = shown.entry(class).or_default();
            *count += 1;
            if !words::is_routine(class) || *count <= ROUTINE {
                text.push_str(&self.risk(told, outline));
            }
        }
        for (class, count) in shown.iter().filter(|(class, count)| words::is_routine(**class) && **count > ROUTINE) {
            let more = format!("{} more: see the objects", count - ROUTINE);
            _ = writeln!(text, "{}{}", self.class(*class, &pad(class.text())), self.faint(&more));
        }
        text
    }

    fn risk(&self, told: &Told<'_>, outline: &Outline<'_>) -> String {
        let risk = told.risk;
        let head = sanitize::line(&subjects(&told.objects));
        let mut text = format!(
            "{}{}{}\n",
            self.class(risk.class, &pad(risk.class.text())),
            self.strong(&head),
            self.named(outline, &told.environments)
        );
        text.push_str(&self.folded(MARGIN, "", &sanitize::line(&risk.what)));
        if words::is_routine(risk.class) {
            return text;
        }
        text.push_str(&self.sides(MARGIN, &risk.field, risk.before.as_deref(), risk.after.as_deref()));
        if !risk.reason.is_empty() {
            text.push_str(&self.folded(MARGIN, "why: ", &sanitize::line(&risk.reason)));
        }
        if let Some(help) = &risk.help {
            text.push_str(&self.folded(MARGIN, "help: ", &sanitize::line(help)));
        }
        for cause in told.causes.iter().take(NAMED) {
            _ = writeln!(text, "{}{}", " ".repeat(MARGIN), self.faint(&format!("at: {}", place(cause))));
        }
        if let Some(verdict) = words::verdict(&risk.verdict) {
            text.push_str(&self.folded(MARGIN, "policy: ", &sanitize::line(&verdict)));
        }
        text
    }

    fn named(&self, outline: &Outline<'_>, environments: &[usize]) -> String {
        let names = outline.named(environments);
        if names.is_empty() {
            return String::new();
        }
        format!("  {}", self.faint(&sanitize::line(&names.join(", "))))
    }

    /// A field with its old and its new value: on one line where they fit, else under each other.
    fn sides(&self, indent: usize, field: &str, before: Option<&str>, after: Option<&str>) -> String {
        let field = sanitize::line(field);
        let margin = " ".repeat(indent);
        let (before, after) = (before.map(sanitize::line), after.map(sanitize::line));
        let head = if field.is_empty() { String::new() } else { format!("{field}: ") };
        match (&before, &after) {
            (None, None) if field.is_empty() => String::new(),
            (None, None) => format!("{margin}{field}\n"),
            (Some(old), None) => format!("{margin}{}\n", self.paint(&format!("- {head}{old}"), Style::new().red())),
            (None, Some(new)) => format!("{margin}{}\n", self.paint(&format!("+ {head}{new}"), Style::new().green())),
            (Some(old), Some(new)) if old == new => format!("{margin}{head}changed\n"),
            (Some(old), Some(new)) => {
                let (olds, news) = lines::words(old, new);
                let (olds, news) = (self.parts(&olds, Style::new().red()), self.parts(&news, Style::new().green()));
                if indent + head.width() + old.width() + new.width() + 3 <= self.options.width {
                    return format!("{margin}{head}{olds} → {news}\n");
                }
                let head = if field.is_empty() { String::new() } else { format!("{margin}{field}:\n") };
                format!("{head}{margin}  - {olds}\n{margin}  + {news}\n")
            }
        }
    }

    fn parts(&self, parts: &[Part], style: Style) -> String {
        parts.iter().map(|part| if part.differs { self.paint(&part.text, style) } else { part.text.clone() }).collect()
    }

    fn objects(&self, outline: &Outline<'_>) -> String {
        if outline.objects.is_empty() && outline.shared.is_empty() && outline.folded == 0 {
            return String::new();
        }
        let mut text = self.heading("Objects");
        outline.shared.iter().for_each(|shared| text.push_str(&self.shared(shared, outline)));
        outline.objects.iter().for_each(|row| text.push_str(&self.object(row, outline)));
        if outline.folded > 0 {
            text.push_str(&self.folded(0, "", &words::folded(outline.folded)));
        }
        text
    }

    fn shared(&self, shared: &Shared<'_>, outline: &Outline<'_>) -> String {
        let environments: Vec<usize> = shared.counts.iter().map(|(at, _)| *at).collect();
        let head = format!("in {}", words::counted(shared.objects(), "object"));
        let (before, after) = words::sides(shared.edit);
        format!(
            "{} {}{}\n{}",
            self.paint("*", Style::new().yellow()),
            self.strong(&head),
            self.named(outline, &environments),
            self.sides(4, shared.field, before.as_deref(), after.as_deref())
        )
    }

    fn object(&self, row: &Row<'_>, outline: &Outline<'_>) -> String {
        let sign = words::sign(&row.change.how);
        let style = match sign {
            '+' => Style::new().green(),
            '-' => Style::new().red(),
            _ => Style::new().yellow(),
        };
        let origin =
            words::origin(row.change).map_or(String::new(), |origin| format!(" ({})", sanitize::line(&origin)));
        let mut text = format!(
            "{} {}{}{}\n",
            self.paint(&sign.to_string(), style),
            self.strong(&sanitize::line(&row.name)),
            self.faint(&origin),
            self.named(outline, &row.environments)
        );
        row.fields.iter().for_each(|field| text.push_str(&self.field(field)));
        if let Some(rest) = rest(row) {
            _ = writeln!(text, "    {}", self.faint(&rest));
        }
        text
    }

    fn field(&self, field: &Field) -> String {
        let path = field.path.to_string();
        match &field.edit {
            Edit::Reordered => format!("    {}: in another order\n", sanitize::line(&path)),
            Edit::Replaced(old, new) if words::long_text(old).or(words::long_text(new)).is_some() => {
                let texts = (old.as_str().unwrap_or_default(), new.as_str().unwrap_or_default());
                self.long_text(&path, texts)
            }
            edit => {
                let (before, after) = words::sides(edit);
                self.sides(4, &path, before.as_deref(), after.as_deref())
            }
        }
    }

    /// The lines of a text that changed.
    fn long_text(&self, path: &str, (before, after): (&str, &str)) -> String {
        let mut text = format!("    {}:\n", sanitize::line(path));
        for hunk in lines::hunks(before, after, 1) {
            for line in &hunk.lines {
                let shown = sanitize::line(&line.text());
                text.push_str("      ");
                text.push_str(&match line.sign {
                    '+' => self.paint(&format!("+ {shown}"), Style::new().green()),
                    '-' => self.paint(&format!("- {shown}"), Style::new().red()),
                    _ => self.faint(&format!("  {shown}")),
                });
                text.push('\n');
            }
        }
        text
    }

    fn delivery(&self, report: &Report, outline: &Outline<'_>) -> String {
        let mut text = String::new();
        for (names, waves) in deliveries(report, outline) {
            let of = if names.is_empty() { String::new() } else { format!(" in {}", names.join(", ")) };
            text.push_str(&self.heading(&format!("Delivery order{}", sanitize::line(&of))));
            for (number, wave) in waves.iter().enumerate() {
                text.push_str(&self.wave(number + 1, wave));
            }
        }
        text
    }

    fn wave(&self, number: usize, wave: &Wave) -> String {
        let names: Vec<String> = wave.objects.iter().map(|identity| words::object(identity, false)).collect();
        let head = format!("{number:>2}  {:<15}", wave.name);
        let mut text = self.folded(0, &head, &sanitize::line(&subjects(&names)));
        wave.waits.iter().for_each(|wait| text.push_str(&self.folded(4, "waits: ", &sanitize::line(wait))));
        wave.halfway
            .iter()
            .for_each(|what| text.push_str(&self.folded(4, "if it stops here: ", &sanitize::line(what))));
        text
    }
}

fn pad(word: &str) -> String {
    format!("{word:<MARGIN$}")
}

/// `Deployment ai/a, Deployment ai/b and 12 more`
pub(super) fn subjects(names: &[String]) -> String {
    if names.len() <= NAMED + 1 {
        return names.join(", ");
    }
    format!("{} and {} more", names[..NAMED].join(", "), names.len() - NAMED)
}

/// `system.yaml:12:7 (components.api.scale.max)`
pub(super) fn place(cause: &Cause) -> String {
    let old = if cause.is_old { ", before" } else { "" };
    let Cause { file, at, path, .. } = cause;
    sanitize::line(&format!("{file}:{}:{} ({path}{old})", at.line, at.column))
}

/// What is not shown of an object that is.
pub(super) fn rest(row: &Row<'_>) -> Option<String> {
    let shared = (row.shared > 0).then(|| format!("{} that many objects share", words::counted(row.shared, "field")));
    let follows = row.change.follows.len();
    let follows = (follows > 0).then(|| match follows {
        1 => "1 field that follows another change".to_owned(),
        _ => format!("{follows} fields that follow another change"),
    });
    let rest: Vec<String> = shared.into_iter().chain(follows).collect();
    (!rest.is_empty()).then(|| format!("and {}", rest.join(", ")))
}

/// The waves of each environment; those that are the same are told once.
pub(super) fn deliveries<'a>(report: &'a Report, outline: &'a Outline<'_>) -> Vec<(Vec<&'a str>, &'a [Wave])> {
    let all = same_deliveries(report).into_iter();
    all.map(|(environments, waves)| (outline.named(&environments), waves)).collect()
}

/// The same, with the places of the reviews.
pub(super) fn same_deliveries(report: &Report) -> Vec<(Vec<usize>, &[Wave])> {
    let mut all: Vec<(Vec<usize>, &[Wave])> = Vec::new();
    for (at, review) in report.reviews.iter().enumerate().filter(|(_, review)| !review.waves.is_empty()) {
        match all.iter_mut().find(|(_, waves)| same_waves(waves, &review.waves)) {
            Some((environments, _)) => environments.push(at),
            None => all.push((vec![at], &review.waves)),
        }
    }
    all
}

fn same_waves(one: &[Wave], other: &[Wave]) -> bool {
    let same = |(a, b): (&Wave, &Wave)| {
        let names = |wave: &Wave| wave.objects.iter().map(|object| words::object(object, false)).collect::<Vec<_>>();
        a.name == b.name && a.waits == b.waits && a.halfway == b.halfway && names(a) == names(b)
    };
    one.len() == other.len() && one.iter().zip(other).all(same)
}
