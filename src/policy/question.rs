//! Asking a rule of one thing.
//!
//! Promises: no expression runs whose cost is not bounded before; what only an API server knows is said to
//! be unread, and is not taken for kept.

use super::cost::{self, Bound, Variables};
use super::expression::Expression;
use super::rule::{Part, Rule};
use super::value;
use crate::source::Span;
use kube_cel::cel::{Context, ExecutionError, Value};
use std::collections::BTreeMap;

/// What a rule says about one thing, where it is not content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) kind: VerdictKind,
    /// What is said.
    pub(super) message: Option<String>,
    /// The expression, and where it stands.
    pub(super) expression: String,
    pub(super) place: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VerdictKind {
    Broken,
    Failed,
    Unread,
    Costly,
}

/// Why an expression has no value.
enum Trouble {
    Failed(String),
    Unread(String),
    Costly,
}

/// What is spent over all rules and objects.
pub(super) struct Budget {
    pub(super) left: u64,
}

/// The values that expressions name.
pub(super) type Values = BTreeMap<String, Value>;

/// Asks a rule, with one of its parameters.
pub(super) fn ask(rule: &Rule, values: &Values, base: &Context<'_>, budget: &mut Budget) -> Vec<Verdict> {
    let mut question = Question { values: values.clone(), base, budget };
    for condition in &rule.conditions {
        match question.value(&condition.expression) {
            Ok(Value::Bool(true)) => {}
            Ok(Value::Bool(false)) => return Vec::new(),
            other => return verdict(rule, condition, other, |()| None).into_iter().collect(),
        }
    }
    let failed = question.variables(&rule.variables);
    let mut verdicts = Vec::new();
    for validation in &rule.validations {
        let result = question.value(&validation.condition.expression);
        let result = blame(result, &failed);
        let message = |question: &mut Question<'_, '_, '_>| {
            let composed = validation.message_expression.as_ref().and_then(|composed| question.text(composed));
            composed.or_else(|| validation.message.clone())
        };
        verdicts.extend(verdict(rule, &validation.condition, result, |()| message(&mut question)));
    }
    verdicts
}

/// An expression fails for want of a variable that failed itself: that is the cause.
fn blame(result: Result<Value, Trouble>, failed: &BTreeMap<String, String>) -> Result<Value, Trouble> {
    match result {
        Err(Trouble::Failed(message)) => {
            let cause = failed.iter().find(|(name, _)| message.contains(&format!("`{name}`")));
            let told = cause.map(|(name, why)| {
                if why.starts_with("the variable") {
                    why.clone()
                } else {
                    format!("the variable `{name}` fails: {why}")
                }
            });
            Err(Trouble::Failed(told.unwrap_or(message)))
        }
        other => other,
    }
}

fn verdict(
    rule: &Rule,
    part: &Part,
    result: Result<Value, Trouble>,
    message: impl FnOnce(()) -> Option<String>,
) -> Option<Verdict> {
    let (kind, message) = match result {
        Ok(Value::Bool(true)) => return None,
        Ok(Value::Bool(false)) => (VerdictKind::Broken, message(())),
        Ok(_) => (VerdictKind::Failed, Some("it gives no true or false".into())),
        Err(Trouble::Failed(_)) if !rule.fails => return None,
        Err(Trouble::Failed(why)) => (VerdictKind::Failed, Some(why)),
        Err(Trouble::Unread(what)) => (VerdictKind::Unread, Some(what)),
        Err(Trouble::Costly) => (VerdictKind::Costly, None),
    };
    Some(Verdict { kind, message, expression: part.expression.head(), place: part.place })
}

struct Question<'q, 'c, 'b> {
    values: Values,
    base: &'q Context<'c>,
    budget: &'b mut Budget,
}

