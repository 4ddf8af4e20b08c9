//! The page of each finding: what it is, why, how it looks wrong and right, how to allow it.
//!
//! Promises: every code has a page, in `explain/`; a test compiles the examples of each.

use super::Code;
use std::sync::OnceLock;

/// The page of a code as Markdown, its title included.
pub fn page(code: Code) -> String {
    let body = body(code);
    format!("# {}: {}\n\n{}\n{}", code.id, code.summary, body.trim_end(), allowing(code))
}

/// Whether the finding is a fact, such as what Kubernetes refuses, that no allowance silences: its page says so.
pub fn is_firm(code: Code) -> bool {
    body(code).contains("annot be allowed")
}

fn body(code: Code) -> &'static str {
    let mut parts = pages().split('\0');
    std::iter::from_fn(|| parts.next().zip(parts.next())).find(|(id, _)| *id == code.id).map_or("", |(_, body)| body)
}

/// All pages, as the build script packed them.
fn pages() -> &'static str {
    static READ: OnceLock<String> = OnceLock::new();
    READ.get_or_init(|| {
        let bytes = miniz_oxide::inflate::decompress_to_vec(include_bytes!(concat!(env!("OUT_DIR"), "/pages.bin")));
        bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    })
}

/// How the finding is allowed. A fact cannot be, and its page ends with that.
fn allowing(code: Code) -> String {
    if is_firm(code) {
        return String::new();
    }
    format!(
        "\n## How to allow it\n\nWhere it is a warning, a note or an error by judgement: `# windlass: allow({0}) because …` on \
         the line or above\nit, or `policy: {{allow: {{{0}: …}}}}` in an environment. What Kubernetes refuses cannot be \
         allowed.\n",
        code.id
    )
}
