//! What a credential looks like, by its text and by the name that it stands under.
//!
//! Promises: says what kind of credential it may be, never the text itself.

/// What the text seems to hold, with its article.
pub(super) fn in_text(text: &str) -> Option<&'static str> {
    if text.contains("-----BEGIN ") && text.contains("PRIVATE KEY-----") {
        return Some("a private key");
    }
    if text.split("://").skip(1).any(has_password) {
        return Some("a URL with a password");
    }
    words(text)
        .find_map(known_token)
        .or_else(|| text.split_whitespace().any(has_signed_token).then_some("a signed token"))
}

/// Whether a name speaks of a secret: its last word does. `…_FILE`, `…_PATH`, `MAX_TOKENS` do not.
pub(super) fn in_name(name: &str) -> bool {
    const SECRETS: &[&str] =
        &["PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN", "APIKEY", "CREDENTIAL", "CREDENTIALS"];
    const KEYS: &[&str] =
        &["API", "ACCESS", "SECRET", "PRIVATE", "ENCRYPTION", "SIGNING", "AUTH", "MASTER", "ACCOUNT", "LICENSE"];
    /// Tokens of a language model are no secrets.
    const VOCABULARY: &[&str] =
        &["EOS", "BOS", "PAD", "UNK", "CLS", "SEP", "MASK", "STOP", "START", "END", "IMAGE", "SPECIAL"];
    let upper = snake(name);
    let words: Vec<&str> = upper.trim_end_matches("_BASE").split('_').filter(|word| !word.is_empty()).collect();
    let Some((last, before)) = words.split_last() else { return false };
    let previous = before.last().copied().unwrap_or_default();
    match *last {
        "TOKEN" => !VOCABULARY.contains(&previous),
        "KEY" => KEYS.contains(&previous),
        "PASS" | "PWD" => !before.is_empty(),
        "AUTHORIZATION" => true,
        last => SECRETS.iter().any(|secret| last == *secret || (secret.len() > 5 && last.ends_with(secret))),
    }
}

/// Whether a text under such a name may be the secret itself: not empty, and neither a number, a word
/// of configuration, a path, a URL without a password, nor a reference to something else.
pub(super) fn may_be_secret(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "true",
        "false",
        "yes",
        "no",
        "on",
        "off",
        "none",
        "null",
        "auto",
        "required",
        "optional",
        "disabled",
        "enabled",
        "default",
        "empty",
        "dummy",
        "unused",
        "placeholder",
        "not-needed",
    ];
    let text = text.trim();
    let plain = text.is_empty() || text.parse::<f64>().is_ok() || WORDS.contains(&text.to_lowercase().as_str());
    let path = text.starts_with(['/', '.', '~']) || text.contains("://");
    let reference = text.contains("$(") || text.contains("${") || text.contains("{{");
    let marker = text.starts_with(['<', '[']);
    !(plain || path || reference || marker)
}

/// `dbPassword`, `--db-password` and `db.password` as `DB_PASSWORD`.
fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    let mut lower = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() && lower {
            snake.push('_');
        }
        lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        snake.push(if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' });
    }
    snake
}

/// Runs of letters, digits, `_` and `-`.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).filter(|word| word.len() >= 14)
}

/// Tokens that their issuers mark by a prefix; a token is at least so long after it.
fn known_token(word: &str) -> Option<&'static str> {
    const PREFIXES: &[(&str, usize, &str)] = &[
        ("AKIA", 16, "an access key of AWS"),
        ("ASIA", 16, "an access key of AWS"),
        ("ghp_", 30, "a token of GitHub"),
        ("gho_", 30, "a token of GitHub"),
        ("ghs_", 30, "a token of GitHub"),
        ("ghu_", 30, "a token of GitHub"),
        ("github_pat_", 22, "a token of GitHub"),
        ("glpat-", 20, "a token of GitLab"),
        ("AIza", 30, "an API key of Google"),
        ("hf_", 30, "a token of Hugging Face"),
        ("xoxb-", 10, "a token of Slack"),
        ("xoxa-", 10, "a token of Slack"),
        ("xoxp-", 10, "a token of Slack"),
        ("xoxr-", 10, "a token of Slack"),
        ("xoxs-", 10, "a token of Slack"),
        ("sk-", 20, "an API key"),
        ("sk_live_", 16, "an API key"),
    ];
    PREFIXES.iter().find_map(|(prefix, least, what)| {
        let rest = word.strip_prefix(prefix)?;
        let is_long = rest.len() >= *least;
        if prefix.ends_with("IA") {
            // An access key has twenty characters, and a few have no digit.
            let is_key = rest.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
            return (is_long && is_key && (rest.len() == *least || is_random(rest))).then_some(*what);
        }
        (is_long && is_random(rest)).then_some(*what)
    })
}

