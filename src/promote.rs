//! Carrying versions from one environment to the next, as an edit of its text.
//!
//! Promises: pure. Pins of images, images and versions of components are carried where both environments
//! use them; comments, order and layout of the text stay, and nothing else changes.

use crate::document::{Map, Node};
use crate::model::image::Image;
use crate::source::Span;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Fields of a component that say which version runs.
const VERSIONS: &[&str] = &["image", "version"];
/// Fields of a pin.
const PIN: &[&str] = &["tag", "digest"];

/// One environment: its own document and text, and the images that run in it, by repository.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    pub name: &'a str,
    pub own: &'a Node,
    pub images: &'a BTreeSet<String>,
}

/// A value that moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// As in `images.pins.registry.example.com/api`.
    pub what: String,
    /// `None` where nothing stood before.
    pub old: Option<String>,
    pub new: String,
}

/// The text with the moves in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promotion {
    pub text: String,
    pub moves: Vec<Move>,
    /// What was not carried, and why.
    pub left: Vec<String>,
}

/// The repositories of all images that a merged document names.
pub fn images(root: &Node) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(root, &mut found);
    found
}

fn collect(node: &Node, found: &mut BTreeSet<String>) {
    use crate::document::Value;
    match &node.value {
        Value::Map(map) => {
            for (key, entry) in map {
                let image = entry.node.as_text().filter(|_| key == "image");
                found.extend(image.and_then(|text| Image::parse(text).ok()).map(|image| image.repository));
                collect(&entry.node, found);
            }
        }
        Value::List(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Null | Value::Scalar(_) => {}
    }
}

/// Carries what `from` pins to the text of `to`.
pub fn promote(from: Side<'_>, to: Side<'_>, text: &str) -> Promotion {
    let mut edit = Edit { to, text, changes: Vec::new(), moves: Vec::new(), left: Vec::new(), pins: Vec::new() };
    for (key, entry) in pins(from.own).into_iter().flatten() {
        edit.pin(key, &entry.node, from);
    }
    for (name, entry) in from.own.get("components").and_then(Node::as_map).into_iter().flatten() {
        VERSIONS.iter().for_each(|field| edit.version(name, field, &entry.node));
    }
    edit.insert_pins();
    edit.finish()
}

fn pins(environment: &Node) -> Option<&Map> {
    environment.get("images")?.get("pins")?.as_map()
}

struct Edit<'a> {
    to: Side<'a>,
    text: &'a str,
    /// In place of a range of the text, or between two characters.
    changes: Vec<(std::ops::Range<usize>, String)>,
    moves: Vec<Move>,
    left: Vec<String>,
    /// New lines under `images.pins`.
    pins: Vec<String>,
}

