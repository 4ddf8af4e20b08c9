//! What a document may hold, as data: one description drives the check of what was written, the long
//! form of every short form, the merge of layers, the JSON Schema and the reference in the docs.
//!
//! Promises: a shape says what may be written, never what it means.

/// What may stand at a place.
#[derive(Clone, Debug)]
pub enum Shape {
    /// Any tree, passed on as it is.
    Any,
    /// Any scalar, kept as its text.
    Scalar,
    Bool,
    Integer {
        least: i64,
        most: i64,
    },
    Text(&'static TextShape),
    /// One of a few words.
    Word(&'static [Word]),
    List(Box<Shape>),
    /// A list, of which one value may stand alone.
    OneOrMore(Box<Shape>),
    /// Names of the author's own, each with a value of one shape.
    Map(Box<MapShape>),
    /// A list of names, or a map from names to records.
    Names(Box<Shape>),
    Record(&'static Record),
    /// A scalar or list in the place of a record stands for the record's field `key`.
    Short {
        key: &'static str,
        record: Box<Shape>,
    },
    /// `false` in the place of a value switches it off.
    Switch(Box<Shape>),
    /// `true` in the place of a record is the empty record.
    Toggle(Box<Shape>),
}

/// A kind of text with a grammar of its own.
#[derive(Debug)]
pub struct TextShape {
    /// With its article: "a time".
    pub what: &'static str,
    /// A value that is right, for messages and editors.
    pub example: &'static str,
    /// Refuses with what is wrong and what to write.
    pub check: fn(&str) -> Result<(), Refusal>,
    /// The same grammar for editors, as far as a pattern can say it.
    pub pattern: Option<&'static str>,
    /// True where a bare number is a value too.
    pub number: bool,
}

/// Why a text is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: crate::diagnostic::Code,
    pub message: String,
    pub reason: Option<String>,
    pub help: String,
    /// What was certainly or probably meant, and whether it is certain.
    pub instead: Option<(String, bool)>,
}

impl Refusal {
    pub fn new(code: crate::diagnostic::Code, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { code, message: message.into(), reason: None, help: help.into(), instead: None }
    }

    #[must_use]
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    #[must_use]
    pub fn instead(mut self, text: impl Into<String>, certain: bool) -> Self {
        self.instead = Some((text.into(), certain));
        self
    }
}

/// A word of a closed list, with what it means.
#[derive(Debug)]
pub struct Word {
    pub text: &'static str,
    pub doc: &'static str,
    /// What Kubernetes or another tool calls it, each with what there is to know about it.
    pub elsewhere: &'static [(&'static str, &'static str)],
}

/// A map with names of the author's own.
#[derive(Clone, Debug)]
pub struct MapShape {
    /// What a key is: "a component", "a port".
    pub key: &'static str,
    /// Refuses a name.
    pub check: fn(&str) -> Result<(), Refusal>,
    pub value: Shape,
    /// The shape of the value where the key ends with `/`.
    pub folder: Option<Shape>,
}

/// A map with known keys.
#[derive(Debug)]
pub struct Record {
    /// The name in the schema and the docs.
    pub name: &'static str,
    pub doc: &'static str,
    pub fields: Vec<Field>,
    /// Keys of which one says what form the value has: another form in a higher layer drops the
    /// lower value with all its fields.
    pub forms: &'static [&'static str],
    /// Groups of keys of which the one in the higher layer drops the others.
    pub exclusive: &'static [&'static [&'static str]],
    /// `(key, beside)`: the word under `key` says what form the value has: another word in a higher layer
    /// drops the lower value with all its fields but those `beside`.
    pub choice: &'static [(&'static str, &'static [&'static str])],
    /// `(short, field, name)`: the field `short` stands for the entry `name` of `field`.
    pub moves: &'static [(&'static str, &'static str, &'static str)],
}

/// One known key.
#[derive(Debug)]
pub struct Field {
    pub key: &'static str,
    pub doc: &'static str,
    pub shape: Shape,
    pub required: bool,
}

impl Record {
    pub fn field(&self, key: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.key == key)
    }

    pub fn keys(&self) -> impl Iterator<Item = &'static str> {
        self.fields.iter().map(|field| field.key)
    }
}

impl Shape {
    pub fn list(of: Shape) -> Self {
        Self::List(Box::new(of))
    }

    pub fn map(key: &'static str, check: fn(&str) -> Result<(), Refusal>, value: Shape) -> Self {
        Self::Map(Box::new(MapShape { key, check, value, folder: None }))
    }

    pub fn switch(of: Shape) -> Self {
        Self::Switch(Box::new(of))
    }

    pub fn short(key: &'static str, record: Shape) -> Self {
        Self::Short { key, record: Box::new(record) }
    }

    /// The shape of a value in its long form: without switches and short forms around it.
    pub fn long(&self) -> &Shape {
        match self {
            Self::Short { record, .. } => record.long(),
            Self::Switch(of) | Self::Toggle(of) => of.long(),
            other => other,
        }
    }

    /// What a person would call a value of this shape, with its article.
    pub fn describe(&self) -> String {
        match self {
            Self::Any => "a value".into(),
            Self::Scalar => "text, a number, or true or false".into(),
            Self::Bool => "true or false".into(),
            Self::Integer { .. } => "a whole number".into(),
            Self::Text(text) => text.what.into(),
            Self::Word(words) => {
                format!("one of {}", crate::diagnostic::listed(words.iter().map(|word| word.text)))
            }
            Self::List(_) => "a list".into(),
            Self::OneOrMore(of) => format!("{}, or a list of them", of.describe()),
            Self::Map(map) => format!("a map with {} as key", map.key),
            Self::Names(_) => "a list of names, or a map".into(),
            Self::Record(record) => format!("a map ({})", record.name),
            Self::Short { key, record } => {
                let field = match record.long() {
                    Self::Record(record) => record.field(key),
                    _ => None,
                };
                let short = field.map_or_else(|| "a value".into(), |field| field.shape.describe());
                format!("{short}, or a map")
            }
            Self::Switch(of) => format!("{}, or false", of.describe()),
            Self::Toggle(of) => format!("{}, or true", of.describe()),
        }
    }
}
