//! Rules of the team's own, as they are written.

use crate::document::Path;
use crate::spec::{RuleFailure, RuleSeverity, RuleSubject};
use serde_json::Value;

/// A rule, or files with some.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    pub name: String,
    /// Where it is written.
    pub place: Path,
    /// `None` where its source says it.
    pub severity: Option<RuleSeverity>,
    pub source: RuleSource,
}

/// Where the expressions of a rule stand.
#[derive(Clone, Debug, PartialEq)]
pub enum RuleSource {
    Own(Box<OwnRule>),
    /// A pattern of files with admission policies, from the root of the repository.
    Files(String),
}

/// A rule of the language.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnRule {
    pub over: RuleSubject,
    pub kinds: Vec<String>,
    pub names: Vec<String>,
    pub labels: Vec<(String, String)>,
    pub conditions: Vec<(String, String)>,
    pub variables: Vec<(String, String)>,
    pub params: Option<Value>,
    pub expression: String,
    pub message: Option<String>,
    pub message_expression: Option<String>,
    pub failure: RuleFailure,
}
