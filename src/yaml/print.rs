//! Any serializable value as YAML in block style.
//!
//! Promises: the same value gives the same bytes; keys stay in the given order; every YAML 1.1 and
//! 1.2 reader gives the value back. Lists are indented under their key, empty maps and lists are
//! `{}` and `[]`, and the text ends with a line feed. What has no safe form (a number that is not
//! finite, a key that is no text or too long) is an error, never an approximation.

use super::key::KeyPrinter;
use super::write::{After, Block, LONGEST_KEY, Printer};
use serde::ser::{self, Serialize};
use std::fmt::{self, Display};

/// Why a value cannot be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrintError {
    /// Infinity or not a number.
    NotFinite,
    /// A map has a key that is not a text, a number or a boolean.
    KeyNotText,
    /// A key has more bytes, as written, than all readers take.
    KeyTooLong { bytes: usize },
    /// Raw bytes: what they are to a reader must be decided before they come here.
    Bytes,
    /// What the value itself had to say.
    Custom(String),
}

impl Display for PrintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFinite => f.write_str("a number that is not finite has no form in Kubernetes YAML"),
            Self::KeyNotText => f.write_str("the key of a map is not a text"),
            Self::KeyTooLong { bytes } => {
                write!(
                    f,
                    "a key has {bytes} bytes, the limit is {LONGEST_KEY} (YAML readers give up at 1,024 characters)"
                )
            }
            Self::Bytes => f.write_str("raw bytes have no form in YAML; encode them first"),
            Self::Custom(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for PrintError {}

impl ser::Error for PrintError {
    fn custom<T: Display>(message: T) -> Self {
        Self::Custom(message.to_string())
    }
}

/// Most objects have at most so many bytes.
const USUAL: usize = 2_048;

/// The YAML text of a value.
pub fn to_yaml<T: Serialize + ?Sized>(value: &T) -> Result<String, PrintError> {
    let mut out = String::with_capacity(USUAL);
    append_yaml(&mut out, value)?;
    Ok(out)
}

/// Appends the YAML text of a value; on an error, `out` is as it was.
pub fn append_yaml<T: Serialize + ?Sized>(out: &mut String, value: &T) -> Result<(), PrintError> {
    let before = out.len();
    let result = value.serialize(&mut Printer::new(out));
    if result.is_err() {
        out.truncate(before);
    }
    result
}

macro_rules! numbers {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, value: $type) -> Result<(), PrintError> {
            self.number(value);
            Ok(())
        })*
    };
}

impl<'p, 'o> ser::Serializer for &'p mut Printer<'o> {
    type Ok = ();
    type Error = PrintError;
    type SerializeSeq = Block<'p, 'o>;
    type SerializeTuple = Block<'p, 'o>;
    type SerializeTupleStruct = Block<'p, 'o>;
    type SerializeTupleVariant = Block<'p, 'o>;
    type SerializeMap = Block<'p, 'o>;
    type SerializeStruct = Block<'p, 'o>;
    type SerializeStructVariant = Block<'p, 'o>;

    numbers! {
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_i128: i128, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64,
        serialize_u128: u128
    }

    fn serialize_f32(self, value: f32) -> Result<(), PrintError> {
        self.float(value.is_finite(), value)
    }

    fn serialize_f64(self, value: f64) -> Result<(), PrintError> {
        self.float(value.is_finite(), value)
    }

    fn serialize_char(self, value: char) -> Result<(), PrintError> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), PrintError> {
        self.text(value);
        Ok(())
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), PrintError> {
        Err(PrintError::Bytes)
    }

    fn serialize_none(self) -> Result<(), PrintError> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), PrintError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), PrintError> {
        self.inline(|out| out.push_str("null"));
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), PrintError> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), PrintError> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), PrintError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), PrintError> {
        Block::open(self).field(variant, value)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Block<'p, 'o>, PrintError> {
        Ok(Block::open(self))
    }

    fn serialize_tuple(self, _: usize) -> Result<Block<'p, 'o>, PrintError> {
        Ok(Block::open(self))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Block<'p, 'o>, PrintError> {
        Ok(Block::open(self))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Block<'p, 'o>, PrintError> {
        Block::variant(self, variant)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Block<'p, 'o>, PrintError> {
        Ok(Block::open(self))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Block<'p, 'o>, PrintError> {
        Ok(Block::open(self))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Block<'p, 'o>, PrintError> {
        Block::variant(self, variant)
    }
}

/// The traits of lists differ in their names only, and so do those of structs.
macro_rules! compound {
    (list: $($list:ident $element:ident),*; struct: $($record:ident),*) => {
        $(impl ser::$list for Block<'_, '_> {
            type Ok = ();
            type Error = PrintError;

            fn $element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), PrintError> {
                self.item(value)
            }

            fn end(self) -> Result<(), PrintError> {
                self.close("[]");
                Ok(())
            }
        })*
        $(impl ser::$record for Block<'_, '_> {
            type Ok = ();
            type Error = PrintError;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), PrintError> {
                self.field(key, value)
            }

            fn end(self) -> Result<(), PrintError> {
                self.close("{}");
                Ok(())
            }
        })*
    };
}

compound! {
    list: SerializeSeq serialize_element, SerializeTuple serialize_element, SerializeTupleStruct serialize_field,
        SerializeTupleVariant serialize_field;
    struct: SerializeStruct, SerializeStructVariant
}

impl ser::SerializeMap for Block<'_, '_> {
    type Ok = ();
    type Error = PrintError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), PrintError> {
        self.entry();
        key.serialize(KeyPrinter::new(self.out()))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), PrintError> {
        self.value(':', After::Colon, value)
    }

    fn end(self) -> Result<(), PrintError> {
        self.close("{}");
        Ok(())
    }
}
