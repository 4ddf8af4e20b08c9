//! The page of each finding: what it is, why, how it looks wrong and right, how to allow it.
//!
//! Promises: every code has a page, in `explain/`; a test compiles the examples of each.

use super::{Code, code};

/// The page of a code as Markdown, its title included.
pub fn page(code: Code) -> String {
    let mut pages = code::ALL.iter().zip(code::PAGES);
    let body = pages.find(|(known, _)| known.id == code.id).map_or("", |(_, body)| body);
    format!("# {}: {}\n\n{}\n\n{}", code.id, code.summary, body.trim_end(), allowing(code))
}

/// How the finding is allowed. What only ever is a fact cannot be.
fn allowing(code: Code) -> String {
    format!(
        "## How to allow it\n\nWhere it is a warning, a note or an error by judgement: `# windlass: allow({0}) because …` on \
         the line or above\nit, or `policy: {{allow: {{{0}: …}}}}` in an environment. What Kubernetes refuses cannot be \
         allowed.\n",
        code.id
    )
}
