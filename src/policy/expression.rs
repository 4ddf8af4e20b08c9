//! One expression in CEL, with the functions that Kubernetes adds.
//!
//! Promises: what compiles names only variables and functions that there are; what does not says where.
//! Compiling ends, whatever the text: its length and depth have limits that are checked before it is read.

use crate::diagnostic::{listed, nearest};
use kube_cel::cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr};
use kube_cel::cel::parser::{ParseError, Parser};
use std::collections::BTreeSet;
use std::ops::Range;

/// The variables of an expression: those of a ValidatingAdmissionPolicy, then those of Windlass.
pub(super) const VARIABLES: &[&str] =
    &["object", "oldObject", "request", "params", "namespaceObject", "variables", "authorizer", "component", "system"];

/// The functions of CEL and of Kubernetes, as they are called.
const FUNCTIONS: &[&str] = &[
    "add",
    "asApproximateFloat",
    "asInteger",
    "base64.decode",
    "base64.encode",
    "bytes",
    "charAt",
    "cidr",
    "compareTo",
    "contains",
    "containsCIDR",
    "containsIP",
    "distinct",
    "double",
    "duration",
    "dyn",
    "endsWith",
    "family",
    "find",
    "findAll",
    "first",
    "flatten",
    "format",
    "format.byte",
    "format.date",
    "format.datetime",
    "format.dns1035Label",
    "format.dns1035LabelPrefix",
    "format.dns1123Label",
    "format.dns1123LabelPrefix",
    "format.dns1123Subdomain",
    "format.dns1123SubdomainPrefix",
    "format.labelValue",
    "format.named",
    "format.qualifiedName",
    "format.uri",
    "format.uuid",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getEscapedPath",
    "getFullYear",
    "getHost",
    "getHostname",
    "getHours",
    "getMilliseconds",
    "getMinutes",
    "getMonth",
    "getPort",
    "getQuery",
    "getScheme",
    "getSeconds",
    "hasValue",
    "indexOf",
    "int",
    "ip",
    "ip.isCanonical",
    "isCIDR",
    "isGlobalUnicast",
    "isGreaterThan",
    "isIP",
    "isInteger",
    "isLessThan",
    "isLinkLocalMulticast",
    "isLinkLocalUnicast",
    "isLoopback",
    "isQuantity",
    "isSemver",
    "isSorted",
    "isURL",
    "isUnspecified",
    "join",
    "last",
    "lastIndexOf",
    "lists.range",
    "lowerAscii",
    "major",
    "masked",
    "matches",
    "math.abs",
    "math.bitAnd",
    "math.bitNot",
    "math.bitOr",
    "math.bitShiftLeft",
    "math.bitShiftRight",
    "math.bitXor",
    "math.ceil",
    "math.floor",
    "math.greatest",
    "math.isFinite",
    "math.isInf",
    "math.isNaN",
    "math.least",
    "math.round",
    "math.sign",
    "math.sqrt",
    "math.trunc",
    "max",
    "min",
    "minor",
    "optional.none",
    "optional.of",
    "or",
    "orValue",
    "patch",
    "prefixLength",
    "quantity",
    "replace",
    "reverse",
    "semver",
    "sets.contains",
    "sets.equivalent",
    "sets.intersects",
    "sign",
    "size",
    "slice",
    "sort",
    "split",
    "startsWith",
    "string",
    "strings.quote",
    "sub",
    "substring",
    "sum",
    "timestamp",
    "trim",
    "uint",
    "upperAscii",
    "url",
    "validate",
    "value",
];

/// What other languages call a function, and what CEL does.
const ELSEWHERE: &[(&str, &str)] = &[
    ("count", "size"),
    ("includes", "contains"),
    ("len", "size"),
    ("length", "size"),
    ("lower", "lowerAscii"),
    ("toLowerCase", "lowerAscii"),
    ("toUpperCase", "upperAscii"),
    ("upper", "upperAscii"),
];

/// Functions that an API server has and that are not evaluated here.
const UNEVALUATED: &[&str] = &["type"];

