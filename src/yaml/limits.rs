//! How large a document may be, and the findings for one that is larger.

use crate::diagnostic::{Diagnostic, code};
use crate::source::Span;

/// The largest input file, in bytes: 1 MiB.
pub const MAX_BYTES: usize = 1 << 20;
/// How many maps and lists may stand inside each other, the root among them.
pub const MAX_DEPTH: usize = 32;
/// How many keys, values, maps and lists a document may have.
pub const MAX_NODES: usize = 50_000;

pub(super) fn too_large(start: Span, bytes: usize) -> Diagnostic {
    Diagnostic::error(code::FILE_TOO_LARGE, format!("the file has {bytes} bytes, the limit is {MAX_BYTES}"))
        .label(start, "")
        .reason("a system is written by people; a file over 1 MiB is data, and Kubernetes takes no larger object")
        .help("split the system with `include`, and keep data out of it")
}

pub(super) fn too_deep(opening: Span) -> Diagnostic {
    Diagnostic::error(code::YAML_LIMIT, format!("maps and lists are nested more than {MAX_DEPTH} levels deep"))
        .label(opening, format!("level {}", MAX_DEPTH + 1))
        .reason(format!("the limit is {MAX_DEPTH} levels; no field of the language needs more than half of them"))
        .help("look for a bracket that is never closed, or for a pasted block that is indented too far")
}

pub(super) fn too_many_nodes(at: Span) -> Diagnostic {
    Diagnostic::error(code::YAML_LIMIT, format!("the document has more than {MAX_NODES} keys and values"))
        .label(at, "the limit is reached here")
        .reason(format!("the limit is {MAX_NODES} nodes, each key and each value being one"))
        .help("split the system with `include`, and keep data out of it")
}
