//! Arguments of known servers: generated flags, and the author's own in the place of those they repeat.
//!
//! Promises: words of the author's own are passed on as they are and in their order; a generated flag
//! stays unless the author writes a flag of the same name.

use crate::spec::Literal;

/// How a server's command line names a flag: the name if a flag starts at the first word, which may
/// have to look at the second one.
pub(super) type Grammar = fn(&str, Option<&str>) -> Option<String>;

/// A flag with all words that belong to it; without a name, the words before the first flag.
struct Flag {
    name: Option<String>,
    words: Vec<Literal>,
}

/// The generated flags that the author does not repeat, then the author's own. Words before the
/// author's first flag (a configuration file, a program) keep the first place, and are there for those
/// generated.
pub(super) fn laid_over(generated: Vec<String>, own: Option<&Vec<Literal>>, grammar: Grammar) -> Vec<Literal> {
    laid_over_as(generated, own, grammar, &[])
}

/// The same for a server where some flags have a short name: `(short, long)`.
pub(super) fn laid_over_as(
    generated: Vec<String>,
    own: Option<&Vec<Literal>>,
    grammar: Grammar,
    aliases: &[(&str, &str)],
) -> Vec<Literal> {
    let generated = flags(generated.into_iter().map(Literal).collect(), grammar);
    let (first, own): (Vec<Flag>, Vec<Flag>) =
        flags(own.cloned().unwrap_or_default(), grammar).into_iter().partition(|flag| flag.name.is_none());
    let named = |flag: &Flag| {
        let name = flag.name.clone()?;
        let long = aliases.iter().find(|(short, _)| *short == name).map(|(_, long)| (*long).to_owned());
        Some(long.unwrap_or(name))
    };
    let repeated = |flag: &Flag| match named(flag) {
        None => !first.is_empty(),
        Some(name) => own.iter().any(|own| named(own).as_ref() == Some(&name)),
    };
    let kept: Vec<Flag> = generated.into_iter().filter(|flag| !repeated(flag)).collect();
    first.into_iter().chain(kept).chain(own).flat_map(|flag| flag.words).collect()
}

/// The names of the flags among `words`.
pub(super) fn names(words: Option<&Vec<Literal>>, grammar: Grammar) -> Vec<String> {
    flags(words.cloned().unwrap_or_default(), grammar).into_iter().filter_map(|flag| flag.name).collect()
}

fn flags(words: Vec<Literal>, grammar: Grammar) -> Vec<Flag> {
    let mut flags: Vec<Flag> = Vec::new();
    let mut words = words.into_iter().peekable();
    while let Some(word) = words.next() {
        let name = grammar(&word.0, words.peek().map(|next| next.0.as_str()));
        match flags.last_mut() {
            Some(flag) if name.is_none() => flag.words.push(word),
            _ => flags.push(Flag { name, words: vec![word] }),
        }
    }
    flags
}

/// `--name` and the values behind it, as Redis and Valkey read them; in any case.
pub(super) fn redis(word: &str, _: Option<&str>) -> Option<String> {
    word.strip_prefix("--").filter(|name| !name.is_empty()).map(str::to_lowercase)
}

/// `-c name=value` and `--name=value` set a parameter of PostgreSQL; any other option is its own name.
/// A dash in a parameter's name stands for `_`, as the server reads it.
pub(super) fn postgres(word: &str, next: Option<&str>) -> Option<String> {
    let parameter = |text: &str| text.split('=').next().unwrap_or(text).to_lowercase().replace('-', "_");
    if word == "-c" {
        return Some(next.map(parameter).unwrap_or_default());
    }
    if let Some(setting) = word.strip_prefix("--").or_else(|| word.strip_prefix("-c")).filter(|text| !text.is_empty()) {
        return Some(parameter(setting));
    }
    (word.len() > 1 && word.starts_with('-')).then(|| word.to_owned())
}

