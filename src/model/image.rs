//! Image references: repository, tag, digest.
//!
//! Source: the grammar of `distribution/reference`.

use crate::diagnostic::code;
use crate::document::shape::Refusal;
use std::fmt;

/// A reference to an image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Image {
    /// Registry and path, as written.
    pub repository: String,
    pub tag: Option<String>,
    /// `sha256:` and 64 hexadecimal digits.
    pub digest: Option<String>,
}

impl Image {
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let bad = |why: &str| {
            Err(Refusal::new(
                code::BAD_IMAGE,
                format!("`{text}` is not an image: {why}"),
                "write `registry/path:tag` or `registry/path@sha256:…`",
            ))
        };
        let (repository, tag, digest) = parts(text);
        if repository.is_empty() || !repository.split('/').enumerate().all(|(at, part)| is_path_part(part, at == 0)) {
            return bad("the repository has lower-case letters, digits, `.`, `_` and `-` between slashes");
        }
        if !tag.is_none_or(is_tag) {
            return bad("a tag has at most 128 letters, digits, `_`, `.` and `-`");
        }
        if !digest.is_none_or(is_digest) {
            return bad("a digest is `sha256:` and 64 hexadecimal digits");
        }
        Ok(Self { repository: repository.into(), tag: tag.map(Into::into), digest: digest.map(Into::into) })
    }

    /// True where the image may change under the same reference.
    pub fn is_floating(&self) -> bool {
        self.digest.is_none() && self.tag.as_deref().is_none_or(|tag| tag == "latest")
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

/// Repository, tag and digest of a text, whether or not it is a reference.
pub fn parts(text: &str) -> (&str, Option<&str>, Option<&str>) {
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (text, None),
    };
    // A colon after the last slash starts the tag; one before it belongs to the registry's port.
    let name_start = rest.rfind('/').map_or(0, |slash| slash + 1);
    match rest[name_start..].split_once(':') {
        Some((name, tag)) => (&rest[..name_start + name.len()], Some(tag), digest),
        None => (rest, None, digest),
    }
}

fn is_path_part(part: &str, first: bool) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
    let (name, port) = if first { part.split_once(':').unwrap_or((part, "0")) } else { (part, "0") };
    !name.is_empty() && name.chars().all(inner) && port.parse::<u16>().is_ok() && !name.starts_with(['.', '-', '_'])
}

/// True for letters, digits, `_`, `.` and `-`, at most 128, not starting with `.` or `-`.
pub fn is_tag(tag: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    !tag.is_empty() && tag.len() <= 128 && tag.chars().all(inner) && !tag.starts_with(['.', '-'])
}

/// True for `sha256:` and 64 hexadecimal digits.
pub fn is_digest(digest: &str) -> bool {
    digest
        .strip_prefix("sha256:")
        .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_split_at_the_last_slash() {
        let image = Image::parse("localhost:5000/team/api:v1").unwrap();
        assert_eq!((image.repository.as_str(), image.tag.as_deref()), ("localhost:5000/team/api", Some("v1")));
        assert!(Image::parse("tensorflow/serving").unwrap().is_floating());
        for bad in ["", "API:v1", "a b", "api:", "api@sha256:12", "x/:v1", "api:v1 "] {
            assert!(Image::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn printing_gives_the_text_back() {
        for text in
            ["api", "api:v1", "r.io/a/b:v1@sha256:0000000000000000000000000000000000000000000000000000000000000000"]
        {
            assert_eq!(Image::parse(text).unwrap().to_string(), text);
        }
    }
}
