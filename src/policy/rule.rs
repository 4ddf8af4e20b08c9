//! A rule, ready to be asked: its expressions compiled, its places known.

use super::expression::Expression;
use super::matching::Subjects;
use super::written;
use crate::diagnostic::{Diagnostic, Severity};
use crate::document::{Findings, Path};
use crate::model::{self, OwnRule, RuleSource};
use crate::source::Span;
use crate::spec::{RuleFailure, RuleSeverity, RuleSubject};
use kube_cel::cel::Value;
use std::collections::BTreeSet;

/// An expression with its place.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) expression: Expression,
    pub(super) place: Span,
}

/// A condition that must hold, and what is said where it does not.
#[derive(Clone, Debug)]
pub(super) struct Validation {
    pub(super) condition: Part,
    pub(super) message: Option<String>,
    pub(super) message_expression: Option<Expression>,
}

/// A rule.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) name: String,
    pub(super) subjects: Subjects,
    pub(super) conditions: Vec<Part>,
    pub(super) variables: Vec<Part>,
    pub(super) validations: Vec<Validation>,
    /// It is asked once with each.
    pub(super) params: Vec<Value>,
    pub(super) severity: Severity,
    /// An expression that fails breaks the rule.
    pub(super) fails: bool,
}

impl Rule {
    /// True where any of its expressions uses the variable.
    pub(super) fn uses(&self, variable: &str) -> bool {
        let messages = self.validations.iter().filter_map(|validation| validation.message_expression.as_ref());
        let conditions = self.validations.iter().map(|validation| &validation.condition);
        let parts = self.conditions.iter().chain(&self.variables).chain(conditions);
        parts.map(|part| &part.expression).chain(messages).any(|expression| expression.uses(variable))
    }
}

/// Compiles the expressions of one rule, which may name the variables before them.
pub(super) struct Compiler {
    known: BTreeSet<String>,
    pub(super) flaws: Vec<Diagnostic>,
}

impl Compiler {
    pub(super) fn new() -> Self {
        Self { known: BTreeSet::new(), flaws: Vec::new() }
    }

    pub(super) fn part(&mut self, name: &str, text: &str, place: Span) -> Option<Part> {
        match Expression::compile(text, Some(&self.known)) {
            Ok(expression) => Some(Part { name: name.into(), expression, place }),
            Err(flaw) => {
                self.flaws.push(written::finding(&flaw, place));
                None
            }
        }
    }

    /// A variable, which the expressions after it may name.
    pub(super) fn variable(&mut self, name: &str, text: &str, place: Span) -> Option<Part> {
        let part = self.part(name, text, place);
        self.known.insert(name.to_owned());
        part
    }
}

/// A rule of the language; nothing after a flaw.
pub(super) fn own(rule: &model::Rule, written: &OwnRule, findings: &Findings<'_>) -> Result<Rule, Vec<Diagnostic>> {
    let place = |path: Path| path.locate(findings.root()).node.span;
    let mut compiler = Compiler::new();
    let named = |list: &[(String, String)], field: &str, is_variable: bool, compiler: &mut Compiler| {
        let parts = list.iter().map(|(name, text)| {
            let at = place(rule.place.join(field).join(name));
            if is_variable { compiler.variable(name, text, at) } else { compiler.part(name, text, at) }
        });
        parts.collect::<Option<Vec<Part>>>()
    };
    let conditions = named(&written.conditions, "matchConditions", false, &mut compiler);
    let variables = named(&written.variables, "variables", true, &mut compiler);
    let condition = compiler.part(&rule.name, &written.expression, place(rule.place.join("expression")));
    let message = written.message_expression.as_ref().map(|text| {
        compiler.part(&rule.name, text, place(rule.place.join("messageExpression"))).map(|part| part.expression)
    });
    let whole = conditions.zip(variables).zip(condition).filter(|_| compiler.flaws.is_empty());
    let Some(((conditions, variables), condition)) = whole else { return Err(compiler.flaws) };
    Ok(Rule {
        name: rule.name.clone(),
        subjects: Subjects::own(written),
        conditions,
        variables,
        validations: vec![Validation {
            condition,
            message: written.message.clone(),
            message_expression: message.flatten(),
        }],
        params: vec![written.params.as_ref().map_or(Value::Null, super::value::of_json)],
        severity: rule.severity.map_or(Severity::Error, severity),
        fails: written.failure == RuleFailure::Fail,
    })
}

/// True for rules that are asked of objects.
pub(super) fn is_of_objects(rule: &model::Rule) -> bool {
    match &rule.source {
        RuleSource::Own(own) => own.over == RuleSubject::Objects,
        RuleSource::Files(_) => true,
    }
}

pub(super) fn severity(written: RuleSeverity) -> Severity {
    match written {
        RuleSeverity::Error => Severity::Error,
        RuleSeverity::Warning => Severity::Warning,
        RuleSeverity::Note => Severity::Note,
    }
}