impl Edit<'_> {
    fn pin(&mut self, key: &str, pin: &Node, from: Side<'_>) {
        let what = format!("images.pins.{key}");
        let repository = Image::parse(key).map_or_else(|_| key.to_owned(), |image| image.repository);
        let known = pins(self.to.own).and_then(|pins| pins.get(key)).map(|entry| &entry.node);
        let is_used = |side: Side<'_>| side.images.contains(&repository);
        if known.is_none() && !(is_used(from) && is_used(self.to)) {
            return self.left.push(format!("`{what}`: `{}` does not run this image", self.to.name));
        }
        let new = flow(pin);
        let Some(known) = known else {
            self.pins.push(format!("{}: {new}", plain_or_quoted(key)));
            return self.moves.push(Move { what, old: None, new });
        };
        let old = flow(known);
        if old == new {
            return;
        }
        let fields_of = |node: &Node| PIN.iter().map(|field| node.get(field).is_some()).collect::<Vec<_>>();
        if fields_of(pin) == fields_of(known) {
            let fields = PIN.iter().filter_map(|field| Some((pin.get(field)?.as_text()?, known.get(field)?)));
            fields.for_each(|(new, known)| self.scalar(known, new));
        } else {
            self.changes.push((self.written(known.span), new.clone()));
        }
        self.moves.push(Move { what, old: Some(old), new });
    }

    fn version(&mut self, component: &str, field: &str, overlay: &Node) {
        let Some(new) = overlay.get(field).and_then(Node::as_text) else { return };
        let what = format!("components.{component}.{field}");
        let known = self.to.own.get("components").and_then(|components| components.get(component)?.get(field));
        let Some((known, old)) = known.and_then(|known| Some((known, known.as_text()?))) else {
            return self.left.push(format!("`{what}`: `{}` does not write it", self.to.name));
        };
        if old == new {
            return;
        }
        let repository = |text: &str| Image::parse(text).map(|image| image.repository).ok();
        if field == "image" && repository(old) != repository(new) {
            return self.left.push(format!("`{what}`: `{}` has it from another place", self.to.name));
        }
        self.scalar(known, new);
        self.moves.push(Move { what, old: Some(old.to_owned()), new: new.to_owned() });
    }

    fn scalar(&mut self, known: &Node, new: &str) {
        if known.as_text() == Some(new) {
            return;
        }
        let range = self.written(known.span);
        let quote = self.text[range.clone()].chars().next().filter(|c| matches!(c, '"' | '\''));
        let text = quote.map_or_else(|| plain_or_quoted(new), |quote| format!("{quote}{new}{quote}"));
        self.changes.push((range, text));
    }

    /// What is written, without the blank end of a block.
    fn written(&self, span: Span) -> std::ops::Range<usize> {
        let range = span.range();
        let text = self.text.get(range.clone()).unwrap_or_default();
        range.start..range.start + text.trim_end().len()
    }

    /// Adds the pins that are new, where pins stand or would stand.
    fn insert_pins(&mut self) {
        if self.pins.is_empty() {
            return;
        }
        let images = self.to.own.get("images");
        let (node, depth): (Option<&Node>, &[&str]) = match images.and_then(|images| images.get("pins")) {
            Some(pins) if pins.as_map().is_some_and(|map| !map.is_empty()) => (Some(pins), &[]),
            _ => (images.filter(|images| images.as_map().is_some_and(|map| !map.is_empty())), &["pins"]),
        };
        match node {
            Some(node) => self.insert_into(node, depth),
            None => self.append(),
        }
    }

    fn insert_into(&mut self, node: &Node, keys: &[&str]) {
        let range = self.written(node.span);
        let is_flow = self.text[range.clone()].starts_with('{');
        if is_flow {
            let pins = self.pins.join(", ");
            let pins = keys.iter().fold(pins, |pins, key| format!("{key}: {{{pins}}}"));
            let end = range.end - 1;
            let end = self.text[..end].trim_end().len();
            return self.changes.push((end..end, format!(", {pins}")));
        }
        // Behind the last line of the block, with its comment.
        let line = self.text[..range.start].rfind('\n').map_or(0, |at| at + 1);
        let indent = " ".repeat(range.start - line);
        let end = self.text[range.end..].find('\n').map_or(self.text.len(), |at| range.end + at);
        let lines = self.lines(&indent, keys);
        self.changes.push((end..end, format!("\n{}", lines.trim_end())));
    }

    fn append(&mut self) {
        let end = self.text.trim_end().len();
        let lines = self.lines("", &["images", "pins"]);
        self.changes.push((end..end, format!("\n\n{}", lines.trim_end())));
    }

    fn lines(&self, indent: &str, keys: &[&str]) -> String {
        let mut indent = indent.to_owned();
        let mut lines = String::new();
        for key in keys {
            let _ = writeln!(lines, "{indent}{key}:");
            indent += "  ";
        }
        self.pins.iter().fold(lines, |lines, pin| lines + &indent + pin + "\n")
    }

    fn finish(mut self) -> Promotion {
        self.changes.sort_by_key(|(range, _)| (range.start, range.end));
        let mut text = String::with_capacity(self.text.len() + 64);
        let mut copied = 0;
        for (range, new) in self.changes.into_iter().filter(|(range, _)| range.end <= self.text.len()) {
            text.push_str(self.text.get(copied..range.start).unwrap_or_default());
            text.push_str(&new);
            copied = range.end;
        }
        text.push_str(self.text.get(copied..).unwrap_or_default());
        Promotion { text, moves: self.moves, left: self.left }
    }
}

/// A pin on one line.
fn flow(pin: &Node) -> String {
    let fields = PIN.iter().filter_map(|field| Some((field, pin.get(field)?.as_text()?)));
    let fields: Vec<String> = fields.map(|(field, text)| format!("{field}: {}", plain_or_quoted(text))).collect();
    format!("{{{}}}", fields.join(", "))
}

