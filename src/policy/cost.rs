//! What evaluating an expression costs at most, given the values it is asked of.
//!
//! Promises: the bound holds for every expression; it is tight where the expression goes along the fields
//! of its values, which is what rules do. So a rule over large objects passes, and one that multiplies
//! lists with each other is refused before it runs.

use super::order::ORDERED;
use kube_cel::cel::Value;
use kube_cel::cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue};
use kube_cel::cel::objects::Key;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most that one expression may cost on one object: some tenths of a second.
pub(super) const MOST: u64 = 1_000_000;
/// Beyond so many possible values, their size alone is followed.
const FOLLOWED: usize = 4096;
/// What compiling a pattern costs, and each of its bytes.
const PATTERN: u64 = 300;
/// What a pattern costs that is not written in the expression: it may be any.
const COMPOSED_PATTERN: u64 = 200_000;

/// What may stand where an expression stands.
#[derive(Clone, Debug)]
pub(super) enum Bound<'v> {
    /// One of these values.
    Known(Vec<&'v Value>),
    /// Anything, of at most this size.
    Sized(u64),
}

impl Bound<'_> {
    fn size(&self) -> u64 {
        match self {
            Self::Known(values) => values.iter().map(|value| size(value)).max().unwrap_or(1),
            Self::Sized(size) => *size,
        }
    }
}

/// Nodes and bytes of a value.
fn size(value: &Value) -> u64 {
    let length = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
    match value {
        Value::List(items) => items.iter().fold(1, |all, item| all.saturating_add(size(item))),
        Value::Map(map) => map.map.iter().fold(1, |all, (key, value)| {
            let key = if let Key::String(key) = key { length(key.len()) } else { 1 };
            all.saturating_add(key).saturating_add(size(value))
        }),
        Value::String(text) => 1 + length(text.len()),
        Value::Bytes(bytes) => 1 + length(bytes.len()),
        _ => 1,
    }
}

/// The values that variables have.
pub(super) type Variables<'v> = BTreeMap<String, Bound<'v>>;

/// The most that evaluating costs, and what comes of it.
pub(super) fn bound<'v>(expression: &IdedExpr, variables: &Variables<'v>) -> (u64, Bound<'v>) {
    let mut reckoning = Reckoning { variables, bound: Vec::new(), cost: 0 };
    let value = reckoning.value(expression);
    (reckoning.cost, value)
}

struct Reckoning<'a, 'v> {
    variables: &'a Variables<'v>,
    /// The variables of the macros around.
    bound: Vec<(&'a str, Bound<'v>)>,
    cost: u64,
}

impl<'a, 'v> Reckoning<'a, 'v> {
    fn pay(&mut self, cost: u64) {
        self.cost = self.cost.saturating_add(cost);
    }

    fn value(&mut self, node: &'a IdedExpr) -> Bound<'v> {
        self.pay(1);
        match &node.expr {
            Expr::Ident(name) => self.variable(name),
            Expr::Select(select) => {
                let operand = self.value(&select.operand);
                if select.test { Bound::Sized(1) } else { field(operand, &select.field) }
            }
            Expr::Call(call) => self.call(call),
            Expr::Comprehension(each) => self.comprehension(each),
            Expr::List(list) => self.sum(&list.elements),
            Expr::Map(map) => self.entries(map.entries.iter().map(|entry| &entry.expr)),
            Expr::Struct(object) => self.entries(object.entries.iter().map(|entry| &entry.expr)),
            Expr::Literal(literal) => Bound::Sized(literal_size(literal)),
            Expr::Unspecified => Bound::Sized(1),
        }
    }

    fn variable(&mut self, name: &str) -> Bound<'v> {
        let bound = self.bound.iter().rev().find(|(known, _)| *known == name).map(|(_, value)| value);
        bound.or_else(|| self.variables.get(name)).cloned().unwrap_or(Bound::Sized(1))
    }