/// `--name=value` and `--name value`. A dash and an underscore in a name are the same, since servers
/// differ in which they print; a negative number is a value.
pub(super) fn long(word: &str, _: Option<&str>) -> Option<String> {
    let name = word.strip_prefix("--").or_else(|| word.strip_prefix('-'))?;
    let name = name.split('=').next().unwrap_or(name);
    name.starts_with(|c: char| c.is_ascii_alphabetic()).then(|| name.replace('-', "_"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lay(generated: &[&str], own: &[&str], grammar: Grammar) -> Vec<String> {
        let generated = generated.iter().map(ToString::to_string).collect();
        let own = own.iter().map(|word| Literal((*word).into())).collect();
        laid_over(generated, Some(&own), grammar).into_iter().map(|word| word.0).collect()
    }

    #[test]
    fn a_flag_of_redis_goes_with_all_its_values() {
        assert_eq!(
            lay(&["--maxmemory", "1gb", "--save", ""], &["--save", "900", "1", "--SAVE", "300", "10"], redis),
            ["--maxmemory", "1gb", "--save", "900", "1", "--SAVE", "300", "10"]
        );
        assert_eq!(lay(&["--save", ""], &["/etc/valkey.conf"], redis), ["/etc/valkey.conf", "--save", ""]);
    }

    #[test]
    fn a_parameter_of_postgres_is_the_same_in_every_spelling() {
        let generated = ["-c", "max_connections=100", "-c", "work_mem=4MB"];
        for own in [&["-c", "max_connections=200"][..], &["--max-connections=200"], &["-cmax_connections=200"]] {
            let laid = lay(&generated, own, postgres);
            assert_eq!(laid[..2], ["-c", "work_mem=4MB"], "{own:?}");
            assert_eq!(laid[2..], *own);
        }
        assert_eq!(lay(&generated[..2], &["-N", "5"], postgres), ["-c", "max_connections=100", "-N", "5"]);
    }

    #[test]
    fn a_short_flag_takes_the_place_of_its_long_one() {
        let generated = ["--ctx-size", "4096", "--port", "8080"].map(str::to_owned).to_vec();
        let own = ["-c", "8192"].map(|word| Literal(word.into())).to_vec();
        let laid = laid_over_as(generated, Some(&own), long, &[("c", "ctx_size")]);
        let words: Vec<&str> = laid.iter().map(|word| word.0.as_str()).collect();
        assert_eq!(words, ["--port", "8080", "-c", "8192"]);
    }

    #[test]
    fn a_word_of_the_authors_own_takes_the_place_of_the_generated_one() {
        assert_eq!(
            lay(&["/models/a", "--port=1"], &["/models/b", "--seed=1"], long),
            ["/models/b", "--port=1", "--seed=1"]
        );
        assert_eq!(lay(&["/models/a", "--port=1"], &["--seed=1"], long), ["/models/a", "--port=1", "--seed=1"]);
    }

    #[test]
    fn a_long_flag_is_the_same_with_and_without_equals() {
        let generated = ["--port=8500", "--rest_api_port=8501"];
        assert_eq!(lay(&generated, &["--rest_api_port", "9000"], long), ["--port=8500", "--rest_api_port", "9000"]);
        assert_eq!(
            lay(&generated, &["--seed", "-1", "--port=1"], long),
            ["--rest_api_port=8501", "--seed", "-1", "--port=1"]
        );
    }

    proptest! {
        #[test]
        fn the_authors_words_are_all_there_in_their_order(own in prop::collection::vec("(--?)?[a-c]{1,2}(=x)?", 0..8)) {
            let own: Vec<&str> = own.iter().map(String::as_str).collect();
            for grammar in [redis as Grammar, postgres, long] {
                let laid = lay(&["--a", "1", "--b=2", "-c", "a=3"], &own, grammar);
                let mut rest = laid.iter();
                prop_assert!(own.iter().all(|word| rest.any(|there| there == word)));
            }
        }
    }
}
