//! Keys of maps: texts, or what becomes one.

use super::print::PrintError;
use super::write::push_key;
use serde::ser::{self, Impossible, Serialize};

/// Writes a key. Whole numbers and booleans become texts: a key of Kubernetes is nothing else.
pub(super) struct KeyPrinter<'o> {
    out: &'o mut String,
}

impl<'o> KeyPrinter<'o> {
    pub(super) fn new(out: &'o mut String) -> Self {
        Self { out }
    }
}

macro_rules! keys {
    (text: $($text:ident: $type:ty),*; refused: $($refused:ident($($argument:ty),*)),*) => {
        $(fn $text(self, value: $type) -> Result<(), PrintError> {
            push_key(self.out, &value.to_string())
        })*
        $(fn $refused(self, $(_: $argument),*) -> Result<Self::Ok, PrintError> {
            Err(PrintError::KeyNotText)
        })*
    };
}

macro_rules! refused_compounds {
    ($($method:ident($($argument:ty),*)),*) => {
        $(fn $method(self, $(_: $argument),*) -> Result<Impossible<(), PrintError>, PrintError> {
            Err(PrintError::KeyNotText)
        })*
    };
}

impl ser::Serializer for KeyPrinter<'_> {
    type Ok = ();
    type Error = PrintError;
    type SerializeSeq = Impossible<(), PrintError>;
    type SerializeTuple = Impossible<(), PrintError>;
    type SerializeTupleStruct = Impossible<(), PrintError>;
    type SerializeTupleVariant = Impossible<(), PrintError>;
    type SerializeMap = Impossible<(), PrintError>;
    type SerializeStruct = Impossible<(), PrintError>;
    type SerializeStructVariant = Impossible<(), PrintError>;

    keys! {
        text: serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
            serialize_i128: i128, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64,
            serialize_u128: u128, serialize_char: char;
        refused: serialize_f32(f32), serialize_f64(f64), serialize_bytes(&[u8]), serialize_none(), serialize_unit(),
            serialize_unit_struct(&'static str)
    }

    refused_compounds! {
        serialize_seq(Option<usize>), serialize_tuple(usize), serialize_tuple_struct(&'static str, usize),
        serialize_tuple_variant(&'static str, u32, &'static str, usize), serialize_map(Option<usize>),
        serialize_struct(&'static str, usize), serialize_struct_variant(&'static str, u32, &'static str, usize)
    }

    fn serialize_str(self, value: &str) -> Result<(), PrintError> {
        push_key(self.out, value)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), PrintError> {
        push_key(self.out, variant)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), PrintError> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), PrintError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), PrintError> {
        Err(PrintError::KeyNotText)
    }
}