impl Question<'_, '_, '_> {
    /// Gives the variables their values, each seeing those before it; what fails is told where it is used.
    fn variables(&mut self, variables: &[Part]) -> BTreeMap<String, String> {
        let mut known: BTreeMap<String, Value> = BTreeMap::new();
        let mut failed: BTreeMap<String, String> = BTreeMap::new();
        for variable in variables {
            match blame(self.value(&variable.expression), &failed) {
                Ok(value) => drop(known.insert(variable.name.clone(), value)),
                Err(Trouble::Failed(why) | Trouble::Unread(why)) => drop(failed.insert(variable.name.clone(), why)),
                Err(Trouble::Costly) => drop(failed.insert(variable.name.clone(), "it takes too long".into())),
            }
            let all = known.iter().map(|(name, value)| (name.as_str(), value.clone()));
            self.values.insert("variables".into(), value::map(all));
        }
        failed
    }

    fn text(&mut self, expression: &Expression) -> Option<String> {
        match self.value(expression) {
            Ok(Value::String(text)) if !text.trim().is_empty() => Some(text.trim().replace('\n', " ")),
            _ => None,
        }
    }

    fn value(&mut self, expression: &Expression) -> Result<Value, Trouble> {
        if expression.uses("authorizer") {
            return Err(Trouble::Unread("`authorizer` asks who may do what in the cluster".into()));
        }
        let bounds: Variables<'_> =
            self.values.iter().map(|(name, value)| (name.clone(), Bound::Known(vec![value]))).collect();
        let (cost, _) = cost::bound(&expression.ast, &bounds);
        if cost > cost::MOST || cost > self.budget.left {
            return Err(Trouble::Costly);
        }
        self.budget.left -= cost;
        let mut context = self.base.new_inner_scope();
        for (name, value) in self.values.iter().filter(|(name, _)| expression.uses(name)) {
            context.add_variable_from_value(name.clone(), value.clone());
        }
        Value::resolve(&expression.ast, &context).map_err(trouble)
    }
}

fn trouble(error: ExecutionError) -> Trouble {
    match error {
        ExecutionError::UndeclaredReference(name) => {
            Trouble::Unread(format!("`{name}` is not evaluated outside an API server"))
        }
        ExecutionError::NoSuchKey(key) => Trouble::Failed(format!("there is no `{key}`")),
        ExecutionError::NoSuchOverload => Trouble::Failed("an operator or function gets values of other types".into()),
        ExecutionError::IndexOutOfBounds(_) => Trouble::Failed("a list has no item at the index".into()),
        ExecutionError::FunctionError { function, message } => Trouble::Failed(format!("`{function}`: {message}")),
        ExecutionError::UnexpectedType { got, want } => Trouble::Failed(format!("a {got} where a {want} belongs")),
        // The others print whole values.
        _ => Trouble::Failed("a value is not what the expression takes it for".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::expression::deep;
    use super::super::value::of_json;
    use super::*;
    use serde_json::json;

    fn value(text: &str) -> Result<Value, String> {
        let run = || {
            let expression = Expression::compile(text, None).map_err(|flaw| flaw.message)?;
            let base = super::super::order::context();
            let mut budget = Budget { left: u64::MAX };
            let object = of_json(
                &json!({"spec": {"list": ["a"], "n": 1, "map": {"x/y": "z"}, "many": {"d": 4, "b": 2, "a": 1, "e": 5, "c": 3}}}),
            );
            let values = Values::from([("object".to_owned(), object)]);
            let mut question = Question { values, base: &base, budget: &mut budget };
            question.value(&expression).map_err(|trouble| match trouble {
                Trouble::Failed(why) | Trouble::Unread(why) => why,
                Trouble::Costly => "costly".into(),
            })
        };
        deep(run).expect("it ends")
    }

    #[test]
    fn expressions_have_the_values_that_an_api_server_gives_them() {
        for text in [
            "object.spec.?gone.orValue([]).size() == 0",
            "object.spec.list + object.spec.?gone.orValue([]) == ['a']",
            "object.?metadata.?labels.?owner.orValue('none') == 'none'",
            "object.spec.map['x/y'] == 'z' && 'x/y' in object.spec.map",
            "has(object.spec.n) && !has(object.spec.gone)",
            "object.spec.n > 0 || object.spec.gone > 1",
            "object.spec.list.exists_one(x, x == 'a')",
            "object.spec.map.all(k, k.contains('/'))",
            "string(object.spec.n) + 'a' == '1a'",
            "object.spec.many.map(k, k + string(object.spec.many[k])).join(' ') == 'a1 b2 c3 d4 e5'",
            "object.spec.many.filter(k, k != 'a')[0] == 'b'",
            "{3: 'c', 1: 'a', 2: 'b'}.map(k, k) == [1, 2, 3]",
        ] {
            assert_eq!(value(text), Ok(Value::Bool(true)), "{text}");
        }
        assert_eq!(value("object.spec.gone > 1"), Err("there is no `gone`".into()));
        assert_eq!(value("type(object.spec) == map"), Err("`type` is not evaluated outside an API server".into()));
    }
}