/// Digits among the letters: words of a language have none.
fn is_random(text: &str) -> bool {
    text.chars().any(|c| c.is_ascii_digit()) && text.chars().any(|c| c.is_ascii_alphabetic())
}

/// The part of a URL after `://` has a user and a password that is written out.
fn has_password(rest: &str) -> bool {
    let end =
        rest.find(|c: char| matches!(c, '/' | '?' | '#' | '"' | '\'' | '`') || c.is_whitespace()).unwrap_or(rest.len());
    let Some((user, _)) = rest[..end].rsplit_once('@') else { return false };
    let Some((_, password)) = user.split_once(':') else { return false };
    let elsewhere = password.contains("$(")
        || password.contains("${")
        || password.contains("{{")
        || password.starts_with(['$', '<', '%']);
    !password.is_empty() && !elsewhere && password.chars().any(|c| c != '*' && c != 'x')
}

/// `eyJ….eyJ….…`: a JSON Web Token.
fn has_signed_token(text: &str) -> bool {
    let Some(start) = text.find("eyJ") else { return false };
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let token = &text[start..];
    let token = &token[..token.find(|c: char| !inner(c)).unwrap_or(token.len())];
    let parts: Vec<&str> = token.split('.').collect();
    parts.len() >= 2 && parts.iter().take(2).all(|part| part.len() >= 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tokens_are_known_by_their_marks() {
        let digits = "0123456789abcdefghijABCDEFGHIJ0123456789";
        for (text, what) in [
            ("-----BEGIN RSA PRIVATE KEY-----\nMIIE".to_owned(), "a private key"),
            (format!("key=AKIA{}", "ABCDEFGH01234567"), "an access key of AWS"),
            (format!("ASIA{}", "ABCDEFGHIJKLMNOP"), "an access key of AWS"),
            (format!("ghp_{digits}"), "a token of GitHub"),
            (format!("AIza{digits}"), "an API key of Google"),
            (format!("xoxb-{digits}"), "a token of Slack"),
            (format!("hf_{digits}"), "a token of Hugging Face"),
            (format!("Bearer sk-{digits}"), "an API key"),
            ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2ln".to_owned(), "a signed token"),
            ("postgres://app:hunter2@db:5432/app".to_owned(), "a URL with a password"),
            ("redis://:hunter2@cache".to_owned(), "a URL with a password"),
        ] {
            assert_eq!(in_text(&text), Some(what), "{text}");
        }
    }

    #[test]
    fn ordinary_texts_are_none() {
        for text in [
            "",
            "postgres://app:$(DB_PASSWORD)@db:5432/app",
            "postgres://app@db/app",
            "http://user:@host",
            "https://example.com/a:b@c",
            "redis://:****@cache",
            "sk-learn-model-server-deployment",
            "AKIA",
            "AKIA-MAPS-AND-NAVIGATION",
            "eyJ",
            "ssh://git@example.com:22/x",
            "-----BEGIN CERTIFICATE-----",
        ] {
            assert_eq!(in_text(text), None, "{text}");
        }
    }

    #[test]
    fn the_last_word_of_a_name_says_what_it_is() {
        for name in [
            "DB_PASSWORD",
            "password",
            "API_KEY",
            "apiKey",
            "--auth-token",
            "CLIENTSECRET",
            "SECRET_KEY_BASE",
            "SMTP_PASS",
            "x-api-key",
        ] {
            assert!(in_name(name), "{name}");
        }
        for name in [
            "MAX_TOKENS",
            "TOKENS_MAX",
            "TOKENIZERS_PARALLELISM",
            "PASSWORD_FILE",
            "SECRET_NAME",
            "TOKEN_URL",
            "EOS_TOKEN",
            "CACHE_KEY",
            "KEY",
            "AWS_ACCESS_KEY_ID",
            "PWD",
            "COMPASS",
            "",
        ] {
            assert!(!in_name(name), "{name}");
        }
    }

    #[test]
    fn trivial_texts_are_no_secrets() {
        for text in [
            "",
            " ",
            "42",
            "true",
            "none",
            "EMPTY",
            "/run/secrets/x",
            "https://sso.example.com",
            "$(OTHER)",
            "<eos>",
            "[PAD]",
        ] {
            assert!(!may_be_secret(text), "{text}");
        }
        for text in ["hunter2", "postgres", "changeme", "s3cr3t!"] {
            assert!(may_be_secret(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "\\PC{0,80}") {
            in_text(&text);
            in_text(&format!("a://{text}@{text}"));
            in_name(&text);
            may_be_secret(&text);
        }
    }
}