    fn sum(&mut self, nodes: &'a [IdedExpr]) -> Bound<'v> {
        let sizes = nodes.iter().map(|node| self.value(node).size());
        let all = sizes.fold(1u64, u64::saturating_add);
        self.pay(all);
        Bound::Sized(all)
    }

    fn entries(&mut self, entries: impl Iterator<Item = &'a EntryExpr>) -> Bound<'v> {
        let mut all = 1u64;
        for entry in entries {
            let parts = match entry {
                EntryExpr::MapEntry(entry) => [Some(&entry.key), Some(&entry.value)],
                EntryExpr::StructField(entry) => [Some(&entry.value), None],
            };
            for part in parts.into_iter().flatten() {
                all = all.saturating_add(self.value(part).size());
            }
        }
        self.pay(all);
        Bound::Sized(all)
    }

    fn call(&mut self, call: &'a CallExpr) -> Bound<'v> {
        let target = call.target.as_deref().map(|target| self.value(target));
        let arguments: Vec<Bound<'v>> = call.args.iter().map(|argument| self.value(argument)).collect();
        let all = target.iter().chain(&arguments).map(Bound::size).fold(1u64, u64::saturating_add);
        let operand = |at: usize| arguments.get(at).map_or(1, Bound::size);
        match call.func_name.as_str() {
            "_&&_" | "_||_" | "!_" | "@not_strictly_false" => return Bound::Sized(1),
            "_?:_" | "_?_:_" => return either(arguments.into_iter().skip(1)),
            "_[_]" | "_[?_]" | "_?._" => {
                let mut arguments = arguments.into_iter();
                let container = arguments.next().unwrap_or(Bound::Sized(1));
                return match call.args.get(1).map(|argument| &argument.expr) {
                    Some(Expr::Literal(LiteralValue::String(key))) => field(container, key.inner()),
                    _ => element(&container),
                };
            }
            ORDERED => {
                self.pay(all / 8);
                return arguments.into_iter().next().unwrap_or(Bound::Sized(1));
            }
            "matches" | "find" | "findAll" => self.pattern(call, target.is_some()),
            "lists.range" | "range" => return self.range(call),
            "replace" => {
                let texts = target.as_ref().map_or(1, Bound::size);
                return self.made(texts.saturating_mul(operand(1).saturating_add(1)));
            }
            "join" => {
                let list = target.as_ref().map_or(1, Bound::size);
                return self.made(list.saturating_mul(operand(0).saturating_add(1)));
            }
            // `%.100f` asks for as many digits as it says.
            "format" => {
                let digits = target.as_ref().map_or(1, Bound::size).min(16);
                return self.made(all.saturating_mul(10u64.saturating_pow(u32::try_from(digits).unwrap_or(16))));
            }
            "sort" | "distinct" | "sets.contains" | "sets.equivalent" | "sets.intersects" => {
                self.pay(all.saturating_mul(all) / 64);
            }
            "contains" | "equivalent" | "intersects" => self.pay(all.saturating_mul(4)),
            _ => {}
        }
        self.made(all)
    }

    /// A new value: making it costs as much as it is large.
    fn made(&mut self, size: u64) -> Bound<'v> {
        self.pay(size / 8);
        Bound::Sized(size)
    }

    fn pattern(&mut self, call: &'a CallExpr, has_target: bool) {
        let pattern = call.args.get(usize::from(!has_target)).map(|argument| &argument.expr);
        self.pay(match pattern {
            Some(Expr::Literal(LiteralValue::String(text))) => pattern_cost(text.inner()),
            _ => COMPOSED_PATTERN,
        });
    }

    fn range(&mut self, call: &'a CallExpr) -> Bound<'v> {
        let written = call.args.first().map(|argument| &argument.expr);
        let count = match written {
            Some(Expr::Literal(LiteralValue::Int(count))) => u64::try_from(*count.inner()).unwrap_or(1),
            _ => u64::MAX,
        };
        self.pay(count);
        Bound::Sized(count)
    }

    fn comprehension(&mut self, each: &'a ComprehensionExpr) -> Bound<'v> {
        let range = self.value(&each.iter_range);
        let times = count(&range);
        let before = self.bound.len();
        let start = self.value(&each.accu_init);
        self.bound.push((&each.accu_var, start.clone()));
        match &each.iter_var2 {
            Some(second) => {
                self.bound.push((&each.iter_var, Bound::Sized(range.size().min(256))));
                self.bound.push((second, element(&range)));
            }
            None => self.bound.push((&each.iter_var, key_or_element(&range))),
        }
        let outside = std::mem::take(&mut self.cost);
        self.value(&each.loop_cond);
        let step = self.value(&each.loop_step).size();
        let once = std::mem::replace(&mut self.cost, outside);
        // Macros add to what they gather: each time at most what the step is larger than its start.
        let gathered = times.saturating_mul(step.saturating_sub(1)).saturating_add(start.size());
        let copied = if step > 1 { gathered / 8 } else { 0 };
        self.pay(times.saturating_mul(once.saturating_add(copied)));
        self.bound.truncate(before);
        self.bound.push((&each.accu_var, Bound::Sized(gathered)));
        let result = self.value(&each.result);
        self.bound.truncate(before);
        result
    }
}

fn literal_size(literal: &LiteralValue) -> u64 {
    match literal {
        LiteralValue::String(text) => 1 + u64::try_from(text.inner().len()).unwrap_or(u64::MAX),
        _ => 1,
    }
}

/// A repeated repetition makes a pattern large: it is compiled once to see.
fn pattern_cost(pattern: &str) -> u64 {
    const LARGEST: usize = 256 << 10;
    let length = u64::try_from(pattern.len()).unwrap_or(u64::MAX);
    let repeats = pattern.contains('{');
    let too_large = repeats && regex::RegexBuilder::new(pattern).size_limit(LARGEST).build().is_err();
    if too_large { u64::MAX } else { PATTERN.saturating_add(length.saturating_mul(if repeats { 50 } else { 8 })) }
}

/// One of two.
fn either<'v>(bounds: impl Iterator<Item = Bound<'v>>) -> Bound<'v> {
    let bounds: Vec<Bound<'v>> = bounds.collect();
    let mut all = Vec::new();
    for bound in &bounds {
        match bound {
            Bound::Known(values) if all.len() + values.len() <= FOLLOWED => all.extend(values.iter().copied()),
            _ => return Bound::Sized(bounds.iter().map(Bound::size).max().unwrap_or(1)),
        }
    }
    Bound::Known(all)
}

fn field<'v>(container: Bound<'v>, name: &str) -> Bound<'v> {
    match container {
        Bound::Known(values) => {
            let key = Key::String(Arc::new(name.to_owned()));
            let of = |value: &&'v Value| if let Value::Map(map) = *value { map.map.get(&key) } else { None };
            Bound::Known(values.iter().filter_map(of).collect())
        }
        Bound::Sized(size) => Bound::Sized(size),
    }
}

