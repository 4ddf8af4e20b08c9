//! What the typed crates leave out, from `completions.txt`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use windlass::verify::schema::{Field, Keys, Kind, Schemas, TextType, Type, TypeId};

/// What is said of one field.
#[derive(Clone, Debug, Default)]
struct Completion {
    /// Words, and the first minor version that has them.
    words: Vec<(String, u32)>,
    min: Option<i64>,
    max: Option<i64>,
    keys: Keys,
    required: bool,
}

pub(crate) struct Completions {
    /// By `group/version Type` and field.
    all: BTreeMap<(String, String), Completion>,
    used: BTreeSet<(String, String)>,
}

impl Completions {
    pub(crate) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).expect("completions.txt");
        let mut all: BTreeMap<(String, String), Completion> = BTreeMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let (place, said) = split_at_second_space(line);
            let (of, field) = place.split_once('.').map(|_| place.rsplit_once('.').expect("TYPE.FIELD")).expect(line);
            let completion = all.entry((of.into(), field.into())).or_default();
            match said.split_once(' ').unwrap_or((said, "")) {
                ("=", words) => completion.words = words.split_whitespace().map(word).collect(),
                ("in", range) => {
                    let (min, max) = range.split_once("..").expect("a range");
                    (completion.min, completion.max) = (min.parse().ok(), max.parse().ok());
                }
                ("by", "self") => completion.keys = Keys::Items,
                ("by", fields) => completion.keys = Keys::Fields(fields.split_whitespace().map(Into::into).collect()),
                ("required", _) => completion.required = true,
                _ => panic!("{line}"),
            }
        }
        Self { all, used: BTreeSet::new() }
    }

    /// Completes a field of a type.
    pub(crate) fn complete(&mut self, schemas: &mut Schemas, of: &str, field: &mut Field, minor: u32) {
        let place = (of.to_owned(), field.name.to_string());
        let Some(completion) = self.all.get(&place).cloned() else { return };
        self.used.insert(place);
        field.required |= completion.required;
        let words = completion.words.iter().filter(|(_, since)| *since <= minor).map(|(word, _)| word.as_str().into());
        let words: Box<[_]> = words.collect();
        let text = |words| Kind::Text(TextType { words, ..TextType::default() });
        let kind = match schemas.get(field.of).kind.clone() {
            Kind::List(mut list) => {
                list.keys = completion.keys;
                if !words.is_empty() {
                    list.of = push(schemas, text(words));
                }
                Kind::List(list)
            }
            Kind::Text(_) if !words.is_empty() => text(words),
            Kind::Integer { min, max } => {
                Kind::Integer { min: completion.min.unwrap_or(min), max: completion.max.unwrap_or(max) }
            }
            other => other,
        };
        field.of = push(schemas, kind);
    }

    pub(crate) fn all_are_used(&self) {
        let unused: Vec<_> = self.all.keys().filter(|place| !self.used.contains(*place)).collect();
        assert!(unused.is_empty(), "nothing has these fields: {unused:#?}");
    }
}

fn push(schemas: &mut Schemas, kind: Kind) -> TypeId {
    schemas.push(Type { kind, nullable: true, more: None })
}

/// `core/v1 Container.env by name`: the name of a type has a space in it.
fn split_at_second_space(line: &str) -> (&str, &str) {
    let first = line.find(' ').expect("a type");
    let second = line[first + 1..].find(' ').expect("a field") + first + 1;
    (&line[..second], &line[second + 1..])
}

fn word(text: &str) -> (String, u32) {
    let (word, since) =
        text.split_once('@').map_or((text, 0), |(word, since)| (word, since.parse().expect("a version")));
    (if word == "-" { String::new() } else { word.to_owned() }, since)
}
