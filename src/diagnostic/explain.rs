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
    "WL0001"
    "WL0002"
    "WL0003"
    "WL0004"
    "WL0005"
    "WL0006"
    "WL0101"
    "WL0102"
    "WL0103"
    "WL0104"
    "WL0105"
    "WL0106"
    "WL0107"
    "WL0110"
    "WL0111"
    "WL0112"
    "WL0113"
    "WL0114"
    "WL0115"
    "WL0116"
    "WL0117"
    "WL0118"
    "WL0119"
    "WL0120"
    "WL0121"
    "WL0122"
    "WL0123"
    "WL0124"
    "WL0125"
    "WL0126"
    "WL0127"
    "WL0128"
    "WL0131"
    "WL0132"
    "WL0133"
    "WL0134"
    "WL0201"
    "WL0202"
    "WL0203"
    "WL0204"
    "WL0205"
    "WL0206"
    "WL0210"
    "WL0211"
    "WL0212"
    "WL0213"
    "WL0214"
    "WL0215"
    "WL0216"
    "WL0217"
    "WL0218"
    "WL0219"
    "WL0220"
    "WL0221"
    "WL0222"
    "WL0223"
    "WL0224"
    "WL0225"
    "WL0226"
    "WL0228"
    "WL0230"
    "WL0240"
    "WL0241"
    "WL0250"
    "WL0251"
    "WL0252"
    "WL0290"
    "WL0291"
    "WL0292"
    "WL0293"
    "WL0294"
    "WL0295"
    "WL0296"
    "WL0430"
    "WL0510"
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