/// A version as YAML: quotes where it could be taken for something else.
fn plain_or_quoted(text: &str) -> String {
    const WORDS: &[&str] = &["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    let is_word = WORDS.contains(&text.to_ascii_lowercase().as_str());
    let is_digest = text.strip_prefix("sha256:").is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
    let is_simple = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'/'));
    let is_plain = is_digest || (is_simple && !is_word && text.starts_with(|c: char| c.is_ascii_alphabetic()));
    if is_plain { text.to_owned() } else { format!("\"{text}\"") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnostics;
    use crate::source::Sources;
    use crate::yaml;

    fn parsed(text: &str) -> Node {
        let mut found = Diagnostics::new();
        let file = Sources::new().add("x.yaml", text);
        let document = yaml::parse(file, text, &mut found).expect("YAML");
        assert!(!found.has_errors(), "{text}");
        document.root
    }

    fn promoted(from: &str, to: &str) -> Promotion {
        let (one, other) = (parsed(from), parsed(to));
        let images: BTreeSet<String> = ["r.io/api".to_owned(), "r.io/web".to_owned()].into();
        let promotion = promote(
            Side { name: "staging", own: &one, images: &images },
            Side { name: "production", own: &other, images: &images },
            to,
        );
        parsed(&promotion.text);
        promotion
    }

    #[test]
    fn a_tag_moves_and_the_rest_of_the_text_stays() {
        let to = "# ours\nimages:\n  pins: # all of them\n    r.io/api: {tag: v1} # the API\n    r.io/web:\n      tag: 'v1'  # old\n\nreplicas: 3\n";
        let from = "images: {pins: {r.io/api: {tag: v2}, r.io/web: {tag: \"1.10\"}}}\n";
        let promotion = promoted(from, to);
        assert_eq!(
            promotion.text,
            "# ours\nimages:\n  pins: # all of them\n    r.io/api: {tag: v2} # the API\n    r.io/web:\n      tag: '1.10'  # old\n\nreplicas: 3\n"
        );
        assert_eq!(promotion.moves.len(), 2);
        assert_eq!(promotion.moves[0].old.as_deref(), Some("{tag: v1}"));
        assert_eq!(promoted(from, &promotion.text).moves, []);
    }

    #[test]
    fn a_digest_never_stays_beside_another_tag() {
        let to = "images:\n  pins:\n    r.io/api:\n      tag: v1\n      digest: sha256:aa\n    r.io/web: {tag: v1}\n";
        let from = "images: {pins: {r.io/api: {tag: v2}, r.io/web: {tag: v2, digest: \"sha256:bb\"}}}\n";
        assert_eq!(
            promoted(from, to).text,
            "images:\n  pins:\n    r.io/api:\n      {tag: v2}\n    r.io/web: {tag: v2, digest: sha256:bb}\n"
        );
    }

    #[test]
    fn a_new_pin_stands_where_pins_stand() {
        let from = "images: {pins: {r.io/api: {tag: v2}, r.io/gone: {tag: v9}}}\n";
        let pin = "r.io/api: {tag: v2}";
        for (to, expected) in [
            ("name: x # end\n", format!("name: x # end\n\nimages:\n  pins:\n    {pin}\n")),
            (
                "images:\n  rewrite: {a: b} # c\nname: x\n",
                format!("images:\n  rewrite: {{a: b}} # c\n  pins:\n    {pin}\nname: x\n"),
            ),
            (
                "images:\n  pins:\n    r.io/web: {tag: v1} # c\nname: x\n",
                format!("images:\n  pins:\n    r.io/web: {{tag: v1}} # c\n    {pin}\nname: x\n"),
            ),
            (
                "images: {pins: {r.io/web: {tag: v1}}}\n",
                format!("images: {{pins: {{r.io/web: {{tag: v1}}, {pin}}}}}\n"),
            ),
            ("images: {rewrite: {a: b} }\n", format!("images: {{rewrite: {{a: b}}, pins: {{{pin}}} }}\n")),
        ] {
            let promotion = promoted(from, to);
            assert_eq!(promotion.text, expected);
            assert_eq!(promotion.left, ["`images.pins.r.io/gone`: `production` does not run this image"]);
        }
    }

    #[test]
    fn versions_of_components_move_where_both_write_them() {
        let from =
            "components:\n  api: {image: 'r.io/api:v2'}\n  db: {version: \"17\"}\n  web: {image: 'r.io/web:v2'}\n";
        let to = "components:\n  api:\n    image: r.io/api:v1 # pinned\n  db: {version: \"16\"}\n";
        let promotion = promoted(from, to);
        assert_eq!(
            promotion.text,
            "components:\n  api:\n    image: \"r.io/api:v2\" # pinned\n  db: {version: \"17\"}\n"
        );
        assert_eq!(promotion.left, ["`components.web.image`: `production` does not write it"]);
        let elsewhere = promoted(from, "components: {api: {image: 'other.io/api:v1'}}\n");
        assert!(elsewhere.left[0].contains("another place"), "{:?}", elsewhere.left);
    }
}
