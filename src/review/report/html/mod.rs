//! For a browser: one page in one file, that asks nobody for anything.
//!
//! Promises: the summary is there without a script; the rest is data that the script puts in as text, so
//! that no value can be taken for a part of the page. Long lists are made as the reader comes to them.

mod data;

use super::super::Review;
use super::outline::Outline;
use super::{Report, words};
use crate::diagnostic::sanitize;
use std::fmt::Write as _;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

pub(super) fn render(report: &Report) -> String {
    let outline = Outline::of(report);
    let parts = [
        ("{style}", STYLE.to_owned()),
        ("{sides}", format!("<code>{}</code> → <code>{}</code>", escaped(&report.before), escaped(&report.after))),
        ("{title}", title(&outline)),
        ("{summary}", summary(report, &outline)),
        ("{data}", data::of(report, &outline)),
        ("{script}", SCRIPT.to_owned()),
    ];
    let (mut page, mut rest) =
        (String::with_capacity(PAGE.len() + parts.iter().map(|(_, part)| part.len()).sum::<usize>()), PAGE);
    for (mark, part) in &parts {
        // The marks stand in the page in this order; what is put in is not searched.
        if let Some((before, after)) = rest.split_once(mark) {
            page.push_str(before);
            page.push_str(part);
            rest = after;
        }
    }
    page + rest
}

/// What matters most, in one line.
fn title(outline: &Outline<'_>) -> String {
    match outline.risks.first().map(|told| told.risk.class) {
        Some(class) if !words::is_routine(class) => {
            format!("<span class=\"{class}\">{class}</span>: {}", escaped(class.meaning()))
        }
        Some(_) => "Nothing dangerous".into(),
        None if outline.objects.is_empty() && outline.folded == 0 => "No change".into(),
        None => "No risk was found".into(),
    }
}

fn summary(report: &Report, outline: &Outline<'_>) -> String {
    if report.reviews.is_empty() {
        return "<p class=\"note\">Nothing to compare.</p>".into();
    }
    let has = |of: fn(&Review) -> bool| report.reviews.iter().any(of);
    let (capacity, cost) = (has(|review| !capacity(review).is_empty()), has(|review| !cost(review).is_empty()));
    let mut text = String::from(
        "<div class=\"scroll\"><table class=\"summary\"><thead><tr><th scope=\"col\">Environment</th><th scope=\"col\">Objects</th><th scope=\"col\">Risks</th>",
    );
    text.push_str(if capacity { "<th scope=\"col\">Capacity, least–most</th>" } else { "" });
    text.push_str(if cost { "<th scope=\"col\">Cost a month</th>" } else { "" });
    text.push_str("</tr></thead><tbody>\n");
    for (review, name) in report.reviews.iter().zip(&outline.environments) {
        text.push_str(&row(review, name, capacity, cost));
    }
    text.push_str("</tbody></table></div>\n");
    for note in &report.notes {
        // Writing to a string cannot fail.
        _ = writeln!(text, "<p class=\"note\">{}</p>", prose(note));
    }
    text
}

fn row(review: &Review, name: &str, has_capacity: bool, has_cost: bool) -> String {
    let risk = |(class, count)| format!("<span class=\"of {class}\">{count} {class}</span> ");
    let risks = review.by_class().iter().map(risk).collect::<Vec<_>>().concat();
    let counts = review.counts().to_string();
    let counts: Vec<String> = counts.split(", ").map(|count| format!("<span class=\"some\">{count}</span>")).collect();
    let mut text =
        format!("<tr><th scope=\"row\">{}</th><td>{}</td><td>{risks}</td>", escaped(name), counts.join(", "));
    if has_capacity {
        let lines: Vec<String> =
            capacity(review).iter().map(|line| format!("<div class=\"line\">{}</div>", escaped(line))).collect();
        _ = write!(text, "<td>{}</td>", lines.concat());
    }
    if has_cost {
        _ = write!(text, "<td>{}</td>", escaped(&cost(review)));
    }
    text + "</tr>\n"
}

fn capacity(review: &Review) -> Vec<String> {
    review.totals.as_ref().map(words::capacity).unwrap_or_default()
}

fn cost(review: &Review) -> String {
    review.cost.as_ref().filter(|(before, after)| before != after).map(words::cost).unwrap_or_default()
}

/// Text in HTML.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for character in sanitize::line(text).chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(character),
        }
    }
    out
}

/// A sentence with names in backticks.
fn prose(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return escaped(text);
    }
    let part = |(at, part): (usize, &&str)| match at % 2 {
        1 => format!("<code>{}</code>", escaped(part)),
        _ => escaped(part),
    };
    parts.iter().enumerate().map(part).collect()
}
