//! YAML in, as a spanned tree with limits; and YAML out.
//!
//! Promises, in: no text makes [`parse()`] panic or hang. What comes out is one document within the
//! limits, in which every key and value knows its bytes; a feature that would hide where a value
//! comes from (anchors, aliases, merge keys, tags) is refused with a finding at its place.
//! Promises, out: [`to_yaml`] writes a text that every YAML 1.1 and 1.2 reader takes for the same
//! value. Nothing outside this module knows which parser is behind it.

mod characters;
mod encoding;
mod inside;
mod key;
mod limits;
mod parse;
mod plain;
mod print;
mod refuse;
mod report;
mod scalar;
mod site;
mod style;
mod syntax;
mod write;

pub use encoding::{NotUtf8, decode_utf8};
pub use inside::inside;
pub use limits::{MAX_BYTES, MAX_DEPTH, MAX_NODES};
pub use parse::{parse, parse_all};
pub use print::{PrintError, append_yaml, to_yaml};
pub use scalar::{Ambiguity, Reading, ambiguous};
pub(crate) use style::is_escaped;

use crate::document::Node;
use crate::source::Span;

/// One YAML document.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    pub root: Node,
    /// In the order of the text.
    pub comments: Vec<Comment>,
}

/// A comment: its place with the `#`, its text without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    pub span: Span,
    pub text: String,
}
