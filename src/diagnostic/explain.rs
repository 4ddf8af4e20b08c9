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
    "WL0301"
    "WL0302"
    "WL0310"
    "WL0311"
    "WL0312"
    "WL0313"
    "WL0314"
    "WL0315"
    "WL0330"
    "WL0331"
    "WL0401"
    "WL0402"
    "WL0403"
    "WL0404"
    "WL0405"
    "WL0406"
    "WL0407"
    "WL0410"
    "WL0411"
    "WL0412"
    "WL0413"
    "WL0414"
    "WL0415"
    "WL0416"
    "WL0417"
    "WL0418"
    "WL0419"
    "WL0420"
    "WL0421"
    "WL0422"
    "WL0423"
    "WL0430"
    "WL0431"
    "WL0432"
    "WL0440"
    "WL0441"
    "WL0442"
    "WL0445"
    "WL0446"
    "WL0447"
    "WL0448"
    "WL0449"
    "WL0450"
    "WL0451"
    "WL0452"
    "WL0453"
    "WL0454"
    "WL0455"
    "WL0456"
    "WL0457"
    "WL0458"
    "WL0459"
    "WL0460"
    "WL0461"
    "WL0462"
    "WL0463"
    "WL0464"
    "WL0465"
    "WL0466"
    "WL0467"
    "WL0468"
    "WL0469"
    "WL0470"
    "WL0480"
    "WL0481"
    "WL0482"
    "WL0483"
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
