//! ConfigMaps and Secrets. Source: `ValidateConfigMap`, `ValidateSecret`.

use super::{Subject, at, entries, text};
use crate::diagnostic::code;
use crate::spec::text as rules;
use crate::verify::schema::Walk;

/// Bytes of all values.
const LIMIT: usize = 1024 * 1024;

/// The keys that the types of Secrets have.
const OF_TYPE: &[(&str, &str)] = &[
    ("kubernetes.io/tls", "tls.crt"),
    ("kubernetes.io/tls", "tls.key"),
    ("kubernetes.io/dockerconfigjson", ".dockerconfigjson"),
    ("kubernetes.io/dockercfg", ".dockercfg"),
    ("kubernetes.io/ssh-auth", "ssh-privatekey"),
];

pub(super) fn data_are_valid<'a>(subject: Subject<'a>, walk: &mut Walk<'a>) {
    if !subject.is("", &["ConfigMap", "Secret"]) {
        return;
    }
    let mut size = 0;
    for field in ["data", "binaryData", "stringData"] {
        at(walk, subject.content, &[field], |walk, data| {
            for (key, value) in entries(data) {
                size += value
                    .as_str()
                    .map_or(0, |text| if field == "binaryData" { text.len() / 4 * 3 } else { text.len() });
                if let Err(refusal) = rules::data_key(key) {
                    let fault = walk.key(key, |walk| {
                        walk.fault(code::OBJECT_DATA, refusal.message)
                            .label("not a key")
                            .reason("the API server refuses it")
                            .help(refusal.help)
                    });
                    walk.push(fault.on_key());
                }
                if field == "binaryData" && super::get(subject.content, &["data", key]).is_some() {
                    let fault = walk.key(key, |walk| {
                        walk.fault(code::OBJECT_DATA, format!("`{key}` stands in `data` too"))
                            .label("the second one")
                            .reason("the API server refuses it")
                    });
                    walk.push(fault.on_key());
                }
            }
        });
    }
    if size > LIMIT {
        walk.push(
            walk.fault(code::OBJECT_DATA, format!("the data have {size} bytes, and {LIMIT} are the limit"))
                .label("too many bytes")
                .reason("a ConfigMap or Secret has at most 1 MiB")
                .on_key(),
        );
    }
    keys_of_type(subject, walk);
}

fn keys_of_type<'a>(subject: Subject<'a>, walk: &mut Walk<'a>) {
    let Some(of) = text(subject.content, "type").filter(|_| subject.kind == "Secret") else { return };
    let has =
        |key| ["data", "stringData"].into_iter().any(|field| super::get(subject.content, &[field, key]).is_some());
    for (_, key) in OF_TYPE.iter().filter(|(known, key)| *known == of && !has(*key)) {
        super::on(walk, subject.content, "type", |walk| {
            walk.fault(code::OBJECT_DATA, format!("a Secret of type `{of}` has the key `{key}`"))
                .label(format!("has no `{key}`"))
                .reason("the API server refuses it without")
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::verify::laws::tests::found;
    use serde_json::json;

    #[test]
    fn keys_and_sizes() {
        let with = |data: serde_json::Value| {
            found(&json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data})).len()
        };
        assert_eq!(with(json!({"a.b": "x"})), 0);
        assert_eq!(with(json!({"a/b": "x"})), 1);
        assert_eq!(with(json!({"a": "x".repeat(1_048_577)})), 1);
    }

    #[test]
    fn a_secret_has_the_keys_of_its_type() {
        let object =
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "type": "kubernetes.io/tls"});
        assert_eq!(found(&object).len(), 2);
    }
}