/// The longest expression.
const LONGEST: usize = 8 * 1024;
/// How deep an expression may be, in steps of selection, operators and calls.
const DEEPEST: usize = 150;
/// What a bracket counts.
const BRACKET: usize = 4;
/// Reading and evaluating recur; this is room for the deepest expression, in a build without optimisation too.
const STACK: usize = 64 << 20;

/// Does something on a stack that is deep enough for the deepest expression.
pub(super) fn deep<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).ok()?;
        thread.join().ok()
    })
}

/// An expression that can be evaluated.
#[derive(Clone, Debug)]
pub(super) struct Expression {
    pub(super) text: String,
    pub(super) ast: IdedExpr,
}

/// Why a text is no expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flaw {
    /// Where in the text.
    pub(super) at: Range<usize>,
    pub(super) message: String,
    pub(super) label: String,
    pub(super) help: String,
    pub(super) suggestion: Option<String>,
}

impl Flaw {
    fn new(at: Range<usize>, message: impl Into<String>, label: impl Into<String>, help: impl Into<String>) -> Self {
        Self { at, message: message.into(), label: label.into(), help: help.into(), suggestion: None }
    }
}

impl Expression {
    /// Reads an expression. `variables` are the names after `variables.` that it may use, where they are known.
    /// Runs in [`deep`].
    pub(super) fn compile(text: &str, variables: Option<&BTreeSet<String>>) -> Result<Self, Flaw> {
        let mut ast = Self::syntax(text)?;
        if let Some(flaw) = Scope::of(text, VARIABLES, variables).flaw_in(&ast) {
            return Err(flaw);
        }
        super::optional::rewrite(&mut ast);
        super::order::rewrite(&mut ast);
        Ok(Self { text: text.to_owned(), ast })
    }

    /// Reads an expression that may name only these variables. Runs in [`deep`].
    pub(super) fn of_names(text: &str, variables: &'static [&'static str]) -> Result<IdedExpr, Flaw> {
        let ast = Self::syntax(text)?;
        let flaw = Scope::of(text, variables, None).flaw_in(&ast);
        flaw.map_or(Ok(ast), Err)
    }

    /// Reads an expression, whatever it names. Runs in [`deep`].
    pub(super) fn syntax(text: &str) -> Result<IdedExpr, Flaw> {
        refuse_depth(text)?;
        let parsed = Parser::new().enable_optional_syntax(true).parse(text);
        parsed.map_err(|errors| syntax(text, errors.errors.first()))
    }

    /// True where it uses a variable.
    pub(super) fn uses(&self, variable: &str) -> bool {
        self.ast.references().has_variable(variable)
    }

    /// Its first line, for a message.
    pub(super) fn head(&self) -> String {
        const SHOWN: usize = 60;
        let line = self.text.trim().lines().next().unwrap_or_default();
        if line.chars().count() <= SHOWN && self.text.trim().lines().count() == 1 {
            return line.to_owned();
        }
        format!("{} …", line.chars().take(SHOWN).collect::<String>().trim_end())
    }
}

/// Refuses what would take a deep stack or a long time only to be read.
fn refuse_depth(text: &str) -> Result<(), Flaw> {
    let whole = |message: String| {
        let help = "split it: name its parts under `variables`, or write several rules";
        Err(Flaw::new(0..text.len().min(1), message, "too much for one expression", help))
    };
    if text.trim().is_empty() {
        let help = "write a condition that holds for what is allowed: `object.spec.replicas >= 2`";
        return Err(Flaw::new(0..text.len(), "an expression is empty", "nothing to ask", help));
    }
    if text.len() > LONGEST {
        return whole(format!("an expression of {} bytes: the longest has {LONGEST}", text.len()));
    }
    let mut depth = Depth::default();
    for (at, token) in tokens(text) {
        if !depth.count(token) {
            let flaw = Flaw::new(at..at + 1, "a bracket closes what is not open", "closes nothing", "take it away");
            return Err(flaw);
        }
        if depth.all() > DEEPEST {
            return whole("an expression is nested too deeply".into());
        }
    }
    Ok(())
}

/// How deep a text nests where it is read.
#[derive(Default)]
struct Depth {
    /// Steps and conditions of the levels around.
    around: Vec<(usize, usize)>,
    steps: usize,
    conditions: usize,
}

