//! Rules of the team's own.

use super::Resolver;
use crate::diagnostic::code;
use crate::document::{Finding, Path, at};
use crate::model::{OwnRule, Rule, RuleSource};
use crate::spec::{self, Named, RuleFailure, RuleSubject, Switch};

/// All rules that are on, in the order of writing.
pub(super) fn all(cx: &mut Resolver<'_, '_>) -> Vec<Rule> {
    let system = cx.system;
    let mut rules = Vec::new();
    for (name, written) in system.policies.iter().flat_map(|policies| policies.iter()) {
        if let Switch::On(written) = written {
            rules.extend(rule(cx, name, written, at!["policies", name]));
        }
    }
    rules
}

fn rule(cx: &mut Resolver<'_, '_>, name: &str, written: &spec::Rule, place: Path) -> Option<Rule> {
    let source = match (&written.expression, &written.file) {
        (Some(expression), _) => RuleSource::Own(Box::new(own(written, expression))),
        (None, Some(pattern)) => {
            refuse_beside_a_file(cx, written, &place);
            RuleSource::Files(pattern.to_string())
        }
        (None, None) => {
            cx.no_form(&place, "a rule", "`expression` or `file`");
            return None;
        }
    };
    Some(Rule { name: name.into(), place, severity: written.severity, source })
}

fn own(written: &spec::Rule, expression: &spec::Expression) -> OwnRule {
    let matched = written.match_.as_ref();
    let texts = |list: Option<&Vec<spec::Text>>| list.into_iter().flatten().map(ToString::to_string).collect();
    OwnRule {
        over: written.over.unwrap_or(RuleSubject::Objects),
        kinds: texts(matched.and_then(|matched| matched.kinds.as_ref())),
        names: texts(matched.and_then(|matched| matched.names.as_ref())),
        labels: super::strings(matched.and_then(|matched| matched.labels.as_ref())).into_iter().collect(),
        conditions: expressions(written.match_conditions.as_ref()),
        variables: expressions(written.variables.as_ref()),
        params: written.params.as_ref().map(|params| params.0.clone()),
        expression: expression.to_string(),
        message: written.message.as_ref().map(ToString::to_string),
        message_expression: written.message_expression.as_ref().map(ToString::to_string),
        failure: written.failure_policy.unwrap_or(RuleFailure::Fail),
    }
}

fn expressions<K>(named: Option<&Named<K, spec::Expression>>) -> Vec<(String, String)> {
    named.into_iter().flat_map(|named| named.iter()).map(|(name, text)| (name.clone(), text.to_string())).collect()
}

/// What an admission policy says itself cannot be said again.
fn refuse_beside_a_file(cx: &mut Resolver<'_, '_>, written: &spec::Rule, place: &Path) {
    let beside = [
        ("over", written.over.is_some()),
        ("match", written.match_.is_some()),
        ("matchConditions", written.match_conditions.is_some()),
        ("variables", written.variables.is_some()),
        ("params", written.params.is_some()),
        ("message", written.message.is_some()),
        ("messageExpression", written.message_expression.is_some()),
        ("failurePolicy", written.failure_policy.is_some()),
    ];
    for (field, _) in beside.into_iter().filter(|(_, is_written)| *is_written) {
        cx.findings.push(
            Finding::error(code::POLICY_SHAPE, place.join(field), format!("`{field}` says nothing beside `file`"))
                .on_key()
                .label("without effect")
                .reason("the policies in the files say it themselves")
                .help("take it away; only `severity` may stand beside `file`"),
        );
    }
}
