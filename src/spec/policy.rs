//! What an environment makes of findings; and rules of the team's own.

use super::text::{Checked, accept, text};
use super::{
    CodeKey, Free, LabelKey, Literal, Named, PartKey, RepositoryPattern, ReviewPolicy, Switch, Text, VariableKey,
    record, words,
};
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

/// Rules by name; `false` switches one off.
pub type Policies = Named<PartKey, Switch<Rule>>;

record! {
    /// A rule of the team's own: a condition in CEL that must hold for what is emitted, or for what is written.
    pub struct Rule as "policy rule" {
        /// What it is asked of: each emitted object unless written.
        opt over "over": RuleSubject,
        /// Which of them; all unless written.
        opt match_ "match": RuleMatch,
        /// Conditions by name, in CEL: the rule is asked only where all of them are true.
        opt match_conditions "matchConditions": Named<PartKey, Expression>,
        /// Values by name, in CEL; the expressions after them use them as `variables.NAME`.
        opt variables "variables": Named<VariableKey, Expression>,
        /// Any values, for `params.…`.
        opt params "params": Free,
        /// The condition, in CEL: true for what is allowed.
        opt expression "expression": Expression,
        /// What is said where it is false.
        opt message "message": Text,
        /// The same in CEL, with values of the object; `message` where it fails.
        opt message_expression "messageExpression": Expression,
        /// What a broken rule is; an error unless written.
        opt severity "severity": RuleSeverity,
        /// What it means that an expression fails on an object; a broken rule unless written.
        opt failure_policy "failurePolicy": RuleFailure,
        /// Files with ValidatingAdmissionPolicies and their bindings, which are taken as rules.
        opt file "file": RepositoryPattern,
    }
    forms ["expression", "file"]
}

record! {
    /// What a rule is asked of. Each list has one that fits.
    pub struct RuleMatch as "match of a rule" {
        /// Kinds: of objects, such as `Deployment`; or of components, such as `backend`. `Pod` is what a workload runs.
        opt kinds "kinds": Vec<Text>,
        /// Names of the objects or components.
        opt names "names": Vec<Text>,
        /// Labels that they have.
        opt labels "labels": Named<LabelKey, Literal>,
    }
}

words! {
    /// What a rule is asked of.
    pub enum RuleSubject {
        /// Each emitted object, as `object`.
        Objects = "objects",
        /// Each component as it is written after the merge, as `component`.
        Components = "components",
        /// The system as it is written after the merge, as `system`, once.
        System = "system",
    }
}

words! {
    /// What a broken rule is.
    pub enum RuleSeverity {
        /// Stops the output.
        Error = "error" elsewhere { "Deny": "in a file of ValidatingAdmissionPolicies" },
        /// Does not stop it.
        Warning = "warning" elsewhere { "Warn": "in a file of ValidatingAdmissionPolicies" },
        /// Worth knowing.
        Note = "note" elsewhere { "Audit": "in a file of ValidatingAdmissionPolicies" },
    }
}

words! {
    /// What it means that an expression fails.
    pub enum RuleFailure {
        /// The rule is broken.
        Fail = "fail" elsewhere { "Fail": "in a file of ValidatingAdmissionPolicies" },
        /// The rule says nothing.
        Ignore = "ignore" elsewhere { "Ignore": "in a file of ValidatingAdmissionPolicies" },
    }
}

text! {
    /// An expression in CEL. It is read where its place is known.
    Expression { "an expression in CEL", "object.spec.replicas >= 2", accept, None }
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
