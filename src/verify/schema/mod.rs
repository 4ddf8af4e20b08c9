//! Schemas of Kubernetes objects, as a tree whose like parts are one.
//!
//! Promises: a type stands after the types that it is made of, so that a tree without a [`Kind::Link`]
//! ends; looking a field up takes no allocation; a schema says only what Kubernetes itself enforces.

pub mod bundle;
mod check;
pub mod definition;
mod format;
pub mod rules;
mod step;

pub use check::check;
pub use format::Format;
pub(crate) use format::{is_cidr, is_duration};
pub use rules::Expressions;
pub use step::{Fault, Focus, Step, Walk};

use compact_str::CompactString;
use regex::Regex;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The place of a type among the types of its [`Schemas`].
pub type TypeId = u32;

/// Types, and which of them is the schema of which kind.
#[derive(Debug, Default)]
pub struct Schemas {
    pub types: Vec<Type>,
    pub roots: BTreeMap<Root, Vec<Served>>,
    /// Types that are part of themselves, by the name in [`Kind::Link`] and the minor version.
    pub links: BTreeMap<CompactString, Vec<Served>>,
    /// What is asked for in CEL, by kind.
    pub rules: BTreeMap<Root, Expressions>,
    /// True where `null` for a required field is as if it were not written, as in the kinds of Kubernetes itself.
    pub null_is_absent: bool,
}

/// `apps/v1` and `Deployment`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Root {
    pub api_version: CompactString,
    pub kind: CompactString,
}

/// A schema and the minor versions of Kubernetes 1 that have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Served {
    pub since: u8,
    pub until: u8,
    pub schema: TypeId,
    /// True where objects of the kind belong to no namespace.
    pub of_cluster: bool,
}

impl Served {
    pub fn has(self, minor: u32) -> bool {
        (u32::from(self.since)..=u32::from(self.until)).contains(&minor)
    }
}

/// What a value must be.
#[derive(Clone, Debug, Default)]
pub struct Type {
    pub kind: Kind,
    /// True where `null` stands for nothing.
    pub nullable: bool,
    pub more: Option<Box<More>>,
}

/// The shape of a value.
#[derive(Clone, Debug, Default)]
pub enum Kind {
    #[default]
    Any,
    Bool,
    Integer {
        min: i64,
        max: i64,
    },
    Number {
        min: f64,
        max: f64,
    },
    Text(TextType),
    Quantity,
    IntOrString,
    List(ListType),
    Map {
        of: TypeId,
        min: u32,
        max: u32,
    },
    Record(RecordType),
    /// A type that is part of itself.
    Link(CompactString),
}

#[derive(Clone, Debug)]
pub struct TextType {
    /// All that it may be; empty: anything.
    pub words: Box<[CompactString]>,
    pub pattern: Option<Pattern>,
    pub format: Format,
    /// In characters.
    pub min: u32,
    pub max: u32,
}

impl Default for TextType {
    fn default() -> Self {
        Self { words: Box::default(), pattern: None, format: Format::default(), min: 0, max: u32::MAX }
    }
}

/// A regular expression, made when it is first needed.
#[derive(Clone, Debug)]
pub struct Pattern {
    pub text: CompactString,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    pub fn new(text: &str) -> Self {
        Self { text: text.into(), compiled: OnceLock::new() }
    }

    /// `None` where the expression itself cannot be read.
    pub fn matches(&self, text: &str) -> Option<bool> {
        self.compiled.get_or_init(|| Regex::new(&self.text).ok()).as_ref().map(|regex| regex.is_match(text))
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct ListType {
    pub of: TypeId,
    pub keys: Keys,
    pub min: u32,
    pub max: u32,
}

/// By what the items of a list differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Keys {
    #[default]
    None,
    /// By themselves.
    Items,
    /// By some of their fields.
    Fields(Box<[CompactString]>),
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecordType {
    /// In the order of their names.
    pub fields: Box<[Field]>,
    /// True where fields that are not named here are kept.
    pub open: bool,
    pub min: u32,
    pub max: Option<u32>,
}

impl RecordType {
    pub fn field(&self, name: &str) -> Option<&Field> {
        let head = head(name);
        let order = |field: &Field| field.head.cmp(&head).then_with(|| field.name.as_str().cmp(name));
        self.fields.binary_search_by(order).ok().map(|at| &self.fields[at])
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    pub name: CompactString,
    /// The first bytes of the name: most fields are told apart by them, in one comparison.
    head: u64,
    pub of: TypeId,
    pub required: bool,
}

impl Field {
    pub fn new(name: impl Into<CompactString>, of: TypeId, required: bool) -> Self {
        let name = name.into();
        Self { head: head(&name), name, of, required }
    }
}

/// The first bytes of a name, as a number that orders as they do.
fn head(name: &str) -> u64 {
    let mut head = [0; 8];
    let length = name.len().min(head.len());
    head[..length].copy_from_slice(&name.as_bytes()[..length]);
    u64::from_be_bytes(head)
}

/// What few types say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct More {
    pub all_of: Vec<TypeId>,
    pub any_of: Vec<TypeId>,
    pub one_of: Vec<TypeId>,
    pub not: Option<TypeId>,
    /// The only values, as JSON, for what is not text.
    pub values: Vec<CompactString>,
    pub multiple_of: Option<f64>,
}

impl Schemas {
    pub fn get(&self, id: TypeId) -> &Type {
        &self.types[id as usize]
    }

    /// The schema of a kind in a minor version.
    pub fn find(&self, api_version: &str, kind: &str, minor: u32) -> Option<Served> {
        self.versions(api_version, kind)?.iter().copied().find(|served| served.has(minor))
    }

    /// Every schema of a kind, oldest first.
    pub fn versions(&self, api_version: &str, kind: &str) -> Option<&[Served]> {
        let root = Root { api_version: api_version.into(), kind: kind.into() };
        self.roots.get(&root).map(Vec::as_slice)
    }

    fn link(&self, name: &str, minor: u32) -> Option<TypeId> {
        self.links.get(name)?.iter().find(|served| served.has(minor)).map(|served| served.schema)
    }

    /// Adds a type.
    pub fn push(&mut self, of: Type) -> TypeId {
        let id = TypeId::try_from(self.types.len()).unwrap_or(TypeId::MAX);
        self.types.push(of);
        id
    }
}
