//! The page of each finding: what it is, why, how it looks wrong and right, how to allow it.
//!
//! Promises: every code has a page, in `explain/`; a test compiles the examples of each.

use super::Code;

macro_rules! pages {
    ($($id:literal)*) => {
        /// Pages by code, in the order of their numbers.
        const PAGES: &[(&str, &str)] = &[$(($id, include_str!(concat!("explain/", $id, ".md")))),*];
    };
}

pages! {
    "WL0430"
    "WL0501"
    "WL0502"
    "WL0503"
    "WL0510"
    "WL0511"
    "WL0512"
    "WL0513"
    "WL0514"
    "WL0515"
    "WL0516"
    "WL0517"
    "WL0518"
    "WL0520"
    "WL0521"
    "WL0522"
    "WL0523"
    "WL0530"
    "WL0531"
    "WL0540"
    "WL0541"
    "WL0542"
    "WL0560"
    "WL0561"
    "WL0562"
    "WL0563"
    "WL0564"
    "WL0565"
}

/// The page of a code as Markdown, its title included.
pub fn page(code: Code) -> Option<String> {
    let (_, body) = PAGES.iter().find(|(id, _)| *id == code.id)?;
    Some(format!("# {}: {}\n\n{}\n\n{}", code.id, code.summary, body.trim_end(), allowing(code)))
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
