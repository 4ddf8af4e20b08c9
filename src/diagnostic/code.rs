//! Every code on one list. A code is stable: its number is never given to another law.
//!
//! Groups: `WL00xx` files and the command, `WL01xx` YAML and the shape of the language, `WL02xx` names
//! and references, `WL03xx` images and secrets, `WL04xx` scaling, rollout and availability, `WL05xx`
//! resources, GPUs and placement, `WL06xx` network, `WL07xx` storage and databases, `WL08xx` the
//! target, `WL09xx` output.

/// The identity of a law: its number, its name and one sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code {
    /// `WL` and four digits.
    pub id: &'static str,
    /// The bad thing, in kebab case.
    pub name: &'static str,
    /// What the finding says, for a table.
    pub summary: &'static str,
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $constant:ident = $id:literal, $name:literal, $summary:literal;)*) => {
        $($(#[doc = $doc])* pub const $constant: Code = Code { id: $id, name: $name, summary: $summary };)*
        /// All codes, in the order of their numbers.
        pub const ALL: &[Code] = &[$($constant),*];
    };
}

codes! {
    FILE_UNREADABLE = "WL0001", "file-unreadable", "a file cannot be read, or is not a regular file";
    FILE_OUTSIDE = "WL0002", "file-outside-repository", "a file lies outside the repository, or behind a link that leaves it";
    FILE_TOO_LARGE = "WL0003", "file-too-large", "an input file is over 1 MiB";
    NOT_UTF8 = "WL0004", "not-utf8", "an input file is not UTF-8 text";
    SYSTEM_NOT_FOUND = "WL0005", "system-not-found", "no system file was found";
    ENVIRONMENT_NOT_FOUND = "WL0006", "environment-not-found", "no environment of that name exists";

    YAML_SYNTAX = "WL0101", "yaml-syntax", "the text is not YAML";
    YAML_REFUSED = "WL0102", "yaml-refused", "a YAML feature that this language refuses: anchors, aliases, merge keys, tags, complex keys, several documents";
    YAML_LIMIT = "WL0103", "yaml-limit", "the document is nested too deeply or has too many nodes";
    YAML_DUPLICATE_KEY = "WL0104", "duplicate-key", "a key stands twice in one map";
    YAML_CONTROL_CHARACTER = "WL0105", "control-character", "a control or bidirectional character in the text";
    YAML_AMBIGUOUS = "WL0106", "ambiguous-scalar", "a plain scalar that YAML readers take for different things";
    YAML_EMPTY = "WL0107", "empty-document", "the file holds no document";
    UNKNOWN_KEY = "WL0110", "unknown-key", "a key that the language does not have at this place";
    WRONG_TYPE = "WL0111", "wrong-type", "a value of the wrong type";
    MISSING_FIELD = "WL0112", "missing-field", "a field that must be written is missing";
    UNKNOWN_WORD = "WL0113", "unknown-word", "a word that is not one of those allowed here";
    OUT_OF_RANGE = "WL0114", "out-of-range", "a number outside its range";
    BAD_DURATION = "WL0115", "bad-duration", "a time without a unit, or not a time";
    BAD_QUANTITY = "WL0116", "bad-quantity", "not a Kubernetes quantity";
    TWO_FORMS = "WL0117", "two-forms", "two values that exclude each other";
    NO_FORM = "WL0118", "no-form", "none of the forms of a choice is written";
    EMPTY_NULL = "WL0119", "null-over-nothing", "`null` with nothing below it to take away";
    WRONG_KIND = "WL0120", "wrong-document", "the document is not of the kind expected here";
}
