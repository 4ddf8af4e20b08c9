//! What a team makes of findings: denied, only warned about, or allowed with a reason; and rules of its own.
//!
//! Promises: what Kubernetes refuses stays an error, whatever a policy says; an allowance that silences
//! nothing is told. Rules of the team's own are conditions in CEL, in the words of a
//! ValidatingAdmissionPolicy: what they refuse is a finding like any other.

mod admission;
mod allowance;
mod condition;
mod cost;
mod enforce;
mod expression;
mod matching;
mod optional;
mod order;
mod question;
mod rule;
mod value;
mod written;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, code};
use crate::document::{Node, at};
use crate::source::Span;
use crate::spec;
use std::collections::{BTreeMap, BTreeSet};

pub use allowance::{Allowance, allowances};
pub(crate) use condition::{About, Misfit};
pub use enforce::{enforce, enforce_on_system};
pub use written::{check_admission, check_rules, check_selectors};

/// All warnings, as a word in the place of a code.
const WARNINGS: &str = "warnings";

/// The policy of one environment.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    denies_warnings: bool,
    denied: BTreeSet<&'static str>,
    warned: BTreeSet<&'static str>,
    /// Allowed codes, each with the place that says so.
    allowed: BTreeMap<&'static str, Span>,
    /// The allowed codes that the environment's own file names.
    own: BTreeSet<&'static str>,
    allowances: Vec<Allowance>,
}

/// What a policy silenced.
#[derive(Clone, Debug, Default)]
pub struct Silenced {
    /// Comments, by their place in the list of allowances.
    pub comments: BTreeSet<usize>,
    codes: BTreeSet<&'static str>,
}

impl Policy {
    /// The policy that a merged environment states, with what the command line denies.
    pub fn of(
        environment: Option<&spec::Policy>,
        root: &Node,
        own: &Node,
        denied: &[String],
        allowances: &[Allowance],
        found: &mut Diagnostics,
    ) -> Self {
        let mut policy = Self::of_files(denied, allowances);
        let written = |list: Option<&Vec<spec::CodeText>>| -> Vec<String> {
            list.into_iter().flatten().map(|id| id.0.clone()).collect()
        };
        let deny = environment.map(|policy| written(policy.deny.as_ref())).unwrap_or_default();
        for id in &deny {
            policy.denies_warnings |= id == WARNINGS;
            policy.denied.extend(known(id).map(|code| code.id));
        }
        let warn = environment.map(|policy| written(policy.warn.as_ref())).unwrap_or_default();
        policy.warned.extend(warn.iter().filter_map(|id| known(id)).map(|code| code.id));
        policy.read_allowed(environment, root, own, found);
        policy
    }

    /// What comments allow, and the command line denies; for findings that belong to no environment.
    pub fn of_files(denied: &[String], allowances: &[Allowance]) -> Self {
        let denies_warnings = denied.iter().any(|id| id == WARNINGS);
        let denied = denied.iter().filter_map(|id| known(id)).map(|code| code.id).collect();
        Self { denies_warnings, denied, allowances: allowances.to_vec(), ..Self::default() }
    }

    fn read_allowed(&mut self, written: Option<&spec::Policy>, root: &Node, own: &Node, found: &mut Diagnostics) {
        let place = at!["environment", "policy", "allow"].locate(root);
        let places = place.node.as_map().filter(|_| place.exact);
        let own = own.get("policy").and_then(|policy| policy.get("allow")).and_then(Node::as_map);
        for (id, reason) in written.and_then(|policy| policy.allow.as_ref()).into_iter().flatten() {
            let Some(entry) = places.and_then(|places| places.get(id.as_str())) else { continue };
            let Some(code) = known(id) else { continue };
            if reason.trim().is_empty() {
                found.push(
                    Diagnostic::error(code::ALLOWANCE_REASON, "an allowance says why")
                        .label(entry.key, "without a reason")
                        .help(format!("write it as the value: `{id}: accepted until …`")),
                );
            }
            self.allowed.insert(code.id, entry.key);
            if own.is_some_and(|own| own.contains_key(id.as_str())) {
                self.own.insert(code.id);
            }
        }
    }

    /// Applies the policy to findings; says what was silenced.
    pub fn settle(&self, found: &mut Diagnostics, silenced: &mut Silenced) {
        let settled = std::mem::take(found).into_iter().filter_map(|finding| self.settled(finding, silenced));
        let settled: Vec<Diagnostic> = settled.collect();
        found.extend(settled);
    }

    fn settled(&self, mut finding: Diagnostic, silenced: &mut Silenced) -> Option<Diagnostic> {
        if finding.is_judgement() {
            if self.is_silenced(&finding, silenced) {
                return None;
            }
            if self.warned.contains(finding.code.id) {
                finding.severity = finding.severity.max(Severity::Warning);
            }
        }
        let is_denied =
            self.denied.contains(finding.code.id) || (self.denies_warnings && finding.severity == Severity::Warning);
        if is_denied && !self.warned.contains(finding.code.id) {
            finding.severity = Severity::Error;
        }
        Some(finding)
    }

    fn is_silenced(&self, finding: &Diagnostic, silenced: &mut Silenced) -> bool {
        let comment = self.allowances.iter().position(|allowance| allowance.covers(finding));
        silenced.comments.extend(comment);
        let code = self.allowed.contains_key(finding.code.id).then_some(finding.code.id);
        silenced.codes.extend(code);
        comment.is_some() || code.is_some()
    }

    /// Findings about codes that the environment's own file allows, and nothing gives.
    pub fn unused(&self, silenced: &Silenced) -> impl Iterator<Item = Diagnostic> {
        let idle = self.allowed.iter().filter(|(id, _)| self.own.contains(*id) && !silenced.codes.contains(*id));
        idle.map(|(id, span)| {
            Diagnostic::warning(code::ALLOWANCE_UNUSED, format!("there is no `{id}` in this environment to allow"))
                .label(*span, "silences nothing")
                .reason("an allowance that outlives its finding would hide the next one; what Kubernetes refuses cannot be allowed")
                .help("take it away")
        })
    }
}

fn known(id: &str) -> Option<Code> {
    code::ALL.iter().copied().find(|code| code.id == id)
}