impl Depth {
    /// False for a bracket that closes nothing.
    fn count(&mut self, token: &str) -> bool {
        match token {
            "(" | "[" | "{" => {
                self.around.push((self.steps, self.conditions));
                (self.steps, self.conditions) = (BRACKET, 0);
            }
            ")" | "]" | "}" => match self.around.pop() {
                // What follows is a step of what the bracket belongs to.
                Some(before) => (self.steps, self.conditions) = before,
                None => return false,
            },
            // Terms of a conjunction, and arguments, stand beside each other.
            "&&" | "||" | "," => self.steps = 0,
            "?" => self.conditions += 2 * BRACKET,
            "." | "+" | "-" | "*" | "/" | "%" | "!" | "<" | ">" | "=" => self.steps += 1,
            _ => {}
        }
        true
    }

    fn all(&self) -> usize {
        self.around.iter().map(|(steps, conditions)| steps + conditions).sum::<usize>() + self.steps + self.conditions
    }
}

/// Words and signs with their places; texts in quotes are left out.
fn tokens(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = text.get(at..)?;
            let first = rest.chars().next()?;
            let start = at;
            match first {
                '"' | '\'' => {
                    at += quoted(rest, first);
                    continue;
                }
                _ if first.is_alphabetic() || first == '_' || first == '@' => {
                    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '@').unwrap_or(rest.len());
                    at += end;
                }
                _ if first.is_whitespace() => {
                    at += first.len_utf8();
                    continue;
                }
                _ if rest.starts_with("&&") || rest.starts_with("||") => at += 2,
                _ => at += first.len_utf8(),
            }
            return Some((start, &text[start..at]));
        }
    })
}

/// The length of a text in quotes at the start.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in rest.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// What the parser says, in words of ours.
fn syntax(text: &str, error: Option<&ParseError>) -> Flaw {
    let help = "an expression is one condition in CEL, such as `object.spec.replicas >= 2`";
    let Some(error) = error else {
        return Flaw::new(0..text.len(), "this is not an expression in CEL", "not understood", help);
    };
    let at = offset(text, error.pos);
    let said = error.msg.trim_start_matches("Syntax error: ");
    let word = tokens(text).find(|(start, token)| *start <= at && at < start + token.len());
    let range = word.map_or(at..at + 1, |(start, token)| start..start + token.len());
    let met = said.split(" expecting").next().unwrap_or_default();
    if at >= text.trim_end().len() || met.contains("<EOF>") {
        let end = text.trim_end().len();
        return Flaw::new(end.saturating_sub(1)..end, "the expression ends too early", "something must follow", help);
    }
    if text.get(range.clone()).is_some_and(|sign| sign.starts_with('=')) {
        return Flaw::new(range, "CEL compares with `==`", "assigns nothing", "write `==`");
    }
    if said.starts_with("token recognition error") {
        return Flaw::new(range, "CEL does not know this character here", "not a sign of CEL", help);
    }
    let shown = text.get(range.clone()).unwrap_or_default();
    Flaw::new(range, format!("`{shown}` does not belong here in an expression"), "not expected here", help)
}

/// The offset of a line and column from 1, columns in characters.
fn offset(text: &str, (line, column): (isize, isize)) -> usize {
    let line = usize::try_from(line).unwrap_or(1).max(1);
    let column = usize::try_from(column).unwrap_or(1).max(1);
    let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let rest = text.get(start..).unwrap_or_default();
    start + rest.char_indices().nth(column - 1).map_or(rest.len(), |(at, _)| at)
}

/// Looks for names that there are not.
struct Scope<'a> {
    text: &'a str,
    /// The variables that there are.
    roots: &'static [&'static str],
    /// The names after `variables.`, where they are known.
    variables: Option<&'a BTreeSet<String>>,
    /// The variables of the macros around.
    bound: Vec<&'a str>,
    flaw: Option<Flaw>,
}

