//! Checks a value against its schema.
//!
//! Promises: every fault of a value is found in one walk, each at its own place; a value of the wrong
//! shape is one fault, not one for each of its parts.

use super::{Fault, Field, Format, Keys, Kind, ListType, More, RecordType, Schemas, Step, TextType, TypeId, Walk};
use crate::diagnostic::{code, listed, nearest};
use crate::kube::Content;
use crate::model::quantity::Quantity;
use std::collections::HashSet;

/// From this many items on, duplicates are found by hash.
const FEW: usize = 16;

/// Checks a value, and adds what is wrong to the walk.
pub fn check<'a>(schemas: &Schemas, id: TypeId, value: &'a Content, walk: &mut Walk<'a>) {
    let of = schemas.get(id);
    if matches!(value, Content::Null) && (of.nullable || matches!(of.kind, Kind::Any)) {
        return;
    }
    match (&of.kind, value) {
        (Kind::Any, _)
        | (Kind::Bool, Content::Bool(_))
        | (Kind::IntOrString, Content::Integer(_) | Content::Text(_))
        | (Kind::Quantity, Content::Integer(_) | Content::Float(_)) => {}
        (Kind::Integer { min, max }, Content::Integer(number)) => in_range(*number, *min, *max, walk),
        (Kind::Integer { min, max }, Content::Float(number)) if number.fract() == 0.0 => {
            #[expect(clippy::cast_possible_truncation, reason = "what does not fit saturates, and is out of range")]
            in_range(*number as i64, *min, *max, walk);
        }
        (Kind::Number { min, max }, Content::Integer(_) | Content::Float(_)) => number(value, *min, *max, walk),
        (Kind::Text(text), Content::Text(value)) => check_text(text, value, walk),
        (Kind::Quantity, Content::Text(text)) => check_quantity(text, walk),
        (Kind::List(list), Content::List(items)) => check_list(schemas, list, items, walk),
        (Kind::Map { of, min, max }, Content::Map(entries)) => {
            count(entries.len(), *min, *max, "entries", walk);
            for (key, value) in entries {
                walk.key(key, |walk| check(schemas, *of, value, walk));
            }
        }
        (Kind::Record(record), Content::Map(entries)) => check_record(schemas, record, entries, walk),
        (Kind::Link(name), _) => {
            if let Some(id) = schemas.link(name, walk.minor) {
                check(schemas, id, value, walk);
            }
        }
        _ => return wrong_type(&of.kind, value, walk),
    }
    if let Some(more) = &of.more {
        check_more(schemas, more, value, walk);
    }
}

/// True where a value keeps to a schema.
fn fits(schemas: &Schemas, id: TypeId, value: &Content, minor: u32) -> bool {
    let mut walk = Walk::new(minor);
    check(schemas, id, value, &mut walk);
    walk.faults.is_empty()
}

fn wrong_type(kind: &Kind, value: &Content, walk: &mut Walk<'_>) {
    let wanted = wanted(kind);
    let found = describe(value);
    let fault = walk
        .fault(code::OBJECT_TYPE, format!("expected {wanted}, found {found}"))
        .label(format!("should be {wanted}"))
        .reason("the API server refuses a value of another type");
    let plain = match (kind, value) {
        (Kind::Text(_), Content::Integer(number)) => Some(number.to_string()),
        (Kind::Text(_), Content::Float(number)) => Some(number.to_string()),
        (Kind::Text(_), Content::Bool(value)) => Some(value.to_string()),
        _ => None,
    };
    let unquoted = match (kind, value) {
        (Kind::Integer { .. }, Content::Text(text)) if text.parse::<i64>().is_ok() => Some(text.to_string()),
        (Kind::Bool, Content::Text(text)) if matches!(text.as_str(), "true" | "false") => Some(text.to_string()),
        _ => None,
    };
    let fault = match (plain, unquoted) {
        (Some(text), _) => fault.help("quote it").suggest(Some(&format!("\"{text}\""))),
        (None, Some(text)) => fault.help("write it without quotes").suggest(Some(&text)),
        (None, None) => fault,
    };
    walk.push(fault);
}