fn element<'v>(container: &Bound<'v>) -> Bound<'v> {
    let Bound::Known(values) = container else { return Bound::Sized(container.size()) };
    let mut all = Vec::new();
    for value in values {
        match value {
            Value::List(items) => all.extend(items.iter()),
            Value::Map(map) => all.extend(map.map.values()),
            _ => {}
        }
        if all.len() > FOLLOWED {
            return Bound::Sized(container.size());
        }
    }
    Bound::Known(all)
}

/// What one variable goes over: the keys of a map, the items of a list.
fn key_or_element<'v>(container: &Bound<'v>) -> Bound<'v> {
    match container {
        Bound::Known(values) if values.iter().all(|value| matches!(value, Value::Map(_))) => {
            Bound::Sized(container.size().min(256))
        }
        _ => element(container),
    }
}

fn count(container: &Bound<'_>) -> u64 {
    let Bound::Known(values) = container else { return container.size() };
    let of = |value: &&Value| match value {
        Value::List(items) => items.len(),
        Value::Map(map) => map.map.len(),
        _ => 0,
    };
    values.iter().map(of).max().and_then(|count| u64::try_from(count).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::expression::{Expression, deep};
    use super::super::value::of_json;
    use super::*;
    use serde_json::json;

    fn cost(text: &str) -> u64 {
        let containers: Vec<_> = (0..20).map(|at| json!({"name": format!("c{at}"), "image": "a:1"})).collect();
        let object = of_json(&json!({"metadata": {"labels": {"a": "b"}}, "spec": {"containers": containers}}));
        let run = || {
            let expression = Expression::compile(text, None).expect("it compiles");
            let variables = BTreeMap::from([("object".to_owned(), Bound::Known(vec![&object]))]);
            bound(&expression.ast, &variables).0
        };
        deep(run).expect("it ends")
    }

    #[test]
    fn ordinary_rules_cost_little() {
        assert!(cost("object.spec.containers.all(c, c.image.startsWith('a'))") < 1000);
        assert!(cost("object.spec.containers.all(c, c.image.matches('^[a-z]+:[0-9]{1,3}$'))") < 40_000);
        assert!(cost("object.spec.containers.all(a, object.spec.containers.exists_one(b, b.name == a.name))") < 20_000);
        assert!(cost("object.spec.containers.map(c, c.name).join(', ') != ''") < 20_000);
    }

    #[test]
    fn what_multiplies_is_refused() {
        let all = "object.spec.containers.all(a, object.spec.containers.all(b, object.spec.containers.all(c, object.spec.containers.all(d, a == b && c == d))))";
        for text in [
            all,
            "lists.range(100000000).size() > 0",
            "lists.range(object.spec.containers.size()).size() > 0",
            "'a'.matches('(?:(?:(?:a{100}){100}){100}){100}')",
            "'%.100000000f'.format([1.0]).size() > 0",
            "object.spec.containers.map(c, object.spec.containers + object.spec.containers).map(c, c + c).map(c, c + c).size() > 0",
            "'aaaaaaaaaaaaaaaa'.replace('a', 'aaaaaaaaaaaaaaaa').replace('a', 'aaaaaaaaaaaaaaaa').replace('a', 'aaaaaaaaaaaaaaaa').replace('a', 'aaaaaaaaaaaaaaaa').replace('a', 'aaaaaaaaaaaaaaaa').size() > 0",
        ] {
            assert!(cost(text) > MOST, "{text}: {}", cost(text));
        }
    }
}