impl<'a> Scope<'a> {
    fn of(text: &'a str, roots: &'static [&'static str], variables: Option<&'a BTreeSet<String>>) -> Self {
        Self { text, roots, variables, bound: Vec::new(), flaw: None }
    }

    fn flaw_in(mut self, ast: &'a IdedExpr) -> Option<Flaw> {
        self.visit(ast);
        self.flaw
    }

    fn visit(&mut self, node: &'a IdedExpr) {
        match &node.expr {
            Expr::Ident(name) => self.variable(name),
            Expr::Select(select) => {
                self.composed(&select.operand, &select.field);
                self.visit(&select.operand);
            }
            Expr::Call(call) => self.call(call),
            Expr::List(list) => list.elements.iter().for_each(|element| self.visit(element)),
            Expr::Map(map) => map.entries.iter().for_each(|entry| self.entry(&entry.expr)),
            Expr::Struct(object) => object.entries.iter().for_each(|entry| self.entry(&entry.expr)),
            Expr::Comprehension(each) => {
                self.visit(&each.iter_range);
                self.visit(&each.accu_init);
                let before = self.bound.len();
                self.bound.extend([each.iter_var.as_str(), each.accu_var.as_str()]);
                self.bound.extend(each.iter_var2.as_deref());
                [&each.loop_cond, &each.loop_step, &each.result].into_iter().for_each(|part| self.visit(part));
                self.bound.truncate(before);
            }
            Expr::Literal(_) | Expr::Unspecified => {}
        }
    }

    fn entry(&mut self, entry: &'a EntryExpr) {
        match entry {
            EntryExpr::MapEntry(entry) => {
                self.visit(&entry.key);
                self.visit(&entry.value);
            }
            EntryExpr::StructField(field) => self.visit(&field.value),
        }
    }

    fn call(&mut self, call: &'a CallExpr) {
        let is_operator = call.func_name.starts_with(['_', '@', '!', '-']);
        let prefix = call.target.as_deref().and_then(|target| match &target.expr {
            Expr::Ident(prefix) => Some(prefix.as_str()),
            _ => None,
        });
        let qualified = prefix.map(|prefix| format!("{prefix}.{}", call.func_name));
        let is_qualified = qualified.as_deref().is_some_and(|name| FUNCTIONS.contains(&name));
        // The methods of the authorizer are the API server's own.
        let name = call.func_name.as_str();
        let is_known = is_operator || is_qualified || FUNCTIONS.contains(&name) || UNEVALUATED.contains(&name);
        if !is_known && !self.text.contains("authorizer") {
            self.unknown("function", &call.func_name, FUNCTIONS.iter().copied());
        }
        if let Some(target) = call.target.as_deref().filter(|_| !is_qualified) {
            self.visit(target);
        }
        call.args.iter().for_each(|argument| self.visit(argument));
    }

    fn variable(&mut self, name: &str) {
        const TYPES: &[&str] =
            &["int", "uint", "double", "bool", "string", "bytes", "list", "map", "null_type", "type"];
        let is_known = self.bound.contains(&name) || self.roots.contains(&name) || TYPES.contains(&name);
        if !is_known {
            let known: Vec<&str> = self.bound.iter().chain(self.roots).copied().collect();
            self.unknown("variable", name, known);
        }
    }

    /// `variables.name` must be written under `variables`.
    fn composed(&mut self, operand: &IdedExpr, field: &str) {
        let is_composed = matches!(&operand.expr, Expr::Ident(name) if name == "variables");
        if let Some(variables) = self.variables.filter(|known| is_composed && !known.contains(field)) {
            self.unknown("variable", field, variables.iter().map(String::as_str));
        }
    }

    fn unknown<'n>(&mut self, what: &str, name: &str, known: impl IntoIterator<Item = &'n str>) {
        if self.flaw.is_some() {
            return;
        }
        let at = tokens(self.text).find(|(_, token)| *token == name).map_or(0, |(at, _)| at);
        let meant = ELSEWHERE.iter().find(|(called, _)| what == "function" && *called == name);
        let near = meant.map(|(_, meant)| *meant).or_else(|| nearest(name, known)).map(str::to_owned);
        let help = match (&near, what) {
            (Some(near), _) => format!("did you mean `{near}`?"),
            (None, "variable") => format!("what an expression may use: {}", listed(self.roots.iter().copied())),
            (None, _) => "the functions are those of CEL and of Kubernetes' admission policies".into(),
        };
        let mut flaw = Flaw::new(at..at + name.len(), format!("an expression has no {what} `{name}`"), "unknown", help);
        flaw.suggestion = near;
        self.flaw = Some(flaw);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube_cel::{KubeCelExt as _, cel};

    fn compile(text: &str) -> Result<(), (String, String)> {
        let variables = BTreeSet::from(["team".to_owned()]);
        let compiled = deep(|| Expression::compile(text, Some(&variables))).expect("it ends");
        compiled.map(drop).map_err(|flaw| (text[flaw.at].to_owned(), flaw.message))
    }

    fn flaw(text: &str) -> (String, String) {
        compile(text).expect_err("it is flawed")
    }

    #[test]
    fn what_is_right_compiles() {
        for text in [
            "object.spec.replicas >= 2",
            "object.spec.template.spec.containers.all(c, has(c.resources) && !c.image.endsWith(':latest'))",
            "variables.team in ['a', 'b'] || sets.contains([1], [1])",
            "quantity(object.spec.size).isLessThan(quantity('10Gi'))",
            "object.?metadata.?labels.?owner.orValue('') != ''",
            "authorizer.group('').resource('pods').check('list').allowed()",
            "type(object.spec.x) == string",
        ] {
            assert_eq!(compile(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn a_flaw_has_its_place() {
        assert_eq!(flaw("object.spec.replicas >").0, ">");
        assert_eq!(flaw("object.spec.replicas = 3"), ("=".into(), "CEL compares with `==`".into()));
        assert_eq!(flaw("object.spec == self.x"), ("self".into(), "an expression has no variable `self`".into()));
        assert_eq!(flaw("'size' == 'x' && object.a.sise() > 1").0, "sise");
        assert_eq!(flaw("object.a.length() > 1").0, "length");
        assert_eq!(flaw("variables.teams == 'a'").0, "teams");
        assert_eq!(flaw("object.spec\n  .x ? 1 :").1, "the expression ends too early");
        assert_eq!(flaw("a b").0, "b");
        assert_eq!(flaw("object # 1").1, "CEL does not know this character here");
        assert_eq!(flaw(" ").1, "an expression is empty");
    }

    #[test]
    fn hostile_texts_are_refused() {
        for text in [
            "(".repeat(8000),
            "[".repeat(8000),
            "!".repeat(4000) + "true",
            "object".to_owned() + &".a".repeat(2000),
            "true?1:".repeat(300) + "1",
            "size(".repeat(80) + "'a'" + &")".repeat(80),
            "a".repeat(9000),
            "1+".repeat(1000) + "1",
            "a&&b?c:".repeat(400),
        ] {
            assert!(compile(&text).is_err(), "{}", &text[..40.min(text.len())]);
        }
    }

    #[test]
    fn the_deepest_is_read() {
        let deepest = [
            "object".to_owned() + &".a".repeat(DEEPEST),
            "(".repeat(DEEPEST / BRACKET) + "1" + &")".repeat(DEEPEST / BRACKET),
            "[".repeat(DEEPEST / BRACKET) + "1" + &"]".repeat(DEEPEST / BRACKET),
            "[1].map(x,".repeat(20) + "1" + &")".repeat(20),
            "true&&".repeat(1000) + "true",
            "1+".repeat(DEEPEST) + "1",
            "true?1:".repeat(16) + "1",
        ];
        for text in deepest {
            assert_eq!(compile(&text), Ok(()), "{text}");
        }
    }

    #[test]
    fn each_function_is_there() {
        let context = cel::Context::default().with_all();
        for name in FUNCTIONS.iter().filter(|name| !name.contains('.') && **name != "dyn") {
            let ast = Parser::new().parse(&format!("{name}()")).expect("a call");
            let result = cel::Value::resolve(&ast, &context);
            let is_unknown = matches!(&result, Err(cel::ExecutionError::UndeclaredReference(_)));
            assert!(!is_unknown, "{name}: {result:?}");
        }
    }
}
