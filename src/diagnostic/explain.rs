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
    "WL0601"
    "WL0602"
    "WL0603"
    "WL0610"
    "WL0611"
    "WL0612"
    "WL0613"
    "WL0614"
    "WL0615"
    "WL0616"
    "WL0617"
    "WL0618"
    "WL0619"
    "WL0625"
    "WL0626"
    "WL0630"
    "WL0631"
    "WL0632"
    "WL0633"
    "WL0634"
    "WL0690"
    "WL0691"
    "WL0692"
    "WL0693"
    "WL0701"
    "WL0702"
    "WL0703"
    "WL0704"
    "WL0705"
    "WL0707"
    "WL0708"
    "WL0709"
    "WL0710"
    "WL0711"
    "WL0712"
    "WL0713"
    "WL0714"
    "WL0715"
    "WL0716"
    "WL0718"
    "WL0720"
    "WL0721"
    "WL0722"
    "WL0723"
    "WL0730"
    "WL0731"
    "WL0732"
    "WL0780"
    "WL0781"
    "WL0782"
    "WL0783"
    "WL0784"
    "WL0801"
    "WL0802"
    "WL0803"
    "WL0810"
    "WL0811"
    "WL0901"
    "WL0902"
    "WL0903"
    "WL0904"
    "WL0905"
    "WL0906"
    "WL0907"
    "WL0910"
    "WL0911"
    "WL0912"
    "WL0920"
    "WL0921"
    "WL0922"
    "WL0923"
    "WL0924"
    "WL0999"
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
