//! Optional selection, `object.?a.?b`, in terms of what the evaluator does right.
//!
//! Promises: a chain of optional selections becomes a question for each of its fields, so that one that is
//! missing gives nothing, as in an API server, and does not fail.

use kube_cel::cel::common::ast::operators::{CONDITIONAL, LOGICAL_AND, OPT_SELECT};
use kube_cel::cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, LiteralValue, SelectExpr};

/// Rewrites all chains of an expression.
pub(super) fn rewrite(node: &mut IdedExpr) {
    if let Some((base, fields)) = chain(node) {
        let mut base = base.clone();
        rewrite(&mut base);
        node.expr = asked(&base, &fields);
        return;
    }
    each_part(&mut node.expr, &mut rewrite);
}

/// Does something to each expression that one directly consists of.
pub(super) fn each_part(expr: &mut Expr, act: &mut impl FnMut(&mut IdedExpr)) {
    match expr {
        Expr::Call(call) => call.target.as_deref_mut().into_iter().chain(&mut call.args).for_each(act),
        Expr::Select(select) => act(&mut select.operand),
        Expr::List(list) => list.elements.iter_mut().for_each(act),
        Expr::Map(map) => map.entries.iter_mut().for_each(|entry| each_of_entry(&mut entry.expr, act)),
        Expr::Struct(object) => object.entries.iter_mut().for_each(|entry| each_of_entry(&mut entry.expr, act)),
        Expr::Comprehension(each) => {
            let each = each.as_mut();
            let parts = [&mut each.iter_range, &mut each.accu_init, &mut each.loop_cond, &mut each.loop_step];
            parts.into_iter().chain([&mut each.result]).for_each(act);
        }
        Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => {}
    }
}

fn each_of_entry(entry: &mut EntryExpr, act: &mut impl FnMut(&mut IdedExpr)) {
    match entry {
        EntryExpr::MapEntry(entry) => [&mut entry.key, &mut entry.value].into_iter().for_each(act),
        EntryExpr::StructField(field) => act(&mut field.value),
    }
}

/// What a chain begins with, and its fields; nothing where no selection in it is optional.
fn chain(node: &IdedExpr) -> Option<(&IdedExpr, Vec<String>)> {
    let (operand, field) = step(node)?;
    let is_optional = matches!(&node.expr, Expr::Call(_));
    match chain(operand) {
        Some((base, mut fields)) => {
            fields.push(field);
            Some((base, fields))
        }
        None => is_optional.then(|| (operand, vec![field])),
    }
}

fn step(node: &IdedExpr) -> Option<(&IdedExpr, String)> {
    match &node.expr {
        Expr::Call(CallExpr { func_name, args, .. }) if func_name == OPT_SELECT => match args.as_slice() {
            [operand, IdedExpr { expr: Expr::Literal(LiteralValue::String(field)), .. }] => {
                Some((operand, field.inner().to_owned()))
            }
            _ => None,
        },
        Expr::Select(select) if !select.test => Some((&select.operand, select.field.clone())),
        _ => None,
    }
}

/// `has(base.a) && has(base.a.b) ? optional.of(base.a.b) : optional.none()`
fn asked(base: &IdedExpr, fields: &[String]) -> Expr {
    let mut value = base.clone();
    let mut condition: Option<Expr> = None;
    for field in fields {
        let has = select(value.clone(), field, true);
        condition = Some(match condition {
            Some(before) => operator(LOGICAL_AND, vec![before, has]),
            None => has,
        });
        value = node(select(value, field, false));
    }
    let condition = condition.unwrap_or_default();
    operator(CONDITIONAL, vec![condition, optional("of", vec![value]), optional("none", Vec::new())])
}

pub(super) fn node(expr: Expr) -> IdedExpr {
    IdedExpr { id: 0, expr }
}

fn select(operand: IdedExpr, field: &str, test: bool) -> Expr {
    Expr::Select(SelectExpr { operand: Box::new(operand), field: field.to_owned(), test })
}

fn operator(name: &str, operands: Vec<Expr>) -> Expr {
    let args = operands.into_iter().map(node).collect();
    Expr::Call(CallExpr { func_name: name.to_owned(), target: None, args })
}

fn optional(function: &str, args: Vec<IdedExpr>) -> Expr {
    let target = Some(Box::new(node(Expr::Ident("optional".to_owned()))));
    Expr::Call(CallExpr { func_name: function.to_owned(), target, args })
}
