//! The page of each finding: what it is, why, how it looks wrong and right, how to allow it.
//!
//! Promises: every code has a page, in `explain/`; a test compiles the examples of each.

use super::{Code, code};

/// The page of a code as Markdown, its title included.
pub fn page(code: Code) -> String {
    let body = body(code);
    format!("# {}: {}\n\n{}\n{}", code.id, code.summary, body.trim_end(), allowing(code))
}

/// Whether the finding is a fact, such as what Kubernetes refuses, that no allowance silences: its page says so.
pub fn is_firm(code: Code) -> bool {
    body(code).contains("annot be allowed")
}

fn body(code: Code) -> &'static str {
    let mut pages = code::ALL.iter().zip(code::PAGES);
    pages.find(|(known, _)| known.id == code.id).map_or("", |(_, body)| body)
}

/// How the finding is allowed. A fact cannot be, and its page ends with that.
fn allowing(code: Code) -> String {
    if is_firm(code) {
        return String::new();
    }
    format!(
        "\n## How to allow it\n\nWhere it is a warning, a note or an error by judgement: `# windlass: allow({0}) because …` on \
         the line or above\nit, or `policy: {{allow: {{{0}: …}}}}` in an environment. What Kubernetes refuses cannot be \
         allowed.\n",
        code.id
    )
}
