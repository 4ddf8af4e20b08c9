//! Going through a map in the order of its keys.
//!
//! Promises: an expression has the same value, and a message the same words, on every run. The evaluator keeps maps
//! without an order, and a macro over one meets its keys in any; here it meets them sorted.

use super::optional::{each_part, node};
use kube_cel::KubeCelExt as _;
use kube_cel::cel::common::ast::{CallExpr, Expr, IdedExpr};
use kube_cel::cel::objects::Key;
use kube_cel::cel::{Context, ExecutionError, Value};
use std::sync::Arc;

/// What a macro goes through is given to this first. No author can write its name.
pub(super) const ORDERED: &str = "@ordered";

/// Lets all macros of an expression go through maps in order.
pub(super) fn rewrite(expression: &mut IdedExpr) {
    each_part(&mut expression.expr, &mut rewrite);
    if let Expr::Comprehension(each) = &mut expression.expr {
        let range = std::mem::take(&mut each.iter_range);
        each.iter_range = node(Expr::Call(CallExpr { func_name: ORDERED.into(), target: None, args: vec![range] }));
    }
}

/// The functions that expressions have here: those of CEL, of Kubernetes, and the order of keys.
pub(super) fn context() -> Context<'static> {
    let mut context = Context::default().with_all();
    context.add_function(ORDERED, ordered);
    context
}

/// The keys of a map, sorted; anything else as it is.
#[expect(clippy::unnecessary_wraps, reason = "as the evaluator takes functions")]
fn ordered(value: Value) -> Result<Value, ExecutionError> {
    let Value::Map(map) = &value else { return Ok(value) };
    let mut keys: Vec<&Key> = map.map.keys().collect();
    keys.sort();
    Ok(Value::List(Arc::new(keys.into_iter().map(Value::from).collect())))
}