fn wanted(kind: &Kind) -> &'static str {
    match kind {
        Kind::Any | Kind::Link(_) => "a value",
        Kind::Bool => "true or false",
        Kind::Integer { .. } => "a whole number",
        Kind::Number { .. } => "a number",
        Kind::Text(_) => "text",
        Kind::Quantity => "a quantity",
        Kind::IntOrString => "a whole number or text",
        Kind::List(_) => "a list",
        Kind::Map { .. } | Kind::Record(_) => "a map",
    }
}

fn describe(value: &Content) -> String {
    match value {
        Content::Null => "nothing".into(),
        Content::Bool(value) => format!("`{value}`"),
        Content::Integer(number) => format!("the number `{number}`"),
        Content::Float(number) => format!("the number `{number}`"),
        Content::Text(text) if text.chars().count() <= 40 => format!("the text `{text}`"),
        Content::Text(_) => "text".into(),
        Content::List(_) => "a list".into(),
        Content::Map(_) => "a map".into(),
    }
}

fn out_of(walk: &Walk<'_>, message: String, label: impl Into<String>) -> Fault {
    walk.fault(code::OBJECT_VALUE, message).label(label).reason("the schema of the kind takes no other value")
}

fn in_range(number: i64, min: i64, max: i64, walk: &mut Walk<'_>) {
    if number < min {
        walk.push(out_of(walk, format!("`{number}` is less than {min}"), format!("at least {min}")));
    } else if number > max {
        walk.push(out_of(walk, format!("`{number}` is more than {max}"), format!("at most {max}")));
    }
}

fn number(value: &Content, min: f64, max: f64, walk: &mut Walk<'_>) {
    let Some(number) = as_number(value) else { return };
    if number < min {
        walk.push(out_of(walk, format!("`{number}` is less than {min}"), format!("at least {min}")));
    } else if number > max {
        walk.push(out_of(walk, format!("`{number}` is more than {max}"), format!("at most {max}")));
    }
}

fn as_number(value: &Content) -> Option<f64> {
    match value {
        #[expect(clippy::cast_precision_loss, reason = "bounds of schemas are small")]
        Content::Integer(number) => Some(*number as f64),
        Content::Float(number) => Some(*number),
        _ => None,
    }
}

fn check_text(of: &TextType, text: &str, walk: &mut Walk<'_>) {
    if !of.words.is_empty() && !of.words.iter().any(|word| word == text) {
        let words = || of.words.iter().map(compact_str::CompactString::as_str).filter(|word| !word.is_empty());
        let near = nearest(text, words());
        let fault = walk
            .fault(code::OBJECT_VALUE, format!("`{text}` is none of {}", listed(words())))
            .label("not a value of this field")
            .reason("the API server takes only these values, letter by letter");
        walk.push(fault.suggest(near));
        return;
    }
    if let Some(pattern) = &of.pattern {
        match pattern.matches(text) {
            Some(true) => {}
            Some(false) => {
                walk.push(out_of(walk, format!("`{text}` does not match `{}`", pattern.text), "does not match"));
            }
            None => walk.push(
                walk.fault(code::RULE_UNREAD, format!("the pattern `{}` cannot be evaluated here", pattern.text))
                    .label("not checked")
                    .reason("it uses what only the API server's own engine knows")
                    .note(),
            ),
        }
    }
    if !of.format.accepts(text) {
        walk.push(bad_format(of.format, text, walk));
    }
    if of.min > 0 || of.max < u32::MAX {
        count(text.chars().count(), of.min, of.max, "characters", walk);
    }
}

fn bad_format(format: Format, text: &str, walk: &Walk<'_>) -> Fault {
    let shown = if text.len() <= 60 { format!("`{text}`") } else { "the text".into() };
    out_of(walk, format!("{shown} is not {}", format.example()), "cannot be read")
}

