//! Keys of objects.

use serde::de::{self, Deserializer as _, Visitor};
use serde_json::Value;

use super::Mismatch;
use super::node::Node;
use super::variant::Variant;

/// A key. As in a text, a number or boolean may stand in the quotes.
pub(super) struct Key<'a>(pub(super) &'a str);

impl Key<'_> {
    fn parsed<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match serde_json::from_str(self.0) {
            Ok(value @ (Value::Number(_) | Value::Bool(_))) => {
                Node(&value).deserialize_any(visitor)
            }
            _ => visitor.visit_str(self.0),
        }
    }
}

macro_rules! parsed {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
            self.parsed(visitor)
        })*
    };
}

impl<'de> de::Deserializer<'de> for Key<'_> {
    type Error = Mismatch;

    parsed! {
        deserialize_bool
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_str(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_enum(Variant { name: self.0, content: None })
    }

    serde::forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier
        ignored_any
    }
}
