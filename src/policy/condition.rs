//! Conditions in CEL that an API server evaluates elsewhere than at an admission.

use super::expression::{Expression, Flaw, deep};
use kube_cel::cel::common::ast::{Expr, IdedExpr, LiteralValue};
use std::ops::Range;

/// What a condition may speak of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum About {
    /// A rule in the definition of a custom resource.
    Resource,
    /// A selector of devices.
    Device,
}

/// Why a text is no condition.
pub(crate) struct Misfit {
    /// Where in the text.
    pub(super) at: Range<usize>,
    pub(crate) message: String,
    /// The name that was likely meant.
    pub(crate) meant: Option<String>,
}

impl About {
    fn variables(self) -> &'static [&'static str] {
        match self {
            Self::Resource => &["self", "oldSelf"],
            Self::Device => &["device"],
        }
    }

    /// What is wrong with a condition, if anything.
    pub(crate) fn misfit(self, text: &str) -> Option<Misfit> {
        let misfit = |flaw: Flaw| Misfit { at: flaw.at, message: flaw.message, meant: flaw.suggestion };
        let is_beyond = matches!(self, Self::Device) && BEYOND.iter().any(|call| text.contains(call));
        let read = || if is_beyond { Expression::syntax(text) } else { Expression::of_names(text, self.variables()) };
        deep(|| match read() {
            Err(flaw) => Some(misfit(flaw)),
            Ok(ast) if is_never_bool(&ast) => Some(Misfit {
                at: 0..text.len(),
                message: "a condition is true or false, and this is neither".into(),
                meant: None,
            }),
            Ok(_) => None,
        })?
    }
}

/// What a selector of devices may call and is not known here: then only its syntax is read. Source:
/// `CELDeviceSelector` of `resource.k8s.io`, and the attributes that are lists.
const BEYOND: &[&str] = &["cel.bind(", ".includes("];

/// Operators and functions whose result is of another type, whatever they are given.
const OTHERWISE: &[&str] = &[
    "_+_",
    "_-_",
    "_*_",
    "_/_",
    "_%_",
    "-_",
    "bytes",
    "double",
    "duration",
    "int",
    "size",
    "string",
    "timestamp",
    "uint",
];

/// True where a result can be seen to be no boolean, without the types of what it is about.
fn is_never_bool(ast: &IdedExpr) -> bool {
    match &ast.expr {
        Expr::Literal(literal) => !matches!(literal, LiteralValue::Boolean(_)),
        Expr::List(_) | Expr::Map(_) => true,
        Expr::Call(call) => OTHERWISE.contains(&call.func_name.as_str()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::About::{Device, Resource};

    #[test]
    fn a_condition_is_about_what_there_is() {
        assert!(Resource.misfit("self.rows.size() > 0 && oldSelf.rows == self.rows").is_none());
        assert!(Device.misfit("device.driver == 'gpu.example.com' && device.attributes['a.b'].c").is_none());
        assert!(Device.misfit("device.capacity['gpu.example.com'].memory.compareTo(quantity('40Gi')) >= 0").is_none());
        assert!(Device.misfit("cel.bind(a, device.attributes['a.b'], a.x && a.y)").is_none());
        assert!(Device.misfit("cel.bind(a, device.attributes['a.b'], a.x &&)").is_some());
        assert!(Device.misfit("self.a").is_some());
        assert_eq!(Resource.misfit("self.rows.length() > 0").and_then(|misfit| misfit.meant).as_deref(), Some("size"));
    }

    #[test]
    fn a_condition_is_true_or_false() {
        for text in ["42", "'a'", "[true]", "self.a + 1", "size(self.a)", "-self.a", "null"] {
            assert!(Resource.misfit(text).is_some(), "{text}");
        }
        for text in ["true", "self.a", "self.a ? true : self.b", "!self.a", "self.all(a, a > 1)", "self.a in [1]"] {
            assert!(Resource.misfit(text).is_none(), "{text}");
        }
    }
}