fn check_quantity(text: &str, walk: &mut Walk<'_>) {
    if let Err(refusal) = Quantity::parse(text) {
        let fault = walk.fault(code::OBJECT_VALUE, refusal.message.clone()).label("not a quantity");
        let fault = fault.reason(refusal.reason.clone().unwrap_or_else(|| "the API server cannot read it".into()));
        let fault = fault.suggest(refusal.instead.as_ref().map(|(text, _)| text.as_str())).help(refusal.help);
        walk.push(fault);
    }
}

fn count(length: usize, min: u32, max: u32, what: &str, walk: &mut Walk<'_>) {
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    if length < min {
        walk.push(out_of(walk, format!("{length} {what}, at least {min} are needed"), "too few"));
    } else if length > max {
        walk.push(out_of(walk, format!("{length} {what}, at most {max} are taken"), "too many"));
    }
}

fn check_list<'a>(schemas: &Schemas, of: &ListType, items: &'a [Content], walk: &mut Walk<'a>) {
    count(items.len(), of.min, of.max, "items", walk);
    for (at, item) in items.iter().enumerate() {
        walk.item(at, |walk| match (&schemas.get(of.of).kind, item) {
            // The API server takes nothing for an item without any field.
            (Kind::Record(record), Content::Null) if schemas.null_is_absent => check_record(schemas, record, &[], walk),
            _ => check(schemas, of.of, item, walk),
        });
    }
    match &of.keys {
        Keys::None => {}
        Keys::Items => differ(items, |item| item.as_str().map(|text| vec![text.to_owned()]), &[], walk),
        Keys::Fields(fields) => differ(items, |item| identity(item, fields), fields, walk),
    }
}

/// Items of a list that has keys differ by them.
fn differ<'a>(
    items: &'a [Content],
    identity: impl Fn(&Content) -> Option<Vec<String>>,
    fields: &[compact_str::CompactString],
    walk: &mut Walk<'a>,
) {
    if items.len() < 2 {
        return;
    }
    let identities: Vec<Option<Vec<String>>> = items.iter().map(identity).collect();
    let mut seen: HashSet<&[String]> = HashSet::with_capacity(items.len());
    for (at, identity) in identities.iter().enumerate() {
        let Some(identity) = identity else { continue };
        let again = if items.len() <= FEW {
            identities[..at].contains(&Some(identity.clone()))
        } else {
            !seen.insert(identity.as_slice())
        };
        if again {
            walk.item(at, |walk| walk.push(twice(walk, identity, fields)));
        }
    }
}

fn twice(walk: &Walk<'_>, identity: &[String], fields: &[compact_str::CompactString]) -> Fault {
    let by: Vec<String> = fields.iter().zip(identity).map(|(field, value)| format!("{field}: {value}")).collect();
    let name = if by.is_empty() { identity.join(", ") } else { by.join(", ") };
    walk.fault(code::OBJECT_ITEM_TWICE, format!("the item with `{name}` is there twice"))
        .label("the second one")
        .reason("a list with keys holds one item for each: apply refuses the object, or the first item is lost")
        .help("keep one of the two")
}

/// What an item differs by: the values of its keys, in which a protocol that is not written is TCP.
fn identity(item: &Content, fields: &[compact_str::CompactString]) -> Option<Vec<String>> {
    let text = |field: &str| match item.get(field) {
        Some(Content::Text(text)) => Some(text.to_string()),
        Some(Content::Integer(number)) => Some(number.to_string()),
        Some(Content::Bool(value)) => Some(value.to_string()),
        None | Some(Content::Null) if field == "protocol" => Some("TCP".into()),
        None | Some(Content::Null) => Some(String::new()),
        _ => None,
    };
    fields.iter().map(|field| text(field)).collect()
}

fn check_record<'a>(
    schemas: &Schemas,
    of: &RecordType,
    entries: &'a [(crate::kube::Key, Content)],
    walk: &mut Walk<'a>,
) {
    if of.min > 0 || of.max.is_some() {
        count(entries.len(), of.min, of.max.unwrap_or(u32::MAX), "fields", walk);
    }
    for (key, value) in entries {
        match of.field(key) {
            Some(field) => {
                walk.enter(Step::Key(key));
                check(schemas, field.of, value, walk);
                walk.leave();
            }
            None if of.open => {}
            None => walk.key(key, |walk| walk.push(unknown_field(of, key, walk))),
        }
    }
    for field in of.fields.iter().filter(|field| field.required) {
        let written = entries.iter().find(|(key, _)| *key == field.name);
        let absent = written.is_none_or(|(_, value)| schemas.null_is_absent && matches!(value, Content::Null));
        if absent {
            walk.push(missing(field, walk));
        }
    }
}

