//! What an environment makes of findings.

use super::text::{Checked, text};
use super::{CodeKey, Named, ReviewPolicy, Text, record};
use crate::diagnostic::{code, nearest};
use crate::document::shape::Refusal;

record! {
    /// What an environment makes of findings.
    pub struct Policy as "policy" {
        /// Codes that are errors here; `warnings` for all warnings.
        opt deny "deny": Vec<CodeText>,
        /// Codes that are only warnings here, where the error is a judgement.
        opt warn "warn": Vec<CodeText>,
        /// Codes that are not shown here, each with the reason.
        opt allow "allow": Named<CodeKey, Text>,
        /// Which risks of a change stop it.
        opt review "review": ReviewPolicy,
    }
}

text! {
    /// The code of a finding, or `warnings`.
    CodeText { "the code of a finding", "WL0430", code_or_warnings, Some("^(WL[0-9]{4}|warnings)$") }
}

fn code_or_warnings(text: &str) -> Checked {
    if text == "warnings" { Ok(()) } else { known(text) }
}

/// A code that some finding has.
pub(super) fn known(id: &str) -> Checked {
    if code::ALL.iter().any(|code| code.id == id) {
        return Ok(());
    }
    let near = nearest(id, code::ALL.iter().map(|code| code.id));
    let help = match near {
        Some(near) => format!("a similar code is `{near}`"),
        None => "every finding begins with its code, such as `WL0430`".to_owned(),
    };
    let refusal = Refusal::new(code::CODE_UNKNOWN, format!("there is no finding with the code `{id}`"), help);
    Err(match near {
        Some(near) => refusal.instead(near, false),
        None => refusal,
    })
}
