//! What can be told of a query without the grammar of PromQL.

/// Puts names in the place of `$namespace`, `$component` and `$pods`. Variables of Grafana stay.
pub fn fill(query: &str, namespace: &str, component: Option<(&str, &str)>) -> String {
    let mut filled = String::with_capacity(query.len());
    let mut rest = query;
    while let Some(at) = rest.find('$') {
        filled.push_str(&rest[..at]);
        let word = rest[at + 1..].split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
        match (word, component) {
            ("namespace", _) => filled.push_str(namespace),
            ("component", Some((name, _))) => filled.push_str(name),
            ("pods", Some((_, pods))) => filled.push_str(pods),
            _ => {
                filled.push('$');
                filled.push_str(word);
            }
        }
        rest = &rest[at + 1 + word.len()..];
    }
    filled.push_str(rest);
    filled
}

/// Brackets and quotes close in the order in which they open; else what is wrong.
pub fn check(query: &str) -> Result<(), String> {
    if query.trim().is_empty() {
        return Err("a query that asks for nothing".into());
    }
    let (bare, quote) = unquoted(query);
    if let Some(quote) = quote {
        return Err(format!("`{quote}` is not closed in this query"));
    }
    let mut open = Vec::new();
    for c in bare.chars() {
        match c {
            '(' | '[' | '{' => open.push(c),
            ')' | ']' | '}' if open.pop() != Some(opening(c)) => {
                return Err(format!("`{c}` closes nothing in this query"));
            }
            _ => {}
        }
    }
    open.last().map_or(Ok(()), |bracket| Err(format!("`{bracket}` is not closed in this query")))
}

fn opening(closing: char) -> char {
    match closing {
        ')' => '(',
        ']' => '[',
        _ => '{',
    }
}

/// A query as an operand: in brackets, unless it is one term, since an operator in it may bind less than the one
/// beside it.
pub fn operand(query: &str) -> String {
    let query = query.trim();
    if is_term(query) { query.to_owned() } else { format!("({query})") }
}

/// True where nothing but a name stands outside of brackets.
fn is_term(query: &str) -> bool {
    let mut depth = 0_u32;
    unquoted(query).0.chars().all(|c| match c {
        '(' | '[' | '{' => {
            depth += 1;
            true
        }
        ')' | ']' | '}' => {
            depth = depth.saturating_sub(1);
            true
        }
        _ => depth > 0 || c.is_ascii_alphanumeric() || matches!(c, '_' | ':'),
    })
}

/// The query without what stands in quotes, and a quote that does not close.
fn unquoted(query: &str) -> (String, Option<char>) {
    let (mut bare, mut quote, mut escaped) = (String::with_capacity(query.len()), None, false);
    for c in query.chars() {
        match quote {
            None if matches!(c, '"' | '\'' | '`') => quote = Some(c),
            None => bare.push(c),
            Some(_) if escaped => escaped = false,
            // Between back quotes a backslash is one.
            Some('"' | '\'') if c == '\\' => escaped = true,
            Some(end) if c == end => quote = None,
            Some(_) => {}
        }
    }
    (bare, quote)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_and_quotes_close() {
        for good in [r#"sum(rate(x{a="(",b=~'\''}[5m]))"#, "up", r#"x{a="\"}"}"#, "x{a=`\\`}"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["", " ", "sum(x", "sum(x))", "x{a=\"b}", "x[5m)", "}"] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_more_than_a_term_stands_in_brackets() {
        assert_eq!(operand("sum(rate(x{a=\"b c\"}[5m])) "), "sum(rate(x{a=\"b c\"}[5m]))");
        assert_eq!(operand("up"), "up");
        for query in ["a - b", "a or b", "sum by (pod) (x)", "-x"] {
            assert_eq!(operand(query), format!("({query})"));
        }
    }

    #[test]
    fn names_take_the_place_of_their_variables() {
        let filled = |query| fill(query, "shop-prod", Some(("api", "api-.*")));
        let written = r#"x{a="$namespace",b=~"$pods"}[$__rate_interval]"#;
        assert_eq!(filled(written), r#"x{a="shop-prod",b=~"api-.*"}[$__rate_interval]"#);
        assert_eq!(filled("$components$ $component"), "$components$ api");
        assert_eq!(fill("$pods é$", "n", None), "$pods é$");
    }
}