fn unknown_field(of: &RecordType, key: &str, walk: &Walk<'_>) -> Fault {
    let names = || of.fields.iter().map(|field| field.name.as_str());
    let fault = walk
        .fault(code::OBJECT_FIELD, format!("`{key}` is not a field here"))
        .label("unknown field")
        .reason("strict validation refuses an object with it, and without that it is dropped without a word")
        .on_key();
    match nearest(key, names()) {
        Some(near) => fault.help(format!("did you mean `{near}`?")).suggest(Some(near)),
        None if of.fields.is_empty() => fault,
        None if of.fields.len() <= 12 => fault.help(format!("the fields here are {}", listed(names()))),
        None => fault,
    }
}

fn missing(field: &Field, walk: &Walk<'_>) -> Fault {
    let name = &field.name;
    walk.fault(code::OBJECT_REQUIRED, format!("`{name}` is missing"))
        .label(format!("has no `{name}`"))
        .reason("the kind requires it")
        .help(format!("write `{name}`"))
        .on_key()
}

fn check_more<'a>(schemas: &Schemas, more: &More, value: &'a Content, walk: &mut Walk<'a>) {
    let minor = walk.minor;
    for id in &more.all_of {
        check(schemas, *id, value, walk);
    }
    let one = |ids: &[TypeId]| ids.iter().filter(|id| fits(schemas, **id, value, minor)).count();
    if !more.any_of.is_empty() && one(&more.any_of) == 0 {
        match more.any_of.as_slice() {
            [only] => check(schemas, *only, value, walk),
            _ => walk.push(alternatives(schemas, &more.any_of, "it fits none of the forms that it may have", walk)),
        }
    }
    match one(&more.one_of) {
        _ if more.one_of.is_empty() => {}
        1 => {}
        0 => walk.push(alternatives(schemas, &more.one_of, "it fits none of the forms that it may have", walk)),
        _ => walk.push(alternatives(schemas, &more.one_of, "it has more than one of the forms that it may have", walk)),
    }
    if more.not.is_some_and(|id| fits(schemas, id, value, minor)) {
        walk.push(out_of(walk, "it has a form that is excluded".into(), "excluded"));
    }
    if !more.values.is_empty() {
        let written = serde_json::to_string(value).unwrap_or_default();
        if !more.values.iter().any(|known| *known == written) {
            let known = listed(more.values.iter().map(compact_str::CompactString::as_str));
            walk.push(out_of(walk, format!("`{written}` is none of {known}"), "not a value of this field"));
        }
    }
    if let (Some(step), Some(number)) = (more.multiple_of, as_number(value))
        && (number / step).fract() != 0.0
    {
        walk.push(out_of(walk, format!("`{number}` is no multiple of {step}"), format!("in steps of {step}")));
    }
}

/// Forms that differ by the fields that they require are told by these.
fn alternatives(schemas: &Schemas, ids: &[TypeId], what: &str, walk: &Walk<'_>) -> Fault {
    let required = |id: &TypeId| match &schemas.get(*id).kind {
        Kind::Record(record) => {
            let names: Vec<&str> =
                record.fields.iter().filter(|field| field.required).map(|field| field.name.as_str()).collect();
            Some(names.join(" and ")).filter(|names| !names.is_empty())
        }
        _ => None,
    };
    let forms: Option<Vec<String>> = ids.iter().map(required).collect();
    let fault = out_of(walk, what.into(), "does not fit");
    match forms {
        Some(forms) => fault.help(format!("write one of {}", listed(forms.iter().map(String::as_str)))),
        None => fault,
    }
}
