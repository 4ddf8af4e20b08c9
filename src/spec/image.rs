//! Where images come from, and which versions of them.

use super::text::{Checked, text};
use super::{ImageKey, Named, record};
use crate::diagnostic::code;
use crate::document::shape::Refusal;
use crate::model::image::{Image, is_digest, is_tag};

record! {
    /// Where images come from.
    pub struct Images as "images" {
        /// Registries and paths, and what takes their place; the longest prefix wins.
        opt rewrite "rewrite": Named<ImageKey, RepositoryText>,
        /// Versions for every use of an image, whatever tag is written; with a tag in the key, of that tag alone.
        opt pins "pins": Named<ImageKey, Pin>,
    }
}

record! {
    /// The version of an image. Another tag in a higher layer drops the digest of the lower one.
    pub struct Pin as "pin" {
        /// The tag.
        opt tag "tag": TagText,
        /// The digest, `sha256:` and 64 hexadecimal digits.
        opt digest "digest": DigestText,
    }
    choice "tag" beside []
}

text! {
    /// A registry, or a path in one.
    RepositoryText { "a registry, or a path in one", "mirror.example.com/team", repository, None }
    /// The tag of an image.
    TagText { "a tag", "v1.4.2", tag, Some("^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$"), number }
    /// The digest of an image.
    DigestText { "a digest", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", digest, Some("^sha256:[0-9a-f]{64}$") }
}

/// A registry or a path, without a version. What looks like a tag behind a single name is a port.
fn repository(text: &str) -> Checked {
    let is_port = |tag: &str| !text.contains('/') && tag.parse::<u16>().is_ok();
    match Image::parse(text) {
        Ok(Image { tag: None, digest: None, .. }) => Ok(()),
        Ok(Image { tag: Some(tag), digest: None, .. }) if is_port(&tag) => Ok(()),
        Ok(image) => Err(refused(text, &image.repository, "a version does not belong here")),
        Err(refusal) => Err(without_what_is_around(text, refusal)),
    }
}

/// An image or a path of a registry, with a tag or without.
pub(super) fn key(text: &str) -> Checked {
    match Image::parse(text) {
        Ok(Image { digest: None, .. }) => Ok(()),
        Ok(image) => Err(refused(text, &image.repository, "a digest names one program for ever")),
        Err(refusal) => Err(without_what_is_around(text, refusal)),
    }
}

fn refused(text: &str, repository: &str, why: &str) -> Refusal {
    Refusal::new(code::BAD_IMAGE, format!("`{text}` names a version: {why}"), "versions stand under `images.pins`")
        .instead(repository, false)
}

/// A scheme before, or a slash behind, is a slip that can be taken away.
fn without_what_is_around(text: &str, refusal: Refusal) -> Refusal {
    let inner = text.split_once("://").map_or(text, |(_, rest)| rest).trim_end_matches('/');
    if inner != text && Image::parse(inner).is_ok() { refusal.instead(inner, false) } else { refusal }
}

fn tag(text: &str) -> Checked {
    if is_tag(text) {
        return Ok(());
    }
    let message = format!("`{text}` is not a tag");
    Err(Refusal::new(code::BAD_IMAGE, message, "write at most 128 letters, digits, `_`, `.` and `-`, such as `v1.4.2`"))
}

fn digest(text: &str) -> Checked {
    if is_digest(text) {
        return Ok(());
    }
    let message = format!("`{text}` is not a digest");
    Err(Refusal::new(code::BAD_IMAGE, message, "write `sha256:` and its 64 hexadecimal digits in small letters")
        .reason("the nodes refuse an image whose digest they cannot read"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_have_no_version() {
        for right in ["mirror.example.com", "mirror:5000", "mirror:5000/a", "mirror.example.com/team/x"] {
            assert!(repository(right).is_ok() && key(right).is_ok(), "{right}");
        }
        for wrong in ["mirror/a:v1", "https://mirror.example.com", "mirror/", "Mirror"] {
            assert!(repository(wrong).is_err(), "{wrong}");
        }
        assert!(key("mirror/a:v1").is_ok());
        assert!(key(&format!("mirror/a@sha256:{}", "0".repeat(64))).is_err());
        let slip = repository("https://mirror.example.com/").unwrap_err().instead;
        assert_eq!(slip, Some(("mirror.example.com".into(), false)));
    }
}
